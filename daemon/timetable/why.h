/* Why a period or closing is not as planned: a code that stays the same, and what it is about. The sentence is made of both, so that
 * pages can say it in another language.
 *
 * Threads: pure functions. */
#ifndef LECTERN_LESSONS_WHY_H
#define LECTERN_LESSONS_WHY_H

#include <stdbool.h>

#include "lectern/buf.h"
#include "timetable/lessons.h"

#define WHY_KEPT (LESSONS_REASON + 32) /* bytes of what is kept on the disk */

enum why_code {
    WHY_NONE,
    WHY_OTHER,     /* about: the whole sentence, as an older daemon kept it */
    WHY_HOLIDAY,   /* the calendar's text */
    WHY_SKIPPED,   /* who did it */
    WHY_ABSENT,    /* "07:00", when the room was not there */
    WHY_SCENE,     /* why the scene could not be started */
    WHY_NEXT,      /* "07:50", when the next lesson begins */
    WHY_GOES_ON,   /* "07:50", when it began */
    WHY_RECORDING, /* the experiment that is recorded */
    WHY_LESSON,    /* "17:50", when the lesson ends that closing waits for */
    WHY_CLOSING,
    WHY_EXTENDED, /* "18:00", the new time */
};

struct why {
    enum why_code code;
    char about[LESSONS_REASON];
};

void why_set(struct why *w, enum why_code code, const char *about);
bool why_same(const struct why *a, const struct why *b);
/* "reason":"...","code":"...","about":"..." with a comma before; nothing for WHY_NONE. `key` instead of "reason". */
void why_json(struct lec_buf *b, const char *key, enum why_code code, const char *about);
/* For the disk, and back. */
const char *why_print(const struct why *w, char kept[WHY_KEPT]);
void why_parse(struct why *w, const char *kept);

#endif
