/* One JSON object as fields. A scanner of our own because boards print {"t":nan}, which no JSON parser takes, and
 * because it allocates nothing. What it accepts beyond JSON: nan, inf and ovf as values.
 *
 * Threads: pure functions. */
#ifndef STREAM_JSON_H
#define STREAM_JSON_H

#include "fields.h"

/* Nested members get names with dots: {"acc":{"x":1},"v":[2,3]} is acc.x, v.0, v.1. Text of n bytes with a NUL behind
 * it, cut into pieces. False: it is no object, or beyond our limits. */
bool stream_json(char *text, size_t n, struct fields *out);

#endif
