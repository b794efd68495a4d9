/* Reading calendars: what takes place on a day, and what is said about files that are wrong. The room is in Ho Chi Minh City. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "calendar/calendar.h"

#define DAY_US (INT64_C(24) * 3600 * 1000000)

static const char *const scenes[] = {"lesson", "end-of-day"};

/* Monday 2026-11-23, midnight there. */
static int64_t monday(void)
{
    return calendar_local_us(2026, 11, 23, 0, 0, 0);
}

/* One line per occurrence, "Mo 07:00-07:45 text start/end", then one per mistake; to be freed. */
static char *read_days(const char *text, int days, bool holidays)
{
    const struct calendar_rules rules = {.scenes = scenes, .n_scenes = ARRAY_LEN(scenes), .holidays = holidays};
    struct calendar *c = NULL;
    struct calendar_list list = {0};
    struct lec_report report;
    char *copy = strdup(text), *out = NULL;
    size_t size;
    FILE *f = open_memstream(&out, &size);
    lec_report_init(&report);
    if (calendar_parse("x.ics", copy, strlen(copy), &rules, &c, &report) == 0)
        assert_int_equal(calendar_expand(c, monday(), monday() + days * DAY_US, &list, &report), 0);
    for (size_t i = 0; i < list.n; i++) {
        const struct calendar_found *p = &list.at[i];
        char from[32], to[32];
        time_t a = (time_t)(p->start_us / 1000000), b = (time_t)(p->end_us / 1000000);
        strftime(from, sizeof from, "%d %H:%M", localtime(&a));
        strftime(to, sizeof to, p->all_day ? "%d %H:%M" : "%H:%M", localtime(&b));
        fprintf(f, "%s-%s %s", from, to, p->text);
        if (p->start_scene || p->end_scene)
            fprintf(f, " %s/%s", p->start_scene ? p->start_scene : "", p->end_scene ? p->end_scene : "");
        fputc('\n', f);
    }
    lec_report_sort(&report);
    for (size_t i = 0; i < report.n; i++)
        fprintf(f, "%d: %s\n", report.at[i].line, report.at[i].text);
    fclose(f);
    free(list.at);
    calendar_free(&c);
    lec_report_done(&report);
    free(copy);
    return out;
}

static void days_are(const char *events, int days, const char *wanted)
{
    char *text, *told;
    assert_true(asprintf(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n%sEND:VCALENDAR\r\n", events) > 0);
    told = read_days(text, days, false);
    assert_string_equal(told, wanted);
    free(told);
    free(text);
}

#define EVENT(lines) "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:A\r\n" lines "END:VEVENT\r\n"
#define AT_SEVEN     "DTSTART:20261123T070000\r\nDTEND:20261123T074500\r\n"

static void a_single_lesson_is_found_on_its_day_only(void **state)
{
    (void)state;
    days_are(EVENT(AT_SEVEN), 1, "23 07:00-07:45 A\n");
    days_are(EVENT("DTSTART:20261122T070000\r\nDTEND:20261122T074500\r\n"), 1, "");
    days_are(EVENT("DTSTART:20261124T000000\r\nDTEND:20261124T004500\r\n"), 1, "");
}

static void a_lesson_that_reaches_into_the_day_belongs_to_it(void **state)
{
    (void)state;
    days_are(EVENT("DTSTART:20261122T233000\r\nDURATION:PT45M\r\n"), 1, "22 23:30-00:15 A\n");
}

static void times_are_of_the_room_of_a_zone_or_of_greenwich(void **state)
{
    (void)state;
    days_are(EVENT("DTSTART;TZID=Asia/Ho_Chi_Minh:20261123T070000\r\nDURATION:PT45M\r\n"), 1, "23 07:00-07:45 A\n");
    days_are(EVENT("DTSTART;TZID=\"Asia/Tokyo\":20261123T070000\r\nDURATION:PT45M\r\n"), 1, "23 05:00-05:45 A\n");
    days_are(EVENT("DTSTART:20261123T000000Z\r\nDURATION:PT45M\r\n"), 1, "23 07:00-07:45 A\n");
}

static void a_zone_of_the_file_counts_where_its_name_is_not_known(void **state)
{
    (void)state;
    days_are("BEGIN:VTIMEZONE\r\nTZID:SE Asia Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\n"
             "TZOFFSETFROM:+0700\r\nTZOFFSETTO:+0800\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n" EVENT(
                 "DTSTART;TZID=SE Asia Standard Time:20261123T080000\r\nDURATION:PT45M\r\n"),
             1, "23 07:00-07:45 A\n");
}

static void a_weekly_lesson_comes_on_its_days_until_its_last(void **state)
{
    (void)state;
    days_are(EVENT("DTSTART:20260907T070000\r\nDTEND:20260907T074500\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE\r\n"), 7,
             "23 07:00-07:45 A\n25 07:00-07:45 A\n");
    days_are(EVENT(AT_SEVEN "RRULE:FREQ=DAILY;COUNT=2\r\n"), 7, "23 07:00-07:45 A\n24 07:00-07:45 A\n");
    days_are(EVENT(AT_SEVEN "RRULE:FREQ=DAILY;UNTIL=20261125\r\n"), 7,
             "23 07:00-07:45 A\n24 07:00-07:45 A\n25 07:00-07:45 A\n");
    /* 00:00 UTC is 07:00 there: the last one is that of the 25th, not of the 24th */
    days_are(EVENT(AT_SEVEN "RRULE:FREQ=DAILY;UNTIL=20261125T000000Z\r\n"), 7,
             "23 07:00-07:45 A\n24 07:00-07:45 A\n25 07:00-07:45 A\n");
}

static void exceptions_and_additions_change_the_rule(void **state)
{
    (void)state;
    days_are(EVENT(AT_SEVEN "RRULE:FREQ=DAILY;COUNT=4\r\nEXDATE:20261124T070000,20261125T070000\r\n"
                            "RDATE:20261128T090000\r\n"),
             7, "23 07:00-07:45 A\n26 07:00-07:45 A\n28 09:00-09:45 A\n");
    days_are(EVENT(AT_SEVEN "RRULE:FREQ=DAILY;COUNT=2\r\nEXDATE;VALUE=DATE:20261123\r\n"), 7, "24 07:00-07:45 A\n");
}

static void one_occurrence_can_be_moved_or_cancelled(void **state)
{
    (void)state;
    days_are(EVENT(AT_SEVEN "RRULE:FREQ=DAILY;COUNT=3\r\n")
                 EVENT("RECURRENCE-ID:20261124T070000\r\nDTSTART:20261124T100000\r\nDURATION:PT30M\r\n"),
             7, "23 07:00-07:45 A\n24 10:00-10:30 A\n25 07:00-07:45 A\n");
    days_are(EVENT(AT_SEVEN "RRULE:FREQ=DAILY;COUNT=3\r\n")
                 EVENT("RECURRENCE-ID:20261124T070000\r\nDTSTART:20261124T070000\r\nSTATUS:CANCELLED\r\n"),
             7, "23 07:00-07:45 A\n25 07:00-07:45 A\n");
    days_are(EVENT(AT_SEVEN "STATUS:CANCELLED\r\n"), 7, "");
}

static void scenes_can_be_said_per_event(void **state)
{
    (void)state;
    days_are(EVENT(AT_SEVEN "X-LECTERN-START:lesson\r\nX-LECTERN-END:none\r\n"), 1, "23 07:00-07:45 A lesson/none\n");
}

static void folded_lines_escapes_and_line_ends_of_all_kinds_are_read(void **state)
{
    (void)state;
    days_are("BEGIN:VEVENT\nUID:a\nSUMMARY:Toán\\, lớ\n p 10\\nA1\n" AT_SEVEN "END:VEVENT\n", 1,
             "23 07:00-07:45 Toán, lớp 10 A1\n");
    days_are(
        "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:A\r\nBEGIN:VALARM\r\nSUMMARY:no\r\nDTSTART:garbage\r\nEND:VALARM\r\n" AT_SEVEN
        "END:VEVENT\r\n",
        1, "23 07:00-07:45 A\n");
}

static void a_wrong_event_is_told_with_its_line_and_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *told;
    } cases[] = {
        {"DTEND:20261123T074500\r\n", "3: this event has no DTSTART, so nobody knows when it is\n"},
        {"DTSTART:20261323T070000\r\nDURATION:PT1H\r\n",
         "6: DTSTART: \"20261323T070000\" is no time, expected such as 20261123T070000\n"},
        {"DTSTART:yesterday\r\nDURATION:PT1H\r\n",
         "6: DTSTART: \"yesterday\" is no time, expected such as 20261123T070000\n"},
        {"DTSTART;TZID=Asia/Sai Gon:20261123T070000\r\nDURATION:PT1H\r\n",
         "6: DTSTART: there is no time zone \"Asia/Sai Gon\", expected such as Asia/Ho_Chi_Minh, or none at all\n"},
        {"DTSTART;TZID=../../../etc/passwd:20261123T070000\r\nDURATION:PT1H\r\n",
         "6: DTSTART: there is no time zone \"../../../etc/passwd\", expected such as Asia/Ho_Chi_Minh, or none at all\n"},
        {"DTSTART:20261123T070000\r\n", "3: this event has neither DTEND nor DURATION, so it never ends\n"},
        {"DTSTART:20261123T070000\r\nDTEND:20261123T064500\r\n",
         "7: this event ends before it begins (DTSTART is in line 6)\n"},
        {"DTSTART:20261123T070000\r\nDURATION:-PT45M\r\n",
         "7: this event ends before it begins (DTSTART is in line 6)\n"},
        {"DTSTART:20261123T070000\r\nDURATION:45 minutes\r\n", "7: DURATION: \"45 minutes\", expected such as PT45M\n"},
        {"DTSTART:20261123T070000\r\nDTEND:20261125T070000\r\n",
         "7: this event lasts longer than a day, which no lesson does\n"},
        {"DTSTART;VALUE=DATE:20261123\r\n",
         "3: an event of a whole day is no lesson, it is left out; holidays have a calendar of their own\n"},
        {AT_SEVEN "RRULE:FREQ=SOMETIMES\r\n",
         "8: RRULE: \"FREQ=SOMETIMES\" is no rule, expected such as FREQ=WEEKLY;BYDAY=MO,WE\n"},
        {AT_SEVEN "RRULE:FREQ=WEEKLY;INTERVAL=0\r\n",
         "8: RRULE: \"FREQ=WEEKLY;INTERVAL=0\" is no rule, expected such as FREQ=WEEKLY;BYDAY=MO,WE\n"},
        {AT_SEVEN "RRULE:FREQ=SECONDLY\r\n",
         "8: RRULE: no lesson comes more often than once a day, expected FREQ=DAILY, WEEKLY, MONTHLY or YEARLY\n"},
        {AT_SEVEN "EXDATE:20261123T070000,tomorrow\r\n",
         "8: EXDATE: \"tomorrow\" is no time, expected such as 20261123T070000\n"},
        {AT_SEVEN "X-LECTERN-START:leson\r\n",
         "8: X-LECTERN-START: this room has no scene \"leson\" (did you mean \"lesson\"?)\n"},
        {AT_SEVEN "RECURRENCE-ID;RANGE=THISANDFUTURE:20261123T070000\r\n",
         "8: RECURRENCE-ID: RANGE is not known; write one event until then and one from then on\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *events;
        assert_true(asprintf(&events, "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:A\r\n%sEND:VEVENT\r\n", cases[i].lines) > 0);
        days_are(events, 1, cases[i].told);
        free(events);
    }
}

static void an_event_beside_a_wrong_one_still_counts(void **state)
{
    (void)state;
    days_are("BEGIN:VEVENT\r\nUID:b\r\nEND:VEVENT\r\n" EVENT(AT_SEVEN), 1,
             "23 07:00-07:45 A\n3: this event has no DTSTART, so nobody knows when it is\n");
}

static void what_is_written_twice_is_told(void **state)
{
    (void)state;
    days_are(EVENT(AT_SEVEN "DTSTART:20261123T080000\r\n"), 1, "23 07:00-07:45 A\n8: DTSTART is in line 6 already\n");
    days_are(EVENT(AT_SEVEN) EVENT(AT_SEVEN), 1,
             "23 07:00-07:45 A\n9: this event has the UID and the time of the one in line 3; that one counts\n");
    days_are(EVENT(AT_SEVEN "X-LECTERN-STRAT:lesson\r\n"), 1,
             "23 07:00-07:45 A\n8: X-LECTERN-STRAT means nothing here (did you mean X-LECTERN-START?), expected "
             "X-LECTERN-START or -END\n");
}

static void a_file_that_is_no_calendar_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"", "0: the file is empty, expected BEGIN:VCALENDAR\n"},
        {"\r\n\r\n", "0: the file is empty, expected BEGIN:VCALENDAR\n"},
        {"<html>\n", "1: \"<html>\" is no line of a calendar, expected NAME:VALUE\n"},
        {"BEGIN:VCARD\nEND:VCARD\n", "1: this is no calendar: expected BEGIN:VCALENDAR\n"},
        {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261123T070000\n",
         "4: the file ends in the middle, expected END:VCALENDAR\n"},
        {"BEGIN:VCALENDAR\nSUMMARY:To\xe1n\n", "2: this line is not UTF-8 text; save the calendar as UTF-8\n"},
        {"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "0: there is no event in this calendar\n"},
        {"END:VCALENDAR\n", "1: this is no calendar: expected BEGIN:VCALENDAR\n"},
        {"BEGIN:VCALENDAR\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\n",
         "9: more than 8 BEGINs inside each other\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *told = read_days(cases[i].text, 1, false);
        assert_string_equal(told, cases[i].told);
        free(told);
    }
}

static void events_beyond_the_limit_are_told_once_and_left_out(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    fputs("BEGIN:VCALENDAR\n", f);
    for (int i = 0; i < CALENDAR_EVENTS + 2; i++)
        fprintf(f, "BEGIN:VEVENT\nUID:%d\nDTSTART:20261201T070000\nDURATION:PT45M\nEND:VEVENT\n", i);
    fputs("END:VCALENDAR\n", f);
    fclose(f);
    char *told = read_days(text, 1, false);
    assert_string_equal(told, "10002: more than 2000 events; those from here on are left out\n");
    free(told);
    free(text);
}

/* Rules that never come true, or very often: whoever writes them must not stop the others. */
static void rules_that_lead_nowhere_end_in_time(void **state)
{
    (void)state;
    static const char *const rules[] = {"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYDAY=5FR;BYSETPOS=2",
                                        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
                                        "FREQ=WEEKLY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22;"
                                        "BYMINUTE=0,1,2,3,4,5,6,7,8,9;BYSECOND=0,1,2,3,4,5,6,7,8,9"};
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        char *text;
        assert_true(asprintf(&text,
                             "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nSUMMARY:A\nDTSTART:20200101T010000\nDURATION:PT5M\n"
                             "RRULE:%s\nEND:VEVENT\n" EVENT(AT_SEVEN) "END:VCALENDAR\n",
                             rules[i]) > 0);
        clock_t begun = clock();
        char *told = read_days(text, 1, false);
        assert_true(clock() - begun < 8 * CLOCKS_PER_SEC);
        free(told);
        free(text);
    }
}

static void holidays_cancel_the_periods_that_begin_in_them(void **state)
{
    (void)state;
    char *days = read_days("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:h\nSUMMARY:Nghỉ\nDTSTART;VALUE=DATE:20261123\n"
                           "DTEND;VALUE=DATE:20261125\nEND:VEVENT\nEND:VCALENDAR\n",
                           3, true);
    assert_string_equal(days, "23 00:00-25 00:00 Nghỉ\n");
    free(days);
    struct calendar_found periods[] = {
        {.start_us = 99, .end_us = 150}, {.start_us = 100, .end_us = 150}, {.start_us = 200, .end_us = 250}};
    struct calendar_found holiday = {.start_us = 100, .end_us = 200, .text = "Nghỉ"};
    struct calendar_list list = {periods, 3}, holidays = {&holiday, 1};
    calendar_cancel(&list, &holidays);
    assert_null(periods[0].holiday);
    assert_string_equal(periods[1].holiday, "Nghỉ");
    assert_null(periods[2].holiday);
}

static void events_without_a_uid_have_the_same_one_each_time(void **state)
{
    (void)state;
    const struct calendar_rules rules = {0};
    char uid[2][64];
    for (size_t i = 0; i < 2; i++) {
        char text[] = "BEGIN:VCALENDAR\nBEGIN:VEVENT\n" AT_SEVEN "END:VEVENT\nEND:VCALENDAR\n";
        struct calendar *c = NULL;
        struct calendar_list list;
        assert_int_equal(calendar_parse("x.ics", text, sizeof text - 1, &rules, &c, NULL), 0);
        assert_int_equal(calendar_expand(c, monday(), monday() + DAY_US, &list, NULL), 0);
        assert_int_equal(list.n, 1);
        snprintf(uid[i], sizeof uid[i], "%s", list.at[0].uid);
        free(list.at);
        calendar_free(&c);
    }
    assert_string_equal(uid[0], uid[1]);
}

int main(void)
{
    setenv("TZ", "Asia/Ho_Chi_Minh", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_lesson_is_found_on_its_day_only),
        cmocka_unit_test(a_lesson_that_reaches_into_the_day_belongs_to_it),
        cmocka_unit_test(times_are_of_the_room_of_a_zone_or_of_greenwich),
        cmocka_unit_test(a_zone_of_the_file_counts_where_its_name_is_not_known),
        cmocka_unit_test(a_weekly_lesson_comes_on_its_days_until_its_last),
        cmocka_unit_test(exceptions_and_additions_change_the_rule),
        cmocka_unit_test(one_occurrence_can_be_moved_or_cancelled),
        cmocka_unit_test(scenes_can_be_said_per_event),
        cmocka_unit_test(folded_lines_escapes_and_line_ends_of_all_kinds_are_read),
        cmocka_unit_test(a_wrong_event_is_told_with_its_line_and_left_out),
        cmocka_unit_test(an_event_beside_a_wrong_one_still_counts),
        cmocka_unit_test(what_is_written_twice_is_told),
        cmocka_unit_test(a_file_that_is_no_calendar_is_told),
        cmocka_unit_test(events_beyond_the_limit_are_told_once_and_left_out),
        cmocka_unit_test(rules_that_lead_nowhere_end_in_time),
        cmocka_unit_test(holidays_cancel_the_periods_that_begin_in_them),
        cmocka_unit_test(events_without_a_uid_have_the_same_one_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
