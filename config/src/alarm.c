/* [alarm NAME]: what a person wants to be told of. A name with a dot in it, or "help", is one of the room's own alarms, of which a
 * section only changes the words, the severity and the delay. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "lectern/parse.h"
#include "room.h"
#include "tables.h"
#include "words.h"

struct alarm_work {
    struct lec_diag *d;
    struct lec_arena *a;
    struct lec_finder find;
    const struct lec_keys *own; /* those whose values are right... */
    const struct lec_keys *all; /* ...and as written */
    const char *file;
    struct lec_alarm *alarm;
};

static bool is_number(const struct lec_point *p)
{
    return p->type == LEC_INT || p->type == LEC_FLOAT;
}

static enum lec_severity severity_of(const char *text)
{
    static const char *const names[] = {"info", "warning", "error", "critical"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], text) == 0)
            return (enum lec_severity)i;
    return LEC_WARNING;
}

/* What has no use here is told; `why` is the rest of the sentence. */
static void not_here(struct alarm_work *w, const char *const names[], size_t n, const char *why)
{
    for (size_t i = 0; i < n; i++) {
        const struct lec_key *key = lec_key_find(w->own, names[i]);
        if (key)
            lec_diag_error(w->d, key->file, key->line, "%s: %s", key->name, why);
    }
}

/* ---- The room's own ----------------------------------------------------------------------------------------- */

/* The room's own alarm that was most likely meant, or nothing. */
static struct lec_piece own_meant(const struct alarm_work *w)
{
    static const char *const rooms[] = {"room.disk", "room.journal", "help"};
    const char *dot = strchr(w->alarm->name, '.');
    const char *name = lec_arena_copy(w->a, w->alarm->name, dot ? (size_t)(dot - w->alarm->name) : 0);
    const struct lec_device *dev = lec_room_device(w->find.room, name);
    const char *names[LEC_ROOM_DEVICES + 8];
    size_t n = 0;
    for (; n < ARRAY_LEN(rooms); n++)
        names[n] = rooms[n];
    if (!dev) {
        for (size_t i = 0; i < w->find.room->n_devices; i++)
            names[n++] = lec_arena_printf(w->a, "%s%s", w->find.room->devices[i].name, dot ? dot : ".away");
        return lec_meant(w->alarm->name, names, n);
    }
    names[n++] = lec_arena_printf(w->a, "%s.away", dev->name);
    for (size_t i = 0; i < dev->n_points && n < ARRAY_LEN(names); i++)
        if (*dev->points[i].severity)
            names[n++] = lec_arena_printf(w->a, "%s.%s", dev->name, dev->points[i].name);
    return lec_meant(w->alarm->name, names, n);
}

/* Finds what the room's own alarm of this name is about. Returns false when there is none, or nothing is to be said of it. */
static bool find_own(struct alarm_work *w)
{
    struct lec_alarm *alarm = w->alarm;
    if (strcmp(alarm->name, "room.disk") == 0 || strcmp(alarm->name, "room.journal") == 0 ||
        strcmp(alarm->name, "help") == 0) {
        alarm->severity = strcmp(alarm->name, "room.disk") == 0 ? LEC_ERROR : LEC_CRITICAL;
        return true;
    }
    const char *dot = strchr(alarm->name, '.');
    const struct lec_device *dev =
        lec_room_device(w->find.room, lec_arena_copy(w->a, alarm->name, (size_t)(dot - alarm->name)));
    const struct lec_point *point = dev ? lec_device_point(dev, dot + 1) : NULL;
    if (dev && strcmp(dot + 1, "away") == 0) {
        alarm->device = dev;
        alarm->severity = LEC_ERROR;
        alarm->delay_ns = LEC_ALARM_AWAY_NS;
        return true;
    }
    if (point && *point->severity) {
        alarm->device = dev;
        alarm->point = point;
        alarm->severity = severity_of(point->severity);
        return true;
    }
    if (dev && lec_device_doubtful(&w->find, dev, dot + 1) && !point)
        return false;
    lec_diag_error(
        w->d, w->file, alarm->line,
        "[alarm %s]: a name with a dot is one of the room's own alarms, and this is none%s; expected "
        "DEVICE.away, DEVICE.POINT of a point that tells of faults, room.disk, room.journal, or a name without dots",
        alarm->name, own_meant(w).text);
    return false;
}

static void read_own(struct alarm_work *w)
{
    static const char *const names[] = {"point", "device", "above", "below", "value", "hysteresis"};
    static const char *const help[] = {"delay", "off"};
    if (!find_own(w))
        return;
    not_here(w, names, ARRAY_LEN(names),
             "the room's own alarms know what they watch; only words, severity, delay and off");
    if (strcmp(w->alarm->name, "help") == 0)
        not_here(w, help, ARRAY_LEN(help), "a call for help is told at once, and always");
}

/* ---- Limits and values -------------------------------------------------------------------------------------- */

static void read_limits(struct alarm_work *w)
{
    struct lec_alarm *alarm = w->alarm;
    const struct lec_key *above = lec_key_find(w->own, "above"), *below = lec_key_find(w->own, "below"),
                         *hysteresis = lec_key_find(w->own, "hysteresis");
    alarm->has_above = above != NULL;
    alarm->has_below = below != NULL;
    alarm->above = lec_key_float(w->own, "above", 0);
    alarm->below = lec_key_float(w->own, "below", 0);
    alarm->hysteresis = lec_key_float(w->own, "hysteresis", 0);
    if (above && below && alarm->above <= alarm->below)
        lec_diag_error(w->d, below->file, below->line,
                       "below: %s, expected less than above, which is %s: every value would raise it", below->value,
                       above->value);
    else if (above && below && alarm->hysteresis >= alarm->above - alarm->below)
        lec_diag_error(w->d, hysteresis->file, hysteresis->line,
                       "hysteresis: %s, expected less than what lies between the limits (%g): it would never clear",
                       hysteresis->value, alarm->above - alarm->below);
}

static void read_value(struct alarm_work *w, const struct lec_key *key)
{
    const struct lec_point *p = w->alarm->point;
    struct lec_err err = {0};
    const char *plain = lec_unquote(w->a, key->value);
    if (!plain) {
        lec_diag_error(w->d, key->file, key->line,
                       "value: something is wrong with the quotes or escapes in %s, expected \\\" \\\\ or \\xHH",
                       key->value);
        return;
    }
    if (lec_value_parse(plain, p->type, &w->alarm->value, &err) < 0) {
        lec_diag_error(w->d, key->file, key->line, "value: %s", err.text);
        return;
    }
    bool known = p->type != LEC_ENUM || p->n_choices == 0;
    for (size_t i = 0; i < p->n_choices; i++)
        known = known || strcmp(p->choices[i], plain) == 0;
    if (!known)
        lec_diag_error(w->d, key->file, key->line, "value: %s.%s never has %s, expected one of: %s%s", p->device->name,
                       p->name, lec_shown(plain).text, lec_listed(p->choices, p->n_choices).text,
                       lec_meant(plain, p->choices, p->n_choices).text);
    w->alarm->has_value = true;
}

/* What is watched of a point: limits, or a value. */
static void read_condition(struct alarm_work *w, const struct lec_key *point)
{
    static const char *const limits[] = {"above", "below"};
    const struct lec_key *value = lec_key_find(w->own, "value"), *hysteresis = lec_key_find(w->own, "hysteresis");
    const struct lec_point *p = w->alarm->point;
    bool limited = lec_key_find(w->own, "above") || lec_key_find(w->own, "below");
    char why[160];
    if (!(p->access & LEC_READ)) {
        lec_diag_error(w->d, point->file, point->line, "point: %s.%s can only be written", p->device->name, p->name);
        return;
    }
    if (limited && !is_number(p)) {
        (void)snprintf(why, sizeof why, "only a number has limits, and %.40s is %s; expected value", p->name,
                       lec_type_name(p->type));
        not_here(w, limits, ARRAY_LEN(limits), why);
        return;
    }
    if (value && p->type == LEC_FLOAT) {
        lec_diag_error(w->d, value->file, value->line,
                       "value: a measured number is never exactly that; expected above or below");
        return;
    }
    if (limited && value)
        lec_diag_error(w->d, value->file, value->line, "value: stands with a limit; expected one or the other");
    if (hysteresis && !limited)
        lec_diag_error(w->d, hysteresis->file, hysteresis->line, "hysteresis: only with above or below");
    if (!lec_key_find(w->all, "above") && !lec_key_find(w->all, "below") && !lec_key_find(w->all, "value"))
        lec_diag_error(w->d, point->file, point->line,
                       is_number(p) ? "point: nothing says when, expected above or below"
                                    : "point: nothing says when, expected value");
    if (limited)
        read_limits(w);
    else if (value)
        read_value(w, value);
}

/* ---- Sections ----------------------------------------------------------------------------------------------- */

static struct lec_piece device_meant(const struct lec_room *room, const char *name)
{
    const char *names[LEC_ROOM_DEVICES];
    for (size_t i = 0; i < room->n_devices; i++)
        names[i] = room->devices[i].name;
    return lec_meant(name, names, room->n_devices);
}

static void read_point(struct alarm_work *w, const struct lec_key *key)
{
    const char *name;
    const struct lec_device *dev =
        lec_find_device(&w->find, key, key->value, "DEVICE.POINT such as comfort.co2", &name);
    if (!dev)
        return;
    w->alarm->device = dev;
    w->alarm->point = lec_device_point(dev, name);
    if (w->alarm->point)
        read_condition(w, key);
    else if (!lec_device_doubtful(&w->find, dev, name))
        lec_diag_error(w->d, key->file, key->line, "point: device %s (%s) has no point %s%s", dev->name, dev->profile,
                       lec_shown(name).text, lec_point_meant(dev, name, false).text);
}

static void read_device(struct alarm_work *w, const struct lec_key *key)
{
    static const char *const names[] = {"above", "below", "value", "hysteresis"};
    w->alarm->device = lec_room_device(w->find.room, key->value);
    if (!w->alarm->device)
        lec_diag_error(w->d, key->file, key->line, "device: the room has no device %s%s", lec_shown(key->value).text,
                       device_meant(w->find.room, key->value).text);
    not_here(w, names, ARRAY_LEN(names), "only with point; with device, the alarm is that it is away");
    w->alarm->delay_ns = LEC_ALARM_AWAY_NS;
}

/* An alarm that somebody thought of. */
static void read_new(struct alarm_work *w)
{
    const struct lec_key *point = lec_key_find(w->own, "point"), *device = lec_key_find(w->own, "device");
    if (point && device)
        lec_diag_error(w->d, device->file, device->line, "device: stands with point, expected one or the other");
    else if (point)
        read_point(w, point);
    else if (device)
        read_device(w, device);
    else
        lec_diag_error(w->d, w->file, w->alarm->line,
                       "[alarm %s] watches nothing, expected point = DEVICE.POINT or device = DEVICE", w->alarm->name);
}

static void build_alarm(struct lec_room_work *rw, struct lec_ini_section *s, struct lec_alarm *alarm)
{
    struct alarm_work w = {
        .d = &rw->load->diag,
        .a = rw->load->arena,
        .find = {.arena = rw->load->arena, .diag = &rw->load->diag, .room = rw->room, .work = rw},
        .own = &s->own,
        .all = &s->keys,
        .file = rw->ini->file,
        .alarm = alarm,
    };
    bool own = strchr(s->name, '.') || strcmp(s->name, "help") == 0;
    lec_section_check(w.a, w.d, w.file, s, &(struct lec_section_rules){.own = lec_alarm_keys});
    alarm->label = lec_own_text(lec_alarm_keys, w.own, "label");
    alarm->label_en = lec_own_text(lec_alarm_keys, w.own, "label.en");
    alarm->remedy = lec_own_text(lec_alarm_keys, w.own, "remedy");
    alarm->remedy_en = lec_own_text(lec_alarm_keys, w.own, "remedy.en");
    alarm->off = lec_own_bool(lec_alarm_keys, w.own, "off");
    alarm->severity = LEC_WARNING;
    if (own)
        read_own(&w);
    else if (!lec_is_name(s->name))
        lec_diag_error(
            w.d, w.file, s->line,
            "[alarm%s%s]: expected a name of lower-case letters, digits and dashes, such as [alarm co2-high]",
            *s->name ? " " : "", s->name);
    else
        read_new(&w);
    if (lec_key_find(w.own, "severity"))
        alarm->severity = severity_of(lec_key_text(w.own, "severity", ""));
    alarm->delay_ns = lec_key_duration(w.own, "delay", alarm->delay_ns);
}

void lec_alarms_build(struct lec_room_work *w)
{
    struct lec_room *room = w->room;
    size_t n = 0;
    for (size_t i = 0; i < w->ini->n; i++)
        n += strcmp(w->ini->sections[i].kind, "alarm") == 0;
    struct lec_alarm *alarms =
        lec_arena_array(w->load->arena, n < LEC_ROOM_ALARMS ? n : LEC_ROOM_ALARMS, sizeof *alarms);
    room->alarms = alarms;
    for (size_t i = 0; alarms && i < w->ini->n; i++) {
        struct lec_ini_section *s = &w->ini->sections[i];
        if (strcmp(s->kind, "alarm") != 0)
            continue;
        if (room->n_alarms == LEC_ROOM_ALARMS) {
            lec_diag_error(&w->load->diag, w->ini->file, s->line, "more than %d alarms in a room", LEC_ROOM_ALARMS);
            return;
        }
        alarms[room->n_alarms] =
            (struct lec_alarm){.name = s->name, .index = room->n_alarms, .file = w->ini->file, .line = s->line};
        build_alarm(w, s, &alarms[room->n_alarms]);
        room->n_alarms++;
    }
}
