/* What is told of a recording: to the bus, and to the journal. */
#include "record/recording.h"

#include <inttypes.h>
#include <string.h>

#include "lectern/member.h"

static void run_json(const struct recording *g, int64_t now, const struct lec_run_mark *mark, struct lec_buf *b)
{
    const struct lec_record_job *job = g->job;
    lec_buf_puts(b, "{\"run\":");
    lec_json_str(b, g->start.id);
    lec_member_str(b, "experiment", recording_name(g));
    lec_member_words(b, "label", job->experiment->label, job->experiment->label_en, job->experiment->name);
    if (g->run)
        lec_run_json(g->run, now, b);
    else
        lec_buf_puts(b, ",\"state\":\"pause\"");
    if (g->begun)
        lec_member_int(b, "start", g->start.start_us);
    if (g->ended) {
        lec_member_int(b, "stop", g->stop_us);
        lec_member_str_if_any(b, "reason", g->reason);
    }
    lec_member_str_if_any(b, "operator", job->operator_);
    lec_member_str(b, "principal", job->principal);
    if (job->experiment->repeat > 1)
        lec_buf_printf(b, ",\"nth\":%u,\"repeat\":%u", g->nth, job->experiment->repeat);
    if (job->simulated)
        lec_buf_puts(b, ",\"simulated\":true");
    if (g->r->full)
        lec_buf_puts(b, ",\"full\":true");
    if (mark) {
        lec_json_key(b, "mark");
        mark_json(mark, b);
    }
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
    tell_run(g->r, g->job->number, recording_name(g), g->start.id, &b);
    lec_buf_done(&b);
}

void recording_tell_news(struct recording *g, int64_t now)
{
    for (size_t i = 0; i < g->n_told; i++)
        tell(g, now, &g->told[i]);
    if (g->n_told == 0)
        tell(g, now, NULL);
    g->n_told = 0;
    g->tell_at = now + TELL_EVERY_NS;
}

void recording_journal(struct recording *g, const char *what)
{
    struct lec_buf b;
    lec_buf_init(&b, 2048);
    lec_buf_puts(&b, "{\"what\":");
    lec_json_str(&b, what);
    lec_member_str(&b, "run", g->start.id);
    if (g->ended) {
        uint64_t samples = 0, lost = 0;
        for (size_t i = 0; i < g->job->experiment->n_channels; i++) {
            struct lec_run_channel_state c;
            lec_run_channel(g->run, i, &c);
            samples += c.samples;
            lost += c.lost;
        }
        lec_member_str(&b, "state", g->status);
        lec_member_str_if_any(&b, "reason", g->reason);
        lec_buf_printf(&b, ",\"samples\":%" PRIu64 ",\"lost\":%" PRIu64, samples, lost);
    }
    lec_buf_putc(&b, '}');
    tell_journal(g->r, "run", "", recording_name(g), g->job->principal, &b);
    lec_buf_done(&b);
}

void recording_tell(struct recording *g, int64_t now)
{
    tell(g, now, NULL);
}
