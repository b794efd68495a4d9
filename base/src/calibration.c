/* Calibration: the five curves, and the form that people write. */
#include "lectern/calibration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lectern/member.h"
#include "lectern/parse.h"

/* Samples that go through all stages of the computation at a time: they stay in the nearest cache, and the loops over
 * them work on one array, which the compiler turns into vector code. */
#define CHUNK 256

static const struct {
    const char *name;
    size_t least, most; /* numbers after the name */
    const char *expected;
} forms[] = {
    [LEC_CAL_NONE] = {"none", 0, 0, "no numbers"},
    [LEC_CAL_LINEAR] = {"linear", 2, 2, "two numbers, A and B of A + B x"},
    [LEC_CAL_POLYNOMIAL] = {"polynomial", 1, LEC_CAL_MAX, "1 to 32 numbers, A B C ... of A + B x + C x^2 ..."},
    [LEC_CAL_EXPONENTIAL] = {"exponential", 2, 2, "two numbers, A and B of A * B^x, with B above 0"},
    [LEC_CAL_STEINHART_HART] = {"steinhart-hart", 3, 3, "three numbers, A B C, then perhaps divider OHM VOLT"},
    [LEC_CAL_TABLE] = {"table", 2, LEC_CAL_MAX / 2, "2 to 16 pairs X:Y with rising X"},
};

void lec_calibration_none(struct lec_calibration *c)
{
    memset(c, 0, sizeof *c);
    c->scale = 1;
}

/* ---- Computing ---------------------------------------------------------------------------------------------- */

static void polynomial(const double *c, size_t n_c, double x[CHUNK], size_t n)
{
    double y[CHUNK];
    for (size_t i = 0; i < n; i++)
        y[i] = n_c > 0 ? c[n_c - 1] : 0;
    for (size_t k = n_c; k-- > 1;) {
        double term = c[k - 1];
        for (size_t i = 0; i < n; i++)
            y[i] = y[i] * x[i] + term;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = y[i] + (x[i] - x[i]); /* NaN in gives NaN out even where there is only a constant */
}

static void steinhart_hart(const struct lec_calibration *c, double x[CHUNK], size_t n)
{
    const double kelvin = 273.15;
    if (c->divider_ohm > 0) {
        double low = 0.001 * c->divider_v, high = 0.999 * c->divider_v;
        for (size_t i = 0; i < n; i++) {
            double v = x[i] < low ? low : x[i] > high ? high : x[i];
            x[i] = c->divider_ohm * v / (c->divider_v - v);
        }
    }
    for (size_t i = 0; i < n; i++) {
        double l = x[i] > 0 ? log(x[i]) : (double)NAN;
        double inverse = c->c[0] + l * (c->c[1] + l * l * c->c[2]);
        x[i] = inverse > 0 ? 1 / inverse - kelvin : (double)NAN; /* nothing is colder than 0 K */
    }
}

static void table(const struct lec_calibration *c, double x[CHUNK], size_t n)
{
    size_t pairs = c->n / 2, at = 0;
    if (pairs < 2) {
        for (size_t i = 0; i < n; i++)
            x[i] = (double)NAN;
        return;
    }
    for (size_t i = 0; i < n; i++) { /* neighbours in time are neighbours in the table: go on from the last place */
        while (at + 2 < pairs && x[i] >= c->c[2 * (at + 1)])
            at++;
        while (at > 0 && x[i] < c->c[2 * at])
            at--;
        const double *p = c->c + 2 * at;
        x[i] = p[1] + (p[3] - p[1]) * ((x[i] - p[0]) / (p[2] - p[0]));
    }
}

static void curve(const struct lec_calibration *c, double x[CHUNK], size_t n)
{
    size_t n_c = c->n < LEC_CAL_MAX ? c->n : LEC_CAL_MAX;
    switch (c->kind) {
    case LEC_CAL_NONE:
        break;
    case LEC_CAL_LINEAR: {
        double a = c->c[0], b = c->c[1];
        for (size_t i = 0; i < n; i++)
            x[i] = a + b * x[i];
        break;
    }
    case LEC_CAL_POLYNOMIAL:
        polynomial(c->c, n_c, x, n);
        break;
    case LEC_CAL_EXPONENTIAL:
        for (size_t i = 0; i < n; i++)
            x[i] = isnan(x[i]) ? (double)NAN : c->c[0] * pow(c->c[1], x[i]); /* pow(1, NaN) would be 1 */
        break;
    case LEC_CAL_STEINHART_HART:
        steinhart_hart(c, x, n);
        break;
    case LEC_CAL_TABLE:
        table(c, x, n);
        break;
    }
}

void lec_calibrate(const struct lec_calibration *c, const double *raw, double *out, size_t n)
{
    double x[CHUNK];
    while (n > 0) {
        size_t m = n < CHUNK ? n : CHUNK;
        for (size_t i = 0; i < m; i++)
            x[i] = raw[i] * c->scale + c->offset;
        curve(c, x, m);
        for (size_t i = 0; i < m; i++)
            out[i] = x[i] + (x[i] - x[i]); /* unchanged if finite, else NaN, and without a branch */
        raw += m;
        out += m;
        n -= m;
    }
}

/* ---- Reading ------------------------------------------------------------------------------------------------ */

/* Takes the next word of *text into `word`; false at the end. A word too long for any of ours is cut, and so no number
 * and no name. */
static bool next_word(const char **text, char word[64])
{
    const char *s = *text + strspn(*text, " \t");
    size_t n = strcspn(s, " \t");
    *text = s + n;
    if (n > 63)
        n = 63;
    memcpy(word, s, n);
    word[n] = '\0';
    return n > 0;
}

static int next_number(const char **text, const char *what, double *out, struct lec_err *err)
{
    char word[64];
    if (!next_word(text, word))
        return lec_fail(err, LEC_E_RANGE, "%s: a number is expected", what);
    if (lec_parse_float(word, out) < 0)
        return lec_fail(err, LEC_E_RANGE, "%s: \"%s\" is not a number", what, word);
    return 0;
}

static int read_pair(char *word, struct lec_calibration *c, struct lec_err *err)
{
    char *colon = strchr(word, ':');
    double x, y;
    if (!colon)
        return lec_fail(err, LEC_E_RANGE, "table: \"%s\" is no pair X:Y", word);
    *colon = '\0';
    if (lec_parse_float(word, &x) < 0 || lec_parse_float(colon + 1, &y) < 0)
        return lec_fail(err, LEC_E_RANGE, "table: \"%s:%s\" is no pair X:Y of numbers", word, colon + 1);
    if (c->n > 0 && !(x > c->c[c->n - 2]))
        return lec_fail(err, LEC_E_RANGE, "table: X must rise from pair to pair, and %s does not", word);
    c->c[c->n++] = x;
    c->c[c->n++] = y;
    return 0;
}

static int read_divider(const char **text, struct lec_calibration *c, struct lec_err *err)
{
    int rc = next_number(text, "divider", &c->divider_ohm, err);
    if (rc == 0)
        rc = next_number(text, "divider", &c->divider_v, err);
    if (rc == 0 && !(c->divider_ohm > 0 && c->divider_v > 0))
        rc = lec_fail(err, LEC_E_RANGE, "divider: ohms and volts above 0 are expected");
    return rc;
}

/* What follows the name of the form. */
static int read_numbers(const char *text, struct lec_calibration *c, struct lec_err *err)
{
    char word[64];
    size_t given = 0;
    int rc = 0;
    while (rc == 0 && next_word(&text, word)) {
        if (c->kind == LEC_CAL_STEINHART_HART && strcmp(word, "divider") == 0 && given == 3 && c->divider_ohm <= 0)
            rc = read_divider(&text, c, err);
        else if (given == forms[c->kind].most || c->divider_ohm > 0)
            rc = lec_fail(err, LEC_E_RANGE, "\"%s\" is too much: %s has %s", word, forms[c->kind].name,
                          forms[c->kind].expected);
        else if (given++, c->kind == LEC_CAL_TABLE)
            rc = read_pair(word, c, err);
        else if (lec_parse_float(word, &c->c[c->n++]) < 0)
            rc = lec_fail(err, LEC_E_RANGE, "%s: \"%s\" is not a number", forms[c->kind].name, word);
    }
    if (rc == 0 && given < forms[c->kind].least)
        rc = lec_fail(err, LEC_E_RANGE, "%s needs %s", forms[c->kind].name, forms[c->kind].expected);
    if (rc == 0 && c->kind == LEC_CAL_EXPONENTIAL && !(c->c[1] > 0))
        rc = lec_fail(err, LEC_E_RANGE, "exponential needs %s", forms[c->kind].expected);
    return rc;
}

static int read_form(const char *name, struct lec_calibration *c, struct lec_err *err)
{
    const char *names[ARRAY_LEN(forms)];
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        names[i] = forms[i].name;
        if (strcmp(name, names[i]) == 0) {
            c->kind = (enum lec_cal_kind)i;
            return 0;
        }
    }
    const char *near = lec_nearest(name, names, ARRAY_LEN(names));
    return lec_fail(err, LEC_E_RANGE,
                    "\"%s\" is no form of calibration%s%s%s; expected none, linear, polynomial, exponential, "
                    "steinhart-hart or table",
                    name, near ? " (" : "", near ? near : "", near ? "?)" : "");
}

int lec_calibration_parse(const char *text, struct lec_calibration *out, struct lec_err *err)
{
    struct lec_calibration c;
    char word[64];
    int rc = 0;
    lec_calibration_none(&c);
    bool more = next_word(&text, word);
    while (rc == 0 && more && (strcmp(word, "scale") == 0 || strcmp(word, "offset") == 0)) {
        bool scale = word[0] == 's';
        rc = next_number(&text, word, scale ? &c.scale : &c.offset, err);
        if (rc == 0 && scale && fpclassify(c.scale) == FP_ZERO)
            rc = lec_fail(err, LEC_E_RANGE, "scale: 0 would make all values the same");
        more = rc == 0 && next_word(&text, word);
    }
    if (rc == 0 && more) {
        rc = read_form(word, &c, err);
        if (rc == 0)
            rc = read_numbers(text, &c, err);
    } else if (rc == 0) {
        rc = lec_fail(err, LEC_E_RANGE,
                      "a form is expected: none, linear, polynomial, exponential, steinhart-hart or table");
    }
    if (rc < 0)
        return rc;
    out->kind = c.kind;
    out->scale = c.scale;
    out->offset = c.offset;
    out->n = c.n;
    memcpy(out->c, c.c, sizeof out->c);
    out->divider_ohm = c.divider_ohm;
    out->divider_v = c.divider_v;
    return 0;
}

/* ---- Writing ------------------------------------------------------------------------------------------------ */

static void put(struct lec_buf *b, const char *before, double number)
{
    lec_buf_puts(b, before);
    lec_json_float(b, number); /* the fewest digits that read back the same... */
    if (b->len > 2 && memcmp(b->data + b->len - 2, ".0", 2) == 0) {
        b->len -= 2; /* ...but a person writes 100, not 100.0 */
        b->data[b->len] = '\0';
    }
}

void lec_calibration_text(const struct lec_calibration *c, struct lec_buf *b)
{
    if (c->scale < 1 || c->scale > 1) {
        put(b, "scale ", c->scale);
        lec_buf_putc(b, ' ');
    }
    if (c->offset < 0 || c->offset > 0) {
        put(b, "offset ", c->offset);
        lec_buf_putc(b, ' ');
    }
    lec_buf_puts(b, forms[c->kind].name);
    for (size_t i = 0; i < c->n && i < LEC_CAL_MAX; i++)
        put(b, c->kind == LEC_CAL_TABLE && i % 2 == 1 ? ":" : " ", c->c[i]);
    if (c->kind == LEC_CAL_STEINHART_HART && c->divider_ohm > 0) {
        put(b, " divider ", c->divider_ohm);
        put(b, " ", c->divider_v);
    }
}

void lec_calibration_json(const struct lec_calibration *c, struct lec_buf *b)
{
    const struct {
        const char *key, *text;
    } texts[] = {{"unit", c->unit}, {"source", c->source}, {"by", c->by}, {"note", c->note}};
    struct lec_buf form;
    lec_buf_init(&form, 4096);
    lec_calibration_text(c, &form);
    lec_buf_putc(b, '{');
    lec_member_str(b, "form", form.data ? form.data : "none");
    lec_buf_done(&form);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        lec_member_str_if_any(b, texts[i].key, texts[i].text);
    if (c->date_us != 0)
        lec_member_int(b, "date", c->date_us);
    lec_buf_putc(b, '}');
}
