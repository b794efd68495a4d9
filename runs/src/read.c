/* Reading rows: channels, blocks by place, the list of runs, one run. */
#include <stdlib.h>
#include <string.h>

#include "runs_impl.h"

int channel_read(sqlite3_stmt *s, struct channel_row *row, struct lec_run_channel *out, struct lec_err *err)
{
    *row = (struct channel_row){
        .num = sqlite3_column_int64(s, 0),
        .samples = (uint64_t)sqlite3_column_int64(s, 1),
        .lost = (uint64_t)sqlite3_column_int64(s, 2),
        .bytes = sqlite3_column_int64(s, 3),
        .t_end = sqlite3_column_type(s, 4) == SQLITE_NULL ? INT64_MIN : sqlite3_column_int64(s, 4),
        .correction_us = sqlite3_column_int64(s, 5),
    };
    memset(out, 0, sizeof *out);
    db_text(s, 6, out->name, sizeof out->name);
    db_text(s, 7, out->label, sizeof out->label);
    db_text(s, 8, out->label_en, sizeof out->label_en);
    db_text(s, 9, out->unit, sizeof out->unit);
    db_text(s, 10, out->source, sizeof out->source);
    db_text(s, 11, out->sensor, sizeof out->sensor);
    db_text(s, 12, out->serial, sizeof out->serial);
    char kind[16];
    db_text(s, 13, kind, sizeof kind);
    out->kind = channel_kind(kind);
    out->rate_hz = sqlite3_column_double(s, 14);
    out->decimals = sqlite3_column_int(s, 15);
    const char *form = (const char *)sqlite3_column_text(s, 16);
    if (row->num <= 0 || row->num > CHANNEL_MAX || !form || lec_calibration_parse(form, &out->calibration, NULL) < 0)
        return lec_fail(err, LEC_E_FRAME, "channel %s of a run is damaged", out->name);
    db_text(s, 17, out->calibration.unit, sizeof out->calibration.unit);
    db_text(s, 18, out->calibration.source, sizeof out->calibration.source);
    db_text(s, 19, out->calibration.by, sizeof out->calibration.by);
    db_text(s, 20, out->calibration.note, sizeof out->calibration.note);
    out->calibration.date_us = sqlite3_column_int64(s, 21);
    return 0;
}

/* ---- Blocks ------------------------------------------------------------------------------------------------- */

/* The row that `s` stands on, of table block. */
static int read_block(sqlite3_stmt *s, struct block *out, uint64_t *first, uint64_t *n, struct lec_err *err)
{
    *first = (uint64_t)(sqlite3_column_int64(s, 0) & INDEX_MAX);
    *n = (uint64_t)sqlite3_column_int64(s, 1);
    int rc = block_unpack(sqlite3_column_blob(s, 4), (size_t)sqlite3_column_bytes(s, 4), out, err);
    if (rc == 0 && out->n != *n)
        rc = lec_fail(err, LEC_E_FRAME, "a block of samples has another size than its row says");
    sqlite3_reset(s);
    return rc < 0 ? rc : 1;
}

/* What the tails have from sample `i` on, as one block of at most LEC_RUN_BLOCK_MAX samples. */
static int tail_from(struct lec_runs *runs, int64_t channel, uint64_t i, struct block *out, uint64_t *first,
                     uint64_t *n, struct lec_err *err)
{
    struct block piece = {0};
    sqlite3_stmt *s;
    out->n = out->n_segments = out->n_times = 0;
    int rc = db_ask(runs, ST_TAIL_OF, &s, err, "ii", channel, (int64_t)i);
    while (rc == 1) {
        uint64_t at = (uint64_t)sqlite3_column_int64(s, 0);
        if (out->n > 0 && (at != *first + out->n || out->n > LEC_RUN_BLOCK_MAX / 2))
            break;
        rc = block_unpack(sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2), &piece, err);
        if (rc < 0) {
            if (out->n == 0) {
                *first = at;
                *n = (uint64_t)sqlite3_column_int64(s, 1);
            } else {
                rc = 0; /* what is before it first */
            }
            break;
        }
        if (out->n == 0)
            *first = at;
        for (size_t k = 0; k < piece.n_segments && rc == 0; k++) {
            const struct lec_run_block samples = segment_block(&piece, k);
            rc = block_add(out, &samples, err);
        }
        if (rc == 0)
            rc = db_row(runs, s, err);
    }
    sqlite3_reset(s);
    block_done(&piece);
    if (rc < 0)
        return rc;
    *n = out->n;
    return out->n > 0;
}

int block_at(struct lec_runs *runs, int64_t channel, uint64_t i, struct block *out, uint64_t *first, uint64_t *n,
             struct lec_err *err)
{
    sqlite3_stmt *s;
    *first = *n = 0;
    int rc = db_ask(runs, ST_BLOCK_UP_TO, &s, err, "ii", PLACE(channel, 0), PLACE(channel, i));
    if (rc == 1 && (uint64_t)(sqlite3_column_int64(s, 0) & INDEX_MAX) + (uint64_t)sqlite3_column_int64(s, 1) > i)
        return read_block(s, out, first, n, err);
    if (rc < 0)
        return rc;
    sqlite3_reset(s);
    rc = db_ask(runs, ST_BLOCK_FROM, &s, err, "ii", PLACE(channel, i), PLACE(channel, INDEX_MAX));
    if (rc == 1)
        return read_block(s, out, first, n, err);
    return rc < 0 ? rc : tail_from(runs, channel, i, out, first, n, err);
}

/* ---- The list ----------------------------------------------------------------------------------------------- */

static int64_t read_summary(sqlite3_stmt *s, struct lec_run_summary *out)
{
    memset(out, 0, sizeof *out);
    db_text(s, 1, out->id, sizeof out->id);
    db_text(s, 2, out->experiment, sizeof out->experiment);
    db_text(s, 3, out->label, sizeof out->label);
    db_text(s, 4, out->label_en, sizeof out->label_en);
    db_text(s, 5, out->operator_, sizeof out->operator_);
    db_text(s, 6, out->principal, sizeof out->principal);
    db_text(s, 7, out->status, sizeof out->status);
    out->start_us = sqlite3_column_int64(s, 8);
    out->stop_us = sqlite3_column_int64(s, 9);
    out->exported_us = sqlite3_column_int64(s, 10);
    out->duration_ns = sqlite3_column_int64(s, 11);
    out->samples = (uint64_t)sqlite3_column_int64(s, 12);
    out->lost = (uint64_t)sqlite3_column_int64(s, 13);
    out->marks = (uint64_t)sqlite3_column_int64(s, 14);
    out->bytes = (uint64_t)sqlite3_column_int64(s, 15);
    out->simulated = sqlite3_column_int(s, 16) != 0;
    db_text(s, 17, out->reason, sizeof out->reason);
    return sqlite3_column_int64(s, 0);
}

/* What is in the tails of a channel, behind what its row counts. */
static int add_tail(struct lec_runs *runs, struct channel_row *row, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_TAIL_COUNT, &s, err, "ii", row->num, (int64_t)row->samples);
    if (rc < 0)
        return rc;
    row->samples += (uint64_t)sqlite3_column_int64(s, 0);
    row->lost += (uint64_t)sqlite3_column_int64(s, 1);
    if (sqlite3_column_type(s, 2) != SQLITE_NULL && sqlite3_column_int64(s, 2) > row->t_end)
        row->t_end = sqlite3_column_int64(s, 2);
    sqlite3_reset(s);
    return 0;
}

/* The numbers of a run that is being recorded are those of its channels. */
static int count_up(struct lec_runs *runs, int64_t num, struct lec_run_summary *out, struct lec_err *err)
{
    struct channel_row rows[RUN_CHANNELS];
    size_t n = 0;
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_CHANNEL_COUNTS, &s, err, "i", num);
    for (; rc == 1 && n < RUN_CHANNELS; rc = db_row(runs, s, err))
        rows[n++] = (struct channel_row){
            .num = sqlite3_column_int64(s, 0),
            .samples = (uint64_t)sqlite3_column_int64(s, 1),
            .lost = (uint64_t)sqlite3_column_int64(s, 2),
            .bytes = sqlite3_column_int64(s, 3),
            .t_end = sqlite3_column_int64(s, 4),
        };
    sqlite3_reset(s);
    for (size_t i = 0; i < n && rc >= 0; i++) {
        rc = add_tail(runs, &rows[i], err);
        out->samples += rows[i].samples;
        out->lost += rows[i].lost;
        out->bytes += (uint64_t)rows[i].bytes;
        out->duration_ns = rows[i].t_end > out->duration_ns ? rows[i].t_end : out->duration_ns;
    }
    int64_t marks = 0;
    if (rc >= 0)
        rc = db_number(runs, ST_MARK_COUNT, MARK_PLACE(num, 0), MARK_PLACE(num, UINT32_MAX), &marks, err);
    out->marks = (uint64_t)marks;
    return rc < 0 ? rc : 0;
}

static int list(struct lec_runs *runs, int64_t before_us, size_t limit, struct lec_run_summary *out,
                struct lec_err *err)
{
    size_t n = 0;
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_RUN_LIST, &s, err, "ii", before_us == 0 ? INT64_MAX : before_us, (int64_t)limit);
    for (; rc == 1 && n < limit; rc = db_row(runs, s, err), n++) {
        int64_t num = read_summary(s, &out[n]);
        rc = strcmp(out[n].status, "recording") == 0 ? count_up(runs, num, &out[n], err) : 0;
        if (rc < 0)
            break;
    }
    sqlite3_reset(s);
    return rc < 0 ? rc : (int)n;
}

int lec_runs_list(struct lec_runs *runs, int64_t before_us, size_t limit, struct lec_run_summary *out,
                  struct lec_err *err)
{
    bool began;
    int rc = db_read_begin(runs, &began, err);
    if (rc < 0)
        return rc;
    rc = list(runs, before_us, limit < INT32_MAX ? limit : INT32_MAX, out, err);
    db_read_end(runs, began);
    return rc;
}

/* ---- One run ------------------------------------------------------------------------------------------------ */

static int read_doc(struct lec_runs *runs, int64_t run, const char *kind, char **out, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_DOC_GET, &s, err, "is", run, kind);
    if (rc <= 0)
        return rc;
    const char *text = (const char *)sqlite3_column_text(s, 0);
    *out = strdup(text ? text : "");
    sqlite3_reset(s);
    return *out ? 0 : lec_fail(err, LEC_E_NOMEM, "out of memory");
}

static int read_channels(struct lec_runs *runs, int64_t run, struct lec_run_info *out, struct lec_err *err)
{
    struct channel_row rows[RUN_CHANNELS];
    out->channels = calloc(RUN_CHANNELS, sizeof *out->channels);
    out->samples = calloc(RUN_CHANNELS, sizeof *out->samples);
    if (!out->channels || !out->samples)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_CHANNEL_LIST, &s, err, "i", run);
    while (rc == 1 && out->n_channels < RUN_CHANNELS) {
        rc = channel_read(s, &rows[out->n_channels], &out->channels[out->n_channels], err);
        if (rc == 0) {
            out->n_channels++;
            rc = db_row(runs, s, err);
        }
    }
    sqlite3_reset(s);
    for (size_t i = 0; i < out->n_channels && rc >= 0; i++) {
        rc = add_tail(runs, &rows[i], err);
        out->samples[i] = rows[i].samples;
    }
    return rc < 0 ? rc : 0;
}

static int read_marks(struct lec_runs *runs, int64_t run, struct lec_run_info *out, struct lec_err *err)
{
    size_t room = 0;
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_MARK_LIST, &s, err, "ii", MARK_PLACE(run, 0), MARK_PLACE(run, UINT32_MAX));
    for (; rc == 1; rc = db_row(runs, s, err)) {
        if (!make_room(&out->marks, &room, out->n_marks + 1, sizeof *out->marks)) {
            rc = lec_fail(err, LEC_E_NOMEM, "out of memory");
            break;
        }
        struct lec_run_mark *m = &out->marks[out->n_marks++];
        memset(m, 0, sizeof *m);
        m->t_ns = sqlite3_column_int64(s, 0);
        db_text(s, 1, m->kind, sizeof m->kind);
        db_text(s, 2, m->channel, sizeof m->channel);
        db_text(s, 3, m->text, sizeof m->text);
        m->lost = (uint64_t)sqlite3_column_int64(s, 4);
        db_text(s, 5, m->by, sizeof m->by);
    }
    sqlite3_reset(s);
    return rc < 0 ? rc : 0;
}

static int read_info(struct lec_runs *runs, const char *run, struct lec_run_info *out, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_RUN_GET, &s, err, "s", run);
    if (rc <= 0)
        return rc < 0 ? rc : lec_fail(err, LEC_E_RANGE, "there is no run %s", run);
    int64_t num = read_summary(s, &out->summary);
    sqlite3_reset(s);
    rc = strcmp(out->summary.status, "recording") == 0 ? count_up(runs, num, &out->summary, err) : 0;
    const struct {
        const char *kind;
        char **out;
    } docs[] = {{"start", &out->start_doc},
                {"descriptor", &out->descriptor_doc},
                {"stop", &out->stop_doc},
                {"metadata", &out->metadata},
                {"definition", &out->definition}};
    for (size_t i = 0; i < ARRAY_LEN(docs) && rc == 0; i++)
        rc = read_doc(runs, num, docs[i].kind, docs[i].out, err);
    if (rc == 0)
        rc = read_channels(runs, num, out, err);
    return rc == 0 ? read_marks(runs, num, out, err) : rc;
}

int lec_runs_info(struct lec_runs *runs, const char *run, struct lec_run_info *out, struct lec_err *err)
{
    struct lec_run_info info = {0};
    bool began;
    int rc = db_read_begin(runs, &began, err);
    if (rc < 0)
        return rc;
    rc = read_info(runs, run, &info, err);
    db_read_end(runs, began);
    if (rc < 0)
        lec_run_info_free(&info);
    else
        *out = info;
    return rc;
}

void lec_run_info_free(struct lec_run_info *info)
{
    free(info->start_doc);
    free(info->descriptor_doc);
    free(info->stop_doc);
    free(info->metadata);
    free(info->definition);
    free(info->channels);
    free(info->samples);
    free(info->marks);
    memset(info, 0, sizeof *info);
}
