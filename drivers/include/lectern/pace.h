/* When were the samples taken? A device delivers them by its own clock; the daemon sees only when they arrive, late by
 * an amount that varies. A pace fits a straight line under the arrivals (least delay), so that it finds the device's
 * real interval against the daemon's monotonic clock, and its drift, without being fooled by a packet that waited.
 *
 * Samples are numbered by the device, or by whoever counts them; lost ones count too, so that time goes on over a gap.
 * The numbers may as well be the ticks of a clock in the device: then the "interval" is a tick, and lec_pace_time
 * translates its clock into ours.
 *
 * Practice: lab-protocols.md, section 6. The line is the edge of the lower convex hull that lies over the middle of the
 * arrivals, as clock filters for network time do (Moon, Skelly, Towsley 1999).
 *
 * Threads: a pace belongs to its caller. */
#ifndef LECTERN_PACE_H
#define LECTERN_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define LEC_PACE_POINTS 64 /* arrivals that are remembered, thinned out over the last minute */

struct lec_pace {
    double nominal_ns; /* as the device says */
    uint64_t n;        /* arrivals seen */
    /* the rest is pace.c's */
    struct {
        uint64_t number;
        int64_t ns;
    } at[LEC_PACE_POINTS];
    unsigned n_at;
    double first_ns, interval_ns; /* the line: time of sample `origin` since `origin_ns`, and its slope */
    int64_t origin_ns;
    uint64_t origin;
    bool stale;   /* arrivals have come since the line was fitted */
    bool settled; /* the slope is more measured than believed */
    bool told;    /* a time has been told: */
    uint64_t told_number;
    int64_t told_ns;
    int64_t newest_ns; /* the last arrival */
    int64_t bucket_ns; /* one arrival is kept of so long */
    struct {           /* how late packets are, for lec_pace_missing */
        int64_t begun_ns;
        unsigned n;
        double least, sum;                   /* in this window */
        uint64_t least_number, usual_number; /* the least late packet of this window, and of an ordinary one before */
        int64_t least_ns, usual_ns;
        double worst;  /* decays */
        unsigned high; /* windows in a row that were late as a whole */
        bool known;
    } late;
    int64_t begun_ns; /* the first arrival */
};

/* Begins anew: after open, a change of rate, a loss of count. nominal_interval_ns 0: not known. */
void lec_pace_begin(struct lec_pace *p, double nominal_interval_ns);
/* Samples up to, not including, number `count` (lost ones counted) had been taken when this packet arrived. Counts
 * rise; one that does not is ignored. */
void lec_pace_arrived(struct lec_pace *p, uint64_t count, int64_t arrived_ns);
/* How many samples have probably been lost before this packet, for devices that do not number them: it would have come
 * far too late otherwise. `count`: as lec_pace_arrived would be told without a loss. Ask before lec_pace_arrived, and
 * once a packet; add the answer to the count. A gap that is longer than packets are late is found at once and on the low
 * side; the rest of it, and smaller ones, two seconds later, as far as they stand out from how unevenly packets come. */
uint64_t lec_pace_missing(struct lec_pace *p, uint64_t count, int64_t arrived_ns);
/* When sample `number` was taken, by the line as it is known now. Never later than the newest arrival, never before the
 * time told for an earlier number: where the line turns out to lie earlier, times advance at half speed until they have
 * come back to it. Ask in rising order. */
int64_t lec_pace_time(struct lec_pace *p, uint64_t number);
/* The interval between samples in the daemon's time; nominal until enough has been seen; 0 when neither is known. */
double lec_pace_interval(struct lec_pace *p);
/* How much the device's clock is ahead, in parts per million; 0 until known. */
double lec_pace_drift_ppm(struct lec_pace *p);

#endif
