/* The recorder's host: what it tells goes to the bus, the journal, and whoever asked. */
#include "core/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lectern/log.h"
#include "lectern/member.h"

#define TOLD_LETTERS 8192
#define TOLD_BYTES   (64u * 1024 * 1024) /* answers of LEC_RECORDED_MAX for a few at once, and live blocks */
#define CLOSE_MS     2000

int record_open(struct core *core, struct lec_err *err)
{
    char file[4096];
    struct record *record = core->record = calloc(1, sizeof *record);
    if (!record)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    if ((size_t)snprintf(file, sizeof file, "%s/%s.runs.db", core->setup.state_dir, core->room->id) >= sizeof file)
        return lec_fail(err, LEC_E_CONFIG, "the state folder's path is too long");
    snprintf(core->runs_file, sizeof core->runs_file, "%s", file);
    record->told = lec_mailbox_new(TOLD_LETTERS, TOLD_BYTES);
    if (!record->told)
        return lec_fail(err, LEC_E_NOMEM, "out of memory or descriptors");
    int rc = lec_recorder_new(file, core->room->runs_budget, record->told, &record->recorder, err);
    if (rc == 0 && access(file, F_OK) == 0)
        lec_recorder_check(record->recorder);
    return rc;
}

/* The topic on which samples of a run come. */
static void live_name(char out[LEC_RUN_ID + 8], const char *run)
{
    snprintf(out, LEC_RUN_ID + 8, "run/%s", run);
}

/* No more samples of its run come: it has ended, or the next one of the row has begun. */
static void forget_live(struct core *core, struct job *job)
{
    char name[LEC_RUN_ID + 8];
    live_name(name, job->run);
    if (*job->run)
        events_forget(core, EVENT_SAMPLE, name);
    job->run[0] = '\0';
}

void job_free(struct core *core, struct job *job)
{
    struct record *record = core->record;
    for (size_t i = 0; i < record->n_jobs; i++)
        if (record->jobs[i] == job)
            record->jobs[i] = record->jobs[--record->n_jobs];
    for (size_t i = 0; i < job->n_wishes; i++) {
        struct follow *f = job->wishes[i].follow;
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || job->wishes[k].follow == f;
        if (!again && !core->ending)
            follow_rate(core, f);
    }
    for (size_t i = 0; i < job->n_wishes; i++)
        follow_drop(core, job->wishes[i].follow);
    if (job->held)
        held_free(job->held);
    forget_live(core, job);
    lec_room_unref(&job->room);
    free(job->metadata);
    free(job->definition);
    free(job->told);
    free(job);
}

struct job *record_job(struct core *core, const char *experiment)
{
    for (size_t i = 0; i < core->record->n_jobs; i++)
        if (strcmp(core->record->jobs[i]->base.experiment->name, experiment) == 0)
            return core->record->jobs[i];
    return NULL;
}

/* ---- What the recorder tells -------------------------------------------------------------------------------- */

static struct job *job_of(struct core *core, uint32_t number)
{
    for (size_t i = 0; i < core->record->n_jobs; i++)
        if (core->record->jobs[i]->base.number == number)
            return core->record->jobs[i];
    return NULL;
}

static void on_answer(struct core *core, const struct lec_recorded_head *head, const char *text)
{
    struct held *h = held_find(core, head->token);
    if (!h)
        return;
    for (size_t i = 0; i < core->record->n_jobs; i++)
        if (core->record->jobs[i]->held == h) {
            starting_answered(core, core->record->jobs[i], head->code, text);
            return;
        }
    struct request r;
    held_request(h, &r);
    journal_request(core, &r, h->about, head->code < 0 ? text : NULL);
    if (head->code < 0) {
        refuse(core, &r, head->code, text);
    } else {
        lec_buf_puts(reply_begin(core, &r), text);
        reply_send(core, &r);
    }
    held_free(h);
}

static void on_run(struct core *core, uint32_t number, const char *data, size_t n)
{
    const char *experiment = data, *end = data + n;
    const char *run = experiment + strlen(experiment) + 1;
    const char *json = run < end ? run + strlen(run) + 1 : end;
    struct job *job = job_of(core, number);
    if (json >= end || strlen(json) < 2)
        return;
    if (job) {
        free(job->told);
        job->told = strdup(json);
        if (strcmp(job->run, run) != 0)
            forget_live(core, job);
        snprintf(job->run, sizeof job->run, "%s", run);
    }
    struct topic *topic = events_topic(core, EVENT_RUN, experiment);
    struct lec_buf *b = events_begin(core, topic);
    if (!b)
        return;
    lec_buf_putc(b, ',');
    lec_buf_put(b, json + 1, strlen(json) - 2);
    events_end(core, topic, NULL, 0);
}

static void on_live(struct core *core, const char *data, size_t n)
{
    struct lec_live live;
    memcpy(&live, data, sizeof live);
    char name[LEC_RUN_ID + 8];
    live_name(name, live.run);
    if (core->events.samples == 0)
        return;
    struct topic *topic = events_topic(core, EVENT_SAMPLE, name);
    struct lec_buf *b = events_begin(core, topic);
    if (!b)
        return;
    lec_member_str(b, "run", live.run);
    lec_member_str(b, "channel", live.channel);
    lec_member_float(b, "t_ms", (double)(live.t_ns / 1000) / 1000);
    lec_member_int(b, "first", live.wall_us);
    lec_member_float(b, "interval_us", live.interval_us);
    lec_buf_printf(b, ",\"n\":%u", live.n);
    if (live.lost > 0)
        lec_buf_printf(b, ",\"lost\":%" PRIu64, live.lost);
    if (live.flags != 0)
        lec_buf_printf(b, ",\"flags\":%u", live.flags);
    events_end(core, topic, data + sizeof live, n - sizeof live);
}

static void on_journal(struct core *core, const char *data, size_t n)
{
    const char *texts[5], *at = data;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (at >= data + n)
            return;
        texts[i] = at;
        at += strlen(at) + 1;
    }
    journal_add(core, texts[0], texts[1], texts[2], texts[3], texts[4]);
}

static void on_over(struct core *core, uint32_t number)
{
    struct job *job = job_of(core, number);
    if (job)
        job_free(core, job);
}

static void serve(struct core *core, const struct lec_letter *letter)
{
    struct lec_recorded_head head;
    memcpy(&head, letter->data, sizeof head);
    const char *data = letter->data + sizeof head;
    size_t n = letter->n - sizeof head;
    switch (head.told) {
    case LEC_RECORDED_ANSWER:
        on_answer(core, &head, data);
        break;
    case LEC_RECORDED_RUN:
        on_run(core, head.job, data, n);
        break;
    case LEC_RECORDED_LIVE:
        lec_record_live_taken(core->record->recorder, letter->n);
        on_live(core, data, n);
        break;
    case LEC_RECORDED_JOURNAL:
        on_journal(core, data, n);
        break;
    case LEC_RECORDED_OVER:
        on_over(core, head.job);
        break;
    }
}

void record_news(struct core *core)
{
    struct lec_letter *letter;
    for (int i = 0; i < BATCH_MAX && (letter = lec_mailbox_take(core->record->told)); i++) {
        serve(core, letter);
        free(letter);
    }
}

bool record_close(struct core *core)
{
    struct record *record = core->record;
    if (!record)
        return true;
    if (!lec_recorder_free(&record->recorder, CLOSE_MS))
        return false;
    struct lec_letter *letter;
    while (record->told &&
           (letter = lec_mailbox_take(record->told))) { /* how the runs ended belongs into the journal */
        struct lec_recorded_head head;
        memcpy(&head, letter->data, sizeof head);
        if (head.told == LEC_RECORDED_JOURNAL)
            on_journal(core, letter->data + sizeof head, letter->n - sizeof head);
        free(letter);
    }
    while (record->n_jobs > 0)
        job_free(core, record->jobs[0]);
    lec_mailbox_free(&record->told);
    free(record->follows);
    held_close(core);
    free(record);
    core->record = NULL;
    return true;
}

/* ---- What the core tells ------------------------------------------------------------------------------------ */

void record_presence(struct core *core, const struct device_state *d)
{
    if (core->record->n_jobs > 0 && d->status != DEVICE_STARTING)
        lec_record_presence(core->record->recorder, d->desc->name, d->status == DEVICE_ONLINE, d->reason, lec_now());
}

void record_reload(struct core *core)
{
    lec_recorder_budget(core->record->recorder, core->room->runs_budget);
    follow_reload(core);
}

void record_tick(struct core *core, int64_t now)
{
    exports_tick(core, now);
    lab_tick(core, now);
}

void record_health(struct core *core, struct lec_buf *b)
{
    struct lec_recorder_health h;
    lec_recorder_health(core->record->recorder, &h);
    lec_json_key(b, "runs");
    lec_buf_puts(b, "{\"full\":");
    lec_json_bool(b, h.full);
    if (h.full)
        lec_member_str(b, "reason", h.reason);
    lec_buf_printf(b, ",\"under_way\":%zu,\"bytes\":%" PRId64 ",\"budget\":%" PRId64 ",\"overrun\":%" PRIu64 "}",
                   core->record->n_jobs, h.bytes, h.budget, core->record->overrun);
}

void record_snapshot(struct core *core, struct lec_buf *b)
{
    lec_json_key(b, "recordings");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < core->record->n_jobs; i++) {
        if (!core->record->jobs[i]->told)
            continue;
        lec_json_next(b);
        lec_buf_puts(b, core->record->jobs[i]->told);
    }
    lec_buf_putc(b, ']');
}
