/* The rows of an export, from the readers of its channels: long (a row a sample, all channels merged in order of time) or
 * wide (a row a time of the fastest channel, a column a channel).
 *
 * Threads: belongs to its caller. */
#ifndef LAB_ROWS_H
#define LAB_ROWS_H

#include "reader.h"
#include "request.h"

/* Which channels of the run an export has. */
struct lab_selection {
    size_t at[LEC_CHANNELS_MAX]; /* indices in info->channels */
    size_t n;
};

/* The channels that the request names (all if it names none). LEC_E_RANGE: there is no such channel in the run. */
int lab_select(const struct lab_request *request, const struct lec_run_info *info, struct lab_selection *out,
               struct lec_err *err);

/* A channel's index in the run, by name; LEC_E_RANGE with the nearest name. */
int lab_channel(const struct lec_run_info *info, const char *name, size_t *out, struct lec_err *err);

struct lab_row {
    size_t column; /* in the selection */
    bool gap;      /* no sample: sample.lost of them are missing from sample.gap_ns on */
    struct lab_sample sample;
};

struct lab_rows;

int lab_rows_open(struct lec_runs *runs, const struct lec_run_info *info, const struct lab_selection *selection,
                  const struct lab_request *request, struct lab_rows **out, struct lec_err *err);
/* 1 with a row, 0 at the end, or a code. For LAB_LONG. */
int lab_rows_next(struct lab_rows *rows, struct lab_row *out, struct lec_err *err);

#define LAB_NOTE 4096

struct lab_wide {
    int64_t t_ns, wall_us;
    double value[LEC_CHANNELS_MAX], raw[LEC_CHANNELS_MAX]; /* NaN: an empty cell */
    uint64_t lost[LEC_CHANNELS_MAX];                       /* in gaps that begin since the row before */
    int64_t gap_ns[LEC_CHANNELS_MAX];                      /* the first of them */
    char quality[LAB_NOTE]; /* "good", or what is not: "gap:water:17 late:air", at most LAB_NOTE bytes */
};
/* The same for LAB_NEAREST and LAB_LINEAR. */
int lab_rows_wide(struct lab_rows *rows, struct lab_wide *out, struct lec_err *err);

uint64_t lab_rows_skipped(const struct lab_rows *rows);
void lab_rows_close(struct lab_rows **rows);

#endif
