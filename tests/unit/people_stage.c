#include "unit/people_stage.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/clock.h"
#include "unit/place.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

int people_stage_setup(void **state)
{
    struct people_stage *s = calloc(1, sizeof *s);
    assert_non_null(s);
    snprintf(s->folder, sizeof s->folder, "%s/lectern-people-XXXXXX", test_place());
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->file, sizeof s->file, "%s/people.db", s->folder);
    s->now_s = 1790000000;
    people_stage_pass(s, 0);
    people_stage_reopen(s);
    *state = s;
    return 0;
}

int people_stage_teardown(void **state)
{
    struct people_stage *s = *state;
    lec_people_close(&s->people);
    nftw(s->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(s);
    lec_clock_fake(-1, 0);
    return 0;
}

void people_stage_ok(const struct people_stage *s, int rc)
{
    if (rc < 0)
        fail_msg("%s: %s", lec_code_name(rc), s->err.text);
}

void people_stage_reopen(struct people_stage *s)
{
    lec_people_close(&s->people);
    people_stage_ok(s, lec_people_open(s->file, &s->people, &s->err));
}

void people_stage_pass(struct people_stage *s, int64_t seconds)
{
    s->now_s += seconds;
    lec_clock_fake(s->now_s * LEC_SEC / 1000, s->now_s * 1000000);
}

void people_stage_add(struct people_stage *s, const char *name)
{
    struct lec_person person = {.role = "teacher"};
    snprintf(person.name, sizeof person.name, "%s", name);
    people_stage_ok(s, lec_people_add(s->people, &person, PIN, &s->err));
}

int people_stage_guess(struct people_stage *s, const char *name, const char *secret, const char *address)
{
    s->wait_s = 0;
    memset(&s->who, 0, sizeof s->who);
    return lec_people_check(s->people, name, secret, address, &s->who, &s->wait_s, &s->err);
}

int64_t people_stage_sql(const struct people_stage *s, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t value = -1;
    assert_int_equal(sqlite3_open(s->file, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    else if (rc != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}
