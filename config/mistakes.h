/* What lec_experiment_check tells, in Vietnamese: who makes an experiment in the lab page reads it. What people write in files is told in
 * English alone.
 *
 * Threads: pure functions. */
#ifndef LECTERN_CONFIG_MISTAKES_H
#define LECTERN_CONFIG_MISTAKES_H

#include <stdbool.h>
#include <stddef.h>

#define LEC_MISTAKE_VI_MAX 1024 /* bytes of a sentence */

/* The sentence in Vietnamese; names of keys and what was written stay as they are. False: it is not known. */
bool lec_mistake_vi(const char *text, char out[LEC_MISTAKE_VI_MAX]);

#endif
