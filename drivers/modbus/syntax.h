/* What people write in a profile for this driver, as text; README.md is its manual.
 *
 * Every mb_parse_* takes the value of one key and returns 0, or LEC_E_CONFIG with a sentence that says what is wrong
 * and what was expected (the caller knows file and line), or LEC_E_NOMEM. On failure `out` holds nothing to free.
 *
 * Threads: pure functions. */
#ifndef MODBUS_SYNTAX_H
#define MODBUS_SYNTAX_H

#include "codec.h"

/* The device-wide order of bytes, four letters; numbers of 8 bytes follow the same pattern. */
struct mb_order {
    char letters[5];
};
int mb_parse_order(const char *text, struct mb_order *out, struct lec_err *err);

/* "input 0x0034 f32 CDAB", "coil 3", "coil 2-4", "holding 16.3", "holding 0x10.4-7", "holding 250 text 10". */
int mb_parse_place(const char *text, const struct mb_order *order, struct mb_place *out, struct lec_err *err);

/* "0.1" and "-40": value = raw * 0.1 - 40. NULL for a key that is not there. */
int mb_parse_scale(const char *scale, const char *offset, struct mb_scale *out, struct lec_err *err);

/* "off:0, on:1, other:*" */
int mb_parse_codes(const char *text, struct mb_codes *out, struct lec_err *err);
void mb_free_codes(struct mb_codes *codes);

/* "0x8000, 0x7FFF:sensor fault" */
int mb_parse_missing(const char *text, struct mb_missing **out, size_t *n, struct lec_err *err);
void mb_free_missing(struct mb_missing *missing, size_t n);

/* Addresses that must not be read even in passing. */
struct mb_hole {
    enum mb_table table;
    uint16_t first, last;
};
struct mb_holes {
    bool every_gap; /* "yes": whatever is not a point may be a hole */
    struct mb_hole *at;
    size_t n;
};
/* "no", "yes", or "input 0x14-0x17, holding 5" */
int mb_parse_holes(const char *text, struct mb_holes *out, struct lec_err *err);

#endif
