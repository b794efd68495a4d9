/* What people see: text that a terminal cannot be fooled with, colours only where they are wanted, and columns that
 * line up whatever the letters. */
#ifndef LECTERN_CLI_OUT_H
#define LECTERN_CLI_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "lectern/err.h"

enum style { PLAIN, BOLD, DIM, GOOD, WARN, BAD, ACCENT };

/* Looks at the terminal and at NO_COLOR, and sets the locale for the width of letters. First of all. */
void out_init(void);
bool out_is_terminal(void);
/* Columns and rows of the terminal; 0 when stdout is none or it does not say. */
int out_columns(void);
int out_rows(void);

/* Columns that UTF-8 text takes on a terminal; combining marks take none, wide letters two. */
int out_width(const char *text);
/* Writes text from outside: control characters and bytes that are not UTF-8 become U+FFFD. */
void out_put(FILE *to, const char *text);
/* printf through out_put. Newlines of the format and of the arguments stay. */
void out(const char *fmt, ...) LEC_PRINTF(1, 2);
void out_err(const char *fmt, ...) LEC_PRINTF(1, 2);
void out_styled(enum style style, const char *fmt, ...) LEC_PRINTF(2, 3);
/* One JSON document and a newline, on stdout. */
void out_json(const json_t *doc);

/* A table: cells are added row by row, and printed at the end with two spaces between columns. */
#define TABLE_COLUMNS 12
struct table;
/* columns: 1 to TABLE_COLUMNS. NULL for lack of memory, which the others take as an empty table. */
struct table *table_new(size_t columns);
/* The next cell; wraps into the next row. */
void table_cell(struct table *t, enum style style, const char *fmt, ...) LEC_PRINTF(3, 4);
/* A column takes at least so much. Column number from 0, at most TABLE_COLUMNS - 1. */
void table_widen(struct table *t, size_t column, int width);
/* Prints on stdout and frees. The first row is a heading if `heading`. */
void table_print(struct table *t, bool heading);

#endif
