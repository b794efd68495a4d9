/* What a thread of the daemon waits for. How often the timer is set is counted by the timerfd_settime below, which the
 * linker takes instead of the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "mailbox/waiter.h"

#define PATIENCE_NS (20 * LEC_SEC)

static unsigned settings;

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
    settings++;
    return (int)syscall(SYS_timerfd_settime, fd, flags, new, old);
}

struct stage {
    struct lec_waiter *w;
    int pipe[2];
};

static int set_up(void **state)
{
    static struct stage s;
    s.w = lec_waiter_new();
    assert_non_null(s.w);
    assert_int_equal(pipe2(s.pipe, O_CLOEXEC | O_NONBLOCK), 0);
    settings = 0;
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    lec_waiter_free(&s->w);
    assert_null(s->w);
    lec_waiter_free(&s->w);
    close(s->pipe[0]);
    close(s->pipe[1]);
    return 0;
}

static void say(struct stage *s)
{
    assert_int_equal(write(s->pipe[1], "x", 1), 1);
}

static void hear(struct stage *s)
{
    char c;
    assert_int_equal(read(s->pipe[0], &c, 1), 1);
}

/* Turns until something is ready or the time has come, as a thread's loop does it. */
static uint64_t wait_until(struct lec_waiter *w, int64_t until)
{
    uint64_t ready;
    do
        ready = lec_waiter_wait(w, until);
    while (!ready && lec_now() < until);
    return ready;
}

static void a_descriptor_is_ready_as_long_as_it_has_something_to_read(void **state)
{
    struct stage *s = *state;
    assert_int_equal(lec_waiter_add(s->w, s->pipe[0], 5), 0);
    assert_int_equal(lec_waiter_wait(s->w, 0), 0);
    say(s);
    assert_int_equal(lec_waiter_wait(s->w, LEC_NEVER), UINT64_C(1) << 5);
    assert_int_equal(lec_waiter_wait(s->w, 0), UINT64_C(1) << 5); /* it was not read */
    hear(s);
    assert_int_equal(lec_waiter_wait(s->w, 0), 0);
}

static void one_that_hangs_up_is_ready(void **state)
{
    struct stage *s = *state;
    assert_int_equal(lec_waiter_add(s->w, s->pipe[0], 63), 0);
    close(s->pipe[1]);
    s->pipe[1] = -1;
    assert_int_equal(lec_waiter_wait(s->w, LEC_NEVER), UINT64_C(1) << 63);
}

static void what_was_dropped_is_not_waited_for_and_its_number_may_come_back(void **state)
{
    struct stage *s = *state;
    assert_int_equal(lec_waiter_add(s->w, s->pipe[0], 1), 0);
    say(s);
    lec_waiter_drop(s->w, s->pipe[0]);
    assert_int_equal(lec_waiter_wait(s->w, 0), 0);
    lec_waiter_drop(s->w, s->pipe[0]); /* twice, or what never was */
    lec_waiter_drop(s->w, -1);
    assert_int_equal(lec_waiter_add(s->w, s->pipe[0], 2), 0);
    assert_int_equal(lec_waiter_wait(s->w, LEC_NEVER), UINT64_C(1) << 2);
    assert_true(lec_waiter_add(s->w, s->pipe[0], 3) < 0); /* a descriptor is waited for once */
}

/* Sleeps with nothing ready until 20 ms from now, which sets the timer once; again where the machine stood still for so long that
 * there was nothing left to sleep for. `expect_ns`: it stays awake so long first. */
static void check_sleeps(struct lec_waiter *w, int64_t expect_ns)
{
    unsigned before = settings;
    int64_t patience = lec_now() + PATIENCE_NS;
    do {
        int64_t until = lec_now() + 20 * LEC_MS;
        lec_waiter_expect(w, expect_ns);
        assert_int_equal(wait_until(w, until), 0);
        assert_true(lec_now() >= until);
    } while (settings == before && lec_now() < patience);
    assert_int_equal(settings, before + 1);
}

static void a_wait_ends_at_its_moment(void **state)
{
    struct stage *s = *state;
    check_sleeps(s->w, 0);
}

static void a_moment_that_has_passed_only_looks(void **state)
{
    struct stage *s = *state;
    assert_int_equal(lec_waiter_wait(s->w, 0), 0);
    assert_int_equal(lec_waiter_wait(s->w, lec_now() - LEC_SEC), 0);
    assert_int_equal(settings, 0);
}

static void the_timer_is_set_only_for_an_earlier_moment(void **state)
{
    struct stage *s = *state;
    assert_int_equal(lec_waiter_add(s->w, s->pipe[0], 0), 0);
    say(s);
    int64_t far = lec_now() + 3600 * LEC_SEC;
    for (int i = 0; i < 100; i++)
        assert_int_equal(lec_waiter_wait(s->w, far + i * LEC_SEC), 1);
    assert_int_equal(settings, 1);
    assert_int_equal(lec_waiter_wait(s->w, LEC_NEVER), 1);
    assert_int_equal(settings, 1);
    hear(s);
    check_sleeps(s->w, 0);
}

static void a_later_moment_is_kept_when_the_timer_rings_for_an_earlier_one(void **state)
{
    struct stage *s = *state;
    assert_int_equal(lec_waiter_add(s->w, s->pipe[0], 0), 0);
    int64_t now, patience = lec_now() + PATIENCE_NS;
    do { /* again where the moment had passed before the wait began, or the wait before the timer rang */
        settings = 0;
        say(s);
        now = lec_now();
        assert_int_equal(lec_waiter_wait(s->w, now + 10 * LEC_MS), 1); /* sets it, and ends early */
        hear(s);
        assert_int_equal(wait_until(s->w, now + 40 * LEC_MS), 0);
        assert_true(lec_now() >= now + 40 * LEC_MS);
    } while (settings < 2 && lec_now() < patience);
    assert_int_equal(settings, 2);
}

struct letters {
    struct lec_mailbox *box;
    char text;
};

static void *put_one(void *arg)
{
    struct letters *l = arg;
    (void)lec_mailbox_put(l->box, &l->text, 1, NULL, 0);
    return NULL;
}

static void mailboxes_and_descriptors_are_told_apart(void **state)
{
    struct stage *s = *state;
    struct letters l[] = {{lec_mailbox_new(4, 100), 'a'}, {lec_mailbox_new(4, 100), 'b'}};
    assert_int_equal(lec_waiter_add_mailbox(s->w, l[0].box, 1), 0);
    assert_int_equal(lec_waiter_add_mailbox(s->w, l[1].box, 2), 0);
    assert_int_equal(lec_waiter_add(s->w, s->pipe[0], 3), 0);
    assert_int_equal(lec_waiter_wait(s->w, 0), 0);
    put_one(&l[1]);
    assert_int_equal(lec_waiter_wait(s->w, LEC_NEVER), 1u << 2);
    say(s);
    assert_int_equal(lec_waiter_wait(s->w, LEC_NEVER), 1u << 2 | 1u << 3); /* neither was taken */
    hear(s);
    free(lec_mailbox_take(l[1].box));
    assert_int_equal(lec_waiter_wait(s->w, 0), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, put_one, &l[0]), 0);
    assert_int_equal(wait_until(s->w, lec_now() + 20 * LEC_SEC), 1u << 1);
    pthread_join(thread, NULL);
    lec_waiter_free(&s->w);
    lec_mailbox_free(&l[0].box);
    lec_mailbox_free(&l[1].box);
}

static void more_ready_at_once_than_are_looked_at_come_in_turn(void **state)
{
    struct stage *s = *state;
    enum { MANY = 40 };
    int fds[MANY];
    say(s);
    for (unsigned i = 0; i < MANY; i++) {
        fds[i] = fcntl(s->pipe[0], F_DUPFD_CLOEXEC, 0);
        assert_true(fds[i] >= 0);
        assert_int_equal(lec_waiter_add(s->w, fds[i], i), 0);
    }
    uint64_t seen = 0;
    for (int turn = 0; turn < MANY && seen != (UINT64_C(1) << MANY) - 1; turn++)
        seen |= lec_waiter_wait(s->w, LEC_NEVER);
    assert_int_equal(seen, (UINT64_C(1) << MANY) - 1);
    for (unsigned i = 0; i < MANY; i++) {
        lec_waiter_drop(s->w, fds[i]);
        close(fds[i]);
    }
}

/* Nobody has to ring, and no timer is needed: it is not asleep. */
static void who_expects_a_letter_stays_awake_for_it(void **state)
{
    struct stage *s = *state;
    struct letters l = {lec_mailbox_new(4, 100), 'a'};
    assert_int_equal(lec_waiter_add_mailbox(s->w, l.box, 1), 0);
    lec_waiter_expect(s->w, 3600 * LEC_SEC);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, put_one, &l), 0);
    assert_int_equal(lec_waiter_wait(s->w, lec_now() + 7200 * LEC_SEC), 1u << 1);
    pthread_join(thread, NULL);
    assert_int_equal(settings, 0);
    free(lec_mailbox_take(l.box));

    int64_t patience = lec_now() + PATIENCE_NS; /* it was for that wait only: this one sleeps */
    do
        assert_int_equal(wait_until(s->w, lec_now() + 10 * LEC_MS), 0);
    while (settings == 0 && lec_now() < patience);
    assert_int_equal(settings, 1);
    lec_waiter_free(&s->w);
    lec_mailbox_free(&l.box);
}

static void something_else_ends_the_wait_of_who_expects_a_letter(void **state)
{
    struct stage *s = *state;
    assert_int_equal(lec_waiter_add(s->w, s->pipe[0], 0), 0);
    say(s);
    lec_waiter_expect(s->w, 3600 * LEC_SEC);
    assert_int_equal(lec_waiter_wait(s->w, LEC_NEVER), 1);
    hear(s);
    int64_t soon = lec_now() + 10 * LEC_MS;
    lec_waiter_expect(s->w, 3600 * LEC_SEC); /* which nobody has the patience for */
    assert_int_equal(wait_until(s->w, soon), 0);
    assert_true(lec_now() >= soon);
}

static void who_expects_in_vain_falls_asleep(void **state)
{
    struct stage *s = *state;
    check_sleeps(s->w, LEC_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_descriptor_is_ready_as_long_as_it_has_something_to_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_hangs_up_is_ready, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_dropped_is_not_waited_for_and_its_number_may_come_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_wait_ends_at_its_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_moment_that_has_passed_only_looks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_timer_is_set_only_for_an_earlier_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_later_moment_is_kept_when_the_timer_rings_for_an_earlier_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(mailboxes_and_descriptors_are_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_expects_a_letter_stays_awake_for_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(something_else_ends_the_wait_of_who_expects_a_letter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_expects_in_vain_falls_asleep, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_ready_at_once_than_are_looked_at_come_in_turn, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
