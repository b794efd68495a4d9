/* What the files of the calendar reader share. */
#ifndef LECTERN_CALENDAR_INTERNAL_H
#define LECTERN_CALENDAR_INTERNAL_H

#include <libical/ical.h>

#include "calendar/calendar.h"

/* One content line, NAME;PARAM=VALUE:VALUE, lent from the calendar's text. value NULL: it is not there. */
struct field {
    const char *params; /* behind the first ';', "" if there are none */
    const char *value;
    int line;
};

/* A list of lines of one kind. */
struct fields {
    struct field *at;
    size_t n;
};

/* A time as it was written, with what it takes to know when that is. */
struct moment {
    struct icaltimetype t; /* as written, without a zone */
    bool utc;
    icaltimezone *zone; /* NULL: utc, or the room's own time */
};

/* One value of an RDATE or EXDATE. */
struct date {
    struct moment m;
    int64_t us;
};

struct event {
    int line; /* of its BEGIN */
    struct field start, end, duration, recurrence_id, uid, text, status, start_scene, end_scene;
    struct fields rules, dates, but; /* RRULE, RDATE, EXDATE */

    /* Made of it by event_prepare. */
    bool usable, cancelled, all_day;
    char *uid_text, *shown;
    const char *scenes[2]; /* start, end */
    struct moment first;
    struct date instead_of; /* replaces: which occurrence */
    int64_t lasts_us;       /* timed ones */
    int lasts_days;         /* all-day ones */
    struct icalrecurrencetype rule[CALENDAR_RULES];
    int64_t until_us[CALENDAR_RULES];
    size_t n_rules;
    struct date *added, *excluded;
    size_t n_added, n_excluded;
    bool replaces; /* it has a RECURRENCE-ID: stands for one occurrence of another event */
};

struct zone {
    const char *tzid;
    icaltimezone *zone;
};

struct calendar {
    const char *file;
    char *owned; /* the text, if it is ours */
    struct calendar_rules rules;
    struct event *events;
    size_t n_events, size;
    bool too_many;
    struct zone zones[CALENDAR_ZONES];
    size_t n_zones;
};

/* lines.c: takes the text apart into events and zones. */
int lines_read(struct calendar *c, char *text, size_t n, struct lec_report *report);
/* A parameter's value without quotes, cut to size; false if it is not there. */
bool field_param(const struct field *f, const char *name, char *out, size_t size);

/* moment.c */
/* Reads the value of a DATE or DATE-TIME; false when told. `value`: one of a list. */
bool moment_read(struct calendar *c, const struct field *f, const char *what, const char *value, size_t n,
                 struct moment *out, struct lec_report *report);
int64_t moment_us(const struct moment *m);
bool moment_same_day(const struct moment *date, int64_t us);

/* event.c: makes sense of what is written; false (told) when the event cannot be used. */
bool event_prepare(struct calendar *c, struct event *e, struct lec_report *report);
void event_free(struct event *e);

#endif
