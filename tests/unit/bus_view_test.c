/* liblectern: a view stays current, whatever is lost, and says so when it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus_view.h"

static void a_view_asks_for_the_snapshot_when_its_subscriptions_are_in_force(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_EVENT, 0);
    assert_false(lec_view_live(f->view));
    assert_string_not_equal(lec_view_reason(f->view), "");
    assert_int_equal(lec_view_devices(f->view), 0);
    introduce(f);
    assert_int_equal(f->room.subscriptions, 6);
    /* No heartbeat, no snapshot. */
    lec_bus_wait(f->bus, 50);
    assert_null(room_next(&f->room, 50));
    room_heartbeat(&f->room);
    answer_snapshot(f, "on");
    until(f, &f->live, 1);
    assert_true(lec_view_live(f->view));
    assert_string_equal(lec_view_reason(f->view), "");
    assert_int_equal(f->lost, 0);
}

static void a_view_shows_what_the_snapshot_says(void **state)
{
    struct fixture *f = *state;
    struct lec_view_device d;
    struct lec_reading r;
    open_view(f, 0, 0);
    go_live(f, "warming");
    assert_int_equal(lec_view_devices(f->view), 2);
    assert_true(lec_view_device(f->view, 0, &d));
    assert_string_equal(d.name, "projector");
    assert_string_equal(d.status, "online");
    assert_string_equal(d.reason, "");
    assert_int_equal(d.n_points, 2);
    assert_true(lec_view_device(f->view, 1, &d));
    assert_string_equal(d.status, "away");
    assert_string_equal(d.reason, "no reply");
    assert_false(lec_view_device(f->view, 2, &d));
    assert_true(lec_view_point(f->view, 0, 1, &r));
    assert_string_equal(r.point, "hours");
    assert_int_equal(json_integer_value(r.value), 12);
    assert_string_equal(r.quality, "good");
    assert_string_equal(r.unit, "h");
    assert_null(r.wanted);
    assert_false(r.simulated);
    assert_false(lec_view_point(f->view, 0, 2, &r));
    assert_false(lec_view_point(f->view, 2, 0, &r));
    static const char *const none[] = {"", ".", "projector", "projector.", "projector.pwer", "x.power", ".power"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_false(lec_view_read(f->view, none[i], &r));
}

static void newer_events_change_points_and_devices(void **state)
{
    struct fixture *f = *state;
    struct lec_view_device d;
    struct lec_reading r;
    open_view(f, 0, 0);
    go_live(f, "off");
    room_event(&f->room, "state", "projector",
               json_pack("{s:s, s:{s:{s:s, s:s, s:I, s:s, s:b}, s:o}}", "device", "projector", "points", "power",
                         "value", "warming", "quality", "good", "time", (json_int_t)1790000000000000, "wanted", "on",
                         "simulated", 1, "hours", a_value(json_integer(13), "good", -1)));
    until(f, &f->points, 2);
    assert_string_equal(power_of(f), "warming");
    assert_true(lec_view_read(f->view, "projector.power", &r));
    assert_string_equal(json_string_value(r.wanted), "on");
    assert_true(r.simulated);
    assert_true(lec_view_read(f->view, "projector.hours", &r));
    assert_string_equal(r.unit, "h"); /* only answers tell it, and it stays */
    room_event(&f->room, "state", "screen",
               json_pack("{s:s, s:s, s:{}}", "device", "screen", "status", "online", "points"));
    until(f, &f->devices, 1);
    assert_string_equal(f->last, "screen");
    assert_true(lec_view_device(f->view, 1, &d));
    assert_string_equal(d.status, "online");
    assert_string_equal(d.reason, "");
}

static void events_older_than_the_snapshot_are_dropped(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    introduce(f);
    room_heartbeat(&f->room);
    json_t *request = asked(f, "state.snapshot");
    /* Both are on their way while the snapshot is made; it has the first already. */
    room_event(&f->room, "state", "projector", a_change("old"));
    json_t *snapshot = a_snapshot(&f->room, "newer");
    room_event(&f->room, "state", "projector", a_change("newest"));
    lec_bus_wait(f->bus, 20);
    room_reply(&f->room, request, snapshot);
    until(f, &f->points, 1);
    assert_string_equal(power_of(f), "newest");
    struct lec_view_stats stats;
    lec_view_get_stats(f->view, &stats);
    assert_int_equal(stats.gaps, 0);
}

static void a_lost_event_is_noticed_by_the_next_of_its_topic(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "off");
    room_lose(&f->room, "state", "projector");
    room_event(&f->room, "state", "projector", a_change("cooling"));
    answer_snapshot(f, "on");
    until(f, &f->live, 2);
    assert_string_equal(power_of(f), "on");
    assert_int_equal(f->lost, 0);
    struct lec_view_stats stats;
    lec_view_get_stats(f->view, &stats);
    assert_int_equal(stats.gaps, 1);
    assert_int_equal(stats.snapshots, 2);
}

/* Else the lost value would be shown as good for as long as the projector has nothing new to say. */
static void the_screens_news_show_that_the_projectors_are_missing(struct fixture *f)
{
    room_event(&f->room, "state", "screen", json_pack("{s:s, s:s}", "device", "screen", "status", "online"));
    answer_snapshot(f, "on");
    until(f, &f->live, 2);
    assert_string_equal(power_of(f), "on");
}

static void a_lost_event_is_noticed_by_the_next_of_another_device(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "off");
    room_lose(&f->room, "state", "projector");
    the_screens_news_show_that_the_projectors_are_missing(f);
}

static void an_event_that_cannot_be_read_counts_as_lost(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "off");
    room_event(&f->room, "state", "projector", json_pack("{s:s, s:i}", "device", "projector", "points", 7));
    the_screens_news_show_that_the_projectors_are_missing(f);
}

static void a_lost_last_event_is_noticed_by_the_heartbeat(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "off");
    room_lose(&f->room, "state", "projector");
    room_heartbeat(&f->room);
    answer_snapshot(f, "on");
    until(f, &f->live, 2);
    /* And only once. */
    room_heartbeat(&f->room);
    lec_bus_wait(f->bus, 100);
    assert_null(room_next(&f->room, 100));
}

static void an_event_of_a_topic_never_seen_is_followed_too(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    /* This topic had events before the snapshot: its next one must not look like a gap. */
    room_lose(&f->room, "state", "screen");
    go_live(f, "off");
    room_event(&f->room, "state", "screen", json_pack("{s:s, s:s}", "device", "screen", "status", "online"));
    until(f, &f->devices, 1);
    struct lec_view_stats stats;
    lec_view_get_stats(f->view, &stats);
    assert_int_equal(stats.gaps, 0);
}

static void a_restart_is_noticed_and_a_new_snapshot_taken(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_EVENT, 0);
    for (int i = 0; i < 40; i++)
        room_lose(&f->room, "state", "projector");
    go_live(f, "off");
    room_event(&f->room, "state", "projector", a_change("on"));
    until(f, &f->points, 1);
    room_stop(&f->room);
    room_start(&f->room, false);
    room_reply(&f->room, asked(f, "room.describe"), room_about(&f->room));
    room_until_subscribed(&f->room);
    room_heartbeat(&f->room);
    answer_snapshot(f, "on");
    until(f, &f->live, 2);
    assert_string_equal(power_of(f), "on");
    /* What happened in between nobody can tell. */
    assert_int_equal(f->gaps, 1);
    assert_string_equal(f->gap, "event");
    struct lec_view_stats stats;
    lec_view_get_stats(f->view, &stats);
    assert_int_equal(stats.restarts, 1);
    /* The new numbers are small; they are not taken for old ones. */
    room_event(&f->room, "state", "projector", a_change("off"));
    until(f, &f->points, 2);
    assert_string_equal(power_of(f), "off");
}

static void events_of_the_old_start_do_not_mix_with_the_new_snapshot(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "off");
    /* A gap; while its snapshot is asked the room restarts, and an old event still waits in our socket. */
    room_lose(&f->room, "state", "projector");
    for (int i = 0; i < 20; i++)
        room_lose(&f->room, "state", "screen");
    room_heartbeat(&f->room);
    json_t *request = asked(f, "state.snapshot");
    room_event(&f->room, "state", "projector", a_change("ghost"));
    snprintf(f->room.boot, sizeof f->room.boot, "boot-new");
    int64_t old_seq = f->room.seq;
    f->room.seq = 3;
    room_reply(&f->room, request, a_snapshot(&f->room, "fresh"));
    until(f, &f->live, 2);
    lec_bus_wait(f->bus, 50);
    assert_string_equal(power_of(f), "fresh");
    assert_int_equal(f->points, 0);
    assert_false(lec_view_live(f->view));
    f->room.seq = old_seq;
    room_heartbeat(&f->room);
    answer_snapshot(f, "fresher");
    until(f, &f->live, 3);
    assert_true(lec_view_live(f->view));
}

static void without_heartbeats_everything_turns_stale(void **state)
{
    struct fixture *f = *state;
    struct lec_reading r;
    struct lec_view_device d;
    open_view(f, 0, 0);
    go_live(f, "on");
    room_pass(&f->room, 2500);
    lec_bus_dispatch(f->bus);
    assert_int_equal(f->lost, 0);
    room_pass(&f->room, 600);
    lec_bus_dispatch(f->bus);
    assert_int_equal(f->lost, 1);
    assert_false(lec_view_live(f->view));
    assert_non_null(strstr(lec_view_reason(f->view), "heartbeat"));
    assert_true(lec_view_read(f->view, "projector.power", &r));
    assert_string_equal(r.quality, "stale");
    assert_non_null(strstr(r.reason, "heartbeat"));
    assert_string_equal(json_string_value(r.value), "on");
    assert_true(lec_view_device(f->view, 0, &d));
    assert_string_equal(d.status, "away");
    /* Told once. */
    room_pass(&f->room, 1900);
    lec_bus_dispatch(f->bus);
    assert_int_equal(f->lost, 1);
    room_until_subscribed(&f->room);
    room_heartbeat(&f->room);
    answer_snapshot(f, "off");
    until(f, &f->live, 2);
    assert_true(lec_view_read(f->view, "projector.power", &r));
    assert_string_equal(r.quality, "good");
}

static void a_silent_socket_is_made_anew(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "on");
    for (int i = 0; i < 3; i++) {
        room_pass(&f->room, 3100);
        lec_bus_dispatch(f->bus);
        room_until_subscribed(&f->room);
    }
    room_heartbeat(&f->room);
    answer_snapshot(f, "on");
    until(f, &f->live, 2);
}

static void ages_grow_by_the_monotonic_clock(void **state)
{
    struct fixture *f = *state;
    struct lec_reading r;
    open_view(f, 0, 0);
    go_live(f, "on");
    /* The wall clock steps back a year; nobody cares. */
    assert_true(lec_view_read(f->view, "projector.power", &r));
    int64_t age = r.age_ms;
    f->room.wall_us = 1000;
    room_pass(&f->room, 1500);
    assert_true(lec_view_read(f->view, "projector.power", &r));
    assert_int_equal(r.age_ms, age + 1500);
    assert_in_range(age, 400, 500); /* of a room that said 400, some turns ago */
    assert_int_equal(r.time, 1790000000000000);
    /* Of an event, the room's own times say how old the value was. */
    json_t *body = a_change("off");
    json_object_set_new(json_object_get(json_object_get(body, "points"), "power"), "time",
                        json_integer(1790000000000000 + f->room.seq + 1 - 2000000));
    room_event(&f->room, "state", "projector", body);
    until(f, &f->points, 1);
    assert_true(lec_view_read(f->view, "projector.power", &r));
    assert_in_range(r.age_ms, 2000, 2100);
}

static void a_value_that_never_was_has_no_age(void **state)
{
    struct fixture *f = *state;
    struct lec_reading r;
    open_view(f, 0, 0);
    go_live(f, "on");
    room_event(&f->room, "state", "projector",
               json_pack("{s:s, s:{s:{s:n, s:s, s:s}}}", "device", "projector", "points", "power", "value", "quality",
                         "bad", "reason", "never read"));
    until(f, &f->points, 1);
    assert_true(lec_view_read(f->view, "projector.power", &r));
    assert_int_equal(r.age_ms, -1);
    assert_true(json_is_null(r.value));
    assert_string_equal(r.quality, "bad");
    assert_string_equal(r.reason, "never read");
}

/* ---- Hostile rooms ---- */

static void hostile_events_are_counted_and_change_nothing(void **state)
{
    static const struct {
        const char *topic, *body;
    } cases[] = {
        {"truong/phong-1/state/projector", ""},
        {"truong/phong-1/state/projector", "nonsense"},
        {"truong/phong-1/state/projector", "[]"},
        {"truong/phong-1/state/projector", "{}"},
        {"truong/phong-1/state/projector", "{\"seq\":\"9\",\"before\":0,\"time\":1}"},
        {"truong/phong-1/state/projector", "{\"seq\":900,\"before\":900,\"time\":1}"},
        {"truong/phong-1/state/projector", "{\"seq\":900,\"before\":-1,\"time\":1}"},
        {"truong/phong-1/state/projector", "{\"seq\":1e300,\"before\":0,\"time\":1}"},
        {"truong/phong-1/state/a", "{\"seq\":901,\"before\":0,\"time\":1}"},
        {"truong/phong-1/state/b", "{\"seq\":902,\"before\":0,\"time\":1,\"device\":5}"},
        {"truong/phong-1/state/c", "{\"seq\":903,\"before\":0,\"time\":1,\"device\":\"projector\",\"points\":[]}"},
        {"truong/phong-1/state/d",
         "{\"seq\":904,\"before\":0,\"time\":1,\"device\":\"projector\",\"points\":{\"power\":7}}"},
        {"truong/phong-1/state/e",
         "{\"seq\":905,\"before\":0,\"time\":1,\"device\":\"projector\",\"points\":{\"power\":{\"value\":1,\"quality\":\"nice\"}}}"},
        {"truong/phong-1/state/f", "{\"seq\":906,\"before\":0,\"time\":1,\"device\":\"projector\",\"status\":7}"},
        {"truong/phong-1/scene/x", "{\"seq\":907,\"before\":0,\"time\":1}"},
        {"truong/phong-1/scene/y",
         "{\"seq\":908,\"before\":0,\"time\":1,\"run\":\"r\",\"scene\":\"s\",\"state\":\"running\",\"steps\":7}"},
        {"truong/phong-1/heartbeat/room", "{\"seq\":909,\"before\":0,\"time\":1}"},
        {"truong/phong-1/heartbeat/room", "{\"seq\":910,\"before\":0,\"time\":1,\"boot\":\"boot-1\",\"last\":[]}"},
        {"truong/phong-1/heartbeat/room", "{\"seq\":911,\"before\":0,\"time\":1,\"boot\":7,\"last\":{}}"},
    };
    struct fixture *f = *state;
    struct lec_view_stats stats = {0};
    open_view(f, 0, 0);
    go_live(f, "on");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        room_frames(&f->room, (const void *[]){cases[i].topic, cases[i].body},
                    (size_t[]){strlen(cases[i].topic), strlen(cases[i].body)}, 2);
    /* Too few and too many frames. */
    const char *topic = "truong/phong-1/state/projector";
    room_frames(&f->room, (const void *[]){topic}, (size_t[]){strlen(topic)}, 1);
    room_frames(&f->room, (const void *[]){topic, "{}", "", "", "", ""}, (size_t[]){strlen(topic), 2, 0, 0, 0, 0}, 6);
    ROOM_UNTIL(&f->room, f->bus, (lec_view_get_stats(f->view, &stats), stats.garbage >= ARRAY_LEN(cases) + 2));
    assert_int_equal(stats.garbage, ARRAY_LEN(cases) + 2);
    assert_int_equal(f->points, 0);
    assert_string_equal(power_of(f), "on");
    assert_true(lec_view_live(f->view));
    assert_int_equal(lec_view_runs(f->view), 0);
}

static void a_snapshot_that_is_none_is_asked_for_again(void **state)
{
    static const char *const wrong[] = {
        "7",
        "{}",
        "{\"boot\":\"b\",\"seq\":\"1\",\"devices\":{}}",
        "{\"boot\":\"b\",\"seq\":1,\"devices\":[]}",
        "{\"boot\":\"b\",\"seq\":1,\"devices\":{\"a\":5}}",
        "{\"boot\":\"b\",\"seq\":1,\"devices\":{\"a\":{\"status\":\"online\",\"points\":5}}}",
        "{\"boot\":\"b\",\"seq\":1,\"devices\":{\"a\":{\"status\":\"online\",\"points\":{\"p\":null}}}}",
        "{\"boot\":\"b\",\"seq\":1,\"devices\":{},\"runs\":5}",
    };
    struct fixture *f = *state;
    open_view(f, 0, 0);
    introduce(f);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        room_heartbeat(&f->room);
        room_reply(&f->room, asked(f, "state.snapshot"), json_loads(wrong[i], JSON_DECODE_ANY, NULL));
        lec_bus_wait(f->bus, 100);
        assert_false(lec_view_live(f->view));
        assert_int_equal(lec_view_devices(f->view), 0);
    }
    room_heartbeat(&f->room);
    answer_snapshot(f, "on");
    until(f, &f->live, 1);
}

static void more_than_a_view_can_hold_is_refused_whole(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "on");
    json_t *snapshot = a_snapshot(&f->room, "off");
    for (int i = 0; i < LEC_VIEW_DEVICES; i++) {
        char name[16];
        snprintf(name, sizeof name, "d%d", i);
        json_object_set_new(json_object_get(snapshot, "devices"), name, json_pack("{s:s}", "status", "online"));
    }
    room_lose(&f->room, "state", "projector");
    room_heartbeat(&f->room);
    room_reply(&f->room, asked(f, "state.snapshot"), snapshot);
    until(f, &f->lost, 1);
    assert_int_equal(lec_view_devices(f->view), 2);
    assert_false(lec_view_live(f->view));
}

static void a_room_that_says_nothing_sensible_of_itself_is_not_followed(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    json_t *request = asked(f, "room.describe");
    room_reply(&f->room, request, json_pack("{s:s, s:s}", "boot", "b", "site", ""));
    for (int i = 0; i < 10; i++)
        room_turn(&f->room, f->bus, 10);
    assert_false(lec_view_live(f->view));
    assert_null(room_next(&f->room, 50));
}

static void a_bus_has_so_many_views_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct lec_view *views[LEC_VIEWS], *more = NULL;
    struct lec_view_options options = {0};
    struct lec_err err;
    for (int i = 0; i < LEC_VIEWS; i++)
        assert_int_equal(lec_view_open(f->bus, &options, &views[i], NULL), 0);
    assert_int_equal(lec_view_open(f->bus, &options, &more, &err), LEC_E_BUSY);
    lec_view_free(&views[3]);
    assert_int_equal(lec_view_open(f->bus, &options, &views[3], NULL), 0);
    /* The bus takes its views with it. */
    lec_bus_free(&f->bus);
    struct lec_bus_options no_events = {.command = f->room.command};
    assert_int_equal(lec_bus_open(&no_events, &f->bus, NULL), 0);
    assert_int_equal(lec_view_open(f->bus, &options, &more, &err), LEC_E_CONFIG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_view_asks_for_the_snapshot_when_its_subscriptions_are_in_force),
        TEST(a_view_shows_what_the_snapshot_says),
        TEST(newer_events_change_points_and_devices),
        TEST(events_older_than_the_snapshot_are_dropped),
        TEST(a_lost_event_is_noticed_by_the_next_of_its_topic),
        TEST(a_lost_event_is_noticed_by_the_next_of_another_device),
        TEST(an_event_that_cannot_be_read_counts_as_lost),
        TEST(a_lost_last_event_is_noticed_by_the_heartbeat),
        TEST(an_event_of_a_topic_never_seen_is_followed_too),
        TEST(a_restart_is_noticed_and_a_new_snapshot_taken),
        TEST(events_of_the_old_start_do_not_mix_with_the_new_snapshot),
        TEST(without_heartbeats_everything_turns_stale),
        TEST(a_silent_socket_is_made_anew),
        TEST(ages_grow_by_the_monotonic_clock),
        TEST(a_value_that_never_was_has_no_age),
        TEST(hostile_events_are_counted_and_change_nothing),
        TEST(a_snapshot_that_is_none_is_asked_for_again),
        TEST(more_than_a_view_can_hold_is_refused_whole),
        TEST(a_room_that_says_nothing_sensible_of_itself_is_not_followed),
        TEST(a_bus_has_so_many_views_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
