#include "pool.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct dlg_block {
    struct dlg_block *next;
    size_t n;
    max_align_t data[];
};

void *dlg_pool_get(struct dlg_pool *pool, size_t n, size_t size)
{
    if (n == 0)
        n = 1;
    struct dlg_block *b = n > (SIZE_MAX - sizeof *b) / size ? NULL : calloc(1, sizeof *b + n * size);
    if (!b) {
        pool->failed = true;
        return NULL;
    }
    b->n = n * size;
    b->next = pool->blocks;
    pool->blocks = b;
    return b->data;
}

void *dlg_pool_copy(struct dlg_pool *pool, const void *data, size_t n)
{
    char *copy = dlg_pool_get(pool, n + 1, 1);
    if (copy && n > 0)
        memcpy(copy, data, n);
    return copy;
}

void dlg_pool_done(struct dlg_pool *pool)
{
    while (pool->blocks) {
        struct dlg_block *b = pool->blocks;
        pool->blocks = b->next;
        explicit_bzero(b->data, b->n);
        free(b);
    }
    pool->failed = false;
}
