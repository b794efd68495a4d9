/* Motors behind two relays: never both relays, a pause before the other direction, never on for longer than the travel.
 * Source: av-protocols.md, 7.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "driver/modbus_wire.h"

static struct lec_bench b;

/* The board's four bits, read one by one before a command and together by a poll. */
#define COIL_UP(on)          "> 01 01 00 00 00 01 +", "< 01 01 01 0" on " +"
#define COIL_DOWN(on)        "> 01 01 00 01 00 01 +", "< 01 01 01 0" on " +"
#define END_UP(on)           "> 01 02 00 00 00 01 +", "< 01 02 01 0" on " +"
#define END_DOWN(on)         "> 01 02 00 01 00 01 +", "< 01 02 01 0" on " +"
#define LOOK(cu, eu, cd, ed) COIL_UP(cu), END_UP(eu), COIL_DOWN(cd), END_DOWN(ed)
#define POLL(coils, ends)                                                                                              \
    "> 01 01 00 00 00 02 +", "< 01 01 01 0" coils " +", "> 01 02 00 00 00 02 +", "< 01 02 01 0" ends " +"
#define UP_ON    "> 01 05 00 00 FF 00 8C 3A", "< 01 05 00 00 FF 00 8C 3A"
#define UP_OFF   "> 01 05 00 00 00 00 CD CA", "< 01 05 00 00 00 00 CD CA"
#define DOWN_ON  "> 01 05 00 01 FF 00 DD FA", "< 01 05 00 01 FF 00 DD FA"
#define DOWN_OFF "> 01 05 00 01 00 00 +", "< 01 05 00 01 00 00 +"

static const char blinds[] = "[device]\nclass = screen\ndriver = modbus\nmodel = test\nsource = none\n"
                             "[line]\nretries = 0\ntimeout = 100ms\n[driver]\nmax bits = 8\n"
                             "[point position]\nmotor up = coil 0\nmotor down = coil 1\ntravel = 1s\nperiod = 1s\n";

static void begin(const char *text)
{
    lec_bench_begin(&b, &lec_driver_entry,
                    &(struct lec_bench_setup){
                        .profile = text ? NULL : "waveshare/io-8ch-screen", .profile_text = text, .line = RTU_LINE});
}

static void end(void)
{
    const char *mistake = lec_bench_finish(&b);
    if (mistake)
        fail_msg("%s", mistake);
    lec_bench_end(&b);
}

static int drop(void **state)
{
    (void)state;
    lec_bench_end(&b);
    return 0;
}

static void polls(const char *position)
{
    if (lec_bench_poll(&b, "position") < 0)
        fail_msg("%s", b.err.text);
    assert_string_equal(lec_bench_point(&b, "position"), position);
}

static void goes(const char *position)
{
    if (lec_bench_write(&b, "position", position) < 0)
        fail_msg("%s", b.err.text);
}

static int64_t ms_since(int64_t begun)
{
    return (lec_now() - begun) / LEC_MS;
}

static void position_is_what_switches_and_relays_say(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, POLL("0", "1"), POLL("0", "2"), POLL("0", "0"), POLL("0", "3"), POLL("2", "1"), POLL("2", "0"),
              POLL("1", "0"), NULL);
    polls("up");
    polls("down");
    polls("stopped");
    polls("unknown"); /* both switches: one of them lies */
    polls("moving");  /* it has not left the upper switch yet */
    polls("moving");
    polls("moving"); /* somebody else reverses it */
    end();
}

static void the_first_travel_waits_because_nobody_knows_what_was_before(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, LOOK("0", "1", "0", "0"), LOOK("0", "1", "0", "0"), DOWN_ON, NULL);
    int64_t begun = lec_now();
    goes("down");
    assert_true(ms_since(begun) >= 500);
    assert_true(lec_bench_soon(&b, "position"));
    end();
}

static void once_the_relays_are_known_to_rest_it_starts_at_once(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, POLL("0", "1"), LOOK("0", "1", "0", "0"), LOOK("0", "1", "0", "0"), DOWN_ON, NULL);
    polls("up");
    usleep(510 * 1000); /* the time that is to have gone by, not a wait for something */
    int64_t begun = lec_now();
    goes("down");
    assert_true(ms_since(begun) < 300);
    end();
}

static void reversing_stops_pauses_and_looks_again(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, POLL("2", "0"), LOOK("0", "0", "1", "0"), UP_OFF, DOWN_OFF, LOOK("0", "0", "0", "0"), UP_ON,
              POLL("1", "0"), NULL);
    polls("moving");
    int64_t begun = lec_now();
    goes("up");
    assert_true(ms_since(begun) >= 500);
    polls("moving");
    end();
}

static void a_relay_that_stays_on_forbids_the_other_one(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, LOOK("0", "0", "1", "0"), UP_OFF, DOWN_OFF, LOOK("0", "0", "1", "0"), NULL);
    assert_int_equal(lec_bench_write(&b, "position", "up"), LEC_E_REFUSED);
    assert_string_equal(b.err.text, "the relay towards down does not stay off");
    end();
}

static void both_relays_on_are_both_switched_off(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, POLL("3", "0"), UP_OFF, DOWN_OFF, NULL);
    polls("stopped");
    end();
}

static void at_its_end_the_relay_goes_off(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, POLL("2", "0"), POLL("2", "2"), UP_OFF, DOWN_OFF, NULL);
    polls("moving");
    polls("down");
    end();
}

static void where_it_is_already_nothing_is_switched(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, LOOK("0", "0", "0", "1"), NULL);
    goes("down");
    end();
}

static void a_motor_that_runs_that_way_is_left_alone(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, LOOK("0", "0", "1", "0"), NULL);
    goes("down");
    end();
}

static void stopping_switches_both_off_without_a_look(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, UP_OFF, DOWN_OFF, UP_OFF, DOWN_OFF, NULL);
    goes("stopped");
    assert_int_equal(lec_bench_invoke(&b, "stop", NULL), 0);
    end();
}

static void after_the_travel_time_the_relay_goes_off_whoever_switched_it_on(void **state)
{
    (void)state;
    begin(
        "[device]\nclass = screen\ndriver = modbus\nmodel = test\nsource = none\n[line]\nretries = 0\ntimeout = 100ms\n"
        "[driver]\nmax bits = 8\n[point position]\nmotor up = coil 0\nmotor down = coil 1\nend up = discrete 0\n"
        "end down = discrete 1\ntravel = 1s\nperiod = 1s\n[point error.other]\nfault of = position\n");
    wire_play(&b, POLL("2", "0"), POLL("2", "0"), POLL("2", "0"), UP_OFF, DOWN_OFF, POLL("0", "0"), POLL("0", "2"),
              NULL);
    polls("moving"); /* a push button on the wall */
    usleep(400 * 1000);
    polls("moving");
    usleep(610 * 1000);
    polls("stopped");
    assert_int_equal(lec_bench_poll(&b, "error.other"), 0);
    assert_string_equal(lec_bench_point(&b, "error.other"), "error"); /* it should have met its switch */
    assert_int_equal(lec_bench_poll(&b, "error.other"), 0);
    assert_string_equal(lec_bench_point(&b, "error.other"), "ok"); /* somebody has helped it there */
    end();
}

static void the_travel_time_outlives_a_lost_connection(void **state)
{
    (void)state;
    begin(blinds);
    wire_play(&b, "> 01 01 00 00 00 02 +", "< 01 01 01 02 +", NULL);
    polls("moving");
    usleep(1010 * 1000);
    wire_play(&b, "> 01 01 00 00 00 02 +", "< 01 01 01 02 +", UP_OFF, DOWN_OFF, NULL);
    polls("down");
    end();
}

static void without_switches_a_whole_travel_tells_where_it_is(void **state)
{
    (void)state;
    begin(blinds);
    wire_play(&b, "> 01 01 00 00 00 02 +", "< 01 01 01 00 +",               /* nobody knows */
              "> 01 01 00 00 00 02 +", "< 01 01 01 01 +",                   /* */
              "> 01 01 00 00 00 02 +", "< 01 01 01 01 +", UP_OFF, DOWN_OFF, /* a whole travel */
              "> 01 01 00 00 00 02 +", "< 01 01 01 02 +",                   /* and some way back */
              "> 01 01 00 00 00 02 +", "< 01 01 01 00 +", NULL);
    polls("unknown");
    polls("moving");
    usleep(1010 * 1000);
    polls("up");
    polls("moving");
    polls("stopped");
    end();
}

/* The acknowledgement is lost: the relay may be on. The next poll sees it on, at its end, and switches it off; the first
 * reading of a poll after a time-out is made twice (modbus_traps_test.c). */
static void a_lost_acknowledgement_is_made_good_by_the_next_poll(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, LOOK("0", "0", "0", "0"), LOOK("0", "0", "0", "0"), "> 01 05 00 01 FF 00 DD FA",
              "> 01 01 00 00 00 02 +", "< 01 05 00 01 FF 00 DD FA", POLL("2", "2"), UP_OFF, DOWN_OFF, NULL);
    assert_int_equal(lec_bench_write(&b, "position", "down"), LEC_E_TIMEOUT);
    assert_string_equal(b.err.text, "relay towards down: no answer from unit 1 in 300ms");
    polls("down");
    end();
}

static void when_the_daemon_stops_the_motor_stops(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, POLL("2", "0"), UP_OFF, DOWN_OFF, NULL);
    polls("moving");
    b.port.cancel_fd = eventfd(1, EFD_CLOEXEC);
    lec_bench_close(&b);
    close(b.port.cancel_fd);
    b.port.cancel_fd = -1;
    end();
}

static void a_reconnect_leaves_the_motor_running(void **state)
{
    (void)state;
    begin(NULL);
    wire_play(&b, POLL("2", "0"), NULL);
    polls("moving");
    lec_bench_close(&b);
    end();
}

static void mistake(const char *more, const char *part)
{
    char text[4096], profile[1024];
    snprintf(
        profile, sizeof profile,
        "[device]\nclass = screen\ndriver = modbus\nmodel = test\nsource = none\n[point position]\nperiod = 1s\n%s",
        more);
    lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile_text = profile, .line = RTU_LINE}, text,
                       sizeof text);
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

static void mistakes_in_motors_are_told(void **state)
{
    (void)state;
    mistake("motor up = coil 0\nmotor down = coil 1\n", "travel: is missing");
    mistake("motor up = coil 0\ntravel = 20s\n", "a motor has two relays, one for each direction; here are 1");
    mistake("motor up = coil 0\nmotor down = coil 0\ntravel = 20s\n", "both directions have the same relay");
    mistake("motor up = discrete 0\nmotor down = coil 1\ntravel = 20s\n", "a relay is a coil");
    mistake("motor up = coil 0\nmotor down = coil 1\nend up = holding 3\ntravel = 20s\n",
            "an end switch is a discrete input");
    mistake("motor up = coil 0\nmotor down = coil 1\nend left = discrete 3\ntravel = 20s\n",
            "there is no \"motor left\"");
    mistake("motor left = coil 0\nmotor down = coil 1\ntravel = 20s\n", "lacks \"left\"");
    mistake("motor up = coil 0\nmotor down = coil 1\ntravel = 20s\nregister = coil 3\n", "has relays instead");
    mistake("motor up = coil 0\nmotor down = coil 1\ntravel = 20s\n"
            "[point extra]\ntype = bool\naccess = both\nregister = coil 1\n",
            "coil 1 drives the motor of \"position\"");
    mistake("motor up = coil 0\nmotor down = coil 1\ntravel = 20s\n[point error.other]\nfault of = positoin\n",
            "is not a point with motor keys");
    mistake("motor up = coil 0\nmotor down = coil 1\ntravel = 20s\nreverse after = 100ms\n", "reverse after");
    mistake(
        "motor up = coil 0\nmotor down = coil 1\ntravel = 20s\n[point error.other]\nfault of = position\n"
        "[point watched]\ntype = enum\naccess = both\nchoices = in, out, moving, stopped, unknown\nsettable = in, out\n"
        "motor in = coil 2\nmotor out = coil 3\ntravel = 20s\n",
        "watched: period: a motor is watched all the time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(position_is_what_switches_and_relays_say, drop),
        cmocka_unit_test_teardown(the_first_travel_waits_because_nobody_knows_what_was_before, drop),
        cmocka_unit_test_teardown(once_the_relays_are_known_to_rest_it_starts_at_once, drop),
        cmocka_unit_test_teardown(reversing_stops_pauses_and_looks_again, drop),
        cmocka_unit_test_teardown(a_relay_that_stays_on_forbids_the_other_one, drop),
        cmocka_unit_test_teardown(both_relays_on_are_both_switched_off, drop),
        cmocka_unit_test_teardown(at_its_end_the_relay_goes_off, drop),
        cmocka_unit_test_teardown(where_it_is_already_nothing_is_switched, drop),
        cmocka_unit_test_teardown(a_motor_that_runs_that_way_is_left_alone, drop),
        cmocka_unit_test_teardown(stopping_switches_both_off_without_a_look, drop),
        cmocka_unit_test_teardown(after_the_travel_time_the_relay_goes_off_whoever_switched_it_on, drop),
        cmocka_unit_test_teardown(the_travel_time_outlives_a_lost_connection, drop),
        cmocka_unit_test_teardown(without_switches_a_whole_travel_tells_where_it_is, drop),
        cmocka_unit_test_teardown(a_lost_acknowledgement_is_made_good_by_the_next_poll, drop),
        cmocka_unit_test_teardown(when_the_daemon_stops_the_motor_stops, drop),
        cmocka_unit_test_teardown(a_reconnect_leaves_the_motor_running, drop),
        cmocka_unit_test_teardown(mistakes_in_motors_are_told, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
