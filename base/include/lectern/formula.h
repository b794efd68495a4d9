/* Formulas over channels: "0.5 * mass * speed^2", checked once and computed for many samples at a time.
 *
 * Grammar: numbers (decimal point), names, + - * / ^ (right to left), unary -, parentheses, and the functions abs sqrt exp
 * ln log10 sin cos tan asin acos atan (radians) atan2 min max floor round; constants pi, e. Three operators over time may
 * stand only around the whole formula: derivative(F[, SECONDS]), integral(F), smooth(F, SAMPLES): see lec_operator.
 * Limits: 512 bytes, 128 nodes, nesting 32. A formula uses at least one name; a name goes before a constant.
 *
 * Threads: a compiled formula is immutable and may be used by several threads. */
#ifndef LECTERN_FORMULA_H
#define LECTERN_FORMULA_H

#include <stdbool.h>
#include <stddef.h>

#include "lectern/err.h"

#define LEC_FORMULA_TEXT  512
#define LEC_FORMULA_NAMES 32 /* names that a formula may refer to */

/* What is done over time with the values of the formula, by whoever has the times. */
enum lec_operator {
    LEC_OP_NONE,
    LEC_OP_DERIVATIVE, /* slope of the straight line of least squares over a centred window; parameter: seconds, 0: over
                          3 samples */
    LEC_OP_INTEGRAL,   /* trapezoids from the start of the run; a gap adds nothing */
    LEC_OP_SMOOTH,     /* mean of a centred window; parameter: samples, odd, 3..1001 */
};

struct lec_formula;

/* Compiles. `names` are the channels that may be used; the formula refers to them by index. Returns 0, LEC_E_RANGE (the
 * sentence says at which character, what was expected, and the nearest name) or LEC_E_NOMEM. Free with
 * lec_formula_free. */
int lec_formula_parse(const char *text, const char *const names[], size_t n_names, struct lec_formula **out,
                      struct lec_err *err);
void lec_formula_free(struct lec_formula **formula); /* accepts NULL inside; sets NULL */

/* Whether the formula uses the name of that index. */
bool lec_formula_uses(const struct lec_formula *formula, size_t name);
enum lec_operator lec_formula_operator(const struct lec_formula *formula, double *parameter);

/* Computes n values (without the operator): in[i] are n values of name i, NULL where it is not used. What cannot be
 * computed (a division by zero, the root of a negative number, NaN in) becomes NaN; never an infinity. `out` is none of
 * the inputs. */
void lec_formula_eval(const struct lec_formula *formula, const double *const in[], double *out, size_t n);

#endif
