/* Devices described: for clients of ours, and as a W3C WoT Thing Description 1.1. */
#include <string.h>

#include "core/core.h"
#include "lectern/member.h"

void describe_label(struct lec_buf *b, const char *vi, const char *en, const char *name)
{
    lec_member_words(b, "label", vi, en, name);
}

static void list(struct lec_buf *b, const char *key, const char *const at[], size_t n)
{
    lec_json_key(b, key);
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < n; i++) {
        lec_json_next(b);
        lec_json_str(b, at[i]);
    }
    lec_buf_putc(b, ']');
}

static void number(struct lec_buf *b, const char *key, double f, enum lec_type type)
{
    lec_json_key(b, key);
    if (type == LEC_INT)
        lec_json_int(b, (int64_t)f);
    else
        lec_json_float(b, f);
}

static const char *access_name(enum lec_access access)
{
    return access == LEC_BOTH ? "both" : access == LEC_WRITE ? "write" : "read";
}

static void when(struct lec_buf *b, const struct lec_when *w)
{
    if (!w->point)
        return;
    lec_json_key(b, "when");
    lec_buf_putc(b, '{');
    lec_member_str(b, "point", w->point->name);
    list(b, "values", w->values, w->n_values);
    lec_buf_putc(b, '}');
}

/* `cal`: the calibration in force, or NULL. */
static void point(struct lec_buf *b, const struct lec_point *p, const struct lec_calibration *cal)
{
    const char *unit = cal && *cal->unit ? cal->unit : p->unit;
    lec_json_next(b);
    lec_buf_putc(b, '{');
    lec_member_str(b, "name", p->name);
    describe_label(b, p->label, p->label_en, p->name);
    lec_member_str(b, "type", lec_type_name(p->type));
    lec_member_str_if_any(b, "unit", unit);
    lec_member_str(b, "access", access_name(p->access));
    if (p->has_range) {
        number(b, "min", p->min, p->type);
        number(b, "max", p->max, p->type);
    }
    if (p->step > 0)
        number(b, "step", p->step, p->type);
    if (p->n_choices > 0)
        list(b, "choices", p->choices, p->n_choices);
    if (p->n_settable > 0)
        list(b, "settable", p->settable, p->n_settable);
    when(b, &p->when);
    lec_member_bool(b, "confirm", p->confirm && (p->access & LEC_READ));
    if (p->stream)
        lec_member_bool(b, "stream", true);
    if (cal) {
        lec_json_key(b, "calibration");
        lec_calibration_json(cal, b);
    }
    lec_buf_putc(b, '}');
}

static void argument(struct lec_buf *b, const struct lec_arg *a)
{
    lec_json_next(b);
    lec_buf_putc(b, '{');
    lec_member_str(b, "name", a->name);
    lec_member_str(b, "type", lec_type_name(a->type));
    if (a->has_range) {
        number(b, "min", a->min, a->type);
        number(b, "max", a->max, a->type);
    }
    if (a->n_choices > 0)
        list(b, "choices", a->choices, a->n_choices);
    lec_buf_putc(b, '}');
}

static void action(struct lec_buf *b, const struct lec_action *a)
{
    lec_json_next(b);
    lec_buf_putc(b, '{');
    lec_member_str(b, "name", a->name);
    describe_label(b, a->label, a->label_en, a->name);
    lec_json_key(b, "args");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < a->n_args; i++)
        argument(b, &a->args[i]);
    lec_buf_putc(b, ']');
    when(b, &a->when);
    lec_member_bool(b, "urgent", a->urgent);
    lec_buf_putc(b, '}');
}

void describe_remedy(struct lec_buf *b, const struct lec_device *desc, int code)
{
    const char *vi, *en;
    if (!remedy_for(desc, code, &vi, &en))
        return;
    lec_json_key(b, "remedy");
    lec_buf_putc(b, '{');
    lec_member_str(b, "vi", vi);
    lec_member_str(b, "en", en);
    lec_buf_putc(b, '}');
}

void describe_device(struct core *core, const struct device_state *d, struct lec_buf *b, bool full)
{
    (void)core;
    const struct lec_device *desc = d->desc;
    lec_buf_putc(b, '{');
    lec_member_str(b, "name", desc->name);
    describe_label(b, desc->label, desc->label_en, desc->name);
    lec_member_str(b, "class", desc->class_name);
    lec_member_str(b, "profile", desc->profile);
    lec_member_str(b, "driver", desc->driver);
    lec_member_str(b, "line", desc->line ? desc->line->name : "");
    lec_member_str(b, "status", state_status_name(d->status));
    if (d->status == DEVICE_AWAY) {
        lec_member_str(b, "reason", d->reason);
        describe_remedy(b, desc, d->code);
    }
    lec_member_bool(b, "simulated", desc->line && desc->line->simulated);
    if (full) {
        lec_member_str(b, "vendor", desc->vendor);
        lec_member_str(b, "model", desc->model);
        lec_json_key(b, "points");
        lec_buf_putc(b, '[');
        for (size_t i = 0; i < desc->n_points; i++)
            point(b, &desc->points[i], d->points[i].calibration);
        lec_buf_putc(b, ']');
        lec_json_key(b, "actions");
        lec_buf_putc(b, '[');
        for (size_t i = 0; i < desc->n_actions; i++)
            action(b, &desc->actions[i]);
        lec_buf_putc(b, ']');
    }
    lec_buf_putc(b, '}');
}

/* ---- W3C Web of Things, Thing Description 1.1 ---------------------------------------------------------------- */

static const char *wot_type(enum lec_type type)
{
    switch (type) {
    case LEC_BOOL:
        return "boolean";
    case LEC_INT:
        return "integer";
    case LEC_FLOAT:
        return "number";
    case LEC_NONE:
    case LEC_ENUM:
    case LEC_TEXT:
        break;
    }
    return "string";
}

static void form(struct core *core, struct lec_buf *b, const char *target, const char *const ops[], size_t n_ops,
                 const char *method)
{
    lec_json_key(b, "forms");
    lec_buf_puts(b, "[{\"href\":");
    lec_buf_putc(b, '"');
    lec_buf_printf(b, "lectern://%s/%s/%s", core->room->site, core->room->id, target);
    lec_buf_putc(b, '"');
    list(b, "op", ops, n_ops);
    lec_member_str(b, "contentType", "application/json");
    lec_member_str(b, "lectern:method", method);
    lec_buf_puts(b, "}]");
}

static void property(struct core *core, struct lec_buf *b, const struct lec_point *p)
{
    static const char *const ops[] = {"readproperty", "writeproperty"};
    char target[2 * LEC_NAME_MAX + 2];
    snprintf(target, sizeof target, "%s.%s", p->device->name, p->name);
    lec_json_key(b, p->name);
    lec_buf_putc(b, '{');
    lec_member_str(b, "title", *p->label_en ? p->label_en : p->name);
    lec_member_str(b, "type", wot_type(p->type));
    lec_member_str_if_any(b, "unit", p->unit);
    if (p->has_range) {
        number(b, "minimum", p->min, p->type);
        number(b, "maximum", p->max, p->type);
    }
    if (p->n_choices > 0)
        list(b, "enum", p->choices, p->n_choices);
    if (p->access == LEC_READ)
        lec_buf_puts(b, ",\"readOnly\":true");
    if (p->access == LEC_WRITE)
        lec_buf_puts(b, ",\"writeOnly\":true");
    bool reads = p->access & LEC_READ, writes = p->access & LEC_WRITE;
    form(core, b, target, reads ? ops : ops + 1, (size_t)reads + (size_t)writes, reads ? "point.read" : "point.write");
    lec_buf_putc(b, '}');
}

static void wot_action(struct core *core, struct lec_buf *b, const struct lec_action *a)
{
    static const char *const ops[] = {"invokeaction"};
    char target[2 * LEC_NAME_MAX + 2];
    snprintf(target, sizeof target, "%s.%s", a->device->name, a->name);
    lec_json_key(b, a->name);
    lec_buf_putc(b, '{');
    lec_member_str(b, "title", *a->label_en ? a->label_en : a->name);
    if (a->n_args > 0) {
        lec_buf_puts(b, ",\"input\":{\"type\":\"object\",\"properties\":{");
        for (size_t i = 0; i < a->n_args; i++) {
            lec_json_key(b, a->args[i].name);
            lec_buf_putc(b, '{');
            lec_member_str(b, "type", wot_type(a->args[i].type));
            lec_buf_putc(b, '}');
        }
        lec_buf_puts(b, "}}");
    }
    form(core, b, target, ops, 1, "action.invoke");
    lec_buf_putc(b, '}');
}

void describe_thing(struct core *core, const struct device_state *d, struct lec_buf *b)
{
    const struct lec_device *desc = d->desc;
    lec_buf_puts(b, "{\"@context\":[\"https://www.w3.org/2022/wot/td/v1.1\",{\"lectern\":\"urn:lectern:\","
                    "\"@language\":\"en\"}]");
    char id[4 * LEC_NAME_MAX];
    snprintf(id, sizeof id, "urn:lectern:%s:%s:%s", core->room->site, core->room->id, desc->name);
    lec_member_str(b, "id", id);
    lec_member_str(b, "title", *desc->label_en ? desc->label_en : desc->name);
    lec_json_key(b, "titles");
    lec_buf_puts(b, "{\"vi\":");
    lec_json_str(b, *desc->label ? desc->label : desc->name);
    lec_member_str(b, "en", *desc->label_en ? desc->label_en : desc->name);
    lec_buf_putc(b, '}');
    lec_buf_puts(b, ",\"securityDefinitions\":{\"local\":{\"scheme\":\"nosec\"}},\"security\":\"local\"");
    lec_json_key(b, "properties");
    lec_buf_putc(b, '{');
    for (size_t i = 0; i < desc->n_points; i++)
        property(core, b, &desc->points[i]);
    lec_buf_putc(b, '}');
    lec_json_key(b, "actions");
    lec_buf_putc(b, '{');
    for (size_t i = 0; i < desc->n_actions; i++)
        wot_action(core, b, &desc->actions[i]);
    lec_buf_puts(b, "}}");
}
