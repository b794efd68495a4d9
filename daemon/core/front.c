/* The command socket: messages in, JSON-RPC checked, one dispatch point, answers out. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/access.h"
#include "core/core.h"
#include "lectern/log.h"
#include "mistakes.h"

int front_open(struct core *core, const char *endpoint, struct lec_err *err)
{
    lec_buf_init(&core->reply, REPLY_MAX);
    zsock_t *socket = zsock_new(ZMQ_ROUTER);
    if (!socket)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    core->command = socket;
    zsock_set_sndhwm(socket, COMMAND_HWM);
    zsock_set_rcvhwm(socket, COMMAND_HWM);
    zsock_set_maxmsgsize(socket, MESSAGE_MAX);
    zsock_set_linger(socket, 100);
    if (zsock_bind(socket, "%s", endpoint) < 0)
        return lec_fail(err, LEC_E_LINK, "cannot open %s: %s", endpoint, zmq_strerror(zmq_errno()));
    return 0;
}

void front_close(struct core *core)
{
    zsock_destroy((zsock_t **)&core->command);
    lec_buf_done(&core->reply);
}

/* ---- Answers ------------------------------------------------------------------------------------------------ */

static void write_id(struct lec_buf *b, const struct id *id)
{
    if (id->is_text)
        lec_json_str(b, id->text);
    else
        lec_json_int(b, id->number);
}

struct lec_buf *reply_begin(struct core *core, const struct request *r)
{
    struct lec_buf *b = &core->reply;
    lec_buf_clear(b);
    lec_buf_puts(b, "{\"jsonrpc\":\"2.0\",\"id\":");
    write_id(b, &r->id);
    lec_buf_puts(b, ",\"result\":");
    return b;
}

static void send_bytes(struct core *core, const struct caller *to, const char *data, size_t n)
{
    void *socket = zsock_resolve(core->command);
    core->command_left = true; /* sending may swallow the signal of what has come meanwhile */
    if (zmq_send(socket, to->identity, to->identity_n, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return; /* the caller has gone */
    if (to->delimiter)
        zmq_send(socket, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send(socket, data, n, ZMQ_DONTWAIT);
}

/* To whoever asked, and kept for whoever asks again. */
static void answer(struct core *core, const struct request *r)
{
    const struct lec_buf *b = &core->reply;
    if (!r->slot) {
        send_bytes(core, r->caller, b->data, b->len);
        return;
    }
    struct caller first;
    retry_caller(r->slot, &first);
    send_bytes(core, &first, b->data, b->len);
    if (retry_joined(r->slot))
        send_bytes(core, retry_joined(r->slot), b->data, b->len);
    retry_keep(core->retry, r->slot, b->data, b->len);
}

void reply_send(struct core *core, const struct request *r)
{
    struct lec_buf *b = &core->reply;
    lec_buf_putc(b, '}');
    if (b->failed) {
        struct trouble t = {.code = -32603, .reason = "the answer is too long"};
        lec_buf_clear(b);
        reply_error(core, r, &t);
        return;
    }
    answer(core, r);
}

static void write_mistakes(struct lec_buf *b, const struct lec_report *report)
{
    lec_json_key(b, "mistakes");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < report->n; i++) {
        lec_json_next(b);
        lec_buf_puts(b, "{\"file\":");
        lec_json_str(b, report->at[i].file);
        lec_member_int(b, "line", report->at[i].line);
        lec_member_str_if_any(b, "text", report->at[i].text);
        char vi[LEC_MISTAKE_VI_MAX];
        if (lec_mistake_vi(report->at[i].text, vi))
            lec_member_str_if_any(b, "vi", vi);
        lec_member_bool(b, "warning", report->at[i].warning);
        lec_buf_putc(b, '}');
    }
    lec_buf_putc(b, ']');
}

static int remedy_code(int rpc)
{
    switch (rpc) {
    case -32002:
        return LEC_E_REFUSED;
    case -32003:
        return LEC_E_TIMEOUT;
    case -32004:
        return LEC_E_LINK;
    default:
        return 0;
    }
}

void reply_error(struct core *core, const struct request *r, const struct trouble *t)
{
    core->n_errors++;
    struct lec_buf *b = &core->reply;
    lec_buf_clear(b);
    lec_buf_puts(b, "{\"jsonrpc\":\"2.0\",\"id\":");
    write_id(b, &r->id);
    lec_buf_printf(b, ",\"error\":{\"code\":%d,\"message\":", t->code);
    char message[LEC_ERR_TEXT + 2 * LEC_NAME_MAX];
    if (t->message)
        lec_copy_text(message, sizeof message, t->message);
    else if (t->device && t->point)
        snprintf(message, sizeof message, "%s.%s: %s", t->device->name, t->point->name, t->reason);
    else
        snprintf(message, sizeof message, "%s%s%s", t->device ? t->device->name : "", t->device ? ": " : "", t->reason);
    lec_json_str(b, message);
    lec_buf_puts(b, ",\"data\":{");
    lec_member_str_if_any(b, "device", t->device ? t->device->name : NULL);
    lec_member_str_if_any(b, "point", t->point ? t->point->name : NULL);
    lec_member_str_if_any(b, "verdict", t->verdict);
    lec_member_str_if_any(b, "param", t->param);
    lec_member_str_if_any(b, "nearest", t->nearest);
    lec_member_str_if_any(b, "reason", t->reason);
    const char *vi = t->remedy_vi, *en = t->remedy_en;
    if (vi || (t->device && remedy_for(t->device, remedy_code(t->code), &vi, &en))) {
        lec_buf_puts(b, ",\"remedy\":{");
        lec_member_str_if_any(b, "vi", vi);
        lec_member_str_if_any(b, "en", en);
        lec_buf_putc(b, '}');
    }
    if (t->mistakes)
        write_mistakes(b, t->mistakes);
    lec_buf_puts(b, "}}}");
    answer(core, r);
}

void reply_param(struct core *core, const struct request *r, const char *param, const char *expected)
{
    char text[280];
    snprintf(text, sizeof text, "parameter \"%.40s\": %s", param, expected);
    struct trouble t = {.code = -32602, .reason = text, .param = param};
    reply_error(core, r, &t);
}

bool params_known(struct core *core, const struct request *r, const char *known)
{
    const char *key;
    json_t *value;
    json_object_foreach(r->params, key, value)
    {
        size_t n = strlen(key);
        const char *at = n > 0 ? known : NULL; /* "" is found everywhere, also behind the end */
        while (at && (at = strstr(at, key))) {
            bool begins = at == known || at[-1] == '|';
            bool ends = at[n] == '|' || at[n] == '\0';
            if (begins && ends)
                break;
            at += n;
        }
        if (!at) {
            char expected[220];
            snprintf(expected, sizeof expected, "not known; this method takes: %.180s", *known ? known : "none");
            reply_param(core, r, key, expected);
            return false;
        }
    }
    return true;
}

const char *param_text(struct core *core, const struct request *r, const char *name, bool required, bool *ok)
{
    json_t *v = json_object_get(r->params, name);
    *ok = true;
    if (!v && !required)
        return NULL;
    if (!v || !json_is_string(v) || json_string_length(v) != strlen(json_string_value(v))) {
        reply_param(core, r, name, v ? "a text is wanted" : "is missing");
        *ok = false;
        return NULL;
    }
    return json_string_value(v);
}

bool param_timeout(struct core *core, const struct request *r, const char *name, int64_t fallback, int64_t *out)
{
    json_t *v = json_object_get(r->params, name);
    *out = fallback;
    if (!v)
        return true;
    json_int_t ms = json_is_integer(v) ? json_integer_value(v) : 0;
    if (ms < 1 || ms > 3600000) {
        reply_param(core, r, name, "whole milliseconds from 1 to 3600000 are wanted");
        return false;
    }
    *out = ms * LEC_MS;
    return true;
}

/* ---- Requests ----------------------------------------------------------------------------------------------- */

static bool read_id(json_t *v, struct id *out)
{
    if (json_is_integer(v)) {
        *out = (struct id){.number = json_integer_value(v)};
        return true;
    }
    size_t n = json_is_string(v) ? json_string_length(v) : 0;
    if (n < 1 || n >= sizeof out->text || strlen(json_string_value(v)) != n)
        return false;
    *out = (struct id){.is_text = true};
    memcpy(out->text, json_string_value(v), n + 1);
    return true;
}

/* jansson has a limit of its own (2048); ours keeps the stack small whoever sends. */
static bool too_deep(const char *data, size_t n)
{
    int depth = 0;
    for (size_t i = 0; i < n; i++) {
        switch (data[i]) {
        case '"': /* what stands in a text does not count */
            for (i++; i < n && data[i] != '"'; i++)
                if (data[i] == '\\')
                    i++;
            break;
        case '{':
        case '[':
            if (++depth > JSON_DEPTH_MAX)
                return true;
            break;
        case '}':
        case ']':
            depth--;
            break;
        }
    }
    return false;
}

/* An error for something that is not even a request: its id may be unknown. */
static void reply_garbage(struct core *core, const struct caller *caller, json_t *id, int code, const char *what)
{
    struct lec_buf *b = &core->reply;
    core->n_errors++;
    core->limits.bad_json++;
    struct id known;
    lec_buf_clear(b);
    lec_buf_puts(b, "{\"jsonrpc\":\"2.0\",\"id\":");
    if (id && read_id(id, &known))
        write_id(b, &known);
    else
        lec_buf_puts(b, "null");
    lec_buf_printf(b, ",\"error\":{\"code\":%d,\"message\":", code);
    lec_json_str(b, what);
    lec_buf_puts(b, ",\"data\":{\"reason\":");
    lec_json_str(b, what);
    lec_buf_puts(b, "}}}");
    send_bytes(core, caller, b->data, b->len);
}

/* The one place that every request passes: known method, allowed principal, not done before; then it runs. */
static void dispatch(struct core *core, struct request *r, json_t *id, const char *method)
{
    r->method = method_find(method);
    if (!r->method) {
        char text[120];
        snprintf(text, sizeof text, "no method \"%.60s\"", method);
        struct trouble t = {.code = -32601, .reason = text};
        reply_error(core, r, &t);
        return;
    }
    if (!role_may(core, r->role, r->method, r->params) &&
        !(r->gateway && !r->as && role_may_ever(LEC_ROLE_GATEWAY, r->method))) {
        char why[80];
        snprintf(why, sizeof why, "the role %s may not do this", role_name(r->role));
        role_refuse(core, r, why);
        return;
    }
    if (r->method->changes) {
        bool again = false;
        r->slot = retry_find(core->retry, r->caller, &r->id, r->principal, &again);
        if (r->slot && again &&
            !retry_of(r->slot, r->principal)) { /* what another person was told is not for this one */
            r->slot = NULL;
            reply_garbage(core, r->caller, id, -32600, "this id is of another principal's request");
            return;
        }
        if (r->slot && again) {
            size_t n;
            const char *kept = retry_answer(r->slot, &n);
            if (kept)
                send_bytes(core, r->caller, kept, n);
            else
                retry_join(r->slot, r->caller);
            return;
        }
    }
    r->method->run(core, r);
}

/* Somebody who is not the gateway speaks for somebody else. */
static void pretend(struct core *core, struct request *r, const char *method)
{
    r->method = method_find(method);
    role_refuse(core, r, "only the gateway may speak for somebody else");
}

static void request_parsed(struct core *core, const struct caller *caller, const struct principal *who, json_t *root)
{
    json_t *id = json_object_get(root, "id");
    if (!json_is_object(root)) {
        reply_garbage(core, caller, NULL, -32600, "a request is one JSON object; batches are not taken");
        return;
    }
    const char *version = json_string_value(json_object_get(root, "jsonrpc"));
    const char *method = json_string_value(json_object_get(root, "method"));
    json_t *params = json_object_get(root, "params");
    const json_t *as = json_object_get(root, "as");
    struct principal person = *who;
    bool person_ok = !as || (who->gateway && access_as(as, &person));
    struct request r = {.caller = caller,
                        .principal = person.name,
                        .role = person.role,
                        .gateway = who->gateway,
                        .as = person.as,
                        .params = params};
    if (!version || strcmp(version, "2.0") != 0)
        reply_garbage(core, caller, id, -32600, "\"jsonrpc\" must be \"2.0\"");
    else if (!id || !read_id(id, &r.id))
        reply_garbage(core, caller, NULL, -32600, "\"id\" must be a whole number or a text of 1 to 64 bytes");
    else if (!method)
        reply_garbage(core, caller, id, -32600, "\"method\" must be a text");
    else if (!person_ok && who->gateway)
        reply_garbage(core, caller, id, -32600, "\"as\" must be {\"principal\": 1 to 63 bytes, \"role\": of a person}");
    else if (!person_ok)
        pretend(core, &r, method);
    else if (params && !json_is_object(params))
        reply_param(core, &r, "params", "an object is wanted");
    else
        dispatch(core, &r, id, method);
}

static void handle(struct core *core, const struct caller *caller, const struct principal *who, const char *data,
                   size_t n)
{
    core->n_requests++;
    if (n > REQUEST_MAX) {
        core->limits.oversized++;
        reply_garbage(core, caller, NULL, -32600, "the request is longer than 65536 bytes");
        return;
    }
    if (too_deep(data, n)) {
        reply_garbage(core, caller, NULL, -32700, "the JSON is nested deeper than 16");
        return;
    }
    json_error_t where;
    json_t *root = json_loadb(data, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (!root) {
        char text[JSON_ERROR_TEXT_LENGTH + 64];
        snprintf(text, sizeof text, "not JSON: %s at byte %d", where.text, where.position);
        reply_garbage(core, caller, NULL, -32700, text);
        return;
    }
    request_parsed(core, caller, who, root);
    json_decref(root);
}

static bool more(zmq_msg_t *msg)
{
    return zmq_msg_more(msg) != 0;
}

/* Reads one message: identity, maybe an empty frame, the request. Returns false when there is none. */
static bool take_one(struct core *core)
{
    void *socket = zsock_resolve(core->command);
    zmq_msg_t msg;
    struct caller caller = {0};
    zmq_msg_init(&msg);
    if (zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&msg);
        return false;
    }
    caller.identity_n = (uint8_t)(zmq_msg_size(&msg) <= IDENTITY_MAX ? zmq_msg_size(&msg) : IDENTITY_MAX);
    memcpy(caller.identity, zmq_msg_data(&msg), caller.identity_n);
    bool have = more(&msg);
    if (have) {
        zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT);
        if (zmq_msg_size(&msg) == 0 && more(&msg)) {
            caller.delimiter = true;
            zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT);
        }
    }
    if (have && !more(&msg)) {
        struct principal who = access_principal(core, &msg);
        handle(core, &caller, &who, zmq_msg_data(&msg), zmq_msg_size(&msg));
    } else if (have) {
        while (more(&msg))
            zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT);
        core->limits.frames++;
        reply_garbage(core, &caller, NULL, -32600, "a request is one frame");
    }
    zmq_msg_close(&msg);
    return true;
}

void front_commands(struct core *core)
{
    int taken = 0;
    core->command_left = false;
    while (taken < BATCH_MAX && take_one(core))
        taken++;
    core->command_left = core->command_left || taken == BATCH_MAX;
}
