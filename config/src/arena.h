/* Memory that is given back all at once: everything a loaded room consists of.
 *
 * When memory runs out, `failed` stays set: strings become "", arrays NULL with a count of 0 at the caller, and who
 * built something looks at `failed` once, at the end. Freed memory is wiped, because secrets may have been in it.
 *
 * Threads: an arena belongs to its caller. */
#ifndef LECTERN_CONFIG_ARENA_H
#define LECTERN_CONFIG_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "lectern/err.h"

struct lec_arena_chunk;
struct lec_arena_later;

struct lec_arena {
    struct lec_arena_chunk *head;
    struct lec_arena_later *later;
    bool failed;
};

/* Room for `n` objects of `size` bytes, zeroed and aligned for any type; NULL for lack of memory, or if n == 0. */
void *lec_arena_array(struct lec_arena *a, size_t n, size_t size);
/* A copy of `len` bytes with a NUL behind; "" for lack of memory. */
const char *lec_arena_copy(struct lec_arena *a, const char *text, size_t len);
const char *lec_arena_str(struct lec_arena *a, const char *text);
const char *lec_arena_printf(struct lec_arena *a, const char *fmt, ...) LEC_PRINTF(2, 3);
/* Gives `what`, which is not the arena's, back with release(what) when the arena is freed. Returns false for lack of
 * memory; then it has been given back already. */
bool lec_arena_later(struct lec_arena *a, void (*release)(void *what), void *what);
/* Wipes and frees everything; the arena may be used again. */
void lec_arena_done(struct lec_arena *a);

#endif
