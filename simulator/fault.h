/* What can go wrong, on command. A fault belongs to a box and lasts until a time, for a number of commands, or until it
 * is cleared.
 *
 * Threads: the loop's. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/err.h"
#include "lectern/value.h"

enum sim_fault_kind {
    SIM_SILENCE,        /* hears nothing, does nothing, says nothing */
    SIM_DELAY,          /* answers after `ms` */
    SIM_LATE,           /* does it at once, answers after the client has given up */
    SIM_GARBAGE,        /* random bytes instead of the answer */
    SIM_GARBAGE_BEFORE, /* random bytes, then the answer */
    SIM_CHECKSUM,       /* a wrong checksum */
    SIM_HALF,           /* half the answer */
    SIM_RESET,          /* TCP reset; a serial line: nothing comes */
    SIM_DISCONNECT,     /* hangs up; a serial line is unplugged */
    SIM_LIE,            /* acknowledges without doing, or reports a constant */
    SIM_REFUSE,         /* the protocol's "no" */
    SIM_BUSY,           /* the protocol's "not now" */
    SIM_OTHER_UNIT,     /* answers as another unit */
    SIM_ECHO,           /* the command comes back before the answer */
    SIM_SPLIT,          /* answers torn at random, byte by byte, or run together */
    SIM_SLOW_BYTES,     /* `ms` between bytes */
    SIM_NUL,            /* NUL bytes strewn into the answer */
    SIM_LOST,           /* streams: a packet or line of samples is counted, but not sent */
    SIM_STALL,          /* USB: a transfer ends with a stall */
    SIM_FAULTS          /* how many there are */
};

/* Faults on one box at a time. */
#define SIM_FAULTS_MAX 8

struct sim_fault {
    enum sim_fault_kind kind;
    int64_t until; /* monotonic; LEC_NEVER */
    int64_t left;  /* how many more times; -1: no limit */
    int64_t ms;
    bool all;        /* REFUSE, BUSY: queries as well as sets */
    char device[48]; /* LIE: of this device; "" any of the box */
    char point[48];  /* LIE: about this point; "" all */
    bool has_value;  /* LIE: reports this constant */
    struct lec_value value;
};

struct sim_faults {
    struct sim_fault at[SIM_FAULTS_MAX];
    size_t n;
};

/* "silence", ... and back; -1 for an unknown name. */
const char *sim_fault_name(enum sim_fault_kind kind);
int sim_fault_kind(const char *name);

/* Returns 0 or LEC_E_NOMEM (SIM_FAULTS_MAX are on already). */
int sim_fault_add(struct sim_faults *f, const struct sim_fault *fault, struct lec_err *err);
/* Ends all faults of that kind; kind SIM_FAULTS: all. Returns how many. */
size_t sim_fault_clear(struct sim_faults *f, enum sim_fault_kind kind);
/* Whether such a fault is on at `now`; a copy in *out (may be NULL). Counts as one use. */
bool sim_fault_use(struct sim_faults *f, enum sim_fault_kind kind, int64_t now, struct sim_fault *out);
/* The same without counting; NULL if none. Valid until the next call. */
const struct sim_fault *sim_fault_peek(struct sim_faults *f, enum sim_fault_kind kind, int64_t now);

#endif
