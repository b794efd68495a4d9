#include "export.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lectern/member.h"
#include "lectern/parse.h"

static const struct {
    int (*write)(struct lab_job *job, struct lec_err *err);
    bool own_file; /* its library opens the file */
    const char *type, *ending;
} formats[] = {
    [LAB_CSV] = {lab_export_csv, false, "text/csv; charset=utf-8", "csv"},
    [LAB_CSV_VI] = {lab_export_csv, false, "text/csv; charset=utf-8", "csv"},
    [LAB_XLSX] = {lab_export_xlsx, true, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
    [LAB_HDF5] = {lab_export_hdf5, true, "application/x-hdf5", "h5"},
    [LAB_JSONL] = {lab_export_jsonl, false, "application/x-ndjson", "jsonl"},
};

void lab_clean(struct lec_buf *out, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)text[i];
        size_t len = c < 0x80 ? 1 : 0;
        for (size_t m = 2; len == 0 && m <= 4 && i + m <= n; m++)
            if (lec_is_utf8(text + i, m))
                len = m;
        if (len == 0)
            lec_buf_puts(out, "\xEF\xBF\xBD");
        else if (c < 0x20 || c == 0x7f)
            lec_buf_putc(out, ' ');
        else
            lec_buf_put(out, text + i, len);
        i += len > 0 ? len : 1;
    }
}

bool lab_job_raw(const struct lab_job *job, size_t i)
{
    return job->request->raw && job->info->channels[job->selection.at[i]].kind == LEC_CHANNEL_POINT;
}

static void answer_file(const struct lab_job *job, uint64_t bytes, struct lec_buf *answer)
{
    const char *ending = formats[job->request->format].ending;
    lec_buf_putc(answer, '{');
    lec_member_int(answer, "bytes", (int64_t)bytes);
    lec_member_str(answer, "type", formats[job->request->format].type);
    lec_json_key(answer, "name");
    char name[LEC_RUN_ID + 16];
    snprintf(name, sizeof name, "%s.%s", job->info->summary.id, ending);
    lec_json_str(answer, name);
    lec_member_int(answer, "rows", (int64_t)job->rows);
    lec_member_int(answer, "values", (int64_t)job->values);
    if (job->skipped > 0)
        lec_member_int(answer, "broken", (int64_t)job->skipped);
    lec_buf_putc(answer, '}');
}

int lab_export(struct lec_runs *runs, const struct lab_request *request, struct lec_buf *answer, struct lec_err *err)
{
    struct lec_run_info info;
    int rc = lec_runs_info(runs, request->run, &info, err);
    if (rc < 0)
        return rc;
    struct lab_job job = {.runs = runs, .info = &info, .request = request};
    uint64_t bytes = 0;
    rc = lab_select(request, &info, &job.selection, err);
    if (rc == 0)
        rc = formats[request->format].own_file ? lab_out_begin(&job.out, request->out, err)
                                               : lab_out_open(&job.out, request->out, err);
    if (rc == 0) {
        rc = formats[request->format].write(&job, err);
        if (rc == 0)
            rc = lab_out_finish(&job.out, &bytes, err);
        else
            lab_out_drop(&job.out);
    }
    if (rc == 0)
        answer_file(&job, bytes, answer);
    lec_run_info_free(&info);
    return rc;
}
