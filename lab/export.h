/* Exports: one run into one file. Each format is a file of its own behind one function.
 *
 * Threads: one job at a time (the HDF5 library has its own state). */
#ifndef LAB_EXPORT_H
#define LAB_EXPORT_H

#include "lectern/buf.h"
#include "lectern/runs.h"
#include "out.h"
#include "request.h"
#include "rows.h"

struct lab_job {
    struct lec_runs *runs;
    const struct lec_run_info *info;
    const struct lab_request *request;
    struct lab_selection selection;
    struct lab_out out;
    /* what the writer tells */
    uint64_t rows, values;
    uint64_t skipped; /* blocks that were broken */
};

/* Does what the request says and appends the answer, a JSON object, to `answer`. Returns 0 or a code: LEC_E_RANGE (no such run or
 * channel), LEC_E_BUSY (disk full), LEC_E_CONFIG (the file cannot be written), LEC_E_LINK, LEC_E_FRAME, LEC_E_NOMEM. */
int lab_export(struct lec_runs *runs, const struct lab_request *request, struct lec_buf *answer, struct lec_err *err);

/* The writers: from the job's run into job->out.part, whole. They return 0 or a code; who calls them finishes or drops the file. */
int lab_export_csv(struct lab_job *job, struct lec_err *err);
int lab_export_xlsx(struct lab_job *job, struct lec_err *err);
int lab_export_hdf5(struct lab_job *job, struct lec_err *err);
int lab_export_jsonl(struct lab_job *job, struct lec_err *err);

/* Whether the i-th channel of the selection has a column of raw values. */
bool lab_job_raw(const struct lab_job *job, size_t i);

/* Text for a cell: control characters become spaces, bytes that are not UTF-8 become U+FFFD. Appended to `out`. */
void lab_clean(struct lec_buf *out, const char *text);

#endif
