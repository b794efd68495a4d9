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
    LEC_PRINTF(5, 0);
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
    size_t rank[LEC_REPORT_MAX]; /* where the mistake's file was first mentioned */
    for (size_t i = 0; i < r->n; i++) {
        rank[i] = 0;
        while (strcmp(r->at[rank[i]].file, r->at[i].file) != 0)
            rank[i]++;
    }
    for (size_t i = 1; i < r->n; i++) {
        struct lec_mistake m = r->at[i];
        size_t of_m = rank[i], j = i;
        for (; j > 0 && (rank[j - 1] > of_m || (rank[j - 1] == of_m && r->at[j - 1].line > m.line)); j--) {
            r->at[j] = r->at[j - 1];
            rank[j] = rank[j - 1];
        }
        r->at[j] = m;
        rank[j] = of_m;
    }
}
