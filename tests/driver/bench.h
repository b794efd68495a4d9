/* A bench for one device: a driver, a profile, and a line to a script (driver/script.h) or a feed of bytes. It hosts the
 * driver as the daemon's line thread does (daemon/line/dev.h) and remembers what the driver says.
 *
 *     struct lec_bench b;
 *     lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile = "epson/eb-l200f"});
 *     lec_bench_play(&b, warming_up);
 *     assert_int_equal(lec_bench_open(&b), 0);
 *     assert_int_equal(lec_bench_poll(&b, "power input"), 0);
 *     assert_string_equal(lec_bench_point(&b, "power"), "warming");
 *     assert_int_equal(lec_bench_write(&b, "power", "on"), LEC_E_BUSY);
 *     assert_string_equal(b.err.text, "...");
 *     assert_null(lec_bench_finish(&b));       // everything was said as written
 *     lec_bench_end(&b);
 *
 * The driver's source is compiled into the test (its one symbol is lec_driver_entry), so that sanitizers and a debugger
 * see it; loading it as a module is tested with the loader.
 *
 * A mistake in the set-up itself (no such profile, no such point) aborts the test with a message.
 *
 * Threads: the test's. */
#ifndef LECTERN_TEST_BENCH_H
#define LECTERN_TEST_BENCH_H

#include "driver/script.h"
#include "lectern/driver.h"
#include "line/dev.h"

#define LEC_BENCH_EVENTS  16  /* events remembered; more abort */
#define LEC_BENCH_SAMPLES 256 /* samples remembered; later ones are counted only */

struct lec_bench_setup {
    const char *profile;      /* "epson/eb-l200f": one that ships, or... */
    const char *profile_text; /* ...the text of one, complete with its [device] section */
    const char *device;       /* further lines for the room's [device] section; NULL: none */
    const char *secrets;      /* lines of the secrets file for this device ("password = x"); NULL: none */
    const char *line;         /* the room's line; NULL: "tcp://127.0.0.1:9". Never opened, the script stands for it */
};

struct lec_bench_event {
    char name[48], data[256];
};

struct lec_bench {
    const struct lec_room *room;
    const struct lec_device *device;
    struct lec_hosted hosted;
    struct lec_port port;
    struct lec_sink sink;
    struct lec_err err; /* of the last callback that failed */

    char (*said)[LEC_ERR_TEXT + LEC_TEXT_MAX]; /* per point: as lec_bench_point returns it */
    size_t *said_n;                            /* per point: how often it was published */
    struct lec_bench_event events[LEC_BENCH_EVENTS];
    size_t n_events;
    double samples[LEC_BENCH_SAMPLES]; /* of all blocks, in order */
    size_t n_samples;
    int64_t first_ns; /* of the last block */
    double interval_ns;
    uint16_t listens; /* the port of the last lec_dev_listen; 0: none */
    int listen_code;  /* what lec_dev_listen shall return; 0 */

    struct lec_line line; /* where a script with `accept` listens */
    struct lec_script script;
    struct lec_feed feed;
    bool playing, feeding, tcp;
};

/* The driver that is compiled into the test. */
extern const struct lec_driver lec_driver_entry;

/* Loads the profile and prepares the device. Aborts, telling every mistake, when the profile is wrong. */
void lec_bench_begin(struct lec_bench *b, const struct lec_driver *driver, const struct lec_bench_setup *setup);
/* Finishes a script under way and frees everything. Accepts a zeroed struct. */
void lec_bench_end(struct lec_bench *b);

/* What is wrong with a profile: all mistakes, one a line, as "line N: text"; "" if it is right. Returns `text`. */
const char *lec_bench_mistakes(const struct lec_driver *driver, const struct lec_bench_setup *setup, char *text,
                               size_t size);

/* Starts a script (after finishing the one before). The line is up at once, or with `accept` when opened. */
void lec_bench_play(struct lec_bench *b, const struct lec_turn *turns);
/* Closes device and line and ends the script: NULL, or what did not go as written. */
const char *lec_bench_finish(struct lec_bench *b);
/* Bytes instead of a script, for fuzzers: see struct lec_feed. Finish ends it. */
void lec_bench_feed(struct lec_bench *b, const uint8_t *data, size_t n);

/* One callback each, as the framework would make it. They return its code and keep its sentence in b->err.
 * open: connects first if the line is not open. A failure closes the line. */
int lec_bench_open(struct lec_bench *b);
void lec_bench_close(struct lec_bench *b);
/* `points`: names with spaces between them, NULL for all of the device. Dropped points are left out; nothing is asked if
 * none is left (returns 0). */
int lec_bench_poll(struct lec_bench *b, const char *points);
/* `value` is read by the point's type and checked against its limits first. */
int lec_bench_write(struct lec_bench *b, const char *point, const char *value);
/* `args`: values with spaces between them; NULL for none. */
int lec_bench_invoke(struct lec_bench *b, const char *action, const char *args);
int lec_bench_input(struct lec_bench *b);
/* Waits until something has come that nobody has read, or the device has hung up. */
void lec_bench_wait(struct lec_bench *b);
int lec_bench_notice(struct lec_bench *b, const void *data, size_t n);

/* What the driver last said of a point: "on" for a good value, "bad: why" for a bad one, "" for nothing yet. */
const char *lec_bench_point(const struct lec_bench *b, const char *point);
/* How often the driver has said something of it. */
size_t lec_bench_count(const struct lec_bench *b, const char *point);
bool lec_bench_dropped(const struct lec_bench *b, const char *point);
/* Whether lec_dev_poll_soon was called for it since its last poll. */
bool lec_bench_soon(const struct lec_bench *b, const char *point);
/* Forgets values, counts, events and samples. */
void lec_bench_forget(struct lec_bench *b);

#endif
