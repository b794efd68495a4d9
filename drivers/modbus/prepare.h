/* Compiling a profile's keys into struct modbus: what the parts of it share.
 *
 * prepare.c: the device, the list of items; prepare_value.c: points that are values, actions; prepare_motor.c: points
 * that are motors. All mistakes of a device are told at once, each at its key.
 *
 * Threads: any; everything hangs on one struct prep. */
#ifndef MODBUS_PREPARE_H
#define MODBUS_PREPARE_H

#include "device.h"

struct prep {
    const struct lec_device *desc;
    struct modbus *m;
    struct lec_report *report;
    struct mb_order order;
    int rc; /* LEC_E_CONFIG after the first mistake, LEC_E_NOMEM */
};

/* Whatever has keys: a point or an action. */
struct subject {
    const char *name;
    const struct lec_keys *keys;
    const char *file;
    int line;
    enum lec_type type;
    const char *const *choices, *const *settable;
    size_t n_choices, n_settable;
};

/* A mistake in a key, or, when it is not written, in the section that should have it. */
void mb_wrong(struct prep *p, const struct subject *s, const char *key, const char *fmt, ...) LEC_PRINTF(4, 5);
/* The outcome of an mb_parse_* of that key. */
void mb_parsed(struct prep *p, const struct subject *s, const char *key, int rc, const struct lec_err *err);
/* The value as written, or NULL. */
const char *mb_text(const struct subject *s, const char *key);
/* Numbers and times are checked here again: config has done it in the daemon, nobody in a fuzzer. */
int64_t mb_number(struct prep *p, const struct subject *s, const char *key, int64_t min, int64_t max, int64_t fallback);
int64_t mb_duration(struct prep *p, const struct subject *s, const char *key, int64_t min, int64_t max,
                    int64_t fallback);
bool mb_among(const char *name, const char *const names[], size_t n);
struct subject mb_point_subject(const struct lec_point *pt);
/* The place that a key names; false after a mistake. */
bool mb_prepare_place(struct prep *p, const struct subject *s, const char *key, struct mb_place *out);

/* prepare_value.c */
void mb_prepare_value(struct prep *p, const struct lec_point *pt, struct mb_codec *c);
void mb_prepare_action(struct prep *p, const struct lec_action *a, struct mb_action *out);

/* prepare_motor.c */
bool mb_is_motor(const struct lec_point *pt);
void mb_prepare_motor(struct prep *p, const struct lec_point *pt, struct mb_pair *pair);
void mb_prepare_fault(struct prep *p, const struct lec_point *pt, struct mb_point *out);
/* The motor of that point, or NULL. */
struct mb_pair *mb_pair_of(const struct prep *p, const char *point);
void mb_check_motor_coils(struct prep *p);

#endif
