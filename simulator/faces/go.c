/* Vernier Go!Temp, Go!Link and Go!Motion on USB. Source: lab-protocols.md 2.1. They measure by their own clock (trait
 * drift, in ppm), which the simulator's speed does not change; the experiment before them it does.
 *
 * Faults besides the usual: busy (not ready), refuse, checksum (of the memory), lost (packets counted, but not sent),
 * stall. Not covered: writing memories, stored runs and temperature of a Go!Motion. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/go.h"
#include "usb.h"

#define PACKET 8
#define MEMORY 128

enum {
    OK = 0x00,
    NOT_READY = 0x30,
    UNKNOWN = 0x31,
    PERIOD_BLOCKED = 0x34,
    READ_BLOCKED = 0x35,
    BAD = 0x36,
    BLOCKED = 0x37
};

struct probe {
    struct sim_box *box;
    struct loop_timer timer;
    uint32_t ticks;
    uint8_t counter;
    uint64_t k;      /* the next sample since START */
    int64_t started; /* monotonic */
    uint8_t input;   /* of a link: 1 +-10 V, 2 0..5 V */
    uint8_t led[2];
    uint8_t serial[6]; /* week, year, counter */
};

static struct sim_device *device(const struct probe *p)
{
    return p->box->devices;
}

static const struct sim_go *state(const struct probe *p)
{
    return device(p)->state;
}

static double tick_s(const struct probe *p)
{
    return state(p)->kind == SIM_GO_TEMP ? 128e-6 : 1e-3;
}

static uint32_t least_ticks(const struct probe *p)
{
    static const uint32_t least[] = {[SIM_GO_TEMP] = 3906, [SIM_GO_LINK] = 5, [SIM_GO_MOTION] = 20};
    return least[state(p)->kind];
}

static uint32_t most_ticks(const struct probe *p)
{
    static const uint32_t most[] = {[SIM_GO_TEMP] = 0xFFFFFF, [SIM_GO_LINK] = 65535, [SIM_GO_MOTION] = 180000};
    return most[state(p)->kind];
}

static uint32_t usual_ticks(const struct probe *p)
{
    static const uint32_t usual[] = {[SIM_GO_TEMP] = 3906, [SIM_GO_LINK] = 100, [SIM_GO_MOTION] = 50};
    return usual[state(p)->kind];
}

static void note(const struct probe *p, const char *field, struct lec_value v)
{
    (void)sim_set(device(p), field, v);
}

/* ---- Samples -------------------------------------------------------------------------------------------------- */

/* Fast links put three samples into a packet. */
static unsigned in_packet(const struct probe *p)
{
    return state(p)->kind == SIM_GO_LINK && p->ticks <= 20 ? 3 : 1;
}

static int64_t when(const struct probe *p, uint64_t k)
{
    double real = (double)p->ticks * tick_s(p) / (1 + state(p)->drift * 1e-6);
    return p->started + (int64_t)((double)k * real * 1e9);
}

/* What a link's converter gives for a right count: it is a little wrong, and its flash memory says by how much. */
static const double flash_slope = 1.00390625;
static const int flash_offset = 12;

static int32_t convert(const struct probe *p, double value)
{
    const struct sim_go *s = state(p);
    const struct sim_go_sensor *sensor = sim_go_sensor(s);
    if (s->kind == SIM_GO_MOTION)
        return (int32_t)lround(fmin(fmax(value, 0), 2000) * 1e6);
    double volts = sensor ? sim_go_volts(sensor, value) : 0;
    if (sensor && sensor->quantity && strcmp(sensor->quantity, "temperature") == 0 && sensor->number == 60)
        return (int32_t)lround(value * 128);
    double count = p->input == 1 && s->kind == SIM_GO_LINK ? volts / 10 * 32768 : (volts - 2.5) / 2.5 * 32768;
    if (s->kind == SIM_GO_LINK)
        count = count / flash_slope - flash_offset;
    return (int32_t)lround(fmin(fmax(count, -32768), 32767));
}

static int32_t sample(const struct probe *p, uint64_t k)
{
    struct sim_device *d = device(p);
    const struct sim_go *s = sim_view(d);
    struct lec_value truth;
    const char *quantity = sim_go_quantity(s);
    int64_t late = loop_now(d->sim->loop) - when(p, k);
    double t = ((double)sim_model_now(d->sim) - (double)late * loop_speed(d->sim->loop)) / 1e9;
    double value = physics_sample(&s->physics, quantity, t, k);
    /* A lie about `value` is told in place of it. */
    if (sim_truth(d, "value", &truth) && fabs(truth.f - s->value) > 0)
        value = s->value;
    return convert(p, isfinite(value) ? value : 0);
}

static void send_packet(struct probe *p)
{
    struct sim_box *box = p->box;
    unsigned n = in_packet(p);
    uint8_t out[PACKET] = {(uint8_t)n, ++p->counter};
    bool wide = state(p)->kind == SIM_GO_MOTION;
    for (unsigned i = 0; i < n; i++) {
        uint32_t v = (uint32_t)sample(p, p->k + i);
        for (unsigned b = 0; b < (wide ? 4 : 2); b++)
            out[2 + 2 * i + b] = (uint8_t)(v >> (8 * b));
    }
    p->k += n;
    note(p, "samples", lec_int(state(p)->samples + (int)n));
    note(p, "packets", lec_int(state(p)->packets + 1));
    int64_t now = loop_now(box->sim->loop);
    if (box->line->plug && sim_fault_use(&box->faults, SIM_STALL, now, NULL))
        sim_usb_stall(box->line->plug);
    if (sim_fault_use(&box->faults, SIM_LOST, now, NULL))
        note(p, "lost", lec_int(state(p)->lost + 1));
    else
        sim_tell(box, out, sizeof out);
}

static void due(void *ctx)
{
    struct probe *p = ctx;
    struct loop *l = p->box->sim->loop;
    /* The first comes at once; a packet of three is sent when its last is taken. */
    while (when(p, p->k + in_packet(p) - 1) <= loop_now(l))
        send_packet(p);
    loop_timer_set(l, &p->timer, when(p, p->k + in_packet(p) - 1));
}

static void stop_measuring(struct probe *p)
{
    loop_timer_clear(p->box->sim->loop, &p->timer);
    note(p, "measuring", lec_bool(false));
}

static void start_measuring(struct probe *p)
{
    struct loop *l = p->box->sim->loop;
    p->k = 0;
    p->started = loop_now(l);
    note(p, "measuring", lec_bool(true));
    note(p, "period", lec_float((double)p->ticks * tick_s(p)));
    loop_timer_set(l, &p->timer, when(p, in_packet(p) - 1));
}

/* ---- Answers -------------------------------------------------------------------------------------------------- */

static void reply(struct sim_conn *c, struct probe *p, const uint8_t *data, size_t n)
{
    uint8_t out[PACKET] = {(uint8_t)(0x58 | n)};
    memcpy(out + 1, data, n);
    sim_answer(c, p->box, out, sizeof out);
}

static void status(struct sim_conn *c, struct probe *p, uint8_t command, uint8_t code)
{
    bool init = command == 0x1A;
    uint8_t out[PACKET] = {(uint8_t)((init ? 0x9A : 0x5A) | (code ? 0x20 : 0)), command, code};
    sim_answer(c, p->box, out, sizeof out);
}

static void put_f32(uint8_t *out, double v, bool big)
{
    float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(bits >> (8 * (big ? 3 - i : i)));
}

static void make_memory(const struct probe *p, const struct sim_go_sensor *s, uint8_t out[MEMORY])
{
    memset(out, 0, MEMORY);
    static const uint8_t head[] = {1, 0, 0x34, 0x12, 0x00, 0x05, 0x23, 0x08};
    memcpy(out, head, sizeof head);
    out[1] = (uint8_t)s->number;
    memcpy(out + 8, s->name, strnlen(s->name, 20));
    memcpy(out + 28, s->number == 60 ? "Temp" : "Sensor", s->number == 60 ? 4 : 6);
    out[40] = 1;
    out[41] = 0x33;
    put_f32(out + 44, state(p)->kind == SIM_GO_TEMP ? 0.5 : 0.005, false);
    put_f32(out + 48, s->typical_s, false);
    out[52] = 0x68;
    out[53] = 0x01;
    out[56] = 1;
    out[57] = s->ten_volts ? 2 : 14;
    out[58] = (uint8_t)s->equation;
    put_f32(out + 59, -20, false);
    put_f32(out + 63, 125, false);
    out[67] = 0x0A;
    put_f32(out + 70, s->a, false);
    put_f32(out + 74, s->b, false);
    put_f32(out + 78, s->c, false);
    memcpy(out + 82, s->unit, strnlen(s->unit, 7));
    for (size_t i = 0; i < MEMORY - 1; i++)
        out[MEMORY - 1] ^= out[i];
    if (sim_fault_use(&p->box->faults, SIM_CHECKSUM, loop_now(p->box->sim->loop), NULL))
        out[MEMORY - 1] ^= 0x5A;
}

/* A link's own memory: version, signature, week, year, offsets and slopes of both inputs. */
static void make_flash(uint8_t out[MEMORY])
{
    memset(out, 0xFF, MEMORY);
    static const uint8_t head[] = {1, 0x9C, 0x23, 0x05, 0, (uint8_t)12, 0, (uint8_t)12};
    memcpy(out, head, sizeof head);
    put_f32(out + 8, flash_slope, true);
    put_f32(out + 12, flash_slope, true);
}

static void send_memory(struct sim_conn *c, struct probe *p, const uint8_t command[PACKET])
{
    const struct sim_go *s = state(p);
    const struct sim_go_sensor *sensor = sim_go_sensor(s);
    uint8_t memory[MEMORY];
    size_t at = command[1], n = command[2];
    bool remote = command[0] == 0x27;
    if (s->kind == SIM_GO_MOTION || (remote && (s->kind != SIM_GO_LINK || !sensor || sensor->number < 20))) {
        status(c, p, command[0], UNKNOWN);
        return;
    }
    if (at + n > MEMORY || n == 0) {
        status(c, p, command[0], BAD);
        return;
    }
    if (s->measuring && p->ticks * tick_s(p) < 0.05) {
        status(c, p, command[0], READ_BLOCKED);
        return;
    }
    if (!remote && s->kind == SIM_GO_LINK)
        make_flash(memory);
    else
        make_memory(p, sensor, memory);
    for (size_t sent = 0; sent < n;) {
        size_t room = sent == 0 ? 6 : 7, part = n - sent < room ? n - sent : room;
        uint8_t out[PACKET] = {(uint8_t)((sent == 0 ? 0x48 + 1 : 0x40) + part)};
        if (sent == 0)
            out[1] = command[0];
        memcpy(out + (sent == 0 ? 2 : 1), memory + at + sent, part);
        sent += part;
        if (sent == n)
            out[0] |= 0x10;
        sim_answer(c, p->box, out, sizeof out);
    }
}

static void send_status(struct sim_conn *c, struct probe *p)
{
    const struct sim_go *s = state(p);
    static const uint8_t battery[] = {0, 4, 0x0C};
    uint8_t flags = (uint8_t)((s->overflow ? 0x40 : 0) | (s->kind == SIM_GO_MOTION ? battery[s->battery] : 0));
    uint8_t out[] = {0x10, flags, 0x41, 0x01, 0x07, 0x01}; /* firmware 1.41, its slave's 1.07 */
    reply(c, p, out, s->kind == SIM_GO_TEMP ? 4 : 6);
    note(p, "overflow", lec_bool(false));
}

static uint32_t get_u32(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void put_u32(uint8_t *b, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        b[i] = (uint8_t)(v >> (8 * i));
}

static uint8_t set_period(struct probe *p, const uint8_t *b)
{
    uint32_t ticks = get_u32(b);
    if (state(p)->measuring)
        return PERIOD_BLOCKED;
    if (ticks < least_ticks(p) || ticks > most_ticks(p))
        return BAD;
    p->ticks = ticks;
    return OK;
}

static uint8_t set_led(struct probe *p, const uint8_t *b)
{
    static const char *const names[] = {"orange", "red", "green", "off"};
    if (b[0] & 0x3F || b[1] > 0x10)
        return BAD;
    memcpy(p->led, b, 2);
    note(p, "led", lec_enum(names[b[0] >> 6]));
    return OK;
}

/* Answers with data. False: it is none of these commands. */
static bool query(struct sim_conn *c, struct probe *p, const uint8_t *b)
{
    const struct sim_go *s = state(p);
    uint8_t out[7] = {b[0]};
    switch (b[0]) {
    case 0x10:
        send_status(c, p);
        return true;
    case 0x17:
    case 0x27:
        send_memory(c, p, b);
        return true;
    case 0x1C:
        put_u32(out + 1, p->ticks);
        reply(c, p, out, 5);
        return true;
    case 0x1E:
        memcpy(out + 1, p->led, 2);
        reply(c, p, out, 3);
        return true;
    case 0x20:
        if (s->kind == SIM_GO_MOTION)
            return false;
        memcpy(out + 1, p->serial, 6);
        reply(c, p, out, 7);
        return true;
    case 0x28:
        if (s->kind != SIM_GO_LINK)
            return false;
        put_u32(out + 1, (uint32_t)s->sensor);
        reply(c, p, out, 5);
        return true;
    case 0x2A:
        if (s->kind != SIM_GO_LINK)
            return false;
        out[1] = p->input;
        reply(c, p, out, 2);
        return true;
    default:
        return false;
    }
}

static uint8_t obey(struct probe *p, const uint8_t *b)
{
    switch (b[0]) {
    case 0x18:
        start_measuring(p);
        return OK;
    case 0x19:
        stop_measuring(p);
        return OK;
    case 0x1A:
        stop_measuring(p);
        p->ticks = usual_ticks(p);
        p->input = 2;
        return OK;
    case 0x1B:
        return set_period(p, b + 1);
    case 0x1D:
        return set_led(p, b + 1);
    case 0x29:
        if (state(p)->kind != SIM_GO_LINK)
            return UNKNOWN;
        if (b[1] > 3)
            return BAD;
        p->input = b[1];
        return OK;
    default:
        return UNKNOWN;
    }
}

static size_t input(struct sim_conn *c, const uint8_t *b, size_t n)
{
    struct sim_box *box = c->line->boxes;
    struct probe *p = box->face;
    if (n < PACKET)
        return 0;
    if (!sim_take(c, box, b, PACKET))
        return PACKET;
    bool asks = b[0] == 0x10 || b[0] == 0x17 || b[0] == 0x27 || b[0] == 0x1C || b[0] == 0x1E || b[0] == 0x20 ||
                b[0] == 0x28 || b[0] == 0x2A;
    int mood = sim_mood(box, !asks);
    if (mood != 0)
        status(c, p, b[0], mood == LEC_E_BUSY ? NOT_READY : BLOCKED);
    else if (!asks || !query(c, p, b))
        status(c, p, b[0], asks ? UNKNOWN : obey(p, b));
    return PACKET;
}

/* ---- Plugging ------------------------------------------------------------------------------------------------- */

static uint8_t bcd(unsigned v)
{
    return (uint8_t)(v / 10 % 10 << 4 | v % 10);
}

/* The serial number that the room names in the line, or NULL. */
static const char *named_serial(const struct sim_box *box)
{
    const char *path = box->line->desc->path, *slash = path ? strchr(path, '/') : NULL;
    return slash ? slash + 1 : NULL;
}

/* "0523-4660": year, week, and a number; from the line of the room, the trait serial, or the seed. */
static void make_serial(struct probe *p)
{
    const struct sim_device *d = device(p);
    const char *named = named_serial(p->box);
    char text[SIM_TEXT] = "";
    int64_t date = 523, number = (int64_t)(d->seed % 1000000);
    if (named)
        lec_copy_utf8(text, sizeof text, named, strlen(named));
    else
        (void)sim_trait(d, "serial", text);
    char *dash = strchr(text, '-');
    if (dash) {
        *dash = '\0';
        if (lec_parse_int(text, 0, 9999, &date) < 0 || lec_parse_int(dash + 1, 0, UINT32_MAX, &number) < 0)
            date = 523;
    }
    p->serial[0] = bcd((unsigned)date % 100);
    p->serial[1] = bcd((unsigned)date / 100);
    put_u32(p->serial + 2, (uint32_t)number);
}

static int start(struct sim_box *box, struct lec_err *err)
{
    struct probe *p = box->face;
    (void)err;
    p->box = box;
    p->timer = (struct loop_timer){.due = due, .ctx = p};
    p->ticks = usual_ticks(p);
    p->input = 2;
    p->led[1] = 4;
    make_serial(p);
    return 0;
}

static void stop(struct sim_box *box)
{
    struct probe *p = box->face;
    loop_timer_clear(box->sim->loop, &p->timer);
}

/* Without current it forgets what it was told. */
static void close_conn(struct sim_conn *c)
{
    struct probe *p = c->line->boxes->face;
    stop_measuring(p);
    p->ticks = usual_ticks(p);
}

static uint16_t usb_product(struct sim_box *box, char serial[SIM_TEXT])
{
    static const uint16_t products[] = {[SIM_GO_TEMP] = 2, [SIM_GO_LINK] = 3, [SIM_GO_MOTION] = 4};
    const struct probe *p = box->face;
    const char *named = named_serial(box);
    /* Only the motion detector says it this way: the others are asked. */
    if (state(p)->kind == SIM_GO_MOTION && named)
        lec_copy_utf8(serial, SIM_TEXT, named, strlen(named));
    return products[state(p)->kind];
}

const struct sim_face sim_face_go = {.name = "go",
                                     .box_size = sizeof(struct probe),
                                     .start = start,
                                     .stop = stop,
                                     .close = close_conn,
                                     .input = input,
                                     .usb_product = usb_product,
                                     .spoils = true};
