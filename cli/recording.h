/* Runs of experiments as people read them: shared by the experiment and run commands. */
#ifndef LECTERN_CLI_RECORDING_H
#define LECTERN_CLI_RECORDING_H

#include "cli.h"

/* "20261122-101500-cooling-1" is a run, "cooling" an experiment: {"run":...} or {"experiment":...}; no name: {}. */
json_t *recording_named(const char *name);
bool recording_is_id(const char *name);

/* Whether it goes on: armed, recording, or in the pause between two of a row. */
bool recording_is_running(const json_t *run);
/* Whether it is done and another one of the row follows. */
bool recording_has_next(const json_t *run);
/* A number of milliseconds as seconds; 0 if there is none. */
double recording_seconds(const json_t *object, const char *key);
/* The state in words, with the colour it deserves. */
const char *recording_state(const json_t *run);
/* Why it ended, in words where they are known; "" if there is nothing to say. Lent from `object`. */
const char *recording_reason(const json_t *object);
enum style recording_style(const json_t *run);
/* The exit code of a command that saw it end. */
int recording_exit(const json_t *run);

/* One line: name, state, reason, run. */
void recording_print_heading(const json_t *run);
/* The picture of a run under way: heading, progress, a line for each channel with its newest value and, where `sparks`
 * has them (of the channel's index, may be NULL), the course of the last. On a terminal not higher than that. Returns
 * the number of lines printed. */
#define SPARK_WIDTH 40
struct spark {
    double at[SPARK_WIDTH]; /* oldest first; NaN: none */
    size_t n;
};
void spark_add(struct spark *s, double value);
int recording_print(const json_t *run, const struct spark *sparks, size_t n_sparks);
/* The devices that were away at the start, with what to do. */
void recording_print_away(const json_t *run);
/* One line about a mark: when, what, which channel, how many samples were lost. */
void recording_print_mark(const json_t *mark);

#endif
