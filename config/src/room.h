/* The parts of loading a room, in their order.
 *
 * Threads: pure, but for the disk. */
#ifndef LECTERN_CONFIG_ROOM_H
#define LECTERN_CONFIG_ROOM_H

#include "line.h"
#include "profile.h"

#define LEC_ROOM_DEVICES 256
#define LEC_ROOM_LINES   128
#define LEC_ROOM_POINTS  4096
#define LEC_ROOM_SCENES  64
#define LEC_SCENE_STEPS  64

#define LEC_ROOM_EXPERIMENTS  64
#define LEC_EXPERIMENT_FIELDS 16
#define LEC_ROOM_ALARMS       256 /* [alarm] sections */

/* What loading knows of a device besides its description. */
struct lec_device_work {
    const struct lec_ini_section *section;
    const struct lec_key *line_key; /* NULL: it has none */
    struct lec_profile *profile;    /* NULL: not known */
    struct lec_uri uri;
    bool has_uri;
    bool broken;              /* something of it is wrong, which has been told: nothing more is said about it */
    struct lec_point *points; /* those of the device, as long as they may be changed */
    struct lec_keys query, map, secrets; /* options of its driver from its address, the line map, the secrets file */
};

struct lec_room_work {
    struct lec_load *load;
    const struct lec_ini *ini;
    struct lec_room *room;
    struct lec_device *devices;
    struct lec_device_work *work; /* of each device */
    struct lec_line *lines;
};

/* Gives every device its line. */
void lec_lines_build(struct lec_room_work *w);
/* Moves the lines to where the simulator plays them. Returns 0, LEC_E_CONFIG or LEC_E_NOMEM. */
int lec_line_map_apply(struct lec_room_work *w, const char *file);
/* Puts the secrets to their devices. Returns 0, LEC_E_CONFIG or LEC_E_NOMEM. */
int lec_secrets_read(struct lec_room_work *w, const char *file);
/* Reads [scene] sections of `ini` behind the room's scenes; `captured`: mistakes are warnings and leave the scene out. */
void lec_scenes_build(struct lec_room_work *w, const struct lec_ini *ini, bool captured);
/* Reads [calibration DEVICE.POINT] sections into the points. */
void lec_calibrations_build(struct lec_room_work *w);
/* Reads [experiment] sections of `ini` behind the room's experiments; `made`: mistakes are warnings and leave the
 * experiment out. */
void lec_experiments_build(struct lec_room_work *w, const struct lec_ini *ini, bool made);

/* Reads [access], or gives everybody who may connect the role that they have without it. */
void lec_access_build(struct lec_room_work *w);
/* Reads [timetable]; the scenes are there. */
void lec_timetable_build(struct lec_room_work *w);

/* Reads [alarm] sections into the room; devices and points must be complete. */
void lec_alarms_build(struct lec_room_work *w);

/* Puts dev->keys together from the profile, the room, the address, the line map and the secrets. */
void lec_device_options(struct lec_load *load, struct lec_device *dev, const struct lec_device_work *work);
/* Asks for the options that the driver requires, and lets the driver check the device, which may look at its neighbours on
 * the line: all devices must have their options. Returns false for lack of memory. */
bool lec_device_check(struct lec_load *load, const struct lec_device *dev, const struct lec_device_work *work,
                      bool required);
/* Copies points, actions and sections of the profile into the device. Returns the points, to be changed. */
struct lec_point *lec_device_points(struct lec_load *load, struct lec_device *dev, const struct lec_profile *p);

#endif
