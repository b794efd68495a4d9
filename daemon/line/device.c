/* One device on its line: when it is asked, what the core is told of it, and when it counts as away. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/log.h"
#include "line/line.h"

/* ---- What the core is told ---------------------------------------------------------------------------------- */

static void append(struct line_device *d, size_t point, struct lec_buf *b)
{
    struct report_cache *c = &d->told[point];
    struct lec_record r = {.point = (uint32_t)point,
                           .changed = !c->fresh,
                           .quality = c->quality,
                           .time_us = c->time_us,
                           .time_ns = c->time_ns};
    if (r.changed) {
        r.value = c->value;
        memcpy(r.reason, c->reason, sizeof c->reason);
    }
    lec_record_put(b, &r);
}

void device_flush(struct line_device *d)
{
    if (d->n_dirty == 0)
        return;
    int64_t now = lec_now();
    if (!d->changed && d->line->flush_at == LEC_NEVER) {
        d->line->flush_at = now + FRESH_EVERY_NS;
        return;
    }
    if (!d->changed && now < d->line->flush_at)
        return;
    struct lec_buf b;
    lec_buf_init(&b, LEC_REPORT_FRAME);
    struct lec_head head = {.tell = LEC_TELL_VALUES, .line = d->line->number, .device = (uint32_t)d->index};
    for (size_t i = 0; i < d->n_dirty; i++) {
        append(d, d->dirty[i], &b);
        d->told[d->dirty[i]].told = false;
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

/* lec_sink.value: remembers the news; unchanged values are told later, together. */
static void on_value(void *ctx, const struct lec_point *point, enum lec_quality quality, const struct lec_value *value,
                     const char *reason)
{
    struct line *line = ctx;
    struct line_device *d = device_of(line, point->device);
    struct report_cache *c = &d->told[point->index];
    bool same = c->time_ns != 0 && c->quality == quality && lec_value_equal(&c->value, value) &&
                strncmp(c->reason, reason, sizeof c->reason - 1) == 0;
    if (!c->told) {
        c->told = true;
        c->fresh = same;
        d->dirty[d->n_dirty++] = point->index;
    }
    if (!same) {
        c->fresh = false;
        c->quality = quality;
        c->value = *value;
        lec_copy_utf8(c->reason, sizeof c->reason, reason, strlen(reason));
        d->changed = true;
    }
    stamp(line, c);
}

/* lec_sink.same: what was published last has been read again. */
static void on_same(void *ctx, const struct lec_point *point)
{
    struct line *line = ctx;
    struct line_device *d = device_of(line, point->device);
    struct report_cache *c = &d->told[point->index];
    const struct lec_point_state *state = &d->h.points[point->index];
    if (state->quality == LEC_GOOD && c->quality != LEC_GOOD) {
        on_value(ctx, point, LEC_GOOD, &state->value, ""); /* it had gone stale meanwhile */
        return;
    }
    if (!c->told) {
        c->told = true;
        c->fresh = true;
        d->dirty[d->n_dirty++] = point->index;
    }
    stamp(line, c);
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

static void on_block(void *ctx, const struct lec_point *point, int64_t first_ns, double interval_ns,
                     const double *samples, size_t n)
{
    struct line *line = ctx;
    struct line_device *d = device_of(line, point->device);
    struct lec_block_head block = {
        .point = (uint32_t)point->index, .n = (uint32_t)n, .first_ns = first_ns, .interval_ns = interval_ns};
    struct lec_buf b;
    lec_buf_init(&b, LEC_REPORT_FRAME);
    lec_buf_put(&b, &block, sizeof block);
    lec_buf_put(&b, samples, n * sizeof *samples);
    struct lec_head head = {.tell = LEC_TELL_BLOCK, .line = line->number, .device = (uint32_t)d->index};
    if (!b.failed)
        line_tell(line, &head, b.data, b.len);
    lec_buf_done(&b);
}

static int on_listen(void *ctx, const struct lec_device *desc, uint16_t port, struct lec_err *err)
{
    struct line *line = ctx;
    const struct lec_line_setup *s = line->setup;
    if (!s->listen)
        return lec_fail(err, LEC_E_NOTSUP, "nobody listens for datagrams here");
    uint16_t source = desc->line->simulated ? desc->line->port : 0;
    return s->listen(s->listen_ctx, line->number, (uint32_t)device_of(line, desc)->index, desc->line->host, source,
                     port, err);
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
                                   .listen = on_listen,
                                   .trace = on_trace};
}

/* ---- Online and away ---------------------------------------------------------------------------------------- */

static void tell_status(struct line_device *d, bool online, int code, const char *reason)
{
    const char *room = d->h.dev.desc->room->id, *name = d->h.dev.desc->name;
    if (d->told_status && d->online == online && strcmp(d->away_reason, reason) == 0)
        return;
    if (online && d->told_status)
        lec_log(LEC_LOG_NOTICE, "room %s: %s: back", room, name);
    else if (!online && (!d->told_status || d->online))
        lec_log(LEC_LOG_WARNING, "room %s: %s: away: %s", room, name, reason);
    d->told_status = true;
    d->online = online;
    snprintf(d->away_reason, sizeof d->away_reason, "%s", reason);
    struct lec_status status = {.online = online, .code = code};
    memcpy(status.reason, d->away_reason, sizeof status.reason);
    struct lec_head head = {.tell = LEC_TELL_STATUS, .line = d->line->number, .device = (uint32_t)d->index};
    line_tell(d->line, &head, &status, sizeof status);
}

/* Half to one and a half of `ns`, so that a school's rooms do not knock in step after a power cut. */
static int64_t jitter(int64_t ns)
{
    uint64_t x = (uint64_t)lec_now() * UINT64_C(0x9E3779B97F4A7C15);
    x ^= x >> 31;
    return ns / 2 + (int64_t)(x % (uint64_t)(ns > 0 ? ns : 1));
}

static int64_t longer(int64_t pause, const struct lec_device *desc)
{
    int64_t cap = desc->away_period_ns > PAUSE_FIRST_NS ? desc->away_period_ns : PAUSE_FIRST_NS;
    return pause * 2 < cap ? pause * 2 : cap;
}

void device_set_away(struct line_device *d, int code, const char *reason)
{
    if (code == LEC_E_CONFIG)
        d->pause_ns = d->h.dev.desc->away_period_ns;
    d->retry_at = lec_now() + jitter(d->pause_ns);
    d->pause_ns = longer(d->pause_ns, d->h.dev.desc);
    tell_status(d, false, code, reason);
}

static void set_online(struct line_device *d)
{
    d->failures = 0;
    d->pause_ns = PAUSE_FIRST_NS;
    if (d->online)
        return;
    int64_t now = lec_now();
    for (size_t i = 0; i < d->h.dev.desc->n_points; i++)
        if (d->h.dev.desc->points[i].period_ns != LEC_NEVER && (d->h.dev.desc->points[i].access & LEC_READ))
            d->due[i] = now;
    d->next_due = now;
    tell_status(d, true, 0, "");
}

void line_close_link(struct line *line)
{
    for (size_t i = 0; i < line->n_devices; i++)
        lec_hosted_close(&line->devices[i].h);
    lec_link_close(&line->port.link);
    line->port.held_n = 0;
    line->port.broken = false;
}

static int open_link(struct line *line, bool force, struct lec_err *err)
{
    int64_t now = lec_now();
    bool recent = line->attempt_at > 0 && now - line->attempt_at < ATTEMPT_FRESH_NS;
    if (line->open_code < 0 && ((!force && now < line->reopen_at) || (force && recent)))
        return lec_fail(err, line->open_code, "%s", line->open_reason);
    int rc = lec_link_open(line->desc, line->cancel_fd, now + OPEN_TIMEOUT_NS, &line->port.link, err);
    line->open_code = rc;
    if (rc == 0) {
        line->port.counters.opens++;
        line->pause_ns = PAUSE_FIRST_NS;
        line->last_traffic = lec_now();
        return 0;
    }
    if (rc == LEC_E_CANCELLED)
        return rc;
    snprintf(line->open_reason, sizeof line->open_reason, "%s", err->text);
    line->attempt_at = lec_now();
    line->reopen_at = line->attempt_at + jitter(line->pause_ns);
    line->pause_ns = longer(line->pause_ns, line->devices[0].h.dev.desc);
    for (size_t i = 0; i < line->n_devices; i++)
        device_set_away(&line->devices[i], rc, err->text);
    return rc;
}

int device_ready(struct line_device *d, bool force, struct lec_err *err)
{
    struct line *line = d->line;
    if (line->port.broken)
        line_close_link(line);
    if (line->desc && line->desc->kind != LEC_LINE_NONE && line->desc->kind != LEC_LINE_USB && !line->port.link) {
        int rc = open_link(line, force, err);
        if (rc < 0)
            return rc;
    }
    if (d->h.is_open)
        return 0;
    if (!force && !d->online && d->told_status && lec_now() < d->retry_at)
        return lec_fail(err, LEC_E_LINK, "%s", d->away_reason);
    int rc = lec_hosted_open(&d->h, err);
    if (rc < 0) {
        if (rc != LEC_E_CANCELLED) {
            device_set_away(d, rc, err->text);
            if (line->n_devices == 1 || rc == LEC_E_LINK)
                line_close_link(line);
        }
        return rc;
    }
    return 0;
}

void device_after(struct line_device *d, int rc, int64_t lockout_ns, const struct lec_err *err)
{
    struct line *line = d->line;
    const struct lec_device *desc = d->h.dev.desc;
    int64_t now = lec_now();
    line->last_traffic = now;
    d->not_before = now + (lockout_ns > desc->gap_ns ? lockout_ns : desc->gap_ns);
    switch (rc) {
    case LEC_E_LINK:
        line_close_link(line);
        d->failures++;
        break;
    case LEC_E_TIMEOUT:
    case LEC_E_FRAME:
        d->failures++;
        if (line->port.broken || (d->failures > (int)desc->retries && line->n_devices == 1))
            line_close_link(line);
        break;
    case LEC_E_CANCELLED:
    case LEC_E_BUG:
        break;
    case LEC_E_CONFIG:
        device_set_away(d, rc, err->text);
        line_close_link(line);
        return;
    default: /* an answer, though maybe not the one hoped for */
        if (line->port.broken)
            line_close_link(line);
        set_online(d);
        return;
    }
    if (d->failures > (int)desc->retries)
        device_set_away(d, rc, err->text);
}

/* ---- Asking ------------------------------------------------------------------------------------------------- */

int device_init(struct line *line, size_t index, struct lec_report *report)
{
    const struct lec_device *desc = line->setup->devices[index];
    struct line_device *d = &line->devices[index];
    d->line = line;
    d->index = index;
    d->pause_ns = PAUSE_FIRST_NS;
    d->due = calloc(desc->n_points + 1, sizeof *d->due);
    d->told = calloc(desc->n_points + 1, sizeof *d->told);
    d->dirty = calloc(desc->n_points + 1, sizeof *d->dirty);
    int rc = d->due && d->told && d->dirty
                 ? lec_hosted_init(&d->h, line->setup->drivers[index], desc, &line->port, &line->sink, report)
                 : LEC_E_NOMEM;
    if (rc < 0) {
        device_done(d);
        return rc;
    }
    for (size_t i = 0; i < desc->n_points; i++) {
        const struct lec_point *p = &desc->points[i];
        d->due[i] = (p->access & LEC_READ) && p->period_ns != LEC_NEVER ? 0 : LEC_NEVER;
    }
    return 0;
}

void device_done(struct line_device *d)
{
    lec_hosted_done(&d->h);
    free(d->due);
    free(d->told);
    free(d->dirty);
    d->due = NULL;
    d->told = NULL;
    d->dirty = NULL;
}

int64_t device_next(const struct line_device *d)
{
    int64_t at = d->next_due;
    /* a device that only speaks, or can only be written, is opened so that its state is known */
    if (!d->told_status)
        at = 0;
    else if (!d->online && at < d->retry_at)
        at = d->retry_at;
    else if (d->online && !d->h.is_open && !d->h.driver->poll)
        at = 0;
    else if (!d->online && at == LEC_NEVER)
        at = d->retry_at;
    return at > d->not_before ? at : d->not_before;
}

static void find_next(struct line_device *d)
{
    int64_t next = LEC_NEVER;
    for (size_t i = 0; i < d->h.dev.desc->n_points; i++)
        if (d->due[i] < next)
            next = d->due[i];
    d->next_due = next;
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
    if (c->quality == q && strcmp(c->reason, reason) == 0)
        return;
    struct lec_value v = c->value;
    int64_t time_ns = c->time_ns, time_us = c->time_us;
    on_value(d->line, p, q, &v, reason);
    if (time_ns != 0) { /* the value is as old as it was */
        c->time_ns = time_ns;
        c->time_us = time_us;
    }
}

static void plan_next(struct line_device *d, const struct lec_point *p, int64_t now)
{
    if (p->period_ns == 0) {
        d->due[p->index] = LEC_NEVER;
        return;
    }
    int64_t next = d->due[p->index] + p->period_ns;
    d->due[p->index] = next > now ? next : now + p->period_ns;
}

static size_t collect(struct line_device *d, const struct lec_point *due[], int64_t now, int64_t *timeout_ns)
{
    const struct lec_device *desc = d->h.dev.desc;
    size_t n = 0;
    for (size_t i = 0; i < desc->n_points; i++) {
        const struct lec_point *p = &desc->points[i];
        if (d->h.points[i].soon && (p->access & LEC_READ))
            d->due[i] = now;
        int64_t early = p->period_ns / 16;
        if (d->due[i] == LEC_NEVER || d->due[i] > now + early)
            continue;
        if (d->h.points[i].dropped) {
            d->due[i] = LEC_NEVER;
        } else if (!lec_hosted_gate(&d->h, &p->when)) {
            gated(d, p);
            d->due[i] = now + (p->period_ns > 0 ? p->period_ns : LEC_SEC);
        } else {
            due[n++] = p;
            if (p->timeout_ns > *timeout_ns)
                *timeout_ns = p->timeout_ns;
        }
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
        d->due[p->index] = now; /* again, as often as the profile says; then the device is away */
        if (d->failures <= (int)d->h.dev.desc->retries)
            return;
        break;
    case LEC_E_NOTSUP:
        d->h.points[p->index].dropped = true;
        break;
    default:
        break;
    }
    plan_next(d, p, now);
    struct lec_value v = c->value;
    bool never = c->time_ns == 0 || v.type == LEC_NONE;
    enum lec_quality q = never || rc == LEC_E_REFUSED || rc == LEC_E_NOTSUP ? LEC_BAD : LEC_STALE;
    int64_t time_ns = c->time_ns, time_us = c->time_us;
    on_value(d->line, p, q, &v, reason);
    if (!never) {
        c->time_ns = time_ns;
        c->time_us = time_us;
    }
}

void device_poll(struct line_device *d)
{
    struct lec_err err;
    const struct lec_point *due[4096];
    int rc = device_ready(d, false, &err);
    if (rc < 0) { /* never again before the line may be tried again */
        int64_t soonest = lec_now() + PAUSE_FIRST_NS;
        if (d->retry_at < d->line->reopen_at)
            d->retry_at = d->line->reopen_at;
        if (d->retry_at < soonest)
            d->retry_at = soonest;
        return;
    }
    if (!d->h.driver->poll || d->h.dev.desc->n_points == 0 || d->next_due == LEC_NEVER) {
        set_online(d); /* opened, and nothing to ask: that is all that can be known */
        return;
    }
    int64_t now = lec_now();
    int64_t timeout_ns = d->h.dev.desc->timeout_ns;
    size_t n = collect(d, due, now, &timeout_ns);
    if (n > 0) {
        d->line->yield_ok = d->online;
        rc = lec_hosted_poll(&d->h, due, n, timeout_ns, &err);
        d->line->yield_ok = false;
        device_after(d, rc, 0, &err);
        now = lec_now();
        for (size_t i = 0; i < n; i++) {
            if (d->h.points[due[i]->index].published)
                plan_next(d, due[i], now);
            else
                not_read(d, due[i], rc, err.text, now);
        }
    }
    find_next(d);
    device_flush(d);
}

int device_read(struct line_device *d, const struct lec_point *point, struct lec_value *out, struct lec_err *err)
{
    const struct lec_point *due[] = {point};
    int rc = lec_hosted_poll(&d->h, due, 1, point->timeout_ns, err);
    const struct lec_point_state *state = &d->h.points[point->index];
    if (rc == 0 && state->quality != LEC_GOOD)
        rc = lec_fail(err, LEC_E_REFUSED, "%s", d->told[point->index].reason);
    device_after(d, rc, 0, err);
    if (rc == 0)
        *out = state->value;
    if (rc == 0 && point->period_ns > 0 && point->period_ns != LEC_NEVER) {
        d->due[point->index] = lec_now() + point->period_ns;
        find_next(d);
    }
    device_flush(d);
    return rc;
}
