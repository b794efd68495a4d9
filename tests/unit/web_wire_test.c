/* What a browser's headers say (web/wire.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lectern/err.h"
#include "wire.h"

static void an_origin_is_ours_when_scheme_host_and_port_are(void **state)
{
    (void)state;
    static const struct {
        const char *origin, *host;
        bool tls, ours;
    } cases[] = {
        {"http://127.0.0.1:8080", "127.0.0.1:8080", false, true},
        {"http://LOCALHOST", "localhost:80", false, true},
        {"https://truong.vn", "truong.vn", true, true},
        {"https://truong.vn:443", "truong.vn", true, true},
        {"http://[::1]:8080", "[::1]:8080", false, true},
        {"http://truong.vn", "truong.vn", true, false},
        {"https://truong.vn", "truong.vn", false, false},
        {"http://127.0.0.1:8081", "127.0.0.1:8080", false, false},
        {"http://127.0.0.1", "127.0.0.1:8080", false, false},
        {"http://127.0.0.1:8080.evil.vn", "127.0.0.1:8080", false, false},
        {"http://evil.vn/127.0.0.1:8080", "127.0.0.1:8080", false, false},
        {"http://127.0.0.1:8080/", "127.0.0.1:8080", false, false},
        {"http://a@127.0.0.1:8080", "127.0.0.1:8080", false, false},
        {"http://[::1:8080", "[::1:8080", false, false},
        {"null", "null", false, false},
        {"", "", false, false},
        {"http://", "", false, false},
        {"http://x:0", "x:0", false, false},
        {"http://x:", "x:", false, false},
        {"http://x:99999", "x:99999", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (wire_same_origin(cases[i].origin, cases[i].host, cases[i].tls) != cases[i].ours)
            fail_msg("%s at %s", cases[i].origin, cases[i].host);
}

static void a_host_is_read_without_port_and_brackets(void **state)
{
    (void)state;
    char host[32];
    assert_true(wire_host("Truong.VN:8080", host, sizeof host));
    assert_string_equal(host, "truong.vn");
    assert_true(wire_host("[fe80::1]", host, sizeof host));
    assert_string_equal(host, "fe80::1");
    assert_true(wire_is_address(host));
    assert_true(wire_host("10.0.0.7:1", host, sizeof host));
    assert_true(wire_is_address(host));
    static const char *const wrong[] = {"",        ":80",    "a b",  "a/b",
                                        "[::1",    "[x]",    "a:b",  "a:0",
                                        "a:80:80", "[::1]x", "a\tb", "ein-sehr-langer-name-der-nicht-passt"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (wire_host(wrong[i], host, sizeof host))
            fail_msg("\"%s\" was taken for a host", wrong[i]);
}

static void a_cookie_is_found_among_others(void **state)
{
    (void)state;
    char value[8];
    assert_true(wire_cookie("lectern=abc", "lectern", value, sizeof value));
    assert_string_equal(value, "abc");
    assert_true(wire_cookie("a=1; lectern=abc ;b=2", "lectern", value, sizeof value));
    assert_string_equal(value, "abc");
    assert_true(wire_cookie("lectern=", "lectern", value, sizeof value));
    assert_string_equal(value, "");
    assert_false(wire_cookie("xlectern=abc; lecternx=d; lectern", "lectern", value, sizeof value));
    assert_false(wire_cookie("lectern=abcdefgh", "lectern", value, sizeof value));
    assert_false(
        wire_cookie("lectern=abc; lectern=abd", "lectern", value, sizeof value)); /* somebody put a second one there */
    assert_false(wire_cookie("", "lectern", value, sizeof value));
    assert_false(wire_cookie(";;;", "lectern", value, sizeof value));
}

static void a_coding_is_taken_unless_it_is_refused(void **state)
{
    (void)state;
    assert_true(wire_accepts("gzip, deflate, br", "br"));
    assert_true(wire_accepts("br;q=0.1", "br"));
    assert_true(wire_accepts("BR", "br"));
    assert_true(wire_accepts("gzip , br ; q=1", "br"));
    assert_false(wire_accepts("br;q=0", "br"));
    assert_false(wire_accepts("br; q=0.000", "br"));
    assert_false(wire_accepts("brotli, xbr", "br"));
    assert_false(wire_accepts("", "br"));
}

static void a_tag_matches_whole(void **state)
{
    (void)state;
    assert_true(wire_matches("\"a\", W/\"b\" ,\"c\"", "\"b\""));
    assert_true(wire_matches("\"b\"", "\"b\""));
    assert_false(wire_matches("\"bb\"", "\"b\""));
    assert_false(wire_matches("b", "\"b\""));
    assert_false(wire_matches("", "\"b\""));
}

static void names_of_rooms_and_files_lead_nowhere(void **state)
{
    (void)state;
    assert_true(wire_room_ok("phong-201"));
    static const char *const rooms[] = {
        "", "Phong", "2x", "a/b", "..", "a.b", "a b", "-a", "a\n", "a23456789012345678901234567890123456789012345678"};
    for (size_t i = 0; i < ARRAY_LEN(rooms); i++)
        assert_false(wire_room_ok(rooms[i]));
    assert_true(wire_file_ok("9f2c-1.vi.csv"));
    static const char *const files[] = {"", ".", "..", ".x", "a/b", "a\\b", "a b", "a%2f", "\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        assert_false(wire_file_ok(files[i]));
}

static void a_file_name_is_told_in_ascii_and_in_utf8(void **state)
{
    (void)state;
    char out[1024];
    wire_disposition("Làm nguội.csv", out, sizeof out);
    assert_string_equal(out, "attachment; filename=\"L_m ngu_i.csv\"; filename*=UTF-8''L%C3%A0m%20ngu%E1%BB%99i.csv");
    wire_disposition("a\"b\r\nX: y/../\\c%.csv", out, sizeof out);
    assert_string_equal(out,
                        "attachment; filename=\"a_b__X: y_..__c_.csv\"; filename*=UTF-8''a%22b__X%3A%20y_..__c%25.csv");
    char longest[600];
    memset(longest, 0xc3, sizeof longest); /* broken UTF-8, too long */
    longest[sizeof longest - 1] = '\0';
    wire_disposition(longest, out, sizeof out);
    assert_true(strlen(out) < sizeof out - 1);
    for (size_t i = 0; i < 500; i++)
        longest[i] = '"';
    wire_disposition(longest, out, sizeof out);
    assert_true(strlen(out) < sizeof out - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_origin_is_ours_when_scheme_host_and_port_are),
        cmocka_unit_test(a_host_is_read_without_port_and_brackets),
        cmocka_unit_test(a_cookie_is_found_among_others),
        cmocka_unit_test(a_coding_is_taken_unless_it_is_refused),
        cmocka_unit_test(a_tag_matches_whole),
        cmocka_unit_test(names_of_rooms_and_files_lead_nowhere),
        cmocka_unit_test(a_file_name_is_told_in_ascii_and_in_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
