/* The timetable as the core sees it: the engine, what the calendars say, and lectern-calendar, which reads them.
 *
 *   timetable.c  the engine's host, events          calendars.c  reading the calendars
 *   methods_timetable.c  the methods
 *
 * Threads: the core's. */
#ifndef LECTERN_CORE_TIMETABLE_H
#define LECTERN_CORE_TIMETABLE_H

#include "core/child.h"
#include "core/core.h"
#include "timetable/lessons.h"

#define CALENDAR_ANSWER_MAX (4u * 1024 * 1024)
#define CALENDAR_NS         (60 * LEC_SEC) /* lectern-calendar is ended then; the kernel ends it after 10 s of processor time */
#define CALENDAR_AGAIN_NS   (60 * LEC_SEC) /* before it is tried again */
#define CALENDAR_DAYS       35             /* known ahead */
#define CALENDAR_MISTAKES   50             /* told */
#define CALENDAR_HOLIDAYS   500

struct reading { /* lectern-calendar at work */
    struct child child;
    int64_t deadline, from_us, to_us;
    uint64_t token; /* of timetable.show; 0: for the timetable itself */
    struct lec_buf answer;
};

struct free_day {
    int64_t start_us, end_us;
    char *text;
};

/* What an answer of lectern-calendar says. */
struct calendars {
    json_t *answer; /* owns the strings of the lessons */
    struct lesson *lessons;
    size_t n_lessons;
};

struct timetable {
    struct lessons *lessons;
    struct reading readings[CALENDARS];
    struct children children;
    bool ready;             /* the calendars were read, or cannot be: the engine may act */
    int64_t from_us, to_us; /* which days the engine knows; 0: none */
    int64_t again_at;       /* when the calendars are read next; LEC_NEVER: when the day is over */
    struct free_day *holidays;
    size_t n_holidays;
    char *mistakes[CALENDAR_MISTAKES];
    size_t n_mistakes;
    char *told; /* the event as it was last sent */
    struct topic *topic;
    bool closing_now; /* inside the start of the closing scene */
    char closing_run[LEC_RUN_ID_MAX + 1];
    char recording[LEC_NAME_MAX + 1];
};

/* calendars.c */
/* Begins to read the days [from, to): for the timetable itself, or for a request that is held. Returns 0, LEC_E_BUSY, or an error of
 * child_start. */
int calendars_read(struct core *core, int64_t from_us, int64_t to_us, uint64_t token, struct lec_err *err);
/* Ends the reading for the timetable itself, if there is one; nobody hears of it. */
void calendars_abandon(struct timetable *t);
/* Answers those who wait for timetable.show with an error. */
void calendars_refuse(struct core *core, const char *why);
void calendars_close(struct timetable *t);
/* Ends what takes too long. */
void calendars_tick(struct core *core, int64_t now);
/* Takes an answer apart; default scenes and holidays are filled in. Returns 0, LEC_E_BUG (it is none) or LEC_E_NOMEM. */
int calendars_parse(struct core *core, const struct lec_buf *text, struct calendars *out);
void calendars_free(struct calendars *c);

/* timetable.c: an answer has come (NULL: and will not, `why`). */
void timetable_read(struct core *core, struct reading *reading, const struct calendars *c, const char *why);
/* Tells what has changed. */
void timetable_publish(struct core *core);
/* The holiday in [from, to), or NULL. */
const char *timetable_holiday(const struct timetable *t, int64_t from_us, int64_t to_us);

/* methods_timetable.c: the answer to a timetable.show that waited. */
void timetable_shown(struct core *core, uint64_t token, const struct reading *reading, const struct calendars *c,
                     const char *why);

#endif
