/* The gateway as one object: what its parts need of each other. server.c has the sockets, the limits on connections and the loop.
 *
 * Threads: one, the loop's; the worker (worker.h) has another. */
#ifndef LECTERN_WEB_SERVER_H
#define LECTERN_WEB_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "lectern/err.h"

#define SERVER_CONNECTIONS 512 /* in all */
#define SERVER_PER_ADDRESS 64  /* of one address; this machine may have all: a proxy and the room's own panel are there */
#define SERVER_NAMES       16  /* given with --host */

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
    bool ended;
};

/* ---- For sign_in.c ---- */

/* What is told of each room in /api/me: an array of {"room","label","state"}. A new reference. only: NULL, or the one room to tell of. */
struct json_t;
struct json_t *server_rooms(struct server *server, const char *only);
/* The sessions' token was replaced: WebSockets that were opened with it stay open. */
void server_session_renewed(struct server *server, const char *token, const char *fresh);
/* The session has ended: its WebSockets are told `signed_out` with the reason and closed. */
void server_session_ended(struct server *server, const char *token, const char *reason);
/* Tells all rooms' journals: login.note (docs/protocol.md section 9). `person`, `address`, `reason` may be NULL. room NULL: every room that
 * is in use, else this one. */
void server_note(struct server *server, const char *room, const char *person, const char *what, const char *address,
                 const char *reason);

#endif
