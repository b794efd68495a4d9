/* Memory for a compiled profile: taken piece by piece while it is compiled, given back all at once.
 *
 * When memory runs out `failed` stays set, so that the compiler looks once, at its end. Freed memory is wiped, since
 * passwords may be part of a compiled request.
 *
 * Threads: a pool belongs to its owner. */
#ifndef DIALOGUE_POOL_H
#define DIALOGUE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct dlg_block;

struct dlg_pool {
    struct dlg_block *blocks;
    bool failed;
};

/* n * size zeroed bytes, aligned for any type; NULL for lack of memory. */
void *dlg_pool_get(struct dlg_pool *pool, size_t n, size_t size);
/* A copy of n bytes with a NUL behind; NULL for lack of memory. */
void *dlg_pool_copy(struct dlg_pool *pool, const void *data, size_t n);
void dlg_pool_done(struct dlg_pool *pool);

#endif
