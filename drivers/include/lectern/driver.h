/* The driver interface: how the daemon and a protocol engine work together.
 *
 * A driver is one const struct lec_driver in a loadable module build/lib/lectern/drivers/<name>.so. It speaks one
 * wire protocol; models are profiles. Driver code is plain blocking C that reads like the conversation with the
 * device: ask, wait, decode, publish, return. The framework (daemon/line) owns connecting, reconnecting with
 * back-off, pacing, the polling schedule, writes before polls, confirmation reads, cancellation, publishing,
 * quality and age, and the log.
 *
 * Invariants
 *  - prepare (in the schema) compiles the profile once and touches no device; open..close brackets one connection
 *    and may happen many times; release ends it all. close is called exactly when open returned 0.
 *  - A driver has no globals and starts no threads. What it keeps lives in dev->state.
 *  - A callback that fails returns a code of lectern/err.h and a sentence. It does not log.
 *  - A driver never publishes a value that it has not just read from the device.
 *
 * Threads: all callbacks of all devices on one line run in that line's thread, one at a time; lec_line_* and
 * lec_dev_* may be called only from inside a callback. prepare and release: any thread. */
#ifndef LECTERN_DRIVER_H
#define LECTERN_DRIVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lectern/clock.h"
#include "lectern/err.h"
#include "lectern/model.h"
#include "lectern/parse.h"
#include "lectern/value.h"

#define LEC_DRIVER_ABI 2u

/* A device as its driver sees it. The framework embeds it in a larger object. */
struct lec_dev {
    const struct lec_device *desc; /* points, actions, options, timing */
    void *state;                   /* schema->state_size bytes, filled by prepare, kept over reconnects */
};

struct lec_search;

struct lec_driver {
    uint32_t abi, size; /* LEC_DRIVER_HEAD; the loader refuses another ABI, or a size larger than it knows */
    struct lec_schema schema;

    /* The line is up (TCP connected, port opened; for LEC_LINE_NONE and USB nothing has happened yet): do what
     * the protocol asks at the start (greeting, login). May be NULL. Blocks at most a few exchanges.
     * Failure closes the line; LEC_E_CONFIG (wrong password) makes the pauses between attempts long. */
    int (*open)(struct lec_dev *dev, struct lec_err *err);

    /* Read the `n` points in `due` (n >= 1, in the order of the profile) and lec_dev_publish each, in as few
     * exchanges as the protocol allows. A point that fails alone is told with lec_dev_publish_bad; returning an
     * error says that about all points in `due` not published in this call. Other points may be published too.
     * A confirmation read is a poll of one point. NULL: the device speaks by itself (see input). */
    int (*poll)(struct lec_dev *dev, const struct lec_point *const due[], size_t n, struct lec_err *err);

    /* Send one value (checked against the point's range before) and wait for the device's acknowledgement, if the
     * protocol has one. Does not read back and does not publish: the framework confirms with a fresh poll.
     * NULL: nothing is writable. */
    int (*write)(struct lec_dev *dev, const struct lec_point *point, const struct lec_value *value,
                 struct lec_err *err);

    /* Start an action; `args` has action->n_args checked values. Returns when the device has taken it, not when
     * a long job is done: progress is points. NULL: no actions. */
    int (*invoke)(struct lec_dev *dev, const struct lec_action *action, const struct lec_value args[],
                  struct lec_err *err);

    /* Bytes are waiting on the line (or on lec_dev_watch's descriptor) that no callback is waiting for: consume
     * them all, publish what they say. Called within 50 ms of arrival while the line is otherwise idle, and before
     * each exchange. NULL: such bytes are dropped while the line is idle. */
    int (*input)(struct lec_dev *dev, struct lec_err *err);

    /* A datagram for this device has come to the UDP port of lec_dev_listen: data[len], at most 1500 bytes, NUL
     * added. Comes before open has succeeded too (a start-up notice). NULL: not wanted. */
    int (*notice)(struct lec_dev *dev, const char *data, size_t len, struct lec_err *err);

    /* The connection is going (or has gone: writes may fail, nobody minds). Say goodbye within one time-out, free
     * what open made. May be NULL. */
    void (*close)(struct lec_dev *dev);

    /* Asks the network on UDP for devices of this protocol, calls `found` for each answer, and returns when the
     * protocol's time for answers is over or lec_search_cancelled. Its own thread. May be NULL. */
    int (*search)(struct lec_search *search, struct lec_err *err);

    /* A streaming point (stream = yes in its profile) shall deliver a sample each `period_ns` (0: as the profile says). Sets
     * *granted_ns to what the device really does. Returns 0, LEC_E_RANGE, LEC_E_REFUSED... NULL: the device's rate is its
     * own, and whoever wants fewer samples leaves some out. */
    int (*rate)(struct lec_dev *dev, const struct lec_point *point, int64_t period_ns, int64_t *granted_ns,
                struct lec_err *err);
};

/* Every module exports this one symbol: LEC_DRIVER(pjlink) = { LEC_DRIVER_HEAD, .schema = {...}, ... }; */
#define LEC_DRIVER_SYMBOL "lec_driver_entry"
#define LEC_DRIVER_HEAD   .abi = LEC_DRIVER_ABI, .size = sizeof(struct lec_driver)
#define LEC_DRIVER                                                                                                     \
    __attribute__((visibility("default"))) extern const struct lec_driver lec_driver_entry;                            \
    const struct lec_driver lec_driver_entry

/* ---- The line: bytes ---------------------------------------------------------------------------------------- */

/* All of these block at most until the deadline of the exchange in hand: the framework sets it before each
 * callback from the point's or the device's timeout; lec_line_deadline changes it. They return LEC_E_CANCELLED
 * soon after the daemon wants to stop: pass it on. Every byte is counted and, if asked for, traced. */

/* Sends all `n` bytes. Returns 0, LEC_E_LINK, LEC_E_TIMEOUT (the other side takes no more), LEC_E_CANCELLED. */
int lec_line_send(struct lec_dev *dev, const void *data, size_t n, struct lec_err *err);

/* Waits for at least one byte and reads up to `size` (size >= 1). Returns the count, LEC_E_TIMEOUT ("no reply in
 * 300 ms"), LEC_E_LINK (closed or hung up by the other side), LEC_E_CANCELLED. On UDP: one datagram, cut at
 * `size`. */
ssize_t lec_line_recv(struct lec_dev *dev, void *data, size_t size, struct lec_err *err);

/* Reads up to and including the first byte `end`, and no further; stores the bytes before it and a NUL.
 * Returns their number, or as lec_line_recv, or LEC_E_FRAME when `size` - 1 bytes came without `end`. */
ssize_t lec_line_recv_until(struct lec_dev *dev, char end, char *text, size_t size, struct lec_err *err);

/* Reads exactly `n` bytes. Returns 0, or as lec_line_recv. */
int lec_line_recv_all(struct lec_dev *dev, void *data, size_t n, struct lec_err *err);

/* Throws away what has arrived and was not read. Returns the number of bytes dropped. */
size_t lec_line_flush(struct lec_dev *dev);
/* Whether that last found the connection closed by the other side: seen here, before anything is sent, no command is lost
 * by it (lec_line_reconnect). */
bool lec_line_gone(const struct lec_dev *dev);

/* The deadline of this exchange becomes `timeout_ns` from now. */
void lec_line_deadline(struct lec_dev *dev, int64_t timeout_ns);
/* Nanoseconds until it; 0 when past. */
int64_t lec_line_left(const struct lec_dev *dev);

/* The descriptor, for a protocol library that does its own reading (libmodbus); -1 if there is none. Lent until
 * close. After using it directly, bytes in our own receive buffer are none: do not mix with lec_line_recv. */
int lec_line_fd(const struct lec_dev *dev);
/* Tells the framework what such a library did, for the counters and the trace. `bytes` may be NULL. */
void lec_line_count(struct lec_dev *dev, size_t sent, size_t received);
/* Before each further exchange of a poll that such a library makes (lec_line_send does it by itself): 0, or
 * LEC_E_CANCELLED when something more pressing waits. Pass it on: what was not published yet stays due. */
int lec_line_yield(struct lec_dev *dev, struct lec_err *err);

/* The connection is of no use any more (wrong transaction, half a frame): it will be closed and reopened after
 * this callback returns, whatever it returns. */
void lec_line_broken(struct lec_dev *dev);

/* Ends the connection and makes a new one within this exchange, without close and open: for devices that take one
 * command a connection. Returns 0, LEC_E_LINK, LEC_E_TIMEOUT, LEC_E_CANCELLED. */
int lec_line_reconnect(struct lec_dev *dev, struct lec_err *err);

/* ---- The device: what it says ------------------------------------------------------------------------------- */

/* The point has this value, read just now: quality good. `value` must have the point's type (an int is taken for a
 * float point); an enum must be one of its choices. Anything else is published as bad with a reason and logged as
 * our bug or the device's oddity. */
void lec_dev_publish(struct lec_dev *dev, const struct lec_point *point, const struct lec_value *value);
/* These points were read just now and hold exactly what was published of them last (good or bad): for drivers that
 * compare the raw reply with the one before, so that a device polled flat out costs nothing. `points`: in the order of the
 * device's description, none twice. */
void lec_dev_same(struct lec_dev *dev, const struct lec_point *const points[], size_t n);
/* The point has no usable value: quality bad, with a reason for people ("sensor not connected"). */
void lec_dev_publish_bad(struct lec_dev *dev, const struct lec_point *point, const char *reason);
/* The device lacks this point (ERR1): it is not asked again before the next open. Quality bad, reason given. */
void lec_dev_drop(struct lec_dev *dev, const struct lec_point *point, const char *reason);
/* Something happened: "card", "button", "remote". `data` is a JSON object or NULL. */
void lec_dev_event(struct lec_dev *dev, const char *name, const char *data);
/* Samples of a streaming point, as they came: raw, before any calibration. */
struct lec_block {
    const double *raw; /* n values; NaN: the device said that this sample has no value */
    size_t n;
    int64_t first_ns;   /* when the first was taken (monotonic, lec_now) */
    double interval_ns; /* between samples, in the daemon's time; lec_pace estimates both */
    double drift_ppm;   /* how much the device's clock is ahead of the daemon's; 0 if not known */
    uint64_t lost;      /* samples known to be missing right before the first */
    unsigned flags;     /* LEC_BLOCK_* */
};
#define LEC_BLOCK_OVERRUN 1u /* the device's own buffer ran over: that is why some were lost */
#define LEC_BLOCK_LATE    2u /* the daemon read so late that the times are only estimated */
#define LEC_BLOCK_BAD     4u /* the value is not to be trusted; all of the block */

/* Delivers a block. The framework keeps the point's state from it (the newest value, at most 10 times a second), so
 * nothing need be published besides. A block of more than 8,192 samples is told in pieces. */
void lec_dev_block(struct lec_dev *dev, const struct lec_point *point, const struct lec_block *block);

/* The sensor's own memory has this calibration for the point; a person's goes before it. Copied. */
void lec_dev_calibration(struct lec_dev *dev, const struct lec_point *point, const struct lec_calibration *calibration);

/* The newest value known of a point of this device, with its quality; for gating, never for publishing. */
enum lec_quality lec_dev_last(const struct lec_dev *dev, const struct lec_point *point, struct lec_value *out);

/* Polls this point again soon (an unsolicited notice said that it changed). */
void lec_dev_poll_soon(struct lec_dev *dev, const struct lec_point *point);

/* Waits `ns` unless cancelled: the pause that a protocol prescribes inside a sequence. Returns 0 or
 * LEC_E_CANCELLED. Pauses between exchanges belong in the profile's gap, not here. At most 2 s. */
int lec_dev_pause(struct lec_dev *dev, int64_t ns, struct lec_err *err);

/* Another descriptor whose readability calls input (libusb, evdev). One a device, from open, until close has been called. */
void lec_dev_watch(struct lec_dev *dev, int fd);

/* Datagrams that come to this UDP port from the device's host go to notice. Several devices may name the same
 * port. Call from open, the first time is enough. Returns 0, LEC_E_LINK (the port is taken), LEC_E_NOTSUP (the line
 * has no host). */
int lec_dev_listen(struct lec_dev *dev, uint16_t port, struct lec_err *err);

/* ---- Search ------------------------------------------------------------------------------------------------- */

/* A search under way. `target`: where to ask ("255.255.255.255" or one address), `port`: 0 for the protocol's. */
struct lec_search {
    const char *target;
    uint16_t port;
    /* `address`: "192.168.1.20"; `id`: what the device said of itself (a MAC address); `detail`: for people */
    void (*found)(struct lec_search *search, const char *address, const char *id, const char *detail);
    int cancel_fd; /* becomes readable when the search should end */
};

#endif
