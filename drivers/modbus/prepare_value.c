#include <stdlib.h>
#include <string.h>

#include <modbus.h>

#include "prepare.h"

/* ---- Codecs ------------------------------------------------------------------------------------------------- */

/* Names of a bool point's codes may be on, off, yes, no; they become "true" and "false". */
static bool bool_names(struct prep *p, const struct subject *s, const char *key, struct mb_codes *codes)
{
    for (size_t i = 0; i < codes->n; i++) {
        bool b;
        char *name;
        if (lec_parse_bool(codes->at[i].name, &b) < 0) {
            mb_wrong(p, s, key, "\"%s\" is not true or false", codes->at[i].name);
            return false;
        }
        name = strdup(b ? "true" : "false");
        if (!name) {
            p->rc = LEC_E_NOMEM;
            return false;
        }
        char *old;
        memcpy(&old, &codes->at[i].name, sizeof old); /* ours, lent to readers as const */
        free(old);
        codes->at[i].name = name;
    }
    return true;
}

static bool has_code(const struct mb_codes *codes, const char *name)
{
    for (size_t i = 0; i < codes->n; i++)
        if (!codes->at[i].any && strcmp(codes->at[i].name, name) == 0)
            return true;
    return false;
}

static void enum_names(struct prep *p, const struct subject *s, const char *key, const struct mb_codes *codes)
{
    for (size_t i = 0; i < codes->n; i++) {
        const char *name = codes->at[i].name;
        if (mb_among(name, s->choices, s->n_choices))
            continue;
        const char *nearest = lec_nearest(name, s->choices, s->n_choices);
        mb_wrong(p, s, key, "\"%s\" is not one of the point's choices%s%s%s", name, nearest ? ": did you mean \"" : "",
                 nearest ? nearest : "", nearest ? "\"?" : "");
    }
}

static void prepare_codes(struct prep *p, const struct subject *s, const char *key, struct mb_codes *out)
{
    const char *text = mb_text(s, key);
    struct lec_err err;
    if (!text)
        return;
    if (s->type != LEC_BOOL && s->type != LEC_ENUM) {
        mb_wrong(p, s, key, "codes are for bool and enum points; this one is %s", lec_type_name(s->type));
        return;
    }
    int rc = mb_parse_codes(text, out, &err);
    mb_parsed(p, s, key, rc, &err);
    if (rc == 0 && s->type == LEC_BOOL)
        bool_names(p, s, key, out);
    else if (rc == 0)
        enum_names(p, s, key, out);
}

static void check_enum(struct prep *p, const struct subject *s, const struct mb_codec *c)
{
    if (s->type != LEC_ENUM)
        return;
    if (c->codes.n == 0 && c->write_codes.n == 0) {
        mb_wrong(p, s, "codes", "an enum needs the number of each of its choices, such as \"%s:0\"",
                 s->n_choices ? s->choices[0] : "off");
        return;
    }
    const struct mb_codes *codes = c->write_codes.n ? &c->write_codes : &c->codes;
    for (size_t i = 0; c->writable && i < s->n_settable; i++)
        if (!has_code(codes, s->settable[i]))
            mb_wrong(p, s, c->write_codes.n ? "write codes" : "codes", "\"%s\" can be written but has no code",
                     s->settable[i]);
}

static void prepare_scale(struct prep *p, const struct subject *s, struct mb_codec *c)
{
    const char *scale = mb_text(s, "scale"), *offset = mb_text(s, "offset"), *key = "scale";
    struct lec_err err;
    int rc = mb_parse_scale(scale, NULL, &c->scale, &err);
    if (rc == 0 && offset) {
        key = "offset";
        rc = mb_parse_scale(scale, offset, &c->scale, &err);
    }
    mb_parsed(p, s, key, rc, &err);
    if (rc < 0 || (!scale && !offset))
        return;
    if (scale && strchr(scale, '.'))
        key = "scale";
    if (s->type != LEC_INT && s->type != LEC_FLOAT)
        mb_wrong(p, s, key, "only numbers can be scaled; this point is %s", lec_type_name(s->type));
    else if (s->type == LEC_INT && c->scale.decimals > 0)
        mb_wrong(p, s, key, "\"%s\" gives decimals, which an int has none of: use type = float", mb_text(s, key));
}

/* Whether a point of this type can live in that place. */
static void check_type(struct prep *p, const struct subject *s, const char *key, const struct mb_place *place)
{
    bool number = s->type == LEC_INT || s->type == LEC_FLOAT;
    if (mb_is_bits(place->table) && (s->type == LEC_FLOAT || s->type == LEC_TEXT))
        mb_wrong(p, s, key, "a %s holds one bit, but the point is %s", mb_table_name(place->table),
                 lec_type_name(s->type));
    else if (mb_is_bits(place->table) && place->count > 1 && s->type != LEC_BOOL)
        mb_wrong(p, s, key, "a range of coils is for a bool point (true while any of them is on)");
    else if ((s->type == LEC_TEXT) != (place->form == MB_TEXT))
        mb_wrong(p, s, key, "a text point needs the format text, and only a text point does (this one is %s)",
                 lec_type_name(s->type));
    else if (!number && place->form == MB_FLOAT)
        mb_wrong(p, s, key, "f32 and f64 are for int and float points; this one is %s", lec_type_name(s->type));
}

static void prepare_with(struct prep *p, const struct subject *s, struct mb_codec *c)
{
    const char *text = mb_text(s, "write with");
    const struct mb_place *w = &c->write;
    bool bits = mb_is_bits(w->table);
    c->with = w->count > 1 ? MB_MULTIPLE : MB_SINGLE;
    if (!text)
        return;
    if (strcmp(text, "single") == 0)
        c->with = MB_SINGLE;
    else if (strcmp(text, "multiple") == 0)
        c->with = MB_MULTIPLE;
    else if (strcmp(text, "mask") == 0)
        c->with = MB_MASK;
    else
        mb_wrong(p, s, "write with", "\"%s\" is not single, multiple or mask", text);
    if (c->with == MB_SINGLE && w->count > 1)
        mb_wrong(p, s, "write with", "single writes one %s, but there are %u", bits ? "coil" : "register", w->count);
    if (c->with == MB_MASK && (bits || !w->bits))
        mb_wrong(p, s, "write with", "mask is for bits of a holding register, such as \"holding 16.3\"");
}

static void prepare_write(struct prep *p, const struct subject *s, const char *key, struct mb_codec *c)
{
    if (c->write.table != MB_COIL && c->write.table != MB_HOLDING)
        mb_wrong(
            p, s, key,
            "%s registers cannot be written: tell where to write with \"write = holding ...\" or \"write = coil ...\"",
            mb_table_name(c->write.table));
    check_type(p, s, key, &c->write);
    prepare_with(p, s, c);
}

static void prepare_missing(struct prep *p, const struct subject *s, struct mb_codec *c)
{
    const char *text = mb_text(s, "missing");
    struct lec_err err;
    if (!text)
        return;
    if (mb_is_bits(c->read.table) || c->read.form == MB_TEXT)
        mb_wrong(p, s, "missing", "is for numbers in registers");
    else
        mb_parsed(p, s, "missing", mb_parse_missing(text, &c->missing, &c->n_missing, &err), &err);
}

static void check_length(struct prep *p, const struct subject *s, const struct mb_place *place)
{
    bool bits = mb_is_bits(place->table);
    unsigned max = bits ? p->m->limits.max_bits : p->m->limits.max_registers;
    if (place->count > max)
        mb_wrong(p, s, "register", "its %u %s must come in one answer, but \"max %s\" is %u", place->count,
                 bits ? "bits" : "registers", bits ? "bits" : "registers", max);
}

static void prepare_common(struct prep *p, const struct subject *s, struct mb_codec *c)
{
    const char *invert = mb_text(s, "invert");
    c->type = s->type;
    if (invert && (lec_parse_bool(invert, &c->invert) < 0 || s->type != LEC_BOOL))
        mb_wrong(p, s, "invert", "expected yes or no, at a bool point");
    prepare_scale(p, s, c);
    prepare_codes(p, s, "codes", &c->codes);
    prepare_codes(p, s, "write codes", &c->write_codes);
    check_enum(p, s, c);
}

/* ---- Points that are values ----------------------------------------------------------------------------------------- */

void mb_prepare_value(struct prep *p, const struct lec_point *pt, struct mb_codec *c)
{
    struct subject s = mb_point_subject(pt);
    const char *read = mb_text(&s, "register"), *write = mb_text(&s, "write");
    c->readable = pt->access & LEC_READ;
    c->writable = pt->access & LEC_WRITE;
    prepare_common(p, &s, c);
    if (!read && (c->readable || !write)) {
        mb_wrong(p, &s, "register", "is missing: where is the value, such as \"input 0x0034 f32\" or \"coil 0\"?");
        return;
    }
    if (write && !c->writable)
        mb_wrong(p, &s, "write", "the point is for reading only (access = both would change that)");
    if (read && !mb_prepare_place(p, &s, "register", &c->read))
        return;
    if (read && c->readable) {
        check_type(p, &s, "register", &c->read);
        check_length(p, &s, &c->read);
        prepare_missing(p, &s, c);
    }
    c->write = c->read;
    if (write && !mb_prepare_place(p, &s, "write", &c->write))
        return;
    if (c->writable)
        prepare_write(p, &s, write ? "write" : "register", c);
    else if (mb_text(&s, "write with") || mb_text(&s, "write codes"))
        mb_wrong(p, &s, mb_text(&s, "write with") ? "write with" : "write codes", "the point is for reading only");
    if (c->readable && p->m->rtu && p->m->unit == MODBUS_BROADCAST_ADDRESS)
        mb_wrong(p, &s, "register",
                 "slave 0 is everybody at once and nobody answers: its points can only be written "
                 "(access = write)");
}

/* ---- Actions ------------------------------------------------------------------------------------------------ */

static struct subject action_subject(const struct lec_action *a, bool fixed)
{
    struct subject s = {.name = a->name, .keys = &a->keys, .file = a->file, .line = a->line, .type = LEC_INT};
    if (!fixed && a->n_args == 1) {
        s.type = a->args[0].type;
        s.choices = s.settable = a->args[0].choices;
        s.n_choices = s.n_settable = a->args[0].n_choices;
    }
    return s;
}

static void prepare_action_write(struct prep *p, const struct lec_action *a, struct mb_action *out)
{
    const char *value = lec_key_text(&a->keys, "value", NULL);
    struct subject s = action_subject(a, value != NULL);
    struct mb_codec *c = &out->codec;
    struct lec_err err;
    uint64_t raw;
    out->kind = MB_ACT_WRITE;
    out->has_value = value != NULL;
    c->writable = true;
    if (!value && a->n_args != 1)
        mb_wrong(p, &s, "value", "is missing: what is to be written? (Only an action with one argument writes that)");
    if (value && a->n_args > 0)
        mb_wrong(p, &s, "value", "an action that writes a fixed value has no arguments");
    if (!mb_prepare_place(p, &s, "write", &c->write))
        return;
    if (value && mb_is_bits(c->write.table))
        s.type = LEC_BOOL;
    prepare_common(p, &s, c);
    prepare_write(p, &s, "write", c);
    if (value && s.type != LEC_TEXT &&
        (lec_value_parse(value, s.type, &out->value, &err) < 0 || mb_encode(c, &out->value, &raw, &err) < 0))
        mb_wrong(p, &s, "value", "%s", err.text);
}

void mb_prepare_action(struct prep *p, const struct lec_action *a, struct mb_action *out)
{
    struct subject s = action_subject(a, true);
    const char *stop = mb_text(&s, "stop"), *function = mb_text(&s, "function");
    if (!!mb_text(&s, "write") + !!stop + !!function != 1) {
        mb_wrong(p, &s, "write", "an action has one of write, stop and function");
    } else if (stop) {
        out->kind = MB_ACT_STOP;
        out->pair = mb_pair_of(p, stop);
        if (!out->pair)
            mb_wrong(p, &s, "stop", "\"%s\" is not a point with motor keys", stop);
    } else if (function) {
        out->kind = MB_ACT_FUNCTION;
        out->function = (uint8_t)mb_number(p, &s, "function", 1, 127, 1);
        if (p->desc->line && !p->m->rtu)
            mb_wrong(p, &s, "function", "works on a serial line only");
        if (p->m->rtu && p->m->unit == MODBUS_BROADCAST_ADDRESS)
            mb_wrong(p, &s, "function", "slave 0 never answers");
    } else {
        prepare_action_write(p, a, out);
    }
}
