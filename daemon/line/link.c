#include "line/link_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libserialport.h>

#include "lectern/clock.h"
#include "lectern/parse.h"

/* Reads in a row without a look at the cancel descriptor. */
#define UNPOLLED_MAX 16
/* What a flush drops at most: a device that floods must not hold the line's thread. */
#define FLUSH_MAX (1024u * 1024u)

int link_wait(int fd, short events, int cancel_fd, int64_t deadline)
{
    struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = cancel_fd, .events = POLLIN}};
    for (;;) {
        int n = poll(p, cancel_fd >= 0 ? 2 : 1, lec_ms_until(deadline));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return LEC_E_LINK;
        if (n == 0) {
            if (deadline == LEC_NEVER || lec_now() < deadline)
                continue; /* a wait longer than poll can count */
            return 0;
        }
        if (cancel_fd >= 0 && p[1].revents)
            return LEC_E_CANCELLED;
        if (p[0].revents)
            return p[0].revents;
    }
}

static struct lec_link *link_new(int cancel_fd)
{
    struct lec_link *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->fd = l->lock_fd = -1;
    l->cancel_fd = cancel_fd;
    return l;
}

static int open_terminal(struct lec_link *l, const struct lec_line *line, struct lec_err *err)
{
    /* Resolved at each open: a by-id symlink leads to another number after the adapter was plugged in again. */
    char path[PATH_MAX];
    if (!realpath(line->path, path))
        return link_tty_open_failed(line->path, errno, err);
    lec_copy_utf8(l->peer, sizeof l->peer, line->path, strlen(line->path));
    /* libserialport knows the ports that the kernel lists; a pseudo-terminal is none of them, whatever the room file
     * calls it, and termios is enough for it. */
    const char *base = strrchr(path, '/');
    char sys[PATH_MAX];
    bool known = line->kind == LEC_LINE_SERIAL && base && strncmp(path, "/dev/", 5) == 0 && base == path + 4 &&
                 snprintf(sys, sizeof sys, "/sys/class/tty%s", base) < (int)sizeof sys && access(sys, F_OK) == 0;
    return known ? link_open_serial(l, path, line, err) : link_open_tty(l, path, line, err);
}

int lec_link_open(const struct lec_line *line, int cancel_fd, int64_t deadline, struct lec_link **out,
                  struct lec_err *err)
{
    struct lec_link *l = link_new(cancel_fd);
    if (!l)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    int rc = LEC_E_BUG;
    switch (line->kind) {
    case LEC_LINE_TCP:
    case LEC_LINE_UDP:
        rc = link_open_net(l, line, deadline, err);
        break;
    case LEC_LINE_SERIAL:
    case LEC_LINE_PTY:
        rc = open_terminal(l, line, err);
        break;
    case LEC_LINE_NONE:
    case LEC_LINE_USB:
    case LEC_LINE_HTTP:
        rc = lec_fail(err, LEC_E_NOTSUP, "a line of this kind has no bytes to send or receive");
        break;
    }
    if (rc < 0) {
        lec_link_close(&l);
        return rc;
    }
    *out = l;
    return 0;
}

struct lec_link *lec_link_of_fd(int fd, int cancel_fd)
{
    struct lec_link *l = link_new(cancel_fd);
    if (!l)
        return NULL;
    int type = 0;
    socklen_t len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0)
        l->kind = type == SOCK_STREAM ? LINK_STREAM : LINK_DGRAM;
    else
        l->kind = isatty(fd) ? LINK_TTY : LINK_OTHER;
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    static const char peer[] = "the other side";
    memcpy(l->peer, peer, sizeof peer);
    l->fd = fd;
    return l;
}

void lec_link_close(struct lec_link **link)
{
    struct lec_link *l = *link;
    if (!l)
        return;
    *link = NULL;
    lec_link_listen(l, NULL, 0);
    if (l->kind == LINK_TTY && l->fd >= 0)
        link_tty_drop(l->fd);
    if (l->sp) {
        (void)ioctl(l->fd, TIOCNXCL);
        sp_close(l->sp);
        sp_free_port(l->sp);
    } else if (l->fd >= 0) {
        close(l->fd);
    }
    if (l->lock_fd >= 0)
        close(l->lock_fd);
    free(l);
}

/* A system call on the open connection failed. */
static int broken(const struct lec_link *l, int number, struct lec_err *err)
{
    switch (number) {
    case ECONNRESET:
        return lec_fail(err, LEC_E_LINK, "connection reset by %s", l->peer);
    case EPIPE:
        return lec_fail(err, LEC_E_LINK, "%s has closed the connection", l->peer);
    case ECONNREFUSED: /* a datagram came back */
        return lec_fail(err, LEC_E_LINK, "nothing listens at %s", l->peer);
    case ETIMEDOUT:
        return lec_fail(err, LEC_E_LINK, "%s does not acknowledge any more", l->peer);
    case EHOSTUNREACH:
    case ENETUNREACH:
        return lec_fail(err, LEC_E_LINK, "no route to %s any more", l->peer);
    case EIO:
    case ENXIO:
    case ENODEV:
        return lec_fail(err, LEC_E_LINK, "%s has hung up (unplugged, or the other end closed)", l->peer);
    default:
        return lec_fail(err, LEC_E_LINK, "%s: %s", l->peer, strerrordesc_np(number));
    }
}

static int not_ready(const struct lec_link *l, int rc, short events, struct lec_err *err)
{
    if (rc == LEC_E_CANCELLED)
        return lec_fail(err, rc, "cancelled");
    if (rc < 0)
        return lec_fail(err, LEC_E_LINK, "waiting for %s failed", l->peer);
    if (events & POLLOUT)
        return lec_fail(err, LEC_E_TIMEOUT, "%s takes no more bytes", l->peer);
    return lec_fail(err, LEC_E_TIMEOUT, "no bytes from %s", l->peer);
}

int lec_link_send(struct lec_link *link, const void *data, size_t n, int64_t deadline, struct lec_err *err)
{
    const char *at = data;
    link->quiet = false;
    link->more = false; /* whoever sends waits for an answer next, so look before reading */
    while (n > 0) {
        ssize_t done = link->kind == LINK_STREAM || link->kind == LINK_DGRAM
                           ? send(link->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT)
                           : write(link->fd, at, n);
        if (done >= 0 && link->kind == LINK_DGRAM)
            return 0;
        if (done > 0) {
            at += done;
            n -= (size_t)done;
            continue;
        }
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && errno != EAGAIN)
            return broken(link, errno, err);
        int rc = link_wait(link->fd, POLLOUT, link->cancel_fd, deadline);
        if (rc <= 0)
            return not_ready(link, rc, POLLOUT, err);
        /* A terminal that has hung up is "ready" for ever; the write above then says EIO, and a socket says why. */
    }
    return 0;
}

/* One attempt without waiting. Returns the count, 0 when nothing is there, LEC_E_LINK. */
static ssize_t read_now(struct lec_link *l, void *data, size_t size, struct lec_err *err)
{
    for (;;) {
        bool socket = l->kind == LINK_STREAM || l->kind == LINK_DGRAM;
        ssize_t n = socket ? recv(l->fd, data, size, MSG_DONTWAIT) : read(l->fd, data, size);
        if (n > 0) {
            l->more = (size_t)n == size && l->kind != LINK_DGRAM;
            return n;
        }
        l->more = false;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n < 0)
            return broken(l, errno, err);
        if (l->kind == LINK_DGRAM)
            continue; /* an empty datagram is no bytes and no end */
        /* Terminals are set so (VMIN 1) that a read of nothing fails with EAGAIN: 0 is always the end. */
        return broken(l, l->kind == LINK_TTY ? EIO : EPIPE, err);
    }
}

void lec_link_expect(struct lec_link *link, int64_t ns)
{
    link->expect_ns = ns;
}

/* Tries again and again for a moment. As read_now. */
static ssize_t recv_awake(struct lec_link *link, void *data, size_t size, int64_t deadline, struct lec_err *err)
{
    int64_t end = lec_now() + link->expect_ns;
    ssize_t n = 0;
    link->expect_ns = 0;
    while (n == 0 && lec_now() < end && lec_now() < deadline) {
        sched_yield();
        n = read_now(link, data, size, err);
    }
    return n;
}

ssize_t lec_link_recv(struct lec_link *link, void *data, size_t size, int64_t deadline, struct lec_err *err)
{
    link->quiet = false;
    ssize_t early = link->expect_ns > 0 ? recv_awake(link, data, size, deadline, err) : 0;
    link->unpolled += early > 0;
    if (early != 0)
        return early;
    /* Reading before waiting pays only where bytes are surely there; after a request it would be a wasted call. */
    bool straight = (link->more && link->unpolled < UNPOLLED_MAX) || deadline <= lec_now();
    for (;;) {
        if (!straight) {
            int rc = link_wait(link->fd, POLLIN, link->cancel_fd, deadline);
            if (rc <= 0)
                return not_ready(link, rc, POLLIN, err);
            link->unpolled = 0;
        }
        ssize_t n = read_now(link, data, size, err);
        if (n > 0)
            link->unpolled++;
        if (n != 0)
            return n;
        if (deadline <= lec_now())
            return not_ready(link, 0, POLLIN, err);
        straight = false;
    }
}

size_t lec_link_flush(struct lec_link *link)
{
    char waste[4096];
    size_t total = 0;
    if (link->quiet) {
        link->quiet = false;
        return 0;
    }
    while (total < FLUSH_MAX) {
        ssize_t n = read_now(link, waste, sizeof waste, NULL);
        link->gone = n < 0; /* it shows again at the next call */
        if (n <= 0)
            break;
        total += (size_t)n;
    }
    link->more = false;
    return total;
}

void lec_link_listen(struct lec_link *link, struct lec_waiter *waiter, unsigned item)
{
    if (link->waiter == waiter)
        return;
    if (link->waiter)
        lec_waiter_drop(link->waiter, link->fd);
    link->waiter =
        waiter && lec_waiter_add(waiter, link->fd, item) == 0 ? waiter : NULL; /* else tried at the next wait */
}

void lec_link_quiet(struct lec_link *link)
{
    link->quiet = link->waiter != NULL;
    link->gone = link->gone && !link->waiter;
}

bool lec_link_gone(const struct lec_link *link)
{
    return link->gone;
}

int lec_link_fd(const struct lec_link *link)
{
    return link->fd;
}
