/* What happens at one moment: events, values of points, a person's hand; and sampling on event. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Values from so long before are kept for a sampling that is told late. */
#define KEEP_NS (2 * LEC_SEC)

static void take_one(struct lec_run *run, struct run_channel *c, int64_t t_ns, double value)
{
    if (c->stored && t_ns <= c->stored_ns)
        t_ns = c->stored_ns + 1; /* two at once: in the order in which they were told */
    run_take(run, c, &(struct run_piece){.first_ns = t_ns, .times = &t_ns, .values = &value, .stride = 1, .n = 1});
}

void run_counts_begin(struct lec_run *run)
{
    for (size_t i = 0; i < run->n_channels; i++)
        if (run->channels[i].desc->kind == LEC_CHANNEL_COUNT && !run->experiment->on_event)
            take_one(run, &run->channels[i], run->start_ns, 0);
}

/* ---- Sampling on event -------------------------------------------------------------------------------------- */

void run_happen(struct lec_run *run, int64_t t_ns, const double *manual)
{
    if (run->state != LEC_RUN_RECORDING || !run->experiment->on_event || t_ns >= run->end_ns)
        return;
    if (run->n_happenings == RUN_EVENTS)
        run_happenings(run, true);
    struct run_happening *h = &run->happenings[run->n_happenings++];
    run->happened_ns = t_ns > run->happened_ns ? t_ns : run->happened_ns + 1;
    h->t_ns = run->happened_ns;
    for (size_t i = 0; i < run->n_channels; i++)
        h->values[i] = run->channels[i].desc->kind == LEC_CHANNEL_COUNT    ? (double)run->channels[i].count
                       : run->channels[i].desc->kind == LEC_CHANNEL_MANUAL ? manual ? manual[i] : (double)NAN
                                                                           : (double)NAN;
    run_happenings(run, false);
}

/* Whether the value at that time must have come. Polled ones come when they are read, streams in blocks. */
static bool come(const struct lec_run *run, const struct run_channel *c, int64_t t)
{
    const struct run_series *s = &c->series;
    return c->desc->kind != LEC_CHANNEL_POINT || !c->there || !(s->interval_ns > 0) || run->now_ns - t >= c->wait_ns ||
           (s->n > 0 && s->t[s->head + s->n - 1] >= t);
}

static double newest_at(const struct run_channel *c, int64_t t)
{
    const struct run_series *s = &c->series;
    int64_t oldest = run_oldest_use(c);
    for (size_t i = s->head + s->n; i-- > s->head;)
        if (s->t[i] <= t)
            return oldest > 0 && t - s->t[i] > oldest ? (double)NAN : s->v[i];
    return (double)NAN;
}

static void take_row(struct lec_run *run, const struct run_happening *h)
{
    double row[LEC_CHANNELS_MAX];
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_channel *c = &run->channels[i];
        double v = c->desc->kind == LEC_CHANNEL_POINT ? newest_at(c, h->t_ns) : h->values[i];
        lec_calibrate(&c->calibration, &v, &row[i], 1);
        if (c->desc->kind != LEC_CHANNEL_DERIVED)
            run_record(run, c,
                       &(struct run_piece){.first_ns = h->t_ns, .times = &h->t_ns, .values = &v, .stride = 1, .n = 1});
    }
    run_derive_row(run, h->t_ns, row);
}

void run_happenings(struct lec_run *run, bool all)
{
    size_t done = 0;
    if (!run->experiment->on_event)
        return;
    for (bool ready = true; done < run->n_happenings; done++) {
        for (size_t i = 0; i < run->n_channels && !all; i++)
            ready = ready && come(run, &run->channels[i], run->happenings[done].t_ns);
        if (!ready)
            break;
        take_row(run, &run->happenings[done]);
    }
    run->n_happenings -= done;
    memmove(run->happenings, run->happenings + done, run->n_happenings * sizeof *run->happenings);
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_series *s = &run->channels[i].series;
        size_t old = 0;
        while (old + 1 < s->n && s->t[s->head + old + 1] < run->now_ns - KEEP_NS)
            old++;
        run_series_drop(s, s->base + old);
    }
}

int lec_run_hand(struct lec_run *run, const double *values, int64_t now_ns, struct lec_err *err)
{
    (void)lec_run_tick(run, now_ns);
    if (run->state == LEC_RUN_ARMED)
        return lec_fail(err, LEC_E_BUSY, "the run waits for its start condition");
    if (run->state == LEC_RUN_ENDED)
        return lec_fail(err, LEC_E_RANGE, "the run has ended");
    if (run->experiment->on_event) {
        run_happen(run, now_ns, values);
        return 0;
    }
    bool typed = false, any = false;
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_channel *c = &run->channels[i];
        if (c->desc->kind != LEC_CHANNEL_MANUAL)
            continue;
        any = true;
        if (!values || isnan(values[i]))
            continue;
        take_one(run, c, now_ns, values[i]);
        typed = true;
    }
    if (!any)
        return lec_fail(err, LEC_E_RANGE, "%s samples by itself and has no channel to type in", run->experiment->name);
    return typed ? 0 : lec_fail(err, LEC_E_RANGE, "a value is expected for one of the channels that are typed in");
}

/* ---- Events and values -------------------------------------------------------------------------------------- */

void lec_run_event(struct lec_run *run, const struct lec_device *device, const char *event, int64_t now_ns)
{
    (void)lec_run_tick(run, now_ns);
    if (run->state == LEC_RUN_ARMED) {
        int64_t t = run_watch_event(&run->start, device, event, now_ns);
        if (t != LEC_NEVER)
            run_start_met(run, t);
        return;
    }
    for (size_t i = 0; i < run->n_channels && run->state == LEC_RUN_RECORDING; i++) {
        struct run_channel *c = &run->channels[i];
        if (c->desc->kind != LEC_CHANNEL_COUNT || c->desc->device != device || strcmp(c->desc->event, event) != 0)
            continue;
        c->count++;
        if (!run->experiment->on_event)
            take_one(run, c, now_ns, (double)c->count);
    }
    if (run->state != LEC_RUN_RECORDING)
        return;
    int64_t t = run_watch_event(&run->sample, device, event, now_ns);
    if (t != LEC_NEVER)
        run_happen(run, t, NULL);
    t = run_watch_event(&run->stop, device, event, now_ns);
    if (t != LEC_NEVER)
        run_stop_met(run, t);
    run_end_if_due(run);
}

void lec_run_value(struct lec_run *run, const struct lec_point *point, const struct lec_value *value, int64_t now_ns)
{
    (void)lec_run_tick(run, now_ns);
    int64_t sample = run_watch_value(&run->sample, point, value, now_ns);
    int64_t stop = run_watch_value(&run->stop, point, value, now_ns);
    int64_t start = run_watch_value(&run->start, point, value, now_ns);
    if (run->state == LEC_RUN_ARMED) {
        if (start != LEC_NEVER)
            run_start_met(run, start);
        return;
    }
    if (sample != LEC_NEVER) {
        run->sample.since_ns = LEC_NEVER;
        run_happen(run, sample, NULL);
    }
    if (stop != LEC_NEVER)
        run_stop_met(run, stop);
    if (run->state == LEC_RUN_RECORDING)
        run_end_if_due(run);
}
