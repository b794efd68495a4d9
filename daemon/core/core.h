/* The core: one thread that owns the room's state. Everything in daemon/core shares this struct and this thread.
 *
 *   events.c  sequence numbers and the XPUB socket        front.c    the ROUTER socket, JSON-RPC, the one dispatch point
 *   state.c   the table of devices and points             methods.c  the table of methods; methods_*.c what they do
 *   lines.c   starting lines, what they tell              pending.c  operations that somebody waits for
 *   retry.c   answers that may be asked for again         scenes.c   the scene engine's host
 *   reload.c  a new configuration                         remedy.c   what a person can do
 *   parked.c  answers that wait for the disk              record.h   recording: experiments and runs
 *   search.c  searching the network                       core.c     start, loop, stop
 *   timetable.h  lessons that start by themselves         child.h    programs of ours that do one job
 *   alarms.c  the alarm engine's host
 *   changed.c who changed a value                         roles.c    what each role may do
 *
 * Threads: the core's own, except where a function says otherwise. */
#ifndef LECTERN_CORE_H
#define LECTERN_CORE_H

#include <czmq.h>
#include <jansson.h>

#include "alarm/alarm.h"
#include "config/config.h"
#include "core/access.h"
#include "lectern/buf.h"
#include "lectern/clock.h"
#include "lectern/member.h"
#include "line/actor.h"
#include "line/notice.h"
#include "loader/loader.h"
#include "mailbox/waiter.h"
#include "scene/scene.h"
#include "store/store.h"

#define REQUEST_MAX        65536              /* bytes of a request that is answered */
#define MESSAGE_MAX        (1024 * 1024)      /* bytes of a message that ends the connection */
#define JSON_DEPTH_MAX     16                 /* nesting of a request */
#define PENDING_MAX        4096               /* operations under way in the room */
#define PENDING_PER_CALLER 256                /* of one connection */
#define EVENT_MAX          (256u * 1024)      /* bytes of one event */
#define REPLY_MAX          (4u * 1024 * 1024) /* bytes of one answer */
#define SUBSCRIBER_HWM     1000               /* messages that wait for a slow subscriber */
#define COMMAND_HWM        1000               /* answers that wait for a slow caller */
#define LINE_SOON_NS       120000             /* so long the core stays awake for what a line was asked for somebody */
#define BATCH_MAX          64                 /* messages taken from one socket before the others get their turn */
#define BAD_AFTER_NS       (30 * LEC_SEC)     /* a device away for so long: its points turn from stale to bad */
#define EVENTS_PER_S       20                 /* events of one device that are journalled and told in a second */
#define PARKED_MAX         16                 /* answers that wait for the disk */
#define SEARCHES_MAX       4                  /* searches under way */
#define IDENTITY_MAX       255                /* of a ROUTER's peer, by ZMTP */

struct core;
struct pending;

/* ---- Events ------------------------------------------------------------------------------------------------- */

enum event_kind {
    EVENT_STATE,
    EVENT_SAMPLE,
    EVENT_SCENE,
    EVENT_RUN,
    EVENT_EVENT,
    EVENT_JOURNAL,
    EVENT_TRACE,
    EVENT_ALARM,
    EVENT_TIMETABLE,
    EVENT_HEARTBEAT,
    EVENT_KINDS
};

struct topic {
    char *text; /* "<site>/<room>/<kind>/<name>" */
    size_t len;
    enum event_kind kind;
    uint64_t prev; /* seq of the last event on it */
};

struct events {
    void *socket; /* XPUB */
    uint64_t seq;
    uint64_t last[EVENT_KINDS];
    zhashx_t *topics[EVENT_KINDS]; /* of each kind, by name */
    char prefix[2 * (LEC_NAME_MAX + 1) + 1];
    size_t subscriptions; /* topics somebody listens to; 0: nothing is written */
    size_t samples;       /* of them, those that samples can come to: nothing is calibrated for nobody */
    int64_t greet_at;     /* a heartbeat is owed to a new subscriber */
    bool left;            /* the socket was not emptied, or something was sent on it, since it was last asked */
    uint64_t sent;
    struct lec_buf buf;
};

int events_open(struct core *core, const char *endpoint, struct lec_err *err);
void events_close(struct core *core);
struct topic *events_topic(struct core *core, enum event_kind kind, const char *name);
/* Nothing more comes on it: a topic of each run ever recorded would be kept else. */
void events_forget(struct core *core, enum event_kind kind, const char *name);
/* Begins an event: {"seq":,"prev":,"before":,"time":  into core->events.buf, to which the caller adds members. Returns NULL when
 * nobody listens: the number is used up all the same, and events_end must not be called. */
struct lec_buf *events_begin(struct core *core, struct topic *topic);
/* Closes the object and sends it, with a raw frame when n > 0. */
void events_end(struct core *core, struct topic *topic, const void *raw, size_t n);
void events_heartbeat(struct core *core);
/* What subscribers ask: reads the XPUB socket. */
void events_subscriptions(struct core *core);

/* ---- State -------------------------------------------------------------------------------------------------- */

struct point_state {
    struct lec_value value; /* the last one known */
    enum lec_quality quality;
    int64_t time_us, time_ns; /* 0: never */
    char reason[96];
    bool has_wanted;
    uint64_t wanted_op;
    struct lec_value wanted;
    struct lec_value journalled;               /* the value the journal last told */
    const struct lec_calibration *calibration; /* in force; NULL: values are as they come */
    double raw;                                /* of a number that is calibrated: as it came */
    bool has_raw;
    struct follow *follow;   /* recordings that follow it; NULL: none */
    struct changed *changed; /* who changed it; NULL: nobody has yet */
    /* STREAM: the newest sample, until its turn comes to be the value, and when the last one's was */
    double newest;
    bool newest_waits, newest_bad;
    bool alarmed; /* an alarm looks at it */
    int64_t newest_ns, shown_ns;
};

enum device_status { DEVICE_STARTING, DEVICE_ONLINE, DEVICE_AWAY };

struct device_state {
    const struct lec_device *desc;
    struct line_state *line;
    uint32_t on_line; /* index on the line */
    enum device_status status;
    int code; /* why away */
    char reason[LEC_ERR_TEXT];
    int64_t away_since;
    bool bad_told;
    int64_t events_since; /* the second whose events are counted */
    unsigned events_n;
    struct topic *topic, *event_topic;
    unsigned commands;     /* ours that are under way */
    int64_t command_until; /* what they stirred up has come to rest */
    char commander[64];    /* whose the last one was */
    struct point_state *points;
};

struct line_state {
    const struct lec_line *desc; /* NULL: a device without a line */
    const struct lec_room *room; /* the room whose data the thread uses: a reference of its own */
    struct lec_line_actor *actor;
    const struct lec_device **devices;
    const struct lec_driver **drivers;
    size_t n_devices;
    struct lec_counters counters;
    bool ending; /* asked to end: it takes no more requests */
    int64_t trace_until;
    uint32_t number;
};

int state_open(struct core *core);
void state_close(struct core *core);
struct device_state *state_device(struct core *core, const char *name);
/* Finds "device.point"; NULL with an error that names the nearest. */
struct device_state *state_target(struct core *core, const char *target, const struct lec_point **point,
                                  const struct lec_action **action, struct lec_err *err, char nearest[64]);
void state_values(struct core *core, struct device_state *d, const char *at, const char *end, unsigned n);
/* The device is new, or no longer part of the room: whoever follows it is told. */
void state_reset_told(struct core *core, struct device_state *d, bool gone);
void state_status(struct core *core, struct device_state *d, const struct lec_status *status);
/* The newest sample of a streaming point becomes its value. */
void state_newest(struct core *core, struct device_state *d, uint32_t point);
/* Another calibration is in force. */
void state_recalibrate(struct core *core, struct device_state *d, uint32_t point);
void state_wanted(struct core *core, const struct lec_point *point, const struct lec_value *value, uint64_t op);
void state_unwanted(struct core *core, const struct lec_point *point, uint64_t op);
/* Each second: what is old turns stale, what is away for long turns bad. */
void state_age(struct core *core);
/* "device.name" of a point or action, as a JSON string: names need no escaping. */
void state_write_target(struct lec_buf *b, const struct lec_device *desc, const char *name);
/* A value as docs/protocol.md section 3 says; `answer`: with age_ms and unit. */
void state_write_value(struct lec_buf *b, const struct device_state *d, size_t point, bool answer, int64_t now);
void state_write_snapshot(struct core *core, struct lec_buf *b);
const char *state_status_name(enum device_status s);

/* changed.c: who changed a settable point lately. "device": it changed without a command of ours that could have done it. */
struct changed_by {
    const char *who; /* a principal, "scene:<scene>", "timetable" or "device". Lent until the point changes */
    int64_t time_us, time_ns;
};
/* False: nobody in the last 10 minutes, or not known. */
bool state_changed_by(const struct device_state *d, size_t point, struct changed_by *out);
/* A command goes to the line; `value` of a write. It ends with pending_free. */
void changed_begin(struct pending *p, const struct lec_value *value);
void changed_end(struct pending *p);
/* The device told another value than `was`. */
void changed_value(struct device_state *d, uint32_t point, const struct lec_value *was);
/* "by" and "by_time" of a value. */
void changed_write(struct lec_buf *b, const struct device_state *d, size_t point);
void changed_forget(struct device_state *d);

/* ---- Lines -------------------------------------------------------------------------------------------------- */

int lines_open(struct core *core, struct lec_err *err);
/* Starts the line of these devices; its number stays its own. Used at start and by reload. */
struct line_state *lines_start(struct core *core, const struct lec_line *desc, const struct lec_device *const *devices,
                               size_t n, struct lec_err *err);
void lines_end(struct core *core, struct line_state *line);
void lines_inbox(struct core *core);
/* Starts the next line that has not been started; false when there is none. One at a time, so that the bus answers
 * while a room of many lines starts. */
bool lines_start_next(struct core *core);
int lines_ask(struct core *core, struct device_state *d, struct lec_request *request);
struct line_state *lines_find(struct core *core, const char *name);
bool lines_all_ended(const struct core *core);
void lines_close(struct core *core);

/* ---- Requests ----------------------------------------------------------------------------------------------- */

struct caller {
    uint8_t identity[IDENTITY_MAX];
    uint8_t identity_n;
    bool delimiter; /* an empty frame came before the request */
};

struct id { /* of a request, as it came */
    bool is_text;
    json_int_t number;
    char text[65];
};

struct method;

struct request {
    const struct caller *caller;
    struct id id;
    const struct method *method;
    json_t *params; /* object; borrowed */
    const char *principal;
    enum lec_role role;
    bool gateway;            /* the user at the other end may speak for people... */
    bool as;                 /* ...and does, for this principal */
    struct remembered *slot; /* where the answer is kept for a retry; NULL for methods that change nothing */
};

struct method {
    const char *name;
    bool changes; /* ✎: may be retried safely, is journalled */
    void (*run)(struct core *core, struct request *r);
};
extern const struct method core_methods[];
const struct method *method_find(const char *name);

int front_open(struct core *core, const char *endpoint, struct lec_err *err);
void front_close(struct core *core);
void front_commands(struct core *core);
/* The answer being written: everything between {"jsonrpc":"2.0","id":7,"result": and } */
struct lec_buf *reply_begin(struct core *core, const struct request *r);
void reply_send(struct core *core, const struct request *r);
/* What an error answer says besides code and message. NULL or "" members are left out. */
struct trouble {
    int code;
    const char *message; /* NULL: reason */
    const char *reason, *verdict, *param, *nearest;
    const struct lec_device *device;
    const struct lec_point *point;
    const struct lec_report *mistakes;
    const char *remedy_vi, *remedy_en; /* instead of what remedy_for says */
};
void reply_error(struct core *core, const struct request *r, const struct trouble *t);
/* -32602 about one parameter. */
void reply_param(struct core *core, const struct request *r, const char *param, const char *expected);
/* Refuses parameters that are not named in `known` (a|b|c); returns false after answering. */
bool params_known(struct core *core, const struct request *r, const char *known);
/* A text parameter, or NULL after answering when it is required and missing or is no text. */
const char *param_text(struct core *core, const struct request *r, const char *name, bool required, bool *ok);
/* Milliseconds as nanoseconds; `fallback` if left out; answers and returns false if it is no number in 1 ms..1 h. */
bool param_timeout(struct core *core, const struct request *r, const char *name, int64_t fallback, int64_t *out);

/* ---- Operations that somebody waits for --------------------------------------------------------------------- */

enum pending_kind { PENDING_FREE, PENDING_SCENE, PENDING_WRITE, PENDING_INVOKE, PENDING_READ, PENDING_PLAN };

struct pending {
    enum pending_kind kind;
    struct pending *next_free;
    uint64_t op; /* its place in the low bits, and never used before */
    struct device_state *device;
    size_t item; /* point or action */
    int64_t begun;
    int64_t deadline; /* by when the caller is answered, whatever the line does; LEC_NEVER */
    bool until_accepted, answered;
    uint64_t token; /* PLAN: the engine's */
    struct caller caller;
    struct id id;
    const struct method *method;
    struct remembered *slot;
    uint64_t slot_serial;
    bool commands; /* changed_begin was called */
    bool as;       /* the gateway asked for the principal */
    char principal[64];
};

/* A free place with a new operation number, or NULL when PENDING_MAX are under way. */
struct pending *pending_new(struct core *core, enum pending_kind kind, struct device_state *d, size_t item);
struct pending *pending_find(struct core *core, uint64_t op);
void pending_free(struct core *core, struct pending *p);
/* For a request: also remembers whom to answer. Answers with -32007 and returns NULL at a limit. */
struct pending *pending_for(struct core *core, const struct request *r, enum pending_kind kind, struct device_state *d,
                            size_t item);
void pending_request(struct pending *p, struct request *out); /* as it was, without params */
void pending_sent(struct core *core, uint64_t op);
void pending_accepted(struct core *core, uint64_t op);
void pending_done(struct core *core, uint64_t op, const struct lec_op_result *result);
void pending_read_done(struct core *core, uint64_t op, const struct lec_fresh *fresh);
/* Answers whoever was promised an answer by now and has none: a driver may be busy in one exchange for longer. */
void pending_expire(struct core *core, int64_t now);
/* When that has to be looked at. */
void pending_until(struct core *core, struct pending *p, int64_t deadline);
/* Ends every operation on a device that is going away with the configuration. */
void pending_drop_device(struct core *core, const struct device_state *d);

/* ---- Retry -------------------------------------------------------------------------------------------------- */

struct remembered;
struct retry;
struct retry *retry_new(void);
void retry_free(struct retry **retry);
/* The place of this id: *again true when it was seen before. NULL for lack of memory (then nothing is remembered). */
struct remembered *retry_find(struct retry *retry, const struct caller *caller, const struct id *id,
                              const char *principal, bool *again);
/* Whether that request was this principal's. */
bool retry_of(const struct remembered *slot, const char *principal);
/* The answer to it if there is one yet; NULL while it is under way. */
const char *retry_answer(const struct remembered *slot, size_t *n);
uint64_t retry_serial(const struct remembered *slot);
/* Whether the place still belongs to the request that took it. */
bool retry_valid(const struct remembered *slot, uint64_t serial);
void retry_keep(struct retry *retry, struct remembered *slot, const char *answer, size_t n);
/* Who asks now gets the answer of what is under way as well; of more than two connections, the first and the last. */
void retry_join(struct remembered *slot, const struct caller *caller);
void retry_caller(const struct remembered *slot, struct caller *out); /* who asked first */
const struct caller *retry_joined(const struct remembered *slot);     /* NULL: nobody else asked */

/* ---- Answers that wait for the disk -------------------------------------------------------------------------- */

struct parked;
/* Keeps the answer `json` to a request that began a run until the run is on the disk. False: answer at once. */
bool parked_add(struct core *core, const struct request *r, const char *json);
/* An entry about a scene is on the disk. */
void parked_stored(struct core *core, const char *entry);
/* Sends what has waited long enough; when the next has (LEC_NEVER: none waits). */
int64_t parked_late(struct core *core, int64_t now);
void parked_free(struct core *core);

/* ---- The rest ----------------------------------------------------------------------------------------------- */

struct limits { /* each limit that was reached, how often */
    uint64_t oversized, frames, pending, caller, line_ops, bad_json, device_events, refusals, logins, helps;
};

struct core_setup {
    const char *room_file, *secrets, *line_map, *state_dir, *run_dir, *profiles, *drivers_dir;
    const char *gateway; /* NULL: the room file says */
};

struct timetable;

/* What the core's waiter tells apart. */
enum core_item {
    CORE_COMMAND,
    CORE_INBOX,
    CORE_STORE,
    CORE_EVENTS,
    CORE_SIGNAL,
    CORE_RECORD,
    CORE_LAB,
    CORE_CALENDARS,
    CORE_SEARCHES,
};

struct core {
    struct core_setup setup;
    char captured_file[4096], made_file[4096], runs_file[4096];
    const struct lec_room *room;
    struct lec_drivers *drivers;
    char boot[17];
    int64_t started_ns, wall_offset_us;
    struct lec_waiter *waiter; /* for enum core_item */
    int signal_fd;
    int cancel_fd; /* an eventfd: readable when searches should end */
    struct search *searches[SEARCHES_MAX];
    size_t n_searches;
    int64_t tick_at; /* the next heartbeat */
    bool settled;    /* the first second is over */
    bool ending;
    int64_t end_by;
    int exit_code;

    struct events events;
    struct device_state *devices; /* in the order of room->devices */
    size_t n_devices;
    struct line_state **lines; /* NULL where one has ended; the index is the line's number */
    size_t n_lines;
    size_t lines_started;      /* devices whose line has been looked after */
    struct lec_mailbox *inbox; /* what the lines tell */
    struct lec_notice *notice;

    void *command;     /* ROUTER */
    bool command_left; /* it was not emptied, or something was sent on it, since it was last asked */
    struct lec_buf reply;
    struct retry *retry;
    struct pending *pending;      /* PENDING_MAX places */
    struct pending *free_pending; /* among those that were used */
    size_t pending_used;          /* behind them all are new */
    size_t n_pending;
    int64_t pending_at; /* the earliest deadline among them, or earlier */
    uint64_t pending_serial;
    struct limits limits;
    uint64_t n_requests, n_errors;

    struct lec_scenes *scenes;
    int64_t scenes_at; /* when lec_scenes_tick wants to be called */
    struct lec_alarms *alarms;
    int64_t alarms_at; /* when lec_alarms_tick wants to be called */
    struct lec_store *store;
    bool store_failing;
    char store_trouble[LEC_ERR_TEXT];
    uint64_t store_waiting, store_lost, journal_last;
    struct journal_waiter *journal_waiters;
    struct parked *parked;
    int64_t parked_at; /* when parked_late wants to be called */
    uint64_t next_token;

    struct record *record;
    int64_t record_at;          /* when starting_turn wants to be called */
    struct told **calibrations; /* that are not of the room */
    size_t n_calibrations;
    struct labs *labs;
    struct timetable *timetable; /* NULL: the room has none */
    int64_t exports_at;          /* when exported files are looked at */
};

/* core.c */
int core_open(struct core *core, const struct core_setup *setup, struct lec_err *err);
int core_run(struct core *core);
void core_close(struct core *core);
int core_load(struct core *core, const struct lec_room **room, struct lec_report *report);
void core_end(struct core *core);

/* journal.c */
void journal_add(struct core *core, const char *kind, const char *device, const char *name, const char *principal,
                 const char *data);
/* An answer to help.call's question; false: it is not its own. */
bool help_read(struct core *core, uint64_t token, const char *json);
int journal_open(struct core *core, struct lec_err *err);
void journal_read(struct core *core, struct request *r);
void journal_close(struct core *core);

/* scenes.c */
int scenes_open(struct core *core, struct lec_err *err);
void scenes_tick(struct core *core);

/* alarms.c */
int alarms_open(struct core *core, struct lec_err *err); /* after the store and the table of points */
void alarms_close(struct core *core);
void alarms_reload(struct core *core);
void alarms_tick(struct core *core, bool second); /* second: also looks at the disks */
void alarms_point_told(struct core *core, const struct device_state *d, size_t point);
/* The point's value or quality is another. Most points have no alarm: that costs one look. */
static inline void alarms_point(struct core *core, const struct device_state *d, size_t point)
{
    if (d->points[point].alarmed)
        alarms_point_told(core, d, point);
}
void alarms_device(struct core *core, const struct device_state *d);
/* Raises `help`; d may be NULL, text "". False: too many alarms stand. */
bool alarms_help(struct core *core, const struct device_state *d, const char *text, const char *principal);
void alarms_write_snapshot(struct core *core, struct lec_buf *b); /* "alarms":[...] */
void alarms_health(struct core *core, struct lec_buf *b);
uint64_t alarms_over(const struct core *core);

/* timetable.c, calendars.c */
#define CALENDARS                                                                                                      \
    3 /* times that lectern-calendar runs at once: for the timetable itself, for those who ask for other days */
int timetable_open(struct core *core, struct lec_err *err); /* after the scenes and the store */
void timetable_close(struct core *core);
void timetable_reload(struct core *core);
void timetable_tick(struct core *core, int64_t now); /* each second */
void timetable_write_snapshot(struct core *core, struct lec_buf *b);
/* As hands_off of struct lec_scenes_host. */
bool timetable_hands_off(struct core *core, const char *run, const struct lec_point *point,
                         const struct lec_value *wanted, const char *by, char reason[LEC_ERR_TEXT]);
void calendars_readable(struct core *core);

/* search.c */
void *search_socket(struct core *core, size_t at);
void search_over(struct core *core, size_t at);

/* reload.c */
void room_reload(struct core *core, struct request *r); /* r NULL: by signal */
/* Whether the wall clock was set since it was last looked at: told to the journal and the recorder. */
void core_clock(struct core *core);

/* remedy.c: what a person can do about it, in both languages. Returns false when there is nothing to say. */
bool remedy_for(const struct lec_device *device, int code, const char **vi, const char **en);
/* The same when a point tells of a fault. */
bool remedy_for_point(const struct lec_point *point, const char **vi, const char **en);

/* describe.c */
/* "label":{"vi":,"en":}: what is missing in one language is taken from the other, then from the name. */
void describe_label(struct lec_buf *b, const char *vi, const char *en, const char *name);
/* The member "remedy" of what a person can do about this failure, if there is something. */
void describe_remedy(struct lec_buf *b, const struct lec_device *desc, int code);
void describe_device(struct core *core, const struct device_state *d, struct lec_buf *b, bool full);
void describe_thing(struct core *core, const struct device_state *d, struct lec_buf *b);

#endif
