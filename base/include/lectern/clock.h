/* Time. Durations and deadlines use the monotonic clock in nanoseconds; wall time appears only in what people
 * and the bus see, in microseconds since 1970 UTC.
 *
 * Threads: any. lec_clock_fake is for single-threaded tests. */
#ifndef LECTERN_CLOCK_H
#define LECTERN_CLOCK_H

#include <stdint.h>

#define LEC_MS    INT64_C(1000000)
#define LEC_SEC   INT64_C(1000000000)
#define LEC_NEVER INT64_MAX /* a deadline that does not come */

/* Monotonic nanoseconds; never steps back. */
int64_t lec_now(void);
/* Wall time in microseconds since 1970 UTC; may step. */
int64_t lec_wall_us(void);
/* Milliseconds from now until `deadline`, rounded up, for poll(2): 0 when past, -1 for LEC_NEVER. */
int lec_ms_until(int64_t deadline);
/* Tests only: from now on both clocks stand at `ns` monotonic and `wall_us`, until called again.
 * ns < 0 gives the real clocks back. */
void lec_clock_fake(int64_t ns, int64_t wall_us);

#endif
