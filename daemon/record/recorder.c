#include "record/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lectern/clock.h"
#include "lectern/log.h"
#include "lectern/program.h"
#include "record/impl.h"

int lec_recorder_new(const char *file, int64_t budget, struct lec_mailbox *told, struct lec_recorder **out,
                     struct lec_err *err)
{
    if (strlen(file) >= PATH_MAX - 64)
        return lec_fail(err, LEC_E_CONFIG, "the path of the run file is too long");
    struct lec_recorder *r = calloc(1, sizeof *r);
    if (!r)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    snprintf(r->file, sizeof r->file, "%s", file);
    r->told = told;
    r->budget = budget;
    r->live_left = LEC_RECORD_LIVE;
    r->commit_at = r->retry_at = r->idle_at = r->budget_at = LEC_NEVER;
    pthread_mutex_init(&r->lock, NULL);
    r->commands = lec_mailbox_new(LEC_RECORD_COMMANDS, 4u * 1024 * 1024);
    r->samples = lec_mailbox_new(LEC_RECORD_BLOCKS, LEC_RECORD_BYTES);
    r->readings = lec_mailbox_new(LEC_READ_REQUESTS, LEC_READ_REQUESTS * (sizeof(struct reading_head) + PATH_MAX));
    r->writer.waiter = lec_waiter_new();
    r->reader.waiter = lec_waiter_new();
    if (!r->commands || !r->samples || !r->readings || !r->writer.waiter || !r->reader.waiter ||
        lec_waiter_add_mailbox(r->writer.waiter, r->commands, 0) < 0 ||
        lec_waiter_add_mailbox(r->writer.waiter, r->samples, 1) < 0 ||
        lec_waiter_add_mailbox(r->reader.waiter, r->readings, 0) < 0) {
        lec_recorder_free(&r, 0);
        return lec_fail(err, LEC_E_NOMEM, "out of memory or descriptors");
    }
    *out = r;
    return 0;
}

int worker_begin(struct worker *w, void *(*body)(void *), struct lec_recorder *r)
{
    if (w->begun)
        return 0;
    w->begun = lec_thread_begin(&w->thread, NULL, body, r) == 0;
    return w->begun ? 0 : LEC_E_NOMEM;
}

static bool worker_end(struct worker *w, int64_t by)
{
    if (!w->begun)
        return true;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until); /* what pthread_timedjoin_np knows */
    int64_t ns = until.tv_nsec + (by > lec_now() ? by - lec_now() : 0);
    until.tv_sec += ns / LEC_SEC;
    until.tv_nsec = ns % LEC_SEC;
    if (pthread_timedjoin_np(w->thread, NULL, &until) == 0)
        return true;
    pthread_detach(w->thread);
    return false;
}

bool lec_recorder_free(struct lec_recorder **recorder, int timeout_ms)
{
    struct lec_recorder *r = *recorder;
    if (!r)
        return true;
    *recorder = NULL;
    r->closing = true;
    int64_t by = lec_now() + timeout_ms * LEC_MS;
    struct command_head wake = {.command = COMMAND_CHECK};
    struct reading_head wake_reader = {.reading = READING_LIST};
    if (r->writer.begun)
        (void)lec_mailbox_put(r->commands, &wake, sizeof wake, NULL, 0); /* full: it is awake */
    if (r->reader.begun)
        (void)lec_mailbox_put(r->readings, &wake_reader, sizeof wake_reader, NULL, 0);
    bool ended = worker_end(&r->writer, by);
    ended = worker_end(&r->reader, by) && ended;
    if (!ended) {
        lec_log(LEC_LOG_ERROR, "the run file's disk did not answer before the end");
        return false;
    }
    lec_waiter_free(&r->writer.waiter);
    lec_waiter_free(&r->reader.waiter);
    lec_mailbox_free(&r->commands);
    lec_mailbox_free(&r->samples);
    lec_mailbox_free(&r->readings);
    pthread_mutex_destroy(&r->lock);
    free(r);
    return true;
}

/* ---- To the recorder ---------------------------------------------------------------------------------------- */

static int command(struct lec_recorder *r, const struct command_head *head, const void *data, size_t n)
{
    if (worker_begin(&r->writer, writer_main, r) < 0)
        return LEC_E_NOMEM;
    return lec_mailbox_put(r->commands, head, sizeof *head, data, n) < 0 ? LEC_E_NOMEM : 0;
}

/* Of what only matters to runs under way: nobody is there to hear it while there has never been one. */
static void notice(struct lec_recorder *r, const struct command_head *head, const void *data, size_t n)
{
    if (r->writer.begun && lec_mailbox_put(r->commands, head, sizeof *head, data, n) < 0)
        lec_log(LEC_LOG_ERROR, "the recorder is behind: an event or a value for a run was lost");
}

static void name_it(char out[64], const char *name)
{
    snprintf(out, 64, "%s", name);
}

void lec_recorder_check(struct lec_recorder *r)
{
    struct command_head head = {.command = COMMAND_CHECK};
    (void)command(r, &head, NULL, 0); /* else it is done when the file is next needed */
}

void lec_recorder_budget(struct lec_recorder *r, int64_t budget)
{
    struct command_head head = {.command = COMMAND_BUDGET, .number = budget};
    r->budget = budget;
    notice(r, &head, NULL, 0);
}

int lec_record_start(struct lec_recorder *r, uint64_t token, const struct lec_record_job *job)
{
    struct command_head head = {.command = COMMAND_START, .token = token, .job = job};
    return command(r, &head, NULL, 0);
}

int lec_record_stop(struct lec_recorder *r, uint64_t token, const char *which)
{
    struct command_head head = {.command = COMMAND_STOP, .token = token, .now_ns = lec_now()};
    name_it(head.which, which);
    return command(r, &head, NULL, 0);
}

int lec_record_mark(struct lec_recorder *r, uint64_t token, const char *which, const char *text, const char *by)
{
    struct command_head head = {.command = COMMAND_MARK, .token = token, .now_ns = lec_now()};
    name_it(head.which, which);
    name_it(head.by, by);
    return strlen(text) > TEXT_MAX ? LEC_E_NOMEM : command(r, &head, text, strlen(text) + 1);
}

int lec_record_hand(struct lec_recorder *r, uint64_t token, const char *which, const struct lec_record_value values[],
                    size_t n)
{
    struct command_head head = {.command = COMMAND_HAND, .token = token, .now_ns = lec_now(), .n = (uint32_t)n};
    name_it(head.which, which);
    return command(r, &head, values, n * sizeof *values);
}

int lec_record_delete(struct lec_recorder *r, uint64_t token, const char *run, bool force, const char *by)
{
    struct command_head head = {.command = COMMAND_DELETE, .token = token, .yes = force};
    name_it(head.which, run);
    name_it(head.by, by);
    return command(r, &head, NULL, 0);
}

void lec_record_exported(struct lec_recorder *r, const char *run)
{
    struct command_head head = {.command = COMMAND_EXPORTED};
    name_it(head.which, run);
    (void)command(r, &head, NULL, 0); /* it can be exported again */
}

int lec_record_samples(struct lec_recorder *r, const struct lec_record_block *block, const double *raw)
{
    return lec_mailbox_put(r->samples, block, sizeof *block, raw, block->n * sizeof *raw) < 0 ? LEC_E_NOMEM : 0;
}

void lec_record_rate(struct lec_recorder *r, uint32_t key, int64_t period_ns)
{
    struct command_head head = {.command = COMMAND_RATE, .key = key, .number = period_ns};
    notice(r, &head, NULL, 0);
}

void lec_record_value(struct lec_recorder *r, uint32_t key, const struct lec_value *value, int64_t now_ns)
{
    struct command_head head = {.command = COMMAND_VALUE, .key = key, .now_ns = now_ns};
    notice(r, &head, value, sizeof *value);
}

void lec_record_event(struct lec_recorder *r, const char *device, const char *event, int64_t now_ns)
{
    struct command_head head = {.command = COMMAND_EVENT, .now_ns = now_ns};
    name_it(head.which, device);
    notice(r, &head, event, strlen(event) + 1);
}

void lec_record_presence(struct lec_recorder *r, const char *device, bool there, const char *reason, int64_t now_ns)
{
    struct command_head head = {.command = COMMAND_PRESENCE, .now_ns = now_ns, .yes = there};
    name_it(head.which, device);
    notice(r, &head, reason, strlen(reason) + 1);
}

void lec_record_clock(struct lec_recorder *r, int64_t step_us, int64_t now_ns)
{
    struct command_head head = {.command = COMMAND_CLOCK, .now_ns = now_ns, .number = step_us};
    notice(r, &head, NULL, 0);
}

void lec_record_live(struct lec_recorder *r, bool wanted)
{
    r->live = wanted;
}

void lec_record_live_taken(struct lec_recorder *r, size_t n)
{
    atomic_fetch_add(&r->live_left, n);
}

/* ---- To the reader ------------------------------------------------------------------------------------------ */

static int reading(struct lec_recorder *r, const struct reading_head *head, const void *data, size_t n)
{
    if (worker_begin(&r->reader, reader_main, r) < 0)
        return LEC_E_NOMEM;
    return lec_mailbox_put(r->readings, head, sizeof *head, data, n) < 0 ? LEC_E_NOMEM : 0;
}

int lec_record_list(struct lec_recorder *r, uint64_t token, int64_t before_us, size_t limit)
{
    struct reading_head head = {.reading = READING_LIST, .token = token, .before_us = before_us, .limit = limit};
    return reading(r, &head, NULL, 0);
}

int lec_record_show(struct lec_recorder *r, uint64_t token, const char *run)
{
    struct reading_head head = {.reading = READING_SHOW, .token = token};
    snprintf(head.query.run, sizeof head.query.run, "%s", run);
    return reading(r, &head, NULL, 0);
}

int lec_record_read(struct lec_recorder *r, uint64_t token, const struct lec_record_query *query)
{
    struct reading_head head = {.reading = READING_READ, .token = token, .query = *query};
    return reading(r, &head, NULL, 0);
}

int lec_record_fetch(struct lec_recorder *r, uint64_t token, const char *path, uint64_t offset)
{
    struct reading_head head = {.reading = READING_FETCH, .token = token, .offset = offset};
    return strlen(path) >= PATH_MAX ? LEC_E_NOMEM : reading(r, &head, path, strlen(path) + 1);
}

void lec_recorder_health(struct lec_recorder *r, struct lec_recorder_health *out)
{
    pthread_mutex_lock(&r->lock);
    *out = r->health;
    pthread_mutex_unlock(&r->lock);
    out->budget = r->budget;
}
