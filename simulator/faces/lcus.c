/* LCUS-1/2/4 relay boards over a serial line: frames of four bytes, no answer at all. Source: av-protocols.md 7.2.
 * Traits: relays (how many), status (yes: FF is answered, as some are said to). */
#include <stdio.h>

#include "faces/faces.h"
#include "models/models.h"

static const char *const fields[] = {"relay.a", "relay.b", "relay.c", "relay.d",
                                     "relay.e", "relay.f", "relay.g", "relay.h"};

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *box = c->line->boxes;
    struct sim_device *d = box->devices;
    unsigned relays = (unsigned)sim_trait_number(d, "relays", 4);
    char buf[SIM_TEXT];
    if (p[0] == 0xFF) {
        const struct sim_relays *r = sim_view(d);
        if (sim_trait(d, "status", buf) && sim_take(c, box, p, 1))
            for (unsigned i = 0; i < relays && i < ARRAY_LEN(fields); i++)
                sim_answerf(c, box, "CH%u:%s\r\n", i + 1, r->relay[i] ? "ON" : "OFF");
        return 1;
    }
    if (p[0] != 0xA0)
        return 1;
    if (n < 4)
        return 0;
    if (p[3] != (uint8_t)(p[0] + p[1] + p[2]))
        return 1;
    bool known = p[1] >= 1 && p[1] <= relays && p[1] <= ARRAY_LEN(fields) && p[2] <= 1;
    if (known && sim_take(c, box, p, 4) && sim_mood(box, true) == 0)
        (void)sim_set(d, fields[p[1] - 1], lec_bool(p[2]));
    return 4;
}

const struct sim_face sim_face_lcus = {
    .name = "lcus",
    .quiet_ns = 200 * LEC_MS,
    .input = input,
};
