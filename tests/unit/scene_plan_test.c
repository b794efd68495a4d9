/* What a scene would do, told without touching a device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "scene_stage.h"

static struct stage st;
static json_t *plan;
static unsigned answers;

static const char *const lesson[] = {
    "scene lesson",
    "screen-down = screen.position down",
    "power = projector.power on",
    "source = projector.input hdmi1, after power",
    "sound = audio.level -12, optional",
    "show = sign.message Hello",
    "ring = bell.ring, after source",
    NULL,
};

static void answered(void *ctx, const char *json)
{
    assert_ptr_equal(ctx, &st);
    answers++;
    json_decref(plan);
    plan = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(plan);
}

static void ask(const char *scene, bool fresh)
{
    answers = 0;
    assert_int_equal(lec_scenes_plan(st.scenes, scene, fresh, answered, &st, NULL), 0);
}

/* Answers the read of that target, if it was asked for. */
static void answer(const char *target, enum lec_quality quality, const char *value)
{
    const struct lec_point *point = stage_point(&st, target);
    struct lec_value v = {.type = LEC_NONE};
    if (value)
        assert_int_equal(lec_value_parse(value, point->type, &v, NULL), 0);
    for (size_t i = 0; i < st.n_reads; i++)
        if (st.reads[i].point == point)
            lec_scenes_read_done(st.scenes, st.reads[i].token, quality, &v);
}

static const json_t *row(const char *name)
{
    size_t i;
    const json_t *step;
    json_array_foreach(json_object_get(plan, "steps"), i,
                       step) if (strcmp(json_string_value(json_object_get(step, "name")), name) == 0) return step;
    fail_msg("no step %s in the plan", name);
    return NULL;
}

static const char *would(const char *name)
{
    return json_string_value(json_object_get(row(name), "would"));
}

static void close_stage(void)
{
    json_decref(plan);
    plan = NULL;
    stage_close(&st);
}

static void a_plan_comes_from_fresh_reads_and_touches_nothing(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "screen.position", LEC_GOOD, "up"); /* the cache is wrong */
    stage_know(&st, "projector.power", LEC_GOOD, "on");
    ask("lesson", true);
    assert_int_equal(st.n_reads, 4); /* not the sign, which cannot be read, nor the bell */
    answer("screen.position", LEC_GOOD, "down");
    answer("projector.power", LEC_GOOD, "off");
    answer("projector.input", LEC_BAD, NULL);
    assert_int_equal(answers, 0);
    answer("audio.level", LEC_GOOD, "-12.4"); /* within its tolerance */
    assert_int_equal(answers, 1);
    assert_string_equal(would("screen-down"), "skip");
    assert_string_equal(would("power"), "set");
    assert_string_equal(would("sound"), "skip");
    assert_string_equal(would("show"), "set");
    assert_string_equal(would("ring"), "invoke");
    assert_string_equal(json_string_value(json_array_get(json_object_get(row("source"), "after"), 0)), "power");
    assert_true(json_is_true(json_object_get(row("sound"), "optional")));
    assert_int_equal(st.n_ops, 0);
    assert_int_equal(json_array_size(st.events), 0);
    assert_int_equal(json_array_size(st.journal), 0);
    assert_int_equal(json_object_size(st.kept), 0);
    close_stage();
}

static void what_a_step_before_makes_possible_would_be_set(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "projector.power", LEC_GOOD, "off");
    ask("lesson", false);
    assert_int_equal(answers, 1);
    assert_string_equal(would("source"), "set"); /* it cannot be read while off, and the scene turns it on */
    close_stage();

    static const char *const without[] = {"scene s", "source = projector.input hdmi1", NULL};
    stage_open(&st, without);
    stage_know(&st, "projector.power", LEC_GOOD, "off");
    ask("s", false);
    assert_string_equal(would("source"), "unknown");
    close_stage();
}

static void a_device_that_does_not_answer_is_away(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "projector.picture_mute", LEC_GOOD, "false");
    ask("lesson", true);
    stage_wait(&st, 4900 * LEC_MS);
    assert_int_equal(answers, 0);
    assert_int_equal(lec_scenes_tick(st.scenes), st.now + 100 * LEC_MS);
    stage_wait(&st, 100 * LEC_MS);
    assert_int_equal(answers, 1);
    assert_string_equal(would("screen-down"), "away");
    assert_string_equal(would("power"), "unknown"); /* the device is there, this point is not */
    answer("screen.position", LEC_GOOD, "down");    /* too late */
    assert_int_equal(answers, 1);
    close_stage();
}

static void a_later_step_on_the_same_point_goes_by_the_one_before(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "one = audio.level -40", "two = audio.level -10, after one",
                                        "three = audio.level -10.2, after two", NULL};
    stage_open(&st, lines);
    stage_know(&st, "audio.level", LEC_GOOD, "-10");
    ask("s", false);
    assert_string_equal(would("one"), "set");
    assert_string_equal(would("two"), "set");
    assert_string_equal(would("three"), "skip");
    close_stage();
}

static void the_expected_time_counts_only_what_would_be_done(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "power = projector.power on",
                                        "sound = audio.level -12, after power, delay 1s", NULL};
    stage_open(&st, lines);
    stage_know(&st, "projector.power", LEC_GOOD, "off");
    stage_know(&st, "audio.level", LEC_GOOD, "-30");
    ask("s", false);
    assert_null(json_object_get(plan, "expected_ms")); /* nobody knows how long the sound takes */
    lec_scenes_restore(st.scenes, "usual/audio.level=-12", "{\"n\":3,\"mean_us\":500000,\"dev_us\":10}");
    ask("s", false);
    assert_int_equal(json_integer_value(json_object_get(plan, "expected_ms")), 19500);
    assert_int_equal(json_integer_value(json_object_get(row("power"), "usual_ms")), 18000);
    stage_know(&st, "projector.power", LEC_GOOD, "on");
    ask("s", false);
    assert_int_equal(json_integer_value(json_object_get(plan, "expected_ms")), 1500);
    close_stage();
}

static void a_host_that_answers_from_inside_read_is_understood(void **state)
{
    (void)state;
    static const char *const lines[] = {"scene s", "ring = bell.ring", NULL};
    stage_open(&st, lines);
    ask("s", true); /* nothing to read: answered before the call returns */
    assert_int_equal(answers, 1);
    close_stage();
}

static void plans_are_limited_and_bad_names_refused(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    struct lec_err err;
    for (int i = 0; i < 8; i++)
        ask("lesson", true);
    assert_int_equal(lec_scenes_plan(st.scenes, "lesson", true, answered, &st, &err), LEC_E_NOMEM);
    assert_string_equal(err.text, "8 plans are waiting for their devices already");
    assert_int_equal(lec_scenes_plan(st.scenes, "lesion", true, answered, &st, &err), LEC_E_CONFIG);
    assert_non_null(strstr(err.text, "did you mean lesson?"));
    stage_wait(&st, 5 * LEC_SEC);
    assert_int_equal(answers, 8);
    ask("lesson", true);
    close_stage(); /* with a plan still waiting: it is dropped */
    assert_int_equal(answers, 0);
}

static void a_reload_answers_what_is_waiting_with_what_is_known(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    ask("lesson", true);
    answer("screen.position", LEC_GOOD, "down");
    const struct lec_room *room = stage_room(lesson);
    lec_scenes_reload(st.scenes, room);
    assert_int_equal(answers, 1);
    assert_string_equal(would("screen-down"), "skip");
    lec_room_unref(&st.room);
    st.room = room;
    close_stage();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_comes_from_fresh_reads_and_touches_nothing),
        cmocka_unit_test(what_a_step_before_makes_possible_would_be_set),
        cmocka_unit_test(a_device_that_does_not_answer_is_away),
        cmocka_unit_test(a_later_step_on_the_same_point_goes_by_the_one_before),
        cmocka_unit_test(the_expected_time_counts_only_what_would_be_done),
        cmocka_unit_test(a_host_that_answers_from_inside_read_is_understood),
        cmocka_unit_test(plans_are_limited_and_bad_names_refused),
        cmocka_unit_test(a_reload_answers_what_is_waiting_with_what_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
