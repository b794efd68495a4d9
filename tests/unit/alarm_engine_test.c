/* What raises, what clears, and when: limits, delays, qualities, chattering, faults that become graver, people. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alarm_stage.h"

static struct stage st;

static struct lec_alarm co2(void)
{
    struct lec_alarm s = stage_alarm("co2-high", "comfort.co2", LEC_WARNING);
    s.has_above = true;
    s.above = 1500;
    s.hysteresis = 100;
    s.delay_ns = 5 * MIN;
    s.label = "Không khí ngột ngạt";
    s.label_en = "Stuffy air";
    return s;
}

/* Between two limits, without a delay. */
static struct lec_alarm warm(void)
{
    struct lec_alarm s = stage_alarm("warm", "comfort.temperature", LEC_WARNING);
    s.has_above = s.has_below = true;
    s.above = 30;
    s.below = 15;
    s.hysteresis = 1;
    return s;
}

static int set_up(void **state)
{
    (void)state;
    const struct lec_alarm sections[] = {co2(), warm()};
    stage_open(&st, stage_room(sections, ARRAY_LEN(sections), true));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    const char *wrong = stage_judge(&st);
    if (wrong)
        print_error("%s\n", wrong);
    stage_close(&st);
    return wrong ? -1 : 0;
}

static const char *text(const json_t *object, const char *a, const char *b)
{
    const json_t *v = json_object_get(object, a);
    return json_string_value(b ? json_object_get(v, b) : v);
}

/* ---- Limits ------------------------------------------------------------------------------------------------- */

static void a_limit_is_raised_when_it_has_held_for_its_delay(void **state)
{
    (void)state;
    stage_float(&st, "comfort.co2", 1499.9);
    stage_pass(&st, 10 * MIN);
    assert_false(stage_stands(&st, "co2-high"));
    stage_float(&st, "comfort.co2", 1500);
    stage_pass(&st, 5 * MIN - LEC_SEC);
    assert_false(stage_stands(&st, "co2-high"));
    stage_pass(&st, LEC_SEC);
    assert_true(stage_stands(&st, "co2-high"));
    const json_t *told = stage_told(&st, "co2-high");
    assert_string_equal(text(told, "state", NULL), "raised");
    assert_string_equal(text(told, "text", "vi"), "Không khí ngột ngạt: 1500 ppm (giới hạn trên 1500 ppm).");
    assert_string_equal(text(told, "text", "en"), "Stuffy air: 1500 ppm (upper limit 1500 ppm).");
}

static void a_limit_that_is_touched_for_a_moment_begins_its_delay_anew(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        stage_float(&st, "comfort.co2", 1600);
        stage_pass(&st, 4 * MIN);
        stage_float(&st, "comfort.co2", 1450);
        stage_pass(&st, LEC_SEC);
    }
    assert_int_equal(stage_count(&st, "co2-high", "raised"), 0);
}

static void it_clears_at_once_when_it_is_back_by_the_hysteresis_and_not_before(void **state)
{
    (void)state;
    stage_float(&st, "comfort.co2", 1600);
    stage_pass(&st, 5 * MIN);
    stage_float(&st, "comfort.co2", 1401);
    stage_pass(&st, 60 * MIN);
    assert_true(stage_stands(&st, "co2-high"));
    stage_float(&st, "comfort.co2", 1400);
    assert_false(stage_stands(&st, "co2-high"));
    assert_null(json_object_get(json_object_get(stage_entry(&st, "co2-high", "cleared"), "data"), "reason"));
}

static void two_limits_have_each_their_own_way_back(void **state)
{
    (void)state;
    stage_float(&st, "comfort.temperature", 30);
    assert_true(stage_stands(&st, "warm"));
    assert_string_equal(text(stage_told(&st, "warm"), "side", NULL), "above");
    stage_float(&st, "comfort.temperature", 29.5);
    assert_true(stage_stands(&st, "warm"));
    stage_float(&st, "comfort.temperature", 29);
    assert_false(stage_stands(&st, "warm"));
    stage_float(&st, "comfort.temperature", 14.5);
    assert_true(stage_stands(&st, "warm"));
    assert_string_equal(text(stage_told(&st, "warm"), "side", NULL), "below");
    assert_string_equal(text(stage_told(&st, "warm"), "text", "vi"),
                        "Không khí: Nhiệt độ: 14,5 °C (giới hạn dưới 15 °C).");
    stage_float(&st, "comfort.temperature", 15.5);
    assert_true(stage_stands(&st, "warm"));
    stage_float(&st, "comfort.temperature", 16);
    assert_false(stage_stands(&st, "warm"));
}

/* ---- Quality ------------------------------------------------------------------------------------------------ */

static void a_value_that_is_not_good_neither_raises_nor_clears(void **state)
{
    (void)state;
    stage_point(&st, "comfort.temperature", lec_float(40), LEC_STALE);
    stage_pass(&st, MIN);
    assert_false(stage_stands(&st, "warm"));
    stage_float(&st, "comfort.temperature", 40);
    stage_point(&st, "comfort.temperature", lec_float(20), LEC_BAD);
    stage_pass(&st, 60 * MIN);
    assert_true(stage_stands(&st, "warm"));
    stage_point(&st, "comfort.temperature", (struct lec_value){.type = LEC_NONE}, LEC_GOOD);
    stage_point(&st, "comfort.temperature", lec_float((double)NAN), LEC_GOOD);
    assert_true(stage_stands(&st, "warm"));
    stage_float(&st, "comfort.temperature", 20);
    assert_false(stage_stands(&st, "warm"));
}

static void a_delay_is_held_up_while_nobody_knows(void **state)
{
    (void)state;
    stage_float(&st, "comfort.co2", 1600);
    stage_pass(&st, 3 * MIN);
    stage_point(&st, "comfort.co2", lec_float(1600), LEC_STALE);
    stage_pass(&st, 60 * MIN);
    assert_false(stage_stands(&st, "co2-high"));
    stage_float(&st, "comfort.co2", 1600);
    stage_pass(&st, 2 * MIN - LEC_SEC);
    assert_false(stage_stands(&st, "co2-high"));
    stage_pass(&st, LEC_SEC);
    assert_true(stage_stands(&st, "co2-high"));
}

/* ---- Devices and faults ------------------------------------------------------------------------------------- */

static void a_device_that_is_away_for_a_minute_is_an_alarm_until_it_is_back(void **state)
{
    (void)state;
    stage_online(&st, "projector", false);
    stage_pass(&st, MIN - LEC_SEC);
    stage_online(&st, "projector", true);
    stage_pass(&st, MIN);
    assert_int_equal(stage_count(&st, "projector.away", "raised"), 0);
    stage_online(&st, "projector", false);
    stage_pass(&st, MIN);
    const json_t *told = stage_told(&st, "projector.away");
    assert_string_equal(text(told, "severity", NULL), "error");
    assert_string_equal(text(told, "text", "vi"), "Mất kết nối với Máy chiếu.");
    assert_string_equal(text(told, "text", "en"), "Projector is away.");
    assert_string_equal(text(told, "reason", NULL), "no route");
    assert_string_equal(text(told, "remedy", "en"), "Check the cable.");
    stage_online(&st, "projector", true);
    assert_false(stage_stands(&st, "projector.away"));
}

static void a_device_that_was_never_there_is_away_too(void **state)
{
    (void)state;
    stage_restart(&st, NULL, 0, 0);
    stage_pass(&st, MIN - LEC_SEC);
    assert_false(stage_stands(&st, "lights.away"));
    stage_pass(&st, LEC_SEC);
    assert_true(stage_stands(&st, "lights.away"));
}

static void a_fault_has_the_severity_of_what_the_device_says(void **state)
{
    (void)state;
    stage_enum(&st, "projector.error.lamp", "warning");
    assert_string_equal(text(stage_told(&st, "projector.error.lamp"), "severity", NULL), "warning");
    assert_string_equal(text(stage_told(&st, "projector.error.lamp"), "text", "vi"), "Máy chiếu: Lỗi đèn: cảnh báo.");
    stage_enum(&st, "projector.error.lamp", "error"); /* graver: another raise, which nobody has seen yet */
    assert_int_equal(stage_count(&st, "projector.error.lamp", "raised"), 2);
    assert_int_equal(stage_count(&st, "projector.error.lamp", "cleared"), 1);
    assert_string_equal(text(stage_told(&st, "projector.error.lamp"), "severity", NULL), "error");
    stage_enum(&st, "projector.error.lamp", "warning"); /* not graver: the same */
    assert_int_equal(stage_count(&st, "projector.error.lamp", "raised"), 2);
    assert_string_equal(text(stage_told(&st, "projector.error.lamp"), "severity", NULL), "error");
    stage_enum(&st, "projector.error.lamp", "ok");
    assert_false(stage_stands(&st, "projector.error.lamp"));
    stage_point(&st, "projector.error.fan", lec_bool(true), LEC_GOOD);
    assert_string_equal(text(stage_told(&st, "projector.error.fan"), "severity", NULL), "warning");
}

static void the_disk_and_the_journal_are_alarms_of_the_room(void **state)
{
    (void)state;
    lec_alarms_room(st.alarms, LEC_ALARM_DISK, true, "database or disk is full", stage_moment(&st));
    lec_alarms_room(st.alarms, LEC_ALARM_JOURNAL, true, "no space", stage_moment(&st));
    json_t *list = stage_standing(&st); /* the graver one first, though it came last */
    assert_string_equal(text(json_array_get(list, 0), "alarm", NULL), "room.journal");
    assert_string_equal(text(json_array_get(list, 1), "alarm", NULL), "room.disk");
    assert_string_equal(text(json_array_get(list, 1), "reason", NULL), "database or disk is full");
    json_decref(list);
    lec_alarms_room(st.alarms, LEC_ALARM_DISK, false, "", stage_moment(&st));
    lec_alarms_room(st.alarms, LEC_ALARM_JOURNAL, false, "", stage_moment(&st));
    assert_int_equal(lec_alarms_count(st.alarms).standing, 0);
}

/* ---- Chattering --------------------------------------------------------------------------------------------- */

static void flap(int times, int64_t each)
{
    for (int i = 0; i < times; i++) {
        stage_float(&st, "comfort.temperature", 40);
        stage_pass(&st, each);
        stage_float(&st, "comfort.temperature", 20);
        stage_pass(&st, each);
    }
}

static void an_alarm_that_chatters_stays_and_says_so(void **state)
{
    (void)state;
    flap(500, LEC_SEC);
    assert_int_equal(stage_count(&st, "warm", "raised"), LEC_ALARM_CHATTER_RAISES);
    assert_int_equal(stage_count(&st, "warm", "cleared"), LEC_ALARM_CHATTER_RAISES - 1);
    assert_true(stage_stands(&st, "warm"));
    assert_true(json_is_true(json_object_get(stage_told(&st, "warm"), "chatters")));
    stage_pass(&st, LEC_ALARM_QUIET_NS - 2 * LEC_SEC);
    assert_true(stage_stands(&st, "warm"));
    stage_pass(&st, 2 * LEC_SEC);
    assert_false(stage_stands(&st, "warm"));
    const json_t *data = json_object_get(stage_entry(&st, "warm", "cleared"), "data");
    assert_int_equal(json_integer_value(json_object_get(data, "times")), 497);
}

static void an_alarm_that_comes_now_and_then_does_not_chatter(void **state)
{
    (void)state;
    flap(20, 20 * LEC_SEC);
    assert_int_equal(stage_count(&st, "warm", "raised"), 20);
    assert_false(stage_stands(&st, "warm"));
}

/* ---- People ------------------------------------------------------------------------------------------------- */

static struct lec_buf json;
static struct lec_err err;

static int ack(const char *name, uint64_t raise, const char *note)
{
    lec_buf_done(&json);
    lec_buf_init(&json, 65536);
    return lec_alarms_ack(st.alarms, name, raise, note, "Lan", stage_moment(&st), &json, &err);
}

static int shelve(const char *name, int64_t for_ms)
{
    lec_buf_done(&json);
    lec_buf_init(&json, 65536);
    return lec_alarms_shelve(st.alarms, name, for_ms, "known", "An", stage_moment(&st), &json, &err);
}

static void acknowledging_is_for_the_raise_that_was_seen(void **state)
{
    (void)state;
    assert_int_equal(ack("warm", 0, ""), LEC_E_CONFIG);
    stage_float(&st, "comfort.temperature", 40);
    uint64_t n = (uint64_t)json_integer_value(json_object_get(stage_told(&st, "warm"), "raise"));
    stage_float(&st, "comfort.temperature", 20);
    stage_float(&st, "comfort.temperature", 40);
    assert_int_equal(ack("warm", n, ""), LEC_E_BUSY);
    assert_int_equal(ack("warm", n + 1, "opened the window"), 0);
    assert_int_equal(ack("warm", n + 1, "me too"), 0); /* the first one's word stands */
    assert_int_equal(stage_count(&st, "warm", "acknowledged"), 1);
    assert_string_equal(text(stage_told(&st, "warm"), "state", NULL), "acknowledged");
    assert_string_equal(text(stage_told(&st, "warm"), "by", NULL), "Lan");
    assert_string_equal(text(stage_told(&st, "warm"), "note", NULL), "opened the window");
    stage_float(&st, "comfort.temperature", 20);
    stage_float(&st, "comfort.temperature", 40); /* another raise has not been seen */
    assert_string_equal(text(stage_told(&st, "warm"), "state", NULL), "raised");
    assert_int_equal(ack("wram", 0, ""), LEC_E_CONFIG);
    assert_non_null(strstr(err.text, "\"wram\" (did you mean warm?)"));
    char longer[LEC_ALARM_NOTE_MAX + 2];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(ack("warm", 0, longer), LEC_E_RANGE);
    assert_int_equal(ack("warm", 0, "a\nb"), LEC_E_RANGE);
}

static void a_call_for_help_stands_until_it_is_acknowledged(void **state)
{
    (void)state;
    assert_true(lec_alarms_help(st.alarms, &st.room->devices[0], "mất hình", "Lan", stage_moment(&st)));
    assert_string_equal(text(stage_told(&st, "help"), "text", "vi"), "Có người cần giúp đỡ với Máy chiếu: mất hình.");
    assert_string_equal(text(stage_told(&st, "help"), "caller", NULL), "Lan");
    assert_true(lec_alarms_help(st.alarms, NULL, "", "Hoa", stage_moment(&st))); /* the same help comes for both */
    assert_int_equal(stage_count(&st, "help", "raised"), 1);
    assert_string_equal(text(stage_told(&st, "help"), "caller", NULL), "Hoa");
    stage_restart(&st, NULL, 0, 0);
    assert_true(stage_stands(&st, "help"));
    assert_int_equal(ack("help", 0, "on my way"), 0);
    assert_non_null(strstr(json.data, "\"state\":\"cleared\""));
    assert_false(stage_stands(&st, "help"));
    assert_string_equal(text(stage_entry(&st, "help", "cleared"), "principal", NULL), "Lan");
}

static void what_is_shelved_is_counted_apart_and_still_journalled(void **state)
{
    (void)state;
    assert_int_equal(shelve("warm", LEC_SHELF_MIN_MS - 1), LEC_E_RANGE);
    assert_int_equal(shelve("warm", LEC_SHELF_MAX_MS + 1), LEC_E_RANGE);
    assert_int_equal(shelve("warm", LEC_SHELF_MIN_MS), 0);
    stage_float(&st, "comfort.temperature", 40);
    struct lec_alarms_counts c = lec_alarms_count(st.alarms);
    assert_int_equal(c.standing, 0);
    assert_int_equal(c.shelved, 1);
    assert_null(c.worst);
    assert_int_equal(stage_count(&st, "warm", "raised"), 1);
    json_t *list = stage_list(&st, 0);
    assert_int_equal(json_array_size(json_object_get(list, "alarms")), 0);
    assert_int_equal(json_array_size(json_object_get(list, "shelved")), 1);
    json_decref(list);
    stage_pass(&st, LEC_SHELF_MIN_MS * LEC_MS);
    assert_int_equal(lec_alarms_count(st.alarms).standing, 1);
    assert_string_equal(text(stage_entry(&st, "warm", "unshelved"), "principal", NULL), "");
    assert_int_equal(lec_alarms_unshelve(st.alarms, "warm", "An", stage_moment(&st), &json, &err), LEC_E_CONFIG);
}

static bool shelved(void)
{
    return lec_alarms_count(st.alarms).shelved > 0;
}

static void a_clock_that_steps_neither_ends_a_shelf_nor_makes_it_last(void **state)
{
    (void)state;
    static const int64_t steps_h[] = {24 * 365, -24 * 365, 2, -2};
    for (size_t i = 0; i < ARRAY_LEN(steps_h); i++) {
        assert_int_equal(shelve("warm", 3600 * 1000), 0);
        stage_pass(&st, MIN);
        st.wall_us += steps_h[i] * 3600 * 1000000;
        stage_pass(&st, 58 * MIN);
        assert_true(shelved());
        assert_int_equal(json_integer_value(json_object_get(stage_told(&st, "warm"), "shelved_until")),
                         st.wall_us + 60 * 1000000);
        stage_pass(&st, MIN);
        assert_false(shelved());
    }
}

static void a_shelf_lasts_over_a_restart_by_the_wall_clock_but_never_longer_than_asked(void **state)
{
    (void)state;
    assert_int_equal(shelve("warm", 3600 * 1000), 0);
    stage_restart(&st, NULL, 0, 30 * MIN);
    stage_pass(&st, 29 * MIN);
    assert_true(shelved());
    stage_pass(&st, MIN);
    assert_false(shelved());
    assert_int_equal(shelve("warm", 3600 * 1000), 0);
    st.wall_us -= INT64_C(365) * 24 * 3600 * 1000000; /* a board without a battery begins in the past */
    stage_restart(&st, NULL, 0, 0);
    stage_pass(&st, 59 * MIN);
    assert_true(shelved());
    stage_pass(&st, MIN);
    assert_false(shelved());
    assert_int_equal(shelve("warm", 3600 * 1000), 0);
    stage_restart(&st, NULL, 0, 61 * MIN);
    stage_pass(&st, 0);
    assert_false(shelved());
}

/* ---- Restarts and configurations ---------------------------------------------------------------------------- */

static void what_stands_is_not_raised_again_after_a_restart(void **state)
{
    (void)state;
    stage_float(&st, "comfort.temperature", 40);
    assert_int_equal(ack("warm", 0, "seen"), 0);
    stage_restart(&st, NULL, 0, MIN);
    assert_true(stage_stands(&st, "warm"));
    stage_float(&st, "comfort.temperature", 41);
    assert_int_equal(stage_count(&st, "warm", "raised"), 1);
    json_t *list = stage_standing(&st);
    assert_string_equal(text(json_array_get(list, 0), "note", NULL), "seen");
    json_decref(list);
    stage_restart(&st, NULL, 0, MIN); /* it went meanwhile: the first value says so */
    stage_float(&st, "comfort.temperature", 20);
    assert_false(stage_stands(&st, "warm"));
    list = stage_list(&st, 5);
    assert_int_equal(json_array_size(json_object_get(list, "ended")), 1);
    json_decref(list);
    stage_restart(&st, NULL, 0, 0);
    list = stage_list(&st, 5);
    assert_int_equal(json_array_size(json_object_get(list, "ended")), 1);
    json_decref(list);
}

static void what_nobody_watches_any_more_is_cleared_with_a_reason(void **state)
{
    (void)state;
    stage_float(&st, "comfort.temperature", 40);
    stage_online(&st, "lights", false);
    stage_pass(&st, MIN);
    assert_true(stage_stands(&st, "lights.away"));
    const struct lec_alarm only[] = {warm()};
    stage_reload(&st, stage_room(only, 1, false));
    assert_false(stage_stands(&st, "lights.away"));
    assert_true(stage_stands(&st, "warm"));
    assert_non_null(strstr(text(json_object_get(stage_entry(&st, "lights.away", "cleared"), "data"), "reason", NULL),
                           "configuration"));
    stage_restart(&st, stage_room(NULL, 0, true), 0, 0); /* likewise when it changed while the daemon was down */
    assert_false(stage_stands(&st, "warm"));
}

static void a_changed_limit_counts_for_what_stands(void **state)
{
    (void)state;
    stage_float(&st, "comfort.temperature", 31);
    struct lec_alarm other = warm();
    other.above = 35;
    stage_reload(&st, stage_room(&other, 1, true));
    assert_true(stage_stands(&st, "warm")); /* nothing was said yet */
    stage_float(&st, "comfort.temperature", 31);
    assert_false(stage_stands(&st, "warm"));
    other.point = NULL; /* the same name, but another point */
    stage_float(&st, "comfort.temperature", 36);
    struct lec_alarm elsewhere = stage_alarm("warm", "comfort.co2", LEC_ERROR);
    elsewhere.has_above = true;
    elsewhere.above = 100000;
    stage_reload(&st, stage_room(&elsewhere, 1, true));
    assert_false(stage_stands(&st, "warm"));
}

static void the_room_s_own_alarms_can_be_changed_and_turned_off(void **state)
{
    (void)state;
    struct lec_alarm sections[] = {stage_alarm("projector.away", "projector", LEC_CRITICAL),
                                   stage_alarm("projector.error.lamp", "projector.error.lamp", LEC_ERROR)};
    sections[0].delay_ns = LEC_SEC;
    sections[0].label_en = "No projector";
    sections[0].remedy_en = "Ask Lan.";
    sections[1].off = true;
    stage_reload(&st, stage_room(sections, 2, true));
    stage_well(&st);
    stage_online(&st, "projector", false);
    stage_enum(&st, "projector.error.lamp", "error");
    stage_pass(&st, LEC_SEC);
    const json_t *told = stage_told(&st, "projector.away");
    assert_string_equal(text(told, "severity", NULL), "critical");
    assert_string_equal(text(told, "text", "vi"), "No projector.");
    assert_string_equal(text(told, "remedy", "vi"), "Ask Lan.");
    assert_int_equal(stage_count(&st, "projector.error.lamp", "raised"), 0);
    assert_int_equal(ack("projector.error.lamp", 0, ""), LEC_E_CONFIG);
}

/* ---- Limits of ours ----------------------------------------------------------------------------------------- */

static void only_the_last_hundred_that_ended_are_remembered(void **state)
{
    (void)state;
    for (int i = 0; i < LEC_ALARMS_ENDED + 20; i++) {
        stage_float(&st, "comfort.temperature", 40);
        stage_float(&st, "comfort.temperature", 20);
        stage_pass(&st, 2 * MIN);
    }
    json_t *list = stage_list(&st, LEC_ALARMS_ENDED);
    const json_t *ended = json_object_get(list, "ended");
    assert_int_equal(json_array_size(ended), LEC_ALARMS_ENDED);
    assert_true(json_integer_value(json_object_get(json_array_get(ended, 0), "raise")) >
                json_integer_value(json_object_get(json_array_get(ended, 1), "raise")));
    json_decref(list);
    size_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach(st.kept, key, value) n += strncmp(key, "alarm-ended/", 12) == 0;
    assert_int_equal(n, LEC_ALARMS_ENDED);
}

static void garbled_texts_are_forgotten_and_do_no_harm(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"alarm/warm", "{"},
        {"alarm/warm", "[]"},
        {"alarm/warm", "{\"alarm\":\"cold\",\"raise\":1,\"severity\":\"error\"}"},
        {"alarm/warm", "{\"alarm\":\"warm\",\"raise\":0,\"severity\":\"error\"}"},
        {"alarm/warm", "{\"alarm\":\"warm\",\"raise\":1,\"severity\":\"awful\"}"},
        {"alarm/warm", "{\"alarm\":\"warm\",\"raise\":1,\"severity\":\"error\",\"note\":7}"},
        {"alarm/warm", "{\"alarm\":\"warm\",\"raise\":1,\"severity\":\"error\",\"cleared\":5}"},
        {"alarm/warm", "{\"shelf\":{\"for_ms\":1}}"},
        {"alarm-ended/0000000000000009", "{\"alarm\":\"warm\",\"raise\":8,\"severity\":\"error\",\"cleared\":5}"},
        {"alarm-next", "many"},
        {"alarm-what", "{}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_object_set_new(st.kept, texts[i][0], json_string(texts[i][1]));
        stage_restart(&st, NULL, 0, 0);
        assert_null(json_object_get(st.kept, texts[i][0]));
        assert_int_equal(lec_alarms_count(st.alarms).standing + lec_alarms_count(st.alarms).shelved, 0);
    }
    json_object_set_new(st.kept, "alarm-next", json_string("4711"));
    stage_restart(&st, NULL, 0, 0);
    stage_float(&st, "comfort.temperature", 40);
    assert_int_equal(json_integer_value(json_object_get(stage_told(&st, "warm"), "raise")), 4711);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_limit_is_raised_when_it_has_held_for_its_delay),
        TEST(a_limit_that_is_touched_for_a_moment_begins_its_delay_anew),
        TEST(it_clears_at_once_when_it_is_back_by_the_hysteresis_and_not_before),
        TEST(two_limits_have_each_their_own_way_back),
        TEST(a_value_that_is_not_good_neither_raises_nor_clears),
        TEST(a_delay_is_held_up_while_nobody_knows),
        TEST(a_device_that_is_away_for_a_minute_is_an_alarm_until_it_is_back),
        TEST(a_device_that_was_never_there_is_away_too),
        TEST(a_fault_has_the_severity_of_what_the_device_says),
        TEST(the_disk_and_the_journal_are_alarms_of_the_room),
        TEST(an_alarm_that_chatters_stays_and_says_so),
        TEST(an_alarm_that_comes_now_and_then_does_not_chatter),
        TEST(acknowledging_is_for_the_raise_that_was_seen),
        TEST(a_call_for_help_stands_until_it_is_acknowledged),
        TEST(what_is_shelved_is_counted_apart_and_still_journalled),
        TEST(a_clock_that_steps_neither_ends_a_shelf_nor_makes_it_last),
        TEST(a_shelf_lasts_over_a_restart_by_the_wall_clock_but_never_longer_than_asked),
        TEST(what_stands_is_not_raised_again_after_a_restart),
        TEST(what_nobody_watches_any_more_is_cleared_with_a_reason),
        TEST(a_changed_limit_counts_for_what_stands),
        TEST(the_room_s_own_alarms_can_be_changed_and_turned_off),
        TEST(only_the_last_hundred_that_ended_are_remembered),
        TEST(garbled_texts_are_forgotten_and_do_no_harm),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lec_buf_done(&json);
    return failed;
}
