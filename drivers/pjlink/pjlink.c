/* pjlink - projectors and displays that speak PJLink class 1 or 2 over TCP port 4352, with notices over UDP. */
#include "pjlink.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FAILED_MAX 3 /* questions of one kind in a row without an answer, while others are answered */

/* ---- Opening ------------------------------------------------------------------------------------------------- */

static uint32_t bit(enum pj_body body)
{
    return UINT32_C(1) << body;
}

static void drop_body(struct lec_dev *dev, enum pj_body body, const char *reason)
{
    const struct pjlink *s = dev->state;
    for (size_t i = 0; i < dev->desc->n_points; i++)
        if (s->items[i].body == body)
            lec_dev_drop(dev, &dev->desc->points[i], reason);
}

static void poll_body_soon(struct lec_dev *dev, enum pj_body body)
{
    const struct pjlink *s = dev->state;
    for (size_t i = 0; i < dev->desc->n_points; i++)
        if (s->items[i].body == body)
            lec_dev_poll_soon(dev, &dev->desc->points[i]);
}

/* Which class the device speaks, when the profile does not say and it matters. */
static int find_class(struct lec_dev *dev, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    char reply[PJ_LINE];
    s->class = s->class_said;
    if (!s->class && s->needs_class_2) {
        int rc = pj_ask(dev, PJ_CLSS, '1', "?", reply, err);
        if (rc < 0 && rc != LEC_E_NOTSUP && rc != LEC_E_RANGE && rc != LEC_E_BUSY && rc != LEC_E_REFUSED)
            return rc;
        s->class = rc == 0 && reply[0] >= '2' && reply[0] <= '9' ? 2 : 1;
    }
    for (enum pj_body body = 0; body < PJ_BODIES && s->class == 1; body++)
        if (pj_class(body) == 2)
            drop_body(dev, body, "the device speaks PJLink class 1 only");
    return 0;
}

static int ask_and_publish(struct lec_dev *dev, enum pj_body body, struct lec_err *err);

static int pjlink_open(struct lec_dev *dev, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    s->exchanges = 0;
    s->input_class_1 = false;
    s->together[1] = s->together[2] = s->mute == PJ_MUTE_TOGETHER;
    s->not_now = 0;
    s->input[0] = '\0';
    memset(s->failed, 0, sizeof s->failed);
    /* First, so that a device's notice that it has started is heard while it cannot be reached yet. */
    if (s->notify_port && !s->listening)
        s->listening = lec_dev_listen(dev, s->notify_port, NULL) == 0;
    int rc = pj_greet(dev, err);
    if (rc < 0)
        return rc;
    s->exchanges = 1;
    rc = find_class(dev, err);
    /* A wrong password shows at the first command: let that be now, where the framework can act on it. */
    if (rc == 0 && *s->prefix)
        rc = ask_and_publish(dev, PJ_POWR, err);
    return rc;
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

/* INPT and INST exist in both classes, with more codes in the second. */
static char form_of(const struct pjlink *s, enum pj_body body)
{
    bool either = body == PJ_INPT || body == PJ_INST;
    if (either)
        return s->class == 2 && !s->input_class_1 ? '2' : '1';
    return pj_class(body) == 2 ? '2' : '1';
}

static int ask_either(struct lec_dev *dev, enum pj_body body, const char *param, char *reply, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    char form = form_of(s, body);
    int rc = pj_ask(dev, body, form, param, reply, err);
    if (rc == LEC_E_NOTSUP && form == '2' && pj_class(body) == 1) { /* says class 2 but lacks this part of it */
        s->input_class_1 = true;
        rc = pj_ask(dev, body, '1', param, reply, err);
    }
    return rc;
}

static bool is_on(const struct lec_dev *dev)
{
    const struct pjlink *s = dev->state;
    struct lec_value power;
    return !s->power || lec_dev_last(dev, s->power, &power) != LEC_GOOD || strcmp(power.s, "on") == 0;
}

static int ask_and_publish(struct lec_dev *dev, enum pj_body body, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    char reply[PJ_LINE], param[4] = "?";
    int rc = 0;
    if (body == PJ_INNM) { /* the name of the present input: which one is that? */
        if (!s->input[0])
            rc = ask_and_publish(dev, PJ_INPT, err);
        if (rc < 0)
            return rc;
        snprintf(param, sizeof param, "?%s", s->input);
    }
    rc = ask_either(dev, body, param, reply, err);
    if (rc == 0)
        rc = pj_publish(dev, body, reply, err);
    if (rc < 0)
        return rc;
    s->failed[body] = 0;
    s->not_now &= ~bit(body);
    if (body == PJ_POWR && is_on(dev))
        for (enum pj_body waiting = 0; waiting < PJ_BODIES; waiting++)
            if (s->not_now & bit(waiting)) { /* what could not be said before can be now */
                s->not_now &= ~bit(waiting);
                poll_body_soon(dev, waiting);
            }
    return 0;
}

static void publish_bad(struct lec_dev *dev, enum pj_body body, const char *reason)
{
    const struct pjlink *s = dev->state;
    for (size_t i = 0; i < dev->desc->n_points; i++)
        if (s->items[i].body == body && s->due[i])
            lec_dev_publish_bad(dev, &dev->desc->points[i], reason);
}

/* An answer that is an error: what it means for the points of that command. Returns 0 if that has been told, else `rc`. */
static int told(struct lec_dev *dev, enum pj_body body, int rc, bool alone, const struct lec_err *err)
{
    struct pjlink *s = dev->state;
    switch (rc) {
    case LEC_E_NOTSUP:
        drop_body(dev, body, err->text);
        return 0;
    case LEC_E_BUSY:
        s->not_now |= bit(body);
        if (alone) /* somebody waits for this one: "not now" is more use than "bad" */
            return rc;
        publish_bad(dev, body, err->text);
        return 0;
    case LEC_E_REFUSED:
        if (body != PJ_ERST)
            poll_body_soon(dev, PJ_ERST);
        publish_bad(dev, body, err->text);
        return 0;
    case LEC_E_RANGE:
        publish_bad(dev, body, err->text);
        return 0;
    default:
        return rc;
    }
}

/* A device that answers its other questions is not away for those that it ignores or garbles: only their points turn
 * bad, and what is never answered is asked no more. */
static void tell_failed(struct lec_dev *dev, uint32_t silent, uint32_t garbled)
{
    const struct pjlink *s = dev->state;
    char reason[40];
    for (enum pj_body body = 0; body < PJ_BODIES; body++) {
        if (!((silent | garbled) & bit(body)))
            continue;
        snprintf(reason, sizeof reason, "%s to %s", silent & bit(body) ? "no reply" : "a garbled reply", pj_name(body));
        if (s->failed[body] < FAILED_MAX)
            poll_body_soon(dev, body);
        if ((silent & bit(body)) && s->failed[body] >= FAILED_MAX)
            drop_body(dev, body, "the device never answers this question");
        else
            publish_bad(dev, body, reason);
    }
}

static int pjlink_poll(struct lec_dev *dev, const struct lec_point *const due[], size_t n, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    struct lec_err why = {0}, first = {0};
    uint32_t wanted = 0, silent = 0, garbled = 0;
    unsigned in_a_row = 0;
    bool answered = false;
    memset(s->due, 0, dev->desc->n_points * sizeof *s->due);
    for (size_t i = 0; i < n; i++) {
        s->due[due[i]->index] = true;
        wanted |= bit(s->items[due[i]->index].body);
    }
    s->exchanges = 0;
    s->input[0] = '\0';
    for (enum pj_body body = 0; body < PJ_BODIES && in_a_row < 2; body++) {
        if (!(wanted & bit(body)))
            continue;
        bool alone = wanted == bit(body);
        if (!alone && (s->not_now & bit(body)) && !is_on(dev)) {
            publish_bad(dev, body, "not to be had while the device is off");
            continue;
        }
        int rc = ask_and_publish(dev, body, &why);
        if (rc != LEC_E_TIMEOUT && rc != LEC_E_FRAME) {
            rc = told(dev, body, rc, alone, &why);
            if (rc < 0)
                return lec_fail(err, rc, "%s", why.text);
            answered = true;
            in_a_row = 0;
            continue;
        }
        if (!first.code)
            first = why;
        silent |= rc == LEC_E_TIMEOUT ? bit(body) : 0;
        garbled |= rc == LEC_E_FRAME ? bit(body) : 0;
        if (s->failed[body] < FAILED_MAX)
            s->failed[body]++;
        if (rc == LEC_E_FRAME)
            in_a_row = 0;
        else if (s->failed[body] < FAILED_MAX) /* two in a row: the device may be gone, asking on would take long */
            in_a_row++;
        if (alone && body != PJ_POWR && s->failed[body] > dev->desc->retries) /* is it there at all? */
            answered = ask_and_publish(dev, PJ_POWR, &why) == 0;
    }
    if (!first.code)
        return 0;
    if (!answered || in_a_row == 2 || ((silent | garbled) & bit(PJ_POWR)))
        return lec_fail(err, first.code, "%s", first.text);
    tell_failed(dev, silent, garbled);
    return 0;
}

/* The framework calls this for bytes that nobody waits for: late answers, or the device's hanging up. */
static int pjlink_input(struct lec_dev *dev, struct lec_err *err)
{
    char waste[PJ_LINE];
    lec_line_deadline(dev, 0);
    ssize_t n = lec_line_recv(dev, waste, sizeof waste, err);
    return n < 0 && n != LEC_E_TIMEOUT ? (int)n : 0;
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

/* AVMT's parameter: 1 picture, 2 sound, 3 both; then 1 or 0. Some devices know 31 and 30 only, some do so for the picture
 * and can mute sound apart. */
static int write_mute(struct lec_dev *dev, uint8_t part, bool muted, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    char param[3] = {(char)('0' + (s->together[part] ? 3 : part)), muted ? '1' : '0', '\0'};
    int rc = pj_ask(dev, PJ_AVMT, '1', param, NULL, err);
    if (rc != LEC_E_RANGE || s->mute != PJ_MUTE_AUTO || s->together[part])
        return rc;
    param[0] = '3';
    rc = pj_ask(dev, PJ_AVMT, '1', param, NULL, err);
    s->together[part] = rc == 0;
    return rc;
}

static int pjlink_write(struct lec_dev *dev, const struct lec_point *point, const struct lec_value *value,
                        struct lec_err *err)
{
    struct pjlink *s = dev->state;
    const struct pj_item *item = &s->items[point->index];
    s->exchanges = 0;
    int rc = LEC_E_BUG;
    if (item->body == PJ_INPT) {
        const struct pj_code *code = pj_code_of(s, value->s);
        if (!code)
            return lec_fail(err, LEC_E_BUG, "no code for the input \"%s\"", value->s);
        return ask_either(dev, PJ_INPT, code->code, NULL, err);
    }
    if (item->body == PJ_AVMT)
        rc = write_mute(dev, item->part, value->b, err);
    else if (item->body == PJ_POWR)
        rc = pj_ask(dev, PJ_POWR, '1', strcmp(value->s, "on") == 0 ? "1" : "0", NULL, err);
    else if (item->body == PJ_FREZ)
        rc = pj_ask(dev, PJ_FREZ, '2', value->b ? "1" : "0", NULL, err);
    if (rc == LEC_E_REFUSED) /* ERR4: the error points should say what is wrong */
        poll_body_soon(dev, PJ_ERST);
    if (rc == LEC_E_RANGE) { /* a value that PJLink allows and this device does not take */
        struct lec_err why = *err;
        return lec_fail(err, LEC_E_REFUSED, "%s", why.text);
    }
    return rc;
}

static int pjlink_invoke(struct lec_dev *dev, const struct lec_action *action, const struct lec_value args[],
                         struct lec_err *err)
{
    struct pjlink *s = dev->state;
    (void)args;
    s->exchanges = 0;
    enum pj_body body;
    const char *param;
    if (!pj_action(action->name, &body, &param))
        return lec_fail(err, LEC_E_BUG, "no action \"%s\"", action->name);
    return pj_ask(dev, body, '2', param, NULL, err);
}

/* ---- Notices (class 2, over UDP, without a password) ---------------------------------------------------------- */

/* Anybody can send these, so they say what to look at, never what is so: the device itself is asked. */
static int pjlink_notice(struct lec_dev *dev, const char *data, size_t len, struct lec_err *err)
{
    static const enum pj_body hints[] = {PJ_POWR, PJ_INPT, PJ_ERST};
    char json[40], show[48];
    if (len < 7 || strncmp(data, "%2", 2) != 0 || data[6] != '=')
        return lec_fail(err, LEC_E_FRAME, "notice \"%s\" is not PJLink's", pj_show(data, show));
    if (strncasecmp(data + 2, "LKUP", 4) == 0) {
        if (!pj_is_mac(data + 7))
            return lec_fail(err, LEC_E_FRAME, "notice \"%s\" has no address", pj_show(data, show));
        snprintf(json, sizeof json, "{\"mac\":\"%.17s\"}", data + 7);
        lec_dev_event(dev, "link-up", json);
        poll_body_soon(dev, PJ_POWR);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(hints); i++)
        if (strncasecmp(data + 2, pj_name(hints[i]), 4) == 0) {
            poll_body_soon(dev, hints[i]);
            return 0;
        }
    return 0; /* an answer to somebody's search, or a notice of a later class */
}

LEC_DRIVER = {
    LEC_DRIVER_HEAD,
    .schema =
        {
            .name = "pjlink",
            .summary = "Projectors and displays over PJLink class 1 and 2",
            .lines = "tcp",
            .device_options = pj_device_options,
            .point_options = pj_point_options,
            .state_size = sizeof(struct pjlink),
            .prepare = pj_prepare,
            .release = pj_release,
        },
    .open = pjlink_open,
    .poll = pjlink_poll,
    .write = pjlink_write,
    .invoke = pjlink_invoke,
    .input = pjlink_input,
    .notice = pjlink_notice,
    .search = pj_search,
};
