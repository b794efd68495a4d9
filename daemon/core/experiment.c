/* Experiments as JSON: for experiment.list, and as the definition that a run keeps. */
#include <string.h>

#include "core/record.h"
#include "lectern/member.h"

static const char *unit_of(struct core *core, const struct lec_channel *c)
{
    if (*c->unit || c->kind != LEC_CHANNEL_POINT)
        return c->unit;
    struct device_state *d = state_device(core, c->device->name);
    const struct lec_point *p = d ? lec_device_point(d->desc, c->point->name) : NULL;
    const struct lec_calibration *cal = p ? d->points[p->index].calibration : NULL;
    return cal && *cal->unit ? cal->unit : c->point->unit;
}

static void channel_json(struct core *core, const struct lec_channel *c, struct lec_buf *b)
{
    char target[2 * LEC_NAME_MAX + 2];
    lec_json_next(b);
    lec_buf_putc(b, '{');
    lec_member_str(b, "channel", c->name);
    lec_member_str(b, "kind", lec_channel_kind_name(c->kind));
    if (c->kind == LEC_CHANNEL_POINT || c->kind == LEC_CHANNEL_COUNT) {
        snprintf(target, sizeof target, "%s.%s", c->device->name,
                 c->kind == LEC_CHANNEL_POINT ? c->point->name : c->event);
        lec_member_str(b, "target", target);
    }
    if (c->kind == LEC_CHANNEL_DERIVED)
        lec_member_str(b, "formula", c->formula);
    if (c->rate_hz > 0)
        lec_member_float(b, "rate_hz", c->rate_hz);
    if (c->kind == LEC_CHANNEL_POINT && c->point->fastest_ns > 0)
        lec_member_float(b, "fastest_hz", 1e9 / (double)c->point->fastest_ns);
    lec_member_str(b, "unit", unit_of(core, c));
    if (c->decimals >= 0)
        lec_member_int(b, "decimals", c->decimals);
    describe_label(b, c->label, c->label_en, c->name);
    lec_buf_putc(b, '}');
}

static void field_json(const struct lec_field *f, struct lec_buf *b)
{
    lec_json_next(b);
    lec_buf_putc(b, '{');
    lec_member_str(b, "field", f->name);
    describe_label(b, f->label, f->label_en, f->name);
    lec_member_bool(b, "required", f->required);
    if (f->n_choices > 0) {
        lec_json_key(b, "choices");
        lec_buf_putc(b, '[');
        for (size_t i = 0; i < f->n_choices; i++) {
            lec_json_next(b);
            lec_json_str(b, f->choices[i]);
        }
        lec_buf_putc(b, ']');
    }
    lec_buf_putc(b, '}');
}

static void condition_json(struct lec_buf *b, const char *key, const struct lec_condition *c)
{
    if (c->kind != LEC_COND_NONE)
        lec_member_str(b, key, c->text);
}

void experiment_json(struct core *core, const struct lec_experiment *e, struct lec_buf *b)
{
    lec_buf_putc(b, '{');
    lec_member_str(b, "experiment", e->name);
    describe_label(b, e->label, e->label_en, e->name);
    lec_json_key(b, "channels");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < e->n_channels; i++)
        channel_json(core, &e->channels[i], b);
    lec_buf_putc(b, ']');
    if (e->duration_ns > 0)
        lec_member_int(b, "duration_ms", e->duration_ns / LEC_MS);
    condition_json(b, "start", &e->start);
    condition_json(b, "stop", &e->stop);
    condition_json(b, "sample", &e->sample);
    if (e->on_event && e->sample.kind == LEC_COND_NONE)
        lec_member_str(b, "sample", "by hand");
    if (e->pre_ns > 0)
        lec_member_int(b, "pre_ms", e->pre_ns / LEC_MS);
    lec_member_int(b, "repeat", e->repeat > 0 ? e->repeat : 1);
    if (e->repeat > 1)
        lec_member_int(b, "pause_ms", e->pause_ns / LEC_MS);
    lec_json_key(b, "fields");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < e->n_fields; i++)
        field_json(&e->fields[i], b);
    lec_buf_putc(b, ']');
    lec_member_bool(b, "made", e->made);
    lec_buf_putc(b, '}');
}
