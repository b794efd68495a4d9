/* Letters between threads. That nothing leaks is AddressSanitizer's part, that nothing races ThreadSanitizer's. Rings go
 * through the eventfd_write below, which the linker takes instead of the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "lectern/err.h"
#include "mailbox/waiter.h"

#define SENDERS    4
#define EACH       20000 /* letters of one sender */
#define ROUNDS     3000
#define PATIENT_NS (20 * LEC_SEC) /* until a wait was in vain */

static _Atomic unsigned rings;

int eventfd_write(int fd, eventfd_t value)
{
    rings++;
    return write(fd, &value, sizeof value) == sizeof value ? 0 : -1;
}

/* Whether anybody has rung since this was last asked. */
static bool rung(void)
{
    return atomic_exchange(&rings, 0) > 0;
}

static int put_text(struct lec_mailbox *box, const char *text)
{
    return lec_mailbox_put(box, text, strlen(text), NULL, 0);
}

static void check_next(struct lec_mailbox *box, const char *want)
{
    struct lec_letter *letter = lec_mailbox_take(box);
    assert_non_null(letter);
    assert_int_equal(letter->n, strlen(want));
    assert_memory_equal(letter->data, want, letter->n);
    free(letter);
}

static void letters_come_out_in_the_order_they_went_in(void **state)
{
    (void)state;
    struct lec_mailbox *box = lec_mailbox_new(10, 100);
    assert_non_null(box);
    assert_null(lec_mailbox_take(box));
    assert_int_equal(put_text(box, "one"), 0);
    assert_int_equal(lec_mailbox_put(box, "two ", 4, "halves", 6), 0);
    check_next(box, "one");
    assert_int_equal(put_text(box, ""), 0);
    check_next(box, "two halves");
    assert_true(lec_mailbox_any(box));
    check_next(box, "");
    assert_false(lec_mailbox_any(box));
    assert_null(lec_mailbox_take(box));
    assert_int_equal(put_text(box, "after it was empty"), 0);
    check_next(box, "after it was empty");
    lec_mailbox_free(&box);
    assert_null(box);
    lec_mailbox_free(&box);
}

static void a_box_refuses_one_letter_more_than_it_holds(void **state)
{
    (void)state;
    struct lec_mailbox *box = lec_mailbox_new(2, 1000);
    assert_int_equal(put_text(box, "a"), 0);
    assert_int_equal(put_text(box, "b"), 0);
    assert_int_equal(put_text(box, "c"), LEC_E_NOMEM);
    check_next(box, "a");
    assert_int_equal(put_text(box, "d"), 0);
    check_next(box, "b");
    check_next(box, "d"); /* and what was refused is not in it */
    assert_false(lec_mailbox_any(box));
    lec_mailbox_free(&box);
}

static void a_box_refuses_one_byte_more_than_it_holds(void **state)
{
    (void)state;
    struct lec_mailbox *box = lec_mailbox_new(1000, 10);
    assert_int_equal(put_text(box, "123456"), 0);
    assert_int_equal(lec_mailbox_put(box, "123", 3, "45", 2), LEC_E_NOMEM);
    assert_int_equal(put_text(box, "1234"), 0);
    assert_int_equal(put_text(box, "1"), LEC_E_NOMEM);
    check_next(box, "123456");
    assert_int_equal(put_text(box, "123456"), 0);
    lec_mailbox_free(&box);
}

static void a_letter_larger_than_the_box_is_refused_for_good(void **state)
{
    (void)state;
    struct lec_mailbox *box = lec_mailbox_new(1000, 10);
    assert_int_equal(put_text(box, "12345678901"), LEC_E_RANGE);
    assert_int_equal(put_text(box, "1234567890"), 0);
    lec_mailbox_free(&box);
}

static void only_a_sleeping_receiver_is_rung(void **state)
{
    (void)state;
    struct lec_mailbox *box = lec_mailbox_new(10, 100);
    (void)rung();
    assert_int_equal(put_text(box, "awake"), 0);
    assert_false(lec_mailbox_sleep(box)); /* one is there: no waiting */
    assert_int_equal(put_text(box, "more"), 0);
    assert_false(rung());
    lec_mailbox_wake(box);
    check_next(box, "awake");
    check_next(box, "more");

    assert_true(lec_mailbox_sleep(box));
    assert_false(rung());
    assert_int_equal(put_text(box, "asleep"), 0);
    assert_true(rung());
    assert_int_equal(put_text(box, "one ring is enough"), 0);
    assert_false(rung());
    lec_mailbox_wake(box);
    check_next(box, "asleep");
    check_next(box, "one ring is enough");

    assert_true(lec_mailbox_sleep(box));
    lec_mailbox_wake(box); /* something else has ended the wait */
    assert_int_equal(put_text(box, "awake again"), 0);
    assert_false(rung());
    lec_mailbox_free(&box);
}

static void a_refused_letter_wakes_nobody(void **state)
{
    (void)state;
    struct lec_mailbox *box = lec_mailbox_new(0, 100);
    assert_true(lec_mailbox_sleep(box));
    (void)rung();
    assert_int_equal(put_text(box, "a"), LEC_E_NOMEM);
    assert_false(rung());
    lec_mailbox_free(&box);
}

static void a_box_is_freed_with_what_is_in_it(void **state)
{
    (void)state;
    struct lec_mailbox *box = lec_mailbox_new(10, 100);
    assert_true(lec_mailbox_sleep(box));
    assert_int_equal(put_text(box, "never"), 0);
    assert_int_equal(put_text(box, "read"), 0);
    lec_mailbox_free(&box);
    assert_null(box);
}

/* Waits for a letter; false when that was in vain. */
static bool wait_for_letters(struct lec_waiter *w, const struct lec_mailbox *box)
{
    int64_t until = lec_now() + PATIENT_NS;
    while (!lec_waiter_wait(w, until))
        if (lec_now() >= until)
            return lec_mailbox_any(box);
    return true;
}

static struct lec_waiter *waiter_of(struct lec_mailbox *box)
{
    struct lec_waiter *w = lec_waiter_new();
    assert_non_null(w);
    assert_int_equal(lec_waiter_add_mailbox(w, box, 0), 0);
    return w;
}

struct sender {
    struct lec_mailbox *box;
    unsigned number;
    pthread_t thread;
};

struct note {
    unsigned sender, count;
};

static void *send_all(void *arg)
{
    struct sender *s = arg;
    for (unsigned i = 0; i < EACH; i++) {
        struct note note = {.sender = s->number, .count = i};
        while (lec_mailbox_put(s->box, &note, sizeof note, NULL, 0) < 0)
            sched_yield();
    }
    return NULL;
}

static void under_many_senders_nothing_is_lost_and_each_keeps_its_order(void **state)
{
    (void)state;
    struct lec_mailbox *box = lec_mailbox_new(16, 16 * sizeof(struct note)); /* small: full and empty by turns */
    struct lec_waiter *waiter = waiter_of(box);
    struct sender senders[SENDERS];
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.box = box, .number = i};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    unsigned next[SENDERS] = {0};
    for (unsigned total = 0; total < SENDERS * EACH;) {
        struct lec_letter *letter;
        while ((letter = lec_mailbox_take(box))) {
            struct note note;
            assert_int_equal(letter->n, sizeof note);
            memcpy(&note, letter->data, sizeof note);
            free(letter);
            assert_in_range(note.sender, 0, SENDERS - 1);
            assert_int_equal(note.count, next[note.sender]++);
            total++;
        }
        if (total < SENDERS * EACH && !wait_for_letters(waiter, box))
            fail_msg("no letter after %u", total);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        assert_int_equal(next[i], EACH);
    }
    assert_false(lec_mailbox_any(box));
    lec_waiter_free(&waiter);
    lec_mailbox_free(&box);
}

static void *send_back(void *arg)
{
    struct lec_mailbox **boxes = arg;
    struct lec_waiter *waiter = waiter_of(boxes[0]);
    for (unsigned i = 0; i < ROUNDS;) {
        struct lec_letter *letter = lec_mailbox_take(boxes[0]);
        if (letter) {
            lec_mailbox_put(boxes[1], letter->data, letter->n, NULL, 0);
            free(letter);
            i++;
        } else if (!wait_for_letters(waiter, boxes[0])) {
            break;
        }
    }
    lec_waiter_free(&waiter);
    return NULL;
}

/* One letter at a time: whoever misses its ring waits for ever, for no second one follows. */
static void a_single_letter_always_wakes_the_other_side(void **state)
{
    (void)state;
    struct lec_mailbox *boxes[] = {lec_mailbox_new(1, 100), lec_mailbox_new(1, 100)};
    struct lec_waiter *waiter = waiter_of(boxes[1]);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_back, boxes), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        assert_int_equal(lec_mailbox_put(boxes[0], &i, sizeof i, NULL, 0), 0);
        struct lec_letter *letter;
        while (!(letter = lec_mailbox_take(boxes[1])))
            if (!wait_for_letters(waiter, boxes[1]))
                fail_msg("no answer to letter %u", i);
        assert_memory_equal(letter->data, &i, sizeof i);
        free(letter);
    }
    pthread_join(thread, NULL);
    lec_waiter_free(&waiter);
    lec_mailbox_free(&boxes[0]);
    lec_mailbox_free(&boxes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_come_out_in_the_order_they_went_in),
        cmocka_unit_test(a_box_refuses_one_letter_more_than_it_holds),
        cmocka_unit_test(a_box_refuses_one_byte_more_than_it_holds),
        cmocka_unit_test(a_letter_larger_than_the_box_is_refused_for_good),
        cmocka_unit_test(only_a_sleeping_receiver_is_rung),
        cmocka_unit_test(a_refused_letter_wakes_nobody),
        cmocka_unit_test(a_box_is_freed_with_what_is_in_it),
        cmocka_unit_test(under_many_senders_nothing_is_lost_and_each_keeps_its_order),
        cmocka_unit_test(a_single_letter_always_wakes_the_other_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
