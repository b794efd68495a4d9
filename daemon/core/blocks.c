/* Samples from the lines: to the recorder raw, to subscribers and into the table of points calibrated. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "lectern/member.h"

#define STATE_EVERY_NS (100 * LEC_MS) /* a streaming point's state is renewed so often */

static void to_recorder(struct core *core, struct follow *f, const struct lec_block_head *head, const double *raw)
{
    struct lec_record_block block = {.key = f->key,
                                     .n = head->n,
                                     .flags = head->flags,
                                     .first_ns = head->first_ns,
                                     .interval_ns = head->interval_ns,
                                     .drift_ppm = head->drift_ppm,
                                     .lost = head->lost + f->dropped};
    if (f->dropped > 0)
        block.flags |= LEC_RUN_OVERRUN;
    if (lec_record_samples(core->record->recorder, &block, raw) == 0) {
        f->dropped = 0;
    } else {
        f->dropped += head->n + head->lost;
        core->record->overrun += head->n;
    }
}

static void to_subscribers(struct core *core, struct device_state *d, const struct lec_block_head *head,
                           const double *raw)
{
    const struct lec_point *point = &d->desc->points[head->point];
    const struct lec_calibration *cal = d->points[head->point].calibration;
    struct topic *topic = events_topic(core, EVENT_SAMPLE, d->desc->name);
    struct lec_buf *b = events_begin(core, topic);
    if (!b)
        return;
    double *values = cal ? malloc(head->n * sizeof *values + 1) : NULL;
    if (values)
        lec_calibrate(cal, raw, values, head->n);
    lec_member_str(b, "device", d->desc->name);
    lec_member_str(b, "point", point->name);
    lec_member_int(b, "first", lec_wall_us() - (lec_now() - head->first_ns) / 1000);
    lec_member_float(b, "interval_us", head->interval_ns / 1000);
    lec_member_int(b, "n", head->n);
    events_end(core, topic, values ? values : raw, head->n * sizeof *raw);
    free(values);
}

/* The newest sample is the point's value. */
static void to_state(struct core *core, struct device_state *d, const struct lec_block_head *head, const double *raw)
{
    struct point_state *p = &d->points[head->point];
    int64_t now = lec_now();
    int64_t at = head->first_ns + llround((double)(head->n - 1) * head->interval_ns);
    p->newest = raw[head->n - 1];
    p->newest_bad = (head->flags & LEC_BLOCK_BAD) || isnan(p->newest);
    p->newest_ns = at < now ? at : now; /* the interval is an estimate */
    p->newest_waits = true;
    if (now - p->shown_ns >= STATE_EVERY_NS || p->newest_bad != (p->quality == LEC_BAD))
        state_newest(core, d, head->point);
}

void blocks_told(struct core *core, struct device_state *d, const char *data, size_t n)
{
    struct lec_block_head head;
    if (n < sizeof head)
        return;
    memcpy(&head, data, sizeof head);
    if (head.point >= d->desc->n_points || head.n == 0 || n - sizeof head != head.n * sizeof(double))
        return;
    _Static_assert((sizeof(struct lec_head) + sizeof head) % sizeof(double) == 0, "samples lie behind it");
    const double *raw = (const double *)(const void *)(data + sizeof head);
    struct follow *f = d->points[head.point].follow;
    bool missing = !d->desc->points[head.point].stream && d->status != DEVICE_ONLINE && isnan(raw[0]);
    if (f && f->samples && !missing) /* a question that nobody answers is no sample */
        to_recorder(core, f, &head, raw);
    if (core->events.samples > 0)
        to_subscribers(core, d, &head, raw);
    if (d->desc->points[head.point].stream)
        to_state(core, d, &head, raw);
}
