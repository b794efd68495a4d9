#include "number.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lectern/clock.h"
#include "lectern/parse.h"

__extension__ typedef unsigned __int128 u128;

static const uint64_t tens[20] = {1u,
                                  10u,
                                  100u,
                                  1000u,
                                  10000u,
                                  100000u,
                                  1000000u,
                                  10000000u,
                                  100000000u,
                                  1000000000u,
                                  10000000000u,
                                  100000000000u,
                                  1000000000000u,
                                  10000000000000u,
                                  100000000000000u,
                                  1000000000000000u,
                                  10000000000000000u,
                                  100000000000000000u,
                                  1000000000000000000u,
                                  10000000000000000000u};

size_t lab_integer(char out[LAB_NUMBER], uint64_t v)
{
    char text[20];
    size_t n = 0;
    do
        text[n++] = (char)('0' + v % 10);
    while (v /= 10);
    for (size_t i = 0; i < n; i++)
        out[i] = text[n - 1 - i];
    return n;
}

/* Finds the shortest decimal q * 10^(j - p) between the two midpoints to the neighbours of m * 2^e, the nearest to it if
 * there are several. All in exact integers: e2 = e + 52 is in -16..52, so that 10^p stays below 2^70 and every product
 * below 2^126. */
static uint64_t shortest(uint64_t m, int e2, int *exponent)
{
    int p = 22 - ((e2 + 20) * 1233 >> 12); /* 1233/4096 = log10 2: the number times 10^p has 16 to 18 digits */
    u128 ten = p <= 19 ? (u128)tens[p] : (u128)tens[19] * tens[p - 19];
    unsigned shift = (unsigned)(54 - e2);
    u128 ones = ((u128)1 << shift) - 1;
    bool narrow = m == UINT64_C(1) << 52; /* the neighbour below is only half as far */
    u128 below = (4 * (u128)m - (narrow ? 1 : 2)) * ten, above = (4 * (u128)m + 2) * ten, here = 4 * (u128)m * ten;
    bool even = m % 2 == 0; /* a reader rounds a midpoint to the even one */
    uint64_t low = (uint64_t)(below >> shift), high = (uint64_t)(above >> shift), at = (uint64_t)(here >> shift);
    if ((below & ones) != 0 || !even)
        low++;
    if ((above & ones) == 0 && !even)
        high--;
    int j = 0;
    for (uint64_t l = (low + 9) / 10, h = high / 10; l <= h; l = (l + 9) / 10, h /= 10) {
        low = l;
        high = h;
        j++;
    }
    uint64_t q;
    if (j == 0)
        q = at + ((here & ones) > ones / 2);
    else
        q = at / tens[j] + (at % tens[j] >= tens[j] / 2);
    *exponent = j - p;
    return q < low ? low : q > high ? high : q;
}

/* Digits and a power of ten without an exponent: 1234, -2 gives "12.34". */
static size_t put_plain(char *out, uint64_t q, int exponent, char point)
{
    char digits[LAB_NUMBER];
    int n = (int)lab_integer(digits, q), before = n + exponent, at = 0;
    if (before <= 0) {
        out[at++] = '0';
        out[at++] = point;
        for (; before < 0; before++)
            out[at++] = '0';
        memcpy(out + at, digits, (size_t)n);
        return (size_t)(at + n);
    }
    if (before < n) {
        memcpy(out, digits, (size_t)before);
        out[before] = point;
        memcpy(out + before + 1, digits + before, (size_t)(n - before));
        return (size_t)(n + 1);
    }
    memcpy(out, digits, (size_t)n);
    for (at = n; at < before; at++)
        out[at] = '0';
    return (size_t)at;
}

/* What is too small or too large for 128 bits: the C library, as often as it takes. */
static size_t put_rare(char *out, double v, char point)
{
    char text[LAB_NUMBER];
    for (int digits = v < DBL_MIN ? 1 : 15; digits <= 17; digits++) { /* 15 always come back, but for subnormal ones */
        snprintf(text, sizeof text, "%.*e", digits - 1, v);
        double back;
        if (lec_parse_float(text, &back) == 0 && back == v)
            break;
    }
    char *e = strchr(text, 'e');
    size_t mantissa = (size_t)(e - text), n = mantissa;
    if (memchr(text, '.', mantissa)) {
        while (text[n - 1] == '0')
            n--;
        if (text[n - 1] == '.')
            n--;
    }
    memcpy(out, text, n);
    char *dot = memchr(out, '.', n);
    if (dot)
        *dot = point;
    size_t rest = strlen(e);
    memcpy(out + n, e, rest);
    return n + rest;
}

size_t lab_number(char out[LAB_NUMBER], double v, char point)
{
    if (!isfinite(v))
        return 0;
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    int e2 = (int)(bits >> 52 & 0x7ff) - 1023;
    size_t sign = bits >> 63;
    if (sign)
        out[0] = '-';
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    if (e2 >= -16 && e2 <= 52) {
        int exponent;
        uint64_t q = shortest(fraction | UINT64_C(1) << 52, e2, &exponent);
        return sign + put_plain(out + sign, q, exponent, point);
    }
    if (v == 0) {
        out[sign] = '0';
        return sign + 1;
    }
    return sign + put_rare(out + sign, fabs(v), point);
}

size_t lab_seconds(char out[LAB_NUMBER], int64_t ns, char point)
{
    uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    size_t n = 0;
    if (ns < 0)
        out[n++] = '-';
    uint64_t whole = u / UINT64_C(1000000000), rest = u % UINT64_C(1000000000);
    n += lab_integer(out + n, whole);
    if (rest == 0)
        return n;
    out[n++] = point;
    for (uint64_t place = 100000000; rest > 0; place /= 10) {
        out[n++] = (char)('0' + rest / place);
        rest %= place;
    }
    return n;
}

int64_t lab_floor_us(int64_t ns)
{
    int64_t us = ns / 1000;
    return ns % 1000 < 0 ? us - 1 : us;
}

int64_t lab_wall(int64_t start_us, int64_t t_ns, int64_t correction_us)
{
    return (int64_t)((uint64_t)start_us + (uint64_t)lab_floor_us(t_ns) + (uint64_t)correction_us);
}

static bool set_second(struct lab_clock *c, int64_t second)
{
    time_t when = (time_t)second;
    struct tm tm;
    if (!localtime_r(&when, &tm) || tm.tm_year < 1 - 1900 || tm.tm_year > 9999 - 1900)
        return false;
    long offset = tm.tm_gmtoff, away = offset < 0 ? -offset : offset;
    int head = snprintf(c->head, sizeof c->head, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)(tm.tm_year + 1900) % 10000,
                        (unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
                        (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
    int zone = snprintf(c->zone, sizeof c->zone, "%c%02u:%02u", offset < 0 ? '-' : '+', (unsigned)(away / 3600) % 100,
                        (unsigned)(away / 60) % 60);
    c->head_n = (size_t)head;
    c->zone_n = (size_t)zone;
    c->second = second;
    c->offset = offset;
    return true;
}

size_t lab_stamp(struct lab_clock *c, char out[LAB_STAMP], int64_t us)
{
    int64_t second = us / 1000000, part = us % 1000000;
    if (part < 0) {
        part += 1000000;
        second--;
    }
    out[0] = '\0';
    if ((c->head_n == 0 || second != c->second) && !set_second(c, second))
        return 0;
    size_t n = c->head_n;
    memcpy(out, c->head, n);
    out[n++] = '.';
    for (int64_t place = 100000; place > 0; place /= 10)
        out[n++] = (char)('0' + part / place % 10);
    memcpy(out + n, c->zone, c->zone_n);
    n += c->zone_n;
    out[n] = '\0';
    return n;
}

bool lab_local(struct lab_clock *c, int64_t us, int64_t *local_us)
{
    char text[LAB_STAMP];
    if (lab_stamp(c, text, us) == 0)
        return false;
    *local_us = us + c->offset * INT64_C(1000000);
    return true;
}
