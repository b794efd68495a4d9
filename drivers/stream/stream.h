/* The driver `stream`: what its files share. fields.c takes a line apart, prepare.c compiles the profile, follow.c
 * numbers samples and finds their times, stream.c is the callbacks.
 *
 * Threads: the line's. */
#ifndef STREAM_H
#define STREAM_H

#include "fields.h"
#include "lectern/driver.h"
#include "lectern/pace.h"

#define CHUNK_BYTES 2048              /* read at once */
#define ROWS_MAX    (CHUNK_BYTES / 2) /* lines that can end in one chunk: "1\n" */
#define COLUMNS_MAX 32
#define NAMES_MAX   FIELDS_MAX
#define CHUNKS_MAX  64 /* of one input call: then others have their turn */
#define COMMAND_MAX 64
#define NOWHERE     ((size_t)-1)

/* Where a value stands in a line: its number from 1, or its name. */
struct place {
    const char *name; /* NULL: by number */
    size_t number;
    size_t at; /* the index of the field where it was found last; NOWHERE */
};

struct column {
    const struct lec_point *point;
    struct place place;
    double *samples; /* streaming: ROWS_MAX */
    int64_t wish_ns; /* 0: none */
    char text[64];   /* not streaming: the newest field; "" */
    bool fresh;
    double value; /* gathering: of the row under way... */
    bool has;     /* ...if it has come */
};

enum numbering { BY_LINES, BY_COUNTER, BY_CLOCK };

/* How samples are numbered and timed. Numbers count samples; by the device's clock they are its microseconds. */
struct follow {
    enum numbering numbering;
    double modulo;      /* of the counter or clock, in its own unit; 0: it does not wrap, or as computers do */
    double us_per_unit; /* BY_CLOCK */
    double nominal_ns;  /* between samples; 0: not known */
    struct lec_pace pace;
    bool underway;        /* a sample has come since the numbers began */
    uint64_t next;        /* BY_LINES, BY_COUNTER: the number of the next sample */
    double last;          /* counter or clock as the device wrote it */
    uint64_t last_number; /* of the last row */
    double step;          /* BY_CLOCK: usual difference of two rows, us */
    unsigned strange;     /* rows in a row that were not of that step */
    bool has_odd;         /* a counter that cannot be true has come; the next one tells whether it can */
    double odd;
    int64_t arrived_ns; /* the last packet with rows */
    int64_t told_ns;    /* the last sample delivered: none comes before it */
    uint64_t numbers[ROWS_MAX];
    uint64_t lost[ROWS_MAX]; /* right before the row */
    size_t n;                /* rows gathered */
};

struct stream {
    struct form form;
    struct column columns[COLUMNS_MAX];
    size_t n_columns;
    struct place counter;         /* of the counter or clock; unused BY_LINES */
    bool gathers;                 /* a row comes in several lines, a name or more in each */
    double gathered;              /* counter or clock of the row under way */
    const char *names[NAMES_MAX]; /* of the columns, from the profile */
    size_t n_names;
    char *names_text;
    size_t n_fields;     /* that a line has; 0: not known yet */
    bool fields_fixed;   /* by the profile or a header */
    size_t other_fields; /* lines of another length came... */
    unsigned others;     /* ...so many in a row */
    int64_t reset_wait_ns;
    unsigned char start[COMMAND_MAX], stop[COMMAND_MAX];
    size_t start_n, stop_n;
    const char *rate_command;
    int64_t interval_ns; /* of the profile; 0: not known */
    int64_t period_ns;   /* asked of the device; 0: as it was */

    struct follow follow;
    double *samples; /* of all columns */
    struct fields fields;
    char line[LINE_BYTES + 1];
    size_t line_n;
    bool skipping; /* until the end of the line: its beginning was not seen, or it is too long */
    bool partial;  /* the line under way was begun before we listened */
    char why[160]; /* what was wrong with the last bad line */
    unsigned bad;  /* bad lines in this call */
};

extern const struct lec_option stream_device_options[], stream_point_options[];
int stream_prepare(const struct lec_device *desc, void *state, struct lec_report *report);
void stream_release(void *state);

/* Numbers begin anew: after open, a reset of the device, another rate. */
void follow_begin(struct follow *f, double nominal_ns);
enum verdict { ROW_GOOD, ROW_REPEATED, ROW_STRANGE };
/* A row has come, with this counter or clock (ignored BY_LINES). ROW_GOOD: the caller stores its values at f->n, then
 * counts it with follow_count. Otherwise they are not used. */
enum verdict follow_row(struct lec_dev *dev, struct stream *s, double counter, int64_t arrived_ns);
void follow_count(struct follow *f);
/* A line came that could not be read: BY_LINES it was a sample. */
void follow_bad(struct follow *f);
/* The packet is complete: delivers the rows of every column as blocks. */
void follow_deliver(struct lec_dev *dev, struct stream *s, int64_t arrived_ns);

#endif
