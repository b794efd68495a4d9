/* make_run FILE: writes one run into a run file, as the recorder would, from a description in JSON on stdin, and prints the
 * run's id. For tests that must know every sample that is in it:
 *     {"experiment", "label", "label_en", "operator", "principal", "metadata": {}, "start_us", "simulated",
 *      "channels": [{"name", "unit", "label", "label_en", "source", "sensor", "serial", "kind", "rate_hz", "calibration", "by"}],
 *      "blocks": [{"channel": 0, "t_ns", "interval_ns" or "times": [], "values": [], "lost", "flags", "correction_us"}],
 *                 or, for very many, "ramp": n in place of values: 0, 1, ... 4095, 0, 1, ... times 0.0625
 *      "marks": [{"t_ns", "kind", "channel", "text", "lost", "by"}],
 *      "stop": {"us", "status", "reason"}} */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/runs.h"

_Noreturn static void die(const char *what, const struct lec_err *err)
{
    fprintf(stderr, "make_run: %s: %s\n", what, err ? err->text : "");
    exit(1);
}

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static double number(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static int64_t whole(const json_t *o, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(o, key));
}

#define COPY(field, o, key) snprintf(field, sizeof(field), "%s", text(o, key))

static void read_channel(const json_t *o, struct lec_run_channel *c)
{
    static const char *const kinds[] = {"point", "derived", "manual", "count"};
    struct lec_err err = {0};
    COPY(c->name, o, "name");
    COPY(c->label, o, "label");
    COPY(c->label_en, o, "label_en");
    COPY(c->unit, o, "unit");
    COPY(c->source, o, "source");
    COPY(c->sensor, o, "sensor");
    COPY(c->serial, o, "serial");
    for (unsigned k = 0; k < ARRAY_LEN(kinds); k++)
        if (strcmp(kinds[k], text(o, "kind")) == 0)
            c->kind = (enum lec_channel_kind)k;
    c->rate_hz = number(o, "rate_hz");
    c->decimals = -1;
    lec_calibration_none(&c->calibration);
    if (json_object_get(o, "calibration")) {
        if (lec_calibration_parse(text(o, "calibration"), &c->calibration, &err) < 0)
            die("calibration", &err);
        snprintf(c->calibration.source, sizeof c->calibration.source, "room");
        COPY(c->calibration.by, o, "by");
    }
}

static void put_block(struct lec_runs *runs, const char *run, const json_t *o)
{
    struct lec_err err = {0};
    json_t *values = json_object_get(o, "values"), *times = json_object_get(o, "times");
    size_t n = json_array_size(values);
    double *v = calloc(n, sizeof *v);
    int64_t *t = calloc(n, sizeof *t);
    if (!v || !t)
        die("memory", NULL);
    for (size_t i = 0; i < n; i++) {
        json_t *one = json_array_get(values, i);
        v[i] = json_is_number(one) ? json_number_value(one) : (double)NAN;
        t[i] = (int64_t)json_integer_value(json_array_get(times, i));
    }
    struct lec_run_block b = {.channel = (size_t)whole(o, "channel"),
                              .t_ns = times ? t[0] : whole(o, "t_ns"),
                              .interval_ns = number(o, "interval_ns"),
                              .times = times ? t : NULL,
                              .correction_us = whole(o, "correction_us"),
                              .flags = (uint32_t)whole(o, "flags"),
                              .lost = (uint64_t)whole(o, "lost"),
                              .values = v,
                              .n = n};
    if (lec_runs_block(runs, run, &b, &err) < 0)
        die("block", &err);
    free(v);
    free(t);
}

static void put_ramp(struct lec_runs *runs, const char *run, const json_t *o)
{
    static double v[LEC_RUN_BLOCK_MAX];
    struct lec_err err = {0};
    int64_t n = whole(o, "ramp");
    for (int64_t at = 0; at < n; at += LEC_RUN_BLOCK_MAX) {
        size_t part = n - at < LEC_RUN_BLOCK_MAX ? (size_t)(n - at) : LEC_RUN_BLOCK_MAX;
        for (size_t i = 0; i < part; i++)
            v[i] = (double)(((uint64_t)at + i) % 4096) * 0.0625;
        struct lec_run_block b = {.channel = (size_t)whole(o, "channel"),
                                  .t_ns = whole(o, "t_ns") + (int64_t)llround(number(o, "interval_ns") * (double)at),
                                  .interval_ns = number(o, "interval_ns"),
                                  .values = v,
                                  .n = part};
        if (lec_runs_block(runs, run, &b, &err) < 0)
            die("block", &err);
    }
}

static void put_mark(struct lec_runs *runs, const char *run, const json_t *o)
{
    struct lec_err err = {0};
    struct lec_run_mark m = {.t_ns = whole(o, "t_ns"), .lost = (uint64_t)whole(o, "lost")};
    COPY(m.kind, o, "kind");
    COPY(m.channel, o, "channel");
    COPY(m.text, o, "text");
    COPY(m.by, o, "by");
    if (lec_runs_mark(runs, run, &m, &err) < 0)
        die("mark", &err);
}

int main(int argc, char **argv)
{
    static struct lec_run_channel channels[LEC_CHANNELS_MAX];
    struct lec_err err = {0};
    struct lec_runs *runs = NULL;
    char note[LEC_ERR_TEXT];
    int interrupted;
    json_error_t wrong;
    json_t *spec = argc == 2 ? json_loadf(stdin, 0, &wrong) : NULL, *one;
    if (!spec)
        die("usage: make_run FILE <spec.json", NULL);
    if (lec_runs_open(argv[1], &runs, &interrupted, note, &err) < 0)
        die(argv[1], &err);
    size_t i, n = json_array_size(json_object_get(spec, "channels"));
    for (i = 0; i < n && i < LEC_CHANNELS_MAX; i++)
        read_channel(json_array_get(json_object_get(spec, "channels"), i), &channels[i]);
    json_t *metadata = json_object_get(spec, "metadata");
    char *fields = metadata ? json_dumps(metadata, JSON_COMPACT) : strdup("{}");
    struct lec_run_start start = {.experiment = text(spec, "experiment"),
                                  .label = text(spec, "label"),
                                  .label_en = text(spec, "label_en"),
                                  .operator_ = text(spec, "operator"),
                                  .principal = text(spec, "principal"),
                                  .metadata = fields,
                                  .definition = "{}",
                                  .start_us = whole(spec, "start_us"),
                                  .simulated = json_is_true(json_object_get(spec, "simulated")),
                                  .channels = channels,
                                  .n_channels = n};
    if (lec_runs_begin(runs, &err) < 0 || lec_runs_start(runs, &start, &err) < 0)
        die("start", &err);
    json_array_foreach(json_object_get(spec, "blocks"), i, one)
    {
        if (json_object_get(one, "ramp"))
            put_ramp(runs, start.id, one);
        else
            put_block(runs, start.id, one);
        if (i % 100 == 99 && (lec_runs_commit(runs, &err) < 0 || lec_runs_begin(runs, &err) < 0))
            die("commit", &err);
    }
    json_array_foreach(json_object_get(spec, "marks"), i, one) put_mark(runs, start.id, one);
    json_t *stop = json_object_get(spec, "stop");
    if (json_is_object(stop) &&
        lec_runs_stop(runs, start.id, whole(stop, "us"), text(stop, "status"), text(stop, "reason"), &err) < 0)
        die("stop", &err);
    if (lec_runs_commit(runs, &err) < 0)
        die("commit", &err);
    for (int more = 1; more == 1;)
        more = json_is_true(json_object_get(spec, "tidy")) ? lec_runs_tidy(runs, &err) : 0;
    puts(start.id);
    lec_runs_close(&runs);
    free(fields);
    json_decref(spec);
    return 0;
}
