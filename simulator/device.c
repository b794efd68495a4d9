/* A device's state: looking at it, changing it, and the lies that stand in between. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cast.h"
#include "device.h"
#include "lectern/member.h"
#include "lectern/parse.h"
#include "sim.h"
#include "world.h"

const struct sim_field *sim_field(const struct sim_model *m, const char *name)
{
    for (const struct sim_field *f = m->fields; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

void sim_field_get(const struct sim_field *f, const void *state, struct lec_value *out)
{
    const char *at = (const char *)state + f->offset;
    int i;
    double d;
    bool b;
    switch (f->type) {
    case LEC_BOOL:
        memcpy(&b, at, sizeof b);
        *out = lec_bool(b);
        break;
    case LEC_INT:
        memcpy(&i, at, sizeof i);
        *out = lec_int(i);
        break;
    case LEC_ENUM:
        memcpy(&i, at, sizeof i);
        *out = lec_enum(f->choices[i]);
        break;
    case LEC_FLOAT:
        memcpy(&d, at, sizeof d);
        *out = lec_float(d);
        break;
    case LEC_TEXT:
        *out = lec_text(at);
        break;
    case LEC_NONE:
        *out = (struct lec_value){.type = LEC_NONE};
        break;
    }
}

static int choice(const struct sim_field *f, const char *name)
{
    for (int i = 0; f->choices[i]; i++)
        if (strcmp(f->choices[i], name) == 0)
            return i;
    return -1;
}

void sim_field_put(const struct sim_field *f, void *state, const struct lec_value *v)
{
    char *at = (char *)state + f->offset;
    int i = f->type == LEC_ENUM ? choice(f, v->s) : (int)v->i;
    switch (f->type) {
    case LEC_BOOL:
        memcpy(at, &v->b, sizeof v->b);
        break;
    case LEC_INT:
    case LEC_ENUM:
        memcpy(at, &i, sizeof i);
        break;
    case LEC_FLOAT:
        memcpy(at, &v->f, sizeof v->f);
        break;
    case LEC_TEXT:
        lec_copy_utf8(at, SIM_TEXT, v->s, strlen(v->s));
        break;
    case LEC_NONE:
        break;
    }
}

/* Makes `v` one of the field's own type and checks it. */
static int fit(const struct sim_field *f, struct lec_value *v, struct lec_err *err)
{
    if (v->type == LEC_INT && f->type == LEC_FLOAT)
        *v = lec_float((double)v->i);
    if (v->type == LEC_TEXT && f->type == LEC_ENUM)
        v->type = LEC_ENUM;
    if (v->type == LEC_ENUM && f->type == LEC_TEXT)
        v->type = LEC_TEXT;
    if (v->type != f->type)
        return lec_fail(err, LEC_E_RANGE, "%s is of type %s, not %s", f->name, lec_type_name(f->type),
                        lec_type_name(v->type));
    if (f->type == LEC_ENUM && choice(f, v->s) < 0)
        return lec_fail(err, LEC_E_RANGE, "%s is never \"%s\"", f->name, v->s);
    double number = f->type == LEC_INT ? (double)v->i : f->type == LEC_FLOAT ? v->f : 0;
    bool limited = f->type == LEC_INT || f->type == LEC_FLOAT;
    if (limited && f->min < f->max && !(number >= f->min && number <= f->max))
        return lec_fail(err, LEC_E_RANGE, "%s is %g to %g, not %g", f->name, f->min, f->max, number);
    if (f->type == LEC_INT && (v->i < INT32_MIN || v->i > INT32_MAX))
        return lec_fail(err, LEC_E_RANGE, "%s cannot be so large", f->name);
    return 0;
}

static void advance(struct sim_device *d)
{
    int64_t now = loop_model_now(d->sim->loop);
    sim_world_advance(d->sim, now);
    if (d->model->advance) {
        enum sim_by by = d->by;
        d->by = SIM_BY_TIME;
        d->model->advance(d, now);
        d->by = by;
    }
    sim_world_account(d);
}

void sim_device_due(void *ctx)
{
    advance(ctx);
}

/* The lie about this device and point that is on, or NULL. `constant`: one that reports, else one that ignores. */
static struct sim_fault *lie(struct sim_device *d, const char *field, bool constant)
{
    struct sim_faults *f = &d->box->faults;
    if (!sim_fault_peek(f, SIM_LIE, loop_now(d->sim->loop)))
        return NULL;
    for (size_t i = 0; i < f->n; i++) {
        struct sim_fault *at = &f->at[i];
        bool mine = at->kind == SIM_LIE && at->has_value == constant;
        if (mine && (!*at->device || strcmp(at->device, d->name) == 0) &&
            (!*at->point || strcmp(at->point, field) == 0))
            return at;
    }
    return NULL;
}

const void *sim_view(struct sim_device *d)
{
    advance(d);
    memcpy(d->shown, d->state, d->model->size);
    if (d->box->faults.n > 0)
        for (const struct sim_field *f = d->model->fields; f->name; f++) {
            const struct sim_fault *at = lie(d, f->name, true);
            struct lec_value v = at ? at->value : lec_bool(false);
            if (at && *at->point && fit(f, &v, NULL) == 0)
                sim_field_put(f, d->shown, &v);
        }
    return d->shown;
}

static int change(struct sim_device *d, const struct sim_field *f, const struct lec_value *v, enum sim_by by)
{
    advance(d);
    struct lec_value before;
    sim_field_get(f, d->state, &before);
    d->by = by;
    int rc = 0;
    if (d->model->set)
        rc = d->model->set(d, f, v);
    else
        sim_field_put(f, d->state, v);
    if (rc == 0) {
        advance(d);
        struct lec_value after;
        sim_field_get(f, d->state, &after);
        if (!lec_value_equal(&before, &after))
            sim_changed(d, f->name);
    }
    d->by = SIM_BY_TIME;
    return rc;
}

int sim_set(struct sim_device *d, const char *field, struct lec_value v)
{
    const struct sim_field *f = sim_field(d->model, field);
    if (!f)
        return LEC_E_NOTSUP;
    int rc = fit(f, &v, NULL);
    if (rc < 0)
        return rc;
    struct sim_fault *at = lie(d, field, false);
    if (at) {
        if (at->left > 0)
            at->left--;
        return 0;
    }
    return change(d, f, &v, SIM_BY_WIRE);
}

int sim_set_by_hand(struct sim_device *d, const char *field, struct lec_value v, struct lec_err *err)
{
    const struct sim_field *f = sim_field(d->model, field);
    if (!f)
        return lec_fail(err, LEC_E_NOTSUP, "%s: a %s has no \"%s\"", d->name, d->model->name, field);
    int rc = fit(f, &v, err);
    if (rc < 0)
        return rc;
    rc = change(d, f, &v, SIM_BY_HAND);
    if (rc < 0)
        return lec_fail(err, rc, "%s: %s: the device does not do that now", d->name, field);
    return 0;
}

bool sim_truth(struct sim_device *d, const char *field, struct lec_value *out)
{
    const struct sim_field *f = sim_field(d->model, field);
    if (!f)
        return false;
    advance(d);
    sim_field_get(f, d->state, out);
    return true;
}

void sim_state_json(struct sim_device *d, struct lec_buf *out)
{
    advance(d);
    lec_buf_putc(out, '{');
    for (const struct sim_field *f = d->model->fields; f->name; f++) {
        struct lec_value v;
        sim_field_get(f, d->state, &v);
        lec_member_value(out, f->name, &v);
    }
    lec_buf_putc(out, '}');
}

void sim_changed(struct sim_device *d, const char *field)
{
    if (!d->box->broken && d->box->face_kind->changed)
        d->box->face_kind->changed(d, field);
}

void sim_wake(struct sim_device *d, int64_t model_at)
{
    loop_timer_set_model(d->sim->loop, &d->timer, model_at);
}

/* ---- Traits --------------------------------------------------------------------------------------------------- */

/* Where the value of `key` begins in words "key=value key=value", or NULL. */
static const char *word(const char *words, const char *key)
{
    size_t n = strlen(key);
    for (const char *p = words; p && *p; p += strcspn(p, " ")) {
        p += strspn(p, " ");
        if (strncmp(p, key, n) == 0 && p[n] == '=')
            return p + n + 1;
    }
    return NULL;
}

const char *sim_trait_list(const struct sim_device *d, const char *key)
{
    const struct sim_options *opt = &d->sim->opt;
    size_t n = strlen(d->name);
    for (size_t i = 0; i < opt->n_traits; i++) {
        const char *t = opt->traits[i];
        if (strncmp(t, d->name, n) == 0 && t[n] == '.' && word(t + n + 1, key))
            return word(t + n + 1, key);
    }
    return word(d->cast->traits, key);
}

const char *sim_trait(const struct sim_device *d, const char *key, char buf[SIM_TEXT])
{
    const char *value = sim_trait_list(d, key);
    if (!value)
        return NULL;
    lec_copy_utf8(buf, SIM_TEXT, value, strcspn(value, " "));
    return buf;
}

double sim_trait_number(const struct sim_device *d, const char *key, double fallback)
{
    char buf[SIM_TEXT];
    double v = fallback;
    if (sim_trait(d, key, buf))
        (void)lec_parse_float(buf, &v);
    return v;
}

int64_t sim_trait_duration(const struct sim_device *d, const char *key, int64_t fallback_ns)
{
    char buf[SIM_TEXT];
    int64_t v = fallback_ns;
    if (sim_trait(d, key, buf))
        (void)lec_parse_duration(buf, &v);
    return v;
}

/* One pair of "code:name,code:name" into two pieces; returns where the next begins, or NULL at the end. */
static const char *pair(const char *p, const char **code, size_t *n_code, const char **name, size_t *n_name)
{
    size_t len = strcspn(p, ", ");
    size_t colon = strcspn(p, ":, ");
    *code = p;
    *n_code = colon;
    *name = colon < len ? p + colon + 1 : p;
    *n_name = colon < len ? len - colon - 1 : len;
    return p[len] == ',' ? p + len + 1 : NULL;
}

static const char *look_up(const char *list, const char *key, bool by_name, char buf[SIM_TEXT])
{
    size_t want = strlen(key);
    while (list && *list) {
        const char *code, *name;
        size_t n_code, n_name;
        list = pair(list, &code, &n_code, &name, &n_name);
        const char *in = by_name ? name : code;
        size_t n_in = by_name ? n_name : n_code;
        if (n_in == want && strncasecmp(in, key, want) == 0) {
            lec_copy_utf8(buf, SIM_TEXT, by_name ? code : name, by_name ? n_code : n_name);
            return buf;
        }
    }
    return NULL;
}

const char *sim_code_of(const char *list, const char *name, char buf[SIM_TEXT])
{
    return look_up(list, name, true, buf);
}

const char *sim_name_of(const char *list, const char *code, char buf[SIM_TEXT])
{
    return look_up(list, code, false, buf);
}
