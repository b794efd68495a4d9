/* Curved forms by Levenberg-Marquardt (GSL's for many points: it keeps no Jacobian), on points that were moved and scaled so that
 * every parameter is near 1. Parameters and their covariance are carried back to the person's units at the end. */
#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multilarge_nlinear.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit.h"

#define ITERATIONS 300
#define POLISH     8
#define SETTLED    1e-7            /* of a standard uncertainty */
#define MANY       ((size_t)50000) /* points: of more, a part leads near enough for the last steps */

double lab_form_value(enum lab_form form, const double *c, double u, double *d)
{
    double none[4];
    d = d ? d : none;
    switch (form) {
    case LAB_FORM_EXPONENTIAL:
        d[0] = c[1] * u > -700 ? exp(c[1] * u) : 0; /* numbers just above zero are slow to calculate with */
        d[1] = c[0] * u * d[0];
        d[2] = 1;
        return c[0] * d[0] + c[2];
    case LAB_FORM_POWER:
        d[0] = pow(u, c[1]);
        d[1] = u > 0 ? c[0] * d[0] * log(u) : 0;
        return c[0] * d[0];
    case LAB_FORM_SINE: {
        double angle = 2 * M_PI * c[1] * u + c[2];
        d[0] = sin(angle);
        d[2] = c[0] * cos(angle);
        d[1] = 2 * M_PI * u * d[2];
        d[3] = 1;
        return c[0] * d[0] + c[3];
    }
    case LAB_FORM_LINEAR:
    case LAB_FORM_POLYNOMIAL:
        break;
    }
    return (double)NAN;
}

struct problem {
    struct lab_points points; /* moved and scaled */
    enum lab_form form;
    size_t p;
};

static int residuals(const gsl_vector *c, void *ctx, gsl_vector *f)
{
    const struct problem *q = ctx;
    for (size_t i = 0; i < q->points.n; i++)
        gsl_vector_set(f, i, lab_form_value(q->form, c->data, q->points.x[i], NULL) - q->points.y[i]);
    return GSL_SUCCESS;
}

/* v = J u or J^T u, and JTJ = J^T J (its lower half), as GSL asks for. */
static int slopes(CBLAS_TRANSPOSE_t transposed, const gsl_vector *c, const gsl_vector *u, void *ctx, gsl_vector *v,
                  gsl_matrix *jtj)
{
    const struct problem *q = ctx;
    double d[4], sum[4] = {0}, square[16] = {0};
    for (size_t i = 0; i < q->points.n; i++) {
        lab_form_value(q->form, c->data, q->points.x[i], d);
        double here = 0;
        for (size_t r = 0; r < q->p; r++) {
            for (size_t k = 0; k <= r; k++)
                square[r * 4 + k] += d[r] * d[k];
            if (u && transposed == CblasTrans)
                sum[r] += d[r] * gsl_vector_get(u, i);
            else if (u)
                here += d[r] * gsl_vector_get(u, r);
        }
        if (v && transposed == CblasNoTrans)
            gsl_vector_set(v, i, here);
    }
    if (v && transposed == CblasTrans)
        for (size_t r = 0; r < q->p; r++)
            gsl_vector_set(v, r, sum[r]);
    for (size_t r = 0; jtj && r < q->p; r++)
        for (size_t k = 0; k <= r; k++)
            gsl_matrix_set(jtj, r, k, square[r * 4 + k]);
    return GSL_SUCCESS;
}

/* The covariance for unit variance, the sum of squared residuals, the next step that Gauss and Newton would do, and how long it is in
 * standard uncertainties (or, without noise, in millionths of the parameters). False: the samples do not determine the parameters. */
static bool look_around(const struct problem *q, const double *c, double covariance[16], double step[4], double *rest,
                        double *away)
{
    double jtj[16] = {0}, gradient[4] = {0}, d[4];
    *rest = 0;
    for (size_t i = 0; i < q->points.n; i++) {
        double r = lab_form_value(q->form, c, q->points.x[i], d) - q->points.y[i];
        *rest += r * r;
        for (size_t a = 0; a < q->p; a++) {
            gradient[a] += d[a] * r;
            for (size_t b = 0; b < q->p; b++)
                jtj[a * q->p + b] += d[a] * d[b];
        }
    }
    for (size_t i = 0; i < q->p * q->p; i++)
        if (!isfinite(jtj[i]))
            return false;
    gsl_matrix_view m = gsl_matrix_view_array(jtj, q->p, q->p);
    gsl_vector_view g = gsl_vector_view_array(gradient, q->p), s = gsl_vector_view_array(step, q->p);
    gsl_vector *scale = gsl_vector_alloc(q->p);
    double condition = 0;
    gsl_vector *work = gsl_vector_alloc(3 * q->p);
    bool ok = scale && work && gsl_linalg_cholesky_decomp2(&m.matrix, scale) == 0 &&
              gsl_linalg_cholesky_rcond(&m.matrix, &condition, work) == 0 && condition > 1e-13 &&
              gsl_linalg_cholesky_solve2(&m.matrix, scale, &g.vector, &s.vector) == 0;
    *away = 0;
    for (size_t a = 0; ok && a < q->p; a++) {
        double unit[4] = {0}, column[4];
        unit[a] = 1;
        gsl_vector_view e = gsl_vector_view_array(unit, q->p), x = gsl_vector_view_array(column, q->p);
        ok = gsl_linalg_cholesky_solve2(&m.matrix, scale, &e.vector, &x.vector) == 0;
        for (size_t b = 0; b < q->p; b++)
            covariance[a * 4 + b] = column[b];
    }
    double variance = q->points.n > q->p ? *rest / (double)(q->points.n - q->p) : 0;
    for (size_t a = 0; ok && a < q->p; a++) {
        double sd = sqrt(variance * covariance[a * 4 + a]) + 1e-6 * fabs(c[a]) + 1e-9;
        *away = fmax(*away, fabs(step[a]) / sd);
    }
    gsl_vector_free(scale);
    gsl_vector_free(work);
    return ok;
}

/* The last steps, as long as they lead down: GSL stops where the gradient is small, which without noise is too early. */
static bool settle(const struct problem *q, double *c, double covariance[16], double *rest, double *away)
{
    double step[4] = {0}, next[4], further[16] = {0}, less, closer;
    if (!look_around(q, c, covariance, step, rest, away))
        return false;
    for (int i = 0; i<POLISH && * away> SETTLED; i++) {
        double ahead[4] = {0};
        for (size_t k = 0; k < q->p; k++)
            next[k] = c[k] - step[k];
        if (!look_around(q, next, further, ahead, &less, &closer) || !(less < *rest))
            break;
        memcpy(c, next, q->p * sizeof *c);
        memcpy(covariance, further, sizeof further);
        memcpy(step, ahead, sizeof ahead);
        *rest = less;
        *away = closer;
    }
    return true;
}

static int iterate(const struct problem *q, double *c, size_t *iterations, struct lec_err *err)
{
    gsl_multilarge_nlinear_parameters how = gsl_multilarge_nlinear_default_parameters();
    how.trs = gsl_multilarge_nlinear_trs_lm;
    how.solver = gsl_multilarge_nlinear_solver_cholesky;
    gsl_multilarge_nlinear_workspace *w =
        gsl_multilarge_nlinear_alloc(gsl_multilarge_nlinear_trust, &how, q->points.n, q->p);
    if (!w)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    struct problem copy = *q;
    gsl_multilarge_nlinear_fdf fdf = {.f = residuals, .df = slopes, .n = q->points.n, .p = q->p, .params = &copy};
    gsl_vector_view start = gsl_vector_view_array(c, q->p);
    int info = 0, rc = gsl_multilarge_nlinear_init(&start.vector, &fdf, w);
    if (rc == GSL_SUCCESS)
        rc = gsl_multilarge_nlinear_driver(ITERATIONS, 1e-10, 1e-12, 0, NULL, NULL, &info, w);
    /* GSL_ENOPROG is what an exact fit ends with, too: whether it is one is looked at afterwards */
    *iterations = gsl_multilarge_nlinear_niter(w);
    const gsl_vector *at = gsl_multilarge_nlinear_position(w);
    for (size_t i = 0; i < q->p; i++)
        c[i] = gsl_vector_get(at, i);
    gsl_multilarge_nlinear_free(w);
    if (rc != GSL_SUCCESS && rc != GSL_ENOPROG && rc != GSL_EMAXITER)
        return lec_fail(err, LEC_E_REFUSED, "the fit fails: %s", gsl_strerror(rc));
    return 0;
}

/* Iterates over all points, or over a part of very many. */
static int descend(const struct problem *q, double *c, size_t *iterations, struct lec_err *err)
{
    if (q->points.n <= MANY)
        return iterate(q, c, iterations, err);
    size_t step = q->points.n / MANY + 1, n = 0;
    double *x = calloc(MANY, sizeof *x), *y = calloc(MANY, sizeof *y);
    int rc = x && y ? 0 : lec_fail(err, LEC_E_NOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && i < q->points.n; i += step, n++) {
        x[n] = q->points.x[i];
        y[n] = q->points.y[i];
    }
    struct problem part = {.points = {x, y, n}, .form = q->form, .p = q->p};
    if (rc == 0)
        rc = iterate(&part, c, iterations, err);
    free(x);
    free(y);
    return rc;
}

/* Moves and scales the points; the anchor of an exponential is where it is greatest, so that exp stays at or below 1. */
static int scale(const struct lab_points *points, enum lab_form form, bool rising, struct lab_fitted *f, double *x,
                 double *y, struct lec_err *err)
{
    double low = points->x[0], high = low, y_low = points->y[0], y_high = y_low, logs = 0, mean = 0;
    for (size_t i = 0; i < points->n; i++) {
        low = fmin(low, points->x[i]);
        high = fmax(high, points->x[i]);
        y_low = fmin(y_low, points->y[i]);
        y_high = fmax(y_high, points->y[i]);
        logs += form == LAB_FORM_POWER ? log(points->x[i]) / (double)points->n : 0;
        mean += points->y[i] / (double)points->n;
    }
    if (!(high > low))
        return lec_fail(err, LEC_E_REFUSED, "all samples are at one place");
    if (form == LAB_FORM_POWER) {
        f->shift_x = 0;
        f->scale_x = exp(logs);
        f->shift_y = 0;
        f->scale_y = fmax(fabs(y_low), fabs(y_high));
    } else {
        f->shift_x = rising ? high : low;
        f->scale_x = high - low;
        f->shift_y = mean;
        f->scale_y = y_high - y_low;
    }
    if (!(f->scale_y > 0))
        return lec_fail(err, LEC_E_REFUSED, "the values are all the same");
    for (size_t i = 0; i < points->n; i++) {
        x[i] = (points->x[i] - f->shift_x) / f->scale_x;
        y[i] = (points->y[i] - f->shift_y) / f->scale_y;
    }
    return 0;
}

/* The same sine with amplitude and frequency above zero. */
static void turn_sine(double c[4])
{
    if (c[1] < 0) {
        c[0] = -c[0];
        c[1] = -c[1];
        c[2] = -c[2];
    }
    if (c[0] < 0) {
        c[0] = -c[0];
        c[2] += M_PI;
    }
}

/* Parameters in the person's units, and t[r][k], the derivative of each to each of the inner ones. */
static void carry_back(struct lab_fitted *f, double t[16])
{
    double *c = f->c;
    const double *in = f->inner, sx = f->scale_x, sy = f->scale_y, x0 = f->shift_x;
    memset(t, 0, 16 * sizeof *t);
    if (f->form == LAB_FORM_POWER) {
        c[1] = in[1];
        c[0] = sy * in[0] * pow(sx, -in[1]);
        t[0] = sy * pow(sx, -in[1]);
        t[1] = -c[0] * log(sx);
        t[5] = 1;
        return;
    }
    c[1] = in[1] / sx;
    t[5] = 1 / sx;
    if (f->form == LAB_FORM_EXPONENTIAL) {
        double at_zero = exp(-in[1] * x0 / sx);
        c[0] = sy * in[0] * at_zero;
        c[2] = f->shift_y + sy * in[2];
        t[0] = sy * at_zero;
        t[1] = -c[0] * x0 / sx;
        t[10] = sy;
        return;
    }
    c[0] = sy * in[0];
    c[2] = remainder(in[2] - 2 * M_PI * in[1] * x0 / sx, 2 * M_PI);
    c[3] = f->shift_y + sy * in[3];
    t[0] = sy;
    t[9] = -2 * M_PI * x0 / sx;
    t[10] = 1;
    t[15] = sy;
}

static void carry_uncertainty(struct lab_fitted *f, const double t[16], const double covariance[16], double variance)
{
    for (size_t r = 0; r < f->p; r++) {
        double sum = 0;
        for (size_t a = 0; a < f->p; a++)
            for (size_t b = 0; b < f->p; b++)
                sum += t[r * 4 + a] * covariance[a * 4 + b] * t[r * 4 + b];
        f->uncertainty[r] = variance >= 0 ? sqrt(fmax(0, sum * variance)) : (double)NAN;
    }
}

static int fit_scaled(const struct lab_points *points, enum lab_form form, double *x, double *y, struct lab_fitted *f,
                      struct lec_err *err)
{
    double covariance[16] = {0}, t[16], rest = 0, away = 0;
    struct problem q = {.points = {x, y, points->n}, .form = form, .p = f->p};
    int rc = scale(points, form, false, f, x, y, err);
    if (rc == 0)
        rc = lab_fit_start(&q.points, form, f->inner, err);
    if (rc == 0 && form == LAB_FORM_EXPONENTIAL && f->inner[1] > 0) {
        f->inner[0] *= exp(f->inner[1]);
        rc = scale(points, form, true, f, x, y, err);
    }
    if (rc == 0)
        rc = descend(&q, f->inner, &f->iterations, err);
    if (rc < 0)
        return rc;
    if (form == LAB_FORM_SINE)
        turn_sine(f->inner);
    bool known = settle(&q, f->inner, covariance, &rest, &away);
    if (!(known && away < 1e-3) && points->n > MANY) { /* the part led elsewhere */
        rc = iterate(&q, f->inner, &f->iterations, err);
        if (rc < 0)
            return rc;
        known = settle(&q, f->inner, covariance, &rest, &away);
    }
    if (!known)
        return lec_fail(err, LEC_E_REFUSED, "the samples do not determine the parameters of a curve of form \"%s\"",
                        lab_form_name(form));
    if (!(away < 1e-3))
        return lec_fail(err, LEC_E_REFUSED, "the fit did not converge in %zu iterations", f->iterations);
    carry_back(f, t);
    carry_uncertainty(f, t, covariance, points->n > f->p ? rest / (double)(points->n - f->p) : -1);
    for (size_t i = 0; i < f->p; i++)
        if (!isfinite(f->c[i]))
            return lec_fail(err, LEC_E_REFUSED,
                            "the parameters are beyond any number; choose an \"origin\" near the samples");
    return 0;
}

int lab_fit_curve(const struct lab_points *points, enum lab_form form, struct lab_fitted *out, struct lec_err *err)
{
    struct lab_fitted f = {.form = form, .p = form == LAB_FORM_SINE ? 4 : form == LAB_FORM_POWER ? 2 : 3};
    if (points->n < f.p)
        return lec_fail(err, LEC_E_RANGE, "a fit of form \"%s\" needs at least %zu samples; there are %zu",
                        lab_form_name(form), f.p, points->n);
    double *x = calloc(points->n, sizeof *x), *y = calloc(points->n, sizeof *y);
    int rc = x && y ? fit_scaled(points, form, x, y, &f, err) : lec_fail(err, LEC_E_NOMEM, "out of memory");
    free(x);
    free(y);
    if (rc == 0)
        *out = f;
    return rc;
}
