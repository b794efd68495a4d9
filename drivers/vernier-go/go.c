/* vernier-go: probes of Vernier's Go! family on USB: Go!Temp, Go!Link with its sensors, Go!Motion.
 *
 * They measure by themselves and send packets of one to three samples. What they measure is told as raw counts, with the
 * calibration from the sensor's own memory. docs: README.md.
 *
 * Source: lab-protocols.md 2.1. Not covered: writing the memories, stored runs and temperature of a Go!Motion, Mini GC. */
#include <stdio.h>
#include <string.h>

#include "go.h"

#define GOODBYE_NS (200 * LEC_MS) /* for the last two commands, each */

static const struct lec_option device_options[] = {
    {.name = "product",
     .type = LEC_OPT_CHOICE,
     .choices = "temp|link|motion",
     .required = true,
     .help = "which of the family it is"},
    {0},
};

static const struct lec_option point_options[] = {
    {.name = "read",
     .type = LEC_OPT_CHOICE,
     .choices = "samples|serial|sensor|version|memory|overflow|battery",
     .required = true,
     .help =
         "what the point tells: samples (with stream = yes), serial number, name of the sensor, version of its firmware, state of the "
         "sensor's memory (good, unchecked, bad, none), whether the device's buffer ran over, state of the battery "
         "(good, low, missing)"},
    {0},
};

static const char *const roles[GO_ROLES] = {"samples", "serial", "sensor", "version", "memory", "overflow", "battery"};
static const enum lec_type types[GO_ROLES] = {LEC_FLOAT, LEC_TEXT, LEC_TEXT, LEC_TEXT, LEC_ENUM, LEC_BOOL, LEC_ENUM};

/* ---- Profile -------------------------------------------------------------------------------------------------- */

static int prepare(const struct lec_device *desc, void *state, struct lec_report *report)
{
    struct go *g = state;
    int rc = 0;
    g->usb.watch = g->usb.timer = -1;
    g->model = go_model_named(lec_key_text(&desc->keys, "product", ""));
    if (!g->model)
        return LEC_E_CONFIG; /* config has told so */
    for (size_t i = 0; i < desc->n_points; i++) {
        const struct lec_point *p = &desc->points[i];
        const struct lec_key *key = lec_key_find(&p->keys, "read");
        size_t role = 0;
        while (key && role < GO_ROLES && strcmp(roles[role], key->value) != 0)
            role++;
        if (!key || role == GO_ROLES)
            continue;
        if (p->type != types[role])
            rc = lec_report_add(report, key->file, key->line, "%s is of type %s, not %s", roles[role],
                                lec_type_name(types[role]), lec_type_name(p->type));
        else if ((role == GO_SAMPLES_ROLE) != p->stream)
            rc = lec_report_add(report, key->file, key->line, "stream = yes belongs to the point that reads samples");
        else if (g->points[role])
            rc = lec_report_add(report, key->file, key->line, "%s is read by point %s already", roles[role],
                                g->points[role]->name);
        g->points[role] = p;
    }
    const char *path = desc->line && desc->line->kind == LEC_LINE_USB ? desc->line->path : "";
    char product[16];
    snprintf(product, sizeof product, "%04x:%04x", GO_VENDOR, g->model->product);
    if (*path && strncmp(path, product, 9) != 0)
        rc = lec_report_add(report, desc->file, desc->line_no, "a %s is usb://%s, not usb://%.9s", g->model->name,
                            product, path);
    if (strlen(path) > 10 && !lec_copy_utf8(g->wanted, sizeof g->wanted, path + 10, strlen(path + 10)))
        rc = lec_report_add(report, desc->file, desc->line_no, "its serial number has at most %d characters",
                            GO_SERIAL_MAX - 1);
    return rc;
}

/* ---- Open and close ------------------------------------------------------------------------------------------- */

static int set_led(struct lec_dev *dev, uint8_t colour, int64_t allowed_ns, struct lec_err *err)
{
    uint8_t args[] = {colour, colour == GO_LED_ORANGE ? 4 : 0x10};
    struct go_answer a;
    return go_ask(dev, GO_SET_LED, args, sizeof args, allowed_ns, &a, err);
}

static int begin(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    struct lec_err ignored;
    uint32_t ticks;
    int rc = go_learn(dev, err);
    if (rc < 0)
        return rc;
    rc = set_led(dev, GO_LED_GREEN, GO_REPLY_NS, &ignored);
    if (rc == LEC_E_LINK || rc == LEC_E_CANCELLED) { /* else: a probe without a light measures as well */
        *err = ignored;
        return rc;
    }
    if (*g->broken)
        return 0;
    /* Another sensor may be plugged into a Go!Link than the one for which the period was asked. */
    if (go_ticks(g, g->period_ns, &ticks, &ignored) < 0)
        (void)go_ticks(g, 0, &ticks, &ignored);
    if (g->points[GO_SAMPLES_ROLE])
        lec_dev_calibration(dev, g->points[GO_SAMPLES_ROLE], &g->calibration);
    return go_start(dev, ticks, err);
}

static int go_open(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    g->measures = false;
    g->block_flags = 0;
    int rc = go_find(dev, err);
    if (rc == 0)
        rc = begin(dev, err);
    if (rc < 0) {
        usb_end(&g->usb);
        return rc == LEC_E_BUSY || rc == LEC_E_NOTSUP ? lec_fail(err, LEC_E_LINK, "%s", err->text) : rc;
    }
    lec_dev_watch(dev, g->usb.watch);
    if (*g->broken && g->points[GO_SAMPLES_ROLE])
        lec_dev_publish_bad(dev, g->points[GO_SAMPLES_ROLE], g->broken);
    return 0;
}

static void go_close(struct lec_dev *dev)
{
    struct go *g = dev->state;
    struct lec_err ignored;
    struct go_answer a;
    if (!g->usb.gone && go_ask(dev, GO_STOP, NULL, 0, GOODBYE_NS, &a, &ignored) == 0)
        (void)set_led(dev, GO_LED_ORANGE, GOODBYE_NS, &ignored);
    g->measures = false;
    usb_end(&g->usb);
}

/* ---- Points --------------------------------------------------------------------------------------------------- */

static void tell_text(struct lec_dev *dev, const struct lec_point *p, const char *text, const char *none)
{
    struct lec_value v = lec_text(text);
    if (*text)
        lec_dev_publish(dev, p, &v);
    else
        lec_dev_drop(dev, p, none);
}

/* Another sensor in a Go!Link has another meaning: the device is greeted anew. */
static int look_at_sensor(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    uint32_t sensor = g->sensor;
    int rc = g->model->kind == GO_LINK ? go_sensor(dev, &sensor, err) : 0;
    if (rc == LEC_E_BUSY || rc == LEC_E_REFUSED || rc == LEC_E_NOTSUP) /* some do not tell while they measure */
        return 0;
    if (rc == 0 && sensor != g->sensor) {
        lec_line_broken(dev);
        return lec_fail(err, LEC_E_LINK, "another sensor was plugged into it");
    }
    return rc;
}

static void tell_state(struct lec_dev *dev, const struct lec_point *p, size_t role)
{
    static const char *const checked[] = {"good", "unchecked", "bad"};
    const struct go *g = dev->state;
    struct lec_value v;
    unsigned battery = (g->flags & GO_FLAG_BATTERY) >> 2;
    if (role == GO_OVERFLOW_ROLE)
        v = lec_bool(g->flags & GO_FLAG_OVERFLOW);
    else if (role == GO_BATTERY_ROLE)
        v = lec_enum(battery == 0 ? "good" : battery == 3 ? "missing" : "low");
    else
        v = lec_enum(g->has_memory ? checked[g->checked] : "none");
    lec_dev_publish(dev, p, &v);
}

static int go_poll(struct lec_dev *dev, const struct lec_point *const due[], size_t n, struct lec_err *err)
{
    struct go *g = dev->state;
    bool asked = false;
    for (size_t i = 0; i < n; i++) {
        size_t role = 0;
        while (role < GO_ROLES && g->points[role] != due[i])
            role++;
        int rc = 0;
        if (role == GO_SENSOR_ROLE)
            rc = look_at_sensor(dev, err);
        if ((role == GO_OVERFLOW_ROLE || role == GO_BATTERY_ROLE) && !asked) {
            rc = go_status(dev, err);
            asked = true;
            if (rc == 0 && (g->flags & GO_FLAG_OVERFLOW))
                g->block_flags |= LEC_BLOCK_OVERRUN;
        }
        if (rc < 0)
            return rc;
        if (role == GO_SAMPLES_ROLE && *g->broken)
            lec_dev_publish_bad(dev, due[i], g->broken);
        else if (role == GO_SERIAL_ROLE)
            tell_text(dev, due[i], g->serial, "it has no serial number");
        else if (role == GO_SENSOR_ROLE)
            tell_text(dev, due[i], g->memory.name, *g->broken ? g->broken : "it has no name");
        else if (role == GO_VERSION_ROLE)
            tell_text(dev, due[i], g->version, "it does not say");
        else if (role != GO_SAMPLES_ROLE && role < GO_ROLES)
            tell_state(dev, due[i], role);
    }
    return 0;
}

static int go_input(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    int rc = usb_pump(&g->usb, err);
    go_take_all(dev);
    return rc == 0 && g->usb.gone ? usb_pump(&g->usb, err) : rc;
}

static int go_rate(struct lec_dev *dev, const struct lec_point *point, int64_t period_ns, int64_t *granted_ns,
                   struct lec_err *err)
{
    struct go *g = dev->state;
    uint32_t ticks;
    if (point != g->points[GO_SAMPLES_ROLE])
        return lec_fail(err, LEC_E_NOTSUP, "only samples have a rate");
    if (*g->broken)
        return lec_fail(err, LEC_E_REFUSED, "%s", g->broken);
    int rc = go_ticks(g, period_ns, &ticks, err);
    if (rc == 0 && (ticks != g->ticks || !g->measures)) {
        rc = go_stop(dev, err);
        if (rc == 0)
            rc = go_start(dev, ticks, err);
    }
    if (rc < 0)
        return rc;
    g->period_ns = period_ns;
    *granted_ns = (int64_t)g->ticks * g->model->tick_ns;
    return 0;
}

LEC_DRIVER = {
    LEC_DRIVER_HEAD,
    .schema = {.name = "vernier-go",
               .summary = "Vernier Go!Temp, Go!Link and Go!Motion on USB",
               .lines = "usb",
               .device_options = device_options,
               .point_options = point_options,
               .state_size = sizeof(struct go),
               .prepare = prepare},
    .open = go_open,
    .poll = go_poll,
    .input = go_input,
    .close = go_close,
    .rate = go_rate,
};
