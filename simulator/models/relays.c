#include "models/models.h"

#define RELAY(letter, n)                                                                                               \
    {                                                                                                                  \
        "relay." letter, LEC_BOOL, offsetof(struct sim_relays, relay[n]), 0, 0, NULL                                   \
    }
#define INPUT(letter, n)                                                                                               \
    {                                                                                                                  \
        "input." letter, LEC_BOOL, offsetof(struct sim_relays, input[n]), 0, 0, NULL                                   \
    }
static const struct sim_field fields[] = {
    RELAY("a", 0), RELAY("b", 1), RELAY("c", 2), RELAY("d", 3), RELAY("e", 4), RELAY("f", 5),
    RELAY("g", 6), RELAY("h", 7), INPUT("a", 0), INPUT("b", 1), INPUT("c", 2), INPUT("d", 3),
    INPUT("e", 4), INPUT("f", 5), INPUT("g", 6), INPUT("h", 7), {0},
};

const struct sim_model sim_model_relays = {
    .name = "relays",
    .size = sizeof(struct sim_relays),
    .fields = fields,
};
