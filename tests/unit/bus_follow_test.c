/* liblectern: what a view follows besides values: runs, the journal, events and samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus_view.h"
#include "lectern/clock.h"

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
    introduce(f);
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
        room_turn(&f->room, f->bus, 10);
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
    introduce(f);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
