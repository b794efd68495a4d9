/* Runs in the file, as docs/protocol.md section 8 says. */
#include <jansson.h>
#include <string.h>

#include "record/impl.h"

static void text(struct lec_buf *b, const char *key, const char *value)
{
    lec_json_key(b, key);
    lec_json_str(b, value);
}

static void number(struct lec_buf *b, const char *key, int64_t value)
{
    lec_json_key(b, key);
    lec_json_int(b, value);
}

static void summary(const struct lec_run_summary *s, struct lec_buf *b)
{
    text(b, "run", s->id);
    text(b, "experiment", s->experiment);
    const char *vi = *s->label ? s->label : s->experiment;
    lec_json_key(b, "label");
    lec_buf_puts(b, "{\"vi\":");
    lec_json_str(b, vi);
    text(b, "en", *s->label_en ? s->label_en : vi);
    lec_buf_putc(b, '}');
    text(b, "state", s->status);
    if (*s->reason)
        text(b, "reason", s->reason);
    number(b, "start", s->start_us);
    if (s->stop_us != 0)
        number(b, "stop", s->stop_us);
    number(b, "elapsed_ms", s->duration_ns / LEC_MS);
    number(b, "samples", (int64_t)s->samples);
    number(b, "lost", (int64_t)s->lost);
    number(b, "bytes", (int64_t)s->bytes);
    if (s->exported_us != 0)
        number(b, "exported", s->exported_us);
    if (*s->operator_)
        text(b, "operator", s->operator_);
    text(b, "principal", s->principal);
    if (s->simulated)
        lec_buf_puts(b, ",\"simulated\":true");
}

void summary_json(const struct lec_run_summary *s, struct lec_buf *b)
{
    summary(s, b);
    number(b, "marks", (int64_t)s->marks);
}

static void channel_json(const struct lec_run_channel *c, uint64_t samples, struct lec_buf *b)
{
    lec_buf_putc(b, '{');
    text(b, "channel", c->name);
    lec_json_key(b, "label");
    lec_buf_puts(b, "{\"vi\":");
    lec_json_str(b, *c->label ? c->label : c->name);
    text(b, "en", *c->label_en ? c->label_en : *c->label ? c->label : c->name);
    lec_buf_putc(b, '}');
    text(b, "kind", lec_channel_kind_name(c->kind));
    text(b, "unit", c->unit);
    text(b, "source", c->source);
    if (*c->sensor)
        text(b, "sensor", c->sensor);
    if (*c->serial)
        text(b, "serial", c->serial);
    if (c->rate_hz > 0) {
        lec_json_key(b, "rate_hz");
        lec_json_float(b, c->rate_hz);
    }
    if (c->decimals >= 0)
        number(b, "decimals", c->decimals);
    if (c->kind == LEC_CHANNEL_POINT) {
        lec_json_key(b, "calibration");
        lec_calibration_json(&c->calibration, b);
    }
    number(b, "samples", (int64_t)samples);
    lec_buf_putc(b, '}');
}

static void mark_json(const struct lec_run_mark *m, struct lec_buf *b)
{
    lec_buf_puts(b, "{\"t_ms\":");
    lec_json_float(b, (double)(m->t_ns / 1000) / 1000);
    text(b, "kind", m->kind);
    if (*m->channel)
        text(b, "channel", m->channel);
    text(b, "text", m->text);
    if (m->lost > 0)
        number(b, "lost", (int64_t)m->lost);
    if (*m->by)
        text(b, "by", m->by);
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
