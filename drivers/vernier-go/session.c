#include <stdio.h>
#include <string.h>

#include "go.h"

#define QUIET_NS       (10 * LEC_MS) /* so long without a packet: what was under way before us is over */
#define DRAIN_NS       (3 * LEC_SEC) /* after which a device that never stops is told to, all the same */
#define INIT_NS        (6 * LEC_SEC) /* a Go!Link starts its own parts first */
#define INIT_EVERY     (400 * LEC_MS)
#define SHOWN_MAX      4  /* serial numbers of others in a sentence */
#define OWN_SENSORS    20 /* sensors from this number on have a memory */
#define NOTHING_SENSOR 0

static int told_no(struct go_answer *a, struct lec_err *err)
{
    uint8_t status = a->n > 0 ? a->data[0] : 0;
    int code = LEC_E_REFUSED;
    if (status == GO_NOT_READY || status == 0x40 || status == 0x41)
        code = LEC_E_BUSY;
    else if (status == GO_NOT_SUPPORTED)
        code = LEC_E_NOTSUP;
    else if (status == GO_BAD_PARAMETER)
        code = LEC_E_RANGE;
    return lec_fail(err, code, "%s (status %02X)", go_status_text(status), status);
}

int go_ask(struct lec_dev *dev, enum go_command command, const uint8_t *args, size_t n, int64_t allowed_ns,
           struct go_answer *out, struct lec_err *err)
{
    struct go *g = dev->state;
    uint8_t bytes[GO_PACKET];
    int64_t deadline = lec_now() + allowed_ns;
    go_take_all(dev); /* a late answer to the last question is none to this one */
    go_command_write(command, args, n, bytes);
    go_answer_begin(out, command);
    int rc = usb_send(&g->usb, dev, bytes, deadline, err);
    while (rc == 0 && !out->done) {
        struct usb_packet got;
        struct go_packet p;
        rc = usb_recv(&g->usb, dev, &got, deadline, err);
        if (rc < 0)
            break;
        if (go_packet_read(g->model->kind, got.p, got.n, &p) != GO_REPLY || !go_answer_take(out, &p))
            go_heard(dev, &got);
    }
    if (rc == LEC_E_TIMEOUT) {
        char text[32];
        (void)lec_fail(err, rc, "no reply in %s", lec_print_duration(allowed_ns, text, sizeof text));
    }
    if (rc == 0 && out->bad)
        rc = told_no(out, err);
    return rc < 0 ? lec_because(err, "command %02X", command) : 0;
}

/* The same for answers of a known length. */
static int ask_for(struct lec_dev *dev, enum go_command command, size_t want, struct go_answer *a, struct lec_err *err)
{
    int rc = go_ask(dev, command, NULL, 0, GO_REPLY_NS, a, err);
    if (rc == 0 && a->n < want)
        rc = lec_fail(err, LEC_E_FRAME, "command %02X: %zu bytes of %zu", command, a->n, want);
    return rc;
}

/* ---- Greeting ------------------------------------------------------------------------------------------------- */

/* Whoever used it before may have left it measuring. */
static int drain(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    int64_t end = lec_now() + DRAIN_NS;
    int rc = 0;
    while (rc == 0 && lec_now() < end) {
        struct usb_packet waste;
        rc = usb_recv(&g->usb, dev, &waste, lec_now() + QUIET_NS, err);
    }
    return rc == LEC_E_TIMEOUT ? 0 : rc;
}

static int init(struct lec_dev *dev, struct lec_err *err)
{
    static const uint8_t link[] = {1}, motion[] = {2, 0};
    struct go *g = dev->state;
    struct go_answer a;
    int64_t end = lec_now() + (g->model->kind == GO_LINK ? INIT_NS : GO_REPLY_NS);
    const uint8_t *args = g->model->kind == GO_LINK ? link : motion;
    size_t n = g->model->kind == GO_LINK ? sizeof link : g->model->kind == GO_MOTION ? sizeof motion : 0;
    for (;;) {
        int rc = go_ask(dev, GO_INIT, args, n, GO_REPLY_NS, &a, err);
        if (rc != LEC_E_BUSY || lec_now() + INIT_EVERY > end)
            return rc;
        rc = lec_dev_pause(dev, INIT_EVERY, err);
        if (rc < 0)
            return rc;
    }
}

int go_status(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    struct go_answer a;
    int rc = ask_for(dev, GO_GET_STATUS, 3, &a, err);
    if (rc < 0)
        return rc;
    g->flags = a.data[0];
    snprintf(g->version, sizeof g->version, "%x.%02x", a.data[2], a.data[1]); /* both in BCD */
    return 0;
}

static int read_serial(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    struct go_answer a;
    g->serial[0] = '\0';
    if (g->model->kind == GO_MOTION) { /* knows no such command: what its USB descriptor says, if anything */
        (void)lec_copy_utf8(g->serial, sizeof g->serial, g->usb.serial, strlen(g->usb.serial));
        return 0;
    }
    int rc = ask_for(dev, GO_GET_SERIAL, 6, &a, err);
    if (rc == LEC_E_NOTSUP)
        return 0;
    if (rc == 0)
        snprintf(g->serial, sizeof g->serial, "%02x%02x-%u", a.data[1], a.data[0], (unsigned)go_get_u32(a.data + 2));
    return rc;
}

/* Whether another line of the room asks for exactly this one. */
static bool somebody_elses(const struct lec_dev *dev, const char *serial)
{
    const struct lec_room *room = dev->desc->room;
    for (size_t i = 0; *serial && i < room->n_lines; i++) {
        const struct lec_line *line = &room->lines[i];
        const char *slash = line->kind == LEC_LINE_USB && line != dev->desc->line ? strchr(line->path, '/') : NULL;
        if (slash && strcmp(slash + 1, serial) == 0 && strncmp(line->path, dev->desc->line->path, 9) == 0)
            return true;
    }
    return false;
}

static int greet(struct lec_dev *dev, struct lec_err *err)
{
    int rc = drain(dev, err);
    if (rc == 0)
        rc = init(dev, err);
    if (rc == 0)
        rc = go_status(dev, err);
    return rc == 0 ? read_serial(dev, err) : rc;
}

int go_find(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    struct lec_err why = {.text = ""};
    char others[SHOWN_MAX * (GO_SERIAL_MAX + 2)] = "";
    size_t n_others = 0, len = 0;
    int rc = usb_begin(&g->usb, err);
    while (rc == 0 && (rc = usb_next(&g->usb, dev, g->model->product, &why)) == 1) {
        rc = greet(dev, &why);
        if (rc == LEC_E_CANCELLED)
            break;
        if (rc == 0 && (*g->wanted ? strcmp(g->serial, g->wanted) == 0 : !somebody_elses(dev, g->serial)))
            return 0;
        if (rc == 0 && n_others++ < SHOWN_MAX)
            len += (size_t)snprintf(others + len, sizeof others - len, "%s%s", len ? ", " : "", g->serial);
        rc = 0; /* the next one */
    }
    if (rc < 0)
        return *why.text ? lec_fail(err, rc, "%s", why.text) : rc;
    if (*why.text && n_others == 0)
        return lec_fail(err, LEC_E_LINK, "a %s is plugged in, but %s", g->model->name, why.text);
    if (n_others > 0)
        return lec_fail(err, LEC_E_LINK, "no %s %s is plugged in, only %s", g->model->name,
                        *g->wanted ? g->wanted : "that is free", others);
    return lec_fail(err, LEC_E_LINK, "no %s%s%s is plugged in", g->model->name, *g->wanted ? " " : "", g->wanted);
}

/* ---- Learning ------------------------------------------------------------------------------------------------- */

static int read_memory(struct lec_dev *dev, enum go_command command, uint8_t *out, size_t n, struct lec_err *err)
{
    uint8_t args[] = {0, (uint8_t)n};
    struct go_answer a;
    int rc = go_ask(dev, command, args, sizeof args, GO_MEMORY_NS, &a, err);
    if (rc == 0 && a.n != n)
        rc = lec_fail(err, LEC_E_FRAME, "its memory came with %zu bytes of %zu", a.n, n);
    if (rc == 0)
        memcpy(out, a.data, n);
    return rc;
}

int go_sensor(struct lec_dev *dev, uint32_t *out, struct lec_err *err)
{
    struct go_answer a;
    int rc = ask_for(dev, GO_GET_SENSOR, 4, &a, err);
    if (rc == 0)
        *out = go_get_u32(a.data);
    return rc;
}

static int learn_temp(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    uint8_t bytes[GO_MEMORY];
    int rc = read_memory(dev, GO_READ_LOCAL, bytes, sizeof bytes, err);
    if (rc < 0)
        return rc;
    g->has_memory = true;
    g->checked = go_memory_read(bytes, &g->memory);
    if (g->checked == GO_MEMORY_BAD) /* all of them convert alike, so that nothing is lost */
        go_memory_of_temp(&g->memory);
    return 0;
}

static int learn_link(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    uint8_t flash[GO_FLASH], bytes[GO_MEMORY];
    int rc = read_memory(dev, GO_READ_LOCAL, flash, sizeof flash, err);
    if (rc == 0)
        rc = go_sensor(dev, &g->sensor, err);
    if (rc < 0)
        return rc;
    go_flash_read(flash, &g->flash);
    if (g->sensor >= OWN_SENSORS) {
        rc = read_memory(dev, GO_READ_REMOTE, bytes, sizeof bytes, err);
        if (rc < 0)
            return rc;
        g->has_memory = true;
        g->checked = go_memory_read(bytes, &g->memory);
        if (g->checked == GO_MEMORY_BAD)
            snprintf(g->broken, sizeof g->broken, "the sensor's memory makes no sense, so its values have no meaning");
    } else if (g->sensor == NOTHING_SENSOR) {
        snprintf(g->broken, sizeof g->broken, "no sensor is plugged into it");
    } else if (!go_memory_default(g->sensor, &g->memory)) {
        snprintf(g->broken, sizeof g->broken, "sensor %u is not known here", (unsigned)g->sensor);
    }
    uint8_t input[] = {(uint8_t)(g->memory.input == GO_INPUT_10V ? GO_INPUT_10V : GO_INPUT_5V)};
    struct go_answer a;
    return go_ask(dev, GO_SET_INPUT, input, sizeof input, GO_REPLY_NS, &a, err);
}

int go_learn(struct lec_dev *dev, struct lec_err *err)
{
    struct go *g = dev->state;
    struct lec_err why;
    int rc = 0;
    g->has_memory = false;
    g->broken[0] = '\0';
    g->flash = (struct go_flash){0};
    g->memory = (struct go_memory){.input = GO_INPUT_5V};
    if (g->model->kind == GO_MOTION) {
        lec_calibration_none(&g->calibration);
        g->calibration.scale = 1e-6; /* it tells micrometres */
        snprintf(g->calibration.unit, sizeof g->calibration.unit, "m");
        snprintf(g->calibration.source, sizeof g->calibration.source, "sensor");
        snprintf(g->memory.name, sizeof g->memory.name, "%s", g->model->name);
        g->memory.typical_s = 0.05;
        return 0;
    }
    rc = g->model->kind == GO_TEMP ? learn_temp(dev, err) : learn_link(dev, err);
    if (rc == 0 && !*g->broken && go_calibration(&g->memory, &g->calibration, &why) < 0)
        snprintf(g->broken, sizeof g->broken, "%s", why.text);
    return rc;
}
