/* A growing byte buffer with a cap, and on top of it a writer of JSON.
 *
 * The first append that would pass the cap, or that memory cannot serve, sets `failed`; later appends do nothing.
 * So a sequence of appends is checked once, at its end. The content is always followed by a NUL that `len` does
 * not count. Parsing JSON is jansson's work; this only writes, at about the cost of a memcpy.
 *
 * Threads: a buffer belongs to its caller. */
#ifndef LECTERN_BUF_H
#define LECTERN_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/err.h"
#include "lectern/value.h"

struct lec_buf {
    char *data; /* NULL until the first append */
    size_t len, size;
    size_t max;  /* cap in bytes, given at init */
    bool failed; /* something did not fit */
};

void lec_buf_init(struct lec_buf *b, size_t max);
/* Frees the content; the buffer may be used again. */
void lec_buf_done(struct lec_buf *b);
/* Empties without freeing; clears `failed`. */
void lec_buf_clear(struct lec_buf *b);
void lec_buf_put(struct lec_buf *b, const void *data, size_t n);
void lec_buf_puts(struct lec_buf *b, const char *s);
void lec_buf_putc(struct lec_buf *b, char c);
void lec_buf_printf(struct lec_buf *b, const char *fmt, ...) LEC_PRINTF(2, 3);

/* JSON: each writes one value; bytes that are not UTF-8 become U+FFFD. A number that is not finite becomes null.
 * Floats are written with the fewest digits that read back the same. */
void lec_json_str(struct lec_buf *b, const char *s);
void lec_json_int(struct lec_buf *b, int64_t i);
void lec_json_float(struct lec_buf *b, double f);
void lec_json_bool(struct lec_buf *b, bool v);
/* A point's value: true, 55, 21.5, "on"; null for LEC_NONE. */
void lec_json_value(struct lec_buf *b, const struct lec_value *v);
/* Writes "key": with a comma before it unless the last byte opens an object. `key` is written as it is: names of
 * ours only, nothing that needs escaping. */
void lec_json_key(struct lec_buf *b, const char *key);
/* A comma unless the last byte opens an object or array: before an element of an array. */
void lec_json_next(struct lec_buf *b);

#endif
