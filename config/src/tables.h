/* The keys that the framework itself reads, as data: these rows check files, give defaults, and are the tables of
 * docs/profiles.md (a test compares them). Each table ends with a row whose name is NULL. */
#ifndef LECTERN_CONFIG_TABLES_H
#define LECTERN_CONFIG_TABLES_H

#include "lectern/model.h"

extern const struct lec_option lec_room_keys[];         /* [room] */
extern const struct lec_option lec_room_device_keys[];  /* [device NAME] in a room */
extern const struct lec_option lec_scene_keys[];        /* [scene NAME] */
extern const struct lec_option lec_step_keys[];         /* after the commas of a step */
extern const struct lec_option lec_experiment_keys[];   /* [experiment NAME] */
extern const struct lec_option lec_channel_keys[];      /* after the commas of a channel */
extern const struct lec_option lec_condition_keys[];    /* after the commas of start, stop, trigger, sample */
extern const struct lec_option lec_field_keys[];        /* after the commas of what is asked */
extern const struct lec_option lec_calibration_keys[];  /* [calibration DEVICE.POINT] */
extern const struct lec_option lec_timetable_keys[];    /* [timetable] */
extern const struct lec_option lec_access_keys[];       /* [access] */
extern const struct lec_option lec_alarm_keys[];        /* [alarm NAME] */
extern const struct lec_option lec_class_keys[];        /* [class] */
extern const struct lec_option lec_profile_keys[];      /* [device] in a profile */
extern const struct lec_option lec_profile_line_keys[]; /* [line] in a profile */
extern const struct lec_option lec_point_keys[];        /* [point NAME] */
extern const struct lec_option lec_action_keys[];       /* [action NAME] */

/* Whether `unit` is a unit that we know; if not, *meant is what was probably meant, or NULL. */
bool lec_unit_known(const char *unit, const char **meant);

#endif
