/* The driver through the real libmodbus against frames that manuals print. Source: lab-protocols.md, 1.7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver/modbus_wire.h"

static struct lec_bench b;

static void begin(const char *profile)
{
    lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile = profile, .line = RTU_LINE});
}

static void begin_text(const char *text, const char *line)
{
    lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile_text = text, .line = line});
}

static void reads(const char *point, const char *value)
{
    assert_string_equal(lec_bench_point(&b, point), value);
}

static void end(void)
{
    const char *mistake = lec_bench_finish(&b);
    if (mistake)
        fail_msg("%s", mistake);
    lec_bench_end(&b);
}

static int drop(void **state)
{
    (void)state;
    lec_bench_end(&b);
    return 0;
}

static void sdm120_voltage_is_230_1(void **state)
{
    (void)state;
    begin("eastron/sdm120");
    wire_play(&b, "> 01 04 00 00 00 02 71 CB", "< 01 04 04 43 66 19 9A 85 E4", NULL);
    assert_int_equal(lec_bench_poll(&b, "voltage"), 0);
    reads("voltage", "230.1");
    end();
}

static void sdm120_frequency_is_asked_where_the_manual_says(void **state)
{
    (void)state;
    begin("eastron/sdm120");
    wire_play(&b, "> 01 04 00 46 00 02 90 1E", "< 01 04 04 42 48 00 00 +", NULL);
    assert_int_equal(lec_bench_poll(&b, "frequency"), 0);
    reads("frequency", "50");
    end();
}

static void sdm120_is_read_in_two_requests(void **state)
{
    (void)state;
    begin("eastron/sdm120");
    wire_play(
        &b, "> 01 04 00 00 00 20 +",
        "< 01 04 40 43 66 19 9A 00 00 00 00 00 00 00 00 3F 80 00 00 00 00 00 00 00 00 00 00 42 C8 00 00 00 00 00 00 "
        "00 00 00 00 42 CA 00 00 00 00 00 00 00 00 00 00 41 20 00 00 00 00 00 00 00 00 00 00 3F 7D 70 A4 +",
        "> 01 04 00 46 00 06 +", "< 01 04 0C 42 48 00 00 3F 80 00 00 00 00 00 00 +", NULL);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    reads("voltage", "230.1");
    reads("current", "1");
    reads("power.active", "100");
    reads("power.apparent", "101");
    reads("power.reactive", "10");
    reads("power.factor", "0.99");
    reads("energy.import", "1");
    reads("energy.export", "0");
    end();
}

static void pzem_004t_gives_all_its_ten_registers_at_once(void **state)
{
    (void)state;
    begin("peacefair/pzem-004t");
    wire_play(&b, "> 01 04 00 00 00 0A 70 0D",
              "< 01 04 14 08 D1 00 6C 00 00 00 F4 00 00 00 26 00 00 01 F4 00 64 00 00 51 34", NULL);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    reads("voltage", "225.7");
    reads("current", "0.108");
    reads("power.active", "24.4");
    reads("energy.import", "0.038");
    reads("frequency", "50");
    reads("power.factor", "1");
    reads("alarm", "false");
    end();
}

static void pzem_004t_resets_its_energy_by_a_function_of_its_own(void **state)
{
    (void)state;
    begin("peacefair/pzem-004t");
    wire_play(&b, "> 01 42 80 11", "< 01 42 80 11", "> 01 42 80 11", "< 01 C2 02 +", "> 01 42 80 11", "< 01 42 80 12",
              NULL);
    assert_int_equal(lec_bench_invoke(&b, "energy.reset", NULL), 0);
    assert_int_equal(lec_bench_invoke(&b, "energy.reset", NULL), LEC_E_REFUSED);
    assert_non_null(strstr(b.err.text, "exception 2"));
    assert_int_equal(lec_bench_invoke(&b, "energy.reset", NULL), LEC_E_FRAME);
    end();
}

static void xy_md02_is_25_0_and_minus_5_1_degrees(void **state)
{
    (void)state;
    begin("generic/xy-md02");
    wire_play(&b, "> 01 04 00 01 00 02 20 0B", "< 01 04 04 00 FA 01 F9 1A 67", "> 01 04 00 01 00 02 20 0B",
              "< 01 04 04 FF CD 01 80 5A 5F", NULL);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    reads("temperature", "25");
    reads("humidity", "50.5");
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    reads("temperature", "-5.1");
    reads("humidity", "38.4");
    end();
}

static void renke_is_65_8_percent_and_minus_10_1_degrees(void **state)
{
    (void)state;
    begin("renke/rs-ws-n01");
    wire_play(&b, "> 01 03 00 00 00 02 C4 0B", "< 01 03 04 02 92 FF 9B 5A 3D", NULL);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    reads("humidity", "65.8");
    reads("temperature", "-10.1");
    end();
}

static void supmea_is_ph_7_and_is_calibrated_by_a_code(void **state)
{
    (void)state;
    begin("supmea/sup-ph8001");
    wire_play(&b, "> 01 03 00 00 00 03 +", "< 01 03 06 00 FA 02 BC 00 06 B9 3F", "> 01 06 00 07 00 0D +",
              "< 01 06 00 07 00 0D +", NULL);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    reads("temperature", "25");
    reads("ph", "7");
    reads("potential", "0.6");
    assert_int_equal(lec_bench_invoke(&b, "calibrate", "ph7"), 0);
    end();
}

static void r4dcb08_tells_which_probe_is_missing(void **state)
{
    (void)state;
    begin("generic/r4dcb08");
    wire_play(&b, "> 01 03 00 00 00 08 +", "< 01 03 10 00 FA 80 00 FF 9B 00 00 80 00 80 00 80 00 80 00 +", NULL);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    reads("temperature", "25");
    reads("temperature.b", "bad: no probe");
    reads("temperature.c", "-10.1");
    reads("temperature.d", "0");
    end();
}

static void a_relay_is_switched_and_read_back(void **state)
{
    (void)state;
    begin("waveshare/relay-8ch");
    wire_play(&b, "> 01 05 00 00 FF 00 8C 3A", "< 01 05 00 00 FF 00 8C 3A", "> 01 05 00 00 00 00 CD CA",
              "< 01 05 00 00 00 00 CD CA", "> 01 05 00 01 FF 00 DD FA", "< 01 05 00 01 FF 00 DD FA",
              "> 01 01 00 00 00 08 3D CC", "< 01 01 01 05 91 8B", NULL);
    assert_int_equal(lec_bench_write(&b, "relay.a", "true"), 0);
    assert_int_equal(lec_bench_write(&b, "relay.a", "false"), 0);
    assert_int_equal(lec_bench_write(&b, "relay.b", "true"), 0);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    reads("relay.a", "true");
    reads("relay.b", "false");
    reads("relay.c", "true");
    end();
}

static void all_lights_are_switched_in_one_request(void **state)
{
    (void)state;
    begin("waveshare/io-8ch-lights");
    wire_play(&b, "> 01 0F 00 02 00 03 01 07 +", "< 01 0F 00 02 00 03 +", "> 01 01 00 02 00 03 +", "< 01 01 01 02 +",
              NULL);
    assert_int_equal(lec_bench_write(&b, "power", "true"), 0);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    reads("power", "true");
    reads("front", "false");
    reads("rear", "true");
    reads("board", "false");
    end();
}

static const char wide[] =
    "[device]\nclass = sensor\ndriver = modbus\nmodel = test\nsource = none\n"
    "[line]\ntimeout = 60ms\nretries = 0\n"
    "[point a]\ntype = float\naccess = both\nregister = holding 0x10 f32 CDAB\n"
    "[point b]\ntype = int\naccess = both\nregister = holding 0x20.4-7\n"
    "[point c]\ntype = bool\naccess = both\nregister = holding 0x21.3\nwrite with = mask\n"
    "[point d]\ntype = enum\nchoices = off, eco, full\naccess = both\nregister = input 0x30\n"
    "write = holding 0x40\ncodes = off:0, eco:1, full:2\nwrite codes = off:0x10, eco:0x11, full:0x12\n"
    "[point e]\ntype = text\naccess = both\nregister = holding 0x50 text 2\n"
    "[point f]\ntype = int\naccess = both\nregister = holding 0x60\nwrite with = multiple\n";

static void values_are_written_as_the_profile_says(void **state)
{
    (void)state;
    begin_text(wide, RTU_LINE);
    wire_play(&b, "> 01 10 00 10 00 02 04 E9 79 42 F6 +", "< 01 10 00 10 00 02 +",                             /* a */
              "> 01 03 00 20 00 01 +", "< 01 03 02 AB CD +", "> 01 06 00 20 AB 5D +", "< 01 06 00 20 AB 5D +", /* b */
              "> 01 16 00 21 FF F7 00 08 +", "< 01 16 00 21 FF F7 00 08 +",                                    /* c */
              "> 01 06 00 40 00 11 +", "< 01 06 00 40 00 11 +",                                                /* d */
              "> 01 10 00 50 00 02 04 61 62 63 00 +", "< 01 10 00 50 00 02 +",                                 /* e */
              "> 01 10 00 60 00 01 02 00 2A +", "< 01 10 00 60 00 01 +", NULL);                                /* f */
    assert_int_equal(lec_bench_write(&b, "a", "123.456"), 0);
    assert_int_equal(lec_bench_write(&b, "b", "5"), 0);
    assert_int_equal(lec_bench_write(&b, "c", "true"), 0);
    assert_int_equal(lec_bench_write(&b, "d", "eco"), 0);
    assert_int_equal(lec_bench_write(&b, "e", "abc"), 0);
    assert_int_equal(lec_bench_write(&b, "f", "42"), 0);
    end();
}

static void what_does_not_fit_is_not_sent(void **state)
{
    (void)state;
    begin_text(wide, RTU_LINE);
    wire_play(&b, NULL);
    assert_int_equal(lec_bench_write(&b, "b", "16"), LEC_E_RANGE);
    assert_int_equal(lec_bench_write(&b, "e", "hello"), LEC_E_RANGE);
    assert_int_equal(lec_bench_write(&b, "f", "-1"), LEC_E_RANGE);
    end();
}

static void tcp_frames_bear_number_and_unit(void **state)
{
    (void)state;
    begin_text(wide, TCP_LINE);
    wire_play(&b, "> 00 01 00 00 00 06 03 03 00 10 00 02", "< 00 01 00 00 00 07 03 03 04 E9 79 42 F6",
              "> 00 02 00 00 00 06 03 04 00 30 00 01", "< 00 02 00 00 00 05 03 04 02 00 01",
              "> 00 03 00 00 00 06 03 06 00 40 00 12", "< 00 03 00 00 00 06 03 06 00 40 00 12", NULL);
    assert_int_equal(lec_bench_poll(&b, "a"), 0);
    reads("a", "123.456");
    assert_int_equal(lec_bench_poll(&b, "d"), 0);
    reads("d", "eco");
    assert_int_equal(lec_bench_write(&b, "d", "full"), 0);
    assert_false(b.port.broken);
    end();
}

static void rtu_frames_can_travel_over_the_network(void **state)
{
    (void)state;
    lec_bench_begin(&b, &lec_driver_entry,
                    &(struct lec_bench_setup){.profile = "generic/xy-md02",
                                              .line = "modbus+tcp://127.0.0.1:502?slave=1",
                                              .device = "framing = rtu\n"});
    wire_play(&b, "> 01 04 00 01 00 02 20 0B", "< 01 04 04 00 FA 01 F9 1A 67", NULL);
    assert_int_equal(lec_bench_poll(&b, NULL), 0);
    reads("temperature", "25");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sdm120_voltage_is_230_1, drop),
        cmocka_unit_test_teardown(sdm120_frequency_is_asked_where_the_manual_says, drop),
        cmocka_unit_test_teardown(sdm120_is_read_in_two_requests, drop),
        cmocka_unit_test_teardown(pzem_004t_gives_all_its_ten_registers_at_once, drop),
        cmocka_unit_test_teardown(pzem_004t_resets_its_energy_by_a_function_of_its_own, drop),
        cmocka_unit_test_teardown(xy_md02_is_25_0_and_minus_5_1_degrees, drop),
        cmocka_unit_test_teardown(renke_is_65_8_percent_and_minus_10_1_degrees, drop),
        cmocka_unit_test_teardown(supmea_is_ph_7_and_is_calibrated_by_a_code, drop),
        cmocka_unit_test_teardown(r4dcb08_tells_which_probe_is_missing, drop),
        cmocka_unit_test_teardown(a_relay_is_switched_and_read_back, drop),
        cmocka_unit_test_teardown(all_lights_are_switched_in_one_request, drop),
        cmocka_unit_test_teardown(values_are_written_as_the_profile_says, drop),
        cmocka_unit_test_teardown(what_does_not_fit_is_not_sent, drop),
        cmocka_unit_test_teardown(tcp_frames_bear_number_and_unit, drop),
        cmocka_unit_test_teardown(rtu_frames_can_travel_over_the_network, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
