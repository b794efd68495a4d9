/* What the timetable does on a Monday in Ho Chi Minh City: lessons at 07:00 and 07:50, "on" at their start, "off" at their end. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/lessons_stage.h"

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    assert_non_null(s);
    stage_open(s, 6, 50);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    free(*state);
    return 0;
}

static void one_lesson(struct stage *s)
{
    stage_period(s, "a", stage_at(7, 0), stage_at(7, 45), "on", "off");
}

static void a_lesson_starts_and_ends_its_scenes_once(void **state)
{
    struct stage *s = *state;
    one_lesson(s);
    assert_string_equal(stage_state(s, "a", NULL), "planned");
    stage_until(s, stage_at(6, 59) + 59 * 1000000);
    assert_int_equal(s->n_starts, 0);
    stage_until(s, stage_at(7, 1));
    assert_int_equal(stage_count(s, "on"), 1);
    assert_int_equal(s->starts[0].at_us, stage_at(7, 0));
    assert_string_equal(stage_state(s, "a", NULL), "begun");
    stage_until(s, stage_at(9, 0));
    assert_int_equal(stage_count(s, "on"), 1);
    assert_int_equal(stage_count(s, "off"), 1);
    assert_string_equal(stage_state(s, "a", NULL), "ended");
    assert_true(stage_told(s, "begun a") && stage_told(s, "ended a"));
}

static void a_start_missed_by_a_blackout_is_caught_up_in_time(void **state)
{
    struct stage *s = *state;
    one_lesson(s);
    stage_until(s, stage_at(6, 55));
    stage_restart(s, 17 * MINUTE);
    assert_int_equal(stage_count(s, "on"), 1);
    assert_string_equal(stage_state(s, "a", NULL), "caught_up");
    assert_true(stage_told(s, "caught_up a"));
}

static void a_start_missed_for_longer_is_told_and_not_done(void **state)
{
    struct stage *s = *state;
    const char *reason;
    one_lesson(s);
    stage_until(s, stage_at(6, 55));
    stage_restart(s, 21 * MINUTE);
    assert_int_equal(s->n_starts, 0);
    assert_string_equal(stage_state(s, "a", &reason), "missed");
    assert_string_equal(reason, "the room was not there at 07:00 nor soon after, or its clock was wrong");
    assert_string_equal(stage_why(s, "a"), "absent 07:00");
    assert_true(stage_told(s, "missed a"));
    stage_until(s, stage_at(8, 0)); /* the end is done all the same: a person may have switched something on */
    assert_int_equal(stage_count(s, "off"), 1);
    assert_string_equal(stage_state(s, "a", &reason), "missed");
    assert_true(*reason != '\0');
}

static void a_start_is_not_caught_up_when_the_lesson_is_over(void **state)
{
    struct stage *s = *state;
    stage_period(s, "short", stage_at(7, 0), stage_at(7, 5), "on", "");
    stage_until(s, stage_at(6, 55));
    stage_restart(s, 12 * MINUTE);
    assert_int_equal(s->n_starts, 0);
    assert_string_equal(stage_state(s, "short", NULL), "missed");
}

static void what_was_before_the_timetable_is_not_journalled_as_missed(void **state)
{
    struct stage *s = *state;
    stage_period(s, "early", stage_at(5, 0), stage_at(5, 45), "on", "off");
    stage_until(s, stage_at(6, 55));
    assert_string_equal(stage_state(s, "early", NULL), "missed");
    assert_false(stage_told(s, "missed early"));
}

static void restarts_repeat_nothing(void **state)
{
    struct stage *s = *state;
    one_lesson(s);
    stage_until(s, stage_at(7, 0));
    for (int i = 0; i < 10; i++)
        stage_restart(s, 20 * 1000000);
    assert_int_equal(stage_count(s, "on"), 1);
    stage_until(s, stage_at(7, 45));
    stage_restart(s, 0);
    stage_restart(s, MINUTE);
    assert_int_equal(stage_count(s, "off"), 1);
}

static void a_clock_put_back_repeats_nothing(void **state)
{
    struct stage *s = *state;
    one_lesson(s);
    stage_until(s, stage_at(7, 50));
    stage_set_clock(s, stage_at(6, 50));
    stage_until(s, stage_at(8, 0));
    assert_int_equal(stage_count(s, "on"), 1);
    assert_int_equal(stage_count(s, "off"), 1);
}

static void a_clock_put_forward_catches_up_and_tells_what_was_missed(void **state)
{
    struct stage *s = *state;
    one_lesson(s);
    stage_period(s, "b", stage_at(9, 0), stage_at(9, 45), "on", "");
    stage_until(s, stage_at(6, 55));
    stage_set_clock(s, stage_at(9, 10));
    assert_string_equal(stage_state(s, "a", NULL), "missed");
    assert_string_equal(stage_state(s, "b", NULL), "caught_up");
    assert_int_equal(stage_count(s, "on"), 1);
}

/* A board without a battery comes up with a wrong time, which is put right a minute later. */
static void what_a_wrong_clock_called_missed_is_done_when_its_time_comes(void **state)
{
    struct stage *s = *state;
    one_lesson(s);
    stage_set_clock(s, stage_at(12, 0));
    assert_string_equal(stage_state(s, "a", NULL), "missed");
    stage_set_clock(s, stage_at(6, 58));
    assert_string_equal(stage_state(s, "a", NULL), "planned");
    stage_until(s, stage_at(7, 1));
    assert_string_equal(stage_state(s, "a", NULL), "begun");
    assert_int_equal(stage_count(s, "on"), 1);
    stage_set_clock(s, stage_at(12, 0));
    stage_set_clock(s, stage_at(7, 2));
    stage_until(s, stage_at(7, 46));
    assert_int_equal(stage_count(s, "on"), 1);
    assert_int_equal(stage_count(s, "off"), 1);
}

static void nothing_is_switched_off_between_two_lessons(void **state)
{
    struct stage *s = *state;
    const char *reason;
    one_lesson(s);
    stage_period(s, "b", stage_at(7, 50), stage_at(8, 35), "on", "off");
    stage_until(s, stage_at(8, 0));
    assert_int_equal(stage_count(s, "off"), 0);
    assert_int_equal(stage_count(s, "on"), 2);
    assert_string_equal(stage_state(s, "a", &reason), "ended");
    assert_string_equal(reason, "nothing is switched off: the next lesson begins at 07:50");
    assert_string_equal(stage_why(s, "a"), "next 07:50");
    stage_until(s, stage_at(8, 36));
    assert_int_equal(stage_count(s, "off"), 1);
}

static void a_lesson_that_does_not_take_place_is_no_next_lesson(void **state)
{
    struct stage *s = *state;
    struct lec_buf json;
    struct lec_err err;
    one_lesson(s);
    stage_period(s, "b", stage_at(7, 50), stage_at(8, 35), "on", "off");
    s->periods[1].holiday = "Nghỉ";
    stage_know(s);
    stage_until(s, stage_at(7, 46));
    assert_int_equal(stage_count(s, "off"), 1);
    assert_string_equal(stage_state(s, "b", NULL), "skipped");
    assert_string_equal(stage_why(s, "b"), "holiday Nghỉ");
    stage_period(s, "c", stage_at(8, 40), stage_at(9, 25), "on", "off");
    lec_buf_init(&json, 4096);
    assert_int_equal(lessons_skip(s->l, "c", stage_at(8, 40), "Lan", s->wall_us, &json, &err), 0);
    lec_buf_done(&json);
    stage_until(s, stage_at(10, 0));
    assert_int_equal(s->n_starts, 2);
}

static void a_skipped_lesson_starts_and_ends_nothing_also_after_a_restart(void **state)
{
    struct stage *s = *state;
    struct lec_buf json;
    struct lec_err err;
    const char *reason;
    one_lesson(s);
    lec_buf_init(&json, 4096);
    assert_int_equal(lessons_skip(s->l, "a", stage_at(7, 0), "Lan", s->wall_us, &json, &err), 0);
    assert_non_null(strstr(json.data, "\"state\":\"skipped\""));
    stage_restart(s, 0);
    stage_until(s, stage_at(8, 0));
    assert_int_equal(s->n_starts, 0);
    assert_string_equal(stage_state(s, "a", &reason), "skipped");
    assert_string_equal(reason, "skipped by Lan");
    assert_string_equal(stage_why(s, "a"), "skipped Lan");
    assert_int_equal(lessons_skip(s->l, "a", stage_at(7, 0), "Lan", s->wall_us, &json, &err), LEC_E_REFUSED);
    assert_int_equal(lessons_skip(s->l, "a", stage_at(7, 1), "Lan", s->wall_us, &json, &err), LEC_E_RANGE);
    lec_buf_done(&json);
}

static void an_end_waits_for_a_recording_and_says_why(void **state)
{
    struct stage *s = *state;
    const char *reason;
    one_lesson(s);
    stage_until(s, stage_at(7, 10));
    s->recording = "cooling";
    stage_until(s, stage_at(8, 30));
    assert_int_equal(stage_count(s, "off"), 0);
    assert_string_equal(stage_state(s, "a", &reason), "held");
    assert_string_equal(reason, "waits for the end of a recording: cooling");
    assert_string_equal(stage_why(s, "a"), "recording cooling");
    stage_restart(s, MINUTE); /* far beyond the window of catching up: what is held stays so */
    assert_string_equal(stage_state(s, "a", NULL), "held");
    assert_string_equal(stage_why(s, "a"), "recording cooling");
    s->recording = NULL;
    stage_until(s, stage_at(8, 32));
    assert_int_equal(stage_count(s, "off"), 1);
    assert_string_equal(stage_state(s, "a", NULL), "ended");
}

static void an_end_within_another_lesson_says_which(void **state)
{
    struct stage *s = *state;
    one_lesson(s);
    stage_period(s, "b", stage_at(7, 40), stage_at(8, 30), "on", "off");
    stage_until(s, stage_at(7, 46));
    assert_int_equal(stage_count(s, "off"), 0);
    assert_string_equal(stage_why(s, "a"), "goes_on 07:40");
}

static void a_held_end_is_dropped_when_another_lesson_has_begun(void **state)
{
    struct stage *s = *state;
    one_lesson(s);
    stage_period(s, "b", stage_at(9, 0), stage_at(9, 45), "on", "");
    s->recording = "cooling";
    stage_until(s, stage_at(9, 5));
    s->recording = NULL;
    stage_until(s, stage_at(9, 6));
    assert_int_equal(stage_count(s, "off"), 0);
    assert_string_equal(stage_state(s, "a", NULL), "ended");
    assert_string_equal(stage_why(s, "a"), "next 09:00");
}

static void a_start_that_is_refused_is_tried_again_until_it_is_too_late(void **state)
{
    struct stage *s = *state;
    const char *reason;
    one_lesson(s);
    s->refuse = LEC_E_NOMEM;
    stage_until(s, stage_at(7, 1));
    s->refuse = 0;
    stage_until(s, stage_at(7, 2));
    assert_string_equal(stage_state(s, "a", NULL), "caught_up");
    stage_period(s, "b", stage_at(9, 0), stage_at(9, 45), "on", "");
    s->refuse = LEC_E_NOMEM;
    stage_until(s, stage_at(9, 16));
    assert_string_equal(stage_state(s, "b", &reason), "missed");
    assert_string_equal(reason, "refused on purpose");
    assert_string_equal(stage_why(s, "b"), "scene refused on purpose");
    stage_period(s, "c", stage_at(10, 0), stage_at(10, 45), "gone", "");
    s->refuse = LEC_E_CONFIG;
    stage_until(s, stage_at(10, 1));
    s->refuse = 0;
    stage_until(s, stage_at(10, 2));
    assert_string_equal(stage_state(s, "c", NULL), "missed");
    assert_int_equal(stage_count(s, "gone"), 0);
}

static void a_lesson_without_scenes_is_only_shown(void **state)
{
    struct stage *s = *state;
    stage_period(s, "a", stage_at(7, 0), stage_at(7, 45), "", "");
    size_t texts = s->n_texts;
    stage_until(s, stage_at(7, 10));
    assert_string_equal(stage_state(s, "a", NULL), "begun");
    stage_until(s, stage_at(7, 50));
    assert_string_equal(stage_state(s, "a", NULL), "ended");
    assert_int_equal(s->n_starts, 0);
    assert_int_equal(s->n_texts, texts + 1); /* since when there is a timetable */
}

/* ---- Closing -------------------------------------------------------------------------------------------------- */

static void close_at(struct stage *s, int hour, int minute)
{
    s->rules.has_closing = true;
    s->rules.closing_us = hour * HOUR + minute * MINUTE;
    stage_know(s);
}

static void closing_comes_every_day(void **state)
{
    struct stage *s = *state;
    close_at(s, 17, 30);
    assert_string_equal(stage_closing(s), "planned 17:30");
    stage_until(s, stage_at(17, 31));
    assert_int_equal(stage_count(s, "off"), 1);
    assert_true(s->starts[0].closing);
    assert_string_equal(stage_closing(s), "ended 17:30");
    stage_until(s, stage_at(24 + 18, 0));
    assert_int_equal(stage_count(s, "off"), 2);
    assert_int_equal(s->starts[1].at_us, stage_at(24 + 17, 30));
}

static void closing_can_be_put_off_until_midnight(void **state)
{
    struct stage *s = *state;
    struct lec_err err;
    close_at(s, 17, 30);
    stage_until(s, stage_at(17, 25));
    assert_int_equal(lessons_extend(s->l, 30 * MINUTE, "Lan", s->wall_us, &err), 0);
    assert_string_equal(stage_closing(s), "planned 18:00");
    stage_restart(s, 0);
    assert_string_equal(stage_closing(s), "planned 18:00");
    for (int i = 0; i < 12; i++)
        assert_int_equal(lessons_extend(s->l, 30 * MINUTE, "Lan", s->wall_us, &err), 0);
    assert_string_equal(stage_closing(s), "planned 23:59");
    assert_int_equal(lessons_extend(s->l, 30 * MINUTE, "Lan", s->wall_us, &err), LEC_E_REFUSED);
    stage_until(s, stage_at(23, 59));
    assert_int_equal(stage_count(s, "off"), 0);
    stage_until(s, stage_at(24, 1));
    assert_int_equal(stage_count(s, "off"), 1);
    assert_string_equal(stage_closing(s), "planned 17:30");
}

static void closing_can_be_ordered_again_after_it_was(void **state)
{
    struct stage *s = *state;
    struct lec_err err;
    close_at(s, 17, 30);
    stage_until(s, stage_at(18, 0));
    assert_int_equal(lessons_extend(s->l, 30 * MINUTE, "Lan", s->wall_us, &err), 0);
    assert_string_equal(stage_closing(s), "planned 18:30");
    stage_until(s, stage_at(19, 0));
    assert_int_equal(stage_count(s, "off"), 2);
}

static void closing_waits_for_recordings_and_lessons_and_warns_again(void **state)
{
    struct stage *s = *state;
    close_at(s, 17, 30);
    stage_period(s, "evening", stage_at(17, 40), stage_at(18, 0), "", "");
    stage_until(s, stage_at(17, 31));
    assert_string_equal(stage_closing(s), "held 17:30");
    assert_string_equal(stage_closing_why(s), "lesson 18:00");
    stage_until(s, stage_at(17, 50));
    s->recording = "cooling";
    stage_until(s, stage_at(19, 0));
    assert_string_equal(stage_closing(s), "held 17:30");
    assert_string_equal(stage_closing_why(s), "recording cooling");
    s->recording = NULL;
    stage_until(s, stage_at(19, 1));
    assert_string_equal(stage_closing(s), "planned 19:10");
    stage_until(s, stage_at(19, 11));
    assert_int_equal(stage_count(s, "off"), 1);
}

static void the_event_says_what_closing_waits_for(void **state)
{
    struct stage *s = *state;
    struct lec_buf b;
    close_at(s, 17, 30);
    s->recording = "cooling";
    stage_until(s, stage_at(17, 31));
    lec_buf_init(&b, 4096);
    lessons_now_json(s->l, 30 * MINUTE, s->wall_us, &b);
    assert_non_null(strstr(b.data,
                           "\"held\":\"waits for the end of a recording: cooling\",\"code\":\"recording\",\"about\":"
                           "\"cooling\",\"extend_ms\""));
    lec_buf_done(&b);
}

/* An update of the daemon finds what the one before kept. */
static void a_sentence_that_was_kept_is_still_told(void **state)
{
    struct stage *s = *state;
    const char *reason;
    char key[64];
    one_lesson(s);
    snprintf(key, sizeof key, "timetable/%" PRId64 "/a", stage_at(7, 0));
    lessons_restore(s->l, key, "x. the power was off: all morning");
    stage_know(s);
    assert_string_equal(stage_state(s, "a", &reason), "missed");
    assert_string_equal(reason, "the power was off: all morning");
    assert_string_equal(stage_why(s, "a"), "");
}

static void a_closing_that_waits_beyond_midnight_is_done_then(void **state)
{
    struct stage *s = *state;
    close_at(s, 17, 30);
    s->recording = "cooling";
    stage_until(s, stage_at(24 + 2, 0));
    assert_int_equal(stage_count(s, "off"), 0);
    s->recording = NULL;
    stage_until(s, stage_at(24 + 3, 0));
    assert_int_equal(stage_count(s, "off"), 1);
    stage_until(s, stage_at(24 + 18, 0));
    assert_int_equal(stage_count(s, "off"), 2);
}

static void a_closing_nobody_was_there_for_is_announced_on_the_same_day(void **state)
{
    struct stage *s = *state;
    close_at(s, 17, 30);
    stage_until(s, stage_at(17, 0));
    stage_restart(s, 90 * MINUTE);
    assert_string_equal(stage_closing(s), "planned 18:40");
    assert_int_equal(stage_count(s, "off"), 0);
    stage_until(s, stage_at(18, 41));
    assert_int_equal(stage_count(s, "off"), 1);
}

static void nothing_is_switched_off_in_the_morning_for_the_evening_before(void **state)
{
    struct stage *s = *state;
    close_at(s, 17, 30);
    stage_until(s, stage_at(17, 0));
    stage_restart(s, 14 * HOUR);
    stage_until(s, stage_at(24 + 12, 0));
    assert_int_equal(stage_count(s, "off"), 0);
    assert_true(stage_told(s, "missed closing"));
}

static void a_closing_done_is_not_repeated_by_a_clock_put_back_or_a_restart(void **state)
{
    struct stage *s = *state;
    close_at(s, 17, 30);
    stage_until(s, stage_at(17, 31));
    stage_set_clock(s, stage_at(17, 0));
    stage_until(s, stage_at(18, 0));
    stage_restart(s, 0);
    stage_until(s, stage_at(18, 10));
    assert_int_equal(stage_count(s, "off"), 1);
}

static void another_closing_time_is_followed_at_once(void **state)
{
    struct stage *s = *state;
    close_at(s, 17, 30);
    stage_until(s, stage_at(17, 45));
    close_at(s, 18, 0);
    stage_until(s, stage_at(18, 1));
    assert_int_equal(stage_count(s, "off"), 2);
}

static void garbled_memories_are_ignored(void **state)
{
    struct stage *s = *state;
    static const char *const keys[] = {
        "timetable/",         "timetable/x",     "timetable/12", "timetable/12/", "timetable//a",
        "timetable/closing/", "timetable/since", "other/1/a",    "timetable/1/a", "timetable/closing/20261123"};
    static const char *const values[] = {"", " ", "b", "bb", "zz ", "b 1", "b x y z", "b 1 99999999999999999999 z"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        for (size_t k = 0; k < ARRAY_LEN(values); k++)
            lessons_restore(s->l, keys[i], values[k]);
    one_lesson(s);
    close_at(s, 17, 30);
    stage_until(s, stage_at(7, 1));
    assert_string_equal(stage_state(s, "a", NULL), "begun");
    assert_string_equal(stage_closing(s), "planned 17:30");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_lesson_starts_and_ends_its_scenes_once),
        T(a_start_missed_by_a_blackout_is_caught_up_in_time),
        T(a_start_missed_for_longer_is_told_and_not_done),
        T(a_start_is_not_caught_up_when_the_lesson_is_over),
        T(what_was_before_the_timetable_is_not_journalled_as_missed),
        T(restarts_repeat_nothing),
        T(a_clock_put_back_repeats_nothing),
        T(a_clock_put_forward_catches_up_and_tells_what_was_missed),
        T(what_a_wrong_clock_called_missed_is_done_when_its_time_comes),
        T(nothing_is_switched_off_between_two_lessons),
        T(a_lesson_that_does_not_take_place_is_no_next_lesson),
        T(a_skipped_lesson_starts_and_ends_nothing_also_after_a_restart),
        T(an_end_waits_for_a_recording_and_says_why),
        T(an_end_within_another_lesson_says_which),
        T(a_held_end_is_dropped_when_another_lesson_has_begun),
        T(a_start_that_is_refused_is_tried_again_until_it_is_too_late),
        T(a_lesson_without_scenes_is_only_shown),
        T(closing_comes_every_day),
        T(closing_can_be_put_off_until_midnight),
        T(closing_can_be_ordered_again_after_it_was),
        T(closing_waits_for_recordings_and_lessons_and_warns_again),
        T(the_event_says_what_closing_waits_for),
        T(a_sentence_that_was_kept_is_still_told),
        T(a_closing_that_waits_beyond_midnight_is_done_then),
        T(a_closing_nobody_was_there_for_is_announced_on_the_same_day),
        T(nothing_is_switched_off_in_the_morning_for_the_evening_before),
        T(a_closing_done_is_not_repeated_by_a_clock_put_back_or_a_restart),
        T(another_closing_time_is_followed_at_once),
        T(garbled_memories_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
