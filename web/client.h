/* A page: one WebSocket of a signed-in person (web/README.md).
 *
 * Invariants
 *  - What waits for a page is bounded: CLIENT_QUEUE_MAX bytes of answers, events and samples, beside one large answer; the state waits
 *    as a version number.
 *  - Each request is answered once, or the socket closes.
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_CLIENT_H
#define LECTERN_WEB_CLIENT_H

#include <libwebsockets.h>

#include "lectern/bus.h"
#include "lectern/people.h"
#include "room.h"

#define CLIENT_CALLS 32 /* requests under way */
#define CLIENT_QUEUE_MAX                                                                                               \
    (256 * 1024) /* bytes that wait; what can be left out takes at most CLIENT_EVENTS_MAX of them */
#define CLIENT_EVENTS_MAX (192 * 1024)
#define CLIENT_QUEUE_N    1024 /* messages that wait */
#define CLIENT_FRAGMENTS  256  /* frames that one message may come in */
#define CLIENT_PING_S     20
#define CLIENT_PONG_S     10
#define CLIENT_BLOCKED_S  120 /* a page that takes nothing for so long is gone */

struct client {
    struct room *room;
    struct client *prev, *next; /* of the room */
    struct server *server;
    struct lws *wsi;
    struct lec_session session;
    bool acted; /* the page has asked for something since sign_in_watch.c looked */

    uint64_t seen; /* version of the room's state */
    struct delta *delta;
    int delta_at;
    bool live_due, hello_due;
    bool waits_for_room; /* which was opened a moment ago */
    bool state_turn;     /* state and queue take turns, so that neither starves the other */
    struct message *sending;
    size_t sent;
    bool sending_heavy;

    struct queued {
        struct message *message;
        unsigned char kind;
    } * queue; /* a ring */
    size_t queue_at, queue_n, queue_size, queue_bytes;
    struct follow follow;
    unsigned lost_events, lost_journal, lost_traces;
    bool gap[REQUEST_RUNS]; /* samples of follow.runs[i] were left out */

    struct call_slot {
        enum { SLOT_FREE = 0, SLOT_WAITING, SLOT_SENT } state;
        bool heavy;
        bool simulator; /* asked of it instead of the room */
        uint64_t call;
        struct client *client;
        struct request request;
    } * calls; /* CLIENT_CALLS of them, made at the first request */
    unsigned n_calls;
    bool heavy; /* a request with a large answer is under way, or its answer waits */

    char *text; /* a message that has not come whole yet */
    size_t text_n, text_size;
    unsigned fragments;

    lws_sorted_usec_list_t timer; /* ping, pong, being closed */
    bool ping_due, pong_awaited;
    int64_t ping_at, pong_by, progress_at;
    int closing; /* close code; 0: not */
    char closing_reason[64];
};

/* The protocol "lectern.1". */
int client_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

/* ---- For room.c ---- */
void client_live(struct client *c);      /* the room has been lost or found */
void client_described(struct client *c); /* room_describe() has an answer now */
void client_published(struct client *c); /* there is a newer version */
/* An event that pages may follow; makes what is shared once in *shared (message_unref it after the last client). */
void client_event(struct client *c, const struct lec_change *change, struct message **shared);

/* ---- For server.c ---- */
/* Tells `signed_out` and closes. */
void client_sign_out(struct client *c, const char *reason);
/* Sends what waits, then closes with a WebSocket close code and its reason. */
void client_close(struct client *c, int code, const char *reason);

#endif
