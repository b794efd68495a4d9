#include "line/actor.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lectern/log.h"
#include "lectern/program.h"
#include "line/line.h"

struct lec_line_actor {
    pthread_t thread;
    bool has_thread;
    struct line line;
    struct lec_line_setup setup;
};

#define COUNTERS_EVERY_NS LEC_SEC

/* Waits with the core when its inbox is full. Only that the line has ended must arrive also when it shall end, unless
 * nobody takes letters any more. */
void line_tell(struct line *line, const struct lec_head *head, const void *data, size_t n)
{
    nfds_t n_items = head->tell == LEC_TELL_ENDED ? 0 : 1;
    struct pollfd cancelled = {.fd = line->cancel_fd, .events = POLLIN};
    while (lec_mailbox_put(line->inbox, head, sizeof *head, data, n) == LEC_E_NOMEM)
        if (atomic_load_explicit(&line->unheard, memory_order_acquire) || poll(&cancelled, n_items, 1) > 0)
            return;
}

bool line_wanted(struct line *line)
{
    return lec_mailbox_any(line->requests);
}

static void take(struct line *line, const struct lec_request *r)
{
    if (r->device >= line->n_devices && r->ask != LEC_ASK_STOP && r->ask != LEC_ASK_TRACE)
        return;
    switch (r->ask) {
    case LEC_ASK_SET:
    case LEC_ASK_INVOKE:
    case LEC_ASK_READ:
    case LEC_ASK_STOP:
        ops_take(line, r);
        break;
    case LEC_ASK_NOTICE: {
        struct line_device *d = &line->devices[r->device];
        struct lec_err err;
        int rc = lec_hosted_notice(&d->h, r->data, r->len, &err);
        if (rc < 0)
            lec_log(LEC_LOG_DEBUG, "device %s: notice: %s", d->h.dev.desc->name, err.text);
        device_flush(d);
        device_heard(d);
        break;
    }
    case LEC_ASK_RATE:
        device_rate(&line->devices[r->device], r);
        break;
    case LEC_ASK_TRACE:
        line->trace = r->on;
        break;
    }
}

static void take_all(struct line *line)
{
    static_assert(sizeof(struct lec_request) < 8192, "a request fits on the stack");
    struct lec_request r;
    struct lec_letter *letter;
    if (atomic_load_explicit(&line->end, memory_order_acquire))
        line->ending = true;
    while ((letter = lec_mailbox_take(line->requests))) {
        if (letter->n >= offsetof(struct lec_request, values) && letter->n <= sizeof r) {
            memcpy(&r, letter->data, letter->n);
            take(line, &r);
        }
        free(letter);
    }
}

/* Bytes came (or the other side hung up) while nobody was asking. */
static void unasked(struct line *line)
{
    bool heard = false;
    for (size_t i = 0; i < line->n_devices; i++) {
        struct line_device *d = &line->devices[i];
        if (!d->h.is_open || !d->h.driver->input)
            continue;
        struct lec_err err;
        int rc = lec_hosted_input(&d->h, &err);
        heard = true;
        if (d->streams) {
            stream_input(d, rc, &err);
            line->gather_until = lec_now() + STREAM_GATHER_NS;
        } else if (rc < 0 && rc != LEC_E_CANCELLED) {
            device_after(d, rc, 0, &err);
        }
        device_flush(d);
    }
    if (heard || !line->port.link)
        return;
    char stray[256];
    struct lec_err err;
    ssize_t n = lec_link_recv(line->port.link, stray, sizeof stray, 0, &err);
    if (n == LEC_E_LINK)
        line_close_link(line); /* idle, and closed by the device: opened again when there is something to say */
}

/* Waits for a request, bytes, cancellation, or `wake`. Bytes of a stream that was just looked at may wait a moment: a
 * device that sends a line each millisecond shall not wake us a thousand times a second. */
static void wait_for_work(struct line *line, int64_t wake)
{
    bool gathers = line->gather_until > lec_now();
    if (gathers && line->port.link && line->gather_until < wake)
        wake = line->gather_until;
    if (line->port.link)
        lec_link_listen(line->port.link, gathers ? NULL : line->waiter, LINE_INPUT);
    uint64_t ready = lec_waiter_wait(line->waiter, wake);
    if (ready & 1u << LINE_CANCEL)
        line->ending = true;
    if (ready & 1u << LINE_INPUT)
        unasked(line);
    else if (line->port.link)
        lec_link_quiet(line->port.link);
}

static void tell_counters(struct line *line, int64_t now)
{
    if (now < line->counters_at)
        return;
    line->counters_at = now + COUNTERS_EVERY_NS;
    line->port.counters.open = line->port.link != NULL;
    if (memcmp(&line->told_counters, &line->port.counters, sizeof line->told_counters) == 0)
        return;
    line->told_counters = line->port.counters;
    struct lec_head head = {.tell = LEC_TELL_COUNTERS, .line = line->number};
    line_tell(line, &head, &line->told_counters, sizeof line->told_counters);
}

/* The device whose poll is most overdue, or NULL; *wake becomes the earliest moment of any. */
static struct line_device *next_poll(struct line *line, int64_t now, int64_t *wake)
{
    struct line_device *best = NULL;
    int64_t best_at = LEC_NEVER;
    for (size_t i = 0; i < line->n_devices; i++) {
        int64_t at = device_next(&line->devices[i]);
        if (at < best_at) {
            best_at = at;
            best = &line->devices[i];
        }
    }
    if (best_at < *wake)
        *wake = best_at;
    return best && best_at <= now ? best : NULL;
}

/* A connection that nobody used for the profile's `idle` is closed by us, before the device does it. */
static int64_t close_idle(struct line *line, int64_t now)
{
    if (!line->port.link || !line->desc || line->desc->kind != LEC_LINE_TCP)
        return LEC_NEVER;
    int64_t idle = line->devices[0].h.dev.desc->idle_ns;
    if (idle <= 0)
        return LEC_NEVER;
    if (now >= line->last_traffic + idle) {
        line_close_link(line);
        return LEC_NEVER;
    }
    return line->last_traffic + idle;
}

static void flush_fresh(struct line *line, int64_t now)
{
    if (now < line->flush_at)
        return;
    for (size_t i = 0; i < line->n_devices; i++)
        device_flush_now(&line->devices[i]);
    line->flush_at = LEC_NEVER;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void run(struct line *line)
{
    while (!line->ending) {
        take_all(line);
        int64_t wake = LEC_NEVER;
        if (line->ending || ops_run(line, &wake))
            continue;
        int64_t now = lec_now();
        flush_fresh(line, now);
        tell_counters(line, now);
        struct line_device *d = next_poll(line, now, &wake);
        if (d) {
            device_poll(d);
            continue;
        }
        wake = earlier(wake, close_idle(line, now));
        wake = earlier(wake, line->flush_at);
        if (memcmp(&line->told_counters, &line->port.counters, sizeof line->told_counters) != 0)
            wake = earlier(wake, line->counters_at);
        wait_for_work(line, wake);
    }
}

/* A poll gives way between two exchanges to what goes before polls. */
static bool may_yield(void *ctx)
{
    struct line *line = ctx;
    return line->yield_ok && line_wanted(line);
}

static void *thread_main(void *arg)
{
    struct lec_line_actor *actor = arg;
    struct line *line = &actor->line;
    run(line);
    take_all(line); /* what was asked before the end gets its verdict too */
    ops_end_all(line);
    for (size_t i = 0; i < line->n_devices; i++)
        device_done(&line->devices[i]);
    line_close_link(line);
    struct lec_head head = {.tell = LEC_TELL_ENDED, .line = line->number};
    line_tell(line, &head, NULL, 0);
    return NULL;
}

static int start_thread(struct lec_line_actor *actor, struct lec_err *err)
{
    int rc = lec_thread_begin(&actor->thread, NULL, thread_main, actor);
    if (rc != 0)
        return lec_fail(err, LEC_E_NOMEM, "the line's thread cannot start: %s", strerrordesc_np(rc));
    actor->has_thread = true;
    return 0;
}

int lec_line_begin(const struct lec_line_setup *setup, struct lec_line_actor **out, struct lec_report *report,
                   struct lec_err *err)
{
    struct lec_line_actor *actor = calloc(1, sizeof *actor);
    if (!actor)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    struct line *line = &actor->line;
    actor->setup = *setup;
    line->setup = &actor->setup;
    line->number = setup->number;
    line->desc = setup->line;
    line->pause_ns = PAUSE_FIRST_NS;
    line->flush_at = LEC_NEVER;
    line->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    line->requests = lec_mailbox_new(LEC_LINE_REQUESTS, LEC_LINE_REQUESTS * sizeof(struct lec_request));
    line->waiter = lec_waiter_new();
    line->inbox = setup->inbox;
    line->port =
        (struct lec_port){.line = setup->line, .cancel_fd = line->cancel_fd, .yield = may_yield, .yield_ctx = line};
    line->devices = calloc(setup->n_devices, sizeof *line->devices);
    device_sink(line);
    int rc = line->devices && line->requests && line->cancel_fd >= 0 && line->waiter &&
                     lec_waiter_add_mailbox(line->waiter, line->requests, LINE_REQUESTS) == 0 &&
                     lec_waiter_add(line->waiter, line->cancel_fd, LINE_CANCEL) == 0
                 ? 0
                 : lec_fail(err, LEC_E_NOMEM, "out of memory or descriptors");
    for (size_t i = 0; rc == 0 && i < setup->n_devices; i++) {
        rc = device_init(line, i, report);
        if (rc < 0)
            lec_fail(err, rc, "device %s: its profile cannot be used", setup->devices[i]->name);
        else
            line->n_devices++;
    }
    if (rc == 0)
        rc = start_thread(actor, err);
    if (rc < 0)
        lec_line_join(&actor);
    *out = actor;
    return rc;
}

int lec_line_ask(struct lec_line_actor *actor, const struct lec_request *request)
{
    return lec_mailbox_put(actor->line.requests, request, lec_request_size(request), NULL, 0);
}

void lec_line_end(struct lec_line_actor *actor)
{
    atomic_store_explicit(&actor->line.end, true, memory_order_release);
    eventfd_write(actor->line.cancel_fd, 1);
}

void lec_line_join(struct lec_line_actor **at)
{
    struct lec_line_actor *actor = *at;
    if (!actor)
        return;
    struct line *line = &actor->line;
    if (actor->has_thread) {
        atomic_store_explicit(&line->unheard, true, memory_order_release); /* who waits here takes no letters */
        lec_line_end(actor);
        pthread_join(actor->thread, NULL);
    } else {
        for (size_t i = 0; i < line->n_devices; i++)
            device_done(&line->devices[i]);
    }
    lec_waiter_free(&line->waiter);
    lec_mailbox_free(&line->requests);
    if (line->cancel_fd >= 0)
        close(line->cancel_fd);
    free(line->devices);
    free(actor);
    *at = NULL;
}
