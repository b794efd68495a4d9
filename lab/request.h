/* What the daemon asks for: one JSON object, at most LAB_REQUEST_MAX bytes, every member checked before any work begins.
 *
 * An unknown member, one of the wrong type or one out of range is LEC_E_RANGE with its name. Members that are null count as
 * absent. Threads: a request belongs to its caller. */
#ifndef LAB_REQUEST_H
#define LAB_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/err.h"
#include "lectern/model.h"

#define LAB_REQUEST_MAX 65536

enum lab_task { LAB_EXPORT, LAB_ANALYZE };
enum lab_format { LAB_CSV, LAB_CSV_VI, LAB_XLSX, LAB_HDF5, LAB_JSONL };
enum lab_shape { LAB_LONG, LAB_NEAREST, LAB_LINEAR };
enum lab_what { LAB_STATISTICS, LAB_FIT, LAB_AREA, LAB_TANGENT, LAB_COMPARE };
enum lab_form { LAB_FORM_LINEAR, LAB_FORM_POLYNOMIAL, LAB_FORM_EXPONENTIAL, LAB_FORM_POWER, LAB_FORM_SINE };

#define LAB_ORDER_MAX   6
#define LAB_CURVE_MAX   2000
#define LAB_CURVE_USUAL 200

struct lab_request {
    json_t *root; /* keeps every text below */
    enum lab_task task;
    const char *run;
    int64_t from_ns, to_ns; /* run time; INT64_MIN and INT64_MAX for the whole run */
    bool vi;                /* the language of what people read */

    enum lab_format format;
    enum lab_shape shape;
    bool raw;                               /* raw values beside the calibrated ones */
    const char *channels[LEC_CHANNELS_MAX]; /* in the order asked for */
    size_t n_channels;                      /* 0: all */
    const char *out;

    enum lab_what what;
    const char *channel;
    enum lab_form form;
    unsigned order;            /* of a polynomial */
    double origin;             /* where x = 0, in seconds of run time */
    const char *against;       /* FIT: another channel as x instead of time; or NULL */
    size_t points;             /* of the curve that is answered */
    double at;                 /* TANGENT, s */
    double window;             /* TANGENT, s; 0: chosen */
    const char *other_run;     /* COMPARE */
    const char *other_channel; /* COMPARE */
};

/* Parses n bytes. Returns 0 or LEC_E_RANGE; on success free with lab_request_done. */
int lab_request_parse(const char *text, size_t n, struct lab_request *out, struct lec_err *err);
void lab_request_done(struct lab_request *r);

/* The task, format or form as it is written in a request. */
const char *lab_format_name(enum lab_format f);
const char *lab_shape_name(enum lab_shape s);
const char *lab_what_name(enum lab_what w);
const char *lab_form_name(enum lab_form f);

#endif
