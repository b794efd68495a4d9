/* The life of a scene: order, verdicts, reasons, the journal. Time is in scene_time_test.c, several scenes and people in
 * scene_together_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scene_stage.h"

static struct stage st;

static void steps_run_in_parallel_unless_after_orders_them(void **state)
{
    (void)state;
    stage_open(&st, stage_lesson);
    const char *run = stage_start(&st, "lesson");
    assert_non_null(stage_op(&st, "screen.position"));
    assert_non_null(stage_op(&st, "projector.power"));
    assert_non_null(stage_op(&st, "audio.level"));
    assert_null(stage_op(&st, "projector.input"));
    assert_string_equal(stage_step(&st, run, "source"), "queued");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    assert_non_null(stage_op(&st, "projector.input"));
    stage_close(&st);
}

static void a_run_is_done_when_every_step_has_come_true(void **state)
{
    (void)state;
    stage_open(&st, stage_lesson);
    const char *run = stage_start(&st, "lesson");
    stage_done(&st, "screen.position", LEC_V_ALREADY, "down", "down");
    stage_done(&st, "audio.level", LEC_V_ACCEPTED, NULL, NULL);
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    assert_string_equal(stage_state(&st, run), "running");
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "vga", "hdmi1");
    assert_string_equal(stage_state(&st, run), "done");
    assert_string_equal(stage_step(&st, run, "screen-down"), "already");
    assert_string_equal(stage_step(&st, run, "sound"), "accepted");
    assert_string_equal(stage_step(&st, run, "source"), "confirmed");
    assert_int_equal(lec_scenes_tick(st.scenes), LEC_NEVER);
    stage_close(&st);
}

static void a_step_tells_how_far_it_is(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene a", "power = projector.power on", "ring = bell.ring", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "a");
    assert_string_equal(stage_step(&st, run, "power"), "checking");
    assert_string_equal(stage_step(&st, run, "ring"), "sending");
    stage_sent(&st, "projector.power");
    stage_sent(&st, "bell.ring");
    assert_string_equal(stage_step(&st, run, "power"), "waiting");
    assert_string_equal(stage_step(&st, run, "ring"), "waiting");
    stage_close(&st);
}

static void each_operation_asks_for_a_fresh_read_where_there_is_one(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene a", "power = projector.power on", "show = sign.message Hello",
                                        "play = bell.play march", NULL};
    stage_open(&st, lines);
    stage_know(&st, "projector.power", LEC_GOOD, "on"); /* the cache says it holds: not good enough */
    stage_start(&st, "a");
    assert_true(stage_op(&st, "projector.power")->check_first);
    assert_false(stage_op(&st, "sign.message")->check_first);
    assert_string_equal(stage_op(&st, "projector.power")->value.s, "on");
    assert_string_equal(stage_op(&st, "bell.play")->value.s, "march");
    assert_string_equal(stage_op(&st, "bell.play")->principal, "teacher");
    stage_close(&st);
}

static void a_dead_device_costs_only_its_own_steps_and_those_that_need_them(void **state)
{
    (void)state;
    stage_open(&st, stage_lesson);
    const char *run = stage_start(&st, "lesson");
    stage_fail(&st, "projector.power", LEC_V_AWAY, LEC_E_LINK, "connection refused");
    assert_string_equal(stage_step(&st, run, "projector-on"), "away");
    assert_string_equal(stage_reason(&st, run, "projector-on"), "connection refused");
    assert_string_equal(stage_step(&st, run, "source"), "skipped");
    assert_string_equal(stage_reason(&st, run, "source"), "needs projector-on, which ended away");
    assert_string_equal(stage_state(&st, run), "running");
    stage_done(&st, "screen.position", LEC_V_CONFIRMED, "up", "down");
    stage_done(&st, "audio.level", LEC_V_CONFIRMED, "-20", "-12");
    assert_string_equal(stage_state(&st, run), "partly");
    stage_close(&st);
}

static void skipping_goes_on_along_the_graph(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene a",
                                        "one = projector.power on",
                                        "two = projector.input hdmi1, after one",
                                        "three = lights.front true, after two",
                                        "four = lights.rear true, after three",
                                        "other = screen.position down",
                                        NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "a");
    stage_fail(&st, "projector.power", LEC_V_REFUSED, LEC_E_REFUSED, "ERR4");
    assert_string_equal(stage_step(&st, run, "four"), "skipped");
    assert_string_equal(stage_reason(&st, run, "four"), "needs three, which ended skipped");
    stage_fail(&st, "screen.position", LEC_V_TIMEOUT, LEC_E_TIMEOUT, "no reply in 2 s");
    assert_string_equal(stage_state(&st, run), "failed");
    stage_close(&st);
}

/* Each case: how the steps a, b (required) and o (optional) end, and what the scene's verdict then is. */
static void the_verdict_of_a_scene_follows_from_its_steps(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = projector.power on", "b = screen.position down",
                                        "o = audio.mute true, optional", NULL};
    static const struct {
        enum lec_verdict a, b, o;
        const char *state;
    } cases[] = {
        {LEC_V_CONFIRMED, LEC_V_CONFIRMED, LEC_V_CONFIRMED, "done"},
        {LEC_V_ALREADY, LEC_V_ACCEPTED, LEC_V_CONFIRMED, "done"},
        {LEC_V_CONFIRMED, LEC_V_CONFIRMED, LEC_V_AWAY, "partly"},
        {LEC_V_CONFIRMED, LEC_V_TIMEOUT, LEC_V_CONFIRMED, "partly"},
        {LEC_V_AWAY, LEC_V_CONFIRMED, LEC_V_REFUSED, "partly"},
        {LEC_V_AWAY, LEC_V_REFUSED, LEC_V_CONFIRMED, "failed"},
        {LEC_V_TIMEOUT, LEC_V_OVERRIDDEN, LEC_V_TIMEOUT, "failed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        stage_open(&st, lines);
        const char *run = stage_start(&st, "s");
        stage_fail(&st, "projector.power", cases[i].a, 0, "");
        stage_fail(&st, "screen.position", cases[i].b, 0, "");
        stage_fail(&st, "audio.mute", cases[i].o, 0, "");
        assert_string_equal(stage_state(&st, run), cases[i].state);
        stage_close(&st);
    }
}

static void an_optional_step_never_fails_a_scene_also_through_those_behind_it(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "board = screen.position down, optional",
                                        "behind = audio.mute true, after board", "light = lights.front true", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_fail(&st, "screen.position", LEC_V_AWAY, LEC_E_LINK, "gone");
    assert_string_equal(stage_step(&st, run, "behind"), "skipped");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_string_equal(stage_state(&st, run), "partly");
    assert_true(json_is_true(json_object_get(stage_run(&st, run), "ready")));
    stage_close(&st);

    static const char *const alone[] = {"scene s", "board = screen.position down, optional",
                                        "behind = audio.mute true, after board", NULL};
    stage_open(&st, alone);
    run = stage_start(&st, "s");
    stage_fail(&st, "screen.position", LEC_V_AWAY, LEC_E_LINK, "gone");
    assert_string_equal(stage_state(&st, run), "partly");
    stage_close(&st);
}

static void every_verdict_short_of_success_has_a_reason(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = projector.power on", NULL};
    for (enum lec_verdict v = LEC_V_TIMEOUT; v <= LEC_V_CANCELLED; v++) {
        stage_open(&st, lines);
        const char *run = stage_start(&st, "s");
        stage_fail(&st, "projector.power", v, 0, "");
        assert_true(*stage_reason(&st, run, "a"));
        stage_close(&st);
    }
}

static void a_line_that_gives_no_verdict_does_not_leave_the_step_without_one(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = projector.power on", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_fail(&st, "projector.power", LEC_V_NONE, 0, "");
    assert_string_equal(stage_step(&st, run, "a"), "refused");
    stage_close(&st);
}

static void ready_turns_true_once_when_the_required_steps_have_succeeded(void **state)
{
    (void)state;
    stage_open(&st, stage_lesson);
    stage_start(&st, "lesson");
    stage_done(&st, "screen.position", LEC_V_CONFIRMED, "up", "down");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "vga", "hdmi1");
    stage_fail(&st, "audio.level", LEC_V_TIMEOUT, LEC_E_TIMEOUT, "no reply");
    size_t i, turned = 0;
    json_t *event;
    bool was = false;
    json_array_foreach(st.events, i, event)
    {
        bool is = json_is_true(json_object_get(event, "ready"));
        turned += is != was;
        was = is;
    }
    assert_true(was);
    assert_int_equal(turned, 1);
    stage_close(&st);
}

static void a_line_that_takes_no_more_refuses_the_step_and_only_that(void **state)
{
    (void)state;
    stage_open(&st, stage_lesson);
    st.full = true;
    const char *run = stage_start(&st, "lesson");
    assert_string_equal(stage_step(&st, run, "screen-down"), "refused");
    assert_string_equal(stage_reason(&st, run, "screen-down"), "64 operations wait for the line already");
    assert_string_equal(stage_state(&st, run), "failed");
    stage_close(&st);
}

static void runs_and_steps_are_journalled_with_their_principal(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = lights.front true", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_int_equal(json_array_size(st.journal), 3);
    static const char *const kinds[] = {"scene", "step", "scene"};
    for (size_t i = 0; i < 3; i++) {
        const json_t *entry = json_array_get(st.journal, i);
        assert_string_equal(json_string_value(json_object_get(entry, "kind")), kinds[i]);
        assert_string_equal(json_string_value(json_object_get(entry, "principal")), "teacher");
        const json_t *data = json_object_get(entry, "data");
        assert_string_equal(json_string_value(json_object_get(data, "run")), run);
    }
    const json_t *step = json_array_get(st.journal, 1);
    assert_string_equal(json_string_value(json_object_get(step, "device")), "lights");
    assert_string_equal(json_string_value(json_object_get(json_object_get(step, "data"), "verdict")), "confirmed");
    stage_close(&st);
}

static void answers_for_unknown_operations_are_ignored(void **state)
{
    (void)state;
    stage_open(&st, stage_lesson);
    const char *run = stage_start(&st, "lesson");
    struct lec_op_result result = {.verdict = LEC_V_CONFIRMED};
    lec_scenes_op_done(st.scenes, 999, &result);
    lec_scenes_op_done(st.scenes, 0, &result);
    lec_scenes_op_sent(st.scenes, 999);
    lec_scenes_read_done(st.scenes, 999, LEC_GOOD, &result.actual);
    assert_string_equal(stage_state(&st, run), "running");
    stage_close(&st);
}

static void a_reason_stays_readable_whatever_bytes_a_device_sends(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = projector.power on", NULL};
    static const char *const said[][2] = {
        {"máy chiếu:\nlỗi", "máy chiếu:\nlỗi"},
        {"m\xc3\x28 \xff\xe1\xba\x01 đèn", "m\xef\xbf\xbd( \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\x01 đèn"},
    };
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        stage_open(&st, lines);
        const char *run = stage_start(&st, "s");
        stage_fail(&st, "projector.power", LEC_V_REFUSED, LEC_E_REFUSED, said[i][0]);
        assert_string_equal(stage_reason(&st, run, "a"), said[i][1]);
        stage_close(&st);
    }
}

static void a_scene_without_steps_is_done_at_once(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    assert_string_equal(stage_state(&st, run), "done");
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_run_in_parallel_unless_after_orders_them),
        cmocka_unit_test(a_run_is_done_when_every_step_has_come_true),
        cmocka_unit_test(a_step_tells_how_far_it_is),
        cmocka_unit_test(each_operation_asks_for_a_fresh_read_where_there_is_one),
        cmocka_unit_test(a_dead_device_costs_only_its_own_steps_and_those_that_need_them),
        cmocka_unit_test(skipping_goes_on_along_the_graph),
        cmocka_unit_test(the_verdict_of_a_scene_follows_from_its_steps),
        cmocka_unit_test(an_optional_step_never_fails_a_scene_also_through_those_behind_it),
        cmocka_unit_test(every_verdict_short_of_success_has_a_reason),
        cmocka_unit_test(a_line_that_gives_no_verdict_does_not_leave_the_step_without_one),
        cmocka_unit_test(ready_turns_true_once_when_the_required_steps_have_succeeded),
        cmocka_unit_test(a_line_that_takes_no_more_refuses_the_step_and_only_that),
        cmocka_unit_test(runs_and_steps_are_journalled_with_their_principal),
        cmocka_unit_test(answers_for_unknown_operations_are_ignored),
        cmocka_unit_test(a_reason_stays_readable_whatever_bytes_a_device_sends),
        cmocka_unit_test(a_scene_without_steps_is_done_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
