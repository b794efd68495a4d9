/* What crosses the mailboxes between the core and the lines: self-contained bytes without a pointer, so that a line can
 * later be a process of its own (same machine, same build: structs travel as they are in memory).
 *
 * Core to line: one struct lec_request a letter. Line to core: one struct lec_head a letter, then what its kind says.
 *
 * Threads: pure functions. */
#ifndef LECTERN_FRAME_H
#define LECTERN_FRAME_H

#include "lectern/buf.h"
#include "lectern/model.h"
#include "line/dev.h"
#include "line/op.h"

#define LEC_ARGS_MAX     8             /* arguments of an action; config refuses more */
#define LEC_DATAGRAM_MAX 1500          /* of a notice */
#define LEC_REPORT_FRAME (256u * 1024) /* most bytes in one message to the core */

/* ---- Core to line ------------------------------------------------------------------------------------------- */

enum lec_ask {
    LEC_ASK_SET = 1, /* make the point hold values[0] */
    LEC_ASK_INVOKE,  /* action with n_values arguments */
    LEC_ASK_READ,    /* one fresh read */
    LEC_ASK_STOP,    /* end operation `op` */
    LEC_ASK_NOTICE,  /* a datagram for the device: `len` bytes in `data` */
    LEC_ASK_TRACE,   /* `on`: tell every byte */
    LEC_ASK_RATE,    /* point `item` shall be sampled each `period_ns` (0: as its profile says); `on`: a polled point
                       tells each reading, good or bad, changed or not, as a block of one. Answered with LEC_TELL_RATE.
                       The wish stays until the next one: a streaming device that comes back is asked again */
};

struct lec_request {
    enum lec_ask ask;
    uint32_t device; /* index on this line */
    uint32_t item;   /* index of the point or action */
    uint64_t op;
    int64_t deadline;  /* monotonic */
    int64_t period_ns; /* RATE */
    bool check_first;  /* SET: read first, done if it holds */
    bool tell_sent;    /* LEC_TELL_SENT is wanted */
    bool on;           /* TRACE */
    int because;       /* STOP: enum lec_verdict */
    uint32_t n_values;
    uint32_t len;
    union {
        struct lec_value values[LEC_ARGS_MAX];
        char data[LEC_DATAGRAM_MAX + 1];
    };
};

/* Bytes of `r` that have to travel. */
size_t lec_request_size(const struct lec_request *r);

/* ---- Line to core ------------------------------------------------------------------------------------------- */

enum lec_tell {
    LEC_TELL_VALUES = 1,  /* records, see lec_record_* */
    LEC_TELL_STATUS,      /* the device is online or away: struct lec_status */
    LEC_TELL_SENT,        /* operation `op`: the command is on its way */
    LEC_TELL_ACCEPTED,    /* operation `op`: acknowledged, confirmation follows */
    LEC_TELL_DONE,        /* operation `op`: struct lec_op_result */
    LEC_TELL_READ,        /* operation `op`: struct lec_fresh */
    LEC_TELL_EVENT,       /* name, NUL, JSON, NUL */
    LEC_TELL_BLOCK,       /* struct lec_block_head, then float64 */
    LEC_TELL_CALIBRATION, /* struct lec_told_calibration */
    LEC_TELL_RATE,        /* operation `op`: struct lec_told_rate; op 0: asked again after the device came back */
    LEC_TELL_TRACE,       /* 's' or 'r', then bytes */
    LEC_TELL_COUNTERS,    /* struct lec_counters */
    LEC_TELL_NOTICE,      /* from the notice thread: bytes of a datagram for this device */
    LEC_TELL_ENDED,       /* the thread is about to return */
};

struct lec_head {
    enum lec_tell tell;
    uint32_t line;   /* the number given at start */
    uint32_t device; /* index on the line */
    uint32_t count;  /* VALUES: records */
    uint64_t op;
};

struct lec_status {
    bool online;
    int code; /* LEC_E_* when away */
    char reason[LEC_ERR_TEXT];
};

struct lec_fresh {
    int code; /* 0, or why there is no value */
    enum lec_quality quality;
    struct lec_value value;
    char reason[LEC_ERR_TEXT];
};

struct lec_block_head {
    uint32_t point, n;
    uint32_t flags; /* LEC_BLOCK_* */
    int64_t first_ns;
    double interval_ns, drift_ppm;
    uint64_t lost;
};

struct lec_told_calibration {
    uint32_t point;
    struct lec_calibration calibration;
};

struct lec_told_rate {
    uint32_t point;
    int code;           /* 0; LEC_E_LINK: away, asked again when it is back; LEC_E_RANGE... why not */
    int64_t granted_ns; /* 0: the device's own, which is not known */
    char reason[LEC_ERR_TEXT];
};

/* One point in a VALUES message. `changed` false: only the time is new, value and reason are not sent. */
struct lec_record {
    uint32_t point;
    bool changed;
    enum lec_quality quality;
    int64_t time_us; /* wall */
    int64_t time_ns; /* monotonic */
    struct lec_value value;
    char reason[LEC_ERR_TEXT];
};

/* Appends a record; only the bytes that matter travel. */
void lec_record_put(struct lec_buf *b, const struct lec_record *r);
/* Takes the record at *at (of `end`), moves *at behind it. Returns false when the bytes do not make one. */
bool lec_record_take(const char **at, const char *end, struct lec_record *out);

#endif
