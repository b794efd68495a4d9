/* Walking over the samples of a channel. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runs_impl.h"

struct lec_run_cursor {
    struct lec_runs *runs;
    size_t index; /* of the channel in its run */
    struct channel_row row;
    struct lec_run_channel channel;
    int64_t from_ns, to_ns;
    bool calibrated, loaded;
    struct block block;
    uint64_t first;  /* of the block */
    size_t segment;  /* the next one */
    uint64_t missed; /* samples skipped, told as lost with the next segment */
    uint64_t next;   /* sample to go on from */
};

int channel_open(struct lec_runs *runs, const char *run, size_t index, struct channel_row *row,
                 struct lec_run_channel *channel, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_CHANNEL_GET, &s, err, "si", run, (int64_t)index);
    if (rc == 0)
        return lec_fail(err, LEC_E_RANGE, "there is no run %s, or it has no channel %zu", run, index + 1);
    if (rc == 1)
        rc = channel_read(s, row, channel, err);
    sqlite3_reset(s);
    return rc;
}

static int block_snapshot(struct lec_runs *runs, int64_t channel, uint64_t i, struct block *out, uint64_t *first,
                          uint64_t *n, struct lec_err *err)
{
    bool began;
    int rc = db_read_begin(runs, &began, err);
    if (rc < 0)
        return rc;
    rc = block_at(runs, channel, i, out, first, n, err);
    db_read_end(runs, began);
    return rc;
}

/* The last block in table block that begins at or before `t_ns`: where to start. Times rise with the place, so a search by
 * halves over the places finds it. */
int sample_near(struct lec_runs *runs, int64_t channel, int64_t t_ns, uint64_t *out, struct lec_err *err)
{
    uint64_t low = 0, found = 0;
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_BLOCK_UP_TO, &s, err, "ii", PLACE(channel, 0), PLACE(channel, INDEX_MAX));
    if (rc < 0)
        return rc;
    uint64_t high = rc == 1 ? (uint64_t)(sqlite3_column_int64(s, 0) & INDEX_MAX) : 0;
    if (rc == 1 && sqlite3_column_int64(s, 2) <= t_ns)
        found = low = high;
    sqlite3_reset(s);
    while (low < high) { /* the block of `low` begins before t_ns or is the first; that of `high` does not */
        uint64_t middle = low + (high - low + 1) / 2;
        rc = db_ask(runs, ST_BLOCK_UP_TO, &s, err, "ii", PLACE(channel, low), PLACE(channel, middle));
        if (rc < 0)
            return rc;
        if (rc == 0) { /* nothing begins there */
            low = middle;
            continue;
        }
        uint64_t at = (uint64_t)(sqlite3_column_int64(s, 0) & INDEX_MAX);
        bool before = sqlite3_column_int64(s, 2) <= t_ns;
        sqlite3_reset(s);
        if (before) {
            found = at;
            low = middle; /* the last that begins up to there */
        } else {
            high = at > low ? at - 1 : low;
        }
    }
    *out = found;
    return 0;
}

int lec_runs_walk(struct lec_runs *runs, const char *run, size_t channel, int64_t from_ns, int64_t to_ns,
                  bool calibrated, struct lec_run_cursor **out, struct lec_err *err)
{
    struct lec_run_cursor *c = calloc(1, sizeof *c);
    if (!c)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    c->runs = runs;
    c->index = channel;
    c->from_ns = from_ns;
    c->to_ns = to_ns;
    c->calibrated = calibrated;
    bool began;
    int rc = db_read_begin(runs, &began, err);
    if (rc == 0) {
        rc = channel_open(runs, run, channel, &c->row, &c->channel, err);
        if (rc == 0)
            rc = sample_near(runs, c->row.num, from_ns, &c->next, err);
        db_read_end(runs, began);
    }
    if (rc < 0) {
        free(c);
        return rc;
    }
    *out = c;
    return 0;
}

/* Makes sure that a block is loaded of which a segment is left. 1, 0 at the end, or a code. */
static int load(struct lec_run_cursor *c, uint64_t *skipped, struct lec_err *err)
{
    while (!c->loaded || c->segment == c->block.n_segments) {
        uint64_t first, n;
        c->loaded = false;
        int rc = block_snapshot(c->runs, c->row.num, c->next, &c->block, &first, &n, err);
        if (rc == LEC_E_FRAME && n > 0) { /* one broken block; those behind it may be whole */
            c->missed += first + n - c->next;
            if (skipped)
                *skipped += first + n - c->next;
            c->next = first + n;
            continue;
        }
        if (rc <= 0)
            return rc;
        c->missed += first > c->next ? first - c->next : 0;
        c->first = first;
        c->segment = 0;
        while (c->block.segments[c->segment].first + c->block.segments[c->segment].n + first <= c->next)
            c->segment++; /* seen before the block grew */
        c->loaded = true;
    }
    return 1;
}

/* The part of the segment between from_ns and to_ns; false: none of it. */
static bool cut(const struct lec_run_cursor *c, const struct segment *s, const int64_t *times, size_t *from, size_t *to)
{
    size_t low = 0, high = s->n;
    while (low < high) { /* the first sample not before from_ns */
        size_t middle = low + (high - low) / 2;
        if (segment_time(s, times, middle) < c->from_ns)
            low = middle + 1;
        else
            high = middle;
    }
    *from = low;
    high = s->n;
    while (low < high) { /* the first not before to_ns */
        size_t middle = low + (high - low) / 2;
        if (segment_time(s, times, middle) < c->to_ns)
            low = middle + 1;
        else
            high = middle;
    }
    *to = low;
    return *from < *to;
}

int lec_run_next(struct lec_run_cursor *c, struct lec_run_block *out, uint64_t *skipped, struct lec_err *err)
{
    for (;;) {
        int rc = load(c, skipped, err);
        if (rc <= 0)
            return rc;
        const struct segment *s = &c->block.segments[c->segment];
        const int64_t *times = segment_times(&c->block, s);
        if (segment_time(s, times, 0) >= c->to_ns)
            return 0;
        struct lec_run_block found = segment_block(&c->block, c->segment++);
        uint64_t start = c->first + s->first;
        size_t from, to, seen = c->next > start ? (size_t)(c->next - start) : 0; /* before the block grew */
        c->next = start + s->n;
        bool some = cut(c, s, times, &from, &to);
        from = from > seen ? from : seen;
        if (!some || from >= to) {
            c->missed = 0;
            continue;
        }
        found.channel = c->index;
        found.t_ns = segment_time(s, times, from);
        found.lost = (from == 0 ? found.lost : 0) + c->missed;
        found.n = to - from;
        found.values += from;
        found.times = times ? times + from : NULL;
        if (c->calibrated && c->channel.kind == LEC_CHANNEL_POINT) {
            double *values = c->block.values + s->first + from; /* the block's own memory, ours until the next one */
            lec_calibrate(&c->channel.calibration, values, values, found.n);
        }
        c->missed = 0;
        *out = found;
        return 1;
    }
}

void lec_run_walk_end(struct lec_run_cursor **cursor)
{
    struct lec_run_cursor *c = *cursor;
    if (!c)
        return;
    *cursor = NULL;
    block_done(&c->block);
    free(c);
}
