/* The simulator's parts and how they hang together.
 *
 *   sim ── line (a TCP port or pseudo-terminal) ── conn (a controller's connection)
 *            └── box (what answers to one address on that line)
 *                  └── device (one device of the room file) ── model (its state and behaviour)
 *
 * A *face* speaks a protocol: it takes whole commands from a connection, finds the box, and answers. A *model* knows how
 * the thing behaves and nothing of protocols. Two devices of the room file may be one box: a relay board whose relays
 * move the screen and switch the lights.
 *
 * A face reads a device through sim_view and changes it through sim_set, never otherwise: there the faults that lie
 * have their place. All that goes out passes through sim_answer: there the faults of the wire have theirs.
 *
 * Threads: one. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "lectern/buf.h"
#include "lectern/clock.h"
#include "lectern/model.h"
#include "loop.h"
#include "random.h"

struct sim;
struct sim_line;
struct sim_conn;
struct sim_box;
struct sim_device;

/* ---- Models --------------------------------------------------------------------------------------------------- */

/* One quantity of a model's state. Storage by type: LEC_BOOL bool, LEC_INT and LEC_ENUM (index of the choice) int,
 * LEC_FLOAT double, LEC_TEXT char[SIM_TEXT]. */
#define SIM_TEXT 64
struct sim_field {
    const char *name; /* as the class names the point where there is one */
    enum lec_type type;
    size_t offset;
    double min, max;            /* INT, FLOAT: what it may be set to; both 0: anything */
    const char *const *choices; /* ENUM: ends with NULL */
};

struct sim_model {
    const char *name;
    size_t size;                         /* of the state, zeroed before start */
    const struct sim_field *fields;      /* ends with a NULL name */
    void (*start)(struct sim_device *d); /* may be NULL */
    /* Brings the state to model time `now`; called before every look and change and when sim_wake asked. May be NULL. */
    void (*advance)(struct sim_device *d, int64_t now);
    /* Somebody wants `field` to be `v` (of the field's type, within its range). NULL: it simply becomes so.
     * Returns 0, LEC_E_BUSY (not now), LEC_E_REFUSED, LEC_E_RANGE, LEC_E_NOTSUP. */
    int (*set)(struct sim_device *d, const struct sim_field *field, const struct lec_value *v);
    double (*watts)(const struct sim_device *d); /* what it draws now; NULL: nothing */
};

enum sim_by { SIM_BY_WIRE, SIM_BY_HAND, SIM_BY_TIME };

struct sim_device {
    const char *name;
    struct sim *sim;
    struct sim_box *box;
    const struct lec_device *desc;
    const struct sim_model *model;
    const struct sim_cast *cast;
    void *state; /* the truth */
    void *shown; /* the copy that sim_view gives out */
    struct loop_timer timer;
    enum sim_by by; /* on whose behalf the state changes right now */
    uint64_t seed;
    double watts, lux; /* its share of the room's, as last accounted */
    struct sim_device *next_in_box;
};

/* The state as the device tells it: the truth, except where a lie is on. Valid until the next call for this device. */
const void *sim_view(struct sim_device *d);
/* A command over the wire. Returns as sim_model.set; LEC_E_NOTSUP also for an unknown field. */
int sim_set(struct sim_device *d, const char *field, struct lec_value v);
/* Somebody at the device itself (remote control, front panel); a lie does not stop a hand. */
int sim_set_by_hand(struct sim_device *d, const char *field, struct lec_value v, struct lec_err *err);
/* The truth about a field; false if there is none of that name. */
bool sim_truth(struct sim_device *d, const char *field, struct lec_value *out);
void sim_state_json(struct sim_device *d, struct lec_buf *out);

/* For models: the state has changed by itself or as a consequence; the face may want to tell. */
void sim_changed(struct sim_device *d, const char *field);
/* For models: call advance at that model time. */
void sim_wake(struct sim_device *d, int64_t model_at);
const struct sim_field *sim_field(const struct sim_model *m, const char *name);
/* A field in any struct of the model's layout. */
void sim_field_get(const struct sim_field *f, const void *state, struct lec_value *out);
void sim_field_put(const struct sim_field *f, void *state, const struct lec_value *v);

/* What sets this model apart: from --trait, else from the table of who plays whom; NULL if neither says.
 * Traits are words "key=value". */
const char *sim_trait(const struct sim_device *d, const char *key, char buf[SIM_TEXT]);
/* The same without a copy, for long lists: it ends at a space or NUL, as words of a command line do. NULL if absent. */
const char *sim_trait_list(const struct sim_device *d, const char *key);
double sim_trait_number(const struct sim_device *d, const char *key, double fallback);
int64_t sim_trait_duration(const struct sim_device *d, const char *key, int64_t fallback_ns);
/* "31:hdmi1,32:hdmi2" (up to a space): the code of a name, or NULL; likewise the name of a code (compared without case). */
const char *sim_code_of(const char *list, const char *name, char buf[SIM_TEXT]);
const char *sim_name_of(const char *list, const char *code, char buf[SIM_TEXT]);

/* ---- Faces ---------------------------------------------------------------------------------------------------- */

struct sim_face {
    const char *name;
    size_t conn_size; /* zeroed state of a connection, at conn->face */
    size_t box_size;  /* zeroed state of a box, at box->face */
    int64_t gap_ns;   /* a command that comes sooner after an answer is dropped; 0: none */
    int64_t idle_ns;  /* a TCP connection without traffic for so long is closed; 0: never; trait idle */
    int64_t quiet_ns; /* bytes that are no whole command after so long are told to `quiet`, then dropped; 0: never */
    bool udp;         /* the port is wanted for UDP too, and a notify_port in the line map */
    bool addressed;   /* several boxes may share a line; else all its devices are one box */
    /* The box is complete. Returns 0 or LEC_E_CONFIG (the box then stays silent). May be NULL. */
    int (*start)(struct sim_box *box, struct lec_err *err);
    void (*stop)(struct sim_box *box);
    /* A controller has connected (a pseudo-terminal: at start). May be NULL. */
    void (*open)(struct sim_conn *c);
    void (*close)(struct sim_conn *c);
    /* Takes whole commands off the front of n bytes; returns how many bytes it has done with. */
    size_t (*input)(struct sim_conn *c, const uint8_t *p, size_t n);
    void (*quiet)(struct sim_conn *c);
    void (*datagram)(struct sim_line *line, const uint8_t *p, size_t n, const char *from);
    /* The line is in again after it was out. May be NULL. */
    void (*plugged)(struct sim_line *line);
    /* A device on USB: its product, and the serial number of its descriptor ("": none). NULL: never on USB. */
    uint16_t (*usb_product)(struct sim_box *box, char serial[SIM_TEXT]);
    /* A field of one of the box's devices has changed. May be NULL. */
    void (*changed)(struct sim_device *d, const char *field);
    /* Adds the members `next` (the number of the next sample) and `samples` (at most n of them from number `from` on, each
     * with n, time_ns (monotonic), time_us and its values) to the object in `out`. NULL: it does not stream. */
    void (*samples)(struct sim_box *box, uint64_t from, size_t n, struct lec_buf *out);
    /* Makes the frame's checksum wrong; NULL: the protocol has none. */
    void (*spoil)(uint8_t *frame, size_t n);
    bool spoils; /* it makes its checksums wrong by itself */
    /* Makes the frame come from another unit, checksum right; NULL: the protocol has no units. */
    void (*readdress)(uint8_t *frame, size_t n);
};

struct sim_box {
    struct sim *sim;
    struct sim_line *line;
    const struct sim_face *face_kind;
    int address;
    struct sim_device *devices; /* at least one */
    struct sim_faults faults;
    void *face;       /* face_kind->box_size bytes */
    bool broken;      /* its face could not start */
    int64_t answered; /* when its last answer is out, monotonic */
    int64_t gap_ns;
    uint64_t commands, early; /* taken; dropped because they came too soon */
    struct sim_box *next;     /* on the line */
};

struct sim_chunk;

struct sim_conn {
    struct sim *sim;
    struct sim_line *line;
    struct loop_watch watch;
    struct loop_timer tx_timer, quiet_timer, idle_timer;
    struct sim_chunk *tx, **tx_end;
    size_t tx_bytes;
    uint8_t rx[4096]; /* a command longer than this is noise */
    size_t n_rx;
    bool is_pty, ending; /* ending: close once everything is out */
    bool packets;        /* what is sent in one piece arrives in one piece */
    bool blocked;
    unsigned full; /* how often in a row a pseudo-terminal took nothing */
    void *face;
    struct sim_conn *next;
};

struct sim_line {
    struct sim *sim;
    const struct lec_line *desc;
    const struct sim_face *face_kind; /* NULL: nobody knows the protocol; the line plays mute */
    struct sim_box *boxes;
    size_t index;
    bool tcp, plugged;
    bool usb;              /* neither TCP nor a pseudo-terminal, but a port of the test bed (usb.h) */
    unsigned usb_port;     /* where it is plugged in, or will be */
    struct sim_plug *plug; /* while it is */
    uint16_t port, notify_port;
    struct loop_watch listen, udp;
    struct sim_conn *conns;
    size_t n_conns;
    int slave, spare_master, spare_slave; /* pty: the slave kept open; the pair kept for plugging in again */
    char path[108];                       /* pty: the symlink */
    struct sim_line *next;
};

/* A connection's first (often only) box, or the one of that address, or NULL. */
struct sim_box *sim_box_at(struct sim_line *line, int address);
/* The first device of the box whose model is `m`, or NULL. */
struct sim_device *sim_device_of(struct sim_box *box, const struct sim_model *m);

/* A whole command for the box has arrived. False: it goes unheard (a fault, or it came too soon). */
bool sim_take(struct sim_conn *c, struct sim_box *box, const void *frame, size_t n);
/* What the box thinks of it: LEC_OK, or LEC_E_REFUSED or LEC_E_BUSY if such a fault is on. `sets`: the command would
 * change something. */
int sim_mood(struct sim_box *box, bool sets);
/* Sends, through the faults. */
void sim_answer(struct sim_conn *c, struct sim_box *box, const void *data, size_t n);
void sim_answerf(struct sim_conn *c, struct sim_box *box, const char *fmt, ...) LEC_PRINTF(3, 4);
/* The same after `after_ns` of wall time (scaled by the speed). */
void sim_answer_later(struct sim_conn *c, struct sim_box *box, const void *data, size_t n, int64_t after_ns);
/* To every controller connected to the box's line. */
void sim_tell(struct sim_box *box, const void *data, size_t n);
/* Ends the connection when everything is out. */
void sim_hang_up(struct sim_conn *c);
/* A datagram from the line's UDP socket to its notify port. */
void sim_notify(struct sim_line *line, const void *data, size_t n);

/* ---- The whole ------------------------------------------------------------------------------------------------ */

struct sim_options {
    const char *map;  /* where to write the line map; NULL: nowhere */
    const char *only; /* play this device alone; NULL: all */
    double speed;
    uint64_t seed;
    double people;
    bool pacing;               /* drop what comes too soon */
    bool verbose;              /* every frame to stderr */
    const char *const *traits; /* "device.key=value" */
    size_t n_traits;
};

struct sim_world;
struct sim_map;
struct sim_usb;

struct sim {
    struct loop *loop;
    const struct lec_room *room;
    struct sim_options opt;
    char folder[80]; /* <run>/<room> */
    struct sim_line *lines;
    struct sim_device *devices; /* n_devices of them, in the order of the room file; name NULL: not played */
    size_t n_devices, n_played;
    bool mapped;              /* the line map has been written */
    struct sim_random random; /* for faults; sensors have noise of their own */
    struct sim_world *world;
    struct sim_map *maps;
    struct sim_usb *usb; /* NULL: the room has nothing on USB */
};

/* Prepares: the run folder, the register maps, the room's air. Returns 0, LEC_E_CONFIG, LEC_E_NOMEM. After a failure
 * too, sim_stop is to be called. */
int sim_open(struct sim *s, const struct lec_room *room, const struct sim_options *opt, struct loop *loop,
             struct lec_err *err);
/* Opens every line, then writes the line map. Returns 0, LEC_E_CONFIG, LEC_E_LINK, LEC_E_NOMEM. */
int sim_start(struct sim *s, struct lec_err *err);
void sim_stop(struct sim *s);
struct sim_device *sim_find(struct sim *s, const char *name);
/* Writes the line map anew, atomically. Returns 0 or LEC_E_CONFIG. */
int sim_write_map(struct sim *s, struct lec_err *err);
/* The cable is out (`in` false) or in again. Returns 0 or LEC_E_LINK. */
int sim_plug(struct sim_line *line, bool in, struct lec_err *err);
int64_t sim_model_now(const struct sim *s);

#endif
