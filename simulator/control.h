/* The control socket: faults, remote controls and cables on command, and the truth about every device.
 * JSON-RPC 2.0 over a ROUTER at ipc://<run>/<room>/simulator; docs/simulator.md lists the methods.
 *
 * Threads: the loop's. */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "sim.h"

struct sim_control;

/* Returns 0 or LEC_E_CONFIG (another simulator plays this room, or the socket cannot be made). */
int sim_control_open(struct sim *s, struct sim_control **out, struct lec_err *err);
void sim_control_close(struct sim_control **control);

/* Serves one request; the answer in `out` (cleared before). For tests too. */
void sim_control_serve(struct sim *s, const char *request, size_t n, struct lec_buf *out);

#endif
