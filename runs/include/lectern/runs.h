/* The run file: everything that experiments have recorded in one room, in one SQLite database (WAL), written by the
 * daemon's recorder and read by it and by lectern-lab.
 *
 * A run has documents in the sense of the Bluesky event model (start, one descriptor, blocks, stop; lab-protocols.md,
 * section 6), channels, blocks of samples, marks. Times inside a run are nanoseconds since its start by the monotonic
 * clock ("run time"; negative before a trigger); start_us and the clock corrections lead to wall time.
 *
 * Blocks are append-only. Small ones, as a commit each 100 ms makes them, are put together to large ones in a later
 * transaction, which changes no sample. Raw values are stored, packed without loss (src/pack.c); calibrated ones are
 * computed by lec_calibrate from the descriptor's calibration, the same function with the same numbers that the live
 * value came from. Derived, manual and counted channels are stored as they were.
 *
 * Threads: a handle belongs to one thread. Any number of read handles, also in other processes, beside one writer. */
#ifndef LECTERN_RUNS_H
#define LECTERN_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/buf.h"
#include "lectern/calibration.h"
#include "lectern/err.h"
#include "lectern/model.h"

#define LEC_RUNS_TAIL_MS  100 /* a commit at least so often: what a crash costs */
#define LEC_RUN_ID        40  /* "20261122-104500-cooling-1" with its NUL: <local date>-<time>-<experiment, cut>-<n> */
#define LEC_RUN_BLOCK_MAX 65536 /* samples in one block */
#define LEC_RUN_WIDTH_MAX 10000 /* columns of a plot */

struct lec_runs;

/* ---- Writing ------------------------------------------------------------------------------------------------ */

/* Opens or creates for writing. A broken file is set aside as <file>.broken-<seconds> and what can be read of it is
 * carried over, block by block; *note then says so (else it becomes ""). Runs that were not stopped are closed as
 * `interrupted` with what they have; *interrupted counts them. Returns 0, LEC_E_CONFIG (cannot be written, a newer
 * version wrote it), LEC_E_BUSY (disk full), LEC_E_NOMEM. */
int lec_runs_open(const char *file, struct lec_runs **out, int *interrupted, char note[LEC_ERR_TEXT],
                  struct lec_err *err);
/* Opens for reading; sees what is committed. LEC_E_RANGE: there is no such file. */
int lec_runs_open_read(const char *file, struct lec_runs **out, struct lec_err *err);
void lec_runs_close(struct lec_runs **runs);

/* All writing happens between begin and commit. Every writing call returns 0, LEC_E_BUSY (the disk is full: what is
 * committed stays, try again later), LEC_E_FRAME (the file is broken: close and open it, which salvages), LEC_E_LINK
 * (the disk failed). After a failure:
 * rollback. */
int lec_runs_begin(struct lec_runs *runs, struct lec_err *err);
int lec_runs_commit(struct lec_runs *runs, struct lec_err *err);
void lec_runs_rollback(struct lec_runs *runs);

struct lec_run_channel {
    char name[64], label[128], label_en[128], unit[32];
    char source[136];             /* "probe-1.temperature"; a formula; "manual" */
    char sensor[128], serial[64]; /* of the device, "" if not known */
    enum lec_channel_kind kind;
    double rate_hz;                     /* as asked; 0: as delivered */
    int decimals;                       /* -1: not said */
    struct lec_calibration calibration; /* of kind NONE for all but POINT */
};

struct lec_run_start {
    char id[LEC_RUN_ID];
    const char *experiment; /* name */
    const char *label, *label_en;
    const char *operator_; /* who, for the header of an export; "" */
    const char *principal;
    const char *metadata;   /* JSON object: the fields that were asked for */
    const char *definition; /* JSON object: the experiment as it was */
    int64_t start_us;       /* wall time of run time 0, as the clock was then */
    int64_t start_ns;       /* the monotonic clock then */
    bool simulated;
    const struct lec_run_channel *channels;
    size_t n_channels;
};
/* Writes the start and descriptor documents. The id is made here: *id is filled; one that it holds already (an armed run
 * was promised it) is kept if no run has it. */
int lec_runs_start(struct lec_runs *runs, struct lec_run_start *start, struct lec_err *err);

struct lec_run_block {
    size_t channel;
    int64_t t_ns;       /* run time of the first sample */
    double interval_ns; /* 0: not regular, then `times` has the run time of each */
    const int64_t *times;
    int64_t
        correction_us; /* wall time of a sample = start_us + t + correction: what the wall clock was set by since the
                              start */
    double drift_ppm;
    uint32_t flags;       /* LEC_RUN_* */
    uint64_t lost;        /* samples missing right before the first */
    const double *values; /* raw for POINT channels; NaN: missing */
    size_t n;             /* 1..LEC_RUN_BLOCK_MAX */
};
#define LEC_RUN_OVERRUN 1u
#define LEC_RUN_LATE    2u
#define LEC_RUN_BAD     4u
int lec_runs_block(struct lec_runs *runs, const char *run, const struct lec_run_block *block, struct lec_err *err);

struct lec_run_mark {
    int64_t t_ns;
    char kind
        [16]; /* "mark" (a person's), "gap", "overrun", "late", "clock", "unplug", "replug", "trigger", "full" (no room on
                        the disk), "resumed", "limit" */
    char channel[64]; /* "" for all */
    char text[256];   /* a person's words, or what happened */
    uint64_t lost;    /* samples, if known */
    char by[64];
};
int lec_runs_mark(struct lec_runs *runs, const char *run, const struct lec_run_mark *mark, struct lec_err *err);

/* So many samples of the channel are missing behind its last block, where no other can tell it: right before the stop. */
int lec_runs_missing(struct lec_runs *runs, const char *run, size_t channel, uint64_t lost, struct lec_err *err);
/* The wall clock was set since the last block: right before the stop, so that the run is as long as it was. */
int lec_runs_clock(struct lec_runs *runs, const char *run, int64_t correction_us, struct lec_err *err);
/* Writes the stop document and puts the tails together. status: "done", "stopped", "interrupted", "failed". */
int lec_runs_stop(struct lec_runs *runs, const char *run, int64_t stop_us, const char *status, const char *reason,
                  struct lec_err *err);
/* Gives back the room of deleted runs, a little at a time (outside begin..commit), so that a recording beside it keeps its
 * 100 ms; at the end, when nothing is recorded, empties the WAL. Returns 1 when there is more to do, 0, or a code. (Small
 * blocks are put together by the commits.) */
int lec_runs_tidy(struct lec_runs *runs, struct lec_err *err);
/* The same on a disk that is full, where a recording beside it waits anyhow: gives back all that it can. */
int lec_runs_squeeze(struct lec_runs *runs, struct lec_err *err);

/* The run was exported (retention). */
int lec_runs_exported(struct lec_runs *runs, const char *run, int64_t now_us, struct lec_err *err);
/* Removes a run: it is gone from the lists at once, its room comes back by lec_runs_tidy. LEC_E_RANGE: no such run;
 * LEC_E_BUSY: it is being recorded. */
int lec_runs_delete(struct lec_runs *runs, const char *run, struct lec_err *err);
/* Bytes that the file and its WAL take. */
int64_t lec_runs_size(const struct lec_runs *runs);

/* ---- Reading ------------------------------------------------------------------------------------------------ */

struct lec_run_summary {
    char id[LEC_RUN_ID];
    char experiment[64], label[128], label_en[128], operator_[64], principal[64];
    char status[16];                        /* "recording", "done", "stopped", "interrupted", "failed" */
    char reason[LEC_ERR_TEXT];              /* of its end, "" */
    int64_t start_us, stop_us, exported_us; /* 0: not */
    int64_t duration_ns;
    uint64_t samples, lost, marks, bytes;
    bool simulated;
};
/* Newest first, `limit` from those started before `before_us` (0: all). Returns the number, or a code. */
int lec_runs_list(struct lec_runs *runs, int64_t before_us, size_t limit, struct lec_run_summary *out,
                  struct lec_err *err);

/* One run. LEC_E_RANGE: there is none of that name. Free with lec_run_info_free. */
struct lec_run_info {
    struct lec_run_summary summary;
    char *start_doc, *descriptor_doc, *stop_doc; /* JSON texts of the event model; stop_doc NULL while recording */
    char *metadata, *definition;
    struct lec_run_channel *channels;
    uint64_t *samples; /* of each channel */
    size_t n_channels;
    struct lec_run_mark *marks; /* in order of time */
    size_t n_marks;
};
int lec_runs_info(struct lec_runs *runs, const char *run, struct lec_run_info *out, struct lec_err *err);
void lec_run_info_free(struct lec_run_info *info);

/* Walks over the samples of a channel in order of time, from run time `from_ns` to before `to_ns`, a block at a time.
 * Gaps show as `lost` > 0 or a jump of t_ns. `values` calibrated if asked. What it gives is lent until the next call. */
struct lec_run_cursor;
int lec_runs_walk(struct lec_runs *runs, const char *run, size_t channel, int64_t from_ns, int64_t to_ns,
                  bool calibrated, struct lec_run_cursor **out, struct lec_err *err);
/* 1 with a block, 0 at the end, or a code; a block that is broken is skipped and counted in *skipped. */
int lec_run_next(struct lec_run_cursor *cursor, struct lec_run_block *out, uint64_t *skipped, struct lec_err *err);
void lec_run_walk_end(struct lec_run_cursor **cursor);

/* For plots: the interval in `width` columns, each with the least and greatest calibrated value in it. Time does not
 * grow with the run: sums over 128, 2048, 32768... samples are kept beside the blocks. */
struct lec_run_column {
    int64_t t_ns;    /* the middle of what is in it */
    double min, max; /* NaN: nothing there */
    uint64_t n;      /* samples */
    bool gap;        /* samples are missing in it or before it */
};
int lec_runs_columns(struct lec_runs *runs, const char *run, size_t channel, int64_t from_ns, int64_t to_ns,
                     size_t width, struct lec_run_column *out, struct lec_err *err);

#endif
