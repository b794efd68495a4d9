/* Operations under way, and whom to tell when they end: a request's caller or the scene engine. */
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

struct pending *pending_new(struct core *core, enum pending_kind kind, struct device_state *d, size_t item)
{
    if (core->n_pending >= PENDING_MAX) {
        core->limits.pending++;
        return NULL;
    }
    struct pending *p = core->free_pending; /* freed last, so the processor has it at hand */
    if (p)
        core->free_pending = p->next_free;
    else
        p = &core->pending[core->pending_used++];
    uint64_t place = (uint64_t)(p - core->pending);
    *p = (struct pending){.kind = kind,
                          .op = ++core->pending_serial * PENDING_MAX + place,
                          .device = d,
                          .item = item,
                          .begun = lec_now(),
                          .deadline = LEC_NEVER};
    core->n_pending++;
    return p;
}

struct pending *pending_find(struct core *core, uint64_t op)
{
    struct pending *p = &core->pending[op % PENDING_MAX];
    return p->kind != PENDING_FREE && p->op == op ? p : NULL;
}

void pending_free(struct core *core, struct pending *p)
{
    changed_end(p);
    p->kind = PENDING_FREE;
    p->next_free = core->free_pending;
    core->free_pending = p;
    core->n_pending--;
}

static size_t of_caller(const struct core *core, const struct caller *caller)
{
    size_t n = 0;
    if (core->n_pending < PENDING_PER_CALLER)
        return 0; /* nobody can have more than there are */
    for (size_t i = 0; i < core->pending_used; i++) {
        const struct pending *p = &core->pending[i];
        n += p->kind != PENDING_FREE && p->caller.identity_n == caller->identity_n && caller->identity_n > 0 &&
             memcmp(p->caller.identity, caller->identity, caller->identity_n) == 0;
    }
    return n;
}

struct pending *pending_for(struct core *core, const struct request *r, enum pending_kind kind, struct device_state *d,
                            size_t item)
{
    struct trouble full = {.code = -32007, .reason = "too many requests wait for devices; try again soon"};
    if (of_caller(core, r->caller) >= PENDING_PER_CALLER) {
        core->limits.caller++;
        reply_error(core, r, &full);
        return NULL;
    }
    struct pending *p = pending_new(core, kind, d, item);
    if (!p) {
        reply_error(core, r, &full);
        return NULL;
    }
    p->caller = *r->caller;
    p->id = r->id;
    p->method = r->method;
    p->slot = r->slot;
    p->slot_serial = retry_serial(r->slot);
    p->as = r->as;
    lec_copy_text(p->principal, sizeof p->principal, r->principal);
    return p;
}

void pending_request(struct pending *p, struct request *out)
{
    *out = (struct request){.caller = &p->caller,
                            .id = p->id,
                            .method = p->method,
                            .principal = p->principal,
                            .as = p->as,
                            .slot = retry_valid(p->slot, p->slot_serial) ? p->slot : NULL};
}

static const struct lec_point *point_of(const struct pending *p)
{
    return &p->device->desc->points[p->item];
}

/* The point's or action's name. */
static const char *item_name(const struct pending *p)
{
    const struct lec_device *d = p->device->desc;
    return p->kind == PENDING_INVOKE ? d->actions[p->item].name : d->points[p->item].name;
}

/* What a person or program did, and how it ended, for those who ask later. */
static void journal_outcome(struct core *core, const struct pending *p, const char *verdict, const char *reason)
{
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_buf_puts(&b, "{\"method\":");
    lec_json_str(&b, p->method->name);
    lec_json_key(&b, "target");
    state_write_target(&b, p->device->desc, item_name(p));
    const struct point_state *wish = p->kind == PENDING_WRITE ? &p->device->points[p->item] : NULL;
    if (wish && wish->wanted_op == p->op) /* else a newer one has taken its place */
        lec_member_value(&b, "value", &wish->wanted);
    lec_member_str(&b, "outcome", verdict);
    lec_member_str_if_any(&b, "reason", reason);
    lec_member_int(&b, "ms", (lec_now() - p->begun) / LEC_MS);
    via_write(&b, core, p->as);
    lec_buf_putc(&b, '}');
    if (!b.failed)
        journal_add(core, "command", p->device->desc->name, item_name(p), p->principal, b.data);
    lec_buf_done(&b);
}

static void answer_success(struct core *core, struct pending *p, const char *verdict, const struct lec_value *actual)
{
    struct request r;
    pending_request(p, &r);
    struct lec_buf *b = reply_begin(core, &r);
    lec_buf_puts(b, "{\"target\":");
    state_write_target(b, p->device->desc, item_name(p));
    lec_buf_puts(b, ",\"verdict\":\"");
    lec_buf_puts(b, verdict);
    lec_buf_putc(b, '"');
    if (actual && actual->type != LEC_NONE)
        lec_member_value(b, "value", actual);
    lec_member_int(b, "ms", (lec_now() - p->begun) / LEC_MS);
    lec_buf_putc(b, '}');
    reply_send(core, &r);
}

static int rpc_code(enum lec_verdict v, int code)
{
    if (code == LEC_E_NOMEM)
        return -32007;
    if (code == LEC_E_NOTSUP)
        return -32006;
    if (code == LEC_E_RANGE)
        return -32005;
    if (code == LEC_E_BUG)
        return -32603;
    switch (v) {
    case LEC_V_TIMEOUT:
        return -32003;
    case LEC_V_AWAY:
        return -32004;
    case LEC_V_OVERRIDDEN:
        return -32009;
    case LEC_V_CANCELLED:
        return -32010;
    case LEC_V_NONE:
    case LEC_V_CONFIRMED:
    case LEC_V_ALREADY:
    case LEC_V_ACCEPTED:
    case LEC_V_REFUSED:
    case LEC_V_SKIPPED:
        break;
    }
    return -32002;
}

static void answer_failure(struct core *core, struct pending *p, enum lec_verdict v, int code, const char *reason)
{
    struct request r;
    pending_request(p, &r);
    struct trouble t = {.code = rpc_code(v, code),
                        .reason = reason,
                        .verdict = lec_verdict_name(v),
                        .device = p->device->desc,
                        .point = p->kind == PENDING_INVOKE ? NULL : point_of(p)};
    reply_error(core, &r, &t);
}

void pending_sent(struct core *core, uint64_t op)
{
    struct pending *p = pending_find(core, op);
    if (p && p->kind == PENDING_SCENE)
        lec_scenes_op_sent(core->scenes, op);
}

void pending_accepted(struct core *core, uint64_t op)
{
    struct pending *p = pending_find(core, op);
    if (!p || p->kind != PENDING_WRITE || !p->until_accepted || p->answered)
        return;
    p->answered = true;
    answer_success(core, p, "accepted", NULL);
}

void pending_done(struct core *core, uint64_t op, const struct lec_op_result *result)
{
    struct pending *p = pending_find(core, op);
    if (!p)
        return;
    if (p->kind != PENDING_INVOKE && !(p->kind == PENDING_SCENE && p->item >= p->device->desc->n_points))
        state_unwanted(core, point_of(p), op);
    if (p->kind == PENDING_SCENE) {
        pending_free(core, p);
        lec_scenes_op_done(core->scenes, op, result);
        core->scenes_at = 0; /* a step may be ready now */
        return;
    }
    const char *verdict = lec_verdict_name(result->verdict);
    journal_outcome(core, p, verdict, result->reason);
    if (!p->answered && lec_verdict_success(result->verdict))
        answer_success(core, p, verdict, &result->actual);
    else if (!p->answered)
        answer_failure(core, p, result->verdict, result->code, result->reason);
    pending_free(core, p);
}

void pending_read_done(struct core *core, uint64_t op, const struct lec_fresh *fresh)
{
    struct pending *p = pending_find(core, op);
    if (!p)
        return;
    if (p->kind == PENDING_PLAN) {
        uint64_t token = p->token;
        pending_free(core, p);
        core->scenes_at = 0;
        lec_scenes_read_done(core->scenes, token, fresh->code == 0 ? LEC_GOOD : LEC_BAD, &fresh->value);
        return;
    }
    if (fresh->code == 0) {
        struct request r;
        pending_request(p, &r);
        struct lec_buf *b = reply_begin(core, &r);
        lec_buf_puts(b, "{\"target\":");
        state_write_target(b, p->device->desc, item_name(p));
        lec_buf_putc(b, ',');
        state_write_value(b, p->device, p->item, true, lec_now());
        lec_buf_putc(b, '}');
        reply_send(core, &r);
    } else {
        enum lec_verdict v = fresh->code == LEC_E_LINK || fresh->code == LEC_E_CONFIG ? LEC_V_AWAY
                             : fresh->code == LEC_E_TIMEOUT || fresh->code == LEC_E_FRAME
                                 ? (p->device->status == DEVICE_AWAY ? LEC_V_AWAY : LEC_V_TIMEOUT)
                             : fresh->code == LEC_E_CANCELLED ? LEC_V_CANCELLED
                                                              : LEC_V_REFUSED;
        answer_failure(core, p, v, fresh->code, fresh->reason);
    }
    pending_free(core, p);
}

/* The line ends an operation at its deadline and knows best why; it gets so long to say so, unless it is in the middle of
 * an exchange that takes longer. */
#define GRACE_NS (250 * LEC_MS)

void pending_until(struct core *core, struct pending *p, int64_t deadline)
{
    p->deadline = deadline + GRACE_NS;
    if (p->deadline < core->pending_at)
        core->pending_at = p->deadline;
}

static void expire(struct core *core, struct pending *p)
{
    struct lec_request stop = {.ask = LEC_ASK_STOP, .op = p->op, .because = LEC_V_TIMEOUT};
    (void)lines_ask(core, p->device, &stop); /* its answer to this finds nobody waiting */
    bool away = p->device->status == DEVICE_AWAY;
    int code = away ? LEC_E_LINK : LEC_E_TIMEOUT;
    char reason[LEC_ERR_TEXT], took[32];
    if (away) {
        lec_copy_text(reason, sizeof reason, p->device->reason);
    } else {
        lec_print_duration((p->deadline - GRACE_NS - p->begun) / LEC_MS * LEC_MS, took, sizeof took);
        snprintf(reason, sizeof reason, "no result in %s: its line still waits for an answer", took);
    }
    if (p->kind == PENDING_READ) {
        struct lec_fresh none = {.code = code};
        memcpy(none.reason, reason, sizeof none.reason);
        pending_read_done(core, p->op, &none);
    } else {
        struct lec_op_result none = {.verdict = away ? LEC_V_AWAY : LEC_V_TIMEOUT, .code = code};
        memcpy(none.reason, reason, sizeof none.reason);
        pending_done(core, p->op, &none);
    }
}

void pending_expire(struct core *core, int64_t now)
{
    core->pending_at = LEC_NEVER;
    for (size_t i = 0; i < core->pending_used; i++) {
        struct pending *p = &core->pending[i];
        if (p->kind == PENDING_FREE)
            continue;
        if (p->deadline <= now)
            expire(core, p);
        else if (p->deadline < core->pending_at)
            core->pending_at = p->deadline;
    }
}

void pending_drop_device(struct core *core, const struct device_state *d)
{
    struct lec_op_result gone = {.verdict = LEC_V_CANCELLED, .code = LEC_E_CANCELLED};
    struct lec_fresh unread = {.code = LEC_E_CANCELLED};
    snprintf(gone.reason, sizeof gone.reason, "the configuration has changed");
    memcpy(unread.reason, gone.reason, sizeof unread.reason);
    for (size_t i = 0; i < core->pending_used; i++) {
        struct pending *p = &core->pending[i];
        if (p->kind == PENDING_FREE || p->device != d)
            continue;
        if (p->kind == PENDING_READ || p->kind == PENDING_PLAN)
            pending_read_done(core, p->op, &unread);
        else
            pending_done(core, p->op, &gone);
    }
}
