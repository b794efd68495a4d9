/* Vietnamese or English, by the locale; both texts stand side by side where they are used. */
#ifndef LECTERN_CLI_LANG_H
#define LECTERN_CLI_LANG_H

#include <jansson.h>
#include <stdbool.h>

struct text {
    const char *vi, *en;
};

/* From $LECTERN_LANG, else the first of LC_ALL, LC_MESSAGES, LANG that is set: vi... is Vietnamese, all else English. */
void lang_choose(void);
bool lang_is_vi(void);

/* Picks one; both must be literals when it is a format, so that the compiler checks both. */
#define T(vi, en) (lang_is_vi() ? (vi) : (en))

const char *lang_text(struct text text);
/* {"vi": ..., "en": ...} or a string: the one to show, the other if that is missing, "" if none. Lent from `label`. */
const char *lang_json(const json_t *label);

#endif
