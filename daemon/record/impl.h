/* What the parts of the recorder share.
 *
 *   recorder.c   the core's side: letters out          thread.c   the recorder's thread: its loop, commands, commits
 *   recording.c  one recording (recording.h)           disk.c     the file: opening, a full disk, budget, tidying
 *   reader.c     the reader's thread                   tell.c     letters to the core
 *   documents.c  runs as JSON
 */
#ifndef LECTERN_RECORDER_IMPL_H
#define LECTERN_RECORDER_IMPL_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "mailbox/waiter.h"
#include "record/recorder.h"

#define TEXT_MAX      4096           /* bytes of a text in a command */
#define TELL_EVERY_NS (500 * LEC_MS) /* runs under way are told so often */
#define RETRY_NS      LEC_SEC        /* a disk that failed is tried again so often */
#define IDLE_NS       (5 * LEC_SEC)  /* a file that nobody uses is closed after so long */
#define BUDGET_NS     (10 * LEC_SEC) /* how often the size is looked at while recording */
#define UNCLOSED_MAX  16             /* runs that ended on a full disk and wait for room for their stop */
#define LIVE_BLOCKS   10             /* of a channel in a second; the rest is not told live */

enum command {
    COMMAND_CHECK = 1,
    COMMAND_BUDGET,
    COMMAND_START,
    COMMAND_STOP,
    COMMAND_MARK,
    COMMAND_HAND,
    COMMAND_DELETE,
    COMMAND_EXPORTED,
    COMMAND_RATE,
    COMMAND_VALUE,
    COMMAND_EVENT,
    COMMAND_PRESENCE,
    COMMAND_CLOCK,
};

struct command_head {
    enum command command;
    uint32_t key;
    uint64_t token;
    int64_t now_ns;
    int64_t number;                                /* BUDGET: bytes; CLOCK: us; RATE: ns */
    bool yes;                                      /* PRESENCE: there; DELETE: force */
    char which[LEC_RUN_ID > 64 ? LEC_RUN_ID : 64]; /* run, experiment, device */
    const struct lec_record_job *job;              /* START */
    uint32_t n;                                    /* HAND: values behind this head */
    char by[64];
}; /* MARK, EVENT, PRESENCE: a text behind it, with its NUL; VALUE: a struct lec_value */

enum reading { READING_LIST = 1, READING_SHOW, READING_READ, READING_FETCH };

struct reading_head {
    enum reading reading;
    uint64_t token;
    int64_t before_us;
    size_t limit;
    uint64_t offset;
    struct lec_record_query query; /* its run: SHOW too */
};                                 /* FETCH: the path behind it, with its NUL */

/* A thread of ours, begun when it is first needed. */
struct worker {
    pthread_t thread;
    struct lec_waiter *waiter;
    bool begun;
    _Atomic bool ended;
};

struct recording;

/* A run that is over, but the disk had no room for its end: closed when there is some. */
struct unclosed {
    char run[LEC_RUN_ID];
    int64_t stop_us, correction_us;
    char status[16], reason[LEC_ERR_TEXT];
    uint64_t missing[LEC_CHANNELS_MAX];
    struct lec_run_mark *marks; /* that are not on the disk; its own */
    size_t n_marks;
};

struct lec_recorder {
    char file[PATH_MAX];
    struct lec_mailbox *told;               /* the core's */
    struct lec_mailbox *commands, *samples; /* the recorder's */
    struct lec_mailbox *readings;           /* the reader's */
    struct worker writer, reader;
    _Atomic bool closing;
    _Atomic bool live;        /* live blocks are wanted */
    _Atomic size_t live_left; /* bytes of live blocks that may still be sent */
    _Atomic int64_t budget;

    pthread_mutex_t lock; /* guards health */
    struct lec_recorder_health health;

    /* the recorder's thread: */
    struct lec_runs *runs;
    bool writing;         /* inside begin..commit */
    bool full;            /* the disk: tried again at retry_at */
    int64_t full_from;    /* everything since then was lost */
    int64_t committed_at; /* when all that had come was last on the disk */
    int64_t commit_at, retry_at, idle_at, budget_at;
    bool tidy;
    unsigned commits;
    int warned;       /* the highest budget warning that was told: 0, 80, 90, 100 */
    int64_t freed_at; /* size at which exported runs were last removed */
    char trouble[LEC_ERR_TEXT];
    struct recording *recordings; /* in order of their start */
    size_t n_recordings;
    struct unclosed unclosed[UNCLOSED_MAX];
    size_t n_unclosed;
};

/* recorder.c */
int worker_begin(struct worker *w, void *(*main)(void *), struct lec_recorder *r);

/* thread.c, reader.c */
void *writer_main(void *recorder);
void *reader_main(void *recorder);

/* tell.c: to the core, from either thread. What does not fit waits, except live blocks, which are left out. */
void tell_answer(struct lec_recorder *r, uint64_t token, const struct lec_buf *json);
void tell_refusal(struct lec_recorder *r, uint64_t token, int code, const char *reason);
void tell_run(struct lec_recorder *r, uint32_t job, const char *experiment, const char *run,
              const struct lec_buf *json);
void tell_over(struct lec_recorder *r, uint32_t job);
void tell_live(struct lec_recorder *r, const struct lec_live *head, const double *values, const double *times);
void tell_journal(struct lec_recorder *r, const char *kind, const char *device, const char *name, const char *principal,
                  const struct lec_buf *data);

/* disk.c */
/* The write handle, opened if need be; runs that were interrupted are told. Returns 0 or a code. */
int disk_open(struct lec_recorder *r, struct lec_err *err);
/* Begins a transaction unless one is under way. Returns 0, or a code after disk_failed. */
int disk_write(struct lec_recorder *r);
/* A writing call failed: what is not committed is given up, and the disk is tried again later. */
void disk_failed(struct lec_recorder *r, int code, const char *why);
/* Commits what was written. */
void disk_commit(struct lec_recorder *r, int64_t now);
/* Removes a run from the file, also from a disk that is full: that is how a person makes room. */
int disk_delete(struct lec_recorder *r, const char *run, struct lec_err *err);
/* Whether the disk has room enough to record. */
bool disk_has_room(const struct lec_recorder *r);
/* Tries a disk that failed again, tidies, watches the budget, closes what is idle. */
void disk_turn(struct lec_recorder *r, int64_t now);
/* When that wants to be called next. */
int64_t disk_next(const struct lec_recorder *r, int64_t now);
void disk_close(struct lec_recorder *r);

/* recording.c */
int recording_start(struct lec_recorder *r, const struct lec_record_job *job, int64_t now, struct recording **out,
                    struct lec_err *err);
/* The one under way of that run id or experiment; NULL with the reason. */
struct recording *recording_find(struct lec_recorder *r, const char *which, struct lec_err *err);
void recording_stop(struct recording *g, const char *status, const char *reason, int64_t now);
int64_t recording_mark(struct recording *g, const char *text, const char *by, int64_t now);
int recording_hand(struct recording *g, const struct lec_record_value values[], size_t n, int64_t now, int64_t *t_ns,
                   struct lec_err *err);
void recording_json(const struct recording *g, int64_t now, struct lec_buf *b);
/* To all of them: */
void recordings_samples(struct lec_recorder *r, const struct lec_record_block *block, const double *raw);
void recordings_rate(struct lec_recorder *r, uint32_t key, int64_t period_ns);
void recordings_value(struct lec_recorder *r, uint32_t key, const struct lec_value *value, int64_t now);
void recordings_event(struct lec_recorder *r, const char *device, const char *event, int64_t now);
void recordings_presence(struct lec_recorder *r, const char *device, bool there, const char *reason, int64_t now);
void recordings_clock(struct lec_recorder *r, int64_t step_us, int64_t now);
void recordings_flush(struct lec_recorder *r, int64_t now);
/* The disk works again: what was not written is, with the hole from `from` on. */
void recordings_resume(struct lec_recorder *r, int64_t from, int64_t now);
void recordings_committed(struct lec_recorder *r);
void recordings_rolled_back(struct lec_recorder *r);
/* The file was found broken: it knows nothing of them any more. */
void recordings_orphan(struct lec_recorder *r, const char *reason, int64_t now);
/* storing.c: closes in the file what ended on a full disk; in the transaction under way. Returns 0 or a code. */
int unclosed_write(struct lec_recorder *r, const struct unclosed *u, struct lec_err *err);
void unclosed_drop(struct lec_recorder *r, size_t i);
/* Time has passed: ticks, news, what has ended. Returns when it wants to be called next. */
int64_t recordings_turn(struct lec_recorder *r, int64_t now);
bool recordings_any(const struct lec_recorder *r);
bool recordings_has(const struct lec_recorder *r, const char *run);

/* documents.c */
void summary_json(const struct lec_run_summary *s, struct lec_buf *b); /* members, without braces */
void mark_json(const struct lec_run_mark *m, struct lec_buf *b);
void info_json(const struct lec_run_info *info, struct lec_buf *b); /* the object of run.show */

#endif
