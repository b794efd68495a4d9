/* Each file under tests/data/config/{room,profile,class} is read, and its mistakes must be exactly those of the .txt
 * beside it (which is not there when there are none). NAME.map, NAME.scenes and NAME.made go with NAME.ini of a room.
 * To see what a new file gives: LECTERN_WRITE_GOLDEN=1 build/.../tests/test_config_golden, then read the diff. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_stage.h"

static char *beside(const char *folder, const char *stem, const char *ending)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s.%s", folder, stem, ending) > 0);
    return path;
}

static char *read_all(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = calloc(1, 65536);
    assert_non_null(text);
    if (f) {
        (void)!fread(text, 1, 65535, f);
        fclose(f);
    }
    return text;
}

static void write_all(const char *path, const char *text)
{
    unlink(path);
    if (*text == '\0')
        return;
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* Reads one file; returns whether its mistakes are the expected ones. */
static bool agrees(const char *folder, const char *stem)
{
    struct lec_sources sources = stage_sources();
    struct lec_report report;
    char *file = beside(folder, stem, "ini"), *golden = beside(folder, stem, "txt");
    char *map = beside(folder, stem, "map"), *scenes = beside(folder, stem, "scenes");
    char *made = beside(folder, stem, "made");
    sources.line_map = access(map, F_OK) == 0 ? map : NULL;
    sources.made = access(made, F_OK) == 0 ? made : NULL;
    sources.captured = access(scenes, F_OK) == 0 ? scenes : NULL;
    lec_report_init(&report);
    int rc;
    if (strcmp(folder, "room") == 0) {
        const struct lec_room *room = NULL;
        rc = lec_room_load(file, &sources, &room, &report);
        assert_true((rc == 0) == (room != NULL));
        lec_room_unref(&room);
    } else if (strcmp(folder, "profile") == 0) {
        rc = lec_profile_check(file, &sources, &report);
    } else {
        rc = lec_class_check(file, &sources, &report);
    }
    assert_int_equal(rc, report.errors > 0 ? LEC_E_CONFIG : 0);
    char *told = stage_print(&report), *expected = read_all(golden);
    if (getenv("LECTERN_WRITE_GOLDEN"))
        write_all(golden, told);
    bool same = strcmp(told, expected) == 0;
    if (!same)
        print_error("%s\n--- expected\n%s--- told\n%s", file, expected, told);
    free(told);
    free(expected);
    free(file);
    free(golden);
    free(map);
    free(scenes);
    free(made);
    lec_report_done(&report);
    return same;
}

static void folder_agrees(const char *folder)
{
    (void)stage_sources();
    size_t n = 0, wrong = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        size_t len = strlen(entry->d_name);
        if (len < 5 || strcmp(entry->d_name + len - 4, ".ini") != 0)
            continue;
        entry->d_name[len - 4] = '\0';
        n++;
        wrong += !agrees(folder, entry->d_name);
    }
    closedir(dir);
    assert_true(n > 0);
    assert_int_equal(wrong, 0);
    assert_int_equal(stage_unreleased(), 0);
}

static void mistakes_of_rooms_are_told_exactly(void **state)
{
    (void)state;
    folder_agrees("room");
}

static void mistakes_of_profiles_are_told_exactly(void **state)
{
    (void)state;
    folder_agrees("profile");
}

static void mistakes_of_classes_are_told_exactly(void **state)
{
    (void)state;
    folder_agrees("class");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_of_rooms_are_told_exactly),
        cmocka_unit_test(mistakes_of_profiles_are_told_exactly),
        cmocka_unit_test(mistakes_of_classes_are_told_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
