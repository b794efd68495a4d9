/* How an operation on a device ended. The words are those of docs/protocol.md, section 5. */
#ifndef LECTERN_VERDICT_H
#define LECTERN_VERDICT_H

#include <stdbool.h>

#include "lectern/value.h"

enum lec_verdict {
    LEC_V_NONE = 0,   /* not ended */
    LEC_V_CONFIRMED,  /* by a fresh read after the command */
    LEC_V_ALREADY,    /* by a fresh read before any command */
    LEC_V_ACCEPTED,   /* acknowledged (or sent, where the protocol has no acknowledgement); cannot be read back */
    LEC_V_TIMEOUT,    /* no answer, or the value did not come true in time */
    LEC_V_REFUSED,    /* the device said no */
    LEC_V_AWAY,       /* the device cannot be reached */
    LEC_V_SKIPPED,    /* a step it needed did not succeed */
    LEC_V_OVERRIDDEN, /* a person or a newer scene took the point */
    LEC_V_CANCELLED,
};

/* "confirmed", ...; "none". Static. */
const char *lec_verdict_name(enum lec_verdict v);
enum lec_verdict lec_verdict_of(const char *name);
/* The first three after NONE. */
bool lec_verdict_success(enum lec_verdict v);

#endif
