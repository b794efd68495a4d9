#include "timetable/why.h"

#include <stdio.h>
#include <string.h>

#include "lectern/member.h"
#include "lectern/parse.h"

/* docs/protocol.md, section 11, and the catalogues of the pages have the same codes. */
static const struct {
    const char *code, *before, *after;
} whys[] = {
    [WHY_NONE] = {"", "", ""},
    [WHY_OTHER] = {"", "", ""},
    [WHY_HOLIDAY] = {"holiday", "", ""},
    [WHY_SKIPPED] = {"skipped", "skipped by ", ""},
    [WHY_ABSENT] = {"absent", "the room was not there at ", " nor soon after, or its clock was wrong"},
    [WHY_SCENE] = {"scene", "", ""},
    [WHY_NEXT] = {"next", "nothing is switched off: the next lesson begins at ", ""},
    [WHY_GOES_ON] = {"goes_on", "nothing is switched off: the next lesson began at ", ""},
    [WHY_RECORDING] = {"recording", "waits for the end of a recording: ", ""},
    [WHY_LESSON] = {"lesson", "waits for the end of the lesson at ", ""},
    [WHY_CLOSING] = {"closing", "closing came", ""},
    [WHY_EXTENDED] = {"extended", "until ", ""},
};

void why_set(struct why *w, enum why_code code, const char *about)
{
    struct why now = {.code = code}; /* about may be of *w */
    lec_copy_utf8(now.about, sizeof now.about, about, strlen(about));
    *w = now;
}

bool why_same(const struct why *a, const struct why *b)
{
    return a->code == b->code && strcmp(a->about, b->about) == 0;
}

void why_json(struct lec_buf *b, const char *key, enum why_code code, const char *about)
{
    char cut[512], text[sizeof cut + 128];
    if (code == WHY_NONE)
        return;
    lec_copy_utf8(cut, sizeof cut, about, strlen(about)); /* a holiday may have a long text */
    snprintf(text, sizeof text, "%s%s%s", whys[code].before, cut, whys[code].after);
    lec_member_str(b, key, text);
    if (!*whys[code].code)
        return;
    lec_member_str(b, "code", whys[code].code);
    if (!*cut)
        return;
    lec_member_str(b, "about", cut);
}

const char *why_print(const struct why *w, char kept[WHY_KEPT])
{
    snprintf(kept, WHY_KEPT, "%s%s%s", whys[w->code].code, *whys[w->code].code ? ":" : "", w->about);
    return kept;
}

void why_parse(struct why *w, const char *kept)
{
    size_t n = strcspn(kept, ":");
    for (size_t i = 0; i < ARRAY_LEN(whys); i++) {
        if (*whys[i].code && kept[n] == ':' && strlen(whys[i].code) == n && strncmp(whys[i].code, kept, n) == 0) {
            why_set(w, (enum why_code)i, kept + n + 1);
            return;
        }
    }
    why_set(w, *kept ? WHY_OTHER : WHY_NONE, kept);
}
