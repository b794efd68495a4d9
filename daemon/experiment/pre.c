/* What is kept before the start condition is met. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Samples of other channels may have come before the moment of the trigger was known: so long is kept besides `pre`. */
#define SPARE_NS (2 * LEC_SEC)

static struct run_kept *take_oldest(struct lec_run *run, struct run_channel *c)
{
    struct run_kept *k = c->kept;
    c->kept = k->next;
    if (!c->kept)
        c->kept_tail = NULL;
    run->kept_bytes -= k->bytes;
    c->kept_bytes -= k->bytes;
    return k;
}

/* Who has to give up something: the one that takes most, so that a slow channel beside a fast one keeps all it has. */
static struct run_channel *largest(struct lec_run *run)
{
    struct run_channel *found = NULL;
    for (size_t i = 0; i < run->n_channels; i++) {
        struct run_channel *c = &run->channels[i];
        if (c->kept && (!found || c->kept_bytes > found->kept_bytes))
            found = c;
    }
    return found;
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
    struct run_channel *most;
    while (run->kept_bytes + bytes > LEC_RUN_PRE_BYTES && (most = largest(run))) {
        const struct run_piece *p = &most->kept->piece;
        most->cut_ns = run_time_of(p, p->n - 1);
        free(take_oldest(run, most));
    }
    struct run_kept *k = malloc(bytes);
    if (!k) {
        c->cut_ns = run_time_of(piece, n - 1);
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
    c->kept_bytes += bytes;
    int64_t least = run_time_of(piece, n - 1) - run->experiment->pre_ns - SPARE_NS;
    while (c->kept != k && run_time_of(&c->kept->piece, c->kept->piece.n - 1) < least)
        free(take_oldest(run, c));
}

void run_release(struct lec_run *run)
{
    struct run_channel *c;
    while ((c = oldest(run))) { /* in order of time over all channels, as formulas want it */
        struct run_kept *k = take_oldest(run, c);
        run_take(run, c, &k->piece);
        free(k);
    }
}

void run_forget(struct lec_run *run)
{
    for (size_t i = 0; i < run->n_channels; i++)
        while (run->channels[i].kept)
            free(take_oldest(run, &run->channels[i]));
}
