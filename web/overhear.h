/* What libwebsockets reads from a connection passes by here first.
 *
 * libwebsockets 4.1 obeys frames that are not masked, and tells nobody; nor does it let anybody see a frame's head. It reads with recv(2), or
 * with OpenSSL's SSL_read(). Programs may define such functions themselves, and then their libraries use them (ELF calls it interposition): overhear.c
 * does so for both, and has a visitor's bytes looked at before libwebsockets gets them. For all other descriptors they do what they always
 * did. Rejected: a copy of libwebsockets of our own; a relay in front of it, which would have to end TLS; peeking at the socket, which is
 * of no use with TLS. If another version reads in another way, nothing is overheard: client.c says so once, and the pages work on.
 *
 * Threads: overhear() and overhear_end() the loop's; the functions that are interposed, any. */
#ifndef LECTERN_WEB_OVERHEAR_H
#define LECTERN_WEB_OVERHEAR_H

#include <stdbool.h>
#include <stddef.h>

struct visitor;

/* From now on, door_hears() is asked about the visitor's bytes; with TLS, once they are decrypted. The descriptor is the visitor's until
 * overhear_end(). */
void overhear(int fd, bool tls, struct visitor *visitor);
void overhear_end(int fd, const struct visitor *visitor);

/* door.c: these bytes are about to be read. False: they are refused, and for libwebsockets the connection is broken. */
bool door_hears(struct visitor *visitor, const void *bytes, size_t n);

#endif
