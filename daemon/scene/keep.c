/* Runs across restarts: each as one JSON text under "run/<id>", written whenever something changed that matters.
 *
 * The text has the graph as well as the progress, so that a run can be shown after its scene has gone, and matched with
 * the scene of the new configuration before it is taken up again. What is read back is checked field by field: a text
 * that does not fit is dropped, with a log line. */
#include "scene/internal.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/log.h"
#include "lectern/member.h"
#include "lectern/parse.h"

#define FORMAT     1
#define LONGEST_NS (INT64_C(366) * 24 * 3600 * LEC_SEC)

/* ---- Writing ------------------------------------------------------------------------------------------------ */

/* {"enum":"on"}: the type goes with the value, because JSON has fewer. */
static void put_value(struct lec_buf *b, const struct lec_value *v)
{
    lec_buf_putc(b, '{');
    lec_member_value(b, lec_type_name(v->type), v);
    lec_buf_putc(b, '}');
}

static void put_named_value(struct lec_buf *b, const char *key, const struct lec_value *v)
{
    lec_json_key(b, key);
    put_value(b, v);
}

static void put_step(struct lec_buf *b, const struct lec_scene_run_step *step)
{
    lec_buf_putc(b, '{');
    lec_member_str(b, "name", step->name);
    lec_member_str(b, "target", step->target);
    if (step->is_action) {
        lec_json_key(b, "args");
        lec_buf_putc(b, '[');
        for (size_t i = 0; i < step->n_args; i++) {
            lec_json_next(b);
            put_value(b, &step->args[i]);
        }
        lec_buf_putc(b, ']');
    } else {
        put_named_value(b, "value", &step->value);
    }
    lec_json_key(b, "after");
    lec_buf_putc(b, '[');
    for (unsigned k = 0; k < LEC_STEPS_MAX; k++) {
        if (step->after & (UINT64_C(1) << k)) {
            lec_json_next(b);
            lec_json_int(b, k);
        }
    }
    lec_buf_putc(b, ']');
    lec_member_int(b, "delay", step->delay_ns);
    lec_member_int(b, "timeout", step->timeout_ns);
    lec_member_int(b, "retry", step->retry);
    lec_member_bool(b, "optional", step->optional);
    lec_member_str(b, "verdict", lec_verdict_name(step->verdict));
    lec_member_int(b, "attempt", step->attempt);
    lec_member_bool(b, "at_line", step->state != LEC_STEP_QUEUED && step->state != LEC_STEP_ENDED);
    lec_member_int(b, "took", step->took_ns);
    lec_member_str(b, "reason", step->reason);
    lec_member_bool(b, "sent", step->sent);
    lec_member_bool(b, "taken", step->taken);
    if (step->before_known)
        put_named_value(b, "before", &step->before);
    if (step->guess_known)
        put_named_value(b, "guess", &step->guess);
    if (step->left.type != LEC_NONE)
        put_named_value(b, "left", &step->left);
    lec_buf_putc(b, '}');
}

void lec_scene_run_keep(struct lec_scenes *s, struct lec_scene_run *run)
{
    struct lec_buf b;
    lec_buf_init(&b, LEC_RUN_TEXT_MAX);
    lec_buf_putc(&b, '{');
    lec_member_int(&b, "format", FORMAT);
    lec_member_str(&b, "scene", run->scene);
    lec_member_str(&b, "principal", run->principal);
    lec_member_str(&b, "undoes", run->undoes);
    lec_member_int(&b, "time", run->time_us);
    lec_member_int(&b, "deadline", run->deadline_ns);
    lec_member_str(&b, "state", lec_scene_run_state_name(run->verdict));
    lec_member_bool(&b, "cancelling", run->cancelling);
    lec_member_str(&b, "cancelled_by", run->cancelled_by);
    lec_member_int(&b, "took", run->took_ns);
    lec_member_int(&b, "ended", run->ended_us);
    lec_json_key(&b, "steps");
    lec_buf_putc(&b, '[');
    for (size_t i = 0; i < run->n_steps; i++) {
        lec_json_next(&b);
        put_step(&b, &run->steps[i]);
    }
    lec_buf_puts(&b, "]}");
    run->dirty = false;
    char key[LEC_RUN_ID_MAX + 8];
    snprintf(key, sizeof key, "run/%s", run->id);
    if (b.failed)
        lec_log(LEC_LOG_ERROR, "scene %s: run %s is too long to keep over a restart", run->scene, run->id);
    else
        s->host.keep(s->host.ctx, key, b.data);
    lec_buf_done(&b);
}

void lec_scene_run_forget(struct lec_scenes *s, const struct lec_scene_run *run)
{
    char key[LEC_RUN_ID_MAX + 8];
    snprintf(key, sizeof key, "run/%s", run->id);
    s->host.keep(s->host.ctx, key, NULL);
}

/* ---- Reading ------------------------------------------------------------------------------------------------ */

static bool get_str(const json_t *object, const char *name, char *out, size_t size)
{
    const json_t *v = json_object_get(object, name);
    if (!json_is_string(v) || json_string_length(v) >= size || strlen(json_string_value(v)) != json_string_length(v))
        return false;
    memcpy(out, json_string_value(v), json_string_length(v) + 1);
    return true;
}

static bool get_int(const json_t *object, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const json_t *v = json_object_get(object, name);
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return false;
    *out = json_integer_value(v);
    return true;
}

static bool get_bool(const json_t *object, const char *name, bool *out)
{
    const json_t *v = json_object_get(object, name);
    if (!json_is_boolean(v))
        return false;
    *out = json_is_true(v);
    return true;
}

static bool value_of(json_t *object, struct lec_value *out)
{
    void *at = json_object_iter(object);
    if (!at || json_object_size(object) != 1)
        return false;
    enum lec_type type = lec_type_of(json_object_iter_key(at));
    const json_t *v = json_object_iter_value(at);
    switch (type) {
    case LEC_NONE:
        return false;
    case LEC_BOOL:
        *out = lec_bool(json_is_true(v));
        return json_is_boolean(v);
    case LEC_INT:
        *out = lec_int(json_integer_value(v));
        return json_is_integer(v);
    case LEC_FLOAT:
        *out = lec_float(json_number_value(v));
        return json_is_number(v);
    case LEC_ENUM:
    case LEC_TEXT:
        if (!json_is_string(v) || json_string_length(v) > LEC_TEXT_MAX)
            return false;
        *out = type == LEC_ENUM ? lec_enum(json_string_value(v)) : lec_text(json_string_value(v));
        return true;
    }
    return false;
}

/* A value that may be absent. False if it is there and is none. */
static bool get_value(const json_t *object, const char *name, bool *known, struct lec_value *out)
{
    json_t *v = json_object_get(object, name);
    *known = v && value_of(v, out);
    return !v || *known;
}

static bool read_args(const json_t *list, struct lec_scene_run_step *step)
{
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n > 64)
        return false;
    if (n == 0)
        return true;
    step->args = calloc(n, sizeof *step->args);
    if (!step->args)
        return false;
    step->n_args = n;
    for (size_t i = 0; i < n; i++)
        if (!value_of(json_array_get(list, i), &step->args[i]))
            return false;
    return true;
}

static bool read_after(const json_t *list, size_t self, size_t n_steps, uint64_t *after)
{
    if (!json_is_array(list) || json_array_size(list) > n_steps)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *k = json_array_get(list, i);
        if (!json_is_integer(k) || json_integer_value(k) < 0 || (uint64_t)json_integer_value(k) >= n_steps ||
            (uint64_t)json_integer_value(k) == self)
            return false;
        *after |= UINT64_C(1) << json_integer_value(k);
    }
    return true;
}

static bool read_step(const json_t *object, size_t self, size_t n_steps, struct lec_scene_run_step *step)
{
    char verdict[24];
    int64_t retry = 0, attempt = 0;
    bool known, left_known;
    json_t *value = json_object_get(object, "value");
    step->is_action = !value;
    bool good =
        get_str(object, "name", step->name, sizeof step->name) &&
        get_str(object, "target", step->target, sizeof step->target) &&
        (value ? value_of(value, &step->value) : read_args(json_object_get(object, "args"), step)) &&
        read_after(json_object_get(object, "after"), self, n_steps, &step->after) &&
        get_int(object, "delay", 0, LONGEST_NS, &step->delay_ns) &&
        get_int(object, "timeout", 0, LONGEST_NS, &step->timeout_ns) &&
        get_int(object, "retry", 0, INT32_MAX, &retry) && get_bool(object, "optional", &step->optional) &&
        get_str(object, "verdict", verdict, sizeof verdict) && get_int(object, "attempt", 0, INT32_MAX, &attempt) &&
        get_int(object, "took", 0, LONGEST_NS, &step->took_ns) && get_bool(object, "at_line", &step->resumed) &&
        get_str(object, "reason", step->reason, sizeof step->reason) && get_bool(object, "sent", &step->sent) &&
        get_bool(object, "taken", &step->taken) && get_value(object, "before", &step->before_known, &step->before) &&
        get_value(object, "guess", &step->guess_known, &step->guess) &&
        get_value(object, "left", &left_known, &step->left);
    if (!good)
        return false;
    step->retry = (unsigned)retry;
    step->attempt = (unsigned)attempt;
    step->verdict = lec_verdict_of(verdict);
    known = step->verdict != LEC_V_NONE;
    step->state = known ? LEC_STEP_ENDED : LEC_STEP_QUEUED;
    return known || strcmp(verdict, "none") == 0;
}

/* False for a graph with a circle: its steps would wait for each other until the deadline. */
static bool acyclic(const struct lec_scene_run *run)
{
    uint64_t reach[LEC_STEPS_MAX];
    lec_scene_run_reach(run, reach);
    for (size_t i = 0; i < run->n_steps; i++)
        if (reach[i] & (UINT64_C(1) << i))
            return false;
    return true;
}

static bool read_run(const json_t *object, struct lec_scene_run *run)
{
    char state[24];
    int64_t format;
    bool good =
        get_int(object, "format", FORMAT, FORMAT, &format) && get_str(object, "scene", run->scene, sizeof run->scene) &&
        get_str(object, "principal", run->principal, sizeof run->principal) &&
        get_str(object, "undoes", run->undoes, sizeof run->undoes) &&
        get_int(object, "time", 0, INT64_MAX, &run->time_us) &&
        get_int(object, "deadline", 1, LONGEST_NS, &run->deadline_ns) &&
        get_str(object, "state", state, sizeof state) && get_bool(object, "cancelling", &run->cancelling) &&
        get_str(object, "cancelled_by", run->cancelled_by, sizeof run->cancelled_by) &&
        get_int(object, "took", 0, LONGEST_NS, &run->took_ns) && get_int(object, "ended", 0, INT64_MAX, &run->ended_us);
    for (size_t i = 0; good && i < run->n_steps; i++)
        good = read_step(json_array_get(json_object_get(object, "steps"), i), i, run->n_steps, &run->steps[i]);
    if (!good || !acyclic(run))
        return false;
    run->verdict = lec_scene_run_state_of(state);
    run->ended = run->verdict != LEC_RUN_RUNNING;
    run->restored = true;
    run->ready = lec_scene_run_is_ready(run);
    for (size_t i = 0; run->ended && i < run->n_steps; i++)
        if (run->steps[i].verdict == LEC_V_NONE)
            return false;
    return run->ended || strcmp(state, "running") == 0;
}

static bool good_id(const char *id)
{
    return *id && strlen(id) <= LEC_RUN_ID_MAX && strspn(id, "0123456789abcdef") == strlen(id);
}

static void restore_run(struct lec_scenes *s, const char *id, const char *text)
{
    json_t *object = good_id(id) && !lec_runs_find(s, id) ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const json_t *steps = json_object_get(object, "steps");
    size_t n = json_array_size(steps);
    struct lec_scene_run *run = json_is_array(steps) && n <= LEC_STEPS_MAX ? lec_scene_run_new(n) : NULL;
    if (run && read_run(object, run)) {
        snprintf(run->id, sizeof run->id, "%s", id);
        (void)lec_scene_run_bind(run, s->room);
        if (lec_runs_make_room(s)) {
            s->runs[s->n_runs++] = run;
            run = NULL;
        } else {
            lec_log(LEC_LOG_WARNING, "kept run %s is one too many and is forgotten", id);
        }
    } else {
        lec_log(LEC_LOG_WARNING, "kept run \"%.60s\" cannot be read and is forgotten", id);
        char key[LEC_USUAL_KEY_MAX];
        if ((size_t)snprintf(key, sizeof key, "run/%s", id) < sizeof key && !lec_runs_find(s, id))
            s->host.keep(s->host.ctx, key, NULL);
    }
    lec_scene_run_free(&run);
    json_decref(object);
}

void lec_scenes_restore(struct lec_scenes *s, const char *key, const char *value)
{
    if (strncmp(key, "run/", 4) == 0)
        restore_run(s, key + 4, value);
    else if (strncmp(key, "usual/", 6) == 0)
        lec_usual_restore(s, key + 6, value);
    else
        lec_log(LEC_LOG_WARNING, "kept text \"%.60s\" is of no kind that is known", key);
}

/* ---- Taking up again ---------------------------------------------------------------------------------------- */

/* Closes a run that cannot be taken up again. */
static void interrupt(struct lec_scenes *s, struct lec_scene_run *run, const char *why)
{
    lec_log(LEC_LOG_NOTICE, "scene %s: run %s was interrupted: %s", run->scene, run->id, why);
    run->interrupted = true;
    for (size_t i = 0; i < run->n_steps; i++)
        run->steps[i].changed = true;
    for (size_t i = 0; i < run->n_steps; i++)
        lec_step_end(s, run, &run->steps[i], LEC_V_CANCELLED, why);
    lec_scene_run_end(s, run, LEC_RUN_INTERRUPTED);
}

static void take_up(struct lec_scenes *s, struct lec_scene_run *run, int64_t age_ns)
{
    lec_log(LEC_LOG_NOTICE, "scene %s: run %s is taken up again after a restart", run->scene, run->id);
    run->started_at = lec_now() - age_ns;
    run->deadline = run->started_at + run->deadline_ns;
    run->progress_at = lec_now() + LEC_PROGRESS_NS;
    run->changed = true;
    run->dirty = true;
    lec_scene_run_journal(s, run, "resumed");
    for (size_t i = 0; i < run->n_steps; i++) {
        struct lec_scene_run_step *step = &run->steps[i];
        step->changed = true;
        if (step->state == LEC_STEP_ENDED)
            continue;
        step->usual_ns = lec_usual(s, step->target, step->point, &step->value);
        step->attempt = 0;
        step->reason[0] = '\0';
        /* Nobody can tell whether the device has taken it, and it cannot be checked: it is not done twice. */
        if (step->is_action && step->resumed)
            lec_step_end(s, run, step, LEC_V_TIMEOUT, "the daemon stopped before the device had answered");
    }
    if (run->cancelling)
        lec_scene_run_cancel(s, run, run->cancelled_by, NULL);
}

void lec_scenes_resume(struct lec_scenes *s)
{
    for (size_t i = 0; i < s->n_runs; i++) {
        struct lec_scene_run *run = s->runs[i];
        if (!run->restored)
            continue;
        run->restored = false;
        if (run->ended)
            continue;
        /* A clock that was set back makes a run young, never older than it can be. */
        int64_t age_us = lec_wall_us() - run->time_us;
        int64_t age_ns = age_us <= 0 ? 0 : age_us > LONGEST_NS / 1000 ? LONGEST_NS : age_us * 1000;
        const struct lec_scene *scene = lec_room_scene(s->room, run->scene);
        run->started_at = lec_now() - age_ns;
        if (age_ns >= run->deadline_ns)
            interrupt(s, run, "the daemon stopped, and the scene's time is over");
        else if (!lec_scene_run_bind(run, s->room) || (!*run->undoes && !(scene && lec_scene_run_matches(run, scene))))
            interrupt(s, run, "the daemon stopped, and the scene has changed since");
        else
            take_up(s, run, age_ns);
    }
    lec_scenes_settle(s);
}
