/* The air and the mains of the room that all devices share: lights and projectors warm it and draw power, people
 * breathe in it.
 *
 * Threads: the loop's. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "sim.h"

struct sim_world {
    int64_t at;                                         /* model time */
    double outside, temperature, humidity, co2, people; /* Cel, Cel, %, ppm, heads */
    double lux;                                         /* lx */
    double watts, energy;                               /* W now, kWh since ever */
    uint64_t seed;
};

struct sim_world *sim_world_new(uint64_t seed, double people);
/* Brings the room to model time `now` with what its devices have been drawing since. */
void sim_world_advance(struct sim *s, int64_t now);
/* The device's state has changed: its light and power count from now on. The room stands at the present. */
void sim_world_account(struct sim_device *d);
double sim_world_sound(const struct sim_world *w);
/* People come and go, the weather changes: "people", "outside". Returns 0, LEC_E_NOTSUP or LEC_E_RANGE. */
int sim_world_set(struct sim *s, const char *what, double value, struct lec_err *err);
void sim_world_json(struct sim *s, struct lec_buf *out);
/* A slow wave of +-1 about the model time, of that period in seconds. */
double sim_world_wave(int64_t now, double period_s);

#endif
