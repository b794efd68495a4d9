#include "scene_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "lectern/parse.h"

#define SCENES 40
#define STEPS  16

/* ---- The room ----------------------------------------------------------------------------------------------- */

struct stage_scene {
    struct lec_step steps[STEPS];
    size_t after[STEPS][STEPS];
    char names[STEPS][LEC_NAME_MAX + 1];
    struct lec_value args[STEPS];
    char name[LEC_NAME_MAX + 1];
};

struct room_box {
    struct lec_room room; /* first */
    int refs;
    struct lec_device devices[STAGE_DEVICES];
    struct lec_point points[STAGE_DEVICES][4];
    struct lec_action actions[2];
    struct lec_scene scenes[SCENES];
    struct stage_scene boxes[SCENES];
};

static const char *const power_choices[] = {"off", "warming", "on", "cooling"};
static const char *const power_settable[] = {"off", "on"};
static const char *const inputs[] = {"hdmi1", "hdmi2", "vga"};
static const char *const positions[] = {"up", "down", "moving"};
static const char *const only_on[] = {"on"};
static const struct lec_arg play_args[] = {{.name = "tune", .type = LEC_TEXT}};

/* These stand in for config's, which count rooms that config has read. */
const struct lec_room *lec_room_ref(const struct lec_room *room)
{
    ((struct room_box *)(uintptr_t)room)->refs++;
    return room;
}

void lec_room_unref(const struct lec_room **room)
{
    struct room_box *box = (struct room_box *)(uintptr_t)*room;
    *room = NULL;
    if (box && --box->refs == 0)
        free(box);
}

static struct lec_point *add_point(struct room_box *box, size_t device, const char *name, enum lec_type type)
{
    struct lec_device *dev = &box->devices[device];
    struct lec_point *p = &box->points[device][dev->n_points];
    *p = (struct lec_point){.name = name,
                            .index = dev->n_points,
                            .device = dev,
                            .label = "",
                            .label_en = "",
                            .type = type,
                            .access = LEC_BOTH,
                            .unit = "",
                            .limit_ns = 10 * LEC_SEC,
                            .confirm = true,
                            .undo = true,
                            .severity = ""};
    dev->n_points++;
    return p;
}

static struct lec_point *add_enum(struct room_box *box, size_t device, const char *name, const char *const choices[],
                                  size_t n, const char *const settable[], size_t n_settable)
{
    struct lec_point *p = add_point(box, device, name, LEC_ENUM);
    p->choices = choices;
    p->n_choices = n;
    p->settable = settable;
    p->n_settable = n_settable;
    return p;
}

static void add_devices(struct room_box *box)
{
    static const char *const names[STAGE_DEVICES] = {"projector", "screen", "lights", "audio",
                                                     "sign",      "camera", "bell"};
    for (size_t d = 0; d < STAGE_DEVICES; d++)
        box->devices[d] = (struct lec_device){.name = names[d],
                                              .index = d,
                                              .room = &box->room,
                                              .label = "",
                                              .label_en = "",
                                              .points = box->points[d],
                                              .timeout_ns = 2 * LEC_SEC};
    struct lec_point *power = add_enum(box, 0, "power", power_choices, 4, power_settable, 2);
    power->usual_ns = 18 * LEC_SEC;
    power->limit_ns = 60 * LEC_SEC;
    struct lec_point *input = add_enum(box, 0, "input", inputs, 3, inputs, 3);
    input->when = (struct lec_when){.point = power, .values = only_on, .n_values = 1};
    add_point(box, 0, "picture_mute", LEC_BOOL);
    add_enum(box, 1, "position", positions, 3, positions, 2);
    add_point(box, 2, "front", LEC_BOOL);
    add_point(box, 2, "rear", LEC_BOOL);
    struct lec_point *level = add_point(box, 3, "level", LEC_FLOAT);
    level->tolerance = 0.5;
    level->has_range = true;
    level->min = -60;
    add_point(box, 3, "mute", LEC_BOOL);
    add_point(box, 4, "message", LEC_TEXT)->confirm = false;
    add_point(box, 5, "preset", LEC_INT)->undo = false;
    box->actions[0] = (struct lec_action){.name = "ring", .device = &box->devices[6], .label = "", .label_en = ""};
    box->actions[1] = (struct lec_action){.name = "play",
                                          .index = 1,
                                          .device = &box->devices[6],
                                          .label = "",
                                          .label_en = "",
                                          .args = play_args,
                                          .n_args = 1};
    box->devices[6].actions = box->actions;
    box->devices[6].n_actions = 2;
}

/* Copies the text up to one of `ends` into out and returns what follows it. */
static const char *word(const char *at, const char *ends, char *out, size_t size)
{
    size_t n = strcspn(at, ends);
    assert_true(n < size);
    memcpy(out, at, n);
    out[n] = '\0';
    while (n > 0 && out[n - 1] == ' ')
        out[--n] = '\0';
    at += strcspn(at, ends);
    return at + strspn(at, " ,=");
}

static void add_option(struct room_box *box, struct lec_step *step, const char *name, const char *value)
{
    struct stage_scene *scene = &box->boxes[box->room.n_scenes - 1];
    if (strcmp(name, "after") == 0) {
        size_t *list = scene->after[step->index];
        char one[LEC_NAME_MAX + 1];
        while (*value) {
            value = word(value, " ", one, sizeof one);
            size_t k = 0;
            while (k < step->index && strcmp(scene->names[k], one) != 0)
                k++;
            assert_true(k < step->index);
            list[step->n_after++] = k;
        }
        step->after = list;
    } else if (strcmp(name, "retry") == 0) {
        int64_t n;
        assert_int_equal(lec_parse_int(value, 0, 100, &n), 0);
        step->retry = (unsigned)n;
    } else if (strcmp(name, "timeout") == 0) {
        assert_int_equal(lec_parse_duration(value, &step->timeout_ns), 0);
    } else if (strcmp(name, "delay") == 0) {
        assert_int_equal(lec_parse_duration(value, &step->delay_ns), 0);
    } else {
        assert_string_equal(name, "optional");
        step->optional = true;
    }
}

static void add_step(struct room_box *box, const char *line)
{
    struct lec_scene *scene = &box->scenes[box->room.n_scenes - 1];
    struct stage_scene *parts = &box->boxes[box->room.n_scenes - 1];
    assert_true(scene->n_steps < STEPS);
    size_t i = scene->n_steps++;
    struct lec_step *step = &parts->steps[i];
    char device[64], what[64], value[160], option[32];
    step->index = i;
    line = word(line, "=", parts->names[i], sizeof parts->names[i]);
    line = word(line, ".", device, sizeof device) + 1;
    bool bare = line[strcspn(line, " ,")] != ' '; /* an action without arguments */
    line = word(line, " ,", what, sizeof what);
    value[0] = '\0';
    if (!bare)
        line = word(line, ",", value, sizeof value);
    step->name = parts->names[i];
    step->device = lec_room_device(&box->room, device);
    assert_non_null(step->device);
    step->point = lec_device_point(step->device, what);
    step->action = lec_device_action(step->device, what);
    assert_true(step->point || step->action);
    if (step->point)
        assert_int_equal(lec_value_parse(value, step->point->type, &step->value, NULL), 0);
    else if (step->action->n_args > 0)
        parts->args[i] = lec_text(value);
    step->args = &parts->args[i];
    while (*line) {
        line = word(line, " ,", option, sizeof option);
        value[0] = '\0';
        if (strcmp(option, "optional") != 0)
            line = word(line, ",", value, sizeof value);
        add_option(box, step, option, value);
    }
}

static void add_scene(struct room_box *box, const char *line)
{
    assert_true(box->room.n_scenes < SCENES);
    size_t i = box->room.n_scenes++;
    char rest[64];
    line = word(line, ",", box->boxes[i].name, sizeof box->boxes[i].name);
    box->scenes[i] = (struct lec_scene){.name = box->boxes[i].name,
                                        .index = i,
                                        .label = "",
                                        .label_en = "",
                                        .deadline_ns = 300 * LEC_SEC,
                                        .steps = box->boxes[i].steps,
                                        .file = "room.ini"};
    if (*line) {
        (void)word(line + strlen("deadline "), "", rest, sizeof rest);
        assert_int_equal(lec_parse_duration(rest, &box->scenes[i].deadline_ns), 0);
    }
}

const struct lec_room *stage_room(const char *const lines[])
{
    struct room_box *box = calloc(1, sizeof *box);
    assert_non_null(box);
    box->refs = 1;
    box->room = (struct lec_room){.id = "p201",
                                  .site = "school",
                                  .label = "",
                                  .label_en = "",
                                  .file = "room.ini",
                                  .devices = box->devices,
                                  .n_devices = STAGE_DEVICES,
                                  .scenes = box->scenes};
    add_devices(box);
    for (size_t i = 0; lines[i]; i++) {
        if (strncmp(lines[i], "scene ", 6) == 0)
            add_scene(box, lines[i] + 6);
        else
            add_step(box, lines[i]);
    }
    return &box->room;
}

/* ---- The host ----------------------------------------------------------------------------------------------- */

static uint64_t host_start(void *ctx, const struct lec_op_request *r, struct lec_err *err)
{
    struct stage *st = ctx;
    if (st->full)
        return (uint64_t)(lec_fail(err, LEC_E_NOMEM, "64 operations wait for the line already"), 0);
    assert_true(st->n_ops < STAGE_OPS);
    struct stage_op *op = &st->ops[st->n_ops++];
    *op = (struct stage_op){.id = st->n_ops,
                            .point = r->point,
                            .action = r->action,
                            .timeout_ns = r->timeout_ns,
                            .check_first = r->check_first};
    snprintf(op->target, sizeof op->target, "%s.%s", r->point ? r->point->device->name : r->action->device->name,
             r->point ? r->point->name : r->action->name);
    snprintf(op->principal, sizeof op->principal, "%s", r->principal);
    op->value = r->point ? *r->value : r->action->n_args ? r->args[0] : (struct lec_value){.type = LEC_NONE};
    assert_true(r->timeout_ns > 0);
    if (r->action) {
        json_decref(st->kept_then);
        st->kept_then = json_deep_copy(st->kept);
    }
    return op->id;
}

static void host_stop(void *ctx, uint64_t id, enum lec_verdict because)
{
    struct stage *st = ctx;
    assert_true(id > 0 && id <= st->n_ops);
    struct stage_op *op = &st->ops[id - 1];
    assert_false(op->stopped);
    assert_false(op->done);
    op->stopped = true;
    op->because = because;
    if (st->answer_stop) {
        struct lec_op_result result = {.verdict = because, .code = LEC_E_CANCELLED};
        op->done = true;
        lec_scenes_op_done(st->scenes, id, &result);
    }
}

static void host_read(void *ctx, uint64_t token, const struct lec_point *point, int64_t timeout_ns)
{
    struct stage *st = ctx;
    assert_true(timeout_ns > 0);
    assert_true(st->n_reads < ARRAY_LEN(st->reads));
    st->reads[st->n_reads].token = token;
    st->reads[st->n_reads++].point = point;
}

static enum lec_quality host_last(void *ctx, const struct lec_point *point, struct lec_value *out)
{
    struct stage *st = ctx;
    *out = st->world[point->device->index][point->index].value;
    return st->world[point->device->index][point->index].quality;
}

static void host_publish(void *ctx, const char *scene, const char *json)
{
    struct stage *st = ctx;
    json_t *event = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(event);
    assert_string_equal(json_string_value(json_object_get(event, "scene")), scene);
    json_array_append_new(st->events, event);
}

static void host_journal(void *ctx, const char *kind, const char *device, const char *name, const char *principal,
                         const char *data)
{
    struct stage *st = ctx;
    json_t *object = json_loads(data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    json_array_append_new(st->journal, json_pack("{s:s,s:s,s:s,s:s,s:o}", "kind", kind, "device", device, "name", name,
                                                 "principal", principal, "data", object));
}

static void host_keep(void *ctx, const char *key, const char *value)
{
    struct stage *st = ctx;
    if (value)
        assert_int_equal(json_object_set_new(st->kept, key, json_string(value)), 0);
    else
        (void)json_object_del(st->kept, key);
}

static void host_random(void *ctx, uint8_t out[8])
{
    struct stage *st = ctx;
    st->randomness++;
    memcpy(out, &st->randomness, 8);
}

/* ---- The test's side ---------------------------------------------------------------------------------------- */

const char *const stage_lesson[] = {
    "scene lesson, deadline 5min",
    "screen-down = screen.position down",
    "projector-on = projector.power on, timeout 90s",
    "source = projector.input hdmi1, after projector-on",
    "sound = audio.level -12, optional",
    "scene video",
    "projector-on = projector.power on, timeout 90s",
    "source = projector.input hdmi2, after projector-on",
    "dark = lights.front false",
    NULL,
};

void stage_open(struct stage *st, const char *const lines[])
{
    *st = (struct stage){.now = 1000 * LEC_SEC, .wall_us = INT64_C(1790000000000000)};
    lec_clock_fake(st->now, st->wall_us);
    st->events = json_array();
    st->journal = json_array();
    st->kept = json_object();
    st->room = stage_room(lines);
    st->host = (struct lec_scenes_host){.ctx = st,
                                        .start = host_start,
                                        .stop = host_stop,
                                        .read = host_read,
                                        .last = host_last,
                                        .publish = host_publish,
                                        .journal = host_journal,
                                        .keep = host_keep,
                                        .random = host_random};
    st->scenes = lec_scenes_new(st->room, &st->host);
    assert_non_null(st->scenes);
}

void stage_close(struct stage *st)
{
    lec_scenes_free(&st->scenes);
    lec_room_unref(&st->room);
    json_decref(st->events);
    json_decref(st->journal);
    json_decref(st->kept);
    json_decref(st->kept_then);
    lec_clock_fake(-1, 0);
}

void stage_crash(struct stage *st, const char *const lines[])
{
    lec_scenes_free(&st->scenes);
    if (lines) {
        lec_room_unref(&st->room);
        st->room = stage_room(lines);
    }
    for (size_t i = 0; i < st->n_ops; i++)
        st->ops[i].done = true;
    st->scenes = lec_scenes_new(st->room, &st->host);
    json_t *kept = json_deep_copy(st->kept);
    const char *key;
    json_t *value;
    json_object_foreach(kept, key, value) lec_scenes_restore(st->scenes, key, json_string_value(value));
    json_decref(kept);
    lec_scenes_resume(st->scenes);
}

void stage_wait(struct stage *st, int64_t ns)
{
    st->now += ns;
    st->wall_us += ns / 1000;
    lec_clock_fake(st->now, st->wall_us);
    (void)lec_scenes_tick(st->scenes);
}

const struct lec_point *stage_point(const struct stage *st, const char *target)
{
    char device[64];
    const char *name = word(target, ".", device, sizeof device) + 1;
    const struct lec_point *point = lec_device_point(lec_room_device(st->room, device), name);
    assert_non_null(point);
    return point;
}

static struct lec_value value_of(const struct lec_point *point, const char *text)
{
    struct lec_value v = {.type = LEC_NONE};
    if (text)
        assert_int_equal(lec_value_parse(text, point->type, &v, NULL), 0);
    return v;
}

void stage_know(struct stage *st, const char *target, enum lec_quality quality, const char *value)
{
    const struct lec_point *point = stage_point(st, target);
    st->world[point->device->index][point->index].quality = quality;
    st->world[point->device->index][point->index].value = value_of(point, value);
}

const char *stage_start(struct stage *st, const char *scene)
{
    static char ids[8][LEC_RUN_ID_MAX + 1];
    static size_t next;
    char *id = ids[next++ % ARRAY_LEN(ids)];
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, 1 << 20);
    assert_int_equal(lec_scenes_start(st->scenes, scene, "teacher", &json, &err), 0);
    json_t *run = json_loads(json.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(run);
    snprintf(id, sizeof ids[0], "%s", json_string_value(json_object_get(run, "run")));
    json_decref(run);
    lec_buf_done(&json);
    return id;
}

struct stage_op *stage_op(struct stage *st, const char *target)
{
    for (size_t i = st->n_ops; i > 0; i--)
        if (!st->ops[i - 1].done && strcmp(st->ops[i - 1].target, target) == 0)
            return &st->ops[i - 1];
    return NULL;
}

void stage_sent(struct stage *st, const char *target)
{
    struct stage_op *op = stage_op(st, target);
    assert_non_null(op);
    lec_scenes_op_sent(st->scenes, op->id);
}

void stage_done(struct stage *st, const char *target, enum lec_verdict verdict, const char *before, const char *actual)
{
    struct stage_op *op = stage_op(st, target);
    assert_non_null(op);
    op->done = true;
    struct lec_op_result result = {.verdict = verdict, .before_known = before != NULL};
    if (op->point) {
        result.before = value_of(op->point, before);
        result.actual = value_of(op->point, actual);
        if (actual)
            stage_know(st, target, LEC_GOOD, actual);
    }
    lec_scenes_op_done(st->scenes, op->id, &result);
}

void stage_fail(struct stage *st, const char *target, enum lec_verdict verdict, int code, const char *reason)
{
    struct stage_op *op = stage_op(st, target);
    assert_non_null(op);
    op->done = true;
    struct lec_op_result result = {.verdict = verdict, .code = code};
    snprintf(result.reason, sizeof result.reason, "%s", reason);
    lec_scenes_op_done(st->scenes, op->id, &result);
}

size_t stage_open_ops(const struct stage *st)
{
    size_t n = 0;
    for (size_t i = 0; i < st->n_ops; i++)
        n += !st->ops[i].done && !st->ops[i].stopped;
    return n;
}

json_t *stage_run(struct stage *st, const char *run)
{
    static json_t *last;
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, 1 << 20);
    json_decref(last);
    last = NULL;
    if (lec_scenes_run_json(st->scenes, run, &json, &err) == 0) {
        last = json_loads(json.data, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(last);
    }
    lec_buf_done(&json);
    return last;
}

json_t *stage_run_step(struct stage *st, const char *run, const char *name)
{
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(stage_run(st, run), "steps"), i,
                       step) if (strcmp(json_string_value(json_object_get(step, "name")), name) == 0) return step;
    fail_msg("run %s has no step %s", run, name);
    return NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

const char *stage_state(struct stage *st, const char *run)
{
    return text_of(stage_run(st, run), "state");
}

const char *stage_step(struct stage *st, const char *run, const char *step)
{
    return text_of(stage_run_step(st, run, step), "state");
}

const char *stage_reason(struct stage *st, const char *run, const char *step)
{
    return text_of(stage_run_step(st, run, step), "reason");
}
