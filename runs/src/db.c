/* The database: opening, schema, statements, errors. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runs_impl.h"

#define VERSION 1
/* How long another process (the one before us, ending) may keep the file. */
#define BUSY_MS 1000

#define STR_(x) #x
#define STR(x)  STR_(x)

static const char *const texts[] = {
#define S(name, text) [ST_##name] = text,
    STATEMENTS(S)
#undef S
};

/* auto_vacuum before the first table: what a deleted run took can be given back bit by bit. */
static const char schema[] =
    "PRAGMA auto_vacuum=INCREMENTAL;"
    "BEGIN IMMEDIATE;"
    "CREATE TABLE run(num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, experiment TEXT NOT NULL, label TEXT NOT NULL,"
    " label_en TEXT NOT NULL, operator TEXT NOT NULL, principal TEXT NOT NULL, status TEXT NOT NULL,"
    " reason TEXT NOT NULL, simulated INTEGER NOT NULL, start_us INTEGER NOT NULL, start_ns INTEGER NOT NULL,"
    " stop_us INTEGER NOT NULL, exported_us INTEGER NOT NULL, duration_ns INTEGER NOT NULL, samples INTEGER NOT NULL,"
    " lost INTEGER NOT NULL, marks INTEGER NOT NULL, bytes INTEGER NOT NULL);"
    "CREATE INDEX run_start ON run(start_us);"
    "CREATE INDEX run_status ON run(status);"
    "CREATE TABLE doc(run INTEGER NOT NULL, kind TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY(run, kind))"
    " WITHOUT ROWID;"
    "CREATE TABLE channel(num INTEGER PRIMARY KEY, run INTEGER NOT NULL, idx INTEGER NOT NULL, name TEXT NOT NULL,"
    " label TEXT NOT NULL, label_en TEXT NOT NULL, unit TEXT NOT NULL, source TEXT NOT NULL, sensor TEXT NOT NULL,"
    " serial TEXT NOT NULL, kind TEXT NOT NULL, rate_hz REAL NOT NULL, decimals INTEGER NOT NULL,"
    " calibration TEXT NOT NULL, cal_unit TEXT NOT NULL, cal_source TEXT NOT NULL, cal_by TEXT NOT NULL,"
    " cal_note TEXT NOT NULL, cal_date_us INTEGER NOT NULL, samples INTEGER NOT NULL, lost INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, t_end INTEGER, correction_us INTEGER NOT NULL, UNIQUE(run, idx));"
    "CREATE TABLE block(id INTEGER PRIMARY KEY, n INTEGER NOT NULL, t0 INTEGER NOT NULL, t1 INTEGER NOT NULL,"
    " data BLOB NOT NULL);"
    "CREATE TABLE tail(id INTEGER PRIMARY KEY, chan INTEGER NOT NULL, first INTEGER NOT NULL, n INTEGER NOT NULL,"
    " lost INTEGER NOT NULL, t1 INTEGER NOT NULL, data BLOB NOT NULL);"
    "CREATE TABLE sums(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE mark(id INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL, kind TEXT NOT NULL, channel TEXT NOT NULL,"
    " text TEXT NOT NULL, lost INTEGER NOT NULL, by TEXT NOT NULL);"
    "PRAGMA user_version=" STR(VERSION) ";"
                                        "COMMIT";

/* Commits are on the disk when they return (synchronous). No mmap: a disk that fails would be a signal. Pages of 8 KiB: a
 * commit writes a few whole pages, and larger ones make the least file larger. A WAL of about 4 MiB, so that a checkpoint
 * holds up a slow card by a fraction of a second only. What is not committed stays in memory: to spill it into the WAL
 * makes SQLite read the WAL again to renew its sums. */
static const char write_settings[] = "PRAGMA page_size=8192;"
                                     "PRAGMA auto_vacuum=INCREMENTAL;"
                                     "PRAGMA journal_mode=WAL;"
                                     "PRAGMA synchronous=FULL;"
                                     "PRAGMA cache_size=-1024;"
                                     "PRAGMA cache_spill=OFF;"
                                     "PRAGMA mmap_size=0;"
                                     "PRAGMA temp_store=MEMORY;"
                                     "PRAGMA secure_delete=OFF;"
                                     "PRAGMA wal_autocheckpoint=500;"
                                     "PRAGMA journal_size_limit=4194304;";
static const char read_settings[] = "PRAGMA query_only=ON;"
                                    "PRAGMA cache_size=-1024;"
                                    "PRAGMA mmap_size=0;"
                                    "PRAGMA temp_store=MEMORY;";

static int failed(struct lec_runs *runs, int rc, struct lec_err *err)
{
    const char *file = runs->file;
    int number = runs->sql ? sqlite3_system_errno(runs->sql) : 0;
    const char *verb = runs->writer ? "written" : "read";
    switch (rc & 0xFF) {
    case SQLITE_NOMEM:
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        if (runs->opened && runs->writer && !runs->broken) {
            salvage_mark(file);
            runs->broken = true;
        }
        return lec_fail(err, LEC_E_FRAME, "%s is damaged: %s", file, sqlite3_errstr(rc));
    case SQLITE_FULL:
        return lec_fail(err, LEC_E_BUSY, "%s cannot be written: the disk is full (free some space)", file);
    case SQLITE_BUSY:
        return lec_fail(err, runs->opened ? LEC_E_LINK : LEC_E_CONFIG, "%s is in use by another program", file);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        if (!runs->opened && (number == 0 || number == EACCES || number == ENOENT || number == ENOTDIR ||
                              number == EISDIR || number == EROFS || number == EPERM))
            return lec_fail(err, LEC_E_CONFIG,
                            "%s cannot be opened: %s (its folder must exist, and user %u must have the right to it)",
                            file, number ? strerrordesc_np(number) : sqlite3_errstr(rc), (unsigned)geteuid());
        break;
    default:
        break;
    }
    return lec_fail(err, LEC_E_LINK, "%s cannot be %s: %s%s%s", file, verb, sqlite3_errstr(rc), number ? ": " : "",
                    number ? strerrordesc_np(number) : "");
}

int db_failed(struct lec_runs *runs, struct lec_err *err)
{
    return failed(runs, sqlite3_extended_errcode(runs->sql), err);
}

int db_exec(struct lec_runs *runs, const char *text, struct lec_err *err)
{
    int rc = sqlite3_exec(runs->sql, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_failed(runs, err);
}

int db_get(struct lec_runs *runs, enum statement which, sqlite3_stmt **out, struct lec_err *err)
{
    sqlite3_stmt **s = &runs->statements[which];
    int rc = SQLITE_OK;
    if (*s)
        sqlite3_reset(*s);
    else
        rc = sqlite3_prepare_v3(runs->sql, texts[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL);
    if (rc == SQLITE_ERROR) /* of the right version, but a table or column is missing */
        rc = SQLITE_CORRUPT;
    if (rc != SQLITE_OK)
        return failed(runs, rc, err);
    *out = *s;
    return 0;
}

int db_row(struct lec_runs *runs, sqlite3_stmt *s, struct lec_err *err)
{
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        return 1;
    int fail = rc == SQLITE_DONE ? 0 : db_failed(runs, err);
    sqlite3_reset(s);
    return fail;
}

static void bind(sqlite3_stmt *s, const char *types, va_list ap)
{
    for (int i = 1; *types; types++, i++)
        switch (*types) {
        case 'i':
            sqlite3_bind_int64(s, i, va_arg(ap, int64_t));
            break;
        case 'd':
            sqlite3_bind_double(s, i, va_arg(ap, double));
            break;
        case 's': {
            const char *text = va_arg(ap, const char *);
            sqlite3_bind_text(s, i, text ? text : "", -1, SQLITE_STATIC);
            break;
        }
        default: {
            const void *data = va_arg(ap, const void *);
            sqlite3_bind_blob64(s, i, data, va_arg(ap, uint64_t), SQLITE_STATIC);
            break;
        }
        }
}

int db_do(struct lec_runs *runs, enum statement which, struct lec_err *err, const char *types, ...)
{
    sqlite3_stmt *s;
    int rc = db_get(runs, which, &s, err);
    if (rc < 0)
        return rc;
    va_list ap;
    va_start(ap, types);
    bind(s, types, ap);
    va_end(ap);
    rc = db_row(runs, s, err);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s); /* what was bound was only lent */
    return rc < 0 ? rc : 0;
}

int db_ask(struct lec_runs *runs, enum statement which, sqlite3_stmt **out, struct lec_err *err, const char *types, ...)
{
    int rc = db_get(runs, which, out, err);
    if (rc < 0)
        return rc;
    va_list ap;
    va_start(ap, types);
    bind(*out, types, ap);
    va_end(ap);
    return db_row(runs, *out, err);
}

int db_number(struct lec_runs *runs, enum statement which, int64_t a, int64_t b, int64_t *out, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_ask(runs, which, &s, err, "ii", a, b);
    if (rc < 0)
        return rc;
    *out = rc == 1 ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return 0;
}

int db_pragma(struct lec_runs *runs, const char *text, int64_t *out, struct lec_err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(runs->sql, text, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    int fail = rc == SQLITE_ROW ? 0 : db_failed(runs, err);
    if (fail == 0)
        *out = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return fail;
}

void db_text(sqlite3_stmt *s, int i, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(s, i);
    snprintf(out, size, "%s", text ? text : "");
}

int db_read_begin(struct lec_runs *runs, bool *began, struct lec_err *err)
{
    *began = false;
    if (!sqlite3_get_autocommit(runs->sql))
        return 0;
    int rc = db_do(runs, ST_BEGIN_READ, err, "");
    *began = rc == 0;
    return rc;
}

void db_read_end(struct lec_runs *runs, bool began)
{
    if (!began || sqlite3_get_autocommit(runs->sql))
        return;
    if (db_do(runs, ST_COMMIT, NULL, "") < 0)
        (void)db_exec(runs, "ROLLBACK", NULL);
}

static int check_version(struct lec_runs *runs, struct lec_err *err)
{
    int64_t version = 0, tables = 0;
    int rc = db_pragma(runs, "PRAGMA user_version", &version, err);
    if (rc == 0)
        rc = db_pragma(runs, "SELECT count(*) FROM sqlite_master", &tables, err);
    if (rc < 0)
        return rc;
    if (version > VERSION)
        return lec_fail(err, LEC_E_CONFIG,
                        "%s was written by a newer Lectern (format %lld, this one knows %d): install that one, or move "
                        "the file away to begin a new one",
                        runs->file, (long long)version, VERSION);
    if (version == 0 && (tables > 0 || !runs->writer))
        return lec_fail(err, LEC_E_CONFIG, "%s is no file of runs: move it away, or name another one", runs->file);
    return version == 0 ? db_exec(runs, schema, err) : 0;
}

/* A reader without the right to write cannot make the -shm file that a WAL needs; when nobody has the file open, there is
 * no WAL, and it may be read as it is. */
static int open_unchanging(struct lec_runs *runs)
{
    char name[PATH_MAX + 8], uri[PATH_MAX + 32];
    if (snprintf(name, sizeof name, "%s-wal", runs->file) >= (int)sizeof name || access(name, F_OK) == 0 ||
        strpbrk(runs->file, "%?#") || snprintf(uri, sizeof uri, "file:%s?immutable=1", runs->file) >= (int)sizeof uri)
        return SQLITE_CANTOPEN;
    sqlite3_close(runs->sql);
    return sqlite3_open_v2(uri, &runs->sql,
                           SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
}

int db_open(struct lec_runs *runs, struct lec_err *err)
{
    int mode = runs->writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int rc = sqlite3_open_v2(runs->file, &runs->sql, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(runs->sql, BUSY_MS);
        if (!runs->writer)
            rc = sqlite3_exec(runs->sql, "SELECT 1 FROM sqlite_master", NULL, NULL, NULL);
    }
    if (!runs->writer && (rc & 0xFF) == SQLITE_CANTOPEN)
        rc = open_unchanging(runs);
    if (rc != SQLITE_OK)
        return failed(runs, rc, err);
    int fail = db_exec(runs, runs->writer ? write_settings : read_settings, err);
    return fail == 0 ? check_version(runs, err) : fail;
}

void db_close(struct lec_runs *runs)
{
    for (size_t i = 0; i < N_STATEMENTS; i++) {
        sqlite3_finalize(runs->statements[i]);
        runs->statements[i] = NULL;
    }
    sqlite3_close(runs->sql);
    runs->sql = NULL;
}
