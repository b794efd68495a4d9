/* What lies in a run file, damaged: columns, blocks and sums are refused or read within their bounds, and what is read can be
 * written again and comes back the same. The check sum is made right first, so that it does not keep the bytes out. The
 * input as float64 must also pack and come back bit for bit. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/sums.h"

#define VALUES 3000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void column(const uint8_t *data, size_t size)
{
    static double out[VALUES];
    struct bytes in = {data, data + size, false};
    unpack_values(&in, out, 1 + size % VALUES);
    static double again[VALUES];
    static uint8_t packed[PACK_BOUND(VALUES)];
    size_t n = size / 8 < VALUES ? size / 8 : VALUES;
    if (n == 0)
        return;
    memcpy(out, data, n * 8);
    uint8_t *end = pack_values(packed, out, n);
    in = (struct bytes){packed, end, false};
    unpack_values(&in, again, n);
    if (in.bad || in.at != in.end || memcmp(out, again, n * 8) != 0)
        abort();
}

static void block(const uint8_t *data, size_t size)
{
    struct block b = {0}, back = {0};
    struct room room = {0};
    if (block_unpack(data, size, &b, NULL) == 0) {
        for (size_t i = 0; i < b.n_segments; i++) {
            const struct segment *s = &b.segments[i];
            (void)segment_time(s, segment_times(&b, s), s->n - 1);
        }
        int64_t n = block_pack(&b, &room, NULL);
        if (n < 0 || block_unpack(room.data, (size_t)n, &back, NULL) < 0 || back.n != b.n ||
            memcmp(back.values, b.values, b.n * sizeof *b.values) != 0)
            abort();
    }
    free(room.data);
    block_done(&b);
    block_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bucket buckets[SUMS_PAGE];
    struct lec_calibration c;
    lec_calibration_none(&c);
    column(data, size);
    if (size < 5)
        return 0;
    uint8_t *copy = malloc(size);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    uint32_t sum = bytes_sum(copy + 4, size - 4);
    memcpy(copy, &sum, 4);
    block(copy, size);
    if (sums_unpack(copy, size, &c, true, buckets, NULL) > SUMS_PAGE)
        abort();
    free(copy);
    return 0;
}
