/* Programs of ours that are started for one job: lectern-lab, lectern-calendar. They read what they are given, write one answer to their
 * stdout, and may be ended at any time.
 *
 * Threads: the core's. */
#ifndef LECTERN_CHILD_H
#define LECTERN_CHILD_H

#include <sys/types.h>

#include "lectern/err.h"

#define CHILDREN_GONE 16 /* programs that were ended and have not gone yet */

struct children {
    pid_t gone[CHILDREN_GONE];
};

/* Starts argv[0], which lies beside our own program, so that a build folder works like an installed prefix. in: its stdin, or -1: nothing.
 * *out: where its answer comes, non-blocking. Returns 0, LEC_E_NOTSUP (it is not installed), LEC_E_NOMEM or LEC_E_BUG. */
int child_start(char *const argv[], int in, pid_t *pid, int *out, struct lec_err *err);
/* Ends it with whatever it started. */
void child_end(struct children *children, pid_t pid);
/* Looks after those that were ended; to be called now and then. */
void child_reap(struct children *children);

#endif
