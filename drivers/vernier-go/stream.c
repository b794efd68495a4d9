/* Samples: numbered, timed, told in blocks; and the period that they come with. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "go.h"

/* ---- How often ------------------------------------------------------------------------------------------------ */

int go_ticks(const struct go *g, int64_t period_ns, uint32_t *out, struct lec_err *err)
{
    const struct go_model *m = g->model;
    char least[32], most[32];
    if (period_ns == 0) {
        double typical = g->memory.typical_s > 0 ? round(g->memory.typical_s * 1e9 / (double)m->tick_ns) : m->ticks;
        *out = typical < m->ticks_min ? m->ticks_min : typical > m->ticks_max ? m->ticks_max : (uint32_t)typical;
        return 0;
    }
    int64_t ticks = (period_ns + m->tick_ns / 2) / m->tick_ns;
    if (period_ns > 0 && ticks >= m->ticks_min && ticks <= m->ticks_max) {
        *out = (uint32_t)ticks;
        return 0;
    }
    int64_t from = (int64_t)m->ticks_min * m->tick_ns, to = (int64_t)m->ticks_max * m->tick_ns;
    from = m->kind == GO_TEMP ? 500 * LEC_MS : from; /* 3906 ticks are 0.5 s for people */
    return lec_fail(err, LEC_E_RANGE, "a %s delivers a sample each %s to %s, at most %g a second", m->name,
                    lec_print_duration(from, least, sizeof least), lec_print_duration(to, most, sizeof most),
                    1e9 / (double)from);
}

int go_stop(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    struct go_answer a;
    int rc = go_ask(dev, GO_STOP, NULL, 0, GO_REPLY_NS, &a, err);
    if (rc == 0)
        g->measures = false;
    return rc;
}

int go_start(struct lec_dev *dev, uint32_t ticks, struct lec_err *err)
{
    /* Motion: at once, without an end, distances, no filter: all zeros, as is the padding */
    struct go *g = dev->state;
    struct go_answer a;
    uint8_t period[4];
    go_put_u32(period, ticks);
    int rc = go_ask(dev, GO_SET_PERIOD, period, sizeof period, GO_REPLY_NS, &a, err);
    if (rc < 0)
        return rc;
    go_take_all(dev); /* the last samples of the period before */
    g->ticks = ticks;
    g->counter = -1;
    g->in_last = 1;
    g->number = 0;
    lec_pace_begin(&g->pace, (double)ticks * (double)g->model->tick_ns);
    g->measures = true;
    rc = go_ask(dev, GO_START, NULL, 0, GO_REPLY_NS, &a, err);
    if (rc < 0)
        g->measures = false;
    return rc;
}

/* ---- Samples -------------------------------------------------------------------------------------------------- */

struct batch {
    double raw[GO_BATCH];
    size_t n;
    uint64_t number; /* of the first */
    uint64_t lost;   /* before the first */
};

static void tell(struct lec_dev *dev, struct batch *b)
{
    struct go *g = dev->state;
    if (b->n == 0)
        return;
    struct lec_block block = {
        .raw = b->raw,
        .n = b->n,
        .first_ns = lec_pace_time(&g->pace, b->number),
        .interval_ns = lec_pace_interval(&g->pace),
        .drift_ppm = lec_pace_drift_ppm(&g->pace),
        .lost = b->lost,
        .flags = g->block_flags,
    };
    if (g->points[GO_SAMPLES_ROLE] && !*g->broken)
        lec_dev_block(dev, g->points[GO_SAMPLES_ROLE], &block);
    g->block_flags = 0;
    b->n = 0;
    b->lost = 0;
}

static void measured(struct lec_dev *dev, const struct go_packet *p, int64_t ns, struct batch *b)
{
    struct go *g = dev->state;
    /* The counter goes up by one each packet; how many samples the lost ones had is as many as the last had. */
    unsigned missing = g->counter < 0 ? 0 : (unsigned)(uint8_t)(p->counter - (uint8_t)g->counter - 1);
    uint64_t lost = (uint64_t)missing * g->in_last;
    if (lost > 0 || b->n + p->n > GO_BATCH)
        tell(dev, b);
    g->number += lost;
    b->lost += lost;
    g->counter = p->counter;
    g->in_last = p->n;
    if (b->n == 0)
        b->number = g->number;
    for (unsigned i = 0; i < p->n; i++)
        b->raw[b->n++] =
            g->model->kind == GO_LINK ? go_flash_correct(&g->flash, g->memory.input, p->sample[i]) : p->sample[i];
    g->number += p->n;
    lec_pace_arrived(&g->pace, g->number, ns);
}

static void hear(struct lec_dev *dev, const struct usb_packet *packet, struct batch *b)
{
    struct go *g = dev->state;
    struct go_packet p;
    if (go_packet_read(g->model->kind, packet->p, packet->n, &p) == GO_MEASUREMENT && g->measures)
        measured(dev, &p, packet->ns, b);
}

void go_heard(struct lec_dev *dev, const struct usb_packet *p)
{
    struct batch b = {.n = 0};
    hear(dev, p, &b);
    tell(dev, &b);
}

void go_take_all(struct lec_dev *dev)
{
    struct go *g = dev->state;
    struct usb_packet p;
    struct batch b = {.n = 0};
    size_t bytes = 0;
    while (usb_take(&g->usb, &p)) {
        bytes += p.n;
        hear(dev, &p, &b);
    }
    if (bytes > 0)
        lec_line_count(dev, 0, bytes);
    tell(dev, &b);
}
