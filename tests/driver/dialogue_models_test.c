/* The other shipped dialogue profiles, with the frames of the fact sheet. Each shows a feature that a dialogue needs. */
#include "driver/dialogue_test.h"

#include <arpa/inet.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void every_shipped_dialogue_profile_is_right(void **state)
{
    (void)state;
    glob_t found;
    size_t n = 0;
    assert_int_equal(glob(LECTERN_SOURCE_DIR "/profiles/devices/*/*.ini", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char text[65536], mistakes[4096], name[128];
        FILE *f = fopen(found.gl_pathv[i], "re");
        assert_non_null(f);
        size_t len = fread(text, 1, sizeof text - 1, f);
        fclose(f);
        text[len] = '\0';
        if (!strstr(text, "\ndriver = dialogue\n"))
            continue;
        const char *at = found.gl_pathv[i] + strlen(LECTERN_SOURCE_DIR "/profiles/devices/");
        (void)snprintf(name, sizeof name, "%.*s", (int)(strlen(at) - strlen(".ini")), at);
        const struct lec_bench_setup setup = {.profile = name};
        if (*lec_bench_mistakes(&lec_driver_entry, &setup, mistakes, sizeof mistakes))
            fail_msg("%s: %s", name, mistakes);
        if (!strstr(text, "\nsource = ") || !strstr(text, "\ngrade = "))
            fail_msg("%s has no source or no grade", name);
        n++;
    }
    globfree(&found);
    assert_true(n >= 25);
}

/* ---- Text ------------------------------------------------------------------------------------------------------ */

static void benq_answers_with_or_without_echo_and_prompt(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r*pow=?#\r"},
                                            {.device = "*POW=ON#"},
                                            {.host = "\r*pow=?#\r"},
                                            DEVICE("\r\n>\0*pow=?#\r\n*POW=OFF#\r\n>\0"),
                                            {.host = "\r*pow=?#\r"},
                                            {.device = "*pow=?#*pow=?#\r\nPOW=ON\r\n"},
                                            {.host = "\r*ltim=?#\r"},
                                            {.device = "*LTIM= 1383\r"},
                                            {.host = "\r*sour=?#\r"},
                                            {.device = "*sour=?#\r*SOUR=HDMI2#\r"},
                                            {.host = "\r*modelname=?#\r"},
                                            {.device = "LU935\r"},
                                            {.host = "\r*sour=hdmi#\r"},
                                            {.device = "*sour=hdmi#\r*SOUR=HDMI#\r"},
                                            {.host = "\r*freeze=on#\r"},
                                            {.device = "*freeze=on#\r*Block item#\r"},
                                            {.host = "\r*blank=on#\r"},
                                            {.device = "Illegal format\r"},
                                            {0}};
    begin("benq/lu935", turns);
    poll_gives("power", "on");
    poll_gives("power", "off");
    poll_gives("power", "on");
    poll_gives("lamp.hours", "1383");
    poll_gives("input", "hdmi2");
    poll_gives("model", "LU935");
    write_gives("input", "hdmi1", 0);
    write_gives("freeze", "true", LEC_E_BUSY);
    write_gives("picture_mute", "true", LEC_E_REFUSED);
    as_written();
}

static void a_point_that_benq_lacks_is_asked_once(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "\r*ltim=?#\r"}, {.device = "*Unsupported item#"}, {0}};
    begin("benq/lu935", turns);
    assert_int_equal(lec_bench_poll(&b, "lamp.hours"), 0);
    assert_true(lec_bench_dropped(&b, "lamp.hours"));
    assert_int_equal(lec_bench_poll(&b, "lamp.hours"), 0);
    as_written();
}

static void optoma_reads_other_input_numbers_than_it_takes(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.host = "~00124 1\r"},        {.device = "OK1\r"},   {.host = "~00121 1\r"},
        {.device = "Ok7\r"},           {.host = "~0012 1\r"}, {.device = "P\r"},
        {.host = "~0012 15\r"},        {.device = "F\r"},     {.host = "~0081 5\r"},
        DEVICE("\xFF\xFB\x01P\0\r\n"), HOST("\xFF\xFE\x01"),  {0}};
    begin("optoma/zu506", turns);
    poll_gives("power", "on");
    poll_gives("input", "hdmi1");
    write_gives("input", "hdmi1", 0);
    write_gives("input", "hdmi2", LEC_E_REFUSED);
    write_gives("volume", "50", 0);
    as_written();
}

static void optoma_tells_its_state_and_faults_by_itself(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.device = "INFO1\rINFO4\rINFO99\r"}, {.host = "~00124 1\r"}, {.device = "INFO6\rOK0\r"}, {0}};
    begin("optoma/zu506", turns);
    lec_bench_wait(&b);
    assert_int_equal(lec_bench_input(&b), 0);
    assert_string_equal(lec_bench_point(&b, "power"), "warming");
    assert_string_equal(lec_bench_point(&b, "error.lamp"), "error");
    poll_gives("power", "off");
    assert_string_equal(lec_bench_point(&b, "error.fan"), "error");
    as_written();
}

static void lg_ends_with_an_x_and_may_begin_with_one(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.host = "ka 01 FF\r"},   {.device = "a 01 OK01x"}, {.host = "ka 01 01\r"},
        {.device = "a 01 OK01x"}, {.host = "ke 01 FF\r"},   {.device = "e 01 OK00x"},
        {.host = "ke 01 01\r"},   {.device = "e 01 OK01x"}, {.host = "kf 01 1E\r"},
        {.device = "f 01 NG1Ex"}, {.host = "dl 01 FF\r"},   {.device = "l 01 OK1A2Bx"},
        {.host = "dx 01 FF\r"},   {.device = "x 01 OK07x"}, {0}};
    begin_with(
        &(struct lec_bench_setup){
            .profile_text = "[device]\nclass = display\ndriver = dialogue\nsource = test\n[line]\ntimeout = 20s\n"
                            "[driver]\nsend = {body}\\r\nends = x\nshortest = 10\nread = {cmd} {id hex2} FF\n"
                            "reply = {letter} {id hex2} OK{value hex}\nwrite = {cmd} {id hex2} {value hex2}\n"
                            "ok = {letter} {id hex2} OK{*}\n[reply refused]\nmatch = {letter} {id hex2} NG{error}\n"
                            "[point power]\ncmd = ka\nwith letter = a\ncodes = on:01, off:00\n"
                            "[point audio_mute]\ncmd = ke\nwith letter = e\ncodes = on:00, off:01\n"
                            "[point volume]\ncmd = kf\nwith letter = f\n"
                            "[point usage.hours]\ncmd = dl\nwith letter = l\n"
                            "[point temperature]\ncmd = dx\nwith letter = x\n"},
        turns);
    poll_gives("power", "on");
    write_gives("power", "on", 0);
    poll_gives("audio_mute", "true");
    write_gives("audio_mute", "false", 0);
    write_gives("volume", "30", LEC_E_REFUSED);
    poll_gives("usage.hours", "6699");
    poll_gives("temperature", "7");
    as_written();
}

static void sharp_works_and_then_says_ok(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "admin\r"},
                                            {.host = "secret\r"},
                                            {.device = "\r\nPassword:OK\r\n"},
                                            {.host = "POWR   1\r"},
                                            {.device = "WAIT\r\n"},
                                            {.device = "OK\r\n"},
                                            {.host = "POWR????\r"},
                                            {.device = "1\r\n"},
                                            {.host = "INPS0010\r"},
                                            {.device = "OK\r\n"},
                                            {.host = "INPS????\r"},
                                            {.device = "  10\r\n"},
                                            {.host = "VOLM0015\r"},
                                            {.device = "ERR\r\n"},
                                            {.host = "MUTE????\r"},
                                            {.device = "LOCKED\r\n"},
                                            {0}};
    begin_with(&(struct lec_bench_setup){.profile = "sharp/pn",
                                         .device = NO_GAP "user = admin",
                                         .secrets = "password = secret"},
               turns);
    write_gives("power", "on", 0);
    poll_gives("power", "on");
    write_gives("input", "hdmi1", 0);
    poll_gives("input", "hdmi1");
    write_gives("volume", "48", LEC_E_REFUSED);
    assert_int_equal(lec_bench_poll(&b, "audio_mute"), 0);
    assert_non_null(strstr(lec_bench_point(&b, "audio_mute"), "LOCKED"));
    as_written();
}

static void a_wrong_password_is_a_mistake_of_the_configuration(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.host = "admin\r"}, {.host = "secret\r"}, {.device = "Password:Login incorrect\r\n"}, {0}};
    lec_bench_begin(&b, &lec_driver_entry,
                    &(struct lec_bench_setup){
                        .profile = "sharp/pn", .device = NO_GAP "user = admin", .secrets = "password = secret"});
    lec_bench_play(&b, turns);
    assert_int_equal(lec_bench_open(&b), LEC_E_CONFIG);
    assert_string_equal(b.err.text, "login, step password: the device does not accept the password");
}

static void extron_logs_in_and_repeats_the_front_panel(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.device = "(c) Copyright 2019, Extron Electronics, IN1608, V1.05\r\n"},
                                            {.device = "Password:"},
                                            {.host = "secret\r"},
                                            {.device = "\r\nLogin Administrator\r\n"},
                                            {.host = "\x1B"
                                                     "3CV\r"},
                                            {.device = "Vrb3\r\n"},
                                            {.host = "3!"},
                                            {.device = "In3 All\r\n"},
                                            {.host = "50V"},
                                            {.device = "Vol50\r\n"},
                                            {.host = "Q"},
                                            {.device = "Amt1\r\n1.23\r\n"},
                                            {.host = "9."},
                                            {.device = "E11\r\n"},
                                            {.host = "5."},
                                            {.device = "Rpr05\r\n"},
                                            {0}};
    begin_with(&(struct lec_bench_setup){.profile = "extron/in1608", .device = NO_GAP, .secrets = "password = secret"},
               turns);
    write_gives("input", "input3", 0);
    write_gives("volume", "50", 0);
    poll_gives("version", "1.23");
    assert_string_equal(lec_bench_point(&b, "audio_mute"), "true");
    invoke_gives("preset.recall", "9", LEC_E_REFUSED);
    assert_non_null(strstr(b.err.text, "no such preset"));
    invoke_gives("preset.recall", "5", 0);
    as_written();
}

static void shure_frames_have_no_line_end(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.host = "< GET 01 AUDIO_MUTE >"},
        {.device = "< REP 01 AUDIO_MUTE ON >"},
        {.host = "< GET 01 AUDIO_GAIN_HI_RES >"},
        {.device = "< SAMPLE 070 065 >< REP DEVICE_AUDIO_MUTE OFF >< REP 01 AUDIO_GAIN"},
        {.device = "_HI_RES 0975 >"},
        {.host = "< SET 01 AUDIO_GAIN_HI_RES 1100 >"},
        {.device = "< REP 01 AUDIO_GAIN_HI_RES 1100 >"},
        {.host = "< SET 01 AUDIO_MUTE OFF >"},
        {.device = "< REP ERR >"},
        {.host = "< SET PRESET 3 >"},
        {.device = "< REP PRESET 3 >"},
        {0}};
    begin("shure/mxa", turns);
    poll_gives("mic.mute", "true");
    poll_gives("mic.level", "-12.5");
    assert_string_equal(lec_bench_point(&b, "audio_mute"), "false");
    write_gives("mic.level", "0", 0);
    write_gives("mic.mute", "false", LEC_E_REFUSED);
    invoke_gives("preset.recall", "3", 0);
    as_written();
}

static void yamaha_tells_what_others_change(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "get MIXER:Current/InCh/Fader/On 0 0\n"},
                                            {.device = "NOTIFY set MIXER:Current/St/Fader/Level 0 0 -1000 \"-10.00\"\n"
                                                       "OK get MIXER:Current/InCh/Fader/On 0 0 1 \"ON\"\n"},
                                            {.host = "set MIXER:Current/InCh/Fader/On 0 0 0\n"},
                                            {.device = "OK set MIXER:Current/InCh/Fader/On 0 0 0 \"OFF\"\n"},
                                            {.host = "set MIXER:Current/St/Fader/Level 0 0 -1205\n"},
                                            {.device = "OKM set MIXER:Current/St/Fader/Level 0 0 -1200 \"-12.00\"\n"},
                                            {.host = "set MIXER:Current/St/Fader/Level 0 0 0\n"},
                                            {.device = "ERROR set UnknownAddress\n"},
                                            {0}};
    begin("yamaha/tf", turns);
    poll_gives("mic.mute", "false");
    assert_string_equal(lec_bench_point(&b, "level"), "-10");
    write_gives("mic.mute", "true", 0);
    write_gives("level", "-12.05", 0);
    write_gives("level", "0", LEC_E_REFUSED);
    as_written();
}

static void a_screen_answers_with_its_command_and_a_hundred(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "33, 17\r\n"},
                                            {.device = "133, 17\r\n"},
                                            {.host = "1, 17, 32\r\n"},
                                            {.device = "101, 17, 32, 1\r\n"},
                                            {.host = "36, 17\r\n"},
                                            {.device = "136, 17\r\n"},
                                            {.host = "1, 17, 32\r\n"},
                                            {.device = "101, 17, 32, 13\r\n"},
                                            {0}};
    begin("screentechnics/connect", turns);
    write_gives("position", "down", 0);
    poll_gives("position", "moving");
    invoke_gives("stop", NULL, 0);
    poll_gives("position", "unknown");
    assert_string_equal(lec_bench_point(&b, "error.other"), "error");
    as_written();
}

static void acer_answers_in_two_lines_or_one(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.host = "* 0 Lamp ?\r"}, {.device = "*000\rLamp 1\r"}, {.host = "* 0 Src ?\r"},   {.device = "*000\r"},
        {.device = "Src 8\r"},    {.host = "* 0 Lamp ?\r"},     {.device = "*000Lamp0\r"}, {.host = "* 0 IR 001\r"},
        {.device = "*001\r"},     {.host = "* 0 IR 001\r"},     {.device = "*000\r"},      {0}};
    begin("acer/p-series", turns);
    poll_gives("power", "on");
    poll_gives("input", "hdmi");
    poll_gives("power", "off");
    write_gives("power", "on", LEC_E_REFUSED);
    write_gives("power", "on", 0);
    as_written();
}

/* ---- Lengths in the message ------------------------------------------------------------------------------------ */

static void smart_gx_tells_in_words_and_then_says_yes(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "k01gi000\r"},       {.device = "Now Standby\r"},
                                            {.device = "k01y\r"},         {.host = "k01sA001\r"},
                                            {.device = "k01y\r"},         {.host = "k01gi000\r"},
                                            {.device = "Now ON\rk01y\r"}, {.host = "k01gh000\r"},
                                            {.device = "k01rh114\r"},     {.host = "k01sB024\r"},
                                            {.device = "k01n\r"},         {.host = "k01gg000\r"},
                                            {.device = "k01rg001\r"},     {0}};
    begin("smart/gx", turns);
    poll_gives("power", "off");
    write_gives("power", "on", 0);
    poll_gives("power", "on");
    poll_gives("input", "hdmi1");
    write_gives("input", "hdmi2", LEC_E_REFUSED);
    poll_gives("audio_mute", "true");
    as_written();
}

static void a_magic_packet_is_six_ff_and_sixteen_addresses(void **state)
{
    (void)state;
#define MAC  "\x00\x11\x22\x33\x44\x55"
#define FOUR MAC MAC MAC MAC
    static const struct lec_turn turns[] = {HOST("\xFF\xFF\xFF\xFF\xFF\xFF" FOUR FOUR FOUR FOUR),
                                            HOST("\xFF\xFF\xFF\xFF\xFF\xFF" FOUR FOUR FOUR FOUR),
                                            {0}};
    begin_with(&(struct lec_bench_setup){.profile = "generic/wake-on-lan",
                                         .line = "udp://127.255.255.255:9",
                                         .device = "with mac = 00 11 22 33 44 55"},
               turns);
    invoke_gives("wake", NULL, 0);
    as_written();
}

/* A line to a broadcast address, as Wake-on-LAN has it. */
static void a_udp_line_may_lead_to_everybody(void **state)
{
    (void)state;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t len = sizeof any;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    struct lec_line line = {
        .name = "udp", .kind = LEC_LINE_UDP, .host = "127.255.255.255", .port = ntohs(any.sin_port), .path = ""};
    struct lec_link *link;
    struct lec_err err;
    if (lec_link_open(&line, -1, lec_now() + 10 * LEC_SEC, &link, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(lec_link_send(link, "wake", 4, lec_now() + 10 * LEC_SEC, &err), 0);
    char got[8];
    assert_int_equal(recv(fd, got, sizeof got, 0), 4);
    lec_link_close(&link);
    close(fd);
}

static void viewboard_counts_its_own_digits(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.host = "801s!001\r"},   {.device = "401+\r"},   {.host = "801gl000\r"},
        {.device = "801rl001\r"}, {.host = "801gj000\r"}, {.device = "801rf030\r801rj114\r"},
        {.host = "801s\"00A\r"},  {.device = "401-\r"},   {.host = "801s5030\r"},
        {.device = "401"},        {.device = "+\r"},      {0}};
    begin("viewsonic/viewboard", turns);
    write_gives("power", "on", 0);
    poll_gives("power", "on");
    poll_gives("input", "hdmi2");
    assert_string_equal(lec_bench_point(&b, "volume"), "30"); /* told by itself */
    write_gives("input", "android", LEC_E_REFUSED);
    write_gives("volume", "30", 0);
    as_written();
}

static void multisync_is_read_by_length_not_by_its_end(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HOST("\x01\x30\x41\x30\x41\x30\x36\x02\x30\x31\x44\x36\x03\x74\x0D"),
        DEVICE(
            "\x01\x30\x30\x41\x42\x31\x32\x02\x30\x32\x30\x30\x44\x36\x30\x30\x30\x30\x30\x34\x30\x30\x30\x31\x03\x74\x0D"),
        HOST("\x01\x30\x41\x30\x41\x30\x43\x02\x43\x32\x30\x33\x44\x36\x30\x30\x30\x31\x03\x73\x0D"),
        DEVICE("\x01\x30\x30\x41\x42\x30\x45\x02\x30\x30\x43\x32\x30\x33\x44\x36\x30\x30\x30\x31\x03\x76\x0D"),
        HOST("\x01\x30\x41\x30\x43\x30\x36\x02\x30\x30\x36\x32\x03\x01\x0D"),
        DEVICE(
            "\x01\x30\x30\x41\x44\x31\x32\x02\x30\x30\x30\x30\x36\x32\x30\x30\x30\x30\x36\x34\x30\x30\x31\x45\x03\x75\x0D"),
        HOST("\x01\x30\x41\x30\x45\x30\x41\x02\x30\x30\x36\x32\x30\x30\x31\x45\x03\x04\x0D"),
        DEVICE(
            "\x01\x30\x30\x41\x46\x31\x32\x02\x30\x30\x30\x30\x36\x32\x30\x30\x30\x30\x36\x34\x30\x30\x31\x45\x03\x77\x0D"),
        HOST("\x01\x30\x41\x30\x45\x30\x41\x02\x30\x30\x36\x30\x30\x30\x31\x31\x03\x72\x0D"),
        /* "BE": busy; then it takes the command */
        DEVICE("\x01\x30\x30\x41\x42\x30\x34\x02\x42\x45\x03\x01\x0D"),
        HOST("\x01\x30\x41\x30\x45\x30\x41\x02\x30\x30\x36\x30\x30\x30\x31\x31\x03\x72\x0D"),
        DEVICE(
            "\x01\x30\x30\x41\x46\x31\x32\x02\x30\x30\x30\x30\x36\x30\x30\x30\x30\x30\x36\x34\x30\x30\x31\x31\x03\x01\x0D"),
        {0}};
    begin("nec/multisync", turns);
    poll_gives("power", "on");
    write_gives("power", "on", 0);
    poll_gives("volume", "30");
    write_gives("volume", "30", 0);
    write_gives("input", "hdmi1", 0);
    as_written();
}

static void nec_projector_adds_20_or_a0_to_the_command(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        HOST("\x02\x00\x00\x00\x00\x02"),
        DEVICE("\x22\x00\x01\x10\x00\x33"),
        HOST("\x02\x03\x00\x00\x02\x01\xA1\xA9"),
        DEVICE("\x22\x03\x01\x10\x01\xFF\x36"),
        HOST("\x02\x10\x00\x00\x00\x12"),
        DEVICE("\xA2\x10\x01\x10\x02\x02\x0D\xD4"),
        HOST("\x00\xBF\x00\x00\x01\x02\xC2"),
        DEVICE("\x20\xBF\x01\x10\x10\x02\x04\x01\x01\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0E"),
        HOST("\x00\x88\x00\x00\x00\x88"),
        DEVICE("\x20\x88\x01\x10\x0C\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xC7"),
        HOST("\x03\x96\x00\x00\x02\x00\x01\x9C"),
        DEVICE("\x23\x96\x01\x10\x06\x00\x01\x40\x19\x01\x00\x2B"),
        HOST("\x03\x10\x00\x00\x05\x05\x00\x00\x0A\x00\x27"),
        DEVICE("\x23\x10\x01\x10\x02\x00\x00\x46"),
        {0}};
    begin("nec/p525", turns);
    write_gives("power", "on", 0);
    write_gives("input", "hdmi1", LEC_E_REFUSED);
    write_gives("picture_mute", "true", LEC_E_REFUSED);
    assert_string_equal(b.err.text, "the device refuses: not possible while it is off");
    poll_gives("power", "on");
    assert_int_equal(lec_bench_poll(&b, "error.cover error.temperature error.lamp"), 0);
    assert_string_equal(lec_bench_point(&b, "error.temperature"), "error");
    assert_string_equal(lec_bench_point(&b, "error.cover"), "ok");
    poll_gives("lamp.hours", "20");
    write_gives("volume", "10", 0);
    as_written();
}

static void a_viewsonic_projector_sends_long_and_short_values(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\x06\x14\x00\x04\x00\x34\x11\x00\x00\x5D"),
                                            DEVICE("\x03\x14\x00\x00\x00\x14"),
                                            HOST("\x07\x14\x00\x05\x00\x34\x00\x00\x11\x00\x5E"),
                                            DEVICE("\x05\x14\x00\x03\x00\x00\x00\x01\x18"),
                                            HOST("\x06\x14\x00\x04\x00\x34\x13\x01\x03\x63"),
                                            DEVICE("\x00\x14\x00\x00\x00\x14"),
                                            HOST("\x07\x14\x00\x05\x00\x34\x00\x00\x15\x01\x63"),
                                            DEVICE("\x05\x14\x00\x06\x00\x00\x00\x28\x00\x00\x00\x42"),
                                            HOST("\x06\x14\x00\x04\x00\x34\x11\x01\x00\x5E"),
                                            DEVICE("\x03\x14\x00\x00\x00\x14"),
                                            {0}};
    begin("viewsonic/px701", turns);
    write_gives("power", "on", 0);
    poll_gives("power", "on");
    write_gives("input", "hdmi1", LEC_E_BUSY);
    poll_gives("lamp.hours", "40");
    write_gives("power", "off", 0);
    as_written();
}

static void philips_begins_with_its_length(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {HOST("\x06\x01\x00\x18\x02\x1D"),
                                            DEVICE("\x06\x01\x00\x00\x06\x01"),
                                            HOST("\x05\x01\x00\x19\x1D"),
                                            DEVICE("\x06\x01\x00\x19\x02\x1C"),
                                            HOST("\x06\x01\x00\x18\x01\x1E"),
                                            DEVICE("\x06\x01\x00\x00\x15\x12"),
                                            {0}};
    begin("philips/bdl", turns);
    write_gives("power", "on", 0);
    poll_gives("power", "on");
    write_gives("power", "off", LEC_E_REFUSED);
    as_written();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_shipped_dialogue_profile_is_right, teardown),
        cmocka_unit_test_teardown(benq_answers_with_or_without_echo_and_prompt, teardown),
        cmocka_unit_test_teardown(a_point_that_benq_lacks_is_asked_once, teardown),
        cmocka_unit_test_teardown(optoma_reads_other_input_numbers_than_it_takes, teardown),
        cmocka_unit_test_teardown(optoma_tells_its_state_and_faults_by_itself, teardown),
        cmocka_unit_test_teardown(lg_ends_with_an_x_and_may_begin_with_one, teardown),
        cmocka_unit_test_teardown(sharp_works_and_then_says_ok, teardown),
        cmocka_unit_test_teardown(a_wrong_password_is_a_mistake_of_the_configuration, teardown),
        cmocka_unit_test_teardown(extron_logs_in_and_repeats_the_front_panel, teardown),
        cmocka_unit_test_teardown(shure_frames_have_no_line_end, teardown),
        cmocka_unit_test_teardown(yamaha_tells_what_others_change, teardown),
        cmocka_unit_test_teardown(a_screen_answers_with_its_command_and_a_hundred, teardown),
        cmocka_unit_test_teardown(acer_answers_in_two_lines_or_one, teardown),
        cmocka_unit_test_teardown(smart_gx_tells_in_words_and_then_says_yes, teardown),
        cmocka_unit_test_teardown(a_magic_packet_is_six_ff_and_sixteen_addresses, teardown),
        cmocka_unit_test_teardown(a_udp_line_may_lead_to_everybody, teardown),
        cmocka_unit_test_teardown(viewboard_counts_its_own_digits, teardown),
        cmocka_unit_test_teardown(multisync_is_read_by_length_not_by_its_end, teardown),
        cmocka_unit_test_teardown(nec_projector_adds_20_or_a0_to_the_command, teardown),
        cmocka_unit_test_teardown(a_viewsonic_projector_sends_long_and_short_values, teardown),
        cmocka_unit_test_teardown(philips_begins_with_its_length, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
