/* Opening and closing, transactions, starting and stopping runs, marks. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runs_impl.h"

/* Larger files are not read from end to end at each start, which on a memory card would take seconds; what is broken in
 * them shows when it is read or written. */
#define CHECK_BYTES  (4 * 1024 * 1024)
#define SAME_ID_MAX  1000
#define DOCUMENT_MAX (1024 * 1024)

/* ---- Opening ------------------------------------------------------------------------------------------------ */

/* Two writers would close each other's runs. The lock is a file of its own, as closing any descriptor of the database
 * would give up SQLite's locks on it. */
static int take_lock(struct lec_runs *runs, struct lec_err *err)
{
    char name[PATH_MAX + 8];
    snprintf(name, sizeof name, "%s-lock", runs->file);
    runs->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (runs->lock < 0 && errno == ENOSPC)
        return lec_fail(err, LEC_E_BUSY, "%s cannot be written: the disk is full (free some space)", runs->file);
    if (runs->lock < 0)
        return lec_fail(err, LEC_E_CONFIG,
                        "%s cannot be opened: %s (its folder must exist, and user %u must have the right to it)",
                        runs->file, strerrordesc_np(errno), (unsigned)geteuid());
    if (flock(runs->lock, LOCK_EX | LOCK_NB) < 0)
        return lec_fail(err, LEC_E_CONFIG, "%s is in use by another program (is lecternd running twice?)", runs->file);
    return 0;
}

static int check_whole(struct lec_runs *runs, struct lec_err *err)
{
    struct stat st;
    if (stat(runs->file, &st) < 0 || st.st_size > CHECK_BYTES)
        return 0;
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(runs->sql, "PRAGMA quick_check(1)", -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    int fail = rc == SQLITE_ROW ? 0 : db_failed(runs, err);
    const char *said = fail == 0 ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (said && strcmp(said, "ok") != 0)
        fail = lec_fail(err, LEC_E_FRAME, "%s is damaged: %s", runs->file, said);
    sqlite3_finalize(s);
    return fail;
}

/* Closes what was being recorded when the last writer ended without a word. */
static int interrupt(struct lec_runs *runs, int *interrupted, struct lec_err *err)
{
    int rc = lec_runs_begin(runs, err);
    for (*interrupted = 0; rc == 0 && runs->live; ++*interrupted)
        rc = live_stop(runs, runs->live, 0, "interrupted", "the daemon ended while the run was being recorded", err);
    if (rc == 0)
        rc = lec_runs_commit(runs, err);
    if (rc < 0)
        lec_runs_rollback(runs);
    return rc;
}

static int open_writer(struct lec_runs *runs, int *interrupted, struct lec_err *err)
{
    if (salvage_marked(runs->file))
        return lec_fail(err, LEC_E_FRAME, "%s was found damaged", runs->file);
    int rc = db_open(runs, err);
    if (rc == 0)
        rc = check_whole(runs, err);
    return rc == 0 ? interrupt(runs, interrupted, err) : rc;
}

static int new_handle(const char *file, bool writer, struct lec_runs **out, struct lec_err *err)
{
    struct lec_runs *runs = calloc(1, sizeof *runs);
    if (!runs)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    runs->writer = writer;
    runs->lock = -1;
    *out = runs;
    if (snprintf(runs->file, sizeof runs->file, "%s", file) >= (int)sizeof runs->file)
        return lec_fail(err, LEC_E_CONFIG, "the path of the runs is too long");
    return 0;
}

int lec_runs_open(const char *file, struct lec_runs **out, int *interrupted, char note[LEC_ERR_TEXT],
                  struct lec_err *err)
{
    struct lec_runs *runs = NULL;
    char said[LEC_ERR_TEXT] = "";
    int closed = 0;
    int rc = new_handle(file, true, &runs, err);
    if (rc == 0)
        rc = take_lock(runs, err);
    if (rc == 0)
        rc = open_writer(runs, &closed, err);
    if (rc == LEC_E_FRAME) {
        live_forget(runs);
        db_close(runs);
        int more = 0;
        rc = salvage(file, &closed, said, err);
        if (rc == 0)
            rc = open_writer(runs, &more, err);
        closed += more;
    }
    if (rc < 0) {
        lec_runs_close(&runs);
        return rc;
    }
    runs->opened = runs->loaded = true;
    if (interrupted)
        *interrupted = closed;
    if (note)
        memcpy(note, said, LEC_ERR_TEXT);
    *out = runs;
    return 0;
}

int lec_runs_open_read(const char *file, struct lec_runs **out, struct lec_err *err)
{
    struct lec_runs *runs = NULL;
    if (access(file, F_OK) < 0 && errno == ENOENT)
        return lec_fail(err, LEC_E_RANGE, "there is no file %s", file);
    int rc = new_handle(file, false, &runs, err);
    if (rc == 0)
        rc = db_open(runs, err);
    if (rc < 0) {
        lec_runs_close(&runs);
        return rc;
    }
    runs->opened = true;
    *out = runs;
    return 0;
}

void lec_runs_close(struct lec_runs **runs)
{
    struct lec_runs *r = *runs;
    if (!r)
        return;
    *runs = NULL;
    live_forget(r);
    db_close(r);
    block_done(&r->work);
    free(r->packed.data);
    if (r->lock >= 0)
        close(r->lock);
    free(r);
}

/* ---- Transactions ------------------------------------------------------------------------------------------- */

int lec_runs_begin(struct lec_runs *runs, struct lec_err *err)
{
    int rc = db_do(runs, ST_BEGIN, err, "");
    if (rc == 0 && !runs->loaded)
        rc = live_load(runs, err);
    if (rc < 0)
        lec_runs_rollback(runs);
    return rc;
}

int lec_runs_commit(struct lec_runs *runs, struct lec_err *err)
{
    int rc = live_merge(runs, err);
    return rc == 0 ? db_do(runs, ST_COMMIT, err, "") : rc;
}

void lec_runs_rollback(struct lec_runs *runs)
{
    for (size_t i = 0; i < N_STATEMENTS; i++)
        if (runs->statements[i])
            sqlite3_reset(runs->statements[i]);
    if (!sqlite3_get_autocommit(runs->sql)) /* some failures have rolled back already */
        (void)db_exec(runs, "ROLLBACK", NULL);
    live_forget(runs); /* it may hold what is not in the file; the next begin reads it back */
}

/* ---- A run -------------------------------------------------------------------------------------------------- */

static int make_id(struct lec_runs *runs, struct lec_run_start *start, struct lec_err *err)
{
    if (start->id[0] != '\0') { /* it was promised to somebody when the run was armed */
        sqlite3_stmt *taken;
        int given = db_ask(runs, ST_RUN_TAKEN, &taken, err, "s", start->id);
        if (given <= 0)
            return given;
        sqlite3_reset(taken);
    }
    time_t second = (time_t)(start->start_us / 1000000);
    struct tm local = {0};
    if (!localtime_r(&second, &local))
        return lec_fail(err, LEC_E_RANGE, "the time of the start is no date");
    char day[24];
    strftime(day, sizeof day, "%Y%m%d-%H%M%S", &local);
    for (int n = 1; n < SAME_ID_MAX; n++) {
        char id[LEC_RUN_ID];
        int room = LEC_RUN_ID - 1 - (int)strlen(day) - 2 - (n < 10 ? 1 : n < 100 ? 2 : 3);
        snprintf(id, sizeof id, "%s-%.*s-%d", day, room, start->experiment, n);
        sqlite3_stmt *s;
        int rc = db_ask(runs, ST_RUN_TAKEN, &s, err, "s", id);
        if (rc < 0)
            return rc;
        sqlite3_reset(s);
        if (rc == 0) {
            memcpy(start->id, id, sizeof id);
            return 0;
        }
    }
    return lec_fail(err, LEC_E_RANGE, "%d runs of %s began in the same second", SAME_ID_MAX - 1, start->experiment);
}

static int put_channel(struct lec_runs *runs, int64_t num, int64_t run, size_t i, const struct lec_run_channel *c,
                       struct lec_err *err)
{
    const struct lec_calibration *cal = &c->calibration;
    struct lec_buf form;
    lec_buf_init(&form, 4096);
    lec_calibration_text(cal, &form);
    int rc = form.failed
                 ? lec_fail(err, LEC_E_NOMEM, "out of memory")
                 : db_do(runs, ST_CHANNEL_PUT, err, "iiissssssssdisssssi", num, run, (int64_t)i, c->name, c->label,
                         c->label_en, c->unit, c->source, c->sensor, c->serial, channel_kind_name(c->kind), c->rate_hz,
                         (int64_t)c->decimals, form.data, cal->unit, cal->source, cal->by, cal->note, cal->date_us);
    lec_buf_done(&form);
    return rc;
}

int run_put(struct lec_runs *runs, const struct lec_run_start *start, int64_t *num, struct lec_err *err)
{
    int rc = db_do(runs, ST_RUN_PUT, err, "sssssssiii", start->id, start->experiment, start->label, start->label_en,
                   start->operator_, start->principal, "recording", (int64_t)start->simulated, start->start_us,
                   start->start_ns);
    *num = sqlite3_last_insert_rowid(runs->sql);
    int64_t channel = 0;
    if (rc == 0)
        rc = db_number(runs, ST_CHANNEL_NUMBER, 0, 0, &channel, err);
    if (rc == 0 && channel + (int64_t)start->n_channels > CHANNEL_MAX)
        rc = lec_fail(err, LEC_E_RANGE, "%s is full: move it away to begin a new one", runs->file);
    for (size_t i = 0; i < start->n_channels && rc == 0; i++)
        rc = put_channel(runs, channel + (int64_t)i, *num, i, &start->channels[i], err);
    return rc;
}

static int put_docs(struct lec_runs *runs, int64_t num, const struct lec_run_start *start, struct lec_err *err)
{
    struct lec_buf doc;
    lec_buf_init(&doc, DOCUMENT_MAX);
    doc_start(&doc, start);
    int rc = doc.failed ? lec_fail(err, LEC_E_RANGE, "the start document is too large")
                        : db_do(runs, ST_DOC_PUT, err, "iss", num, "start", doc.data);
    lec_buf_clear(&doc);
    doc_descriptor(&doc, start);
    if (rc == 0)
        rc = doc.failed ? lec_fail(err, LEC_E_RANGE, "the descriptor is too large")
                        : db_do(runs, ST_DOC_PUT, err, "iss", num, "descriptor", doc.data);
    lec_buf_done(&doc);
    if (rc == 0)
        rc = db_do(runs, ST_DOC_PUT, err, "iss", num, "metadata", start->metadata ? start->metadata : "{}");
    return rc == 0
               ? db_do(runs, ST_DOC_PUT, err, "iss", num, "definition", start->definition ? start->definition : "{}")
               : rc;
}

int lec_runs_start(struct lec_runs *runs, struct lec_run_start *start, struct lec_err *err)
{
    if (start->n_channels == 0 || start->n_channels > RUN_CHANNELS)
        return lec_fail(err, LEC_E_RANGE, "a run has 1 to %d channels", RUN_CHANNELS);
    int64_t num;
    int rc = make_id(runs, start, err);
    if (rc == 0)
        rc = run_put(runs, start, &num, err);
    if (rc == 0)
        rc = put_docs(runs, num, start, err);
    return rc == 0 ? live_load_run(runs, num, start->id, start->start_us, err) : rc;
}

int lec_runs_block(struct lec_runs *runs, const char *run, const struct lec_run_block *block, struct lec_err *err)
{
    struct live *r;
    int rc = live_find(runs, run, &r, err);
    if (rc < 0)
        return rc;
    if (block->channel >= r->n_channels || block->n == 0 || block->n > LEC_RUN_BLOCK_MAX || !block_times_ok(block))
        return lec_fail(err, LEC_E_BUG, "run %s was given a block that cannot be", run);
    return live_add(&r->channels[block->channel], block, err);
}

int lec_runs_mark(struct lec_runs *runs, const char *run, const struct lec_run_mark *mark, struct lec_err *err)
{
    struct live *r;
    int rc = live_find(runs, run, &r, err);
    if (rc < 0)
        return rc;
    rc = db_do(runs, ST_MARK_PUT, err, "iisssis", MARK_PLACE(r->num, r->marks), mark->t_ns, mark->kind, mark->channel,
               mark->text, (int64_t)mark->lost, mark->by);
    if (rc == 0)
        r->marks++;
    return rc;
}

int lec_runs_missing(struct lec_runs *runs, const char *run, size_t channel, uint64_t lost, struct lec_err *err)
{
    struct live *r;
    int rc = live_find(runs, run, &r, err);
    if (rc == 0 && channel < r->n_channels)
        r->channels[channel].lost += lost;
    return rc;
}

int lec_runs_clock(struct lec_runs *runs, const char *run, int64_t correction_us, struct lec_err *err)
{
    struct live *r;
    int rc = live_find(runs, run, &r, err);
    for (size_t i = 0; rc == 0 && i < r->n_channels; i++)
        r->channels[i].correction_us = correction_us;
    return rc;
}

int lec_runs_stop(struct lec_runs *runs, const char *run, int64_t stop_us, const char *status, const char *reason,
                  struct lec_err *err)
{
    struct live *r;
    int rc = live_find(runs, run, &r, err);
    return rc == 0 ? live_stop(runs, r, stop_us, status, reason ? reason : "", err) : rc;
}

int lec_runs_exported(struct lec_runs *runs, const char *run, int64_t now_us, struct lec_err *err)
{
    int rc = db_do(runs, ST_RUN_EXPORTED, err, "si", run, now_us);
    if (rc == 0 && sqlite3_changes(runs->sql) == 0)
        rc = lec_fail(err, LEC_E_RANGE, "there is no run %s", run);
    return rc;
}
