/* Sony projectors over a serial line (8E1): frames of eight bytes. Source: av-protocols.md 4.5.
 * Traits: inputs (hex code:name list). Not covered: SDCP. */
#include <string.h>

#include "faces/faces.h"
#include "models/models.h"

enum { FRAME = 8, SET = 0, GET = 1, DATA = 2, ACK = 3 };

static uint8_t check(const uint8_t *p)
{
    return p[1] | p[2] | p[3] | p[4] | p[5];
}

static void reply(struct sim_conn *c, struct sim_box *box, unsigned item, uint8_t type, unsigned data)
{
    uint8_t out[FRAME] = {0xA9, (uint8_t)(item >> 8), (uint8_t)item, type, (uint8_t)(data >> 8), (uint8_t)data, 0,
                          0x9A};
    out[6] = check(out);
    sim_answer(c, box, out, FRAME);
}

static int get(struct sim_device *d, unsigned item)
{
    static const int powers[] = {[SIM_OFF] = 0, [SIM_WARMING] = 2, [SIM_ON] = 3, [SIM_COOLING] = 4};
    const struct sim_projector *p = sim_view(d);
    switch (item) {
    case 0x0001:
        return (int)sim_input_number(d, p->input);
    case 0x0030:
        return p->picture_mute;
    case 0x0031:
        return p->audio_mute;
    case 0x0102:
        return powers[p->power];
    case 0x0101:
        return (p->error_lamp > 0) | (p->error_fan > 0) << 1 | (p->error_cover > 0) << 2 |
               (p->error_temperature > 0) << 3;
    case 0x0113:
        return (int)p->lamp_hours;
    default:
        return -1;
    }
}

static int set(struct sim_device *d, unsigned item, unsigned data)
{
    switch (item) {
    case 0x172E:
        return sim_set(d, "power", lec_enum("on"));
    case 0x172F:
        return sim_set(d, "power", lec_enum("off"));
    case 0x0001:
        return sim_set_input_number(d, data);
    case 0x0030:
        return data < 2 ? sim_set(d, "picture_mute", lec_bool(data)) : LEC_E_RANGE;
    case 0x0031:
        return data < 2 ? sim_set(d, "audio_mute", lec_bool(data)) : LEC_E_RANGE;
    default:
        return LEC_E_NOTSUP;
    }
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *box = c->line->boxes;
    if (p[0] != 0xA9)
        return 1;
    if (n < FRAME)
        return 0;
    if (p[7] != 0x9A || p[6] != check(p))
        return 1;
    if (!sim_take(c, box, p, FRAME))
        return FRAME;
    unsigned item = (unsigned)p[1] << 8 | p[2], data = (unsigned)p[4] << 8 | p[5];
    int rc = sim_mood(box, p[3] == SET);
    if (rc == 0 && p[3] == GET) {
        int value = get(box->devices, item);
        if (value >= 0) {
            reply(c, box, item, DATA, (unsigned)value);
            return FRAME;
        }
        rc = LEC_E_NOTSUP;
    } else if (rc == 0) {
        rc = p[3] == SET ? set(box->devices, item, data) : LEC_E_NOTSUP;
    }
    /* 0101: undefined; 0105: not now (the sheet leaves the other numbers open) */
    reply(c, box, item, ACK, rc == 0 ? 0 : rc == LEC_E_NOTSUP ? 0x0101 : rc == LEC_E_RANGE ? 0x0104 : 0x0105);
    return FRAME;
}

static void spoil(uint8_t *frame, size_t n)
{
    if (n == FRAME)
        frame[6] ^= 0x55;
}

const struct sim_face sim_face_sony = {.name = "sony", .quiet_ns = 500 * LEC_MS, .input = input, .spoil = spoil};
