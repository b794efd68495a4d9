/* Who asks, and what they may do: docs/protocol.md section 9.
 *
 * access.c names the principal and its role, roles.c is the table of what a role may do, refusal.c says no. On a local (ipc)
 * connection the kernel tells the user at the other end (libzmq: "Peer-Address" is "localhost:uid:gid:pid"); the socket file's
 * permissions have decided before that this user may speak to the room at all.
 *
 * Threads: the core's. */
#ifndef LECTERN_ACCESS_H
#define LECTERN_ACCESS_H

#include <jansson.h>
#include <stdbool.h>
#include <zmq.h>

#include "lectern/buf.h"
#include "lectern/model.h"

struct core;
struct method;
struct request;

#define PRINCIPAL_MAX 63 /* bytes of a principal's name */
#define ACCESS_USERS                                                                                                   \
    256 /* users of this computer whose role is remembered; the one not seen for longest is forgotten first */
#define ACCESS_GROUPS   256 /* groups of one user that are looked at */
#define REFUSALS_OF_ONE 10  /* of one principal that are journalled in a minute... */
#define REFUSALS_OF_ALL 60  /* ...and of all together; the rest is counted (`refusals` in system.health) */

struct principal {
    const char *name; /* "unknown" if the transport does not tell. Lent until the next call */
    enum lec_role role;
    bool gateway; /* it may speak for people */
    bool as;      /* somebody for whom the gateway speaks */
};

/* Who sent this message. A user's first request looks them up (passwd, and groups if the room file names any), which a directory
 * server may make slow; what was found is remembered until the configuration changes. */
struct principal access_principal(struct core *core, zmq_msg_t *msg);
/* Another configuration: everybody is looked up anew. */
void access_forget(void);
/* The user who may speak for people. */
const char *access_gateway(const struct core *core);
/* Whether a text has control characters. */
bool access_control(const char *text);
/* Reads a request's member "as". Returns false when it cannot be what the protocol says. `out` borrows from it. */
bool access_as(const json_t *as, struct principal *out);

/* ---- roles.c ---- */

const char *role_name(enum lec_role role);
/* LEC_ROLE_NONE if it is no role's name. */
enum lec_role role_of(const char *name);

/* Whether the role may do this: a look into the table, and for what depends on it at the class of the device in params.target. */
bool role_may(struct core *core, enum lec_role role, const struct method *method, const json_t *params);
/* Whether it may do it at all, to some device. */
bool role_may_ever(enum lec_role role, const struct method *method);
/* The least role that may; LEC_ROLE_NONE: only the gateway. */
enum lec_role role_needed(struct core *core, const struct method *method, const json_t *params);
/* "principal":,"role":,"may":[methods],"classes":[those whose devices it may set; left out: all] */
void role_describe(struct lec_buf *b, const struct request *r);
/* For the test: the table has a row for this method. */
bool role_has_row(const struct method *method);

/* ---- refusal.c ---- */

/* Answers -32008 with what a person can do, and journals it. `why` in English. */
void role_refuse(struct core *core, const struct request *r, const char *why);
/* ,"via":"lectern-web" in an entry's data, when the request was made for somebody. */
void via_write(struct lec_buf *b, const struct core *core, bool as);

#endif
