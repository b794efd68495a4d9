/* A line's thread with a device that streams: what it tells the core, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lectern/log.h"
#include "line/actor.h"
#include "mailbox/waiter.h"

#define PATIENCE_NS (20 * LEC_SEC)
#define LONG_NS     (3600 * LEC_SEC) /* longer than any machine stands still */

/* ---- A device whose driver does as the test says ------------------------------------------------------------ */

static struct {
    int pipe[2]; /* a byte to the driver: what its input shall do */
    _Atomic int opens, rates, polls;
    _Atomic int64_t rate_ns;
    _Atomic bool unread;
} dev;

static int driver_open(struct lec_dev *d, struct lec_err *err)
{
    (void)err;
    lec_dev_watch(d, dev.pipe[0]);
    atomic_fetch_add(&dev.opens, 1);
    return 0;
}

static int driver_input(struct lec_dev *d, struct lec_err *err)
{
    static double samples[20000];
    char what = 0;
    if (read(dev.pipe[0], &what, 1) != 1)
        return 0;
    struct lec_block block = {
        .raw = samples, .n = 3, .first_ns = 1000, .interval_ns = 10, .lost = 4, .flags = LEC_BLOCK_OVERRUN};
    for (size_t i = 0; i < ARRAY_LEN(samples); i++)
        samples[i] = (double)i;
    switch (what) {
    case 's':
        lec_dev_block(d, &d->desc->points[0], &block);
        return 0;
    case 'l': /* larger than travels in one piece */
        block.n = ARRAY_LEN(samples);
        lec_dev_block(d, &d->desc->points[0], &block);
        return 0;
    case 'c': {
        struct lec_calibration c;
        lec_calibration_none(&c);
        c.kind = LEC_CAL_LINEAR;
        c.n = 2;
        c.c[1] = 7;
        lec_dev_calibration(d, &d->desc->points[0], &c);
        return 0;
    }
    case 'g': /* it speaks, and then nothing that can be understood */
        lec_dev_block(d, &d->desc->points[0], &block);
        return lec_fail(err, LEC_E_FRAME, "gibberish");
    default:
        return lec_fail(err, LEC_E_LINK, "the plug is out");
    }
}

static int driver_poll(struct lec_dev *d, const struct lec_point *const due[], size_t n, struct lec_err *err)
{
    (void)err;
    int k = atomic_fetch_add(&dev.polls, 1);
    struct lec_value v = lec_float(5);
    for (size_t i = 0; i < n; i++) {
        assert_false(due[i]->stream);
        if (k % 2 == 1)
            lec_dev_publish_bad(d, due[i], "every other time");
        else
            lec_dev_publish(d, due[i], &v);
    }
    return 0;
}

static int driver_rate(struct lec_dev *d, const struct lec_point *point, int64_t period_ns, int64_t *granted_ns,
                       struct lec_err *err)
{
    (void)d;
    (void)point;
    if (period_ns == 13 * LEC_MS)
        return lec_fail(err, LEC_E_REFUSED, "not thirteen");
    atomic_store(&dev.rate_ns, period_ns);
    atomic_fetch_add(&dev.rates, 1);
    *granted_ns = period_ns > 0 ? period_ns : 100 * LEC_MS;
    return 0;
}

static const struct lec_driver streaming = {LEC_DRIVER_HEAD, .schema = {.name = "test"}, .open = driver_open,
                                            .input = driver_input, .rate = driver_rate};
static const struct lec_driver both = {LEC_DRIVER_HEAD, .schema = {.name = "test"}, .open = driver_open,
                                       .input = driver_input, .poll = driver_poll};

/* ---- The stage ---------------------------------------------------------------------------------------------- */

struct stage {
    struct lec_room room;
    struct lec_point points[2];
    struct lec_device desc;
    const struct lec_device *devices[1];
    const struct lec_driver *drivers[1];
    struct lec_mailbox *inbox;
    struct lec_waiter *waiter;
    struct lec_line_actor *actor;
    struct lec_letter *letter; /* the last one of `next` */
};

static void begin(struct stage *s, const struct lec_driver *driver, int64_t timeout_ns, int64_t away_ns)
{
    lec_log_set_level(LEC_LOG_ERROR);
    memset(&dev, 0, sizeof dev);
    assert_int_equal(pipe(dev.pipe), 0);
    *s = (struct stage){.room = {.id = "r", .site = "s"}};
    s->points[0] = (struct lec_point){.name = "a",
                                      .index = 0,
                                      .device = &s->desc,
                                      .type = LEC_FLOAT,
                                      .access = LEC_READ,
                                      .period_ns = 5 * LEC_SEC,
                                      .stream = true,
                                      .fastest_ns = 5 * LEC_MS};
    s->points[1] = (struct lec_point){.name = "b",
                                      .index = 1,
                                      .device = &s->desc,
                                      .type = LEC_FLOAT,
                                      .access = LEC_READ,
                                      .period_ns = LEC_NEVER,
                                      .fastest_ns = 10 * LEC_MS};
    s->desc = (struct lec_device){.name = "d",
                                  .room = &s->room,
                                  .points = s->points,
                                  .n_points = 2,
                                  .timeout_ns = timeout_ns,
                                  .away_period_ns = away_ns};
    s->devices[0] = &s->desc;
    s->drivers[0] = driver;
    s->inbox = lec_mailbox_new(LEC_INBOX_MESSAGES, LEC_INBOX_BYTES);
    s->waiter = lec_waiter_new();
    assert_non_null(s->waiter);
    assert_int_equal(lec_waiter_add_mailbox(s->waiter, s->inbox, 0), 0);
    struct lec_line_setup setup = {.devices = s->devices, .drivers = s->drivers, .n_devices = 1, .inbox = s->inbox};
    struct lec_err err;
    assert_int_equal(lec_line_begin(&setup, &s->actor, NULL, &err), 0);
}

static void end(struct stage *s)
{
    lec_line_join(&s->actor);
    free(s->letter);
    lec_waiter_free(&s->waiter);
    lec_mailbox_free(&s->inbox);
    close(dev.pipe[0]);
    close(dev.pipe[1]);
}

static void tell(char what)
{
    assert_int_equal(write(dev.pipe[1], &what, 1), 1);
}

/* The next letter of that kind; what comes before it is dropped. */
static const char *next(struct stage *s, enum lec_tell kind, struct lec_head *head)
{
    int64_t deadline = lec_now() + PATIENCE_NS;
    while (lec_now() < deadline) {
        free(s->letter);
        s->letter = lec_mailbox_take(s->inbox);
        if (!s->letter) {
            lec_waiter_wait(s->waiter, deadline);
            continue;
        }
        memcpy(head, s->letter->data, sizeof *head);
        if (head->tell == kind)
            return s->letter->data + sizeof *head;
    }
    fail_msg("nothing of kind %d came", (int)kind);
    return NULL;
}

static struct lec_status next_status(struct stage *s)
{
    struct lec_head head;
    struct lec_status status;
    memcpy(&status, next(s, LEC_TELL_STATUS, &head), sizeof status);
    return status;
}

/* However often it was away until then, on a machine that was slow to say something for it. */
static void until_online(struct stage *s)
{
    while (!next_status(s).online)
        ;
}

static struct lec_block_head next_block(struct stage *s, double *first)
{
    struct lec_head head;
    struct lec_block_head block;
    const char *data = next(s, LEC_TELL_BLOCK, &head);
    memcpy(&block, data, sizeof block);
    assert_int_equal(s->letter->n, sizeof head + sizeof block + block.n * sizeof(double));
    memcpy(first, data + sizeof block, sizeof *first);
    return block;
}

static struct lec_told_rate rate(struct stage *s, uint32_t item, int64_t period_ns, bool on)
{
    static uint64_t op = 100;
    struct lec_request r = {.ask = LEC_ASK_RATE, .item = item, .op = ++op, .period_ns = period_ns, .on = on};
    struct lec_head head = {0};
    struct lec_told_rate told = {0};
    assert_int_equal(lec_line_ask(s->actor, &r), 0);
    while (head.op != op)
        memcpy(&told, next(s, LEC_TELL_RATE, &head), sizeof told);
    assert_int_equal(told.point, item);
    return told;
}

/* ---- Tests -------------------------------------------------------------------------------------------------- */

static void a_streaming_device_is_online_by_its_first_block(void **state)
{
    struct stage s;
    double first;
    (void)state;
    begin(&s, &streaming, LONG_NS, LEC_SEC);
    tell('s');
    assert_true(next_status(&s).online);
    struct lec_block_head block = next_block(&s, &first);
    assert_int_equal(block.n, 3);
    assert_int_equal(block.lost, 4);
    assert_int_equal(block.first_ns, 1000);
    end(&s);
}

static void a_large_block_travels_in_pieces(void **state)
{
    struct stage s;
    double first;
    (void)state;
    begin(&s, &streaming, LONG_NS, LEC_SEC);
    tell('l');
    uint32_t told = 0;
    for (int i = 0; told < 20000; i++) {
        struct lec_block_head block = next_block(&s, &first);
        assert_true(block.n <= LEC_BLOCK_SAMPLES);
        assert_true(first == told);
        assert_int_equal(block.first_ns, 1000 + 10 * told);
        assert_int_equal(block.lost, i == 0 ? 4 : 0);
        assert_int_equal(block.flags, i == 0 ? LEC_BLOCK_OVERRUN : 0);
        told += block.n;
    }
    assert_int_equal(told, 20000);
    end(&s);
}

static void a_device_that_falls_silent_is_away_and_says_why(void **state)
{
    struct stage s;
    double first;
    (void)state;
    begin(&s, &streaming, 300 * LEC_MS, LONG_NS);
    tell('s');
    until_online(&s);
    struct lec_status status = next_status(&s);
    assert_false(status.online);
    assert_int_equal(status.code, LEC_E_TIMEOUT);
    assert_string_equal(status.reason, "nothing came in 300ms");
    assert_int_equal(atomic_load(&dev.opens), 1); /* listened to, not opened anew */
    tell('s');
    until_online(&s);
    (void)next_block(&s, &first);
    tell('g');
    do /* a machine that stood still before this has told of silence once more */
        status = next_status(&s);
    while (status.online || status.code == LEC_E_TIMEOUT);
    assert_int_equal(status.code, LEC_E_FRAME);
    assert_string_equal(status.reason, "gibberish");
    end(&s);
}

static void a_device_that_never_speaks_is_away_and_opened_anew_after_a_while(void **state)
{
    struct stage s;
    (void)state;
    begin(&s, &streaming, 300 * LEC_MS, LEC_SEC);
    assert_false(next_status(&s).online);
    int64_t deadline = lec_now() + PATIENCE_NS;
    while (atomic_load(&dev.opens) < 2 && lec_now() < deadline)
        (void)poll(NULL, 0, 5);
    assert_true(atomic_load(&dev.opens) >= 2);
    end(&s);
}

static void a_rate_is_asked_again_after_a_reconnect(void **state)
{
    struct stage s;
    struct lec_head head;
    struct lec_told_rate told;
    (void)state;
    begin(&s, &streaming, LONG_NS, LEC_SEC);
    tell('s');
    assert_true(next_status(&s).online);
    told = rate(&s, 0, 20 * LEC_MS, true);
    assert_int_equal(told.code, 0);
    assert_int_equal(told.granted_ns, 20 * LEC_MS);
    assert_int_equal(atomic_load(&dev.rate_ns), 20 * LEC_MS);
    tell('x'); /* out */
    struct lec_status status = next_status(&s);
    assert_false(status.online);
    assert_string_equal(status.reason, "the plug is out");
    memcpy(&told, next(&s, LEC_TELL_RATE, &head), sizeof told); /* in again */
    assert_int_equal(head.op, 0);
    assert_int_equal(told.granted_ns, 20 * LEC_MS);
    assert_int_equal(atomic_load(&dev.rates), 2);
    assert_int_equal(atomic_load(&dev.opens), 2);
    assert_int_equal(rate(&s, 0, 0, false).granted_ns, 100 * LEC_MS);
    end(&s);
}

static void a_rate_that_cannot_be_is_refused(void **state)
{
    struct stage s;
    (void)state;
    begin(&s, &streaming, LONG_NS, LEC_SEC);
    tell('s');
    assert_true(next_status(&s).online);
    struct lec_told_rate told = rate(&s, 0, LEC_MS, true);
    assert_int_equal(told.code, LEC_E_RANGE);
    assert_non_null(strstr(told.reason, "5ms"));
    told = rate(&s, 0, 13 * LEC_MS, true);
    assert_int_equal(told.code, LEC_E_REFUSED);
    assert_string_equal(told.reason, "not thirteen");
    assert_int_equal(rate(&s, 1, LEC_SEC, true).code, LEC_E_NOTSUP); /* nothing polls here */
    end(&s);
}

static void a_polled_point_tells_each_reading_as_a_block_of_one(void **state)
{
    struct stage s;
    double first;
    (void)state;
    begin(&s, &both, LONG_NS, LEC_SEC);
    tell('s');
    assert_true(next_status(&s).online);
    assert_int_equal(atomic_load(&dev.polls), 0); /* period never, and a stream is not polled */
    struct lec_told_rate told = rate(&s, 1, 20 * LEC_MS, true);
    assert_int_equal(told.code, 0);
    assert_int_equal(told.granted_ns, 20 * LEC_MS);
    assert_int_equal(rate(&s, 1, LEC_MS, true).code, LEC_E_RANGE);
    int64_t before = 0;
    int good = 0, bad = 0;
    while (good < 5 || bad < 5) { /* the value never changes: each reading is told all the same */
        struct lec_block_head block = next_block(&s, &first);
        if (block.point != 1)
            continue;
        assert_int_equal(block.n, 1);
        assert_true(block.interval_ns == 20 * LEC_MS);
        if (block.flags & LEC_BLOCK_BAD) {
            assert_true(isnan(first));
            bad++;
        } else {
            assert_true(first == 5);
            assert_true(block.first_ns > before);
            before = block.first_ns;
            good++;
        }
    }
    assert_int_equal(rate(&s, 1, 0, false).granted_ns, 0);
    int polls = atomic_load(&dev.polls);
    tell('c'); /* and a while later: not polled any more */
    struct lec_head head;
    struct lec_told_calibration calibration;
    memcpy(&calibration, next(&s, LEC_TELL_CALIBRATION, &head), sizeof calibration);
    assert_int_equal(calibration.point, 0);
    assert_true(calibration.calibration.c[1] == 7);
    (void)poll(NULL, 0, 100); /* five of its periods */
    assert_int_equal(atomic_load(&dev.polls), polls);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_streaming_device_is_online_by_its_first_block),
        cmocka_unit_test(a_large_block_travels_in_pieces),
        cmocka_unit_test(a_device_that_falls_silent_is_away_and_says_why),
        cmocka_unit_test(a_device_that_never_speaks_is_away_and_opened_anew_after_a_while),
        cmocka_unit_test(a_rate_is_asked_again_after_a_reconnect),
        cmocka_unit_test(a_rate_that_cannot_be_is_refused),
        cmocka_unit_test(a_polled_point_tells_each_reading_as_a_block_of_one),
    };
    return cmocka_run_group_tests_name("line_stream", tests, NULL, NULL);
}
