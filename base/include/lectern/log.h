/* The log: one line a message on stderr, with the systemd priority prefix when stderr is the journal.
 *
 * A failure is logged once, where it is handled, and again only when the state changes. No full stop at the end;
 * secrets never. Threads: any; a line is written whole. */
#ifndef LECTERN_LOG_H
#define LECTERN_LOG_H

#include "lectern/err.h"

enum lec_log_level {
    LEC_LOG_ERROR,   /* needs a person */
    LEC_LOG_WARNING, /* degraded and coping */
    LEC_LOG_NOTICE,  /* a state changed */
    LEC_LOG_INFO,    /* started, stopped */
    LEC_LOG_DEBUG,
};

/* Messages above `level` are dropped. Default: LEC_LOG_INFO. */
void lec_log_set_level(enum lec_log_level level);
void lec_log(enum lec_log_level level, const char *fmt, ...) LEC_PRINTF(2, 3);

#endif
