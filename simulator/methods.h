/* The methods of the control socket.
 *
 * Threads: the loop's. */
#ifndef SIM_METHODS_H
#define SIM_METHODS_H

#include <jansson.h>

#include "sim.h"

/* Writes the result of `method` to `out`. *known false: there is no such method. `params` may be NULL.
 * Returns 0, or LEC_E_RANGE (a parameter), LEC_E_CONFIG (no such device), LEC_E_NOTSUP, LEC_E_BUSY, LEC_E_REFUSED,
 * LEC_E_NOMEM, LEC_E_LINK with a sentence. */
int sim_method(struct sim *s, const char *method, json_t *params, struct lec_buf *out, bool *known,
               struct lec_err *err);

#endif
