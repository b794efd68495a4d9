/* Links over real sockets: what goes over them, and what ends a wait. How they are opened is in link_open_test.c, pseudo-terminals
 * are in link_pty_test.c. */
#include "unit/link_stage.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static void bytes_go_both_ways_over_tcp(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "localhost", "plain.test"};
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        int peer;
        char data[16];
        struct lec_link *link = connected(hosts[i], &peer, -1);
        assert_int_equal(lec_link_send(link, "POWR ?\r", 7, SOON, NULL), 0);
        assert_int_equal(read(peer, data, sizeof data), 7);
        assert_int_equal(write(peer, "OK\r", 3), 3);
        assert_int_equal(lec_link_recv(link, data, sizeof data, SOON, NULL), 3);
        assert_memory_equal(data, "OK\r", 3);
        int flags = fcntl(lec_link_fd(link), F_GETFL);
        assert_true(flags & O_NONBLOCK);
        assert_true(fcntl(lec_link_fd(link), F_GETFD) & FD_CLOEXEC);
        lec_link_close(&link);
        assert_null(link);
        lec_link_close(&link);
        close(peer);
    }
}

static void a_short_buffer_gets_the_rest_at_the_next_call(void **state)
{
    (void)state;
    int peer;
    char data[3];
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    assert_int_equal(write(peer, "abcdefg", 7), 7);
    assert_int_equal(lec_link_recv(link, data, 3, SOON, NULL), 3);
    assert_int_equal(lec_link_recv(link, data, 3, SOON, NULL), 3);
    assert_memory_equal(data, "def", 3);
    assert_int_equal(lec_link_recv(link, data, 3, SOON, NULL), 1);
    assert_int_equal(data[0], 'g');
    lec_link_close(&link);
    close(peer);
}

static void nothing_in_time_is_a_time_out_and_not_before(void **state)
{
    (void)state;
    int peer;
    char byte;
    struct lec_err err;
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    int64_t begun = lec_now();
    assert_int_equal(lec_link_recv(link, &byte, 1, begun + 50 * LEC_MS, &err), LEC_E_TIMEOUT);
    assert_true(lec_now() - begun >= 50 * LEC_MS); /* and it came back at all, though nothing is ever said */
    lec_link_close(&link);
    close(peer);
}

static void a_deadline_in_the_past_reads_what_is_there(void **state)
{
    (void)state;
    int peer;
    char data[4];
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    assert_int_equal(lec_link_recv(link, data, 4, 0, NULL), LEC_E_TIMEOUT);
    assert_int_equal(write(peer, "x", 1), 1);
    struct pollfd p = {.fd = lec_link_fd(link), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 20000), 1);
    assert_int_equal(lec_link_recv(link, data, 4, 0, NULL), 1);
    lec_link_close(&link);
    close(peer);
}

static void flush_drops_what_has_come_and_counts_it(void **state)
{
    (void)state;
    int peer;
    char data[10000] = "";
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    assert_int_equal(lec_link_flush(link), 0);
    assert_int_equal(write(peer, data, sizeof data), sizeof data);
    size_t dropped = 0;
    for (int64_t until = SOON; dropped < sizeof data && lec_now() < until;)
        dropped += lec_link_flush(link);
    assert_int_equal(dropped, sizeof data);
    close(peer);
    assert_int_equal(lec_link_recv(link, data, 1, SOON, NULL), LEC_E_LINK); /* the end is not lost by a flush */
    assert_int_equal(lec_link_flush(link), 0);
    assert_int_equal(lec_link_recv(link, data, 1, SOON, NULL), LEC_E_LINK);
    lec_link_close(&link);
}

static void a_flush_tells_that_the_other_side_has_gone(void **state)
{
    (void)state;
    int peer;
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    lec_link_flush(link);
    assert_false(lec_link_gone(link));
    assert_int_equal(write(peer, "late", 4), 4);
    close(peer);
    struct pollfd end = {.fd = lec_link_fd(link), .events = POLLRDHUP};
    assert_int_equal(poll(&end, 1, 20000), 1);
    assert_int_equal(lec_link_flush(link), 4);
    assert_true(lec_link_gone(link)); /* also behind bytes that came late */
    lec_link_close(&link);
}

static void the_last_bytes_come_before_the_end(void **state)
{
    (void)state;
    int peer;
    char data[8];
    struct lec_err err;
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    assert_int_equal(write(peer, "bye", 3), 3);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    assert_int_equal(lec_link_recv(link, data, sizeof data, SOON, &err), 3);
    assert_int_equal(lec_link_recv(link, data, sizeof data, SOON, &err), LEC_E_LINK);
    check_text(&err, "has closed the connection");
    assert_int_equal(lec_link_send(link, "ok", 2, SOON, NULL), 0); /* the other direction is still open */
    assert_int_equal(read(peer, data, sizeof data), 2);
    lec_link_close(&link);
    close(peer);
}

static void a_reset_is_told_as_one(void **state)
{
    (void)state;
    int peer;
    char byte;
    struct lec_err err;
    struct linger now = {.l_onoff = 1};
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(peer);
    assert_int_equal(lec_link_recv(link, &byte, 1, SOON, &err), LEC_E_LINK);
    check_text(&err, "connection reset by 127.0.0.1:");
    assert_int_equal(lec_link_send(link, "x", 1, SOON, &err), LEC_E_LINK); /* and no SIGPIPE */
    lec_link_close(&link);
}

static void a_peer_that_takes_no_bytes_is_a_time_out(void **state)
{
    (void)state;
    int peer;
    size_t size = 32u << 20;
    char *data = calloc(1, size);
    struct lec_err err;
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    assert_int_equal(lec_link_send(link, data, size, lec_now() + 100 * LEC_MS, &err), LEC_E_TIMEOUT);
    check_text(&err, "takes no more bytes");
    lec_link_close(&link);
    close(peer);
    free(data);
}

static void many_bytes_arrive_whole(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct lec_link *a = lec_link_of_fd(pair[0], -1), *b = lec_link_of_fd(pair[1], -1);
    static unsigned char out[100000], in[100000];
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (unsigned char)(i * 31 >> 3);
    size_t sent = 0, got = 0;
    while (got < sizeof in) {
        if (sent < sizeof out) {
            assert_int_equal(lec_link_send(a, out + sent, 10000, SOON, NULL), 0);
            sent += 10000;
        }
        ssize_t n = lec_link_recv(b, in + got, sizeof in - got, SOON, NULL);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(in, out, sizeof in);
    lec_link_close(&a);
    lec_link_close(&b);
}

/* ---- Cancelling --------------------------------------------------------------------------------------------- */

static void *cancel_soon(void *arg)
{
    poll(NULL, 0, 30); /* so that the other thread is likely to be waiting; it must work either way */
    eventfd_write(*(int *)arg, 1);
    return NULL;
}

enum what { RECV, SEND, CONNECT, RESOLVE };

static int cancelled(enum what what)
{
    int cancel = eventfd(0, EFD_CLOEXEC), peer = -1, rc = 0;
    uint16_t port = 1;
    int waiting[4] = {-1, -1, -1, -1}, mute = what == CONNECT ? listen_mute(&port, waiting) : -1;
    struct lec_link *link = what == RECV || what == SEND ? connected("127.0.0.1", &peer, cancel) : NULL;
    struct lec_line line = tcp(what == RESOLVE ? "held.test" : "127.0.0.1", port);
    static char data[32 << 20];
    pthread_t thread;
    hold_names(what == RESOLVE);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
    switch (what) { /* none of these would ever end by itself */
    case RECV:
        rc = (int)lec_link_recv(link, data, 1, LEC_NEVER, NULL);
        break;
    case SEND:
        rc = lec_link_send(link, data, sizeof data, LEC_NEVER, NULL);
        break;
    case CONNECT:
    case RESOLVE:
        rc = lec_link_open(&line, cancel, LEC_NEVER, &link, NULL);
        break;
    }
    pthread_join(thread, NULL);
    hold_names(false);
    lec_link_close(&link);
    const int all[] = {cancel, peer, mute, waiting[0], waiting[1], waiting[2], waiting[3]};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i] >= 0)
            close(all[i]);
    return rc;
}

static void every_wait_ends_when_it_is_cancelled(void **state)
{
    (void)state;
    assert_int_equal(cancelled(RECV), LEC_E_CANCELLED);
    assert_int_equal(cancelled(SEND), LEC_E_CANCELLED);
    assert_int_equal(cancelled(CONNECT), LEC_E_CANCELLED);
    assert_int_equal(cancelled(RESOLVE), LEC_E_CANCELLED);
}

static void a_flood_does_not_hide_a_cancel(void **state)
{
    (void)state;
    int cancel = eventfd(1, EFD_CLOEXEC), pair[2], n = 0;
    static const char flood[1000];
    char byte;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct lec_link *link = lec_link_of_fd(pair[0], cancel);
    assert_int_equal(write(pair[1], flood, sizeof flood), sizeof flood);
    assert_int_equal(lec_link_recv(link, &byte, 1, 0, NULL), 1);
    while (n < 100 && lec_link_recv(link, &byte, 1, SOON, NULL) == 1)
        n++;
    assert_true(n < 100);
    lec_link_close(&link);
    close(pair[1]);
    close(cancel);
}

/* ---- UDP ---------------------------------------------------------------------------------------------------- */

static void a_datagram_is_a_message_and_an_empty_one_is_nothing(void **state)
{
    (void)state;
    uint16_t port;
    char data[16];
    int fd = listen_at(&port, SOCK_DGRAM, 0);
    struct lec_line line = tcp("127.0.0.1", port);
    line.kind = LEC_LINE_UDP;
    struct lec_link *link = NULL;
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, NULL), 0);
    assert_int_equal(lec_link_send(link, "hello", 5, SOON, NULL), 0);
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    assert_int_equal(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &len), 5);
    static const char *const out[] = {"", "longer", "b"};
    for (size_t i = 0; i < ARRAY_LEN(out); i++)
        assert_true(sendto(fd, out[i], strlen(out[i]), 0, (struct sockaddr *)&from, len) >= 0);
    assert_int_equal(lec_link_recv(link, data, 4, SOON, NULL), 4); /* the rest of "longer" is cut */
    assert_memory_equal(data, "long", 4);
    assert_int_equal(lec_link_recv(link, data, 4, SOON, NULL), 1);
    assert_int_equal(data[0], 'b');
    close(fd);
    assert_int_equal(lec_link_send(link, "x", 1, SOON, NULL), 0);
    struct lec_err err;
    assert_int_equal(lec_link_recv(link, data, 4, SOON, &err), LEC_E_LINK);
    check_text(&err, "nothing listens at 127.0.0.1:");
    lec_link_close(&link);
}

static void lines_without_bytes_are_refused(void **state)
{
    (void)state;
    struct lec_link *link = NULL;
    struct lec_line line = {.name = "", .kind = LEC_LINE_USB, .host = "", .path = ""};
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, NULL), LEC_E_NOTSUP);
    assert_null(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways_over_tcp),
        cmocka_unit_test(a_short_buffer_gets_the_rest_at_the_next_call),
        cmocka_unit_test(nothing_in_time_is_a_time_out_and_not_before),
        cmocka_unit_test(a_deadline_in_the_past_reads_what_is_there),
        cmocka_unit_test(flush_drops_what_has_come_and_counts_it),
        cmocka_unit_test(a_flush_tells_that_the_other_side_has_gone),
        cmocka_unit_test(the_last_bytes_come_before_the_end),
        cmocka_unit_test(a_reset_is_told_as_one),
        cmocka_unit_test(a_peer_that_takes_no_bytes_is_a_time_out),
        cmocka_unit_test(many_bytes_arrive_whole),
        cmocka_unit_test(every_wait_ends_when_it_is_cancelled),
        cmocka_unit_test(a_flood_does_not_hide_a_cancel),
        cmocka_unit_test(a_datagram_is_a_message_and_an_empty_one_is_nothing),
        cmocka_unit_test(lines_without_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
