/* One recording, for those parts of the recorder that make it: recording.c (its life), storing.c (what it has on the disk),
 * news.c (what is told of it), feed.c (what it is fed with). */
#ifndef LECTERN_RECORDER_RECORDING_H
#define LECTERN_RECORDER_RECORDING_H

#include "lectern/clock.h"
#include "record/impl.h"

#define MARKS_TOLD 16  /* marks told between two turns; the run file has them all */
#define MARKS_OPEN 256 /* marks that are not safe on the disk, kept to be written again */

struct recording {
    struct recording *next;
    struct lec_recorder *r;
    const struct lec_record_job *job;
    struct lec_run *run;        /* NULL in the pause between two */
    struct lec_run_start start; /* as it is in the file, or will be */
    int64_t stop_us;
    unsigned nth;
    int64_t again_at;  /* the next of several begins */
    bool begun;        /* its start condition has come */
    bool in_file;      /* the start document is written... */
    bool in_file_safe; /* ...and committed */
    bool ended;        /* by the engine */
    bool stop_written; /* the stop document */
    bool over;
    char status[16], reason[LEC_ERR_TEXT];
    struct lec_run_mark told[MARKS_TOLD]; /* that the core has not been told of */
    size_t n_told;
    struct lec_run_mark *open; /* MARKS_OPEN */
    size_t n_open;
    uint64_t written[LEC_CHANNELS_MAX];  /* samples in the transaction under way */
    uint64_t unstored[LEC_CHANNELS_MAX]; /* samples that the disk did not take; the engine does not know yet */
    uint64_t lost[LEC_CHANNELS_MAX];     /* told by blocks in the transaction under way... */
    uint64_t untold[LEC_CHANNELS_MAX];   /* ...by those that the disk did not take: the next block tells it... */
    uint64_t safe[LEC_CHANNELS_MAX];     /* ...and by those on the disk */
    bool any_unstored;
    int64_t correction_us;
    int64_t tick_at, tell_at;
    unsigned live[LEC_CHANNELS_MAX]; /* blocks told live in this second... */
    int64_t live_until;              /* ...which ends then */
};

static inline const char *recording_name(const struct recording *g)
{
    return g->job->experiment->name;
}

/* storing.c */
struct lec_run_host recording_host(struct recording *g);
void recording_write_stop(struct recording *g, int64_t now);
/* The disk is full: the end is kept until there is room, and the recording is over. False: it cannot be kept. */
bool recording_put_off(struct recording *g);
void recording_tell_unstored(struct recording *g);

/* news.c */
void recording_tell(struct recording *g, int64_t now);
void recording_tell_news(struct recording *g, int64_t now);
void recording_journal(struct recording *g, const char *what);

/* feed.c */
void recording_commit_soon(struct lec_recorder *r);

#endif
