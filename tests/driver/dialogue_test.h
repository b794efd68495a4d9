/* What tests of the dialogue driver share: turns in bytes, and a bench that tells what went wrong. */
#ifndef LECTERN_TEST_DIALOGUE_H
#define LECTERN_TEST_DIALOGUE_H

#include "driver/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Turns whose bytes may contain NULs. */
#define HOST(bytes)                                                                                                    \
    {                                                                                                                  \
        .host = (bytes), .host_n = sizeof(bytes) - 1                                                                   \
    }
#define DEVICE(bytes)                                                                                                  \
    {                                                                                                                  \
        .device = (bytes), .device_n = sizeof(bytes) - 1                                                               \
    }

/* For the room's [device]: pauses between exchanges are not what most tests are about. */
#define NO_GAP "gap = 0\n"

static struct lec_bench b;

static inline int teardown(void **state)
{
    (void)state;
    lec_bench_end(&b);
    return 0;
}

static inline void as_written(void)
{
    const char *mistake = lec_bench_finish(&b);
    if (mistake)
        fail_msg("%s", mistake);
}

/* A shipped profile, and the conversation with it, up to where it is open. */
static inline void begin_with(const struct lec_bench_setup *setup, const struct lec_turn *turns)
{
    lec_bench_begin(&b, &lec_driver_entry, setup);
    lec_bench_play(&b, turns);
    if (lec_bench_open(&b) < 0)
        fail_msg("open: %s", b.err.text);
}

static inline void begin(const char *profile, const struct lec_turn *turns)
{
    begin_with(&(struct lec_bench_setup){.profile = profile, .device = NO_GAP}, turns);
}

static inline void begin_text(const char *text, const struct lec_turn *turns)
{
    begin_with(&(struct lec_bench_setup){.profile_text = text}, turns);
}

static inline void poll_gives(const char *point, const char *value)
{
    if (lec_bench_poll(&b, point) < 0)
        fail_msg("%s: %s", point, b.err.text);
    assert_string_equal(lec_bench_point(&b, point), value);
}

static inline void write_gives(const char *point, const char *value, int code)
{
    int rc = lec_bench_write(&b, point, value);
    if (rc != code)
        fail_msg("%s = %s: got %d (%s), expected %d", point, value, rc, rc < 0 ? b.err.text : "", code);
}

static inline void invoke_gives(const char *action, const char *args, int code)
{
    int rc = lec_bench_invoke(&b, action, args);
    if (rc != code)
        fail_msg("%s: got %d (%s), expected %d", action, rc, rc < 0 ? b.err.text : "", code);
}

#endif
