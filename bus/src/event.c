#include "internal.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[EVENT_KINDS] = {
    [EVENT_STATE] = "state",
    [EVENT_SCENE] = "scene",
    [EVENT_EVENT] = "event",
    [EVENT_JOURNAL] = "journal",
    [EVENT_SAMPLE] = "sample",
    [EVENT_TRACE] = "trace",
    [EVENT_RUN] = "run",
    [EVENT_ALARM] = "alarm",
    [EVENT_TIMETABLE] = "timetable",
    [EVENT_HEARTBEAT] = "heartbeat",
};

const char *lec_event_kind_name(enum event_kind kind)
{
    return kind_names[kind];
}

/* Splits "<prefix><kind>/<name>". */
static int parse_topic(const char *prefix, const void *topic, size_t size, struct event *out)
{
    size_t skip = strlen(prefix);
    if (size >= sizeof out->topic || size <= skip || memcmp(topic, prefix, skip) != 0 || memchr(topic, '\0', size))
        return LEC_E_FRAME;
    memcpy(out->topic, topic, size);
    out->topic[size] = '\0';
    for (int k = 0; k < EVENT_KINDS; k++) {
        size_t n = strlen(kind_names[k]);
        if (strncmp(out->topic + skip, kind_names[k], n) == 0 && out->topic[skip + n] == '/') {
            out->kind = (enum event_kind)k;
            out->name = out->topic + skip + n + 1;
            return 0;
        }
    }
    return LEC_E_FRAME;
}

static int take_samples(const void *data, size_t size, struct event *out)
{
    const json_t *n = json_object_get(out->body, "n");
    if (!json_is_integer(n) || size % sizeof(double) != 0 || json_integer_value(n) < 0 ||
        (uint64_t)json_integer_value(n) != size / sizeof(double))
        return LEC_E_FRAME;
    if (size == 0)
        return 0;
    out->samples = malloc(size);
    if (!out->samples)
        return LEC_E_NOMEM;
    for (size_t i = 0; i < size / sizeof(double); i++) {
        const unsigned char *at = (const unsigned char *)data + i * sizeof(double);
        uint64_t bits = 0;
        for (size_t b = 0; b < sizeof bits; b++)
            bits |= (uint64_t)at[b] << (8 * b);
        memcpy(&out->samples[i], &bits, sizeof bits);
    }
    out->n_samples = size / sizeof(double);
    return 0;
}

int lec_event_parse(const char *prefix, const void *const frames[], const size_t sizes[], size_t n, struct event *out)
{
    if (n < 2)
        return LEC_E_FRAME;
    struct event e = {.kind = EVENT_STATE};
    int rc = parse_topic(prefix, frames[0], sizes[0], &e);
    if (rc < 0 || n != (e.kind == EVENT_SAMPLE ? 3u : 2u))
        return LEC_E_FRAME;
    e.body = json_loadb(frames[1], sizes[1], JSON_REJECT_DUPLICATES, NULL);
    const json_t *seq = json_object_get(e.body, "seq");
    const json_t *before = json_object_get(e.body, "before");
    const json_t *time = json_object_get(e.body, "time");
    e.seq = json_integer_value(seq);
    e.before = json_integer_value(before);
    e.time = json_integer_value(time);
    if (!json_is_integer(seq) || !json_is_integer(before) || !json_is_integer(time) || e.before < 0 ||
        e.seq <= e.before)
        rc = LEC_E_FRAME;
    if (rc == 0 && e.kind == EVENT_SAMPLE)
        rc = take_samples(frames[2], sizes[2], &e);
    if (rc < 0) {
        lec_event_done(&e);
        return rc;
    }
    *out = e;
    out->name = out->topic + (e.name - e.topic);
    return 0;
}

void lec_event_done(struct event *e)
{
    json_decref(e->body);
    free(e->samples);
    e->body = NULL;
    e->samples = NULL;
}
