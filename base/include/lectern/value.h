/* Values: what a point holds. A value is small, fixed in size, owns nothing, and is copied by assignment.
 *
 * Threads: pure functions. */
#ifndef LECTERN_VALUE_H
#define LECTERN_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/err.h"

/* Longest text of a value in bytes, without the NUL. PJLink input names (128 bytes of UTF-8) are the longest
 * that a supported device sends. */
#define LEC_TEXT_MAX 128

enum lec_type {
    LEC_NONE = 0, /* no value yet */
    LEC_BOOL,
    LEC_INT,
    LEC_FLOAT,
    LEC_ENUM, /* the choice's name, in .s */
    LEC_TEXT, /* UTF-8, in .s */
};

enum lec_access { LEC_READ = 1, LEC_WRITE = 2, LEC_BOTH = 3 };

enum lec_quality {
    LEC_BAD = 0, /* no usable value; the reason says why */
    LEC_STALE,   /* was good once; the reason says why it may no longer be */
    LEC_GOOD,
};

struct lec_value {
    enum lec_type type;
    union {
        bool b;
        int64_t i;
        double f;
        char s[LEC_TEXT_MAX + 1];
    };
};

struct lec_value lec_bool(bool b);
struct lec_value lec_int(int64_t i);
struct lec_value lec_float(double f);
/* Text longer than LEC_TEXT_MAX is cut on a UTF-8 boundary. */
struct lec_value lec_enum(const char *choice);
struct lec_value lec_text(const char *text);

/* Same type and same content. Floats: bitwise equal or both NaN. */
bool lec_value_equal(const struct lec_value *a, const struct lec_value *b);

/* Whether the actual value satisfies the wanted one: equal, or two numbers (int and float mixed) that differ by
 * no more than `tolerance` (0: exactly). */
bool lec_value_meets(const struct lec_value *actual, const struct lec_value *wanted, double tolerance);

/* Reads `text` as a value of `type`: bool takes true/false, on/off, yes/no, 1/0; int is decimal or 0x hex;
 * float uses a decimal point; the whole text must be consumed.
 * Returns 0, or LEC_E_RANGE with a sentence saying what was expected. */
int lec_value_parse(const char *text, enum lec_type type, struct lec_value *out, struct lec_err *err);

/* Writes the value as a person reads it ("true", "55", "21.5", "on"), always NUL-terminated; returns `buf`.
 * size: at least LEC_TEXT_MAX + 1 to hold every value whole. LEC_NONE gives "". */
const char *lec_value_print(const struct lec_value *v, char *buf, size_t size);

/* "bool", "int", "float", "enum", "text"; "none" for LEC_NONE. Static. */
const char *lec_type_name(enum lec_type type);
/* The type of that name, or LEC_NONE. */
enum lec_type lec_type_of(const char *name);
/* "bad", "stale", "good". Static. */
const char *lec_quality_name(enum lec_quality q);

#endif
