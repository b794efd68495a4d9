/* What a scene would do, from fresh reads, without touching a device. */
#include "scene/internal.h"

#include <stdlib.h>
#include <string.h>

#include "lectern/member.h"

struct lec_plan {
    struct lec_scene_run *run; /* the scene's graph; never launched */
    void (*done)(void *ctx, const char *json);
    void *ctx;
    int64_t deadline;
    size_t waiting; /* reads not yet answered */
    bool issuing;   /* reads are still being asked for */
    struct {
        uint64_t token; /* 0: not waiting */
        enum lec_quality quality;
        struct lec_value value;
    } reads[LEC_STEPS_MAX];
};

enum would { WOULD_SET, WOULD_SKIP, WOULD_AWAY, WOULD_INVOKE, WOULD_UNKNOWN };
static const char *const would_names[] = {"set", "skip", "away", "invoke", "unknown"};

static bool has_readable(const struct lec_scene_run_step *step)
{
    return step->point && step->point->confirm && (step->point->access & LEC_READ);
}

/* Whether any point of the device is known to be good now: then a point that is not good has a trouble of its own. */
static bool device_answers(const struct lec_scenes *s, const struct lec_device *device)
{
    struct lec_value v;
    for (size_t i = 0; i < device->n_points; i++)
        if (s->host.last(s->host.ctx, &device->points[i], &v) == LEC_GOOD)
            return true;
    return false;
}

/* Whether a step before this one sets `point`; its value then is in *v. */
static bool set_before(const struct lec_scene_run *run, uint64_t before, const struct lec_point *point,
                       struct lec_value *v)
{
    bool found = false;
    for (size_t k = 0; k < run->n_steps; k++) {
        if ((before & (UINT64_C(1) << k)) && run->steps[k].point == point) {
            *v = run->steps[k].value;
            found = true;
        }
    }
    return found;
}

static enum would would_do(const struct lec_scenes *s, const struct lec_plan *plan, size_t i, uint64_t before)
{
    const struct lec_scene_run_step *step = &plan->run->steps[i];
    struct lec_value v;
    if (step->is_action)
        return WOULD_INVOKE;
    if (!has_readable(step))
        return WOULD_SET;
    if (set_before(plan->run, before, step->point, &v))
        return lec_value_meets(&v, &step->value, step->point->tolerance) ? WOULD_SKIP : WOULD_SET;
    if (plan->reads[i].quality == LEC_GOOD)
        return lec_value_meets(&plan->reads[i].value, &step->value, step->point->tolerance) ? WOULD_SKIP : WOULD_SET;
    const struct lec_when *when = &step->point->when;
    if (when->point && s->host.last(s->host.ctx, when->point, &v) == LEC_GOOD && !lec_when_open(when, &v))
        return set_before(plan->run, before, when->point, &v) && lec_when_open(when, &v) ? WOULD_SET : WOULD_UNKNOWN;
    return device_answers(s, step->device) ? WOULD_UNKNOWN : WOULD_AWAY;
}

static void put_step(const struct lec_scene_run *run, const struct lec_scene_run_step *step, enum would would,
                     struct lec_buf *json)
{
    lec_json_next(json);
    lec_buf_putc(json, '{');
    lec_member_str(json, "name", step->name);
    lec_scene_run_step_json(step, json);
    lec_json_key(json, "after");
    lec_buf_putc(json, '[');
    for (size_t k = 0; k < run->n_steps; k++) {
        if (step->after & (UINT64_C(1) << k)) {
            lec_json_next(json);
            lec_json_str(json, run->steps[k].name);
        }
    }
    lec_buf_putc(json, ']');
    lec_member_bool(json, "optional", step->optional);
    lec_member_str(json, "would", would_names[would]);
    if (step->usual_ns > 0)
        lec_member_int(json, "usual_ms", step->usual_ns / LEC_MS);
    lec_buf_putc(json, '}');
}

static void put_plan(struct lec_scenes *s, struct lec_plan *plan, struct lec_buf *json)
{
    struct lec_scene_run *run = plan->run;
    uint64_t reach[LEC_STEPS_MAX], after[LEC_STEPS_MAX];
    int64_t delay[LEC_STEPS_MAX], takes[LEC_STEPS_MAX];
    bool known = true;
    lec_scene_run_reach(run, reach);
    lec_buf_putc(json, '{');
    lec_member_str(json, "scene", run->scene);
    lec_json_key(json, "steps");
    lec_buf_putc(json, '[');
    for (size_t i = 0; i < run->n_steps; i++) {
        struct lec_scene_run_step *step = &run->steps[i];
        enum would would = would_do(s, plan, i, reach[i]);
        bool acts = would != WOULD_SKIP && would != WOULD_AWAY;
        step->usual_ns = lec_usual(s, step->target, step->point, &step->value);
        after[i] = step->after;
        delay[i] = step->delay_ns;
        takes[i] = acts ? step->usual_ns : 0;
        known &= !acts || step->usual_ns > 0 ||
                 (would == WOULD_UNKNOWN && lec_usual_held_before(s, step->target, &step->value));
        put_step(run, step, would, json);
    }
    lec_buf_putc(json, ']');
    if (known)
        lec_member_int(json, "expected_ms", lec_usual_path(run->n_steps, after, delay, takes) / LEC_MS);
    lec_buf_putc(json, '}');
}

/* Answers, and forgets the plan. */
static void finish(struct lec_scenes *s, size_t slot, bool drop)
{
    struct lec_plan *plan = s->plans[slot];
    s->plans[slot] = NULL;
    if (!drop) {
        struct lec_buf json;
        lec_buf_init(&json, LEC_RUN_TEXT_MAX);
        put_plan(s, plan, &json);
        plan->done(plan->ctx, json.failed ? NULL : json.data);
        lec_buf_done(&json);
    }
    lec_scene_run_free(&plan->run);
    free(plan);
}

static void take_last_known(struct lec_scenes *s, struct lec_plan *plan)
{
    for (size_t i = 0; i < plan->run->n_steps; i++)
        if (has_readable(&plan->run->steps[i]))
            plan->reads[i].quality = s->host.last(s->host.ctx, plan->run->steps[i].point, &plan->reads[i].value);
}

static void ask(struct lec_scenes *s, struct lec_plan *plan)
{
    plan->issuing = true;
    for (size_t i = 0; i < plan->run->n_steps; i++) {
        const struct lec_scene_run_step *step = &plan->run->steps[i];
        if (!has_readable(step))
            continue;
        plan->reads[i].token = ++s->read_token;
        plan->waiting++;
        s->host.read(s->host.ctx, plan->reads[i].token, step->point, LEC_PLAN_NS);
    }
    plan->issuing = false;
}

int lec_scenes_plan(struct lec_scenes *s, const char *name, bool fresh, void (*done)(void *ctx, const char *json),
                    void *ctx, struct lec_err *err)
{
    const struct lec_scene *scene = lec_scenes_find(s, name, err);
    if (!scene)
        return LEC_E_CONFIG;
    int rc = lec_scenes_check_open(s, err);
    if (rc < 0)
        return rc;
    size_t slot = 0;
    while (slot < LEC_PLANS_MAX && s->plans[slot])
        slot++;
    if (slot == LEC_PLANS_MAX)
        return lec_fail(err, LEC_E_NOMEM, "%d plans are waiting for their devices already", LEC_PLANS_MAX);
    struct lec_plan *plan = calloc(1, sizeof *plan);
    struct lec_scene_run *run = lec_scene_run_of_scene(scene);
    if (!plan || !run) {
        free(plan);
        lec_scene_run_free(&run);
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    }
    plan->run = run;
    plan->done = done;
    plan->ctx = ctx;
    plan->deadline = lec_now() + LEC_PLAN_NS;
    s->plans[slot] = plan;
    if (fresh)
        ask(s, plan);
    else
        take_last_known(s, plan);
    if (plan->waiting == 0)
        finish(s, slot, false);
    return 0;
}

void lec_scenes_read_done(struct lec_scenes *s, uint64_t token, enum lec_quality quality, const struct lec_value *value)
{
    for (size_t slot = 0; token && slot < LEC_PLANS_MAX; slot++) {
        struct lec_plan *plan = s->plans[slot];
        for (size_t i = 0; plan && i < plan->run->n_steps; i++) {
            if (plan->reads[i].token != token)
                continue;
            plan->reads[i].token = 0;
            plan->reads[i].quality = quality;
            if (value)
                plan->reads[i].value = *value;
            if (--plan->waiting == 0 && !plan->issuing)
                finish(s, slot, false);
            return;
        }
    }
}

void lec_plans_finish(struct lec_scenes *s, bool drop)
{
    for (size_t slot = 0; slot < LEC_PLANS_MAX; slot++)
        if (s->plans[slot])
            finish(s, slot, drop);
}

int64_t lec_plans_tick(struct lec_scenes *s)
{
    int64_t due = LEC_NEVER;
    for (size_t slot = 0; slot < LEC_PLANS_MAX; slot++) {
        if (s->plans[slot] && lec_now() >= s->plans[slot]->deadline)
            finish(s, slot, false);
        else if (s->plans[slot] && s->plans[slot]->deadline < due)
            due = s->plans[slot]->deadline;
    }
    return due;
}
