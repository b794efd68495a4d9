/* Hitachi and Maxell projectors over TCP port 23 and serial: 13 bytes with a CRC. Source: av-protocols.md 4.8.
 * Traits: inputs (hex code:name list). Key of the room: password. Not covered: port 9715, increments. */
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "faces/faces.h"
#include "models/models.h"

enum { FRAME = 13, DIGEST = 32 };

struct conversation {
    char random[9]; /* "" once the digest was right, or when there is no password */
};

/* Over the whole packet with the field at zero; stored high byte first. */
static bool crc_ok(const uint8_t *p)
{
    uint8_t copy[FRAME];
    memcpy(copy, p, FRAME);
    copy[5] = copy[6] = 0;
    uint16_t crc = sim_crc16(copy, FRAME);
    return p[5] == crc >> 8 && p[6] == (crc & 0xFF);
}

static void open(struct sim_conn *c)
{
    struct conversation *talk = c->face;
    struct sim_box *box = c->line->boxes;
    if (c->is_pty || !*lec_key_text(&box->devices->desc->keys, "password", ""))
        return;
    (void)snprintf(talk->random, sizeof talk->random, "%08x", (unsigned)sim_random_next(&c->sim->random));
    sim_answer(c, box, talk->random, 8);
}

static int get(struct sim_device *d, unsigned type)
{
    static const int powers[] = {[SIM_OFF] = 0, [SIM_WARMING] = 1, [SIM_ON] = 1, [SIM_COOLING] = 2};
    const struct sim_projector *p = sim_view(d);
    switch (type) {
    case 0x6000:
        return powers[p->power];
    case 0x2000:
        return (int)sim_input_number(d, p->input);
    case 0x20A0:
        return p->picture_mute;
    case 0x3002:
        return p->freeze;
    case 0x2002:
        return p->audio_mute;
    case 0x6020:
        return p->error_cover         ? 1
               : p->error_fan         ? 2
               : p->error_lamp        ? 3
               : p->error_temperature ? 4
               : p->error_filter      ? 0x13
               : p->error_other       ? 8
                                      : 0;
    case 0x1090:
        return (int)p->lamp_hours;
    case 0x10A0:
        return (int)p->filter_hours;
    default:
        return -1;
    }
}

static int set(struct sim_device *d, unsigned type, unsigned v)
{
    switch (type) {
    case 0x6000:
        return v < 2 ? sim_set(d, "power", lec_enum(v ? "on" : "off")) : LEC_E_RANGE;
    case 0x2000:
        return sim_set_input_number(d, v);
    case 0x20A0:
        return v < 2 ? sim_set(d, "picture_mute", lec_bool(v)) : LEC_E_RANGE;
    case 0x3002:
        return v < 2 ? sim_set(d, "freeze", lec_bool(v)) : LEC_E_RANGE;
    case 0x2002:
        return v < 2 ? sim_set(d, "audio_mute", lec_bool(v)) : LEC_E_RANGE;
    default:
        return LEC_E_NOTSUP;
    }
}

static void command(struct sim_conn *c, struct sim_box *box, const uint8_t *p)
{
    unsigned action = p[7], type = p[9] | (unsigned)p[10] << 8, v = p[11] | (unsigned)p[12] << 8;
    int rc = sim_mood(box, action != 2);
    if (rc == LEC_E_BUSY) {
        static const uint8_t busy[] = {0x1F, 0x00, 0x00};
        sim_answer(c, box, busy, sizeof busy);
        return;
    }
    if (rc == 0 && action == 2) {
        int now = get(box->devices, type);
        uint8_t data[] = {0x1D, (uint8_t)now, (uint8_t)(now >> 8)};
        if (now >= 0) {
            sim_answer(c, box, data, sizeof data);
            return;
        }
        rc = LEC_E_NOTSUP;
    } else if (rc == 0) {
        rc = action == 1 ? set(box->devices, type, v) : LEC_E_NOTSUP;
    }
    static const uint8_t ack = 0x06, nack = 0x15, error[] = {0x1C, 0x00, 0x00};
    if (rc == LEC_E_NOTSUP)
        sim_answer(c, box, &nack, 1);
    else if (rc < 0)
        sim_answer(c, box, error, sizeof error);
    else
        sim_answer(c, box, &ack, 1);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct conversation *talk = c->face;
    struct sim_box *box = c->line->boxes;
    size_t before = p[0] == 0xBE ? 0 : DIGEST;
    bool hex = strchr("0123456789abcdef", p[0]) != NULL && p[0] != '\0';
    if (before && !hex)
        return 1;
    if (n < before + FRAME)
        return 0;
    const uint8_t *frame = p + before;
    if (frame[0] != 0xBE || frame[1] != 0xEF || frame[2] != 0x03 || frame[3] != 0x06 || !crc_ok(frame))
        return 1;
    if (!sim_take(c, box, p, before + FRAME))
        return before + FRAME;
    if (*talk->random) {
        char secret[160], digest[33];
        int len = snprintf(secret, sizeof secret, "%s%s", talk->random,
                           lec_key_text(&box->devices->desc->keys, "password", ""));
        sim_md5_hex(secret, (size_t)len < sizeof secret ? (size_t)len : sizeof secret - 1, digest);
        if (!before || memcmp(p, digest, DIGEST) != 0) {
            static const uint8_t wrong[] = {0x1F, 0x04, 0x00};
            sim_answer(c, box, wrong, sizeof wrong);
            return before + FRAME;
        }
        talk->random[0] = '\0';
    }
    command(c, box, frame);
    return before + FRAME;
}

const struct sim_face sim_face_hitachi = {
    .name = "hitachi",
    .conn_size = sizeof(struct conversation),
    .idle_ns = 30 * LEC_SEC,
    .quiet_ns = 500 * LEC_MS,
    .open = open,
    .input = input,
};
