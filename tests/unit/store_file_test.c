/* What becomes of a journal whose file is broken, or somebody else's. */
#include "unit/store_stage.h"

#include <fcntl.h>
#include <glob.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lectern/clock.h"

static size_t count_files(const struct stage *s, const char *pattern, char *first, size_t size)
{
    char path[256];
    glob_t found;
    snprintf(path, sizeof path, "%s%s", s->file, pattern);
    if (glob(path, 0, NULL, &found) != 0)
        return 0;
    size_t n = found.gl_pathc;
    snprintf(first, size, "%s", found.gl_pathv[0]);
    globfree(&found);
    return n;
}

static void put_garbage(const char *path, off_t at, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(pwrite(fd, "\xA5", 1, at + (off_t)i), 1);
    close(fd);
}

static void garbage_instead_of_a_file_is_set_aside_and_told(void **state)
{
    struct stage *s = *state;
    stage_close(s);
    assert_int_equal(remove(s->file), 0);
    put_garbage(s->file, 0, 5000);
    int64_t second = lec_wall_us() / 1000000;
    stage_open(s, STAGE_FOREVER);
    stage_told(s, 1);
    assert_string_equal(s->last_kind, "journal");
    assert_true(s->numbers[0] > (uint64_t)second); /* behind whatever it may have held */
    char aside[256];
    assert_int_equal(count_files(s, ".broken-*", aside, sizeof aside), 1);
    assert_non_null(strstr(s->last_json, aside));
    assert_non_null(strstr(s->last_json, "\"kept\":0"));
    stage_append(s, "state", "lamp", "{}");
    stage_told(s, 2);
    assert_int_equal(s->numbers[1], s->numbers[0] + 1);
}

/* The closed file of 2000 entries, damaged in its middle: that is told as one more. */
static void damage_and_reopen(struct stage *s)
{
    struct stat st;
    assert_int_equal(stat(s->file, &st), 0);
    put_garbage(s->file, st.st_size / 4096 / 2 * 4096, 4096);
    stage_open(s, STAGE_FOREVER);
    stage_told(s, 2001);
    assert_int_equal(s->numbers[2000], 2001);
}

static void a_damaged_page_costs_only_what_is_older_than_it(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 2000);
    lec_store_put(s->store, "run/1", "ended");
    stage_close(s);
    damage_and_reopen(s);
    assert_string_equal(s->last_kind, "journal");
    size_t left = stage_check_gapless(s);
    assert_in_range(left, 100, 1999);
    assert_int_equal(stage_number(s->answer, "first"), 2001 - left + 1);
    int n = 0;
    assert_int_equal(lec_store_each(s->store, "", stage_ended_run, &n, NULL), 0);
    assert_int_equal(n, 1);
}

static void run_sql(const char *file, const char *text)
{
    struct sqlite3 *sql;
    assert_int_equal(sqlite3_open(file, &sql), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sql, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sql);
}

static void a_hole_in_a_damaged_file_is_not_carried_over(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 2000);
    stage_close(s);
    run_sql(s->file, "DELETE FROM journal WHERE seq = 1800");
    damage_and_reopen(s);
    assert_int_equal(stage_check_gapless(s), 201);
}

static void refuse(struct stage *s, const char *word)
{
    struct lec_store_callbacks callbacks = {0};
    struct lec_store *other = NULL;
    struct lec_err err = {0};
    assert_int_equal(lec_store_open(s->file, STAGE_FOREVER, &callbacks, &other, &err), LEC_E_CONFIG);
    assert_null(other);
    if (!strstr(err.text, word))
        fail_msg("\"%s\" does not say \"%s\"", err.text, word);
    assert_non_null(strstr(err.text, s->file));
}

static void a_file_of_a_newer_version_is_refused_and_left_alone(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 1);
    stage_close(s);
    run_sql(s->file, "PRAGMA user_version=2");
    refuse(s, "newer");
    run_sql(s->file, "PRAGMA user_version=1");
    stage_open(s, STAGE_FOREVER);
    assert_int_equal(stage_check_gapless(s), 1);
}

static void a_database_of_somebody_else_is_refused_and_left_alone(void **state)
{
    struct stage *s = *state;
    stage_close(s);
    assert_int_equal(remove(s->file), 0);
    run_sql(s->file, "CREATE TABLE recipes(name)");
    refuse(s, "another program");
    run_sql(s->file, "INSERT INTO recipes VALUES('phở')");
    assert_int_equal(remove(s->file), 0);
    stage_open(s, STAGE_FOREVER);
}

static void a_second_daemon_on_the_same_file_is_refused(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 1);
    refuse(s, "in use");
    stage_fill(s, 1);
}

static void a_folder_that_does_not_exist_is_named(void **state)
{
    struct stage *s = *state, missing = {0};
    snprintf(missing.file, sizeof missing.file, "%s/none/journal.db", s->folder);
    refuse(&missing, "folder must exist");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)
    const struct CMUnitTest tests[] = {
        TEST(garbage_instead_of_a_file_is_set_aside_and_told),
        TEST(a_damaged_page_costs_only_what_is_older_than_it),
        TEST(a_hole_in_a_damaged_file_is_not_carried_over),
        TEST(a_file_of_a_newer_version_is_refused_and_left_alone),
        TEST(a_database_of_somebody_else_is_refused_and_left_alone),
        TEST(a_second_daemon_on_the_same_file_is_refused),
        TEST(a_folder_that_does_not_exist_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
