/* Plots are the same whether their columns come from samples or from sums, while it is recorded, after a crash, after the
 * stop. */
#include "unit/runs_stage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 100
#define MS    INT64_C(1000000)

/* What the columns of [from, to) ms must be, from the curve itself. A sample near the edge of a column may stand in its
 * neighbour when sums are used; so the extremes are asked of the column less and more a tenth. */
static void check(struct runs_stage *s, struct lec_runs *runs, const struct lec_calibration *c, uint64_t from,
                  uint64_t to, uint64_t n)
{
    struct lec_run_column columns[WIDTH];
    uint64_t seen = 0, end = to < n ? to : n;
    assert_int_equal(lec_runs_columns(runs, s->id, 0, (int64_t)from * MS, (int64_t)to * MS, WIDTH, columns, &s->err),
                     0);
    double step = (double)(to - from) / WIDTH, low = INFINITY, high = -INFINITY, all_low = INFINITY,
           all_high = -INFINITY;
    for (size_t i = 0; i < WIDTH; i++) {
        seen += columns[i].n;
        if (columns[i].n == 0)
            continue;
        assert_false(columns[i].gap);
        low = columns[i].min < low ? columns[i].min : low;
        high = columns[i].max > high ? columns[i].max : high;
        double most[2] = {INFINITY, -INFINITY}, least[2] = {INFINITY, -INFINITY};
        double left = (double)from + (double)i * step, right = left + step;
        for (uint64_t k = (uint64_t)fmax(left - step / 8, (double)from); (double)k < right + step / 8 && k < end; k++) {
            double y = runs_stage_sample(k);
            lec_calibrate(c, &y, &y, 1);
            most[0] = fmin(most[0], y);
            most[1] = fmax(most[1], y);
            if ((double)k > left + step / 8 && (double)k < right - step / 8) {
                least[0] = fmin(least[0], y);
                least[1] = fmax(least[1], y);
            }
        }
        assert_true(columns[i].min >= most[0] && columns[i].min <= least[0]);
        assert_true(columns[i].max <= most[1] && columns[i].max >= least[1]);
        assert_true((double)columns[i].t_ns >= (left - step / 8) * 1e6 &&
                    (double)columns[i].t_ns <= (right + step / 8) * 1e6);
    }
    assert_int_equal(seen, end > from ? end - from : 0); /* none lost, none twice */
    for (uint64_t k = from; k < end; k++) {
        double y = runs_stage_sample(k);
        lec_calibrate(c, &y, &y, 1);
        all_low = fmin(all_low, y);
        all_high = fmax(all_high, y);
    }
    assert_true(low == all_low && high == all_high);
}

static void check_some(struct runs_stage *s, struct lec_runs *runs, const struct lec_calibration *c, uint64_t n)
{
    check(s, runs, c, 0, n, n);
    check(s, runs, c, 0, n * 2, n);
    check(s, runs, c, 12345, n - 777, n);
    check(s, runs, c, n / 2, n / 2 + 90, n); /* fewer samples than columns */
    check(s, runs, c, n / 3, n / 3 + 20011, n);
    check(s, runs, c, n - 5000, n, n);
}

static void with(struct runs_stage *s, const char *form, uint64_t n)
{
    struct lec_calibration *c = &s->channels[0].calibration;
    assert_int_equal(lec_calibration_parse(form, c, &s->err), 0);
    runs_stage_start(s, 1);
    runs_stage_record(s, 0, 0, n / 2, 9000);
    runs_stage_record(s, 0, n / 2, 3000, 100);
    runs_stage_record(s, 0, n / 2 + 3000, n - n / 2 - 3000, 50000);
    check_some(s, s->runs, c, n);
    runs_stage_stop(s, "done");
    check_some(s, s->runs, c, n);
}

static void columns_are_those_of_the_samples(void **state)
{
    with(*state, "none", 300000);
}

static void a_falling_line_turns_least_and_greatest(void **state)
{
    with(*state, "scale 0.001 offset 1 linear 100 -2.5", 300000);
}

static void a_curve_that_turns_back_keeps_its_extremes(void **state)
{
    with(*state, "scale 0.00001 linear 0 1", 20000);
    with(*state, "scale 0.0001 polynomial 3 -4 1", 300000); /* its lowest point is in the middle of the values */
}

static void long_runs_use_the_higher_levels(void **state)
{
    with(*state, "none", 2000000);
}

static void a_run_that_was_cut_off_has_its_sums(void **state)
{
    struct runs_stage *s = *state;
    const uint64_t n = 700000;
    runs_stage_start(s, 1);
    runs_stage_record(s, 0, 0, n - 2000, 9973);
    runs_stage_record(s, 0, n - 2000, 2000, 100);
    runs_stage_reopen(s); /* closing says nothing about the run */
    assert_int_equal(s->interrupted, 1);
    check_some(s, s->runs, &s->channels[0].calibration, n);
}

static void what_is_missing_shows_as_a_gap(void **state)
{
    struct runs_stage *s = *state;
    double values[1000];
    runs_stage_start(s, 1);
    for (size_t i = 0; i < 1000; i++)
        values[i] = (double)i;
    values[150] = NAN;
    for (int k = 0; k < 400; k++) {
        runs_stage_begin(s);
        struct lec_run_block b = {.t_ns = k * 1000 * MS + (k > 200 ? 5000 * MS : 0),
                                  .interval_ns = (double)MS,
                                  .values = values,
                                  .n = 1000,
                                  .lost = k == 201 ? 5000 : 0};
        values[150] = k == 100 ? (double)NAN : 150;
        assert_int_equal(lec_runs_block(s->runs, s->id, &b, &s->err), 0);
        runs_stage_commit(s);
    }
    for (int stopped = 0; stopped < 2; stopped++) {
        struct lec_run_column columns[81];
        assert_int_equal(lec_runs_columns(s->runs, s->id, 0, 0, 405000 * MS, 81, columns, &s->err), 0);
        /* 5 s each: the NaN is in column 20, the hole from 1 s in column 40 to 1 s in column 41. A bucket over the hole
         * belongs to either. */
        for (size_t i = 0; i < 81; i++)
            assert_int_equal(columns[i].gap, i == 20 || (i == 40 && columns[40].gap) || (i == 41 && columns[41].gap));
        assert_true(columns[40].gap || columns[41].gap);
        assert_true(columns[40].n > 700 && columns[40].n < 1300);
        if (!stopped)
            runs_stage_stop(s, "done");
    }
}

static void a_channel_without_samples_has_empty_columns(void **state)
{
    struct runs_stage *s = *state;
    struct lec_run_column columns[3];
    runs_stage_start(s, 1);
    assert_int_equal(lec_runs_columns(s->runs, s->id, 0, 0, 300, 3, columns, &s->err), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(isnan(columns[i].min) && isnan(columns[i].max) && columns[i].n == 0 && !columns[i].gap);
        assert_int_equal(columns[i].t_ns, 50 + 100 * i);
    }
    assert_int_equal(lec_runs_columns(s->runs, s->id, 1, 0, 300, 3, columns, &s->err), LEC_E_RANGE);
    assert_int_equal(lec_runs_columns(s->runs, "none", 0, 0, 300, 3, columns, &s->err), LEC_E_RANGE);
    assert_int_equal(lec_runs_columns(s->runs, s->id, 0, 300, 300, 3, columns, &s->err), LEC_E_RANGE);
    assert_int_equal(lec_runs_columns(s->runs, s->id, 0, 0, 300, 0, columns, &s->err), LEC_E_RANGE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, runs_stage_setup, runs_stage_teardown)
    const struct CMUnitTest tests[] = {
        T(columns_are_those_of_the_samples),
        T(a_falling_line_turns_least_and_greatest),
        T(a_curve_that_turns_back_keeps_its_extremes),
        T(long_runs_use_the_higher_levels),
        T(a_run_that_was_cut_off_has_its_sums),
        T(what_is_missing_shows_as_a_gap),
        T(a_channel_without_samples_has_empty_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
