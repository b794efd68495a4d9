/* The run file (runs/): samples a second against a bare SQLite loop that inserts the same packed blocks as BLOBs, both with
 * a commit each 100 ms; bytes a sample for what sensors of 16 bits give; a plot of 100 million samples out of a cold
 * file. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "bench.h"
#include "lectern/runs.h"

#define CHANNELS   8
#define BLOCK      32768
#define BLOCKS     4 /* of each channel, in turn: 8 MiB of samples, more than a core's caches */
#define ROUNDS     5
#define ROUND_S    1.5
#define COMMIT_S   0.1
#define MINUTES    5
#define LARGE      100000000u
#define LARGE_NS   INT64_C(100000) /* 10 kHz */
#define COLUMNS    1000
#define COLD_PLOTS 6

static double *samples[CHANNELS][BLOCKS];
static struct lec_run_channel channels[CHANNELS + 1];
static struct lec_err err;

static void must(int rc)
{
    if (rc < 0)
        bench_die("%s", err.text);
}

/* Counts of a 16-bit converter: a slow wave, and noise of a few counts. */
static double count_at(uint64_t i, size_t channel)
{
    uint64_t noise = (i * 8 + channel + 1) * UINT64_C(0x9E3779B97F4A7C15);
    noise = (noise ^ noise >> 31) * UINT64_C(0xBF58476D1CE4E5B9);
    return rint(32768 + 30000 * sin((double)i / (2000 + 500 * (double)channel)) + (double)(noise >> 59));
}

static void prepare(void)
{
    for (size_t c = 0; c <= CHANNELS; c++) {
        snprintf(channels[c].name, sizeof channels[c].name, "c%zu", c);
        lec_calibration_none(&channels[c].calibration);
        channels[c].decimals = -1;
    }
    for (size_t c = 0; c < CHANNELS; c++)
        for (size_t b = 0; b < BLOCKS; b++) {
            samples[c][b] = malloc(BLOCK * sizeof(double));
            if (!samples[c][b])
                bench_die("out of memory");
            for (size_t i = 0; i < BLOCK; i++)
                samples[c][b][i] = count_at(b * BLOCK + i, c);
        }
}

static const char *path(const char *name)
{
    static char out[256];
    snprintf(out, sizeof out, "%s/%s", bench_folder(), name);
    return out;
}

static struct lec_runs *open_new(const char *name)
{
    struct lec_runs *runs;
    char note[LEC_ERR_TEXT];
    int interrupted;
    must(lec_runs_open(path(name), &runs, &interrupted, note, &err));
    return runs;
}

static void start(struct lec_runs *runs, size_t n, char id[LEC_RUN_ID])
{
    struct lec_run_start s = {.experiment = "bench",
                              .label = "bench",
                              .label_en = "bench",
                              .operator_ = "",
                              .principal = "bench",
                              .metadata = "{}",
                              .definition = "{}",
                              .start_us = INT64_C(1790000000000000),
                              .channels = channels,
                              .n_channels = n};
    must(lec_runs_begin(runs, &err));
    must(lec_runs_start(runs, &s, &err));
    must(lec_runs_commit(runs, &err));
    memcpy(id, s.id, LEC_RUN_ID);
}

static void stop(struct lec_runs *runs, const char *id)
{
    must(lec_runs_begin(runs, &err));
    must(lec_runs_stop(runs, id, INT64_C(1790000600000000), "done", "", &err));
    must(lec_runs_commit(runs, &err));
    int rc;
    while ((rc = lec_runs_tidy(runs, &err)) == 1)
        ;
    must(rc);
}

/* ---- Speed --------------------------------------------------------------------------------------------------- */

/* Samples a second into a run. */
static double record(struct lec_runs *runs, const char *id)
{
    static int64_t done; /* blocks of each channel */
    double begin = bench_now(), end = begin + ROUND_S, now = begin;
    uint64_t n = 0;
    while (now < end) {
        double commit = now + COMMIT_S;
        must(lec_runs_begin(runs, &err));
        do {
            for (size_t c = 0; c < CHANNELS; c++) {
                struct lec_run_block b = {.channel = c,
                                          .t_ns = done * BLOCK * 1000,
                                          .interval_ns = 1000,
                                          .values = samples[c][done % BLOCKS],
                                          .n = BLOCK};
                must(lec_runs_block(runs, id, &b, &err));
                n += BLOCK;
            }
            done++;
            now = bench_now();
        } while (now < commit);
        must(lec_runs_commit(runs, &err));
        now = bench_now();
    }
    return (double)n / (now - begin);
}

struct blob {
    void *data;
    int size;
};

static sqlite3 *bare_open(const char *file)
{
    sqlite3 *sql;
    if (sqlite3_open(file, &sql) != SQLITE_OK ||
        sqlite3_exec(sql,
                     "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "CREATE TABLE block(id INTEGER PRIMARY KEY, data BLOB)",
                     NULL, NULL, NULL) != SQLITE_OK)
        bench_die("%s", sqlite3_errmsg(sql));
    return sql;
}

/* The blocks as ours were stored. */
static size_t take_blobs(const char *file, struct blob *out, size_t max)
{
    sqlite3 *sql;
    sqlite3_stmt *s;
    size_t n = 0;
    if (sqlite3_open_v2(file, &sql, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(sql, "SELECT data FROM block WHERE n=?1 LIMIT ?2", -1, &s, NULL) != SQLITE_OK)
        bench_die("%s", sqlite3_errmsg(sql));
    sqlite3_bind_int(s, 1, BLOCK);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)max);
    while (sqlite3_step(s) == SQLITE_ROW) {
        out[n].size = sqlite3_column_bytes(s, 0);
        out[n].data = malloc((size_t)out[n].size);
        memcpy(out[n].data, sqlite3_column_blob(s, 0), (size_t)out[n].size);
        n++;
    }
    sqlite3_finalize(s);
    sqlite3_close(sql);
    return n;
}

static double bare(sqlite3 *sql, const struct blob *blobs, size_t n_blobs)
{
    static size_t next;
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(sql, "INSERT INTO block(data) VALUES(?1)", -1, &s, NULL) != SQLITE_OK)
        bench_die("%s", sqlite3_errmsg(sql));
    double begin = bench_now(), end = begin + ROUND_S, now = begin;
    uint64_t n = 0;
    while (now < end) {
        double commit = now + COMMIT_S;
        if (sqlite3_exec(sql, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
            bench_die("%s", sqlite3_errmsg(sql));
        do {
            for (size_t c = 0; c < CHANNELS; c++) {
                const struct blob *b = &blobs[next++ % n_blobs];
                sqlite3_bind_blob(s, 1, b->data, b->size, SQLITE_STATIC);
                if (sqlite3_step(s) != SQLITE_DONE)
                    bench_die("%s", sqlite3_errmsg(sql));
                sqlite3_reset(s);
                n += BLOCK;
            }
            now = bench_now();
        } while (now < commit);
        if (sqlite3_exec(sql, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            bench_die("%s", sqlite3_errmsg(sql));
        now = bench_now();
    }
    sqlite3_finalize(s);
    return (double)n / (now - begin);
}

static void speed(void)
{
    struct blob blobs[CHANNELS * BLOCKS];
    double ours[ROUNDS], theirs[ROUNDS], ratio[ROUNDS];
    char id[LEC_RUN_ID];
    struct lec_runs *runs = open_new("speed.db");
    start(runs, CHANNELS, id);
    (void)record(runs, id); /* the blocks to be taken, and a warm file */
    size_t n = take_blobs(path("speed.db"), blobs, CHANNELS * BLOCKS);
    sqlite3 *sql = bare_open(path("bare.db"));
    double bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += blobs[i].size;
    (void)bare(sql, blobs, n);
    for (int i = 0; i < ROUNDS; i++) {
        theirs[i] = bare(sql, blobs, n);
        ours[i] = record(runs, id);
        ratio[i] = ours[i] / theirs[i];
    }
    sqlite3_close(sql);
    stop(runs, id);
    lec_runs_close(&runs);
    bench_row("samples recorded durably, to a bare SQLite loop", bench_percentile(ratio, ROUNDS, 50), "", 0.7, false);
    bench_row("samples recorded durably", bench_percentile(ours, ROUNDS, 50) / 1e6, "million/s", 5, false);
    bench_note("bare loop %.1f million/s; %.2f bytes a sample", bench_percentile(theirs, ROUNDS, 50) / 1e6,
               bytes / (double)n / BLOCK);
    for (size_t i = 0; i < n; i++)
        free(blobs[i].data);
    unlink(path("bare.db"));
    unlink(path("speed.db"));
}

/* ---- Size ---------------------------------------------------------------------------------------------------- */

/* Eight channels of 100 Hz and one of 2 Hz in commits of 100 ms. Each block's time and interval are estimates that move a
 * little, as the daemon's are. */
static void size(void)
{
    char id[LEC_RUN_ID];
    struct lec_runs *runs = open_new("size.db");
    start(runs, CHANNELS + 1, id);
    uint64_t n = 0;
    for (uint64_t tick = 0; tick < MINUTES * 600; tick++) {
        must(lec_runs_begin(runs, &err));
        for (size_t c = 0; c <= CHANNELS; c++) {
            double values[10];
            bool slow = c == CHANNELS;
            uint64_t first = slow ? tick / 5 : tick * 10;
            if (slow && tick % 5 != 0)
                continue;
            for (size_t i = 0; i < 10; i++)
                values[i] = count_at(first + i, c % CHANNELS);
            int64_t jitter = (int64_t)(tick * 7919 + c * 104729) % 2000;
            struct lec_run_block b = {.channel = c,
                                      .t_ns = (int64_t)tick * 100020000 + jitter,
                                      .interval_ns = (slow ? 5e8 : 1e7) * (1.0002 + (double)jitter * 1e-9),
                                      .drift_ppm = 200 + (double)jitter * 1e-3,
                                      .values = values,
                                      .n = slow ? 1 : 10};
            must(lec_runs_block(runs, id, &b, &err));
            n += b.n;
        }
        must(lec_runs_commit(runs, &err));
    }
    int64_t while_recording = lec_runs_size(runs);
    stop(runs, id);
    bench_row("bytes a sample, 8 channels of 100 Hz and one of 2 Hz", (double)lec_runs_size(runs) / (double)n, "bytes",
              4, true);
    bench_note("%llu samples; with tails and WAL while recording %.2f bytes", (unsigned long long)n,
               (double)while_recording / (double)n);
    lec_runs_close(&runs);
}

/* ---- Plots --------------------------------------------------------------------------------------------------- */

static void make_cold(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        bench_die("the file cannot be made cold");
    close(fd);
}

static void plots(void)
{
    static struct lec_run_column columns[COLUMNS];
    char id[LEC_RUN_ID];
    struct lec_runs *runs = open_new("plots.db");
    start(runs, 1, id);
    double begin = bench_now();
    for (uint64_t i = 0; i < LARGE;) {
        must(lec_runs_begin(runs, &err));
        for (int k = 0; k < 64 && i < LARGE; k++) {
            size_t n = LARGE - i < BLOCK ? (size_t)(LARGE - i) : BLOCK;
            struct lec_run_block b = {.t_ns = (int64_t)i * LARGE_NS,
                                      .interval_ns = (double)LARGE_NS,
                                      .values = samples[0][i / BLOCK % BLOCKS],
                                      .n = n};
            must(lec_runs_block(runs, id, &b, &err));
            i += n;
        }
        must(lec_runs_commit(runs, &err));
    }
    stop(runs, id);
    lec_runs_close(&runs);
    bench_note("100 million samples written in %.1f s", bench_now() - begin);
    static const double parts[COLD_PLOTS] = {1, 0.5, 0.1, 0.0137, 0.001, 0.0001};
    double worst = 0, warm = 0;
    for (int i = 0; i < COLD_PLOTS; i++) {
        int64_t all = (int64_t)LARGE * LARGE_NS, width = (int64_t)((double)all * parts[i]);
        int64_t from = (int64_t)((double)(all - width) * 0.37);
        make_cold(path("plots.db"));
        begin = bench_now();
        must(lec_runs_open_read(path("plots.db"), &runs, &err));
        must(lec_runs_columns(runs, id, 0, from, from + width, COLUMNS, columns, &err));
        double cold = bench_now() - begin;
        begin = bench_now();
        must(lec_runs_columns(runs, id, 0, from, from + width, COLUMNS, columns, &err));
        double again = bench_now() - begin;
        lec_runs_close(&runs);
        bench_note("%8.4f of the run: cold %.1f ms, again %.1f ms", parts[i], cold * 1e3, again * 1e3);
        worst = cold > worst ? cold : worst;
        warm = again > warm ? again : warm;
    }
    bench_row("plot of 1,000 columns out of 100 million samples, cold", worst * 1e3, "ms", 50, true);
    begin = bench_now();
    must(lec_runs_open_read(path("plots.db"), &runs, &err));
    struct lec_run_cursor *cursor;
    struct lec_run_block b;
    uint64_t n = 0;
    must(lec_runs_walk(runs, id, 0, INT64_MIN, INT64_MAX, true, &cursor, &err));
    while (lec_run_next(cursor, &b, NULL, &err) == 1)
        n += b.n;
    lec_run_walk_end(&cursor);
    bench_note("walking over %.0f million samples: %.1f ns each", (double)n / 1e6,
               (bench_now() - begin) * 1e9 / (double)n);
    lec_runs_close(&runs);
    unlink(path("plots.db"));
}

int main(void)
{
    prepare();
    speed();
    size();
    plots();
    for (size_t c = 0; c < CHANNELS; c++)
        for (size_t b = 0; b < BLOCKS; b++)
            free(samples[c][b]);
    return bench_end();
}
