/* Notices: datagrams that devices send by themselves (PJLink status notification). One thread listens on the few UDP
 * ports that drivers ask for (lec_dev_listen), whatever number of lines share a port, and hands each datagram to the
 * devices at the sender's address. Everything else is dropped.
 *
 * A device may be registered before it is up: a start-up notice is what makes its line try at once.
 *
 * Threads: register and unregister from any thread (line threads); they take a lock, and only looking up a name can
 * wait. `deliver` runs in the notice thread, under that lock: it must not block and must not call back here. */
#ifndef LECTERN_NOTICE_H
#define LECTERN_NOTICE_H

#include <stddef.h>
#include <stdint.h>

#include "lectern/err.h"

#define LEC_NOTICE_PORTS     16   /* different UDP ports */
#define LEC_NOTICE_DEVICES   256  /* registrations */
#define LEC_NOTICE_SIZE      1500 /* bytes of one datagram; longer ones are dropped */
#define LEC_NOTICE_PER_S     50   /* datagrams a second to one device; what is above is dropped */
#define LEC_NOTICE_ADDRESSES 8    /* of one host */

struct lec_notice;

/* data: len bytes, a NUL follows. line_name: as registered, lent for the call. */
typedef void lec_notice_deliver(void *ctx, const char *line_name, size_t device_index, const void *data, size_t len);

/* Starts the thread. NULL for lack of memory or of threads. */
struct lec_notice *lec_notice_new(lec_notice_deliver *deliver, void *ctx);
/* Ends the thread and closes the ports. Accepts NULL, sets *notice NULL. */
void lec_notice_free(struct lec_notice **notice);

/* Datagrams that come to UDP `port` from `host` (a name or an address) go to this device from now on. A registration
 * of the same line, device and port is replaced, so calling it at every open follows a device to its new address.
 * source_port: tells devices at one address apart (simulated ones): a datagram goes to those whose source_port it
 * bears, or, if there is none, to all at that address. 0: does not matter.
 * cancel_fd: ends the waiting for a name, -1 for none. Blocks at most 2 s, only when `host` is a name not looked up
 * within the last minute. Returns 0, LEC_E_LINK (the port is taken by another program; no such name), LEC_E_TIMEOUT,
 * LEC_E_CANCELLED, LEC_E_NOMEM (too many). */
int lec_notice_register(struct lec_notice *notice, uint16_t port, const char *host, uint16_t source_port,
                        const char *line_name, size_t device_index, int cancel_fd, struct lec_err *err);

/* Forgets all devices of the line. When it returns, nothing is delivered to them any more. */
void lec_notice_unregister(struct lec_notice *notice, const char *line_name);

#endif
