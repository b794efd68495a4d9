#include "worker.h"

#include <libwebsockets.h>
#include <pthread.h>
#include <stdlib.h>

struct job {
    void (*work)(void *arg);
    void (*done)(void *arg);
    void *arg;
    struct job *next;
};

struct worker {
    struct server *server;
    pthread_t thread;
    bool running; /* the thread begins with the first job */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* under the lock */
    struct job *waiting, **waiting_end;
    struct job *finished, **finished_end;
    int n; /* waiting and under way */
    bool end;
};

static void append(struct job ***end, struct job *job)
{
    job->next = NULL;
    **end = job;
    *end = &job->next;
}

static void *run(void *arg)
{
    struct worker *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->waiting && !w->end)
            pthread_cond_wait(&w->wake, &w->lock);
        if (w->end)
            break;
        struct job *job = w->waiting;
        w->waiting = job->next;
        if (!w->waiting)
            w->waiting_end = &w->waiting;
        pthread_mutex_unlock(&w->lock);
        job->work(job->arg);
        pthread_mutex_lock(&w->lock);
        append(&w->finished_end, job);
        lws_cancel_service(w->server->lws); /* wakes the loop */
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

int worker_open(struct server *server, struct worker **out, struct lec_err *err)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    w->server = server;
    w->waiting_end = &w->waiting;
    w->finished_end = &w->finished;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    *out = w;
    return 0;
}

int worker_do(struct worker *w, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
    struct job *job = malloc(sizeof *job);
    if (!job)
        return LEC_E_BUSY;
    *job = (struct job){.work = work, .done = done, .arg = arg};
    pthread_mutex_lock(&w->lock);
    bool ok = w->n < WORKER_WAITING_MAX;
    if (ok && !w->running)
        ok = w->running = pthread_create(&w->thread, NULL, run, w) == 0;
    if (ok) {
        append(&w->waiting_end, job);
        w->n++;
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    if (!ok)
        free(job);
    return ok ? 0 : LEC_E_BUSY;
}

static void hand_over(struct job *job)
{
    while (job) {
        struct job *next = job->next;
        job->done(job->arg);
        free(job);
        job = next;
    }
}

void worker_deliver(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    struct job *finished = w->finished;
    w->finished = NULL;
    w->finished_end = &w->finished;
    for (struct job *job = finished; job; job = job->next)
        w->n--;
    pthread_mutex_unlock(&w->lock);
    hand_over(finished);
}

void worker_close(struct worker **worker)
{
    struct worker *w = *worker;
    if (!w)
        return;
    *worker = NULL;
    pthread_mutex_lock(&w->lock);
    w->end = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    if (w->running)
        pthread_join(w->thread, NULL);
    worker_deliver(w);
    hand_over(w->waiting);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    free(w);
}
