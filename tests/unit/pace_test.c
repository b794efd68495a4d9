/* The device's clock against ours: lectern/pace.h. All times here are computed, none is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/clock.h"
#include "lectern/pace.h"

#define assert_near(a, b, by) assert_true(fabs((double)(a) - (double)(b)) <= (by)) /* cmocka's has floats */

#define START (12345 * LEC_SEC + 678901)

/* Always the same numbers, 0 <= x < 1. */
static double chance(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* A device that samples each `interval` (true), sends packets of 1 to `batch` samples, which arrive up to `latency` ms
 * late and never overtake each other. */
struct device {
    double interval, latency_ms;
    unsigned batch;
    uint64_t random, sent;
    int64_t last_arrival;
};

static int64_t truth(const struct device *d, uint64_t number)
{
    return START + (int64_t)((double)number * d->interval);
}

static int64_t packet(struct device *d, uint64_t *count)
{
    d->sent += 1 + (uint64_t)(chance(&d->random) * d->batch);
    int64_t at = truth(d, d->sent - 1) + (int64_t)(chance(&d->random) * d->latency_ms * 1e6);
    d->last_arrival = at > d->last_arrival ? at : d->last_arrival;
    *count = d->sent;
    return d->last_arrival;
}

/* Lets it run `seconds` and returns the greatest error of a told time after the first second, in ns. */
static double run(struct lec_pace *p, struct device *d, double seconds)
{
    double worst = 0;
    uint64_t next = d->sent, count = d->sent;
    int64_t begun = truth(d, d->sent), before = 0;
    while ((double)(truth(d, count) - begun) < seconds * 1e9) {
        int64_t arrived = packet(d, &count);
        assert_int_equal(lec_pace_missing(p, count, arrived), 0);
        lec_pace_arrived(p, count, arrived);
        for (; next < count; next++) {
            int64_t told = lec_pace_time(p, next);
            assert_true(told <= arrived);
            assert_true(told >= before);
            before = told;
            if (truth(d, next) - begun > LEC_SEC)
                worst = fmax(worst, fabs((double)(told - truth(d, next))));
        }
    }
    return worst;
}

static void ten_minutes_at_1_khz_with_200_ppm_and_late_batches_stay_within_one_sample(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign++) {
        struct lec_pace p;
        struct device d = {
            .interval = 1e6 * (1 + sign * 200e-6), .latency_ms = 20, .batch = 16, .random = (uint64_t)(7 + sign)};
        lec_pace_begin(&p, 1e6);
        double worst = run(&p, &d, 600);
        print_message("drift %+d: worst %.0f us, measured drift %.1f ppm\n", sign * 200, worst / 1e3,
                      lec_pace_drift_ppm(&p));
        assert_true(worst < 1e6);
        assert_near(lec_pace_drift_ppm(&p), -sign * 200, 20);
        assert_near(lec_pace_interval(&p), d.interval, 20);
    }
}

static void a_nominal_interval_that_is_five_percent_wrong_is_found_out(void **state)
{
    (void)state;
    struct lec_pace p;
    struct device d = {.interval = 10.5e6, .latency_ms = 15, .batch = 4, .random = 3};
    lec_pace_begin(&p, 10e6);
    assert_true(run(&p, &d, 60) < 10.5e6);
    assert_near(lec_pace_interval(&p), 10.5e6, 5e3);
}

static void without_a_nominal_interval_it_is_measured(void **state)
{
    (void)state;
    struct lec_pace p;
    struct device d = {.interval = 20e6, .latency_ms = 5, .batch = 1, .random = 4};
    lec_pace_begin(&p, 0);
    assert_true(lec_pace_interval(&p) == 0);
    assert_true(run(&p, &d, 30) < 20e6);
    assert_near(lec_pace_interval(&p), 20e6, 2e4);
    assert_true(lec_pace_drift_ppm(&p) == 0);
}

static void ticks_of_a_microsecond_clock_are_translated(void **state)
{
    (void)state;
    struct lec_pace p;
    uint64_t random = 5;
    int64_t last = 0;
    lec_pace_begin(&p, 1000);
    for (uint64_t k = 1; k < 20000; k++) { /* a sample each 5 ms by a clock that is 100 ppm slow */
        uint64_t tick = UINT64_C(4294900000) + k * 5000;
        int64_t true_ns = START + (int64_t)((double)k * 5000 * 1000 * 1.0001);
        int64_t arrived = true_ns + (int64_t)(chance(&random) * 10e6);
        last = arrived > last ? arrived : last;
        lec_pace_arrived(&p, tick + 1, last);
        int64_t told = lec_pace_time(&p, tick);
        if (k > 1000)
            assert_true(llabs(told - true_ns) < LEC_MS);
    }
    assert_near(lec_pace_drift_ppm(&p), -100, 20);
}

static void a_device_that_was_reset_begins_anew(void **state)
{
    (void)state;
    struct lec_pace p;
    struct device before = {.interval = 1e6, .latency_ms = 10, .batch = 8, .random = 6};
    lec_pace_begin(&p, 1e6);
    run(&p, &before, 20);
    struct device after = {.interval = 2e6, .latency_ms = 10, .batch = 8, .random = 6};
    lec_pace_begin(&p, 2e6); /* its numbers begin at 0, at another rate, and nothing of before is in the way */
    assert_true(run(&p, &after, 20) < 2e6);
    assert_near(lec_pace_interval(&p), 2e6, 100);
}

static void lost_samples_that_count_do_not_bend_the_line(void **state)
{
    (void)state;
    struct lec_pace p;
    struct device d = {.interval = 1e6, .latency_ms = 10, .batch = 8, .random = 8};
    lec_pace_begin(&p, 1e6);
    run(&p, &d, 10);
    d.sent += 3000; /* three seconds are missing, and the device's numbers say so */
    assert_true(run(&p, &d, 10) < 1e6);
}

/* Feeds packets of one sample whose numbers do not tell of the loss; returns what was found missing. */
static uint64_t lose(double interval_ms, double latency_ms, uint64_t lost, uint64_t *at_once)
{
    struct lec_pace p;
    struct device d = {.interval = interval_ms * 1e6, .latency_ms = latency_ms, .batch = 1, .random = 9};
    lec_pace_begin(&p, d.interval);
    uint64_t truly, found = 0, seen = 0;
    for (int i = 0; i < 40000; i++) {
        if (i == 20000)
            d.sent += lost;
        int64_t arrived = packet(&d, &truly);
        seen++;
        uint64_t missing = lec_pace_missing(&p, seen, arrived);
        seen += missing;
        found += missing;
        if (i == 20000)
            *at_once = missing;
        lec_pace_arrived(&p, seen, arrived);
    }
    return found;
}

static void losses_are_found_by_timing_where_the_device_does_not_count(void **state)
{
    (void)state;
    static const struct {
        double interval_ms, latency_ms;
        uint64_t lost, at_once; /* at least */
    } cases[] = {
        {1, 1, 0, 0},    {1, 20, 0, 0}, {1, 1, 1, 0},    {1, 1, 7, 0},    {1, 20, 500, 450},
        {1, 1, 100, 70}, {10, 5, 1, 0}, {10, 5, 40, 35}, {100, 20, 1, 1}, {100, 20, 3, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t at_once = 0;
        uint64_t found = lose(cases[i].interval_ms, cases[i].latency_ms, cases[i].lost, &at_once);
        if (found != cases[i].lost || at_once < cases[i].at_once || at_once > cases[i].lost)
            fail_msg("each %g ms, up to %g ms late: %llu lost, found %llu, of them %llu at once", cases[i].interval_ms,
                     cases[i].latency_ms, (unsigned long long)cases[i].lost, (unsigned long long)found,
                     (unsigned long long)at_once);
    }
}

static void a_slow_change_of_the_device_s_clock_is_no_loss(void **state)
{
    (void)state;
    struct lec_pace p;
    struct device d = {.interval = 1e6, .latency_ms = 2, .batch = 10, .random = 10};
    uint64_t count;
    lec_pace_begin(&p, 1e6);
    for (int i = 0; i < 20000; i++) { /* warms up: 0 to 100 ppm slower within two minutes */
        (void)packet(&d, &count);
        double slower = 1 + 100e-6 * i / 20000;
        int64_t arrived = START + (int64_t)((double)count * 1e6 * slower + chance(&d.random) * 2e6);
        assert_int_equal(lec_pace_missing(&p, count, arrived), 0);
        lec_pace_arrived(&p, count, arrived);
    }
}

static void nothing_is_known_before_the_first_packet(void **state)
{
    (void)state;
    struct lec_pace p;
    lec_pace_begin(&p, 2e6);
    assert_int_equal(lec_pace_time(&p, 5), 0);
    assert_true(lec_pace_interval(&p) == 2e6);
    assert_true(lec_pace_drift_ppm(&p) == 0);
    assert_int_equal(lec_pace_missing(&p, 1, START), 0);
    lec_pace_arrived(&p, 0, START); /* no sample: nothing has arrived */
    assert_int_equal(lec_pace_time(&p, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_minutes_at_1_khz_with_200_ppm_and_late_batches_stay_within_one_sample),
        cmocka_unit_test(a_nominal_interval_that_is_five_percent_wrong_is_found_out),
        cmocka_unit_test(without_a_nominal_interval_it_is_measured),
        cmocka_unit_test(ticks_of_a_microsecond_clock_are_translated),
        cmocka_unit_test(a_device_that_was_reset_begins_anew),
        cmocka_unit_test(lost_samples_that_count_do_not_bend_the_line),
        cmocka_unit_test(losses_are_found_by_timing_where_the_device_does_not_count),
        cmocka_unit_test(a_slow_change_of_the_device_s_clock_is_no_loss),
        cmocka_unit_test(nothing_is_known_before_the_first_packet),
    };
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
