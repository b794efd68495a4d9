/* Points and actions: from the sections of a profile and its class into the model.
 *
 * Threads: pure functions. */
#ifndef LECTERN_CONFIG_POINT_H
#define LECTERN_CONFIG_POINT_H

#include "inifile.h"

/* Where points come from. */
struct lec_point_source {
    struct lec_arena *arena;
    struct lec_diag *diag;
    const struct lec_ini *ini;     /* the profile, or the class itself when it is checked */
    const struct lec_ini *classes; /* its class; NULL: none, or the class is being checked */
    const char *class_name;
    bool is_class;     /* a class need not say the choices */
    bool class_broken; /* the class has mistakes: what seems to be missing may be there */
};

/* Builds all [point] sections, checked before with lec_section_check. device stays NULL. Those with mistakes are
 * told and left out. */
void lec_points_build(const struct lec_point_source *src, struct lec_point **out, size_t *n);
/* What experiments record of a point: the keys stream, fastest, slowest and calibration. Type and access are known.
 * False when told. */
bool lec_recording_build(struct lec_arena *arena, struct lec_diag *d, const struct lec_keys *own, struct lec_point *p);
/* All [action] sections; `points` for their "when". */
void lec_actions_build(const struct lec_point_source *src, const struct lec_point *points, size_t n_points,
                       struct lec_action **out, size_t *n);

#endif
