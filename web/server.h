/* The gateway as one object: what its parts need of each other. server.c has the sockets, the limits on connections and the loop.
 *
 * Threads: one, the loop's; the worker (worker.h) has another. */
#ifndef LECTERN_WEB_SERVER_H
#define LECTERN_WEB_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "lectern/err.h"

#define SERVER_CONNECTIONS 512  /* in all */
#define SERVER_DESCRIPTORS 2048 /* connections, and some ten for each room */
#define SERVER_PER_ADDRESS                                                                                             \
    64                  /* of one address; this machine may have all: a proxy and the room's own panel are there */
#define SERVER_NAMES 16 /* given with --host */

struct lws_context;
struct lws_vhost;

struct server_setup {
    char address[64];
    int port;
    const char *cert, *key; /* NULL: plain http */
    bool insecure;          /* plain http on another address than loopback is wanted */
    const char *pages;      /* folder with manifest.json */
    const char *state_dir;  /* people.db is here */
    const char *run_dir;    /* the rooms' sockets */
    const char *hosts[SERVER_NAMES];
    int n_hosts;
};

struct server {
    struct server_setup setup;
    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct lec_people *people;
    struct assets *assets;
    struct worker *worker;
    struct rooms *rooms;
    struct api *api;
    struct sign_in *sign_in; /* sign_in.c's own */
    struct door *door;       /* who is connected */
    struct life *life;       /* signals, watchdog, the end (server.c) */
    bool ended;
    int64_t host_said_at; /* when the log last told of a refused host */
};

/* Opens everything; the server listens when it returns. `setup` is copied, its texts are lent. */
int server_open(struct server *server, const struct server_setup *setup, struct lec_err *err);
/* Runs until it is asked to end (SIGTERM, SIGINT, which must be blocked in all threads). SIGHUP reads certificate and pages anew. */
void server_run(struct server *server);
void server_close(struct server *server);

/* ---- For http.c and door.c ---- */

struct lws;
struct visitor;
/* Whether this host (of wire_host) is one that the server answers to: an address, localhost, the machine's own name, a name of
 * --host. Any other name may be somebody's who had it point here, to have his page read ours. */
bool server_host_ok(const struct server *server, const char *host);
void server_host_refused(struct server *server, const char *address, const char *host);
/* Finds the session of the cookie in the head of this connection's request, and keeps it in the visitor. */
void server_recognise(struct server *server, struct lws *wsi, struct visitor *visitor);
/* Somebody called lws_cancel_service(). */
void server_woken(struct server *server);

/* ---- For sign_in.c ---- */

/* What is told of each room in /api/me: an array of {"room","label","state"}. A new reference. only: NULL, or the one room to tell of. */
struct json_t;
struct json_t *server_rooms(struct server *server, const char *only);
/* Tells all rooms' journals: login.note (docs/protocol.md section 9). `person`, `address`, `reason` may be NULL. room NULL: every room that
 * is in use, else this one. */
void server_note(struct server *server, const char *room, const char *person, const char *what, const char *address,
                 const char *reason);

#endif
