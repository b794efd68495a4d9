/* What the files of liblectern share. bus.c: the connection and the loop; call.c: requests under way; answer.c: reading
 * answers; view.c: staying current; subscribe.c: its socket; look.c: answering questions; picture.c and kept.c: what is known of the room; event.c: reading events; rooms.c: the run
 * folder. */
#ifndef LECTERN_BUS_INTERNAL_H
#define LECTERN_BUS_INTERNAL_H

#include "lectern/bus.h"
#include "lectern/clock.h"

#define ID_SIZE      65 /* of a request with its NUL; ours are UUIDs, others choose theirs (lec_bus_send_as) */
#define UUID_SIZE    37
#define ENDPOINT_MAX 512
#define NAME_MAX_BUS 64 /* site, room, device, point, scene with their NUL; the room allows 47 bytes */
#define BOOT_MAX     80

/* ---- Answers ------------------------------------------------------------------------------------------------ */

struct answer {
    char id[ID_SIZE];       /* "" when the message has none of ours */
    int rc;                 /* 0, LEC_E_FRAME (it has an id and nothing usable else), or the code of the error object */
    json_t *result, *error; /* one of them when rc is 0 or the room's; owned */
    struct lec_err err;
};

/* Reads one message from the command socket. Returns 0, or LEC_E_FRAME when it is no answer at all (`out` untouched). */
int lec_answer_parse(const void *data, size_t size, struct answer *out);
void lec_answer_done(struct answer *a);
/* The LEC_E_* that comes nearest to a JSON-RPC code. */
int lec_answer_code(json_int_t code);
/* A new random UUID. Returns 0 or LEC_E_BUG (no random numbers). */
int lec_answer_new_id(char id[UUID_SIZE]);

/* ---- Calls -------------------------------------------------------------------------------------------------- */

enum call_state {
    CALL_FREE = 0,
    CALL_NEW,  /* not sent on this connection yet */
    CALL_HELD, /* may have been carried out by the room before it was lost; waits to learn whether it restarted */
    CALL_SENT,
    CALL_DONE, /* `answer` waits to be handed over */
};

struct call {
    enum call_state state;
    uint64_t number;
    char *request;
    size_t request_size;
    char what[48];   /* the method, for sentences */
    bool repeatable; /* only reads: may be sent to another start of the room too */
    bool blocking;   /* lec_bus_call takes the answer itself */
    bool sent_ever;
    uint64_t boot_no; /* which start of the room it was sent to; 0: unknown */
    int64_t allowed, deadline, resend_at, resend_gap;
    struct answer answer; /* its id from the beginning */
    lec_bus_answered *answered;
    void *arg;
};

/* Whether principal, role and id can be what they say; else LEC_E_RANGE. */
int lec_as_check(const struct lec_bus_as *as, struct lec_err *err);

struct calls {
    struct call at[LEC_BUS_CALLS];
    size_t n; /* not CALL_FREE */
    uint64_t last_number;
};

struct lec_bus {
    void *zmq;
    bool own_zmq;
    void *command, *monitor;
    char command_at[ENDPOINT_MAX], event_at[ENDPOINT_MAX];
    char title[ENDPOINT_MAX]; /* what people call it: "room phong-201" or the endpoint */
    int epoll_fd, timer_fd, again_fd;
    int64_t connect_ns;

    bool connected;
    int64_t lost_at;   /* when the connection was lost, or first tried */
    int64_t reopen_at; /* when the socket is made anew, while it is lost */
    uint64_t monitors; /* made so far */
    uint64_t boot_no;  /* counts the different boots seen; 0: none yet */
    bool boot_known;   /* room.describe was answered on this connection */
    char boot[BOOT_MAX];
    json_t *room;
    uint64_t described;        /* counts answers of room.describe */
    char describe_id[ID_SIZE]; /* our own room.describe under way; "" if none */
    int64_t describe_at;       /* when to ask again */

    struct calls calls;
    struct lec_view *views[LEC_VIEWS];
    bool dispatching;
    struct lec_bus_stats stats;
};

/* call.c */
void lec_calls_done(struct lec_bus *bus);
/* The connection stands: sends what waits. */
void lec_calls_connected(struct lec_bus *bus);
void lec_calls_disconnected(struct lec_bus *bus);
/* room.describe was answered: same or another start. Decides what is held. */
void lec_calls_described(struct lec_bus *bus);
void lec_calls_answer(struct lec_bus *bus, struct answer *answer);
/* Time-outs and repeats. Returns when to call again. */
int64_t lec_calls_tick(struct lec_bus *bus, int64_t now);
/* Calls back for what has ended, at most `limit`; returns how many. */
int lec_calls_deliver(struct lec_bus *bus, int limit);
bool lec_calls_waiting(const struct lec_bus *bus);

/* bus.c */
/* Sends one frame now; false when the socket takes none. */
bool lec_bus_send_now(struct lec_bus *bus, const char *data, size_t size);
/* Takes all that has come on the command socket and its monitor. */
void lec_bus_pump(struct lec_bus *bus);
/* Leaves descriptor and timer as the loop needs them. At the end of every public function that touched a socket. */
void lec_bus_settle(struct lec_bus *bus);
bool lec_bus_watch(struct lec_bus *bus, void *socket);
void lec_bus_unwatch(struct lec_bus *bus, void *socket);
/* Makes a lost connection anew; asks again which start of the room this is, if it was not said. Returns when to call
 * again. */
int64_t lec_bus_tick(struct lec_bus *bus, int64_t now);

/* ---- Events ------------------------------------------------------------------------------------------------- */

enum event_kind {
    EVENT_STATE,
    EVENT_SCENE,
    EVENT_EVENT,
    EVENT_JOURNAL,
    EVENT_SAMPLE,
    EVENT_TRACE,
    EVENT_RUN,
    EVENT_ALARM,
    EVENT_TIMETABLE,
    EVENT_HEARTBEAT
};
#define EVENT_KINDS 10

struct event {
    enum event_kind kind;
    char topic[4 * NAME_MAX_BUS + 256];
    const char *name; /* within topic: what stands behind the kind */
    int64_t seq, before, time;
    json_t *body;    /* owned */
    double *samples; /* owned; kind sample only */
    size_t n_samples;
};

/* Reads frames[n]. `prefix`: "<site>/<room>/". Returns 0, LEC_E_FRAME (`out` untouched), LEC_E_NOMEM. */
int lec_event_parse(const char *prefix, const void *const frames[], const size_t sizes[], size_t n, struct event *out);
void lec_event_done(struct event *e);
/* "state", ...; the name as it stands in topics and in a heartbeat's `last`. */
const char *lec_event_kind_name(enum event_kind kind);

/* ---- The picture of a room ---------------------------------------------------------------------------------- */

struct seen_point {
    char *name;
    json_t *told; /* the value as the room told it; owned */
    char unit[32];
    int64_t told_at; /* monotonic */
    int64_t age_ms;  /* how old it was then; -1: no time */
};

struct seen_device {
    char *name;
    char status[16];
    char *reason;
    json_t *remedy; /* NULL: none; owned */
    struct seen_point *points;
    size_t n, size;
};

struct seen_run {
    json_t *json; /* owned */
    bool doubt;   /* was running, and the room does not say so any more */
};

struct picture {
    struct seen_device *devices;
    size_t n, size;
    size_t n_points;
    struct seen_run runs[LEC_VIEW_RUNS]; /* oldest first */
    size_t n_runs;
    json_t *alarms;                                  /* a list of those that stand; NULL: none; owned */
    struct seen_run recordings[LEC_VIEW_RECORDINGS]; /* oldest first */
    size_t n_recordings;
    json_t *timetable; /* NULL: the room has none; owned */
};

/* A member that is a text; "" when there is none. */
const char *lec_text_of(const json_t *object, const char *key);

void lec_picture_clear(struct picture *p);
/* Replaces all of it with the result of state.snapshot; runs are kept, and marked when in doubt. Returns 0, LEC_E_FRAME (untouched),
 * LEC_E_NOMEM (untouched; also when it has more than LEC_VIEW_* things). `recordings`: keep those of experiments too. */
int lec_picture_snapshot(struct picture *p, const json_t *snapshot, bool recordings, int64_t now);
/* Applies a state event. `changed` is called for each point (name) and for the device (NULL).
 * Returns 0, LEC_E_FRAME (not an event of that kind), LEC_E_NOMEM. */
int lec_picture_state(struct picture *p, const struct event *e, int64_t now,
                      void (*changed)(void *ctx, const char *device, const char *point), void *ctx);
/* Merges a run, from an event or an answer, into what is known of it. Returns it (lent), or NULL when it is none. */
json_t *lec_picture_run(struct picture *p, const json_t *run);
/* A run in doubt whose end nobody can tell any more: it was interrupted. */
void lec_picture_run_lost(struct seen_run *run);
const struct seen_device *lec_picture_device(const struct picture *p, const char *name);

/* kept.c: alarms, recordings, the timetable */
void lec_kept_clear(struct picture *p);
/* Whether these members of a snapshot are what the protocol says, and no more than a view can hold: 0, LEC_E_FRAME, LEC_E_NOMEM. */
int lec_kept_check(const json_t *snapshot);
/* Takes them over. Recordings that were under way and are not any more are marked in doubt, when recordings are followed. */
void lec_kept_snapshot(struct picture *p, const json_t *snapshot, bool recordings);
/* An alarm as it is now. Returns 0, LEC_E_FRAME (it is none), LEC_E_NOMEM (also: LEC_VIEW_ALARMS stand). */
int lec_kept_alarm(struct picture *p, json_t *alarm);
void lec_kept_timetable(struct picture *p, json_t *timetable);
bool lec_recording_ended(const json_t *recording);
/* A recording as it is now, from an event or an answer. Returns it as it is kept (lent), or NULL when it is none. */
json_t *lec_kept_recording(struct picture *p, const json_t *recording);

#endif
