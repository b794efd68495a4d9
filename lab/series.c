#include "series.h"

#include <math.h>
#include <stdlib.h>

#include "reader.h"

struct sums {
    long double sum, squares;
    long double mean, m2; /* Welford's */
};

static int make(struct lab_series *s, size_t room, struct lec_err *err)
{
    s->t = calloc(room, sizeof *s->t);
    s->v = calloc(room, sizeof *s->v);
    s->broken = calloc(room, sizeof *s->broken);
    s->stride = 1;
    if (s->t && s->v && s->broken)
        return 0;
    lab_series_done(s);
    return lec_fail(err, LEC_E_NOMEM, "out of memory");
}

void lab_series_done(struct lab_series *s)
{
    free(s->t);
    free(s->v);
    free(s->broken);
    *s = (struct lab_series){0};
}

/* Keeps every second sample of those kept so far. */
static void halve(struct lab_series *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i += 2) {
        s->t[n] = s->t[i];
        s->v[n] = s->v[i];
        s->broken[n] = s->broken[i] || (i > 0 && s->broken[i - 1]);
        n++;
    }
    s->n = n;
    s->stride *= 2;
}

static void add(struct sums *q, struct lab_series *s, double t, double v)
{
    if (s->count == 0) {
        s->min = s->max = s->first = v;
        s->t_first = t;
    }
    s->count++;
    s->min = v < s->min ? v : s->min;
    s->max = v > s->max ? v : s->max;
    s->last = v;
    s->t_last = t;
    long double wide = (long double)v, away = wide - q->mean;
    q->sum += wide;
    q->squares += wide * wide;
    q->mean += away / (long double)s->count;
    q->m2 += away * (wide - q->mean);
}

/* A sample with a number: kept if its turn has come. `broken` gathers the breaks since the last that was kept. */
static void keep(struct lab_series *s, size_t room, double t, double v, bool *broken)
{
    if ((s->count - 1) % s->stride != 0)
        return;
    if (s->n > 0 && t <= s->t[s->n - 1]) /* an estimate of time that stepped back */
        return;
    if (s->n == room) {
        halve(s);
        if ((s->count - 1) % s->stride != 0)
            return;
    }
    s->t[s->n] = t;
    s->v[s->n] = v;
    s->broken[s->n++] = *broken;
    *broken = false;
}

int lab_series_load(struct lec_runs *runs, const struct lec_run_info *info, size_t channel, int64_t from_ns,
                    int64_t to_ns, struct lab_series *out, struct lec_err *err)
{
    struct lab_series s = {0};
    struct sums q = {0};
    struct lab_reader *reader = NULL;
    struct lab_sample one;
    bool broken = false;
    size_t room = LAB_SERIES_MAX;
    int rc = make(&s, room, err);
    if (rc == 0)
        rc = lab_reader_open(runs, info, channel, from_ns, to_ns, &reader, err);
    if (rc == 0) {
        while ((rc = lab_reader_next(reader, &one, err)) == 1) {
            double t = (double)one.t_ns / 1e9;
            if (one.lost > 0) {
                s.lost += one.lost;
                s.gaps++;
                broken = true;
            }
            if (isnan(one.value)) {
                s.missing++;
                broken = true;
                continue;
            }
            add(&q, &s, t, one.value);
            keep(&s, room, t, one.value, &broken);
        }
        struct lab_block tail;
        if (rc == 0 && lab_reader_tail(reader, &tail)) {
            s.lost += tail.lost;
            s.gaps++;
        }
        s.skipped = lab_reader_skipped(reader);
        lab_reader_close(&reader);
    }
    if (rc == 0 && s.count == 0)
        rc = lec_fail(err, LEC_E_RANGE, "%s: there is no value in this interval", info->channels[channel].name);
    if (rc < 0) {
        lab_series_done(&s);
        return rc;
    }
    s.mean = (double)(q.sum / (long double)s.count);
    s.rms = sqrt((double)(q.squares / (long double)s.count));
    s.sd = s.count > 1 ? sqrt((double)(q.m2 / (long double)(s.count - 1))) : (double)NAN;
    *out = s;
    return 0;
}

double lab_series_at(const struct lab_series *s, double t, size_t *at)
{
    if (s->n == 0 || t < s->t[0] || t > s->t[s->n - 1])
        return (double)NAN;
    size_t i = *at < s->n && s->t[*at] <= t ? *at : 0;
    while (i + 1 < s->n && s->t[i + 1] <= t)
        i++;
    *at = i;
    if (s->t[i] == t)
        return s->v[i];
    if (s->broken[i + 1])
        return (double)NAN;
    return s->v[i] + (s->v[i + 1] - s->v[i]) * ((t - s->t[i]) / (s->t[i + 1] - s->t[i]));
}
