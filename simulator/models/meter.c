#include <math.h>

#include "models/models.h"
#include "world.h"

#define AT(member) offsetof(struct sim_meter, member)
static const struct sim_field fields[] = {
    {"voltage", LEC_FLOAT, AT(voltage), 0, 0, NULL},
    {"voltage2", LEC_FLOAT, AT(voltage2), 0, 0, NULL},
    {"voltage3", LEC_FLOAT, AT(voltage3), 0, 0, NULL},
    {"current", LEC_FLOAT, AT(current), 0, 0, NULL},
    {"current2", LEC_FLOAT, AT(current2), 0, 0, NULL},
    {"current3", LEC_FLOAT, AT(current3), 0, 0, NULL},
    {"current.sum", LEC_FLOAT, AT(current_sum), 0, 0, NULL},
    {"power.active", LEC_FLOAT, AT(power), 0, 0, NULL},
    {"power1", LEC_FLOAT, AT(power1), 0, 0, NULL},
    {"power2", LEC_FLOAT, AT(power2), 0, 0, NULL},
    {"power3", LEC_FLOAT, AT(power3), 0, 0, NULL},
    {"power.reactive", LEC_FLOAT, AT(reactive), 0, 0, NULL},
    {"power.apparent", LEC_FLOAT, AT(apparent), 0, 0, NULL},
    {"power.factor", LEC_FLOAT, AT(factor), 0, 0, NULL},
    {"frequency", LEC_FLOAT, AT(frequency), 0, 0, NULL},
    {"energy.import", LEC_FLOAT, AT(energy_import), 0, 0, NULL},
    {"energy.export", LEC_FLOAT, AT(energy_export), 0, 0, NULL},
    {"threshold", LEC_FLOAT, AT(threshold), 0, 25000, NULL},
    {"alarm", LEC_BOOL, AT(alarm), 0, 0, NULL},
    {0},
};

static const int64_t sample_ns = LEC_SEC;

static double noise(const struct sim_device *d, unsigned which, uint64_t sample, double deviation)
{
    return deviation * sim_noise(d->seed + which, sample);
}

static void start(struct sim_device *d)
{
    struct sim_meter *m = d->state;
    m->threshold = 23000;
}

static void advance(struct sim_device *d, int64_t now)
{
    struct sim_meter *m = d->state;
    const struct sim_world *w = d->sim->world;
    uint64_t k = (uint64_t)(now / sample_ns);
    bool three = sim_trait_number(d, "phases", 1) > 2;
    m->voltage = 228 + 3 * sim_world_wave(now, 1800) + noise(d, 0, k, 0.3);
    m->voltage2 = three ? m->voltage + 1.4 : 0;
    m->voltage3 = three ? m->voltage - 0.9 : 0;
    m->power = fmax(w->watts * (1 + noise(d, 1, k, 0.002)), 0);
    m->power1 = three ? 0.5 * m->power : m->power;
    m->power2 = m->power3 = three ? 0.25 * m->power : 0;
    m->factor = 0.94;
    m->apparent = m->power / m->factor;
    m->reactive = sqrt(fmax(m->apparent * m->apparent - m->power * m->power, 0));
    m->current = m->power1 / m->factor / m->voltage;
    m->current2 = three ? m->power2 / m->factor / m->voltage2 : 0;
    m->current3 = three ? m->power3 / m->factor / m->voltage3 : 0;
    m->current_sum = m->current + m->current2 + m->current3;
    m->frequency = 50 + 0.02 * sim_world_wave(now, 20) + noise(d, 2, k, 0.005);
    m->energy_import = w->energy - m->energy_offset;
    m->alarm = m->power > m->threshold;
}

static int set(struct sim_device *d, const struct sim_field *f, const struct lec_value *v)
{
    struct sim_meter *m = d->state;
    if (f->offset == AT(threshold)) {
        sim_field_put(f, m, v);
        return 0;
    }
    if (f->offset == AT(energy_import)) { /* a counter can only be put to what it shall count on from */
        m->energy_offset = d->sim->world->energy - v->f;
        return 0;
    }
    return LEC_E_NOTSUP;
}

const struct sim_model sim_model_meter = {
    .name = "meter",
    .size = sizeof(struct sim_meter),
    .fields = fields,
    .start = start,
    .advance = advance,
    .set = set,
};
