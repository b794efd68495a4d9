#include "json.h"

#include <stdio.h>
#include <string.h>

#include "lectern/driver.h"

struct scan {
    char *at;
    struct fields *out;
    char path[LINE_BYTES]; /* the names on the way to where we are */
    size_t path_n;
    size_t paths_n; /* used of out->paths */
    unsigned depth;
};

static bool value(struct scan *s);

static void blanks(struct scan *s)
{
    while (*s->at == ' ' || *s->at == '\t')
        s->at++;
}

static bool take(struct scan *s, char c)
{
    blanks(s);
    if (*s->at != c)
        return false;
    s->at++;
    return true;
}

/* A string; escapes stay as they are written, which is right for every name that a board uses. */
static bool string(struct scan *s, char **text)
{
    if (!take(s, '"'))
        return false;
    *text = s->at;
    while (*s->at != '"') {
        if (*s->at == '\\')
            s->at++;
        if (*s->at == '\0')
            return false;
        s->at++;
    }
    *s->at++ = '\0';
    return true;
}

static bool enter(struct scan *s, const char *name)
{
    int n = snprintf(s->path + s->path_n, sizeof s->path - s->path_n, "%s%s", s->path_n > 0 ? "." : "", name);
    if (n < 0 || (size_t)n >= sizeof s->path - s->path_n)
        return false;
    s->path_n += (size_t)n;
    return true;
}

static void leave(struct scan *s, size_t path_n)
{
    s->path_n = path_n;
    s->path[path_n] = '\0';
}

static bool keep(struct scan *s, const char *text)
{
    struct fields *out = s->out;
    if (out->n == FIELDS_MAX || sizeof out->paths - s->paths_n < s->path_n + 1)
        return false;
    char *key = out->paths + s->paths_n;
    memcpy(key, s->path, s->path_n + 1);
    s->paths_n += s->path_n + 1;
    out->at[out->n++] = (struct field){.key = key, .text = text};
    return true;
}

static bool member(struct scan *s, const char *name)
{
    size_t before = s->path_n;
    bool good = enter(s, name) && value(s);
    leave(s, before);
    return good;
}

static bool object(struct scan *s)
{
    if (take(s, '}'))
        return true;
    do {
        char *name;
        if (!string(s, &name) || !take(s, ':') || !member(s, name))
            return false;
    } while (take(s, ','));
    return take(s, '}');
}

static bool array(struct scan *s)
{
    char name[8];
    if (take(s, ']'))
        return true;
    unsigned i = 0;
    do {
        snprintf(name, sizeof name, "%u", i++);
        if (i > FIELDS_MAX || !member(s, name))
            return false;
    } while (take(s, ','));
    return take(s, ']');
}

/* A number or a word: it ends where the next sign stands, which has to be kept, since a NUL goes there. */
static bool bare(struct scan *s)
{
    char *text = s->at;
    size_t n = strcspn(text, ",]} \t:\"{[");
    s->at = text + n;
    blanks(s);
    char sign = *s->at;
    if (n == 0 || (sign != ',' && sign != '}' && sign != ']'))
        return false;
    /* The sign moves one place left of nothing: the text is copied down over the colon or bracket before it. */
    memmove(text - 1, text, n);
    text[n - 1] = '\0';
    return keep(s, text - 1);
}

static bool value(struct scan *s)
{
    blanks(s);
    if (s->depth >= JSON_DEPTH)
        return false;
    s->depth++;
    bool good;
    char *text;
    if (take(s, '{'))
        good = object(s);
    else if (take(s, '['))
        good = array(s);
    else if (*s->at == '"')
        good = string(s, &text) && keep(s, text);
    else
        good = bare(s);
    s->depth--;
    return good;
}

bool stream_json(char *text, size_t n, struct fields *out)
{
    struct scan s = {.at = text, .out = out};
    (void)n;
    if (!take(&s, '{') || !object(&s))
        return false;
    blanks(&s);
    return *s.at == '\0';
}
