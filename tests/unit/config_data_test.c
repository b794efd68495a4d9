/* The data and the manual that are shipped: classes and profiles without a mistake, and tables of docs/profiles.md
 * that say what the code does. LECTERN_WRITE_GOLDEN=1 writes the tables anew. */
#include <glob.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_stage.h"
#include "lectern/parse.h"
#include "src/tables.h"

#define PROFILES LECTERN_SOURCE_DIR "/profiles"
#define MANUAL   LECTERN_SOURCE_DIR "/docs/profiles.md"

typedef int check(const char *file, const struct lec_sources *sources, struct lec_report *report);

static void files_are_clean(const char *pattern, check *check_file)
{
    const struct lec_sources sources = {.profiles = PROFILES};
    size_t wrong = 0;
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct lec_report report;
        lec_report_init(&report);
        (void)check_file(found.gl_pathv[i], &sources, &report);
        char *told = stage_print(&report);
        if (*told) {
            print_error("%s", told);
            wrong++;
        }
        free(told);
        lec_report_done(&report);
    }
    globfree(&found);
    assert_int_equal(wrong, 0);
}

static void every_shipped_class_is_clean(void **state)
{
    (void)state;
    files_are_clean(PROFILES "/classes/*.ini", lec_class_check);
}

static void every_shipped_profile_is_clean(void **state)
{
    (void)state;
    files_are_clean(PROFILES "/devices/*/*.ini", lec_profile_check);
}

static int check_room(const char *file, const struct lec_sources *sources, struct lec_report *report)
{
    const struct lec_room *room = NULL;
    int rc = lec_room_load(file, sources, &room, report);
    lec_room_unref(&room);
    return rc;
}

static void every_shipped_room_is_clean(void **state)
{
    (void)state;
    files_are_clean(PROFILES "/rooms/*.ini", check_room);
}

static void every_label_of_a_class_comes_in_both_languages(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob(PROFILES "/classes/*.ini", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        FILE *f = fopen(found.gl_pathv[i], "re");
        char line[1024];
        size_t sections = 0, labels = 0, english = 0;
        assert_non_null(f);
        while (fgets(line, sizeof line, f)) {
            sections += *line == '[';
            labels += strncmp(line, "label =", 7) == 0;
            english += strncmp(line, "label.en =", 10) == 0;
        }
        fclose(f);
        if (labels != sections || english != sections)
            fail_msg("%s: %zu sections, %zu labels, %zu of them in English", found.gl_pathv[i], sections, labels,
                     english);
    }
    globfree(&found);
}

/* ---- The manual --------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const struct lec_option *rows;
} tables[] = {
    {"profile", lec_profile_keys},     {"profile_line", lec_profile_line_keys},
    {"point", lec_point_keys},         {"action", lec_action_keys},
    {"room", lec_room_keys},           {"room_device", lec_room_device_keys},
    {"scene", lec_scene_keys},         {"step", lec_step_keys},
    {"class", lec_class_keys},         {"experiment", lec_experiment_keys},
    {"channel", lec_channel_keys},     {"condition", lec_condition_keys},
    {"field", lec_field_keys},         {"calibration", lec_calibration_keys},
    {"timetable", lec_timetable_keys}, {"alarm", lec_alarm_keys},
    {"access", lec_access_keys},
};

/* What may stand behind the "=". */
static void print_kind(FILE *f, const struct lec_option *row)
{
    char from[32], to[32];
    bool limited = row->min != 0 || row->max != 0;
    switch (row->type) {
    case LEC_OPT_TEXT:
    case LEC_OPT_BYTES:
    case LEC_OPT_SECRET:
        fputs("text", f);
        break;
    case LEC_OPT_BOOL:
        fputs("yes or no", f);
        break;
    case LEC_OPT_INT:
    case LEC_OPT_FLOAT:
        fputs("number", f);
        if (limited)
            fprintf(f, ", %.15g to %.15g", row->min, row->max);
        break;
    case LEC_OPT_DURATION:
        fputs("time", f);
        if (limited)
            fprintf(f, ", %s to %s", lec_print_duration(llround(row->min * 1e9), from, sizeof from),
                    lec_print_duration(llround(row->max * 1e9), to, sizeof to));
        break;
    case LEC_OPT_CHOICE:
        for (const char *p = row->choices; *p; p++) {
            if (*p == '|')
                fputs(", ", f);
            else
                fputc(*p, f);
        }
        break;
    }
}

static void print_table(FILE *f, const struct lec_option *rows)
{
    fputs("| key | value | default | meaning |\n| --- | --- | --- | --- |\n", f);
    for (const struct lec_option *row = rows; row->name; row++) {
        size_t n = strcspn(row->name, "*");
        fprintf(f, "| `%.*s%s` | ", (int)n, row->name, row->name[n] ? "NAME" : "");
        print_kind(f, row);
        fputs(" | ", f);
        if (row->required)
            fputs("must be there", f);
        else if (row->initial && *row->initial)
            fprintf(f, "`%s`", row->initial);
        fputs(" | ", f);
        for (const char *p = row->help; *p; p++) {
            if (*p == '|')
                fputc('\\', f);
            fputc(*p, f);
        }
        fputs(" |\n", f);
    }
}

/* The manual with every table as the code has it. */
static char *with_tables(const char *text)
{
    static const char begin[] = "<!-- table ", end[] = "<!-- end -->";
    char *out = NULL;
    size_t size, seen = 0;
    FILE *f = open_memstream(&out, &size);
    assert_non_null(f);
    for (const char *mark; (mark = strstr(text, begin)) != NULL;) {
        const char *name = mark + sizeof begin - 1, *body = strchr(mark, '\n') + 1, *rest = strstr(body, end);
        assert_non_null(rest);
        fwrite(text, 1, (size_t)(body - text), f);
        for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
            size_t n = strlen(tables[i].name);
            if (strncmp(name, tables[i].name, n) == 0 && name[n] == ' ') {
                print_table(f, tables[i].rows);
                seen++;
            }
        }
        text = rest;
    }
    fputs(text, f);
    fclose(f);
    assert_int_equal(seen, ARRAY_LEN(tables));
    return out;
}

static void the_tables_of_the_manual_are_those_of_the_code(void **state)
{
    (void)state;
    static char text[131072];
    FILE *f = fopen(MANUAL, "re");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    char *expected = with_tables(text);
    if (getenv("LECTERN_WRITE_GOLDEN")) {
        f = fopen(MANUAL, "we");
        assert_non_null(f);
        fputs(expected, f);
        assert_int_equal(fclose(f), 0);
    }
    bool same = strcmp(text, expected) == 0;
    free(expected);
    if (!same)
        fail_msg("the tables of %s are out of date: run this test with LECTERN_WRITE_GOLDEN=1", MANUAL);
}

/* Whether an example of the manual, text[0..len), is without mistakes; those that are only a piece of a file are. */
static bool example_is_clean(const char *text, size_t len)
{
    const struct lec_sources sources = {.profiles = PROFILES};
    const struct lec_room *room = NULL;
    struct lec_report report;
    char path[32];
    int fd = stage_file(text, len, path, sizeof path);
    lec_report_init(&report);
    if (memmem(text, len, "[room]", 6))
        (void)lec_room_load(path, &sources, &room, &report);
    else if (memmem(text, len, "[device]", 8))
        (void)lec_profile_check(path, &sources, &report);
    char *told = stage_print(&report);
    bool clean = *told == '\0';
    if (!clean)
        print_error("%.*s\n%s", (int)len, text, told);
    free(told);
    lec_room_unref(&room);
    lec_report_done(&report);
    close(fd);
    return clean;
}

static void the_examples_of_the_manual_are_without_mistakes(void **state)
{
    (void)state;
    static const char begin[] = "```ini\n";
    static char text[131072];
    size_t whole = 0, wrong = 0;
    FILE *f = fopen(MANUAL, "re");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    for (const char *at = text; (at = strstr(at, begin)) != NULL;) {
        at += sizeof begin - 1;
        const char *end = strstr(at, "```");
        assert_non_null(end);
        size_t len = (size_t)(end - at);
        whole += memmem(at, len, "[room]", 6) || memmem(at, len, "[device]", 8);
        wrong += !example_is_clean(at, len);
        at = end;
    }
    assert_int_equal(whole, 2);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_class_is_clean),
        cmocka_unit_test(every_shipped_profile_is_clean),
        cmocka_unit_test(every_shipped_room_is_clean),
        cmocka_unit_test(every_label_of_a_class_comes_in_both_languages),
        cmocka_unit_test(the_tables_of_the_manual_are_those_of_the_code),
        cmocka_unit_test(the_examples_of_the_manual_are_without_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
