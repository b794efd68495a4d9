#include "line/notice.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "lectern/program.h"
#include "line/link_impl.h"

#define NAME_WAIT (2 * LEC_SEC)
#define ROUND_MAX 64 /* datagrams taken from one port before the others are looked at */

/* Addresses are compared as IPv6; IPv4 ones are mapped (::ffff:a.b.c.d). */
struct listener {
    uint16_t port, source_port;
    char *line;
    size_t device;
    struct in6_addr at[LEC_NOTICE_ADDRESSES];
    int n_at;
    int64_t second; /* the current one, for the limit */
    unsigned count; /* datagrams in it */
};

struct port {
    uint16_t number;
    int fd;
};

struct lec_notice {
    pthread_mutex_t lock; /* guards everything below; registering must answer at once, so a message would not do */
    struct listener devices[LEC_NOTICE_DEVICES];
    size_t n_devices;
    struct port ports[LEC_NOTICE_PORTS]; /* opened when first asked for, closed at the end */
    size_t n_ports;
    bool stop;

    pthread_t thread;
    int wake_fd; /* something above changed */
    lec_notice_deliver *deliver;
    void *ctx;
};

static void mapped(const struct sockaddr_storage *sa, struct in6_addr *out, uint16_t *port)
{
    if (sa->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        *out = in6.sin6_addr;
        *port = ntohs(in6.sin6_port);
        return;
    }
    struct sockaddr_in in;
    memcpy(&in, sa, sizeof in);
    memset(out, 0, sizeof *out);
    out->s6_addr[10] = out->s6_addr[11] = 0xFF;
    memcpy(&out->s6_addr[12], &in.sin_addr, 4);
    *port = ntohs(in.sin_port);
}

static bool is_at(const struct listener *d, uint16_t port, const struct in6_addr *from)
{
    bool found = false;
    for (int i = 0; i < d->n_at && d->port == port && !found; i++)
        found = memcmp(&d->at[i], from, sizeof *from) == 0;
    return found;
}

/* A device that floods costs only itself: its line is told no more than it could answer. */
static bool within_limit(struct listener *d)
{
    int64_t second = lec_now() / LEC_SEC;
    if (second != d->second) {
        d->second = second;
        d->count = 0;
    }
    return d->count++ < LEC_NOTICE_PER_S;
}

static void hand_out(struct lec_notice *n, uint16_t port, const struct sockaddr_storage *sa, const char *data,
                     size_t len)
{
    struct in6_addr from;
    uint16_t source_port;
    mapped(sa, &from, &source_port);
    bool exact = false;
    for (size_t i = 0; i < n->n_devices; i++)
        exact = exact || (n->devices[i].source_port == source_port && is_at(&n->devices[i], port, &from));
    for (size_t i = 0; i < n->n_devices; i++) {
        struct listener *d = &n->devices[i];
        if (is_at(d, port, &from) && (!exact || d->source_port == source_port) && within_limit(d))
            n->deliver(n->ctx, d->line, d->device, data, len);
    }
}

static void take(struct lec_notice *n, const struct port *port)
{
    char data[LEC_NOTICE_SIZE + 1];
    for (int i = 0; i < ROUND_MAX; i++) {
        struct sockaddr_storage from = {0};
        socklen_t from_len = sizeof from;
        ssize_t len =
            recvfrom(port->fd, data, LEC_NOTICE_SIZE, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &from_len);
        if (len < 0)
            return;
        if (len == 0 || len > LEC_NOTICE_SIZE)
            continue;
        data[len] = '\0';
        hand_out(n, port->number, &from, data, (size_t)len);
    }
}

static void *listen_on(void *arg)
{
    struct lec_notice *n = arg;
    for (;;) {
        struct pollfd fds[1 + LEC_NOTICE_PORTS] = {{.fd = n->wake_fd, .events = POLLIN}};
        pthread_mutex_lock(&n->lock);
        bool stop = n->stop;
        nfds_t count = 1;
        for (size_t i = 0; i < n->n_ports; i++)
            fds[count++] = (struct pollfd){.fd = n->ports[i].fd, .events = POLLIN};
        pthread_mutex_unlock(&n->lock);
        if (stop)
            return NULL;
        if (poll(fds, count, -1) < 0)
            continue;
        eventfd_t dropped;
        if (fds[0].revents)
            (void)eventfd_read(n->wake_fd, &dropped);
        pthread_mutex_lock(&n->lock);
        for (nfds_t i = 1; i < count; i++)
            if (fds[i].revents)
                take(n, &n->ports[i - 1]);
        pthread_mutex_unlock(&n->lock);
    }
}

struct lec_notice *lec_notice_new(lec_notice_deliver *deliver, void *ctx)
{
    struct lec_notice *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->deliver = deliver;
    n->ctx = ctx;
    pthread_mutex_init(&n->lock, NULL);
    n->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool running = n->wake_fd >= 0 && lec_thread_begin(&n->thread, NULL, listen_on, n) == 0;
    if (running)
        return n;
    if (n->wake_fd >= 0)
        close(n->wake_fd);
    pthread_mutex_destroy(&n->lock);
    free(n);
    return NULL;
}

void lec_notice_free(struct lec_notice **notice)
{
    struct lec_notice *n = *notice;
    if (!n)
        return;
    *notice = NULL;
    pthread_mutex_lock(&n->lock);
    n->stop = true;
    pthread_mutex_unlock(&n->lock);
    eventfd_write(n->wake_fd, 1);
    pthread_join(n->thread, NULL);
    for (size_t i = 0; i < n->n_ports; i++)
        close(n->ports[i].fd);
    for (size_t i = 0; i < n->n_devices; i++)
        free(n->devices[i].line);
    close(n->wake_fd);
    pthread_mutex_destroy(&n->lock);
    free(n);
}

/* A bound socket: for both families, or for IPv4 alone where there is no IPv6. -1 with errno. */
static int bind_port(uint16_t port)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any, .sin6_port = htons(port)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY), .sin_port = htons(port)};
    int off = 0, fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool both = fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0;
    if (fd >= 0 && !both)
        close(fd);
    if (!both)
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if ((both ? bind(fd, (const struct sockaddr *)&in6, sizeof in6)
              : bind(fd, (const struct sockaddr *)&in, sizeof in)) == 0)
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

/* Under the lock. */
static int open_port(struct lec_notice *n, uint16_t number, struct lec_err *err)
{
    for (size_t i = 0; i < n->n_ports; i++)
        if (n->ports[i].number == number)
            return 0;
    if (n->n_ports == LEC_NOTICE_PORTS)
        return lec_fail(err, LEC_E_NOMEM, "notices are listened for on %d UDP ports already", LEC_NOTICE_PORTS);
    int fd = bind_port(number);
    if (fd < 0 && errno == EADDRINUSE)
        return lec_fail(err, LEC_E_LINK, "UDP port %u, on which notices come, is taken by another program", number);
    if (fd < 0)
        return lec_fail(err, LEC_E_LINK, "UDP port %u, on which notices come, cannot be opened: %s", number,
                        strerrordesc_np(errno));
    n->ports[n->n_ports++] = (struct port){.number = number, .fd = fd};
    eventfd_write(n->wake_fd, 1);
    return 0;
}

/* The registration of this device and port, or a new one. Under the lock. NULL: too many, or no memory. */
static struct listener *entry_of(struct lec_notice *n, uint16_t port, const char *line, size_t device)
{
    for (size_t i = 0; i < n->n_devices; i++)
        if (n->devices[i].port == port && n->devices[i].device == device && strcmp(n->devices[i].line, line) == 0)
            return &n->devices[i];
    char *name = n->n_devices < LEC_NOTICE_DEVICES ? strdup(line) : NULL;
    if (!name)
        return NULL;
    struct listener *d = &n->devices[n->n_devices++];
    *d = (struct listener){.port = port, .line = name, .device = device};
    return d;
}

int lec_notice_register(struct lec_notice *notice, uint16_t port, const char *host, uint16_t source_port,
                        const char *line_name, size_t device_index, int cancel_fd, struct lec_err *err)
{
    struct link_address at[LINK_ADDRESSES];
    _Static_assert(LINK_ADDRESSES <= LEC_NOTICE_ADDRESSES, "all addresses of a host fit");
    int found = link_resolve(host, 0, cancel_fd, lec_now() + NAME_WAIT, at, err);
    if (found < 0)
        return found;
    pthread_mutex_lock(&notice->lock);
    int rc = open_port(notice, port, err);
    struct listener *d = rc == 0 ? entry_of(notice, port, line_name, device_index) : NULL;
    if (d) {
        uint16_t unused;
        d->source_port = source_port;
        d->n_at = found;
        for (int i = 0; i < found; i++)
            mapped(&at[i].sa, &d->at[i], &unused);
    } else if (rc == 0) {
        rc = lec_fail(err, LEC_E_NOMEM, "no memory, or %d devices wait for notices already", LEC_NOTICE_DEVICES);
    }
    pthread_mutex_unlock(&notice->lock);
    return rc;
}

void lec_notice_unregister(struct lec_notice *notice, const char *line_name)
{
    pthread_mutex_lock(&notice->lock);
    for (size_t i = 0; i < notice->n_devices;) {
        if (strcmp(notice->devices[i].line, line_name) != 0) {
            i++;
            continue;
        }
        free(notice->devices[i].line);
        notice->devices[i] = notice->devices[--notice->n_devices];
    }
    pthread_mutex_unlock(&notice->lock);
}
