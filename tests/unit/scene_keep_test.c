/* Runs over a crash of the daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scene_stage.h"

static struct stage st;

static const char *const lesson[] = {
    "scene lesson, deadline 5min",       "screen-down = screen.position down",
    "power = projector.power on",        "source = projector.input hdmi1, after power",
    "sound = audio.level -12, optional", NULL,
};

static const json_t *last_entry(const char *kind)
{
    for (size_t i = json_array_size(st.journal); i > 0; i--) {
        const json_t *entry = json_array_get(st.journal, i - 1);
        if (strcmp(json_string_value(json_object_get(entry, "kind")), kind) == 0)
            return json_object_get(entry, "data");
    }
    fail_msg("no journal entry of kind %s", kind);
    return NULL;
}

static void a_run_is_taken_up_again_and_only_unfinished_steps_are_begun_anew(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    stage_done(&st, "screen.position", LEC_V_CONFIRMED, "up", "down");
    stage_sent(&st, "projector.power");
    stage_fail(&st, "audio.level", LEC_V_AWAY, LEC_E_LINK, "no route");
    stage_wait(&st, 10 * LEC_SEC);
    size_t ops = st.n_ops;
    stage_crash(&st, NULL);
    assert_string_equal(stage_state(&st, run), "running");
    assert_int_equal(st.n_ops, ops + 1);
    assert_true(stage_op(&st, "projector.power")->check_first);
    assert_string_equal(stage_op(&st, "projector.power")->principal, "teacher");
    assert_string_equal(stage_step(&st, run, "screen-down"), "confirmed");
    assert_string_equal(stage_step(&st, run, "sound"), "away");
    assert_string_equal(stage_reason(&st, run, "sound"), "no route");
    assert_string_equal(json_string_value(json_object_get(last_entry("scene"), "what")), "resumed");
    stage_done(&st, "projector.power", LEC_V_ALREADY, "on", "on");
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "vga", "hdmi1");
    assert_string_equal(stage_state(&st, run), "partly");
    stage_close(&st);
}

static void the_scenes_deadline_counts_on_over_a_crash(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    st.wall_us += INT64_C(299000000); /* the machine was off; its clock was not */
    st.now = 5 * LEC_SEC;
    lec_clock_fake(st.now, st.wall_us);
    stage_crash(&st, NULL);
    assert_string_equal(stage_state(&st, run), "running");
    stage_wait(&st, 1 * LEC_SEC);
    assert_string_equal(stage_state(&st, run), "failed");
    assert_string_equal(stage_step(&st, run, "power"), "timeout");
    stage_close(&st);
}

static void a_run_older_than_its_deadline_is_closed_as_interrupted(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    stage_done(&st, "screen.position", LEC_V_CONFIRMED, "up", "down");
    st.wall_us += INT64_C(3600000000);
    lec_clock_fake(st.now, st.wall_us);
    size_t ops = st.n_ops, events = json_array_size(st.events);
    stage_crash(&st, NULL);
    assert_string_equal(stage_state(&st, run), "interrupted");
    assert_string_equal(stage_step(&st, run, "screen-down"), "confirmed");
    assert_string_equal(stage_step(&st, run, "source"), "cancelled");
    assert_string_equal(stage_reason(&st, run, "source"), "the daemon stopped, and the scene's time is over");
    assert_int_equal(st.n_ops, ops);
    assert_true(json_array_size(st.events) > events); /* visibly */
    assert_string_equal(json_string_value(json_object_get(last_entry("scene"), "verdict")), "interrupted");
    stage_crash(&st, NULL);
    assert_string_equal(stage_state(&st, run), "interrupted"); /* once is enough */
    stage_close(&st);
}

static void a_clock_that_was_set_back_makes_no_run_too_old(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    st.wall_us -= INT64_C(3600000000);
    lec_clock_fake(st.now, st.wall_us);
    stage_crash(&st, NULL);
    assert_string_equal(stage_state(&st, run), "running");
    stage_wait(&st, 301 * LEC_SEC);
    assert_string_not_equal(stage_state(&st, run), "running");
    stage_close(&st);
}

static void a_run_whose_scene_has_changed_is_closed_as_interrupted(void **state)
{
    (void)state;
    static const char *const changed[] = {"scene lesson, deadline 5min", "power = projector.power on", NULL};
    static const char *const gone[] = {"scene other", "light = lights.front true", NULL};
    const char *const *rooms[] = {changed, gone};
    for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
        stage_open(&st, lesson);
        const char *run = stage_start(&st, "lesson");
        size_t ops = st.n_ops;
        stage_crash(&st, rooms[i]);
        assert_string_equal(stage_state(&st, run), "interrupted");
        assert_string_equal(stage_reason(&st, run, "power"), "the daemon stopped, and the scene has changed since");
        assert_int_equal(st.n_ops, ops);
        assert_string_equal(json_string_value(json_object_get(stage_run_step(&st, run, "power"), "target")),
                            "projector.power");
        stage_close(&st);
    }
}

static void an_action_that_may_have_been_done_is_not_done_twice(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "ring = bell.ring", "play = bell.play march, after ring",
                                        "light = lights.front true", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_crash(&st, NULL);
    assert_string_equal(stage_step(&st, run, "ring"), "timeout");
    assert_string_equal(stage_reason(&st, run, "ring"), "the daemon stopped before the device had answered");
    assert_string_equal(stage_step(&st, run, "play"), "skipped");
    assert_string_equal(stage_step(&st, run, "light"), "checking");
    assert_null(stage_op(&st, "bell.ring"));
    stage_close(&st);

    stage_open(&st, lines);
    run = stage_start(&st, "s");
    stage_done(&st, "bell.ring", LEC_V_ACCEPTED, NULL, NULL);
    stage_done(&st, "bell.play", LEC_V_ACCEPTED, NULL, NULL);
    stage_crash(&st, NULL);
    assert_string_equal(stage_step(&st, run, "play"), "accepted");
    stage_close(&st);
}

static void that_an_action_is_begun_is_kept_before_it_is(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "ring = bell.ring", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    json_decref(st.kept); /* the crash comes between the start of the action and all that follows */
    st.kept = json_incref(st.kept_then);
    stage_crash(&st, NULL);
    assert_string_equal(stage_step(&st, run, "ring"), "timeout");
    assert_null(stage_op(&st, "bell.ring"));
    stage_close(&st);
}

static void an_action_waiting_for_its_next_attempt_is_tried_again(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "ring = bell.ring, retry 3", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_fail(&st, "bell.ring", LEC_V_AWAY, LEC_E_LINK, "no route");
    stage_crash(&st, NULL);
    assert_string_equal(stage_step(&st, run, "ring"), "sending");
    stage_close(&st);
}

static void a_run_being_cancelled_stays_cancelled(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    struct lec_buf json;
    lec_buf_init(&json, 1 << 20);
    assert_int_equal(lec_scenes_cancel(st.scenes, "lesson", "teacher", &json, NULL), 0);
    lec_buf_done(&json);
    assert_string_equal(stage_state(&st, run), "running");
    size_t ops = st.n_ops;
    stage_crash(&st, NULL);
    assert_string_equal(stage_state(&st, run), "cancelled");
    assert_int_equal(st.n_ops, ops);
    stage_close(&st);
}

static void what_was_before_the_crash_can_still_be_undone(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "projector.power", LEC_GOOD, "off");
    const char *run = stage_start(&st, "lesson");
    stage_done(&st, "screen.position", LEC_V_CONFIRMED, "up", "down");
    stage_sent(&st, "projector.power");
    stage_crash(&st, NULL);
    stage_done(&st, "projector.power", LEC_V_ALREADY, "on", "on"); /* it came on while we were away */
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "vga", "hdmi1");
    stage_done(&st, "audio.level", LEC_V_ALREADY, "-12", "-12");
    assert_string_equal(stage_state(&st, run), "done");
    struct lec_buf json;
    lec_buf_init(&json, 1 << 20);
    assert_int_equal(lec_scenes_undo(st.scenes, run, "teacher", &json, NULL), 0);
    lec_buf_done(&json);
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "hdmi1", "vga");
    assert_string_equal(stage_op(&st, "projector.power")->value.s, "off");
    assert_string_equal(stage_op(&st, "screen.position")->value.s, "up");
    stage_close(&st);
}

static void a_daemon_that_ends_leaves_its_runs_to_the_next(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    stage_done(&st, "screen.position", LEC_V_CONFIRMED, "up", "down");
    lec_scenes_stop(st.scenes);
    size_t entries = json_array_size(st.journal), ops = st.n_ops;
    stage_fail(&st, "projector.power", LEC_V_CANCELLED, LEC_E_CANCELLED, "the line ends");
    stage_fail(&st, "audio.level", LEC_V_CANCELLED, LEC_E_CANCELLED, "the line ends");
    lec_scenes_point_taken(st.scenes, stage_point(&st, "projector.input"), "assistant");
    stage_wait(&st, 1 * LEC_SEC);
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, 1 << 20);
    assert_int_equal(lec_scenes_start(st.scenes, "lesson", "teacher", &json, &err), LEC_E_NOMEM);
    assert_string_equal(err.text, "the room is stopping; try again when it is back");
    assert_int_equal(lec_scenes_cancel(st.scenes, "lesson", "teacher", &json, &err), LEC_E_NOMEM);
    assert_int_equal(lec_scenes_undo(st.scenes, NULL, "teacher", &json, &err), LEC_E_NOMEM);
    assert_int_equal(lec_scenes_plan(st.scenes, "lesson", true, NULL, NULL, &err), LEC_E_NOMEM);
    lec_buf_done(&json);
    assert_int_equal(json_array_size(st.journal), entries);
    assert_int_equal(lec_scenes_tick(st.scenes), LEC_NEVER);
    stage_crash(&st, NULL);
    assert_int_equal(st.n_ops, ops + 2);
    assert_string_equal(stage_step(&st, run, "power"), "checking");
    assert_string_equal(stage_step(&st, run, "source"), "queued");
    stage_close(&st);
}

static void an_undo_is_taken_up_again_too(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    stage_done(&st, "screen.position", LEC_V_CONFIRMED, "up", "down");
    stage_done(&st, "audio.level", LEC_V_CONFIRMED, "-20", "-12");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "vga", "hdmi1");
    struct lec_buf json;
    lec_buf_init(&json, 1 << 20);
    assert_int_equal(lec_scenes_undo(st.scenes, run, "teacher", &json, NULL), 0);
    json_t *undo = json_loads(json.data, 0, NULL);
    lec_buf_done(&json);
    const char *id = json_string_value(json_object_get(undo, "run"));
    stage_crash(&st, NULL);
    assert_string_equal(stage_state(&st, id), "running");
    assert_null(stage_op(&st, "projector.power"));
    stage_fail(&st, "projector.input", LEC_V_REFUSED, LEC_E_REFUSED, "no"); /* still order only */
    assert_string_equal(stage_op(&st, "projector.power")->value.s, "off");
    json_decref(undo);
    stage_close(&st);
}

/* A kept run with one thing changed: each must be dropped without harm. */
static void garbled_runs_are_dropped(void **state)
{
    (void)state;
    static const struct {
        const char *path, *value;
    } bent[] = {
        {"format", "2"},
        {"scene", "7"},
        {"scene", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""},
        {"time", "-1"},
        {"deadline", "0"},
        {"deadline", "9223372036854775807"},
        {"state", "\"wonderful\""},
        {"state", "\"done\""}, /* with steps that have not ended */
        {"cancelling", "1"},
        {"steps", "{}"},
        {"steps", "[{}]"},
        {"steps.0.name", "null"},
        {"steps.0.after", "[64]"},
        {"steps.0.after", "[-1]"},
        {"steps.0.after", "[0]"},
        {"steps.1.after", "[2]"}, /* 2 comes after 1: a circle */
        {"steps.0.after", "[1.5]"},
        {"steps.0.verdict", "\"none of your business\""},
        {"steps.0.value", "{}"},
        {"steps.0.value", "{\"enum\":1}"},
        {"steps.0.value", "{\"none\":null}"},
        {"steps.0.value", "{\"enum\":\"a\",\"int\":1}"},
        {"steps.0.retry", "-1"},
        {"steps.0.delay", "-5"},
        {"steps.0.timeout", "1e9"},
        {"steps.0.optional", "\"yes\""},
        {"steps.0.before", "7"},
        {"steps.0.reason", "7"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bent); i++) {
        stage_open(&st, lesson);
        const char *run = stage_start(&st, "lesson");
        char key[40];
        snprintf(key, sizeof key, "run/%s", run);
        json_t *text = json_loads(json_string_value(json_object_get(st.kept, key)), 0, NULL);
        json_t *at = text;
        const char *name = bent[i].path;
        if (strncmp(name, "steps.", 6) == 0) {
            at = json_array_get(json_object_get(text, "steps"), (size_t)(name[6] - '0'));
            name += 8;
        }
        json_t *value = json_loads(bent[i].value, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        json_object_set_new(at, name, value);
        char *out = json_dumps(text, 0);
        json_object_set_new(st.kept, key, json_string(out));
        free(out);
        json_decref(text);
        size_t ops = st.n_ops;
        stage_crash(&st, NULL);
        if (stage_run(&st, run))
            fail_msg("%s = %s was taken", bent[i].path, bent[i].value);
        assert_null(json_object_get(st.kept, key));
        assert_int_equal(st.n_ops, ops);
        assert_int_equal(lec_scenes_tick(st.scenes), LEC_NEVER);
        stage_close(&st);
    }
}

static void texts_that_are_no_runs_are_dropped(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    static const char *const texts[] = {"", "{", "[]", "7", "{\"format\":1}", "{\"format\":1,\"steps\":[]}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        lec_scenes_restore(st.scenes, "run/00ff", texts[i]);
    lec_scenes_restore(st.scenes, "run/", "{}");
    lec_scenes_restore(st.scenes, "run/../../etc/passwd", "{}");
    lec_scenes_restore(st.scenes, "run/00ff00ff00ff00ff00ff00ff00ff00ff00ff", "{}");
    lec_scenes_restore(st.scenes, "", "");
    lec_scenes_restore(st.scenes, "something", "{}");
    lec_scenes_resume(st.scenes);
    struct lec_buf json;
    lec_buf_init(&json, 1 << 20);
    lec_scenes_runs_json(st.scenes, &json);
    assert_string_equal(json.data, "[]");
    lec_buf_done(&json);
    stage_close(&st);
}

static void the_longest_run_that_there_can_be_fits_what_is_kept(void **state)
{
    (void)state;
    char steps[16][400], value[129];
    const char *lines[18] = {"scene s"};
    memset(value, '\\', sizeof value - 1); /* each takes two bytes in JSON */
    value[128] = '\0';
    for (size_t i = 0; i < 16; i++) {
        snprintf(steps[i], sizeof steps[i], "step%zu = sign.message %s", i, value);
        lines[i + 1] = steps[i];
    }
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    char reason[256];
    memset(reason, 1, sizeof reason - 1); /* six bytes each */
    reason[255] = '\0';
    for (size_t i = 0; i < 16; i++)
        stage_fail(&st, "sign.message", LEC_V_REFUSED, LEC_E_REFUSED, reason);
    stage_crash(&st, NULL);
    assert_string_equal(stage_state(&st, run), "failed");
    assert_string_equal(stage_reason(&st, run, "step3"), reason);
    char key[40];
    snprintf(key, sizeof key, "run/%s", run);
    assert_true(json_string_length(json_object_get(st.kept, key)) < 768 * 1024 / 4); /* a quarter of the steps */
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_taken_up_again_and_only_unfinished_steps_are_begun_anew),
        cmocka_unit_test(the_scenes_deadline_counts_on_over_a_crash),
        cmocka_unit_test(a_run_older_than_its_deadline_is_closed_as_interrupted),
        cmocka_unit_test(a_clock_that_was_set_back_makes_no_run_too_old),
        cmocka_unit_test(a_run_whose_scene_has_changed_is_closed_as_interrupted),
        cmocka_unit_test(an_action_that_may_have_been_done_is_not_done_twice),
        cmocka_unit_test(that_an_action_is_begun_is_kept_before_it_is),
        cmocka_unit_test(an_action_waiting_for_its_next_attempt_is_tried_again),
        cmocka_unit_test(a_run_being_cancelled_stays_cancelled),
        cmocka_unit_test(what_was_before_the_crash_can_still_be_undone),
        cmocka_unit_test(a_daemon_that_ends_leaves_its_runs_to_the_next),
        cmocka_unit_test(an_undo_is_taken_up_again_too),
        cmocka_unit_test(garbled_runs_are_dropped),
        cmocka_unit_test(texts_that_are_no_runs_are_dropped),
        cmocka_unit_test(the_longest_run_that_there_can_be_fits_what_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
