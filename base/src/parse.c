#include "lectern/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lectern/err.h"

static const int64_t ns_per_ms = 1000000;
static const int64_t duration_max_ns = INT64_C(366) * 24 * 3600 * 1000000000;

int lec_parse_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
    const char *digits = text + (*text == '-' || *text == '+');
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    const char *first = hex ? digits + 2 : digits;
    size_t n = strspn(first, hex ? "0123456789abcdefABCDEF" : "0123456789");
    if (n == 0 || first[n] != '\0')
        return LEC_E_RANGE;
    errno = 0;
    long long v = strtoll(text, NULL, hex ? 16 : 10);
    if (errno || v < min || v > max)
        return LEC_E_RANGE;
    *out = v;
    return 0;
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

int lec_parse_float(const char *text, double *out)
{
    size_t n = strspn(text, "0123456789+-.eE");
    if (n == 0 || text[n] != '\0')
        return LEC_E_RANGE;
    pthread_once(&c_locale_once, make_c_locale);
    char *end;
    double v = c_locale ? strtod_l(text, &end, c_locale) : strtod(text, &end);
    if (*end != '\0' || !isfinite(v))
        return LEC_E_RANGE;
    *out = v;
    return 0;
}

int lec_parse_bool(const char *text, bool *out)
{
    static const char *const yes[] = {"true", "on", "yes", "1"};
    static const char *const no[] = {"false", "off", "no", "0"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (strcasecmp(text, yes[i]) == 0) {
            *out = true;
            return 0;
        }
        if (strcasecmp(text, no[i]) == 0) {
            *out = false;
            return 0;
        }
    }
    return LEC_E_RANGE;
}

static const struct {
    const char *name;
    int64_t ns;
} duration_units[] = {
    {"h", INT64_C(3600000000000)}, {"min", INT64_C(60000000000)}, {"s", INT64_C(1000000000)},
    {"ms", INT64_C(1000000)},      {"us", INT64_C(1000)},
};

int lec_parse_duration(const char *text, int64_t *out_ns)
{
    if (strcmp(text, "0") == 0) {
        *out_ns = 0;
        return 0;
    }
    char number[24];
    size_t n = strspn(text, "0123456789.");
    if (n == 0 || n >= sizeof number)
        return LEC_E_RANGE;
    memcpy(number, text, n);
    number[n] = '\0';
    double v;
    if (lec_parse_float(number, &v) < 0)
        return LEC_E_RANGE;
    for (size_t i = 0; i < ARRAY_LEN(duration_units); i++) {
        if (strcmp(text + n, duration_units[i].name) != 0)
            continue;
        double ns = v * (double)duration_units[i].ns;
        if (ns > (double)duration_max_ns)
            return LEC_E_RANGE;
        *out_ns = (int64_t)llround(ns);
        return 0;
    }
    return LEC_E_RANGE;
}

const char *lec_print_duration(int64_t ns, char *buf, size_t size)
{
    for (size_t i = 0; i < ARRAY_LEN(duration_units); i++) {
        if (ns == 0 || ns % duration_units[i].ns != 0)
            continue;
        snprintf(buf, size, "%" PRId64 "%s", ns / duration_units[i].ns, duration_units[i].name);
        return buf;
    }
    if (ns == 0)
        snprintf(buf, size, "0");
    else
        snprintf(buf, size, "%.6gms", (double)ns / (double)ns_per_ms);
    return buf;
}

/* A number at the start of `text`, without sign; *rest is what follows it. */
static int leading_number(const char *text, double *out, const char **rest)
{
    char number[24];
    size_t n = strspn(text, "0123456789.");
    if (n == 0 || n >= sizeof number)
        return LEC_E_RANGE;
    memcpy(number, text, n);
    number[n] = '\0';
    *rest = text + n;
    return lec_parse_float(number, out);
}

int lec_parse_rate(const char *text, double *out_hz)
{
    static const struct {
        const char *name;
        double hz;
    } units[] = {{"Hz", 1}, {"kHz", 1000}, {"MHz", 1e6}, {"/s", 1}, {"/min", 1.0 / 60}, {"/h", 1.0 / 3600}};
    const double most = 1e6, least = 1e9 / (double)duration_max_ns;
    double v, hz = 0;
    const char *unit;
    int64_t ns;
    if (lec_parse_duration(text, &ns) == 0) {
        hz = ns > 0 ? 1e9 / (double)ns : 0;
    } else if (leading_number(text, &v, &unit) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(units); i++)
            if (strcmp(unit, units[i].name) == 0)
                hz = v * units[i].hz;
    }
    if (hz < least || hz > most)
        return LEC_E_RANGE;
    *out_hz = hz;
    return 0;
}

const char *lec_print_rate(double hz, char *buf, size_t size)
{
    double ms = 1000 / hz;
    if (hz < 1 && fabs(ms - nearbyint(ms)) < 1e-6 * ms)
        return lec_print_duration(llround(ms) * ns_per_ms, buf, size);
    snprintf(buf, size, "%.6gHz", hz);
    return buf;
}

int lec_parse_size(const char *text, int64_t *out)
{
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"B", 1},      {"kB", 1e3},          {"MB", 1e6},
                 {"GB", 1e9},   {"TB", 1e12},         {"KB", 1e3},
                 {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024.0 * 1024 * 1024}};
    const char *unit;
    double v;
    if (leading_number(text, &v, &unit) < 0)
        return LEC_E_RANGE;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strcmp(unit, units[i].name) != 0)
            continue;
        if (v * units[i].bytes > 9007199254740992.0)
            return LEC_E_RANGE;
        *out = llround(v * units[i].bytes);
        return 0;
    }
    return LEC_E_RANGE;
}

int lec_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int lec_unescape(const char *text, unsigned char *out, size_t size)
{
    static const char letters[] = "rnt0e\\s";
    static const char bytes[] = "\r\n\t\0\x1b\\ ";
    size_t n = 0;
    for (const char *p = text; *p; p++, n++) {
        if (n >= size)
            return LEC_E_RANGE;
        if (*p != '\\') {
            out[n] = (unsigned char)*p;
            continue;
        }
        p++;
        const char *at = *p ? strchr(letters, *p) : NULL;
        if (at) {
            out[n] = (unsigned char)bytes[at - letters];
        } else if (*p == 'x') {
            int hi = lec_hex_digit(p[1]);
            int lo = hi < 0 ? -1 : lec_hex_digit(p[2]);
            if (lo < 0)
                return LEC_E_RANGE;
            out[n] = (unsigned char)(hi * 16 + lo);
            p += 2;
        } else {
            return LEC_E_RANGE;
        }
    }
    return (int)n;
}

size_t lec_utf8_char(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

bool lec_copy_utf8(char *out, size_t size, const char *text, size_t len)
{
    size_t n = len < size ? len : 0;
    while (n < len) {
        size_t step = lec_utf8_char(text + n, len - n);
        if (step == 0)
            step = 1; /* not UTF-8: bytes are kept, checking is lec_is_utf8's work */
        if (n + step > size - 1)
            break;
        n += step;
    }
    memmove(out, text, n);
    out[n] = '\0';
    return n == len;
}

bool lec_copy_text(char *out, size_t size, const char *text)
{
    return lec_copy_utf8(out, size, text, strlen(text));
}

bool lec_is_utf8(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)text[i];
        size_t n = lec_utf8_char(text + i, len - i);
        if (n == 0 || c == 0x7F || (c < 0x20 && c != '\t'))
            return false;
        i += n;
    }
    return true;
}

#define EDIT_MAX 64

unsigned lec_edits(const char *a, const char *b)
{
    unsigned rows[3][EDIT_MAX + 1];
    size_t la = strnlen(a, EDIT_MAX), lb = strnlen(b, EDIT_MAX);
    for (size_t j = 0; j <= lb; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned *now = rows[i % 3], *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_above[j - 2] + 1 < best)
                best = two_above[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[la % 3][lb];
}

const char *lec_nearest(const char *name, const char *const candidates[], size_t n)
{
    const char *best = NULL;
    unsigned best_edits = (unsigned)strlen(name) / 3 + 1;
    for (size_t i = 0; i < n; i++) {
        if (!candidates[i])
            continue;
        unsigned d = lec_edits(name, candidates[i]);
        if (d < best_edits || (d == best_edits && !best)) {
            best_edits = d;
            best = candidates[i];
        }
    }
    return best;
}
