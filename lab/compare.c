/* Two channels, of one run or of two, over the run time that they have in common: how far they are apart, how alike they are, and how
 * much later the second one does the same. */
#include <gsl/gsl_fft_halfcomplex.h>
#include <gsl/gsl_fft_real.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze.h"
#include "lectern/member.h"
#include "rows.h"

#define GRID ((size_t)1 << 16) /* most places in time at which the offset is looked for */

/* Differences at the samples of the denser channel; the other is read between its samples, never over a gap. */
struct apart {
    uint64_t n;
    long double a, b, aa, bb, ab, d, dd;
    double most, from, to;
};

static void add(struct apart *q, double t, double a, double b)
{
    if (q->n == 0)
        q->from = t;
    q->to = t;
    q->n++;
    long double of_a = (long double)a, of_b = (long double)b;
    q->a += of_a;
    q->b += of_b;
    q->d += of_a - of_b;
    q->dd += (of_a - of_b) * (of_a - of_b);
    q->most = fmax(q->most, fabs(a - b));
}

static void measure(const struct lab_series *a, const struct lab_series *b, struct apart *q)
{
    const struct lab_series *base = a->n >= b->n ? a : b, *other = base == a ? b : a;
    for (int pass = 0; pass < 2; pass++) { /* the second time about the means */
        long double mean_a = pass ? q->a / (long double)q->n : 0, mean_b = pass ? q->b / (long double)q->n : 0;
        size_t at = 0;
        for (size_t i = 0; i < base->n && (pass == 0 || q->n > 0); i++) {
            double v = lab_series_at(other, base->t[i], &at), w = base->v[i];
            if (isnan(v))
                continue;
            double of_a = base == a ? w : v, of_b = base == a ? v : w;
            long double away_a = (long double)of_a - mean_a, away_b = (long double)of_b - mean_b;
            if (pass == 0) {
                add(q, base->t[i], of_a, of_b);
            } else {
                q->aa += away_a * away_a;
                q->bb += away_b * away_b;
                q->ab += away_a * away_b;
            }
        }
    }
}

/* n values at even steps from `from`, less their mean; gaps are bridged here, because a spectrum knows no holes. */
static void spread(const struct lab_series *s, double from, double step, size_t n, double *out)
{
    size_t at = 0;
    double mean = 0;
    for (size_t i = 0; i < n; i++) {
        double t = fmin(fmax(from + step * (double)i, s->t[0]), s->t[s->n - 1]);
        while (at + 2 < s->n && s->t[at + 1] <= t)
            at++;
        out[i] =
            s->n < 2 ? s->v[0] : s->v[at] + (s->v[at + 1] - s->v[at]) * ((t - s->t[at]) / (s->t[at + 1] - s->t[at]));
        mean += out[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        out[i] -= mean;
}

/* out[lag] = sum of a[i] b[i + lag]; negative lags from the end of out. a and b have `size` elements, the upper half zero; both are
 * used up. */
static bool correlate(double *a, double *b, size_t size)
{
    if (gsl_fft_real_radix2_transform(a, 1, size) != 0 || gsl_fft_real_radix2_transform(b, 1, size) != 0)
        return false;
    a[0] *= b[0];
    a[size / 2] *= b[size / 2];
    for (size_t k = 1; k < size / 2; k++) {
        double re = a[k] * b[k] + a[size - k] * b[size - k];
        double im = a[k] * b[size - k] - a[size - k] * b[k];
        a[k] = re;
        a[size - k] = im;
    }
    return gsl_fft_halfcomplex_radix2_inverse(a, 1, size) == 0;
}

/* Correlation of the parts that overlap when b is moved by lag. */
static double likeness(const double *a, const double *b, size_t n, long lag)
{
    size_t from_a = lag < 0 ? (size_t)-lag : 0, from_b = lag > 0 ? (size_t)lag : 0, m = n - from_a - from_b;
    long double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < m; i++) {
        long double x = (long double)a[from_a + i], y = (long double)b[from_b + i];
        sa += x, sb += y, aa += x * x, bb += y * y, ab += x * y;
    }
    long double k = (long double)m;
    return (double)((ab - sa * sb / k) / sqrtl((aa - sa * sa / k) * (bb - sb * sb / k)));
}

/* The lag of the greatest correlation, at most half the interval either way, between the steps by a parabola. */
static void find_offset(const double *corr, size_t size, size_t n, double *offset, long *lag)
{
    long best = 0, most = (long)(n / 2);
#define AT(l) corr[(l) < 0 ? size - (size_t)(-(l)) : (size_t)(l)]
    for (long l = -most; l <= most; l++)
        if (AT(l) > AT(best))
            best = l;
    double between = 0;
    if (best > -most && best < most) {
        double before = AT(best - 1), here = AT(best), after = AT(best + 1), bend = before - 2 * here + after;
        between = bend < 0 ? 0.5 * (before - after) / bend : 0;
    }
#undef AT
    *offset = (double)best + between;
    *lag = best;
}

static int put_offset(struct lec_buf *answer, const struct lab_series *a, const struct lab_series *b,
                      struct lec_err *err)
{
    double from = fmax(a->t[0], b->t[0]), to = fmin(a->t[a->n - 1], b->t[b->n - 1]);
    size_t most = a->n > b->n ? a->n : b->n, n = most < GRID ? most : GRID, size = 2;
    if (!(to > from) || n < 4) {
        lab_put(answer, "offset_s", (double)NAN);
        return 0;
    }
    double step = (to - from) / (double)(n - 1), offset = 0;
    while (size < 2 * n)
        size *= 2;
    long lag = 0;
    double *one = calloc(size, sizeof *one), *two = calloc(size, sizeof *two), *keep = calloc(2 * n, sizeof *keep);
    bool ok = one && two && keep;
    if (ok) {
        spread(a, from, step, n, one);
        spread(b, from, step, n, two);
        memcpy(keep, one, n * sizeof *keep);
        memcpy(keep + n, two, n * sizeof *keep);
        ok = correlate(one, two, size);
    }
    if (ok) {
        find_offset(one, size, n, &offset, &lag);
        lab_put(answer, "offset_s", offset * step);
        lab_put(answer, "offset_correlation", likeness(keep, keep + n, n, lag));
        lab_put(answer, "offset_step_s", step);
    }
    free(one);
    free(two);
    free(keep);
    return ok ? 0 : lec_fail(err, LEC_E_NOMEM, "out of memory");
}

static int load_other(struct lab_analysis *a, struct lab_series *out, struct lec_err *err)
{
    const struct lab_request *r = a->request;
    struct lec_run_info info;
    size_t channel = 0;
    int rc = lec_runs_info(a->runs, r->other_run, &info, err);
    if (rc < 0)
        return rc;
    rc = lab_channel(&info, r->other_channel, &channel, err);
    if (rc == 0)
        rc = lab_series_load(a->runs, &info, channel, r->from_ns, r->to_ns, out, err);
    if (rc == 0) {
        lec_member_str(a->answer, "with_run", info.summary.id);
        lec_member_str(a->answer, "with_channel", info.channels[channel].name);
        lec_member_str(a->answer, "with_unit", info.channels[channel].unit);
    }
    lec_run_info_free(&info);
    return rc;
}

static void put_apart(struct lec_buf *answer, const struct apart *q)
{
    double n = (double)q->n;
    lab_put(answer, "from", q->from);
    lab_put(answer, "to", q->to);
    lab_put_count(answer, "n", q->n);
    lab_put(answer, "mean_difference", (double)q->d / n);
    lab_put(answer, "rms_difference", sqrt((double)q->dd / n));
    lab_put(answer, "max_difference", q->most);
    lab_put(answer, "correlation", q->aa > 0 && q->bb > 0 ? (double)(q->ab / sqrtl(q->aa * q->bb)) : (double)NAN);
}

int lab_compare(struct lab_analysis *a, struct lec_err *err)
{
    struct lab_series one = {0}, two = {0};
    struct apart q = {0};
    int rc = lab_series_load(a->runs, a->info, a->channel, a->request->from_ns, a->request->to_ns, &one, err);
    if (rc == 0)
        rc = load_other(a, &two, err);
    if (rc == 0) {
        measure(&one, &two, &q);
        if (q.n == 0)
            rc = lec_fail(err, LEC_E_RANGE, "the two have no time in common");
    }
    if (rc == 0) {
        put_apart(a->answer, &q);
        lab_put_count(a->answer, "missing", one.missing + two.missing);
        lab_put_count(a->answer, "lost", one.lost + two.lost);
        if (one.stride > 1 || two.stride > 1)
            lec_member_str(a->answer, "note", "not every sample was used: there are more than 2000000");
        rc = put_offset(a->answer, &one, &two, err);
    }
    lab_series_done(&one);
    lab_series_done(&two);
    return rc;
}
