#include "store/store_db.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "lectern/clock.h"

#define VERSION 1
/* Larger files are not read from end to end at each start, which on a memory card would take seconds; what is broken in
 * them shows when it is read or written. */
#define CHECK_BYTES (2 * 1024 * 1024)
/* How long another process (the one before us, ending) may keep the file. */
#define BUSY_MS 1000
/* Entries carried over from a broken file: about a second's work. */
#define SALVAGE_MAX 100000

struct store_db {
    sqlite3 *sql;
    sqlite3_stmt *add, *put, *forget, *up, *down;
    uint64_t first, last;
    uint64_t first_before, last_before; /* the transaction under way */
    dev_t dev;
    ino_t ino;
    char file[PATH_MAX];
};

#define STR_(x) #x
#define STR(x)  STR_(x)

static const char schema[] = "BEGIN IMMEDIATE;"
                             "CREATE TABLE journal(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL,"
                             " device TEXT NOT NULL, name TEXT NOT NULL, principal TEXT NOT NULL, data TEXT NOT NULL);"
                             "CREATE TABLE keyed(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
                             "PRAGMA user_version=" STR(VERSION) ";"
                                                                 "COMMIT";

/* Small memory (256 KiB of pages, no mmap); commits are on the disk when they return; one process at a time, which
 * also does without the shared memory file; a write-ahead log of about 1 MiB. */
static const char settings[] = "PRAGMA locking_mode=EXCLUSIVE;"
                               "PRAGMA journal_mode=WAL;"
                               "PRAGMA synchronous=FULL;"
                               "PRAGMA cache_size=-256;"
                               "PRAGMA mmap_size=0;"
                               "PRAGMA temp_store=MEMORY;"
                               "PRAGMA secure_delete=OFF;"
                               "PRAGMA wal_autocheckpoint=256;"
                               "PRAGMA journal_size_limit=1048576;";

#define COLUMNS                                                                                                        \
    "SELECT seq, time, kind, device, name, principal, data FROM journal WHERE seq > ?1 AND seq < ?2 ORDER BY seq"

/* What went wrong last, as a code and a sentence about the file. */
static int failed(sqlite3 *sql, const char *file, int rc, struct lec_err *err)
{
    int number = sql ? sqlite3_system_errno(sql) : 0;
    switch (rc & 0xFF) {
    case SQLITE_NOMEM:
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return lec_fail(err, LEC_E_FRAME, "%s: %s", file, sqlite3_errstr(rc));
    case SQLITE_FULL:
        return lec_fail(err, LEC_E_BUSY, "%s cannot be written: the disk is full (free some space)", file);
    case SQLITE_BUSY:
        return lec_fail(err, LEC_E_CONFIG, "%s is in use by another program (is lecternd running twice?)", file);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        if (number == 0 || number == EACCES || number == ENOENT || number == ENOTDIR || number == EISDIR ||
            number == EROFS || number == EPERM)
            return lec_fail(err, LEC_E_CONFIG,
                            "%s cannot be opened for writing: %s (its folder must exist, and user %u "
                            "must be able to write there)",
                            file, number ? strerrordesc_np(number) : sqlite3_errstr(rc), (unsigned)geteuid());
        break;
    default:
        break;
    }
    return lec_fail(err, LEC_E_LINK, "%s cannot be written: %s%s%s", file, sqlite3_errstr(rc), number ? ": " : "",
                    number ? strerrordesc_np(number) : "");
}

static int failed_now(const struct store_db *db, struct lec_err *err)
{
    return failed(db->sql, db->file, sqlite3_extended_errcode(db->sql), err);
}

static int run(struct store_db *db, const char *text, struct lec_err *err)
{
    int rc = sqlite3_exec(db->sql, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : failed(db->sql, db->file, sqlite3_extended_errcode(db->sql), err);
}

/* The number that a query of one row gives. */
static int ask_int(struct store_db *db, const char *text, int64_t *out, struct lec_err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->sql, text, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    int fail = rc == SQLITE_ROW ? 0 : failed_now(db, err);
    if (fail == 0)
        *out = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return fail;
}

static int check_whole(struct store_db *db, struct lec_err *err)
{
    struct stat st;
    if (stat(db->file, &st) < 0 || st.st_size > CHECK_BYTES)
        return 0;
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->sql, "PRAGMA quick_check(1)", -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    int fail = rc == SQLITE_ROW ? 0 : failed_now(db, err);
    const char *said = fail == 0 ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (said && strcmp(said, "ok") != 0)
        fail = lec_fail(err, LEC_E_FRAME, "%s is damaged: %s", db->file, said);
    sqlite3_finalize(s);
    return fail;
}

static int check_version(struct store_db *db, struct lec_err *err)
{
    int64_t version = 0, tables = 0;
    int rc = ask_int(db, "PRAGMA user_version", &version, err);
    if (rc == 0)
        rc = ask_int(db, "SELECT count(*) FROM sqlite_master", &tables, err);
    if (rc < 0)
        return rc;
    if (version > VERSION)
        return lec_fail(err, LEC_E_CONFIG,
                        "%s was written by a newer Lectern (format %d, this one knows %d): install that "
                        "one, or move the file away to begin a new journal",
                        db->file, (int)version, VERSION);
    if (version == 0 && tables > 0)
        return lec_fail(err, LEC_E_CONFIG, "%s is a database of another program: move it away, or name another file",
                        db->file);
    return version == 0 ? run(db, schema, err) : 0;
}

static int prepare(struct store_db *db, struct lec_err *err)
{
    const struct {
        const char *text;
        sqlite3_stmt **out;
    } all[] = {
        {"INSERT INTO journal(seq, time, kind, device, name, principal, data) VALUES(?1,?2,?3,?4,?5,?6,?7)", &db->add},
        {"INSERT INTO keyed(key, value) VALUES(?1,?2) ON CONFLICT(key) DO UPDATE SET value=excluded.value", &db->put},
        {"DELETE FROM keyed WHERE key=?1", &db->forget},
        {COLUMNS " LIMIT ?3", &db->up},
        {COLUMNS " DESC LIMIT ?3", &db->down},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        int rc = sqlite3_prepare_v3(db->sql, all[i].text, -1, SQLITE_PREPARE_PERSISTENT, all[i].out, NULL);
        if (rc == SQLITE_ERROR) /* of the right version, but a table is missing */
            return lec_fail(err, LEC_E_FRAME, "%s is damaged: %s", db->file, sqlite3_errmsg(db->sql));
        if (rc != SQLITE_OK)
            return failed_now(db, err);
    }
    return 0;
}

static int find_ends(struct store_db *db, struct lec_err *err)
{
    int64_t first = 0, last = 0;
    int rc = ask_int(db, "SELECT coalesce(min(seq),0) FROM journal", &first, err);
    if (rc == 0)
        rc = ask_int(db, "SELECT coalesce(max(seq),0) FROM journal", &last, err);
    if (rc < 0)
        return rc;
    db->first = (uint64_t)first;
    db->last = (uint64_t)last;
    return 0;
}

static int open_sql(struct store_db *db, struct lec_err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(db->file, &db->sql, flags, NULL);
    if (rc != SQLITE_OK)
        return failed(db->sql, db->file, rc, err);
    sqlite3_busy_timeout(db->sql, BUSY_MS);
    return run(db, settings, err);
}

int store_db_open(const char *file, struct store_db **out, struct lec_err *err)
{
    struct store_db *db = calloc(1, sizeof *db);
    if (!db)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    int rc;
    if (snprintf(db->file, sizeof db->file, "%s", file) >= (int)sizeof db->file)
        rc = lec_fail(err, LEC_E_CONFIG, "the path of the journal is too long");
    else
        rc = open_sql(db, err);
    if (rc == 0)
        rc = check_version(db, err);
    if (rc == 0)
        rc = check_whole(db, err);
    if (rc == 0)
        rc = prepare(db, err);
    if (rc == 0)
        rc = find_ends(db, err);
    struct stat st = {0};
    if (rc == 0 && stat(db->file, &st) < 0)
        rc = lec_fail(err, LEC_E_LINK, "%s has vanished", file);
    if (rc < 0) {
        store_db_close(&db);
        return rc;
    }
    db->dev = st.st_dev;
    db->ino = st.st_ino;
    *out = db;
    return 0;
}

void store_db_close(struct store_db **db)
{
    struct store_db *d = *db;
    if (!d)
        return;
    *db = NULL;
    sqlite3_finalize(d->add);
    sqlite3_finalize(d->put);
    sqlite3_finalize(d->forget);
    sqlite3_finalize(d->up);
    sqlite3_finalize(d->down);
    sqlite3_close(d->sql);
    free(d);
}

uint64_t store_db_first(const struct store_db *db)
{
    return db->first;
}

uint64_t store_db_last(const struct store_db *db)
{
    return db->last;
}

bool store_db_in_place(const struct store_db *db)
{
    struct stat st;
    return stat(db->file, &st) == 0 && st.st_dev == db->dev && st.st_ino == db->ino;
}

int store_db_begin(struct store_db *db, struct lec_err *err)
{
    db->first_before = db->first;
    db->last_before = db->last;
    return run(db, "BEGIN IMMEDIATE", err);
}

static int finish(struct store_db *db, sqlite3_stmt *s, struct lec_err *err)
{
    int rc = sqlite3_step(s);
    int fail = rc == SQLITE_DONE ? 0 : failed_now(db, err);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return fail;
}

int store_db_add(struct store_db *db, const struct store_row *row, struct lec_err *err)
{
    const char *const texts[] = {row->kind, row->device, row->name, row->principal, row->data};
    sqlite3_bind_int64(db->add, 1, (sqlite3_int64)row->number);
    sqlite3_bind_int64(db->add, 2, row->time_us);
    for (int i = 0; i < (int)ARRAY_LEN(texts); i++)
        sqlite3_bind_text(db->add, 3 + i, texts[i], -1, SQLITE_STATIC);
    int rc = finish(db, db->add, err);
    if (rc == 0 && row->number > db->last)
        db->last = row->number;
    if (rc == 0 && (db->first == 0 || row->number < db->first))
        db->first = row->number;
    return rc;
}

int store_db_put(struct store_db *db, const char *key, const char *value, struct lec_err *err)
{
    sqlite3_stmt *s = value ? db->put : db->forget;
    sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
    if (value)
        sqlite3_bind_text(s, 2, value, -1, SQLITE_STATIC);
    return finish(db, s, err);
}

int store_db_commit(struct store_db *db, struct lec_err *err)
{
    return run(db, "COMMIT", err);
}

void store_db_rollback(struct store_db *db)
{
    if (!sqlite3_get_autocommit(db->sql)) /* some failures have rolled back already */
        (void)run(db, "ROLLBACK", NULL);
    db->first = db->first_before;
    db->last = db->last_before;
}

static const char *column(sqlite3_stmt *s, int i)
{
    const char *text = (const char *)sqlite3_column_text(s, i);
    return text ? text : "";
}

static sqlite3_int64 bound(uint64_t number)
{
    return number > INT64_MAX ? INT64_MAX : (sqlite3_int64)number;
}

int store_db_scan(struct store_db *db, uint64_t after, uint64_t before, bool down, int n,
                  bool (*each)(void *ctx, const struct store_row *row), void *ctx, struct lec_err *err)
{
    sqlite3_stmt *s = down ? db->down : db->up;
    sqlite3_bind_int64(s, 1, bound(after));
    sqlite3_bind_int64(s, 2, bound(before));
    sqlite3_bind_int(s, 3, n);
    int seen = 0, rc;
    bool more = true;
    while (more && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct store_row row = {
            .number = (uint64_t)sqlite3_column_int64(s, 0),
            .time_us = sqlite3_column_int64(s, 1),
            .kind = column(s, 2),
            .device = column(s, 3),
            .name = column(s, 4),
            .principal = column(s, 5),
            .data = column(s, 6),
        };
        seen++;
        more = each(ctx, &row);
    }
    int fail = !more || rc == SQLITE_DONE ? 0 : failed_now(db, err);
    sqlite3_reset(s);
    return fail < 0 ? fail : seen;
}

int store_db_keys(struct store_db *db, const char *prefix, void (*each)(void *ctx, const char *key, const char *value),
                  void *ctx, struct lec_err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->sql, "SELECT key, value FROM keyed WHERE key >= ?1 ORDER BY key", -1, &s, NULL);
    if (rc != SQLITE_OK)
        return failed_now(db, err);
    sqlite3_bind_text(s, 1, prefix, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *key = column(s, 0);
        if (strncmp(key, prefix, strlen(prefix)) != 0) {
            rc = SQLITE_DONE; /* behind the prefix in the order of the keys */
            break;
        }
        each(ctx, key, column(s, 1));
    }
    int fail = rc == SQLITE_DONE ? 0 : failed_now(db, err);
    sqlite3_finalize(s);
    return fail;
}

/* ---- Removing what is old ----------------------------------------------------------------------------------- */

struct old {
    int64_t cutoff_us;
    uint64_t below; /* numbers under this go whatever their time */
    uint64_t newest, up_to;
    int n;
};

/* From the old end and without a hole: time may have stepped, the order of the numbers has not. */
static bool is_old(void *ctx, const struct store_row *row)
{
    struct old *old = ctx;
    if (row->number >= old->newest || (row->time_us >= old->cutoff_us && row->number >= old->below))
        return false;
    old->up_to = row->number;
    old->n++;
    return true;
}

int store_db_trim(struct store_db *db, int64_t cutoff_us, uint64_t max, int n, struct lec_err *err)
{
    struct old old = {.cutoff_us = cutoff_us, .newest = db->last, .below = db->last > max ? db->last - max + 1 : 0};
    int rc = store_db_scan(db, 0, UINT64_MAX, false, n, is_old, &old, err);
    if (rc < 0 || old.n == 0)
        return rc < 0 ? rc : 0;
    char text[96];
    snprintf(text, sizeof text, "DELETE FROM journal WHERE seq <= %llu", (unsigned long long)old.up_to);
    rc = run(db, text, err);
    if (rc < 0)
        return rc;
    db->first = old.up_to + 1;
    return old.n;
}

/* ---- Broken files ------------------------------------------------------------------------------------------- */

int store_db_set_aside(const char *file, char *aside, size_t size, struct lec_err *err)
{
    char from[PATH_MAX], to[PATH_MAX];
    int64_t second = lec_wall_us() / 1000000;
    do {
        if (snprintf(aside, size, "%s.broken-%lld", file, (long long)second++) >= (int)size ||
            snprintf(to, sizeof to, "%s-wal", aside) >= (int)sizeof to ||
            snprintf(from, sizeof from, "%s-wal", file) >= (int)sizeof from)
            return lec_fail(err, LEC_E_CONFIG, "the path of the journal is too long");
    } while (access(aside, F_OK) == 0);
    if (rename(file, aside) < 0)
        return lec_fail(err, LEC_E_CONFIG, "%s is damaged and cannot be moved away: %s", file, strerrordesc_np(errno));
    (void)rename(from, to); /* it belongs to the broken file; often there is none */
    return 0;
}

struct salvage {
    struct store_db *to;
    uint64_t expected; /* the next number, going down; 0: any */
    int n;
    bool failed;
};

static bool carry_over(void *ctx, const struct store_row *row)
{
    struct salvage *s = ctx;
    if (s->expected != 0 && row->number != s->expected)
        return false;
    s->failed = store_db_add(s->to, row, NULL) < 0;
    if (s->failed)
        return false;
    s->expected = row->number - 1;
    s->n++;
    return s->expected > 0;
}

static void carry_key(void *ctx, const char *key, const char *value)
{
    struct salvage *s = ctx;
    s->failed = s->failed || store_db_put(s->to, key, value, NULL) < 0;
}

int store_db_salvage(struct store_db *db, const char *aside, uint64_t *last)
{
    struct store_db *old = calloc(1, sizeof *old);
    if (!old)
        return 0;
    struct salvage s = {.to = db};
    snprintf(old->file, sizeof old->file, "%s", aside);
    int64_t newest = 0;
    /* Each part may fail by itself: whatever can still be read is worth having. */
    if (open_sql(old, NULL) == 0 && prepare(old, NULL) == 0 && store_db_begin(db, NULL) == 0) {
        (void)store_db_keys(old, "", carry_key, &s, NULL);
        if (ask_int(old, "SELECT coalesce(max(seq),0) FROM journal", &newest, NULL) == 0 && (uint64_t)newest >= *last)
            (void)store_db_scan(old, 0, UINT64_MAX, true, SALVAGE_MAX, carry_over, &s, NULL);
        if (s.failed || store_db_commit(db, NULL) < 0) {
            store_db_rollback(db);
            s.n = 0;
        }
    }
    if ((uint64_t)newest > *last)
        *last = (uint64_t)newest;
    store_db_close(&old);
    return s.n;
}
