/* What a name, a label and a role may be. A name is shown in journals and to others: nothing that shows as something else. */
#include <string.h>

#include "lectern/parse.h"
#include "people_impl.h"

static const char *const roles[] = {"viewer", "teacher", "lab", "facilities", "admin"};

/* The code point at `text` (well-formed UTF-8), and its length. */
static uint32_t code_point(const unsigned char *text, size_t *size)
{
    if (text[0] < 0x80) {
        *size = 1;
        return text[0];
    }
    *size = text[0] >= 0xF0 ? 4 : text[0] >= 0xE0 ? 3 : 2;
    uint32_t c = text[0] & (0xFFu >> (*size + 1));
    for (size_t i = 1; i < *size; i++)
        c = c << 6 | (text[i] & 0x3Fu);
    return c;
}

/* Controls, invisible and direction-changing characters, odd spaces, private use. */
static bool is_odd(uint32_t c)
{
    static const struct {
        uint32_t from, to;
    } odd[] = {
        {0x00, 0x1F},     {0x7F, 0xA0},     {0xAD, 0xAD},     {0x61C, 0x61C},      {0x115F, 0x1160}, {0x1680, 0x1680},
        {0x180E, 0x180E}, {0x2000, 0x206F}, {0x3000, 0x3000}, {0x3164, 0x3164},    {0xD800, 0xF8FF}, {0xFE00, 0xFE0F},
        {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFF}, {0xE0000, 0x10FFFF},
    };
    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        if (c >= odd[i].from && c <= odd[i].to)
            return true;
    return false;
}

static bool may_be_in_name(uint32_t c)
{
    if (c >= 0x80)
        return !is_odd(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr(" .-_'", (int)c) != NULL;
}

int check_name(const char *name, struct lec_err *err)
{
    size_t len = strnlen(name, LEC_PERSON_NAME_MAX + 1);
    if (len == 0 || len > LEC_PERSON_NAME_MAX)
        return lec_fail(err, LEC_E_RANGE, "a name has 1 to %d bytes", LEC_PERSON_NAME_MAX);
    if (!lec_is_utf8(name, len))
        return lec_fail(err, LEC_E_RANGE, "a name is UTF-8 without control characters");
    size_t size;
    for (size_t i = 0; i < len; i += size)
        if (!may_be_in_name(code_point((const unsigned char *)name + i, &size)))
            return lec_fail(err, LEC_E_RANGE, "a name has letters, digits, spaces and . - _ ' only");
    if (name[0] == ' ' || name[len - 1] == ' ' || strstr(name, "  "))
        return lec_fail(err, LEC_E_RANGE, "a name does not begin or end with a space, or have two together");
    if (strncasecmp(name, "kiosk ", 6) == 0)
        return lec_fail(err, LEC_E_RANGE, "names that begin with \"kiosk\" are those of rooms' panels");
    return 0;
}

int check_label(const char *label, struct lec_err *err)
{
    size_t len = strlen(label);
    if (len >= sizeof(((struct lec_person *)NULL)->label))
        return lec_fail(err, LEC_E_RANGE, "a label has at most %zu bytes",
                        sizeof(((struct lec_person *)NULL)->label) - 1);
    if (!lec_is_utf8(label, len))
        return lec_fail(err, LEC_E_RANGE, "a label is UTF-8 without control characters");
    size_t size;
    for (size_t i = 0; i < len; i += size)
        if (is_odd(code_point((const unsigned char *)label + i, &size)))
            return lec_fail(err, LEC_E_RANGE, "a label has no invisible characters");
    return 0;
}

int check_role(const char *role, struct lec_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        if (strcmp(role, roles[i]) == 0)
            return 0;
    return lec_fail(err, LEC_E_RANGE, "there is no role \"%.20s\": viewer, teacher, lab, facilities or admin", role);
}

bool role_needs_password(const char *role)
{
    return strcmp(role, "facilities") == 0 || strcmp(role, "admin") == 0;
}
