/* One experiment that is being read.
 *
 * Threads: pure functions. */
#ifndef LECTERN_CONFIG_EXPERIMENT_H
#define LECTERN_CONFIG_EXPERIMENT_H

#include "room.h"
#include "words.h"

struct lec_experiment_work {
    struct lec_finder find;
    struct lec_experiment *experiment;
    struct lec_channel *channels;
    const char *names[LEC_CHANNELS_MAX]; /* of all channels, also of those with mistakes */
    size_t n;
};

/* Reads the section into work->experiment. Mistakes are told with work->find.diag. */
void lec_experiment_build(struct lec_experiment_work *work, const char *file, struct lec_ini_section *s);

/* The device and event of "DEVICE.EVENT"; false when told. */
bool lec_event_find(const struct lec_finder *find, const struct lec_key *key, const char *target,
                    const struct lec_device **device, const char **event);

enum lec_condition_use { LEC_USE_START, LEC_USE_STOP, LEC_USE_TRIGGER, LEC_USE_SAMPLE };

/* Reads a condition; *pre_ns is set when a trigger says it; *by_hand when a sample is. Returns whether it is right. */
bool lec_condition_read(struct lec_experiment_work *work, const struct lec_key *key, enum lec_condition_use use,
                        struct lec_condition *out, int64_t *pre_ns, bool *by_hand);

#endif
