#include "lectern/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lec_report_init(struct lec_report *r)
{
    *r = (struct lec_report){0};
}

void lec_report_done(struct lec_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->at[i].file);
        free(r->at[i].text);
    }
    free(r->at);
    lec_report_init(r);
}

static void add(struct lec_report *r, bool warning, const char *file, int line, const char *fmt, va_list ap)
{
    if (!r)
        return;
    r->errors += !warning;
    struct lec_mistake m = {.line = line, .warning = warning};
    struct lec_mistake *at = r->n < LEC_REPORT_MAX ? realloc(r->at, (r->n + 1) * sizeof *at) : NULL;
    if (at) {
        r->at = at;
        m.file = strdup(file ? file : "");
        if (vasprintf(&m.text, fmt, ap) < 0)
            m.text = NULL;
    }
    if (!at || !m.file || !m.text) {
        free(m.file);
        free(m.text);
        r->dropped++;
        return;
    }
    r->at[r->n++] = m;
}

int lec_report_add(struct lec_report *r, const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add(r, false, file, line, fmt, ap);
    va_end(ap);
    return LEC_E_CONFIG;
}

void lec_report_warn(struct lec_report *r, const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add(r, true, file, line, fmt, ap);
    va_end(ap);
}

/* Insertion sort: stable, and a report is short. */
void lec_report_sort(struct lec_report *r)
{
    for (size_t i = 1; i < r->n; i++) {
        struct lec_mistake m = r->at[i];
        size_t j = i;
        for (; j > 0; j--) {
            const struct lec_mistake *before = &r->at[j - 1];
            if (strcmp(before->file, m.file) != 0 || before->line <= m.line)
                break;
            r->at[j] = r->at[j - 1];
        }
        r->at[j] = m;
    }
}
