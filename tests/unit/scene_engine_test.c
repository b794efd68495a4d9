/* The life of a scene: order, verdicts, retries, time-outs, joining, taking over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scene_stage.h"

static struct stage st;

static const char *const lesson[] = {
    "scene lesson, deadline 5min",
    "screen-down = screen.position down",
    "projector-on = projector.power on, timeout 90s",
    "source = projector.input hdmi1, after projector-on",
    "sound = audio.level -12, optional",
    "scene video",
    "projector-on = projector.power on, timeout 90s",
    "source = projector.input hdmi2, after projector-on",
    "dark = lights.front false",
    NULL,
};

static void steps_run_in_parallel_unless_after_orders_them(void **state)
{
    (void)state;
    stage_open(&st, lesson);
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
    stage_open(&st, lesson);
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
    stage_open(&st, lesson);
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
    stage_open(&st, lesson);
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

static void a_line_that_takes_no_more_refuses_the_step_and_only_that(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    st.full = true;
    const char *run = stage_start(&st, "lesson");
    assert_string_equal(stage_step(&st, run, "screen-down"), "refused");
    assert_string_equal(stage_reason(&st, run, "screen-down"), "64 operations wait for the line already");
    assert_string_equal(stage_state(&st, run), "failed");
    stage_close(&st);
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

static json_t *start_json(const char *scene, int *rc, struct lec_err *err)
{
    struct lec_buf json;
    lec_buf_init(&json, 1 << 20);
    *rc = lec_scenes_start(st.scenes, scene, "assistant", &json, err);
    json_t *run = json.len ? json_loads(json.data, JSON_REJECT_DUPLICATES, NULL) : NULL;
    lec_buf_done(&json);
    return run;
}

static void pressing_the_same_scene_again_joins_the_run(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *id = stage_start(&st, "lesson");
    size_t ops = st.n_ops;
    int rc;
    struct lec_err err;
    json_t *again = start_json("lesson", &rc, &err);
    assert_int_equal(rc, 0);
    assert_string_equal(json_string_value(json_object_get(again, "run")), id);
    assert_true(json_is_true(json_object_get(again, "joined")));
    assert_string_equal(json_string_value(json_object_get(again, "principal")), "teacher");
    assert_int_equal(json_array_size(json_object_get(again, "steps")), 4);
    assert_int_equal(st.n_ops, ops);
    json_decref(again);
    stage_close(&st);
}

static void pressing_it_after_its_end_starts_a_new_run(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = lights.front true", NULL};
    stage_open(&st, lines);
    stage_start(&st, "s");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    int rc;
    json_t *again = start_json("s", &rc, NULL);
    assert_true(json_is_false(json_object_get(again, "joined")));
    assert_non_null(stage_op(&st, "lights.front"));
    json_decref(again);
    stage_close(&st);
}

static void another_scene_takes_over_the_points_they_share_and_leaves_the_rest(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *old = stage_start(&st, "lesson");
    stage_sent(&st, "projector.power");
    struct stage_op *power = stage_op(&st, "projector.power");
    const char *new = stage_start(&st, "video");
    assert_true(power->stopped);
    assert_int_equal(power->because, LEC_V_OVERRIDDEN);
    assert_string_equal(stage_step(&st, old, "projector-on"), "overridden");
    assert_string_equal(stage_reason(&st, old, "projector-on"), "taken over by scene video");
    assert_string_equal(stage_step(&st, old, "source"), "overridden");
    assert_string_equal(stage_step(&st, old, "screen-down"), "checking");
    assert_string_equal(stage_state(&st, old), "running");
    assert_string_equal(stage_step(&st, new, "projector-on"), "checking");
    stage_done(&st, "screen.position", LEC_V_CONFIRMED, "up", "down");
    stage_done(&st, "audio.level", LEC_V_CONFIRMED, "-20", "-12");
    assert_string_equal(stage_state(&st, old), "partly");
    stage_close(&st);
}

static void steps_that_needed_a_point_that_was_taken_are_skipped(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "scene one", "power = projector.power on",  "light = lights.front false, after power",
        "scene two", "power = projector.power off", NULL};
    stage_open(&st, lines);
    const char *old = stage_start(&st, "one");
    stage_start(&st, "two");
    assert_string_equal(stage_step(&st, old, "light"), "skipped");
    assert_string_equal(stage_state(&st, old), "failed");
    stage_close(&st);
}

static void a_persons_write_takes_queued_steps_and_only_those(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    lec_scenes_point_taken(st.scenes, stage_point(&st, "projector.input"), "principal-7");
    lec_scenes_point_taken(st.scenes, stage_point(&st, "projector.power"), "principal-7");
    assert_string_equal(stage_step(&st, run, "source"), "overridden");
    assert_string_equal(stage_reason(&st, run, "source"), "input was set by principal-7");
    assert_string_equal(stage_step(&st, run, "projector-on"), "checking"); /* its line will tell */
    stage_fail(&st, "projector.power", LEC_V_OVERRIDDEN, 0, "a newer write of principal-7");
    assert_string_equal(stage_step(&st, run, "projector-on"), "overridden");
    stage_close(&st);
}

static void a_scene_that_is_not_there_is_refused_with_the_nearest_name(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    int rc;
    struct lec_err err;
    assert_null(start_json("lessen", &rc, &err));
    assert_int_equal(rc, LEC_E_CONFIG);
    assert_string_equal(err.text, "no scene \"lessen\" (did you mean lesson?)");
    stage_close(&st);
}

static void more_runs_than_the_limit_are_refused_and_ended_ones_forgotten(void **state)
{
    (void)state;
    char names[LEC_RUNS_MAX + 2][24], steps[LEC_RUNS_MAX + 2][48];
    const char *lines[2 * (LEC_RUNS_MAX + 2) + 1];
    for (size_t i = 0; i < LEC_RUNS_MAX + 2; i++) {
        snprintf(names[i], sizeof names[i], "scene s%zu", i);
        snprintf(steps[i], sizeof steps[i], "a = bell.play tune%zu", i);
        lines[2 * i] = names[i];
        lines[2 * i + 1] = steps[i];
    }
    lines[2 * (LEC_RUNS_MAX + 2)] = NULL;
    stage_open(&st, lines);
    char first[LEC_RUN_ID_MAX + 1];
    snprintf(first, sizeof first, "%s", stage_start(&st, "s0"));
    for (size_t i = 1; i < LEC_RUNS_MAX; i++)
        stage_start(&st, names[i] + strlen("scene "));
    int rc;
    struct lec_err err;
    assert_null(start_json("s32", &rc, &err));
    assert_int_equal(rc, LEC_E_NOMEM);
    assert_string_equal(err.text, "32 scenes are under way already; cancel one or wait");
    st.ops[0].done = true;
    struct lec_op_result ended = {.verdict = LEC_V_ACCEPTED};
    lec_scenes_op_done(st.scenes, 1, &ended);
    assert_string_equal(stage_state(&st, first), "done");
    json_t *run = start_json("s32", &rc, &err);
    assert_int_equal(rc, 0);
    json_decref(run);
    assert_null(stage_run(&st, first));                            /* the ended one made room */
    assert_int_equal(json_object_size(st.kept), LEC_RUNS_MAX + 1); /* and its text; one duration was learnt */
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
    stage_open(&st, lesson);
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
        cmocka_unit_test(a_delay_counts_from_the_last_step_it_waits_for),
        cmocka_unit_test(a_step_is_tried_again_after_a_pause_as_often_as_it_says),
        cmocka_unit_test(a_device_that_said_no_is_not_asked_again),
        cmocka_unit_test(a_line_that_takes_no_more_refuses_the_step_and_only_that),
        cmocka_unit_test(an_attempt_gets_the_time_that_the_step_says_else_the_profile),
        cmocka_unit_test(a_line_that_never_answers_does_not_hold_the_run),
        cmocka_unit_test(when_the_scenes_time_is_over_what_is_unfinished_ends_timeout),
        cmocka_unit_test(pressing_the_same_scene_again_joins_the_run),
        cmocka_unit_test(pressing_it_after_its_end_starts_a_new_run),
        cmocka_unit_test(another_scene_takes_over_the_points_they_share_and_leaves_the_rest),
        cmocka_unit_test(steps_that_needed_a_point_that_was_taken_are_skipped),
        cmocka_unit_test(a_persons_write_takes_queued_steps_and_only_those),
        cmocka_unit_test(a_scene_that_is_not_there_is_refused_with_the_nearest_name),
        cmocka_unit_test(more_runs_than_the_limit_are_refused_and_ended_ones_forgotten),
        cmocka_unit_test(runs_and_steps_are_journalled_with_their_principal),
        cmocka_unit_test(answers_for_unknown_operations_are_ignored),
        cmocka_unit_test(a_reason_stays_readable_whatever_bytes_a_device_sends),
        cmocka_unit_test(a_scene_without_steps_is_done_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
