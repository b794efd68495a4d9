#include "form.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lectern/err.h"
#include "lectern/parse.h"

#define DIGITS_MAX 18 /* fits an int64_t whatever the digits are */

static const struct {
    const char *name;
    struct dlg_form form;
} fixed_forms[] = {
    {"dec", {.kind = DLG_DEC, .is_signed = true}},
    {"hex", {.kind = DLG_HEX}},
    {"number", {.kind = DLG_NUMBER, .is_signed = true, .decimals = 255}},
    {"text", {.kind = DLG_TEXT}},
    {"word", {.kind = DLG_WORD}},
    {"byte", {.kind = DLG_BINARY, .width = 1}},
    {"sbyte", {.kind = DLG_BINARY, .width = 1, .is_signed = true}},
    {"u16le", {.kind = DLG_BINARY, .width = 2}},
    {"u16be", {.kind = DLG_BINARY, .width = 2, .big = true}},
    {"s16le", {.kind = DLG_BINARY, .width = 2, .is_signed = true}},
    {"s16be", {.kind = DLG_BINARY, .width = 2, .big = true, .is_signed = true}},
    {"u24be", {.kind = DLG_BINARY, .width = 3, .big = true}},
    {"u32le", {.kind = DLG_BINARY, .width = 4}},
    {"u32be", {.kind = DLG_BINARY, .width = 4, .big = true}},
    {"s32le", {.kind = DLG_BINARY, .width = 4, .is_signed = true}},
    {"s32be", {.kind = DLG_BINARY, .width = 4, .big = true, .is_signed = true}},
};

static const struct {
    const char *name; /* a number from min to max follows */
    int min, max;
    struct dlg_form form;
} sized_forms[] = {
    {"dec", 1, 12, {.kind = DLG_DEC}},
    {"pad", 1, 12, {.kind = DLG_DEC, .spaces = true}},
    {"hex", 1, 8, {.kind = DLG_HEX}},
    {"lhex", 1, 8, {.kind = DLG_HEX, .lower = true}},
    {"fix", 0, 6, {.kind = DLG_NUMBER, .is_signed = true}},
    {"nibbles", 1, 8, {.kind = DLG_NIBBLES, .big = true}},
    {"snibbles", 1, 8, {.kind = DLG_NIBBLES, .big = true, .is_signed = true}},
    {"nul", 1, 64, {.kind = DLG_NULS}},
};

bool dlg_form_parse(const char *word, struct dlg_form *out)
{
    for (size_t i = 0; i < ARRAY_LEN(fixed_forms); i++) {
        if (strcmp(word, fixed_forms[i].name) == 0) {
            *out = fixed_forms[i].form;
            return true;
        }
    }
    size_t letters = strcspn(word, "0123456789");
    for (size_t i = 0; i < ARRAY_LEN(sized_forms); i++) {
        int64_t n;
        if (strlen(sized_forms[i].name) != letters || strncmp(word, sized_forms[i].name, letters) != 0 ||
            lec_parse_int(word + letters, sized_forms[i].min, sized_forms[i].max, &n) < 0)
            continue;
        *out = sized_forms[i].form;
        if (out->kind == DLG_NUMBER)
            out->decimals = (uint8_t)n;
        else
            out->width = (uint8_t)n;
        return true;
    }
    return false;
}

bool dlg_form_is_hex(const struct dlg_form *form)
{
    return form->kind == DLG_HEX || form->kind == DLG_BINARY || form->kind == DLG_NIBBLES;
}

bool dlg_form_is_text(const struct dlg_form *form)
{
    return form->kind == DLG_TEXT || form->kind == DLG_WORD || form->kind == DLG_NULS;
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

static int put_bytes(const void *data, size_t n, unsigned char *out, size_t room)
{
    if (n > room)
        return LEC_E_RANGE;
    memcpy(out, data, n);
    return (int)n;
}

/* The lowest `bits` of v as a number of that size would be written; false if v has no place in it. */
static bool fits(int64_t v, unsigned bits, bool is_signed, uint64_t *out)
{
    int64_t min = is_signed ? -(INT64_C(1) << (bits - 1)) : 0;
    int64_t max = is_signed ? (INT64_C(1) << (bits - 1)) - 1 : (INT64_C(1) << bits) - 1;
    if (v < min || v > max)
        return false;
    *out = (uint64_t)v & ((UINT64_C(1) << bits) - 1);
    return true;
}

static int put_decimal(const struct dlg_form *form, int64_t v, unsigned char *out, size_t room)
{
    char text[32];
    if (form->width == 0) {
        int n = snprintf(text, sizeof text, "%" PRId64, v);
        return put_bytes(text, (size_t)n, out, room);
    }
    if (v < 0)
        return LEC_E_RANGE;
    int n = form->spaces ? snprintf(text, sizeof text, "%*" PRId64, form->width, v)
                         : snprintf(text, sizeof text, "%0*" PRId64, form->width, v);
    return n == form->width ? put_bytes(text, (size_t)n, out, room) : LEC_E_RANGE;
}

static int put_hex(const struct dlg_form *form, int64_t v, unsigned char *out, size_t room)
{
    char text[32];
    if (v < 0)
        return LEC_E_RANGE;
    int n = form->lower ? snprintf(text, sizeof text, "%0*" PRIx64, form->width, (uint64_t)v)
                        : snprintf(text, sizeof text, "%0*" PRIX64, form->width, (uint64_t)v);
    return form->width == 0 || n == form->width ? put_bytes(text, (size_t)n, out, room) : LEC_E_RANGE;
}

static int put_number(const struct dlg_form *form, double v, unsigned char *out, size_t room)
{
    char text[48];
    if (!isfinite(v) || fabs(v) > 1e15)
        return LEC_E_RANGE;
    int n;
    if (form->decimals == 255)
        n = snprintf(text, sizeof text, "%.10g", v);
    else
        n = snprintf(text, sizeof text, "%.*f", form->decimals, v);
    for (char *p = text; *p; p++)
        if (*p == ',') /* some locales */
            *p = '.';
    return put_bytes(text, (size_t)n, out, room);
}

static int put_binary(const struct dlg_form *form, int64_t v, unsigned char *out, size_t room)
{
    unsigned step = form->kind == DLG_NIBBLES ? 4 : 8;
    uint64_t u;
    if (form->width > room || !fits(v, form->width * step, form->is_signed, &u))
        return LEC_E_RANGE;
    for (unsigned i = 0; i < form->width; i++) {
        unsigned place = form->big ? form->width - 1u - i : i;
        out[i] = (unsigned char)(u >> (place * step) & ((1u << step) - 1));
    }
    return form->width;
}

static int put_text(const struct dlg_form *form, const char *s, size_t n, unsigned char *out, size_t room)
{
    if (form->kind != DLG_NULS)
        return put_bytes(s, n, out, room);
    if (n > form->width || form->width > room)
        return LEC_E_RANGE;
    memset(out, 0, form->width);
    memcpy(out, s, n);
    return form->width;
}

int dlg_form_put(const struct dlg_form *form, const struct dlg_raw *raw, unsigned char *out, size_t room)
{
    if (raw->kind == DLG_RAW_TEXT)
        return put_text(form, raw->s, raw->n, out, room);
    double f = raw->kind == DLG_RAW_FLOAT ? raw->f : (double)raw->i;
    if (raw->kind == DLG_RAW_FLOAT && (!isfinite(f) || fabs(f) > 9e15))
        return LEC_E_RANGE;
    int64_t i = raw->kind == DLG_RAW_FLOAT ? (int64_t)llround(f) : raw->i;
    switch (form->kind) {
    case DLG_DEC:
        return put_decimal(form, i, out, room);
    case DLG_HEX:
        return put_hex(form, i, out, room);
    case DLG_BINARY:
    case DLG_NIBBLES:
        return put_binary(form, i, out, room);
    case DLG_NUMBER:
    case DLG_TEXT:
    case DLG_WORD:
    case DLG_NULS:
        break;
    }
    struct dlg_form as = *form;
    if (form->kind != DLG_NUMBER)
        as = (struct dlg_form){.kind = DLG_NUMBER, .decimals = 255};
    return raw->kind == DLG_RAW_INT && as.decimals == 255
               ? put_decimal(&(struct dlg_form){.kind = DLG_DEC, .is_signed = true}, i, out, room)
               : put_number(&as, f, out, room);
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(const unsigned char *data, size_t n)
{
    size_t k = 0;
    while (k < n && is_digit(data[k]))
        k++;
    return k;
}

/* Leading spaces and a sign. */
static size_t before_digits(const unsigned char *data, size_t n, bool sign)
{
    size_t k = 0;
    while (k < n && data[k] == ' ')
        k++;
    if (sign && k < n && (data[k] == '-' || data[k] == '+'))
        k++;
    return k;
}

static ssize_t take_decimal(const struct dlg_form *form, const unsigned char *data, size_t n)
{
    if (form->width == 0) {
        size_t k = before_digits(data, n, form->is_signed);
        size_t d = digits(data + k, n - k);
        return d > 0 && d <= DIGITS_MAX ? (ssize_t)(k + d) : -1;
    }
    if (n < form->width)
        return -1;
    size_t k = form->spaces ? before_digits(data, form->width, false) : 0;
    return k < form->width && digits(data + k, form->width - k) == form->width - k ? form->width : -1;
}

static ssize_t take_number(const unsigned char *data, size_t n)
{
    size_t k = before_digits(data, n, true);
    size_t whole = digits(data + k, n - k), part = 0;
    k += whole;
    if (k < n && data[k] == '.') {
        part = digits(data + k + 1, n - k - 1);
        k += 1 + part;
    }
    if (whole + part == 0)
        return -1;
    if (k + 1 < n && (data[k] == 'e' || data[k] == 'E')) {
        size_t e = k + 1 + (data[k + 1] == '-' || data[k + 1] == '+');
        size_t d = e < n ? digits(data + e, n - e) : 0;
        k = d > 0 ? e + d : k;
    }
    return k < 40 ? (ssize_t)k : -1;
}

static ssize_t take_hex(const struct dlg_form *form, const unsigned char *data, size_t n)
{
    size_t max = form->width ? form->width : 15, k = 0;
    while (k < n && k < max && lec_hex_digit((char)data[k]) >= 0)
        k++;
    return k > 0 && (form->width == 0 || k == form->width) ? (ssize_t)k : -1;
}

static ssize_t take_nibbles(const struct dlg_form *form, const unsigned char *data, size_t n)
{
    if (n < form->width)
        return -1;
    for (size_t i = 0; i < form->width; i++)
        if (data[i] > 15)
            return -1;
    return form->width;
}

static ssize_t take_word(const unsigned char *data, size_t n)
{
    size_t k = 0;
    while (k < n && data[k] > ' ')
        k++;
    return k > 0 ? (ssize_t)k : -1;
}

ssize_t dlg_form_take(const struct dlg_form *form, const unsigned char *data, size_t n)
{
    switch (form->kind) {
    case DLG_DEC:
        return take_decimal(form, data, n);
    case DLG_HEX:
        return take_hex(form, data, n);
    case DLG_NUMBER:
        return take_number(data, n);
    case DLG_BINARY:
    case DLG_NULS:
        return n >= form->width ? form->width : -1;
    case DLG_NIBBLES:
        return take_nibbles(form, data, n);
    case DLG_TEXT:
        return 0;
    case DLG_WORD:
        return take_word(data, n);
    }
    return -1;
}

static int get_decimal(const unsigned char *data, size_t n, struct dlg_raw *out)
{
    size_t k = before_digits(data, n, true);
    bool minus = k > 0 && data[k - 1] == '-';
    if (n - k > DIGITS_MAX)
        return LEC_E_RANGE;
    int64_t v = 0;
    for (; k < n; k++)
        v = v * 10 + (data[k] - '0');
    *out = (struct dlg_raw){.kind = DLG_RAW_INT, .i = minus ? -v : v};
    return 0;
}

static int get_number(const unsigned char *data, size_t n, struct dlg_raw *out)
{
    char text[48];
    size_t k = before_digits(data, n, false);
    if (n - k >= sizeof text)
        return LEC_E_RANGE;
    memcpy(text, data + k, n - k);
    text[n - k] = '\0';
    double f;
    if (lec_parse_float(text, &f) < 0)
        return LEC_E_RANGE;
    *out = (struct dlg_raw){.kind = DLG_RAW_FLOAT, .f = f};
    return 0;
}

static int64_t get_binary(const struct dlg_form *form, const unsigned char *data, size_t n)
{
    unsigned step = form->kind == DLG_NIBBLES ? 4 : 8, bits = (unsigned)n * step;
    uint64_t u = 0;
    for (size_t i = 0; i < n; i++)
        u = u << step | data[form->big ? i : n - 1 - i];
    if (form->is_signed && u >> (bits - 1))
        return (int64_t)u - (INT64_C(1) << bits);
    return (int64_t)u;
}

int dlg_form_get(const struct dlg_form *form, const unsigned char *data, size_t n, struct dlg_raw *out)
{
    switch (form->kind) {
    case DLG_DEC:
        return get_decimal(data, n, out);
    case DLG_NUMBER:
        return get_number(data, n, out);
    case DLG_HEX: {
        uint64_t u = 0;
        for (size_t i = 0; i < n; i++)
            u = u << 4 | (uint64_t)lec_hex_digit((char)data[i]);
        *out = (struct dlg_raw){.kind = DLG_RAW_INT, .i = (int64_t)u};
        return 0;
    }
    case DLG_BINARY:
    case DLG_NIBBLES:
        *out = (struct dlg_raw){.kind = DLG_RAW_INT, .i = get_binary(form, data, n)};
        return 0;
    case DLG_NULS:
        n = strnlen((const char *)data, n);
        break;
    case DLG_TEXT:
    case DLG_WORD:
        break;
    }
    *out = (struct dlg_raw){.kind = DLG_RAW_TEXT, .s = (const char *)data, .n = n};
    return 0;
}
