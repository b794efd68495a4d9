/* Whatever a device says in a dialogue: the driver must come back with a code, and publish only values that their points
 * can have. Input: one byte that chooses the profile, then chunks that 0xff ends; each is said after the driver has sent
 * something (struct lec_feed). Framing with 0xff in it is the matter of dialogue_frame. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dialogue.h"
#include "driver/bench.h"

/* A pause or a wait would only make the fuzzer slow. */
#define HURRY_NS (2 * LEC_MS)
#define HASTE    "timeout = 10ms\ngap = 0\nretries = 0\n"

static const struct lec_bench_setup setups[] = {
    {.profile = "epson/eb-x49", .device = HASTE},
    {.profile = "samsung/qm", .device = HASTE},
    {.profile = "smart/mx", .device = HASTE},
    {.profile = "optoma/zu506", .device = HASTE},
    {.profile = "benq/lu935", .device = HASTE},
    {.profile = "lg/signage", .device = HASTE},
    {.profile = "viewsonic/viewboard", .device = HASTE},
    {.profile = "viewsonic/px701", .device = HASTE},
    {.profile = "nec/p525", .device = HASTE},
    {.profile = "sony/vpl-adcp", .device = HASTE, .secrets = "password = x"},
    {.profile = "shure/mxa", .device = HASTE},
    {.profile = "yamaha/tf", .device = HASTE},
    {.profile = "sony/vpl-serial", .device = HASTE, .line = "pty:///dev/pts/99"},
    {.profile = "epson/eb-escvpnet", .device = HASTE},
    {.profile = "screentechnics/connect", .device = HASTE},
};

static struct lec_bench benches[ARRAY_LEN(setups)];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes every point that takes numbers, switches or choices, once. */
static int write_some(struct lec_bench *b)
{
    int rc = 0;
    for (size_t i = 0; i < b->device->n_points && rc == 0; i++) {
        const struct lec_point *p = &b->device->points[i];
        if (!(p->access & LEC_WRITE))
            continue;
        const char *value = p->type == LEC_BOOL                        ? "true"
                            : p->type == LEC_ENUM && p->n_settable > 0 ? p->settable[0]
                            : p->type == LEC_ENUM                      ? p->choices[0]
                                                                       : "1";
        rc = lec_bench_write(b, p->name, value);
        if (rc > 0)
            abort();
        rc = rc == LEC_E_LINK ? rc : 0;
    }
    return rc;
}

static void hurry_request(const struct dlg_request *rq)
{
    if (rq)
        ((struct dlg_request *)(uintptr_t)rq)->timeout_ns = HURRY_NS;
}

/* The waits that the profiles prescribe, cut short. */
static void hurry(struct lec_bench *b)
{
    struct dlg_profile *p = &((struct dlg *)b->hosted.dev.state)->p;
    for (size_t i = 0; i < b->device->n_points; i++) {
        hurry_request(p->points[i].read);
        hurry_request(p->points[i].write);
        for (size_t k = 0; k < p->points[i].n_choices; k++)
            hurry_request(p->points[i].choices[k].request);
        p->points[i].twice_ns = p->points[i].twice_ns ? 1 : 0;
    }
    for (size_t i = 0; i < p->n_rules; i++)
        p->rules[i].wait_ns = p->rules[i].after_ns = HURRY_NS;
    for (size_t i = 0; i < p->n_steps; i++)
        p->steps[i].timeout_ns = HURRY_NS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t which = data[0] % ARRAY_LEN(setups);
    struct lec_bench *b = &benches[which];
    if (!b->room) {
        lec_bench_begin(b, &lec_driver_entry, &setups[which]);
        hurry(b);
    }
    lec_bench_forget(b);
    lec_bench_feed(b, data + 1, size - 1);
    if (lec_bench_open(b) == 0) {
        lec_bench_input(b);
        if (lec_bench_poll(b, NULL) > 0)
            abort();
        if (write_some(b) == 0)
            lec_bench_poll(b, NULL);
    }
    /* dev.c checks what is published and says so in these words; a device's own text may hold them too */
    static const char ours[] = "bad: the driver gave a value of type", text[] = "bad: the device sent text that cannot";
    for (size_t i = 0; i < b->device->n_points; i++)
        if (b->device->points[i].type != LEC_TEXT &&
            (strncmp(b->said[i], ours, sizeof ours - 1) == 0 || strncmp(b->said[i], text, sizeof text - 1) == 0))
            abort();
    lec_bench_finish(b);
    return 0;
}
