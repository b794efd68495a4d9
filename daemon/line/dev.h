/* A hosted device: the daemon's side of lectern/driver.h. It implements every lec_line_* and lec_dev_* function on top
 * of a link, and hands what the driver says to a sink. The line actor hosts devices this way; so do driver tests and
 * fuzzers, with a link over a socket pair and a sink that remembers.
 *
 * Threads: a hosted device belongs to one thread. */
#ifndef LECTERN_LINE_DEV_H
#define LECTERN_LINE_DEV_H

#include "lectern/driver.h"
#include "line/link.h"

/* What the driver says, called from inside its callbacks. `reason` is "" for good values. Values are checked against
 * the point's type and choices before they come here. */
struct lec_sink {
    void *ctx;
    void (*value)(void *ctx, const struct lec_point *point, enum lec_quality quality, const struct lec_value *value,
                  const char *reason);
    /* `first` and the n - 1 points after it were read again and hold what was published last. May be NULL: value is called
     * instead. */
    void (*same)(void *ctx, const struct lec_point *first, size_t n);
    void (*event)(void *ctx, const struct lec_device *desc, const char *name, const char *data);
    /* 1 to LEC_BLOCK_SAMPLES samples. */
    void (*block)(void *ctx, const struct lec_point *point, const struct lec_block *block);
    /* May be NULL. */
    void (*calibration)(void *ctx, const struct lec_point *point, const struct lec_calibration *calibration);
    /* May be NULL: nobody listens for datagrams. Returns 0, LEC_E_LINK. */
    int (*listen)(void *ctx, const struct lec_device *desc, uint16_t port, struct lec_err *err);
    /* May be NULL. Bytes for the trace: dir 's' sent, 'r' received. */
    void (*trace)(void *ctx, const struct lec_device *desc, char dir, const void *data, size_t n);
};

#define LEC_BLOCK_SAMPLES 8192 /* most in one block; larger ones are told in pieces */

struct lec_point_state {
    struct lec_value value; /* the last one published; LEC_NONE before */
    enum lec_quality quality;
};

/* What every poll looks at for every point is kept apart, a byte a point: a device polled flat out walks over it
 * thousands of times a second. */
enum lec_mark {
    LEC_MARK_DROPPED = 1,   /* lec_dev_drop: not asked before the next open */
    LEC_MARK_PUBLISHED = 2, /* in the callback that runs now */
    LEC_MARK_SOON = 4,      /* lec_dev_poll_soon */
    LEC_MARK_ASKED = 8,     /* due in the poll that runs now, and nothing was said of it yet */
};

struct lec_counters {
    uint64_t asked, answered, timed_out, bad_frames, refused, sent_bytes, received_bytes, opens;
    uint64_t open; /* 1 while there is a connection */
};

/* All of the line that its devices share while it is open. */
struct lec_port {
    struct lec_link *link;       /* NULL: not open */
    const struct lec_line *line; /* NULL for devices without a line */
    int cancel_fd;               /* -1: none */
    bool broken;                 /* lec_line_broken: close and reopen */
    unsigned char held[512];     /* received by recv_until and not yet consumed */
    size_t held_at, held_n;
    struct lec_counters counters;
    int64_t came_ns, came_us; /* when the last bytes were received, monotonic and wall */
    bool (*yield)(void *ctx); /* asked before each exchange of a poll: true ends the poll. May be NULL */
    void *yield_ctx;
};

struct lec_hosted {
    struct lec_dev dev; /* first: the driver sees only this */
    const struct lec_driver *driver;
    struct lec_port *port;
    const struct lec_sink *sink;
    struct lec_point_state *points; /* desc->n_points */
    uint8_t *marks;                 /* desc->n_points, of enum lec_mark */
    size_t n_asked;                 /* points that are LEC_MARK_ASKED */
    bool marked;                    /* DROPPED or SOON was set; the host clears it when it has looked */
    int64_t deadline;               /* of the exchange under way */
    int64_t allowed_ns;             /* what it was given, for the sentence "no reply in 300 ms" */
    int watch_fd;                   /* lec_dev_watch; -1 */
    bool is_open;
};

/* The point's place among its device's, without a look at the point: descriptions are large, and a look at each of a
 * hundred at each step of a poll costs more than all else that a poll does here. */
static inline size_t lec_place(const struct lec_device *desc, const struct lec_point *point)
{
    return (size_t)(point - desc->points);
}

/* Prepares a device: allocates its state and calls the driver's prepare. `report` (may be NULL) gets the mistakes.
 * `desc`, `driver`, `port` and `sink` are lent until done. Returns 0, LEC_E_CONFIG, LEC_E_NOMEM; on failure `h` is as
 * after lec_hosted_done. */
int lec_hosted_init(struct lec_hosted *h, const struct lec_driver *driver, const struct lec_device *desc,
                    struct lec_port *port, const struct lec_sink *sink, struct lec_report *report);
/* Closes if open, releases, frees. Accepts a zeroed struct. */
void lec_hosted_done(struct lec_hosted *h);

/* Each runs one callback of the driver with a deadline of `timeout_ns` (0: the device's). Between them nothing of the
 * driver runs. open: clears what was dropped. poll: `due` stands in the device's order, no point twice; marks each due point
 * that the driver neither published nor failed as bad ("the driver said nothing"), so that after 0 all are
 * LEC_MARK_PUBLISHED. An error text gets no device name in front: the caller knows it. */
int lec_hosted_open(struct lec_hosted *h, struct lec_err *err);
void lec_hosted_close(struct lec_hosted *h);
int lec_hosted_poll(struct lec_hosted *h, const struct lec_point *const due[], size_t n, int64_t timeout_ns,
                    struct lec_err *err);
int lec_hosted_write(struct lec_hosted *h, const struct lec_point *point, const struct lec_value *value,
                     struct lec_err *err);
int lec_hosted_invoke(struct lec_hosted *h, const struct lec_action *action, const struct lec_value args[],
                      struct lec_err *err);
int lec_hosted_input(struct lec_hosted *h, struct lec_err *err);
int lec_hosted_notice(struct lec_hosted *h, const char *data, size_t len, struct lec_err *err);
/* LEC_E_NOTSUP also when the driver has no say in the rate. */
int lec_hosted_rate(struct lec_hosted *h, const struct lec_point *point, int64_t period_ns, int64_t *granted_ns,
                    struct lec_err *err);

/* Whether the gate of a point or action is open: `when` is met by good values known. */
bool lec_hosted_gate(const struct lec_hosted *h, const struct lec_when *when);

#endif
