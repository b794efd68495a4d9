/* What the files of the timetable engine share. */
#ifndef LECTERN_LESSONS_INTERNAL_H
#define LECTERN_LESSONS_INTERNAL_H

#include "lectern/clock.h"
#include "timetable/lessons.h"
#include "timetable/why.h"

#define CLOSINGS 4 /* days whose closing is known: today, and those around it that are not over */

/* How far a start, an end or a closing is; the letters are kept on the disk. */
enum edge {
    EDGE_OPEN = '.',
    EDGE_BEGUN = 'b',  /* done in time */
    EDGE_CAUGHT = 'c', /* done late */
    EDGE_MISSED = 'm', /* can be open again when the clock is put back */
    EDGE_FAILED = 'x', /* missed for good */
    EDGE_SKIPPED = 's',
    EDGE_HELD = 'h',
    EDGE_PASSED = 'p', /* an end that had nothing to do */
};

/* What became of a period. */
struct record {
    int64_t start_us;
    enum edge start, end;
    struct why why;
    bool known; /* a period of now has it */
    char uid[];
};

struct period {
    struct lesson is; /* with strings of its own */
    struct record *record;
};

struct closing {
    int day; /* 20261123; 0: free */
    int64_t base_us, time_us;
    enum edge edge;
    bool restored; /* kept by an earlier start of the daemon, and not looked at since */
    struct why why;
};

struct lessons {
    struct lessons_host host;
    struct lessons_rules rules;
    char *closing_scene;
    struct period *periods; /* in the order of start */
    size_t n_periods;
    struct record **records;
    size_t n_records;
    struct closing closings[CLOSINGS];
    int64_t since_us; /* when the room first had a timetable; 0: not known yet */
    int64_t last_wall_us, last_ns, stepped_ns, pruned_ns;
};

/* The first period that is under way or begins within `break`, but not `but`; NULL: none. */
const struct period *lessons_busy(const struct lessons *l, int64_t wall_us, const struct period *but);
void lessons_tell(struct lessons *l, const char *name, const char *what, const struct period *p, const char *scene,
                  const char *principal, const struct why *why);
/* Closing was done: ends that wait have nothing left to do. */
void lessons_pass_held(struct lessons *l);
/* "07:50" */
const char *lessons_clock(int64_t us, char buf[8]);

/* closing.c */
void closing_tick(struct lessons *l, int64_t wall_us);
void closing_restore(struct lessons *l, const char *day, const char *value);
const struct closing *closing_of(const struct lessons *l, int64_t wall_us);
int lessons_day_number(int64_t us);
int64_t closing_base(const struct lessons *l, int64_t at_us);

#endif
