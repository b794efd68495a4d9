/* Taking a run back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scene_stage.h"

static struct stage st;

static const char *const lesson[] = {
    "scene lesson",
    "power = projector.power on",
    "source = projector.input hdmi1, after power",
    "light = lights.front false",
    "scene video",
    "dark = lights.front false",
    NULL,
};

static json_t *undo(const char *run, int *rc, struct lec_err *err)
{
    struct lec_buf json;
    lec_buf_init(&json, 1 << 20);
    *rc = lec_scenes_undo(st.scenes, run, "teacher", &json, err);
    json_t *answer = *rc == 0 ? json_loads(json.data, JSON_REJECT_DUPLICATES, NULL) : NULL;
    lec_buf_done(&json);
    return answer;
}

/* Undoes, expecting that it starts; returns the new run's id. */
static const char *undone(const char *run)
{
    static char ids[4][LEC_RUN_ID_MAX + 1];
    static unsigned next;
    char *id = ids[next++ % 4];
    int rc;
    json_t *answer = undo(run, &rc, NULL);
    assert_int_equal(rc, 0);
    snprintf(id, sizeof ids[0], "%s", json_string_value(json_object_get(answer, "run")));
    assert_string_equal(json_string_value(json_object_get(answer, "scene")), "undo");
    json_decref(answer);
    return id;
}

/* Why a step was left alone; "" if it was not. */
static const char *kept(const json_t *answer, const char *step)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(answer, "kept"), i,
                       row) if (strcmp(json_string_value(json_object_get(row, "step")), step) ==
                                0) return json_string_value(json_object_get(row, "reason"));
    return "";
}

static const char *ran_lesson(void)
{
    const char *run = stage_start(&st, "lesson");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "true", "false");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "vga", "hdmi1");
    assert_string_equal(stage_state(&st, run), "done");
    return run;
}

static void undo_restores_what_was_before_in_the_reverse_order(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *old = ran_lesson();
    const char *run = undone(old);
    assert_string_equal(json_string_value(json_object_get(stage_run(&st, run), "undoes")), old);
    assert_true(stage_op(&st, "lights.front")->value.b);
    assert_string_equal(stage_op(&st, "projector.input")->value.s, "vga"); /* while it is still on */
    assert_null(stage_op(&st, "projector.power"));
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "hdmi1", "vga");
    assert_string_equal(stage_op(&st, "projector.power")->value.s, "off");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "on", "off");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_string_equal(stage_state(&st, run), "done");
    stage_close(&st);
}

static void in_undo_a_step_that_fails_does_not_hold_up_the_others(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = undone(ran_lesson());
    stage_fail(&st, "projector.input", LEC_V_REFUSED, LEC_E_REFUSED, "ERR3");
    assert_non_null(stage_op(&st, "projector.power"));
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "on", "off");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_string_equal(stage_step(&st, run, "source"), "refused");
    assert_string_equal(stage_state(&st, run), "partly");
    stage_close(&st);
}

static void the_order_holds_over_a_step_between_that_needs_no_undoing(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "one = projector.power on", "two = camera.preset 3, after one",
                                        "three = lights.front false, after two", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_done(&st, "camera.preset", LEC_V_CONFIRMED, "1", "3");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "true", "false");
    int rc;
    json_t *answer = undo(run, &rc, NULL);
    assert_string_equal(kept(answer, "two"), "preset is never undone");
    json_decref(answer);
    assert_null(stage_op(&st, "projector.power"));
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_non_null(stage_op(&st, "projector.power"));
    stage_close(&st);
}

static void what_was_not_touched_is_left_alone(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    stage_done(&st, "lights.front", LEC_V_ALREADY, "false", "false");
    stage_fail(&st, "projector.power", LEC_V_AWAY, LEC_E_LINK, "gone");
    int rc;
    struct lec_err err;
    assert_null(undo(run, &rc, &err));
    assert_int_equal(rc, LEC_E_CONFIG);
    assert_non_null(strstr(err.text, "left nothing that could be restored"));
    stage_close(&st);
}

static void an_unknown_value_is_never_restored(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "true", "false");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, NULL, "on");
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "vga", "hdmi1");
    int rc;
    json_t *answer = undo(run, &rc, NULL);
    assert_string_equal(kept(answer, "power"), "what it was before is not known");
    assert_int_equal(json_array_size(json_object_get(answer, "steps")), 2);
    json_decref(answer);
    stage_close(&st);
}

static void a_value_that_cannot_be_set_is_not_restored(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "true", "false");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "cooling", "on");
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "vga", "hdmi1");
    int rc;
    json_t *answer = undo(run, &rc, NULL);
    assert_string_equal(kept(answer, "power"), "it was cooling, which cannot be set");
    json_decref(answer);
    stage_close(&st);
}

static void what_somebody_has_changed_since_is_left_alone(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = ran_lesson();
    stage_know(&st, "projector.input", LEC_GOOD, "hdmi2"); /* by its own remote control */
    lec_scenes_point_taken(st.scenes, stage_point(&st, "projector.power"), "assistant");
    int rc;
    json_t *answer = undo(run, &rc, NULL);
    assert_string_equal(kept(answer, "source"), "it has been changed to hdmi2 since");
    assert_string_equal(kept(answer, "power"), "somebody else has set it since");
    assert_string_equal(kept(answer, "light"), "");
    json_decref(answer);
    stage_close(&st);
}

static void what_a_newer_scene_has_taken_is_left_alone(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = ran_lesson();
    stage_start(&st, "video");
    stage_done(&st, "lights.front", LEC_V_ALREADY, "false", "false");
    int rc;
    json_t *answer = undo(run, &rc, NULL);
    assert_string_equal(kept(answer, "light"), "somebody else has set it since");
    json_decref(answer);
    stage_close(&st);
}

static void a_command_that_was_sent_and_not_confirmed_is_undone_too(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "projector.power", LEC_GOOD, "off");
    const char *run = stage_start(&st, "lesson");
    stage_sent(&st, "projector.power");
    stage_know(&st, "projector.power", LEC_GOOD, "warming");
    struct lec_buf json;
    lec_buf_init(&json, 1 << 20);
    assert_int_equal(lec_scenes_cancel(st.scenes, run, "teacher", &json, NULL), 0);
    lec_buf_done(&json);
    stage_wait(&st, 200 * LEC_MS); /* the line told nothing: the good value known at the start must do */
    assert_string_equal(stage_state(&st, run), "cancelled");
    const char *back = undone(run);
    assert_string_equal(stage_op(&st, "projector.power")->value.s, "off");
    assert_int_equal(json_array_size(json_object_get(stage_run(&st, back), "steps")), 1);
    stage_close(&st);
}

static void what_was_before_is_what_the_first_attempt_found(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "power = projector.power on, retry 1", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_sent(&st, "projector.power");
    struct stage_op *op = stage_op(&st, "projector.power");
    op->done = true;
    struct lec_op_result slow = {.verdict = LEC_V_TIMEOUT, .code = LEC_E_TIMEOUT, .before_known = true};
    slow.before = lec_enum("off");
    lec_scenes_op_done(st.scenes, op->id, &slow);
    stage_wait(&st, 1 * LEC_SEC);
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "warming", "on");
    undone(run);
    assert_string_equal(stage_op(&st, "projector.power")->value.s, "off");
    stage_close(&st);
}

static void what_a_later_attempt_found_is_not_what_was_before(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "power = projector.power on, retry 1", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_sent(&st, "projector.power"); /* without having been able to read it first */
    stage_fail(&st, "projector.power", LEC_V_TIMEOUT, LEC_E_TIMEOUT, "no reply");
    stage_wait(&st, 1 * LEC_SEC);
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    int rc;
    struct lec_err err;
    assert_null(undo(run, &rc, &err));
    assert_int_equal(rc, LEC_E_CONFIG);
    stage_close(&st);
}

static void a_point_set_twice_goes_back_to_what_it_was_first(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "up = audio.level -40", "on = projector.power on, after up",
                                        "down = audio.level -10, after on", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_done(&st, "audio.level", LEC_V_CONFIRMED, "-20", "-40");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_done(&st, "audio.level", LEC_V_CONFIRMED, "-40", "-10.2");
    const char *back = undone(run);
    assert_int_equal(json_array_size(json_object_get(stage_run(&st, back), "steps")), 2);
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "on", "off");
    assert_float_equal(stage_op(&st, "audio.level")->value.f, -20, 0);
    stage_done(&st, "audio.level", LEC_V_CONFIRMED, "-10", "-20");
    assert_string_equal(stage_state(&st, back), "done");
    stage_close(&st);
}

static void an_undo_can_be_undone(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = undone(ran_lesson());
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "hdmi1", "vga");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "on", "off");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    const char *again = undone(NULL); /* the last one ended */
    assert_string_equal(json_string_value(json_object_get(stage_run(&st, again), "undoes")), run);
    assert_string_equal(stage_op(&st, "projector.power")->value.s, "on");
    assert_null(stage_op(&st, "projector.input")); /* power first, as in the lesson */
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    assert_string_equal(stage_op(&st, "projector.input")->value.s, "hdmi1");
    stage_close(&st);
}

static void an_action_cannot_be_undone(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "ring = bell.ring", "light = lights.front true", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_done(&st, "bell.ring", LEC_V_ACCEPTED, NULL, NULL);
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    int rc;
    json_t *answer = undo(run, &rc, NULL);
    assert_string_equal(kept(answer, "ring"), "an action cannot be undone");
    json_decref(answer);
    stage_close(&st);
}

static void undo_takes_over_from_scenes_under_way(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = ran_lesson();
    const char *back = undone(run);
    const char *video = stage_start(&st, "video");
    assert_string_equal(stage_step(&st, back, "light"), "overridden");
    assert_string_equal(stage_reason(&st, back, "light"), "taken over by scene video");
    assert_string_equal(stage_step(&st, video, "dark"), "checking");
    stage_close(&st);
}

static void what_cannot_be_undone_says_why(void **state)
{
    (void)state;
    int rc;
    struct lec_err err;
    stage_open(&st, lesson);
    undo(NULL, &rc, &err);
    assert_int_equal(rc, LEC_E_CONFIG);
    assert_string_equal(err.text, "no scene has ended that could be undone");
    undo("1234", &rc, &err);
    assert_string_equal(err.text, "no run \"1234\" (the last 32 are remembered)");
    undo(stage_start(&st, "video"), &rc, &err);
    assert_non_null(strstr(err.text, "is still under way; cancel it first"));
    const char *run = ran_lesson();
    stage_wait(&st, LEC_UNDO_NS + 1);
    undo(run, &rc, &err);
    assert_int_equal(rc, LEC_E_CONFIG);
    assert_non_null(strstr(err.text, "ended more than 10min ago"));
    stage_close(&st);
}

static void a_run_can_be_undone_after_a_restart(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = ran_lesson();
    stage_crash(&st, NULL);
    assert_string_equal(stage_state(&st, run), "done");
    undone(NULL);
    assert_string_equal(stage_op(&st, "projector.input")->value.s, "vga");
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undo_restores_what_was_before_in_the_reverse_order),
        cmocka_unit_test(in_undo_a_step_that_fails_does_not_hold_up_the_others),
        cmocka_unit_test(the_order_holds_over_a_step_between_that_needs_no_undoing),
        cmocka_unit_test(what_was_not_touched_is_left_alone),
        cmocka_unit_test(an_unknown_value_is_never_restored),
        cmocka_unit_test(a_value_that_cannot_be_set_is_not_restored),
        cmocka_unit_test(what_somebody_has_changed_since_is_left_alone),
        cmocka_unit_test(what_a_newer_scene_has_taken_is_left_alone),
        cmocka_unit_test(a_command_that_was_sent_and_not_confirmed_is_undone_too),
        cmocka_unit_test(what_was_before_is_what_the_first_attempt_found),
        cmocka_unit_test(what_a_later_attempt_found_is_not_what_was_before),
        cmocka_unit_test(a_point_set_twice_goes_back_to_what_it_was_first),
        cmocka_unit_test(an_undo_can_be_undone),
        cmocka_unit_test(an_action_cannot_be_undone),
        cmocka_unit_test(undo_takes_over_from_scenes_under_way),
        cmocka_unit_test(what_cannot_be_undone_says_why),
        cmocka_unit_test(a_run_can_be_undone_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
