/* One request and what comes back. What comes may be, in this order: an echo of the request, news that nobody asked
 * for, the reply, an error, a reply to something else. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dialogue.h"

#define LISTEN_READS_MAX 64             /* of a device that floods: what one call takes */
#define QUIET_NS         (200 * LEC_MS) /* a serial line so long silent has no late reply under way... */
#define QUIET_MAX_NS     (2 * LEC_SEC)  /* ...and this is how long such silence is waited for */

const char *dlg_show(const struct dlg_profile *p, const unsigned char *data, size_t n, char *out, size_t size)
{
    size_t k = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        char piece[8];
        if (p->hex)
            snprintf(piece, sizeof piece, "%s%02X", i ? " " : "", data[i]);
        else if (data[i] >= 0x20 && data[i] < 0x7F)
            snprintf(piece, sizeof piece, "%c", data[i]);
        else
            snprintf(piece, sizeof piece, "\\x%02X", data[i]);
        size_t step = strlen(piece);
        if (k + step + 4 > size) {
            memcpy(out + k, "...", 4);
            return out;
        }
        memcpy(out + k, piece, step + 1);
        k += step;
    }
    return out;
}

int dlg_receive(struct lec_dev *dev, const struct dlg_framing *f, struct lec_err *err)
{
    struct dlg *d = dev->state;
    unsigned char data[DLG_READS_MAX], answer[3 * DLG_READS_MAX];
    ssize_t n = lec_line_recv(dev, data, sizeof data, err);
    if (n < 0)
        return (int)n;
    size_t k = dlg_rx_put(f, &d->rx, data, (size_t)n, answer);
    return k > 0 ? lec_line_send(dev, answer, k, err) : 0;
}

/* ---- Publishing ---------------------------------------------------------------------------------------------- */

int dlg_value(const struct dlg_conv *conv, const struct dlg_found *found, struct lec_value *out, struct lec_err *err)
{
    struct dlg_raw raw;
    if (!found->slot[DLG_SLOT_VALUE].at)
        return lec_fail(err, LEC_E_FRAME, "the reply has no value");
    if (dlg_form_get(found->slot[DLG_SLOT_VALUE].form, found->slot[DLG_SLOT_VALUE].at, found->slot[DLG_SLOT_VALUE].n,
                     &raw) < 0)
        return lec_fail(err, LEC_E_FRAME, "the device sent a number that is too large");
    return dlg_conv_in(conv, &raw, out, err);
}

void dlg_tell(struct lec_dev *dev, const struct dlg_point *p, const struct dlg_found *found)
{
    struct lec_value value;
    struct lec_err err;
    if (dlg_value(&p->in, found, &value, &err) == 0)
        lec_dev_publish(dev, p->point, &value);
    else
        lec_dev_publish_bad(dev, p->point, err.text);
}

/* ---- Replies that nobody asked for --------------------------------------------------------------------------- */

static bool holds(const struct lec_dev *dev, const struct dlg_rule *rule)
{
    struct lec_value now;
    if (!rule->while_point)
        return true;
    if (lec_dev_last(dev, rule->while_point, &now) != LEC_GOOD)
        return false;
    for (size_t i = 0; i < rule->n_while; i++)
        if (strcmp(rule->while_values[i], now.s) == 0)
            return true;
    return false;
}

static bool is_news(const struct dlg_rule *rule)
{
    return rule->means == DLG_NOTICE || rule->means == DLG_IGNORE;
}

/* News or noise: true if a rule says so. */
static bool take_news(struct lec_dev *dev, const struct dlg_frame *frame)
{
    struct dlg *d = dev->state;
    struct dlg_found found;
    for (size_t i = 0; i < d->p.n_rules; i++) {
        const struct dlg_rule *rule = &d->p.rules[i];
        if (!is_news(rule) || !rule->match || !holds(dev, rule) ||
            !dlg_match(rule->match, frame->at, frame->n, frame->raw_n, &found))
            continue;
        struct lec_value value = rule->value;
        if (rule->point && !rule->constant && dlg_value(&rule->conv, &found, &value, NULL) < 0)
            continue; /* a code that it does not list: not its news */
        d->stray_prompts += rule->prompt;
        if (rule->point)
            lec_dev_publish(dev, rule->point, &value);
        for (size_t k = 0; k < rule->n_poll; k++)
            lec_dev_poll_soon(dev, rule->poll[k]);
        return true;
    }
    return false;
}

/* The device tells a point by itself in the words of a reply. */
static bool take_push(struct lec_dev *dev, const struct dlg_frame *frame)
{
    struct dlg *d = dev->state;
    struct dlg_found found;
    for (size_t i = 0; d->p.push && i < dev->desc->n_points; i++) {
        const struct dlg_point *p = &d->p.points[i];
        if (!p->read || !dlg_match(p->read->want, frame->at, frame->n, frame->raw_n, &found))
            continue;
        dlg_tell(dev, p, &found);
        return true;
    }
    return false;
}

/* All whole frames that have been received. */
static void take_unasked(struct lec_dev *dev)
{
    struct dlg *d = dev->state;
    struct dlg_frame frame;
    for (;;) {
        switch (dlg_rx_cut(&d->p.framing, &d->rx, &frame)) {
        case DLG_CUT_MORE:
            return;
        case DLG_CUT_PROMPT:
            d->stray_prompts -= d->stray_prompts > 0;
            break;
        case DLG_CUT_FRAME:
            if (!take_news(dev, &frame))
                take_push(dev, &frame);
            break;
        }
    }
}

int dlg_listen(struct lec_dev *dev, struct lec_err *err)
{
    struct dlg *d = dev->state;
    lec_line_deadline(dev, 0);
    for (int i = 0; i < LISTEN_READS_MAX; i++) {
        int rc = dlg_receive(dev, &d->p.framing, err);
        take_unasked(dev);
        if (rc < 0)
            return rc == LEC_E_TIMEOUT ? 0 : rc;
    }
    return 0;
}

/* ---- In step with the device --------------------------------------------------------------------------------- */

static void forget(struct lec_dev *dev)
{
    struct dlg *d = dev->state;
    lec_line_flush(dev);
    dlg_rx_clear(&d->rx);
    d->stray_prompts = 0;
}

int dlg_wake(struct lec_dev *dev, struct lec_err *err)
{
    struct dlg *d = dev->state;
    struct dlg_frame frame;
    if (d->p.wake.n == 0)
        return 0;
    lec_line_deadline(dev, dev->desc->timeout_ns);
    int rc = lec_line_send(dev, d->p.wake.at, d->p.wake.n, err);
    if (rc < 0 || d->p.framing.prompt.n == 0)
        return rc;
    for (;;) {
        switch (dlg_rx_cut(&d->p.framing, &d->rx, &frame)) {
        case DLG_CUT_PROMPT:
            if (d->stray_prompts == 0)
                return 0;
            d->stray_prompts--;
            break;
        case DLG_CUT_FRAME: /* what it prints while it starts up, for example */
            take_news(dev, &frame);
            break;
        case DLG_CUT_MORE:
            rc = dlg_receive(dev, &d->p.framing, err);
            if (rc < 0)
                return rc == LEC_E_TIMEOUT ? lec_because(err, "waiting until it is ready") : rc;
            break;
        }
    }
}

/* Waits until nothing more comes. */
static int drain(struct lec_dev *dev, struct lec_err *err)
{
    int64_t until = lec_now() + QUIET_MAX_NS;
    unsigned char waste[DLG_READS_MAX];
    ssize_t n;
    do {
        lec_line_deadline(dev, QUIET_NS);
        n = lec_line_recv(dev, waste, sizeof waste, err);
    } while (n > 0 && lec_now() < until);
    return n >= 0 || n == LEC_E_TIMEOUT ? 0 : (int)n;
}

/* A new connection within an exchange. */
static int renew(struct lec_dev *dev, struct lec_err *err)
{
    struct dlg *d = dev->state;
    lec_line_deadline(dev, dev->desc->timeout_ns);
    int rc = lec_line_reconnect(dev, err);
    if (rc < 0)
        return rc;
    d->used = d->doubtful = false;
    return dlg_login(dev, err);
}

/* After a reply that did not come, or came wrong, the next thing to come may be that reply. Where replies do not say
 * what they answer, it would be taken for another's. */
static int into_step(struct lec_dev *dev, struct lec_err *err)
{
    struct dlg *d = dev->state;
    int rc = 0;
    if (d->p.each && d->used)
        return renew(dev, err);
    if (!d->doubtful)
        return 0;
    forget(dev);
    if (d->p.wake.n > 0)
        rc = dlg_wake(dev, err);
    else if (d->p.anonymous && dev->desc->line && dev->desc->line->kind == LEC_LINE_TCP)
        rc = renew(dev, err);
    else if (d->p.anonymous)
        rc = drain(dev, err);
    if (rc == 0)
        d->doubtful = false;
    return rc;
}

/* ---- The exchange -------------------------------------------------------------------------------------------- */

/* What is known of the answer so far. */
struct outcome {
    bool value, ok;               /* a wanted reply has come, a plain "ok" has come */
    int code;                     /* an error reply has come; 0: none */
    const struct dlg_rule *again; /* "busy, ask again" */
    bool stray;                   /* something has come that fits nothing */
    char strange[80];             /* ...this */
};

static int send_request(struct lec_dev *dev, const struct dlg_request *rq, const struct dlg_raw args[],
                        struct lec_err *err)
{
    struct dlg *d = dev->state;
    unsigned char bytes[DLG_SEND_MAX];
    size_t n = 0;
    if (!d->used && d->p.first) {
        int k = dlg_render(d->p.first, NULL, &d->vars, d->sent, err);
        if (k < 0)
            return k;
        n = (size_t)k;
    }
    const unsigned char *body = rq->ready;
    int k = (int)rq->n_ready;
    if (!rq->ready) {
        body = bytes;
        k = dlg_render(rq->send, args, &d->vars, bytes, err);
        if (k < 0)
            return k;
    }
    if (n + (size_t)k > sizeof d->sent)
        return lec_fail(err, LEC_E_RANGE, "the request would be longer than %d bytes", DLG_SEND_MAX);
    memcpy(d->sent + n, body, (size_t)k);
    d->n_sent = n + (size_t)k;
    int rc = lec_line_send(dev, d->sent, d->n_sent, err);
    d->used |= rc == 0;
    return rc;
}

static bool is_blank(unsigned char c)
{
    return c == ' ' || c == '\r' || c == '\n' || c == '\t' || c == '\0';
}

/* Whether the frame is our own request, without its end and the like. */
static bool is_echo(const struct dlg *d, const struct dlg_frame *frame)
{
    const unsigned char *at = d->sent;
    size_t n = d->n_sent;
    const struct dlg_framing *f = &d->p.framing;
    while (!d->p.hex && n > 0 && is_blank(at[0]))
        at++, n--;
    while (!d->p.hex && n > 0 && is_blank(at[n - 1]))
        n--;
    for (size_t i = 0; i < f->n_ends; i++) {
        const struct dlg_mark *e = &f->ends[i];
        if (n > e->n && memcmp(at + n - e->n, e->at, e->n) == 0) {
            n -= e->n;
            break;
        }
    }
    /* in the same case: some devices answer a command with itself in capitals */
    return n > 0 && frame->n == n && memcmp(frame->at, at, n) == 0;
}

/* The reply is kept for the caller, since its bytes may move while a prompt is awaited. */
static void keep_answer(struct dlg *d, const struct dlg_frame *frame, struct dlg_found *found)
{
    d->n_answer = frame->n < sizeof d->answer ? frame->n : sizeof d->answer;
    d->raw_n_answer = frame->raw_n;
    memcpy(d->answer, frame->at, d->n_answer);
    for (size_t i = 0; i < DLG_SLOTS; i++)
        if (found->slot[i].at)
            found->slot[i].at = d->answer + (found->slot[i].at - frame->at);
}

static int error_reply(const struct dlg *d, const struct dlg_rule *rule, const struct dlg_frame *frame,
                       const struct dlg_found *found, struct lec_err *err)
{
    static const struct {
        int code;
        const char *sentence;
    } errors[] = {
        [DLG_REFUSED] = {LEC_E_REFUSED, "the device refuses"},
        [DLG_BUSY] = {LEC_E_BUSY, "the device cannot do this now"},
        [DLG_UNSUPPORTED] = {LEC_E_NOTSUP, "the device does not have this"},
        [DLG_RANGE] = {LEC_E_REFUSED, "the device does not take this value"},
        [DLG_PASSWORD] = {LEC_E_CONFIG, "the device does not accept the password"},
    };
    char shown[80];
    const char *text = rule->text;
    for (size_t i = 0; found->slot[DLG_SLOT_ERROR].at && i < rule->n_texts; i++) {
        dlg_show(&d->p, found->slot[DLG_SLOT_ERROR].at, found->slot[DLG_SLOT_ERROR].n, shown, sizeof shown);
        if (strcasecmp(shown, rule->texts[i].code) == 0)
            text = rule->texts[i].text;
    }
    if (text)
        return lec_fail(err, errors[rule->means].code, "%s: %s", errors[rule->means].sentence, text);
    return lec_fail(err, errors[rule->means].code, "%s: it answered \"%s\"", errors[rule->means].sentence,
                    dlg_show(&d->p, frame->at, frame->n, shown, sizeof shown));
}

/* A rule that answers the request: one that says no, or one that says yes. */
static bool take_rule(struct lec_dev *dev, const struct dlg_request *rq, const struct dlg_frame *frame, bool errors,
                      struct outcome *o, struct lec_err *err)
{
    struct dlg *d = dev->state;
    struct dlg_found found;
    for (size_t i = 0; i < d->p.n_rules; i++) {
        const struct dlg_rule *rule = &d->p.rules[i];
        bool is_error = rule->means != DLG_OK && rule->means != DLG_WAIT;
        if (is_news(rule) || is_error != errors || !rq->rules[i] || !holds(dev, rule) ||
            !dlg_match(rq->rules[i], frame->at, frame->n, frame->raw_n, &found))
            continue;
        if (is_error) {
            o->code = error_reply(d, rule, frame, &found, err);
            o->again = rule->again > 0 ? rule : NULL;
        } else if (rule->means == DLG_OK) {
            o->ok = true;
        } else {
            int64_t usual_ns = rq->timeout_ns ? rq->timeout_ns : dev->desc->timeout_ns;
            lec_line_deadline(dev, rule->wait_ns ? rule->wait_ns : usual_ns);
        }
        return true;
    }
    return false;
}

static void take_frame(struct lec_dev *dev, const struct dlg_request *rq, const struct dlg_frame *frame,
                       struct dlg_found *found, struct outcome *o, struct lec_err *err)
{
    struct dlg *d = dev->state;
    struct dlg_found here;
    if (d->p.echo && is_echo(d, frame))
        return;
    /* errors before the reply: a reply may be just {value}, which fits an error as well */
    if (take_news(dev, frame) || take_rule(dev, rq, frame, true, o, err))
        return;
    if (rq->want && !o->value && dlg_match(rq->want, frame->at, frame->n, frame->raw_n, &here)) {
        o->value = true;
        keep_answer(d, frame, &here);
        if (found)
            *found = here;
        return;
    }
    if (take_rule(dev, rq, frame, false, o, err) || take_push(dev, frame))
        return;
    o->stray = true;
    dlg_show(&d->p, frame->at, frame->n, o->strange, sizeof o->strange);
}

/* Whether nothing more is awaited, but for the prompt. */
static bool answered(const struct dlg_request *rq, const struct outcome *o)
{
    if (o->code)
        return true;
    if (rq->is_read)
        return o->value && (!rq->and_ok || o->ok);
    return rq->want ? o->value : o->ok;
}

/* Nothing came in time: what came instead? */
static int no_answer(struct lec_dev *dev, const struct outcome *o, unsigned rejected, struct lec_err *err)
{
    struct dlg *d = dev->state;
    d->doubtful = true;
    if (o->code)
        return o->code; /* only the prompt is missing */
    if (d->rx.rejected != rejected)
        return lec_fail(err, LEC_E_FRAME, "the reply was garbled (wrong checksum or length)");
    if (o->stray)
        return lec_fail(err, LEC_E_FRAME, "unexpected reply \"%s\"", o->strange);
    if (d->rx.n > 0)
        return lec_fail(err, LEC_E_TIMEOUT, "the reply stopped after %zu bytes", d->rx.n);
    return LEC_E_TIMEOUT;
}

/* Takes replies until the request is answered. */
static int await(struct lec_dev *dev, const struct dlg_request *rq, struct dlg_found *found, struct outcome *o,
                 struct lec_err *err)
{
    struct dlg *d = dev->state;
    struct dlg_frame frame;
    unsigned rejected = d->rx.rejected;
    bool by_prompt = d->p.done == DLG_DONE_PROMPT;
    for (;;) {
        switch (dlg_rx_cut(&d->p.framing, &d->rx, &frame)) {
        case DLG_CUT_FRAME:
            take_frame(dev, rq, &frame, found, o, err);
            if (!by_prompt && answered(rq, o))
                return o->code;
            break;
        case DLG_CUT_PROMPT:
            if (d->stray_prompts > 0)
                d->stray_prompts--;
            else if (by_prompt && (answered(rq, o) || (!rq->is_read && !rq->want)))
                return o->code;
            break; /* a prompt before a value answers something older */
        case DLG_CUT_MORE: {
            struct lec_err late;
            int rc = dlg_receive(dev, &d->p.framing, &late);
            if (rc == LEC_E_TIMEOUT && answered(rq, o) && !o->code) {
                d->doubtful = true; /* answered, but for its prompt */
                return 0;
            }
            if (rc < 0 && !o->code && err)
                *err = late;
            if (rc == LEC_E_TIMEOUT)
                return no_answer(dev, o, rejected, err);
            if (rc < 0) {
                d->doubtful = true; /* the reply is still to come */
                return rc;
            }
            break;
        }
        }
    }
}

static int keep_gap(struct lec_dev *dev, struct lec_err *err)
{
    const struct dlg *d = dev->state;
    int64_t left = d->p.gap_ns > 0 && d->last_ns > 0 ? d->last_ns + d->p.gap_ns - lec_now() : 0;
    if (left <= 0)
        return 0;
    int rc = lec_line_yield(dev, err); /* not after the pause: what is pressing would wait for it */
    return rc < 0 ? rc : lec_dev_pause(dev, left, err);
}

int dlg_exchange(struct lec_dev *dev, const struct dlg_request *rq, const struct dlg_raw args[],
                 struct dlg_found *found, struct lec_err *err)
{
    struct dlg *d = dev->state;
    int rc = keep_gap(dev, err);
    if (rc == 0)
        rc = into_step(dev, err);
    for (unsigned tries = 0; rc == 0; tries++) {
        struct outcome o = {0};
        take_unasked(dev);
        lec_line_deadline(dev, rq->timeout_ns ? rq->timeout_ns : dev->desc->timeout_ns);
        rc = send_request(dev, rq, args, err);
        if (rc == 0 && !rq->silent)
            rc = await(dev, rq, found, &o, err);
        d->last_ns = lec_now();
        if (rc != LEC_E_BUSY || !o.again || tries >= o.again->again)
            break;
        rc = lec_dev_pause(dev, o.again->after_ns, err);
    }
    return rc;
}
