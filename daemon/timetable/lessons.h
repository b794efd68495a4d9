/* The timetable engine: from the lesson periods, the time of the day and what goes on in the room it decides when which scene is
 * started, and says what became of each.
 *
 * Pure logic: no sockets, no files, no clock of its own. Wall time is given with each call and may jump in both directions.
 * The contract:
 *
 *   - Each start and each end of a period is done at most once, whatever the clock does and however often the daemon
 *     restarts: what was done is kept through the host under (uid, start) for LESSONS_KEPT_US. The scene is begun before that is written,
 *     and the store keeps that order: a crash between the two finds the scene's run under way and joins it.
 *   - A start that was missed (a blackout, a clock put forward) is caught up for `catch_up` while the period lasts; later it is
 *     `missed`, which is journalled. If the clock is put back to before that, it is open again. Likewise an end.
 *   - An end does nothing when another period is under way, or begins within `break`: nothing is switched off between two lessons.
 *   - Nothing is switched off while something is recorded: ends and closing are `held`, with the reason, and done when it is over.
 *   - Closing comes every day, also on holidays and Sundays. It waits for lessons too. What it waited for gives `warn` before it is done; a
 *     closing that nobody was there for is done `warn` after the room is back, on the same day only.
 *
 * Periods are compared by (uid, start): one that was moved in the calendar is another one.
 *
 * Local days and times of the day are those of the C library (TZ, /etc/localtime).
 * Threads: one. */
#ifndef LECTERN_LESSONS_H
#define LECTERN_LESSONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/buf.h"
#include "lectern/err.h"

#define LESSONS_MAX         2000 /* periods known at once */
#define LESSONS_RECORDS     4096 /* periods of which something was done; the oldest is forgotten first */
#define LESSONS_REASON      160
#define LESSONS_KEPT_US     (INT64_C(4) * 24 * 3600 * 1000000) /* what was done is known so long */
#define LESSONS_PUNCTUAL_US (INT64_C(30) * 1000000)            /* a start that late is still no catching up */
#define LESSONS_LATE_US     (INT64_C(120) * 1000000)           /* a closing that late was missed */

struct lessons;

/* One period, as the calendar has it. Strings are lent for the call that takes it. */
struct lesson {
    const char *uid, *text;
    int64_t start_us, end_us;
    const char *start_scene, *end_scene; /* "" none */
    const char *holiday;                 /* what cancels it; NULL: nothing */
};

struct lessons_rules {
    int64_t catch_up_us, break_us;
    bool has_closing;
    int64_t closing_us; /* since midnight */
    const char *closing_scene;
    int64_t warn_us;
};

struct lessons_host {
    void *ctx;
    /* Starts a scene, or joins it. `closing`: nobody's hands are left alone. Returns 0, LEC_E_NOMEM (not now), LEC_E_CONFIG (never). */
    int (*start)(void *ctx, const char *scene, bool closing, struct lec_err *err);
    /* What is being recorded, for people; NULL: nothing. */
    const char *(*recording)(void *ctx);
    /* Keep under a key that begins with "timetable/" (value NULL: forget). */
    void (*keep)(void *ctx, const char *key, const char *value);
    /* For the journal, kind "timetable": name is "period" or "closing". */
    void (*journal)(void *ctx, const char *name, const char *principal, const char *data);
};

/* NULL for lack of memory. */
struct lessons *lessons_new(const struct lessons_rules *rules, const struct lessons_host *host);
void lessons_free(struct lessons **lessons);
/* What lessons_host.keep kept, key by key, before anything else. Unknown or garbled texts are ignored. */
void lessons_restore(struct lessons *l, const char *key, const char *value);
/* Other rules, or other periods (copied; n at most LESSONS_MAX). Returns 0 or LEC_E_NOMEM, and then the old ones are in force. */
int lessons_rule(struct lessons *l, const struct lessons_rules *rules);
int lessons_set(struct lessons *l, const struct lesson *periods, size_t n);

/* Does what is due; called each second, and whenever a recording ended. now_ns: monotonic. */
void lessons_tick(struct lessons *l, int64_t wall_us, int64_t now_ns);

/* Puts closing off by so much, or orders one again when it is over. Returns 0, LEC_E_NOTSUP (there is no closing) or LEC_E_REFUSED (it is as
 * late as can be: midnight). */
int lessons_extend(struct lessons *l, int64_t by_us, const char *principal, int64_t wall_us, struct lec_err *err);
/* The scenes of this period are not started. Returns 0 with the period as JSON, LEC_E_RANGE (no such period), LEC_E_REFUSED (it is over). */
int lessons_skip(struct lessons *l, const char *uid, int64_t start_us, const char *principal, int64_t wall_us,
                 struct lec_buf *json, struct lec_err *err);

/* Whether the timetable starts this scene at some time. */
bool lessons_uses(const struct lessons *l, const char *scene);

/* ---- For people ---------------------------------------------------------------------------------------------- */

/* {"uid","start","end","text","start_scene"?,"end_scene"?,"state","reason"?,"code"?,"about"?}, of any period: one not known has happened as planned. */
void lessons_period_json(const struct lessons *l, const struct lesson *period, int64_t wall_us, struct lec_buf *json);
/* The periods known that take place in [from, to), with commas between. */
void lessons_periods_json(const struct lessons *l, int64_t from_us, int64_t to_us, int64_t wall_us,
                          struct lec_buf *json);
/* {"time","scene","state","extended_ms"?,"warn_at"?,"reason"?,"code"?,"about"?} of the day that `at_us` is in; false if there is none. */
bool lessons_closing_json(const struct lessons *l, int64_t at_us, int64_t wall_us, struct lec_buf *json);
/* "period":{},"next":{},"closing":{}: the members of the event. extend_us: the step that is offered. */
void lessons_now_json(const struct lessons *l, int64_t extend_us, int64_t wall_us, struct lec_buf *json);

/* Midnight at the beginning of the day `at_us` is in, and of a day so many days later. */
int64_t lessons_day_us(int64_t at_us, int days);

#endif
