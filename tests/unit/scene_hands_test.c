/* The timetable keeps its hands off what somebody has just changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scene_stage.h"

static struct stage st;
static const char *touched; /* the point that somebody has changed; "" none */
static unsigned asked;

static const char *const scenes[] = {
    "scene lesson, deadline 5min",
    "screen-down = screen.position down",
    "projector-on = projector.power on, timeout 90s",
    "source = projector.input hdmi1, after projector-on",
    "scene video",
    "dark = lights.front false",
    "projector-on = projector.power on, timeout 90s",
    NULL,
};

static bool hands_off(void *ctx, const char *run, const struct lec_point *point, const struct lec_value *wanted,
                      const char *by, char reason[LEC_ERR_TEXT])
{
    (void)ctx;
    assert_true(*run != '\0' && wanted->type != LEC_NONE);
    asked++;
    bool is_it = strcmp(point->name, touched) == 0;
    if (is_it || by)
        snprintf(reason, LEC_ERR_TEXT, "%s", by ? by : "Lan has changed it");
    return is_it || by;
}

static void open_room(void)
{
    stage_open(&st, scenes);
    st.host.hands_off = hands_off;
    stage_crash(&st, NULL); /* a new engine with that host */
    touched = "";
    asked = 0;
}

/* The run's id, until the next call. */
static const char *start(const char *scene, const char *principal)
{
    static char id[LEC_RUN_ID_MAX + 1];
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, 65536);
    assert_int_equal(lec_scenes_start(st.scenes, scene, principal, &json, &err), 0);
    json_t *run = json_loads(json.data, 0, NULL);
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(run, "run")));
    json_decref(run);
    lec_buf_done(&json);
    return id;
}

static void what_somebody_has_changed_is_left_alone_with_the_reason(void **state)
{
    (void)state;
    open_room();
    touched = "position";
    const char *run = start("lesson", "timetable");
    assert_null(stage_op(&st, "screen.position"));
    assert_string_equal(stage_step(&st, run, "screen-down"), "overridden");
    assert_string_equal(stage_reason(&st, run, "screen-down"), "Lan has changed it");
    assert_non_null(stage_op(&st, "projector.power"));
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    stage_done(&st, "projector.input", LEC_V_CONFIRMED, "vga", "hdmi1");
    assert_string_equal(stage_state(&st, run), "partly");
    stage_close(&st);
}

static void what_is_changed_while_a_step_waits_is_left_alone_too(void **state)
{
    (void)state;
    open_room();
    const char *run = start("lesson", "timetable");
    touched = "input";
    stage_done(&st, "projector.power", LEC_V_CONFIRMED, "off", "on");
    assert_null(stage_op(&st, "projector.input"));
    assert_string_equal(stage_step(&st, run, "source"), "overridden");
    stage_close(&st);
}

static void a_scene_that_a_person_has_under_way_keeps_its_points(void **state)
{
    (void)state;
    char film[LEC_RUN_ID_MAX + 1];
    open_room();
    snprintf(film, sizeof film, "%s", start("video", "Lan"));
    const char *run = start("lesson", "timetable");
    assert_string_equal(stage_step(&st, run, "projector-on"), "overridden");
    assert_string_equal(stage_reason(&st, run, "projector-on"), "Lan");
    assert_string_equal(stage_step(&st, film, "projector-on"), "checking");
    assert_string_equal(stage_step(&st, run, "screen-down"), "checking");
    stage_close(&st);
}

static void the_timetable_takes_over_from_itself(void **state)
{
    (void)state;
    char first[LEC_RUN_ID_MAX + 1];
    open_room();
    snprintf(first, sizeof first, "%s", start("video", "timetable"));
    const char *run = start("lesson", "timetable");
    assert_string_equal(stage_step(&st, first, "projector-on"), "overridden");
    assert_string_equal(stage_step(&st, run, "projector-on"), "checking");
    stage_close(&st);
}

static void a_scene_of_a_person_is_never_asked_about_and_is_joined(void **state)
{
    (void)state;
    char mine[LEC_RUN_ID_MAX + 1];
    open_room();
    touched = "position";
    snprintf(mine, sizeof mine, "%s", start("lesson", "Lan"));
    assert_non_null(stage_op(&st, "screen.position"));
    assert_int_equal(asked, 0);
    assert_string_equal(start("lesson", "timetable"), mine);
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_somebody_has_changed_is_left_alone_with_the_reason),
        cmocka_unit_test(what_is_changed_while_a_step_waits_is_left_alone_too),
        cmocka_unit_test(a_scene_that_a_person_has_under_way_keeps_its_points),
        cmocka_unit_test(the_timetable_takes_over_from_itself),
        cmocka_unit_test(a_scene_of_a_person_is_never_asked_about_and_is_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
