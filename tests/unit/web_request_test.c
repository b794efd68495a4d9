/* What a page may send (web/request.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lectern/err.h"
#include "request.h"

#define ID "0123456789abcdef"

static bool parse(const char *text, struct request *r)
{
    return request_parse(text, strlen(text), r);
}

static void a_request_is_read(void **state)
{
    (void)state;
    struct request r;
    assert_true(
        parse("{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"method\":\"point.read\",\"params\":{\"target\":\"a.b\"}}", &r));
    assert_string_equal(r.id, ID);
    assert_string_equal(r.method, "point.read");
    assert_string_equal(json_string_value(json_object_get(r.params, "target")), "a.b");
    request_done(&r);
    assert_true(parse("{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"method\":\"room.describe\"}", &r));
    assert_null(r.params);
    request_done(&r);
}

static void each_thing_that_is_wrong_has_its_code(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *text;
    } cases[] = {
        {-32700, ""},
        {-32700, "{"},
        {-32700, "\"x\""},
        {-32700, "{\"a\":1}{}"},
        {-32700, "{\"a\":1,\"a\":1}"},
        {-32700, "{\"id\":\"\\u0000\"}"},
        {-32700, "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"},
        {-32600, "[]"},
        {-32600, "{}"},
        {-32600, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"x\"}"},
        {-32600, "{\"jsonrpc\":\"2.0\",\"id\":\"0123456789abcde\",\"method\":\"x\"}"},
        {-32600, "{\"jsonrpc\":\"2.0\",\"id\":\"0123456789abcde \",\"method\":\"x\"}"},
        {-32600, "{\"jsonrpc\":\"1.0\",\"id\":\"" ID "\",\"method\":\"x\"}"},
        {-32600, "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\"}"},
        {-32600, "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"method\":\"\"}"},
        {-32600,
         "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"method\":\"x\",\"as\":{\"principal\":\"a\",\"role\":\"admin\"}}"},
        {-32600, "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"method\":\"x\",\"more\":1}"},
        {-32602, "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"method\":\"x\",\"params\":[]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct request r;
        if (parse(cases[i].text, &r) || r.code != cases[i].code || !r.reason || r.params)
            fail_msg("%s: %d %s", cases[i].text, r.code, r.reason);
        request_done(&r);
    }
}

static void brackets_in_texts_are_no_depth(void **state)
{
    (void)state;
    struct request r;
    assert_true(parse("{\"jsonrpc\":\"2.0\",\"id\":\"" ID
                      "\",\"method\":\"x\",\"params\":{\"a\":\"[[[[[[[[[[[[[[[[[[[[\\\"{{{{\"}}",
                      &r));
    request_done(&r);
}

static void a_request_may_have_65536_bytes(void **state)
{
    (void)state;
    static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"method\":\"x\"}";
    char *text = malloc(REQUEST_MAX + 1);
    memset(text, ' ', REQUEST_MAX + 1);
    memcpy(text, head, sizeof head - 1);
    struct request r;
    assert_true(request_parse(text, REQUEST_MAX, &r));
    request_done(&r);
    assert_false(request_parse(text, REQUEST_MAX + 1, &r));
    assert_int_equal(r.code, -32600);
    request_done(&r);
    free(text);
}

static void waiting_for_the_room_is_bounded_by_the_method_and_by_what_it_asks_for(void **state)
{
    (void)state;
    static const struct {
        const char *method, *params;
        int ms;
    } cases[] = {
        {"point.read", "{}", 30000},
        {"point.read", "{\"timeout_ms\":60000}", 65000},
        {"point.read", "{\"timeout_ms\":10}", 30000},
        {"point.read", "{\"timeout_ms\":99999999999}", 30000},
        {"point.read", "{\"timeout_ms\":-1}", 30000},
        {"point.read", "{\"timeout_ms\":\"1\"}", 30000},
        {"run.export", "{}", 660000},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"method\":\"%s\",\"params\":%s}",
                 cases[i].method, cases[i].params);
        struct request r;
        assert_true(parse(text, &r));
        assert_int_equal(request_timeout_ms(&r), cases[i].ms);
        request_done(&r);
    }
}

static bool follow(const char *params, struct follow *f)
{
    struct request r = {.params = json_loads(params, 0, NULL)};
    bool ok = request_follow(&r, f);
    assert_true(ok || (r.code == -32602 && r.reason));
    request_done(&r);
    return ok;
}

static void what_a_page_follows_is_replaced_whole_or_not_at_all(void **state)
{
    (void)state;
    struct follow f = {.trace = true, .n_runs = 1};
    static const char *const wrong[] = {
        "{\"journal\":1}", "{\"runs\":7}",      "{\"runs\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}",
        "{\"runs\":[7]}",  "{\"runs\":[\"\"]}", "{\"else\":true}"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(follow(wrong[i], &f));
    assert_true(f.trace && f.n_runs == 1);
    assert_true(follow("{\"journal\":true,\"events\":false,\"runs\":[\"r1\",\"r2\"]}", &f));
    assert_true(f.journal && !f.events && !f.trace);
    assert_int_equal(f.n_runs, 2);
    assert_string_equal(f.runs[1], "r2");
    assert_true(follow("{}", &f));
    assert_true(!f.journal && f.n_runs == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read),
        cmocka_unit_test(each_thing_that_is_wrong_has_its_code),
        cmocka_unit_test(brackets_in_texts_are_no_depth),
        cmocka_unit_test(a_request_may_have_65536_bytes),
        cmocka_unit_test(waiting_for_the_room_is_bounded_by_the_method_and_by_what_it_asks_for),
        cmocka_unit_test(what_a_page_follows_is_replaced_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
