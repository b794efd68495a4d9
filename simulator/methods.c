#include "methods.h"

#include <string.h>

#include "cast.h"
#include "lectern/member.h"
#include "lectern/parse.h"
#include "usb.h"
#include "world.h"

/* ---- Parameters ----------------------------------------------------------------------------------------------- */

static int unknown_params(json_t *params, const char *const allowed[], struct lec_err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(params, key, value)
    {
        size_t i = 0;
        while (allowed[i] && strcmp(allowed[i], key) != 0)
            i++;
        if (!allowed[i])
            return lec_fail(err, LEC_E_RANGE, "there is no parameter \"%s\" here", key);
    }
    return 0;
}

static int want_device(struct sim *s, json_t *params, struct sim_device **out, struct lec_err *err)
{
    const char *name = json_string_value(json_object_get(params, "device"));
    if (!name)
        return lec_fail(err, LEC_E_RANGE, "device: a name is needed");
    *out = sim_find(s, name);
    return *out ? 0 : lec_fail(err, LEC_E_CONFIG, "there is no device \"%.60s\" that is played", name);
}

/* A number parameter; `fallback` if absent. */
static int get_number(json_t *params, const char *key, double min, double max, double fallback, double *out,
                      struct lec_err *err)
{
    json_t *v = json_object_get(params, key);
    *out = v ? json_number_value(v) : fallback;
    if (v && (!json_is_number(v) || !(*out >= min && *out <= max)))
        return lec_fail(err, LEC_E_RANGE, "%s: a number from %g to %g is needed", key, min, max);
    return 0;
}

static int get_value(json_t *v, struct lec_value *out, struct lec_err *err)
{
    if (json_is_boolean(v))
        *out = lec_bool(json_is_true(v));
    else if (json_is_integer(v))
        *out = lec_int(json_integer_value(v));
    else if (json_is_real(v))
        *out = lec_float(json_real_value(v));
    else if (json_is_string(v))
        *out = lec_text(json_string_value(v));
    else
        return lec_fail(err, LEC_E_RANGE, "value: a bool, number or string is needed");
    return 0;
}

/* ---- What there is --------------------------------------------------------------------------------------------- */

static void put_place(const struct sim_line *line, struct lec_buf *out)
{
    char text[160];
    if (line->usb)
        (void)snprintf(text, sizeof text, "port %u, address %u", line->usb_port,
                       line->plug ? sim_usb_address(line->plug) : 0);
    else if (line->tcp)
        (void)snprintf(text, sizeof text, "tcp://127.0.0.1:%u", line->port);
    else
        (void)snprintf(text, sizeof text, "pty://%s", line->path);
    lec_json_str(out, text);
}

static void put_faults(struct sim_box *box, struct lec_buf *out)
{
    (void)sim_fault_peek(&box->faults, SIM_FAULTS, loop_now(box->sim->loop)); /* drops what is over */
    lec_buf_putc(out, '[');
    for (size_t i = 0; i < box->faults.n; i++) {
        lec_json_next(out);
        lec_json_str(out, sim_fault_name(box->faults.at[i].kind));
    }
    lec_buf_putc(out, ']');
}

static void put_device(struct sim_device *d, struct lec_buf *out)
{
    struct sim_box *box = d->box;
    const struct {
        const char *key, *text;
    } texts[] = {{"device", d->name},
                 {"profile", d->desc->profile},
                 {"face", box->face_kind->name},
                 {"model", d->model->name},
                 {"line", box->line->desc->name}};
    lec_buf_putc(out, '{');
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        lec_member_str(out, texts[i].key, texts[i].text);
    lec_json_key(out, "at");
    put_place(box->line, out);
    lec_member_bool(out, "plugged", box->line->plugged);
    lec_member_int(out, "address", box->address);
    lec_member_int(out, "connections", (int64_t)box->line->n_conns);
    lec_member_int(out, "commands", (int64_t)box->commands);
    lec_member_int(out, "early", (int64_t)box->early);
    lec_json_key(out, "faults");
    put_faults(box, out);
}

static int describe(struct sim *s, json_t *params, struct lec_buf *out, struct lec_err *err)
{
    static const char *const none[] = {NULL};
    int rc = unknown_params(params, none, err);
    lec_buf_puts(out, "{\"room\":");
    lec_json_str(out, s->room->id);
    lec_member_str(out, "map", s->opt.map ? s->opt.map : "");
    lec_member_float(out, "speed", loop_speed(s->loop));
    lec_member_float(out, "model_s", (double)sim_model_now(s) / 1e9);
    lec_json_key(out, "faults");
    lec_buf_putc(out, '[');
    for (int i = 0; i < SIM_FAULTS; i++) {
        lec_json_next(out);
        lec_json_str(out, sim_fault_name((enum sim_fault_kind)i));
    }
    lec_buf_putc(out, ']');
    lec_json_key(out, "devices");
    lec_buf_putc(out, '[');
    for (size_t i = 0; i < s->n_devices; i++)
        if (s->devices[i].name) {
            lec_json_next(out);
            put_device(&s->devices[i], out);
            lec_buf_putc(out, '}');
        }
    lec_buf_puts(out, "]}");
    return rc;
}

static int state(struct sim *s, json_t *params, struct lec_buf *out, struct lec_err *err)
{
    static const char *const allowed[] = {"device", NULL};
    int rc = unknown_params(params, allowed, err);
    if (rc < 0)
        return rc;
    const char *name = json_string_value(json_object_get(params, "device"));
    if (name && strcmp(name, "room") == 0) {
        sim_world_json(s, out);
        return 0;
    }
    if (name) {
        struct sim_device *d;
        rc = want_device(s, params, &d, err);
        if (rc < 0)
            return rc;
        put_device(d, out);
        lec_json_key(out, "state");
        sim_state_json(d, out);
        lec_buf_putc(out, '}');
        return 0;
    }
    lec_buf_puts(out, "{\"room\":");
    sim_world_json(s, out);
    for (size_t i = 0; i < s->n_devices; i++)
        if (s->devices[i].name) {
            lec_json_key(out, s->devices[i].name);
            sim_state_json(&s->devices[i], out);
        }
    lec_buf_putc(out, '}');
    return 0;
}

/* ---- Faults ---------------------------------------------------------------------------------------------------- */

static int fault(struct sim *s, json_t *params, struct lec_buf *out, struct lec_err *err)
{
    static const char *const allowed[] = {"device", "fault", "for_ms", "count", "ms", "all", "point", "value", NULL};
    struct sim_device *d;
    double for_ms, count, ms;
    int rc = unknown_params(params, allowed, err);
    if (rc == 0)
        rc = want_device(s, params, &d, err);
    if (rc < 0)
        return rc;
    const char *name = json_string_value(json_object_get(params, "fault"));
    int kind = name ? sim_fault_kind(name) : -1;
    if (kind < 0)
        return lec_fail(err, LEC_E_RANGE, "fault: \"%.40s\" is none; sim.describe lists them", name ? name : "");
    /* Late is later than the daemon waits for this device; the rest is a guess that shows. */
    double usual = kind == SIM_LATE ? (double)d->desc->timeout_ns / 1e6 * 1.5 + 100 : kind == SIM_SLOW_BYTES ? 5 : 300;
    if ((rc = get_number(params, "for_ms", 1, 1e9, 0, &for_ms, err)) < 0 ||
        (rc = get_number(params, "count", 1, 1e9, -1, &count, err)) < 0 ||
        (rc = get_number(params, "ms", 0, 600000, usual, &ms, err)) < 0)
        return rc;
    const struct sim_face *face = d->box->face_kind;
    if ((kind == SIM_CHECKSUM && !face->spoil && !face->spoils) || (kind == SIM_OTHER_UNIT && !face->readdress))
        return lec_fail(err, LEC_E_NOTSUP, "%s: %s has no %s", d->name, face->name,
                        kind == SIM_CHECKSUM ? "checksum" : "units");
    json_t *all = json_object_get(params, "all"), *value = json_object_get(params, "value");
    const char *point = json_string_value(json_object_get(params, "point"));
    struct sim_fault f = {
        .kind = (enum sim_fault_kind)kind,
        .until = for_ms > 0 ? loop_now(s->loop) + (int64_t)(for_ms * 1e6) : LEC_NEVER,
        .left = (int64_t)count,
        .ms = (int64_t)ms,
        .all = all ? json_is_true(all) : kind == SIM_BUSY,
        .has_value = value != NULL,
    };
    lec_copy_utf8(f.device, sizeof f.device, d->name, strlen(d->name));
    if (point && (!sim_field(d->model, point) || !lec_copy_utf8(f.point, sizeof f.point, point, strlen(point))))
        return lec_fail(err, LEC_E_RANGE, "point: a %s has no \"%.40s\"", d->model->name, point);
    if (value && (rc = get_value(value, &f.value, err)) < 0)
        return rc;
    if (value && !point)
        return lec_fail(err, LEC_E_RANGE, "point: which point shall lie is needed");
    rc = sim_fault_add(&d->box->faults, &f, err);
    if (rc < 0)
        return rc;
    put_faults(d->box, out);
    return 0;
}

static int clear(struct sim *s, json_t *params, struct lec_buf *out, struct lec_err *err)
{
    static const char *const allowed[] = {"device", "fault", NULL};
    struct sim_device *d = NULL;
    size_t n = 0;
    int rc = unknown_params(params, allowed, err);
    if (rc == 0 && json_object_get(params, "device"))
        rc = want_device(s, params, &d, err);
    if (rc < 0)
        return rc;
    const char *name = json_string_value(json_object_get(params, "fault"));
    int kind = name ? sim_fault_kind(name) : SIM_FAULTS;
    if (kind < 0)
        return lec_fail(err, LEC_E_RANGE, "fault: \"%.40s\" is none", name);
    for (size_t i = 0; i < s->n_devices; i++)
        if (s->devices[i].name && (!d || d->box == s->devices[i].box))
            n += sim_fault_clear(&s->devices[i].box->faults, (enum sim_fault_kind)kind);
    lec_buf_printf(out, "%zu", n);
    return 0;
}

/* ---- Hands, cables, time ---------------------------------------------------------------------------------------- */

static int remote(struct sim *s, json_t *params, struct lec_buf *out, struct lec_err *err)
{
    static const char *const allowed[] = {"device", "point", "value", NULL};
    struct lec_value v;
    int rc = unknown_params(params, allowed, err);
    const char *name = json_string_value(json_object_get(params, "device"));
    const char *point = json_string_value(json_object_get(params, "point"));
    if (rc == 0)
        rc = get_value(json_object_get(params, "value"), &v, err);
    if (rc < 0)
        return rc;
    if (!name || !point)
        return lec_fail(err, LEC_E_RANGE, "device and point are needed");
    if (strcmp(name, "room") == 0) {
        if (v.type != LEC_INT && v.type != LEC_FLOAT)
            return lec_fail(err, LEC_E_RANGE, "value: a number is needed");
        rc = sim_world_set(s, point, v.type == LEC_INT ? (double)v.i : v.f, err);
        sim_world_json(s, out);
        return rc;
    }
    struct sim_device *d;
    rc = want_device(s, params, &d, err);
    if (rc == 0)
        rc = sim_set_by_hand(d, point, v, err);
    if (rc == 0)
        sim_state_json(d, out);
    return rc;
}

/* Another USB port for what is unplugged now. */
static int use_port(struct sim *s, struct sim_line *line, unsigned port, struct lec_err *err)
{
    if (!line->usb || line->plugged)
        return lec_fail(err, LEC_E_RANGE, "port: only for a device on USB that is unplugged");
    for (const struct sim_line *l = s->lines; l; l = l->next)
        if (l->usb && l->plugged && l->usb_port == port)
            return lec_fail(err, LEC_E_BUSY, "port: another device is plugged in there");
    line->usb_port = port;
    return 0;
}

static int plug(struct sim *s, json_t *params, bool in, struct lec_buf *out, struct lec_err *err)
{
    static const char *const allowed[] = {"device", "port", NULL}, *const allowed_out[] = {"device", NULL};
    struct sim_device *d;
    double port = 0;
    int rc = unknown_params(params, in ? allowed : allowed_out, err);
    if (rc == 0)
        rc = want_device(s, params, &d, err);
    if (rc == 0)
        rc = get_number(params, "port", 1, SIM_USB_PORTS, 0, &port, err);
    if (rc == 0 && port > 0)
        rc = use_port(s, d->box->line, (unsigned)port, err);
    if (rc == 0)
        rc = sim_plug(d->box->line, in, err);
    if (rc == 0 && in && s->opt.map)
        rc = sim_write_map(s, err);
    if (rc == 0)
        put_place(d->box->line, out);
    return rc;
}

/* What a streaming device has measured, and when: the truth that recordings are held against. */
static int samples(struct sim *s, json_t *params, struct lec_buf *out, struct lec_err *err)
{
    static const char *const allowed[] = {"device", "from", "n", NULL};
    struct sim_device *d;
    double from = 0, n = 0;
    int rc = unknown_params(params, allowed, err);
    if (rc == 0)
        rc = want_device(s, params, &d, err);
    if (rc == 0 && !d->box->face_kind->samples)
        rc = lec_fail(err, LEC_E_NOTSUP, "%s: %s has no samples", d->name, d->box->face_kind->name);
    if (rc == 0)
        rc = get_number(params, "from", 0, 9e15, 0, &from, err);
    if (rc == 0)
        rc = get_number(params, "n", 0, 1000, 1000, &n, err);
    if (rc < 0)
        return rc;
    lec_buf_puts(out, "{\"device\":");
    lec_json_str(out, d->name);
    d->box->face_kind->samples(d->box, (uint64_t)from, (size_t)n, out);
    lec_buf_putc(out, '}');
    return 0;
}

static int speed(struct sim *s, json_t *params, struct lec_buf *out, struct lec_err *err)
{
    static const char *const allowed[] = {"speed", NULL};
    double v;
    int rc = unknown_params(params, allowed, err);
    if (rc == 0)
        rc = get_number(params, "speed", 0.01, 10000, loop_speed(s->loop), &v, err);
    if (rc < 0)
        return rc;
    loop_set_speed(s->loop, v);
    lec_json_float(out, v);
    return 0;
}

int sim_method(struct sim *s, const char *method, json_t *params, struct lec_buf *out, bool *known, struct lec_err *err)
{
    if (strcmp(method, "sim.describe") == 0)
        return describe(s, params, out, err);
    if (strcmp(method, "sim.state") == 0)
        return state(s, params, out, err);
    if (strcmp(method, "sim.fault") == 0)
        return fault(s, params, out, err);
    if (strcmp(method, "sim.clear") == 0)
        return clear(s, params, out, err);
    if (strcmp(method, "sim.remote") == 0)
        return remote(s, params, out, err);
    if (strcmp(method, "sim.plug") == 0)
        return plug(s, params, true, out, err);
    if (strcmp(method, "sim.unplug") == 0)
        return plug(s, params, false, out, err);
    if (strcmp(method, "sim.samples") == 0)
        return samples(s, params, out, err);
    if (strcmp(method, "sim.speed") == 0)
        return speed(s, params, out, err);
    *known = false;
    return 0;
}
