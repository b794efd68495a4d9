/* Answers kept, so that a request that is sent again is not done again. */
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

#define RETRY_MAX    1024            /* ids remembered */
#define RETRY_BYTES  (1024u * 1024)  /* of answers kept in all; the oldest go first */
#define RETRY_NS     (300 * LEC_SEC) /* how long */
#define RETRY_UNIQUE 16              /* a text id of so many bytes is unique in the world */

/* Who asked what: no longer than it has to be, since a thousand of these and of their answers are gone through in a ring. */
struct asked {
    json_int_t number;
    bool is_text, delimiter;
    uint8_t identity_n;
    char bytes[]; /* the identity, then the id's text and the principal, each with its NUL */
};

struct remembered {
    struct remembered *next; /* in its bucket */
    size_t bucket;
    uint64_t serial; /* of the request that took this place; 0: free */
    int64_t at;
    struct asked *asked;
    struct caller *joined; /* asked the same from another connection, as the last of those; NULL: nobody did */
    char *answer;
    size_t n;
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
        free((*retry)->at[i].asked);
        free((*retry)->at[i].joined);
        free((*retry)->at[i].answer);
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

static struct asked *asked_new(const struct caller *caller, const struct id *id, const char *principal)
{
    size_t text_n = id->is_text ? strlen(id->text) + 1 : 1, principal_n = strlen(principal) + 1;
    struct asked *a = malloc(sizeof *a + caller->identity_n + text_n + principal_n);
    if (!a)
        return NULL;
    a->number = id->number;
    a->is_text = id->is_text;
    a->delimiter = caller->delimiter;
    a->identity_n = caller->identity_n;
    memcpy(a->bytes, caller->identity, caller->identity_n);
    char *text = a->bytes + caller->identity_n;
    memcpy(text, id->is_text ? id->text : "", text_n);
    memcpy(text + text_n, principal, principal_n);
    return a;
}

static const char *id_text(const struct asked *a)
{
    return a->bytes + a->identity_n;
}

static const char *principal_of(const struct asked *a)
{
    return id_text(a) + strlen(id_text(a)) + 1;
}

static bool by(const struct asked *a, const struct caller *caller)
{
    return a->identity_n == caller->identity_n && memcmp(a->bytes, caller->identity, caller->identity_n) == 0;
}

static bool same(const struct asked *a, const struct caller *caller, const struct id *id)
{
    if (a->is_text != id->is_text)
        return false;
    if (id->is_text ? strcmp(id_text(a), id->text) != 0 : a->number != id->number)
        return false;
    return unique(id) || by(a, caller);
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
    struct remembered **at = &retry->buckets[r->bucket];
    while (*at && *at != r)
        at = &(*at)->next;
    if (*at)
        *at = r->next;
    forget_answer(retry, r);
    free(r->asked);
    free(r->joined);
    *r = (struct remembered){0};
}

bool retry_of(const struct remembered *slot, const char *principal)
{
    return strcmp(principal_of(slot->asked), principal) == 0;
}

struct remembered *retry_find(struct retry *retry, const struct caller *caller, const struct id *id,
                              const char *principal, bool *again)
{
    int64_t now = lec_now();
    size_t bucket = hash(caller, id);
    for (struct remembered *r = retry->buckets[bucket]; r; r = r->next) {
        if (same(r->asked, caller, id) && now - r->at < RETRY_NS) {
            *again = true;
            return r;
        }
    }
    *again = false;
    struct asked *asked = asked_new(caller, id, principal);
    if (!asked)
        return NULL;
    struct remembered *r = &retry->at[retry->head];
    retry->head = (retry->head + 1) % RETRY_MAX;
    release(retry, r);
    *r = (struct remembered){
        .next = retry->buckets[bucket], .bucket = bucket, .serial = ++retry->serial, .at = now, .asked = asked};
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
    if (by(slot->asked, caller)) {
        slot->asked->delimiter = caller->delimiter;
        return;
    }
    if (!slot->joined)
        slot->joined = malloc(sizeof *slot->joined);
    if (slot->joined)
        *slot->joined = *caller;
}

void retry_caller(const struct remembered *slot, struct caller *out)
{
    const struct asked *a = slot->asked;
    out->identity_n = a->identity_n;
    out->delimiter = a->delimiter;
    memcpy(out->identity, a->bytes, a->identity_n);
}

const struct caller *retry_joined(const struct remembered *slot)
{
    return slot->joined;
}
