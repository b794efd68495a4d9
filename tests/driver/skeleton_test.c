/* The skeleton driver, by the conversations of the EZO data sheets; and the page that explains it, by the driver. */
#include "driver/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lec_bench b;

static void begin(const struct lec_turn *turns)
{
    lec_bench_begin(&b, &lec_driver_entry,
                    &(struct lec_bench_setup){.profile = "atlas/ezo-ph", .line = "pty:///dev/pts/0"});
    lec_bench_play(&b, turns);
}

static int teardown(void **state)
{
    (void)state;
    lec_bench_end(&b);
    return 0;
}

static void as_written(void)
{
    const char *mistake = lec_bench_finish(&b);
    if (mistake)
        fail_msg("%s", mistake);
}

#define QUIET                                                                                                          \
    {.host = "C,0\r"},                                                                                                 \
    {                                                                                                                  \
        .device = "*OK\r"                                                                                              \
    }

static void a_probe_that_runs_by_itself_is_stopped_first(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "C,0\r"},   {.device = "7.01\r7.02\r*OK\r"},
                                            {.host = "R\r"},     {.device = "9.560\r"},
                                            {.device = "*OK\r"}, {0}};
    begin(turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, "ph"), 0);
    assert_string_equal(lec_bench_point(&b, "ph"), "9.56");
    as_written();
}

static void compensation_is_written_and_read_back(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        QUIET, {.host = "T,19.5\r"}, {.device = "*OK\r"}, {.host = "T,?\r"}, {.device = "?T,19.5\r*OK\r"}, {0}};
    begin(turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_write(&b, "compensation", "19.5"), 0);
    assert_int_equal(lec_bench_poll(&b, "compensation"), 0);
    assert_string_equal(lec_bench_point(&b, "compensation"), "19.5");
    as_written();
}

static void calibration_is_an_action(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        QUIET, {.host = "Cal,mid,7\r"}, {.device = "*OK\r"}, {.host = "Find\r"}, {.device = "*OK\r"}, {0}};
    begin(turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_invoke(&b, "calibrate.mid", "7"), 0);
    assert_int_equal(lec_bench_invoke(&b, "calibrate.mid", "12"), LEC_E_RANGE); /* nothing is sent */
    assert_int_equal(lec_bench_invoke(&b, "identify", NULL), 0);
    as_written();
}

static void news_between_is_no_answer(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {QUIET, {.host = "R\r"}, {.device = "*RS\r7.1\r*UV\r*OK\r"}, {0}};
    begin(turns);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_int_equal(lec_bench_poll(&b, "ph"), 0);
    assert_string_equal(lec_bench_point(&b, "ph"), "7.1");
    as_written();
}

static void what_is_wrong_is_told_by_its_code(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        int code;
        const char *text;
    } cases[] = {
        {"*ER\r", LEC_E_REFUSED, "the probe does not accept \"R\""},
        {"*OK\r", LEC_E_FRAME, "the probe says \"\" where a number was expected"},
        {"no output\r*OK\r", LEC_E_FRAME, "the probe says \"no output\" where a number was expected"},
        {"1\r1\r1\r1\r1\r1\r1\r1\r1\r1\r1\r1\r1\r1\r1\r1\r", LEC_E_FRAME, "R: no *OK in 16 lines"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789", LEC_E_FRAME,
         "R: more than 63 bytes without an end"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct lec_turn turns[] = {QUIET, {.host = "R\r"}, {.device = cases[i].reply}, {0}};
        begin(turns);
        assert_int_equal(lec_bench_open(&b), 0);
        assert_int_equal(lec_bench_poll(&b, "ph"), cases[i].code);
        assert_string_equal(b.err.text, cases[i].text);
        assert_string_equal(lec_bench_point(&b, "ph"), "");
        as_written();
        lec_bench_end(&b);
    }
}

/* ---- docs/writing-a-driver.md -------------------------------------------------------------------------------- */

static char *read_whole(const char *path)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char *text = calloc(1, 64 * 1024);
    assert_non_null(text);
    assert_true(fread(text, 1, 64 * 1024 - 1, f) > 0);
    fclose(f);
    return text;
}

/* Every block of C on the page stands in the driver, letter for letter. */
static void the_page_shows_the_driver_as_it_is(void **state)
{
    (void)state;
    char *page = read_whole(LECTERN_SOURCE_DIR "/docs/writing-a-driver.md");
    char *source = read_whole(LECTERN_SOURCE_DIR "/drivers/skeleton/skeleton.c");
    size_t blocks = 0;
    for (char *at = strstr(page, "```c\n"); at; at = strstr(at, "```c\n")) {
        char *end = strstr(at += 5, "```");
        assert_non_null(end);
        *end = '\0';
        if (!strstr(source, at))
            fail_msg("not in skeleton.c:\n%s", at);
        blocks++;
        at = end + 1;
    }
    assert_true(blocks >= 5);
    free(page);
    free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_probe_that_runs_by_itself_is_stopped_first, teardown),
        cmocka_unit_test_teardown(compensation_is_written_and_read_back, teardown),
        cmocka_unit_test_teardown(calibration_is_an_action, teardown),
        cmocka_unit_test_teardown(news_between_is_no_answer, teardown),
        cmocka_unit_test_teardown(what_is_wrong_is_told_by_its_code, teardown),
        cmocka_unit_test(the_page_shows_the_driver_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
