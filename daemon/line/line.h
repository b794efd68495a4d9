/* Inside a line's thread: what actor.c (the loop), device.c (polling, status) and ops.c (operations) share.
 * Threads: the line's own. */
#ifndef LECTERN_LINE_H
#define LECTERN_LINE_H

#include <stdatomic.h>

#include "line/actor.h"
#include "mailbox/waiter.h"

#define ANSWER_SOON_NS  60000         /* so long a line that asks for somebody stays awake for the device's answer */
#define OPEN_TIMEOUT_NS (4 * LEC_SEC) /* to connect a link */
#define PAUSE_FIRST_NS                                                                                                 \
    (500 * LEC_MS) /* before the second attempt to reach what is away; doubles up to the profile's cap */
#define ATTEMPT_FRESH_NS (2 * LEC_SEC)  /* an attempt to connect this recent speaks for the next asker too */
#define FRESH_EVERY_NS   (100 * LEC_MS) /* how often unchanged values are told as still fresh */
#define BUSY_AGAIN_NS    (500 * LEC_MS) /* least pause before a device that said "not now" is asked again */
#define OVERRIDDEN_NS                                                                                                  \
    (2 * LEC_MS)                   /* telling that a command was replaced can wait: the newer ones go first, and several
                                        are told in one go */
#define BUSY_ONCE_NS (5 * LEC_SEC) /* a point that is read once and was not to be had is asked again so late */
#define BATCH_BYTES  (16u * 1024)  /* a batch of values this large is sent at once */
#define HEARD_NS                                                                                                       \
    LEC_SEC /* a device away that sent a datagram is tried again so soon, not at once: anybody may send one */

struct report_cache { /* what the core was last told of a point */
    enum lec_quality quality;
    struct lec_value value;
    char reason[96];
    int64_t time_us, time_ns;
};

/* News of a point for the next batch, a byte a point beside lec_hosted.marks. */
enum news {
    NEWS_WAITING = 1, /* it is in dirty[] */
    NEWS_CHANGED = 2, /* value, quality or reason are new; else only the time */
    NEWS_GOOD = 4,    /* the core knows it as good */
    NEWS_KNOWN = 8,   /* the core was told of it at all */
    NEWS_BLOCKS = 16, /* each reading is told as a block of one too */
};

/* What the schedule needs of a point, apart from its description, and from all else: the slots of all points of a
 * device are gone through several times when one of them is due. */
struct slot {
    int64_t due; /* LEC_NEVER */
    int64_t period_ns;
};

/* Points that were read together and have one period stay together. While nothing happens to one of them alone, one
 * slot stands for theirs: a device polled flat out leaves no time for a look at each of its hundred points. */
struct step {
    size_t n;            /* the first so many of line_device.due; 0: every point's own slot holds */
    struct slot slot;    /* of each of them */
    int64_t others_due;  /* the earliest of the other points */
    int64_t others_join; /* from then on one of them goes with a poll */
};

/* Of a streaming point. */
struct rate {
    bool wished;        /* wish_ns was asked for and is asked again after each open */
    int64_t wish_ns;    /* 0: as the profile says */
    double interval_ns; /* of the last block; 0: none yet */
};

struct line_device {
    struct lec_hosted h; /* first */
    struct line *line;
    size_t index;
    bool online, told_status;
    int failures;                 /* exchanges in a row without a usable answer */
    int64_t not_before;           /* gap and lock-out: nothing is said to it before */
    int64_t retry_at;             /* while away: the next attempt */
    int64_t pause_ns;             /* while away: the pause after that */
    int64_t next_due;             /* the earliest of slots[].due */
    struct slot *slots;           /* per point */
    const struct lec_point **due; /* those of the poll under way or the last one, in the device's order */
    struct step step;
    struct rate *rates;       /* per point */
    uint8_t *news;            /* per point, of enum news */
    bool plain;               /* no point has a gate or a time-out of its own */
    bool streams;             /* it has a streaming point: online while it speaks (stream.c) */
    int64_t heard_at;         /* streaming: when it opened or last said something of use */
    struct lec_err unread;    /* streaming: why what came since then was of no use; "" if nothing came */
    int64_t same_ns, same_us; /* when unchanged values were last read: within FRESH_EVERY_NS right for each */
    struct report_cache *told;
    size_t *dirty; /* points whose news wait for the next batch, in order */
    size_t n_dirty;
    bool changed; /* at least one of them is more than "still fresh" */
    char away_reason[LEC_ERR_TEXT];
};

enum phase { PHASE_CHECK, PHASE_WRITE, PHASE_CONFIRM, PHASE_READ, PHASE_INVOKE };

struct op {
    struct op *next;
    uint64_t id;
    enum lec_ask ask;
    enum phase phase;
    struct line_device *device;
    const struct lec_point *point;
    const struct lec_action *action;
    int64_t begun, due, deadline, sent_at;
    unsigned tries;
    bool tell_sent, sent, acked, rewritten;
    int64_t overridden_at; /* 0: not; else it ends at most OVERRIDDEN_NS later, when nothing more pressing is to do */
    int last_code;         /* of the last exchange that did not help; until the end result.reason is its sentence */
    struct lec_op_result result;
    uint32_t n_values;
    struct lec_value values[]; /* n_values */
};

struct line {
    uint32_t number;
    const struct lec_line *desc; /* NULL: no line */
    struct lec_port port;
    struct line_device *devices;
    size_t n_devices;
    struct op *ops; /* in order of arrival */
    size_t n_ops;
    struct lec_mailbox *requests; /* from the core */
    struct lec_mailbox *inbox;    /* the core's */
    struct lec_waiter *waiter;    /* for requests, the end, and what devices say by themselves */
    int cancel_fd;                /* readable once the line shall end */
    _Atomic bool end;             /* likewise, for who does not wait */
    _Atomic bool unheard;         /* nobody takes letters out of the inbox any more */
    bool ending, trace, yield_ok;
    int64_t opened_at, last_traffic;
    int64_t attempt_at; /* when connecting was last tried and failed */
    int64_t reopen_at, pause_ns;
    char open_reason[LEC_ERR_TEXT];
    int open_code;
    int64_t flush_at;     /* when pending "still fresh" news go out */
    int64_t gather_until; /* bytes of a stream wait until then, so that one look finds many */
    int64_t counters_at;
    struct lec_counters told_counters;
    struct lec_sink sink;
    struct line_device *current; /* the one last spoken of */
    const struct lec_line_setup *setup;
};

/* What the line's waiter tells apart. */
enum line_item { LINE_REQUESTS, LINE_CANCEL, LINE_INPUT };

/* actor.c */
void line_tell(struct line *line, const struct lec_head *head, const void *data, size_t n);
/* Whether a request that goes before polls waits. */
bool line_wanted(struct line *line);

/* news.c */
void device_sink(struct line *line); /* fills line->sink */
/* Sends what waits at once if something changed; else it waits for line->flush_at, when the loop sends it. */
void device_flush(struct line_device *d);
/* Sends what waits at once. */
void device_flush_now(struct line_device *d);

/* device.c */
int device_init(struct line *line, size_t index, struct lec_report *report);
void device_done(struct line_device *d);
/* Opens link and device if needed. `force`: also when it is not yet time to try again. */
int device_ready(struct line_device *d, bool force, struct lec_err *err);
/* After an exchange: gap, lock-out, broken links, status. `rc` as the exchange returned. */
void device_after(struct line_device *d, int rc, int64_t lockout_ns, const struct lec_err *err);
/* Reads one point freshly, outside the schedule. Returns 0 with a good value, or a code with the reason. */
int device_read(struct line_device *d, const struct lec_point *point, struct lec_value *out, struct lec_err *err);
/* Polls what is due. */
void device_poll(struct line_device *d);
/* The moment of the next poll (LEC_NEVER: none). */
int64_t device_next(const struct line_device *d);
void line_close_link(struct line *line);
void device_close(struct line_device *d);
/* A datagram came from it: one that is away is tried again soon. */
void device_heard(struct line_device *d);
void device_set_away(struct line_device *d, int code, const char *reason);

/* Not asked by the schedule: the device delivers it by itself. */
bool device_delivers(const struct line_device *d, const struct lec_point *p);
/* It has said something of use: online, whatever the status was. */
void device_online(struct line_device *d);

/* schedule.c */
/* How many points are to be asked now; they stand in d->due. */
size_t schedule_due(struct line_device *d, int64_t *timeout_ns);
/* A poll of the first `n` of d->due has ended so. */
void schedule_asked(struct line_device *d, size_t n, int rc, const char *reason);
/* One point was read outside the schedule: it stays in step with those polled with it, as together they are one
 * request. */
void schedule_read(struct line_device *d, const struct lec_point *point);
/* Before a slot is looked at or changed: each point's own holds from now on. */
void schedule_apart(struct line_device *d);

/* stream.c */
#define STREAM_GATHER_NS (10 * LEC_MS)  /* between two looks at a stream */
#define STREAM_PAUSE_NS  (700 * LEC_MS) /* longest pause between attempts to reach a streaming device */
/* After open: from here on silence is measured, and rates that were asked for are asked again. */
void stream_opened(struct line_device *d);
/* It told a sample or a value. */
void stream_heard(struct line_device *d);
/* The input callback has returned `rc`. */
void stream_input(struct line_device *d, int rc, const struct lec_err *err);
/* When silence has to be looked at. */
int64_t stream_next(const struct line_device *d);
/* Looks at it: away when it has been silent too long. Returns whether the connection may be used. */
bool stream_check(struct line_device *d);
/* LEC_ASK_RATE, for streaming and polled points. */
void device_rate(struct line_device *d, const struct lec_request *r);

/* ops.c */
void ops_take(struct line *line, const struct lec_request *request);
/* Does the most pressing operation that may run now; returns whether it did something. *wake: when the next may. */
bool ops_run(struct line *line, int64_t *wake);
void ops_end_all(struct line *line);

#endif
