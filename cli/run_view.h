/* How a run of a scene looks. */
#ifndef LECTERN_CLI_RUN_VIEW_H
#define LECTERN_CLI_RUN_VIEW_H

#include "cli.h"

/* The whole run as text: a heading and a line for each step. Returns the number of lines printed. `since_ms`: how
 * long ago the run was told, taken off the remaining times. */
int run_print(const json_t *run, int64_t since_ms);
/* One step that ended, as a line of its own. */
void run_print_step(const json_t *run, const json_t *step);
void run_print_end(const json_t *run);
bool run_is_running(const json_t *run);
bool step_has_ended(const json_t *step);
/* EXIT_OK only for a run that is done. */
int run_exit(const json_t *run);

#endif
