/* liblectern: a view stays current, whatever is lost, and says so when it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus_view.h"
#include "lectern/clock.h"

static void a_view_asks_for_the_snapshot_when_its_subscriptions_are_in_force(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_EVENT, 0);
    assert_false(lec_view_live(f->view));
    assert_string_not_equal(lec_view_reason(f->view), "");
    assert_int_equal(lec_view_devices(f->view), 0);
    room_reply(&f->room, asked(f, "room.describe"), room_about(&f->room));
    for (int i = 0; i < 200 && !lec_bus_room(f->bus); i++)
        lec_bus_wait(f->bus, 5);
    room_until_subscribed(&f->room);
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
    room_reply(&f->room, asked(f, "room.describe"), room_about(&f->room));
    for (int i = 0; i < 200 && !lec_bus_room(f->bus); i++)
        lec_bus_wait(f->bus, 5);
    room_until_subscribed(&f->room);
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
    int64_t now = lec_now();
    lec_clock_fake(now + 2500 * LEC_MS, 0);
    lec_bus_dispatch(f->bus);
    assert_int_equal(f->lost, 0);
    lec_clock_fake(now + 3100 * LEC_MS, 0);
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
    lec_clock_fake(now + 5000 * LEC_MS, 0);
    lec_bus_dispatch(f->bus);
    assert_int_equal(f->lost, 1);
    lec_clock_fake(-1, 0);
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
    int64_t now = lec_now();
    for (int i = 1; i <= 3; i++) {
        lec_clock_fake(now + i * 3100 * LEC_MS, 0);
        lec_bus_dispatch(f->bus);
        room_until_subscribed(&f->room);
    }
    lec_clock_fake(-1, 0);
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
    int64_t now = lec_now();
    /* The wall clock steps back a year; nobody cares. */
    lec_clock_fake(now + 1500 * LEC_MS, 1000);
    assert_true(lec_view_read(f->view, "projector.power", &r));
    assert_in_range(r.age_ms, 1890, 2400);
    assert_int_equal(r.time, 1790000000000000);
    lec_clock_fake(-1, 0);
    /* Of an event, the room's own times say how old the value was. */
    json_t *body = a_change("off");
    json_object_set_new(json_object_get(json_object_get(body, "points"), "power"), "time",
                        json_integer(1790000000000000 + f->room.seq + 1 - 2000000));
    room_event(&f->room, "state", "projector", body);
    until(f, &f->points, 1);
    assert_true(lec_view_read(f->view, "projector.power", &r));
    assert_in_range(r.age_ms, 2000, 2500);
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

/* ---- Runs ---- */

static json_t *a_run(const char *state, json_t *steps)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:i, s:o}", "run", "9f2c", "scene", "lesson", "state", state, "started",
                     (json_int_t)1790000000000000, "remaining_ms", 5000, "steps", steps);
}

static json_t *a_step(const char *name, const char *state)
{
    return json_pack("{s:s, s:s, s:s}", "name", name, "target", "projector.power", "state", state);
}

static void a_run_is_put_together_from_its_events(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "off");
    room_event(&f->room, "scene", "lesson",
               a_run("running", json_pack("[o, o]", a_step("one", "queued"), a_step("two", "queued"))));
    until(f, &f->runs, 1);
    json_t *end = a_run("done", json_pack("[o]", a_step("two", "confirmed")));
    json_object_del(end, "remaining_ms");
    room_event(&f->room, "scene", "lesson", end);
    until(f, &f->runs, 2);
    assert_int_equal(lec_view_runs(f->view), 1);
    const json_t *run = lec_view_run(f->view, 0), *steps = json_object_get(run, "steps");
    assert_true(json_equal(run, f->run));
    assert_string_equal(json_string_value(json_object_get(run, "state")), "done");
    assert_null(json_object_get(run, "remaining_ms"));
    assert_null(json_object_get(run, "seq"));
    assert_int_equal(json_array_size(steps), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(steps, 0), "state")), "queued");
    assert_string_equal(json_string_value(json_object_get(json_array_get(steps, 1), "state")), "confirmed");
    assert_null(lec_view_run(f->view, 1));
}

static void the_end_of_a_run_that_was_missed_is_asked_for(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "off");
    room_event(&f->room, "scene", "lesson", a_run("running", json_pack("[o]", a_step("one", "waiting"))));
    until(f, &f->runs, 1);
    room_lose(&f->room, "scene", "lesson");
    room_heartbeat(&f->room);
    answer_snapshot(f, "on"); /* no run under way in it */
    json_t *request = asked(f, "scene.run");
    assert_string_equal(json_string_value(json_object_get(json_object_get(request, "params"), "run")), "9f2c");
    room_reply(&f->room, request, a_run("partly", json_pack("[o]", a_step("one", "timeout"))));
    until(f, &f->live, 2);
    assert_int_equal(f->runs, 2);
    assert_string_equal(json_string_value(json_object_get(f->run, "state")), "partly");
}

static void a_run_that_the_room_has_forgotten_was_interrupted(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "off");
    room_event(&f->room, "scene", "lesson", a_run("running", json_pack("[o]", a_step("one", "waiting"))));
    until(f, &f->runs, 1);
    room_lose(&f->room, "scene", "lesson");
    room_heartbeat(&f->room);
    answer_snapshot(f, "on");
    room_refuse(&f->room, asked(f, "scene.run"), -32001, "no such run");
    until(f, &f->live, 2);
    assert_string_equal(json_string_value(json_object_get(f->run, "state")), "interrupted");
}

static void so_many_runs_are_kept_and_the_oldest_ended_goes_first(void **state)
{
    struct fixture *f = *state;
    open_view(f, 0, 0);
    go_live(f, "off");
    for (int i = 0; i <= LEC_VIEW_RUNS; i++) {
        char id[16];
        snprintf(id, sizeof id, "run-%d", i);
        json_t *run = a_run(i == 0 ? "running" : "done", json_array());
        json_object_set_new(run, "run", json_string(id));
        room_event(&f->room, "scene", "lesson", run);
    }
    until(f, &f->runs, LEC_VIEW_RUNS + 1);
    assert_int_equal(lec_view_runs(f->view), LEC_VIEW_RUNS);
    assert_string_equal(json_string_value(json_object_get(lec_view_run(f->view, 0), "run")), "run-0");
    assert_string_equal(json_string_value(json_object_get(lec_view_run(f->view, 1), "run")), "run-2");
}

/* ---- The journal ---- */

static void entry(struct fixture *f, int64_t n)
{
    room_event(&f->room, "journal", "state",
               json_pack("{s:I, s:s, s:{}}", "journal", (json_int_t)n, "kind", "state", "data"));
}

static json_t *page(int64_t from, int64_t to, int64_t last)
{
    json_t *entries = json_array();
    for (int64_t n = from; n <= to; n++)
        json_array_append_new(entries, json_pack("{s:I, s:s}", "journal", (json_int_t)n, "kind", "state"));
    return json_pack("{s:o, s:I, s:I}", "entries", entries, "last", (json_int_t)last, "first", (json_int_t)1);
}

static int64_t number_asked(const json_t *request, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(request, "params"), key));
}

static void start_journal(struct fixture *f)
{
    room_reply(&f->room, asked(f, "room.describe"), room_about(&f->room));
    for (int i = 0; i < 200 && !lec_bus_room(f->bus); i++)
        lec_bus_wait(f->bus, 5);
    room_until_subscribed(&f->room);
    room_heartbeat(&f->room);
    answer_snapshot(f, "on");
}

static void the_journal_comes_whole_and_in_order(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_JOURNAL, 3);
    start_journal(f);
    json_t *request = asked(f, "journal.read");
    assert_int_equal(number_asked(request, "after"), 3);
    /* An entry that is both in the page and in an event comes once. */
    entry(f, 6);
    /* So does one that was had before. */
    room_reply(&f->room, request, page(2, 6, 6));
    until(f, &f->live, 1);
    entry(f, 7);
    until(f, &f->n_entries, 4);
    /* Two are lost; the next event tells. */
    room_lose(&f->room, "journal", "state");
    room_lose(&f->room, "journal", "scene");
    entry(f, 10);
    request = asked(f, "journal.read");
    assert_int_equal(number_asked(request, "after"), 7);
    entry(f, 11);
    room_reply(&f->room, request, page(8, 10, 10));
    until(f, &f->n_entries, 8);
    /* The last one is lost; the heartbeat tells. */
    room_lose(&f->room, "journal", "state");
    room_heartbeat(&f->room);
    room_reply(&f->room, asked(f, "journal.read"), page(12, 12, 12));
    until(f, &f->n_entries, 9);
    for (int i = 0; i < f->n_entries; i++)
        assert_int_equal(f->entries[i], 4 + i);
    assert_int_equal(f->gaps, 0);
}

static void a_long_journal_is_read_page_by_page(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_JOURNAL, 0);
    start_journal(f);
    room_reply(&f->room, asked(f, "journal.read"), page(1, 20, 45));
    json_t *request = asked(f, "journal.read");
    assert_int_equal(number_asked(request, "after"), 20);
    room_reply(&f->room, request, page(21, 45, 45));
    until(f, &f->n_entries, 45);
    until(f, &f->live, 1);
    /* One that promises more and has none does not keep us asking. */
    room_lose(&f->room, "journal", "state");
    room_heartbeat(&f->room);
    room_reply(&f->room, asked(f, "journal.read"), page(1, 0, 99));
    for (int i = 0; i < 10; i++)
        lec_bus_wait(f->bus, 10);
    assert_null(room_next(&f->room, 50));
}

static void only_new_entries_come_when_only_those_are_wanted(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_JOURNAL, -1);
    start_journal(f);
    json_t *request = asked(f, "journal.read");
    assert_true(json_is_true(json_object_get(json_object_get(request, "params"), "newest")));
    room_reply(&f->room, request, page(500, 500, 500));
    until(f, &f->live, 1);
    entry(f, 501);
    until(f, &f->n_entries, 1);
    assert_int_equal(f->entries[0], 501);
}

static void entries_removed_before_they_were_read_are_told_as_a_gap(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_JOURNAL, 5);
    start_journal(f);
    json_t *answer = page(100, 101, 101);
    json_object_set_new(answer, "first", json_integer(100));
    room_reply(&f->room, asked(f, "journal.read"), answer);
    until(f, &f->n_entries, 2);
    assert_int_equal(f->gaps, 1);
    assert_string_equal(f->gap, "journal");
}

/* ---- Events and samples ---- */

static json_t *a_card(void)
{
    return json_pack("{s:s, s:s, s:{s:s}}", "device", "reader", "event", "card", "data", "id", "x");
}

static void happenings_come_and_lost_ones_are_told(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_EVENT, 0);
    /* What happened before we came is not missed. */
    room_lose(&f->room, "event", "reader");
    go_live(f, "on");
    room_event(&f->room, "event", "reader", a_card());
    until(f, &f->events, 1);
    assert_string_equal(f->last, "reader card");
    assert_int_equal(f->gaps, 0);
    room_lose(&f->room, "event", "reader");
    room_event(&f->room, "event", "reader", a_card());
    until(f, &f->events, 2);
    assert_int_equal(f->gaps, 1);
    room_lose(&f->room, "event", "reader");
    room_heartbeat(&f->room);
    until(f, &f->gaps, 2);
    /* They need no snapshot, which has none of them. */
    assert_null(room_next(&f->room, 50));
}

static void a_happening_during_the_snapshot_is_not_lost(void **state)
{
    struct fixture *f = *state;
    open_view(f, LEC_FOLLOW_EVENT, 0);
    room_reply(&f->room, asked(f, "room.describe"), room_about(&f->room));
    for (int i = 0; i < 200 && !lec_bus_room(f->bus); i++)
        lec_bus_wait(f->bus, 5);
    room_until_subscribed(&f->room);
    room_heartbeat(&f->room);
    json_t *request = asked(f, "state.snapshot");
    room_event(&f->room, "event", "reader", a_card());
    room_reply(&f->room, request, a_snapshot(&f->room, "on"));
    until(f, &f->events, 1);
    assert_int_equal(f->gaps, 0);
}

static void samples_are_little_endian_doubles(void **state)
{
    struct fixture *f = *state;
    static const unsigned char raw[] = {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}; /* 1.5, -2 */
    struct lec_view_stats stats;
    open_view(f, LEC_FOLLOW_SAMPLE, 0);
    go_live(f, "on");
    room_sample(&f->room, "probe", json_pack("{s:s, s:s, s:i}", "device", "probe", "point", "temperature", "n", 2), raw,
                sizeof raw);
    until(f, &f->samples, 1);
    assert_int_equal(f->n_samples, 2);
    assert_true(f->first_sample == 1.5);
    /* A count that is not that of the frame, a frame cut short. */
    room_sample(&f->room, "probe", json_pack("{s:s, s:i}", "device", "probe", "n", 3), raw, sizeof raw);
    room_sample(&f->room, "probe", json_pack("{s:s, s:i}", "device", "probe", "n", -1), raw, sizeof raw);
    room_sample(&f->room, "probe", json_pack("{s:s, s:i}", "device", "probe", "n", 0), raw, 7);
    room_sample(&f->room, "probe", json_pack("{s:s, s:s, s:i}", "device", "probe", "point", "t", "n", 0), raw, 0);
    until(f, &f->samples, 2);
    assert_int_equal(f->n_samples, 0);
    lec_view_get_stats(f->view, &stats);
    assert_int_equal(stats.garbage, 3);
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
        {"truong/phong-1/state/projector", "{\"seq\":\"9\",\"prev\":0,\"time\":1}"},
        {"truong/phong-1/state/projector", "{\"seq\":900,\"prev\":900,\"time\":1}"},
        {"truong/phong-1/state/projector", "{\"seq\":900,\"prev\":-1,\"time\":1}"},
        {"truong/phong-1/state/projector", "{\"seq\":1e300,\"prev\":0,\"time\":1}"},
        {"truong/phong-1/state/a", "{\"seq\":901,\"prev\":0,\"time\":1}"},
        {"truong/phong-1/state/b", "{\"seq\":902,\"prev\":0,\"time\":1,\"device\":5}"},
        {"truong/phong-1/state/c", "{\"seq\":903,\"prev\":0,\"time\":1,\"device\":\"projector\",\"points\":[]}"},
        {"truong/phong-1/state/d",
         "{\"seq\":904,\"prev\":0,\"time\":1,\"device\":\"projector\",\"points\":{\"power\":7}}"},
        {"truong/phong-1/state/e",
         "{\"seq\":905,\"prev\":0,\"time\":1,\"device\":\"projector\",\"points\":{\"power\":{\"value\":1,\"quality\":\"nice\"}}}"},
        {"truong/phong-1/state/f", "{\"seq\":906,\"prev\":0,\"time\":1,\"device\":\"projector\",\"status\":7}"},
        {"truong/phong-1/scene/x", "{\"seq\":907,\"prev\":0,\"time\":1}"},
        {"truong/phong-1/scene/y",
         "{\"seq\":908,\"prev\":0,\"time\":1,\"run\":\"r\",\"scene\":\"s\",\"state\":\"running\",\"steps\":7}"},
        {"truong/phong-1/heartbeat/room", "{\"seq\":909,\"prev\":0,\"time\":1}"},
        {"truong/phong-1/heartbeat/room", "{\"seq\":910,\"prev\":0,\"time\":1,\"boot\":\"boot-1\",\"last\":[]}"},
        {"truong/phong-1/heartbeat/room", "{\"seq\":911,\"prev\":0,\"time\":1,\"boot\":7,\"last\":{}}"},
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
    for (int i = 0; i < 200 && stats.garbage < ARRAY_LEN(cases) + 2; i++) {
        lec_bus_wait(f->bus, 10);
        lec_view_get_stats(f->view, &stats);
    }
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
    room_reply(&f->room, asked(f, "room.describe"), room_about(&f->room));
    for (int i = 0; i < 200 && !lec_bus_room(f->bus); i++)
        lec_bus_wait(f->bus, 5);
    room_until_subscribed(&f->room);
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
        lec_bus_wait(f->bus, 10);
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
        TEST(a_lost_last_event_is_noticed_by_the_heartbeat),
        TEST(an_event_of_a_topic_never_seen_is_followed_too),
        TEST(a_restart_is_noticed_and_a_new_snapshot_taken),
        TEST(events_of_the_old_start_do_not_mix_with_the_new_snapshot),
        TEST(without_heartbeats_everything_turns_stale),
        TEST(a_silent_socket_is_made_anew),
        TEST(ages_grow_by_the_monotonic_clock),
        TEST(a_value_that_never_was_has_no_age),
        TEST(a_run_is_put_together_from_its_events),
        TEST(the_end_of_a_run_that_was_missed_is_asked_for),
        TEST(a_run_that_the_room_has_forgotten_was_interrupted),
        TEST(so_many_runs_are_kept_and_the_oldest_ended_goes_first),
        TEST(the_journal_comes_whole_and_in_order),
        TEST(a_long_journal_is_read_page_by_page),
        TEST(only_new_entries_come_when_only_those_are_wanted),
        TEST(entries_removed_before_they_were_read_are_told_as_a_gap),
        TEST(happenings_come_and_lost_ones_are_told),
        TEST(a_happening_during_the_snapshot_is_not_lost),
        TEST(samples_are_little_endian_doubles),
        TEST(hostile_events_are_counted_and_change_nothing),
        TEST(a_snapshot_that_is_none_is_asked_for_again),
        TEST(more_than_a_view_can_hold_is_refused_whole),
        TEST(a_room_that_says_nothing_sensible_of_itself_is_not_followed),
        TEST(a_bus_has_so_many_views_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
