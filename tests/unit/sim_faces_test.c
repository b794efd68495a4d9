/* The simulator's protocols against the bytes of the fact sheets (av-protocols.md, lab-protocols.md 1.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "digest.h"
#include "faces/faces.h"
#include "map.h"
#include "models/models.h"
#include "unit/sim_stage.h"

static struct sim_map *maps;

static const struct sim_map *map_named(const char *name)
{
    const struct sim_map *m = maps;
    while (m && strcmp(m->name, name) != 0)
        m = m->next;
    assert_non_null(m);
    return m;
}

static int load_maps(void **state)
{
    struct lec_err err;
    (void)state;
    int rc = sim_maps_load(LECTERN_SOURCE_DIR "/simulator/maps", &maps, &err);
    if (rc < 0)
        print_error("%s\n", err.text);
    return rc;
}

static int free_maps(void **state)
{
    (void)state;
    sim_maps_free(&maps);
    return 0;
}

/* ---- Digests -------------------------------------------------------------------------------------------------- */

static void digests_match_the_published_vectors(void **state)
{
    (void)state;
    char md5[33], sha[65];
    sim_md5_hex("", 0, md5);
    assert_string_equal(md5, "d41d8cd98f00b204e9800998ecf8427e");
    static const char pjlink[] = "498e4a67JBMIAProjectorLink";
    sim_md5_hex(pjlink, sizeof pjlink - 1, md5);
    assert_string_equal(md5, "5d8409bc1c3fa39749434aa3a5c38682");
    static const char panasonic[] = "admin1:panasonic:1a2b3c4d";
    sim_md5_hex(panasonic, sizeof panasonic - 1, md5);
    assert_string_equal(md5, "31414862293de76966f47eefb8f365f3");
    sim_sha256_hex("abc", 3, sha);
    assert_string_equal(sha, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    static const char class2[] = "fcf9798e96a1cdf74d336d750017ba25JBMIAProjectorLink";
    sim_sha256_hex(class2, sizeof class2 - 1, sha);
    assert_string_equal(sha, "70ab129eac6924d4c129c9c4fcf45be42e1e776325a66db67e5b6eee50f2a692");
    char long_text[64];
    memset(long_text, 'a', sizeof long_text); /* a whole block before the padding */
    sim_sha256_hex(long_text, sizeof long_text, sha);
    assert_string_equal(sha, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

/* ---- Modbus --------------------------------------------------------------------------------------------------- */

static void open_unit(struct sim_stage *s, const struct sim_model *model, const char *map)
{
    stage_open(s, true);
    (void)stage_add(s, "unit", 1, &sim_face_modbus, model, map_named(map), "");
    stage_connect(s, NULL);
}

static void xy_md02_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    open_unit(&s, &sim_model_sensor, "generic-xy-md02");
    stage_lie(&s, "temperature", 25.0);
    stage_lie(&s, "humidity", 50.5);
    stage_hex(&s, "01 04 00 01 00 02 20 0B", "01 04 04 00 FA 01 F9 1A 67");
    sim_fault_clear(&s.line.boxes->faults, SIM_LIE);
    stage_lie(&s, "temperature", -5.1);
    stage_lie(&s, "humidity", 38.4);
    stage_hex(&s, "01 04 00 01 00 02 20 0B", "01 04 04 FF CD 01 80 5A 5F");
    stage_close(&s);
}

static void sdm120_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    open_unit(&s, &sim_model_meter, "eastron-sdm120");
    stage_lie(&s, "voltage", 230.1);
    stage_hex(&s, "01 04 00 00 00 02 71 CB", "01 04 04 43 66 19 9A 85 E4");
    stage_hex(&s, "01 04 00 02 00 02 D0 0B", "01 84 02 C2 C1"); /* a hole */
    stage_close(&s);
}

static void pzem_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    open_unit(&s, &sim_model_meter, "peacefair-pzem-004t");
    static const struct {
        const char *point;
        double value;
    } lies[] = {{"voltage", 225.7},       {"current", 0.108}, {"power.active", 24.4},
                {"energy.import", 0.038}, {"frequency", 50},  {"power.factor", 1}};
    for (size_t i = 0; i < ARRAY_LEN(lies); i++)
        stage_lie(&s, lies[i].point, lies[i].value);
    stage_hex(&s, "01 04 00 00 00 0A 70 0D",
              "01 04 14 08 D1 00 6C 00 00 00 F4 00 00 00 26 00 00 01 F4 00 64 00 00 51 34");
    stage_hex(&s, "01 42 80 11", "01 42 80 11");
    sim_fault_clear(&s.line.boxes->faults, SIM_LIE);
    struct lec_value energy;
    assert_true(sim_truth(&s.devices[0], "energy.import", &energy));
    assert_true(energy.f < 1e-6);
    stage_close(&s);
}

static void renke_and_supmea_answer_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    open_unit(&s, &sim_model_sensor, "renke-rs-ws-n01");
    stage_lie(&s, "humidity", 65.8);
    stage_lie(&s, "temperature", -10.1);
    stage_hex(&s, "01 03 00 00 00 02 C4 0B", "01 03 04 02 92 FF 9B 5A 3D");
    stage_close(&s);
    open_unit(&s, &sim_model_sensor, "supmea-sup-ph8001");
    stage_lie(&s, "temperature", 25);
    stage_lie(&s, "ph", 7);
    stage_lie(&s, "ph_mv", 0.6);
    stage_hex(&s, "01 03 00 00 00 03 05 CB", "01 03 06 00 FA 02 BC 00 06 B9 3F");
    stage_close(&s);
}

static void open_relays(struct sim_stage *s)
{
    stage_open(s, true);
    (void)stage_add(s, "relays", 1, &sim_face_modbus, &sim_model_relays, map_named("waveshare-relay-8ch"), "");
    stage_connect(s, NULL);
}

static void relay_board_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    open_relays(&s);
    stage_hex(&s, "01 05 00 00 FF 00 8C 3A", "01 05 00 00 FF 00 8C 3A");
    stage_hex(&s, "01 05 00 02 FF 00 2D FA", "01 05 00 02 FF 00 2D FA");
    stage_hex(&s, "01 01 00 00 00 08 3D CC", "01 01 01 05 91 8B");
    stage_hex(&s, "01 05 00 00 55 00 F2 9A", "01 05 00 00 55 00 F2 9A"); /* toggle */
    stage_hex(&s, "01 01 00 00 00 08 3D CC", "01 01 01 04 50 4B");
    stage_hex(&s, "01 05 00 FF FF 00 BC 0A", "01 05 00 FF FF 00 BC 0A"); /* all on */
    stage_hex(&s, "01 01 00 00 00 08 3D CC", "01 01 01 FF 11 C8");
    stage_hex(&s, "01 0F 00 00 00 08 01 FF BE D5", "01 0F 00 00 00 08 54 0D");
    stage_close(&s);
}

static void a_frame_is_found_after_noise_and_in_pieces(void **state)
{
    struct sim_stage s;
    (void)state;
    open_relays(&s);
    stage_hex(&s, "37 01 05 00 00 FF 00 8C 3A", "01 05 00 00 FF 00 8C 3A");
    stage_hex(&s, "01 05 00 00", "");
    stage_hex(&s, "FF 00 8C 3A 01 05 00 00 00 00 CD CA", "01 05 00 00 FF 00 8C 3A 01 05 00 00 00 00 CD CA");
    stage_hex(&s, "01 05 00 00 FF 00 8C 3B", ""); /* a wrong checksum goes unheard */
    stage_pass(&s, LEC_SEC);
    stage_hex(&s, "01 01 00 00 00 08 3D CC", "01 01 01 00 51 88");
    stage_close(&s);
}

static void exceptions_name_the_mistake(void **state)
{
    struct sim_stage s;
    (void)state;
    open_relays(&s);
    stage_hex(&s, "01 04 00 00 00 01 31 CA", "01 84 01 82 C0"); /* no such function here */
    stage_hex(&s, "01 01 00 00 00 09 FC 0C", "01 81 02 C1 91"); /* beyond the last coil */
    stage_hex(&s, "01 01 00 00 00 00 3C 0A", "01 81 03 00 51"); /* none */
    stage_hex(&s, "01 05 00 00 12 34 C0 BD", "01 85 03 02 91"); /* neither on nor off */
    stage_hex(&s, "01 2B 0E 01 00 70 77", "");                  /* its length is known only by the silence after it */
    stage_pass(&s, 100 * LEC_MS);
    stage_hex(&s, "", "01 AB 01 9E F0");
    stage_close(&s);
}

static void several_units_share_a_line(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, true);
    (void)stage_add(&s, "one", 1, &sim_face_modbus, &sim_model_relays, map_named("waveshare-relay-8ch"), "");
    (void)stage_add(&s, "two", 2, &sim_face_modbus, &sim_model_relays, map_named("waveshare-relay-8ch"), "");
    stage_connect(&s, NULL);
    stage_hex(&s, "02 05 00 00 FF 00 8C 09", "02 05 00 00 FF 00 8C 09");
    stage_hex(&s, "01 01 00 00 00 08 3D CC", "01 01 01 00 51 88");
    stage_hex(&s, "03 05 00 00 FF 00 8D D8", ""); /* nobody has this address */
    stage_hex(&s, "00 05 00 01 FF 00 DC 2B", ""); /* a broadcast is done by all and answered by none */
    stage_hex(&s, "02 01 00 00 00 08 3D FF", "02 01 01 03 11 CD");
    stage_hex(&s, "01 01 00 00 00 08 3D CC", "01 01 01 02 D0 49");
    stage_close(&s);
}

static void modbus_tcp_keeps_the_transaction_and_knows_its_units(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, false);
    (void)stage_add(&s, "unit", 7, &sim_face_modbus, &sim_model_relays, map_named("waveshare-relay-8ch"), "");
    stage_connect(&s, NULL);
    stage_hex(&s, "12 34 00 00 00 06 07 05 00 01 FF 00", "12 34 00 00 00 06 07 05 00 01 FF 00");
    stage_hex(&s, "00 01 00 00 00 06 07 01 00 00 00 08", "00 01 00 00 00 04 07 01 01 02");
    stage_hex(&s, "00 02 00 00 00 06 09 01 00 00 00 08", "00 02 00 00 00 03 09 81 0B");
    stage_close(&s);
}

/* ---- Text ----------------------------------------------------------------------------------------------------- */

static void pjlink_asks_for_the_digest_and_takes_the_right_one(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, false);
    (void)stage_add(&s, "projector", 1, &sim_face_pjlink, &sim_model_projector, NULL, "class=2 inputs=31:hdmi1");
    stage_connect(&s, "JBMIAProjectorLink");
    uint8_t hello[64];
    size_t n = stage_ask(&s, "", 0, hello, sizeof hello);
    assert_int_equal(n, 18);
    assert_memory_equal(hello, "PJLINK 1 ", 9);
    char text[96], digest[33], line[96];
    (void)snprintf(text, sizeof text, "%.8sJBMIAProjectorLink", (const char *)hello + 9);
    sim_md5_hex(text, strlen(text), digest);
    (void)snprintf(line, sizeof line, "%s%%1POWR ?\r", digest);
    stage_text(&s, line, "%1POWR=0\r");
    stage_text(&s, "%1CLSS ?\r", "%1CLSS=2\r");
    stage_text(&s, line, "%1POWR=0\r"); /* the same digest may come again */
    digest[0] = digest[0] == '0' ? '1' : '0';
    (void)snprintf(line, sizeof line, "%s%%1POWR ?\r", digest);
    stage_text(&s, line, "PJLINK ERRA\r");
    stage_pass(&s, 20 * LEC_MS);
    assert_null(s.line.conns);
    stage_close(&s);
}

static void pjlink_takes_the_sha256_form_too(void **state)
{
    static const char rc[] = "c14b279e603d8a5f17e849ba360f2dc5";
    static const char digits[] = "0123456789abcdef";
    struct sim_stage s;
    uint8_t reply[64];
    char text[80], digest[65], line[128];
    (void)state;
    stage_open(&s, false);
    (void)stage_add(&s, "projector", 1, &sim_face_pjlink, &sim_model_projector, NULL, "class=2 sha256=yes");
    stage_connect(&s, "JBMIAProjectorLink");
    assert_int_equal(stage_ask(&s, "", 0, reply, sizeof reply), 18);
    assert_int_equal(stage_ask(&s, "PJLINK 2\r", 9, reply, sizeof reply), 42);
    assert_memory_equal(reply, "PJLINK 2 ", 9);
    for (unsigned i = 0; i < 32; i++) {
        const char *a = strchr(digits, (char)reply[9 + i]), *b = strchr(digits, rc[i]);
        assert_true(a && b);
        text[i] = digits[(a - digits) ^ (b - digits)];
    }
    (void)snprintf(text + 32, sizeof text - 32, "JBMIAProjectorLink");
    sim_sha256_hex(text, strlen(text), digest);
    (void)snprintf(line, sizeof line, "%s%s%%1POWR ?\r", rc, digest);
    stage_text(&s, line, "%1POWR=0\r");
    stage_text(&s, "%1CLSS ?\r", "%1CLSS=2\r");
    stage_close(&s);
}

static void pjlink_locks_out_while_it_warms_and_cools(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, false);
    (void)stage_add(&s, "projector", 1, &sim_face_pjlink, &sim_model_projector, NULL,
                    "class=2 warm=20s cool=10s idle=10min inputs=31:hdmi1,32:hdmi2");
    stage_connect(&s, NULL);
    stage_text(&s, "", "PJLINK 0\r");
    stage_text(&s, "%1INPT ?\r", "%1INPT=ERR3\r");
    stage_text(&s, "%1POWR 1\r", "%1POWR=OK\r");
    stage_text(&s, "%1POWR ?\r", "%1POWR=3\r");
    stage_text(&s, "%1INPT 32\r", "%1INPT=ERR3\r");
    stage_pass(&s, 21 * LEC_SEC);
    stage_text(&s, "%1POWR ?\r", "%1POWR=1\r");
    stage_text(&s, "%1INPT 32\r", "%1INPT=OK\r");
    stage_text(&s, "%2INPT ?\r", "%2INPT=32\r");
    stage_text(&s, "%1INPT 77\r", "%1INPT=ERR2\r");
    stage_text(&s, "%2INNM ?32\r", "%2INNM=hdmi2\r");
    stage_text(&s, "%1AVMT 31\r", "%1AVMT=OK\r");
    stage_text(&s, "%1AVMT ?\r", "%1AVMT=31\r");
    stage_text(&s, "%1POWR 0\r", "%1POWR=OK\r");
    stage_text(&s, "%1POWR ?\r", "%1POWR=2\r");
    stage_text(&s, "%1POWR 1\r", "%1POWR=ERR3\r");
    stage_pass(&s, 11 * LEC_SEC);
    stage_text(&s, "%1POWR ?\r", "%1POWR=0\r");
    stage_text(&s, "%1SNUM ?\r", "%1SNUM=ERR1\r"); /* a class 2 command under a class 1 header */
    stage_text(&s, "%1ABCD 1\r", "%1ABCD=ERR1\r");
    stage_text(&s, "hello\r", "PJLINK ERRA\r"); /* no header: taken for a wrong digest */
    stage_close(&s);
}

static void pjlink_counts_lamp_hours_only_while_lit(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, false);
    (void)stage_add(&s, "projector", 1, &sim_face_pjlink, &sim_model_projector, NULL, "hours=100 idle=100h");
    stage_connect(&s, NULL);
    stage_text(&s, "", "PJLINK 0\r");
    stage_pass(&s, 3600 * 5 * LEC_SEC);
    stage_text(&s, "%1LAMP ?\r", "%1LAMP=100 0\r");
    stage_text(&s, "%1POWR 1\r", "%1POWR=OK\r");
    stage_pass(&s, 3610 * 5 * LEC_SEC);
    stage_text(&s, "%1LAMP ?\r", "%1LAMP=105 1\r");
    stage_close(&s);
}

static void escvp21_gives_its_colon(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, true);
    (void)stage_add(&s, "projector", 1, &sim_face_escvp21, &sim_model_projector, NULL,
                    "warm=30s inputs=30:hdmi1,A0:hdmi2");
    stage_connect(&s, NULL);
    stage_text(&s, "\r", ":");
    stage_text(&s, "PWR?\r", "PWR=04\r:");
    stage_text(&s, "SOURCE 30\r", "ERR\r:");
    stage_text(&s, "PWR ON\r", ":");
    stage_text(&s, "PWR?\r\n", "PWR=02\r:");
    stage_pass(&s, 31 * LEC_SEC);
    stage_text(&s, "PWR?\r", "PWR=01\r:");
    stage_text(&s, "SOURCE A0\r", ":");
    stage_text(&s, "SOURCE?\r", "SOURCE=A0\r:");
    stage_text(&s, "XYZ\r", "ERR\r:");
    stage_text(&s, "ERR?\r", "ERR=00\r:");
    stage_close(&s);
}

static void escvp_net_shakes_hands_first(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, false);
    (void)stage_add(&s, "projector", 1, &sim_face_escvp21, &sim_model_projector, NULL, "inputs=30:hdmi1");
    stage_connect(&s, NULL);
    stage_hex(&s, "45 53 43 2F 56 50 2E 6E 65 74 10 03 00 00 00 00", "45 53 43 2F 56 50 2E 6E 65 74 10 03 00 00 20 00");
    stage_text(&s, "PWR?\r", "PWR=04\r:");
    stage_close(&s);
}

static void smart_prompts_and_drops_what_comes_too_soon(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, true);
    (void)stage_add(&s, "board", 1, &sim_face_smart, &sim_model_panel, NULL,
                    "boot=4s states=on,ready inputs=HDMI1:hdmi1,HDMI2:hdmi2");
    stage_connect(&s, NULL);
    stage_text(&s, "get powerstate\r", "powerstate=ready\r\n>");
    stage_text(&s, "get powerstate\r", ""); /* less than 300 ms after the answer */
    stage_pass(&s, 310 * LEC_MS);
    stage_text(&s, "set powerstate = ON\r", "powerstate=on\r\n>");
    stage_pass(&s, 310 * LEC_MS);
    stage_text(&s, "get input\r", "invalid cmd=get input\r\n>");
    stage_pass(&s, 5 * LEC_SEC);
    stage_text(&s, "", "#powerstate=on\r\n");
    stage_text(&s, "set input=hdmi2\r", "input=HDMI2\r\n>");
    stage_pass(&s, 310 * LEC_MS);
    stage_text(&s, "set powerstate=standby\r", "invalid cmd=set powerstate=standby\r\n>");
    stage_close(&s);
}

static void tesira_negotiates_then_echoes(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, false);
    (void)stage_add(&s, "audio", 1, &sim_face_tesira, &sim_model_mixer, NULL, "");
    stage_connect(&s, NULL);
    stage_hex(&s, "", "FF FD 18 FF FD 1F FF FB 01 FF FB 03");
    stage_text(&s, "\xff\xfc\x18\xff\xfc\x1f\xff\xfe\x01\xff\xfe\x03",
               "\r\nWelcome to the Tesira Text Protocol Server...\r\n\r\n");
    stage_text(&s, "Level1 set level 1 -10\n", "Level1 set level 1 -10\r\n+OK\r\n");
    stage_text(&s, "Level1 get level 1\r\n", "Level1 get level 1\r\n+OK \"value\":-10.000000\r\n");
    stage_text(&s, "SESSION set verbose false\n", "SESSION set verbose false\r\n+OK\r\n");
    stage_text(&s, "Mute1 set mute 1 true\n", "Mute1 set mute 1 true\r\n+OK\r\n");
    stage_text(&s, "Mute1 get mute 1\n", "Mute1 get mute 1\r\n+OK true\r\n");
    stage_text(&s, "Level1 set level 1 99\n",
               "Level1 set level 1 99\r\n-ERR INVALID_PARAMETER Value is out of range [-100.000000, 12.000000]\r\n");
    stage_close(&s);
}

/* ---- Binary --------------------------------------------------------------------------------------------------- */

static void mdc_answers_as_the_sheet_says(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, false);
    struct sim_device *d =
        stage_add(&s, "display", 1, &sim_face_mdc, &sim_model_panel, NULL, "boot=6s inputs=21:hdmi1,23:hdmi2");
    stage_connect(&s, NULL);
    stage_hex(&s, "AA 11 01 01 01 14", "AA FF 01 03 41 11 01 56");
    stage_hex(&s, "AA 12 01 01 1E 32", "AA FF 01 03 4E 12 FF 62"); /* not while it boots */
    stage_pass(&s, 7 * LEC_SEC);
    stage_hex(&s, "AA 12 01 01 1E 32", "AA FF 01 03 41 12 1E 74");
    stage_hex(&s, "AA 00 01 00 01", "AA FF 01 09 41 00 01 1E 00 21 10 00 00 9A");
    stage_hex(&s, "AA 14 01 01 23 39", "AA FF 01 03 41 14 23 7B");
    stage_hex(&s, "AA 11 02 00 13", "");    /* another display */
    stage_hex(&s, "AA 11 01 00 13", "");    /* a wrong checksum */
    stage_hex(&s, "AA 13 FE 01 01 13", ""); /* all displays do it and none answers */
    struct lec_value muted;
    assert_true(sim_truth(d, "audio_mute", &muted));
    assert_true(muted.b);
    stage_close(&s);
}

static void visca_acknowledges_then_completes(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, true);
    (void)stage_add(&s, "camera", 1, &sim_face_visca, &sim_model_camera, NULL, "boot=5s");
    stage_connect(&s, NULL);
    stage_hex(&s, "88 30 01 FF", "88 30 02 FF");
    stage_hex(&s, "81 09 04 00 FF", "90 50 03 FF");
    stage_hex(&s, "81 01 04 47 04 00 00 00 FF", "90 61 41 FF"); /* not while off */
    stage_hex(&s, "81 01 04 00 02 FF", "90 41 FF");
    stage_pass(&s, 30 * LEC_MS);
    stage_hex(&s, "", "90 51 FF");
    stage_pass(&s, 6 * LEC_SEC);
    stage_hex(&s, "81 09 04 00 FF", "90 50 02 FF");
    stage_hex(&s, "81 01 04 47 04 00 00 00 FF", "90 41 FF");
    stage_pass(&s, LEC_SEC);
    stage_hex(&s, "81 01 06 04 FF", "90 42 FF"); /* the second socket; still zooming in the first */
    stage_hex(&s, "81 01 04 38 03 FF", "90 60 03 FF");
    stage_pass(&s, 4 * LEC_SEC);
    stage_hex(&s, "81 09 04 47 FF", "90 52 FF 90 51 FF 90 50 04 00 00 00 FF");
    stage_hex(&s, "81 01 04 7E 03 FF", "90 60 02 FF");
    stage_close(&s);
}

static void lcus_obeys_without_a_word(void **state)
{
    struct sim_stage s;
    struct lec_value v;
    (void)state;
    stage_open(&s, true);
    struct sim_device *d = stage_add(&s, "blinds", 1, &sim_face_lcus, &sim_model_relays, NULL, "relays=4");
    stage_connect(&s, NULL);
    stage_hex(&s, "A0 01 01 A2 A0 02 01 A4", ""); /* the second one's checksum is wrong */
    assert_true(sim_truth(d, "relay.a", &v) && v.b);
    assert_true(sim_truth(d, "relay.b", &v) && !v.b);
    stage_hex(&s, "A0 01 00 A1", "");
    assert_true(sim_truth(d, "relay.a", &v) && !v.b);
    stage_close(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_match_the_published_vectors),
        cmocka_unit_test(xy_md02_answers_as_the_sheet_says),
        cmocka_unit_test(sdm120_answers_as_the_sheet_says),
        cmocka_unit_test(pzem_answers_as_the_sheet_says),
        cmocka_unit_test(renke_and_supmea_answer_as_the_sheet_says),
        cmocka_unit_test(relay_board_answers_as_the_sheet_says),
        cmocka_unit_test(a_frame_is_found_after_noise_and_in_pieces),
        cmocka_unit_test(exceptions_name_the_mistake),
        cmocka_unit_test(several_units_share_a_line),
        cmocka_unit_test(modbus_tcp_keeps_the_transaction_and_knows_its_units),
        cmocka_unit_test(pjlink_asks_for_the_digest_and_takes_the_right_one),
        cmocka_unit_test(pjlink_takes_the_sha256_form_too),
        cmocka_unit_test(pjlink_locks_out_while_it_warms_and_cools),
        cmocka_unit_test(pjlink_counts_lamp_hours_only_while_lit),
        cmocka_unit_test(escvp21_gives_its_colon),
        cmocka_unit_test(escvp_net_shakes_hands_first),
        cmocka_unit_test(smart_prompts_and_drops_what_comes_too_soon),
        cmocka_unit_test(tesira_negotiates_then_echoes),
        cmocka_unit_test(mdc_answers_as_the_sheet_says),
        cmocka_unit_test(visca_acknowledges_then_completes),
        cmocka_unit_test(lcus_obeys_without_a_word),
    };
    return cmocka_run_group_tests(tests, load_maps, free_maps);
}
