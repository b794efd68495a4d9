#include "store/store_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lectern/log.h"
#include "lectern/program.h"

void store_list_init(struct store_list *l)
{
    *l = (struct store_list){.end = &l->first};
}

void store_list_add(struct store_list *l, struct store_item *item)
{
    item->next = NULL;
    *l->end = item;
    l->end = &item->next;
    l->n++;
}

struct store_item *store_item_new(enum store_kind kind, const char *const text[], size_t n)
{
    size_t size = sizeof(struct store_item);
    for (size_t i = 0; i < n; i++)
        size += strlen(text[i]) + 1;
    struct store_item *item = calloc(1, size);
    if (!item)
        return NULL;
    item->kind = kind;
    item->size = size;
    char *at = (char *)(item + 1);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(text[i]) + 1;
        memcpy(at, text[i], len);
        item->text[i] = at;
        at += len;
    }
    return item;
}

/* ---- Opening and closing ------------------------------------------------------------------------------------ */

void store_free(struct lec_store *s)
{
    store_db_close(&s->db);
    free(s->note);
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    pthread_cond_destroy(&s->news);
    pthread_cond_destroy(&s->ended);
    pthread_mutex_destroy(&s->lock);
    while (s->requests.first) {
        struct store_item *item = s->requests.first;
        s->requests.first = item->next;
        free(item);
    }
    while (s->answers) {
        struct store_answer *a = s->answers;
        s->answers = a->next;
        free(a->kind);
        free(a->json);
        free(a->err);
        free(a);
    }
    free(s);
}

static struct lec_store *new_store(const char *file, int64_t keep_ns, const struct lec_store_callbacks *callbacks)
{
    struct lec_store *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->callbacks = *callbacks;
    s->keep_ns = keep_ns;
    snprintf(s->file, sizeof s->file, "%s", file);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    store_list_init(&s->requests);
    s->answers_end = &s->answers;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->news, &monotonic);
    pthread_cond_init(&s->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return s;
}

int lec_store_open(const char *file, int64_t keep_ns, const struct lec_store_callbacks *callbacks,
                   struct lec_store **out, struct lec_err *err)
{
    if (strlen(file) >= PATH_MAX - 64)
        return lec_fail(err, LEC_E_CONFIG, "the path of the journal is too long");
    struct lec_store *s = new_store(file, keep_ns, callbacks);
    if (!s)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    int rc = store_open_file(s, NULL, err);
    if (rc == LEC_E_LINK || rc == LEC_E_BUSY)
        rc = 0; /* a full disk: the room runs without a journal until there is space, and is told so */
    if (rc == 0 && s->wake_fd < 0)
        rc = lec_fail(err, LEC_E_NOMEM, "no descriptor for the journal");
    if (rc == 0 && lec_thread_begin(&s->thread, NULL, store_actor, s) != 0)
        rc = lec_fail(err, LEC_E_NOMEM, "no thread for the journal");
    if (rc < 0) {
        store_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

static struct timespec at_time(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / LEC_SEC, .tv_nsec = ns % LEC_SEC};
}

void lec_store_close(struct lec_store **store, int timeout_ms)
{
    struct lec_store *s = *store;
    if (!s)
        return;
    *store = NULL;
    struct timespec until = at_time(lec_now() + timeout_ms * LEC_MS);
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_signal(&s->news);
    int rc = 0;
    while (!s->has_ended && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&s->ended, &s->lock, &until);
    bool ended = s->has_ended;
    if (!ended) { /* it hangs in the disk: what it still uses is its own from now on */
        s->left_alone = true;
        pthread_detach(s->thread);
    }
    size_t waiting = s->waiting;
    uint64_t lost = s->lost;
    pthread_mutex_unlock(&s->lock);
    if (waiting > 0 || lost > 0)
        lec_log(LEC_LOG_ERROR, "journal: %zu entries could not be written before the end, %llu were lost before",
                waiting, (unsigned long long)lost);
    if (ended) {
        pthread_join(s->thread, NULL);
        store_free(s);
    }
}

void lec_store_counts(struct lec_store *store, uint64_t *waiting, uint64_t *lost)
{
    pthread_mutex_lock(&store->lock);
    *waiting = store->waiting;
    *lost = store->lost_ever;
    pthread_mutex_unlock(&store->lock);
}

int lec_store_fd(const struct lec_store *store)
{
    return store->wake_fd;
}

/* ---- Requests ----------------------------------------------------------------------------------------------- */

static void send_item(struct lec_store *s, struct store_item *item)
{
    store_list_add(&s->requests, item);
    if (!s->gathering || item->kind == STORE_READ || item->kind == STORE_EACH)
        pthread_cond_signal(&s->news);
}

/* Counts an entry that is not kept. Under the lock. */
static void count_lost(struct lec_store *s, int64_t time_us)
{
    if (s->lost++ == 0)
        s->lost_from_us = time_us;
    s->lost_to_us = time_us;
    s->lost_ever++;
}

static struct store_item *entry_item(const struct lec_entry *entry)
{
    char too_long[64];
    const char *data = entry->data[0] ? entry->data : "{}";
    if (strlen(data) > LEC_STORE_DATA_MAX) {
        snprintf(too_long, sizeof too_long, "{\"too_long\":%zu}", strlen(data));
        data = too_long;
    }
    const char *const text[] = {entry->kind, entry->device, entry->name, entry->principal, data};
    struct store_item *item = store_item_new(STORE_ENTRY, text, ARRAY_LEN(text));
    if (item)
        item->time_us = entry->time_us != 0 ? entry->time_us : lec_wall_us();
    return item;
}

static struct store_item *kept_item(const char *key, const char *value)
{
    const char *const text[] = {key, value};
    return store_item_new(value ? STORE_PUT : STORE_FORGET, text, value ? 2 : 1);
}

/* Queues the item if it fits, else counts it as lost. Under the lock. Returns it when it must be freed. */
static struct store_item *queue(struct lec_store *s, struct store_item *item, bool entry)
{
    /* Texts have some room beyond the entries: a run that ended must not look unfinished because the journal is full. */
    size_t times = entry ? 1 : 2;
    if (!item || s->waiting >= times * LEC_STORE_WAITING ||
        s->waiting_bytes + item->size > times * STORE_WAITING_BYTES) {
        count_lost(s, item && entry ? item->time_us : lec_wall_us());
        return item;
    }
    s->waiting++;
    s->waiting_bytes += item->size;
    send_item(s, item);
    return NULL;
}

void lec_store_append(struct lec_store *store, const struct lec_entry *entry)
{
    lec_store_append_with(store, entry, NULL, 0);
}

void lec_store_append_with(struct lec_store *store, const struct lec_entry *entry, const struct lec_kept kept[],
                           size_t n)
{
    struct store_item *items[1 + LEC_STORE_TOGETHER] = {entry_item(entry)};
    for (size_t i = 0; i < n && i < LEC_STORE_TOGETHER; i++)
        items[1 + i] = kept_item(kept[i].key, kept[i].value);
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i <= n && i <= LEC_STORE_TOGETHER; i++) {
        if (items[i])
            items[i]->with_next = i < n;
        items[i] = queue(store, items[i], i == 0);
    }
    pthread_mutex_unlock(&store->lock);
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        free(items[i]);
}

void lec_store_put(struct lec_store *store, const char *key, const char *value)
{
    struct store_item *item = kept_item(key, value);
    pthread_mutex_lock(&store->lock);
    item = queue(store, item, false);
    pthread_mutex_unlock(&store->lock);
    free(item);
}

static void refuse_read(const struct lec_store *s, uint64_t token, const char *why)
{
    struct lec_err err;
    lec_fail(&err, LEC_E_NOMEM, "%s", why);
    s->callbacks.read(s->callbacks.ctx, token, NULL, &err);
}

void lec_store_read(struct lec_store *store, uint64_t token, const struct lec_journal_query *query)
{
    const char *const text[] = {query->kind, query->device};
    struct store_item *item = store_item_new(STORE_READ, text, ARRAY_LEN(text));
    if (!item) {
        refuse_read(store, token, "out of memory");
        return;
    }
    item->token = token;
    item->query = *query;
    if (item->query.limit < 1)
        item->query.limit = 1;
    if (item->query.limit > LEC_JOURNAL_READ_MAX)
        item->query.limit = LEC_JOURNAL_READ_MAX;
    pthread_mutex_lock(&store->lock);
    bool fits = store->reads < STORE_READS;
    if (fits) {
        store->reads++;
        send_item(store, item);
    }
    pthread_mutex_unlock(&store->lock);
    if (!fits) {
        free(item);
        refuse_read(store, token, "the journal is being read by too many at once; try again");
    }
}

int lec_store_each(struct lec_store *store, const char *prefix,
                   void (*each)(void *ctx, const char *key, const char *value), void *ctx, struct lec_err *err)
{
    struct store_item *item = store_item_new(STORE_EACH, &prefix, 1);
    if (!item)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    struct lec_buf found;
    lec_buf_init(&found, 16u * 1024u * 1024u);
    bool done = false;
    int result = 0;
    item->done = &done;
    item->result = &result;
    item->err = err;
    item->found = &found;
    pthread_mutex_lock(&store->lock);
    send_item(store, item);
    while (!done)
        pthread_cond_wait(&store->ended, &store->lock);
    pthread_mutex_unlock(&store->lock);
    for (size_t at = 0; result == 0 && at < found.len;) {
        const char *key = found.data + at, *value = key + strlen(key) + 1;
        at += strlen(key) + strlen(value) + 2;
        each(ctx, key, value);
    }
    lec_buf_done(&found);
    return result;
}

/* ---- Answers ------------------------------------------------------------------------------------------------ */

static void deliver(const struct lec_store_callbacks *c, const struct store_answer *a)
{
    switch (a->told) {
    case STORE_STORED:
        c->stored(c->ctx, a->number, a->kind, a->json);
        break;
    case STORE_ANSWER:
        c->read(c->ctx, a->number, a->json, a->err);
        break;
    case STORE_TROUBLE:
        c->trouble(c->ctx, a->json, a->waiting, a->lost);
        break;
    }
}

void lec_store_dispatch(struct lec_store *store)
{
    eventfd_t rung;
    eventfd_read(store->wake_fd, &rung); /* nothing to read: the answers say what there is */
    pthread_mutex_lock(&store->lock);
    struct store_answer *a = store->answers;
    store->answers = NULL;
    store->answers_end = &store->answers;
    pthread_mutex_unlock(&store->lock);
    while (a) {
        struct store_answer *next = a->next;
        deliver(&store->callbacks, a);
        free(a->kind);
        free(a->json);
        free(a->err);
        free(a);
        a = next;
    }
}
