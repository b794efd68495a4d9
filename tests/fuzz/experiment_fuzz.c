/* Whatever devices, people and the clock do to a run: blocks come after `begun`, their times rise, nothing comes after
 * `ended`, and samples and losses add up to numbers. The first byte chooses the experiment, then each step is a byte for
 * what happens and a few for how. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/experiment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHANNELS = 8, LONGEST = 3000 };

static struct lec_channel channels[CHANNELS];
static struct lec_point points[3], button;
static struct lec_device devices[3];
static bool begun, ended;
static int64_t last[CHANNELS];
static uint64_t samples[CHANNELS];

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void on_begun(void *ctx, int64_t start_ns)
{
    (void)ctx, (void)start_ns;
    must(!begun && !ended);
    begun = true;
}

static void on_block(void *ctx, const struct lec_run_block *b)
{
    (void)ctx;
    must(begun && !ended && b->channel < CHANNELS && b->n > 0 && b->n <= LEC_RUN_BLOCK_MAX);
    must((b->times == NULL) == (b->interval_ns > 0));
    for (size_t i = 0; i < b->n; i++) {
        int64_t t = b->times ? b->times[i] : b->t_ns + (int64_t)((double)i * b->interval_ns + 0.5);
        must(t > last[b->channel]);
        must(channels[b->channel].kind != LEC_CHANNEL_DERIVED || !isinf(b->values[i]));
        last[b->channel] = t;
    }
    samples[b->channel] += b->n;
}

static void on_mark(void *ctx, const struct lec_run_mark *m)
{
    (void)ctx;
    must(begun && !ended && m->kind[0] != '\0');
}

static void on_ended(void *ctx, const char *status, const char *reason)
{
    (void)ctx;
    must(!ended && status && reason);
    ended = true;
}

static const char *const formulas[] = {"derivative(a, 0.05)", "a / b + n", "smooth(d, 5)", "integral(a - m)"};

static void build(struct lec_experiment *e, uint8_t shape)
{
    static const char *const names[CHANNELS] = {"a", "b", "n", "m", "d", "f", "g", "h"};
    static const double rates[] = {0, 100, 30, 0.5};
    memset(channels, 0, sizeof channels);
    for (size_t i = 0; i < CHANNELS; i++)
        channels[i] = (struct lec_channel){.name = names[i], .index = i, .unit = "", .label = "", .label_en = ""};
    for (size_t i = 0; i < 2; i++) {
        channels[i].kind = LEC_CHANNEL_POINT;
        channels[i].point = &points[i];
        channels[i].device = &devices[i];
        channels[i].rate_hz = rates[(shape + i) % 4];
    }
    channels[2].kind = LEC_CHANNEL_COUNT;
    channels[2].device = &devices[2];
    channels[2].event = "drop";
    channels[3].kind = LEC_CHANNEL_MANUAL;
    for (size_t i = 0; i < 4; i++) {
        struct lec_formula *f = NULL;
        channels[4 + i].kind = LEC_CHANNEL_DERIVED;
        must(lec_formula_parse(formulas[i], names, 4 + i, &f, NULL) == 0);
        channels[4 + i].compiled = f;
    }
    static const struct lec_condition conditions[] = {
        {.kind = LEC_COND_NONE},
        {.kind = LEC_COND_RISES, .channel = 0, .level = 3, .hysteresis = 1},
        {.kind = LEC_COND_BELOW, .channel = 4, .level = -5, .hold_ns = 20 * LEC_MS},
        {.kind = LEC_COND_EVENT, .device = &devices[2], .event = "drop", .hold_ns = LEC_MS},
        {.kind = LEC_COND_POINT, .point = &button, .value = {.type = LEC_BOOL, .b = true}, .hold_ns = LEC_MS},
        {.kind = LEC_COND_AFTER, .time_ns = LEC_SEC},
        {.kind = LEC_COND_FALLS, .channel = 1, .level = 0},
        {.kind = LEC_COND_AT, .time_ns = 3600 * LEC_SEC},
    };
    *e = (struct lec_experiment){.name = "x", .channels = channels, .n_channels = CHANNELS, .repeat = 1};
    e->start = conditions[shape >> 2 & 7];
    e->stop = conditions[shape >> 5 & 7];
    e->pre_ns = shape & 1 ? LEC_SEC / 2 : 0;
    e->duration_ns = shape & 2 ? 20 * LEC_SEC : 0;
    e->on_event = shape % 5 == 4;
    e->sample = conditions[3 + (shape & 1)];
}

/* What remains of the input. */
struct input {
    const uint8_t *at;
    size_t n;
};

static uint8_t take(struct input *in)
{
    if (in->n == 0)
        return 0;
    in->n--;
    return *in->at++;
}

static void tell_samples(struct lec_run *run, struct input *in, int64_t *now)
{
    static const double intervals[] = {1e6, 1e7, 0, 3.3e6, 1e9, 1e3, -1, (double)NAN};
    static const double odd[] = {0, 5, -10, (double)NAN, (double)INFINITY, 1e308, 1, 4};
    static const uint64_t losses[] = {0, 0, 0, 1, 100, UINT64_MAX, 0, 3};
    static double values[LONGEST];
    static int64_t next[2];
    uint8_t how = take(in), when = take(in), what = take(in);
    size_t c = how & 1, n = how & 2 ? (size_t)when * 11 + 1 : when % 50 + 1u;
    double interval = intervals[how >> 2 & 7];
    int64_t first = how & 0x80 ? *now + ((int64_t)(int8_t)what) * 10 * LEC_MS : next[c] > *now ? next[c] : *now;
    if (when == 255)
        first = what & 1 ? INT64_MAX - what : INT64_MIN + what;
    for (size_t i = 0; i < n; i++)
        values[i] = odd[(what + i / (1 + (what >> 4))) & 7];
    lec_run_samples(run, &(struct lec_run_input){.point = &points[c],
                                                 .raw = values,
                                                 .n = n,
                                                 .first_ns = first,
                                                 .interval_ns = interval,
                                                 .lost = losses[what & 7],
                                                 .flags = when & 7});
    if (when != 255 && interval > 0)
        next[c] = first + (int64_t)((double)n * interval);
}

static void step(struct lec_run *run, struct input *in, int64_t *now)
{
    double typed[CHANNELS] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct lec_value pressed = lec_bool(true), released = lec_bool(false);
    uint8_t what = take(in), how = take(in);
    *now += (int64_t)(how >> 1) * LEC_MS * (what & 0x80 ? 20 : 1);
    switch (what & 15) {
    case 0:
        lec_run_value(run, &button, how & 1 ? &pressed : &released, *now);
        break;
    case 1:
        lec_run_event(run, &devices[2], how & 1 ? "drop" : "other", *now);
        break;
    case 2:
        lec_run_presence(run, &devices[how & 1], how & 2, "reason", *now);
        break;
    case 3:
        lec_run_clock(run, ((int64_t)how - 128) * 1000000, *now);
        break;
    case 4:
        (void)lec_run_hand(run, how & 1 ? typed : NULL, *now, NULL);
        break;
    case 5:
        lec_run_note(run, "a mark", how & 1 ? "An" : "", *now);
        break;
    case 6:
        lec_run_unstored(run, how & 15, how);
        lec_run_hole(run, *now - how * LEC_MS, *now, "full");
        break;
    case 7:
        if (how == 7)
            lec_run_stop(run, "stopped", "by hand", *now);
        break;
    case 8:
        must(lec_run_tick(run, *now) > 0);
        break;
    case 9:
    case 10:
        lec_run_flush(run, *now);
        break;
    default:
        tell_samples(run, in, now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct lec_run_host host = {.begun = on_begun, .block = on_block, .mark = on_mark, .ended = on_ended};
    struct input in = {data, size};
    struct lec_run_source sources[CHANNELS];
    struct lec_experiment e;
    struct lec_run *run = NULL;
    struct lec_buf json;
    int64_t now = LEC_SEC;
    begun = ended = false;
    memset(samples, 0, sizeof samples);
    for (size_t i = 0; i < CHANNELS; i++) {
        last[i] = INT64_MIN;
        sources[i].period_ns = (int64_t)(i % 2) * 10 * LEC_MS;
        lec_calibration_none(&sources[i].calibration);
    }
    build(&e, take(&in));
    must(lec_run_new(&e, sources, &host, now, INT64_C(1700000000000000), &run, NULL) == 0);
    while (in.n > 0)
        step(run, &in, &now);
    lec_buf_init(&json, 65536);
    lec_run_json(run, now, &json);
    must(!json.failed);
    lec_buf_done(&json);
    lec_run_stop(run, "stopped", "end", now);
    must(ended && lec_run_state(run) == LEC_RUN_ENDED);
    for (size_t i = 0; i < CHANNELS; i++) {
        struct lec_run_channel_state s;
        lec_run_channel(run, i, &s);
        must(s.samples <= samples[i] && s.lost <= INT64_MAX);
        struct lec_formula *f = NULL;
        memcpy(&f, &channels[i].compiled, sizeof f);
        lec_formula_free(&f);
    }
    lec_run_free(&run);
    return 0;
}
