/* The buffer and the JSON that is written into it: what is escaped, what is repaired, where it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lectern/buf.h"
#include "lectern/parse.h"

static void is_written(const char *text, const char *json)
{
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_json_str(&b, text);
    assert_false(b.failed);
    assert_string_equal(b.data, json);
    assert_int_equal(b.len, strlen(json));
    lec_buf_done(&b);
}

static void a_string_is_written_as_it_is_but_for_what_json_escapes(void **state)
{
    (void)state;
    is_written("", "\"\"");
    is_written("p.power", "\"p.power\"");
    is_written("máy chiếu 𝄞", "\"máy chiếu 𝄞\"");
    is_written("\x7f", "\"\x7f\"");
    is_written("\"a\\b\"", "\"\\\"a\\\\b\\\"\"");
    is_written("\n\ttab\x1f", "\"\\u000a\\u0009tab\\u001f\"");
}

static void bytes_that_are_not_utf8_are_replaced_one_by_one(void **state)
{
    (void)state;
    is_written("a\xFFz", "\"a\xEF\xBF\xBDz\"");
    is_written("\xC3", "\"\xEF\xBF\xBD\"");                                 /* cut by the end */
    is_written("\xE1\xBA\"", "\"\xEF\xBF\xBD\xEF\xBF\xBD\\\"\"");           /* cut by a quote, which stays one */
    is_written("\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");                 /* longer than needed */
    is_written("\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""); /* half a surrogate pair */
    is_written("\xE1\xBA\xBF\x80", "\"ế\xEF\xBF\xBD\"");
}

static void what_passes_the_cap_fails_and_is_not_kept(void **state)
{
    (void)state;
    struct lec_buf b;
    lec_buf_init(&b, 300);
    for (int i = 0; i < 300; i++)
        lec_buf_putc(&b, 'x');
    assert_false(b.failed);
    assert_int_equal(b.len, 300);
    lec_buf_putc(&b, 'y');
    assert_true(b.failed);
    lec_buf_puts(&b, "");
    assert_int_equal(b.len, 300);
    assert_int_equal(b.data[299], 'x');
    assert_int_equal(b.data[300], '\0');
    lec_buf_clear(&b);
    lec_buf_puts(&b, "again");
    assert_false(b.failed);
    assert_string_equal(b.data, "again");
    lec_buf_done(&b);
}

static void a_copy_ends_between_two_characters(void **state)
{
    (void)state;
    char out[6];
    assert_true(lec_copy_text(out, sizeof out, "12345"));
    assert_string_equal(out, "12345");
    assert_false(lec_copy_text(out, sizeof out, "123456"));
    assert_string_equal(out, "12345");
    assert_false(lec_copy_text(out, sizeof out, "1234é"));
    assert_string_equal(out, "1234");
    assert_true(lec_copy_text(out, sizeof out, ""));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_is_written_as_it_is_but_for_what_json_escapes),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_one_by_one),
        cmocka_unit_test(what_passes_the_cap_fails_and_is_not_kept),
        cmocka_unit_test(a_copy_ends_between_two_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
