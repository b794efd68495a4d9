/* liblectern: what a view keeps besides devices and scenes: alarms, recordings, the timetable, who changed a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus_view.h"

static json_t *an_alarm(const char *name, const char *state)
{
    return json_pack("{s:s, s:s, s:i, s:s}", "alarm", name, "state", state, "raise", 7, "severity", "error");
}

static json_t *a_recording(const char *run, const char *state)
{
    return json_pack("{s:s, s:s, s:s, s:i}", "run", run, "experiment", "cooling", "state", state, "samples", 5);
}

/* A snapshot with one more member (takes it). */
static json_t *snapshot_with(struct fixture *f, const char *member, json_t *value)
{
    json_t *snapshot = a_snapshot(&f->room, "on");
    json_object_set_new(snapshot, member, value);
    return snapshot;
}

static void go_live_with(struct fixture *f, const char *member, json_t *value)
{
    introduce(f);
    room_heartbeat(&f->room);
    room_reply(&f->room, asked(f, "state.snapshot"), snapshot_with(f, member, value));
    until(f, &f->live, 1);
}

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void alarms_stand_until_they_are_cleared(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live_with(f, "alarms", json_pack("[o, o]", an_alarm("a.away", "raised"), an_alarm("b.away", "acknowledged")));
    assert_int_equal(lec_view_alarms(f->view), 2);
    assert_string_equal(text(lec_view_alarm(f->view, 1), "alarm"), "b.away");
    room_event(&f->room, "alarm", "c.away", an_alarm("c.away", "raised"));
    room_event(&f->room, "alarm", "a.away", an_alarm("a.away", "acknowledged"));
    until(f, &f->alarms, 2);
    assert_string_equal(f->last, "a.away acknowledged");
    assert_int_equal(lec_view_alarms(f->view), 3);
    assert_string_equal(text(lec_view_alarm(f->view, 0), "state"), "acknowledged");
    assert_null(json_object_get(lec_view_alarm(f->view, 0), "seq"));
    room_event(&f->room, "alarm", "a.away", an_alarm("a.away", "cleared"));
    room_event(&f->room, "alarm", "d.away",
               json_pack("{s:s, s:i, s:s}", "alarm", "d.away", "shelved_until", 5, "state", ""));
    until(f, &f->alarms, 4);
    assert_int_equal(lec_view_alarms(f->view), 2);
    assert_string_equal(text(lec_view_alarm(f->view, 0), "alarm"), "b.away");
    assert_null(lec_view_alarm(f->view, 2));
}

static void what_the_snapshot_has_already_is_not_told_again(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    introduce(f);
    room_heartbeat(&f->room);
    json_t *request = asked(f, "state.snapshot");
    room_event(&f->room, "alarm", "a.away", an_alarm("a.away", "raised"));
    room_event(&f->room, "timetable", "room", json_pack("{s:s}", "holiday", "over"));
    room_reply(&f->room, request, snapshot_with(f, "alarms", json_array()));
    until(f, &f->live, 1);
    room_event(&f->room, "alarm", "b.away", an_alarm("b.away", "raised"));
    until(f, &f->alarms, 1);
    assert_int_equal(f->timetables, 0);
    assert_int_equal(lec_view_alarms(f->view), 1);
    assert_string_equal(text(lec_view_alarm(f->view, 0), "alarm"), "b.away");
}

static void a_lost_alarm_is_found_in_the_next_snapshot(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "on");
    assert_int_equal(lec_view_alarms(f->view), 0);
    room_lose(&f->room, "alarm", "a.away");
    room_heartbeat(&f->room);
    room_reply(&f->room, asked(f, "state.snapshot"),
               snapshot_with(f, "alarms", json_pack("[o]", an_alarm("a.away", "raised"))));
    until(f, &f->live, 2);
    assert_int_equal(lec_view_alarms(f->view), 1);
}

static void the_timetable_is_kept_as_last_told(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live_with(f, "timetable", json_pack("{s:s}", "holiday", "Tết"));
    assert_string_equal(text(lec_view_timetable(f->view), "holiday"), "Tết");
    room_event(&f->room, "timetable", "room", json_pack("{s:{s:b}}", "closing", "warning", 1));
    until(f, &f->timetables, 1);
    assert_null(json_object_get(lec_view_timetable(f->view), "holiday"));
    assert_true(json_is_true(json_object_get(json_object_get(lec_view_timetable(f->view), "closing"), "warning")));
    assert_null(json_object_get(lec_view_timetable(f->view), "seq"));
}

static void a_room_without_a_timetable_has_none(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live_with(f, "timetable", json_null());
    assert_null(lec_view_timetable(f->view));
}

static void recordings_are_handed_on_and_lost_news_of_them_told(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_RUN, 0);
    go_live(f, "on");
    room_event(&f->room, "run", "cooling", a_recording("r-1", "armed"));
    until(f, &f->recordings, 1);
    assert_string_equal(f->last, "cooling armed");
    room_lose(&f->room, "run", "cooling");
    room_event(&f->room, "run", "cooling", a_recording("r-1", "done"));
    until(f, &f->recordings, 2);
    assert_string_equal(f->last, "cooling done");
    assert_int_equal(f->gaps, 1);
    assert_string_equal(f->gap, "run");
    /* How the others stand, only the snapshot can tell. */
    answer_snapshot(f, "on");
    until(f, &f->live, 2);
}

static void recordings_are_kept_without_what_belongs_to_one_event(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_RUN, 0);
    go_live_with(f, "recordings", json_pack("[o]", a_recording("r-1", "recording")));
    assert_int_equal(lec_view_recordings(f->view), 1);
    json_t *marked = a_recording("r-1", "recording");
    json_object_set_new(marked, "mark", json_string("boils"));
    room_event(&f->room, "run", "cooling", marked);
    until(f, &f->recordings, 1);
    assert_int_equal(lec_view_recordings(f->view), 1);
    assert_null(json_object_get(lec_view_recording(f->view, 0), "mark"));
    assert_null(json_object_get(lec_view_recording(f->view, 0), "prev"));
    room_event(&f->room, "run", "cooling", a_recording("r-1", "done"));
    until(f, &f->recordings, 2);
    assert_string_equal(text(lec_view_recording(f->view, 0), "state"), "done");
    assert_null(lec_view_recording(f->view, 1));
}

static void recordings_are_not_kept_by_who_does_not_follow_them(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live_with(f, "recordings", json_pack("[o]", a_recording("r-1", "recording")));
    assert_int_equal(lec_view_recordings(f->view), 0);
}

/* The view is live with r-1 under way; then the next snapshot does not have it any more. */
static json_t *lose_the_end(struct fixture *f)
{
    open_view(f, LEC_FOLLOW_RUN, 0);
    go_live_with(f, "recordings", json_pack("[o]", a_recording("r-1", "recording")));
    room_lose(&f->room, "run", "cooling");
    room_heartbeat(&f->room);
    answer_snapshot(f, "on");
    json_t *request = asked(f, "run.show");
    assert_string_equal(text(json_object_get(request, "params"), "run"), "r-1");
    return request;
}

static void the_end_of_a_recording_that_was_missed_is_asked_for(void **state)
{
    struct fixture *f = *state;
    json_t *shown = a_recording("r-1", "stopped");
    json_t *request = lose_the_end(f);
    json_object_set_new(shown, "documents", json_pack("{s:s}", "start", "long"));
    json_object_set_new(shown, "marks", json_pack("[{}, {}]"));
    room_reply(&f->room, request, shown);
    until(f, &f->live, 2);
    assert_int_equal(f->recordings, 1);
    const json_t *kept = lec_view_recording(f->view, 0);
    assert_string_equal(text(kept, "state"), "stopped");
    assert_null(json_object_get(kept, "documents"));
    assert_int_equal(json_integer_value(json_object_get(kept, "marks")), 2);
}

static void a_recording_that_the_room_has_forgotten_was_interrupted(void **state)
{
    struct fixture *f = *state;
    room_refuse(&f->room, lose_the_end(f), -32001, "no such run");
    until(f, &f->live, 2);
    assert_string_equal(text(lec_view_recording(f->view, 0), "state"), "interrupted");
}

static void an_answer_about_another_recording_tells_nothing(void **state)
{
    struct fixture *f = *state;
    room_reply(&f->room, lose_the_end(f), a_recording("r-9", "done"));
    until(f, &f->live, 2);
    assert_int_equal(lec_view_recordings(f->view), 1);
    assert_string_equal(text(lec_view_recording(f->view, 0), "state"), "interrupted");
}

static void of_ended_recordings_the_last_are_kept(void **state)
{
    struct fixture *f = *state;
    char run[16];
    open_view(f, LEC_FOLLOW_RUN, 0);
    go_live_with(f, "recordings", json_pack("[o]", a_recording("r-first", "recording")));
    for (int i = 0; i < LEC_VIEW_ENDED + 4; i++) {
        snprintf(run, sizeof run, "r-%d", i);
        room_event(&f->room, "run", "cooling", a_recording(run, "recording"));
        room_event(&f->room, "run", "cooling", a_recording(run, "done"));
    }
    until(f, &f->recordings, 2 * (LEC_VIEW_ENDED + 4));
    /* The one under way stays; the next that begins makes room for itself. */
    assert_string_equal(text(lec_view_recording(f->view, 0), "run"), "r-first");
    assert_string_equal(text(lec_view_recording(f->view, 1), "run"), "r-3");
    room_event(&f->room, "run", "cooling", a_recording("r-last", "recording"));
    until(f, &f->recordings, 2 * (LEC_VIEW_ENDED + 4) + 1);
    assert_int_equal(lec_view_recordings(f->view), 2 + LEC_VIEW_ENDED);
    assert_string_equal(text(lec_view_recording(f->view, 1), "run"), "r-4");
}

static void a_value_says_who_changed_it(void **state)
{
    struct fixture *f = *state;
    struct lec_reading r;
    open_view(f, 0, 0);
    go_live(f, "on");
    assert_true(lec_view_read(f->view, "projector.power", &r));
    assert_string_equal(r.by, "");
    assert_int_equal(r.by_time, 0);
    json_t *value = a_value(json_string("off"), "good", -1);
    json_object_set_new(value, "by", json_string("device"));
    json_object_set_new(value, "by_time", json_integer(1790000000000001));
    room_event(&f->room, "state", "projector",
               json_pack("{s:s, s:{s:o}}", "device", "projector", "points", "power", value));
    until(f, &f->points, 1);
    assert_true(lec_view_read(f->view, "projector.power", &r));
    assert_string_equal(r.by, "device");
    assert_int_equal(r.by_time, 1790000000000001);
}

static void hostile_news_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct lec_view_stats stats;
    open_view(f, LEC_FOLLOW_RUN, 0);
    go_live(f, "on");
    room_event(&f->room, "alarm", "x", json_pack("{s:i}", "alarm", 5));
    room_event(&f->room, "alarm", "x", json_pack("{s:s}", "state", "raised"));
    room_event(&f->room, "run", "cooling", json_pack("{s:s, s:s}", "run", "r-1", "state", "armed"));
    room_event(&f->room, "run", "cooling", json_pack("{s:[], s:{}, s:i}", "run", "state", "experiment", 1));
    room_event(&f->room, "alarm", "x", an_alarm("x", "raised"));
    until(f, &f->alarms, 1);
    lec_view_get_stats(f->view, &stats);
    assert_int_equal(stats.garbage, 4);
    assert_int_equal(f->recordings, 0);
    assert_int_equal(lec_view_recordings(f->view), 0);
    assert_int_equal(lec_view_alarms(f->view), 1);
}

static void a_snapshot_with_wrong_lists_is_asked_for_again(void **state)
{
    struct fixture *f = *state;
    struct lec_view_stats stats;
    open_view(f, LEC_FOLLOW_RUN, 0);
    introduce(f);
    room_heartbeat(&f->room);
    json_t *many = json_array();
    for (int i = 0; i <= LEC_VIEW_ALARMS; i++)
        json_array_append_new(many, an_alarm("a", "raised"));
    room_reply(&f->room, asked(f, "state.snapshot"), snapshot_with(f, "alarms", json_integer(3)));
    room_reply(&f->room, asked(f, "state.snapshot"), snapshot_with(f, "alarms", json_pack("[s]", "a")));
    room_reply(&f->room, asked(f, "state.snapshot"), snapshot_with(f, "timetable", json_array()));
    room_reply(&f->room, asked(f, "state.snapshot"), snapshot_with(f, "recordings", json_object()));
    room_reply(&f->room, asked(f, "state.snapshot"), snapshot_with(f, "alarms", many));
    room_reply(&f->room, asked(f, "state.snapshot"), snapshot_with(f, "alarms", json_array()));
    until(f, &f->live, 1);
    lec_view_get_stats(f->view, &stats);
    assert_int_equal(stats.garbage, 4);
    assert_int_equal(stats.snapshots, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(alarms_stand_until_they_are_cleared),
        TEST(what_the_snapshot_has_already_is_not_told_again),
        TEST(a_lost_alarm_is_found_in_the_next_snapshot),
        TEST(the_timetable_is_kept_as_last_told),
        TEST(a_room_without_a_timetable_has_none),
        TEST(recordings_are_handed_on_and_lost_news_of_them_told),
        TEST(recordings_are_kept_without_what_belongs_to_one_event),
        TEST(recordings_are_not_kept_by_who_does_not_follow_them),
        TEST(the_end_of_a_recording_that_was_missed_is_asked_for),
        TEST(a_recording_that_the_room_has_forgotten_was_interrupted),
        TEST(an_answer_about_another_recording_tells_nothing),
        TEST(of_ended_recordings_the_last_are_kept),
        TEST(a_value_says_who_changed_it),
        TEST(hostile_news_change_nothing),
        TEST(a_snapshot_with_wrong_lists_is_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
