#include "mailbox/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lectern/err.h"

struct lec_mailbox {
    size_t max_letters, max_bytes;
    int fd;
    _Atomic size_t letters; /* changed under the lock, looked at without it */

    pthread_mutex_t lock; /* guards all below */
    struct lec_letter *first, **end;
    size_t bytes;
    bool sleeping; /* the receiver waits for the descriptor, or is about to */
    bool rung;     /* somebody has made it readable, or is about to, and the receiver has not read it */
};

struct lec_mailbox *lec_mailbox_new(size_t max_letters, size_t max_bytes)
{
    struct lec_mailbox *box = calloc(1, sizeof *box);
    if (!box)
        return NULL;
    box->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (box->fd < 0) {
        free(box);
        return NULL;
    }
    box->max_letters = max_letters;
    box->max_bytes = max_bytes;
    box->end = &box->first;
    pthread_mutex_init(&box->lock, NULL);
    return box;
}

void lec_mailbox_free(struct lec_mailbox **at)
{
    struct lec_mailbox *box = *at;
    if (!box)
        return;
    *at = NULL;
    while (box->first) {
        struct lec_letter *letter = box->first;
        box->first = letter->next;
        free(letter);
    }
    pthread_mutex_destroy(&box->lock);
    close(box->fd);
    free(box);
}

int lec_mailbox_put(struct lec_mailbox *box, const void *head, size_t head_n, const void *data, size_t n)
{
    if (head_n + n > box->max_bytes)
        return LEC_E_RANGE;
    struct lec_letter *letter = malloc(sizeof *letter + head_n + n);
    if (!letter)
        return LEC_E_NOMEM;
    letter->next = NULL;
    letter->n = head_n + n;
    memcpy(letter->data, head, head_n);
    if (n > 0)
        memcpy(letter->data + head_n, data, n);
    pthread_mutex_lock(&box->lock);
    bool fits = box->letters < box->max_letters && box->bytes + letter->n <= box->max_bytes;
    bool wake = fits && box->sleeping && !box->rung;
    if (fits) {
        *box->end = letter;
        box->end = &letter->next;
        box->bytes += letter->n;
        box->letters++;
        if (wake)
            box->rung = true;
    }
    pthread_mutex_unlock(&box->lock);
    if (wake)
        eventfd_write(box->fd, 1); /* after the lock: whoever wakes wants it at once */
    if (!fits)
        free(letter);
    return fits ? 0 : LEC_E_NOMEM;
}

bool lec_mailbox_any(const struct lec_mailbox *box)
{
    return atomic_load_explicit(&box->letters, memory_order_acquire) > 0;
}

struct lec_letter *lec_mailbox_take(struct lec_mailbox *box)
{
    if (!lec_mailbox_any(box))
        return NULL;
    pthread_mutex_lock(&box->lock);
    struct lec_letter *letter = box->first;
    box->first = letter->next;
    if (!box->first)
        box->end = &box->first;
    box->bytes -= letter->n;
    box->letters--;
    pthread_mutex_unlock(&box->lock);
    return letter;
}

int lec_mailbox_fd(const struct lec_mailbox *box)
{
    return box->fd;
}

bool lec_mailbox_sleep(struct lec_mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->sleeping = box->first == NULL;
    bool sleeping = box->sleeping;
    pthread_mutex_unlock(&box->lock);
    return sleeping;
}

void lec_mailbox_wake(struct lec_mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    bool rung = box->rung;
    box->sleeping = false;
    pthread_mutex_unlock(&box->lock);
    eventfd_t count;
    if (!rung || eventfd_read(box->fd, &count) < 0)
        return; /* a ringer that has not got so far keeps it rung: the next wait will be short, and reads */
    pthread_mutex_lock(&box->lock);
    box->rung = false;
    pthread_mutex_unlock(&box->lock);
}
