/* What is recorded is read back as it was: samples, times, marks, documents, lists. */
#include "unit/runs_stage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lec_runs *reader(struct runs_stage *s)
{
    struct lec_runs *runs;
    if (lec_runs_open_read(s->file, &runs, &s->err) < 0)
        fail_msg("%s", s->err.text);
    return runs;
}

static void small_blocks_are_read_back_while_they_are_recorded_and_after(void **state)
{
    struct runs_stage *s = *state;
    runs_stage_start(s, 2);
    struct lec_runs *other = reader(s);
    uint64_t n = 0;
    for (int i = 0; i < 5; i++, n += 7000) {
        runs_stage_record(s, 0, n, 7000, 100);
        runs_stage_check(s, s->runs, 0, 0, n + 7000);
        runs_stage_check(s, other, 0, 0, n + 7000);
    }
    runs_stage_stop(s, "done");
    runs_stage_tidy(s);
    runs_stage_check(s, other, 0, 0, n);
    runs_stage_check(s, other, 1, 0, 0);
    lec_runs_close(&other);
}

static void large_blocks_and_small_ones_keep_their_order(void **state)
{
    struct runs_stage *s = *state;
    runs_stage_start(s, 1);
    uint64_t n = 0;
    static const size_t sizes[] = {10, 3000, 1, 1, 65536, 5, 1024, 1023, 20000, 40, 16384};
    for (size_t i = 0; i < ARRAY_LEN(sizes); n += sizes[i++])
        runs_stage_record(s, 0, n, sizes[i], sizes[i]);
    runs_stage_check(s, s->runs, 0, 0, n);
    runs_stage_stop(s, "done");
    runs_stage_check(s, s->runs, 0, 0, n);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, runs_stage_setup, runs_stage_teardown)
    const struct CMUnitTest tests[] = {
        T(small_blocks_are_read_back_while_they_are_recorded_and_after),
        T(large_blocks_and_small_ones_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
