/* Giving back space: runs that are deleted, pages that are free. A little at a time, so that a recording beside it keeps
 * its 100 ms. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runs_impl.h"

#define ROWS_AT_ONCE  64  /* blocks of 16384 samples: 1 to 8 MB */
#define PAGES_AT_ONCE 256 /* 2 MiB */

/* Deletes some of what a run has. 1: there is more. */
static int delete_some(struct lec_runs *runs, int64_t run, struct lec_err *err)
{
    int64_t channels[RUN_CHANNELS];
    size_t n = 0;
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_CHANNEL_COUNTS, &s, err, "i", run);
    for (; rc == 1 && n < RUN_CHANNELS; rc = db_row(runs, s, err))
        channels[n++] = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    static const enum statement parts[] = {ST_SUMS_DELETE, ST_BLOCK_DELETE};
    for (size_t i = 0; i < n && rc >= 0; i++)
        for (size_t k = 0; k < ARRAY_LEN(parts) && rc >= 0; k++) {
            rc = db_do(runs, parts[k], err, "iii", PLACE(channels[i], 0), PLACE(channels[i], INDEX_MAX),
                       (int64_t)ROWS_AT_ONCE);
            if (rc == 0 && sqlite3_changes(runs->sql) > 0)
                return 1;
        }
    if (rc >= 0)
        rc = db_do(runs, ST_MARK_DELETE, err, "ii", MARK_PLACE(run, 0), MARK_PLACE(run, UINT32_MAX));
    if (rc == 0)
        rc = db_do(runs, ST_DOC_DELETE, err, "i", run);
    if (rc == 0)
        rc = db_do(runs, ST_CHANNEL_DELETE, err, "i", run);
    return rc == 0 ? db_do(runs, ST_RUN_DELETE, err, "i", run) : rc;
}

int lec_runs_delete(struct lec_runs *runs, const char *run, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_RUN_GET, &s, err, "s", run);
    if (rc <= 0)
        return rc < 0 ? rc : lec_fail(err, LEC_E_RANGE, "there is no run %s", run);
    int64_t num = sqlite3_column_int64(s, 0);
    char status[16];
    db_text(s, 7, status, sizeof status);
    sqlite3_reset(s);
    if (strcmp(status, "recording") == 0)
        return lec_fail(err, LEC_E_BUSY, "run %s is being recorded", run);
    runs->shrunk = false;
    return db_do(runs, ST_RUN_STATUS, err, "is", num, "deleted");
}

/* A step of its own transaction. 1: there may be more. */
static int tidy_deleted(struct lec_runs *runs, struct lec_err *err)
{
    int64_t run = 0;
    int rc = db_number(runs, ST_RUN_DELETED, 0, 0, &run, err);
    if (rc < 0 || run == 0)
        return rc;
    rc = lec_runs_begin(runs, err);
    if (rc == 0)
        rc = delete_some(runs, run, err);
    if (rc >= 0)
        rc = lec_runs_commit(runs, err);
    if (rc < 0)
        lec_runs_rollback(runs);
    return rc < 0 ? rc : 1;
}

static int tidy(struct lec_runs *runs, bool recording, struct lec_err *err)
{
    int rc = tidy_deleted(runs, err);
    if (rc != 0)
        return rc;
    int64_t before = 0, after = 0;
    rc = db_pragma(runs, "PRAGMA freelist_count", &before, err);
    /* While runs are recorded, free pages are soon used again. */
    if (rc == 0 && before > (recording ? PAGES_AT_ONCE : 0)) {
        char text[64];
        snprintf(text, sizeof text, "PRAGMA incremental_vacuum(%d)", PAGES_AT_ONCE);
        rc = db_exec(runs, text, err);
        if (rc == 0)
            rc = db_pragma(runs, "PRAGMA freelist_count", &after, err);
        if (rc < 0 || after < before)
            return rc < 0 ? rc : 1;
    }
    if (rc == 0 && !recording) { /* a reader may hold it up: then the next commit's checkpoint does it */
        (void)sqlite3_wal_checkpoint_v2(runs->sql, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        sqlite3_db_release_memory(runs->sql);
    }
    runs->shrunk = rc == 0;
    return rc;
}

int lec_runs_tidy(struct lec_runs *runs, struct lec_err *err)
{
    return runs->shrunk ? 0 : tidy(runs, runs->live != NULL, err);
}

int lec_runs_squeeze(struct lec_runs *runs, struct lec_err *err)
{
    return tidy(runs, false, err);
}

int64_t lec_runs_size(const struct lec_runs *runs)
{
    char name[PATH_MAX + 8];
    struct stat st;
    int64_t size = stat(runs->file, &st) == 0 ? st.st_size : 0;
    snprintf(name, sizeof name, "%s-wal", runs->file);
    return size + (stat(name, &st) == 0 ? st.st_size : 0);
}
