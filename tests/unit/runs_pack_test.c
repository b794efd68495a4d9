/* Packing: each value comes back with the bits that it had, in about the bytes that it should take; whatever bytes are
 * given to be unpacked, nothing is read outside of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/err.h"
#include "src/block.h"

#define MOST 5000

static uint64_t dice_state = 7;

static uint64_t dice(void)
{
    dice_state = dice_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return dice_state >> 11;
}

static double any_bits(size_t i)
{
    uint64_t b = dice() * UINT64_C(0x9E3779B97F4A7C15) + i;
    double v;
    memcpy(&v, &b, 8);
    return v;
}

static double zero(size_t i)
{
    return (double)i * 0;
}

static double constant(size_t i)
{
    return 21.437129384 + (double)i * 0;
}

static double counts(size_t i)
{
    return (double)(i * 3 % 200);
}

static double noise16(size_t i)
{
    return (double)((dice() + i) & 0xFFFF);
}

static double hundredths(size_t i)
{
    return (double)(long)(2000 + i % 37) / 100;
}

static double micro(size_t i)
{
    return (double)(long)(i * 7) / 1e6;
}

static double single(size_t i)
{
    return (double)(float)(21.3 + 0.37 * sin((double)i / 100));
}

static double eighths(size_t i)
{
    return -40 + (double)i / 8;
}

static double large_whole(size_t i)
{
    return 1e14 + (double)i;
}

static double huge_step(size_t i)
{
    return i % 2 ? 1e300 : -1e300;
}

static double exact(size_t i)
{
    return sin((double)i / 1000);
}

static double sometimes_missing(size_t i)
{
    return i % 400 == 0 ? (double)NAN : (double)(i % 90);
}

static double away(size_t i)
{
    return i > 100 && i < 3000 ? (double)NAN : 20.5;
}

static double minus_zero(size_t i)
{
    return i % 1000 == 5 ? -0.0 : (double)(i % 3);
}

static double infinite(size_t i)
{
    return i == 7 ? (double)INFINITY : i == 9 ? (double)-INFINITY : 1;
}

static double many_missing(size_t i)
{
    return i % 2 ? (double)NAN : (double)i;
}

static double tiny(size_t i)
{
    return 5e-324 * (double)i;
}

static double edge30(size_t i)
{
    return i % 2 ? 1073741823.0 : -1073741824.0;
}

static double edge31(size_t i)
{
    return i % 2 ? 2147483647.0 : -2147483648.0;
}

static double edge51(size_t i)
{
    return i % 3 ? 2251799813685247.0 : -2251799813685248.0;
}

static const struct {
    double (*value)(size_t i);
    double bytes; /* a sample, at most; 9: no promise */
} columns[] = {
    {zero, 0.02},       {constant, 0.04},         {counts, 1.02},
    {noise16, 2.02},    {hundredths, 1.02},       {micro, 1.02},
    {single, 4.02},     {eighths, 1.02},          {exact, 8.02},
    {large_whole, 1.1}, {huge_step, 9},           {any_bits, 8.02},
    {away, 0.05},       {sometimes_missing, 1.1}, {minus_zero, 1.1},
    {infinite, 0.1},    {many_missing, 9},        {tiny, 9},
    {edge30, 4.02},     {edge31, 8.02},           {edge51, 8.02},
};

static void every_value_comes_back_bit_for_bit(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 5, 10, 127, 128, 1023, 1024, 1025, MOST};
    double *in = malloc(MOST * sizeof *in), *out = malloc(MOST * sizeof *out);
    for (size_t c = 0; c < ARRAY_LEN(columns); c++)
        for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
            size_t n = sizes[k];
            uint8_t *packed = malloc(PACK_BOUND(n));
            assert_non_null(packed);
            for (size_t i = 0; i < n; i++)
                in[i] = columns[c].value(i);
            uint8_t *end = pack_values(packed, in, n);
            size_t size = (size_t)(end - packed);
            assert_true(size <= PACK_BOUND(n));
            packed = realloc(packed, size); /* so that a sanitizer sees a read behind it */
            struct bytes bytes = {packed, packed + size, false};
            unpack_values(&bytes, out, n);
            if (bytes.bad || bytes.at != bytes.end || memcmp(in, out, n * sizeof *in) != 0)
                fail_msg("column %zu of %zu values comes back otherwise", c, n);
            if (n == MOST && (double)size > columns[c].bytes * (double)n)
                fail_msg("column %zu takes %.2f bytes a value", c, (double)size / (double)n);
            free(packed);
        }
    free(in);
    free(out);
}

static void integers_come_back_in_any_order_and_size(void **state)
{
    (void)state;
    int64_t in[3000], out[3000];
    uint8_t *packed = malloc(INTS_BOUND(3000));
    for (int round = 0; round < 300; round++) {
        size_t n = 1 + dice() % 3000;
        unsigned shift = (unsigned)(dice() % 64);
        for (size_t i = 0; i < n; i++)
            in[i] = round % 3 == 0 ? (int64_t)((dice() << 11 | dice()) >> shift)
                                   : (int64_t)(i * i * (size_t)round) - (int64_t)(dice() % (1 + (size_t)round));
        if (round % 50 == 0) {
            in[0] = INT64_MAX;
            in[n - 1] = INT64_MIN;
        }
        uint8_t *end = ints_pack(packed, in, n);
        assert_true((size_t)(end - packed) <= INTS_BOUND(n));
        struct bytes bytes = {packed, end, false};
        ints_unpack(&bytes, out, n);
        assert_false(bytes.bad);
        assert_ptr_equal(bytes.at, end);
        assert_memory_equal(in, out, n * sizeof *in);
    }
    free(packed);
}

static void bytes_that_are_no_column_are_refused_within_their_bounds(void **state)
{
    (void)state;
    double out[MOST];
    int refused = 0;
    for (int round = 0; round < 3000; round++) {
        size_t size = dice() % 200, n = 1 + dice() % MOST;
        uint8_t *data = malloc(size + 1);
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)(dice() % (round % 2 ? 256 : 8));
        struct bytes bytes = {data, data + size, false};
        unpack_values(&bytes, out, n);
        refused += bytes.bad;
        free(data);
    }
    assert_true(refused > 2000);
}

/* A block keeps the times, too, whatever pieces it is made of. */
static void a_block_keeps_the_pieces_that_it_is_made_of(void **state)
{
    (void)state;
    struct block b = {0}, back = {0};
    struct room room = {0};
    double values[300];
    int64_t times[300];
    for (size_t i = 0; i < 300; i++) {
        values[i] = (double)i;
        times[i] = (int64_t)(i * i) * 1000;
    }
    const struct lec_run_block pieces[] = {
        {.t_ns = -500, .interval_ns = 1000, .values = values, .n = 100},
        {.t_ns = 99500, .interval_ns = 1000, .values = values + 100, .n = 50}, /* goes on: one segment */
        {.t_ns = 149501, .interval_ns = 1000, .values = values + 150, .n = 10},
        {.t_ns = 200000, .interval_ns = 333.25, .drift_ppm = -12.5, .values = values + 160, .n = 40},
        {.interval_ns = 0, .times = times, .values = values + 200, .n = 30, .flags = LEC_RUN_LATE},
        {.interval_ns = 0, .times = times + 30, .values = values + 230, .n = 30, .flags = LEC_RUN_LATE},
        {.t_ns = INT64_C(1) << 55,
         .interval_ns = 1e9,
         .values = values + 260,
         .n = 40,
         .lost = 77,
         .correction_us = -3},
    };
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        assert_int_equal(block_add(&b, &pieces[i], NULL), 0);
    assert_int_equal(b.n_segments, 5);
    int64_t size = block_pack(&b, &room, NULL);
    assert_true(size > 0);
    assert_int_equal(block_unpack(room.data, (size_t)size, &back, NULL), 0);
    assert_int_equal(back.n, 300);
    assert_memory_equal(back.values, values, sizeof values);
    assert_memory_equal(back.times, times, 60 * sizeof *times);
    for (size_t i = 0; i < b.n_segments; i++) {
        const struct segment *x = &b.segments[i], *y = &back.segments[i];
        assert_true(x->n == y->n && x->t_ns == y->t_ns && x->interval_ns == y->interval_ns &&
                    x->correction_us == y->correction_us && x->drift_ppm == y->drift_ppm && x->flags == y->flags &&
                    x->lost == y->lost && x->first == y->first && x->first_time == y->first_time);
    }
    for (int64_t cut = 0; cut < size; cut++)
        assert_int_equal(block_unpack(room.data, (size_t)cut, &back, NULL), LEC_E_FRAME);
    for (int64_t i = 0; i < size; i++) {
        room.data[i] ^= 1;
        assert_int_equal(block_unpack(room.data, (size_t)size, &back, NULL), LEC_E_FRAME);
        room.data[i] ^= 1;
    }
    free(room.data);
    block_done(&b);
    block_done(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_comes_back_bit_for_bit),
        cmocka_unit_test(integers_come_back_in_any_order_and_size),
        cmocka_unit_test(bytes_that_are_no_column_are_refused_within_their_bounds),
        cmocka_unit_test(a_block_keeps_the_pieces_that_it_is_made_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
