#include "keys.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/parse.h"

#define CANDIDATES_MAX 128 /* names looked through for the one that was meant */

const struct lec_option *lec_option_find(const struct lec_option *table, const char *name)
{
    for (const struct lec_option *row = table; row && row->name; row++) {
        size_t n = strlen(row->name);
        if (n > 0 && row->name[n - 1] == '*') {
            if (strncmp(row->name, name, n - 1) == 0 && name[n - 1] != '\0')
                return row;
        } else if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

static bool check_int(struct lec_diag *d, const struct lec_option *row, const struct lec_key *key)
{
    bool limited = row->min != 0 || row->max != 0;
    int64_t v;
    if (lec_parse_int(key->value, INT64_MIN, INT64_MAX, &v) < 0) {
        if (limited)
            lec_diag_error(d, key->file, key->line, "%s: %s is not a whole number, expected %.15g to %.15g", key->name,
                           lec_shown(key->value).text, row->min, row->max);
        else
            lec_diag_error(d, key->file, key->line, "%s: %s is not a whole number", key->name,
                           lec_shown(key->value).text);
        return false;
    }
    if (limited && ((double)v < row->min || (double)v > row->max)) {
        lec_diag_error(d, key->file, key->line, "%s: %" PRId64 " is out of range, expected %.15g to %.15g", key->name,
                       v, row->min, row->max);
        return false;
    }
    return true;
}

static bool check_float(struct lec_diag *d, const struct lec_option *row, const struct lec_key *key)
{
    double v;
    if (lec_parse_float(key->value, &v) < 0) {
        lec_diag_error(d, key->file, key->line, "%s: %s is not a number, expected one such as 0.5 (a point, no unit)",
                       key->name, lec_shown(key->value).text);
        return false;
    }
    if ((row->min != 0 || row->max != 0) && (v < row->min || v > row->max)) {
        lec_diag_error(d, key->file, key->line, "%s: %g is out of range, expected %g to %g", key->name, v, row->min,
                       row->max);
        return false;
    }
    return true;
}

static bool check_duration(struct lec_diag *d, const struct lec_option *row, const struct lec_key *key)
{
    int64_t v;
    if (lec_parse_duration(key->value, &v) < 0) {
        lec_diag_error(d, key->file, key->line,
                       "%s: %s is not a duration, expected for example 500ms, 30s, 20min or 2h", key->name,
                       lec_shown(key->value).text);
        return false;
    }
    int64_t min = llround(row->min * 1e9), max = llround(row->max * 1e9);
    if ((min != 0 || max != 0) && (v < min || v > max)) {
        char from[32], to[32];
        lec_diag_error(d, key->file, key->line, "%s: %s is out of range, expected %s to %s", key->name, key->value,
                       lec_print_duration(min, from, sizeof from), lec_print_duration(max, to, sizeof to));
        return false;
    }
    return true;
}

static bool check_choice(struct lec_diag *d, const struct lec_option *row, const struct lec_key *key)
{
    char words[512];
    const char *names[32];
    size_t n = 0;
    if (!lec_copy_utf8(words, sizeof words, row->choices, strlen(row->choices)))
        return true; /* a table of ours that is too long to look through */
    char *rest = words;
    for (char *word; n < ARRAY_LEN(names) && (word = strsep(&rest, "|")) != NULL;) {
        if (strcmp(word, key->value) == 0)
            return true;
        names[n++] = word;
    }
    lec_diag_error(d, key->file, key->line, "%s: %s is not one of: %s%s", key->name, lec_shown(key->value).text,
                   lec_listed(names, n).text, lec_meant(key->value, names, n).text);
    return false;
}

bool lec_option_check(struct lec_diag *d, const struct lec_option *row, const struct lec_key *key)
{
    unsigned char bytes[LEC_INI_VALUE_MAX];
    bool flag;
    switch (row->type) {
    case LEC_OPT_TEXT:
        return true;
    case LEC_OPT_BOOL:
        if (lec_parse_bool(key->value, &flag) == 0)
            return true;
        lec_diag_error(d, key->file, key->line, "%s: %s is neither yes nor no", key->name, lec_shown(key->value).text);
        return false;
    case LEC_OPT_INT:
        return check_int(d, row, key);
    case LEC_OPT_FLOAT:
        return check_float(d, row, key);
    case LEC_OPT_DURATION:
        return check_duration(d, row, key);
    case LEC_OPT_CHOICE:
        return check_choice(d, row, key);
    case LEC_OPT_BYTES:
        if (lec_unescape(key->value, bytes, sizeof bytes) >= 0)
            return true;
        lec_diag_error(
            d, key->file, key->line,
            "%s: %s has an unknown escape, expected \\r \\n \\t \\0 \\e \\s \\\\ or \\x and two hexadecimal digits",
            key->name, lec_shown(key->value).text);
        return false;
    case LEC_OPT_SECRET:
        lec_diag_error(d, key->file, key->line,
                       "%s is a secret, expected in the secrets file (mode 600) and not here, where others can read it",
                       key->name);
        return false;
    }
    return false;
}

/* Tells of a key that no table has; marks the section doubtful unless one of the framework's was meant. */
static void tell_unknown(struct lec_diag *d, struct lec_ini_section *s, const struct lec_key *key,
                         const struct lec_section_rules *rules)
{
    const char *names[CANDIDATES_MAX] = {NULL};
    size_t n = 0;
    for (const struct lec_option *row = rules->own; row && row->name && n < ARRAY_LEN(names); row++)
        names[n++] = row->name;
    size_t n_own = n;
    for (const struct lec_option *row = rules->driver; row && row->name && n < ARRAY_LEN(names); row++)
        names[n++] = row->name;
    const char *near = lec_nearest(key->name, names, n);
    bool own_meant = false;
    for (size_t i = 0; i < n_own; i++)
        own_meant = own_meant || names[i] == near;
    s->doubtful = s->doubtful || !own_meant;
    const char *driver = rules->driver_name;
    lec_diag_error(d, key->file, key->line, "%s is not a key of [%s%s%s]%s%s%s", lec_shown(key->name).text, s->kind,
                   *s->name ? " " : "", s->name, driver ? " with driver " : "", driver ? driver : "",
                   lec_meant(key->name, names, n).text);
}

/* Tells of the table's required keys that the section does not have. Returns whether there were any. */
static bool tell_missing(struct lec_diag *d, const char *file, const struct lec_ini_section *s,
                         const struct lec_option *table, bool quiet)
{
    bool missing = false;
    for (const struct lec_option *row = table; row && row->name; row++) {
        const struct lec_key *key = row->required ? lec_key_find(&s->keys, row->name) : NULL;
        if (!row->required || (key && *key->value))
            continue;
        missing = true;
        if (!quiet)
            lec_diag_error(d, file, key ? key->line : s->line, "[%s%s%s] has no \"%s\" (%s)", s->kind,
                           *s->name ? " " : "", s->name, row->name, row->help ? row->help : "for the driver");
    }
    return missing;
}

void lec_section_check(struct lec_arena *a, struct lec_diag *d, const char *file, struct lec_ini_section *s,
                       const struct lec_section_rules *rules)
{
    struct lec_key *own = lec_arena_array(a, s->keys.n, sizeof *own);
    struct lec_key *rest = lec_arena_array(a, s->keys.n, sizeof *rest);
    size_t n_own = 0, n_rest = 0;
    bool unknown = false;
    if (s->keys.n > 0 && (!own || !rest))
        return;
    for (size_t i = 0; i < s->keys.n; i++) {
        const struct lec_key *key = &s->keys.at[i];
        const struct lec_option *row = lec_option_find(rules->own, key->name);
        if (row) {
            if (lec_option_check(d, row, key))
                own[n_own++] = *key;
            continue;
        }
        row = lec_option_find(rules->driver, key->name);
        if (row ? lec_option_check(d, row, key) : rules->open) {
            rest[n_rest++] = *key;
        } else if (row) {
            s->doubtful = true;
        } else {
            tell_unknown(d, s, key, rules);
            unknown = true;
        }
    }
    s->own = (struct lec_keys){.at = own, .n = n_own};
    s->rest = (struct lec_keys){.at = rest, .n = n_rest};
    /* A key that was not known is most likely one that is missed. */
    tell_missing(d, file, s, rules->own, unknown);
    if (!rules->defaults)
        return;
    if (tell_missing(d, file, s, rules->driver, unknown))
        s->doubtful = true;
    s->rest = lec_keys_defaults(a, s->rest, rules->driver, file);
}

struct lec_keys lec_keys_overlay(struct lec_arena *a, struct lec_keys base, struct lec_keys over)
{
    if (over.n == 0)
        return base;
    if (base.n == 0)
        return over;
    struct lec_key *all = lec_arena_array(a, base.n + over.n, sizeof *all);
    size_t n = 0;
    if (!all)
        return base;
    for (size_t i = 0; i < base.n; i++)
        if (!lec_key_find(&over, base.at[i].name))
            all[n++] = base.at[i];
    memcpy(all + n, over.at, over.n * sizeof *all);
    return (struct lec_keys){.at = all, .n = n + over.n};
}

struct lec_keys lec_keys_defaults(struct lec_arena *a, struct lec_keys keys, const struct lec_option *table,
                                  const char *file)
{
    size_t n = 0;
    for (const struct lec_option *row = table; row && row->name; row++)
        n += row->initial && !strchr(row->name, '*') && !lec_key_find(&keys, row->name);
    struct lec_key *absent = lec_arena_array(a, n, sizeof *absent);
    if (!absent)
        return keys;
    n = 0;
    for (const struct lec_option *row = table; row && row->name; row++)
        if (row->initial && !strchr(row->name, '*') && !lec_key_find(&keys, row->name))
            absent[n++] = (struct lec_key){.name = row->name, .value = row->initial, .file = file, .line = 0};
    return lec_keys_overlay(a, (struct lec_keys){.at = absent, .n = n}, keys);
}

const char *lec_own_text(const struct lec_option *table, const struct lec_keys *keys, const char *name)
{
    const struct lec_option *row = lec_option_find(table, name);
    return lec_key_text(keys, name, row && row->initial ? row->initial : "");
}

int64_t lec_own_int(const struct lec_option *table, const struct lec_keys *keys, const char *name)
{
    int64_t v = 0;
    (void)lec_parse_int(lec_own_text(table, keys, name), INT64_MIN, INT64_MAX, &v);
    return v;
}

bool lec_own_bool(const struct lec_option *table, const struct lec_keys *keys, const char *name)
{
    bool v = false;
    (void)lec_parse_bool(lec_own_text(table, keys, name), &v);
    return v;
}

int64_t lec_own_duration(const struct lec_option *table, const struct lec_keys *keys, const char *name)
{
    int64_t v = 0;
    (void)lec_parse_duration(lec_own_text(table, keys, name), &v);
    return v;
}

bool lec_list_split(struct lec_arena *a, struct lec_diag *d, const struct lec_key *key, const char *const **out,
                    size_t *n)
{
    size_t commas = 0, count = 0;
    for (const char *p = key->value; *p; p++)
        commas += *p == ',';
    if (commas >= LEC_LIST_MAX) {
        lec_diag_error(d, key->file, key->line, "%s: more than %d entries", key->name, LEC_LIST_MAX);
        return false;
    }
    const char **list = lec_arena_array(a, commas + 1, sizeof *list);
    if (!list)
        return false;
    for (const char *p = key->value;;) {
        p += strspn(p, " \t");
        size_t len = strcspn(p, ","), used = len;
        while (used > 0 && (p[used - 1] == ' ' || p[used - 1] == '\t'))
            used--;
        if (used == 0) {
            lec_diag_error(d, key->file, key->line, "%s: %s", key->name,
                           *key->value
                               ? "nothing between two commas or after the last one, expected a list such as a, b, c"
                               : "nothing is listed, expected a list such as a, b, c");
            return false;
        }
        const char *entry = lec_arena_copy(a, p, used);
        for (size_t i = 0; i < count; i++) {
            if (strcmp(list[i], entry) == 0) {
                lec_diag_error(d, key->file, key->line, "%s: %s is listed twice", key->name, lec_shown(entry).text);
                return false;
            }
        }
        list[count++] = entry;
        p += len;
        if (*p == '\0')
            break;
        p++;
    }
    *out = list;
    *n = count;
    return true;
}
