/* What survives: the journal and a small table of keyed texts (scene runs, learnt durations), in one SQLite file per
 * room (write-ahead log, synchronous FULL: a commit is on the disk when it returns), owned by one actor thread.
 *
 * Calls here only queue; answers are delivered by lec_store_dispatch as callbacks in the caller's thread, when
 * lec_store_fd has become readable. An entry is numbered when it is committed: numbers have no gap, also after
 * kill -9, and no number is ever told that is not on the disk. Entries are committed together, at most
 * LEC_STORE_COMMIT_MS after they came (and as long as the disk takes). Order is by number; the clock may step.
 *
 * A disk that is full or gone: entries wait in memory (LEC_STORE_WAITING of them), `trouble` is called, writing is
 * tried again every second; when even that is full, further entries are counted and one `limit` entry tells how many
 * and from when to when. That also holds when the file cannot be made at the start for lack of space.
 *
 * A file that is no sound database is set aside as <file>.broken-<seconds> (when it is opened, or later when it shows)
 * and a new one is begun with all that can be read without a gap: the newest entries and the keyed texts. An entry of
 * kind `journal` says so. Numbers go on behind the highest one known; if none can be read, behind the seconds since
 * 1970, which no journal reaches by counting, so that whoever follows the journal never sees a number twice.
 *
 * Threads: one thread (the core's) makes all calls. */
#ifndef LECTERN_STORE_H
#define LECTERN_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "lectern/err.h"

#define LEC_STORE_COMMIT_MS  20
#define LEC_STORE_WAITING    8192
#define LEC_STORE_DATA_MAX   32768   /* bytes of an entry's data; longer ones are replaced by {"too_long": bytes} */
#define LEC_STORE_KEPT       2000000 /* entries kept at most, whatever their age: about 500 MB */
#define LEC_JOURNAL_READ_MAX 1000

struct lec_store;

struct lec_store_callbacks {
    void *ctx;
    /* An entry is on the disk. `json`: one object, as docs/protocol.md section 7 says, without seq and prev. */
    void (*stored)(void *ctx, uint64_t journal, const char *kind, const char *json);
    /* The answer to lec_store_read with this token: a JSON object (entries, first, last), or NULL and why not. */
    void (*read)(void *ctx, uint64_t token, const char *json, const struct lec_err *err);
    /* Writing fails (text), or works again (text NULL). Called once per change. */
    void (*trouble)(void *ctx, const char *text, uint64_t waiting, uint64_t lost);
};

/* Opens or creates the file and starts the actor. keep_ns: entries older than this are removed, in small portions,
 * from the old end; not within a day after the wall clock was seen to step. Returns 0, LEC_E_CONFIG (the folder cannot
 * be written, another program has the file, a newer version wrote it: the sentence says what to do), LEC_E_NOMEM.
 * Blocks while the file is opened and checked (a whole check up to 2 MiB, above that only its ends). */
int lec_store_open(const char *file, int64_t keep_ns, const struct lec_store_callbacks *callbacks,
                   struct lec_store **out, struct lec_err *err);
/* Commits what waits, within `timeout_ms`, and ends the actor; no callback is called any more. What could not be
 * written is logged. Accepts NULL, sets *store NULL. */
void lec_store_close(struct lec_store **store, int timeout_ms);

/* How many entries and texts are not on the disk yet, and how many entries were ever lost: as of now. */
void lec_store_counts(struct lec_store *store, uint64_t *waiting, uint64_t *lost);

/* The descriptor that is readable while callbacks are due. */
int lec_store_fd(const struct lec_store *store);
void lec_store_dispatch(struct lec_store *store);

struct lec_entry {
    const char *kind;                      /* "command", "step", ... */
    const char *device, *name, *principal; /* "" if none */
    const char *data;                      /* a JSON object; "" for {} */
    int64_t time_us;                       /* wall time; 0: now */
};
/* Copies the entry and queues it. */
void lec_store_append(struct lec_store *store, const struct lec_entry *entry);

struct lec_kept {
    const char *key;
    const char *value; /* NULL: forgotten */
};
/* The same with texts that belong to it: after a crash all of it is there, or nothing. When the entry does not fit any
 * more, the texts are kept all the same. At most LEC_STORE_TOGETHER of them. */
#define LEC_STORE_TOGETHER 8
void lec_store_append_with(struct lec_store *store, const struct lec_entry *entry, const struct lec_kept kept[],
                           size_t n);

struct lec_journal_query {
    uint64_t after, before;    /* exclusive; before 0: no bound */
    unsigned limit;            /* 1..LEC_JOURNAL_READ_MAX */
    bool newest;               /* the last `limit`, still in ascending order */
    const char *kind, *device; /* "" for all */
};
/* Asks for entries; the answer may be short of `limit` when it would pass 1 MiB. A long search is done in slices
 * between commits. When more than 64 are under way, `read` is called with an error before this returns. */
void lec_store_read(struct lec_store *store, uint64_t token, const struct lec_journal_query *query);

/* Keeps `value` under `key` (value NULL: forgets it), in the same commit order as entries. */
void lec_store_put(struct lec_store *store, const char *key, const char *value);
/* Calls `each` for every key that begins with `prefix`, in order. Blocks; for the start of the daemon only. */
int lec_store_each(struct lec_store *store, const char *prefix,
                   void (*each)(void *ctx, const char *key, const char *value), void *ctx, struct lec_err *err);

#endif
