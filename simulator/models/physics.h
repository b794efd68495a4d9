/* School experiments as pure functions of time: a cup that cools, a pendulum, a falling body, a capacitor that
 * discharges. Faces sample them as fast as their protocol does; the same time gives the same value, so that a test can
 * ask afterwards what was true.
 *
 * Time is in seconds since the simulator began (or any other origin that the caller keeps to); an experiment begins at
 * start_s and shows its first value before that.
 *
 * Threads: pure functions, but for physics_restart. */
#ifndef SIM_PHYSICS_H
#define SIM_PHYSICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum physics_kind {
    PHYSICS_COOLING,   /* water in a cup: temperature (Cel), ambient (Cel) */
    PHYSICS_PENDULUM,  /* damped: angle (deg), distance (m, from a detector beside it), force (N, in the thread) */
    PHYSICS_FALL,      /* let go at the start: distance (m, fallen), height (m, above the floor), speed (m/s) */
    PHYSICS_CAPACITOR, /* through a resistor: voltage (V), current (mA) */
    PHYSICS_KINDS      /* how many there are */
};

struct physics {
    enum physics_kind kind;
    double start_s;
    double noise; /* 1: what a school's sensor has; 0: none; any factor between and beyond */
    uint64_t seed;
    /* What sets it apart; physics_init gives usual ones. */
    double begin, end; /* COOLING: Cel at the start and of the room; PENDULUM: deg at the start; FALL: m of height;
                           CAPACITOR: V at the start */
    double tau_s;      /* COOLING, CAPACITOR: time constant; PENDULUM: of its damping */
    double length_m;   /* PENDULUM */
    double mass_kg;    /* PENDULUM, FALL */
    double resistance; /* CAPACITOR: Ohm */
    double again_s;    /* PENDULUM, FALL, CAPACITOR: begins anew each so many seconds; 0: never */
};

/* "cooling", "pendulum", "fall", "capacitor", ending with NULL. */
extern const char *const physics_kind_names[];

/* An experiment with usual figures that begins at 0. False: no such name. */
bool physics_init(struct physics *p, const char *kind, uint64_t seed);
/* It begins anew at t_s, as when somebody pours new water or lets go again. */
void physics_restart(struct physics *p, double t_s);

/* The names of its quantities, ending with NULL. */
const char *const *physics_quantities(enum physics_kind kind);
/* What is true at t_s, without noise; NaN for a quantity that the experiment does not have. */
double physics_value(const struct physics *p, const char *quantity, double t_s);
/* Sample number `k`, taken at t_s, by a sensor: with its noise, always the same for the same seed, quantity and k. */
double physics_sample(const struct physics *p, const char *quantity, double t_s, uint64_t k);

/* The code of an n-bit converter (1 to 24 bits) whose codes 0 .. 2^bits-1 stand for min .. max; held at the ends. */
uint32_t physics_code(double value, double min, double max, unsigned bits);
/* What that code stands for. */
double physics_of_code(uint32_t code, double min, double max, unsigned bits);
/* The usual measuring range of a quantity, for the two above. False: unknown. */
bool physics_range(const char *quantity, double *min, double *max);

#endif
