/* Places and codes as a profile writes them, and the values that come of registers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "syntax.h"

static const struct mb_order abcd = {"ABCD"};

static struct mb_codec codec(enum lec_type type, const char *place, const char *scale, const char *offset)
{
    struct mb_codec c = {.type = type};
    struct lec_err err;
    if (mb_parse_place(place, &abcd, &c.read, &err) < 0 || mb_parse_scale(scale, offset, &c.scale, &err) < 0)
        fail_msg("%s: %s", place, err.text);
    c.write = c.read;
    return c;
}

/* What a person reads of these registers; "none: why" without a value. */
static const char *shown(const struct mb_codec *c, const uint16_t *regs)
{
    static char text[LEC_TEXT_MAX + 64];
    struct lec_value v;
    char reason[LEC_TEXT_MAX];
    if (mb_decode(c, regs, &v, reason, sizeof reason))
        lec_value_print(&v, text, sizeof text);
    else
        snprintf(text, sizeof text, "none: %s", reason);
    return text;
}

struct decode_case {
    enum lec_type type;
    const char *place, *scale, *offset;
    uint16_t regs[4];
    const char *value;
};

static void registers_become_the_numbers_of_the_manuals(void **state)
{
    (void)state;
    static const struct decode_case cases[] = {
        {LEC_FLOAT, "input 0 f32", NULL, NULL, {0x4366, 0x199A}, "230.1"},
        {LEC_FLOAT, "input 0 f32 ABCD", NULL, NULL, {0x42F6, 0xE979}, "123.456"},
        {LEC_FLOAT, "input 0 f32 CDAB", NULL, NULL, {0xE979, 0x42F6}, "123.456"},
        {LEC_FLOAT, "input 0 f32 BADC", NULL, NULL, {0xF642, 0x79E9}, "123.456"},
        {LEC_FLOAT, "input 0 f32 DCBA", NULL, NULL, {0x79E9, 0xF642}, "123.456"},
        {LEC_FLOAT, "input 0 f32 CDAB", NULL, NULL, {0x7237, 0x41DB}, "27.430769"}, /* L-com, bytes 72 37 41 DB */
        {LEC_FLOAT, "holding 0", "0.1", NULL, {0x0292}, "65.8"},
        {LEC_FLOAT, "holding 0 s16", "0.1", NULL, {0xFF9B}, "-10.1"},
        {LEC_FLOAT, "input 0 s16", "0.1", NULL, {0xFFCD}, "-5.1"},
        {LEC_FLOAT, "input 0", "0.1", NULL, {0x00FA}, "25"},
        {LEC_FLOAT, "holding 0 s16", "0.01", NULL, {0x02BC}, "7"},
        {LEC_FLOAT, "holding 0 s16", "0.1", NULL, {0x0006}, "0.6"},
        {LEC_INT, "holding 0", NULL, NULL, {0x03E8}, "1000"},
        {LEC_FLOAT, "input 0 u32 CDAB", "0.001", NULL, {0x006C, 0x0000}, "0.108"},
        {LEC_FLOAT, "input 0 u32 CDAB", "0.1", NULL, {0x00F4, 0x0000}, "24.4"},
        {LEC_INT, "input 0 s16", NULL, NULL, {0x0388}, "904"},
        {LEC_FLOAT, "holding 0 sign10000", "0.1", NULL, {10250}, "-25"},
        {LEC_FLOAT, "holding 0 sign10000", "0.1", NULL, {250}, "25"},
        {LEC_INT, "holding 0 signbit", NULL, NULL, {0x8005}, "-5"},
        {LEC_INT, "holding 0 signbit", NULL, NULL, {0x7FFF}, "32767"},
        {LEC_INT, "holding 0 u16 BA", NULL, NULL, {0x3412}, "4660"},
        {LEC_INT, "holding 0 s32", NULL, NULL, {0xFFFF, 0xFFFE}, "-2"},
        {LEC_INT, "holding 0 u32 BADC", NULL, NULL, {0x3412, 0x7856}, "305419896"},
        {LEC_INT, "holding 0 u32 DCBA", NULL, NULL, {0x7856, 0x3412}, "305419896"},
        {LEC_INT, "holding 0 u64", NULL, NULL, {0x0001, 0x0002, 0x0003, 0x0004}, "281483566841860"},
        {LEC_INT, "holding 0 u64 GHEFCDAB", NULL, NULL, {0x0004, 0x0003, 0x0002, 0x0001}, "281483566841860"},
        {LEC_INT, "holding 0 u64 BADCFEHG", NULL, NULL, {0x0100, 0x0200, 0x0300, 0x0400}, "281483566841860"},
        {LEC_INT, "holding 0 u64 HGFEDCBA", NULL, NULL, {0x0400, 0x0300, 0x0200, 0x0100}, "281483566841860"},
        {LEC_INT, "holding 0 s64", NULL, NULL, {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, "-1"},
        {LEC_INT, "holding 0 s64", NULL, NULL, {0x8000, 0, 0, 0}, "-9223372036854775808"},
        {LEC_FLOAT, "holding 0 u64", NULL, NULL, {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, "1.844674407e+19"},
        {LEC_INT, "holding 0 u64", NULL, NULL, {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, "none: the number is too large"},
        {LEC_FLOAT, "holding 0 f64", NULL, NULL, {0x3FB9, 0x9999, 0x9999, 0x999A}, "0.1"},
        {LEC_FLOAT, "holding 0 f64 GHEFCDAB", NULL, NULL, {0x999A, 0x9999, 0x9999, 0x3FB9}, "0.1"},
        {LEC_FLOAT, "holding 0", "0.1", "-40", {0x0292}, "25.8"},
        {LEC_FLOAT, "holding 0", "0.5", "0.25", {3}, "1.75"},
        {LEC_INT, "holding 0", "100", "-5", {3}, "295"},
        {LEC_INT, "holding 0.4-7", NULL, NULL, {0xABCD}, "12"},
        {LEC_BOOL, "holding 0.15", NULL, NULL, {0x8000}, "true"},
        {LEC_BOOL, "holding 0.14", NULL, NULL, {0x8000}, "false"},
        {LEC_INT, "holding 0.0-15", NULL, NULL, {0xFFFF}, "65535"},
        {LEC_FLOAT, "input 0 f32", NULL, NULL, {0x7FC0, 0x0000}, "none: the device has no value (not a number)"},
        {LEC_FLOAT, "input 0 f32", NULL, NULL, {0xFFFF, 0xFFFF}, "none: the device has no value (not a number)"},
        {LEC_FLOAT, "input 0 f32", NULL, NULL, {0x7F80, 0x0000}, "none: the device has no value (not a number)"},
        {LEC_INT, "input 0 f32", NULL, NULL, {0x42F6, 0xE979}, "123"},
        {LEC_TEXT, "holding 0 text 4", NULL, NULL, {0x312E, 0x3220, 0x2000, 0x4141}, "1.2"},
        {LEC_TEXT, "holding 0 text 2 BA", NULL, NULL, {0x2E31, 0x3332}, "1.23"},
        {LEC_TEXT, "holding 0 text 1", NULL, NULL, {0xFF01}, "none: the device sent text that cannot be read"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct decode_case *t = &cases[i];
        struct mb_codec c = codec(t->type, t->place, t->scale, t->offset);
        const char *got = shown(&c, t->regs);
        if (strcmp(got, t->value) != 0)
            fail_msg("%s scale %s: \"%s\" instead of \"%s\"", t->place, t->scale ? t->scale : "-", got, t->value);
    }
}

static void a_tenth_is_divided_not_multiplied(void **state)
{
    (void)state;
    struct mb_codec c = codec(LEC_FLOAT, "holding 0 s16", "0.1", NULL);
    for (int raw = -32768; raw <= 32767; raw++) {
        uint16_t reg = (uint16_t)raw;
        char expected[16];
        snprintf(expected, sizeof expected, "%s%d.%d", raw < 0 ? "-" : "", abs(raw) / 10, abs(raw) % 10);
        double d = strtod(expected, NULL);
        struct lec_value v;
        char reason[LEC_TEXT_MAX];
        assert_true(mb_decode(&c, &reg, &v, reason, sizeof reason));
        if (v.f != d)
            fail_msg("%d gives %.17g, not %s", raw, v.f, expected);
    }
}

static void a_float_is_shown_as_the_meter_shows_it(void **state)
{
    (void)state;
    static const struct {
        float in;
        double out;
    } cases[] = {{230.1f, 230.1},         {0.1f, 0.1},           {-0.001f, -0.001}, {50.02f, 50.02},
                 {12345.67f, 12345.67},   {1e-5f, 0.00001},      {0.0f, 0.0},       {16777216.0f, 16777216.0},
                 {3.1415927f, 3.1415927}, {999999.9f, 999999.9}, {1.0f, 1.0},       {0.25f, 0.25}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (mb_widen(cases[i].in) != cases[i].out)
            fail_msg("%.9g gives %.17g", (double)cases[i].in, mb_widen(cases[i].in));
}

static void widening_never_changes_the_float(void **state)
{
    (void)state;
    uint32_t bits = 1;
    for (int i = 0; i < 400000; i++) {
        bits = bits * 1664525u + 1013904223u;
        float f;
        memcpy(&f, &bits, sizeof f);
        if (isfinite(f) && (float)mb_widen(f) != f)
            fail_msg("%.9g became %.17g", (double)f, mb_widen(f));
    }
}

static void missing_values_have_their_reason(void **state)
{
    (void)state;
    struct mb_codec c = codec(LEC_FLOAT, "holding 0 s16", "0.1", NULL);
    struct lec_err err;
    assert_int_equal(mb_parse_missing("0x8000, 0x7FFF : sensor fault", &c.missing, &c.n_missing, &err), 0);
    uint16_t reg = 0x8000;
    assert_string_equal(shown(&c, &reg), "none: no probe");
    reg = 0x7FFF;
    assert_string_equal(shown(&c, &reg), "none: sensor fault");
    reg = 0x7FFE;
    assert_string_equal(shown(&c, &reg), "3276.6");
    mb_free_missing(c.missing, c.n_missing);
    c = codec(LEC_FLOAT, "input 0 u64", NULL, NULL);
    assert_int_equal(mb_parse_missing("0xFFFFFFFFFFFFFFFF", &c.missing, &c.n_missing, &err), 0);
    uint16_t regs[4] = {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF};
    assert_string_equal(shown(&c, regs), "none: no probe");
    mb_free_missing(c.missing, c.n_missing);
}

static void codes_name_the_choices(void **state)
{
    (void)state;
    struct mb_codec c = codec(LEC_ENUM, "holding 0", NULL, NULL);
    struct lec_err err;
    assert_int_equal(mb_parse_codes("off:0, very hot : 0x0A", &c.codes, &err), 0);
    uint16_t reg = 10;
    assert_string_equal(shown(&c, &reg), "very hot");
    reg = 7;
    assert_string_equal(shown(&c, &reg), "none: the device says 7 (0x7), which its profile does not know");
    mb_free_codes(&c.codes);
    assert_int_equal(mb_parse_codes("off:0, on:*", &c.codes, &err), 0);
    assert_string_equal(shown(&c, &reg), "on");
    mb_free_codes(&c.codes);
}

static void a_range_of_coils_is_on_while_any_is(void **state)
{
    (void)state;
    struct mb_codec c = codec(LEC_BOOL, "coil 2-4", NULL, NULL);
    struct lec_value v;
    char reason[LEC_TEXT_MAX];
    assert_true(mb_decode_bits(&c, (const uint8_t[]){0, 1, 0}, &v, reason, sizeof reason));
    assert_true(v.b);
    assert_true(mb_decode_bits(&c, (const uint8_t[]){0, 0, 0}, &v, reason, sizeof reason));
    assert_false(v.b);
    c.invert = true;
    assert_true(mb_decode_bits(&c, (const uint8_t[]){0, 0, 0}, &v, reason, sizeof reason));
    assert_true(v.b);
}

/* ---- The other way ------------------------------------------------------------------------------------------ */

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    static const struct {
        enum lec_type type;
        const char *place, *scale, *offset;
        double value;
    } cases[] = {
        {LEC_FLOAT, "holding 0 s16", "0.1", NULL, -10.1},
        {LEC_FLOAT, "holding 0", "0.1", "-40", 25.8},
        {LEC_FLOAT, "holding 0 f32", NULL, NULL, 230.1},
        {LEC_FLOAT, "holding 0 f32 CDAB", NULL, NULL, 123.456},
        {LEC_FLOAT, "holding 0 f32 DCBA", "0.1", NULL, 1.5},
        {LEC_FLOAT, "holding 0 f64 HGFEDCBA", NULL, NULL, 0.1},
        {LEC_INT, "holding 0 sign10000", NULL, NULL, -250},
        {LEC_INT, "holding 0 signbit", NULL, NULL, -5},
        {LEC_INT, "holding 0 s32 BADC", NULL, NULL, -70000},
        {LEC_INT, "holding 0 u64 GHEFCDAB", NULL, NULL, 281483566841860},
        {LEC_INT, "holding 0 s64", NULL, NULL, -4},
        {LEC_INT, "holding 0.4-7", NULL, NULL, 9},
        {LEC_INT, "holding 0", "100", "-5", 295},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mb_codec c = codec(cases[i].type, cases[i].place, cases[i].scale, cases[i].offset);
        bool whole = cases[i].type == LEC_INT;
        struct lec_value in = whole ? lec_int((int64_t)cases[i].value) : lec_float(cases[i].value), out;
        uint16_t regs[4] = {0xF00F, 0, 0, 0};
        uint64_t raw;
        struct lec_err err;
        char reason[LEC_TEXT_MAX];
        assert_int_equal(mb_encode(&c, &in, &raw, &err), 0);
        mb_spread(&c.write, raw, regs);
        assert_true(mb_decode(&c, regs, &out, reason, sizeof reason));
        if (!lec_value_equal(&in, &out))
            fail_msg("%s: %g came back as %g", cases[i].place, cases[i].value, whole ? (double)out.i : out.f);
        if (c.write.bits)
            assert_int_equal(regs[0] & 0xFF0F, 0xF00F); /* the other bits are left alone */
    }
}

static void what_a_register_cannot_hold_is_not_sent(void **state)
{
    (void)state;
    static const struct {
        const char *place;
        int64_t value;
    } cases[] = {{"holding 0", 65536},
                 {"holding 0", -1},
                 {"holding 0 s16", 32768},
                 {"holding 0 s16", -32769},
                 {"holding 0 signbit", 32768},
                 {"holding 0.4-7", 16},
                 {"coil 0", 2},
                 {"holding 0 u32", -1},
                 {"holding 0 sign10000", 10000},
                 {"holding 0 sign10000", -55536},
                 {"holding 0 s32", 2147483648}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mb_codec c = codec(LEC_INT, cases[i].place, NULL, NULL);
        struct lec_value v = lec_int(cases[i].value);
        uint64_t raw = 4711;
        struct lec_err err;
        if (mb_encode(&c, &v, &raw, &err) != LEC_E_RANGE)
            fail_msg("%s took %lld", cases[i].place, (long long)cases[i].value);
        assert_int_equal(raw, 4711);
    }
    struct mb_codec c = codec(LEC_FLOAT, "holding 0 f32", NULL, NULL);
    struct lec_value v = lec_float(1e300);
    uint64_t raw;
    struct lec_err err;
    assert_int_equal(mb_encode(&c, &v, &raw, &err), LEC_E_RANGE);
    assert_non_null(strstr(err.text, "does not fit"));
}

static void text_is_filled_up_with_zeros(void **state)
{
    (void)state;
    struct mb_codec c = codec(LEC_TEXT, "holding 0 text 3", NULL, NULL);
    struct lec_value v = lec_text("abc");
    struct lec_err err;
    uint16_t regs[3];
    assert_int_equal(mb_encode_text(&c, &v, regs, &err), 0);
    assert_memory_equal(regs, ((const uint16_t[]){0x6162, 0x6300, 0}), sizeof regs);
    v = lec_text("abcdefg");
    assert_int_equal(mb_encode_text(&c, &v, regs, &err), LEC_E_RANGE);
}

/* ---- Mistakes ----------------------------------------------------------------------------------------------- */

static void a_wrong_place_is_told_with_what_was_meant(void **state)
{
    (void)state;
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"", "expected a kind of register and an address"},
        {"inptu 3", "did you mean \"input\"?"},
        {"relay 3", "expected coil, discrete, holding or input"},
        {"input", "the address is missing"},
        {"input 65536", "counted from 0 as on the wire"},
        {"input 0x1G", "counted from 0 as on the wire"},
        {"input -1", "counted from 0 as on the wire"},
        {"input 3-5", "a range is for coils"},
        {"coil 5-3", "counted from 0 as on the wire"},
        {"coil 3.1", "is a single bit already"},
        {"input 3.16", "is not a bit"},
        {"input 3.5-2", "is not a bit"},
        {"input 3 f23", "did you mean \"f32\"?"},
        {"input 3 quux", "expected u16, s16"},
        {"input 3.1 u16", "has no format"},
        {"coil 3 u16", "has no format"},
        {"input 3 f32 ABDD", "is no order of 4 bytes"},
        {"input 3 u16 ABCD", "is no order of 2 bytes"},
        {"input 3 f64 CDAB", "GHEFCDAB"},
        {"input 3 f32 ABCD x", "is too much"},
        {"input 65535 f32", "beyond address 65535"},
        {"holding 3 text", "needs a number of registers"},
        {"holding 3 text 65", "needs a number of registers"},
        {"holding 3 text 0", "needs a number of registers"},
        {"holding aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "too long"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mb_place p;
        struct lec_err err;
        assert_int_equal(mb_parse_place(cases[i].text, &abcd, &p, &err), LEC_E_CONFIG);
        if (!strstr(err.text, cases[i].told))
            fail_msg("\"%s\": %s", cases[i].text, err.text);
    }
}

static void a_wrong_list_is_told(void **state)
{
    (void)state;
    static const struct {
        char what;
        const char *text, *told;
    } cases[] = {
        {'c', "on", "is not a pair"},
        {'c', "on:x", "is not a code for \"on\""},
        {'c', "on:1,,off:0", "is empty"},
        {'c', "on:1, off:1", "have the same code"},
        {'c', ":1", "is not a pair"},
        {'m', "none", "is not a number"},
        {'m', "", "is empty"},
        {'h', "maybe", "is not known"},
        {'h', "input 3-x", "expected no, yes"},
        {'h', "input 3 4", "expected no, yes"},
        {'s', "0", "other than 0"},
        {'s', "1/10", "other than 0"},
        {'s', "0.1234567890123456", "at most 15 digits"},
        {'o', "BCDA", "did you mean \"ABCD\"?"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *text = cases[i].text;
        struct mb_codes codes;
        struct mb_missing *missing;
        struct mb_holes holes;
        struct mb_scale scale;
        struct mb_order order;
        size_t n;
        struct lec_err err = {0};
        int rc = cases[i].what == 'c'   ? mb_parse_codes(text, &codes, &err)
                 : cases[i].what == 'm' ? mb_parse_missing(text, &missing, &n, &err)
                 : cases[i].what == 'h' ? mb_parse_holes(text, &holes, &err)
                 : cases[i].what == 's' ? mb_parse_scale(text, NULL, &scale, &err)
                                        : mb_parse_order(text, &order, &err);
        assert_int_equal(rc, LEC_E_CONFIG);
        if (!strstr(err.text, cases[i].told))
            fail_msg("\"%s\": %s", text, err.text);
    }
}

static void the_order_of_the_device_is_for_long_numbers_only(void **state)
{
    (void)state;
    struct mb_order cdab;
    struct mb_codec c = {.type = LEC_INT, .scale = {.mul = 1}};
    struct lec_err err;
    assert_int_equal(mb_parse_order("DCBA", &cdab, &err), 0);
    assert_int_equal(mb_parse_place("holding 0", &cdab, &c.read, &err), 0);
    assert_string_equal(shown(&c, (const uint16_t[]){0x1234}), "4660");
    assert_int_equal(mb_parse_place("holding 0 u64", &cdab, &c.read, &err), 0);
    assert_string_equal(shown(&c, (const uint16_t[]){0x0400, 0x0300, 0x0200, 0x0100}), "281483566841860");
    assert_int_equal(mb_parse_order("CDAB", &cdab, &err), 0);
    assert_int_equal(mb_parse_place("holding 0 u64", &cdab, &c.read, &err), 0);
    assert_string_equal(shown(&c, (const uint16_t[]){4, 3, 2, 1}), "281483566841860");
    assert_int_equal(mb_parse_order("BADC", &cdab, &err), 0);
    assert_int_equal(mb_parse_place("holding 0 u32", &cdab, &c.read, &err), 0);
    assert_string_equal(shown(&c, (const uint16_t[]){0x3412, 0x7856}), "305419896");
}

static void holes_are_ranges_of_one_kind(void **state)
{
    (void)state;
    struct mb_holes h;
    struct lec_err err;
    assert_int_equal(mb_parse_holes("input 0x14-0x17, holding 5", &h, &err), 0);
    assert_int_equal(h.n, 2);
    assert_int_equal(h.at[0].first, 0x14);
    assert_int_equal(h.at[0].last, 0x17);
    assert_int_equal(h.at[1].table, MB_HOLDING);
    free(h.at);
    assert_int_equal(mb_parse_holes("yes", &h, &err), 0);
    assert_true(h.every_gap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_become_the_numbers_of_the_manuals),
        cmocka_unit_test(a_tenth_is_divided_not_multiplied),
        cmocka_unit_test(a_float_is_shown_as_the_meter_shows_it),
        cmocka_unit_test(widening_never_changes_the_float),
        cmocka_unit_test(missing_values_have_their_reason),
        cmocka_unit_test(codes_name_the_choices),
        cmocka_unit_test(a_range_of_coils_is_on_while_any_is),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(what_a_register_cannot_hold_is_not_sent),
        cmocka_unit_test(text_is_filled_up_with_zeros),
        cmocka_unit_test(a_wrong_place_is_told_with_what_was_meant),
        cmocka_unit_test(a_wrong_list_is_told),
        cmocka_unit_test(the_order_of_the_device_is_for_long_numbers_only),
        cmocka_unit_test(holes_are_ranges_of_one_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
