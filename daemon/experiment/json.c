/* How a run is, for the host and for the bus. */
#include <math.h>

#include "internal.h"
#include "lectern/member.h"

enum lec_run_state lec_run_state(const struct lec_run *run)
{
    return run->state;
}

void lec_run_channel(const struct lec_run *run, size_t channel, struct lec_run_channel_state *out)
{
    *out = (struct lec_run_channel_state){.last = (double)NAN};
    if (channel >= run->n_channels)
        return;
    const struct run_channel *c = &run->channels[channel];
    out->samples = c->samples;
    out->lost = c->lost + c->unsaid;
    out->last_ns = c->last_ns;
    out->there = c->there;
    lec_calibrate(&c->calibration, &c->last_raw, &out->last, 1);
}

static const char *unit(const struct run_channel *c)
{
    if (c->desc->unit && c->desc->unit[0])
        return c->desc->unit;
    if (c->calibration.unit[0])
        return c->calibration.unit;
    return c->desc->point && c->desc->point->unit ? c->desc->point->unit : "";
}

static void put_ms(struct lec_buf *b, const char *key, int64_t ns)
{
    lec_member_int(b, key, (ns + LEC_MS / 2) / LEC_MS);
}

static void put_times(const struct lec_run *run, int64_t now_ns, struct lec_buf *b)
{
    int64_t until = now_ns < run->end_ns ? now_ns : run->end_ns;
    int64_t elapsed = until > run->start_ns ? until - run->start_ns : 0;
    int64_t duration = run->experiment->duration_ns;
    if (run->begun)
        put_ms(b, "elapsed_ms", elapsed);
    if (duration > 0)
        put_ms(b, "duration_ms", duration);
    if (duration > 0 && run->state == LEC_RUN_RECORDING)
        put_ms(b, "remaining_ms", duration > elapsed ? duration - elapsed : 0);
}

void lec_run_json(const struct lec_run *run, int64_t now_ns, struct lec_buf *b)
{
    struct lec_run_channel_state s;
    uint64_t samples = 0, lost = 0;
    for (size_t i = 0; i < run->n_channels; i++) {
        lec_run_channel(run, i, &s);
        samples += s.samples;
        lost += s.lost;
    }
    lec_member_str(b, "state",
                   run->state == LEC_RUN_ARMED       ? "armed"
                   : run->state == LEC_RUN_RECORDING ? "recording"
                                                     : run->end_status);
    put_times(run, now_ns, b);
    lec_member_int(b, "samples", (int64_t)samples);
    lec_member_int(b, "lost", (int64_t)lost);
    lec_member_int(b, "marks", (int64_t)run->n_marks);
    lec_json_key(b, "channels");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < run->n_channels; i++) {
        const struct run_channel *c = &run->channels[i];
        lec_run_channel(run, i, &s);
        lec_json_next(b);
        lec_buf_putc(b, '{');
        lec_member_str(b, "channel", c->desc->name);
        lec_member_str(b, "unit", unit(c));
        if (c->desc->decimals >= 0)
            lec_member_int(b, "decimals", c->desc->decimals);
        if (isfinite(s.last))
            lec_member_float(b, "last", s.last);
        lec_member_int(b, "samples", (int64_t)s.samples);
        lec_member_int(b, "lost", (int64_t)s.lost);
        lec_member_bool(b, "there", s.there);
        lec_buf_putc(b, '}');
    }
    lec_buf_putc(b, ']');
}
