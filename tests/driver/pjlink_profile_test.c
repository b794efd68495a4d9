/* Profiles of PJLink devices: what is wrong in them is told, and those that ship are right. */
#include "driver/bench.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "[device]\nclass = projector\ndriver = pjlink\nsource = test\n"

static void mistakes_in_a_profile_are_told_with_their_line(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {HEAD "[point input]\nchoices = a\n",
         "line 5: input needs codes, such as \"codes = hdmi1:31, computer1:11\"\n"},
        {HEAD "[point input]\nchoices = a\ncodes = a:71\n",
         "line 7: \"a:71\": expected NAME:CODE with a code such as 31 (1 to 6, then 1 to 9 or A to Z)\n"},
        {HEAD "[point input]\nchoices = a\ncodes = a31\n",
         "line 7: \"a31\": expected NAME:CODE with a code such as 31 (1 to 6, then 1 to 9 or A to Z)\n"},
        {HEAD "[point input]\nchoices = a, b\ncodes = a:31\n", "line 7: no code for the choice \"b\"\n"},
        {HEAD "[point input]\nchoices = a\ncodes = a:31, b:32\n", "line 7: \"b\" is not one of the choices of input\n"},
        {HEAD "[point input]\nchoices = a, b\ncodes = a:31, b:31\n", "line 7: b:31 is the same input as a:31\n"},
        {HEAD "[point volume]\n", "line 5: PJLink has no point \"volume\"\n"},
        {HEAD "[point lamps.hours]\nlabel = x\ntype = int\naccess = read\n",
         "line 5: PJLink has no point \"lamps.hours\"; did you mean \"lamp.hours\"?\n"},
        {HEAD "[point lamp2.on]\nlabel = x\ntype = int\naccess = read\n",
         "line 5: PJLink's lamp2.on is of type bool, not int\n"},
        {HEAD "[point info]\nlabel = x\ntype = text\naccess = both\n", "line 5: PJLink can only read info\n"},
        {HEAD "[point power]\ncodes = on:1\n", "line 6: codes belong to the point input\n"},
        {HEAD "[point power]\n[action beep]\nlabel = x\n",
         "line 6: PJLink has no action \"beep\"; it has volume.up, volume.down, microphone.up, microphone.down\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[1000];
        lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile_text = cases[i][0]}, text,
                           sizeof text);
        assert_string_equal(text, cases[i][1]);
    }
}

static void every_profile_that_ships_is_right(void **state)
{
    (void)state;
    glob_t found;
    size_t n = 0;
    assert_int_equal(glob(LECTERN_SOURCE_DIR "/profiles/devices/*/*.ini", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char line[200] = "", text[2000], name[100];
        FILE *f = fopen(found.gl_pathv[i], "r");
        assert_non_null(f);
        bool ours = false;
        while (fgets(line, sizeof line, f))
            ours = ours || strcmp(line, "driver = pjlink\n") == 0;
        fclose(f);
        if (!ours)
            continue;
        n++;
        const char *at = strstr(found.gl_pathv[i], "/devices/") + 9;
        snprintf(name, sizeof name, "%.*s", (int)(strlen(at) - 4), at);
        lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile = name}, text, sizeof text);
        if (*text)
            fail_msg("%s: %s", name, text);
    }
    globfree(&found);
    assert_true(n >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_in_a_profile_are_told_with_their_line),
        cmocka_unit_test(every_profile_that_ships_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
