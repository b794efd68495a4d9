/* A stage for the scene engine's tests: a room that exists only in memory, a host that writes down what it is asked and
 * ends operations when the test says so, and a clock that stands still until it is moved.
 *
 * The room (stage_room) has
 *   projector  power (off warming on cooling; off on), input (while power is on), picture_mute; usually 18 s, limit 60 s
 *   screen     position (up down moving; up down)
 *   lights     front, rear (bool)
 *   audio      level (float, tolerance 0.5), mute
 *   sign       message (text that cannot be read back)
 *   camera     preset (int, never undone)
 *   bell       ring (an action), play (an action with a text) */
#ifndef LECTERN_TEST_SCENE_STAGE_H
#define LECTERN_TEST_SCENE_STAGE_H

#include <jansson.h>

#include "scene/scene.h"

#define STAGE_OPS     4096
#define STAGE_POINTS  16
#define STAGE_DEVICES 7

struct stage_op {
    uint64_t id;
    const struct lec_point *point;
    const struct lec_action *action;
    char target[64];
    struct lec_value value;
    int64_t timeout_ns;
    bool check_first, stopped, done;
    enum lec_verdict because;
    char principal[64];
};

struct stage {
    struct lec_scenes *scenes;
    const struct lec_room *room;
    struct lec_scenes_host host;
    struct stage_op ops[STAGE_OPS];
    size_t n_ops;
    json_t *events, *journal, *kept; /* arrays of what was published and journalled; what is kept by key */
    json_t *kept_then;               /* what was kept when the last action was started */
    struct {
        enum lec_quality quality;
        struct lec_value value;
    } world[STAGE_DEVICES][STAGE_POINTS]; /* the newest values known */
    struct {
        uint64_t token;
        const struct lec_point *point;
    } reads[64];
    size_t n_reads;
    bool full;        /* start refuses, as at a limit */
    bool answer_stop; /* stop calls op_done from inside */
    int64_t now, wall_us;
    uint64_t randomness;
};

/* A room with the devices above and the scenes written in `lines`, NULL at the end:
 *   "scene lesson, deadline 5min"
 *   "source = projector.input hdmi1, after projector-on, optional, retry 2, timeout 30s, delay 5s"
 * One reference; freed with the last lec_room_unref, so that a stale pointer is found by the sanitizer. */
const struct lec_room *stage_room(const char *const lines[]);

/* The scenes `lesson` and `video`, which share the projector. */
extern const char *const stage_lesson[];

void stage_open(struct stage *st, const char *const lines[]);
void stage_close(struct stage *st);
/* What a crash and a new start do: the engine is freed, a new one gets what was kept, and resumes. lines NULL: the same
 * room file. */
void stage_crash(struct stage *st, const char *const lines[]);

/* Moves both clocks forward and ticks. */
void stage_wait(struct stage *st, int64_t ns);
void stage_know(struct stage *st, const char *target, enum lec_quality quality, const char *value);
const struct lec_point *stage_point(const struct stage *st, const char *target);

/* Starts a scene, expecting no error; returns the run's id (static until the next call but seven). */
const char *stage_start(struct stage *st, const char *scene);
/* The newest operation on the target that has not been ended, or NULL. */
struct stage_op *stage_op(struct stage *st, const char *target);
void stage_sent(struct stage *st, const char *target);
/* Ends it. before, actual: NULL if unknown. Fails the test when there is no such operation. */
void stage_done(struct stage *st, const char *target, enum lec_verdict verdict, const char *before, const char *actual);
/* Ends it badly, with this code and reason. */
void stage_fail(struct stage *st, const char *target, enum lec_verdict verdict, int code, const char *reason);
/* How many operations are neither ended nor told to stop. */
size_t stage_open_ops(const struct stage *st);

/* Borrowed from a static copy of the run's JSON, until the next of these calls. "" where there is none. */
const char *stage_state(struct stage *st, const char *run);
const char *stage_step(struct stage *st, const char *run, const char *step);
const char *stage_reason(struct stage *st, const char *run, const char *step);
json_t *stage_run(struct stage *st, const char *run);
json_t *stage_run_step(struct stage *st, const char *run, const char *step);

#endif
