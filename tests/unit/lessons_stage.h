/* A room for the timetable engine: it counts what is started, keeps what is to be kept, and can be killed and started again. */
#ifndef LECTERN_LESSONS_STAGE_H
#define LECTERN_LESSONS_STAGE_H

#include "timetable/lessons.h"

#define STAGE_TEXTS  4096
#define STAGE_STARTS 4096
#define MINUTE       (INT64_C(60) * 1000000)
#define HOUR         (60 * MINUTE)

struct stage_start {
    char scene[32];
    int64_t at_us;
    bool closing;
};

struct stage {
    struct lessons *l;
    struct lessons_rules rules;
    int64_t wall_us, mono_ns;
    const char *recording;
    int refuse; /* what starting a scene gives; 0: it works */
    struct stage_start starts[STAGE_STARTS];
    size_t n_starts;
    char *keys[STAGE_TEXTS], *values[STAGE_TEXTS]; /* the disk */
    size_t n_texts;
    char *journal; /* one line each, to be seen with stage_told */
    struct lesson periods[64];
    size_t n_periods;
};

/* 2026-11-23 (a Monday), at that time in Ho Chi Minh City. */
int64_t stage_at(int hour, int minute);
void stage_open(struct stage *s, int hour, int minute);
void stage_close(struct stage *s);
/* A period, known from now on. */
void stage_period(struct stage *s, const char *uid, int64_t start_us, int64_t end_us, const char *start,
                  const char *end);
void stage_know(struct stage *s); /* hands the periods to the engine */
/* Time goes on second by second until then. */
void stage_until(struct stage *s, int64_t wall_us);
/* The wall clock is set. */
void stage_set_clock(struct stage *s, int64_t wall_us);
/* Killed and started again: only what was kept is left. `off_us`: how long it was off. */
void stage_restart(struct stage *s, int64_t off_us);
/* How often that scene was started. */
size_t stage_count(const struct stage *s, const char *scene);
/* The state of a period; reason (may be NULL) gets the why. Lent until the next call. */
const char *stage_state(struct stage *s, const char *uid, const char **reason);
/* Its code and what that is about: "recording cooling"; "" for none. Lent until the next call. Likewise of today's closing. */
const char *stage_why(struct stage *s, const char *uid);
const char *stage_closing_why(struct stage *s);
/* "planned 17:30" of today's closing, "" for none. Lent until the next call. */
const char *stage_closing(struct stage *s);
/* Whether the journal has such a line ("begun a lesson"). */
bool stage_told(const struct stage *s, const char *line);

#endif
