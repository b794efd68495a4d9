/* Errors: a code for the machine, a sentence for the person.
 *
 * A call that can fail returns 0 (or a count) or one of the negative codes below, and fills a
 * caller-owned struct lec_err. On failure other outputs are untouched. Never test the struct to learn
 * whether something failed: test the return value. A NULL `err` is allowed everywhere and drops the text.
 *
 * Threads: no shared state; a struct lec_err belongs to its caller. */
#ifndef LECTERN_ERR_H
#define LECTERN_ERR_H

#include <stddef.h>

#ifdef __GNUC__
#define LEC_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define LEC_PRINTF(fmt, first)
#endif

#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))

/* Each code exists because the core does something different on it. */
enum lec_code {
    LEC_OK = 0,
    LEC_E_TIMEOUT = -1,   /* no answer before the deadline: ask again, then points go stale; a write is read back */
    LEC_E_LINK = -2,      /* the line is gone: close, reopen with growing pauses, all points stale */
    LEC_E_FRAME = -3,     /* bytes came, but not a valid reply: flush, count, ask again */
    LEC_E_REFUSED = -4,   /* the device said no: tell the asker, do not repeat */
    LEC_E_BUSY = -5,      /* the device said "not now" (warming up, cooling): try again until the asker's deadline */
    LEC_E_RANGE = -6,     /* outside the point's limits: tell the asker; nothing was sent */
    LEC_E_CONFIG = -7,    /* profile or room file is wrong: refuse, naming file and line */
    LEC_E_NOTSUP = -8,    /* the device lacks this: drop the point until the next open, say so once */
    LEC_E_CANCELLED = -9, /* the asker or the program does not want it any more: unwind quietly */
    LEC_E_NOMEM = -10,    /* out of memory, or a limit of ours reached: fail this request only */
    LEC_E_BUG = -11,      /* our own mistake: fail this request and log an error */
};

#define LEC_ERR_TEXT 256

struct lec_err {
    int code; /* the code last stored by lec_fail */
    char text[LEC_ERR_TEXT];
};

/* Stores code and sentence in `err` and returns `code`, so that it ends a function: return lec_fail(...).
 * A sentence too long for the struct is cut on a UTF-8 boundary. No full stop at the end. */
int lec_fail(struct lec_err *err, int code, const char *fmt, ...) LEC_PRINTF(3, 4);

/* Puts "context: " in front of the sentence in `err` and returns its code:
 * return lec_because(err, "%s", point->name); gives "power: no reply in 300 ms". */
int lec_because(struct lec_err *err, const char *fmt, ...) LEC_PRINTF(2, 3);

/* The code as a word for logs, counters and the bus: "timeout", "link", "frame", "refused", "busy", "range",
 * "config", "unsupported", "cancelled", "memory", "bug"; "ok" for 0 and above. Static. */
const char *lec_code_name(int code);

#endif
