#include "unit/runs_stage.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/place.h"

static void check(const struct runs_stage *s, int rc)
{
    if (rc < 0)
        fail_msg("%s: %s", lec_code_name(rc), s->err.text);
}

int runs_stage_setup(void **state)
{
    struct runs_stage *s = calloc(1, sizeof *s);
    assert_non_null(s);
    snprintf(s->folder, sizeof s->folder, "%s/lectern-runs-XXXXXX", test_place());
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->file, sizeof s->file, "%s/runs.db", s->folder);
    for (size_t i = 0; i < ARRAY_LEN(s->channels); i++) {
        struct lec_run_channel *c = &s->channels[i];
        snprintf(c->name, sizeof c->name, "c%zu", i);
        snprintf(c->source, sizeof c->source, "probe-%zu.temperature", i);
        snprintf(c->unit, sizeof c->unit, "Cel");
        c->rate_hz = 1000;
        c->decimals = 2;
        lec_calibration_none(&c->calibration);
    }
    runs_stage_reopen(s);
    *state = s;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

int runs_stage_teardown(void **state)
{
    struct runs_stage *s = *state;
    lec_runs_close(&s->runs);
    nftw(s->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(s);
    return 0;
}

void runs_stage_reopen(struct runs_stage *s)
{
    lec_runs_close(&s->runs);
    check(s, lec_runs_open(s->file, &s->runs, &s->interrupted, s->note, &s->err));
}

void runs_stage_begin(struct runs_stage *s)
{
    check(s, lec_runs_begin(s->runs, &s->err));
}

void runs_stage_commit(struct runs_stage *s)
{
    check(s, lec_runs_commit(s->runs, &s->err));
}

void runs_stage_start(struct runs_stage *s, size_t n)
{
    struct lec_run_start start = {
        .experiment = "cooling",
        .label = "Định luật làm nguội",
        .label_en = "Cooling",
        .operator_ = "An",
        .principal = "lab",
        .metadata = "{\"class\":\"10A1\"}",
        .definition = "{\"rate\":\"1kHz\"}",
        .start_us = STAGE_START_US,
        .start_ns = 12345,
        .channels = s->channels,
        .n_channels = n,
    };
    runs_stage_begin(s);
    check(s, lec_runs_start(s->runs, &start, &s->err));
    runs_stage_commit(s);
    memcpy(s->id, start.id, sizeof s->id);
}

void runs_stage_block(struct runs_stage *s, size_t channel, int64_t t_ns, double interval_ns, const double *values,
                      size_t n)
{
    struct lec_run_block block = {
        .channel = channel, .t_ns = t_ns, .interval_ns = interval_ns, .values = values, .n = n};
    check(s, lec_runs_block(s->runs, s->id, &block, &s->err));
}

double runs_stage_sample(uint64_t i)
{
    uint64_t noise = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    noise ^= noise >> 31;
    return rint(20000 + 12000 * sin((double)i / 3000) + (double)(noise * UINT64_C(0xBF58476D1CE4E5B9) >> 60));
}

void runs_stage_record(struct runs_stage *s, size_t channel, uint64_t from, uint64_t n, size_t each)
{
    double *values = malloc(each * sizeof *values);
    assert_non_null(values);
    for (uint64_t i = 0; i < n; i += each) {
        size_t m = n - i < each ? (size_t)(n - i) : each;
        for (size_t k = 0; k < m; k++)
            values[k] = runs_stage_sample(from + i + k);
        runs_stage_begin(s);
        runs_stage_block(s, channel, (int64_t)(from + i) * 1000000, 1e6, values, m);
        runs_stage_commit(s);
    }
    free(values);
}

void runs_stage_stop(struct runs_stage *s, const char *status)
{
    runs_stage_begin(s);
    check(s, lec_runs_stop(s->runs, s->id, STAGE_START_US + 1000000, status, "", &s->err));
    runs_stage_commit(s);
}

void runs_stage_tidy(struct runs_stage *s)
{
    int rc;
    while ((rc = lec_runs_tidy(s->runs, &s->err)) == 1)
        ;
    check(s, rc);
}

uint64_t runs_stage_count(struct lec_runs *runs, const char *run, size_t channel, uint64_t *lost)
{
    struct lec_run_cursor *cursor;
    struct lec_run_block block;
    struct lec_err err = {0};
    uint64_t n = 0;
    int rc = lec_runs_walk(runs, run, channel, INT64_MIN, INT64_MAX, false, &cursor, &err);
    if (rc < 0)
        return 0;
    while ((rc = lec_run_next(cursor, &block, NULL, &err)) == 1) {
        *lost += block.lost;
        for (size_t i = 0; i < block.n; i++) {
            uint64_t at = (uint64_t)(block.t_ns + (int64_t)((double)i * block.interval_ns)) / 1000000;
            assert_true(block.values[i] == runs_stage_sample(at));
        }
        n += block.n;
    }
    lec_run_walk_end(&cursor);
    return n;
}

void runs_stage_check(struct runs_stage *s, struct lec_runs *runs, size_t channel, uint64_t from, uint64_t n)
{
    struct lec_run_cursor *cursor;
    struct lec_run_block block;
    uint64_t next = from, skipped = 0;
    check(s, lec_runs_walk(runs, s->id, channel, INT64_MIN, INT64_MAX, false, &cursor, &s->err));
    int rc;
    while ((rc = lec_run_next(cursor, &block, &skipped, &s->err)) == 1) {
        assert_int_equal(block.channel, channel);
        assert_int_equal(block.lost, 0);
        assert_int_equal(block.t_ns, (int64_t)next * 1000000);
        for (size_t i = 0; i < block.n; i++)
            assert_true(block.values[i] == runs_stage_sample(next + i));
        next += block.n;
    }
    check(s, rc);
    assert_int_equal(next, from + n);
    assert_int_equal(skipped, 0);
    lec_run_walk_end(&cursor);
}
