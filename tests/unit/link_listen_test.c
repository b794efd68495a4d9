/* Links that somebody waits for while nobody asks. */
#include "unit/link_stage.h"

#include <sys/socket.h>
#include <unistd.h>

#define ITEM 3

static struct lec_waiter *new_waiter(void)
{
    struct lec_waiter *w = lec_waiter_new();
    assert_non_null(w);
    return w;
}

static void bytes_end_a_wait_only_while_somebody_listens(void **state)
{
    (void)state;
    int peer;
    struct lec_waiter *w = new_waiter();
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    assert_int_equal(write(peer, "x", 1), 1);
    assert_int_equal(lec_waiter_wait(w, 0), 0);
    lec_link_listen(link, w, ITEM);
    lec_link_listen(link, w, ITEM); /* again is the same */
    assert_int_equal(lec_waiter_wait(w, SOON), 1u << ITEM);
    lec_link_listen(link, NULL, 0);
    assert_int_equal(lec_waiter_wait(w, 0), 0);
    lec_link_close(&link);
    close(peer);
    lec_waiter_free(&w);
}

static void a_hang_up_ends_a_wait(void **state)
{
    (void)state;
    int peer;
    struct lec_waiter *w = new_waiter();
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    lec_link_listen(link, w, ITEM);
    close(peer);
    assert_int_equal(lec_waiter_wait(w, SOON), 1u << ITEM);
    lec_link_close(&link);
    lec_waiter_free(&w);
}

/* The next one opened usually gets the number of the descriptor that was closed last. */
static void a_link_opened_after_another_was_closed_is_listened_to_as_well(void **state)
{
    (void)state;
    int pair[2];
    struct lec_waiter *w = new_waiter();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        struct lec_link *link = lec_link_of_fd(pair[0], -1);
        assert_non_null(link);
        lec_link_listen(link, w, ITEM);
        assert_int_equal(lec_waiter_wait(w, 0), 0);
        assert_int_equal(write(pair[1], "x", 1), 1);
        assert_int_equal(lec_waiter_wait(w, SOON), 1u << ITEM);
        lec_link_close(&link);
        close(pair[1]);
    }
    lec_waiter_free(&w);
}

static void a_flush_after_a_quiet_wait_does_not_look_once(void **state)
{
    (void)state;
    int peer;
    char data[8];
    struct lec_waiter *w = new_waiter();
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    lec_link_quiet(link); /* nobody listens: it means nothing */
    assert_int_equal(write(peer, "abc", 3), 3);
    lec_link_listen(link, w, ITEM);
    assert_int_equal(lec_waiter_wait(w, SOON), 1u << ITEM);
    assert_int_equal(lec_link_flush(link), 3);

    assert_int_equal(lec_waiter_wait(w, 0), 0);
    lec_link_quiet(link);
    assert_int_equal(write(peer, "late", 4), 4);
    assert_int_equal(lec_waiter_wait(w, SOON), 1u << ITEM); /* it is there */
    assert_int_equal(lec_link_flush(link), 0);
    assert_int_equal(lec_link_flush(link), 4);

    lec_link_quiet(link);
    assert_int_equal(lec_link_send(link, "?", 1, SOON, NULL), 0);
    assert_int_equal(write(peer, "too late", 8), 8);
    assert_int_equal(lec_waiter_wait(w, SOON), 1u << ITEM);
    assert_int_equal(lec_link_flush(link), 8); /* whoever has sent since must look */

    lec_link_quiet(link);
    assert_int_equal(write(peer, "answer", 6), 6);
    assert_int_equal(lec_link_recv(link, data, 3, SOON, NULL), 3);
    assert_int_equal(lec_link_flush(link), 3); /* and whoever has read */
    lec_link_close(&link);
    close(peer);
    lec_waiter_free(&w);
}

static void who_expects_an_answer_gets_it_and_waits_no_longer_than_allowed(void **state)
{
    (void)state;
    int peer;
    char data[8];
    struct lec_err err;
    struct lec_link *link = connected("127.0.0.1", &peer, -1);
    assert_int_equal(write(peer, "OK", 2), 2);
    lec_link_expect(link, 5 * LEC_SEC);
    assert_int_equal(lec_link_recv(link, data, sizeof data, SOON, NULL), 2);

    int64_t soon = lec_now() + 10 * LEC_MS;
    lec_link_expect(link, 20 * LEC_SEC);
    assert_int_equal(lec_link_recv(link, data, sizeof data, soon, &err), LEC_E_TIMEOUT);
    assert_in_range(lec_now(), soon, soon + 10 * LEC_SEC);

    lec_link_expect(link, LEC_MS); /* in vain, then it sleeps */
    soon = lec_now() + 20 * LEC_MS;
    assert_int_equal(lec_link_recv(link, data, sizeof data, soon, &err), LEC_E_TIMEOUT);
    assert_true(lec_now() >= soon);

    close(peer);
    lec_link_expect(link, 5 * LEC_SEC);
    assert_int_equal(lec_link_recv(link, data, sizeof data, SOON, &err), LEC_E_LINK);
    lec_link_close(&link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_end_a_wait_only_while_somebody_listens),
        cmocka_unit_test(a_hang_up_ends_a_wait),
        cmocka_unit_test(a_link_opened_after_another_was_closed_is_listened_to_as_well),
        cmocka_unit_test(who_expects_an_answer_gets_it_and_waits_no_longer_than_allowed),
        cmocka_unit_test(a_flush_after_a_quiet_wait_does_not_look_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
