/* [point ...] and [action ...]: their requests, and how their values stand on the wire. */
#include <stdio.h>
#include <string.h>

#include "dialogue.h"

/* What a request is made of. */
struct plan {
    const char *what; /* the point's or action's name */
    const struct lec_keys *own;
    const struct lec_point *point; /* NULL: an action */
    const struct lec_action *action;
    const char *file; /* of the point or action */
    int line;
};

static bool is_none(const struct lec_key *key)
{
    return strcmp(key->value, "none") == 0;
}

/* The point's key, or the one of [driver] that all share, placed where the point is. NULL: neither, or "none". */
static const struct lec_key *own_or_shared(const struct dlg_compiler *c, const struct plan *plan, const char *name,
                                           struct lec_key *storage)
{
    const struct lec_key *key = lec_key_find(plan->own, name);
    if (!key) {
        key = lec_key_find(&c->desc->keys, name);
        if (!key)
            return NULL;
        *storage = *key;
        storage->file = plan->file;
        storage->line = plan->line;
        key = storage;
    }
    return key;
}

/* Replies that concern only this point's requests ({cmd} in a [reply] section). */
static const struct dlg_message **own_rules(struct dlg_compiler *c, const struct dlg_profile *p,
                                            const struct plan *plan)
{
    const struct dlg_message **rules = dlg_pool_get(c->pool, p->n_rules, sizeof *rules);
    size_t k = 0;
    for (size_t i = 0; rules && i < c->desc->n_sections; i++) {
        const struct lec_section *s = &c->desc->sections[i];
        if (strcmp(s->kind, "reply") != 0 || k == p->n_rules)
            continue;
        const struct lec_key *match = lec_key_find(&s->keys, "match");
        rules[k] = p->rules[k].match;
        if (!rules[k] && match && dlg_needs_own(c, match->value) && dlg_has_own(c, match->value, plan->own) &&
            p->rules[k].means != DLG_NOTICE) {
            struct dlg_scope scope = {.key = match, .own = plan->own, .owner = plan->what, .pattern = true};
            rules[k] = dlg_compile(c, &scope);
        }
        k++;
    }
    return rules;
}

static bool has_hole(const struct dlg_message *m)
{
    for (size_t i = 0; i < m->n_ops; i++)
        if (m->ops[i].kind == DLG_OP_HOLE || m->ops[i].kind == DLG_OP_VAR)
            return true;
    return false;
}

/* A request without holes is rendered now, once. */
static void make_ready(struct dlg_compiler *c, struct dlg_request *rq)
{
    unsigned char bytes[DLG_SEND_MAX];
    struct lec_err err;
    int n = has_hole(rq->send) ? -1 : dlg_render(rq->send, NULL, NULL, bytes, &err);
    if (n < 0)
        return;
    rq->ready = dlg_pool_copy(c->pool, bytes, (size_t)n);
    rq->n_ready = rq->ready ? (size_t)n : 0;
}

static struct dlg_request *make_request(struct dlg_compiler *c, const struct dlg_profile *p, const struct plan *plan,
                                        const struct lec_key *send, struct dlg_form form)
{
    struct dlg_request *rq = dlg_pool_get(c->pool, 1, sizeof *rq);
    if (!rq)
        return NULL;
    struct dlg_scope scope = {.key = send,
                              .own = plan->own,
                              .owner = plan->what,
                              .action = plan->action,
                              .value = plan->point != NULL,
                              .value_form = form,
                              .envelope = lec_key_find(&c->desc->keys, "send")};
    rq->what = plan->what;
    rq->send = dlg_compile(c, &scope);
    rq->rules = own_rules(c, p, plan);
    if (!rq->send || !rq->rules)
        return NULL;
    make_ready(c, rq);
    return rq;
}

static void need_framing(struct dlg_compiler *c, const struct dlg_profile *p, const struct lec_key *key)
{
    const struct dlg_framing *f = &p->framing;
    if (!f->n_ends && !f->fixed && !f->by_length && !f->by_first && !f->prompt.n)
        dlg_mistake(
            c, key,
            "how does a reply end? [driver] needs \"ends\", \"length\" or \"prompt\"; \"ok = none\" is for devices that do not answer");
}

static bool any_ok_rule(const struct dlg_profile *p)
{
    for (size_t i = 0; i < p->n_rules; i++)
        if (p->rules[i].means == DLG_OK)
            return true;
    return false;
}

/* How a command is answered. */
static void prepare_ok(struct dlg_compiler *c, const struct dlg_profile *p, const struct plan *plan,
                       const struct lec_key *send, struct dlg_form form, struct dlg_request *rq)
{
    struct lec_key storage;
    const struct lec_key *ok = own_or_shared(c, plan, "ok", &storage);
    if (!ok) {
        need_framing(c, p, send);
        if (p->done != DLG_DONE_PROMPT && !any_ok_rule(p))
            dlg_mistake(
                c, send,
                "what does the device answer? Write \"ok = REPLY\", a section [reply ok], or \"ok = none\" if it does not answer");
    } else if (is_none(ok)) {
        rq->silent = true;
    } else {
        struct dlg_scope scope = {.key = ok,
                                  .own = plan->own,
                                  .owner = plan->what,
                                  .action = plan->action,
                                  .pattern = true,
                                  .value = plan->point != NULL,
                                  .value_form = form};
        need_framing(c, p, ok);
        rq->want = dlg_compile(c, &scope);
    }
}

/* ---- Points -------------------------------------------------------------------------------------------------- */

static bool told_by_itself(const struct dlg_profile *p, const struct lec_point *point)
{
    for (size_t i = 0; i < p->n_rules; i++)
        if (p->rules[i].point == point)
            return true;
    return false;
}

static void prepare_read(struct dlg_compiler *c, const struct dlg_profile *p, const struct plan *plan,
                         struct dlg_point *out)
{
    struct lec_key read_storage, reply_storage, at = {.name = plan->what, .file = plan->file, .line = plan->line};
    const struct lec_key *read = own_or_shared(c, plan, "read", &read_storage);
    const struct lec_key *reply = own_or_shared(c, plan, "reply", &reply_storage);
    const struct lec_key *codes = lec_key_find(plan->own, "codes");
    if (!(plan->point->access & LEC_READ))
        return;
    if (!read || is_none(read)) {
        if (plan->point->period_ns != LEC_NEVER)
            dlg_mistake(c, &at,
                        told_by_itself(p, plan->point)
                            ? "cannot be asked, the device tells it by itself: needs \"period = never\""
                            : "how is it read? Write \"read\" and \"reply\", or \"access = write\"");
        return;
    }
    if (!reply) {
        dlg_mistake(c, &at, "\"read\" needs a \"reply\"");
        return;
    }
    need_framing(c, p, read);
    struct dlg_form form = dlg_value_form(c, plan->point, codes != NULL);
    struct dlg_request *rq = make_request(c, p, plan, read, form);
    struct dlg_scope scope = {
        .key = reply, .own = plan->own, .owner = plan->what, .pattern = true, .value = true, .value_form = form};
    const struct dlg_message *want = dlg_compile(c, &scope);
    if (!rq || !want)
        return;
    const struct dlg_form *in = dlg_message_form(want, DLG_SLOT_VALUE);
    if (!in) {
        dlg_mistake(c, reply, "where in it is the value? Write {value} there");
        return;
    }
    if (dlg_message_form(rq->send, DLG_SLOT_VALUE))
        dlg_mistake(c, read, "a question has no {value}");
    rq->want = want;
    rq->is_read = true;
    rq->and_ok = strcmp(lec_key_text(plan->own, "done", p->done == DLG_DONE_OK ? "ok" : "reply"), "ok") == 0;
    rq->timeout_ns = plan->point->timeout_ns;
    dlg_conv_compile(c, plan->point, plan->own, codes, in, false, &out->in);
    out->read = rq;
}

/* "write on = ...": each value has its own command. */
static void prepare_choices(struct dlg_compiler *c, const struct dlg_profile *p, const struct plan *plan,
                            struct dlg_point *out)
{
    struct dlg_choice *choices = dlg_pool_get(c->pool, plan->own->n, sizeof *choices);
    struct dlg_form form = dlg_value_form(c, plan->point, true);
    for (size_t i = 0; choices && i < plan->own->n; i++) {
        const struct lec_key *key = &plan->own->at[i];
        struct lec_err err;
        struct lec_value value;
        if (strncmp(key->name, "write ", 6) != 0 || strcmp(key->name, "write codes") == 0 ||
            strcmp(key->name, "write timeout") == 0)
            continue;
        if (lec_value_parse(key->name + 6, plan->point->type, &value, &err) < 0 ||
            lec_point_check(plan->point, &value, &err) < 0) {
            dlg_mistake(c, key, "%s", err.text);
            continue;
        }
        struct dlg_request *rq = make_request(c, p, plan, key, form);
        if (!rq)
            continue;
        if (dlg_message_form(rq->send, DLG_SLOT_VALUE))
            dlg_mistake(c, key, "{value} has no place here: this command is for one value only");
        prepare_ok(c, p, plan, key, form, rq);
        rq->timeout_ns = lec_key_duration(plan->own, "write timeout", plan->point->timeout_ns);
        choices[out->n_choices++] = (struct dlg_choice){.value = value, .request = rq};
    }
    out->choices = choices;
}

static bool has_choice(const struct dlg_point *p, const struct lec_value *value)
{
    for (size_t i = 0; i < p->n_choices; i++)
        if (lec_value_equal(&p->choices[i].value, value))
            return true;
    return false;
}

static bool has_code(const struct dlg_conv *conv, const struct lec_value *value)
{
    for (size_t i = 0; i < conv->n_codes; i++)
        if (lec_value_equal(&conv->codes[i].value, value))
            return true;
    return false;
}

/* Every value that may be written can be. */
static void check_settable(struct dlg_compiler *c, const struct lec_key *at, const struct dlg_point *p)
{
    const struct lec_point *point = p->point;
    size_t n = point->type == LEC_BOOL ? 2 : point->type == LEC_ENUM ? point->n_settable : 0;
    if (point->type == LEC_ENUM && n == 0)
        n = point->n_choices;
    for (size_t i = 0; i < n; i++) {
        struct lec_value v = point->type == LEC_BOOL ? lec_bool(i == 1)
                             : point->n_settable     ? lec_enum(point->settable[i])
                                                     : lec_enum(point->choices[i]);
        char text[LEC_TEXT_MAX + 1];
        bool known = has_choice(p, &v) || (p->write && (p->out.n_codes == 0 || has_code(&p->out, &v)));
        if (!known)
            dlg_mistake(c, at, "can be set to \"%s\", for which there is neither a code nor a \"write %s\"",
                        lec_value_print(&v, text, sizeof text), text);
    }
    if (n == 0 && !p->write)
        dlg_mistake(c, at, "how is it written? Write \"write = ...\" with {value}, or \"access = read\"");
}

static void prepare_toggle(struct dlg_compiler *c, const struct dlg_profile *p, const struct plan *plan,
                           const struct lec_key *key, struct dlg_point *out)
{
    if (!out->read) {
        dlg_mistake(c, key, "a command that only changes over needs a \"read\", to know whether to");
        return;
    }
    struct dlg_form form = dlg_value_form(c, plan->point, true);
    struct dlg_request *rq = make_request(c, p, plan, key, form);
    if (!rq)
        return;
    if (dlg_message_form(rq->send, DLG_SLOT_VALUE))
        dlg_mistake(c, key, "a toggle has no {value}");
    prepare_ok(c, p, plan, key, form, rq);
    rq->timeout_ns = lec_key_duration(plan->own, "write timeout", plan->point->timeout_ns);
    out->toggle = rq;
}

static void prepare_write(struct dlg_compiler *c, const struct dlg_profile *p, const struct plan *plan,
                          struct dlg_point *out)
{
    struct lec_key storage, at = {.name = plan->what, .file = plan->file, .line = plan->line};
    const struct lec_key *toggle = lec_key_find(plan->own, "toggle"), *codes = lec_key_find(plan->own, "write codes");
    if (!(plan->point->access & LEC_WRITE))
        return;
    if (toggle) {
        prepare_toggle(c, p, plan, toggle, out);
        return;
    }
    prepare_choices(c, p, plan, out);
    const struct lec_key *write =
        out->n_choices ? lec_key_find(plan->own, "write") : own_or_shared(c, plan, "write", &storage);
    if (!codes)
        codes = lec_key_find(plan->own, "codes");
    if (write && !is_none(write)) {
        struct dlg_form form = dlg_value_form(c, plan->point, codes != NULL);
        struct dlg_request *rq = make_request(c, p, plan, write, form);
        if (!rq)
            return;
        const struct dlg_form *hole = dlg_message_form(rq->send, DLG_SLOT_VALUE);
        if (!hole) {
            dlg_mistake(c, write,
                        "where in it does the value go? Write {value} there, or \"write VALUE = ...\" for each");
            return;
        }
        dlg_conv_compile(c, plan->point, plan->own, codes, hole, true, &out->out);
        prepare_ok(c, p, plan, write, form, rq);
        rq->timeout_ns = lec_key_duration(plan->own, "write timeout", plan->point->timeout_ns);
        out->write = rq;
    }
    check_settable(c, &at, out);
}

/* Points that are read with the same bytes share an exchange. */
static void find_groups(struct dlg_profile *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct dlg_request *a = p->points[i].read;
        p->points[i].group = i;
        for (size_t k = 0; a && a->ready && k < i; k++) {
            const struct dlg_request *b = p->points[k].read;
            if (b && b->ready && a->n_ready == b->n_ready && memcmp(a->ready, b->ready, a->n_ready) == 0) {
                p->points[i].group = k;
                break;
            }
        }
    }
}

static void prepare_action(struct dlg_compiler *c, const struct dlg_profile *p, const struct lec_action *action,
                           struct dlg_action *out)
{
    const struct lec_key *send = lec_key_find(&action->keys, "send"), *then = lec_key_find(&action->keys, "then");
    struct plan plan = {
        .what = action->name, .own = &action->keys, .action = action, .file = action->file, .line = action->line};
    struct dlg_form form = dlg_value_form(c, &(struct lec_point){.type = LEC_TEXT}, false);
    if (!send)
        return; /* config has told: it is required */
    struct dlg_request *first = make_request(c, p, &plan, send, form);
    if (first) {
        prepare_ok(c, p, &plan, send, form, first);
        first->timeout_ns = action->timeout_ns;
    }
    struct dlg_request *second = then ? make_request(c, p, &plan, then, form) : NULL;
    if (second) {
        prepare_ok(c, p, &plan, then, form, second);
        second->timeout_ns = action->timeout_ns;
    }
    *out = (struct dlg_action){
        .request = first, .then = second, .then_ns = lec_key_duration(&action->keys, "then after", 0)};
}

void dlg_prepare_points(struct dlg_compiler *c, struct dlg_profile *p)
{
    const struct lec_device *desc = c->desc;
    p->points = dlg_pool_get(c->pool, desc->n_points, sizeof *p->points);
    p->actions = dlg_pool_get(c->pool, desc->n_actions, sizeof *p->actions);
    if (!p->points || !p->actions)
        return;
    for (size_t i = 0; i < desc->n_points; i++) {
        const struct lec_point *point = &desc->points[i];
        const struct lec_key *affects = lec_key_find(&point->keys, "affects");
        struct plan plan = {
            .what = point->name, .own = &point->keys, .point = point, .file = point->file, .line = point->line};
        struct dlg_point *out = &p->points[i];
        out->point = point;
        prepare_read(c, p, &plan, out);
        prepare_write(c, p, &plan, out);
        out->twice_ns = lec_key_duration(&point->keys, "send twice", 0);
        if (affects)
            out->affects = dlg_prepare_names(c, affects, &out->n_affects);
    }
    for (size_t i = 0; i < desc->n_actions; i++)
        prepare_action(c, p, &desc->actions[i], &p->actions[i]);
    find_groups(p, desc->n_points);
}
