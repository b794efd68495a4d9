/* The simulator's further protocols against the bytes of av-protocols.md: projectors 4, panels 3, audio 6, relays and
 * screens 7, the pH probe of lab-protocols.md 3.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "digest.h"
#include "faces/faces.h"
#include "models/models.h"
#include "unit/sim_stage.h"

static struct sim_device *open_with(struct sim_stage *s, bool serial, const struct sim_face *face,
                                    const struct sim_model *model, const char *traits)
{
    stage_open(s, serial);
    struct sim_device *d = stage_add(s, "device", 1, face, model, NULL, traits);
    stage_connect(s, NULL);
    return d;
}

static struct lec_value truth(struct sim_device *d, const char *field)
{
    struct lec_value v;
    assert_true(sim_truth(d, field, &v));
    return v;
}

/* ---- Projectors ------------------------------------------------------------------------------------------------ */

static void benq_echoes_and_prompts_on_a_serial_line_only(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, false, &sim_face_benq, &sim_model_projector, "warm=9s inputs=hdmi:hdmi1");
    stage_text(&s, "\r*pow=?#\r", "*POW=OFF#\r\n");
    stage_text(&s, "\r*sour=hdmi#\r", "*Block item#\r\n");
    stage_text(&s, "\r*pow=on#\r", "*POW=ON#\r\n");
    stage_pass(&s, 10 * LEC_SEC);
    stage_text(&s, "\r*sour=hdmi#\r", "*SOUR=HDMI#\r\n");
    stage_text(&s, "\r*vol=7#\r", "*VOL=7#\r\n");
    stage_text(&s, "\r*vol=?#\r", "*VOL=7#\r\n");
    stage_text(&s, "\r*dance=on#\r", "*Unsupported item#\r\n");
    stage_text(&s, "\r*pow#\r", "*Illegal format#\r\n");
    stage_close(&s);
    (void)open_with(&s, true, &sim_face_benq, &sim_model_projector, "");
    stage_hex(&s, "0D", "0D 3E 00");
    uint8_t out[64];
    static const char want[] = "*pow=?#\r*POW=OFF#\r\n>";
    assert_int_equal(stage_ask(&s, "*pow=?#\r", 8, out, sizeof out), sizeof want);
    assert_memory_equal(out, want, sizeof want);
    stage_close(&s);
}

static void optoma_numbers_inputs_differently_when_asked(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, true, &sim_face_optoma, &sim_model_projector,
                    "warm=9s inputs=1:hdmi1,15:hdmi2 outputs=0:none,7:hdmi1,8:hdmi2");
    stage_text(&s, "~00124 1\r", "Ok0\r");
    stage_text(&s, "~00124 1\r", ""); /* sooner than 200 ms */
    stage_pass(&s, 250 * LEC_MS);
    stage_text(&s, "~0000 1\r", "INFO1\rP\r");
    stage_pass(&s, 10 * LEC_SEC);
    stage_text(&s, "", "INFO24\r");
    stage_text(&s, "~0012 15\r", "P\r");
    stage_pass(&s, 250 * LEC_MS);
    stage_text(&s, "~00121 1\r", "Ok8\r");
    stage_pass(&s, 250 * LEC_MS);
    stage_text(&s, "~0012 99\r", "F\r");
    stage_pass(&s, 250 * LEC_MS);
    stage_text(&s, "~0700 1\r", ""); /* another projector's number */
    stage_close(&s);
}

static void nec_projector_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, false, &sim_face_nec_projector, &sim_model_projector, "warm=9s inputs=A1:hdmi1,A2:hdmi2");
    stage_hex(&s, "02 00 00 00 00 02", "22 00 01 10 00 33");
    stage_pass(&s, 10 * LEC_SEC);
    stage_hex(&s, "02 03 00 00 02 01 A1 A9", "22 03 01 10 01 00 37");
    stage_pass(&s, LEC_SEC);
    stage_hex(&s, "02 03 00 00 02 01 77 7F", "22 03 01 10 01 FF 36"); /* no such input */
    stage_pass(&s, LEC_SEC);
    stage_hex(&s, "03 10 00 00 05 05 00 00 0A 00 27", "23 10 01 10 01 00 45");
    stage_pass(&s, LEC_SEC);
    stage_hex(&s, "00 BF 00 00 01 02 C2", "20 BF 01 10 10 02 04 00 A1 00 00 00 00 00 00 00 00 00 00 00 00 A7");
    stage_pass(&s, LEC_SEC);
    stage_hex(&s, "00 88 00 00 00 88", "20 88 01 10 0C 00 00 00 00 00 00 00 00 00 00 00 00 C5");
    stage_pass(&s, LEC_SEC);
    stage_hex(&s, "02 00 00 00 00 03", ""); /* a wrong checksum */
    stage_close(&s);
}

static void panasonic_speaks_stx_on_serial_and_ntcontrol_on_the_network(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, true, &sim_face_panasonic, &sim_model_projector, "inputs=HD1:hdmi1");
    stage_text(&s, "\x02QPW\x03",
               "\x02"
               "000\x03");
    stage_pass(&s, LEC_SEC);
    stage_text(&s,
               "\x02"
               "ADZZ;PON\x03",
               "\x02PON\x03");
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "\x02IIS:XX\x03",
               "\x02"
               "ER402\x03");
    stage_close(&s);

    stage_open(&s, false);
    (void)stage_add(&s, "projector", 1, &sim_face_panasonic, &sim_model_projector, NULL, "");
    stage_connect(&s, "panasonic");
    uint8_t hello[64];
    size_t n = stage_ask(&s, "", 0, hello, sizeof hello);
    assert_int_equal(n, 21);
    assert_memory_equal(hello, "NTCONTROL 1 ", 12);
    char secret[64], digest[33], line[64];
    (void)snprintf(secret, sizeof secret, "admin1:panasonic:%.8s", (const char *)hello + 12);
    sim_md5_hex(secret, strlen(secret), digest);
    (void)snprintf(line, sizeof line, "%s00QPW\r", digest);
    stage_text(&s, line, "00000\r");
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "00QPW\r", "ERRA\r"); /* every command needs it */
    stage_close(&s);
}

static void sony_serial_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, true, &sim_face_sony, &sim_model_projector, "warm=9s inputs=02:computer1,04:hdmi1");
    stage_hex(&s, "A9 17 2E 00 00 00 3F 9A", "A9 17 2E 03 00 00 3F 9A");
    stage_pass(&s, 10 * LEC_SEC);
    stage_hex(&s, "A9 01 02 01 00 00 03 9A", "A9 01 02 02 00 03 03 9A");
    stage_hex(&s, "A9 00 01 00 00 02 03 9A", "A9 00 01 03 00 00 03 9A");
    assert_string_equal(truth(&s.devices[0], "input").s, "computer1");
    stage_hex(&s, "A9 00 30 00 00 01 31 9A", "A9 00 30 03 00 00 33 9A");
    stage_hex(&s, "A9 77 77 01 00 00 77 9A", "A9 77 77 03 01 01 77 9A");
    stage_close(&s);
}

static void adcp_takes_the_sha256_of_random_and_password(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, false, &sim_face_adcp, &sim_model_projector, "inputs=hdmi1:hdmi1");
    stage_text(&s, "", "NOKEY\r\n");
    stage_text(&s, "power_status ?\r\n", "\"standby\"\r\n");
    stage_text(&s, "input \"hdmi1\"\r\n", "err_inactive\r\n");
    stage_text(&s, "power \"on\"\r\n", "ok\r\n");
    stage_text(&s, "error ?\r\n", "\"no_err\"\r\n");
    stage_text(&s, "dance ?\r\n", "err_cmd\r\n");
    stage_close(&s);

    stage_open(&s, false);
    (void)stage_add(&s, "projector", 1, &sim_face_adcp, &sim_model_projector, NULL, "");
    stage_connect(&s, "Projector");
    uint8_t hello[64];
    char secret[64], digest[65], line[80];
    assert_int_equal(stage_ask(&s, "", 0, hello, sizeof hello), 10);
    (void)snprintf(secret, sizeof secret, "%.8sProjector", (const char *)hello);
    sim_sha256_hex(secret, strlen(secret), digest);
    (void)snprintf(line, sizeof line, "%s\r\n", digest);
    stage_text(&s, line, "ok\r\n");
    stage_text(&s, "power_status ?\r\n", "\"standby\"\r\n");
    stage_close(&s);
}

static void viewsonic_projector_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, false, &sim_face_viewsonic, &sim_model_projector, "warm=9s hours=40 inputs=03:hdmi1,07:hdmi2");
    stage_hex(&s, "06 14 00 04 00 34 11 00 00 5D", "03 14 00 00 00 14");
    stage_hex(&s, "07 14 00 05 00 34 00 00 15 01 63", "05 14 00 06 00 00 00 28 00 00 00 42");
    stage_pass(&s, 10 * LEC_SEC);
    stage_hex(&s, "07 14 00 05 00 34 00 00 11 00 5E", "05 14 00 03 00 00 00 01 18");
    stage_hex(&s, "06 14 00 04 00 34 13 01 03 63", "03 14 00 00 00 14");
    stage_hex(&s, "06 14 00 04 00 34 13 01 77 D7", "00 14 00 00 00 14");
    stage_hex(&s, "06 14 00 04 00 34 11 01 00 5E", "03 14 00 00 00 14");
    stage_close(&s);
}

static void acer_says_its_code_then_its_answer(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, true, &sim_face_acer, &sim_model_projector, "warm=9s inputs=1:computer,8:hdmi input=computer");
    stage_text(&s, "* 0 Lamp ?\r", "*000\rLAMP 0\r");
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "OKOKOKOKOK\r", "*000\r");
    stage_pass(&s, 10 * LEC_SEC);
    stage_text(&s, "* 0 IR 050\r", "*000\r");
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "* 0 Src ?\r", "*000\rSrc 8\r");
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "* 0 Lamp\r", "*000\r1234\r");
    stage_close(&s);
}

static void hitachi_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, true, &sim_face_hitachi, &sim_model_projector, "warm=9s inputs=00:computer1,03:hdmi1");
    stage_hex(&s, "BE EF 03 06 00 BA D2 01 00 00 60 01 00", "06");
    stage_pass(&s, 10 * LEC_SEC);
    stage_hex(&s, "BE EF 03 06 00 19 D3 02 00 00 60 00 00", "1D 01 00");
    stage_hex(&s, "BE EF 03 06 00 0E D2 01 00 00 20 03 00", "06");
    stage_hex(&s, "BE EF 03 06 00 CD D2 02 00 00 20 00 00", "1D 03 00");
    stage_hex(&s, "BE EF 03 06 00 C2 FF 02 00 90 10 00 00", "1D D2 04"); /* 1234 h */
    stage_hex(&s, "BE EF 03 06 00 2A D3 01 00 00 60 00 00", "06");
    stage_hex(&s, "BE EF 03 06 00 2A D4 01 00 00 60 00 00", ""); /* a wrong checksum */
    stage_close(&s);
}

/* ---- Panels ---------------------------------------------------------------------------------------------------- */

static void viewboard_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, false, &sim_face_viewboard, &sim_model_panel, "boot=5s inputs=004:hdmi1,014:hdmi2");
    stage_text(&s, "801s!001\r", "401+\r");
    stage_text(&s, "801gl000\r", "801rl000\r"); /* it boots yet */
    stage_text(&s, "801s\"014\r", "401-\r");
    stage_pass(&s, 6 * LEC_SEC);
    stage_text(&s, "801gl000\r", "801rl001\r");
    stage_text(&s, "801s\"014\r", "401+\r");
    stage_text(&s, "801gj000\r", "801rj114\r");
    stage_text(&s, "801s5030\r", "401+\r");
    stage_text(&s, "801s5901\r", "401+\r");
    stage_text(&s, "801gf000\r", "801rf031\r");
    stage_text(&s, "801gz000\r", "801rz000\r");
    stage_text(&s, "802gz000\r", "");
    stage_close(&s);
}

static void lg_repeats_only_the_second_letter(void **state)
{
    struct sim_stage s;
    (void)state;
    struct sim_device *d = open_with(&s, false, &sim_face_lg, &sim_model_panel, "boot=5s inputs=90:hdmi1,91:hdmi2");
    stage_text(&s, "ka 01 01\r", "a 01 OK01x");
    stage_pass(&s, 6 * LEC_SEC);
    stage_text(&s, "ke 01 00\r", "e 01 OK00x");
    assert_true(truth(d, "audio_mute").b); /* 00 is muted */
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "xb 01 91\r", "b 01 OK91x");
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "xb 01 FF\r", "b 01 OK91x");
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "xb 01 55\r", "b 01 NG55x");
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "ka 00 00\r", ""); /* all displays do it and none answers */
    assert_string_equal(truth(d, "power").s, "off");
    stage_close(&s);
}

static void nec_display_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, false, &sim_face_nec_display, &sim_model_panel, "boot=5s inputs=11:hdmi1,12:hdmi2");
    stage_hex(&s, "01 30 41 30 41 30 43 02 43 32 30 33 44 36 30 30 30 31 03 73 0D",
              "01 30 30 41 42 30 45 02 30 30 43 32 30 33 44 36 30 30 30 31 03 76 0D");
    stage_pass(&s, 6 * LEC_SEC);
    stage_hex(&s, "01 30 41 30 41 30 36 02 30 31 44 36 03 74 0D",
              "01 30 30 41 42 31 32 02 30 32 30 30 44 36 30 30 30 30 30 34 30 30 30 31 03 74 0D");
    stage_hex(&s, "01 30 41 30 45 30 41 02 30 30 36 32 30 30 31 45 03 04 0D",
              "01 30 30 41 46 31 32 02 30 30 30 30 36 32 30 30 30 30 36 34 30 30 31 45 03 77 0D");
    stage_hex(&s, "01 30 41 30 45 30 41 02 30 30 36 30 30 30 31 31 03 72 0D",
              "01 30 30 41 46 31 32 02 30 30 30 30 36 30 30 30 30 30 38 32 30 30 31 31 03 09 0D");
    stage_hex(&s, "01 30 41 30 43 30 36 02 30 30 36 32 03 01 0D",
              "01 30 30 41 44 31 32 02 30 30 30 30 36 32 30 30 30 30 36 34 30 30 31 45 03 75 0D");
    stage_close(&s);
}

static void sharp_says_wait_before_ok(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, true, &sim_face_sharp, &sim_model_panel, "boot=2s inputs=10:hdmi1,13:hdmi2");
    stage_text(&s, "POWR????\r", "0\r\n");
    stage_pass(&s, 200 * LEC_MS);
    stage_text(&s, "VOLM0015\r", "ERR\r\n");
    stage_pass(&s, 200 * LEC_MS);
    stage_text(&s, "POWR   1\r", "WAIT\r\n");
    stage_pass(&s, 3 * LEC_SEC);
    stage_text(&s, "", "OK\r\n");
    stage_text(&s, "VOLM0015\r", "OK\r\n");
    stage_pass(&s, 200 * LEC_MS);
    stage_text(&s, "VOLM????\r", "15\r\n");
    stage_pass(&s, 200 * LEC_MS);
    stage_text(&s, "INPS0099\r", "ERR\r\n");
    stage_close(&s);
}

static void philips_newline_and_promethean_take_the_sheets_frames(void **state)
{
    struct sim_stage s;
    (void)state;
    struct sim_device *d = open_with(&s, false, &sim_face_sicp, &sim_model_panel, "boot=2s inputs=0D:hdmi1");
    stage_hex(&s, "06 01 00 18 02 1D", "06 01 00 00 06 01");
    stage_pass(&s, 3 * LEC_SEC);
    stage_hex(&s, "05 01 00 19 1D", "06 01 00 19 02 1C");
    stage_hex(&s, "06 01 00 18 01 1E", "06 01 00 00 06 01");
    assert_string_equal(truth(d, "power").s, "off");
    stage_close(&s);

    d = open_with(&s, true, &sim_face_newline, &sim_model_panel, "boot=2s inputs=0152:hdmi1,0153:hdmi2");
    stage_hex(&s, "7F 08 99 A2 B3 C4 02 FF 01 00 CF", "7F 09 99 A2 B3 C4 02 FF 01 00 01 CF");
    stage_pass(&s, 3 * LEC_SEC);
    stage_hex(&s, "7F 08 99 A2 B3 C4 02 FF 05 1E CF", "7F 09 99 A2 B3 C4 02 FF 05 1E 01 CF");
    stage_hex(&s, "7F 08 99 A2 B3 C4 02 FF 01 33 CF", "7F 09 99 A2 B3 C4 02 FF 01 33 1E CF");
    stage_hex(&s, "7F 08 99 A2 B3 C4 02 FF 01 53 CF", "7F 09 99 A2 B3 C4 02 FF 01 53 01 CF");
    assert_string_equal(truth(d, "input").s, "hdmi2");
    stage_close(&s);

    d = open_with(&s, true, &sim_face_promethean, &sim_model_panel, "boot=2s inputs=09:hdmi1");
    stage_hex(&s, "F6 01 01 01 F9 6F", "");
    stage_pass(&s, 3 * LEC_SEC);
    stage_hex(&s, "F6 0C 01 32 35 6F", "");
    assert_string_equal(truth(d, "power").s, "on");
    assert_int_equal(truth(d, "volume").i, 50);
    stage_close(&s);
}

/* ---- Audio, relays, screens, probes ----------------------------------------------------------------------------- */

static void extron_takes_commands_without_an_end(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, true, &sim_face_extron, &sim_model_mixer, "inputs=1:input1,3:input3 input=input1");
    stage_text(&s,
               "\x1b"
               "3CV\r",
               "Vrb3\r\n");
    stage_text(&s, "Q", "1.06\r\n");
    stage_text(&s, "3!", "In3 All\r\n");
    stage_text(&s, "55V", "Vol55\r\n");
    stage_text(&s, "V", "Vol55\r\n");
    stage_text(&s, "1Z", "Amt1\r\n");
    stage_text(&s, "5.", "Rpr05\r\n");
    stage_text(&s, "9!", "E01\r\n");
    stage_text(&s, "101V", "E13\r\n");
    stage_close(&s);
}

static void shure_and_yamaha_answer_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, false, &sim_face_shure, &sim_model_mixer, "");
    stage_text(&s, "< SET 01 AUDIO_MUTE ON >", "< REP 01 AUDIO_MUTE ON >");
    stage_text(&s, "< GET 01 AUDIO_MUTE >", "< REP 01 AUDIO_MUTE ON >");
    stage_text(&s, "< SET 01 AUDIO_GAIN_HI_RES 1100 >", "< REP 01 AUDIO_GAIN_HI_RES 1100 >");
    stage_text(&s, "< SET 01 AUDIO_GAIN_HI_RES DEC 10 >", "< REP 01 AUDIO_GAIN_HI_RES 1090 >");
    stage_text(&s, "< SET DEVICE_AUDIO_MUTE ON >", "< REP DEVICE_AUDIO_MUTE ON >");
    stage_text(&s, "< DANCE >", "< REP ERR >");
    stage_close(&s);
    (void)open_with(&s, false, &sim_face_yamaha, &sim_model_mixer, "");
    stage_text(&s, "set MIXER:Current/InCh/Fader/On 0 0 1\n", "OK set MIXER:Current/InCh/Fader/On 0 0 1 \"ON\"\n");
    stage_text(&s, "set MIXER:Current/St/Fader/Level 0 0 -1000\n",
               "OK set MIXER:Current/St/Fader/Level 0 0 -1000 \"-10.00\"\n");
    stage_text(&s, "set MIXER:Current/St/Fader/Level 0 0 2000\n",
               "OKM set MIXER:Current/St/Fader/Level 0 0 1000 \"10.00\"\n");
    stage_text(&s, "get MIXER:Current/St/Fader/Level 0 0\n",
               "OK get MIXER:Current/St/Fader/Level 0 0 1000 \"10.00\"\n");
    stage_text(&s, "\n", "");
    stage_text(&s, "dance\n", "ERROR dance UnknownCommand\n");
    stage_close(&s);
}

static void kmtronic_and_screen_technics_answer_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, true, &sim_face_kmtronic, &sim_model_relays, "relays=4");
    stage_hex(&s, "FF 02 01", "");
    stage_hex(&s, "FF 02 03", "FF 02 01");
    stage_hex(&s, "FF 09 00", "01 00 02 01 03 00 04 00");
    stage_close(&s);
    struct sim_device *d = open_with(&s, false, &sim_face_screentech, &sim_model_screen, "travel=5s");
    stage_text(&s, "1, 17, 32\r\n", "101, 17, 32, 6\r\n");
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "33, 17\r\n", "133, 17\r\n");
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "1, 17, 32\r\n", "101, 17, 32, 1\r\n");
    stage_pass(&s, 5 * LEC_SEC);
    stage_text(&s, "1, 17, 32\r\n", "101, 17, 32, 7\r\n");
    assert_string_equal(truth(d, "position").s, "down");
    stage_close(&s);
}

static void ezo_reads_by_itself_until_told_not_to(void **state)
{
    struct sim_stage s;
    (void)state;
    (void)open_with(&s, true, &sim_face_ezo, &sim_model_sensor, "");
    stage_lie(&s, "ph", 9.56);
    stage_pass(&s, 1100 * LEC_MS);
    stage_text(&s, "", "9.560\r");
    stage_text(&s, "C,0\r", "");
    stage_pass(&s, 400 * LEC_MS);
    stage_text(&s, "", "*OK\r");
    stage_pass(&s, 3 * LEC_SEC);
    stage_text(&s, "R\r", ""); /* it takes 900 ms */
    stage_pass(&s, LEC_SEC);
    stage_text(&s, "", "9.560\r*OK\r");
    stage_text(&s, "dance\r", "");
    stage_pass(&s, 400 * LEC_MS);
    stage_text(&s, "", "*ER\r");
    stage_close(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(benq_echoes_and_prompts_on_a_serial_line_only),
        cmocka_unit_test(optoma_numbers_inputs_differently_when_asked),
        cmocka_unit_test(nec_projector_answers_as_the_sheet_says),
        cmocka_unit_test(panasonic_speaks_stx_on_serial_and_ntcontrol_on_the_network),
        cmocka_unit_test(sony_serial_answers_as_the_sheet_says),
        cmocka_unit_test(adcp_takes_the_sha256_of_random_and_password),
        cmocka_unit_test(viewsonic_projector_answers_as_the_sheet_says),
        cmocka_unit_test(acer_says_its_code_then_its_answer),
        cmocka_unit_test(hitachi_answers_as_the_sheet_says),
        cmocka_unit_test(viewboard_answers_as_the_sheet_says),
        cmocka_unit_test(lg_repeats_only_the_second_letter),
        cmocka_unit_test(nec_display_answers_as_the_sheet_says),
        cmocka_unit_test(sharp_says_wait_before_ok),
        cmocka_unit_test(philips_newline_and_promethean_take_the_sheets_frames),
        cmocka_unit_test(extron_takes_commands_without_an_end),
        cmocka_unit_test(shure_and_yamaha_answer_as_the_sheet_says),
        cmocka_unit_test(kmtronic_and_screen_technics_answer_as_the_sheet_says),
        cmocka_unit_test(ezo_reads_by_itself_until_told_not_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
