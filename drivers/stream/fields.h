/* From one line to its fields: JSON objects, key:value pairs, bare columns, with or without an NMEA checksum.
 *
 * Source: lab-protocols.md, section 3.2. There is no standard; what is accepted is what boards really print.
 *
 * Threads: pure functions. */
#ifndef STREAM_FIELDS_H
#define STREAM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_BYTES  512  /* a line that is longer is noise */
#define FIELDS_MAX  64   /* of a line; one with more is noise */
#define PATHS_BYTES 1024 /* names of a JSON line's fields together; a line with more is noise */
#define JSON_DEPTH  6

enum format { FORMAT_AUTO, FORMAT_CSV, FORMAT_PAIRS, FORMAT_JSON };

struct form {
    enum format format;
    char separator;     /* CSV; '\0': found by itself */
    bool decimal_comma; /* 23,5 */
    bool checksum;      /* a line without an NMEA checksum is wrong */
    const char *prefix; /* lines that begin otherwise are somebody else's; NULL: all are ours */
};

struct field {
    const char *key;  /* NULL: a bare column */
    const char *text; /* without spaces and quotes around it */
};

struct fields {
    struct field at[FIELDS_MAX];
    size_t n;
    char paths[PATHS_BYTES];
};

enum line_kind {
    LINE_FIELDS,
    LINE_NOTHING, /* empty, a comment, or somebody else's */
    LINE_BAD,     /* *why says what is wrong with it */
};

/* Takes apart line[n], which has room for one more byte and is cut into pieces: what `out` points to lies in it.
 * n: at most LINE_BYTES. */
enum line_kind stream_fields(const struct form *form, char *line, size_t n, struct fields *out, const char **why);

/* The number that a field says: NaN for "", nan, inf, ovf and null, which boards print where they have no value; 1 and
 * 0 for true and false. False: it is no number. A decimal comma in `text` is replaced. */
bool stream_number(const struct form *form, const char *text, double *out);

#endif
