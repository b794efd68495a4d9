/* What a room is, as plain data: the room, its lines, devices, points, actions and scenes, as read from the room
 * file, the device profiles and the classes. config/ builds it, the daemon and the simulator walk it, drivers read
 * their part of it, and nobody changes it.
 *
 * Ownership: everything hangs on one struct lec_room and lives until the last lec_room_unref (config/config.h);
 * every pointer below is lent from there. Strings are UTF-8. Pointers are never NULL unless said.
 * Threads: immutable, so any thread may read. */
#ifndef LECTERN_MODEL_H
#define LECTERN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/calibration.h"
#include "lectern/clock.h"
#include "lectern/formula.h"
#include "lectern/report.h"
#include "lectern/value.h"

/* Longest name of a site, room, device, point, action, scene, step or option, in bytes. inih cuts what is longer
 * than 49, so config refuses it. */
#define LEC_NAME_MAX 47

/* ---- Keys: name = value, as somebody wrote it --------------------------------------------------------------- */

struct lec_key {
    const char *name;
    const char *value;
    const char *file; /* where it was written; the profile's name for a default */
    int line;         /* 0: a default */
};

struct lec_keys {
    const struct lec_key *at;
    size_t n;
};

/* The last key of that name, or NULL. */
const struct lec_key *lec_key_find(const struct lec_keys *keys, const char *name);
/* Its value, or `fallback` (may be NULL). */
const char *lec_key_text(const struct lec_keys *keys, const char *name, const char *fallback);
/* Typed forms for keys that a struct lec_option declares: config has checked them, so they cannot fail; an absent
 * key gives `fallback`. */
int64_t lec_key_int(const struct lec_keys *keys, const char *name, int64_t fallback);
double lec_key_float(const struct lec_keys *keys, const char *name, double fallback);
bool lec_key_bool(const struct lec_keys *keys, const char *name, bool fallback);
int64_t lec_key_duration(const struct lec_keys *keys, const char *name, int64_t fallback_ns);

/* ---- Options: which keys may be written, as data ------------------------------------------------------------ */

enum lec_option_type {
    LEC_OPT_TEXT,
    LEC_OPT_BOOL,
    LEC_OPT_INT,
    LEC_OPT_FLOAT,
    LEC_OPT_DURATION,
    LEC_OPT_CHOICE,
    LEC_OPT_BYTES,  /* text with the escapes of lec_unescape */
    LEC_OPT_SECRET, /* text that comes from the secrets file only, never from a room file or profile */
};

/* One key that a file may have. The same row checks it, gives its default, and writes its line of the manual. */
struct lec_option {
    const char *name; /* a trailing '*' stands for any ending: "map *" */
    enum lec_option_type type;
    double min, max;     /* INT, FLOAT; DURATION in seconds; both 0: no limit */
    const char *choices; /* CHOICE: "a|b|c" */
    const char *initial; /* default as it would be written; NULL: none */
    bool required;
    const char *help; /* one line */
};

/* A kind of section that a profile may have for its driver besides [point], [action]: "[reply NAME]". */
struct lec_section_kind {
    const char *kind;                 /* first word of the heading */
    const struct lec_option *options; /* ends with a row whose name is NULL */
    const char *help;
};

struct lec_device;

/* What a driver says of itself to whoever reads files: enough to check a profile without a device. */
struct lec_schema {
    const char *name;                             /* the driver's name */
    const char *summary;                          /* one line */
    const char *lines;                            /* line kinds it speaks over: "tcp|serial|pty" */
    bool shares_line;                             /* several devices may use one line (they are addressed) */
    const struct lec_option *device_options;      /* [driver] in a profile, and [device] of a room; may be NULL */
    const struct lec_option *point_options;       /* [point x], besides the framework's; may be NULL */
    const struct lec_option *action_options;      /* [action x]; may be NULL */
    const struct lec_section_kind *section_kinds; /* ends with a row whose kind is NULL; may be NULL */
    size_t state_size;                            /* bytes that prepare fills, zeroed before; may be 0 */
    /* Compiles the profile's text for the driver into `state`, without touching a device; called by the checker
     * and once in the life of a device, never again on a reconnect. Adds every mistake to `report` with the
     * file and line of the key at fault. May be NULL. Any thread. Returns 0, LEC_E_CONFIG or LEC_E_NOMEM;
     * release is called in every case. */
    int (*prepare)(const struct lec_device *desc, void *state, struct lec_report *report);
    /* Frees what prepare made; accepts what a failed prepare left. May be NULL. */
    void (*release)(void *state);
};

/* ---- Lines -------------------------------------------------------------------------------------------------- */

enum lec_line_kind {
    LEC_LINE_NONE, /* a device without a line (a driver that finds its device itself) */
    LEC_LINE_TCP,
    LEC_LINE_UDP,
    LEC_LINE_SERIAL, /* a tty that libserialport can open */
    LEC_LINE_PTY,    /* a pseudo-terminal, for simulators and bridges */
    LEC_LINE_USB,
    LEC_LINE_HTTP,
};

/* One physical or network connection. Two devices whose URIs agree in everything but the address of the device
 * share one. URI forms: tcp://HOST:PORT, udp://HOST:PORT, serial:///dev/NAME?baud=9600&bits=8&parity=none&stop=1,
 * pty:///PATH, usb://VVVV:PPPP[/SERIAL], http://HOST[:PORT]/..., and modbus+tcp://, modbus+rtu:// (serial or
 * pty by path: modbus+rtu:///dev/ttyUSB0, modbus+rtu+pty:///PATH). */
struct lec_line {
    const char *name; /* canonical URI without device address: the line's identity in logs and on the bus */
    enum lec_line_kind kind;
    const char *host; /* TCP, UDP, HTTP: name or address; "" otherwise */
    uint16_t port;
    const char *path; /* SERIAL, PTY, HTTP; USB: "vvvv:pppp/serial"; "" otherwise */
    uint32_t baud;    /* SERIAL, PTY; 0 otherwise */
    uint8_t bits;     /* 5..8 */
    char parity;      /* 'N', 'E', 'O' */
    uint8_t stop;     /* 1, 2 */
    bool rtscts, xonxoff;
    bool simulated;                          /* the line leads to lectern-sim: every value from it bears that mark */
    size_t index;                            /* in room->lines */
    const struct lec_device *const *devices; /* in the order of the room file */
    size_t n_devices;
};

/* ---- Devices ------------------------------------------------------------------------------------------------ */

struct lec_point;

/* "when = power on warming": the point can be asked and written only while another point of the same device has
 * one of these values. point == NULL: always. */
struct lec_when {
    const struct lec_point *point;
    const char *const *values;
    size_t n_values;
};

struct lec_point {
    const char *name; /* "lamp.hours", without the device */
    size_t index;     /* in device->points */
    const struct lec_device *device;
    const char *label, *label_en; /* "" if none */
    enum lec_type type;
    enum lec_access access;
    const char *unit;           /* UCUM; "" if none */
    bool has_range;             /* INT, FLOAT: what may be written */
    double min, max, step;      /* step 0: any */
    const char *const *choices; /* ENUM: what may be read */
    size_t n_choices;
    const char *const *settable; /* ENUM: what may be written, a subset of choices; for bool and others n = 0 */
    size_t n_settable;
    double tolerance; /* how far actual may be from wanted and still confirm a write */

    int64_t period_ns;        /* how often it is read; 0: once after each open; LEC_NEVER: only when asked */
    struct lec_when when;     /* only while */
    int64_t timeout_ns;       /* one exchange about this point; 0: the device's */
    int64_t settle_ns;        /* after a write is acknowledged, before the first read that may confirm it */
    int64_t confirm_every_ns; /* between such reads */
    int64_t usual_ns;         /* how long a write usually takes to come true, until it has been learnt; 0: unknown */
    int64_t limit_ns;         /* after which it is given up, unless the asker says otherwise */
    int64_t lockout_ns;       /* after a write, the device is not spoken to at all for so long */
    bool confirm;             /* false: cannot be read back, "accepted" is the best that can be said */
    bool undo;                /* false: never put back by undo */
    const char *severity;     /* an error point: "warning" or "error" when its value is a fault; "" otherwise */

    /* Recording (docs/experiments.md). A streaming point is delivered by the device itself, in blocks. */
    bool stream;
    int64_t fastest_ns; /* least time between samples that the device can do; 0: not known, any is tried */
    int64_t slowest_ns; /* streaming: most time between samples that can be set; 0: as fastest_ns */
    const struct lec_calibration *calibration; /* of the profile, or of the room file, which goes before a sensor's
                                                  memory; a person's goes before both. NULL: none */

    struct lec_keys keys; /* what the driver reads of this point */
    const char *file;     /* where the profile (or class) describes it */
    int line;
};

struct lec_arg {
    const char *name;
    enum lec_type type;
    bool has_range;
    double min, max;
    const char *const *choices; /* ENUM */
    size_t n_choices;
};

struct lec_action {
    const char *name; /* "preset.recall" */
    size_t index;     /* in device->actions */
    const struct lec_device *device;
    const char *label, *label_en;
    const struct lec_arg *args;
    size_t n_args;
    bool urgent; /* an emergency stop: goes ahead of everything queued */
    struct lec_when when;
    int64_t timeout_ns;
    int64_t lockout_ns;
    struct lec_keys keys;
    const char *file;
    int line;
};

/* A section of the profile that is for the driver: [reply busy] gives kind "reply", name "busy". */
struct lec_section {
    const char *kind, *name;
    struct lec_keys keys;
    const char *file;
    int line;
};

struct lec_device {
    const char *name;
    size_t index; /* in room->devices */
    const struct lec_room *room;
    const char *label, *label_en;
    const char *class_name;     /* "projector" */
    const char *profile;        /* "epson/eb-l200f" */
    const char *vendor, *model; /* from the profile, for people */
    const char *driver;
    const struct lec_line *line; /* NULL: LEC_LINE_NONE */
    struct lec_keys keys;        /* driver options: profile [driver], overridden by the room's [device] and by the
                                    query of its line URI; secrets included */
    const struct lec_section *sections;
    size_t n_sections;
    const struct lec_point *points;
    size_t n_points;
    const struct lec_action *actions;
    size_t n_actions;

    int64_t timeout_ns;     /* one exchange */
    int64_t gap_ns;         /* least time between the end of one exchange and the start of the next */
    unsigned retries;       /* of a read that timed out or came garbled, before the points go stale */
    int64_t idle_ns;        /* a connection without traffic for so long is closed by us; 0: kept open */
    int64_t away_period_ns; /* the cap of the growing pause between attempts to reach a device that is away */

    const char *file; /* the room file */
    int line_no;
};

/* The device's point or action of that name, or NULL. */
const struct lec_point *lec_device_point(const struct lec_device *dev, const char *name);
const struct lec_action *lec_device_action(const struct lec_device *dev, const char *name);

/* ---- Scenes ------------------------------------------------------------------------------------------------- */

struct lec_step {
    const char *name;
    size_t index; /* in scene->steps */
    const struct lec_device *device;
    const struct lec_point *point;   /* set this point... */
    struct lec_value value;          /* ...to this value; or, with point NULL... */
    const struct lec_action *action; /* ...invoke this action... */
    const struct lec_value *args;    /* ...with action->n_args arguments */
    const size_t *after;             /* indices of steps that must have succeeded before */
    size_t n_after;
    int64_t delay_ns;   /* pause between the last of those and this one */
    int64_t timeout_ns; /* of one attempt, from its start to its verdict; 0: the point's limit */
    unsigned retry;     /* further attempts */
    bool optional;
    int line;
};

struct lec_scene {
    const char *name;
    size_t index; /* in room->scenes */
    const char *label, *label_en;
    int64_t deadline_ns;          /* for the whole scene */
    const struct lec_step *steps; /* in the order written; `after` never forms a circle */
    size_t n_steps;
    const char *file;
    int line;
};

/* ---- Experiments -------------------------------------------------------------------------------------------- */

#define LEC_CHANNELS_MAX   32                         /* of one experiment */
#define LEC_RUN_LONGEST_NS (31 * 24 * 3600 * LEC_SEC) /* a run without an end is ended then */

enum lec_condition_kind {
    LEC_COND_NONE,
    LEC_COND_RISES, /* the channel passes the level upwards: was below, is at or above */
    LEC_COND_FALLS,
    LEC_COND_ABOVE, /* the channel is above the level, also if it was from the beginning */
    LEC_COND_BELOW,
    LEC_COND_AFTER, /* so long after the run was armed (start) or began (stop) */
    LEC_COND_AT,    /* a time of the day, the next one that comes */
    LEC_COND_POINT, /* a point of a device takes this value */
    LEC_COND_EVENT, /* a device tells this event */
};

/* "water falls below 60, for 200ms": when a run begins or ends, or when one sample is taken. */
struct lec_condition {
    enum lec_condition_kind kind;
    size_t channel; /* RISES..BELOW: in experiment->channels */
    double level;
    double hysteresis; /* RISES, FALLS: how far beyond the level the channel must have been before; 0: any */
    int64_t hold_ns;   /* debounce: it must hold so long without a break */
    int64_t time_ns;   /* AFTER; AT: since midnight, local time */
    const struct lec_device *device;
    const struct lec_point *point; /* POINT */
    struct lec_value value;
    const char *event; /* EVENT */
    const char *text;  /* as it was written */
};

enum lec_channel_kind {
    LEC_CHANNEL_POINT,   /* the samples of a point */
    LEC_CHANNEL_DERIVED, /* a formula over channels before it */
    LEC_CHANNEL_MANUAL,  /* typed in by a person at each sample */
    LEC_CHANNEL_COUNT,   /* how often an event came since the start: "count drop-counter.drop" */
};

/* "point", "derived", "manual", "count"; "" for what is none (a run file may say anything). */
const char *lec_channel_kind_name(enum lec_channel_kind kind);

struct lec_channel {
    const char *name; /* [a-z][a-z0-9_]* */
    size_t index;     /* in experiment->channels */
    const char *label, *label_en;
    enum lec_channel_kind kind;
    const struct lec_device *device;    /* POINT, COUNT */
    const struct lec_point *point;      /* POINT */
    const char *event;                  /* COUNT */
    const char *formula;                /* DERIVED, as written */
    const struct lec_formula *compiled; /* over the names of the channels before this one, by their index */
    double rate_hz;   /* POINT: samples a second; 0: as the device delivers them. DERIVED: of the channel it follows */
    const char *unit; /* UCUM; "": the point's */
    int decimals;     /* to be shown; -1: not said */
    int line;
};

/* What is asked of the person who starts a run. */
struct lec_field {
    const char *name; /* "class", "group", "operator", "note" */
    const char *label, *label_en;
    bool required;
    const char *const *choices;
    size_t n_choices; /* 0: free text */
};

struct lec_experiment {
    const char *name;
    size_t index; /* in room->experiments */
    const char *label, *label_en;
    const struct lec_channel *channels;
    size_t n_channels;
    const struct lec_field *fields;
    size_t n_fields;
    int64_t duration_ns;              /* 0: until stopped, at most LEC_RUN_LONGEST_NS */
    struct lec_condition start, stop; /* kind NONE: at once; only the duration or a person */
    int64_t pre_ns;                   /* with a start condition: kept from before it */
    struct lec_condition
        sample;       /* kind EVENT or POINT: one sample of every channel each time it comes; MANUAL channels: when a
                                    person says so (experiment.sample). NONE: sampling in time */
    bool on_event;    /* sampling on event: by `sample`, or by hand */
    unsigned repeat;  /* runs in a row, each with its own start condition; 1 */
    int64_t pause_ns; /* between them */
    bool made;        /* over the bus (experiment.create), not in the room file */
    struct lec_keys keys; /* its section as written, in that order */
    const char *file;
    int line;
};

/* ---- Alarms, timetable, access --------------------------------------------------------------------------------- */

/* A device that is away for so long is an alarm, unless its section says otherwise. */
#define LEC_ALARM_AWAY_NS (60 * LEC_SEC)

enum lec_severity { LEC_INFO, LEC_WARNING, LEC_ERROR, LEC_CRITICAL };

/* An [alarm NAME] section: a condition on one point. Alarms of devices that are away and of error points need no section; one whose
 * name is theirs ("projector.away", "projector.error.lamp", "room.disk") changes their severity, delay and words: all of it is
 * filled in, what is not written with what they have. */
struct lec_alarm {
    const char *name;
    size_t index; /* in room->alarms */
    const char *label, *label_en;
    const char *remedy, *remedy_en; /* "" if none */
    enum lec_severity severity;
    const struct lec_device *device; /* NULL: room.disk, room.journal, help */
    const struct lec_point *point;   /* NULL: the device is away */
    bool has_above,
        has_below; /* numbers: raised at or beyond the limit for delay_ns, cleared when it is back by hysteresis */
    double above, below, hysteresis;
    bool has_value; /* bool, enum, text: raised while the point has this value */
    struct lec_value value;
    int64_t delay_ns;
    bool off; /* the alarm of this name is not wanted */
    const char *file;
    int line;
};

struct lec_timetable {
    const char *file;                    /* iCalendar, its whole path */
    const char *holidays;                /* likewise; NULL: none */
    const struct lec_scene *start, *end; /* of a period that does not name its own; NULL: none */
    int64_t catch_up_ns;                 /* a start that was missed is still done so long after */
    int64_t break_ns;                    /* nothing is switched off between two periods that are at most so far apart */
    int64_t
        hands_off_ns; /* a point changed at the device or by a person is left alone by the timetable for so long; 0: not */
    bool has_closing;
    int64_t closing_ns; /* since midnight, local time */
    const struct lec_scene *closing;
    int64_t warn_ns, extend_ns; /* before closing; by one tap */
    int line;
};

enum lec_role {
    LEC_ROLE_NONE,
    LEC_ROLE_VIEWER,
    LEC_ROLE_TEACHER,
    LEC_ROLE_LAB,
    LEC_ROLE_FACILITIES,
    LEC_ROLE_ADMIN,
    LEC_ROLE_GATEWAY
};

/* Of [access]: "user lan = teacher", "group assistants = lab". The first that fits a principal counts. */
struct lec_role_rule {
    bool group;
    const char *name;
    enum lec_role role;
};

struct lec_roles {
    const struct lec_role_rule *rules;
    size_t n_rules;
    enum lec_role others; /* admin unless said: the socket's permissions have decided who may connect */
    const char *gateway;  /* the gateway's user; "lectern-web" unless said */
};

struct lec_room {
    const char *id, *site;                  /* topics are <site>/<room>/... */
    const char *site_label, *site_label_en; /* "" if none */
    const char *label, *label_en;
    const char *file;
    const struct lec_device *devices;
    size_t n_devices;
    const struct lec_line *lines;
    size_t n_lines;
    const struct lec_scene *scenes;
    size_t n_scenes;
    const struct lec_experiment *experiments;
    size_t n_experiments;
    int64_t journal_keep_ns; /* how long journal entries are kept */
    int64_t runs_budget;     /* bytes that recorded runs may take on the disk */
    const struct lec_alarm *alarms;
    size_t n_alarms;
    const struct lec_timetable *timetable; /* NULL: none */
    struct lec_roles roles;
};

const struct lec_device *lec_room_device(const struct lec_room *room, const char *name);
const struct lec_scene *lec_room_scene(const struct lec_room *room, const char *name);
const struct lec_experiment *lec_room_experiment(const struct lec_room *room, const char *name);

/* Whether the gate is open while its point has this value. */
bool lec_when_open(const struct lec_when *when, const struct lec_value *v);
/* Checks a value against what may be written to the point: access, type, range, step, settable choices.
 * Returns 0, LEC_E_NOTSUP (read only) or LEC_E_RANGE; the sentence names what is allowed. */
int lec_point_check(const struct lec_point *point, const struct lec_value *v, struct lec_err *err);
/* The same for an action's argument. */
int lec_arg_check(const struct lec_arg *arg, const struct lec_value *v, struct lec_err *err);

#endif
