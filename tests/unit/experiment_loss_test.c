/* What goes wrong: losses, unplugging, clocks, full disks, and sources that talk nonsense. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment_stage.h"

static struct stage st;

static size_t water(double interval_ms)
{
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 0, interval_ms);
    stage_open(&st);
    return c;
}

static uint64_t lost(size_t c)
{
    struct lec_run_channel_state s;
    lec_run_channel(st.run, c, &s);
    return s.lost;
}

static void what_the_device_lost_is_counted_and_marked(void **state)
{
    (void)state;
    size_t c = water(1);
    stage_tell(&st, c, 0, 1, 100);
    stage_lossy(&st, c, 112, 1, 88, 12, 0);
    lec_run_flush(st.run, MS(200));
    assert_int_equal(st.out[c].n, 188);
    assert_int_equal(st.out[c].lost, 12);
    assert_int_equal(lost(c), 12);
    assert_int_equal(st.n_marks, 1);
    const struct lec_run_mark *m = stage_mark(&st, "gap", 0);
    assert_int_equal(m->lost, 12);
    assert_int_equal(m->t_ns, 112 * LEC_MS);
    assert_string_equal(m->channel, "water");
    assert_string_equal(m->text, "12 samples are missing; none for 0.013 s");
    stage_close(&st);
}

static void one_lost_sample_is_told_as_one(void **state)
{
    (void)state;
    size_t c = water(10);
    stage_tell(&st, c, 0, 10, 10);
    stage_lossy(&st, c, 110, 10, 10, 1, 0);
    lec_run_flush(st.run, MS(210));
    assert_int_equal(lost(c), 1);
    stage_close(&st);
}

static void a_jump_in_time_that_nobody_explains_is_a_loss(void **state)
{
    (void)state;
    size_t c = water(1);
    stage_tell(&st, c, 0, 1, 100);
    stage_tell(&st, c, 1100, 1, 100); /* the device says nothing of it */
    lec_run_flush(st.run, MS(1200));
    assert_int_equal(lost(c), 1000);
    stage_lossy(&st, c, 2200, 1, 100, 232, 0); /* an 8-bit counter that went round thrice */
    lec_run_flush(st.run, MS(2300));
    assert_int_equal(lost(c), 2000);
    stage_close(&st);
}

static void jitter_is_no_loss(void **state)
{
    (void)state;
    size_t c = water(1);
    for (int i = 0; i < 200; i++) {
        stage_tell(&st, c, i * 10 + i % 2 * 1.3, 1, 10); /* the estimate moves by more than a sample */
        if (i % 10 == 9)
            lec_run_flush(st.run, MS(i * 10 + 10));
    }
    lec_run_flush(st.run, MS(2000));
    assert_int_equal(st.out[c].n, 2000);
    assert_int_equal(lost(c), 0);
    assert_null(stage_mark(&st, "gap", 0));
    stage_close(&st);
}

static void an_overrun_and_a_late_reading_have_marks_of_their_own(void **state)
{
    (void)state;
    size_t c = water(1);
    stage_tell(&st, c, 0, 1, 100);
    stage_lossy(&st, c, 150, 1, 50, 50, LEC_RUN_OVERRUN);
    stage_lossy(&st, c, 200, 1, 100, 0, LEC_RUN_LATE);
    stage_lossy(&st, c, 300, 1, 100, 0, LEC_RUN_LATE);
    lec_run_flush(st.run, MS(400));
    assert_int_equal(stage_mark(&st, "overrun", 0)->lost, 50);
    assert_int_equal(stage_mark(&st, "late", 0)->t_ns, 200 * LEC_MS);
    assert_null(stage_mark(&st, "late", 1)); /* once for as long as it lasts */
    assert_int_equal(st.n_marks, 2);
    assert_int_equal(st.out[c].flags, LEC_RUN_OVERRUN | LEC_RUN_LATE);
    assert_int_equal(lost(c), 50);
    stage_close(&st);
}

static void an_unplugged_probe_is_marked_and_what_it_missed_is_counted(void **state)
{
    (void)state;
    size_t c = water(10);
    stage_run(&st, 0, 1000, 10, c, -1);
    lec_run_presence(st.run, &st.devices[c], true, "", MS(1000)); /* as it was: nothing to tell */
    lec_run_presence(st.run, &st.devices[c], false, "unplugged", MS(1000));
    lec_run_presence(st.run, &st.devices[c], false, "unplugged", MS(1100));
    lec_run_presence(st.run, &st.devices[5], false, "not ours", MS(1100));
    assert_non_null(strstr(stage_json(&st, 1200), "\"there\":false"));
    lec_run_presence(st.run, &st.devices[c], true, "", MS(4000));
    stage_run(&st, 4000, 5000, 10, c, -1);
    assert_non_null(strstr(stage_json(&st, 5000), "\"there\":true"));
    assert_int_equal(lost(c), 300);
    assert_int_equal(st.out[c].n, 200);
    assert_int_equal(st.n_marks, 3);
    assert_string_equal(stage_mark(&st, "unplug", 0)->text, "water: unplugged");
    assert_int_equal(stage_mark(&st, "unplug", 0)->t_ns, LEC_SEC);
    assert_int_equal(stage_mark(&st, "replug", 0)->t_ns, 4 * LEC_SEC);
    assert_int_equal(stage_mark(&st, "gap", 0)->lost, 300);
    stage_close(&st);
}

static void a_channel_that_never_delivers_is_told_at_the_end(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 0, 10), dead = stage_point(&st, "dead", 10, 1);
    size_t sum = stage_derive(&st, "sum", "dead + water");
    st.experiment.duration_ns = 10 * LEC_SEC;
    stage_open(&st);
    stage_run(&st, 0, 10100, 10, c, -1);
    assert_string_equal(st.status, "done");
    const struct lec_run_mark *m = stage_mark(&st, "gap", 0);
    assert_string_equal(m->channel, "dead");
    assert_string_equal(m->text, "never delivered");
    assert_int_equal(m->lost, 100); /* at the rate that was asked */
    struct lec_run_channel_state s;
    lec_run_channel(st.run, dead, &s);
    assert_false(s.there);
    assert_int_equal(s.samples, 0);
    assert_int_equal(s.lost, 100);
    assert_int_equal(st.out[sum].n, 1000); /* it follows the living one, without a value */
    assert_true(isnan(st.out[sum].v[999]));
    assert_int_equal(st.out[c].n, 1000);
    stage_close(&st);
}

static void a_polled_value_that_failed_to_come_is_counted(void **state)
{
    (void)state;
    size_t c = water(1000);
    stage_tell(&st, c, 0, 0, 1);
    stage_tell(&st, c, 1080, 0, 1);
    stage_tell(&st, c, 2950, 0, 1); /* a reading may well take as long as two */
    assert_int_equal(lost(c), 0);
    stage_tell(&st, c, 8000, 0, 1);
    lec_run_flush(st.run, MS(8000));
    assert_int_equal(lost(c), 4);
    stage_close(&st);
}

static void a_clock_put_right_moves_no_sample_and_is_marked(void **state)
{
    (void)state;
    size_t c = water(10);
    stage_run(&st, 0, 1000, 10, c, -1);
    assert_int_equal(st.out[c].correction_us, 0);
    stage_tell(&st, c, 1000, 10, 5);
    lec_run_clock(st.run, -7200000000, MS(1050));
    assert_int_equal(st.out[c].n, 105); /* what was pending has the old correction */
    assert_int_equal(st.out[c].correction_us, 0);
    stage_run(&st, 1050, 2000, 10, c, -1);
    assert_int_equal(st.out[c].correction_us, -7200000000);
    assert_int_equal(st.out[c].n, 200);
    assert_int_equal(st.out[c].t[199], 1990 * LEC_MS);
    assert_string_equal(stage_mark(&st, "clock", 0)->text, "the clock was set back by 7200.000 s");
    lec_run_clock(st.run, -7200000000, MS(2000));
    assert_int_equal(st.n_marks, 1);
    stage_close(&st);
}

static void what_the_disk_did_not_take_is_lost_and_told(void **state)
{
    (void)state;
    size_t c = water(10);
    stage_run(&st, 0, 1000, 10, c, -1);
    lec_run_unstored(st.run, c, 30);
    lec_run_unstored(st.run, 77, 30);
    lec_run_hole(st.run, MS(700), MS(1000), "the disk is full");
    stage_run(&st, 1000, 1100, 10, c, -1);
    assert_int_equal(lost(c), 30);
    assert_int_equal(st.out[c].lost, 30); /* the block after it says so */
    struct lec_run_channel_state s;
    lec_run_channel(st.run, c, &s);
    assert_int_equal(s.samples, 80);
    const struct lec_run_mark *full = stage_mark(&st, "full", 0), *resumed = stage_mark(&st, "resumed", 0);
    assert_string_equal(full->text, "the disk is full");
    assert_int_equal(full->t_ns, 700 * LEC_MS);
    assert_int_equal(full->lost, 30);
    assert_string_equal(resumed->text, "recorded again after 0.3 s; 30 samples are missing");
    stage_close(&st);
}

static void values_that_are_not_to_be_trusted_are_stored_and_not_used(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 0, 10), d = stage_derive(&st, "d", "water + 1");
    st.experiment.stop = (struct lec_condition){.kind = LEC_COND_ABOVE, .channel = c, .level = 0.25};
    stage_open(&st);
    stage_tell(&st, c, 0, 10, 20);
    stage_lossy(&st, c, 200, 10, 10, 0, LEC_RUN_BAD);
    lec_run_flush(st.run, MS(300));
    assert_int_equal(lec_run_state(st.run), LEC_RUN_RECORDING);
    assert_int_equal(st.out[c].n, 30);
    assert_int_equal(st.out[c].blocks, 2);
    assert_int_equal(st.out[c].flags, LEC_RUN_BAD);
    assert_int_equal(st.out[d].n, 30);
    assert_true(st.out[d].v[19] > 1 && isnan(st.out[d].v[20]));
    stage_tell(&st, c, 300, 10, 10);
    lec_run_flush(st.run, MS(400));
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ENDED);
    stage_close(&st);
}

/* ---- Nonsense ----------------------------------------------------------------------------------------------- */

static void a_block_that_overlaps_the_one_before_is_taken_from_where_it_is_new(void **state)
{
    (void)state;
    size_t c = water(10);
    stage_tell(&st, c, 0, 10, 100);
    stage_tell(&st, c, 500, 10, 100);
    lec_run_flush(st.run, MS(1500));
    assert_int_equal(st.out[c].n, 150);
    for (size_t i = 0; i < 150; i++)
        assert_int_equal(st.out[c].t[i], (int64_t)i * 10 * LEC_MS);
    assert_int_equal(lost(c), 50);
    assert_non_null(strstr(stage_mark(&st, "gap", 0)->text, "50 of them had times before those of others"));
    assert_int_equal(stage_mark(&st, "gap", 0)->lost, 50);
    stage_close(&st);
}

static void time_that_goes_backwards_is_left_out_and_counted(void **state)
{
    (void)state;
    size_t c = water(10);
    stage_tell(&st, c, 0, 10, 100);
    for (int i = 0; i < 10; i++)
        stage_tell(&st, c, 500 - i * 10, 10, 5);
    assert_int_equal(lost(c), 50);
    lec_run_flush(st.run, MS(1000));
    stage_tell(&st, c, 1000, 10, 10);
    lec_run_flush(st.run, MS(1100));
    assert_int_equal(st.out[c].n, 110);
    assert_int_equal(lost(c), 50);
    assert_int_equal(st.n_marks, 1); /* one for all of it */
    stage_close(&st);

    c = water(10);
    stage_tell(&st, c, 0, 10, 100);
    stage_tell(&st, c, 0, 10, 100); /* to the end of the run */
    lec_run_stop(st.run, "stopped", "", MS(1000));
    assert_int_equal(lost(c), 100);
    assert_int_equal(stage_mark(&st, "gap", 0)->lost, 100);
    stage_close(&st);
}

static void a_time_far_ahead_does_not_stop_the_channel(void **state)
{
    (void)state;
    size_t c = water(10);
    stage_run(&st, 0, 1000, 10, c, -1);
    stage_tell(&st, c, 3600000, 10, 10);
    lec_run_samples(st.run, &(struct lec_run_input){.point = &st.points[c],
                                                    .raw = (const double[]){1, 2},
                                                    .n = 2,
                                                    .first_ns = INT64_MAX - 5,
                                                    .interval_ns = 1e15});
    lec_run_samples(
        st.run,
        &(struct lec_run_input){
            .point = &st.points[c], .raw = (const double[]){1, 2}, .n = 2, .first_ns = INT64_MIN, .interval_ns = 5});
    stage_run(&st, 1000, 2000, 10, c, -1);
    assert_int_equal(st.out[c].n, 200);
    assert_int_equal(lost(c), 14);
    stage_close(&st);
}

static void an_interval_that_is_none_makes_a_block_one_reading(void **state)
{
    (void)state;
    static const double bad[] = {-1, 0, 1e300, (double)NAN, (double)INFINITY};
    size_t c = water(0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        lec_run_samples(st.run, &(struct lec_run_input){.point = &st.points[c],
                                                        .raw = (const double[]){1, 2, 3},
                                                        .n = 3,
                                                        .first_ns = MS(10.0 * (double)i),
                                                        .interval_ns = bad[i],
                                                        .drift_ppm = (double)NAN});
    lec_run_flush(st.run, MS(100));
    assert_int_equal(st.out[c].n, 5);
    assert_true(st.out[c].v[4] == 3);
    assert_int_equal(lost(c), 10);
    stage_close(&st);
}

static void however_much_a_device_says_it_lost_is_only_a_number(void **state)
{
    (void)state;
    size_t c = water(10);
    stage_tell(&st, c, 0, 10, 10);
    for (int i = 0; i < 5000; i++)
        stage_lossy(&st, c, 100 + i * 10, 10, 1, UINT64_MAX, 0);
    lec_run_flush(st.run, MS(60000));
    assert_int_equal(st.out[c].n, 5010);
    assert_true(lost(c) > UINT64_MAX / 1024 && lost(c) <= INT64_MAX);
    assert_null(strstr(stage_json(&st, 60000), "\"lost\":-"));
    stage_close(&st);
}

static void ten_thousand_marks_are_kept_and_more_are_counted(void **state)
{
    (void)state;
    size_t c = water(10);
    for (int i = 0; i < 8000; i++)
        stage_lossy(&st, c, i * 20, 10, 1, 1, 0);    /* a bad cable */
    assert_int_equal(st.n_marks, LEC_RUN_MARKS / 2); /* the other half is for people */
    for (int i = 0; i < 6000; i++)
        lec_run_note(st.run, "x", "An", MS(160000 + i));
    assert_int_equal(st.n_marks, LEC_RUN_MARKS);
    assert_int_equal(lost(c), 7999); /* the first lies before the run */
    lec_run_stop(st.run, "stopped", "", MS(170000));
    assert_int_equal(st.n_marks, LEC_RUN_MARKS + 1);
    assert_string_equal(st.marks[LEC_RUN_MARKS].kind, "limit");
    assert_non_null(strstr(st.marks[LEC_RUN_MARKS].text, "more marks were not kept"));
    stage_close(&st);
}

static void a_storm_of_nan_is_recorded_and_harms_nothing(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 0, 1);
    size_t sqrt_ = stage_derive(&st, "root", "sqrt(water) / water");
    size_t slope = stage_derive(&st, "slope", "derivative(water, 0.1)");
    size_t smooth = stage_derive(&st, "smooth", "smooth(water, 9)"),
           area = stage_derive(&st, "area", "integral(water)");
    st.experiment.stop = (struct lec_condition){.kind = LEC_COND_RISES, .channel = c, .level = 7};
    stage_open(&st);
    static double nan[100], mixed[100];
    for (size_t i = 0; i < 100; i++) {
        nan[i] = (double)NAN;
        mixed[i] = i % 3 == 0 ? (double)NAN : i % 7 == 0 ? (double)INFINITY : 2;
    }
    for (int i = 0; i < 20; i++) {
        stage_values(&st, c, i * 100, 1, i % 2 ? mixed : nan, 100);
        lec_run_flush(st.run, MS(i * 100 + 100));
    }
    lec_run_stop(st.run, "stopped", "", MS(2000));
    const size_t all[] = {c, sqrt_, slope, smooth, area};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        assert_int_equal(st.out[all[i]].n, 2000);
        for (size_t k = 0; k < 2000 && i > 0; k++)
            assert_true(!isinf(st.out[all[i]].v[k]));
    }
    assert_int_equal(lost(c), 0); /* they came, without a value */
    struct lec_run_channel_state s;
    lec_run_channel(st.run, area, &s);
    assert_true(isnan(s.last) || s.last < 2);
    stage_close(&st);
}

static void samples_of_points_that_nobody_asked_for_change_nothing(void **state)
{
    (void)state;
    size_t c = water(10);
    const struct lec_point other = {.name = "other"};
    const double v = 1;
    lec_run_samples(st.run, &(struct lec_run_input){.point = &other, .raw = &v, .n = 1, .first_ns = MS(1)});
    lec_run_samples(st.run, &(struct lec_run_input){.point = &st.points[c], .raw = &v, .n = 0, .first_ns = MS(1)});
    lec_run_flush(st.run, MS(100));
    assert_int_equal(st.out[c].n, 0);
    assert_int_equal(st.n_marks, 0);
    stage_close(&st);
}

/* Random blocks, events and clocks: times rise (the stage checks), and every sample told is recorded or counted. */
static void whatever_comes_the_books_balance(void **state)
{
    (void)state;
    uint32_t seed = 12345;
#define NEXT(n) ((seed = seed * 1664525u + 1013904223u) >> 8) % (n)
    for (int round = 0; round < 200; round++) {
        stage_clear(&st);
        size_t c = stage_point(&st, "x", 0, 1);
        stage_derive(&st, "d", "smooth(x * 2, 5)");
        stage_derive(&st, "e", "d + x");
        stage_open(&st);
        double at = 0;
        uint64_t told = 0;
        for (int i = 0; i < 60; i++) {
            size_t n = 1 + NEXT(200);
            at += (double)(NEXT(400)) - 150;
            stage_tell(&st, c, at, 1, n);
            if (at >= 0)
                told += n;
            else if (at + (double)n > 0)
                told += (uint64_t)((double)n + at);
            at += (double)n;
            at = at < 0 ? 0 : at;
            if (NEXT(5) == 0)
                lec_run_flush(st.run, MS(at));
            if (NEXT(20) == 0)
                lec_run_clock(st.run, (int64_t)(NEXT(1000)), MS(at));
            if (NEXT(20) == 0)
                lec_run_presence(st.run, &st.devices[c], NEXT(2) == 0, "", MS(at));
        }
        lec_run_stop(st.run, "stopped", "", MS(at));
        assert_true(st.out[c].n <= told);
        assert_true(st.out[c].n + lost(c) + 1 >= told);
        assert_int_equal(st.out[c].n, st.out[c + 1].n);
        assert_int_equal(st.out[c].n, st.out[c + 2].n);
        stage_close(&st);
    }
#undef NEXT
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_device_lost_is_counted_and_marked),
        cmocka_unit_test(one_lost_sample_is_told_as_one),
        cmocka_unit_test(a_jump_in_time_that_nobody_explains_is_a_loss),
        cmocka_unit_test(jitter_is_no_loss),
        cmocka_unit_test(an_overrun_and_a_late_reading_have_marks_of_their_own),
        cmocka_unit_test(an_unplugged_probe_is_marked_and_what_it_missed_is_counted),
        cmocka_unit_test(a_channel_that_never_delivers_is_told_at_the_end),
        cmocka_unit_test(a_polled_value_that_failed_to_come_is_counted),
        cmocka_unit_test(a_clock_put_right_moves_no_sample_and_is_marked),
        cmocka_unit_test(what_the_disk_did_not_take_is_lost_and_told),
        cmocka_unit_test(values_that_are_not_to_be_trusted_are_stored_and_not_used),
        cmocka_unit_test(a_block_that_overlaps_the_one_before_is_taken_from_where_it_is_new),
        cmocka_unit_test(time_that_goes_backwards_is_left_out_and_counted),
        cmocka_unit_test(a_time_far_ahead_does_not_stop_the_channel),
        cmocka_unit_test(an_interval_that_is_none_makes_a_block_one_reading),
        cmocka_unit_test(however_much_a_device_says_it_lost_is_only_a_number),
        cmocka_unit_test(ten_thousand_marks_are_kept_and_more_are_counted),
        cmocka_unit_test(a_storm_of_nan_is_recorded_and_harms_nothing),
        cmocka_unit_test(samples_of_points_that_nobody_asked_for_change_nothing),
        cmocka_unit_test(whatever_comes_the_books_balance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
