/* Runs that are being recorded: blocks, tails and sums on their way into the file. All that is kept in memory here can be
 * read again from the file, which is done after a crash and after a transaction that failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runs_impl.h"

/* A block of fewer samples goes through the tail: a row of its own would cost more than 5 % of its samples' bytes. */
#define DIRECT 1024
/* Tails are merged when they take so many bytes: at eight channels of 100 Hz, once a minute. */
#define TAIL_MERGE (256 * 1024)
#define ROW_BYTES  32 /* what SQLite needs for a row, about */
#define NONE       INT64_MIN

/* ---- Writing ------------------------------------------------------------------------------------------------ */

static int put_page(void *ctx, unsigned level, uint64_t number, const struct bucket *buckets, size_t n,
                    struct lec_err *err)
{
    struct live_channel *c = ctx;
    int64_t size = sums_pack(buckets, n, &c->runs->packed, err);
    if (size < 0)
        return (int)size;
    c->bytes += size + ROW_BYTES;
    return db_do(c->runs, ST_SUMS_PUT, err, "ib", SUMS_PLACE(c->num, level, number), (const void *)c->runs->packed.data,
                 (uint64_t)size);
}

static int save_channel(struct live_channel *c, uint64_t samples, struct lec_err *err)
{
    return db_do(c->runs, ST_CHANNEL_SET, err, "iiiiii", c->num, (int64_t)samples, (int64_t)c->lost, c->bytes, c->t_end,
                 c->correction_us);
}

/* Writes what `open` has as a block, in the place of the shorter one that may be there. */
static int store_open(struct live_channel *c, struct lec_err *err)
{
    struct block *b = &c->open;
    if (b->n == c->stored)
        return 0;
    const struct segment *last = &b->segments[b->n_segments - 1];
    int64_t size = block_pack(b, &c->runs->packed, err);
    if (size < 0)
        return (int)size;
    int rc = db_do(c->runs, ST_BLOCK_PUT, err, "iiiib", PLACE(c->num, c->base), (int64_t)b->n, b->segments[0].t_ns,
                   segment_time(last, segment_times(b, last), last->n - 1), (const void *)c->runs->packed.data,
                   (uint64_t)size);
    if (rc < 0)
        return rc;
    c->bytes += size + ROW_BYTES - c->stored_size;
    c->stored_size = size + ROW_BYTES;
    c->stored = b->n;
    return save_channel(c, c->base + b->n, err);
}

/* The block is full: the next one begins. */
static int close_open(struct live_channel *c, struct lec_err *err)
{
    int rc = store_open(c, err);
    if (rc < 0)
        return rc;
    c->base += c->open.n;
    c->open.n = c->open.n_segments = c->open.n_times = c->stored = 0;
    c->stored_size = 0;
    return 0;
}

static int add_direct(struct live_channel *c, const struct lec_run_block *block, int64_t t1, struct lec_err *err)
{
    int rc = close_open(c, err);
    int64_t size = rc == 0 ? block_pack_one(block, &c->runs->packed, err) : rc;
    if (size < 0)
        return (int)size;
    rc = db_do(c->runs, ST_BLOCK_PUT, err, "iiiib", PLACE(c->num, c->base), (int64_t)block->n,
               block->interval_ns == 0 ? block->times[0] : block->t_ns, t1, (const void *)c->runs->packed.data,
               (uint64_t)size);
    if (rc < 0)
        return rc;
    c->base += block->n;
    c->bytes += size + ROW_BYTES;
    return save_channel(c, c->base, err);
}

static int add_tail(struct live_channel *c, const struct lec_run_block *block, int64_t t1, struct lec_err *err)
{
    int64_t size = block_pack_one(block, &c->runs->packed, err);
    if (size < 0)
        return (int)size;
    int rc = db_do(c->runs, ST_TAIL_PUT, err, "iiiiib", c->num, (int64_t)(c->base + c->open.n), (int64_t)block->n,
                   (int64_t)block->lost, t1, (const void *)c->runs->packed.data, (uint64_t)size);
    if (rc == 0)
        rc = block_add(&c->open, block, err);
    if (rc < 0)
        return rc;
    c->runs->tail_size += size + ROW_BYTES;
    return c->open.n >= BLOCK_FULL ? close_open(c, err) : 0;
}

int live_add(struct live_channel *c, const struct lec_run_block *block, struct lec_err *err)
{
    if (c->base + c->open.n + block->n > (uint64_t)INDEX_MAX)
        return lec_fail(err, LEC_E_RANGE, "a channel has at most %lld samples", (long long)INDEX_MAX);
    struct segment s = segment_of(block);
    int64_t t1 = segment_time(&s, block->times, block->n - 1);
    c->lost += block->lost;
    c->t_end = t1 > c->t_end ? t1 : c->t_end;
    c->correction_us = block->correction_us;
    int rc = block->n >= DIRECT ? add_direct(c, block, t1, err) : add_tail(c, block, t1, err);
    return rc == 0 ? sums_add(&c->sums, &s, block->times, 0, block->n, block->values, err) : rc;
}

int live_merge(struct lec_runs *runs, struct lec_err *err)
{
    if (runs->tail_size < TAIL_MERGE)
        return 0;
    int rc = 0;
    for (struct live *r = runs->live; r && rc == 0; r = r->next)
        for (size_t i = 0; i < r->n_channels && rc == 0; i++)
            rc = store_open(&r->channels[i], err);
    if (rc == 0)
        rc = db_do(runs, ST_TAIL_CLEAR, err, "");
    if (rc == 0)
        runs->tail_size = 0;
    return rc;
}

static void free_live(struct live *r)
{
    for (size_t i = 0; i < r->n_channels; i++) {
        block_done(&r->channels[i].open);
        sums_done(&r->channels[i].sums);
    }
    free(r);
}

void live_forget(struct lec_runs *runs)
{
    while (runs->live) {
        struct live *r = runs->live;
        runs->live = r->next;
        free_live(r);
    }
    runs->loaded = false;
}

int live_find(struct lec_runs *runs, const char *run, struct live **out, struct lec_err *err)
{
    for (struct live *r = runs->live; r; r = r->next)
        if (strcmp(r->id, run) == 0) {
            *out = r;
            return 0;
        }
    return lec_fail(err, LEC_E_RANGE, "run %s is not being recorded", run);
}

int live_stop(struct lec_runs *runs, struct live *run, int64_t stop_us, const char *status, const char *reason,
              struct lec_err *err)
{
    uint64_t samples = 0, lost = 0;
    int64_t bytes = 0, end = 0, correction = 0, marks = 0;
    int rc = db_number(runs, ST_MARK_COUNT, MARK_PLACE(run->num, 0), MARK_PLACE(run->num, UINT32_MAX), &marks, err);
    for (size_t i = 0; i < run->n_channels && rc == 0; i++) {
        struct live_channel *c = &run->channels[i];
        rc = close_open(c, err);
        if (rc == 0)
            rc = sums_finish(&c->sums, err);
        if (rc == 0)
            rc = save_channel(c, c->base, err);
        if (rc == 0)
            rc = db_do(runs, ST_TAIL_DELETE, err, "i", c->num);
        samples += c->base;
        lost += c->lost;
        bytes += c->bytes;
        end = c->t_end > end ? c->t_end : end;
        correction = c->correction_us ? c->correction_us : correction;
    }
    if (stop_us == 0) /* not known: with the last sample */
        stop_us = run->start_us + correction + end / 1000;
    int64_t duration = (stop_us - run->start_us - correction) * 1000;
    duration = duration > end ? duration : end;
    struct lec_buf doc;
    lec_buf_init(&doc, 65536);
    doc_stop(&doc, run->id, stop_us, status, reason, samples);
    if (rc == 0 && doc.failed)
        rc = lec_fail(err, LEC_E_NOMEM, "out of memory");
    if (rc == 0)
        rc = db_do(runs, ST_DOC_PUT, err, "iss", run->num, "stop", doc.data);
    if (rc == 0)
        rc = db_do(runs, ST_RUN_STOP, err, "issiiiiii", run->num, status, reason, stop_us, duration, (int64_t)samples,
                   (int64_t)lost, marks, bytes);
    lec_buf_done(&doc);
    if (rc < 0)
        return rc;
    struct live **at = &runs->live;
    while (*at != run)
        at = &(*at)->next;
    *at = run->next;
    free_live(run);
    runs->shrunk = false;
    return runs->live ? 0 : db_number(runs, ST_TAIL_SIZE, 0, 0, &runs->tail_size, err);
}

/* ---- Reading back ------------------------------------------------------------------------------------------- */

/* Samples from `from` on, into the sums. */
static int feed_samples(struct live_channel *c, uint64_t from, uint64_t to, struct lec_err *err)
{
    struct block *b = &c->runs->work;
    while (from < to) {
        uint64_t first, n;
        int rc = block_at(c->runs, c->num, from, b, &first, &n, err);
        if (rc <= 0)
            return rc;
        for (size_t i = 0; i < b->n_segments; i++) {
            const struct segment *s = &b->segments[i];
            uint64_t at = first + s->first, skip = at < from ? from - at : 0;
            if (skip < s->n)
                rc = sums_add(&c->sums, s, segment_times(b, s), skip, s->n - skip, b->values + s->first + skip, err);
            if (rc < 0)
                return rc;
        }
        from = first + b->n;
    }
    return 0;
}

/* The buckets of pages [from, to) of a level, into the level above. LEC_E_FRAME: one is missing or damaged. */
static int feed_pages(struct live_channel *c, unsigned level, uint64_t from, uint64_t to, struct lec_err *err)
{
    struct bucket buckets[SUMS_PAGE];
    for (uint64_t page = from; page < to; page++) {
        sqlite3_stmt *s;
        int rc = db_ask(c->runs, ST_SUMS_GET, &s, err, "i", SUMS_PLACE(c->num, level, page));
        if (rc < 0)
            return rc;
        int n = rc == 0 ? 0
                        : sums_unpack(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), &c->calibration,
                                      c->sums.ordered, buckets, err);
        sqlite3_reset(s);
        if (n != SUMS_PAGE)
            return n < 0 ? n : lec_fail(err, LEC_E_FRAME, "sums are missing");
        for (int i = 0; i < n; i++) {
            rc = sums_add_bucket(&c->sums, level + 1, &buckets[i], err);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

/* Takes up the sums where their stored pages end. Upper levels first, so that each sees its buckets in order. */
static int resume_sums(struct live_channel *c, uint64_t samples, struct lec_err *err)
{
    uint64_t pages[SUMS_LEVELS];
    for (unsigned k = 0; k < SUMS_LEVELS; k++) {
        int64_t last;
        int rc = db_number(c->runs, ST_SUMS_LAST, SUMS_PLACE(c->num, k, 0), SUMS_PLACE(c->num, k, SUMS_PAGES_MAX),
                           &last, err);
        if (rc < 0)
            return rc;
        pages[k] = last > 0 ? (uint64_t)(last & SUMS_PAGES_MAX) + 1 : 0;
        c->sums.level[k].number = pages[k];
    }
    for (unsigned k = SUMS_LEVELS - 1; k > 0; k--) {
        int rc = feed_pages(c, k - 1, pages[k] * SUMS_RATIO, pages[k - 1], err);
        if (rc < 0)
            return rc;
    }
    return feed_samples(c, pages[0] * SUMS_PAGE * SUMS_BUCKET, samples, err);
}

static int load_sums(struct live_channel *c, uint64_t samples, struct lec_err *err)
{
    sums_init(&c->sums, &c->calibration);
    c->sums.page = put_page;
    c->sums.ctx = c;
    int rc = resume_sums(c, samples, err);
    if (rc != LEC_E_FRAME)
        return rc;
    /* They can be made again from the samples. */
    sums_done(&c->sums);
    sums_init(&c->sums, &c->calibration);
    c->sums.page = put_page;
    c->sums.ctx = c;
    rc = db_do(c->runs, ST_SUMS_DELETE, err, "iii", SUMS_PLACE(c->num, 0, 0), PLACE(c->num, INDEX_MAX), INT64_MAX);
    return rc == 0 ? feed_samples(c, 0, samples, err) : rc;
}

/* The last block, if it may still grow. */
static int load_open(struct live_channel *c, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_ask(c->runs, ST_BLOCK_UP_TO, &s, err, "ii", PLACE(c->num, 0), PLACE(c->num, INDEX_MAX));
    if (rc <= 0)
        return rc;
    uint64_t first = (uint64_t)(sqlite3_column_int64(s, 0) & INDEX_MAX), n = (uint64_t)sqlite3_column_int64(s, 1);
    int64_t size = sqlite3_column_bytes(s, 4);
    c->base = first + n;
    rc = 0;
    if (n < BLOCK_FULL) {
        c->base = first;
        rc = block_unpack(sqlite3_column_blob(s, 4), (size_t)size, &c->open, err);
        c->stored = c->open.n;
        c->stored_size = size + ROW_BYTES;
    }
    sqlite3_reset(s);
    return rc;
}

static int load_tail(struct live_channel *c, struct lec_err *err)
{
    struct block *b = &c->runs->work;
    for (;;) {
        uint64_t first, n, end = c->base + c->open.n;
        int rc = block_at(c->runs, c->num, end, b, &first, &n, err);
        if (rc <= 0)
            return rc;
        if (first != end)
            return lec_fail(err, LEC_E_FRAME, "samples are missing in %s", c->runs->file);
        for (size_t i = 0; i < b->n_segments; i++) {
            const struct segment *s = &b->segments[i];
            const struct lec_run_block piece = segment_block(b, i);
            rc = block_add(&c->open, &piece, err);
            if (rc < 0)
                return rc;
            c->lost += s->lost;
            int64_t t1 = segment_time(s, piece.times, s->n - 1);
            c->t_end = t1 > c->t_end ? t1 : c->t_end;
            c->correction_us = s->correction_us;
        }
        rc = c->open.n >= BLOCK_FULL ? close_open(c, err) : 0;
        if (rc < 0)
            return rc;
    }
}

static int load_channel(struct live_channel *c, struct lec_err *err)
{
    int rc = load_open(c, err);
    if (rc == 0)
        rc = load_tail(c, err);
    return rc == 0 ? load_sums(c, c->base + c->open.n, err) : rc;
}

static int load_channels(struct lec_runs *runs, int64_t run, struct live **out, struct lec_err *err)
{
    struct lec_run_channel *text = malloc(sizeof *text);
    struct live *r = calloc(1, sizeof *r + RUN_CHANNELS * sizeof *r->channels);
    if (!r || !text) {
        free(r);
        free(text);
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    }
    sqlite3_stmt *s;
    int rc = db_ask(runs, ST_CHANNEL_LIST, &s, err, "i", run);
    while (rc == 1 && r->n_channels < RUN_CHANNELS) {
        struct channel_row row;
        rc = channel_read(s, &row, text, err);
        if (rc < 0)
            break;
        r->channels[r->n_channels++] = (struct live_channel){.num = row.num,
                                                             .calibration = text->calibration,
                                                             .lost = row.lost,
                                                             .bytes = row.bytes,
                                                             .t_end = row.t_end,
                                                             .correction_us = row.correction_us,
                                                             .runs = runs};
        rc = db_row(runs, s, err);
    }
    sqlite3_reset(s);
    free(text);
    for (size_t i = 0; i < r->n_channels && rc >= 0; i++)
        rc = load_channel(&r->channels[i], err);
    if (rc < 0) {
        free_live(r);
        return rc;
    }
    *out = r;
    return 0;
}

int live_load_run(struct lec_runs *runs, int64_t num, const char *id, int64_t start_us, struct lec_err *err)
{
    struct live *r;
    int rc = load_channels(runs, num, &r, err);
    if (rc < 0)
        return rc;
    r->num = num;
    r->start_us = start_us;
    snprintf(r->id, sizeof r->id, "%s", id);
    r->next = runs->live;
    runs->live = r;
    return db_number(runs, ST_MARK_NEXT, MARK_PLACE(num, 0), MARK_PLACE(num, UINT32_MAX), &r->marks, err);
}

int live_load(struct lec_runs *runs, struct lec_err *err)
{
    live_forget(runs);
    int64_t after = 0;
    for (;;) {
        sqlite3_stmt *s;
        int rc = db_ask(runs, ST_RUN_RECORDING, &s, err, "i", after);
        if (rc < 0)
            return rc;
        if (rc == 0)
            break;
        char id[LEC_RUN_ID];
        int64_t start_us = sqlite3_column_int64(s, 2);
        after = sqlite3_column_int64(s, 0);
        db_text(s, 1, id, sizeof id);
        sqlite3_reset(s);
        rc = live_load_run(runs, after, id, start_us, err);
        if (rc < 0) {
            live_forget(runs);
            return rc;
        }
    }
    runs->loaded = true;
    return db_number(runs, ST_TAIL_SIZE, 0, 0, &runs->tail_size, err);
}
