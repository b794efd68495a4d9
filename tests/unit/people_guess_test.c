/* Throttling, in simulated time. */
#include "unit/people_stage.h"

#include <stdio.h>
#include <string.h>

static void ten_thousand_wrong_pins_are_refused_and_almost_none_is_tried(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    int tried = 0;
    for (int pin = 0; pin < 10000; pin++) {
        char text[8];
        snprintf(text, sizeof text, "%04d", pin);
        int rc = people_stage_guess(s, "Lan", strcmp(text, PIN) == 0 ? WRONG : text, "10.0.0.66");
        assert_true(rc == LEC_E_REFUSED || rc == LEC_E_BUSY);
        assert_int_equal(s->wait_s > 0, rc == LEC_E_BUSY);
        tried += rc == LEC_E_REFUSED;
        if (pin % 500 == 499)
            people_stage_pass(s, 1);
    }
    /* five at once, the sixth after 1 s, then after 2, 4, 8 of the 20 seconds */
    assert_int_equal(tried, LEC_GUESSES_FREE + 4);
}

static void the_wait_doubles_up_to_its_limit(void **state)
{
    struct people_stage *s = *state;
    int expected = 1;
    for (int i = 0; i < LEC_GUESSES_FREE; i++)
        assert_int_equal(people_stage_guess(s, "Nobody", WRONG, "10.0.0.66"), LEC_E_REFUSED);
    for (int i = 0; i < 13; i++) {
        int wait = 0;
        assert_int_equal(lec_people_may_guess(s->people, "Nobody", "10.0.0.66", &wait, &s->err), LEC_E_BUSY);
        assert_int_equal(wait, expected);
        people_stage_pass(s, wait - 1);
        assert_int_equal(people_stage_guess(s, "Nobody", WRONG, "10.0.0.66"), LEC_E_BUSY);
        assert_int_equal(s->wait_s, 1);
        people_stage_pass(s, 1);
        assert_int_equal(people_stage_guess(s, "Nobody", WRONG, "10.0.0.66"), LEC_E_REFUSED);
        expected = expected * 2 > LEC_GUESS_WAIT_MAX_S || expected == 512 ? LEC_GUESS_WAIT_MAX_S : expected * 2;
    }
}

static void a_right_pin_that_comes_too_early_is_not_taken_either(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    for (int i = 0; i < LEC_GUESSES_FREE; i++)
        people_stage_guess(s, "Lan", WRONG, "10.0.0.66");
    assert_int_equal(people_stage_guess(s, "Lan", PIN, "10.0.0.66"), LEC_E_BUSY);
    people_stage_pass(s, 1);
    people_stage_ok(s, people_stage_guess(s, "Lan", PIN, "10.0.0.66"));
}

static void throttling_survives_a_restart(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    for (int i = 0; i < LEC_GUESSES_FREE; i++)
        people_stage_guess(s, "Lan", WRONG, "10.0.0.66");
    people_stage_reopen(s);
    assert_int_equal(people_stage_guess(s, "Lan", PIN, "10.0.0.66"), LEC_E_BUSY);
}

static void wrong_guesses_are_forgotten_with_time(void **state)
{
    struct people_stage *s = *state;
    for (int i = 0; i < LEC_GUESSES_FREE; i++)
        people_stage_guess(s, "Lan", WRONG, "10.0.0.66");
    people_stage_pass(s, 2 * LEC_GUESS_WAIT_MAX_S);
    for (int i = 0; i < 2; i++)
        assert_int_equal(people_stage_guess(s, "Lan", WRONG, "10.0.0.66"), LEC_E_REFUSED);
    assert_int_equal(people_stage_guess(s, "Lan", WRONG, "10.0.0.66"), LEC_E_BUSY);
}

/* An attacker who does not tire, for `hours`, at one address; returns how many PINs were tried. */
static int attack(struct people_stage *s, const char *name, const char *address, int hours)
{
    int tried = 0;
    int64_t end = s->now_s + hours * INT64_C(3600);
    while (s->now_s < end) {
        int rc = people_stage_guess(s, name, WRONG, address);
        tried += rc == LEC_E_REFUSED;
        people_stage_pass(s, rc == LEC_E_BUSY ? s->wait_s : 0);
    }
    return tried;
}

static void a_day_of_guessing_tries_about_a_hundred_pins_and_the_person_gets_in_elsewhere(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    int tried = attack(s, "Lan", "10.0.0.66", 24);
    assert_in_range(tried, 90, 115);
    people_stage_ok(s, people_stage_guess(s, "Lan", PIN, "10.0.0.7"));
}

static void many_addresses_are_slowed_by_name_and_the_usual_place_is_not(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    people_stage_ok(s, people_stage_guess(s, "Lan", PIN, "10.0.0.7"));
    int tried = 0;
    for (int i = 0; i < 60; i++) {
        char address[32];
        snprintf(address, sizeof address, "10.0.9.%d", i);
        for (int j = 0; j < 3; j++)
            tried += people_stage_guess(s, "Lan", WRONG, address) == LEC_E_REFUSED;
    }
    assert_in_range(tried, 40, 50);
    assert_int_equal(people_stage_guess(s, "Lan", PIN, "10.0.0.8"), LEC_E_BUSY); /* the price */
    people_stage_ok(s, people_stage_guess(s, "Lan", PIN, "10.0.0.7"));
}

static void one_address_with_many_names_is_slowed_and_others_at_the_panel_are_not(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    people_stage_add(s, "Minh");
    people_stage_ok(s, people_stage_guess(s, "Lan", PIN, "10.0.0.66"));
    int tried = 0;
    for (int i = 0; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof name, "name %d", i);
        tried += people_stage_guess(s, name, PIN, "10.0.0.66") == LEC_E_REFUSED;
    }
    assert_int_equal(tried, 20);
    assert_int_equal(people_stage_guess(s, "Minh", PIN, "10.0.0.66"), LEC_E_BUSY);
    people_stage_ok(s, people_stage_guess(s, "Lan", PIN, "10.0.0.66"));
    people_stage_ok(s, people_stage_guess(s, "Minh", PIN, "10.0.0.67"));
}

static void an_account_of_ones_own_does_not_wipe_the_count_of_an_address(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    people_stage_add(s, "Pupil");
    people_stage_ok(s, people_stage_guess(s, "Pupil", PIN, "10.0.0.66"));
    int tried = 0;
    for (int i = 0; i < 12; i++) {
        tried += people_stage_guess(s, "Lan", WRONG, "10.0.0.66") == LEC_E_REFUSED;
        people_stage_ok(s, people_stage_guess(s, "Pupil", PIN, "10.0.0.66"));
    }
    assert_int_equal(tried, LEC_GUESSES_FREE);
}

static void one_network_of_ipv6_is_one_address(void **state)
{
    struct people_stage *s = *state;
    int tried = 0;
    for (int i = 0; i < 20; i++) {
        char address[64];
        snprintf(address, sizeof address, "2001:db8:1:2::%x", i + 1);
        tried += people_stage_guess(s, "Lan", WRONG, address) == LEC_E_REFUSED;
    }
    assert_int_equal(tried, LEC_GUESSES_FREE);
    assert_int_equal(people_stage_guess(s, "Lan", WRONG, "2001:db8:1:3::1"), LEC_E_REFUSED);
    for (int i = 0; i < LEC_GUESSES_FREE; i++)
        people_stage_guess(s, "Minh", WRONG, "10.0.0.66");
    assert_int_equal(people_stage_guess(s, "Minh", WRONG, "::ffff:10.0.0.66"), LEC_E_BUSY);
}

static void a_flood_of_names_and_addresses_is_bounded_and_wipes_no_count(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    for (int i = 0; i < LEC_GUESSES_FREE + 1; i++) {
        people_stage_guess(s, "Lan", WRONG, "10.0.0.66");
        people_stage_pass(s, i == LEC_GUESSES_FREE - 1 ? 1 : 0);
    }
    /* every cell of every count, at what 10,000 addresses with one guess each would leave */
    people_stage_sql(s,
                     "INSERT OR IGNORE INTO guess WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE"
                     " i < 32767) SELECT i, 2, 1790000000 FROM n");
    assert_int_equal(people_stage_guess(s, "Lan", PIN, "10.0.0.66"), LEC_E_BUSY);
    int64_t cells = people_stage_sql(s, "SELECT count(*) FROM guess");
    for (int i = 0; i < 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "name %d", i);
        assert_int_equal(people_stage_guess(s, name, WRONG, "10.1.0.1"), LEC_E_REFUSED);
    }
    assert_int_equal(people_stage_sql(s, "SELECT count(*) FROM guess"), cells);
}

static void the_places_of_a_person_are_bounded_and_forgotten_after_a_season(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    for (int i = 0; i < 18; i++) {
        char address[32];
        snprintf(address, sizeof address, "10.0.0.%d", i);
        people_stage_ok(s, people_stage_guess(s, "Lan", PIN, address));
        people_stage_pass(s, 1);
    }
    assert_int_equal(people_stage_sql(s, "SELECT count(*) FROM place"), 16);
    people_stage_pass(s, 91 * 24 * 3600);
    /* as from an address that she never used: all three are counted, in two rows */
    assert_int_equal(people_stage_guess(s, "Lan", WRONG, "10.0.0.17"), LEC_E_REFUSED);
    assert_int_equal(people_stage_sql(s, "SELECT count(*) FROM guess WHERE wrong > 0"), 6);
}

static void a_clock_that_was_put_back_locks_nobody_out_for_long(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    for (int i = 0; i < LEC_GUESSES_FREE; i++)
        people_stage_guess(s, "Lan", WRONG, "10.0.0.66");
    people_stage_pass(s, -365 * 24 * 3600);
    assert_int_equal(people_stage_guess(s, "Lan", PIN, "10.0.0.66"), LEC_E_BUSY);
    assert_int_equal(s->wait_s, 1); /* as if they had been made just now */
}

static void what_cannot_be_counted_is_not_tried(void **state)
{
    struct people_stage *s = *state;
    people_stage_add(s, "Lan");
    people_stage_sql(s, "CREATE TRIGGER no BEFORE INSERT ON guess BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    assert_int_equal(people_stage_guess(s, "Lan", PIN, "10.0.0.7"), LEC_E_CONFIG);
}

int main(void)
{
#define PEOPLE_TEST(f) cmocka_unit_test_setup_teardown(f, people_stage_setup, people_stage_teardown)
    const struct CMUnitTest tests[] = {
        PEOPLE_TEST(ten_thousand_wrong_pins_are_refused_and_almost_none_is_tried),
        PEOPLE_TEST(the_wait_doubles_up_to_its_limit),
        PEOPLE_TEST(a_right_pin_that_comes_too_early_is_not_taken_either),
        PEOPLE_TEST(throttling_survives_a_restart),
        PEOPLE_TEST(wrong_guesses_are_forgotten_with_time),
        PEOPLE_TEST(a_day_of_guessing_tries_about_a_hundred_pins_and_the_person_gets_in_elsewhere),
        PEOPLE_TEST(many_addresses_are_slowed_by_name_and_the_usual_place_is_not),
        PEOPLE_TEST(one_address_with_many_names_is_slowed_and_others_at_the_panel_are_not),
        PEOPLE_TEST(an_account_of_ones_own_does_not_wipe_the_count_of_an_address),
        PEOPLE_TEST(one_network_of_ipv6_is_one_address),
        PEOPLE_TEST(a_flood_of_names_and_addresses_is_bounded_and_wipes_no_count),
        PEOPLE_TEST(the_places_of_a_person_are_bounded_and_forgotten_after_a_season),
        PEOPLE_TEST(a_clock_that_was_put_back_locks_nobody_out_for_long),
        PEOPLE_TEST(what_cannot_be_counted_is_not_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
