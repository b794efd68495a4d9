#include "sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t sums_samples(unsigned level)
{
    return (uint64_t)SUMS_BUCKET << (4 * level);
}

bool sums_ordered(const struct lec_calibration *c)
{
    return c->kind == LEC_CAL_NONE || c->kind == LEC_CAL_LINEAR;
}

void sums_init(struct sums *s, const struct lec_calibration *calibration)
{
    *s = (struct sums){.calibration = calibration, .ordered = sums_ordered(calibration)};
}

void sums_done(struct sums *s)
{
    for (unsigned k = 0; k < SUMS_LEVELS; k++) {
        free(s->level[k].buckets);
        s->level[k].buckets = NULL;
    }
}

void bucket_join(struct bucket *a, const struct bucket *b)
{
    if (!(a->low_key <= b->low_key)) { /* either may be NaN */
        if (!isnan(b->low_key)) {
            a->low = b->low;
            a->low_key = b->low_key;
        }
    }
    if (!(a->high_key >= b->high_key)) {
        if (!isnan(b->high_key)) {
            a->high = b->high;
            a->high_key = b->high_key;
        }
    }
    a->t1 = b->t1;
    a->n += b->n;
    a->gap = a->gap || b->gap;
}

static void by_value(struct bucket *out, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        out->n++;
        out->low = out->low <= values[i] ? out->low : values[i];
        out->high = out->high >= values[i] ? out->high : values[i];
    }
}

static void by_result(struct bucket *out, const struct lec_calibration *c, const double *values, size_t n)
{
    double result[SUMS_BUCKET];
    for (size_t done = 0; done < n; done += SUMS_BUCKET) {
        size_t m = n - done < SUMS_BUCKET ? n - done : SUMS_BUCKET;
        lec_calibrate(c, values + done, result, m);
        for (size_t i = 0; i < m; i++) {
            if (isnan(result[i]))
                continue;
            out->n++;
            if (!(out->low_key <= result[i])) {
                out->low_key = result[i];
                out->low = values[done + i];
            }
            if (!(out->high_key >= result[i])) {
                out->high_key = result[i];
                out->high = values[done + i];
            }
        }
    }
}

void bucket_over(struct bucket *out, const struct lec_calibration *calibration, bool ordered, const double *values,
                 size_t n)
{
    out->low = out->high = out->low_key = out->high_key = (double)NAN;
    out->n = 0;
    if (ordered) {
        double low, high;
        if (sums_extremes(values, n, &low, &high)) {
            out->low = low;
            out->high = high;
            out->n = n;
        } else {
            by_value(out, values, n);
        }
        out->low_key = out->low;
        out->high_key = out->high;
    } else {
        by_result(out, calibration, values, n);
    }
    out->gap = out->n < n;
}

static int give_page(struct sums *s, unsigned level, struct lec_err *err)
{
    struct sums_level *l = &s->level[level];
    int rc = s->page(s->ctx, level, l->number, l->buckets, l->n, err);
    if (rc < 0)
        return rc;
    l->number++;
    l->n = 0;
    return 0;
}

/* The open bucket of the level is full, or the last one. */
static int close_bucket(struct sums *s, unsigned level, struct lec_err *err)
{
    struct sums_level *l = &s->level[level];
    if (!l->buckets)
        l->buckets = malloc(SUMS_PAGE * sizeof *l->buckets);
    if (!l->buckets)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    l->buckets[l->n++] = l->open;
    l->filled = 0;
    int rc = level + 1 < SUMS_LEVELS ? sums_add_bucket(s, level + 1, &l->open, err) : 0;
    if (rc == 0 && l->n == SUMS_PAGE)
        rc = give_page(s, level, err);
    return rc;
}

int sums_add_bucket(struct sums *s, unsigned level, const struct bucket *bucket, struct lec_err *err)
{
    struct sums_level *l = &s->level[level];
    if (l->filled == 0)
        l->open = *bucket;
    else
        bucket_join(&l->open, bucket);
    return ++l->filled == SUMS_RATIO ? close_bucket(s, level, err) : 0;
}

int sums_add(struct sums *s, const struct segment *seg, const int64_t *times, size_t from, size_t n,
             const double *values, struct lec_err *err)
{
    struct sums_level *l = &s->level[0];
    for (size_t i = from, end = from + n; i < end;) {
        size_t m = SUMS_BUCKET - l->filled < end - i ? SUMS_BUCKET - l->filled : end - i;
        struct bucket piece;
        bucket_over(&piece, s->calibration, s->ordered, values + i - from, m);
        piece.t0 = segment_time(seg, times, i);
        piece.t1 = segment_time(seg, times, i + m - 1);
        piece.gap = piece.gap || (i == 0 && seg->lost > 0);
        if (l->filled == 0)
            l->open = piece;
        else
            bucket_join(&l->open, &piece);
        l->filled += m;
        i += m;
        int rc = l->filled == SUMS_BUCKET ? close_bucket(s, 0, err) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

int sums_finish(struct sums *s, struct lec_err *err)
{
    for (unsigned k = 0; k < SUMS_LEVELS; k++) {
        struct sums_level *l = &s->level[k];
        int rc = l->filled > 0 ? close_bucket(s, k, err) : 0;
        if (rc == 0 && l->n > 0)
            rc = give_page(s, k, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- Pages -------------------------------------------------------------------------------------------------- */

int64_t sums_pack(const struct bucket *buckets, size_t n, struct room *out, struct lec_err *err)
{
    double value[SUMS_PAGE];
    int64_t number[SUMS_PAGE];
    if (!make_bytes(out, 16 + 2 * PACK_BOUND(n) + 4 * INTS_BOUND(n)))
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    uint8_t *at = put_varint(out->data + 4, n);
    for (size_t i = 0; i < n; i++)
        value[i] = buckets[i].low;
    at = pack_values(at, value, n);
    for (size_t i = 0; i < n; i++)
        value[i] = buckets[i].high;
    at = pack_values(at, value, n);
    for (size_t i = 0; i < n; i++)
        number[i] = buckets[i].t0;
    at = ints_pack(at, number, n);
    for (size_t i = 0; i < n; i++)
        number[i] = buckets[i].t1 - buckets[i].t0;
    at = ints_pack(at, number, n);
    for (size_t i = 0; i < n; i++)
        number[i] = (int64_t)buckets[i].n;
    at = ints_pack(at, number, n);
    for (size_t i = 0; i < n; i++)
        number[i] = buckets[i].gap;
    at = ints_pack(at, number, n);
    uint32_t sum = bytes_sum(out->data + 4, (size_t)(at - out->data) - 4);
    memcpy(out->data, &sum, 4);
    return at - out->data;
}

int sums_unpack(const void *data, size_t size, const struct lec_calibration *calibration, bool ordered,
                struct bucket *out, struct lec_err *err)
{
    const uint8_t *start = data;
    uint32_t sum = 0;
    if (size > 4)
        memcpy(&sum, start, 4);
    if (size <= 4 || sum != bytes_sum(start + 4, size - 4))
        return lec_fail(err, LEC_E_FRAME, "sums are damaged");
    struct bytes in = {start + 4, start + size, false};
    uint64_t n = bytes_varint(&in);
    if (n == 0 || n > SUMS_PAGE)
        return lec_fail(err, LEC_E_FRAME, "sums are of an unknown form");
    double low[SUMS_PAGE], high[SUMS_PAGE];
    int64_t t0[SUMS_PAGE], t1[SUMS_PAGE], there[SUMS_PAGE], gap[SUMS_PAGE];
    unpack_values(&in, low, n);
    unpack_values(&in, high, n);
    ints_unpack(&in, t0, n);
    ints_unpack(&in, t1, n);
    ints_unpack(&in, there, n);
    ints_unpack(&in, gap, n);
    if (in.bad || in.at != in.end)
        return lec_fail(err, LEC_E_FRAME, "sums do not fit together");
    for (size_t i = 0; i < n; i++)
        out[i] = (struct bucket){.low = low[i],
                                 .high = high[i],
                                 .low_key = low[i],
                                 .high_key = high[i],
                                 .t0 = t0[i],
                                 .t1 = (int64_t)((uint64_t)t0[i] + (uint64_t)t1[i]),
                                 .n = (uint64_t)there[i],
                                 .gap = gap[i] != 0};
    if (!ordered)
        for (size_t i = 0; i < n; i++) {
            lec_calibrate(calibration, &low[i], &out[i].low_key, 1);
            lec_calibrate(calibration, &high[i], &out[i].high_key, 1);
        }
    return (int)n;
}
