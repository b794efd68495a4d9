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
    _Atomic bool sleeping;  /* the receiver waits for a ring, or is about to */

    pthread_mutex_t lock; /* guards all below */
    struct lec_letter *first, **end;
    size_t bytes;
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
    if (fits) {
        *box->end = letter;
        box->end = &letter->next;
        box->bytes += letter->n;
        box->letters++;
    }
    pthread_mutex_unlock(&box->lock);
    if (!fits) {
        free(letter);
        return LEC_E_NOMEM;
    }
    /* Either the receiver, which says that it sleeps and then looks for letters, sees this one, or it is seen sleeping here.
     * After the lock: whoever wakes wants it at once. */
    if (atomic_load(&box->sleeping) && atomic_exchange(&box->sleeping, false))
        eventfd_write(box->fd, 1);
    return 0;
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
    atomic_store(&box->sleeping, true);
    if (atomic_load(&box->letters) == 0)
        return true;
    lec_mailbox_wake(box);
    return false;
}

void lec_mailbox_wake(struct lec_mailbox *box)
{
    atomic_store_explicit(&box->sleeping, false, memory_order_relaxed);
}
