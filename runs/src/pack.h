/* Columns of samples, packed without loss. What sensors deliver is mostly whole numbers times a power of ten or of two;
 * those are stored as whole numbers in the fewest bytes (ints.h), and everything else by its bits, so that each value
 * comes back as it was.
 *
 *     column: chunks of PACK_CHUNK values, the last may be shorter
 *     chunk:  mode (PACK_BITS: the 64 bits as a number; 1 + d: value = k / 10^d; PACK_BINARY + b: value = k / 2^b),
 *             + 128 when specials follow: count, then (values between, how many alike, 8 bytes) each: NaN, infinities, -0
 *             the numbers as an ints.h chunk
 *
 * lz4 or zstd on top: see pack.c for what was measured. */
#ifndef LECTERN_RUNS_PACK_H
#define LECTERN_RUNS_PACK_H

#include "ints.h"

#define PACK_CHUNK INTS_CHUNK
/* Bytes that n values take at most. */
#define PACK_BOUND(n) ((n)*8 + ((n) / PACK_CHUNK + 1) * (24 + 2 + PACK_SPECIALS * 14))
#define PACK_SPECIALS 64 /* in one chunk; with more of them it is stored by its bits */

/* Returns what follows `out`, which has room for PACK_BOUND(n). */
uint8_t *pack_values(uint8_t *out, const double *v, size_t n);
/* Reads n values; whatever the bytes are, it stays inside them and sets in->bad when they are not a column of n. */
void unpack_values(struct bytes *in, double *v, size_t n);

#endif
