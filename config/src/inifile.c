#include "inifile.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lectern/parse.h"

#define LINE_TEXT (LEC_INI_NAME_MAX + 1 + LEC_INI_VALUE_MAX)

struct reader {
    struct lec_arena *arena;
    struct lec_diag *diag;
    const char *file;
    unsigned flags;
    const char *at, *end; /* what is left of the file */
    int line;             /* of what was read last */
    /* The line in hand, clean: "name=value" or "[heading]". */
    char text[LINE_TEXT + 1];
    size_t len, sent, value_at;
    int text_line;
    /* The key that inih gives us, perhaps in several pieces. */
    bool pending, another_piece;
    char name[LEC_INI_NAME_MAX + 1];
    char value[LEC_INI_VALUE_MAX + 1];
    size_t value_len;
    int pending_line;
    /* What has been understood. */
    struct lec_ini_section *sections;
    size_t n_sections;
    struct lec_key *keys;
    size_t n_keys;
    size_t *first_key; /* of each section */
    bool lost;         /* keys belong to no section, which has been told */
    bool failed;       /* out of memory */
    bool stop;         /* a limit was passed, which has been told */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Moves the ends of s[0..*len) inwards over white space. */
static const char *trim(const char *s, size_t *len)
{
    while (*len > 0 && is_space(*s)) {
        s++;
        --*len;
    }
    while (*len > 0 && is_space(s[*len - 1]))
        --*len;
    return s;
}

/* The next physical line without its end, comment and surrounding white space. Returns false at the end of the
 * file. A line that cannot be read is told and comes as an empty one. */
static bool next_physical(struct reader *r, const char **text, size_t *len, bool *indented)
{
    if (r->at == r->end || r->stop)
        return false;
    const char *start = r->at;
    const char *newline = memchr(start, '\n', (size_t)(r->end - start));
    size_t n = (size_t)((newline ? newline : r->end) - start);
    r->at = newline ? newline + 1 : r->end;
    r->line++;
    if (n > 0 && start[n - 1] == '\r')
        n--;
    *text = start;
    *len = 0;
    *indented = n > 0 && is_space(start[0]);
    if (n > LEC_INI_LINE_MAX) {
        lec_diag_error(r->diag, r->file, r->line, "a line of %zu bytes, at most %d can be read", n, LEC_INI_LINE_MAX);
        return true;
    }
    if (!lec_is_utf8(start, n)) {
        bool control = false;
        for (size_t i = 0; i < n; i++)
            control = control || ((unsigned char)start[i] < 0x20 && start[i] != '\t') || start[i] == 0x7F;
        lec_diag_error(r->diag, r->file, r->line, "%s",
                       control
                           ? "a control character in this line, expected text (write it as an escape, such as \\x02)"
                           : "this line is not UTF-8, save the file as UTF-8");
        return true;
    }
    const char *s = trim(start, &n);
    if (n > 0 && (*s == ';' || *s == '#'))
        n = 0;
    for (size_t i = 1; i < n; i++) {
        if (s[i] == ';' && is_space(s[i - 1])) {
            n = i;
            if (r->flags & LEC_INI_PRIVATE)
                lec_diag_warn(r->diag, r->file, r->line,
                              "what follows \" ;\" is a comment and no part of the secret, expected none in this file");
            break;
        }
    }
    *text = trim(s, &n);
    *len = n;
    return true;
}

static void add_section(struct reader *r, const char *heading, size_t len)
{
    size_t word = 0;
    while (word < len && !is_space(heading[word]))
        word++;
    size_t rest = len - word;
    const char *name = trim(heading + word, &rest);
    struct lec_ini_section s = {.line = r->line};
    s.kind = lec_arena_copy(r->arena, heading, word);
    s.name = lec_arena_copy(r->arena, name, rest);
    for (size_t i = 0; i < r->n_sections; i++) {
        if (strcmp(r->sections[i].kind, s.kind) != 0 || strcmp(r->sections[i].name, s.name) != 0)
            continue;
        lec_diag_error(r->diag, r->file, r->line, "[%s%s%s] is there already, in line %d", s.kind, *s.name ? " " : "",
                       s.name, r->sections[i].line);
        r->lost = true;
        return;
    }
    if (r->n_sections == LEC_INI_SECTIONS) {
        lec_diag_error(r->diag, r->file, r->line, "more than %d sections, the rest is not read", LEC_INI_SECTIONS);
        r->stop = true;
        return;
    }
    struct lec_ini_section *sections = realloc(r->sections, (r->n_sections + 1) * sizeof *sections);
    if (sections)
        r->sections = sections;
    size_t *first = realloc(r->first_key, (r->n_sections + 1) * sizeof *first);
    if (first)
        r->first_key = first;
    if (!sections || !first) {
        r->failed = r->stop = true;
        return;
    }
    r->sections[r->n_sections] = s;
    r->first_key[r->n_sections] = r->n_keys;
    r->n_sections++;
    r->lost = false;
}

/* The key that has come whole from inih. */
static void finish_key(struct reader *r)
{
    if (!r->pending)
        return;
    r->pending = false;
    for (size_t i = r->first_key[r->n_sections - 1]; i < r->n_keys; i++) {
        if (strcmp(r->keys[i].name, r->name) == 0) {
            lec_diag_error(r->diag, r->file, r->pending_line, "\"%s\" is there already, in line %d", r->name,
                           r->keys[i].line);
            return;
        }
    }
    if (r->n_keys == LEC_INI_KEYS) {
        lec_diag_error(r->diag, r->file, r->pending_line, "more than %d keys, the rest is not read", LEC_INI_KEYS);
        r->stop = true;
        return;
    }
    if (r->n_keys % 64 == 0) {
        struct lec_key *keys = realloc(r->keys, (r->n_keys + 64) * sizeof *keys);
        if (!keys) {
            r->failed = r->stop = true;
            return;
        }
        r->keys = keys;
    }
    r->keys[r->n_keys++] = (struct lec_key){
        .name = lec_arena_str(r->arena, r->name),
        .value = lec_arena_copy(r->arena, r->value, r->value_len),
        .file = r->file,
        .line = r->pending_line,
    };
}

static void take_heading(struct reader *r, const char *s, size_t len)
{
    const char *close = memchr(s, ']', len);
    r->lost = true; /* until the heading is found to be good: its keys must not fall to the section before */
    if (!close) {
        lec_diag_error(r->diag, r->file, r->line,
                       "no \"]\" in this line, expected a heading such as [device projector]");
        return;
    }
    if (close != s + len - 1) {
        lec_diag_error(r->diag, r->file, r->line, "text behind the heading, expected a line of its own");
        return;
    }
    size_t n = len - 2;
    const char *heading = trim(s + 1, &n);
    if (n == 0) {
        lec_diag_error(r->diag, r->file, r->line, "an empty heading, expected one such as [device projector]");
        return;
    }
    if (n > LEC_INI_NAME_MAX) {
        lec_diag_error(r->diag, r->file, r->line, "a heading of %zu bytes, at most %d can be read", n,
                       LEC_INI_NAME_MAX);
        return;
    }
    add_section(r, heading, n);
    if (r->lost)
        return;
    memcpy(r->text, "[", 1);
    memcpy(r->text + 1, heading, n);
    memcpy(r->text + 1 + n, "]", 2);
    r->len = n + 2;
    r->value_at = r->len;
}

/* Joins the lines that continue a list: indented ones after a comma. */
static void take_continuations(struct reader *r)
{
    while (r->len > 0 && r->text[r->len - 1] == ',') {
        const char *at = r->at, *s;
        int line = r->line;
        size_t errors = r->diag->errors, len;
        bool indented;
        if (!next_physical(r, &s, &len, &indented))
            return;
        if (r->diag->errors != errors)
            continue;
        if (len == 0 || !indented || *s == '[') {
            r->at = at;
            r->line = line;
            return;
        }
        if (memchr(s, '=', len) && !memchr(s, '"', len)) {
            lec_diag_error(
                r->diag, r->file, r->line,
                "the line above ends with a comma, so this one continues it, but looks like a key of its own; "
                "take away the comma or the \"=\"");
            continue;
        }
        if (r->len - r->value_at + 1 + len > LEC_INI_VALUE_MAX) {
            lec_diag_error(r->diag, r->file, r->line, "a value of more than %d bytes", LEC_INI_VALUE_MAX);
            return;
        }
        r->text[r->len] = ' ';
        memcpy(r->text + r->len + 1, s, len);
        r->len += 1 + len;
        r->text[r->len] = '\0';
    }
}

static void take_key(struct reader *r, const char *s, size_t len)
{
    const char *equals = memchr(s, '=', len);
    if (r->n_sections == 0 && !r->lost) {
        lec_diag_error(r->diag, r->file, r->line, "a key before the first heading, expected one such as [room]");
        r->lost = true;
    }
    if (r->lost)
        return;
    if (!equals) {
        lec_diag_error(r->diag, r->file, r->line, "no \"=\" in this line, expected KEY = VALUE");
        return;
    }
    size_t n = (size_t)(equals - s);
    const char *name = trim(s, &n);
    if (n == 0) {
        lec_diag_error(r->diag, r->file, r->line, "nothing before the \"=\", expected KEY = VALUE");
        return;
    }
    if (memchr(name, ':', n)) {
        lec_diag_error(r->diag, r->file, r->line,
                       "a \":\" before the \"=\", expected KEY = VALUE with no colon in KEY");
        return;
    }
    /* Several spaces between the words of a key count as one. */
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_space(name[i]) && is_space(name[i + 1]))
            continue;
        if (m == LEC_INI_NAME_MAX) {
            lec_diag_error(r->diag, r->file, r->line, "a key of %zu bytes, at most %d can be read", n,
                           LEC_INI_NAME_MAX);
            return;
        }
        r->text[m++] = is_space(name[i]) ? ' ' : name[i];
    }
    size_t value_len = len - (size_t)(equals + 1 - s);
    const char *value = trim(equals + 1, &value_len);
    r->text[m] = '=';
    memcpy(r->text + m + 1, value, value_len);
    r->value_at = m + 1;
    r->len = m + 1 + value_len;
    r->text[r->len] = '\0';
    r->text_line = r->line;
    take_continuations(r);
}

/* Where the line in hand may be cut so that inih puts it together again: it takes white space off both ends of a
 * piece, and takes a piece that begins with ; or # for a comment. Returns 0 when there is no such place. */
static size_t cut(const struct reader *r, size_t room)
{
    size_t left = r->len - r->sent;
    if (left <= room)
        return left;
    for (size_t n = room; n > 0; n--) {
        const char *p = r->text + r->sent + n;
        if (r->sent + n <= r->value_at)
            break;
        if ((unsigned char)p[-1] > ' ' && (unsigned char)*p > ' ' && *p != ';' && *p != '#')
            return n;
    }
    return 0;
}

/* ini_reader: one line, or one piece of a line, for inih. */
static char *read_line(char *out, int size, void *stream)
{
    struct reader *r = stream;
    if (r->sent == r->len) {
        finish_key(r);
        r->len = r->sent = 0;
        while (r->len == 0) {
            const char *s;
            size_t len;
            bool indented;
            if (!next_physical(r, &s, &len, &indented))
                return NULL;
            if (len == 0)
                continue;
            if (*s == '[')
                take_heading(r, s, len);
            else
                take_key(r, s, len);
        }
    }
    bool first = r->sent == 0;
    /* inih wants room for "\r\n" and NUL; a further piece is marked by a space in front. */
    size_t n = size > 64 ? cut(r, (size_t)size - 4) : 0;
    if (n == 0) {
        lec_diag_error(r->diag, r->file, r->text_line, "too many spaces in a row in this line");
        r->pending = false;
        r->len = r->sent = 0;
        out[0] = '\0';
        return out;
    }
    r->another_piece = !first;
    if (!first)
        *out++ = ' ';
    memcpy(out, r->text + r->sent, n);
    out[n] = '\0';
    r->sent += n;
    return first ? out : out - 1;
}

/* ini_handler */
static int take_pair(void *user, const char *section, const char *name, const char *value)
{
    struct reader *r = user;
    (void)section;
    if (!r->another_piece) {
        r->pending = true;
        r->pending_line = r->text_line;
        r->value_len = 0;
        lec_copy_utf8(r->name, sizeof r->name, name, strlen(name));
    }
    size_t n = strlen(value);
    if (n > LEC_INI_VALUE_MAX - r->value_len)
        return 0;
    memcpy(r->value + r->value_len, value, n);
    r->value_len += n;
    return 1;
}

static int parse(struct lec_arena *a, struct lec_diag *d, const char *file, unsigned flags, const char *text,
                 size_t len, struct lec_ini **out)
{
    struct reader *r = calloc(1, sizeof *r);
    struct lec_ini *ini = lec_arena_array(a, 1, sizeof *ini);
    int rc = LEC_E_NOMEM;
    if (!r || !ini)
        goto out;
    r->arena = a;
    r->diag = d;
    r->flags = flags;
    r->file = ini->file = lec_arena_str(a, file);
    r->at = text;
    r->end = text + len;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        r->at += 3;
    if (len >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0)) {
        rc = lec_diag_error(d, ini->file, 0, "the file is UTF-16, save it as UTF-8");
        goto out;
    }
    int parsed = ini_parse_stream(read_line, r, take_pair, r);
    finish_key(r);
    if (r->failed || a->failed || parsed == -2)
        goto out;
    rc = 0;
    if (parsed != 0)
        lec_diag_error(d, ini->file, 0, "inih and our reader do not agree about this file, please report it");
    if (r->n_sections == 0)
        goto done;
    ini->sections = lec_arena_array(a, r->n_sections, sizeof *ini->sections);
    struct lec_key *keys = lec_arena_array(a, r->n_keys, sizeof *keys);
    if (a->failed) {
        rc = LEC_E_NOMEM;
        goto out;
    }
    if (r->n_keys > 0)
        memcpy(keys, r->keys, r->n_keys * sizeof *keys);
    ini->n = r->n_sections;
    for (size_t i = 0; i < ini->n; i++) {
        ini->sections[i] = r->sections[i];
        size_t end = i + 1 < ini->n ? r->first_key[i + 1] : r->n_keys;
        ini->sections[i].keys.n = end - r->first_key[i];
        ini->sections[i].keys.at = ini->sections[i].keys.n > 0 ? keys + r->first_key[i] : NULL;
    }
done:
    *out = ini;
out:
    if (r) {
        free(r->sections);
        free(r->keys);
        free(r->first_key);
        explicit_bzero(r, sizeof *r);
        free(r);
    }
    return rc;
}

/* Reads all of `fd`, a regular file, into memory of ours. */
static int slurp(int fd, char *data, size_t size, size_t *len)
{
    *len = 0;
    while (*len < size) {
        ssize_t n = read(fd, data + *len, size - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    return 0;
}

int lec_ini_read(struct lec_arena *a, struct lec_diag *d, const char *file, unsigned flags, struct lec_ini **out)
{
    static const char nothing[1] = "";
    char *data = NULL;
    int rc = LEC_E_NOMEM;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENOENT && (flags & LEC_INI_OPTIONAL))
            return parse(a, d, file, flags, nothing, 0, out);
        return lec_diag_error(d, file, 0, "the file cannot be read: %s", strerrordesc_np(errno));
    }
    struct stat st;
    if (fstat(fd, &st) < 0) {
        rc = lec_diag_error(d, file, 0, "the file cannot be read: %s", strerrordesc_np(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        rc = lec_diag_error(d, file, 0, "%s, expected a file",
                            S_ISDIR(st.st_mode) ? "this is a folder" : "this is not a regular file");
        goto out;
    }
    if ((flags & LEC_INI_PRIVATE) && (st.st_mode & (S_IRWXG | S_IRWXO))) {
        rc =
            lec_diag_error(d, file, 0, "others can read this file of secrets (mode %03o), expected mode 600: chmod 600",
                           (unsigned)st.st_mode & 0777u);
        goto out;
    }
    data = malloc(LEC_INI_FILE_MAX + 1);
    if (!data)
        goto out;
    size_t len;
    int failed = slurp(fd, data, LEC_INI_FILE_MAX + 1, &len);
    if (failed < 0)
        rc = lec_diag_error(d, file, 0, "the file cannot be read: %s", strerrordesc_np(-failed));
    else if (len > LEC_INI_FILE_MAX)
        rc = lec_diag_error(d, file, 0, "the file is larger than %d KiB, which is the most that is read",
                            LEC_INI_FILE_MAX / 1024);
    else
        rc = parse(a, d, file, flags, data, len, out);
    explicit_bzero(data, len);
out:
    free(data);
    (void)close(fd);
    return rc;
}

int lec_ini_parse(struct lec_arena *a, struct lec_diag *d, const char *file, const char *text, size_t len,
                  struct lec_ini **out)
{
    return parse(a, d, file, 0, text, len, out);
}

struct lec_ini_section *lec_ini_find(const struct lec_ini *ini, const char *kind, const char *name)
{
    for (size_t i = 0; i < ini->n; i++)
        if (strcmp(ini->sections[i].kind, kind) == 0 && strcmp(ini->sections[i].name, name) == 0)
            return &ini->sections[i];
    return NULL;
}
