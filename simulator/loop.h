/* One thread's event loop: descriptors, timers, and the model's clock, which may run faster than the wall's.
 *
 * Timers are intrusive (they live in their owner) and lie in a heap, so that hundreds of idle devices cost nothing.
 * A timer of the model keeps its place in model time when the speed changes.
 *
 * Threads: one loop, one thread. */
#ifndef SIM_LOOP_H
#define SIM_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/err.h"

struct loop;

struct loop_watch {
    int fd;                                    /* -1: not watched */
    void (*ready)(void *ctx, uint32_t events); /* EPOLL* bits */
    void *ctx;
};

struct loop_timer {
    void (*due)(void *ctx);
    void *ctx;
    int64_t at;  /* monotonic ns, while set */
    size_t slot; /* 1-based place in the heap; 0: not set */
    bool model;  /* moves with the speed */
};

/* NULL only for lack of memory or descriptors. */
struct loop *loop_new(void);
void loop_free(struct loop **l);
/* Serves descriptors and timers until loop_stop. Returns 0 or LEC_E_BUG (epoll failed). */
int loop_run(struct loop *l, struct lec_err *err);
void loop_stop(struct loop *l);
/* One round: waits at most wait_ms (-1: for ever) for a descriptor, then serves what is due. Returns as loop_run. */
int loop_round(struct loop *l, int wait_ms, struct lec_err *err);

/* Watches w->fd for EPOLLIN (and errors); `out` adds EPOLLOUT. `w` must stay where it is until loop_unwatch.
 * Returns 0 or LEC_E_NOMEM. */
int loop_watch(struct loop *l, struct loop_watch *w, bool out);
void loop_rewatch(struct loop *l, struct loop_watch *w, bool out);
/* Forgets the descriptor (the caller closes it) and sets w->fd to -1; accepts one that is not watched. */
void loop_unwatch(struct loop *l, struct loop_watch *w);
/* Calls free(p) after the present round of events, when nobody can hold it any more. */
void loop_bury(struct loop *l, void *p);

/* Monotonic time at the start of the present round. */
int64_t loop_now(const struct loop *l);
/* Sets (or moves) a timer to a monotonic time. `model` timers are moved when the speed changes. */
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at);
void loop_timer_clear(struct loop *l, struct loop_timer *t);

/* The model's clock: nanoseconds since the loop was made. */
int64_t loop_model_now(const struct loop *l);
double loop_speed(const struct loop *l);
/* speed: 0.01 to 10,000. */
void loop_set_speed(struct loop *l, double speed);
/* Sets a model timer to a model time. */
void loop_timer_set_model(struct loop *l, struct loop_timer *t, int64_t model_at);

#endif
