#include <math.h>

#include "models/models.h"
#include "world.h"

#define AT(member) offsetof(struct sim_sensor, member)
static const struct sim_field fields[] = {
    {"temperature", LEC_FLOAT, AT(temperature), 0, 0, NULL},
    {"humidity", LEC_FLOAT, AT(humidity), 0, 0, NULL},
    {"co2", LEC_FLOAT, AT(co2), 0, 0, NULL},
    {"voc", LEC_FLOAT, AT(voc), 0, 0, NULL},
    {"illuminance", LEC_FLOAT, AT(illuminance), 0, 0, NULL},
    {"sound", LEC_FLOAT, AT(sound), 0, 0, NULL},
    {"pressure", LEC_FLOAT, AT(pressure), 0, 0, NULL},
    {"pm25", LEC_FLOAT, AT(pm25), 0, 0, NULL},
    {"pm10", LEC_FLOAT, AT(pm10), 0, 0, NULL},
    {"ph", LEC_FLOAT, AT(ph), 0, 0, NULL},
    {"ph_mv", LEC_FLOAT, AT(ph_mv), 0, 0, NULL},
    {"conductivity", LEC_FLOAT, AT(conductivity), 0, 0, NULL},
    {"moisture", LEC_FLOAT, AT(moisture), 0, 0, NULL},
    {"wind.speed", LEC_FLOAT, AT(wind_speed), 0, 0, NULL},
    {"wind.direction", LEC_FLOAT, AT(wind_direction), 0, 0, NULL},
    {"distance", LEC_FLOAT, AT(distance), 0, 0, NULL},
    {"probe.1", LEC_FLOAT, AT(probe[0]), 0, 0, NULL},
    {"probe.2", LEC_FLOAT, AT(probe[1]), 0, 0, NULL},
    {"probe.3", LEC_FLOAT, AT(probe[2]), 0, 0, NULL},
    {"probe.4", LEC_FLOAT, AT(probe[3]), 0, 0, NULL},
    {"probe.5", LEC_FLOAT, AT(probe[4]), 0, 0, NULL},
    {"probe.6", LEC_FLOAT, AT(probe[5]), 0, 0, NULL},
    {"probe.7", LEC_FLOAT, AT(probe[6]), 0, 0, NULL},
    {"probe.8", LEC_FLOAT, AT(probe[7]), 0, 0, NULL},
    {"presence", LEC_BOOL, AT(presence), 0, 0, NULL},
    {"missing", LEC_BOOL, AT(missing), 0, 0, NULL},
    {0},
};

/* A sensor measures this often; asked sooner, it repeats itself. */
static const int64_t sample_ns = 2 * LEC_SEC;

/* Noise of that deviation; `which` keeps the quantities apart. */
static double noise(const struct sim_device *d, unsigned which, uint64_t sample, double deviation)
{
    return deviation * sim_noise(d->seed + which, sample);
}

static void advance(struct sim_device *d, int64_t now)
{
    struct sim_sensor *s = d->state;
    const struct sim_world *w = d->sim->world;
    uint64_t k = (uint64_t)(now / sample_ns);
    double own = noise(d, 99, 0, 0.15); /* the instrument's own constant error */
    s->temperature = w->temperature + own + noise(d, 0, k, 0.03);
    s->humidity = fmin(fmax(w->humidity + 3 * own + noise(d, 1, k, 0.2), 0), 100);
    s->co2 = fmax(w->co2 + 60 * own + noise(d, 2, k, 5), 0);
    s->voc = fmax(110 + 4 * w->people + noise(d, 3, k, 4), 0);
    s->illuminance = fmax(w->lux * (1 + 0.3 * own) + noise(d, 4, k, 2), 0);
    s->sound = fmax(sim_world_sound(w) + noise(d, 5, k, 1.2), 20);
    s->pressure = 101.1 + 0.2 * sim_world_wave(now, 43200) + noise(d, 6, k, 0.01);
    s->pm25 = fmax(22 + 6 * sim_world_wave(now, 3600) + noise(d, 7, k, 1), 0);
    s->pm10 = s->pm25 * 1.5;
    s->ph = 7.02 + 0.05 * sim_world_wave(now, 900) + noise(d, 8, k, 0.01);
    s->ph_mv = -59.16 * (s->temperature + 273.15) / 298.15 * (s->ph - 7);
    s->conductivity = fmax(840 + noise(d, 9, k, 5), 0);
    s->moisture = fmin(fmax(31 + noise(d, 10, k, 0.2), 0), 100);
    s->wind_speed = fmax(2.1 + sim_world_wave(now, 60) + noise(d, 11, k, 0.3), 0);
    s->wind_direction = fmod(360 + 120 + 25 * sim_world_wave(now, 90) + noise(d, 12, k, 3), 360);
    s->distance = 1.25;
    for (unsigned i = 0; i < 8; i++)
        s->probe[i] = w->temperature + noise(d, 20 + i, 0, 0.3) + noise(d, 30 + i, k, 0.05);
    s->presence = w->people > 0;
}

static int set(struct sim_device *d, const struct sim_field *f, const struct lec_value *v)
{
    /* What a sensor measures cannot be set, only the room changed (room.people) or a lie told. */
    if (f->offset != AT(missing))
        return LEC_E_NOTSUP;
    sim_field_put(f, d->state, v);
    return 0;
}

const struct sim_model sim_model_sensor = {
    .name = "sensor",
    .size = sizeof(struct sim_sensor),
    .fields = fields,
    .advance = advance,
    .set = set,
};
