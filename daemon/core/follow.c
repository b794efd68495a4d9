/* Points that recordings follow: found by name in whatever room there is, and sampled as fast as the fastest of them
 * wants. */
#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "lectern/log.h"

static struct device_state *find(struct core *core, const struct follow *f, const struct lec_point **point)
{
    struct device_state *d = state_device(core, f->device);
    *point = d ? lec_device_point(d->desc, f->point) : NULL;
    return *point ? d : NULL;
}

static void attach(struct core *core, struct follow *f)
{
    const struct lec_point *point;
    struct device_state *d = find(core, f, &point);
    if (d)
        d->points[point->index].follow = f;
}

struct follow *follow_add(struct core *core, const char *device, const char *point)
{
    struct record *record = core->record;
    for (size_t i = 0; i < record->n_follows; i++) {
        struct follow *f = record->follows[i];
        if (strcmp(f->device, device) == 0 && strcmp(f->point, point) == 0) {
            f->users++;
            return f;
        }
    }
    struct follow **more = realloc(record->follows, (record->n_follows + 1) * sizeof(struct follow *));
    if (!more)
        return NULL;
    record->follows = more;
    struct follow *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->key = ++record->next_key;
    f->users = 1;
    f->line = UINT32_MAX;
    snprintf(f->device, sizeof f->device, "%s", device);
    snprintf(f->point, sizeof f->point, "%s", point);
    record->follows[record->n_follows++] = f;
    attach(core, f);
    return f;
}

void follow_drop(struct core *core, struct follow *f)
{
    struct record *record = core->record;
    const struct lec_point *point;
    if (--f->users > 0)
        return;
    struct device_state *d = find(core, f, &point);
    if (d && d->points[point->index].follow == f)
        d->points[point->index].follow = NULL;
    for (size_t i = 0; i < record->n_follows; i++)
        if (record->follows[i] == f)
            record->follows[i] = record->follows[--record->n_follows];
    free(f);
}

/* What all recordings together want: the shortest period; false when none wants samples. */
static bool wanted(struct core *core, const struct follow *f, const struct lec_point *point, int64_t *period_ns)
{
    const struct record *record = core->record;
    bool any = false, as_delivered = false;
    int64_t least = 0;
    for (size_t j = 0; j < record->n_jobs; j++) {
        const struct job *job = record->jobs[j];
        for (size_t i = 0; i < job->n_wishes; i++) {
            const struct wish *w = &job->wishes[i];
            if (w->follow != f || !w->samples)
                continue;
            any = true;
            as_delivered = as_delivered || w->period_ns == 0;
            if (w->period_ns > 0 && (least == 0 || w->period_ns < least))
                least = w->period_ns;
        }
    }
    /* who takes what comes must not be slowed down by somebody who wants less */
    if (as_delivered && point->period_ns > 0 && point->period_ns != LEC_NEVER &&
        (least == 0 || point->period_ns < least))
        least = point->stream ? least : point->period_ns;
    if (least > 0 && point->fastest_ns > 0 && least < point->fastest_ns)
        least = point->fastest_ns;
    int64_t slowest = point->slowest_ns > 0 ? point->slowest_ns : 0;
    if (least > 0 && slowest > 0 && least > slowest)
        least = slowest;
    *period_ns = least;
    return any;
}

bool follow_rate(struct core *core, struct follow *f)
{
    const struct lec_point *point;
    struct device_state *d = find(core, f, &point);
    int64_t period;
    if (!d)
        return false;
    bool on = wanted(core, f, point, &period);
    uint32_t line = d->line ? d->line->number : UINT32_MAX;
    bool same = f->asked && f->line == line && f->on == on && f->period_ns == period;
    f->samples = on;
    if (same || (!on && !f->asked))
        return f->op != 0;
    struct lec_request ask = {.ask = LEC_ASK_RATE,
                              .item = (uint32_t)point->index,
                              .op = RATE_OPS | ++core->record->next_op,
                              .period_ns = period,
                              .on = on};
    f->asked = lines_ask(core, d, &ask) == 0;
    f->line = d->line ? d->line->number : UINT32_MAX;
    f->on = on;
    f->period_ns = period;
    f->code = 0;
    f->granted_ns = 0;
    f->last_op = ask.op;
    f->op = f->asked && on && d->status == DEVICE_ONLINE ? ask.op : 0;
    return f->op != 0;
}

void follow_told_rate(struct core *core, struct device_state *d, uint64_t op, const struct lec_told_rate *told)
{
    struct follow *f = told->point < d->desc->n_points ? d->points[told->point].follow : NULL;
    if (!f || (op != 0 && op != f->last_op)) /* nobody's, or of what was asked before */
        return;
    f->code = told->code;
    f->granted_ns = told->granted_ns;
    snprintf(f->reason, sizeof f->reason, "%.*s", (int)sizeof told->reason - 1, told->reason);
    if (told->code == 0)
        lec_record_rate(core->record->recorder, f->key, told->granted_ns);
    if (f->op == 0 || f->op != op)
        return;
    f->op = 0;
    core->record_at = 0;
}

void follow_reload(struct core *core)
{
    for (size_t i = 0; i < core->n_devices; i++)
        for (size_t p = 0; p < core->devices[i].desc->n_points; p++)
            core->devices[i].points[p].follow = NULL;
    for (size_t i = 0; i < core->record->n_follows; i++) {
        attach(core, core->record->follows[i]);
        follow_rate(core, core->record->follows[i]);
    }
}
