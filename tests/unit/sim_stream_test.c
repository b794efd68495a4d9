/* Boards that print lines, held to lab-protocols.md 3.2, and the experiments before them, held to the laws of physics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/board.h"
#include "models/physics.h"
#include "unit/sim_stage.h"

#define assert_near(a, b, by) assert_true(fabs((double)(a) - (double)(b)) <= (by)) /* cmocka's has floats */

static struct sim_device *open_board(struct sim_stage *s, const char *traits)
{
    stage_open(s, true);
    struct sim_device *d = stage_add(s, "board", 1, &sim_face_stream, &sim_model_board, NULL, traits);
    stage_connect(s, NULL);
    ((struct sim_board *)d->state)->noise = 0;
    (void)sim_set_by_hand(d, "noise", lec_float(0), NULL);
    return d;
}

/* What it prints in `ns`. */
static const char *printed(struct sim_stage *s, int64_t ns, char *out, size_t size)
{
    stage_pass(s, ns);
    size_t n = stage_ask(s, "", 0, (uint8_t *)out, size - 1);
    out[n] = '\0';
    return out;
}

static void boards_print_in_each_of_the_ways(void **state)
{
    static const struct {
        const char *form, *first; /* after 300 ms of starting */
    } cases[] = {
        {"form=csv rate=10", "50.000,86.000\r\n"},
        {"form=csv rate=10 number=yes header=yes", "n,w,t\r\n0,50.000,86.000\r\n"},
        {"form=pairs rate=10", "w:50.000,t:86.000\r\n"},
        {"form=names rate=10", "w:50.000\r\nt:86.000\r\n"},
        {"form=json rate=10 number=yes", "{\"n\":0,\"w\":50.000,\"t\":86.000}\r\n"},
        {"form=json rate=10", "{\"w\":50.000,\"t\":86.000}\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sim_stage s;
        char traits[200], text[4096];
        snprintf(traits, sizeof traits, "%s bits=0 columns=w:humidity:wave,t:temperature:cooling", cases[i].form);
        (void)open_board(&s, traits);
        /* the experiments run since the simulator began: 0.3 s of cooling are 20 mK, and show in the third digit */
        printed(&s, 350 * LEC_MS, text, sizeof text);
        text[strcspn(text, "8") + 1] = '\0';
        char want[100];
        snprintf(want, sizeof want, "%s", cases[i].first);
        want[strcspn(want, "8") + 1] = '\0';
        for (char *at = text; (at = strstr(at, "50.314"));) /* the wave has risen meanwhile */
            memcpy(at, "50.000", 6);
        if (strcmp(text, want) != 0)
            fail_msg("%s printed \"%s\"", cases[i].form, text);
        stage_close(&s);
    }
}

static void an_nmea_checksum_is_that_of_the_sheet(void **state)
{
    struct sim_stage s;
    char text[4096];
    unsigned sum = 0;
    (void)state;
    (void)open_board(&s, "form=nmea rate=10 columns=t:temperature:cooling");
    printed(&s, 350 * LEC_MS, text, sizeof text);
    char *star = strchr(text, '*');
    assert_non_null(star);
    assert_memory_equal(text, "$STEM,T,0,8", 11);
    for (const char *at = text + 1; at < star; at++)
        sum ^= (unsigned char)*at;
    char want[8];
    snprintf(want, sizeof want, "*%02X\r\n", sum);
    assert_string_equal(star, want);
    const char *vector = "STEM,T,1,23.45"; /* the sheet's own: 68 */
    assert_int_equal(sim_xor8((const uint8_t *)vector, strlen(vector)), 0x68);
    stage_fault(&s, SIM_CHECKSUM, 0, 1);
    printed(&s, 100 * LEC_MS, text, sizeof text);
    sum = 0;
    star = strchr(text, '*');
    for (const char *at = text + 1; at < star; at++)
        sum ^= (unsigned char)*at;
    snprintf(want, sizeof want, "*%02X\r\n", sum);
    assert_string_not_equal(star, want);
    stage_close(&s);
}

static size_t count_lines(const char *text)
{
    size_t n = 0;
    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

static void lines_come_at_the_rate_of_a_clock_that_drifts(void **state)
{
    struct sim_stage s;
    static char text[1 << 16];
    size_t n = 0;
    (void)state;
    struct sim_device *d = open_board(&s, "form=csv number=yes rate=1000 drift=1000 columns=w:humidity:wave");
    printed(&s, 300 * LEC_MS, text, sizeof text);
    for (int i = 0; i < 100; i++)
        n += count_lines(printed(&s, 100 * LEC_MS, text, sizeof text));
    assert_in_range(n, 10009, 10012); /* ten seconds and 1000 ppm more */
    stage_text(&s, "R10\n", "");
    assert_true(((struct sim_board *)d->state)->rate == 10);
    printed(&s, 100 * LEC_MS, text, sizeof text);
    assert_in_range(count_lines(printed(&s, LEC_SEC, text, sizeof text)), 9, 11);
    stage_text(&s, "Rx\n", "");
    assert_true(((struct sim_board *)d->state)->rate == 10);
    stage_close(&s);
}

static void a_lost_line_keeps_its_number_and_a_reset_begins_anew(void **state)
{
    struct sim_stage s;
    char text[4096];
    (void)state;
    struct sim_device *d = open_board(&s, "form=csv number=yes rate=10 columns=w:humidity:wave");
    printed(&s, 310 * LEC_MS, text, sizeof text);
    stage_fault(&s, SIM_LOST, 0, 2);
    printed(&s, 300 * LEC_MS, text, sizeof text);
    assert_memory_equal(text, "3,", 2);
    assert_int_equal(count_lines(text), 1);
    assert_int_equal(((struct sim_board *)d->state)->lost, 2);
    assert_int_equal(sim_set_by_hand(d, "reset", lec_bool(true), NULL), 0);
    printed(&s, 310 * LEC_MS, text, sizeof text);
    assert_memory_equal(text, "0,", 2);
    assert_int_equal(((struct sim_board *)d->state)->lost, 0);
    stage_close(&s);
}

static void the_truth_of_a_sample_can_be_asked_afterwards(void **state)
{
    struct sim_stage s;
    char text[4096];
    (void)state;
    (void)open_board(&s, "form=csv number=yes rate=10 drift=100000 columns=t:temperature:cooling");
    printed(&s, LEC_SEC, text, sizeof text);
    double value = 0;
    char *third = strstr(text, "\n2,");
    assert_non_null(third);
    third[strcspn(third + 1, "\r") + 1] = '\0';
    assert_int_equal(lec_parse_float(third + 3, &value), 0);
    struct lec_buf b;
    lec_buf_init(&b, 65536);
    static const char request[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sim.samples\",\"params\":{\"device\":\"board\",\"from\":2,\"n\":1}}";
    s.sim.devices = s.devices;
    s.sim.n_devices = 1;
    sim_control_serve(&s.sim, request, strlen(request), &b);
    json_t *answer = json_loadb(b.data, b.len, 0, NULL);
    json_t *sample = json_array_get(json_object_get(json_object_get(answer, "result"), "samples"), 0);
    assert_int_equal(json_integer_value(json_object_get(sample, "n")), 2);
    assert_near(json_number_value(json_object_get(sample, "t")), value, 1e-9);
    double at = (double)json_integer_value(json_object_get(sample, "time_ns"));
    assert_near(at - (double)(s.clock - LEC_SEC), 300e6 + 2 * 100e6 / 1.1, 2e6);
    json_decref(answer);
    lec_buf_done(&b);
    stage_close(&s);
}

static void the_experiments_obey_their_laws(void **state)
{
    struct physics p;
    (void)state;
    assert_true(physics_init(&p, "cooling", 1));
    p.noise = 0;
    physics_restart(&p, 100);
    assert_true(physics_value(&p, "temperature", 50) == p.begin);
    assert_near(physics_value(&p, "temperature", 100 + p.tau_s), p.end + (p.begin - p.end) / exp(1), 1e-9);
    assert_true(physics_init(&p, "capacitor", 1));
    assert_near(physics_value(&p, "voltage", p.tau_s * log(2)), p.begin / 2, 1e-9);
    assert_near(physics_value(&p, "current", 0), p.begin / p.resistance * 1000, 1e-9);
    assert_true(physics_init(&p, "fall", 1));
    assert_near(physics_value(&p, "distance", 0.3), 9.787 * 0.09 / 2, 1e-9);
    assert_near(physics_value(&p, "height", 60), 0, 1e-9); /* it lies on the floor */
    assert_true(physics_value(&p, "speed", 60) == 0);
    assert_true(physics_init(&p, "pendulum", 1));
    double t = 0, zero = 0;
    for (int crossings = 0; crossings < 5; t += 1e-5) /* a quarter, then four halves */
        if (physics_value(&p, "angle", t) * physics_value(&p, "angle", t + 1e-5) < 0) {
            if (crossings++ == 0)
                zero = t;
        }
    double start = p.begin / 57.29578;
    assert_near((t - zero) / 2, 2 * 3.14159265 * sqrt(p.length_m / 9.787) * (1 + start * start / 16), 1e-3);
    assert_true(isnan(physics_value(&p, "temperature", 0)));
    assert_false(physics_init(&p, "alchemy", 1));
}

static void noise_is_the_same_for_the_same_sample_and_of_the_right_size(void **state)
{
    struct physics p;
    double sum = 0, squares = 0;
    (void)state;
    assert_true(physics_init(&p, "cooling", 7));
    for (uint64_t k = 0; k < 10000; k++) {
        double e = physics_sample(&p, "temperature", 5, k) - physics_value(&p, "temperature", 5);
        sum += e;
        squares += e * e;
    }
    assert_near(sum / 10000, 0, 0.002);
    assert_near(sqrt(squares / 10000), 0.03, 0.002);
    assert_true(physics_sample(&p, "temperature", 5, 3) == physics_sample(&p, "temperature", 5, 3));
    assert_true(physics_sample(&p, "temperature", 5, 3) != physics_sample(&p, "temperature", 5, 4));
}

static void a_converter_has_steps_and_ends(void **state)
{
    (void)state;
    for (unsigned bits = 10; bits <= 16; bits += 2) {
        double step = 5.0 / ((1 << bits) - 1);
        assert_int_equal(physics_code(-1, 0, 5, bits), 0);
        assert_int_equal(physics_code(9, 0, 5, bits), (1 << bits) - 1);
        assert_int_equal(physics_code((double)NAN, 0, 5, bits), 0);
        double seen = physics_of_code(physics_code(3.3333, 0, 5, bits), 0, 5, bits);
        assert_true(fabs(seen - 3.3333) <= step / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boards_print_in_each_of_the_ways),
        cmocka_unit_test(an_nmea_checksum_is_that_of_the_sheet),
        cmocka_unit_test(lines_come_at_the_rate_of_a_clock_that_drifts),
        cmocka_unit_test(a_lost_line_keeps_its_number_and_a_reset_begins_anew),
        cmocka_unit_test(the_truth_of_a_sample_can_be_asked_afterwards),
        cmocka_unit_test(the_experiments_obey_their_laws),
        cmocka_unit_test(noise_is_the_same_for_the_same_sample_and_of_the_right_size),
        cmocka_unit_test(a_converter_has_steps_and_ends),
    };
    return cmocka_run_group_tests_name("sim_stream", tests, NULL, NULL);
}
