/* JSON lines: the documents of the Bluesky event model, one ["name", {document}] a line: start, descriptor (as the run file has
 * them), an event_page for up to PAGE samples of one channel, in order of time, and stop. Gaps and marks are streams of their own
 * with a descriptor each.
 * Source: lab-protocols.md, section 6. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "export.h"
#include "lectern/member.h"
#include "number.h"

#define PAGE     ((size_t)4096)        /* samples in one document */
#define LINE_MAX ((size_t)1024 * 1024) /* bytes of one; a sample takes at most 220 */
#define UID      96
#define RAW_NAME 80

struct lines {
    struct lab_job *job;
    struct lec_buf line;
    char start[UID], descriptor[UID]; /* uids of the run's own documents */
    uint64_t seq[LEC_CHANNELS_MAX];
    uint64_t gaps, marks;
};

/* One channel with a block that waits for its turn. */
struct lane {
    struct lab_reader *reader;
    struct lab_block block;
    bool there;
};

static void end_line(struct lines *l)
{
    lec_buf_puts(&l->line, "]\n");
    if (!l->line.failed)
        lab_out_put(&l->job->out, l->line.data, l->line.len);
}

static void begin_line(struct lines *l, const char *name)
{
    lec_buf_clear(&l->line);
    lec_buf_printf(&l->line, "[\"%s\",", name);
}

static void put_uid(struct lines *l, const char *key, const char *uid, const char *ending)
{
    char text[UID + 16];
    snprintf(text, sizeof text, "%s%s", uid, ending);
    lec_member_str(&l->line, key, text);
}

static void put_seconds(struct lines *l, int64_t us)
{
    char text[LAB_NUMBER];
    int64_t ns;
    if (__builtin_mul_overflow(us, INT64_C(1000), &ns))
        lec_buf_puts(&l->line, "null");
    else
        lec_buf_put(&l->line, text, lab_seconds(text, ns, '.'));
}

static void put_value(struct lines *l, double v)
{
    char text[LAB_NUMBER];
    size_t n = lab_number(text, v, '.');
    if (n > 0)
        lec_buf_put(&l->line, text, n);
    else
        lec_buf_puts(&l->line, "null");
}

/* The run's descriptor knows the channels; raw values that go with them are data keys of their own. */
static void describe_raw(const struct lab_job *job, json_t *descriptor)
{
    json_t *keys = json_object_get(descriptor, "data_keys");
    for (size_t i = 0; i < job->selection.n; i++) {
        const struct lec_run_channel *c = &job->info->channels[job->selection.at[i]];
        char name[RAW_NAME];
        snprintf(name, sizeof name, "%s_raw", c->name);
        if (lab_job_raw(job, i))
            json_object_set_new(keys, name,
                                json_pack("{s:s, s:s, s:[]}", "source", c->source, "dtype", "number", "shape"));
    }
}

/* A stored document, but for the descriptor as it is; what is not one line of JSON (a broken file) is left out. Its uid is told. */
static bool put_document(struct lines *l, const char *name, const char *text, char uid[UID])
{
    json_t *doc = text ? json_loads(text, 0, NULL) : NULL;
    if (strcmp(name, "descriptor") == 0)
        describe_raw(l->job, doc);
    char *compact = json_is_object(doc) ? json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    if (compact) {
        const char *found = json_string_value(json_object_get(doc, "uid"));
        if (uid && found)
            snprintf(uid, UID, "%s", found);
        begin_line(l, name);
        lec_buf_puts(&l->line, compact);
        end_line(l);
    }
    free(compact);
    json_decref(doc);
    return compact != NULL;
}

/* The descriptor of a stream of ours: its data keys as "name:dtype" pairs. */
static void put_descriptor(struct lines *l, const char *stream, const char *const *keys, size_t n)
{
    char ending[16];
    snprintf(ending, sizeof ending, "-%s", stream);
    begin_line(l, "descriptor");
    lec_buf_putc(&l->line, '{');
    put_uid(l, "uid", l->descriptor, ending);
    put_uid(l, "run_start", l->start, "");
    lec_json_key(&l->line, "time");
    put_seconds(l, l->job->info->summary.start_us);
    lec_member_str(&l->line, "name", stream);
    lec_buf_puts(&l->line, ",\"data_keys\":{");
    for (size_t i = 0; i + 1 < n; i += 2) {
        lec_json_key(&l->line, keys[i]);
        lec_buf_printf(&l->line, "{\"source\":\"lectern\",\"dtype\":\"%s\",\"shape\":[]}", keys[i + 1]);
    }
    lec_buf_puts(&l->line, "}}");
    end_line(l);
}

/* An event of such a stream up to its data, which the caller writes: name after name. */
static void begin_event(struct lines *l, const char *stream, uint64_t seq, int64_t us)
{
    char ending[16], uid[48];
    snprintf(ending, sizeof ending, "-%s", stream);
    snprintf(uid, sizeof uid, "-%s-%llu", stream, (unsigned long long)seq);
    begin_line(l, "event");
    lec_buf_putc(&l->line, '{');
    lec_json_key(&l->line, "uid");
    lec_buf_printf(&l->line, "\"%s%s\"", l->job->info->summary.id, uid);
    put_uid(l, "descriptor", l->descriptor, ending);
    lec_member_int(&l->line, "seq_num", (int64_t)seq);
    lec_json_key(&l->line, "time");
    put_seconds(l, us);
    lec_buf_puts(&l->line, ",\"data\":{");
}

static void end_event(struct lines *l, const char *const *keys, size_t n, int64_t us)
{
    lec_buf_puts(&l->line, "},\"timestamps\":{");
    for (size_t i = 0; i + 1 < n; i += 2) {
        lec_json_key(&l->line, keys[i]);
        put_seconds(l, us);
    }
    lec_buf_puts(&l->line, "}}");
    end_line(l);
}

static const char *const gap_keys[] = {"channel", "string", "t_s", "number", "lost", "integer"};
static const char *const mark_keys[] = {"kind", "string", "channel", "string",  "text", "string",
                                        "t_s",  "number", "lost",    "integer", "by",   "string"};

static void put_t(struct lines *l, int64_t t_ns)
{
    char text[LAB_NUMBER];
    lec_json_key(&l->line, "t_s");
    lec_buf_put(&l->line, text, lab_seconds(text, t_ns, '.'));
}

static void put_gap(struct lines *l, const char *channel, const struct lab_block *b)
{
    int64_t us = lab_wall(l->job->info->summary.start_us, b->gap_ns, b->correction_us);
    if (l->gaps == 0)
        put_descriptor(l, "gaps", gap_keys, ARRAY_LEN(gap_keys));
    begin_event(l, "gaps", ++l->gaps, us);
    lec_member_str(&l->line, "channel", channel);
    put_t(l, b->gap_ns);
    lec_member_int(&l->line, "lost", b->lost > INT64_MAX ? INT64_MAX : (int64_t)b->lost);
    end_event(l, gap_keys, ARRAY_LEN(gap_keys), us);
    l->job->rows++;
}

static void put_marks(struct lines *l)
{
    const struct lec_run_info *info = l->job->info;
    if (info->n_marks > 0)
        put_descriptor(l, "marks", mark_keys, ARRAY_LEN(mark_keys));
    for (size_t i = 0; i < info->n_marks; i++) {
        const struct lec_run_mark *m = &info->marks[i];
        int64_t us = lab_wall(info->summary.start_us, m->t_ns, 0);
        begin_event(l, "marks", ++l->marks, us);
        lec_member_str(&l->line, "kind", m->kind);
        lec_member_str(&l->line, "channel", m->channel);
        lec_member_str(&l->line, "text", m->text);
        put_t(l, m->t_ns);
        lec_member_int(&l->line, "lost", m->lost > INT64_MAX ? INT64_MAX : (int64_t)m->lost);
        lec_member_str(&l->line, "by", m->by);
        end_event(l, mark_keys, ARRAY_LEN(mark_keys), us);
    }
}

static void put_times(struct lines *l, const struct lab_block *b, size_t from, size_t n)
{
    int64_t start = l->job->info->summary.start_us;
    lec_buf_putc(&l->line, '[');
    for (size_t i = 0; i < n; i++) {
        lec_json_next(&l->line);
        put_seconds(l, lab_wall(start, b->t[from + i], b->correction_us));
    }
    lec_buf_putc(&l->line, ']');
}

static void put_values(struct lines *l, const double *values, size_t n)
{
    lec_buf_putc(&l->line, '[');
    for (size_t i = 0; i < n; i++) {
        lec_json_next(&l->line);
        put_value(l, values[i]);
    }
    lec_buf_putc(&l->line, ']');
}

static void put_page(struct lines *l, size_t column, const struct lab_block *b, size_t from, size_t n)
{
    const struct lec_run_channel *c = &l->job->info->channels[l->job->selection.at[column]];
    bool raw = lab_job_raw(l->job, column);
    char raw_name[RAW_NAME];
    snprintf(raw_name, sizeof raw_name, "%s_raw", c->name);
    begin_line(l, "event_page");
    lec_buf_putc(&l->line, '{');
    put_uid(l, "descriptor", l->descriptor, "");
    lec_buf_puts(&l->line, ",\"uid\":[");
    for (size_t i = 0; i < n; i++) {
        lec_json_next(&l->line);
        lec_buf_printf(&l->line, "\"%s-%llu\"", c->name, (unsigned long long)(l->seq[column] + i + 1));
    }
    lec_buf_puts(&l->line, "],\"seq_num\":[");
    for (size_t i = 0; i < n; i++) {
        lec_json_next(&l->line);
        lec_json_int(&l->line, (int64_t)(++l->seq[column]));
    }
    lec_buf_puts(&l->line, "],\"time\":");
    put_times(l, b, from, n);
    lec_buf_puts(&l->line, ",\"data\":{");
    lec_json_key(&l->line, c->name);
    put_values(l, b->value + from, n);
    if (raw) {
        lec_json_key(&l->line, raw_name);
        put_values(l, b->raw + from, n);
    }
    lec_buf_puts(&l->line, "},\"timestamps\":{");
    lec_json_key(&l->line, c->name);
    put_times(l, b, from, n);
    if (raw) {
        lec_json_key(&l->line, raw_name);
        put_times(l, b, from, n);
    }
    lec_buf_puts(&l->line, "},\"filled\":{}}");
    end_line(l);
    l->job->rows += n;
    l->job->values += n;
}

static int put_blocks(struct lines *l, struct lane *lanes, struct lec_err *err)
{
    size_t n = l->job->selection.n;
    for (;;) {
        struct lane *first = NULL;
        for (size_t i = 0; i < n; i++)
            if (lanes[i].there && (!first || lanes[i].block.t[0] < first->block.t[0]))
                first = &lanes[i];
        if (!first || l->line.failed || l->job->out.failed)
            return l->line.failed ? lec_fail(err, LEC_E_NOMEM, "a document does not fit") : 0;
        size_t column = (size_t)(first - lanes);
        const struct lab_block *b = &first->block;
        if (b->lost > 0)
            put_gap(l, l->job->info->channels[l->job->selection.at[column]].name, b);
        for (size_t at = 0; at < b->n; at += PAGE)
            put_page(l, column, b, at, b->n - at < PAGE ? b->n - at : PAGE);
        int rc = lab_reader_block(first->reader, &first->block, err);
        if (rc < 0)
            return rc;
        first->there = rc == 1;
        struct lab_block tail;
        if (rc == 0 && lab_reader_tail(first->reader, &tail))
            put_gap(l, l->job->info->channels[l->job->selection.at[column]].name, &tail);
    }
}

int lab_export_jsonl(struct lab_job *job, struct lec_err *err)
{
    const struct lec_run_info *info = job->info;
    struct lines l = {.job = job};
    struct lane lanes[LEC_CHANNELS_MAX] = {0};
    int rc = 0;
    lec_buf_init(&l.line, LINE_MAX);
    snprintf(l.start, sizeof l.start, "%s", info->summary.id);
    snprintf(l.descriptor, sizeof l.descriptor, "%s-data", info->summary.id);
    if (!put_document(&l, "start", info->start_doc, l.start) ||
        !put_document(&l, "descriptor", info->descriptor_doc, l.descriptor))
        rc = lec_fail(err, LEC_E_FRAME, "run %s: its documents are broken", info->summary.id);
    for (size_t i = 0; rc >= 0 && i < job->selection.n; i++) {
        rc = lab_reader_open(job->runs, info, job->selection.at[i], job->request->from_ns, job->request->to_ns,
                             &lanes[i].reader, err);
        if (rc == 0)
            rc = lab_reader_block(lanes[i].reader, &lanes[i].block, err);
        lanes[i].there = rc == 1;
        if (rc == 0 && lab_reader_tail(lanes[i].reader, &lanes[i].block))
            put_gap(&l, info->channels[job->selection.at[i]].name, &lanes[i].block);
    }
    if (rc >= 0)
        rc = put_blocks(&l, lanes, err);
    for (size_t i = 0; i < job->selection.n; i++) {
        if (lanes[i].reader)
            job->skipped += lab_reader_skipped(lanes[i].reader);
        lab_reader_close(&lanes[i].reader);
    }
    if (rc >= 0) {
        put_marks(&l);
        put_document(&l, "stop", info->stop_doc, NULL);
    }
    lec_buf_done(&l.line);
    return rc < 0 ? rc : 0;
}
