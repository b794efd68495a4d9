/* What the two halves of the store share: store.c is the side of the thread that calls, store_actor.c the thread that
 * owns the database. Between them lie two lists under one lock; an eventfd wakes the caller's loop. A
 * lock and not messages, because the bound on what waits, and the count of what did not fit, belong to both sides. */
#ifndef LECTERN_STORE_IMPL_H
#define LECTERN_STORE_IMPL_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>

#include "lectern/buf.h"
#include "lectern/clock.h"
#include "store/store.h"
#include "store/store_db.h"

/* Besides LEC_STORE_WAITING: what entries may hold in memory together while they wait. */
#define STORE_WAITING_BYTES (4u * 1024u * 1024u)
/* journal.read requests at once. */
#define STORE_READS 64

enum store_kind { STORE_ENTRY, STORE_PUT, STORE_FORGET, STORE_READ, STORE_EACH };

/* A request. Texts lie behind the struct, each with its NUL. */
struct store_item {
    struct store_item *next;
    enum store_kind kind;
    size_t size;    /* of everything, for the bound */
    bool with_next; /* the next one is written in the same transaction */
    int64_t time_us;
    const char *text[5]; /* entry: kind, device, name, principal, data; put: key, value; each: prefix */
    /* read */
    uint64_t token;
    struct lec_journal_query query; /* its kind and device are text[0] and text[1] */
    struct store_scan *scan;        /* the actor's: how far it is */
    /* each: the caller waits for `done`, under the lock */
    bool *done;
    int *result;
    struct lec_err *err;
    struct lec_buf *found; /* key NUL value NUL ... */
};

enum store_told { STORE_STORED, STORE_ANSWER, STORE_TROUBLE };

/* An answer on its way to the callbacks. */
struct store_answer {
    struct store_answer *next;
    enum store_told told;
    uint64_t number; /* journal number, token */
    uint64_t waiting, lost;
    char *kind, *json; /* json NULL: failed (answer), works again (trouble) */
    struct lec_err *err;
};

struct store_list {
    struct store_item *first, **end; /* end: where the next one is hung */
    size_t n;
};

struct lec_store {
    struct lec_store_callbacks callbacks;
    char file[PATH_MAX];
    int64_t keep_ns;
    pthread_t thread;
    int wake_fd; /* readable while answers wait */

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t news;  /* for the actor: a request, or closing */
    pthread_cond_t ended; /* for the caller: an `each` is done, or the actor has ended */
    struct store_list requests;
    struct store_answer *answers, **answers_end;
    size_t waiting, waiting_bytes; /* entries and puts not yet on the disk */
    size_t reads;                  /* queued or under way */
    uint64_t lost;                 /* entries that did not fit, not yet told in the journal */
    uint64_t lost_ever;
    int64_t lost_from_us, lost_to_us;
    bool gathering; /* the actor will look for entries by itself; no need to wake it */
    bool closing, has_ended;
    bool left_alone; /* nobody waits for the actor any more: it frees this */

    struct store_db *db;     /* the actor's, from its start on; NULL while it cannot be opened */
    uint64_t last;           /* newest number told, or begun behind; likewise the actor's */
    uint64_t unsure;         /* entries of a commit that failed, and may be on the disk all the same; the actor's */
    int64_t aside_again;     /* no other file is set aside before; the actor's */
    struct store_item *note; /* an entry about the file itself, to be stored before all others; the actor's */
};

void store_list_init(struct store_list *l);
void store_list_add(struct store_list *l, struct store_item *item);
/* A request with copies of n texts. NULL for lack of memory. */
struct store_item *store_item_new(enum store_kind kind, const char *const text[], size_t n);

/* Opens the file (again); sets a broken one aside, begins a new one and prepares the note about it. Sets db, last and
 * note. broken: what is known to be wrong with it, NULL if nothing. Returns 0 or the codes of store_db_open. */
int store_open_file(struct lec_store *s, const char *broken, struct lec_err *err);
/* The thread. */
void *store_actor(void *store);
/* Nobody uses it any more: not the thread either. */
void store_free(struct lec_store *s);

/* store_read.c: journal.read in slices, so that a long search does not hold up what is to be written. */

/* Begins (item->scan); NULL scan for lack of memory. */
void store_scan_begin(struct store_item *item, uint64_t last);
/* Goes on for a few milliseconds. Returns 1 when finished (the answer is in *json, to be freed), 0 when not, or a
 * code. */
int store_scan_slice(struct store_item *item, struct store_db *db, char **json, struct lec_err *err);
void store_scan_end(struct store_item *item);
/* One entry as JSON, after whatever is in `b`. */
void store_json_entry(struct lec_buf *b, const struct store_row *row);

#endif
