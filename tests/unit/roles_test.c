/* The table of roles: complete, rising, and what depends on a device's class. And for whom a gateway may speak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/core.h"

static const struct lec_device devices[] = {
    {.name = "projector", .class_name = "projector"},
    {.name = "air", .class_name = "sensor"},
    {.name = "fan", .class_name = "own-class"},
};
static struct device_state states[] = {{.desc = &devices[0]}, {.desc = &devices[1]}, {.desc = &devices[2]}};
static struct core core = {.devices = states, .n_devices = ARRAY_LEN(states)};

static bool may(enum lec_role role, const char *method, const char *params)
{
    const struct method *m = method_find(method);
    assert_non_null(m);
    json_t *json = params ? json_loads(params, 0, NULL) : NULL;
    assert_true(!params || json);
    bool yes = role_may(&core, role, m, json);
    json_decref(json);
    return yes;
}

static void every_method_stands_in_the_table(void **state)
{
    (void)state;
    for (const struct method *m = core_methods; m->name; m++)
        if (!role_has_row(m))
            fail_msg("%s has no row in daemon/core/roles.c: nobody may use it", m->name);
}

static void methods_are_sorted_by_their_names(void **state)
{
    (void)state;
    for (const struct method *m = core_methods; m[0].name && m[1].name; m++)
        assert_true(strcmp(m[0].name, m[1].name) < 0);
}

static void nobody_may_nothing(void **state)
{
    (void)state;
    for (const struct method *m = core_methods; m->name; m++)
        assert_false(role_may_ever(LEC_ROLE_NONE, m));
}

static void a_higher_role_may_what_a_lower_one_may(void **state)
{
    static const char *const targets[] = {"{}", "{\"target\":\"projector.power\"}", "{\"target\":\"air.period\"}",
                                          "{\"target\":\"fan.speed\",\"fresh\":true}", "{\"fresh\":false}"};
    (void)state;
    for (const struct method *m = core_methods; m->name; m++)
        for (size_t i = 0; i < ARRAY_LEN(targets); i++)
            for (enum lec_role role = LEC_ROLE_VIEWER; role < LEC_ROLE_ADMIN; role++)
                if (may(role, m->name, targets[i]) && !may(role + 1, m->name, targets[i]))
                    fail_msg("%s may %s %s, %s may not", role_name(role), m->name, targets[i], role_name(role + 1));
}

static void only_a_gateway_notes_who_signs_in_and_asks_the_simulator(void **state)
{
    (void)state;
    static const char *const notes[] = {"login.note", "simulator.note"};
    for (size_t i = 0; i < ARRAY_LEN(notes); i++) {
        for (enum lec_role role = LEC_ROLE_VIEWER; role <= LEC_ROLE_ADMIN; role++)
            assert_false(may(role, notes[i], "{}"));
        assert_true(may(LEC_ROLE_GATEWAY, notes[i], "{}"));
    }
    assert_false(may(LEC_ROLE_GATEWAY, "point.write", "{\"target\":\"projector.power\"}"));
}

static void the_class_of_the_device_decides_who_sets_it(void **state)
{
    static const char projector[] = "{\"target\":\"projector.power\"}", air[] = "{\"target\":\"air.period\"}",
                      fan[] = "{\"target\":\"fan.speed\"}";
    static const char *const methods[] = {"point.write", "action.invoke"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        assert_false(may(LEC_ROLE_VIEWER, methods[i], projector));
        assert_true(may(LEC_ROLE_TEACHER, methods[i], projector));
        assert_false(may(LEC_ROLE_TEACHER, methods[i], air));
        assert_true(may(LEC_ROLE_LAB, methods[i], air));
        assert_false(may(LEC_ROLE_LAB, methods[i], fan));
        assert_true(may(LEC_ROLE_FACILITIES, methods[i], fan));
    }
    assert_true(may(LEC_ROLE_LAB, "point.calibrate", air));
    assert_false(may(LEC_ROLE_TEACHER, "point.calibrate", air));
}

static void what_names_no_device_is_left_to_the_method(void **state)
{
    static const char *const odd[] = {"{}",
                                      "{\"target\":5}",
                                      "{\"target\":\"\"}",
                                      "{\"target\":\".power\"}",
                                      "{\"target\":\"nothing.power\"}",
                                      "{\"target\":[\"air.period\"]}",
                                      "{\"target\":\"a-name-that-is-longer-than-any-device-may-be-called-here.x\"}"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        assert_true(may(LEC_ROLE_TEACHER, "point.write", odd[i]));
        assert_false(may(LEC_ROLE_VIEWER, "point.write", odd[i]));
    }
    assert_false(may(LEC_ROLE_TEACHER, "point.write", "{\"target\":\"air\"}"));
}

static void asking_a_device_anew_is_more_than_reading(void **state)
{
    (void)state;
    assert_true(may(LEC_ROLE_VIEWER, "point.read", "{}"));
    assert_true(may(LEC_ROLE_VIEWER, "point.read", "{\"fresh\":false}"));
    assert_false(may(LEC_ROLE_VIEWER, "point.read", "{\"fresh\":true}"));
    assert_true(may(LEC_ROLE_TEACHER, "point.read", "{\"fresh\":true}"));
    assert_false(may(LEC_ROLE_VIEWER, "scene.plan", NULL));
    assert_false(may(LEC_ROLE_VIEWER, "scene.plan", "{\"fresh\":1}"));
    assert_true(may(LEC_ROLE_VIEWER, "scene.plan", "{\"fresh\":false}"));
}

static void the_least_role_that_is_enough_is_known(void **state)
{
    (void)state;
    assert_int_equal(role_needed(&core, method_find("scene.start"), NULL), LEC_ROLE_TEACHER);
    assert_int_equal(role_needed(&core, method_find("room.reload"), NULL), LEC_ROLE_ADMIN);
    assert_int_equal(role_needed(&core, method_find("login.note"), NULL), LEC_ROLE_NONE);
}

static bool accepted(const char *as)
{
    struct principal p = {.name = "before"};
    json_t *json = json_loads(as, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    bool yes = access_as(json, &p);
    if (!yes)
        assert_string_equal(p.name, "before");
    json_decref(json);
    return yes;
}

static void a_gateway_speaks_for_people_and_for_nothing_else(void **state)
{
    static const char *const wrong[] = {
        "null",
        "[]",
        "\"Lan\"",
        "{}",
        "{\"principal\":\"Lan\"}",
        "{\"role\":\"teacher\"}",
        "{\"principal\":\"Lan\",\"role\":\"gateway\"}",
        "{\"principal\":\"Lan\",\"role\":\"none\"}",
        "{\"principal\":\"Lan\",\"role\":\"Admin\"}",
        "{\"principal\":\"Lan\",\"role\":\"\"}",
        "{\"principal\":\"Lan\",\"role\":5}",
        "{\"principal\":\"\",\"role\":\"teacher\"}",
        "{\"principal\":5,\"role\":\"teacher\"}",
        "{\"principal\":[\"Lan\"],\"role\":\"teacher\"}",
        "{\"principal\":\"Lan\",\"role\":\"teacher\",\"more\":1}",
        "{\"principal\":\"L\\nan\",\"role\":\"teacher\"}",
        "{\"principal\":\"Lan\\u007f\",\"role\":\"teacher\"}",
        "{\"principal\":\"Lan\\u0085\",\"role\":\"teacher\"}",
        "{\"principal\":\"device\",\"role\":\"teacher\"}",
        "{\"principal\":\"timetable\",\"role\":\"teacher\"}",
        "{\"principal\":\"scene:lesson\",\"role\":\"teacher\"}",
        "{\"principal\":\"uid:0\",\"role\":\"teacher\"}",
        "{\"principal\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"role\":\"teacher\"}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (accepted(wrong[i]))
            fail_msg("taken: %s", wrong[i]);
    assert_true(accepted("{\"principal\":\"C\\u00f4 Lan\",\"role\":\"teacher\"}"));
    assert_true(accepted("{\"role\":\"admin\",\"principal\":\"\\u00a0\"}"));
    assert_true(accepted(
        "{\"principal\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"role\":\"viewer\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_stands_in_the_table),
        cmocka_unit_test(methods_are_sorted_by_their_names),
        cmocka_unit_test(nobody_may_nothing),
        cmocka_unit_test(a_higher_role_may_what_a_lower_one_may),
        cmocka_unit_test(only_a_gateway_notes_who_signs_in_and_asks_the_simulator),
        cmocka_unit_test(the_class_of_the_device_decides_who_sets_it),
        cmocka_unit_test(what_names_no_device_is_left_to_the_method),
        cmocka_unit_test(asking_a_device_anew_is_more_than_reading),
        cmocka_unit_test(the_least_role_that_is_enough_is_known),
        cmocka_unit_test(a_gateway_speaks_for_people_and_for_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
