/* KMTronic relay boards over a serial line: "FF ch 01". Source: av-protocols.md 7.2. Traits: relays (how many). */
#include "faces/faces.h"
#include "models/models.h"

static const char *const fields[] = {"relay.a", "relay.b", "relay.c", "relay.d",
                                     "relay.e", "relay.f", "relay.g", "relay.h"};

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *box = c->line->boxes;
    struct sim_device *d = box->devices;
    unsigned relays = (unsigned)sim_trait_number(d, "relays", 8);
    if (p[0] != 0xFF)
        return 1;
    if (n < 3)
        return 0;
    if (!sim_take(c, box, p, 3))
        return 3;
    const struct sim_relays *r = sim_view(d);
    bool one = p[1] >= 1 && p[1] <= relays && p[1] <= ARRAY_LEN(fields);
    if (one && p[2] == 3 && sim_mood(box, false) == 0) {
        uint8_t out[] = {0xFF, p[1], r->relay[p[1] - 1]};
        sim_answer(c, box, out, sizeof out);
    } else if (p[1] == 9 && p[2] == 0 && sim_mood(box, false) == 0) {
        uint8_t out[2 * ARRAY_LEN(fields)];
        for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
            out[2 * i] = (uint8_t)(i + 1);
            out[2 * i + 1] = r->relay[i];
        }
        sim_answer(c, box, out, 2 * (relays < ARRAY_LEN(fields) ? relays : ARRAY_LEN(fields)));
    } else if (one && p[2] <= 1 && sim_mood(box, true) == 0) {
        (void)sim_set(d, fields[p[1] - 1], lec_bool(p[2]));
    }
    return 3;
}

const struct sim_face sim_face_kmtronic = {.name = "kmtronic", .quiet_ns = 200 * LEC_MS, .input = input};
