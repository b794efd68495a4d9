/* Other people's descriptors in libwebsockets' loop.
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_LOOP_H
#define LECTERN_WEB_LOOP_H

#include <stddef.h>

#include <libwebsockets.h>

#include "lectern/err.h"
#include "server.h"

/* The object that a timer (or another member) lies in: for callbacks that are given the timer alone. */
#define loop_owner(at, type, member) ((type *)(void *)((char *)(at)-offsetof(type, member)))

/* Calls readable(arg) whenever `fd` is readable (level-triggered). The loop waits on a copy of the descriptor and closes only that.
 * *out: for loop_unwatch; set NULL by the loop when it ends first. */
int loop_watch(struct server *server, int fd, void (*readable)(void *arg), void *arg, struct lws **out,
               struct lec_err *err);
/* Accepts NULL; sets *wsi NULL. May be called from inside `readable`. */
void loop_unwatch(struct lws **wsi);

/* The protocol "watch", for the list of protocols. */
int loop_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
