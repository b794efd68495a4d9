/* What is kept before the start condition is met. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Samples of other channels may have come before the moment of the trigger was known: so long is kept besides `pre`. */
#define SPARE_NS (2 * LEC_SEC)

static void drop_oldest(struct lec_run *run, struct run_channel *c)
{
    struct run_kept *k = c->kept;
    c->kept = k->next;
    if (!c->kept)
        c->kept_tail = NULL;
    run->kept_bytes -= k->bytes;
    free(k);
}

static struct run_channel *oldest(struct lec_run *run)
{
    struct run_channel *found = NULL;
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_channel *c = &run->channels[i];
        if (c->kept && (!found || c->kept->piece.first_ns < found->kept->piece.first_ns))
            found = c;
    }
    return found;
}

void run_keep(struct lec_run *run, struct run_channel *c, const struct run_piece *piece)
{
    size_t n = piece->n;
    size_t bytes = sizeof(struct run_kept) + n * sizeof(double) + (piece->times ? n * sizeof(int64_t) : 0);
    struct run_channel *old;
    while (run->kept_bytes + bytes > LEC_RUN_PRE_BYTES && (old = oldest(run))) {
        drop_oldest(run, old);
        run->pre_cut = true;
    }
    struct run_kept *k = malloc(bytes);
    if (!k) {
        run->pre_cut = true;
        return;
    }
    k->next = NULL;
    k->bytes = bytes;
    k->piece = *piece;
    double *values = (double *)(k + 1);
    memcpy(values, piece->values, n * sizeof *values);
    k->piece.values = values;
    if (piece->times) {
        int64_t *times = (int64_t *)(values + n);
        memcpy(times, piece->times, n * sizeof *times);
        k->piece.times = times;
    }
    if (c->kept_tail)
        c->kept_tail->next = k;
    else
        c->kept = k;
    c->kept_tail = k;
    run->kept_bytes += bytes;
    int64_t least = run_time_of(piece, n - 1) - run->experiment->pre_ns - SPARE_NS;
    while (c->kept != k && run_time_of(&c->kept->piece, c->kept->piece.n - 1) < least)
        drop_oldest(run, c);
}

void run_release(struct lec_run *run)
{
    struct run_channel *c;
    while ((c = oldest(run))) { /* in order of time over all channels, as formulas want it */
        struct run_kept *k = c->kept;
        c->kept = k->next;
        if (!c->kept)
            c->kept_tail = NULL;
        run->kept_bytes -= k->bytes;
        run_take(run, c, &k->piece);
        free(k);
    }
}

void run_forget(struct lec_run *run)
{
    for (size_t i = 0; i < run->n_channels; i++)
        while (run->channels[i].kept)
            drop_oldest(run, &run->channels[i]);
}
