/* What is wrong with a line. */
#ifndef LECTERN_CLI_LINES_H
#define LECTERN_CLI_LINES_H

#include "cli.h"

/* A row of system.health: what looks bad and what to check, or NULL. */
const char *line_trouble(const json_t *line);

#endif
