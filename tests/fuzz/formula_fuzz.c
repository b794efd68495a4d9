/* Any text as a formula and as a calibration: it is refused with a sentence, or computes without ever giving an infinity,
 * and a calibration's text reads back as the same numbers. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/calibration.h"
#include "lectern/formula.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N = 300 };
static double values[4][N], out[N];

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void as_formula(const char *text)
{
    static const char *const names[] = {"mass", "speed", "water", "e"};
    struct lec_formula *f = NULL;
    struct lec_err err;
    const double *in[ARRAY_LEN(names)];
    int rc = lec_formula_parse(text, names, ARRAY_LEN(names), &f, &err);
    must(rc == 0 ? f != NULL : rc == LEC_E_RANGE && err.text[0] != '\0' && !f);
    if (rc < 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        in[i] = lec_formula_uses(f, i) ? values[i] : NULL;
    lec_formula_eval(f, in, out, N);
    for (size_t i = 0; i < N; i++)
        must(!isinf(out[i]));
    lec_formula_free(&f);
}

static void as_calibration(const char *text)
{
    struct lec_calibration c, again;
    struct lec_buf b;
    lec_calibration_none(&c);
    lec_calibration_none(&again);
    if (lec_calibration_parse(text, &c, NULL) < 0)
        return;
    lec_buf_init(&b, 65536);
    lec_calibration_text(&c, &b);
    must(lec_calibration_parse(b.data, &again, NULL) == 0 && memcmp(&c, &again, sizeof c) == 0);
    lec_buf_done(&b);
    for (size_t k = 0; k < ARRAY_LEN(values); k++) {
        lec_calibrate(&c, values[k], out, N);
        for (size_t i = 0; i < N; i++)
            must(!isinf(out[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const double odd[] = {0, 1, -1, 1e308, -1e308, 5e-324, (double)NAN, 0.5, (double)INFINITY};
    char text[1024];
    if (size >= sizeof text)
        return 0;
    for (size_t k = 0; k < ARRAY_LEN(values); k++)
        for (size_t i = 0; i < N; i++)
            values[k][i] = odd[(i / (k + 1) + k) % ARRAY_LEN(odd)];
    memcpy(text, data, size);
    text[size] = '\0';
    as_formula(text);
    as_calibration(text);
    return 0;
}
