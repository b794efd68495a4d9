/* The newest values of a channel, for formulas. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int run_series_new(struct run_series *s)
{
    *s = (struct run_series){.cap = RUN_SERIES};
    s->t = malloc(s->cap * sizeof *s->t);
    s->v = malloc(s->cap * sizeof *s->v);
    s->lost = malloc(s->cap * sizeof *s->lost);
    return s->t && s->v && s->lost ? 0 : LEC_E_NOMEM;
}

void run_series_free(struct run_series *s)
{
    free(s->t);
    free(s->v);
    free(s->lost);
    *s = (struct run_series){0};
}

void run_series_clear(struct run_series *s)
{
    s->head = s->n = 0;
    s->base = 0;
}

static void pack(struct run_series *s)
{
    memmove(s->t, s->t + s->head, s->n * sizeof *s->t);
    memmove(s->v, s->v + s->head, s->n * sizeof *s->v);
    memmove(s->lost, s->lost + s->head, s->n * sizeof *s->lost);
    s->head = 0;
}

void run_series_drop(struct run_series *s, uint64_t before)
{
    size_t n = before <= s->base ? 0 : before - s->base < s->n ? (size_t)(before - s->base) : s->n;
    s->head += n;
    s->n -= n;
    s->base += n;
    if (s->head > s->n + 1024) /* not only at the end of the room: little of it is touched while little is kept */
        pack(s);
}

void run_series_put(struct run_series *s, int64_t t, double v, uint64_t lost)
{
    if (s->n == s->cap)
        run_series_drop(s, s->base + s->cap / 2);
    if (s->head + s->n == s->cap)
        pack(s);
    size_t at = s->head + s->n++;
    s->t[at] = t;
    s->v[at] = v;
    s->lost[at] = lost;
}
