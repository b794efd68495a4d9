/* Fitting curves: what the polynomial and the curved forms share.
 *
 * Threads: belongs to its caller. */
#ifndef LAB_FIT_H
#define LAB_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "lectern/err.h"
#include "request.h"

#define LAB_PARAMETERS (LAB_ORDER_MAX + 1)

struct lab_points {
    const double *x, *y;
    size_t n;
};

struct lab_fitted {
    enum lab_form form;
    size_t p;                           /* parameters */
    double c[LAB_PARAMETERS];           /* as the formula has them */
    double uncertainty[LAB_PARAMETERS]; /* standard; NaN when there are no more points than parameters */
    size_t iterations;
    /* the same curve where it can be computed well: y = shift_y + scale_y f((x - shift_x) / scale_x) with these parameters */
    double inner[LAB_PARAMETERS], shift_x, scale_x, shift_y, scale_y;
};

/* The curve at x. */
double lab_curve(const struct lab_fitted *f, double x);

/* LEC_E_RANGE: too few points; LEC_E_REFUSED: the points do not determine the curve, or no convergence; LEC_E_NOMEM. */
int lab_fit_polynomial(const struct lab_points *points, unsigned order, struct lab_fitted *out, struct lec_err *err);
int lab_fit_curve(const struct lab_points *points, enum lab_form form, struct lab_fitted *out, struct lec_err *err);

/* For points moved and scaled as lab_fit_curve does it: parameters near the best curve, by looking through the one that is not
 * linear and computing the others. LEC_E_REFUSED: nothing fits at all. */
int lab_fit_start(const struct lab_points *points, enum lab_form form, double start[4], struct lec_err *err);

/* The form's value and its derivatives to its parameters (if d is not NULL) at u, unscaled forms:
 * exponential c0 exp(c1 u) + c2; power c0 u^c1; sine c0 sin(2 pi c1 u + c2) + c3. */
double lab_form_value(enum lab_form form, const double *c, double u, double *d);

#endif
