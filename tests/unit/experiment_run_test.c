/* A run from start to end: what is recorded, what is told, and how it ends. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "experiment_stage.h"

static struct stage st;

static void a_run_without_a_condition_records_from_the_start(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water = stage_point(&st, "water", 0, 1);
    stage_open(&st);
    assert_int_equal(lec_run_state(st.run), LEC_RUN_RECORDING);
    assert_int_equal(st.begun_ns, STAGE_T0);
    stage_run(&st, 0, 1000, 1, water, -1);
    assert_int_equal(st.out[water].n, 1000);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(st.out[water].t[i], (int64_t)i * LEC_MS);
        assert_true(fabs(st.out[water].v[i] - (double)i * 1e-3) < 1e-12);
    }
    assert_int_equal(st.out[water].blocks, 10); /* one a flush */
    assert_int_equal(st.out[water].irregular, 0);
    assert_int_equal(st.n_marks, 0);
    stage_close(&st);
}

static void samples_from_before_the_start_are_left_out(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water = stage_point(&st, "water", 0, 10);
    stage_open(&st);
    stage_tell(&st, water, -50, 10, 10);
    lec_run_flush(st.run, MS(100));
    assert_int_equal(st.out[water].n, 5);
    assert_int_equal(st.out[water].t[0], 0);
    assert_int_equal(st.out[water].lost, 0);
    stage_close(&st);
}

static void a_run_of_one_second_at_1_khz_has_1000_samples_of_each_channel(void **state)
{
    (void)state;
    stage_clear(&st);
    int c[8];
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (size_t i = 0; i < 8; i++)
        c[i] = (int)stage_point(&st, names[i], 1000, 1);
    st.experiment.duration_ns = LEC_SEC;
    stage_open(&st);
    assert_int_equal(lec_run_tick(st.run, MS(0)), MS(1000));
    stage_run(&st, 0.3, 1500.3, 1, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], -1);
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ENDED);
    assert_string_equal(st.status, "done");
    assert_string_equal(st.reason, "duration");
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(st.out[i].n, 1000);
        assert_int_equal(st.out[i].lost, 0);
    }
    assert_int_equal(st.n_marks, 0);
    stage_close(&st);
}

static void the_last_samples_are_waited_for_but_not_for_ever(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water = stage_point(&st, "water", 0, 10);
    st.experiment.duration_ns = LEC_SEC;
    stage_open(&st);
    stage_tell(&st, water, 0, 10, 80);
    lec_run_flush(st.run, MS(1100));
    assert_int_equal(lec_run_state(st.run), LEC_RUN_RECORDING); /* 200 ms are still on their way */
    stage_tell(&st, water, 800, 10, 40);
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ENDED);
    assert_int_equal(st.out[water].n, 100);
    stage_close(&st);

    stage_clear(&st);
    water = stage_point(&st, "water", 0, 10);
    st.experiment.duration_ns = 10 * LEC_SEC;
    stage_open(&st);
    stage_tell(&st, water, 0, 10, 500);
    assert_int_equal(lec_run_tick(st.run, MS(10500)), MS(11000));
    assert_int_equal(lec_run_state(st.run), LEC_RUN_RECORDING);
    assert_int_equal(lec_run_tick(st.run, MS(11000)), LEC_NEVER);
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ENDED);
    const struct lec_run_mark *gap = stage_mark(&st, "gap", 0);
    assert_non_null(gap);
    assert_string_equal(gap->channel, "water");
    assert_int_equal(gap->lost, 500);
    assert_int_equal(gap->t_ns, 10 * LEC_SEC);
    stage_close(&st);
}

static void a_person_stops_a_run_at_once(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water = stage_point(&st, "water", 0, 10);
    stage_open(&st);
    stage_tell(&st, water, 0, 10, 10);
    lec_run_stop(st.run, "stopped", "by An", MS(120));
    assert_string_equal(st.status, "stopped");
    assert_string_equal(st.reason, "by An");
    assert_int_equal(st.out[water].n, 10); /* what was pending is stored */
    assert_int_equal(st.n_marks, 0);
    stage_tell(&st, water, 100, 10, 10); /* nothing comes any more */
    lec_run_note(st.run, "late", "An", MS(200));
    lec_run_flush(st.run, MS(200));
    lec_run_stop(st.run, "stopped", "again", MS(300));
    assert_int_equal(lec_run_tick(st.run, MS(400)), LEC_NEVER);
    assert_int_equal(st.out[water].n, 10);
    assert_int_equal(st.ended, 1);
    stage_close(&st);
}

static void a_run_without_an_end_ends_after_31_days(void **state)
{
    (void)state;
    stage_clear(&st);
    stage_point(&st, "water", 0, 0);
    stage_open(&st);
    assert_int_equal(lec_run_tick(st.run, MS(0)), STAGE_T0 + LEC_RUN_LONGEST_NS);
    (void)lec_run_tick(st.run, STAGE_T0 + LEC_RUN_LONGEST_NS);
    assert_string_equal(st.status, "done");
    assert_string_equal(st.reason, "the longest that a run may last");
    stage_close(&st);
}

static void polled_values_keep_their_own_times(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t air = stage_point(&st, "air", 0, 1000);
    stage_open(&st);
    static const double at[] = {100, 1130, 2090, 3105};
    for (size_t i = 0; i < 4; i++)
        stage_tell(&st, air, at[i], 0, 1);
    lec_run_flush(st.run, MS(3200));
    assert_int_equal(st.out[air].n, 4);
    assert_int_equal(st.out[air].irregular, 1); /* one block with times */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(st.out[air].t[i], (int64_t)(at[i] * 1e6));
    assert_int_equal(st.out[air].lost, 0);
    stage_close(&st);
}

static void large_blocks_pass_as_they_are(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t sound = stage_point(&st, "sound", 0, 0.01);
    stage_open(&st);
    stage_tell(&st, sound, 0, 0.01, 100000);
    assert_int_equal(st.out[sound].n, 100000); /* before any flush */
    assert_int_equal(st.out[sound].blocks, 2); /* of 65,536 at most */
    stage_tell(&st, sound, 1000, 0.01, 10);
    stage_tell(&st, sound, 1000.1, 0.01, 5000); /* in order behind what is pending */
    assert_int_equal(st.out[sound].n, 105010);
    assert_int_equal(st.out[sound].lost, 0);
    stage_close(&st);
}

static void a_block_with_a_time_of_its_own_keeps_it(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water = stage_point(&st, "water", 0, 10);
    stage_open(&st);
    stage_tell(&st, water, 0, 10, 10);
    stage_tell(&st, water, 106, 10, 10); /* 6 ms after the last would have gone on */
    lec_run_flush(st.run, MS(200));
    assert_int_equal(st.out[water].blocks, 2);
    assert_int_equal(st.out[water].t[9], 90 * LEC_MS);
    assert_int_equal(st.out[water].t[10], 106 * LEC_MS);
    assert_int_equal(st.out[water].lost, 0);
    stage_close(&st);
}

static void the_interval_of_joined_blocks_is_that_of_the_samples(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water = stage_point(&st, "water", 0, 1);
    stage_open(&st);
    for (int i = 0; i < 100; i++) /* each block says 1 ms, but they come 0.2 % apart */
        stage_tell(&st, water, i * 10.02, 1, 10);
    lec_run_flush(st.run, MS(1010));
    assert_int_equal(st.out[water].n, 1000);
    assert_true(st.out[water].blocks < 20);
    for (size_t i = 0; i < 1000; i++) /* within half a sample of what was said */
        assert_true(fabs((double)st.out[water].t[i] - (double)(i / 10 * 10020000 + i % 10 * 1000000)) < 5e5);
    stage_close(&st);
}

static void the_state_is_told_as_json(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water = stage_point(&st, "water", 0, 10);
    stage_point(&st, "air", 0, 0);
    assert_int_equal(lec_calibration_parse("linear 1 2", &st.sources[water].calibration, NULL), 0);
    snprintf(st.sources[water].calibration.unit, sizeof st.sources[water].calibration.unit, "K");
    st.experiment.duration_ns = 2 * LEC_SEC;
    stage_open(&st);
    static const double v[] = {1, 2, 3};
    stage_values(&st, water, 0, 10, v, 3);
    assert_string_equal(stage_json(&st, 500),
                        "{\"state\":\"recording\",\"elapsed_ms\":500,\"duration_ms\":2000,\"remaining_ms\":1500,"
                        "\"samples\":3,\"lost\":0,\"marks\":0,\"channels\":["
                        "{\"channel\":\"water\",\"unit\":\"K\",\"last\":7.0,\"samples\":3,\"lost\":0,\"there\":true},"
                        "{\"channel\":\"air\",\"unit\":\"Cel\",\"samples\":0,\"lost\":0,\"there\":false}]}");
    lec_run_stop(st.run, "stopped", "", MS(600));
    assert_non_null(
        strstr(stage_json(&st, 9000), "\"state\":\"stopped\",\"elapsed_ms\":600,\"duration_ms\":2000,\"sam"));
    struct lec_run_channel_state s;
    lec_run_channel(st.run, 99, &s);
    assert_true(isnan(s.last));
    assert_false(s.there);
    stage_close(&st);
}

static void raw_values_are_stored_and_calibrated_ones_are_seen(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water = stage_point(&st, "water", 0, 10);
    size_t twice = stage_derive(&st, "twice", "water * 2");
    assert_int_equal(lec_calibration_parse("linear 100 1", &st.sources[water].calibration, NULL), 0);
    stage_open(&st);
    static const double v[] = {1, 2, 3};
    stage_values(&st, water, 0, 10, v, 3);
    lec_run_flush(st.run, MS(100));
    assert_true(st.out[water].v[2] == 3);
    assert_int_equal(st.out[twice].n, 3);
    assert_true(st.out[twice].v[2] == 206);
    assert_int_equal(st.out[twice].t[2], 20 * LEC_MS);
    assert_int_equal(st.out[twice].irregular, 0);
    struct lec_run_channel_state s;
    lec_run_channel(st.run, water, &s);
    assert_true(s.last == 103);
    assert_int_equal(s.last_ns, MS(20));
    lec_run_channel(st.run, twice, &s);
    assert_true(s.last == 206);
    stage_close(&st);
}

static void a_persons_mark_has_its_words_its_time_and_its_author(void **state)
{
    (void)state;
    stage_clear(&st);
    stage_point(&st, "water", 0, 0);
    stage_open(&st);
    lec_run_note(st.run, "bắt đầu khuấy", "An", MS(1500));
    const struct lec_run_mark *m = stage_mark(&st, "mark", 0);
    assert_non_null(m);
    assert_int_equal(m->t_ns, 1500 * LEC_MS);
    assert_string_equal(m->text, "bắt đầu khuấy");
    assert_string_equal(m->by, "An");
    assert_string_equal(m->channel, "");
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_without_a_condition_records_from_the_start),
        cmocka_unit_test(samples_from_before_the_start_are_left_out),
        cmocka_unit_test(a_run_of_one_second_at_1_khz_has_1000_samples_of_each_channel),
        cmocka_unit_test(the_last_samples_are_waited_for_but_not_for_ever),
        cmocka_unit_test(a_person_stops_a_run_at_once),
        cmocka_unit_test(a_run_without_an_end_ends_after_31_days),
        cmocka_unit_test(polled_values_keep_their_own_times),
        cmocka_unit_test(large_blocks_pass_as_they_are),
        cmocka_unit_test(a_block_with_a_time_of_its_own_keeps_it),
        cmocka_unit_test(the_interval_of_joined_blocks_is_that_of_the_samples),
        cmocka_unit_test(the_state_is_told_as_json),
        cmocka_unit_test(raw_values_are_stored_and_calibrated_ones_are_seen),
        cmocka_unit_test(a_persons_mark_has_its_words_its_time_and_its_author),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
