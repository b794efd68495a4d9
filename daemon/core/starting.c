/* experiment.start: checks what can be checked, asks the devices for their rates, and hands the recording over to the
 * recorder when they have answered (or have had time to). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/methods.h"
#include "core/record.h"
#include "lectern/log.h"
#include "lectern/member.h"

#define FIELD_MAX 2000 /* bytes of one field of metadata */

/* ---- Checks ------------------------------------------------------------------------------------------------- */

static const char *find_field(const struct lec_experiment *e, const char *name)
{
    for (size_t i = 0; i < e->n_fields; i++)
        if (strcmp(e->fields[i].name, name) == 0)
            return e->fields[i].name;
    return NULL;
}

static bool bad_field(struct core *core, const struct request *r, const char *field, const char *what)
{
    char text[160];
    snprintf(text, sizeof text, "\"%.47s\" %s", field, what);
    reply_param(core, r, "metadata", text);
    return false;
}

static bool one_of(const struct lec_field *f, const char *value)
{
    for (size_t i = 0; i < f->n_choices; i++)
        if (strcmp(f->choices[i], value) == 0)
            return true;
    return f->n_choices == 0;
}

/* What was asked of the person is there; false after answering. `operator` may come as a field or by itself. */
static bool check_metadata(struct core *core, const struct request *r, const struct lec_experiment *e,
                           const json_t *metadata, const char **operator_)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value)
    {
        if (!find_field(e, key))
            return bad_field(core, r, key, "is not asked for in this experiment");
        if (!json_is_string(value) || json_string_length(value) > FIELD_MAX ||
            strlen(json_string_value(value)) != json_string_length(value))
            return bad_field(core, r, key, "must be a text of at most 2000 bytes");
    }
    const char *named = json_string_value(json_object_get(metadata, "operator"));
    if (!*operator_)
        *operator_ = named;
    for (size_t i = 0; i < e->n_fields; i++) {
        const struct lec_field *f = &e->fields[i];
        const char *given = json_string_value(json_object_get(metadata, f->name));
        if (!given && strcmp(f->name, "operator") == 0)
            given = *operator_;
        if (f->required && (!given || !*given))
            return bad_field(core, r, f->name, "is required");
        if (given && *given && !one_of(f, given))
            return bad_field(core, r, f->name, "must be one of the choices of experiment.list");
    }
    return true;
}

static void refuse_rate(struct core *core, const struct request *r, const struct lec_point *point, double hz,
                        int64_t fastest_ns, const char *said)
{
    char reason[LEC_ERR_TEXT], vi[160], en[160];
    double can = fastest_ns > 0 ? 1e9 / (double)fastest_ns : 0;
    snprintf(reason, sizeof reason, "%.6g samples a second cannot be had%s%s", hz, *said ? ": " : "", said);
    snprintf(vi, sizeof vi, "Cảm biến này đo được nhiều nhất %.6g lần mỗi giây. Hãy chọn tốc độ thấp hơn.", can);
    snprintf(en, sizeof en, "This sensor can do at most %.6g samples a second. Choose a slower rate.", can);
    struct trouble t = {.code = -32005,
                        .reason = reason,
                        .device = point->device,
                        .point = point,
                        .remedy_vi = can > 0 ? vi : "Hãy chọn tốc độ thấp hơn.",
                        .remedy_en = can > 0 ? en : "Choose a slower rate."};
    journal_request(core, r, point->device->name, reason);
    reply_error(core, r, &t);
}

/* The least time between samples that can be said without asking the device. */
static int64_t least_period(const struct lec_point *p)
{
    return !p->stream && p->device->gap_ns > p->fastest_ns ? p->device->gap_ns : p->fastest_ns;
}

static bool check_rates(struct core *core, const struct request *r, const struct lec_experiment *e)
{
    char said[80];
    for (size_t i = 0; i < e->n_channels; i++) {
        const struct lec_channel *c = &e->channels[i];
        if (c->kind != LEC_CHANNEL_POINT || c->rate_hz <= 0 || least_period(c->point) <= 0)
            continue;
        double least = (double)least_period(c->point);
        if (1e9 / c->rate_hz >= least * (1 - 1e-9))
            continue;
        snprintf(said, sizeof said, "at most %.6g", 1e9 / least);
        refuse_rate(core, r, c->point, c->rate_hz, least_period(c->point), said);
        return false;
    }
    return true;
}

/* ---- The job ------------------------------------------------------------------------------------------------ */

static bool add_wish(struct core *core, struct job *job, const struct lec_point *point, int64_t period_ns, bool samples)
{
    struct follow *f = follow_add(core, point->device->name, point->name);
    if (!f)
        return false;
    job->wishes[job->n_wishes++] = (struct wish){.follow = f, .period_ns = period_ns, .samples = samples};
    f->values = f->values || !samples;
    for (size_t i = 0; i < job->base.n_watches; i++)
        if (job->watches[i].key == f->key)
            return true;
    job->watches[job->base.n_watches++] = (struct lec_record_watch){.key = f->key, .point = point};
    return true;
}

static bool add_wishes(struct core *core, struct job *job, const struct lec_experiment *e)
{
    const struct lec_condition *const conditions[] = {&e->start, &e->stop, &e->sample};
    for (size_t i = 0; i < e->n_channels; i++) {
        const struct lec_channel *c = &e->channels[i];
        int64_t period = c->rate_hz > 0 ? llround(1e9 / c->rate_hz) : 0;
        if (c->kind == LEC_CHANNEL_POINT && !add_wish(core, job, c->point, period, true))
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        if (conditions[i]->kind == LEC_COND_POINT && !add_wish(core, job, conditions[i]->point, 0, false))
            return false;
    return true;
}

/* The text of a point of this name, when the device has told one: its serial number. */
static const char *device_text(const struct device_state *d, const char *name)
{
    const struct lec_point *p = d ? lec_device_point(d->desc, name) : NULL;
    const struct lec_value *v = p ? &d->points[p->index].value : NULL;
    return v && v->type == LEC_TEXT ? v->s : "";
}

static void fill_channel(struct core *core, struct job *job, size_t i)
{
    const struct lec_channel *c = &job->base.experiment->channels[i];
    struct lec_run_channel *out = &job->channels[i];
    const struct lec_device *device = c->device;
    struct device_state *d = device ? state_device(core, device->name) : NULL;
    struct lec_run_source *source = &job->sources[i];
    *out = (struct lec_run_channel){.kind = c->kind, .rate_hz = c->rate_hz, .decimals = c->decimals};
    *source = (struct lec_run_source){0};
    lec_calibration_none(&source->calibration);
    snprintf(out->name, sizeof out->name, "%s", c->name);
    lec_copy_utf8(out->label, sizeof out->label, c->label, strlen(c->label));
    lec_copy_utf8(out->label_en, sizeof out->label_en, c->label_en, strlen(c->label_en));
    const char *unit = c->unit;
    if (c->kind == LEC_CHANNEL_POINT) {
        const struct lec_point *point = d ? lec_device_point(d->desc, c->point->name) : NULL;
        const struct point_state *state = point ? &d->points[point->index] : NULL;
        const struct lec_calibration *cal = state ? state->calibration : NULL;
        if (cal)
            source->calibration = *cal;
        if (!*unit)
            unit = cal && *cal->unit ? cal->unit : c->point->unit;
        source->period_ns = state && state->follow ? state->follow->granted_ns : 0;
        snprintf(out->source, sizeof out->source, "%s.%s", device->name, c->point->name);
    } else if (c->kind == LEC_CHANNEL_DERIVED) {
        lec_copy_utf8(out->source, sizeof out->source, c->formula, strlen(c->formula));
    } else if (c->kind == LEC_CHANNEL_COUNT) {
        snprintf(out->source, sizeof out->source, "%s.%s", device->name, c->event);
    } else {
        snprintf(out->source, sizeof out->source, "manual");
    }
    lec_copy_utf8(out->unit, sizeof out->unit, unit, strlen(unit));
    out->calibration = source->calibration;
    if (device) {
        char sensor[256];
        snprintf(sensor, sizeof sensor, "%s%s%s", device->vendor, *device->vendor ? " " : "", device->model);
        lec_copy_utf8(out->sensor, sizeof out->sensor, sensor, strlen(sensor));
        const char *serial = device_text(d, "serial");
        lec_copy_utf8(out->serial, sizeof out->serial, serial, strlen(serial));
    }
}

static void add_away(struct core *core, struct job *job, const struct lec_device *device)
{
    struct device_state *d = device ? state_device(core, device->name) : NULL;
    if (!device || (d && d->status == DEVICE_ONLINE))
        return;
    size_t n = job->base.n_away;
    for (size_t i = 0; i < n; i++)
        if (job->away[i] == device)
            return;
    snprintf(job->reasons[n], sizeof job->reasons[n], "%s", d && *d->reason ? d->reason : "not reached yet");
    job->away[n] = device;
    job->away_reasons[n] = job->reasons[n];
    job->base.n_away++;
}

static void fill(struct core *core, struct job *job)
{
    const struct lec_experiment *e = job->base.experiment;
    const struct lec_condition *const conditions[] = {&e->start, &e->stop, &e->sample};
    for (size_t i = 0; i < e->n_channels; i++) {
        fill_channel(core, job, i);
        add_away(core, job, e->channels[i].device);
        const struct lec_line *line = e->channels[i].device ? e->channels[i].device->line : NULL;
        job->base.simulated = job->base.simulated || (line && line->simulated);
    }
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        add_away(core, job, conditions[i]->device);
}

static char *metadata_text(const json_t *metadata)
{
    return metadata ? json_dumps(metadata, JSON_COMPACT | JSON_SORT_KEYS) : strdup("{}");
}

static char *definition_text(struct core *core, const struct lec_experiment *e)
{
    struct lec_buf b;
    lec_buf_init(&b, REQUEST_MAX);
    experiment_json(core, e, &b);
    char *text = b.failed || !b.data ? NULL : strdup(b.data);
    lec_buf_done(&b);
    return text;
}

static struct job *new_job(struct core *core, const struct lec_experiment *e, const struct request *r,
                           const json_t *metadata, const char *operator_)
{
    struct record *record = core->record;
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->room = lec_room_ref(core->room);
    job->metadata = metadata_text(metadata);
    job->definition = definition_text(core, e);
    snprintf(job->principal, sizeof job->principal, "%s", r->principal);
    lec_copy_utf8(job->operator_, sizeof job->operator_, operator_ ? operator_ : "", operator_ ? strlen(operator_) : 0);
    job->base = (struct lec_record_job){.number = ++record->next_job,
                                        .experiment = e,
                                        .sources = job->sources,
                                        .channels = job->channels,
                                        .watches = job->watches,
                                        .away = job->away,
                                        .away_reasons = job->away_reasons,
                                        .principal = job->principal,
                                        .operator_ = job->operator_,
                                        .metadata = job->metadata,
                                        .definition = job->definition};
    record->jobs[record->n_jobs++] = job;
    if (!job->metadata || !job->definition || !add_wishes(core, job, e)) {
        job_free(core, job);
        return NULL;
    }
    return job;
}

/* ---- Step by step ------------------------------------------------------------------------------------------- */

static void hand_over(struct core *core, struct job *job)
{
    fill(core, job);
    core_clock(core); /* a step that was before the run is none of its own */
    job->state = JOB_STARTING;
    if (lec_record_start(core->record->recorder, job->held->token, &job->base) < 0)
        starting_answered(core, job, LEC_E_NOMEM, "the recorder takes no more commands");
}

/* The first of its devices that refused the rate it was asked for; NULL if none did. */
static const struct lec_channel *refused(const struct job *job, const struct follow **by)
{
    const struct lec_experiment *e = job->base.experiment;
    for (size_t i = 0; i < job->n_wishes; i++) {
        const struct follow *f = job->wishes[i].follow;
        if (f->code != LEC_E_RANGE && f->code != LEC_E_REFUSED)
            continue;
        for (size_t c = 0; c < e->n_channels; c++)
            if (e->channels[c].kind == LEC_CHANNEL_POINT && strcmp(e->channels[c].point->name, f->point) == 0 &&
                strcmp(e->channels[c].device->name, f->device) == 0) {
                *by = f;
                return &e->channels[c];
            }
    }
    return NULL;
}

static bool waits(const struct job *job)
{
    for (size_t i = 0; i < job->n_wishes; i++)
        if (job->wishes[i].follow->op != 0)
            return true;
    return false;
}

/* Goes on as far as it can. */
static void advance(struct core *core, struct job *job, int64_t now)
{
    const struct follow *by = NULL;
    const struct lec_channel *c = refused(job, &by);
    if (c) {
        struct request r;
        held_request(job->held, &r);
        refuse_rate(core, &r, c->point, c->rate_hz, least_period(c->point), by->reason);
        job_free(core, job);
    } else if (!waits(job) || now >= job->ask_by) {
        hand_over(core, job);
    }
}

int64_t starting_turn(struct core *core, int64_t now)
{
    int64_t next = LEC_NEVER;
    for (size_t i = core->record->n_jobs; i > 0; i--) {
        struct job *job = core->record->jobs[i - 1];
        if (job->state != JOB_ASKING)
            continue;
        uint32_t number = job->base.number;
        advance(core, job, now);
        bool still = i <= core->record->n_jobs && core->record->jobs[i - 1]->base.number == number &&
                     core->record->jobs[i - 1]->state == JOB_ASKING;
        if (still && core->record->jobs[i - 1]->ask_by < next)
            next = core->record->jobs[i - 1]->ask_by;
    }
    return next;
}

static void away_json(const struct job *job, struct lec_buf *b)
{
    lec_json_key(b, "away");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < job->base.n_away; i++) {
        lec_json_next(b);
        lec_buf_puts(b, "{\"device\":");
        lec_json_str(b, job->away[i]->name);
        lec_member_str(b, "reason", job->away_reasons[i]);
        describe_remedy(b, job->away[i], LEC_E_LINK);
        lec_buf_putc(b, '}');
    }
    lec_buf_putc(b, ']');
}

void starting_answered(struct core *core, struct job *job, int code, const char *text)
{
    struct request r;
    held_request(job->held, &r);
    const char *name = job->base.experiment->name;
    size_t n = strlen(text);
    journal_request(core, &r, name, code < 0 ? text : NULL);
    if (code == LEC_E_BUSY) { /* the disk */
        struct trouble full = {.code = -32007,
                               .reason = text,
                               .remedy_vi = "Đĩa đã đầy. Hãy xuất rồi xóa bớt các lần ghi cũ, hoặc giải phóng đĩa.",
                               .remedy_en = "The disk is full. Export and delete old runs, or free some space."};
        reply_error(core, &r, &full);
        job_free(core, job);
        return;
    }
    if (code < 0) {
        refuse(core, &r, code, text);
        job_free(core, job);
        return;
    }
    struct lec_buf *b = reply_begin(core, &r);
    lec_buf_put(b, text, n > 0 ? n - 1 : 0); /* without its last brace */
    if (job->base.n_away > 0)
        away_json(job, b);
    lec_buf_putc(b, '}');
    reply_send(core, &r);
    held_free(job->held);
    job->held = NULL;
    job->state = JOB_RUNNING;
}

void experiment_start(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "experiment|metadata|operator"))
        return;
    const char *name = param_text(core, r, "experiment", true, &ok);
    if (!ok)
        return;
    const char *operator_ = param_text(core, r, "operator", false, &ok);
    if (!ok)
        return;
    const json_t *metadata = json_object_get(r->params, "metadata");
    if (metadata && !json_is_object(metadata)) {
        reply_param(core, r, "metadata", "an object of texts is wanted");
        return;
    }
    const struct lec_experiment *e = experiment_named(core, r, name);
    if (!e || !check_metadata(core, r, e, metadata, &operator_) || !check_rates(core, r, e))
        return;
    char text[160];
    struct trouble busy = {.code = -32007, .reason = text};
    struct job *other = record_job(core, name);
    if (other || core->record->n_jobs == LEC_RECORD_RUNS) {
        if (other)
            snprintf(text, sizeof text, "%s is under way already%s%s", name, *other->run ? ": run " : "", other->run);
        else
            snprintf(text, sizeof text, "%d experiments are under way already", LEC_RECORD_RUNS);
        journal_request(core, r, name, text);
        reply_error(core, r, &busy);
        return;
    }
    struct held *held = held_add(core, r, name);
    if (!held)
        return;
    struct job *job = new_job(core, e, r, metadata, operator_);
    if (!job) {
        held_free(held);
        refuse(core, r, LEC_E_NOMEM, "out of memory");
        return;
    }
    job->held = held;
    job->ask_by = lec_now() + RATE_WAIT_NS;
    for (size_t i = 0; i < job->n_wishes; i++)
        follow_rate(core, job->wishes[i].follow);
    core->record_at = 0;
}
