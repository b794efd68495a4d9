#include "unit/store_stage.h"

#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "unit/place.h"

static void stored(void *ctx, uint64_t journal, const char *kind, const char *json)
{
    struct stage *s = ctx;
    assert_true(s->n < STAGE_TOLD);
    s->numbers[s->n++] = journal;
    snprintf(s->last_json, sizeof s->last_json, "%s", json);
    snprintf(s->last_kind, sizeof s->last_kind, "%s", kind);
}

static void answered(void *ctx, uint64_t token, const char *json, const struct lec_err *err)
{
    struct stage *s = ctx;
    free(s->answer);
    s->answer = json ? strdup(json) : NULL;
    s->token = token;
    if (err)
        s->answer_err = *err;
    s->answered = true;
}

static void trouble(void *ctx, const char *text, uint64_t waiting, uint64_t lost)
{
    struct stage *s = ctx;
    if (text)
        s->troubles++;
    else
        s->recoveries++;
    snprintf(s->trouble, sizeof s->trouble, "%s", text ? text : "");
    s->waiting = waiting;
    s->lost = lost;
}

void stage_make(struct stage *s)
{
    memset(s, 0, sizeof *s);
    snprintf(s->folder, sizeof s->folder, "%s/lectern-store-XXXXXX", test_place());
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->file, sizeof s->file, "%s/journal.db", s->folder);
}

void stage_open(struct stage *s, int64_t keep_ns)
{
    struct lec_store_callbacks callbacks = {.ctx = s, .stored = stored, .read = answered, .trouble = trouble};
    struct lec_err err = {0};
    int rc = lec_store_open(s->file, keep_ns, &callbacks, &s->store, &err);
    if (rc != 0)
        fail_msg("open: %s", err.text);
}

void stage_close(struct stage *s)
{
    lec_store_close(&s->store, 30000);
    assert_null(s->store);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

void stage_clear(struct stage *s)
{
    stage_close(s);
    nftw(s->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(s->answer);
    s->answer = NULL;
}

int stage_setup(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    assert_non_null(s);
    stage_make(s);
    stage_open(s, STAGE_FOREVER);
    *state = s;
    return 0;
}

int stage_teardown(void **state)
{
    stage_clear(*state);
    free(*state);
    return 0;
}

void stage_until(struct stage *s, bool (*done)(struct stage *s))
{
    int64_t deadline = lec_now() + 30 * LEC_SEC;
    struct pollfd due = {.fd = lec_store_fd(s->store), .events = POLLIN};
    while (!done(s)) {
        if (lec_now() > deadline)
            fail_msg("waited in vain; told %zu entries, last %s", s->n, s->last_json);
        if (poll(&due, 1, 200) > 0)
            lec_store_dispatch(s->store);
    }
}

static size_t wanted;

static bool told_enough(struct stage *s)
{
    return s->n >= wanted;
}

void stage_told(struct stage *s, size_t n)
{
    wanted = n;
    stage_until(s, told_enough);
    assert_int_equal(s->n, n);
}

void stage_append(struct stage *s, const char *kind, const char *device, const char *data)
{
    lec_store_append(s->store,
                     &(struct lec_entry){.kind = kind, .device = device, .name = "", .principal = "", .data = data});
}

void stage_fill(struct stage *s, int n)
{
    size_t before = s->n;
    for (int i = 0; i < n; i++) {
        char data[32];
        snprintf(data, sizeof data, "{\"i\":%d}", i);
        stage_append(s, "state", "lamp", data);
        if (i % 4000 == 3999)
            stage_told(s, before + (size_t)i + 1);
    }
    stage_told(s, before + (size_t)n);
}

static bool has_answer(struct stage *s)
{
    return s->answered;
}

void stage_read(struct stage *s, const struct lec_journal_query *q)
{
    s->answered = false;
    lec_store_read(s->store, 77, q);
    stage_until(s, has_answer);
    assert_int_equal(s->token, 77);
}

uint64_t stage_number(const char *json, const char *key)
{
    char pattern[32];
    snprintf(pattern, sizeof pattern, "\"%s\":", key);
    const char *at = json, *found = NULL; /* the last one: first and last stand behind the entries */
    while ((at = strstr(at, pattern)))
        found = at += strlen(pattern);
    assert_non_null(found);
    return strtoull(found, NULL, 10);
}

size_t stage_numbers(const struct stage *s, uint64_t *out, size_t max)
{
    assert_non_null(s->answer);
    size_t n = 0;
    for (const char *at = s->answer; (at = strstr(at, "\"journal\":")); n++) {
        at += strlen("\"journal\":");
        assert_true(n < max);
        out[n] = strtoull(at, NULL, 10);
    }
    return n;
}

size_t stage_check_gapless(struct stage *s)
{
    uint64_t numbers[LEC_JOURNAL_READ_MAX], last = 0;
    size_t total = 0, n;
    do {
        struct lec_journal_query q = {.after = last, .limit = LEC_JOURNAL_READ_MAX, .kind = "", .device = ""};
        stage_read(s, &q);
        n = stage_numbers(s, numbers, LEC_JOURNAL_READ_MAX);
        for (size_t i = 0; i < n; i++) {
            if (last != 0)
                assert_int_equal(numbers[i], last + 1);
            else
                assert_int_equal(numbers[i], stage_number(s->answer, "first"));
            last = numbers[i];
        }
        total += n;
    } while (n > 0);
    assert_int_equal(last, stage_number(s->answer, "last"));
    return total;
}

void stage_ended_run(void *ctx, const char *key, const char *value)
{
    assert_string_equal(key, "run/1");
    assert_string_equal(value, "ended");
    ++*(int *)ctx;
}
