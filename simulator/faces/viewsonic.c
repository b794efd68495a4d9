/* ViewSonic projectors over TCP and serial. Source: av-protocols.md 4.6. Traits: inputs (hex code:name list).
 * Not covered: remote keys. */
#include <string.h>

#include "faces/faces.h"
#include "models/models.h"

enum { HEAD = 5, WRITE = 6, READ = 7 };

static void reply(struct sim_conn *c, struct sim_box *box, uint8_t type, const uint8_t *data, size_t n)
{
    uint8_t out[24] = {type, 0x14, 0x00, (uint8_t)n, 0x00};
    memcpy(out + HEAD, data, n);
    out[HEAD + n] = sim_sum8(out + 1, HEAD + n - 1);
    sim_answer(c, box, out, HEAD + n + 1);
}

/* The value; `wide`: 32 bits of it. -1: there is no such. */
static int get(struct sim_device *d, unsigned what, bool *wide)
{
    static const int states[] = {[SIM_OFF] = 0, [SIM_WARMING] = 1, [SIM_ON] = 2, [SIM_COOLING] = 3};
    static const int powers[] = {[SIM_OFF] = 0, [SIM_WARMING] = 2, [SIM_ON] = 1, [SIM_COOLING] = 3};
    const struct sim_projector *p = sim_view(d);
    *wide = what == 0x1501 || what == 0x0C0D;
    switch (what) {
    case 0x1100:
        return powers[p->power];
    case 0x1126:
        return states[p->power];
    case 0x1501:
        return (int)p->lamp_hours;
    case 0x0C0D:
        return (p->error_lamp > 0) | (p->error_fan > 0) << 1 | (p->error_temperature > 0) << 2;
    default:
        break;
    }
    if (p->power != SIM_ON)
        return -1;
    switch (what) {
    case 0x1301:
        return (int)sim_input_number(d, p->input);
    case 0x1400:
        return p->audio_mute;
    case 0x1403:
        return p->volume / 5;
    case 0x1209:
        return p->picture_mute;
    case 0x1300:
        return p->freeze;
    default:
        return -1;
    }
}

static int set(struct sim_device *d, unsigned what, int v)
{
    const struct sim_projector *p = sim_view(d);
    int step = what == 0x1401 ? 5 : -5, to = p->volume + step;
    switch (what) {
    case 0x1100:
        return v == 0 ? sim_set(d, "power", lec_enum("on")) : LEC_E_RANGE;
    case 0x1101:
        return v == 0 ? sim_set(d, "power", lec_enum("off")) : LEC_E_RANGE;
    case 0x1301:
        return v >= 0 ? sim_set_input_number(d, (unsigned)v) : LEC_E_RANGE;
    case 0x1400:
        return v == 0 || v == 1 ? sim_set(d, "audio_mute", lec_bool(v)) : LEC_E_RANGE;
    case 0x132A:
        return v >= 0 && v <= 20 ? sim_set(d, "volume", lec_int(v * 5)) : LEC_E_RANGE;
    case 0x1401:
    case 0x1402:
        return sim_set(d, "volume", lec_int(to < 0 ? 0 : to > 100 ? 100 : to));
    case 0x1209:
        return v == 0 || v == 1 ? sim_set(d, "picture_mute", lec_bool(v)) : LEC_E_RANGE;
    case 0x1300:
        return v == 0 || v == 1 ? sim_set(d, "freeze", lec_bool(v)) : LEC_E_RANGE;
    default:
        return LEC_E_NOTSUP;
    }
}

static void command(struct sim_conn *c, struct sim_box *box, const uint8_t *p, size_t len)
{
    static const uint8_t none = 0;
    const uint8_t *body = p + HEAD;
    int rc = sim_mood(box, p[0] == WRITE);
    if (rc == 0 && p[0] == READ && len == 5 && body[0] == 0x34) {
        bool wide;
        int v = get(box->devices, (unsigned)body[3] << 8 | body[4], &wide);
        uint8_t data[6] = {0, 0, (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
        if (v < 0)
            reply(c, box, 0, &none, 0);
        else
            reply(c, box, 5, data, wide ? 6 : 3);
        return;
    }
    bool write = p[0] == WRITE && (len == 3 || len == 4) && body[0] == 0x34;
    if (rc == 0)
        rc = write ? set(box->devices, (unsigned)body[1] << 8 | body[2], len == 4 ? body[3] : -1) : LEC_E_NOTSUP;
    reply(c, box, rc == 0 ? 3 : 0, &none, 0);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    if (p[0] != WRITE && p[0] != READ)
        return 1;
    if (n < HEAD)
        return 0;
    size_t len = (size_t)(p[3] | p[4] << 8), size = HEAD + len + 1;
    if (p[1] != 0x14 || len > 8)
        return 1;
    if (n < size)
        return 0;
    if (sim_sum8(p + 1, size - 2) != p[size - 1])
        return 1;
    if (sim_take(c, c->line->boxes, p, size))
        command(c, c->line->boxes, p, len);
    return size;
}

const struct sim_face sim_face_viewsonic = {
    .name = "viewsonic", .quiet_ns = 500 * LEC_MS, .input = input, .spoil = sim_spoil_last};
