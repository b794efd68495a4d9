/* A link: one open connection of a line, as bytes. TCP, UDP, serial ports (libserialport), pseudo-terminals (termios,
 * because libserialport 0.1.1 cannot open them) behind one interface, so that whatever stands above cannot tell them
 * apart.
 *
 * Every call that can wait takes a deadline (monotonic, lec_now) and ends early with LEC_E_CANCELLED when the cancel
 * descriptor given at open becomes readable. Nothing here retries, logs or keeps time beyond that.
 *
 * Threads: a link belongs to one thread. */
#ifndef LECTERN_LINK_H
#define LECTERN_LINK_H

#include <sys/types.h>

#include "lectern/model.h"
#include "mailbox/waiter.h"

struct lec_link;

/* Opens the line. TCP: resolves the host (off this thread's back: getaddrinfo may block longer than the deadline, so a
 * name is resolved in a helper thread that may be abandoned; an address is never resolved), connects without delay
 * (TCP_NODELAY, keep-alive). Serial and pty: exclusive (flock; a serial port also TIOCEXCL, which on a pty would outlive
 * us), raw, the baud rate (within 2 %, as UARTs need) or an error; symlinks are followed anew at each open, and a path
 * that the kernel does not list as a serial port is opened as a pty whatever its kind says.
 * cancel_fd: lent, -1 for none. Returns 0, LEC_E_LINK (refused, no such port, hung up, somebody else has it; the
 * sentence says which and what to try), LEC_E_TIMEOUT, LEC_E_CONFIG (a rate the port cannot do), LEC_E_NOTSUP (a kind
 * that has no bytes), LEC_E_CANCELLED, LEC_E_NOMEM. */
int lec_link_open(const struct lec_line *line, int cancel_fd, int64_t deadline, struct lec_link **out,
                  struct lec_err *err);

/* A link over a descriptor that somebody else opened (a socket pair in tests). Takes `fd`. NULL for lack of memory. */
struct lec_link *lec_link_of_fd(int fd, int cancel_fd);

/* Closes and frees; accepts NULL, sets *link NULL. Never blocks (serial output not yet sent is dropped). */
void lec_link_close(struct lec_link **link);

/* Sends all bytes (UDP: one datagram). Returns 0, LEC_E_TIMEOUT, LEC_E_LINK, LEC_E_CANCELLED. */
int lec_link_send(struct lec_link *link, const void *data, size_t n, int64_t deadline, struct lec_err *err);

/* Waits for bytes; reads at least 1, at most `size`. Returns their number, LEC_E_TIMEOUT, LEC_E_LINK (end of file, or
 * the hang-up that a serial read shows as 0), LEC_E_CANCELLED. A deadline in the past reads what is there. */
ssize_t lec_link_recv(struct lec_link *link, void *data, size_t size, int64_t deadline, struct lec_err *err);

/* The answer may come at once: the next lec_link_recv tries for so long, giving the processor to others in between, before it
 * sleeps. */
void lec_link_expect(struct lec_link *link, int64_t ns);

/* Drops what has arrived and was not read; returns how many bytes. Never blocks. */
size_t lec_link_flush(struct lec_link *link);
/* From now on `waiter` (lent; NULL: nobody) waits for bytes and for a hang-up, as `item`, until the link is closed. */
void lec_link_listen(struct lec_link *link, struct lec_waiter *waiter, unsigned item);
/* A wait of that waiter has just ended in which nothing came: the next flush need not look, if nothing is sent before. Does
 * nothing when nobody listens. */
void lec_link_quiet(struct lec_link *link);
/* Whether the last flush came upon the end of the connection. */
bool lec_link_gone(const struct lec_link *link);

/* Lent, for poll(2) and for libmodbus. */
int lec_link_fd(const struct lec_link *link);

#endif
