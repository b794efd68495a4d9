/* What the files of the link share; nobody else includes it. link.c moves bytes, link_net.c opens sockets,
 * link_resolve.c finds addresses, link_tty.c opens terminals by termios, link_serial.c serial ports by
 * libserialport. */
#ifndef LECTERN_LINK_IMPL_H
#define LECTERN_LINK_IMPL_H

#include <stdbool.h>
#include <sys/socket.h>

#include "line/link.h"

struct sp_port;

enum link_kind { LINK_STREAM, LINK_DGRAM, LINK_TTY, LINK_OTHER };

struct lec_link {
    int fd; /* non-blocking, close-on-exec */
    int cancel_fd;
    struct lec_waiter *waiter; /* that waits for fd; NULL */
    enum link_kind kind;
    bool more;          /* the last read filled its buffer: more is probably there already */
    int64_t expect_ns;  /* lec_link_expect */
    bool quiet;         /* a wait has just seen that nothing came: a flush has nothing to do */
    bool gone;          /* the last flush met the end */
    unsigned unpolled;  /* reads since the last poll, so that a flood cannot hide a cancel */
    struct sp_port *sp; /* serial ports: owns fd */
    int lock_fd;        /* serial ports: holds the flock; -1 */
    char peer[160];     /* "10.1.2.3:4352", "/dev/ttyUSB0": for sentences */
};

#define LINK_ADDRESSES 8

struct link_address {
    struct sockaddr_storage sa;
    socklen_t len;
};

/* Waits until `fd` has one of `events`. Returns its revents, 0 at the deadline, LEC_E_CANCELLED, or LEC_E_LINK
 * (poll failed). No sentence is stored. */
int link_wait(int fd, short events, int cancel_fd, int64_t deadline);

/* The addresses of `host`, at most LINK_ADDRESSES, with `port` filled in. An address is taken as it is; a name is
 * resolved in a helper thread (or the answer of the last minute is used again).
 * Returns their number (1 and more), LEC_E_LINK (no such name), LEC_E_TIMEOUT, LEC_E_CANCELLED, LEC_E_NOMEM. */
int link_resolve(const char *host, uint16_t port, int cancel_fd, int64_t deadline, struct link_address *out,
                 struct lec_err *err);
/* The addresses of `host` were of no use: ask again next time. */
void link_resolve_forget(const char *host);

/* Each fills a link whose members are set to "nothing" (fds -1). On failure the caller closes it. */
int link_open_net(struct lec_link *l, const struct lec_line *line, int64_t deadline, struct lec_err *err);
int link_open_tty(struct lec_link *l, const char *path, const struct lec_line *line, struct lec_err *err);
int link_open_serial(struct lec_link *l, const char *path, const struct lec_line *line, struct lec_err *err);

/* Terminals, for both kinds. */

/* Opens `path` non-blocking and takes the flock. Returns the descriptor, LEC_E_LINK (a sentence says why, and who
 * has it). */
int link_tty_open_locked(const char *path, struct lec_err *err);
/* Sets raw mode, frame and rate by termios2, and checks them as below. Returns 0, LEC_E_CONFIG, LEC_E_LINK. */
int link_tty_configure(int fd, const struct lec_line *line, struct lec_err *err);
/* Makes a read of nothing tell itself from a hang-up, and checks that the port runs at the rate and frame of `line`
 * (not for a pseudo-terminal, where both mean nothing and the kernel keeps to 8 bits without parity). */
int link_tty_check(int fd, const struct lec_line *line, struct lec_err *err);
/* A sentence about why opening `path` failed with `number` (an errno). Returns LEC_E_LINK. */
int link_tty_open_failed(const char *path, int number, struct lec_err *err);
/* Drops what waits in both directions, so that closing does not wait for it. */
void link_tty_drop(int fd);

#endif
