/* The reader's thread: run.list, run.show, run.read and run.fetch, with a handle of its own. */
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "lectern/log.h"
#include "lectern/member.h"
#include "record/impl.h"

#define SECONDS_MAX 1e9 /* of run time that a query may name */

struct reader {
    struct lec_recorder *r;
    struct lec_runs *runs;
};

/* ---- List and show ------------------------------------------------------------------------------------------ */

static int list(struct reader *a, const struct reading_head *q, struct lec_buf *b, struct lec_err *err)
{
    struct lec_run_summary *at = calloc(q->limit, sizeof *at);
    int n = at ? 0 : lec_fail(err, LEC_E_NOMEM, "out of memory");
    if (n == 0 && a->runs)
        n = lec_runs_list(a->runs, q->before_us, q->limit, at, err);
    if (n >= 0) {
        lec_buf_puts(b, "{\"runs\":[");
        for (int i = 0; i < n; i++) {
            lec_json_next(b);
            lec_buf_putc(b, '{');
            summary_json(&at[i], b);
            lec_buf_putc(b, '}');
        }
        lec_buf_puts(b, "],\"bytes\":");
        lec_json_int(b, a->runs ? lec_runs_size(a->runs) : 0);
        lec_member_int(b, "budget", a->r->budget);
        lec_buf_putc(b, '}');
    }
    free(at);
    return n < 0 ? n : 0;
}

static int show(struct reader *a, const struct reading_head *q, struct lec_buf *b, struct lec_err *err)
{
    struct lec_run_info info;
    int rc = lec_runs_info(a->runs, q->query.run, &info, err);
    if (rc < 0)
        return rc;
    info_json(&info, b);
    lec_run_info_free(&info);
    return 0;
}

/* ---- Read --------------------------------------------------------------------------------------------------- */

static void seconds(struct lec_buf *b, int64_t t_ns)
{
    lec_json_float(b, (double)t_ns / 1e9);
}

static int columns(struct reader *a, const struct lec_record_query *q, const struct lec_run_info *info, size_t channel,
                   int64_t from, int64_t to, struct lec_buf *b, struct lec_err *err)
{
    struct lec_run_column *at = calloc(q->width, sizeof *at);
    int n = at ? lec_runs_columns(a->runs, q->run, channel, from, to, q->width, at, err)
               : lec_fail(err, LEC_E_NOMEM, "out of memory");
    if (n >= 0) {
        lec_json_next(b);
        lec_buf_puts(b, "{\"channel\":");
        lec_json_str(b, info->channels[channel].name);
        const char *const keys[] = {"t", "min", "max", "gap"};
        for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
            lec_json_key(b, keys[k]);
            lec_buf_putc(b, '[');
            for (size_t i = 0; i < q->width; i++) {
                lec_json_next(b);
                if (k == 0)
                    seconds(b, at[i].t_ns);
                else if (k == 1)
                    lec_json_float(b, at[i].min);
                else if (k == 2)
                    lec_json_float(b, at[i].max);
                else
                    lec_json_bool(b, at[i].gap);
            }
            lec_buf_putc(b, ']');
        }
        lec_buf_putc(b, '}');
    }
    free(at);
    return n < 0 ? n : 0;
}

/* The samples of one channel, from the beginning of what is asked for up to its share of the answer. */
struct portion {
    int64_t *t;
    double *value, *raw;
    uint64_t *lost; /* right before each */
    size_t n;
    bool cut;         /* there are more... */
    int64_t cut_t_ns; /* ...from here on */
};

static void portion_done(struct portion *p)
{
    free(p->t);
    free(p->value);
    free(p->raw);
    free(p->lost);
}

static int walk(struct reader *a, const char *run, size_t channel, int64_t from, int64_t to, bool calibrated,
                size_t share, struct portion *p, struct lec_err *err)
{
    struct lec_run_cursor *cursor = NULL;
    struct lec_run_block block;
    uint64_t skipped = 0;
    double *out = calibrated ? p->value : p->raw;
    int rc = lec_runs_walk(a->runs, run, channel, from, to, calibrated, &cursor, err);
    p->n = 0;
    p->cut = false;
    while (rc >= 0 && !p->cut && (rc = lec_run_next(cursor, &block, &skipped, err)) == 1) {
        for (size_t i = 0; i < block.n; i++) {
            int64_t t = block.times ? block.times[i] : block.t_ns + llround((double)i * block.interval_ns);
            if (p->n == share) {
                p->cut = true;
                /* half way from the one before: the time of a sample is rounded, and may come out 1 ns earlier when a walk
                 * begins with it */
                p->cut_t_ns = t - (t - p->t[p->n - 1]) / 2;
                break;
            }
            p->t[p->n] = t;
            p->lost[p->n] = i == 0 ? block.lost : 0;
            out[p->n++] = block.values[i];
        }
    }
    if (cursor)
        lec_run_walk_end(&cursor);
    return rc < 0 ? rc : 0;
}

static int gather(struct reader *a, const struct lec_record_query *q, size_t channel, int64_t from, int64_t to,
                  size_t share, struct portion *p, struct lec_err *err)
{
    p->t = calloc(share, sizeof *p->t);
    p->value = calloc(share, sizeof *p->value);
    p->raw = calloc(share, sizeof *p->raw);
    p->lost = calloc(share, sizeof *p->lost);
    if (!p->t || !p->value || !p->raw || !p->lost)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    int rc = q->raw ? walk(a, q->run, channel, from, to, false, share, p, err) : 0;
    return rc < 0 ? rc : walk(a, q->run, channel, from, to, true, share, p, err);
}

static void portion_json(const struct portion *p, const char *name, bool raw, int64_t before, struct lec_buf *b)
{
    size_t n = 0;
    while (n < p->n && p->t[n] < before)
        n++;
    lec_json_next(b);
    lec_buf_puts(b, "{\"channel\":");
    lec_json_str(b, name);
    for (int k = 0; k < (raw ? 3 : 2); k++) {
        lec_json_key(b, k == 0 ? "t" : k == 1 ? "value" : "raw");
        lec_buf_putc(b, '[');
        for (size_t i = 0; i < n; i++) {
            lec_json_next(b);
            if (k == 0)
                seconds(b, p->t[i]);
            else
                lec_json_float(b, k == 1 ? p->value[i] : p->raw[i]);
        }
        lec_buf_putc(b, ']');
    }
    lec_json_key(b, "gaps");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (p->lost[i] == 0)
            continue;
        lec_json_next(b);
        lec_buf_putc(b, '[');
        seconds(b, p->t[i]);
        lec_buf_putc(b, ',');
        lec_json_int(b, (int64_t)p->lost[i]);
        lec_buf_putc(b, ']');
    }
    lec_buf_puts(b, "]}");
}

/* The channels that are asked for, as indices. */
static int choose(const struct lec_record_query *q, const struct lec_run_info *info, size_t out[], size_t *n,
                  struct lec_err *err)
{
    *n = 0;
    for (size_t i = 0; q->n_channels == 0 && i < info->n_channels && i < LEC_CHANNELS_MAX; i++)
        out[(*n)++] = i;
    for (size_t i = 0; i < q->n_channels; i++) {
        size_t c = 0;
        while (c < info->n_channels && strcmp(info->channels[c].name, q->channels[i]) != 0)
            c++;
        if (c == info->n_channels)
            return lec_fail(err, LEC_E_RANGE, "run %s has no channel \"%s\"", q->run, q->channels[i]);
        out[(*n)++] = c;
    }
    return 0;
}

/* The time of the first sample: before 0 where something was kept from before the trigger. */
static int64_t first_time(struct reader *a, const struct lec_record_query *q, const size_t chosen[], size_t n)
{
    int64_t first = 0;
    for (size_t i = 0; i < n; i++) {
        struct lec_run_cursor *cursor = NULL;
        struct lec_run_block block;
        struct lec_err err;
        uint64_t skipped = 0;
        if (lec_runs_walk(a->runs, q->run, chosen[i], -LEC_RUN_LONGEST_NS, LEC_RUN_LONGEST_NS, false, &cursor, &err) <
            0)
            continue;
        if (lec_run_next(cursor, &block, &skipped, &err) == 1) {
            int64_t t = block.times ? block.times[0] : block.t_ns;
            first = t < first ? t : first;
        }
        lec_run_walk_end(&cursor);
    }
    return first;
}

static int64_t bound(double s)
{
    double held = s < -SECONDS_MAX ? -SECONDS_MAX : s > SECONDS_MAX ? SECONDS_MAX : s;
    return llround(held * 1e9);
}

static int read_columns(struct reader *a, const struct lec_record_query *q, const struct lec_run_info *info,
                        const size_t chosen[], size_t n, struct lec_buf *b, struct lec_err *err)
{
    int rc = 0;
    int64_t from = q->has_from ? bound(q->from) : first_time(a, q, chosen, n);
    int64_t to = q->has_to ? bound(q->to) : info->summary.duration_ns + 1;
    if (to <= from)
        to = from + 1;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = columns(a, q, info, chosen[i], from, to, b, err);
    lec_buf_putc(b, ']');
    return rc;
}

static int read_samples(struct reader *a, const struct lec_record_query *q, const struct lec_run_info *info,
                        const size_t chosen[], size_t n, struct lec_buf *b, struct lec_err *err)
{
    struct portion portions[LEC_CHANNELS_MAX] = {0};
    int64_t from = q->has_from ? bound(q->from) : -LEC_RUN_LONGEST_NS, more = LEC_NEVER;
    int64_t to = q->has_to ? bound(q->to) : LEC_RUN_LONGEST_NS;
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = gather(a, q, chosen[i], from, to, LEC_READ_SAMPLES / n, &portions[i], err);
        if (rc == 0 && portions[i].cut && portions[i].cut_t_ns < more)
            more = portions[i].cut_t_ns;
    }
    for (size_t i = 0; i < n && rc == 0; i++)
        portion_json(&portions[i], info->channels[chosen[i]].name, q->raw, more, b);
    for (size_t i = 0; i < n; i++)
        portion_done(&portions[i]);
    lec_buf_putc(b, ']');
    if (more != LEC_NEVER) {
        lec_json_key(b, "more");
        seconds(b, more);
    }
    return rc;
}

static int read_run(struct reader *a, const struct reading_head *head, struct lec_buf *b, struct lec_err *err)
{
    const struct lec_record_query *q = &head->query;
    struct lec_run_info info;
    size_t chosen[LEC_CHANNELS_MAX], n;
    int rc = lec_runs_info(a->runs, q->run, &info, err);
    if (rc < 0)
        return rc;
    rc = choose(q, &info, chosen, &n, err);
    lec_buf_puts(b, "{\"run\":");
    lec_json_str(b, q->run);
    lec_json_key(b, "channels");
    lec_buf_putc(b, '[');
    if (rc == 0 && q->width > 0)
        rc = read_columns(a, q, &info, chosen, n, b, err);
    else if (rc == 0)
        rc = read_samples(a, q, &info, chosen, n, b, err);
    lec_buf_putc(b, '}');
    lec_run_info_free(&info);
    return rc;
}

/* ---- Fetch -------------------------------------------------------------------------------------------------- */

static void base64(const unsigned char *data, size_t n, struct lec_buf *b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t bits = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                        (left > 2 ? (uint32_t)data[i + 2] : 0);
        char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63], left > 1 ? digits[bits >> 6 & 63] : '=',
                        left > 2 ? digits[bits & 63] : '='};
        lec_buf_put(b, four, sizeof four);
    }
}

static int fetch(const struct reading_head *q, const char *path, struct lec_buf *b, struct lec_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    unsigned char *data = malloc(LEC_FETCH_BYTES);
    ssize_t n = -1;
    if (fd >= 0 && data && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && q->offset <= INT64_MAX)
        n = pread(fd, data, LEC_FETCH_BYTES, (off_t)q->offset);
    if (n >= 0) {
        lec_buf_puts(b, "{\"data\":\"");
        base64(data, (size_t)n, b);
        lec_buf_puts(b, "\",\"more\":");
        lec_json_bool(b, (off_t)q->offset + n < st.st_size);
        lec_buf_putc(b, '}');
    }
    free(data);
    if (fd >= 0)
        close(fd);
    return n < 0 ? lec_fail(err, LEC_E_RANGE, "there is no such exported file; they are kept for an hour") : 0;
}

/* ---- The loop ----------------------------------------------------------------------------------------------- */

static int opened(struct reader *a, struct lec_err *err)
{
    return a->runs ? 0 : lec_runs_open_read(a->r->file, &a->runs, err);
}

/* The recorder looks at the file, unless it has it open and will notice itself; what is broken it salvages. */
static void damaged(struct reader *a, const struct reading_head *q, const struct lec_err *err)
{
    struct command_head check = {.command = COMMAND_CHECK};
    lec_log(LEC_LOG_ERROR, "reading runs: %s", err->text);
    (void)lec_mailbox_put(a->r->commands, &check, sizeof check, NULL, 0); /* full: the next who reads says so again */
    tell_refusal(a->r, q->token, LEC_E_BUSY, "the run file is damaged and is being repaired; try again");
}

static void serve(struct reader *a, const struct lec_letter *letter)
{
    struct reading_head q;
    struct lec_buf b;
    struct lec_err err = {.text = ""};
    memcpy(&q, letter->data, sizeof q);
    lec_buf_init(&b, LEC_RECORDED_MAX);
    int rc = q.reading == READING_FETCH ? 0 : opened(a, &err);
    if (rc == LEC_E_RANGE) /* nothing was recorded yet */
        rc = q.reading == READING_LIST ? 0 : lec_fail(&err, LEC_E_RANGE, "no run \"%s\"", q.query.run);
    if (rc == 0) {
        switch (q.reading) {
        case READING_LIST:
            rc = list(a, &q, &b, &err);
            break;
        case READING_SHOW:
            rc = show(a, &q, &b, &err);
            break;
        case READING_READ:
            rc = read_run(a, &q, &b, &err);
            break;
        case READING_FETCH:
            rc = fetch(&q, letter->data + sizeof q, &b, &err);
            break;
        }
    }
    if (rc == LEC_E_FRAME)
        damaged(a, &q, &err);
    else if (rc < 0)
        tell_refusal(a->r, q.token, rc, err.text);
    else
        tell_answer(a->r, q.token, &b);
    if (rc == LEC_E_FRAME || rc == LEC_E_LINK) /* opened anew: the recorder may have salvaged it meanwhile */
        lec_runs_close(&a->runs);
    lec_buf_done(&b);
}

void *reader_main(void *recorder)
{
    struct reader a = {.r = recorder};
    int64_t idle_at = LEC_NEVER;
    while (!a.r->closing) {
        struct lec_letter *letter = lec_mailbox_take(a.r->readings);
        if (letter) {
            serve(&a, letter);
            free(letter);
            idle_at = a.runs ? lec_now() + IDLE_NS : LEC_NEVER;
        } else if (lec_now() >= idle_at) {
            lec_runs_close(&a.runs);
            malloc_trim(0);
            idle_at = LEC_NEVER;
        } else {
            lec_waiter_wait(a.r->reader.waiter, idle_at);
        }
    }
    lec_runs_close(&a.runs);
    return NULL;
}
