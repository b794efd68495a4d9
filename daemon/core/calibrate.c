/* Which calibration is in force: what a person said, else what the room file says, else what the sensor's own memory
 * says, else the profile. The room file goes before the sensor's memory because somebody wrote it for this very device. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/methods.h"
#include "core/record.h"

#define KEY_PREFIX "calibration/"

/* A calibration that is not of the room. */
struct told {
    char device[LEC_NAME_MAX + 1], point[LEC_NAME_MAX + 1];
    bool person; /* else the sensor's memory */
    struct lec_calibration calibration;
};

static struct told *find(struct core *core, const char *device, const char *point, bool person)
{
    for (size_t i = 0; i < core->n_calibrations; i++) {
        struct told *t = core->calibrations[i];
        if (t->person == person && strcmp(t->device, device) == 0 && strcmp(t->point, point) == 0)
            return t;
    }
    return NULL;
}

static struct told *add(struct core *core, const char *device, const char *point, bool person)
{
    struct told *t = find(core, device, point, person);
    if (t)
        return t;
    struct told **more = realloc(core->calibrations, (core->n_calibrations + 1) * sizeof(struct told *));
    if (!more)
        return NULL;
    core->calibrations = more;
    t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    snprintf(t->device, sizeof t->device, "%s", device);
    snprintf(t->point, sizeof t->point, "%s", point);
    t->person = person;
    return core->calibrations[core->n_calibrations++] = t;
}

static bool does_something(const struct lec_calibration *c)
{
    return c->kind != LEC_CAL_NONE || (c->scale != 1 && c->scale != 0) || c->offset != 0;
}

/* The one in force; NULL: values are as they come. */
static const struct lec_calibration *in_force(struct core *core, const struct lec_point *point)
{
    const struct told *person = find(core, point->device->name, point->name, true);
    const struct told *sensor = find(core, point->device->name, point->name, false);
    const struct lec_calibration *room = point->calibration;
    const struct lec_calibration *c = person                                      ? &person->calibration
                                      : room && strcmp(room->source, "room") == 0 ? room
                                      : sensor                                    ? &sensor->calibration
                                                                                  : room;
    return (c && does_something(c)) || (person && c == &person->calibration) ? c : NULL;
}

static void attach(struct core *core, struct device_state *d, size_t point)
{
    struct point_state *p = &d->points[point];
    p->calibration = in_force(core, &d->desc->points[point]);
}

void calibrate_bind(struct core *core)
{
    for (size_t i = 0; i < core->n_devices; i++)
        for (size_t p = 0; p < core->devices[i].desc->n_points; p++)
            attach(core, &core->devices[i], p);
}

/* Another one is in force: the value that is known is read with it. */
static void renew(struct core *core, struct device_state *d, size_t point)
{
    attach(core, d, point);
    state_recalibrate(core, d, (uint32_t)point);
}

void calibrate_told(struct core *core, struct device_state *d, const struct lec_told_calibration *told)
{
    if (told->point >= d->desc->n_points || told->calibration.n > LEC_CAL_MAX)
        return;
    struct told *t = add(core, d->desc->name, d->desc->points[told->point].name, false);
    if (!t)
        return;
    t->calibration = told->calibration;
    snprintf(t->calibration.source, sizeof t->calibration.source, "sensor");
    renew(core, d, told->point);
}

/* ---- A person's --------------------------------------------------------------------------------------------- */

static const char *member(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

/* As it was kept: lec_calibration_json. What cannot be read is left out: it was ours, so it is damaged. */
static void restore(void *ctx, const char *key, const char *value)
{
    struct core *core = ctx;
    char device[LEC_NAME_MAX + 1], point[LEC_NAME_MAX + 1];
    struct lec_err err;
    const char *name = key + strlen(KEY_PREFIX), *dot = strchr(name, '.');
    if (!dot || (size_t)(dot - name) >= sizeof device || strlen(dot + 1) >= sizeof point)
        return;
    snprintf(device, sizeof device, "%.*s", (int)(dot - name), name);
    snprintf(point, sizeof point, "%s", dot + 1);
    json_t *o = json_loads(value, 0, NULL);
    struct lec_calibration c;
    if (o && lec_calibration_parse(member(o, "form"), &c, &err) == 0) {
        const char *by = member(o, "by"), *note = member(o, "note"), *unit = member(o, "unit");
        struct told *t = add(core, device, point, true);
        snprintf(c.source, sizeof c.source, "person");
        lec_copy_utf8(c.by, sizeof c.by, by, strlen(by));
        lec_copy_utf8(c.note, sizeof c.note, note, strlen(note));
        lec_copy_utf8(c.unit, sizeof c.unit, unit, strlen(unit));
        c.date_us = json_integer_value(json_object_get(o, "date"));
        if (t)
            t->calibration = c;
    }
    json_decref(o);
}

int calibrate_open(struct core *core, struct lec_err *err)
{
    int rc = lec_store_each(core->store, KEY_PREFIX, restore, core, err);
    calibrate_bind(core);
    return rc;
}

void calibrate_close(struct core *core)
{
    for (size_t i = 0; i < core->n_calibrations; i++)
        free(core->calibrations[i]);
    free(core->calibrations);
}

static void keep(struct core *core, const char *target, const struct lec_calibration *c)
{
    char key[160];
    struct lec_buf b;
    snprintf(key, sizeof key, KEY_PREFIX "%s", target);
    lec_buf_init(&b, 8192);
    if (c)
        lec_calibration_json(c, &b);
    if (!b.failed)
        lec_store_put(core->store, key, c ? b.data : NULL);
    lec_buf_done(&b);
}

static void forget(struct core *core, const char *device, const char *point)
{
    struct told *t = find(core, device, point, true);
    for (size_t i = 0; t && i < core->n_calibrations; i++)
        if (core->calibrations[i] == t)
            core->calibrations[i] = core->calibrations[--core->n_calibrations];
    free(t);
}

/* "2026-11-01" as local midnight; false if it is no day. */
static bool parse_day(const char *text, int64_t *us)
{
    struct tm tm = {.tm_isdst = -1};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    time_t t = end && *end == '\0' ? mktime(&tm) : (time_t)-1;
    *us = (int64_t)t * 1000000;
    return t != (time_t)-1;
}

static bool param_word(struct core *core, struct request *r, const char *name, size_t max, const char **out)
{
    bool ok;
    *out = param_text(core, r, name, false, &ok);
    if (ok && *out && strlen(*out) >= max) {
        reply_param(core, r, name, "is too long");
        return false;
    }
    return ok;
}

static void answer(struct core *core, struct request *r, const char *target, const struct point_state *p)
{
    struct lec_calibration none;
    struct lec_buf json;
    lec_calibration_none(&none);
    lec_buf_init(&json, 8192);
    lec_calibration_json(p->calibration ? p->calibration : &none, &json);
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_puts(b, "{\"target\":");
    lec_json_str(b, target);
    lec_json_key(b, "calibration");
    lec_buf_puts(b, json.failed ? "null" : json.data);
    lec_buf_putc(b, '}');
    reply_send(core, r);
    lec_buf_done(&json);
}

void point_calibrate(struct core *core, struct request *r)
{
    bool ok;
    char nearest[64];
    struct lec_err err;
    const struct lec_point *point = NULL;
    const char *unit, *note, *date;
    if (!params_known(core, r, "target|form|unit|note|date"))
        return;
    const char *target = param_text(core, r, "target", true, &ok);
    if (!ok)
        return;
    const char *form = param_text(core, r, "form", true, &ok);
    struct lec_calibration c;
    if (!ok || !param_word(core, r, "unit", sizeof c.unit, &unit) ||
        !param_word(core, r, "note", sizeof c.note, &note) || !param_word(core, r, "date", 32, &date))
        return;
    struct device_state *d = state_target(core, target, &point, NULL, &err, nearest);
    if (!d) {
        struct trouble t = {.code = -32001, .reason = err.text, .nearest = nearest};
        reply_error(core, r, &t);
        return;
    }
    if (point->type != LEC_FLOAT || !(point->access & LEC_READ)) {
        struct trouble t = {
            .code = -32006, .reason = "only a measured number can be calibrated", .device = d->desc, .point = point};
        reply_error(core, r, &t);
        return;
    }
    if (*form && lec_calibration_parse(form, &c, &err) < 0) {
        reply_param(core, r, "form", err.text);
        return;
    }
    int64_t day = lec_wall_us();
    if (date && !parse_day(date, &day)) {
        reply_param(core, r, "date", "a day like 2026-11-30 is wanted");
        return;
    }
    forget(core, d->desc->name, point->name);
    if (*form) {
        struct told *t = add(core, d->desc->name, point->name, true);
        c.date_us = day;
        snprintf(c.source, sizeof c.source, "person");
        lec_copy_utf8(c.by, sizeof c.by, r->principal, strlen(r->principal));
        lec_copy_utf8(c.note, sizeof c.note, note ? note : "", note ? strlen(note) : 0);
        lec_copy_utf8(c.unit, sizeof c.unit, unit ? unit : "", unit ? strlen(unit) : 0);
        if (t)
            t->calibration = c;
    }
    keep(core, target, *form ? &c : NULL);
    renew(core, d, point->index);
    journal_request(core, r, target, NULL);
    answer(core, r, target, &d->points[point->index]);
}
