#include "message.h"

#include <string.h>

/* ---- Sending ------------------------------------------------------------------------------------------------- */

static int too_long(struct lec_err *err)
{
    return lec_fail(err, LEC_E_RANGE, "the request would be longer than %d bytes", DLG_SEND_MAX);
}

static int render_hole(const struct dlg_op *op, const struct dlg_raw args[], unsigned char *out, size_t room,
                       struct lec_err *err)
{
    const struct dlg_raw *raw = &args[op->slot];
    int n = dlg_form_put(&op->form, raw, out, room);
    if (n >= 0)
        return n;
    if (raw->kind == DLG_RAW_TEXT)
        return lec_fail(err, LEC_E_RANGE, "the text is too long for its place in the request");
    return lec_fail(err, LEC_E_RANGE, "%.10g does not fit its place in the request",
                    raw->kind == DLG_RAW_INT ? (double)raw->i : raw->f);
}

static int render_len(const struct dlg_op *op, size_t total, unsigned char *out, struct lec_err *err)
{
    struct dlg_raw raw = {.kind = DLG_RAW_INT, .i = (int64_t)total + op->bias};
    if (dlg_form_put(&op->form, &raw, out, op->form.width) != op->form.width)
        return lec_fail(err, LEC_E_RANGE, "the request is too long for its length field");
    return 0;
}

int dlg_render(const struct dlg_message *m, const struct dlg_raw args[], const struct dlg_vars *vars,
               unsigned char out[static DLG_SEND_MAX], struct lec_err *err)
{
    size_t at[DLG_OPS_MAX], n = 0;
    for (size_t i = 0; i < m->n_ops; i++) {
        const struct dlg_op *op = &m->ops[i];
        size_t room = DLG_SEND_MAX - n, step = 0;
        at[i] = n;
        switch (op->kind) {
        case DLG_OP_BYTES:
            step = op->n;
            if (step > room)
                return too_long(err);
            memcpy(out + n, op->at, step);
            break;
        case DLG_OP_HOLE: {
            int k = render_hole(op, args, out + n, room, err);
            if (k < 0)
                return k;
            step = (size_t)k;
            break;
        }
        case DLG_OP_VAR:
            /* nothing caught: the device asked for no password */
            step = vars->at[op->slot - DLG_SLOT_VAR].n;
            if (step > room)
                return too_long(err);
            memcpy(out + n, vars->at[op->slot - DLG_SLOT_VAR].text, step);
            break;
        case DLG_OP_LEN:
        case DLG_OP_CHECK:
            step = op->kind == DLG_OP_LEN ? op->form.width : dlg_check_width(&op->check);
            if (step > room)
                return too_long(err);
            memset(out + n, 0, step);
            break;
        case DLG_OP_MASKED:
        case DLG_OP_STAR:
            return lec_fail(err, LEC_E_BUG, "a pattern was sent as a request");
        }
        n += step;
    }
    /* the length is part of what the checksum covers */
    for (size_t i = 0; i < m->n_ops; i++) {
        int rc = m->ops[i].kind == DLG_OP_LEN ? render_len(&m->ops[i], n, out + at[i], err) : 0;
        if (rc < 0)
            return rc;
    }
    for (size_t i = 0; i < m->n_ops; i++)
        if (m->ops[i].kind == DLG_OP_CHECK)
            dlg_check_put(&m->ops[i].check, out, n, at[i]);
    return (int)n;
}

/* ---- Comparing ----------------------------------------------------------------------------------------------- */

static unsigned char folded(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 'a' - 'A') : c;
}

static bool same(const struct dlg_op *op, const unsigned char *data, bool fold)
{
    for (size_t i = 0; i < op->n; i++) {
        unsigned char mask = op->mask ? op->mask[i] : 0xFF;
        bool equal = fold && mask == 0xFF ? folded(data[i]) == folded(op->at[i]) : ((data[i] ^ op->at[i]) & mask) == 0;
        if (!equal)
            return false;
    }
    return true;
}

/* The bytes that `op` takes at `data`, or -1. Every op but STAR and text takes what it takes whatever follows, so
 * that going back to the last star or text finds a match if there is one. */
static ssize_t take(const struct dlg_op *op, const unsigned char *data, size_t n, size_t raw_n, bool fold,
                    struct dlg_found *found)
{
    ssize_t k = -1;
    struct dlg_raw raw;
    switch (op->kind) {
    case DLG_OP_BYTES:
    case DLG_OP_MASKED:
        return n >= op->n && same(op, data, fold) ? (ssize_t)op->n : -1;
    case DLG_OP_LEN:
        k = dlg_form_take(&op->form, data, n);
        if (k < 0 || dlg_form_get(&op->form, data, (size_t)k, &raw) < 0 || raw.kind != DLG_RAW_INT ||
            raw.i != (int64_t)raw_n + op->bias)
            return -1;
        return k;
    case DLG_OP_HOLE:
        k = dlg_form_take(&op->form, data, n);
        if (k >= 0) {
            found->slot[op->slot].at = data;
            found->slot[op->slot].n = (size_t)k;
            found->slot[op->slot].form = &op->form;
        }
        return k;
    case DLG_OP_STAR:
    case DLG_OP_VAR:
    case DLG_OP_CHECK:
        break;
    }
    return -1;
}

static bool is_open(const struct dlg_op *op)
{
    return op->kind == DLG_OP_STAR || (op->kind == DLG_OP_HOLE && op->form.kind == DLG_TEXT);
}

static bool match_one(const struct dlg_message *m, const unsigned char *data, size_t n, size_t raw_n,
                      struct dlg_found *found)
{
    const size_t none = SIZE_MAX;
    size_t i = 0, d = 0, open = none, open_d = 0, open_end = 0;
    for (;;) {
        if (i < m->n_ops && is_open(&m->ops[i])) {
            open = i;
            open_d = open_end = d;
            if (i + 1 == m->n_ops) /* the last piece takes all the rest */
                open_end = d = n;
        } else if (i < m->n_ops) {
            ssize_t k = take(&m->ops[i], data + d, n - d, raw_n, m->fold, found);
            if (k >= 0) {
                d += (size_t)k;
                i++;
                continue;
            }
        } else if (d == n) {
            return true;
        }
        if (open == none)
            return false;
        if (i != open) { /* no match that way: the last open piece takes one more byte */
            if (open_end >= n)
                return false;
            d = ++open_end;
        }
        if (m->ops[open].kind == DLG_OP_HOLE) {
            found->slot[m->ops[open].slot].at = data + open_d;
            found->slot[m->ops[open].slot].n = open_end - open_d;
            found->slot[m->ops[open].slot].form = &m->ops[open].form;
        }
        i = open + 1;
    }
}

bool dlg_match(const struct dlg_message *m, const unsigned char *data, size_t n, size_t raw_n, struct dlg_found *found)
{
    for (; m; m = m->next) {
        memset(found, 0, sizeof *found);
        if (match_one(m, data, n, raw_n, found))
            return true;
    }
    return false;
}

const struct dlg_form *dlg_message_form(const struct dlg_message *m, unsigned slot)
{
    for (; m; m = m->next)
        for (size_t i = 0; i < m->n_ops; i++)
            if (m->ops[i].kind == DLG_OP_HOLE && m->ops[i].slot == slot)
                return &m->ops[i].form;
    return NULL;
}
