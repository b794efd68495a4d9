/* Reading text strictly: the whole string, a stated range, the C locale whatever the program's locale is.
 *
 * Every lec_parse_* returns 0, or LEC_E_RANGE with `out` untouched (not a number, out of range, something left
 * over, empty). They store no sentence: only the caller knows what was expected.
 *
 * Threads: pure functions. */
#ifndef LECTERN_PARSE_H
#define LECTERN_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal, or hexadecimal with 0x; optional sign; no white space. */
int lec_parse_int(const char *text, int64_t min, int64_t max, int64_t *out);
/* A finite decimal number with a point; no hexadecimal, no white space. */
int lec_parse_float(const char *text, double *out);
/* true/false, on/off, yes/no, 1/0, in any case. */
int lec_parse_bool(const char *text, bool *out);
/* "500ms", "30s", "1.5s", "20min", "2h", "0" into nanoseconds; never negative, at most 366 days. */
int lec_parse_duration(const char *text, int64_t *out_ns);
/* Writes nanoseconds as the shortest duration that reads back the same ("90s", "1500ms"); returns `buf`.
 * size: 32 is always enough. */
const char *lec_print_duration(int64_t ns, char *buf, size_t size);
/* How often, in Hz: "10Hz", "1kHz", "5/s", "2/min", "6/h", or as the time from one to the next: "20s", "50ms". More than
 * once a year, at most 1 MHz. */
int lec_parse_rate(const char *text, double *out_hz);
/* Writes a rate in the shortest of these forms ("10Hz", "20s"); returns `buf`. size: 32 is always enough. */
const char *lec_print_rate(double hz, char *buf, size_t size);
/* A number of bytes: "2GB", "1.5MB", "500kB" (in thousands), "2GiB", "64KiB" (in 1024s), "4096B"; at most 2^53. */
int lec_parse_size(const char *text, int64_t *out);

/* 0 to 15, or -1. */
int lec_hex_digit(char c);
/* Replaces the escapes \r \n \t \0 \e \\ \s (space) and \xHH. `out` may be `text` itself.
 * Returns the number of bytes in `out` (no NUL is added), or LEC_E_RANGE at an unknown or cut escape or when
 * `size` is too small. */
int lec_unescape(const char *text, unsigned char *out, size_t size);

/* Copies at most size - 1 bytes of `text` without leaving half a UTF-8 character, and NUL-terminates.
 * Returns true if all of it fitted. size: at least 1. */
bool lec_copy_utf8(char *out, size_t size, const char *text, size_t len);
/* The same of a text that ends with a NUL. */
bool lec_copy_text(char *out, size_t size, const char *text);
#define LEC_UTF8_MAX 4 /* bytes of a character */
/* The bytes of the character that `text` begins with, which has `len` bytes, at least 1; 0: they are not UTF-8. */
size_t lec_utf8_char(const char *text, size_t len);
/* Whether `text` is well-formed UTF-8 without NUL or other control characters than tab. */
bool lec_is_utf8(const char *text, size_t len);

/* How many single-character edits (insert, delete, replace, swap of neighbours) lie between two names, at most
 * 64 characters each looked at. */
unsigned lec_edits(const char *a, const char *b);
/* The candidate nearest to `name`, or NULL when none is near enough to be meant (more than a third of its
 * letters differ). `candidates`: n names, NULLs skipped. */
const char *lec_nearest(const char *name, const char *const candidates[], size_t n);

#endif
