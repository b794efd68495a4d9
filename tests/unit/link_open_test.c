/* Opening links over sockets: the addresses that names stand for, and who does not answer there. */
#include "unit/link_stage.h"

#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void a_refused_connection_names_the_address(void **state)
{
    (void)state;
    uint16_t port;
    char want[64];
    struct lec_err err;
    struct lec_link *link = NULL;
    int taken = listen_at(&port, SOCK_STREAM, -1); /* so that nobody else listens there either */
    struct lec_line line = tcp("127.0.0.1", port);
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, &err), LEC_E_LINK);
    assert_null(link);
    snprintf(want, sizeof want, "connection refused by 127.0.0.1:%u", port);
    check_text(&err, want);
    line.host = "plain.test";
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, &err), LEC_E_LINK);
    snprintf(want, sizeof want, "plain.test:%u (127.0.0.1)", port);
    check_text(&err, want);
    line.host = "::1";
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, &err), LEC_E_LINK);
    snprintf(want, sizeof want, "[::1]:%u", port);
    check_text(&err, want);
    close(taken);
}

static void no_answer_is_a_time_out_that_names_the_address_and_the_time(void **state)
{
    (void)state;
    uint16_t port;
    int waiting[4], fd = listen_mute(&port, waiting);
    struct lec_line line = tcp("127.0.0.1", port);
    struct lec_link *link = NULL;
    struct lec_err err;
    /* The kernel alone would try for minutes. What was left of the 200 ms when it began is told. */
    assert_int_equal(lec_link_open(&line, -1, lec_now() + 200 * LEC_MS, &link, &err), LEC_E_TIMEOUT);
    check_text(&err, "no answer from 127.0.0.1:");
    const char *told = strstr(err.text, " in ");
    char *unit = NULL;
    assert_non_null(told);
    assert_true(strtod(told + 4, &unit) <= 0.2);
    assert_string_equal(unit, " s");
    for (int i = 0; i < 4; i++)
        close(waiting[i]);
    close(fd);
}

static void a_name_with_a_dead_address_connects_to_the_next(void **state)
{
    (void)state;
    int peer;
    struct lec_link *link = connected("two.test", &peer, -1);
    lec_link_close(&link);
    close(peer);
}

/* ---- A network of this thread alone ------------------------------------------------------------------------- */

static void set_up_loopback(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)ioctl(fd, SIOCSIFFLAGS, &lo);
    close(fd);
    fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "40000 40000", 11) < 0)
        perror("ip_local_port_range");
    close(fd);
}

struct alone {
    bool allowed;
    int no_route, itself;
    struct lec_err no_route_err, itself_err;
};

static void *be_alone(void *arg)
{
    struct alone *a = arg;
    struct lec_link *link = NULL;
    a->allowed = unshare(CLONE_NEWNET) == 0;
    if (!a->allowed)
        return NULL;
    struct lec_line line = tcp("192.0.2.1", 4352);
    a->no_route = lec_link_open(&line, -1, SOON, &link, &a->no_route_err);
    set_up_loopback(); /* where every connection starts from port 40000 */
    line = tcp("127.0.0.1", 40000);
    a->itself = lec_link_open(&line, -1, SOON, &link, &a->itself_err);
    return NULL;
}

static void no_route_is_told_and_a_connection_to_itself_is_none(void **state)
{
    (void)state;
    pthread_t thread;
    struct alone a = {0};
    assert_int_equal(pthread_create(&thread, NULL, be_alone, &a), 0);
    pthread_join(thread, NULL);
    if (!a.allowed)
        skip(); /* needs the right to make a network namespace */
    assert_int_equal(a.no_route, LEC_E_LINK);
    check_text(&a.no_route_err, "no route to 192.0.2.1:4352");
    assert_int_equal(a.itself, LEC_E_LINK);
    check_text(&a.itself_err, "connection refused by 127.0.0.1:40000");
}

/* ---- Resolving ---------------------------------------------------------------------------------------------- */

static void unknown_names_and_silent_name_servers_are_told_apart(void **state)
{
    (void)state;
    struct lec_link *link = NULL;
    struct lec_err err;
    struct lec_line line = tcp("unknown.test", 1);
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, &err), LEC_E_LINK);
    check_text(&err, "no address is known for unknown.test");
    line.host = "silent.test";
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, &err), LEC_E_LINK);
    check_text(&err, "name server does not answer for silent.test");
}

static void an_answer_is_used_again_until_it_proves_useless(void **state)
{
    (void)state;
    int peer;
    unsigned before = count_lookups();
    struct lec_link *link = connected("cached.test", &peer, -1);
    lec_link_close(&link);
    close(peer);
    link = connected("cached.test", &peer, -1);
    lec_link_close(&link);
    close(peer);
    assert_int_equal(count_lookups(), before + 1);
    struct lec_line line = tcp("cached.test", 1); /* refused: perhaps the device has moved */
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, NULL), LEC_E_LINK);
    assert_int_equal(count_lookups(), before + 1);
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, NULL), LEC_E_LINK);
    assert_int_equal(count_lookups(), before + 2);
}

static void a_lookup_that_hangs_is_left_alone_and_its_answer_used_later(void **state)
{
    (void)state;
    struct lec_link *link = NULL;
    struct lec_err err;
    struct lec_line line = tcp("slow.test", 1);
    unsigned before = count_lookups();
    hold_names(true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lec_link_open(&line, -1, lec_now() + 30 * LEC_MS, &link, &err), LEC_E_TIMEOUT);
        check_text(&err, "slow.test");
    }
    for (int64_t until = SOON; count_lookups() == before && lec_now() < until;)
        sched_yield();
    assert_int_equal(count_lookups(), before + 1); /* one thread, however often it is asked */
    hold_names(false);
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, &err), LEC_E_LINK);
    check_text(&err, "connection refused");
    assert_int_equal(count_lookups(), before + 1);
}

static void names_beyond_the_limit_are_refused_while_all_hang(void **state)
{
    (void)state;
    struct lec_link *link = NULL;
    struct lec_err err;
    hold_names(true);
    int rc = 0, n = 0;
    while (n < 200 && rc != LEC_E_NOMEM) {
        char host[32];
        snprintf(host, sizeof host, "many-%d.test", n++);
        struct lec_line line = tcp(host, 1);
        rc = lec_link_open(&line, -1, lec_now() + LEC_MS, &link, &err);
    }
    assert_int_equal(n, 33);
    check_text(&err, "32 names");
    hold_names(false);
    struct lec_line line = tcp("after.test", 1); /* answers that have come make room */
    do
        rc = lec_link_open(&line, -1, SOON, &link, &err);
    while (rc == LEC_E_NOMEM);
    assert_int_equal(rc, LEC_E_LINK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_connection_names_the_address),
        cmocka_unit_test(no_answer_is_a_time_out_that_names_the_address_and_the_time),
        cmocka_unit_test(a_name_with_a_dead_address_connects_to_the_next),
        cmocka_unit_test(no_route_is_told_and_a_connection_to_itself_is_none),
        cmocka_unit_test(unknown_names_and_silent_name_servers_are_told_apart),
        cmocka_unit_test(an_answer_is_used_again_until_it_proves_useless),
        cmocka_unit_test(a_lookup_that_hangs_is_left_alone_and_its_answer_used_later),
        cmocka_unit_test(names_beyond_the_limit_are_refused_while_all_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
