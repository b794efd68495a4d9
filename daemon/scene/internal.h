/* What the files of the scene engine share. Nobody outside daemon/scene includes this.
 *
 * A run owns a copy of its scene's graph (names, values, order), so that it can be shown, persisted and matched after
 * the room has changed; only `device`, `point` and `action` point into the room, and lec_scenes_reload finds them anew
 * by name. Steps are at most 64, so a set of them is one word.
 *
 * Threads: those of scene.h, one. */
#ifndef LECTERN_SCENE_INTERNAL_H
#define LECTERN_SCENE_INTERNAL_H

#include "scene/scene.h"

#define LEC_STEPS_MAX           64                     /* a set of steps is a uint64_t; config has the same limit */
#define LEC_SCENES_MAX          64                     /* as config limits them */
#define LEC_TARGET_MAX          (2 * LEC_NAME_MAX + 1) /* device.point */
#define LEC_RUN_TEXT_MAX        (768 * 1024)           /* one run as JSON: 64 steps whose every text is escaped */
#define LEC_STOP_NS             (200 * LEC_MS)         /* how long a stopped operation may take to say so */
#define LEC_GRACE_NS            (250 * LEC_MS)         /* the line's time-outs come first: its sentences know more */
#define LEC_PROGRESS_NS         (500 * LEC_MS)         /* between two progress events of a run */
#define LEC_RETRY_FIRST_NS      (1 * LEC_SEC)          /* pause before the second attempt; doubles up to... */
#define LEC_RETRY_LAST_NS       (8 * LEC_SEC)
#define LEC_LIMIT_DEFAULT_NS    (10 * LEC_SEC)  /* of an attempt, where neither step nor profile says */
#define LEC_DEADLINE_DEFAULT_NS (300 * LEC_SEC) /* of a scene that names none, as in config */
#define LEC_USUAL_MAX           1024            /* durations remembered; the one unused for longest goes first */
#define LEC_USUAL_KEY_MAX       240
#define LEC_PLANS_MAX           8 /* plans waiting for fresh reads */
#define LEC_PLAN_NS             (5 * LEC_SEC)

enum lec_step_state {
    LEC_STEP_QUEUED,   /* waits for other steps, its delay, or the pause before a further attempt */
    LEC_STEP_CHECKING, /* at its line: is it so already? */
    LEC_STEP_SENDING,  /* at its line, with nothing that could be checked (an action, a point that cannot be read) */
    LEC_STEP_WAITING,  /* sent; waits for the actual value, or for the acknowledgement */
    LEC_STEP_ENDED,    /* has its verdict */
};

struct lec_scene_run_step {
    /* As the scene says. */
    char name[LEC_NAME_MAX + 1];
    char target[LEC_TARGET_MAX + 1];
    bool is_action, optional;
    const struct lec_device *device; /* NULL, like the next two: the room no longer has it */
    const struct lec_point *point;
    const struct lec_action *action;
    struct lec_value value; /* LEC_NONE for an action */
    struct lec_value *args; /* owned; NULL if n_args is 0 */
    size_t n_args;
    uint64_t after; /* set of steps */
    int64_t delay_ns, timeout_ns;
    unsigned retry;

    /* How far it is. */
    enum lec_step_state state;
    enum lec_verdict verdict;
    enum lec_verdict stopping; /* host.stop was called, to end so; NONE: it was not */
    unsigned attempt;          /* 0: not begun */
    uint64_t op;               /* at the line; also after the end, while a late answer may still tell what was before */
    int64_t ready_at;          /* when the next attempt may begin; LEC_NEVER: a step before it has not ended */
    int64_t begun_at;          /* the first attempt */
    int64_t attempt_at;        /* the present one */
    int64_t attempt_until;     /* when we lose patience with the line */
    int64_t stop_by;           /* when a stopped operation has had its time */
    int64_t took_ns;           /* when ended */
    int64_t usual_ns;          /* learnt, or what the profile says; 0: unknown */
    bool held_before;          /* unknown, for whenever it was asked for it held already */
    char reason[LEC_ERR_TEXT];

    /* For undo. */
    struct lec_value before; /* by a fresh read before the first command, if before_known */
    struct lec_value guess;  /* a good value known when the run began it, if guess_known: should `before` get lost */
    struct lec_value left;   /* what the device said last in this run; LEC_NONE: nothing */
    bool before_known, guess_known;
    bool sent;         /* some attempt's command went to the device */
    bool sent_earlier; /* ...before the present attempt: what it reads first is not what was before the run */
    bool taken;        /* somebody else wrote the point since */
    bool resumed;      /* was at its line when the daemon stopped, and is begun anew: its duration says nothing */

    bool changed;         /* since the last event */
    int64_t told_left_ms; /* remaining_ms as last told */
};

struct lec_scene_run {
    char id[LEC_RUN_ID_MAX + 1];
    char scene[LEC_NAME_MAX + 1];
    char principal[LEC_NAME_MAX * 2 + 1];
    char undoes[LEC_RUN_ID_MAX + 1]; /* the run that this one takes back; "" for a scene. Then `after` orders, and
                                        does not ask for success */
    int64_t time_us;                 /* wall time of its start */
    int64_t started_at, deadline;    /* monotonic */
    int64_t deadline_ns;
    bool ended, interrupted, cancelling;
    bool ready;
    char cancelled_by[LEC_NAME_MAX * 2 + 1];
    enum lec_scene_run_verdict {
        LEC_RUN_RUNNING,
        LEC_RUN_DONE,
        LEC_RUN_PARTLY,
        LEC_RUN_FAILED,
        LEC_RUN_CANCELLED,
        LEC_RUN_INTERRUPTED,
    } verdict;
    int64_t took_ns;
    int64_t ended_at, ended_us; /* monotonic (this start only), wall */
    uint64_t ended_no;          /* order of ending since this start; 0: under way, or ended before it */
    bool changed;               /* an event is due */
    bool dirty;                 /* the kept text is out of date */
    bool restored;              /* came from lec_scenes_restore and has not been resumed yet */
    int64_t progress_at;
    int64_t told_left_ms;
    size_t n_steps;
    struct lec_scene_run_step steps[];
};

struct lec_usual {
    char key[LEC_USUAL_KEY_MAX]; /* "" : free */
    double mean_ns, dev_ns;
    unsigned n; /* samples, counted up to what changes anything; 0: it has only ever held already */
    uint64_t used;
};

struct lec_plan;

struct lec_scenes {
    const struct lec_room *room;
    struct lec_scenes_host host;
    struct lec_scene_run *runs[LEC_RUNS_MAX]; /* in the order of their start */
    size_t n_runs;
    uint64_t ended_no;
    struct lec_usual *usual;
    size_t n_usual, usual_size;
    uint64_t usual_used;
    struct lec_plan *plans[LEC_PLANS_MAX]; /* NULL: free */
    uint64_t read_token;
    bool busy, again; /* settling; a callback came back into the engine meanwhile */
    bool stopped;     /* lec_scenes_stop */
    bool handing;     /* inside host.start: what is "taken" now is taken by ourselves */
};

/* ---- runs.c: making, finding, forgetting runs --------------------------------------------------------------- */

/* A run of n steps, not yet listed; NULL for lack of memory. */
struct lec_scene_run *lec_scene_run_new(size_t n_steps);
void lec_scene_run_free(struct lec_scene_run **run);
/* Fills a step from the room's description. Returns 0 or LEC_E_NOMEM. */
int lec_scene_run_step_fill(struct lec_scene_run_step *step, const struct lec_step *from);
/* A run of a scene of the room, not yet listed; NULL for lack of memory. */
struct lec_scene_run *lec_scene_run_of_scene(const struct lec_scene *scene);
/* Whether the run's graph is that scene's, by names and values. */
bool lec_scene_run_matches(const struct lec_scene_run *run, const struct lec_scene *scene);
/* Finds device, point and action of each step by name. False if one is missing or would not take its value. */
bool lec_scene_run_bind(struct lec_scene_run *run, const struct lec_room *room);
/* Makes room for one more run, forgetting the oldest ended one if need be. False: all are under way. */
bool lec_runs_make_room(struct lec_scenes *s);
struct lec_scene_run *lec_runs_find(const struct lec_scenes *s, const char *id);
/* Whether `a` ended before `b`. */
bool lec_scene_run_ended_before(const struct lec_scene_run *a, const struct lec_scene_run *b);
/* All that must have ended before each step, transitively. reach: room for n_steps. */
void lec_scene_run_reach(const struct lec_scene_run *run, uint64_t reach[]);
/* The scene's verdict from those of its steps; LEC_RUN_RUNNING while one has none. */
enum lec_scene_run_verdict lec_scene_run_verdict(const struct lec_scene_run *run);
/* Whether every required step has succeeded. */
bool lec_scene_run_is_ready(const struct lec_scene_run *run);
const char *lec_scene_run_state_name(enum lec_scene_run_verdict v);
enum lec_scene_run_verdict lec_scene_run_state_of(const char *name);

/* ---- steps.c: the life of a step ---------------------------------------------------------------------------- */

/* Begins, skips and times out what is due in a run under way, and ends it when all its steps have ended. Returns
 * whether anything changed. */
bool lec_scene_run_advance(struct lec_scenes *s, struct lec_scene_run *run);
/* When lec_scene_run_advance or a progress event is due next. */
int64_t lec_scene_run_due(const struct lec_scene_run *run);
/* Gives the step its verdict and journals it; `reason` NULL: a sentence for the verdict. */
void lec_step_end(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step,
                  enum lec_verdict verdict, const char *reason);
/* What the line told of the step's operation. */
void lec_step_result(struct lec_scenes *s, struct lec_scene_run *run, struct lec_scene_run_step *step,
                     const struct lec_op_result *result);
/* Ends the run `cancelled`: queued steps at once, the others are asked to stop. */
void lec_scene_run_cancel(struct lec_scenes *s, struct lec_scene_run *run, const char *principal, const char *reason);
/* A run of the timetable leaves alone what somebody has just changed, or is changing: those steps end `overridden`. */
void lec_scene_run_leave_alone(struct lec_scenes *s, struct lec_scene_run *run);
/* A run that starts takes its points from all others. */
void lec_scene_run_take_over(struct lec_scenes *s, struct lec_scene_run *run);
void lec_scene_run_end(struct lec_scenes *s, struct lec_scene_run *run, enum lec_scene_run_verdict verdict);

/* ---- engine.c ----------------------------------------------------------------------------------------------- */

/* Puts a filled run on the list and sets it going. The caller has made room. */
void lec_scene_run_launch(struct lec_scenes *s, struct lec_scene_run *run, const char *principal);
/* The scene of that name; NULL with LEC_E_CONFIG in `err`, which names the nearest. */
const struct lec_scene *lec_scenes_find(const struct lec_scenes *s, const char *name, struct lec_err *err);
/* LEC_E_NOMEM once the daemon is ending, else 0. */
int lec_scenes_check_open(const struct lec_scenes *s, struct lec_err *err);
/* The run of that scene that is under way and can be joined, or NULL. */
struct lec_scene_run *lec_scene_run_under_way(const struct lec_scenes *s, const char *scene);
/* Advances all runs until nothing changes, then publishes and keeps what did. */
void lec_scenes_settle(struct lec_scenes *s);

/* ---- run_json.c --------------------------------------------------------------------------------------------- */

/* The members of a run, without braces, so that callers add theirs. changed_only: of the steps only those that
 * changed, as in events. */
void lec_scene_run_json(struct lec_scene_run *run, bool changed_only, struct lec_buf *json);
/* The members "target" and "value", or "args" for an action. */
void lec_scene_run_step_json(const struct lec_scene_run_step *step, struct lec_buf *json);
/* Expected and remaining time; false while an unfinished step's usual duration is unknown. */
bool lec_scene_run_estimate(const struct lec_scene_run *run, int64_t *expected_ns, int64_t *left_ns);
int64_t lec_step_left(const struct lec_scene_run_step *step);
void lec_scene_run_publish(struct lec_scenes *s, struct lec_scene_run *run);
/* Publishes if the estimates moved since they were told; at most each LEC_PROGRESS_NS. */
void lec_scene_run_progress(struct lec_scenes *s, struct lec_scene_run *run);
void lec_scene_run_journal(struct lec_scenes *s, const struct lec_scene_run *run, const char *what);
void lec_step_journal(struct lec_scenes *s, const struct lec_scene_run *run, const struct lec_scene_run_step *step);

/* ---- usual.c ------------------------------------------------------------------------------------------------ */

/* How long setting the point to the value (or the action) usually takes; 0: unknown. */
int64_t lec_usual(struct lec_scenes *s, const char *target, const struct lec_point *point,
                  const struct lec_value *value);
void lec_usual_learn(struct lec_scenes *s, const char *target, const struct lec_point *point,
                     const struct lec_value *value, int64_t took_ns);
/* Nothing is known of how long it takes, for it has always held already when a scene came to it. Noted by learn_held; the first duration seen
 * takes its place. An estimate of a scene counts it as nothing, or scenes with such a step (a projector that remembers its source) would
 * never have one. */
bool lec_usual_held_before(struct lec_scenes *s, const char *target, const struct lec_value *value);
void lec_usual_learn_held(struct lec_scenes *s, const char *target, const struct lec_point *point,
                          const struct lec_value *value);
/* key: without "usual/". */
void lec_usual_restore(struct lec_scenes *s, const char *key, const char *text);
void lec_usual_free(struct lec_scenes *s);
/* The critical path through a graph: n steps, each with `after`, its delay and how long it takes (ns). */
int64_t lec_usual_path(size_t n, const uint64_t after[], const int64_t delay_ns[], const int64_t takes_ns[]);

/* ---- keep.c ------------------------------------------------------------------------------------------------- */

void lec_scene_run_keep(struct lec_scenes *s, struct lec_scene_run *run);
void lec_scene_run_forget(struct lec_scenes *s, const struct lec_scene_run *run);

/* ---- plan.c ------------------------------------------------------------------------------------------------- */

/* Answers all plans with what is known (before the room goes away); `drop`: without answering. */
void lec_plans_finish(struct lec_scenes *s, bool drop);
/* Answers those whose time is up; returns when the next one's is. */
int64_t lec_plans_tick(struct lec_scenes *s);

#endif
