/* What libmodbus really does when a line misbehaves, each trap with what the driver makes of it.
 * Source: lab-protocols.md, 1.3 and 1.6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "device.h"
#include "driver/modbus_wire.h"

#define HEAD               "[device]\nclass = sensor\ndriver = modbus\nmodel = test\nsource = none\n[line]\nretries = 0\n"
#define PROFILE(more)      HEAD "timeout = 60ms\n" more
#define POINT(name, place) "[point " name "]\ntype = int\naccess = read\nregister = " place "\n"

static struct lec_bench b;

static void begin(const char *profile, const char *line)
{
    lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile_text = profile, .line = line});
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

static void polls(const char *points, int code)
{
    int rc = lec_bench_poll(&b, points);
    if (rc != code)
        fail_msg("%s: %d (%s)", points ? points : "all", rc, b.err.text);
}

static void told(const char *part)
{
    if (!strstr(b.err.text, part))
        fail_msg("\"%s\" does not say \"%s\"", b.err.text, part);
}

static void reads(const char *point, const char *value)
{
    assert_string_equal(lec_bench_point(&b, point), value);
}

static const char two[] = PROFILE(POINT("a", "holding 100") POINT("b", "holding 500"));

/* ---- Late answers ------------------------------------------------------------------------------------------- */

/* The unit is slow, not silent: the answer to a (1111) comes when b has been asked. The first answer that comes is not
 * believed, then the line is silent, then b is asked again and its own answer counts. */
static void a_late_answer_is_not_taken_for_the_next_one(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +",                   /* a: no answer in time */
              "> 01 03 01 F4 00 01 +", "< 01 03 02 11 11 +", /* b: the answer to a */
              "< 01 03 02 22 22 +",                          /* and b's own right after it */
              "> 01 03 01 F4 00 01 +", "< 01 03 02 22 22 +", /* now the line is in step... */
              "> 01 03 01 F4 00 01 +", "< 01 03 02 22 22 +", /* ...after a silence */
              "> 01 03 00 64 00 01 +", "< 01 03 02 11 11 +", NULL);
    polls("a", LEC_E_TIMEOUT);
    told("no answer from unit 1 in 60ms");
    polls("b", LEC_E_FRAME); /* two answers came to one question */
    told("late answers");
    reads("b", "");
    polls("b", 0);
    reads("b", "8738");
    polls("a", 0);
    reads("a", "4369");
    end();
}

static void a_late_answer_alone_is_not_believed_either(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "> 01 03 01 F4 00 01 +", "< 01 03 02 11 11 +", /* late, b's never comes */
              "> 01 03 01 F4 00 01 +", "< 01 03 02 22 22 +", NULL);
    polls("a", LEC_E_TIMEOUT);
    polls("b", 0);
    reads("b", "8738");
    end();
}

static void a_late_answer_before_a_write_is_not_its_acknowledgement(void **state)
{
    (void)state;
    begin(PROFILE("[point w]\ntype = int\naccess = both\nregister = holding 7\n"), RTU_LINE);
    wire_play(&b, "> 01 06 00 07 00 01 +", /* no answer in time */
              "> 01 03 00 07 00 01 +",
              "< 01 06 00 07 00 01 +", /* it comes now, to the read that comes before a write */
              "> 01 06 00 07 00 02 +", "< 01 06 00 07 00 02 +", NULL);
    assert_int_equal(lec_bench_write(&b, "w", "1"), LEC_E_TIMEOUT);
    assert_int_equal(lec_bench_write(&b, "w", "2"), 0);
    end();
}

static void a_dead_unit_costs_one_time_out_a_poll(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "> 01 03 00 64 00 01 +", "> 01 03 00 64 00 01 +", NULL);
    int64_t begun = lec_now();
    for (int i = 0; i < 3; i++)
        polls("a", LEC_E_TIMEOUT);
    /* and the silence of the longest frame: 256 characters at 115200 */
    assert_true(lec_now() - begun >= 3 * (60 + 24) * LEC_MS);
    end();
}

/* The other device of the unit cannot know that an answer is late: so this one makes sure before it returns. */
static void a_unit_of_two_devices_is_checked_at_once(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    ((struct modbus *)b.hosted.dev.state)->shares_unit = true;
    wire_play(&b, "> 01 03 00 64 00 01 +",                          /* no answer in time */
              "> 01 03 00 64 00 01 +", "< 01 03 02 11 11 +",        /* is it there, is it late? Then silence */
              "> 01 03 01 F4 00 01 +", "< 01 03 02 22 22 +", NULL); /* whoever asks now gets its own answer */
    polls("a", LEC_E_TIMEOUT);
    polls("b", 0);
    reads("b", "8738");
    end();
}

static void on_tcp_a_time_out_ends_the_connection(void **state)
{
    (void)state;
    begin(two, TCP_LINE);
    wire_play(&b, "> 00 01 00 00 00 06 03 03 00 64 00 01", NULL);
    polls("a", LEC_E_TIMEOUT);
    assert_true(b.port.broken);
    end();
}

static void on_tcp_an_answer_with_an_old_number_ends_the_connection(void **state)
{
    (void)state;
    begin(two, TCP_LINE);
    wire_play(&b, "> 00 01 00 00 00 06 03 03 00 64 00 01", "< 00 00 00 00 00 05 03 03 02 11 11", NULL);
    polls("a", LEC_E_FRAME);
    told("belongs to another request");
    reads("a", "");
    assert_true(b.port.broken);
    end();
}

/* ---- Garbled answers ---------------------------------------------------------------------------------------- */

static void garbage_before_an_answer_costs_that_answer_only(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "< 00 01 03 02 11 11 +", "> 01 03 00 64 00 01 +", "< 01 03 02 11 11 +",
              "> 01 03 00 64 00 01 +", "< 01 03 02 11 11 +", "> 01 03 01 F4 00 01 +", "< 01 03 02 22 22 +", NULL);
    polls("a", LEC_E_FRAME);
    polls("a", 0);
    reads("a", "4369");
    polls("b", 0);
    reads("b", "8738");
    end();
}

static void another_units_answer_is_told_as_such(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "< 02 03 02 11 11 +", NULL);
    polls("a", LEC_E_FRAME);
    told("not unit 1's");
    reads("a", "");
    end();
}

static void a_wrong_checksum_is_told_as_such(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "< 01 03 02 11 11 00 00", NULL);
    polls("a", LEC_E_FRAME);
    told("checksum");
    end();
}

static void an_answer_of_another_length_is_refused(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "< 01 03 04 11 11 22 22 +", NULL);
    polls("a", LEC_E_FRAME);
    reads("a", "");
    end();
}

static void a_pause_inside_a_frame_is_fine_within_the_time_out(void **state)
{
    (void)state;
    begin(HEAD "timeout = 1s\n" POINT("a", "holding 100"), RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "< 01 03", "wait 600", "< 02 11 11 74 18", NULL);
    polls("a", 0);
    reads("a", "4369");
    end();
}

static void half_a_frame_is_a_time_out_and_leaves_no_rest(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "< 01 03 02", "> 01 03 00 64 00 01 +", "< 01 03 02 11 11 +",
              "> 01 03 00 64 00 01 +", "< 01 03 02 11 11 +", NULL);
    polls("a", LEC_E_TIMEOUT);
    polls("a", 0);
    reads("a", "4369");
    end();
}

static void a_unit_that_drips_cannot_hold_the_line(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "< 01", "wait 40", "< 03", "wait 1000", "< 02", NULL);
    int64_t begun = lec_now();
    polls("a", LEC_E_TIMEOUT);
    assert_true(lec_now() - begun < 600 * LEC_MS); /* 60 for the answer, 24 of silence */
    lec_bench_finish(&b);
}

/* ---- Silence, hang-up, exceptions --------------------------------------------------------------------------- */

static void a_hang_up_is_not_a_time_out(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "close", NULL);
    polls("a", LEC_E_LINK);
    told("lost");
    end();
    begin(two, TCP_LINE);
    wire_play(&b, "> 00 01 00 00 00 06 03 03 00 64 00 01", "close", NULL);
    polls("a", LEC_E_LINK);
    end();
}

/* The far end of a pseudo-terminal: takes one request and goes away. */
static void *unplug(void *arg)
{
    uint8_t request[8];
    int master = *(int *)arg;
    for (size_t n = 0; n < sizeof request;) {
        ssize_t got = read(master, request + n, sizeof request - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    close(master);
    return NULL;
}

static void an_adapter_pulled_out_is_a_lost_line(void **state)
{
    (void)state;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    struct lec_line line = {.name = "pty",
                            .kind = LEC_LINE_PTY,
                            .path = ptsname(master),
                            .baud = 115200,
                            .bits = 8,
                            .parity = 'N',
                            .stop = 1,
                            .host = ""};
    begin(HEAD "timeout = 1s\n" POINT("a", "holding 100"), RTU_LINE);
    if (lec_link_open(&line, -1, lec_now() + LEC_SEC, &b.port.link, &b.err) < 0)
        fail_msg("%s", b.err.text);
    assert_int_equal(lec_hosted_open(&b.hosted, &b.err), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, unplug, &master), 0);
    polls("a", LEC_E_LINK);
    pthread_join(thread, NULL);
    polls("a", LEC_E_LINK); /* nor a time-out later */
    end();
}

struct exception_case {
    const char *answer;
    int code;
    const char *told;
};

static void exceptions_have_codes_and_sentences_of_their_own(void **state)
{
    (void)state;
    static const struct exception_case cases[] = {
        {"< 01 86 01 +", LEC_E_NOTSUP, "exception 1 from unit 1: the unit does not know this function"},
        {"< 01 86 02 +", LEC_E_NOTSUP, "no such address (writing holding 0x0007, 1)"},
        {"< 01 86 03 +", LEC_E_REFUSED, "does not take this value"},
        {"< 01 86 04 +", LEC_E_BUSY, "failed to do it"},
        {"< 01 86 05 +", LEC_E_BUSY, "still working"},
        {"< 01 86 06 +", LEC_E_BUSY, "is busy"},
        {"< 01 86 07 +", LEC_E_REFUSED, "exception 7"},
        {"< 01 86 08 +", LEC_E_REFUSED, "memory"},
        {"< 01 86 09 +", LEC_E_REFUSED, "reason of its own"},
        {"< 01 86 0A +", LEC_E_TIMEOUT, "gateway has no way"},
        {"< 01 86 0B +", LEC_E_TIMEOUT, "gateway gets no answer"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin(PROFILE("[point w]\ntype = int\naccess = both\nregister = holding 7\n"), RTU_LINE);
        /* An exception is an answer in its turn: the next exchange needs no proof. */
        wire_play(&b, "> 01 06 00 07 00 01 +", cases[i].answer, "> 01 03 00 07 00 01 +", "< 01 03 02 00 01 +", NULL);
        int rc = lec_bench_write(&b, "w", "1");
        if (rc != cases[i].code || !strstr(b.err.text, cases[i].told))
            fail_msg("%s: %d, %s", cases[i].answer, rc, b.err.text);
        polls("w", 0);
        reads("w", "1");
        end();
    }
}

static void a_golden_exception_drops_the_point(void **state)
{
    (void)state;
    begin(PROFILE(POINT("a", "input 0 u32") POINT("z", "input 900")), RTU_LINE);
    wire_play(&b, "> 01 04 00 00 00 02 71 CB", "< 01 84 02 C2 C1", "> 01 04 03 84 00 01 +", "< 01 04 02 00 05 +",
              "> 01 04 03 84 00 01 +", "< 01 04 02 00 05 +", NULL);
    polls(NULL, 0);
    assert_true(lec_bench_dropped(&b, "a"));
    assert_non_null(strstr(lec_bench_point(&b, "a"), "no such address"));
    reads("z", "5");
    polls(NULL, 0);
    end();
}

static void busy_says_so_and_the_point_stays(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "< 01 83 06 +", NULL);
    polls("a", LEC_E_BUSY);
    assert_false(lec_bench_dropped(&b, "a"));
    end();
}

/* ---- Merged reads ------------------------------------------------------------------------------------------- */

static const char gappy[] = PROFILE(POINT("a", "input 0") POINT("b", "input 1") POINT("c", "input 4"));

static void a_refused_gap_is_read_around_and_remembered(void **state)
{
    (void)state;
    begin(gappy, RTU_LINE);
    wire_play(&b, "> 01 04 00 00 00 05 +", "< 01 84 02 +",         /* 2 and 3 do not exist */
              "> 01 04 00 00 00 02 +", "< 01 04 04 00 01 00 02 +", /* without the gap */
              "> 01 04 00 04 00 01 +", "< 01 04 02 00 05 +",       /* */
              "> 01 04 00 00 00 02 +", "< 01 04 04 00 01 00 02 +", /* the next poll knows */
              "> 01 04 00 04 00 01 +", "< 01 04 02 00 06 +", NULL);
    polls(NULL, 0);
    reads("b", "2");
    reads("c", "5");
    polls(NULL, 0);
    reads("c", "6");
    end();
    begin(gappy, RTU_LINE); /* a new connection: perhaps a new unit */
    wire_play(&b, "> 01 04 00 00 00 05 +", "< 01 84 03 +", "> 01 04 00 00 00 02 +", "< 01 84 03 +",
              "> 01 04 00 00 00 01 +", "< 01 04 02 00 01 +", "> 01 04 00 01 00 01 +", "< 01 04 02 00 02 +",
              "> 01 04 00 04 00 01 +", "< 01 04 02 00 05 +", /* it gives one at a time */
              "> 01 04 00 00 00 01 +", "< 01 04 02 00 01 +", "> 01 04 00 01 00 01 +", "< 01 04 02 00 02 +",
              "> 01 04 00 04 00 01 +", "< 01 04 02 00 05 +", NULL);
    polls(NULL, 0);
    polls(NULL, 0);
    reads("b", "2");
    wire_play(&b, "> 01 04 00 00 00 05 +", "< 01 04 0A 00 09 00 08 00 00 00 00 00 07 +", NULL);
    polls(NULL, 0); /* forgotten with the connection */
    reads("a", "9");
    reads("c", "7");
    end();
}

static void a_register_that_is_lacking_leaves_the_others_together(void **state)
{
    (void)state;
    begin(PROFILE(POINT("a", "input 0") POINT("b", "input 1") POINT("c", "input 2") POINT("d", "input 3")), RTU_LINE);
    wire_play(&b, "> 01 04 00 00 00 04 +", "< 01 84 02 +", "> 01 04 00 00 00 01 +", "< 01 04 02 00 01 +",
              "> 01 04 00 01 00 01 +", "< 01 84 02 +", "> 01 04 00 02 00 01 +", "< 01 04 02 00 03 +",
              "> 01 04 00 03 00 01 +", "< 01 04 02 00 04 +", "> 01 04 00 00 00 01 +", "< 01 04 02 00 01 +",
              "> 01 04 00 02 00 02 +", "< 01 04 04 00 03 00 04 +", NULL);
    polls(NULL, 0);
    assert_true(lec_bench_dropped(&b, "b"));
    polls(NULL, 0);
    reads("d", "4");
    end();
}

static void more_than_the_unit_gives_at_once_is_split(void **state)
{
    (void)state;
    begin(PROFILE("[driver]\nmax registers = 4\n" POINT("a", "input 0 u32") POINT("b", "input 2 u32")
                      POINT("c", "input 4 u32")),
          RTU_LINE);
    wire_play(&b, "> 01 04 00 00 00 04 +", "< 01 04 08 00 00 00 01 00 00 00 02 +", "> 01 04 00 04 00 02 +",
              "< 01 04 04 00 00 00 03 +", NULL);
    polls(NULL, 0);
    reads("c", "3");
    end();
}

static void unchanged_registers_are_published_again(void **state)
{
    (void)state;
    begin(two, RTU_LINE);
    wire_play(&b, "> 01 03 00 64 00 01 +", "< 01 03 02 00 01 +", "> 01 03 00 64 00 01 +", "< 01 03 02 00 01 +",
              "> 01 03 00 64 00 01 +", "< 01 03 02 00 02 +", NULL);
    polls("a", 0);
    polls("a", 0);
    reads("a", "1");
    assert_int_equal(lec_bench_count(&b, "a"), 2);
    polls("a", 0);
    reads("a", "2");
    end();
}

/* ---- Addresses ---------------------------------------------------------------------------------------------- */

static void a_write_to_everybody_is_not_answered_and_has_succeeded(void **state)
{
    (void)state;
    begin(PROFILE("[point w]\ntype = bool\naccess = write\nconfirm = no\nregister = coil 3\n"),
          "modbus+rtu+pty:///dev/pts/99?baud=115200&slave=0");
    wire_play(&b, "> 00 05 00 03 FF 00 +", NULL);
    int64_t begun = lec_now();
    assert_int_equal(lec_bench_write(&b, "w", "true"), 0);
    assert_true(lec_now() - begun >= 150 * LEC_MS); /* the turnaround */
    end();
}

static void mistakes_are(const char *profile, const char *line, const char *part)
{
    char text[4096];
    lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile_text = profile, .line = line}, text,
                       sizeof text);
    if (*part ? !strstr(text, part) : *text)
        fail_msg("\"%s\" is not in: %s", part, text);
}

static void units_that_libmodbus_refuses_are_a_mistake_of_the_room_file(void **state)
{
    (void)state;
    static const char *const lines[] = {"248", "250", "254", "255"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        char line[96];
        snprintf(line, sizeof line, "modbus+rtu+pty:///dev/pts/99?baud=9600&slave=%s", lines[i]);
        mistakes_are(two, line, "give the unit an address of its own from 1 to 247");
    }
    mistakes_are(two, "modbus+rtu+pty:///dev/pts/99?baud=9600&slave=247", "");
    mistakes_are(two, "modbus+tcp://127.0.0.1:502?slave=255", "");
    mistakes_are(two, "modbus+tcp://127.0.0.1:502", "");
    mistakes_are(two, "modbus+tcp://127.0.0.1:502?slave=254", "address of its own");
    mistakes_are(two, "modbus+rtu+pty:///dev/pts/99?baud=9600", "which unit of the line is it?");
    mistakes_are(two, "modbus+rtu+pty:///dev/pts/99?baud=9600&slave=0", "nobody answers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_late_answer_is_not_taken_for_the_next_one, drop),
        cmocka_unit_test_teardown(a_late_answer_alone_is_not_believed_either, drop),
        cmocka_unit_test_teardown(a_late_answer_before_a_write_is_not_its_acknowledgement, drop),
        cmocka_unit_test_teardown(a_dead_unit_costs_one_time_out_a_poll, drop),
        cmocka_unit_test_teardown(a_unit_of_two_devices_is_checked_at_once, drop),
        cmocka_unit_test_teardown(on_tcp_a_time_out_ends_the_connection, drop),
        cmocka_unit_test_teardown(on_tcp_an_answer_with_an_old_number_ends_the_connection, drop),
        cmocka_unit_test_teardown(garbage_before_an_answer_costs_that_answer_only, drop),
        cmocka_unit_test_teardown(another_units_answer_is_told_as_such, drop),
        cmocka_unit_test_teardown(a_wrong_checksum_is_told_as_such, drop),
        cmocka_unit_test_teardown(an_answer_of_another_length_is_refused, drop),
        cmocka_unit_test_teardown(a_pause_inside_a_frame_is_fine_within_the_time_out, drop),
        cmocka_unit_test_teardown(half_a_frame_is_a_time_out_and_leaves_no_rest, drop),
        cmocka_unit_test_teardown(a_unit_that_drips_cannot_hold_the_line, drop),
        cmocka_unit_test_teardown(a_hang_up_is_not_a_time_out, drop),
        cmocka_unit_test_teardown(an_adapter_pulled_out_is_a_lost_line, drop),
        cmocka_unit_test_teardown(exceptions_have_codes_and_sentences_of_their_own, drop),
        cmocka_unit_test_teardown(a_golden_exception_drops_the_point, drop),
        cmocka_unit_test_teardown(busy_says_so_and_the_point_stays, drop),
        cmocka_unit_test_teardown(a_refused_gap_is_read_around_and_remembered, drop),
        cmocka_unit_test_teardown(a_register_that_is_lacking_leaves_the_others_together, drop),
        cmocka_unit_test_teardown(more_than_the_unit_gives_at_once_is_split, drop),
        cmocka_unit_test_teardown(unchanged_registers_are_published_again, drop),
        cmocka_unit_test_teardown(a_write_to_everybody_is_not_answered_and_has_succeeded, drop),
        cmocka_unit_test_teardown(units_that_libmodbus_refuses_are_a_mistake_of_the_room_file, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
