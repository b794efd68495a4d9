/* One recording: the engine's host. A recording is one run, or `repeat` of them with pauses between. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lectern/clock.h"
#include "lectern/log.h"
#include "record/impl.h"

#define MARKS_TOLD 16  /* marks told between two turns; the run file has them all */
#define MARKS_OPEN 256 /* marks that are not safe on the disk, kept to be written again */

struct recording {
    struct recording *next;
    struct lec_recorder *r;
    const struct lec_record_job *job;
    struct lec_run *run;        /* NULL in the pause between two */
    struct lec_run_start start; /* as it is in the file, or will be */
    int64_t stop_us;
    unsigned nth;
    int64_t again_at;  /* the next of several begins */
    bool begun;        /* its start condition has come */
    bool in_file;      /* the start document is written... */
    bool in_file_safe; /* ...and committed */
    bool ended;        /* by the engine */
    bool stop_written; /* the stop document */
    bool over;
    char status[16], reason[LEC_ERR_TEXT];
    struct lec_run_mark told[MARKS_TOLD]; /* that the core has not been told of */
    size_t n_told;
    struct lec_run_mark *open; /* MARKS_OPEN */
    size_t n_open;
    uint64_t written[LEC_CHANNELS_MAX];  /* samples in the transaction under way */
    uint64_t unstored[LEC_CHANNELS_MAX]; /* samples that the disk did not take; the engine does not know yet */
    uint64_t lost[LEC_CHANNELS_MAX];     /* told by blocks in the transaction under way... */
    uint64_t untold[LEC_CHANNELS_MAX];   /* ...by those that the disk did not take: the next block tells it... */
    uint64_t safe[LEC_CHANNELS_MAX];     /* ...and by those on the disk */
    bool any_unstored;
    int64_t correction_us;
    int64_t tick_at, tell_at;
    unsigned live[LEC_CHANNELS_MAX]; /* blocks told live since the last flush */
};

const char *recording_run(const struct recording *g)
{
    return g->start.id;
}

static const char *name_of(const struct recording *g)
{
    return g->job->experiment->name;
}

/* ---- What the engine wants stored --------------------------------------------------------------------------- */

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
    if (!g->r->live || block->n == 0 || ++g->live[block->channel] > LIVE_BLOCKS)
        return;
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

static void host_ended(void *ctx, const char *status, const char *reason)
{
    struct recording *g = ctx;
    g->ended = true;
    g->stop_us = lec_wall_us();
    snprintf(g->status, sizeof g->status, "%s", status);
    snprintf(g->reason, sizeof g->reason, "%s", reason);
}

/* ---- Telling ------------------------------------------------------------------------------------------------ */

static void label(struct lec_buf *b, const struct lec_experiment *e)
{
    lec_json_key(b, "label");
    lec_buf_puts(b, "{\"vi\":");
    lec_json_str(b, *e->label ? e->label : e->name);
    lec_json_key(b, "en");
    lec_json_str(b, *e->label_en ? e->label_en : *e->label ? e->label : e->name);
    lec_buf_putc(b, '}');
}

static void mark_json(const struct lec_run_mark *m, struct lec_buf *b)
{
    lec_json_key(b, "mark");
    lec_buf_puts(b, "{\"t_ms\":");
    lec_json_float(b, (double)(m->t_ns / 1000) / 1000);
    lec_json_key(b, "kind");
    lec_json_str(b, m->kind);
    if (*m->channel) {
        lec_json_key(b, "channel");
        lec_json_str(b, m->channel);
    }
    lec_json_key(b, "text");
    lec_json_str(b, m->text);
    if (m->lost > 0) {
        lec_json_key(b, "lost");
        lec_json_int(b, (int64_t)m->lost);
    }
    if (*m->by) {
        lec_json_key(b, "by");
        lec_json_str(b, m->by);
    }
    lec_buf_putc(b, '}');
}

static void run_json(const struct recording *g, int64_t now, const struct lec_run_mark *mark, struct lec_buf *b)
{
    const struct lec_record_job *job = g->job;
    lec_buf_puts(b, "{\"run\":");
    lec_json_str(b, g->start.id);
    lec_json_key(b, "experiment");
    lec_json_str(b, name_of(g));
    label(b, job->experiment);
    if (g->run)
        lec_run_json(g->run, now, b);
    else
        lec_buf_puts(b, ",\"state\":\"pause\"");
    if (g->begun) {
        lec_json_key(b, "start");
        lec_json_int(b, g->start.start_us);
    }
    if (g->ended) {
        lec_json_key(b, "stop");
        lec_json_int(b, g->stop_us);
        if (*g->reason) {
            lec_json_key(b, "reason");
            lec_json_str(b, g->reason);
        }
    }
    if (*job->operator_) {
        lec_json_key(b, "operator");
        lec_json_str(b, job->operator_);
    }
    lec_json_key(b, "principal");
    lec_json_str(b, job->principal);
    if (job->experiment->repeat > 1)
        lec_buf_printf(b, ",\"nth\":%u,\"repeat\":%u", g->nth, job->experiment->repeat);
    if (job->simulated)
        lec_buf_puts(b, ",\"simulated\":true");
    if (g->r->full)
        lec_buf_puts(b, ",\"full\":true");
    if (mark)
        mark_json(mark, b);
    lec_buf_putc(b, '}');
}

void recording_json(const struct recording *g, int64_t now, struct lec_buf *b)
{
    run_json(g, now, NULL, b);
}

static void tell(struct recording *g, int64_t now, const struct lec_run_mark *mark)
{
    struct lec_buf b;
    lec_buf_init(&b, LEC_RECORDED_MAX);
    run_json(g, now, mark, &b);
    tell_run(g->r, g->job->number, name_of(g), g->start.id, &b);
    lec_buf_done(&b);
}

static void tell_news(struct recording *g, int64_t now)
{
    for (size_t i = 0; i < g->n_told; i++)
        tell(g, now, &g->told[i]);
    if (g->n_told == 0)
        tell(g, now, NULL);
    g->n_told = 0;
    g->tell_at = now + TELL_EVERY_NS;
}

static void journal(struct recording *g, const char *what)
{
    struct lec_buf b;
    lec_buf_init(&b, 2048);
    lec_buf_puts(&b, "{\"what\":");
    lec_json_str(&b, what);
    lec_json_key(&b, "run");
    lec_json_str(&b, g->start.id);
    if (g->ended) {
        uint64_t samples = 0, lost = 0;
        for (size_t i = 0; i < g->job->experiment->n_channels; i++) {
            struct lec_run_channel_state c;
            lec_run_channel(g->run, i, &c);
            samples += c.samples;
            lost += c.lost;
        }
        lec_json_key(&b, "state");
        lec_json_str(&b, g->status);
        if (*g->reason) {
            lec_json_key(&b, "reason");
            lec_json_str(&b, g->reason);
        }
        lec_buf_printf(&b, ",\"samples\":%" PRIu64 ",\"lost\":%" PRIu64, samples, lost);
    }
    lec_buf_putc(&b, '}');
    tell_journal(g->r, "run", "", name_of(g), g->job->principal, &b);
    lec_buf_done(&b);
}

/* ---- Beginning and ending ----------------------------------------------------------------------------------- */

/* A name that no run has. It is given when a run is armed, so that it can be spoken of before it begins. */
static int make_id(struct recording *g, struct lec_err *err)
{
    char stamp[20] = "19700101-000000";
    struct tm tm;
    time_t seconds = (time_t)(g->start.start_us / 1000000);
    if (localtime_r(&seconds, &tm))
        strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    for (unsigned n = 1; n < 1000; n++) {
        char id[LEC_RUN_ID];
        struct lec_run_info info;
        snprintf(id, sizeof id, "%s-%.18s-%u", stamp, name_of(g), n);
        if (recordings_has(g->r, id))
            continue;
        int rc = lec_runs_info(g->r->runs, id, &info, err);
        if (rc == LEC_E_RANGE) {
            memcpy(g->start.id, id, sizeof id);
            return 0;
        }
        if (rc < 0)
            return rc;
        lec_run_info_free(&info);
    }
    return lec_fail(err, LEC_E_NOMEM, "a thousand runs of this experiment began in this second");
}

static int begin(struct recording *g, int64_t now, struct lec_err *err)
{
    const struct lec_record_job *job = g->job;
    struct lec_run_host host = {
        .ctx = g, .begun = host_begun, .block = host_block, .mark = host_mark, .ended = host_ended};
    g->start = (struct lec_run_start){.experiment = job->experiment->name,
                                      .label = job->experiment->label,
                                      .label_en = job->experiment->label_en,
                                      .operator_ = job->operator_,
                                      .principal = job->principal,
                                      .metadata = job->metadata,
                                      .definition = job->definition,
                                      .start_us = lec_wall_us(),
                                      .start_ns = now,
                                      .simulated = job->simulated,
                                      .channels = job->channels,
                                      .n_channels = job->experiment->n_channels};
    int rc = make_id(g, err);
    if (rc < 0)
        return rc;
    g->nth++;
    g->again_at = LEC_NEVER;
    g->begun = g->in_file = g->in_file_safe = g->ended = g->stop_written = g->any_unstored = false;
    g->n_told = g->n_open = 0;
    g->correction_us = 0;
    g->tick_at = g->tell_at = 0;
    memset(g->live, 0, sizeof g->live);
    memset(g->written, 0, sizeof g->written);
    memset(g->unstored, 0, sizeof g->unstored);
    memset(g->lost, 0, sizeof g->lost);
    memset(g->untold, 0, sizeof g->untold);
    memset(g->safe, 0, sizeof g->safe);
    rc = lec_run_new(job->experiment, job->sources, &host, now, g->start.start_us, &g->run, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < job->n_away && g->nth == 1; i++)
        lec_run_presence(g->run, job->away[i], false, job->away_reasons[i], now);
    return 0;
}

static void forget(struct lec_recorder *r, struct recording *g)
{
    struct recording **at = &r->recordings;
    while (*at && *at != g)
        at = &(*at)->next;
    if (*at) {
        *at = g->next;
        r->n_recordings--;
    }
    lec_run_free(&g->run);
    free(g->open);
    free(g);
}

int recording_start(struct lec_recorder *r, const struct lec_record_job *job, int64_t now, struct recording **out,
                    struct lec_err *err)
{
    if (r->full)
        return lec_fail(err, LEC_E_BUSY, "%s", r->trouble);
    if (r->n_recordings >= LEC_RECORD_RUNS)
        return lec_fail(err, LEC_E_NOMEM, "%d runs are under way already", LEC_RECORD_RUNS);
    int rc = disk_open(r, err);
    if (rc < 0)
        return rc;
    struct recording *g = calloc(1, sizeof *g);
    if (g)
        g->open = calloc(MARKS_OPEN, sizeof *g->open);
    if (!g || !g->open) {
        free(g);
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    }
    g->r = r;
    g->job = job;
    if (!r->writing)
        r->committed_at = now; /* all that there is to write begins here */
    struct recording **end = &r->recordings;
    while (*end)
        end = &(*end)->next;
    *end = g;
    r->n_recordings++;
    rc = begin(g, now, err);
    if (rc == 0 && g->begun) /* who is told of a run finds it after a crash */
        disk_commit(r, now);
    if (rc == 0 && r->full)
        rc = lec_fail(err, LEC_E_BUSY, "%s", r->trouble);
    if (rc < 0) {
        forget(r, g);
        return rc;
    }
    journal(g, g->begun ? "began" : "armed");
    *out = g;
    return 0;
}

/* What is missing at the end stands behind the last block: a channel that never delivered has none at all. */
static int write_missing(struct recording *g, struct lec_err *err)
{
    for (size_t i = 0; i < g->job->experiment->n_channels; i++) {
        struct lec_run_channel_state c;
        lec_run_channel(g->run, i, &c);
        uint64_t told = g->safe[i] + g->lost[i];
        int rc = c.lost > told ? lec_runs_missing(g->r->runs, g->start.id, i, c.lost - told, err) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void write_stop(struct recording *g, int64_t now)
{
    struct lec_err err;
    if (!g->in_file) {
        g->stop_written = !g->begun; /* never begun: there is nothing to close */
        return;
    }
    if (disk_write(g->r) < 0)
        return;
    int rc = write_missing(g, &err);
    if (rc == 0)
        rc = lec_runs_stop(g->r->runs, g->start.id, g->stop_us, g->status, g->reason, &err);
    if (rc < 0) {
        disk_failed(g->r, rc, err.text);
        return;
    }
    disk_commit(g->r, now);
    g->stop_written = !g->r->full;
    g->r->tidy = true;
}

/* The run is over: its stop is written, it is told, and either the next one of the row follows or all is over. */
static void conclude(struct recording *g, int64_t now)
{
    struct lec_recorder *r = g->r;
    if (!g->stop_written)
        write_stop(g, now);
    if (!g->stop_written && !r->closing)
        return; /* when the disk works again */
    journal(g, "ended");
    g->n_told = 0;
    tell(g, now, NULL);
    lec_run_free(&g->run);
    g->over = strcmp(g->status, "done") != 0 || g->nth >= g->job->experiment->repeat || r->closing;
    g->again_at = now + g->job->experiment->pause_ns;
}

static void next_of_row(struct recording *g, int64_t now)
{
    struct lec_err err;
    if (g->r->full || disk_open(g->r, &err) < 0 || begin(g, now, &err) < 0) {
        lec_log(LEC_LOG_ERROR, "%s: the next run of the row cannot begin: %s", name_of(g),
                g->r->full ? g->r->trouble : err.text);
        g->over = true;
        return;
    }
    journal(g, g->begun ? "began" : "armed");
}

struct recording *recording_find(struct lec_recorder *r, const char *which, struct lec_err *err)
{
    struct recording *found = NULL;
    size_t n = 0;
    for (struct recording *g = r->recordings; g; g = g->next) {
        if (g->over || (g->run && g->ended)) /* one that pauses can be stopped */
            continue;
        if (which && *which && strcmp(g->start.id, which) != 0 && strcmp(name_of(g), which) != 0)
            continue;
        found = g;
        n++;
        if (!which)
            break;
    }
    if (n == 1)
        return found;
    if (n > 1)
        lec_fail(err, LEC_E_RANGE, "%zu runs are under way: say which", n);
    else if (which && *which)
        lec_fail(err, LEC_E_RANGE, "no run \"%.40s\" is under way", which);
    else
        lec_fail(err, LEC_E_RANGE, "no run is under way");
    return NULL;
}

void recording_stop(struct recording *g, const char *status, const char *reason, int64_t now)
{
    if (g->run) {
        lec_run_stop(g->run, status, reason, now);
        return;
    }
    g->over = true; /* in the pause between two */
}

int64_t recording_mark(struct recording *g, const char *text, const char *by, int64_t now)
{
    if (g->run)
        lec_run_note(g->run, text, by, now);
    return now - g->start.start_ns;
}

int recording_hand(struct recording *g, const struct lec_record_value values[], size_t n, int64_t now, int64_t *t_ns,
                   struct lec_err *err)
{
    const struct lec_experiment *e = g->job->experiment;
    double by_channel[LEC_CHANNELS_MAX];
    for (size_t i = 0; i < LEC_CHANNELS_MAX; i++)
        by_channel[i] = NAN;
    for (size_t i = 0; i < n; i++) {
        size_t c = 0;
        while (c < e->n_channels && strcmp(e->channels[c].name, values[i].channel) != 0)
            c++;
        if (c == e->n_channels || e->channels[c].kind != LEC_CHANNEL_MANUAL)
            return lec_fail(err, LEC_E_CONFIG, "%s has no channel \"%.47s\" that is typed in", e->name,
                            values[i].channel);
        by_channel[c] = values[i].value;
    }
    if (!g->run)
        return lec_fail(err, LEC_E_BUSY, "the next run of the row has not begun");
    *t_ns = now - g->start.start_ns;
    int rc = lec_run_hand(g->run, by_channel, now, err);
    if (rc == 0 && g->r->commit_at == LEC_NEVER)
        g->r->commit_at = now;
    return rc;
}

/* ---- To all of them ----------------------------------------------------------------------------------------- */

static void commit_soon(struct lec_recorder *r)
{
    if (r->commit_at == LEC_NEVER) {
        int64_t at = r->committed_at + LEC_RUNS_TAIL_MS * LEC_MS, now = lec_now();
        r->commit_at = at > now ? at : now;
    }
}

static const struct lec_point *watched(const struct recording *g, uint32_t key)
{
    for (size_t i = 0; i < g->job->n_watches; i++)
        if (g->job->watches[i].key == key)
            return g->job->watches[i].point;
    return NULL;
}

static const struct lec_device *device_of(const struct recording *g, const char *name)
{
    const struct lec_experiment *e = g->job->experiment;
    const struct lec_condition *const conditions[] = {&e->start, &e->stop, &e->sample};
    for (size_t i = 0; i < e->n_channels; i++)
        if (e->channels[i].device && strcmp(e->channels[i].device->name, name) == 0)
            return e->channels[i].device;
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        if (conditions[i]->device && strcmp(conditions[i]->device->name, name) == 0)
            return conditions[i]->device;
    return NULL;
}

/* Something was fed to the run: it may want to be called earlier, and may have something to store. */
static void fed(struct recording *g)
{
    g->tick_at = 0;
    if (lec_run_state(g->run) == LEC_RUN_RECORDING)
        commit_soon(g->r);
}

void recordings_samples(struct lec_recorder *r, const struct lec_record_block *block, const double *raw)
{
    for (struct recording *g = r->recordings; g; g = g->next) {
        const struct lec_point *point = g->run && !g->ended ? watched(g, block->key) : NULL;
        if (!point)
            continue;
        struct lec_run_input input = {.point = point,
                                      .raw = raw,
                                      .n = block->n,
                                      .first_ns = block->first_ns,
                                      .interval_ns = block->interval_ns,
                                      .drift_ppm = block->drift_ppm,
                                      .lost = block->lost,
                                      .flags = block->flags};
        lec_run_samples(g->run, &input);
        fed(g);
    }
}

void recordings_value(struct lec_recorder *r, uint32_t key, const struct lec_value *value, int64_t now)
{
    for (struct recording *g = r->recordings; g; g = g->next) {
        const struct lec_point *point = g->run && !g->ended ? watched(g, key) : NULL;
        if (!point)
            continue;
        lec_run_value(g->run, point, value, now);
        fed(g);
    }
}

void recordings_event(struct lec_recorder *r, const char *device, const char *event, int64_t now)
{
    for (struct recording *g = r->recordings; g; g = g->next) {
        const struct lec_device *d = g->run && !g->ended ? device_of(g, device) : NULL;
        if (!d)
            continue;
        lec_run_event(g->run, d, event, now);
        fed(g);
    }
}

void recordings_presence(struct lec_recorder *r, const char *device, bool there, const char *reason, int64_t now)
{
    for (struct recording *g = r->recordings; g; g = g->next) {
        const struct lec_device *d = g->run && !g->ended ? device_of(g, device) : NULL;
        if (!d)
            continue;
        lec_run_presence(g->run, d, there, reason, now);
        fed(g);
        g->tell_at = 0;
    }
}

void recordings_clock(struct lec_recorder *r, int64_t step_us, int64_t now)
{
    for (struct recording *g = r->recordings; g; g = g->next) {
        if (!g->run || g->ended)
            continue;
        g->correction_us += step_us;
        lec_run_clock(g->run, g->correction_us, now);
        fed(g);
    }
}

void recordings_flush(struct lec_recorder *r, int64_t now)
{
    for (struct recording *g = r->recordings; g; g = g->next) {
        memset(g->live, 0, sizeof g->live);
        if (g->run && !g->ended)
            lec_run_flush(g->run, now);
    }
}

/* The engine hears of what the disk did not take: it cannot be told from inside its own calls. */
static void tell_unstored(struct recording *g)
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
            tell_unstored(g);
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
        g->stop_us = lec_wall_us();
        snprintf(g->status, sizeof g->status, "failed");
        snprintf(g->reason, sizeof g->reason, "%s", text);
    }
    (void)now;
}

int64_t recordings_turn(struct lec_recorder *r, int64_t now)
{
    int64_t next = LEC_NEVER;
    for (struct recording *g = r->recordings, *after; g; g = after) {
        after = g->next;
        if (g->run && g->any_unstored)
            tell_unstored(g);
        if (g->run && !g->ended && now >= g->tick_at) {
            g->tick_at = lec_run_tick(g->run, now);
            if (lec_run_state(g->run) == LEC_RUN_RECORDING && r->writing)
                commit_soon(r);
        }
        if (g->run && g->ended) {
            conclude(g, now);
        } else if (g->run && (g->n_told > 0 || now >= g->tell_at)) {
            tell_news(g, now);
        } else if (!g->run && !g->over && !r->closing && now >= g->again_at) {
            next_of_row(g, now);
        }
        if (g->over) {
            tell_over(r, g->job->number);
            forget(r, g);
            continue;
        }
        int64_t at = !g->run ? g->again_at : g->ended ? r->retry_at : g->tick_at < g->tell_at ? g->tick_at : g->tell_at;
        next = at < next ? at : next;
    }
    return next;
}

bool recordings_any(const struct lec_recorder *r)
{
    return r->recordings != NULL;
}

bool recordings_has(const struct lec_recorder *r, const char *run)
{
    for (const struct recording *g = r->recordings; g; g = g->next)
        if (strcmp(g->start.id, run) == 0)
            return true;
    return false;
}
