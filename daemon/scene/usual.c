/* How long each wish usually takes to come true: an exponentially weighted mean and mean deviation of successful
 * attempts, per device.point=value. A sample far off (somebody pulled a plug meanwhile) counts only up to a bound, so
 * that one bad day does not spoil the estimate, while a real change (a new lamp) is learnt within a few lessons. */
#include "scene/internal.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/log.h"

#define SAMPLES_MAX 3                   /* counted so far: from here on, each new sample weighs a quarter */
#define LONGEST_NS  (24. * 3600. * 1e9) /* nothing in a room takes longer */

static bool make_key(char *key, size_t size, const char *target, const struct lec_value *value)
{
    char text[LEC_TEXT_MAX + 1];
    int n = value->type == LEC_NONE ? snprintf(key, size, "%s()", target)
                                    : snprintf(key, size, "%s=%s", target, lec_value_print(value, text, sizeof text));
    return n > 0 && (size_t)n < size;
}

static struct lec_usual *find(const struct lec_scenes *s, const char *key)
{
    for (size_t i = 0; i < s->n_usual; i++)
        if (strcmp(s->usual[i].key, key) == 0)
            return &s->usual[i];
    return NULL;
}

static void forget(struct lec_scenes *s, const char *key)
{
    char path[LEC_USUAL_KEY_MAX + 8];
    if ((size_t)snprintf(path, sizeof path, "usual/%s", key) < sizeof path)
        s->host.keep(s->host.ctx, path, NULL);
}

/* A row for the key, taking the one unused for longest when the table is full. NULL for lack of memory. */
static struct lec_usual *add(struct lec_scenes *s, const char *key)
{
    struct lec_usual *u;
    if (s->n_usual == LEC_USUAL_MAX) {
        u = &s->usual[0];
        for (size_t i = 1; i < s->n_usual; i++)
            if (s->usual[i].used < u->used)
                u = &s->usual[i];
        forget(s, u->key);
    } else {
        if (s->n_usual == s->usual_size) {
            size_t size = s->usual_size ? 2 * s->usual_size : 32;
            struct lec_usual *grown = realloc(s->usual, size * sizeof *grown);
            if (!grown)
                return NULL;
            s->usual = grown;
            s->usual_size = size;
        }
        u = &s->usual[s->n_usual++];
    }
    *u = (struct lec_usual){.used = ++s->usual_used};
    snprintf(u->key, sizeof u->key, "%s", key);
    return u;
}

void lec_usual_free(struct lec_scenes *s)
{
    free(s->usual);
    s->usual = NULL;
    s->n_usual = s->usual_size = 0;
}

int64_t lec_usual(struct lec_scenes *s, const char *target, const struct lec_point *point,
                  const struct lec_value *value)
{
    char key[LEC_USUAL_KEY_MAX];
    struct lec_usual *u = make_key(key, sizeof key, target, value) ? find(s, key) : NULL;
    if (!u || u->n == 0)
        return point ? point->usual_ns : 0;
    u->used = ++s->usual_used;
    /* 0 means unknown; a relay that answers within the clock's grain is not that. */
    return u->mean_ns < 1e6 ? LEC_MS : (int64_t)u->mean_ns;
}

bool lec_usual_held_before(struct lec_scenes *s, const char *target, const struct lec_value *value)
{
    char key[LEC_USUAL_KEY_MAX];
    const struct lec_usual *u = make_key(key, sizeof key, target, value) ? find(s, key) : NULL;
    return u && u->n == 0;
}

static void keep(struct lec_scenes *s, const struct lec_usual *u)
{
    char path[LEC_USUAL_KEY_MAX + 8], text[96];
    snprintf(path, sizeof path, "usual/%s", u->key);
    snprintf(text, sizeof text, "{\"n\":%u,\"mean_us\":%.0f,\"dev_us\":%.0f}", u->n, u->mean_ns / 1e3, u->dev_ns / 1e3);
    s->host.keep(s->host.ctx, path, text);
}

void lec_usual_learn_held(struct lec_scenes *s, const char *target, const struct lec_point *point,
                          const struct lec_value *value)
{
    char key[LEC_USUAL_KEY_MAX];
    if ((point && point->usual_ns > 0) || !make_key(key, sizeof key, target, value) || find(s, key))
        return;
    struct lec_usual *u = add(s, key);
    if (!u)
        return;
    u->n = 0;
    u->mean_ns = u->dev_ns = 0;
    u->used = ++s->usual_used;
    keep(s, u);
}

void lec_usual_learn(struct lec_scenes *s, const char *target, const struct lec_point *point,
                     const struct lec_value *value, int64_t took_ns)
{
    char key[LEC_USUAL_KEY_MAX];
    if (!make_key(key, sizeof key, target, value))
        return;
    double x = took_ns < 0 ? 0 : fmin((double)took_ns, LONGEST_NS);
    struct lec_usual *u = find(s, key);
    if (!u || u->n == 0) {
        if (!u)
            u = add(s, key);
        if (!u)
            return;
        /* The profile's word counts as one sample. */
        u->n = point && point->usual_ns > 0;
        u->mean_ns = u->n ? (double)point->usual_ns : x;
        u->dev_ns = u->mean_ns / 2;
    }
    u->used = ++s->usual_used;
    if (u->n >= SAMPLES_MAX) {
        double reach = fmax(4 * u->dev_ns, u->mean_ns / 4);
        x = fmax(u->mean_ns - reach, fmin(u->mean_ns + reach, x));
    }
    double weight = 1. / (u->n + 1);
    u->dev_ns += (fabs(x - u->mean_ns) - u->dev_ns) * weight;
    u->mean_ns += (x - u->mean_ns) * weight;
    if (u->n < SAMPLES_MAX)
        u->n++;
    keep(s, u);
}

static bool get_ns(const json_t *object, const char *name, double *out)
{
    const json_t *v = json_object_get(object, name);
    double us = json_number_value(v);
    if (!json_is_number(v) || !(us >= 0 && us * 1e3 <= LONGEST_NS))
        return false;
    *out = us * 1e3;
    return true;
}

void lec_usual_restore(struct lec_scenes *s, const char *key, const char *text)
{
    struct lec_usual read = {.n = 0};
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *n = json_object_get(object, "n");
    bool good = *key && strlen(key) < LEC_USUAL_KEY_MAX && json_is_integer(n) && json_integer_value(n) >= 0 &&
                json_integer_value(n) <= SAMPLES_MAX && get_ns(object, "mean_us", &read.mean_ns) &&
                get_ns(object, "dev_us", &read.dev_ns);
    if (good)
        read.n = (unsigned)json_integer_value(n);
    json_decref(object);
    if (!good) {
        lec_log(LEC_LOG_WARNING, "kept duration \"%.60s\" cannot be read; it will be learnt anew", key);
        forget(s, key);
        return;
    }
    struct lec_usual *u = find(s, key);
    if (!u)
        u = add(s, key);
    if (!u)
        return;
    u->n = read.n;
    u->mean_ns = read.mean_ns;
    u->dev_ns = read.dev_ns;
}

int64_t lec_usual_path(size_t n, const uint64_t after[], const int64_t delay_ns[], const int64_t takes_ns[])
{
    int64_t end[LEC_STEPS_MAX] = {0};
    int64_t last = 0;
    /* Each round settles at least one level of the graph, so n rounds are enough. */
    for (size_t round = 0; round < n; round++) {
        bool changed = false;
        for (size_t i = 0; i < n; i++) {
            int64_t start = 0;
            for (size_t k = 0; k < n; k++)
                if ((after[i] & (UINT64_C(1) << k)) && end[k] > start)
                    start = end[k];
            int64_t at = start + delay_ns[i] + takes_ns[i];
            changed |= at != end[i];
            end[i] = at;
            last = at > last ? at : last;
        }
        if (!changed)
            break;
    }
    return last;
}
