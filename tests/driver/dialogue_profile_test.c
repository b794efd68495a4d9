/* Mistakes in dialogue profiles: each is told at its line, in words that say what to write instead. */
#include "driver/dialogue_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "dialogue.h"

/* Lines 1 to 5; what a case adds begins in line 6. */
#define HEAD                                                                                                           \
    "[device]\nclass = projector\ndriver = dialogue\nsource = test\n"                                                  \
    "[driver]\n"
#define GOOD "send = {body}\\r\nends = \\r\nok = OK\n"

static void every_mistake_is_told_at_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *mistake;
    } cases[] = {
        {GOOD "[point power]\nread = A?\nreply = A={valeu}\nwrite = A={value}\ncodes = on:1, off:0\n",
         "line 11: reply: {valeu} is not known; did you mean {value}?"},
        {GOOD "[point power]\nread = A?\nreply = A=\nwrite = A={value}\ncodes = on:1, off:0\n",
         "line 11: reply: where in it is the value? Write {value} there"},
        {GOOD "[point power]\nread = A?\nreply = A={value hexx}\nwrite = A={value}\ncodes = on:1, off:0\n",
         "line 11: reply: \"hexx\" is not a way to write a value; there are:"},
        {GOOD "[point power]\nread = A?\nreply = A={value}\nwrite = A={value}\ncodes = on:1, of:0\n",
         "line 13: codes: \"of\" is not among the choices of power (did you mean \"off\"?)"},
        {GOOD "[point power]\nread = A?\nreply = A={value}\nwrite = A={value}\ncodes = on:1\n",
         "line 9: power: can be set to \"off\", for which there is neither a code nor a \"write off\""},
        {GOOD "[point power]\nread = A?\nreply = A={value}\nwrite = A={value}\ncodes = on=1, off:0\n",
         "line 13: codes: \"on=1\": expected VALUE:CODE, as in \"on:01\""},
        {GOOD "[point volume]\nread = V?\nreply = V={value}\nwrite = V\n",
         "line 12: write: where in it does the value go? Write {value} there, or \"write VALUE = ...\" for each"},
        {GOOD "[point volume]\nwrite = V{value}\n",
         "line 9: volume: how is it read? Write \"read\" and \"reply\", or \"access = write\""},
        {GOOD "[point volume]\nread = V?\nwrite = V{value}\n", "line 9: volume: \"read\" needs a \"reply\""},
        {GOOD "[point volume]\nread = V{value}?\nreply = V{value}\nwrite = V{value}\n",
         "line 10: read: a question has no {value}"},
        {GOOD "[point volume]\nread = V{?\nreply = V{value}\nwrite = V{value}\n",
         "line 10: read: a \"{\" without a \"}\" behind it; the character itself is written \\x7B"},
        {GOOD "[point volume]\nread = V\\q?\nreply = V{value}\nwrite = V{value}\n",
         "line 10: read: unknown escape in \"V\\q?\""},
        {GOOD "[point volume]\nread = {cmd}?\nreply = V{value}\nwrite = V{value}\n",
         "line 10: read: {cmd} has no meaning for volume: give it a \"cmd = ...\", or a message of its own"},
        {GOOD "[point volume]\nread = V?\nreply = V{value}\nwrite = V{value}\nraw = 255..0\n",
         "line 13: raw: expected LOWEST..HIGHEST, as in \"0..255\""},
        {GOOD "[point freeze]\naccess = write\ntoggle = T\n",
         "line 11: toggle: a command that only changes over needs a \"read\", to know whether to"},
        {"send = {body}\\r\nends = \\r\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 10: write: what does the device answer? Write \"ok = REPLY\", a section [reply ok], or \"ok = none\" if it does not answer"},
        {"send = {body}\\r\nok = OK\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 8: ok: how does a reply end? [driver] needs \"ends\", \"length\" or \"prompt\""},
        {GOOD "format = hex\n[point volume]\naccess = write\nwrite = V{value}\n",
         "\"V{value}\": expected bytes of two hexadecimal digits"},
        {GOOD "length = byte three + 5\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 9: length: expected the bytes of a reply (\"13\"), or the form and place"},
        {GOOD "check = sum9\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 9: check: unknown checksum; expected sum8, xor8, or8, neg8 or crc16"},
        {GOOD "strip = cr\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 7: ends: \"strip\" takes out a byte of this end, so that it would never be seen"},
        {GOOD "done = prompt\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 9: done: there is no \"prompt\""},
        {GOOD "digest = md4 {password}\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 9: digest: expected md5 or sha256 and what is digested"},
        {GOOD "[reply oops]\nmatch = E\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 9: oops: needs \"means = ...\", since \"oops\" is not one of ok, refused,"},
        {GOOD
         "[reply refused]\nmatch = E\nwhile = power = hot\n[point power]\nread = A?\nreply = A{value}\nwrite = A{value}\ncodes = on:1, off:0\n",
         "line 11: while: power is never \"hot\""},
        {GOOD
         "[reply news]\nmeans = notice\nmatch = E\npoint = pover\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 12: point: the device has no point \"pover\""},
        {GOOD
         "[reply news]\nmeans = notice\nmatch = E\npoint = volume\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 11: match: tells of volume, but has no {value}; or give it a \"value = ...\""},
        {GOOD "[login a]\nwhen = b\nsend = X\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 10: when: \"b\" is neither caught by an earlier step, nor the name of one, nor user or password"},
        {GOOD "[login a]\ntimeout = 1s\n[point volume]\naccess = write\nwrite = V{value}\n",
         "line 9: a: a login step needs \"send\" or \"expect\""},
        {GOOD "[point volume]\naccess = write\nwrite = V{value}\naffects = loudness\n",
         "line 12: affects: the device has no point \"loudness\""},
        {GOOD "[action volume.up]\nsend = V{step}\n", "line 10: send: {step} is not known;"},
        {GOOD "[point volume]\naccess = write\nwrite = V{value} {sum8 skip}\n",
         "line 11: write: {sum8 skip}: \"skip\" takes a number of bytes, 0 to 64"},
        {GOOD "[point volume]\nread = V\nreply = V{value}{check}\nwrite = V{value}\n",
         "line 11: reply: {check} needs \"check = ...\" in [driver]"},
        {"send = {body}{body}\nends = \\r\nok = OK{body}\n[point volume]\naccess = write\nwrite = V{value}\n",
         "ok: {body} belongs into \"send\" of [driver] only, once"},
        {GOOD "with a = {b}\nwith b = {a}\n[point volume]\naccess = write\nwrite = {a}{value}\n",
         "names within names go deeper than 4"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[2048], mistakes[4096];
        (void)snprintf(text, sizeof text, "%s%s", HEAD, cases[i].text);
        lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile_text = text}, mistakes,
                           sizeof mistakes);
        if (!strstr(mistakes, cases[i].mistake))
            fail_msg("case %zu:\n%s\ntold:\n%s\ninstead of:\n%s", i, text, mistakes, cases[i].mistake);
    }
}

static void all_mistakes_of_a_profile_are_told_at_once(void **state)
{
    (void)state;
    char mistakes[4096];
    lec_bench_mistakes(&lec_driver_entry,
                       &(struct lec_bench_setup){.profile_text = HEAD GOOD
                                                 "check = sum9\n[reply oops]\nmatch = E\n"
                                                 "[point volume]\nread = V{?\nreply = V{valeu}\nwrite = V\n"},
                       mistakes, sizeof mistakes);
    static const char *const told[] = {"line 9:", "line 10:", "line 13:", "line 14:", "line 15:"};
    for (size_t i = 0; i < ARRAY_LEN(told); i++)
        if (!strstr(mistakes, told[i]))
            fail_msg("%s is not among:\n%s", told[i], mistakes);
}

static void a_coarse_device_needs_a_tolerance(void **state)
{
    (void)state;
    char mistakes[4096];
    const struct lec_bench_setup setup = {
        .profile_text = HEAD GOOD "[point volume]\nread = V?\nreply = V{value}\nwrite = V{value}\nraw = 0..20\n"};
    lec_bench_mistakes(&lec_driver_entry, &setup, mistakes, sizeof mistakes);
    assert_non_null(strstr(mistakes, "so that volume needs \"tolerance = 3\" to be confirmed"));
}

static const struct lec_schema *our_schema(void *ctx, const char *driver, struct lec_err *err)
{
    (void)ctx;
    (void)driver;
    (void)err;
    return &lec_driver_entry.schema;
}

static void two_devices_on_one_line_must_be_told_apart(void **state)
{
    (void)state;
    static const char room[] = "[room]\nid = two\nsite = test\n"
                               "[device a]\nprofile = epson/eb-x49\nline = serial:///dev/ttyUSB0?baud=9600\n"
                               "[device b]\nprofile = epson/eb-x49\nline = serial:///dev/ttyUSB0?baud=9600\n"
                               "[device c]\nprofile = samsung/qm\nline = tcp://10.0.0.1:1515\n"
                               "[device d]\nprofile = samsung/qm\nline = tcp://10.0.0.1:1515\n"
                               "[device e]\nprofile = samsung/qm\nline = tcp://10.0.0.1:1515?id=3\n"
                               "[device f]\nprofile = sony/srg-x\nline = serial:///dev/ttyUSB1?baud=9600\n"
                               "[device g]\nprofile = sony/srg-x\nline = serial:///dev/ttyUSB1?baud=9600\n"
                               "with camera = 82\nwith from = A0\n";
    char name[] = "/tmp/lectern-dialogue-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, room, sizeof room - 1), sizeof room - 1);
    close(fd);
    struct lec_sources sources = {.profiles = LECTERN_SOURCE_DIR "/profiles", .schema = our_schema};
    struct lec_report report;
    const struct lec_room *loaded = NULL;
    lec_report_init(&report);
    assert_int_equal(lec_room_load(name, &sources, &loaded, &report), LEC_E_CONFIG);
    unlink(name);
    assert_int_equal(report.errors, 2);
    assert_string_equal(report.at[0].text, "a and b are on one line, but their messages do not say whom they are for");
    assert_int_equal(report.at[0].line, 7);
    assert_string_equal(report.at[1].text, "c and d are on one line and have the same \"id\"");
    assert_int_equal(report.at[1].line, 13);
    lec_report_done(&report);
}

static char *read_whole(const char *name)
{
    static char text[131072];
    FILE *f = fopen(name, "re");
    if (!f)
        fail_msg("cannot read %s", name);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

/* The n-th ini block of a page, from 0, behind what is in `out` already. */
static void add_block(const char *page, int n, char *out, size_t size)
{
    const char *p = page;
    for (int i = 0; i <= n; i++) {
        p = strstr(p, "\n```ini\n");
        assert_non_null(p);
        p += strlen("\n```ini\n");
    }
    const char *end = strstr(p, "\n```");
    size_t used = strlen(out);
    assert_non_null(end);
    assert_true(used + (size_t)(end - p) + 2 < size);
    memcpy(out + used, p, (size_t)(end - p));
    memcpy(out + used + (end - p), "\n", 2);
}

static void the_profiles_of_the_tutorial_are_right(void **state)
{
    (void)state;
    char first[8192] = "", bytes[8192] = "[device]\nclass = display\ndriver = dialogue\nsource = test\n",
         mistakes[4096];
    const char *page = read_whole(LECTERN_SOURCE_DIR "/docs/writing-a-dialogue-profile.md");
    add_block(page, 0, first, sizeof first); /* the first point */
    add_block(page, 3, first, sizeof first); /* the rest of the table */
    lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile_text = first}, mistakes, sizeof mistakes);
    assert_string_equal(mistakes, "");
    add_block(page, 6, bytes, sizeof bytes); /* Samsung */
    lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile_text = bytes}, mistakes, sizeof mistakes);
    assert_string_equal(mistakes, "");
}

static void the_reference_lists_every_key_with_its_help(void **state)
{
    (void)state;
    const char *page = read_whole(LECTERN_SOURCE_DIR "/drivers/dialogue/README.md");
    const struct lec_option *tables[] = {dlg_device_options, dlg_point_options, dlg_action_options,
                                         dlg_section_kinds[0].options, dlg_section_kinds[1].options};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        for (const struct lec_option *o = tables[i]; o->name; o++) {
            char row[400];
            (void)snprintf(row, sizeof row, " | %s |\n", o->help);
            if (!strstr(page, row))
                fail_msg("README.md has no row for \"%s\" with its help: %s", o->name, o->help);
            (void)snprintf(row, sizeof row, "\n| `%s` | ", o->name);
            if (!strstr(page, row))
                fail_msg("README.md has no row for \"%s\"", o->name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_mistake_is_told_at_its_line, teardown),
        cmocka_unit_test_teardown(all_mistakes_of_a_profile_are_told_at_once, teardown),
        cmocka_unit_test_teardown(a_coarse_device_needs_a_tolerance, teardown),
        cmocka_unit_test_teardown(two_devices_on_one_line_must_be_told_apart, teardown),
        cmocka_unit_test_teardown(the_profiles_of_the_tutorial_are_right, teardown),
        cmocka_unit_test_teardown(the_reference_lists_every_key_with_its_help, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
