/* dialogue - text and binary request/reply protocols over serial lines, TCP and UDP, described wholly by the profile.
 * drivers/dialogue/README.md is the reference of its keys, docs/writing-a-dialogue-profile.md the way in. */
#include "dialogue.h"

#include <string.h>

static int dlg_open(struct lec_dev *dev, struct lec_err *err)
{
    struct dlg *d = dev->state;
    d->used = d->doubtful = false;
    int rc = dlg_login(dev, err);
    return rc < 0 ? rc : dlg_wake(dev, err);
}

/* The reply to this point, and to all that are read with the same request. */
static void tell_group(struct lec_dev *dev, const struct dlg_point *asked, const struct dlg_found *found)
{
    struct dlg *d = dev->state;
    struct dlg_found here;
    for (size_t i = 0; i < dev->desc->n_points; i++) {
        struct dlg_point *p = &d->p.points[i];
        if (!p->read || p->group != asked->group)
            continue;
        p->round = d->round;
        if (p == asked)
            dlg_tell(dev, p, found);
        else if (dlg_match(p->read->want, d->answer, d->n_answer, d->raw_n_answer, &here))
            dlg_tell(dev, p, &here);
        else
            lec_dev_publish_bad(dev, p->point, "the device's answer does not have it");
    }
}

/* The device answered, but not with values: so for all points that are read with the same request. Returns false for
 * errors that are not an answer. */
static bool tell_refusal(struct lec_dev *dev, const struct dlg_point *asked, int rc, const struct lec_err *err)
{
    struct dlg *d = dev->state;
    if (rc != LEC_E_NOTSUP && rc != LEC_E_REFUSED && rc != LEC_E_BUSY && rc != LEC_E_RANGE)
        return false;
    for (size_t i = 0; i < dev->desc->n_points; i++) {
        struct dlg_point *p = &d->p.points[i];
        if (!p->read || p->group != asked->group)
            continue;
        p->round = d->round;
        if (rc == LEC_E_NOTSUP)
            lec_dev_drop(dev, p->point, err->text);
        else
            lec_dev_publish_bad(dev, p->point, err->text);
    }
    return true;
}

static int dlg_poll(struct lec_dev *dev, const struct lec_point *const due[], size_t n, struct lec_err *err)
{
    struct dlg *d = dev->state;
    struct dlg_found found;
    struct lec_err late;
    int failed = 0; /* one point without a reply among others that have one does not stop them */
    bool any = false;
    d->round++;
    for (size_t i = 0; i < n; i++) {
        struct dlg_point *p = &d->p.points[due[i]->index];
        if (p->round == d->round)
            continue;
        if (!p->read) {
            lec_dev_publish_bad(dev, p->point, "the device tells this only by itself, and has not yet");
            continue;
        }
        int rc = dlg_exchange(dev, p->read, NULL, &found, &late);
        if (rc == 0) {
            any = true;
            tell_group(dev, p, &found);
        } else if (!tell_refusal(dev, p, rc, &late)) {
            lec_because(&late, "%s", p->point->name);
            if (err)
                *err = late;
            if (failed || !any || (rc != LEC_E_TIMEOUT && rc != LEC_E_FRAME))
                return rc;
            failed = rc;
        }
    }
    return failed;
}

/* A command that only changes over: read first. */
static int write_toggle(struct lec_dev *dev, const struct dlg_point *p, const struct lec_value *value,
                        struct lec_err *err)
{
    struct dlg_found found;
    struct lec_value now;
    int rc = dlg_exchange(dev, p->read, NULL, &found, err);
    if (rc == 0)
        rc = dlg_value(&p->in, &found, &now, err);
    if (rc < 0)
        return lec_because(err, "reading it first");
    if (lec_value_equal(&now, value))
        return 0;
    return dlg_exchange(dev, p->toggle, NULL, NULL, err);
}

static int dlg_write(struct lec_dev *dev, const struct lec_point *point, const struct lec_value *value,
                     struct lec_err *err)
{
    const struct dlg *d = dev->state;
    const struct dlg_point *p = &d->p.points[point->index];
    const struct dlg_request *rq = p->write;
    struct dlg_raw args[DLG_ARGS_MAX] = {{0}};
    int rc = 0;
    for (size_t i = 0; i < p->n_choices; i++)
        if (lec_value_equal(&p->choices[i].value, value))
            rq = p->choices[i].request;
    if (p->toggle) {
        rc = write_toggle(dev, p, value, err);
    } else if (!rq) {
        return lec_fail(err, LEC_E_NOTSUP, "the profile has no command for this value");
    } else {
        if (rq == p->write)
            rc = dlg_conv_out(&p->out, value, &args[DLG_SLOT_VALUE], err);
        if (rc == 0)
            rc = dlg_exchange(dev, rq, args, NULL, err);
        if (rc == 0 && p->twice_ns > 0)
            rc = lec_dev_pause(dev, p->twice_ns, err);
        if (rc == 0 && p->twice_ns > 0)
            rc = dlg_exchange(dev, rq, args, NULL, err);
    }
    for (size_t i = 0; rc == 0 && i < p->n_affects; i++)
        lec_dev_poll_soon(dev, p->affects[i]);
    return rc;
}

static int dlg_invoke(struct lec_dev *dev, const struct lec_action *action, const struct lec_value args[],
                      struct lec_err *err)
{
    const struct dlg *d = dev->state;
    const struct dlg_action *a = &d->p.actions[action->index];
    struct dlg_raw raws[DLG_ARGS_MAX] = {{0}};
    for (size_t i = 0; i < action->n_args && i < DLG_ARGS_MAX; i++) {
        int rc = dlg_plain_out(&args[i], &raws[i], err);
        if (rc < 0)
            return lec_because(err, "%s", action->args[i].name);
    }
    int rc = dlg_exchange(dev, a->request, raws, NULL, err);
    if (rc == 0 && a->then_ns > 0)
        rc = lec_dev_pause(dev, a->then_ns, err);
    if (rc == 0 && a->then)
        rc = dlg_exchange(dev, a->then, raws, NULL, err);
    return rc;
}

LEC_DRIVER = {
    LEC_DRIVER_HEAD,
    .schema = {.name = "dialogue",
               .summary = "text and binary request/reply protocols, described by the profile",
               .lines = "tcp|udp|serial|pty",
               .shares_line = true,
               .device_options = dlg_device_options,
               .point_options = dlg_point_options,
               .action_options = dlg_action_options,
               .section_kinds = dlg_section_kinds,
               .state_size = sizeof(struct dlg),
               .prepare = dlg_prepare,
               .release = dlg_release},
    .open = dlg_open,
    .poll = dlg_poll,
    .write = dlg_write,
    .invoke = dlg_invoke,
    .input = dlg_listen,
};
