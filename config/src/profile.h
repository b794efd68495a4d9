/* Classes and profiles, each read once for a room and kept on its arena.
 *
 * Threads: pure, but for the disk. */
#ifndef LECTERN_CONFIG_PROFILE_H
#define LECTERN_CONFIG_PROFILE_H

#include "config.h"
#include "inifile.h"

/* One loading: what its parts share. */
struct lec_load {
    struct lec_arena *arena;
    struct lec_diag diag;
    const struct lec_sources *src;
    struct lec_class *classes;
    struct lec_profile *profiles;
    bool nomem;
};

struct lec_class {
    struct lec_class *next;
    const char *name;
    struct lec_ini *ini; /* NULL: it cannot be read */
    bool broken;         /* it has mistakes, which have been told */
};

struct lec_profile {
    struct lec_profile *next;
    const char *name;    /* "epson/eb-l200f" */
    struct lec_ini *ini; /* NULL: it cannot be read */
    bool partial;        /* its points are not known, because its class is not */
    bool doubtful;       /* it has mistakes that the driver would stumble over */
    const char *class_name;
    const char *driver, *vendor, *model;
    const struct lec_schema *schema; /* NULL: not asked for, or there is none */
    struct lec_keys line;            /* checked keys of [line] */
    struct lec_keys options;         /* checked keys of [driver] */
    /* As in struct lec_device, but with `device` NULL: copied for each device. */
    struct lec_point *points;
    size_t n_points;
    struct lec_action *actions;
    size_t n_actions;
    struct lec_section *sections;
    size_t n_sections;
};

/* The profile that key->value names, read at its first use; never NULL but for lack of memory. What is wrong with
 * it is told once. */
struct lec_profile *lec_profile_get(struct lec_load *load, const struct lec_key *key);
/* The profile in that file. */
struct lec_profile *lec_profile_read(struct lec_load *load, const char *name, const char *file);
/* The class in that file, checked. Returns 0, LEC_E_CONFIG (cannot be read, told) or LEC_E_NOMEM. */
int lec_class_read(struct lec_load *load, const char *name, const char *file, struct lec_ini **out);

#endif
