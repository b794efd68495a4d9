/* Handing over: what a run counts, tells and gives to its host. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

void run_lost(struct run_channel *c, uint64_t n)
{
    c->lost = n > UINT64_MAX / 2 - c->lost ? UINT64_MAX / 2 : c->lost + n; /* whatever a device says, it is a number */
}

/* ---- Marks -------------------------------------------------------------------------------------------------- */

void run_mark_put(struct lec_run *run, struct lec_run_mark *mark, int64_t t_ns, bool own)
{
    if (run->state == LEC_RUN_ENDED)
        return;
    if (run->state == LEC_RUN_ARMED) { /* told when it begins, if it lies in what is kept */
        if (run->n_held == RUN_HELD) {
            memmove(run->held, run->held + 1, (RUN_HELD - 1) * sizeof *run->held);
            run->n_held--;
        }
        run->held[run->n_held] = *mark;
        run->held[run->n_held++].t_ns = t_ns;
        return;
    }
    if (run->n_marks >= LEC_RUN_MARKS || (own && run->n_own_marks >= RUN_OWN_MARKS)) {
        run->left_out++;
        return;
    }
    run->n_marks++;
    run->n_own_marks += own;
    mark->t_ns = t_ns - run->start_ns;
    run->host.mark(run->host.ctx, mark);
}

void run_mark(struct lec_run *run, const char *kind, const char *channel, int64_t t_ns, uint64_t lost, const char *fmt,
              ...)
{
    struct lec_run_mark mark = {.lost = lost};
    va_list ap;
    snprintf(mark.kind, sizeof mark.kind, "%s", kind);
    snprintf(mark.channel, sizeof mark.channel, "%s", channel);
    va_start(ap, fmt);
    vsnprintf(mark.text, sizeof mark.text, fmt, ap);
    va_end(ap);
    run_mark_put(run, &mark, t_ns, true);
}

/* ---- Blocks ------------------------------------------------------------------------------------------------- */

void run_pending_out(struct lec_run *run, struct run_channel *c)
{
    struct run_pending *p = &c->pending;
    if (p->n == 0)
        return;
    bool regular = p->interval_ns > 0;
    if (regular && p->joined && p->n > 1) /* the pieces came with their own times: the line through them */
        p->interval_ns = (double)(p->last_ns - p->first_ns) / (double)(p->n - 1);
    if (run->state == LEC_RUN_ARMED) {
        run_keep(run, c,
                 &(struct run_piece){.first_ns = p->first_ns,
                                     .interval_ns = p->interval_ns,
                                     .times = regular ? NULL : p->times,
                                     .values = p->values,
                                     .stride = 1,
                                     .n = p->n,
                                     .lost = p->lost,
                                     .flags = p->flags,
                                     .drift_ppm = p->drift_ppm});
    } else {
        for (size_t i = 0; !regular && i < p->n; i++)
            p->times[i] -= run->start_ns;
        run->host.block(run->host.ctx, &(struct lec_run_block){.channel = c->index,
                                                               .t_ns = p->first_ns - run->start_ns,
                                                               .interval_ns = p->interval_ns,
                                                               .times = regular ? NULL : p->times,
                                                               .correction_us = run->correction_us,
                                                               .drift_ppm = p->drift_ppm,
                                                               .flags = p->flags,
                                                               .lost = p->lost,
                                                               .values = p->values,
                                                               .n = p->n});
    }
    p->n = 0;
}

/* Whether the piece goes on where the pending one ends: a quarter of a sample beside it at most. */
static bool goes_on(const struct run_pending *p, const struct run_piece *piece)
{
    if (piece->lost > 0 || piece->flags != p->flags || (piece->interval_ns > 0) != (p->interval_ns > 0))
        return false;
    if (!(piece->interval_ns > 0))
        return true;
    double beside = (double)(piece->first_ns - p->last_ns) - p->interval_ns;
    double stretch = (piece->interval_ns - p->interval_ns) * (double)(p->n + piece->n);
    return fabs(beside) <= p->interval_ns / 4 && fabs(stretch) <= p->interval_ns / 4;
}

static void append(struct run_pending *p, const struct run_piece *piece, size_t from, size_t n)
{
    if (p->n == 0) {
        p->first_ns = run_time_of(piece, from);
        p->interval_ns = piece->interval_ns;
        p->joined = false;
        p->lost = from == 0 ? piece->lost : 0;
        p->flags = piece->flags;
    } else {
        p->joined = true;
    }
    p->drift_ppm = piece->drift_ppm;
    p->last_ns = run_time_of(piece, from + n - 1);
    double *values = p->values + p->n;
    if (piece->stride == 1)
        memcpy(values, piece->values + from, n * sizeof *values);
    else
        for (size_t i = 0; i < n; i++)
            values[i] = piece->values[(from + i) * piece->stride];
    for (size_t i = 0; !(p->interval_ns > 0) && i < n; i++)
        p->times[p->n + i] = run_time_of(piece, from + i);
    p->n += n;
}

static void give_direct(struct lec_run *run, struct run_channel *c, const struct run_piece *piece)
{
    for (size_t at = 0; at < piece->n;) {
        size_t n = piece->n - at < LEC_RUN_BLOCK_MAX ? piece->n - at : LEC_RUN_BLOCK_MAX;
        run->host.block(run->host.ctx, &(struct lec_run_block){.channel = c->index,
                                                               .t_ns = run_time_of(piece, at) - run->start_ns,
                                                               .interval_ns = piece->interval_ns,
                                                               .correction_us = run->correction_us,
                                                               .drift_ppm = piece->drift_ppm,
                                                               .flags = piece->flags,
                                                               .lost = at == 0 ? piece->lost : 0,
                                                               .values = piece->values + at,
                                                               .n = n});
        at += n;
    }
}

/* Into the pending block, or past it when the piece is large by itself. */
static void collect(struct lec_run *run, struct run_channel *c, const struct run_piece *piece)
{
    struct run_pending *p = &c->pending;
    if (p->n > 0 && !goes_on(p, piece))
        run_pending_out(run, c);
    if (piece->n >= RUN_DIRECT && piece->stride == 1 && !piece->times && run->state == LEC_RUN_RECORDING) {
        run_pending_out(run, c);
        give_direct(run, c, piece);
        return;
    }
    for (size_t at = 0; at < piece->n;) {
        size_t room = LEC_RUN_PENDING - p->n;
        size_t n = piece->n - at < room ? piece->n - at : room;
        append(p, piece, at, n);
        if (p->n == LEC_RUN_PENDING)
            run_pending_out(run, c);
        at += n;
    }
}

/* ---- Recording ---------------------------------------------------------------------------------------------- */

/* The samples of the piece that lie before t. */
static size_t before(const struct run_piece *p, int64_t t)
{
    if (p->n == 0 || run_time_of(p, 0) >= t)
        return 0;
    if (run_time_of(p, p->n - 1) < t)
        return p->n;
    size_t low = 1, high = p->n - 1; /* times rise; the answer is in low..high */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (run_time_of(p, middle) < t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Cuts the piece to from..to; false if nothing is left. */
static bool clip(struct run_piece *p, int64_t from, int64_t to)
{
    p->n = before(p, to);
    size_t skip = before(p, from);
    if (skip == p->n)
        return false;
    if (skip > 0) {
        p->first_ns = run_time_of(p, skip);
        p->values += skip * p->stride;
        p->times = p->times ? p->times + skip : NULL;
        p->n -= skip;
        p->lost = 0; /* that was before what is wanted */
    }
    return true;
}

/* What is missing before the first sample of a run was not missing from it as far as it lies before the run. */
static uint64_t lost_within(const struct lec_run *run, const struct run_channel *c, const struct run_piece *p)
{
    if (c->stored || !(p->interval_ns > 0))
        return p->lost;
    double since = (double)(run_time_of(p, 0) - (run->start_ns - run->experiment->pre_ns)) / p->interval_ns;
    return since <= 0 ? 0 : since < (double)p->lost ? (uint64_t)since : p->lost;
}

static void store(struct lec_run *run, struct run_channel *c, const struct run_piece *piece)
{
    c->stored = true;
    c->stored_ns = run_time_of(piece, piece->n - 1);
    c->samples += piece->n;
    run_lost(c, piece->lost);
    if (c->desc->kind != LEC_CHANNEL_POINT) {
        c->last_raw = piece->values[(piece->n - 1) * piece->stride];
        c->last_ns = c->stored_ns;
    }
    struct run_piece p = *piece;
    p.lost += c->unstored; /* counted when the host said so; now the file learns it */
    c->unstored = 0;
    collect(run, c, &p);
}

void run_record(struct lec_run *run, struct run_channel *c, const struct run_piece *piece)
{
    struct run_piece p = *piece;
    if (run->state == LEC_RUN_RECORDING && clip(&p, run->start_ns - run->experiment->pre_ns, run->end_ns))
        store(run, c, &p);
}

static void tell_losses(struct lec_run *run, struct run_channel *c, const struct run_piece *p)
{
    int64_t t = run_time_of(p, 0);
    bool overrun = p->flags & LEC_RUN_OVERRUN, late = p->flags & LEC_RUN_LATE;
    const char *name = c->desc->name;
    if (overrun && (!c->overrun || p->lost > 0))
        run_mark(run, "overrun", name, t, p->lost, "the device's own memory ran over; %" PRIu64 " samples are missing",
                 p->lost);
    else if (p->lost > 0 && c->back > 0)
        run_mark(run, "gap", name, t, p->lost,
                 "%" PRIu64 " samples are missing, %" PRIu64 " of them had times before those of others", p->lost,
                 c->back);
    else if (p->lost > 0 && c->stored)
        run_mark(run, "gap", name, t, p->lost, "%" PRIu64 " samples are missing; none for %.3f s", p->lost,
                 (double)(t - c->stored_ns) * 1e-9);
    else if (p->lost > 0)
        run_mark(run, "gap", name, t, p->lost, "%" PRIu64 " samples are missing before the first", p->lost);
    if (late && !c->late)
        run_mark(run, "late", name, t, 0, "read late: the times from here on are estimated");
    c->overrun = overrun;
    c->late = late;
    c->back = 0;
}

void run_take(struct lec_run *run, struct run_channel *c, const struct run_piece *piece)
{
    struct run_piece p = *piece;
    if (run->state == LEC_RUN_ENDED || p.n == 0)
        return;
    p.lost += c->unsaid;
    c->unsaid = 0;
    if (run->state == LEC_RUN_ARMED) {
        c->back = 0;
        collect(run, c, &p);
    } else {
        if (!clip(&p, run->start_ns - run->experiment->pre_ns, run->end_ns))
            return;
        p.lost = lost_within(run, c, &p);
        tell_losses(run, c, &p);
        store(run, c, &p);
    }
    if (c->used && (run->state == LEC_RUN_RECORDING || run->derives_armed))
        run_derive_feed(run, c, &p);
}
