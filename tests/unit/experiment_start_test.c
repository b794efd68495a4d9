/* When a run begins and when it ends: conditions, debounce, and the seconds before. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "experiment_stage.h"

static struct stage st;

static size_t water(enum lec_condition_kind kind, double level, double hysteresis, double hold_ms)
{
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 0, 10);
    st.experiment.start = (struct lec_condition){.kind = kind,
                                                 .channel = c,
                                                 .level = level,
                                                 .hysteresis = hysteresis,
                                                 .hold_ns = (int64_t)(hold_ms * 1e6),
                                                 .text = "water meets it"};
    return c;
}

/* When a run begins that sees these values at 10 ms each; -1: it does not. */
static double begins(const double *v, size_t n)
{
    stage_open(&st);
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ARMED);
    stage_values(&st, 0, 0, 10, v, n);
    lec_run_flush(st.run, MS(1000));
    double at = st.begun_ns == LEC_NEVER ? -1 : (double)(st.begun_ns - STAGE_T0) * 1e-6;
    stage_close(&st);
    return at;
}

static void a_run_rises_only_when_the_level_is_passed_upwards(void **state)
{
    (void)state;
    static const double up[] = {3, 4, 5, 6}, above[] = {6, 7, 8}, touch[] = {6, 4, 5};
    water(LEC_COND_RISES, 5, 0, 0);
    assert_true(begins(up, 4) == 20);
    water(LEC_COND_RISES, 5, 0, 0);
    assert_true(begins(above, 3) == -1);
    water(LEC_COND_RISES, 5, 0, 0);
    assert_true(begins(touch, 3) == 20);
}

static void a_run_falls_only_when_the_level_is_passed_downwards(void **state)
{
    (void)state;
    static const double down[] = {70, 65, 60, 50}, below[] = {40, 30}, dip[] = {40, 61, 59};
    water(LEC_COND_FALLS, 60, 0, 0);
    assert_true(begins(down, 4) == 20);
    water(LEC_COND_FALLS, 60, 0, 0);
    assert_true(begins(below, 2) == -1);
    water(LEC_COND_FALLS, 60, 0, 0);
    assert_true(begins(dip, 3) == 20);
}

static void with_hysteresis_the_value_must_have_been_well_on_the_other_side(void **state)
{
    (void)state;
    static const double noise[] = {60.2, 59.9, 60.1, 59.8}, real[] = {61.5, 60.1, 59.9};
    water(LEC_COND_FALLS, 60, 1, 0);
    assert_true(begins(noise, 4) == -1);
    water(LEC_COND_FALLS, 60, 1, 0);
    assert_true(begins(real, 3) == 20);
    static const double up[] = {3.5, 5, 3, 5};
    water(LEC_COND_RISES, 5, 2, 0);
    assert_true(begins(up, 4) == 30);
}

static void above_and_below_need_no_passing(void **state)
{
    (void)state;
    static const double v[] = {5, 5, 5.1}, w[] = {5, 4.9};
    water(LEC_COND_ABOVE, 5, 0, 0);
    assert_true(begins(v, 3) == 20);
    water(LEC_COND_BELOW, 5, 0, 0);
    assert_true(begins(w, 2) == 10);
}

static void a_condition_must_hold_without_a_break(void **state)
{
    (void)state;
    static const double v[] = {4, 6, 6, 4, 6, 6, 6, 6};
    water(LEC_COND_RISES, 5, 0, 30);
    assert_true(begins(v, 8) == 70); /* from 40 on; after the break it need not go down further */
    static const double missing[] = {4, 6, (double)NAN, 6, 6};
    water(LEC_COND_RISES, 5, 0, 30);
    assert_true(begins(missing, 5) == 40); /* a sample without a value says nothing */
    water(LEC_COND_ABOVE, 5, 0, 30);
    assert_true(begins(v, 8) == 70);
}

static void nothing_holds_over_a_gap(void **state)
{
    (void)state;
    water(LEC_COND_ABOVE, 5, 0, 50);
    stage_open(&st);
    static const double v[] = {6, 6, 6, 6};
    stage_values(&st, 0, 0, 10, v, 4);
    stage_values(&st, 0, 500, 10, v, 4); /* 460 ms without a sample */
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ARMED);
    stage_values(&st, 0, 540, 10, v, 4);
    assert_int_equal(st.begun_ns, MS(550));
    stage_close(&st);
}

static void conditions_see_calibrated_values(void **state)
{
    (void)state;
    static const double raw[] = {1, 2, 3, 4};
    water(LEC_COND_RISES, 25, 0, 0);
    assert_int_equal(lec_calibration_parse("linear 0 10", &st.sources[0].calibration, NULL), 0);
    assert_true(begins(raw, 4) == 20);
}

static void a_derived_channel_can_start_a_run(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t a = stage_point(&st, "a", 0, 10), b = stage_point(&st, "b", 0, 10);
    size_t sum = stage_derive(&st, "sum", "a + b");
    st.experiment.start = (struct lec_condition){.kind = LEC_COND_RISES, .channel = sum, .level = 5, .text = "sum"};
    st.experiment.pre_ns = 20 * LEC_MS;
    stage_open(&st);
    static const double va[] = {1, 2, 3, 4, 5, 6, 7, 8}, vb[] = {1, 1, 2, 2, 2};
    stage_values(&st, a, 0, 10, va, 8); /* b is behind */
    stage_values(&st, b, 0, 10, vb, 5);
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ARMED);
    lec_run_flush(st.run, MS(50));
    assert_int_equal(st.begun_ns, MS(20));
    lec_run_flush(st.run, MS(100));
    assert_int_equal(st.out[a].n, 8);
    assert_int_equal(st.out[sum].n, 5); /* the seconds before are computed too */
    assert_int_equal(st.out[sum].t[0], -20 * LEC_MS);
    assert_true(st.out[sum].v[4] == 7);
    stage_close(&st);
}

static void the_seconds_before_have_negative_times(void **state)
{
    (void)state;
    water(LEC_COND_RISES, 10, 0, 0);
    st.experiment.pre_ns = 5 * LEC_SEC;
    st.experiment.duration_ns = 2 * LEC_SEC;
    stage_open(&st);
    stage_run(&st, 0, 14000, 10, 0, -1); /* the value is the time in seconds */
    assert_int_equal(st.begun_ns, MS(10000));
    assert_string_equal(st.status, "done");
    assert_int_equal(st.out[0].n, 700);
    assert_int_equal(st.out[0].t[0], -5 * LEC_SEC);
    assert_true(fabs(st.out[0].v[0] - 5) < 1e-9);
    assert_int_equal(st.out[0].t[699], 1990 * LEC_MS);
    assert_int_equal(st.out[0].lost, 0);
    const struct lec_run_mark *trigger = stage_mark(&st, "trigger", 0);
    assert_non_null(trigger);
    assert_int_equal(trigger->t_ns, 0);
    assert_string_equal(trigger->text, "water meets it");
    assert_int_equal(st.n_marks, 1);
    stage_close(&st);
}

static void fewer_seconds_are_kept_when_there_were_fewer(void **state)
{
    (void)state;
    water(LEC_COND_RISES, 1, 0, 0);
    st.experiment.pre_ns = 5 * LEC_SEC;
    stage_open(&st);
    stage_run(&st, 0, 2000, 10, 0, -1);
    assert_int_equal(st.out[0].n, 200);
    assert_int_equal(st.out[0].t[0], -LEC_SEC);
    assert_int_equal(st.n_marks, 1); /* the trigger; nothing was cut */
    stage_close(&st);
}

static void without_seconds_before_nothing_from_before_is_kept(void **state)
{
    (void)state;
    water(LEC_COND_RISES, 1, 0, 0);
    size_t air = stage_point(&st, "air", 0, 10);
    stage_open(&st);
    stage_tell(&st, air, 0, 10, 120); /* ahead of the channel that starts the run */
    stage_tell(&st, 0, 0, 10, 150);
    lec_run_flush(st.run, MS(1500));
    assert_int_equal(st.out[0].n, 50);
    assert_int_equal(st.out[0].t[0], 0);
    assert_int_equal(st.out[air].n, 20); /* what had come already counts from the trigger on */
    assert_int_equal(st.out[air].t[0], 0);
    stage_close(&st);
}

static void what_is_kept_before_has_a_bound_and_a_mark_says_where_it_was_cut(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water_ = stage_point(&st, "water", 0, 10), sound = stage_point(&st, "sound", 0, 0.01);
    st.experiment.start = (struct lec_condition){.kind = LEC_COND_EVENT, .device = &st.devices[0], .event = "go"};
    st.experiment.pre_ns = 3600 * LEC_SEC;
    stage_open(&st);
    double *v = calloc(100000, sizeof *v);
    assert_non_null(v);
    for (int s = 0; s < 60; s++) { /* 6 million samples are 48 MB */
        stage_values(&st, sound, s * 1000, 0.01, v, 100000);
        stage_tell(&st, water_, s * 1000, 10, 100);
    }
    free(v);
    lec_run_event(st.run, &st.devices[0], "go", MS(60000));
    lec_run_flush(st.run, MS(60000));
    assert_int_equal(lec_run_state(st.run), LEC_RUN_RECORDING);
    assert_in_range(st.out[sound].n, 4000000, LEC_RUN_PRE_BYTES / 8);
    assert_int_equal(st.out[sound].t[st.out[sound].n - 1], -10000);
    const struct lec_run_mark *limit = stage_mark(&st, "limit", 0);
    assert_non_null(limit);
    assert_true(limit->t_ns < st.out[sound].t[0]);
    assert_true(limit->t_ns > st.out[sound].t[0] - LEC_SEC);
    assert_string_equal(limit->channel, "sound");
    assert_int_equal(st.out[water_].n, 6000); /* the slow one beside it has all */
    stage_close(&st);
}

static void a_run_can_start_after_a_time(void **state)
{
    (void)state;
    stage_clear(&st);
    stage_point(&st, "water", 0, 10);
    st.experiment.start = (struct lec_condition){.kind = LEC_COND_AFTER, .time_ns = 5 * LEC_SEC, .text = "after 5s"};
    stage_open(&st);
    assert_int_equal(lec_run_tick(st.run, MS(0)), MS(5000));
    assert_int_equal(lec_run_tick(st.run, MS(4999)), MS(5000));
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ARMED);
    (void)lec_run_tick(st.run, MS(5003));
    assert_int_equal(st.begun_ns, MS(5000)); /* not when somebody looked */
    stage_close(&st);
}

static void a_run_can_start_at_a_time_of_day_even_if_the_clock_is_put_right(void **state)
{
    (void)state;
    setenv("TZ", "ICT-7", 1);
    tzset();
    stage_clear(&st); /* the stage's clock shows 2023-11-14 22:13:20 UTC, which is 05:13:20 in Vietnam */
    stage_point(&st, "water", 0, 10);
    st.experiment.start =
        (struct lec_condition){.kind = LEC_COND_AT, .time_ns = (5 * 3600 + 14 * 60) * LEC_SEC, .text = "at 05:14"};
    stage_open(&st);
    assert_int_equal(lec_run_tick(st.run, MS(0)), MS(40000));
    lec_run_clock(st.run, 30000000, MS(2000)); /* it was half a minute slow */
    assert_int_equal(lec_run_tick(st.run, MS(2000)), MS(10000));
    lec_run_clock(st.run, 60000000, MS(3000)); /* and now the time is over: tomorrow's comes */
    assert_int_equal(lec_run_tick(st.run, MS(3000)), MS(40000 - 60000 + 86400000));
    assert_int_equal(st.begun_ns, LEC_NEVER);
    stage_close(&st);
}

static void a_button_starts_a_run_when_it_is_pressed_not_when_it_was_already(void **state)
{
    (void)state;
    stage_clear(&st);
    stage_point(&st, "water", 0, 10);
    const struct lec_point button = {.name = "pressed"}, other = {.name = "other"};
    struct lec_value on = lec_bool(true), off = lec_bool(false);
    st.experiment.start = (struct lec_condition){.kind = LEC_COND_POINT, .point = &button, .value = on, .text = "b"};
    stage_open(&st);
    lec_run_value(st.run, &button, &on, MS(0)); /* as it is when the run is armed */
    lec_run_value(st.run, &button, &on, MS(10));
    lec_run_value(st.run, &other, &on, MS(15));
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ARMED);
    lec_run_value(st.run, &button, &off, MS(20));
    lec_run_value(st.run, &button, &on, MS(30));
    assert_int_equal(st.begun_ns, MS(30));
    stage_close(&st);
}

static void a_button_that_bounces_must_be_held(void **state)
{
    (void)state;
    stage_clear(&st);
    stage_point(&st, "water", 0, 10);
    const struct lec_point button = {.name = "pressed"};
    struct lec_value on = lec_bool(true), off = lec_bool(false);
    st.experiment.start =
        (struct lec_condition){.kind = LEC_COND_POINT, .point = &button, .value = on, .hold_ns = 50 * LEC_MS};
    stage_open(&st);
    lec_run_value(st.run, &button, &on, MS(10));
    lec_run_value(st.run, &button, &off, MS(20));
    assert_int_equal(lec_run_tick(st.run, MS(20)), LEC_NEVER);
    lec_run_value(st.run, &button, &on, MS(30));
    assert_int_equal(lec_run_tick(st.run, MS(70)), MS(80));
    (void)lec_run_tick(st.run, MS(85));
    assert_int_equal(st.begun_ns, MS(80));
    stage_close(&st);
}

static void an_event_starts_a_run_and_the_same_button_stops_it(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 0, 10);
    st.experiment.start = (struct lec_condition){.kind = LEC_COND_EVENT, .device = &st.devices[0], .event = "card"};
    st.experiment.stop = st.experiment.start;
    stage_open(&st);
    lec_run_event(st.run, &st.devices[1], "card", MS(5));
    lec_run_event(st.run, &st.devices[0], "door", MS(6));
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ARMED);
    lec_run_event(st.run, &st.devices[0], "card", MS(10));
    assert_int_equal(st.begun_ns, MS(10));
    stage_tell(&st, c, 10, 10, 9);
    lec_run_event(st.run, &st.devices[0], "card", MS(95));
    assert_string_equal(st.status, "done");
    assert_int_equal(st.out[c].n, 9);
    stage_close(&st);
}

static void a_run_ends_with_the_sample_that_meets_its_stop_condition(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 0, 10);
    st.experiment.stop =
        (struct lec_condition){.kind = LEC_COND_ABOVE, .channel = c, .level = 0.5, .text = "water is above 0.5"};
    stage_open(&st);
    stage_run(&st, 0, 1000, 10, c, -1);
    assert_string_equal(st.status, "done");
    assert_string_equal(st.reason, "water is above 0.5");
    assert_int_equal(st.out[c].n, 52);
    assert_int_equal(st.out[c].t[51], 510 * LEC_MS);
    stage_close(&st);
}

static void the_other_channels_go_on_to_the_same_end(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 0, 10), other = stage_point(&st, "air", 0, 10);
    st.experiment.stop = (struct lec_condition){.kind = LEC_COND_RISES, .channel = c, .level = 0.495, .text = "x"};
    stage_open(&st);
    stage_tell(&st, other, 0, 10, 20);
    stage_tell(&st, c, 0, 10, 60);
    lec_run_flush(st.run, MS(600));
    assert_int_equal(lec_run_state(st.run), LEC_RUN_RECORDING);
    stage_tell(&st, other, 200, 10, 60);
    assert_int_equal(lec_run_state(st.run), LEC_RUN_ENDED);
    assert_int_equal(st.out[c].n, 51);
    assert_int_equal(st.out[other].n, 51);
    stage_close(&st);
}

static void a_run_can_stop_after_a_time_and_by_a_point(void **state)
{
    (void)state;
    stage_clear(&st);
    stage_point(&st, "water", 0, 0);
    st.experiment.stop = (struct lec_condition){.kind = LEC_COND_AFTER, .time_ns = 3 * LEC_SEC, .text = "after 3s"};
    stage_open(&st);
    assert_int_equal(lec_run_tick(st.run, MS(1)), MS(3000));
    (void)lec_run_tick(st.run, MS(3000));
    assert_string_equal(st.status, "done");
    assert_string_equal(st.reason, "after 3s");
    stage_close(&st);

    stage_clear(&st);
    stage_point(&st, "water", 0, 0);
    const struct lec_point button = {.name = "pressed"};
    struct lec_value on = lec_bool(true);
    st.experiment.stop =
        (struct lec_condition){.kind = LEC_COND_POINT, .point = &button, .value = on, .text = "button"};
    stage_open(&st);
    lec_run_value(st.run, &button, &on, MS(50));
    assert_string_equal(st.reason, "button");
    stage_close(&st);
}

static void a_derived_channel_can_end_a_run(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t c = stage_point(&st, "water", 0, 10);
    size_t twice = stage_derive(&st, "twice", "2 * water");
    st.experiment.stop =
        (struct lec_condition){.kind = LEC_COND_RISES, .channel = twice, .level = 0.5, .text = "twice"};
    stage_open(&st);
    stage_run(&st, 0, 1000, 10, c, -1);
    assert_string_equal(st.reason, "twice");
    assert_int_equal(st.out[twice].t[st.out[twice].n - 1], 250 * LEC_MS);
    stage_close(&st);
}

static void marks_made_while_armed_come_if_their_time_is_kept(void **state)
{
    (void)state;
    water(LEC_COND_RISES, 10, 0, 0);
    st.experiment.pre_ns = 5 * LEC_SEC;
    stage_open(&st);
    for (int i = 0; i < 100; i++)
        lec_run_note(st.run, "stirred", "An", MS(i * 100)); /* the last 64 of them are held, 50 are of the last 5 s */
    assert_int_equal(st.n_marks, 0);
    stage_run(&st, 0, 11000, 10, 0, -1);
    assert_string_equal(stage_mark(&st, "mark", 0)->by, "An");
    assert_int_equal(st.n_marks, 51); /* with the trigger */
    for (size_t i = 1; i < st.n_marks; i++)
        assert_true(st.marks[i].t_ns >= -5 * LEC_SEC && st.marks[i].t_ns < 0);
    stage_close(&st);
}

static void an_armed_run_can_be_called_off(void **state)
{
    (void)state;
    water(LEC_COND_RISES, 10, 0, 0);
    stage_open(&st);
    stage_tell(&st, 0, 0, 10, 100);
    assert_non_null(strstr(stage_json(&st, 1000), "\"state\":\"armed\",\"samples\":0"));
    lec_run_stop(st.run, "stopped", "by An", MS(1000));
    assert_int_equal(st.begun_ns, LEC_NEVER);
    assert_string_equal(st.status, "stopped");
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_rises_only_when_the_level_is_passed_upwards),
        cmocka_unit_test(a_run_falls_only_when_the_level_is_passed_downwards),
        cmocka_unit_test(with_hysteresis_the_value_must_have_been_well_on_the_other_side),
        cmocka_unit_test(above_and_below_need_no_passing),
        cmocka_unit_test(a_condition_must_hold_without_a_break),
        cmocka_unit_test(nothing_holds_over_a_gap),
        cmocka_unit_test(conditions_see_calibrated_values),
        cmocka_unit_test(a_derived_channel_can_start_a_run),
        cmocka_unit_test(the_seconds_before_have_negative_times),
        cmocka_unit_test(fewer_seconds_are_kept_when_there_were_fewer),
        cmocka_unit_test(without_seconds_before_nothing_from_before_is_kept),
        cmocka_unit_test(what_is_kept_before_has_a_bound_and_a_mark_says_where_it_was_cut),
        cmocka_unit_test(a_run_can_start_after_a_time),
        cmocka_unit_test(a_run_can_start_at_a_time_of_day_even_if_the_clock_is_put_right),
        cmocka_unit_test(a_button_starts_a_run_when_it_is_pressed_not_when_it_was_already),
        cmocka_unit_test(a_button_that_bounces_must_be_held),
        cmocka_unit_test(an_event_starts_a_run_and_the_same_button_stops_it),
        cmocka_unit_test(a_run_ends_with_the_sample_that_meets_its_stop_condition),
        cmocka_unit_test(the_other_channels_go_on_to_the_same_end),
        cmocka_unit_test(a_run_can_stop_after_a_time_and_by_a_point),
        cmocka_unit_test(a_derived_channel_can_end_a_run),
        cmocka_unit_test(marks_made_while_armed_come_if_their_time_is_kept),
        cmocka_unit_test(an_armed_run_can_be_called_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
