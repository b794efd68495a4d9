/* NEC projectors over TCP and serial. Source: av-protocols.md 4.3; the data of 00 85, 00 88 and 00 BF as NEC's Projector
 * Control Command Reference has them. Traits: inputs (hex code:name list). Not covered: lens, eco mode, remote keys. */
#include <string.h>

#include "faces/faces.h"
#include "models/models.h"

enum { HEAD = 5, MODEL = 0x10 };

static void reply(struct sim_conn *c, struct sim_box *box, uint8_t head, uint8_t cmd, const uint8_t *data, size_t n)
{
    uint8_t out[64] = {head, cmd, (uint8_t)box->address, MODEL, (uint8_t)n};
    memcpy(out + HEAD, data, n);
    out[HEAD + n] = sim_sum8(out, HEAD + n);
    sim_answer(c, box, out, HEAD + n + 1);
}

/* The data of the answer to a query; its length, 0: no such query. */
static size_t get(struct sim_device *d, const uint8_t *f, uint8_t out[32])
{
    const struct sim_projector *p = sim_view(d);
    static const uint8_t basic[] = {[SIM_OFF] = 0x10, [SIM_WARMING] = 0x04, [SIM_ON] = 0x04, [SIM_COOLING] = 0x05};
    unsigned what = (unsigned)f[0] << 16 | (unsigned)f[1] << 8 | (f[4] ? f[HEAD] : 0);
    bool lit = p->power == SIM_ON || p->power == SIM_WARMING;
    memset(out, 0, 32);
    switch (what) {
    case 0x008501:
        out[2] = lit;
        out[3] = p->power == SIM_COOLING;
        out[5] = basic[p->power];
        return 16;
    case 0x008502:
        out[2] = (uint8_t)sim_input_number(d, p->input);
        return 16;
    case 0x008503:
        out[0] = p->picture_mute;
        out[1] = p->audio_mute;
        return 16;
    case 0x008800:
        out[0] = (uint8_t)((p->error_cover > 0) | (p->error_temperature > 0) << 1 | (p->error_fan > 0) << 3 |
                           (p->error_lamp > 0) << 6);
        return 12;
    case 0x00BF02: /* the kind of question comes back first */
        out[0] = 2;
        out[1] = basic[p->power];
        out[3] = (uint8_t)sim_input_number(d, p->input);
        out[6] = p->picture_mute;
        out[7] = p->audio_mute;
        out[9] = p->freeze;
        return 16;
    case 0x039600: {
        uint32_t seconds = (uint32_t)(p->lamp_hours * 3600);
        out[1] = f[4] == 2 ? f[HEAD + 1] : 1;
        if (out[1] == 4)
            seconds = 87; /* per cent of its life */
        for (unsigned i = 0; i < 4; i++)
            out[2 + i] = (uint8_t)(seconds >> (8 * i));
        return 6;
    }
    default:
        return 0;
    }
}

static int set(struct sim_device *d, const uint8_t *f)
{
    unsigned what = (unsigned)f[0] << 8 | f[1];
    switch (what) {
    case 0x0200:
        return sim_set(d, "power", lec_enum("on"));
    case 0x0201:
        return sim_set(d, "power", lec_enum("off"));
    case 0x0203:
        return f[4] == 2 && f[HEAD] == 1 ? sim_set_input_number(d, f[HEAD + 1]) : LEC_E_RANGE;
    case 0x0210:
    case 0x0211:
    case 0x0216:
    case 0x0217:
        return sim_set(d, "picture_mute", lec_bool(!(f[1] & 1)));
    case 0x0212:
    case 0x0213:
        return sim_set(d, "audio_mute", lec_bool(!(f[1] & 1)));
    case 0x0214:
    case 0x0215:
        return 0;
    case 0x0198:
        return f[4] == 1 && (f[HEAD] == 1 || f[HEAD] == 2) ? sim_set(d, "freeze", lec_bool(f[HEAD] == 1)) : LEC_E_RANGE;
    case 0x0310:
        return f[4] == 5 && f[HEAD] == 5 ? sim_set(d, "volume", lec_int(f[HEAD + 3])) : LEC_E_RANGE;
    default:
        return LEC_E_NOTSUP;
    }
}

static void command(struct sim_conn *c, struct sim_box *box, const uint8_t *f)
{
    uint8_t data[32];
    bool sets = f[0] == 1 || f[0] == 2 || (f[0] == 3 && f[1] == 0x10);
    int rc = sim_mood(box, sets);
    size_t n = rc == 0 && !sets ? get(box->devices, f, data) : 0;
    if (rc == 0 && sets)
        rc = set(box->devices, f);
    else if (rc == 0 && n == 0)
        rc = LEC_E_NOTSUP;
    if (rc == 0 && sets && f[4] > 0) { /* input, freeze and volume answer whether they were done */
        data[0] = 0;
        n = 1;
    }
    bool failed_input = rc == LEC_E_RANGE && f[0] == 2 && f[1] == 3;
    if (failed_input) {
        data[0] = 0xFF;
        n = 1;
    } else if (rc < 0) {
        uint8_t why[2] = {rc == LEC_E_NOTSUP ? 0x00 : 0x02, rc == LEC_E_BUSY ? 0x0D : rc == LEC_E_RANGE ? 0x01 : 0x00};
        reply(c, box, (uint8_t)(0xA0 + f[0]), f[1], why, 2);
        return;
    }
    reply(c, box, (uint8_t)(0x20 + f[0]), f[1], data, n);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    if (p[0] > 3)
        return 1;
    if (n < HEAD + 1 || n < (size_t)HEAD + p[4] + 1)
        return 0;
    size_t size = (size_t)HEAD + p[4] + 1;
    if (p[2] != 0 || p[4] > 16 || sim_sum8(p, size - 1) != p[size - 1])
        return 1;
    if (sim_take(c, c->line->boxes, p, size))
        command(c, c->line->boxes, p);
    return size;
}

const struct sim_face sim_face_nec_projector = {
    .name = "nec-projector",
    .gap_ns = 100 * LEC_MS,
    .quiet_ns = 500 * LEC_MS,
    .input = input,
    .spoil = sim_spoil_last,
};
