/* What is wrong with an experiment, told in Vietnamese: every sentence that the check can say has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lectern/formula.h"
#include "lectern/parse.h"
#include "mistakes.h"
#include "unit/config_stage.h"

static void assert_vi(const char *text, const char *wanted)
{
    char vi[LEC_MISTAKE_VI_MAX];
    if (!lec_mistake_vi(text, vi))
        fail_msg("no Vietnamese for: %s", text);
    assert_string_equal(vi, wanted);
}

/* Has a translation, in which no English is left but what was written. */
static void assert_known(const char *text)
{
    char vi[LEC_MISTAKE_VI_MAX];
    if (!lec_mistake_vi(text, vi) || strstr(vi, "expected") || strstr(vi, "character") || strstr(vi, "did you mean") ||
        strcmp(vi, text) == 0)
        fail_msg("no Vietnamese for: %s", text);
}

static void the_place_and_what_was_written_stay(void **state)
{
    (void)state;
    assert_vi(
        "derive slip: character 1: \"watr\" is no channel before this one and no function (water?)",
        "derive slip: ký tự 1: \"watr\" không phải là kênh đứng trước, cũng không phải là hàm (có phải là water?)");
    assert_vi(
        "channel fast: rate: 1000Hz is more than probe-1.voltage can do, at most 200Hz (one each 5ms)",
        "channel fast: rate: 1000Hz nhanh hơn probe-1.voltage có thể đo, nhiều nhất là 200Hz; hãy chọn tốc độ chậm hơn");
    assert_vi(
        "channel water: rate: 10Hz is more than probe-1.temperature can do, at most 2Hz (one each 500ms); give this "
        "channel a rate of its own",
        "channel water: rate: 10Hz nhanh hơn probe-1.temperature có thể đo, nhiều nhất là 2Hz; hãy chọn tốc độ chậm hơn");
    assert_vi("channel x: the room has no device \"prob-1\" (did you mean \"probe-1\"?)",
              "channel x: phòng không có thiết bị \"prob-1\" (có phải là \"probe-1\"?)");
    assert_vi("derive open: character 7: expected an operator or \")\", found the end",
              "derive open: ký tự 7: thiếu phép tính hoặc dấu \")\", nhưng lại là hết công thức");
    assert_vi("channel bad_decimals: decimals: 10 is out of range, expected 0 to 9",
              "channel bad_decimals: decimals: 10 nằm ngoài khoảng từ 0 đến 9");
}

/* The golden file of experiments has every kind of mistake that a room file can have there. */
static void every_mistake_of_the_golden_experiments_is_known(void **state)
{
    (void)state;
    struct lec_sources sources = stage_sources();
    const struct lec_room *room = NULL;
    struct lec_report report;
    size_t n = 0;
    bool begun = false;
    lec_report_init(&report);
    assert_int_equal(lec_room_load("room/experiments.ini", &sources, &room, &report), LEC_E_CONFIG);
    for (size_t i = 0; i < report.n; i++) {
        begun = begun || strncmp(report.at[i].text, "[experiment ", 12) == 0;
        if (!begun || report.at[i].warning)
            continue;
        assert_known(report.at[i].text);
        n++;
    }
    lec_report_done(&report);
    assert_true(n > 50);
}

static void every_mistake_of_a_formula_is_known(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b"};
    static const char *const formulas[] = {"",
                                           "1",
                                           "a b",
                                           "a + 1,5",
                                           "(a",
                                           "a +",
                                           "sin a",
                                           "sin(a, b)",
                                           "min(a)",
                                           "1/0 + a",
                                           "1.2.3 + a",
                                           "atan2(a, b, a)",
                                           "integral(a, 2)",
                                           "a)",
                                           "derivative(a, 0)",
                                           "smooth(a)",
                                           "smooth(a, 4)",
                                           "2 * integral(a)",
                                           "c",
                                           "siin(a)",
                                           "\xc3\x97",
                                           "a \xff",
                                           "smooth(a, 1e9)",
                                           "a + derivative(b, 1)"};
    char deep[600] = "";
    for (size_t i = 0; i < ARRAY_LEN(formulas); i++) {
        struct lec_formula *formula;
        struct lec_err err;
        assert_int_not_equal(lec_formula_parse(formulas[i], names, 2, &formula, &err), 0);
        assert_known(err.text);
    }
    for (size_t n = 100; n <= 590; n += 490) {
        struct lec_formula *formula;
        struct lec_err err;
        memset(deep, '(', n);
        deep[n] = '\0';
        assert_int_not_equal(lec_formula_parse(deep, names, 2, &formula, &err), 0);
        assert_known(err.text);
    }
    for (size_t i = 0; i < 500; i++)
        deep[i] = i % 2 ? '+' : 'a';
    deep[499] = '\0';
    struct lec_formula *formula;
    struct lec_err err;
    if (lec_formula_parse(deep, names, 2, &formula, &err) < 0)
        assert_known(err.text);
    else
        lec_formula_free(&formula);
}

#define KEY(NAME, VALUE)                                                                                               \
    {                                                                                                                  \
        .name = (NAME), .value = (VALUE)                                                                               \
    }

static void every_mistake_of_what_the_bus_brings_is_known(void **state)
{
    (void)state;
    struct lec_sources sources = stage_sources();
    const struct lec_room *room = NULL;
    assert_int_equal(lec_room_load("room/experiments-good.ini", &sources, &room, NULL), 0);
    static const struct {
        const char *name;
        struct lec_key keys[2];
        size_t n;
    } cases[] = {
        {"a]b", {KEY("label", "x")}, 1},
        {"new", {KEY("label", "x\n")}, 1},
        {"new", {KEY("label", "x ; y")}, 1},
        {"new", {KEY("[scene x]", "y")}, 1},
        {"new", {KEY("label", "x")}, 1},
        {"new", {KEY("label", "x"), KEY("label", "x")}, 2},
        {"new", {KEY("", "x")}, 1},
        {"new", {KEY("la:bel", "x")}, 1},
        {"new", {KEY("a key that is longer than any key may be, so that it cannot be read, whatever it says", "x")}, 1},
        {"new", {KEY("label", "x")}, 0},
        {"new", {KEY("channel x", "probe-1.temperature,,")}, 1},
        {"new", {KEY("channel x", "probe-1.temperature, unit")}, 1},
        {"new", {KEY("channel x", "probe-1.temperature, label \"\\q\"")}, 1},
        {"new", {KEY("channel x", "a,b,c,d,e,f,g,h,i,j,k")}, 1},
        {"new", {KEY("channel x", "probe-1.temperature"), KEY("pre", "5s")}, 2},
        {"new", {KEY("channel x", "probe-1.temperature"), KEY("repeat", "two")}, 2},
        {"new", {KEY("channel x", "probe-1.temperature"), KEY("start", "x rises above 5, hysteresis few")}, 2},
        {"new", {KEY("channel x", "probe-1.temperature, decimals 1.5")}, 1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct lec_report report;
        lec_report_init(&report);
        const struct lec_keys keys = {.at = cases[i].keys, .n = cases[i].n};
        assert_int_equal(lec_experiment_check(room, cases[i].name, &keys, &report), LEC_E_CONFIG);
        for (size_t k = 0; k < report.n; k++)
            if (!report.at[k].warning)
                assert_known(report.at[k].text);
        lec_report_done(&report);
    }
    lec_room_unref(&room);
}

static void what_is_not_known_is_left_in_english(void **state)
{
    (void)state;
    char vi[LEC_MISTAKE_VI_MAX];
    assert_false(lec_mistake_vi("", vi));
    assert_false(lec_mistake_vi("profile: there is no \"test/nothing\" in profiles/devices", vi));
    assert_false(lec_mistake_vi("%: %1", vi));
}

static void a_sentence_that_is_too_long_is_cut_whole(void **state)
{
    (void)state;
    char text[4096], vi[LEC_MISTAKE_VI_MAX];
    size_t n = 0;
    for (; n < sizeof text - 64; n += 2)
        memcpy(text + n, "đ", 2);
    memcpy(text + n, " is given twice", sizeof " is given twice");
    for (size_t shift = 0; shift < 2; shift++) {
        assert_true(lec_mistake_vi(text + 2 * shift, vi));
        assert_true(lec_is_utf8(vi, strlen(vi)));
    }
    memmove(text + 1, text, strlen(text) + 1);
    text[0] = 'x';
    assert_true(lec_mistake_vi(text, vi));
    assert_true(lec_is_utf8(vi, strlen(vi)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_place_and_what_was_written_stay),
        cmocka_unit_test(every_mistake_of_the_golden_experiments_is_known),
        cmocka_unit_test(every_mistake_of_a_formula_is_known),
        cmocka_unit_test(every_mistake_of_what_the_bus_brings_is_known),
        cmocka_unit_test(what_is_not_known_is_left_in_english),
        cmocka_unit_test(a_sentence_that_is_too_long_is_cut_whole),
    };
    return cmocka_run_group_tests_name("config_mistakes", tests, NULL, NULL);
}
