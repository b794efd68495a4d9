/* Where to begin. Each curved form has one parameter that is not linear (rate, power, frequency). For a given value of it the best
 * others follow from a small linear system; so one dimension is searched, coarsely everywhere and then finely where it is best.
 * That finds the valley that leads to the best fit, which Levenberg-Marquardt from a guess often does not. */
#include <gsl/gsl_fft_real.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit.h"

#define LOOK    ((size_t)4000)    /* points that a search looks at */
#define FFT_MAX ((size_t)1 << 21) /* points of the spectrum */
#define PEAKS   4

/* The points that a search looks at: all, or some at uneven distances so that no frequency hides behind a stride. */
struct sight {
    double x[LOOK], y[LOOK];
    size_t n;
};

static void look(const struct lab_points *points, struct sight *s)
{
    s->n = points->n < LOOK ? points->n : LOOK;
    uint32_t state = 2463534242u;
    double step = (double)points->n / (double)s->n;
    for (size_t i = 0; i < s->n; i++) {
        size_t at = i;
        if (points->n > LOOK) {
            state ^= state << 13, state ^= state >> 17, state ^= state << 5;
            at = (size_t)(((double)i + (double)state / 4294967296.0) * step);
            at = at < points->n ? at : points->n - 1;
        }
        s->x[i] = points->x[at];
        s->y[i] = points->y[at];
    }
}

/* The form's linear terms at u for the searched parameter q; returns how many there are. */
static size_t terms(enum lab_form form, double q, double u, double out[3])
{
    out[1] = 1;
    switch (form) {
    case LAB_FORM_EXPONENTIAL:
        out[0] = exp(q * u);
        return 2;
    case LAB_FORM_POWER:
        out[0] = pow(u, q);
        return 1;
    case LAB_FORM_SINE:
        out[0] = sin(2 * M_PI * q * u);
        out[2] = cos(2 * M_PI * q * u);
        return 3;
    case LAB_FORM_LINEAR:
    case LAB_FORM_POLYNOMIAL:
        break;
    }
    return 0;
}

/* Least squares for a given q: the sum of squared residuals, and the linear parameters. */
static double solve(const struct sight *s, enum lab_form form, double q, double best[3])
{
    double a[9] = {0}, b[3] = {0}, term[3];
    size_t k = 0;
    for (size_t i = 0; i < s->n; i++) {
        k = terms(form, q, s->x[i], term);
        for (size_t r = 0; r < k; r++) {
            for (size_t c = 0; c <= r; c++)
                a[r * 3 + c] += term[r] * term[c];
            b[r] += term[r] * s->y[i];
        }
    }
    if (k == 0)
        return (double)INFINITY;
    double dense[9];
    for (size_t r = 0; r < k; r++)
        for (size_t c = 0; c < k; c++)
            dense[r * k + c] = r >= c ? a[r * 3 + c] : a[c * 3 + r];
    gsl_matrix_view m = gsl_matrix_view_array(dense, k, k);
    gsl_vector_view right = gsl_vector_view_array(b, k), x = gsl_vector_view_array(best, k);
    for (size_t i = 0; i < 9; i++)
        if (!isfinite(a[i]))
            return (double)INFINITY;
    if (gsl_linalg_cholesky_decomp1(&m.matrix) != 0 ||
        gsl_linalg_cholesky_solve(&m.matrix, &right.vector, &x.vector) != 0)
        return (double)INFINITY;
    double rest = 0;
    for (size_t i = 0; i < s->n; i++) {
        double y = 0;
        k = terms(form, q, s->x[i], term);
        for (size_t r = 0; r < k; r++)
            y += best[r] * term[r];
        rest += (s->y[i] - y) * (s->y[i] - y);
    }
    return isfinite(rest) ? rest : (double)INFINITY;
}

struct search {
    const struct sight *sight;
    enum lab_form form;
    double q, rest; /* the best so far */
};

static double attempt(struct search *s, double q)
{
    double best[3];
    double rest = solve(s->sight, s->form, q, best);
    if (rest < s->rest) {
        s->rest = rest;
        s->q = q;
    }
    return rest;
}

/* The least rest between two values, by golden sections. */
static void narrow(struct search *s, double low, double high)
{
    const double golden = 0.6180339887498949;
    double a = high - golden * (high - low), b = low + golden * (high - low);
    double at_a = attempt(s, a), at_b = attempt(s, b);
    for (int i = 0; i < 40 && high - low > 1e-9 * fabs(low + high); i++) {
        if (at_a < at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - golden * (high - low);
            at_a = attempt(s, a);
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + golden * (high - low);
            at_b = attempt(s, b);
        }
    }
}

/* Rates from a fiftieth of the interval's length to a five-hundredth, either sign; or powers. */
static void search_steps(struct search *s, double least, double most)
{
    const double ratio = 1.15;
    for (int sign = -1; sign <= 1; sign += 2)
        for (double q = least; q < most; q *= ratio)
            attempt(s, sign * q);
    double q = s->q;
    if (isfinite(s->rest))
        narrow(s, q > 0 ? q / ratio : q * ratio, q > 0 ? q * ratio : q / ratio);
}

/* The strongest frequencies of the points, in cycles per unit of x, by a spectrum of the points on an even grid. */
static size_t peaks(const struct lab_points *p, double out[PEAKS])
{
    double low = p->x[0], span = p->x[p->n - 1] - low;
    size_t n = 64;
    while (n < 2 * p->n && n < FFT_MAX)
        n *= 2;
    double *grid = calloc(n, sizeof *grid), best[PEAKS] = {0};
    if (!grid || span <= 0) {
        free(grid);
        return 0;
    }
    size_t filled = n / 2, at = 0; /* the other half stays zero: finer steps */
    for (size_t i = 0; i < filled; i++) {
        double x = low + span * (double)i / (double)(filled - 1);
        while (at + 2 < p->n && p->x[at + 1] <= x)
            at++;
        double width = p->x[at + 1] - p->x[at];
        grid[i] = width > 0 ? p->y[at] + (p->y[at + 1] - p->y[at]) * (x - p->x[at]) / width : p->y[at];
    }
    double mean = 0;
    for (size_t i = 0; i < filled; i++)
        mean += grid[i] / (double)filled;
    for (size_t i = 0; i < filled; i++)
        grid[i] -= mean;
    size_t found = 0;
    if (gsl_fft_real_radix2_transform(grid, 1, n) == 0) {
        size_t most = (size_t)((double)n / 2 * (double)p->n / (double)filled); /* two samples to a cycle */
        for (size_t k = 1; k <= most && k < n / 2; k++) {
            double power = grid[k] * grid[k] + grid[n - k] * grid[n - k];
            size_t place = 0;
            while (place < found && best[place] >= power)
                place++;
            if (place == PEAKS)
                continue;
            for (size_t j = found < PEAKS ? found++ : PEAKS - 1; j > place; j--) {
                best[j] = best[j - 1];
                out[j] = out[j - 1];
            }
            best[place] = power;
            out[place] = (double)k / span * (double)(filled - 1) / (double)n;
        }
    }
    free(grid);
    return found;
}

static void search_frequencies(struct search *s, const struct lab_points *points)
{
    double span = points->x[points->n - 1] - points->x[0], found[PEAKS];
    double step = 0.1 / span;
    for (int i = 2; i < 60; i++) /* a spectrum sees less than two cycles badly */
        attempt(s, (double)i * step);
    size_t n = peaks(points, found);
    for (size_t i = 0; i < n; i++)
        for (int j = -6; j <= 6; j++)
            if (found[i] + j * step > 0)
                attempt(s, found[i] + j * step);
    if (isfinite(s->rest))
        narrow(s, s->q - step, s->q + step);
}

int lab_fit_start(const struct lab_points *points, enum lab_form form, double start[4], struct lec_err *err)
{
    struct sight *sight = malloc(sizeof *sight);
    if (!sight)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    look(points, sight);
    struct search s = {.sight = sight, .form = form, .rest = (double)INFINITY};
    if (form == LAB_FORM_SINE)
        search_frequencies(&s, points);
    else
        search_steps(&s, 0.02, form == LAB_FORM_POWER ? 20 : 500);
    double best[3] = {0};
    bool found = isfinite(s.rest) && isfinite(solve(sight, form, s.q, best));
    free(sight);
    if (!found)
        return lec_fail(err, LEC_E_REFUSED, "no %s curve fits these samples", lab_form_name(form));
    start[0] = best[0];
    start[1] = s.q;
    start[2] = best[1];
    if (form == LAB_FORM_SINE) {
        start[0] = hypot(best[0], best[2]);
        start[2] = atan2(best[2], best[0]);
        start[3] = best[1];
    }
    return 0;
}
