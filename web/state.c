#include "state.h"

#include <stdlib.h>
#include <string.h>

#include "lectern/buf.h"
#include "lectern/member.h"
#include "lectern/parse.h"

static void forget_devices(struct state *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->devices[i].points);
    free(s->devices);
    s->devices = NULL;
    s->n = 0;
}

static void forget_things(struct state_things *t)
{
    for (size_t i = 0; i < t->n; i++)
        json_decref(t->at[i].body);
    free(t->at);
    *t = (struct state_things){0};
}

void state_done(struct state *s)
{
    forget_devices(s);
    forget_things(&s->runs);
    forget_things(&s->recordings);
    forget_things(&s->alarms);
    json_decref(s->timetable);
    s->timetable = NULL;
}

/* ---- Devices and points ---- */

static int read_points(struct state_device *dev, const struct lec_view *view, size_t i, size_t n, uint64_t version)
{
    if (n == 0)
        return 0;
    dev->points = calloc(n, sizeof *dev->points);
    if (!dev->points)
        return LEC_E_NOMEM;
    dev->n = n;
    for (size_t j = 0; j < n; j++) {
        struct lec_reading reading;
        if (lec_view_point(view, i, j, &reading))
            lec_copy_utf8(dev->points[j].name, sizeof dev->points[j].name, reading.point, strlen(reading.point));
        dev->points[j].version = version;
    }
    return 0;
}

/* The names in the view's order, all with one version. */
static int read_devices(struct state *s, const struct lec_view *view)
{
    forget_devices(s);
    size_t n = lec_view_devices(view);
    if (n == 0)
        return 0;
    s->devices = calloc(n, sizeof *s->devices);
    if (!s->devices)
        return LEC_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        struct lec_view_device device = {.name = ""};
        lec_view_device(view, i, &device);
        struct state_device *dev = &s->devices[s->n++];
        lec_copy_utf8(dev->name, sizeof dev->name, device.name, strlen(device.name));
        dev->version = dev->newest = s->version;
        if (read_points(dev, view, i, device.n_points, s->version) < 0) {
            forget_devices(s);
            return LEC_E_NOMEM;
        }
    }
    return 0;
}

static struct state_device *find_device(const struct state *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->devices[i].name, name) == 0)
            return &s->devices[i];
    return NULL;
}

static struct state_point *find_point(const struct state_device *dev, const char *name)
{
    for (size_t j = 0; j < dev->n; j++)
        if (strcmp(dev->points[j].name, name) == 0)
            return &dev->points[j];
    return NULL;
}

/* ---- Runs, recordings, alarms ---- */

const char *state_text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

static void drop_thing(struct state_things *t, size_t i)
{
    json_decref(t->at[i].body);
    memmove(&t->at[i], &t->at[i + 1], (t->n - i - 1) * sizeof *t->at);
    t->n--;
}

/* Makes room when there are `most` (of the ended ones, if `ended`): the one that changed longest ago goes. */
static void keep_within(struct state_things *t, size_t most, bool ended)
{
    size_t count = 0, oldest = t->n;
    for (size_t i = 0; i < t->n; i++) {
        if (ended && !t->at[i].ended)
            continue;
        count++;
        if (oldest == t->n || t->at[i].version < t->at[oldest].version)
            oldest = i;
    }
    if (count >= most && oldest < t->n)
        drop_thing(t, oldest);
}

static int put_thing(struct state_things *t, const char *key, json_t *body, bool ended, uint64_t version, size_t most)
{
    if (key[0] == '\0')
        return 0;
    size_t i = 0;
    while (i < t->n && strcmp(t->at[i].key, key) != 0)
        i++;
    if (i == t->n) {
        keep_within(t, most, false);
        i = t->n;
        if (t->n == t->size) {
            size_t more = t->size ? 2 * t->size : 16;
            struct state_thing *bigger = realloc(t->at, more * sizeof *bigger);
            if (!bigger)
                return LEC_E_NOMEM;
            t->at = bigger;
            t->size = more;
        }
        t->at[t->n++] = (struct state_thing){0};
        lec_copy_utf8(t->at[i].key, sizeof t->at[i].key, key, strlen(key));
    }
    json_incref(body);
    json_decref(t->at[i].body);
    t->at[i].body = body;
    t->at[i].ended = ended;
    t->at[i].version = version;
    return 0;
}

static int put_alarm(struct state *s, json_t *body)
{
    bool cleared = strcmp(state_text_of(body, "state"), "cleared") == 0;
    if (cleared)
        keep_within(&s->alarms, STATE_CLEARED_MAX, true);
    return put_thing(&s->alarms, state_text_of(body, "alarm"), body, cleared, s->version,
                     LEC_VIEW_ALARMS + STATE_CLEARED_MAX);
}

static int read_things(struct state *s, const struct lec_view *view)
{
    int rc = 0;
    forget_things(&s->alarms);
    /* The view lends what it holds; a reference keeps it, and it stays the newest that the view knows. */
    for (size_t i = 0; i < lec_view_runs(view) && rc == 0; i++) {
        json_t *run = json_incref((json_t *)(uintptr_t)lec_view_run(view, i));
        rc = put_thing(&s->runs, state_text_of(run, "run"), run, false, s->version, LEC_VIEW_RUNS);
        json_decref(run);
    }
    for (size_t i = 0; i < lec_view_recordings(view) && rc == 0; i++) {
        json_t *run = json_incref((json_t *)(uintptr_t)lec_view_recording(view, i));
        rc = put_thing(&s->recordings, state_text_of(run, "run"), run, false, s->version, LEC_VIEW_RUNS);
        json_decref(run);
    }
    for (size_t i = 0; i < lec_view_alarms(view) && rc == 0; i++) {
        json_t *alarm = json_incref((json_t *)(uintptr_t)lec_view_alarm(view, i));
        rc = put_alarm(s, alarm);
        json_decref(alarm);
    }
    json_decref(s->timetable);
    s->timetable = json_incref((json_t *)(uintptr_t)lec_view_timetable(view));
    s->timetable_version = s->version;
    return rc;
}

int state_reset(struct state *s, const struct lec_view *view)
{
    s->version++;
    s->whole = s->version;
    int rc = read_devices(s, view);
    return rc < 0 ? rc : read_things(s, view);
}

static int device_changed(struct state *s, const struct lec_view *view, const char *device, const char *point)
{
    struct state_device *dev = find_device(s, device);
    struct state_point *pt = dev && point ? find_point(dev, point) : NULL;
    if (!dev || (point && !pt)) {
        /* The room has told of something new without a snapshot: its names are read again, and what was told is told again. */
        s->whole = s->version;
        return read_devices(s, view);
    }
    if (pt)
        pt->version = s->version;
    else
        dev->version = s->version;
    dev->newest = s->version;
    return 0;
}

int state_changed(struct state *s, const struct lec_view *view, const struct lec_change *change)
{
    if (change->kind == LEC_CHANGE_LIVE)
        return state_reset(s, view);
    s->version++;
    switch (change->kind) {
    case LEC_CHANGE_DEVICE:
        return device_changed(s, view, change->device, NULL);
    case LEC_CHANGE_POINT:
        return device_changed(s, view, change->device, change->name);
    case LEC_CHANGE_RUN:
        return put_thing(&s->runs, state_text_of(change->body, "run"), change->body, false, s->version, LEC_VIEW_RUNS);
    case LEC_CHANGE_RECORDING:
        return put_thing(&s->recordings, state_text_of(change->body, "run"), change->body, false, s->version,
                         LEC_VIEW_RUNS);
    case LEC_CHANGE_ALARM:
        return put_alarm(s, change->body);
    case LEC_CHANGE_TIMETABLE:
        json_incref(change->body);
        json_decref(s->timetable);
        s->timetable = change->body;
        s->timetable_version = s->version;
        return 0;
    case LEC_CHANGE_LIVE:
    case LEC_CHANGE_LOST:
    case LEC_CHANGE_EVENT:
    case LEC_CHANGE_JOURNAL:
    case LEC_CHANGE_SAMPLE:
    case LEC_CHANGE_TRACE:
    case LEC_CHANGE_GAP:
        s->version--;
        return 0;
    }
    return 0;
}

/* ---- What is told ---- */

static void write_json(struct lec_buf *b, const json_t *value)
{
    if (json_is_string(value)) {
        lec_json_str(b, json_string_value(value));
    } else if (json_is_integer(value)) {
        lec_json_int(b, json_integer_value(value));
    } else if (json_is_real(value)) {
        lec_json_float(b, json_real_value(value));
    } else {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        lec_buf_puts(b, text ? text : "null");
        free(text);
    }
}

static void write_reading(struct lec_buf *b, const struct lec_reading *r)
{
    lec_buf_puts(b, "{\"value\":");
    write_json(b, r->value);
    lec_member_str_if_any(b, "quality", r->quality);
    if (r->time > 0)
        lec_member_int(b, "time", r->time);
    if (r->age_ms >= 0)
        lec_member_int(b, "age_ms", r->age_ms);
    lec_member_str_if_any(b, "unit", r->unit);
    if (r->wanted) {
        lec_json_key(b, "wanted");
        write_json(b, r->wanted);
    }
    if (r->simulated)
        lec_member_bool(b, "simulated", true);
    lec_member_str_if_any(b, "reason", r->reason);
    lec_member_str_if_any(b, "by", r->by);
    if (r->by_time > 0)
        lec_member_int(b, "by_time", r->by_time);
    lec_buf_putc(b, '}');
}

static void write_device(struct lec_buf *b, const struct state *s, const struct lec_view *view, size_t i, uint64_t from)
{
    const struct state_device *dev = &s->devices[i];
    struct lec_view_device device;
    if (!lec_view_device(view, i, &device))
        return;
    lec_json_next(b);
    lec_json_str(b, dev->name);
    lec_buf_puts(b, ":{");
    if (dev->version > from) {
        lec_member_str_if_any(b, "status", device.status);
        lec_member_str_if_any(b, "reason", device.reason);
        if (device.remedy) {
            lec_json_key(b, "remedy");
            lec_buf_putc(b, '{');
            lec_member_str_if_any(b, "vi", json_string_value(json_object_get(device.remedy, "vi")));
            lec_member_str_if_any(b, "en", json_string_value(json_object_get(device.remedy, "en")));
            lec_buf_putc(b, '}');
        }
    }
    bool any = false;
    for (size_t j = 0; j < dev->n; j++) {
        struct lec_reading reading;
        if (dev->points[j].version <= from || !lec_view_point(view, i, j, &reading))
            continue;
        if (!any) {
            lec_json_key(b, "points");
            lec_buf_putc(b, '{');
        }
        any = true;
        lec_json_next(b);
        lec_json_str(b, dev->points[j].name);
        lec_buf_putc(b, ':');
        write_reading(b, &reading);
    }
    lec_buf_puts(b, any ? "}}" : "}");
}

static bool write_devices(struct lec_buf *b, const struct state *s, const struct lec_view *view, uint64_t from)
{
    bool any = from == 0;
    lec_buf_puts(b, "{\"method\":\"state\",\"params\":{\"whole\":");
    lec_json_bool(b, from == 0);
    lec_buf_puts(b, ",\"devices\":{");
    for (size_t i = 0; i < s->n; i++) {
        if (s->devices[i].newest <= from)
            continue;
        write_device(b, s, view, i, from);
        any = true;
    }
    lec_buf_puts(b, "}}}");
    return any;
}

static bool write_things(struct lec_buf *b, const struct state_things *t, const char *method, const char *member,
                         uint64_t from, bool tell_whole)
{
    bool any = tell_whole && from == 0;
    lec_buf_printf(b, "{\"method\":\"%s\",\"params\":{", method);
    if (tell_whole)
        lec_member_bool(b, "whole", from == 0);
    lec_json_key(b, member);
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < t->n; i++) {
        if (t->at[i].version <= from || (from == 0 && t->at[i].ended))
            continue;
        lec_json_next(b);
        write_json(b, t->at[i].body);
        any = true;
    }
    lec_buf_puts(b, "]}}");
    return any;
}

static bool write_timetable(struct lec_buf *b, const struct state *s, uint64_t from)
{
    if (!s->timetable || s->timetable_version <= from)
        return false;
    lec_buf_puts(b, "{\"method\":\"timetable\",\"params\":");
    write_json(b, s->timetable);
    lec_buf_putc(b, '}');
    return true;
}

int state_delta(const struct state *s, const struct lec_view *view, uint64_t from, struct message *out[STATE_MESSAGES])
{
    if (from < s->whole)
        from = 0;
    struct lec_buf b;
    lec_buf_init(&b, STATE_TEXT_MAX);
    int n = 0, rc = 0;
    for (int kind = 0; kind < STATE_MESSAGES && rc == 0; kind++) {
        bool any = false;
        lec_buf_clear(&b);
        if (kind == 0)
            any = write_devices(&b, s, view, from);
        else if (kind == 1)
            any = write_things(&b, &s->runs, "runs", "runs", from, false);
        else if (kind == 2)
            any = write_things(&b, &s->recordings, "recordings", "recordings", from, false);
        else if (kind == 3)
            any = write_things(&b, &s->alarms, "alarms", "alarms", from, true);
        else
            any = write_timetable(&b, s, from);
        if (!any)
            continue;
        struct message *m = b.failed ? NULL : message_new(b.data, b.len, false);
        if (m)
            out[n++] = m;
        else
            rc = LEC_E_NOMEM;
    }
    lec_buf_done(&b);
    if (rc == 0)
        return n;
    while (n > 0)
        message_unref(out[--n]);
    return rc;
}
