#include "reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

#define JUMP 0.75 /* of an interval: less is jitter of the estimated time */

struct lab_reader {
    struct lec_run_cursor *cursor;
    const struct lec_run_info *info;
    size_t channel;
    const struct lec_calibration *calibration;
    bool calibrates;
    int64_t from_ns, to_ns;
    uint64_t skipped;

    int64_t *t;
    double *value, *raw;
    size_t room; /* samples that they hold */

    bool began;
    int64_t last_ns;         /* of the sample before, if began */
    double last_interval_ns; /* of the block before */
    int64_t last_correction_us;

    struct lab_block block; /* that lab_reader_next is in */
    size_t at;
};

int lab_reader_open(struct lec_runs *runs, const struct lec_run_info *info, size_t channel, int64_t from_ns,
                    int64_t to_ns, struct lab_reader **out, struct lec_err *err)
{
    struct lab_reader *r = calloc(1, sizeof *r);
    if (!r)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    r->info = info;
    r->channel = channel;
    r->calibration = &info->channels[channel].calibration;
    r->calibrates = info->channels[channel].kind == LEC_CHANNEL_POINT;
    r->from_ns = from_ns;
    r->to_ns = to_ns;
    int rc = lec_runs_walk(runs, info->summary.id, channel, from_ns, to_ns, false, &r->cursor, err);
    if (rc < 0) {
        lab_reader_close(&r);
        return lec_because(err, "%s", info->channels[channel].name);
    }
    *out = r;
    return 0;
}

void lab_reader_close(struct lab_reader **r)
{
    if (!*r)
        return;
    lec_run_walk_end(&(*r)->cursor);
    free((*r)->t);
    free((*r)->value);
    free((*r)->raw);
    free(*r);
    *r = NULL;
}

uint64_t lab_reader_skipped(const struct lab_reader *r)
{
    return r->skipped;
}

static bool make_room(struct lab_reader *r, size_t n)
{
    if (n <= r->room)
        return true;
    free(r->t);
    free(r->value);
    free(r->raw);
    r->t = calloc(n, sizeof *r->t);
    r->value = calloc(n, sizeof *r->value);
    r->raw = calloc(n, sizeof *r->raw);
    r->room = r->t && r->value && r->raw ? n : 0;
    return r->room > 0;
}

static void fill_times(struct lab_reader *r, const struct lec_run_block *b)
{
    if (b->interval_ns == 0 && b->times) {
        memcpy(r->t, b->times, b->n * sizeof *r->t);
        return;
    }
    for (size_t i = 0; i < b->n; i++)
        r->t[i] = (int64_t)((uint64_t)b->t_ns + (uint64_t)llround((double)i * b->interval_ns));
}

/* Samples that are missing before the block although nobody said so. */
static uint64_t silent_gap(const struct lab_reader *r, const struct lec_run_block *b, int64_t first_ns)
{
    if (!r->began || b->interval_ns <= 0 || r->last_interval_ns <= 0 || b->flags & LEC_RUN_LATE)
        return 0;
    double jump = ((double)first_ns - (double)r->last_ns) / b->interval_ns - 1;
    return jump >= JUMP && jump < 1e15 ? (uint64_t)llround(jump) : 0;
}

/* When the first sample of a gap should have come: an interval after the last, or as many before the next. */
static int64_t gap_begin(const struct lab_reader *r, const struct lec_run_block *b, int64_t first_ns, uint64_t lost)
{
    double interval = b->interval_ns > 0 ? b->interval_ns : r->last_interval_ns;
    if (r->began) {
        double guess = (double)r->last_ns + interval;
        if (interval <= 0 || guess >= (double)first_ns)
            guess = ((double)r->last_ns + (double)first_ns) / 2;
        return (int64_t)llround(guess);
    }
    double guess = (double)first_ns - interval * (double)lost;
    return guess > (double)r->from_ns ? (int64_t)llround(guess) : r->from_ns;
}

/* Takes a block of the file into r's arrays, cut to the interval. Returns the number of samples left. */
static size_t take(struct lab_reader *r, const struct lec_run_block *b, struct lab_block *out)
{
    fill_times(r, b);
    size_t n = b->n, skip = 0;
    while (skip < n && r->t[skip] < r->from_ns)
        skip++;
    while (n > skip && r->t[n - 1] >= r->to_ns)
        n--;
    n -= skip;
    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++) {
        double raw = b->values[skip + i];
        r->raw[skip + i] = isfinite(raw) ? raw : (double)NAN;
    }
    const double *value = r->raw;
    if (r->calibrates) {
        lec_calibrate(r->calibration, r->raw + skip, r->value + skip, n);
        value = r->value;
    }
    int64_t first_ns = r->t[skip];
    uint64_t lost = skip > 0 ? 0 : b->lost;
    if (lost == 0 && skip == 0)
        lost = silent_gap(r, b, first_ns);
    *out = (struct lab_block){.n = n,
                              .t = r->t + skip,
                              .value = value + skip,
                              .raw = r->raw + skip,
                              .flags = b->flags,
                              .lost = lost,
                              .gap_ns = lost > 0 ? gap_begin(r, b, first_ns, lost) : first_ns,
                              .interval_ns = b->interval_ns,
                              .correction_us = b->correction_us};
    r->began = true;
    r->last_ns = out->t[n - 1];
    r->last_interval_ns = b->interval_ns;
    r->last_correction_us = b->correction_us;
    return n;
}

int lab_reader_block(struct lab_reader *r, struct lab_block *out, struct lec_err *err)
{
    for (;;) {
        struct lec_run_block b;
        int rc = lec_run_next(r->cursor, &b, &r->skipped, err);
        if (rc <= 0)
            return rc;
        /* what RUNS lets through is checked there; an interval that no time can be made of is none of ours */
        if (b.n == 0 || b.n > LEC_RUN_BLOCK_MAX || !(b.interval_ns >= 0 && b.interval_ns < 1e17) ||
            (b.interval_ns == 0 && !b.times && b.n > 1)) {
            r->skipped++;
            continue;
        }
        if (!make_room(r, b.n))
            return lec_fail(err, LEC_E_NOMEM, "out of memory");
        if (take(r, &b, out) > 0)
            return 1;
    }
}

/* A gap that a later sample ends is told by that sample's block, and its mark is not later than that sample (but for the rounding of
 * times, for which half an interval is more than enough). */
bool lab_reader_tail(const struct lab_reader *r, struct lab_block *out)
{
    const struct lec_run_channel *c = &r->info->channels[r->channel];
    double interval = r->last_interval_ns > 0 ? r->last_interval_ns : c->rate_hz > 0 ? 1e9 / c->rate_hz : 0;
    struct lab_block tail = {.correction_us = r->last_correction_us};
    for (size_t i = 0; i < r->info->n_marks; i++) {
        const struct lec_run_mark *m = &r->info->marks[i];
        if (m->lost == 0 || strcmp(m->kind, "gap") != 0 || strcmp(m->channel, c->name) != 0)
            continue;
        if (m->t_ns < r->from_ns || m->t_ns > r->to_ns ||
            (r->began && (double)m->t_ns - (double)r->last_ns <= interval / 2))
            continue;
        double begin = r->began ? (double)r->last_ns + interval : (double)m->t_ns - interval * (double)m->lost;
        if (tail.lost == 0)
            tail.gap_ns = begin < (double)m->t_ns ? (int64_t)llround(begin) : m->t_ns;
        if (tail.gap_ns < r->from_ns)
            tail.gap_ns = r->from_ns;
        tail.lost += m->lost;
    }
    if (tail.lost > 0)
        *out = tail;
    return tail.lost > 0;
}

int lab_reader_next(struct lab_reader *r, struct lab_sample *out, struct lec_err *err)
{
    if (r->at >= r->block.n) {
        r->block.n = 0;
        r->at = 0;
        int rc = lab_reader_block(r, &r->block, err);
        if (rc <= 0)
            return rc;
    }
    const struct lab_block *b = &r->block;
    size_t i = r->at++;
    int64_t start = r->info->summary.start_us;
    out->t_ns = b->t[i];
    out->wall_us = lab_wall(start, b->t[i], b->correction_us);
    out->value = b->value[i];
    out->raw = r->calibrates ? b->raw[i] : (double)NAN;
    out->flags = b->flags;
    out->interval_ns = b->interval_ns;
    out->lost = i == 0 ? b->lost : 0;
    out->gap_ns = b->gap_ns;
    out->gap_wall_us = out->lost > 0 ? lab_wall(start, b->gap_ns, b->correction_us) : 0;
    return 1;
}

const char *lab_quality(uint32_t flags, double value)
{
    if (isnan(value))
        return "missing";
    if (flags & LEC_RUN_BAD)
        return "bad";
    if (flags & LEC_RUN_OVERRUN)
        return "overrun";
    return flags & LEC_RUN_LATE ? "late" : "good";
}
