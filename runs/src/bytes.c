#include "bytes.h"

#include <string.h>

const uint8_t *bytes_take(struct bytes *b, size_t n)
{
    if (b->bad || (size_t)(b->end - b->at) < n) {
        b->bad = true;
        return NULL;
    }
    const uint8_t *at = b->at;
    b->at += n;
    return at;
}

uint8_t bytes_u8(struct bytes *b)
{
    const uint8_t *at = bytes_take(b, 1);
    return at ? *at : 0;
}

uint64_t bytes_varint(struct bytes *b)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = bytes_u8(b);
        if (shift == 63 && byte > 1)
            break;
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return b->bad ? 0 : v;
    }
    b->bad = true;
    return 0;
}

int64_t bytes_zigzag(struct bytes *b)
{
    uint64_t v = bytes_varint(b);
    return (int64_t)((v >> 1) ^ (0 - (v & 1)));
}

uint8_t *put_varint(uint8_t *out, uint64_t v)
{
    while (v >= 0x80) {
        *out++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *out++ = (uint8_t)v;
    return out;
}

uint8_t *put_zigzag(uint8_t *out, int64_t v)
{
    return put_varint(out, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

/* Four lanes, so that the multiplications overlap. Each step is a bijection of the lane, so a changed word changes it. */
uint32_t bytes_sum(const uint8_t *data, size_t n)
{
    const uint64_t prime = 0x9E3779B97F4A7C15u;
    uint64_t lane[4] = {n, 1, 2, 3}, word[4];
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        memcpy(word, data + i, 32);
        for (int k = 0; k < 4; k++)
            lane[k] = (lane[k] ^ word[k]) * prime;
    }
    if (i < n) {
        memset(word, 0, sizeof word);
        memcpy(word, data + i, n - i);
        for (int k = 0; k < 4; k++)
            lane[k] = (lane[k] ^ word[k]) * prime;
    }
    uint64_t sum = 0;
    for (int k = 0; k < 4; k++) {
        sum = (sum ^ lane[k]) * prime;
        sum ^= sum >> 29;
    }
    return (uint32_t)(sum ^ (sum >> 32));
}
