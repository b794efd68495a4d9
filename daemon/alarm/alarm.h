/* The alarm engine: which conditions stand, since when, and who has seen them.
 *
 * Pure logic: it knows no sockets, threads, files or clocks of its own. Whoever embeds it (the core, or a test) gives it a host of
 * callbacks, tells it what points, devices and the room itself are like, with the time, and calls lec_alarms_tick at the time that
 * lec_alarms_due says. docs/alarms.md is the contract for people, docs/protocol.md section 10 what is said on the bus.
 *
 * Rules come from the room: <device>.away of each device, <device>.<point> of each point with a severity, room.disk, room.journal, help,
 * and the [alarm] sections. A condition that holds for the rule's delay raises; one that is over clears at once (a limit: when the number is
 * back by the hysteresis). A value that is not good says nothing: it neither raises nor clears, and a delay that runs
 * is held up. Each raise has exactly one clear, whatever happens: restart, kill -9, another configuration.
 *
 * An alarm that was raised LEC_ALARM_CHATTER_RAISES times within LEC_ALARM_CHATTER_NS chatters: it stays, and says so, until its condition
 * has been over for LEC_ALARM_QUIET_NS without a break (ISA-18.2 calls that an off-delay).
 *
 * Shelving lasts so long by the monotonic clock; over a restart by the wall clock, but never longer than what was asked for, counted
 * from the restart. So a clock that steps neither ends it nor makes it last.
 *
 * Ownership: the engine copies what it keeps, except the room, which it holds a reference of.
 * Threads: one. */
#ifndef LECTERN_ALARM_H
#define LECTERN_ALARM_H

#include "lectern/buf.h"
#include "lectern/clock.h"
#include "lectern/model.h"

#define LEC_ALARMS_STANDING      1024 /* at once; more are not raised until others clear */
#define LEC_ALARMS_ENDED         100  /* that are remembered */
#define LEC_ALARM_NAME_MAX       (2 * LEC_NAME_MAX + 1)
#define LEC_ALARM_TEXT_MAX       400 /* bytes of a text or remedy in one language */
#define LEC_ALARM_NOTE_MAX       200 /* bytes of what a person writes */
#define LEC_ALARM_WHO_MAX        63
#define LEC_ALARM_CHATTER_RAISES 3
#define LEC_ALARM_CHATTER_NS     (60 * LEC_SEC)
#define LEC_ALARM_QUIET_NS       (60 * LEC_SEC)
#define LEC_SHELF_MIN_MS         INT64_C(60000)
#define LEC_SHELF_MAX_MS         (INT64_C(30) * 24 * 3600 * 1000)

struct lec_alarms;

/* Now, by both clocks. */
struct lec_moment {
    int64_t now;     /* monotonic, ns */
    int64_t wall_us; /* may step */
};

/* A text to be kept under its key until a restart; value NULL: forgotten. */
struct lec_alarm_kept {
    const char *key, *value;
};
#define LEC_ALARM_KEPT_MAX 4 /* texts of one change */

struct lec_alarms_host {
    void *ctx;
    /* Something happened: for the journal (kind "alarm"; `name` is the alarm), and the texts that belong to it. All of it must be there after
     * a crash, or nothing. data NULL: only the texts. Everything is lent for the call. */
    void (*record)(void *ctx, const char *device, const char *name, const char *principal, const char *data,
                   const struct lec_alarm_kept kept[], size_t n);
    /* The alarm is another: one JSON object, as the protocol says. */
    void (*publish)(void *ctx, const char *name, const char *json);
    /* What a person can do; false: nothing is known. point NULL: the device is away, for this code. */
    bool (*remedy)(void *ctx, const struct lec_device *device, const struct lec_point *point, int code, const char **vi,
                   const char **en);
};

/* NULL for lack of memory. */
struct lec_alarms *lec_alarms_new(const struct lec_room *room, const struct lec_alarms_host *host);
/* Accepts NULL; sets *alarms NULL. */
void lec_alarms_free(struct lec_alarms **alarms);

/* At start, before anything else: what was kept, key by key. Garbled texts are dropped with a log line, and forgotten. Then
 * lec_alarms_resume: what stood still stands; what nobody watches any more is cleared. */
void lec_alarms_restore(struct lec_alarms *alarms, const char *key, const char *value);
void lec_alarms_resume(struct lec_alarms *alarms, struct lec_moment t);

/* A new configuration: alarms whose rule is still there stand on, the others are cleared with a reason. Whoever embeds the engine then
 * tells it everything anew. False for lack of memory: then nothing is watched, and what stands does. */
bool lec_alarms_reload(struct lec_alarms *alarms, const struct lec_room *room, struct lec_moment t);

/* ---- What the room is like ---------------------------------------------------------------------------------- */

/* Whether any rule looks at the point: only such need to be told. */
bool lec_alarms_watches(const struct lec_alarms *alarms, const struct lec_point *point);
/* Points and devices are those of the engine's room. code, reason: why it is not online, 0 and "" if not known. */
void lec_alarms_point(struct lec_alarms *alarms, const struct lec_point *point, const struct lec_value *value,
                      enum lec_quality quality, struct lec_moment t);
void lec_alarms_device(struct lec_alarms *alarms, const struct lec_device *device, bool online, int code,
                       const char *reason, struct lec_moment t);
/* room.disk, room.journal; reason "" if none. */
enum lec_alarm_of_room { LEC_ALARM_DISK, LEC_ALARM_JOURNAL };
void lec_alarms_room(struct lec_alarms *alarms, enum lec_alarm_of_room which, bool trouble, const char *reason,
                     struct lec_moment t);
/* Somebody calls for help: stands until it is acknowledged. device may be NULL, text "". A call while one stands takes its place in
 * it. Returns false when too many alarms stand. */
bool lec_alarms_help(struct lec_alarms *alarms, const struct lec_device *device, const char *text,
                     const char *principal, struct lec_moment t);

/* When lec_alarms_tick must be called: monotonic; LEC_NEVER. */
int64_t lec_alarms_due(const struct lec_alarms *alarms);
void lec_alarms_tick(struct lec_alarms *alarms, struct lec_moment t);

/* ---- People ------------------------------------------------------------------------------------------------- */

/* All of these write the alarm as JSON and return 0, or
 *  - LEC_E_CONFIG: no such alarm (the sentence names the nearest), it does not stand, it is not shelved;
 *  - LEC_E_BUSY: `raise` is not 0, and another one stands by now;
 *  - LEC_E_RANGE: note, reason or time cannot be. */
int lec_alarms_ack(struct lec_alarms *alarms, const char *name, uint64_t raise, const char *note, const char *principal,
                   struct lec_moment t, struct lec_buf *json, struct lec_err *err);
int lec_alarms_shelve(struct lec_alarms *alarms, const char *name, int64_t for_ms, const char *reason,
                      const char *principal, struct lec_moment t, struct lec_buf *json, struct lec_err *err);
int lec_alarms_unshelve(struct lec_alarms *alarms, const char *name, const char *principal, struct lec_moment t,
                        struct lec_buf *json, struct lec_err *err);

/* ---- What there is ------------------------------------------------------------------------------------------ */

/* "alarms":[..],"shelved":[..],"rules":[..], and "ended":[..] when ended > 0: members for an object that is open. */
void lec_alarms_list_json(const struct lec_alarms *alarms, unsigned ended, struct lec_buf *json);
/* A list of all that stand, shelved ones included, gravest and newest first. */
void lec_alarms_standing_json(const struct lec_alarms *alarms, struct lec_buf *json);

struct lec_alarms_counts {
    size_t standing, shelved; /* standing: without those that are shelved. shelved: also those that do not stand */
    size_t rules;
    uint64_t over;     /* raises that did not fit into LEC_ALARMS_STANDING */
    const char *worst; /* severity of the gravest that stands; NULL: none does */
};
struct lec_alarms_counts lec_alarms_count(const struct lec_alarms *alarms);

#endif
