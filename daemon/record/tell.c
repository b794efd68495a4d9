/* Letters from the recorder's threads to the core. */
#include <poll.h>
#include <string.h>

#include "lectern/clock.h"
#include "lectern/log.h"
#include "record/impl.h"

#define PATIENCE_MS 2000 /* the core takes letters all the time; one that takes none for so long has gone */

/* Puts a letter, and waits for room if there is none: an answer must not be lost. */
static int put(struct lec_recorder *r, const struct lec_recorded_head *head, const void *data, size_t n)
{
    int rc = lec_mailbox_put(r->told, head, sizeof *head, data, n);
    for (int ms = 0; rc == LEC_E_NOMEM && ms < PATIENCE_MS && !r->closing; ms += 5) {
        poll(NULL, 0, 5);
        rc = lec_mailbox_put(r->told, head, sizeof *head, data, n);
    }
    if (rc < 0 && !r->closing)
        lec_log(LEC_LOG_ERROR, "the core takes no letters from the recorder: %zu bytes lost", n);
    return rc;
}

void tell_answer(struct lec_recorder *r, uint64_t token, const struct lec_buf *json)
{
    struct lec_recorded_head head = {.told = LEC_RECORDED_ANSWER, .token = token};
    if (json->failed || !json->data)
        tell_refusal(r, token, LEC_E_NOMEM, "the answer is too long");
    else if (token)
        put(r, &head, json->data, json->len + 1);
}

void tell_refusal(struct lec_recorder *r, uint64_t token, int code, const char *reason)
{
    struct lec_recorded_head head = {.told = LEC_RECORDED_ANSWER, .token = token, .code = code};
    if (token)
        put(r, &head, reason, strlen(reason) + 1);
}

void tell_run(struct lec_recorder *r, uint32_t job, const char *experiment, const char *run, const struct lec_buf *json)
{
    struct lec_recorded_head head = {.told = LEC_RECORDED_RUN, .job = job};
    struct lec_buf b;
    lec_buf_init(&b, LEC_RECORDED_MAX);
    lec_buf_put(&b, experiment, strlen(experiment) + 1);
    lec_buf_put(&b, run, strlen(run) + 1);
    if (json->data)
        lec_buf_put(&b, json->data, json->len + 1);
    if (!b.failed && !json->failed && json->data)
        put(r, &head, b.data, b.len);
    lec_buf_done(&b);
}

void tell_over(struct lec_recorder *r, uint32_t job)
{
    struct lec_recorded_head head = {.told = LEC_RECORDED_OVER, .job = job};
    put(r, &head, NULL, 0);
}

void tell_live(struct lec_recorder *r, const struct lec_live *live, const double *values, const double *times)
{
    struct {
        struct lec_recorded_head head;
        struct lec_live live;
    } letter = {{.told = LEC_RECORDED_LIVE}, *live};
    size_t one = live->n * sizeof(double), n = sizeof letter + one + (times ? one : 0);
    if (atomic_load(&r->live_left) < n)
        return; /* the core is behind; the run file has it all */
    struct lec_buf b;
    lec_buf_init(&b, LEC_RECORD_LIVE);
    lec_buf_put(&b, values, one);
    if (times)
        lec_buf_put(&b, times, one);
    atomic_fetch_sub(&r->live_left, n);
    if (b.failed || lec_mailbox_put(r->told, &letter, sizeof letter, b.data, b.len) < 0)
        atomic_fetch_add(&r->live_left, n);
    lec_buf_done(&b);
}

void tell_journal(struct lec_recorder *r, const char *kind, const char *device, const char *name, const char *principal,
                  const struct lec_buf *data)
{
    struct lec_recorded_head head = {.told = LEC_RECORDED_JOURNAL};
    const char *const texts[] = {kind, device, name, principal, data->data && !data->failed ? data->data : "{}"};
    struct lec_buf b;
    lec_buf_init(&b, LEC_RECORDED_MAX);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        lec_buf_put(&b, texts[i], strlen(texts[i]) + 1);
    if (!b.failed)
        put(r, &head, b.data, b.len);
    lec_buf_done(&b);
}
