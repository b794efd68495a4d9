/* Each channel at its own rate: what is thinned, what is not, and what counts as missing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment_stage.h"

static struct stage st;

/* Every value is the time of its sample: nothing was invented, nothing shifted. */
static void values_are_their_times(size_t c)
{
    for (size_t i = 0; i < st.out[c].n; i++)
        if (fabs(st.out[c].v[i] - (double)st.out[c].t[i] * 1e-9) > 1e-6)
            fail_msg("sample %zu at %.6f is of %.6f", i, (double)st.out[c].t[i] * 1e-9, st.out[c].v[i]);
}

static void a_faster_source_is_thinned_to_every_kth_sample(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 10, 1);
    stage_open(&st);
    stage_run(&st, 0, 10000, 1, c, -1);
    assert_int_equal(st.out[c].n, 100);
    assert_int_equal(st.out[c].irregular, 0);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(st.out[c].t[i], (int64_t)i * 100 * LEC_MS);
    values_are_their_times(c);
    assert_int_equal(st.out[c].lost, 0);
    assert_int_equal(st.n_marks, 0);
    stage_close(&st);
}

static void two_channels_of_one_sensor_each_get_their_rate(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t fast = stage_point(&st, "fast", 200, 5), slow = stage_again(&st, "slow", fast, 0.5);
    size_t all = stage_again(&st, "all", fast, 0);
    stage_open(&st);
    stage_run(&st, 0, 20000, 5, fast, -1);
    assert_int_equal(st.out[fast].n, 4000);
    assert_int_equal(st.out[slow].n, 10);
    assert_int_equal(st.out[all].n, 4000);
    values_are_their_times(slow);
    stage_close(&st);
}

static void a_rate_that_does_not_divide_gets_the_nearest_samples_with_their_own_times(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 300, 1); /* 3.33 ms of 1 ms */
    stage_open(&st);
    stage_run(&st, 0, 10000, 1, c, -1);
    assert_in_range(st.out[c].n, 2999, 3001);
    values_are_their_times(c);
    for (size_t i = 0; i < st.out[c].n; i++)
        assert_true(fabs((double)st.out[c].t[i] - (double)i * 1e9 / 300) <= 0.6e6);
    assert_int_equal(st.out[c].lost, 0);
    stage_close(&st);
}

static void a_slower_source_is_recorded_as_it_comes(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 100, 500), near = stage_point(&st, "near", 100, 10.05);
    stage_open(&st);
    stage_run(&st, 0, 10000, 500, c, -1);
    assert_int_equal(st.out[c].n, 20);
    stage_run(&st, 0, 10050, 10.05, near, -1); /* a clock that is off is no other rate */
    assert_int_equal(st.out[near].n, 1000);
    assert_int_equal(st.out[c].lost, 0);
    stage_close(&st);
}

static void a_source_that_becomes_faster_in_mid_run_still_gives_the_asked_rate(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 10, 100);
    stage_open(&st);
    stage_run(&st, 0, 5000, 100, c, -1);
    stage_run(&st, 5000, 10000, 1, c, -1); /* somebody else asked for 1 kHz */
    stage_run(&st, 10000, 15000, 100, c, -1);
    assert_int_equal(st.out[c].n, 150);
    values_are_their_times(c);
    assert_int_equal(st.out[c].lost, 0);
    assert_int_equal(st.n_marks, 0);
    stage_close(&st);
}

static void a_drifting_source_keeps_its_own_times_for_hours(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 1, 10);
    stage_open(&st);
    stage_run(&st, 0, 3600000, 10.002, c, -1); /* 200 ppm, an hour */
    assert_in_range(st.out[c].n, 3599, 3601);
    values_are_their_times(c);
    assert_int_equal(st.out[c].lost, 0);
    stage_close(&st);
}

static void what_is_lost_between_two_wanted_samples_is_not_missing(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 10, 1);
    stage_open(&st);
    stage_tell(&st, c, 0, 1, 20);
    stage_lossy(&st, c, 60, 1, 140, 40, 0); /* 20..60 lost; wanted are 0, 100, ... */
    lec_run_flush(st.run, MS(200));
    assert_int_equal(st.out[c].n, 2);
    assert_int_equal(st.out[c].lost, 0);
    stage_lossy(&st, c, 730, 1, 200, 530, 0); /* 200..730 lost: 200, 300, ... 700 are missing */
    lec_run_flush(st.run, MS(1000));
    assert_int_equal(st.out[c].lost, 5);
    struct lec_run_channel_state s;
    lec_run_channel(st.run, c, &s);
    assert_int_equal(s.lost, 5);
    assert_int_equal(stage_mark(&st, "gap", 0)->lost, 5);
    values_are_their_times(c);
    stage_close(&st);
}

static void polled_values_are_thinned_by_their_times(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "air", 0.2, 1000); /* polled each second, asked each 5 s */
    stage_open(&st);
    for (int i = 0; i < 60; i++) {
        stage_tell(&st, c, i * 1000 + (i * 37) % 90, 0, 1); /* jitter of a bus */
        lec_run_flush(st.run, MS(i * 1000 + 500));
    }
    assert_int_equal(st.out[c].n, 12);
    for (size_t i = 0; i < 12; i++)
        assert_in_range(st.out[c].t[i], i * 5000 * LEC_MS, (i * 5000 + 90) * LEC_MS);
    assert_int_equal(st.out[c].lost, 0);
    values_are_their_times(c);
    stage_close(&st);
}

static void the_grid_begins_with_the_run(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 1, 10);
    stage_open(&st);
    stage_tell(&st, c, -955, 10, 300); /* the sensor was running before */
    lec_run_flush(st.run, MS(2100));
    assert_int_equal(st.out[c].n, 3);
    assert_int_equal(st.out[c].t[0], 5 * LEC_MS);
    assert_int_equal(st.out[c].t[1], 1005 * LEC_MS);
    assert_int_equal(st.out[c].lost, 0);
    stage_close(&st);
}

/* Any rates, any block sizes: the count is right, the times are those of the source. */
static void any_rate_of_any_source_is_met(void **state)
{
    (void)state;
    static const double sources[] = {0.25, 1, 3, 7.3, 40, 128, 999}, rates[] = {0.1, 1, 4, 9.7, 60, 333, 1000, 5000};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        for (size_t k = 0; k < ARRAY_LEN(rates); k++) {
            stage_clear(&st);
            size_t c = stage_point(&st, "x", rates[k], sources[i]);
            stage_open(&st);
            size_t total = (size_t)(20000 / sources[i]), told = 0;
            for (size_t n = 1; told < total; told += n, n = n % 97 + 1 + i)
                stage_tell(&st, c, (double)told * sources[i], sources[i], n);
            lec_run_flush(st.run, MS(20000));
            double every = 1000 / rates[k] > sources[i] ? 1000 / rates[k] : sources[i];
            double wanted = (double)told * sources[i] / every;
            if (fabs((double)st.out[c].n - wanted) > 2 + wanted * 0.005)
                fail_msg("%g ms at %g Hz: %zu samples, not %g", sources[i], rates[k], st.out[c].n, wanted);
            values_are_their_times(c);
            assert_int_equal(st.out[c].lost, 0);
            stage_close(&st);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_faster_source_is_thinned_to_every_kth_sample),
        cmocka_unit_test(two_channels_of_one_sensor_each_get_their_rate),
        cmocka_unit_test(a_rate_that_does_not_divide_gets_the_nearest_samples_with_their_own_times),
        cmocka_unit_test(a_slower_source_is_recorded_as_it_comes),
        cmocka_unit_test(a_source_that_becomes_faster_in_mid_run_still_gives_the_asked_rate),
        cmocka_unit_test(a_drifting_source_keeps_its_own_times_for_hours),
        cmocka_unit_test(what_is_lost_between_two_wanted_samples_is_not_missing),
        cmocka_unit_test(polled_values_are_thinned_by_their_times),
        cmocka_unit_test(the_grid_begins_with_the_run),
        cmocka_unit_test(any_rate_of_any_source_is_met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
