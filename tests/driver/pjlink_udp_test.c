/* PJLink over UDP: notices from a device, and the search for devices. Source: Class 2 v2.00, 3.1 and 3.2. */
#include "driver/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pjlink.h"

#define HEAD "[device]\nclass = projector\ndriver = pjlink\nsource = test\n[line]\ntimeout = 20s\n[driver]\n"
#define POINTS                                                                                                         \
    "[point power]\n[point input]\nchoices = a\ncodes = a:31\n[point error.fan]\n[point error.lamp]\n[point name]\n"

static struct lec_bench b;

static int teardown(void **state)
{
    (void)state;
    lec_bench_end(&b);
    return 0;
}

static void begin(const char *options_and_points)
{
    char profile[600];
    snprintf(profile, sizeof profile, HEAD "%s", options_and_points);
    lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile_text = profile});
}

/* ---- Notices ------------------------------------------------------------------------------------------------- */

static int notice(const char *text)
{
    return lec_bench_notice(&b, text, strlen(text));
}

static void notices_are_hints_to_ask_not_values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *soon, *not_soon;
    } cases[] = {
        {"%2POWR=1\r", "power", "input"},
        {"%2INPT=31\r", "input", "power"},
        {"%2ERST=000020\r", "error.lamp", "input"},
        {"%2erst=000020\r", "error.fan", "name"},
        {"%2LKUP=00:11:22:aa:bb:CC\r", "power", "name"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin(POINTS);
        assert_int_equal(notice(cases[i].text), 0); /* also before the device has been reached */
        assert_true(lec_bench_soon(&b, cases[i].soon));
        assert_false(lec_bench_soon(&b, cases[i].not_soon));
        assert_int_equal(lec_bench_count(&b, cases[i].soon), 0);
        lec_bench_end(&b);
    }
}

static void link_up_is_an_event_with_the_address(void **state)
{
    (void)state;
    begin(POINTS);
    assert_int_equal(notice("%2LKUP=00:11:22:AA:BB:CC\r"), 0);
    assert_int_equal(b.n_events, 1);
    assert_string_equal(b.events[0].name, "link-up");
    assert_string_equal(b.events[0].data, "{\"mac\":\"00:11:22:AA:BB:CC\"}");
}

static void hostile_notices_change_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "%2",
                                        "%2POWR",
                                        "%2POWR 1\r",
                                        "%1POWR=1",
                                        "POWR=1\r",
                                        "%2LKUP=\r",
                                        "%2LKUP=00:11:22:AA:BB:C",
                                        "%2LKUP=\"",
                                        "\xff\xff\xff",
                                        "%2LKUP=00-11-22-AA-BB-CC"};
    begin(POINTS);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(notice(wrong[i]), LEC_E_FRAME);
    assert_int_equal(notice("%2ACKN=00:11:22:AA:BB:CC\r"), 0); /* somebody's search */
    assert_int_equal(b.n_events, 0);
    for (size_t i = 0; i < b.device->n_points; i++)
        assert_false(b.hosted.marks[i] & LEC_MARK_SOON);
}

static void notices_are_listened_for_once_and_may_be_turned_off(void **state)
{
    (void)state;
    static const struct lec_turn hello[] = {{.device = "PJLINK 0\r"}, {0}};
    static const struct {
        const char *options;
        uint16_t port;
    } cases[] = {{"", 4352}, {"notify_port = 4400\n", 4400}, {"notify_port = 0\n", 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[400];
        snprintf(text, sizeof text, "%s" POINTS, cases[i].options);
        begin(text);
        lec_bench_play(&b, hello);
        assert_int_equal(lec_bench_open(&b), 0);
        assert_int_equal(b.listens, cases[i].port);
        b.listens = 0;
        lec_bench_play(&b, hello);
        assert_int_equal(lec_bench_open(&b), 0);
        assert_int_equal(b.listens, 0);
        lec_bench_end(&b);
    }
}

static void a_taken_port_does_not_keep_the_device_away(void **state)
{
    (void)state;
    static const struct lec_turn hello[] = {{.device = "PJLINK 0\r"}, {0}};
    begin(POINTS);
    b.listen_code = LEC_E_LINK;
    lec_bench_play(&b, hello);
    assert_int_equal(lec_bench_open(&b), 0);
    assert_null(lec_bench_finish(&b));
}

/* ---- Search -------------------------------------------------------------------------------------------------- */

struct seeker {
    struct lec_search search; /* first */
    pthread_t thread;
    struct lec_err err;
    int rc, cancel, told; /* told: an eventfd that counts what was found */
    char address[4][16], id[4][18];
    size_t n;
};

static void found(struct lec_search *search, const char *address, const char *id, const char *detail)
{
    struct seeker *s = (struct seeker *)search;
    assert_string_equal(detail, "PJLink class 2");
    if (s->n < 4) {
        snprintf(s->address[s->n], sizeof s->address[0], "%s", address);
        snprintf(s->id[s->n], sizeof s->id[0], "%s", id);
    }
    s->n++;
    eventfd_write(s->told, 1);
}

static void *seek(void *arg)
{
    struct seeker *s = arg;
    s->rc = lec_driver_entry.search(&s->search, &s->err);
    return NULL;
}

/* A projector's UDP side on 127.0.0.<n>. */
static int projector_at(const char *address, uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void answer(int fd, const char *text, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof to), strlen(text));
}

static void wait_told(struct seeker *s)
{
    struct pollfd p = {.fd = s->told, .events = POLLIN};
    eventfd_t n;
    assert_int_equal(poll(&p, 1, LEC_SCRIPT_PATIENCE_MS), 1);
    assert_int_equal(eventfd_read(s->told, &n), 0);
}

static void several_devices_answer_a_search_each_told_once(void **state)
{
    (void)state;
    uint16_t port = 0;
    int one = projector_at("127.0.0.2", &port), two = projector_at("127.0.0.3", &port);
    struct seeker s = {.search = {.target = "127.0.0.2", .port = port, .found = found}};
    s.cancel = s.search.cancel_fd = eventfd(0, EFD_CLOEXEC);
    s.told = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pthread_create(&s.thread, NULL, seek, &s), 0);

    char question[32] = {0};
    struct pollfd p = {.fd = one, .events = POLLIN};
    assert_int_equal(poll(&p, 1, LEC_SCRIPT_PATIENCE_MS), 1);
    assert_int_equal(recv(one, question, sizeof question, 0), 7);
    assert_string_equal(question, "%2SRCH\r");

    answer(one, "%2ACKN=00:00:00:00:00:0Z\r", port); /* no address */
    answer(one, "%2POWR=1\r", port);                 /* a notice on the same port */
    answer(one, "%2ACKN=AA:BB:CC:00:00:01\r", port);
    wait_told(&s);
    answer(one, "%2ACKN=AA:BB:CC:00:00:01\r", port); /* again, to the repeated question */
    answer(two, "%2ackn=aa:bb:cc:00:00:02\r", port);
    wait_told(&s);
    eventfd_write(s.cancel, 1);
    pthread_join(s.thread, NULL);

    assert_int_equal(s.rc, 0);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.address[0], "127.0.0.2");
    assert_string_equal(s.id[0], "AA:BB:CC:00:00:01");
    assert_string_equal(s.address[1], "127.0.0.3");
    assert_string_equal(s.id[1], "aa:bb:cc:00:00:02");
    close(one);
    close(two);
    close(s.cancel);
    close(s.told);
}

static void a_target_that_is_no_address_is_refused(void **state)
{
    (void)state;
    struct seeker s = {.search = {.target = "everywhere", .found = found, .cancel_fd = -1}};
    assert_int_equal(lec_driver_entry.search(&s.search, &s.err), LEC_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(notices_are_hints_to_ask_not_values, teardown),
        cmocka_unit_test_teardown(link_up_is_an_event_with_the_address, teardown),
        cmocka_unit_test_teardown(hostile_notices_change_nothing, teardown),
        cmocka_unit_test_teardown(notices_are_listened_for_once_and_may_be_turned_off, teardown),
        cmocka_unit_test_teardown(a_taken_port_does_not_keep_the_device_away, teardown),
        cmocka_unit_test(several_devices_answer_a_search_each_told_once),
        cmocka_unit_test(a_target_that_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
