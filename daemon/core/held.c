/* Requests whose answer comes from another thread or program. */
#include <stdlib.h>
#include <string.h>

#include "core/record.h"

struct held *held_add(struct core *core, const struct request *r, const char *about)
{
    struct record *record = core->record;
    if (!record->held)
        record->held = calloc(HELD_MAX, sizeof *record->held);
    for (size_t i = 0; record->held && i < HELD_MAX; i++) {
        struct held *h = &record->held[i];
        if (h->token)
            continue;
        *h = (struct held){.token = ++core->next_token,
                           .caller = *r->caller,
                           .id = r->id,
                           .method = r->method,
                           .slot = r->slot,
                           .slot_serial = retry_serial(r->slot)};
        h->as = r->as;
        lec_copy_text(h->principal, sizeof h->principal, r->principal);
        lec_copy_utf8(h->about, sizeof h->about, about, strlen(about));
        return h;
    }
    struct trouble t = {.code = -32007, .reason = "too many requests about runs wait for an answer; try again soon"};
    reply_error(core, r, &t);
    return NULL;
}

struct held *held_find(struct core *core, uint64_t token)
{
    for (size_t i = 0; core->record->held && token && i < HELD_MAX; i++)
        if (core->record->held[i].token == token)
            return &core->record->held[i];
    return NULL;
}

void held_request(struct held *h, struct request *out)
{
    *out = (struct request){.caller = &h->caller,
                            .id = h->id,
                            .method = h->method,
                            .principal = h->principal,
                            .as = h->as,
                            .slot = retry_valid(h->slot, h->slot_serial) ? h->slot : NULL};
}

void held_free(struct held *h)
{
    h->token = 0;
}

void held_close(struct core *core)
{
    free(core->record->held);
    core->record->held = NULL;
}

void journal_request(struct core *core, const struct request *r, const char *about, const char *reason)
{
    if (!r->method->changes)
        return;
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_buf_puts(&b, "{\"method\":");
    lec_json_str(&b, r->method->name);
    lec_member_str(&b, "target", about);
    lec_member_str(&b, "outcome", reason ? "refused" : "done");
    if (reason)
        lec_member_str(&b, "reason", reason);
    via_write(&b, core, r->as);
    lec_buf_putc(&b, '}');
    if (!b.failed)
        journal_add(core, "command", "", about, r->principal, b.data);
    lec_buf_done(&b);
}

static int rpc_code(int code)
{
    switch (code) {
    case LEC_E_RANGE: /* no such run, experiment, channel, file */
        return -32001;
    case LEC_E_CONFIG:
        return -32602;
    case LEC_E_REFUSED: /* a run that was never exported */
        return -32002;
    case LEC_E_NOTSUP:
        return -32006;
    case LEC_E_BUSY:
    case LEC_E_NOMEM:
    case LEC_E_LINK:
        return -32007;
    case LEC_E_TIMEOUT:
        return -32003;
    case LEC_E_CANCELLED:
        return -32010;
    default:
        return -32603;
    }
}

void refuse(struct core *core, const struct request *r, int code, const char *reason)
{
    struct trouble t = {.code = rpc_code(code), .reason = reason};
    reply_error(core, r, &t);
}
