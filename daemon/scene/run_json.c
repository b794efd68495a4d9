#include "scene/internal.h"

#include <string.h>

#include "lectern/member.h"

int64_t lec_step_left(const struct lec_scene_run_step *step)
{
    if (step->state == LEC_STEP_ENDED)
        return 0;
    if (step->state == LEC_STEP_QUEUED)
        return step->usual_ns;
    int64_t left = step->usual_ns - (lec_now() - step->attempt_at);
    return left > 0 ? left : 0;
}

bool lec_scene_run_estimate(const struct lec_scene_run *run, int64_t *expected_ns, int64_t *left_ns)
{
    uint64_t after[LEC_STEPS_MAX];
    int64_t delay[LEC_STEPS_MAX], takes[LEC_STEPS_MAX];
    int64_t now = lec_now();
    for (size_t i = 0; i < run->n_steps; i++) {
        const struct lec_scene_run_step *step = &run->steps[i];
        bool may_hold = step->held_before && (step->state == LEC_STEP_QUEUED || step->state == LEC_STEP_CHECKING);
        if (step->state != LEC_STEP_ENDED && step->usual_ns <= 0 && !may_hold)
            return false;
        after[i] = step->after;
        takes[i] = lec_step_left(step);
        delay[i] = 0;
        if (step->state == LEC_STEP_QUEUED && step->ready_at == LEC_NEVER)
            delay[i] = step->delay_ns;
        else if (step->state == LEC_STEP_QUEUED && step->ready_at > now)
            delay[i] = step->ready_at - now;
    }
    *left_ns = lec_usual_path(run->n_steps, after, delay, takes);
    *expected_ns = now - run->started_at + *left_ns;
    return true;
}

static const char *step_state(const struct lec_scene_run_step *step)
{
    switch (step->state) {
    case LEC_STEP_QUEUED:
        return "queued";
    case LEC_STEP_CHECKING:
        return "checking";
    case LEC_STEP_SENDING:
        return "sending";
    case LEC_STEP_WAITING:
        return "waiting";
    case LEC_STEP_ENDED:
        break;
    }
    return lec_verdict_name(step->verdict);
}

void lec_scene_run_step_json(const struct lec_scene_run_step *step, struct lec_buf *json)
{
    lec_member_str(json, "target", step->target);
    if (!step->is_action) {
        lec_member_value(json, "value", &step->value);
        return;
    }
    lec_json_key(json, "args");
    lec_buf_putc(json, '[');
    for (size_t i = 0; i < step->n_args; i++) {
        lec_json_next(json);
        lec_json_value(json, &step->args[i]);
    }
    lec_buf_putc(json, ']');
}

/* What undo would put back for this step, so that a page can say it before somebody asks for it. */
static void put_before(const struct lec_scene_run_step *step, struct lec_buf *json)
{
    if (!step->sent || step->is_action || !step->point || !step->point->undo)
        return;
    const struct lec_value *before = step->before_known ? &step->before : step->guess_known ? &step->guess : NULL;
    if (!before || lec_point_check(step->point, before, NULL) < 0)
        return;
    lec_member_value(json, "before", before);
}

static void put_step(struct lec_scene_run_step *step, struct lec_buf *json)
{
    lec_buf_putc(json, '{');
    lec_member_str(json, "name", step->name);
    lec_scene_run_step_json(step, json);
    lec_member_str(json, "state", step_state(step));
    lec_member_bool(json, "optional", step->optional);
    if (step->attempt > 1)
        lec_member_int(json, "attempt", step->attempt);
    if (step->state == LEC_STEP_ENDED) {
        lec_member_int(json, "ms", step->took_ns / LEC_MS);
    } else if (step->usual_ns > 0) {
        int64_t left_ms = lec_step_left(step) / LEC_MS;
        lec_member_int(json, "expected_ms", step->usual_ns / LEC_MS);
        lec_member_int(json, "remaining_ms", left_ms);
    }
    lec_member_str_if_any(json, "reason", step->reason);
    put_before(step, json);
    lec_buf_putc(json, '}');
}

void lec_scene_run_json(struct lec_scene_run *run, bool changed_only, struct lec_buf *json)
{
    lec_member_str(json, "run", run->id);
    lec_member_str(json, "scene", run->scene);
    lec_member_str(json, "principal", run->principal);
    lec_member_int(json, "started", run->time_us);
    lec_member_str(json, "state", lec_scene_run_state_name(run->verdict));
    lec_member_bool(json, "ready", run->ready);
    lec_member_int(json, "ms", (run->ended ? run->took_ns : lec_now() - run->started_at) / LEC_MS);
    int64_t expected, left;
    if (!run->ended && lec_scene_run_estimate(run, &expected, &left)) {
        lec_member_int(json, "expected_ms", expected / LEC_MS);
        lec_member_int(json, "remaining_ms", left / LEC_MS);
    }
    lec_member_str_if_any(json, "undoes", run->undoes);
    lec_json_key(json, "steps");
    lec_buf_putc(json, '[');
    for (size_t i = 0; i < run->n_steps; i++) {
        if (changed_only && !run->steps[i].changed)
            continue;
        lec_json_next(json);
        put_step(&run->steps[i], json);
    }
    lec_buf_putc(json, ']');
}

void lec_scene_run_publish(struct lec_scenes *s, struct lec_scene_run *run)
{
    struct lec_buf json;
    lec_buf_init(&json, LEC_RUN_TEXT_MAX);
    lec_buf_putc(&json, '{');
    lec_scene_run_json(run, true, &json);
    lec_buf_putc(&json, '}');
    run->changed = false;
    run->progress_at = lec_now() + LEC_PROGRESS_NS;
    for (size_t i = 0; i < run->n_steps; i++) {
        run->steps[i].changed = false;
        run->steps[i].told_left_ms = lec_step_left(&run->steps[i]) / LEC_MS;
    }
    if (!json.failed)
        s->host.publish(s->host.ctx, run->scene, json.data);
    lec_buf_done(&json);
}

void lec_scene_run_progress(struct lec_scenes *s, struct lec_scene_run *run)
{
    if (lec_now() < run->progress_at)
        return;
    bool any = false;
    for (size_t i = 0; i < run->n_steps; i++) {
        struct lec_scene_run_step *step = &run->steps[i];
        if (step->state == LEC_STEP_QUEUED || step->usual_ns <= 0 || lec_step_left(step) / LEC_MS == step->told_left_ms)
            continue;
        step->changed = true;
        any = true;
    }
    if (any)
        lec_scene_run_publish(s, run);
    else
        run->progress_at = lec_now() + LEC_PROGRESS_NS;
}

void lec_scene_run_journal(struct lec_scenes *s, const struct lec_scene_run *run, const char *what)
{
    struct lec_buf json;
    lec_buf_init(&json, 4096);
    lec_buf_putc(&json, '{');
    lec_member_str(&json, "run", run->id);
    lec_member_str(&json, "what", what);
    if (run->ended) {
        lec_member_str(&json, "verdict", lec_scene_run_state_name(run->verdict));
        lec_member_int(&json, "ms", run->took_ns / LEC_MS);
    }
    lec_member_str_if_any(&json, "undoes", run->undoes);
    lec_member_str_if_any(&json, "cancelled_by", run->cancelled_by);
    lec_buf_putc(&json, '}');
    if (!json.failed)
        s->host.journal(s->host.ctx, "scene", "", run->scene, run->principal, json.data);
    lec_buf_done(&json);
}

void lec_step_journal(struct lec_scenes *s, const struct lec_scene_run *run, const struct lec_scene_run_step *step)
{
    char device[LEC_NAME_MAX + 1] = "";
    size_t n = strcspn(step->target, ".");
    if (n < sizeof device) {
        memcpy(device, step->target, n);
        device[n] = '\0';
    }
    struct lec_buf json;
    lec_buf_init(&json, 64 * 1024);
    lec_buf_putc(&json, '{');
    lec_member_str(&json, "run", run->id);
    lec_member_str(&json, "step", step->name);
    lec_scene_run_step_json(step, &json);
    lec_member_str(&json, "verdict", lec_verdict_name(step->verdict));
    lec_member_int(&json, "ms", step->took_ns / LEC_MS);
    if (step->attempt > 1)
        lec_member_int(&json, "attempt", step->attempt);
    lec_member_str_if_any(&json, "reason", step->reason);
    lec_buf_putc(&json, '}');
    if (!json.failed)
        s->host.journal(s->host.ctx, "step", device, run->scene, run->principal, json.data);
    lec_buf_done(&json);
}
