/* PJLink's questions: what replies become, which are asked, what errors mean.
 * Source: PJLink Class 1 v1.04 and Class 2 v2.10; the quirks of real devices are those of the fact sheet, 1.8. */
#include "driver/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pjlink.h"

#define HEAD  "[device]\nclass = projector\ndriver = pjlink\nsource = test\n"
#define CALM  HEAD "[line]\ntimeout = 20s\n[driver]\n"
#define HASTY HEAD "[line]\ntimeout = 300ms\n[driver]\n"
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

/* ---- Reading ------------------------------------------------------------------------------------------------- */

static void a_poll_of_everything_takes_one_question_per_command(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HELLO,
        ASK("%1CLSS ?", "%1CLSS=2"),
        ASK("%1POWR ?", "%1POWR=1"),
        ASK("%2INPT ?", "%2INPT=31"),
        ASK("%1AVMT ?", "%1AVMT=31"),
        ASK("%2FREZ ?", "%2FREZ=1"),
        ASK("%1ERST ?", "%1ERST=012012"),
        ASK("%1LAMP ?", "%1LAMP=1234 1 480 0"),
        ASK("%2FILT ?", "%2FILT=77"),
        ASK("%2IRES ?", "%2IRES=1920x1080"),
        ASK("%2RRES ?", "%2RRES=1920x1200"),
        ASK("%2INNM ?31", "%2INNM=HDMI A"),
        ASK("%2INST ?", "%2INST=11 31 32 61"),
        ASK("%1NAME ?", "%1NAME=Phong 201"),
        ASK("%1INF1 ?", "%1INF1=ACME"),
        ASK("%1INF2 ?", "%1INF2=P-1000"),
        ASK("%1INFO ?", "%1INFO="),
        ASK("%2SNUM ?", "%2SNUM=SN1"),
        ASK("%2SVER ?", "%2SVER=1.2.3"),
        ASK("%2RLMP ?", "%2RLMP=L1 L2"),
        ASK("%2RFIL ?", "%2RFIL="),
        ASK("%1CLSS ?", "%1CLSS=2"),
        {0},
    };
    static const char *const expected[][2] = {
        {"power", "on"},
        {"input", "digital1"},
        {"picture_mute", "true"},
        {"audio_mute", "true"},
        {"freeze", "true"},
        {"error.fan", "ok"},
        {"error.lamp", "warning"},
        {"error.temperature", "error"},
        {"error.cover", "ok"},
        {"error.filter", "warning"},
        {"error.other", "error"},
        {"lamp.hours", "1234"},
        {"lamp.on", "true"},
        {"lamp2.hours", "480"},
        {"filter.hours", "77"},
        {"signal", "1920x1080"},
        {"resolution", "1920x1200"},
        {"input.name", "HDMI A"},
        {"inputs", "rgb1 digital1 digital2 internal1"},
        {"name", "Phong 201"},
        {"maker", "ACME"},
        {"model", "P-1000"},
        {"info", ""},
        {"serial", "SN1"},
        {"version", "1.2.3"},
        {"lamp.part", "L1 L2"},
        {"filter.part", ""},
        {"pjlink.class", "2"},
    };
    lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile = "generic/pjlink-2"});
    lec_bench_play(&b, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_int_equal(lec_bench_count(&b, expected[i][0]), 1);
        assert_point(expected[i][0], expected[i][1]);
    }
    assert_int_equal(ARRAY_LEN(expected), b.device->n_points);
    as_written();
}

static void the_name_of_the_input_is_that_of_the_present_one(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO,
                                            ASK("%1CLSS ?", "%1CLSS=2"),
                                            ASK("%2INPT ?", "%2INPT=31"),
                                            ASK("%2INNM ?31", "%2INNM=HDMI A"),
                                            ASK("%2INPT ?", "%2INPT=11"),
                                            ASK("%2INNM ?11", "%2INNM=VGA"),
                                            {0}};
    begin(CALM "[point input]\nchoices = a, b\ncodes = a:31, b:11\n"
               "[point input.name]\nlabel = x\ntype = text\naccess = read\n",
          turns);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lec_bench_poll(&b, "input.name"), 0);
        assert_point("input.name", i == 0 ? "HDMI A" : "VGA");
        assert_point("input", i == 0 ? "a" : "b");
    }
    as_written();
}

static void one_reply_feeds_all_its_points(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO, ASK("%1AVMT ?", "%1AVMT=11"), {0}};
    begin(CALM "[point picture_mute]\n[point audio_mute]\n", turns);
    assert_int_equal(lec_bench_poll(&b, "picture_mute"), 0);
    assert_point("picture_mute", "true");
    assert_point("audio_mute", "false");
    as_written();
}

/* A device with one line answers; `expected`: values of the points with a bar between, or NULL for LEC_E_FRAME. */
static void replies_become(const char *profile, const char *question, const char *const cases[][2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char host[32], device[200], got[400] = "";
        snprintf(host, sizeof host, "%s\r", question);
        snprintf(device, sizeof device, "%s\r", cases[i][0]);
        const struct lec_turn turns[] = {HELLO, {.host = host}, {.device = device}, {0}};
        begin(profile, turns);
        int rc = lec_bench_poll(&b, NULL);
        if (rc != (cases[i][1] ? 0 : LEC_E_FRAME))
            fail_msg("\"%s\" gave %s: %s", cases[i][0], lec_code_name(rc), b.err.text);
        for (size_t p = 0; cases[i][1] && p < b.device->n_points; p++) {
            size_t len = strlen(got);
            snprintf(got + len, sizeof got - len, "%s%s", p > 0 ? "|" : "", b.said[p]);
        }
        assert_string_equal(got, cases[i][1] ? cases[i][1] : "");
        as_written();
        lec_bench_end(&b);
    }
}

static void mutes_of_both_kinds_are_told_apart(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"%1AVMT=11", "true|false"},  {"%1AVMT=21", "false|true"},  {"%1AVMT=31", "true|true"},
        {"%1AVMT=30", "false|false"}, {"%1AVMT=10", "false|false"}, {"%1AVMT=20", "false|false"},
        {"%1AVMT=01", NULL},          {"%1AVMT=32", NULL},          {"%1AVMT=311", NULL},
    };
    replies_become(CALM "[point picture_mute]\n[point audio_mute]\n", "%1AVMT ?", cases, ARRAY_LEN(cases));
}

static void up_to_eight_lamps_are_read(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"%1LAMP=1234 1", "1234|true|bad: the device has no such lamp, or does not tell|"
                          "bad: the device has no such lamp, or does not tell"},
        {"%1LAMP=500 1 480 0", "500|true|480|bad: the device has no such lamp, or does not tell"},
        {"%1LAMP=1 0 2 0 3 0 4 0 5 0 6 0 7 0 99999 1", "1|false|2|true"},
        {"%1LAMP=42", "42|bad: the device has no such lamp, or does not tell|"
                      "bad: the device has no such lamp, or does not tell|"
                      "bad: the device has no such lamp, or does not tell"},
        {"%1LAMP=1 0 2 0 3 0 4 0 5 0 6 0 7 0 8 0 9 0", NULL},
        {"%1LAMP=100000 1", NULL},
        {"%1LAMP=12345678901234567890 1", NULL},
        {"%1LAMP=-1 1", NULL},
        {"%1LAMP=1 2", NULL},
        {"%1LAMP=1 1x", NULL},
        {"%1LAMP=", NULL},
    };
    replies_become(CALM "[point lamp.hours]\n[point lamp.on]\n[point lamp2.hours]\n"
                        "[point lamp8.on]\nlabel = x\ntype = bool\naccess = read\n",
                   "%1LAMP ?", cases, ARRAY_LEN(cases));
}

static void six_digits_of_errors_or_none(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"%1ERST=000000", "ok|ok"}, {"%1ERST=210001", "error|warning"},
        {"%1ERST=00000", NULL},     {"%1ERST=0000000", NULL},
        {"%1ERST=300000", NULL},    {"%1ERST=00000 ", NULL},
    };
    replies_become(CALM "[point error.fan]\n[point error.lamp]\n", "%1ERST ?", cases, ARRAY_LEN(cases));
}

static void names_come_in_utf8_or_latin_1(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"%1NAME=Ph\xc3\xb2ng 201", "Ph\xc3\xb2ng 201"}, /* UTF-8 */
        {"%1NAME=Ph\xf2ng 201", "Ph\xc3\xb2ng 201"},     /* Latin-1 */
        {"%1NAME=\x80\x9f", ""},                         /* neither */
        {"%1NAME=a\tb\x7f", "ab"},
        {"%1NAME=OK", "OK"}, /* what NAME cannot be set to, it can be called */
        {"%1NAME=", ""},
    };
    replies_become(CALM "[point name]\n", "%1NAME ?", cases, ARRAY_LEN(cases));
}

static void a_signal_may_be_none_or_unknown(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"%2IRES=1920x1080", "1920x1080"}, {"%2IRES=-", "none"}, {"%2IRES=*", "unknown"}};
    replies_become(CALM "pjlink_class = 2\n[point signal]\n", "%2IRES ?", cases, ARRAY_LEN(cases));
}

static void inputs_have_the_names_of_the_profile(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"%1INPT=32", "hdmi1"},
        {"%1INPT=11", "computer"},
        {"%1INPT=56", "bad: the device says \"56\", which its profile does not know"},
        {"%1INPT=99", NULL},
        {"%1INPT=3", NULL},
        {"%1INPT=310", NULL},
    };
    replies_become(CALM "[point input]\nchoices = hdmi1, computer\ncodes = hdmi1:32, computer:11\n", "%1INPT ?", cases,
                   ARRAY_LEN(cases));
}

static void a_class_2_code_makes_inputs_be_asked_in_class_2(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HELLO, ASK("%1CLSS ?", "%1CLSS=2"), ASK("%2INPT ?", "%2INPT=3A"), ASK("%2INPT 61", "%2INPT=OK"), {0}};
    begin(CALM "[point input]\nchoices = hdmi10, logo\ncodes = hdmi10:3A, logo:61\n", turns);
    assert_int_equal(lec_bench_poll(&b, "input"), 0);
    assert_point("input", "hdmi10");
    assert_int_equal(lec_bench_write(&b, "input", "logo"), 0);
    as_written();
}

/* ---- What a device lacks, or cannot do now ------------------------------------------------------------------- */

#define FEW "[point power]\n[point lamp.hours]\n[point name]\n"

static void err1_drops_the_points_of_that_command_only(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO,
                                            ASK("%1POWR ?", "%1POWR=1"),
                                            ASK("%1LAMP ?", "%1LAMP=ERR1"),
                                            ASK("%1NAME ?", "%1NAME=A"),
                                            ASK("%1POWR ?", "%1POWR=1"), /* next time LAMP is left out */
                                            ASK("%1NAME ?", "%1NAME=A"),
                                            {0}};
    begin(CALM FEW, turns);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    assert_point("lamp.hours", "bad: the device does not have LAMP (ERR1)");
    assert_true(lec_bench_dropped(&b, "lamp.hours"));
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    as_written();
}

static void err2_and_err4_make_a_point_bad(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HELLO, ASK("%1POWR ?", "%1POWR=1"), ASK("%1LAMP ?", "%1LAMP=ERR4"), ASK("%1NAME ?", "%1NAME=ERR2"), {0}};
    begin(CALM FEW "[point error.fan]\n", turns);
    assert_int_equal(lec_bench_poll(&b, "power lamp.hours name"), 0);
    assert_point("lamp.hours", "bad: the device reports a failure of its own (ERR4)");
    assert_point("name", "bad: the device does not take \"?\" for NAME (ERR2)");
    assert_true(lec_bench_soon(&b, "error.fan")); /* what is it that failed? */
    as_written();
}

static void err3_while_off_is_not_asked_again_until_on(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO,
                                            ASK("%1POWR ?", "%1POWR=0"),
                                            ASK("%1LAMP ?", "%1LAMP=ERR3"),
                                            ASK("%1NAME ?", "%1NAME=ERR3"),
                                            ASK("%1POWR ?", "%1POWR=3"), /* only this one */
                                            ASK("%1POWR ?", "%1POWR=1"),
                                            ASK("%1LAMP ?", "%1LAMP=7 1"),
                                            ASK("%1NAME ?", "%1NAME=A"),
                                            {0}};
    begin(CALM FEW, turns);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    assert_point("name", "bad: the device cannot do this now: off, warming up, cooling or switching (ERR3)");
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    assert_point("name", "bad: not to be had while the device is off");
    assert_false(lec_bench_soon(&b, "name"));
    assert_int_equal(lec_bench_poll(&b, "power"), 0);
    assert_true(lec_bench_soon(&b, "name")); /* read once after open, and open was too early */
    assert_true(lec_bench_soon(&b, "lamp.hours"));
    assert_int_equal(lec_bench_poll(&b, "lamp.hours name"), 0);
    assert_point("name", "A");
    as_written();
}

static void err3_to_a_single_question_says_busy(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO, ASK("%1NAME ?", "%1NAME=ERR3"), {0}};
    begin(CALM FEW, turns);
    assert_int_equal(lec_bench_poll(&b, "name"), LEC_E_BUSY);
    assert_point("name", "");
    as_written();
}

static void a_class_1_device_is_not_asked_what_it_cannot_know(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO, ASK("%1CLSS ?", "%1CLSS=1"), ASK("%1POWR ?", "%1POWR=1"), {0}};
    begin(CALM "[point power]\n[point freeze]\n[point serial]\n", turns);
    assert_point("freeze", "bad: the device speaks PJLink class 1 only");
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    assert_true(lec_bench_dropped(&b, "serial"));
    as_written();
}

static void a_class_2_device_may_lack_some_of_class_2(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HELLO,
        ASK("%1CLSS ?", "%1CLSS=2"),
        ASK("%2INPT ?", "%2INPT=ERR1"), /* then in class 1 */
        ASK("%1INPT ?", "%1INPT=31"),
        ASK("%2FREZ ?", "%1FREZ=ERR1"), /* with the wrong digit, even */
        ASK("%2SNUM ?", "%2SNUM=77"),
        ASK("%1INPT ?", "%1INPT=31"),
        {0},
    };
    begin(CALM "[point input]\nchoices = hdmi\ncodes = hdmi:31\n[point freeze]\n[point serial]\n", turns);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    assert_point("input", "hdmi");
    assert_true(lec_bench_dropped(&b, "freeze"));
    assert_point("serial", "77");
    assert_int_equal(lec_bench_poll(&b, "input"), 0);
    as_written();
}

static void a_device_that_refuses_clss_is_taken_for_class_1(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO, ASK("%1CLSS ?", "%1CLSS=ERR1"), {0}};
    begin(CALM "[point power]\n[point freeze]\n", turns);
    assert_true(lec_bench_dropped(&b, "freeze"));
    as_written();
}

static void a_question_never_answered_is_given_up_while_others_are(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HELLO,
        ASK("%1POWR ?", "%1POWR=1"),
        {.host = "%2FREZ ?\r"},
        ASK("%1NAME ?", "%1NAME=A"), /* asked all the same */
        ASK("%1POWR ?", "%1POWR=1"),
        {.host = "%2FREZ ?\r"},
        ASK("%1NAME ?", "%1NAME=A"),
        ASK("%1POWR ?", "%1POWR=1"),
        {.host = "%2FREZ ?\r"},
        ASK("%1NAME ?", "%1NAME=A"),
        {0},
    };
    begin(HASTY "pjlink_class = 2\n[point power]\n[point freeze]\n[point name]\n", turns);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lec_bench_poll(&b, NULL), 0); /* the device is not away */
        assert_point("freeze", "bad: no reply to FREZ");
        assert_true(lec_bench_soon(&b, "freeze"));
    }
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    assert_point("freeze", "bad: the device never answers this question");
    assert_true(lec_bench_dropped(&b, "freeze"));
    as_written();
}

static void a_question_asked_alone_and_ignored_is_told_from_a_dead_device(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HELLO,
        {.host = "%1NAME ?\r"}, /* the framework asks again as often as the profile says */
        {.host = "%1NAME ?\r"},
        ASK("%1POWR ?", "%1POWR=1"),
        {.host = "%1NAME ?\r"},
        {.host = "%1POWR ?\r"},
        {0},
    };
    begin(HEAD "[line]\ntimeout = 300ms\nretries = 1\n" FEW, turns);
    assert_int_equal(lec_bench_poll(&b, "name"), LEC_E_TIMEOUT);
    assert_int_equal(lec_bench_poll(&b, "name"), 0);
    assert_point("name", "bad: no reply to NAME");
    assert_point("power", "on");
    assert_int_equal(lec_bench_poll(&b, "name"), LEC_E_TIMEOUT);
    as_written();
}

static void a_silent_device_is_asked_twice_in_a_poll_not_more(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO, {.host = "%1POWR ?\r"}, {.host = "%1LAMP ?\r"}, {0}};
    begin(HASTY FEW, turns);
    assert_int_equal(lec_bench_poll(&b, NULL), LEC_E_TIMEOUT);
    assert_string_equal(b.err.text, "POWR: no reply in 300ms");
    as_written();
}

static void questions_not_asked_for_silence_are_no_bad_values(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HELLO, ASK("%1POWR ?", "%1POWR=1"), {.host = "%1LAMP ?\r"}, {.host = "%1NAME ?\r"}, {0}};
    begin(HASTY FEW "[point maker]\n", turns);
    assert_int_equal(lec_bench_poll(&b, NULL), LEC_E_TIMEOUT);
    assert_point("power", "on");
    assert_point("lamp.hours", "");
    assert_point("maker", "");
    as_written();
}

static void one_garbled_reply_does_not_hide_the_others(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HELLO, ASK("%1POWR ?", "%1POWR=1"), ASK("%1LAMP ?", "%1LAMP=many"), ASK("%1NAME ?", "%1NAME=A"), {0}};
    begin(CALM FEW, turns);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    assert_point("power", "on");
    assert_point("name", "A");
    assert_point("lamp.hours", "bad: a garbled reply to LAMP");
    assert_true(lec_bench_soon(&b, "lamp.hours"));
    as_written();
}

static void a_garbled_power_state_is_a_failure_of_the_device(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HELLO, ASK("%1POWR ?", "%1POWR=7"), ASK("%1LAMP ?", "%1LAMP=1 1"), {0}};
    begin(CALM FEW, turns);
    assert_int_equal(lec_bench_poll(&b, "power lamp.hours"), LEC_E_FRAME);
    assert_string_equal(b.err.text, "POWR: reply \"7\" makes no sense");
    assert_point("lamp.hours", "1");
    as_written();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_poll_of_everything_takes_one_question_per_command, teardown),
        cmocka_unit_test_teardown(the_name_of_the_input_is_that_of_the_present_one, teardown),
        cmocka_unit_test_teardown(one_reply_feeds_all_its_points, teardown),
        cmocka_unit_test_teardown(mutes_of_both_kinds_are_told_apart, teardown),
        cmocka_unit_test_teardown(up_to_eight_lamps_are_read, teardown),
        cmocka_unit_test_teardown(six_digits_of_errors_or_none, teardown),
        cmocka_unit_test_teardown(names_come_in_utf8_or_latin_1, teardown),
        cmocka_unit_test_teardown(a_signal_may_be_none_or_unknown, teardown),
        cmocka_unit_test_teardown(inputs_have_the_names_of_the_profile, teardown),
        cmocka_unit_test_teardown(a_class_2_code_makes_inputs_be_asked_in_class_2, teardown),
        cmocka_unit_test_teardown(err1_drops_the_points_of_that_command_only, teardown),
        cmocka_unit_test_teardown(err2_and_err4_make_a_point_bad, teardown),
        cmocka_unit_test_teardown(err3_while_off_is_not_asked_again_until_on, teardown),
        cmocka_unit_test_teardown(err3_to_a_single_question_says_busy, teardown),
        cmocka_unit_test_teardown(a_class_1_device_is_not_asked_what_it_cannot_know, teardown),
        cmocka_unit_test_teardown(a_class_2_device_may_lack_some_of_class_2, teardown),
        cmocka_unit_test_teardown(a_device_that_refuses_clss_is_taken_for_class_1, teardown),
        cmocka_unit_test_teardown(a_question_never_answered_is_given_up_while_others_are, teardown),
        cmocka_unit_test_teardown(a_question_asked_alone_and_ignored_is_told_from_a_dead_device, teardown),
        cmocka_unit_test_teardown(a_silent_device_is_asked_twice_in_a_poll_not_more, teardown),
        cmocka_unit_test_teardown(questions_not_asked_for_silence_are_no_bad_values, teardown),
        cmocka_unit_test_teardown(one_garbled_reply_does_not_hide_the_others, teardown),
        cmocka_unit_test_teardown(a_garbled_power_state_is_a_failure_of_the_device, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
