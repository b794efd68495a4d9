/* The file: opening, schema, statements, errors. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "lectern/parse.h"
#include "people_impl.h"

#define VERSION 1
#define BUSY_MS 2000

#define STR_(x) #x
#define STR(x)  STR_(x)

/* Sessions have no foreign key to people: a kiosk's is nobody's. `before` is the secret that was renewed away, `used` when the present one
 * was first used; `over`: who has signed in at this kiosk. AUTOINCREMENT: an id is never used twice. */
static const char schema[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE person(name TEXT PRIMARY KEY, label TEXT NOT NULL, role TEXT NOT NULL, hash TEXT NOT NULL,"
    " pin INTEGER NOT NULL, disabled INTEGER NOT NULL, made INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE place(person TEXT NOT NULL, place BLOB NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY(person, place))"
    " WITHOUT ROWID;"
    "CREATE TABLE guess(cell INTEGER PRIMARY KEY, wrong INTEGER NOT NULL, last INTEGER NOT NULL);"
    "CREATE TABLE session(id INTEGER PRIMARY KEY AUTOINCREMENT, handle BLOB NOT NULL UNIQUE, secret BLOB NOT NULL,"
    " before BLOB, used INTEGER NOT NULL, person TEXT NOT NULL, room TEXT NOT NULL, role TEXT NOT NULL,"
    " made INTEGER NOT NULL, renewed INTEGER NOT NULL, seen INTEGER NOT NULL, over TEXT NOT NULL DEFAULT '',"
    " over_seen INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX session_over ON session(over) WHERE over <> '';"
    "CREATE INDEX session_person ON session(person, seen);"
    "CREATE TABLE code(room TEXT PRIMARY KEY, hash BLOB NOT NULL, role TEXT NOT NULL, until INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "PRAGMA user_version=" STR(VERSION) ";";

/* A commit is on the disk when it returns: somebody who was removed stays so when the power fails. Readers are not held up by a writer (WAL):
 * the gateway looks sessions up in its event loop. A small cache: the gateway's memory is counted. No mmap: a disk that fails would be a signal. */
static const char settings[] = "PRAGMA synchronous=FULL;"
                               "PRAGMA cache_size=-128;"
                               "PRAGMA mmap_size=0;"
                               "PRAGMA temp_store=MEMORY;"
                               "PRAGMA trusted_schema=OFF;"
                               "PRAGMA secure_delete=ON;"
                               "PRAGMA wal_autocheckpoint=100;"
                               "PRAGMA journal_size_limit=524288;";

int64_t wall_s(void)
{
    return lec_wall_us() / 1000000;
}

static int failed(const char *file, sqlite3 *sql, int rc, struct lec_err *err)
{
    int number = sql ? sqlite3_system_errno(sql) : 0;
    switch (rc & 0xFF) {
    case SQLITE_NOMEM:
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return lec_fail(err, LEC_E_TIMEOUT, "%s is in use by another program", file);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table or column is missing */
    case SQLITE_MISMATCH:
        return lec_fail(err, LEC_E_CONFIG, "%s is damaged: %s (put it aside, and make the people anew)", file,
                        sqlite3_errstr(rc));
    case SQLITE_FULL:
        return lec_fail(err, LEC_E_CONFIG, "%s cannot be written: the disk is full", file);
    default:
        return lec_fail(err, LEC_E_CONFIG, "%s cannot be used: %s%s%s", file, sqlite3_errstr(rc), number ? ": " : "",
                        number ? strerrordesc_np(number) : "");
    }
}

int db_failed(struct lec_people *people, struct lec_err *err)
{
    return failed(people->file, people->sql, sqlite3_extended_errcode(people->sql), err);
}

static int prepare(struct lec_people *people, sqlite3_stmt **out, struct lec_err *err, const char *text,
                   const char *types, va_list args)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(people->sql, text, -1, &s, NULL);
    for (int i = 1; rc == SQLITE_OK && types[i - 1] != '\0'; i++) {
        switch (types[i - 1]) {
        case 's':
            rc = sqlite3_bind_text(s, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
            break;
        case 'b':
            rc = sqlite3_bind_blob(s, i, va_arg(args, const void *), HASH_SIZE, SQLITE_TRANSIENT);
            break;
        default:
            rc = sqlite3_bind_int64(s, i, va_arg(args, int64_t));
        }
    }
    if (rc != SQLITE_OK) {
        rc = db_failed(people, err);
        sqlite3_finalize(s);
        return rc;
    }
    *out = s;
    return 0;
}

int db_prepare(struct lec_people *people, sqlite3_stmt **out, struct lec_err *err, const char *text, const char *types,
               ...)
{
    va_list args;
    va_start(args, types);
    int rc = prepare(people, out, err, text, types, args);
    va_end(args);
    return rc;
}

int db_row(struct lec_people *people, sqlite3_stmt *s, struct lec_err *err)
{
    int rc = sqlite3_step(s);
    return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : db_failed(people, err);
}

int db_do(struct lec_people *people, struct lec_err *err, const char *text, const char *types, ...)
{
    sqlite3_stmt *s;
    va_list args;
    va_start(args, types);
    int rc = prepare(people, &s, err, text, types, args);
    va_end(args);
    if (rc < 0)
        return rc;
    rc = db_row(people, s, err);
    sqlite3_finalize(s);
    return rc < 0 ? rc : 0;
}

void db_do_lightly(struct lec_people *people, const char *text, const char *types, ...)
{
    sqlite3_stmt *s;
    va_list args;
    sqlite3_busy_timeout(people->sql, 0);
    sqlite3_exec(people->sql, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
    va_start(args, types);
    if (prepare(people, &s, NULL, text, types, args) == 0) {
        sqlite3_step(s);
        sqlite3_finalize(s);
    }
    va_end(args);
    sqlite3_exec(people->sql, "PRAGMA synchronous=FULL", NULL, NULL, NULL);
    sqlite3_busy_timeout(people->sql, BUSY_MS);
}

int db_number(struct lec_people *people, int64_t *out, int64_t otherwise, struct lec_err *err, const char *text,
              const char *types, ...)
{
    sqlite3_stmt *s;
    va_list args;
    va_start(args, types);
    int rc = prepare(people, &s, err, text, types, args);
    va_end(args);
    if (rc < 0)
        return rc;
    rc = db_row(people, s, err);
    if (rc >= 0)
        *out = rc > 0 ? sqlite3_column_int64(s, 0) : otherwise;
    sqlite3_finalize(s);
    return rc < 0 ? rc : 0;
}

int db_begin(struct lec_people *people, struct lec_err *err)
{
    return db_do(people, err, "BEGIN IMMEDIATE", "");
}

int db_end(struct lec_people *people, int rc, struct lec_err *err)
{
    if (rc == 0)
        rc = db_do(people, err, "COMMIT", "");
    if (rc != 0)
        db_do(people, NULL, "ROLLBACK", ""); /* SQLite may have done it already */
    return rc;
}

void db_text(sqlite3_stmt *s, int column, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    lec_copy_utf8(out, size, text ? text : "", text ? (size_t)sqlite3_column_bytes(s, column) : 0);
}

void keyed_hash(const struct lec_people *people, char purpose, const char *a, const void *b, size_t b_size,
                unsigned char out[HASH_SIZE])
{
    crypto_generichash_state state;
    uint64_t a_size = strlen(a);
    crypto_generichash_init(&state, people->key, sizeof people->key, HASH_SIZE);
    crypto_generichash_update(&state, (const unsigned char *)&purpose, 1);
    crypto_generichash_update(&state, (const unsigned char *)&a_size, sizeof a_size);
    crypto_generichash_update(&state, (const unsigned char *)a, a_size);
    if (b)
        crypto_generichash_update(&state, b, b_size);
    crypto_generichash_final(&state, out, HASH_SIZE);
}

/* Makes an empty file that only its owner can read. When root does so for the gateway's folder, it must not be root's: the gateway
 * could not open it. */
static int make_file(const char *file, struct lec_err *err)
{
    int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? 0 : lec_fail(err, LEC_E_CONFIG, "%s cannot be made: %s", file, strerror(errno));
    char folder[512];
    lec_copy_utf8(folder, sizeof folder, file, strlen(file));
    struct stat st;
    int rc = 0;
    if (geteuid() == 0 && (stat(dirname(folder), &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0))
        rc = lec_fail(err, LEC_E_CONFIG, "%s cannot be given to the owner of its folder: %s", file, strerror(errno));
    close(fd);
    return rc;
}

static int check_file(const char *file, struct lec_err *err)
{
    struct stat st;
    if (lstat(file, &st) != 0) {
        if (errno != ENOENT)
            return lec_fail(err, LEC_E_CONFIG, "%s cannot be used: %s", file, strerror(errno));
        int rc = make_file(file, err);
        if (rc < 0)
            return rc;
        if (lstat(file, &st) != 0)
            return lec_fail(err, LEC_E_CONFIG, "%s cannot be used: %s", file, strerror(errno));
    }
    if (!S_ISREG(st.st_mode))
        return lec_fail(err, LEC_E_CONFIG, "%s is not a file", file);
    if (st.st_mode & 077)
        return lec_fail(err, LEC_E_CONFIG, "%s can be read by others: chmod 600 it, and change the PINs", file);
    return 0;
}

static int exec(struct lec_people *people, const char *text, struct lec_err *err)
{
    return sqlite3_exec(people->sql, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_failed(people, err);
}

/* Two programs that make the same file at once get SQLITE_BUSY without a wait: each has a lock that the other one needs. */
static int use_wal(struct lec_people *people, struct lec_err *err)
{
    for (int tries = 0;; tries++) {
        int rc = exec(people, "PRAGMA journal_mode=WAL;", err);
        if (rc != LEC_E_TIMEOUT || tries == BUSY_MS / 10)
            return rc;
        nanosleep(&(struct timespec){.tv_nsec = 10 * LEC_MS}, NULL);
    }
}

static int make_schema(struct lec_people *people, struct lec_err *err)
{
    char nobody[crypto_pwhash_STRBYTES], secret[2 * KEY_SIZE + 1];
    unsigned char key[KEY_SIZE], random[KEY_SIZE];
    randombytes_buf(key, sizeof key);
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(secret, sizeof secret, random, sizeof random);
    int rc = secret_hash(secret, nobody, err);
    if (rc < 0 || (rc = db_begin(people, err)) < 0)
        return rc;
    int64_t version;
    rc = db_number(people, &version, 0, err, "PRAGMA user_version", "");
    if (rc == 0 && version == 0) { /* nobody else was faster */
        rc = exec(people, schema, err);
        sqlite3_stmt *s;
        if (rc == 0)
            rc = db_prepare(people, &s, err, "INSERT INTO meta VALUES('key', ?2), ('nobody', ?1)", "s", nobody);
        if (rc == 0) {
            sqlite3_bind_blob(s, 2, key, sizeof key, SQLITE_STATIC);
            rc = db_row(people, s, err);
            sqlite3_finalize(s);
        }
    }
    return db_end(people, rc, err);
}

static int read_meta(struct lec_people *people, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_prepare(people, &s, err,
                        "SELECT a.value, b.value FROM meta a, meta b WHERE a.name = 'key' AND b.name = 'nobody'", "");
    if (rc < 0)
        return rc;
    rc = db_row(people, s, err);
    if (rc == 0 || (rc > 0 && sqlite3_column_bytes(s, 0) != KEY_SIZE))
        rc = lec_fail(err, LEC_E_CONFIG, "%s is damaged: its key is missing", people->file);
    if (rc > 0) {
        memcpy(people->key, sqlite3_column_blob(s, 0), KEY_SIZE);
        db_text(s, 1, people->nobody, sizeof people->nobody);
        rc = 0;
    }
    sqlite3_finalize(s);
    return rc;
}

static int look_through(struct lec_people *people, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_prepare(people, &s, err, "PRAGMA quick_check(1)", "");
    if (rc < 0)
        return rc;
    rc = db_row(people, s, err);
    const char *text = rc > 0 ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (rc >= 0)
        rc = text && strcmp(text, "ok") == 0 ? 0 : failed(people->file, NULL, SQLITE_CORRUPT, err);
    sqlite3_finalize(s);
    return rc;
}

static int open_sql(struct lec_people *people, struct lec_err *err)
{
    int rc = sqlite3_open_v2(people->file, &people->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return failed(people->file, people->sql, rc, err);
    sqlite3_extended_result_codes(people->sql, 1);
    sqlite3_busy_timeout(people->sql, BUSY_MS);
    sqlite3_db_config(people->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int64_t version = 0;
    rc = db_number(people, &version, 0, err, "PRAGMA user_version", "");
    if (rc == 0 && version > VERSION)
        rc = lec_fail(err, LEC_E_CONFIG, "%s was made by a newer Lectern", people->file);
    if (rc == 0)
        rc = use_wal(people, err);
    if (rc == 0)
        rc = exec(people, settings, err);
    if (rc == 0 && version == 0)
        rc = make_schema(people, err);
    if (rc == 0)
        rc = look_through(people, err);
    return rc == 0 ? read_meta(people, err) : rc;
}

int lec_people_open(const char *file, struct lec_people **out, struct lec_err *err)
{
    if (sodium_init() < 0)
        return lec_fail(err, LEC_E_BUG, "libsodium cannot be used");
    struct lec_people *people = calloc(1, sizeof *people);
    if (!people)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    int rc;
    if (!lec_copy_utf8(people->file, sizeof people->file, file, strlen(file)) || file[0] == '\0')
        rc = lec_fail(err, LEC_E_CONFIG, "the name of the people's file is empty or too long");
    else
        rc = check_file(file, err);
    if (rc == 0)
        rc = open_sql(people, err);
    if (rc < 0) {
        lec_people_close(&people);
        return rc;
    }
    *out = people;
    return 0;
}

void lec_people_close(struct lec_people **people)
{
    if (!*people)
        return;
    sqlite3_close((*people)->sql);
    sodium_memzero((*people)->key, sizeof(*people)->key);
    free(*people);
    *people = NULL;
}

int64_t lec_people_version(struct lec_people *people)
{
    int64_t others;
    if (db_number(people, &others, 0, NULL, "PRAGMA data_version", "") < 0)
        return -1;
    return (others & INT32_MAX) << 32 | (sqlite3_total_changes64(people->sql) & UINT32_MAX);
}
