/* modbus - Modbus RTU and TCP units, each described by a profile. README.md is the manual for profiles.
 * Source: MODBUS Application Protocol 1.1b3, MODBUS over Serial Line 1.02; libmodbus 3.1.6 as measured. */
#include <string.h>

#include "exchange.h"

static int driver_open(struct lec_dev *dev, struct lec_err *err)
{
    struct modbus *m = dev->state;
    mb_forget(m);
    for (size_t i = 0; i < m->n_pairs; i++)
        mb_pair_reset(&m->pairs[i]);
    return mb_context_open(m, err);
}

static void driver_close(struct lec_dev *dev)
{
    struct modbus *m = dev->state;
    m->allowed_ns = lec_line_left(dev);
    /* When the daemon stops, nobody would be there to end a travel. A reconnect goes on watching it instead. */
    bool stopping = m->n_pairs > 0 && lec_dev_pause(dev, LEC_MS, NULL) == LEC_E_CANCELLED;
    for (size_t i = 0; stopping && i < m->n_pairs; i++)
        if (m->pairs[i].driving >= 0)
            (void)mb_pair_stop(dev, &m->pairs[i], NULL);
    mb_context_close(m);
}

static int write_register(struct lec_dev *dev, const struct mb_codec *c, uint64_t raw, struct lec_err *err)
{
    uint16_t regs[MB_TEXT_REGISTERS] = {0};
    const struct mb_place *w = &c->write;
    if (c->with == MB_MASK) {
        mb_spread(w, raw, regs);
        uint16_t own = (uint16_t)(((1u << w->bits) - 1) << w->bit);
        return mb_write_mask(dev, w->addr, (uint16_t)~own, regs[0], err);
    }
    if (w->bits) { /* the other bits of the register stay as they are now */
        int rc = mb_read(dev, MB_HOLDING, w->addr, 1, regs, NULL, err);
        if (rc < 0)
            return lec_because(err, "reading the other bits");
    }
    mb_spread(w, raw, regs);
    return mb_write_registers(dev, w->addr, w->count, regs, c->with == MB_SINGLE, err);
}

static int write_value(struct lec_dev *dev, const struct mb_codec *c, const struct lec_value *value,
                       struct lec_err *err)
{
    const struct mb_place *w = &c->write;
    if (w->form == MB_TEXT) {
        uint16_t regs[MB_TEXT_REGISTERS];
        int rc = mb_encode_text(c, value, regs, err);
        return rc < 0 ? rc : mb_write_registers(dev, w->addr, w->count, regs, c->with == MB_SINGLE, err);
    }
    uint64_t raw;
    int rc = mb_encode(c, value, &raw, err);
    if (rc < 0)
        return rc;
    if (w->table == MB_COIL)
        return mb_write_coils(dev, w->addr, w->count, raw != 0, c->with == MB_SINGLE, err);
    return write_register(dev, c, raw, err);
}

static int driver_write(struct lec_dev *dev, const struct lec_point *point, const struct lec_value *value,
                        struct lec_err *err)
{
    struct modbus *m = dev->state;
    const struct mb_point *p = &m->points[point->index];
    m->allowed_ns = lec_line_left(dev);
    if (!p->pair)
        return write_value(dev, &p->codec, value, err);
    for (int way = 0; way < MB_MOTOR_WAYS; way++)
        if (strcmp(p->pair->way[way].choice, value->s) == 0)
            return mb_pair_drive(dev, p->pair, way, err);
    return mb_pair_stop(dev, p->pair, err);
}

static int driver_invoke(struct lec_dev *dev, const struct lec_action *action, const struct lec_value args[],
                         struct lec_err *err)
{
    struct modbus *m = dev->state;
    const struct mb_action *a = &m->actions[action->index];
    m->allowed_ns = lec_line_left(dev);
    switch (a->kind) {
    case MB_ACT_WRITE:
        return write_value(dev, &a->codec, a->has_value ? &a->value : &args[0], err);
    case MB_ACT_STOP:
        return mb_pair_stop(dev, a->pair, err);
    case MB_ACT_FUNCTION:
        return mb_function(dev, a->function, err);
    }
    return lec_fail(err, LEC_E_BUG, "%s: an action of no kind", action->name);
}

#define PLACE_HELP "kind, address, format, order of bytes: input 0x0034 f32 CDAB"

static const struct lec_option device_options[] = {
    {.name = "slave",
     .type = LEC_OPT_INT,
     .min = 0,
     .max = 255,
     .help = "unit of the line, 1 to 247; 0: all at once, for writing; TCP: 255"},
    {.name = "framing",
     .type = LEC_OPT_CHOICE,
     .choices = "auto|tcp|rtu",
     .initial = "auto",
     .help = "rtu: serial frames over a network line"},
    {.name = "max registers",
     .type = LEC_OPT_INT,
     .min = 1,
     .max = 125,
     .initial = "60",
     .help = "most registers that the unit gives in one answer"},
    {.name = "max bits",
     .type = LEC_OPT_INT,
     .min = 1,
     .max = 2000,
     .initial = "2000",
     .help = "most coils or discrete inputs in one answer"},
    {.name = "gap registers",
     .type = LEC_OPT_INT,
     .min = 0,
     .max = 125,
     .initial = "10",
     .help = "unused registers that are read in passing to save a request"},
    {.name = "gap bits",
     .type = LEC_OPT_INT,
     .min = 0,
     .max = 2000,
     .initial = "160",
     .help = "the same for coils and discrete inputs"},
    {.name = "holes",
     .type = LEC_OPT_TEXT,
     .initial = "no",
     .help = "addresses not to be read in passing: no, yes (any), or \"input 0x14-0x17, holding 5\""},
    {.name = "order",
     .type = LEC_OPT_CHOICE,
     .choices = "ABCD|CDAB|BADC|DCBA",
     .initial = "ABCD",
     .help = "how 32- and 64-bit numbers come, A the most significant byte"},
    {0},
};

static const struct lec_option point_options[] = {
    {.name = "register", .type = LEC_OPT_TEXT, .help = PLACE_HELP},
    {.name = "write", .type = LEC_OPT_TEXT, .help = "where to write, if not where it is read"},
    {.name = "write with",
     .type = LEC_OPT_CHOICE,
     .choices = "single|multiple|mask",
     .help = "function 05/06, 0F/10, or 16 for bits"},
    {.name = "scale", .type = LEC_OPT_TEXT, .help = "the number is multiplied by it: 0.1"},
    {.name = "offset", .type = LEC_OPT_TEXT, .help = "then this is added: -40"},
    {.name = "missing", .type = LEC_OPT_TEXT, .help = "raw values that mean \"none\": 0x8000, 0x7FFF:sensor fault"},
    {.name = "codes", .type = LEC_OPT_TEXT, .help = "raw values of a bool or enum: off:0, on:1, other:*"},
    {.name = "write codes", .type = LEC_OPT_TEXT, .help = "what is written, if not what is read"},
    {.name = "invert", .type = LEC_OPT_BOOL, .help = "bool: 0 is true"},
    {.name = "motor *", .type = LEC_OPT_TEXT, .help = "relay that drives towards this choice: coil 0"},
    {.name = "end *", .type = LEC_OPT_TEXT, .help = "switch that tells that it is there: discrete 0"},
    {.name = "travel",
     .type = LEC_OPT_DURATION,
     .min = 1,
     .max = 600,
     .help = "longest time that a motor's relay stays on"},
    {.name = "reverse after",
     .type = LEC_OPT_DURATION,
     .min = 0.5,
     .max = 2,
     .help = "pause before the other direction; 500ms"},
    {.name = "fault of", .type = LEC_OPT_TEXT, .help = "point with a motor: error when it did not reach its end"},
    {0},
};

static const struct lec_option action_options[] = {
    {.name = "write", .type = LEC_OPT_TEXT, .help = PLACE_HELP},
    {.name = "write with",
     .type = LEC_OPT_CHOICE,
     .choices = "single|multiple|mask",
     .help = "function 05/06, 0F/10, or 16 for bits"},
    {.name = "value", .type = LEC_OPT_TEXT, .help = "what is written; left out: the action's argument"},
    {.name = "scale", .type = LEC_OPT_TEXT, .help = "of the argument, as at a point"},
    {.name = "offset", .type = LEC_OPT_TEXT, .help = "of the argument, as at a point"},
    {.name = "codes", .type = LEC_OPT_TEXT, .help = "of the argument, as at a point"},
    {.name = "stop", .type = LEC_OPT_TEXT, .help = "point with a motor: both relays off"},
    {.name = "function",
     .type = LEC_OPT_INT,
     .min = 1,
     .max = 127,
     .help = "a bare function code, answered by its echo: 0x42"},
    {0},
};

LEC_DRIVER = {
    LEC_DRIVER_HEAD,
    .schema = {.name = "modbus",
               .summary = "Modbus RTU and TCP units: meters, sensors, relay boards",
               .lines = "tcp|serial|pty",
               .shares_line = true,
               .device_options = device_options,
               .point_options = point_options,
               .action_options = action_options,
               .state_size = sizeof(struct modbus),
               .prepare = mb_prepare,
               .release = mb_release},
    .open = driver_open,
    .poll = mb_poll,
    .write = driver_write,
    .invoke = driver_invoke,
    .close = driver_close,
};
