/* What the files of the driver share: go.c (the driver), session.c (conversations), stream.c (samples).
 *
 * Threads: the line's. */
#ifndef VERNIER_GO_GO_H
#define VERNIER_GO_GO_H

#include "codec.h"
#include "lectern/driver.h"
#include "lectern/pace.h"
#include "usb.h"

#define GO_REPLY_NS   LEC_SEC       /* to answer a command */
#define GO_MEMORY_NS  (2 * LEC_SEC) /* to tell all of a memory */
#define GO_BATCH      256           /* samples told in one block */
#define GO_SERIAL_MAX 24

/* What a point of the profile tells. */
enum go_role {
    GO_SAMPLES_ROLE,
    GO_SERIAL_ROLE,
    GO_SENSOR_ROLE,
    GO_VERSION_ROLE,
    GO_MEMORY_ROLE,
    GO_OVERFLOW_ROLE,
    GO_BATTERY_ROLE,
    GO_ROLES
};

struct go {
    struct usb usb;
    const struct go_model *model;
    const struct lec_point *points[GO_ROLES]; /* NULL: the profile has none */
    char wanted[GO_SERIAL_MAX];               /* serial number of the line; "": any */

    /* since open */
    char serial[GO_SERIAL_MAX], version[16];
    uint32_t sensor; /* Link: number of what is plugged into it */
    bool has_memory;
    enum go_checked checked;
    struct go_memory memory;
    struct go_flash flash;
    struct lec_calibration calibration;
    char broken[LEC_ERR_TEXT]; /* why there are no values; "" */
    bool measures;
    uint8_t flags; /* of the last GET_STATUS */

    /* the stream */
    int64_t period_ns; /* wanted; 0: the sensor's own. Kept over reconnects, so that a run goes on after a replug */
    uint32_t ticks;    /* granted */
    struct lec_pace pace;
    uint64_t number;  /* of the next sample, lost ones counted */
    int counter;      /* of the last packet; -1: none since START */
    unsigned in_last; /* samples in the last packet */
    unsigned block_flags;
};

/* ---- session.c: conversations --------------------------------------------------------------------------------- */

/* Sends a command and waits for its answer; samples that come meanwhile are taken. Returns 0, LEC_E_TIMEOUT, LEC_E_LINK,
 * LEC_E_CANCELLED; an error that the device told: LEC_E_BUSY (not now), LEC_E_NOTSUP, LEC_E_RANGE, LEC_E_REFUSED. */
int go_ask(struct lec_dev *dev, enum go_command command, const uint8_t *args, size_t n, int64_t allowed_ns,
           struct go_answer *out, struct lec_err *err);
/* GET_STATUS into g->flags and g->version. */
int go_status(struct lec_dev *dev, struct lec_err *err);
/* Finds the device that the line means, and learns all that it says of itself. Leaves g->usb to be ended on failure. */
int go_find(struct lec_dev *dev, struct lec_err *err);
/* What sensor is plugged into a Go!Link. */
int go_sensor(struct lec_dev *dev, uint32_t *out, struct lec_err *err);
/* Reads the memories and finds the calibration; what is wrong with them is left in g->broken. */
int go_learn(struct lec_dev *dev, struct lec_err *err);

/* ---- stream.c: samples ---------------------------------------------------------------------------------------- */

/* The ticks for a period (0: the sensor's own), or LEC_E_RANGE with what the device can do. */
int go_ticks(const struct go *g, int64_t period_ns, uint32_t *out, struct lec_err *err);
/* Begins to measure. */
int go_start(struct lec_dev *dev, uint32_t ticks, struct lec_err *err);
int go_stop(struct lec_dev *dev, struct lec_err *err);
/* A packet that nobody waits for. */
void go_heard(struct lec_dev *dev, const struct usb_packet *p);
/* Takes all packets there are and tells their samples. */
void go_take_all(struct lec_dev *dev);

#endif
