/* Newline TruTouch and other panels of that make over a serial line. Source: av-protocols.md 3.5.
 * Traits: inputs (hex of "cc dd":name list, without the space). */
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "models/models.h"

enum { FRAME = 11 };

static void ack(struct sim_conn *c, struct sim_box *box, uint8_t cc, uint8_t dd, uint8_t result)
{
    uint8_t out[12] = {0x7F, 0x09, 0x99, 0xA2, 0xB3, 0xC4, 0x02, 0xFF, cc, dd, result, 0xCF};
    sim_answer(c, box, out, sizeof out);
}

static unsigned input_code(struct sim_device *d, const char *name)
{
    return sim_input_number(d, name);
}

/* Does it; `result` is the byte that the answer carries. Returns as sim_set. */
static int run(struct sim_device *d, uint8_t cc, uint8_t dd, uint8_t *result)
{
    const struct sim_panel *p = sim_view(d);
    *result = 1;
    if (cc == 0x01) {
        switch (dd) {
        case 0x00:
        case 0x01:
            return sim_set(d, "power", lec_enum(dd ? "off" : "on"));
        case 0x02:
            return sim_set(d, "audio_mute", lec_bool(!p->audio_mute));
        case 0x17:
        case 0x18: {
            int to = p->volume + (dd == 0x18 ? 1 : -1);
            return sim_set(d, "volume", lec_int(to < 0 ? 0 : to > 100 ? 100 : to));
        }
        case 0x33:
            *result = (uint8_t)p->volume;
            return 0;
        case 0x50:
            *result = (uint8_t)input_code(d, p->input);
            return 0;
        case 0x82:
            *result = p->audio_mute;
            return 0;
        case 0x09:
            *result = p->power == SIM_PANEL_ON;
            return 0;
        default:
            return sim_set_input_number(d, (unsigned)cc << 8 | dd) == LEC_E_RANGE ? LEC_E_NOTSUP : 0;
        }
    }
    if (cc == 0x05)
        return sim_set(d, "volume", lec_int(dd));
    if (cc == 0x09)
        return sim_set(d, "brightness", lec_int(dd));
    if (cc == 0x0B && dd < 2)
        return sim_set(d, "freeze", lec_bool(!dd));
    if (cc == 0x0E && dd < 2)
        return sim_set(d, "picture_mute", lec_bool(!dd));
    return LEC_E_NOTSUP;
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    static const uint8_t head[] = {0x7F, 0x08, 0x99, 0xA2, 0xB3, 0xC4, 0x02, 0xFF};
    struct sim_box *box = c->line->boxes;
    if (p[0] != head[0])
        return 1;
    if (n < FRAME)
        return 0;
    if (memcmp(p, head, sizeof head) != 0 || p[10] != 0xCF)
        return 1;
    uint8_t result;
    if (sim_take(c, box, p, FRAME) && sim_mood(box, true) == 0 && run(box->devices, p[8], p[9], &result) == 0)
        ack(c, box, p[8], p[9], result);
    return FRAME; /* what it does not know or will not do it does not answer */
}

const struct sim_face sim_face_newline = {.name = "newline", .quiet_ns = 500 * LEC_MS, .input = input};
