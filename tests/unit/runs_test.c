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

/* Whoever reads a run page by page begins in the middle of large blocks. */
static void a_walk_that_begins_in_the_middle_of_a_block_begins_there(void **state)
{
    struct runs_stage *s = *state;
    const uint64_t n = 150000;
    runs_stage_start(s, 1);
    runs_stage_record(s, 0, 0, n, 5000);
    runs_stage_stop(s, "done");
    runs_stage_tidy(s);
    for (uint64_t from = 0; from < n; from += 9973) {
        struct lec_run_cursor *cursor;
        struct lec_run_block block;
        uint64_t skipped = 0;
        assert_int_equal(lec_runs_walk(s->runs, s->id, 0, (int64_t)from * 1000000, INT64_MAX, false, &cursor, &s->err),
                         0);
        assert_int_equal(lec_run_next(cursor, &block, &skipped, &s->err), 1);
        assert_int_equal(block.t_ns, (int64_t)from * 1000000);
        assert_true(block.values[0] == runs_stage_sample(from));
        assert_int_equal(block.lost, 0);
        lec_run_walk_end(&cursor);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, runs_stage_setup, runs_stage_teardown)
    const struct CMUnitTest tests[] = {
        T(small_blocks_are_read_back_while_they_are_recorded_and_after),
        T(large_blocks_and_small_ones_keep_their_order),
        T(a_walk_that_begins_in_the_middle_of_a_block_begins_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
