/* Datagrams that devices send by themselves, over loopback from several source ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "line/notice.h"

#define PATIENCE_S 20

static struct {
    pthread_mutex_t lock;
    pthread_cond_t news;
    unsigned n;
    char all[4096]; /* "line/device=data " for each */
} heard = {.lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER};

static void hear(void *ctx, const char *line_name, size_t device_index, const void *data, size_t len)
{
    (void)ctx;
    pthread_mutex_lock(&heard.lock);
    size_t at = strlen(heard.all);
    if (((const char *)data)[len] == '\0')
        snprintf(heard.all + at, sizeof heard.all - at, "%s/%zu=%s ", line_name, device_index, (const char *)data);
    heard.n++;
    pthread_cond_signal(&heard.news);
    pthread_mutex_unlock(&heard.lock);
}

/* Waits for n deliveries and checks what they were; forgets them. */
static void check_heard(unsigned n, const char *want)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    char got[sizeof heard.all];
    pthread_mutex_lock(&heard.lock);
    while (heard.n < n && pthread_cond_timedwait(&heard.news, &heard.lock, &until) == 0)
        ;
    memcpy(got, heard.all, sizeof got);
    unsigned came = heard.n;
    heard.n = 0;
    heard.all[0] = '\0';
    pthread_mutex_unlock(&heard.lock);
    assert_string_equal(got, want);
    assert_int_equal(came, n);
}

/* A bound UDP socket, at 127.0.0.1 or ::1; *port: 0 takes a free one. */
static int sender(int family, uint16_t *port)
{
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(*port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback, .sin6_port = htons(*port)};
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t len = family == AF_INET ? sizeof in : sizeof in6;
    struct sockaddr *sa = family == AF_INET ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
    if (fd < 0 || bind(fd, sa, len) != 0 || getsockname(fd, sa, &len) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(family == AF_INET ? in.sin_port : in6.sin6_port);
    return fd;
}

static void say(int fd, int family, uint16_t to, const char *data)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(to)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback, .sin6_port = htons(to)};
    const struct sockaddr *sa = family == AF_INET ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
    assert_int_equal(sendto(fd, data, strlen(data), 0, sa, family == AF_INET ? sizeof in : sizeof in6), strlen(data));
}

struct stage {
    struct lec_notice *notice;
    uint16_t port; /* free a moment ago */
    int a, b;      /* two devices on one machine */
    uint16_t port_a, port_b;
};

static int setup(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    int probe = sender(AF_INET, &s->port);
    s->a = sender(AF_INET, &s->port_a);
    s->b = sender(AF_INET, &s->port_b);
    close(probe);
    s->notice = lec_notice_new(hear, NULL);
    assert_non_null(s->notice);
    heard.n = 0;
    heard.all[0] = '\0';
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;
    lec_clock_fake(-1, 0);
    lec_notice_free(&s->notice);
    assert_null(s->notice);
    close(s->a);
    close(s->b);
    free(s);
    return 0;
}

static void want(struct stage *s, const char *host, uint16_t source_port, const char *line, size_t device)
{
    struct lec_err err = {0};
    if (lec_notice_register(s->notice, s->port, host, source_port, line, device, -1, &err) != 0)
        fail_msg("register: %s", err.text);
}

static void a_datagram_goes_to_the_device_at_the_address_it_came_from(void **state)
{
    struct stage *s = *state;
    want(s, "127.0.0.1", 0, "near", 2);
    want(s, "192.0.2.7", 0, "far", 0);
    say(s->a, AF_INET, s->port, "%2LKUP=1");
    check_heard(1, "near/2=%2LKUP=1 ");
}

static void names_are_resolved(void **state)
{
    struct stage *s = *state;
    want(s, "localhost", 0, "named", 0);
    say(s->a, AF_INET, s->port, "hello");
    check_heard(1, "named/0=hello ");
}

static void devices_on_one_machine_are_told_apart_by_their_source_port(void **state)
{
    struct stage *s = *state;
    uint16_t port_c = 0;
    int c = sender(AF_INET, &port_c);
    want(s, "127.0.0.1", s->port_a, "a", 0);
    want(s, "127.0.0.1", s->port_b, "b", 0);
    say(s->b, AF_INET, s->port, "from b");
    check_heard(1, "b/0=from b ");
    say(s->a, AF_INET, s->port, "from a");
    check_heard(1, "a/0=from a ");
    say(c, AF_INET, s->port, "from anybody there");
    check_heard(2, "a/0=from anybody there b/0=from anybody there ");
    close(c);
}

static void registering_again_replaces(void **state)
{
    struct stage *s = *state;
    want(s, "192.0.2.7", 0, "moved", 1);
    want(s, "127.0.0.1", 0, "moved", 1);
    want(s, "127.0.0.1", 0, "moved", 1);
    say(s->a, AF_INET, s->port, "once");
    say(s->a, AF_INET, s->port, "end");
    check_heard(2, "moved/1=once moved/1=end ");
}

static void a_line_that_is_gone_hears_nothing(void **state)
{
    struct stage *s = *state;
    want(s, "127.0.0.1", 0, "gone", 0);
    want(s, "127.0.0.1", 0, "stays", 0);
    want(s, "127.0.0.1", 0, "gone", 1);
    lec_notice_unregister(s->notice, "gone");
    say(s->a, AF_INET, s->port, "x");
    check_heard(1, "stays/0=x ");
}

static void ports_are_kept_apart(void **state)
{
    struct stage *s = *state;
    uint16_t second = 0, first = s->port;
    want(s, "127.0.0.1", 0, "first", 0);
    int probe = sender(AF_INET, &second);
    close(probe);
    s->port = second;
    want(s, "127.0.0.1", 0, "second", 0);
    say(s->a, AF_INET, second, "2");
    check_heard(1, "second/0=2 ");
    say(s->a, AF_INET, first, "1");
    check_heard(1, "first/0=1 ");
}

static void datagrams_over_ipv6_are_heard_on_the_same_port(void **state)
{
    struct stage *s = *state;
    uint16_t port = 0;
    int fd = sender(AF_INET6, &port);
    if (fd < 0)
        skip(); /* no IPv6 here */
    want(s, "::1", 0, "six", 0);
    say(fd, AF_INET6, s->port, "six");
    check_heard(1, "six/0=six ");
    close(fd);
}

static void a_port_of_another_program_is_named(void **state)
{
    struct stage *s = *state;
    struct lec_err err;
    assert_int_equal(lec_notice_register(s->notice, s->port_a, "127.0.0.1", 0, "x", 0, -1, &err), LEC_E_LINK);
    char text[64];
    snprintf(text, sizeof text, "UDP port %u", s->port_a);
    assert_non_null(strstr(err.text, text));
    assert_non_null(strstr(err.text, "taken"));
}

static void what_is_empty_or_too_long_is_dropped(void **state)
{
    struct stage *s = *state;
    char data[LEC_NOTICE_SIZE + 2];
    memset(data, 'x', sizeof data);
    data[LEC_NOTICE_SIZE + 1] = '\0';
    want(s, "127.0.0.1", 0, "line", 0);
    say(s->a, AF_INET, s->port, data);
    say(s->a, AF_INET, s->port, "");
    say(s->a, AF_INET, s->port, "end");
    check_heard(1, "line/0=end ");
}

static void a_flood_reaches_the_line_only_so_fast(void **state)
{
    struct stage *s = *state;
    want(s, "127.0.0.1", s->port_a, "flooded", 0);
    want(s, "127.0.0.1", s->port_b, "other", 0);
    lec_clock_fake(lec_now(), 0); /* all in one second, however slow the machine is */
    /* Loopback queues as it is told; what has been sent before "end" has been looked at before it. */
    for (int i = 0; i < 120; i++)
        say(s->a, AF_INET, s->port, "f");
    say(s->b, AF_INET, s->port, "end");
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&heard.lock);
    while (!strstr(heard.all, "other/0=end") && pthread_cond_timedwait(&heard.news, &heard.lock, &until) == 0)
        ;
    bool end = strstr(heard.all, "other/0=end") != NULL;
    unsigned n = heard.n;
    pthread_mutex_unlock(&heard.lock);
    assert_true(end);
    assert_int_equal(n, LEC_NOTICE_PER_S + 1);
}

static void more_devices_and_ports_than_the_limits_are_refused(void **state)
{
    struct stage *s = *state;
    struct lec_err err;
    for (size_t i = 0; i < LEC_NOTICE_DEVICES; i++)
        want(s, "127.0.0.1", 0, "line", i);
    assert_int_equal(lec_notice_register(s->notice, s->port, "127.0.0.1", 0, "line", LEC_NOTICE_DEVICES, -1, &err),
                     LEC_E_NOMEM);
    lec_notice_unregister(s->notice, "line");
    int rc = 0;
    unsigned ports = 1; /* one is open already */
    while (rc == 0 && ports <= LEC_NOTICE_PORTS) {
        uint16_t port = 0;
        int probe = sender(AF_INET, &port);
        close(probe);
        rc = lec_notice_register(s->notice, port, "127.0.0.1", 0, "line", 0, -1, &err);
        ports += rc == 0;
    }
    assert_int_equal(rc, LEC_E_NOMEM);
    assert_int_equal(ports, LEC_NOTICE_PORTS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_datagram_goes_to_the_device_at_the_address_it_came_from),
        TEST(names_are_resolved),
        TEST(devices_on_one_machine_are_told_apart_by_their_source_port),
        TEST(registering_again_replaces),
        TEST(a_line_that_is_gone_hears_nothing),
        TEST(ports_are_kept_apart),
        TEST(datagrams_over_ipv6_are_heard_on_the_same_port),
        TEST(a_port_of_another_program_is_named),
        TEST(what_is_empty_or_too_long_is_dropped),
        TEST(a_flood_reaches_the_line_only_so_fast),
        TEST(more_devices_and_ports_than_the_limits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
