/* What recordings are fed with. */
#include "record/recording.h"

#include <string.h>

void recording_commit_soon(struct lec_recorder *r)
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
        recording_commit_soon(g->r);
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

void recordings_rate(struct lec_recorder *r, uint32_t key, int64_t period_ns)
{
    for (struct recording *g = r->recordings; g; g = g->next) {
        const struct lec_point *point = g->run && !g->ended ? watched(g, key) : NULL;
        if (point)
            lec_run_rate(g->run, point, period_ns);
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
        if (g->run && !g->ended)
            lec_run_flush(g->run, now);
    }
}
