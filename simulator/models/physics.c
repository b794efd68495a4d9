#include "models/physics.h"

#include <math.h>
#include <string.h>

#include "lectern/err.h"
#include "random.h"

static const double gravity = 9.787; /* Hanoi, m/s2 */
static const double turn_deg = 180 / 3.14159265358979323846;

/* A detector beside the pendulum sees its bob at so many metres when it hangs at rest. */
static const double detector_m = 0.5;

const char *const physics_kind_names[] = {"cooling", "pendulum", "fall", "capacitor", NULL};

static const char *const cooling[] = {"temperature", "ambient", NULL};
static const char *const pendulum[] = {"angle", "distance", "force", NULL};
static const char *const fall[] = {"distance", "height", "speed", NULL};
static const char *const capacitor[] = {"voltage", "current", NULL};

/* What a school's sensor for the quantity can do. */
static const struct {
    const char *name;
    double min, max, deviation;
} sensors[] = {
    {"temperature", -20, 110, 0.03}, {"ambient", -20, 110, 0.03}, {"angle", -180, 180, 0.1},
    {"distance", 0, 6, 0.001},       {"height", 0, 6, 0.001},     {"force", -50, 50, 0.01},
    {"speed", -20, 20, 0.01},        {"voltage", 0, 5, 0.002},    {"current", -10, 10, 0.005},
};

static size_t sensor_of(const char *quantity)
{
    size_t i = 0;
    while (i < ARRAY_LEN(sensors) && strcmp(sensors[i].name, quantity) != 0)
        i++;
    return i;
}

bool physics_init(struct physics *p, const char *kind, uint64_t seed)
{
    static const struct physics usual[] = {
        {.kind = PHYSICS_COOLING, .begin = 86, .end = 26, .tau_s = 900},
        {.kind = PHYSICS_PENDULUM, .begin = 15, .tau_s = 120, .length_m = 1, .mass_kg = 0.2},
        {.kind = PHYSICS_FALL, .begin = 2, .mass_kg = 0.1},
        {.kind = PHYSICS_CAPACITOR, .begin = 4.8, .tau_s = 10, .resistance = 10000},
    };
    for (size_t i = 0; i < PHYSICS_KINDS; i++)
        if (strcmp(physics_kind_names[i], kind) == 0) {
            *p = usual[i];
            p->noise = 1;
            p->seed = seed;
            return true;
        }
    return false;
}

void physics_restart(struct physics *p, double t_s)
{
    p->start_s = t_s;
}

const char *const *physics_quantities(enum physics_kind kind)
{
    static const char *const *const all[] = {cooling, pendulum, fall, capacitor};
    return all[kind];
}

static double cup(const struct physics *p, const char *quantity, double t)
{
    if (strcmp(quantity, "temperature") == 0)
        return p->end + (p->begin - p->end) * exp(-t / p->tau_s);
    return strcmp(quantity, "ambient") == 0 ? p->end : (double)NAN;
}

/* Small swings, with the period's first correction for the amplitude at the start. */
static double swing(const struct physics *p, const char *quantity, double t)
{
    double start = p->begin / turn_deg;
    double omega = sqrt(gravity / p->length_m) / (1 + start * start / 16);
    double decay = start * exp(-t / p->tau_s);
    double angle = decay * cos(omega * t);
    double rate = -decay * (omega * sin(omega * t) + cos(omega * t) / p->tau_s);
    if (strcmp(quantity, "angle") == 0)
        return angle * turn_deg;
    if (strcmp(quantity, "distance") == 0)
        return detector_m + p->length_m * sin(angle);
    return strcmp(quantity, "force") == 0 ? p->mass_kg * (gravity * cos(angle) + p->length_m * rate * rate)
                                          : (double)NAN;
}

static double drop(const struct physics *p, const char *quantity, double t)
{
    double lands = sqrt(2 * p->begin / gravity);
    double in_air = fmin(t, lands);
    double fallen = gravity * in_air * in_air / 2;
    if (strcmp(quantity, "distance") == 0)
        return fallen;
    if (strcmp(quantity, "height") == 0)
        return p->begin - fallen;
    return strcmp(quantity, "speed") == 0 ? (t < lands ? gravity * t : 0) : (double)NAN;
}

static double discharge(const struct physics *p, const char *quantity, double t)
{
    double volts = p->begin * exp(-t / p->tau_s);
    if (strcmp(quantity, "voltage") == 0)
        return volts;
    return strcmp(quantity, "current") == 0 ? volts / p->resistance * 1000 : (double)NAN;
}

double physics_value(const struct physics *p, const char *quantity, double t_s)
{
    double t = fmax(t_s - p->start_s, 0);
    if (p->again_s > 0)
        t = fmod(t, p->again_s);
    switch (p->kind) {
    case PHYSICS_COOLING:
        return cup(p, quantity, t);
    case PHYSICS_PENDULUM:
        return swing(p, quantity, t);
    case PHYSICS_FALL:
        return drop(p, quantity, t);
    case PHYSICS_CAPACITOR:
        return discharge(p, quantity, t);
    case PHYSICS_KINDS:
        break;
    }
    return (double)NAN;
}

double physics_sample(const struct physics *p, const char *quantity, double t_s, uint64_t k)
{
    double value = physics_value(p, quantity, t_s);
    size_t i = sensor_of(quantity);
    if (i == ARRAY_LEN(sensors) || p->noise <= 0)
        return value;
    return value + p->noise * sensors[i].deviation * sim_noise(p->seed + 0x1000 * (i + 1), k);
}

uint32_t physics_code(double value, double min, double max, unsigned bits)
{
    double top = (double)((UINT32_C(1) << bits) - 1);
    double code = round((value - min) / (max - min) * top);
    return code > 0 ? (uint32_t)fmin(code, top) : 0; /* NaN is 0 too */
}

double physics_of_code(uint32_t code, double min, double max, unsigned bits)
{
    return min + (max - min) * code / (double)((UINT32_C(1) << bits) - 1);
}

bool physics_range(const char *quantity, double *min, double *max)
{
    size_t i = sensor_of(quantity);
    if (i == ARRAY_LEN(sensors))
        return false;
    *min = sensors[i].min;
    *max = sensors[i].max;
    return true;
}
