/* Compiles a profile's keys into struct modbus. All mistakes of a device are told at once, each at its key. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <modbus.h>

#include "prepare.h"

#define DEFAULT_BAUD    9600
#define FRAME_MAX_BYTES 256

static void mistake(struct prep *p, const char *file, int line, const char *text)
{
    lec_report_add(p->report, file, line, "%s", text);
    if (p->rc == 0)
        p->rc = LEC_E_CONFIG;
}

/* A mistake in a key, or, when it is not written, in the section that should have it. */
void mb_wrong(struct prep *p, const struct subject *s, const char *key, const char *fmt, ...)
{
    char text[LEC_ERR_TEXT + 64];
    const struct lec_key *k = lec_key_find(s->keys, key);
    int n = snprintf(text, sizeof text, "%s: %s: ", s->name, key);
    if (n < 0 || (size_t)n >= sizeof text)
        n = 0;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text + n, sizeof text - (size_t)n, fmt, ap);
    va_end(ap);
    mistake(p, k && k->line ? k->file : s->file, k && k->line ? k->line : s->line, text);
}

void mb_parsed(struct prep *p, const struct subject *s, const char *key, int rc, const struct lec_err *err)
{
    if (rc == LEC_E_NOMEM)
        p->rc = rc;
    else if (rc < 0)
        mb_wrong(p, s, key, "%s", err->text);
}

static struct subject device_subject(const struct lec_device *desc)
{
    return (struct subject){.name = desc->name, .keys = &desc->keys, .file = desc->file, .line = desc->line_no};
}

struct subject mb_point_subject(const struct lec_point *pt)
{
    return (struct subject){.name = pt->name,
                            .keys = &pt->keys,
                            .file = pt->file,
                            .line = pt->line,
                            .type = pt->type,
                            .choices = pt->choices,
                            .n_choices = pt->n_choices,
                            .settable = pt->settable,
                            .n_settable = pt->n_settable};
}

const char *mb_text(const struct subject *s, const char *key)
{
    return lec_key_text(s->keys, key, NULL);
}

int64_t mb_number(struct prep *p, const struct subject *s, const char *key, int64_t min, int64_t max, int64_t fallback)
{
    int64_t v = fallback;
    const char *text = mb_text(s, key);
    if (text && lec_parse_int(text, min, max, &v) < 0)
        mb_wrong(p, s, key, "\"%s\" is not a whole number from %lld to %lld", text, (long long)min, (long long)max);
    return v;
}

int64_t mb_duration(struct prep *p, const struct subject *s, const char *key, int64_t min, int64_t max,
                    int64_t fallback)
{
    int64_t v = fallback;
    const char *text = mb_text(s, key);
    char low[32], high[32];
    if (text && (lec_parse_duration(text, &v) < 0 || v < min || v > max))
        mb_wrong(p, s, key, "\"%s\" is not a time from %s to %s", text, lec_print_duration(min, low, sizeof low),
                 lec_print_duration(max, high, sizeof high));
    return v;
}

bool mb_among(const char *name, const char *const names[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

bool mb_prepare_place(struct prep *p, const struct subject *s, const char *key, struct mb_place *out)
{
    struct lec_err err;
    int rc = mb_parse_place(mb_text(s, key), &p->order, out, &err);
    mb_parsed(p, s, key, rc, &err);
    if (rc < 0)
        return false;
    bool manual = (out->table == MB_HOLDING && out->addr > 40000 && out->addr < 50000) ||
                  (out->table == MB_INPUT && out->addr > 30000 && out->addr < 40000);
    const struct lec_key *k = lec_key_find(s->keys, key);
    if (manual)
        lec_report_warn(p->report, k->file, k->line,
                        "%s: %s: if %u is a number from a manual, its first digit names the kind and it counts from 1: "
                        "write %s %u",
                        s->name, key, out->addr, mb_table_name(out->table), out->addr % 10000u - 1u);
    return true;
}

/* ---- The device --------------------------------------------------------------------------------------------- */

/* Rows of a schema give the defaults where config is at work; here is for tests and for lone profiles. */
static void prepare_framing(struct prep *p, const struct subject *s)
{
    const char *framing = lec_key_text(s->keys, "framing", "auto");
    const struct lec_line *line = p->desc->line;
    if (strcmp(framing, "rtu") == 0)
        p->m->rtu = true;
    else if (strcmp(framing, "tcp") == 0)
        p->m->rtu = false;
    else if (strcmp(framing, "auto") == 0)
        p->m->rtu = !line || line->kind != LEC_LINE_TCP;
    else
        mb_wrong(p, s, "framing", "\"%s\" is not auto, tcp or rtu", framing);
    if (line && !p->m->rtu && line->kind != LEC_LINE_TCP)
        mb_wrong(p, s, "framing", "tcp needs a line over the network");
    unsigned baud = line && line->baud ? line->baud : DEFAULT_BAUD;
    unsigned bits = line && line->bits ? 1u + line->bits + (line->parity != 'N') + line->stop : 11;
    p->m->byte_ns = p->m->rtu ? LEC_SEC * bits / baud : 0;
    p->m->quiet_ns = p->m->rtu ? LEC_SEC * FRAME_MAX_BYTES * 11 / baud : 0;
}

static void prepare_unit(struct prep *p, const struct subject *s)
{
    int fallback = p->m->rtu ? 1 : MB_UNIT_TCP;
    p->m->unit = (int)mb_number(p, s, "slave", 0, 255, fallback);
    if (!mb_text(s, "slave") && p->m->rtu && p->desc->line)
        mb_wrong(p, s, "slave", "which unit of the line is it? Add &slave=1 (to 247) to the line");
    if (p->m->unit > MB_UNIT_MAX && (p->m->rtu || p->m->unit != MB_UNIT_TCP))
        mb_wrong(
            p, s, "slave",
            "units above %d cannot be asked (libmodbus refuses the reserved addresses; 248 is the PZEM's and 254 the "
            "Senseair's \"any unit\"): give the unit an address of its own from 1 to %d and write that here",
            MB_UNIT_MAX, MB_UNIT_MAX);
}

/* Whether another device of the line is the same unit (a board that serves a screen and the lights). */
static bool shares_unit(const struct lec_device *desc)
{
    const struct lec_line *line = desc->line;
    const char *own = lec_key_text(&desc->keys, "slave", "");
    for (size_t i = 0; line && i < line->n_devices; i++) {
        const struct lec_device *other = line->devices[i];
        if (other != desc && strcmp(other->driver, desc->driver) == 0 &&
            strcmp(lec_key_text(&other->keys, "slave", ""), own) == 0)
            return true;
    }
    return false;
}

static void prepare_device(struct prep *p)
{
    struct subject s = device_subject(p->desc);
    struct modbus *m = p->m;
    struct lec_err err;
    prepare_framing(p, &s);
    prepare_unit(p, &s);
    m->shares_unit = shares_unit(p->desc);
    m->limits = (struct mb_limits){
        .max_registers = (unsigned)mb_number(p, &s, "max registers", 1, MODBUS_MAX_READ_REGISTERS, 60),
        .max_bits = (unsigned)mb_number(p, &s, "max bits", 1, MODBUS_MAX_READ_BITS, MODBUS_MAX_READ_BITS),
        .gap_registers = (unsigned)mb_number(p, &s, "gap registers", 0, MODBUS_MAX_READ_REGISTERS, 10),
        .gap_bits = (unsigned)mb_number(p, &s, "gap bits", 0, MODBUS_MAX_READ_BITS, 160),
        .holes = &m->holes,
    };
    mb_parsed(p, &s, "holes", mb_parse_holes(lec_key_text(s.keys, "holes", "no"), &m->holes, &err), &err);
    mb_parsed(p, &s, "order", mb_parse_order(lec_key_text(s.keys, "order", "ABCD"), &p->order, &err), &err);
}

/* ---- Points ------------------------------------------------------------------------------------------------- */

static void prepare_points(struct prep *p)
{
    const struct lec_device *desc = p->desc;
    struct modbus *m = p->m;
    for (size_t i = 0; i < desc->n_points; i++)
        if (mb_is_motor(&desc->points[i]))
            mb_prepare_motor(p, &desc->points[i], &m->pairs[m->n_pairs++]);
    for (size_t i = 0; i < desc->n_points; i++) {
        const struct lec_point *pt = &desc->points[i];
        struct mb_point *out = &m->points[i];
        if (mb_is_motor(pt))
            out->pair = mb_pair_of(p, pt->name);
        else if (lec_key_find(&pt->keys, "fault of"))
            mb_prepare_fault(p, pt, out);
        else
            mb_prepare_value(p, pt, &out->codec);
    }
}

/* ---- Items -------------------------------------------------------------------------------------------------- */

static void add_item(struct modbus *m, size_t point, const struct mb_place *place, unsigned role)
{
    m->items[m->n_items++] = (struct mb_item){.table = place->table,
                                              .addr = place->addr,
                                              .count = place->count,
                                              .point = (uint16_t)point,
                                              .role = (uint8_t)role};
}

static void make_items(struct modbus *m)
{
    for (size_t i = 0; i < m->n_points; i++) {
        struct mb_point *pt = &m->points[i];
        const struct mb_pair *pair = pt->pair ? pt->pair : pt->fault_of;
        pt->first_item = (uint32_t)m->n_items;
        for (unsigned w = 0; pair && w < MB_MOTOR_WAYS; w++) {
            add_item(m, i, &pair->way[w].coil, 2 * w);
            if (pair->way[w].has_end)
                add_item(m, i, &pair->way[w].end, 2 * w + 1);
        }
        if (!pair && pt->codec.readable)
            add_item(m, i, &pt->codec.read, 0);
        pt->n_items = (uint32_t)m->n_items - pt->first_item;
    }
}

/* ---- All of it ---------------------------------------------------------------------------------------------- */

static int allocate(struct modbus *m, const struct lec_device *desc)
{
    size_t motors = 0;
    for (size_t i = 0; i < desc->n_points; i++)
        motors += mb_is_motor(&desc->points[i]);
    m->n_points = desc->n_points;
    m->n_actions = desc->n_actions;
    m->points = calloc(desc->n_points + 1, sizeof *m->points);
    m->actions = calloc(desc->n_actions + 1, sizeof *m->actions);
    m->pairs = calloc(motors + 1, sizeof *m->pairs);
    m->items = calloc(2 * MB_MOTOR_WAYS * desc->n_points + 1, sizeof *m->items);
    return m->points && m->actions && m->pairs && m->items ? 0 : LEC_E_NOMEM;
}

int mb_prepare(const struct lec_device *desc, void *state, struct lec_report *report)
{
    struct modbus *m = state;
    struct prep p = {.desc = desc, .m = m, .report = report, .order = {"ABCD"}};
    if (allocate(m, desc) < 0)
        return LEC_E_NOMEM;
    prepare_device(&p);
    prepare_points(&p);
    mb_check_motor_coils(&p);
    for (size_t i = 0; i < desc->n_actions; i++)
        mb_prepare_action(&p, &desc->actions[i], &m->actions[i]);
    if (p.rc == 0)
        make_items(m);
    return p.rc;
}

static void free_codec(struct mb_codec *c)
{
    mb_free_codes(&c->codes);
    mb_free_codes(&c->write_codes);
    mb_free_missing(c->missing, c->n_missing);
}

void mb_release(void *state)
{
    struct modbus *m = state;
    for (size_t i = 0; m->points && i < m->n_points; i++)
        free_codec(&m->points[i].codec);
    for (size_t i = 0; m->actions && i < m->n_actions; i++)
        free_codec(&m->actions[i].codec);
    if (m->items)
        mb_forget(m);
    free(m->points);
    free(m->actions);
    free(m->pairs);
    free(m->items);
    free(m->holes.at);
    *m = (struct modbus){0};
}
