/* Columns for plots: as few buckets as show the curve, made from the highest level of sums that is fine enough. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runs_impl.h"

/* Buckets in a column at least; fewer, and it is made from the samples: a bucket belongs to the column of its middle, so
 * its extremes are at most 1/16 of a column away from their place. */
#define BUCKETS_MIN 8

struct plot {
    struct lec_runs *runs;
    int64_t channel;
    struct lec_run_channel text;
    bool ordered;
    int64_t from_ns, to_ns;
    size_t width;
    struct lec_run_column *out;
    struct bucket *columns; /* width of them; n 0 and !gap: untouched */
    bool *touched;
    bool missing; /* samples before the next bucket could not be read */
};

static void put(struct plot *p, const struct bucket *b)
{
    int64_t middle = b->t0 + (b->t1 - b->t0) / 2;
    if (middle < p->from_ns || middle >= p->to_ns)
        return;
    double place = (double)(middle - p->from_ns) / (double)(p->to_ns - p->from_ns) * (double)p->width;
    size_t i = place < (double)p->width ? (size_t)place : p->width - 1;
    struct bucket with = *b;
    with.gap = with.gap || p->missing;
    p->missing = false;
    if (p->touched[i])
        bucket_join(&p->columns[i], &with);
    else
        p->columns[i] = with;
    p->touched[i] = true;
}

/* The first sample of a segment, at or after `i`, that is not before t_ns. */
static size_t sample_at(const struct segment *s, const int64_t *times, size_t i, double t_ns)
{
    size_t high = s->n;
    while (i < high) {
        size_t middle = i + (high - i) / 2;
        if ((double)segment_time(s, times, middle) < t_ns)
            i = middle + 1;
        else
            high = middle;
    }
    return i;
}

static void put_segment(struct plot *p, const struct block *b, const struct segment *s, size_t from, size_t to)
{
    const int64_t *times = segment_times(b, s);
    double step = (double)(p->to_ns - p->from_ns) / (double)p->width;
    from = sample_at(s, times, from, (double)p->from_ns);
    for (size_t i = from; i < to;) {
        int64_t t0 = segment_time(s, times, i);
        if (t0 >= p->to_ns)
            return;
        double end = (double)p->from_ns + step * (floor((double)(t0 - p->from_ns) / step) + 1);
        size_t next = sample_at(s, times, i + 1, end < (double)p->to_ns ? end : (double)p->to_ns);
        next = next < to ? next : to;
        struct bucket bucket;
        bucket_over(&bucket, &p->text.calibration, p->ordered, b->values + s->first + i, next - i);
        bucket.t0 = t0;
        bucket.t1 = segment_time(s, times, next - 1);
        bucket.gap = bucket.gap || (i == 0 && s->lost > 0);
        put(p, &bucket);
        i = next;
    }
}

/* Samples [from, to) as they are. */
static int put_samples(struct plot *p, uint64_t from, uint64_t to, struct lec_err *err)
{
    struct block *b = &p->runs->work;
    while (from < to) {
        uint64_t first, n;
        int rc = block_at(p->runs, p->channel, from, b, &first, &n, err);
        if (rc == LEC_E_FRAME && n > 0) {
            p->missing = true;
            from = first + n;
            continue;
        }
        if (rc <= 0)
            return rc;
        p->missing = p->missing || first > from;
        for (size_t i = 0; i < b->n_segments; i++) {
            const struct segment *s = &b->segments[i];
            uint64_t start = first + s->first, end = start + s->n;
            if (end > from && start < to)
                put_segment(p, b, s, from > start ? (size_t)(from - start) : 0, to < end ? (size_t)(to - start) : s->n);
        }
        from = first + b->n;
    }
    return 0;
}

/* One page of sums; the number of its buckets, 0: it is not there or damaged, or a code. */
static int get_page(struct plot *p, unsigned level, uint64_t page, struct bucket *out, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_ask(p->runs, ST_SUMS_GET, &s, err, "i", SUMS_PLACE(p->channel, level, page));
    if (rc <= 0)
        return rc;
    rc = sums_unpack(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), &p->text.calibration, p->ordered,
                     out, err);
    sqlite3_reset(s);
    return rc == LEC_E_FRAME ? 0 : rc;
}

/* Samples [from, to) by buckets of a level. What its pages do not have is made up for from the level below; level -1 are
 * the samples. A part of a bucket at the ends counts whole: the caller cuts at buckets. */
static int put_level(struct plot *p, int level, uint64_t from, uint64_t to, struct lec_err *err)
{
    if (level < 0)
        return put_samples(p, from, to, err);
    uint64_t size = sums_samples((unsigned)level);
    while (from < to) {
        uint64_t page = from / size / SUMS_PAGE, start = page * SUMS_PAGE * size;
        uint64_t end = start + SUMS_PAGE * size < to ? start + SUMS_PAGE * size : to;
        struct bucket buckets[SUMS_PAGE];
        int n = get_page(p, (unsigned)level, page, buckets, err);
        if (n < 0)
            return n;
        for (; from < end && (from - start) / size < (uint64_t)n; from = start + ((from - start) / size + 1) * size)
            put(p, &buckets[(from - start) / size]);
        int rc = from < end ? put_level(p, level - 1, from, end, err) : 0;
        if (rc < 0)
            return rc;
        from = from < end ? end : from;
    }
    return 0;
}

/* The first sample at or after t_ns. */
static int find(struct plot *p, int64_t t_ns, uint64_t *out, struct lec_err *err)
{
    struct block *b = &p->runs->work;
    uint64_t i, first, n;
    int rc = sample_near(p->runs, p->channel, t_ns, &i, err);
    while (rc >= 0) {
        rc = block_at(p->runs, p->channel, i, b, &first, &n, err);
        if (rc == 0)
            break;
        if (rc == LEC_E_FRAME && n > 0) {
            i = first + n;
            rc = 0;
            continue;
        }
        for (size_t k = 0; rc == 1 && k < b->n_segments; k++) {
            const struct segment *s = &b->segments[k];
            size_t at = sample_at(s, segment_times(b, s), 0, (double)t_ns);
            if (at < s->n) {
                *out = first + s->first + at;
                return 0;
            }
        }
        i = first + b->n;
    }
    *out = i;
    return rc;
}

static int plot(struct plot *p, struct lec_err *err)
{
    uint64_t from, to;
    int rc = find(p, p->from_ns, &from, err);
    if (rc == 0)
        rc = find(p, p->to_ns, &to, err);
    if (rc < 0)
        return rc;
    int level = -1;
    while (level + 1 < SUMS_LEVELS && to - from >= BUCKETS_MIN * p->width * sums_samples((unsigned)level + 1))
        level++;
    if (level < 0)
        return put_samples(p, from, to, err);
    /* What is before the first whole bucket and after the last one, level by level, in order of time. */
    uint64_t size = sums_samples((unsigned)level);
    uint64_t head = (from + size - 1) / size * size, tail = to / size * size;
    for (int k = -1; k < level && rc == 0; k++) {
        uint64_t up = sums_samples((unsigned)(k + 1)), end = (from + up - 1) / up * up;
        rc = put_level(p, k, from, end, err);
        from = end;
    }
    if (rc == 0)
        rc = put_level(p, level, head, tail, err);
    for (int k = level - 1; k >= -1 && rc == 0; k--) {
        uint64_t down = k >= 0 ? sums_samples((unsigned)k) : 1, end = to / down * down;
        rc = put_level(p, k, tail, end, err);
        tail = end;
    }
    return rc;
}

static void give(struct plot *p)
{
    for (size_t i = 0; i < p->width; i++) {
        struct lec_run_column *c = &p->out[i];
        const struct bucket *b = &p->columns[i];
        double step = (double)(p->to_ns - p->from_ns) / (double)p->width;
        *c = (struct lec_run_column){
            .t_ns = p->from_ns + (int64_t)(((double)i + 0.5) * step), .min = (double)NAN, .max = (double)NAN};
        if (!p->touched[i])
            continue;
        double ends[2] = {b->low, b->high};
        lec_calibrate(&p->text.calibration, ends, ends, 2);
        bool turned = ends[1] < ends[0]; /* a falling line */
        c->t_ns = b->t0 + (b->t1 - b->t0) / 2;
        c->min = ends[turned];
        c->max = ends[!turned];
        c->n = b->n;
        c->gap = b->gap;
    }
}

int lec_runs_columns(struct lec_runs *runs, const char *run, size_t channel, int64_t from_ns, int64_t to_ns,
                     size_t width, struct lec_run_column *out, struct lec_err *err)
{
    if (width == 0 || width > LEC_RUN_WIDTH_MAX || from_ns >= to_ns)
        return lec_fail(err, LEC_E_RANGE, "a plot has 1 to %d columns and begins before it ends", LEC_RUN_WIDTH_MAX);
    struct plot p = {.runs = runs, .from_ns = from_ns, .to_ns = to_ns, .width = width, .out = out};
    p.columns = calloc(width, sizeof *p.columns);
    p.touched = calloc(width, sizeof *p.touched);
    bool began = false;
    int rc = p.columns && p.touched ? db_read_begin(runs, &began, err) : lec_fail(err, LEC_E_NOMEM, "out of memory");
    struct channel_row row;
    if (rc == 0)
        rc = channel_open(runs, run, channel, &row, &p.text, err);
    if (rc == 0) {
        p.channel = row.num;
        p.ordered = sums_ordered(&p.text.calibration);
        rc = plot(&p, err);
    }
    db_read_end(runs, began);
    if (rc == 0)
        give(&p);
    free(p.columns);
    free(p.touched);
    return rc;
}
