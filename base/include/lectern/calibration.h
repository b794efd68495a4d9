/* From what a sensor delivers to what a person reads: x = raw * scale + offset, then one of five curves.
 *
 * The raw value is kept everywhere beside the result (runs/), so that a wrong calibration can be put right afterwards.
 * Sources of the forms: the Go! sensor memory (equations 1, 2, 4 and 12), two-point practice, thermistor data sheets.
 *
 * Threads: pure functions. */
#ifndef LECTERN_CALIBRATION_H
#define LECTERN_CALIBRATION_H

#include <stddef.h>
#include <stdint.h>

#include "lectern/buf.h"
#include "lectern/err.h"

#define LEC_CAL_MAX 32 /* coefficients; a table has half as many pairs */

enum lec_cal_kind {
    LEC_CAL_NONE,           /* y = x */
    LEC_CAL_LINEAR,         /* y = c0 + c1 x */
    LEC_CAL_POLYNOMIAL,     /* y = c0 + c1 x + c2 x^2 ..., n coefficients */
    LEC_CAL_EXPONENTIAL,    /* y = c0 * c1^x */
    LEC_CAL_STEINHART_HART, /* 1/T = c0 + c1 ln R + c2 (ln R)^3, y in Celsius; see divider_ohm */
    LEC_CAL_TABLE,          /* n/2 pairs x, y with rising x; straight lines between them and beyond the ends */
};

struct lec_calibration {
    enum lec_cal_kind kind;
    double scale, offset; /* applied to the raw value first; 1 and 0 when there is nothing to do */
    uint32_t n;
    double c[LEC_CAL_MAX];
    double divider_ohm; /* STEINHART_HART: x is the voltage over the thermistor in a divider of so many ohms... */
    double divider_v;   /* ...to this supply; x is held within 0.1 and 99.9 % of it. 0: x is the resistance in ohms */
    char unit[24];      /* UCUM, of the result; "": the point's own */
    char source[16];    /* where it comes from: "sensor", "profile", "room", "person"; "" for none */
    char by[64];        /* who made it; "" if not known */
    char note[128];
    int64_t date_us; /* when it was made; 0 if not known */
};

/* No calibration at all: kind NONE, scale 1, offset 0. */
void lec_calibration_none(struct lec_calibration *c);

/* Results for n raw values; `out` may be `raw`. What cannot be computed (NaN in, a logarithm of nothing, an overflow)
 * becomes NaN, never an infinity. */
void lec_calibrate(const struct lec_calibration *c, const double *raw, double *out, size_t n);

/* Reads the form that people write:
 *     none | linear A B | polynomial A B C ... | exponential A B | steinhart-hart A B C [divider OHM VOLT]
 *     table X:Y X:Y ...
 * with "scale S" and "offset O" before it if wanted: "scale 0.001 linear -2.5 100". Numbers have a decimal point. Sets
 * everything but unit, source, by, note and date. Returns 0 or LEC_E_RANGE with what was expected. */
int lec_calibration_parse(const char *text, struct lec_calibration *out, struct lec_err *err);
/* The same form, such that parsing it gives the same numbers. */
void lec_calibration_text(const struct lec_calibration *c, struct lec_buf *b);
/* {"form":"linear -2.5 100","unit":,"source":,"by":,"date":,"note":}; members that are empty are left out. */
void lec_calibration_json(const struct lec_calibration *c, struct lec_buf *b);

#endif
