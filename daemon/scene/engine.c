#include "scene/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "lectern/member.h"
#include "lectern/parse.h"

struct lec_scenes *lec_scenes_new(const struct lec_room *room, const struct lec_scenes_host *host)
{
    struct lec_scenes *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->room = lec_room_ref(room);
    s->host = *host;
    return s;
}

void lec_scenes_free(struct lec_scenes **scenes)
{
    struct lec_scenes *s = *scenes;
    if (!s)
        return;
    *scenes = NULL;
    lec_plans_finish(s, true);
    for (size_t i = 0; i < s->n_runs; i++)
        lec_scene_run_free(&s->runs[i]);
    lec_usual_free(s);
    lec_room_unref(&s->room);
    free(s);
}

void lec_scenes_settle(struct lec_scenes *s)
{
    if (s->stopped)
        return;
    if (s->busy) {
        s->again = true;
        return;
    }
    s->busy = true;
    do {
        s->again = false;
        for (size_t i = 0; i < s->n_runs; i++) {
            struct lec_scene_run *run = s->runs[i];
            if (!run->ended && !run->restored)
                (void)lec_scene_run_advance(s, run);
        }
        for (size_t i = 0; i < s->n_runs; i++) {
            struct lec_scene_run *run = s->runs[i];
            if (run->dirty)
                lec_scene_run_keep(s, run);
            if (run->changed)
                lec_scene_run_publish(s, run);
        }
    } while (s->again);
    s->busy = false;
}

void lec_scene_run_launch(struct lec_scenes *s, struct lec_scene_run *run, const char *principal)
{
    do {
        uint8_t bytes[8];
        s->host.random(s->host.ctx, bytes);
        for (size_t i = 0; i < sizeof bytes; i++)
            snprintf(run->id + 2 * i, 3, "%02x", bytes[i]);
    } while (lec_runs_find(s, run->id));
    lec_copy_text(run->principal, sizeof run->principal, principal);
    run->time_us = lec_wall_us();
    run->started_at = lec_now();
    run->deadline = run->started_at + run->deadline_ns;
    run->progress_at = run->started_at + LEC_PROGRESS_NS;
    run->changed = true;
    run->dirty = true;
    for (size_t i = 0; i < run->n_steps; i++) {
        struct lec_scene_run_step *step = &run->steps[i];
        step->usual_ns = lec_usual(s, step->target, step->point, &step->value);
        step->held_before = step->usual_ns <= 0 && lec_usual_held_before(s, step->target, &step->value);
        step->changed = true;
    }
    s->runs[s->n_runs++] = run;
    lec_scene_run_keep(s, run); /* before the entry: whoever finds the entry on the disk finds the run */
    lec_scene_run_journal(s, run, "started");
    lec_scene_run_leave_alone(s, run);
    lec_scene_run_take_over(s, run);
    lec_scenes_settle(s);
}

const struct lec_scene *lec_scenes_find(const struct lec_scenes *s, const char *name, struct lec_err *err)
{
    const struct lec_scene *scene = lec_room_scene(s->room, name);
    if (scene)
        return scene;
    const char *names[LEC_SCENES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < s->room->n_scenes && n < LEC_SCENES_MAX; i++)
        names[n++] = s->room->scenes[i].name;
    const char *near = lec_nearest(name, names, n);
    if (near)
        lec_fail(err, LEC_E_CONFIG, "no scene \"%s\" (did you mean %s?)", name, near);
    else
        lec_fail(err, LEC_E_CONFIG, "no scene \"%s\"", name);
    return NULL;
}

struct lec_scene_run *lec_scene_run_under_way(const struct lec_scenes *s, const char *scene)
{
    for (size_t i = s->n_runs; i > 0; i--) {
        struct lec_scene_run *run = s->runs[i - 1];
        if (!run->ended && !run->cancelling && !*run->undoes && strcmp(run->scene, scene) == 0)
            return run;
    }
    return NULL;
}

static int answer_run(struct lec_scene_run *run, bool joined, struct lec_buf *json, struct lec_err *err)
{
    lec_buf_putc(json, '{');
    lec_scene_run_json(run, false, json);
    lec_member_bool(json, "joined", joined);
    lec_buf_putc(json, '}');
    return json->failed ? lec_fail(err, LEC_E_NOMEM, "the answer does not fit") : 0;
}

void lec_scenes_stop(struct lec_scenes *s)
{
    lec_plans_finish(s, false);
    s->stopped = true;
}

int lec_scenes_check_open(const struct lec_scenes *s, struct lec_err *err)
{
    return s->stopped ? lec_fail(err, LEC_E_NOMEM, "the room is stopping; try again when it is back") : 0;
}

int lec_scenes_start(struct lec_scenes *s, const char *name, const char *principal, struct lec_buf *json,
                     struct lec_err *err)
{
    const struct lec_scene *scene = lec_scenes_find(s, name, err);
    if (!scene)
        return LEC_E_CONFIG;
    int rc = lec_scenes_check_open(s, err);
    if (rc < 0)
        return rc;
    struct lec_scene_run *run = lec_scene_run_under_way(s, name);
    if (run)
        return answer_run(run, true, json, err);
    if (!lec_runs_make_room(s))
        return lec_fail(err, LEC_E_NOMEM, "%d scenes are under way already; cancel one or wait", LEC_RUNS_MAX);
    run = lec_scene_run_of_scene(scene);
    if (!run)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    lec_scene_run_launch(s, run, principal);
    return answer_run(run, false, json, err);
}

/* What cannot be stopped any more, step by step, in words. */
static void put_unstoppable(struct lec_scenes *s, const struct lec_scene_run *run, struct lec_buf *json)
{
    lec_json_key(json, "unstoppable");
    lec_buf_putc(json, '[');
    for (size_t i = 0; i < run->n_steps; i++) {
        const struct lec_scene_run_step *step = &run->steps[i];
        if (step->state != LEC_STEP_WAITING || !step->device)
            continue;
        struct lec_value now;
        char is[LEC_TEXT_MAX + 1], wanted[LEC_TEXT_MAX + 1];
        struct lec_err text;
        lec_value_print(&step->value, wanted, sizeof wanted);
        if (step->is_action)
            lec_fail(&text, 0, "%s: %s has been sent; it cannot be called back", step->device->name,
                     step->action->name);
        else if (s->host.last(s->host.ctx, step->point, &now) == LEC_GOOD && now.type == LEC_ENUM &&
                 !lec_value_equal(&now, &step->value) &&
                 !(step->before_known && lec_value_equal(&now, &step->before)) &&
                 !(step->guess_known && lec_value_equal(&now, &step->guess)))
            lec_fail(&text, 0, "%s: already %s; cannot be stopped now", step->device->name,
                     lec_value_print(&now, is, sizeof is));
        else
            lec_fail(&text, 0, "%s: %s %s has been sent; it cannot be called back", step->device->name,
                     step->point->name, wanted);
        lec_json_next(json);
        lec_buf_putc(json, '{');
        lec_member_str(json, "step", step->name);
        lec_member_str(json, "reason", text.text);
        lec_buf_putc(json, '}');
    }
    lec_buf_putc(json, ']');
}

int lec_scenes_cancel(struct lec_scenes *s, const char *which, const char *principal, struct lec_buf *json,
                      struct lec_err *err)
{
    int rc = lec_scenes_check_open(s, err);
    if (rc < 0)
        return rc;
    struct lec_scene_run *run = lec_runs_find(s, which);
    if (run && run->ended)
        return lec_fail(err, LEC_E_CONFIG, "run %s has ended: %s", which, lec_scene_run_state_name(run->verdict));
    for (size_t i = s->n_runs; !run && i > 0; i--)
        if (!s->runs[i - 1]->ended && strcmp(s->runs[i - 1]->scene, which) == 0)
            run = s->runs[i - 1];
    if (!run)
        return lec_fail(err, LEC_E_CONFIG, "no run or scene \"%s\" is under way", which);
    struct lec_buf unstoppable;
    lec_buf_init(&unstoppable, json->max);
    put_unstoppable(s, run, &unstoppable);
    char reason[LEC_ERR_TEXT];
    snprintf(reason, sizeof reason, "cancelled by %s", principal);
    if (!run->cancelling)
        lec_scene_run_cancel(s, run, principal, reason);
    lec_scenes_settle(s);
    lec_buf_putc(json, '{');
    lec_scene_run_json(run, false, json);
    lec_buf_putc(json, ',');
    lec_buf_put(json, unstoppable.data, unstoppable.len);
    lec_buf_putc(json, '}');
    bool failed = json->failed || unstoppable.failed;
    lec_buf_done(&unstoppable);
    return failed ? lec_fail(err, LEC_E_NOMEM, "the answer does not fit") : 0;
}

int lec_scenes_run_json(struct lec_scenes *s, const char *id, struct lec_buf *json, struct lec_err *err)
{
    struct lec_scene_run *run = lec_runs_find(s, id);
    if (!run)
        return lec_fail(err, LEC_E_CONFIG, "no run \"%s\" (the last %d are remembered)", id, LEC_RUNS_MAX);
    lec_buf_putc(json, '{');
    lec_scene_run_json(run, false, json);
    lec_buf_putc(json, '}');
    return json->failed ? lec_fail(err, LEC_E_NOMEM, "the answer does not fit") : 0;
}

void lec_scenes_runs_json(struct lec_scenes *s, struct lec_buf *json)
{
    lec_buf_putc(json, '[');
    for (size_t i = 0; i < s->n_runs; i++) {
        if (s->runs[i]->ended)
            continue;
        lec_json_next(json);
        lec_buf_putc(json, '{');
        lec_scene_run_json(s->runs[i], false, json);
        lec_buf_putc(json, '}');
    }
    lec_buf_putc(json, ']');
}

/* The step whose operation this is, in `*run`; NULL for one that no run waits for. */
static struct lec_scene_run_step *find_op(const struct lec_scenes *s, uint64_t op, struct lec_scene_run **run)
{
    for (size_t r = 0; op && !s->stopped && r < s->n_runs; r++) {
        for (size_t i = 0; i < s->runs[r]->n_steps; i++) {
            if (s->runs[r]->steps[i].op == op) {
                *run = s->runs[r];
                return &s->runs[r]->steps[i];
            }
        }
    }
    return NULL;
}

void lec_scenes_op_sent(struct lec_scenes *s, uint64_t op)
{
    struct lec_scene_run *run;
    struct lec_scene_run_step *step = find_op(s, op, &run);
    if (!step)
        return;
    step->sent = true;
    run->dirty = true;
    if (step->state == LEC_STEP_CHECKING || step->state == LEC_STEP_SENDING) {
        step->state = LEC_STEP_WAITING;
        step->changed = true;
        run->changed = true;
    }
    lec_scenes_settle(s);
}

void lec_scenes_op_done(struct lec_scenes *s, uint64_t op, const struct lec_op_result *result)
{
    struct lec_scene_run *run;
    struct lec_scene_run_step *step = find_op(s, op, &run);
    if (!step)
        return;
    lec_step_result(s, run, step, result);
    lec_scenes_settle(s);
}

void lec_scenes_point_taken(struct lec_scenes *s, const struct lec_point *point, const char *principal)
{
    if (s->handing || s->stopped)
        return;
    for (size_t r = 0; r < s->n_runs; r++) {
        struct lec_scene_run *run = s->runs[r];
        for (size_t i = 0; i < run->n_steps; i++) {
            struct lec_scene_run_step *step = &run->steps[i];
            if (step->point != point)
                continue;
            step->taken = true;
            run->dirty = true;
            if (step->state == LEC_STEP_QUEUED) {
                char reason[LEC_ERR_TEXT];
                snprintf(reason, sizeof reason, "%s was set by %s", point->name, principal);
                lec_step_end(s, run, step, LEC_V_OVERRIDDEN, reason);
            }
        }
    }
    lec_scenes_settle(s);
}

int64_t lec_scenes_tick(struct lec_scenes *s)
{
    if (s->stopped)
        return LEC_NEVER;
    lec_scenes_settle(s);
    int64_t due = lec_plans_tick(s);
    for (size_t i = 0; i < s->n_runs; i++) {
        if (s->runs[i]->ended || s->runs[i]->restored)
            continue;
        lec_scene_run_progress(s, s->runs[i]);
        int64_t at = lec_scene_run_due(s->runs[i]);
        due = at < due ? at : due;
    }
    return due;
}

void lec_scenes_hold(struct lec_scenes *s)
{
    s->busy = true;
}

void lec_scenes_reload(struct lec_scenes *s, const struct lec_room *room)
{
    s->busy = false;
    lec_plans_finish(s, false);
    const struct lec_room *old = s->room;
    s->room = lec_room_ref(room);
    for (size_t i = 0; i < s->n_runs; i++) {
        struct lec_scene_run *run = s->runs[i];
        bool bound = lec_scene_run_bind(run, room);
        if (run->ended)
            continue;
        const struct lec_scene *scene = lec_room_scene(room, run->scene);
        if (!bound || (!*run->undoes && !(scene && lec_scene_run_matches(run, scene))))
            lec_scene_run_cancel(s, run, "", "the room's configuration was changed");
    }
    lec_scenes_settle(s);
    lec_room_unref(&old);
}
