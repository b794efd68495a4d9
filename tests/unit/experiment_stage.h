/* A stage for the run engine: an experiment made by hand, samples told one block at a time, and all that comes out kept. */
#ifndef LECTERN_TESTS_EXPERIMENT_STAGE_H
#define LECTERN_TESTS_EXPERIMENT_STAGE_H

#include "experiment/experiment.h"

#define STAGE_T0 (1000 * LEC_SEC) /* the monotonic clock when the run is made */
#define MS(ms)   (STAGE_T0 + (int64_t)((ms)*1e6))

struct stage_series {
    int64_t *t; /* run time */
    double *v;
    size_t n, size;
    uint64_t lost;
    size_t blocks, irregular;
    uint32_t flags;        /* of all blocks */
    int64_t correction_us; /* of the last */
};

struct stage {
    struct lec_device devices[LEC_CHANNELS_MAX]; /* one for each channel */
    struct lec_point points[LEC_CHANNELS_MAX];
    struct lec_channel channels[LEC_CHANNELS_MAX];
    struct lec_run_source sources[LEC_CHANNELS_MAX];
    const char *names[LEC_CHANNELS_MAX];
    struct lec_experiment experiment;
    struct lec_run *run;

    struct stage_series out[LEC_CHANNELS_MAX];
    struct lec_run_mark *marks;
    size_t n_marks, size_marks;
    int64_t begun_ns; /* LEC_NEVER: not */
    bool begun_first; /* nothing came before it */
    char status[32], reason[LEC_ERR_TEXT];
    unsigned ended;
};

/* Empties the stage; the channels come next, then stage_open. */
void stage_clear(struct stage *st);
size_t stage_point(struct stage *st, const char *name, double rate_hz, double period_ms);
/* Another channel of the same point. */
size_t stage_again(struct stage *st, const char *name, size_t channel, double rate_hz);
size_t stage_derive(struct stage *st, const char *name, const char *formula);
size_t stage_count(struct stage *st, const char *name, const char *event);
size_t stage_manual(struct stage *st, const char *name);
void stage_open(struct stage *st);
void stage_close(struct stage *st);

/* A block of the channel's point: n samples from `first_ms` after STAGE_T0 on, each worth its own time in seconds. */
void stage_tell(struct stage *st, size_t channel, double first_ms, double interval_ms, size_t n);
/* The same with values. */
void stage_values(struct stage *st, size_t channel, double first_ms, double interval_ms, const double *v, size_t n);
void stage_lossy(struct stage *st, size_t channel, double first_ms, double interval_ms, size_t n, uint64_t lost,
                 uint32_t flags);
/* As the recorder does: blocks of 100 ms from..to of all channels given (ends with -1), flush after each. */
void stage_run(struct stage *st, double from_ms, double to_ms, double interval_ms, ...);

/* The marks of that kind; `nth` from 0, NULL if there are fewer. */
const struct lec_run_mark *stage_mark(const struct stage *st, const char *kind, size_t nth);
/* The run's JSON, in a static buffer. */
const char *stage_json(struct stage *st, double now_ms);

#endif
