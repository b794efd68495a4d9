#include "world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/member.h"
#include "models/models.h"

/* A classroom of 60 m2: 200 m3 of air changed 1.5 times an hour, walls that lose 250 W for each degree and store
 * 1.5 MJ for each; a person gives off 90 W and 18 l of CO2 an hour. */
static const double room_volume = 200, room_changes = 1.5, room_loss = 250, room_store = 1.5e6;
static const double person_watts = 90, person_co2 = 18;
static const double standby_watts = 12, daylight = 120;

struct sim_world *sim_world_new(uint64_t seed, double people)
{
    struct sim_world *w = calloc(1, sizeof *w);
    if (w)
        *w = (struct sim_world){.seed = seed,
                                .outside = 26,
                                .temperature = 26.5,
                                .humidity = 62,
                                .co2 = 450,
                                .people = people,
                                .energy = 1523.4,
                                .watts = standby_watts,
                                .lux = daylight};
    return w;
}

double sim_world_wave(int64_t now, double period_s)
{
    return sin(6.283185307179586 * fmod((double)now / 1e9, period_s) / period_s);
}

/* x approaches `goal` with time constant tau for dt: exact for any step. */
static double toward(double x, double goal, double dt, double tau)
{
    return goal + (x - goal) * exp(-dt / tau);
}

void sim_world_advance(struct sim *s, int64_t now)
{
    struct sim_world *w = s->world;
    double dt = (double)(now - w->at) / 1e9;
    if (dt <= 0)
        return;
    double heat = w->watts * 0.9 + w->people * person_watts;
    w->temperature = toward(w->temperature, w->outside + heat / room_loss, dt, room_store / room_loss);
    double fresh = room_volume * room_changes;
    w->co2 = toward(w->co2, 420 + w->people * person_co2 / fresh * 1e3, dt, 3600 / room_changes);
    w->humidity = toward(w->humidity, 58 + 0.25 * w->people - 1.5 * (w->temperature - 26), dt, 1800);
    w->humidity = fmin(fmax(w->humidity, 5), 99);
    w->energy += w->watts * dt / 3.6e6;
    w->at = now;
}

void sim_world_account(struct sim_device *d)
{
    struct sim_world *w = d->sim->world;
    double watts = d->model->watts ? d->model->watts(d) : 0;
    double lux = d->model == &sim_model_lights ? sim_lights_lux(d->state) : 0;
    w->watts = fmax(w->watts + watts - d->watts, standby_watts);
    w->lux = fmax(w->lux + lux - d->lux, daylight);
    d->watts = watts;
    d->lux = lux;
}

double sim_world_sound(const struct sim_world *w)
{
    return 34 + (w->people > 0 ? 8 + 6 * log10(w->people) : 0);
}

int sim_world_set(struct sim *s, const char *what, double value, struct lec_err *err)
{
    sim_world_advance(s, loop_model_now(s->loop));
    if (strcmp(what, "people") == 0 && value >= 0 && value <= 1000)
        s->world->people = value;
    else if (strcmp(what, "outside") == 0 && value >= -40 && value <= 60)
        s->world->outside = value;
    else if (strcmp(what, "people") == 0 || strcmp(what, "outside") == 0)
        return lec_fail(err, LEC_E_RANGE, "room: %s cannot be %g", what, value);
    else
        return lec_fail(err, LEC_E_NOTSUP, "room: it has \"people\" and \"outside\", not \"%s\"", what);
    return 0;
}

void sim_world_json(struct sim *s, struct lec_buf *out)
{
    sim_world_advance(s, loop_model_now(s->loop));
    const struct {
        const char *name;
        double value;
    } rows[] = {
        {"people", s->world->people},     {"outside", s->world->outside}, {"temperature", s->world->temperature},
        {"humidity", s->world->humidity}, {"co2", s->world->co2},         {"illuminance", s->world->lux},
        {"watts", s->world->watts},       {"energy", s->world->energy},
    };
    lec_buf_putc(out, '{');
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        lec_member_float(out, rows[i].name, rows[i].value);
    lec_buf_putc(out, '}');
}
