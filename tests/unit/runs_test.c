/* What is recorded is read back as it was: samples, times, marks, documents, lists. */
#include "unit/runs_stage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static void documents_marks_and_channels_are_those_of_the_start(void **state)
{
    struct runs_stage *s = *state;
    struct lec_run_channel *c = &s->channels[1];
    assert_int_equal(lec_calibration_parse("scale 0.1 linear -2.5 100.25", &c->calibration, &s->err), 0);
    snprintf(c->calibration.by, sizeof c->calibration.by, "Nguyễn Văn An");
    c->calibration.date_us = 42;
    snprintf(c->serial, sizeof c->serial, "GO-123 \"x\"");
    c->kind = LEC_CHANNEL_DERIVED;
    c->decimals = -1;
    runs_stage_start(s, 2);
    const struct lec_run_mark marks[] = {
        {.t_ns = 2000, .kind = "mark", .text = "nóng lên", .by = "an"},
        {.t_ns = -1000, .kind = "unplug", .channel = "c1", .text = "gone", .lost = 12},
    };
    runs_stage_begin(s);
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        assert_int_equal(lec_runs_mark(s->runs, s->id, &marks[i], &s->err), 0);
    runs_stage_commit(s);
    struct lec_run_info info;
    assert_int_equal(lec_runs_info(s->runs, s->id, &info, &s->err), 0);
    assert_string_equal(info.summary.status, "recording");
    assert_int_equal(info.summary.marks, 2);
    assert_null(info.stop_doc);
    assert_string_equal(info.metadata, "{\"class\":\"10A1\"}");
    assert_non_null(strstr(info.start_doc, "\"time\":1790000000.000000"));
    assert_non_null(strstr(info.start_doc, "\"metadata\":{\"class\":\"10A1\"}"));
    assert_non_null(strstr(info.descriptor_doc, "\"data_keys\":{\"c0\":{"));
    assert_non_null(strstr(info.descriptor_doc, "\"units\":\"Cel\",\"precision\":2"));
    assert_non_null(strstr(info.descriptor_doc, "\"serial\":\"GO-123 \\\"x\\\"\""));
    assert_int_equal(info.n_channels, 2);
    assert_string_equal(info.channels[1].serial, c->serial);
    assert_string_equal(info.channels[1].calibration.by, "Nguyễn Văn An");
    assert_true(info.channels[1].calibration.c[1] == 100.25 && info.channels[1].calibration.scale == 0.1);
    assert_int_equal(info.channels[1].kind, LEC_CHANNEL_DERIVED);
    assert_int_equal(info.channels[1].decimals, -1);
    assert_int_equal(info.n_marks, 2); /* in order of time */
    assert_string_equal(info.marks[0].channel, "c1");
    assert_int_equal(info.marks[0].lost, 12);
    assert_string_equal(info.marks[1].text, "nóng lên");
    lec_run_info_free(&info);
    runs_stage_stop(s, "stopped");
    assert_int_equal(lec_runs_info(s->runs, s->id, &info, &s->err), 0);
    assert_non_null(strstr(info.stop_doc, "\"exit_status\":\"success\""));
    assert_non_null(strstr(info.stop_doc, "\"time\":1790000001.000000"));
    assert_string_equal(info.summary.status, "stopped");
    lec_run_info_free(&info);
    assert_int_equal(lec_runs_info(s->runs, "20260101-000000-none-1", &info, &s->err), LEC_E_RANGE);
}

/* Times of their own, missing values, corrections, losses: all come back, before and after the tails are put together. */
static void irregular_samples_keep_their_times_and_losses(void **state)
{
    struct runs_stage *s = *state;
    runs_stage_start(s, 1);
    int64_t t = 0, last = -1;
    for (int k = 0; k < 300; k++) {
        int64_t times[3] = {t, t + 1234567, t + 9999999};
        double values[3] = {k, k % 5 ? 0.125 : (double)NAN, -k};
        struct lec_run_block b = {.interval_ns = 0,
                                  .times = times,
                                  .values = values,
                                  .n = 3,
                                  .lost = k % 7 == 3 ? (uint64_t)k : 0,
                                  .correction_us = k / 100,
                                  .flags = k % 11 == 0 ? LEC_RUN_LATE : 0};
        runs_stage_begin(s);
        assert_int_equal(lec_runs_block(s->runs, s->id, &b, &s->err), 0);
        runs_stage_commit(s);
        t += 50000000 + k;
    }
    for (int round = 0; round < 2; round++) {
        struct lec_run_cursor *cursor;
        struct lec_run_block b;
        int n = 0;
        assert_int_equal(lec_runs_walk(s->runs, s->id, 0, INT64_MIN, INT64_MAX, true, &cursor, &s->err), 0);
        last = -1;
        while (lec_run_next(cursor, &b, NULL, &s->err) == 1) {
            int k = n / 3;
            assert_int_equal(b.lost, k % 7 == 3 ? k : 0);
            assert_int_equal(b.correction_us, k / 100);
            for (size_t i = 0; i < b.n; i++, n++) {
                assert_true(b.times[i] > last);
                last = b.times[i];
                double want = n % 3 == 0 ? n / 3 : n % 3 == 2 ? -(n / 3) : n / 3 % 5 ? 0.125 : (double)NAN;
                assert_true(isnan(want) ? isnan(b.values[i]) : b.values[i] == want);
            }
        }
        lec_run_walk_end(&cursor);
        assert_int_equal(n, 900);
        if (round == 0)
            runs_stage_stop(s, "done");
    }
    assert_int_equal(last, t - 50000000 - 299 + 9999999);
}

static void a_part_of_a_run_is_cut_at_the_sample(void **state)
{
    struct runs_stage *s = *state;
    runs_stage_start(s, 1);
    runs_stage_record(s, 0, 0, 40000, 4000);
    runs_stage_record(s, 0, 40000, 500, 50);
    static const int64_t parts[][2] = {{0, 1},         {1, 4001}, {3999, 4000},  {-5, 100000},
                                       {40010, 40060}, {7, 7},    {50000, 60000}};
    for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
        struct lec_run_cursor *cursor;
        struct lec_run_block b;
        int64_t from = parts[p][0] < 0 ? 0 : parts[p][0], to = parts[p][1] < 40500 ? parts[p][1] : 40500, n = 0;
        assert_int_equal(
            lec_runs_walk(s->runs, s->id, 0, parts[p][0] * 1000000, parts[p][1] * 1000000, false, &cursor, &s->err), 0);
        while (lec_run_next(cursor, &b, NULL, &s->err) == 1) {
            assert_int_equal(b.t_ns, (from + n) * 1000000);
            assert_int_equal(b.lost, 0);
            n += (int64_t)b.n;
        }
        lec_run_walk_end(&cursor);
        assert_int_equal(n, to > from ? to - from : 0);
    }
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void ten_thousand_runs_are_listed_at_once(void **state)
{
    struct runs_stage *s = *state;
    enum { N = 10000 };
    for (int i = 0; i < N;) {
        runs_stage_begin(s);
        for (int k = 0; k < 500; k++, i++) {
            struct lec_run_start start = {.experiment = "a-rather-long-name-of-an-experiment-indeed",
                                          .label = "x",
                                          .label_en = "x",
                                          .start_us = STAGE_START_US + i / 3 * INT64_C(1000000),
                                          .channels = s->channels,
                                          .n_channels = 1};
            assert_int_equal(lec_runs_start(s->runs, &start, &s->err), 0);
            assert_int_equal(strlen(start.id), LEC_RUN_ID - 1); /* cut to fit, and unlike the others */
            assert_int_equal(lec_runs_stop(s->runs, start.id, start.start_us, "done", "", &s->err), 0);
            memcpy(s->id, start.id, sizeof s->id);
        }
        runs_stage_commit(s);
    }
    static struct lec_run_summary list[100];
    int64_t began = now_ms(), before = 0;
    int n = 0, got;
    while ((got = lec_runs_list(s->runs, before, 99, list, &s->err)) > 0) {
        n += got;
        before = list[got - 1].start_us; /* three of each second: 99 end with one */
    }
    assert_true(n >= N - 1 && n <= N);
    struct lec_run_info info;
    assert_int_equal(lec_runs_info(s->runs, s->id, &info, &s->err), 0);
    lec_run_info_free(&info);
    assert_true(now_ms() - began < 5000); /* all of them, in 102 calls, with a sanitizer */
}

static void a_deleted_run_gives_back_its_room(void **state)
{
    struct runs_stage *s = *state;
    runs_stage_start(s, 1);
    char first[LEC_RUN_ID];
    memcpy(first, s->id, sizeof first);
    runs_stage_begin(s);
    assert_int_equal(lec_runs_delete(s->runs, first, &s->err), LEC_E_BUSY);
    lec_runs_rollback(s->runs);
    runs_stage_record(s, 0, 0, 3000000, 60000);
    runs_stage_stop(s, "done");
    runs_stage_start(s, 1);
    runs_stage_record(s, 0, 0, 20000, 1000);
    runs_stage_stop(s, "done");
    runs_stage_tidy(s);
    int64_t before = lec_runs_size(s->runs);
    assert_true(before > 3000000);
    runs_stage_begin(s);
    assert_int_equal(lec_runs_exported(s->runs, first, 77, &s->err), 0);
    assert_int_equal(lec_runs_exported(s->runs, "none", 77, &s->err), LEC_E_RANGE);
    runs_stage_commit(s);
    struct lec_run_summary list[3];
    assert_int_equal(lec_runs_list(s->runs, 0, 3, list, &s->err), 2);
    assert_int_equal(list[1].exported_us, 77);
    runs_stage_begin(s);
    assert_int_equal(lec_runs_delete(s->runs, first, &s->err), 0);
    assert_int_equal(lec_runs_delete(s->runs, first, &s->err), LEC_E_RANGE);
    runs_stage_commit(s);
    assert_int_equal(lec_runs_list(s->runs, 0, 3, list, &s->err), 1);
    runs_stage_tidy(s);
    assert_true(lec_runs_size(s->runs) < 400000);
    runs_stage_check(s, s->runs, 0, 0, 20000);
    runs_stage_reopen(s);
    assert_string_equal(s->note, "");
    runs_stage_check(s, s->runs, 0, 0, 20000);
}

static void blocks_that_cannot_be_are_refused(void **state)
{
    struct runs_stage *s = *state;
    double v[2] = {1, 2};
    runs_stage_start(s, 1);
    const struct lec_run_block bad[] = {
        {.channel = 1, .interval_ns = 1, .values = v, .n = 1},
        {.interval_ns = 1, .values = v, .n = 0},
        {.interval_ns = 1, .values = v, .n = LEC_RUN_BLOCK_MAX + 1},
        {.interval_ns = 0, .values = v, .n = 2},
        {.interval_ns = -1, .values = v, .n = 2},
        {.interval_ns = (double)NAN, .values = v, .n = 2},
        {.interval_ns = (double)INFINITY, .values = v, .n = 2},
        {.interval_ns = 2e18, .values = v, .n = 2},
        {.interval_ns = 1, .t_ns = INT64_MAX - 5, .values = v, .n = 2},
    };
    runs_stage_begin(s);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(lec_runs_block(s->runs, s->id, &bad[i], &s->err), LEC_E_BUG);
    assert_int_equal(lec_runs_block(s->runs, "none", &bad[0], &s->err), LEC_E_RANGE);
    runs_stage_commit(s);
    runs_stage_check(s, s->runs, 0, 0, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, runs_stage_setup, runs_stage_teardown)
    const struct CMUnitTest tests[] = {
        T(small_blocks_are_read_back_while_they_are_recorded_and_after),
        T(large_blocks_and_small_ones_keep_their_order),
        T(a_walk_that_begins_in_the_middle_of_a_block_begins_there),
        T(documents_marks_and_channels_are_those_of_the_start),
        T(irregular_samples_keep_their_times_and_losses),
        T(a_part_of_a_run_is_cut_at_the_sample),
        T(ten_thousand_runs_are_listed_at_once),
        T(a_deleted_run_gives_back_its_room),
        T(blocks_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
