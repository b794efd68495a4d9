/* Numbers and times as exports write them. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "number.h"

static const char *written(double v)
{
    static char text[LAB_NUMBER + 1];
    text[lab_number(text, v, '.')] = '\0';
    return text;
}

static void a_number_is_written_as_a_person_would(void **state)
{
    (void)state;
    const struct {
        double v;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {21.5, "21.5"},
        {-0.05, "-0.05"},
        {0.1 + 0.2, "0.30000000000000004"},
        {65535, "65535"},
        {1e15, "1000000000000000"},
        {123456.789, "123456.789"},
        {0.0001, "0.0001"},
        {9007199254740993.0, "9.007199254740992e+15"},
        {1.5e-07, "1.5e-07"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {1e23, "1e+23"},
        {-2.5e300, "-2.5e+300"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(written(cases[i].v), cases[i].text);
}

static void what_is_no_number_is_empty(void **state)
{
    (void)state;
    assert_string_equal(written((double)NAN), "");
    assert_string_equal(written((double)INFINITY), "");
    assert_string_equal(written(-(double)INFINITY), "");
}

static void a_comma_can_be_the_point(void **state)
{
    (void)state;
    char text[LAB_NUMBER + 1];
    text[lab_number(text, -21.5, ',')] = '\0';
    assert_string_equal(text, "-21,5");
    text[lab_number(text, 1.5e-9, ',')] = '\0';
    assert_string_equal(text, "1,5e-09");
    text[lab_seconds(text, 1250000000, ',')] = '\0';
    assert_string_equal(text, "1,25");
}

static uint64_t state64 = 88172645463325252u;

static uint64_t next(void)
{
    state64 ^= state64 << 13;
    state64 ^= state64 >> 7;
    state64 ^= state64 << 17;
    return state64;
}

/* Digits from the first to the last that is not zero. */
static int significant(const char *text)
{
    int n = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (n == 0 && *text == '0'))
            continue;
        n++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

static void every_number_reads_back_the_same_with_the_fewest_digits(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = next();
        double v;
        switch (i % 4) {
        case 0: /* anything */
            memcpy(&v, &bits, sizeof v);
            break;
        case 1: /* what a converter delivers */
            v = (double)(bits % 65536) * 0.0625 - 3.14159;
            break;
        case 2: /* the range that is computed with integers, and its edges */
            v = ldexp((double)(bits >> 11), (int)(bits % 80) - 84);
            break;
        default: /* neighbours of powers of two */
            v = ldexp(1.0, (int)(bits % 90) - 30);
            v = bits >> 63 ? nextafter(v, 0) : v;
            break;
        }
        if (!isfinite(v))
            continue;
        const char *text = written(v);
        double back = strtod(text, NULL);
        assert_memory_equal(&back, &v, sizeof v);
        char shorter[40];
        int digits = significant(text);
        if (digits < 2)
            continue;
        snprintf(shorter, sizeof shorter, "%.*e", digits - 2, v);
        assert_true(strtod(shorter, NULL) != v);
    }
}

static void seconds_are_exact(void **state)
{
    (void)state;
    const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "0.000000001"},
        {-250000000, "-0.25"},
        {12000000000, "12"},
        {3600000000001, "3600.000000001"},
        {INT64_MIN, "-9223372036.854775808"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[LAB_NUMBER + 1];
        text[lab_seconds(text, cases[i].ns, '.')] = '\0';
        assert_string_equal(text, cases[i].text);
    }
}

static void a_time_bears_its_offset_and_its_microseconds(void **state)
{
    (void)state;
    struct lab_clock clock = {0};
    char text[LAB_STAMP];
    setenv("TZ", "Asia/Ho_Chi_Minh", 1);
    tzset();
    assert_int_equal(lab_stamp(&clock, text, 1763783100123456), 32);
    assert_string_equal(text, "2025-11-22T10:45:00.123456+07:00");
    lab_stamp(&clock, text, 1763783100999999);
    assert_string_equal(text, "2025-11-22T10:45:00.999999+07:00");
    lab_stamp(&clock, text, -1);
    assert_string_equal(text, "1970-01-01T07:59:59.999999+08:00"); /* the offset of that year */
    setenv("TZ", "America/St_Johns", 1);
    tzset();
    struct lab_clock other = {0};
    lab_stamp(&other, text, 1763783100000000);
    assert_string_equal(text, "2025-11-22T00:15:00.000000-03:30");
    int64_t local;
    assert_true(lab_local(&other, 1763783100000000, &local));
    assert_int_equal(local, 1763783100000000 - INT64_C(12600000000));
}

static void a_time_out_of_the_calendar_is_empty(void **state)
{
    (void)state;
    struct lab_clock clock = {0};
    char text[LAB_STAMP];
    assert_int_equal(lab_stamp(&clock, text, INT64_MAX), 0);
    assert_string_equal(text, "");
    assert_int_equal(lab_stamp(&clock, text, INT64_MIN), 0);
    int64_t local;
    assert_false(lab_local(&clock, INT64_MAX, &local));
}

static void a_wall_time_rounds_down_before_the_trigger(void **state)
{
    (void)state;
    assert_int_equal(lab_wall(1000, -1, 0), 999);
    assert_int_equal(lab_wall(1000, 1999, 5), 1006);
    lab_wall(INT64_MAX, INT64_MAX, INT64_MAX); /* nonsense in a file is no overflow */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_written_as_a_person_would),
        cmocka_unit_test(what_is_no_number_is_empty),
        cmocka_unit_test(a_comma_can_be_the_point),
        cmocka_unit_test(every_number_reads_back_the_same_with_the_fewest_digits),
        cmocka_unit_test(seconds_are_exact),
        cmocka_unit_test(a_time_bears_its_offset_and_its_microseconds),
        cmocka_unit_test(a_time_out_of_the_calendar_is_empty),
        cmocka_unit_test(a_wall_time_rounds_down_before_the_trigger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
