/* Recording as the core sees it: whom the recorder works for, which points it follows and how fast, who waits for it.
 *
 *   record.c      the recorder's letters             follow.c      points that are followed, and their rates
 *   starting.c    experiment.start, from check to run   held.c        requests that wait for an answer
 *   blocks.c      samples from the lines             calibrate.c   which calibration is in force
 *   experiment.c  experiments as JSON                lab.c         lectern-lab, for exports and analysis
 *   exports.c     files that were exported
 *
 * Threads: the core's. */
#ifndef LECTERN_CORE_RECORD_H
#define LECTERN_CORE_RECORD_H

#include "core/core.h"
#include "record/recorder.h"

#define HELD_MAX     64            /* requests that wait for the recorder, the reader or lectern-lab */
#define RATE_WAIT_NS (2 * LEC_SEC) /* devices get so long to say whether they can do a rate */
#define WISHES_MAX   (LEC_CHANNELS_MAX + 3)
#define RATE_OPS     (UINT64_C(1) << 63) /* operation numbers of rates, apart from those of struct pending */

/* ---- Requests that wait ------------------------------------------------------------------------------------- */

struct held {
    uint64_t token; /* 0: free */
    struct caller caller;
    struct id id;
    const struct method *method;
    struct remembered *slot;
    uint64_t slot_serial;
    bool as; /* the gateway asked for the principal */
    char principal[64];
    char about[96]; /* the run, experiment or target, for the journal */
};

/* Keeps a request; NULL after answering -32007 when too many wait. */
struct held *held_add(struct core *core, const struct request *r, const char *about);
struct held *held_find(struct core *core, uint64_t token);
void held_request(struct held *h, struct request *out); /* as it was, without params */
void held_free(struct held *h);
void held_close(struct core *core);
/* Puts into the journal how a request that changes something ended; err NULL: it was done. */
void journal_request(struct core *core, const struct request *r, const char *about, const char *reason);
/* The JSON-RPC code for a code of ours, and the answer. */
void refuse(struct core *core, const struct request *r, int code, const char *reason);

/* ---- Points that are followed ------------------------------------------------------------------------------- */

struct follow {
    uint32_t key;
    char device[LEC_NAME_MAX + 1], point[LEC_NAME_MAX + 1];
    unsigned users;
    bool samples, values; /* what the recorder is told */
    bool asked, on;       /* what the line was last asked for... */
    int64_t period_ns;
    uint32_t line; /* ...and which */
    uint64_t last_op;
    uint64_t op; /* the answer that is waited for; 0: none */
    int64_t granted_ns;
    int code; /* of the last answer */
    char reason[LEC_ERR_TEXT];
    uint64_t dropped; /* samples that did not fit into the recorder's mailbox */
};

struct wish {
    struct follow *follow;
    int64_t period_ns; /* 0: as the device delivers */
    bool samples;      /* else only values */
};

enum job_state { JOB_ASKING, JOB_STARTING, JOB_RUNNING };

/* A recording: what is lent to the recorder, and what it needs of the room. */
struct job {
    struct lec_record_job base;
    enum job_state state;
    const struct lec_room *room; /* a reference of its own */
    struct held *held;           /* who started it, until the answer */
    int64_t ask_by;
    struct wish wishes[WISHES_MAX];
    size_t n_wishes;
    struct lec_run_source sources[LEC_CHANNELS_MAX];
    struct lec_run_channel channels[LEC_CHANNELS_MAX];
    struct lec_record_watch watches[WISHES_MAX];
    const struct lec_device *away[WISHES_MAX];
    const char *away_reasons[WISHES_MAX];
    char reasons[WISHES_MAX][LEC_ERR_TEXT];
    char principal[64], operator_[64];
    char *metadata, *definition;
    char run[LEC_RUN_ID];
    char *told; /* the run as it was last told */
};

struct record {
    struct lec_recorder *recorder;
    struct lec_mailbox *told;
    struct follow **follows;
    size_t n_follows;
    struct job *jobs[LEC_RECORD_RUNS];
    size_t n_jobs;
    uint32_t next_key, next_job;
    uint64_t next_op, overrun;
    struct held *held; /* HELD_MAX */
};

/* Begins to follow; NULL for lack of memory. */
struct follow *follow_add(struct core *core, const char *device, const char *point);
void follow_drop(struct core *core, struct follow *f);
/* Asks the line for what all recordings together want of the point. True when its answer is worth waiting for: f->op. */
bool follow_rate(struct core *core, struct follow *f);
void follow_told_rate(struct core *core, struct device_state *d, uint64_t op, const struct lec_told_rate *told);
/* The room is another one: the points are found again by their names. */
void follow_reload(struct core *core);

/* record.c */
int record_open(struct core *core, struct lec_err *err);
/* False: the recorder hangs in its disk. */
bool record_close(struct core *core);
void record_news(struct core *core); /* reads the mailbox */
void record_reload(struct core *core);
void record_tick(struct core *core, int64_t now);
void record_presence(struct core *core, const struct device_state *d);
void record_health(struct core *core, struct lec_buf *b);
void record_snapshot(struct core *core, struct lec_buf *b); /* a list of runs under way */
/* The recording of that experiment; NULL if none is under way. */
struct job *record_job(struct core *core, const char *experiment);
void job_free(struct core *core, struct job *job);

/* starting.c */
void starting_answered(struct core *core, struct job *job, int code, const char *text);
/* Devices have answered, or had time to: whoever waits for them goes on. Returns when it must be called again. */
int64_t starting_turn(struct core *core, int64_t now);

/* blocks.c */
void blocks_told(struct core *core, struct device_state *d, const char *data, size_t n);

/* calibrate.c */
int calibrate_open(struct core *core, struct lec_err *err);
void calibrate_close(struct core *core);
void calibrate_bind(struct core *core); /* after the table of points was made */
void calibrate_told(struct core *core, struct device_state *d, const struct lec_told_calibration *told);

/* experiment.c */
void experiment_json(struct core *core, const struct lec_experiment *e, struct lec_buf *b);

/* lab.c */
#define LAB_JOBS 2 /* programs at once */
void lab_readable(struct core *core);
void lab_tick(struct core *core, int64_t now);
void lab_close(struct core *core);

/* exports.c */
/* Makes a name for a file, and the path of it. */
int exports_name(struct core *core, const char *run, const char *extension, char name[96], char *path, size_t size,
                 struct lec_err *err);
/* The path of a file by its name: false when that is no name of ours. */
bool exports_path(struct core *core, const char *name, char *path, size_t size);
void exports_tick(struct core *core, int64_t now);
void exports_clear(struct core *core, int64_t older_ns);

#endif
