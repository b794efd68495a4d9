/* liblectern: the client side of the bus protocol (docs/protocol.md). Calls a room's methods, and keeps a live picture
 * of the room (a view) that recovers by itself from lost events, restarts of the room and lost connections.
 *
 * Invariants
 *  - Every call ends in exactly one way: a result, an error object of the room, or a code of ours, before its deadline.
 *  - A request that changes something is never done twice by us: it is repeated only under the same id and only to the
 *    same start of the room. When the room restarted meanwhile the call ends LEC_E_LINK and says that the outcome is
 *    unknown.
 *  - A value is good only while the room is known to be there and nothing was missed.
 *  - Nothing grows without limit: LEC_BUS_CALLS calls under way, LEC_BUS_MESSAGE_MAX bytes a message, and a view keeps
 *    at most LEC_VIEW_* things.
 *  - The library prints nothing, starts no thread of its own (libzmq has one or two for its sockets) and never ends
 *    the program.
 *
 * Threads: an object (a bus with its views) belongs to one thread; several objects may live in several threads.
 * Callbacks run inside lec_bus_dispatch and lec_bus_wait only, in the calling thread.
 *
 * Errors: functions return 0 or a negative LEC_E_* code and fill `err` (may be NULL) with a sentence in English. An
 * error object of the room (`code`, `message`, `data`) is handed over as it came; its `data.remedy` has Vietnamese. */
#ifndef LECTERN_BUS_H
#define LECTERN_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "lectern/err.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LEC_API __attribute__((visibility("default")))

#define LEC_BUS_CALLS       256               /* calls under way on one bus, as many as a room takes of one client */
#define LEC_BUS_REQUEST_MAX 65536             /* bytes of a request, as the room has it */
#define LEC_BUS_MESSAGE_MAX (8 * 1024 * 1024) /* bytes of an answer or event; longer ones end the connection */
#define LEC_BUS_ROOMS_MAX   256               /* rooms that lec_bus_rooms tells */
#define LEC_VIEWS           16                /* views on one bus */
#define LEC_VIEW_DEVICES    1024
#define LEC_VIEW_POINTS     16384
#define LEC_VIEW_RUNS       64   /* runs of scenes; the oldest ended one is forgotten first */
#define LEC_VIEW_ALARMS     1024 /* standing ones */
#define LEC_VIEW_RECORDINGS 64   /* of experiments; of those that ended the last LEC_VIEW_ENDED */
#define LEC_VIEW_ENDED      16
#define LEC_VIEW_SILENCE_MS 3000 /* without a heartbeat for so long the room is out of reach */

/* ---- Rooms on this machine ---------------------------------------------------------------------------------- */

enum lec_room_state {
    LEC_ROOM_RUNNING, /* something listens */
    LEC_ROOM_DEAD,    /* a socket was left behind, nobody listens */
    LEC_ROOM_DENIED,  /* this user may not connect */
};

struct lec_room_found {
    char name[48];
    enum lec_room_state state;
};

/* Lists the rooms in the run folder ($LECTERN_RUN, else the system's, see lectern/paths.h), sorted by name, at most
 * `n` of them. `found`: room for n. `folder` (may be NULL): gets the folder's path, room for `folder_size`.
 * Does not block. Returns how many were found (0 also when there is no such folder), or LEC_E_CONFIG. */
LEC_API int lec_bus_rooms(struct lec_room_found *found, size_t n, char *folder, size_t folder_size,
                          struct lec_err *err);

/* ---- A connection to one room ------------------------------------------------------------------------------- */

struct lec_bus;

/* Strings are lent for the call. Members that are zero have a default. */
struct lec_bus_options {
    const char *room;    /* name of a room on this machine; or NULL, and... */
    const char *command; /* ...the endpoints "ipc://..." or "tcp://HOST:PORT" */
    const char *event;   /* may be NULL when no view will be opened */
    int connect_ms;      /* a call fails LEC_E_LINK when there was no connection for so long; default 2000 */
    void *zmq;           /* a ZeroMQ context to use (lent until lec_bus_free); NULL: one of its own */
};

/* Makes the object and begins to connect; the room need not be there yet. Does not block.
 * Returns 0, LEC_E_CONFIG (no endpoint, an endpoint or path that cannot be), LEC_E_NOMEM (also: no descriptors left). */
LEC_API int lec_bus_open(const struct lec_bus_options *options, struct lec_bus **out, struct lec_err *err);

/* Frees the bus, its views and its calls, without calling back; requests not yet on their way are dropped. Accepts
 * NULL; sets *bus NULL. Not from inside a callback. */
LEC_API void lec_bus_free(struct lec_bus **bus);

/* Whether the command connection stands, as far as known at the last call into the library. */
LEC_API bool lec_bus_connected(const struct lec_bus *bus);

/* What room.describe said last ({"site":...,"room":...,"boot":...}); NULL before. Lent until the next call. */
LEC_API const json_t *lec_bus_room(const struct lec_bus *bus);

/* What went wrong, for doctors. */
struct lec_bus_stats {
    uint64_t connects;   /* times that a connection was made */
    uint64_t resent;     /* requests sent again */
    uint64_t unexpected; /* answers to no call of ours, late duplicates among them */
    uint64_t garbage;    /* messages that are not what the protocol says */
};
LEC_API void lec_bus_get_stats(const struct lec_bus *bus, struct lec_bus_stats *out);

/* ---- Calls -------------------------------------------------------------------------------------------------- */

/* Asks and waits for the answer, at most timeout_ms (1 and more). A request without an answer is sent again under the
 * same id after a reconnection; one that changes something also after 2, 4, 8... seconds, since the room joins it.
 * params: an object, or NULL for none; the reference is taken, also on failure.
 * result, error (either may be NULL): on 0 *result is the result (free it with json_decref) and *error is NULL; when the
 * room said no, *error is its error object (likewise) and *result is NULL; else both are NULL.
 * Returns 0, or
 *  - with *error set, the code that comes nearest to the room's: LEC_E_REFUSED (-32002, -32008), LEC_E_TIMEOUT
 *    (-32003), LEC_E_LINK (-32004), LEC_E_RANGE (-32005, -32001, -32602), LEC_E_NOTSUP (-32006, -32601), LEC_E_BUSY
 *    (-32007), LEC_E_CANCELLED (-32009, -32010), LEC_E_CONFIG (-32011), LEC_E_BUG (the others);
 *  - without: LEC_E_LINK (the room cannot be reached, or restarted meanwhile), LEC_E_TIMEOUT (no answer), LEC_E_FRAME
 *    (an answer that is none), LEC_E_RANGE (the request is too long, or `params` is no object), LEC_E_BUSY
 *    (LEC_BUS_CALLS are under way), LEC_E_NOMEM.
 * Callbacks are not called meanwhile; answers to other calls wait for the next dispatch. */
LEC_API int lec_bus_call(struct lec_bus *bus, const char *method, json_t *params, int timeout_ms, json_t **result,
                         json_t **error, struct lec_err *err);

/* The end of a call: rc, result, error and err as lec_bus_call would have given them. All are lent for the callback
 * (json_incref what is kept). */
typedef void lec_bus_answered(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err);

/* Asks and returns at once; `answered` (may be NULL) is called once from a later dispatch, in no case from here.
 * call (may be NULL): gets a number for lec_bus_forget, never 0.
 * Returns 0, LEC_E_RANGE, LEC_E_BUSY, LEC_E_NOMEM, as above; then `answered` is not called. */
LEC_API int lec_bus_send(struct lec_bus *bus, const char *method, json_t *params, int timeout_ms,
                         lec_bus_answered *answered, void *arg, uint64_t *call, struct lec_err *err);

/* For whom a request is made, and under which id: what a gateway needs (docs/protocol.md section 9). */
struct lec_bus_as {
    const char *principal; /* 1 to 63 bytes; NULL: for ourselves */
    const char *role;      /* with principal: "viewer", "teacher", "lab", "facilities", "admin" */
    const char
        *id; /* 16 to 64 bytes, unique in the world, so that it can be sent again by another connection or another
                              program without being done twice; NULL: one of our own */
};

/* lec_bus_send for somebody else. `as` is lent for the call. Further errors: LEC_E_RANGE (a principal, role or id that cannot
 * be), LEC_E_BUSY also when a call with this id is under way on this bus. The room refuses `as` (LEC_E_REFUSED) unless our user is
 * its gateway. */
LEC_API int lec_bus_send_as(struct lec_bus *bus, const struct lec_bus_as *as, const char *method, json_t *params,
                            int timeout_ms, lec_bus_answered *answered, void *arg, uint64_t *call, struct lec_err *err);

/* The answer is not wanted any more: `answered` will not be called. The room goes on with what it was asked. Unknown
 * numbers are ignored. */
LEC_API void lec_bus_forget(struct lec_bus *bus, uint64_t call);

/* ---- In a loop of one's own --------------------------------------------------------------------------------- */

/* One descriptor for poll(2), epoll or a GUI's loop: readable (level-triggered) when lec_bus_dispatch has something to
 * do, time included. Lent until lec_bus_free; only for waiting. */
LEC_API int lec_bus_fd(const struct lec_bus *bus);

/* Does what is due and calls back. Never blocks; does a limited amount of work and leaves the descriptor readable when
 * there is more. Not from inside a callback (does nothing then). Returns the number of callbacks made. */
LEC_API int lec_bus_dispatch(struct lec_bus *bus);

/* Waits until something is due, at most timeout_ms (-1: for ever), and dispatches it. Returns the number of callbacks
 * made, maybe 0; ends early with 0 when a signal came. */
LEC_API int lec_bus_wait(struct lec_bus *bus, int timeout_ms);

/* ---- A view: the room as it is now -------------------------------------------------------------------------- */

struct lec_view;

/* What a view follows besides the state of devices and the runs of scenes. */
enum lec_follow {
    LEC_FOLLOW_EVENT = 1,   /* things that happen at devices */
    LEC_FOLLOW_JOURNAL = 2, /* entries of the journal: all of them, in order, once each */
    LEC_FOLLOW_SAMPLE = 4,
    LEC_FOLLOW_TRACE = 8,
    LEC_FOLLOW_RUN = 16, /* recordings of experiments */
};

enum lec_change_kind {
    LEC_CHANGE_LIVE,    /* a snapshot was applied: anything may have changed; all values are what the room says */
    LEC_CHANGE_LOST,    /* the room is out of reach (`reason`): every value is stale */
    LEC_CHANGE_DEVICE,  /* `device`: its status */
    LEC_CHANGE_POINT,   /* `device`, `name`: one point */
    LEC_CHANGE_RUN,     /* `name`: the scene; `body`: the whole run as far as known, as in protocol section 5 */
    LEC_CHANGE_EVENT,   /* `device`, `name`: the event; `body` as in section 6 */
    LEC_CHANGE_JOURNAL, /* `name`: the entry's kind; `body`: the entry */
    LEC_CHANGE_SAMPLE, /* `device`, `name`: the point; `body`, `samples`, `n_samples`. Of a recording: `device` NULL, `name`:
                           the channel, the run stands in `body` */
    LEC_CHANGE_TRACE,     /* `name`: the line; `body` */
    LEC_CHANGE_RECORDING, /* `name`: the experiment; `body`: its run, as in protocol section 8 */
    LEC_CHANGE_ALARM, /* `name`: the alarm; `body`: as in protocol section 10. One that cleared is told, then forgotten */
    LEC_CHANGE_TIMETABLE, /* `body`: as in protocol section 11 */
    LEC_CHANGE_GAP, /* `name`: the kind ("event", "sample", "trace", "run", "journal") of which events were lost for ever */
};

/* Everything is lent for the callback. Members that a kind does not use are NULL or 0. */
struct lec_change {
    enum lec_change_kind kind;
    const char *device;
    const char *name;
    const char *reason;
    json_t *body;
    const double *samples;
    size_t n_samples;
};

typedef void lec_view_changed(void *arg, struct lec_view *view, const struct lec_change *change);

struct lec_view_options {
    unsigned follow;           /* LEC_FOLLOW_*, ored */
    int64_t journal_after;     /* LEC_FOLLOW_JOURNAL: begin behind this entry; negative: only entries from now on */
    lec_view_changed *changed; /* may be NULL */
    void *arg;
};

/* Opens a view on the bus. It becomes live by itself within a round trip or two once the room is there
 * (LEC_CHANGE_LIVE), becomes lost and live again as the room goes and comes. After a lost event it takes a new
 * snapshot; what was lost of the journal is read from it.
 * Returns 0, LEC_E_CONFIG (the bus was opened without an event endpoint), LEC_E_BUSY (LEC_VIEWS), LEC_E_NOMEM. */
LEC_API int lec_view_open(struct lec_bus *bus, const struct lec_view_options *options, struct lec_view **out,
                          struct lec_err *err);

/* Ends the view; its bus lives on. Accepts NULL; sets *view NULL. Not from inside a callback. */
LEC_API void lec_view_free(struct lec_view **view);

/* Whether the picture is current: a snapshot was applied, nothing missed since, heartbeats come. */
LEC_API bool lec_view_live(const struct lec_view *view);
/* Why it is not: one sentence; "" when it is. Lent until the next call. */
LEC_API const char *lec_view_reason(const struct lec_view *view);

/* What is known of a device. Lent until the next dispatch. */
struct lec_view_device {
    const char *name;
    const char *status;   /* as in the protocol; "away" with our reason when the room is out of reach */
    const char *reason;   /* "" if none */
    const json_t *remedy; /* what a person can do, {"vi","en"}; NULL if nothing is known */
    size_t n_points;
};

/* One point as it is now. Lent until the next dispatch. */
struct lec_reading {
    const char *device, *point;
    const json_t *value;  /* bool, number, string or null */
    const json_t *wanted; /* NULL: nothing under way */
    const char *quality;  /* "good", "stale", "bad"; "stale" for all that were good when the view is not live */
    const char *reason;   /* "" for good values */
    const char *unit;     /* UCUM; "" if none */
    int64_t time;         /* when the device said so, by the room's clock: microseconds since 1970 UTC; 0: never */
    int64_t age_ms;       /* how long ago that was, by the monotonic clock; -1: never. The room tells changes only: a
                             good value older than this is still what the device last said */
    bool simulated;
    const char *by;  /* who changed it lately, "device" for a change without a command of the room; "" if not known */
    int64_t by_time; /* when; 0 if not known */
};

/* The devices, in the order of the room. 0 before the first snapshot. */
LEC_API size_t lec_view_devices(const struct lec_view *view);
/* Device number `i`, or false. */
LEC_API bool lec_view_device(const struct lec_view *view, size_t i, struct lec_view_device *out);
/* Point number `j` of device number `i`, or false. */
LEC_API bool lec_view_point(const struct lec_view *view, size_t i, size_t j, struct lec_reading *out);
/* The point "device.point", or false. */
LEC_API bool lec_view_read(const struct lec_view *view, const char *target, struct lec_reading *out);

/* The runs known, under way and ended, oldest first. */
LEC_API size_t lec_view_runs(const struct lec_view *view);
/* Run number `i` as in protocol section 5 (merged from its events), or NULL. Lent until the next dispatch. */
LEC_API const json_t *lec_view_run(const struct lec_view *view, size_t i);

/* The alarms that stand, shelved ones included, as in protocol section 10. Number `i`, or NULL. Lent until the next dispatch. */
LEC_API size_t lec_view_alarms(const struct lec_view *view);
LEC_API const json_t *lec_view_alarm(const struct lec_view *view, size_t i);

/* The recordings under way, and those that ended since the view was opened (the last LEC_VIEW_ENDED), oldest first, as in protocol
 * section 8. Only of a view that follows LEC_FOLLOW_RUN. Number `i`, or NULL. Lent until the next dispatch. */
LEC_API size_t lec_view_recordings(const struct lec_view *view);
LEC_API const json_t *lec_view_recording(const struct lec_view *view, size_t i);

/* The timetable as in protocol section 11, or NULL. Lent until the next dispatch. */
LEC_API const json_t *lec_view_timetable(const struct lec_view *view);

struct lec_view_stats {
    uint64_t events;    /* applied or handed on */
    uint64_t snapshots; /* taken */
    uint64_t gaps;      /* times that something was missing */
    uint64_t restarts;  /* of the room */
    uint64_t garbage;   /* events that are not what the protocol says */
};
LEC_API void lec_view_get_stats(const struct lec_view *view, struct lec_view_stats *out);

#ifdef __cplusplus
}
#endif

#endif
