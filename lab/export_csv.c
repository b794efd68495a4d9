/* CSV in two profiles. csv is for programs: comma, decimal point, LF, no byte-order mark (RFC 4180 quoting). csv-vi is for
 * spreadsheets set to Vietnamese: semicolon, decimal comma, CR LF, byte-order mark. Before the header row come comment lines
 * "# key: value" with what is known of the run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "header.h"
#include "number.h"

#define TEXT_MAX 65536 /* bytes of a comment line */

struct csv {
    struct lab_job *job;
    struct lab_out *out;
    bool sheet; /* csv-vi */
    bool vi;    /* keys in Vietnamese */
    char separator, point;
    const char *newline;
    struct lab_clock clock;
    struct lec_buf text;
    const char *prefix; /* of the keys that are told: a channel's name, or NULL */
};

/* A comment line stays in one cell, whatever was typed into it: separators give way, and quotes, which would swallow the lines
 * after them. */
static void put_comment(struct csv *c, const char *key, const char *value)
{
    lec_buf_clear(&c->text);
    lec_buf_puts(&c->text, "# ");
    if (c->prefix) {
        lab_clean(&c->text, c->prefix);
        lec_buf_putc(&c->text, '.');
    }
    lab_clean(&c->text, key);
    lec_buf_puts(&c->text, ": ");
    lab_clean(&c->text, value);
    for (size_t i = 0; i < c->text.len; i++) {
        if (c->text.data[i] == '"')
            c->text.data[i] = '\'';
        else if (c->text.data[i] == c->separator)
            c->text.data[i] = c->separator == ',' ? ';' : ',';
    }
    lec_buf_puts(&c->text, c->newline);
    lab_out_put(c->out, c->text.data, c->text.len);
}

static void tell(void *ctx, const char *key, const char *value)
{
    put_comment(ctx, key, value);
}

/* A field of text. Quoted where a reader would cut it (a '#' too, which pandas takes for a comment); what a spreadsheet would
 * take for a formula gets an apostrophe before it. */
static void put_field(struct lec_buf *b, const char *text, char separator)
{
    const char special[] = {separator, '"', '#', '\n', '\r', '\0'};
    bool quoted = strpbrk(text, special) || text[0] == ' ';
    if (quoted)
        lec_buf_putc(b, '"');
    if (text[0] && strchr("=+-@", text[0]))
        lec_buf_putc(b, '\'');
    for (; *text; text++) {
        if (*text == '"')
            lec_buf_putc(b, '"');
        lec_buf_putc(b, *text);
    }
    if (quoted)
        lec_buf_putc(b, '"');
}

static int put_comments(struct csv *c, struct lec_err *err)
{
    const struct lec_run_info *info = c->job->info;
    struct lec_buf value;
    lec_buf_init(&value, TEXT_MAX);
    lab_header_run(info, c->vi, tell, c);
    for (size_t i = 0; i < c->job->selection.n; i++) {
        size_t channel = c->job->selection.at[i];
        c->prefix = info->channels[channel].name;
        for (size_t f = 0; f < LAB_CHANNEL_FIELDS; f++) {
            lec_buf_clear(&value);
            lab_channel_text(info, channel, f, c->vi, &value);
            if (value.len > 0)
                put_comment(c, lab_channel_key(f, c->vi), value.data);
        }
    }
    c->prefix = NULL;
    for (size_t i = 0; i < info->n_marks; i++) {
        char key[64];
        size_t n = (size_t)snprintf(key, sizeof key, "%s ", c->vi ? "dấu" : "mark");
        n += lab_seconds(key + n, info->marks[i].t_ns, c->point == ',' ? '.' : c->point);
        key[n] = '\0';
        lec_buf_clear(&value);
        lab_mark_text(&info->marks[i], &value);
        put_comment(c, key, value.len > 0 ? value.data : "");
    }
    bool failed = value.failed || c->text.failed;
    lec_buf_done(&value);
    return failed ? lec_fail(err, LEC_E_NOMEM, "a line of the header does not fit") : 0;
}

/* ---- Long: a row a sample ----------------------------------------------------------------------------------- */

/* What is the same in every row of a channel. */
struct column {
    struct lec_buf before; /* ",water," */
    struct lec_buf after;  /* ",Cel," */
};

#define FIXED_MAX 1024 /* bytes of a column's fixed text, quoted */

static int make_columns(struct csv *c, struct column *columns, struct lec_err *err)
{
    bool failed = false;
    for (size_t i = 0; i < c->job->selection.n; i++) {
        const struct lec_run_channel *channel = &c->job->info->channels[c->job->selection.at[i]];
        lec_buf_init(&columns[i].before, FIXED_MAX);
        lec_buf_init(&columns[i].after, FIXED_MAX);
        lec_buf_putc(&columns[i].before, c->separator);
        lec_buf_clear(&c->text);
        lab_clean(&c->text, channel->name);
        put_field(&columns[i].before, c->text.data ? c->text.data : "", c->separator);
        lec_buf_putc(&columns[i].before, c->separator);
        lec_buf_putc(&columns[i].after, c->separator);
        lec_buf_clear(&c->text);
        lab_clean(&c->text, channel->unit);
        put_field(&columns[i].after, c->text.data ? c->text.data : "", c->separator);
        lec_buf_putc(&columns[i].after, c->separator);
        failed = failed || columns[i].before.failed || columns[i].after.failed;
    }
    return failed || c->text.failed ? lec_fail(err, LEC_E_NOMEM, "out of memory") : 0;
}

static char *put_buf(char *to, const struct lec_buf *b)
{
    memcpy(to, b->data, b->len);
    return to + b->len;
}

static char *put_text(char *to, const char *text)
{
    size_t n = strlen(text);
    memcpy(to, text, n);
    return to + n;
}

static char *put_times(struct csv *c, char *to, int64_t t_ns, int64_t wall_us)
{
    to += lab_seconds(to, t_ns, c->point);
    *to++ = c->separator;
    return to + lab_stamp(&c->clock, to, wall_us);
}

static void put_row(struct csv *c, const struct lab_row *row, const struct column *columns, bool raw)
{
    const struct lab_sample *s = &row->sample;
    char *begin = lab_out_room(c->out, 4 * FIXED_MAX), *to = begin;
    to = put_times(c, to, row->gap ? s->gap_ns : s->t_ns, row->gap ? s->gap_wall_us : s->wall_us);
    to = put_buf(to, &columns[row->column].before);
    if (!row->gap)
        to += lab_number(to, s->value, c->point);
    to = put_buf(to, &columns[row->column].after);
    to = put_text(to, row->gap ? "gap" : lab_quality(s->flags, s->value));
    *to++ = c->separator;
    if (row->gap)
        to += lab_integer(to, s->lost);
    if (raw) {
        *to++ = c->separator;
        if (!row->gap)
            to += lab_number(to, s->raw, c->point);
    }
    to = put_text(to, c->newline);
    lab_out_used(c->out, (size_t)(to - begin));
}

static int put_long(struct csv *c, struct lab_rows *rows, struct lec_err *err)
{
    struct column columns[LEC_CHANNELS_MAX] = {0};
    bool raw = c->job->request->raw;
    int rc = make_columns(c, columns, err);
    char head[] = "t_s,time,channel,value,unit,quality,lost,raw";
    for (char *p = head; *p; p++)
        *p = *p == ',' ? c->separator : *p;
    lab_out_put(c->out, head, sizeof head - 1 - (raw ? 0 : strlen(",raw")));
    lab_out_puts(c->out, c->newline);
    struct lab_row row;
    while (rc == 0) {
        rc = lab_rows_next(rows, &row, err);
        if (rc <= 0)
            break;
        put_row(c, &row, columns, raw);
        c->job->rows++;
        c->job->values += row.gap ? 0 : 1;
        rc = c->out->failed ? 1 : 0; /* lab_out_finish says why */
    }
    for (size_t i = 0; i < c->job->selection.n; i++) {
        lec_buf_done(&columns[i].before);
        lec_buf_done(&columns[i].after);
    }
    return rc < 0 ? rc : 0;
}

/* ---- Wide: a row a time, a column a channel ----------------------------------------------------------------- */

/* Columns are named as the channels are; in a spreadsheet with the unit behind it, which is what a diagram's axis needs. */
static void put_name(struct csv *c, size_t i, const char *ending)
{
    const struct lec_run_channel *channel = &c->job->info->channels[c->job->selection.at[i]];
    struct lec_buf name;
    lec_buf_init(&name, FIXED_MAX);
    lab_clean(&name, channel->name);
    lec_buf_puts(&name, ending);
    if (c->sheet && channel->unit[0] && !ending[0]) {
        lec_buf_puts(&name, " (");
        lab_clean(&name, channel->unit);
        lec_buf_putc(&name, ')');
    }
    lec_buf_clear(&c->text);
    lec_buf_putc(&c->text, c->separator);
    put_field(&c->text, name.data ? name.data : "", c->separator);
    lab_out_put(c->out, c->text.data, c->text.len);
    lec_buf_done(&name);
}

static int put_wide(struct csv *c, struct lab_rows *rows, struct lec_err *err)
{
    size_t n = c->job->selection.n;
    const char separator[] = {c->separator, '\0'};
    lab_out_puts(c->out, "t_s");
    lab_out_puts(c->out, separator);
    lab_out_puts(c->out, "time");
    for (size_t i = 0; i < n; i++) {
        put_name(c, i, "");
        if (lab_job_raw(c->job, i))
            put_name(c, i, "_raw");
    }
    lab_out_puts(c->out, separator);
    lab_out_puts(c->out, "quality");
    lab_out_puts(c->out, c->newline);
    struct lab_wide row;
    int rc;
    while ((rc = lab_rows_wide(rows, &row, err)) == 1 && c->out->failed == 0) {
        char *begin = lab_out_room(c->out, 2 * (size_t)LAB_NUMBER * LEC_CHANNELS_MAX + 2 * (size_t)LAB_NOTE);
        char *to = put_times(c, begin, row.t_ns, row.wall_us);
        for (size_t i = 0; i < n; i++) {
            *to++ = c->separator;
            to += lab_number(to, row.value[i], c->point);
            if (lab_job_raw(c->job, i)) {
                *to++ = c->separator;
                to += lab_number(to, row.raw[i], c->point);
            }
            c->job->values += isnan(row.value[i]) ? 0 : 1;
        }
        *to++ = c->separator;
        to = put_text(to, row.quality);
        to = put_text(to, c->newline);
        lab_out_used(c->out, (size_t)(to - begin));
        c->job->rows++;
    }
    return rc < 0 ? rc : 0;
}

int lab_export_csv(struct lab_job *job, struct lec_err *err)
{
    bool sheet = job->request->format == LAB_CSV_VI;
    struct csv c = {.job = job,
                    .out = &job->out,
                    .sheet = sheet,
                    .vi = sheet && job->request->vi,
                    .separator = sheet ? ';' : ',',
                    .point = sheet ? ',' : '.',
                    .newline = sheet ? "\r\n" : "\n"};
    lec_buf_init(&c.text, TEXT_MAX);
    struct lab_rows *rows = NULL;
    if (sheet)
        lab_out_puts(c.out, "\xEF\xBB\xBF");
    int rc = put_comments(&c, err);
    if (rc == 0)
        rc = lab_rows_open(job->runs, job->info, &job->selection, job->request, &rows, err);
    if (rc == 0)
        rc = job->request->shape == LAB_LONG ? put_long(&c, rows, err) : put_wide(&c, rows, err);
    if (rows)
        job->skipped = lab_rows_skipped(rows);
    if (rc == 0 && job->skipped > 0) {
        char text[LAB_NUMBER + 1];
        text[lab_integer(text, job->skipped)] = '\0';
        put_comment(&c, "broken_blocks", text);
    }
    lab_rows_close(&rows);
    lec_buf_done(&c.text);
    return rc;
}
