/* Who is connected: accepts, counts, and gives each connection a time by which it must have said what it wants.
 *
 * Invariants
 *  - At most SERVER_CONNECTIONS connections, SERVER_PER_ADDRESS of one address (an IPv6 network of /64 counts as one); who comes beyond
 *    that is told so in one line and closed.
 *  - Between accepting a connection and its end there is always a deadline, but for WebSockets, which client.c watches.
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_DOOR_H
#define LECTERN_WEB_DOOR_H

#include <libwebsockets.h>

#include "frames.h"
#include "lectern/people.h"
#include "server.h"

#define DOOR_HEAD_S 5  /* for the head of a request; twice that with TLS, whose handshake comes first */
#define DOOR_BODY_S 10 /* for the body */
#define DOOR_WAIT_S 45 /* for our own answer */
#define DOOR_SEND_S 30 /* without any progress in sending */
#define DOOR_IDLE_S 20 /* between two requests, the head of the next included */

/* One connection. What stands from `session` on is what the head of a WebSocket said. */
struct visitor {
    struct visitor *prev, *next;
    struct server *server;
    struct lws *wsi;
    int fd;
    struct frames frames; /* what it has sent so far; see overhear.h */
    lws_sorted_usec_list_t deadline;
    unsigned char key[16]; /* the address, to count by */
    char address[48];
    bool local;

    struct lec_session session;
    char room[48];
    char refused[16]; /* why there is no session: "none", "expired", "stolen"; "" when there is one */
};

struct door;

/* Listens. setup.port 0: any; the port is written back. Returns 0 or LEC_E_LINK. */
int door_open(struct server *server, struct door **out, struct lec_err *err);
/* No more connections are taken. */
void door_close(struct door **door);
unsigned door_count(const struct door *door);
/* How many have come since the start. */
uint64_t door_taken(const struct door *door);

struct visitor *door_visitor(struct lws *wsi);
/* The address for the log; "?" if there is none. */
const char *door_address(struct lws *wsi);
/* The connection must get on within so many seconds, or it is closed; 0: no deadline. */
void door_expect(struct lws *wsi, int seconds);
/* Another request is to come, within DOOR_IDLE_S. */
void door_expect_request(struct lws *wsi);
/* The connection is a WebSocket from now on. False, with a line in the log, when what it has sent already cannot be right. */
bool door_becomes_websocket(struct visitor *v);
/* Bytes that the kernel holds and the other side has not taken. */
size_t door_unsent(struct lws *wsi);

/* What all protocols do with the reasons that they do not handle. */
int door_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
