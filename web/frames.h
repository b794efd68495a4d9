/* How far a connection has got, as far as WebSockets need it: where the head of a request ends, and whether every frame behind that is
 * masked (RFC 6455, section 5.1: a server closes when one is not).
 *
 * Threads: one. */
#ifndef LECTERN_WEB_FRAMES_H
#define LECTERN_WEB_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frames { /* all zeros: a request's head is to come */
    enum { FRAMES_IN_HEAD = 0, FRAMES_BEHIND_HEAD, FRAMES_IN_FRAMES, FRAMES_BROKEN } state;
    bool heard;             /* any byte at all */
    unsigned line_ends;     /* how much of CR LF CR LF has come */
    bool early;             /* bytes have come behind the head */
    unsigned char head[10]; /* of a frame, without its mask */
    unsigned n_head;
    uint64_t skip; /* bytes of mask and payload still to come */
};

/* The request is over: the head of another is to come. */
void frames_next_request(struct frames *f);
/* The request became a WebSocket: what comes from here on are frames. False when something came behind its head already: whoever opens
 * a WebSocket waits for the answer first, and these bytes could not be told from the frames. */
bool frames_begin(struct frames *f);
/* Takes the next bytes, in any pieces. False from the first frame on that is not masked. */
bool frames_take(struct frames *f, const void *bytes, size_t n);

#endif
