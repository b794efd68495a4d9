/* How far a connection has got (web/frames.c): heads and masked frames, in any pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frames.h"

static const char request[] = "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n";

static struct frames opened(void)
{
    struct frames f = {0};
    assert_true(frames_take(&f, request, sizeof request - 1));
    assert_true(frames_begin(&f));
    return f;
}

static size_t put_frame(unsigned char *out, size_t payload, unsigned length_bytes, unsigned char mask)
{
    size_t n = 0;
    out[n++] = 0x81;
    out[n++] = (unsigned char)(mask | (length_bytes == 0 ? payload : length_bytes == 2 ? 126 : 127));
    for (unsigned i = length_bytes; i > 0; i--)
        out[n++] = (unsigned char)((uint64_t)payload >> (8 * (i - 1)));
    memset(out + n, 0x01, (mask ? 4 : 0) + payload); /* read as heads of frames they would have no mask */
    return n + (mask ? 4 : 0) + payload;
}

static void masked_frames_pass_in_any_pieces(void **state)
{
    (void)state;
    unsigned char bytes[4096];
    size_t n = put_frame(bytes, 0, 0, 0x80);
    n += put_frame(bytes + n, 125, 0, 0x80);
    n += put_frame(bytes + n, 126, 2, 0x80);
    n += put_frame(bytes + n, 300, 8, 0x80);
    n += put_frame(bytes + n, 7, 0, 0x80);
    for (size_t piece = 1; piece <= n; piece++) {
        struct frames f = opened();
        for (size_t at = 0; at < n; at += piece)
            assert_true(frames_take(&f, bytes + at, piece < n - at ? piece : n - at));
    }
}

static void the_first_frame_without_a_mask_is_found_in_any_pieces(void **state)
{
    (void)state;
    unsigned char bytes[4096];
    size_t n = put_frame(bytes, 200, 2, 0x80), good = n;
    n += put_frame(bytes + n, 30, 0, 0);
    for (size_t piece = 1; piece <= n; piece++) {
        struct frames f = opened();
        for (size_t at = 0; at < n; at += piece) {
            size_t to = at + piece < n ? at + piece : n;
            if (frames_take(&f, bytes + at, to - at) != (to < good + 2))
                fail_msg("pieces of %zu bytes, at %zu", piece, at);
        }
        assert_false(frames_take(&f, bytes, good)); /* it does not become good again */
    }
}

static void the_greatest_length_does_not_come_round(void **state)
{
    (void)state;
    static const unsigned char head[] = {0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const unsigned char payload[64] = {0};
    struct frames f = opened();
    assert_true(frames_take(&f, head, sizeof head));
    assert_true(frames_take(&f, payload, sizeof payload));
    assert_true(f.skip > UINT64_MAX / 2);
}

static void a_head_ends_with_an_empty_line_in_any_pieces(void **state)
{
    (void)state;
    static const char odd[] = "GET / HTTP/1.1\r\nA: \r\r\n\n\r\r\n\r\n";
    for (size_t piece = 1; piece < sizeof odd; piece++) {
        struct frames f = {0};
        for (size_t at = 0; at < sizeof odd - 1; at += piece) {
            assert_int_equal(f.state, FRAMES_IN_HEAD);
            frames_take(&f, odd + at, piece < sizeof odd - 1 - at ? piece : sizeof odd - 1 - at);
        }
        assert_true(frames_begin(&f));
    }
}

static void nothing_may_come_between_the_head_and_its_answer(void **state)
{
    (void)state;
    struct frames f = {0};
    assert_false(frames_begin(&f)); /* no head yet */
    assert_true(frames_take(&f, request, sizeof request - 1));
    assert_true(frames_take(&f, "x", 1));
    assert_false(frames_begin(&f));
    frames_next_request(&f); /* it was the body of a request */
    assert_true(frames_take(&f, request, sizeof request - 1));
    assert_true(frames_begin(&f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masked_frames_pass_in_any_pieces),
        cmocka_unit_test(the_first_frame_without_a_mask_is_found_in_any_pieces),
        cmocka_unit_test(the_greatest_length_does_not_come_round),
        cmocka_unit_test(a_head_ends_with_an_empty_line_in_any_pieces),
        cmocka_unit_test(nothing_may_come_between_the_head_and_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
