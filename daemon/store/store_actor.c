#include "store/store_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "lectern/member.h"

/* A commit begins so long after its first entry came; the rest of LEC_STORE_COMMIT_MS is for the disk. */
#define GATHER_NS  ((LEC_STORE_COMMIT_MS - 5) * LEC_MS)
#define BATCH      1024 /* entries in one transaction */
#define RETRY_NS   LEC_SEC
#define TRIM_ROWS  256
#define TRIM_FIRST LEC_SEC        /* after the start, which has enough to do */
#define TRIM_NEXT  (250 * LEC_MS) /* while there is more to remove */
#define TRIM_IDLE  (60 * LEC_SEC)
#define STEP_US    INT64_C(3600000000) /* the clock was set, not corrected */
#define TRIM_DOUBT (24 * 3600 * LEC_SEC)

struct actor {
    struct lec_store *s;
    struct store_list waiting; /* entries and texts */
    struct store_list reads;
    int64_t commit_at, retry_at, trim_at; /* LEC_NEVER: not */
    int64_t wall_offset_us;               /* wall minus monotonic, as last seen */
    bool troubled;
};

/* ---- Telling ------------------------------------------------------------------------------------------------ */

static struct store_item *pop(struct store_list *l)
{
    struct store_item *item = l->first;
    l->first = item->next;
    if (!l->first)
        l->end = &l->first;
    l->n--;
    return item;
}

/* Hands over a chain of answers. */
static void tell(struct lec_store *s, struct store_answer *first, struct store_answer **end)
{
    if (!first)
        return;
    pthread_mutex_lock(&s->lock);
    bool wake = s->answers == NULL;
    *s->answers_end = first;
    s->answers_end = end;
    pthread_mutex_unlock(&s->lock);
    if (wake)
        eventfd_write(s->wake_fd, 1);
}

static void tell_trouble(struct actor *a, const struct lec_err *err)
{
    struct lec_store *s = a->s;
    struct store_answer *answer = calloc(1, sizeof *answer);
    if (!answer)
        return;
    answer->told = STORE_TROUBLE;
    answer->json = err ? strdup(err->text) : NULL;
    pthread_mutex_lock(&s->lock);
    answer->waiting = s->waiting;
    answer->lost = s->lost_ever;
    pthread_mutex_unlock(&s->lock);
    tell(s, answer, &answer->next);
}

static void tell_read(struct actor *a, struct store_item *item, char *json, const struct lec_err *err)
{
    struct lec_store *s = a->s;
    struct store_answer *answer = calloc(1, sizeof *answer);
    if (answer) {
        answer->told = STORE_ANSWER;
        answer->number = item->token;
        answer->json = json;
        if (!json && (answer->err = malloc(sizeof *err)))
            *answer->err = *err;
        tell(s, answer, &answer->next);
    } else {
        free(json);
    }
    pthread_mutex_lock(&s->lock);
    s->reads--;
    pthread_mutex_unlock(&s->lock);
    store_scan_end(item);
    free(item);
}

/* ---- The file ----------------------------------------------------------------------------------------------- */

static void make_note(struct lec_store *s, const char *reason, const char *aside, int kept)
{
    struct lec_buf b;
    lec_buf_init(&b, LEC_STORE_DATA_MAX);
    lec_buf_putc(&b, '{');
    lec_member_str(&b, "reason", reason);
    if (aside) {
        lec_member_str(&b, "set_aside", aside);
        lec_member_int(&b, "kept", kept);
    }
    lec_buf_putc(&b, '}');
    const char *const text[] = {"journal", "", "", "", b.failed ? "{}" : b.data};
    free(s->note);
    s->note = store_item_new(STORE_ENTRY, text, ARRAY_LEN(text));
    if (s->note)
        s->note->time_us = lec_wall_us();
    lec_buf_done(&b);
}

/* One file is set aside at a time: on a failing disk the new one may be broken as well. */
#define ASIDE_GAP (600 * LEC_SEC)

static int begin_new_file(struct lec_store *s, const char *reason, struct lec_err *err)
{
    char aside[PATH_MAX];
    struct store_db *db = NULL;
    if (lec_now() < s->aside_again)
        return lec_fail(err, LEC_E_LINK, "%s, again: is the disk failing?", reason);
    int rc = store_db_set_aside(s->file, aside, sizeof aside, err);
    if (rc == 0)
        rc = store_db_open(s->file, &db, err);
    if (rc < 0)
        return rc;
    int kept = store_db_salvage(db, aside, &s->last);
    if (s->last == 0)
        s->last = (uint64_t)(lec_wall_us() / 1000000);
    s->db = db;
    s->aside_again = lec_now() + ASIDE_GAP;
    make_note(s, reason, aside, kept);
    return 0;
}

/* A file that was opened again, and what was told of it before. */
static void compare(struct lec_store *s, struct store_db *db)
{
    uint64_t there = store_db_last(db);
    if (there > s->last && there != s->last + s->unsure)
        s->last = there; /* the start, or a file that somebody put there */
    else if (there < s->last)
        make_note(s, "the file was removed while it was in use", NULL, 0);
}

int store_open_file(struct lec_store *s, const char *broken, struct lec_err *err)
{
    struct lec_err why = {0};
    struct store_db *db = NULL;
    store_db_close(&s->db);
    if (broken) /* a copy, for it may lie in *err */
        lec_fail(&why, LEC_E_FRAME, "%s", broken);
    int rc = broken ? LEC_E_FRAME : store_db_open(s->file, &db, &why);
    if (rc == 0 && store_db_last(db) != 0 && store_db_last(db) < s->last) {
        store_db_close(&db);
        rc = lec_fail(&why, LEC_E_FRAME, "the file was replaced by an older one while it was in use");
    }
    if (rc == LEC_E_FRAME)
        return begin_new_file(s, why.text, err);
    if (rc < 0)
        return lec_fail(err, rc, "%s", why.text);
    compare(s, db);
    s->db = db;
    return 0;
}

/* ---- Writing ------------------------------------------------------------------------------------------------ */

static struct store_row row_of(const struct store_item *item, uint64_t number)
{
    return (struct store_row){number,        item->time_us, item->text[0], item->text[1],
                              item->text[2], item->text[3], item->text[4]};
}

/* Puts up to BATCH items into one transaction. Returns 0 or why not, when nothing is written (or unsure). */
static int write_batch(struct actor *a, size_t *items, struct lec_err *err)
{
    struct lec_store *s = a->s;
    uint64_t number = s->last;
    *items = 0;
    bool together = false;
    int rc = store_db_begin(s->db, err);
    for (const struct store_item *i = a->waiting.first; rc == 0 && i && (*items < BATCH || together);
         i = i->next, ++*items) {
        together = i->with_next;
        if (i->kind != STORE_ENTRY) {
            rc = store_db_put(s->db, i->text[0], i->kind == STORE_PUT ? i->text[1] : NULL, err);
        } else if (++number > store_db_last(s->db)) { /* not there yet, from a commit that seemed to fail */
            struct store_row row = row_of(i, number);
            rc = store_db_add(s->db, &row, err);
        }
    }
    if (rc == 0) {
        s->unsure = number - s->last;
        rc = store_db_commit(s->db, err);
    }
    if (rc == 0)
        s->unsure = 0;
    else
        store_db_rollback(s->db);
    return rc;
}

static struct store_answer *stored(const struct store_item *item, uint64_t number)
{
    struct store_answer *answer = calloc(1, sizeof *answer);
    struct lec_buf b;
    lec_buf_init(&b, 8 * LEC_STORE_DATA_MAX);
    struct store_row row = row_of(item, number);
    store_json_entry(&b, &row);
    char *kind = strdup(row.kind);
    if (!answer || !kind || b.failed) {
        free(answer);
        free(kind);
        lec_buf_done(&b);
        return NULL; /* the entry is safe; that nobody is told shows as a gap, and journal.read fills it */
    }
    *answer = (struct store_answer){.told = STORE_STORED, .number = number, .kind = kind, .json = b.data};
    return answer;
}

/* The first `n` items are on the disk: tells so and forgets them. */
static void finish_batch(struct actor *a, size_t n)
{
    struct lec_store *s = a->s;
    struct store_answer *first = NULL, **end = &first;
    size_t bytes = 0, counted = 0;
    for (size_t i = 0; i < n; i++) {
        struct store_item *item = pop(&a->waiting);
        if (item->kind == STORE_ENTRY) {
            struct store_answer *answer = stored(item, ++s->last);
            if (answer) {
                *end = answer;
                end = &answer->next;
            }
        }
        if (item->size > 0) {
            bytes += item->size;
            counted++;
        }
        free(item);
    }
    pthread_mutex_lock(&s->lock);
    s->waiting -= counted;
    s->waiting_bytes -= bytes;
    pthread_mutex_unlock(&s->lock);
    tell(s, first, end);
}

/* An entry of our own: not counted among those that wait (its size is 0). */
static void add_own(struct actor *a, struct store_item *item, bool in_front)
{
    item->size = 0;
    if (!in_front || !a->waiting.first) {
        store_list_add(&a->waiting, item);
        return;
    }
    item->next = a->waiting.first;
    a->waiting.first = item;
    a->waiting.n++;
}

/* There is room again: says in the journal what did not fit. */
static void note_lost(struct actor *a)
{
    struct lec_store *s = a->s;
    pthread_mutex_lock(&s->lock);
    uint64_t lost = s->lost;
    int64_t from = s->lost_from_us, to = s->lost_to_us;
    s->lost = 0;
    pthread_mutex_unlock(&s->lock);
    if (lost == 0)
        return;
    char data[160];
    snprintf(data, sizeof data, "{\"limit\":\"journal.waiting\",\"lost\":%llu,\"from\":%lld,\"to\":%lld}",
             (unsigned long long)lost, (long long)from, (long long)to);
    const char *const text[] = {"limit", "", "journal.waiting", "", data};
    struct store_item *item = store_item_new(STORE_ENTRY, text, ARRAY_LEN(text));
    if (!item) { /* next time */
        pthread_mutex_lock(&s->lock);
        if (s->lost == 0)
            s->lost_to_us = to;
        s->lost_from_us = from;
        s->lost += lost;
        pthread_mutex_unlock(&s->lock);
        return;
    }
    item->time_us = lec_wall_us();
    add_own(a, item, false);
}

/* Opens the file if need be. */
static int have_file(struct actor *a, struct lec_err *err)
{
    struct lec_store *s = a->s;
    int rc = s->db && store_db_in_place(s->db) ? 0 : store_open_file(s, NULL, err);
    if (rc == 0 && s->note) {
        add_own(a, s->note, true);
        s->note = NULL;
    }
    return rc;
}

static void failed(struct actor *a, int code, const struct lec_err *err)
{
    struct lec_err why = *err;
    if (code == LEC_E_FRAME) { /* the file shows only now that it is broken */
        struct lec_err again = {0};
        a->s->unsure = 0;
        code = store_open_file(a->s, err->text, &again);
        if (code == 0) {
            a->commit_at = lec_now();
            return;
        }
        why = again;
    }
    a->commit_at = LEC_NEVER;
    a->retry_at = lec_now() + RETRY_NS;
    if (!a->troubled)
        tell_trouble(a, &why);
    a->troubled = true;
}

static void write_all(struct actor *a)
{
    struct lec_err err = {0};
    int rc = have_file(a, &err);
    while (rc == 0 && a->waiting.first) {
        size_t items;
        rc = write_batch(a, &items, &err);
        if (rc == 0)
            finish_batch(a, items);
        if (rc == 0 && !a->waiting.first)
            note_lost(a);
    }
    if (rc < 0) {
        /* After anything but a full disk the descriptors may be of no use: begin again with the file. */
        if (rc != LEC_E_BUSY)
            store_db_close(&a->s->db);
        failed(a, rc, &err);
        return;
    }
    a->commit_at = a->retry_at = LEC_NEVER;
    if (a->troubled)
        tell_trouble(a, NULL);
    a->troubled = false;
}

/* ---- Reading and removing ----------------------------------------------------------------------------------- */

static void read_some(struct actor *a)
{
    struct lec_err err = {0};
    struct store_item *item = pop(&a->reads);
    char *json = NULL;
    int rc;
    if (!a->s->db)
        rc = lec_fail(&err, LEC_E_LINK, "the journal cannot be opened now");
    else if (!item->scan)
        rc = lec_fail(&err, LEC_E_NOMEM, "out of memory");
    else
        rc = store_scan_slice(item, a->s->db, &json, &err);
    if (rc == 0)
        store_list_add(&a->reads, item);
    else
        tell_read(a, item, json, &err);
    if (rc == LEC_E_FRAME)
        failed(a, rc, &err);
}

static void collect(void *ctx, const char *key, const char *value)
{
    struct lec_buf *b = ctx;
    lec_buf_put(b, key, strlen(key) + 1);
    lec_buf_put(b, value, strlen(value) + 1);
}

static void read_keys(struct actor *a, struct store_item *item)
{
    struct lec_store *s = a->s;
    int rc = 0; /* without a file there are no texts */
    if (s->db)
        rc = store_db_keys(s->db, item->text[0], collect, item->found, item->err);
    if (rc == 0 && item->found->failed)
        rc = lec_fail(item->err, LEC_E_NOMEM, "more kept texts than fit into memory");
    pthread_mutex_lock(&s->lock);
    *item->result = rc;
    *item->done = true;
    pthread_cond_broadcast(&s->ended);
    pthread_mutex_unlock(&s->lock);
    free(item);
}

static void trim(struct actor *a)
{
    int64_t now = lec_now(), offset = lec_wall_us() - now / 1000, step = offset - a->wall_offset_us;
    a->wall_offset_us = offset;
    if (step > STEP_US || step < -STEP_US) {
        /* Nobody knows whether it was right before or is now; what was removed by mistake is gone. */
        a->trim_at = now + TRIM_DOUBT;
        return;
    }
    int n = 0;
    struct lec_err err = {0};
    if (a->s->db && !a->troubled)
        n = store_db_trim(a->s->db, lec_wall_us() - a->s->keep_ns / 1000, LEC_STORE_KEPT, TRIM_ROWS, &err);
    if (n == LEC_E_FRAME)
        failed(a, n, &err);
    a->trim_at = now + (n == TRIM_ROWS ? TRIM_NEXT : TRIM_IDLE);
}

/* ---- The thread --------------------------------------------------------------------------------------------- */

static int64_t earliest(const struct actor *a)
{
    int64_t at = a->trim_at;
    if (a->commit_at < at)
        at = a->commit_at;
    return a->retry_at < at ? a->retry_at : at;
}

/* Waits for requests until something is due; takes them all. Returns whether the store is closing. */
static bool take_requests(struct actor *a, struct store_list *taken)
{
    struct lec_store *s = a->s;
    int64_t at = a->reads.first ? 0 : earliest(a);
    struct timespec until = {.tv_sec = at / LEC_SEC, .tv_nsec = at % LEC_SEC};
    pthread_mutex_lock(&s->lock);
    s->gathering = a->commit_at != LEC_NEVER || a->troubled;
    while (!s->requests.first && !s->closing && lec_now() < at)
        pthread_cond_timedwait(&s->news, &s->lock, &until);
    s->gathering = false;
    *taken = s->requests;
    if (!taken->first)
        store_list_init(taken);
    store_list_init(&s->requests);
    bool closing = s->closing;
    pthread_mutex_unlock(&s->lock);
    return closing;
}

static void sort_in(struct actor *a, struct store_item *item)
{
    switch (item->kind) {
    case STORE_ENTRY:
    case STORE_PUT:
    case STORE_FORGET:
        if (a->commit_at == LEC_NEVER && !a->troubled)
            a->commit_at = lec_now() + GATHER_NS;
        store_list_add(&a->waiting, item);
        break;
    case STORE_READ:
        store_scan_begin(item, a->s->db ? store_db_last(a->s->db) : 0);
        store_list_add(&a->reads, item);
        break;
    case STORE_EACH:
        if (a->waiting.first && !a->troubled)
            write_all(a); /* texts put before are seen */
        read_keys(a, item);
        break;
    }
}

static void end(struct actor *a)
{
    if (a->waiting.first)
        write_all(a);
    struct lec_store *s = a->s;
    store_db_close(&s->db);
    while (a->waiting.first)
        free(pop(&a->waiting));
    while (a->reads.first) {
        struct store_item *item = pop(&a->reads);
        store_scan_end(item);
        free(item);
    }
    pthread_mutex_lock(&s->lock);
    s->has_ended = true;
    bool left_alone = s->left_alone;
    pthread_cond_broadcast(&s->ended);
    pthread_mutex_unlock(&s->lock);
    if (left_alone)
        store_free(s);
}

void *store_actor(void *store)
{
    struct lec_store *s = store;
    int64_t now = lec_now();
    struct actor a = {.s = s,
                      .commit_at = s->note ? now : LEC_NEVER,
                      .retry_at = s->db ? LEC_NEVER : now,
                      .trim_at = now + TRIM_FIRST,
                      .wall_offset_us = lec_wall_us() - now / 1000};
    store_list_init(&a.waiting);
    store_list_init(&a.reads);
    for (bool closing = false; !closing;) {
        struct store_list taken;
        closing = take_requests(&a, &taken);
        while (taken.first)
            sort_in(&a, pop(&taken));
        now = lec_now();
        if (a.commit_at <= now || a.retry_at <= now)
            write_all(&a);
        if (a.reads.first && !closing)
            read_some(&a);
        if (a.trim_at <= now && !closing)
            trim(&a);
    }
    end(&a);
    return NULL;
}
