#include "port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "conn.h"
#include "usb.h"

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A socket bound to 127.0.0.1:port (0: any that is free); its port in *got. Returns the descriptor or -1. */
static int bound(int type, uint16_t port, uint16_t *got)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int one = 1;
    if (type == SOCK_STREAM) /* plugged in again, it gets its old port although old connections linger */
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in at = loopback(port);
    socklen_t size = sizeof at;
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || getsockname(fd, (struct sockaddr *)&at, &size) < 0 ||
        (type == SOCK_STREAM && listen(fd, 64) < 0)) {
        close(fd);
        return -1;
    }
    *got = ntohs(at.sin_port);
    return fd;
}

static void accepted(void *ctx, uint32_t events)
{
    struct sim_line *line = ctx;
    (void)events;
    int fd = accept4(line->listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)sim_conn_new(line, fd, false);
}

static void datagram(void *ctx, uint32_t events)
{
    struct sim_line *line = ctx;
    (void)events;
    uint8_t data[512];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t n = recvfrom(line->udp.fd, data, sizeof data, 0, (struct sockaddr *)&from, &size);
    if (n <= 0 || !line->face_kind->datagram)
        return;
    char address[INET_ADDRSTRLEN];
    if (inet_ntop(AF_INET, &from.sin_addr, address, sizeof address))
        line->face_kind->datagram(line, data, (size_t)n, address);
}

void sim_notify(struct sim_line *line, const void *data, size_t n)
{
    struct sockaddr_in to = loopback(line->notify_port);
    if (line->udp.fd >= 0 && line->plugged)
        (void)sendto(line->udp.fd, data, n, 0, (struct sockaddr *)&to, sizeof to);
}

/* A TCP port whose number is free for UDP as well, if the face speaks that too. */
static int open_tcp(struct sim_line *line, struct lec_err *err)
{
    bool udp = line->face_kind && line->face_kind->udp;
    for (unsigned attempt = 0; attempt < 32; attempt++) {
        uint16_t port = line->port, same;
        int listener = bound(SOCK_STREAM, port, &port);
        if (listener < 0)
            return lec_fail(err, LEC_E_LINK, "no TCP port on 127.0.0.1: %s", strerror(errno));
        int other = udp ? bound(SOCK_DGRAM, port, &same) : -1;
        if (udp && other < 0) {
            close(listener);
            continue;
        }
        if (udp && !line->notify_port) {
            int free_one = bound(SOCK_DGRAM, 0, &line->notify_port);
            if (free_one >= 0)
                close(free_one);
        }
        line->port = port;
        line->listen = (struct loop_watch){.fd = listener, .ready = accepted, .ctx = line};
        line->udp = (struct loop_watch){.fd = other, .ready = datagram, .ctx = line};
        if (loop_watch(line->sim->loop, &line->listen, false) < 0 ||
            (udp && loop_watch(line->sim->loop, &line->udp, false) < 0))
            return lec_fail(err, LEC_E_LINK, "the port cannot be watched");
        return 0;
    }
    return lec_fail(err, LEC_E_LINK, "no port on 127.0.0.1 that is free for both TCP and UDP");
}

/* A pseudo-terminal in raw mode. The slave stays open, so that the master never reads "hung up" while no controller
 * is there. */
static int new_pty(int *master, int *slave)
{
    struct termios raw;
    int m, s;
    if (openpty(&m, &s, NULL, NULL, NULL) < 0)
        return -1;
    if (tcgetattr(s, &raw) == 0) {
        cfmakeraw(&raw);
        (void)tcsetattr(s, TCSANOW, &raw);
    }
    (void)fcntl(m, F_SETFD, FD_CLOEXEC);
    (void)fcntl(s, F_SETFD, FD_CLOEXEC);
    (void)fcntl(m, F_SETFL, O_RDWR | O_NONBLOCK);
    *master = m;
    *slave = s;
    return 0;
}

static int open_pty(struct sim_line *line, struct lec_err *err)
{
    int master = line->spare_master, slave = line->spare_slave;
    line->spare_master = line->spare_slave = -1;
    if (master < 0 && new_pty(&master, &slave) < 0)
        return lec_fail(err, LEC_E_LINK, "no pseudo-terminal: %s", strerror(errno));
    line->slave = slave;
    char name[64], fresh[sizeof line->path + 4];
    (void)snprintf(fresh, sizeof fresh, "%s.new", line->path);
    (void)unlink(fresh);
    if (ptsname_r(master, name, sizeof name) != 0 || symlink(name, fresh) < 0 || rename(fresh, line->path) < 0) {
        close(master);
        return lec_fail(err, LEC_E_LINK, "%s: %s", line->path, strerror(errno));
    }
    if (!sim_conn_new(line, master, true))
        return lec_fail(err, LEC_E_LINK, "%s: out of memory", line->path);
    return 0;
}

/* The face's packets go through one end of a socket pair, the test bed has the other. */
static int open_usb(struct sim_line *line, struct lec_err *err)
{
    struct sim *s = line->sim;
    char serial[SIM_TEXT] = "";
    int ends[2];
    if (!line->face_kind || !line->face_kind->usb_product)
        return lec_fail(err, LEC_E_LINK, "nobody plays it on USB");
    struct sim_usb_id id = {.vendor = 0x08F7, .port = line->usb_port, .serial = serial};
    id.product = line->face_kind->usb_product(line->boxes, serial);
    int rc = s->usb ? 0 : sim_usb_new(&s->usb, err);
    if (rc < 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return lec_fail(err, LEC_E_LINK, "no socket: %s", strerror(errno));
    rc = sim_usb_plug(s->usb, &id, ends[1], &line->plug, err);
    struct sim_conn *c = rc == 0 ? sim_conn_new(line, ends[0], true) : NULL;
    if (!c && rc < 0)
        close(ends[0]);
    else if (!c)
        rc = lec_fail(err, LEC_E_NOMEM, "out of memory");
    else
        c->packets = true;
    return rc;
}

int sim_port_open(struct sim_line *line, struct lec_err *err)
{
    int rc = line->usb ? open_usb(line, err) : line->tcp ? open_tcp(line, err) : open_pty(line, err);
    if (rc == 0)
        line->plugged = true;
    return rc;
}

static void end_conns(struct sim_line *line, bool reset)
{
    while (line->conns)
        sim_conn_end(line->conns, reset);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_watch(struct loop *l, struct loop_watch *w)
{
    int fd = w->fd;
    loop_unwatch(l, w);
    close_fd(&fd);
}

void sim_port_close(struct sim_line *line)
{
    struct loop *l = line->sim->loop;
    end_conns(line, line->tcp);
    if (line->listen.fd >= 0)
        close_watch(l, &line->listen);
    if (line->udp.fd >= 0)
        close_watch(l, &line->udp);
    close_fd(&line->slave);
    close_fd(&line->spare_master);
    close_fd(&line->spare_slave);
    if (line->usb)
        sim_usb_unplug(&line->plug);
    else if (!line->tcp)
        (void)unlink(line->path);
    line->plugged = false;
}

int sim_plug(struct sim_line *line, bool in, struct lec_err *err)
{
    if (in == line->plugged)
        return 0;
    if (in) {
        int rc = sim_port_open(line, err);
        if (rc == 0 && line->face_kind && line->face_kind->plugged)
            line->face_kind->plugged(line);
        return rc;
    }
    int master = -1, slave = -1;
    /* The next terminal is made while the old one still stands, so that it gets another number. */
    if (!line->tcp && !line->usb && new_pty(&master, &slave) < 0)
        return lec_fail(err, LEC_E_LINK, "no pseudo-terminal: %s", strerror(errno));
    sim_port_close(line);
    line->spare_master = master;
    line->spare_slave = slave;
    return 0;
}
