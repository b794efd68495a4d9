#include "words.h"

#include <string.h>

#include "lectern/parse.h"
#include "room.h"

/* ---- Words and quotes --------------------------------------------------------------------------------------- */

/* Where the quoted text that begins at `p` ends (behind the closing quote), or NULL if it is not closed. */
static const char *quote_end(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && p[1])
            p++;
    return *p == '"' ? p + 1 : NULL;
}

/* The end of the part that begins at `p`: the next comma that separates, or the end. NULL: a quote is not closed. */
static const char *part_end(const char *p, bool formula)
{
    size_t depth = 0;
    while (p && *p && (*p != ',' || depth > 0)) {
        depth += formula && *p == '(';
        depth -= formula && *p == ')' && depth > 0;
        p = *p == '"' ? quote_end(p) : p + 1;
    }
    return p;
}

/* A piece of text without the white space around it. */
static const char *trimmed(struct lec_arena *a, const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return lec_arena_copy(a, p, (size_t)(end - p));
}

size_t lec_parts(struct lec_arena *a, struct lec_diag *d, const struct lec_key *key, bool formula, const char *parts[],
                 size_t max)
{
    size_t n = 0;
    for (const char *p = key->value;;) {
        const char *end = part_end(p, formula);
        if (!end) {
            lec_diag_error(
                d, key->file, key->line,
                "%s: a quote is not closed; note that \" ;\" begins a comment even inside quotes, write \\x3b",
                key->name);
            return 0;
        }
        if (n == max) {
            lec_diag_error(d, key->file, key->line, "%s: more than %zu commas", key->name, max - 1);
            return 0;
        }
        parts[n] = trimmed(a, p, end);
        if (n > 0 && *parts[n] == '\0') {
            lec_diag_error(d, key->file, key->line, "%s: nothing behind a comma, expected an option such as %s",
                           key->name, formula ? "unit Cel" : "optional");
            return 0;
        }
        n++;
        if (*end == '\0')
            return n;
        p = end + 1;
    }
}

const char *lec_next_word(struct lec_arena *a, const char **p)
{
    *p += strspn(*p, " \t");
    if (**p == '\0')
        return NULL;
    const char *start = *p;
    const char *end = *start == '"' ? quote_end(start) : start + strcspn(start, " \t");
    if (!end)
        end = start + strlen(start);
    *p = end;
    return lec_arena_copy(a, start, (size_t)(end - start));
}

const char *lec_unquote(struct lec_arena *a, const char *text)
{
    size_t n = strlen(text);
    if (*text != '"')
        return text;
    if (quote_end(text) != text + n)
        return NULL;
    char *raw = lec_arena_array(a, n + 1, 1);
    if (!raw)
        return "";
    size_t len = 0;
    for (const char *p = text + 1; p < text + n - 1; p++) {
        if (p[0] == '\\' && p[1] == '"')
            p++; /* lec_unescape does not know this one */
        else if (p[0] == '\\')
            raw[len++] = *p++;
        raw[len++] = *p;
    }
    unsigned char *out = lec_arena_array(a, len + 1, 1);
    int m = out ? lec_unescape(raw, out, len) : 0;
    if (m < 0 || (m > 0 && !lec_is_utf8((char *)out, (size_t)m)))
        return NULL;
    return out ? (char *)out : "";
}

/* ---- Options behind commas ---------------------------------------------------------------------------------- */

const struct lec_option *lec_part_option(struct lec_arena *a, struct lec_diag *d, const struct lec_option *table,
                                         const char *what, const struct lec_key *key, const char *text, unsigned *seen,
                                         struct lec_key *out)
{
    size_t len = strcspn(text, " \t");
    struct lec_key option = {.file = key->file, .line = key->line};
    option.name = lec_arena_copy(a, text, len);
    option.value = lec_arena_str(a, text + len + strspn(text + len, " \t"));
    const struct lec_option *row = lec_option_find(table, option.name);
    if (!row) {
        const char *names[16];
        size_t n = 0;
        for (const struct lec_option *r = table; r->name && n < ARRAY_LEN(names); r++)
            names[n++] = r->name;
        lec_diag_error(d, key->file, key->line, "%s: %s is no option of %s, expected one of: %s%s", key->name,
                       lec_shown(text).text, what, lec_listed(names, n).text, lec_meant(option.name, names, n).text);
        return NULL;
    }
    unsigned bit = 1u << (row - table);
    if (*seen & bit) {
        lec_diag_error(d, key->file, key->line, "%s: %s is given twice", key->name, option.name);
        return NULL;
    }
    *seen |= bit;
    if (row->type == LEC_OPT_BOOL && *option.value == '\0')
        option.value = "yes";
    if (*option.value == '\0') {
        lec_diag_error(d, key->file, key->line, "%s: %s without a value, expected %s", key->name, option.name,
                       row->help);
        return NULL;
    }
    const char *plain = row->type == LEC_OPT_TEXT ? lec_unquote(a, option.value) : option.value;
    if (!plain) {
        lec_diag_error(d, key->file, key->line,
                       "%s: %s: something is wrong with the quotes or escapes in %s, expected \\\" \\\\ or \\xHH",
                       key->name, option.name, lec_shown(option.value).text);
        return NULL;
    }
    option.value = plain;
    *out = option;
    option.name = lec_arena_printf(a, "%s: %s", key->name, option.name);
    return lec_option_check(d, row, &option) ? row : NULL;
}

/* ---- Devices and points ------------------------------------------------------------------------------------- */

static struct lec_piece device_meant(const struct lec_room *room, const char *name)
{
    const char *names[LEC_ROOM_DEVICES];
    for (size_t i = 0; i < room->n_devices; i++)
        names[i] = room->devices[i].name;
    return lec_meant(name, names, room->n_devices);
}

struct lec_piece lec_point_meant(const struct lec_device *dev, const char *name, bool actions)
{
    const char *names[256];
    size_t n = 0;
    for (size_t i = 0; i < dev->n_points && n < ARRAY_LEN(names); i++)
        names[n++] = dev->points[i].name;
    for (size_t i = 0; actions && i < dev->n_actions && n < ARRAY_LEN(names); i++)
        names[n++] = dev->actions[i].name;
    return lec_meant(name, names, n);
}

const struct lec_device *lec_find_device(const struct lec_finder *f, const struct lec_key *key, const char *target,
                                         const char *example, const char **name)
{
    const char *dot = strchr(target, '.');
    if (!dot || dot == target || dot[1] == '\0') {
        lec_diag_error(f->diag, key->file, key->line, "%s: %s, expected %s", key->name, lec_shown(target).text,
                       example);
        return NULL;
    }
    const char *device = lec_arena_copy(f->arena, target, (size_t)(dot - target));
    const struct lec_device *dev = lec_room_device(f->room, device);
    if (!dev)
        lec_diag_error(f->diag, key->file, key->line, "%s: the room has no device %s%s", key->name,
                       lec_shown(device).text, device_meant(f->room, device).text);
    *name = dot + 1;
    return dev;
}

bool lec_device_doubtful(const struct lec_finder *f, const struct lec_device *dev, const char *name)
{
    if (!f->work)
        return false;
    const struct lec_profile *p = f->work->work[dev->index].profile;
    return !p || !p->ini || p->partial || lec_ini_find(p->ini, "point", name) || lec_ini_find(p->ini, "action", name);
}
