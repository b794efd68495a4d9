/* Cancelling a scene, and changing the room under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "scene_stage.h"

static struct stage st;

static const char *const lesson[] = {
    "scene lesson",
    "screen-down = screen.position down",
    "projector-on = projector.power on",
    "source = projector.input hdmi1, after projector-on",
    "ring = bell.ring",
    NULL,
};

static json_t *cancel(const char *which, int *rc, struct lec_err *err)
{
    struct lec_buf json;
    lec_buf_init(&json, 1 << 20);
    *rc = lec_scenes_cancel(st.scenes, which, "teacher", &json, err);
    json_t *answer = *rc == 0 ? json_loads(json.data, JSON_REJECT_DUPLICATES, NULL) : NULL;
    lec_buf_done(&json);
    return answer;
}

static void cancel_ends_queued_steps_at_once_and_asks_the_lines_to_stop(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    int rc;
    json_t *answer = cancel(run, &rc, NULL);
    assert_int_equal(rc, 0);
    json_decref(answer);
    assert_string_equal(stage_step(&st, run, "source"), "cancelled");
    assert_string_equal(stage_reason(&st, run, "source"), "cancelled by teacher");
    assert_true(stage_op(&st, "projector.power")->stopped);
    assert_int_equal(stage_op(&st, "projector.power")->because, LEC_V_CANCELLED);
    assert_int_equal(stage_open_ops(&st), 0);
    stage_fail(&st, "projector.power", LEC_V_CANCELLED, LEC_E_CANCELLED, "");
    stage_fail(&st, "bell.ring", LEC_V_CANCELLED, LEC_E_CANCELLED, "");
    stage_fail(&st, "screen.position", LEC_V_CANCELLED, LEC_E_CANCELLED, "");
    assert_string_equal(stage_state(&st, run), "cancelled");
    stage_close(&st);
}

static void cancel_by_the_scenes_name_is_the_same(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    int rc;
    json_decref(cancel("lesson", &rc, NULL));
    assert_int_equal(rc, 0);
    assert_string_equal(stage_step(&st, run, "source"), "cancelled");
    stage_close(&st);
}

static void cancel_says_what_cannot_be_stopped_and_why(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "projector.power", LEC_GOOD, "off");
    stage_start(&st, "lesson");
    stage_sent(&st, "projector.power");
    stage_sent(&st, "screen.position");
    stage_sent(&st, "bell.ring");
    stage_know(&st, "projector.power", LEC_GOOD, "warming");
    int rc;
    json_t *answer = cancel("lesson", &rc, NULL);
    const json_t *list = json_object_get(answer, "unstoppable");
    assert_int_equal(json_array_size(list), 3);
    static const char *const expected[][2] = {
        {"screen-down", "screen: position down has been sent; it cannot be called back"},
        {"projector-on", "projector: already warming; cannot be stopped now"},
        {"ring", "bell: ring has been sent; it cannot be called back"},
    };
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(json_string_value(json_object_get(json_array_get(list, i), "step")), expected[i][0]);
        assert_string_equal(json_string_value(json_object_get(json_array_get(list, i), "reason")), expected[i][1]);
    }
    json_decref(answer);
    stage_close(&st);
}

static void nothing_is_unstoppable_that_was_not_sent(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_start(&st, "lesson");
    int rc;
    json_t *answer = cancel("lesson", &rc, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "unstoppable")), 0);
    json_decref(answer);
    stage_close(&st);
}

static void a_line_that_does_not_stop_is_not_waited_for_longer_than_200_ms(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    stage_sent(&st, "projector.power");
    uint64_t op = stage_op(&st, "projector.power")->id;
    int rc;
    json_decref(cancel("lesson", &rc, NULL));
    assert_int_equal(lec_scenes_tick(st.scenes), st.now + 200 * LEC_MS);
    stage_wait(&st, 199 * LEC_MS);
    assert_string_equal(stage_state(&st, run), "running");
    stage_wait(&st, 1 * LEC_MS);
    assert_string_equal(stage_state(&st, run), "cancelled");
    assert_string_equal(stage_step(&st, run, "projector-on"), "cancelled");
    assert_string_equal(stage_reason(&st, run, "projector-on"), "cancelled after the command was sent by teacher");
    struct lec_op_result late = {.verdict = LEC_V_CONFIRMED};
    lec_scenes_op_done(st.scenes, op, &late);
    assert_string_equal(stage_step(&st, run, "projector-on"), "cancelled");
    assert_string_equal(stage_state(&st, run), "cancelled");
    stage_close(&st);
}

static void what_came_true_in_spite_of_cancel_is_said_to_be_so(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = projector.power on", "b = lights.front true", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    int rc;
    json_decref(cancel("s", &rc, NULL));
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_fail(&st, "lights.front", LEC_V_TIMEOUT, LEC_E_TIMEOUT, "no reply");
    assert_string_equal(stage_step(&st, run, "a"), "confirmed");
    assert_string_equal(stage_step(&st, run, "b"), "cancelled");
    assert_string_equal(stage_state(&st, run), "cancelled");
    stage_close(&st);

    stage_open(&st, lines);
    run = stage_start(&st, "s");
    json_decref(cancel("s", &rc, NULL));
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_string_equal(stage_state(&st, run), "done"); /* derived from the steps, not from the wish */
    stage_close(&st);
}

static void a_host_that_answers_from_inside_stop_is_understood(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    st.answer_stop = true;
    const char *run = stage_start(&st, "lesson");
    int rc;
    json_decref(cancel("lesson", &rc, NULL));
    assert_string_equal(stage_state(&st, run), "cancelled");
    assert_int_equal(lec_scenes_tick(st.scenes), LEC_NEVER);
    stage_close(&st);
}

static void a_cancelled_step_is_not_tried_again(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = lights.front true, retry 5, timeout 2s",
                                        "b = lights.rear true, retry 5", NULL};
    stage_open(&st, lines);
    const char *run = stage_start(&st, "s");
    stage_fail(&st, "lights.rear", LEC_V_AWAY, LEC_E_LINK, "gone"); /* in its pause */
    stage_wait(&st, 100 * LEC_MS);
    stage_wait(&st, 2200 * LEC_MS); /* a: the engine has lost patience already; b: tried again */
    stage_fail(&st, "lights.rear", LEC_V_AWAY, LEC_E_LINK, "gone");
    int rc;
    json_decref(cancel("s", &rc, NULL));
    assert_string_equal(stage_step(&st, run, "b"), "cancelled");
    stage_wait(&st, 200 * LEC_MS);
    assert_string_equal(stage_step(&st, run, "a"), "cancelled");
    assert_string_equal(stage_state(&st, run), "cancelled");
    size_t ops = st.n_ops;
    stage_wait(&st, 60 * LEC_SEC);
    assert_int_equal(st.n_ops, ops);
    stage_close(&st);
}

static void a_scene_started_while_it_is_being_cancelled_is_a_new_run(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    const char *old = stage_start(&st, "lesson");
    int rc;
    json_decref(cancel("lesson", &rc, NULL));
    const char *new = stage_start(&st, "lesson");
    assert_string_not_equal(old, new);
    assert_string_equal(stage_step(&st, old, "projector-on"), "cancelled");
    assert_string_equal(stage_step(&st, new, "projector-on"), "checking");
    stage_wait(&st, 200 * LEC_MS); /* the bell of the old run: an action is shared by nobody */
    assert_string_equal(stage_state(&st, old), "cancelled");
    assert_string_equal(stage_state(&st, new), "running");
    stage_close(&st);
}

static void what_is_not_under_way_cannot_be_cancelled(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "a = lights.front true", NULL};
    stage_open(&st, lines);
    int rc;
    struct lec_err err;
    assert_null(cancel("s", &rc, &err));
    assert_int_equal(rc, LEC_E_CONFIG);
    assert_string_equal(err.text, "no run or scene \"s\" is under way");
    const char *run = stage_start(&st, "s");
    stage_done(&st, "lights.front", LEC_V_CONFIRMED, "false", "true");
    assert_null(cancel(run, &rc, &err));
    assert_int_equal(rc, LEC_E_CONFIG);
    assert_non_null(strstr(err.text, "has ended: done"));
    stage_close(&st);
}

static void reload(const char *const lines[])
{
    const struct lec_room *room = stage_room(lines);
    lec_scenes_reload(st.scenes, room);
    lec_room_unref(&st.room); /* the old room is gone: whoever still looks at it is found by the sanitizer */
    st.room = room;
    for (size_t i = 0; i < st.n_ops; i++) { /* the operations live on, at points of the new room */
        char name[64];
        snprintf(name, sizeof name, "%s", st.ops[i].target);
        if (st.ops[i].point)
            st.ops[i].point = stage_point(&st, name);
    }
}

static void a_run_whose_scene_is_unchanged_goes_on_after_a_reload(void **state)
{
    (void)state;
    static const char *const more[] = {"scene other",
                                       "light = lights.rear true",
                                       "scene lesson",
                                       "screen-down = screen.position down",
                                       "projector-on = projector.power on",
                                       "source = projector.input hdmi1, after projector-on",
                                       "ring = bell.ring",
                                       NULL};
    stage_open(&st, lesson);
    const char *run = stage_start(&st, "lesson");
    reload(more);
    assert_string_equal(stage_step(&st, run, "projector-on"), "checking");
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    assert_ptr_equal(stage_op(&st, "projector.input")->point, stage_point(&st, "projector.input"));
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "vga", "hdmi1");
    stage_done(&st, "screen.position", LEC_V_CONFIRMED, "up", "down");
    stage_done(&st, "bell.ring", LEC_V_ACCEPTED, NULL, NULL);
    assert_string_equal(stage_state(&st, run), "done");
    stage_close(&st);
}

static void a_run_whose_scene_was_changed_is_cancelled_by_a_reload(void **state)
{
    (void)state;
    static const char *const changed[][6] = {
        {"scene lesson", "screen-down = screen.position up", "projector-on = projector.power on",
         "source = projector.input hdmi1, after projector-on", "ring = bell.ring", NULL},
        {"scene lesson", "screen-down = screen.position down", "projector-on = projector.power on",
         "source = projector.input hdmi1", "ring = bell.ring", NULL},
        {"scene lesson", "screen-down = screen.position down", "projector-on = projector.power on",
         "source = projector.input hdmi1, after projector-on", NULL},
        {"scene lessons", "screen-down = screen.position down", "projector-on = projector.power on",
         "source = projector.input hdmi1, after projector-on", "ring = bell.ring", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(changed); i++) {
        stage_open(&st, lesson);
        const char *run = stage_start(&st, "lesson");
        stage_sent(&st, "projector.power");
        reload(changed[i]);
        assert_string_equal(stage_step(&st, run, "source"), "cancelled");
        assert_string_equal(stage_reason(&st, run, "source"), "the room's configuration was changed");
        stage_wait(&st, 200 * LEC_MS);
        assert_string_equal(stage_state(&st, run), "cancelled");
        assert_int_equal(stage_open_ops(&st), 0);
        stage_close(&st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel_ends_queued_steps_at_once_and_asks_the_lines_to_stop),
        cmocka_unit_test(cancel_by_the_scenes_name_is_the_same),
        cmocka_unit_test(cancel_says_what_cannot_be_stopped_and_why),
        cmocka_unit_test(nothing_is_unstoppable_that_was_not_sent),
        cmocka_unit_test(a_line_that_does_not_stop_is_not_waited_for_longer_than_200_ms),
        cmocka_unit_test(what_came_true_in_spite_of_cancel_is_said_to_be_so),
        cmocka_unit_test(a_host_that_answers_from_inside_stop_is_understood),
        cmocka_unit_test(a_cancelled_step_is_not_tried_again),
        cmocka_unit_test(a_scene_started_while_it_is_being_cancelled_is_a_new_run),
        cmocka_unit_test(what_is_not_under_way_cannot_be_cancelled),
        cmocka_unit_test(a_run_whose_scene_is_unchanged_goes_on_after_a_reload),
        cmocka_unit_test(a_run_whose_scene_was_changed_is_cancelled_by_a_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
