/* A probe on USB with a school experiment in front of it: what is true, and what the probe has done.
 *
 * Traits: kind (temp, link, motion), experiment (a name of models/physics.h), sensor (what is plugged into a link: the
 * number that its resistor gives), drift (ppm that its clock is ahead), serial.
 *
 * Threads: the loop's. */
#ifndef SIM_MODEL_GO_H
#define SIM_MODEL_GO_H

#include "models/physics.h"
#include "sim.h"

enum sim_go_kind { SIM_GO_TEMP, SIM_GO_LINK, SIM_GO_MOTION };
enum sim_go_led { SIM_GO_OFF, SIM_GO_RED, SIM_GO_GREEN, SIM_GO_ORANGE };

struct sim_go {
    int kind;
    int experiment; /* index of physics_kind_names; set by hand it begins anew */
    int sensor;     /* 0: nothing is plugged into the link */
    double value;   /* what is true now, in the unit of the quantity */
    double drift;   /* ppm */
    int led, battery;
    bool measuring, overflow;
    double period;              /* s, as set */
    int packets, samples, lost; /* since the start; lost: packets that were counted, but not sent */
    struct physics physics;
};

extern const struct sim_model sim_model_go;

/* What is plugged into a link, or built into the others: how it turns a quantity into volts. */
struct sim_go_sensor {
    int number;
    const char *name, *unit, *quantity;
    unsigned equation; /* as the memory counts them: 1, 2, 4, 12 */
    double a, b, c;
    bool ten_volts; /* -10..10 V instead of 0..5 V */
    double typical_s;
};
/* The sensor of that number; the thermometer's for a temp; NULL for a motion and for an unknown number. */
const struct sim_go_sensor *sim_go_sensor(const struct sim_go *s);
/* The volts at which the sensor means `value`; what it can show at most beyond its range. */
double sim_go_volts(const struct sim_go_sensor *sensor, double value);
/* The quantity that the probe measures. */
const char *sim_go_quantity(const struct sim_go *s);

#endif
