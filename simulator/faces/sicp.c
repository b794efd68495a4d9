/* Philips displays, SICP in its short form over TCP and serial: "len id group cmd data xor". Source: av-protocols.md
 * 3.13. Traits: inputs (hex code:name list). Not covered: the long form (A6), scheduling. */
#include <string.h>

#include "faces/faces.h"
#include "models/models.h"

enum { ACK = 0x06, NACK = 0x15, NOT_NOW = 0x18 };

static void reply(struct sim_conn *c, struct sim_box *box, uint8_t group, const uint8_t *data, size_t n)
{
    uint8_t out[24] = {(uint8_t)(n + 4), (uint8_t)box->address, group};
    memcpy(out + 3, data, n);
    out[3 + n] = sim_xor8(out, 3 + n);
    sim_answer(c, box, out, n + 4);
}

/* The data of the answer to a query, the command first; its length, 0: no such query. */
static size_t get(struct sim_device *d, uint8_t cmd, uint8_t out[8])
{
    const struct sim_panel *p = sim_view(d);
    out[0] = cmd;
    switch (cmd) {
    case 0x19:
        out[1] = p->power == SIM_PANEL_ON ? 2 : 1;
        return 2;
    case 0x45:
        out[1] = out[2] = (uint8_t)p->volume;
        return 3;
    case 0x46:
        out[1] = p->audio_mute;
        return 2;
    case 0xAD:
        out[1] = (uint8_t)sim_input_number(d, p->input);
        out[2] = out[3] = out[4] = 0;
        return 5;
    case 0x0F: /* operating hours */
        out[1] = (uint8_t)((unsigned)p->hours >> 8);
        out[2] = (uint8_t)p->hours;
        return 3;
    case 0x2F: /* temperature */
        out[1] = (uint8_t)p->temperature;
        return 2;
    default:
        return 0;
    }
}

static int set(struct sim_device *d, const uint8_t *data, size_t n)
{
    switch (data[0]) {
    case 0x18:
        return n == 2 && (data[1] == 1 || data[1] == 2) ? sim_set(d, "power", lec_enum(data[1] == 2 ? "on" : "off"))
                                                        : LEC_E_RANGE;
    case 0x44:
        return n >= 2 ? sim_set(d, "volume", lec_int(data[1])) : LEC_E_RANGE;
    case 0x47:
        return n == 2 && data[1] < 2 ? sim_set(d, "audio_mute", lec_bool(data[1])) : LEC_E_RANGE;
    case 0xAC:
        return n >= 2 ? sim_set_input_number(d, data[1]) : LEC_E_RANGE;
    default:
        return LEC_E_NOTSUP;
    }
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    if (p[0] < 5 || p[0] > 20)
        return 1;
    if (n < p[0])
        return 0;
    size_t size = p[0];
    if (sim_xor8(p, size - 1) != p[size - 1])
        return 1;
    for (struct sim_box *box = c->line->boxes; box; box = box->next) {
        bool everyone = p[1] == 0;
        if ((box->address != p[1] && !everyone) || !sim_take(c, box, p, size))
            continue;
        uint8_t data[8];
        bool query = p[3] != 0x18 && p[3] != 0x44 && p[3] != 0x47 && p[3] != 0xAC;
        int rc = sim_mood(box, !query);
        size_t len = rc == 0 && query ? get(box->devices, p[3], data) : 0;
        if (rc == 0 && !query)
            rc = set(box->devices, p + 3, size - 4);
        if (len == 0) {
            data[0] = 0;
            data[1] = query ? NACK : rc == 0 ? ACK : rc == LEC_E_BUSY ? NOT_NOW : NACK;
            len = 2;
        }
        if (!everyone)
            reply(c, box, p[2], data, len);
    }
    return size;
}

const struct sim_face sim_face_sicp = {
    .name = "sicp", .quiet_ns = 500 * LEC_MS, .addressed = true, .input = input, .spoil = sim_spoil_last};
