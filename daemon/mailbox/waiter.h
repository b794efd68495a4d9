/* What one thread of the daemon waits for: descriptors, mailboxes, and a moment.
 *
 * An epoll set: the kernel is told once what is waited for, and not at every turn. The moment is a timer that is only ever
 * set to an earlier one, since setting a timer for every turn, and taking it back when the turn ends early, costs more than
 * the rest of the wait; the price is a turn now and then for which there is nothing to do. docs/architecture.md, section 10,
 * has the figures.
 *
 * The loop of a thread:
 *     serve what there is
 *     ready = lec_waiter_wait(w, the earliest moment at which something is to do)
 *     look at what is ready, and at the clock
 *
 * Threads: the waiting one's. Only lec_waiter_wait waits. */
#ifndef LECTERN_WAITER_H
#define LECTERN_WAITER_H

#include <stdint.h>

#include "lectern/err.h"
#include "mailbox/mailbox.h"

#define LEC_WAITER_ITEMS     64 /* their numbers are below this */
#define LEC_WAITER_MAILBOXES 2

struct lec_waiter;

/* Waits for nothing yet. NULL for lack of memory or descriptors. */
struct lec_waiter *lec_waiter_new(void);
/* Accepts NULL inside, sets *w NULL. What was waited for stays open. */
void lec_waiter_free(struct lec_waiter **w);

/* From now on `item` is ready as long as `fd` has something to read, or has hung up. Several descriptors may be one item; a
 * descriptor is waited for once. Returns 0 or LEC_E_NOMEM (no memory in the kernel). */
int lec_waiter_add(struct lec_waiter *w, int fd, unsigned item);
/* The same for the letters of a mailbox whose receiver waits here and nowhere else; at most LEC_WAITER_MAILBOXES, which live
 * as long as lec_waiter_wait is called. */
int lec_waiter_add_mailbox(struct lec_waiter *w, struct lec_mailbox *box, unsigned item);
/* No longer; before the descriptor is closed, as its number may come back for another. Does nothing for one that is not
 * waited for. */
void lec_waiter_drop(struct lec_waiter *w, int fd);

/* Waits until something is ready, or the monotonic clock shows `until` (LEC_NEVER: no matter when; 0, or what has passed:
 * only looks), and now and then for less long. Returns a bit each item, 1 << item, of what is ready; 0 if nothing is. */
uint64_t lec_waiter_wait(struct lec_waiter *w, int64_t until);

/* An answer may come at once: the next wait begins awake, and for so long gives the processor to others and looks again,
 * before it sleeps. To fall asleep and be woken takes longer than a device on a fast line takes to answer. */
void lec_waiter_expect(struct lec_waiter *w, int64_t ns);

#endif
