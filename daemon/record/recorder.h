/* The recorder: a thread that owns the room's run file and the runs under way, and beside it a reader, a second thread
 * with a handle of its own, so that reading never delays recording.
 *
 * The core sends samples, events and commands; runs are fed with them (experiment/experiment.h), what they store is
 * committed each LEC_RUNS_TAIL_MS, and what there is to tell comes back as letters in the core's mailbox. Both threads
 * begin at their first letter and open the file when they need it; an idle room has neither a handle nor a wake-up.
 *
 * Points are named by keys, numbers that the core gives out and that outlive a reload; devices by their names.
 *
 * A disk without room: recording stops, what is committed stays, each second it is tried again, and when there is room
 * the runs go on with the hole marked. Samples that wait for the disk are bounded (LEC_RECORD_BYTES); lec_record_samples
 * says so when one does not fit, and the caller counts it into the `lost` of the next block with LEC_RUN_OVERRUN.
 *
 * Threads: all calls from the core's thread. */
#ifndef LECTERN_RECORDER_H
#define LECTERN_RECORDER_H

#include "experiment/experiment.h"
#include "mailbox/mailbox.h"

#define LEC_RECORD_RUNS     16                  /* runs under way at once */
#define LEC_RECORD_BLOCKS   16384               /* blocks that wait for the recorder... */
#define LEC_RECORD_BYTES    (32u * 1024 * 1024) /* ...and their bytes */
#define LEC_RECORD_COMMANDS 4096                /* events, values and commands that wait for it */
#define LEC_RECORD_LIVE     (4u * 1024 * 1024) /* bytes of live blocks that wait for the core; further ones are left out */
#define LEC_READ_SAMPLES    20000              /* samples in one answer to run.read */
#define LEC_READ_WIDTH      4000               /* columns of one */
#define LEC_READ_REQUESTS   256                /* requests that wait for the reader */
#define LEC_FETCH_BYTES     (512u * 1024)      /* of a file in one answer to run.fetch */
#define LEC_RECORDED_MAX    (8u * 1024 * 1024) /* bytes of one answer */

struct lec_recorder;

/* `told`: where letters of enum lec_recorded go; it outlives the recorder. budget: bytes that runs may take.
 * Returns 0 or LEC_E_NOMEM. No thread is started and no file touched yet. */
int lec_recorder_new(const char *file, int64_t budget, struct lec_mailbox *told, struct lec_recorder **out,
                     struct lec_err *err);
/* Ends the runs under way as interrupted ("the daemon was stopped") and both threads. What it waits for is the disk:
 * after timeout_ms it lets go, and returns false; then nothing that was lent may be freed before the program ends.
 * Accepts NULL inside, sets *recorder NULL. */
bool lec_recorder_free(struct lec_recorder **recorder, int timeout_ms);

/* There is a run file from before: runs that were not stopped are closed, a broken file is salvaged. */
void lec_recorder_check(struct lec_recorder *recorder);
void lec_recorder_budget(struct lec_recorder *recorder, int64_t budget);

/* ---- Recording ---------------------------------------------------------------------------------------------- */

/* A point of the run's own room under the key that its samples and values come with. */
struct lec_record_watch {
    uint32_t key;
    const struct lec_point *point;
};

/* A recording: one run, or several in a row. The core makes it, lends it with lec_record_start, and may free it when
 * LEC_RECORDED_OVER bears its number (or the start was refused). */
struct lec_record_job {
    uint32_t number;
    const struct lec_experiment *experiment;
    const struct lec_run_source *sources; /* of each channel */
    struct lec_run_channel *channels;     /* of each channel, as the run file wants them */
    const struct lec_record_watch *watches;
    size_t n_watches;
    const struct lec_device *const *away; /* devices that are not there, each with... */
    const char *const *away_reasons;      /* ...why */
    size_t n_away;
    const char *principal, *operator_;
    const char *metadata, *definition; /* JSON objects */
    bool simulated;
};

/* Each call with a token is answered with LEC_RECORDED_ANSWER. `which`: the id of a run or the name of an experiment,
 * "" for the only one under way. Returns 0, or LEC_E_NOMEM when too much waits (then there is no answer). */
int lec_record_start(struct lec_recorder *recorder, uint64_t token, const struct lec_record_job *job);
int lec_record_stop(struct lec_recorder *recorder, uint64_t token, const char *which);
int lec_record_mark(struct lec_recorder *recorder, uint64_t token, const char *which, const char *text, const char *by);
/* values: by channel name, for the MANUAL channels. */
struct lec_record_value {
    char channel[LEC_NAME_MAX + 1];
    double value;
};
int lec_record_hand(struct lec_recorder *recorder, uint64_t token, const char *which,
                    const struct lec_record_value values[], size_t n);
int lec_record_delete(struct lec_recorder *recorder, uint64_t token, const char *run, bool force, const char *by);
/* The run was exported. Not answered. */
void lec_record_exported(struct lec_recorder *recorder, const char *run);

/* Samples of a watched point. Returns 0, or LEC_E_NOMEM: they do not fit. */
struct lec_record_block {
    uint32_t key, n, flags;
    int64_t first_ns;
    double interval_ns, drift_ppm;
    uint64_t lost;
};
int lec_record_samples(struct lec_recorder *recorder, const struct lec_record_block *block, const double *raw);
/* The point's device was set to this rate. */
void lec_record_rate(struct lec_recorder *recorder, uint32_t key, int64_t period_ns);
void lec_record_value(struct lec_recorder *recorder, uint32_t key, const struct lec_value *value, int64_t now_ns);
void lec_record_event(struct lec_recorder *recorder, const char *device, const char *event, int64_t now_ns);
void lec_record_presence(struct lec_recorder *recorder, const char *device, bool there, const char *reason,
                         int64_t now_ns);
/* The wall clock was set forward by so much. */
void lec_record_clock(struct lec_recorder *recorder, int64_t step_us, int64_t now_ns);
/* Whether somebody wants live blocks. */
void lec_record_live(struct lec_recorder *recorder, bool wanted);

/* ---- Reading ------------------------------------------------------------------------------------------------ */

int lec_record_list(struct lec_recorder *recorder, uint64_t token, int64_t before_us, size_t limit);
int lec_record_show(struct lec_recorder *recorder, uint64_t token, const char *run);
struct lec_record_query {
    char run[LEC_RUN_ID];
    bool has_from, has_to, raw;
    double from, to;   /* seconds of run time */
    size_t width;      /* 0: every sample */
    size_t n_channels; /* 0: all */
    char channels[LEC_CHANNELS_MAX][LEC_NAME_MAX + 1];
};
int lec_record_read(struct lec_recorder *recorder, uint64_t token, const struct lec_record_query *query);
/* A part of an exported file, by its path. */
int lec_record_fetch(struct lec_recorder *recorder, uint64_t token, const char *path, uint64_t offset);

/* ---- What it tells ------------------------------------------------------------------------------------------ */

enum lec_recorded {
    LEC_RECORDED_ANSWER = 1, /* token, code; a JSON text, or with a code below 0 the reason; NUL */
    LEC_RECORDED_RUN,        /* job; experiment NUL run id NUL the run as JSON NUL */
    LEC_RECORDED_LIVE,       /* struct lec_live, then float64: n values, and with interval_us 0 n run times in s */
    LEC_RECORDED_JOURNAL,    /* kind NUL device NUL name NUL principal NUL data NUL */
    LEC_RECORDED_OVER,       /* job: nothing of it is used any more */
};

struct lec_recorded_head {
    enum lec_recorded told;
    int code;
    uint64_t token;
    uint32_t job;
};

struct lec_live {
    char run[LEC_RUN_ID], channel[LEC_NAME_MAX + 1];
    int64_t t_ns, wall_us;
    double interval_us;
    uint64_t lost;
    uint32_t n, flags;
};
/* A live block was taken: room for others. n: bytes of the letter. */
void lec_record_live_taken(struct lec_recorder *recorder, size_t n);

struct lec_recorder_health {
    bool full; /* nothing can be recorded now */
    char reason[LEC_ERR_TEXT];
    int64_t bytes; /* that runs take; 0 until the file was looked at */
    int64_t budget;
    uint64_t runs; /* under way */
};
void lec_recorder_health(struct lec_recorder *recorder, struct lec_recorder_health *out);

#endif
