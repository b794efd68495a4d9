#include "rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/parse.h"
#include "number.h"

/* A channel between two of its samples: the last one at or before the row's time, and the one after it. */
struct lane {
    struct lab_reader *reader;
    const char *name;
    bool has_before, has_next;
    struct lab_sample before, next;
    double spacing_ns; /* between `before` and the one before that; 0: not known */
    bool told;         /* the gap before `next` has been shown */
    bool tail;         /* `next` is no sample, but what is missing behind the last one */
    uint64_t samples;  /* in the whole run */
    uint64_t skipped;
};

struct lab_rows {
    const struct lec_run_info *info;
    struct lane lanes[LEC_CHANNELS_MAX];
    size_t n, base;
    enum lab_shape shape;
};

int lab_channel(const struct lec_run_info *info, const char *name, size_t *out, struct lec_err *err)
{
    const char *names[LEC_CHANNELS_MAX];
    size_t n = info->n_channels < LEC_CHANNELS_MAX ? info->n_channels : LEC_CHANNELS_MAX;
    for (size_t i = 0; i < n; i++) {
        names[i] = info->channels[i].name;
        if (strcmp(names[i], name) == 0) {
            *out = i;
            return 0;
        }
    }
    const char *near = lec_nearest(name, names, n);
    return near ? lec_fail(err, LEC_E_RANGE, "run %s has no channel \"%.40s\"; did you mean \"%s\"?", info->summary.id,
                           name, near)
                : lec_fail(err, LEC_E_RANGE, "run %s has no channel \"%.40s\"", info->summary.id, name);
}

int lab_select(const struct lab_request *request, const struct lec_run_info *info, struct lab_selection *out,
               struct lec_err *err)
{
    struct lab_selection s = {0};
    if (info->n_channels > LEC_CHANNELS_MAX)
        return lec_fail(err, LEC_E_FRAME, "run %s has %zu channels", info->summary.id, info->n_channels);
    for (size_t i = 0; i < request->n_channels; i++) {
        int rc = lab_channel(info, request->channels[i], &s.at[i], err);
        if (rc < 0)
            return rc;
        s.n++;
    }
    if (request->n_channels == 0)
        for (; s.n < info->n_channels; s.n++)
            s.at[s.n] = s.n;
    *out = s;
    return 0;
}

/* The lane's next sample into `next`; the one there before moves to `before`. */
static int pull(struct lane *l, int64_t start_us, struct lec_err *err)
{
    if (l->has_next) {
        l->spacing_ns = l->has_before ? (double)l->next.t_ns - (double)l->before.t_ns : 0;
        l->before = l->next;
        l->has_before = true;
    }
    struct lab_block tail;
    int rc = lab_reader_next(l->reader, &l->next, err);
    l->told = false;
    l->tail = rc == 0 && lab_reader_tail(l->reader, &tail);
    l->has_next = rc == 1 || l->tail;
    if (l->tail)
        l->next = (struct lab_sample){.t_ns = INT64_MAX,
                                      .lost = tail.lost,
                                      .gap_ns = tail.gap_ns,
                                      .gap_wall_us = lab_wall(start_us, tail.gap_ns, tail.correction_us)};
    return rc < 0 ? rc : 0;
}

/* It has nothing more to say. */
static bool over(const struct lane *l)
{
    return !l->has_next || (l->tail && l->told);
}

int lab_rows_open(struct lec_runs *runs, const struct lec_run_info *info, const struct lab_selection *selection,
                  const struct lab_request *request, struct lab_rows **out, struct lec_err *err)
{
    struct lab_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    rows->info = info;
    rows->shape = request->shape;
    int rc = 0;
    for (; rc == 0 && rows->n < selection->n; rows->n++) {
        struct lane *l = &rows->lanes[rows->n];
        size_t channel = selection->at[rows->n];
        l->name = info->channels[channel].name;
        if (info->samples[channel] > info->samples[selection->at[rows->base]])
            rows->base = rows->n;
        l->samples = info->samples[channel];
        rc = lab_reader_open(runs, info, channel, request->from_ns, request->to_ns, &l->reader, err);
        if (rc == 0)
            rc = pull(l, info->summary.start_us, err);
    }
    if (rc < 0) {
        lab_rows_close(&rows);
        return rc;
    }
    *out = rows;
    return 0;
}

void lab_rows_close(struct lab_rows **rows)
{
    if (!*rows)
        return;
    for (size_t i = 0; i < (*rows)->n; i++)
        lab_reader_close(&(*rows)->lanes[i].reader);
    free(*rows);
    *rows = NULL;
}

uint64_t lab_rows_skipped(const struct lab_rows *rows)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < rows->n; i++)
        sum += lab_reader_skipped(rows->lanes[i].reader);
    return sum;
}

/* The time of what the lane has to say next: its gap, or its sample. */
static int64_t due(const struct lane *l)
{
    return l->next.lost > 0 && !l->told ? l->next.gap_ns : l->next.t_ns;
}

int lab_rows_next(struct lab_rows *rows, struct lab_row *out, struct lec_err *err)
{
    struct lane *first = NULL;
    for (size_t i = 0; i < rows->n; i++) {
        struct lane *l = &rows->lanes[i];
        if (!over(l) && (!first || due(l) < due(first)))
            first = l;
    }
    if (!first)
        return 0;
    out->column = (size_t)(first - rows->lanes);
    out->sample = first->next;
    out->gap = first->next.lost > 0 && !first->told;
    first->told = true;
    if (out->gap)
        return 1;
    int rc = pull(first, rows->info->summary.start_us, err);
    return rc < 0 ? rc : 1;
}

/* How far from a sample a row may be to take its value when there is nothing on the other side: half an interval. */
static double reach(const struct lane *l, const struct lab_sample *s)
{
    if (s->interval_ns > 0)
        return s->interval_ns / 2;
    return l->spacing_ns > 0 ? l->spacing_ns / 2 : 0;
}

static void nearest(const struct lane *l, int64_t t_ns, double *value, double *raw, uint32_t *flags)
{
    const struct lab_sample *s = NULL;
    double before = l->has_before ? (double)t_ns - (double)l->before.t_ns : (double)INFINITY;
    double next = l->has_next ? (double)l->next.t_ns - (double)t_ns : (double)INFINITY;
    if (l->has_before && l->has_next && l->next.lost == 0) {
        s = before <= next ? &l->before : &l->next;
    } else {
        if (l->has_before && before <= reach(l, &l->before))
            s = &l->before;
        if (l->has_next && next <= reach(l, &l->next) && (!s || next < before))
            s = &l->next;
    }
    if (!s)
        return;
    *value = s->value;
    *raw = s->raw;
    *flags = s->flags;
}

static void straight(const struct lane *l, int64_t t_ns, double *value, double *raw, uint32_t *flags)
{
    if (l->has_before && l->before.t_ns == t_ns) {
        *value = l->before.value;
        *raw = l->before.raw;
        *flags = l->before.flags;
    } else if (l->has_before && l->has_next && l->next.lost == 0 && l->next.t_ns > l->before.t_ns) {
        double part = ((double)t_ns - (double)l->before.t_ns) / ((double)l->next.t_ns - (double)l->before.t_ns);
        *value = l->before.value + (l->next.value - l->before.value) * part;
        *raw = l->before.raw + (l->next.raw - l->before.raw) * part;
        *flags = l->before.flags | l->next.flags;
    }
}

static void note(struct lab_wide *out, size_t *used, const char *word, const char *name, uint64_t lost)
{
    int n = lost > 0 ? snprintf(out->quality + *used, LAB_NOTE - *used, "%s%s:%s:%" PRIu64, *used ? " " : "", word,
                                name, lost)
                     : snprintf(out->quality + *used, LAB_NOTE - *used, "%s%s:%s", *used ? " " : "", word, name);
    if (n > 0 && (size_t)n < LAB_NOTE - *used)
        *used += (size_t)n;
    out->quality[*used] = '\0';
}

/* A gap of the lane's is shown, once. */
static void note_gap(struct lane *l, size_t column, struct lab_wide *out, size_t *used)
{
    note(out, used, "gap", l->name, l->next.lost);
    if (out->lost[column] == 0)
        out->gap_ns[column] = l->next.gap_ns;
    out->lost[column] += l->next.lost;
    l->told = true;
}

/* Brings a lane to time t: `before` at or before it, `next` after it. Gaps that are passed or entered are noted once. */
static int lane_to(struct lab_rows *rows, size_t column, int64_t t_ns, struct lab_wide *out, size_t *used,
                   struct lec_err *err)
{
    struct lane *l = &rows->lanes[column];
    while (l->has_next) {
        if (l->next.lost > 0 && !l->told && l->next.gap_ns <= t_ns)
            note_gap(l, column, out, used);
        if (l->next.t_ns > t_ns)
            return 0;
        int rc = pull(l, rows->info->summary.start_us, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* The lane whose times are the rows. Where that one fell silent before the end of the run, the fastest of those that go on. */
static struct lane *base_of(struct lab_rows *rows)
{
    struct lane *base = &rows->lanes[rows->base];
    if (!over(base))
        return base;
    struct lane *next = NULL;
    for (size_t i = 0; base->tail && i < rows->n; i++)
        if (!over(&rows->lanes[i]) && (!next || rows->lanes[i].samples > next->samples))
            next = &rows->lanes[i];
    if (next)
        rows->base = (size_t)(next - rows->lanes);
    return next;
}

int lab_rows_wide(struct lab_rows *rows, struct lab_wide *out, struct lec_err *err)
{
    struct lane *base = rows->n > 0 ? base_of(rows) : NULL;
    if (!base)
        return 0;
    struct lab_sample at = base->next;
    bool gap = at.lost > 0 && !base->told;
    size_t used = 0;
    out->quality[0] = '\0';
    out->t_ns = gap ? at.gap_ns : at.t_ns;
    out->wall_us = gap ? at.gap_wall_us : at.wall_us;
    for (size_t i = 0; i < rows->n; i++) {
        struct lane *l = &rows->lanes[i];
        uint32_t flags = 0;
        out->value[i] = out->raw[i] = (double)NAN;
        out->lost[i] = 0;
        if (l == base && gap) {
            note_gap(l, i, out, &used);
            continue;
        }
        if (l == base) {
            out->value[i] = at.value;
            out->raw[i] = at.raw;
            flags = at.flags;
            int rc = pull(l, rows->info->summary.start_us, err);
            if (rc < 0)
                return rc;
        } else {
            int rc = lane_to(rows, i, out->t_ns, out, &used, err);
            if (rc < 0)
                return rc;
            if (rows->shape == LAB_NEAREST)
                nearest(l, out->t_ns, &out->value[i], &out->raw[i], &flags);
            else
                straight(l, out->t_ns, &out->value[i], &out->raw[i], &flags);
        }
        if (flags)
            note(out, &used, lab_quality(flags, 0), l->name, 0);
        else if (l == base && isnan(at.value))
            note(out, &used, "missing", l->name, 0);
    }
    if (used == 0)
        memcpy(out->quality, "good", 5);
    return 1;
}
