/* The timetable engine's host: its scenes are started, its news go to the bus, the journal and the disk. */
#include "core/timetable.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/record.h"
#include "lectern/log.h"

/* ---- What the engine asks for -------------------------------------------------------------------------------- */

static int host_start(void *ctx, const char *scene, bool closing, struct lec_err *err)
{
    struct core *core = ctx;
    struct timetable *t = core->timetable;
    struct lec_buf json;
    lec_buf_init(&json, REPLY_MAX);
    t->closing_now = closing;
    int rc = lec_scenes_start(core->scenes, scene, LEC_TIMETABLE, &json, err);
    t->closing_now = false;
    if (rc == 0 && closing) {
        json_t *run = json_loadb(json.data ? json.data : "", json.len, 0, NULL);
        const char *id = json_string_value(json_object_get(run, "run"));
        snprintf(t->closing_run, sizeof t->closing_run, "%s", id ? id : "");
        json_decref(run);
    }
    lec_buf_done(&json);
    if (rc < 0)
        lec_log(LEC_LOG_WARNING, "timetable: %s: %s", scene, err->text);
    scenes_tick(core);
    return rc;
}

static const char *host_recording(void *ctx)
{
    struct core *core = ctx;
    if (core->record->n_jobs == 0)
        return NULL;
    const struct lec_experiment *e = core->record->jobs[0]->base.experiment;
    snprintf(core->timetable->recording, sizeof core->timetable->recording, "%s", e ? e->name : "");
    return core->timetable->recording;
}

static void host_keep(void *ctx, const char *key, const char *value)
{
    struct core *core = ctx;
    lec_store_put(core->store, key, value);
}

static void host_journal(void *ctx, const char *name, const char *principal, const char *data)
{
    journal_add(ctx, "timetable", "", name, principal, data);
}

/* ---- Hands off ------------------------------------------------------------------------------------------------ */

/* Whether that was the timetable's doing, or a person's in its place: "End lesson" tapped before the bell is no reason to leave the
 * projector off in the next lesson. */
static bool own_doing(const struct timetable *t, const char *who)
{
    return strcmp(who, LEC_TIMETABLE) == 0 ||
           (strncmp(who, "scene:", 6) == 0 && t->lessons && lessons_uses(t->lessons, who + 6));
}

bool timetable_hands_off(struct core *core, const char *run, const struct lec_point *point,
                         const struct lec_value *wanted, const char *by, char reason[LEC_ERR_TEXT])
{
    const struct lec_timetable *desc = core->room->timetable;
    const struct timetable *t = core->timetable;
    struct changed_by changed;
    char when[16] = "";
    if (!t || !desc || desc->hands_off_ns == 0 || t->closing_now || strcmp(run, t->closing_run) == 0)
        return false; /* closing has announced itself; what it leaves on stays on all night */
    struct device_state *d = state_device(core, point->device->name);
    const struct point_state *p = d ? &d->points[point->index] : NULL;
    if (!p || (p->quality == LEC_GOOD && lec_value_equal(&p->value, wanted)) ||
        (p->has_wanted && lec_value_equal(&p->wanted, wanted)))
        return false;
    if (by) {
        snprintf(reason, LEC_ERR_TEXT, "left alone: a scene of %.60s is setting it", by);
        return true;
    }
    if (!state_changed_by(d, point->index, &changed) || lec_now() - changed.time_ns >= desc->hands_off_ns ||
        own_doing(t, changed.who))
        return false;
    time_t s = (time_t)(changed.time_us / 1000000);
    struct tm tm;
    if (localtime_r(&s, &tm))
        strftime(when, sizeof when, "%H:%M", &tm);
    if (strcmp(changed.who, "device") == 0)
        snprintf(reason, LEC_ERR_TEXT, "left alone: it was changed at the device at %s", when);
    else
        snprintf(reason, LEC_ERR_TEXT, "left alone: %.80s changed it at %s", changed.who, when);
    return true;
}

/* ---- What the calendars say ----------------------------------------------------------------------------------- */

static struct lessons_rules rules_of(const struct lec_timetable *desc)
{
    return (struct lessons_rules){.catch_up_us = desc->catch_up_ns / 1000,
                                  .break_us = desc->break_ns / 1000,
                                  .has_closing = desc->has_closing,
                                  .closing_us = desc->closing_ns / 1000,
                                  .closing_scene = desc->closing ? desc->closing->name : NULL,
                                  .warn_us = desc->warn_ns / 1000};
}

static void forget_mistakes(struct timetable *t)
{
    for (size_t i = 0; i < t->n_mistakes; i++)
        free(t->mistakes[i]);
    t->n_mistakes = 0;
}

static void forget_holidays(struct timetable *t)
{
    for (size_t i = 0; i < t->n_holidays; i++)
        free(t->holidays[i].text);
    free(t->holidays);
    t->holidays = NULL;
    t->n_holidays = 0;
}

const char *timetable_holiday(const struct timetable *t, int64_t from_us, int64_t to_us)
{
    for (size_t i = 0; i < t->n_holidays; i++)
        if (t->holidays[i].start_us < to_us && t->holidays[i].end_us > from_us)
            return t->holidays[i].text;
    return NULL;
}

static void add_mistake(struct timetable *t, const char *text)
{
    if (t->n_mistakes < CALENDAR_MISTAKES && (t->mistakes[t->n_mistakes] = strdup(text)) != NULL)
        t->n_mistakes++;
}

/* Logs them when they are others than before. */
static void take_mistakes(struct core *core, const json_t *rows, const char *why)
{
    struct timetable *t = core->timetable;
    char *was[CALENDAR_MISTAKES], text[LEC_ERR_TEXT + 4096];
    size_t n_was = t->n_mistakes;
    memcpy(was, t->mistakes, sizeof was);
    t->n_mistakes = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *file = json_string_value(json_object_get(row, "file"));
        const char *what = json_string_value(json_object_get(row, "text"));
        const char *name = file ? strrchr(file, '/') : NULL;
        snprintf(text, sizeof text, "%s:%" JSON_INTEGER_FORMAT ": %s",
                 name   ? name + 1
                 : file ? file
                        : "",
                 json_integer_value(json_object_get(row, "line")), what ? what : "");
        add_mistake(t, text);
    }
    if (why)
        add_mistake(t, why);
    bool same = t->n_mistakes == n_was;
    for (size_t i = 0; i < t->n_mistakes && same; i++)
        same = strcmp(t->mistakes[i], was[i]) == 0;
    for (size_t i = 0; i < t->n_mistakes && !same; i++)
        lec_log(LEC_LOG_WARNING, "timetable: %s", t->mistakes[i]);
    for (size_t i = 0; i < n_was; i++)
        free(was[i]);
}

static void take_holidays(struct timetable *t, const json_t *rows)
{
    forget_holidays(t);
    size_t n = json_array_size(rows) < CALENDAR_HOLIDAYS ? json_array_size(rows) : CALENDAR_HOLIDAYS;
    t->holidays = calloc(n + 1, sizeof *t->holidays);
    for (size_t i = 0; i < n && t->holidays; i++) {
        const json_t *row = json_array_get(rows, i);
        const char *text = json_string_value(json_object_get(row, "text"));
        struct free_day *day = &t->holidays[t->n_holidays];
        day->start_us = json_integer_value(json_object_get(row, "start"));
        day->end_us = json_integer_value(json_object_get(row, "end"));
        day->text = strdup(text ? text : "");
        t->n_holidays += day->text != NULL;
    }
}

void timetable_read(struct core *core, struct reading *reading, const struct calendars *c, const char *why)
{
    struct timetable *t = core->timetable;
    bool whole = c && json_is_true(json_object_get(c->answer, "whole"));
    take_mistakes(core, c ? json_object_get(c->answer, "mistakes") : NULL, why);
    /* A calendar that cannot be read at all leaves the lessons as they are; at the start there are none yet. */
    if (c && (whole || t->to_us == 0) && lessons_set(t->lessons, c->lessons, c->n_lessons) == 0) {
        take_holidays(t, json_object_get(c->answer, "holidays"));
        t->from_us = reading->from_us;
        t->to_us = reading->to_us;
        lec_log(LEC_LOG_INFO, "timetable: %zu lessons in the next %d days", c->n_lessons, CALENDAR_DAYS);
    }
    t->again_at = whole ? LEC_NEVER : lec_now() + CALENDAR_AGAIN_NS;
    t->ready = true;
    timetable_tick(core, lec_now());
}

/* Reads the calendars when the day is another one, or could not be read before. */
static void read_in_time(struct core *core, int64_t now)
{
    struct timetable *t = core->timetable;
    struct lec_err err;
    int64_t from = lessons_day_us(lec_wall_us(), -1);
    if ((t->from_us == from && now < t->again_at) || t->readings[0].child.pid ||
        (t->again_at != LEC_NEVER && now < t->again_at))
        return;
    if (calendars_read(core, from, lessons_day_us(from, CALENDAR_DAYS + 1), 0, &err) == 0)
        return;
    t->again_at = now + CALENDAR_AGAIN_NS;
    t->ready = true; /* closing comes all the same */
    take_mistakes(core, NULL, err.text);
}

/* ---- The room ------------------------------------------------------------------------------------------------- */

static void write_now(struct core *core, struct lec_buf *b)
{
    const struct timetable *t = core->timetable;
    int64_t now = lec_wall_us();
    const char *holiday = timetable_holiday(t, lessons_day_us(now, 0), lessons_day_us(now, 1));
    lec_buf_putc(b, '{');
    lessons_now_json(t->lessons, core->room->timetable->extend_ns / 1000, now, b);
    if (holiday)
        lec_member_str(b, "holiday", holiday);
    lec_buf_putc(b, '}');
}

void timetable_publish(struct core *core)
{
    struct timetable *t = core->timetable;
    struct lec_buf now;
    lec_buf_init(&now, EVENT_MAX);
    write_now(core, &now);
    if (!now.failed && (!t->told || strcmp(now.data, t->told) != 0)) {
        struct lec_buf *b = events_begin(core, t->topic);
        if (b) {
            if (now.len > 2)
                lec_buf_putc(b, ',');
            lec_buf_put(b, now.data + 1, now.len - 2);
            events_end(core, t->topic, NULL, 0);
        }
        free(t->told);
        t->told = strdup(now.data);
    }
    lec_buf_done(&now);
}

void timetable_write_snapshot(struct core *core, struct lec_buf *b)
{
    if (!core->timetable)
        return;
    lec_json_key(b, "timetable");
    write_now(core, b);
}

void timetable_tick(struct core *core, int64_t now)
{
    if (!core->timetable || core->ending)
        return;
    calendars_tick(core, now);
    read_in_time(core, now);
    if (!core->timetable->ready)
        return;
    lessons_tick(core->timetable->lessons, lec_wall_us(), now);
    timetable_publish(core);
}

static void restore(void *ctx, const char *key, const char *value)
{
    struct timetable *t = ctx;
    lessons_restore(t->lessons, key, value);
}

int timetable_open(struct core *core, struct lec_err *err)
{
    const struct lec_timetable *desc = core->room->timetable;
    if (!desc)
        return 0;
    struct lessons_host host = {
        .ctx = core, .start = host_start, .recording = host_recording, .keep = host_keep, .journal = host_journal};
    struct lessons_rules rules = rules_of(desc);
    struct timetable *t = core->timetable = calloc(1, sizeof *t);
    if (t)
        t->lessons = lessons_new(&rules, &host);
    if (!t || !t->lessons) {
        timetable_close(core);
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    }
    t->children = (struct children){.waiter = core->waiter, .item = CORE_CALENDARS};
    t->again_at = LEC_NEVER;
    t->topic = events_topic(core, EVENT_TIMETABLE, "room");
    tzset();
    return lec_store_each(core->store, "timetable/", restore, t, err);
}

void timetable_close(struct core *core)
{
    struct timetable *t = core->timetable;
    if (!t)
        return;
    calendars_close(t);
    forget_mistakes(t);
    forget_holidays(t);
    lessons_free(&t->lessons);
    free(t->told);
    free(t);
    core->timetable = NULL;
}

void timetable_reload(struct core *core)
{
    const struct lec_timetable *desc = core->room->timetable;
    struct timetable *t = core->timetable;
    struct lec_err err;
    if (!desc && t) { /* what was done is forgotten with it, but for what the disk keeps a few days */
        struct lec_buf *b = events_begin(core, t->topic);
        if (b)
            events_end(core, t->topic, NULL, 0);
        calendars_refuse(core, "the timetable was taken out of the configuration meanwhile; ask again");
        timetable_close(core);
    } else if (!t) {
        if (timetable_open(core, &err) < 0)
            lec_log(LEC_LOG_ERROR, "timetable: %s", err.text);
    } else {
        struct lessons_rules rules = rules_of(desc);
        (void)lessons_rule(t->lessons, &rules);
        calendars_abandon(t); /* it reads what was there before */
        t->again_at = lec_now();
    }
    timetable_tick(core, lec_now());
}
