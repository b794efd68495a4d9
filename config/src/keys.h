/* Keys against tables of options: the same rows check a key, give its default and write its line of the manual.
 *
 * Threads: pure functions. */
#ifndef LECTERN_CONFIG_KEYS_H
#define LECTERN_CONFIG_KEYS_H

#include "inifile.h"

/* The row for a key of that name, or NULL; "map *" is the row of "map on". `table` may be NULL. */
const struct lec_option *lec_option_find(const struct lec_option *table, const char *name);

/* Whether the key's value is what the row asks for; if not, that is told. A secret is refused here: it may only come
 * from the secrets file. */
bool lec_option_check(struct lec_diag *d, const struct lec_option *row, const struct lec_key *key);

/* What a section may have. */
struct lec_section_rules {
    const struct lec_option *own;    /* the framework's keys; may be NULL */
    const struct lec_option *driver; /* the driver's keys; may be NULL */
    const char *driver_name;         /* for messages; may be NULL */
    bool open;                       /* other keys are kept for the driver unread: its schema is not known */
    bool defaults;                   /* the driver's defaults are added and its required keys asked for */
};

/* Checks every key of the section, asks for those that must be there, and fills s->own and s->rest. */
void lec_section_check(struct lec_arena *a, struct lec_diag *d, const char *file, struct lec_ini_section *s,
                       const struct lec_section_rules *rules);

/* `base` with `over` laid on it: a key in both is taken from `over`. */
struct lec_keys lec_keys_overlay(struct lec_arena *a, struct lec_keys base, struct lec_keys over);
/* The same with the defaults of those rows that are absent, as keys with line 0 and `file`. */
struct lec_keys lec_keys_defaults(struct lec_arena *a, struct lec_keys keys, const struct lec_option *table,
                                  const char *file);

/* The key's value, else the row's default. The keys have been checked, so these cannot fail; without either they
 * give 0, false or "". */
const char *lec_own_text(const struct lec_option *table, const struct lec_keys *keys, const char *name);
int64_t lec_own_int(const struct lec_option *table, const struct lec_keys *keys, const char *name);
bool lec_own_bool(const struct lec_option *table, const struct lec_keys *keys, const char *name);
int64_t lec_own_duration(const struct lec_option *table, const struct lec_keys *keys, const char *name);

/* A list "a, b, c" as strings, white space taken off. Empty entries and entries given twice are told with `key`.
 * At most LEC_LIST_MAX entries. Returns false when something was told. */
#define LEC_LIST_MAX 64
bool lec_list_split(struct lec_arena *a, struct lec_diag *d, const struct lec_key *key, const char *const **out,
                    size_t *n);

#endif
