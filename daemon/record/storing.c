/* What a recording has on the disk: the engine's host, and what becomes of it when the disk fails. */
#include "record/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_start(struct recording *g)
{
    struct lec_err err;
    if (disk_write(g->r) < 0)
        return;
    int rc = lec_runs_start(g->r->runs, &g->start, &err);
    if (rc < 0)
        disk_failed(g->r, rc, err.text);
    else
        g->in_file = true;
}

static void host_begun(void *ctx, int64_t start_ns)
{
    struct recording *g = ctx;
    g->begun = true;
    g->start.start_ns = start_ns;
    g->start.start_us = lec_wall_us() - (lec_now() - start_ns) / 1000;
    g->correction_us = 0;
    g->tell_at = 0;
    write_start(g);
}

static void live_block(struct recording *g, const struct lec_run_block *block)
{
    const struct lec_channel *channel = &g->job->experiment->channels[block->channel];
    int64_t now = lec_now();
    if (now >= g->live_until) {
        memset(g->live, 0, sizeof g->live);
        g->live_until = now + LEC_SEC;
    }
    if (!g->r->live || block->n == 0 || g->live[block->channel] == LIVE_BLOCKS)
        return;
    g->live[block->channel]++;
    bool regular = block->interval_ns > 0 || block->n == 1;
    struct lec_live head = {.t_ns = block->times ? block->times[0] : block->t_ns,
                            .interval_us = block->interval_ns / 1000,
                            .lost = block->lost,
                            .n = (uint32_t)block->n,
                            .flags = block->flags};
    head.wall_us = g->start.start_us + head.t_ns / 1000 + block->correction_us;
    snprintf(head.run, sizeof head.run, "%s", g->start.id);
    snprintf(head.channel, sizeof head.channel, "%s", channel->name);
    double *values = malloc(block->n * sizeof *values);
    double *times = regular || !block->times ? NULL : malloc(block->n * sizeof *times);
    if (values && (regular || times)) {
        if (channel->kind == LEC_CHANNEL_POINT)
            lec_calibrate(&g->job->sources[block->channel].calibration, block->values, values, block->n);
        else
            memcpy(values, block->values, block->n * sizeof *values);
        for (size_t i = 0; times && i < block->n; i++)
            times[i] = (double)block->times[i] / 1e9;
        tell_live(g->r, &head, values, times);
    }
    free(values);
    free(times);
}

/* What is in the transaction under way will not be on the disk. */
static void not_stored(struct recording *g)
{
    for (size_t i = 0; i < LEC_CHANNELS_MAX; i++) {
        g->unstored[i] += g->written[i];
        g->any_unstored = g->any_unstored || g->written[i] > 0;
        g->untold[i] += g->lost[i];
        g->written[i] = g->lost[i] = 0;
    }
}

static void host_block(void *ctx, const struct lec_run_block *block)
{
    struct recording *g = ctx;
    struct lec_err err;
    live_block(g, block);
    struct lec_run_block whole = *block;
    size_t c = block->channel;
    int rc = disk_write(g->r);
    whole.lost += g->untold[c];
    g->untold[c] = 0;
    g->written[c] += whole.n; /* if it fails, the rollback counts it as not stored with the others */
    g->lost[c] += whole.lost;
    if (rc == 0 && g->in_file) {
        rc = lec_runs_block(g->r->runs, g->start.id, &whole, &err);
        if (rc < 0)
            disk_failed(g->r, rc, err.text);
    } else {
        not_stored(g);
    }
}

static void write_mark(struct recording *g, const struct lec_run_mark *mark)
{
    struct lec_err err;
    if (disk_write(g->r) < 0 || !g->in_file)
        return;
    int rc = lec_runs_mark(g->r->runs, g->start.id, mark, &err);
    if (rc < 0)
        disk_failed(g->r, rc, err.text);
}

static void host_mark(void *ctx, const struct lec_run_mark *mark)
{
    struct recording *g = ctx;
    if (g->n_told < MARKS_TOLD)
        g->told[g->n_told++] = *mark;
    if (g->n_open < MARKS_OPEN)
        g->open[g->n_open++] = *mark;
    write_mark(g, mark);
}

/* By the clock that nobody sets: a step that is not known yet would make the run longer or shorter than it was. */
static int64_t wall_now(const struct recording *g)
{
    return g->start.start_us + (lec_now() - g->start.start_ns) / 1000 + g->correction_us;
}

static void host_ended(void *ctx, const char *status, const char *reason)
{
    struct recording *g = ctx;
    g->ended = true;
    g->stop_us = wall_now(g);
    snprintf(g->status, sizeof g->status, "%s", status);
    snprintf(g->reason, sizeof g->reason, "%s", reason);
}

struct lec_run_host recording_host(struct recording *g)
{
    return (struct lec_run_host){
        .ctx = g, .begun = host_begun, .block = host_block, .mark = host_mark, .ended = host_ended};
}

/* ---- The end ------------------------------------------------------------------------------------------------ */

static void describe_end(const struct recording *g, struct unclosed *u)
{
    *u = (struct unclosed){
        .stop_us = g->stop_us, .correction_us = g->correction_us, .marks = g->open, .n_marks = g->n_open};
    memcpy(u->run, g->start.id, sizeof u->run);
    memcpy(u->status, g->status, sizeof u->status);
    memcpy(u->reason, g->reason, sizeof u->reason);
    for (size_t i = 0; i < g->job->experiment->n_channels; i++) {
        struct lec_run_channel_state c;
        lec_run_channel(g->run, i, &c);
        uint64_t told = g->safe[i] + g->lost[i];
        u->missing[i] = c.lost > told ? c.lost - told : 0;
    }
}

/* What is missing at the end stands behind the last block: a channel that never delivered has none at all. */
static int write_end(struct lec_recorder *r, const struct unclosed *u, struct lec_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < LEC_CHANNELS_MAX && rc == 0; i++)
        if (u->missing[i] > 0)
            rc = lec_runs_missing(r->runs, u->run, i, u->missing[i], err);
    if (rc == 0)
        rc = lec_runs_clock(r->runs, u->run, u->correction_us, err);
    if (rc == 0)
        rc = lec_runs_stop(r->runs, u->run, u->stop_us, u->status, u->reason, err);
    return rc;
}

int unclosed_write(struct lec_recorder *r, const struct unclosed *u, struct lec_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < u->n_marks && rc == 0; i++)
        rc = lec_runs_mark(r->runs, u->run, &u->marks[i], err);
    return rc == 0 ? write_end(r, u, err) : rc;
}

void unclosed_drop(struct lec_recorder *r, size_t i)
{
    free(r->unclosed[i].marks);
    r->n_unclosed--;
    memmove(&r->unclosed[i], &r->unclosed[i + 1], (r->n_unclosed - i) * sizeof r->unclosed[0]);
}

bool recording_put_off(struct recording *g)
{
    struct lec_recorder *r = g->r;
    if (!r->full || r->n_unclosed == UNCLOSED_MAX)
        return false;
    recording_tell_unstored(g);
    if (g->in_file_safe) { /* else nothing of it is in the file */
        describe_end(g, &r->unclosed[r->n_unclosed++]);
        g->open = NULL;
        g->n_open = 0;
    }
    return true;
}

void recording_write_stop(struct recording *g, int64_t now)
{
    struct lec_err err;
    struct unclosed end;
    if (!g->in_file) {
        g->stop_written = !g->begun; /* never begun: there is nothing to close */
        return;
    }
    if (disk_write(g->r) < 0)
        return;
    describe_end(g, &end);
    int rc = write_end(g->r, &end, &err);
    if (rc < 0) {
        disk_failed(g->r, rc, err.text);
        return;
    }
    disk_commit(g->r, now);
    g->stop_written = !g->r->full;
    g->r->tidy = true;
}

/* ---- A disk that fails -------------------------------------------------------------------------------------- */

/* The engine hears of what the disk did not take: it cannot be told from inside its own calls. */
void recording_tell_unstored(struct recording *g)
{
    for (size_t i = 0; g->any_unstored && i < g->job->experiment->n_channels; i++)
        if (g->unstored[i] > 0)
            lec_run_unstored(g->run, i, g->unstored[i]);
    memset(g->unstored, 0, sizeof g->unstored);
    g->any_unstored = false;
}

void recordings_resume(struct lec_recorder *r, int64_t from, int64_t now)
{
    for (struct recording *g = r->recordings; g && !r->full; g = g->next) {
        g->tell_at = 0;
        if (!g->begun || g->stop_written)
            continue;
        if (!g->in_file)
            write_start(g);
        for (size_t i = 0; i < g->n_open && !r->full; i++)
            write_mark(g, &g->open[i]);
    }
    if (r->full || (disk_commit(r, now), r->full)) /* a trial, before the runs are told that it is over */
        return;
    for (struct recording *g = r->recordings; g && !r->full; g = g->next)
        if (g->begun && !g->ended && g->run) {
            recording_tell_unstored(g);
            lec_run_hole(g->run, from > g->start.start_ns ? from : g->start.start_ns, now, r->trouble);
        }
}

void recordings_committed(struct lec_recorder *r)
{
    for (struct recording *g = r->recordings; g; g = g->next) {
        g->in_file_safe = g->in_file;
        g->n_open = 0;
        memset(g->written, 0, sizeof g->written);
        for (size_t i = 0; i < LEC_CHANNELS_MAX; i++)
            g->safe[i] += g->lost[i];
        memset(g->lost, 0, sizeof g->lost);
    }
}

void recordings_rolled_back(struct lec_recorder *r)
{
    for (struct recording *g = r->recordings; g; g = g->next) {
        g->in_file = g->in_file_safe;
        not_stored(g);
    }
}

void recordings_orphan(struct lec_recorder *r, const char *reason, int64_t now)
{
    char text[LEC_ERR_TEXT];
    snprintf(text, sizeof text, "the run file was damaged: %.200s", reason);
    for (struct recording *g = r->recordings; g; g = g->next) {
        g->in_file = false;
        g->stop_written = true;
        if (!g->run || g->ended)
            continue;
        g->reason[0] = '\0';
        g->ended = true;
        g->stop_us = wall_now(g);
        snprintf(g->status, sizeof g->status, "failed");
        snprintf(g->reason, sizeof g->reason, "%s", text);
    }
    (void)now;
}
