/* The device's side of a conversation, written down. A driver test says what the host must send and what the device
 * answers, as the protocol's own document would show it, and plays that against the real driver:
 *
 *     static const struct lec_turn warming_up[] = {
 *         {.device = "PJLINK 0\r"},
 *         {.host = "%1POWR ?\r"}, {.device = "%1POWR=3\r"},
 *         {.host = "%1POWR 1\r"}, {.device = "%1POWR="}, {.device = "ERR3\r"},   // in two pieces
 *         {0},
 *     };
 *
 * A thread plays the turns in order. What the host says is compared byte by byte; the first difference ends the
 * conversation (the line is closed, so that the driver fails at once) and is told by lec_script_end. So is a turn that
 * was never reached, and anything that the host says after the last one. Nothing here sleeps: each wait ends when what
 * it waits for happens, or after LEC_SCRIPT_PATIENCE_MS, which only a failing test ever sees.
 *
 * The line is a socket pair. A script with an `accept` turn is played on a TCP port of this machine instead, for drivers
 * that connect several times (lec_line_reconnect).
 *
 * A fuzzer wants no thread: struct lec_feed gives a driver bytes in chunks, one more each time it has sent something.
 *
 * Threads: one thread starts and ends a script; its player touches nothing of the test's. */
#ifndef LECTERN_TEST_SCRIPT_H
#define LECTERN_TEST_SCRIPT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEC_SCRIPT_PATIENCE_MS 10000
#define LEC_SAID_MAX           512 /* bytes remembered of an `until` turn */

/* One turn; exactly one of host, until, device, pause_ms, accept, close, reset is set, and a row of zeros ends. */
struct lec_turn {
    const char *host; /* the host says exactly this */
    size_t host_n;    /* its bytes; 0: up to the NUL */
    /* The host says anything that ends with this byte: what a test cannot foretell, such as a random challenge. The
     * bytes of the last such turn are kept for lec_script_said. */
    char until;
    /* The device says this. On a socket pair, a second `device` turn right after another waits until the host has
     * taken the first, so that the two are sure to arrive as two reads; within one turn they are sure to be one. */
    const char *device;
    size_t device_n; /* its bytes; 0: up to the NUL */
    int pause_ms;    /* the device stays silent for so long (to make the host wait, not to wait for the host) */
    bool accept;     /* a new connection is made; the old one, if any, is closed first */
    bool close;      /* the device closes the connection */
    bool reset;      /* likewise, rudely: the host sees a reset */
};

struct lec_script {
    const struct lec_turn *turns;
    size_t at; /* the turn being played */
    int fd, listener;
    bool started;
    pthread_t thread;
    char said[LEC_SAID_MAX];
    size_t said_n;
    char mistake[600]; /* "" if none */
};

/* Starts to play. `turns` are lent until lec_script_end. Returns the host's end of a socket pair, which the caller
 * closes; or, when the script has an `accept` turn, -1, with the TCP port on 127.0.0.1 in *port. Aborts with a message
 * when the machine refuses. */
int lec_script_start(struct lec_script *s, const struct lec_turn *turns, uint16_t *port);

/* Waits for the player, which ends when the host has closed its end: close it first. Returns NULL when everything was
 * said as written, else a sentence: which turn (counted from 1), what was expected, and what came. Ending twice or
 * ending a zeroed struct is allowed. The sentence is lent until the next start. */
const char *lec_script_end(struct lec_script *s);

/* What the host said in the last `until` turn, with a NUL added. After lec_script_end. */
const char *lec_script_said(const struct lec_script *s);

/* Writes bytes as a C string would show them (\r \n \t \0 \xHH), cut with "..." when they do not fit. Returns `out`.
 * size: at least 8. */
const char *lec_show_bytes(const void *data, size_t n, char *out, size_t size);

/* ---- Without a thread ---------------------------------------------------------------------------------------- */

/* Bytes for a driver, in chunks that the byte 0xff ends. The first is there at the start; each time the host has sent
 * something (lec_feed_more), the next one is. After the last the line is closed, so that no driver waits for more.
 * What the host says is dropped. */
struct lec_feed {
    const uint8_t *data;
    size_t n, at;
    int fd; /* -1 when ended */
};

/* Returns the host's end, which the caller closes. `data` is lent until lec_feed_end. */
int lec_feed_start(struct lec_feed *f, const uint8_t *data, size_t n);
void lec_feed_more(struct lec_feed *f);
void lec_feed_end(struct lec_feed *f);

#endif
