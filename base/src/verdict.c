#include "lectern/verdict.h"

#include <string.h>

static const char *const names[] = {"none",    "confirmed", "already", "accepted",   "timeout",
                                    "refused", "away",      "skipped", "overridden", "cancelled"};

const char *lec_verdict_name(enum lec_verdict v)
{
    return names[v];
}

enum lec_verdict lec_verdict_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum lec_verdict)i;
    return LEC_V_NONE;
}

bool lec_verdict_success(enum lec_verdict v)
{
    return v == LEC_V_CONFIRMED || v == LEC_V_ALREADY || v == LEC_V_ACCEPTED;
}
