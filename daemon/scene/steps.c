#include "scene/internal.h"

#include <stdio.h>
#include <string.h>

#include "lectern/log.h"
#include "lectern/parse.h"

static const char *default_reason(enum lec_verdict v)
{
    switch (v) {
    case LEC_V_NONE:
    case LEC_V_CONFIRMED:
    case LEC_V_ALREADY:
    case LEC_V_ACCEPTED:
        return "";
    case LEC_V_TIMEOUT:
        return "no answer in time";
    case LEC_V_REFUSED:
        return "the device refused";
    case LEC_V_AWAY:
        return "the device cannot be reached";
    case LEC_V_SKIPPED:
        return "a step it needs did not succeed";
    case LEC_V_OVERRIDDEN:
        return "somebody else took the point";
    case LEC_V_CANCELLED:
        return "cancelled";
    }
    return "";
}

static bool at_line(const struct lec_scene_run_step *step)
{
    return step->state != LEC_STEP_QUEUED && step->state != LEC_STEP_ENDED;
}

static void mark(struct lec_scene_run *run, struct lec_scene_run_step *step)
{
    step->changed = true;
    run->changed = true;
    run->dirty = true;
}

void lec_step_end(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step,
                  enum lec_verdict verdict, const char *reason)
{
    if (step->state == LEC_STEP_ENDED)
        return;
    step->state = LEC_STEP_ENDED;
    step->verdict = verdict;
    step->stopping = LEC_V_NONE;
    step->took_ns = step->attempt ? lec_now() - step->begun_at : 0;
    if (!reason)
        reason = default_reason(verdict);
    if (reason != step->reason) {
        struct lec_err text;
        lec_fail(&text, 0, "%s", reason);
        memcpy(step->reason, text.text, sizeof step->reason);
    }
    mark(run, step);
    lec_step_journal(s, run, step);
}

/* Asks the line to end the step's operation, which then has LEC_STOP_NS to say how it ended. The line may answer from
 * inside the call. */
static void ask_to_stop(struct lec_scenes *s, struct lec_scene_run_step *step, enum lec_verdict so_that)
{
    step->stopping = so_that;
    step->stop_by = lec_now() + LEC_STOP_NS;
    s->host.stop(s->host.ctx, step->op, LEC_V_CANCELLED);
}

/* Ends the step now, whatever the line is doing with it; what the line says later changes the verdict no more. */
static void end_and_stop(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step,
                         enum lec_verdict verdict, const char *reason)
{
    bool stop = at_line(step) && step->stopping == LEC_V_NONE;
    lec_step_end(s, run, step, verdict, reason);
    if (stop && step->op)
        s->host.stop(s->host.ctx, step->op, verdict == LEC_V_OVERRIDDEN ? LEC_V_OVERRIDDEN : LEC_V_CANCELLED);
}

/* Whether another attempt may end better: nothing came, the device was away, or a limit of ours was reached. A device
 * that said no is not asked again, nor one whose password or settings are wrong. */
static bool worth_retrying(enum lec_verdict verdict, int code)
{
    if (verdict == LEC_V_REFUSED)
        return code == LEC_E_NOMEM || code == LEC_E_BUSY;
    return (verdict == LEC_V_TIMEOUT || verdict == LEC_V_AWAY) && code != LEC_E_CONFIG;
}

/* The present attempt did not succeed: plans another or ends the step. */
static void attempt_failed(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step,
                           enum lec_verdict verdict, int code, const char *reason)
{
    if (step->attempt > step->retry || !worth_retrying(verdict, code)) {
        lec_step_end(s, run, step, verdict, *reason ? reason : NULL);
        return;
    }
    int64_t pause = LEC_RETRY_FIRST_NS;
    for (unsigned i = 1; i < step->attempt && pause < LEC_RETRY_LAST_NS; i++)
        pause *= 2;
    step->state = LEC_STEP_QUEUED;
    step->stopping = LEC_V_NONE;
    step->op = 0;
    step->ready_at = lec_now() + pause;
    struct lec_err text;
    lec_fail(&text, 0, "%s: %s", lec_verdict_name(verdict), *reason ? reason : default_reason(verdict));
    memcpy(step->reason, text.text, sizeof step->reason);
    mark(run, step);
}

static void end_stopped(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step)
{
    if (step->stopping == LEC_V_TIMEOUT) {
        attempt_failed(s, run, step, LEC_V_TIMEOUT, LEC_E_TIMEOUT, "no verdict in time");
        return;
    }
    char reason[LEC_ERR_TEXT];
    snprintf(reason, sizeof reason, "%s%s%s", step->sent ? "cancelled after the command was sent" : "cancelled",
             *run->cancelled_by ? " by " : "", run->cancelled_by);
    lec_step_end(s, run, step, step->stopping, reason);
}

/* Takes from the answer what undo needs; answers that come too late for a verdict still serve for that. */
static void note_values(struct lec_scene_run_step *step, const struct lec_op_result *result)
{
    if (result->before_known && !step->before_known && !step->sent_earlier) {
        step->before_known = true;
        step->before = result->before;
    }
    if (result->verdict == LEC_V_CONFIRMED || result->verdict == LEC_V_ACCEPTED)
        step->sent = true;
    if (result->actual.type != LEC_NONE)
        step->left = result->actual;
    else if (lec_verdict_success(result->verdict))
        step->left = step->value;
}

void lec_step_result(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step,
                     const struct lec_op_result *result)
{
    note_values(step, result);
    step->op = 0;
    run->dirty = true;
    if (step->state == LEC_STEP_ENDED)
        return;
    enum lec_verdict verdict = result->verdict;
    if (lec_verdict_success(verdict)) {
        if (verdict == LEC_V_ALREADY)
            lec_usual_learn_held(s, step->target, step->point, &step->value);
        else if (!step->resumed)
            lec_usual_learn(s, step->target, step->point, &step->value, lec_now() - step->attempt_at);
        lec_step_end(s, run, step, verdict, NULL);
    } else if (step->stopping == LEC_V_CANCELLED || (step->stopping == LEC_V_TIMEOUT && verdict == LEC_V_CANCELLED)) {
        end_stopped(s, run, step);
    } else if (verdict == LEC_V_NONE || verdict == LEC_V_SKIPPED) {
        lec_log(LEC_LOG_ERROR, "scene %s: step %s: the line gave verdict %s", run->scene, step->name,
                lec_verdict_name(verdict));
        lec_step_end(s, run, step, LEC_V_REFUSED, "the line gave no verdict");
    } else {
        attempt_failed(s, run, step, verdict, result->code, result->reason);
    }
}

static int64_t attempt_limit(const struct lec_scene_run_step *step)
{
    int64_t limit = step->timeout_ns;
    if (limit <= 0)
        limit = step->point ? step->point->limit_ns : step->action->timeout_ns;
    if (limit <= 0)
        limit = step->device->timeout_ns;
    return limit > 0 ? limit : LEC_LIMIT_DEFAULT_NS;
}

/* Who is setting the point in another run under way, which the timetable has not started; NULL: nobody. */
static const char *set_elsewhere(const struct lec_scenes *s, const struct lec_scene_run *run,
                                 const struct lec_point *point)
{
    for (size_t r = 0; r < s->n_runs; r++) {
        const struct lec_scene_run *other = s->runs[r];
        for (size_t i = 0; other != run && !other->ended && i < other->n_steps; i++)
            if (other->steps[i].point == point && other->steps[i].state != LEC_STEP_ENDED &&
                strcmp(other->principal, LEC_TIMETABLE) != 0)
                return other->principal;
    }
    return NULL;
}

/* Ends the step if it is left alone. */
static bool left_alone(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step)
{
    char reason[LEC_ERR_TEXT] = "";
    if (!s->host.hands_off || !step->point || step->state == LEC_STEP_ENDED ||
        strcmp(run->principal, LEC_TIMETABLE) != 0 ||
        !s->host.hands_off(s->host.ctx, run->id, step->point, &step->value, set_elsewhere(s, run, step->point), reason))
        return false;
    lec_step_end(s, run, step, LEC_V_OVERRIDDEN, reason);
    return true;
}

void lec_scene_run_leave_alone(struct lec_scenes *s, struct lec_scene_run *run)
{
    for (size_t i = 0; i < run->n_steps; i++)
        (void)left_alone(s, run, &run->steps[i]);
}

static void begin(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step, int64_t now)
{
    if (!step->point && !step->action) {
        lec_step_end(s, run, step, LEC_V_REFUSED, "the room no longer has it");
        return;
    }
    if (step->attempt == 0 && left_alone(s, run, step))
        return;
    bool readable = step->point && step->point->confirm && (step->point->access & LEC_READ);
    if (step->attempt++ == 0) {
        step->begun_at = now;
        /* A point that cannot be read back has no value worth trusting. */
        if (readable && !step->before_known && !step->guess_known && !step->sent)
            step->guess_known = s->host.last(s->host.ctx, step->point, &step->guess) == LEC_GOOD;
    }
    step->attempt_at = now;
    step->sent_earlier = step->sent;
    step->reason[0] = '\0';
    step->state = readable ? LEC_STEP_CHECKING : LEC_STEP_SENDING;
    mark(run, step);
    int64_t limit = attempt_limit(step);
    if (limit > run->deadline - now)
        limit = run->deadline - now;
    step->attempt_until = now + limit + LEC_GRACE_NS;
    /* An action cannot be checked before it is repeated: that it was begun is kept before it is. */
    if (step->is_action)
        lec_scene_run_keep(s, run);
    struct lec_op_request request = {
        .point = step->point,
        .action = step->action,
        .value = step->is_action ? NULL : &step->value,
        .args = step->args,
        .check_first = readable,
        .timeout_ns = limit,
        .principal = run->principal,
        .scene = run->scene,
    };
    struct lec_err err = {0};
    s->handing = true;
    step->op = s->host.start(s->host.ctx, &request, &err);
    s->handing = false;
    if (step->op == 0)
        attempt_failed(s, run, step, LEC_V_REFUSED, err.code, err.text);
}

/* A queued step: skipped, begun, or still waiting. Returns whether it changed. */
static bool advance_queued(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step,
                           int64_t now)
{
    bool ready = true;
    for (size_t k = 0; k < run->n_steps; k++) {
        const struct lec_scene_run_step *needed = &run->steps[k];
        if (!(step->after & (UINT64_C(1) << k)))
            continue;
        if (needed->state != LEC_STEP_ENDED) {
            ready = false;
        } else if (!*run->undoes && !lec_verdict_success(needed->verdict)) {
            struct lec_err text;
            lec_fail(&text, 0, "needs %s, which ended %s", needed->name, lec_verdict_name(needed->verdict));
            lec_step_end(s, run, step, LEC_V_SKIPPED, text.text);
            return true;
        }
    }
    if (!ready)
        return false;
    if (step->ready_at == LEC_NEVER)
        step->ready_at = now + step->delay_ns;
    if (now < step->ready_at)
        return false;
    begin(s, run, step, now);
    return true;
}

/* A step at its line: the line's own time-outs come first, these are for a line that says nothing. */
static bool advance_at_line(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step,
                            int64_t now)
{
    if (step->stopping != LEC_V_NONE && now >= step->stop_by) {
        end_stopped(s, run, step);
        return true;
    }
    if (step->stopping == LEC_V_NONE && now >= step->attempt_until) {
        ask_to_stop(s, step, LEC_V_TIMEOUT);
        return true;
    }
    return false;
}

static void end_late(struct lec_scenes *s, struct lec_scene_run *run)
{
    char limit[32];
    lec_print_duration(run->deadline_ns, limit, sizeof limit);
    for (size_t i = 0; i < run->n_steps; i++) {
        struct lec_scene_run_step *step = &run->steps[i];
        if (step->state == LEC_STEP_ENDED)
            continue;
        struct lec_err text;
        if (*step->reason)
            lec_fail(&text, 0, "the scene's %s were over; before, %s", limit, step->reason);
        else
            lec_fail(&text, 0, "the scene's %s were over", limit);
        bool cancelled = step->stopping == LEC_V_CANCELLED;
        end_and_stop(s, run, step, cancelled ? LEC_V_CANCELLED : LEC_V_TIMEOUT, cancelled ? NULL : text.text);
    }
}

bool lec_scene_run_advance(struct lec_scenes *s, struct lec_scene_run *run)
{
    bool any = false;
    int64_t now = lec_now();
    if (now >= run->deadline) {
        end_late(s, run);
        any = true;
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < run->n_steps; i++) {
            struct lec_scene_run_step *step = &run->steps[i];
            if (step->state == LEC_STEP_QUEUED)
                more |= advance_queued(s, run, step, now);
            else if (step->state != LEC_STEP_ENDED)
                more |= advance_at_line(s, run, step, now);
        }
        any |= more;
    }
    if (!run->ready && lec_scene_run_is_ready(run)) {
        run->ready = true;
        run->changed = true;
        run->dirty = true;
    }
    enum lec_scene_run_verdict verdict = lec_scene_run_verdict(run);
    if (verdict != LEC_RUN_RUNNING) {
        lec_scene_run_end(s, run, verdict);
        any = true;
    }
    return any;
}

void lec_scene_run_end(struct lec_scenes *s, struct lec_scene_run *run, enum lec_scene_run_verdict verdict)
{
    run->ended = true;
    run->verdict = verdict;
    run->took_ns = lec_now() - run->started_at;
    run->ended_at = lec_now();
    run->ended_us = lec_wall_us();
    run->ended_no = ++s->ended_no;
    run->changed = true;
    run->dirty = true;
    lec_scene_run_journal(s, run, "ended");
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t lec_scene_run_due(const struct lec_scene_run *run)
{
    int64_t due = run->deadline;
    bool moving = false;
    for (size_t i = 0; i < run->n_steps; i++) {
        const struct lec_scene_run_step *step = &run->steps[i];
        if (step->state == LEC_STEP_ENDED)
            continue;
        if (step->state == LEC_STEP_QUEUED)
            due = earlier(due, step->ready_at);
        else
            due = earlier(due, step->stopping != LEC_V_NONE ? step->stop_by : step->attempt_until);
        moving |= at_line(step) && lec_step_left(step) > 0;
    }
    return moving ? earlier(due, run->progress_at) : due;
}

void lec_scene_run_cancel(struct lec_scenes *s, struct lec_scene_run *run, const char *principal, const char *reason)
{
    run->cancelling = true;
    run->changed = true;
    run->dirty = true;
    snprintf(run->cancelled_by, sizeof run->cancelled_by, "%s", principal);
    for (size_t i = 0; i < run->n_steps; i++) {
        struct lec_scene_run_step *step = &run->steps[i];
        if (step->state == LEC_STEP_QUEUED)
            lec_step_end(s, run, step, LEC_V_CANCELLED, reason);
        else if (at_line(step) && step->stopping != LEC_V_NONE)
            step->stopping = LEC_V_CANCELLED;
        else if (at_line(step))
            ask_to_stop(s, step, LEC_V_CANCELLED);
    }
}

static const struct lec_scene_run_step *sets_point(const struct lec_scene_run *run, const struct lec_point *point)
{
    for (size_t i = 0; i < run->n_steps; i++)
        if (run->steps[i].point == point && run->steps[i].state != LEC_STEP_ENDED)
            return &run->steps[i];
    return NULL;
}

void lec_scene_run_take_over(struct lec_scenes *s, struct lec_scene_run *run)
{
    char reason[LEC_ERR_TEXT];
    snprintf(reason, sizeof reason, "taken over by %s%s", *run->undoes ? "" : "scene ", run->scene);
    for (size_t r = 0; r < s->n_runs; r++) {
        struct lec_scene_run *other = s->runs[r];
        for (size_t i = 0; other != run && i < other->n_steps; i++) {
            struct lec_scene_run_step *step = &other->steps[i];
            if (!step->point || !sets_point(run, step->point))
                continue;
            step->taken = true;
            other->dirty = true;
            if (step->state == LEC_STEP_ENDED)
                continue;
            if (step->stopping == LEC_V_CANCELLED)
                end_stopped(s, other, step);
            else
                end_and_stop(s, other, step, LEC_V_OVERRIDDEN, reason);
        }
    }
}
