#include "plan.h"

#include <stdlib.h>

/* By table, then address, then the longer first, so that what lies inside another follows it. */
static int compare(const struct mb_item *a, const struct mb_item *b)
{
    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    if (a->addr != b->addr)
        return a->addr < b->addr ? -1 : 1;
    return (a->count < b->count) - (a->count > b->count);
}

static int compare_indices(const void *a, const void *b, void *items)
{
    const struct mb_item *all = items;
    return compare(&all[*(const uint32_t *)a], &all[*(const uint32_t *)b]);
}

static bool hole_between(const struct mb_holes *holes, enum mb_table table, unsigned first, unsigned end)
{
    if (holes->every_gap)
        return true;
    for (size_t i = 0; i < holes->n; i++)
        if (holes->at[i].table == table && holes->at[i].first < end && holes->at[i].last >= first)
            return true;
    return false;
}

/* Whether `item` may join a request that covers [t->addr, end) and whose items merge at most as `merge` says. */
static bool joins(const struct mb_limits *l, const struct mb_txn *t, unsigned end, enum mb_merge merge,
                  const struct mb_item *item)
{
    bool bits = mb_is_bits(t->table);
    unsigned item_end = item->addr + (unsigned)item->count;
    unsigned new_end = item_end > end ? item_end : end;
    if (item->table != t->table || new_end - t->addr > (bits ? l->max_bits : l->max_registers))
        return false;
    if (item->merge > merge)
        merge = item->merge;
    if (merge == MB_ALONE)
        return false;
    if (item->addr <= end)
        return true;
    return merge == MB_OVER_GAPS && item->addr - end <= (bits ? l->gap_bits : l->gap_registers) &&
           !hole_between(l->holes, t->table, end, item->addr);
}

size_t mb_plan(const struct mb_limits *limits, const struct mb_item *items, uint32_t *order, size_t n,
               struct mb_txn *txns)
{
    /* qsort_r wants a pointer without const; it is read only. */
    union {
        const struct mb_item *in;
        void *out;
    } all = {.in = items};
    qsort_r(order, n, sizeof *order, compare_indices, all.out);
    size_t n_txns = 0;
    unsigned end = 0;
    enum mb_merge merge = MB_OVER_GAPS;
    for (size_t i = 0; i < n; i++) {
        const struct mb_item *item = &items[order[i]];
        unsigned item_end = item->addr + (unsigned)item->count;
        struct mb_txn *t = n_txns ? &txns[n_txns - 1] : NULL;
        if (t && joins(limits, t, end, merge, item)) {
            end = item_end > end ? item_end : end;
            merge = item->merge > merge ? item->merge : merge;
            t->n++;
        } else {
            txns[n_txns] = (struct mb_txn){.table = item->table, .addr = item->addr, .first = (uint32_t)i, .n = 1};
            t = &txns[n_txns++];
            end = item_end;
            merge = item->merge;
        }
        t->count = (uint16_t)(end - t->addr);
    }
    return n_txns;
}
