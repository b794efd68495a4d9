/* Experiments made over the bus: checked before they are written, and written into a file of their own. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "experiment.h"
#include "lectern/buf.h"
#include "lectern/parse.h"

static const char *trimmed(const char *text, size_t *len)
{
    text += strspn(text, " \t");
    *len = strlen(text);
    while (*len > 0 && (text[*len - 1] == ' ' || text[*len - 1] == '\t'))
        --*len;
    return text;
}

static void print(struct lec_buf *out, const char *name, const struct lec_keys *keys)
{
    lec_buf_printf(out, "[experiment %s]\n", name);
    for (size_t i = 0; i < keys->n; i++) {
        size_t len;
        const char *value = trimmed(keys->at[i].value, &len);
        lec_buf_printf(out, "%s = %.*s\n", keys->at[i].name, (int)len, value);
    }
}

/* Whether the text is one line and no more. */
static bool is_line(const char *text)
{
    return lec_is_utf8(text, strlen(text));
}

/* Whether the section that was read has exactly those keys. What differs is told. */
static bool reads_back(struct lec_diag *d, const char *file, const struct lec_ini *ini, const struct lec_keys *keys)
{
    if (ini->n != 1 || ini->sections[0].keys.n != keys->n) {
        lec_diag_error(d, file, 1, "what is given is not one section of a room file with %zu keys", keys->n);
        return false;
    }
    for (size_t i = 0; i < keys->n; i++) {
        const struct lec_key *read = &ini->sections[0].keys.at[i];
        size_t len;
        const char *value = trimmed(keys->at[i].value, &len);
        if (strcmp(read->name, keys->at[i].name) == 0 && strlen(read->value) == len &&
            memcmp(read->value, value, len) == 0)
            continue;
        lec_diag_error(d, file, (int)i + 2,
                       "%s: it would read back as %s; note that \" ;\" begins a comment, and write \\x3b",
                       lec_shown(keys->at[i].name).text, lec_shown(read->value).text);
        return false;
    }
    return true;
}

static int check(struct lec_arena *a, struct lec_diag *d, const struct lec_room *room, const char *name,
                 const struct lec_keys *keys)
{
    const char *file = lec_arena_printf(a, "experiment %s", lec_is_name(name) ? name : "?");
    if (!lec_is_name(name) || strlen(name) + strlen("experiment ") > LEC_INI_NAME_MAX)
        return lec_diag_error(d, file, 0, "%s, expected a name of at most %zu lower-case letters, digits and dashes",
                              lec_shown(name).text, (size_t)LEC_INI_NAME_MAX - strlen("experiment "));
    for (size_t i = 0; i < keys->n; i++)
        if (!is_line(keys->at[i].name) || !is_line(keys->at[i].value))
            lec_diag_error(d, file, (int)i + 2, "key %zu has control characters or is not UTF-8", i + 1);
    const struct lec_experiment *same = lec_room_experiment(room, name);
    if (!same && room->n_experiments == LEC_ROOM_EXPERIMENTS)
        lec_diag_error(d, file, 1, "the room has %d experiments already, which is the most", LEC_ROOM_EXPERIMENTS);
    if (d->errors > 0)
        return 0;

    struct lec_buf text;
    struct lec_ini *ini;
    lec_buf_init(&text, LEC_INI_FILE_MAX);
    print(&text, name, keys);
    int rc = text.failed ? lec_diag_error(d, file, 0, "more than %d KiB, which is the most that is read",
                                          LEC_INI_FILE_MAX / 1024)
                         : lec_ini_parse(a, d, file, text.data, text.len, &ini);
    lec_buf_done(&text);
    if (rc < 0)
        return rc;
    if (d->errors > 0 || !reads_back(d, file, ini, keys))
        return 0;
    struct lec_experiment x = {.name = name};
    struct lec_experiment_work work = {.find = {.arena = a, .diag = d, .room = room}, .experiment = &x};
    lec_experiment_build(&work, file, &ini->sections[0]);
    return 0;
}

int lec_experiment_check(const struct lec_room *room, const char *name, const struct lec_keys *keys,
                         struct lec_report *report)
{
    struct lec_arena arena = {0};
    struct lec_diag diag = {.report = report};
    int rc = check(&arena, &diag, room, name, keys);
    if (arena.failed)
        rc = LEC_E_NOMEM;
    else if (rc == 0 && diag.errors > 0)
        rc = LEC_E_CONFIG;
    if (report)
        lec_report_sort(report);
    lec_arena_done(&arena);
    return rc;
}

/* ---- The file ----------------------------------------------------------------------------------------------- */

/* Whether the line is a heading, and whether it is [experiment NAME]. */
static bool is_heading(const char *line, size_t len, const char *name, bool *of_name)
{
    static const char kind[] = "experiment";
    const char *end = line + len;
    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    if (line == end || *line != '[')
        return false;
    *of_name = false;
    line += 1 + strspn(line + 1, " \t");
    if (strncmp(line, kind, sizeof kind - 1) != 0)
        return true;
    line += sizeof kind - 1;
    size_t space = strspn(line, " \t"), n = strlen(name);
    line += space;
    *of_name = space > 0 && strncmp(line, name, n) == 0 && line[n + strspn(line + n, " \t")] == ']';
    return true;
}

/* Copies all lines but those of [experiment NAME]. `text` ends with a NUL. */
static void copy_others(const char *text, const char *name, struct lec_buf *out)
{
    bool skipped = false;
    while (*text) {
        size_t len = strcspn(text, "\n"), whole = len + (text[len] == '\n');
        (void)is_heading(text, len, name, &skipped);
        if (!skipped)
            lec_buf_put(out, text, whole);
        text += whole;
    }
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        lec_buf_putc(out, '\n');
}

int lec_experiment_edit(const char *file, const char *name, const struct lec_keys *keys, struct lec_buf *out,
                        struct lec_err *err)
{
    struct lec_buf old;
    char part[4096];
    int rc = 0;
    FILE *f = fopen(file, "re");
    if (!f && errno != ENOENT)
        return lec_fail(err, LEC_E_CONFIG, "%s cannot be read: %s", file, strerrordesc_np(errno));
    lec_buf_init(&old, LEC_INI_FILE_MAX);
    for (size_t n; f && (n = fread(part, 1, sizeof part, f)) > 0;)
        lec_buf_put(&old, part, n);
    if (f && ferror(f))
        rc = lec_fail(err, LEC_E_CONFIG, "%s cannot be read: %s", file, strerrordesc_np(errno));
    else if (old.failed)
        rc = lec_fail(err, LEC_E_CONFIG, "%s is larger than %d KiB", file, LEC_INI_FILE_MAX / 1024);
    else if (old.data)
        copy_others(old.data, name, out);
    else
        lec_buf_puts(out, "; Experiments made with experiment.create\n");
    if (f)
        (void)fclose(f);
    lec_buf_done(&old);
    if (rc < 0)
        return rc;
    if (keys)
        print(out, name, keys);
    if (out->failed)
        return lec_fail(err, LEC_E_NOMEM, "the file of made experiments has no room for it");
    return out->len > LEC_INI_FILE_MAX ? lec_fail(err, LEC_E_CONFIG, "the experiments made would need more than %d KiB",
                                                  LEC_INI_FILE_MAX / 1024)
                                       : 0;
}
