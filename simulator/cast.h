/* Who plays what: a device profile's face, model and traits.
 *
 * Threads: constant data. */
#ifndef SIM_CAST_H
#define SIM_CAST_H

#include "sim.h"

struct sim_map;

struct sim_cast {
    const char *profile;    /* a pattern as of fnmatch; the first row that fits counts */
    const char *class_name; /* NULL: any */
    const char *driver;     /* NULL: any */
    const struct sim_face *face;
    const struct sim_model *model;
    const struct sim_map *map; /* Modbus: its registers; NULL otherwise */
    const char *traits;        /* "key=value key=value"; face and model say what they read */
};

/* The row for a device, or NULL: nobody can play it. Valid as long as `maps`. */
const struct sim_cast *sim_cast_for(const struct lec_device *desc, const struct sim_map *maps);

#endif
