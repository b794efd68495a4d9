/* Telling mistakes: a report with a tone of voice, and the small things that its sentences are made of.
 *
 * Threads: a diag belongs to its caller. */
#ifndef LECTERN_CONFIG_DIAG_H
#define LECTERN_CONFIG_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "lectern/report.h"

struct lec_diag {
    struct lec_report *report; /* may be NULL */
    bool soft;                 /* mistakes are told as warnings (captured scenes) */
    size_t errors;             /* mistakes told through this diag, warnings not counted, soft ones counted */
};

/* Adds a mistake (a warning when soft). Always returns LEC_E_CONFIG. */
int lec_diag_error(struct lec_diag *d, const char *file, int line, const char *fmt, ...) LEC_PRINTF(4, 5);
void lec_diag_warn(struct lec_diag *d, const char *file, int line, const char *fmt, ...) LEC_PRINTF(4, 5);

/* A piece of a sentence; used as lec_shown(x).text inside one expression. */
struct lec_piece {
    char text[128];
};

/* What somebody wrote, in quotes, cut with "..." when it is long. Never for a secret. */
struct lec_piece lec_shown(const char *text);
/* " (did you mean "x"?)", or nothing when no candidate is near. NULL candidates are skipped. */
struct lec_piece lec_meant(const char *name, const char *const candidates[], size_t n);
/* "a, b, c", cut with "..." when long. */
struct lec_piece lec_listed(const char *const names[], size_t n);

/* Whether `text` is a name as DESIGN section 3 has them: lower-case letters, digits and dashes, a letter first (site,
 * room, device, scene, step); or with underscores and dots between parts (point, action). */
bool lec_is_name(const char *text);
bool lec_is_point_name(const char *text);

#endif
