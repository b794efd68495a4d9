/* Between a point's value and what stands on the wire: codes ("hdmi1:30"), scale and offset, a linear range, single
 * bits. One direction each, since some devices read back other codes than they take.
 *
 * Threads: compiled, immutable. */
#ifndef DIALOGUE_CODES_H
#define DIALOGUE_CODES_H

#include "compile.h"
#include "lectern/value.h"

struct dlg_code {
    struct lec_value value;
    bool any; /* "*": whatever has no code of its own */
    struct dlg_raw raw;
};

struct dlg_conv {
    const struct lec_point *point;
    const struct dlg_code *codes; /* in the order written */
    size_t n_codes;
    double scale, offset; /* value = raw * scale + offset */
    bool clamp;           /* raw is kept between raw_min and raw_max when written */
    double raw_min, raw_max;
    int64_t mask;    /* of the raw number; 0: all of it */
    bool reads_text; /* the hole is text: codes are compared as text */
};

/* Compiles the keys of the point for a hole of this form. codes_key: "codes", or "write codes" where that is written.
 * Tells mistakes at their keys. */
void dlg_conv_compile(struct dlg_compiler *c, const struct lec_point *point, const struct lec_keys *keys,
                      const struct lec_key *codes, const struct dlg_form *form, bool writes, struct dlg_conv *out);

/* The value as the wire has it; text is lent from `value`. Returns 0, LEC_E_RANGE (no code, or characters that must
 * not go into a message). */
int dlg_conv_out(const struct dlg_conv *conv, const struct lec_value *value, struct dlg_raw *out, struct lec_err *err);
/* What the wire said as a value of the point. Returns 0, or LEC_E_FRAME with a sentence (a code that the profile does
 * not know, no number). */
int dlg_conv_in(const struct dlg_conv *conv, const struct dlg_raw *raw, struct lec_value *out, struct lec_err *err);

/* A value for the wire without a point: an action's argument. */
int dlg_plain_out(const struct lec_value *value, struct dlg_raw *out, struct lec_err *err);

#endif
