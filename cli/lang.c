#include "lang.h"

#include <stdlib.h>
#include <string.h>

static bool vietnamese;

void lang_choose(void)
{
    static const char *const names[] = {"LECTERN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *set = getenv(names[i]);
        if (set && set[0] != '\0') {
            vietnamese = strncmp(set, "vi", 2) == 0;
            return;
        }
    }
}

bool lang_is_vi(void)
{
    return vietnamese;
}

const char *lang_text(struct text text)
{
    return vietnamese ? text.vi : text.en;
}

const char *lang_json(const json_t *label)
{
    if (json_is_string(label))
        return json_string_value(label);
    const char *vi = json_string_value(json_object_get(label, "vi"));
    const char *en = json_string_value(json_object_get(label, "en"));
    const char *first = vietnamese ? vi : en, *second = vietnamese ? en : vi;
    if (first && first[0] != '\0')
        return first;
    return second ? second : "";
}
