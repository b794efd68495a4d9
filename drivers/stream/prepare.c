/* Compiles a profile into struct stream. All mistakes are told at once, each at its key. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

/* clang-format off */
const struct lec_option stream_device_options[] = {
    {"format",         LEC_OPT_CHOICE,   0, 0, "auto|csv|pairs|json", "auto", false, "what a line looks like; auto: { begins JSON, name: or name= begins pairs, all else are columns"},
    {"separator",      LEC_OPT_CHOICE,   0, 0, "auto|comma|semicolon|tab|space", "auto", false, "what stands between columns; auto: the first of ; tab , space that a line has"},
    {"decimal",        LEC_OPT_CHOICE,   0, 0, "point|comma",         "point", false, "what numbers have before their fraction; with a comma, columns are never separated by one"},
    {"checksum",       LEC_OPT_CHOICE,   0, 0, "auto|required",       "auto", false, "of $...*hh lines (NMEA): checked where it is there, or a line without it is wrong"},
    {"prefix",         LEC_OPT_TEXT,     0, 0, NULL, NULL,  false, "only lines that begin so count, and what follows is the line: \"STEM,\""},
    {"columns",        LEC_OPT_TEXT,     0, 0, NULL, NULL,  false, "names of the columns, with commas between, if the device does not send them in its first line"},
    {"fields",         LEC_OPT_INT,      1, FIELDS_MAX, NULL, NULL, false, "how many columns a line has; else as many as have names, or as the first good line has"},    {"sample",         LEC_OPT_CHOICE,   0, 0, "line|names",          "line", false, "a line is a sample; or each line has some names, and when one comes again the next sample has begun"},
    {"counter",        LEC_OPT_TEXT,     0, 0, NULL, NULL,  false, "column (number or name) that counts samples: lost ones are known exactly"},
    {"counter modulo", LEC_OPT_FLOAT,    2, 9e15, NULL, NULL, false, "the counter begins at 0 again when it reaches this; else 256, 65536 and 2^32 are recognised"},
    {"clock",          LEC_OPT_TEXT,     0, 0, NULL, NULL,  false, "column (number or name) with the device's own time of the sample, as millis() gives it"},
    {"clock unit",     LEC_OPT_CHOICE,   0, 0, "s|ms|us",             "ms", false, "unit of the clock; ms and us wrap at 2^32, as unsigned long does"},
    {"interval",       LEC_OPT_DURATION, 0.00005, 86400, NULL, NULL, false, "time between two lines, if known and no point says fastest"},
    {"reset wait",     LEC_OPT_DURATION, 0, 10, NULL, "0",  false, "the board starts anew when the port is opened: wait so long, and drop what came"},
    {"start command",  LEC_OPT_BYTES,    0, 0, NULL, NULL,  false, "what is sent after opening, to make it speak"},
    {"stop command",   LEC_OPT_BYTES,    0, 0, NULL, NULL,  false, "what is sent before closing"},
    {"rate command",   LEC_OPT_TEXT,     0, 0, NULL, NULL,  false, "sets its rate: {hz}, {ms} or {us} stands for it: \"R{hz}\\n\""},
    {0},
};

const struct lec_option stream_point_options[] = {
    {"column", LEC_OPT_INT,  1, FIELDS_MAX, NULL, NULL, false, "which column it is, counted from 1"},
    {"key",    LEC_OPT_TEXT, 0, 0,          NULL, NULL, false, "its name in the line; in JSON with dots: acc.x, values.0"},
    {0},
};
/* clang-format on */

struct prep {
    const struct lec_device *desc;
    struct stream *s;
    struct lec_report *report;
    int rc;
};

static void wrong(struct prep *p, const char *key, const char *fmt, ...) LEC_PRINTF(3, 4);
static void wrong(struct prep *p, const char *key, const char *fmt, ...)
{
    char text[LEC_ERR_TEXT];
    const struct lec_key *k = lec_key_find(&p->desc->keys, key);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    bool written = k && k->line;
    lec_report_add(p->report, written ? k->file : p->desc->file, written ? k->line : p->desc->line_no, "%s: %s", key,
                   text);
    p->rc = LEC_E_CONFIG;
}

static void wrong_point(struct prep *p, const struct lec_point *pt, const char *text)
{
    lec_report_add(p->report, pt->file, pt->line, "%s: %s", pt->name, text);
    p->rc = LEC_E_CONFIG;
}

static const char *text_of(const struct prep *p, const char *key)
{
    return lec_key_text(&p->desc->keys, key, NULL);
}

static bool is(const struct prep *p, const char *key, const char *value)
{
    const char *text = text_of(p, key);
    return text && strcmp(text, value) == 0;
}

static void form(struct prep *p)
{
    static const struct {
        const char *name;
        enum format format;
    } formats[] = {{"csv", FORMAT_CSV}, {"pairs", FORMAT_PAIRS}, {"json", FORMAT_JSON}};
    static const struct {
        const char *name;
        char sign;
    } separators[] = {{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"space", ' '}};
    struct form *f = &p->s->form;
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (is(p, "format", formats[i].name))
            f->format = formats[i].format;
    for (size_t i = 0; i < ARRAY_LEN(separators); i++)
        if (is(p, "separator", separators[i].name))
            f->separator = separators[i].sign;
    f->decimal_comma = is(p, "decimal", "comma");
    f->checksum = is(p, "checksum", "required");
    f->prefix = text_of(p, "prefix");
    p->s->gathers = is(p, "sample", "names");
    if (p->s->gathers && f->format == FORMAT_CSV)
        wrong(p, "sample", "columns have no names in each line");
    if (f->decimal_comma && f->separator == ',')
        wrong(p, "separator", "numbers with a decimal comma cannot be separated by commas");
}

/* The names of the columns, cut out of a copy. */
static void names(struct prep *p)
{
    struct stream *s = p->s;
    const char *text = text_of(p, "columns");
    s->n_fields = (size_t)lec_key_int(&p->desc->keys, "fields", 0);
    s->fields_fixed = s->n_fields > 0;
    if (!text)
        return;
    s->names_text = strdup(text);
    if (!s->names_text) {
        p->rc = LEC_E_NOMEM;
        return;
    }
    for (char *at = s->names_text; at;) {
        char *end = strchr(at, ',');
        if (end)
            *end++ = '\0';
        at += strspn(at, " ");
        for (size_t n = strlen(at); n > 0 && at[n - 1] == ' ';)
            at[--n] = '\0';
        if (s->n_names == NAMES_MAX) {
            wrong(p, "columns", "more than %d names", NAMES_MAX);
            return;
        }
        s->names[s->n_names++] = at;
        at = end;
    }
    if (s->fields_fixed && s->n_fields != s->n_names)
        wrong(p, "fields", "%zu, but columns has %zu names", s->n_fields, s->n_names);
    s->n_fields = s->n_names;
    s->fields_fixed = true;
}

/* Where a name stands in bare columns, by the profile's names; NOWHERE if it has none of that name. */
static size_t named(const struct stream *s, const char *name)
{
    for (size_t i = 0; i < s->n_names; i++)
        if (strcmp(s->names[i], name) == 0)
            return i;
    return NOWHERE;
}

static struct place place_of(const struct stream *s, const char *text)
{
    int64_t n;
    struct place place = {.at = NOWHERE};
    if (lec_parse_int(text, 1, FIELDS_MAX, &n) == 0)
        place.number = (size_t)n;
    else
        place.name = text;
    place.at = place.name ? named(s, text) : place.number - 1;
    return place;
}

static void numbering(struct prep *p)
{
    struct stream *s = p->s;
    struct follow *f = &s->follow;
    const char *counter = text_of(p, "counter"), *clock = text_of(p, "clock");
    if (counter && clock)
        wrong(p, "clock", "a counter is enough, or a clock; not both");
    if (counter)
        f->numbering = BY_COUNTER;
    else if (clock)
        f->numbering = BY_CLOCK;
    if (!counter && !clock)
        return;
    s->counter = place_of(s, counter ? counter : clock);
    if (s->n_names > 0 && s->counter.name && s->counter.at == NOWHERE)
        wrong(p, counter ? "counter" : "clock", "columns has no \"%s\"", s->counter.name);
    if (counter) {
        f->modulo = lec_key_float(&p->desc->keys, "counter modulo", 0);
        return;
    }
    bool seconds = is(p, "clock unit", "s");
    f->us_per_unit = seconds ? 1e6 : is(p, "clock unit", "us") ? 1 : 1000;
    f->modulo = seconds ? 0 : 4294967296.0;
}

static void column(struct prep *p, const struct lec_point *pt)
{
    struct stream *s = p->s;
    const char *key = lec_key_text(&pt->keys, "key", NULL);
    int64_t number = lec_key_int(&pt->keys, "column", 0);
    if (!key && number == 0) {
        wrong_point(p, pt, "column = 2 or key = temp is needed: which value of a line it is");
        return;
    }
    if (key && number > 0)
        wrong_point(p, pt, "column or key, not both");
    if (pt->access & LEC_WRITE)
        wrong_point(p, pt, "a stream can only be read");
    if (pt->stream && pt->type != LEC_FLOAT && pt->type != LEC_INT && pt->type != LEC_BOOL)
        wrong_point(p, pt, "only numbers can be streamed");
    if (s->n_columns == COLUMNS_MAX) {
        wrong_point(p, pt, "there are too many points");
        return;
    }
    struct column *c = &s->columns[s->n_columns++];
    c->point = pt;
    c->place = (struct place){.name = key, .number = (size_t)number};
    c->place.at = key ? named(s, key) : (size_t)number - 1;
    if (key && s->n_names > 0 && c->place.at == NOWHERE)
        wrong_point(p, pt, "its key is none of the device's columns");
    if (!key && s->fields_fixed && (size_t)number > s->n_fields)
        wrong_point(p, pt, "its column is beyond the last one");
}

static void command(struct prep *p, const char *key, unsigned char *out, size_t *n)
{
    const char *text = text_of(p, key);
    int len = text ? lec_unescape(text, out, COMMAND_MAX) : 0;
    if (len < 0)
        wrong(p, key, "at most %d bytes, with the escapes \\r \\n \\t \\0 \\xHH", COMMAND_MAX);
    else
        *n = (size_t)len;
}

static void rate_command(struct prep *p)
{
    unsigned char bytes[2 * COMMAND_MAX];
    const char *text = text_of(p, "rate command");
    if (!text)
        return;
    p->s->rate_command = text;
    if (!strstr(text, "{hz}") && !strstr(text, "{ms}") && !strstr(text, "{us}"))
        wrong(p, "rate command", "{hz}, {ms} or {us} is missing: where the rate stands");
    else if (strlen(text) > COMMAND_MAX || lec_unescape(text, bytes, sizeof bytes) < 0)
        wrong(p, "rate command", "at most %d bytes, with the escapes \\r \\n \\t \\0 \\xHH", COMMAND_MAX);
}

/* How often a line comes: as the profile says, or as its fastest point does. */
static int64_t interval_of(const struct prep *p)
{
    int64_t interval = lec_key_duration(&p->desc->keys, "interval", 0);
    for (size_t i = 0; i < p->desc->n_points && interval == 0; i++)
        if (p->desc->points[i].stream)
            interval = p->desc->points[i].fastest_ns;
    return interval;
}

int stream_prepare(const struct lec_device *desc, void *state, struct lec_report *report)
{
    struct stream *s = state;
    struct prep p = {.desc = desc, .s = s, .report = report};
    form(&p);
    names(&p);
    numbering(&p);
    size_t streaming = 0;
    for (size_t i = 0; i < desc->n_points; i++) {
        column(&p, &desc->points[i]);
        streaming += desc->points[i].stream;
    }
    command(&p, "start command", s->start, &s->start_n);
    command(&p, "stop command", s->stop, &s->stop_n);
    rate_command(&p);
    s->reset_wait_ns = lec_key_duration(&desc->keys, "reset wait", 0);
    s->interval_ns = interval_of(&p);
    if (p.rc < 0 || streaming == 0)
        return p.rc;
    s->samples = calloc(streaming, ROWS_MAX * sizeof *s->samples);
    if (!s->samples)
        return LEC_E_NOMEM;
    for (size_t i = 0, k = 0; i < s->n_columns; i++)
        if (s->columns[i].point->stream)
            s->columns[i].samples = s->samples + ROWS_MAX * k++;
    return 0;
}

void stream_release(void *state)
{
    struct stream *s = state;
    free(s->samples);
    free(s->names_text);
    s->samples = NULL;
    s->names_text = NULL;
}
