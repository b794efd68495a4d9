#include "analyze.h"

#include <gsl/gsl_errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "lectern/member.h"
#include "number.h"
#include "rows.h"

void lab_put(struct lec_buf *answer, const char *key, double v)
{
    char text[LAB_NUMBER];
    size_t n = lab_number(text, v, '.');
    lec_json_key(answer, key);
    if (n > 0)
        lec_buf_put(answer, text, n);
    else
        lec_buf_puts(answer, "null");
}

void lab_put_count(struct lec_buf *answer, const char *key, uint64_t n)
{
    lec_member_int(answer, key, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

void lab_put_list(struct lec_buf *answer, const char *key, const double *v, size_t n)
{
    char text[LAB_NUMBER];
    lec_json_key(answer, key);
    lec_buf_putc(answer, '[');
    for (size_t i = 0; i < n; i++) {
        size_t len = lab_number(text, v[i], '.');
        lec_json_next(answer);
        if (len > 0)
            lec_buf_put(answer, text, len);
        else
            lec_buf_puts(answer, "null");
    }
    lec_buf_putc(answer, ']');
}

void lab_put_basis(struct lec_buf *answer, const struct lab_series *s)
{
    lab_put(answer, "from", s->t_first);
    lab_put(answer, "to", s->t_last);
    lab_put_count(answer, "n", s->count);
    lab_put_count(answer, "missing", s->missing);
    lab_put_count(answer, "lost", s->lost);
    lab_put_count(answer, "gaps", s->gaps);
    if (s->skipped > 0)
        lab_put_count(answer, "broken_blocks", s->skipped);
    if (s->stride > 1) {
        char note[96];
        snprintf(note, sizeof note, "one sample in %" PRIu64 " was used: %zu of %" PRIu64, s->stride, s->n, s->count);
        lab_put_count(answer, "used", s->n);
        lec_member_str(answer, "note", note);
    }
}

int lab_analyze(struct lec_runs *runs, const struct lab_request *request, struct lec_buf *answer, struct lec_err *err)
{
    static int (*const works[])(struct lab_analysis *, struct lec_err *) = {
        [LAB_STATISTICS] = lab_statistics, [LAB_FIT] = lab_fit,         [LAB_AREA] = lab_area,
        [LAB_TANGENT] = lab_tangent,       [LAB_COMPARE] = lab_compare,
    };
    struct lec_run_info info;
    struct lab_analysis a = {.runs = runs, .info = &info, .request = request, .answer = answer};
    gsl_set_error_handler_off(); /* codes are looked at */
    int rc = lec_runs_info(runs, request->run, &info, err);
    if (rc < 0)
        return rc;
    rc = lab_channel(&info, request->channel, &a.channel, err);
    if (rc == 0) {
        a.unit = info.channels[a.channel].unit;
        lec_buf_putc(answer, '{');
        lec_member_str(answer, "what", lab_what_name(request->what));
        lec_member_str(answer, "run", info.summary.id);
        lec_member_str(answer, "channel", request->channel);
        lec_member_str(answer, "unit", a.unit);
        rc = works[request->what](&a, err);
        lec_buf_putc(answer, '}');
    }
    lec_run_info_free(&info);
    return rc;
}
