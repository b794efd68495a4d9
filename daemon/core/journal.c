/* The journal as the core uses it: entries go to the store; what is safe on the disk goes out as events. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/core.h"
#include "lectern/log.h"

#define WAITERS_MAX 64 /* journal.read requests under way */

struct journal_waiter {
    uint64_t token; /* 0: free */
    struct caller caller;
    struct id id;
    const struct method *method;
};

void journal_add(struct core *core, const char *kind, const char *device, const char *name, const char *principal,
                 const char *data)
{
    if (!core->store)
        return;
    struct lec_entry entry = {.kind = kind, .device = device, .name = name, .principal = principal, .data = data};
    lec_store_append(core->store, &entry);
}

static void on_stored(void *ctx, uint64_t journal, const char *kind, const char *json)
{
    struct core *core = ctx;
    core->journal_last = journal;
    if (strcmp(kind, "scene") == 0)
        parked_stored(core, json);
    struct topic *topic = events_topic(core, EVENT_JOURNAL, kind);
    struct lec_buf *b = events_begin(core, topic);
    size_t n = strlen(json);
    if (!b || n < 2)
        return;
    lec_buf_putc(b, ','); /* the entry's members, without its braces */
    lec_buf_put(b, json + 1, n - 2);
    events_end(core, topic, NULL, 0);
}

static void on_read(void *ctx, uint64_t token, const char *json, const struct lec_err *err)
{
    struct core *core = ctx;
    if (help_read(core, token, json))
        return;
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        struct journal_waiter *w = &core->journal_waiters[i];
        if (w->token != token)
            continue;
        struct request r = {.caller = &w->caller, .id = w->id, .method = w->method};
        if (json) {
            struct lec_buf *b = reply_begin(core, &r);
            lec_buf_puts(b, json);
            reply_send(core, &r);
        } else {
            struct trouble t = {.code = -32012, .reason = err->text};
            reply_error(core, &r, &t);
        }
        w->token = 0;
        return;
    }
}

static void on_trouble(void *ctx, const char *text, uint64_t waiting, uint64_t lost)
{
    struct core *core = ctx;
    core->store_failing = text != NULL;
    core->store_waiting = waiting;
    core->store_lost = lost;
    lec_copy_text(core->store_trouble, sizeof core->store_trouble, text ? text : "");
    if (text)
        lec_log(LEC_LOG_ERROR, "journal: %s; %llu entries wait in memory; free disk space", text,
                (unsigned long long)waiting);
    else
        lec_log(LEC_LOG_NOTICE, "journal: written again, %llu entries lost", (unsigned long long)lost);
}

int journal_open(struct core *core, struct lec_err *err)
{
    char file[4096];
    const char *dir = core->setup.state_dir;
    if (mkdir(dir, 0750) < 0 && errno != EEXIST)
        return lec_fail(err, LEC_E_CONFIG, "the state folder %s cannot be made: %s; use --state", dir, strerror(errno));
    if ((size_t)snprintf(file, sizeof file, "%s/%s.db", dir, core->room->id) >= sizeof file)
        return lec_fail(err, LEC_E_CONFIG, "the state folder's path is too long");
    core->journal_waiters = calloc(WAITERS_MAX, sizeof *core->journal_waiters);
    if (!core->journal_waiters)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    struct lec_store_callbacks callbacks = {.ctx = core, .stored = on_stored, .read = on_read, .trouble = on_trouble};
    return lec_store_open(file, core->room->journal_keep_ns, &callbacks, &core->store, err);
}

void journal_close(struct core *core)
{
    lec_store_close(&core->store, 300);
    free(core->journal_waiters);
    core->journal_waiters = NULL;
}

/* A whole number among the parameters, in its range; false after answering. */
static bool param_count(struct core *core, struct request *r, const char *name, json_int_t min, json_int_t max,
                        uint64_t *out)
{
    json_t *v = json_object_get(r->params, name);
    if (!v)
        return true;
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max) {
        char text[80];
        snprintf(text, sizeof text, "a whole number from %lld to %lld is wanted", (long long)min, (long long)max);
        reply_param(core, r, name, text);
        return false;
    }
    *out = (uint64_t)json_integer_value(v);
    return true;
}

void journal_read(struct core *core, struct request *r)
{
    uint64_t after = 0, before = 0, limit = 100;
    bool ok;
    if (!params_known(core, r, "after|before|limit|kind|device|newest") ||
        !param_count(core, r, "after", 0, INT64_MAX, &after) ||
        !param_count(core, r, "before", 0, INT64_MAX, &before) ||
        !param_count(core, r, "limit", 1, LEC_JOURNAL_READ_MAX, &limit))
        return;
    const char *kind = param_text(core, r, "kind", false, &ok);
    if (!ok)
        return;
    const char *device = param_text(core, r, "device", false, &ok);
    if (!ok)
        return;
    json_t *newest = json_object_get(r->params, "newest");
    if (newest && !json_is_boolean(newest)) {
        reply_param(core, r, "newest", "true or false is wanted");
        return;
    }
    struct lec_journal_query q = {.after = after,
                                  .before = before,
                                  .limit = (unsigned)limit,
                                  .newest = json_is_true(newest),
                                  .kind = kind ? kind : "",
                                  .device = device ? device : ""};
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        struct journal_waiter *w = &core->journal_waiters[i];
        if (w->token)
            continue;
        *w = (struct journal_waiter){
            .token = ++core->next_token, .caller = *r->caller, .id = r->id, .method = r->method};
        lec_store_read(core->store, w->token, &q);
        return;
    }
    struct trouble t = {.code = -32007, .reason = "too many readers of the journal; try again soon"};
    reply_error(core, r, &t);
}
