/* The life of a recording: one run, or `repeat` of them with pauses between. */
#include "record/recording.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lectern/log.h"

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
        snprintf(id, sizeof id, "%s-%.18s-%u", stamp, recording_name(g), n);
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
    struct lec_run_host host = recording_host(g);
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
    if (!disk_has_room(r)) /* else it would seem to record until the first commit fails */
        return lec_fail(err, LEC_E_BUSY, "the disk of the runs is full: nothing can be recorded");
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
    recording_journal(g, g->begun ? "began" : "armed");
    recording_tell_news(g, now); /* before the answer: whoever has that may ask the core for the run at once */
    *out = g;
    return 0;
}

/* The run is over: its stop is written, it is told, and either the next one of the row follows or all is over. */
static void conclude(struct recording *g, int64_t now)
{
    struct lec_recorder *r = g->r;
    if (!g->stop_written)
        recording_write_stop(g, now);
    bool put_off = !g->stop_written && strcmp(g->status, "stopped") == 0 && recording_put_off(g);
    if (!g->stop_written && !put_off && !r->closing)
        return; /* when the disk works again */
    recording_journal(g, "ended");
    g->n_told = 0;
    recording_tell(g, now);
    lec_run_free(&g->run);
    g->over = strcmp(g->status, "done") != 0 || g->nth >= g->job->experiment->repeat || r->closing;
    g->again_at = now + g->job->experiment->pause_ns;
}

static void next_of_row(struct recording *g, int64_t now)
{
    struct lec_err err;
    if (g->r->full || disk_open(g->r, &err) < 0 || begin(g, now, &err) < 0) {
        lec_log(LEC_LOG_ERROR, "%s: the next run of the row cannot begin: %s", recording_name(g),
                g->r->full ? g->r->trouble : err.text);
        g->over = true;
        return;
    }
    recording_journal(g, g->begun ? "began" : "armed");
}

struct recording *recording_find(struct lec_recorder *r, const char *which, struct lec_err *err)
{
    struct recording *found = NULL;
    size_t n = 0;
    for (struct recording *g = r->recordings; g; g = g->next) {
        if (g->over || (g->run && g->ended)) /* one that pauses can be stopped */
            continue;
        if (which && *which && strcmp(g->start.id, which) != 0 && strcmp(recording_name(g), which) != 0)
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
        by_channel[i] = (double)NAN;
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

int64_t recordings_turn(struct lec_recorder *r, int64_t now)
{
    int64_t next = LEC_NEVER;
    for (struct recording *g = r->recordings, *after; g; g = after) {
        after = g->next;
        if (g->run && g->any_unstored)
            recording_tell_unstored(g);
        if (g->run && !g->ended && now >= g->tick_at) {
            g->tick_at = lec_run_tick(g->run, now);
            if (lec_run_state(g->run) == LEC_RUN_RECORDING && r->writing)
                recording_commit_soon(r);
        }
        if (g->run && g->ended) {
            conclude(g, now);
        } else if (g->run && (g->n_told > 0 || now >= g->tell_at)) {
            recording_tell_news(g, now);
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
