/* Counting events, values typed in, and sampling on event. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment_stage.h"

static struct stage st;
static struct lec_err err;

static void events_are_counted_at_their_times_from_the_start_on(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t drops = stage_count(&st, "drops", "drop"), water = stage_point(&st, "water", 0, 100);
    size_t rate = stage_derive(&st, "volume", "0.05 * drops");
    st.experiment.start = (struct lec_condition){.kind = LEC_COND_RISES, .channel = water, .level = 1};
    stage_open(&st);
    lec_run_event(st.run, &st.devices[drops], "drop", MS(500)); /* not since the start */
    stage_run(&st, 0, 1100, 100, water, -1);
    assert_int_equal(st.begun_ns, MS(1000));
    lec_run_event(st.run, &st.devices[drops], "drop", MS(1250));
    lec_run_event(st.run, &st.devices[drops], "splash", MS(1300));
    lec_run_event(st.run, &st.devices[water], "drop", MS(1350));
    lec_run_event(st.run, &st.devices[drops], "drop", MS(1400));
    lec_run_event(st.run, &st.devices[drops], "drop", MS(1400)); /* two at once */
    lec_run_flush(st.run, MS(2000));
    assert_int_equal(st.out[drops].n, 4);
    static const int64_t at[] = {0, 250000000, 400000000, 400000001};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(st.out[drops].t[i], at[i]);
        assert_true(st.out[drops].v[i] == (double)i);
    }
    assert_int_equal(st.out[rate].n, 4);
    assert_true(fabs(st.out[rate].v[3] - 0.15) < 1e-12);
    assert_non_null(strstr(stage_json(&st, 2000), "\"channel\":\"drops\",\"unit\":\"\",\"last\":3.0"));
    stage_close(&st);
}

static void a_count_serves_a_formula_however_old_it_is(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t drops = stage_count(&st, "drops", "drop"), water = stage_point(&st, "water", 0, 100);
    size_t d = stage_derive(&st, "d", "drops + 0 * water");
    stage_open(&st);
    lec_run_event(st.run, &st.devices[drops], "drop", MS(250));
    stage_run(&st, 0, 20000, 100, water, -1);
    lec_run_stop(st.run, "stopped", "", MS(20000));
    assert_int_equal(st.out[d].n, 200);
    assert_true(st.out[d].v[2] == 0);
    assert_true(st.out[d].v[3] == 1);
    assert_true(st.out[d].v[199] == 1);
    stage_close(&st);
}

/* Titration: with each drop the pH, the count and a volume worked out from it. */
static void titration(void)
{
    stage_clear(&st);
    stage_point(&st, "ph", 0, 100);
    stage_count(&st, "drops", "drop");
    stage_manual(&st, "colour");
    stage_derive(&st, "volume", "0.05 * drops + 0 * ph");
    st.experiment.on_event = true;
    st.experiment.sample = (struct lec_condition){.kind = LEC_COND_EVENT, .device = &st.devices[1], .event = "drop"};
}

static void each_event_takes_one_sample_of_every_channel(void **state)
{
    (void)state;
    titration();
    assert_int_equal(lec_calibration_parse("linear 100 1", &st.sources[0].calibration, NULL), 0);
    stage_open(&st);
    for (int i = 0; i < 20; i++) {
        stage_tell(&st, 0, i * 100, 100, 1); /* values are times */
        if (i % 5 == 3)
            lec_run_event(st.run, &st.devices[1], "drop", MS(i * 100 + 50));
        lec_run_flush(st.run, MS(i * 100 + 60));
    }
    lec_run_flush(st.run, MS(2000));
    for (size_t c = 0; c < 4; c++) {
        assert_int_equal(st.out[c].n, 4);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(st.out[c].t[i], (350 + (int64_t)i * 500) * LEC_MS);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_true(fabs(st.out[0].v[i] - (0.3 + (double)i * 0.5)) < 1e-9); /* raw, the newest before the drop */
        assert_true(st.out[1].v[i] == (double)i + 1);
        assert_true(isnan(st.out[2].v[i]));
        assert_true(fabs(st.out[3].v[i] - 0.05 * ((double)i + 1)) < 1e-12);
    }
    struct lec_run_channel_state s;
    lec_run_channel(st.run, 0, &s);
    assert_int_equal(s.samples, 4);
    stage_close(&st);
}

static void a_value_that_is_on_its_way_is_waited_for(void **state)
{
    (void)state;
    titration();
    stage_open(&st);
    stage_tell(&st, 0, 0, 100, 2);
    lec_run_event(st.run, &st.devices[1], "drop", MS(420));
    lec_run_flush(st.run, MS(430));
    assert_int_equal(st.out[0].n, 0);
    stage_tell(&st, 0, 200, 100, 5); /* the block in which 400 ms was */
    lec_run_flush(st.run, MS(710));
    assert_int_equal(st.out[0].n, 1);
    assert_true(fabs(st.out[0].v[0] - 0.4) < 1e-9);
    stage_close(&st);
}

static void a_probe_that_is_silent_or_gone_gives_nothing_and_stops_nobody(void **state)
{
    (void)state;
    titration();
    stage_open(&st);
    stage_tell(&st, 0, 0, 100, 2);
    lec_run_event(st.run, &st.devices[1], "drop", MS(900));
    lec_run_flush(st.run, MS(1000));
    assert_int_equal(st.out[1].n, 0);
    lec_run_flush(st.run, MS(1400));
    assert_int_equal(st.out[1].n, 1);
    assert_true(isnan(st.out[0].v[0])); /* older than three of its intervals */
    lec_run_presence(st.run, &st.devices[0], false, "unplugged", MS(1500));
    lec_run_event(st.run, &st.devices[1], "drop", MS(1600));
    lec_run_flush(st.run, MS(1610));
    assert_int_equal(st.out[1].n, 2); /* not waited for any more */
    assert_true(isnan(st.out[0].v[1]));
    stage_close(&st);
}

static void a_hand_takes_a_sample_with_what_was_typed(void **state)
{
    (void)state;
    titration();
    stage_open(&st);
    stage_tell(&st, 0, 0, 100, 10);
    double typed[LEC_CHANNELS_MAX] = {0, 0, 7.5, 0};
    assert_int_equal(lec_run_hand(st.run, typed, MS(910), &err), 0);
    assert_int_equal(lec_run_hand(st.run, NULL, MS(920), &err), 0);
    lec_run_flush(st.run, MS(2000));
    assert_int_equal(st.out[2].n, 2);
    assert_true(st.out[2].v[0] == 7.5);
    assert_true(isnan(st.out[2].v[1]));
    assert_true(fabs(st.out[0].v[0] - 0.9) < 1e-9);
    stage_close(&st);
}

static void a_button_samples_each_time_it_is_pressed(void **state)
{
    (void)state;
    titration();
    const struct lec_point button = {.name = "pressed"};
    struct lec_value on = lec_bool(true), off = lec_bool(false);
    st.experiment.sample = (struct lec_condition){.kind = LEC_COND_POINT, .point = &button, .value = on};
    stage_open(&st);
    lec_run_value(st.run, &button, &off, MS(0));
    for (int i = 1; i <= 5; i++) {
        lec_run_value(st.run, &button, &on, MS(i * 100));
        lec_run_value(st.run, &button, &on, MS(i * 100 + 10));
        lec_run_value(st.run, &button, &off, MS(i * 100 + 50));
    }
    lec_run_flush(st.run, MS(2000));
    assert_int_equal(st.out[1].n, 5);
    stage_close(&st);
}

static void an_event_that_bounces_is_one_sample(void **state)
{
    (void)state;
    titration();
    st.experiment.sample.hold_ns = 20 * LEC_MS;
    stage_open(&st);
    static const double at[] = {100, 101, 105, 119, 121, 200};
    for (size_t i = 0; i < 6; i++)
        lec_run_event(st.run, &st.devices[1], "drop", MS(at[i]));
    lec_run_flush(st.run, MS(2000));
    assert_int_equal(st.out[1].n, 3); /* 100, 121, 200 */
    assert_int_equal(st.out[1].t[1], 121 * LEC_MS);
    stage_close(&st);
}

static void a_run_on_events_ends_like_any_other_with_its_last_samples(void **state)
{
    (void)state;
    titration();
    st.experiment.duration_ns = LEC_SEC;
    stage_open(&st);
    stage_tell(&st, 0, 0, 100, 9);
    lec_run_event(st.run, &st.devices[1], "drop", MS(990));
    lec_run_event(st.run, &st.devices[1], "drop", MS(1010));
    (void)lec_run_tick(st.run, MS(1020));
    assert_int_equal(lec_run_state(st.run), LEC_RUN_RECORDING);
    stage_tell(&st, 0, 900, 100, 3);
    lec_run_flush(st.run, MS(1200));
    assert_string_equal(st.status, "done");
    assert_int_equal(st.out[0].n, 1);
    assert_true(fabs(st.out[0].v[0] - 0.9) < 1e-9);
    stage_close(&st);
}

static void more_events_than_can_wait_are_sampled_with_what_there_is(void **state)
{
    (void)state;
    titration();
    stage_open(&st);
    stage_tell(&st, 0, 0, 100, 1);
    for (int i = 0; i < 10000; i++)
        lec_run_event(st.run, &st.devices[1], "drop", MS(1 + i * 0.01));
    lec_run_stop(st.run, "stopped", "", MS(200));
    assert_int_equal(st.out[1].n, 10000);
    assert_int_equal(st.out[0].n, 10000);
    assert_true(st.out[1].v[9999] == 10000);
    stage_close(&st);
}

static void values_can_be_typed_into_a_run_that_samples_by_itself(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water = stage_point(&st, "water", 0, 100), mass = stage_manual(&st, "mass");
    size_t d = stage_derive(&st, "d", "mass + 0 * water");
    stage_open(&st);
    double typed[] = {(double)NAN, 2.5, 0};
    assert_int_equal(lec_run_hand(st.run, typed, MS(150), &err), 0);
    typed[1] = (double)NAN;
    assert_int_equal(lec_run_hand(st.run, typed, MS(160), &err), LEC_E_RANGE);
    assert_int_equal(lec_run_hand(st.run, NULL, MS(160), &err), LEC_E_RANGE);
    stage_run(&st, 0, 2000, 100, water, -1);
    lec_run_stop(st.run, "stopped", "", MS(2000));
    assert_int_equal(st.out[mass].n, 1);
    assert_int_equal(st.out[mass].t[0], 150 * LEC_MS);
    assert_true(isnan(st.out[d].v[1]) && st.out[d].v[2] == 2.5 && st.out[d].v[19] == 2.5);
    assert_int_equal(lec_run_hand(st.run, typed, MS(2100), &err), LEC_E_RANGE);
    assert_string_equal(err.text, "the run has ended");
    stage_close(&st);
}

static void a_hand_is_refused_where_there_is_nothing_to_take(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t water = stage_point(&st, "water", 0, 100);
    stage_open(&st);
    assert_int_equal(lec_run_hand(st.run, NULL, MS(10), &err), LEC_E_RANGE);
    assert_string_equal(err.text, "test samples by itself and has no channel to type in");
    stage_close(&st);
    stage_clear(&st);
    water = stage_point(&st, "water", 0, 100);
    st.experiment.start = (struct lec_condition){.kind = LEC_COND_ABOVE, .channel = water, .level = 5};
    stage_open(&st);
    assert_int_equal(lec_run_hand(st.run, NULL, MS(10), &err), LEC_E_BUSY);
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_counted_at_their_times_from_the_start_on),
        cmocka_unit_test(a_count_serves_a_formula_however_old_it_is),
        cmocka_unit_test(each_event_takes_one_sample_of_every_channel),
        cmocka_unit_test(a_value_that_is_on_its_way_is_waited_for),
        cmocka_unit_test(a_probe_that_is_silent_or_gone_gives_nothing_and_stops_nobody),
        cmocka_unit_test(a_hand_takes_a_sample_with_what_was_typed),
        cmocka_unit_test(a_button_samples_each_time_it_is_pressed),
        cmocka_unit_test(an_event_that_bounces_is_one_sample),
        cmocka_unit_test(a_run_on_events_ends_like_any_other_with_its_last_samples),
        cmocka_unit_test(more_events_than_can_wait_are_sampled_with_what_there_is),
        cmocka_unit_test(values_can_be_typed_into_a_run_that_samples_by_itself),
        cmocka_unit_test(a_hand_is_refused_where_there_is_nothing_to_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
