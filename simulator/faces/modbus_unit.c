#include "faces/modbus_unit.h"

#include <math.h>
#include <string.h>

enum { ILLEGAL_FUNCTION = 1, ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3, FAILURE = 4, BUSY = 6 };

/* ---- Values in registers -------------------------------------------------------------------------------------- */

static void encode(const struct sim_cell *c, double value, uint16_t out[2])
{
    uint32_t raw;
    if (c->type == SIM_CELL_F32) {
        float f = (float)(value / c->scale);
        memcpy(&raw, &f, sizeof raw);
    } else {
        static const struct {
            double min, max;
        } limits[] = {[SIM_CELL_BIT] = {0, 1},
                      [SIM_CELL_U16] = {0, 65535},
                      [SIM_CELL_S16] = {-32768, 32767},
                      [SIM_CELL_U32] = {0, 4294967295.0},
                      [SIM_CELL_S32] = {-2147483648.0, 2147483647}};
        double scaled = nearbyint(value / c->scale);
        scaled = fmin(fmax(scaled, limits[c->type].min), limits[c->type].max);
        raw = scaled < 0 ? (uint32_t)(int32_t)scaled : (uint32_t)scaled;
    }
    if (c->words == 1) {
        out[0] = (uint16_t)raw;
    } else {
        out[c->low_first ? 1 : 0] = (uint16_t)(raw >> 16);
        out[c->low_first ? 0 : 1] = (uint16_t)raw;
    }
}

static double decode(const struct sim_cell *c, const uint16_t in[2])
{
    uint32_t raw = in[0];
    if (c->words == 2)
        raw = c->low_first ? (uint32_t)in[1] << 16 | in[0] : (uint32_t)in[0] << 16 | in[1];
    float f;
    switch (c->type) {
    case SIM_CELL_S16:
        return (int16_t)raw * c->scale;
    case SIM_CELL_S32:
        return (int32_t)raw * c->scale;
    case SIM_CELL_F32:
        memcpy(&f, &raw, sizeof f);
        return (double)f * c->scale;
    case SIM_CELL_BIT:
    case SIM_CELL_U16:
    case SIM_CELL_U32:
        return raw * c->scale;
    }
    return 0;
}

/* A cell's registers as they stand; the devices' views are fresh. */
static void fetch(const struct sim_cell *c, const struct sim_binding *b, uint16_t out[2])
{
    if (!b->field) {
        memcpy(out, b->memory, sizeof b->memory);
        return;
    }
    struct lec_value v, missing;
    sim_field_get(b->field, b->device->shown, &v);
    const struct sim_field *flag = c->has_missing ? sim_field(b->device->model, "missing") : NULL;
    if (flag) {
        sim_field_get(flag, b->device->shown, &missing);
        if (missing.b) {
            out[0] = c->words == 1 ? (uint16_t)c->missing : (uint16_t)(c->missing >> 16);
            out[1] = (uint16_t)c->missing;
            return;
        }
    }
    double number = v.type == LEC_BOOL ? v.b : v.type == LEC_INT ? (double)v.i : v.type == LEC_FLOAT ? v.f : 0;
    encode(c, number, out);
}

/* Returns 0 or an exception code. */
static uint8_t store(const struct sim_cell *c, struct sim_binding *b, const uint16_t in[2])
{
    if (!c->writable)
        return ILLEGAL_ADDRESS;
    if (!b->field) {
        memcpy(b->memory, in, c->words * sizeof in[0]);
        return 0;
    }
    double number = decode(c, in);
    struct lec_value v = b->field->type == LEC_BOOL  ? lec_bool(number != 0)
                         : b->field->type == LEC_INT ? lec_int((int64_t)number)
                                                     : lec_float(number);
    switch (sim_set(b->device, b->field->name, v)) {
    case 0:
        return 0;
    case LEC_E_RANGE:
        return ILLEGAL_VALUE;
    case LEC_E_BUSY:
        return BUSY;
    default:
        return FAILURE;
    }
}

/* ---- Tables --------------------------------------------------------------------------------------------------- */

int sim_modbus_start(struct sim_box *box, struct lec_err *err)
{
    struct sim_modbus_unit *u = box->face;
    u->map = box->devices->cast->map;
    for (struct sim_device *d = box->devices; d; d = d->next_in_box)
        if (d->cast->map != u->map)
            return lec_fail(err, LEC_E_CONFIG, "unit %d cannot be both %s and %s", box->address, u->map->name,
                            d->cast->map->name);
    for (size_t i = 0; i < u->map->n_cells; i++) {
        const struct sim_cell *c = &u->map->cell[i];
        struct sim_binding *b = &u->bound[i];
        if (c->constant) {
            encode(c, c->initial, b->memory);
            continue;
        }
        for (struct sim_device *d = box->devices; d && !b->field; d = d->next_in_box)
            if (!*c->model || strcmp(c->model, d->model->name) == 0) {
                b->field = sim_field(d->model, c->field);
                b->device = d;
            }
        /* A field of a device that is not there (lights without a screen on the same board) is memory. */
    }
    box->gap_ns = sim_trait_duration(box->devices, "pause", u->map->pause_ns);
    return 0;
}

/* The cell that holds the address, as an index, or -1: a hole. */
static int cell_at(const struct sim_map *m, enum sim_space space, unsigned addr)
{
    size_t low = 0, high = m->n_cells;
    while (low < high) {
        size_t mid = (low + high) / 2;
        const struct sim_cell *c = &m->cell[mid];
        if (c->space < space || (c->space == space && c->addr + c->words <= addr))
            low = mid + 1;
        else
            high = mid;
    }
    bool here = low < m->n_cells && m->cell[low].space == space && m->cell[low].addr <= addr;
    return here ? (int)low : -1;
}

static unsigned word_at(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void put_word(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* Reads one register or bit. Returns 0 or an exception code. */
static uint8_t read_one(struct sim_modbus_unit *u, enum sim_space space, unsigned addr, uint16_t *out)
{
    int i = cell_at(u->map, space, addr);
    if (i < 0)
        return ILLEGAL_ADDRESS;
    uint16_t words[2];
    fetch(&u->map->cell[i], &u->bound[i], words);
    *out = words[addr - u->map->cell[i].addr];
    return 0;
}

/* Writes n registers from big-endian bytes; nothing is written unless all may be. */
static uint8_t write_words(struct sim_modbus_unit *u, unsigned addr, const uint8_t *data, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        int at = cell_at(u->map, SIM_HOLDING, addr + i);
        if (at < 0 || !u->map->cell[at].writable)
            return ILLEGAL_ADDRESS;
    }
    for (unsigned i = 0; i < n;) {
        int at = cell_at(u->map, SIM_HOLDING, addr + i);
        const struct sim_cell *c = &u->map->cell[at];
        uint16_t words[2];
        fetch(c, &u->bound[at], words);
        for (unsigned w = addr + i - c->addr; w < c->words && i < n; w++, i++)
            words[w] = (uint16_t)word_at(data + 2 * i);
        uint8_t bad = store(c, &u->bound[at], words);
        if (bad)
            return bad;
    }
    return 0;
}

static uint8_t write_bit(struct sim_modbus_unit *u, unsigned addr, bool on)
{
    int at = cell_at(u->map, SIM_COILS, addr);
    if (at < 0)
        return ILLEGAL_ADDRESS;
    uint16_t words[2] = {on, 0};
    return store(&u->map->cell[at], &u->bound[at], words);
}

/* ---- Functions: each returns the reply's length, or 0 with *bad ------------------------------------------------ */

static size_t read_bits(struct sim_modbus_unit *u, const uint8_t *p, size_t n, uint8_t *out, uint8_t *bad)
{
    unsigned addr = word_at(p + 1), count = word_at(p + 3);
    if (n != 5 || count < 1 || count > 2000) {
        *bad = ILLEGAL_VALUE;
        return 0;
    }
    enum sim_space space = p[0] == 1 ? SIM_COILS : SIM_DISCRETE;
    size_t bytes = (count + 7) / 8;
    memset(out + 2, 0, bytes);
    for (unsigned i = 0; i < count && !*bad; i++) {
        uint16_t bit = 0;
        *bad = read_one(u, space, addr + i, &bit);
        out[2 + i / 8] |= (uint8_t)((bit & 1) << (i % 8));
    }
    out[1] = (uint8_t)bytes;
    return 2 + bytes;
}

static size_t read_registers(struct sim_modbus_unit *u, enum sim_space space, unsigned addr, unsigned count,
                             uint8_t *out, uint8_t *bad)
{
    if (count < 1 || count > u->map->max_read) {
        *bad = ILLEGAL_VALUE;
        return 0;
    }
    for (unsigned i = 0; i < count && !*bad; i++) {
        uint16_t word = 0;
        *bad = read_one(u, space, addr + i, &word);
        put_word(out + 2 + 2 * i, word);
    }
    out[1] = (uint8_t)(2 * count);
    return 2 + 2 * count;
}

static size_t write_coil(struct sim_modbus_unit *u, const uint8_t *p, size_t n, uint8_t *out, uint8_t *bad)
{
    unsigned addr = word_at(p + 1), value = word_at(p + 3);
    bool toggle = value == 0x5500 && u->map->toggles;
    if (n != 5 || (value != 0 && value != 0xFF00 && !toggle)) {
        *bad = ILLEGAL_VALUE;
        return 0;
    }
    bool all = u->map->all_coils >= 0 && addr == (unsigned)u->map->all_coils;
    for (size_t i = 0; i < u->map->n_cells; i++) {
        const struct sim_cell *c = &u->map->cell[i];
        if (c->space != SIM_COILS || !(all || c->addr == addr))
            continue;
        uint16_t now = 0;
        *bad = read_one(u, SIM_COILS, c->addr, &now);
        if (!*bad)
            *bad = write_bit(u, c->addr, toggle ? !now : value != 0);
    }
    if (!all && cell_at(u->map, SIM_COILS, addr) < 0)
        *bad = ILLEGAL_ADDRESS;
    memcpy(out, p, 5);
    return 5;
}

static size_t write_coils(struct sim_modbus_unit *u, const uint8_t *p, size_t n, uint8_t *out, uint8_t *bad)
{
    unsigned addr = n >= 6 ? word_at(p + 1) : 0, count = n >= 6 ? word_at(p + 3) : 0;
    if (count < 1 || count > 1968 || p[5] != (count + 7) / 8 || n != 6U + p[5]) {
        *bad = ILLEGAL_VALUE;
        return 0;
    }
    for (unsigned i = 0; i < count && !*bad; i++)
        *bad = cell_at(u->map, SIM_COILS, addr + i) < 0 ? ILLEGAL_ADDRESS : 0;
    for (unsigned i = 0; i < count && !*bad; i++)
        *bad = write_bit(u, addr + i, p[6 + i / 8] >> (i % 8) & 1);
    memcpy(out, p, 5);
    return 5;
}

static size_t write_registers(struct sim_modbus_unit *u, const uint8_t *p, size_t n, uint8_t *out, uint8_t *bad)
{
    unsigned addr = n >= 6 ? word_at(p + 1) : 0, count = n >= 6 ? word_at(p + 3) : 0;
    if (count < 1 || count > 123 || p[5] != 2 * count || n != 6U + p[5])
        *bad = ILLEGAL_VALUE;
    else
        *bad = write_words(u, addr, p + 6, count);
    memcpy(out, p, 5);
    return 5;
}

static size_t mask_write(struct sim_modbus_unit *u, const uint8_t *p, size_t n, uint8_t *out, uint8_t *bad)
{
    uint16_t now = 0;
    if (n != 7) {
        *bad = ILLEGAL_VALUE;
        return 0;
    }
    unsigned addr = word_at(p + 1), keep = word_at(p + 3), set = word_at(p + 5);
    *bad = read_one(u, SIM_HOLDING, addr, &now);
    if (!*bad) {
        uint8_t data[2];
        put_word(data, (now & keep) | (set & ~keep));
        *bad = write_words(u, addr, data, 1);
    }
    memcpy(out, p, 7);
    return 7;
}

static size_t write_and_read(struct sim_box *box, const uint8_t *p, size_t n, uint8_t *out, uint8_t *bad)
{
    struct sim_modbus_unit *u = box->face;
    unsigned wcount = n >= 10 ? word_at(p + 7) : 0;
    if (wcount < 1 || wcount > 121 || p[9] != 2 * wcount || n != 10U + p[9]) {
        *bad = ILLEGAL_VALUE;
        return 0;
    }
    *bad = write_words(u, word_at(p + 5), p + 10, wcount);
    if (*bad)
        return 0;
    for (struct sim_device *d = box->devices; d; d = d->next_in_box)
        (void)sim_view(d);
    return read_registers(u, SIM_HOLDING, word_at(p + 1), word_at(p + 3), out, bad);
}

static bool knows(const struct sim_map *m, uint8_t function)
{
    return function < 32 ? m->functions >> function & 1 : function == 0x42 && m->resets_energy;
}

static size_t serve(struct sim_box *box, const uint8_t *p, size_t n, uint8_t *out, uint8_t *bad)
{
    struct sim_modbus_unit *u = box->face;
    switch (p[0]) {
    case 0x01:
    case 0x02:
        return read_bits(u, p, n, out, bad);
    case 0x03:
        return read_registers(u, SIM_HOLDING, word_at(p + 1), word_at(p + 3), out, bad);
    case 0x04:
        return read_registers(u, SIM_INPUT, word_at(p + 1), word_at(p + 3), out, bad);
    case 0x05:
        return write_coil(u, p, n, out, bad);
    case 0x06:
        *bad = write_words(u, word_at(p + 1), p + 3, 1);
        memcpy(out, p, 5);
        return 5;
    case 0x08: /* diagnostics: sub-function 0 returns what was asked */
        memcpy(out, p, n);
        if (word_at(p + 1) != 0)
            *bad = ILLEGAL_FUNCTION;
        return n;
    case 0x0F:
        return write_coils(u, p, n, out, bad);
    case 0x10:
        return write_registers(u, p, n, out, bad);
    case 0x16:
        return mask_write(u, p, n, out, bad);
    case 0x17:
        return write_and_read(box, p, n, out, bad);
    case 0x42: /* Peacefair: reset energy */
        if (sim_set(box->devices, "energy.import", lec_float(0)) < 0)
            *bad = FAILURE;
        out[0] = p[0];
        return 1;
    default:
        *bad = ILLEGAL_FUNCTION;
        return 0;
    }
}

size_t sim_modbus_answer(struct sim_box *box, const uint8_t *pdu, size_t n, uint8_t *out)
{
    struct sim_modbus_unit *u = box->face;
    static const uint8_t least[] = {[0x01] = 5, [0x02] = 5, [0x03] = 5, [0x04] = 5, [0x05] = 5, [0x06] = 5,
                                    [0x08] = 5, [0x0F] = 6, [0x10] = 6, [0x16] = 7, [0x17] = 10};
    uint8_t bad = 0;
    size_t len = 0;
    bool sets = pdu[0] == 5 || pdu[0] == 6 || pdu[0] == 0x0F || pdu[0] == 0x10 || pdu[0] == 0x16 || pdu[0] == 0x17 ||
                pdu[0] == 0x42;
    int mood = sim_mood(box, sets);
    for (struct sim_device *d = box->devices; d; d = d->next_in_box)
        (void)sim_view(d);
    if (mood != 0)
        bad = mood == LEC_E_BUSY ? BUSY : FAILURE;
    else if (!knows(u->map, pdu[0]))
        bad = ILLEGAL_FUNCTION;
    else if (pdu[0] < sizeof least && n < least[pdu[0]])
        bad = ILLEGAL_VALUE;
    else
        len = serve(box, pdu, n, out, &bad);
    if (bad) {
        out[0] = pdu[0] | 0x80;
        out[1] = bad;
        return 2;
    }
    out[0] = pdu[0];
    return len;
}
