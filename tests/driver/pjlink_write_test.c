/* PJLink's commands: how values are written, and what errors mean for whoever asked.
 * Source: PJLink Class 1 v1.04 and Class 2 v2.10; the quirks of real devices are those of the fact sheet, 1.8. */
#include "driver/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HEAD "[device]\nclass = projector\ndriver = pjlink\nsource = test\n"
#define CALM HEAD "[line]\ntimeout = 20s\n[driver]\n"
#define HELLO                                                                                                          \
    {                                                                                                                  \
        .device = "PJLINK 0\r"                                                                                         \
    }
#define ASK(question, answer)                                                                                          \
    {.host = question "\r"},                                                                                           \
    {                                                                                                                  \
        .device = answer "\r"                                                                                          \
    }

static struct lec_bench b;

static void begin(const char *profile, const struct lec_turn *turns)
{
    lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile_text = profile});
    lec_bench_play(&b, turns);
    assert_int_equal(lec_bench_open(&b), 0);
}

static int teardown(void **state)
{
    (void)state;
    lec_bench_end(&b);
    return 0;
}

static void as_written(void)
{
    const char *mistake = lec_bench_finish(&b);
    if (mistake)
        fail_msg("%s", mistake);
}

#define assert_point(name, text) assert_string_equal(lec_bench_point(&b, name), text)

static void errors_to_a_command_say_what_to_do_next(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        int code;
        const char *text;
    } cases[] = {
        {"%1POWR=OK\r", 0, ""},
        {"%1powr=ok\r", 0, ""},
        {"%1POWR=ERR1\r", LEC_E_NOTSUP, "the device does not have POWR (ERR1)"},
        {"%1POWR=ERR2\r", LEC_E_REFUSED, "the device does not take \"1\" for POWR (ERR2)"},
        {"%1POWR=ERR3\r", LEC_E_BUSY, "the device cannot do this now: off, warming up, cooling or switching (ERR3)"},
        {"%1POWR=ERR4\r", LEC_E_REFUSED, "the device reports a failure of its own (ERR4)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct lec_turn turns[] = {HELLO, {.host = "%1POWR 1\r"}, {.device = cases[i].reply}, {0}};
        begin(CALM "[point power]\n[point error.fan]\n", turns);
        assert_int_equal(lec_bench_write(&b, "power", "on"), cases[i].code);
        if (cases[i].code < 0)
            assert_string_equal(b.err.text, cases[i].text);
        assert_int_equal(lec_bench_soon(&b, "error.fan"), i == 5);
        assert_point("power", ""); /* a driver does not publish what it was told to do */
        as_written();
        lec_bench_end(&b);
    }
}

static void an_input_that_is_not_there_is_out_of_range(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO, ASK("%1INPT 31", "%1INPT=OK"), ASK("%1INPT 52", "%1INPT=ERR2"), {0}};
    begin(CALM "[point input]\nchoices = hdmi, lan\ncodes = hdmi:31 , lan: 52\n", turns);
    assert_int_equal(lec_bench_write(&b, "input", "hdmi"), 0);
    assert_int_equal(lec_bench_write(&b, "input", "lan"), LEC_E_RANGE);
    assert_string_equal(b.err.text, "the device has no input 52 (ERR2)");
    as_written();
}

#define MUTES "[point picture_mute]\n[point audio_mute]\n"

static void mutes_are_written_apart_where_the_device_can(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO,
                                            ASK("%1AVMT 11", "%1AVMT=OK"),
                                            ASK("%1AVMT 10", "%1AVMT=OK"),
                                            ASK("%1AVMT 21", "%1AVMT=OK"),
                                            ASK("%1AVMT 20", "%1AVMT=OK"),
                                            {0}};
    begin(CALM MUTES, turns);
    assert_int_equal(lec_bench_write(&b, "picture_mute", "true"), 0);
    assert_int_equal(lec_bench_write(&b, "picture_mute", "false"), 0);
    assert_int_equal(lec_bench_write(&b, "audio_mute", "true"), 0);
    assert_int_equal(lec_bench_write(&b, "audio_mute", "false"), 0);
    as_written();
}

static void a_device_that_knows_31_and_30_only_gets_them(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HELLO,
        ASK("%1AVMT 11", "%1AVMT=ERR2"),
        ASK("%1AVMT 31", "%1AVMT=OK"),
        ASK("%1AVMT 30", "%1AVMT=OK"), /* remembered */
        ASK("%1AVMT 21", "%1AVMT=OK"), /* Panasonic: sound goes alone all the same */
        {0},
    };
    begin(CALM MUTES, turns);
    assert_int_equal(lec_bench_write(&b, "picture_mute", "true"), 0);
    assert_int_equal(lec_bench_write(&b, "picture_mute", "false"), 0);
    assert_int_equal(lec_bench_write(&b, "audio_mute", "true"), 0);
    as_written();
}

static void the_fall_back_can_be_forbidden_or_taken_for_granted(void **state)
{
    (void)state;
    static const struct lec_turn apart[] = {HELLO, ASK("%1AVMT 21", "%1AVMT=ERR2"), {0}};
    begin(CALM "mute = separate\n" MUTES, apart);
    assert_int_equal(lec_bench_write(&b, "audio_mute", "true"), LEC_E_REFUSED);
    as_written();
    lec_bench_end(&b);
    static const struct lec_turn together[] = {HELLO, ASK("%1AVMT 31", "%1AVMT=OK"), {0}};
    begin(CALM "mute = together\n" MUTES, together);
    assert_int_equal(lec_bench_write(&b, "picture_mute", "true"), 0);
    as_written();
}

static void freeze_and_volume_are_class_2(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HELLO, ASK("%2FREZ 1", "%2FREZ=OK"), ASK("%2SVOL 1", "%2SVOL=OK"), ASK("%2SVOL 0", "%2SVOL=ERR1"), {0}};
    begin(CALM "pjlink_class = 2\n[point freeze]\n[action volume.up]\n[action volume.down]\n", turns);
    assert_int_equal(lec_bench_write(&b, "freeze", "true"), 0);
    assert_int_equal(lec_bench_invoke(&b, "volume.up", NULL), 0);
    assert_int_equal(lec_bench_invoke(&b, "volume.down", NULL), LEC_E_NOTSUP);
    as_written();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(errors_to_a_command_say_what_to_do_next, teardown),
        cmocka_unit_test_teardown(an_input_that_is_not_there_is_out_of_range, teardown),
        cmocka_unit_test_teardown(mutes_are_written_apart_where_the_device_can, teardown),
        cmocka_unit_test_teardown(a_device_that_knows_31_and_30_only_gets_them, teardown),
        cmocka_unit_test_teardown(the_fall_back_can_be_forbidden_or_taken_for_granted, teardown),
        cmocka_unit_test_teardown(freeze_and_volume_are_class_2, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
