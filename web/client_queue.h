/* Inside a page's object: what waits to be sent (client_queue.c) and the requests under way (client_calls.c).
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_CLIENT_QUEUE_H
#define LECTERN_WEB_CLIENT_QUEUE_H

#include "client.h"
#include "lectern/buf.h"

enum queued_kind {
    QUEUED_ANSWER, /* must arrive: what does not fit closes the socket */
    QUEUED_LARGE,  /* likewise; one at a time, of any size that the bus lets through */
    QUEUED_EVENT,  /* may be left out */
};

/* Appends a message (its own reference is taken by the queue). False: there is no room; for the first two kinds the socket closes. */
bool client_queue_put(struct client *c, struct message *m, enum queued_kind kind);
bool client_queue_text(struct client *c, const struct lec_buf *text, enum queued_kind kind);
/* Moves the first one to c->sending. False: none waits. */
bool client_queue_take(struct client *c);
void client_queue_clear(struct client *c);
/* When there is room again: tells which runs' samples were left out. */
void client_queue_tell_gaps(struct client *c);

/* A whole message of the page. */
void client_request(struct client *c, const char *text, size_t n);
/* The large answer has been sent: the next request that waited for this goes out. */
void client_heavy_done(struct client *c);
void client_calls_forget(struct client *c);

#endif
