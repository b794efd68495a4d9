/* Connections: bytes in, answers out at their time.
 *
 * Threads: the loop's. */
#ifndef SIM_CONN_H
#define SIM_CONN_H

#include "sim.h"

/* A controller's connection over `fd`, which it owns from now on, also on failure. NULL when memory or the line's
 * places are used up. */
struct sim_conn *sim_conn_new(struct sim_line *line, int fd, bool is_pty);
/* Ends it now. `reset`: with a TCP reset instead of a farewell. */
void sim_conn_end(struct sim_conn *c, bool reset);

#endif
