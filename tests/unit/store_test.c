/* What the journal and the kept texts promise while nothing goes wrong. */
#include "unit/store_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/clock.h"
#include "store/store_impl.h"

static void an_entry_is_told_with_its_number_and_as_one_object(void **state)
{
    struct stage *s = *state;
    lec_store_append(s->store, &(struct lec_entry){.kind = "command",
                                                   .device = "projector",
                                                   .name = "projector.power",
                                                   .principal = "cô \"Lan\"",
                                                   .data = "{\"value\":\"on\"}",
                                                   .time_us = 1234567});
    stage_told(s, 1);
    assert_int_equal(s->numbers[0], 1);
    assert_string_equal(s->last_kind, "command");
    assert_string_equal(s->last_json, "{\"time\":1234567,\"journal\":1,\"kind\":\"command\",\"device\":\"projector\","
                                      "\"name\":\"projector.power\",\"principal\":\"cô \\\"Lan\\\"\","
                                      "\"data\":{\"value\":\"on\"}}");
}

static void what_is_empty_is_left_out_and_time_is_filled_in(void **state)
{
    struct stage *s = *state;
    int64_t before = lec_wall_us();
    stage_append(s, "start", "", "");
    stage_told(s, 1);
    assert_non_null(strstr(s->last_json, "\"kind\":\"start\",\"data\":{}}"));
    assert_true((int64_t)stage_number(s->last_json, "time") >= before);
    assert_true((int64_t)stage_number(s->last_json, "time") <= lec_wall_us());
}

static void numbers_go_on_after_a_restart(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 3);
    stage_close(s);
    stage_open(s, STAGE_FOREVER);
    stage_append(s, "start", "", "");
    stage_told(s, 4);
    assert_int_equal(s->numbers[3], 4);
    assert_int_equal(stage_check_gapless(s), 4);
}

static void closing_writes_what_was_not_yet_told(void **state)
{
    struct stage *s = *state;
    for (int i = 0; i < 100; i++)
        stage_append(s, "state", "lamp", "{}");
    lec_store_put(s->store, "last", "word");
    stage_close(s);
    assert_int_equal(s->n, 0);
    stage_open(s, STAGE_FOREVER);
    assert_int_equal(stage_check_gapless(s), 100);
}

static void many_entries_at_once_keep_their_order(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 5000);
    for (size_t i = 0; i < s->n; i++)
        assert_int_equal(s->numbers[i], i + 1);
    stage_read(s, &(struct lec_journal_query){.limit = 1000, .kind = "", .device = "", .after = 4000});
    const char *at = s->answer;
    for (int i = 4000; i < 5000; i++) {
        char want[32];
        snprintf(want, sizeof want, "{\"i\":%d}", i);
        assert_non_null(at = strstr(at, want));
    }
}

static void order_is_by_number_when_the_clock_steps_back(void **state)
{
    struct stage *s = *state;
    for (int i = 0; i < 3; i++)
        lec_store_append(s->store, &(struct lec_entry){.kind = "state",
                                                       .device = "",
                                                       .name = "",
                                                       .principal = "",
                                                       .data = "",
                                                       .time_us = 9000000000 - i * INT64_C(3600000000)});
    stage_told(s, 3);
    stage_read(s, &(struct lec_journal_query){.limit = 10, .kind = "", .device = ""});
    uint64_t numbers[10];
    assert_int_equal(stage_numbers(s, numbers, 10), 3);
    assert_true(strstr(s->answer, "\"time\":9000000000") < strstr(s->answer, "\"time\":5400000000"));
    assert_true(strstr(s->answer, "\"time\":5400000000") < strstr(s->answer, "\"time\":1800000000"));
}

static void check_read(struct stage *s, struct lec_journal_query q, const uint64_t *want, size_t n)
{
    uint64_t got[LEC_JOURNAL_READ_MAX];
    stage_read(s, &q);
    assert_int_equal(stage_numbers(s, got, LEC_JOURNAL_READ_MAX), n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(got[i], want[i]);
}

static void reading_honours_every_part_of_the_query(void **state)
{
    struct stage *s = *state;
    for (int i = 1; i <= 12; i++)
        stage_append(s, i % 2 ? "state" : "step", i % 3 ? "lamp" : "screen", "{}");
    stage_told(s, 12);
#define CHECK(query, ...)                                                                                              \
    check_read(s, (struct lec_journal_query)query, (const uint64_t[]){__VA_ARGS__},                                    \
               sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))
#define Q(...) {.kind = "", .device = "", __VA_ARGS__}
    CHECK(Q(.limit = 3), 1, 2, 3);
    CHECK(Q(.limit = 3, .after = 7), 8, 9, 10);
    CHECK(Q(.limit = 9, .after = 7, .before = 10), 8, 9);
    CHECK(Q(.limit = 3, .newest = true), 10, 11, 12);
    CHECK(Q(.limit = 3, .newest = true, .before = 10), 7, 8, 9);
    CHECK(Q(.limit = 9, .newest = true, .after = 10), 11, 12);
    struct lec_journal_query q = {.limit = 2, .kind = "step", .device = "screen", .newest = true};
    check_read(s, q, (const uint64_t[]){6, 12}, 2);
    q.newest = false;
    q.kind = "";
    check_read(s, q, (const uint64_t[]){3, 6}, 2);
    q.device = "nobody";
    check_read(s, q, NULL, 0);
    assert_int_equal(stage_number(s->answer, "first"), 1);
    assert_int_equal(stage_number(s->answer, "last"), 12);
    q = (struct lec_journal_query){.limit = 5, .after = UINT64_MAX, .before = UINT64_MAX, .kind = "", .device = ""};
    check_read(s, q, NULL, 0);
}

static void an_empty_journal_can_be_read(void **state)
{
    struct stage *s = *state;
    stage_read(s, &(struct lec_journal_query){.limit = 10, .newest = true, .kind = "", .device = ""});
    assert_string_equal(s->answer, "{\"entries\":[],\"first\":0,\"last\":0}");
}

static void an_answer_that_would_be_huge_ends_early(void **state)
{
    struct stage *s = *state;
    static char data[LEC_STORE_DATA_MAX + 1];
    snprintf(data, sizeof data, "{\"x\":\"%0*d\"}", LEC_STORE_DATA_MAX - 8, 0);
    assert_int_equal(strlen(data), LEC_STORE_DATA_MAX);
    for (int i = 0; i < 60; i++)
        stage_append(s, "event", "", data);
    stage_told(s, 60);
    uint64_t numbers[60];
    stage_read(s, &(struct lec_journal_query){.limit = 60, .kind = "", .device = ""});
    size_t n = stage_numbers(s, numbers, 60);
    assert_in_range(n, 20, 40);
    assert_int_equal(numbers[n - 1], n);
    stage_read(s, &(struct lec_journal_query){.limit = 60, .newest = true, .kind = "", .device = ""});
    n = stage_numbers(s, numbers, 60);
    assert_in_range(n, 20, 40);
    assert_int_equal(numbers[n - 1], 60);
}

static void data_beyond_the_limit_is_replaced_by_its_length(void **state)
{
    struct stage *s = *state;
    static char data[LEC_STORE_DATA_MAX + 2];
    memset(data, ' ', sizeof data - 1);
    stage_append(s, "event", "", data);
    stage_told(s, 1);
    assert_non_null(strstr(s->last_json, "\"data\":{\"too_long\":32769}"));
}

static void a_long_search_is_done_in_slices(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 12000);
    stage_close(s);
    struct store_db *db;
    assert_int_equal(store_db_open(s->file, &db, NULL), 0);
    const char *const text[] = {"never", ""};
    struct store_item *item = store_item_new(STORE_READ, text, 2);
    item->query.limit = 10;
    store_scan_begin(item, store_db_last(db));
    char *json = NULL;
    int slices = 1;
    while (store_scan_slice(item, db, &json, NULL) == 0)
        slices++;
    assert_in_range(slices, 3, 12001); /* a slice ends after 4 ms, but not before it has seen a row */
    assert_string_equal(json, "{\"entries\":[],\"first\":1,\"last\":12000}");
    free(json);
    store_scan_end(item);
    free(item);
    store_db_close(&db);
    stage_open(s, STAGE_FOREVER);
}

struct pairs {
    char text[256];
};

static void pair(void *ctx, const char *key, const char *value)
{
    struct pairs *p = ctx;
    size_t n = strlen(p->text);
    snprintf(p->text + n, sizeof p->text - n, "%s=%s ", key, value);
}

static void texts_are_kept_replaced_forgotten_and_listed_in_order(void **state)
{
    struct stage *s = *state;
    lec_store_put(s->store, "run/2", "b");
    lec_store_put(s->store, "run/1", "a");
    lec_store_put(s->store, "usual/lamp", "3");
    lec_store_put(s->store, "run/3", "c");
    lec_store_put(s->store, "run/2", "bb");
    lec_store_put(s->store, "run/3", NULL);
    for (int round = 0; round < 2; round++) {
        struct pairs p = {""};
        struct lec_err err;
        assert_int_equal(lec_store_each(s->store, "run/", pair, &p, &err), 0);
        assert_string_equal(p.text, "run/1=a run/2=bb ");
        p.text[0] = '\0';
        assert_int_equal(lec_store_each(s->store, "", pair, &p, &err), 0);
        assert_string_equal(p.text, "run/1=a run/2=bb usual/lamp=3 ");
        stage_close(s);
        stage_open(s, STAGE_FOREVER);
    }
}

static void append_at(struct stage *s, int64_t time_us)
{
    lec_store_append(s->store,
                     &(struct lec_entry){
                         .kind = "state", .device = "", .name = "", .principal = "", .data = "", .time_us = time_us});
}

static uint64_t first_wanted;

static bool first_is(struct stage *s)
{
    stage_read(s, &(struct lec_journal_query){.limit = 1, .kind = "", .device = ""});
    return stage_number(s->answer, "first") == first_wanted;
}

static void old_entries_go_from_the_old_end_and_the_newest_stays(void **state)
{
    struct stage *s = *state;
    int64_t now = lec_wall_us(), hour = INT64_C(3600000000);
    stage_close(s);
    stage_open(s, 3600 * LEC_SEC);
    for (int i = 0; i < 600; i++)
        append_at(s, now - 2 * hour);
    append_at(s, now);
    append_at(s, now - 2 * hour); /* written after the clock stepped back: not from the old end */
    append_at(s, now);
    stage_told(s, 603);
    first_wanted = 601;
    stage_until(s, first_is);
    assert_int_equal(stage_check_gapless(s), 3);
    stage_close(s);
    stage_open(s, 0); /* everything is too old */
    first_wanted = 603;
    stage_until(s, first_is);
    stage_append(s, "state", "", "");
    stage_told(s, 604);
    assert_int_equal(s->numbers[603], 604);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_entry_is_told_with_its_number_and_as_one_object),
        TEST(what_is_empty_is_left_out_and_time_is_filled_in),
        TEST(numbers_go_on_after_a_restart),
        TEST(closing_writes_what_was_not_yet_told),
        TEST(many_entries_at_once_keep_their_order),
        TEST(order_is_by_number_when_the_clock_steps_back),
        TEST(reading_honours_every_part_of_the_query),
        TEST(an_empty_journal_can_be_read),
        TEST(an_answer_that_would_be_huge_ends_early),
        TEST(data_beyond_the_limit_is_replaced_by_its_length),
        TEST(a_long_search_is_done_in_slices),
        TEST(texts_are_kept_replaced_forgotten_and_listed_in_order),
        TEST(old_entries_go_from_the_old_end_and_the_newest_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
