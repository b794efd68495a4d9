/* stream - boards that print lines of numbers by themselves: Arduino, micro:bit, Pico, and whatever does as they do.
 *
 * Source: lab-protocols.md, sections 3.2 and 6. See README.md for the options. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stream.h"

#define RELEARN 8 /* so many lines in a row of another length: the device has changed what it sends */

/* ---- One line ----------------------------------------------------------------------------------------------- */

/* Keeps the reason with a printable piece of the line. */
static void bad_line(struct stream *s, const char *why, const char *text)
{
    char piece[41];
    size_t n = 0;
    for (; text[n] && n < sizeof piece - 1; n++)
        piece[n] = text[n] >= ' ' && text[n] < 127 ? text[n] : '?';
    piece[n] = '\0';
    s->bad++;
    snprintf(s->why, sizeof s->why, "a line cannot be read, %s: \"%s\"", why, piece);
    if (!s->gathers) /* else what it said is missing from its row */
        follow_bad(&s->follow);
}

/* The field at `place`, or NULL. Names keep their place from line to line, so it is looked for there first. */
static const char *field_at(const struct stream *s, struct place *place)
{
    const struct fields *f = &s->fields;
    bool bare = f->n > 0 && !f->at[0].key;
    if (!place->name)
        return place->number <= f->n ? f->at[place->number - 1].text : NULL;
    if (bare)
        return place->at < f->n ? f->at[place->at].text : NULL;
    if (place->at < f->n && strcmp(f->at[place->at].key, place->name) == 0)
        return f->at[place->at].text;
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->at[i].key, place->name) == 0) {
            place->at = i;
            return f->at[i].text;
        }
    return NULL;
}

static bool find_in_header(struct stream *s, struct place *place)
{
    for (size_t i = 0; place->name && i < s->fields.n; i++)
        if (strcmp(s->fields.at[i].text, place->name) == 0) {
            place->at = i;
            return true;
        }
    return false;
}

/* Bare columns without a single number: names of the columns, if one of them is wanted. */
static bool header(struct stream *s)
{
    double v;
    bool wanted = false;
    for (size_t i = 0; i < s->fields.n; i++)
        if (stream_number(&s->form, s->fields.at[i].text, &v))
            return false;
    if (s->n_names > 0)
        return !s->follow.underway;
    for (size_t i = 0; i < s->n_columns; i++)
        wanted = find_in_header(s, &s->columns[i].place) || wanted;
    (void)find_in_header(s, &s->counter);
    if (!wanted)
        return !s->follow.underway; /* "Hello, I am a board" */
    s->n_fields = s->fields.n;
    s->fields_fixed = true;
    return true;
}

/* Whether a line of bare columns has as many as it should. */
static bool right_length(struct stream *s)
{
    size_t n = s->fields.n;
    if (s->n_fields == 0)
        s->n_fields = n;
    if (n == s->n_fields) {
        s->others = 0;
        return true;
    }
    s->others = n == s->other_fields ? s->others + 1 : 1;
    s->other_fields = n;
    if (s->fields_fixed || s->others < RELEARN)
        return false;
    s->n_fields = n;
    return true;
}

/* Reads the values of all columns into the next row. NULL, or what is wrong. */
static const char *read_row(struct stream *s)
{
    bool any = false;
    bool bare = !s->fields.at[0].key;
    for (size_t i = 0; i < s->n_columns; i++) {
        struct column *c = &s->columns[i];
        const char *text = field_at(s, &c->place);
        if (!text && bare)
            return c->place.name ? "the names of its columns are not known (reset the board, or write columns = ...)"
                                 : "it has too few columns";
        any = any || text;
        if (c->samples) {
            double v = (double)NAN; /* not in this line */
            if (text && !stream_number(&s->form, text, &v))
                return "a value is no number";
            c->samples[s->follow.n] = v;
        } else if (text) {
            c->fresh = lec_copy_utf8(c->text, sizeof c->text, text, strlen(text));
        }
    }
    return any ? NULL : "it has none of the names of the profile";
}

/* The counter or clock of the line. NULL, or what is wrong. */
static const char *read_counter(struct stream *s, double *out)
{
    *out = 0;
    if (s->follow.numbering == BY_LINES)
        return NULL;
    const char *text = field_at(s, &s->counter);
    if (!text || !stream_number(&s->form, text, out) || isnan(*out))
        return "its counter or clock is no number";
    return NULL;
}

/* A row whose values stand at follow.n has this counter or clock. NULL, or why it is not used. */
static const char *use_row(struct lec_dev *dev, struct stream *s, double counter, int64_t arrived_ns)
{
    size_t row = s->follow.n;
    enum verdict verdict = follow_row(dev, s, counter, arrived_ns);
    for (size_t i = 0; s->follow.n != row && i < s->n_columns; i++)
        if (s->columns[i].samples) /* rows before it were delivered meanwhile */
            s->columns[i].samples[s->follow.n] = s->columns[i].samples[row];
    if (verdict == ROW_GOOD)
        follow_count(&s->follow);
    return verdict == ROW_STRANGE ? "its counter or clock cannot be true" : NULL;
}

/* ---- A sample in several lines ------------------------------------------------------------------------------ */

static const char *end_gathered(struct lec_dev *dev, struct stream *s, int64_t arrived_ns)
{
    for (size_t i = 0; i < s->n_columns; i++) {
        struct column *c = &s->columns[i];
        if (c->samples)
            c->samples[s->follow.n] = c->has ? c->value : (double)NAN;
        c->has = false;
    }
    return use_row(dev, s, s->gathered, arrived_ns);
}

/* Adds the names of this line to the row; a name that it has already begins the next one. */
static const char *gather(struct lec_dev *dev, struct stream *s, int64_t arrived_ns)
{
    const char *why = NULL;
    bool any = false, all = true;
    double v;
    const char *counter = s->follow.numbering == BY_LINES ? NULL : field_at(s, &s->counter);
    if (counter && !stream_number(&s->form, counter, &v))
        return "its counter or clock is no number";
    if (counter)
        s->gathered = v;
    for (size_t i = 0; i < s->n_columns; i++) {
        struct column *c = &s->columns[i];
        const char *text = field_at(s, &c->place);
        any = any || text;
        if (text && !c->samples)
            c->fresh = lec_copy_utf8(c->text, sizeof c->text, text, strlen(text));
        if (!text || !c->samples)
            continue;
        if (!stream_number(&s->form, text, &v))
            return "a value is no number";
        if (c->has)
            why = end_gathered(dev, s, arrived_ns);
        c->value = v;
        c->has = true;
    }
    for (size_t i = 0; i < s->n_columns; i++)
        all = all && (s->columns[i].has || !s->columns[i].samples);
    if (!why && any && all)
        why = end_gathered(dev, s, arrived_ns);
    return any || counter ? why : "it has none of the names of the profile";
}

static void take_line(struct lec_dev *dev, struct stream *s, int64_t arrived_ns)
{
    char shown[48];
    const char *why = "";
    size_t n = s->line_n;
    double counter;
    lec_copy_utf8(shown, sizeof shown, s->line, strnlen(s->line, n));
    enum line_kind kind = stream_fields(&s->form, s->line, n, &s->fields, &why);
    bool bare = kind == LINE_FIELDS && !s->fields.at[0].key;
    if (s->partial) { /* its beginning is missing; names of columns are of use all the same */
        s->partial = false;
        if (bare)
            (void)header(s);
        return;
    }
    if (kind == LINE_NOTHING || (bare && header(s)))
        return;
    if (kind == LINE_BAD) {
        bad_line(s, why, shown);
        return;
    }
    if (s->gathers && !bare)
        why = gather(dev, s, arrived_ns);
    else if (bare && !right_length(s))
        why = "it has another number of columns";
    else if (!(why = read_row(s)) && !(why = read_counter(s, &counter)))
        why = use_row(dev, s, counter, arrived_ns);
    if (why) {
        if (!s->fields_fixed && !s->follow.underway)
            s->n_fields = 0; /* nothing was learnt from it */
        bad_line(s, why, shown);
        return;
    }
}

/* ---- Bytes -------------------------------------------------------------------------------------------------- */

static void take_bytes(struct lec_dev *dev, struct stream *s, const char *data, size_t n, int64_t arrived_ns)
{
    for (const char *at = data, *end = data + n; at < end;) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((lf ? lf : end) - at);
        if (s->skipping || s->line_n + len > LINE_BYTES) {
            if (!s->skipping)
                bad_line(s, "it is longer than 512 bytes", "");
            s->skipping = !lf;
            s->line_n = 0;
            s->partial = s->partial && !lf;
        } else {
            memcpy(s->line + s->line_n, at, len);
            s->line_n += len;
            if (lf) {
                take_line(dev, s, arrived_ns);
                s->line_n = 0;
            }
        }
        at += len + (lf ? 1 : 0);
    }
}

/* Points that are not streamed: the newest of what the packet said. */
static void publish(struct lec_dev *dev, struct stream *s)
{
    for (size_t i = 0; i < s->n_columns; i++) {
        struct column *c = &s->columns[i];
        struct lec_value v;
        double number;
        if (!c->fresh)
            continue;
        c->fresh = false;
        bool is_number = stream_number(&s->form, c->text, &number);
        switch (c->point->type) {
        case LEC_FLOAT:
        case LEC_INT:
        case LEC_BOOL:
            if (!is_number) {
                lec_dev_publish_bad(dev, c->point, "the device says something that is no number");
                continue;
            }
            if (isnan(number) || fabs(number) > 9e15) {
                lec_dev_publish_bad(dev, c->point, "the device has no value");
                continue;
            }
            v = c->point->type == LEC_FLOAT ? lec_float(number)
                : c->point->type == LEC_INT ? lec_int((int64_t)llround(number))
                                            : lec_bool(number > 0 || number < 0);
            break;
        case LEC_ENUM:
        case LEC_TEXT:
        case LEC_NONE:
            v = lec_text(c->text);
            v.type = c->point->type;
            break;
        }
        lec_dev_publish(dev, c->point, &v);
    }
}

static int stream_input(struct lec_dev *dev, struct lec_err *err)
{
    struct stream *s = dev->state;
    char data[CHUNK_BYTES];
    s->bad = 0;
    lec_line_deadline(dev, 0);
    int rc = 0;
    for (int i = 0; i < CHUNKS_MAX && rc == 0; i++) {
        ssize_t n = lec_line_recv(dev, data, sizeof data, err);
        if (n <= 0) {
            rc = n == LEC_E_TIMEOUT ? 0 : (int)n;
            break;
        }
        int64_t arrived_ns = lec_now();
        take_bytes(dev, s, data, (size_t)n, arrived_ns);
        follow_deliver(dev, s, arrived_ns);
        publish(dev, s);
        if ((size_t)n < sizeof data)
            break;
    }
    if (rc == 0 && s->bad > 0)
        return lec_fail(err, LEC_E_FRAME, "%s", s->why);
    return rc;
}

/* ---- Open, close, rate -------------------------------------------------------------------------------------- */

/* {hz}, {ms} and {us} become the rate, then escapes bytes. */
static int build_rate(const struct stream *s, int64_t period_ns, unsigned char *out, size_t size)
{
    static const char *const holes[] = {"{hz}", "{ms}", "{us}"};
    const double values[] = {1e9 / (double)period_ns, (double)period_ns / 1e6, (double)period_ns / 1e3};
    char text[4 * COMMAND_MAX];
    size_t used = 0;
    for (const char *at = s->rate_command; *at;) {
        size_t i = 0;
        while (i < ARRAY_LEN(holes) && strncmp(at, holes[i], 4) != 0)
            i++;
        int n = i < ARRAY_LEN(holes) ? snprintf(text + used, sizeof text - used, "%.6g", values[i])
                                     : snprintf(text + used, sizeof text - used, "%c", *at);
        if (n < 0 || (size_t)n >= sizeof text - used)
            return LEC_E_RANGE;
        used += (size_t)n;
        at += i < ARRAY_LEN(holes) ? 4 : 1;
    }
    return lec_unescape(text, out, size);
}

static int send_rate(struct lec_dev *dev, struct stream *s, int64_t period_ns, struct lec_err *err)
{
    unsigned char bytes[4 * COMMAND_MAX];
    int n = build_rate(s, period_ns, bytes, sizeof bytes);
    if (n < 0)
        return lec_fail(err, LEC_E_CONFIG, "the rate command is too long");
    int rc = lec_line_send(dev, bytes, (size_t)n, err);
    if (rc < 0)
        return lec_because(err, "setting its rate");
    follow_begin(&s->follow, (double)period_ns);
    return 0;
}

/* A device has one rate for all its columns: the fastest that any of them is wished. */
static int stream_rate(struct lec_dev *dev, const struct lec_point *point, int64_t period_ns, int64_t *granted_ns,
                       struct lec_err *err)
{
    struct stream *s = dev->state;
    if (!s->rate_command)
        return lec_fail(err, LEC_E_NOTSUP, "it has no command for its rate");
    int64_t before = 0, wish = 0;
    for (size_t i = 0; i < s->n_columns; i++) {
        struct column *c = &s->columns[i];
        if (c->point == point) {
            before = c->wish_ns;
            c->wish_ns = period_ns;
        }
        if (c->wish_ns > 0 && (wish == 0 || c->wish_ns < wish))
            wish = c->wish_ns;
    }
    int64_t period = wish > 0 ? wish : s->interval_ns;
    int rc = period > 0 && period != s->period_ns ? send_rate(dev, s, period, err) : 0;
    if (rc < 0) {
        for (size_t i = 0; i < s->n_columns; i++)
            if (s->columns[i].point == point)
                s->columns[i].wish_ns = before;
        return rc;
    }
    s->period_ns = period;
    *granted_ns = period;
    return 0;
}

static int stream_open(struct lec_dev *dev, struct lec_err *err)
{
    struct stream *s = dev->state;
    int rc = 0;
    for (int64_t left = s->reset_wait_ns; rc == 0 && left > 0; left -= 2 * LEC_SEC)
        rc = lec_dev_pause(dev, left, err);
    if (rc == 0)
        lec_line_flush(dev); /* what waited there is of no known age */
    lec_line_deadline(dev, dev->desc->timeout_ns);
    if (rc == 0 && s->start_n > 0)
        rc = lec_line_send(dev, s->start, s->start_n, err);
    if (rc < 0)
        return rc;
    s->line_n = 0;
    s->skipping = false;
    s->partial = true;
    s->period_ns = 0;
    s->others = 0;
    for (size_t i = 0; i < s->n_columns; i++)
        s->columns[i].has = s->columns[i].fresh = false;
    if (!s->fields_fixed)
        s->n_fields = 0;
    follow_begin(&s->follow, (double)s->interval_ns);
    return 0;
}

static void stream_close(struct lec_dev *dev)
{
    const struct stream *s = dev->state;
    struct lec_err err;
    if (s->stop_n > 0)
        (void)lec_line_send(dev, s->stop, s->stop_n, &err);
}

LEC_DRIVER = {
    LEC_DRIVER_HEAD,
    .schema = {.name = "stream",
               .summary = "Boards that send lines of numbers: Arduino, micro:bit, Pico",
               .lines = "serial|pty|tcp",
               .device_options = stream_device_options,
               .point_options = stream_point_options,
               .state_size = sizeof(struct stream),
               .prepare = stream_prepare,
               .release = stream_release},
    .open = stream_open,
    .input = stream_input,
    .close = stream_close,
    .rate = stream_rate,
};
