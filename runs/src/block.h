/* A block of a channel as it lies in the file: segments (pieces of regular samples, each with its own time, interval,
 * clock correction and losses), then the values, then the times of samples that are not regular.
 *
 *     check sum (4), format (1 = 1), samples, segments, irregular samples (varints),
 *     columns over the segments: samples, time, interval (bits), correction, drift (bits), flags, lost (ints.h each)
 *     times of irregular samples (ints.h), values (pack.h) */
#ifndef LECTERN_RUNS_BLOCK_H
#define LECTERN_RUNS_BLOCK_H

#include "lectern/runs.h"
#include "pack.h"

#define BLOCK_FULL 16384 /* samples; blocks that are put together have at least so many */

struct segment {
    size_t n;
    int64_t t_ns;
    double interval_ns; /* 0: each sample has its time */
    int64_t correction_us;
    double drift_ppm;
    uint32_t flags;
    uint64_t lost;
    size_t first;      /* of its samples in the block */
    size_t first_time; /* irregular ones: in the block's times */
};

/* A block in memory; its arrays grow as they must and are kept. */
struct block {
    size_t n, n_segments, n_times;
    struct segment *segments;
    double *values;
    int64_t *times;
    size_t room, room_segments, room_times;
};

void block_done(struct block *b);
/* Adds samples behind what is there. LEC_E_NOMEM. */
int block_add(struct block *b, const struct lec_run_block *samples, struct lec_err *err);
/* Run times beyond 73 years are refused: sums of those below do not overflow. */
#define TIME_MAX (INT64_MAX / 4)
/* Whether the times of samples in one piece are such, and rise or stand as they can. */
bool block_times_ok(const struct lec_run_block *samples);
/* The segment that samples in one piece are. */
struct segment segment_of(const struct lec_run_block *samples);
/* The other way round: lent as long as the block stays as it is. The channel is the caller's. */
struct lec_run_block segment_block(const struct block *b, size_t segment);
/* Run time of the i-th sample of a segment; `times` are its own if it is not regular. */
int64_t segment_time(const struct segment *s, const int64_t *times, size_t i);
/* The times of a segment that is not regular, else NULL. */
const int64_t *segment_times(const struct block *b, const struct segment *s);

/* Packs into *out, which grows; returns the length or LEC_E_NOMEM. */
struct room {
    uint8_t *data;
    size_t size;
};
int64_t block_pack(const struct block *b, struct room *out, struct lec_err *err);
/* The same for samples that come in one piece, without copying them. */
int64_t block_pack_one(const struct lec_run_block *samples, struct room *out, struct lec_err *err);
/* Replaces what is in `b`. LEC_E_FRAME: the bytes are no block of at most LEC_RUN_BLOCK_MAX samples; LEC_E_NOMEM. */
int block_unpack(const void *data, size_t size, struct block *b, struct lec_err *err);

/* Makes room for n elements of `size` bytes; true if it was made. */
bool make_room(void *array, size_t *room, size_t n, size_t size);
bool make_bytes(struct room *room, size_t n);

#endif
