/* Fits: the points, the polynomial, and the answer. */
#include "fit.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multilarge.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze.h"
#include "lectern/member.h"
#include "rows.h"

#define ROWS ((size_t)2048) /* of the matrix that are handed to GSL at once */

double lab_curve(const struct lab_fitted *f, double x)
{
    double u = (x - f->shift_x) / f->scale_x;
    if (f->form != LAB_FORM_LINEAR && f->form != LAB_FORM_POLYNOMIAL)
        return f->shift_y + f->scale_y * lab_form_value(f->form, f->inner, u, NULL);
    double y = 0;
    for (size_t k = f->p; k-- > 0;)
        y = y * u + f->inner[k];
    return f->shift_y + f->scale_y * y;
}

/* ---- Polynomials -------------------------------------------------------------------------------------------- */

/* R of the decomposition QR into its inverse's rows: covariance = variance * inv(R) inv(R)^T. False: R is as good as singular. */
static bool invert(const gsl_matrix *r, size_t p, double inverse[LAB_PARAMETERS][LAB_PARAMETERS])
{
    double most = 0;
    for (size_t i = 0; i < p; i++)
        most = fmax(most, fabs(gsl_matrix_get(r, i, i)));
    for (size_t i = 0; i < p; i++)
        if (!(fabs(gsl_matrix_get(r, i, i)) > most * 1e-12))
            return false;
    for (size_t c = 0; c < p; c++) {
        for (size_t i = p; i-- > 0;) {
            double sum = i == c ? 1 : 0;
            for (size_t k = i + 1; k < p; k++)
                sum -= gsl_matrix_get(r, i, k) * inverse[k][c];
            inverse[i][c] = sum / gsl_matrix_get(r, i, i);
        }
    }
    return true;
}

/* From the polynomial in u = (x - shift) / scale to the one in x: t[k][j], what the inner coefficient j adds to the outer k. */
static void unscale(const struct lab_fitted *f, double t[LAB_PARAMETERS][LAB_PARAMETERS])
{
    for (size_t j = 0; j < f->p; j++) {
        double binomial = 1;
        for (size_t down = 0; down <= j; down++) { /* k = j - down */
            t[j - down][j] = binomial * pow(-f->shift_x, (double)down) / pow(f->scale_x, (double)j);
            binomial = binomial * (double)(j - down) / (double)(down + 1);
        }
    }
}

static int accumulate(const struct lab_points *points, const struct lab_fitted *f, gsl_multilarge_linear_workspace *w)
{
    double *rows = calloc(2 * ROWS, f->p * sizeof *rows), *right = calloc(2 * ROWS, sizeof *right);
    int rc = rows && right ? GSL_SUCCESS : GSL_ENOMEM;
    for (size_t at = 0; rc == GSL_SUCCESS && at < points->n;) {
        size_t n =
            points->n - at < 2 * ROWS ? points->n - at : ROWS; /* never a last one with fewer rows than columns */
        for (size_t i = 0; i < n; i++) {
            double u = (points->x[at + i] - f->shift_x) / f->scale_x, power = 1;
            for (size_t k = 0; k < f->p; k++, power *= u)
                rows[i * f->p + k] = power;
            right[i] = points->y[at + i] - f->shift_y;
        }
        gsl_matrix_view x = gsl_matrix_view_array(rows, n, f->p);
        gsl_vector_view y = gsl_vector_view_array(right, n);
        rc = gsl_multilarge_linear_accumulate(&x.matrix, &y.vector, w);
        at += n;
    }
    free(rows);
    free(right);
    return rc;
}

static double squares(const struct lab_points *points, const struct lab_fitted *f)
{
    long double sum = 0;
    for (size_t i = 0; i < points->n; i++) {
        long double r = (long double)(points->y[i] - lab_curve(f, points->x[i]));
        sum += r * r;
    }
    return (double)sum;
}

static int solve(const struct lab_points *points, struct lab_fitted *f, struct lec_err *err)
{
    double inverse[LAB_PARAMETERS][LAB_PARAMETERS] = {0}, t[LAB_PARAMETERS][LAB_PARAMETERS] = {0}, rest, norm;
    gsl_multilarge_linear_workspace *w = gsl_multilarge_linear_alloc(gsl_multilarge_linear_tsqr, f->p);
    if (!w)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    gsl_vector_view c = gsl_vector_view_array(f->inner, f->p);
    int rc = accumulate(points, f, w);
    bool found = rc == GSL_SUCCESS && invert(gsl_multilarge_linear_matrix_ptr(w), f->p, inverse) &&
                 gsl_multilarge_linear_solve(0, &c.vector, &rest, &norm, w) == GSL_SUCCESS;
    gsl_multilarge_linear_free(w);
    if (rc == GSL_ENOMEM)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    if (!found)
        return lec_fail(err, LEC_E_REFUSED, "the samples do not determine a polynomial of order %zu", f->p - 1);
    unscale(f, t);
    double variance = points->n > f->p ? squares(points, f) / (double)(points->n - f->p) : (double)NAN;
    for (size_t k = 0; k < f->p; k++) {
        double sum = 0;
        for (size_t c2 = 0; c2 < f->p; c2++) { /* the row k of t inv(R) */
            double one = 0;
            for (size_t j = 0; j < f->p; j++)
                one += t[k][j] * inverse[j][c2];
            sum += one * one;
        }
        f->c[k] = 0;
        for (size_t j = 0; j < f->p; j++)
            f->c[k] += t[k][j] * f->inner[j];
        f->uncertainty[k] = sqrt(variance * sum);
    }
    f->c[0] += f->shift_y;
    return 0;
}

int lab_fit_polynomial(const struct lab_points *points, unsigned order, struct lab_fitted *out, struct lec_err *err)
{
    struct lab_fitted f = {.form = LAB_FORM_POLYNOMIAL, .p = order + 1, .scale_y = 1};
    if (points->n < f.p)
        return lec_fail(err, LEC_E_RANGE, "a polynomial of order %u needs at least %zu samples; there are %zu", order,
                        f.p, points->n);
    double low = points->x[0], high = low;
    long double mean = 0;
    for (size_t i = 0; i < points->n; i++) {
        low = fmin(low, points->x[i]);
        high = fmax(high, points->x[i]);
        mean += (long double)points->y[i];
    }
    if (!(high > low))
        return lec_fail(err, LEC_E_REFUSED, "all samples are at one place");
    f.shift_x = (low + high) / 2;
    f.scale_x = (high - low) / 2;
    f.shift_y = (double)(mean / (long double)points->n);
    int rc = solve(points, &f, err);
    if (rc == 0)
        *out = f;
    return rc;
}

/* ---- The answer --------------------------------------------------------------------------------------------- */

static const struct {
    const char *formula;
    const char *names[LAB_PARAMETERS];
} forms[] = {
    [LAB_FORM_LINEAR] = {"A x + B", {"A", "B"}},
    [LAB_FORM_POLYNOMIAL] = {"c0 + c1 x + c2 x^2 + ...", {"c0", "c1", "c2", "c3", "c4", "c5", "c6"}},
    [LAB_FORM_EXPONENTIAL] = {"A exp(B x) + C", {"A", "B", "C"}},
    [LAB_FORM_POWER] = {"A x^B", {"A", "B"}},
    [LAB_FORM_SINE] = {"A sin(2 pi f x + p) + C", {"A", "f", "p", "C"}},
};

static void put_parameters(struct lec_buf *answer, const struct lab_fitted *f, enum lab_form form)
{
    lec_json_key(answer, "parameters");
    lec_buf_putc(answer, '[');
    for (size_t i = 0; i < f->p; i++) {
        size_t at = form == LAB_FORM_LINEAR ? 1 - i : i; /* the slope first, as it is written */
        lec_json_next(answer);
        lec_buf_putc(answer, '{');
        lec_member_str(answer, "name", forms[form].names[i]);
        lab_put(answer, "value", f->c[at]);
        lab_put(answer, "uncertainty", f->uncertainty[at]);
        lec_buf_putc(answer, '}');
    }
    lec_buf_putc(answer, ']');
}

/* How well the curve describes the points. */
static void put_quality(struct lec_buf *answer, const struct lab_points *points, const struct lab_fitted *f)
{
    long double mean = 0, total = 0, sum = 0, rest = 0;
    double low = (double)INFINITY, high = -(double)INFINITY, before = 0;
    uint64_t changes = 0;
    for (size_t i = 0; i < points->n; i++)
        mean += (long double)points->y[i] / (long double)points->n;
    for (size_t i = 0; i < points->n; i++) {
        double r = points->y[i] - lab_curve(f, points->x[i]);
        long double away = (long double)points->y[i] - mean, left = (long double)r;
        total += away * away;
        rest += left * left;
        sum += left;
        low = fmin(low, r);
        high = fmax(high, r);
        changes += i > 0 && (r < 0) != (before < 0) ? 1 : 0;
        before = r;
    }
    double n = (double)points->n;
    lab_put(answer, "r2", total > 0 ? (double)(1 - rest / total) : (double)NAN);
    lab_put(answer, "rmse", sqrt((double)rest / n));
    lec_json_key(answer, "residuals");
    lec_buf_putc(answer, '{');
    lab_put(answer, "min", low);
    lab_put(answer, "max", high);
    lab_put(answer, "mean", (double)sum / n);
    lab_put(answer, "sd", points->n > f->p ? sqrt((double)rest / (n - (double)f->p)) : (double)NAN);
    lab_put_count(answer, "sign_changes", changes);
}

/* The curve at evenly spaced places, and the residuals of some of the points. `residuals` is still open. */
static int put_curves(struct lec_buf *answer, const struct lab_points *points, const struct lab_fitted *f,
                      size_t wanted, struct lec_err *err)
{
    double *x = calloc(wanted + 1, sizeof *x), *y = calloc(wanted + 1, sizeof *y);
    if (!x || !y) {
        free(x);
        free(y);
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    }
    size_t n = points->n < wanted ? points->n : wanted;
    for (size_t i = 0; i < n; i++) {
        size_t at = i * points->n / n;
        x[i] = points->x[at];
        y[i] = points->y[at] - lab_curve(f, x[i]);
    }
    lab_put_list(answer, "x", x, n);
    lab_put_list(answer, "y", y, n);
    lec_buf_putc(answer, '}');
    double low = points->x[0], high = low;
    for (size_t i = 0; i < points->n; i++) {
        low = fmin(low, points->x[i]);
        high = fmax(high, points->x[i]);
    }
    for (size_t i = 0; i < wanted; i++) {
        x[i] = wanted > 1 ? low + (high - low) * (double)i / (double)(wanted - 1) : low;
        y[i] = lab_curve(f, x[i]);
    }
    lec_json_key(answer, "curve");
    lec_buf_putc(answer, '{');
    lab_put_list(answer, "x", x, wanted);
    lab_put_list(answer, "y", y, wanted);
    lec_buf_putc(answer, '}');
    free(x);
    free(y);
    return 0;
}

/* ---- The points --------------------------------------------------------------------------------------------- */

struct cloud {
    struct lab_series s, other;
    double *x, *y;
    size_t n;
    uint64_t left_out; /* no value of the other channel, or x not above zero for a power */
};

static void cloud_done(struct cloud *c)
{
    lab_series_done(&c->s);
    lab_series_done(&c->other);
    free(c->x);
    free(c->y);
}

static int gather(struct lab_analysis *a, struct cloud *c, struct lec_err *err)
{
    const struct lab_request *r = a->request;
    size_t channel = 0, at = 0;
    int rc = lab_series_load(a->runs, a->info, a->channel, r->from_ns, r->to_ns, &c->s, err);
    if (rc == 0 && r->against) {
        rc = lab_channel(a->info, r->against, &channel, err);
        if (rc == 0)
            rc = lab_series_load(a->runs, a->info, channel, r->from_ns, r->to_ns, &c->other, err);
    }
    if (rc < 0)
        return rc;
    c->x = calloc(c->s.n, sizeof *c->x);
    c->y = calloc(c->s.n, sizeof *c->y);
    if (!c->x || !c->y)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    for (size_t i = 0; i < c->s.n; i++) {
        double x = r->against ? lab_series_at(&c->other, c->s.t[i], &at) : c->s.t[i] - r->origin;
        if (isnan(x) || (r->form == LAB_FORM_POWER && x <= 0)) {
            c->left_out++;
            continue;
        }
        c->x[c->n] = x;
        c->y[c->n++] = c->s.v[i];
    }
    return c->n > 0 ? 0 : lec_fail(err, LEC_E_RANGE, "there is no sample that a curve could be laid through");
}

struct pair {
    double x, y;
};

static int by_x(const void *a, const void *b)
{
    double x = ((const struct pair *)a)->x, y = ((const struct pair *)b)->x;
    return (x > y) - (x < y);
}

/* Against another channel the points come in no order; the search for a frequency needs one. */
static int sort_points(struct cloud *c, struct lec_err *err)
{
    struct pair *pairs = calloc(c->n, sizeof *pairs);
    if (!pairs)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    for (size_t i = 0; i < c->n; i++)
        pairs[i] = (struct pair){c->x[i], c->y[i]};
    qsort(pairs, c->n, sizeof *pairs, by_x);
    for (size_t i = 0; i < c->n; i++) {
        c->x[i] = pairs[i].x;
        c->y[i] = pairs[i].y;
    }
    free(pairs);
    return 0;
}

int lab_fit(struct lab_analysis *a, struct lec_err *err)
{
    struct cloud c = {0};
    struct lab_fitted f = {0};
    enum lab_form form = a->request->form;
    int rc = gather(a, &c, err);
    if (rc == 0 && a->request->against)
        rc = sort_points(&c, err);
    struct lab_points points = {c.x, c.y, c.n};
    if (rc == 0)
        rc = form == LAB_FORM_LINEAR || form == LAB_FORM_POLYNOMIAL
                 ? lab_fit_polynomial(&points, a->request->order, &f, err)
                 : lab_fit_curve(&points, form, &f, err);
    if (rc == 0) {
        lec_member_str(a->answer, "form", lab_form_name(form));
        lec_member_str(a->answer, "formula", forms[form].formula);
        lec_member_str(a->answer, "x", a->request->against ? a->request->against : "time");
        lab_put_basis(a->answer, &c.s);
        lab_put_count(a->answer, "points", c.n);
        lab_put_count(a->answer, "left_out", c.left_out);
        put_parameters(a->answer, &f, form);
        if (f.iterations > 0)
            lab_put_count(a->answer, "iterations", f.iterations);
        put_quality(a->answer, &points, &f);
        rc = put_curves(a->answer, &points, &f, a->request->points, err);
    }
    cloud_done(&c);
    return rc;
}
