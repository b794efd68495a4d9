/* A file of people in a folder of its own, at a time that the test sets. */
#ifndef LECTERN_PEOPLE_STAGE_H
#define LECTERN_PEOPLE_STAGE_H

/* cmocka.h leaves these to be included first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lectern/people.h"

#define PIN   "4820"
#define WRONG "4821"

struct people_stage {
    char folder[64], file[96];
    struct lec_people *people;
    int64_t now_s;
    int wait_s; /* of the last guess */
    struct lec_person who;
    struct lec_err err;
};

int people_stage_setup(void **state);
int people_stage_teardown(void **state);
void people_stage_reopen(struct people_stage *s);
void people_stage_pass(struct people_stage *s, int64_t seconds);
/* Fails the test unless rc is 0. */
void people_stage_ok(const struct people_stage *s, int rc);
/* A teacher with PIN. */
void people_stage_add(struct people_stage *s, const char *name);
int people_stage_guess(struct people_stage *s, const char *name, const char *secret, const char *address);
/* The first column of the first row that this SQL gives, by a connection of its own; -1: none. */
int64_t people_stage_sql(const struct people_stage *s, const char *sql);

#endif
