/* Which points of a device are asked with each poll: together as long as nothing happens to one alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/clock.h"
#include "lectern/log.h"
#include "line/line.h"

#define POINTS    4
#define PERIOD_NS (100 * LEC_MS)
#define LATE_NS   LEC_MS /* how long after its time the line's thread gets to a poll */

static struct {
    char asked[POINTS + 1]; /* "abcd": the points of the last poll */
    int polls, soon, drop;  /* what the next poll shall ask for or drop; -1: nothing */
    int fails;
    const char *same; /* only these are told, as the same; NULL: each is published */
} dev;

static int driver_poll(struct lec_dev *d, const struct lec_point *const due[], size_t n, struct lec_err *err)
{
    struct lec_value v = lec_int(1);
    dev.polls++;
    for (size_t i = 0; i < n; i++)
        dev.asked[i] = due[i]->name[0];
    dev.asked[n] = '\0';
    if (dev.fails > 0) {
        dev.fails--;
        return lec_fail(err, LEC_E_TIMEOUT, "no reply");
    }
    const struct lec_point *same[POINTS];
    size_t n_same = 0;
    for (size_t i = 0; i < n && dev.same; i++)
        if (strchr(dev.same, due[i]->name[0]))
            same[n_same++] = due[i];
    if (n_same > 0)
        lec_dev_same(d, same, n_same);
    for (size_t i = 0; i < n && !dev.same; i++) {
        if ((int)due[i]->index == dev.drop)
            lec_dev_drop(d, due[i], "no such register");
        else
            lec_dev_publish(d, due[i], &v);
    }
    if (dev.soon >= 0)
        lec_dev_poll_soon(d, &d->desc->points[dev.soon]);
    dev.soon = dev.drop = -1;
    return 0;
}

static const struct lec_driver driver = {LEC_DRIVER_HEAD, .schema = {.name = "test"}, .poll = driver_poll};

/* One device on a line without a thread: the test is the thread, and time is what it says. */
struct stage {
    int64_t clock;
    struct lec_room room;
    struct lec_point points[POINTS];
    struct lec_device desc;
    const struct lec_device *devices[1];
    const struct lec_driver *drivers[1];
    struct lec_line_setup setup;
    struct line line;
    struct line_device device;
};

static void pass_until(struct stage *s, int64_t at)
{
    if (s->clock < at)
        s->clock = at;
    lec_clock_fake(s->clock, 0);
}

static void begin(struct stage *s)
{
    static const char *const names[POINTS] = {"a", "b", "c", "d"};
    lec_log_set_level(LEC_LOG_ERROR);
    memset(&dev, 0, sizeof dev);
    dev.soon = dev.drop = -1;
    *s = (struct stage){.room = {.id = "r", .site = "s"}};
    for (size_t i = 0; i < POINTS; i++)
        s->points[i] = (struct lec_point){.name = names[i],
                                          .index = i,
                                          .device = &s->desc,
                                          .type = LEC_INT,
                                          .access = LEC_READ,
                                          .period_ns = PERIOD_NS};
    s->desc = (struct lec_device){.name = "d",
                                  .room = &s->room,
                                  .points = s->points,
                                  .n_points = POINTS,
                                  .retries = 3,
                                  .timeout_ns = LEC_SEC,
                                  .away_period_ns = LEC_SEC};
    s->devices[0] = &s->desc;
    s->drivers[0] = &driver;
    s->setup = (struct lec_line_setup){.devices = s->devices, .drivers = s->drivers, .n_devices = 1};
    s->line = (struct line){.setup = &s->setup,
                            .devices = &s->device,
                            .n_devices = 1,
                            .flush_at = LEC_NEVER,
                            .cancel_fd = -1,
                            .port = {.cancel_fd = -1},
                            .inbox = lec_mailbox_new(LEC_INBOX_MESSAGES, LEC_INBOX_BYTES)};
    pass_until(s, 1000 * LEC_SEC);
    device_sink(&s->line);
    assert_int_equal(device_init(&s->line, 0, NULL), 0);
}

static void end(struct stage *s)
{
    device_done(&s->device);
    lec_mailbox_free(&s->line.inbox);
    lec_clock_fake(-1, 0);
}

/* The points of the next poll, when its time has come. */
static const char *next(struct stage *s)
{
    for (int before = dev.polls; dev.polls == before;) {
        int64_t at = device_next(&s->device);
        assert_true(at - s->clock < LEC_SEC);
        pass_until(s, at + LATE_NS);
        device_poll(&s->device);
    }
    return dev.asked;
}

static void points_of_one_period_are_asked_together_for_ever(void **state)
{
    struct stage s;
    (void)state;
    begin(&s);
    for (int i = 0; i < 5; i++)
        assert_string_equal(next(&s), "abcd");
    assert_int_equal(s.device.step.n, POINTS); /* as one, or this tests nothing */
    end(&s);
}

static void a_slower_point_goes_with_the_others_when_its_time_has_come(void **state)
{
    struct stage s;
    (void)state;
    begin(&s);
    s.device.slots[2].period_ns = 3 * PERIOD_NS;
    assert_string_equal(next(&s), "abcd");
    for (int i = 0; i < 2; i++) {
        assert_string_equal(next(&s), "abd");
        assert_string_equal(next(&s), "abd");
        assert_int_equal(s.device.step.n, 3);
        assert_string_equal(next(&s), "abcd");
    }
    end(&s);
}

static void a_point_wanted_soon_is_asked_alone_and_the_others_in_their_time(void **state)
{
    struct stage s;
    (void)state;
    begin(&s);
    assert_string_equal(next(&s), "abcd");
    int64_t due = s.device.next_due;
    lec_dev_poll_soon(&s.device.h.dev, &s.points[1]);
    device_heard(&s.device);
    assert_string_equal(next(&s), "b");
    assert_int_equal(s.device.next_due, due);
    dev.soon = 3;
    while (dev.soon >= 0)
        (void)next(&s);
    assert_string_equal(next(&s), "d");
    end(&s);
}

static void a_slower_point_wanted_soon_goes_with_the_others(void **state)
{
    struct stage s;
    (void)state;
    begin(&s);
    s.device.slots[2].period_ns = 100 * PERIOD_NS;
    (void)next(&s);
    assert_string_equal(next(&s), "abd");
    pass_until(&s, s.device.next_due);
    lec_dev_poll_soon(&s.device.h.dev, &s.points[2]);
    assert_string_equal(next(&s), "abcd");
    end(&s);
}

static void a_point_that_was_just_read_misses_one_poll_and_stays_in_step(void **state)
{
    struct stage s;
    struct lec_value v;
    struct lec_err err;
    (void)state;
    begin(&s);
    (void)next(&s);
    assert_string_equal(next(&s), "abcd");
    pass_until(&s, s.device.next_due - PERIOD_NS / 4);
    assert_int_equal(device_read(&s.device, &s.points[2], &v, &err), 0);
    assert_string_equal(next(&s), "abd");
    assert_string_equal(next(&s), "abcd");
    end(&s);
}

/* Points that stand in a row are gone through together, others one by one. */
static void what_is_told_as_the_same_is_told_and_the_rest_is_not(void **state)
{
    static const char *const told[] = {"abcd", "abd", "ac", "bcd", "d", "abc", "ad", "cd", "b", ""};
    struct stage s;
    (void)state;
    begin(&s);
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        dev.same = NULL;
        assert_string_equal(next(&s), "abcd");
        for (size_t k = 0; k < POINTS; k++)
            assert_int_equal(s.device.h.points[k].quality, LEC_GOOD);
        dev.same = told[i];
        assert_string_equal(next(&s), "abcd");
        for (size_t k = 0; k < POINTS; k++)
            assert_int_equal(s.device.h.points[k].quality, strchr(told[i], s.points[k].name[0]) ? LEC_GOOD : LEC_BAD);
        assert_int_equal(s.device.h.n_asked, 0);
    }
    end(&s);
}

static void a_dropped_point_is_asked_no_more(void **state)
{
    struct stage s;
    (void)state;
    begin(&s);
    (void)next(&s);
    dev.drop = 1;
    assert_string_equal(next(&s), "abcd");
    for (int i = 0; i < 3; i++)
        assert_string_equal(next(&s), "acd");
    assert_int_equal(s.device.step.n, 3);
    end(&s);
}

static void what_a_failed_poll_did_not_bring_is_asked_again_at_once(void **state)
{
    struct stage s;
    (void)state;
    begin(&s);
    (void)next(&s);
    assert_string_equal(next(&s), "abcd");
    dev.fails = 1;
    assert_string_equal(next(&s), "abcd");
    assert_true(s.device.next_due <= lec_now());
    assert_string_equal(next(&s), "abcd");
    assert_true(s.device.next_due > lec_now());
    end(&s);
}

static void a_new_period_is_one_points_own(void **state)
{
    struct stage s;
    (void)state;
    begin(&s);
    (void)next(&s);
    assert_string_equal(next(&s), "abcd");
    struct lec_request r = {.ask = LEC_ASK_RATE, .item = 0, .period_ns = PERIOD_NS / 10, .on = true};
    device_rate(&s.device, &r);
    for (int i = 0; i < 3; i++)
        assert_string_equal(next(&s), "a");
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_of_one_period_are_asked_together_for_ever),
        cmocka_unit_test(a_slower_point_goes_with_the_others_when_its_time_has_come),
        cmocka_unit_test(a_point_wanted_soon_is_asked_alone_and_the_others_in_their_time),
        cmocka_unit_test(a_slower_point_wanted_soon_goes_with_the_others),
        cmocka_unit_test(a_point_that_was_just_read_misses_one_poll_and_stays_in_step),
        cmocka_unit_test(what_is_told_as_the_same_is_told_and_the_rest_is_not),
        cmocka_unit_test(a_dropped_point_is_asked_no_more),
        cmocka_unit_test(what_a_failed_poll_did_not_bring_is_asked_again_at_once),
        cmocka_unit_test(a_new_period_is_one_points_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
