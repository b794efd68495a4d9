/* The calendars are read by lectern-calendar: the daemon neither links libical nor waits for it. */
#include "core/timetable.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/log.h"

/* The names that may stand in X-LECTERN-START, with commas between. */
static void list_scenes(const struct lec_room *room, struct lec_buf *b)
{
    for (size_t i = 0; i < room->n_scenes; i++)
        lec_buf_printf(b, "%s%s", i ? "," : "", room->scenes[i].name);
}

int calendars_read(struct core *core, int64_t from_us, int64_t to_us, uint64_t token, struct lec_err *err)
{
    const struct lec_timetable *desc = core->room->timetable;
    struct reading *r = NULL;
    for (size_t i = token ? 1 : 0; i < (token ? CALENDARS : 1) && !r; i++) /* the first is for the timetable itself */
        if (core->timetable->readings[i].child.pid == 0)
            r = &core->timetable->readings[i];
    if (!r)
        return lec_fail(err, LEC_E_BUSY, "the calendars are being read already; try again soon");
    char name[] = "lectern-calendar", from[32], to[32], with_holidays[4128], file[4096];
    struct lec_buf scenes;
    lec_buf_init(&scenes, 65536);
    lec_buf_puts(&scenes, "--scenes=");
    list_scenes(core->room, &scenes);
    snprintf(from, sizeof from, "--from=%" PRId64, from_us);
    snprintf(to, sizeof to, "--to=%" PRId64, to_us);
    snprintf(with_holidays, sizeof with_holidays, "--holidays=%s", desc->holidays ? desc->holidays : "");
    int n = snprintf(file, sizeof file, "%s", desc->file);
    char end[] = "--";
    char *argv[] = {name, from, to, scenes.data, end, file, NULL, NULL};
    if (desc->holidays) {
        argv[4] = with_holidays;
        argv[5] = end;
        argv[6] = file;
    }
    int rc = scenes.failed || n >= (int)sizeof file
                 ? lec_fail(err, LEC_E_CONFIG, "the path of the calendar is too long")
                 : child_start(&core->timetable->children, argv, -1, &r->child, err);
    lec_buf_done(&scenes);
    if (rc < 0)
        return rc;
    r->deadline = lec_now() + CALENDAR_NS;
    r->from_us = from_us;
    r->to_us = to_us;
    r->token = token;
    lec_buf_init(&r->answer, CALENDAR_ANSWER_MAX);
    return 0;
}

static void end(struct timetable *t, struct reading *r)
{
    child_end(&t->children, &r->child);
    lec_buf_done(&r->answer);
    *r = (struct reading){0};
}

void calendars_abandon(struct timetable *t)
{
    if (t->readings[0].child.pid)
        end(t, &t->readings[0]);
}

void calendars_close(struct timetable *t)
{
    for (size_t i = 0; i < CALENDARS; i++)
        if (t->readings[i].child.pid)
            end(t, &t->readings[i]);
    child_reap(&t->children);
}

/* ---- Answers ------------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *row, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : otherwise;
}

static const char *scene_of(const json_t *row, const char *key, const struct lec_scene *usual)
{
    const char *name = text_of(row, key, usual ? usual->name : "");
    return strcmp(name, "none") == 0 ? "" : name;
}

int calendars_parse(struct core *core, const struct lec_buf *text, struct calendars *out)
{
    const struct lec_timetable *desc = core->room->timetable;
    *out = (struct calendars){0};
    out->answer = text->data ? json_loadb(text->data, text->len, 0, NULL) : NULL;
    const json_t *rows = json_object_get(out->answer, "periods");
    if (!json_is_array(rows)) {
        calendars_free(out);
        return LEC_E_BUG;
    }
    out->lessons = calloc(json_array_size(rows) + 1, sizeof *out->lessons);
    if (!out->lessons) {
        calendars_free(out);
        return LEC_E_NOMEM;
    }
    for (size_t i = 0; i < json_array_size(rows) && i < LESSONS_MAX; i++) {
        const json_t *row = json_array_get(rows, i);
        out->lessons[out->n_lessons++] =
            (struct lesson){.uid = text_of(row, "uid", ""),
                            .text = text_of(row, "text", ""),
                            .start_us = json_integer_value(json_object_get(row, "start")),
                            .end_us = json_integer_value(json_object_get(row, "end")),
                            .start_scene = scene_of(row, "start_scene", desc ? desc->start : NULL),
                            .end_scene = scene_of(row, "end_scene", desc ? desc->end : NULL),
                            .holiday = text_of(row, "holiday", NULL)};
    }
    return 0;
}

void calendars_free(struct calendars *c)
{
    json_decref(c->answer);
    free(c->lessons);
    *c = (struct calendars){0};
}

/* The reading's place is free before anybody hears of it: who hears may begin the next, or look at the clock again. */
static void finish(struct core *core, struct reading *place, const char *why)
{
    struct reading r = *place;
    *place = (struct reading){0};
    struct calendars c = {0};
    int rc = why ? 0 : calendars_parse(core, &r.answer, &c);
    if (rc < 0)
        why = rc == LEC_E_NOMEM ? "out of memory" : "lectern-calendar ended without an answer";
    if (r.token)
        timetable_shown(core, r.token, &r, why ? NULL : &c, why);
    else
        timetable_read(core, &r, why ? NULL : &c, why);
    calendars_free(&c);
    end(core->timetable, &r);
}

void calendars_refuse(struct core *core, const char *why)
{
    for (size_t i = 0; i < CALENDARS; i++)
        if (core->timetable->readings[i].child.pid && core->timetable->readings[i].token)
            finish(core, &core->timetable->readings[i], why);
}

void calendars_readable(struct core *core)
{
    for (size_t i = 0; i < CALENDARS; i++) {
        struct reading *r = &core->timetable->readings[i];
        if (r->child.pid && !child_read(&r->child, &r->answer))
            finish(core, r, NULL);
    }
}

void calendars_tick(struct core *core, int64_t now)
{
    child_reap(&core->timetable->children);
    for (size_t i = 0; i < CALENDARS; i++)
        if (core->timetable->readings[i].child.pid && now >= core->timetable->readings[i].deadline)
            finish(core, &core->timetable->readings[i], "reading the calendars took too long");
}
