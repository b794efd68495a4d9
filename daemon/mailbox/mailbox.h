/* The way from one thread of the daemon to another: letters of plain bytes, many senders, one receiver, bounded.
 *
 * A lock, a list and an eventfd instead of ZeroMQ's inproc pipes, which ask the kernel four times for every letter sent
 * and five times for every one received; here a letter costs one call each way when the receiver sleeps and none when it
 * does not. docs/architecture.md, section 10, has the figures. What is inside a letter stays a self-contained frame, so
 * that a line can later be a process of its own.
 *
 * The receiver waits with a lec_waiter (mailbox/waiter.h), which alone uses fd, sleep and wake.
 *
 * Threads: put from any; everything else from the receiver's. Nothing here waits. */
#ifndef LECTERN_MAILBOX_H
#define LECTERN_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

struct lec_mailbox;

struct lec_letter {
    struct lec_letter *next; /* the mailbox's own */
    size_t n;
    _Alignas(max_align_t) char data[]; /* n bytes */
};

/* A box that holds at most so many letters, of so many bytes together. NULL for lack of memory or descriptors. */
struct lec_mailbox *lec_mailbox_new(size_t max_letters, size_t max_bytes);
/* Frees it with what is in it; nobody may use it any more. Accepts NULL inside, sets *box NULL. */
void lec_mailbox_free(struct lec_mailbox **box);

/* Puts one letter (copied): `head`, then `data` (which may be NULL when n is 0). Returns 0, LEC_E_NOMEM when the box
 * is full (or memory is), or LEC_E_RANGE when the letter is larger than the box. */
int lec_mailbox_put(struct lec_mailbox *box, const void *head, size_t head_n, const void *data, size_t n);

/* Whether a letter waits. */
bool lec_mailbox_any(const struct lec_mailbox *box);
/* The oldest letter, to be freed with free(); NULL when there is none. */
struct lec_letter *lec_mailbox_take(struct lec_mailbox *box);

/* Rung (an eventfd, written to) for the first letter after lec_mailbox_sleep, maybe only after lec_mailbox_wake. Nobody reads
 * it: a ring is an edge. The box's own. */
int lec_mailbox_fd(const struct lec_mailbox *box);
/* Before waiting: false when a letter is there already, and the wait must not be. */
bool lec_mailbox_sleep(struct lec_mailbox *box);
/* After waiting, whatever ended it. */
void lec_mailbox_wake(struct lec_mailbox *box);

#endif
