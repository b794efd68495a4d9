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

/* The roles of the founding design. */
enum role { ROLE_NONE, ROLE_VIEWER, ROLE_TEACHER, ROLE_LAB, ROLE_FACILITIES, ROLE_ADMIN, ROLE_GATEWAY };

struct principal {
    const char
        *name; /* of the user at the other end; "unknown" if the transport does not tell. Lent until the next call */
    enum role role; /* ROLE_ADMIN for whom the kernel names, ROLE_NONE for others */
};

/* Who sent this message. */
struct principal access_principal(zmq_msg_t *msg);

/* Whether the role may use the method: here a table of methods and roles will stand. Until then admin may do everything,
 * and nobody else anything. */
bool access_allowed(enum role role, const struct method *method);

#endif
