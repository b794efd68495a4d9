#include "models/models.h"

#define AT(member) offsetof(struct sim_lights, member)
static const struct sim_field fields[] = {
    {"front", LEC_BOOL, AT(front), 0, 0, NULL},
    {"rear", LEC_BOOL, AT(rear), 0, 0, NULL},
    {"board", LEC_BOOL, AT(board), 0, 0, NULL},
    {0},
};

double sim_lights_lux(const void *state)
{
    const struct sim_lights *l = state;
    return 180.0 * l->front + 200.0 * l->rear + 90.0 * l->board;
}

static double watts(const struct sim_device *d)
{
    const struct sim_lights *l = d->state;
    return 216.0 * l->front + 216.0 * l->rear + 72.0 * l->board;
}

const struct sim_model sim_model_lights = {
    .name = "lights",
    .size = sizeof(struct sim_lights),
    .fields = fields,
    .watts = watts,
};
