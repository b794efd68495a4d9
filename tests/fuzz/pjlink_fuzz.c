/* Whatever a device says over PJLink, on TCP and UDP: the driver must come back with a code, and publish only values that
 * their points can have. Input: chunks that 0xff ends; each is said after the driver has sent something (struct
 * lec_feed). The same bytes are given as a notice at the end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "driver/bench.h"
#include "pjlink.h"

static const char profile[] = "[device]\nclass = projector\ndriver = pjlink\nsource = test\n"
                              "[line]\ntimeout = 10ms\nretries = 0\n"
                              "[driver]\nretry_pause = 0\nauth = sha256\n"
                              "[point power]\n[point input]\nchoices = a, b\ncodes = a:31, b:6A\n"
                              "[point picture_mute]\n[point audio_mute]\n[point freeze]\n"
                              "[point lamp.hours]\n[point lamp.on]\n[point lamp2.hours]\n[point filter.hours]\n"
                              "[point error.fan]\n[point error.other]\n[point signal]\n[point name]\n[point serial]\n"
                              "[point inputs]\nlabel = x\ntype = text\naccess = read\n"
                              "[point input.name]\nlabel = x\ntype = text\naccess = read\n"
                              "[action volume.up]\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lec_bench b;
    if (!b.room)
        lec_bench_begin(&b, &lec_driver_entry,
                        &(struct lec_bench_setup){.profile_text = profile, .secrets = "password = JBMIAProjectorLink"});
    struct pjlink *s = b.hosted.dev.state;
    s->no_sha256 = size % 2 == 0;
    s->errors_at = 0;
    lec_bench_forget(&b);
    lec_bench_feed(&b, data, size);
    if (lec_bench_open(&b) == 0) {
        int rc = lec_bench_poll(&b, NULL);
        if (rc == 0)
            rc = lec_bench_write(&b, "input", "b");
        if (rc == 0)
            rc = lec_bench_write(&b, "picture_mute", "true");
        if (rc == 0)
            rc = lec_bench_invoke(&b, "volume.up", NULL);
        if (rc > 0)
            abort();
        lec_bench_input(&b);
    }
    for (size_t i = 0; i < b.device->n_points; i++) /* dev.c checks what is published and says so in these words */
        if (b.hosted.points[i].quality == LEC_BAD && strncmp(b.said[i], "bad: the driver gave", 20) == 0)
            abort();
    lec_bench_finish(&b);
    lec_bench_notice(&b, data, size < 1500 ? size : 1500);
    return 0;
}
