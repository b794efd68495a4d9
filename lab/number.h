/* Numbers and times as text, fast: the innermost work of an export.
 *
 * Threads: pure functions; a struct lab_clock belongs to its caller. */
#ifndef LAB_NUMBER_H
#define LAB_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAB_NUMBER 32 /* bytes that any text of this header fits in */
#define LAB_STAMP  48

/* Writes `v` with the fewest digits that read back the same float64, with `point` as the decimal separator: "21.5", "-0,05",
 * "1.5e-07". Nothing for what is not finite. Returns the length; no NUL is added. */
size_t lab_number(char out[LAB_NUMBER], double v, char point);

/* Writes an integer. Returns the length; no NUL is added. */
size_t lab_integer(char out[LAB_NUMBER], uint64_t v);

/* Writes nanoseconds as seconds, exactly, without trailing zeros: "-0.25", "12". Returns the length; no NUL is added. */
size_t lab_seconds(char out[LAB_NUMBER], int64_t ns, char point);

/* Wall time as text: remembers the second it wrote last, because most samples share one. Zeroed to begin with. */
struct lab_clock {
    int64_t second;
    char head[24]; /* "2026-11-22T10:45:00" */
    char zone[8];  /* "+07:00" */
    size_t head_n, zone_n;
    int64_t offset; /* of local time, s */
};

/* Writes microseconds since 1970 UTC as local time with its offset: "2026-11-22T10:45:00.123456+07:00". Returns the length
 * without the NUL; 0 for a time outside the years 1 to 9999. */
size_t lab_stamp(struct lab_clock *clock, char out[LAB_STAMP], int64_t us);

/* The same moment as if local time were UTC: what a spreadsheet counts from. false outside the years 1 to 9999. */
bool lab_local(struct lab_clock *clock, int64_t us, int64_t *local_us);

/* start + t + correction as wall time; wraps instead of overflowing on nonsense in a file. */
int64_t lab_wall(int64_t start_us, int64_t t_ns, int64_t correction_us);

/* Nanoseconds divided and rounded down. */
int64_t lab_floor_us(int64_t ns);

#endif
