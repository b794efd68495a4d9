/* Sums for plots: the least and the greatest value over 128 samples, over 16 times as many, and so on. Buckets are by the
 * number of the sample in its channel, so the k-th bucket of a level is samples k * SUMS_BUCKET * 16^level and on.
 *
 * A bucket keeps the raw values that give the extremes after calibration: they pack well, and the result is exact. Buckets
 * are stored SUMS_PAGE at a time; a page that is not there (not yet, or lost) is made up for from the level below. */
#ifndef LECTERN_RUNS_SUMS_H
#define LECTERN_RUNS_SUMS_H

#include "block.h"

#define SUMS_BUCKET 128
#define SUMS_RATIO  16
#define SUMS_LEVELS 7 /* the highest: 2^31 samples in a bucket, 2^39 in a page */
#define SUMS_PAGE   256

struct bucket {
    double low, high;         /* raw; NaN: no value */
    double low_key, high_key; /* what is compared: raw where calibration keeps or turns the order, else calibrated */
    int64_t t0, t1;           /* of its first and last sample */
    uint64_t n;               /* values that are there */
    bool gap;
};

/* Samples in a bucket of that level. */
uint64_t sums_samples(unsigned level);

/* Takes samples in order and gives full pages to `page`. */
struct sums {
    const struct lec_calibration *calibration;
    bool ordered; /* comparing raw values will do */
    int (*page)(void *ctx, unsigned level, uint64_t number, const struct bucket *buckets, size_t n,
                struct lec_err *err);
    void *ctx;
    uint64_t first; /* samples before the open bucket of level 0 */
    struct sums_level {
        struct bucket open, *buckets; /* SUMS_PAGE of them, made when first needed */
        size_t filled;                /* samples or buckets of the level below in `open` */
        size_t n;
        uint64_t number; /* of the page that is being filled */
    } level[SUMS_LEVELS];
};

void sums_init(struct sums *s, const struct lec_calibration *calibration);
void sums_done(struct sums *s);
/* Samples [from, from + n) of a segment; `values` are theirs, `times` the segment's. */
int sums_add(struct sums *s, const struct segment *seg, const int64_t *times, size_t from, size_t n,
             const double *values, struct lec_err *err);
/* A full bucket of the level below `level`. */
int sums_add_bucket(struct sums *s, unsigned level, const struct bucket *bucket, struct lec_err *err);
/* Gives away what is left, pages and buckets that are not full. The end. */
int sums_finish(struct sums *s, struct lec_err *err);

/* Joins `b`, which follows in time, to `a`. */
void bucket_join(struct bucket *a, const struct bucket *b);
/* The bucket over values (and, in calibrating keys, their results) as they are in memory; t0, t1 and lost by the caller. */
void bucket_over(struct bucket *out, const struct lec_calibration *calibration, bool ordered, const double *values,
                 size_t n);
/* The least and the greatest of n values, 1 or more; false: some are not finite, and *low and *high mean nothing. */
bool sums_extremes(const double *v, size_t n, double *low, double *high);
bool sums_ordered(const struct lec_calibration *calibration);

/* A page as bytes: check sum, count, columns low, high (pack.h), t0, t1 - t0, n, gap (ints.h). */
int64_t sums_pack(const struct bucket *buckets, size_t n, struct room *out, struct lec_err *err);
/* The number of buckets, at most SUMS_PAGE, or LEC_E_FRAME. */
int sums_unpack(const void *data, size_t size, const struct lec_calibration *calibration, bool ordered,
                struct bucket *out, struct lec_err *err);

#endif
