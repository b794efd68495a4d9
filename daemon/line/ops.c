/* Operations: making a point hold a value, and telling truthfully how that ended. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/log.h"
#include "line/line.h"

static void unlink_op(struct line *line, struct op *op)
{
    for (struct op **at = &line->ops; *at; at = &(*at)->next) {
        if (*at == op) {
            *at = op->next;
            line->n_ops--;
            break;
        }
    }
    free(op);
}

static void tell_op(struct line *line, const struct op *op, enum lec_tell tell, const void *data, size_t n)
{
    struct lec_head head = {.tell = tell, .line = line->number, .device = (uint32_t)op->device->index, .op = op->id};
    line_tell(line, &head, data, n);
}

/* Ends the operation with a verdict; the reason is already in op->result or comes here. */
static void end(struct line *line, struct op *op, enum lec_verdict verdict, int code, const char *reason)
{
    if (op->ask == LEC_ASK_READ) {
        struct lec_fresh fresh = {.code = code, .quality = code == 0 ? LEC_GOOD : LEC_BAD, .value = op->result.actual};
        lec_copy_text(fresh.reason, sizeof fresh.reason, reason);
        tell_op(line, op, LEC_TELL_READ, &fresh, sizeof fresh);
    } else {
        op->result.verdict = verdict;
        op->result.code = code;
        lec_copy_text(op->result.reason, sizeof op->result.reason, reason);
        tell_op(line, op, LEC_TELL_DONE, &op->result, sizeof op->result);
    }
    unlink_op(line, op);
}

/* ---- Taking requests ---------------------------------------------------------------------------------------- */

static void stop(struct line *line, const struct lec_request *r)
{
    for (struct op *op = line->ops; op; op = op->next) {
        if (op->id != r->op)
            continue;
        end(line, op, (enum lec_verdict)r->because, LEC_E_CANCELLED,
            op->sent ? "the command was already sent" : "nothing was sent");
        return;
    }
}

/* A newer wish for a point ends the older one; telling so comes after the newer command has gone out. */
static void override(struct line *line, const struct lec_point *point)
{
    for (struct op *op = line->ops; op; op = op->next)
        if (op->ask == LEC_ASK_SET && op->point == point)
            op->overridden_at = op->overridden_at ? op->overridden_at : lec_now();
}

static void tell_full(struct line *line, const struct lec_request *r)
{
    struct lec_op_result full = {.verdict = LEC_V_REFUSED, .code = LEC_E_NOMEM};
    struct lec_fresh unread = {.code = LEC_E_NOMEM, .quality = LEC_BAD};
    snprintf(full.reason, sizeof full.reason, "%d operations wait on this line already", LEC_LINE_OPS);
    memcpy(unread.reason, full.reason, sizeof unread.reason);
    bool read = r->ask == LEC_ASK_READ;
    struct lec_head head = {
        .tell = read ? LEC_TELL_READ : LEC_TELL_DONE, .line = line->number, .device = r->device, .op = r->op};
    if (read)
        line_tell(line, &head, &unread, sizeof unread);
    else
        line_tell(line, &head, &full, sizeof full);
}

void ops_take(struct line *line, const struct lec_request *r)
{
    if (r->ask == LEC_ASK_STOP) {
        stop(line, r);
        return;
    }
    struct line_device *d = &line->devices[r->device];
    const struct lec_device *desc = d->h.dev.desc;
    size_t items = r->ask == LEC_ASK_INVOKE ? desc->n_actions : desc->n_points;
    if (r->item >= items || r->n_values > LEC_ARGS_MAX || (r->ask == LEC_ASK_SET && r->n_values != 1))
        return; /* the core checked: only a bug comes here */
    struct op *op = line->n_ops < LEC_LINE_OPS ? malloc(sizeof *op + r->n_values * sizeof op->values[0]) : NULL;
    if (!op) {
        tell_full(line, r);
        return;
    }
    int64_t now = lec_now();
    *op = (struct op){.id = r->op,
                      .ask = r->ask,
                      .device = d,
                      .begun = now,
                      .due = now,
                      .deadline = r->deadline,
                      .tell_sent = r->tell_sent,
                      .n_values = r->n_values};
    memcpy(op->values, r->values, r->n_values * sizeof op->values[0]);
    if (r->ask == LEC_ASK_INVOKE) {
        op->action = &desc->actions[r->item];
        op->phase = PHASE_INVOKE;
    } else {
        op->point = &desc->points[r->item];
        op->phase = r->ask == LEC_ASK_READ ? PHASE_READ : r->check_first ? PHASE_CHECK : PHASE_WRITE;
        if (op->phase == PHASE_CHECK && !(op->point->access & LEC_READ))
            op->phase = PHASE_WRITE;
    }
    if (r->ask == LEC_ASK_SET)
        override(line, op->point);
    struct op **at = &line->ops;
    while (*at)
        at = &(*at)->next;
    *at = op;
    line->n_ops++;
}

/* ---- One exchange of an operation --------------------------------------------------------------------------- */

static void remember(struct op *op, int code, const struct lec_err *err)
{
    op->last_code = code;
    lec_copy_text(op->result.reason, sizeof op->result.reason, err->text);
}

static bool holds(const struct op *op, const struct lec_value *actual)
{
    return lec_value_meets(actual, &op->values[0], op->point->tolerance);
}

static void again(struct op *op, int64_t pause)
{
    op->due = lec_now() + pause;
}

static enum lec_verdict verdict_of(const struct line_device *d, int code)
{
    switch (code) {
    case LEC_E_LINK:
    case LEC_E_CONFIG:
        return LEC_V_AWAY;
    case LEC_E_TIMEOUT:
    case LEC_E_FRAME:
        return d->online ? LEC_V_TIMEOUT : LEC_V_AWAY;
    case LEC_E_CANCELLED:
        return LEC_V_CANCELLED;
    default:
        return LEC_V_REFUSED;
    }
}

/* A read before or instead of a write that brought nothing: asked again as often as the profile says. */
static void read_failed(struct line *line, struct op *op, int rc, const struct lec_err *err)
{
    remember(op, rc, err);
    bool worth = rc == LEC_E_TIMEOUT || rc == LEC_E_FRAME || rc == LEC_E_LINK;
    if (rc == LEC_E_BUSY)
        again(op, BUSY_AGAIN_NS);
    else if (worth && op->tries++ < op->device->h.dev.desc->retries && op->device->online)
        again(op, 0);
    else if (op->phase == PHASE_CHECK && !worth && rc != LEC_E_CONFIG && rc != LEC_E_CANCELLED)
        op->phase = PHASE_WRITE; /* it answers, but does not tell this point: write all the same */
    else
        end(line, op, verdict_of(op->device, rc), rc, err->text);
}

static void do_check(struct line *line, struct op *op)
{
    struct lec_err err;
    struct lec_value actual;
    int rc = device_read(op->device, op->point, &actual, &err);
    if (rc < 0) {
        read_failed(line, op, rc, &err);
        return;
    }
    op->result.before_known = true;
    op->result.before = actual;
    op->result.actual = actual;
    op->tries = 0;
    if (holds(op, &actual))
        end(line, op, LEC_V_ALREADY, 0, "");
    else
        op->phase = PHASE_WRITE;
}

static void do_read(struct line *line, struct op *op)
{
    struct lec_err err;
    int rc = device_read(op->device, op->point, &op->result.actual, &err);
    if (rc < 0)
        read_failed(line, op, rc, &err);
    else
        end(line, op, LEC_V_CONFIRMED, 0, "");
}

/* The command left us: from now on it cannot be taken back. */
static void sent(struct line *line, struct op *op)
{
    if (!op->sent && op->tell_sent)
        tell_op(line, op, LEC_TELL_SENT, NULL, 0);
    op->sent = true;
    op->sent_at = lec_now();
}

static void written(struct line *line, struct op *op)
{
    if (!op->point->confirm || !(op->point->access & LEC_READ)) {
        end(line, op, LEC_V_ACCEPTED, 0, "");
        return;
    }
    if (!op->acked)
        tell_op(line, op, LEC_TELL_ACCEPTED, NULL, 0);
    op->acked = true;
    op->phase = PHASE_CONFIRM;
    op->tries = 0;
    again(op, op->point->settle_ns);
}

static void do_write(struct line *line, struct op *op)
{
    struct lec_err err;
    sent(line, op);
    int rc = lec_hosted_write(&op->device->h, op->point, &op->values[0], &err);
    device_after(op->device, rc, rc == 0 ? op->point->lockout_ns : 0, &err);
    if (rc == 0) {
        written(line, op);
        return;
    }
    remember(op, rc, &err);
    switch (rc) {
    case LEC_E_BUSY: /* until the asker's time is up */
        again(op, op->point->confirm_every_ns > BUSY_AGAIN_NS ? op->point->confirm_every_ns : BUSY_AGAIN_NS);
        break;
    case LEC_E_TIMEOUT:
    case LEC_E_FRAME:
    case LEC_E_LINK: /* perhaps it was heard: read back rather than repeat */
        if (op->point->access & LEC_READ) {
            op->phase = PHASE_CONFIRM;
            op->tries = 0;
            again(op, op->point->settle_ns);
        } else {
            end(line, op, verdict_of(op->device, rc), rc, err.text);
        }
        break;
    default:
        end(line, op, verdict_of(op->device, rc), rc, err.text);
        break;
    }
}

/* Soon after the write often, then at the profile's pace. */
static int64_t confirm_pause(const struct op *op)
{
    int64_t pause = (lec_now() - op->sent_at) / 4;
    int64_t least = op->point->settle_ns > 10 * LEC_MS ? op->point->settle_ns : 10 * LEC_MS;
    if (pause < least)
        pause = least;
    return pause < op->point->confirm_every_ns ? pause : op->point->confirm_every_ns;
}

static void do_confirm(struct line *line, struct op *op)
{
    struct lec_err err;
    struct lec_value actual;
    int rc = device_read(op->device, op->point, &actual, &err);
    if (rc == 0) {
        op->result.actual = actual;
        if (holds(op, &actual)) {
            end(line, op, LEC_V_CONFIRMED, 0, "");
            return;
        }
        bool unheard =
            !op->acked && !op->rewritten && (!op->result.before_known || lec_value_equal(&op->result.before, &actual));
        if (unheard) { /* no acknowledgement came, and nothing has changed: it was not heard */
            op->rewritten = true;
            op->phase = PHASE_WRITE;
            again(op, 0);
            return;
        }
        op->last_code = 0;
    } else if (rc == LEC_E_CANCELLED || rc == LEC_E_CONFIG) {
        end(line, op, verdict_of(op->device, rc), rc, err.text);
        return;
    } else {
        remember(op, rc, &err); /* devices fall silent while they change state: wait for the deadline */
    }
    again(op, confirm_pause(op));
}

static void do_invoke(struct line *line, struct op *op)
{
    struct lec_err err;
    sent(line, op);
    int rc = lec_hosted_invoke(&op->device->h, op->action, op->values, &err);
    device_after(op->device, rc, rc == 0 ? op->action->lockout_ns : 0, &err);
    device_flush(op->device);
    if (rc == 0) {
        end(line, op, LEC_V_ACCEPTED, 0, "");
    } else if (rc == LEC_E_BUSY) {
        remember(op, rc, &err);
        again(op, BUSY_AGAIN_NS);
    } else {
        end(line, op, verdict_of(op->device, rc), rc, err.text);
    }
}

/* Time is up: say what was last seen. */
static void expire(struct line *line, struct op *op)
{
    char text[LEC_ERR_TEXT], actual[LEC_TEXT_MAX + 1], took[32];
    /* what was asked for was some ms longer: on its way from the core to here they are gone */
    lec_print_duration((op->deadline - op->begun + 5 * LEC_MS) / (10 * LEC_MS) * (10 * LEC_MS), took, sizeof took);
    int code = op->last_code ? op->last_code : LEC_E_TIMEOUT;
    if (op->last_code == LEC_E_BUSY)
        snprintf(text, sizeof text, "not possible for %s: %.160s", took, op->result.reason);
    else if (op->last_code)
        snprintf(text, sizeof text, "%.180s", op->result.reason);
    else if (op->phase == PHASE_CONFIRM)
        snprintf(text, sizeof text, "still %.100s after %s", lec_value_print(&op->result.actual, actual, sizeof actual),
                 took);
    else
        snprintf(text, sizeof text, "no turn on the line in %s", took);
    enum lec_verdict v = op->phase == PHASE_CONFIRM ? LEC_V_TIMEOUT : verdict_of(op->device, code);
    end(line, op, op->last_code == LEC_E_BUSY && !op->acked ? LEC_V_REFUSED : v, code, text);
}

static const struct lec_when *gate_of(const struct op *op)
{
    return op->action ? &op->action->when : &op->point->when;
}

/* A read cannot be had while the gate is known to be closed, and says so; the others wait. The gate's own point must be
 * looked at as often as something waits for it. */
static void gate_closed(struct line *line, struct op *op)
{
    const struct lec_point *gate = gate_of(op)->point;
    const struct lec_point_state *state = &op->device->h.points[gate->index];
    struct lec_err none = {.text = ""};
    if (op->phase == PHASE_READ && state->quality == LEC_GOOD) {
        char value[LEC_TEXT_MAX + 1];
        lec_value_print(&state->value, value, sizeof value);
        snprintf(none.text, sizeof none.text, "cannot be asked while %s is %.40s", gate->name, value);
        end(line, op, LEC_V_REFUSED, LEC_E_BUSY, none.text);
        return;
    }
    snprintf(none.text, sizeof none.text, "waits until %s allows it", gate->name);
    remember(op, LEC_E_BUSY, &none);
    again(op, gate->confirm_every_ns > 0 ? gate->confirm_every_ns : BUSY_AGAIN_NS);
    if (gate->access & LEC_READ) {
        lec_dev_poll_soon(&op->device->h.dev, gate);
        op->device->next_due = lec_now();
    }
}

static void advance(struct line *line, struct op *op)
{
    struct lec_err err;
    struct line_device *d = op->device;
    if (!(op->action && op->action->urgent)) {
        int rc = device_ready(d, true, &err);
        if (rc < 0) {
            if (op->phase == PHASE_CONFIRM && rc != LEC_E_CANCELLED) {
                remember(op, rc, &err);
                again(op, confirm_pause(op) > BUSY_AGAIN_NS ? confirm_pause(op) : BUSY_AGAIN_NS);
            } else {
                end(line, op, verdict_of(d, rc), rc, err.text);
            }
            return;
        }
        if (!lec_hosted_gate(&d->h, gate_of(op))) {
            gate_closed(line, op);
            return;
        }
    } else {
        (void)device_ready(d, true, &err); /* an emergency stop is tried whatever the state */
    }
    if (line->port.link)
        lec_link_expect(line->port.link, ANSWER_SOON_NS);
    switch (op->phase) {
    case PHASE_CHECK:
        do_check(line, op);
        break;
    case PHASE_READ:
        do_read(line, op);
        break;
    case PHASE_WRITE:
        do_write(line, op);
        break;
    case PHASE_CONFIRM:
        do_confirm(line, op);
        break;
    case PHASE_INVOKE:
        do_invoke(line, op);
        break;
    }
}

/* ---- Which one next ----------------------------------------------------------------------------------------- */

static int rank(const struct op *op)
{
    if (op->overridden_at)
        return 4;
    if (op->action && op->action->urgent)
        return 0;
    switch (op->phase) {
    case PHASE_WRITE:
    case PHASE_INVOKE:
        return 1;
    case PHASE_CHECK:
    case PHASE_READ:
        return 2;
    case PHASE_CONFIRM:
        return 3;
    }
    return 3;
}

/* All that were replaced so far, not only those whose time is up: each by itself would wake this thread and the core. */
static void end_overridden(struct line *line)
{
    for (struct op *op = line->ops, *next; op; op = next) {
        next = op->next;
        if (op->overridden_at)
            end(line, op, LEC_V_OVERRIDDEN, LEC_E_CANCELLED, "another command for the same point came");
    }
}

bool ops_run(struct line *line, int64_t *wake)
{
    if (!line->ops)
        return false;
    int64_t now = lec_now();
    struct op *best = NULL;
    for (struct op *op = line->ops; op; op = op->next) {
        if (now >= op->deadline && !op->overridden_at) {
            expire(line, op);
            return true;
        }
        int64_t at = op->overridden_at ? op->overridden_at + OVERRIDDEN_NS : op->due;
        if (at < op->device->not_before && rank(op) > 0 && !op->overridden_at)
            at = op->device->not_before;
        if (at > op->deadline && !op->overridden_at)
            at = op->deadline;
        if (at > now) {
            if (at < *wake)
                *wake = at;
        } else if (!best || rank(op) < rank(best)) {
            best = op;
        }
        if (op->deadline < *wake && !op->overridden_at)
            *wake = op->deadline;
    }
    if (!best)
        return false;
    if (best->overridden_at)
        end_overridden(line);
    else
        advance(line, best);
    return true;
}

void ops_end_all(struct line *line)
{
    while (line->ops)
        end(line, line->ops, LEC_V_CANCELLED, LEC_E_CANCELLED, "the daemon stops");
}
