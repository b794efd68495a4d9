#include "lectern/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lectern/parse.h"

struct lec_value lec_bool(bool b)
{
    return (struct lec_value){.type = LEC_BOOL, .b = b};
}

struct lec_value lec_int(int64_t i)
{
    return (struct lec_value){.type = LEC_INT, .i = i};
}

struct lec_value lec_float(double f)
{
    return (struct lec_value){.type = LEC_FLOAT, .f = f};
}

static struct lec_value with_text(enum lec_type type, const char *text)
{
    struct lec_value v = {.type = type};
    lec_copy_utf8(v.s, sizeof v.s, text, strlen(text));
    return v;
}

struct lec_value lec_enum(const char *choice)
{
    return with_text(LEC_ENUM, choice);
}

struct lec_value lec_text(const char *text)
{
    return with_text(LEC_TEXT, text);
}

bool lec_value_equal(const struct lec_value *a, const struct lec_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case LEC_NONE:
        return true;
    case LEC_BOOL:
        return a->b == b->b;
    case LEC_INT:
        return a->i == b->i;
    case LEC_FLOAT:
        return (a->f == b->f && signbit(a->f) == signbit(b->f)) || (isnan(a->f) && isnan(b->f));
    case LEC_ENUM:
    case LEC_TEXT:
        return strcmp(a->s, b->s) == 0;
    }
    return false;
}

static bool as_number(const struct lec_value *v, double *out)
{
    if (v->type == LEC_INT)
        *out = (double)v->i;
    else if (v->type == LEC_FLOAT)
        *out = v->f;
    else
        return false;
    return true;
}

bool lec_value_meets(const struct lec_value *actual, const struct lec_value *wanted, double tolerance)
{
    double a, w;
    if (lec_value_equal(actual, wanted))
        return true;
    return as_number(actual, &a) && as_number(wanted, &w) && fabs(a - w) <= tolerance;
}

int lec_value_parse(const char *text, enum lec_type type, struct lec_value *out, struct lec_err *err)
{
    struct lec_value v = {.type = type};
    switch (type) {
    case LEC_BOOL:
        if (lec_parse_bool(text, &v.b) < 0)
            return lec_fail(err, LEC_E_RANGE, "\"%s\" is not true or false", text);
        break;
    case LEC_INT:
        if (lec_parse_int(text, INT64_MIN, INT64_MAX, &v.i) < 0)
            return lec_fail(err, LEC_E_RANGE, "\"%s\" is not a whole number", text);
        break;
    case LEC_FLOAT:
        if (lec_parse_float(text, &v.f) < 0)
            return lec_fail(err, LEC_E_RANGE, "\"%s\" is not a number (decimal point, no unit)", text);
        break;
    case LEC_ENUM:
    case LEC_TEXT:
        if (strlen(text) > LEC_TEXT_MAX)
            return lec_fail(err, LEC_E_RANGE, "text of %zu bytes, at most %d fit", strlen(text), LEC_TEXT_MAX);
        memcpy(v.s, text, strlen(text) + 1);
        break;
    case LEC_NONE:
        return lec_fail(err, LEC_E_BUG, "a value of no type");
    }
    *out = v;
    return 0;
}

const char *lec_value_print(const struct lec_value *v, char *buf, size_t size)
{
    switch (v->type) {
    case LEC_NONE:
        snprintf(buf, size, "%s", "");
        break;
    case LEC_BOOL:
        snprintf(buf, size, "%s", v->b ? "true" : "false");
        break;
    case LEC_INT:
        snprintf(buf, size, "%" PRId64, v->i);
        break;
    case LEC_FLOAT:
        snprintf(buf, size, "%.10g", v->f);
        break;
    case LEC_ENUM:
    case LEC_TEXT:
        snprintf(buf, size, "%s", v->s);
        break;
    }
    return buf;
}

static const char *const type_names[] = {"none", "bool", "int", "float", "enum", "text"};

const char *lec_type_name(enum lec_type type)
{
    return type_names[type];
}

enum lec_type lec_type_of(const char *name)
{
    for (size_t i = 1; i < ARRAY_LEN(type_names); i++)
        if (strcmp(type_names[i], name) == 0)
            return (enum lec_type)i;
    return LEC_NONE;
}

const char *lec_quality_name(enum lec_quality q)
{
    switch (q) {
    case LEC_BAD:
        return "bad";
    case LEC_STALE:
        return "stale";
    case LEC_GOOD:
        return "good";
    }
    return "bad";
}
