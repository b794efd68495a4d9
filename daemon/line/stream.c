/* Devices that speak by themselves: online while they are heard, away when they fall silent; and how often a point is
 * sampled, streaming or polled. */
#include <stdio.h>
#include <string.h>

#include "lectern/parse.h"
#include "line/line.h"

#define SILENT_INTERVALS 3 /* so many samples in a row that do not come, and at least the device's time-out */

/* The least interval of its streams; 0: not known yet. */
static double least_interval(const struct line_device *d)
{
    double least = 0;
    for (size_t i = 0; i < d->h.dev.desc->n_points; i++) {
        const struct lec_point *p = &d->h.dev.desc->points[i];
        double own = d->rates[i].interval_ns > 0 ? d->rates[i].interval_ns : (double)p->fastest_ns;
        if (p->stream && own > 0 && (least <= 0 || own < least))
            least = own;
    }
    return least;
}

static int64_t silence_of(const struct line_device *d)
{
    int64_t usual = (int64_t)(SILENT_INTERVALS * least_interval(d));
    return usual > d->h.dev.desc->timeout_ns ? usual : d->h.dev.desc->timeout_ns;
}

static bool is_away(const struct line_device *d)
{
    return d->told_status && !d->online;
}

int64_t stream_next(const struct line_device *d)
{
    if (d->h.is_open)
        return is_away(d) ? d->retry_at : d->heard_at + silence_of(d);
    return is_away(d) ? d->retry_at : 0;
}

void stream_heard(struct line_device *d)
{
    d->heard_at = lec_now();
    d->unread.text[0] = '\0';
    if (!d->online)
        device_online(d);
}

void stream_input(struct line_device *d, int rc, const struct lec_err *err)
{
    switch (rc) {
    case 0:
    case LEC_E_CANCELLED:
    case LEC_E_TIMEOUT:
        return;
    case LEC_E_LINK: /* told at once: a recording shall show when the probe was out, however short */
        device_after(d, rc, 0, err);
        device_set_away(d, rc, err->text);
        return;
    case LEC_E_CONFIG:
        device_after(d, rc, 0, err);
        return;
    default: /* it may find its way back by itself; closing would only reset it */
        d->unread = *err;
        return;
    }
}

/* Silent for so long: away, but listened to, since opening anew resets many boards. Only after the profile's longest
 * pause is that tried. */
bool stream_check(struct line_device *d)
{
    int64_t now = lec_now();
    char text[32];
    struct lec_err err;
    if (!d->h.is_open)
        return true;
    if (!is_away(d)) {
        int64_t silence = silence_of(d);
        if (now < d->heard_at + silence)
            return true;
        int rc = LEC_E_FRAME;
        if (*d->unread.text)
            err = d->unread;
        else
            rc = lec_fail(&err, LEC_E_TIMEOUT, "nothing came in %s", lec_print_duration(silence, text, sizeof text));
        device_set_away(d, rc, err.text);
        d->retry_at = now + d->h.dev.desc->away_period_ns;
        return false;
    }
    if (now < d->retry_at)
        return false;
    if (d->line->n_devices == 1)
        line_close_link(d->line);
    else
        device_close(d);
    return true;
}

/* ---- Rates -------------------------------------------------------------------------------------------------- */

static void tell_rate(struct line_device *d, uint64_t op, size_t point, int code, int64_t granted_ns,
                      const struct lec_err *err)
{
    struct lec_told_rate told = {.point = (uint32_t)point, .code = code, .granted_ns = granted_ns};
    if (code < 0)
        snprintf(told.reason, sizeof told.reason, "%s", err->text);
    struct lec_head head = {.tell = LEC_TELL_RATE, .line = d->line->number, .device = (uint32_t)d->index, .op = op};
    line_tell(d->line, &head, &told, sizeof told);
}

static int too_fast(int64_t least_ns, struct lec_err *err)
{
    char text[32];
    return lec_fail(err, LEC_E_RANGE, "it gives a sample each %s at most",
                    lec_print_duration(least_ns, text, sizeof text));
}

/* Its own rate, whatever is wished: faster cannot be had. 2 % are the device's clock. */
static int own_rate(const struct line_device *d, const struct lec_point *p, int64_t period_ns, int64_t *granted_ns,
                    struct lec_err *err)
{
    double measured = d->rates[p->index].interval_ns;
    int64_t own = p->fastest_ns > 0 ? p->fastest_ns : (int64_t)measured;
    if (period_ns > 0 && (double)period_ns < 0.98 * (double)own)
        return too_fast(own, err);
    *granted_ns = own;
    return 0;
}

static int ask_rate(struct line_device *d, const struct lec_point *p, int64_t period_ns, int64_t *granted_ns,
                    struct lec_err *err)
{
    if (period_ns > 0 && period_ns < p->fastest_ns)
        return too_fast(p->fastest_ns, err);
    if (!d->h.driver->rate)
        return own_rate(d, p, period_ns, granted_ns, err);
    if (!d->h.is_open)
        return lec_fail(err, LEC_E_LINK, "%s", *d->away_reason ? d->away_reason : "not connected yet");
    int rc = lec_hosted_rate(&d->h, p, period_ns, granted_ns, err);
    if (rc == LEC_E_NOTSUP)
        return own_rate(d, p, period_ns, granted_ns, err);
    if (rc == LEC_E_LINK)
        stream_input(d, rc, err);
    if (rc == 0 && *granted_ns > 0)
        d->rates[p->index].interval_ns = (double)*granted_ns; /* silence is measured by it from now on */
    return rc;
}

void stream_opened(struct line_device *d)
{
    d->heard_at = lec_now();
    d->unread.text[0] = '\0';
    if (is_away(d))
        d->retry_at = d->heard_at + d->h.dev.desc->away_period_ns;
    for (size_t i = 0; i < d->h.dev.desc->n_points && d->h.is_open; i++) {
        const struct rate *rate = &d->rates[i];
        struct lec_err err;
        int64_t granted = 0;
        if (!rate->wished)
            continue;
        int rc = ask_rate(d, &d->h.dev.desc->points[i], rate->wish_ns, &granted, &err);
        tell_rate(d, 0, i, rc, granted, &err);
    }
}

static int poll_rate(struct line_device *d, const struct lec_point *p, const struct lec_request *r, int64_t *granted_ns,
                     struct lec_err *err)
{
    struct slot *slot = &d->slots[p->index];
    int64_t least = d->h.dev.desc->gap_ns > p->fastest_ns ? d->h.dev.desc->gap_ns : p->fastest_ns;
    if (!(p->access & LEC_READ) || !d->h.driver->poll)
        return lec_fail(err, LEC_E_NOTSUP, "it cannot be read");
    if (r->period_ns > 0 && r->period_ns < least)
        return too_fast(least, err);
    schedule_apart(d);
    slot->period_ns = r->period_ns > 0 ? r->period_ns : p->period_ns;
    if (r->on)
        d->news[p->index] |= NEWS_BLOCKS;
    else
        d->news[p->index] &= (uint8_t)~NEWS_BLOCKS;
    slot->due = slot->period_ns == LEC_NEVER ? LEC_NEVER : lec_now();
    if (slot->due < d->next_due)
        d->next_due = slot->due;
    *granted_ns = slot->period_ns == LEC_NEVER ? 0 : slot->period_ns;
    return 0;
}

void device_rate(struct line_device *d, const struct lec_request *r)
{
    if (r->item >= d->h.dev.desc->n_points || r->period_ns < 0)
        return; /* the core checked: only a bug comes here */
    const struct lec_point *p = &d->h.dev.desc->points[r->item];
    struct lec_err err;
    int64_t granted = 0;
    int rc;
    if (device_delivers(d, p)) {
        rc = ask_rate(d, p, r->period_ns, &granted, &err);
        if (rc == 0 || rc == LEC_E_LINK) {
            d->rates[r->item].wished = r->on || r->period_ns > 0;
            d->rates[r->item].wish_ns = r->period_ns;
        }
    } else {
        rc = poll_rate(d, p, r, &granted, &err);
    }
    tell_rate(d, r->op, r->item, rc, granted, &err);
}
