/* lz4 or zstd on top was measured on 32768 samples of a slow wave (packing alone: 0.5 to 1.1 ns a sample). With noise of 5
 * bits: 1.00 byte packed, lz4 1.01 (+0.1 ns), zstd -1 0.78 (+5.6 ns); with 9 bits: 2.00, 2.01 (+0.3), 1.47 (+4.0). Only
 * steps without noise shrink: 1.00, 0.13 (+0.4), 0.08 (+4.2). Samples that come fast are noise in their low bits, so lz4 is
 * a library and a pass for nothing, and zstd costs more than writing the bytes. */
#include "pack.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "wide.h"

#define PACK_BITS   0
#define DECIMALS    7 /* 10^0 .. 10^6 */
#define PACK_BINARY 8
#define BINARY_MAX  100
#define SPECIALS    0x80u

/* x + MAGIC has the nearest whole number to x in its low bits, for |x| < 2^51. */
#define MAGIC      0x1.8p52
#define MAGIC_BITS UINT64_C(0x4338000000000000)

static const double tens[DECIMALS] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};

static uint64_t bits_of(double v)
{
    uint64_t b;
    memcpy(&b, &v, 8);
    return b;
}

static double of_bits(uint64_t b)
{
    double v;
    memcpy(&v, &b, 8);
    return v;
}

/* ---- Packing ------------------------------------------------------------------------------------------------ */

/* Whole numbers times 1/p, all below 2^30? The loops have no branches, so that they become vector code. */
WIDE(bool, whole32, (const double *v, size_t n, double p, int32_t *k), (v, n, p, k))
{
    uint64_t wrong = 0, range = 0;
    for (size_t i = 0; i < n; i++) {
        double t = v[i] * p + MAGIC;
        wrong |= bits_of((t - MAGIC) / p) ^ bits_of(v[i]);
        range |= bits_of(t) - MAGIC_BITS + (1u << 30);
        k[i] = (int32_t)(uint32_t)bits_of(t);
    }
    return wrong == 0 && range < UINT64_C(1) << 31;
}

/* p = 1 without the division. */
WIDE(bool, plain32, (const double *v, size_t n, int32_t *k), (v, n, k))
{
    uint64_t wrong = 0, range = 0;
    for (size_t i = 0; i < n; i++) {
        double t = v[i] + MAGIC;
        wrong |= bits_of(t - MAGIC) ^ bits_of(v[i]);
        range |= bits_of(t) - MAGIC_BITS + (1u << 30);
        k[i] = (int32_t)(uint32_t)bits_of(t);
    }
    return wrong == 0 && range < UINT64_C(1) << 31;
}

static bool whole64(const double *v, size_t n, double p, int64_t *k)
{
    uint64_t wrong = 0, range = 0;
    for (size_t i = 0; i < n; i++) {
        double t = v[i] * p + MAGIC;
        wrong |= bits_of((t - MAGIC) / p) ^ bits_of(v[i]);
        range |= bits_of(t) - MAGIC_BITS + (UINT64_C(1) << 50);
        k[i] = (int64_t)(bits_of(t) - MAGIC_BITS);
    }
    return wrong == 0 && range < UINT64_C(1) << 51;
}

/* The chunk as whole numbers times 1/p; NULL if it is not. */
static uint8_t *try_whole(uint8_t *out, const double *v, size_t n, double p)
{
    int32_t small[PACK_CHUNK];
    int64_t large[PACK_CHUNK];
    if (p == 1 ? plain32(v, n, small) : whole32(v, n, p, small))
        return ints_pack_chunk32(out, small, n);
    return whole64(v, n, p, large) ? ints_pack_chunk(out, large, n) : NULL;
}

/* The fewest decimals that a few of the values need; DECIMALS: they have more. */
static unsigned guess_decimals(const double *v, size_t n)
{
    unsigned d = 0;
    size_t step = n / 16 + 1;
    for (size_t i = 0; i < n && d < DECIMALS; i += step)
        while (d < DECIMALS && (v[i] * tens[d] + MAGIC - MAGIC) / tens[d] != v[i])
            d++;
    return d;
}

/* The fewest binary places that all values need; BINARY_MAX: too many. */
static unsigned binary_places(const double *v, size_t n)
{
    int most = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t b = bits_of(v[i]), mantissa = b & ((UINT64_C(1) << 52) - 1);
        int exponent = (int)(b >> 52 & 0x7FF);
        if (exponent == 0) {
            if (mantissa != 0)
                return BINARY_MAX;
            continue;
        }
        int places = 1075 - exponent - __builtin_ctzll(mantissa | UINT64_C(1) << 52);
        most = places > most ? places : most;
    }
    return most < BINARY_MAX ? (unsigned)most : BINARY_MAX;
}

static uint8_t *pack_bits(uint8_t *out, const double *v, size_t n)
{
    int64_t k[PACK_CHUNK];
    memcpy(k, v, n * sizeof *v);
    return ints_pack_chunk(out, k, n);
}

/* A chunk without specials; its numbers go to `out`, how they are to be read to *mode. */
static uint8_t *pack_plain(uint8_t *mode, uint8_t *out, const double *v, size_t n)
{
    uint8_t *end = NULL;
    for (unsigned d = guess_decimals(v, n); !end && d < DECIMALS; d++) {
        *mode = (uint8_t)(1 + d);
        end = try_whole(out, v, n, tens[d]);
    }
    unsigned b = end ? BINARY_MAX : binary_places(v, n);
    if (b < BINARY_MAX) {
        *mode = (uint8_t)(PACK_BINARY + b);
        end = try_whole(out, v, n, ldexp(1, (int)b));
    }
    if (!end)
        *mode = PACK_BITS;
    return end ? end : pack_bits(out, v, n);
}

static bool special(double v)
{
    uint64_t b = bits_of(v);
    return (b >> 52 & 0x7FF) == 0x7FF || b == UINT64_C(1) << 63;
}

WIDE(bool, any_special, (const double *v, size_t n), (v, n))
{
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t b = bits_of(v[i]), size = b & (UINT64_MAX >> 1);
        found |= (UINT64_C(0x7FEFFFFFFFFFFFFF) - size) | ((size - 1) & b); /* the top bit: not finite; minus zero */
    }
    return found >> 63 != 0;
}

/* Writes the specials and the chunk with neighbours in their place; NULL when they are too many. */
static uint8_t *pack_around(uint8_t *mode, uint8_t *out, const double *v, size_t n)
{
    double clean[PACK_CHUNK];
    uint8_t list[PACK_SPECIALS * 14], *put = list;
    size_t count = 0, behind = 0;
    double last = 0;
    for (size_t i = 0; i < n; i++) /* the first clean value stands in for specials at the start */
        if (!special(v[i])) {
            last = v[i];
            break;
        }
    for (size_t i = 0; i < n;) {
        if (!special(v[i])) {
            clean[i] = last = v[i];
            i++;
            continue;
        }
        if (count++ == PACK_SPECIALS)
            return NULL;
        uint64_t b = bits_of(v[i]);
        put = put_varint(put, i - behind);
        size_t alike = 0;
        for (; i < n && bits_of(v[i]) == b; alike++)
            clean[i++] = last;
        put = put_varint(put, alike);
        memcpy(put, &b, 8);
        put += 8;
        behind = i;
    }
    out = put_varint(out, count);
    memcpy(out, list, (size_t)(put - list));
    uint8_t *end = pack_plain(mode, out + (put - list), clean, n);
    *mode |= SPECIALS;
    return end;
}

static uint8_t *pack_chunk(uint8_t *out, const double *v, size_t n)
{
    uint8_t *mode = out++;
    unsigned d = guess_decimals(v, n);
    uint8_t *end = d < DECIMALS ? try_whole(out, v, n, tens[d]) : NULL;
    *mode = (uint8_t)(1 + d);
    if (end) /* nearly always; specials are no whole numbers */
        return end;
    end = any_special(v, n) ? pack_around(mode, out, v, n) : pack_plain(mode, out, v, n);
    if (end)
        return end;
    *mode = PACK_BITS;
    return pack_bits(out, v, n);
}

uint8_t *pack_values(uint8_t *out, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i += PACK_CHUNK)
        out = pack_chunk(out, v + i, n - i < PACK_CHUNK ? n - i : PACK_CHUNK);
    return out;
}

/* ---- Unpacking ---------------------------------------------------------------------------------------------- */

struct special_run {
    size_t from, n;
    uint64_t bits;
};

static size_t read_specials(struct bytes *in, size_t n, struct special_run *runs)
{
    uint64_t count = bytes_varint(in), at = 0;
    if (count > PACK_SPECIALS) {
        in->bad = true;
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t gap = bytes_varint(in), alike = bytes_varint(in);
        const uint8_t *bits = bytes_take(in, 8);
        if (!bits || gap > n || alike > n || at + gap + alike > n) {
            in->bad = true;
            return 0;
        }
        runs[i] = (struct special_run){.from = at + gap, .n = alike};
        memcpy(&runs[i].bits, bits, 8);
        at += gap + alike;
    }
    return (size_t)count;
}

static void unpack_chunk(struct bytes *in, double *v, size_t n)
{
    struct special_run runs[PACK_SPECIALS];
    int64_t k[PACK_CHUNK];
    unsigned mode = bytes_u8(in);
    size_t n_runs = mode & SPECIALS ? read_specials(in, n, runs) : 0;
    mode &= SPECIALS - 1;
    ints_unpack_chunk(in, k, n);
    if (mode == PACK_BITS) {
        memcpy(v, k, n * sizeof *v);
    } else if (mode < PACK_BINARY) {
        double p = tens[mode - 1];
        for (size_t i = 0; i < n; i++)
            v[i] = (double)k[i] / p;
    } else {
        double p = ldexp(1, -(int)(mode - PACK_BINARY));
        for (size_t i = 0; i < n; i++)
            v[i] = (double)k[i] * p;
    }
    for (size_t r = 0; r < n_runs; r++)
        for (size_t i = 0; i < runs[r].n; i++)
            v[runs[r].from + i] = of_bits(runs[r].bits);
}

void unpack_values(struct bytes *in, double *v, size_t n)
{
    for (size_t i = 0; i < n; i += PACK_CHUNK)
        unpack_chunk(in, v + i, n - i < PACK_CHUNK ? n - i : PACK_CHUNK);
}
