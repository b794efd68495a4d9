#include "lectern/buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/parse.h"

void lec_buf_init(struct lec_buf *b, size_t max)
{
    *b = (struct lec_buf){.max = max};
}

void lec_buf_done(struct lec_buf *b)
{
    free(b->data);
    lec_buf_init(b, b->max);
}

void lec_buf_clear(struct lec_buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = '\0';
}

bool lec_buf_grow(struct lec_buf *b, size_t n)
{
    if (b->failed || n > b->max || b->len > b->max - n) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + n + 1;
    if (need <= b->size)
        return true;
    size_t size = b->size ? b->size : 256;
    while (size < need)
        size *= 2;
    if (size - 1 > b->max)
        size = b->max + 1;
    char *data = realloc(b->data, size);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->size = size;
    return true;
}

void lec_buf_printf(struct lec_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    char small[256];
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n < sizeof small) {
        lec_buf_put(b, small, (size_t)n);
    } else if (lec_buf_reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

static bool is_plain_ascii(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Bytes of `s` that stand in a string as they are: well-formed UTF-8 up to the first character to be escaped. */
static size_t plain(const char *s)
{
    for (size_t n = 0;;) {
        while (is_plain_ascii((unsigned char)s[n]))
            n++;
        bool ascii = (unsigned char)s[n] < 0x80;
        size_t more = ascii ? 0 : lec_utf8_char(s + n, strnlen(s + n, LEC_UTF8_MAX));
        if (more == 0)
            return n;
        n += more;
    }
}

void lec_json_str(struct lec_buf *b, const char *s)
{
    lec_buf_putc(b, '"');
    for (;; s++) {
        size_t n = plain(s);
        lec_buf_put(b, s, n);
        s += n;
        unsigned char c = (unsigned char)*s;
        if (c == '\0')
            break;
        if (c >= 0x80)
            lec_buf_puts(b, "\xEF\xBF\xBD");
        else if (c < 0x20)
            lec_buf_printf(b, "\\u%04x", c);
        else
            lec_buf_put(b, (const char[]){'\\', *s}, 2);
    }
    lec_buf_putc(b, '"');
}

void lec_json_int(struct lec_buf *b, int64_t i)
{
    char text[24];
    char *p = text + sizeof text;
    uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (i < 0)
        *--p = '-';
    lec_buf_put(b, p, (size_t)(text + sizeof text - p));
}

/* Most measured values have few decimals: written as an integer and a power of ten, checked to read back the
 * same. */
static bool put_short_decimal(struct lec_buf *b, double f)
{
    static const double scales[] = {1, 10, 100, 1000, 10000};
    for (unsigned d = 0; d < ARRAY_LEN(scales); d++) {
        double scaled = f * scales[d];
        if (fabs(scaled) > 1e15)
            return false;
        double whole = nearbyint(scaled);
        if (whole / scales[d] != f)
            continue;
        int64_t i = (int64_t)fabs(whole);
        if (signbit(f))
            lec_buf_putc(b, '-');
        int64_t unit = (int64_t)scales[d];
        lec_json_int(b, i / unit);
        char part[8];
        size_t n = 0;
        part[n++] = '.';
        int64_t rest = i % unit;
        for (int64_t place = unit / 10; place > 0; place /= 10)
            part[n++] = (char)('0' + rest / place % 10);
        if (n == 1)
            part[n++] = '0';
        lec_buf_put(b, part, n);
        return true;
    }
    return false;
}

void lec_json_float(struct lec_buf *b, double f)
{
    if (!isfinite(f)) {
        lec_buf_puts(b, "null");
        return;
    }
    if (put_short_decimal(b, f))
        return;
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, f);
        double back;
        if (lec_parse_float(text, &back) == 0 && back == f)
            break;
    }
    lec_buf_puts(b, text);
}

void lec_json_bool(struct lec_buf *b, bool v)
{
    lec_buf_puts(b, v ? "true" : "false");
}

void lec_json_value(struct lec_buf *b, const struct lec_value *v)
{
    switch (v->type) {
    case LEC_NONE:
        lec_buf_puts(b, "null");
        break;
    case LEC_BOOL:
        lec_json_bool(b, v->b);
        break;
    case LEC_INT:
        lec_json_int(b, v->i);
        break;
    case LEC_FLOAT:
        lec_json_float(b, v->f);
        break;
    case LEC_ENUM:
    case LEC_TEXT:
        lec_json_str(b, v->s);
        break;
    }
}

void lec_json_next(struct lec_buf *b)
{
    if (b->len == 0)
        return;
    char last = b->data[b->len - 1];
    if (last != '{' && last != '[')
        lec_buf_putc(b, ',');
}

void lec_json_key(struct lec_buf *b, const char *key)
{
    lec_json_next(b);
    lec_buf_putc(b, '"');
    lec_buf_puts(b, key);
    lec_buf_put(b, "\":", 2);
}
