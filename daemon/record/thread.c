/* The recorder's thread: samples and commands in, time, commits. */
#include <stdlib.h>
#include <string.h>

#include "lectern/clock.h"
#include "lectern/member.h"
#include "record/impl.h"

#define SAMPLES_AT_ONCE 256 /* blocks taken before commands get their turn */

/* ---- Samples ------------------------------------------------------------------------------------------------ */

static void take_samples(struct lec_recorder *r)
{
    struct lec_letter *letter;
    for (int i = 0; i < SAMPLES_AT_ONCE && (letter = lec_mailbox_take(r->samples)); i++) {
        struct lec_record_block block;
        memcpy(&block, letter->data, sizeof block);
        recordings_samples(r, &block, (const double *)(const void *)(letter->data + sizeof block));
        free(letter);
    }
}
_Static_assert(sizeof(struct lec_record_block) % sizeof(double) == 0, "samples lie behind it");

/* ---- Commands ----------------------------------------------------------------------------------------------- */

static void answer_time(struct lec_recorder *r, uint64_t token, int64_t t_ns)
{
    struct lec_buf b;
    lec_buf_init(&b, 128);
    lec_buf_puts(&b, "{\"t_ms\":");
    lec_json_float(&b, (double)(t_ns / 1000) / 1000);
    lec_buf_putc(&b, '}');
    tell_answer(r, token, &b);
    lec_buf_done(&b);
}

static void on_start(struct lec_recorder *r, const struct command_head *c)
{
    struct lec_err err;
    struct lec_buf b;
    struct recording *g = NULL;
    int64_t now = lec_now();
    int rc = recording_start(r, c->job, now, &g, &err);
    if (rc < 0) {
        tell_refusal(r, c->token, rc, err.text);
        return;
    }
    lec_buf_init(&b, LEC_RECORDED_MAX);
    recording_json(g, now, &b);
    tell_answer(r, c->token, &b);
    lec_buf_done(&b);
}

static void on_stop(struct lec_recorder *r, const struct command_head *c)
{
    struct lec_err err;
    struct lec_buf b;
    while (lec_mailbox_any(r->samples)) /* what was measured before the person said so belongs to it */
        take_samples(r);
    struct recording *g = recording_find(r, c->which, &err);
    if (!g) {
        tell_refusal(r, c->token, LEC_E_RANGE, err.text);
        return;
    }
    recording_stop(g, "stopped", "", c->now_ns);
    lec_buf_init(&b, LEC_RECORDED_MAX);
    recording_json(g, c->now_ns, &b);
    recordings_turn(r, lec_now()); /* whoever is told that it has ended finds it so after a crash */
    tell_answer(r, c->token, &b);
    lec_buf_done(&b);
}

static void on_mark(struct lec_recorder *r, const struct command_head *c, const char *text)
{
    struct lec_err err;
    struct recording *g = recording_find(r, c->which, &err);
    if (g)
        answer_time(r, c->token, recording_mark(g, text, c->by, c->now_ns));
    else
        tell_refusal(r, c->token, LEC_E_RANGE, err.text);
}

static void on_hand(struct lec_recorder *r, const struct command_head *c, const char *data)
{
    struct lec_err err;
    struct lec_record_value values[LEC_CHANNELS_MAX];
    struct recording *g = recording_find(r, c->which, &err);
    size_t n = c->n <= LEC_CHANNELS_MAX ? c->n : LEC_CHANNELS_MAX;
    int64_t t = 0;
    memcpy(values, data, n * sizeof values[0]);
    int rc = g ? recording_hand(g, values, n, c->now_ns, &t, &err) : LEC_E_RANGE;
    if (rc < 0)
        tell_refusal(r, c->token, rc, err.text);
    else
        answer_time(r, c->token, t);
}

/* Whether the run may go: there is one, and it was exported, or it goes by force. */
static int may_delete(struct lec_recorder *r, const struct command_head *c, struct lec_run_summary *run,
                      struct lec_err *err)
{
    struct lec_run_info info;
    if (recordings_has(r, c->which))
        return lec_fail(err, LEC_E_BUSY, "run %.40s is being recorded: stop it first", c->which);
    int rc = lec_runs_info(r->runs, c->which, &info, err);
    if (rc < 0)
        return rc;
    *run = info.summary;
    lec_run_info_free(&info);
    if (run->exported_us == 0 && !c->yes)
        return lec_fail(err, LEC_E_REFUSED, "run %.40s was never exported: export it first, or delete it with force",
                        c->which);
    return 0;
}

static void on_delete(struct lec_recorder *r, const struct command_head *c)
{
    struct lec_err err;
    struct lec_run_summary run;
    int rc = disk_open(r, &err);
    if (rc == 0)
        rc = may_delete(r, c, &run, &err);
    if (rc == 0)
        rc = disk_delete(r, c->which, &err);
    if (rc < 0) {
        tell_refusal(r, c->token, rc, err.text);
        return;
    }
    struct lec_buf b;
    lec_buf_init(&b, 1024);
    lec_buf_puts(&b, "{\"what\":\"deleted\",\"run\":");
    lec_json_str(&b, c->which);
    lec_member_bool(&b, "exported", run.exported_us != 0);
    lec_buf_putc(&b, '}');
    tell_journal(r, "run", "", run.experiment, c->by, &b);
    lec_buf_clear(&b);
    lec_buf_puts(&b, "{}");
    tell_answer(r, c->token, &b);
    lec_buf_done(&b);
}

static void on_exported(struct lec_recorder *r, const struct command_head *c)
{
    struct lec_err err;
    if (disk_write(r) < 0)
        return;
    int rc = lec_runs_exported(r->runs, c->which, lec_wall_us(), &err);
    if (rc < 0 && rc != LEC_E_RANGE)
        disk_failed(r, rc, err.text);
    disk_commit(r, lec_now());
}

static void on_check(struct lec_recorder *r)
{
    struct lec_err err;
    if (r->closing || r->runs)
        return;
    int rc = disk_open(r, &err);
    if (rc < 0) {
        struct lec_buf b;
        lec_buf_init(&b, 1024);
        lec_buf_puts(&b, "{\"what\":\"unusable\",\"reason\":");
        lec_json_str(&b, err.text);
        lec_buf_putc(&b, '}');
        tell_journal(r, "run", "", "", "", &b);
        lec_buf_done(&b);
    }
}

static void serve(struct lec_recorder *r, const struct lec_letter *letter)
{
    struct command_head c;
    const char *data = letter->data + sizeof c;
    struct lec_value value;
    memcpy(&c, letter->data, sizeof c);
    switch (c.command) {
    case COMMAND_CHECK:
        on_check(r);
        break;
    case COMMAND_BUDGET:
        r->budget_at = r->runs ? 0 : r->budget_at;
        break;
    case COMMAND_START:
        on_start(r, &c);
        break;
    case COMMAND_STOP:
        on_stop(r, &c);
        break;
    case COMMAND_MARK:
        on_mark(r, &c, data);
        break;
    case COMMAND_HAND:
        on_hand(r, &c, data);
        break;
    case COMMAND_DELETE:
        on_delete(r, &c);
        break;
    case COMMAND_EXPORTED:
        on_exported(r, &c);
        break;
    case COMMAND_RATE:
        recordings_rate(r, c.key, c.number);
        break;
    case COMMAND_VALUE:
        memcpy(&value, data, sizeof value);
        recordings_value(r, c.key, &value, c.now_ns);
        break;
    case COMMAND_EVENT:
        recordings_event(r, c.which, data, c.now_ns);
        break;
    case COMMAND_PRESENCE:
        recordings_presence(r, c.which, c.yes, data, c.now_ns);
        break;
    case COMMAND_CLOCK:
        recordings_clock(r, c.number, c.now_ns);
        break;
    }
}

static bool take_command(struct lec_recorder *r)
{
    struct lec_letter *letter = lec_mailbox_take(r->commands);
    if (!letter)
        return false;
    serve(r, letter);
    free(letter);
    return true;
}

/* ---- The loop ----------------------------------------------------------------------------------------------- */

static void commit_turn(struct lec_recorder *r, int64_t now)
{
    r->commit_at = LEC_NEVER;
    recordings_flush(r, now);
    disk_commit(r, now);
}

static void end_all(struct lec_recorder *r)
{
    int64_t now = lec_now();
    struct lec_err err;
    while (lec_mailbox_any(r->samples))
        take_samples(r);
    for (struct recording *g; (g = recording_find(r, NULL, &err));)
        recording_stop(g, "interrupted", "the daemon was stopped", now);
    recordings_turn(r, now);
    disk_commit(r, now);
    while (r->n_unclosed > 0) /* closed as interrupted at the next start */
        unclosed_drop(r, r->n_unclosed - 1);
    disk_close(r);
}

void *writer_main(void *recorder)
{
    struct lec_recorder *r = recorder;
    r->committed_at = lec_now();
    while (!r->closing || lec_mailbox_any(r->commands)) {
        take_samples(r);
        take_command(r);
        int64_t now = lec_now(), next = recordings_turn(r, now), disk;
        if (now >= r->commit_at)
            commit_turn(r, now);
        disk_turn(r, now);
        disk = disk_next(r, now);
        next = disk < next ? disk : next;
        if (!r->closing) /* the command that woke us for the end is taken */
            lec_waiter_wait(r->writer.waiter, r->commit_at < next ? r->commit_at : next);
    }
    end_all(r);
    return NULL;
}
