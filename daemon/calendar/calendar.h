/* Reading iCalendar files (RFC 5545): the lesson periods of a room and its holidays.
 *
 * Only what a timetable needs is read: VEVENTs with DTSTART, DTEND or DURATION, RRULE, RDATE, EXDATE, RECURRENCE-ID, STATUS,
 * SUMMARY, UID, X-LECTERN-START and X-LECTERN-END, and the VTIMEZONEs that they name. Lines are taken apart here, so that each mistake has
 * its line; times, durations, zones and recurrences are libical's work. An event with a mistake is left out, the others count.
 *
 * This is linked into lectern-calendar only, a program that the daemon and `lectern check` start and that ends when it has
 * answered: libical costs 3.4 MB of resident memory, and what a hostile file does to it stays there.
 *
 * Times without a zone are the room's: those of the C library (TZ, /etc/localtime).
 *
 * Threads: one; libical has globals. */
#ifndef LECTERN_CALENDAR_H
#define LECTERN_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/buf.h"
#include "lectern/report.h"

#define CALENDAR_FILE_MAX  (1024u * 1024) /* bytes of a file */
#define CALENDAR_EVENTS    2000           /* VEVENTs of a file */
#define CALENDAR_DATES     1000           /* EXDATE and RDATE values of an event; further ones are a mistake */
#define CALENDAR_RULES     4              /* RRULEs of an event */
#define CALENDAR_ZONES     64             /* VTIMEZONEs of a file */
#define CALENDAR_FOUND     2000           /* occurrences in the time asked for */
#define CALENDAR_STEPS     20000          /* of one recurrence, from its DTSTART on: 54 years of days */
#define CALENDAR_WORK_MS   1500           /* processor time for all recurrences of a file */
#define CALENDAR_TEXT_MAX  200            /* bytes of a SUMMARY; longer ones are cut */
#define CALENDAR_UID_MAX   200            /* bytes of a UID; longer ones are a mistake */
#define CALENDAR_LESSON_US (INT64_C(24) * 3600 * 1000000) /* no lesson lasts longer */

struct calendar;

/* What events may say. */
struct calendar_rules {
    const char *const *scenes; /* of the room, for X-LECTERN-START and -END; NULL: any name may stand there */
    size_t n_scenes;
    bool holidays; /* all-day events are welcome, scenes mean nothing */
};

/* Reads a calendar; `file` is what it is called in messages. The text has a NUL behind its n bytes, is
 * changed, and must live as long as the calendar. Returns 0 with *out (mistakes of events may have been told), LEC_E_CONFIG (it is no calendar, which has been told) or LEC_E_NOMEM. */
int calendar_parse(const char *file, char *text, size_t n, const struct calendar_rules *rules, struct calendar **out,
                   struct lec_report *report);
/* The same with a file on the disk. */
int calendar_open(const char *file, const struct calendar_rules *rules, struct calendar **out,
                  struct lec_report *report);
/* Accepts NULL; sets *calendar NULL. */
void calendar_free(struct calendar **calendar);

/* One time that an event takes place. Strings are lent from the calendar. */
struct calendar_found {
    int64_t start_us, end_us; /* microseconds since 1970 UTC */
    const char *uid, *text;
    const char *start_scene, *end_scene; /* "none": none; NULL: the event does not say */
    const char *holiday;                 /* what cancels it; NULL: nothing. Filled by calendar_cancel */
    bool all_day;
    int line;
};

struct calendar_list {
    struct calendar_found *at; /* in the order of start, then end, then uid */
    size_t n;
};

/* What takes place, wholly or in part, in [from, to). Returns 0 or LEC_E_NOMEM; limits that were reached are told. The
 * caller frees out->at. */
int calendar_expand(struct calendar *calendar, int64_t from_us, int64_t to_us, struct calendar_list *out,
                    struct lec_report *report);
/* Marks the periods that begin during a holiday. */
void calendar_cancel(struct calendar_list *periods, const struct calendar_list *holidays);

/* The answer of lectern-calendar: {"whole" (false: a file could not be read at all),"periods":[{"uid","start","end","text","start_scene"?,"end_scene"?,"holiday"?}],
 * "holidays":[{"start","end","text"}],"mistakes":[{"file","line","text","warning"}]}. */
void calendar_json(const struct calendar_list *periods, const struct calendar_list *holidays, bool whole,
                   const struct lec_report *report, struct lec_buf *json);

/* Microseconds of a local time of the room; day and month may be out of range, as for mktime(3). */
int64_t calendar_local_us(int year, int month, int day, int hour, int minute, int second);

#endif
