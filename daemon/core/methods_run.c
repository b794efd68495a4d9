/* Runs over the bus: the recorder and its reader give the answers, lectern-lab those of export and analysis (lab.c). */
#include "core/methods.h"

#include <math.h>
#include <string.h>

#include "core/record.h"

static void sent(struct core *core, struct request *r, struct held *held, int rc)
{
    if (rc == 0)
        return;
    held_free(held);
    refuse(core, r, LEC_E_NOMEM, "too many requests about runs wait; try again soon");
}

/* The parameter "run": a name that a run can have; NULL after answering. */
const char *param_run(struct core *core, struct request *r)
{
    bool ok;
    const char *run = param_text(core, r, "run", true, &ok);
    if (ok && strlen(run) < LEC_RUN_ID)
        return run;
    if (ok)
        refuse(core, r, LEC_E_RANGE, "no run has so long a name");
    return NULL;
}

/* A whole number in its range; false after answering. */
static bool param_whole(struct core *core, struct request *r, const char *name, json_int_t min, json_int_t max,
                        int64_t *out)
{
    char text[80];
    json_t *v = json_object_get(r->params, name);
    if (!v)
        return true;
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max) {
        snprintf(text, sizeof text, "a whole number from %lld to %lld is wanted", (long long)min, (long long)max);
        reply_param(core, r, name, text);
        return false;
    }
    *out = json_integer_value(v);
    return true;
}

bool param_seconds(struct core *core, struct request *r, const char *name, bool *given, double *out)
{
    json_t *v = json_object_get(r->params, name);
    *given = v != NULL;
    if (v && (!json_is_number(v) || !isfinite(json_number_value(v)))) {
        reply_param(core, r, name, "seconds of run time are wanted");
        return false;
    }
    *out = v ? json_number_value(v) : 0;
    return true;
}

bool param_flag(struct core *core, struct request *r, const char *name, bool *out)
{
    json_t *v = json_object_get(r->params, name);
    if (v && !json_is_boolean(v)) {
        reply_param(core, r, name, "true or false is wanted");
        return false;
    }
    *out = json_is_true(v);
    return true;
}

bool param_channels(struct core *core, struct request *r, struct lec_record_query *q)
{
    json_t *list = json_object_get(r->params, "channels"), *v;
    size_t i;
    bool fits = !list || (json_is_array(list) && json_array_size(list) <= LEC_CHANNELS_MAX);
    json_array_foreach(list, i, v)
    {
        const char *name = json_string_value(v);
        fits = fits && name && strlen(name) < sizeof q->channels[0];
        if (!fits)
            break;
        snprintf(q->channels[q->n_channels++], sizeof q->channels[0], "%s", name);
    }
    if (!fits)
        reply_param(core, r, "channels", "a list of at most 32 names of channels is wanted");
    return fits;
}

void run_list(struct core *core, struct request *r)
{
    int64_t limit = 100, before = 0;
    if (!params_known(core, r, "limit|before") || !param_whole(core, r, "limit", 1, 1000, &limit) ||
        !param_whole(core, r, "before", 0, INT64_MAX, &before))
        return;
    struct held *held = held_add(core, r, "");
    if (held)
        sent(core, r, held, lec_record_list(core->record->recorder, held->token, before, (size_t)limit));
}

void run_show(struct core *core, struct request *r)
{
    if (!params_known(core, r, "run"))
        return;
    const char *run = param_run(core, r);
    struct held *held = run ? held_add(core, r, run) : NULL;
    if (held)
        sent(core, r, held, lec_record_show(core->record->recorder, held->token, run));
}

void run_read(struct core *core, struct request *r)
{
    struct lec_record_query q = {.n_channels = 0};
    int64_t width = 0;
    if (!params_known(core, r, "run|channels|from|to|width|raw"))
        return;
    const char *run = param_run(core, r);
    if (!run || !param_channels(core, r, &q) || !param_seconds(core, r, "from", &q.has_from, &q.from) ||
        !param_seconds(core, r, "to", &q.has_to, &q.to) || !param_flag(core, r, "raw", &q.raw) ||
        !param_whole(core, r, "width", 1, LEC_READ_WIDTH, &width))
        return;
    q.width = (size_t)width;
    snprintf(q.run, sizeof q.run, "%s", run);
    struct held *held = held_add(core, r, run);
    if (held)
        sent(core, r, held, lec_record_read(core->record->recorder, held->token, &q));
}

void run_delete(struct core *core, struct request *r)
{
    bool force;
    if (!params_known(core, r, "run|force"))
        return;
    const char *run = param_run(core, r);
    if (!run || !param_flag(core, r, "force", &force))
        return;
    struct held *held = held_add(core, r, run);
    if (held)
        sent(core, r, held, lec_record_delete(core->record->recorder, held->token, run, force, r->principal));
}

void run_fetch(struct core *core, struct request *r)
{
    bool ok;
    int64_t offset = 0;
    char path[4096];
    if (!params_known(core, r, "file|offset"))
        return;
    const char *file = param_text(core, r, "file", true, &ok);
    if (!ok || !param_whole(core, r, "offset", 0, INT64_MAX, &offset))
        return;
    if (!exports_path(core, file, path, sizeof path)) {
        refuse(core, r, LEC_E_RANGE, "there is no such exported file");
        return;
    }
    struct held *held = held_add(core, r, file);
    if (held)
        sent(core, r, held, lec_record_fetch(core->record->recorder, held->token, path, (uint64_t)offset));
}
