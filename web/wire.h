/* What a browser's headers say: pure functions over text, each with bounds.
 *
 * Threads: any. */
#ifndef LECTERN_WEB_WIRE_H
#define LECTERN_WEB_WIRE_H

#include <stdbool.h>
#include <stddef.h>

/* A room's name: a small letter, then small letters, digits and dashes, at most 47 bytes. */
bool wire_room_ok(const char *name);
/* The name of an exported file as run.export gives it: letters, digits, dot, dash, underscore; no dot first; at most 127 bytes. */
bool wire_file_ok(const char *name);

/* The value of a cookie in a Cookie header. False when it is missing, given twice with different values, or does not fit. */
bool wire_cookie(const char *header, const char *name, char *out, size_t size);

/* Whether an Accept-Encoding header takes `coding` ("br", "gzip"). */
bool wire_accepts(const char *header, const char *coding);

/* Whether an If-None-Match header has this entity tag (given with its quotes). */
bool wire_matches(const char *header, const char *etag);

/* Whether a Content-Type is application/json, with or without parameters. */
bool wire_is_json(const char *type);

/* The host of a Host header, without port and without the brackets of IPv6, in small letters. False when it is none. */
bool wire_host(const char *header, char *out, size_t size);
/* Whether this host is written as an IP address. */
bool wire_is_address(const char *host);

/* Whether an Origin is this server's own: its scheme, and the same host and port as in the Host header. */
bool wire_same_origin(const char *origin, const char *host, bool tls);

/* Content-Disposition of a file to save (RFC 6266, RFC 8187): an ASCII name for old programs and the true one. `name` is UTF-8, at
 * most 200 bytes of it are used; separators of paths and control characters become "_". size: 1024 is always enough. */
void wire_disposition(const char *name, char *out, size_t size);

#endif
