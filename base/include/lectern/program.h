/* What our programs share where they start. */
#ifndef LECTERN_PROGRAM_H
#define LECTERN_PROGRAM_H

/* Of all of Lectern, as "0.1.0". */
const char *lec_version(void);
/* Blocks the signals of this thread and of those that it starts, for a program that reads them from a signalfd. Those that a fault
 * of the program itself raises stay: blocked, they would kill it without a trace. */
void lec_signals_block(void);

#endif
