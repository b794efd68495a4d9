/* A file of runs in a folder of its own, and short forms for writing into it. */
#ifndef LECTERN_RUNS_STAGE_H
#define LECTERN_RUNS_STAGE_H

/* cmocka.h leaves these to be included first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lectern/runs.h"

#define STAGE_START_US INT64_C(1790000000000000)

struct runs_stage {
    char folder[64], file[96];
    struct lec_runs *runs; /* the writer */
    char note[LEC_ERR_TEXT];
    int interrupted;
    char id[LEC_RUN_ID]; /* of the run that was started last */
    struct lec_run_channel channels[4];
    struct lec_err err;
};

int runs_stage_setup(void **state);
int runs_stage_teardown(void **state);

/* Opens the writer again. */
void runs_stage_reopen(struct runs_stage *s);
/* Starts a run of n channels with the names c0, c1... in a transaction of its own. */
void runs_stage_start(struct runs_stage *s, size_t n);
/* One block in an open transaction: n values from `values` at t_ns every interval_ns. */
void runs_stage_block(struct runs_stage *s, size_t channel, int64_t t_ns, double interval_ns, const double *values,
                      size_t n);
/* A sample of the curve that the tests record: 16 bits with a slow wave and noise. */
double runs_stage_sample(uint64_t i);
/* Samples [from, from + n) of that curve at 1 kHz from run time `from` ms on, in blocks of `each`, with a commit each. */
void runs_stage_record(struct runs_stage *s, size_t channel, uint64_t from, uint64_t n, size_t each);
void runs_stage_begin(struct runs_stage *s);
void runs_stage_commit(struct runs_stage *s);
void runs_stage_stop(struct runs_stage *s, const char *status);
/* Until there is nothing more to do. */
void runs_stage_tidy(struct runs_stage *s);

/* Walks over the channel of the last run and asserts that it is exactly samples [from, from + n) of the curve. */
void runs_stage_check(struct runs_stage *s, struct lec_runs *runs, size_t channel, uint64_t from, uint64_t n);
/* Walks over the channel; returns the samples, all of which must be of the curve, and counts what was lost. */
uint64_t runs_stage_count(struct lec_runs *runs, const char *run, size_t channel, uint64_t *lost);

#endif
