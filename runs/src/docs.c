/* The documents of a run, in the sense of the Bluesky event model (schemas of bluesky/event-model): run_start, descriptor,
 * run_stop. Members beyond those schemas: what a school needs to trust a file, such as sensor, serial and calibration. */
#include <stdio.h>
#include <string.h>

#include "lectern/member.h"
#include "runs_impl.h"

/* Seconds since 1970, as the event model has times; microseconds are exact in six decimals. */
static void seconds(struct lec_buf *b, const char *key, int64_t us)
{
    lec_json_key(b, key);
    int64_t rest = us % 1000000, whole = us / 1000000;
    lec_buf_printf(b, "%s%lld.%06lld", us < 0 && whole == 0 ? "-" : "", (long long)whole,
                   (long long)(rest < 0 ? -rest : rest));
}

static void object(struct lec_buf *b, const char *key, const char *json)
{
    lec_json_key(b, key);
    lec_buf_puts(b, json && json[0] ? json : "{}");
}

void doc_start(struct lec_buf *b, const struct lec_run_start *start)
{
    lec_buf_putc(b, '{');
    lec_member_str_if_any(b, "uid", start->id);
    seconds(b, "time", start->start_us);
    lec_member_str_if_any(b, "experiment", start->experiment);
    lec_member_str_if_any(b, "label", start->label);
    lec_member_str_if_any(b, "label_en", start->label_en);
    lec_member_str_if_any(b, "operator", start->operator_);
    lec_member_str_if_any(b, "principal", start->principal);
    lec_member_int(b, "start_us", start->start_us);
    lec_member_bool(b, "simulated", start->simulated);
    object(b, "metadata", start->metadata);
    object(b, "definition", start->definition);
    lec_buf_putc(b, '}');
}

static const char *const kinds[] = {
    [LEC_CHANNEL_POINT] = "point",
    [LEC_CHANNEL_DERIVED] = "derived",
    [LEC_CHANNEL_MANUAL] = "manual",
    [LEC_CHANNEL_COUNT] = "count",
};

const char *channel_kind_name(enum lec_channel_kind kind)
{
    return (size_t)kind < ARRAY_LEN(kinds) ? kinds[kind] : "point";
}

enum lec_channel_kind channel_kind(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i], name) == 0)
            return (enum lec_channel_kind)i;
    return LEC_CHANNEL_POINT;
}

static void data_key(struct lec_buf *b, const struct lec_run_channel *c)
{
    lec_buf_puts(b, "{\"dtype\":\"number\",\"shape\":[]");
    lec_member_str(b, "source", c->source);
    lec_member_str(b, "units", c->unit);
    if (c->decimals >= 0)
        lec_member_int(b, "precision", c->decimals);
    lec_member_str_if_any(b, "label", c->label);
    lec_member_str_if_any(b, "label_en", c->label_en);
    lec_member_str_if_any(b, "kind", channel_kind_name(c->kind));
    lec_member_str_if_any(b, "sensor", c->sensor);
    lec_member_str_if_any(b, "serial", c->serial);
    if (c->rate_hz > 0)
        lec_member_float(b, "rate_hz", c->rate_hz);
    lec_json_key(b, "calibration");
    lec_calibration_json(&c->calibration, b);
    lec_buf_putc(b, '}');
}

void doc_descriptor(struct lec_buf *b, const struct lec_run_start *start)
{
    lec_buf_putc(b, '{');
    char uid[LEC_RUN_ID + 16];
    snprintf(uid, sizeof uid, "%s/descriptor", start->id);
    lec_member_str_if_any(b, "uid", uid);
    lec_member_str_if_any(b, "run_start", start->id);
    seconds(b, "time", start->start_us);
    lec_member_str_if_any(b, "name", "primary");
    lec_json_key(b, "data_keys");
    lec_buf_putc(b, '{');
    for (size_t i = 0; i < start->n_channels; i++) {
        lec_json_next(b);
        lec_json_str(b, start->channels[i].name);
        lec_buf_putc(b, ':');
        data_key(b, &start->channels[i]);
    }
    lec_buf_puts(b, "}}");
}

void doc_stop(struct lec_buf *b, const char *id, int64_t stop_us, const char *status, const char *reason,
              uint64_t samples)
{
    const char *exit_status = strcmp(status, "failed") == 0        ? "fail"
                              : strcmp(status, "interrupted") == 0 ? "abort"
                                                                   : "success";
    char uid[LEC_RUN_ID + 16];
    snprintf(uid, sizeof uid, "%s/stop", id);
    lec_buf_putc(b, '{');
    lec_member_str_if_any(b, "uid", uid);
    lec_member_str_if_any(b, "run_start", id);
    seconds(b, "time", stop_us);
    lec_member_str_if_any(b, "exit_status", exit_status);
    lec_member_str_if_any(b, "status", status);
    lec_member_str_if_any(b, "reason", reason);
    lec_json_key(b, "num_events");
    lec_buf_puts(b, "{\"primary\":");
    lec_json_int(b, (int64_t)samples);
    lec_buf_puts(b, "}}");
}
