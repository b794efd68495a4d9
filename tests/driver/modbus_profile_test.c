/* What the driver says of a profile: every mistake at its line, with what was expected; and every profile that ships. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "driver/modbus_wire.h"

/* Seven lines, so that the point's heading is line 8 of the file. */
#define HEAD "[device]\nclass = sensor\ndriver = modbus\nmodel = test\nsource = none\n[driver]\n%s\n[point x]\n%s\n"

static char told[4096];

static const char *mistakes(const char *driver, const char *point)
{
    char profile[2048];
    snprintf(profile, sizeof profile, HEAD, driver, point);
    return lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile_text = profile, .line = RTU_LINE},
                              told, sizeof told);
}

struct mistake_case {
    const char *driver, *point, *told;
};

static void every_mistake_is_told_with_its_line(void **state)
{
    (void)state;
    static const struct mistake_case cases[] = {
        {"", "type = float\naccess = read", "line 8: x: register: is missing"},
        {"", "type = float\naccess = read\nregister = inptu 3",
         "line 11: x: register: kind of register \"inptu\" is not known"},
        {"", "type = float\naccess = read\nregister = coil 3", "a coil holds one bit, but the point is float"},
        {"", "type = text\naccess = read\nregister = input 3", "a text point needs the format text"},
        {"", "type = int\naccess = read\nregister = input 3 text 4", "only a text point does"},
        {"", "type = bool\naccess = read\nregister = input 3 f32", "f32 and f64 are for int and float points"},
        {"", "type = int\naccess = read\nregister = input 3\nscale = 0.1", "line 12: x: scale: \"0.1\" gives decimals"},
        {"", "type = bool\naccess = read\nregister = input 3\nscale = 2", "only numbers can be scaled"},
        {"", "type = float\naccess = read\nregister = input 3\nscale = 0.x",
         "line 12: x: scale: \"0.x\" is not a number"},
        {"", "type = float\naccess = read\nregister = input 3\nscale = 2\noffset = -",
         "line 13: x: offset: \"-\" is not a number"},
        {"", "type = int\naccess = read\nregister = input 3\ncodes = a:1", "codes are for bool and enum points"},
        {"", "type = enum\nchoices = off, on\naccess = read\nregister = input 3", "an enum needs the number of each"},
        {"", "type = enum\nchoices = off, on\naccess = read\nregister = input 3\ncodes = off:0, om:1",
         "did you mean \"on\"?"},
        {"", "type = enum\nchoices = off, on\naccess = both\nregister = holding 3\ncodes = off:0",
         "\"on\" can be written but has no code"},
        {"", "type = bool\naccess = read\nregister = input 3\ncodes = true:1, maybe:2",
         "\"maybe\" is not true or false"},
        {"", "type = int\naccess = both\nregister = input 3", "input registers cannot be written"},
        {"", "type = bool\naccess = both\nregister = discrete 3", "discrete registers cannot be written"},
        {"", "type = int\naccess = read\nregister = input 3\nwrite = holding 3", "the point is for reading only"},
        {"", "type = int\naccess = read\nregister = input 3\nwrite with = single", "the point is for reading only"},
        {"", "type = int\naccess = both\nregister = holding 3 u32\nwrite with = single",
         "single writes one register, but there are 2"},
        {"", "type = int\naccess = both\nregister = holding 3\nwrite with = mask",
         "mask is for bits of a holding register"},
        {"", "type = bool\naccess = read\nregister = coil 3\nmissing = 1", "is for numbers in registers"},
        {"", "type = int\naccess = read\nregister = coil 3-5", "a range of coils is for a bool point"},
        {"", "type = int\naccess = read\nregister = input 3\ninvert = yes", "expected yes or no, at a bool point"},
        {"max registers = 1", "type = int\naccess = read\nregister = input 3 u32",
         "must come in one answer, but \"max registers\" is 1"},
        {"holes = input 3-x", "type = int\naccess = read\nregister = input 3", "line 7: dut: holes: expected no, yes"},
        {"max registers = 126", "type = int\naccess = read\nregister = input 3", "line 7:"},
        {"framing = tcp", "type = int\naccess = read\nregister = input 3", "tcp needs a line over the network"},
        {"", "type = int\naccess = read\nregister = input 3\n[action go]\n",
         "an action has one of write, stop and function"},
        {"", "type = int\naccess = read\nregister = input 3\n[action go]\nwrite = holding 3", "value: is missing"},
        {"", "type = int\naccess = read\nregister = input 3\n[action go]\nwrite = holding 3\nvalue = 70000",
         "does not fit"},
        {"", "type = int\naccess = read\nregister = input 3\n[action go]\nwrite = coil 3\nvalue = 7",
         "line 14: go: value:"},
        {"", "type = int\naccess = read\nregister = input 3\n[action go]\nstop = x", "is not a point with motor keys"},
        {"",
         "type = int\naccess = read\nregister = input 3\n[action go]\nargs = mode enum a|b\nwrite = holding 3\ncodes = a:1",
         "\"b\" can be written but has no code"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *text = mistakes(cases[i].driver, cases[i].point);
        if (!strstr(text, cases[i].told))
            fail_msg("\"%s\" is not in \"%s\"", cases[i].told, text);
    }
}

static void several_mistakes_are_told_at_once(void **state)
{
    (void)state;
    const char *text = mistakes("holes = maybe", "type = int\naccess = both\nregister = input 3\nscale = x\n"
                                                 "[point y]\ntype = int\naccess = read\nregister = 7\n");
    assert_non_null(strstr(text, "line 7:"));
    assert_non_null(strstr(text, "line 11:"));
    assert_non_null(strstr(text, "line 12:"));
    assert_non_null(strstr(text, "line 16:"));
}

static void a_number_from_a_manual_is_warned_of(void **state)
{
    (void)state;
    static const struct {
        const char *place, *told;
    } cases[] = {
        {"holding 40003", "write holding 2"}, {"input 30001", "write input 0"}, {"input 40003", ""}, {"holding 3", ""}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct lec_key key = {.name = "register", .value = cases[i].place, .file = "x.ini", .line = 3};
        struct lec_point point = {.name = "x", .type = LEC_INT, .access = LEC_READ, .keys = {&key, 1}, .file = "x.ini"};
        struct lec_device device = {
            .name = "dut", .driver = "modbus", .points = &point, .n_points = 1, .file = "room.ini"};
        struct lec_report report;
        struct modbus unit = {0};
        lec_report_init(&report);
        assert_int_equal(lec_driver_entry.schema.prepare(&device, &unit, &report), 0);
        assert_int_equal(report.errors, 0);
        assert_int_equal(report.n, *cases[i].told != '\0');
        if (report.n > 0 && !strstr(report.at[0].text, cases[i].told))
            fail_msg("%s", report.at[0].text);
        lec_driver_entry.schema.release(&unit);
        lec_report_done(&report);
    }
}

/* A board that serves a screen and the lights is two devices with one unit: exchange.h says what that changes. */
static void two_devices_with_one_unit_know_of_each_other(void **state)
{
    (void)state;
    static const struct {
        const char *own, *other, *driver;
        bool shares;
    } cases[] = {{"1", "1", "modbus", true}, {"1", "2", "modbus", false}, {"1", "1", "dialogue", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct lec_key keys[] = {{.name = "slave", .value = cases[i].own, .file = "room.ini", .line = 3},
                                 {.name = "slave", .value = cases[i].other, .file = "room.ini", .line = 9}};
        struct lec_device own = {.name = "a", .driver = "modbus", .file = "room.ini", .keys = {&keys[0], 1}};
        struct lec_device other = {.name = "b", .driver = cases[i].driver, .file = "room.ini", .keys = {&keys[1], 1}};
        const struct lec_device *both[] = {&own, &other};
        struct lec_line line = {
            .kind = LEC_LINE_PTY, .baud = 9600, .bits = 8, .parity = 'N', .stop = 1, .devices = both, .n_devices = 2};
        struct modbus m = {0};
        own.line = other.line = &line;
        assert_int_equal(lec_driver_entry.schema.prepare(&own, &m, NULL), 0);
        assert_int_equal(m.shares_unit, cases[i].shares);
        assert_int_equal(m.byte_ns, LEC_SEC * 10 / 9600);
        assert_int_equal(m.quiet_ns, LEC_SEC * 256 * 11 / 9600);
        lec_driver_entry.schema.release(&m);
    }
}

static void every_profile_that_ships_is_right(void **state)
{
    (void)state;
    static const char *const profiles[] = {
        "generic/xy-md02",     "generic/r4dcb08",   "eastron/sdm120",          "eastron/sdm630",
        "peacefair/pzem-004t", "wirenboard/wb-msw", "waveshare/io-8ch-screen", "waveshare/io-8ch-lights",
        "waveshare/relay-8ch", "renke/rs-ws-n01",   "supmea/sup-ph8001",
    };
    for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
        lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile = profiles[i], .line = RTU_LINE}, told,
                           sizeof told);
        if (*told)
            fail_msg("%s: %s", profiles[i], told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_told_with_its_line),
        cmocka_unit_test(several_mistakes_are_told_at_once),
        cmocka_unit_test(a_number_from_a_manual_is_warned_of),
        cmocka_unit_test(two_devices_with_one_unit_know_of_each_other),
        cmocka_unit_test(every_profile_that_ships_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
