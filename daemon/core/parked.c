/* Answers that wait for the disk: whoever is told that a run has begun must find it after a crash. A run's first journal
 * entry follows what is kept of it in one commit, so the answer goes out when that entry is safe; at most PARKED_NS later
 * it goes out anyway (the disk is in trouble, and system.health says so). */
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

#define PARKED_NS (500 * LEC_MS)

struct parked {
    bool used;
    char run[LEC_RUN_ID_MAX];
    int64_t by;
    struct caller caller;
    struct id id;
    const struct method *method;
    struct remembered *slot;
    uint64_t slot_serial;
    char *json;
};

static void send_off(struct core *core, struct parked *p)
{
    struct request r = {.caller = &p->caller,
                        .id = p->id,
                        .method = p->method,
                        .slot = retry_valid(p->slot, p->slot_serial) ? p->slot : NULL};
    lec_buf_puts(reply_begin(core, &r), p->json);
    reply_send(core, &r);
    free(p->json);
    *p = (struct parked){0};
}

/* The text of a member of a JSON object of our own making; false if it is not there. */
static bool member_of(const char *json, const char *key, char *out, size_t size)
{
    char start[32];
    snprintf(start, sizeof start, "\"%s\":\"", key);
    const char *at = strstr(json, start);
    if (!at)
        return false;
    at += strlen(start);
    size_t n = strcspn(at, "\"");
    if (n == 0 || n >= size)
        return false;
    memcpy(out, at, n);
    out[n] = '\0';
    return true;
}

bool parked_add(struct core *core, const struct request *r, const char *json)
{
    char run[LEC_RUN_ID_MAX];
    if (core->store_failing || strstr(json, "\"joined\":true") || !member_of(json, "run", run, sizeof run))
        return false;
    if (!core->parked)
        core->parked = calloc(PARKED_MAX, sizeof *core->parked);
    for (size_t i = 0; core->parked && i < PARKED_MAX; i++) {
        struct parked *p = &core->parked[i];
        if (p->used)
            continue;
        *p = (struct parked){.used = true,
                             .by = lec_now() + PARKED_NS,
                             .caller = *r->caller,
                             .id = r->id,
                             .method = r->method,
                             .slot = r->slot,
                             .slot_serial = retry_serial(r->slot),
                             .json = strdup(json)};
        memcpy(p->run, run, sizeof run);
        p->used = p->json != NULL;
        return p->used;
    }
    return false;
}

void parked_stored(struct core *core, const char *entry)
{
    char run[LEC_RUN_ID_MAX];
    if (!core->parked || !member_of(entry, "run", run, sizeof run))
        return;
    for (size_t i = 0; i < PARKED_MAX; i++)
        if (core->parked[i].used && strcmp(core->parked[i].run, run) == 0)
            send_off(core, &core->parked[i]);
}

int64_t parked_late(struct core *core, int64_t now)
{
    int64_t next = LEC_NEVER;
    for (size_t i = 0; core->parked && i < PARKED_MAX; i++) {
        struct parked *p = &core->parked[i];
        if (p->used && (now >= p->by || core->store_failing))
            send_off(core, p);
        else if (p->used && p->by < next)
            next = p->by;
    }
    return next;
}

void parked_free(struct core *core)
{
    for (size_t i = 0; core->parked && i < PARKED_MAX; i++)
        free(core->parked[i].json);
    free(core->parked);
    core->parked = NULL;
}
