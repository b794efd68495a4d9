/* What a person does besides operating the room: signing in at the gateway, trying the simulator's faults there, and calling for help. */
#include <stdlib.h>
#include <string.h>

#include "core/methods.h"
#include "lectern/member.h"

#define MINUTE_NS (60 * LEC_SEC)
#define LOGINS_MAX                                                                                                     \
    600 /* notes of the gateway of each kind that are journalled in a minute; the rest is counted (`logins` in system.health) */
#define HELPS_MAX     6  /* calls for help whose last minute is journalled in a minute; the rest only raise the alarm */
#define HELPS_WAITING 8  /* that wait for the journal at once; likewise */
#define HELP_ENTRIES  50 /* entries of the last minute that are kept with a call... */
#define HELP_BYTES    (LEC_STORE_DATA_MAX - 2048) /* ...and their bytes: the newest count */
#define TEXT_BYTES    300
#define ADDRESS_MAX   64

struct minute {
    int64_t since;
    unsigned n;
};

/* So many in a minute and no more. */
static bool in_time(struct minute *m, unsigned limit)
{
    int64_t now = lec_now();
    if (m->since == 0 || now - m->since >= MINUTE_NS)
        *m = (struct minute){.since = now};
    return ++m->n <= limit;
}

/* A text that a person wrote or chose; false after answering. *text is "" when it is left out. */
static bool param_line(struct core *core, const struct request *r, const char *name, bool required, size_t max,
                       const char **text)
{
    bool ok;
    const char *given = param_text(core, r, name, required, &ok);
    *text = given ? given : "";
    if (!ok)
        return false;
    if ((!required || **text) && strlen(*text) <= max && !access_control(*text))
        return true;
    char expected[80];
    snprintf(expected, sizeof expected, "%s%zu bytes without control characters are wanted",
             required ? "1 to " : "at most ", max);
    reply_param(core, r, name, expected);
    return false;
}

struct journalled {
    const char *kind, *device, *name, *principal;
};

/* What the gateway noted goes into the journal with the object in `b`, unless there were too many in this minute, and is answered. */
static void end_note(struct core *core, struct request *r, struct minute *minute, const struct journalled *as,
                     struct lec_buf *b)
{
    lec_buf_putc(b, '}');
    if (!in_time(minute, LOGINS_MAX))
        core->limits.logins++;
    else if (!b->failed)
        journal_add(core, as->kind, as->device, as->name, as->principal, b->data);
    lec_buf_done(b);
    struct lec_buf *reply = reply_begin(core, r);
    lec_buf_puts(reply, "{}");
    reply_send(core, r);
}

void login_note(struct core *core, struct request *r)
{
    static const char *const whats[] = {"in", "out", "wrong", "throttled", "paired", "stolen"};
    static struct minute minute;
    const char *person, *what, *address, *reason;
    if (!params_known(core, r, "person|what|address|reason") ||
        !param_line(core, r, "person", true, PRINCIPAL_MAX, &person) || !param_line(core, r, "what", true, 16, &what) ||
        !param_line(core, r, "address", false, ADDRESS_MAX, &address) ||
        !param_line(core, r, "reason", false, TEXT_BYTES, &reason))
        return;
    size_t i = 0;
    while (i < ARRAY_LEN(whats) && strcmp(whats[i], what) != 0)
        i++;
    if (i == ARRAY_LEN(whats)) {
        reply_param(core, r, "what", "\"in\", \"out\", \"wrong\", \"throttled\", \"paired\" or \"stolen\" is wanted");
        return;
    }
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_buf_puts(&b, "{\"what\":");
    lec_json_str(&b, what);
    lec_member_str_if_any(&b, "person", person);
    lec_member_str_if_any(&b, "address", address);
    lec_member_str_if_any(&b, "reason", reason);
    end_note(core, r, &minute, &(struct journalled){"login", "", what, r->principal}, &b);
}

/* The simulator has no journal, and knows no persons: the gateway asked it for one. */
void simulator_note(struct core *core, struct request *r)
{
    static struct minute minute;
    const char *person, *method, *device, *details, *reason;
    if (!params_known(core, r, "person|method|device|details|reason") ||
        !param_line(core, r, "person", true, PRINCIPAL_MAX, &person) ||
        !param_line(core, r, "method", true, LEC_NAME_MAX, &method) ||
        !param_line(core, r, "device", false, LEC_NAME_MAX, &device) ||
        !param_line(core, r, "details", false, TEXT_BYTES, &details) ||
        !param_line(core, r, "reason", false, TEXT_BYTES, &reason))
        return;
    if (strncmp(method, "sim.", 4) != 0) {
        reply_param(core, r, "method", "one of the simulator's (sim.…) is wanted");
        return;
    }
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_buf_puts(&b, "{\"method\":");
    lec_json_str(&b, method);
    lec_member_str_if_any(&b, "target", device);
    lec_member_str_if_any(&b, "details", details);
    lec_member_str(&b, "outcome", *reason ? "refused" : "done");
    lec_member_str_if_any(&b, "reason", reason);
    lec_member_str_if_any(&b, "via", r->principal);
    end_note(core, r, &minute, &(struct journalled){"command", device, method, person}, &b);
}

/* ---- Help --------------------------------------------------------------------------------------------------- */

/* A call that waits for what the journal has of the last minute. */
static struct help {
    uint64_t token; /* 0: free */
    int64_t from_us;
    struct caller caller;
    struct id id;
    const struct method *method;
    struct remembered *slot;
    uint64_t slot_serial;
    bool as;
    char principal[PRINCIPAL_MAX + 1];
    char device[LEC_NAME_MAX + 1];
    char text[TEXT_BYTES + 1];
} calls[HELPS_WAITING];

/* The alarm as it stands. */
static void answer_help(struct core *core, const struct request *r)
{
    struct lec_buf standing;
    lec_buf_init(&standing, REPLY_MAX);
    lec_alarms_standing_json(core->alarms, &standing);
    json_t *list = standing.failed ? NULL : json_loadb(standing.data, standing.len, 0, NULL);
    const json_t *alarm;
    size_t i;
    char *text = NULL;
    json_array_foreach(list, i, alarm)
    {
        const char *name = json_string_value(json_object_get(alarm, "alarm"));
        if (!text && name && strcmp(name, "help") == 0)
            text = json_dumps(alarm, JSON_COMPACT);
    }
    if (text) {
        struct lec_buf *b = reply_begin(core, r);
        lec_buf_puts(b, "{\"alarm\":");
        lec_buf_puts(b, text);
        lec_buf_putc(b, '}');
        reply_send(core, r);
    } else {
        struct trouble t = {.code = -32007, .reason = "too many alarms stand; the call is in the journal"};
        reply_error(core, r, &t);
    }
    free(text);
    json_decref(list);
    lec_buf_done(&standing);
}

static void help_request(const struct help *h, struct request *out)
{
    *out = (struct request){.caller = &h->caller,
                            .id = h->id,
                            .method = h->method,
                            .principal = h->principal,
                            .as = h->as,
                            .slot = retry_valid(h->slot, h->slot_serial) ? h->slot : NULL};
}

/* What one entry of the last minute is kept as. An earlier call's own minute would be there twice. */
static char *entry_text(const json_t *entry)
{
    const char *kind = json_string_value(json_object_get(entry, "kind"));
    json_t *copy = json_deep_copy(entry);
    if (kind && strcmp(kind, "help") == 0)
        json_object_del(json_object_get(copy, "data"), "before");
    char *text = json_dumps(copy, JSON_COMPACT);
    json_decref(copy);
    return text;
}

/* The newest entries that fit, in their order. */
static void write_before(struct lec_buf *b, const json_t *entries, int64_t from_us)
{
    char *texts[HELP_ENTRIES] = {NULL};
    size_t n = 0, bytes = 0;
    for (size_t i = json_array_size(entries); i-- > 0 && n < HELP_ENTRIES;) {
        const json_t *entry = json_array_get(entries, i);
        if (json_integer_value(json_object_get(entry, "time")) < from_us)
            continue; /* the clock may have stepped: the order is not that of time */
        texts[n] = entry_text(entry);
        size_t size = texts[n] ? strlen(texts[n]) + 1 : 0;
        if (size == 0 || bytes + size > HELP_BYTES) {
            free(texts[n]);
            break;
        }
        bytes += size;
        n++;
    }
    lec_json_key(b, "before");
    lec_buf_putc(b, '[');
    while (n-- > 0) {
        lec_json_next(b);
        lec_buf_puts(b, texts[n]);
        free(texts[n]);
    }
    lec_buf_putc(b, ']');
}

static void journal_help(struct core *core, const struct help *h, const char *json)
{
    json_t *page = json ? json_loads(json, 0, NULL) : NULL;
    struct lec_buf b;
    lec_buf_init(&b, LEC_STORE_DATA_MAX);
    lec_buf_putc(&b, '{');
    lec_buf_puts(&b, "\"text\":");
    lec_json_str(&b, h->text);
    via_write(&b, core, h->as);
    if (page)
        write_before(&b, json_object_get(page, "entries"), h->from_us);
    lec_buf_putc(&b, '}');
    if (!b.failed)
        journal_add(core, "help", h->device, "help", h->principal, b.data);
    lec_buf_done(&b);
    json_decref(page);
}

bool help_read(struct core *core, uint64_t token, const char *json)
{
    for (size_t i = 0; i < HELPS_WAITING; i++) {
        struct help *h = &calls[i];
        if (h->token != token)
            continue;
        struct request r;
        h->token = 0;
        journal_help(core, h, json);
        help_request(h, &r);
        answer_help(core, &r);
        return true;
    }
    return false;
}

static struct help *free_place(void)
{
    static struct minute minute;
    if (!in_time(&minute, HELPS_MAX))
        return NULL;
    for (size_t i = 0; i < HELPS_WAITING; i++)
        if (calls[i].token == 0)
            return &calls[i];
    return NULL;
}

void help_call(struct core *core, struct request *r)
{
    const char *device, *text;
    if (!params_known(core, r, "device|text") || !param_line(core, r, "device", false, LEC_NAME_MAX, &device) ||
        !param_line(core, r, "text", false, TEXT_BYTES, &text))
        return;
    struct device_state *d = *device ? state_device(core, device) : NULL;
    if (*device && !d) {
        struct lec_err err;
        char nearest[64];
        const struct lec_point *none = NULL;
        (void)state_target(core, device, &none, NULL, &err, nearest);
        struct trouble t = {.code = -32001, .reason = err.text, .nearest = nearest};
        reply_error(core, r, &t);
        return;
    }
    (void)alarms_help(core, d, text, r->principal); /* if it did not fit, the answer says so */
    struct help *h = free_place();
    if (!h) {
        core->limits.helps++;
        answer_help(core, r);
        return;
    }
    *h = (struct help){.token = ++core->next_token,
                       .from_us = lec_wall_us() - MINUTE_NS / 1000,
                       .caller = *r->caller,
                       .id = r->id,
                       .method = r->method,
                       .slot = r->slot,
                       .slot_serial = retry_serial(r->slot),
                       .as = r->as};
    snprintf(h->principal, sizeof h->principal, "%s", r->principal);
    snprintf(h->device, sizeof h->device, "%s", device);
    snprintf(h->text, sizeof h->text, "%s", text);
    struct lec_journal_query q = {.limit = HELP_ENTRIES, .newest = true, .kind = "", .device = ""};
    lec_store_read(core->store, h->token, &q);
}
