/* The room's table of devices and points: what the lines told, and how old it is. */
#include "core/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/log.h"

const char *state_status_name(enum device_status s)
{
    switch (s) {
    case DEVICE_STARTING:
        return "starting";
    case DEVICE_ONLINE:
        return "online";
    case DEVICE_AWAY:
        return "away";
    }
    return "away";
}

int state_open(struct core *core)
{
    const struct lec_room *room = core->room;
    core->devices = calloc(room->n_devices + 1, sizeof *core->devices);
    if (!core->devices)
        return LEC_E_NOMEM;
    for (size_t i = 0; i < room->n_devices; i++) {
        struct device_state *d = &core->devices[i];
        d->desc = &room->devices[i];
        d->points = calloc(d->desc->n_points + 1, sizeof *d->points);
        if (!d->points)
            return LEC_E_NOMEM;
        core->n_devices++;
        for (size_t p = 0; p < d->desc->n_points; p++)
            lec_copy_utf8(d->points[p].reason, sizeof d->points[p].reason, "not read yet", 12);
        d->topic = events_topic(core, EVENT_STATE, d->desc->name);
        d->event_topic = events_topic(core, EVENT_EVENT, d->desc->name);
    }
    return 0;
}

void state_close(struct core *core)
{
    for (size_t i = 0; i < core->n_devices; i++) {
        changed_forget(&core->devices[i]);
        free(core->devices[i].points);
    }
    free(core->devices);
    core->devices = NULL;
    core->n_devices = 0;
}

struct device_state *state_device(struct core *core, const char *name)
{
    for (size_t i = 0; i < core->n_devices; i++)
        if (strcmp(core->devices[i].desc->name, name) == 0)
            return &core->devices[i];
    return NULL;
}

static void nearest_name(const char *name, size_t n, const char *(*at)(const void *, size_t), const void *ctx,
                         char out[64])
{
    const char *best = NULL;
    unsigned best_edits = (unsigned)strlen(name) / 3 + 2;
    for (size_t i = 0; i < n; i++) {
        unsigned d = lec_edits(name, at(ctx, i));
        if (d < best_edits) {
            best_edits = d;
            best = at(ctx, i);
        }
    }
    lec_copy_text(out, 64, best ? best : "");
}

static const char *device_name(const void *ctx, size_t i)
{
    return ((const struct core *)ctx)->devices[i].desc->name;
}

static const char *point_name(const void *ctx, size_t i)
{
    return ((const struct lec_device *)ctx)->points[i].name;
}

static const char *action_name(const void *ctx, size_t i)
{
    return ((const struct lec_device *)ctx)->actions[i].name;
}

struct device_state *state_target(struct core *core, const char *target, const struct lec_point **point,
                                  const struct lec_action **action, struct lec_err *err, char nearest[64])
{
    nearest[0] = '\0';
    const char *dot = strchr(target, '.');
    char name[LEC_NAME_MAX + 1];
    size_t n = dot ? (size_t)(dot - target) : strlen(target);
    if (n > LEC_NAME_MAX) {
        lec_fail(err, LEC_E_CONFIG, "a name of more than %d letters", LEC_NAME_MAX);
        return NULL;
    }
    memcpy(name, target, n);
    name[n] = '\0';
    struct device_state *d = state_device(core, name);
    if (!d) {
        nearest_name(name, core->n_devices, device_name, core, nearest);
        lec_fail(err, LEC_E_CONFIG, "no device \"%s\" in this room%s%s%s", name, *nearest ? " (did you mean " : "",
                 nearest, *nearest ? "?)" : "");
        return NULL;
    }
    const char *rest = dot ? dot + 1 : "";
    if (point && (*point = lec_device_point(d->desc, rest)))
        return d;
    if (action && (*action = lec_device_action(d->desc, rest)))
        return d;
    char near_name[64];
    if (point)
        nearest_name(rest, d->desc->n_points, point_name, d->desc, near_name);
    else
        nearest_name(rest, d->desc->n_actions, action_name, d->desc, near_name);
    if (*near_name)
        snprintf(nearest, 64, "%.30s.%.30s", name, near_name);
    lec_fail(err, LEC_E_CONFIG, "%s has no %s \"%.40s\"%s%s%s", name, point ? "point" : "action", rest,
             *near_name ? " (did you mean " : "", near_name, *near_name ? "?)" : "");
    return NULL;
}

/* ---- Writing ------------------------------------------------------------------------------------------------ */

void state_write_target(struct lec_buf *b, const struct lec_device *desc, const char *name)
{
    lec_buf_putc(b, '"');
    lec_buf_puts(b, desc->name);
    lec_buf_putc(b, '.');
    lec_buf_puts(b, name);
    lec_buf_putc(b, '"');
}

void state_write_value(struct lec_buf *b, const struct device_state *d, size_t point, bool answer, int64_t now)
{
    const struct point_state *p = &d->points[point];
    const struct lec_point *desc = &d->desc->points[point];
    lec_buf_puts(b, "\"value\":");
    lec_json_value(b, &p->value);
    lec_buf_puts(b, p->quality == LEC_GOOD    ? ",\"quality\":\"good\""
                    : p->quality == LEC_STALE ? ",\"quality\":\"stale\""
                                              : ",\"quality\":\"bad\"");
    if (p->time_us > 0) {
        lec_buf_put(b, ",\"time\":", 8);
        lec_json_int(b, p->time_us);
        if (answer) {
            lec_buf_put(b, ",\"age_ms\":", 10);
            lec_json_int(b, (now - p->time_ns) / LEC_MS);
        }
    }
    const char *unit = p->calibration && *p->calibration->unit ? p->calibration->unit : desc->unit;
    if (answer)
        lec_member_str_if_any(b, "unit", unit);
    if (p->has_wanted)
        lec_member_value(b, "wanted", &p->wanted);
    changed_write(b, d, point);
    if (d->desc->line && d->desc->line->simulated)
        lec_buf_puts(b, ",\"simulated\":true");
    if (p->quality != LEC_GOOD)
        lec_member_str(b, "reason", p->reason);
}

static void write_points(struct lec_buf *b, const struct device_state *d, const uint32_t at[], size_t n)
{
    lec_json_key(b, "points");
    lec_buf_putc(b, '{');
    for (size_t i = 0; i < n; i++) {
        lec_json_key(b, d->desc->points[at[i]].name);
        lec_buf_putc(b, '{');
        state_write_value(b, d, at[i], false, 0);
        lec_buf_putc(b, '}');
    }
    lec_buf_putc(b, '}');
}

/* The members status, reason, remedy. */
static void write_status(struct lec_buf *b, const struct device_state *d)
{
    lec_member_str(b, "status", state_status_name(d->status));
    lec_member_str_if_any(b, "reason", d->reason);
    if (d->status == DEVICE_AWAY)
        describe_remedy(b, d->desc, d->code);
}

static void publish(struct core *core, struct device_state *d, const uint32_t at[], size_t n, bool status)
{
    struct lec_buf *b = events_begin(core, d->topic);
    if (!b)
        return;
    lec_member_str(b, "device", d->desc->name);
    if (status)
        write_status(b, d);
    write_points(b, d, at, n);
    events_end(core, d->topic, NULL, 0);
}

void state_write_snapshot(struct core *core, struct lec_buf *b)
{
    int64_t now = lec_now();
    lec_buf_puts(b, "{\"boot\":");
    lec_json_str(b, core->boot);
    lec_member_int(b, "seq", (int64_t)core->events.seq);
    lec_member_int(b, "time", lec_wall_us());
    lec_json_key(b, "devices");
    lec_buf_putc(b, '{');
    for (size_t i = 0; i < core->n_devices; i++) {
        const struct device_state *d = &core->devices[i];
        lec_json_key(b, d->desc->name);
        lec_buf_putc(b, '{');
        write_status(b, d);
        lec_json_key(b, "points");
        lec_buf_putc(b, '{');
        for (size_t p = 0; p < d->desc->n_points; p++) {
            lec_json_key(b, d->desc->points[p].name);
            lec_buf_putc(b, '{');
            state_write_value(b, d, p, true, now);
            lec_buf_putc(b, '}');
        }
        lec_buf_puts(b, "}}");
    }
    lec_buf_putc(b, '}');
    lec_json_key(b, "runs");
    lec_scenes_runs_json(core->scenes, b);
    record_snapshot(core, b);
    timetable_write_snapshot(core, b);
    alarms_write_snapshot(core, b);
    lec_buf_putc(b, '}');
}

/* ---- What the lines tell ------------------------------------------------------------------------------------ */

/* Measurements change all the time and are not journalled; switches, choices and texts are. */
static void journal_change(struct core *core, const struct device_state *d, size_t point)
{
    struct point_state *p = &d->points[point];
    enum lec_type type = d->desc->points[point].type;
    if (type == LEC_INT || type == LEC_FLOAT || p->quality != LEC_GOOD || lec_value_equal(&p->value, &p->journalled))
        return;
    if (p->journalled.type != LEC_NONE) {
        struct lec_buf b;
        lec_buf_init(&b, 4096);
        lec_buf_puts(&b, "{\"from\":");
        lec_json_value(&b, &p->journalled);
        lec_member_value(&b, "to", &p->value);
        lec_buf_putc(&b, '}');
        if (!b.failed)
            journal_add(core, "state", d->desc->name, d->desc->points[point].name, "", b.data);
        lec_buf_done(&b);
    }
    p->journalled = p->value;
}

/* A number becomes what its calibration makes of it. */
static void calibrate(struct point_state *p, struct lec_value *value)
{
    p->has_raw = value->type == LEC_FLOAT;
    if (!p->has_raw)
        return;
    p->raw = value->f;
    if (p->calibration)
        lec_calibrate(p->calibration, &p->raw, &value->f, 1);
}

static void follow_value(struct core *core, const struct point_state *p)
{
    if (p->follow && p->follow->values && p->quality == LEC_GOOD)
        lec_record_value(core->record->recorder, p->follow->key, &p->value, p->time_ns);
}

void state_values(struct core *core, struct device_state *d, const char *at, const char *end, unsigned n)
{
    uint32_t changed[1024];
    size_t n_changed = 0;
    struct lec_record r;
    for (unsigned i = 0; i < n && lec_record_take(&at, end, &r); i++) {
        if (r.point >= d->desc->n_points)
            continue;
        struct point_state *p = &d->points[r.point];
        p->time_us = r.time_us;
        p->time_ns = r.time_ns;
        if (!r.changed && p->quality == LEC_GOOD)
            continue;
        if (r.changed) {
            p->quality = r.quality;
            calibrate(p, &r.value);
            struct lec_value was = p->value;
            if (r.value.type != LEC_NONE || r.quality == LEC_BAD)
                p->value = r.value;
            memcpy(p->reason, r.reason, sizeof p->reason);
            p->reason[sizeof p->reason - 1] = '\0';
            changed_value(d, r.point, &was);
            journal_change(core, d, r.point);
            follow_value(core, p);
        } else if (r.quality == LEC_GOOD) { /* it had been called stale by its age, and is not */
            p->quality = LEC_GOOD;
        } else {
            continue; /* bad or stale as before, for the same reason */
        }
        alarms_point(core, d, r.point);
        changed[n_changed++] = r.point;
        if (n_changed == ARRAY_LEN(changed)) {
            publish(core, d, changed, n_changed, false);
            n_changed = 0;
        }
    }
    if (n_changed > 0)
        publish(core, d, changed, n_changed, false);
}

void state_newest(struct core *core, struct device_state *d, uint32_t point)
{
    struct point_state *p = &d->points[point];
    int64_t now = lec_now();
    p->newest_waits = false;
    p->shown_ns = now;
    p->time_ns = p->newest_ns;
    p->time_us = lec_wall_us() - (now - p->newest_ns) / 1000;
    p->value = lec_float(p->newest);
    calibrate(p, &p->value);
    p->quality = p->newest_bad ? LEC_BAD : LEC_GOOD;
    if (p->newest_bad)
        snprintf(p->reason, sizeof p->reason, "the sensor has no value now");
    follow_value(core, p);
    publish(core, d, &point, 1, false);
    alarms_point(core, d, point);
}

void state_recalibrate(struct core *core, struct device_state *d, uint32_t point)
{
    struct point_state *p = &d->points[point];
    if (!p->has_raw || p->value.type != LEC_FLOAT)
        return;
    p->value = lec_float(p->raw);
    calibrate(p, &p->value);
    publish(core, d, &point, 1, false);
    alarms_point(core, d, point);
}

/* All points of the device get this quality and reason, unless they are worse already. */
static void downgrade(struct core *core, struct device_state *d, enum lec_quality quality, const char *reason,
                      bool status)
{
    uint32_t at[1024];
    size_t n = 0;
    for (uint32_t i = 0; i < d->desc->n_points; i++) {
        struct point_state *p = &d->points[i];
        bool known = p->value.type != LEC_NONE;
        enum lec_quality q = known ? quality : LEC_BAD;
        if (p->quality < q || (p->quality == q && strcmp(p->reason, reason) == 0))
            continue;
        p->quality = q;
        lec_copy_utf8(p->reason, sizeof p->reason, reason, strlen(reason));
        alarms_point(core, d, i);
        at[n++] = i;
        if (n == ARRAY_LEN(at)) {
            publish(core, d, at, n, status);
            n = 0;
            status = false;
        }
    }
    if (n > 0 || status)
        publish(core, d, at, n, status);
}

void state_reset_told(struct core *core, struct device_state *d, bool gone)
{
    uint32_t at[64];
    size_t n = 0;
    if (gone) {
        d->status = DEVICE_AWAY;
        snprintf(d->reason, sizeof d->reason, "no longer part of the room");
    }
    for (uint32_t i = 0; i < d->desc->n_points; i++) {
        struct point_state *p = &d->points[i];
        p->quality = LEC_BAD;
        if (gone)
            lec_copy_utf8(p->reason, sizeof p->reason, d->reason, strlen(d->reason));
        at[n++] = i;
        if (n == ARRAY_LEN(at)) {
            publish(core, d, at, n, true);
            n = 0;
        }
    }
    publish(core, d, at, n, true);
}

void state_status(struct core *core, struct device_state *d, const struct lec_status *status)
{
    enum device_status was = d->status;
    d->status = status->online ? DEVICE_ONLINE : DEVICE_AWAY;
    d->code = status->code;
    snprintf(d->reason, sizeof d->reason, "%.*s", (int)sizeof status->reason - 1, status->reason);
    d->bad_told = false;
    if (was != DEVICE_AWAY)
        d->away_since = lec_now();
    if (was != d->status) {
        struct lec_buf b;
        lec_buf_init(&b, 4096);
        lec_buf_puts(&b, "{\"from\":");
        lec_json_str(&b, state_status_name(was));
        lec_member_str(&b, "to", state_status_name(d->status));
        lec_member_str_if_any(&b, "reason", d->reason);
        lec_buf_putc(&b, '}');
        if (!b.failed && (was != DEVICE_STARTING || d->status == DEVICE_AWAY))
            journal_add(core, "state", d->desc->name, "", "", b.data);
        lec_buf_done(&b);
    }
    record_presence(core, d);
    if (status->online)
        publish(core, d, NULL, 0, true);
    else
        downgrade(core, d, LEC_STALE, d->reason, true);
    alarms_device(core, d);
}

void state_wanted(struct core *core, const struct lec_point *point, const struct lec_value *value, uint64_t op)
{
    struct device_state *d = &core->devices[point->device->index];
    struct point_state *p = &d->points[point->index];
    p->has_wanted = true;
    p->wanted = *value;
    p->wanted_op = op;
    uint32_t at = (uint32_t)point->index;
    publish(core, d, &at, 1, false);
}

void state_unwanted(struct core *core, const struct lec_point *point, uint64_t op)
{
    struct device_state *d = &core->devices[point->device->index];
    struct point_state *p = &d->points[point->index];
    if (!p->has_wanted || p->wanted_op != op)
        return;
    p->has_wanted = false;
    uint32_t at = (uint32_t)point->index;
    publish(core, d, &at, 1, false);
}

/* How old a good value may grow: three periods and the time that asking may take. */
static int64_t age_limit(const struct lec_point *p)
{
    if (p->period_ns == 0 || p->period_ns == LEC_NEVER)
        return LEC_NEVER;
    int64_t timeout = p->timeout_ns > 0 ? p->timeout_ns : p->device->timeout_ns;
    return 3 * p->period_ns + (p->device->retries + 1) * timeout + 2 * LEC_SEC;
}

void state_age(struct core *core)
{
    int64_t now = lec_now();
    for (size_t i = 0; i < core->n_devices; i++) {
        struct device_state *d = &core->devices[i];
        if (d->status == DEVICE_AWAY && !d->bad_told && now - d->away_since > BAD_AFTER_NS) {
            d->bad_told = true;
            downgrade(core, d, LEC_BAD, d->reason, false);
        }
        for (uint32_t p = 0; p < d->desc->n_points; p++) {
            struct point_state *s = &d->points[p];
            int64_t limit = age_limit(&d->desc->points[p]);
            if (s->newest_waits && d->status == DEVICE_ONLINE)
                state_newest(core, d, p);
            if (s->quality != LEC_GOOD || limit == LEC_NEVER || now - s->time_ns <= limit)
                continue;
            s->quality = LEC_STALE;
            snprintf(s->reason, sizeof s->reason, "not read for %" PRId64 " s", (now - s->time_ns) / LEC_SEC);
            publish(core, d, &p, 1, false);
            alarms_point(core, d, p);
        }
    }
}
