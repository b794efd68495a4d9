/* Which requests read a set of registers: as few as the unit's limits allow.
 *
 * An item is what must come in one answer (the two registers of a float, a coil). Items of one table that lie close
 * together are read in one request, gaps between them included, because a gap register costs 2 bytes and a request
 * costs 13, two silences and the unit's own delay (fact sheet 1.5). Going from the lowest address up and putting
 * into each request all that fits is optimal here: a request that begins at the first item not yet read and ends as
 * late as it may leaves the fewest items for the others (tests/unit/modbus_plan_test.c compares with trying everything).
 *
 * Threads: pure functions. */
#ifndef MODBUS_PLAN_H
#define MODBUS_PLAN_H

#include "syntax.h"

/* How much an item may be read together with others. Rises when the unit has refused a merged read. */
enum mb_merge {
    MB_OVER_GAPS, /* with whatever is near */
    MB_ADJACENT,  /* only where nothing lies between */
    MB_ALONE,
};

struct mb_item {
    enum mb_table table;
    uint16_t addr, count;
    uint16_t point; /* index in the device's points */
    uint8_t role;   /* which of the point's items, for points that have several */
    enum mb_merge merge;
};

struct mb_limits {
    unsigned max_registers, max_bits; /* in one request; no item is longer */
    unsigned gap_registers, gap_bits; /* that may be read in passing */
    const struct mb_holes *holes;
};

/* One request: the items order[first] .. order[first + n - 1]. */
struct mb_txn {
    enum mb_table table;
    uint16_t addr, count;
    uint32_t first, n;
};

/* Plans the reading of items[order[0 .. n-1]]: sorts `order` and fills `txns` (room for n). Returns their number. */
size_t mb_plan(const struct mb_limits *limits, const struct mb_item *items, uint32_t *order, size_t n,
               struct mb_txn *txns);

#endif
