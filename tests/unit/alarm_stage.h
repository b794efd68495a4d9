/* A stage for the alarm engine's tests: rooms that exist only in memory, a host that writes down what it is told, and a clock that
 * stands still until it is moved.
 *
 * The room has
 *   projector  power (off on), error.lamp (ok warning error; severity error), error.fan (bool; severity warning)
 *   comfort    co2 (float, [ppm]), temperature (float, Cel), mode (idle boost)
 *   lights     front (bool) */
#ifndef LECTERN_TEST_ALARM_STAGE_H
#define LECTERN_TEST_ALARM_STAGE_H

#include <jansson.h>

#include "alarm/alarm.h"

#define STAGE_UNDONE 4 /* records that a kill can undo */
#define MIN          (60 * LEC_SEC)

struct stage {
    struct lec_alarms *alarms;
    const struct lec_room *room;
    json_t *journal, *told;       /* arrays: {device, name, principal, data}; {name, alarm} */
    json_t *kept;                 /* {key: text} */
    json_t *before[STAGE_UNDONE]; /* what was kept before the last records, newest first */
    bool wrote[STAGE_UNDONE];     /* whether that record wrote to the journal */
    int64_t now, wall_us;
    size_t starts; /* entries of the journal when the engine was started, or had another room, last */
};

/* A section; name, target ("comfort.co2", or a device) and severity are given, the rest may be changed. */
struct lec_alarm stage_alarm(const char *name, const char *target, enum lec_severity severity);
/* A room with these sections. `lights`: it has the device lights. It is given to the stage. */
const struct lec_room *stage_room(const struct lec_alarm sections[], size_t n, bool lights);
/* Begins with an empty store at a time of its own, everything online and well. Takes the room. */
void stage_open(struct stage *st, const struct lec_room *room);
void stage_close(struct stage *st);
/* kill -9, which undoes the last `undone` records, and a start `down_ns` later; points are not known yet, devices are starting. Takes the
 * room; NULL: the same. */
void stage_restart(struct stage *st, const struct lec_room *room, unsigned undone, int64_t down_ns);
void stage_reload(struct stage *st, const struct lec_room *room);
/* Everything is online, with values that raise nothing. */
void stage_well(struct stage *st);
struct lec_moment stage_moment(const struct stage *st);
void stage_point(struct stage *st, const char *target, struct lec_value value, enum lec_quality quality);
void stage_float(struct stage *st, const char *target, double value); /* good */
void stage_enum(struct stage *st, const char *target, const char *value);
void stage_online(struct stage *st, const char *device, bool online);
/* Time goes by; the engine is called when it wants to be. */
void stage_pass(struct stage *st, int64_t ns);

/* How many entries of the journal are of this alarm and say this. */
size_t stage_count(const struct stage *st, const char *alarm, const char *what);
/* The newest entry of this alarm that says this; fails the test when there is none. */
const json_t *stage_entry(const struct stage *st, const char *alarm, const char *what);
/* What the bus was told of this alarm last. */
const json_t *stage_told(const struct stage *st, const char *alarm);
/* The alarms that stand; to be freed. */
json_t *stage_standing(const struct stage *st);
bool stage_stands(const struct stage *st, const char *alarm);
/* alarm.list with `ended`; to be freed. */
json_t *stage_list(const struct stage *st, unsigned ended);
/* Each raise in the journal has one clear or stands, numbers rise, nothing is raised twice, and no alarm was raised more often than chattering
 * allows. NULL, or what is wrong. */
const char *stage_judge(const struct stage *st);

#endif
