#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"

#define N_MAX 7 /* Bell(7) = 877 ways to share them out */

static const struct mb_holes no_holes;

static const struct mb_limits usual = {
    .max_registers = 60, .max_bits = 2000, .gap_registers = 10, .gap_bits = 160, .holes = &no_holes};

/* "4 0 2" a register each: table, address, count. */
static size_t plan(const struct mb_limits *l, const struct mb_item *items, size_t n, struct mb_txn *txns)
{
    uint32_t order[64];
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    return mb_plan(l, items, order, n, txns);
}

static void neighbours_come_in_one_request(void **state)
{
    (void)state;
    static const struct mb_item items[] = {{.table = MB_INPUT, .addr = 2, .count = 2},
                                           {.table = MB_INPUT, .addr = 0, .count = 2},
                                           {.table = MB_INPUT, .addr = 14, .count = 2}};
    struct mb_txn t[3];
    assert_int_equal(plan(&usual, items, 3, t), 1);
    assert_int_equal(t[0].addr, 0);
    assert_int_equal(t[0].count, 16);
    assert_int_equal(t[0].n, 3);
}

static void a_gap_of_eleven_registers_is_one_too_many(void **state)
{
    (void)state;
    static const struct mb_item items[] = {{.table = MB_INPUT, .addr = 0, .count = 2},
                                           {.table = MB_INPUT, .addr = 13, .count = 1}};
    struct mb_txn t[2];
    assert_int_equal(plan(&usual, items, 2, t), 2);
}

static void tables_are_never_mixed(void **state)
{
    (void)state;
    static const struct mb_item items[] = {{.table = MB_INPUT, .addr = 0, .count = 1},
                                           {.table = MB_HOLDING, .addr = 0, .count = 1},
                                           {.table = MB_COIL, .addr = 0, .count = 1},
                                           {.table = MB_DISCRETE, .addr = 0, .count = 1}};
    struct mb_txn t[4];
    assert_int_equal(plan(&usual, items, 4, t), 4);
}

static void a_value_of_several_registers_is_never_torn(void **state)
{
    (void)state;
    struct mb_limits l = usual;
    l.max_registers = 5;
    static const struct mb_item items[] = {{.table = MB_INPUT, .addr = 0, .count = 2},
                                           {.table = MB_INPUT, .addr = 2, .count = 2},
                                           {.table = MB_INPUT, .addr = 4, .count = 2}};
    struct mb_txn t[3];
    assert_int_equal(plan(&l, items, 3, t), 2);
    assert_int_equal(t[0].count, 4);
    assert_int_equal(t[1].addr, 4);
    assert_int_equal(t[1].count, 2);
}

static void a_hole_is_not_read_in_passing(void **state)
{
    (void)state;
    static const struct mb_item items[] = {{.table = MB_INPUT, .addr = 0, .count = 2},
                                           {.table = MB_INPUT, .addr = 4, .count = 2},
                                           {.table = MB_INPUT, .addr = 8, .count = 2}};
    struct mb_hole hole = {.table = MB_INPUT, .first = 7, .last = 7};
    struct mb_holes holes = {.at = &hole, .n = 1};
    struct mb_limits l = usual;
    struct mb_txn t[3];
    l.holes = &holes;
    assert_int_equal(plan(&l, items, 3, t), 2);
    assert_int_equal(t[0].count, 6);
    hole.table = MB_HOLDING; /* somebody else's */
    assert_int_equal(plan(&l, items, 3, t), 1);
    holes.every_gap = true;
    assert_int_equal(plan(&l, items, 3, t), 3);
}

static void what_was_refused_together_is_asked_alone(void **state)
{
    (void)state;
    struct mb_item items[] = {{.table = MB_INPUT, .addr = 0, .count = 1},
                              {.table = MB_INPUT, .addr = 1, .count = 1, .merge = MB_ALONE},
                              {.table = MB_INPUT, .addr = 2, .count = 1}};
    struct mb_txn t[3];
    assert_int_equal(plan(&usual, items, 3, t), 3);
    items[1].merge = MB_ADJACENT;
    assert_int_equal(plan(&usual, items, 3, t), 1);
    items[2].addr = 3;
    assert_int_equal(plan(&usual, items, 3, t), 2);
}

static void one_register_read_by_two_points_is_read_once(void **state)
{
    (void)state;
    static const struct mb_item items[] = {{.table = MB_HOLDING, .addr = 5, .count = 1},
                                           {.table = MB_HOLDING, .addr = 5, .count = 1},
                                           {.table = MB_HOLDING, .addr = 4, .count = 4}};
    struct mb_txn t[3];
    assert_int_equal(plan(&usual, items, 3, t), 1);
    assert_int_equal(t[0].addr, 4);
    assert_int_equal(t[0].count, 4);
}

/* ---- Against trying everything ------------------------------------------------------------------------------ */

static uint64_t seed = 88172645463325252u;

static unsigned chance(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % n);
}

/* Whether one request may read exactly these items: the rules anew, item by item and register by register. */
static bool legal(const struct mb_limits *l, const struct mb_item *items, const unsigned *group, unsigned which,
                  size_t n)
{
    unsigned first = UINT32_MAX, end = 0;
    int table = -1;
    for (size_t i = 0; i < n; i++) {
        if (group[i] != which)
            continue;
        if (table >= 0 && items[i].table != (enum mb_table)table)
            return false;
        table = (int)items[i].table;
        first = items[i].addr < first ? items[i].addr : first;
        end = items[i].addr + items[i].count > end ? items[i].addr + items[i].count : end;
    }
    if (end - first > l->max_registers)
        return false;
    unsigned gap = 0;
    for (unsigned at = first; at < end; at++) {
        bool used = false;
        for (size_t i = 0; i < n; i++)
            used = used || (group[i] == which && at >= items[i].addr && at < items[i].addr + (unsigned)items[i].count);
        gap = used ? 0 : gap + 1;
        if (gap > l->gap_registers)
            return false;
        for (size_t h = 0; gap > 0 && h < l->holes->n; h++)
            if ((int)l->holes->at[h].table == table && at >= l->holes->at[h].first && at <= l->holes->at[h].last)
                return false;
    }
    return true;
}

/* The fewest requests, by sharing out the items in every possible way. */
static size_t fewest(const struct mb_limits *l, const struct mb_item *items, unsigned *group, size_t at, size_t n,
                     unsigned used)
{
    if (at == n) {
        for (unsigned g = 0; g < used; g++)
            if (!legal(l, items, group, g, n))
                return SIZE_MAX;
        return used;
    }
    size_t best = SIZE_MAX;
    for (unsigned g = 0; g <= used; g++) {
        group[at] = g;
        size_t r = fewest(l, items, group, at + 1, n, g == used ? used + 1 : used);
        best = r < best ? r : best;
    }
    return best;
}

static void check_legal(const struct mb_limits *l, const struct mb_item *items, const uint32_t *order,
                        const struct mb_txn *txns, size_t n_txns, size_t n)
{
    unsigned group[N_MAX];
    size_t seen = 0;
    for (size_t t = 0; t < n_txns; t++) {
        for (uint32_t i = 0; i < txns[t].n; i++) {
            const struct mb_item *item = &items[order[txns[t].first + i]];
            group[order[txns[t].first + i]] = (unsigned)t;
            assert_true(item->addr >= txns[t].addr);
            assert_true(item->addr + item->count <= txns[t].addr + txns[t].count);
            seen++;
        }
    }
    assert_int_equal(seen, n);
    for (size_t t = 0; t < n_txns; t++)
        assert_true(legal(l, items, group, (unsigned)t, n));
}

static void no_other_plan_needs_fewer_requests(void **state)
{
    (void)state;
    for (int round = 0; round < 1500; round++) {
        struct mb_item items[N_MAX];
        struct mb_hole holes[2];
        struct mb_holes list = {.at = holes, .n = chance(3)};
        size_t n = 1 + chance(N_MAX);
        for (size_t i = 0; i < n; i++)
            items[i] = (struct mb_item){.table = chance(5) ? MB_INPUT : MB_HOLDING,
                                        .addr = (uint16_t)chance(30),
                                        .count = (uint16_t)(1 + chance(4))};
        for (size_t h = 0; h < list.n; h++) {
            uint16_t at = (uint16_t)chance(34);
            holes[h] = (struct mb_hole){.table = MB_INPUT, .first = at, .last = (uint16_t)(at + chance(3))};
        }
        struct mb_limits l = {.max_registers = 4 + chance(12), .gap_registers = chance(6), .holes = &list};
        uint32_t order[N_MAX];
        struct mb_txn txns[N_MAX];
        for (uint32_t i = 0; i < n; i++)
            order[i] = i;
        size_t got = mb_plan(&l, items, order, n, txns);
        unsigned group[N_MAX];
        size_t best = fewest(&l, items, group, 0, n, 0);
        if (got != best)
            fail_msg("round %d: %zu requests where %zu would do", round, got, best);
        check_legal(&l, items, order, txns, got, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_come_in_one_request),
        cmocka_unit_test(a_gap_of_eleven_registers_is_one_too_many),
        cmocka_unit_test(tables_are_never_mixed),
        cmocka_unit_test(a_value_of_several_registers_is_never_torn),
        cmocka_unit_test(a_hole_is_not_read_in_passing),
        cmocka_unit_test(what_was_refused_together_is_asked_alone),
        cmocka_unit_test(one_register_read_by_two_points_is_read_once),
        cmocka_unit_test(no_other_plan_needs_fewer_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
