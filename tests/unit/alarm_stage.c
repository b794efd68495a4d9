#include "alarm_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

#define DEVICES  3
#define SECTIONS 16

/* ---- The room ----------------------------------------------------------------------------------------------- */

struct room_box {
    struct lec_room room; /* first */
    int refs;
    struct lec_device devices[DEVICES];
    struct lec_point points[DEVICES][3];
    struct lec_alarm sections[SECTIONS];
};

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

static void add_point(struct room_box *box, size_t device, const char *name, const char *label, const char *label_en,
                      enum lec_type type, const char *unit, const char *severity)
{
    struct lec_device *d = &box->devices[device];
    box->points[device][d->n_points] = (struct lec_point){.name = name,
                                                          .index = d->n_points,
                                                          .device = d,
                                                          .label = label,
                                                          .label_en = label_en,
                                                          .type = type,
                                                          .unit = unit,
                                                          .severity = severity,
                                                          .access = LEC_READ};
    d->n_points++;
}

static void add_device(struct room_box *box, const char *name, const char *label, const char *label_en)
{
    size_t i = box->room.n_devices++;
    box->devices[i] = (struct lec_device){.name = name,
                                          .index = i,
                                          .room = &box->room,
                                          .label = label,
                                          .label_en = label_en,
                                          .class_name = "projector",
                                          .points = box->points[i]};
}

struct lec_alarm stage_alarm(const char *name, const char *target, enum lec_severity severity)
{
    /* `file` carries the target until the room is built */
    return (struct lec_alarm){
        .name = name, .file = target, .severity = severity, .label = "", .label_en = "", .remedy = "", .remedy_en = ""};
}

static const struct lec_device *device_of(const struct lec_room *room, const char *target)
{
    size_t n = strcspn(target, ".");
    for (size_t i = 0; i < room->n_devices; i++)
        if (strlen(room->devices[i].name) == n && strncmp(room->devices[i].name, target, n) == 0)
            return &room->devices[i];
    return NULL;
}

static const struct lec_point *point_of(const struct lec_room *room, const char *target)
{
    const struct lec_device *d = device_of(room, target);
    const char *dot = strchr(target, '.');
    for (size_t i = 0; d && dot && i < d->n_points; i++)
        if (strcmp(d->points[i].name, dot + 1) == 0)
            return &d->points[i];
    return NULL;
}

const struct lec_room *stage_room(const struct lec_alarm sections[], size_t n, bool lights)
{
    struct room_box *box = calloc(1, sizeof *box);
    assert_non_null(box);
    assert_true(n <= SECTIONS);
    box->refs = 1;
    box->room.id = "phong-1";
    box->room.site = "truong-1";
    box->room.devices = box->devices;
    add_device(box, "projector", "Máy chiếu", "Projector");
    add_point(box, 0, "power", "", "", LEC_ENUM, "", "");
    add_point(box, 0, "error.lamp", "Lỗi đèn", "Lamp", LEC_ENUM, "", "error");
    add_point(box, 0, "error.fan", "", "", LEC_BOOL, "", "warning");
    add_device(box, "comfort", "Không khí", "Air");
    add_point(box, 1, "co2", "Nồng độ CO2", "CO2", LEC_FLOAT, "[ppm]", "");
    add_point(box, 1, "temperature", "Nhiệt độ", "Temperature", LEC_FLOAT, "Cel", "");
    add_point(box, 1, "mode", "", "", LEC_ENUM, "", "");
    if (lights) {
        add_device(box, "lights", "Đèn lớp", "Lights");
        add_point(box, 2, "front", "", "", LEC_BOOL, "", "");
    }
    for (size_t i = 0; i < n; i++) {
        struct lec_alarm *s = &box->sections[i];
        *s = sections[i];
        s->index = i;
        s->device = device_of(&box->room, s->file);
        s->point = point_of(&box->room, s->file);
    }
    box->room.alarms = box->sections;
    box->room.n_alarms = n;
    return &box->room;
}

/* ---- The host ----------------------------------------------------------------------------------------------- */

static void host_record(void *ctx, const char *device, const char *name, const char *principal, const char *data,
                        const struct lec_alarm_kept kept[], size_t n)
{
    struct stage *st = ctx;
    assert_true(n <= LEC_ALARM_KEPT_MAX);
    json_decref(st->before[STAGE_UNDONE - 1]);
    memmove(st->before + 1, st->before, (STAGE_UNDONE - 1) * sizeof *st->before);
    memmove(st->wrote + 1, st->wrote, (STAGE_UNDONE - 1) * sizeof *st->wrote);
    st->before[0] = json_copy(st->kept);
    st->wrote[0] = data != NULL;
    for (size_t i = 0; i < n; i++) {
        if (kept[i].value)
            assert_int_equal(json_object_set_new(st->kept, kept[i].key, json_string(kept[i].value)), 0);
        else
            json_object_del(st->kept, kept[i].key);
    }
    if (!data)
        return;
    json_t *entry = json_loads(data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(entry);
    json_array_append_new(st->journal, json_pack("{s:s, s:s, s:s, s:o, s:I}", "device", device, "name", name,
                                                 "principal", principal, "data", entry, "now", (json_int_t)st->now));
}

static void host_publish(void *ctx, const char *name, const char *json)
{
    struct stage *st = ctx;
    json_t *alarm = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(alarm);
    assert_string_equal(json_string_value(json_object_get(alarm, "alarm")), name);
    json_array_append_new(st->told, json_pack("{s:s, s:o}", "name", name, "alarm", alarm));
}

static bool host_remedy(void *ctx, const struct lec_device *device, const struct lec_point *point, int code,
                        const char **vi, const char **en)
{
    (void)ctx, (void)device, (void)code;
    *vi = "Kiểm tra dây.";
    *en = "Check the cable.";
    return !point;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* As the store lists them; NULL at the end. */
static const char **sorted_keys(json_t *kept)
{
    const char **keys = calloc(json_object_size(kept) + 1, sizeof *keys), *key;
    size_t n = 0;
    json_t *value;
    assert_non_null(keys);
    json_object_foreach(kept, key, value) keys[n++] = key;
    qsort(keys, n, sizeof *keys, by_text);
    return keys;
}

static void start(struct stage *st, const struct lec_room *room)
{
    struct lec_alarms_host host = {.ctx = st, .record = host_record, .publish = host_publish, .remedy = host_remedy};
    if (room) {
        lec_room_unref(&st->room);
        st->room = room;
    }
    st->alarms = lec_alarms_new(st->room, &host);
    assert_non_null(st->alarms);
    const char **keys = sorted_keys(st->kept);
    for (size_t i = 0; keys[i]; i++) {
        char *value = strdup(json_string_value(json_object_get(st->kept, keys[i])));
        lec_alarms_restore(st->alarms, keys[i], value); /* which may forget the key */
        free(value);
    }
    free(keys);
    lec_alarms_resume(st->alarms, stage_moment(st));
    for (size_t i = 0; i < st->room->n_devices; i++)
        lec_alarms_device(st->alarms, &st->room->devices[i], false, 0, "", stage_moment(st));
    st->starts = json_array_size(st->journal);
}

void stage_open(struct stage *st, const struct lec_room *room)
{
    *st = (struct stage){.now = 1000 * LEC_SEC, .wall_us = INT64_C(1790000000000000)};
    st->journal = json_array();
    st->told = json_array();
    st->kept = json_object();
    start(st, room);
    stage_well(st);
}

void stage_close(struct stage *st)
{
    lec_alarms_free(&st->alarms);
    lec_room_unref(&st->room);
    json_decref(st->journal);
    json_decref(st->told);
    json_decref(st->kept);
    for (size_t i = 0; i < STAGE_UNDONE; i++)
        json_decref(st->before[i]);
}

void stage_restart(struct stage *st, const struct lec_room *room, unsigned undone, int64_t down_ns)
{
    lec_alarms_free(&st->alarms);
    for (unsigned i = 0; i < undone && st->before[0]; i++) {
        json_decref(st->kept);
        st->kept = st->before[0];
        if (st->wrote[0])
            json_array_remove(st->journal, json_array_size(st->journal) - 1);
        memmove(st->before, st->before + 1, (STAGE_UNDONE - 1) * sizeof *st->before);
        memmove(st->wrote, st->wrote + 1, (STAGE_UNDONE - 1) * sizeof *st->wrote);
        st->before[STAGE_UNDONE - 1] = NULL;
    }
    for (size_t i = 0; i < STAGE_UNDONE; i++) { /* what was told to others before this start is on the disk */
        json_decref(st->before[i]);
        st->before[i] = NULL;
    }
    st->now += down_ns;
    st->wall_us += down_ns / 1000;
    start(st, room);
}

/* The engine is told everything anew, as far as it is known: nothing is. */
void stage_reload(struct stage *st, const struct lec_room *room)
{
    assert_true(lec_alarms_reload(st->alarms, room, stage_moment(st)));
    lec_room_unref(&st->room);
    st->room = room;
    st->starts = json_array_size(st->journal);
}

/* ---- What happens ------------------------------------------------------------------------------------------- */

struct lec_moment stage_moment(const struct stage *st)
{
    return (struct lec_moment){.now = st->now, .wall_us = st->wall_us};
}

void stage_point(struct stage *st, const char *target, struct lec_value value, enum lec_quality quality)
{
    const struct lec_point *point = point_of(st->room, target);
    if (point)
        lec_alarms_point(st->alarms, point, &value, quality, stage_moment(st));
}

void stage_float(struct stage *st, const char *target, double value)
{
    stage_point(st, target, lec_float(value), LEC_GOOD);
}

void stage_enum(struct stage *st, const char *target, const char *value)
{
    stage_point(st, target, lec_enum(value), LEC_GOOD);
}

void stage_online(struct stage *st, const char *device, bool online)
{
    const struct lec_device *d = device_of(st->room, device);
    if (d)
        lec_alarms_device(st->alarms, d, online, LEC_E_LINK, online ? "" : "no route", stage_moment(st));
}

void stage_well(struct stage *st)
{
    stage_online(st, "projector", true);
    stage_online(st, "comfort", true);
    stage_online(st, "lights", true);
    stage_enum(st, "projector.error.lamp", "ok");
    stage_point(st, "projector.error.fan", lec_bool(false), LEC_GOOD);
    stage_float(st, "comfort.co2", 500);
    stage_float(st, "comfort.temperature", 25);
    stage_enum(st, "comfort.mode", "idle");
    stage_point(st, "lights.front", lec_bool(false), LEC_GOOD);
    lec_alarms_room(st->alarms, LEC_ALARM_DISK, false, "", stage_moment(st));
    lec_alarms_room(st->alarms, LEC_ALARM_JOURNAL, false, "", stage_moment(st));
}

void stage_pass(struct stage *st, int64_t ns)
{
    int64_t end = st->now + ns;
    for (int turns = 0;; turns++) {
        assert_true(turns < 10000); /* it would have the core run in circles */
        int64_t due = lec_alarms_due(st->alarms);
        int64_t at = due < end ? due : end;
        if (at > st->now) {
            st->wall_us += (at - st->now) / 1000;
            st->now = at;
        }
        lec_alarms_tick(st->alarms, stage_moment(st));
        if (st->now >= end && lec_alarms_due(st->alarms) > st->now)
            return;
    }
}

/* ---- What came of it ---------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is_entry(const json_t *entry, const char *alarm, const char *what)
{
    return strcmp(text_of(entry, "name"), alarm) == 0 &&
           strcmp(text_of(json_object_get(entry, "data"), "what"), what) == 0;
}

size_t stage_count(const struct stage *st, const char *alarm, const char *what)
{
    size_t n = 0, i;
    json_t *entry;
    json_array_foreach(st->journal, i, entry) n += is_entry(entry, alarm, what);
    return n;
}

const json_t *stage_entry(const struct stage *st, const char *alarm, const char *what)
{
    for (size_t i = json_array_size(st->journal); i > 0; i--)
        if (is_entry(json_array_get(st->journal, i - 1), alarm, what))
            return json_array_get(st->journal, i - 1);
    fail_msg("the journal does not say that %s was %s", alarm, what);
    return NULL;
}

const json_t *stage_told(const struct stage *st, const char *alarm)
{
    for (size_t i = json_array_size(st->told); i > 0; i--) {
        const json_t *event = json_array_get(st->told, i - 1);
        if (strcmp(text_of(event, "name"), alarm) == 0)
            return json_object_get(event, "alarm");
    }
    fail_msg("nothing was told of %s", alarm);
    return NULL;
}

json_t *stage_standing(const struct stage *st)
{
    struct lec_buf b;
    lec_buf_init(&b, 4u << 20);
    lec_alarms_standing_json(st->alarms, &b);
    json_t *list = json_loads(b.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(list);
    lec_buf_done(&b);
    return list;
}

json_t *stage_list(const struct stage *st, unsigned ended)
{
    struct lec_buf b;
    lec_buf_init(&b, 4u << 20);
    lec_buf_putc(&b, '{');
    lec_alarms_list_json(st->alarms, ended, &b);
    lec_buf_putc(&b, '}');
    json_t *list = json_loads(b.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(list);
    lec_buf_done(&b);
    return list;
}

bool stage_stands(const struct stage *st, const char *alarm)
{
    json_t *list = stage_standing(st), *a;
    bool stands = false;
    size_t i;
    json_array_foreach(list, i, a) stands = stands || strcmp(text_of(a, "alarm"), alarm) == 0;
    json_decref(list);
    return stands;
}

/* Whether the raise at `at` is one too many for chattering: restarts forget how often it was. */
static bool too_often(const struct stage *st, size_t at)
{
    const json_t *entry = json_array_get(st->journal, at);
    int64_t now = json_integer_value(json_object_get(entry, "now"));
    size_t n = 0;
    for (size_t i = at + 1; i > st->starts; i--) {
        const json_t *e = json_array_get(st->journal, i - 1);
        if (is_entry(e, text_of(entry, "name"), "raised") &&
            now - json_integer_value(json_object_get(e, "now")) <= LEC_ALARM_CHATTER_NS)
            n++;
    }
    return n > LEC_ALARM_CHATTER_RAISES;
}

const char *stage_judge(const struct stage *st)
{
    static char wrong[200];
    json_t *open = json_object(), *standing = stage_standing(st), *entry;
    json_int_t last = 0;
    size_t i;
    wrong[0] = '\0';
    json_array_foreach(st->journal, i, entry)
    {
        const char *name = text_of(entry, "name"), *what = text_of(json_object_get(entry, "data"), "what");
        json_int_t n = json_integer_value(json_object_get(json_object_get(entry, "data"), "raise"));
        if (strcmp(what, "raised") == 0) {
            if (json_object_get(open, name))
                snprintf(wrong, sizeof wrong, "%s is raised while it stands", name);
            if (n <= last)
                snprintf(wrong, sizeof wrong, "raise %d of %s comes behind %d", (int)n, name, (int)last);
            if (i >= st->starts && too_often(st, i))
                snprintf(wrong, sizeof wrong, "%s is raised too often", name);
            last = n;
            json_object_set_new(open, name, json_integer(n));
        } else if (strcmp(what, "cleared") == 0) {
            if (json_integer_value(json_object_get(open, name)) != n)
                snprintf(wrong, sizeof wrong, "%s: clear %d belongs to no raise", name, (int)n);
            json_object_del(open, name);
        } else if (strcmp(what, "acknowledged") == 0) {
            if (json_integer_value(json_object_get(open, name)) != n)
                snprintf(wrong, sizeof wrong, "%s is acknowledged and does not stand", name);
        }
    }
    json_array_foreach(standing, i, entry)
    {
        const char *name = text_of(entry, "alarm");
        if (json_integer_value(json_object_get(open, name)) != json_integer_value(json_object_get(entry, "raise")))
            snprintf(wrong, sizeof wrong, "%s stands, and the journal does not say so", name);
    }
    if (json_object_size(open) != json_array_size(standing))
        snprintf(wrong, sizeof wrong, "%zu raises have no clear, but %zu alarms stand", json_object_size(open),
                 json_array_size(standing));
    json_decref(open);
    json_decref(standing);
    return *wrong ? wrong : NULL;
}
