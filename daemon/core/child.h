/* Programs of ours that are started for one job: lectern-lab, lectern-calendar. They read what they are given, write one answer to their
 * stdout, and may be ended at any time.
 *
 * Threads: the core's. */
#ifndef LECTERN_CHILD_H
#define LECTERN_CHILD_H

#include <sys/types.h>

#include "lectern/buf.h"
#include "mailbox/waiter.h"

#define CHILDREN_GONE 16 /* programs that were ended and have not gone yet */

struct child {
    pid_t pid; /* 0: none */
    int fd;    /* its stdout, non-blocking: its answer */
};

struct children {
    struct lec_waiter *waiter; /* lent; waits for what each of them answers... */
    unsigned item;             /* ...under this number */
    pid_t gone[CHILDREN_GONE];
};

/* Starts argv[0], which lies beside our own program, so that a build folder works like an installed prefix. in: its stdin, or -1: nothing.
 * Returns 0, LEC_E_NOTSUP (it is not installed), LEC_E_NOMEM or LEC_E_BUG; *out is {0} then. */
int child_start(struct children *children, char *const argv[], int in, struct child *out, struct lec_err *err);
/* Takes what has come of its answer. False: that was all, or it cannot be read; it is to be ended. Never blocks. */
bool child_read(const struct child *child, struct lec_buf *answer);
/* Ends it with whatever it started, and forgets it. */
void child_end(struct children *children, struct child *child);
/* Looks after those that were ended; to be called now and then. */
void child_reap(struct children *children);

#endif
