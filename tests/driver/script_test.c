#include "driver/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lectern/err.h"

/* The host's side, by hand. */
static int host;

static void start(struct lec_script *s, const struct lec_turn *turns)
{
    uint16_t port = 0;
    host = lec_script_start(s, turns, &port);
    if (host >= 0)
        return;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    host = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(host, (struct sockaddr *)&at, sizeof at), 0);
}

static const char *finish(struct lec_script *s)
{
    close(host);
    return lec_script_end(s);
}

static void say(const char *text)
{
    assert_int_equal(send(host, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* One read, as it comes. */
static void hears(const char *text)
{
    char got[64] = {0};
    assert_int_equal(recv(host, got, sizeof got - 1, 0), strlen(text));
    assert_string_equal(got, text);
}

static void a_conversation_as_written_has_no_mistake(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.device = "hello\r"},
                                            {.host = "ask\r"},
                                            {.device = "one"},
                                            {.device = "two\r"},
                                            {.host = "a\0b", .host_n = 3},
                                            {0}};
    struct lec_script s;
    start(&s, turns);
    hears("hello\r");
    say("ask\r");
    hears("one"); /* two turns, two reads */
    hears("two\r");
    assert_int_equal(send(host, "a\0b", 3, 0), 3);
    assert_null(finish(&s));
}

static void a_wrong_byte_is_told_with_what_came(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "%1POWR ?\r"}, {.device = "%1POWR=1\r"}, {0}};
    struct lec_script s;
    start(&s, turns);
    say("%1POWR 1\r");
    char byte;
    assert_int_equal(recv(host, &byte, 1, 0), 0); /* hung up on */
    assert_string_equal(finish(&s), "turn 1: the host should say \"%1POWR ?\\r\" and was wrong after \"%1POWR 1\\r\"");
}

static void a_turn_that_is_not_reached_is_told(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "a"}, {.host = "b"}, {0}};
    struct lec_script s;
    start(&s, turns);
    say("a");
    assert_string_equal(finish(&s), "turn 2: the host should say \"b\" and hung up after \"\"");
}

static void what_the_host_says_after_the_end_is_told(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.host = "a"}, {0}};
    struct lec_script s;
    start(&s, turns);
    say("a\x01");
    assert_string_equal(finish(&s), "turn 2: the script is over and the host goes on with \"\\x01\"");
}

static void what_cannot_be_foretold_is_kept(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.until = '\r'}, {.until = '\n'}, {.device = "."}, {0}};
    struct lec_script s;
    start(&s, turns);
    say("first\rab\n");
    hears(".");
    assert_null(finish(&s));
    assert_string_equal(lec_script_said(&s), "ab\n");
}

static void the_device_can_hang_up_and_be_connected_to_again(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {
        {.accept = true}, {.device = "1"}, {.close = true}, {.accept = true}, {.device = "2"}, {.reset = true}, {0}};
    struct lec_script s = {0};
    uint16_t port = 0;
    assert_int_equal(lec_script_start(&s, turns, &port), -1);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    char byte;
    for (int i = 0; i < 2; i++) {
        host = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(host, (struct sockaddr *)&at, sizeof at), 0);
        hears(i == 0 ? "1" : "2");
        if (i == 0) {
            assert_int_equal(recv(host, &byte, 1, 0), 0);
            close(host);
        }
    }
    assert_int_equal(recv(host, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_null(finish(&s));
}

static void one_connection_too_many_is_told(void **state)
{
    (void)state;
    static const struct lec_turn turns[] = {{.accept = true}, {.device = "1"}, {.close = true}, {0}};
    struct lec_script s = {0};
    uint16_t port = 0;
    assert_int_equal(lec_script_start(&s, turns, &port), -1);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int first = socket(AF_INET, SOCK_STREAM, 0);
    host = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(first, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(connect(host, (struct sockaddr *)&at, sizeof at), 0);
    close(first);
    assert_string_equal(lec_script_end(&s), "turn 4: the script is over and the host has connected once more");
    close(host);
}

static void a_feed_gives_a_chunk_each_time_the_host_has_spoken(void **state)
{
    (void)state;
    static const uint8_t data[] = "hello\xff\xfftwo\xffthree";
    struct lec_feed f;
    host = lec_feed_start(&f, data, sizeof data - 1);
    hears("hello");
    lec_feed_more(&f); /* an empty chunk */
    lec_feed_more(&f);
    hears("two");
    say("more");
    lec_feed_more(&f);
    hears("three");
    char byte;
    assert_int_equal(recv(host, &byte, 1, 0), 0);
    lec_feed_end(&f);
    close(host);
}

static void bytes_show_as_in_c(void **state)
{
    (void)state;
    char text[24];
    assert_string_equal(lec_show_bytes("\r\n\0\\x\x80", 6, text, sizeof text), "\\r\\n\\0\\\\x\\x80");
    assert_string_equal(lec_show_bytes("abcdefghijkl", 12, text, 12), "abcdefgh...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_as_written_has_no_mistake),
        cmocka_unit_test(a_wrong_byte_is_told_with_what_came),
        cmocka_unit_test(a_turn_that_is_not_reached_is_told),
        cmocka_unit_test(what_the_host_says_after_the_end_is_told),
        cmocka_unit_test(what_cannot_be_foretold_is_kept),
        cmocka_unit_test(the_device_can_hang_up_and_be_connected_to_again),
        cmocka_unit_test(one_connection_too_many_is_told),
        cmocka_unit_test(a_feed_gives_a_chunk_each_time_the_host_has_spoken),
        cmocka_unit_test(bytes_show_as_in_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
