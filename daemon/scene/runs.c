#include "scene/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lec_scene_run *lec_scene_run_new(size_t n_steps)
{
    if (n_steps > LEC_STEPS_MAX)
        return NULL;
    struct lec_scene_run *run = calloc(1, sizeof *run + n_steps * sizeof run->steps[0]);
    if (!run)
        return NULL;
    run->n_steps = n_steps;
    run->told_left_ms = -1;
    for (size_t i = 0; i < n_steps; i++) {
        run->steps[i].ready_at = LEC_NEVER;
        run->steps[i].told_left_ms = -1;
    }
    return run;
}

void lec_scene_run_free(struct lec_scene_run **run)
{
    if (!*run)
        return;
    for (size_t i = 0; i < (*run)->n_steps; i++)
        free((*run)->steps[i].args);
    free(*run);
    *run = NULL;
}

int lec_scene_run_step_fill(struct lec_scene_run_step *step, const struct lec_step *from)
{
    snprintf(step->name, sizeof step->name, "%s", from->name);
    const char *what = from->point ? from->point->name : from->action->name;
    snprintf(step->target, sizeof step->target, "%s.%s", from->device->name, what);
    step->device = from->device;
    step->point = from->point;
    step->action = from->point ? NULL : from->action;
    step->is_action = !from->point;
    if (from->point) {
        step->value = from->value;
    } else if (from->action->n_args > 0) {
        step->args = calloc(from->action->n_args, sizeof *step->args);
        if (!step->args)
            return LEC_E_NOMEM;
        memcpy(step->args, from->args, from->action->n_args * sizeof *step->args);
        step->n_args = from->action->n_args;
    }
    for (size_t i = 0; i < from->n_after; i++)
        step->after |= UINT64_C(1) << from->after[i];
    step->delay_ns = from->delay_ns;
    step->timeout_ns = from->timeout_ns;
    step->retry = from->retry;
    step->optional = from->optional;
    return 0;
}

struct lec_scene_run *lec_scene_run_of_scene(const struct lec_scene *scene)
{
    struct lec_scene_run *run = lec_scene_run_new(scene->n_steps);
    if (!run)
        return NULL;
    snprintf(run->scene, sizeof run->scene, "%s", scene->name);
    run->deadline_ns = scene->deadline_ns > 0 ? scene->deadline_ns : LEC_DEADLINE_DEFAULT_NS;
    for (size_t i = 0; i < scene->n_steps; i++) {
        if (lec_scene_run_step_fill(&run->steps[i], &scene->steps[i]) < 0) {
            lec_scene_run_free(&run);
            return NULL;
        }
    }
    return run;
}

static bool same_values(const struct lec_value *a, size_t n_a, const struct lec_value *b, size_t n_b)
{
    if (n_a != n_b)
        return false;
    for (size_t i = 0; i < n_a; i++)
        if (!lec_value_equal(&a[i], &b[i]))
            return false;
    return true;
}

bool lec_scene_run_matches(const struct lec_scene_run *run, const struct lec_scene *scene)
{
    struct lec_scene_run *other = lec_scene_run_of_scene(scene);
    bool same = other && !*run->undoes && strcmp(run->scene, scene->name) == 0 && run->n_steps == other->n_steps &&
                run->deadline_ns == other->deadline_ns;
    for (size_t i = 0; same && i < run->n_steps; i++) {
        const struct lec_scene_run_step *a = &run->steps[i], *b = &other->steps[i];
        same = strcmp(a->name, b->name) == 0 && strcmp(a->target, b->target) == 0 && a->is_action == b->is_action &&
               lec_value_equal(&a->value, &b->value) && same_values(a->args, a->n_args, b->args, b->n_args) &&
               a->after == b->after && a->delay_ns == b->delay_ns && a->timeout_ns == b->timeout_ns &&
               a->retry == b->retry && a->optional == b->optional;
    }
    lec_scene_run_free(&other);
    return same;
}

/* Finds what a step acts on. False if it is not there or would not take the value. */
static bool bind_step(struct lec_scene_run_step *step, const struct lec_room *room)
{
    step->device = NULL;
    step->point = NULL;
    step->action = NULL;
    const char *dot = strchr(step->target, '.');
    if (!dot)
        return false;
    char device[LEC_NAME_MAX + 1];
    int n = snprintf(device, sizeof device, "%.*s", (int)(dot - step->target), step->target);
    if (n < 0 || (size_t)n >= sizeof device)
        return false;
    const struct lec_device *found = lec_room_device(room, device);
    if (!found)
        return false;
    if (!step->is_action) {
        const struct lec_point *point = lec_device_point(found, dot + 1);
        if (!point || lec_point_check(point, &step->value, NULL) < 0)
            return false;
        step->point = point;
    } else {
        const struct lec_action *action = lec_device_action(found, dot + 1);
        if (!action || action->n_args != step->n_args)
            return false;
        for (size_t i = 0; i < step->n_args; i++)
            if (lec_arg_check(&action->args[i], &step->args[i], NULL) < 0)
                return false;
        step->action = action;
    }
    step->device = found;
    return true;
}

bool lec_scene_run_bind(struct lec_scene_run *run, const struct lec_room *room)
{
    bool all = true;
    for (size_t i = 0; i < run->n_steps; i++)
        all &= bind_step(&run->steps[i], room);
    return all;
}

struct lec_scene_run *lec_runs_find(const struct lec_scenes *s, const char *id)
{
    for (size_t i = 0; i < s->n_runs; i++)
        if (strcmp(s->runs[i]->id, id) == 0)
            return s->runs[i];
    return NULL;
}

bool lec_scene_run_ended_before(const struct lec_scene_run *a, const struct lec_scene_run *b)
{
    if (a->ended_no != b->ended_no)
        return a->ended_no < b->ended_no;
    return a->ended_us < b->ended_us;
}

bool lec_runs_make_room(struct lec_scenes *s)
{
    if (s->n_runs < LEC_RUNS_MAX)
        return true;
    size_t oldest = SIZE_MAX;
    for (size_t i = 0; i < s->n_runs; i++)
        if (s->runs[i]->ended && (oldest == SIZE_MAX || lec_scene_run_ended_before(s->runs[i], s->runs[oldest])))
            oldest = i;
    if (oldest == SIZE_MAX)
        return false;
    lec_scene_run_forget(s, s->runs[oldest]);
    lec_scene_run_free(&s->runs[oldest]);
    s->n_runs--;
    for (size_t i = oldest; i < s->n_runs; i++)
        s->runs[i] = s->runs[i + 1];
    return true;
}

void lec_scene_run_reach(const struct lec_scene_run *run, uint64_t reach[])
{
    for (size_t i = 0; i < run->n_steps; i++)
        reach[i] = run->steps[i].after;
    for (size_t k = 0; k < run->n_steps; k++)
        for (size_t i = 0; i < run->n_steps; i++)
            if (reach[i] & (UINT64_C(1) << k))
                reach[i] |= reach[k];
}

/* The steps that count for the scene: not the optional ones, and not those that were skipped only because optional
 * ones failed, or an optional step would fail the scene after all. */
static uint64_t required_steps(const struct lec_scene_run *run)
{
    uint64_t required = 0;
    for (size_t i = 0; i < run->n_steps; i++)
        if (!run->steps[i].optional)
            required |= UINT64_C(1) << i;
    /* Excusing one step may excuse those behind it; each round settles at least one level of the graph. */
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < run->n_steps; i++) {
            uint64_t bit = UINT64_C(1) << i;
            const struct lec_scene_run_step *step = &run->steps[i];
            if (!(required & bit) || step->verdict != LEC_V_SKIPPED)
                continue;
            bool excused = true;
            for (size_t k = 0; k < run->n_steps; k++)
                if ((step->after & (UINT64_C(1) << k)) && run->steps[k].verdict != LEC_V_NONE &&
                    !lec_verdict_success(run->steps[k].verdict) && (required & (UINT64_C(1) << k)))
                    excused = false;
            if (excused) {
                required &= ~bit;
                more = true;
            }
        }
    }
    return required;
}

bool lec_scene_run_is_ready(const struct lec_scene_run *run)
{
    uint64_t required = required_steps(run);
    for (size_t i = 0; i < run->n_steps; i++)
        if ((required & (UINT64_C(1) << i)) && !lec_verdict_success(run->steps[i].verdict))
            return false;
    return true;
}

enum lec_scene_run_verdict lec_scene_run_verdict(const struct lec_scene_run *run)
{
    uint64_t required = required_steps(run);
    size_t wanted = 0, won = 0, short_of = 0, cancelled = 0;
    for (size_t i = 0; i < run->n_steps; i++) {
        enum lec_verdict v = run->steps[i].verdict;
        if (v == LEC_V_NONE)
            return LEC_RUN_RUNNING;
        bool success = lec_verdict_success(v);
        short_of += !success;
        cancelled += v == LEC_V_CANCELLED;
        if (required & (UINT64_C(1) << i)) {
            wanted++;
            won += success;
        }
    }
    if (run->interrupted)
        return LEC_RUN_INTERRUPTED;
    if (run->cancelling && cancelled > 0)
        return LEC_RUN_CANCELLED;
    if (short_of == 0)
        return LEC_RUN_DONE;
    return wanted > 0 && won == 0 ? LEC_RUN_FAILED : LEC_RUN_PARTLY;
}

static const char *const state_names[] = {"running", "done", "partly", "failed", "cancelled", "interrupted"};

const char *lec_scene_run_state_name(enum lec_scene_run_verdict v)
{
    return state_names[v];
}

enum lec_scene_run_verdict lec_scene_run_state_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(state_names); i++)
        if (strcmp(state_names[i], name) == 0)
            return (enum lec_scene_run_verdict)i;
    return LEC_RUN_RUNNING;
}
