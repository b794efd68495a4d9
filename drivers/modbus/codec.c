#include "codec.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lectern/parse.h"

/* Powers of ten that a double holds exactly. */
static const double pow10_of[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

bool mb_is_bits(enum mb_table table)
{
    return table == MB_COIL || table == MB_DISCRETE;
}

const char *mb_table_name(enum mb_table table)
{
    static const char *const names[] = {"coil", "discrete", "holding", "input"};
    return names[table];
}

/* ---- Bytes -------------------------------------------------------------------------------------------------- */

static uint8_t wire_byte(const uint16_t *regs, unsigned i)
{
    return (uint8_t)(i % 2 == 0 ? regs[i / 2] >> 8 : regs[i / 2] & 0xff);
}

static void set_wire_byte(uint16_t *regs, unsigned i, uint8_t byte)
{
    uint16_t *r = &regs[i / 2];
    *r = (uint16_t)(i % 2 == 0 ? (*r & 0x00ff) | byte << 8 : (*r & 0xff00) | byte);
}

static uint16_t field_mask(const struct mb_place *place)
{
    return (uint16_t)(((1u << place->bits) - 1) << place->bit);
}

uint64_t mb_gather(const struct mb_place *place, const uint16_t *regs)
{
    if (place->bits)
        return (uint64_t)((regs[0] & field_mask(place)) >> place->bit);
    uint64_t raw = 0;
    for (unsigned i = 0; i < place->bytes; i++)
        raw = raw << 8 | wire_byte(regs, place->order[i]);
    return raw;
}

void mb_spread(const struct mb_place *place, uint64_t raw, uint16_t *regs)
{
    if (place->bits) {
        uint16_t mask = field_mask(place);
        regs[0] = (uint16_t)((regs[0] & ~mask) | ((raw << place->bit) & mask));
        return;
    }
    for (unsigned i = place->bytes; i > 0; i--, raw >>= 8)
        set_wire_byte(regs, place->order[i - 1], (uint8_t)(raw & 0xff));
}

/* ---- Decoding ----------------------------------------------------------------------------------------------- */

double mb_widen(float f)
{
    double d = (double)f, size = fabs(d);
    if (!(size >= 1e-6 && size < 1e9))
        return d;
    int exponent;
    (void)frexp(size, &exponent);
    /* Digits before the point (0 or negative for small numbers), or one fewer, which costs one more round. */
    int whole = (int)floor((exponent - 1) * 0.30103) + 1;
    for (int digits = 6; digits <= 9; digits++) {
        int decimals = digits - whole;
        if (decimals < 0)
            continue;
        double candidate = nearbyint(d * pow10_of[decimals]) / pow10_of[decimals];
        if ((float)candidate == f)
            return candidate;
    }
    return d;
}

static int64_t sign_extend(uint64_t raw, unsigned bytes)
{
    unsigned shift = 64 - 8 * bytes;
    uint64_t high = raw << shift;
    int64_t v;
    memcpy(&v, &high, sizeof v);
    return v / (INT64_C(1) << shift); /* exact: the low bits are zero */
}

/* The integer that the raw bits mean; false when an int64_t cannot hold it. */
static bool whole_of(const struct mb_place *place, uint64_t raw, int64_t *out)
{
    switch (place->form) {
    case MB_SIGNED:
        *out = sign_extend(raw, place->bytes);
        return true;
    case MB_SIGN10000:
        *out = raw >= 10000 ? 10000 - (int64_t)raw : (int64_t)raw;
        return true;
    case MB_SIGNBIT: {
        uint64_t sign = UINT64_C(1) << (8 * place->bytes - 1);
        *out = (int64_t)(raw & (sign - 1));
        if (raw & sign)
            *out = -*out;
        return true;
    }
    case MB_UNSIGNED:
    case MB_FLOAT:
    case MB_TEXT:
        break;
    }
    if (raw > INT64_MAX)
        return false;
    *out = (int64_t)raw;
    return true;
}

static double float_of(const struct mb_place *place, uint64_t raw)
{
    if (place->bytes == 4) {
        uint32_t bits = (uint32_t)raw;
        float f;
        memcpy(&f, &bits, sizeof f);
        return isfinite(f) ? mb_widen(f) : (double)f;
    }
    double d;
    memcpy(&d, &raw, sizeof d);
    return d;
}

static double scaled(const struct mb_scale *s, double raw)
{
    return (raw * (double)s->mul + (double)s->add) / pow10_of[s->decimals];
}

static bool decode_number(const struct mb_codec *c, uint64_t raw, struct lec_value *out, char *reason, size_t size)
{
    const struct mb_scale *s = &c->scale;
    int64_t whole = 0, n = 0;
    double d;
    if (c->read.form == MB_FLOAT) {
        d = scaled(s, float_of(&c->read, raw));
    } else if (whole_of(&c->read, raw, &whole) && !__builtin_mul_overflow(whole, s->mul, &n) &&
               !__builtin_add_overflow(n, s->add, &n)) {
        if (c->type == LEC_INT) {
            *out = lec_int(n); /* prepare saw to it that there are no decimals */
            return true;
        }
        d = (double)n / pow10_of[s->decimals];
    } else {
        d = scaled(s, (double)raw);
    }
    if (!isfinite(d)) {
        snprintf(reason, size, "the device has no value (not a number)");
        return false;
    }
    if (c->type == LEC_FLOAT) {
        *out = lec_float(d);
        return true;
    }
    if (fabs(d) >= 9.2e18) {
        snprintf(reason, size, "the number is too large");
        return false;
    }
    *out = lec_int((int64_t)llround(d));
    return true;
}

static const struct mb_code *code_of(const struct mb_codes *codes, uint64_t raw)
{
    const struct mb_code *other = NULL;
    for (size_t i = 0; i < codes->n; i++) {
        if (codes->at[i].any)
            other = &codes->at[i];
        else if (codes->at[i].raw == raw)
            return &codes->at[i];
    }
    return other;
}

static bool decode_raw(const struct mb_codec *c, uint64_t raw, struct lec_value *out, char *reason, size_t size)
{
    for (size_t i = 0; i < c->n_missing; i++) {
        if (c->missing[i].raw == raw) {
            snprintf(reason, size, "%s", c->missing[i].reason);
            return false;
        }
    }
    if (c->type != LEC_BOOL && c->type != LEC_ENUM)
        return decode_number(c, raw, out, reason, size);
    if (c->codes.n == 0) {
        *out = lec_bool((raw != 0) != c->invert);
        return true;
    }
    const struct mb_code *code = code_of(&c->codes, raw);
    if (!code) {
        snprintf(reason, size, "the device says %" PRIu64 " (0x%" PRIX64 "), which its profile does not know", raw,
                 raw);
        return false;
    }
    if (c->type == LEC_ENUM)
        *out = lec_enum(code->name);
    else
        *out = lec_bool((strcmp(code->name, "true") == 0) != c->invert);
    return true;
}

static bool decode_text(const struct mb_place *place, const uint16_t *regs, struct lec_value *out, char *reason,
                        size_t size)
{
    char text[2 * MB_TEXT_REGISTERS];
    size_t n = 0;
    for (unsigned i = 0; i < place->count && n < sizeof text; i++) {
        text[n++] = (char)wire_byte(regs, 2 * i + place->order[0]);
        text[n++] = (char)wire_byte(regs, 2 * i + place->order[1]);
    }
    const char *end = memchr(text, '\0', n);
    if (end)
        n = (size_t)(end - text);
    while (n > 0 && text[n - 1] == ' ')
        n--;
    if (!lec_is_utf8(text, n)) {
        snprintf(reason, size, "the device sent text that cannot be read");
        return false;
    }
    *out = lec_text("");
    memcpy(out->s, text, n);
    return true;
}

bool mb_decode(const struct mb_codec *codec, const uint16_t *regs, struct lec_value *out, char *reason, size_t size)
{
    if (codec->read.form == MB_TEXT)
        return decode_text(&codec->read, regs, out, reason, size);
    return decode_raw(codec, mb_gather(&codec->read, regs), out, reason, size);
}

bool mb_decode_bits(const struct mb_codec *codec, const uint8_t *bits, struct lec_value *out, char *reason, size_t size)
{
    uint64_t raw = 0;
    for (unsigned i = 0; i < codec->read.count; i++)
        raw |= bits[i];
    return decode_raw(codec, raw, out, reason, size);
}

/* ---- Encoding ----------------------------------------------------------------------------------------------- */

static int does_not_fit(const struct lec_value *value, struct lec_err *err)
{
    char text[LEC_TEXT_MAX + 1];
    return lec_fail(err, LEC_E_RANGE, "%s does not fit into the device's register",
                    lec_value_print(value, text, sizeof text));
}

/* A whole number in the form of the place. */
static bool fit(const struct mb_place *place, int64_t whole, uint64_t *raw)
{
    unsigned width = mb_is_bits(place->table) ? 1 : place->bits ? place->bits : 8u * place->bytes;
    uint64_t all = width >= 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    uint64_t magnitude = whole < 0 ? 0 - (uint64_t)whole : (uint64_t)whole;
    switch (place->form) {
    case MB_SIGNED:
        if (magnitude > all / 2 + (whole < 0))
            return false;
        *raw = (uint64_t)whole & all;
        return true;
    case MB_SIGN10000:
        if (whole >= 10000 || magnitude > 55535)
            return false;
        *raw = whole < 0 ? 10000 + magnitude : magnitude;
        return true;
    case MB_SIGNBIT:
        if (magnitude > all / 2)
            return false;
        *raw = whole < 0 ? magnitude | (all / 2 + 1) : magnitude;
        return true;
    case MB_UNSIGNED:
    case MB_FLOAT:
    case MB_TEXT:
        break;
    }
    if (whole < 0 || magnitude > all)
        return false;
    *raw = magnitude;
    return true;
}

static int encode_number(const struct mb_codec *c, const struct lec_value *value, uint64_t *raw, struct lec_err *err)
{
    const struct mb_scale *s = &c->scale;
    double v = value->type == LEC_INT ? (double)value->i : value->f;
    double d = (v * pow10_of[s->decimals] - (double)s->add) / (double)s->mul;
    if (!isfinite(d))
        return does_not_fit(value, err);
    if (c->write.form == MB_FLOAT && c->write.bytes == 4) {
        float f = (float)d;
        uint32_t bits;
        if (!isfinite(f))
            return does_not_fit(value, err);
        memcpy(&bits, &f, sizeof bits);
        *raw = bits;
        return 0;
    }
    if (c->write.form == MB_FLOAT) {
        memcpy(raw, &d, sizeof *raw);
        return 0;
    }
    int64_t whole = value->type == LEC_INT ? value->i : 0;
    bool plain = value->type == LEC_INT && s->mul == 1 && s->add == 0 && s->decimals == 0;
    if (!plain) {
        if (fabs(d) >= 9.2e18)
            return does_not_fit(value, err);
        whole = (int64_t)llround(d);
    }
    return fit(&c->write, whole, raw) ? 0 : does_not_fit(value, err);
}

int mb_encode(const struct mb_codec *codec, const struct lec_value *value, uint64_t *raw, struct lec_err *err)
{
    if (value->type == LEC_INT || value->type == LEC_FLOAT)
        return encode_number(codec, value, raw, err);
    const struct mb_codes *codes = codec->write_codes.n ? &codec->write_codes : &codec->codes;
    bool on = value->type == LEC_BOOL && value->b != codec->invert;
    if (value->type == LEC_BOOL && codes->n == 0) {
        *raw = on;
        return 0;
    }
    const char *name = value->type == LEC_BOOL ? (on ? "true" : "false") : value->s;
    for (size_t i = 0; i < codes->n; i++) {
        if (!codes->at[i].any && strcmp(codes->at[i].name, name) == 0) {
            *raw = codes->at[i].raw;
            return 0;
        }
    }
    return lec_fail(err, LEC_E_RANGE, "the profile has no code for \"%s\"", name);
}

int mb_encode_text(const struct mb_codec *codec, const struct lec_value *value, uint16_t *regs, struct lec_err *err)
{
    const struct mb_place *place = &codec->write;
    size_t n = strlen(value->s);
    if (n > 2u * place->count)
        return lec_fail(err, LEC_E_RANGE, "the text is longer than %u bytes", 2u * place->count);
    memset(regs, 0, place->count * sizeof *regs);
    for (unsigned i = 0; i < n; i++)
        set_wire_byte(regs, (i & ~1u) + place->order[i % 2], (uint8_t)value->s[i]);
    return 0;
}
