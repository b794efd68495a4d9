/* Broken files: what can be read of one is carried over into a new one, row by row. Rows keep their places, so blocks and
 * sums go over as they are, and where samples are missing, places are. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "runs_impl.h"

#define ROWS_AT_ONCE 256 /* in a transaction of the new file */

struct salvage {
    struct lec_runs *from, *to;
    unsigned rows; /* in this transaction */
    int runs, interrupted;
    uint64_t missing; /* samples */
    int rc;           /* of the new file: not LEC_E_FRAME */
    struct lec_err *err;
};

/* ---- Rows of the broken file --------------------------------------------------------------------------------- */

struct scan {
    struct salvage *s;
    enum statement which;
    int64_t at, end;
    int errors;
};

/* Errors are counted, not told: each may be another page. */
static int try_row(struct scan *scan, int64_t at, sqlite3_stmt **row)
{
    return db_ask(scan->s->from, scan->which, row, NULL, "ii", at, scan->end);
}

/* The next row that can be read, behind damage: by growing steps, then by halves back to the edge of what is damaged. */
static bool next_row(struct scan *scan, sqlite3_stmt **row)
{
    if (scan->s->rc < 0 || scan->at > scan->end)
        return false;
    int rc = try_row(scan, scan->at, row);
    if (rc < 0) {
        int64_t bad = scan->at, good = scan->at;
        scan->errors++;
        for (uint64_t step = 1; rc < 0; step *= 2) {
            if (step > (uint64_t)(scan->end - scan->at))
                return false;
            bad = good;
            good = scan->at + (int64_t)step;
            rc = try_row(scan, good, row);
        }
        while (good - bad > 1) {
            int64_t middle = bad + (good - bad) / 2;
            if (try_row(scan, middle, row) < 0)
                bad = middle;
            else
                good = middle;
        }
        rc = try_row(scan, good, row);
    }
    if (rc == 1)
        scan->at = sqlite3_column_int64(*row, 0) + 1;
    return rc == 1;
}

/* ---- Rows of the new one ------------------------------------------------------------------------------------- */

static void note_result(struct salvage *s, int rc)
{
    if (rc < 0 && s->rc == 0)
        s->rc = rc;
}

/* Ends a transaction now and then, so that the new file's WAL stays small. */
static void row_done(struct salvage *s)
{
    if (s->rc < 0 || ++s->rows < ROWS_AT_ONCE)
        return;
    s->rows = 0;
    note_result(s, db_do(s->to, ST_COMMIT, s->err, ""));
    if (s->rc == 0)
        note_result(s, db_do(s->to, ST_BEGIN, s->err, ""));
}

/* The row as it is, its columns bound one by one. */
static void copy_row(struct salvage *s, enum statement into, sqlite3_stmt *row)
{
    sqlite3_stmt *put;
    note_result(s, db_get(s->to, into, &put, s->err));
    if (s->rc < 0)
        return;
    int n = sqlite3_bind_parameter_count(put);
    for (int i = 0; i < n && i < sqlite3_column_count(row); i++) {
        if (sqlite3_column_type(row, i) == SQLITE_NULL) /* no column of ours may be but one, which is a number */
            sqlite3_bind_text(put, i + 1, "", -1, SQLITE_STATIC);
        else
            sqlite3_bind_value(put, i + 1, sqlite3_column_value(row, i));
    }
    note_result(s, db_row(s->to, put, s->err) < 0 ? db_failed(s->to, s->err) : 0);
    sqlite3_reset(put);
    sqlite3_clear_bindings(put);
    row_done(s);
}

/* ---- Channels ------------------------------------------------------------------------------------------------ */

struct count {
    uint64_t samples, lost, end; /* end: behind the last sample */
    int64_t bytes, t_end;
};

static void count_block(struct count *count, const struct block *b, uint64_t first, int64_t size)
{
    const struct segment *last = &b->segments[b->n_segments - 1];
    int64_t t1 = segment_time(last, segment_times(b, last), last->n - 1);
    for (size_t i = 0; i < b->n_segments; i++)
        count->lost += b->segments[i].lost;
    count->samples += b->n;
    count->end = first + b->n;
    count->bytes += size;
    count->t_end = t1 > count->t_end ? t1 : count->t_end;
}

static void put_block(struct salvage *s, int64_t channel, uint64_t first, struct count *count)
{
    const struct block *b = &s->to->work;
    int64_t size = block_pack(b, &s->to->packed, s->err);
    if (size < 0) {
        note_result(s, (int)size);
        return;
    }
    count_block(count, b, first, size);
    note_result(s, db_do(s->to, ST_BLOCK_PUT, s->err, "iiiib", PLACE(channel, first), (int64_t)b->n,
                         b->segments[0].t_ns, count->t_end, (const void *)s->to->packed.data, (uint64_t)size));
    row_done(s);
}

static void copy_blocks(struct salvage *s, int64_t channel, struct count *count)
{
    struct scan scan = {s, ST_BLOCK_FROM, PLACE(channel, 0), PLACE(channel, INDEX_MAX), 0};
    sqlite3_stmt *row;
    while (next_row(&scan, &row)) {
        uint64_t first = (uint64_t)(sqlite3_column_int64(row, 0) & INDEX_MAX);
        int size = sqlite3_column_bytes(row, 4);
        if (first < count->end || block_unpack(sqlite3_column_blob(row, 4), (size_t)size, &s->from->work, NULL) < 0 ||
            s->from->work.n != (uint64_t)sqlite3_column_int64(row, 1))
            continue;
        count_block(count, &s->from->work, first, size);
        copy_row(s, ST_BLOCK_PUT, row);
    }
}

/* Tails, put together to blocks. */
static void copy_tails(struct salvage *s, int64_t channel, struct count *count)
{
    struct scan scan = {s, ST_NEXT_TAIL, 0, INT64_MAX - 1, 0};
    struct block *to = &s->to->work, *piece = &s->from->work;
    uint64_t first = 0;
    sqlite3_stmt *row;
    to->n = to->n_segments = to->n_times = 0;
    while (next_row(&scan, &row)) {
        uint64_t at = (uint64_t)sqlite3_column_int64(row, 2);
        if (sqlite3_column_int64(row, 1) != channel || at < count->end + to->n || at > (uint64_t)INDEX_MAX ||
            block_unpack(sqlite3_column_blob(row, 4), (size_t)sqlite3_column_bytes(row, 4), piece, NULL) < 0)
            continue;
        if (to->n > 0 && (at != first + to->n || to->n >= BLOCK_FULL)) {
            put_block(s, channel, first, count);
            to->n = to->n_segments = to->n_times = 0;
        }
        if (to->n == 0)
            first = at;
        for (size_t i = 0; i < piece->n_segments; i++) {
            struct lec_run_block samples = segment_block(piece, i);
            note_result(s, block_add(to, &samples, s->err));
        }
    }
    if (to->n > 0 && s->rc == 0)
        put_block(s, channel, first, count);
}

/* Sums are right as long as the samples under them are those of the old file; a page that fails is made up for. */
static void copy_sums(struct salvage *s, int64_t channel)
{
    struct scan scan = {s, ST_NEXT_SUMS, SUMS_PLACE(channel, 0, 0), PLACE(channel, INDEX_MAX), 0};
    struct lec_calibration none;
    struct bucket buckets[SUMS_PAGE];
    sqlite3_stmt *row;
    lec_calibration_none(&none);
    while (next_row(&scan, &row))
        if (sums_unpack(sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1), &none, true, buckets, NULL) >
            0)
            copy_row(s, ST_SUMS_PUT, row);
}

/* ---- Runs ---------------------------------------------------------------------------------------------------- */

static void copy_docs(struct salvage *s, int64_t run)
{
    static const char *const kinds[] = {"start", "descriptor", "stop", "metadata", "definition"};
    for (size_t i = 0; i < ARRAY_LEN(kinds) && s->rc == 0; i++) {
        sqlite3_stmt *row;
        if (db_ask(s->from, ST_DOC_GET, &row, NULL, "is", run, kinds[i]) != 1)
            continue;
        note_result(s,
                    db_do(s->to, ST_DOC_PUT, s->err, "iss", run, kinds[i], (const char *)sqlite3_column_text(row, 0)));
        sqlite3_reset(row);
        row_done(s);
    }
}

static void copy_marks(struct salvage *s, int64_t run)
{
    struct scan scan = {s, ST_NEXT_MARK, MARK_PLACE(run, 0), MARK_PLACE(run, UINT32_MAX - 1), 0};
    sqlite3_stmt *row;
    while (next_row(&scan, &row))
        copy_row(s, ST_COPY_MARK, row);
}

/* The row of a run, or what its start document says of it. */
static bool copy_run(struct salvage *s, int64_t run)
{
    sqlite3_stmt *row;
    if (db_ask(s->from, ST_NEXT_RUN, &row, NULL, "ii", run, run) != 1 &&
        db_ask(s->from, ST_DOC_RUN, &row, NULL, "i", run) != 1)
        return false;
    bool there = sqlite3_column_bytes(row, 1) > 0;
    if (there)
        copy_row(s, ST_COPY_RUN, row);
    sqlite3_reset(row);
    return there && s->rc == 0;
}

static void put_missing(struct salvage *s, int64_t run, const char *channel, int64_t t_ns, uint64_t missing)
{
    int64_t next = 0;
    char text[96];
    snprintf(text, sizeof text, "%llu samples were in a damaged part of the file", (unsigned long long)missing);
    note_result(s, db_number(s->to, ST_MARK_NEXT, MARK_PLACE(run, 0), MARK_PLACE(run, UINT32_MAX), &next, s->err));
    if (s->rc == 0)
        note_result(s, db_do(s->to, ST_MARK_PUT, s->err, "iisssis", MARK_PLACE(run, next), t_ns, "gap", channel, text,
                             (int64_t)missing, ""));
}

/* One channel with its samples; `had`: how many its row counts. */
static void copy_channel(struct salvage *s, int64_t run, int64_t channel, const char *name, uint64_t had)
{
    struct count count = {.t_end = INT64_MIN};
    copy_blocks(s, channel, &count);
    copy_tails(s, channel, &count);
    copy_sums(s, channel);
    uint64_t end = had > count.end ? had : count.end, missing = end - count.samples;
    if (missing > 0)
        put_missing(s, run, name, count.t_end == INT64_MIN ? 0 : count.t_end, missing);
    s->missing += missing;
    if (s->rc == 0)
        note_result(s, db_do(s->to, ST_CHANNEL_SET, s->err, "iiiiii", channel, (int64_t)count.samples,
                             (int64_t)(count.lost + missing), count.bytes, count.t_end, INT64_C(0)));
}

/* Sums up; a run that was being recorded ends here. */
static void finish_run(struct salvage *s, int64_t run)
{
    static const char reason[] = "the file was found damaged while the run was being recorded";
    struct lec_buf doc;
    sqlite3_stmt *row;
    note_result(s, db_do(s->to, ST_RECOUNT, s->err, "iii", run, MARK_PLACE(run, 0), MARK_PLACE(run, UINT32_MAX)));
    int rc = s->rc == 0 ? db_ask(s->to, ST_RUN_END, &row, s->err, "is", run, reason) : 0;
    note_result(s, rc);
    s->runs++;
    if (rc != 1)
        return;
    char id[LEC_RUN_ID];
    db_text(row, 0, id, sizeof id);
    lec_buf_init(&doc, 4096);
    doc_stop(&doc, id, sqlite3_column_int64(row, 1), "interrupted", reason, (uint64_t)sqlite3_column_int64(row, 2));
    sqlite3_reset(row);
    note_result(s, doc.failed ? lec_fail(s->err, LEC_E_NOMEM, "out of memory")
                              : db_do(s->to, ST_DOC_PUT, s->err, "iss", run, "stop", doc.data));
    lec_buf_done(&doc);
    s->interrupted++;
}

static void copy_all(struct salvage *s)
{
    struct scan scan = {s, ST_NEXT_CHANNEL, 1, CHANNEL_MAX, 0};
    sqlite3_stmt *row;
    int64_t last = 0, skip = 0;
    while (next_row(&scan, &row)) {
        int64_t channel = sqlite3_column_int64(row, 0), run = sqlite3_column_int64(row, 22);
        uint64_t had = (uint64_t)sqlite3_column_int64(row, 1);
        char name[64];
        db_text(row, 6, name, sizeof name);
        if (run != last) {
            if (last > 0 && last != skip)
                finish_run(s, last);
            last = run;
            skip = run > 0 && copy_run(s, run) ? 0 : run;
            if (run != skip) {
                copy_docs(s, run);
                copy_marks(s, run);
            }
        }
        if (run == skip || channel <= 0)
            continue;
        copy_row(s, ST_COPY_CHANNEL, row);
        sqlite3_reset(row);
        copy_channel(s, run, channel, name, had <= (uint64_t)INDEX_MAX ? had : 0);
    }
    if (last > 0 && last != skip)
        finish_run(s, last);
}

/* ---- Files --------------------------------------------------------------------------------------------------- */

static bool beside(const char *file, const char *suffix, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s%s", file, suffix) < PATH_MAX;
}

void salvage_mark(const char *file)
{
    char name[PATH_MAX];
    int fd = beside(file, "-damaged", name) ? open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0640) : -1;
    if (fd >= 0)
        close(fd);
}

bool salvage_marked(const char *file)
{
    char name[PATH_MAX];
    return beside(file, "-damaged", name) && access(name, F_OK) == 0;
}

static void remove_beside(const char *file, const char *suffix)
{
    char name[PATH_MAX];
    if (beside(file, suffix, name))
        (void)unlink(name);
}

static void remove_all(const char *file)
{
    remove_beside(file, "");
    remove_beside(file, "-wal");
    remove_beside(file, "-shm");
}

/* The new file takes the place of the old one in one step, so that a crash leaves one or the other. */
static int change_places(const char *file, const char *to, char aside[PATH_MAX], struct lec_err *err)
{
    char from_wal[PATH_MAX], to_wal[PATH_MAX];
    int64_t second = lec_wall_us() / 1000000;
    do {
        if (snprintf(aside, PATH_MAX, "%s.broken-%lld", file, (long long)second++) >= PATH_MAX ||
            !beside(aside, "-wal", to_wal) || !beside(file, "-wal", from_wal))
            return lec_fail(err, LEC_E_CONFIG, "the path of the runs is too long");
    } while (access(aside, F_OK) == 0);
    (void)rename(from_wal, to_wal); /* it belongs to the broken file; often there is none */
    remove_beside(file, "-shm");
    if ((link(file, aside) == 0 || rename(file, aside) == 0) && rename(to, file) == 0) /* FAT has no links */
        return 0;
    return lec_fail(err, LEC_E_CONFIG, "%s is damaged and cannot be moved away: %s", file, strerrordesc_np(errno));
}

static struct lec_runs *bare_handle(const char *file, bool writer)
{
    struct lec_runs *runs = calloc(1, sizeof *runs);
    if (!runs)
        return NULL;
    runs->lock = -1;
    runs->writer = writer;
    snprintf(runs->file, sizeof runs->file, "%s", file);
    return runs;
}

/* As far as it goes: what fails here fails again at each row. The file stays as it is. */
static void open_broken(struct lec_runs *runs)
{
    if (sqlite3_open_v2(runs->file, &runs->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        NULL) != SQLITE_OK)
        return;
    sqlite3_db_config(runs->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    /* With writable_schema SQLite also reads a file that is shorter than it says. */
    (void)db_exec(runs, "PRAGMA query_only=ON;PRAGMA writable_schema=ON;PRAGMA mmap_size=0", NULL);
}

static int rebuild(const char *file, const char *to, struct salvage *s, struct lec_err *err)
{
    remove_all(to);
    s->err = err;
    s->from = bare_handle(file, false);
    s->to = bare_handle(to, true);
    if (!s->from || !s->to)
        s->rc = lec_fail(err, LEC_E_NOMEM, "out of memory");
    if (s->rc == 0)
        s->rc = db_open(s->to, err);
    if (s->rc == 0) /* it is on the disk when it is closed, before it takes the other's place */
        s->rc = db_exec(s->to, "PRAGMA synchronous=NORMAL", err);
    if (s->rc == 0)
        s->rc = db_do(s->to, ST_BEGIN, err, "");
    if (s->rc == 0) {
        open_broken(s->from);
        if (s->from->sql)
            copy_all(s);
    }
    if (s->rc == 0)
        s->rc = db_do(s->to, ST_COMMIT, err, "");
    lec_runs_close(&s->from);
    lec_runs_close(&s->to);
    if (s->rc < 0)
        remove_all(to);
    return s->rc;
}

int salvage(const char *file, int *interrupted, char note[LEC_ERR_TEXT], struct lec_err *err)
{
    struct salvage s = {0};
    char to[PATH_MAX], aside[PATH_MAX];
    int rc = beside(file, ".salvage", to) ? rebuild(file, to, &s, err)
                                          : lec_fail(err, LEC_E_CONFIG, "the path of the runs is too long");
    if (rc == 0)
        rc = change_places(file, to, aside, err);
    if (rc < 0)
        return rc;
    remove_beside(file, "-damaged");
    *interrupted = s.interrupted;
    const char *name = strrchr(aside, '/');
    snprintf(note, LEC_ERR_TEXT,
             "%s was damaged: %d runs were carried over, %llu samples of them are missing; it is kept as %s", file,
             s.runs, (unsigned long long)s.missing, name ? name + 1 : aside);
    return 0;
}
