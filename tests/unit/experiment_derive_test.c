/* Derived channels: formulas over channels with times of their own, and operators over time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment_stage.h"

static struct stage st;

static void near(double got, double wanted, double by)
{
    if (!(fabs(got - wanted) <= by))
        fail_msg("%.12g is not %.12g", got, wanted);
}

static void a_formula_follows_its_first_point_channel(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t slow = stage_point(&st, "slow", 0, 100), fast = stage_point(&st, "fast", 0, 10);
    size_t diff = stage_derive(&st, "diff", "fast - slow"), other = stage_derive(&st, "other", "fast * 2");
    stage_open(&st);
    stage_run(&st, 0, 2000, 10, fast, -1);
    stage_run(&st, 0, 2000, 100, slow, -1);
    lec_run_flush(st.run, MS(2000));
    assert_int_equal(st.out[diff].n, 20);
    assert_int_equal(st.out[other].n, 200);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(st.out[diff].t[i], (int64_t)i * 100 * LEC_MS);
        near(st.out[diff].v[i], 0, 1e-9); /* both at the same time */
    }
    assert_int_equal(st.out[diff].irregular, 0);
    stage_close(&st);
}

static void of_the_others_it_takes_the_newest_value_at_or_before(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t fast = stage_point(&st, "fast", 0, 10), slow = stage_point(&st, "slow", 0, 100);
    size_t d = stage_derive(&st, "d", "slow + 0 * fast");
    stage_open(&st);
    stage_tell(&st, fast, 0, 10, 100);
    stage_tell(&st, slow, 5, 100, 10);
    lec_run_flush(st.run, MS(2000));
    assert_int_equal(st.out[d].n, 100);
    assert_true(isnan(st.out[d].v[0])); /* none yet */
    for (size_t i = 1; i < 100; i++)
        near(st.out[d].v[i], 0.005 + floor(((double)i * 10 - 5) / 100) * 0.1, 1e-9);
    stage_close(&st);
}

static void a_source_that_is_behind_is_waited_for_but_not_for_long(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t a = stage_point(&st, "a", 0, 10), b = stage_point(&st, "b", 0, 10), d = stage_derive(&st, "d", "a - b");
    stage_open(&st);
    stage_tell(&st, a, 0, 10, 30);
    lec_run_flush(st.run, MS(300));
    assert_int_equal(st.out[d].n, 0); /* b has not come */
    stage_tell(&st, b, 0, 10, 20);
    lec_run_flush(st.run, MS(310));
    assert_int_equal(st.out[d].n, 20);
    lec_run_flush(st.run, MS(690));
    assert_int_equal(st.out[d].n, 20);
    lec_run_flush(st.run, MS(790)); /* a's 290 ms are 500 ms ago */
    assert_int_equal(st.out[d].n, 30);
    near(st.out[d].v[19], 0, 1e-9);
    near(st.out[d].v[20], 0.01, 1e-9);
    near(st.out[d].v[22], 0.03, 1e-9);
    assert_true(isnan(st.out[d].v[23])); /* three intervals old */
    stage_close(&st);
}

static void a_polled_value_serves_until_three_of_its_periods_are_over(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t fast = stage_point(&st, "fast", 0, 100), air = stage_point(&st, "air", 0, 1000);
    size_t d = stage_derive(&st, "d", "air + 0 * fast");
    stage_open(&st);
    const double v = 20;
    stage_values(&st, air, 0, 0, &v, 1);
    stage_run(&st, 0, 5000, 100, fast, -1);
    lec_run_flush(st.run, MS(6000));
    assert_int_equal(st.out[d].n, 50);
    near(st.out[d].v[30], 20, 0);
    assert_true(isnan(st.out[d].v[31]));
    stage_close(&st);
}

static void two_points_of_one_device_a_little_apart_are_of_the_same_time(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t a = stage_point(&st, "a", 0, 10), b = stage_point(&st, "b", 0, 10), d = stage_derive(&st, "d", "b - a");
    stage_open(&st);
    stage_tell(&st, a, 0, 10, 100);
    stage_tell(&st, b, 1, 10, 100); /* the time of b is estimated 1 ms later */
    lec_run_flush(st.run, MS(2000));
    for (size_t i = 0; i < 100; i++)
        near(st.out[d].v[i], 0.001, 1e-9);
    stage_close(&st);
}

static void a_formula_can_use_other_formulas(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 10);
    size_t v = stage_derive(&st, "v", "derivative(x)");
    size_t e = stage_derive(&st, "e", "0.5 * 3 * v^2 + x");
    stage_open(&st);
    stage_run(&st, 0, 1000, 10, x, -1);
    lec_run_stop(st.run, "stopped", "", MS(1000));
    assert_int_equal(st.out[v].n, 100);
    assert_int_equal(st.out[e].n, 100);
    for (size_t i = 0; i < 100; i++) {
        near(st.out[v].v[i], 1, 1e-9);
        near(st.out[e].v[i], 1.5 + (double)i * 0.01, 1e-9);
        assert_int_equal(st.out[e].t[i], st.out[x].t[i]);
    }
    stage_close(&st);
}

static void dividing_by_zero_gives_nothing_at_that_sample_only(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 10), d = stage_derive(&st, "d", "1 / x");
    stage_open(&st);
    static const double v[] = {1, 0, -0.0, 4};
    stage_values(&st, x, 0, 10, v, 4);
    lec_run_flush(st.run, MS(100));
    near(st.out[d].v[0], 1, 0);
    assert_true(isnan(st.out[d].v[1]) && isnan(st.out[d].v[2]));
    near(st.out[d].v[3], 0.25, 0);
    struct lec_run_channel_state s;
    lec_run_channel(st.run, d, &s);
    assert_int_equal(s.lost, 0);
    stage_close(&st);
}

static void a_loss_is_a_loss_of_the_derived_channel_too(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 10), d = stage_derive(&st, "d", "x + 1");
    stage_open(&st);
    stage_tell(&st, x, 0, 10, 10);
    stage_lossy(&st, x, 200, 10, 10, 10, 0);
    lec_run_flush(st.run, MS(300));
    assert_int_equal(st.out[d].n, 20);
    assert_int_equal(st.out[d].lost, 10);
    assert_int_equal(st.out[d].blocks, 2);
    assert_int_equal(st.n_marks, 1); /* told once, of its source */
    stage_close(&st);
}

/* ---- Over time ---------------------------------------------------------------------------------------------- */

static double parabola(double t)
{
    return 3 * t * t - 2 * t + 5;
}

/* x = parabola(t) at 100 Hz for 10 s, in blocks of 37, then the end. */
static void feed_parabola(size_t x, double noise)
{
    double v[37];
    for (size_t at = 0; at < 1000; at += 37) {
        size_t n = 1000 - at < 37 ? 1000 - at : 37;
        for (size_t i = 0; i < n; i++)
            v[i] = parabola((double)(at + i) * 0.01) + ((at + i) % 2 ? noise : -noise);
        stage_values(&st, x, (double)at * 10, 10, v, n);
        lec_run_flush(st.run, MS((double)(at + n) * 10));
    }
    lec_run_stop(st.run, "stopped", "", MS(10000));
}

static void a_derivative_is_the_slope_about_each_sample(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 10);
    size_t v = stage_derive(&st, "v", "derivative(x)"), w = stage_derive(&st, "w", "derivative(x, 0.4)");
    stage_open(&st);
    feed_parabola(x, 0);
    assert_int_equal(st.out[v].n, 1000);
    assert_int_equal(st.out[w].n, 1000);
    for (size_t i = 1; i < 999; i++) {
        assert_int_equal(st.out[v].t[i], (int64_t)i * 10 * LEC_MS); /* not shifted */
        near(st.out[v].v[i], 6 * (double)i * 0.01 - 2, 1e-8);
    }
    for (size_t i = 20; i < 980; i++)
        near(st.out[w].v[i], 6 * (double)i * 0.01 - 2, 1e-8);
    near(st.out[v].v[0], (parabola(0.01) - parabola(0)) / 0.01, 1e-8); /* what there is at the ends */
    near(st.out[v].v[999], (parabola(9.99) - parabola(9.98)) / 0.01, 1e-8);
    stage_close(&st);
}

static void a_long_window_takes_the_noise_out_of_a_slope(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 10);
    size_t w = stage_derive(&st, "w", "derivative(x, 2)");
    stage_open(&st);
    feed_parabola(x, 1);
    for (size_t i = 100; i < 900; i++)
        near(st.out[w].v[i], 6 * (double)i * 0.01 - 2, 0.02);
    stage_close(&st);
}

static void rounding_does_not_grow_in_a_long_derivative(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 1), w = stage_derive(&st, "w", "derivative(x, 1)");
    stage_open(&st);
    double v[1000];
    for (int s = 0; s < 60; s++) {
        for (size_t i = 0; i < 1000; i++)
            v[i] = s == 10 && i == 500 ? 1e100 : 1e6 + 2 * (s + (double)i * 1e-3); /* one spike among them */
        stage_values(&st, x, s * 1000, 1, v, 1000);
        lec_run_flush(st.run, MS(s * 1000 + 1000));
    }
    lec_run_stop(st.run, "stopped", "", MS(60000));
    assert_int_equal(st.out[w].n, 60000);
    for (size_t i = 0; i < 60000; i++)
        if (i < 9900 || i > 12000)
            near(st.out[w].v[i], 2, 1e-5);
    stage_close(&st);
}

static void values_that_no_sum_can_hold_cost_no_more_than_others(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 0.001), w = stage_derive(&st, "w", "derivative(x, 0.05)");
    stage_open(&st);
    static double v[1000];
    for (size_t i = 0; i < 1000; i++)
        v[i] = i % 3 == 0 ? 1e308 : i % 3 == 1 ? -1e308 : 5;
    for (int k = 0; k < 100; k++)
        stage_values(&st, x, k, 0.001, v, 1000);
    lec_run_stop(st.run, "stopped", "", MS(100));
    assert_int_equal(st.out[w].n, 100000); /* and not after minutes */
    assert_true(isnan(st.out[w].v[50001]));
    near(st.out[w].v[50002], 0, 1e-9); /* of what can be computed */
    stage_close(&st);
}

static void a_window_never_reaches_over_a_gap(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 10), v = stage_derive(&st, "v", "derivative(x, 1)");
    size_t s = stage_derive(&st, "s", "smooth(x, 11)"), a = stage_derive(&st, "a", "integral(x)");
    stage_open(&st);
    double low[100], high[100];
    for (size_t i = 0; i < 100; i++) {
        low[i] = 1;
        high[i] = 1000;
    }
    stage_values(&st, x, 0, 10, low, 100);
    lec_run_samples(
        st.run,
        &(struct lec_run_input){
            .point = &st.points[x], .raw = high, .n = 100, .first_ns = MS(2000), .interval_ns = 1e7, .lost = 100});
    lec_run_stop(st.run, "stopped", "", MS(3000));
    assert_int_equal(st.out[v].n, 200);
    assert_int_equal(st.out[s].n, 200);
    for (size_t i = 0; i < 200; i++) {
        near(st.out[v].v[i], 0, 1e-9);
        near(st.out[s].v[i], i < 100 ? 1 : 1000, 1e-9);
    }
    near(st.out[a].v[99], 0.99, 1e-9);
    near(st.out[a].v[100], 0.99, 1e-9); /* the gap adds nothing */
    near(st.out[a].v[199], 0.99 + 990, 1e-9);
    assert_int_equal(st.out[s].lost, 100);
    stage_close(&st);
}

static void smooth_is_the_mean_about_each_sample_and_comes_half_a_window_late(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 10), s = stage_derive(&st, "s", "smooth(x, 5)");
    stage_open(&st);
    static const double v[] = {1, 2, 3, 4, 5, 100, 5, 4, (double)NAN, 2};
    stage_values(&st, x, 0, 10, v, 10);
    lec_run_flush(st.run, MS(100));
    assert_int_equal(st.out[s].n, 8);
    lec_run_stop(st.run, "stopped", "", MS(100));
    static const double wanted[] = {1, 2, 3, 114.0 / 5, 117.0 / 5, 118.0 / 5, 114.0 / 4, 111.0 / 4, 0, 2};
    assert_int_equal(st.out[s].n, 10);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(st.out[s].t[i], (int64_t)i * 10 * LEC_MS);
        if (i == 8)
            assert_true(isnan(st.out[s].v[i])); /* what is missing stays missing */
        else
            near(st.out[s].v[i], wanted[i], 1e-9);
    }
    stage_close(&st);
}

static void an_integral_is_the_sum_of_trapezoids_from_the_start(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 10), a = stage_derive(&st, "a", "integral(2 * x)");
    st.experiment.start = (struct lec_condition){.kind = LEC_COND_RISES, .channel = x, .level = 1};
    st.experiment.pre_ns = LEC_SEC / 2;
    stage_open(&st);
    stage_run(&st, 0, 3000, 10, x, -1);
    lec_run_stop(st.run, "stopped", "", MS(3000));
    assert_int_equal(st.out[a].n, 250);
    for (size_t i = 0; i < 250; i++) {
        double t = (double)st.out[a].t[i] * 1e-9 + 1;
        near(st.out[a].v[i], t < 1 ? 0 : t * t - 1, 1e-9); /* nothing before the start */
    }
    stage_close(&st);
}

static void an_integral_leaves_out_what_has_no_value(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 1000), a = stage_derive(&st, "a", "integral(x)");
    stage_open(&st);
    static const double v[] = {1, 1, (double)NAN, 1, 1};
    stage_values(&st, x, 0, 1000, v, 5);
    lec_run_flush(st.run, MS(5000));
    near(st.out[a].v[1], 1, 1e-12);
    assert_true(isnan(st.out[a].v[2]));
    near(st.out[a].v[3], 1, 1e-12);
    near(st.out[a].v[4], 2, 1e-12);
    stage_close(&st);
}

static void operators_work_on_polled_values_too(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t x = stage_point(&st, "x", 0, 1000);
    size_t v = stage_derive(&st, "v", "derivative(x)"), a = stage_derive(&st, "a", "integral(x)");
    stage_open(&st);
    for (int i = 0; i < 50; i++) { /* values are their times in seconds */
        stage_tell(&st, x, i * 1000 + i * 31 % 100, 0, 1);
        lec_run_flush(st.run, MS(i * 1000 + 200));
    }
    lec_run_stop(st.run, "stopped", "", MS(50000));
    assert_int_equal(st.out[v].n, 50);
    for (size_t i = 0; i < 50; i++) {
        double t = (double)st.out[x].t[i] * 1e-9;
        assert_int_equal(st.out[v].t[i], st.out[x].t[i]);
        near(st.out[v].v[i], 1, 1e-6);
        near(st.out[a].v[i], t * t / 2, 1e-6);
    }
    stage_close(&st);
}

/* More than a formula can wait with: it goes on with what has come. */
static void a_flood_beside_a_silent_channel_is_computed_without_waiting(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t fast = stage_point(&st, "fast", 0, 0.001), dead = stage_point(&st, "dead", 0, 1);
    size_t d = stage_derive(&st, "d", "fast * 2"), e = stage_derive(&st, "e", "fast + dead");
    (void)dead;
    stage_open(&st);
    stage_tell(&st, fast, 0, 0.001, 300000);
    lec_run_flush(st.run, MS(300));
    lec_run_stop(st.run, "stopped", "", MS(300));
    assert_int_equal(st.out[fast].n, 300000);
    assert_int_equal(st.out[d].n, 300000);
    assert_int_equal(st.out[e].n, 300000);
    near(st.out[d].v[299999], 0.599998, 1e-9);
    stage_close(&st);
}

/* The other way round: nobody to follow, and all the more beside it. */
static void a_flood_that_nothing_follows_is_forgotten(void **state)
{
    (void)state;
    stage_clear(&st);
    size_t slow = stage_point(&st, "slow", 0, 100), fast = stage_point(&st, "fast", 0, 0.001);
    size_t d = stage_derive(&st, "d", "fast + 0 * slow");
    stage_open(&st);
    stage_tell(&st, fast, 0, 0.001, 300000);
    stage_tell(&st, slow, 0, 100, 4);
    lec_run_flush(st.run, MS(300));
    lec_run_stop(st.run, "stopped", "", MS(400));
    assert_int_equal(st.out[d].n, 4);
    assert_true(isnan(st.out[d].v[0])); /* that was too long ago */
    near(st.out[d].v[3], 0.299999, 1e-9);
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_formula_follows_its_first_point_channel),
        cmocka_unit_test(of_the_others_it_takes_the_newest_value_at_or_before),
        cmocka_unit_test(a_source_that_is_behind_is_waited_for_but_not_for_long),
        cmocka_unit_test(a_polled_value_serves_until_three_of_its_periods_are_over),
        cmocka_unit_test(two_points_of_one_device_a_little_apart_are_of_the_same_time),
        cmocka_unit_test(a_formula_can_use_other_formulas),
        cmocka_unit_test(dividing_by_zero_gives_nothing_at_that_sample_only),
        cmocka_unit_test(a_loss_is_a_loss_of_the_derived_channel_too),
        cmocka_unit_test(a_derivative_is_the_slope_about_each_sample),
        cmocka_unit_test(a_long_window_takes_the_noise_out_of_a_slope),
        cmocka_unit_test(rounding_does_not_grow_in_a_long_derivative),
        cmocka_unit_test(values_that_no_sum_can_hold_cost_no_more_than_others),
        cmocka_unit_test(a_window_never_reaches_over_a_gap),
        cmocka_unit_test(smooth_is_the_mean_about_each_sample_and_comes_half_a_window_late),
        cmocka_unit_test(an_integral_is_the_sum_of_trapezoids_from_the_start),
        cmocka_unit_test(an_integral_leaves_out_what_has_no_value),
        cmocka_unit_test(operators_work_on_polled_values_too),
        cmocka_unit_test(a_flood_beside_a_silent_channel_is_computed_without_waiting),
        cmocka_unit_test(a_flood_that_nothing_follows_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
