#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <modbus.h>

#include "exchange.h"

/* ---- Plans -------------------------------------------------------------------------------------------------- */

static void drop_plan(struct mb_cached *c)
{
    for (size_t i = 0; c->views && i < c->n_txns; i++) {
        free(c->views[i].points);
        free(c->views[i].raw);
    }
    free(c->views);
    free(c->due);
    free(c->order);
    free(c->txns);
    *c = (struct mb_cached){0};
}

static void drop_plans(struct modbus *m)
{
    for (size_t i = 0; i < MB_PLANS_MAX; i++)
        drop_plan(&m->plans[i]);
    m->last = NULL;
    m->replan = false;
}

void mb_forget(struct modbus *m)
{
    for (size_t i = 0; i < m->n_items; i++)
        m->items[i].merge = MB_OVER_GAPS;
    drop_plans(m);
}

static size_t raw_size(const struct mb_txn *t)
{
    return t->count * (mb_is_bits(t->table) ? sizeof(uint8_t) : sizeof(uint16_t));
}

static int in_device_order(const void *a, const void *b)
{
    const struct lec_point *const *x = a, *const *y = b;
    return (*x > *y) - (*x < *y);
}

static int make_views(struct modbus *m, struct mb_cached *c, const struct lec_device *desc)
{
    c->views = calloc(c->n_txns + 1, sizeof *c->views);
    for (size_t i = 0; c->views && i < c->n_txns; i++) {
        const struct mb_txn *t = &c->txns[i];
        struct mb_view *v = &c->views[i];
        v->points = calloc(t->n, sizeof *v->points);
        v->raw = malloc(raw_size(t));
        if (!v->points || !v->raw)
            return LEC_E_NOMEM;
        bool motor = false;
        for (uint32_t k = 0; k < t->n; k++) {
            size_t point = m->items[c->order[t->first + k]].point;
            motor = motor || m->points[point].pair || m->points[point].fault_of;
            v->points[k] = &desc->points[point];
        }
        if (motor) {
            free(v->points);
            v->points = NULL;
        } else {
            qsort(v->points, t->n, sizeof *v->points, in_device_order);
        }
    }
    return c->views ? 0 : LEC_E_NOMEM;
}

static int make_plan(struct modbus *m, struct mb_cached *c, const struct lec_device *desc,
                     const struct lec_point *const due[], size_t n)
{
    size_t n_items = 0;
    drop_plan(c);
    for (size_t i = 0; i < n; i++)
        n_items += m->points[due[i]->index].n_items;
    c->due = malloc(n * sizeof *c->due);
    c->order = malloc((n_items + 1) * sizeof *c->order);
    c->txns = malloc((n_items + 1) * sizeof *c->txns);
    if (!c->due || !c->order || !c->txns) {
        drop_plan(c);
        return LEC_E_NOMEM;
    }
    memcpy(c->due, due, n * sizeof *c->due);
    c->n_due = n;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mb_point *p = &m->points[due[i]->index];
        for (uint32_t k = 0; k < p->n_items; k++)
            c->order[at++] = p->first_item + k;
    }
    c->n_txns = mb_plan(&m->limits, m->items, c->order, at, c->txns);
    int rc = make_views(m, c, desc);
    if (rc < 0)
        drop_plan(c);
    return rc;
}

/* The plan for these points: a remembered one, or a new one in place of the one unused for longest. */
static struct mb_cached *plan_for(struct modbus *m, const struct lec_device *desc, const struct lec_point *const due[],
                                  size_t n)
{
    struct mb_cached *oldest = &m->plans[0];
    for (size_t i = 0; i < MB_PLANS_MAX; i++) {
        struct mb_cached *c = &m->plans[i];
        if (c->n_due == n && memcmp(c->due, due, n * sizeof *due) == 0) {
            c->used = ++m->uses;
            return c;
        }
        if (c->used < oldest->used)
            oldest = c;
    }
    if (make_plan(m, oldest, desc, due, n) < 0)
        return NULL;
    oldest->used = ++m->uses;
    return oldest;
}

/* ---- Reading ------------------------------------------------------------------------------------------------ */

/* Publishes; returns whether the value is good. */
static bool take_item(struct lec_dev *dev, struct modbus *m, const struct mb_item *item, const uint16_t *regs,
                      const uint8_t *bits)
{
    const struct mb_point *p = &m->points[item->point];
    struct mb_pair *pair = p->pair ? p->pair : p->fault_of;
    if (pair) {
        mb_pair_take(pair, item->role, bits[0] != 0);
        return false;
    }
    const struct lec_point *point = &dev->desc->points[item->point];
    struct lec_value value;
    char reason[LEC_TEXT_MAX];
    bool good = regs ? mb_decode(&p->codec, regs, &value, reason, sizeof reason)
                     : mb_decode_bits(&p->codec, bits, &value, reason, sizeof reason);
    if (good)
        lec_dev_publish(dev, point, &value);
    else
        lec_dev_publish_bad(dev, point, reason);
    return good;
}

static void each_bad(struct lec_dev *dev, struct modbus *m, const uint32_t *order, const struct mb_txn *t, bool drop,
                     const char *reason)
{
    for (uint32_t i = 0; i < t->n; i++) {
        const struct lec_point *point = &dev->desc->points[m->items[order[t->first + i]].point];
        if (drop)
            lec_dev_drop(dev, point, reason);
        else
            lec_dev_publish_bad(dev, point, reason);
    }
}

/* Whether a request reads registers that are no item's. */
static bool has_gaps(const struct modbus *m, const uint32_t *order, const struct mb_txn *t)
{
    unsigned end = t->addr;
    for (uint32_t i = 0; i < t->n; i++) {
        const struct mb_item *item = &m->items[order[t->first + i]];
        if (item->addr > end)
            return true;
        if (item->addr + (unsigned)item->count > end)
            end = item->addr + (unsigned)item->count;
    }
    return false;
}

static void set_merge(struct modbus *m, const uint32_t *order, const struct mb_txn *t, enum mb_merge merge)
{
    for (uint32_t i = 0; i < t->n; i++)
        m->items[order[t->first + i]].merge = merge;
    m->replan = true;
}

static int read_txn(struct lec_dev *dev, struct modbus *m, const uint32_t *order, const struct mb_txn *t,
                    struct mb_view *view, size_t *dropped, struct lec_err *err);

/* The unit has refused to give several items at once: asks without the gaps, then one by one, and remembers. What is
 * refused alone is what the unit lacks; then the others may be read together again, around it. */
static int read_apart(struct lec_dev *dev, struct modbus *m, const uint32_t *order, const struct mb_txn *t,
                      size_t *dropped, struct lec_err *err)
{
    bool alone = !has_gaps(m, order, t);
    uint32_t *own = malloc(t->n * sizeof *own);
    struct mb_txn *txns = malloc(t->n * sizeof *txns);
    int rc = own && txns ? 0 : lec_fail(err, LEC_E_NOMEM, "out of memory");
    if (rc == 0) {
        set_merge(m, order, t, alone ? MB_ALONE : MB_ADJACENT);
        memcpy(own, order + t->first, t->n * sizeof *own);
        size_t n = mb_plan(&m->limits, m->items, own, t->n, txns), before = *dropped;
        for (size_t i = 0; i < n && rc == 0; i++)
            rc = read_txn(dev, m, own, &txns[i], NULL, dropped, err);
        if (rc == 0 && alone && *dropped > before)
            set_merge(m, order, t, MB_ADJACENT);
    }
    free(own);
    free(txns);
    return rc;
}

static void take_all(struct lec_dev *dev, struct modbus *m, const uint32_t *order, const struct mb_txn *t,
                     struct mb_view *view, const uint16_t *regs, const uint8_t *bits)
{
    const void *raw = regs ? (const void *)regs : bits;
    if (view && view->valid && memcmp(view->raw, raw, raw_size(t)) == 0) {
        lec_dev_same(dev, view->points, t->n);
        return;
    }
    bool good = true;
    for (uint32_t i = 0; i < t->n; i++) {
        const struct mb_item *item = &m->items[order[t->first + i]];
        unsigned at = item->addr - (unsigned)t->addr;
        good = take_item(dev, m, item, regs ? regs + at : NULL, bits ? bits + at : NULL) && good;
    }
    if (!view)
        return;
    view->valid = good && view->points;
    memcpy(view->raw, raw, raw_size(t));
}

/* Reads one request's worth and publishes. A refusal ends with the points told and 0. */
static int read_txn(struct lec_dev *dev, struct modbus *m, const uint32_t *order, const struct mb_txn *t,
                    struct mb_view *view, size_t *dropped, struct lec_err *err)
{
    uint16_t regs[MODBUS_MAX_READ_REGISTERS];
    uint8_t bits[MODBUS_MAX_READ_BITS];
    struct lec_err refused;
    int rc = mb_read(dev, t->table, t->addr, t->count, regs, bits, &refused);
    if (rc == 0) {
        bool of_bits = mb_is_bits(t->table);
        take_all(dev, m, order, t, view, of_bits ? NULL : regs, of_bits ? bits : NULL);
        return 0;
    }
    if (view)
        view->valid = false;
    int number = m->exception;
    if (t->n > 1 && (number == MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS || number == MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE))
        return read_apart(dev, m, order, t, dropped, err);
    if (rc == LEC_E_NOTSUP || rc == LEC_E_REFUSED) {
        bool passing = number == MODBUS_EXCEPTION_MEMORY_PARITY;
        each_bad(dev, m, order, t, !passing, refused.text);
        *dropped += passing ? 0 : t->n;
        return 0;
    }
    return lec_fail(err, rc, "%s", refused.text);
}

/* ---- The callback ------------------------------------------------------------------------------------------- */

/* Motors: what must end is ended before anything is told. */
static int finish_pairs(struct lec_dev *dev, struct modbus *m, const struct lec_point *const due[], size_t n,
                        struct lec_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct mb_point *p = &m->points[due[i]->index];
        struct mb_pair *pair = p->pair ? p->pair : p->fault_of;
        if (!pair || !mb_pair_complete(pair))
            continue;
        int rc = mb_pair_step(dev, pair, err);
        if (rc < 0)
            return rc;
        mb_pair_publish(dev, due[i], pair, p->fault_of != NULL);
    }
    return 0;
}

int mb_poll(struct lec_dev *dev, const struct lec_point *const due[], size_t n, struct lec_err *err)
{
    struct modbus *m = dev->state;
    m->allowed_ns = lec_line_left(dev);
    if (m->replan)
        drop_plans(m);
    struct mb_cached *plan = plan_for(m, dev->desc, due, n);
    if (!plan)
        return lec_fail(err, LEC_E_NOMEM, "out of memory for the plan of a poll");
    for (size_t i = 0; i < m->n_pairs; i++)
        m->pairs[i].fresh = 0;
    for (size_t i = 0; plan != m->last && i < plan->n_txns; i++)
        plan->views[i].valid = false;
    m->last = plan;
    size_t dropped = 0;
    for (size_t i = 0; i < plan->n_txns; i++) {
        int rc = i > 0 ? lec_line_yield(dev, err) : 0;
        if (rc == 0)
            rc = read_txn(dev, m, plan->order, &plan->txns[i], &plan->views[i], &dropped, err);
        if (rc < 0)
            return rc;
    }
    return m->n_pairs ? finish_pairs(dev, m, due, n, err) : 0;
}
