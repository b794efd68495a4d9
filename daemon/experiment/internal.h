/* The parts of a run under way. Times here are monotonic ns, as the host gives them; only what is handed over is in run
 * time (hand.c).
 *
 *   lec_run_samples -> intake.c (is it in order? conditions, thinning)
 *        armed:     -> hand.c (pending) -> pre.c (kept for so long as `pre` says)
 *        recording: -> hand.c (counts, marks, pending) -> host
 *                   -> series.c -> derive.c (formula) -> operator.c (over time) -> hand.c
 *   lec_run_event, value, hand -> happen.c (conditions, counts, sampling on event) */
#ifndef LECTERND_EXPERIMENT_INTERNAL_H
#define LECTERND_EXPERIMENT_INTERNAL_H

#include "experiment/experiment.h"

#define RUN_DIRECT    1024            /* a piece of so many samples is handed over as it came, not collected first */
#define RUN_ROWS      256             /* samples that formulas compute at a time */
#define RUN_SERIES    65536           /* samples that a formula may wait with for another channel */
#define RUN_WINDOW    65536           /* samples in the window of an operator */
#define RUN_WAIT_NS   (500 * LEC_MS)  /* how late a sample may come and still be found by a formula */
#define RUN_GRACE_NS  LEC_SEC         /* how long the last samples before the end are waited for */
#define RUN_AHEAD_NS  (600 * LEC_SEC) /* a time so far ahead is a mistake */
#define RUN_EVENTS    4096            /* samplings on event that wait for their values */
#define RUN_HELD      64              /* marks made while armed */
#define RUN_OWN_MARKS (LEC_RUN_MARKS / 2) /* marks that the engine may make: the others are for people */

/* Samples in a row: of a source, thinned, or computed. */
struct run_piece {
    int64_t first_ns;
    double interval_ns;   /* 0: not regular, and times are given */
    const int64_t *times; /* monotonic */
    const double *values;
    size_t stride, n; /* values[0], values[stride], ... */
    uint64_t lost;
    uint32_t flags;
    double drift_ppm;
};

/* What waits to be handed over: one piece that grows. */
struct run_pending {
    double *values; /* LEC_RUN_PENDING */
    int64_t *times; /* as many; used when not regular */
    int64_t first_ns, last_ns;
    double interval_ns;
    size_t n;
    bool joined; /* of several pieces: the interval is fitted */
    uint64_t lost;
    uint32_t flags;
    double drift_ppm;
};

/* A piece kept before the trigger. */
struct run_kept {
    struct run_kept *next;
    struct run_piece piece; /* its arrays are behind it */
    size_t bytes;
};

/* The newest values of a channel with their times, for the formulas that use it. Samples are numbered from the start:
 * those from `base` on are here. */
struct run_series {
    int64_t *t;
    double *v; /* calibrated */
    uint64_t *lost;
    size_t cap, head, n;
    uint64_t base;
    double interval_ns; /* 0: not regular */
};

/* What an operator needs to remember. */
struct run_operator {
    enum lec_operator kind;
    size_t half;     /* samples to each side; 0: by time */
    int64_t half_ns; /* time to each side */
    int64_t *t;
    double *v;
    uint64_t *lost;
    size_t cap, head, n, next; /* next: the sample whose result comes next, from head */
    struct {
        size_t from, to, age;
        double n, x, xx, y, xy;
        int64_t t;
        double v;
    } sums; /* derivative: over samples from..to (from head); relative to t, v */
    double total, carry;
    int64_t last_ns;
    double last;
    bool any;
};

struct run_derived {
    const struct lec_formula *formula;
    size_t base;   /* the channel that it follows; LEC_CHANNELS_MAX: none */
    uint64_t next; /* of its series: the first sample that is not computed */
    size_t n_used; /* channels used, without the base */
    size_t used[LEC_CHANNELS_MAX];
    uint64_t cursor[LEC_CHANNELS_MAX]; /* of used[i]: its newest value at or before the last computed time */
    struct run_operator op;
};

struct run_channel {
    const struct lec_channel *desc;
    size_t index;
    struct lec_calibration calibration;
    int64_t period_ns; /* of the source; 0: not known */
    double want_ns;    /* between samples, as asked; 0: as they come */
    int64_t wait_ns;   /* how late its values may come */

    bool seen, there;      /* its source has delivered; and its device is not away */
    bool away;             /* the host said so */
    int64_t source_ns;     /* time of the source's last sample */
    double source_every;   /* its interval; 0: not regular */
    bool due_set, thinned; /* thinned: the last piece was */
    int64_t due_ns;        /* thinning: the next sample is wanted then */
    bool overrun, late;
    uint64_t back;     /* samples left out since their times went back or far ahead */
    uint64_t unsaid;   /* lost, to be counted and told with the next piece */
    uint64_t unstored; /* counted as lost, to be told with the next block */

    bool stored;       /* it has a sample in this run */
    int64_t stored_ns; /* the last one's time */
    uint64_t samples, lost;
    double last_raw;
    int64_t last_ns;

    uint64_t count; /* COUNT */
    bool used;      /* by a formula, or sampled on event: it has a series */
    struct run_series series;
    struct run_pending pending;
    struct run_kept *kept, *kept_tail;
    size_t kept_bytes;
    int64_t cut_ns; /* up to then, what was kept had to go for want of room; 0: nothing */
    struct run_derived derived;
};

/* A condition being watched. */
struct run_watch {
    const struct lec_condition *condition;
    bool primed;      /* RISES, FALLS: it has been on the other side */
    int64_t since_ns; /* it holds since then; LEC_NEVER: it does not */
    int64_t from_ns;  /* values at or before that are where it starts from */
    int64_t time_ns;  /* AFTER, AT: when */
    int64_t quiet_ns; /* EVENT: nothing is taken before then */
    bool was;         /* POINT: it had the value already */
};

struct run_happening {
    int64_t t_ns;
    double values[LEC_CHANNELS_MAX]; /* of what is counted and typed in; NaN: none */
};

struct lec_run {
    const struct lec_experiment *experiment;
    struct lec_run_host host;
    enum lec_run_state state;
    int64_t now_ns;   /* the newest that the host told */
    int64_t armed_ns; /* when it was made */
    int64_t wall_us;  /* wall time then, as the clock is now known to have been */
    int64_t start_ns; /* run time 0 */
    int64_t end_ns;   /* LEC_NEVER: not known yet */
    int64_t correction_us;
    const char *end_status;
    char end_reason[LEC_ERR_TEXT];
    struct run_watch start, stop, sample;

    struct run_channel *channels;
    size_t n_channels;
    bool begun;
    bool derives_armed; /* the start condition looks at a derived channel */
    int64_t met_ns;     /* a derived channel has met the start condition then; LEC_NEVER: not */
    double *columns;    /* RUN_ROWS values of each channel, while formulas are computed */
    uint64_t unstored;  /* since the last hole */
    size_t kept_bytes;

    size_t n_marks, n_own_marks;
    uint64_t left_out;
    struct lec_run_mark *held; /* RUN_HELD; t_ns is monotonic */
    size_t n_held;

    struct run_happening *happenings; /* RUN_EVENTS, when sampling on event */
    size_t n_happenings;
    int64_t happened_ns; /* the last one's time */

    double scratch[LEC_RUN_PENDING]; /* thinning to a grid */
    int64_t scratch_times[LEC_RUN_PENDING];
};

static inline int64_t run_time_of(const struct run_piece *p, size_t i)
{
    return p->times ? p->times[i] : p->first_ns + (int64_t)((double)i * p->interval_ns + 0.5);
}

/* hand.c */
/* Takes a piece for the channel: to be kept while armed, else recorded. */
void run_take(struct lec_run *run, struct run_channel *c, const struct run_piece *piece);
/* The same for what is computed or sampled on event: it is only recorded, without a look at its losses. */
void run_record(struct lec_run *run, struct run_channel *c, const struct run_piece *piece);
void run_pending_out(struct lec_run *run, struct run_channel *c);
void run_lost(struct run_channel *c, uint64_t n);
LEC_PRINTF(6, 7)
void run_mark(struct lec_run *run, const char *kind, const char *channel, int64_t t_ns, uint64_t lost, const char *fmt,
              ...);
void run_mark_put(struct lec_run *run, struct lec_run_mark *mark, int64_t t_ns, bool own);

/* pre.c */
void run_keep(struct lec_run *run, struct run_channel *c, const struct run_piece *piece);
/* Hands over, oldest first, what was kept; frees it. */
void run_release(struct lec_run *run);
void run_forget(struct lec_run *run);

/* condition.c */
void run_watch_begin(struct run_watch *w, const struct lec_condition *condition, int64_t now_ns, int64_t wall_us);
/* Looks at the channel's samples; returns when the condition was met, or LEC_NEVER. */
int64_t run_watch_samples(struct run_watch *w, const struct run_channel *c, const struct run_piece *piece);
int64_t run_watch_values(struct run_watch *w, const int64_t *t, const double *v, size_t n);
int64_t run_watch_value(struct run_watch *w, const struct lec_point *point, const struct lec_value *value,
                        int64_t now_ns);
int64_t run_watch_event(struct run_watch *w, const struct lec_device *device, const char *event, int64_t now_ns);
/* Whether time alone has met it by now; and when it would. */
int64_t run_watch_due(const struct run_watch *w);
bool run_watch_follows(const struct run_watch *w, size_t channel);

/* series.c */
int run_series_new(struct run_series *s);
void run_series_free(struct run_series *s);
void run_series_clear(struct run_series *s);
/* Appends; when there is no room the oldest go. */
void run_series_put(struct run_series *s, int64_t t, double v, uint64_t lost);
void run_series_drop(struct run_series *s, uint64_t before);
static inline uint64_t run_series_end(const struct run_series *s)
{
    return s->base + s->n;
}

/* derive.c */
int run_derive_new(struct lec_run *run);
void run_derive_free(struct lec_run *run);
void run_derive_reset(struct lec_run *run);
/* A piece of a channel that a formula uses. */
void run_derive_feed(struct lec_run *run, struct run_channel *c, const struct run_piece *piece);
/* Computes what can be computed; `all`: without waiting for anything, it is the end. */
void run_derive(struct lec_run *run, bool all);
/* What a channel's newest value may be old at most to be used at another's time; 0: any age. */
int64_t run_oldest_use(const struct run_channel *c);
/* One row of values at one time (sampling on event): fills the derived ones of values[]. */
void run_derive_row(struct lec_run *run, int64_t t_ns, double *values);

/* operator.c */
int run_operator_new(struct run_operator *op, const struct lec_formula *formula);
void run_operator_free(struct run_operator *op);
void run_operator_reset(struct run_operator *op);
typedef void run_operator_out(void *ctx, int64_t t, double v, uint64_t lost);
/* `from_ns`: integrals begin there. */
void run_operator_put(struct run_operator *op, int64_t from_ns, int64_t t, double v, uint64_t lost,
                      run_operator_out *out, void *ctx);
/* No more is coming (for now): the results that waited for it. */
void run_operator_end(struct run_operator *op, run_operator_out *out, void *ctx);

/* happen.c */
void run_happen(struct lec_run *run, int64_t t_ns, const double *manual);
/* Takes the samples of those happenings whose values have come; `all`: of all. */
void run_happenings(struct lec_run *run, bool all);
void run_counts_begin(struct lec_run *run);

/* run.c */
void run_begin(struct lec_run *run, int64_t start_ns);
/* It shall end at that time; the earliest such time counts. */
void run_end_at(struct lec_run *run, int64_t end_ns, const char *status, const char *reason);
/* Ends it if it is time. */
void run_end_if_due(struct lec_run *run);
void run_start_met(struct lec_run *run, int64_t t_ns);
void run_stop_met(struct lec_run *run, int64_t end_ns);

#endif
