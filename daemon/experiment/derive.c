/* Derived channels: formulas over samples of several channels, each at its own times.
 *
 * A derived channel follows one of the channels that it uses: the first that is a point, else the first derived one,
 * else the first counted or typed one. It has a value at each of its samples. Of the others it takes the newest value
 * at or before that time, and nothing (NaN) if that is older than three of their intervals. Since other sources
 * may be behind, it waits for them up to RUN_WAIT_NS. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* ---- Making ------------------------------------------------------------------------------------------------- */

static size_t base_of(const struct lec_run *run, const struct lec_formula *formula, size_t channel)
{
    static const enum lec_channel_kind order[] = {LEC_CHANNEL_POINT, LEC_CHANNEL_DERIVED, LEC_CHANNEL_COUNT,
                                                  LEC_CHANNEL_MANUAL};
    for (size_t k = 0; k < ARRAY_LEN(order); k++)
        for (size_t i = 0; i < channel; i++)
            if (lec_formula_uses(formula, i) && run->channels[i].desc->kind == order[k])
                return i;
    return LEC_CHANNELS_MAX;
}

static int derived_new(struct lec_run *run, struct run_channel *c)
{
    struct run_derived *d = &c->derived;
    d->formula = c->desc->compiled;
    d->base = base_of(run, d->formula, c->index);
    for (size_t i = 0; i < c->index; i++) {
        if (!lec_formula_uses(d->formula, i))
            continue;
        struct run_channel *in = &run->channels[i];
        in->used = true;
        if (i != d->base)
            d->used[d->n_used++] = i;
        if (in->wait_ns > c->wait_ns)
            c->wait_ns = in->wait_ns;
    }
    int rc = run_operator_new(&d->op, d->formula);
    if (d->op.kind == LEC_OP_SMOOTH || d->op.kind == LEC_OP_DERIVATIVE) { /* it is behind by half a window */
        const struct run_channel *base = d->base < run->n_channels ? &run->channels[d->base] : NULL;
        double every = !base ? 0 : base->want_ns > (double)base->period_ns ? base->want_ns : (double)base->period_ns;
        c->wait_ns += d->op.half_ns + (int64_t)(every * (double)(d->op.half + 1));
    }
    return rc;
}

int run_derive_new(struct lec_run *run)
{
    const struct lec_condition *start = &run->experiment->start;
    run->met_ns = LEC_NEVER;
    run->columns = malloc(run->n_channels * RUN_ROWS * sizeof *run->columns);
    int rc = run->columns ? 0 : LEC_E_NOMEM;
    for (size_t i = 0; rc == 0 && i < run->n_channels; i++)
        if (run->channels[i].desc->kind == LEC_CHANNEL_DERIVED)
            rc = derived_new(run, &run->channels[i]);
    for (size_t i = 0; rc == 0 && i < run->n_channels; i++) {
        struct run_watch w = {.condition = start};
        if (run->channels[i].used)
            rc = run_series_new(&run->channels[i].series);
        if (run->channels[i].desc->kind == LEC_CHANNEL_DERIVED && run_watch_follows(&w, i))
            run->derives_armed = true;
    }
    return rc;
}

void run_derive_free(struct lec_run *run)
{
    for (size_t i = 0; i < run->n_channels; i++) {
        run_series_free(&run->channels[i].series);
        run_operator_free(&run->channels[i].derived.op);
    }
    free(run->columns);
    run->columns = NULL;
}

void run_derive_reset(struct lec_run *run)
{
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_channel *c = &run->channels[i];
        if (!run->experiment->on_event) /* there, a value from before the start may be the newest */
            run_series_clear(&c->series);
        c->derived.next = 0;
        memset(c->derived.cursor, 0, sizeof c->derived.cursor);
        run_operator_reset(&c->derived.op);
    }
}

/* ---- Results ------------------------------------------------------------------------------------------------ */

struct results {
    struct lec_run *run;
    struct run_channel *c;
    double interval_ns;
    size_t n;
    int64_t t[RUN_ROWS];
    double v[RUN_ROWS];
    uint64_t lost[RUN_ROWS];
};

/* Records the results in pieces without losses in them. */
static void record(const struct results *r)
{
    for (size_t at = 0, n; at < r->n; at += n) {
        struct run_piece p = {.first_ns = r->t[at],
                              .interval_ns = r->interval_ns,
                              .times = r->interval_ns > 0 ? NULL : r->t + at,
                              .values = r->v + at,
                              .stride = 1,
                              .lost = r->lost[at]};
        for (n = 1; at + n < r->n && r->lost[at + n] == 0; n++)
            if (r->interval_ns > 0 &&
                fabs((double)(r->t[at + n] - r->t[at]) - (double)n * r->interval_ns) > r->interval_ns / 4)
                break;
        p.n = n;
        run_record(r->run, r->c, &p);
    }
}

static void results_out(struct results *r)
{
    struct lec_run *run = r->run;
    struct run_channel *c = r->c;
    if (r->n == 0)
        return;
    if (run->state == LEC_RUN_ARMED && run->met_ns == LEC_NEVER && run_watch_follows(&run->start, c->index))
        run->met_ns = run_watch_values(&run->start, r->t, r->v, r->n);
    if (run->state == LEC_RUN_RECORDING) {
        if (run_watch_follows(&run->stop, c->index)) {
            int64_t t = run_watch_values(&run->stop, r->t, r->v, r->n);
            if (t != LEC_NEVER)
                run_stop_met(run, t + 1);
        }
        record(r);
    }
    c->series.interval_ns = r->interval_ns;
    for (size_t i = 0; c->used && i < r->n; i++)
        run_series_put(&c->series, r->t[i], r->v[i], r->lost[i]);
    r->n = 0;
}

static void result(void *ctx, int64_t t, double v, uint64_t lost)
{
    struct results *r = ctx;
    r->t[r->n] = t;
    r->v[r->n] = v;
    r->lost[r->n++] = lost;
    if (r->n == RUN_ROWS)
        results_out(r);
}

/* ---- Computing ---------------------------------------------------------------------------------------------- */

int64_t run_oldest_use(const struct run_channel *c)
{
    double every = c->series.interval_ns;
    if (c->desc->kind == LEC_CHANNEL_COUNT || c->desc->kind == LEC_CHANNEL_MANUAL)
        return 0; /* a count stays what it is until the next */
    if (!(every > 0))
        every = c->want_ns > (double)c->period_ns ? c->want_ns : (double)c->period_ns;
    return (int64_t)(3 * every);
}

/* For n times, the newest value of the series at or before each. *next: the first sample that is later. Sources of one
 * device may be estimated a little apart, which is not later: a quarter of a sample. */
static void newest(const struct run_channel *c, const int64_t *t, size_t n, double base_interval, uint64_t *next,
                   double *out)
{
    const struct run_series *s = &c->series;
    double least = s->interval_ns < base_interval ? s->interval_ns : base_interval;
    int64_t slack = (int64_t)(least / 4), oldest = run_oldest_use(c);
    uint64_t at = *next > s->base ? *next : s->base, end = run_series_end(s);
    for (size_t i = 0; i < n; i++) {
        while (at < end && s->t[s->head + (at - s->base)] <= t[i] + slack)
            at++;
        size_t k = s->head + (size_t)(at - s->base);
        bool usable = at > s->base && (oldest == 0 || t[i] - s->t[k - 1] <= oldest);
        out[i] = usable ? s->v[k - 1] : (double)NAN;
    }
    *next = at;
}

/* Up to when all that the channel uses has come. */
static int64_t horizon(const struct lec_run *run, const struct run_derived *d)
{
    int64_t least = LEC_NEVER;
    for (size_t k = 0; k < d->n_used; k++) {
        const struct run_channel *in = &run->channels[d->used[k]];
        int64_t until = run->now_ns - in->wait_ns; /* what has not come by then is not waited for */
        if (in->series.n > 0 && in->series.t[in->series.head + in->series.n - 1] > until)
            until = in->series.t[in->series.head + in->series.n - 1];
        if (until < least)
            least = until;
    }
    return least;
}

static void compute(struct lec_run *run, struct run_channel *c, bool force)
{
    struct run_derived *d = &c->derived;
    if (d->base >= run->n_channels)
        return;
    struct run_channel *base = &run->channels[d->base];
    struct run_series *b = &base->series;
    struct results r = {.run = run, .c = c, .interval_ns = b->interval_ns};
    const double *in[LEC_CHANNELS_MAX] = {0};
    double out[RUN_ROWS];
    int64_t until = force ? LEC_NEVER : horizon(run, d);
    if (d->next < b->base)
        d->next = b->base;
    for (;;) {
        size_t at = b->head + (size_t)(d->next - b->base), n = 0;
        size_t most = (size_t)(run_series_end(b) - d->next);
        const int64_t *t = b->t + at;
        while (n < most && n < RUN_ROWS && t[n] <= until)
            n++;
        if (n == 0)
            break;
        in[d->base] = b->v + at;
        for (size_t k = 0; k < d->n_used; k++) {
            double *column = run->columns + d->used[k] * RUN_ROWS;
            newest(&run->channels[d->used[k]], t, n, b->interval_ns, &d->cursor[k], column);
            in[d->used[k]] = column;
        }
        lec_formula_eval(d->formula, in, out, n);
        for (size_t i = 0; i < n; i++)
            if (d->op.kind == LEC_OP_NONE)
                result(&r, t[i], out[i], b->lost[at + i]);
            else
                run_operator_put(&d->op, run->start_ns, t[i], out[i], b->lost[at + i], result, &r);
        d->next += n;
    }
    results_out(&r);
}

/* Lets go of what no formula needs any more. */
static void trim(struct lec_run *run)
{
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_channel *in = &run->channels[i];
        if (!in->used)
            continue;
        uint64_t needed = run_series_end(&in->series);
        for (size_t k = i + 1; k < run->n_channels; k++) {
            const struct run_derived *d = &run->channels[k].derived;
            if (!d->formula)
                continue;
            if (d->base == i && d->next < needed)
                needed = d->next;
            for (size_t u = 0; u < d->n_used; u++) /* the one before may be the newest for long */
                if (d->used[u] == i && (d->cursor[u] > 0 ? d->cursor[u] - 1 : 0) < needed)
                    needed = d->cursor[u] > 0 ? d->cursor[u] - 1 : 0;
        }
        run_series_drop(&in->series, needed);
    }
}

static void compute_all(struct lec_run *run, bool force)
{
    for (size_t i = 0; i < run->n_channels; i++)
        if (run->channels[i].desc->kind == LEC_CHANNEL_DERIVED)
            compute(run, &run->channels[i], force);
    trim(run);
}

void run_derive(struct lec_run *run, bool all)
{
    if (run->experiment->on_event || (run->state == LEC_RUN_ARMED && !run->derives_armed))
        return;
    if (!all) {
        compute_all(run, false);
    } else {
        for (size_t i = 0; i < run->n_channels; i++) { /* in this order: the rest of one is what another waits for */
            struct run_channel *c = &run->channels[i];
            if (c->desc->kind != LEC_CHANNEL_DERIVED)
                continue;
            compute(run, c, true);
            struct results r = {.run = run, .c = c, .interval_ns = c->series.interval_ns};
            if (c->derived.base < run->n_channels)
                r.interval_ns = run->channels[c->derived.base].series.interval_ns;
            run_operator_end(&c->derived.op, result, &r);
            results_out(&r);
        }
    }
    if (run->met_ns != LEC_NEVER) {
        int64_t t = run->met_ns;
        run->met_ns = LEC_NEVER;
        run_start_met(run, t);
    }
}

void run_derive_feed(struct lec_run *run, struct run_channel *c, const struct run_piece *piece)
{
    struct run_series *s = &c->series;
    double v[RUN_ROWS], raw[RUN_ROWS];
    s->interval_ns = piece->interval_ns;
    for (size_t at = 0; at < piece->n; at += RUN_ROWS) {
        size_t n = piece->n - at < RUN_ROWS ? piece->n - at : RUN_ROWS;
        for (size_t i = 0; i < n; i++)
            raw[i] = piece->values[(at + i) * piece->stride];
        if (piece->flags & LEC_RUN_BAD) /* a result could not say that it comes from such values */
            for (size_t i = 0; i < n; i++)
                v[i] = (double)NAN;
        else if (run->experiment->on_event) /* raw is what will be stored */
            memcpy(v, raw, n * sizeof *v);
        else
            lec_calibrate(&c->calibration, raw, v, n);
        if (s->n + n > s->cap && !run->experiment->on_event)
            compute_all(run, true); /* too much at once to wait for others */
        for (size_t i = 0; i < n; i++)
            run_series_put(s, run_time_of(piece, at + i), v[i], at + i == 0 ? piece->lost : 0);
    }
}

void run_derive_row(struct lec_run *run, int64_t t_ns, double *values)
{
    const double *in[LEC_CHANNELS_MAX];
    for (size_t i = 0; i < run->n_channels; i++)
        in[i] = &values[i];
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_channel *c = &run->channels[i];
        if (c->desc->kind != LEC_CHANNEL_DERIVED)
            continue;
        struct results r = {.run = run, .c = c};
        double v;
        lec_formula_eval(c->derived.formula, in, &v, 1);
        if (c->derived.op.kind == LEC_OP_NONE)
            result(&r, t_ns, v, 0);
        else
            run_operator_put(&c->derived.op, run->start_ns, t_ns, v, 0, result, &r);
        values[i] = r.n > 0 && r.t[r.n - 1] == t_ns ? r.v[r.n - 1] : (double)NAN;
        results_out(&r);
    }
}
