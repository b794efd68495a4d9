/* A list of mistakes in files that people write, each with its place, so that all of them are told at once.
 *
 * Threads: a report belongs to its caller. */
#ifndef LECTERN_REPORT_H
#define LECTERN_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "lectern/err.h"

/* More mistakes than this in one go are counted, not kept. */
#define LEC_REPORT_MAX 200

struct lec_mistake {
    char *file;   /* as the person named it */
    int line;     /* from 1; 0: the file as a whole */
    char *text;   /* what, and what was expected; English, no full stop */
    bool warning; /* worth telling, does not make the file invalid */
};

struct lec_report {
    struct lec_mistake *at; /* in the order found; lec_report_sort orders by file and line */
    size_t n;
    size_t errors;  /* all that are not warnings, also those beyond LEC_REPORT_MAX */
    size_t dropped; /* beyond LEC_REPORT_MAX, or for lack of memory */
};

void lec_report_init(struct lec_report *r);
void lec_report_done(struct lec_report *r);
/* Adds a mistake; always returns LEC_E_CONFIG, so that a check can end with it. `r` may be NULL. */
int lec_report_add(struct lec_report *r, const char *file, int line, const char *fmt, ...) LEC_PRINTF(4, 5);
void lec_report_warn(struct lec_report *r, const char *file, int line, const char *fmt, ...) LEC_PRINTF(4, 5);
/* By file (in order of first mention), then line, then as found. */
void lec_report_sort(struct lec_report *r);

#endif
