/* An INI file as sections and keys, each with its line; what is not clean INI is told and left out.
 *
 * inih does the parsing, fed line by line through ini_parse_stream. Our reader counts lines and refuses, with the
 * line, what inih would cut or take amiss without a word: names over 49 bytes, a ':' before the '=', text behind a
 * heading, duplicates, NUL and control characters, text that is not UTF-8. Lines longer than inih's buffer are handed over in pieces, as
 * inih's own continuation lines.
 *
 * Indentation means nothing, except after a value that ends with a comma: an indented line then continues the list.
 *
 * Threads: pure, but for the disk. */
#ifndef LECTERN_CONFIG_INIFILE_H
#define LECTERN_CONFIG_INIFILE_H

#include "arena.h"
#include "diag.h"
#include "lectern/model.h"

#define LEC_INI_FILE_MAX  262144 /* bytes of a file */
#define LEC_INI_LINE_MAX  1000   /* bytes of a line, without its end */
#define LEC_INI_VALUE_MAX 4096   /* bytes of a value with its continuation lines */
#define LEC_INI_NAME_MAX  49     /* bytes of a heading or key: inih cuts what is longer */
#define LEC_INI_SECTIONS  1024   /* sections of a file */
#define LEC_INI_KEYS      8192   /* keys of a file */

struct lec_ini_section {
    const char *kind; /* first word of the heading */
    const char *name; /* the rest of it, "" if there is none */
    int line;
    struct lec_keys keys;
    /* Filled by lec_section_check: the keys that the framework reads and those that are for the driver, only those
     * whose values are right. */
    struct lec_keys own, rest;
    bool doubtful; /* a key for the driver is missing or wrong: there is no use in asking the driver about it */
};

struct lec_ini {
    const char *file; /* as the person named it */
    struct lec_ini_section *sections;
    size_t n;
};

enum lec_ini_flags {
    LEC_INI_OPTIONAL = 1, /* a missing file is an empty one */
    LEC_INI_PRIVATE = 2,  /* refused unless only its owner can read it */
};

/* Reads a file. Everything hangs on the arena, *out too. Returns 0 (mistakes may have been told), LEC_E_CONFIG (it cannot be read
 * at all, which has been told) or LEC_E_NOMEM. */
int lec_ini_read(struct lec_arena *a, struct lec_diag *d, const char *file, unsigned flags, struct lec_ini **out);
/* The same with text in memory; `file` is what it is called in messages. */
int lec_ini_parse(struct lec_arena *a, struct lec_diag *d, const char *file, const char *text, size_t len,
                  struct lec_ini **out);
/* The section of that kind and name, or NULL. */
struct lec_ini_section *lec_ini_find(const struct lec_ini *ini, const char *kind, const char *name);

#endif
