/* One device on its line: when it is asked, and when it counts as away. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/log.h"
#include "line/line.h"

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
    device_flush_now(d); /* what was read before it went is told before */
    for (size_t i = 0; online && i < d->h.dev.desc->n_points; i++)
        d->news[i] &= (uint8_t)~NEWS_KNOWN; /* the core gave reasons of its own meanwhile */
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

/* A streaming device is missed from the first second on, and looking for its port disturbs nobody. */
static int64_t longer(int64_t pause, const struct line_device *d)
{
    int64_t away = d->h.dev.desc->away_period_ns;
    int64_t cap = d->streams ? STREAM_PAUSE_NS : away > PAUSE_FIRST_NS ? away : PAUSE_FIRST_NS;
    return pause * 2 < cap ? pause * 2 : cap;
}

void device_set_away(struct line_device *d, int code, const char *reason)
{
    if (code == LEC_E_CONFIG)
        d->pause_ns = d->h.dev.desc->away_period_ns;
    d->retry_at = lec_now() + jitter(d->pause_ns);
    d->pause_ns = longer(d->pause_ns, d);
    tell_status(d, false, code, reason);
}

bool device_delivers(const struct line_device *d, const struct lec_point *p)
{
    return p->stream && d->streams;
}

void device_online(struct line_device *d)
{
    d->failures = 0;
    d->pause_ns = PAUSE_FIRST_NS;
    if (d->online)
        return;
    int64_t now = lec_now();
    schedule_apart(d);
    for (size_t i = 0; i < d->h.dev.desc->n_points; i++)
        if (d->slots[i].period_ns != LEC_NEVER && (d->h.dev.desc->points[i].access & LEC_READ) &&
            !device_delivers(d, &d->h.dev.desc->points[i]))
            d->slots[i].due = now;
    d->next_due = now;
    tell_status(d, true, 0, "");
}

/* The driver closes what it gave to lec_dev_watch. */
void device_close(struct line_device *d)
{
    if (d->h.is_open && d->h.watch_fd >= 0)
        lec_waiter_drop(d->line->waiter, d->h.watch_fd);
    lec_hosted_close(&d->h);
}

void line_close_link(struct line *line)
{
    for (size_t i = 0; i < line->n_devices; i++)
        device_close(&line->devices[i]);
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
    line->pause_ns = longer(line->pause_ns, &line->devices[0]);
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
    if (rc == 0 && d->h.watch_fd >= 0 && lec_waiter_add(line->waiter, d->h.watch_fd, LINE_INPUT) < 0) {
        lec_hosted_close(&d->h);
        rc = lec_fail(err, LEC_E_NOMEM, "its descriptor cannot be waited for");
    }
    if (rc < 0) {
        if (rc != LEC_E_CANCELLED) {
            device_set_away(d, rc, err->text);
            if (line->n_devices == 1 || rc == LEC_E_LINK)
                line_close_link(line);
        }
        return rc;
    }
    if (d->streams)
        stream_opened(d);
    return d->h.is_open ? 0 : lec_fail(err, LEC_E_LINK, "%s", d->away_reason);
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
        device_online(d);
        return;
    }
    if (d->failures > (int)desc->retries)
        device_set_away(d, rc, err->text);
}

void device_heard(struct line_device *d)
{
    int64_t soon = lec_now() + HEARD_NS;
    d->next_due = lec_now(); /* it may have asked for a poll: look again */
    if (d->retry_at > soon)
        d->retry_at = soon;
    if (d->line->reopen_at > soon)
        d->line->reopen_at = soon;
}

/* ---- Asking ------------------------------------------------------------------------------------------------- */

int device_init(struct line *line, size_t index, struct lec_report *report)
{
    const struct lec_device *desc = line->setup->devices[index];
    struct line_device *d = &line->devices[index];
    d->line = line;
    d->index = index;
    d->pause_ns = PAUSE_FIRST_NS;
    d->slots = calloc(desc->n_points + 1, sizeof *d->slots);
    d->due = calloc(desc->n_points + 1, sizeof(const struct lec_point *));
    d->rates = calloc(desc->n_points + 1, sizeof *d->rates);
    d->news = calloc(desc->n_points + 1, sizeof *d->news);
    d->told = calloc(desc->n_points + 1, sizeof *d->told);
    d->dirty = calloc(desc->n_points + 1, sizeof *d->dirty);
    int rc = d->slots && d->due && d->rates && d->news && d->told && d->dirty
                 ? lec_hosted_init(&d->h, line->setup->drivers[index], desc, &line->port, &line->sink, report)
                 : LEC_E_NOMEM;
    if (rc < 0) {
        device_done(d);
        return rc;
    }
    d->plain = true;
    for (size_t i = 0; i < desc->n_points; i++)
        d->streams = d->streams || (desc->points[i].stream && d->h.driver->input);
    for (size_t i = 0; i < desc->n_points; i++) {
        const struct lec_point *p = &desc->points[i];
        bool asked = (p->access & LEC_READ) && p->period_ns != LEC_NEVER && !device_delivers(d, p);
        d->slots[i].due = asked ? 0 : LEC_NEVER;
        d->slots[i].period_ns = p->period_ns;
        d->plain = d->plain && !p->when.point && p->timeout_ns <= desc->timeout_ns;
    }
    return 0;
}

void device_done(struct line_device *d)
{
    device_close(d);
    lec_hosted_done(&d->h);
    free(d->slots);
    free(d->due);
    free(d->rates);
    free(d->news);
    free(d->told);
    free(d->dirty);
    d->slots = NULL;
    d->due = NULL;
    d->rates = NULL;
    d->news = NULL;
    d->told = NULL;
    d->dirty = NULL;
}

int64_t device_next(const struct line_device *d)
{
    int64_t at = d->next_due;
    if (d->streams) {
        int64_t look = stream_next(d);
        at = d->online && d->h.is_open && d->h.driver->poll && at < look ? at : look;
        return at > d->not_before ? at : d->not_before;
    }
    /* a device that only speaks, or can only be written, is opened so that its state is known */
    bool unknown = !d->told_status || (d->online && !d->h.is_open && !d->h.driver->poll);
    if (unknown)
        at = 0;
    else if (!d->online && (at < d->retry_at || at == LEC_NEVER))
        at = d->retry_at;
    return at > d->not_before ? at : d->not_before;
}

void device_poll(struct line_device *d)
{
    struct lec_err err;
    if (d->streams && !stream_check(d))
        return;
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
        if (!d->streams)
            device_online(d); /* opened, and nothing to ask: that is all that can be known */
        return;
    }
    int64_t timeout_ns;
    size_t n = schedule_due(d, &timeout_ns);
    if (n > 0) {
        d->line->yield_ok = d->online;
        rc = lec_hosted_poll(&d->h, d->due, n, timeout_ns, &err);
        d->line->yield_ok = false;
        device_after(d, rc, 0, &err);
        schedule_asked(d, n, rc, err.text);
    }
    device_flush(d);
}

int device_read(struct line_device *d, const struct lec_point *point, struct lec_value *out, struct lec_err *err)
{
    const struct lec_point *due[] = {point};
    if (device_delivers(d, point))
        return lec_fail(err, LEC_E_NOTSUP, "it is delivered by the device and cannot be asked for");
    int rc = lec_hosted_poll(&d->h, due, 1, point->timeout_ns, err);
    const struct lec_point_state *state = &d->h.points[point->index];
    if (rc == 0 && state->quality != LEC_GOOD)
        rc = lec_fail(err, LEC_E_REFUSED, "%s", d->told[point->index].reason);
    device_after(d, rc, 0, err);
    if (rc == 0)
        *out = state->value;
    if (rc == 0)
        schedule_read(d, point);
    device_flush_now(d); /* somebody waits for this reading: its time is news even if its value is not */
    return rc;
}
