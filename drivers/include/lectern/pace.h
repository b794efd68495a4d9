/* When were the samples taken? A device delivers them by its own clock; the daemon sees only when they arrive, late by
 * an amount that varies. A pace fits a straight line under the arrivals (least delay), so that it finds the device's
 * real interval against the daemon's monotonic clock, and its drift, without being fooled by a packet that waited.
 *
 * Practice: lab-protocols.md, section 6. With samples numbered by the device, lost ones count too: time goes on over a
 * gap.
 *
 * Threads: a pace belongs to its caller. */
#ifndef LECTERN_PACE_H
#define LECTERN_PACE_H

#include <stdint.h>

#define LEC_PACE_POINTS 64 /* arrivals that are remembered, thinned out over the last minutes */

struct lec_pace {
    double nominal_ns; /* as the device says */
    uint64_t n;        /* arrivals seen */
    /* the rest is pace.c's */
    struct {
        uint64_t number;
        int64_t ns;
    } at[LEC_PACE_POINTS];
    unsigned n_at;
    double first_ns, interval_ns; /* the line: time of sample 0 since `origin_ns`, and its slope */
    int64_t origin_ns;
    uint64_t origin;
};

/* Begins anew: after open, a change of rate, a loss of count. */
void lec_pace_begin(struct lec_pace *p, double nominal_interval_ns);
/* Samples up to, not including, number `count` (lost ones counted) had been taken when this packet arrived. */
void lec_pace_arrived(struct lec_pace *p, uint64_t count, int64_t arrived_ns);
/* When sample `number` was taken, by the line as it is known now. Never later than the newest arrival, never before the
 * time told for an earlier number. */
int64_t lec_pace_time(struct lec_pace *p, uint64_t number);
/* The interval between samples in the daemon's time; nominal until enough has been seen. */
double lec_pace_interval(const struct lec_pace *p);
/* How much the device's clock is ahead, in parts per million; 0 until known. */
double lec_pace_drift_ppm(const struct lec_pace *p);

#endif
