#include "unit/lessons_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

int64_t stage_at(int hour, int minute)
{
    struct tm tm = {.tm_year = 126, .tm_mon = 10, .tm_mday = 23, .tm_hour = hour, .tm_min = minute, .tm_isdst = -1};
    setenv("TZ", "Asia/Ho_Chi_Minh", 1);
    tzset();
    return (int64_t)mktime(&tm) * 1000000;
}

static int host_start(void *ctx, const char *scene, bool closing, struct lec_err *err)
{
    struct stage *s = ctx;
    if (s->refuse != 0)
        return lec_fail(err, s->refuse, "refused on purpose");
    assert_true(s->n_starts < STAGE_STARTS);
    struct stage_start *at = &s->starts[s->n_starts++];
    *at = (struct stage_start){.at_us = s->wall_us, .closing = closing};
    snprintf(at->scene, sizeof at->scene, "%s", scene);
    return 0;
}

static const char *host_recording(void *ctx)
{
    const struct stage *s = ctx;
    return s->recording;
}

static void host_keep(void *ctx, const char *key, const char *value)
{
    struct stage *s = ctx;
    size_t i = 0;
    while (i < s->n_texts && strcmp(s->keys[i], key) != 0)
        i++;
    if (i < s->n_texts) {
        free(s->values[i]);
        s->values[i] = value ? strdup(value) : NULL;
        if (!value) {
            free(s->keys[i]);
            s->keys[i] = s->keys[--s->n_texts];
            s->values[i] = s->values[s->n_texts];
        }
    } else if (value) {
        assert_true(s->n_texts < STAGE_TEXTS);
        s->keys[s->n_texts] = strdup(key);
        s->values[s->n_texts++] = strdup(value);
    }
}

/* The value of a member of an object that we wrote ourselves. */
static void member(const char *json, const char *key, char *out, size_t size)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "\"%s\":\"", key);
    const char *at = strstr(json, wanted);
    at = at ? at + strlen(wanted) : "";
    snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
}

static void host_journal(void *ctx, const char *name, const char *principal, const char *data)
{
    struct stage *s = ctx;
    char what[32], uid[64], *more;
    (void)principal;
    member(data, "what", what, sizeof what);
    member(data, "uid", uid, sizeof uid);
    assert_true(asprintf(&more, "%s%s %s\n", s->journal ? s->journal : "", what, *uid ? uid : name) > 0);
    free(s->journal);
    s->journal = more;
}

static void begin(struct stage *s)
{
    const struct lessons_host host = {
        .ctx = s, .start = host_start, .recording = host_recording, .keep = host_keep, .journal = host_journal};
    s->l = lessons_new(&s->rules, &host);
    assert_non_null(s->l);
    for (size_t i = 0; i < s->n_texts; i++)
        lessons_restore(s->l, s->keys[i], s->values[i]);
    stage_know(s);
}

void stage_open(struct stage *s, int hour, int minute)
{
    *s = (struct stage){.wall_us = stage_at(hour, minute), .mono_ns = INT64_C(1000000000)};
    s->rules = (struct lessons_rules){
        .catch_up_us = 15 * MINUTE, .break_us = 15 * MINUTE, .closing_scene = "off", .warn_us = 10 * MINUTE};
    begin(s);
}

void stage_close(struct stage *s)
{
    lessons_free(&s->l);
    for (size_t i = 0; i < s->n_texts; i++) {
        free(s->keys[i]);
        free(s->values[i]);
    }
    free(s->journal);
}

void stage_period(struct stage *s, const char *uid, int64_t start_us, int64_t end_us, const char *start,
                  const char *end)
{
    assert_true(s->n_periods < ARRAY_LEN(s->periods));
    s->periods[s->n_periods++] = (struct lesson){
        .uid = uid, .text = uid, .start_us = start_us, .end_us = end_us, .start_scene = start, .end_scene = end};
    stage_know(s);
}

void stage_know(struct stage *s)
{
    assert_int_equal(lessons_rule(s->l, &s->rules), 0);
    assert_int_equal(lessons_set(s->l, s->periods, s->n_periods), 0);
}

void stage_until(struct stage *s, int64_t wall_us)
{
    lessons_tick(s->l, s->wall_us, s->mono_ns);
    while (s->wall_us < wall_us) {
        int64_t step = wall_us - s->wall_us < 1000000 ? wall_us - s->wall_us : 1000000;
        s->wall_us += step;
        s->mono_ns += step * 1000;
        lessons_tick(s->l, s->wall_us, s->mono_ns);
    }
}

void stage_set_clock(struct stage *s, int64_t wall_us)
{
    s->wall_us = wall_us;
    lessons_tick(s->l, s->wall_us, s->mono_ns);
}

void stage_restart(struct stage *s, int64_t off_us)
{
    lessons_free(&s->l);
    s->wall_us += off_us;
    s->mono_ns = INT64_C(1000000000);
    begin(s);
    lessons_tick(s->l, s->wall_us, s->mono_ns);
}

size_t stage_count(const struct stage *s, const char *scene)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_starts; i++)
        n += strcmp(s->starts[i].scene, scene) == 0;
    return n;
}

const char *stage_state(struct stage *s, const char *uid, const char **reason)
{
    static char state[32], why[LEC_ERR_TEXT];
    struct lec_buf b;
    lec_buf_init(&b, 65536);
    for (size_t i = 0; i < s->n_periods; i++) {
        if (strcmp(s->periods[i].uid, uid) != 0)
            continue;
        lessons_period_json(s->l, &s->periods[i], s->wall_us, &b);
        member(b.data, "state", state, sizeof state);
        member(b.data, "reason", why, sizeof why);
    }
    lec_buf_done(&b);
    if (reason)
        *reason = why;
    return state;
}

/* "code about" */
static const char *why_of(const char *json)
{
    static char text[300];
    char about[200];
    member(json, "code", text, 64);
    member(json, "about", about, sizeof about);
    if (*about)
        snprintf(text + strlen(text), sizeof text - strlen(text), " %s", about);
    return text;
}

const char *stage_why(struct stage *s, const char *uid)
{
    const char *text = "";
    struct lec_buf b;
    lec_buf_init(&b, 65536);
    for (size_t i = 0; i < s->n_periods; i++) {
        if (strcmp(s->periods[i].uid, uid) != 0)
            continue;
        lessons_period_json(s->l, &s->periods[i], s->wall_us, &b);
        text = why_of(b.data);
    }
    lec_buf_done(&b);
    return text;
}

const char *stage_closing_why(struct stage *s)
{
    const char *text = "";
    struct lec_buf b;
    lec_buf_init(&b, 65536);
    if (lessons_closing_json(s->l, s->wall_us, s->wall_us, &b))
        text = why_of(b.data);
    lec_buf_done(&b);
    return text;
}

const char *stage_closing(struct stage *s)
{
    static char text[64];
    char state[32] = "", clock[16];
    struct lec_buf b;
    lec_buf_init(&b, 65536);
    text[0] = '\0';
    if (lessons_closing_json(s->l, s->wall_us, s->wall_us, &b)) {
        time_t at = (time_t)(strtoll(strchr(b.data, ':') + 1, NULL, 10) / 1000000);
        member(b.data, "state", state, sizeof state);
        strftime(clock, sizeof clock, "%H:%M", localtime(&at));
        snprintf(text, sizeof text, "%s %s", state, clock);
    }
    lec_buf_done(&b);
    return text;
}

bool stage_told(const struct stage *s, const char *line)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "%s\n", line);
    return s->journal && strstr(s->journal, wanted) != NULL;
}
