/* Digests that device protocols ask for when they check a password: MD5 (PJLink, Panasonic, AMX and others) and SHA-256
 * (PJLink 2.10). Linked statically into the driver modules that need it, so that each stays one file.
 *
 * These are here because devices use them; nothing of Lectern's own security rests on MD5.
 *
 * Threads: pure functions. */
#ifndef LECTERN_DIGEST_H
#define LECTERN_DIGEST_H

#include <stddef.h>

#define LEC_MD5_HEX    (32 + 1)
#define LEC_SHA256_HEX (64 + 1)

/* Bytes of a message that is digested in pieces, one after the other with nothing between them. */
struct lec_piece {
    const void *data;
    size_t n;
};

/* The digest of all pieces joined, as lower-case hexadecimal digits and a NUL. */
void lec_md5(const struct lec_piece pieces[], size_t n, char out[static LEC_MD5_HEX]);
void lec_sha256(const struct lec_piece pieces[], size_t n, char out[static LEC_SHA256_HEX]);

/* Two digits for each byte, lower case, and a NUL: out has room for 2 * n + 1. */
void lec_hex(const void *data, size_t n, char *out);
/* The reverse: exactly 2 * n digits, in any case, and nothing after them. Returns 0, or LEC_E_RANGE with `out` not
 * touched. */
int lec_unhex(const char *hex, void *out, size_t n);

#endif
