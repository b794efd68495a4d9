/* What a source delivers: is it in order, what is missing, does it meet a condition, and which samples were asked for. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* A jump in time that the device did not explain is a loss when it is so many samples and so long. */
#define GAP_SAMPLES 2.5
#define GAP_NS      (20 * LEC_MS)
/* More than a device can have lost, and still a number that JSON and sums can hold. */
#define LOST_MOST (UINT64_C(1) << 52)

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Samples that fit between the last and this one; 0 if that may be jitter. */
static uint64_t missing_by_time(const struct run_channel *c, const struct run_piece *p)
{
    if (!c->seen)
        return 0;
    double every = larger(p->interval_ns, c->source_every);
    double least = GAP_SAMPLES;
    if (!(p->interval_ns > 0)) { /* polled: one reading may well take as long as two */
        every = larger((double)c->period_ns, c->want_ns);
        least = 1.5;
    }
    double since = (double)(p->first_ns - c->source_ns);
    if (!(every > 0) || since < (double)GAP_NS)
        return 0;
    double missing = since / every - 1;
    return missing < least ? 0 : (uint64_t)(missing + 0.5);
}

/* Samples that are left out: missing from the channel as far as they were asked for. */
static void leave_out(struct run_channel *c, double interval_ns, size_t n)
{
    bool thinned = c->want_ns > interval_ns * 1.01 && interval_ns > 0;
    c->back += n;
    c->unsaid += thinned ? (uint64_t)((double)n * interval_ns / c->want_ns) : n;
}

/* Leaves out what lies at or before what there is already; false if that is all of it. */
static bool put_in_order(struct lec_run *run, struct run_channel *c, struct run_piece *p)
{
    double span = (double)(p->n - 1) * p->interval_ns;
    if (p->first_ns < 0 || p->first_ns > run->now_ns + RUN_AHEAD_NS || span > (double)LEC_RUN_LONGEST_NS ||
        run_time_of(p, p->n - 1) > run->now_ns + RUN_AHEAD_NS) {
        leave_out(c, p->interval_ns, p->n);
        return false;
    }
    if (!c->seen || p->first_ns > c->source_ns)
        return true;
    double overlap = (double)(c->source_ns - p->first_ns);
    if (overlap < p->interval_ns) { /* less than a sample: the estimate of the time moved */
        p->first_ns = c->source_ns + (int64_t)(p->interval_ns / 2) + 1;
        p->flags |= LEC_RUN_LATE;
        return true;
    }
    size_t skip = p->n;
    if (p->interval_ns > 0 && overlap / p->interval_ns < (double)(p->n - 1))
        skip = (size_t)(overlap / p->interval_ns) + 1;
    leave_out(c, p->interval_ns, skip);
    if (skip >= p->n)
        return false;
    p->first_ns = run_time_of(p, skip);
    p->values += skip;
    p->n -= skip;
    if (p->first_ns <= c->source_ns)
        p->first_ns = c->source_ns + 1; /* rounded */
    return true;
}

/* ---- Thinning ----------------------------------------------------------------------------------------------- */

/* Every k-th sample, from the one nearest to when the next is due: no rounding, the times stay those of the source. */
static void every_kth(struct lec_run *run, struct run_channel *c, const struct run_piece *p, size_t k)
{
    struct run_piece out = *p;
    double period = (double)k * p->interval_ns;
    size_t at = 0;
    out.lost = 0;
    if (c->due_set) {
        double ahead = ((double)(c->due_ns - p->first_ns)) / p->interval_ns - 0.5;
        if (ahead > (double)p->n - 1)
            return;
        at = ahead > 0 ? (size_t)ceil(ahead) : 0;
        double behind = (double)(run_time_of(p, at) - c->due_ns) / period;
        if (behind > 0.75)
            out.lost = (uint64_t)(behind + 0.5);
    }
    out.first_ns = run_time_of(p, at);
    out.values = p->values + at;
    out.stride = k;
    out.n = (p->n - 1 - at) / k + 1;
    out.interval_ns = period;
    c->due_ns = run_time_of(&out, out.n - 1) + (int64_t)(period + 0.5);
    c->due_set = true;
    run_take(run, c, &out);
}

/* The sample nearest to each point of the asked grid, with its own time. */
static void nearest_to_grid(struct lec_run *run, struct run_channel *c, const struct run_piece *p)
{
    double want = c->want_ns, half = p->interval_ns / 2;
    int64_t slack = p->interval_ns > 0 ? (int64_t)half : (int64_t)(want / 10); /* polled: a little early is in time */
    size_t n = 0;
    struct run_piece out = *p;
    out.lost = 0;
    out.interval_ns = 0;
    out.times = run->scratch_times;
    out.values = run->scratch;
    out.stride = 1;
    for (size_t i = 0; i < p->n;) {
        int64_t t = run_time_of(p, i);
        if (c->due_set && t < c->due_ns - slack) { /* jump to the first that can be it */
            double ahead = p->interval_ns > 0 ? (double)(c->due_ns - slack - t) / p->interval_ns : 1;
            i += ahead > 1 ? (size_t)ahead : 1;
            continue;
        }
        double behind = c->due_set ? (double)(t - c->due_ns) / want : 0;
        uint64_t missing = behind > 0.75 && p->interval_ns > 0 ? (uint64_t)(behind + 0.5) : 0;
        if ((missing > 0 && n > 0) || n == LEC_RUN_PENDING) {
            out.n = n;
            out.first_ns = run->scratch_times[0];
            run_take(run, c, &out);
            n = 0;
        }
        if (n == 0)
            out.lost = missing;
        run->scratch[n] = p->values[i];
        run->scratch_times[n++] = t;
        if (!c->due_set || behind > 0.5)
            c->due_ns = t + (int64_t)(want + 0.5);
        else
            c->due_ns += (int64_t)(want + 0.5);
        c->due_set = true;
        i++;
    }
    out.first_ns = n > 0 ? run->scratch_times[0] : 0;
    out.n = n;
    if (!(p->interval_ns > 0))
        out.lost += p->lost;
    run_take(run, c, &out);
}

/* The source is as slow as asked. Where it has just been made slower, its first sample can come too early after the last one
 * that was taken. At other times nothing is left out: times that are estimated move a little. */
static void as_they_come(struct lec_run *run, struct run_channel *c, const struct run_piece *p)
{
    struct run_piece out = *p;
    int64_t earliest = c->due_ns - (int64_t)(c->want_ns / 2);
    while (c->due_set && c->thinned && out.n > 0 && run_time_of(&out, 0) < earliest) {
        out.first_ns = out.n > 1 ? run_time_of(&out, 1) : out.first_ns;
        out.times = out.times ? out.times + 1 : NULL;
        out.values += out.stride;
        out.n--;
    }
    if (out.n == 0) {
        c->unsaid += p->lost;
        return;
    }
    c->due_ns = run_time_of(&out, out.n - 1) + (int64_t)(c->want_ns + 0.5);
    c->due_set = true;
    c->thinned = false;
    run_take(run, c, &out);
}

static void thin(struct lec_run *run, struct run_channel *c, const struct run_piece *p)
{
    double told = (double)c->period_ns, every = p->interval_ns;
    if (told > 0 && every > told / 2 && every < told * 2) /* it is an estimate; what it was set to is not */
        every = told;
    double k = every > 0 ? c->want_ns / every : 1;
    double whole = nearbyint(k);
    if (!(c->want_ns > 0)) {
        run_take(run, c, p);
    } else if (p->interval_ns > 0 && k < 1.01) {
        as_they_come(run, c, p);
    } else if (!(p->interval_ns > 0)) {
        if ((double)c->period_ns > c->want_ns * 0.99)
            run_take(run, c, p); /* polled as slowly as asked: all that there is */
        else
            nearest_to_grid(run, c, p);
    } else if (fabs(k - whole) < 0.005 * k && whole < 1e15) {
        c->thinned = true;
        every_kth(run, c, p, (size_t)whole);
    } else {
        c->thinned = true;
        nearest_to_grid(run, c, p);
    }
}

/* ---- Conditions --------------------------------------------------------------------------------------------- */

static void look(struct lec_run *run, const struct run_channel *c, const struct run_piece *p)
{
    if (run->state == LEC_RUN_ARMED && run_watch_follows(&run->start, c->index)) {
        int64_t t = run_watch_samples(&run->start, c, p);
        if (t != LEC_NEVER)
            run_start_met(run, t);
    }
    if (run->state == LEC_RUN_RECORDING && run_watch_follows(&run->stop, c->index)) {
        int64_t t = run_watch_samples(&run->stop, c, p);
        if (t != LEC_NEVER)
            run_stop_met(run, t + 1); /* with this sample */
    }
}

/* Samples before a run that keeps nothing are not part of its grid. */
static bool leave_early_ones(const struct lec_run *run, struct run_piece *p)
{
    if (run->state != LEC_RUN_RECORDING || !(p->interval_ns > 0))
        return true;
    double early = (double)(run->start_ns - run->experiment->pre_ns - p->first_ns) / p->interval_ns;
    if (early <= 0)
        return true;
    if (early > (double)(p->n - 1))
        return false;
    size_t skip = (size_t)ceil(early);
    p->first_ns = run_time_of(p, skip);
    p->values += skip;
    p->n -= skip;
    p->lost = 0;
    return true;
}

static void take_in(struct lec_run *run, struct run_channel *c, const struct run_piece *piece)
{
    struct run_piece p = *piece;
    c->there = !c->away;
    if (!put_in_order(run, c, &p))
        return;
    uint64_t by_time = missing_by_time(c, &p);
    if (by_time > p.lost + p.lost / 2 + 2)
        p.lost = by_time; /* the device's counter went round, or it has none */
    c->seen = true;
    c->source_ns = run_time_of(&p, p.n - 1);
    c->source_every = p.interval_ns;
    c->last_raw = p.values[p.n - 1];
    c->last_ns = c->source_ns;
    if (!(p.interval_ns > 0))
        p.times = &c->source_ns;  /* one sample */
    if (!(p.flags & LEC_RUN_BAD)) /* what is not to be trusted starts and ends nothing */
        look(run, c, &p);
    if (run->state == LEC_RUN_ENDED)
        return;
    if (run->experiment->on_event)
        run_derive_feed(run, c, &p);
    else if (leave_early_ones(run, &p))
        thin(run, c, &p);
}

void lec_run_rate(struct lec_run *run, const struct lec_point *point, int64_t period_ns)
{
    for (size_t i = 0; i < run->n_channels && period_ns > 0; i++)
        if (run->channels[i].desc->kind == LEC_CHANNEL_POINT && run->channels[i].desc->point == point)
            run->channels[i].period_ns = period_ns;
}

void lec_run_samples(struct lec_run *run, const struct lec_run_input *input)
{
    if (run->state == LEC_RUN_ENDED || input->n == 0)
        return;
    struct run_piece p = {.first_ns = input->first_ns,
                          .interval_ns = input->interval_ns,
                          .values = input->raw,
                          .stride = 1,
                          .n = input->n,
                          .lost = input->lost < LOST_MOST ? input->lost : LOST_MOST,
                          .flags = input->flags,
                          .drift_ppm = isfinite(input->drift_ppm) ? input->drift_ppm : 0};
    if (!(p.interval_ns > 0 && p.interval_ns <= (double)LEC_RUN_LONGEST_NS)) { /* not regular: one reading */
        p.interval_ns = 0;
        p.values += p.n - 1;
        p.lost += p.n - 1;
        p.n = 1;
    }
    bool followed = false;
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_channel *c = &run->channels[i];
        if (c->desc->kind != LEC_CHANNEL_POINT || c->desc->point != input->point)
            continue;
        take_in(run, c, &p);
        followed = true;
    }
    if (followed && run->end_ns != LEC_NEVER)
        run_end_if_due(run);
}
