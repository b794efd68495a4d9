#include "models/go.h"

#include <math.h>
#include <string.h>

#define AT(member) offsetof(struct sim_go, member)

static const char *const kinds[] = {"temp", "link", "motion", NULL};
static const char *const leds[] = {"off", "red", "green", "orange", NULL};
static const char *const batteries[] = {"good", "low", "missing", NULL};
static const char *const experiments[] = {"cooling", "pendulum", "fall", "capacitor", NULL}; /* as in physics.c */

static const struct sim_field fields[] = {
    {"kind", LEC_ENUM, AT(kind), 0, 0, kinds},
    {"experiment", LEC_ENUM, AT(experiment), 0, 0, experiments},
    {"sensor", LEC_INT, AT(sensor), 0, 255, NULL},
    {"value", LEC_FLOAT, AT(value), 0, 0, NULL},
    {"drift", LEC_FLOAT, AT(drift), -100000, 100000, NULL},
    {"led", LEC_ENUM, AT(led), 0, 0, leds},
    {"battery", LEC_ENUM, AT(battery), 0, 0, batteries},
    {"measuring", LEC_BOOL, AT(measuring), 0, 0, NULL},
    {"overflow", LEC_BOOL, AT(overflow), 0, 0, NULL},
    {"period", LEC_FLOAT, AT(period), 0, 0, NULL},
    {"packets", LEC_INT, AT(packets), 0, 0, NULL},
    {"samples", LEC_INT, AT(samples), 0, 0, NULL},
    {"lost", LEC_INT, AT(lost), 0, 0, NULL},
    {0},
};

/* Sensors up to 19 have no memory: whoever reads them has to know these figures. 60 is what a Go!Temp has built in. */
static const struct sim_go_sensor sensors[] = {
    {1, "Thermocouple", "(C)", "temperature", 1, -27.6, 552.6, 0, false, 0.5},
    {2, "Voltage 10 V", "(V)", "voltage", 1, 0, 1, 0, true, 0.1},
    {10, "SS Temp", "(C)", "temperature", 12, 1.02119e-3, 2.22468e-4, 1.33342e-7, false, 0.5},
    {11, "Voltage 30 V", "(V)", "voltage", 1, 0, 3, 0, true, 0.1},
    {14, "Voltage 5 V", "(V)", "voltage", 1, 0, 1, 0, false, 0.1},
    {16, "Long Temp", "(C)", "temperature", 1, -53.073, 58.341, 0, false, 0.5},
    {25, "Dual-Range Force 10N", "(N)", "force", 1, 12.25, -4.9, 0, false, 0.02},
    {30, "Quadratic Voltage", "(V)", "voltage", 2, -0.1, 0.9, 0.02, false, 0.1},
    {31, "Log Temp", "(C)", "temperature", 4, 1.5, 2.4, 0, false, 0.5},
    {32, "Logarithmic Thing", "(V)", "voltage", 5, 1, 1, 0, false, 0.1},
    {60, "Go! Temp", "(C)", "temperature", 1, -256, 102.4, 0, false, 0.5},
};

const struct sim_go_sensor *sim_go_sensor(const struct sim_go *s)
{
    int number = s->kind == SIM_GO_TEMP ? 60 : s->sensor;
    for (size_t i = 0; i < ARRAY_LEN(sensors) && s->kind != SIM_GO_MOTION; i++)
        if (sensors[i].number == number)
            return &sensors[i];
    return NULL;
}

static double meaning(const struct sim_go_sensor *s, double volts)
{
    if (s->equation == 12) {
        double l = log(15000 * volts / (5 - volts));
        return 1 / (s->a + s->b * l + s->c * l * l * l) - 273.15;
    }
    if (s->equation == 4)
        return s->a * pow(s->b, volts);
    return s->a + s->b * volts + (s->equation == 2 ? s->c * volts * volts : 0);
}

double sim_go_volts(const struct sim_go_sensor *s, double value)
{
    /* All of the curves rise or fall all the way: halve until the place is found. */
    double low = s->ten_volts ? -10 : 0.005, high = s->ten_volts ? 10 : 4.995;
    bool rises = meaning(s, high) > meaning(s, low);
    for (int i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if ((meaning(s, middle) < value) == rises)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

const char *sim_go_quantity(const struct sim_go *s)
{
    const struct sim_go_sensor *sensor = sim_go_sensor(s);
    return sensor ? sensor->quantity : s->kind == SIM_GO_MOTION ? "distance" : "nothing";
}

static void usual_experiment(const struct sim_device *d, struct sim_go *s)
{
    static const char *const of[][2] = {{"temperature", "cooling"}, {"voltage", "capacitor"}};
    const char *quantity = sim_go_quantity(s), *name = "pendulum";
    char wanted[SIM_TEXT];
    for (size_t i = 0; i < ARRAY_LEN(of); i++)
        if (strcmp(of[i][0], quantity) == 0)
            name = of[i][1];
    if (sim_trait(d, "experiment", wanted))
        name = wanted;
    if (!physics_init(&s->physics, name, d->seed))
        (void)physics_init(&s->physics, "cooling", d->seed);
    s->experiment = (int)s->physics.kind;
}

static void advance(struct sim_device *d, int64_t now)
{
    struct sim_go *s = d->state;
    double value = physics_value(&s->physics, sim_go_quantity(s), (double)now / 1e9);
    s->value = isfinite(value) ? value : 0;
}

static void start(struct sim_device *d)
{
    struct sim_go *s = d->state;
    char kind[SIM_TEXT];
    if (sim_trait(d, "kind", kind))
        for (int i = 0; kinds[i]; i++)
            if (strcmp(kinds[i], kind) == 0)
                s->kind = i;
    s->sensor = (int)sim_trait_number(d, "sensor", s->kind == SIM_GO_LINK ? 25 : 0);
    s->drift = sim_trait_number(d, "drift", 0);
    s->led = SIM_GO_ORANGE;
    usual_experiment(d, s);
    physics_restart(&s->physics, (double)sim_model_now(d->sim) / 1e9);
}

static int set(struct sim_device *d, const struct sim_field *f, const struct lec_value *v)
{
    struct sim_go *s = d->state;
    /* A hand changes the world around it and what it is worn; the rest is the wire's. */
    bool by_hand = f->offset == AT(experiment) || f->offset == AT(sensor) || f->offset == AT(drift) ||
                   f->offset == AT(battery) || f->offset == AT(overflow);
    if (f->offset == AT(kind) || f->offset == AT(value) || (d->by == SIM_BY_HAND && !by_hand))
        return LEC_E_NOTSUP;
    sim_field_put(f, s, v);
    if (f->offset == AT(experiment)) {
        (void)physics_init(&s->physics, experiments[s->experiment], d->seed);
        physics_restart(&s->physics, (double)sim_model_now(d->sim) / 1e9);
    }
    return 0;
}

const struct sim_model sim_model_go = {
    .name = "go",
    .size = sizeof(struct sim_go),
    .fields = fields,
    .start = start,
    .advance = advance,
    .set = set,
};
