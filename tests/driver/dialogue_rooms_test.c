/* The shipped dialogue profiles that room phong-201 uses, each in conversation as its fact sheet shows it. */
#include "driver/dialogue_test.h"

/* ---- Epson ESC/VP21 ------------------------------------------------------------------------------------------ */

static void epson_is_asked_after_its_colon(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r"},
                                            {.device = ":"},
                                            {.host = "PWR?\r"},
                                            {.device = "PWR=01\r:"},
                                            {.host = "SOURCE?\r"},
                                            {.device = "SOURCE=A0\r"},
                                            {.device = ":"},
                                            {.host = "LAMP?\r"},
                                            {.device = "LAMP=1234\r:"},
                                            {0}};
    begin("epson/eb-x49", turns);
    poll_gives("power", "on");
    poll_gives("input", "hdmi2");
    poll_gives("lamp.hours", "1234");
    as_written();
}

static void epson_takes_a_command_with_its_colon_alone(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r"},
                                            {.device = ":"},
                                            {.host = "PWR ON\r"},
                                            {.device = ":"},
                                            {.host = "SOURCE 30\r"},
                                            {.device = ":"},
                                            {.host = "MUTE ON\r"},
                                            {.device = ":"},
                                            {.host = "VOL 128\r"},
                                            {.device = ":"},
                                            {0}};
    begin("epson/eb-x49", turns);
    write_gives("power", "on", 0);
    write_gives("input", "hdmi1", 0);
    write_gives("picture_mute", "true", 0);
    write_gives("volume", "50", 0);
    as_written();
}

static void epson_says_err_and_means_later_while_it_warms_up(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r"},          {.device = ":"},      {.host = "SOURCE 30\r"},
                                            {.device = "ERR\r:"},    {.host = "PWR?\r"},   {.device = "PWR=02\r:"},
                                            {.host = "SOURCE 30\r"}, {.device = "ERR\r:"}, {0}};
    begin("epson/eb-x49", turns);
    write_gives("input", "hdmi1", LEC_E_REFUSED);
    poll_gives("power", "warming");
    write_gives("input", "hdmi1", LEC_E_BUSY);
    as_written();
}

static void epson_tells_one_error_code_to_five_points_in_one_exchange(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.host = "\r"}, {.device = ":"}, {.host = "ERR?\r"}, {.device = "ERR=04\r:"}, {0}};
    begin("epson/eb-x49", turns);
    assert_int_equal(lec_bench_poll(&b, "error.fan error.lamp error.temperature error.cover error.other"), 0);
    assert_string_equal(lec_bench_point(&b, "error.fan"), "ok");
    assert_string_equal(lec_bench_point(&b, "error.lamp"), "ok");
    assert_string_equal(lec_bench_point(&b, "error.temperature"), "error");
    assert_string_equal(lec_bench_point(&b, "error.cover"), "ok");
    assert_string_equal(lec_bench_point(&b, "error.other"), "ok");
    as_written();
}

static void an_event_of_epson_brings_its_own_colon(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r"},
                                            {.device = ":"},
                                            {.host = "PWR OFF\r"},
                                            {.device = "IMEVENT=0001 04 00000000 00000000 T1 F1\r:"},
                                            {.device = ":"},
                                            {.host = "PWR?\r"},
                                            {.device = "IMEVENT=0001 01 0 0\r:PWR=04\r:"},
                                            {0}};
    begin("epson/eb-x49", turns);
    write_gives("power", "off", 0);
    assert_true(lec_bench_soon(&b, "power"));
    poll_gives("power", "off");
    as_written();
}

/* ---- Samsung MDC --------------------------------------------------------------------------------------------- */

static void samsung_tells_four_points_in_one_status(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HOST("\xAA\x00\x01\x00\x01"), DEVICE("\xAA\xFF\x01\x09\x41\x00\x01\x1E\x00\x21\x10\x00\x00\x9A"), {0}};
    begin("samsung/qm", turns);
    assert_int_equal(lec_bench_poll(&b, "power volume audio_mute input"), 0);
    assert_string_equal(lec_bench_point(&b, "power"), "on");
    assert_string_equal(lec_bench_point(&b, "volume"), "30");
    assert_string_equal(lec_bench_point(&b, "audio_mute"), "false");
    assert_string_equal(lec_bench_point(&b, "input"), "hdmi1");
    as_written();
}

static void samsung_takes_commands_and_refuses_them(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\xAA\x11\x01\x01\x01\x14"),
                                            DEVICE("\xAA\xFF\x01\x03\x41\x11\x01\x56"),
                                            HOST("\xAA\x12\x01\x01\x1E\x32"),
                                            DEVICE("\xAA\xFF\x01\x03\x41\x12\x1E\x74"),
                                            HOST("\xAA\x13\x01\x01\x01\x16"),
                                            DEVICE("\xAA\xFF\x01\x03\x41\x13\x01\x58"),
                                            HOST("\xAA\x14\x01\x01\x21\x37"),
                                            DEVICE("\xAA\xFF\x01\x03\x41\x14\x21\x79"),
                                            HOST("\xAA\x11\x01\x01\x00\x13"),
                                            DEVICE("\xAA\xFF\x01\x03\x4E\x11\xFF\x61"),
                                            {0}};
    begin("samsung/qm", turns);
    write_gives("power", "on", 0);
    write_gives("volume", "30", 0);
    write_gives("audio_mute", "true", 0);
    write_gives("input", "hdmi1", 0);
    write_gives("power", "off", LEC_E_REFUSED);
    assert_non_null(strstr(b.err.text, "4E 11 FF"));
    as_written();
}

static void samsung_is_not_believed_with_a_wrong_checksum(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HOST("\xAA\x00\x01\x00\x01"),
        /* the same frame with another sum, half a frame, and the right one */
        DEVICE("\xAA\xFF\x01\x09\x41\x00\x00\x1E\x00\x21\x10\x00\x00\x9A\xAA\xFF\x01\x09\x41"
               "\xAA\xFF\x01\x09\x41\x00\x01\x1E\x00\x21\x10\x00\x00\x9A"),
        {0}};
    begin("samsung/qm", turns);
    poll_gives("power", "on");
    as_written();
}

static void another_panel_on_the_same_line_is_not_taken_for_this_one(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\xAA\x00\x03\x00\x03"),
                                            DEVICE("\xAA\xFF\x01\x09\x41\x00\x01\x1E\x00\x21\x10\x00\x00\x9A"),
                                            DEVICE("\xAA\xFF\x03\x09\x41\x00\x00\x1E\x00\x21\x10\x00\x00\x9B"),
                                            {0}};
    begin_with(&(struct lec_bench_setup){.profile = "samsung/qm", .device = "id = 3"}, turns);
    poll_gives("power", "off");
    as_written();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(epson_is_asked_after_its_colon, teardown),
        cmocka_unit_test_teardown(epson_takes_a_command_with_its_colon_alone, teardown),
        cmocka_unit_test_teardown(epson_says_err_and_means_later_while_it_warms_up, teardown),
        cmocka_unit_test_teardown(epson_tells_one_error_code_to_five_points_in_one_exchange, teardown),
        cmocka_unit_test_teardown(an_event_of_epson_brings_its_own_colon, teardown),
        cmocka_unit_test_teardown(samsung_tells_four_points_in_one_status, teardown),
        cmocka_unit_test_teardown(samsung_takes_commands_and_refuses_them, teardown),
        cmocka_unit_test_teardown(samsung_is_not_believed_with_a_wrong_checksum, teardown),
        cmocka_unit_test_teardown(another_panel_on_the_same_line_is_not_taken_for_this_one, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
