/* A store in a folder of its own, and what it told. */
#ifndef STORE_STAGE_H
#define STORE_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lectern/clock.h"
#include "store/store.h"

#define STAGE_TOLD    40000
#define STAGE_FOREVER (366 * 24 * 3600 * LEC_SEC)

struct stage {
    char folder[64], file[128];
    struct lec_store *store;
    uint64_t numbers[STAGE_TOLD]; /* as told, in order */
    size_t n;
    char last_json[4096], last_kind[32];
    char *answer; /* of the last read */
    uint64_t token;
    struct lec_err answer_err;
    bool answered;
    unsigned troubles, recoveries;
    char trouble[LEC_ERR_TEXT];
    uint64_t waiting, lost;
};

void stage_make(struct stage *s);
/* Opens with `keep_ns`; fails the test if that fails. */
void stage_open(struct stage *s, int64_t keep_ns);
void stage_close(struct stage *s);
/* Closes, removes the folder. */
void stage_clear(struct stage *s);

/* For each test, by cmocka: a stage, open; *state owns it. */
int stage_setup(void **state);
int stage_teardown(void **state);

/* Dispatches until `done` says so; fails the test after 10 s. */
void stage_until(struct stage *s, bool (*done)(struct stage *s));
/* Until n entries have been told. */
void stage_told(struct stage *s, size_t n);
void stage_append(struct stage *s, const char *kind, const char *device, const char *data);
/* Appends n entries with data {"i":from...} and waits until they are told. */
void stage_fill(struct stage *s, int n);
/* Reads and waits; the answer is in s->answer. */
void stage_read(struct stage *s, const struct lec_journal_query *q);
/* The journal numbers in the answer; returns how many. */
size_t stage_numbers(const struct stage *s, uint64_t *out, size_t max);
/* The number after "key": in the answer. */
uint64_t stage_number(const char *json, const char *key);
/* Reads the whole journal and fails the test unless it is without a gap; returns the number of entries. */
size_t stage_check_gapless(struct stage *s);
/* For lec_store_each, when run/1 = ended is all that may be there; counts in ctx, an int. */
void stage_ended_run(void *ctx, const char *key, const char *value);

#endif
