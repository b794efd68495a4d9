/* One run of an experiment, as pure logic: it is fed with samples, events and the passing of time, and tells its host
 * what to store and what has changed. It waits for its start condition (keeping the seconds before), records, watches
 * its stop condition, computes derived channels, thins out what comes faster than asked, and says exactly which samples
 * are missing and why. It knows no socket, no file, and no clock but what it is given, so each rule is a test that moves
 * time.
 *
 * Run time is in ns since the run began: when it was started, or when the start condition was met. While it is armed,
 * samples are kept for `pre_ns`; they get negative run times.
 *
 * Rate: a source that is faster than a channel asks is thinned: every k-th sample, or, when the rates do not divide, the
 * sample nearest to each point of the asked grid with its own time. A slower source is recorded as it comes. What is
 * lost is counted in the channel's own samples: a loss between two that were asked for is none.
 *
 * Derived channels have a value at each sample of one channel that they use: the first POINT channel (in the order of
 * the experiment), else the first
 * derived one, else the first counted or typed one. Of the others they take the newest value at or before that time (a
 * quarter of a sample later is not later), NaN if it is older than three of their intervals; a source that is
 * behind is waited for up to 500 ms. derivative and smooth look to both sides, so their results come half a window late;
 * at an end or a gap smooth takes fewer on both sides, derivative what there is. A missing value stays missing,
 * and what is BAD counts as missing here and for conditions.
 *
 * Time: blocks of a channel never overlap and times rise. A block that lies less than a sample back is moved (LATE); what
 * lies further back, or 10 min ahead, is left out and counted. A jump forward that the device did not explain counts as
 * lost samples. The start condition is met at the sample that meets it (with `hold`: the first that completes it), the stop
 * condition's sample is the last; after the end the last samples of other channels are waited for up to 1 s.
 *
 * Threads: a run belongs to one thread (the recorder's). */
#ifndef LECTERN_EXPERIMENT_H
#define LECTERN_EXPERIMENT_H

#include "lectern/buf.h"
#include "lectern/model.h"
#include "lectern/runs.h"

#define LEC_RUN_PENDING 4096 /* samples of a channel that wait to be stored, at most */
#define LEC_RUN_PRE_BYTES                                                                                              \
    (32u * 1024 *                                                                                                      \
     1024) /* what is kept before a trigger, all channels; then the oldest of the largest goes, with a mark */
#define LEC_RUN_MARKS 10000 /* marks of a run; further ones are counted and told at the end */

enum lec_run_state { LEC_RUN_ARMED, LEC_RUN_RECORDING, LEC_RUN_ENDED };

/* What the engine asks of its host. All calls come from inside the engine's calls; none may call the engine. */
struct lec_run_host {
    void *ctx;
    /* Recording begins: run time 0 is at `start_ns` (monotonic). Comes once, before any block. */
    void (*begun)(void *ctx, int64_t start_ns);
    /* Samples to be stored; lent for the call. */
    void (*block)(void *ctx, const struct lec_run_block *block);
    void (*mark)(void *ctx, const struct lec_run_mark *mark);
    /* It has ended: "done" (duration, stop condition), "stopped" (a person), "failed" (reason). The last call. */
    void (*ended)(void *ctx, const char *status, const char *reason);
};

struct lec_run;

/* Where the samples of a POINT channel come from. */
struct lec_run_source {
    int64_t
        period_ns; /* as it will be delivered; 0 if not known. A slower channel takes every k-th or the nearest to its own
                          grid; a value is never made up */
    struct lec_calibration calibration; /* conditions and formulas see calibrated values; raw ones are stored */
};

/* `sources` has experiment->n_channels rows (others than POINT ignored). The experiment (and its room) outlives the run.
 * Returns 0 or LEC_E_NOMEM. Armed when there is a start condition, else recording from `now_ns` on. */
int lec_run_new(const struct lec_experiment *experiment, const struct lec_run_source *sources,
                const struct lec_run_host *host, int64_t now_ns, int64_t wall_us, struct lec_run **out,
                struct lec_err *err);
void lec_run_free(struct lec_run **run);

/* ---- What happens ------------------------------------------------------------------------------------------- */

struct lec_run_input {
    const struct lec_point *point; /* of this room; the engine finds the channels and conditions that follow it */
    const double *raw;
    size_t n;
    int64_t first_ns; /* monotonic */
    double interval_ns, drift_ppm;
    uint64_t lost;
    uint32_t flags; /* LEC_BLOCK_* of lectern/driver.h: the same numbers as LEC_RUN_* */
};
/* The device of the point was set to another rate: its samples come so far apart from now on. The intervals of blocks are
 * estimates, which are some percent off while a stream begins; this is what it was told to do. */
void lec_run_rate(struct lec_run *run, const struct lec_point *point, int64_t period_ns);
void lec_run_samples(struct lec_run *run, const struct lec_run_input *input);
/* A value of a point that is not sampled but stands in a condition (a button). Told at the very time of lec_run_new, it is
 * what the point had before, and meets nothing. */
void lec_run_value(struct lec_run *run, const struct lec_point *point, const struct lec_value *value, int64_t now_ns);
void lec_run_event(struct lec_run *run, const struct lec_device *device, const char *event, int64_t now_ns);
/* The device went away ("unplug" mark, with the reason) or came back ("replug"). */
void lec_run_presence(struct lec_run *run, const struct lec_device *device, bool there, const char *reason,
                      int64_t now_ns);
/* The wall clock was set: from now on wall = start_us + run time + correction_us. While it is armed: by so much since it
 * was made (which moves a start at a time of day); the correction begins at 0 again with the recording. */
void lec_run_clock(struct lec_run *run, int64_t correction_us, int64_t now_ns);
/* A person takes one sample (on_event experiments): values of the MANUAL channels by index of channel, NaN where none. */
int lec_run_hand(struct lec_run *run, const double *values, int64_t now_ns, struct lec_err *err);
void lec_run_note(struct lec_run *run, const char *text, const char *by, int64_t now_ns);
/* The host could not store n samples of the channel that it was handed: they count as lost from now on. */
void lec_run_unstored(struct lec_run *run, size_t channel, uint64_t n);
/* Storing works again, after from_ns..now: marks "full" (reason) and "resumed", with what lec_run_unstored counted. */
void lec_run_hole(struct lec_run *run, int64_t from_ns, int64_t now_ns, const char *reason);
void lec_run_stop(struct lec_run *run, const char *status, const char *reason, int64_t now_ns);

/* Hands over what is pending, so that it can be committed; called each LEC_RUNS_TAIL_MS and at the end. */
void lec_run_flush(struct lec_run *run, int64_t now_ns);
/* Time has come that was asked for. Returns the next such time (LEC_NEVER: none). */
int64_t lec_run_tick(struct lec_run *run, int64_t now_ns);

/* ---- How it is ---------------------------------------------------------------------------------------------- */

enum lec_run_state lec_run_state(const struct lec_run *run);
struct lec_run_channel_state {
    uint64_t samples, lost;
    double last; /* calibrated; NaN: none yet */
    int64_t last_ns;
    bool there; /* its device is; false also for one that has never delivered */
};
void lec_run_channel(const struct lec_run *run, size_t channel, struct lec_run_channel_state *out);
/* Appends "state":...,"elapsed_ms":...,"duration_ms":...,"remaining_ms":...,"samples":...,"lost":...,"channels":[...] as
 * docs/protocol.md section 8 says, without braces. */
void lec_run_json(const struct lec_run *run, int64_t now_ns, struct lec_buf *b);

#endif
