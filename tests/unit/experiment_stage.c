#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment_stage.h"

/* ---- The host ----------------------------------------------------------------------------------------------- */

static void begun(void *ctx, int64_t start_ns)
{
    struct stage *st = ctx;
    assert_int_equal(st->begun_ns, LEC_NEVER); /* once */
    st->begun_ns = start_ns;
    st->begun_first = st->n_marks == 0;
    for (size_t i = 0; i < LEC_CHANNELS_MAX; i++)
        st->begun_first = st->begun_first && st->out[i].blocks == 0;
}

static void block(void *ctx, const struct lec_run_block *b)
{
    struct stage *st = ctx;
    assert_true(st->begun_ns != LEC_NEVER && st->ended == 0);
    assert_in_range(b->n, 1, LEC_RUN_BLOCK_MAX);
    assert_true(b->channel < st->experiment.n_channels);
    assert_true((b->interval_ns > 0) == (b->times == NULL));
    struct stage_series *s = &st->out[b->channel];
    while (s->n + b->n > s->size) {
        s->size = s->size ? 2 * s->size : 4096;
        s->t = realloc(s->t, s->size * sizeof *s->t);
        s->v = realloc(s->v, s->size * sizeof *s->v);
        assert_true(s->t && s->v);
    }
    for (size_t i = 0; i < b->n; i++) {
        int64_t t = b->times ? b->times[i] : b->t_ns + (int64_t)llround((double)i * b->interval_ns);
        assert_true(s->n == 0 || t > s->t[s->n - 1]); /* whatever comes in, times rise */
        s->t[s->n] = t;
        s->v[s->n++] = b->values[i];
    }
    s->lost += b->lost;
    s->blocks++;
    s->irregular += b->times != NULL;
    s->flags |= b->flags;
    s->correction_us = b->correction_us;
}

static void mark(void *ctx, const struct lec_run_mark *m)
{
    struct stage *st = ctx;
    assert_true(st->begun_ns != LEC_NEVER && st->ended == 0);
    if (st->n_marks == st->size_marks) {
        st->size_marks = st->size_marks ? 2 * st->size_marks : 64;
        st->marks = realloc(st->marks, st->size_marks * sizeof *st->marks);
        assert_non_null(st->marks);
    }
    st->marks[st->n_marks++] = *m;
}

static void ended(void *ctx, const char *status, const char *reason)
{
    struct stage *st = ctx;
    st->ended++;
    snprintf(st->status, sizeof st->status, "%s", status);
    snprintf(st->reason, sizeof st->reason, "%s", reason);
}

/* ---- The experiment ----------------------------------------------------------------------------------------- */

void stage_clear(struct stage *st)
{
    memset(st, 0, sizeof *st);
    st->begun_ns = LEC_NEVER;
    st->experiment.name = "test";
    st->experiment.repeat = 1;
    st->experiment.channels = st->channels;
}

static size_t channel(struct stage *st, const char *name, enum lec_channel_kind kind)
{
    size_t i = st->experiment.n_channels++;
    st->names[i] = name;
    st->devices[i].name = name;
    st->points[i] = (struct lec_point){.name = "value", .device = &st->devices[i], .unit = "Cel", .type = LEC_FLOAT};
    st->channels[i] = (struct lec_channel){
        .name = name, .index = i, .label = "", .label_en = "", .unit = "", .kind = kind, .decimals = -1};
    lec_calibration_none(&st->sources[i].calibration);
    return i;
}

size_t stage_point(struct stage *st, const char *name, double rate_hz, double period_ms)
{
    size_t i = channel(st, name, LEC_CHANNEL_POINT);
    st->channels[i].device = &st->devices[i];
    st->channels[i].point = &st->points[i];
    st->channels[i].rate_hz = rate_hz;
    st->sources[i].period_ns = (int64_t)(period_ms * 1e6);
    return i;
}

size_t stage_again(struct stage *st, const char *name, size_t other, double rate_hz)
{
    size_t i = stage_point(st, name, rate_hz, 0);
    st->channels[i].device = st->channels[other].device;
    st->channels[i].point = st->channels[other].point;
    st->sources[i] = st->sources[other];
    return i;
}

size_t stage_derive(struct stage *st, const char *name, const char *formula)
{
    struct lec_err err;
    struct lec_formula *f = NULL;
    size_t i = channel(st, name, LEC_CHANNEL_DERIVED);
    if (lec_formula_parse(formula, st->names, i, &f, &err) < 0)
        fail_msg("%s: %s", formula, err.text);
    st->channels[i].formula = formula;
    st->channels[i].compiled = f;
    return i;
}

size_t stage_count(struct stage *st, const char *name, const char *event)
{
    size_t i = channel(st, name, LEC_CHANNEL_COUNT);
    st->channels[i].device = &st->devices[i];
    st->channels[i].event = event;
    return i;
}

size_t stage_manual(struct stage *st, const char *name)
{
    return channel(st, name, LEC_CHANNEL_MANUAL);
}

void stage_open(struct stage *st)
{
    const struct lec_run_host host = {.ctx = st, .begun = begun, .block = block, .mark = mark, .ended = ended};
    struct lec_err err;
    assert_int_equal(
        lec_run_new(&st->experiment, st->sources, &host, STAGE_T0, INT64_C(1700000000000000), &st->run, &err), 0);
}

void stage_close(struct stage *st)
{
    if (lec_run_state(st->run) == LEC_RUN_ENDED)
        assert_int_equal(st->ended, 1);
    assert_true(st->begun_ns == LEC_NEVER || st->begun_first);
    lec_run_free(&st->run);
    assert_null(st->run);
    for (size_t i = 0; i < LEC_CHANNELS_MAX; i++) {
        struct lec_formula *f = NULL;
        memcpy(&f, &st->channels[i].compiled, sizeof f); /* the stage made it */
        lec_formula_free(&f);
        free(st->out[i].t);
        free(st->out[i].v);
    }
    free(st->marks);
    stage_clear(st);
}

/* ---- What happens ------------------------------------------------------------------------------------------- */

static void tell(struct stage *st, size_t c, double first_ms, double interval_ms, const double *v, size_t n,
                 uint64_t lost, uint32_t flags)
{
    lec_run_samples(st->run, &(struct lec_run_input){.point = st->channels[c].point,
                                                     .raw = v,
                                                     .n = n,
                                                     .first_ns = MS(first_ms),
                                                     .interval_ns = interval_ms * 1e6,
                                                     .lost = lost,
                                                     .flags = flags});
}

void stage_lossy(struct stage *st, size_t c, double first_ms, double interval_ms, size_t n, uint64_t lost,
                 uint32_t flags)
{
    double *v = calloc(n, sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < n; i++)
        v[i] = (first_ms + (double)i * interval_ms) * 1e-3;
    tell(st, c, first_ms, interval_ms, v, n, lost, flags);
    free(v);
}

void stage_tell(struct stage *st, size_t c, double first_ms, double interval_ms, size_t n)
{
    stage_lossy(st, c, first_ms, interval_ms, n, 0, 0);
}

void stage_values(struct stage *st, size_t c, double first_ms, double interval_ms, const double *v, size_t n)
{
    double *copy = malloc(n * sizeof *v); /* of its own size: reading past it is seen */
    assert_non_null(copy);
    memcpy(copy, v, n * sizeof *v);
    tell(st, c, first_ms, interval_ms, copy, n, 0, 0);
    free(copy);
}

void stage_run(struct stage *st, double from_ms, double to_ms, double interval_ms, ...)
{
    size_t each = (size_t)(100 / interval_ms + 0.5);
    each = each > 0 ? each : 1;
    double step = (double)each * interval_ms;
    for (double at = from_ms; at < to_ms - interval_ms / 2; at += step) {
        size_t left = (size_t)((to_ms - at) / interval_ms + 0.5);
        va_list ap;
        va_start(ap, interval_ms);
        for (int c = va_arg(ap, int); c >= 0; c = va_arg(ap, int))
            stage_tell(st, (size_t)c, at, interval_ms, left < each ? left : each);
        va_end(ap);
        lec_run_flush(st->run, MS(at + step));
    }
}

const struct lec_run_mark *stage_mark(const struct stage *st, const char *kind, size_t nth)
{
    for (size_t i = 0; i < st->n_marks; i++)
        if (strcmp(st->marks[i].kind, kind) == 0 && nth-- == 0)
            return &st->marks[i];
    return NULL;
}

const char *stage_json(struct stage *st, double now_ms)
{
    static char text[16384];
    struct lec_buf b;
    lec_buf_init(&b, sizeof text - 1);
    lec_buf_putc(&b, '{');
    lec_run_json(st->run, MS(now_ms), &b);
    lec_buf_putc(&b, '}');
    assert_false(b.failed);
    snprintf(text, sizeof text, "%s", b.data);
    lec_buf_done(&b);
    return text;
}
