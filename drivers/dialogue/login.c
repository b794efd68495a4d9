/* The steps at the start of a connection: greeting, password, settings. */
#include <string.h>

#include "dialogue.h"
#include "digest/digest.h"

/* {digest}, as soon as all that it is made of has been caught. */
static int make_digest(struct dlg *d, struct lec_err *err)
{
    struct lec_piece pieces[DLG_OPS_MAX];
    char hex[LEC_SHA256_HEX];
    if (d->p.digest == DLG_NO_DIGEST || d->vars.at[0].set)
        return 0;
    for (unsigned i = 0; i < DLG_VARS_MAX; i++)
        if (d->p.digest_needs & 1u << i && !d->vars.at[i].set)
            return 0;
    if (d->p.password_missing)
        return lec_fail(err, LEC_E_CONFIG, "the device asks for a password; write it into the secrets file");
    const struct dlg_message *m = d->p.digest_of;
    for (size_t i = 0; i < m->n_ops; i++) {
        const struct dlg_op *op = &m->ops[i];
        if (op->kind == DLG_OP_VAR)
            pieces[i] =
                (struct lec_piece){d->vars.at[op->slot - DLG_SLOT_VAR].text, d->vars.at[op->slot - DLG_SLOT_VAR].n};
        else
            pieces[i] = (struct lec_piece){op->at, op->n};
    }
    if (d->p.digest == DLG_MD5)
        lec_md5(pieces, m->n_ops, hex);
    else
        lec_sha256(pieces, m->n_ops, hex);
    size_t n = strlen(hex);
    memcpy(d->vars.at[0].text, hex, n);
    d->vars.at[0].n = n;
    d->vars.at[0].set = true;
    return 0;
}

static int catch_vars(struct dlg *d, const struct dlg_found *found, struct lec_err *err)
{
    for (size_t i = 0; i < DLG_VARS_MAX; i++) {
        size_t n = found->slot[DLG_SLOT_VAR + i].n;
        if (!found->slot[DLG_SLOT_VAR + i].at)
            continue;
        if (n > DLG_VAR_MAX)
            return lec_fail(err, LEC_E_FRAME, "the device sent more than %d bytes for {%s}", DLG_VAR_MAX, d->p.vars[i]);
        memcpy(d->vars.at[i].text, found->slot[DLG_SLOT_VAR + i].at, n);
        d->vars.at[i].n = n;
        d->vars.at[i].set = true;
    }
    return 0;
}

static int send_step(struct lec_dev *dev, const struct dlg_step *step, struct lec_err *err)
{
    struct dlg *d = dev->state;
    unsigned char bytes[DLG_SEND_MAX];
    int n = dlg_render(step->send, NULL, &d->vars, bytes, err);
    if (n < 0)
        return n;
    int rc = lec_line_send(dev, bytes, (size_t)n, err);
    explicit_bzero(bytes, sizeof bytes);
    return rc;
}

/* Waits for what the step expects; other things that come are passed over. */
static int await_step(struct lec_dev *dev, const struct dlg_step *step, struct lec_err *err)
{
    struct dlg *d = dev->state;
    const struct dlg_framing *f = step->framing ? step->framing : &d->p.framing;
    struct dlg_frame frame;
    struct dlg_found found;
    char strange[80] = "";
    for (;;) {
        switch (dlg_rx_cut(f, &d->rx, &frame)) {
        case DLG_CUT_PROMPT:
            break;
        case DLG_CUT_FRAME:
            if (step->refused && dlg_match(step->refused, frame.at, frame.n, frame.raw_n, &found))
                return lec_fail(err, LEC_E_CONFIG, "the device does not accept the password");
            if (dlg_match(step->expect, frame.at, frame.n, frame.raw_n, &found))
                return catch_vars(d, &found, err);
            dlg_show(&d->p, frame.at, frame.n, strange, sizeof strange);
            break;
        case DLG_CUT_MORE: {
            int rc = dlg_receive(dev, f, err);
            if (rc == LEC_E_TIMEOUT && *strange && !step->optional)
                return lec_fail(err, LEC_E_FRAME, "unexpected \"%s\"", strange);
            if (rc < 0)
                return rc;
            break;
        }
        }
    }
}

int dlg_login(struct lec_dev *dev, struct lec_err *err)
{
    struct dlg *d = dev->state;
    uint32_t succeeded = 0;
    dlg_rx_clear(&d->rx);
    d->stray_prompts = 0;
    memset(&d->vars, 0, sizeof d->vars);
    for (size_t i = 0; i < d->p.n_steps; i++) {
        const struct dlg_step *step = &d->p.steps[i];
        bool meant = !step->never && (step->when_slot < 0 || d->vars.at[step->when_slot - DLG_SLOT_VAR].set) &&
                     (step->when_step < 0 || succeeded & 1u << step->when_step) &&
                     (step->unless_step < 0 || !(succeeded & 1u << step->unless_step));
        if (!meant)
            continue;
        lec_line_deadline(dev, step->timeout_ns ? step->timeout_ns : dev->desc->timeout_ns);
        int rc = make_digest(d, err);
        if (rc == 0 && step->send)
            rc = send_step(dev, step, err);
        if (rc == 0 && step->expect)
            rc = await_step(dev, step, err);
        if (rc == LEC_E_TIMEOUT && step->optional)
            continue;
        if (rc == 0 && step->pause_ns > 0)
            rc = lec_dev_pause(dev, step->pause_ns, err);
        if (rc < 0)
            return lec_because(err, "login, step %s", step->name);
        succeeded |= 1u << i;
    }
    return make_digest(d, err);
}
