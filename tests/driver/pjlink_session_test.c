/* PJLink's greeting, password, framing and connections. Vectors: PJLink Class 1 v1.04 and Class 2 v2.10. */
#include "driver/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pjlink.h"

#define PROFILE(timeout, options)                                                                                      \
    "[device]\nclass = projector\ndriver = pjlink\nsource = test\n"                                                    \
    "[line]\ntimeout = " timeout "\n[driver]\nretry_pause = 0\n" options "\n"                                          \
    "[point power]\n[point name]\n"

/* Long enough for a loaded machine; no test waits for it. */
#define CALM "20s"
/* For tests whose subject is silence. */
#define HASTY "300ms"

#define PASSWORD "password = JBMIAProjectorLink"
#define GREETING "PJLINK 1 498e4a67\r"
#define DIGEST   "5d8409bc1c3fa39749434aa3a5c38682"

static struct lec_bench b;

static void begin(const char *profile, const char *secrets, const struct lec_turn *turns)
{
    lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile_text = profile, .secrets = secrets});
    lec_bench_play(&b, turns);
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

/* ---- Greeting and password ----------------------------------------------------------------------------------- */

static void a_device_without_password_is_spoken_to_bare(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.device = "PJLINK 0\r"}, {.host = "%1POWR ?\r"}, {.device = "%1POWR=1\r"}, {0}};
    begin(PROFILE(CALM, ""), PASSWORD, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, "power"), 0);
    assert_string_equal(lec_bench_point(&b, "power"), "on");
    as_written();
}

static void the_digest_stands_before_the_first_command_only(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.device = GREETING},     {.host = DIGEST "%1POWR ?\r"},
                                            {.device = "%1POWR=0\r"}, {.host = "%1POWR ?\r"},
                                            {.device = "%1POWR=3\r"}, {0}};
    begin(PROFILE(CALM, ""), PASSWORD, turns);
    assert_int_equal(lec_bench_open(&b), 0); /* asks at once, so that a wrong password shows here */
    assert_string_equal(lec_bench_point(&b, "power"), "off");
    assert_int_equal(lec_bench_poll(&b, "power"), 0);
    assert_string_equal(lec_bench_point(&b, "power"), "warming");
    as_written();
}

static void the_random_number_is_digested_in_the_case_it_came(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.device = "PJLINK 1 498E4A67\r"},
                                            {.host = "f0a50ccb706844ee8280a90ba6b75c7b%1POWR ?\r"},
                                            {.device = "%1POWR=1\r"},
                                            {0}};
    begin(PROFILE(CALM, ""), PASSWORD, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    as_written();
}

static void a_missing_password_is_told_without_a_try(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.device = GREETING}, {0}};
    begin(PROFILE(CALM, ""), NULL, turns);
    assert_int_equal(lec_bench_open(&b), LEC_E_CONFIG);
    assert_string_equal(b.err.text, "the device wants a PJLink password: put it into the secrets file");
    as_written();
}

static void a_wrong_password_is_tried_twice_and_never_named(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.accept = true},
                                            {.device = GREETING},
                                            {.until = '\r'},
                                            {.device = "PJLINK ERRA\r"},
                                            {.close = true},
                                            {.accept = true},
                                            {.device = "PJLINK 1 00000001\r"},
                                            {.until = '\r'},
                                            {.device = "PJLINK ERRA\r"},
                                            {.close = true},
                                            {0}};
    begin(PROFILE(CALM, ""), "password = not-this-one", turns);
    assert_int_equal(lec_bench_open(&b), LEC_E_CONFIG);
    assert_non_null(strstr(b.err.text, "refuses the PJLink password (ERRA)"));
    assert_null(strstr(b.err.text, "not-this-one"));
    as_written();
}

static void a_greeting_of_erra_is_tried_once_more(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.accept = true}, {.device = "PJLINK ERRA\r"}, {.close = true},
                                            {.accept = true}, {.device = "PJLINK 0\r"},    {0}};
    begin(PROFILE(CALM, ""), PASSWORD, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    as_written();
}

static const struct lec_turn erra_later[] = {{.accept = true},          {.device = "PJLINK 0\r"},
                                             {.host = "%1POWR 1\r"},    {.device = "PJLINK ERRA\r"},
                                             {.close = true},           {.accept = true},
                                             {.device = GREETING},      {.host = DIGEST "%1POWR 1\r"},
                                             {.device = "%1POWR=OK\r"}, {0}};

static void erra_at_a_later_command_costs_one_new_connection(void **state)
{
    (void)state;
    begin(PROFILE(CALM, ""), PASSWORD, erra_later);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_write(&b, "power", "on"), 0);
    as_written();
}

static void erra_again_soon_after_is_not_tried_again(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.accept = true},
                                            {.device = "PJLINK ERRA\r"},
                                            {.close = true},
                                            {.accept = true},
                                            {.device = GREETING},
                                            {.host = DIGEST "%1POWR ?\r"},
                                            {.device = "%1POWR=1\r"},
                                            {.host = "%1POWR ?\r"},
                                            {.device = "PJLINK ERRA\r"},
                                            {0}};
    begin(PROFILE(CALM, ""), PASSWORD, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_CONFIG);
    assert_true(b.port.broken);
    as_written();
}

static void what_is_no_greeting_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "SSH-2.0-OpenSSH_9.2\r", "PJLINK\r",   "PJLINK 3\r", "PJLINK 1\r", "PJLINK 1 \r", "PJLINK 1 xyz\r",
        "PJLINK 1 498e4a67 \r",  "%1POWR=1\r", "PJLINK 00\r"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct lec_turn turns[] = {{.device = wrong[i]}, {0}};
        begin(PROFILE(CALM, ""), PASSWORD, turns);
        assert_int_equal(lec_bench_open(&b), LEC_E_FRAME);
        as_written();
        lec_bench_end(&b);
    }
}

static void a_greeting_without_end_is_cut_off(void **state)
{
    (void)state;
    static char flood[600];
    memset(flood, 'A', sizeof flood);
    static const struct lec_turn turns[] = {{.device = flood, .device_n = sizeof flood}, {0}};
    begin(PROFILE(CALM, ""), NULL, turns);
    assert_int_equal(lec_bench_open(&b), LEC_E_FRAME);
    as_written();
}

static void no_greeting_is_a_time_out(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{0}};
    begin(PROFILE(HASTY, ""), NULL, turns);
    assert_int_equal(lec_bench_open(&b), LEC_E_TIMEOUT);
    assert_string_equal(b.err.text, "waiting for the greeting: no reply in 300ms");
    as_written();
}

/* ---- SHA-256 (v2.10) ----------------------------------------------------------------------------------------- */

static void sha256_prefix_of_the_test_vector(void **state)
{
    (void)state;
    static const uint8_t own[16] = {0xc1, 0x4b, 0x27, 0x9e, 0x60, 0x3d, 0x8a, 0x5f,
                                    0x17, 0xe8, 0x49, 0xba, 0x36, 0x0f, 0x2d, 0xc5};
    char prefix[PJ_PREFIX_MAX + 1];
    assert_int_equal(pj_sha256_prefix("3db25e10f69c47a85adb24cf361897e0", own, "JBMIAProjectorLink", prefix), 0);
    assert_string_equal(prefix, "c14b279e603d8a5f17e849ba360f2dc5"
                                "70ab129eac6924d4c129c9c4fcf45be42e1e776325a66db67e5b6eee50f2a692");
    assert_int_equal(pj_sha256_prefix("3db25e10", own, "x", prefix), LEC_E_RANGE);
}

static void sha256_is_offered_when_asked_for(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.device = GREETING}, {.host = "PJLINK 2\r"},   {.device = "PJLINK 2 3db25e10f69c47a85adb24cf361897e0\r"},
        {.until = '\r'},      {.device = "%1POWR=1\r"}, {0}};
    begin(PROFILE(CALM, "auth = sha256"), PASSWORD, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    as_written();
    char own_hex[33], expected[PJ_PREFIX_MAX + 1];
    uint8_t own[16];
    const char *said = lec_script_said(&b.script);
    assert_int_equal(strlen(said), PJ_PREFIX_MAX + strlen("%1POWR ?\r"));
    memcpy(own_hex, said, 32);
    own_hex[32] = '\0';
    assert_int_equal(lec_unhex(own_hex, own, 16), 0);
    assert_int_equal(pj_sha256_prefix("3db25e10f69c47a85adb24cf361897e0", own, "JBMIAProjectorLink", expected), 0);
    assert_memory_equal(said, expected, PJ_PREFIX_MAX);
    assert_string_equal(said + PJ_PREFIX_MAX, "%1POWR ?\r");
}

static void a_device_that_does_not_know_sha256_gets_md5(void **state)
{
    (void)state;
    static const struct lec_turn answers[][12] = {
        {{.accept = true},
         {.device = GREETING},
         {.host = "PJLINK 2\r"},
         {.device = "PJLINK ERRA\r"},
         {.accept = true},
         {.device = GREETING},
         {.host = DIGEST "%1POWR ?\r"},
         {.device = "%1POWR=1\r"},
         {0}},
        {{.accept = true},
         {.device = GREETING},
         {.host = "PJLINK 2\r"},
         {.close = true},
         {.accept = true},
         {.device = GREETING},
         {.host = DIGEST "%1POWR ?\r"},
         {.device = "%1POWR=1\r"},
         {0}},
        {{.accept = true},
         {.device = GREETING},
         {.host = "PJLINK 2\r"},
         {.device = "PJLINK 2 3db2\r"},
         {.accept = true},
         {.device = GREETING},
         {.host = DIGEST "%1POWR ?\r"},
         {.device = "%1POWR=1\r"},
         {0}},
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        begin(PROFILE(CALM, "auth = sha256"), PASSWORD, answers[i]);
        assert_int_equal(lec_bench_open(&b), 0);
        as_written();
        /* and is not asked again */
        static const struct lec_turn next[] = {
            {.device = GREETING}, {.host = DIGEST "%1POWR ?\r"}, {.device = "%1POWR=1\r"}, {0}};
        lec_bench_play(&b, next);
        assert_int_equal(lec_bench_open(&b), 0);
        as_written();
        lec_bench_end(&b);
    }
}

static void a_device_that_is_silent_about_sha256_gets_md5(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.accept = true},     {.device = GREETING},          {.host = "PJLINK 2\r"},   {.accept = true},
        {.device = GREETING}, {.host = DIGEST "%1POWR ?\r"}, {.device = "%1POWR=1\r"}, {0}};
    begin(PROFILE(HASTY, "auth = sha256"), PASSWORD, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    as_written();
}

/* ---- Connections --------------------------------------------------------------------------------------------- */

static void a_write_after_the_device_has_hung_up_is_not_lost(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.accept = true},     {.device = "PJLINK 0\r"},      {.close = true},           {.accept = true},
        {.device = GREETING}, {.host = DIGEST "%1POWR 0\r"}, {.device = "%1POWR=OK\r"}, {0}};
    begin(PROFILE(CALM, ""), PASSWORD, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    lec_bench_wait(&b);
    assert_int_equal(lec_bench_write(&b, "power", "off"), 0);
    as_written();
}

static void hanging_up_while_idle_is_told(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.device = "PJLINK 0\r"}, {.device = "noise"}, {.close = true}, {0}};
    begin(PROFILE(CALM, ""), NULL, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    lec_bench_wait(&b);
    assert_int_equal(lec_bench_input(&b), 0); /* the noise */
    lec_bench_wait(&b);
    assert_int_equal(lec_bench_input(&b), LEC_E_LINK);
    as_written();
}

static void each_command_can_have_its_own_connection(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.accept = true},
                                            {.device = GREETING},
                                            {.host = DIGEST "%1POWR ?\r"},
                                            {.device = "%1POWR=1\r"},
                                            {.close = true},
                                            {.accept = true},
                                            {.device = GREETING},
                                            {.host = DIGEST "%1POWR ?\r"},
                                            {.device = "%1POWR=1\r"},
                                            {.close = true},
                                            {.accept = true},
                                            {.device = GREETING},
                                            {.host = DIGEST "%1NAME ?\r"},
                                            {.device = "%1NAME=A\r"},
                                            {.close = true},
                                            {0}};
    begin(PROFILE(CALM, "connect = each"), PASSWORD, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, "power name"), 0);
    assert_string_equal(lec_bench_point(&b, "name"), "A");
    as_written();
}

/* ---- Framing ------------------------------------------------------------------------------------------------- */

static void replies_may_come_in_pieces_and_with_nul_and_lf(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.device = "\0PJLI", .device_n = 5},
                                            {.device = "NK 0\r"},
                                            {.device = "\n"},
                                            {.host = "%1POWR ?\r"},
                                            {.device = "\n%1PO\0WR", .device_n = 8},
                                            {.device = "="},
                                            {.device = "1"},
                                            {.device = "\r\n\0\0", .device_n = 4},
                                            {.host = "%1NAME ?\r"},
                                            {.device = "\r\r%1name=Lop 6A\r"},
                                            {0}};
    begin(PROFILE(CALM, ""), NULL, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, "power name"), 0);
    assert_string_equal(lec_bench_point(&b, "power"), "on");
    assert_string_equal(lec_bench_point(&b, "name"), "Lop 6A");
    as_written();
}

static void an_answer_to_an_earlier_question_is_passed_over(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.device = "PJLINK 0\r"},
        {.host = "%1NAME ?\r"},
        {.device = "%1POWR=0\r%1LAMP=5 1\r%1NAME=X\r"}, /* coalesced */
        {.host = "%1POWR 1\r"},
        {.device = "%1POWR=0\r%1POWR=OK\r"}, /* a late answer to "?" is not "done" */
        {.host = "%1POWR ?\r"},
        {.device = "%1POWR=OK\r%1POWR=3\r"}, /* nor the other way round */
        {0},
    };
    begin(PROFILE(CALM, ""), NULL, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, "name"), 0);
    assert_string_equal(lec_bench_point(&b, "name"), "X");
    assert_int_equal(lec_bench_write(&b, "power", "on"), 0);
    assert_int_equal(lec_bench_poll(&b, "power"), 0);
    assert_string_equal(lec_bench_point(&b, "power"), "warming");
    as_written();
}

static void answers_to_other_questions_only_are_a_bad_frame(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.device = "PJLINK 0\r"},
        {.host = "%1POWR ?\r"},
        {.device = "%1NAME=1\r%1NAME=2\r%1NAME=3\r%1NAME=4\r%1NAME=5\r%1NAME=6\r%1POWR=1\r"},
        {0}};
    begin(PROFILE(CALM, ""), NULL, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_FRAME);
    as_written();
}

static void a_reply_that_stops_short_is_a_time_out_and_its_rest_is_dropped(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.device = "PJLINK 0\r"},          {.host = "%1NAME ?\r"},
                                            {.device = "%1NAME=Ph"},           {.host = "%1POWR ?\r"},
                                            {.device = "ong 201\r%1POWR=1\r"}, {0}};
    begin(PROFILE(HASTY, ""), NULL, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, "name"), LEC_E_TIMEOUT);
    assert_string_equal(b.err.text, "NAME: no reply in 300ms");
    assert_string_equal(lec_bench_point(&b, "name"), "");
    assert_int_equal(lec_bench_poll(&b, "power"), 0);
    assert_string_equal(lec_bench_point(&b, "power"), "on");
    as_written();
}

static void a_line_that_is_too_long_is_a_bad_frame_and_the_next_is_read(void **state)
{
    (void)state;
    static char flood[700];
    memset(flood, 'x', sizeof flood);
    memcpy(flood, "%1NAME=", 7);
    static const struct lec_turn turns[] = {
        {.device = "PJLINK 0\r"}, {.host = "%1NAME ?\r"},   {.device = flood, .device_n = sizeof flood},
        {.host = "%1POWR ?\r"},   {.device = "%1POWR=2\r"}, {0}};
    begin(PROFILE(CALM, ""), NULL, turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, "name"), LEC_E_FRAME);
    assert_int_equal(lec_bench_poll(&b, "power"), 0);
    assert_string_equal(lec_bench_point(&b, "power"), "cooling");
    as_written();
}

static void hostile_replies_are_bad_frames(void **state)
{
    (void)state;
    static const char *const replies[] = {
        "POWR=1\r",       "%\r",        "%1\r",       "%1POWR\r",      "%1POWR=\r",        "%1POWR=4\r",
        "%1POWR=10\r",    "%1POWR 1\r", "=%1POWR\r",  "%1POWR= 1\r",   "%1POWR=ERR\r",     "%1POWR=ERR5\r",
        "%1POWR=ERR11\r", "PJLINK 0\r", "\x80\x81\r", "%1POWR=%n%s\r", "\r\r\r\r\r\r\r\r",
    };
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        const struct lec_turn turns[] = {{.device = "PJLINK 0\r"}, {.host = "%1POWR ?\r"}, {.device = replies[i]}, {0}};
        begin(PROFILE(CALM, ""), NULL, turns);
        assert_int_equal(lec_bench_open(&b), 0);
        if (lec_bench_poll(&b, "power") != LEC_E_FRAME)
            fail_msg("\"%s\" was taken", replies[i]);
        assert_string_equal(lec_bench_point(&b, "power"), "");
        as_written();
        lec_bench_end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_device_without_password_is_spoken_to_bare, teardown),
        cmocka_unit_test_teardown(the_digest_stands_before_the_first_command_only, teardown),
        cmocka_unit_test_teardown(the_random_number_is_digested_in_the_case_it_came, teardown),
        cmocka_unit_test_teardown(a_missing_password_is_told_without_a_try, teardown),
        cmocka_unit_test_teardown(a_wrong_password_is_tried_twice_and_never_named, teardown),
        cmocka_unit_test_teardown(a_greeting_of_erra_is_tried_once_more, teardown),
        cmocka_unit_test_teardown(erra_at_a_later_command_costs_one_new_connection, teardown),
        cmocka_unit_test_teardown(erra_again_soon_after_is_not_tried_again, teardown),
        cmocka_unit_test_teardown(what_is_no_greeting_is_refused, teardown),
        cmocka_unit_test_teardown(a_greeting_without_end_is_cut_off, teardown),
        cmocka_unit_test_teardown(no_greeting_is_a_time_out, teardown),
        cmocka_unit_test(sha256_prefix_of_the_test_vector),
        cmocka_unit_test_teardown(sha256_is_offered_when_asked_for, teardown),
        cmocka_unit_test_teardown(a_device_that_does_not_know_sha256_gets_md5, teardown),
        cmocka_unit_test_teardown(a_device_that_is_silent_about_sha256_gets_md5, teardown),
        cmocka_unit_test_teardown(a_write_after_the_device_has_hung_up_is_not_lost, teardown),
        cmocka_unit_test_teardown(hanging_up_while_idle_is_told, teardown),
        cmocka_unit_test_teardown(each_command_can_have_its_own_connection, teardown),
        cmocka_unit_test_teardown(replies_may_come_in_pieces_and_with_nul_and_lf, teardown),
        cmocka_unit_test_teardown(an_answer_to_an_earlier_question_is_passed_over, teardown),
        cmocka_unit_test_teardown(answers_to_other_questions_only_are_a_bad_frame, teardown),
        cmocka_unit_test_teardown(a_reply_that_stops_short_is_a_time_out_and_its_rest_is_dropped, teardown),
        cmocka_unit_test_teardown(a_line_that_is_too_long_is_a_bad_frame_and_the_next_is_read, teardown),
        cmocka_unit_test_teardown(hostile_replies_are_bad_frames, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
