/* The scene engine: runs graphs of steps, and says truthfully how each ended.
 *
 * Pure logic: it knows no sockets, threads, files or clocks of its own. Whoever embeds it (the core, or a test) gives
 * it a host of callbacks, tells it what happened (lec_scenes_op_*), and calls lec_scenes_tick at the time it asked for.
 * The contract of scenes is docs/architecture.md, "Scenes".
 *
 * Ownership: the engine copies what it keeps, except the room, which it holds a reference of.
 * Threads: one. */
#ifndef LECTERN_SCENE_H
#define LECTERN_SCENE_H

#include "lectern/buf.h"
#include "lectern/clock.h"
#include "lectern/model.h"
#include "line/op.h"

#define LEC_RUN_ID_MAX 24          /* 16 hex digits */
#define LEC_RUNS_MAX   32          /* runs remembered, under way or ended; the oldest ended one is forgotten first */
#define LEC_TIMETABLE  "timetable" /* the principal of what nobody started by hand */
#define LEC_UNDO_NS    (10 * 60 * LEC_SEC) /* how long after its end a run can be undone */

struct lec_scenes;

/* How one operation should be carried out by the line. */
struct lec_op_request {
    const struct lec_point *point; /* set (action NULL): read freshly, done if `value` holds, else write and confirm */
    const struct lec_action *action; /* or invoke */
    const struct lec_value *value;   /* point: the wanted value. Lent for the call */
    const struct lec_value *args;    /* action: n_args values. Lent */
    bool check_first;                /* the fresh read before; scenes always ask for it */
    int64_t timeout_ns;              /* until a verdict must be there */
    const char *principal;
    const char *scene; /* its name; "undo" */
};

struct lec_scenes_host {
    void *ctx;
    /* Hands the operation to its line; returns its number (never 0), by which lec_scenes_op_* are called later, never
     * from inside. 0 with a sentence when it cannot be queued at all (a limit): the step ends refused. */
    uint64_t (*start)(void *ctx, const struct lec_op_request *request, struct lec_err *err);
    /* Asks for the operation to end: if nothing was sent yet it ends cancelled soon; else the line stops waiting. In both cases
     * lec_scenes_op_done follows. `because`: LEC_V_CANCELLED or LEC_V_OVERRIDDEN. */
    void (*stop)(void *ctx, uint64_t op, enum lec_verdict because);
    /* A fresh read of a point for a plan; lec_scenes_read_done follows with the token. */
    void (*read)(void *ctx, uint64_t token, const struct lec_point *point, int64_t timeout_ns);
    /* The newest value known (for undo's doubts and capture), with its quality. */
    enum lec_quality (*last)(void *ctx, const struct lec_point *point, struct lec_value *out);
    /* A run changed: `json` is the event's body without seq, prev, time: {"run":...,"steps":[those changed]}. */
    void (*publish)(void *ctx, const char *scene, const char *json);
    /* For the journal: kind "scene" or "step". */
    void (*journal)(void *ctx, const char *kind, const char *device, const char *name, const char *principal,
                    const char *data);
    /* Keep under a key across restarts (value NULL: forget): "run/<id>", "usual/<device>.<point>=<value>". */
    void (*keep)(void *ctx, const char *key, const char *value);
    /* Whether a run of the timetable leaves a point alone that it is about to set to `wanted`, because somebody else has changed it
     * just now; `reason` says who and when. `by`: who is setting it in another run under way, NULL if nobody is. Asked when the run starts,
     * before it takes any point over, and again when the step begins. NULL: nothing is left alone. */
    bool (*hands_off)(void *ctx, const char *run, const struct lec_point *point, const struct lec_value *wanted,
                      const char *by, char reason[LEC_ERR_TEXT]);
    /* 8 random bytes for run ids. */
    void (*random)(void *ctx, uint8_t out[8]);
};

/* NULL for lack of memory. */
struct lec_scenes *lec_scenes_new(const struct lec_room *room, const struct lec_scenes_host *host);
void lec_scenes_free(struct lec_scenes **scenes);

/* At start, before anything else: what lec_scenes_keep kept, key by key. Unknown or garbled texts are dropped with a log
 * line. Then lec_scenes_resume: each run that had not ended is taken up again (its unfinished steps are begun anew:
 * they check first, so nothing is sent that already holds) if it is younger than its scene's deadline and the scene is
 * unchanged; else it is closed as `interrupted`. Both are journalled. */
void lec_scenes_restore(struct lec_scenes *scenes, const char *key, const char *value);
void lec_scenes_resume(struct lec_scenes *scenes);

/* The configuration is being replaced: until lec_scenes_reload nothing is begun. */
void lec_scenes_hold(struct lec_scenes *scenes);
/* A new configuration: runs of scenes that are unchanged go on (matched by names), others are cancelled. */
void lec_scenes_reload(struct lec_scenes *scenes, const struct lec_room *room);

/* The daemon is ending: from now on nothing is begun, and what the lines say is about their own end, not about the
 * devices, so it is not listened to. Runs under way stay as they were last kept, and the next start takes them up.
 * Plans are answered with what is known. start, cancel, undo and plan return LEC_E_NOMEM from now on. */
void lec_scenes_stop(struct lec_scenes *scenes);

/* Starts, or joins a run of the same scene that is under way. Writes the run as JSON (protocol section 5, all steps,
 * with "joined"). Returns 0, LEC_E_CONFIG (no such scene; the nearest is named), LEC_E_NOMEM. */
int lec_scenes_start(struct lec_scenes *scenes, const char *name, const char *principal, struct lec_buf *json,
                     struct lec_err *err);
/* `which`: a run id or a scene's name. Queued steps end `cancelled` at once; for those already sent the JSON says in
 * "unstoppable" what cannot be stopped. Returns 0, LEC_E_CONFIG (no such run under way). */
int lec_scenes_cancel(struct lec_scenes *scenes, const char *which, const char *principal, struct lec_buf *json,
                      struct lec_err *err);
/* Starts a run that restores what the points touched by the run `id` (NULL or "": the last ended) held before. Points with
 * undo = false, values that were not known, and points that somebody has changed since (a person or another run took
 * them, or their last value is not what the run left) are left alone and named in "kept". Returns 0, LEC_E_CONFIG (no such run, nothing to restore, too long
 * ago). */
int lec_scenes_undo(struct lec_scenes *scenes, const char *id, const char *principal, struct lec_buf *json,
                    struct lec_err *err);
/* Answers with the plan when all targets were read freshly (or did not answer in 5 s): `done` is called once, maybe
 * before this returns, with NULL if memory was short. fresh false: from the last values known. Returns 0, or
 * LEC_E_CONFIG (no such scene), LEC_E_NOMEM (memory, or too many plans wait already) and then `done` is not called. */
int lec_scenes_plan(struct lec_scenes *scenes, const char *name, bool fresh, void (*done)(void *ctx, const char *json),
                    void *ctx, struct lec_err *err);
/* Writes "[scene NAME]..." with a step for each settable, undoable point with a good value of the devices named (NULL:
 * all), to `text`. Returns 0, LEC_E_RANGE (not a name, or taken by another scene), LEC_E_CONFIG (no such device),
 * LEC_E_NOMEM. */
int lec_scenes_capture(struct lec_scenes *scenes, const char *name, const char *label, const char *label_en,
                       const char *const devices[], size_t n_devices, struct lec_buf *text, size_t *steps,
                       struct lec_err *err);
/* One run / the list for scene.list / the runs under way (a JSON array). run_json returns LEC_E_CONFIG if unknown. */
int lec_scenes_run_json(struct lec_scenes *scenes, const char *id, struct lec_buf *json, struct lec_err *err);
void lec_scenes_list_json(struct lec_scenes *scenes, struct lec_buf *json);
void lec_scenes_runs_json(struct lec_scenes *scenes, struct lec_buf *json);

/* What the lines say. `sent`: the command is on its way to the device. */
void lec_scenes_op_sent(struct lec_scenes *scenes, uint64_t op);
void lec_scenes_op_done(struct lec_scenes *scenes, uint64_t op, const struct lec_op_result *result);
void lec_scenes_read_done(struct lec_scenes *scenes, uint64_t token, enum lec_quality quality,
                          const struct lec_value *value);
/* A person wrote this point directly: queued steps on it end `overridden` (those at the line are told by op_done). */
void lec_scenes_point_taken(struct lec_scenes *scenes, const struct lec_point *point, const char *principal);

/* Does what is due (time-outs, delays, deadlines, progress events at most 2 a second) and returns when to call again:
 * monotonic, LEC_NEVER if nothing is under way. */
int64_t lec_scenes_tick(struct lec_scenes *scenes);

#endif
