/* The control of a simulated room's simulator (docs/simulator.md, section 3), for the technician page: whoever looks after devices may
 * try what a fault does. It is a socket of lectern-sim's own beside the room's; a room that is not simulated has none.
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_SIMULATOR_H
#define LECTERN_WEB_SIMULATOR_H

#include "room.h"

/* Whether the method is one of the simulator's that pages may use. */
bool simulator_method(const char *method);
/* Whether a person in this role may use them in this room, as far as is known of it: it is simulated, and the role is facilities
 * or admin. `described`: room.describe, may be NULL. */
bool simulator_allowed(const json_t *described, const char *role);
/* The names of the methods, added to a list of what somebody may do. A new reference, or NULL. */
json_t *simulator_may(const json_t *may);

/* Asks, as lec_bus_send. */
int simulator_send(struct room *room, const char *method, json_t *params, int timeout_ms, lec_bus_answered *answered,
                   void *arg, uint64_t *call, struct lec_err *err);
void simulator_forget(struct room *room, uint64_t call);
/* Has the room's journal told what a person asked of it (docs/protocol.md section 9: simulator.note), unless it only looked. params may be NULL;
 * reason NULL: it was done. */
void simulator_noted(struct room *room, const char *person, const char *method, const json_t *params,
                     const char *reason);
/* With the room. */
void simulator_close(struct room *room);

#endif
