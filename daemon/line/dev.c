#include "line/dev.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MAX_NS (2 * LEC_SEC)

static struct lec_hosted *hosted(struct lec_dev *dev)
{
    return (struct lec_hosted *)dev; /* dev is its first member */
}

static const struct lec_hosted *hosted_const(const struct lec_dev *dev)
{
    return (const struct lec_hosted *)dev;
}

/* ---- Bytes -------------------------------------------------------------------------------------------------- */

static void trace(struct lec_hosted *h, char dir, const void *data, size_t n)
{
    if (h->sink->trace)
        h->sink->trace(h->sink->ctx, h->dev.desc, dir, data, n);
}

/* The link's sentence for a time-out does not know how long was allowed. */
static int no_reply(const struct lec_hosted *h, int rc, struct lec_err *err)
{
    char text[32];
    if (rc == LEC_E_TIMEOUT)
        return lec_fail(err, rc, "no reply in %s", lec_print_duration(h->allowed_ns, text, sizeof text));
    return rc;
}

static int not_open(struct lec_err *err)
{
    return lec_fail(err, LEC_E_LINK, "the line is not open");
}

int lec_line_yield(struct lec_dev *dev, struct lec_err *err)
{
    const struct lec_port *port = hosted(dev)->port;
    if (port->yield && port->yield(port->yield_ctx))
        return lec_fail(err, LEC_E_CANCELLED, "something more pressing goes first");
    return 0;
}

int lec_line_send(struct lec_dev *dev, const void *data, size_t n, struct lec_err *err)
{
    struct lec_hosted *h = hosted(dev);
    struct lec_port *port = h->port;
    if (!port->link)
        return not_open(err);
    int rc = lec_line_yield(dev, err);
    if (rc == 0)
        rc = lec_link_send(port->link, data, n, h->deadline, err);
    if (rc < 0)
        return rc;
    port->counters.asked++;
    port->counters.sent_bytes += n;
    trace(h, 's', data, n);
    return 0;
}

static void came(struct lec_port *port)
{
    port->came_ns = lec_now();
    port->came_us = lec_wall_us();
}

ssize_t lec_line_recv(struct lec_dev *dev, void *data, size_t size, struct lec_err *err)
{
    struct lec_hosted *h = hosted(dev);
    struct lec_port *port = h->port;
    if (port->held_n > 0) {
        size_t n = port->held_n < size ? port->held_n : size;
        memcpy(data, port->held + port->held_at, n);
        port->held_at += n;
        port->held_n -= n;
        return (ssize_t)n;
    }
    if (!port->link)
        return not_open(err);
    ssize_t n = lec_link_recv(port->link, data, size, h->deadline, err);
    if (n < 0)
        return no_reply(h, (int)n, err);
    port->counters.answered++;
    port->counters.received_bytes += (size_t)n;
    came(port);
    trace(h, 'r', data, (size_t)n);
    return n;
}

/* Fills the empty holding buffer with at least one byte. */
static ssize_t hold(struct lec_hosted *h, struct lec_err *err)
{
    struct lec_port *port = h->port;
    ssize_t n = lec_line_recv(&h->dev, port->held, sizeof port->held, err);
    if (n > 0) {
        port->held_at = 0;
        port->held_n = (size_t)n;
    }
    return n;
}

ssize_t lec_line_recv_until(struct lec_dev *dev, char end, char *text, size_t size, struct lec_err *err)
{
    struct lec_hosted *h = hosted(dev);
    struct lec_port *port = h->port;
    size_t len = 0;
    for (;;) {
        if (port->held_n == 0) {
            ssize_t n = hold(h, err);
            if (n < 0)
                return n;
        }
        const unsigned char *from = port->held + port->held_at;
        const unsigned char *at = memchr(from, (unsigned char)end, port->held_n);
        size_t n = at ? (size_t)(at - from) : port->held_n;
        if (n > size - 1 - len)
            return lec_fail(err, LEC_E_FRAME, "more than %zu bytes without an end", size - 1);
        memcpy(text + len, from, n);
        len += n;
        size_t taken = at ? n + 1 : n;
        port->held_at += taken;
        port->held_n -= taken;
        if (at) {
            text[len] = '\0';
            return (ssize_t)len;
        }
    }
}

int lec_line_recv_all(struct lec_dev *dev, void *data, size_t n, struct lec_err *err)
{
    for (size_t got = 0; got < n;) {
        ssize_t m = lec_line_recv(dev, (unsigned char *)data + got, n - got, err);
        if (m < 0)
            return (int)m;
        got += (size_t)m;
    }
    return 0;
}

size_t lec_line_flush(struct lec_dev *dev)
{
    struct lec_port *port = hosted(dev)->port;
    size_t n = port->held_n;
    port->held_n = 0;
    return port->link ? n + lec_link_flush(port->link) : n;
}

bool lec_line_gone(const struct lec_dev *dev)
{
    const struct lec_port *port = hosted_const(dev)->port;
    return port->link && lec_link_gone(port->link);
}

void lec_line_deadline(struct lec_dev *dev, int64_t timeout_ns)
{
    struct lec_hosted *h = hosted(dev);
    h->allowed_ns = timeout_ns;
    h->deadline = lec_now() + timeout_ns;
}

int64_t lec_line_left(const struct lec_dev *dev)
{
    int64_t left = hosted_const(dev)->deadline - lec_now();
    return left > 0 ? left : 0;
}

int lec_line_fd(const struct lec_dev *dev)
{
    const struct lec_port *port = hosted_const(dev)->port;
    return port->link ? lec_link_fd(port->link) : -1;
}

void lec_line_count(struct lec_dev *dev, size_t sent, size_t received)
{
    struct lec_port *port = hosted(dev)->port;
    struct lec_counters *c = &port->counters;
    if (received > 0)
        came(port);
    c->asked += sent > 0;
    c->answered += received > 0;
    c->sent_bytes += sent;
    c->received_bytes += received;
}

void lec_line_broken(struct lec_dev *dev)
{
    hosted(dev)->port->broken = true;
}

int lec_line_reconnect(struct lec_dev *dev, struct lec_err *err)
{
    struct lec_hosted *h = hosted(dev);
    struct lec_port *port = h->port;
    if (!port->line)
        return lec_fail(err, LEC_E_NOTSUP, "this line cannot be opened anew");
    lec_link_close(&port->link);
    port->held_n = 0;
    int rc = lec_link_open(port->line, port->cancel_fd, h->deadline, &port->link, err);
    if (rc == 0)
        port->counters.opens++;
    return rc;
}

/* ---- What the driver says ----------------------------------------------------------------------------------- */

/* How many of n points in the device's order, from the first on, stand one after another in its description, as those of a
 * block of registers do: what is kept a byte a point is gone through much faster for all of them than for each. */
static size_t row(const struct lec_point *const points[], size_t n)
{
    if (points[n - 1] == points[0] + (n - 1))
        return n;
    size_t k = 1;
    while (points[k] == points[0] + k) /* not so for the last of them */
        k++;
    return k;
}

static void published(struct lec_hosted *h, const struct lec_point *first, size_t n)
{
    uint8_t *marks = h->marks + lec_place(h->dev.desc, first), all = LEC_MARK_ASKED;
    for (size_t i = 0; i < n; i++)
        all &= marks[i];
    size_t asked = all ? n : 0; /* mostly all or, without a poll, none of them */
    for (size_t i = 0; i < n && !all; i++)
        asked += (marks[i] & LEC_MARK_ASKED) != 0;
    for (size_t i = 0; i < n; i++)
        marks[i] = (uint8_t)((marks[i] & ~LEC_MARK_ASKED) | LEC_MARK_PUBLISHED);
    h->n_asked -= asked;
}

static void say(struct lec_hosted *h, const struct lec_point *point, enum lec_quality quality,
                const struct lec_value *value, const char *reason)
{
    struct lec_point_state *state = &h->points[point->index];
    published(h, point, 1);
    state->quality = quality;
    if (quality == LEC_GOOD)
        state->value = *value;
    h->sink->value(h->sink->ctx, point, quality, &state->value, reason);
}

void lec_dev_publish(struct lec_dev *dev, const struct lec_point *point, const struct lec_value *value)
{
    struct lec_hosted *h = hosted(dev);
    struct lec_value v = *value;
    char reason[LEC_TEXT_MAX + 64];
    if (point->type == LEC_FLOAT && v.type == LEC_INT)
        v = lec_float((double)v.i);
    if (v.type != point->type) {
        snprintf(reason, sizeof reason, "the driver gave a value of type %s", lec_type_name(v.type));
        lec_dev_publish_bad(dev, point, reason);
        return;
    }
    if (v.type == LEC_ENUM) {
        size_t i = 0;
        while (i < point->n_choices && strcmp(point->choices[i], v.s) != 0)
            i++;
        if (i == point->n_choices) {
            snprintf(reason, sizeof reason, "the device says \"%s\", which its profile does not know", v.s);
            lec_dev_publish_bad(dev, point, reason);
            return;
        }
    } else if (v.type == LEC_TEXT && !lec_is_utf8(v.s, strlen(v.s))) {
        lec_dev_publish_bad(dev, point, "the device sent text that cannot be read");
        return;
    }
    say(h, point, LEC_GOOD, &v, "");
}

static void tell_same(const struct lec_hosted *h, const struct lec_point *first, size_t n)
{
    if (h->sink->same) {
        h->sink->same(h->sink->ctx, first, n);
        return;
    }
    for (const struct lec_point *point = first; point < first + n; point++) {
        const struct lec_point_state *state = &h->points[point->index];
        if (state->quality == LEC_GOOD)
            h->sink->value(h->sink->ctx, point, LEC_GOOD, &state->value, "");
    }
}

void lec_dev_same(struct lec_dev *dev, const struct lec_point *const points[], size_t n)
{
    struct lec_hosted *h = hosted(dev);
    for (size_t i = 0, k; i < n; i += k) {
        k = row(points + i, n - i);
        published(h, points[i], k);
        tell_same(h, points[i], k);
    }
}

void lec_dev_publish_bad(struct lec_dev *dev, const struct lec_point *point, const char *reason)
{
    struct lec_value none = {.type = LEC_NONE};
    say(hosted(dev), point, LEC_BAD, &none, reason);
}

void lec_dev_drop(struct lec_dev *dev, const struct lec_point *point, const char *reason)
{
    struct lec_hosted *h = hosted(dev);
    h->marks[point->index] |= LEC_MARK_DROPPED;
    h->marked = true;
    lec_dev_publish_bad(dev, point, reason);
}

void lec_dev_event(struct lec_dev *dev, const char *name, const char *data)
{
    struct lec_hosted *h = hosted(dev);
    h->sink->event(h->sink->ctx, h->dev.desc, name, data ? data : "");
}

/* The newest sample that is a number becomes the value that lec_dev_last tells. */
static void keep_newest(struct lec_hosted *h, const struct lec_point *point, const struct lec_block *block)
{
    struct lec_point_state *state = &h->points[point->index];
    size_t i = block->flags & LEC_BLOCK_BAD ? 0 : block->n;
    while (i > 0 && isnan(block->raw[i - 1]))
        i--;
    state->quality = i > 0 ? LEC_GOOD : LEC_BAD;
    if (i > 0)
        state->value = lec_float(block->raw[i - 1]);
}

void lec_dev_block(struct lec_dev *dev, const struct lec_point *point, const struct lec_block *block)
{
    struct lec_hosted *h = hosted(dev);
    struct lec_block part = *block;
    if (block->n == 0)
        return;
    published(h, point, 1);
    keep_newest(h, point, block);
    for (size_t at = 0; at < block->n; at += part.n) {
        part.raw = block->raw + at;
        part.n = block->n - at < LEC_BLOCK_SAMPLES ? block->n - at : LEC_BLOCK_SAMPLES;
        part.first_ns = block->first_ns + (int64_t)((double)at * block->interval_ns);
        h->sink->block(h->sink->ctx, point, &part);
        part.lost = 0;
        part.flags &= ~LEC_BLOCK_OVERRUN;
    }
}

void lec_dev_calibration(struct lec_dev *dev, const struct lec_point *point, const struct lec_calibration *calibration)
{
    struct lec_hosted *h = hosted(dev);
    if (h->sink->calibration)
        h->sink->calibration(h->sink->ctx, point, calibration);
}

enum lec_quality lec_dev_last(const struct lec_dev *dev, const struct lec_point *point, struct lec_value *out)
{
    const struct lec_point_state *state = &hosted_const(dev)->points[point->index];
    *out = state->value;
    return state->quality;
}

void lec_dev_poll_soon(struct lec_dev *dev, const struct lec_point *point)
{
    struct lec_hosted *h = hosted(dev);
    if (!(point->access & LEC_READ))
        return;
    h->marks[point->index] |= LEC_MARK_SOON;
    h->marked = true;
}

int lec_dev_pause(struct lec_dev *dev, int64_t ns, struct lec_err *err)
{
    struct lec_port *port = hosted(dev)->port;
    int64_t until = lec_now() + (ns < PAUSE_MAX_NS ? ns : PAUSE_MAX_NS);
    for (;;) {
        int64_t left = until - lec_now();
        if (left <= 0)
            return 0;
        struct timespec ts = {.tv_sec = left / LEC_SEC, .tv_nsec = left % LEC_SEC};
        struct pollfd p = {.fd = port->cancel_fd, .events = POLLIN};
        int n = ppoll(&p, 1, &ts, NULL);
        if (n > 0)
            return lec_fail(err, LEC_E_CANCELLED, "cancelled");
        if (n < 0 && errno != EINTR)
            return lec_fail(err, LEC_E_BUG, "ppoll: errno %d", errno);
    }
}

void lec_dev_watch(struct lec_dev *dev, int fd)
{
    hosted(dev)->watch_fd = fd;
}

int lec_dev_listen(struct lec_dev *dev, uint16_t port, struct lec_err *err)
{
    struct lec_hosted *h = hosted(dev);
    if (!h->sink->listen || !h->dev.desc->line || !*h->dev.desc->line->host)
        return lec_fail(err, LEC_E_NOTSUP, "nobody listens for datagrams on this line");
    return h->sink->listen(h->sink->ctx, h->dev.desc, port, err);
}

/* ---- Callbacks, one at a time ------------------------------------------------------------------------------- */

int lec_hosted_init(struct lec_hosted *h, const struct lec_driver *driver, const struct lec_device *desc,
                    struct lec_port *port, const struct lec_sink *sink, struct lec_report *report)
{
    const struct lec_schema *schema = &driver->schema;
    *h = (struct lec_hosted){.driver = driver, .port = port, .sink = sink, .watch_fd = -1};
    h->points = calloc(desc->n_points + 1, sizeof *h->points);
    h->marks = calloc(desc->n_points + 1, sizeof *h->marks);
    void *state = calloc(1, schema->state_size + 1);
    if (!h->points || !h->marks || !state) {
        free(state);
        lec_hosted_done(h);
        return LEC_E_NOMEM;
    }
    h->dev = (struct lec_dev){.desc = desc, .state = state};
    int rc = schema->prepare ? schema->prepare(desc, state, report) : 0;
    if (rc < 0)
        lec_hosted_done(h);
    return rc;
}

void lec_hosted_done(struct lec_hosted *h)
{
    if (h->dev.state) {
        lec_hosted_close(h);
        if (h->driver->schema.release)
            h->driver->schema.release(h->dev.state);
    }
    free(h->dev.state);
    free(h->points);
    free(h->marks);
    *h = (struct lec_hosted){.watch_fd = -1};
}

static void start_exchange(struct lec_hosted *h, int64_t timeout_ns)
{
    lec_line_deadline(&h->dev, timeout_ns > 0 ? timeout_ns : h->dev.desc->timeout_ns);
}

static int ended(struct lec_hosted *h, int rc)
{
    struct lec_counters *c = &h->port->counters;
    c->timed_out += rc == LEC_E_TIMEOUT;
    c->bad_frames += rc == LEC_E_FRAME;
    c->refused += rc == LEC_E_REFUSED;
    return rc;
}

int lec_hosted_open(struct lec_hosted *h, struct lec_err *err)
{
    if (h->is_open)
        return 0;
    for (size_t i = 0; i < h->dev.desc->n_points; i++)
        h->marks[i] &= (uint8_t)~LEC_MARK_DROPPED;
    start_exchange(h, 0);
    int rc = h->driver->open ? h->driver->open(&h->dev, err) : 0;
    h->is_open = rc == 0;
    if (rc < 0)
        h->watch_fd = -1;
    return ended(h, rc);
}

void lec_hosted_close(struct lec_hosted *h)
{
    if (!h->is_open)
        return;
    start_exchange(h, 0);
    if (h->driver->close)
        h->driver->close(&h->dev);
    h->is_open = false;
    h->watch_fd = -1;
}

int lec_hosted_poll(struct lec_hosted *h, const struct lec_point *const due[], size_t n, int64_t timeout_ns,
                    struct lec_err *err)
{
    if (!h->driver->poll)
        return lec_fail(err, LEC_E_NOTSUP, "the device cannot be asked, it speaks by itself");
    const struct lec_device *desc = h->dev.desc;
    uint8_t *marks = h->marks;
    for (size_t i = 0, k; i < n; i += k) {
        k = row(due + i, n - i);
        uint8_t *at = marks + lec_place(desc, due[i]);
        for (size_t j = 0; j < k; j++)
            at[j] = (uint8_t)((at[j] & ~(LEC_MARK_PUBLISHED | LEC_MARK_SOON)) | LEC_MARK_ASKED);
    }
    h->n_asked = n;
    start_exchange(h, timeout_ns);
    int rc = h->driver->poll(&h->dev, due, n, err);
    for (size_t i = 0; h->n_asked > 0 && i < n; i++) {
        if (!(marks[lec_place(desc, due[i])] & LEC_MARK_ASKED))
            continue;
        if (rc == 0)
            lec_dev_publish_bad(&h->dev, due[i], "the driver said nothing about it");
        else
            marks[lec_place(desc, due[i])] &= (uint8_t)~LEC_MARK_ASKED;
    }
    h->n_asked = 0;
    return ended(h, rc);
}

int lec_hosted_write(struct lec_hosted *h, const struct lec_point *point, const struct lec_value *value,
                     struct lec_err *err)
{
    if (!h->driver->write)
        return lec_fail(err, LEC_E_NOTSUP, "the driver cannot write");
    start_exchange(h, point->timeout_ns);
    return ended(h, h->driver->write(&h->dev, point, value, err));
}

int lec_hosted_invoke(struct lec_hosted *h, const struct lec_action *action, const struct lec_value args[],
                      struct lec_err *err)
{
    if (!h->driver->invoke)
        return lec_fail(err, LEC_E_NOTSUP, "the driver knows no actions");
    start_exchange(h, action->timeout_ns);
    return ended(h, h->driver->invoke(&h->dev, action, args, err));
}

int lec_hosted_input(struct lec_hosted *h, struct lec_err *err)
{
    start_exchange(h, 0);
    if (!h->driver->input) {
        lec_line_flush(&h->dev);
        return 0;
    }
    return ended(h, h->driver->input(&h->dev, err));
}

int lec_hosted_notice(struct lec_hosted *h, const char *data, size_t len, struct lec_err *err)
{
    if (!h->driver->notice)
        return 0;
    start_exchange(h, 0);
    return ended(h, h->driver->notice(&h->dev, data, len, err));
}

int lec_hosted_rate(struct lec_hosted *h, const struct lec_point *point, int64_t period_ns, int64_t *granted_ns,
                    struct lec_err *err)
{
    if (!h->driver->rate)
        return lec_fail(err, LEC_E_NOTSUP, "the device's rate cannot be set");
    start_exchange(h, point->timeout_ns);
    return ended(h, h->driver->rate(&h->dev, point, period_ns, granted_ns, err));
}

bool lec_hosted_gate(const struct lec_hosted *h, const struct lec_when *when)
{
    if (!when->point)
        return true;
    const struct lec_point_state *state = &h->points[when->point->index];
    if (state->quality != LEC_GOOD)
        return false;
    return lec_when_open(when, &state->value);
}
