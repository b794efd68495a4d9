/* Models of the dialogue driver with fixed lengths, checksums of their own, and logins. */
#include "driver/dialogue_test.h"

/* ---- Fixed lengths, other checksums ---------------------------------------------------------------------------- */

static void sony_is_told_twice_with_an_or_for_a_checksum(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\xA9\x17\x2E\x00\x00\x00\x3F\x9A"),
                                            DEVICE("\xA9\x00\x00\x03\x00\x00\x03\x9A"),
                                            HOST("\xA9\x17\x2E\x00\x00\x00\x3F\x9A"),
                                            DEVICE("\xA9\x00\x00\x03\x00\x00\x03\x9A"),
                                            HOST("\xA9\x01\x02\x01\x00\x00\x03\x9A"),
                                            DEVICE("\xA9\x01\x02\x02\x00\x03\x03\x9A"),
                                            HOST("\xA9\x00\x01\x00\x00\x02\x03\x9A"),
                                            DEVICE("\xA9\x00\x01\x03\x01\x01\x03\x9A"),
                                            {0}};
    begin_with(&(struct lec_bench_setup){.profile = "sony/vpl-serial", .line = "pty:///dev/pts/99"}, turns);
    assert_int_equal(b.device->line->parity, 'E');
    write_gives("power", "on", 0);
    poll_gives("power", "on");
    write_gives("input", "a", LEC_E_REFUSED);
    assert_string_equal(b.err.text, "the device refuses: unknown item");
    as_written();
}

static void hitachi_puts_a_crc_in_the_middle_and_may_be_busy(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\xBE\xEF\x03\x06\x00\x19\xD3\x02\x00\x00\x60\x00\x00"),
                                            DEVICE("\x1D\x01\x00"),
                                            HOST("\xBE\xEF\x03\x06\x00\xBA\xD2\x01\x00\x00\x60\x01\x00"),
                                            DEVICE("\x1F\x00\x00"),
                                            HOST("\xBE\xEF\x03\x06\x00\xBA\xD2\x01\x00\x00\x60\x01\x00"),
                                            DEVICE("\x06"),
                                            HOST("\xBE\xEF\x03\x06\x00\x0E\xD2\x01\x00\x00\x20\x03\x00"),
                                            DEVICE("\x15"),
                                            HOST("\xBE\xEF\x03\x06\x00\xC2\xFF\x02\x00\x90\x10\x00\x00"),
                                            DEVICE("\x1D\xD2"),
                                            DEVICE("\x04"),
                                            HOST("\xBE\xEF\x03\x06\x00\xD9\xD8\x02\x00\x20\x60\x00\x00"),
                                            DEVICE("\x1D\x00\x00"),
                                            HOST("\xBE\xEF\x03\x06\x00\x6E\xF1\x01\x00\xA0\x20\x01\x00"),
                                            DEVICE("\x1C\x01\x00"),
                                            {0}};
    begin("hitachi/cp", turns);
    poll_gives("power", "on");
    write_gives("power", "on", 0);
    write_gives("input", "hdmi1", LEC_E_REFUSED);
    poll_gives("lamp.hours", "1234");
    poll_gives("error.other", "ok");
    write_gives("picture_mute", "true", LEC_E_REFUSED);
    as_written();
}

static void hitachi_wants_a_digest_before_the_first_command_only(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.device = "a572f60c"},
        HOST("e3d97429adffa11bce1f7275813d4bde\xBE\xEF\x03\x06\x00\x19\xD3\x02\x00\x00\x60\x00\x00"),
        DEVICE("\x1D\x00\x00"),
        HOST("\xBE\xEF\x03\x06\x00\x19\xD3\x02\x00\x00\x60\x00\x00"),
        DEVICE("\x1F\x04\x00"),
        {0}};
    begin_with(&(struct lec_bench_setup){.profile = "hitachi/cp", .secrets = "password = password"}, turns);
    poll_gives("power", "off");
    assert_int_equal(lec_bench_poll(&b, "power"), LEC_E_CONFIG);
    as_written();
}

static void promethean_is_only_told(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HOST("\xF6\x01\x01\x01\xF9\x6F"), HOST("\xF6\x0C\x01\x32\x35\x6F"), HOST("\xF6\x30\x01\x09\x30\x6F"), {0}};
    begin("promethean/activpanel", turns);
    write_gives("power", "on", 0);
    write_gives("volume", "50", 0);
    write_gives("input", "hdmi1", 0);
    as_written();
}

static void kmtronic_is_told_and_then_asked(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\xFF\x02\x01"), HOST("\xFF\x02\x03"), DEVICE("\xFF\x02\x01"), {0}};
    begin("kmtronic/relay", turns);
    write_gives("relay.b", "true", 0);
    poll_gives("relay.b", "true");
    as_written();
}

static void newline_is_read_before_its_mute_is_changed_over(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HOST("\x7F\x08\x99\xA2\xB3\xC4\x02\xFF\x01\x82\xCF"),
        DEVICE("\x7F\x09\x99\xA2\xB3\xC4\x02\xFF\x01\x82\x01\xCF"), /* muted already: nothing is sent */
        HOST("\x7F\x08\x99\xA2\xB3\xC4\x02\xFF\x01\x82\xCF"),
        DEVICE("\x7F\x09\x99\xA2\xB3\xC4\x02\xFF\x01\x82\x01\xCF"),
        HOST("\x7F\x08\x99\xA2\xB3\xC4\x02\xFF\x01\x02\xCF"),
        DEVICE("\x7F\x09\x99\xA2\xB3\xC4\x02\xFF\x01\x02\x01\xCF"),
        HOST("\x7F\x08\x99\xA2\xB3\xC4\x02\xFF\x05\x1E\xCF"),
        DEVICE("\x7F\x09\x99\xA2\xB3\xC4\x02\xFF\x05\x1E\x01\xCF"),
        {0}};
    begin("newline/trutouch", turns);
    write_gives("audio_mute", "true", 0);
    write_gives("audio_mute", "false", 0);
    write_gives("volume", "30", 0);
    as_written();
}

/* ---- Logins ---------------------------------------------------------------------------------------------------- */

static void panasonic_takes_one_command_a_connection_with_a_new_digest(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.accept = true},
                                            {.device = "NTCONTROL 1 1a2b3c4d\r"},
                                            {.host = "31414862293de76966f47eefb8f365f300QPW\r"},
                                            {.device = "00001\r"},
                                            {.close = true},
                                            {.accept = true},
                                            {.device = "NTCONTROL 0\r"},
                                            {.host = "00PON\r"},
                                            {.device = "00PON\r"},
                                            {.close = true},
                                            {.accept = true},
                                            {.device = "NTCONTROL 0\r"},
                                            {.host = "00IIS:HD1\r"},
                                            {.device = "ERR3\r"},
                                            {.close = true},
                                            {0}};
    begin_with(
        &(struct lec_bench_setup){.profile = "panasonic/pt-vmz", .device = NO_GAP, .secrets = "password = panasonic"},
        turns);
    poll_gives("power", "on");
    write_gives("power", "on", 0);
    write_gives("input", "hdmi1", LEC_E_BUSY);
    as_written();
}

static void a_missing_password_is_asked_for(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.device = "NTCONTROL 1 1a2b3c4d\r"}, {0}};
    lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile = "panasonic/pt-vmz"});
    lec_bench_play(&b, turns);
    assert_int_equal(lec_bench_open(&b), LEC_E_CONFIG);
    assert_string_equal(b.err.text, "the device asks for a password; write it into the secrets file");
}

static void sony_adcp_is_answered_with_sha256_if_it_asks(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.device = "4f8e13aa\r\n"},
        /* sha256("4f8e13aa" "Projector") */
        {.host = "7faf66ead9d1b32d6a0ba2e79964a00e49f6df31a418fc7e3f29aa62b807586f\r\n"},
        {.device = "ok\r\n"},
        {.host = "power_status ?\r\n"},
        {.device = "\"startup\"\r\n"},
        {.host = "input \"hdmi1\"\r\n"},
        {.device = "err_inactive\r\n"},
        {.host = "error ?\r\n"},
        {.device = "[\"err_fan\"]\r\n"},
        {0}};
    begin_with(&(struct lec_bench_setup){.profile = "sony/vpl-adcp", .secrets = "password = Projector"}, turns);
    poll_gives("power", "warming");
    write_gives("input", "hdmi1", LEC_E_BUSY);
    poll_gives("error.other", "error");
    as_written();
}

static void sony_adcp_without_a_key_needs_no_password(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.device = "NOKEY\r\n"}, {.host = "power \"on\"\r\n"}, {.device = "ok\r\n"}, {0}};
    begin("sony/vpl-adcp", turns);
    write_gives("power", "on", 0);
    as_written();
}

static void escvpnet_shakes_hands_in_bytes_and_goes_on_in_text(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\x45\x53\x43\x2F\x56\x50\x2E\x6E\x65\x74\x10\x03\x00\x00\x00\x00"),
                                            DEVICE("\x45\x53\x43\x2F\x56\x50\x2E\x6E\x65\x74\x10\x03\x00\x00\x20\x00"),
                                            {.host = "PWR?\r"},
                                            {.device = "PWR=04\r:"},
                                            {0}};
    begin("epson/eb-escvpnet", turns);
    poll_gives("power", "off");
    as_written();
}

static void escvpnet_sends_its_password_padded(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HOST("ESC/VP.net\x10\x03\x00\x00\x00\x01\x01\x01geheim\0\0\0\0\0\0\0\0\0\0"),
        DEVICE("ESC/VP.net\x10\x03\x00\x00\x43\x00"),
        {0}};
    lec_bench_begin(&b, &lec_driver_entry,
                    &(struct lec_bench_setup){.profile = "epson/eb-escvpnet", .secrets = "password = geheim"});
    lec_bench_play(&b, turns);
    assert_int_equal(lec_bench_open(&b), LEC_E_CONFIG);
    as_written();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sony_is_told_twice_with_an_or_for_a_checksum, teardown),
        cmocka_unit_test_teardown(hitachi_puts_a_crc_in_the_middle_and_may_be_busy, teardown),
        cmocka_unit_test_teardown(hitachi_wants_a_digest_before_the_first_command_only, teardown),
        cmocka_unit_test_teardown(promethean_is_only_told, teardown),
        cmocka_unit_test_teardown(kmtronic_is_told_and_then_asked, teardown),
        cmocka_unit_test_teardown(newline_is_read_before_its_mute_is_changed_over, teardown),
        cmocka_unit_test_teardown(panasonic_takes_one_command_a_connection_with_a_new_digest, teardown),
        cmocka_unit_test_teardown(a_missing_password_is_asked_for, teardown),
        cmocka_unit_test_teardown(sony_adcp_is_answered_with_sha256_if_it_asks, teardown),
        cmocka_unit_test_teardown(sony_adcp_without_a_key_needs_no_password, teardown),
        cmocka_unit_test_teardown(escvpnet_shakes_hands_in_bytes_and_goes_on_in_text, teardown),
        cmocka_unit_test_teardown(escvpnet_sends_its_password_padded, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
