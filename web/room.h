/* A room in use: its bus, its view, what version each of its things has, and the pages that look at it.
 *
 * Invariants
 *  - A room has one bus; its view opens with the first page and both close ROOM_LINGER_S after the last one.
 *  - What changed is published at most ten times a second, the first change at once. Pages that saw the same are sent the same bytes.
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_ROOM_H
#define LECTERN_WEB_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <libwebsockets.h>

#include "lectern/bus.h"
#include "request.h"
#include "server.h"
#include "state.h"

#define ROOMS_MAX         64
#define ROOMS_UNKNOWN_MAX 8  /* of them rooms that are not in the run folder: a page may wait for one to start */
#define ROOM_LINGER_S     60 /* a page that is loaded anew finds its room open */
#define ROOM_PUBLISH_MS   100
#define ROOM_DELTAS       8 /* made and kept for other pages, for ROOM_PUBLISH_MS */
#define ROOM_ROLES        5

struct client;
struct rooms;

/* What brings a page from one version to another; shared. */
struct delta {
    unsigned refs;
    uint64_t from, to;
    int64_t made_at;
    int n;
    struct message *at[STATE_MESSAGES];
};

struct room {
    char name[48];
    struct rooms *rooms;
    struct server *server;
    struct lec_bus *bus;
    struct lec_view *view;       /* NULL while nobody looks */
    struct lec_view *samples;    /* a second view, while somebody follows samples */
    struct lws *wsi;             /* the bus's descriptor in the loop */
    struct simulator *simulator; /* NULL until somebody asks it something */
    bool live, lost;             /* neither: it has just been opened */
    char reason[LEC_ERR_TEXT];   /* why it is not live */
    struct state state;
    uint64_t published;
    int64_t publish_at; /* not before then again */
    lws_sorted_usec_list_t publish, linger;
    struct delta *deltas[ROOM_DELTAS];
    struct client *clients;
    unsigned n_clients;
    unsigned n_downloads; /* under way, through the bus */
    struct {
        json_t *described; /* room.describe as this role sees it */
        uint64_t call;
    } roles[ROOM_ROLES];
};

int rooms_open(struct server *server, struct rooms **out, struct lec_err *err);
void rooms_close(struct rooms **rooms);
/* What is told of the rooms in the run folder: [{"room","label","state"}]; only: NULL or one room. A new reference or NULL. */
json_t *rooms_list(struct rooms *rooms, const char *only);
/* Calls `each` for every room that is open. */
void rooms_each(struct rooms *rooms, void (*each)(struct room *room, void *arg), void *arg);

/* The room, opened if it was not. Returns 0, LEC_E_BUSY (too many), LEC_E_CONFIG, LEC_E_NOMEM. It stays open for ROOM_LINGER_S from now, and
 * as long as somebody has joined. */
int room_get(struct rooms *rooms, const char *name, struct room **out, struct lec_err *err);
int room_join(struct room *room, struct client *client, struct lec_err *err);
void room_leave(struct room *room, struct client *client);

/* What is new since `from`; a reference to delta_unref, or NULL when there is no memory. */
struct delta *room_delta(struct room *room, uint64_t from);
void delta_unref(struct delta *d);

/* room.describe as a role sees it, lent; NULL: not known yet. It is asked for, and pages are told (client_described) when it is there. */
const json_t *room_describe(struct room *room, const char *principal, const char *role);

/* Somebody follows other things than before: opens or closes the view of samples. */
void room_follow_changed(struct room *room);

#endif
