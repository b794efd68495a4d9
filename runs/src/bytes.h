/* Bytes out of the file, read with bounds: the first read that would pass the end sets `bad`; from then on every read
 * gives zero. Checked once, at the end of a sequence of reads. */
#ifndef LECTERN_RUNS_BYTES_H
#define LECTERN_RUNS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the run file is little-endian and is not swapped");

struct bytes {
    const uint8_t *at, *end;
    bool bad;
};

/* The next n bytes, or NULL. */
const uint8_t *bytes_take(struct bytes *b, size_t n);
uint8_t bytes_u8(struct bytes *b);
/* LEB128, at most 10 bytes. */
uint64_t bytes_varint(struct bytes *b);
/* A signed number: 0, -1, 1, -2... */
int64_t bytes_zigzag(struct bytes *b);

/* Writing, to where there is room for 10 bytes. Each returns what follows. */
uint8_t *put_varint(uint8_t *out, uint64_t v);
uint8_t *put_zigzag(uint8_t *out, int64_t v);

/* A check sum against damage (not against intent): any change within one 8-byte word is found. */
uint32_t bytes_sum(const uint8_t *data, size_t n);

#endif
