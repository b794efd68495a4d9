/* Learnt durations, estimates, and the events that tell of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scene_stage.h"

static struct stage st;

static const char *const one[] = {"scene s", "a = lights.front true", NULL};

static int64_t int_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    assert_true(json_is_integer(v));
    return json_integer_value(v);
}

/* Runs scene s once with its light taking `ns`, and gives back what was expected of it, -1 for nothing. */
static int64_t run_once(int64_t ns)
{
    const char *run = stage_start(&st, "s");
    const json_t *expected = json_object_get(stage_run_step(&st, run, "a"), "expected_ms");
    int64_t ms = expected ? json_integer_value(expected) : -1;
    stage_wait(&st, ns);
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_string_equal(stage_state(&st, run), "done");
    return ms;
}

static void a_duration_is_unknown_until_it_has_been_seen(void **state)
{
    (void)state;
    stage_open(&st, one);
    const char *run = stage_start(&st, "s");
    assert_null(json_object_get(stage_run(&st, run), "expected_ms"));
    assert_null(json_object_get(stage_run(&st, run), "remaining_ms"));
    stage_wait(&st, 800 * LEC_MS);
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_int_equal(run_once(800 * LEC_MS), 800);
    stage_close(&st);
}

static void the_profiles_word_is_the_first_estimate(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = projector.power on", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    assert_int_equal(int_of(stage_run(&st, run), "expected_ms"), 18000);
    assert_int_equal(int_of(stage_run_step(&st, run, "a"), "expected_ms"), 18000);
    stage_wait(&st, 30 * LEC_SEC);
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    run = stage_start(&st, "s");
    assert_int_equal(int_of(stage_run_step(&st, run, "a"), "expected_ms"), 24000); /* half way to what was seen */
    stage_close(&st);
}

static void an_estimate_follows_what_changed_and_is_not_thrown_by_one_bad_day(void **state)
{
    (void)state;
    stage_open(&st, one);
    for (int i = 0; i < 8; i++)
        run_once(1 * LEC_SEC);
    run_once(9 * LEC_SEC);
    assert_in_range(run_once(1 * LEC_SEC), 1000, 1400); /* one sample far off moves it little */
    for (int i = 0; i < 12; i++)
        run_once(4 * LEC_SEC);
    assert_in_range(run_once(4 * LEC_SEC), 3500, 4500); /* a real change is learnt */
    stage_close(&st);
}

static void only_what_succeeded_by_itself_teaches(void **state)
{
    (void)state;
    stage_open(&st, one);
    stage_start(&st, "s");
    stage_wait(&st, 10 * LEC_MS);
    stage_done(&st, "lights.front", LEC_V_ALREADY, "true", "true");
    stage_start(&st, "s");
    stage_wait(&st, 5 * LEC_SEC);
    stage_fail(&st, "lights.front", LEC_V_TIMEOUT, LEC_E_TIMEOUT, "no reply");
    assert_int_equal(run_once(1 * LEC_SEC), -1);
    stage_close(&st);
}

static void what_has_always_held_already_does_not_hide_how_long_the_rest_takes(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = projector.power on", "b = lights.front true, after a", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    assert_null(json_object_get(stage_run(&st, run), "expected_ms"));
    stage_wait(&st, 18 * LEC_SEC);
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_done(&st, "lights.front", LEC_V_ALREADY, "true", "true");
    stage_crash(&st, NULL); /* it is kept, too */

    run = stage_start(&st, "s");
    assert_int_equal(int_of(stage_run(&st, run), "expected_ms"), 18000);
    assert_null(json_object_get(stage_run_step(&st, run, "b"), "expected_ms"));
    stage_wait(&st, 18 * LEC_SEC);
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_sent(&st, "lights.front"); /* this time it does not hold: nobody knows how long that takes */
    assert_null(json_object_get(stage_run(&st, run), "remaining_ms"));
    stage_wait(&st, 2 * LEC_SEC);
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");

    run = stage_start(&st, "s");
    assert_int_equal(int_of(stage_run(&st, run), "expected_ms"), 20000);
    stage_close(&st);
}

static void durations_are_kept_over_a_restart(void **state)
{
    (void)state;
    stage_open(&st, one);
    run_once(700 * LEC_MS);
    assert_non_null(json_object_get(st.kept, "usual/lights.front=true"));
    stage_crash(&st, NULL);
    assert_int_equal(run_once(700 * LEC_MS), 700);
    stage_close(&st);
}

static void garbled_durations_are_dropped(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "x",
        "[]",
        "null",
        "{}",
        "{\"n\":1}",
        "{\"n\":-1,\"mean_us\":5,\"dev_us\":1}",
        "{\"n\":1,\"mean_us\":-5,\"dev_us\":1}",
        "{\"n\":1,\"mean_us\":1e300,\"dev_us\":1}",
        "{\"n\":1,\"mean_us\":\"5\",\"dev_us\":1}",
        "{\"n\":1,\"mean_us\":5,\"mean_us\":6,\"dev_us\":1}",
        "{\"n\":4000000000,\"mean_us\":5,\"dev_us\":1}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        stage_open(&st, one);
        json_object_set_new(st.kept, "usual/lights.front=true", json_string(texts[i]));
        stage_crash(&st, NULL);
        assert_int_equal(run_once(100 * LEC_MS), -1);
        stage_close(&st);
    }
}

static void a_limit_bounds_what_is_remembered(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = lights.front true", NULL};
    stage_open(&st, lines);
    run_once(1 * LEC_SEC);
    for (unsigned i = 0; i < 1100; i++) {
        char key[64];
        snprintf(key, sizeof key, "usual/audio.level=%u", i);
        lec_scenes_restore(st.scenes, key, "{\"n\":1,\"mean_us\":1000,\"dev_us\":10}");
        if (i == 500)
            run_once(1 * LEC_SEC); /* used lately, so it stays */
    }
    assert_int_equal(run_once(1 * LEC_SEC), 1000);
    char huge[600];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    memcpy(huge, "usual/", 6);
    lec_scenes_restore(st.scenes, huge, "{\"n\":1,\"mean_us\":1000,\"dev_us\":10}");
    stage_close(&st);
}

static void remaining_time_follows_the_longest_path_through_the_graph(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "power = projector.power on",
                                        "input = projector.input hdmi1, after power, delay 2s",
                                        "light = lights.front true", NULL};
    stage_open(&st, lines);
    lec_scenes_restore(st.scenes, "usual/projector.power=on", "{\"n\":3,\"mean_us\":20000000,\"dev_us\":10}");
    lec_scenes_restore(st.scenes, "usual/projector.input=hdmi1", "{\"n\":3,\"mean_us\":3000000,\"dev_us\":10}");
    lec_scenes_restore(st.scenes, "usual/lights.front=true", "{\"n\":3,\"mean_us\":500000,\"dev_us\":10}");
    const char *run = stage_start(&st, "s");
    assert_int_equal(int_of(stage_run(&st, run), "expected_ms"), 25000);
    assert_int_equal(int_of(stage_run(&st, run), "remaining_ms"), 25000);
    stage_wait(&st, 4 * LEC_SEC);
    assert_int_equal(int_of(stage_run(&st, run), "remaining_ms"), 21000);
    assert_int_equal(int_of(stage_run_step(&st, run, "power"), "remaining_ms"), 16000);
    assert_int_equal(int_of(stage_run_step(&st, run, "light"), "remaining_ms"), 0); /* late, never negative */
    stage_wait(&st, 46 * LEC_SEC);
    assert_int_equal(int_of(stage_run(&st, run), "remaining_ms"), 5000);
    assert_int_equal(int_of(stage_run(&st, run), "expected_ms"), 55000);
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_wait(&st, 1 * LEC_SEC);
    assert_int_equal(int_of(stage_run(&st, run), "remaining_ms"), 4000);
    stage_close(&st);
}

static void no_time_is_told_while_an_unfinished_step_is_unknown(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "power = projector.power on", "light = lights.front true", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    assert_null(json_object_get(stage_run(&st, run), "remaining_ms"));
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_int_equal(int_of(stage_run(&st, run), "remaining_ms"), 18000);
    stage_close(&st);
}

static void remaining_time_only_falls_while_nothing_goes_wrong(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "power = projector.power on", "sound = audio.level -12, after power",
                                        NULL};
    stage_open(&st, lines);
    lec_scenes_restore(st.scenes, "usual/audio.level=-12", "{\"n\":3,\"mean_us\":500000,\"dev_us\":10}");
    const char *run = stage_start(&st, "s");
    int64_t last = INT64_MAX;
    for (int i = 0; i < 60; i++) {
        stage_wait(&st, 400 * LEC_MS);
        int64_t left = int_of(stage_run(&st, run), "remaining_ms");
        assert_true(left >= 0 && left <= last);
        last = left;
    }
    stage_close(&st);
}

static void the_first_event_has_all_steps_and_later_ones_what_changed(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = lights.front true", "b = lights.rear true",
                                        "c = audio.mute true, after a", NULL};
    stage_open(&st, lines);
    stage_start(&st, "s");
    assert_int_equal(json_array_size(st.events), 1);
    assert_int_equal(json_array_size(json_object_get(json_array_get(st.events, 0), "steps")), 3);
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_int_equal(json_array_size(st.events), 2);
    const json_t *steps = json_object_get(json_array_get(st.events, 1), "steps");
    assert_int_equal(json_array_size(steps), 2); /* a has ended, c has begun */
    assert_string_equal(json_string_value(json_object_get(json_array_get(steps, 0), "state")), "confirmed");
    assert_string_equal(json_string_value(json_object_get(json_array_get(steps, 1), "state")), "checking");
    stage_close(&st);
}

static void progress_is_told_at_most_twice_a_second(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "power = projector.power on", NULL};
    stage_open(&st, lines);
    stage_start(&st, "s");
    size_t before = json_array_size(st.events);
    for (int i = 0; i < 1000; i++)
        stage_wait(&st, 10 * LEC_MS);
    assert_in_range(json_array_size(st.events) - before, 18, 20); /* in 10 s */
    const json_t *last = json_array_get(st.events, json_array_size(st.events) - 1);
    assert_in_range(int_of(last, "remaining_ms"), 8000, 8500);
    assert_int_equal(json_array_size(json_object_get(last, "steps")), 1);
    stage_close(&st);
}

static void nothing_is_told_while_there_is_nothing_new(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = lights.front true, timeout 90s", NULL};
    stage_open(&st, lines);
    stage_start(&st, "s");
    size_t before = json_array_size(st.events);
    assert_true(lec_scenes_tick(st.scenes) >= st.now + 90 * LEC_SEC); /* and nobody is woken for it */
    for (int i = 0; i < 100; i++)
        stage_wait(&st, 500 * LEC_MS);
    assert_int_equal(json_array_size(st.events), before);
    stage_close(&st);
}

static void the_list_of_scenes_knows_their_usual_time_and_their_run(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "power = projector.power on", "sound = audio.level -12, after power",
                                        "scene t", "light = lights.rear true",   NULL};
    stage_open(&st, lines);
    lec_scenes_restore(st.scenes, "usual/audio.level=-12", "{\"n\":3,\"mean_us\":500000,\"dev_us\":10}");
    const char *run = stage_start(&st, "s");
    struct lec_buf json;
    lec_buf_init(&json, 1 << 20);
    lec_scenes_list_json(st.scenes, &json);
    json_t *list = json_loads(json.data, 0, NULL);
    lec_buf_clear(&json);
    lec_scenes_runs_json(st.scenes, &json);
    json_t *runs = json_loads(json.data, 0, NULL);
    lec_buf_done(&json);
    assert_int_equal(json_array_size(list), 2);
    assert_int_equal(int_of(json_array_get(list, 0), "usual_ms"), 18500);
    assert_int_equal(int_of(json_array_get(list, 0), "steps"), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "run")), run);
    assert_null(json_object_get(json_array_get(list, 1), "usual_ms"));
    assert_null(json_object_get(json_array_get(list, 1), "run"));
    assert_true(json_is_false(json_object_get(json_array_get(list, 1), "captured")));
    assert_int_equal(json_array_size(runs), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(runs, 0), "run")), run);
    json_decref(list);
    json_decref(runs);
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_is_unknown_until_it_has_been_seen),
        cmocka_unit_test(the_profiles_word_is_the_first_estimate),
        cmocka_unit_test(an_estimate_follows_what_changed_and_is_not_thrown_by_one_bad_day),
        cmocka_unit_test(only_what_succeeded_by_itself_teaches),
        cmocka_unit_test(what_has_always_held_already_does_not_hide_how_long_the_rest_takes),
        cmocka_unit_test(durations_are_kept_over_a_restart),
        cmocka_unit_test(garbled_durations_are_dropped),
        cmocka_unit_test(a_limit_bounds_what_is_remembered),
        cmocka_unit_test(remaining_time_follows_the_longest_path_through_the_graph),
        cmocka_unit_test(no_time_is_told_while_an_unfinished_step_is_unknown),
        cmocka_unit_test(remaining_time_only_falls_while_nothing_goes_wrong),
        cmocka_unit_test(the_first_event_has_all_steps_and_later_ones_what_changed),
        cmocka_unit_test(progress_is_told_at_most_twice_a_second),
        cmocka_unit_test(nothing_is_told_while_there_is_nothing_new),
        cmocka_unit_test(the_list_of_scenes_knows_their_usual_time_and_their_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
