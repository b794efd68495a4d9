/* Files that are not what they should be: none may crash, leak or be misread. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_stage.h"

#define HEAD   "[room]\nid = phong-1\nsite = truong-1\n"
#define TALKER "[device projector]\nprofile = test/talker\nline = tcp://10.0.0.1\n"

/* ---- Memory that runs out ----------------------------------------------------------------------------------- */

static long allocations_left = -1; /* -1: as many as wanted */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static bool refuse(void)
{
    if (allocations_left < 0)
        return false;
    if (allocations_left == 0)
        return true;
    allocations_left--;
    return false;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return refuse() ? NULL : __real_realloc(p, size);
}

/* ---- Loading text ------------------------------------------------------------------------------------------- */

/* Loads bytes as a room; gives the code, and what was told in *told if that is wanted. */
static int load(const char *text, size_t len, char **told)
{
    struct lec_sources sources = {.profiles = "profiles", .schema = stage_schema};
    struct lec_report report;
    const struct lec_room *room = NULL;
    char path[32];
    int fd = stage_file(text, len, path, sizeof path);
    lec_report_init(&report);
    int rc = lec_room_load(path, &sources, &room, &report);
    assert_true((rc == 0) == (room != NULL));
    assert_true(rc != LEC_E_CONFIG || report.errors > 0);
    lec_room_unref(&room);
    if (told)
        *told = stage_print(&report);
    lec_report_done(&report);
    close(fd);
    return rc;
}

static void assert_told(const char *text, size_t len, const char *expected)
{
    char *told;
    (void)load(text, len, &told);
    if (!strstr(told, expected))
        fail_msg("expected \"%s\" among:\n%s", expected, told);
    free(told);
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "re");
    char *text = calloc(1, 65536);
    assert_true(f && text);
    *len = fread(text, 1, 65535, f);
    fclose(f);
    return text;
}

static int enter(void **state)
{
    (void)state;
    (void)stage_sources();
    return 0;
}

/* ---- Tests -------------------------------------------------------------------------------------------------- */

static const char *const good_rooms[] = {"room/good.ini", "room/experiments-good.ini"};

static void a_room_cut_at_any_byte(const char *file)
{
    size_t len;
    char *text = read_file(file, &len);
    for (size_t n = 0; n < len; n++) {
        int rc = load(text, n, NULL);
        assert_true(rc == 0 || rc == LEC_E_CONFIG);
    }
    free(text);
    assert_int_equal(stage_unreleased(), 0);
}

static void a_room_cut_at_any_byte_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good_rooms); i++)
        a_room_cut_at_any_byte(good_rooms[i]);
}

static void a_room_with_random_damage(const char *file)
{
    static const char pieces[] = "[]=:;#,\"\\ \n\r\t\0\xff\xc3./?&%0aA";
    uint32_t seed = 20240917;
    size_t len;
    char *text = read_file(file, &len), *copy = malloc(len);
    assert_non_null(copy);
    for (size_t round = 0; round < 1500; round++) {
        memcpy(copy, text, len);
        for (size_t k = 0; k < 1 + round % 5; k++) {
            seed = seed * 1664525 + 1013904223;
            copy[(seed >> 8) % len] = pieces[(seed >> 3) % (sizeof pieces - 1)];
        }
        int rc = load(copy, len, NULL);
        assert_true(rc == 0 || rc == LEC_E_CONFIG);
    }
    free(copy);
    free(text);
}

static void a_room_with_random_damage_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good_rooms); i++)
        a_room_with_random_damage(good_rooms[i]);
}

static void bytes_without_any_sense_are_refused(void **state)
{
    (void)state;
    uint32_t seed = 7;
    char bytes[4096];
    for (size_t round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = (char)(seed >> 24);
        }
        assert_int_equal(load(bytes, sizeof bytes, NULL), LEC_E_CONFIG);
    }
}

static void a_value_longer_than_the_buffer_of_inih_arrives_whole(void **state)
{
    (void)state;
    static const char *const marks[] = {"#", ";", "=", ":", "[", "]", "\"", "   ", " # ", "; ", "é"};
    struct lec_sources sources = stage_sources();
    char text[1024], value[512];
    /* Each mark at each place near the ends of the first two pieces. */
    for (size_t m = 0; m < ARRAY_LEN(marks); m++) {
        for (size_t at = 160; at < 400; at++) {
            size_t len = strlen(marks[m]);
            memset(value, 'x', sizeof value);
            memcpy(value + at, marks[m], len);
            value[450] = '\0';
            snprintf(text, sizeof text, HEAD "label = %s\n" TALKER, value);
            const struct lec_room *room = stage_room(text, &sources);
            assert_string_equal(room->label, value);
            lec_room_unref(&room);
        }
    }
}

static void a_line_of_1000_bytes_is_read_and_one_of_1001_told(void **state)
{
    (void)state;
    char text[1400], value[1000];
    for (int len = 1000; len <= 1001; len++) {
        memset(value, 'x', sizeof value);
        value[len - 8] = '\0'; /* "label = " has 8 */
        snprintf(text, sizeof text, HEAD "label = %s\n" TALKER, value);
        if (len == 1000)
            assert_int_equal(load(text, strlen(text), NULL), 0);
        else
            assert_told(text, strlen(text), ":4: a line of 1001 bytes, at most 1000 can be read");
    }
}

static void a_byte_order_mark_and_dos_line_ends_are_fine(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF[room]\r\nid = phong-1\r\nsite = truong-1\r\n"
                               "[device projector]\r\nprofile = test/talker\r\nline = tcp://10.0.0.1\r\n";
    assert_int_equal(load(text, sizeof text - 1, NULL), 0);
}

static void bytes_that_are_no_text_are_told_with_their_line(void **state)
{
    (void)state;
    static const char nul[] = HEAD "label = a\0b\n" TALKER;
    static const char latin[] = HEAD "label = Ph\xf2ng\n" TALKER;
    static const char mac[] = "[room]\rid = a\r";
    assert_told(nul, sizeof nul - 1, ":4: a control character in this line");
    assert_told(latin, sizeof latin - 1, ":4: this line is not UTF-8, save the file as UTF-8");
    assert_told(mac, sizeof mac - 1, ":1: a control character in this line");
}

static void what_is_not_a_readable_file_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *path, *told;
    } cases[] = {
        {"room", "room:0: this is a folder, expected a file\n"},
        {"nowhere/room.ini", "nowhere/room.ini:0: the file cannot be read: No such file or directory\n"},
        {"/dev/null", "/dev/null:0: this is not a regular file, expected a file\n"},
    };
    struct lec_sources sources = {.profiles = "profiles"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct lec_report report;
        const struct lec_room *room = NULL;
        lec_report_init(&report);
        assert_int_equal(lec_room_load(cases[i].path, &sources, &room, &report), LEC_E_CONFIG);
        char *told = stage_print(&report);
        assert_string_equal(told, cases[i].told);
        free(told);
        lec_report_done(&report);
        assert_null(room);
    }
}

static void a_pipe_that_nobody_writes_to_does_not_hold_us_up(void **state)
{
    (void)state;
    char path[] = "/tmp/lectern-fifo-XXXXXX";
    struct lec_sources sources = {.profiles = "profiles"};
    const struct lec_room *room = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(lec_room_load(path, &sources, &room, NULL), LEC_E_CONFIG);
    unlink(path);
}

static void a_file_over_256_kib_is_refused(void **state)
{
    (void)state;
    size_t len = 262144 + 1;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, '\n', len);
    assert_told(text, len, ":0: the file is larger than 256 KiB");
    assert_told(text, len - 1, ":0: no [room] section");
    free(text);
}

/* A file that is `row`, with its number, over and over. */
static char *many(const char *row, size_t n, size_t *len)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, len);
    assert_non_null(f);
    fputs(HEAD, f);
    for (size_t i = 0; i < n; i++) {
        for (const char *p = row; *p; p++) {
            if (*p == '@')
                fprintf(f, "%zu", i);
            else
                fputc(*p, f);
        }
    }
    fclose(f);
    return text;
}

static void every_limit_is_told_where_it_is_passed(void **state)
{
    static const struct {
        const char *row;
        size_t n;
        const char *told;
    } cases[] = {
        {"[x@]\n", 2000, "more than 1024 sections, the rest is not read"},
        {"k@=1\n", 9000, "more than 8192 keys, the rest is not read"},
        {"[device d@]\nprofile = test/talker\nline = tcp://10.0.0.1:@\n", 300, "more than 256 devices in a room"},
        {"[device d@]\nprofile = test/talker\nline = tcp://10.0.0.@:1\n", 200, "more than 128 lines in a room"},
        {"[scene s@]\nstep a = b.c d\n", 70, "more than 64 scenes in a room"},
        {"[device d@]\nprofile = test/many\nline = tcp://10.0.0.@:1\n", 30, "more than 4096 points in a room"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t len;
        char *text = many(cases[i].row, cases[i].n, &len), *told;
        assert_int_equal(load(text, len, &told), LEC_E_CONFIG);
        if (!strstr(told, cases[i].told))
            fail_msg("expected \"%s\" among:\n%s", cases[i].told, told);
        free(told);
        free(text);
    }
}

static void a_scene_has_at_most_64_steps(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    fputs(HEAD TALKER "[scene long]\n", f);
    for (int i = 0; i < 65; i++)
        fprintf(f, "step s%d = projector.reset\n", i);
    fclose(f);
    assert_told(text, len, ":72: more than 64 steps in a scene");
    free(text);
}

static void each_allocation_may_fail_of(const char *file)
{
    struct lec_sources sources = stage_sources();
    size_t failures = 0;
    for (long n = 0;; n++) {
        struct lec_report report;
        const struct lec_room *room = NULL;
        lec_report_init(&report);
        allocations_left = n;
        int rc = lec_room_load(file, &sources, &room, &report);
        bool ran_out = allocations_left == 0;
        allocations_left = -1;
        assert_true(rc == 0 || rc == LEC_E_NOMEM);
        lec_room_unref(&room);
        lec_report_done(&report);
        if (rc == 0 && !ran_out)
            break;
        failures += rc == LEC_E_NOMEM;
        assert_true(n < 1000);
    }
    assert_true(failures > 20);
    assert_int_equal(stage_unreleased(), 0);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good_rooms); i++)
        each_allocation_may_fail_of(good_rooms[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_cut_at_any_byte_is_read_or_refused),
        cmocka_unit_test(a_room_with_random_damage_is_read_or_refused),
        cmocka_unit_test(bytes_without_any_sense_are_refused),
        cmocka_unit_test(a_value_longer_than_the_buffer_of_inih_arrives_whole),
        cmocka_unit_test(a_line_of_1000_bytes_is_read_and_one_of_1001_told),
        cmocka_unit_test(a_byte_order_mark_and_dos_line_ends_are_fine),
        cmocka_unit_test(bytes_that_are_no_text_are_told_with_their_line),
        cmocka_unit_test(what_is_not_a_readable_file_is_told),
        cmocka_unit_test(a_pipe_that_nobody_writes_to_does_not_hold_us_up),
        cmocka_unit_test(a_file_over_256_kib_is_refused),
        cmocka_unit_test(every_limit_is_told_where_it_is_passed),
        cmocka_unit_test(a_scene_has_at_most_64_steps),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, enter, NULL);
}
