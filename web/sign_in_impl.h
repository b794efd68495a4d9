/* What the files of signing in share. Threads: the loop's only, but for `hasher`. */
#ifndef LECTERN_WEB_SIGN_IN_IMPL_H
#define LECTERN_WEB_SIGN_IN_IMPL_H

#include <libwebsockets.h>

#include "lectern/people.h"
#include "server.h"

#define SIGN_IN_WAITING     16   /* guesses that wait for their hash: the last one for some two seconds */
#define SIGN_IN_EACH        4    /* of one address */
#define SIGN_IN_TILES       300  /* with more people, names are typed */
#define SIGN_IN_RENEW_S     3600 /* a token this old is renewed when its page is loaded */
#define SIGN_IN_WATCH_MS    2000
#define SIGN_IN_EXPIRY_S    30  /* how often open pages are looked at though the file has not changed */
#define SIGN_IN_NOTE_ROOMS  16  /* that are told when nobody knows which room it was about */
#define SIGN_IN_NOTES_N     64  /* throttled names and addresses that are remembered as told */
#define SIGN_IN_NOTES_EACH  900 /* s until the same one is told again */
#define SIGN_IN_NOTES_BURST 20  /* wrong and throttled ones told at once... */
#define SIGN_IN_NOTES_S     10  /* ...then one in so many seconds; the others are counted */

struct sign_in {
    struct server *server;
    struct lec_people *hasher;             /* the worker's */
    char waiting_for[SIGN_IN_WAITING][64]; /* addresses; "" free */

    lws_sorted_usec_list_t watch;
    int64_t version, looked_at;

    struct {
        uint64_t whom;
        int64_t at;
    } told[SIGN_IN_NOTES_N]; /* a ring */
    unsigned told_next;
    int64_t notes_at;
    unsigned notes_left, unnoted;
};

/* sign_in_notes.c: the room's journal is told, and the log. room "", or one that is not here: all rooms are told. person: "" when nobody
 * has the name that was typed. */
void sign_in_note(struct sign_in *s, const char *room, const char *person, const char *what, const char *address);

/* sign_in_watch.c: closes the pages whose sessions have ended or are somebody else's by now. */
void sign_in_watch_start(struct sign_in *s);
void sign_in_watch_now(struct sign_in *s);
void sign_in_watch_stop(struct sign_in *s);

#endif
