#include "block.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT   1
#define SUM_SIZE 4
#define COLUMNS  7 /* over the segments */

bool make_room(void *array, size_t *room, size_t n, size_t size)
{
    if (n <= *room)
        return true;
    size_t want = *room ? *room : 64;
    while (want < n)
        want *= 2;
    void *old, *grown;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, want * size);
    if (!grown)
        return false;
    memcpy(array, &grown, sizeof grown);
    *room = want;
    return true;
}

bool make_bytes(struct room *room, size_t n)
{
    return make_room(&room->data, &room->size, n, 1);
}

void block_done(struct block *b)
{
    free(b->segments);
    free(b->values);
    free(b->times);
    *b = (struct block){0};
}

int64_t segment_time(const struct segment *s, const int64_t *times, size_t i)
{
    if (s->interval_ns == 0)
        return times[i];
    return s->t_ns + (int64_t)((double)i * s->interval_ns);
}

const int64_t *segment_times(const struct block *b, const struct segment *s)
{
    return s->interval_ns == 0 ? b->times + s->first_time : NULL;
}

static uint64_t bits_of(double v)
{
    uint64_t b;
    memcpy(&b, &v, 8);
    return b;
}

/* Continues the segment before, so that the times come out the same? Only with whole nanoseconds do they. */
static bool continues(const struct segment *s, const struct lec_run_block *next)
{
    if (next->lost != 0 || next->flags != s->flags || next->correction_us != s->correction_us ||
        bits_of(next->drift_ppm) != bits_of(s->drift_ppm) || bits_of(next->interval_ns) != bits_of(s->interval_ns))
        return false;
    if (s->interval_ns == 0)
        return true;
    return s->interval_ns == floor(s->interval_ns) && next->t_ns == s->t_ns + (int64_t)((double)s->n * s->interval_ns);
}

static bool time_ok(int64_t t_ns)
{
    return t_ns >= -TIME_MAX && t_ns <= TIME_MAX;
}

bool block_times_ok(const struct lec_run_block *samples)
{
    if (samples->interval_ns != 0)
        return time_ok(samples->t_ns) && samples->interval_ns > 0 &&
               samples->interval_ns * (double)samples->n <= (double)TIME_MAX;
    for (size_t i = 0; samples->times && i < samples->n; i++)
        if (!time_ok(samples->times[i]))
            return false;
    return samples->times != NULL;
}

struct segment segment_of(const struct lec_run_block *samples)
{
    return (struct segment){
        .n = samples->n,
        .t_ns = samples->interval_ns == 0 ? samples->times[0] : samples->t_ns,
        .interval_ns = samples->interval_ns,
        .correction_us = samples->correction_us,
        .drift_ppm = samples->drift_ppm,
        .flags = samples->flags,
        .lost = samples->lost,
    };
}

struct lec_run_block segment_block(const struct block *b, size_t segment)
{
    const struct segment *s = &b->segments[segment];
    return (struct lec_run_block){
        .t_ns = s->t_ns,
        .interval_ns = s->interval_ns,
        .times = segment_times(b, s),
        .correction_us = s->correction_us,
        .drift_ppm = s->drift_ppm,
        .flags = s->flags,
        .lost = s->lost,
        .values = b->values + s->first,
        .n = s->n,
    };
}

int block_add(struct block *b, const struct lec_run_block *samples, struct lec_err *err)
{
    bool irregular = samples->interval_ns == 0;
    size_t n = b->n + samples->n, n_times = b->n_times + (irregular ? samples->n : 0);
    if (!make_room(&b->values, &b->room, n, sizeof *b->values) ||
        !make_room(&b->segments, &b->room_segments, b->n_segments + 1, sizeof *b->segments) ||
        !make_room(&b->times, &b->room_times, n_times, sizeof *b->times))
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    struct segment *last = b->n_segments > 0 ? &b->segments[b->n_segments - 1] : NULL;
    if (last && continues(last, samples)) {
        last->n += samples->n;
    } else {
        struct segment s = segment_of(samples);
        s.first = b->n;
        s.first_time = b->n_times;
        b->segments[b->n_segments++] = s;
    }
    memcpy(b->values + b->n, samples->values, samples->n * sizeof *b->values);
    if (irregular)
        memcpy(b->times + b->n_times, samples->times, samples->n * sizeof *b->times);
    b->n = n;
    b->n_times = n_times;
    return 0;
}

/* ---- Packing ------------------------------------------------------------------------------------------------ */

static int64_t field(const struct segment *s, int column)
{
    switch (column) {
    case 0:
        return (int64_t)s->n;
    case 1:
        return s->t_ns;
    case 2:
        return (int64_t)bits_of(s->interval_ns);
    case 3:
        return s->correction_us;
    case 4:
        return (int64_t)bits_of(s->drift_ppm);
    case 5:
        return s->flags;
    default:
        return (int64_t)s->lost;
    }
}

static int64_t pack(const struct segment *segments, size_t n_segments, const double *values, size_t n,
                    const int64_t *times, size_t n_times, struct room *out, struct lec_err *err)
{
    if (!make_bytes(out, SUM_SIZE + 31 + COLUMNS * INTS_BOUND(n_segments) + INTS_BOUND(n_times) + PACK_BOUND(n)))
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    uint8_t *at = out->data + SUM_SIZE;
    *at++ = FORMAT;
    at = put_varint(at, n);
    at = put_varint(at, n_segments);
    at = put_varint(at, n_times);
    for (int c = 0; c < COLUMNS; c++)
        for (size_t i = 0; i < n_segments; i += INTS_CHUNK) {
            int64_t column[INTS_CHUNK];
            size_t m = n_segments - i < INTS_CHUNK ? n_segments - i : INTS_CHUNK;
            for (size_t k = 0; k < m; k++)
                column[k] = field(&segments[i + k], c);
            at = ints_pack_chunk(at, column, m);
        }
    at = ints_pack(at, times, n_times);
    at = pack_values(at, values, n);
    size_t size = (size_t)(at - out->data);
    uint32_t sum = bytes_sum(out->data + SUM_SIZE, size - SUM_SIZE);
    memcpy(out->data, &sum, SUM_SIZE);
    return (int64_t)size;
}

int64_t block_pack(const struct block *b, struct room *out, struct lec_err *err)
{
    return pack(b->segments, b->n_segments, b->values, b->n, b->times, b->n_times, out, err);
}

int64_t block_pack_one(const struct lec_run_block *samples, struct room *out, struct lec_err *err)
{
    struct segment s = segment_of(samples);
    return pack(&s, 1, samples->values, samples->n, samples->times, samples->interval_ns == 0 ? samples->n : 0, out,
                err);
}

/* ---- Unpacking ---------------------------------------------------------------------------------------------- */

static double of_bits(int64_t bits)
{
    double v;
    memcpy(&v, &bits, 8);
    return v;
}

static void set_field(struct segment *s, int column, int64_t v)
{
    switch (column) {
    case 0:
        s->n = (size_t)v;
        break;
    case 1:
        s->t_ns = v;
        break;
    case 2:
        s->interval_ns = of_bits(v);
        break;
    case 3:
        s->correction_us = v;
        break;
    case 4:
        s->drift_ppm = of_bits(v);
        break;
    case 5:
        s->flags = (uint32_t)v;
        break;
    default:
        s->lost = (uint64_t)v;
        break;
    }
}

/* Whether the segments fit together; sets where each begins. */
static bool lay_out(struct block *b)
{
    size_t n = 0, n_times = 0;
    for (size_t i = 0; i < b->n_segments; i++) {
        struct segment *s = &b->segments[i];
        bool irregular = s->interval_ns == 0;
        if (s->n == 0 || s->n > b->n - n || (irregular && s->n > b->n_times - n_times) || !(s->interval_ns >= 0) ||
            !time_ok(s->t_ns) || s->interval_ns * (double)s->n > (double)TIME_MAX)
            return false;
        s->first = n;
        s->first_time = n_times;
        n += s->n;
        n_times += irregular ? s->n : 0;
    }
    for (size_t i = 0; i < b->n_times; i++)
        if (!time_ok(b->times[i]))
            return false;
    return n == b->n && n_times == b->n_times;
}

int block_unpack(const void *data, size_t size, struct block *b, struct lec_err *err)
{
    const uint8_t *start = data;
    uint32_t sum = 0;
    b->n = b->n_segments = b->n_times = 0;
    if (size > SUM_SIZE)
        memcpy(&sum, start, SUM_SIZE);
    if (size <= SUM_SIZE || sum != bytes_sum(start + SUM_SIZE, size - SUM_SIZE))
        return lec_fail(err, LEC_E_FRAME, "a block of samples is damaged");
    struct bytes in = {start + SUM_SIZE, start + size, false};
    uint64_t format = bytes_u8(&in), n = bytes_varint(&in), n_segments = bytes_varint(&in), n_times = bytes_varint(&in);
    if (in.bad || format != FORMAT || n == 0 || n > LEC_RUN_BLOCK_MAX || n_segments > n || n_times > n)
        return lec_fail(err, LEC_E_FRAME, "a block of samples is of an unknown form");
    if (!make_room(&b->values, &b->room, n, sizeof *b->values) ||
        !make_room(&b->segments, &b->room_segments, n_segments, sizeof *b->segments) ||
        !make_room(&b->times, &b->room_times, n_times, sizeof *b->times))
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    for (int c = 0; c < COLUMNS; c++)
        for (size_t i = 0; i < n_segments; i += INTS_CHUNK) {
            int64_t column[INTS_CHUNK];
            size_t m = n_segments - i < INTS_CHUNK ? (size_t)n_segments - i : INTS_CHUNK;
            ints_unpack_chunk(&in, column, m);
            for (size_t k = 0; k < m; k++)
                set_field(&b->segments[i + k], c, column[k]);
        }
    ints_unpack(&in, b->times, n_times);
    unpack_values(&in, b->values, n);
    b->n = n;
    b->n_segments = n_segments;
    b->n_times = n_times;
    if (in.bad || in.at != in.end || !lay_out(b)) {
        b->n = b->n_segments = b->n_times = 0;
        return lec_fail(err, LEC_E_FRAME, "a block of samples does not fit together");
    }
    return 0;
}
