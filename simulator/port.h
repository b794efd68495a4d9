/* Where a line plays: a listening TCP port (with UDP beside it) or a pseudo-terminal.
 *
 * Threads: the loop's. */
#ifndef SIM_PORT_H
#define SIM_PORT_H

#include "sim.h"

/* Opens the line's place; `line->tcp` and `face_kind` say which. Returns 0 or LEC_E_LINK. */
int sim_port_open(struct sim_line *line, struct lec_err *err);
void sim_port_close(struct sim_line *line);

#endif
