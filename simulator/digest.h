/* MD5 (RFC 1321) and SHA-256 (FIPS 180-4), which AV protocols use for passwords.
 *
 * Threads: pure functions. */
#ifndef SIM_DIGEST_H
#define SIM_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* Lower-case hex of the digest of n bytes; at most 1,024 of them. */
void sim_md5_hex(const void *data, size_t n, char out[33]);
void sim_sha256_hex(const void *data, size_t n, char out[65]);

#endif
