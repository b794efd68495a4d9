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

/* ---- SMART ---------------------------------------------------------------------------------------------------- */

static void smart_prints_while_it_starts_and_then_answers(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r"},
                                            {.device = "U-Boot 2014.04\r\nStarting kernel ...\r\n\r\n>"},
                                            {.host = "get powerstate\r"},
                                            {.device = "get powerstate\r\npowerstate=ready\r\n>"},
                                            {.host = "get input\r"},
                                            {.device = "input=HDMI1\r\n>"},
                                            {0}};
    begin("smart/mx", turns);
    poll_gives("power", "off");
    poll_gives("input", "hdmi1");
    as_written();
}

static void smart_repeats_what_was_set(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r"},
                                            {.device = ">"},
                                            {.host = "set powerstate=on\r"},
                                            {.device = "powerstate=on\r\n>"},
                                            {.host = "set volume=30\r"},
                                            {.device = "set volume=30\r\nvolume=30\r\n>"},
                                            {.host = "set mute=on\r"},
                                            {.device = "invalid cmd=set mute=on\r\n>"},
                                            {0}};
    begin("smart/mx", turns);
    write_gives("power", "on", 0);
    write_gives("volume", "30", 0);
    assert_true(lec_bench_soon(&b, "audio_mute"));
    write_gives("audio_mute", "true", LEC_E_REFUSED);
    as_written();
}

static void an_event_of_smart_does_not_shift_its_prompts(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r"},
                                            {.device = ">"},
                                            {.host = "get powerstate\r"},
                                            {.device = "#volume=12\r\n>powerstate=on\r\n>"},
                                            {.host = "get input\r"},
                                            {.device = "input=OPS\r\n>"},
                                            {0}};
    begin("smart/mx", turns);
    poll_gives("power", "on");
    assert_true(lec_bench_soon(&b, "volume"));
    poll_gives("input", "ops");
    as_written();
}

/* ---- Tesira ---------------------------------------------------------------------------------------------------- */

#define WELCOME                                                                                                        \
    DEVICE("\xFF\xFB\x01\xFF\xFB\x03\xFF\xFD\x1F"), HOST("\xFF\xFE\x01\xFF\xFE\x03\xFF\xFC\x1F"),                      \
        {.device = "\r\nWelcome to the Tesira Text Protocol Server...\r\n\r\n"},                                       \
        {.host = "SESSION set verbose false\n"},                                                                       \
    {                                                                                                                  \
        .device = "SESSION set verbose false\r\n+OK\r\n"                                                               \
    }

static void tesira_refuses_telnet_options_and_is_asked_by_block(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {WELCOME,
                                            {.host = "Level1 get level 1\n"},
                                            {.device = "Level1 get level 1\r\n+OK -10.000000\r\n"},
                                            {.host = "Mute1 get mute 1\n"},
                                            {.device = "Mute1 get mute 1\r\n+OK \"value\":true\r\n"},
                                            {.host = "Level1 set level 1 -12\n"},
                                            {.device = "Level1 set level 1 -12\r\n+OK\r\n"},
                                            {.host = "Mute1 set mute 1 false\n"},
                                            {.device = "+OK\r\n"},
                                            {.host = "DEVICE recallPreset 1001\n"},
                                            {.device = "DEVICE recallPreset 1001\r\n+OK\r\n"},
                                            {0}};
    begin("biamp/tesira", turns);
    poll_gives("level", "-10");
    poll_gives("audio_mute", "true");
    write_gives("level", "-12", 0);
    write_gives("audio_mute", "false", 0);
    invoke_gives("preset.recall", "1001", 0);
    as_written();
}

static void tesira_names_its_blocks_in_the_room(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        WELCOME,
        {.host = "HoiTruong get level 2\n"},
        {.device = "HoiTruong get level 2\r\n! \"publishToken\":\"tok\" \"value\":-10.0\r\n+OK 3.5\r\n"},
        {.host = "HoiTruong set level 2 5.25\n"},
        {.device = "HoiTruong set level 2 5.25\r\n-ERR address not found: {\"deviceId\":0 \"classCode\":0}\r\n"},
        {0}};
    begin_with(
        &(struct lec_bench_setup){.profile = "biamp/tesira", .device = "with level = HoiTruong\nwith channel = 2"},
        turns);
    poll_gives("level", "3.5");
    write_gives("level", "5.25", LEC_E_REFUSED);
    assert_non_null(strstr(b.err.text, "address not found"));
    as_written();
}

/* ---- VISCA ----------------------------------------------------------------------------------------------------- */

static void a_camera_answers_a_command_twice(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\x81\x01\x04\x00\x02\xFF"),
                                            DEVICE("\x90\x41\xFF"),
                                            DEVICE("\x90\x51\xFF"),
                                            HOST("\x81\x09\x04\x00\xFF"),
                                            DEVICE("\x90\x50\x02\xFF"),
                                            HOST("\x81\x01\x04\x47\x01\x02\x03\x04\xFF"),
                                            DEVICE("\x90\x42\xFF\x90\x52\xFF"),
                                            HOST("\x81\x09\x04\x47\xFF"),
                                            DEVICE("\x90\x50\x01\x02\x03\x04\xFF"),
                                            HOST("\x81\x01\x04\x3F\x02\x05\xFF"),
                                            DEVICE("\x90\x41\xFF"),
                                            DEVICE("\x90\x51\xFF"),
                                            {0}};
    begin("sony/srg-x", turns);
    write_gives("power", "on", 0);
    poll_gives("power", "on");
    write_gives("zoom", "4660", 0);
    poll_gives("zoom", "4660");
    invoke_gives("preset.recall", "5", 0);
    as_written();
}

static void a_camera_tells_both_angles_at_once(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HOST("\x81\x09\x06\x12\xFF"), DEVICE("\x90\x50\x0F\x0F\x0F\x0E\x00\x01\x00\x00\xFF"), {0}};
    begin("sony/srg-x", turns);
    assert_int_equal(lec_bench_poll(&b, "pan tilt"), 0);
    assert_string_equal(lec_bench_point(&b, "pan"), "-2");
    assert_string_equal(lec_bench_point(&b, "tilt"), "256");
    as_written();
}

static void a_camera_with_a_full_buffer_is_asked_again(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\x81\x01\x06\x04\xFF"),
                                            DEVICE("\x90\x60\x03\xFF"),
                                            HOST("\x81\x01\x06\x04\xFF"),
                                            DEVICE("\x80\x38\xFF\x90\x41\xFF\x90\x51\xFF"),
                                            HOST("\x81\x01\x06\x04\xFF"),
                                            DEVICE("\x90\x61\x41\xFF"),
                                            HOST("\x81\x01\x06\x04\xFF"),
                                            DEVICE("\x90\x60\x02\xFF"),
                                            {0}};
    begin("sony/srg-x", turns);
    invoke_gives("home", NULL, 0);
    invoke_gives("home", NULL, LEC_E_BUSY);
    invoke_gives("home", NULL, LEC_E_REFUSED);
    assert_non_null(strstr(b.err.text, "unknown command or value"));
    as_written();
}

/* ---- A relay board that answers nothing ------------------------------------------------------------------------ */

static void a_relay_board_is_only_told(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HOST("\xA0\x01\x01\xA2"), HOST("\xA0\x01\x00\xA1"), HOST("\xA0\x04\x01\xA5"), {0}};
    begin("lcus/lcus-4", turns);
    write_gives("relay.a", "true", 0);
    write_gives("relay.a", "false", 0);
    write_gives("relay.d", "true", 0);
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
        cmocka_unit_test_teardown(smart_prints_while_it_starts_and_then_answers, teardown),
        cmocka_unit_test_teardown(smart_repeats_what_was_set, teardown),
        cmocka_unit_test_teardown(an_event_of_smart_does_not_shift_its_prompts, teardown),
        cmocka_unit_test_teardown(tesira_refuses_telnet_options_and_is_asked_by_block, teardown),
        cmocka_unit_test_teardown(tesira_names_its_blocks_in_the_room, teardown),
        cmocka_unit_test_teardown(a_camera_answers_a_command_twice, teardown),
        cmocka_unit_test_teardown(a_camera_tells_both_angles_at_once, teardown),
        cmocka_unit_test_teardown(a_camera_with_a_full_buffer_is_asked_again, teardown),
        cmocka_unit_test_teardown(a_relay_board_is_only_told, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
