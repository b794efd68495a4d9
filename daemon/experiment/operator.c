/* Operators over time: derivative, smooth, integral. Their windows lie on both sides of a sample, so that a curve is not
 * shifted; that is why a result comes half a window late. A window never reaches over a gap. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int run_operator_new(struct run_operator *op, const struct lec_formula *formula)
{
    double parameter;
    op->kind = lec_formula_operator(formula, &parameter);
    if (op->kind == LEC_OP_SMOOTH)
        op->half = (size_t)parameter / 2;
    else if (op->kind == LEC_OP_DERIVATIVE && parameter > 0)
        op->half_ns = (int64_t)(parameter * (double)LEC_SEC / 2);
    else if (op->kind == LEC_OP_DERIVATIVE)
        op->half = 1;
    if (op->kind == LEC_OP_NONE || op->kind == LEC_OP_INTEGRAL)
        return 0;
    op->cap = 2 * RUN_WINDOW;
    op->t = malloc(op->cap * sizeof *op->t);
    op->v = malloc(op->cap * sizeof *op->v);
    op->lost = malloc(op->cap * sizeof *op->lost);
    return op->t && op->v && op->lost ? 0 : LEC_E_NOMEM;
}

void run_operator_free(struct run_operator *op)
{
    free(op->t);
    free(op->v);
    free(op->lost);
    *op = (struct run_operator){0};
}

void run_operator_reset(struct run_operator *op)
{
    op->head = op->n = op->next = 0;
    op->sums.from = op->sums.to = op->sums.age = 0;
    op->total = op->carry = 0;
    op->any = false;
}

/* ---- Windows ------------------------------------------------------------------------------------------------ */

/* Mean of as many samples on the left as on the right. */
static double smoothed(const struct run_operator *op, size_t i)
{
    size_t reach = op->half < i ? op->half : i;
    if (op->n - 1 - i < reach)
        reach = op->n - 1 - i;
    const double *v = op->v + op->head + i - reach;
    double sum = 0, count = 0;
    for (size_t k = 0; k <= 2 * reach; k++) {
        bool is = v[k] <= v[k]; /* not NaN */
        sum += is ? v[k] : 0;
        count += is;
    }
    double mean = sum / count;
    return isnan(op->v[op->head + i]) || !isfinite(mean) ? (double)NAN : mean;
}

/* Larger values would overflow the sums, and then they would have to be made anew at every sample. */
#define SLOPE_MOST 1e150

static void add(struct run_operator *op, size_t i, double sign)
{
    double x = (double)(op->t[op->head + i] - op->sums.t) * 1e-9, y = op->v[op->head + i] - op->sums.v;
    if (!(fabs(y) < SLOPE_MOST))
        return;
    op->sums.n += sign;
    op->sums.x += sign * x;
    op->sums.xx += sign * x * x;
    op->sums.y += sign * y;
    op->sums.xy += sign * x * y;
}

static void window(const struct run_operator *op, size_t i, size_t *from, size_t *to)
{
    if (op->half > 0) {
        *from = i > op->half ? i - op->half : 0;
        *to = i + op->half < op->n ? i + op->half + 1 : op->n;
        return;
    }
    const int64_t *t = op->t + op->head;
    while (t[i] - t[*from] > op->half_ns)
        (*from)++;
    if (*to <= i)
        *to = i + 1;
    while (*to < op->n && t[*to] - t[i] <= op->half_ns)
        (*to)++;
}

/* The sums move along with the window; now and then they are made anew, about the middle, so that rounding does not grow. */
static double slope(struct run_operator *op, size_t i)
{
    size_t from = op->sums.from, to = op->sums.to;
    window(op, i, &from, &to);
    if (op->sums.age == 0 || op->sums.age > (to - from) / 2 + 16 || from >= op->sums.to) {
        double v = op->v[op->head + i];
        op->sums.n = op->sums.x = op->sums.xx = op->sums.y = op->sums.xy = 0;
        op->sums.t = op->t[op->head + i];
        op->sums.v = fabs(v) < SLOPE_MOST ? v : 0;
        op->sums.age = 0;
        for (size_t k = from; k < to; k++)
            add(op, k, 1);
    } else {
        for (size_t k = op->sums.from; k < from; k++)
            add(op, k, -1);
        for (size_t k = op->sums.to; k < to; k++)
            add(op, k, 1);
    }
    op->sums.age++;
    op->sums.from = from;
    op->sums.to = to;
    double below = op->sums.n * op->sums.xx - op->sums.x * op->sums.x;
    double result = (op->sums.n * op->sums.xy - op->sums.x * op->sums.y) / below;
    bool usable = op->sums.n > 1.5 && below > 0 && isfinite(result) && fabs(op->v[op->head + i]) < SLOPE_MOST;
    return usable ? result : (double)NAN;
}

static void results(struct run_operator *op, bool all, run_operator_out *out, void *ctx)
{
    for (; op->next < op->n; op->next++) {
        size_t i = op->next, at = op->head + i;
        bool whole = op->half > 0 ? i + op->half < op->n : op->t[op->head + op->n - 1] - op->t[at] > op->half_ns;
        if (!whole && !all)
            break;
        out(ctx, op->t[at], op->kind == LEC_OP_SMOOTH ? smoothed(op, i) : slope(op, i), op->lost[at]);
    }
}

/* Lets go of what lies before every window to come. */
static void let_go(struct run_operator *op)
{
    size_t old = 0;
    if (op->half > 0)
        old = op->next > op->half + 1 ? op->next - op->half - 1 : 0;
    else
        old = op->sums.from < op->next ? op->sums.from : op->next;
    if (old < 1024 || old < op->n - old)
        return;
    memmove(op->t, op->t + op->head + old, (op->n - old) * sizeof *op->t);
    memmove(op->v, op->v + op->head + old, (op->n - old) * sizeof *op->v);
    memmove(op->lost, op->lost + op->head + old, (op->n - old) * sizeof *op->lost);
    op->head = 0;
    op->n -= old;
    op->next -= old;
    op->sums.from -= op->sums.from < old ? op->sums.from : old;
    op->sums.to -= op->sums.to < old ? op->sums.to : old;
}

static void forget(struct run_operator *op)
{
    op->head = op->n = op->next = 0;
    op->sums.from = op->sums.to = op->sums.age = 0;
}

/* ---- Integral ----------------------------------------------------------------------------------------------- */

static void integrate(struct run_operator *op, int64_t from_ns, int64_t t, double v, uint64_t lost,
                      run_operator_out *out, void *ctx)
{
    if (op->any && lost == 0 && !isnan(v) && t > op->last_ns && op->last_ns >= from_ns) {
        double area = (op->last + v) / 2 * ((double)(t - op->last_ns) * 1e-9) - op->carry;
        double total = op->total + area; /* summed with what rounding cut off: a run may have 10^9 samples */
        op->carry = (total - op->total) - area;
        op->total = total;
    }
    op->any = !isnan(v);
    op->last_ns = t;
    op->last = v;
    out(ctx, t, isnan(v) || !isfinite(op->total) ? (double)NAN : op->total, lost);
}

void run_operator_put(struct run_operator *op, int64_t from_ns, int64_t t, double v, uint64_t lost,
                      run_operator_out *out, void *ctx)
{
    if (op->kind == LEC_OP_INTEGRAL) {
        integrate(op, from_ns, t, v, lost, out, ctx);
        return;
    }
    if (lost > 0)
        run_operator_end(op, out, ctx);
    if (op->head + op->n == op->cap) { /* the window has more samples than we keep: it is cut */
        results(op, true, out, ctx);
        size_t keep = op->n / 2;
        op->head += op->n - keep;
        op->next = keep;
        op->n = keep;
        memmove(op->t, op->t + op->head, keep * sizeof *op->t);
        memmove(op->v, op->v + op->head, keep * sizeof *op->v);
        memmove(op->lost, op->lost + op->head, keep * sizeof *op->lost);
        op->head = 0;
        op->sums.from = op->sums.to = op->sums.age = 0;
    }
    size_t at = op->head + op->n++;
    op->t[at] = t;
    op->v[at] = v;
    op->lost[at] = lost;
    results(op, false, out, ctx);
    let_go(op);
}

void run_operator_end(struct run_operator *op, run_operator_out *out, void *ctx)
{
    if (op->kind != LEC_OP_SMOOTH && op->kind != LEC_OP_DERIVATIVE)
        return;
    results(op, true, out, ctx);
    forget(op);
}
