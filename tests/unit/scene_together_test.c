/* Several scenes and people: joining, taking over, the limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scene_stage.h"

static struct stage st;

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
    stage_open(&st, stage_lesson);
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
    stage_open(&st, stage_lesson);
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
    stage_open(&st, stage_lesson);
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
    stage_open(&st, stage_lesson);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pressing_the_same_scene_again_joins_the_run),
        cmocka_unit_test(pressing_it_after_its_end_starts_a_new_run),
        cmocka_unit_test(another_scene_takes_over_the_points_they_share_and_leaves_the_rest),
        cmocka_unit_test(steps_that_needed_a_point_that_was_taken_are_skipped),
        cmocka_unit_test(a_persons_write_takes_queued_steps_and_only_those),
        cmocka_unit_test(a_scene_that_is_not_there_is_refused_with_the_nearest_name),
        cmocka_unit_test(more_runs_than_the_limit_are_refused_and_ended_ones_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
