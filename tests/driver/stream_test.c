/* The driver stream: what boards really print, and what they should not. Time stands still between packets, so that
 * every time in a block can be foretold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver/bench.h"

#define assert_near(a, b, by) assert_true(fabs((double)(a) - (double)(b)) <= (by)) /* cmocka's has floats */

#define START (5000 * LEC_SEC)
#define HEAD  "[device]\nclass = sensor\ndriver = stream\nvendor = a\nmodel = b\nsource = c\n"
#define TWO                                                                                                            \
    "[point temperature]\ncolumn = 1\nstream = yes\n"                                                                  \
    "[point humidity]\ncolumn = 2\nstream = yes\n"
#define KEYS                                                                                                           \
    "[point temperature]\nkey = temp\nstream = yes\n"                                                                  \
    "[point humidity]\nkey = hum\nstream = yes\n"

/* All blocks of the two points, as text: "lost*" before the first of a block, then values. */
struct board {
    struct lec_bench b;
    int fd; /* the board's end */
    int64_t now;
    char said[2][4096];
    struct lec_block last[2];
    int64_t end_ns; /* of the last sample of the first point */
};

static void on_block(void *ctx, const struct lec_point *point, const struct lec_block *block)
{
    struct board *d = ctx;
    assert_true(block->n > 0);
    char *text = d->said[point->index];
    size_t size = sizeof d->said[0], n = strlen(text);
    if (block->lost > 0)
        n += (size_t)snprintf(text + n, size - n, "%llu* ", (unsigned long long)block->lost);
    for (size_t i = 0; i < block->n && n < size - 32; i++)
        n += (size_t)snprintf(text + n, size - n, isnan(block->raw[i]) ? "- " : "%g ", block->raw[i]);
    d->last[point->index] = *block;
    if (point->index == 0) {
        assert_true(block->first_ns >= d->end_ns);
        d->end_ns = block->first_ns + (int64_t)((double)(block->n - 1) * block->interval_ns);
        assert_true(d->end_ns <= d->now + 1000);
    }
}

static void set_time(struct board *d, int64_t ns)
{
    d->now = ns;
    lec_clock_fake(ns, ns / 1000);
}

static void begin(struct board *d, const char *profile)
{
    *d = (struct board){.fd = -1};
    lec_bench_begin(&d->b, &lec_driver_entry, &(struct lec_bench_setup){.profile_text = profile});
    d->b.sink.ctx = d;
    d->b.sink.block = on_block;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    d->fd = ends[1];
    d->b.port.link = lec_link_of_fd(ends[0], -1);
    set_time(d, START);
    assert_int_equal(lec_bench_open(&d->b), 0);
}

static void end(struct board *d)
{
    d->b.sink.ctx = &d->b;
    lec_bench_end(&d->b);
    if (d->fd >= 0)
        close(d->fd);
    lec_clock_fake(-1, 0);
}

static int say_n(struct board *d, const char *text, size_t n)
{
    assert_int_equal(write(d->fd, text, n), n);
    return lec_bench_input(&d->b);
}

static int say(struct board *d, const char *text)
{
    return say_n(d, text, strlen(text));
}

/* What a fresh board with this profile makes of the text; the values of the first point. */
static void expect(const char *profile, const char *text, const char *first, const char *second)
{
    struct board d;
    begin(&d, profile);
    (void)say(&d, "artial line\n");
    (void)say(&d, text);
    if (strcmp(d.said[0], first) != 0 || strcmp(d.said[1], second) != 0)
        fail_msg("\"%s\" became \"%s\" and \"%s\" (%s)", text, d.said[0], d.said[1], d.b.err.text);
    end(&d);
}

static void lines_come_in_the_ways_that_boards_print_them(void **state)
{
    (void)state;
    expect(HEAD TWO, "23.5,40\r\n23.6,41\r\n", "23.5 23.6 ", "40 41 ");
    expect(HEAD TWO, "23.5;40\n", "23.5 ", "40 ");
    expect(HEAD TWO, "23.5\t40\n", "23.5 ", "40 ");
    expect(HEAD TWO, "  23.5   40  \n", "23.5 ", "40 ");
    expect(HEAD TWO, "23.5, \"40\" \n", "23.5 ", "40 ");
    expect(HEAD TWO, "-1e-3,+40\n", "-0.001 ", "40 ");
    expect(HEAD KEYS, "temp:23.5,hum:40\n", "23.5 ", "40 ");
    expect(HEAD KEYS, "hum=40 temp=23.5\n", "23.5 ", "40 ");
    expect(HEAD KEYS, "temp: 23.5\thum: 40\n", "23.5 ", "40 ");
    expect(HEAD KEYS, "{\"temp\":23.5,\"hum\":40}\r\n", "23.5 ", "40 ");
    expect(HEAD KEYS, " { \"hum\" : 40 , \"x\":{\"temp\":1}, \"temp\" : 23.5 } \n", "23.5 ", "40 ");
    expect(HEAD KEYS, "temp,hum\n23.5,40\n", "23.5 ", "40 ");
    expect(HEAD KEYS, "time,hum,temp\n1,40,23.5\n", "23.5 ", "40 ");
    expect(HEAD "[driver]\ncolumns = hum, temp\n" KEYS, "40,23.5\n", "23.5 ", "40 ");
    expect(HEAD "[driver]\ndecimal = comma\n" TWO, "23,5;40,25\n", "23.5 ", "40.25 ");
    expect(HEAD "[driver]\ndecimal = comma\n" KEYS, "temp:23,5 hum:40,25\n", "23.5 ", "40.25 ");
    expect(HEAD "[point temperature]\nkey = acc.x\nstream = yes\n[point humidity]\nkey = v.1\nstream = yes\n",
           "{\"acc\":{\"x\":1.5,\"y\":2},\"v\":[3,4]}\n", "1.5 ", "4 ");
    expect(HEAD "[driver]\nprefix = STEM,T,\n" TWO, "$STEM,T,1,23.45*68\n$GPGGA,1,2*68\n", "1 ", "23.45 ");
}

static void what_is_no_value_is_none(void **state)
{
    (void)state;
    expect(HEAD TWO, "nan,inf\n-INF,ovf\n,\n1,null\n", "- - - 1 ", "- - - - ");
    expect(HEAD KEYS, "{\"temp\":nan,\"hum\":null}\n", "- ", "- ");
    expect(HEAD KEYS, "temp:,hum:4\n", "- ", "4 ");
    expect(HEAD KEYS, "temp:23\nhum:4\n", "23 - ", "- 4 ");
    expect(HEAD KEYS, "{\"temp\":true,\"hum\":false}\n", "1 ", "0 ");
}

static void what_cannot_be_read_is_dropped_and_counted_as_lost(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "1",          "1,2,3",       "1,x",     "1,2.3.4",       "1,2\x01",
        "\xff\xfe,2", "0x10,2",      "1,2e999", "1 2 3 4",       "temp:1,hum",
        "temp:1,=4",  "{\"temp\":1", "{}",      "{\"temp\":1}}", "[1,2]",
        "$1,2*00",    "1,2,",        "nothing", "{\"temp\":[}",  "1,00000000000000000000000000000000000000000000000001",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct board d;
        char text[200];
        begin(&d, HEAD TWO);
        (void)say(&d, "\n1,2\n");
        snprintf(text, sizeof text, "%s\n", bad[i]);
        int rc = say(&d, text);
        if (rc != LEC_E_FRAME)
            fail_msg("\"%s\" was taken: %d, \"%s\"", bad[i], rc, d.said[0]);
        set_time(&d, START + LEC_SEC);
        (void)say(&d, "3,4\n");
        if (strcmp(d.said[0], "1 1* 3 ") != 0)
            fail_msg("after \"%s\": \"%s\"", bad[i], d.said[0]);
        end(&d);
    }
}

static void the_first_partial_line_is_not_believed(void **state)
{
    (void)state;
    struct board d;
    begin(&d, HEAD TWO);
    assert_int_equal(say(&d, "3.5,40\n23.5,41\n"), 0); /* it may have been 123.5 */
    assert_string_equal(d.said[0], "23.5 ");
    end(&d);
}

static void a_line_comes_in_any_pieces(void **state)
{
    (void)state;
    struct board d;
    static const char text[] = "x\n1.25,7\r\n2.25,8\r\n";
    begin(&d, HEAD TWO);
    for (const char *at = text; *at; at++)
        assert_int_equal(say_n(&d, at, 1), 0);
    assert_string_equal(d.said[0], "1.25 2.25 ");
    assert_string_equal(d.said[1], "7 8 ");
    end(&d);
}

static void noise_without_an_end_is_dropped_and_the_next_line_read(void **state)
{
    (void)state;
    struct board d;
    char noise[5000];
    memset(noise, 'A', sizeof noise);
    begin(&d, HEAD TWO);
    (void)say(&d, "\n1,2\n");
    assert_int_equal(say_n(&d, noise, sizeof noise), LEC_E_FRAME);
    assert_non_null(strstr(d.b.err.text, "512"));
    assert_int_equal(say_n(&d, noise, sizeof noise), 0); /* the same line still */
    assert_int_equal(say(&d, "A\n3,4\n"), 0);
    assert_string_equal(d.said[0], "1 1* 3 ");
    memset(noise, 0, sizeof noise);
    (void)say_n(&d, noise, 100);
    (void)say(&d, "\n5,6\n");
    assert_string_equal(d.said[0], "1 1* 3 1* 5 ");
    end(&d);
}

static void a_device_that_changes_its_columns_is_believed_after_a_while(void **state)
{
    (void)state;
    struct board d;
    begin(&d, HEAD TWO);
    (void)say(&d, "\n1,2\n");
    for (int i = 0; i < 7; i++)
        assert_int_equal(say(&d, "3,4,5\n"), LEC_E_FRAME);
    assert_int_equal(say(&d, "6,7,8\n"), 0);
    assert_string_equal(d.said[0], "1 7* 6 ");
    end(&d);
    begin(&d, HEAD "[driver]\nfields = 2\n" TWO);
    (void)say(&d, "\n1,2\n");
    for (int i = 0; i < 20; i++)
        assert_int_equal(say(&d, "3,4,5\n"), LEC_E_FRAME);
    end(&d);
}

static void comments_greetings_and_headers_are_no_samples(void **state)
{
    (void)state;
    struct board d;
    begin(&d, HEAD TWO);
    assert_int_equal(say(&d, "x\nSensor ready\n# version 3\ntemp,hum\n\n1,2\n# again\n3,4\n"), 0);
    assert_string_equal(d.said[0], "1 3 ");
    end(&d);
    begin(&d, HEAD KEYS); /* names are needed, and have not come yet */
    assert_int_equal(say(&d, "x\n1,2\n"), LEC_E_FRAME);
    assert_non_null(strstr(d.b.err.text, "names"));
    assert_int_equal(say(&d, "temp,hum\n1,2\n"), 0);
    assert_string_equal(d.said[0], "1 ");
    end(&d);
    begin(&d, HEAD KEYS); /* the header was the line that we came into */
    assert_int_equal(say(&d, "temp,hum\n1,2\n"), 0);
    assert_string_equal(d.said[0], "1 ");
    end(&d);
}

static void an_nmea_checksum_is_checked_and_may_be_required(void **state)
{
    (void)state;
    struct board d;
    begin(&d, HEAD "[driver]\nchecksum = required\n[point temperature]\ncolumn = 4\nstream = yes\n"
                   "[point humidity]\ncolumn = 3\nstream = yes\n");
    (void)say(&d, "x\n");
    assert_int_equal(say(&d, "$STEM,T,1,23.45*68\r\n"), 0);
    assert_int_equal(say(&d, "$STEM,T,1,23.46*68\r\n"), LEC_E_FRAME);
    assert_non_null(strstr(d.b.err.text, "checksum"));
    assert_int_equal(say(&d, "STEM,T,1,23.45\r\n"), LEC_E_FRAME);
    set_time(&d, START + LEC_SEC);
    assert_int_equal(say(&d, "STEM,T,1,23.45*68\r\n"), 0);
    assert_string_equal(d.said[0], "23.45 2* 23.45 ");
    end(&d);
}

static void a_counter_tells_losses_exactly(void **state)
{
    (void)state;
    struct board d;
    begin(&d, HEAD "[driver]\ncounter = 1\n[point temperature]\ncolumn = 2\nstream = yes\nfastest = 100ms\n"
                   "[point humidity]\ncolumn = 1\nstream = yes\n");
    (void)say(&d, "x\n7,0.5\n8,0.6\n");
    set_time(&d, START + LEC_SEC);
    (void)say(&d, "12,0.7\n13,0.8\ngarbage\n15,0.9\n");
    assert_string_equal(d.said[0], "0.5 0.6 3* 0.7 0.8 1* 0.9 ");
    assert_true(d.last[0].first_ns > START + 5 * LEC_SEC / 10);
    (void)say(&d, "15,0.9\n16,1\n"); /* twice the same: told once */
    assert_string_equal(d.said[0], "0.5 0.6 3* 0.7 0.8 1* 0.9 1 ");
    end(&d);
}

static void a_counter_wraps_and_a_spoilt_one_is_not_believed(void **state)
{
    (void)state;
    struct board d;
    const char *profile = HEAD "[driver]\ncounter = 1\n[point temperature]\ncolumn = 1\nstream = yes\nfastest = 100ms\n"
                               "[point humidity]\ncolumn = 1\nstream = yes\n";
    begin(&d, profile);
    (void)say(&d, "x\n254\n255\n0\n2\n");
    assert_string_equal(d.said[0], "254 255 0 1* 2 ");
    assert_int_equal(say(&d, "900003\n4\n"), LEC_E_FRAME); /* a digit too many */
    assert_string_equal(d.said[0], "254 255 0 1* 2 1* 4 ");
    assert_int_equal(say(&d, "1\n5\n"), LEC_E_FRAME);
    assert_string_equal(d.said[0], "254 255 0 1* 2 1* 4 5 ");
    assert_int_equal(say(&d, "0\n"), LEC_E_FRAME); /* it was reset: the second one proves it */
    assert_int_equal(say(&d, "1\n2\n3\n"), 0);
    assert_string_equal(d.said[0], "254 255 0 1* 2 1* 4 5 1 2 3 ");
    end(&d);
    begin(&d, HEAD "[driver]\ncounter = 1\ncounter modulo = 10\n[point temperature]\ncolumn = 1\nstream = yes\n"
                   "[point humidity]\ncolumn = 1\nstream = yes\n");
    (void)say(&d, "x\n7\n8\n1\n2\n");
    assert_string_equal(d.said[0], "7 8 2* 1 2 ");
    end(&d);
}

static void the_device_s_clock_gives_times_and_losses(void **state)
{
    (void)state;
    struct board d;
    begin(&d,
          HEAD "[driver]\nclock = 1\nclock unit = ms\n[point temperature]\ncolumn = 2\nstream = yes\nfastest = 20ms\n"
               "[point humidity]\ncolumn = 1\nstream = yes\n");
    (void)say(&d, "x\n4294967276,1\n");
    set_time(&d, START + 20 * LEC_MS);
    (void)say(&d, "0,2\n"); /* 4294967296: its long has run over */
    set_time(&d, START + 140 * LEC_MS);
    (void)say(&d, "20,3\n100,4\n120,5\n");
    assert_string_equal(d.said[0], "1 2 3 3* 4 5 ");
    assert_int_equal(d.last[0].n, 2);
    assert_near(d.last[0].interval_ns, 20e6, 1);
    assert_int_equal(d.last[0].first_ns, START + 120 * LEC_MS);
    end(&d);
}

static void samples_of_one_packet_are_told_at_their_interval(void **state)
{
    (void)state;
    struct board d;
    begin(&d, HEAD "[driver]\ninterval = 10ms\n" TWO);
    (void)say(&d, "x\n1,2\n");
    set_time(&d, START + 100 * LEC_MS);
    (void)say(&d, "1,2\n2,2\n3,2\n4,2\n5,2\n6,2\n7,2\n8,2\n9,2\n10,2\n");
    assert_int_equal(d.last[0].n, 10);
    assert_int_equal(d.last[0].lost, 0);
    assert_near(d.last[0].interval_ns, 10e6, 1);
    assert_int_equal(d.last[0].first_ns, START + 10 * LEC_MS);
    assert_int_equal(d.last[1].first_ns, START + 10 * LEC_MS);
    end(&d);
}

static void a_gap_is_counted_by_timing_where_nothing_else_tells_it(void **state)
{
    (void)state;
    struct board d;
    begin(&d, HEAD "[driver]\ninterval = 100ms\n" TWO);
    (void)say(&d, "x\n");
    for (int i = 0; i < 30; i++) {
        set_time(&d, START + i * 100 * LEC_MS);
        assert_int_equal(say(&d, "1,2\n"), 0);
    }
    assert_null(strchr(d.said[0], '*'));
    set_time(&d, START + 33 * 100 * LEC_MS);
    (void)say(&d, "7,2\n");
    assert_non_null(strstr(d.said[0], "1 3* 7 "));
    assert_int_equal(d.last[0].first_ns, START + 33 * 100 * LEC_MS);
    end(&d);
}

static void four_columns_at_1_khz_lose_nothing(void **state)
{
    (void)state;
    struct board d;
    char packet[4096];
    uint64_t told = 0;
    begin(&d, HEAD "[driver]\ncounter = 1\ninterval = 1ms\n[point temperature]\ncolumn = 1\nstream = yes\n"
                   "[point humidity]\ncolumn = 4\nstream = yes\n");
    (void)say(&d, "x\n");
    for (int t = 10; t <= 10000; t += 10) { /* ten seconds in packets of 10 ms, torn where they fall */
        size_t n = 0;
        for (int k = t - 10; k < t; k++)
            n += (size_t)snprintf(packet + n, sizeof packet - n, "%d,%.3f,%.3f,%.3f\r\n", k, k * 0.01, 20.5, -k * 0.5);
        set_time(&d, START + t * LEC_MS);
        d.said[0][0] = d.said[1][0] = '\0';
        assert_int_equal(say_n(&d, packet, n / 2), 0);
        told += d.last[0].n;
        assert_int_equal(say_n(&d, packet + n / 2, n - n / 2), 0);
        told += d.last[0].n;
        assert_int_equal(d.last[0].lost, 0);
    }
    assert_int_equal(told, 10000);
    assert_near((double)d.end_ns, (double)(START + 10 * LEC_SEC), 2e6);
    end(&d);
}

static void names_in_lines_of_their_own_become_one_sample(void **state)
{
    (void)state;
    struct board d;
    begin(&d, HEAD "[driver]\nsample = names\n" KEYS); /* as the micro:bit's "serial write value" */
    (void)say(&d, "x\nhum:40\r\ntemp:1\r\nhum:41\r\ntemp:2\r\n");
    assert_string_equal(d.said[0], "1 2 ");
    assert_string_equal(d.said[1], "40 41 ");
    assert_int_equal(say(&d, "hum:42\r\nte%mp:3\r\nhum:43\r\nother:5\r\ntemp:4\r\n"), LEC_E_FRAME);
    assert_string_equal(d.said[0], "1 2 - 4 ");
    assert_string_equal(d.said[1], "40 41 42 43 ");
    end(&d);
}

static void points_that_are_not_streamed_are_published(void **state)
{
    (void)state;
    struct board d;
    begin(&d,
          HEAD KEYS "[point presence]\nkey = pir\n[point label]\nlabel = x\ntype = text\naccess = read\nkey = name\n"
                    "[point count]\nlabel = x\ntype = int\naccess = read\nkey = n\n");
    (void)say(&d, "x\n{\"temp\":1,\"hum\":2,\"pir\":0,\"name\":\"Phòng 1\",\"n\":4}\n");
    assert_string_equal(lec_bench_point(&d.b, "presence"), "false");
    assert_string_equal(lec_bench_point(&d.b, "label"), "Phòng 1");
    assert_string_equal(lec_bench_point(&d.b, "count"), "4");
    (void)say(&d, "{\"temp\":1,\"hum\":2,\"pir\":1,\"n\":nan}\n");
    assert_string_equal(lec_bench_point(&d.b, "presence"), "true");
    assert_string_equal(lec_bench_point(&d.b, "count"), "bad: the device has no value");
    end(&d);
}

static void a_rate_is_set_by_command_and_the_fastest_wish_counts(void **state)
{
    (void)state;
    struct board d;
    char heard[64] = "";
    int64_t granted = 0;
    begin(&d, HEAD "[driver]\nrate command = R{hz},{ms}\\n\nstart command = GO\\r\nstop command = X\n" TWO);
    const struct lec_point *t = &d.b.device->points[0], *h = &d.b.device->points[1];
    assert_int_equal(lec_hosted_rate(&d.b.hosted, t, 20 * LEC_MS, &granted, &d.b.err), 0);
    assert_int_equal(granted, 20 * LEC_MS);
    assert_int_equal(lec_hosted_rate(&d.b.hosted, h, LEC_SEC, &granted, &d.b.err), 0);
    assert_int_equal(granted, 20 * LEC_MS); /* the faster one stands */
    assert_int_equal(lec_hosted_rate(&d.b.hosted, t, 0, &granted, &d.b.err), 0);
    assert_int_equal(granted, LEC_SEC);
    lec_bench_close(&d.b);
    ssize_t n = read(d.fd, heard, sizeof heard - 1);
    assert_true(n > 0);
    heard[n] = '\0';
    assert_string_equal(heard, "GO\rR50,20\nR1,1000\nX");
    end(&d);
    begin(&d, HEAD TWO);
    assert_int_equal(lec_hosted_rate(&d.b.hosted, &d.b.device->points[0], LEC_SEC, &granted, &d.b.err), LEC_E_NOTSUP);
    end(&d);
}

static void a_board_that_hangs_up_is_told_as_a_lost_line(void **state)
{
    (void)state;
    struct board d;
    begin(&d, HEAD TWO);
    assert_int_equal(say(&d, "x\n1,2\n3,"), 0);
    close(d.fd);
    d.fd = -1;
    assert_int_equal(lec_bench_input(&d.b), LEC_E_LINK);
    assert_string_equal(d.said[0], "1 ");
    end(&d);
}

static void mistakes_in_a_profile_are_told_at_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *profile, *mistake;
    } cases[] = {
        {HEAD "[point temperature]\nstream = yes\n", "column = 2 or key = temp is needed"},
        {HEAD "[point temperature]\nstream = yes\ncolumn = 1\nkey = a\n", "column or key, not both"},
        {HEAD "[driver]\ncolumns = a,b\n[point temperature]\nstream = yes\nkey = c\n", "none of the device's columns"},
        {HEAD "[driver]\ncolumns = a,b\n[point temperature]\nstream = yes\ncolumn = 3\n", "beyond the last"},
        {HEAD "[driver]\ncolumns = a,b\nfields = 3\n" TWO, "columns has 2 names"},
        {HEAD "[driver]\ncounter = 1\nclock = 2\n" TWO, "not both"},
        {HEAD "[driver]\ncolumns = a,b\ncounter = n\n" TWO, "columns has no \"n\""},
        {HEAD "[driver]\nrate command = R\n" TWO, "{hz}"},
        {HEAD "[driver]\nstart command = \\q\n" TWO, "unknown escape"},
        {HEAD "[driver]\ndecimal = comma\nseparator = comma\n" TWO, "cannot be separated by commas"},
        {HEAD "[driver]\nclock unit = h\n" TWO, "clock unit"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[1000];
        lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile_text = cases[i].profile}, text,
                           sizeof text);
        if (!strstr(text, cases[i].mistake))
            fail_msg("case %zu: \"%s\" is not in \"%s\"", i, cases[i].mistake, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_in_the_ways_that_boards_print_them),
        cmocka_unit_test(what_is_no_value_is_none),
        cmocka_unit_test(what_cannot_be_read_is_dropped_and_counted_as_lost),
        cmocka_unit_test(the_first_partial_line_is_not_believed),
        cmocka_unit_test(a_line_comes_in_any_pieces),
        cmocka_unit_test(noise_without_an_end_is_dropped_and_the_next_line_read),
        cmocka_unit_test(a_device_that_changes_its_columns_is_believed_after_a_while),
        cmocka_unit_test(comments_greetings_and_headers_are_no_samples),
        cmocka_unit_test(an_nmea_checksum_is_checked_and_may_be_required),
        cmocka_unit_test(a_counter_tells_losses_exactly),
        cmocka_unit_test(a_counter_wraps_and_a_spoilt_one_is_not_believed),
        cmocka_unit_test(the_device_s_clock_gives_times_and_losses),
        cmocka_unit_test(samples_of_one_packet_are_told_at_their_interval),
        cmocka_unit_test(a_gap_is_counted_by_timing_where_nothing_else_tells_it),
        cmocka_unit_test(four_columns_at_1_khz_lose_nothing),
        cmocka_unit_test(names_in_lines_of_their_own_become_one_sample),
        cmocka_unit_test(points_that_are_not_streamed_are_published),
        cmocka_unit_test(a_rate_is_set_by_command_and_the_fastest_wish_counts),
        cmocka_unit_test(a_board_that_hangs_up_is_told_as_a_lost_line),
        cmocka_unit_test(mistakes_in_a_profile_are_told_at_their_line),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
