/* What the tests of config share: drivers that exist only as schemas, and files made on the spot. */
#ifndef LECTERN_TESTS_CONFIG_STAGE_H
#define LECTERN_TESTS_CONFIG_STAGE_H

#include "config.h"

/* Schemas by name: "talk" (tcp, serial, pty; shares no line; finds fault with ask = NO), "shared" (tcp, serial, pty;
 * shares a line), "free" (no line). */
const struct lec_schema *stage_schema(void *ctx, const char *name, struct lec_err *err);

/* How often a prepare has been called that release has not followed; a test wants 0. */
int stage_unreleased(void);

/* Sources with the profiles of tests/data/config, seen from that folder, which becomes the working folder. */
struct lec_sources stage_sources(void);

/* A file in memory with that content; its path is written to `path` (32 bytes are enough). Returns the descriptor
 * to close. */
int stage_file(const char *text, size_t len, char *path, size_t size);

/* Loads a room from text, expecting success. */
const struct lec_room *stage_room(const char *text, const struct lec_sources *sources);

/* All mistakes of a report as "file:line: text" lines ("warning: " before the text of a warning); free() it. */
char *stage_print(const struct lec_report *report);

#endif
