/* The Go! probes as the simulator plays them, held to the golden transcript of lab-protocols.md 2.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "faces/faces.h"
#include "models/go.h"
#include "unit/sim_stage.h"

static struct sim_stage s;
static struct sim_device *probe;

static void begin(const char *traits)
{
    stage_open(&s, true);
    probe = stage_add(&s, "probe", 1, &sim_face_go, &sim_model_go, NULL, traits);
    stage_connect(&s, NULL);
}

static int teardown(void **state)
{
    (void)state;
    stage_close(&s);
    return 0;
}

static const struct sim_go *truth(void)
{
    return probe->state;
}

/* The packets that have come by themselves. */
static size_t packets(uint8_t *out, size_t size)
{
    ssize_t n = read(s.end, out, size);
    return n > 0 ? (size_t)n / 8 : 0;
}

static double s16(const uint8_t *p)
{
    return (double)(int16_t)(p[0] | p[1] << 8);
}

static void the_golden_transcript_is_kept(void **state)
{
    (void)state;
    begin("kind=temp serial=0523-4660");
    stage_hex(&s, "1A 00 00 00 00 00 00 00", "9A 1A 00 00 00 00 00 00");
    stage_hex(&s, "10 00 00 00 00 00 00 00", "5C 10 00 41 01 00 00 00");
    stage_hex(&s, "20 00 00 00 00 00 00 00", "5F 20 23 05 34 12 00 00");
    stage_hex(&s, "17 00 80 00 00 00 00 00",
              "4F 17 01 3C 34 12 00 05 47 23 08 47 6F 21 20 54 47 65 6D 70 00 00 00 00 47 00 00 00 00 00 00 00 "
              "47 00 54 65 6D 70 00 00 47 00 00 00 00 00 00 01 47 33 00 00 00 00 00 3F 47 00 00 00 3F 68 01 00 "
              "47 00 01 0E 01 00 00 A0 47 C1 00 00 FA 42 0A 00 47 00 00 00 80 C3 CD CC 47 CC 42 00 00 00 00 28 "
              "47 43 29 00 00 00 00 00 47 00 00 00 00 00 00 00 47 00 00 00 00 00 00 00 47 00 00 00 00 00 00 00 "
              "47 00 00 00 00 00 00 00 47 00 00 00 00 00 00 00 53 00 00 14 00 00 00 00");
    stage_hex(&s, "1B 42 0F 00 00 00 00 00", "5A 1B 00 00 00 00 00 00");
    stage_hex(&s, "1C 00 00 00 00 00 00 00", "5D 1C 42 0F 00 00 00 00");
    stage_hex(&s, "99 00 00 00 00 00 00 00", "7A 99 31 00 00 00 00 00");
    stage_hex(&s, "1D 80 10 00 00 00 00 00", "5A 1D 00 00 00 00 00 00");
    assert_int_equal(truth()->led, SIM_GO_GREEN);
    stage_hex(&s, "19 00 00 00 00 00 00 00", "5A 19 00 00 00 00 00 00");
}

static void samples_come_at_once_and_then_each_period(void **state)
{
    (void)state;
    uint8_t out[512], start[8] = {0x18};
    begin("kind=temp");
    size_t n = stage_ask(&s, start, sizeof start, out, sizeof out);
    stage_pass(&s, LEC_MS);
    n += 8 * packets(out + n, sizeof out - n);
    assert_int_equal(n, 16);
    assert_int_equal(out[0], 0x5A);
    assert_int_equal(out[8], 1);
    assert_int_equal(out[9], 1);
    assert_true(s16(out + 10) / 128 > truth()->value - 0.5 && s16(out + 10) / 128 < truth()->value + 0.5);
    stage_pass(&s, 2100 * LEC_MS); /* four more */
    assert_int_equal(packets(out, sizeof out), 4);
    assert_int_equal(out[3 * 8 + 1], 5);
    stage_hex(&s, "1B 84 1E 00 00 00 00 00", "7A 1B 34 00 00 00 00 00"); /* not while it measures */
    stage_hex(&s, "1A 00 00 00 00 00 00 00", "9A 1A 00 00 00 00 00 00"); /* that stops it */
    stage_pass(&s, 2 * LEC_SEC);
    assert_int_equal(packets(out, sizeof out), 0);
}

static void a_fast_link_puts_three_into_a_packet(void **state)
{
    (void)state;
    uint8_t out[4096], start[8] = {0x18};
    begin("kind=link sensor=25");
    stage_hex(&s, "1A 01 00 00 00 00 00 00", "9A 1A 00 00 00 00 00 00");
    stage_hex(&s, "28 00 00 00 00 00 00 00", "5D 28 19 00 00 00 00 00");
    stage_hex(&s, "1B 04 00 00 00 00 00 00", "7A 1B 36 00 00 00 00 00"); /* too fast */
    stage_hex(&s, "1B 05 00 00 00 00 00 00", "5A 1B 00 00 00 00 00 00");
    (void)stage_ask(&s, start, sizeof start, out, sizeof out);
    stage_pass(&s, 1500 * LEC_MS); /* 300 samples at 5 ms, the first at 0 */
    size_t n = packets(out, sizeof out);
    assert_int_equal(n, 100);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(out[8 * i], 3);
        assert_int_equal(out[8 * i + 1], (uint8_t)(i + 1));
    }
    assert_int_equal(truth()->samples, 300);
}

static void a_clock_that_is_ahead_delivers_more(void **state)
{
    (void)state;
    uint8_t out[8192], start[8] = {0x18};
    begin("kind=motion drift=10000"); /* one in a hundred */
    (void)stage_ask(&s, start, sizeof start, out, sizeof out);
    stage_pass(&s, 10 * LEC_SEC + 5 * LEC_MS);
    assert_int_equal(truth()->samples, 203); /* at 0 and each 49.505 ms */
}

static void lost_packets_are_counted_but_not_sent(void **state)
{
    (void)state;
    uint8_t out[512], start[8] = {0x18};
    begin("kind=motion");
    (void)stage_ask(&s, start, sizeof start, out, sizeof out);
    stage_pass(&s, 60 * LEC_MS);
    size_t n = packets(out, sizeof out);
    uint8_t last = out[8 * (n - 1) + 1];
    stage_fault(&s, SIM_LOST, 0, 2);
    stage_pass(&s, 150 * LEC_MS);
    assert_true(packets(out, sizeof out) >= 1);
    assert_int_equal(out[1], last + 3);
    assert_int_equal(truth()->lost, 2);
}

static void what_a_device_does_not_have_it_does_not_know(void **state)
{
    (void)state;
    begin("kind=motion");
    stage_hex(&s, "1A 02 00 00 00 00 00 00", "9A 1A 00 00 00 00 00 00");
    stage_hex(&s, "10 00 00 00 00 00 00 00", "5E 10 00 41 01 07 01 00");
    stage_hex(&s, "20 00 00 00 00 00 00 00", "7A 20 31 00 00 00 00 00");
    stage_hex(&s, "17 00 80 00 00 00 00 00", "7A 17 31 00 00 00 00 00");
    stage_hex(&s, "28 00 00 00 00 00 00 00", "7A 28 31 00 00 00 00 00");
}

static void one_that_is_not_ready_says_so(void **state)
{
    (void)state;
    begin("kind=link");
    stage_fault(&s, SIM_BUSY, 0, 1);
    stage_hex(&s, "1A 01 00 00 00 00 00 00", "BA 1A 30 00 00 00 00 00");
    stage_hex(&s, "1A 01 00 00 00 00 00 00", "9A 1A 00 00 00 00 00 00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_golden_transcript_is_kept, teardown),
        cmocka_unit_test_teardown(samples_come_at_once_and_then_each_period, teardown),
        cmocka_unit_test_teardown(a_fast_link_puts_three_into_a_packet, teardown),
        cmocka_unit_test_teardown(a_clock_that_is_ahead_delivers_more, teardown),
        cmocka_unit_test_teardown(lost_packets_are_counted_but_not_sent, teardown),
        cmocka_unit_test_teardown(what_a_device_does_not_have_it_does_not_know, teardown),
        cmocka_unit_test_teardown(one_that_is_not_ready_says_so, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
