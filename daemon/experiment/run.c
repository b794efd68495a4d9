/* A run from its beginning to its end. */
#include "experiment/experiment.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "lectern/parse.h"

/* ---- Making ------------------------------------------------------------------------------------------------- */

static int channel_new(struct run_channel *c, const struct lec_channel *desc, const struct lec_run_source *source,
                       bool on_event)
{
    c->desc = desc;
    c->index = desc->index;
    c->last_raw = (double)NAN;
    lec_calibration_none(&c->calibration);
    if (desc->kind == LEC_CHANNEL_POINT) {
        if (source) {
            c->calibration = source->calibration;
            c->period_ns = source->period_ns > 0 ? source->period_ns : 0;
        }
        c->want_ns = desc->rate_hz > 0 ? (double)LEC_SEC / desc->rate_hz : 0;
        c->wait_ns = RUN_WAIT_NS;
        c->used = on_event;
    } else {
        c->there = true;
    }
    c->pending.values = malloc(LEC_RUN_PENDING * sizeof(double));
    c->pending.times = malloc(LEC_RUN_PENDING * sizeof(int64_t));
    return c->pending.values && c->pending.times ? 0 : LEC_E_NOMEM;
}

static int fill(struct lec_run *run, const struct lec_run_source *sources)
{
    const struct lec_experiment *e = run->experiment;
    run->channels = calloc(e->n_channels, sizeof *run->channels);
    run->held = calloc(RUN_HELD, sizeof *run->held);
    if (!run->channels || !run->held)
        return LEC_E_NOMEM;
    run->n_channels = e->n_channels;
    for (size_t i = 0; i < e->n_channels; i++)
        if (channel_new(&run->channels[i], &e->channels[i], sources ? &sources[i] : NULL, e->on_event) < 0)
            return LEC_E_NOMEM;
    if (e->on_event) {
        run->happenings = calloc(RUN_EVENTS, sizeof *run->happenings);
        if (!run->happenings)
            return LEC_E_NOMEM;
    }
    return run_derive_new(run);
}

int lec_run_new(const struct lec_experiment *experiment, const struct lec_run_source *sources,
                const struct lec_run_host *host, int64_t now_ns, int64_t wall_us, struct lec_run **out,
                struct lec_err *err)
{
    struct lec_run *run = calloc(1, sizeof *run);
    if (!run)
        return lec_fail(err, LEC_E_NOMEM, "no memory for a run");
    run->experiment = experiment;
    run->host = *host;
    run->state = LEC_RUN_ARMED;
    run->now_ns = run->armed_ns = now_ns;
    run->wall_us = wall_us;
    run->end_ns = LEC_NEVER;
    if (fill(run, sources) < 0) {
        lec_run_free(&run);
        return lec_fail(err, LEC_E_NOMEM, "no memory for a run of %s", experiment->name);
    }
    run_watch_begin(&run->start, &experiment->start, now_ns, wall_us);
    run_watch_begin(&run->stop, &experiment->stop, now_ns, wall_us);     /* these two begin again with the recording, */
    run_watch_begin(&run->sample, &experiment->sample, now_ns, wall_us); /* but know what their point had before */
    *out = run;
    if (!run->start.condition)
        run_begin(run, now_ns);
    return 0;
}

void lec_run_free(struct lec_run **slot)
{
    struct lec_run *run = *slot;
    if (!run)
        return;
    run_forget(run);
    run_derive_free(run);
    for (size_t i = 0; i < run->n_channels; i++) {
        free(run->channels[i].pending.values);
        free(run->channels[i].pending.times);
    }
    free(run->happenings);
    free(run->channels);
    free(run->held);
    free(run);
    *slot = NULL;
}

/* ---- Beginning ---------------------------------------------------------------------------------------------- */

static void tell_held_marks(struct lec_run *run)
{
    for (size_t i = 0; i < run->n_held; i++) {
        struct lec_run_mark mark = run->held[i];
        if (mark.t_ns >= run->start_ns - run->experiment->pre_ns)
            run_mark_put(run, &mark, mark.t_ns, mark.by[0] == '\0');
    }
    run->n_held = 0;
}

void run_begin(struct lec_run *run, int64_t start_ns)
{
    const struct lec_experiment *e = run->experiment;
    bool triggered = run->start.condition != NULL;
    for (size_t i = 0; i < run->n_channels; i++)
        run_pending_out(run, &run->channels[i]); /* to what is kept */
    run->state = LEC_RUN_RECORDING;
    run->begun = true;
    run->start_ns = start_ns;
    run->correction_us = 0;
    int64_t longest = e->duration_ns > 0 && e->duration_ns < LEC_RUN_LONGEST_NS ? e->duration_ns : LEC_RUN_LONGEST_NS;
    run->host.begun(run->host.ctx, start_ns);
    if (triggered)
        run_mark(run, "trigger", "", start_ns, 0, "%s", run->start.condition->text ? run->start.condition->text : "");
    for (size_t i = 0; i < run->n_channels; i++)
        if (run->channels[i].cut_ns > 0 && run->channels[i].cut_ns >= start_ns - e->pre_ns)
            run_mark(run, "limit", e->channels[i].name, run->channels[i].cut_ns, 0,
                     "nothing is kept from before here: there was no more room for it");
    tell_held_marks(run);
    run->end_ns = start_ns + longest; /* run_end_at brings it forward */
    run->end_status = "done";
    snprintf(run->end_reason, sizeof run->end_reason, "%s",
             e->duration_ns > 0 ? "duration" : "the longest that a run may last");
    run_watch_begin(&run->stop, &e->stop, start_ns, run->wall_us + (start_ns - run->armed_ns) / 1000);
    run_watch_begin(&run->sample, &e->sample, start_ns - 1, 0);
    run_derive_reset(run);
    run_counts_begin(run);
    run_release(run);
}

void run_start_met(struct lec_run *run, int64_t t_ns)
{
    if (run->state == LEC_RUN_ARMED)
        run_begin(run, t_ns);
}

/* ---- Ending ------------------------------------------------------------------------------------------------- */

void run_end_at(struct lec_run *run, int64_t end_ns, const char *status, const char *reason)
{
    if (run->state != LEC_RUN_RECORDING || end_ns >= run->end_ns)
        return;
    run->end_ns = end_ns;
    run->end_status = status;
    snprintf(run->end_reason, sizeof run->end_reason, "%s", reason);
}

void run_stop_met(struct lec_run *run, int64_t end_ns)
{
    const char *text = run->experiment->stop.text;
    run_end_at(run, end_ns, "done", text ? text : "stop condition");
}

/* What has not come by the end is missing, and nobody else will say so. */
static void tell_missing_ends(struct lec_run *run, int64_t end_ns)
{
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_channel *c = &run->channels[i];
        if (c->desc->kind != LEC_CHANNEL_POINT || run->experiment->on_event)
            continue;
        double every = c->want_ns > (double)c->period_ns ? c->want_ns : (double)c->period_ns;
        if (c->source_every > every)
            every = c->source_every;
        int64_t from = c->stored ? c->stored_ns : run->start_ns;
        double missing = every > 0 ? (double)(end_ns - from) / every - (c->stored ? 1 : 0) : 0;
        uint64_t lost = missing > 0 ? (uint64_t)(missing + 0.5) : 0;
        if (!c->stored) {
            lost = lost > c->unsaid ? lost : c->unsaid;
            run_lost(c, lost);
            run_mark(run, "gap", c->desc->name, end_ns, lost, "never delivered");
        } else if (end_ns - from > (int64_t)(3 * every) + LEC_SEC && every > 0) {
            run_lost(c, lost);
            run_mark(run, "gap", c->desc->name, end_ns, lost, "nothing came for the last %.3f s",
                     (double)(end_ns - from) * 1e-9);
        } else if (c->unsaid > 0) {
            run_lost(c, c->unsaid);
            run_mark(run, "gap", c->desc->name, end_ns, c->unsaid,
                     "%" PRIu64 " samples were left out: their times lay before those of others or far ahead",
                     c->unsaid);
        }
        c->unsaid = 0;
    }
}

static void finish(struct lec_run *run, int64_t end_ns, const char *status, const char *reason)
{
    if (run->state == LEC_RUN_RECORDING) {
        run_happenings(run, true);
        run_derive(run, true);
        for (size_t i = 0; i < run->n_channels; i++)
            run_pending_out(run, &run->channels[i]);
        tell_missing_ends(run, end_ns);
        if (run->left_out > 0) {
            struct lec_run_mark mark = {.kind = "limit", .t_ns = end_ns - run->start_ns};
            snprintf(mark.text, sizeof mark.text, "%" PRIu64 " more marks were not kept", run->left_out);
            run->host.mark(run->host.ctx, &mark);
        }
    }
    run_forget(run);
    run->state = LEC_RUN_ENDED;
    run->now_ns = end_ns > run->now_ns ? end_ns : run->now_ns;
    run->end_ns = end_ns;
    run->end_status = status;
    run->host.ended(run->host.ctx, status, reason);
}

/* Every channel that still delivers has delivered up to the end. */
static bool complete(const struct lec_run *run)
{
    for (size_t i = 0; i < run->n_channels; i++) {
        const struct run_channel *c = &run->channels[i];
        if (c->desc->kind == LEC_CHANNEL_POINT && c->there && c->seen && c->source_every > 0 &&
            (double)c->source_ns + c->source_every < (double)run->end_ns)
            return false;
    }
    return run->n_happenings == 0;
}

void run_end_if_due(struct lec_run *run)
{
    if (run->state != LEC_RUN_RECORDING || run->now_ns < run->end_ns)
        return;
    if (!complete(run) && run->now_ns < run->end_ns + RUN_GRACE_NS)
        return;
    char reason[LEC_ERR_TEXT];
    snprintf(reason, sizeof reason, "%s", run->end_reason);
    finish(run, run->end_ns, run->end_status, reason);
}

void lec_run_stop(struct lec_run *run, const char *status, const char *reason, int64_t now_ns)
{
    if (run->state == LEC_RUN_ENDED)
        return;
    if (now_ns > run->now_ns)
        run->now_ns = now_ns;
    if (run->state == LEC_RUN_RECORDING && run->end_ns <= now_ns) { /* it was over before, by itself */
        char own[LEC_ERR_TEXT];
        snprintf(own, sizeof own, "%s", run->end_reason);
        finish(run, run->end_ns, run->end_status, own);
        return;
    }
    finish(run, run->now_ns, status, reason);
}

/* ---- Time --------------------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What time alone brings about. */
static void pass(struct lec_run *run, int64_t now_ns)
{
    if (now_ns > run->now_ns)
        run->now_ns = now_ns;
    int64_t due = run_watch_due(&run->start);
    if (run->state == LEC_RUN_ARMED && due <= run->now_ns)
        run_start_met(run, due);
    due = run_watch_due(&run->stop);
    if (run->state == LEC_RUN_RECORDING && due <= run->now_ns)
        run_stop_met(run, due);
    due = run_watch_due(&run->sample);
    if (run->state == LEC_RUN_RECORDING && due <= run->now_ns) {
        run->sample.since_ns = LEC_NEVER;
        run_happen(run, due, NULL);
    }
}

int64_t lec_run_tick(struct lec_run *run, int64_t now_ns)
{
    pass(run, now_ns);
    run_end_if_due(run);
    switch (run->state) {
    case LEC_RUN_ARMED:
        return run_watch_due(&run->start);
    case LEC_RUN_RECORDING: {
        int64_t end = run->now_ns < run->end_ns ? run->end_ns : run->end_ns + RUN_GRACE_NS;
        return earlier(end, earlier(run_watch_due(&run->stop), run_watch_due(&run->sample)));
    }
    case LEC_RUN_ENDED:
        break;
    }
    return LEC_NEVER;
}

void lec_run_flush(struct lec_run *run, int64_t now_ns)
{
    pass(run, now_ns);
    if (run->state == LEC_RUN_ENDED)
        return;
    run_happenings(run, false);
    run_derive(run, false);
    run_end_if_due(run);
    for (size_t i = 0; run->state == LEC_RUN_RECORDING && i < run->n_channels; i++)
        run_pending_out(run, &run->channels[i]);
}

/* ---- What else is told -------------------------------------------------------------------------------------- */

void lec_run_presence(struct lec_run *run, const struct lec_device *device, bool there, const char *reason,
                      int64_t now_ns)
{
    const struct run_channel *found = NULL;
    size_t n = 0;
    bool changed = false;
    pass(run, now_ns);
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_channel *c = &run->channels[i];
        if (c->desc->device != device || c->desc->kind != LEC_CHANNEL_POINT)
            continue;
        changed = changed || c->away == there;
        c->away = !there;
        c->there = there && c->seen;
        found = c;
        n++;
    }
    if (!changed)
        return;
    if (!there)
        run->start.since_ns = run->stop.since_ns = LEC_NEVER;
    run_mark(run, there ? "replug" : "unplug", n == 1 ? found->desc->name : "", now_ns, 0, "%s%s%s", device->name,
             reason && reason[0] ? ": " : "", reason ? reason : "");
}

void lec_run_clock(struct lec_run *run, int64_t correction_us, int64_t now_ns)
{
    pass(run, now_ns);
    if (run->state == LEC_RUN_ENDED || correction_us == run->correction_us)
        return;
    int64_t by_us = correction_us - run->correction_us;
    for (size_t i = 0; i < run->n_channels; i++)
        if (run->state == LEC_RUN_RECORDING)
            run_pending_out(run, &run->channels[i]);
    run->correction_us = correction_us;
    run->wall_us += by_us;
    if (run->state == LEC_RUN_RECORDING)
        run_mark(run, "clock", "", now_ns, 0, "the clock was set %s by %.3f s", by_us > 0 ? "forward" : "back",
                 (double)(by_us > 0 ? by_us : -by_us) * 1e-6);
    struct run_watch *w = run->state == LEC_RUN_ARMED ? &run->start : &run->stop;
    if (w->condition && w->condition->kind == LEC_COND_AT)
        run_watch_begin(w, w->condition, now_ns, run->wall_us + (now_ns - run->armed_ns) / 1000);
}

void lec_run_note(struct lec_run *run, const char *text, const char *by, int64_t now_ns)
{
    struct lec_run_mark mark = {.kind = "mark"};
    pass(run, now_ns);
    (void)lec_copy_utf8(mark.text, sizeof mark.text, text, strlen(text));
    (void)lec_copy_utf8(mark.by, sizeof mark.by, by, strlen(by));
    run_mark_put(run, &mark, now_ns, false);
}

void lec_run_hole(struct lec_run *run, int64_t from_ns, int64_t now_ns, const char *reason)
{
    pass(run, now_ns);
    run_mark(run, "full", "", from_ns, run->unstored, "%s", reason);
    run_mark(run, "resumed", "", now_ns, run->unstored, "recorded again after %.1f s; %" PRIu64 " samples are missing",
             (double)(now_ns - from_ns) * 1e-9, run->unstored);
    run->unstored = 0;
}

void lec_run_unstored(struct lec_run *run, size_t channel, uint64_t n)
{
    if (channel >= run->n_channels)
        return;
    struct run_channel *c = &run->channels[channel];
    n = n < c->samples ? n : c->samples;
    c->samples -= n;
    run->unstored += n;
    run_lost(c, n);
    c->unstored += n;
}
