/* TCP and UDP. */
#include "line/link_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "lectern/parse.h"

/* A peer that vanished without a word is noticed after about this long even if nobody asks it anything. */
#define IDLE_S     30
#define PROBE_S    10
#define PROBES     3
#define UNACKED_MS 20000u

static void set_int(int fd, int level, int name, int value)
{
    /* Each of these makes the connection better and none is needed for it to work. */
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

static void tune(int fd)
{
    set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S);
    set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_S);
    set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
    unsigned unacked = UNACKED_MS;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked, sizeof unacked);
}

/* "10.1.2.3:4352", "[fe80::1%eth0]:4352", "epson.local:4352 (10.1.2.3)". */
static void name_peer(struct lec_link *l, const struct lec_line *line, const struct link_address *a)
{
    char text[NI_MAXHOST];
    if (getnameinfo((const struct sockaddr *)&a->sa, a->len, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        text[0] = '\0';
    char whole[2 * NI_MAXHOST + 32];
    if (strchr(line->host, ':'))
        snprintf(whole, sizeof whole, "[%s]:%u", line->host, line->port);
    else if (strcmp(line->host, text) == 0 || text[0] == '\0')
        snprintf(whole, sizeof whole, "%s:%u", line->host, line->port);
    else
        snprintf(whole, sizeof whole, "%s:%u (%s)", line->host, line->port, text);
    lec_copy_utf8(l->peer, sizeof l->peer, whole, strlen(whole));
}

static int refused(const struct lec_link *l, int number, struct lec_err *err)
{
    switch (number) {
    case ECONNREFUSED:
        return lec_fail(err, LEC_E_LINK, "connection refused by %s (is its network control switched on?)", l->peer);
    case EHOSTUNREACH:
    case ENETUNREACH:
        return lec_fail(err, LEC_E_LINK, "no route to %s (switched off, unplugged, or a wrong address)", l->peer);
    case ETIMEDOUT:
        return lec_fail(err, LEC_E_TIMEOUT, "no answer from %s (switched off, unplugged, or a wrong address)", l->peer);
    case ECONNRESET:
        return lec_fail(err, LEC_E_LINK, "connection reset by %s", l->peer);
    default:
        return lec_fail(err, LEC_E_LINK, "cannot connect to %s: %s", l->peer, strerrordesc_np(number));
    }
}

/* On loopback the kernel may connect a socket to itself when nobody listens and the port is one of those that it
 * hands out; such a "device" would answer every request with the request. */
static bool met_itself(int fd)
{
    struct sockaddr_storage here, there;
    memset(&here, 0, sizeof here);
    memset(&there, 0, sizeof there);
    socklen_t here_len = sizeof here, there_len = sizeof there;
    return getsockname(fd, (struct sockaddr *)&here, &here_len) == 0 &&
           getpeername(fd, (struct sockaddr *)&there, &there_len) == 0 && here_len == there_len &&
           memcmp(&here, &there, here_len) == 0;
}

static int no_answer(const struct lec_link *l, int64_t allowed, struct lec_err *err)
{
    return lec_fail(err, LEC_E_TIMEOUT, "no answer from %s in %.3g s", l->peer, (double)allowed / (double)LEC_SEC);
}

static int connect_to(struct lec_link *l, bool stream, const struct link_address *a, int64_t deadline, int64_t allowed,
                      struct lec_err *err)
{
    int type = (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    l->fd = socket(a->sa.ss_family, type, 0);
    if (l->fd < 0)
        return lec_fail(err, LEC_E_LINK, "cannot make a socket for %s: %s", l->peer, strerrordesc_np(errno));
    l->kind = stream ? LINK_STREAM : LINK_DGRAM;
    if (stream)
        tune(l->fd);
    else /* the line may be the broadcast address of a subnet: Wake-on-LAN */
        (void)setsockopt(l->fd, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int));
    if (connect(l->fd, (const struct sockaddr *)&a->sa, a->len) < 0) {
        if (errno != EINPROGRESS)
            return refused(l, errno, err);
        int rc = link_wait(l->fd, POLLOUT, l->cancel_fd, deadline);
        if (rc == 0)
            return no_answer(l, allowed, err);
        if (rc == LEC_E_CANCELLED)
            return lec_fail(err, rc, "cancelled");
        if (rc < 0)
            return lec_fail(err, rc, "waiting for %s failed", l->peer);
        int number = 0;
        socklen_t len = sizeof number;
        if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &number, &len) < 0)
            number = errno;
        if (number != 0)
            return refused(l, number, err);
    }
    return stream && met_itself(l->fd) ? refused(l, ECONNREFUSED, err) : 0;
}

int link_open_net(struct lec_link *l, const struct lec_line *line, int64_t deadline, struct lec_err *err)
{
    struct link_address at[LINK_ADDRESSES];
    int64_t begun = lec_now();
    int n = link_resolve(line->host, line->port, l->cancel_fd, deadline, at, err);
    if (n < 0)
        return n;
    int rc = LEC_E_BUG;
    for (int i = 0; i < n; i++) {
        int64_t now = lec_now();
        /* a name with a dead IPv6 address must leave time for its other addresses */
        int64_t until = deadline == LEC_NEVER || n - i == 1 ? deadline : now + (deadline - now) / (n - i);
        name_peer(l, line, &at[i]);
        rc = connect_to(l, line->kind == LEC_LINE_TCP, &at[i], until, until - begun, err);
        if (rc == 0 || rc == LEC_E_CANCELLED)
            return rc;
        if (l->fd >= 0)
            close(l->fd);
        l->fd = -1;
    }
    link_resolve_forget(line->host);
    return rc;
}
