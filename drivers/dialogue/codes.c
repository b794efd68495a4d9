#include "codes.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lectern/parse.h"

#define CODES_MAX 96

/* ---- Compiling ----------------------------------------------------------------------------------------------- */

static bool parse_value(struct dlg_compiler *c, const struct lec_point *point, const struct lec_key *key,
                        const char *name, bool writes, struct lec_value *out)
{
    struct lec_err err;
    const char *const *names = writes && point->n_settable ? point->settable : point->choices;
    size_t n = writes && point->n_settable ? point->n_settable : point->n_choices;
    if (lec_value_parse(name, point->type, out, &err) < 0) {
        dlg_mistake(c, key, "\"%s\" is no value of %s: %s", name, point->name, err.text);
        return false;
    }
    if (point->type != LEC_ENUM)
        return true;
    for (size_t i = 0; i < point->n_choices; i++)
        if (strcmp(point->choices[i], name) == 0)
            return true;
    const char *near = lec_nearest(name, names, n);
    dlg_mistake(c, key, "\"%s\" is not among the choices of %s%s%s%s", name, point->name,
                near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
    return false;
}

/* A code as it stands on the wire: text, a decimal number, or a hexadecimal one where the form is binary. */
static bool parse_raw(struct dlg_compiler *c, const struct lec_key *key, const char *text, const struct dlg_form *form,
                      struct dlg_raw *out)
{
    if (dlg_form_is_text(form)) {
        unsigned char bytes[160];
        ssize_t n =
            c->hex ? dlg_part_bytes(c, key, text, bytes, sizeof bytes) : lec_unescape(text, bytes, sizeof bytes);
        if (n < 0) {
            dlg_mistake(c, key, "\"%s\" is not a code of text", text);
            return false;
        }
        const char *s = dlg_pool_copy(c->pool, bytes, (size_t)n);
        *out = (struct dlg_raw){.kind = DLG_RAW_TEXT, .s = s, .n = s ? (size_t)n : 0};
        return true;
    }
    if (dlg_form_is_hex(form)) {
        char hex[24];
        int n = snprintf(hex, sizeof hex, "0x%s", text);
        if (n < (int)sizeof hex && strncmp(text, "0x", 2) != 0 && lec_parse_int(hex, 0, UINT32_MAX, &out->i) == 0) {
            out->kind = DLG_RAW_INT;
            return true;
        }
        dlg_mistake(c, key, "\"%s\" is not a hexadecimal number, as this place in the message needs", text);
        return false;
    }
    double f;
    if (lec_parse_int(text, INT32_MIN, UINT32_MAX, &out->i) == 0) {
        out->kind = DLG_RAW_INT;
        return true;
    }
    if (form->kind == DLG_NUMBER && lec_parse_float(text, &f) == 0) {
        *out = (struct dlg_raw){.kind = DLG_RAW_FLOAT, .f = f};
        return true;
    }
    dlg_mistake(c, key, "\"%s\" is not a number, as this place in the message needs", text);
    return false;
}

static void compile_codes(struct dlg_compiler *c, const struct lec_key *key, const struct dlg_form *form, bool writes,
                          struct dlg_conv *conv)
{
    const char *rest = key->value;
    char part[160];
    struct dlg_code *codes = dlg_pool_get(c->pool, CODES_MAX, sizeof *codes);
    size_t n = 0;
    while (codes && dlg_next_part(&rest, ',', part, sizeof part)) {
        char *colon = strchr(part, ':');
        if (!colon || colon == part || colon[1] == '\0') {
            dlg_mistake(c, key, "\"%s\": expected VALUE:CODE, as in \"on:01\"", part);
            continue;
        }
        *colon = '\0';
        const char *code = colon + 1 + strspn(colon + 1, " ");
        struct dlg_code *at = &codes[n];
        if (n == CODES_MAX) {
            dlg_mistake(c, key, "more than %d codes", CODES_MAX);
            break;
        }
        if (!parse_value(c, conv->point, key, part, writes, &at->value))
            continue;
        at->any = strcmp(code, "*") == 0;
        if (at->any && writes)
            continue; /* for reading only */
        if (at->any || parse_raw(c, key, code, form, &at->raw))
            n++;
    }
    if (!rest)
        dlg_mistake(c, key, "a code is longer than %zu characters", sizeof part - 1);
    conv->codes = codes;
    conv->n_codes = codes ? n : 0;
}

static void compile_raw_range(struct dlg_compiler *c, const struct lec_key *key, struct dlg_conv *conv)
{
    const struct lec_point *p = conv->point;
    const char *dots = strstr(key->value, "..");
    char low[32];
    size_t n = dots ? (size_t)(dots - key->value) : 0;
    bool good = n > 0 && n < sizeof low;
    if (good) {
        memcpy(low, key->value, n);
        low[n] = '\0';
        good = lec_parse_float(low, &conv->raw_min) == 0 && lec_parse_float(dots + 2, &conv->raw_max) == 0 &&
               conv->raw_min < conv->raw_max;
    }
    if (!good) {
        dlg_mistake(c, key, "expected LOWEST..HIGHEST, as in \"0..255\"");
        return;
    }
    if (!p->has_range || p->min >= p->max) {
        dlg_mistake(c, key, "needs the point's own range: give %s a \"min\" and a \"max\"", p->name);
        return;
    }
    conv->scale = (p->max - p->min) / (conv->raw_max - conv->raw_min);
    conv->offset = p->min - conv->raw_min * conv->scale;
    conv->clamp = true;
    /* a coarse device cannot come nearer than half of its own step; a fine one is rounded back to the same number */
    bool exact = p->type == LEC_INT && conv->scale <= 1;
    if (p->access == LEC_BOTH && p->confirm && !exact && p->tolerance < conv->scale / 2)
        dlg_mistake(c, key,
                    "a step of the device is %.3g of ours, so that %s needs \"tolerance = %.0f\" to be confirmed",
                    conv->scale, p->name, ceil(conv->scale / 2));
}

void dlg_conv_compile(struct dlg_compiler *c, const struct lec_point *point, const struct lec_keys *keys,
                      const struct lec_key *codes, const struct dlg_form *form, bool writes, struct dlg_conv *out)
{
    *out = (struct dlg_conv){.point = point, .scale = 1, .reads_text = dlg_form_is_text(form)};
    if (codes)
        compile_codes(c, codes, form, writes, out);
    const struct lec_key *raw = lec_key_find(keys, "raw");
    if (raw) {
        compile_raw_range(c, raw, out);
    } else {
        out->scale = lec_key_float(keys, "scale", 1);
        out->offset = lec_key_float(keys, "offset", 0);
        if (out->scale == 0) {
            dlg_mistake(c, lec_key_find(keys, "scale"), "cannot be 0");
            out->scale = 1;
        }
    }
    const struct lec_key *mask = lec_key_find(keys, "mask");
    if (mask && !writes) {
        char hex[24];
        snprintf(hex, sizeof hex, "0x%.16s", mask->value);
        if (lec_parse_int(hex, 1, UINT32_MAX, &out->mask) < 0)
            dlg_mistake(c, mask, "expected the bits that count as a hexadecimal number, as in \"40\"");
    }
}

/* ---- Out ----------------------------------------------------------------------------------------------------- */

/* Text goes into messages as it is, so it may hold nothing that a device could take for the end of the text or of the
 * message. */
static int safe_text(const char *s, struct dlg_raw *out, struct lec_err *err)
{
    for (const char *p = s; *p; p++) {
        unsigned char ch = (unsigned char)*p;
        if (ch < 0x20 || ch == 0x7F || strchr("\"#*<>|;\\", *p))
            return lec_fail(err, LEC_E_RANGE, "the text may not contain the character %s%c",
                            ch < 0x20 || ch == 0x7F ? "^" : "",
                            ch < 0x20    ? ch + 64
                            : ch == 0x7F ? '?'
                                         : ch);
    }
    *out = (struct dlg_raw){.kind = DLG_RAW_TEXT, .s = s, .n = strlen(s)};
    return 0;
}

int dlg_plain_out(const struct lec_value *value, struct dlg_raw *out, struct lec_err *err)
{
    switch (value->type) {
    case LEC_BOOL:
        *out = (struct dlg_raw){.kind = DLG_RAW_INT, .i = value->b};
        return 0;
    case LEC_INT:
        *out = (struct dlg_raw){.kind = DLG_RAW_INT, .i = value->i};
        return 0;
    case LEC_FLOAT:
        *out = (struct dlg_raw){.kind = DLG_RAW_FLOAT, .f = value->f};
        return 0;
    case LEC_ENUM:
    case LEC_TEXT:
        return safe_text(value->s, out, err);
    case LEC_NONE:
        break;
    }
    return lec_fail(err, LEC_E_BUG, "a value without a type was to be sent");
}

int dlg_conv_out(const struct dlg_conv *conv, const struct lec_value *value, struct dlg_raw *out, struct lec_err *err)
{
    for (size_t i = 0; i < conv->n_codes; i++) {
        if (lec_value_equal(&conv->codes[i].value, value)) {
            *out = conv->codes[i].raw;
            return 0;
        }
    }
    if (value->type == LEC_ENUM && conv->n_codes > 0)
        return lec_fail(err, LEC_E_RANGE, "the profile has no code for \"%s\"", value->s);
    if (value->type != LEC_INT && value->type != LEC_FLOAT)
        return dlg_plain_out(value, out, err);
    double f = value->type == LEC_INT ? (double)value->i : value->f;
    if (conv->scale == 1 && conv->offset == 0 && !conv->clamp)
        return dlg_plain_out(value, out, err);
    f = (f - conv->offset) / conv->scale;
    if (conv->clamp)
        f = fmin(fmax(f, conv->raw_min), conv->raw_max);
    *out = (struct dlg_raw){.kind = DLG_RAW_FLOAT, .f = f};
    return 0;
}

/* ---- In ------------------------------------------------------------------------------------------------------ */

static bool raw_equal(const struct dlg_raw *a, const struct dlg_raw *b)
{
    if (a->kind == DLG_RAW_TEXT || b->kind == DLG_RAW_TEXT)
        return a->kind == b->kind && a->n == b->n && strncasecmp(a->s, b->s, a->n) == 0;
    double x = a->kind == DLG_RAW_INT ? (double)a->i : a->f, y = b->kind == DLG_RAW_INT ? (double)b->i : b->f;
    return fabs(x - y) < 1e-9;
}

/* Text for people: what is not UTF-8 is taken for Latin-1, control characters become spaces, ends are trimmed. */
static void clean_text(const char *s, size_t n, char out[static LEC_TEXT_MAX + 1])
{
    char wide[2 * LEC_TEXT_MAX + 1];
    size_t k = 0;
    bool utf8 = lec_is_utf8(s, n);
    for (size_t i = 0; i < n && k + 2 < sizeof wide; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == 0x7F || (!utf8 && c >= 0x80 && c < 0xA0)) {
            wide[k++] = ' ';
        } else if (utf8 || c < 0x80) {
            wide[k++] = (char)c;
        } else {
            wide[k++] = (char)(0xC0 | c >> 6);
            wide[k++] = (char)(0x80 | (c & 0x3F));
        }
    }
    size_t start = 0;
    while (start < k && wide[start] == ' ')
        start++;
    while (k > start && wide[k - 1] == ' ')
        k--;
    lec_copy_utf8(out, LEC_TEXT_MAX + 1, wide + start, k - start);
}

static int unknown_code(const struct dlg_raw *raw, struct lec_err *err)
{
    char text[LEC_TEXT_MAX + 1];
    if (raw->kind == DLG_RAW_FLOAT)
        return lec_fail(err, LEC_E_FRAME, "the device says %g, which its profile does not know", raw->f);
    if (raw->kind == DLG_RAW_INT)
        return lec_fail(err, LEC_E_FRAME,
                        "the device says %" PRId64 " (hexadecimal %" PRIX64 "), which its profile does not know",
                        raw->i, (uint64_t)raw->i);
    clean_text(raw->s, raw->n < 40 ? raw->n : 40, text);
    return lec_fail(err, LEC_E_FRAME, "the device says \"%s\", which its profile does not know", text);
}

static int as_number(const struct dlg_raw *raw, double *out)
{
    char text[48];
    switch (raw->kind) {
    case DLG_RAW_INT:
        *out = (double)raw->i;
        return 0;
    case DLG_RAW_FLOAT:
        *out = raw->f;
        return 0;
    case DLG_RAW_TEXT:
        break;
    }
    const char *s = raw->s;
    size_t n = raw->n;
    while (n > 0 && *s == ' ')
        s++, n--;
    while (n > 0 && s[n - 1] == ' ')
        n--;
    if (n >= sizeof text || memchr(s, '\0', n))
        return LEC_E_RANGE;
    memcpy(text, s, n);
    text[n] = '\0';
    return lec_parse_float(text, out);
}

int dlg_conv_in(const struct dlg_conv *conv, const struct dlg_raw *given, struct lec_value *out, struct lec_err *err)
{
    struct dlg_raw raw = *given;
    char text[LEC_TEXT_MAX + 1];
    double f;
    if (raw.kind == DLG_RAW_TEXT && conv->n_codes > 0) {
        while (raw.n > 0 && *raw.s == ' ')
            raw.s++, raw.n--;
        while (raw.n > 0 && raw.s[raw.n - 1] == ' ')
            raw.n--;
    }
    if (conv->mask && raw.kind == DLG_RAW_INT)
        raw.i &= conv->mask;
    const struct dlg_code *any = NULL;
    for (size_t i = 0; i < conv->n_codes; i++) {
        const struct dlg_code *code = &conv->codes[i];
        if (code->any) {
            any = code;
        } else if (raw_equal(&code->raw, &raw)) {
            *out = code->value;
            return 0;
        }
    }
    if (any) {
        *out = any->value;
        return 0;
    }
    switch (conv->point->type) {
    case LEC_ENUM:
        if (conv->n_codes > 0 || raw.kind != DLG_RAW_TEXT)
            return unknown_code(&raw, err);
        clean_text(raw.s, raw.n, text);
        for (size_t i = 0; i < conv->point->n_choices; i++) {
            if (strcasecmp(conv->point->choices[i], text) == 0) {
                *out = lec_enum(conv->point->choices[i]);
                return 0;
            }
        }
        return unknown_code(&raw, err);
    case LEC_BOOL: {
        bool b;
        if (conv->n_codes > 0)
            return unknown_code(&raw, err);
        if (raw.kind != DLG_RAW_TEXT) {
            b = raw.kind == DLG_RAW_INT ? raw.i != 0 : raw.f != 0;
        } else {
            clean_text(raw.s, raw.n, text);
            if (lec_parse_bool(text, &b) < 0)
                return unknown_code(&raw, err);
        }
        *out = lec_bool(b);
        return 0;
    }
    case LEC_INT:
    case LEC_FLOAT:
        if (as_number(&raw, &f) < 0)
            return unknown_code(&raw, err);
        f = f * conv->scale + conv->offset;
        if (conv->point->type == LEC_FLOAT)
            *out = lec_float(f);
        else if (fabs(f) < 9e15)
            *out = lec_int((int64_t)llround(f));
        else
            return unknown_code(&raw, err);
        return 0;
    case LEC_TEXT:
        if (raw.kind == DLG_RAW_TEXT) {
            clean_text(raw.s, raw.n, text);
        } else if (raw.kind == DLG_RAW_INT) {
            snprintf(text, sizeof text, "%" PRId64, raw.i);
        } else {
            snprintf(text, sizeof text, "%g", raw.f);
        }
        *out = lec_text(text);
        return 0;
    case LEC_NONE:
        break;
    }
    return lec_fail(err, LEC_E_BUG, "a point without a type");
}
