#include "mailbox/waiter.h"

#include <assert.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lectern/clock.h"

#define TIMER  LEC_WAITER_ITEMS /* the timer's own number */
#define BATCH  16               /* events taken at a time; what is left is there at the next wait */
#define YIELDS 8                /* between two looks at the descriptors, while awake */

struct lec_waiter {
    int epoll_fd, timer_fd;
    int64_t rings_at;  /* what the timer is set to; LEC_NEVER: it is not */
    int64_t expect_ns; /* how long the next wait stays awake */
    struct {
        struct lec_mailbox *box;
        unsigned item;
    } boxes[LEC_WAITER_MAILBOXES];
    unsigned n_boxes;
};

static int add(struct lec_waiter *w, int fd, uint32_t events, unsigned item)
{
    struct epoll_event event = {.events = events, .data.u32 = item};
    return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? LEC_E_NOMEM : 0;
}

struct lec_waiter *lec_waiter_new(void)
{
    struct lec_waiter *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    w->rings_at = LEC_NEVER;
    if (w->epoll_fd < 0 || w->timer_fd < 0 || add(w, w->timer_fd, EPOLLIN | EPOLLET, TIMER) < 0)
        lec_waiter_free(&w);
    return w;
}

void lec_waiter_free(struct lec_waiter **at)
{
    struct lec_waiter *w = *at;
    if (!w)
        return;
    if (w->epoll_fd >= 0)
        close(w->epoll_fd);
    if (w->timer_fd >= 0)
        close(w->timer_fd);
    free(w);
    *at = NULL;
}

int lec_waiter_add(struct lec_waiter *w, int fd, unsigned item)
{
    assert(item < LEC_WAITER_ITEMS);
    return add(w, fd, EPOLLIN, item);
}

int lec_waiter_add_mailbox(struct lec_waiter *w, struct lec_mailbox *box, unsigned item)
{
    assert(item < LEC_WAITER_ITEMS && w->n_boxes < LEC_WAITER_MAILBOXES);
    int rc = add(w, lec_mailbox_fd(box), EPOLLIN | EPOLLET, item); /* each ring wakes: nobody has to read it */
    if (rc < 0)
        return rc;
    w->boxes[w->n_boxes].box = box;
    w->boxes[w->n_boxes++].item = item;
    return 0;
}

void lec_waiter_drop(struct lec_waiter *w, int fd)
{
    (void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* A timer that rings too early makes one turn short; then it is set anew. */
static void ring_by(struct lec_waiter *w, int64_t until)
{
    if (until >= w->rings_at)
        return;
    struct itimerspec at = {.it_value = {.tv_sec = until / LEC_SEC, .tv_nsec = until % LEC_SEC}};
    timerfd_settime(w->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
    w->rings_at = until;
}

void lec_waiter_expect(struct lec_waiter *w, int64_t ns)
{
    w->expect_ns = ns;
}

static bool any_letter(const struct lec_waiter *w)
{
    bool any = false;
    for (unsigned i = 0; i < w->n_boxes; i++)
        any = any || lec_mailbox_any(w->boxes[i].box);
    return any;
}

/* Looks until a letter or an event has come, or it is time to sleep. Letters are what is expected, and to look for them costs
 * nothing. Returns the number of events. */
static int stay_awake(struct lec_waiter *w, struct epoll_event events[BATCH], int64_t now, int64_t until)
{
    int64_t end = until - now > w->expect_ns ? now + w->expect_ns : until;
    int n = 0;
    for (unsigned turn = 1; n == 0 && !any_letter(w) && lec_now() < end; turn++) {
        sched_yield(); /* on a busy machine this may take long: so the time is looked at after each */
        if (turn % YIELDS == 0)
            n = epoll_wait(w->epoll_fd, events, BATCH, 0);
    }
    return n;
}

static int go_to_sleep(struct lec_waiter *w, struct epoll_event events[BATCH], int64_t now, int64_t until)
{
    bool look = until <= now;
    for (unsigned i = 0; i < w->n_boxes; i++)
        look = !lec_mailbox_sleep(w->boxes[i].box) || look;
    if (!look)
        ring_by(w, until);
    return epoll_wait(w->epoll_fd, events, BATCH, look ? 0 : -1);
}

uint64_t lec_waiter_wait(struct lec_waiter *w, int64_t until)
{
    struct epoll_event events[BATCH];
    uint64_t ready = 0;
    int64_t now = lec_now();
    bool expects = w->expect_ns > 0;
    int n = expects ? stay_awake(w, events, now, until) : 0;
    w->expect_ns = 0;
    if (n == 0 && !(expects && any_letter(w))) /* the letter that was expected is not kept waiting */
        n = go_to_sleep(w, events, now, until);
    for (int i = 0; i < n; i++) {
        if (events[i].data.u32 == TIMER)
            w->rings_at = LEC_NEVER;
        else
            ready |= UINT64_C(1) << events[i].data.u32;
    }
    for (unsigned i = 0; i < w->n_boxes; i++) { /* a ring may be an old one, and a letter needs none */
        uint64_t bit = UINT64_C(1) << w->boxes[i].item;
        lec_mailbox_wake(w->boxes[i].box);
        ready = lec_mailbox_any(w->boxes[i].box) ? ready | bit : ready & ~bit;
    }
    return ready;
}
