/* What our programs share where they start. */
#ifndef LECTERN_PROGRAM_H
#define LECTERN_PROGRAM_H

#include <pthread.h>

/* Of all of Lectern, as "0.1.0". */
const char *lec_version(void);
/* Blocks the signals of this thread and of those that it starts, for a program that reads them from a signalfd. Those that a fault
 * of the program itself raises stay: blocked, they would kill it without a trace. */
void lec_signals_block(void);
/* As pthread_create, for a thread that is to get no signals, whoever starts it: they are the main thread's. */
int lec_thread_begin(pthread_t *out, const pthread_attr_t *attr, void *(*body)(void *), void *arg);

#endif
