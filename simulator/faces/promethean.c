/* Promethean ActivPanel over a serial line: obeys and does not answer (the sheet knows no replies).
 * Source: av-protocols.md 3.4. Traits: inputs (hex code:name list). */
#include "faces/faces.h"
#include "models/models.h"

enum { FRAME = 6 };

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *box = c->line->boxes;
    struct sim_device *d = box->devices;
    if (p[0] != 0xF6)
        return 1;
    if (n < FRAME)
        return 0;
    if (p[5] != 0x6F || sim_sum8(p, 4) != p[4])
        return 1;
    if (!sim_take(c, box, p, FRAME) || sim_mood(box, true) != 0)
        return FRAME;
    switch (p[1] << 8 | p[2]) {
    case 0x0101:
        (void)sim_set(d, "power", lec_enum(p[3] ? "on" : "off"));
        break;
    case 0x0C01:
        (void)sim_set(d, "volume", lec_int(p[3]));
        break;
    case 0x3406:
        (void)sim_set(d, "brightness", lec_int(p[3]));
        break;
    case 0x3001:
        (void)sim_set_input_number(d, p[3]);
        break;
    default:
        break;
    }
    return FRAME;
}

const struct sim_face sim_face_promethean = {.name = "promethean", .quiet_ns = 500 * LEC_MS, .input = input};
