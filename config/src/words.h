/* Values with a grammar of their own (steps, channels, conditions): words, quoted texts, parts between commas, and what
 * they name in the room.
 *
 * Threads: pure functions. */
#ifndef LECTERN_CONFIG_WORDS_H
#define LECTERN_CONFIG_WORDS_H

#include "keys.h"

struct lec_room_work;

/* Takes the value apart at its commas: not at those in quotes, nor, for formulas, at those in parentheses. Parts come
 * trimmed and may be empty. What is wrong with it is told, for `key`. Returns how many there are, or 0 when told. */
size_t lec_parts(struct lec_arena *a, struct lec_diag *d, const struct lec_key *key, bool formula, const char *parts[],
                 size_t max);
/* The next word at *p, or quoted text with its quotes; NULL at the end. */
const char *lec_next_word(struct lec_arena *a, const char **p);
/* Takes the quotes off "text", if there are any. Returns NULL when there is something wrong with them. */
const char *lec_unquote(struct lec_arena *a, const char *text);

/* One option behind a comma, "after projector-on" or "optional", against its table: looks it up, refuses it when it
 * was there before (`seen` has a bit for each row), takes quotes off texts, and checks the value. `what` for messages:
 * "a step". Returns the row with the option in *out, or NULL when told. */
const struct lec_option *lec_part_option(struct lec_arena *a, struct lec_diag *d, const struct lec_option *table,
                                         const char *what, const struct lec_key *key, const char *text, unsigned *seen,
                                         struct lec_key *out);

/* Who looks for devices and points. */
struct lec_finder {
    struct lec_arena *arena;
    struct lec_diag *diag;
    const struct lec_room *room;
    const struct lec_room_work *work; /* the loading under way; NULL: the room is complete */
};

/* The device of "DEVICE.NAME", and NAME in *name. Returns NULL when told; `example` is what was expected. */
const struct lec_device *lec_find_device(const struct lec_finder *f, const struct lec_key *key, const char *target,
                                         const char *example, const char **name);
/* Whether nothing is to be said of a name that the device does not have: what is wrong with its profile has been told.
 */
bool lec_device_doubtful(const struct lec_finder *f, const struct lec_device *dev, const char *name);
/* " (did you mean ...?)" among the device's points, and its actions if wanted. */
struct lec_piece lec_point_meant(const struct lec_device *dev, const char *name, bool actions);

#endif
