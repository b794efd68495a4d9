/* The bytes of the Go! family, by the golden transcript and the example record of the fact sheet (lab-protocols.md 2.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "driver/bench.h"
#include "go.h"

/* A simulated Go!Temp: sensor 60, A -256, B 102.4, unit "(C)". */
static const char record[] = "013c341200052308"
                             "476f212054656d70000000000000000000000000"
                             "54656d700000000000000000"
                             "01330000"
                             "0000003f"
                             "0000003f"
                             "6801"
                             "0000"
                             "01"
                             "0e"
                             "01"
                             "0000a0c1"
                             "0000fa42"
                             "0a"
                             "0000"
                             "000080c3"
                             "cdcccc42"
                             "00000000"
                             "28432900000000"
                             "0000000000000000000000000000000000000000000000000000000000000000000000000000"
                             "14";

static void assert_near(double got, double want, double within)
{
    if (!(got >= want - within && got <= want + within))
        fail_msg("%.9g is not %.9g", got, want);
}

static void from_hex(const char *hex, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char byte[] = {'0', 'x', hex[2 * i], hex[2 * i + 1], '\0'};
        int64_t v;
        assert_int_equal(lec_parse_int(byte, 0, 255, &v), 0);
        out[i] = (uint8_t)v;
    }
}

static void get_record(uint8_t out[GO_MEMORY])
{
    assert_int_equal(strlen(record), 2 * GO_MEMORY);
    from_hex(record, out, GO_MEMORY);
}

static void sum(uint8_t memory[GO_MEMORY])
{
    memory[GO_MEMORY - 1] = 0;
    for (size_t i = 0; i < GO_MEMORY - 1; i++)
        memory[GO_MEMORY - 1] ^= memory[i];
}

/* ---- Packets -------------------------------------------------------------------------------------------------- */

static struct go_packet packet(enum go_kind kind, const char *hex)
{
    uint8_t bytes[GO_PACKET];
    struct go_packet p;
    size_t n = strlen(hex) / 2;
    from_hex(hex, bytes, n);
    (void)go_packet_read(kind, bytes, n, &p);
    return p;
}

static void commands_are_padded_with_zeros(void **state)
{
    (void)state;
    static const uint8_t period[] = {0x1B, 0x42, 0x0F, 0, 0, 0, 0, 0};
    uint8_t args[4], out[GO_PACKET];
    go_put_u32(args, 3906);
    go_command_write(GO_SET_PERIOD, args, sizeof args, out);
    assert_memory_equal(out, period, GO_PACKET);
}

static void measurements_are_counts_with_a_rolling_number(void **state)
{
    (void)state;
    struct go_packet p = packet(GO_TEMP, "0101980a00000000");
    assert_int_equal(p.kind, GO_MEASUREMENT);
    assert_int_equal(p.counter, 1);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.sample[0], 2712);
    p = packet(GO_LINK, "03ff0080ffff0100");
    assert_int_equal(p.kind, GO_MEASUREMENT);
    assert_int_equal(p.counter, 255);
    assert_int_equal(p.n, 3);
    assert_int_equal(p.sample[0], -32768);
    assert_int_equal(p.sample[1], -1);
    assert_int_equal(p.sample[2], 1);
    p = packet(GO_MOTION, "010740420f000000");
    assert_int_equal(p.kind, GO_MEASUREMENT);
    assert_int_equal(p.sample[0], 1000000); /* micrometres */
}

static void packets_that_make_no_sense_are_noise(void **state)
{
    (void)state;
    static const struct {
        enum go_kind kind;
        const char *hex;
    } bad[] = {
        {GO_TEMP, ""},                   /* nothing at all */
        {GO_TEMP, "0001000000000000"},   /* no sample */
        {GO_LINK, "0401000000000000"},   /* more than fit */
        {GO_LINK, "0301000000"},         /* cut short */
        {GO_TEMP, "01"},                 /* not even a number */
        {GO_MOTION, "0201000000000000"}, /* a motion detector sends one at a time */
        {GO_MOTION, "0101000000000100"}, /* a velocity, which nobody asked for */
        {GO_TEMP, "5f1a"},               /* promises more than there is */
        {GO_TEMP, "5800000000000000"},   /* an answer without a command */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(packet(bad[i].kind, bad[i].hex).kind, GO_NOISE);
    assert_int_equal(packet(GO_LINK, "c000000000000000").kind, GO_NOTICE);
}

static bool answer(struct go_answer *a, const char *hex)
{
    struct go_packet p = packet(GO_TEMP, hex);
    return p.kind == GO_REPLY && go_answer_take(a, &p);
}

static void answers_belong_to_their_command(void **state)
{
    (void)state;
    struct go_answer a;
    go_answer_begin(&a, GO_INIT);
    assert_false(answer(&a, "5a1a000000000000")); /* INIT has answers of its own kind */
    assert_true(answer(&a, "9a1a000000000000"));
    assert_true(a.done && !a.bad);
    go_answer_begin(&a, GO_GET_STATUS);
    assert_false(answer(&a, "5a18000000000000")); /* a late answer to START */
    assert_true(answer(&a, "5c10004101000000"));
    assert_true(a.done);
    assert_int_equal(a.n, 3);
    assert_int_equal(a.data[1], 0x41);
    assert_false(answer(&a, "5c10004101000000")); /* it is complete */
}

static void an_error_tells_its_status(void **state)
{
    (void)state;
    struct go_answer a;
    go_answer_begin(&a, (enum go_command)0x99);
    assert_true(answer(&a, "7a99310000000000"));
    assert_true(a.done && a.bad);
    assert_int_equal(a.data[0], GO_NOT_SUPPORTED);
    assert_string_equal(go_status_text(a.data[0]), "it does not know this command");
    assert_non_null(strstr(go_status_text(0xEE), "no"));
}

/* The nineteen packets in which a memory of 128 bytes comes. */
static void send_memory(struct go_answer *a, const uint8_t memory[GO_MEMORY])
{
    size_t packets = 0;
    for (size_t at = 0; at < GO_MEMORY; packets++) {
        uint8_t bytes[GO_PACKET] = {0x4F, GO_READ_LOCAL};
        size_t room = at == 0 ? 6 : 7, n = GO_MEMORY - at < room ? GO_MEMORY - at : room;
        if (at > 0)
            bytes[0] = (uint8_t)(0x40 + n + (at + n == GO_MEMORY ? 0x10 : 0));
        memcpy(bytes + (at == 0 ? 2 : 1), memory + at, n);
        at += n;
        struct go_packet p;
        assert_int_equal(go_packet_read(GO_TEMP, bytes, sizeof bytes, &p), GO_REPLY);
        assert_false(a->done);
        assert_true(go_answer_take(a, &p));
    }
    assert_int_equal(packets, 19);
}

static void a_memory_comes_in_nineteen_packets(void **state)
{
    (void)state;
    uint8_t memory[GO_MEMORY];
    struct go_answer a;
    get_record(memory);
    go_answer_begin(&a, GO_READ_LOCAL);
    assert_false(answer(&a, "473408476f212054")); /* the middle of an answer that we did not ask for */
    send_memory(&a, memory);
    assert_true(a.done && !a.bad);
    assert_int_equal(a.n, GO_MEMORY);
    assert_memory_equal(a.data, memory, GO_MEMORY);
}

static void an_answer_without_end_is_not_taken_for_ever(void **state)
{
    (void)state;
    struct go_answer a;
    go_answer_begin(&a, GO_READ_LOCAL);
    assert_true(answer(&a, "4f17000000000000"));
    size_t taken = 0;
    while (taken < 100 && answer(&a, "4700000000000000"))
        taken++;
    assert_int_equal(taken, (GO_MEMORY - 6) / 7);
    assert_false(a.done);
}

/* ---- Memories ------------------------------------------------------------------------------------------------- */

static void the_example_record_is_a_thermometer(void **state)
{
    (void)state;
    uint8_t memory[GO_MEMORY];
    struct go_memory m;
    struct lec_calibration c;
    struct lec_err err;
    get_record(memory);
    assert_int_equal(go_memory_read(memory, &m), GO_MEMORY_GOOD);
    assert_int_equal(m.number, 60);
    assert_int_equal(m.serial, 0x1234);
    assert_string_equal(m.name, "Go! Temp");
    assert_string_equal(m.unit, "(C)");
    assert_int_equal(m.equation, 1);
    assert_int_equal(m.input, GO_INPUT_5V);
    assert_true(m.typical_s > 0.49 && m.typical_s < 0.51);
    assert_int_equal(go_calibration(&m, &c, &err), 0);
    assert_string_equal(c.unit, "Cel");
    assert_string_equal(c.source, "sensor");
    /* counts of the golden transcript, and the formula that holds for every Go!Temp */
    const double raw[] = {2712, 2720, -1280, 0};
    double got[ARRAY_LEN(raw)];
    lec_calibrate(&c, raw, got, ARRAY_LEN(raw));
    for (size_t i = 0; i < ARRAY_LEN(raw); i++)
        assert_near(got[i], raw[i] / 128, 1e-4);
}

static void a_wrong_checksum_makes_a_sane_memory_doubtful(void **state)
{
    (void)state;
    uint8_t memory[GO_MEMORY];
    struct go_memory m;
    get_record(memory);
    memory[GO_MEMORY - 1] ^= 0x5A;
    assert_int_equal(go_memory_read(memory, &m), GO_MEMORY_UNCHECKED);
    assert_string_equal(m.name, "Go! Temp");
}

static void memories_that_make_no_sense_are_bad(void **state)
{
    (void)state;
    uint8_t memory[GO_MEMORY];
    struct go_memory m;
    memset(memory, 0, sizeof memory); /* its checksum is right */
    assert_int_equal(go_memory_read(memory, &m), GO_MEMORY_BAD);
    memset(memory, 0xFF, sizeof memory);
    assert_int_equal(go_memory_read(memory, &m), GO_MEMORY_BAD);
    static const struct {
        size_t at;
        uint8_t byte;
    } spoilt[] = {{58, 0}, {58, 17}, {69, 3}, {73, 0x7F}, {8, 0x07}, {8, 0x00}};
    for (size_t i = 0; i < ARRAY_LEN(spoilt); i++) {
        get_record(memory);
        memory[spoilt[i].at] = spoilt[i].byte;
        if (spoilt[i].at == 73)
            memory[72] = 0xC0; /* with the byte above: not a number */
        sum(memory);
        assert_int_equal(go_memory_read(memory, &m), GO_MEMORY_BAD);
    }
}

static void the_active_page_counts(void **state)
{
    (void)state;
    static const uint8_t one_two[] = {0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0, 0, '(', 0xB0, 'C', ')', 0, 0, 0};
    uint8_t memory[GO_MEMORY];
    struct go_memory m;
    get_record(memory);
    memory[69] = 2;
    memcpy(memory + 108, one_two, sizeof one_two);
    sum(memory);
    assert_int_equal(go_memory_read(memory, &m), GO_MEMORY_GOOD);
    assert_near(m.a, 1, 0);
    assert_near(m.b, 2, 0);
    assert_string_equal(m.unit, "(\xC2\xB0"
                                "C)");
    assert_string_equal(go_unit(m.unit), "Cel");
}

static void equations_become_calibrations_or_reasons(void **state)
{
    (void)state;
    struct lec_err err;
    struct lec_calibration c;
    double y, x = 0; /* 2.5 V */
    struct go_memory m = {.name = "X", .a = 1, .b = 2, .c = 3, .input = GO_INPUT_5V};
    static const struct {
        unsigned equation;
        double want;
    } known[] = {{1, 6}, {2, 24.75}, {4, 5.65685424949238}};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        m.equation = known[i].equation;
        assert_int_equal(go_calibration(&m, &c, &err), 0);
        lec_calibrate(&c, &x, &y, 1);
        assert_near(y, known[i].want, 1e-9);
    }
    for (unsigned equation = 0; equation < 20; equation++) {
        m.equation = equation;
        bool is_known = equation == 1 || equation == 2 || equation == 4 || equation == 12;
        assert_int_equal(go_calibration(&m, &c, &err), is_known ? 0 : LEC_E_NOTSUP);
    }
    assert_non_null(strstr(err.text, "equation 19"));
}

static void a_thermistor_divides_five_volts(void **state)
{
    (void)state;
    struct go_memory m;
    struct lec_calibration c;
    struct lec_err err;
    assert_true(go_memory_default(10, &m));
    assert_int_equal(go_calibration(&m, &c, &err), 0);
    /* 20 kOhm: 20/35 of 5 V; 1/(A + B ln R + C ln^3 R) gives 24.99 degrees */
    double raw = (5.0 * 20 / 35 - 2.5) / 2.5 * 32768, y;
    lec_calibrate(&c, &raw, &y, 1);
    assert_near(y, 24.99, 0.05);
}

static void old_sensors_are_known_by_number(void **state)
{
    (void)state;
    struct go_memory m;
    assert_true(go_memory_default(14, &m));
    assert_int_equal(m.input, GO_INPUT_5V);
    assert_true(go_memory_default(11, &m));
    assert_int_equal(m.input, GO_INPUT_10V);
    struct lec_calibration c;
    struct lec_err err;
    double raw = 3276.8, volts;
    assert_int_equal(go_calibration(&m, &c, &err), 0);
    lec_calibrate(&c, &raw, &volts, 1);
    assert_near(volts, 3, 1e-9); /* a volt at the input is three at the probe */
    assert_false(go_memory_default(0, &m));
    assert_false(go_memory_default(60, &m));
}

static void a_link_corrects_its_converter(void **state)
{
    (void)state;
    /* version, signature, date, offsets 12 and -3, slopes 1.00390625 and 0.998046875, all big-endian */
    static const uint8_t good[GO_FLASH] = {1,    0x9C, 0x23, 5,    0,    12, 0xFF, 0xFD, 0x3F, 0x80,
                                           0x80, 0,    0x3F, 0x7F, 0x80, 0,  0xFF, 0xFF, 0xFF, 0xFF};
    struct go_flash f;
    go_flash_read(good, &f);
    assert_true(f.valid);
    assert_int_equal(go_flash_correct(&f, GO_INPUT_10V, 1000), 1016); /* 1012 * 1.00390625 = 1015.95 */
    assert_int_equal(go_flash_correct(&f, GO_INPUT_5V, 1003), 998);   /* 1000 * 0.998046875 = 998.05 */
    assert_int_equal(go_flash_correct(&f, GO_INPUT_5V, -32768), -32707);
    uint8_t bad[GO_FLASH];
    memset(bad, 0xFF, sizeof bad);
    go_flash_read(bad, &f);
    assert_false(f.valid);
    assert_int_equal(go_flash_correct(&f, GO_INPUT_5V, 1003), 1003);
    memcpy(bad, good, sizeof bad);
    bad[8] = 0x40; /* a slope of four */
    go_flash_read(bad, &f);
    assert_false(f.valid);
}

/* ---- Samples -------------------------------------------------------------------------------------------------- */

static struct lec_bench b;

static struct {
    double raw[64];
    size_t n_raw, n;
    struct lec_block at[8];
} heard;

static void on_block(void *ctx, const struct lec_point *point, const struct lec_block *block)
{
    (void)ctx;
    assert_string_equal(lec_key_text(&point->keys, "read", ""), "samples");
    assert_true(heard.n < ARRAY_LEN(heard.at) && heard.n_raw + block->n <= ARRAY_LEN(heard.raw));
    memcpy(heard.raw + heard.n_raw, block->raw, block->n * sizeof *block->raw);
    heard.n_raw += block->n;
    heard.at[heard.n++] = *block;
}

/* A probe that measures each `ticks`, as after START. */
static struct go *measuring(const char *profile, const char *line, uint32_t ticks)
{
    lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile = profile, .line = line});
    b.sink.block = on_block;
    memset(&heard, 0, sizeof heard);
    struct go *g = b.hosted.dev.state;
    g->measures = true;
    g->counter = -1;
    g->in_last = 1;
    g->ticks = ticks;
    lec_pace_begin(&g->pace, (double)ticks * (double)g->model->tick_ns);
    return g;
}

static void come(struct go *g, const char *hex, int64_t ns)
{
    struct usb_packet *p = &g->usb.ring[(g->usb.first + g->usb.n++) % USB_RING];
    p->ns = ns;
    p->n = (uint8_t)(strlen(hex) / 2);
    from_hex(hex, p->p, p->n);
}

static int teardown(void **state)
{
    (void)state;
    lec_bench_end(&b);
    return 0;
}

static void lost_packets_are_counted_where_they_are_missing(void **state)
{
    (void)state;
    struct go *g = measuring("vernier/go-temp", "usb://08f7:0002", 3906);
    int64_t t = lec_now();
    come(g, "01fe0a0000000000", t);
    come(g, "01ff0b0000000000", t + 500 * LEC_MS);
    come(g, "01000c0000000000", t + 1000 * LEC_MS); /* it rolls over: nothing is missing */
    come(g, "01030d0000000000", t + 2500 * LEC_MS);
    go_take_all(&b.hosted.dev);
    assert_int_equal(heard.n, 2);
    assert_int_equal(heard.at[0].n, 3);
    assert_int_equal(heard.at[0].lost, 0);
    assert_int_equal(heard.at[1].n, 1);
    assert_int_equal(heard.at[1].lost, 2);
    assert_near((double)(heard.at[1].first_ns - heard.at[0].first_ns), 2.5e9, 5e6); /* time goes on over the gap */
    for (size_t i = 0; i < 4; i++)
        assert_near(heard.raw[i], 10 + (double)i, 0);
}

static void a_lost_packet_of_three_is_three_samples(void **state)
{
    (void)state;
    struct go *g = measuring("vernier/go-link", "usb://08f7:0003", 5);
    int64_t t = lec_now();
    come(g, "0301010002000300", t);
    come(g, "0303040005000600", t + 30 * LEC_MS);
    go_take_all(&b.hosted.dev);
    assert_int_equal(heard.n, 2);
    assert_int_equal(heard.at[1].lost, 3);
    assert_int_equal(heard.n_raw, 6);
    assert_near(heard.at[1].interval_ns, 5e6, 5e4);
}

static void samples_before_the_start_are_nobodys(void **state)
{
    (void)state;
    struct go *g = measuring("vernier/go-temp", "usb://08f7:0002", 3906);
    g->measures = false;
    come(g, "01fe0a0000000000", lec_now());
    go_take_all(&b.hosted.dev);
    assert_int_equal(heard.n, 0);
}

/* ---- Rates and profiles --------------------------------------------------------------------------------------- */

static void rates_are_those_that_the_device_has(void **state)
{
    (void)state;
    struct go g = {.model = go_model_named("temp")};
    struct lec_err err;
    uint32_t ticks = 0;
    assert_int_equal(go_ticks(&g, 0, &ticks, &err), 0);
    assert_int_equal(ticks, 3906);
    assert_int_equal(go_ticks(&g, 500 * LEC_MS, &ticks, &err), 0);
    assert_int_equal(ticks, 3906);
    assert_int_equal(go_ticks(&g, LEC_SEC, &ticks, &err), 0);
    assert_int_equal(ticks, 7813);
    assert_int_equal(go_ticks(&g, 100 * LEC_MS, &ticks, &err), LEC_E_RANGE);
    assert_int_equal(ticks, 7813);
    assert_non_null(strstr(err.text, "each 500ms to"));
    assert_non_null(strstr(err.text, "at most 2 a second"));
    g.model = go_model_named("link");
    g.memory.typical_s = 0.02;
    assert_int_equal(go_ticks(&g, 0, &ticks, &err), 0);
    assert_int_equal(ticks, 20);
    assert_int_equal(go_ticks(&g, 5 * LEC_MS, &ticks, &err), 0);
    assert_int_equal(go_ticks(&g, 4 * LEC_MS, &ticks, &err), LEC_E_RANGE);
    assert_int_equal(go_ticks(&g, 70 * LEC_SEC, &ticks, &err), LEC_E_RANGE);
    assert_int_equal(go_ticks(&g, -LEC_SEC, &ticks, &err), LEC_E_RANGE);
    g.memory.typical_s = 1e5; /* what a memory says is foreign too */
    assert_int_equal(go_ticks(&g, 0, &ticks, &err), 0);
    assert_int_equal(ticks, 65535);
    assert_null(go_model_named("labpro"));
    assert_string_equal(go_model_of(4)->name, "Go!Motion");
    assert_null(go_model_of(1));
}

static void a_profile_is_held_to_its_product(void **state)
{
    (void)state;
    char text[1024];
    static const char odd[] = "[device]\nclass = sensor\ndriver = vernier-go\nsource = test\n[driver]\nproduct = temp\n"
                              "[point temperature]\nread = samples\n"
                              "[point serial]\nread = samples\n"
                              "[point sensor]\nread = sensor\n[point name]\nread = sensor\n";
    struct lec_bench_setup right = {.profile = "vernier/go-temp", .line = "usb://08f7:0002/0523-4660"};
    assert_string_equal(lec_bench_mistakes(&lec_driver_entry, &right, text, sizeof text), "");
    struct lec_bench_setup other = {.profile = "vernier/go-temp", .line = "usb://08f7:0003"};
    (void)lec_bench_mistakes(&lec_driver_entry, &other, text, sizeof text);
    assert_non_null(strstr(text, "a Go!Temp is usb://08f7:0002, not usb://08f7:0003"));
    struct lec_bench_setup wrong = {.profile_text = odd, .line = "usb://08f7:0002"};
    (void)lec_bench_mistakes(&lec_driver_entry, &wrong, text, sizeof text);
    assert_non_null(strstr(text, "stream = yes"));
    assert_non_null(strstr(text, "samples is of type float, not text"));
    assert_non_null(strstr(text, "sensor is read by point sensor already"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_padded_with_zeros),
        cmocka_unit_test(measurements_are_counts_with_a_rolling_number),
        cmocka_unit_test(packets_that_make_no_sense_are_noise),
        cmocka_unit_test(answers_belong_to_their_command),
        cmocka_unit_test(an_error_tells_its_status),
        cmocka_unit_test(a_memory_comes_in_nineteen_packets),
        cmocka_unit_test(an_answer_without_end_is_not_taken_for_ever),
        cmocka_unit_test(the_example_record_is_a_thermometer),
        cmocka_unit_test(a_wrong_checksum_makes_a_sane_memory_doubtful),
        cmocka_unit_test(memories_that_make_no_sense_are_bad),
        cmocka_unit_test(the_active_page_counts),
        cmocka_unit_test(equations_become_calibrations_or_reasons),
        cmocka_unit_test(a_thermistor_divides_five_volts),
        cmocka_unit_test(old_sensors_are_known_by_number),
        cmocka_unit_test(a_link_corrects_its_converter),
        cmocka_unit_test_teardown(lost_packets_are_counted_where_they_are_missing, teardown),
        cmocka_unit_test_teardown(a_lost_packet_of_three_is_three_samples, teardown),
        cmocka_unit_test_teardown(samples_before_the_start_are_nobodys, teardown),
        cmocka_unit_test(rates_are_those_that_the_device_has),
        cmocka_unit_test(a_profile_is_held_to_its_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
