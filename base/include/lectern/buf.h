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
#include <string.h>

#include "lectern/err.h"
#include "lectern/value.h"

struct lec_buf {
    char *data; /* NULL until the first append */
    size_t len;
    size_t size; /* bytes at `data`; at most max and the NUL */
    size_t max;  /* cap in bytes, given at init */
    bool failed; /* something did not fit */
};

void lec_buf_init(struct lec_buf *b, size_t max);
/* Frees the content; the buffer may be used again. */
void lec_buf_done(struct lec_buf *b);
/* Empties without freeing; clears `failed`. */
void lec_buf_clear(struct lec_buf *b);
/* Makes room for `n` more bytes and the NUL, and says whether there is. */
bool lec_buf_grow(struct lec_buf *b, size_t n);
void lec_buf_printf(struct lec_buf *b, const char *fmt, ...) LEC_PRINTF(2, 3);

/* Text is written in many small pieces, and most of them fit into the room that is there: these are inline, so that
 * such a piece costs its bytes and a comparison. */
static inline bool lec_buf_reserve(struct lec_buf *b, size_t n)
{
    return (!b->failed && n < b->size - b->len) || lec_buf_grow(b, n);
}

static inline void lec_buf_put(struct lec_buf *b, const void *data, size_t n)
{
    if (!lec_buf_reserve(b, n))
        return;
    if (n > 0)
        memcpy(b->data + b->len, data, n);
    b->len += n;
    b->data[b->len] = '\0';
}

static inline void lec_buf_puts(struct lec_buf *b, const char *s)
{
    lec_buf_put(b, s, strlen(s));
}

static inline void lec_buf_putc(struct lec_buf *b, char c)
{
    lec_buf_put(b, &c, 1);
}

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
