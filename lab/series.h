/* The samples of one channel over an interval, for analysis: numbers only. What is missing is counted, and shows as a break
 * before the next sample.
 *
 * At most LAB_SERIES_MAX samples are kept; of more, every second, fourth, ... The plain statistics are over all of them.
 * Threads: belongs to its caller. */
#ifndef LAB_SERIES_H
#define LAB_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/runs.h"

#define LAB_SERIES_MAX ((size_t)2000000)

struct lab_series {
    double *t, *v; /* n each; t in seconds of run time, rising */
    bool *broken;  /* n: something is missing between this sample and the one before */
    size_t n;
    uint64_t stride; /* every so many-th sample is kept */

    uint64_t count;   /* samples with a number */
    uint64_t missing; /* samples without one */
    uint64_t lost;    /* samples that never came */
    uint64_t gaps;    /* places where samples were lost */
    uint64_t skipped; /* blocks that were broken */
    double min, max, mean, sd, rms, first, last, t_first, t_last;
};

/* LEC_E_RANGE: there is no number in the interval. On success free with lab_series_done. */
int lab_series_load(struct lec_runs *runs, const struct lec_run_info *info, size_t channel, int64_t from_ns,
                    int64_t to_ns, struct lab_series *out, struct lec_err *err);
void lab_series_done(struct lab_series *s);

/* The value at time t on the straight line between its neighbours, never over a break nor beyond the ends: NaN there.
 * *at is where the last search ended; times that rise make the search short. Begin with 0. */
double lab_series_at(const struct lab_series *s, double t, size_t *at);

#endif
