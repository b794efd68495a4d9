/* When each point of a device is asked. */
#include <stdio.h>
#include <string.h>

#include "line/line.h"

static void find_next(struct line_device *d)
{
    int64_t next = LEC_NEVER;
    for (size_t i = 0; i < d->h.dev.desc->n_points; i++)
        if (d->h.marks[i] & LEC_MARK_SOON)
            next = 0;
        else if (d->slots[i].due < next)
            next = d->slots[i].due;
    d->next_due = next;
}

/* When a point goes with a poll: a little early rather than in a request of its own. */
static int64_t joins_at(const struct slot *slot)
{
    return slot->due - slot->period_ns / 16;
}

/* Points whose gate is closed are not asked: their last value is stale, for a reason. */
static void gated(struct line_device *d, const struct lec_point *p)
{
    struct report_cache *c = &d->told[p->index];
    char reason[96];
    char value[LEC_TEXT_MAX + 1];
    const struct lec_point_state *gate = &d->h.points[p->when.point->index];
    lec_value_print(&gate->value, value, sizeof value);
    snprintf(reason, sizeof reason, "cannot be asked while %s is %.40s", p->when.point->name,
             gate->quality == LEC_GOOD ? value : "unknown");
    enum lec_quality q = c->quality == LEC_BAD && c->value.type == LEC_NONE ? LEC_BAD : LEC_STALE;
    if ((d->news[p->index] & NEWS_KNOWN) && c->quality == q && strcmp(c->reason, reason) == 0)
        return;
    struct lec_value v = c->value;
    d->line->sink.value(d->line, p, q, &v, reason);
}

/* After its reading at `now`. `steady`: it keeps to the grid of its samples, and what was missed is missing. */
static inline void plan_next(struct slot *slot, bool steady, int64_t now)
{
    if (slot->period_ns == 0 || slot->period_ns == LEC_NEVER) {
        slot->due = LEC_NEVER;
        return;
    }
    int64_t late = now - slot->due;
    if (late < slot->period_ns)
        slot->due += slot->period_ns;
    else if (steady)
        slot->due += (late / slot->period_ns + 1) * slot->period_ns;
    else
        slot->due = now + slot->period_ns;
}

/* A point that is due and has a gate, was dropped, or has its own time-out: returns whether it is asked now. */
static bool admit(struct line_device *d, const struct lec_point *p, int64_t now, int64_t *timeout_ns)
{
    struct slot *slot = &d->slots[p->index];
    if (d->h.marks[p->index] & LEC_MARK_DROPPED) {
        slot->due = LEC_NEVER;
        return false;
    }
    if (!lec_hosted_gate(&d->h, &p->when)) {
        gated(d, p);
        slot->due = now + (slot->period_ns > 0 && slot->period_ns < LEC_SEC ? slot->period_ns
                                                                            : LEC_SEC); /* soon after it opens */
        return false;
    }
    if (p->timeout_ns > *timeout_ns)
        *timeout_ns = p->timeout_ns;
    return true;
}

static size_t collect(struct line_device *d, int64_t now, int64_t *timeout_ns)
{
    const struct lec_point *points = d->h.dev.desc->points;
    size_t n = 0;
    for (size_t i = 0; i < d->h.dev.desc->n_points; i++) {
        struct slot *slot = &d->slots[i];
        uint8_t marks = d->h.marks[i];
        if ((marks & LEC_MARK_SOON) && (points[i].access & LEC_READ)) {
            d->h.marks[i] &= (uint8_t)~LEC_MARK_SOON;
            slot->due = now;
        }
        if (slot->due == LEC_NEVER || joins_at(slot) > now)
            continue;
        if ((d->plain && !(marks & LEC_MARK_DROPPED)) || admit(d, &points[i], now, timeout_ns))
            d->due[n++] = &points[i];
    }
    return n;
}

/* What a failed poll means for the points that got no value from it. */
static void not_read(struct line_device *d, const struct lec_point *p, int rc, const char *reason, int64_t now)
{
    struct report_cache *c = &d->told[p->index];
    switch (rc) {
    case LEC_E_CANCELLED: /* a write goes first: still due */
        return;
    case LEC_E_TIMEOUT:
    case LEC_E_FRAME:
    case LEC_E_LINK:
        d->slots[p->index].due = now; /* again, as often as the profile says; then the device is away */
        if (d->failures <= (int)d->h.dev.desc->retries)
            return;
        break;
    case LEC_E_NOTSUP:
        d->h.marks[p->index] |= LEC_MARK_DROPPED;
        break;
    default:
        break;
    }
    plan_next(&d->slots[p->index], d->news[p->index] & NEWS_BLOCKS, now);
    if (rc == LEC_E_BUSY && p->period_ns == 0)
        d->slots[p->index].due = now + BUSY_ONCE_NS; /* read once, but not yet */
    struct lec_value v = c->value;
    bool never = v.type == LEC_NONE;
    enum lec_quality q = never || rc == LEC_E_REFUSED || rc == LEC_E_NOTSUP ? LEC_BAD : LEC_STALE;
    d->line->sink.value(d->line, p, q, &v, reason);
}

/* ---- In step -------------------------------------------------------------------------------------------------- */

void schedule_apart(struct line_device *d)
{
    for (size_t i = 0; i < d->step.n; i++)
        d->slots[lec_place(d->h.dev.desc, d->due[i])].due = d->step.slot.due;
    d->step.n = 0;
}

/* The first `n` of d->due were read together: one slot is enough for them if they are due together again. */
static void join(struct line_device *d, size_t n)
{
    const struct lec_device *desc = d->h.dev.desc;
    struct step *step = &d->step;
    size_t k = 0;
    *step =
        (struct step){.slot = d->slots[lec_place(desc, d->due[0])], .others_due = LEC_NEVER, .others_join = LEC_NEVER};
    for (size_t i = 0; i < desc->n_points; i++) {
        const struct slot *slot = &d->slots[i];
        if (k < n && d->due[k] == &desc->points[i]) {
            if (slot->due != step->slot.due || slot->period_ns != step->slot.period_ns || (d->news[i] & NEWS_BLOCKS))
                return;
            k++;
        } else if (slot->due != LEC_NEVER) {
            step->others_due = slot->due < step->others_due ? slot->due : step->others_due;
            step->others_join = joins_at(slot) < step->others_join ? joins_at(slot) : step->others_join;
        }
    }
    step->n = step->slot.due == LEC_NEVER ? 0 : n;
}

/* ---- A poll --------------------------------------------------------------------------------------------------- */

size_t schedule_due(struct line_device *d, int64_t *timeout_ns)
{
    int64_t now = lec_now();
    *timeout_ns = d->h.dev.desc->timeout_ns;
    if (d->step.n > 0 && !d->h.marked && joins_at(&d->step.slot) <= now && now < d->step.others_join)
        return d->step.n;
    schedule_apart(d);
    d->h.marked = false;
    size_t n = collect(d, now, timeout_ns);
    if (n == 0)
        find_next(d);
    return n;
}

void schedule_asked(struct line_device *d, size_t n, int rc, const char *reason)
{
    int64_t now = d->line->last_traffic; /* just now */
    struct step *step = &d->step;
    if (step->n > 0 && rc == 0 && !d->h.marked) {
        plan_next(&step->slot, false, now);
        d->next_due = step->slot.due < step->others_due ? step->slot.due : step->others_due;
        return;
    }
    schedule_apart(d);
    for (size_t i = 0; i < n; i++) {
        size_t at = lec_place(d->h.dev.desc, d->due[i]);
        if (d->h.marks[at] & LEC_MARK_PUBLISHED)
            plan_next(&d->slots[at], d->news[at] & NEWS_BLOCKS, now);
        else
            not_read(d, d->due[i], rc, reason, now);
    }
    find_next(d);
    if (rc == 0 && d->plain && !d->h.marked)
        join(d, n);
}

void schedule_read(struct line_device *d, const struct lec_point *point)
{
    struct slot *slot = &d->slots[point->index];
    if (slot->period_ns <= 0 || slot->period_ns == LEC_NEVER)
        return;
    schedule_apart(d);
    if (slot->due - lec_now() < slot->period_ns / 2)
        slot->due += slot->period_ns;
    find_next(d);
}
