/* A message on its way to pages: made once, sent to many. In front of the content is the room that libwebsockets wants for a frame's head.
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_MESSAGE_H
#define LECTERN_WEB_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#define MESSAGE_HEAD 32 /* at least LWS_PRE, which client.c asserts */

struct message {
    unsigned refs;
    bool binary;
    size_t size;
    unsigned char room[MESSAGE_HEAD];
    unsigned char data[]; /* size bytes */
};

/* With one reference. NULL: out of memory. data NULL: the content is filled in by the caller. */
struct message *message_new(const void *data, size_t size, bool binary);
struct message *message_ref(struct message *m);
/* Accepts NULL. */
void message_unref(struct message *m);

#endif
