/* Analysis of a recorded channel: statistics, fits, area, tangent, comparison. All in double precision; docs/experiments.md says what
 * each number means.
 *
 * Threads: one at a time. */
#ifndef LAB_ANALYZE_H
#define LAB_ANALYZE_H

#include "lectern/buf.h"
#include "lectern/runs.h"
#include "request.h"
#include "series.h"

struct lab_analysis {
    struct lec_runs *runs;
    const struct lec_run_info *info;
    const struct lab_request *request;
    size_t channel;
    const char *unit;       /* of the channel */
    struct lec_buf *answer; /* an open JSON object */
};

/* Does what the request says and appends the answer, a JSON object, to `answer`. Returns 0 or a code: LEC_E_RANGE (no such run or
 * channel, no samples, too few for what is asked), LEC_E_REFUSED (a fit that does not converge or that the samples do not
 * determine), LEC_E_FRAME, LEC_E_NOMEM. */
int lab_analyze(struct lec_runs *runs, const struct lab_request *request, struct lec_buf *answer, struct lec_err *err);

/* Each writes its members into a->answer. */
int lab_statistics(struct lab_analysis *a, struct lec_err *err);
int lab_area(struct lab_analysis *a, struct lec_err *err);
int lab_tangent(struct lab_analysis *a, struct lec_err *err);
int lab_compare(struct lab_analysis *a, struct lec_err *err);
int lab_fit(struct lab_analysis *a, struct lec_err *err);

/* "key": number, null when it is not finite. */
void lab_put(struct lec_buf *answer, const char *key, double v);
void lab_put_count(struct lec_buf *answer, const char *key, uint64_t n);
/* "key": [numbers]. */
void lab_put_list(struct lec_buf *answer, const char *key, const double *v, size_t n);
/* What every answer says of the samples it rests on: from, to, n, missing, lost, gaps, and a note if not all of them were used. */
void lab_put_basis(struct lec_buf *answer, const struct lab_series *s);

#endif
