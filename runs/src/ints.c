#include "ints.h"

#include <string.h>

#include "wide.h"

/* What the numbers of a chunk need: `any` is 0 when all are 0, `size` the or of their magnitudes. */
struct need {
    uint64_t any, size;
};

static unsigned width_code(struct need need)
{
    if (need.any == 0)
        return 0;
    return need.size < 0x80 ? 1 : need.size < 0x8000 ? 2 : need.size < 0x80000000u ? 3 : 4;
}

static const size_t widths[] = {0, 1, 2, 4, 8};

static struct need need64(const int64_t *x, size_t n)
{
    struct need need = {0};
    for (size_t i = 0; i < n; i++) {
        need.any |= (uint64_t)x[i];
        need.size |= (uint64_t)(x[i] ^ (x[i] >> 63));
    }
    return need;
}

static int64_t minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static void differences(const int64_t *v, size_t n, int64_t *d)
{
    for (size_t i = 1; i < n; i++)
        d[i - 1] = minus(v[i], v[i - 1]);
}

static uint8_t *narrow64(uint8_t *out, const int64_t *x, size_t n, unsigned code)
{
    size_t width = widths[code];
    for (size_t i = 0; i < n; i++) /* the low bytes come first */
        memcpy(out + i * width, x + i, width);
    return out + n * width;
}

uint8_t *ints_pack_chunk(uint8_t *out, const int64_t *v, size_t n)
{
    int64_t order[3][INTS_CHUNK], base = v[0], high = v[0];
    for (size_t i = 0; i < n; i++) {
        base = v[i] < base ? v[i] : base;
        high = v[i] > high ? v[i] : high;
    }
    base = (uint64_t)high - (uint64_t)base < (UINT64_C(1) << 62) ? plus(base, minus(high, base) / 2 + 1) : 0;
    for (size_t i = 0; i < n; i++)
        order[0][i] = minus(v[i], base);
    differences(v, n, order[1]);
    differences(order[1], n - 1, order[2]);
    static const unsigned tried[] = {1, 2, 0}; /* the first of those that are as narrow */
    unsigned best = 0, code = 5;
    for (size_t k = 0; k < 3; k++) {
        unsigned o = tried[k], c = width_code(need64(order[o], n > o ? n - o : 0));
        if (c < code) {
            best = o;
            code = c;
        }
    }
    *out++ = (uint8_t)(best * 16 + code);
    out = put_zigzag(out, best == 0 ? base : v[0]);
    if (best == 2 && n > 1)
        out = put_zigzag(out, order[1][0]);
    return narrow64(out, order[best], n > best ? n - best : 0, code);
}

/* ---- 32 bits: loops that a compiler turns into vector code --------------------------------------------------- */

/* The differences of v, and what they need. */
WIDE(struct need, differences32, (const int32_t *v, size_t n, int32_t *d), (v, n, d))
{
    uint32_t any = 0, size = 0;
    for (size_t i = 1; i < n; i++) {
        int32_t x = v[i] - v[i - 1];
        d[i - 1] = x;
        any |= (uint32_t)x;
        size |= (uint32_t)(x ^ (x >> 31));
    }
    return (struct need){any, size};
}

WIDE(int32_t, middle32, (const int32_t *v, size_t n), (v, n))
{
    int32_t low = v[0], high = v[0];
    for (size_t i = 0; i < n; i++) {
        low = v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
    }
    return low + (high - low) / 2 + (high > low);
}

WIDE(struct need, offsets32, (const int32_t *v, size_t n, int32_t base, int32_t *d), (v, n, base, d))
{
    uint32_t any = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t x = v[i] - base;
        d[i] = x;
        any |= (uint32_t)x;
        size |= (uint32_t)(x ^ (x >> 31));
    }
    return (struct need){any, size};
}

WIDE(uint8_t *, narrow8, (uint8_t * out, const int32_t *x, size_t n), (out, x, n))
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)x[i];
    return out + n;
}

WIDE(uint8_t *, narrow16, (uint8_t * out, const int32_t *x, size_t n), (out, x, n))
{
    uint16_t half[INTS_CHUNK];
    for (size_t i = 0; i < n; i++)
        half[i] = (uint16_t)x[i];
    memcpy(out, half, n * 2);
    return out + n * 2;
}

static uint8_t *narrow32(uint8_t *out, const int32_t *x, size_t n, unsigned code)
{
    if (code == 1)
        return narrow8(out, x, n);
    if (code == 2)
        return narrow16(out, x, n);
    if (code == 3)
        memcpy(out, x, n * 4);
    return out + n * widths[code];
}

uint8_t *ints_pack_chunk32(uint8_t *out, const int32_t *v, size_t n)
{
    int32_t d[INTS_CHUNK], offset[INTS_CHUNK];
    unsigned code = width_code(differences32(v, n, d));
    if (code > 1) { /* noise is wider in its differences than in itself */
        int32_t base = middle32(v, n);
        unsigned direct = width_code(offsets32(v, n, base, offset));
        if (direct < code) {
            *out++ = (uint8_t)direct;
            return narrow32(put_zigzag(out, base), offset, n, direct);
        }
    }
    *out++ = (uint8_t)(16 + code);
    return narrow32(put_zigzag(out, v[0]), d, n - 1, code);
}

/* ---- Unpacking ---------------------------------------------------------------------------------------------- */

static void widen(const uint8_t *at, int64_t *v, size_t n, unsigned code)
{
    switch (code) {
    case 0:
        memset(v, 0, n * sizeof *v);
        break;
    case 1:
        for (size_t i = 0; i < n; i++)
            v[i] = (int8_t)at[i];
        break;
    case 2:
        for (size_t i = 0; i < n; i++) {
            int16_t x;
            memcpy(&x, at + i * 2, 2);
            v[i] = x;
        }
        break;
    case 3:
        for (size_t i = 0; i < n; i++) {
            int32_t x;
            memcpy(&x, at + i * 4, 4);
            v[i] = x;
        }
        break;
    default:
        memcpy(v, at, n * 8);
        break;
    }
}

/* v[0] is set, the rest are differences. */
static void add_up(int64_t *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        v[i] = plus(v[i], v[i - 1]);
}

void ints_unpack_chunk(struct bytes *in, int64_t *v, size_t n)
{
    unsigned head = bytes_u8(in), order = head >> 4, code = head & 15;
    int64_t first = bytes_zigzag(in), second = order == 2 && n > 1 ? bytes_zigzag(in) : 0;
    size_t kept = order < n ? order : n;
    if (order > 2 || code >= sizeof widths / sizeof *widths)
        in->bad = true;
    const uint8_t *rest = bytes_take(in, in->bad ? 0 : (n - kept) * widths[code]);
    if (!rest || in->bad) {
        in->bad = true;
        memset(v, 0, n * sizeof *v);
        return;
    }
    widen(rest, v + kept, n - kept, code);
    if (order == 0) {
        for (size_t i = 0; i < n; i++)
            v[i] = plus(v[i], first);
        return;
    }
    v[0] = first;
    if (order == 2 && n > 1) {
        v[1] = second;
        add_up(v + 1, n - 1);
    }
    add_up(v, n);
}

uint8_t *ints_pack(uint8_t *out, const int64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i += INTS_CHUNK)
        out = ints_pack_chunk(out, v + i, n - i < INTS_CHUNK ? n - i : INTS_CHUNK);
    return out;
}

void ints_unpack(struct bytes *in, int64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i += INTS_CHUNK)
        ints_unpack_chunk(in, v + i, n - i < INTS_CHUNK ? n - i : INTS_CHUNK);
}
