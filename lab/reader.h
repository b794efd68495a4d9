/* One channel of a run, read from its beginning to its end: blocks with the time of every sample, or samples one by one,
 * calibrated and raw beside each other, and with what is missing between them.
 *
 * A gap is what the block says was lost, or a jump in time of three quarters of an interval and more that it is silent about.
 * Threads: a reader belongs to its caller, as the run file it reads from. */
#ifndef LAB_READER_H
#define LAB_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/runs.h"

struct lab_block {
    size_t n;
    const int64_t *t;    /* run time of each sample, ns */
    const double *value; /* calibrated; NaN: missing */
    const double *raw;   /* as the device gave it */
    uint32_t flags;      /* LEC_RUN_* */
    uint64_t lost;       /* samples missing right before the first */
    int64_t gap_ns;      /* lost > 0: when the first of them should have come */
    double interval_ns;  /* 0: not regular */
    int64_t correction_us;
};

struct lab_sample {
    int64_t t_ns, wall_us;
    double value, raw; /* raw: NaN also for channels that have none (formulas, manual values, counts) */
    uint32_t flags;
    uint64_t lost; /* samples missing right before it */
    int64_t gap_ns;
    int64_t gap_wall_us;
    double interval_ns;
};

struct lab_reader;

/* Reads the run's channel of that index between two run times. `info` is lent for the life of the reader. */
int lab_reader_open(struct lec_runs *runs, const struct lec_run_info *info, size_t channel, int64_t from_ns,
                    int64_t to_ns, struct lab_reader **out, struct lec_err *err);
/* 1 with the next block, lent until the next call; 0 at the end; or a code. Not to be mixed with lab_reader_next. */
int lab_reader_block(struct lab_reader *r, struct lab_block *out, struct lec_err *err);
/* After the end: what is missing behind the last sample, as the run's marks say (a channel that fell silent, or never delivered):
 * a block of no samples with lost, gap_ns and correction_us. false: nothing, or the end was not asked for. */
bool lab_reader_tail(const struct lab_reader *r, struct lab_block *out);
/* 1 with the next sample, 0 at the end, or a code. */
int lab_reader_next(struct lab_reader *r, struct lab_sample *out, struct lec_err *err);
/* Blocks that were broken and left out so far. */
uint64_t lab_reader_skipped(const struct lab_reader *r);
void lab_reader_close(struct lab_reader **r);

/* "good", "late", "overrun", "bad", "missing" (no number); the worst that holds. */
const char *lab_quality(uint32_t flags, double value);

#endif
