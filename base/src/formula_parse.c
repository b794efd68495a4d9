/* Formulas: reading them into a tree, and the tree into instructions. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formula.h"
#include "lectern/parse.h"

#define WORD_MAX     64
#define SECONDS_MAX  86400.0
#define SMOOTH_LEAST 3
#define SMOOTH_MOST  1001

struct node {
    enum formula_op op;
    double constant;    /* CONST */
    size_t name;        /* NAME */
    struct node *a, *b; /* b: NULL for an operation of one */
};

struct parser {
    const char *text, *at;
    const char *const *names;
    size_t n_names;
    unsigned nesting;
    size_t n_nodes;
    struct node nodes[FORMULA_NODES];
    struct lec_formula *formula;
    struct lec_err *err;
    int rc;
};

static const struct {
    const char *name;
    enum formula_op op;
    unsigned least, most; /* arguments */
} functions[] = {
    {"abs", FORMULA_ABS, 1, 1},     {"sqrt", FORMULA_SQRT, 1, 1},   {"exp", FORMULA_EXP, 1, 1},
    {"ln", FORMULA_LN, 1, 1},       {"log10", FORMULA_LOG10, 1, 1}, {"sin", FORMULA_SIN, 1, 1},
    {"cos", FORMULA_COS, 1, 1},     {"tan", FORMULA_TAN, 1, 1},     {"asin", FORMULA_ASIN, 1, 1},
    {"acos", FORMULA_ACOS, 1, 1},   {"atan", FORMULA_ATAN, 1, 1},   {"atan2", FORMULA_ATAN2, 2, 2},
    {"min", FORMULA_MIN, 2, 16},    {"max", FORMULA_MAX, 2, 16},    {"floor", FORMULA_FLOOR, 1, 1},
    {"round", FORMULA_ROUND, 1, 1},
};
static const char *const operators[] = {
    [LEC_OP_DERIVATIVE] = "derivative", [LEC_OP_INTEGRAL] = "integral", [LEC_OP_SMOOTH] = "smooth"};
static const struct {
    const char *name;
    double value;
} constants[] = {{"pi", 3.14159265358979323846}, {"e", 2.71828182845904523536}};

static struct node *expression(struct parser *p);
static struct node *unary(struct parser *p);

/* ---- Words and mistakes ------------------------------------------------------------------------------------- */

/* Which character of the text `at` is, counted from 1 as an editor does. */
static size_t place(const struct parser *p, const char *at)
{
    size_t n = 1;
    for (const char *s = p->text; s < at; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

LEC_PRINTF(3, 4) static struct node *mistake(struct parser *p, const char *at, const char *fmt, ...)
{
    if (p->rc < 0)
        return NULL; /* the first mistake is the one that explains the others */
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p->rc = lec_fail(p->err, LEC_E_RANGE, "character %zu: %s", place(p, at), text);
    return NULL;
}

static void skip_space(struct parser *p)
{
    p->at += strspn(p->at, " \t");
}

static bool take(struct parser *p, char c)
{
    skip_space(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The name at p->at; too long for any of ours: cut, and so unknown. */
static void read_word(struct parser *p, char word[WORD_MAX])
{
    size_t n = 0;
    for (; is_letter(*p->at) || is_digit(*p->at); p->at++)
        if (n < WORD_MAX - 1)
            word[n++] = *p->at;
    word[n] = '\0';
}

/* "x" for a message, whole as a UTF-8 character, or "the end". */
static const char *found(const char *at, char buf[16])
{
    if (*at == '\0')
        return "the end";
    size_t n = 1;
    while (n < 4 && ((unsigned char)at[n] & 0xc0) == 0x80)
        n++;
    if (!lec_is_utf8(at, n))
        return "a character that is none";
    snprintf(buf, 16, "\"%.*s\"", (int)n, at);
    return buf;
}

static bool close_bracket(struct parser *p)
{
    char buf[16];
    if (take(p, ')'))
        return true;
    mistake(p, p->at, "expected an operator or \")\", found %s", found(p->at, buf));
    return false;
}

/* ---- The tree ----------------------------------------------------------------------------------------------- */

static struct node *new_node(struct parser *p, const char *at, enum formula_op op, struct node *a, struct node *b)
{
    if (p->rc < 0)
        return NULL;
    if (a && a->op == FORMULA_CONST && (!b || b->op == FORMULA_CONST)) { /* fold: a is the result */
        formula_apply(op, &a->constant, b ? &b->constant : &a->constant, &a->constant, 1);
        if (isnan(a->constant))
            return mistake(p, at, "this cannot be computed (a division by zero?)");
        return a;
    }
    if (p->n_nodes == FORMULA_NODES)
        return mistake(p, at, "the formula is too long (%d numbers, names and operations are allowed)", FORMULA_NODES);
    struct node *node = &p->nodes[p->n_nodes++];
    *node = (struct node){.op = op, .a = a, .b = b};
    return node;
}

static struct node *number(struct parser *p)
{
    const char *start = p->at;
    char text[WORD_MAX];
    double v;
    size_t n = strspn(start, "0123456789.");
    if ((start[n] == 'e' || start[n] == 'E')) { /* an exponent, if digits follow */
        size_t sign = start[n + 1] == '+' || start[n + 1] == '-';
        if (is_digit(start[n + 1 + sign]))
            n += 1 + sign + strspn(start + n + 1 + sign, "0123456789");
    }
    p->at += n;
    snprintf(text, sizeof text, "%.*s", n < sizeof text ? (int)n : (int)sizeof text - 1, start);
    if (n >= sizeof text || lec_parse_float(text, &v) < 0)
        return mistake(p, start, "\"%s\" is not a number", text);
    struct node *node = new_node(p, start, FORMULA_CONST, NULL, NULL);
    if (node)
        node->constant = v;
    return node;
}

static struct node *unknown(struct parser *p, const char *start, const char *word)
{
    const char *all[LEC_FORMULA_NAMES + ARRAY_LEN(functions) + ARRAY_LEN(operators) + ARRAY_LEN(constants)];
    size_t n = 0;
    for (size_t i = 0; i < p->n_names; i++)
        all[n++] = p->names[i];
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        all[n++] = functions[i].name;
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        all[n++] = operators[i]; /* the first is NULL, which lec_nearest skips */
    for (size_t i = 0; i < ARRAY_LEN(constants); i++)
        all[n++] = constants[i].name;
    const char *near = lec_nearest(word, all, n);
    return mistake(p, start, "\"%s\" is no channel before this one and no function%s%s%s", word, near ? " (" : "",
                   near ? near : "", near ? "?)" : "");
}

/* What follows NAME and its bracket. */
static struct node *call(struct parser *p, const char *start, const char *word)
{
    size_t f = 0;
    while (f < ARRAY_LEN(functions) && strcmp(functions[f].name, word) != 0)
        f++;
    for (size_t i = 1; i < ARRAY_LEN(operators); i++)
        if (strcmp(operators[i], word) == 0)
            return mistake(p, start, "%s can only stand around the whole formula", word);
    if (f == ARRAY_LEN(functions))
        return unknown(p, start, word);
    struct node *node = expression(p);
    unsigned given = 1;
    while (p->rc == 0 && take(p, ',')) {
        if (++given > functions[f].most)
            return mistake(p, p->at - 1, "%s has %u argument%s", word, functions[f].most,
                           functions[f].most == 1 ? " (decimals are written with a point)" : "s");
        struct node *next = expression(p);
        node = new_node(p, start, functions[f].op, node, next);
    }
    if (p->rc < 0 || !close_bracket(p))
        return NULL;
    if (given < functions[f].least)
        return mistake(p, start, "%s needs %u arguments", word, functions[f].least);
    return given > 1 ? node : new_node(p, start, functions[f].op, node, NULL);
}

static struct node *name(struct parser *p)
{
    const char *start = p->at;
    char word[WORD_MAX];
    read_word(p, word);
    if (take(p, '('))
        return call(p, start, word);
    for (size_t i = 0; i < p->n_names; i++) { /* a channel named "e" is meant, not 2.718... */
        if (strcmp(p->names[i], word) != 0)
            continue;
        struct node *node = new_node(p, start, FORMULA_NAME, NULL, NULL);
        if (node)
            node->name = i;
        p->formula->uses |= UINT32_C(1) << i;
        return node;
    }
    for (size_t i = 0; i < ARRAY_LEN(constants); i++) {
        if (strcmp(constants[i].name, word) != 0)
            continue;
        struct node *node = new_node(p, start, FORMULA_CONST, NULL, NULL);
        if (node)
            node->constant = constants[i].value;
        return node;
    }
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        if (strcmp(functions[i].name, word) == 0)
            return mistake(p, p->at, "expected \"(\" after %s", word);
    return unknown(p, start, word);
}

static struct node *atom(struct parser *p)
{
    char buf[16];
    skip_space(p);
    if (is_digit(*p->at) || *p->at == '.')
        return number(p);
    if (is_letter(*p->at))
        return name(p);
    if (!take(p, '('))
        return mistake(p, p->at, "expected a number, a channel, a function or \"(\", found %s", found(p->at, buf));
    struct node *inside = expression(p);
    return p->rc == 0 && close_bracket(p) ? inside : NULL;
}

static struct node *power(struct parser *p)
{
    struct node *base = atom(p);
    const char *at = p->at;
    if (p->rc < 0 || !take(p, '^'))
        return base;
    struct node *exponent = unary(p); /* 2^3^2 is 2^(3^2) */
    if (exponent && exponent->op == FORMULA_CONST && exponent->constant >= 2 && exponent->constant <= 2 && base &&
        base->op == FORMULA_NAME)
        return new_node(p, at, FORMULA_MUL, base, base); /* the commonest power, without pow() */
    return new_node(p, at, FORMULA_POW, base, exponent);
}

static struct node *unary(struct parser *p)
{
    if (++p->nesting > FORMULA_NESTING)
        return mistake(p, p->at, "nested too deeply (%d levels are allowed)", FORMULA_NESTING);
    skip_space(p);
    const char *at = p->at;
    struct node *node;
    if (take(p, '-')) {
        node = unary(p); /* -x^2 is -(x^2) */
        node = new_node(p, at, FORMULA_NEG, node, NULL);
    } else {
        node = power(p);
    }
    p->nesting--;
    return node;
}

static struct node *product(struct parser *p)
{
    struct node *left = unary(p);
    while (p->rc == 0) {
        const char *at = p->at;
        enum formula_op op;
        if (take(p, '*'))
            op = FORMULA_MUL;
        else if (take(p, '/'))
            op = FORMULA_DIV;
        else
            break;
        struct node *right = unary(p);
        left = new_node(p, at, op, left, right);
    }
    return left;
}

static struct node *expression(struct parser *p)
{
    struct node *left = product(p);
    while (p->rc == 0) {
        const char *at = p->at;
        enum formula_op op;
        if (take(p, '+'))
            op = FORMULA_ADD;
        else if (take(p, '-'))
            op = FORMULA_SUB;
        else
            break;
        struct node *right = product(p);
        left = new_node(p, at, op, left, right);
    }
    return left;
}

/* ---- Operators over time ------------------------------------------------------------------------------------ */

/* derivative(, integral( or smooth( at the beginning, unless a channel... cannot be called. */
static enum lec_operator leading_operator(struct parser *p)
{
    const char *start = p->at;
    char word[WORD_MAX];
    read_word(p, word);
    for (size_t i = 1; i < ARRAY_LEN(operators); i++)
        if (strcmp(operators[i], word) == 0 && take(p, '('))
            return (enum lec_operator)i;
    p->at = start;
    return LEC_OP_NONE;
}

static void parameter(struct parser *p)
{
    struct lec_formula *f = p->formula;
    skip_space(p);
    const char *at = p->at;
    struct node *node = is_digit(*at) || *at == '.' ? number(p) : NULL;
    double v = node ? node->constant : 0;
    if (f->over_time == LEC_OP_INTEGRAL)
        mistake(p, at, "integral has one argument");
    else if (f->over_time == LEC_OP_DERIVATIVE && !(v > 0 && v <= SECONDS_MAX))
        mistake(p, at, "expected the seconds to compute the slope over, above 0 and at most 86400");
    else if (f->over_time == LEC_OP_SMOOTH && !(v >= SMOOTH_LEAST && v <= SMOOTH_MOST && fmod(v, 2) == 1))
        mistake(p, at, "expected the number of samples to average, odd, from %d to %d", SMOOTH_LEAST, SMOOTH_MOST);
    f->parameter = v;
}

static struct node *whole(struct parser *p)
{
    char buf[16];
    skip_space(p);
    p->formula->over_time = leading_operator(p);
    struct node *root = expression(p);
    if (p->rc == 0 && p->formula->over_time != LEC_OP_NONE) {
        if (take(p, ','))
            parameter(p);
        else if (p->formula->over_time == LEC_OP_SMOOTH)
            mistake(p, p->at, "smooth needs the number of samples: smooth(x, 9)");
        if (p->rc == 0)
            (void)close_bracket(p);
    }
    skip_space(p);
    if (p->rc == 0 && *p->at != '\0' && p->formula->over_time != LEC_OP_NONE)
        mistake(p, p->at, "%s can only stand around the whole formula", operators[p->formula->over_time]);
    else if (p->rc == 0 && *p->at == ',')
        mistake(p, p->at, "expected an operator; decimals are written with a point, not a comma");
    else if (p->rc == 0 && *p->at != '\0')
        mistake(p, p->at, "expected an operator, found %s", found(p->at, buf));
    else if (p->rc == 0 && p->formula->uses == 0)
        mistake(p, p->text, "the formula uses no channel");
    return root;
}

/* ---- Instructions ------------------------------------------------------------------------------------------- */

/* Registers that computing the node takes: a name is read where it lies. */
static unsigned need(const struct node *node)
{
    if (node->op == FORMULA_NAME)
        return 0;
    if (!node->a)
        return 1;
    unsigned a = need(node->a), b = node->b && node->b != node->a ? need(node->b) : 0;
    unsigned both = a == b ? a + 1 : a > b ? a : b;
    return !node->b || node->b == node->a ? (a > 1 ? a : 1) : both;
}

static uint8_t emit(struct lec_formula *f, const struct node *node, unsigned free_reg);

static void emit_into(struct lec_formula *f, const struct node *node, unsigned to)
{
    struct formula_code code = {.op = (uint8_t)node->op, .to = (uint8_t)to, .constant = node->constant};
    if (node->op == FORMULA_NAME) {
        code.a = code.b = (uint8_t)(FORMULA_NAMED + node->name);
    } else if (node->a) {
        if (!node->b || node->b == node->a) {
            code.a = code.b = emit(f, node->a, to);
        } else if (need(node->a) >= need(node->b)) {
            code.a = emit(f, node->a, to);
            code.b = emit(f, node->b, code.a < FORMULA_NAMED ? to + 1 : to);
        } else {
            code.b = emit(f, node->b, to);
            code.a = emit(f, node->a, code.b < FORMULA_NAMED ? to + 1 : to);
        }
    }
    f->code[f->n++] = code;
}

/* Where the node's value is to be found: the first free register, after computing it there, or a name. */
static uint8_t emit(struct lec_formula *f, const struct node *node, unsigned free_reg)
{
    if (node->op == FORMULA_NAME)
        return (uint8_t)(FORMULA_NAMED + node->name);
    emit_into(f, node, free_reg);
    return (uint8_t)free_reg;
}

int lec_formula_parse(const char *text, const char *const names[], size_t n_names, struct lec_formula **out,
                      struct lec_err *err)
{
    if (strlen(text) > LEC_FORMULA_TEXT)
        return lec_fail(err, LEC_E_RANGE, "a formula has at most %d bytes", LEC_FORMULA_TEXT);
    if (n_names > LEC_FORMULA_NAMES)
        return lec_fail(err, LEC_E_RANGE, "a formula may choose among %d channels at most", LEC_FORMULA_NAMES);
    struct parser p = {.text = text, .at = text, .names = names, .n_names = n_names, .err = err};
    p.formula = calloc(1, sizeof *p.formula);
    if (!p.formula)
        return lec_fail(err, LEC_E_NOMEM, "no memory for a formula");
    const struct node *root = whole(&p);
    if (p.rc == 0 && root && need(root) > FORMULA_REGISTERS)
        p.rc = lec_fail(err, LEC_E_BUG, "a formula needs %u registers", need(root));
    if (p.rc == 0 && !root)
        p.rc = lec_fail(err, LEC_E_BUG, "a formula without a tree");
    if (p.rc < 0) {
        free(p.formula);
        return p.rc;
    }
    emit_into(p.formula, root, 0);
    *out = p.formula;
    return 0;
}

void lec_formula_free(struct lec_formula **formula)
{
    free(*formula);
    *formula = NULL;
}
