/* Columns of integers, packed without loss. A chunk of up to INTS_CHUNK numbers is stored as they are less a base, as
 * differences, or as differences of differences, whichever is narrowest, in 0, 1, 2, 4 or 8 bytes each.
 *
 *     chunk: code (order * 16 + log2(width) + 1, or width 0: order * 16), first (zigzag varint),
 *            second - first (zigzag varint; order 2 with two or more numbers only), the rest, little-endian
 * order 0: first is the base, all numbers follow; order 1: all but the first follow; order 2: all but two. */
#ifndef LECTERN_RUNS_INTS_H
#define LECTERN_RUNS_INTS_H

#include "bytes.h"

#define INTS_CHUNK 1024
/* Bytes that n numbers take at most. */
#define INTS_BOUND(n) ((n)*8 + ((n) / INTS_CHUNK + 1) * 24)

/* One chunk, 1..INTS_CHUNK numbers; returns what follows `out`. */
uint8_t *ints_pack_chunk(uint8_t *out, const int64_t *v, size_t n);
/* The same for numbers of which none is 2^30 or more in size; does not try order 2. Much faster. */
uint8_t *ints_pack_chunk32(uint8_t *out, const int32_t *v, size_t n);
void ints_unpack_chunk(struct bytes *in, int64_t *v, size_t n);

/* Any number of them. */
uint8_t *ints_pack(uint8_t *out, const int64_t *v, size_t n);
void ints_unpack(struct bytes *in, int64_t *v, size_t n);

#endif
