/* Who changed a value: the principal whose command brought it, or somebody at the device. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

#define TOLD_NS   (10 * 60 * LEC_SEC) /* for so long a value says who changed it */
#define WRITE_NS  (2 * LEC_SEC)       /* what a write stirs up at its device comes to rest within this */
#define INVOKE_NS (10 * LEC_SEC)      /* what an action sets going: nobody tells when it has ended */

struct changed {
    char by[sizeof((struct pending *)0)->principal]; /* "": not known */
    int64_t time_us, time_ns;
    /* the last write of ours */
    char writer[sizeof((struct pending *)0)->principal];
    unsigned under_way;
    int64_t until_ns; /* after its end a change is still its own for so long... */
    int64_t
        fulfilled_until; /* ...and for so long if it is what was wished: a projector may take longer than it was given */
    struct lec_value wish;
};

static struct changed *of_point(struct point_state *p)
{
    if (!p->changed)
        p->changed = calloc(1, sizeof *p->changed);
    return p->changed;
}

static bool is_action(const struct pending *p)
{
    return p->kind == PENDING_INVOKE || (p->kind == PENDING_SCENE && p->item >= p->device->desc->n_points);
}

void changed_begin(struct pending *p, const struct lec_value *value)
{
    struct device_state *d = p->device;
    struct changed *c = is_action(p) ? NULL : of_point(&d->points[p->item]);
    p->commands = true;
    d->commands++;
    lec_copy_text(d->commander, sizeof d->commander, p->principal);
    if (!c)
        return;
    c->under_way++;
    lec_copy_text(c->writer, sizeof c->writer, p->principal);
    c->wish = *value;
}

void changed_end(struct pending *p)
{
    struct device_state *d = p->device;
    if (!p->commands || !d)
        return;
    int64_t now = lec_now();
    int64_t rest = now + (is_action(p) ? INVOKE_NS : WRITE_NS);
    p->commands = false;
    if (d->commands > 0)
        d->commands--;
    if (rest > d->command_until)
        d->command_until = rest;
    struct changed *c = is_action(p) ? NULL : d->points[p->item].changed;
    if (!c || c->under_way == 0)
        return;
    const struct lec_point *desc = &d->desc->points[p->item];
    c->under_way--;
    c->until_ns = now + (desc->settle_ns > WRITE_NS ? desc->settle_ns : WRITE_NS);
    c->fulfilled_until = now + desc->limit_ns;
}

void changed_value(struct device_state *d, uint32_t point, const struct lec_value *was)
{
    struct point_state *p = &d->points[point];
    const struct lec_point *desc = &d->desc->points[point];
    if (!(desc->access & LEC_WRITE) || p->quality != LEC_GOOD || was->type == LEC_NONE || p->value.type == LEC_NONE ||
        lec_value_meets(&p->value, was, desc->tolerance))
        return;
    struct changed *c = of_point(p);
    if (!c)
        return;
    const char *by = "device";
    if (c->under_way > 0 || p->time_ns < c->until_ns ||
        (p->time_ns < c->fulfilled_until && lec_value_meets(&p->value, &c->wish, desc->tolerance)))
        by = c->writer;
    else if (d->commands > 0 || p->time_ns < d->command_until)
        by = d->commander;
    lec_copy_text(c->by, sizeof c->by, by);
    c->time_us = p->time_us;
    c->time_ns = p->time_ns;
}

bool state_changed_by(const struct device_state *d, size_t point, struct changed_by *out)
{
    const struct changed *c = d->points[point].changed;
    if (!c || c->by[0] == '\0' || lec_now() - c->time_ns >= TOLD_NS)
        return false;
    *out = (struct changed_by){.who = c->by, .time_us = c->time_us, .time_ns = c->time_ns};
    return true;
}

void changed_write(struct lec_buf *b, const struct device_state *d, size_t point)
{
    struct changed_by by;
    if (!d->points[point].changed || !state_changed_by(d, point, &by))
        return;
    lec_member_str(b, "by", by.who);
    lec_member_int(b, "by_time", by.time_us);
}

void changed_forget(struct device_state *d)
{
    for (size_t i = 0; d->points && i < d->desc->n_points; i++)
        free(d->points[i].changed);
}
