/* From the notation of profiles to compiled messages. Every mistake is told with the file and line of its key.
 *
 * Threads: a compiler belongs to its caller. */
#ifndef DIALOGUE_COMPILE_H
#define DIALOGUE_COMPILE_H

#include "lectern/model.h"
#include "message.h"
#include "pool.h"

struct dlg_compiler {
    const struct lec_device *desc;
    struct lec_report *report;
    struct dlg_pool *pool;
    size_t mistakes;
    bool hex, exact;                /* [driver] format, case */
    struct dlg_check check;         /* [driver] check */
    const char *vars[DLG_VARS_MAX]; /* names of login variables; NULL: free */
    bool uses_id;                   /* a message has {id} */
};

/* What the names between braces mean for one message. */
struct dlg_scope {
    const struct lec_key *key;       /* where the message is written: the place of its mistakes */
    const struct lec_keys *own;      /* keys of the point or action, for {cmd} and {NAME} of "with NAME"; may be NULL */
    const char *owner;               /* "point power", for sentences; "" if none */
    const struct lec_action *action; /* its arguments are holes; may be NULL */
    bool value;                      /* {value} is a hole */
    struct dlg_form value_form;      /* its form if none is written */
    bool pattern;                    /* a reply: wildcards are allowed, checksums are not */
    bool catches;                    /* unknown names in a pattern become variables of the login */
    bool bare;                       /* in the other notation than the rest (a login step): hex */
    const struct lec_key *envelope;  /* [driver] send, around every request; NULL: none */
};

/* Tells a mistake at the key. */
void dlg_mistake(struct dlg_compiler *c, const struct lec_key *key, const char *fmt, ...) LEC_PRINTF(3, 4);

/* Compiles scope->key->value. Returns NULL after telling why, or for lack of memory (pool->failed). */
const struct dlg_message *dlg_compile(struct dlg_compiler *c, const struct dlg_scope *scope);

/* Bytes without holes ("\r\n", or "AA 01" where the profile is in hex). Returns their number, or -1 after telling the
 * mistake. */
ssize_t dlg_compile_bytes(struct dlg_compiler *c, const struct lec_key *key, unsigned char *out, size_t size);
/* The same for a part of the key's value. */
ssize_t dlg_part_bytes(struct dlg_compiler *c, const struct lec_key *key, const char *part, unsigned char *out,
                       size_t size);

/* The slot of a login variable, or -1. */
int dlg_var_slot(const struct dlg_compiler *c, const char *name);

/* Cuts the next part off *text at `separator`, trims spaces around it, and copies it into part[size]. Returns false at
 * the end, or when the part is too long (*text is then NULL). */
bool dlg_next_part(const char **text, char separator, char *part, size_t size);

#endif
