/* The present state as a scene: what is taken, what is left, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scene_stage.h"

static struct stage st;
static struct lec_err err;
static size_t steps;
static char text[8192];

static const char *const lesson[] = {"scene lesson", "light = lights.front true", NULL};

static int capture(const char *name, const char *label, const char *const devices[], size_t n)
{
    struct lec_buf b;
    lec_buf_init(&b, sizeof text - 1);
    int rc = lec_scenes_capture(st.scenes, name, label, NULL, devices, n, &b, &steps, &err);
    snprintf(text, sizeof text, "%s", b.data ? b.data : "");
    lec_buf_done(&b);
    return rc;
}

static void a_capture_has_a_step_for_each_good_settable_value(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "projector.power", LEC_GOOD, "on");
    stage_know(&st, "projector.input", LEC_GOOD, "hdmi2");
    stage_know(&st, "screen.position", LEC_GOOD, "down");
    stage_know(&st, "lights.front", LEC_STALE, "true"); /* not known for sure */
    stage_know(&st, "lights.rear", LEC_GOOD, "false");
    stage_know(&st, "audio.level", LEC_GOOD, "-12.5");
    stage_know(&st, "camera.preset", LEC_GOOD, "3"); /* never undone, so never put back */
    assert_int_equal(capture("now", "Bây giờ", NULL, 0), 0);
    assert_int_equal(steps, 5);
    assert_string_equal(text, "[scene now]\n"
                              "label = Bây giờ\n"
                              "deadline = 5min\n"
                              "step projector-power = projector.power on\n"
                              "step projector-input = projector.input hdmi2, after projector-power\n"
                              "step screen-position = screen.position down\n"
                              "step lights-rear = lights.rear false\n"
                              "step audio-level = audio.level -12.5\n");
    stage_close(&st);
}

static void what_the_capture_itself_closes_is_left_out(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "projector.power", LEC_GOOD, "off");
    stage_know(&st, "projector.input", LEC_GOOD, "hdmi2"); /* an old value: it cannot be set while off */
    stage_know(&st, "projector.picture_mute", LEC_GOOD, "false");
    assert_int_equal(capture("now", NULL, NULL, 0), 0);
    assert_string_equal(text, "[scene now]\n"
                              "deadline = 5min\n"
                              "step projector-power = projector.power off\n"
                              "step projector-picture-mute = projector.picture_mute false, after projector-power\n");
    stage_close(&st);
}

static void a_value_on_its_way_is_no_value_to_go_back_to(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "projector.power", LEC_GOOD, "warming");
    stage_know(&st, "screen.position", LEC_GOOD, "moving");
    assert_int_equal(capture("now", NULL, NULL, 0), LEC_E_CONFIG);
    assert_string_equal(err.text, "nothing to capture: no point that can be set has a good value now");
    stage_close(&st);
}

static void only_the_devices_named_are_captured(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "lights.rear", LEC_GOOD, "false");
    stage_know(&st, "audio.mute", LEC_GOOD, "true");
    static const char *const one[] = {"audio"}, *const none[] = {"audio", "radio"};
    assert_int_equal(capture("now", NULL, one, 1), 0);
    assert_int_equal(steps, 1);
    assert_non_null(strstr(text, "step audio-mute = audio.mute true\n"));
    assert_int_equal(capture("now", NULL, none, 2), LEC_E_CONFIG);
    assert_string_equal(err.text, "no device \"radio\"");
    stage_close(&st);
}

static void a_bad_name_or_label_is_refused(void **state)
{
    (void)state;
    stage_open(&st, lesson);
    stage_know(&st, "lights.rear", LEC_GOOD, "false");
    static const char *const names[] = {
        "", "Lesson", "9am", "a b", "a]\n[room", "-a", "ä", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeee"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(capture(names[i], NULL, NULL, 0), LEC_E_RANGE);
    static const char *const labels[] = {"a\nstep x = y", " a", "a ", "a ; b", "\xff"};
    for (size_t i = 0; i < ARRAY_LEN(labels); i++)
        assert_int_equal(capture("now", labels[i], NULL, 0), LEC_E_RANGE);
    assert_int_equal(capture("lesson", NULL, NULL, 0), LEC_E_RANGE);
    assert_string_equal(err.text, "scene lesson is in room.ini already, line 0; choose another name");
    assert_int_equal(capture("lesson-2", "Giờ học", NULL, 0), 0);
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capture_has_a_step_for_each_good_settable_value),
        cmocka_unit_test(what_the_capture_itself_closes_is_left_out),
        cmocka_unit_test(a_value_on_its_way_is_no_value_to_go_back_to),
        cmocka_unit_test(only_the_devices_named_are_captured),
        cmocka_unit_test(a_bad_name_or_label_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
