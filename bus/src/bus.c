#include "internal.h"
#include "view.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "lectern/parse.h"
#include "lectern/paths.h"

#define CONNECT_MS_DEFAULT 2000
#define RECONNECT_MS       20
#define RECONNECT_MAX_MS   500
#define QUEUE_MESSAGES     2000 /* answers that may wait in our socket */
#define PUMP_MAX           512  /* messages taken in one go, so that a flood cannot hold the caller */
#define DELIVER_MAX        64
#define DESCRIBE_AGAIN     (2 * LEC_SEC)
#define REOPEN             (1 * LEC_SEC) /* without a connection for so long the socket is made anew */

/* ---- The descriptor: ZeroMQ's is edge-triggered and any call may use up its edge, so what was left is told through
 * an eventfd, and time through a timerfd. ---- */

static int socket_fd(void *socket)
{
    int fd = -1;
    size_t size = sizeof fd;
    return zmq_getsockopt(socket, ZMQ_FD, &fd, &size) == 0 ? fd : -1;
}

static bool readable(void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN) != 0;
}

static bool watch_fd(int epoll_fd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return fd >= 0 && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool lec_bus_watch(struct lec_bus *bus, void *socket)
{
    return watch_fd(bus->epoll_fd, socket_fd(socket));
}

void lec_bus_unwatch(struct lec_bus *bus, void *socket)
{
    epoll_ctl(bus->epoll_fd, EPOLL_CTL_DEL, socket_fd(socket), NULL);
}

static void set_timer(struct lec_bus *bus, int64_t at)
{
    struct itimerspec when = {0};
    if (at != LEC_NEVER) {
        int64_t left = at - lec_now();
        if (left < 1)
            left = 1;
        when.it_value.tv_sec = left / LEC_SEC;
        when.it_value.tv_nsec = left % LEC_SEC;
    }
    timerfd_settime(bus->timer_fd, 0, &when, NULL);
}

void lec_bus_settle(struct lec_bus *bus)
{
    int64_t now = lec_now();
    int64_t at = lec_calls_tick(bus, now);
    bool more = lec_calls_waiting(bus) || readable(bus->command) || readable(bus->monitor);
    for (size_t i = 0; i < LEC_VIEWS; i++) {
        if (!bus->views[i])
            continue;
        int64_t due = lec_view_tick(bus->views[i]);
        if (due < at)
            at = due;
        more = lec_view_waiting(bus->views[i], readable(lec_view_socket(bus->views[i]))) || more;
    }
    uint64_t count = 1;
    if (more)
        (void)!write(bus->again_fd, &count, sizeof count);
    else
        (void)!read(bus->again_fd, &count, sizeof count);
    set_timer(bus, at);
}

/* ---- The connection ---- */

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

bool lec_bus_send_now(struct lec_bus *bus, const char *data, size_t size)
{
    return zmq_send(bus->command, data, size, ZMQ_DONTWAIT) >= 0;
}

/* Asks which start of the room this is, before anything else goes out. */
static void ask_describe(struct lec_bus *bus)
{
    char request[128];
    bus->describe_id[0] = '\0';
    bus->describe_at = lec_now() + DESCRIBE_AGAIN;
    if (lec_answer_new_id(bus->describe_id) < 0)
        return;
    int n = snprintf(request, sizeof request, "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"room.describe\"}",
                     bus->describe_id);
    lec_bus_send_now(bus, request, (size_t)n);
}

static void described(struct lec_bus *bus, const struct answer *a)
{
    const char *boot = json_string_value(json_object_get(a->result, "boot"));
    bus->describe_id[0] = '\0';
    if (!boot || strlen(boot) >= sizeof bus->boot) {
        bus->stats.garbage++;
        return;
    }
    if (bus->boot_no == 0 || strcmp(boot, bus->boot) != 0) {
        bus->boot_no++;
        lec_copy_utf8(bus->boot, sizeof bus->boot, boot, strlen(boot));
    }
    json_decref(bus->room);
    bus->room = json_incref(a->result);
    bus->boot_known = true;
    bus->described++;
    lec_calls_described(bus);
}

static void take_answer(struct lec_bus *bus, const void *data, size_t size)
{
    struct answer a;
    if (lec_answer_parse(data, size, &a) < 0) {
        bus->stats.garbage++;
        return;
    }
    if (bus->describe_id[0] != '\0' && strcmp(a.id, bus->describe_id) == 0) {
        described(bus, &a);
        lec_answer_done(&a);
    } else {
        lec_calls_answer(bus, &a);
    }
}

static void pump_monitor(struct lec_bus *bus)
{
    for (int n = 0; n < PUMP_MAX; n++) {
        unsigned char frame[6];
        char address[ENDPOINT_MAX];
        if (zmq_recv(bus->monitor, frame, sizeof frame, ZMQ_DONTWAIT) < (int)sizeof frame)
            return;
        (void)zmq_recv(bus->monitor, address, sizeof address, ZMQ_DONTWAIT);
        uint16_t event;
        memcpy(&event, frame, sizeof event);
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
            bus->connected = true;
            bus->boot_known = false;
            bus->stats.connects++;
            ask_describe(bus);
            lec_calls_connected(bus);
        } else if (event == ZMQ_EVENT_DISCONNECTED && bus->connected) {
            bus->connected = false;
            bus->lost_at = lec_now();
            bus->reopen_at = bus->lost_at + REOPEN;
            lec_calls_disconnected(bus);
        }
    }
}

void lec_bus_pump(struct lec_bus *bus)
{
    pump_monitor(bus);
    for (int n = 0; n < PUMP_MAX; n++) {
        zmq_msg_t msg;
        zmq_msg_init(&msg);
        if (zmq_msg_recv(&msg, bus->command, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&msg);
            return;
        }
        bool only = !zmq_msg_more(&msg);
        if (only)
            take_answer(bus, zmq_msg_data(&msg), zmq_msg_size(&msg));
        else
            bus->stats.garbage++;
        bool more = !only;
        while (more) {
            if (zmq_msg_recv(&msg, bus->command, ZMQ_DONTWAIT) < 0)
                break;
            more = zmq_msg_more(&msg);
        }
        zmq_msg_close(&msg);
    }
}

static int endpoint_of(const char *room, const char *which, char *buf, size_t size, struct lec_err *err)
{
    char run[256];
    int rc = lec_path_run(run, sizeof run, err);
    if (rc < 0)
        return rc;
    int n = snprintf(buf, size, "ipc://%s/%s/%s", run, room, which);
    if (n < 0 || (size_t)n >= size || (size_t)n - strlen("ipc://") >= sizeof((struct sockaddr_un *)0)->sun_path)
        return lec_fail(err, LEC_E_CONFIG,
                        "room %s: the path %s/%s/%s is too long for a socket; set LECTERN_RUN to a shorter one", room,
                        run, room, which);
    return 0;
}

static int find_endpoints(struct lec_bus *bus, const struct lec_bus_options *o, struct lec_err *err)
{
    if (o->room) {
        if (o->room[0] == '\0' || strchr(o->room, '/') || o->room[0] == '.')
            return lec_fail(err, LEC_E_CONFIG, "\"%s\" is not a room's name", o->room);
        int rc = endpoint_of(o->room, "command", bus->command_at, sizeof bus->command_at, err);
        if (rc == 0)
            rc = endpoint_of(o->room, "event", bus->event_at, sizeof bus->event_at, err);
        snprintf(bus->title, sizeof bus->title, "room %s", o->room);
        return rc;
    }
    if (!o->command)
        return lec_fail(err, LEC_E_CONFIG, "neither a room nor a command endpoint was given");
    if ((size_t)snprintf(bus->command_at, sizeof bus->command_at, "%s", o->command) >= sizeof bus->command_at ||
        (size_t)snprintf(bus->event_at, sizeof bus->event_at, "%s", o->event ? o->event : "") >= sizeof bus->event_at)
        return lec_fail(err, LEC_E_CONFIG, "an endpoint of more than %d bytes", ENDPOINT_MAX - 1);
    snprintf(bus->title, sizeof bus->title, "%s", o->command);
    return 0;
}

static void close_command(struct lec_bus *bus, void *command, void *monitor)
{
    if (command) {
        lec_bus_unwatch(bus, command);
        zmq_socket_monitor(command, NULL, 0);
        zmq_close(command);
    }
    if (monitor) {
        lec_bus_unwatch(bus, monitor);
        zmq_close(monitor);
    }
}

/* The monitor tells what happens to a socket's connection. Its name is used once: an old one may still be going. */
static void *open_monitor(struct lec_bus *bus, void *command)
{
    char at[64];
    snprintf(at, sizeof at, "inproc://lectern-monitor-%p-%" PRIu64, (void *)bus, ++bus->monitors);
    if (zmq_socket_monitor(command, at, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) < 0)
        return NULL;
    void *monitor = zmq_socket(bus->zmq, ZMQ_PAIR);
    if (monitor && set_int(monitor, ZMQ_LINGER, 0) && zmq_connect(monitor, at) == 0)
        return monitor;
    if (monitor)
        zmq_close(monitor);
    return NULL;
}

/* Makes the command socket, in place of the one there is. */
static int open_command(struct lec_bus *bus, struct lec_err *err)
{
    int64_t limit = LEC_BUS_MESSAGE_MAX;
    void *command = zmq_socket(bus->zmq, ZMQ_DEALER), *monitor = NULL;
    if (!command)
        return lec_fail(err, LEC_E_NOMEM, "%s: %s", bus->title, zmq_strerror(errno));
    int rc = 0;
    /* IMMEDIATE: nothing is queued for a room that is not there, so that what goes out is known to be for this one. */
    if (!set_int(command, ZMQ_IMMEDIATE, 1) || !set_int(command, ZMQ_LINGER, 100) ||
        !set_int(command, ZMQ_RECONNECT_IVL, RECONNECT_MS) ||
        !set_int(command, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS) || !set_int(command, ZMQ_RCVHWM, QUEUE_MESSAGES) ||
        zmq_setsockopt(command, ZMQ_MAXMSGSIZE, &limit, sizeof limit) < 0 || !(monitor = open_monitor(bus, command)))
        rc = lec_fail(err, LEC_E_NOMEM, "%s: %s", bus->title, zmq_strerror(errno));
    if (rc == 0 && strncmp(bus->command_at, "tcp:", 4) == 0) {
        /* A network that dies silently is noticed; over ipc the kernel tells. */
        set_int(command, ZMQ_HEARTBEAT_IVL, 2000);
        set_int(command, ZMQ_HEARTBEAT_TIMEOUT, 6000);
    }
    if (rc == 0 && (!lec_bus_watch(bus, command) || !lec_bus_watch(bus, monitor)))
        rc = lec_fail(err, LEC_E_NOMEM, "%s: no descriptors left: %s", bus->title, strerror(errno));
    if (rc == 0 && zmq_connect(command, bus->command_at) < 0)
        rc = lec_fail(err, LEC_E_CONFIG, "%s: cannot connect to \"%s\": %s", bus->title, bus->command_at,
                      zmq_strerror(errno));
    if (rc < 0) {
        close_command(bus, command, monitor);
        return rc;
    }
    close_command(bus, bus->command, bus->monitor);
    bus->command = command;
    bus->monitor = monitor;
    bus->reopen_at = lec_now() + REOPEN;
    return 0;
}

int64_t lec_bus_tick(struct lec_bus *bus, int64_t now)
{
    if (!bus->connected) {
        /* libzmq connects again by itself, except after a message that breaks its own rules (one that is too long):
         * then never. */
        if (now >= bus->reopen_at && open_command(bus, NULL) < 0)
            bus->reopen_at = now + REOPEN;
        return bus->reopen_at;
    }
    if (bus->boot_known)
        return LEC_NEVER;
    if (now >= bus->describe_at)
        ask_describe(bus);
    return bus->describe_at;
}

int lec_bus_open(const struct lec_bus_options *options, struct lec_bus **out, struct lec_err *err)
{
    struct lec_bus *bus = calloc(1, sizeof *bus);
    if (!bus)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    bus->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bus->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    bus->again_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bus->connect_ns = (options->connect_ms > 0 ? options->connect_ms : CONNECT_MS_DEFAULT) * LEC_MS;
    bus->lost_at = lec_now();
    bus->own_zmq = !options->zmq;
    int rc = find_endpoints(bus, options, err);
    if (rc == 0 && !(bus->zmq = options->zmq ? options->zmq : zmq_ctx_new()))
        rc = lec_fail(err, LEC_E_NOMEM, "%s: %s", bus->title, zmq_strerror(errno));
    if (rc == 0)
        rc = open_command(bus, err);
    if (rc == 0 && (!watch_fd(bus->epoll_fd, bus->timer_fd) || !watch_fd(bus->epoll_fd, bus->again_fd)))
        rc = lec_fail(err, LEC_E_NOMEM, "%s: no descriptors left: %s", bus->title, strerror(errno));
    if (rc < 0) {
        lec_bus_free(&bus);
        return rc;
    }
    lec_bus_settle(bus);
    *out = bus;
    return 0;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void lec_bus_free(struct lec_bus **bus)
{
    struct lec_bus *b = *bus;
    if (!b)
        return;
    *bus = NULL;
    for (size_t i = 0; i < LEC_VIEWS; i++) {
        struct lec_view *view = b->views[i];
        lec_view_free(&view);
    }
    lec_calls_done(b);
    close_command(b, b->command, b->monitor);
    if (b->own_zmq && b->zmq)
        zmq_ctx_term(b->zmq);
    close_fd(b->epoll_fd);
    close_fd(b->timer_fd);
    close_fd(b->again_fd);
    json_decref(b->room);
    free(b);
}

bool lec_bus_connected(const struct lec_bus *bus)
{
    return bus->connected;
}

const json_t *lec_bus_room(const struct lec_bus *bus)
{
    return bus->room;
}

void lec_bus_get_stats(const struct lec_bus *bus, struct lec_bus_stats *out)
{
    *out = bus->stats;
}

/* ---- The loop ---- */

int lec_bus_fd(const struct lec_bus *bus)
{
    return bus->epoll_fd;
}

int lec_bus_dispatch(struct lec_bus *bus)
{
    if (bus->dispatching)
        return 0;
    bus->dispatching = true;
    uint64_t count;
    (void)!read(bus->timer_fd, &count, sizeof count);
    lec_bus_pump(bus);
    lec_calls_tick(bus, lec_now());
    int n = lec_calls_deliver(bus, DELIVER_MAX);
    for (size_t i = 0; i < LEC_VIEWS; i++)
        if (bus->views[i])
            n += lec_view_dispatch(bus->views[i]);
    bus->dispatching = false;
    lec_bus_settle(bus);
    return n;
}

int lec_bus_wait(struct lec_bus *bus, int timeout_ms)
{
    struct pollfd fd = {.fd = bus->epoll_fd, .events = POLLIN};
    if (poll(&fd, 1, timeout_ms) <= 0)
        return 0;
    return lec_bus_dispatch(bus);
}
