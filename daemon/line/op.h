/* Operations on devices, as the core asks for them and the lines carry them out.
 *
 * Threads: plain data. */
#ifndef LECTERN_OP_H
#define LECTERN_OP_H

#include <stdbool.h>

#include "lectern/value.h"
#include "lectern/verdict.h"

/* What the line told of one operation. */
struct lec_op_result {
    enum lec_verdict verdict;
    int code;                  /* LEC_E_* behind a verdict that is no success; 0 otherwise */
    char reason[LEC_ERR_TEXT]; /* "" for a success */
    bool before_known;         /* a good value was read freshly before the command */
    struct lec_value before;
    struct lec_value actual; /* the last fresh read after it; LEC_NONE if there was none */
};

#endif
