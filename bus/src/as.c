/* For whom a request is made: what can be said of a person, checked before it is sent. */
#include "internal.h"

#include <string.h>

#define PRINCIPAL_MAX 63
#define ID_MIN        16 /* shorter ids are not unique in the world (protocol section 2) */

static bool clean(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            return false;
    return true;
}

int lec_as_check(const struct lec_bus_as *as, struct lec_err *err)
{
    static const char *const roles[] = {"viewer", "teacher", "lab", "facilities", "admin"};
    if (as->principal) {
        size_t n = strlen(as->principal);
        if (n == 0 || n > PRINCIPAL_MAX || !clean(as->principal))
            return lec_fail(err, LEC_E_RANGE, "a principal has 1 to %d bytes without control characters",
                            PRINCIPAL_MAX);
        size_t i = 0;
        while (i < ARRAY_LEN(roles) && (!as->role || strcmp(as->role, roles[i]) != 0))
            i++;
        if (i == ARRAY_LEN(roles))
            return lec_fail(err, LEC_E_RANGE, "\"%s\" is not a role that somebody may be given",
                            as->role ? as->role : "");
    }
    if (as->id && (strlen(as->id) < ID_MIN || strlen(as->id) >= ID_SIZE || !clean(as->id)))
        return lec_fail(err, LEC_E_RANGE, "an id has %d to %d bytes without control characters", ID_MIN, ID_SIZE - 1);
    return 0;
}
