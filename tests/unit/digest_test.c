#include "digest/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lectern/err.h"

#define PIECE(text)                                                                                                    \
    {                                                                                                                  \
        text, sizeof text - 1                                                                                          \
    }

static void md5_of_the_pjlink_test_vector(void **state)
{
    (void)state;
    char hex[LEC_MD5_HEX];
    lec_md5((struct lec_piece[]){PIECE("498e4a67"), PIECE("JBMIAProjectorLink")}, 2, hex);
    assert_string_equal(hex, "5d8409bc1c3fa39749434aa3a5c38682");
}

static void sha256_of_the_pjlink_test_vector(void **state)
{
    (void)state;
    char hex[LEC_SHA256_HEX];
    lec_sha256((struct lec_piece[]){PIECE("fcf9798e96a1cdf74d336d750017ba25"), PIECE("JBMIAProjectorLink")}, 2, hex);
    assert_string_equal(hex, "70ab129eac6924d4c129c9c4fcf45be42e1e776325a66db67e5b6eee50f2a692");
}

static void digests_of_nothing_are_the_known_ones(void **state)
{
    (void)state;
    char md5[LEC_MD5_HEX], sha[LEC_SHA256_HEX];
    lec_md5(NULL, 0, md5);
    lec_sha256(NULL, 0, sha);
    assert_string_equal(md5, "d41d8cd98f00b204e9800998ecf8427e");
    assert_string_equal(sha, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void hex_reads_back_in_either_case(void **state)
{
    (void)state;
    uint8_t bytes[3];
    char text[7];
    assert_int_equal(lec_unhex("00fFA5", bytes, 3), 0);
    lec_hex(bytes, 3, text);
    assert_string_equal(text, "00ffa5");
}

static void wrong_hex_leaves_the_output_alone(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "0", "000", "00000", "000g", "00 0", "-000"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        uint8_t bytes[2] = {7, 7};
        assert_int_equal(lec_unhex(wrong[i], bytes, 2), LEC_E_RANGE);
        assert_int_equal(bytes[0], 7);
        assert_int_equal(bytes[1], 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(md5_of_the_pjlink_test_vector),         cmocka_unit_test(sha256_of_the_pjlink_test_vector),
        cmocka_unit_test(digests_of_nothing_are_the_known_ones), cmocka_unit_test(hex_reads_back_in_either_case),
        cmocka_unit_test(wrong_hex_leaves_the_output_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
