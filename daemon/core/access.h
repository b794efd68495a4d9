/* Who asks, and what they may do: the one place that knows.
 *
 * On a local (ipc) connection the kernel tells the user at the other end (libzmq: "Peer-Address" is "localhost:uid:gid:pid"), and
 * the socket file's permissions have already decided that this user may speak to the room; such a principal has the
 * role admin. Threads: the core's. */
#ifndef LECTERN_ACCESS_H
#define LECTERN_ACCESS_H

#include <stdbool.h>
#include <zmq.h>

struct method;

/* The name of the user at the other end of the connection that this message came by ("unknown" if the transport does
 * not tell). Lent until the next call. */
const char *access_principal(zmq_msg_t *msg);

/* Whether the principal's role may use the method. */
bool access_allowed(const char *principal, const struct method *method);

#endif
