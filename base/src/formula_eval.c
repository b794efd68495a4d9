/* Formulas: computing them, a chunk of samples at a time. */
#include <math.h>
#include <string.h>

#include "formula.h"

/* v + (v - v) is v where v is finite, else NaN: so a division by zero stays visible to the end, where 1/(1/0) would
 * otherwise be a plausible 0. */
#define EACH(expression)                                                                                               \
    for (size_t i = 0; i < n; i++) {                                                                                   \
        double v = (expression);                                                                                       \
        r[i] = v + (v - v);                                                                                            \
    }                                                                                                                  \
    break

void formula_apply(enum formula_op op, const double *a, const double *b, double *r, size_t n)
{
    switch (op) {
    case FORMULA_CONST:
    case FORMULA_NAME:
        EACH(a[i]);
    case FORMULA_ADD:
        EACH(a[i] + b[i]);
    case FORMULA_SUB:
        EACH(a[i] - b[i]);
    case FORMULA_MUL:
        EACH(a[i] * b[i]);
    case FORMULA_DIV:
        EACH(a[i] / b[i]);
    case FORMULA_POW: /* pow(1, NaN) and pow(NaN, 0) are 1: the sum brings their NaN back */
        EACH(pow(a[i], b[i]) + 0 * (a[i] + b[i]));
    case FORMULA_ATAN2:
        EACH(atan2(a[i], b[i]));
    case FORMULA_MIN:
        EACH((a[i] < b[i] ? a[i] : b[i]) + 0 * a[i]);
    case FORMULA_MAX:
        EACH((a[i] > b[i] ? a[i] : b[i]) + 0 * a[i]);
    case FORMULA_NEG:
        EACH(-a[i]);
    case FORMULA_ABS:
        EACH(fabs(a[i]));
    case FORMULA_SQRT:
        EACH(sqrt(a[i]));
    case FORMULA_EXP:
        EACH(exp(a[i]));
    case FORMULA_LN:
        EACH(log(a[i]));
    case FORMULA_LOG10:
        EACH(log10(a[i]));
    case FORMULA_SIN:
        EACH(sin(a[i]));
    case FORMULA_COS:
        EACH(cos(a[i]));
    case FORMULA_TAN:
        EACH(tan(a[i]));
    case FORMULA_ASIN:
        EACH(asin(a[i]));
    case FORMULA_ACOS:
        EACH(acos(a[i]));
    case FORMULA_ATAN:
        EACH(atan(a[i]));
    case FORMULA_FLOOR:
        EACH(floor(a[i]));
    case FORMULA_ROUND:
        EACH(round(a[i]));
    }
}

void lec_formula_eval(const struct lec_formula *formula, const double *const in[], double *out, size_t n)
{
    double space[FORMULA_REGISTERS - 1][FORMULA_CHUNK];
    double *reg[FORMULA_REGISTERS];
    for (size_t i = 1; i < FORMULA_REGISTERS; i++)
        reg[i] = space[i - 1];
    for (size_t at = 0; at < n; at += FORMULA_CHUNK) {
        size_t m = n - at < FORMULA_CHUNK ? n - at : FORMULA_CHUNK;
        reg[0] = out + at;
        for (size_t k = 0; k < formula->n; k++) {
            const struct formula_code *c = &formula->code[k];
            if (c->op == FORMULA_CONST) {
                for (size_t i = 0; i < m; i++)
                    reg[c->to][i] = c->constant;
                continue;
            }
            const double *a = c->a >= FORMULA_NAMED ? in[c->a - FORMULA_NAMED] + at : reg[c->a];
            const double *b = c->b >= FORMULA_NAMED ? in[c->b - FORMULA_NAMED] + at : reg[c->b];
            formula_apply((enum formula_op)c->op, a, b, reg[c->to], m);
        }
    }
}

bool lec_formula_uses(const struct lec_formula *formula, size_t name)
{
    return name < LEC_FORMULA_NAMES && (formula->uses >> name & 1);
}

enum lec_operator lec_formula_operator(const struct lec_formula *formula, double *parameter)
{
    if (parameter)
        *parameter = formula->parameter;
    return formula->over_time;
}
