/* Conditions: when a run begins, ends, or takes a sample. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "internal.h"

static bool on_channel(const struct lec_condition *c)
{
    return c->kind == LEC_COND_RISES || c->kind == LEC_COND_FALLS || c->kind == LEC_COND_ABOVE ||
           c->kind == LEC_COND_BELOW;
}

bool run_watch_follows(const struct run_watch *w, size_t channel)
{
    return w->condition && on_channel(w->condition) && w->condition->channel == channel;
}

/* The next time that the clock on the wall shows `day_ns` after midnight. */
static int64_t next_at(int64_t day_ns, int64_t now_ns, int64_t wall_us)
{
    time_t now = (time_t)(wall_us / 1000000);
    struct tm local, at;
    localtime_r(&now, &local);
    for (int day = 0; day < 3; day++) { /* an hour that summer time leaves out comes a day later */
        at = local;
        at.tm_mday += day;
        at.tm_hour = (int)(day_ns / (3600 * LEC_SEC));
        at.tm_min = (int)(day_ns / (60 * LEC_SEC) % 60);
        at.tm_sec = (int)(day_ns / LEC_SEC % 60);
        at.tm_isdst = -1;
        time_t t = mktime(&at);
        int64_t ahead_us = (int64_t)t * 1000000 - wall_us;
        if (t != (time_t)-1 && ahead_us > 0)
            return now_ns + ahead_us * 1000;
    }
    return LEC_NEVER;
}

void run_watch_begin(struct run_watch *w, const struct lec_condition *condition, int64_t now_ns, int64_t wall_us)
{
    bool was = w->was && w->condition == condition;
    *w = (struct run_watch){.condition = condition->kind == LEC_COND_NONE ? NULL : condition,
                            .since_ns = LEC_NEVER,
                            .from_ns = now_ns,
                            .time_ns = LEC_NEVER,
                            .was = was};
    if (condition->kind == LEC_COND_AFTER)
        w->time_ns = now_ns + condition->time_ns;
    else if (condition->kind == LEC_COND_AT)
        w->time_ns = next_at(condition->time_ns, now_ns, wall_us);
}

/* One sample. NaN says nothing: it neither begins nor breaks what holds. */
static bool sample_meets(struct run_watch *w, int64_t t, double v)
{
    const struct lec_condition *c = w->condition;
    bool inside = false, edge = false;
    if (isnan(v))
        return false;
    switch (c->kind) {
    case LEC_COND_RISES:
        inside = v >= c->level;
        w->primed = w->primed || (v < c->level && v <= c->level - c->hysteresis);
        edge = true;
        break;
    case LEC_COND_FALLS:
        inside = v <= c->level;
        w->primed = w->primed || (v > c->level && v >= c->level + c->hysteresis);
        edge = true;
        break;
    case LEC_COND_ABOVE:
        inside = v > c->level;
        break;
    case LEC_COND_BELOW:
        inside = v < c->level;
        break;
    case LEC_COND_NONE:
    case LEC_COND_AFTER:
    case LEC_COND_AT:
    case LEC_COND_POINT:
    case LEC_COND_EVENT:
        return false;
    }
    if (!inside || (edge && !w->primed)) {
        w->since_ns = LEC_NEVER;
        return false;
    }
    if (w->since_ns == LEC_NEVER)
        w->since_ns = t;
    return t - w->since_ns >= c->hold_ns;
}

int64_t run_watch_samples(struct run_watch *w, const struct run_channel *c, const struct run_piece *piece)
{
    double v[256];
    if (piece->lost > 0)
        w->since_ns = LEC_NEVER; /* nobody knows whether it held while nothing came */
    for (size_t at = 0; at < piece->n; at += 256) {
        size_t n = piece->n - at < 256 ? piece->n - at : 256;
        lec_calibrate(&c->calibration, piece->values + at, v, n);
        for (size_t i = 0; i < n; i++)
            if (sample_meets(w, run_time_of(piece, at + i), v[i]) && run_time_of(piece, at + i) >= w->from_ns)
                return run_time_of(piece, at + i);
    }
    return LEC_NEVER;
}

int64_t run_watch_values(struct run_watch *w, const int64_t *t, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (sample_meets(w, t[i], v[i]) && t[i] >= w->from_ns)
            return t[i];
    return LEC_NEVER;
}

int64_t run_watch_value(struct run_watch *w, const struct lec_point *point, const struct lec_value *value,
                        int64_t now_ns)
{
    const struct lec_condition *c = w->condition;
    if (!c || c->kind != LEC_COND_POINT || c->point != point)
        return LEC_NEVER;
    bool is = lec_value_meets(value, &c->value, 0), was = w->was;
    w->was = is;
    if (!is)
        w->since_ns = LEC_NEVER;
    if (!is || was || now_ns <= w->from_ns)
        return LEC_NEVER; /* it has to take the value, not to have it already */
    w->since_ns = now_ns;
    return c->hold_ns > 0 ? LEC_NEVER : now_ns; /* else run_watch_due says when */
}

int64_t run_watch_event(struct run_watch *w, const struct lec_device *device, const char *event, int64_t now_ns)
{
    const struct lec_condition *c = w->condition;
    if (!c || c->kind != LEC_COND_EVENT || c->device != device || strcmp(c->event, event) != 0 || now_ns < w->quiet_ns)
        return LEC_NEVER;
    w->quiet_ns = now_ns + c->hold_ns; /* a contact that bounces tells its event again at once */
    return now_ns;
}

int64_t run_watch_due(const struct run_watch *w)
{
    if (!w->condition)
        return LEC_NEVER;
    if (w->condition->kind == LEC_COND_POINT)
        return w->since_ns == LEC_NEVER ? LEC_NEVER : w->since_ns + w->condition->hold_ns;
    return w->time_ns;
}
