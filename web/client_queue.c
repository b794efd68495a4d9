#include "client_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/member.h"

#define QUEUE_FIRST 16

/* ---- The queue ---- */

static bool grow(struct client *c)
{
    size_t size = c->queue_size ? 2 * c->queue_size : QUEUE_FIRST;
    struct queued *bigger = size <= CLIENT_QUEUE_N ? malloc(size * sizeof *bigger) : NULL;
    if (!bigger)
        return false;
    for (size_t i = 0; i < c->queue_n; i++)
        bigger[i] = c->queue[(c->queue_at + i) % c->queue_size];
    free(c->queue);
    c->queue = bigger;
    c->queue_at = 0;
    c->queue_size = size;
    return true;
}

bool client_queue_put(struct client *c, struct message *m, enum queued_kind kind)
{
    size_t most = kind == QUEUED_EVENT ? CLIENT_EVENTS_MAX : CLIENT_QUEUE_MAX;
    bool fits = kind == QUEUED_LARGE || c->queue_bytes + m->size <= most;
    /* events leave the last few places to answers */
    fits = fits && c->queue_n < (kind == QUEUED_EVENT ? CLIENT_QUEUE_N - 64 : CLIENT_QUEUE_N);
    if (fits && c->queue_n == c->queue_size)
        fits = grow(c);
    if (!fits) {
        if (kind != QUEUED_EVENT)
            client_close(c, 4429, "answers wait that the page does not take");
        return false;
    }
    c->queue[(c->queue_at + c->queue_n++) % c->queue_size] =
        (struct queued){.message = message_ref(m), .kind = (unsigned char)kind};
    if (kind != QUEUED_LARGE)
        c->queue_bytes += m->size;
    lws_callback_on_writable(c->wsi);
    return true;
}

bool client_queue_text(struct client *c, const struct lec_buf *text, enum queued_kind kind)
{
    struct message *m = text->failed ? NULL : message_new(text->data, text->len, false);
    bool ok = m && client_queue_put(c, m, kind);
    message_unref(m);
    return ok;
}

bool client_queue_take(struct client *c)
{
    if (c->queue_n == 0)
        return false;
    struct queued *q = &c->queue[c->queue_at];
    c->sending = q->message; /* with its reference */
    c->sending_heavy = q->kind == QUEUED_LARGE;
    if (!c->sending_heavy)
        c->queue_bytes -= q->message->size;
    c->queue_at = (c->queue_at + 1) % c->queue_size;
    c->queue_n--;
    return true;
}

void client_queue_clear(struct client *c)
{
    for (; c->queue_n > 0; c->queue_n--) {
        message_unref(c->queue[c->queue_at].message);
        c->queue_at = (c->queue_at + 1) % c->queue_size;
    }
    c->queue_bytes = 0;
}

/* ---- Events: made once for all pages, unless a page must be told how many it lost ---- */

static struct message *make_event(const struct lec_change *change, const char *method, unsigned lost)
{
    char *body = json_dumps(change->body, JSON_COMPACT);
    struct lec_buf b;
    lec_buf_init(&b, STATE_TEXT_MAX);
    lec_buf_printf(&b, "{\"method\":\"%s\",\"params\":", method);
    if (body && body[0] == '{' && body[1] != '}') {
        lec_buf_put(&b, body, strlen(body) - 1);
        if (change->kind == LEC_CHANGE_TRACE)
            lec_member_str(&b, "line", change->name);
        if (lost > 0)
            lec_member_int(&b, "lost", lost);
        lec_buf_puts(&b, "}}");
    } else {
        b.failed = true;
    }
    struct message *m = b.failed ? NULL : message_new(b.data, b.len, false);
    lec_buf_done(&b);
    free(body);
    return m;
}

/* A block: length, text, spaces, values (web/README.md). */
static struct message *make_block(const struct lec_change *change)
{
    char *text = json_dumps(change->body, JSON_COMPACT);
    size_t n = text ? strlen(text) : 0, from = (4 + n + 7) / 8 * 8, values = change->n_samples * sizeof(double);
    struct message *m = text ? message_new(NULL, from + values, true) : NULL;
    if (m) {
        for (int i = 0; i < 4; i++)
            m->data[i] = (unsigned char)(n >> (8 * i));
        memcpy(m->data + 4, text, n);
        memset(m->data + 4 + n, ' ', from - 4 - n);
        if (values > 0)
            memcpy(m->data + from, change->samples, values);
    }
    free(text);
    return m;
}

static void put_shared(struct client *c, const struct lec_change *change, const char *method, unsigned *lost,
                       struct message **shared)
{
    struct message *m;
    if (*lost > 0) {
        m = make_event(change, method, *lost);
    } else {
        if (!*shared)
            *shared = make_event(change, method, 0);
        m = *shared ? message_ref(*shared) : NULL;
    }
    if (m && client_queue_put(c, m, QUEUED_EVENT))
        *lost = 0;
    else
        (*lost)++;
    message_unref(m);
}

static void put_samples(struct client *c, const struct lec_change *change, struct message **shared)
{
    const char *run = state_text_of(change->body, "run");
    for (size_t i = 0; i < c->follow.n_runs; i++) {
        if (strcmp(c->follow.runs[i], run) != 0)
            continue;
        if (!*shared)
            *shared = make_block(change);
        if (c->gap[i] || !*shared || !client_queue_put(c, *shared, QUEUED_EVENT))
            c->gap[i] = true; /* what comes behind a gap is of no use before the page was told of it */
    }
}

void client_event(struct client *c, const struct lec_change *change, struct message **shared)
{
    if (c->closing || c->hello_due)
        return;
    if (change->kind == LEC_CHANGE_EVENT && c->follow.events)
        put_shared(c, change, "event", &c->lost_events, shared);
    else if (change->kind == LEC_CHANGE_JOURNAL && c->follow.journal)
        put_shared(c, change, "journal", &c->lost_journal, shared);
    else if (change->kind == LEC_CHANGE_TRACE && c->follow.trace)
        put_shared(c, change, "trace", &c->lost_traces, shared);
    else if (change->kind == LEC_CHANGE_SAMPLE)
        put_samples(c, change, shared);
    else if (change->kind == LEC_CHANGE_GAP && strcmp(change->name, "sample") == 0)
        for (size_t i = 0; i < c->follow.n_runs; i++)
            c->gap[i] = true;
    else if (change->kind == LEC_CHANGE_GAP && strcmp(change->name, "event") == 0)
        c->lost_events++;
    else if (change->kind == LEC_CHANGE_GAP && strcmp(change->name, "journal") == 0)
        c->lost_journal++;
    else if (change->kind == LEC_CHANGE_GAP && strcmp(change->name, "trace") == 0)
        c->lost_traces++;
}

void client_queue_tell_gaps(struct client *c)
{
    for (size_t i = 0; i < c->follow.n_runs; i++) {
        if (!c->gap[i] || c->queue_bytes > CLIENT_EVENTS_MAX / 2)
            continue;
        struct lec_buf b;
        lec_buf_init(&b, 1024);
        lec_buf_puts(&b, "{\"method\":\"gap\",\"params\":{\"run\":");
        lec_json_str(&b, c->follow.runs[i]);
        lec_buf_puts(&b, "}}");
        c->gap[i] = !client_queue_text(c, &b, QUEUED_EVENT);
        lec_buf_done(&b);
    }
}
