#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define RESEND_FIRST (2 * LEC_SEC)
#define RESEND_MAX   (30 * LEC_SEC)
#define UNSENT_RETRY (10 * LEC_MS) /* the socket took none although the connection stands: it is about to */

/* Methods that only read may be asked again of a room that restarted. The verb says which (protocol, section 2.2). */
static bool only_reads(const char *method)
{
    static const char *const verbs[] = {"describe", "list",   "read", "run",   "plan",   "snapshot",
                                        "health",   "search", "show", "fetch", "analyze"};
    const char *verb = strchr(method, '.');
    for (size_t i = 0; verb && i < ARRAY_LEN(verbs); i++)
        if (strcmp(verb + 1, verbs[i]) == 0)
            return true;
    return false;
}

static void release(struct lec_bus *bus, struct call *call)
{
    free(call->request);
    lec_answer_done(&call->answer);
    *call = (struct call){0};
    bus->calls.n--;
}

static void end(struct call *call, int rc)
{
    free(call->request);
    call->request = NULL;
    call->answer.rc = rc;
    call->state = CALL_DONE;
}

static void send_call(struct lec_bus *bus, struct call *call, int64_t now)
{
    if (!lec_bus_send_now(bus, call->request, call->request_size)) {
        call->resend_at = now + UNSENT_RETRY;
        return;
    }
    if (call->sent_ever)
        bus->stats.resent++;
    else
        call->boot_no = bus->boot_known ? bus->boot_no : 0;
    call->sent_ever = true;
    call->state = CALL_SENT;
    /* What only reads is not joined by the room: sent again over a standing connection it would be done again. */
    call->resend_at = call->repeatable ? LEC_NEVER : now + call->resend_gap;
    call->resend_gap = call->resend_gap * 2 < RESEND_MAX ? call->resend_gap * 2 : RESEND_MAX;
}

void lec_calls_done(struct lec_bus *bus)
{
    for (size_t i = 0; i < LEC_BUS_CALLS; i++)
        if (bus->calls.at[i].state != CALL_FREE)
            release(bus, &bus->calls.at[i]);
}

void lec_calls_connected(struct lec_bus *bus)
{
    int64_t now = lec_now();
    for (size_t i = 0; i < LEC_BUS_CALLS; i++)
        if (bus->calls.at[i].state == CALL_NEW)
            send_call(bus, &bus->calls.at[i], now);
}

void lec_calls_disconnected(struct lec_bus *bus)
{
    for (size_t i = 0; i < LEC_BUS_CALLS; i++) {
        struct call *call = &bus->calls.at[i];
        if (call->state != CALL_SENT)
            continue;
        call->state = call->repeatable ? CALL_NEW : CALL_HELD;
        call->resend_gap = RESEND_FIRST;
        call->resend_at = LEC_NEVER;
    }
}

void lec_calls_described(struct lec_bus *bus)
{
    int64_t now = lec_now();
    for (size_t i = 0; i < LEC_BUS_CALLS; i++) {
        struct call *call = &bus->calls.at[i];
        if (call->state == CALL_SENT && call->boot_no == 0) {
            call->boot_no = bus->boot_no;
        } else if (call->state == CALL_HELD && call->boot_no == bus->boot_no) {
            send_call(bus, call, now);
        } else if (call->state == CALL_HELD) {
            end(call, lec_fail(&call->answer.err, LEC_E_LINK,
                               "%s restarted during %s; whether it was done is not known", bus->title, call->what));
        }
    }
}

void lec_calls_answer(struct lec_bus *bus, struct answer *answer)
{
    for (size_t i = 0; answer->id[0] != '\0' && i < LEC_BUS_CALLS; i++) {
        struct call *call = &bus->calls.at[i];
        if (call->state == CALL_FREE || call->state == CALL_DONE || strcmp(call->answer.id, answer->id) != 0)
            continue;
        call->answer = *answer;
        if (answer->rc == LEC_E_FRAME && !answer->error) {
            bus->stats.garbage++;
            lec_because(&call->answer.err, "%s", call->what);
        }
        end(call, answer->rc);
        return;
    }
    bus->stats.unexpected++;
    lec_answer_done(answer);
}

static void give_up(struct lec_bus *bus, struct call *call, bool no_room)
{
    struct lec_err *err = &call->answer.err;
    const char *doubt = call->sent_ever && !call->repeatable ? "; whether it was done is not known" : "";
    if (no_room && !call->sent_ever)
        end(call, lec_fail(err, LEC_E_LINK, "%s cannot be reached at %s", bus->title, bus->command_at));
    else if (no_room)
        end(call, lec_fail(err, LEC_E_LINK, "%s: the connection was lost during %s%s", bus->title, call->what, doubt));
    else
        end(call, lec_fail(err, LEC_E_TIMEOUT, "%s did not answer %s in time%s", bus->title, call->what, doubt));
}

int64_t lec_calls_tick(struct lec_bus *bus, int64_t now)
{
    int64_t next = lec_bus_tick(bus, now);
    size_t left = bus->calls.n;
    for (size_t i = 0; left > 0 && i < LEC_BUS_CALLS; i++) {
        struct call *call = &bus->calls.at[i];
        if (call->state == CALL_FREE)
            continue;
        left--;
        if (call->state == CALL_DONE)
            continue;
        int64_t no_room_at = LEC_NEVER;
        if (!bus->connected) {
            int64_t since = bus->lost_at;
            /* Each call grants the room its time anew. */
            int64_t asked_at = call->deadline - call->allowed;
            no_room_at = (since > asked_at ? since : asked_at) + bus->connect_ns;
        }
        if (now >= no_room_at || now >= call->deadline) {
            give_up(bus, call, !bus->connected);
            continue;
        }
        if (bus->connected && call->state != CALL_HELD && now >= call->resend_at)
            send_call(bus, call, now);
        if (call->deadline < next)
            next = call->deadline;
        if (no_room_at < next)
            next = no_room_at;
        if (bus->connected && call->resend_at < next)
            next = call->resend_at;
    }
    return next;
}

bool lec_calls_waiting(const struct lec_bus *bus)
{
    size_t left = bus->calls.n;
    for (size_t i = 0; left > 0 && i < LEC_BUS_CALLS; i++) {
        const struct call *call = &bus->calls.at[i];
        if (call->state == CALL_FREE)
            continue;
        left--;
        if (call->state == CALL_DONE && !call->blocking)
            return true;
    }
    return false;
}

int lec_calls_deliver(struct lec_bus *bus, int limit)
{
    int n = 0;
    for (size_t i = 0; i < LEC_BUS_CALLS && n < limit; i++) {
        struct call *call = &bus->calls.at[i];
        if (call->state != CALL_DONE || call->blocking)
            continue;
        /* The slot is free before the callback, which may want it. */
        struct answer a = call->answer;
        lec_bus_answered *answered = call->answered;
        void *arg = call->arg;
        call->answer.result = call->answer.error = NULL;
        release(bus, call);
        if (answered)
            answered(arg, a.rc, a.result, a.error, &a.err);
        lec_answer_done(&a);
        n++;
    }
    return n;
}

/* Writes the request. Takes `params`. Returns 0, LEC_E_RANGE, LEC_E_NOMEM. */
static int write_request(struct call *call, const struct lec_bus_as *as, const char *method, json_t *params,
                         struct lec_err *err)
{
    json_t *root = json_pack("{s:s, s:s, s:s}", "jsonrpc", "2.0", "id", call->answer.id, "method", method);
    json_t *who = as && as->principal ? json_pack("{s:s, s:s}", "principal", as->principal, "role", as->role) : NULL;
    bool whole = root && (!params || json_object_set(root, "params", params) == 0) &&
                 (!as || !as->principal || (who && json_object_set(root, "as", who) == 0));
    json_decref(who);
    json_decref(params);
    char *text = whole ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (!text)
        return lec_fail(err, LEC_E_NOMEM, "%s: out of memory, or a text that is not UTF-8", method);
    size_t size = strlen(text);
    if (size > LEC_BUS_REQUEST_MAX) {
        free(text);
        return lec_fail(err, LEC_E_RANGE, "%s: a request of %zu bytes; %d are taken", method, size,
                        LEC_BUS_REQUEST_MAX);
    }
    call->request = text;
    call->request_size = size;
    return 0;
}

/* Whether a call of this id is under way, or ended and not handed over yet. */
static bool id_taken(const struct lec_bus *bus, const char *id)
{
    for (size_t i = 0; i < LEC_BUS_CALLS; i++) {
        const struct call *call = &bus->calls.at[i];
        if (call->state != CALL_FREE && strcmp(call->answer.id, id) == 0)
            return true;
    }
    return false;
}

static int begin(struct lec_bus *bus, const struct lec_bus_as *as, const char *method, json_t *params, int timeout_ms,
                 struct call **out, struct lec_err *err)
{
    int rc = as ? lec_as_check(as, err) : 0;
    if (rc == 0 && as && as->id && id_taken(bus, as->id))
        rc = lec_fail(err, LEC_E_BUSY, "%s: a call with the id \"%s\" is under way already", method, as->id);
    if (rc < 0) {
        json_decref(params);
        return rc;
    }
    struct call *call = NULL;
    for (size_t i = 0; i < LEC_BUS_CALLS && !call; i++)
        if (bus->calls.at[i].state == CALL_FREE)
            call = &bus->calls.at[i];
    if (!call || (params && !json_is_object(params))) {
        json_decref(params);
        return call ? lec_fail(err, LEC_E_RANGE, "%s: the parameters must be an object", method)
                    : lec_fail(err, LEC_E_BUSY, "%s: %d calls are under way already", method, LEC_BUS_CALLS);
    }
    if (as && as->id)
        snprintf(call->answer.id, sizeof call->answer.id, "%s", as->id);
    else
        rc = lec_answer_new_id(call->answer.id);
    if (rc < 0) {
        json_decref(params);
        return lec_fail(err, rc, "%s: no random numbers", method);
    }
    rc = write_request(call, as, method, params, err);
    if (rc < 0) {
        *call = (struct call){0};
        return rc;
    }
    bus->calls.n++;
    call->state = CALL_NEW;
    call->number = ++bus->calls.last_number;
    snprintf(call->what, sizeof call->what, "%s", method);
    call->repeatable = only_reads(method);
    call->allowed = (timeout_ms > 0 ? timeout_ms : 1) * LEC_MS;
    call->deadline = lec_now() + call->allowed;
    call->resend_gap = RESEND_FIRST;
    call->resend_at = LEC_NEVER;
    *out = call;
    lec_bus_pump(bus);
    if (bus->connected && call->state == CALL_NEW)
        send_call(bus, call, lec_now());
    return 0;
}

int lec_bus_send(struct lec_bus *bus, const char *method, json_t *params, int timeout_ms, lec_bus_answered *answered,
                 void *arg, uint64_t *number, struct lec_err *err)
{
    return lec_bus_send_as(bus, NULL, method, params, timeout_ms, answered, arg, number, err);
}

int lec_bus_send_as(struct lec_bus *bus, const struct lec_bus_as *as, const char *method, json_t *params,
                    int timeout_ms, lec_bus_answered *answered, void *arg, uint64_t *number, struct lec_err *err)
{
    struct call *call;
    int rc = begin(bus, as, method, params, timeout_ms, &call, err);
    if (rc < 0)
        return rc;
    call->answered = answered;
    call->arg = arg;
    if (number)
        *number = call->number;
    if (!bus->dispatching)
        lec_bus_settle(bus);
    return 0;
}

void lec_bus_forget(struct lec_bus *bus, uint64_t number)
{
    for (size_t i = 0; i < LEC_BUS_CALLS; i++) {
        struct call *call = &bus->calls.at[i];
        if (call->state != CALL_FREE && call->number == number) {
            release(bus, call);
            return;
        }
    }
}

int lec_bus_call(struct lec_bus *bus, const char *method, json_t *params, int timeout_ms, json_t **result,
                 json_t **error, struct lec_err *err)
{
    if (result)
        *result = NULL;
    if (error)
        *error = NULL;
    struct call *call;
    int rc = begin(bus, NULL, method, params, timeout_ms, &call, err);
    if (rc < 0)
        return rc;
    call->blocking = true;
    while (call->state != CALL_DONE) {
        int64_t next = lec_calls_tick(bus, lec_now());
        if (call->state == CALL_DONE)
            break;
        zmq_pollitem_t items[] = {{.socket = bus->command, .events = ZMQ_POLLIN},
                                  {.socket = bus->monitor, .events = ZMQ_POLLIN}};
        zmq_poll(items, (int)ARRAY_LEN(items), lec_ms_until(next));
        lec_bus_pump(bus);
    }
    rc = call->answer.rc;
    if (err && rc < 0)
        *err = call->answer.err;
    if (result)
        *result = json_incref(call->answer.result);
    if (error)
        *error = json_incref(call->answer.error);
    release(bus, call);
    if (!bus->dispatching)
        lec_bus_settle(bus);
    return rc;
}
