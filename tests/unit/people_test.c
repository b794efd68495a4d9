/* People: names, secrets, the file. */
#include "unit/people_stage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int add(struct people_stage *s, const char *name, const char *role, const char *secret)
{
    struct lec_person person = {0};
    snprintf(person.name, sizeof person.name, "%s", name);
    snprintf(person.role, sizeof person.role, "%s", role);
    return lec_people_add(s->people, &person, secret, &s->err);
}

static void a_person_signs_in_with_the_right_secret_only(void **state)
{
    struct people_stage *s = *state;
    struct lec_person lan = {.name = "Lan", .label = "Cô Nguyễn Thị Lan", .role = "teacher"};
    people_stage_ok(s, lec_people_add(s->people, &lan, PIN, &s->err));
    people_stage_pass(s, 60);
    people_stage_ok(s, people_stage_guess(s, "Lan", PIN, "10.0.0.7"));
    assert_string_equal(s->who.name, "Lan");
    assert_string_equal(s->who.label, "Cô Nguyễn Thị Lan");
    assert_string_equal(s->who.role, "teacher");
    assert_int_equal(people_stage_guess(s, "Lan", WRONG, "10.0.0.7"), LEC_E_REFUSED);
    assert_string_equal(s->who.name, "");
    assert_int_equal(people_stage_guess(s, "Lan", "", "10.0.0.7"), LEC_E_REFUSED);
    assert_int_equal(people_stage_guess(s, "lan", PIN, "10.0.0.7"), LEC_E_REFUSED);
    char text[64];
    snprintf(text, sizeof text, "%s", s->err.text);
    assert_int_equal(people_stage_guess(s, "Nobody", PIN, "10.0.0.7"), LEC_E_REFUSED);
    assert_string_equal(text, s->err.text); /* an unknown name is not told apart */
}

static void what_is_kept_is_no_secret(void **state)
{
    struct people_stage *s = *state;
    assert_int_equal(add(s, "Lan", "admin", "con chim xanh"), 0);
    lec_people_close(&s->people); /* and the WAL goes into the file */
    char grep[160];
    snprintf(grep, sizeof grep, "%s", s->file);
    FILE *f = fopen(grep, "rb");
    assert_non_null(f);
    char bytes[1 << 18];
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_non_null(memmem(bytes, n, "$argon2id$", 10));
    assert_null(memmem(bytes, n, "con chim", 8));
    struct stat st;
    assert_int_equal(stat(s->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void names_that_look_like_others_are_refused(void **state)
{
    struct people_stage *s = *state;
    static const char *const wrong[] = {"",
                                        " Lan",
                                        "Lan ",
                                        "Lan  Anh",
                                        "Lan\n",
                                        "Lan\x7f",
                                        "a\"b",
                                        "<b>",
                                        "a/b",
                                        "kiosk a",
                                        "Kiosk phong-1",
                                        "\xff",
                                        "a\u202e"
                                        "b",
                                        "a\u200b"
                                        "b",
                                        "Lan\u00a0Anh",
                                        "\u3164",
                                        "a\u00ad"
                                        "b",
                                        "a,b"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (add(s, wrong[i], "teacher", PIN) != LEC_E_RANGE)
            fail_msg("name %zu was taken", i);
    char name[LEC_PERSON_NAME_MAX + 1];
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    people_stage_ok(s, add(s, name, "teacher", PIN));
    static const char *const right[] = {"Nguyễn Thị Lan", "gv.toan-2", "O'Brien", "Đỗ_Hà", "李"};
    for (size_t i = 0; i < ARRAY_LEN(right); i++)
        people_stage_ok(s, add(s, right[i], "teacher", PIN));
    assert_int_equal(add(s, "GV.TOAN-2", "teacher", PIN), LEC_E_BUSY); /* would be taken for the other */
    assert_int_equal(add(s, "o'brien", "teacher", PIN), LEC_E_BUSY);
}

static void easy_secrets_are_refused(void **state)
{
    struct people_stage *s = *state;
    static const struct {
        const char *role, *secret;
    } wrong[] = {
        {"teacher", ""},         {"teacher", "123"},           {"teacher", "1234"},         {"teacher", "9876"},
        {"teacher", "0000"},     {"teacher", "1212"},          {"teacher", "7890"},         {"teacher", "2580"},
        {"teacher", "abc4567"},  {"teacher", "aaaaaaaaaa"},    {"teacher", "Person 1"},     {"teacher", "abc\n45678"},
        {"admin", "4820"},       {"facilities", "4820193847"}, {"headmaster", "4820aaaab"}, {"gateway", "xanh lá cây"},
        {"teacher", "abababab"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (add(s, "Person 1", wrong[i].role, wrong[i].secret) != LEC_E_RANGE)
            fail_msg("%s was taken", wrong[i].secret);
    char longest[LEC_SECRET_MAX + 2];
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = (char)('a' + i % 20);
    longest[LEC_SECRET_MAX + 1] = '\0';
    assert_int_equal(add(s, "Person 1", "teacher", longest), LEC_E_RANGE);
    longest[LEC_SECRET_MAX] = '\0';
    people_stage_ok(s, add(s, "Person 1", "teacher", longest));
    assert_int_equal(people_stage_guess(s, "Person 1", longest, "10.0.0.1"), 0);
}

static void a_pin_does_not_become_an_administrators(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    assert_int_equal(lec_people_change(s->people, "Lan", NULL, "admin", NULL, NULL, &s->err), LEC_E_RANGE);
    assert_int_equal(lec_people_change(s->people, "Lan", NULL, "admin", "9931", NULL, &s->err), LEC_E_RANGE);
    people_stage_ok(s, people_stage_guess(s, "Lan", PIN, "10.0.0.1"));
    assert_string_equal(s->who.role, "teacher");
    people_stage_ok(s, lec_people_change(s->people, "Lan", NULL, "admin", "con chim xanh", NULL, &s->err));
    people_stage_ok(s, people_stage_guess(s, "Lan", "con chim xanh", "10.0.0.1"));
    assert_string_equal(s->who.role, "admin");
    assert_int_equal(lec_people_change(s->people, "Lan", NULL, NULL, PIN, NULL, &s->err), LEC_E_RANGE);
    people_stage_ok(s, lec_people_change(s->people, "Lan", "Cô Lan", "teacher", PIN, NULL, &s->err));
    people_stage_ok(s, people_stage_guess(s, "Lan", PIN, "10.0.0.1"));
    assert_string_equal(s->who.label, "Cô Lan");
}

static void who_is_disabled_or_removed_does_not_get_in(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    people_stage_ok(s, lec_people_change(s->people, "Lan", NULL, NULL, NULL, &(bool){true}, &s->err));
    assert_int_equal(people_stage_guess(s, "Lan", PIN, "10.0.0.1"), LEC_E_REFUSED);
    people_stage_ok(s, lec_people_change(s->people, "Lan", NULL, NULL, NULL, &(bool){false}, &s->err));
    people_stage_ok(s, people_stage_guess(s, "Lan", PIN, "10.0.0.1"));
    people_stage_ok(s, lec_people_remove(s->people, "Lan", &s->err));
    assert_int_equal(people_stage_guess(s, "Lan", PIN, "10.0.0.1"), LEC_E_REFUSED);
    assert_int_equal(lec_people_remove(s->people, "Lan", &s->err), LEC_E_CONFIG);
    assert_int_equal(lec_people_change(s->people, "Lan", "x", NULL, NULL, NULL, &s->err), LEC_E_CONFIG);
}

static void collect(void *ctx, const struct lec_person *person)
{
    char *out = ctx;
    size_t len = strlen(out);
    snprintf(out + len, 64 - len, "%s;", person->name);
}

static void people_are_listed_by_name_and_their_number_is_bounded(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Minh");
    people_stage_add(s, "Lan");
    assert_true(lec_people_known(s->people, "Lan"));
    assert_false(lec_people_known(s->people, "lan"));
    char names[64] = "";
    people_stage_ok(s, lec_people_each(s->people, collect, names, &s->err));
    assert_string_equal(names, "Lan;Minh;");
    people_stage_sql(s,
                     "INSERT INTO person WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1998)"
                     " SELECT 'p' || i, '', 'viewer', 'x', 1, 0, 0, 0 FROM n");
    assert_int_equal(add(s, "One more", "teacher", PIN), LEC_E_BUSY);
    people_stage_ok(s, lec_people_remove(s->people, "p7", &s->err));
    people_stage_ok(s, add(s, "One more", "teacher", PIN));
}

static void write_file(const struct people_stage *s, const char *text, mode_t mode)
{
    unlink(s->file);
    int fd = open(s->file, O_CREAT | O_WRONLY | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void a_broken_file_is_refused_and_left_as_it_is(void **state)
{
    struct people_stage *s = *state;
    lec_people_close(&s->people);
    write_file(s, "this is not a database, but long enough to be looked at as one: SQLite format 3 it is not", 0600);
    assert_int_equal(lec_people_open(s->file, &s->people, &s->err), LEC_E_CONFIG);
    assert_non_null(strstr(s->err.text, "damaged"));
    struct stat st;
    assert_int_equal(stat(s->file, &st), 0);
    assert_int_equal(st.st_size, 89);
    assert_null(s->people);
}

static void a_file_that_was_overwritten_in_the_middle_is_refused(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    lec_people_close(&s->people);
    int fd = open(s->file, O_WRONLY);
    char noise[4096];
    memset(noise, 0xA5, sizeof noise);
    for (off_t page = 1; page < 4; page++)
        assert_int_equal(pwrite(fd, noise, sizeof noise, page * 4096), (ssize_t)sizeof noise);
    close(fd);
    assert_int_equal(lec_people_open(s->file, &s->people, &s->err), LEC_E_CONFIG);
}

static void a_file_that_others_may_read_or_that_is_none_is_refused(void **state)
{
    struct people_stage *s = *state;
    assert_int_equal(chmod(s->file, 0640), 0);
    struct lec_people *other = NULL;
    assert_int_equal(lec_people_open(s->file, &other, &s->err), LEC_E_CONFIG);
    assert_non_null(strstr(s->err.text, "chmod 600"));
    assert_int_equal(lec_people_open(s->folder, &other, &s->err), LEC_E_CONFIG);
    assert_int_equal(lec_people_open("/nonexistent/people.db", &other, &s->err), LEC_E_CONFIG);
    assert_int_equal(lec_people_open("", &other, &s->err), LEC_E_CONFIG);
    assert_null(other);
}

static void a_file_of_a_newer_lectern_is_refused(void **state)
{
    struct people_stage *s = *state;
    lec_people_close(&s->people);
    people_stage_sql(s, "PRAGMA user_version=99");
    assert_int_equal(lec_people_open(s->file, &s->people, &s->err), LEC_E_CONFIG);
    assert_non_null(strstr(s->err.text, "newer"));
}

static void four_programs_make_and_use_one_file_at_once(void **state)
{
    struct people_stage *s = *state;
    lec_people_close(&s->people);
    char file[128];
    snprintf(file, sizeof file, "%s/other.db", s->folder);
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct lec_people *people;
            struct lec_person person = {.role = "teacher"};
            int rc = lec_people_open(file, &people, &s->err);
            for (int j = 0; rc == 0 && j < 3; j++) {
                snprintf(person.name, sizeof person.name, "p%d-%d", i, j);
                rc = lec_people_add(people, &person, PIN, &s->err);
            }
            if (rc < 0)
                dprintf(2, "%s\n", s->err.text);
            _exit(rc == 0 ? 0 : 1);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    snprintf(s->file, sizeof s->file, "%s", file);
    assert_int_equal(people_stage_sql(s, "SELECT count(*) FROM person"), 12);
    people_stage_reopen(s);
    people_stage_ok(s, people_stage_guess(s, "p3-2", PIN, "10.0.0.1"));
}

static void a_change_by_another_program_is_noticed(void **state)
{
    struct people_stage *s = *state;
    struct lec_people *other;
    people_stage_add(s, "Lan");
    people_stage_ok(s, lec_people_open(s->file, &other, &s->err));
    int64_t before = lec_people_version(s->people);
    assert_int_equal(lec_people_version(s->people), before);
    people_stage_ok(s, lec_people_change(other, "Lan", "Cô Lan", NULL, NULL, NULL, &s->err));
    int64_t after = lec_people_version(s->people);
    assert_int_not_equal(after, before);
    people_stage_ok(s, lec_people_remove(s->people, "Lan", &s->err));
    assert_int_not_equal(lec_people_version(s->people), after);
    lec_people_close(&other);
}

int main(void)
{
#define PEOPLE_TEST(f) cmocka_unit_test_setup_teardown(f, people_stage_setup, people_stage_teardown)
    const struct CMUnitTest tests[] = {
        PEOPLE_TEST(a_person_signs_in_with_the_right_secret_only),
        PEOPLE_TEST(what_is_kept_is_no_secret),
        PEOPLE_TEST(names_that_look_like_others_are_refused),
        PEOPLE_TEST(easy_secrets_are_refused),
        PEOPLE_TEST(a_pin_does_not_become_an_administrators),
        PEOPLE_TEST(who_is_disabled_or_removed_does_not_get_in),
        PEOPLE_TEST(people_are_listed_by_name_and_their_number_is_bounded),
        PEOPLE_TEST(a_broken_file_is_refused_and_left_as_it_is),
        PEOPLE_TEST(a_file_that_was_overwritten_in_the_middle_is_refused),
        PEOPLE_TEST(a_file_that_others_may_read_or_that_is_none_is_refused),
        PEOPLE_TEST(a_file_of_a_newer_lectern_is_refused),
        PEOPLE_TEST(four_programs_make_and_use_one_file_at_once),
        PEOPLE_TEST(a_change_by_another_program_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
