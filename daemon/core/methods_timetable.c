/* The timetable over the bus. */
#include "core/methods.h"

#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "core/timetable.h"
#include "lectern/member.h"

#define DAYS_MAX      31
#define EXTEND_MAX_MS (24 * 3600 * 1000)

/* "2026-11-23" as the midnight at its beginning. */
static bool parse_day(const char *text, int64_t *out)
{
    struct tm tm = {.tm_isdst = -1};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    int year = tm.tm_year, month = tm.tm_mon, day = tm.tm_mday;
    if (strlen(text) != 10 || !end || *end || year < 70 || year > 300)
        return false;
    time_t s = mktime(&tm);
    *out = (int64_t)s * 1000000;
    return tm.tm_mon == month && tm.tm_mday == day; /* there is no 30 February */
}

static bool param_days(struct core *core, struct request *r, int64_t *from, int64_t *to)
{
    bool ok;
    const char *day = param_text(core, r, "day", false, &ok);
    const json_t *days = json_object_get(r->params, "days");
    if (!ok)
        return false;
    *from = lessons_day_us(lec_wall_us(), 0);
    if (day && !parse_day(day, from)) {
        reply_param(core, r, "day", "a day such as 2026-11-23 is wanted");
        return false;
    }
    if (days && (!json_is_integer(days) || json_integer_value(days) < 1 || json_integer_value(days) > DAYS_MAX)) {
        reply_param(core, r, "days", "a whole number from 1 to 31 is wanted");
        return false;
    }
    *to = lessons_day_us(*from, days ? (int)json_integer_value(days) : 1);
    return true;
}

/* Everything but the periods. */
static void write_rest(struct core *core, int64_t from, const char *holiday, struct lec_buf *b)
{
    const struct timetable *t = core->timetable;
    int64_t now = lec_wall_us();
    struct lec_buf closing;
    lec_buf_init(&closing, 4096);
    if (t && lessons_closing_json(t->lessons, from, now, &closing)) {
        lec_json_key(b, "closing");
        lec_buf_puts(b, closing.data);
    }
    lec_buf_done(&closing);
    if (holiday)
        lec_member_str(b, "holiday", holiday);
    if (core->room->timetable) {
        const char *file = core->room->timetable->file, *name = strrchr(file, '/');
        lec_member_str(b, "file", name ? name + 1 : file);
    }
    lec_json_key(b, "mistakes");
    lec_buf_putc(b, '[');
    for (size_t i = 0; t && i < t->n_mistakes; i++) {
        lec_json_next(b);
        lec_json_str(b, t->mistakes[i]);
    }
    lec_buf_putc(b, ']');
    lec_member_int(b, "now", now);
    lec_buf_putc(b, '}');
}

void timetable_show(struct core *core, struct request *r)
{
    int64_t from, to;
    struct lec_err err;
    struct timetable *t = core->timetable;
    if (!params_known(core, r, "day|days") || !param_days(core, r, &from, &to))
        return;
    if (!t || (from >= t->from_us && to <= t->to_us) || t->to_us == 0) {
        struct lec_buf *b = reply_begin(core, r);
        lec_buf_puts(b, "{\"periods\":[");
        if (t)
            lessons_periods_json(t->lessons, from, to, lec_wall_us(), b);
        lec_buf_putc(b, ']');
        write_rest(core, from, t ? timetable_holiday(t, from, lessons_day_us(from, 1)) : NULL, b);
        reply_send(core, r);
        return;
    }
    struct held *held = held_add(core, r, "timetable");
    if (!held)
        return;
    int rc = calendars_read(core, from, to, held->token, &err);
    if (rc == 0)
        return;
    held_free(held);
    refuse(core, r, rc, err.text);
}

/* The first holiday that the answer has in that day. */
static const char *holiday_of(const json_t *rows, int64_t from, int64_t to)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (json_integer_value(json_object_get(row, "start")) < to &&
            json_integer_value(json_object_get(row, "end")) > from)
            return json_string_value(json_object_get(row, "text"));
    }
    return NULL;
}

void timetable_shown(struct core *core, uint64_t token, const struct reading *reading, const struct calendars *c,
                     const char *why)
{
    struct held *held = held_find(core, token);
    struct request r;
    if (!held)
        return;
    held_request(held, &r);
    if (!c) {
        refuse(core, &r, LEC_E_TIMEOUT, why);
    } else {
        struct lec_buf *b = reply_begin(core, &r);
        lec_buf_puts(b, "{\"periods\":[");
        for (size_t i = 0; i < c->n_lessons; i++) {
            lec_json_next(b);
            lessons_period_json(core->timetable->lessons, &c->lessons[i], lec_wall_us(), b);
        }
        lec_buf_putc(b, ']');
        write_rest(
            core, reading->from_us,
            holiday_of(json_object_get(c->answer, "holidays"), reading->from_us, lessons_day_us(reading->from_us, 1)),
            b);
        reply_send(core, &r);
    }
    held_free(held);
}

static bool there_is_one(struct core *core, struct request *r, const char *about)
{
    if (core->timetable)
        return true;
    journal_request(core, r, about, "this room has no timetable");
    refuse(core, r, LEC_E_NOTSUP, "this room has no timetable");
    return false;
}

void timetable_extend(struct core *core, struct request *r)
{
    struct lec_err err;
    const json_t *ms = json_object_get(r->params, "ms");
    if (!params_known(core, r, "ms"))
        return;
    if (ms && (!json_is_integer(ms) || json_integer_value(ms) < 60000 || json_integer_value(ms) > EXTEND_MAX_MS)) {
        reply_param(core, r, "ms", "milliseconds from 60000 (a minute) to 86400000 are wanted");
        return;
    }
    if (!there_is_one(core, r, "closing"))
        return;
    int64_t by = ms ? json_integer_value(ms) * 1000 : core->room->timetable->extend_ns / 1000, now = lec_wall_us();
    int rc = lessons_extend(core->timetable->lessons, by, r->principal, now, &err);
    journal_request(core, r, "closing", rc < 0 ? err.text : NULL);
    if (rc < 0) {
        refuse(core, r, rc, err.text);
        return;
    }
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_puts(b, "{\"closing\":");
    (void)lessons_closing_json(core->timetable->lessons, now, now, b);
    lec_buf_putc(b, '}');
    reply_send(core, r);
    timetable_publish(core);
}

void timetable_skip(struct core *core, struct request *r)
{
    bool ok;
    struct lec_err err;
    struct lec_buf json;
    if (!params_known(core, r, "uid|start"))
        return;
    const char *uid = param_text(core, r, "uid", true, &ok);
    const json_t *start = json_object_get(r->params, "start");
    if (!ok)
        return;
    if (!json_is_integer(start)) {
        reply_param(core, r, "start", "the time at which the period starts is wanted, in microseconds since 1970");
        return;
    }
    if (!there_is_one(core, r, uid))
        return;
    lec_buf_init(&json, REPLY_MAX);
    int rc = lessons_skip(core->timetable->lessons, uid, json_integer_value(start), r->principal, lec_wall_us(), &json,
                          &err);
    journal_request(core, r, uid, rc < 0 ? err.text : NULL);
    if (rc < 0) {
        refuse(core, r, rc, err.text);
    } else {
        lec_buf_put(reply_begin(core, r), json.data, json.len);
        reply_send(core, r);
        timetable_publish(core);
    }
    lec_buf_done(&json);
}
