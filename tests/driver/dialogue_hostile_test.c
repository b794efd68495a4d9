/* Devices that are silent, late, garbled, talkative or gone, and values that must not be sent. */
#include "driver/dialogue_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "dialogue.h"

/* No test waits for CALM; HASTY is for those whose subject is silence. */
#define CALM  "20s"
#define HASTY "200ms"

#define DEVICE_LINES(timeout)                                                                                          \
    "[device]\nclass = projector\ndriver = dialogue\nsource = test\n[line]\ntimeout = " timeout "\n"

/* A protocol whose replies say what they answer. */
#define NAMED(timeout)                                                                                                 \
    DEVICE_LINES(timeout)                                                                                              \
    "[driver]\nsend = {body}\\r\nends = \\r\nlongest = 64\nread = {cmd}?\nreply = {cmd}={value}\n"                     \
    "write = {cmd}={value}\n[reply ok]\nmatch = OK\n[reply refused]\nmatch = ERR\n[reply unsupported]\nmatch = NO\n"   \
    "[point power]\ncmd = PWR\ncodes = on:1, off:0\n[point volume]\ncmd = VOL\n[point lamp.hours]\ncmd = LAMP\n"       \
    "[point name]\naccess = both\ncmd = NAME\n"

/* One whose replies are only values. */
#define ANONYMOUS(timeout)                                                                                                 \
    DEVICE_LINES(timeout)                                                                                                  \
    "[driver]\nsend = {body}\\r\nends = \\r\nreplies = anonymous\nread = {cmd}?\nreply = {value}\nwrite = {cmd}={value}\n" \
    "[reply ok]\nmatch = OK\n[login hello]\nexpect = HELLO\n"                                                              \
    "[point power]\ncmd = PWR\ncodes = on:1, off:0\n[point volume]\ncmd = VOL\n"

/* ---- Bytes in any pieces --------------------------------------------------------------------------------------- */

static void a_reply_may_be_split_at_every_byte(void **state)
{
    (void)state;
    static const char reply[] = "IMEVENT=0001 02 0 0\r:PWR=01\r:";
    for (size_t at = 1; at < sizeof reply - 1; at++) {
        const struct lec_turn turns[] = {
            {.host = "\r"},         {.device = ":"},    {.host = "PWR?\r"},     {.device = reply, .device_n = at},
            {.device = reply + at}, {.host = "SNO?\r"}, {.device = "SNO=X\r:"}, {0}};
        begin("epson/eb-x49", turns);
        poll_gives("power", "on");
        poll_gives("serial", "X"); /* nothing is left over that could shift the pairing */
        as_written();
        lec_bench_end(&b);
    }
}

static void a_binary_reply_may_be_split_at_every_byte(void **state)
{
    (void)state;
    static const char reply[] = "\xAA\xFF\x01\x09\x41\x00\x01\x1E\x00\x21\x10\x00\x00\x9A";
    for (size_t at = 1; at < sizeof reply - 1; at++) {
        const struct lec_turn turns[] = {HOST("\xAA\x00\x01\x00\x01"),
                                         {.device = reply, .device_n = at},
                                         {.device = reply + at, .device_n = sizeof reply - 1 - at},
                                         {0}};
        begin("samsung/qm", turns);
        poll_gives("input", "hdmi1");
        as_written();
        lec_bench_end(&b);
    }
}

static void noise_of_every_kind_before_a_reply_is_passed_over(void **state)
{
    (void)state;
    static char endless[3000];
    memset(endless, 'x', sizeof endless - 1);
    static const struct lec_turn turns[] = {{.host = "PWR?\r"},
                                            DEVICE("\0\0\0\r\xFF\xFE garbage\rPWR=\rPWR=7x\r"),
                                            {.device = "PWR=1\r"},
                                            {.host = "VOL?\r"},
                                            {.device = endless},
                                            {.device = "\rVOL=30\r"},
                                            {0}};
    begin_text(NAMED(CALM), turns);
    /* "PWR=" is a reply, to a value that does not exist; it is told, and the next poll finds the rest */
    assert_int_equal(lec_bench_poll(&b, "power"), 0);
    assert_non_null(strstr(lec_bench_point(&b, "power"), "which its profile does not know"));
    poll_gives("volume", "30");
    as_written();
}

static void a_code_that_the_profile_does_not_know_is_told_for_what_it_is(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.host = "PWR?\r"}, {.device = "PWR=12\r"}, {.host = "VOL?\r"}, {.device = "VOL=abc\r"}, {0}};
    begin_text(NAMED(CALM), turns);
    assert_int_equal(lec_bench_poll(&b, "power"), 0);
    assert_string_equal(lec_bench_point(&b, "power"), "bad: the device says \"12\", which its profile does not know");
    lec_bench_close(&b);
}

/* Found by the simulator's fault "nul": 30 became 3. */
static void a_nul_does_not_cut_a_number_in_two(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "VOL?\r"},
                                            DEVICE("\0VOL=3\0"
                                                   "0\r"),
                                            {0}};
    begin_text(NAMED(CALM), turns);
    poll_gives("volume", "30");
    as_written();
}

/* ---- Silence --------------------------------------------------------------------------------------------------- */

static void silence_is_a_time_out_and_a_stray_reply_a_bad_frame(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "PWR?\r"}, {.host = "PWR?\r"}, {.device = "VOL=3\r"},
                                            {.host = "PWR?\r"}, {.device = "PWR="}, {0}};
    begin_text(NAMED(HASTY), turns);
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_TIMEOUT);
    assert_string_equal(b.err.text, "power: no reply in 200ms");
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_FRAME);
    assert_string_equal(b.err.text, "power: unexpected reply \"VOL=3\"");
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_TIMEOUT);
    assert_string_equal(b.err.text, "power: the reply stopped after 4 bytes");
    as_written();
}

static void one_silent_point_does_not_silence_the_others(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "PWR?\r"},  {.device = "PWR=1\r"},  {.host = "VOL?\r"},
                                            {.host = "LAMP?\r"}, {.device = "LAMP=5\r"}, {0}};
    begin_text(NAMED(HASTY), turns);
    assert_int_equal(lec_bench_poll(&b, "power volume lamp.hours"), LEC_E_TIMEOUT);
    assert_string_equal(lec_bench_point(&b, "power"), "on");
    assert_string_equal(lec_bench_point(&b, "volume"), "");
    assert_string_equal(lec_bench_point(&b, "lamp.hours"), "5");
    as_written();
}

static void what_is_said_of_one_question_holds_for_all_its_points(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r"},
                                            {.device = ":"},
                                            {.host = "ERR?\r"},
                                            {.device = "ERR\r:"},
                                            {.host = "PWR?\r"},
                                            {.device = "PWR=01\r:"},
                                            {0}};
    begin("epson/eb-x49", turns);
    assert_int_equal(lec_bench_poll(&b, "error.fan error.lamp power"), 0);
    assert_non_null(strstr(lec_bench_point(&b, "error.fan"), "bad: the device refuses"));
    assert_non_null(strstr(lec_bench_point(&b, "error.lamp"), "bad: the device refuses"));
    assert_string_equal(lec_bench_point(&b, "power"), "on");
    as_written();
}

static void a_point_that_is_not_in_the_answer_is_bad_at_once(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "S?\r"}, {.device = "S=1\r"}, {0}};
    begin_text(DEVICE_LINES(CALM) "[driver]\nsend = {body}\\r\nends = \\r\n"
                                  "[point lamp.hours]\nread = S?\nreply = S={value dec}{*}\n"
                                  "[point usage.hours]\nread = S?\nreply = S={_},{value}\n",
               turns);
    assert_int_equal(lec_bench_poll(&b, "lamp.hours usage.hours"), 0);
    assert_string_equal(lec_bench_point(&b, "lamp.hours"), "1");
    assert_string_equal(lec_bench_point(&b, "usage.hours"), "bad: the device's answer does not have it");
    as_written();
}

static void a_late_prompt_is_waited_out_before_the_next_request(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r"},     {.device = ":"},         {.host = "PWR?\r"},
                                            {.host = "\r"},     {.device = "PWR=00\r:"}, {.device = ":"},
                                            {.host = "SNO?\r"}, {.device = "SNO=X\r:"},  {0}};
    begin_with(&(struct lec_bench_setup){.profile = "epson/eb-x49", .device = "timeout = 200ms\n" NO_GAP}, turns);
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_TIMEOUT);
    poll_gives("serial", "X");
    as_written();
}

static void a_late_anonymous_reply_is_never_taken_for_another(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.accept = true},
                                            {.device = "HELLO\r"},
                                            {.host = "PWR?\r"}, /* no answer: it would come as the answer to the next */
                                            {.pause_ms = 20000}, /* ends when the host hangs up */
                                            {.accept = true},
                                            {.device = "HELLO\r"},
                                            {.host = "VOL?\r"},
                                            {.device = "30\r"},
                                            {0}};
    begin_text(ANONYMOUS("1s"), turns); /* for the login that follows, too */
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_TIMEOUT);
    poll_gives("volume", "30");
    as_written();
}

static void on_a_serial_line_a_late_anonymous_reply_is_waited_out(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.device = "HELLO\r"},
                                            {.host = "PWR?\r"},
                                            {.pause_ms = 260},
                                            {.device = "1\r"},
                                            {.host = "VOL?\r"},
                                            {.device = "30\r"},
                                            {0}};
    begin_with(&(struct lec_bench_setup){.profile_text = ANONYMOUS(HASTY), .line = "pty:///dev/pts/99"}, turns);
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_TIMEOUT);
    poll_gives("volume", "30");
    as_written();
}

static void half_a_reply_and_a_hang_up_is_a_lost_line(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "PWR?\r"}, {.device = "PWR="}, {.close = true}, {0}};
    begin_text(NAMED(CALM), turns);
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_LINK);
    as_written();
}

static void a_wrong_checksum_alone_is_a_garbled_reply(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HOST("\xAA\x00\x01\x00\x01"), DEVICE("\xAA\xFF\x01\x09\x41\x00\x01\x1E\x00\x21\x10\x00\x00\x9B"), {0}};
    begin_with(&(struct lec_bench_setup){.profile = "samsung/qm", .device = "timeout = 200ms\n"}, turns);
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_FRAME);
    assert_string_equal(b.err.text, "power: the reply was garbled (wrong checksum or length)");
    as_written();
}

/* ---- Talk that nobody asked for -------------------------------------------------------------------------------- */

static void a_flood_of_news_is_taken_without_waiting(void **state)
{
    (void)state;
    static char flood[20000];
    for (size_t i = 0; i + 8 < sizeof flood; i += 7)
        memcpy(flood + i, "#vol=1\n", 7);
    static const struct lec_turn turns[] = {{.host = "\r"},
                                            {.device = ">"},
                                            {.device = flood},
                                            {.host = "get powerstate\r"},
                                            {.device = "#x\r\npowerstate=on\r\n>"},
                                            {0}};
    begin("smart/mx", turns);
    lec_bench_wait(&b);
    assert_int_equal(lec_bench_input(&b), 0);
    assert_true(lec_bench_soon(&b, "volume"));
    poll_gives("power", "on");
    as_written();
}

/* ---- What is not sent ------------------------------------------------------------------------------------------ */

static void text_that_could_end_a_message_is_not_sent(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "NAME=Lop 7A\r"}, {.device = "OK\r"}, {0}};
    static const char *const wicked[] = {"a\rPWR=0",
                                         "a\"b",
                                         "a#b",
                                         "a*b",
                                         "a\x1B"
                                         "b",
                                         "a>b",
                                         "a;b",
                                         "a\\b"};
    begin_text(NAMED(CALM), turns);
    for (size_t i = 0; i < ARRAY_LEN(wicked); i++)
        write_gives("name", wicked[i], LEC_E_RANGE);
    write_gives("name", "Lop 7A", 0);
    as_written();
}

static void a_value_too_large_for_its_place_is_not_sent(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{0}};
    begin_text(DEVICE_LINES(CALM) "[driver]\nsend = {body}\\r\nends = \\r\nok = OK\n"
                                  "[point volume]\naccess = write\nwrite = V{value dec2}\n",
               turns);
    write_gives("volume", "100", LEC_E_RANGE);
    as_written();
}

/* ---- The rest -------------------------------------------------------------------------------------------------- */

static void a_name_in_latin_1_becomes_readable(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "NAME?\r"},
                                            {.device = "NAME=Caf\xE9 \r"},
                                            {.host = "NAME?\r"},
                                            {.device = "NAME=Ph\xC3\xB2ng\r"},
                                            {0}};
    begin_text(NAMED(CALM), turns);
    poll_gives("name", "Caf\xC3\xA9");
    poll_gives("name", "Ph\xC3\xB2ng");
    as_written();
}

static void an_action_may_be_two_commands(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\x81\x01\x06\x01\x01\x01\x03\x03\xFF"),
                                            DEVICE("\x90\x41\xFF\x90\x51\xFF"),
                                            HOST("\x81\x01\x04\x07\x00\xFF"),
                                            DEVICE("\x90\x42\xFF\x90\x52\xFF"),
                                            {0}};
    begin("sony/srg-x", turns);
    invoke_gives("stop", NULL, 0);
    as_written();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_reply_may_be_split_at_every_byte, teardown),
        cmocka_unit_test_teardown(a_binary_reply_may_be_split_at_every_byte, teardown),
        cmocka_unit_test_teardown(noise_of_every_kind_before_a_reply_is_passed_over, teardown),
        cmocka_unit_test_teardown(a_code_that_the_profile_does_not_know_is_told_for_what_it_is, teardown),
        cmocka_unit_test_teardown(a_nul_does_not_cut_a_number_in_two, teardown),
        cmocka_unit_test_teardown(silence_is_a_time_out_and_a_stray_reply_a_bad_frame, teardown),
        cmocka_unit_test_teardown(one_silent_point_does_not_silence_the_others, teardown),
        cmocka_unit_test_teardown(what_is_said_of_one_question_holds_for_all_its_points, teardown),
        cmocka_unit_test_teardown(a_point_that_is_not_in_the_answer_is_bad_at_once, teardown),
        cmocka_unit_test_teardown(a_late_prompt_is_waited_out_before_the_next_request, teardown),
        cmocka_unit_test_teardown(a_late_anonymous_reply_is_never_taken_for_another, teardown),
        cmocka_unit_test_teardown(on_a_serial_line_a_late_anonymous_reply_is_waited_out, teardown),
        cmocka_unit_test_teardown(half_a_reply_and_a_hang_up_is_a_lost_line, teardown),
        cmocka_unit_test_teardown(a_wrong_checksum_alone_is_a_garbled_reply, teardown),
        cmocka_unit_test_teardown(a_flood_of_news_is_taken_without_waiting, teardown),
        cmocka_unit_test_teardown(text_that_could_end_a_message_is_not_sent, teardown),
        cmocka_unit_test_teardown(a_value_too_large_for_its_place_is_not_sent, teardown),
        cmocka_unit_test_teardown(a_name_in_latin_1_becomes_readable, teardown),
        cmocka_unit_test_teardown(an_action_may_be_two_commands, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
