/* Whatever bytes a board sends, in whatever pieces: the driver stream must keep its bounds, tell rising times, and find
 * its way back. The first byte chooses how the profile reads lines. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/bench.h"

static const char *const drivers[] = {
    "driver = stream",
    "driver = stream\n[driver]\nformat = csv\ncounter = 1",
    "driver = stream\n[driver]\nclock = 1\nclock unit = us\ndecimal = comma",
    "driver = stream\n[driver]\nformat = json\ncounter = n",
    "driver = stream\n[driver]\nchecksum = required\nprefix = A",
    "driver = stream\n[driver]\ncolumns = n, a, b\ncounter = n\ncounter modulo = 16",
};

static int64_t end_ns;

static void on_block(void *ctx, const struct lec_point *point, const struct lec_block *block)
{
    (void)ctx;
    if (block->n == 0 || block->n > LEC_BLOCK_SAMPLES || !(block->interval_ns >= 0) || block->first_ns > lec_now())
        abort();
    if (point->index != 0)
        return;
    if (block->first_ns < end_ns)
        abort(); /* time goes on */
    end_ns = block->first_ns + (int64_t)((double)(block->n - 1) * block->interval_ns) - 1;
}

static void drive(const char *driver, const uint8_t *data, size_t size)
{
    struct lec_bench b;
    char profile[600];
    snprintf(profile, sizeof profile,
             "[device]\nclass = sensor\nvendor = a\nmodel = b\nsource = c\n%s\n"
             "[point temperature]\nkey = a\nstream = yes\nfastest = 10ms\n"
             "[point humidity]\n%s\nstream = yes\n"
             "[point presence]\nkey = b\n",
             driver, strstr(driver, "json") || strstr(driver, "columns") ? "key = n" : "column = 1");
    lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile_text = profile});
    b.sink.block = on_block;
    end_ns = 0;
    lec_bench_feed(&b, data, size);
    if (lec_bench_open(&b) == 0)
        for (int i = 0; i < 20 && lec_bench_input(&b) != LEC_E_LINK; i++)
            lec_feed_more(&b.feed);
    lec_bench_end(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    drive(drivers[data[0] % ARRAY_LEN(drivers)], data + 1, size - 1);
    return 0;
}
