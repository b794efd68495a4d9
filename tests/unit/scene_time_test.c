/* Delays, retries and time-outs of steps and scenes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scene_stage.h"

static struct stage st;

static void a_delay_counts_from_the_last_step_it_waits_for(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = projector.power on",
                                        "b = projector.input vga, after a, delay 5s", "c = lights.rear true, delay 2s",
                                        NULL};
    stage_open(&st, lines);
    stage_start(&st, "s");
    assert_null(stage_op(&st, "lights.rear"));
    stage_wait(&st, 2 * LEC_SEC);
    assert_non_null(stage_op(&st, "lights.rear"));
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_wait(&st, 4900 * LEC_MS);
    assert_null(stage_op(&st, "projector.input"));
    assert_true(lec_scenes_tick(st.scenes) <= st.now + 100 * LEC_MS);
    stage_wait(&st, 100 * LEC_MS);
    assert_non_null(stage_op(&st, "projector.input"));
    stage_close(&st);
}

static void a_step_is_tried_again_after_a_pause_as_often_as_it_says(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = projector.power on, retry 2", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_fail(&st, "projector.power", LEC_V_AWAY, LEC_E_LINK, "gone");
    assert_string_equal(stage_step(&st, run, "a"), "queued");
    assert_null(stage_op(&st, "projector.power"));
    stage_wait(&st, 1 * LEC_SEC);
    stage_fail(&st, "projector.power", LEC_V_TIMEOUT, LEC_E_TIMEOUT, "no reply");
    stage_wait(&st, 1900 * LEC_MS);
    assert_null(stage_op(&st, "projector.power"));
    stage_wait(&st, 100 * LEC_MS);
    assert_int_equal(json_integer_value(json_object_get(stage_run_step(&st, run, "a"), "attempt")), 3);
    stage_fail(&st, "projector.power", LEC_V_TIMEOUT, LEC_E_TIMEOUT, "no reply in 2 s");
    assert_string_equal(stage_step(&st, run, "a"), "timeout");
    assert_string_equal(stage_state(&st, run), "failed");
    assert_int_equal(st.n_ops, 3);
    stage_close(&st);
}

static void a_device_that_said_no_is_not_asked_again(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = projector.power on, retry 5", NULL};
    static const struct {
        enum lec_verdict verdict;
        int code;
        bool again;
    } cases[] = {
        {LEC_V_REFUSED, LEC_E_REFUSED, false}, {LEC_V_REFUSED, LEC_E_RANGE, false},
        {LEC_V_REFUSED, LEC_E_NOTSUP, false},  {LEC_V_OVERRIDDEN, 0, false},
        {LEC_V_CANCELLED, 0, false},           {LEC_V_REFUSED, LEC_E_NOMEM, true},
        {LEC_V_TIMEOUT, LEC_E_FRAME, true},    {LEC_V_AWAY, LEC_E_LINK, true},
        {LEC_V_AWAY, LEC_E_CONFIG, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        stage_open(&st, lines);
        const char *run = stage_start(&st, "s");
        stage_fail(&st, "projector.power", cases[i].verdict, cases[i].code, "");
        assert_string_equal(stage_step(&st, run, "a"), cases[i].again ? "queued" : lec_verdict_name(cases[i].verdict));
        stage_close(&st);
    }
}

static void an_attempt_gets_the_time_that_the_step_says_else_the_profile(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "scene s, deadline 70s",          "a = projector.power on", "b = lights.front true, timeout 3s",
        "c = audio.level -20, delay 65s", "ring = bell.ring",       NULL};
    stage_open(&st, lines);
    stage_start(&st, "s");
    assert_int_equal(stage_op(&st, "projector.power")->timeout_ns, 60 * LEC_SEC);
    assert_int_equal(stage_op(&st, "lights.front")->timeout_ns, 3 * LEC_SEC);
    assert_int_equal(stage_op(&st, "bell.ring")->timeout_ns, 2 * LEC_SEC);
    stage_wait(&st, 3 * LEC_SEC);
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_wait(&st, 62 * LEC_SEC);
    assert_int_equal(stage_op(&st, "audio.level")->timeout_ns, 5 * LEC_SEC); /* all that the scene has left */
    stage_close(&st);
}

static void a_line_that_never_answers_does_not_hold_the_run(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = lights.front true, timeout 3s", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    uint64_t op = stage_op(&st, "lights.front")->id;
    stage_wait(&st, 3 * LEC_SEC);
    assert_false(stage_op(&st, "lights.front")->stopped);
    stage_wait(&st, 300 * LEC_MS);
    assert_true(stage_op(&st, "lights.front")->stopped);
    stage_wait(&st, 200 * LEC_MS);
    assert_string_equal(stage_step(&st, run, "a"), "timeout");
    assert_string_equal(stage_state(&st, run), "failed");
    struct lec_op_result late = {.verdict = LEC_V_CONFIRMED};
    lec_scenes_op_done(st.scenes, op, &late);
    assert_string_equal(stage_step(&st, run, "a"), "timeout");
    stage_close(&st);
}

static void when_the_scenes_time_is_over_what_is_unfinished_ends_timeout(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "scene s, deadline 20s", "a = projector.power on, timeout 90s", "b = projector.input hdmi1, after a",
        "c = lights.front true", "d = screen.position down, retry 9",   NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    stage_wait(&st, 19 * LEC_SEC + 500 * LEC_MS);
    stage_fail(&st, "screen.position", LEC_V_AWAY, LEC_E_LINK, "no route");
    stage_wait(&st, 500 * LEC_MS);
    assert_string_equal(stage_step(&st, run, "a"), "timeout");
    assert_string_equal(stage_reason(&st, run, "a"), "the scene's 20s were over");
    assert_string_equal(stage_step(&st, run, "b"), "timeout");
    assert_string_equal(stage_step(&st, run, "c"), "confirmed");
    assert_string_equal(stage_reason(&st, run, "d"), "the scene's 20s were over; before, away: no route");
    assert_string_equal(stage_state(&st, run), "partly");
    assert_true(stage_op(&st, "projector.power")->stopped);
    assert_int_equal(stage_open_ops(&st), 0);
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delay_counts_from_the_last_step_it_waits_for),
        cmocka_unit_test(a_step_is_tried_again_after_a_pause_as_often_as_it_says),
        cmocka_unit_test(a_device_that_said_no_is_not_asked_again),
        cmocka_unit_test(an_attempt_gets_the_time_that_the_step_says_else_the_profile),
        cmocka_unit_test(a_line_that_never_answers_does_not_hold_the_run),
        cmocka_unit_test(when_the_scenes_time_is_over_what_is_unfinished_ends_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
