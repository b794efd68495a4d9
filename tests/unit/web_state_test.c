/* What pages are told of a room (web/state.c), over a view that is made up here: the functions of liblectern that state.c calls are these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lectern/err.h"
#include "state.h"

#define DEVICES 3
#define POINTS  2

static struct {
    const char *names[DEVICES];
    const char *status[DEVICES];
    json_t *values[DEVICES][POINTS];
    size_t n, points[DEVICES];
    json_t *alarms[4];
    size_t n_alarms;
    json_t *run;
} room;

static const struct lec_view *const view = NULL; /* there is only this one */

size_t lec_view_devices(const struct lec_view *v)
{
    (void)v;
    return room.n;
}

bool lec_view_device(const struct lec_view *v, size_t i, struct lec_view_device *out)
{
    (void)v;
    if (i >= room.n)
        return false;
    *out = (struct lec_view_device){
        .name = room.names[i], .status = room.status[i], .reason = "", .n_points = room.points[i]};
    return true;
}

bool lec_view_point(const struct lec_view *v, size_t i, size_t j, struct lec_reading *out)
{
    (void)v;
    static const char *const points[POINTS] = {"power", "level"};
    if (i >= room.n || j >= room.points[i])
        return false;
    *out = (struct lec_reading){.device = room.names[i],
                                .point = points[j],
                                .value = room.values[i][j],
                                .quality = "good",
                                .reason = "",
                                .unit = "",
                                .time = 1,
                                .age_ms = 2,
                                .by = ""};
    return true;
}

size_t lec_view_runs(const struct lec_view *v)
{
    (void)v;
    return room.run ? 1 : 0;
}

const json_t *lec_view_run(const struct lec_view *v, size_t i)
{
    (void)v;
    (void)i;
    return room.run;
}

size_t lec_view_alarms(const struct lec_view *v)
{
    (void)v;
    return room.n_alarms;
}

const json_t *lec_view_alarm(const struct lec_view *v, size_t i)
{
    (void)v;
    return room.alarms[i];
}

size_t lec_view_recordings(const struct lec_view *v)
{
    (void)v;
    return 0;
}

const json_t *lec_view_recording(const struct lec_view *v, size_t i)
{
    (void)v;
    (void)i;
    return NULL;
}

const json_t *lec_view_timetable(const struct lec_view *v)
{
    (void)v;
    return NULL;
}

static void set(size_t i, size_t j, int value)
{
    json_decref(room.values[i][j]);
    room.values[i][j] = json_integer(value);
}

static int set_up(void **state)
{
    static struct state s;
    s = (struct state){0};
    room.n = DEVICES;
    static const char *const names[DEVICES] = {"a", "b", "c"};
    for (size_t i = 0; i < DEVICES; i++) {
        room.names[i] = names[i];
        room.status[i] = "online";
        room.points[i] = POINTS;
        for (size_t j = 0; j < POINTS; j++)
            set(i, j, (int)(10 * i + j));
    }
    *state = &s;
    return state_reset(&s, view);
}

static int tear_down(void **state)
{
    state_done(*state);
    for (size_t i = 0; i < DEVICES; i++)
        for (size_t j = 0; j < POINTS; j++) {
            json_decref(room.values[i][j]);
            room.values[i][j] = NULL;
        }
    for (size_t i = 0; i < room.n_alarms; i++)
        json_decref(room.alarms[i]);
    room.n_alarms = 0;
    json_decref(room.run);
    room.run = NULL;
    return 0;
}

/* The params of the message with this method between a version and now; NULL: there is none. */
static json_t *told(struct state *s, uint64_t from, const char *method)
{
    struct message *at[STATE_MESSAGES];
    int n = state_delta(s, view, from, at);
    json_t *found = NULL;
    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        json_t *m = json_loadb((const char *)at[i]->data, at[i]->size, 0, NULL);
        assert_non_null(m);
        if (strcmp(json_string_value(json_object_get(m, "method")), method) == 0)
            found = json_incref(json_object_get(m, "params"));
        json_decref(m);
        message_unref(at[i]);
    }
    return found;
}

static void point(struct state *s, const char *device, const char *name)
{
    struct lec_change change = {.kind = LEC_CHANGE_POINT, .device = device, .name = name};
    assert_int_equal(state_changed(s, view, &change), 0);
}

static void assert_json(json_t *got, const char *expected)
{
    json_t *want = json_loads(expected, 0, NULL);
    assert_non_null(want);
    if (!json_equal(got, want))
        fail_msg("%s", json_dumps(got, JSON_COMPACT));
    json_decref(want);
    json_decref(got);
}

#define VALUE(v) "{\"value\":" v ",\"quality\":\"good\",\"time\":1,\"age_ms\":2}"

static void a_new_page_is_told_everything(void **state)
{
    json_t *all = told(*state, 0, "state");
    assert_true(json_is_true(json_object_get(all, "whole")));
    assert_int_equal(json_object_size(json_object_get(all, "devices")), DEVICES);
    json_decref(all);
    assert_json(told(*state, 0, "alarms"), "{\"whole\":true,\"alarms\":[]}");
}

static void a_page_is_told_the_newest_value_once_however_often_it_changed(void **state)
{
    struct state *s = *state;
    uint64_t seen = s->version;
    assert_null(told(s, seen, "state"));
    for (int i = 0; i < 100; i++) {
        set(1, 0, i);
        point(s, "b", "power");
    }
    set(2, 1, 7);
    point(s, "c", "level");
    assert_json(told(s, seen, "state"), "{\"whole\":false,\"devices\":{\"b\":{\"points\":{\"power\":" VALUE(
                                            "99") "}},\"c\":{\"points\":{\"level\":" VALUE("7") "}}}}");
    assert_json(told(s, s->version - 1, "state"),
                "{\"whole\":false,\"devices\":{\"c\":{\"points\":{\"level\":" VALUE("7") "}}}}");
    assert_null(told(s, s->version, "state"));
}

static void a_status_is_told_without_the_points(void **state)
{
    struct state *s = *state;
    uint64_t seen = s->version;
    room.status[0] = "away";
    struct lec_change change = {.kind = LEC_CHANGE_DEVICE, .device = "a"};
    assert_int_equal(state_changed(s, view, &change), 0);
    assert_json(told(s, seen, "state"), "{\"whole\":false,\"devices\":{\"a\":{\"status\":\"away\"}}}");
}

static void a_snapshot_makes_every_page_begin_anew(void **state)
{
    struct state *s = *state;
    uint64_t seen = s->version;
    room.n = 2; /* a device has gone */
    struct lec_change change = {.kind = LEC_CHANGE_LIVE};
    assert_int_equal(state_changed(s, view, &change), 0);
    json_t *all = told(s, seen, "state");
    assert_true(json_is_true(json_object_get(all, "whole")));
    assert_int_equal(json_object_size(json_object_get(all, "devices")), 2);
    json_decref(all);
    assert_null(told(s, s->version, "state"));
}

static void a_point_that_nobody_knew_is_told_with_all_the_others(void **state)
{
    struct state *s = *state;
    room.points[0] = 1;
    assert_int_equal(state_reset(s, view), 0);
    uint64_t seen = s->version;
    room.points[0] = 2;
    point(s, "a", "level");
    json_t *all = told(s, seen, "state");
    assert_non_null(
        json_object_get(json_object_get(json_object_get(json_object_get(all, "devices"), "a"), "points"), "level"));
    json_decref(all);
}

static void alarm(struct state *s, const char *text)
{
    json_t *body = json_loads(text, 0, NULL);
    assert_non_null(body);
    struct lec_change change = {.kind = LEC_CHANGE_ALARM, .body = body};
    assert_int_equal(state_changed(s, view, &change), 0);
    json_decref(body);
}

static void an_alarm_that_cleared_is_told_to_pages_that_saw_it_and_to_no_others(void **state)
{
    struct state *s = *state;
    uint64_t seen = s->version;
    alarm(s, "{\"alarm\":\"a.away\",\"state\":\"raised\"}");
    uint64_t raised = s->version;
    alarm(s, "{\"alarm\":\"a.away\",\"state\":\"cleared\"}");
    assert_json(told(s, raised, "alarms"),
                "{\"whole\":false,\"alarms\":[{\"alarm\":\"a.away\",\"state\":\"cleared\"}]}");
    assert_json(told(s, seen, "alarms"), "{\"whole\":false,\"alarms\":[{\"alarm\":\"a.away\",\"state\":\"cleared\"}]}");
    assert_json(told(s, 0, "alarms"), "{\"whole\":true,\"alarms\":[]}");
}

static void alarms_that_cleared_are_kept_for_a_while_only(void **state)
{
    struct state *s = *state;
    alarm(s, "{\"alarm\":\"stands\",\"state\":\"raised\"}");
    for (int i = 0; i < 500; i++) {
        char text[80];
        snprintf(text, sizeof text, "{\"alarm\":\"a%d\",\"state\":\"cleared\"}", i);
        alarm(s, text);
    }
    assert_int_equal(s->alarms.n, STATE_CLEARED_MAX + 1);
    assert_json(told(s, 0, "alarms"), "{\"whole\":true,\"alarms\":[{\"alarm\":\"stands\",\"state\":\"raised\"}]}");
}

static void a_run_is_told_whole_and_as_it_is_now(void **state)
{
    struct state *s = *state;
    uint64_t seen = s->version;
    room.run = json_loads("{\"run\":\"r1\",\"state\":\"running\"}", 0, NULL);
    struct lec_change change = {.kind = LEC_CHANGE_RUN, .name = "lesson", .body = room.run};
    assert_int_equal(state_changed(s, view, &change), 0);
    json_object_set_new(room.run, "state", json_string("done")); /* the view changes its own */
    assert_json(told(s, seen, "runs"), "{\"runs\":[{\"run\":\"r1\",\"state\":\"done\"}]}");
    assert_null(told(s, s->version, "runs"));
}

static void events_are_no_state(void **state)
{
    struct state *s = *state;
    uint64_t seen = s->version;
    static const enum lec_change_kind kinds[] = {LEC_CHANGE_EVENT, LEC_CHANGE_JOURNAL, LEC_CHANGE_SAMPLE,
                                                 LEC_CHANGE_TRACE, LEC_CHANGE_GAP,     LEC_CHANGE_LOST};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct lec_change change = {.kind = kinds[i], .device = "a", .name = "power"};
        assert_int_equal(state_changed(s, view, &change), 0);
    }
    assert_int_equal(s->version, seen);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_page_is_told_everything),
        TEST(a_page_is_told_the_newest_value_once_however_often_it_changed),
        TEST(a_status_is_told_without_the_points),
        TEST(a_snapshot_makes_every_page_begin_anew),
        TEST(a_point_that_nobody_knew_is_told_with_all_the_others),
        TEST(an_alarm_that_cleared_is_told_to_pages_that_saw_it_and_to_no_others),
        TEST(alarms_that_cleared_are_kept_for_a_while_only),
        TEST(a_run_is_told_whole_and_as_it_is_now),
        TEST(events_are_no_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
