/* What the benchmarks share: processes, times, percentiles, and the line that each prints.
 *
 * A benchmark measures the thing and its limit or peer in one run, and prints a row for each figure:
 *     name  measured  must  ok|short
 * Everything it starts ends with it. Threads: one. */
#ifndef LECTERN_BENCH_H
#define LECTERN_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where this benchmark keeps its sockets and files: a new folder in /tmp, removed at exit. */
const char *bench_folder(void);

/* Ends the program with a message when something that the measurement rests on does not work. */
_Noreturn void bench_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Starts a program of build/.../bin (or any path with a slash) with arguments up to a NULL; cpu >= 0 pins it. Its log goes
 * to a file in the folder. It is killed at exit. */
pid_t bench_start(int cpu, const char *program, ...);
/* Runs `f` in a child process, pinned if cpu >= 0; killed at exit. */
pid_t bench_fork(int cpu, void (*f)(void *arg), void *arg);
/* Ends it and waits. */
void bench_stop(pid_t pid);
/* Pins the calling process to one core, or with -1 gives it all. */
void bench_pin(int cpu);

/* Writes a text file into the folder and returns its path (static, one at a time per name). */
const char *bench_write(const char *name, const char *text);

/* Writes the profile bench/<name>, beside all profiles that are shipped. `text` is the part before the points; then come
 * n points p1..pn, each with the lines of `point`, in which every %d becomes its number less one times `step`. */
void bench_profile(const char *name, const char *text, int n, const char *point, int step);

/* The folder of all those profiles. */
const char *bench_profiles(void);

/* Starts lecternd on a room file's text with those profiles and the drivers of bench/, waits until its bus answers. text NULL:
 * the file was written before.
 * Endpoints are bench_command(room) and bench_event(room). */
pid_t bench_room(int cpu, const char *room, const char *text, const char *line_map);
const char *bench_command(const char *room);
const char *bench_event(const char *room);

/* One request and its answer's text on a ready DEALER socket; the answer's buffer is static. Dies after 10 s. */
const char *bench_call(void *dealer, const char *request);
void *bench_dealer(const char *endpoint);
/* Calls until the answer contains `want`, at most `seconds`. Dies otherwise. */
void bench_until(void *dealer, const char *request, const char *want, double seconds);

double bench_cpu(pid_t pid); /* processor time of all its threads so far, in seconds */
double bench_rss(pid_t pid); /* resident memory, in bytes */
double bench_now(void);      /* seconds, monotonic */
/* The p-th percentile (0..100) of n numbers, which it sorts. */
double bench_percentile(double *at, size_t n, double p);

/* One row. `most` true: measured must be at most `must`; else at least. Remembers if it fell short. */
void bench_row(const char *name, double measured, const char *unit, double must, bool most);
/* Further numbers for the reader, indented under the row. */
void bench_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The exit status: 0, or 1 when a row fell short. */
int bench_end(void);

#endif
