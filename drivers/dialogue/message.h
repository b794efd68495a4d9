/* Messages as a profile writes them, compiled. The same notation is a template when it is sent and a pattern when it is
 * compared with what came:
 *
 *     text:  PWR={value}         hex:  AA 11 {id} 01 {value byte} {check}
 *
 * A template is rendered into bytes; a pattern is matched with a reply and says where its holes are. Both are lists of
 * operations; nothing is allocated when they are used.
 *
 * Threads: compiled messages are immutable. */
#ifndef DIALOGUE_MESSAGE_H
#define DIALOGUE_MESSAGE_H

#include "check.h"
#include "form.h"
#include "lectern/err.h"

#define DLG_SEND_MAX  600  /* bytes of a request */
#define DLG_FRAME_MAX 1024 /* bytes of a reply, after framing */
#define DLG_OPS_MAX   48   /* pieces of one message */
#define DLG_VAR_MAX   100  /* bytes of a variable that a login has caught */

/* What a hole stands for. */
enum {
    DLG_SLOT_VALUE = 0, /* the point's value; also an action's first argument */
    DLG_ARGS_MAX = 4,   /* slots 0..3: an action's arguments */
    DLG_SLOT_ERROR = 4, /* what an error reply says of itself */
    DLG_SLOT_VAR = 5,   /* variables of the login: digest first */
    DLG_VARS_MAX = 6,
    DLG_SLOTS = DLG_SLOT_VAR + DLG_VARS_MAX,
};

enum dlg_op_kind {
    DLG_OP_BYTES,  /* these bytes */
    DLG_OP_MASKED, /* patterns: these bytes where the mask says so */
    DLG_OP_STAR,   /* patterns: anything */
    DLG_OP_HOLE,   /* a value: of slot, in form */
    DLG_OP_VAR,    /* templates: a variable of the login, as it was caught */
    DLG_OP_LEN,    /* the length of the whole message, plus bias */
    DLG_OP_CHECK,  /* templates: a checksum */
};

struct dlg_op {
    enum dlg_op_kind kind;
    uint8_t slot;
    int16_t bias;
    struct dlg_form form;
    struct dlg_check check;
    const unsigned char *at, *mask; /* BYTES, MASKED: n of them */
    size_t n;
};

struct dlg_message {
    const struct dlg_op *ops;
    size_t n_ops;
    bool fold;                      /* patterns: letters match in either case */
    const struct dlg_message *next; /* patterns: another way to say it; NULL: none */
};

/* What a login has caught, and the digest made of it. */
struct dlg_vars {
    struct {
        char text[DLG_VAR_MAX];
        size_t n;
        bool set;
    } at[DLG_VARS_MAX];
};

/* What a pattern found: of each slot the bytes, and how to read them. Lent from the matched bytes. */
struct dlg_found {
    struct {
        const unsigned char *at; /* NULL: not found */
        size_t n;
        const struct dlg_form *form;
    } slot[DLG_SLOTS];
};

/* Writes the message. args: by slot, as many as it has holes for. Returns its length, or LEC_E_RANGE (a value does not
 * fit its place), LEC_E_CONFIG (a variable that no login step has caught). */
int dlg_render(const struct dlg_message *m, const struct dlg_raw args[], const struct dlg_vars *vars,
               unsigned char out[static DLG_SEND_MAX], struct lec_err *err);

/* Whether data[n] is this message, whole; raw_n: its length on the wire, with what framing has cut off. On success
 * `found` has every slot of the pattern, others are NULL; else it is undefined. */
bool dlg_match(const struct dlg_message *m, const unsigned char *data, size_t n, size_t raw_n, struct dlg_found *found);

/* The form in which the message has that slot, or NULL when it has none. Looks at all alternatives. */
const struct dlg_form *dlg_message_form(const struct dlg_message *m, unsigned slot);

#endif
