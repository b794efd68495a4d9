/* What an export says of a run before its samples: who, when, with what. One table serves the comment lines of CSV, the sheets
 * of XLSX and the attributes of HDF5.
 *
 * Threads: pure functions on what the caller owns. */
#ifndef LAB_HEADER_H
#define LAB_HEADER_H

#include "lectern/buf.h"
#include "lectern/runs.h"
#include "rows.h"

/* Tells each key with its value, in order. Keys are English, or Vietnamese if `vi`; values that are empty are left out.
 * Both are lent until the function returns. Fields that were asked for at the start (class, group, note) come under their
 * own names. */
typedef void lab_pair(void *ctx, const char *key, const char *value);
void lab_header_run(const struct lec_run_info *info, bool vi, lab_pair *tell, void *ctx);

/* The fields of a channel: label, unit, kind, source, sensor, serial, calibration, rate (Hz), samples. */
#define LAB_CHANNEL_FIELDS 9
const char *lab_channel_key(size_t field, bool vi);
/* The field's text; "" when there is nothing to say. Appended to `out`. */
void lab_channel_text(const struct lec_run_info *info, size_t channel, size_t field, bool vi, struct lec_buf *out);

/* A mark as one line: "gap water: 17 lost", "mark: ice added (An)". */
void lab_mark_text(const struct lec_run_mark *mark, struct lec_buf *out);

#endif
