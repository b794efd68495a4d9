/* What experiments record of a point, and how it is calibrated: in profiles, and in a room's [calibration DEVICE.POINT],
 * which says what a person has found out about one sensor. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lectern/parse.h"
#include "point.h"
#include "room.h"
#include "tables.h"
#include "words.h"

static bool is_number(const struct lec_point *p)
{
    return p->type == LEC_INT || p->type == LEC_FLOAT;
}

/* ---- Of a profile ------------------------------------------------------------------------------------------- */

/* A copy that lives as long as the room; NULL for lack of memory, which the arena remembers. */
static struct lec_calibration *lasting(struct lec_arena *arena, const struct lec_calibration *c)
{
    struct lec_calibration *copy = lec_arena_array(arena, 1, sizeof *copy);
    if (copy)
        *copy = *c;
    return copy;
}

bool lec_recording_build(struct lec_arena *arena, struct lec_diag *d, const struct lec_keys *own, struct lec_point *p)
{
    p->stream = lec_own_bool(lec_point_keys, own, "stream");
    p->fastest_ns = lec_own_duration(lec_point_keys, own, "fastest");
    p->slowest_ns = lec_own_duration(lec_point_keys, own, "slowest");
    const struct lec_key *stream = lec_key_find(own, "stream"), *slowest = lec_key_find(own, "slowest");
    bool measured = (p->access & LEC_READ) && (is_number(p) || p->type == LEC_BOOL);
    if (p->stream && !measured) {
        lec_diag_error(d, stream->file, stream->line,
                       "stream: only a float, int or bool that is read can be, and this is %s",
                       p->access & LEC_READ ? lec_type_name(p->type) : "only written");
        return false;
    }
    if (slowest && p->slowest_ns > 0 && !p->stream) {
        lec_diag_error(d, slowest->file, slowest->line, "slowest: only a point with stream = yes has one");
        return false;
    }
    if (slowest && p->slowest_ns > 0 && p->slowest_ns < p->fastest_ns) {
        lec_diag_error(d, slowest->file, slowest->line, "slowest: %s is less than fastest, which is %s", slowest->value,
                       lec_own_text(lec_point_keys, own, "fastest"));
        return false;
    }
    const struct lec_key *key = lec_key_find(own, "calibration");
    struct lec_err err = {0};
    if (!key || !*key->value)
        return true;
    if (!is_number(p) || !(p->access & LEC_READ)) {
        lec_diag_error(d, key->file, key->line, "calibration: only a number that is read has one, and this is %s",
                       is_number(p) ? "only written" : lec_type_name(p->type));
        return false;
    }
    struct lec_calibration c;
    lec_calibration_none(&c);
    if (lec_calibration_parse(key->value, &c, &err) < 0) {
        lec_diag_error(d, key->file, key->line, "calibration: %s", err.text);
        return false;
    }
    (void)lec_copy_utf8(c.source, sizeof c.source, "profile", 7);
    p->calibration = lasting(arena, &c);
    return true;
}

/* ---- Of a room ---------------------------------------------------------------------------------------------- */

/* "2026-11-01" as the beginning of that day, UTC. */
static bool parse_date(const char *text, int64_t *out_us)
{
    static const char form[] = "dddd-dd-dd";
    char part[5];
    int64_t v[3];
    size_t n = 0;
    for (const char *f = form; *f; f++)
        if (*f == 'd' ? text[f - form] < '0' || text[f - form] > '9' : text[f - form] != '-')
            return false;
    if (text[sizeof form - 1] != '\0')
        return false;
    for (const char *p = text; n < 3; n++) {
        size_t len = n == 0 ? 4 : 2;
        (void)lec_copy_utf8(part, sizeof part, p, len);
        if (lec_parse_int(part, 0, 9999, &v[n]) < 0)
            return false;
        p += len + 1;
    }
    struct tm tm = {.tm_year = (int)v[0] - 1900, .tm_mon = (int)v[1] - 1, .tm_mday = (int)v[2]};
    time_t t = timegm(&tm);
    if (v[0] < 1970 || tm.tm_mon != v[1] - 1) /* timegm makes 3 March of 31 February */
        return false;
    *out_us = (int64_t)t * 1000000;
    return true;
}

static void take_text(struct lec_diag *d, const struct lec_keys *own, const char *name, char *out, size_t size)
{
    const struct lec_key *key = lec_key_find(own, name);
    if (key && !lec_copy_utf8(out, size, key->value, strlen(key->value)))
        lec_diag_error(d, key->file, key->line, "%s: longer than %zu bytes", name, size - 1);
}

static void read_calibration(struct lec_diag *d, const struct lec_ini_section *s, struct lec_calibration *out)
{
    const struct lec_key *form = lec_key_find(&s->own, "form"), *unit = lec_key_find(&s->own, "unit"),
                         *date = lec_key_find(&s->own, "date");
    struct lec_calibration c;
    struct lec_err err = {0};
    const char *meant;
    lec_calibration_none(&c);
    if (form && *form->value && lec_calibration_parse(form->value, &c, &err) < 0)
        lec_diag_error(d, form->file, form->line, "form: %s", err.text);
    if (unit && *unit->value && !lec_unit_known(unit->value, &meant))
        lec_diag_error(d, unit->file, unit->line, "unit: %s is not a unit that is known, expected a UCUM code%s",
                       lec_shown(unit->value).text, lec_meant(meant ? meant : "", &meant, 1).text);
    if (date && *date->value && !parse_date(date->value, &c.date_us))
        lec_diag_error(d, date->file, date->line, "date: %s, expected a day such as 2026-11-01",
                       lec_shown(date->value).text);
    take_text(d, &s->own, "unit", c.unit, sizeof c.unit);
    take_text(d, &s->own, "by", c.by, sizeof c.by);
    take_text(d, &s->own, "note", c.note, sizeof c.note);
    (void)lec_copy_utf8(c.source, sizeof c.source, "room", 4);
    *out = c;
}

void lec_calibrations_build(struct lec_room_work *w)
{
    struct lec_diag *d = &w->load->diag;
    const struct lec_finder find = {.arena = w->load->arena, .diag = d, .room = w->room, .work = w};
    for (size_t i = 0; i < w->ini->n; i++) {
        struct lec_ini_section *s = &w->ini->sections[i];
        if (strcmp(s->kind, "calibration") != 0)
            continue;
        lec_section_check(w->load->arena, d, w->ini->file, s, &(struct lec_section_rules){.own = lec_calibration_keys});
        struct lec_calibration c;
        read_calibration(d, s, &c);
        const struct lec_key heading = {.name = "calibration", .value = s->name, .file = w->ini->file, .line = s->line};
        const char *name;
        const struct lec_device *dev =
            lec_find_device(&find, &heading, s->name, "[calibration DEVICE.POINT] such as probe-1.temperature", &name);
        const struct lec_point *point = dev ? lec_device_point(dev, name) : NULL;
        if (!dev)
            continue;
        if (!point) {
            if (!lec_device_doubtful(&find, dev, name))
                lec_diag_error(d, w->ini->file, s->line, "calibration: device %s (%s) has no point %s%s", dev->name,
                               dev->profile, lec_shown(name).text, lec_point_meant(dev, name, false).text);
        } else if (!is_number(point) || !(point->access & LEC_READ)) {
            lec_diag_error(d, w->ini->file, s->line, "calibration: only a number that is read has one, and %s.%s is %s",
                           dev->name, point->name,
                           point->access & LEC_READ ? lec_type_name(point->type) : "only written");
        } else {
            w->work[dev->index].points[point->index].calibration = lasting(w->load->arena, &c);
        }
    }
}
