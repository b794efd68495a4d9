#include "line/actor.h"

#include <czmq.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lectern/log.h"
#include "line/line.h"

struct lec_line_actor {
    zactor_t *thread;
    struct line line;
    struct lec_line_setup setup;
};

#define COUNTERS_EVERY_NS LEC_SEC

/* Waits with the core when its inbox is full: only this line stands still. */
void line_tell(struct line *line, const struct lec_head *head, const void *data, size_t n)
{
    while (lec_pipe_send2(line->inbox, head, sizeof *head, data, n) < 0) {
        struct pollfd p = {.fd = line->cancel_fd, .events = POLLIN};
        if (poll(&p, 1, 1) > 0 && head->tell != LEC_TELL_ENDED)
            return;
    }
}

bool line_wanted(struct line *line)
{
    /* the core counts after it has sent: for a moment more may have been taken than posted */
    return (int64_t)(atomic_load_explicit(&line->posted, memory_order_acquire) - line->taken) > 0;
}

static void take(struct line *line, const struct lec_request *r)
{
    if (r->device >= line->n_devices && r->ask <= LEC_ASK_NOTICE && r->ask != LEC_ASK_STOP)
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
    case LEC_ASK_TRACE:
        line->trace = r->on;
        break;
    case LEC_ASK_END:
        line->ending = true;
        break;
    }
}

static void take_all(struct line *line)
{
    zmq_msg_t msg;
    static_assert(sizeof(struct lec_request) < 8192, "a request fits on the stack");
    struct lec_request r;
    int n;
    if (!line_wanted(line) && !line->look)
        return; /* asking the socket costs two system calls, and this is asked before every exchange */
    line->look = false;
    while (!line->ending && (n = lec_pipe_recv(line->pipe, &msg)) >= 0) {
        line->taken++;
        if ((size_t)n >= offsetof(struct lec_request, values) && (size_t)n <= sizeof r) {
            memset(&r, 0, offsetof(struct lec_request, values));
            memcpy(&r, zmq_msg_data(&msg), (size_t)n);
            take(line, &r);
        } else if (n > 0 && strncmp(zmq_msg_data(&msg), "$TERM", (size_t)n) == 0) {
            line->taken--; /* CZMQ's own: nobody counted it */
            line->ending = true;
        }
        zmq_msg_close(&msg);
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
        if (rc < 0 && rc != LEC_E_CANCELLED)
            device_after(d, rc, 0, &err);
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

/* Waits for a request, bytes, cancellation, or `wake`. The pipe is waited for by its descriptor: take_all has emptied it
 * before, so that the next message makes it readable. */
static void wait_for_work(struct line *line, int64_t wake)
{
    struct pollfd items[LEC_LINE_OPS];
    nfds_t n = 0;
    items[n++] = (struct pollfd){.fd = line->pipe_fd, .events = POLLIN};
    items[n++] = (struct pollfd){.fd = line->cancel_fd, .events = POLLIN};
    nfds_t first = n;
    if (line->port.link && lec_link_fd(line->port.link) >= 0)
        items[n++] = (struct pollfd){.fd = lec_link_fd(line->port.link), .events = POLLIN};
    for (size_t i = 0; i < line->n_devices && n < LEC_LINE_OPS; i++)
        if (line->devices[i].h.watch_fd >= 0)
            items[n++] = (struct pollfd){.fd = line->devices[i].h.watch_fd, .events = POLLIN};
    if (poll(items, n, lec_ms_until(wake)) <= 0)
        return;
    line->look = items[0].revents != 0;
    if (items[1].revents)
        line->ending = true;
    for (nfds_t i = first; i < n; i++) {
        if (items[i].revents) {
            unasked(line);
            break;
        }
    }
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
        device_flush(&line->devices[i]); /* while flush_at is past: else it would only be set anew */
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
        struct line_device *d = next_poll(line, now, &wake);
        if (d)
            device_poll(d);
        now = lec_now();
        flush_fresh(line, now);
        tell_counters(line, now);
        if (d)
            continue;
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

static void thread_main(zsock_t *pipe, void *arg)
{
    struct lec_line_actor *actor = arg;
    struct line *line = &actor->line;
    line->pipe = zsock_resolve(pipe);
    line->pipe_fd = zsock_fd(pipe);
    line->look = true;
    zsock_t *inbox = zsock_new(ZMQ_PUSH);
    if (inbox) {
        zsock_set_sndhwm(inbox, LEC_INBOX_HWM);
        zsock_set_linger(inbox, 100);
    }
    if (!inbox || zsock_connect(inbox, "%s", actor->setup.inbox) < 0) {
        zsock_destroy(&inbox);
        zsock_signal(pipe, 1);
        return;
    }
    line->inbox = zsock_resolve(inbox);
    zsock_signal(pipe, 0);
    run(line);
    ops_end_all(line);
    for (size_t i = 0; i < line->n_devices; i++)
        device_done(&line->devices[i]);
    line_close_link(line);
    struct lec_head head = {.tell = LEC_TELL_ENDED, .line = line->number};
    line_tell(line, &head, NULL, 0);
    zsock_destroy(&inbox);
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
    line->port =
        (struct lec_port){.line = setup->line, .cancel_fd = line->cancel_fd, .yield = may_yield, .yield_ctx = line};
    line->devices = calloc(setup->n_devices, sizeof *line->devices);
    device_sink(line);
    int rc = line->devices && line->cancel_fd >= 0 ? 0 : lec_fail(err, LEC_E_NOMEM, "out of memory or descriptors");
    for (size_t i = 0; rc == 0 && i < setup->n_devices; i++) {
        rc = device_init(line, i, report);
        if (rc < 0)
            lec_fail(err, rc, "device %s: its profile cannot be used", setup->devices[i]->name);
        else
            line->n_devices++;
    }
    if (rc == 0) {
        actor->thread = zactor_new(thread_main, actor);
        if (!actor->thread)
            rc = lec_fail(err, LEC_E_NOMEM, "the line's thread cannot start");
    }
    if (rc < 0)
        lec_line_join(&actor);
    *out = actor;
    return rc;
}

int lec_line_ask(struct lec_line_actor *actor, const struct lec_request *request)
{
    int rc = lec_pipe_send(zsock_resolve(actor->thread), request, lec_request_size(request));
    if (rc == 0)
        atomic_fetch_add_explicit(&actor->line.posted, 1, memory_order_release);
    return rc;
}

void lec_line_end(struct lec_line_actor *actor)
{
    uint64_t one = 1;
    ssize_t n = write(actor->line.cancel_fd, &one, sizeof one);
    (void)n; /* it can only fail when it is readable already */
    struct lec_request end = {.ask = LEC_ASK_END};
    lec_line_ask(actor, &end);
}

void lec_line_join(struct lec_line_actor **at)
{
    struct lec_line_actor *actor = *at;
    if (!actor)
        return;
    struct line *line = &actor->line;
    if (actor->thread) {
        zactor_destroy(&actor->thread);
    } else {
        for (size_t i = 0; i < line->n_devices; i++)
            device_done(&line->devices[i]);
    }
    if (line->cancel_fd >= 0)
        close(line->cancel_fd);
    free(line->devices);
    free(actor);
    *at = NULL;
}
