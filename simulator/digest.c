#include "digest.h"

#include <math.h>
#include <string.h>

#define DATA_MAX 1024

static uint32_t left(uint32_t x, unsigned n)
{
    return (x << n) | (x >> (32 - n));
}

/* Appends the padding of both algorithms; the length stands at the end in the given byte order. Returns the size. */
static size_t pad(const void *data, size_t n, int big, uint8_t out[DATA_MAX + 72])
{
    memcpy(out, data, n);
    size_t size = (n + 8) / 64 * 64 + 64;
    memset(out + n, 0, size - n);
    out[n] = 0x80;
    uint64_t bits = (uint64_t)n * 8;
    for (size_t i = 0; i < 8; i++)
        out[size - 8 + i] = (uint8_t)(bits >> (8 * (big ? 7 - i : i)));
    return size;
}

static void hex(const uint8_t *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

static void md5_block(uint32_t state[4], const uint8_t *p)
{
    static const uint8_t turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t w[16];
    for (size_t i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] | (uint32_t)p[4 * i + 1] << 8 | (uint32_t)p[4 * i + 2] << 16 |
               (uint32_t)p[4 * i + 3] << 24;
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (unsigned i = 0; i < 64; i++) {
        uint32_t f;
        unsigned g;
        if (i < 16) {
            f = (b & c) | (~b & d);
            g = i;
        } else if (i < 32) {
            f = (d & b) | (~d & c);
            g = (5 * i + 1) % 16;
        } else if (i < 48) {
            f = b ^ c ^ d;
            g = (3 * i + 5) % 16;
        } else {
            f = c ^ (b | ~d);
            g = 7 * i % 16;
        }
        uint32_t k = (uint32_t)(4294967296.0 * fabs(sin((double)i + 1)));
        uint32_t next = b + left(a + f + k + w[g], turns[i / 16][i % 4]);
        a = d;
        d = c;
        c = b;
        b = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void sim_md5_hex(const void *data, size_t n, char out[33])
{
    uint8_t text[DATA_MAX + 72], digest[16];
    uint32_t state[4] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
    size_t size = pad(data, n < DATA_MAX ? n : DATA_MAX, 0, text);
    for (size_t i = 0; i < size; i += 64)
        md5_block(state, text + i);
    for (size_t i = 0; i < 16; i++)
        digest[i] = (uint8_t)(state[i / 4] >> (8 * (i % 4)));
    hex(digest, sizeof digest, out);
}

/* The first 32 bits of the fractional part of a root of the nth prime. */
static uint32_t root_bits(unsigned n, int cube)
{
    unsigned prime = 2;
    for (unsigned found = 0;; prime++) {
        unsigned d = 2;
        while (d * d <= prime && prime % d != 0)
            d++;
        if (d * d > prime && found++ == n)
            break;
    }
    /* long double: 32 bits of the fraction and up to 5 before the point do fit. */
    long double root = cube ? cbrtl((long double)prime) : sqrtl((long double)prime);
    return (uint32_t)((root - floorl(root)) * 4294967296.0L);
}

static uint32_t right(uint32_t x, unsigned n)
{
    return (x >> n) | (x << (32 - n));
}

static void sha256_block(uint32_t state[8], const uint32_t k[64], const uint8_t *p)
{
    uint32_t w[64], v[8];
    for (size_t i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (size_t i = 16; i < 64; i++) {
        uint32_t s0 = right(w[i - 15], 7) ^ right(w[i - 15], 18) ^ (w[i - 15] >> 3);
        uint32_t s1 = right(w[i - 2], 17) ^ right(w[i - 2], 19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(v, state, sizeof v);
    for (size_t i = 0; i < 64; i++) {
        uint32_t s1 = right(v[4], 6) ^ right(v[4], 11) ^ right(v[4], 25);
        uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        uint32_t s0 = right(v[0], 2) ^ right(v[0], 13) ^ right(v[0], 22);
        uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (size_t i = 0; i < 8; i++)
        state[i] += v[i];
}

void sim_sha256_hex(const void *data, size_t n, char out[65])
{
    uint8_t text[DATA_MAX + 72], digest[32];
    uint32_t state[8], k[64];
    for (unsigned i = 0; i < 8; i++)
        state[i] = root_bits(i, 0);
    for (unsigned i = 0; i < 64; i++)
        k[i] = root_bits(i, 1);
    size_t size = pad(data, n < DATA_MAX ? n : DATA_MAX, 1, text);
    for (size_t i = 0; i < size; i += 64)
        sha256_block(state, k, text + i);
    for (size_t i = 0; i < 32; i++)
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    hex(digest, sizeof digest, out);
}
