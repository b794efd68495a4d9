#include "timetable/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lectern/parse.h"

int lessons_day_number(int64_t us)
{
    time_t s = (time_t)(us / 1000000);
    struct tm tm;
    if (!localtime_r(&s, &tm))
        return 0;
    return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

/* A time of the day, as the clock on the wall shows it on that day. */
int64_t closing_base(const struct lessons *l, int64_t at_us)
{
    time_t s = (time_t)(at_us / 1000000);
    struct tm tm;
    if (!localtime_r(&s, &tm))
        return at_us;
    tm.tm_hour = (int)(l->rules.closing_us / INT64_C(3600000000));
    tm.tm_min = (int)(l->rules.closing_us / 60000000 % 60);
    tm.tm_sec = 0;
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm) * 1000000;
}

static struct closing *of_day(struct lessons *l, int day)
{
    for (size_t i = 0; i < CLOSINGS; i++)
        if (l->closings[i].day == day)
            return &l->closings[i];
    return NULL;
}

const struct closing *closing_of(const struct lessons *l, int64_t wall_us)
{
    int day = lessons_day_number(wall_us);
    for (size_t i = 0; i < CLOSINGS; i++)
        if (l->closings[i].day == day)
            return &l->closings[i];
    return NULL;
}

static void key_of(int day, char key[40])
{
    snprintf(key, 40, "timetable/closing/%08d", day);
}

static void keep(struct lessons *l, const struct closing *c)
{
    char key[40], kept[WHY_KEPT], value[WHY_KEPT + 64];
    key_of(c->day, key);
    snprintf(value, sizeof value, "%c %" PRId64 " %" PRId64 " %s", c->edge, c->base_us, c->time_us,
             why_print(&c->why, kept));
    l->host.keep(l->host.ctx, key, value);
}

static void forget(struct lessons *l, struct closing *c)
{
    char key[40];
    key_of(c->day, key);
    l->host.keep(l->host.ctx, key, NULL);
    *c = (struct closing){0};
}

/* A place for another day: the oldest one goes. */
static struct closing *add(struct lessons *l, int day)
{
    struct closing *place = &l->closings[0];
    for (size_t i = 0; i < CLOSINGS; i++)
        if (l->closings[i].day < place->day)
            place = &l->closings[i];
    if (place->day != 0)
        forget(l, place);
    *place = (struct closing){.day = day, .edge = EDGE_OPEN};
    return place;
}

/* "h 1795401000000000 1795402800000000 recording:cooling" */
void closing_restore(struct lessons *l, const char *day, const char *value)
{
    char text[64];
    int64_t number, base, time;
    char *rest = NULL;
    if (lec_parse_int(day, 19700101, 99991231, &number) < 0 || of_day(l, (int)number) || !value[0] ||
        !strchr(".bcmxh", value[0]) || value[1] != ' ')
        return;
    size_t n = strcspn(value + 2, " ");
    size_t m = value[2 + n] ? strcspn(value + 2 + n + 1, " ") : 0;
    if (!lec_copy_utf8(text, sizeof text, value + 2, n) || lec_parse_int(text, 0, INT64_MAX, &base) < 0 || m == 0 ||
        !lec_copy_utf8(text, sizeof text, value + 2 + n + 1, m) || lec_parse_int(text, 0, INT64_MAX, &time) < 0)
        return;
    rest = strchr(value + 2 + n + 1, ' ');
    struct closing *c = add(l, (int)number);
    c->edge = (enum edge)value[0];
    c->base_us = base;
    c->time_us = time;
    c->restored = true;
    if (rest)
        why_parse(&c->why, rest + 1);
}

static void become(struct lessons *l, struct closing *c, enum edge edge, const char *what, const struct why *why)
{
    bool told = c->edge != edge;
    if (!told && why_same(&c->why, why))
        return;
    c->edge = edge;
    c->why = *why;
    keep(l, c);
    if (told)
        lessons_tell(l, "closing", what, NULL, l->closing_scene, "timetable", why);
}

/* What closing waits for; false: nothing. */
static bool waits(struct lessons *l, int64_t wall_us, struct why *why)
{
    char clock[8];
    const struct period *busy = lessons_busy(l, wall_us, NULL);
    const char *recording = l->host.recording(l->host.ctx);
    if (recording)
        why_set(why, WHY_RECORDING, recording);
    else if (busy)
        why_set(why, WHY_LESSON, lessons_clock(busy->is.end_us, clock));
    return recording || busy;
}

static void do_closing(struct lessons *l, struct closing *c, int64_t wall_us)
{
    struct why why = {.code = WHY_NONE};
    struct lec_err err;
    if (waits(l, wall_us, &why)) {
        become(l, c, EDGE_HELD, "held", &why);
        return;
    }
    if (c->edge == EDGE_HELD && l->rules.warn_us > 0) { /* whoever is still there shall know, and can put it off */
        c->time_us = wall_us + l->rules.warn_us;
        become(l, c, EDGE_OPEN, "announced", &why);
        return;
    }
    int rc = l->host.start(l->host.ctx, l->closing_scene, true, &err);
    if (rc == LEC_E_CONFIG)
        why_set(&why, WHY_SCENE, err.text);
    if (rc == 0)
        become(l, c, EDGE_BEGUN, "done", &why);
    else if (rc == LEC_E_CONFIG)
        become(l, c, EDGE_FAILED, "missed", &why);
    if (rc == 0)
        lessons_pass_held(l);
}

static void late(struct lessons *l, struct closing *c, int64_t wall_us)
{
    struct why why;
    char clock[8];
    why_set(&why, WHY_ABSENT, lessons_clock(c->time_us, clock));
    if (lessons_day_number(wall_us) != c->day) { /* a night is over: nothing is switched off in the morning */
        become(l, c, EDGE_MISSED, "missed", &why);
        return;
    }
    c->time_us = wall_us + l->rules.warn_us;
    c->why = why;
    keep(l, c);
}

/* The rules may have changed since. */
static void follow_rules(struct lessons *l, struct closing *c, int64_t base, int64_t wall_us)
{
    if (c->base_us == base)
        return;
    int64_t time = base + (c->time_us - c->base_us);
    c->base_us = base;
    if (c->edge == EDGE_OPEN || time > wall_us) {
        c->edge = EDGE_OPEN;
        c->time_us = time;
        why_set(&c->why, WHY_NONE, "");
    } else {
        c->time_us = time;
    }
    keep(l, c);
}

static struct closing *today_of(struct lessons *l, int64_t wall_us)
{
    int today = lessons_day_number(wall_us);
    int64_t base = closing_base(l, wall_us);
    struct closing *c = of_day(l, today);
    if (!c) {
        c = add(l, today);
        c->base_us = c->time_us = base;
        keep(l, c);
    }
    follow_rules(l, c, base, wall_us);
    return c;
}

void closing_tick(struct lessons *l, int64_t wall_us)
{
    int today = lessons_day_number(wall_us);
    for (size_t i = 0; i < CLOSINGS && !l->rules.has_closing; i++)
        if (l->closings[i].day != 0)
            forget(l, &l->closings[i]);
    if (!l->rules.has_closing)
        return;
    (void)today_of(l, wall_us);
    for (size_t i = 0; i < CLOSINGS; i++) {
        struct closing *c = &l->closings[i];
        if (c->day == 0 || c->day > today || (c->edge != EDGE_OPEN && c->edge != EDGE_HELD))
            continue;
        if (c->edge == EDGE_OPEN && wall_us - c->time_us > LESSONS_LATE_US)
            late(l, c, wall_us);
        else if (c->edge == EDGE_HELD && c->restored && c->day < today)
            late(l, c, wall_us);
        else if (wall_us >= c->time_us || c->edge == EDGE_HELD)
            do_closing(l, c, wall_us);
        c->restored = false;
    }
}

int lessons_extend(struct lessons *l, int64_t by_us, const char *principal, int64_t wall_us, struct lec_err *err)
{
    struct why until;
    char clock[8];
    if (!l->rules.has_closing)
        return lec_fail(err, LEC_E_NOTSUP, "this room has no closing time");
    struct closing *c = today_of(l, wall_us);
    int64_t last = lessons_day_us(wall_us, 1) - 1000000;
    int64_t from = c->edge == EDGE_OPEN && c->time_us > wall_us ? c->time_us : wall_us;
    if (from >= last)
        return lec_fail(err, LEC_E_REFUSED, "closing cannot be later than midnight");
    c->time_us = from + by_us < last ? from + by_us : last;
    c->edge = EDGE_OPEN;
    why_set(&c->why, WHY_NONE, "");
    keep(l, c);
    why_set(&until, WHY_EXTENDED, lessons_clock(c->time_us, clock));
    lessons_tell(l, "closing", "extended", NULL, l->closing_scene, principal, &until);
    return 0;
}
