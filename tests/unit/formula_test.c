/* Formulas: what they compute, what is refused and how it is said. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lectern/formula.h"

static const char *const names[] = {"mass", "speed", "water", "e"};
static struct lec_err err;

static struct lec_formula *compiled(const char *text)
{
    struct lec_formula *f = NULL;
    if (lec_formula_parse(text, names, ARRAY_LEN(names), &f, &err) < 0)
        fail_msg("\"%s\": %s", text, err.text);
    return f;
}

/* With mass 2, speed 3, water 60, e 5. */
static double value(const char *text)
{
    struct lec_formula *f = compiled(text);
    static const double one[] = {2, 3, 60, 5};
    const double *in[ARRAY_LEN(names)];
    double out = -77;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        in[i] = lec_formula_uses(f, i) ? &one[i] : NULL;
    lec_formula_eval(f, in, &out, 1);
    lec_formula_free(&f);
    assert_null(f);
    return out;
}

static void formulas_compute_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } all[] = {
        {"mass", 2},
        {"0.5 * mass * speed^2", 9},
        {"mass + speed * 2", 8},
        {"(mass + speed) * 2", 10},
        {"mass - speed - 1", -2},
        {"water / mass / speed", 10},
        {"mass ^ speed ^ mass", 512},
        {"-mass^2", -4},
        {"mass^-1", 0.5},
        {"--mass", 2},
        {"2 - -mass", 4},
        {"e * 2", 10}, /* a channel, not 2.718 */
        {"pi * mass", 6.283185307179586},
        {"1e3 * mass", 2000},
        {"1.5E-1*mass", 0.3},
        {".5*mass", 1},
        {"abs(-speed)", 3},
        {"sqrt(mass * 2)", 2},
        {"exp(ln(speed))", 3},
        {"log10(mass * 50)", 2},
        {"sin(0 * mass)", 0},
        {"cos(0 * mass)", 1},
        {"tan(atan(mass))", 2},
        {"asin(mass - 1)", 1.5707963267948966},
        {"acos(mass - 1)", 0},
        {"atan2(mass, mass)", 0.7853981633974483},
        {"min(mass, speed)", 2},
        {"max(1, mass, speed, 2)", 3},
        {"min(speed, mass, 1)", 1},
        {"floor(speed / 2)", 1},
        {"round(speed / 2)", 2},
        {" ( mass )\t", 2},
        {"(mass+1)*(speed+1)/((mass+2)*(speed-1))-(water-1)/((mass-1)*(speed+2))", 1.5 - 59.0 / 5},
        {"1-(1-(1-(1-mass)))", 2},
        {"1/(1+(1/(1+(1/mass))))", 0.6},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        double got = value(all[i].text);
        if (!(fabs(got - all[i].value) < 1e-12))
            fail_msg("\"%s\" is %.17g, not %.17g", all[i].text, got, all[i].value);
    }
}

static void what_cannot_be_computed_is_nan(void **state)
{
    (void)state;
    static const char *const all[] = {
        "1 / (mass - 2)",       "1 / (1 / (mass - 2))", "(mass - 2) / (mass - 2)", "sqrt(-mass)", "ln(mass - 2)",
        "log10(-mass)",         "(-mass) ^ 0.5",        "exp(1e6 * mass)",         "asin(mass)",  "0 ^ -mass",
        "mass * 1e300 * 1e300",
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (!isnan(value(all[i])))
            fail_msg("\"%s\" is %g", all[i], value(all[i]));
}

static void a_missing_value_makes_each_result_missing(void **state)
{
    (void)state;
    static const char *const all[] = {
        "mass",     "mass ^ 0",    "1 ^ mass",  "min(mass, 1)", "min(1, mass)",   "max(mass, 1)",   "max(1, mass)",
        "mass * 0", "mass / mass", "abs(mass)", "round(mass)",  "atan2(mass, 1)", "atan2(1, mass)", "-mass"};
    const double missing = (double)NAN;
    const double *in[] = {&missing, NULL, NULL, NULL};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct lec_formula *f = compiled(all[i]);
        double out = 7;
        lec_formula_eval(f, in, &out, 1);
        if (!isnan(out))
            fail_msg("\"%s\" of NaN is %g", all[i], out);
        lec_formula_free(&f);
    }
}

static void many_samples_are_each_computed_from_their_own(void **state)
{
    (void)state;
    enum { N = 1000 }; /* not a multiple of the chunk */
    static double mass[N], speed[N], out[N + 1];
    struct lec_formula *f = compiled("0.5*mass*speed^2 + sqrt(abs(mass-speed))/max(mass, 1) - 3");
    const double *in[] = {mass, speed, NULL, NULL};
    for (size_t i = 0; i < N; i++) {
        mass[i] = (double)i;
        speed[i] = 100 - 0.25 * (double)i;
    }
    out[N] = -1;
    lec_formula_eval(f, in, out, N);
    for (size_t i = 0; i < N; i++) {
        double wanted = 0.5 * mass[i] * speed[i] * speed[i] + sqrt(fabs(mass[i] - speed[i])) / fmax(mass[i], 1) - 3;
        assert_true(fabs(out[i] - wanted) <= 1e-12 * (1 + fabs(wanted)));
    }
    assert_true(out[N] < 0); /* untouched */
    lec_formula_free(&f);
}

static void a_formula_knows_which_channels_it_uses(void **state)
{
    (void)state;
    struct lec_formula *f = compiled("water - 2 * speed");
    assert_false(lec_formula_uses(f, 0));
    assert_true(lec_formula_uses(f, 1));
    assert_true(lec_formula_uses(f, 2));
    assert_false(lec_formula_uses(f, 3));
    assert_false(lec_formula_uses(f, 1000));
    lec_formula_free(&f);
}

static void operators_over_time_stand_around_the_whole_formula(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum lec_operator op;
        double parameter;
    } all[] = {
        {"derivative(water)", LEC_OP_DERIVATIVE, 0},
        {" derivative ( water - mass, 2.5 ) ", LEC_OP_DERIVATIVE, 2.5},
        {"integral(mass * speed)", LEC_OP_INTEGRAL, 0},
        {"smooth(water, 9)", LEC_OP_SMOOTH, 9},
        {"water", LEC_OP_NONE, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct lec_formula *f = compiled(all[i].text);
        double parameter = -1;
        assert_int_equal(lec_formula_operator(f, &parameter), all[i].op);
        assert_true(fabs(parameter - all[i].parameter) < 1e-15);
        assert_int_equal(lec_formula_operator(f, NULL), all[i].op);
        lec_formula_free(&f);
    }
}

static void a_mistake_is_told_with_its_place_and_the_nearest_name(void **state)
{
    (void)state;
    static const char *const all[][2] = {
        {"", "character 1: expected a number"},
        {"mass +", "character 7: expected a number, a channel, a function or \"(\", found the end"},
        {"mass * sped", "character 8: \"sped\" is no channel before this one and no function (speed?)"},
        {"sqr(mass)", "character 1: \"sqr\" is no channel before this one and no function (sqrt?)"},
        {"zzzzzz", "character 1: \"zzzzzz\" is no channel before this one and no function"},
        {"mass speed", "character 6: expected an operator, found \"s\""},
        {"2mass", "character 2: expected an operator, found \"m\""},
        {"0,5 * mass", "character 2: expected an operator; decimals are written with a point"},
        {"(mass", "character 6: expected an operator or \")\", found the end"},
        {"mass)", "character 5: expected an operator, found \")\""},
        {"mass × speed", "character 6: expected an operator, found \"×\""},
        {"\xff", "character 1: expected"},
        {"mass \xc3", "character 6: expected an operator, found a character that is none"},
        {"1.2.3 * mass", "character 1: \"1.2.3\" is not a number"},
        {"1e999 * mass", "character 1: \"1e999\" is not a number"},
        {"sqrt(mass, 2)", "character 10: sqrt has 1 argument (decimals are written with a point)"},
        {"atan2(mass)", "character 1: atan2 needs 2 arguments"},
        {"atan2(mass, 1, 2)", "atan2 has 2 arguments"},
        {"min(mass)", "min needs 2 arguments"},
        {"sqrt mass", "expected \"(\" after sqrt"},
        {"mass + 1 / 0", "character 10: this cannot be computed"},
        {"mass * sqrt(-4)", "character 8: this cannot be computed"},
        {"1 + 2", "character 1: the formula uses no channel"},
        {"1 + derivative(mass)", "character 5: derivative can only stand around the whole formula"},
        {"derivative(mass) + 1", "character 18: derivative can only stand around the whole formula"},
        {"smooth(smooth(mass, 3), 3)", "smooth can only stand around the whole formula"},
        {"derivative(mass, 0)", "expected the seconds"},
        {"derivative(mass, -1)", "expected the seconds"},
        {"derivative(mass, 1e6)", "expected the seconds"},
        {"derivative(mass, mass)", "expected the seconds"},
        {"integral(mass, 2)", "integral has one argument"},
        {"smooth(mass)", "smooth needs the number of samples"},
        {"smooth(mass, 4)", "odd, from 3 to 1001"},
        {"smooth(mass, 1)", "odd, from 3 to 1001"},
        {"smooth(mass, 1003)", "odd, from 3 to 1001"},
        {"smooth(mass, 3.5)", "odd, from 3 to 1001"},
        {"smooth(mass, 3, 3)", "expected an operator or \")\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct lec_formula *f = NULL;
        assert_int_equal(lec_formula_parse(all[i][0], names, ARRAY_LEN(names), &f, &err), LEC_E_RANGE);
        assert_null(f);
        if (!strstr(err.text, all[i][1]))
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", all[i][0], err.text, all[i][1]);
    }
}

static void a_formula_has_limits(void **state)
{
    (void)state;
    struct lec_formula *f = NULL;
    char text[2048] = "";
    for (size_t i = 0; i < 600; i++)
        text[i] = ' ';
    memcpy(text + 600, "mass", 5);
    assert_int_equal(lec_formula_parse(text, names, 4, &f, &err), LEC_E_RANGE);
    assert_non_null(strstr(err.text, "at most 512 bytes"));

    memset(text, '(', 200);
    memcpy(text + 200, "mass", 5);
    assert_int_equal(lec_formula_parse(text, names, 4, &f, &err), LEC_E_RANGE);
    assert_non_null(strstr(err.text, "nested too deeply"));

    memset(text, '-', 500);
    memcpy(text + 500, "e", 2);
    assert_int_equal(lec_formula_parse(text, names, 4, &f, &err), LEC_E_RANGE);
    assert_non_null(strstr(err.text, "nested too deeply"));

    text[0] = '\0';
    for (size_t i = 0; i < 100; i++)
        memcpy(text + 2 * i, "e+", 3);
    memcpy(text + 200, "e", 2);
    assert_int_equal(lec_formula_parse(text, names, 4, &f, &err), LEC_E_RANGE);
    assert_non_null(strstr(err.text, "too long"));

    const char *many[33];
    for (size_t i = 0; i < 33; i++)
        many[i] = "x";
    assert_int_equal(lec_formula_parse("x", many, 33, &f, &err), LEC_E_RANGE);
    assert_null(f);
}

/* A tree with as many equal halves as the limits allow needs the most registers. */
static void the_bushiest_formula_still_finds_its_registers(void **state)
{
    (void)state;
    char text[600] = "(1+mass)", twice[1300];
    double wanted = 3;
    while (snprintf(twice, sizeof twice, "(%s*%s)", text, text) <= LEC_FORMULA_TEXT) {
        struct lec_formula *f = NULL;
        if (lec_formula_parse(twice, names, 4, &f, NULL) < 0)
            break;
        lec_formula_free(&f);
        memcpy(text, twice, strlen(twice) + 1);
        wanted *= wanted;
    }
    assert_true(strlen(text) > 250);
    assert_true(fabs(value(text) - wanted) <= 1e-9 * wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas_compute_what_they_say),
        cmocka_unit_test(what_cannot_be_computed_is_nan),
        cmocka_unit_test(a_missing_value_makes_each_result_missing),
        cmocka_unit_test(many_samples_are_each_computed_from_their_own),
        cmocka_unit_test(a_formula_knows_which_channels_it_uses),
        cmocka_unit_test(operators_over_time_stand_around_the_whole_formula),
        cmocka_unit_test(a_mistake_is_told_with_its_place_and_the_nearest_name),
        cmocka_unit_test(a_formula_has_limits),
        cmocka_unit_test(the_bushiest_formula_still_finds_its_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
