/* Which sample is this, how many are missing before it, and when was it taken? */
#include <math.h>
#include <string.h>

#include "stream.h"

#define PAUSED_NS      (10 * LEC_SEC) /* a device that was silent for so long begins anew */
#define RATE_ROWS      8              /* so many rows with another step: the device has changed its rate */
#define LATE_NS        LEC_SEC        /* samples that are told so long after they were taken are late */
#define EXPECTED_SLACK 2.0            /* a device's clock does not run twice as fast as ours */

void follow_begin(struct follow *f, double nominal_ns)
{
    f->nominal_ns = nominal_ns;
    lec_pace_begin(&f->pace, f->numbering == BY_CLOCK ? 1000 : nominal_ns);
    f->underway = false;
    f->next = 0;
    f->last_number = 0;
    f->step = f->numbering == BY_CLOCK ? nominal_ns / 1000 : 0;
    f->strange = 0;
    f->has_odd = false;
    f->arrived_ns = 0;
    f->n = 0;
}

/* How far the counter has gone since `last`, with its wrap; 0 and less: it has not. */
static double advance(const struct follow *f, double last, double now)
{
    static const double widths[] = {256, 65536, 4294967296.0};
    double d = now - last;
    if (d > 0)
        return d;
    if (f->modulo > 0)
        return d < -f->modulo / 2 ? d + f->modulo : d;
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) /* as bytes, words and longs do, when exactly there */
        if (f->numbering == BY_COUNTER && last <= widths[i] - 1 && last >= widths[i] - 4 && now >= 0 && now < 4)
            return d + widths[i];
    return d;
}

/* The most that it can have gone in the time that has passed. */
static double most(struct follow *f, int64_t arrived_ns)
{
    double passed = (double)(arrived_ns - f->arrived_ns) + 1e9;
    if (f->numbering == BY_CLOCK)
        return EXPECTED_SLACK * passed / 1000 / f->us_per_unit;
    double interval = f->pace.n > 0 ? lec_pace_interval(&f->pace) : f->nominal_ns;
    return interval > 0 ? fmax(EXPECTED_SLACK * passed / interval, 16) : 1e6;
}

static void number(struct follow *f, uint64_t at, uint64_t lost)
{
    f->numbers[f->n] = at;
    f->lost[f->n] = f->underway ? lost : 0;
    f->last_number = at;
    f->underway = true;
}

static uint64_t lost_by_clock(struct follow *f, double d)
{
    if (f->step <= 0) {
        f->step = d;
        return 0;
    }
    double steps = d / f->step;
    if (steps > 0.5 && steps < 1.6) {
        f->step += (d - f->step) / 16;
        f->strange = 0;
        return 0;
    }
    if (++f->strange >= RATE_ROWS) {
        f->step = d;
        f->strange = 0;
        return 0;
    }
    return steps >= 1.6 ? (uint64_t)(llround(steps) - 1) : 0;
}

static void first_row(struct follow *f, double counter, int64_t arrived_ns)
{
    f->arrived_ns = arrived_ns;
    f->last = counter;
    f->next = f->numbering == BY_CLOCK ? (uint64_t)(counter * f->us_per_unit) : (uint64_t)counter;
    number(f, f->next, 0);
}

/* Rows of before are delivered as they were numbered. */
static void restart(struct lec_dev *dev, struct stream *s, int64_t arrived_ns)
{
    follow_deliver(dev, s, arrived_ns);
    follow_begin(&s->follow, s->follow.nominal_ns);
}

static enum verdict by_lines(struct lec_dev *dev, struct stream *s, int64_t arrived_ns)
{
    struct follow *f = &s->follow;
    double silent = f->underway ? (double)(arrived_ns - f->arrived_ns) : 0;
    if (silent > PAUSED_NS && silent > 20 * lec_pace_interval(&f->pace))
        restart(dev, s, arrived_ns);
    if (!f->underway)
        f->arrived_ns = arrived_ns;
    uint64_t at = f->next++;
    number(f, at, f->underway ? at - f->last_number - 1 : 0);
    return ROW_GOOD;
}

enum verdict follow_row(struct lec_dev *dev, struct stream *s, double counter, int64_t arrived_ns)
{
    struct follow *f = &s->follow;
    if (f->numbering == BY_LINES)
        return by_lines(dev, s, arrived_ns);
    if (isnan(counter) || counter < 0 || counter > 9e15)
        return ROW_STRANGE;
    if (!f->underway) {
        first_row(f, counter, arrived_ns);
        return ROW_GOOD;
    }
    double d = advance(f, f->last, counter);
    if (fabs(d) <= 0)
        return ROW_REPEATED;
    if (d < 0 || d > most(f, arrived_ns)) { /* a digit was spoilt, or the device has begun anew: the next one tells */
        double since = advance(f, f->odd, counter);
        bool again = f->has_odd && since > 0 && since <= fmax(most(f, arrived_ns), 1);
        f->has_odd = true;
        f->odd = counter;
        if (!again)
            return ROW_STRANGE;
        restart(dev, s, arrived_ns);
        first_row(f, counter, arrived_ns);
        return ROW_GOOD;
    }
    f->has_odd = false;
    f->last = counter;
    if (f->numbering == BY_CLOCK) {
        double us = d * f->us_per_unit;
        f->next += us >= 1 ? (uint64_t)llround(us) : 1;
        number(f, f->next, lost_by_clock(f, us));
    } else {
        f->next += (uint64_t)d;
        number(f, f->next, (uint64_t)d - 1);
    }
    return ROW_GOOD;
}

void follow_count(struct follow *f)
{
    f->n++;
}

void follow_bad(struct follow *f)
{
    if (f->numbering == BY_LINES && f->underway)
        f->next++;
}

/* ---- Delivering --------------------------------------------------------------------------------------------- */

/* Whether row k follows row k - 1 without a break, so that both can stand in one block. */
static bool joins(const struct follow *f, size_t k)
{
    if (f->lost[k] > 0 || f->numbers[k] <= f->numbers[k - 1])
        return false;
    uint64_t d = f->numbers[k] - f->numbers[k - 1];
    if (f->numbering != BY_CLOCK)
        return d == 1;
    return (double)d > 0.5 * f->step && (double)d < 1.6 * f->step;
}

static void tell(struct lec_dev *dev, struct stream *s, size_t from, size_t n, int64_t arrived_ns)
{
    struct follow *f = &s->follow;
    int64_t first = lec_pace_time(&f->pace, f->numbers[from]);
    int64_t last = n > 1 ? lec_pace_time(&f->pace, f->numbers[from + n - 1]) : first;
    double interval = lec_pace_interval(&f->pace) * (f->numbering == BY_CLOCK ? f->step : 1);
    first = first > f->told_ns ? first : f->told_ns; /* also where numbers began anew in the middle */
    last = last > first ? last : first;
    f->told_ns = last;
    struct lec_block block = {.n = n,
                              .first_ns = first,
                              .interval_ns =
                                  n > 1 && last > first ? (double)(last - first) / (double)(n - 1) : interval,
                              .drift_ppm = lec_pace_drift_ppm(&f->pace),
                              .lost = f->lost[from]};
    if (n > 1 && last <= first)
        block.interval_ns = 0;
    bool guessed = interval <= 0 && n > 1; /* all at once, and nobody says how far apart they were */
    if (guessed || arrived_ns - first > LATE_NS)
        block.flags |= LEC_BLOCK_LATE;
    for (size_t c = 0; c < s->n_columns; c++) {
        if (!s->columns[c].samples)
            continue;
        block.raw = s->columns[c].samples + from;
        lec_dev_block(dev, s->columns[c].point, &block);
    }
}

/* What timing says is missing was missing before this packet. */
static void add_missing(struct follow *f, int64_t arrived_ns)
{
    uint64_t missing = lec_pace_missing(&f->pace, f->last_number + 1, arrived_ns);
    if (missing == 0)
        return;
    for (size_t i = 0; i < f->n; i++)
        f->numbers[i] += missing;
    f->lost[0] += missing;
    f->last_number += missing;
    f->next += missing;
}

void follow_deliver(struct lec_dev *dev, struct stream *s, int64_t arrived_ns)
{
    struct follow *f = &s->follow;
    if (f->n == 0)
        return;
    if (f->numbering == BY_LINES)
        add_missing(f, arrived_ns);
    lec_pace_arrived(&f->pace, f->last_number + 1, arrived_ns);
    f->arrived_ns = arrived_ns;
    size_t from = 0;
    for (size_t k = 1; k <= f->n; k++) {
        if (k < f->n && joins(f, k))
            continue;
        tell(dev, s, from, k - from, arrived_ns);
        from = k;
    }
    f->n = 0;
}
