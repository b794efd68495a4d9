/* Reading and writing points, invoking actions. */
#include "core/methods.h"

#include <string.h>

#define READ_TIMEOUT_NS (10 * LEC_SEC)

/* The device and point (or action) that the request's "target" names; NULL after answering. */
static struct device_state *find(struct core *core, struct request *r, const struct lec_point **point,
                                 const struct lec_action **action)
{
    bool ok;
    const char *target = param_text(core, r, "target", true, &ok);
    if (!ok)
        return NULL;
    struct lec_err err;
    char nearest[64];
    struct device_state *d = state_target(core, target, point, action, &err, nearest);
    if (!d) {
        struct trouble t = {.code = -32001, .reason = err.text, .nearest = nearest};
        reply_error(core, r, &t);
    }
    return d;
}

/* Returns false after answering that the line is full; `p` is gone then. */
static bool ask(struct core *core, struct pending *p, struct lec_request *request)
{
    request->op = p->op;
    pending_until(core, p, request->deadline);
    if (lines_ask(core, p->device, request) == 0) {
        lec_waiter_expect(core->waiter, LINE_SOON_NS);
        return true;
    }
    struct request r;
    pending_request(p, &r);
    struct trouble t = {.code = -32007, .reason = "the line takes no more operations", .device = p->device->desc};
    reply_error(core, &r, &t);
    pending_free(core, p);
    return false;
}

void point_read(struct core *core, struct request *r)
{
    const struct lec_point *point = NULL;
    if (!params_known(core, r, "target|fresh|timeout_ms"))
        return;
    struct device_state *d = find(core, r, &point, NULL);
    if (!d)
        return;
    if (!(point->access & LEC_READ)) {
        struct trouble t = {
            .code = -32006, .reason = "this point can only be written", .device = d->desc, .point = point};
        reply_error(core, r, &t);
        return;
    }
    json_t *fresh = json_object_get(r->params, "fresh");
    if (fresh && !json_is_boolean(fresh)) {
        reply_param(core, r, "fresh", "true or false is wanted");
        return;
    }
    int64_t timeout;
    if (!param_timeout(core, r, "timeout_ms", READ_TIMEOUT_NS, &timeout))
        return;
    if (json_is_true(fresh)) {
        struct pending *p = pending_for(core, r, PENDING_READ, d, point->index);
        struct lec_request request = {
            .ask = LEC_ASK_READ, .item = (uint32_t)point->index, .deadline = lec_now() + timeout};
        if (p)
            ask(core, p, &request);
        return;
    }
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_puts(b, "{\"target\":");
    state_write_target(b, d->desc, point->name);
    lec_buf_putc(b, ',');
    state_write_value(b, d, point->index, true, lec_now());
    lec_buf_putc(b, '}');
    reply_send(core, r);
}

/* A JSON value as a value of this type: names for enum and text, numbers for int and float. */
static int from_json(json_t *v, enum lec_type type, struct lec_value *out, struct lec_err *err)
{
    switch (type) {
    case LEC_BOOL:
        if (json_is_boolean(v)) {
            *out = lec_bool(json_is_true(v));
            return 0;
        }
        return lec_fail(err, LEC_E_RANGE, "true or false is wanted");
    case LEC_INT:
        if (json_is_integer(v)) {
            *out = lec_int(json_integer_value(v));
            return 0;
        }
        return lec_fail(err, LEC_E_RANGE, "a whole number is wanted");
    case LEC_FLOAT:
        if (json_is_number(v)) {
            *out = lec_float(json_number_value(v));
            return 0;
        }
        return lec_fail(err, LEC_E_RANGE, "a number is wanted");
    case LEC_ENUM:
    case LEC_TEXT:
        if (json_is_string(v) && json_string_length(v) <= LEC_TEXT_MAX &&
            strlen(json_string_value(v)) == json_string_length(v)) {
            *out = type == LEC_ENUM ? lec_enum(json_string_value(v)) : lec_text(json_string_value(v));
            return 0;
        }
        return lec_fail(err, LEC_E_RANGE, "a text of at most %d bytes is wanted", LEC_TEXT_MAX);
    case LEC_NONE:
        break;
    }
    return lec_fail(err, LEC_E_BUG, "a point without a type");
}

static void refuse_value(struct core *core, struct request *r, const struct device_state *d,
                         const struct lec_point *point, int code, const char *why)
{
    struct trouble t = {.code = code == LEC_E_NOTSUP ? -32006 : -32005,
                        .reason = why,
                        .device = d->desc,
                        .point = point,
                        .param = "value"};
    reply_error(core, r, &t);
}

void point_write(struct core *core, struct request *r)
{
    const struct lec_point *point = NULL;
    bool ok;
    if (!params_known(core, r, "target|value|until|timeout_ms"))
        return;
    struct device_state *d = find(core, r, &point, NULL);
    if (!d)
        return;
    const char *until = param_text(core, r, "until", false, &ok);
    if (!ok)
        return;
    if (until && strcmp(until, "confirmed") != 0 && strcmp(until, "accepted") != 0) {
        reply_param(core, r, "until", "\"confirmed\" or \"accepted\" is wanted");
        return;
    }
    json_t *v = json_object_get(r->params, "value");
    if (!v) {
        reply_param(core, r, "value", "is missing");
        return;
    }
    int64_t timeout;
    if (!param_timeout(core, r, "timeout_ms", point->limit_ns, &timeout))
        return;
    struct lec_err err;
    struct lec_request request = {.ask = LEC_ASK_SET, .item = (uint32_t)point->index, .n_values = 1};
    int rc = point->access & LEC_WRITE ? from_json(v, point->type, &request.values[0], &err) : 0;
    if (rc == 0)
        rc = lec_point_check(point, &request.values[0], &err);
    if (rc < 0) {
        refuse_value(core, r, d, point, rc, err.text);
        return;
    }
    struct pending *p = pending_for(core, r, PENDING_WRITE, d, point->index);
    if (!p)
        return;
    p->until_accepted = until && strcmp(until, "accepted") == 0;
    request.deadline = lec_now() + timeout;
    if (!ask(core, p, &request))
        return;
    lec_scenes_point_taken(core->scenes, point, r->principal);
    core->scenes_at = 0;
    state_wanted(core, point, &request.values[0], p->op);
    changed_begin(p, &request.values[0]);
}

void action_invoke(struct core *core, struct request *r)
{
    const struct lec_action *action = NULL;
    if (!params_known(core, r, "target|args|timeout_ms"))
        return;
    struct device_state *d = find(core, r, NULL, &action);
    if (!d)
        return;
    int64_t timeout;
    if (!param_timeout(core, r, "timeout_ms", action->timeout_ns > 0 ? action->timeout_ns : READ_TIMEOUT_NS, &timeout))
        return;
    json_t *args = json_object_get(r->params, "args");
    size_t given = json_is_array(args) ? json_array_size(args) : json_object_size(args);
    if (args && !json_is_array(args) && !json_is_object(args)) {
        reply_param(core, r, "args", "an object by name, or a list, is wanted");
        return;
    }
    if (given != action->n_args || action->n_args > LEC_ARGS_MAX) {
        char text[80];
        snprintf(text, sizeof text, "%zu arguments are wanted, %zu were given", action->n_args, given);
        reply_param(core, r, "args", text);
        return;
    }
    struct lec_request request = {
        .ask = LEC_ASK_INVOKE, .item = (uint32_t)action->index, .n_values = (uint32_t)action->n_args};
    for (size_t i = 0; i < action->n_args; i++) {
        const struct lec_arg *arg = &action->args[i];
        json_t *v = json_is_array(args) ? json_array_get(args, i) : json_object_get(args, arg->name);
        struct lec_err err;
        int rc = v ? from_json(v, arg->type, &request.values[i], &err) : lec_fail(&err, LEC_E_RANGE, "is missing");
        if (rc == 0)
            rc = lec_arg_check(arg, &request.values[i], &err);
        if (rc < 0) {
            struct trouble t = {.code = v ? -32005 : -32602, .reason = err.text, .device = d->desc, .param = arg->name};
            reply_error(core, r, &t);
            return;
        }
    }
    struct pending *p = pending_for(core, r, PENDING_INVOKE, d, action->index);
    if (!p)
        return;
    request.deadline = lec_now() + timeout;
    if (ask(core, p, &request))
        changed_begin(p, NULL);
}
