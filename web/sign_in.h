/* Signing in over HTTP: the endpoints /api/me, sign-in, pair, sign-out, renew (web/README.md). Sessions are people's (lectern/people.h).
 *
 * Threads: the loop's; hashing happens in the server's worker, with a handle of its own. */
#ifndef LECTERN_WEB_SIGN_IN_H
#define LECTERN_WEB_SIGN_IN_H

#include "lectern/err.h"
#include "lectern/people.h"
#include "server.h"

/* Registers the endpoints. server->people is open. */
int sign_in_open(struct server *server, struct lec_err *err);
/* After the worker has ended, before the loop is freed. */
void sign_in_close(struct server *server);
/* lec_session_find returned LEC_E_CANCELLED: the journal is told whose session that was. */
void sign_in_stolen(struct server *server, const struct lec_session *session, const char *address);

#endif
