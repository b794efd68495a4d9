/* What the core is told of a device: batches of values, events, blocks, traces. The sink behind lec_dev_*. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line/line.h"

static void append(struct line_device *d, size_t point, struct lec_buf *b)
{
    struct report_cache *c = &d->told[point];
    struct lec_record r = {.point = (uint32_t)point, .changed = d->news[point] & NEWS_CHANGED, .quality = c->quality};
    if (r.changed) {
        r.value = c->value;
        memcpy(r.reason, c->reason, sizeof c->reason);
    } else if (c->quality == LEC_GOOD && c->time_ns < d->same_ns) {
        c->time_ns = d->same_ns;
        c->time_us = d->same_us;
    }
    r.time_us = c->time_us;
    r.time_ns = c->time_ns;
    lec_record_put(b, &r);
    d->news[point] &= (uint8_t) ~(NEWS_WAITING | NEWS_CHANGED);
}

void device_flush(struct line_device *d)
{
    if (d->changed)
        device_flush_now(d);
    else if (d->n_dirty > 0 && d->line->flush_at == LEC_NEVER)
        d->line->flush_at = lec_now() + FRESH_EVERY_NS;
}

void device_flush_now(struct line_device *d)
{
    struct lec_buf b;
    lec_buf_init(&b, LEC_REPORT_FRAME);
    struct lec_head head = {.tell = LEC_TELL_VALUES, .line = d->line->number, .device = (uint32_t)d->index};
    for (size_t i = 0; i < d->n_dirty; i++) {
        append(d, d->dirty[i], &b);
        head.count++;
        if (b.len >= BATCH_BYTES || i + 1 == d->n_dirty) {
            line_tell(d->line, &head, b.data, b.len);
            lec_buf_clear(&b);
            head.count = 0;
        }
    }
    lec_buf_done(&b);
    d->n_dirty = 0;
    d->changed = false;
}

static struct line_device *device_of(struct line *line, const struct lec_device *desc)
{
    if (line->current && line->current->h.dev.desc == desc)
        return line->current;
    for (size_t i = 0; i < line->n_devices; i++)
        if (line->devices[i].h.dev.desc == desc)
            line->current = &line->devices[i];
    return line->current;
}

/* When the bytes that are being decoded came: one look at the clocks for a whole reply. */
static void stamp(const struct line *line, struct report_cache *c)
{
    c->time_ns = line->port.came_ns > 0 ? line->port.came_ns : lec_now();
    c->time_us = line->port.came_ns > 0 ? line->port.came_us : lec_wall_us();
}

static void news(struct line_device *d, size_t point, uint8_t what)
{
    if (!(d->news[point] & NEWS_WAITING))
        d->dirty[d->n_dirty++] = point;
    d->news[point] |= NEWS_WAITING | what;
}

static void tell_block(struct line_device *d, const struct lec_point *point, const struct lec_block *block)
{
    struct lec_block_head body = {.point = (uint32_t)point->index,
                                  .n = (uint32_t)block->n,
                                  .flags = block->flags,
                                  .first_ns = block->first_ns,
                                  .interval_ns = block->interval_ns,
                                  .drift_ppm = block->drift_ppm,
                                  .lost = block->lost};
    struct lec_buf b;
    lec_buf_init(&b, LEC_REPORT_FRAME);
    lec_buf_put(&b, &body, sizeof body);
    lec_buf_put(&b, block->raw, block->n * sizeof *block->raw);
    struct lec_head head = {.tell = LEC_TELL_BLOCK, .line = d->line->number, .device = (uint32_t)d->index};
    if (!b.failed)
        line_tell(d->line, &head, b.data, b.len);
    lec_buf_done(&b);
}

/* The value as a sample; NaN for what is no number. An enum is the place of its choice. */
static double number_of(const struct lec_point *point, const struct lec_value *v)
{
    switch (v->type) {
    case LEC_BOOL:
        return v->b ? 1 : 0;
    case LEC_INT:
        return (double)v->i;
    case LEC_FLOAT:
        return v->f;
    case LEC_ENUM:
        for (size_t i = 0; i < point->n_choices; i++)
            if (strcmp(point->choices[i], v->s) == 0)
                return (double)i;
        break;
    case LEC_NONE:
    case LEC_TEXT:
        break;
    }
    return (double)NAN;
}

/* A reading of a polled point that is recorded. */
static void tell_reading(struct line_device *d, const struct lec_point *point, bool good, const struct lec_value *value,
                         int64_t at_ns)
{
    double raw = good ? number_of(point, value) : (double)NAN;
    struct lec_block block = {.raw = &raw,
                              .n = 1,
                              .first_ns = at_ns,
                              .interval_ns = (double)d->slots[point->index].period_ns,
                              .flags = good ? 0 : LEC_BLOCK_BAD};
    tell_block(d, point, &block);
}

/* lec_sink.value: remembers the news; unchanged values are told later, together. */
static void on_value(void *ctx, const struct lec_point *point, enum lec_quality quality, const struct lec_value *value,
                     const char *reason)
{
    struct line *line = ctx;
    struct line_device *d = device_of(line, point->device);
    struct report_cache *c = &d->told[point->index];
    uint8_t *known = &d->news[point->index];
    bool same = (*known & NEWS_KNOWN) && c->quality == quality && lec_value_equal(&c->value, value) &&
                strncmp(c->reason, reason, sizeof c->reason - 1) == 0;
    news(d, point->index, same ? 0 : NEWS_CHANGED);
    if (!same) {
        c->quality = quality;
        c->value = *value;
        lec_copy_utf8(c->reason, sizeof c->reason, reason, strlen(reason));
        *known = (uint8_t)((*known & ~NEWS_GOOD) | NEWS_KNOWN | (quality == LEC_GOOD ? NEWS_GOOD : 0));
        d->changed = true;
    }
    if (quality == LEC_GOOD)
        stamp(line, c); /* else the value is as old as it was */
    if (*known & NEWS_BLOCKS)
        tell_reading(d, point, quality == LEC_GOOD, value, quality == LEC_GOOD ? c->time_ns : lec_now());
    if (d->streams && quality == LEC_GOOD)
        stream_heard(d);
}

/* Whether each is good and waits for the next batch already, and none is told as blocks. */
static bool all_waiting(const uint8_t *news, size_t n)
{
    unsigned other = 0;
    for (size_t i = 0; i < n; i++)
        other |= (news[i] & (NEWS_GOOD | NEWS_WAITING | NEWS_BLOCKS)) ^ (NEWS_GOOD | NEWS_WAITING);
    return other == 0;
}

/* lec_sink.same: what was published last has been read again. */
static void on_same(void *ctx, const struct lec_point *first, size_t n)
{
    struct line *line = ctx;
    struct line_device *d = device_of(line, first->device);
    struct report_cache now = {0};
    stamp(line, &now);
    d->same_ns = now.time_ns;
    d->same_us = now.time_us;
    size_t begin = lec_place(d->h.dev.desc, first);
    if (all_waiting(d->news + begin, n))
        return; /* that they are fresh will be told already */
    for (size_t at = begin; at < begin + n; at++) {
        const struct lec_point *point = first + (at - begin);
        if (d->news[at] & NEWS_GOOD) {
            news(d, at, 0);
            if (d->news[at] & NEWS_BLOCKS)
                tell_reading(d, point, true, &d->h.points[at].value, now.time_ns);
        } else if (d->h.points[at].quality == LEC_GOOD) { /* it had gone stale meanwhile */
            on_value(ctx, point, LEC_GOOD, &d->h.points[at].value, "");
        }
    }
}

static void on_event(void *ctx, const struct lec_device *desc, const char *name, const char *data)
{
    struct line *line = ctx;
    struct line_device *d = device_of(line, desc);
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_buf_put(&b, name, strlen(name) + 1);
    lec_buf_put(&b, data, strlen(data) + 1);
    struct lec_head head = {.tell = LEC_TELL_EVENT, .line = line->number, .device = (uint32_t)d->index};
    if (!b.failed)
        line_tell(line, &head, b.data, b.len);
    lec_buf_done(&b);
}

static void on_block(void *ctx, const struct lec_point *point, const struct lec_block *block)
{
    struct line_device *d = device_of(ctx, point->device);
    d->rates[point->index].interval_ns = block->interval_ns;
    stream_heard(d); /* first: the core takes samples of a device that it knows to be there */
    tell_block(d, point, block);
}

static void on_calibration(void *ctx, const struct lec_point *point, const struct lec_calibration *calibration)
{
    struct line_device *d = device_of(ctx, point->device);
    struct lec_told_calibration body = {.point = (uint32_t)point->index, .calibration = *calibration};
    struct lec_head head = {.tell = LEC_TELL_CALIBRATION, .line = d->line->number, .device = (uint32_t)d->index};
    line_tell(d->line, &head, &body, sizeof body);
}

static int on_listen(void *ctx, const struct lec_device *desc, uint16_t port, struct lec_err *err)
{
    struct line *line = ctx;
    const struct lec_line_setup *s = line->setup;
    if (!s->listen)
        return lec_fail(err, LEC_E_NOTSUP, "nobody listens for datagrams here");
    uint16_t source = desc->line->simulated ? desc->line->port : 0;
    return s->listen(s->listen_ctx, line->number, (uint32_t)device_of(line, desc)->index, desc->line->host, source,
                     port, line->cancel_fd, err);
}

/* Secrets never leave in a trace: every place where one stands in clear is blotted out. */
static void mask(const struct lec_device *desc, const struct lec_schema *schema, char *data, size_t n)
{
    for (const struct lec_option *o = schema->device_options; o && o->name; o++) {
        const char *secret = o->type == LEC_OPT_SECRET ? lec_key_text(&desc->keys, o->name, NULL) : NULL;
        size_t len = secret ? strlen(secret) : 0;
        for (char *at = data; len > 0 && (at = memmem(at, n - (size_t)(at - data), secret, len)); at += len)
            memset(at, '*', len);
    }
}

static void on_trace(void *ctx, const struct lec_device *desc, char dir, const void *data, size_t n)
{
    struct line *line = ctx;
    line->last_traffic = lec_now();
    if (!line->trace)
        return;
    char text[1 + 512];
    text[0] = dir;
    size_t len = n < sizeof text - 1 ? n : sizeof text - 1;
    memcpy(text + 1, data, len);
    struct line_device *d = device_of(line, desc);
    mask(desc, &d->h.driver->schema, text + 1, len);
    struct lec_head head = {.tell = LEC_TELL_TRACE, .line = line->number, .device = (uint32_t)d->index};
    line_tell(line, &head, text, len + 1);
}

void device_sink(struct line *line)
{
    line->sink = (struct lec_sink){.ctx = line,
                                   .value = on_value,
                                   .same = on_same,
                                   .event = on_event,
                                   .block = on_block,
                                   .calibration = on_calibration,
                                   .listen = on_listen,
                                   .trace = on_trace};
}
