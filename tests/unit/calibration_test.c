/* Calibration: each curve against numbers worked out elsewhere, and the form that people write. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lectern/calibration.h"

static struct lec_calibration cal;
static struct lec_err err;

static void reads(const char *text)
{
    lec_calibration_none(&cal);
    if (lec_calibration_parse(text, &cal, &err) < 0)
        fail_msg("\"%s\": %s", text, err.text);
}

static double at(double raw)
{
    double out = -1;
    lec_calibrate(&cal, &raw, &out, 1);
    return out;
}

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-9 * (1 + fabs(wanted))))
        fail_msg("%.17g is not %.17g", got, wanted);
}

static void nothing_is_done_without_a_calibration(void **state)
{
    (void)state;
    lec_calibration_none(&cal);
    near(at(21.5), 21.5);
    near(at(-1e-300), -1e-300);
    reads("none");
    near(at(-7), -7);
}

static void the_counts_of_a_go_temp_are_128_to_the_degree(void **state)
{
    (void)state;
    reads("scale 0.0000762939453125 offset 2.5 linear -256 102.4"); /* volts = raw 2.5/32768 + 2.5 */
    near(at(2712), 21.1875);
    near(at(2720), 21.25);
    near(at(0), 0);
}

static void a_polynomial_has_its_terms_in_rising_order(void **state)
{
    (void)state;
    reads("polynomial 1 2 3");
    near(at(2), 17);
    near(at(-1), 2);
    reads("polynomial 5");
    near(at(1e6), 5);
    assert_true(isnan(at((double)NAN)));
}

static void an_exponential_is_a_times_b_to_the_x(void **state)
{
    (void)state;
    reads("exponential 3 2");
    near(at(4), 48);
    near(at(-1), 1.5);
    reads("exponential 3 1");
    assert_true(isnan(at((double)NAN)));
}

static void a_thermistor_of_20_kilohms_is_at_25_degrees(void **state)
{
    (void)state;
    /* 20 kOhm at 25 C: 1/(1.02119e-3 + 2.22468e-4 ln 20000 + 1.33342e-7 (ln 20000)^3) - 273.15 */
    reads("steinhart-hart 1.02119e-3 2.22468e-4 1.33342e-7");
    double l = log(20000.0);
    near(at(20000), 1 / (1.02119e-3 + 2.22468e-4 * l + 1.33342e-7 * l * l * l) - 273.15);
    assert_true(fabs(at(20000) - 25) < 0.1);
    assert_true(isnan(at(0)));
    assert_true(isnan(at(-5)));
    reads("steinhart-hart 1.02119e-3 2.22468e-4 1.33342e-7 divider 15000 5");
    double half = at(2.5); /* R = 15 kOhm */
    reads("steinhart-hart 1.02119e-3 2.22468e-4 1.33342e-7");
    near(half, at(15000));
}

static void the_voltage_over_a_thermistor_is_held_inside_the_supply(void **state)
{
    (void)state;
    reads("steinhart-hart 1.02119e-3 2.22468e-4 1.33342e-7 divider 15000 5");
    near(at(9), at(4.995));
    near(at(-1), at(0.005));
    assert_true(at(4.995) < at(0.005)); /* more ohms, colder */
    assert_true(isnan(at((double)NAN)));
}

static void nothing_is_colder_than_absolute_zero(void **state)
{
    (void)state;
    reads("steinhart-hart -1 0 0");
    assert_true(isnan(at(1000)));
}

static void a_table_goes_straight_between_its_pairs_and_on_beyond_its_ends(void **state)
{
    (void)state;
    reads("table 0:10 10:20 20:60");
    static const double raw[] = {5, 15, -5, 25, 0, 10, 20, 19.9, (double)NAN, 3};
    static const double wanted[] = {15, 40, 5, 80, 10, 20, 60, 59.6, (double)NAN, 13};
    double out[10];
    lec_calibrate(&cal, raw, out, 10);
    for (size_t i = 0; i < 10; i++)
        if (i == 8)
            assert_true(isnan(out[i]));
        else
            near(out[i], wanted[i]);
}

static void what_cannot_be_computed_is_nan_and_never_an_infinity(void **state)
{
    (void)state;
    static const char *const all[] = {"none",
                                      "linear 0 1e300",
                                      "polynomial 1 2 1e300",
                                      "exponential 1e300 10",
                                      "steinhart-hart 1 1 1",
                                      "steinhart-hart 0 0 0",
                                      "table 0:0 1:1e308"};
    static const double raw[] = {(double)INFINITY, -(double)INFINITY, (double)NAN, 1e308, -1e308};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        double out[5];
        reads(all[i]);
        lec_calibrate(&cal, raw, out, 5);
        for (size_t k = 0; k < 5; k++)
            assert_true(!isinf(out[k]));
        assert_true(isnan(out[2]));
    }
}

static void many_values_come_out_as_single_ones_do_also_in_place(void **state)
{
    (void)state;
    static const char *const all[] = {"none",
                                      "scale 2 offset 1 linear 3 4",
                                      "polynomial 1 2 3 4",
                                      "exponential 2 1.01",
                                      "steinhart-hart 1e-3 2e-4 1e-7 divider 15000 5",
                                      "table -9:1 0:2 500:77 600:-3"};
    static double raw[1000], out[1000];
    for (size_t i = 0; i < 1000; i++)
        raw[i] = (double)i * 0.7 - 3;
    for (size_t k = 0; k < ARRAY_LEN(all); k++) {
        reads(all[k]);
        memcpy(out, raw, sizeof out);
        lec_calibrate(&cal, out, out, 1000);
        for (size_t i = 0; i < 1000; i++)
            near(out[i], at(raw[i]));
    }
}

static void the_text_of_a_calibration_reads_back_as_the_same_numbers(void **state)
{
    (void)state;
    static const char *const all[] = {"none",
                                      "scale 0.001 linear -2.5 100",
                                      "scale 0.1 offset -0.30000000000000004 polynomial 1e-7 2.0000000000000004 3",
                                      "exponential 0.1 1.1",
                                      "steinhart-hart 0.00102119 0.000222468 1.33342e-7 divider 15000 5",
                                      "table -1:5 0:0.1 1e6:7"};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct lec_buf b;
        reads(all[i]);
        struct lec_calibration first = cal;
        lec_buf_init(&b, 4096);
        lec_calibration_text(&cal, &b);
        reads(b.data);
        assert_memory_equal(&first, &cal, sizeof cal);
        lec_buf_done(&b);
    }
}

static void reading_leaves_alone_who_made_it_and_when(void **state)
{
    (void)state;
    lec_calibration_none(&cal);
    snprintf(cal.by, sizeof cal.by, "An");
    cal.date_us = 7;
    assert_int_equal(lec_calibration_parse("linear 0 2", &cal, NULL), 0);
    assert_string_equal(cal.by, "An");
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_calibration_json(&cal, &b);
    assert_string_equal(b.data, "{\"form\":\"linear 0 2\",\"by\":\"An\",\"date\":7}");
    lec_buf_done(&b);
}

static void a_mistake_is_refused_with_what_was_expected(void **state)
{
    (void)state;
    static const char *const all[][2] = {
        {"", "a form is expected"},
        {"scale 2", "a form is expected"},
        {"liner 1 2", "(linear?)"},
        {"linear 1", "two numbers"},
        {"linear 1 2 3", "\"3\" is too much"},
        {"linear 1 2,5", "\"2,5\" is not a number"},
        {"linear nan 1", "\"nan\" is not a number"},
        {"linear 1 0x10", "\"0x10\" is not a number"},
        {"none 1", "too much"},
        {"scale x linear 1 2", "scale: \"x\" is not a number"},
        {"scale", "scale: a number is expected"},
        {"scale 0 none", "all values the same"},
        {"polynomial", "1 to 32 numbers"},
        {"polynomial 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "too much"},
        {"exponential 1 0", "with B above 0"},
        {"exponential 1 -2", "with B above 0"},
        {"steinhart-hart 1 2", "three numbers"},
        {"steinhart-hart 1 2 divider 3 4", "\"divider\" is not a number"},
        {"steinhart-hart 1 2 3 divider 0 5", "above 0"},
        {"steinhart-hart 1 2 3 divider 5", "a number is expected"},
        {"steinhart-hart 1 2 3 divider 5 5 5", "too much"},
        {"steinhart-hart 1 2 3 divider 5 5 divider 5 5", "too much"},
        {"table 1:2", "2 to 16 pairs"},
        {"table 1:2 1:3", "must rise"},
        {"table 1:2 3", "no pair"},
        {"table 1:2 3:4:5", "no pair"},
        {"table 1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9 10:10 11:11 12:12 13:13 14:14 15:15 16:16 17:17", "too much"},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct lec_calibration before;
        lec_calibration_none(&cal);
        before = cal;
        assert_int_equal(lec_calibration_parse(all[i][0], &cal, &err), LEC_E_RANGE);
        if (!strstr(err.text, all[i][1]))
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", all[i][0], err.text, all[i][1]);
        assert_memory_equal(&before, &cal, sizeof cal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_done_without_a_calibration),
        cmocka_unit_test(the_counts_of_a_go_temp_are_128_to_the_degree),
        cmocka_unit_test(a_polynomial_has_its_terms_in_rising_order),
        cmocka_unit_test(an_exponential_is_a_times_b_to_the_x),
        cmocka_unit_test(a_thermistor_of_20_kilohms_is_at_25_degrees),
        cmocka_unit_test(the_voltage_over_a_thermistor_is_held_inside_the_supply),
        cmocka_unit_test(nothing_is_colder_than_absolute_zero),
        cmocka_unit_test(a_table_goes_straight_between_its_pairs_and_on_beyond_its_ends),
        cmocka_unit_test(what_cannot_be_computed_is_nan_and_never_an_infinity),
        cmocka_unit_test(many_values_come_out_as_single_ones_do_also_in_place),
        cmocka_unit_test(the_text_of_a_calibration_reads_back_as_the_same_numbers),
        cmocka_unit_test(reading_leaves_alone_who_made_it_and_when),
        cmocka_unit_test(a_mistake_is_refused_with_what_was_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
