/* Answers kept, so that a request that is sent again is not done again. */
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

#define RETRY_MAX    1024            /* ids remembered */
#define RETRY_BYTES  (1024u * 1024)  /* of answers kept in all; the oldest go first */
#define RETRY_NS     (300 * LEC_SEC) /* how long */
#define RETRY_UNIQUE 16              /* a text id of so many bytes is unique in the world */

struct remembered {
    struct caller caller;
    struct caller *joined; /* asked the same from another connection; NULL: nobody did */
    struct id id;
    char principal[PRINCIPAL_MAX + 1];
    uint64_t serial; /* of the request that took this place; 0: free */
    int64_t at;
    char *answer;
    size_t n;
    struct remembered *next; /* in its bucket */
};

struct retry {
    struct remembered at[RETRY_MAX]; /* a ring: the oldest is overwritten */
    struct remembered *buckets[RETRY_MAX];
    size_t head;
    uint64_t serial;
    size_t bytes; /* of answers */
};

struct retry *retry_new(void)
{
    return calloc(1, sizeof(struct retry));
}

void retry_free(struct retry **retry)
{
    for (size_t i = 0; *retry && i < RETRY_MAX; i++) {
        free((*retry)->at[i].answer);
        free((*retry)->at[i].joined);
    }
    free(*retry);
    *retry = NULL;
}

static bool unique(const struct id *id)
{
    return id->is_text && strlen(id->text) >= RETRY_UNIQUE;
}

static size_t hash(const struct caller *caller, const struct id *id)
{
    uint64_t h = UINT64_C(1469598103934665603);
    if (!unique(id))
        for (size_t i = 0; i < caller->identity_n; i++)
            h = (h ^ caller->identity[i]) * UINT64_C(1099511628211);
    if (!id->is_text)
        h = (h ^ (uint64_t)id->number) * UINT64_C(1099511628211);
    for (const char *p = id->text; id->is_text && *p; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return (size_t)(h % RETRY_MAX);
}

static bool same_caller(const struct caller *a, const struct caller *b)
{
    return a->identity_n == b->identity_n && memcmp(a->identity, b->identity, a->identity_n) == 0;
}

static bool same(const struct remembered *r, const struct caller *caller, const struct id *id)
{
    if (r->id.is_text != id->is_text)
        return false;
    if (id->is_text ? strcmp(r->id.text, id->text) != 0 : r->id.number != id->number)
        return false;
    return unique(id) || same_caller(&r->caller, caller);
}

static void forget_answer(struct retry *retry, struct remembered *r)
{
    retry->bytes -= r->n;
    free(r->answer);
    r->answer = NULL;
    r->n = 0;
}

static void release(struct retry *retry, struct remembered *r)
{
    if (r->serial == 0)
        return;
    struct remembered **at = &retry->buckets[hash(&r->caller, &r->id)];
    while (*at && *at != r)
        at = &(*at)->next;
    if (*at)
        *at = r->next;
    forget_answer(retry, r);
    free(r->joined);
    r->joined = NULL;
    r->serial = 0;
}

bool retry_of(const struct remembered *slot, const char *principal)
{
    return strcmp(slot->principal, principal) == 0;
}

struct remembered *retry_find(struct retry *retry, const struct caller *caller, const struct id *id,
                              const char *principal, bool *again)
{
    int64_t now = lec_now();
    size_t bucket = hash(caller, id);
    for (struct remembered *r = retry->buckets[bucket]; r; r = r->next) {
        if (same(r, caller, id) && now - r->at < RETRY_NS) {
            *again = true;
            return r;
        }
    }
    *again = false;
    struct remembered *r = &retry->at[retry->head];
    retry->head = (retry->head + 1) % RETRY_MAX;
    release(retry, r);
    *r = (struct remembered){.caller = *caller, .id = *id, .serial = ++retry->serial, .at = now};
    lec_copy_text(r->principal, sizeof r->principal, principal);
    r->next = retry->buckets[bucket];
    retry->buckets[bucket] = r;
    return r;
}

const char *retry_answer(const struct remembered *slot, size_t *n)
{
    *n = slot->n;
    return slot->answer;
}

uint64_t retry_serial(const struct remembered *slot)
{
    return slot ? slot->serial : 0;
}

bool retry_valid(const struct remembered *slot, uint64_t serial)
{
    return slot && slot->serial == serial;
}

void retry_keep(struct retry *retry, struct remembered *slot, const char *answer, size_t n)
{
    forget_answer(retry, slot);
    slot->answer = malloc(n);
    if (!slot->answer)
        return;
    memcpy(slot->answer, answer, n);
    slot->n = n;
    retry->bytes += n;
    for (size_t i = 0; retry->bytes > RETRY_BYTES && i < RETRY_MAX; i++) {
        struct remembered *old = &retry->at[(retry->head + i) % RETRY_MAX];
        if (old != slot)
            release(retry, old);
    }
}

void retry_join(struct remembered *slot, const struct caller *caller)
{
    if (same_caller(&slot->caller, caller)) {
        slot->caller.delimiter = caller->delimiter;
        return;
    }
    if (slot->joined && !same_caller(slot->joined, caller))
        slot->caller = *slot->joined; /* the two that asked last */
    if (!slot->joined)
        slot->joined = malloc(sizeof *slot->joined);
    if (slot->joined)
        *slot->joined = *caller;
    else
        slot->caller = *caller;
}

const struct caller *retry_caller(const struct remembered *slot)
{
    return &slot->caller;
}

const struct caller *retry_joined(const struct remembered *slot)
{
    return slot->joined;
}
