/* Statistics over an interval, and the area under a channel. */
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>

#include "analyze.h"
#include "lectern/member.h"

int lab_statistics(struct lab_analysis *a, struct lec_err *err)
{
    struct lab_series s;
    int rc = lab_series_load(a->runs, a->info, a->channel, a->request->from_ns, a->request->to_ns, &s, err);
    if (rc < 0)
        return rc;
    lab_put_basis(a->answer, &s);
    lab_put(a->answer, "min", s.min);
    lab_put(a->answer, "max", s.max);
    lab_put(a->answer, "mean", s.mean);
    lab_put(a->answer, "sd", s.sd);
    lab_put(a->answer, "median", gsl_stats_median(s.v, 1, s.n)); /* puts s.v out of order */
    lab_put(a->answer, "rms", s.rms);
    lab_put(a->answer, "first", s.first);
    lab_put(a->answer, "last", s.last);
    lab_series_done(&s);
    return 0;
}

int lab_area(struct lab_analysis *a, struct lec_err *err)
{
    struct lab_series s;
    int rc = lab_series_load(a->runs, a->info, a->channel, a->request->from_ns, a->request->to_ns, &s, err);
    if (rc < 0)
        return rc;
    long double area = 0, covered = 0, left_out = 0;
    uint64_t holes = 0;
    for (size_t i = 1; i < s.n; i++) {
        long double width = (long double)(s.t[i] - s.t[i - 1]);
        if (s.broken[i]) {
            left_out += width;
            holes++;
            continue;
        }
        area += width * ((long double)s.v[i] + (long double)s.v[i - 1]) / 2;
        covered += width;
    }
    char unit[40];
    snprintf(unit, sizeof unit, "%s.s", a->unit[0] ? a->unit : "1");
    lab_put_basis(a->answer, &s);
    lab_put(a->answer, "area", (double)area);
    lec_member_str(a->answer, "area_unit", unit);
    lab_put(a->answer, "covered_s", (double)covered);
    lab_put(a->answer, "left_out_s", (double)left_out);
    lab_put_count(a->answer, "holes", holes);
    lab_series_done(&s);
    return 0;
}
