/* A compiled formula: instructions over a few registers, each of which holds a chunk of samples. */
#ifndef LECTERN_FORMULA_CODE_H
#define LECTERN_FORMULA_CODE_H

#include <stdint.h>

#include "lectern/formula.h"

#define FORMULA_NODES   128
#define FORMULA_NESTING 32
#define FORMULA_CHUNK   256
/* The side of an operation that needs more registers is computed first, so n of them suffice for 2^n leaves; 128 nodes
 * have 64 at most. */
#define FORMULA_REGISTERS 8

enum formula_op {
    FORMULA_CONST, /* leaves */
    FORMULA_NAME,
    FORMULA_ADD, /* of two */
    FORMULA_SUB,
    FORMULA_MUL,
    FORMULA_DIV,
    FORMULA_POW,
    FORMULA_ATAN2,
    FORMULA_MIN,
    FORMULA_MAX,
    FORMULA_NEG, /* of one */
    FORMULA_ABS,
    FORMULA_SQRT,
    FORMULA_EXP,
    FORMULA_LN,
    FORMULA_LOG10,
    FORMULA_SIN,
    FORMULA_COS,
    FORMULA_TAN,
    FORMULA_ASIN,
    FORMULA_ACOS,
    FORMULA_ATAN,
    FORMULA_FLOOR,
    FORMULA_ROUND,
};

struct formula_code {
    uint8_t op, to;  /* to: register; CONST fills it with the value, NAME copies the name's samples */
    uint8_t a, b;    /* operands: a register, or a name + FORMULA_NAMED */
    double constant; /* CONST */
};
#define FORMULA_NAMED 128

struct lec_formula {
    uint32_t uses; /* a bit for each name */
    enum lec_operator over_time;
    double parameter;
    size_t n;
    struct formula_code code[FORMULA_NODES + 1]; /* the result ends up in register 0 */
};

/* One operation on n samples, at most FORMULA_CHUNK; r may be a or b. Results that are not finite become NaN. */
void formula_apply(enum formula_op op, const double *a, const double *b, double *r, size_t n);

#endif
