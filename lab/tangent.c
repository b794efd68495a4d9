/* The tangent at a time: a parabola by least squares through the samples around it, which follows a bend where a straight line
 * would cut it. Never over a gap. */
#include <math.h>
#include <stdio.h>

#include "analyze.h"
#include "fit.h"
#include "lectern/clock.h"
#include "lectern/member.h"

#define USUAL 11 /* samples, when no window is asked for */

/* Samples around `at` without a break: [*first, *first + *n), all within `half` seconds, or the USUAL nearest if half is 0.
 * False: `at` lies in a gap, or beyond the ends. */
static bool surround(const struct lab_series *s, double at, double half, size_t *first, size_t *n)
{
    size_t i = 0;
    while (i + 1 < s->n && s->t[i + 1] <= at)
        i++;
    if (s->t[i] > at || (s->t[i] < at && (i + 1 == s->n || s->broken[i + 1])))
        return false;
    size_t low = i, high = i + 1;
    while (high < s->n && !s->broken[high] && (half > 0 ? s->t[high] <= at + half : high < i + USUAL))
        high++;
    while (low > 0 && !s->broken[low] && (half > 0 ? s->t[low - 1] >= at - half : low + USUAL > i + 1))
        low--;
    if (half <= 0) { /* of at most 21, the nearest */
        while (high - low > USUAL) {
            if (at - s->t[low] > s->t[high - 1] - at)
                low++;
            else
                high--;
        }
    }
    *first = low;
    *n = high - low;
    return true;
}

/* Loads around `at`: by the window, or as far as it takes to have the usual number of samples on both sides. */
static int load(struct lab_analysis *a, struct lab_series *s, struct lec_err *err)
{
    const struct lab_request *r = a->request;
    const struct lec_run_info *info = a->info;
    double seconds = (double)info->summary.duration_ns / 1e9;
    double rate = info->samples[a->channel] > 0 && seconds > 0 ? (double)info->samples[a->channel] / seconds : 1;
    double reach = r->window > 0 ? r->window : 4 * USUAL / rate;
    for (;;) {
        double low = (r->at - reach) * 1e9, high = (r->at + reach) * 1e9 + 1;
        bool all = low <= (double)r->from_ns && high >= (double)r->to_ns;
        int64_t from = low > (double)r->from_ns && low > -9e18 ? (int64_t)low : r->from_ns;
        int64_t to = high < (double)r->to_ns && high < 9e18 ? (int64_t)high : r->to_ns;
        if (reach > 4 * seconds + 1e5) {
            all = true;
            from = r->from_ns;
            to = r->to_ns;
        }
        int rc = lab_series_load(a->runs, info, a->channel, from, to, s, err);
        if (all || rc == LEC_E_NOMEM || (rc < 0 && rc != LEC_E_RANGE))
            return rc;
        size_t first = 0, n = 0;
        if (rc == 0 && (r->window > 0 || (surround(s, r->at, 0, &first, &n) && n >= USUAL)))
            return 0;
        if (rc == 0)
            lab_series_done(s);
        reach *= 8;
    }
}

int lab_tangent(struct lab_analysis *a, struct lec_err *err)
{
    const struct lab_request *r = a->request;
    struct lab_series s;
    struct lab_fitted f = {0};
    size_t first = 0, n = 0;
    double x[4096];
    int rc = load(a, &s, err);
    if (rc < 0)
        return rc;
    if (!surround(&s, r->at, r->window / 2, &first, &n))
        rc = lec_fail(err, LEC_E_RANGE, "%s has no samples on both sides of %g s", r->channel, r->at);
    /* a window may have very many samples: every so many-th of them does */
    size_t step = n / ARRAY_LEN(x) + 1, m = 0;
    double y[4096];
    for (size_t i = 0; rc == 0 && i < n; i += step, m++) {
        x[m] = s.t[first + i] - r->at;
        y[m] = s.v[first + i];
    }
    struct lab_points points = {x, y, m};
    if (rc == 0)
        rc = lab_fit_polynomial(&points, 2, &f, err);
    if (rc == 0) {
        char unit[40];
        snprintf(unit, sizeof unit, "%s/s", a->unit[0] ? a->unit : "1");
        lab_put(a->answer, "at", r->at);
        lab_put(a->answer, "value", f.c[0]);
        lab_put(a->answer, "value_uncertainty", f.uncertainty[0]);
        lab_put(a->answer, "slope", f.c[1]);
        lab_put(a->answer, "slope_uncertainty", f.uncertainty[1]);
        lec_member_str(a->answer, "slope_unit", unit);
        lab_put_count(a->answer, "n", m);
        lab_put(a->answer, "from", s.t[first]);
        lab_put(a->answer, "to", s.t[first + n - 1]);
    }
    lab_series_done(&s);
    return rc;
}
