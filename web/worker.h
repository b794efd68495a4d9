/* One thread for work that takes time (hashing a secret takes some 100 ms), so that the loop never waits.
 *
 * Threads: worker_do is called by the loop's thread; `work` runs in the worker's, `done` in the loop's. */
#ifndef LECTERN_WEB_WORKER_H
#define LECTERN_WEB_WORKER_H

#include "lectern/err.h"
#include "server.h"

#define WORKER_WAITING_MAX 32

struct worker;

int worker_open(struct server *server, struct worker **out, struct lec_err *err);
/* Waits for the work under way, forgets what waits (its `done` is called, so that it can be freed). */
void worker_close(struct worker **worker);
/* Returns 0, or LEC_E_BUSY when too much waits: `done` is not called then. */
int worker_do(struct worker *worker, void (*work)(void *arg), void (*done)(void *arg), void *arg);
/* The loop was woken up: calls `done` for what has ended. */
void worker_deliver(struct worker *worker);

#endif
