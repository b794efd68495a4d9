#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lectern/clock.h"

#define EVENTS_PER_ROUND 64

struct loop {
    int epoll;
    bool stop;
    int64_t now;
    struct loop_timer **heap; /* 1-based: heap[0] is unused */
    size_t n_heap, size_heap;
    void **graves;
    size_t n_graves, size_graves;
    double speed;
    int64_t real_base, model_base;
};

struct loop *loop_new(void)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0) {
        free(l);
        return NULL;
    }
    l->speed = 1;
    l->now = l->real_base = lec_now();
    return l;
}

static void dig(struct loop *l)
{
    for (size_t i = 0; i < l->n_graves; i++)
        free(l->graves[i]);
    l->n_graves = 0;
}

void loop_free(struct loop **l)
{
    if (!*l)
        return;
    dig(*l);
    free((*l)->graves);
    free((*l)->heap);
    close((*l)->epoll);
    free(*l);
    *l = NULL;
}

void loop_bury(struct loop *l, void *p)
{
    if (l->n_graves == l->size_graves) {
        size_t size = l->size_graves ? 2 * l->size_graves : 16;
        void **graves = realloc(l->graves, size * sizeof *graves);
        if (!graves)
            return; /* leaked rather than freed too early */
        l->graves = graves;
        l->size_graves = size;
    }
    l->graves[l->n_graves++] = p;
}

void loop_stop(struct loop *l)
{
    l->stop = true;
}

int64_t loop_now(const struct loop *l)
{
    return l->now;
}

/* ---- Timers: a binary heap, least `at` on top ----------------------------------------------------------------- */

static void place(struct loop *l, size_t slot, struct loop_timer *t)
{
    l->heap[slot] = t;
    t->slot = slot;
}

static void sift_up(struct loop *l, size_t slot)
{
    struct loop_timer *t = l->heap[slot];
    while (slot > 1 && l->heap[slot / 2]->at > t->at) {
        place(l, slot, l->heap[slot / 2]);
        slot /= 2;
    }
    place(l, slot, t);
}

static void sift_down(struct loop *l, size_t slot)
{
    struct loop_timer *t = l->heap[slot];
    for (;;) {
        size_t child = 2 * slot;
        if (child > l->n_heap)
            break;
        if (child < l->n_heap && l->heap[child + 1]->at < l->heap[child]->at)
            child++;
        if (l->heap[child]->at >= t->at)
            break;
        place(l, slot, l->heap[child]);
        slot = child;
    }
    place(l, slot, t);
}

void loop_timer_clear(struct loop *l, struct loop_timer *t)
{
    if (!t->slot)
        return;
    size_t slot = t->slot;
    t->slot = 0;
    struct loop_timer *last = l->heap[l->n_heap--];
    if (last == t)
        return;
    place(l, slot, last);
    sift_up(l, slot);
    sift_down(l, last->slot);
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at)
{
    loop_timer_clear(l, t);
    if (l->n_heap + 1 >= l->size_heap) {
        size_t size = l->size_heap ? 2 * l->size_heap : 64;
        struct loop_timer **heap = realloc(l->heap, size * sizeof(struct loop_timer *));
        if (!heap)
            return; /* the timer does not come; nothing better can be done without memory */
        l->heap = heap;
        l->size_heap = size;
    }
    t->at = at;
    l->n_heap++;
    place(l, l->n_heap, t);
    sift_up(l, l->n_heap);
}

/* ---- The model's clock ---------------------------------------------------------------------------------------- */

int64_t loop_model_now(const struct loop *l)
{
    return l->model_base + (int64_t)((double)(l->now - l->real_base) * l->speed);
}

double loop_speed(const struct loop *l)
{
    return l->speed;
}

void loop_timer_set_model(struct loop *l, struct loop_timer *t, int64_t model_at)
{
    double away = (double)(model_at - loop_model_now(l)) / l->speed;
    /* One nanosecond more: when the timer comes, the model's clock must not stand just before model_at. */
    loop_timer_set(l, t, away < 9e18 ? l->now + (int64_t)away + 1 : LEC_NEVER);
}

void loop_set_speed(struct loop *l, double speed)
{
    l->model_base = loop_model_now(l);
    l->real_base = l->now;
    double stretch = l->speed / speed;
    l->speed = speed;
    for (size_t i = 1; i <= l->n_heap; i++)
        if (l->heap[i]->model && l->heap[i]->at > l->now && l->heap[i]->at != LEC_NEVER)
            l->heap[i]->at = l->now + (int64_t)((double)(l->heap[i]->at - l->now) * stretch) + 1;
    for (size_t i = l->n_heap / 2; i >= 1; i--)
        sift_down(l, i);
}

/* ---- Descriptors ---------------------------------------------------------------------------------------------- */

static int control(struct loop *l, int op, struct loop_watch *w, bool out)
{
    struct epoll_event ev = {.events = EPOLLIN | (out ? EPOLLOUT : 0U), .data.ptr = w};
    return epoll_ctl(l->epoll, op, w->fd, &ev);
}

int loop_watch(struct loop *l, struct loop_watch *w, bool out)
{
    return control(l, EPOLL_CTL_ADD, w, out) < 0 ? LEC_E_NOMEM : 0;
}

void loop_rewatch(struct loop *l, struct loop_watch *w, bool out)
{
    (void)control(l, EPOLL_CTL_MOD, w, out);
}

void loop_unwatch(struct loop *l, struct loop_watch *w)
{
    if (w->fd < 0)
        return;
    (void)control(l, EPOLL_CTL_DEL, w, false);
    w->fd = -1;
}

static void run_timers(struct loop *l)
{
    /* What a timer sets for "now" waits for the next round, so that descriptors are never starved. */
    int64_t now = l->now = lec_now();
    while (l->n_heap > 0 && l->heap[1]->at <= now && !l->stop) {
        struct loop_timer *t = l->heap[1];
        loop_timer_clear(l, t);
        l->now = lec_now();
        t->due(t->ctx);
    }
}

/* To the nanosecond: a board that samples each millisecond shall not be up to one late. NULL: for ever. */
static int round_until(struct loop *l, const struct timespec *wait, struct lec_err *err)
{
    struct epoll_event events[EVENTS_PER_ROUND];
    int n = epoll_pwait2(l->epoll, events, EVENTS_PER_ROUND, wait, NULL);
    if (n < 0 && errno != EINTR)
        return lec_fail(err, LEC_E_BUG, "epoll: %s", strerror(errno));
    l->now = lec_now();
    for (int i = 0; i < n; i++) {
        struct loop_watch *w = events[i].data.ptr;
        if (w->fd >= 0) /* -1: an earlier event of this round has ended it; its memory still stands */
            w->ready(w->ctx, events[i].events);
    }
    run_timers(l);
    dig(l);
    return 0;
}

int loop_round(struct loop *l, int wait_ms, struct lec_err *err)
{
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * LEC_MS};
    return round_until(l, wait_ms < 0 ? NULL : &wait, err);
}

int loop_run(struct loop *l, struct lec_err *err)
{
    int rc = 0;
    l->stop = false;
    while (!l->stop && rc == 0) {
        bool ever = l->n_heap > 0 && l->heap[1]->at != LEC_NEVER;
        int64_t left = ever ? l->heap[1]->at - lec_now() : 0;
        left = left > 0 ? left : 0;
        struct timespec wait = {.tv_sec = left / LEC_SEC, .tv_nsec = left % LEC_SEC};
        rc = round_until(l, ever ? &wait : NULL, err);
    }
    return rc;
}
