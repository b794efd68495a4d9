#include "door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "lectern/log.h"
#include "loop.h"
#include "overhear.h"

#define BACKLOG     128
#define ACCEPTS     32          /* in one go */
#define SEND_BUFFER (64 * 1024) /* of the kernel: what waits there is old when a slow page gets it */
#define NOT_SENT    (16 * 1024) /* we are asked for more when less than this waits */
#define SAY_AGAIN   (10 * LEC_SEC)

struct door {
    struct server *server;
    int fd;
    struct lws *wsi;
    struct visitor *visitors;
    unsigned n;
    uint64_t taken;
    struct visitor *entering; /* the one that is just being handed to the loop, unless that has ended it already */
    int64_t said_at;          /* when the log last said that somebody was turned away */
    unsigned turned_away;
};

uint64_t door_taken(const struct door *door)
{
    return door->taken;
}

unsigned door_count(const struct door *door)
{
    return door->n;
}

struct visitor *door_visitor(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
}

const char *door_address(struct lws *wsi)
{
    const struct visitor *v = door_visitor(wsi);
    return v ? v->address : "?";
}

size_t door_unsent(struct lws *wsi)
{
    int n = 0;
    return ioctl(lws_get_socket_fd(wsi), SIOCOUTQ, &n) == 0 && n > 0 ? (size_t)n : 0;
}

bool door_hears(struct visitor *v, const void *bytes, size_t n)
{
    if (frames_take(&v->frames, bytes, n))
        return true;
    lec_log(LEC_LOG_WARNING, "%s: closed: a frame of its WebSocket is not masked", v->address);
    return false;
}

bool door_becomes_websocket(struct visitor *v)
{
    static bool said;
    if (!v->frames.heard) {
        if (!said)
            lec_log(LEC_LOG_WARNING, "what libwebsockets reads cannot be overheard: frames without a mask are taken");
        said = true;
        return true;
    }
    if (frames_begin(&v->frames))
        return true;
    lec_log(LEC_LOG_WARNING, "%s: closed: frames came before its WebSocket was answered", v->address);
    return false;
}

static void on_deadline(lws_sorted_usec_list_t *sul)
{
    struct visitor *v = loop_owner(sul, struct visitor, deadline);
    lec_log(LEC_LOG_DEBUG, "%s: too slow, closed", v->address);
    lws_set_timeout(v->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

void door_expect(struct lws *wsi, int seconds)
{
    struct visitor *v = door_visitor(wsi);
    if (!v)
        return;
    if (seconds == 0)
        lws_sul_cancel(&v->deadline);
    else
        lws_sul_schedule(v->server->lws, 0, &v->deadline, on_deadline, seconds * LWS_US_PER_SEC);
}

void door_expect_request(struct lws *wsi)
{
    struct visitor *v = door_visitor(wsi);
    if (v)
        frames_next_request(&v->frames);
    door_expect(wsi, DOOR_IDLE_S);
}

static bool name_visitor(struct visitor *v, const struct sockaddr_storage *from)
{
    const void *address;
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;
        memcpy(v->key, &in->sin_addr, 4);
        v->local = (ntohl(in->sin_addr.s_addr) >> 24) == 127;
        address = &in->sin_addr;
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)from;
        const unsigned char *bytes = in6->sin6_addr.s6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
        memcpy(v->key, mapped ? bytes + 12 : bytes,
               mapped ? 4 : 8); /* one network has 2^64 addresses: it counts as one */
        v->key[15] = mapped ? 0 : 6;
        v->local = mapped ? bytes[12] == 127 : IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
        address = mapped ? (const void *)(bytes + 12) : &in6->sin6_addr;
        return inet_ntop(mapped ? AF_INET : AF_INET6, address, v->address, sizeof v->address) != NULL;
    } else {
        return false;
    }
    return inet_ntop(AF_INET, address, v->address, sizeof v->address) != NULL;
}

static bool may_enter(const struct door *door, const struct visitor *v)
{
    if (door->n >= SERVER_CONNECTIONS)
        return false;
    unsigned same = 0;
    for (const struct visitor *other = door->visitors; other; other = other->next)
        same += memcmp(other->key, v->key, sizeof v->key) == 0;
    return v->local || same < SERVER_PER_ADDRESS;
}

static void turn_away(struct door *door, int fd, const struct visitor *v)
{
    static const char sorry[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 10\r\nConnection: close\r\n\r\n";
    if (!door->server->setup.cert)
        (void)!send(fd, sorry, sizeof sorry - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    door->turned_away++;
    int64_t now = lec_now();
    if (door->said_at == 0 || now - door->said_at > SAY_AGAIN) {
        lec_log(LEC_LOG_WARNING, "%u connections: %u turned away, the last from %s", door->n, door->turned_away,
                v->address);
        door->said_at = now;
        door->turned_away = 0;
    }
}

static void tune(int fd)
{
    int one = 1, buffer = SEND_BUFFER, unsent = NOT_SENT, idle = 60, every = 10, count = 3;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

static void forget(struct visitor *v)
{
    struct door *door = v->server->door;
    if (v->prev)
        v->prev->next = v->next;
    else
        door->visitors = v->next;
    if (v->next)
        v->next->prev = v->prev;
    door->n--;
    if (door->entering == v)
        door->entering = NULL;
    lws_sul_cancel(&v->deadline);
    overhear_end(v->fd, v);
    free(v);
}

static void take_in(struct door *door, int fd, const struct sockaddr_storage *from)
{
    struct server *server = door->server;
    struct visitor *v = calloc(1, sizeof *v);
    bool ok = v && name_visitor(v, from);
    if (!ok || !may_enter(door, v)) {
        if (ok)
            turn_away(door, fd, v);
        free(v);
        close(fd);
        return;
    }
    tune(fd);
    v->server = server;
    v->fd = fd;
    overhear(fd, server->setup.cert != NULL, v);
    v->next = door->visitors;
    if (v->next)
        v->next->prev = v;
    door->visitors = v;
    door->n++;
    door->taken++;
    int type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | (server->setup.cert ? LWS_ADOPT_ALLOW_SSL : 0);
    lws_adopt_desc_t desc = {.vh = server->vhost, .type = (lws_adoption_type)type, .fd = {.sockfd = fd}, .opaque = v};
    door->entering = v;
    struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&desc); /* closes it when that fails, as when no TLS comes */
    if (door->entering == v && wsi) {
        v->wsi = wsi;
        door_expect(wsi, server->setup.cert ? 2 * DOOR_HEAD_S : DOOR_HEAD_S);
    } else if (door->entering == v) {
        forget(v);
    }
    door->entering = NULL;
}

static void on_readable(void *arg)
{
    struct door *door = arg;
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof from;
        int fd = accept4(door->fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        take_in(door, fd, &from);
    }
}

int door_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    if (reason == LWS_CALLBACK_WSI_DESTROY) {
        struct visitor *v = door_visitor(wsi);
        lws_set_opaque_user_data(wsi, NULL);
        if (v)
            forget(v);
        return 0;
    }
    return lws_callback_http_dummy(wsi, reason, user, in, len);
}

static int listen_on(struct server_setup *setup, struct lec_err *err)
{
    char port[8];
    snprintf(port, sizeof port, "%d", setup->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE},
                    *at = NULL;
    if (getaddrinfo(setup->address, port, &hints, &at) != 0)
        return lec_fail(err, LEC_E_CONFIG, "--listen: \"%s\" is no IP address", setup->address);
    int one = 1, none = 0;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (at->ai_family == AF_INET6) /* "[::]" takes IPv4 too */
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &none, sizeof none);
    }
    if (fd < 0 || bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        freeaddrinfo(at);
        return lec_fail(err, LEC_E_LINK, "cannot listen on %s port %s: %s", setup->address, port, strerror(saved));
    }
    freeaddrinfo(at);
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &size) == 0)
        setup->port = ntohs(bound.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)(const void *)&bound)->sin6_port
                                                        : ((const struct sockaddr_in *)(const void *)&bound)->sin_port);
    return fd;
}

int door_open(struct server *server, struct door **out, struct lec_err *err)
{
    struct door *door = calloc(1, sizeof *door);
    if (!door)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    door->server = server;
    door->fd = listen_on(&server->setup, err);
    int rc = door->fd < 0 ? door->fd : loop_watch(server, door->fd, on_readable, door, &door->wsi, err);
    if (rc < 0) {
        if (door->fd >= 0)
            close(door->fd);
        free(door);
        return rc;
    }
    *out = door;
    return 0;
}

void door_close(struct door **door)
{
    if (!*door)
        return;
    struct door *d = *door;
    *door = NULL;
    loop_unwatch(&d->wsi);
    close(d->fd);
    free(d);
}
