/* Runs in the file, as docs/protocol.md section 8 says. */
#include <jansson.h>
#include <string.h>

#include "lectern/member.h"
#include "record/impl.h"

static void summary(const struct lec_run_summary *s, struct lec_buf *b)
{
    lec_member_str(b, "run", s->id);
    lec_member_str(b, "experiment", s->experiment);
    lec_member_words(b, "label", s->label, s->label_en, s->experiment);
    lec_member_str(b, "state", s->status);
    lec_member_str_if_any(b, "reason", s->reason);
    lec_member_int(b, "start", s->start_us);
    if (s->stop_us != 0)
        lec_member_int(b, "stop", s->stop_us);
    lec_member_int(b, "elapsed_ms", s->duration_ns / LEC_MS);
    lec_member_int(b, "samples", (int64_t)s->samples);
    lec_member_int(b, "lost", (int64_t)s->lost);
    lec_member_int(b, "bytes", (int64_t)s->bytes);
    if (s->exported_us != 0)
        lec_member_int(b, "exported", s->exported_us);
    lec_member_str_if_any(b, "operator", s->operator_);
    lec_member_str(b, "principal", s->principal);
    if (s->simulated)
        lec_buf_puts(b, ",\"simulated\":true");
}

void summary_json(const struct lec_run_summary *s, struct lec_buf *b)
{
    summary(s, b);
    lec_member_int(b, "marks", (int64_t)s->marks);
}

static void channel_json(const struct lec_run_channel *c, uint64_t samples, struct lec_buf *b)
{
    lec_buf_putc(b, '{');
    lec_member_str(b, "channel", c->name);
    lec_member_words(b, "label", c->label, c->label_en, c->name);
    lec_member_str(b, "kind", lec_channel_kind_name(c->kind));
    lec_member_str(b, "unit", c->unit);
    lec_member_str(b, "source", c->source);
    lec_member_str_if_any(b, "sensor", c->sensor);
    lec_member_str_if_any(b, "serial", c->serial);
    if (c->rate_hz > 0)
        lec_member_float(b, "rate_hz", c->rate_hz);
    if (c->decimals >= 0)
        lec_member_int(b, "decimals", c->decimals);
    if (c->kind == LEC_CHANNEL_POINT) {
        lec_json_key(b, "calibration");
        lec_calibration_json(&c->calibration, b);
    }
    lec_member_int(b, "samples", (int64_t)samples);
    lec_buf_putc(b, '}');
}

void mark_json(const struct lec_run_mark *m, struct lec_buf *b)
{
    lec_buf_puts(b, "{\"t_ms\":");
    lec_json_float(b, (double)(m->t_ns / 1000) / 1000);
    lec_member_str(b, "kind", m->kind);
    lec_member_str_if_any(b, "channel", m->channel);
    lec_member_str(b, "text", m->text);
    if (m->lost > 0)
        lec_member_int(b, "lost", (int64_t)m->lost);
    lec_member_str_if_any(b, "by", m->by);
    lec_buf_putc(b, '}');
}

static void document(struct lec_buf *b, const char *key, const char *json)
{
    json_t *read = json && *json ? json_loads(json, 0, NULL) : NULL;
    if (!read) /* damaged in the file: in the answer it would damage all of it */
        return;
    json_decref(read);
    lec_json_key(b, key);
    lec_buf_puts(b, json);
}

void info_json(const struct lec_run_info *info, struct lec_buf *b)
{
    lec_buf_putc(b, '{');
    summary(&info->summary, b);
    lec_json_key(b, "channels");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < info->n_channels; i++) {
        lec_json_next(b);
        channel_json(&info->channels[i], info->samples[i], b);
    }
    lec_buf_putc(b, ']');
    lec_json_key(b, "marks"); /* here the marks themselves */
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < info->n_marks; i++) {
        lec_json_next(b);
        mark_json(&info->marks[i], b);
    }
    lec_buf_putc(b, ']');
    lec_json_key(b, "documents");
    lec_buf_putc(b, '{');
    document(b, "start", info->start_doc);
    document(b, "descriptor", info->descriptor_doc);
    document(b, "stop", info->stop_doc);
    lec_buf_putc(b, '}');
    document(b, "metadata", info->metadata);
    document(b, "definition", info->definition);
    lec_buf_putc(b, '}');
}
