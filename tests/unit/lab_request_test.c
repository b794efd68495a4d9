/* What lectern-lab takes for a request, and what it says of what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request.h"

static struct lec_err err;

static int parse(const char *text, struct lab_request *r)
{
    return lab_request_parse(text, strlen(text), r, &err);
}

static void an_export_is_understood(void **state)
{
    (void)state;
    struct lab_request r;
    assert_int_equal(
        parse("{\"do\":\"export\",\"run\":\"r-1\",\"format\":\"csv-vi\",\"shape\":\"nearest\",\"raw\":true,"
              "\"channels\":[\"b\",\"a\"],\"from\":-0.5,\"to\":2,\"out\":\"/x\",\"lang\":\"vi\",\"keep\":false}",
              &r),
        0);
    assert_int_equal(r.task, LAB_EXPORT);
    assert_int_equal(r.format, LAB_CSV_VI);
    assert_int_equal(r.shape, LAB_NEAREST);
    assert_true(r.raw && r.vi);
    assert_int_equal(r.n_channels, 2);
    assert_string_equal(r.channels[0], "b");
    assert_int_equal(r.from_ns, -500000000);
    assert_int_equal(r.to_ns, 2000000000);
    assert_string_equal(r.out, "/x");
    lab_request_done(&r);
}

static void what_is_absent_or_null_is_the_usual(void **state)
{
    (void)state;
    struct lab_request r;
    assert_int_equal(parse("{\"do\":\"export\",\"run\":\"r\",\"format\":\"csv\",\"out\":\"/x\",\"from\":null,"
                           "\"channels\":null,\"shape\":null}",
                           &r),
                     0);
    assert_int_equal(r.shape, LAB_LONG);
    assert_int_equal(r.n_channels, 0);
    assert_true(r.from_ns == INT64_MIN && r.to_ns == INT64_MAX);
    lab_request_done(&r);
}

static void a_comparison_needs_a_second_side(void **state)
{
    (void)state;
    struct lab_request r;
    assert_int_equal(parse("{\"do\":\"analyze\",\"run\":\"r\",\"channel\":\"a\",\"what\":\"compare\"}", &r),
                     LEC_E_RANGE);
    assert_non_null(strstr(err.text, "with_run"));
    assert_int_equal(
        parse("{\"do\":\"analyze\",\"run\":\"r\",\"channel\":\"a\",\"what\":\"compare\",\"with_run\":\"s\"}", &r), 0);
    assert_string_equal(r.other_run, "s");
    assert_string_equal(r.other_channel, "a");
    lab_request_done(&r);
}

static void a_wrong_request_is_told_what_is_wrong(void **state)
{
    (void)state;
    const struct {
        const char *text, *says;
    } cases[] = {
        {"", "not JSON"},
        {"[]", "must be a JSON object"},
        {"{\"do\":\"export\"", "not JSON"},
        {"{}", "\"do\" is missing"},
        {"{\"do\":\"expotr\"}", "did you mean \"export\"?"},
        {"{\"do\":\"export\",\"do\":\"export\"}", "not JSON"},
        {"{\"do\":\"export\",\"run\":7}", "\"run\" must be a text"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"csv\"}", "\"out\" is missing"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"csvvi\",\"out\":\"/x\"}", "did you mean \"csv-vi\"?"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"csv\",\"out\":\"/x\",\"shap\":\"long\"}",
         "\"shap\" is not a parameter; did you mean \"shape\"?"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"csv\",\"out\":\"/x\",\"raw\":1}", "true or false"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"csv\",\"out\":\"/x\",\"channels\":[]}", "1 to 32"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"csv\",\"out\":\"/x\",\"channels\":[1]}", "list of names"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"csv\",\"out\":\"/x\",\"channels\":[\"a\",\"a\"]}", "twice"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"csv\",\"out\":\"/x\",\"from\":\"1\"}",
         "\"from\" must be a number"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"csv\",\"out\":\"/x\",\"from\":1e300}",
         "\"from\" must be a number"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"csv\",\"out\":\"/x\",\"from\":2,\"to\":2}", "greater than"},
        {"{\"do\":\"export\",\"run\":\"r\",\"format\":\"jsonl\",\"out\":\"/x\",\"shape\":\"nearest\"}",
         "\"long\" only"},
        {"{\"do\":\"analyze\",\"run\":\"r\",\"what\":\"fit\"}", "\"channel\" is missing"},
        {"{\"do\":\"analyze\",\"run\":\"r\",\"channel\":\"a\",\"what\":\"fit\"}", "\"form\" is missing"},
        {"{\"do\":\"analyze\",\"run\":\"r\",\"channel\":\"a\",\"what\":\"fit\",\"form\":\"polynomial\",\"order\":7}",
         "from 1 to 6"},
        {"{\"do\":\"analyze\",\"run\":\"r\",\"channel\":\"a\",\"what\":\"fit\",\"form\":\"polynomial\",\"order\":1.5}",
         "whole numbers"},
        {"{\"do\":\"analyze\",\"run\":\"r\",\"channel\":\"a\",\"what\":\"tangent\"}", "\"at\" is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lab_request r;
        assert_int_equal(parse(cases[i].text, &r), LEC_E_RANGE);
        if (!strstr(err.text, cases[i].says))
            fail_msg("%s gives \"%s\"", cases[i].text, err.text);
    }
}

static void a_long_request_is_refused(void **state)
{
    (void)state;
    static char text[LAB_REQUEST_MAX + 2];
    struct lab_request r;
    memset(text, ' ', sizeof text - 1);
    assert_int_equal(parse(text, &r), LEC_E_RANGE);
    assert_non_null(strstr(err.text, "65536"));
    memset(text, '[', LAB_REQUEST_MAX); /* nests as deep as it can */
    text[LAB_REQUEST_MAX] = '\0';
    assert_int_equal(parse(text, &r), LEC_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_export_is_understood),          cmocka_unit_test(what_is_absent_or_null_is_the_usual),
        cmocka_unit_test(a_comparison_needs_a_second_side), cmocka_unit_test(a_wrong_request_is_told_what_is_wrong),
        cmocka_unit_test(a_long_request_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
