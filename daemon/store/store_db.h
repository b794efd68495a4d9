/* The SQLite file behind the store: opening, checking, setting aside, and the statements. Only the store's thread uses
 * it. Codes have here the meaning that the actor acts upon:
 *   LEC_E_LINK    the file cannot be read or written now (gone, read-only): open it again later
 *   LEC_E_BUSY    the disk is full: try again later; what is open may stay open
 *   LEC_E_FRAME   it is not a sound database: set it aside
 *   LEC_E_CONFIG  a person must do something (permissions, a newer version, another program has it)
 *   LEC_E_NOMEM   out of memory */
#ifndef LECTERN_STORE_DB_H
#define LECTERN_STORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "lectern/err.h"

struct store_db;

struct store_row {
    uint64_t number;
    int64_t time_us;
    const char *kind, *device, *name, *principal, *data; /* never NULL; lent for the call */
};

/* Opens or creates. Returns 0 or the above. */
int store_db_open(const char *file, struct store_db **out, struct lec_err *err);
/* Accepts NULL. */
void store_db_close(struct store_db **db);

/* Oldest and newest number; both 0 when there is none. */
uint64_t store_db_first(const struct store_db *db);
uint64_t store_db_last(const struct store_db *db);
/* Whether the path still leads to the file that is open. */
bool store_db_in_place(const struct store_db *db);

/* Writing: begin, any number of add and put, then commit, or rollback after any failure. */
int store_db_begin(struct store_db *db, struct lec_err *err);
int store_db_add(struct store_db *db, const struct store_row *row, struct lec_err *err);
/* value NULL: forgets the key. */
int store_db_put(struct store_db *db, const char *key, const char *value, struct lec_err *err);
int store_db_commit(struct store_db *db, struct lec_err *err);
void store_db_rollback(struct store_db *db);

/* Calls `each` for at most `n` rows with after < number < before, upwards or (down) from the highest, until it returns
 * false. Returns how many rows were looked at. */
int store_db_scan(struct store_db *db, uint64_t after, uint64_t before, bool down, int n,
                  bool (*each)(void *ctx, const struct store_row *row), void *ctx, struct lec_err *err);
/* Calls `each` for the keys with this prefix, in order. */
int store_db_keys(struct store_db *db, const char *prefix, void (*each)(void *ctx, const char *key, const char *value),
                  void *ctx, struct lec_err *err);

/* Removes, from the old end, entries written before `cutoff_us`, and those beyond the newest `max`; at most `n` of
 * them, and never the newest of all, which keeps the count. Returns how many. */
int store_db_trim(struct store_db *db, int64_t cutoff_us, uint64_t max, int n, struct lec_err *err);

/* Moves the file out of the way (to `aside`, <file>.broken-<seconds since 1970>). Returns 0, LEC_E_CONFIG. */
int store_db_set_aside(const char *file, char *aside, size_t size, struct lec_err *err);
/* Copies from a file set aside whatever can be read: all keyed texts, and the newest entries without a gap (so that
 * the journal stays gapless; none if the newest one that can be read is below *last). *last: in, the newest number told
 * to anybody; out, the newest number known of, 0 if none is. Returns how many entries. */
int store_db_salvage(struct store_db *db, const char *aside, uint64_t *last);

#endif
