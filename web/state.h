/* Which version each thing of a room has: what changed since a page was told last is found from two numbers, so that a page costs
 * the gateway no list of what waits for it.
 *
 * Invariants
 *  - Each change raises `version` and gives it to the thing that changed. A page that has seen version V lacks exactly what has a
 *    higher one, whenever it asks, and is told its newest value.
 *  - The values themselves are the view's; here are only names and numbers (and the alarms that cleared, which the view has forgotten).
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_STATE_H
#define LECTERN_WEB_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "lectern/bus.h"
#include "message.h"

#define STATE_CLEARED_MAX 64                /* alarms that cleared and are still told; the oldest goes first */
#define STATE_TEXT_MAX    (8 * 1024 * 1024) /* bytes of one message */
#define STATE_MESSAGES    5                 /* state, runs, recordings, alarms, timetable */

struct state_point {
    char name[64];
    uint64_t version;
};

struct state_device {
    char name[64];
    uint64_t version; /* of its status */
    uint64_t newest;  /* the highest of it and its points */
    struct state_point *points;
    size_t n;
};

/* Runs, recordings, alarms: whole objects with a key. */
struct state_thing {
    char key[64];
    uint64_t version;
    bool ended; /* an alarm that has cleared */
    json_t *body;
};

struct state_things {
    struct state_thing *at;
    size_t n, size;
};

struct state {
    uint64_t version;
    uint64_t whole; /* who has seen less is told everything anew */
    struct state_device *devices;
    size_t n;
    struct state_things runs, recordings, alarms;
    json_t *timetable;
    uint64_t timetable_version;
};

/* A member that is a text; "" when there is none. */
const char *state_text_of(const json_t *object, const char *key);

void state_done(struct state *s);
/* Takes all from the view anew: everything has changed. Returns 0 or LEC_E_NOMEM (then there are no devices). */
int state_reset(struct state *s, const struct lec_view *view);
/* One thing has changed, as a view's callback tells. */
int state_changed(struct state *s, const struct lec_view *view, const struct lec_change *change);
/* Makes the messages that bring a page from version `from` to the present one; from 0, or below `whole`: everything. Returns how
 * many, or LEC_E_NOMEM with none made. */
int state_delta(const struct state *s, const struct lec_view *view, uint64_t from, struct message *out[STATE_MESSAGES]);

#endif
