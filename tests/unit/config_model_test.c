/* What stands in the files arrives in the model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_stage.h"
#include "lectern/buf.h"
#include "lectern/clock.h"

#define HEAD   "[room]\nid = phong-1\nsite = truong-1\n"
#define TALKER "[device projector]\nprofile = test/talker\nline = tcp://10.0.0.1\n"
#define SLAVE  "[device meter]\nprofile = test/slave\nline = serial:///dev/ttyUSB0?baud=19200&parity=even&slave=3\n"

static const struct lec_room *good_room(void)
{
    struct lec_sources sources = stage_sources();
    const struct lec_room *room = NULL;
    assert_int_equal(lec_room_load("room/good.ini", &sources, &room, NULL), 0);
    return room;
}

static const struct lec_step *step_of(const struct lec_room *room, const char *scene, size_t i)
{
    const struct lec_scene *s = lec_room_scene(room, scene);
    assert_non_null(s);
    assert_true(i < s->n_steps);
    return &s->steps[i];
}

static void a_room_has_its_names_and_the_default_of_400_days(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    assert_string_equal(room->id, "phong-1");
    assert_string_equal(room->site, "truong-1");
    assert_string_equal(room->site_label, "Trường 1");
    assert_string_equal(room->site_label_en, "");
    assert_string_equal(room->label, "Phòng 1");
    assert_string_equal(room->label_en, "Room 1");
    assert_true(room->journal_keep_ns == 400 * 24 * 3600 * LEC_SEC);
    assert_int_equal(room->n_devices, 4);
    lec_room_unref(&room);
    assert_null(room);
}

static void timing_comes_from_the_room_then_the_profile_then_the_default(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_device *talker = lec_room_device(room, "projector"), *meter = lec_room_device(room, "meter");
    assert_true(talker->timeout_ns == LEC_SEC);   /* the room's */
    assert_true(talker->gap_ns == 100 * LEC_MS);  /* the profile's */
    assert_true(talker->idle_ns == 25 * LEC_SEC); /* the profile's */
    assert_int_equal(talker->retries, 2);         /* the default */
    assert_true(meter->timeout_ns == 2 * LEC_SEC);
    assert_true(meter->gap_ns == 0 && meter->idle_ns == 0);
    assert_true(meter->away_period_ns == 60 * LEC_SEC);
    lec_room_unref(&room);
}

static void a_point_takes_from_its_class_what_its_profile_does_not_say(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_device *dev = lec_room_device(room, "projector");
    const struct lec_point *power = lec_device_point(dev, "power");
    assert_int_equal(power->type, LEC_ENUM);
    assert_int_equal(power->access, LEC_BOTH);
    assert_string_equal(power->label, "Nguồn");
    assert_int_equal(power->n_choices, 4);
    assert_int_equal(power->n_settable, 2);
    assert_string_equal(power->settable[1], "on");
    assert_true(power->usual_ns == 20 * LEC_SEC && power->limit_ns == 90 * LEC_SEC);
    assert_true(power->confirm_every_ns == LEC_SEC && power->settle_ns == 50 * LEC_MS);
    assert_true(power->confirm && power->undo);
    assert_ptr_equal(power->device, dev);
    const struct lec_point *volume = lec_device_point(dev, "volume");
    assert_true(volume->has_range && volume->min == 0 && volume->max == 20 && volume->step == 5);
    assert_string_equal(volume->unit, "%");
    assert_true(lec_device_point(dev, "name")->period_ns == 0);
    assert_true(lec_device_point(lec_room_device(room, "meter"), "voltage")->period_ns == LEC_NEVER);
    lec_room_unref(&room);
}

static void a_condition_points_into_its_own_device(void **state)
{
    (void)state;
    struct lec_sources sources = stage_sources();
    const struct lec_room *room =
        stage_room(HEAD TALKER "[device second]\nprofile = test/talker\nline = tcp://10.0.0.2\n", &sources);
    for (size_t i = 0; i < room->n_devices; i++) {
        const struct lec_point *input = lec_device_point(&room->devices[i], "input");
        assert_ptr_equal(input->when.point, lec_device_point(&room->devices[i], "power"));
        assert_int_equal(input->when.n_values, 1);
        assert_string_equal(input->when.values[0], "on");
        assert_int_equal(input->n_choices, 3); /* the list went on in the next line */
        assert_string_equal(input->choices[2], "vga");
    }
    lec_room_unref(&room);
}

static void a_driver_finds_its_keys_with_defaults_marked_by_line_0(void **state)
{
    (void)state;
    struct lec_sources sources = stage_sources();
    const struct lec_room *room = stage_room(HEAD "[device projector]\nprofile = test/talker\n"
                                                  "line = tcp://10.0.0.1?id=7\ngreeting = hi\n",
                                             &sources);
    const struct lec_device *dev = &room->devices[0];
    assert_int_equal(lec_key_int(&dev->keys, "id", 0), 7);               /* from the address */
    assert_string_equal(lec_key_text(&dev->keys, "greeting", ""), "hi"); /* the room's before the profile's */
    assert_int_equal(lec_key_int(&dev->keys, "notify_port", 0), 4352);   /* a default */
    assert_int_equal(lec_key_find(&dev->keys, "notify_port")->line, 0);
    assert_null(lec_key_find(&dev->keys, "timeout")); /* the framework's own */
    const struct lec_point *input = lec_device_point(dev, "input");
    assert_string_equal(lec_key_text(&input->keys, "ask", ""), "INP?\\r");
    assert_string_equal(lec_key_text(&input->keys, "map hdmi1", ""), "31");
    assert_string_equal(lec_key_text(&input->keys, "style", ""), "plain");
    assert_null(lec_key_find(&input->keys, "choices"));
    assert_int_equal(dev->n_sections, 1);
    assert_string_equal(dev->sections[0].kind, "reply");
    assert_string_equal(dev->sections[0].name, "busy");
    assert_string_equal(lec_key_text(&dev->sections[0].keys, "pattern", ""), "ERR3");
    lec_room_unref(&room);
}

static void devices_with_the_same_address_share_a_line(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    assert_int_equal(room->n_lines, 2);
    const struct lec_line *tcp = &room->lines[0], *serial = &room->lines[1];
    assert_string_equal(tcp->name, "tcp://10.0.0.1:4352"); /* the port is the profile's */
    assert_int_equal(tcp->kind, LEC_LINE_TCP);
    assert_int_equal(tcp->port, 4352);
    assert_string_equal(tcp->host, "10.0.0.1");
    assert_int_equal(tcp->baud, 0);
    assert_string_equal(serial->name, "serial:///dev/ttyUSB0");
    assert_int_equal(serial->baud, 19200);
    assert_int_equal(serial->parity, 'E');
    assert_int_equal(serial->bits, 8);
    assert_int_equal(serial->stop, 1);
    assert_int_equal(serial->n_devices, 2);
    assert_string_equal(serial->devices[1]->name, "meter-2");
    assert_ptr_equal(serial->devices[1]->line, serial);
    assert_int_equal(lec_key_int(&serial->devices[1]->keys, "slave", 0), 4);
    assert_null(lec_room_device(room, "probe")->line);
    lec_room_unref(&room);
}

static void every_form_of_address_has_its_canonical_name(void **state)
{
    static const struct {
        const char *line, *name;
        enum lec_line_kind kind;
        const char *path;
    } cases[] = {
        {"tcp://host.example:80", "tcp://host.example:80", LEC_LINE_TCP, ""},
        {"tcp://[fe80::1]:80", "tcp://[fe80::1]:80", LEC_LINE_TCP, ""},
        {"udp://10.0.0.1:53", "udp://10.0.0.1:53", LEC_LINE_UDP, ""},
        {"http://10.0.0.1", "http://10.0.0.1:80/", LEC_LINE_HTTP, "/"},
        {"http://10.0.0.1:8080/api/v1", "http://10.0.0.1:8080/api/v1", LEC_LINE_HTTP, "/api/v1"},
        {"usb://08F7:0002", "usb://08f7:0002", LEC_LINE_USB, "08f7:0002"},
        {"usb://08f7:0002/A1", "usb://08f7:0002/A1", LEC_LINE_USB, "08f7:0002/A1"},
        {"pty:///tmp/x", "pty:///tmp/x", LEC_LINE_PTY, "/tmp/x"},
        {"serial:///dev/ttyS0?baud=1200", "serial:///dev/ttyS0", LEC_LINE_SERIAL, "/dev/ttyS0"},
        {"modbus+tcp://10.0.0.1?slave=1", "tcp://10.0.0.1:502", LEC_LINE_TCP, ""},
        {"modbus+rtu:///dev/ttyS0", "serial:///dev/ttyS0", LEC_LINE_SERIAL, "/dev/ttyS0"},
        {"modbus+rtu:///dev/pts/3", "pty:///dev/pts/3", LEC_LINE_PTY, "/dev/pts/3"},
        {"modbus+rtu+pty:///tmp/x", "pty:///tmp/x", LEC_LINE_PTY, "/tmp/x"},
    };
    (void)state;
    struct lec_sources sources = stage_sources();
    sources.schema = NULL; /* what the simulator does: no driver is asked */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[256];
        snprintf(text, sizeof text, HEAD "[device meter]\nprofile = test/slave\nline = %s\n", cases[i].line);
        const struct lec_room *room = stage_room(text, &sources);
        assert_string_equal(room->lines[0].name, cases[i].name);
        assert_int_equal(room->lines[0].kind, cases[i].kind);
        assert_string_equal(room->lines[0].path, cases[i].path);
        lec_room_unref(&room);
    }
}

static void without_schemas_every_key_is_kept_for_whoever_reads_it(void **state)
{
    (void)state;
    struct lec_sources sources = stage_sources();
    sources.schema = NULL;
    const struct lec_room *room = stage_room(
        HEAD "[device meter]\nprofile = test/slave\nline = tcp://10.0.0.1:1?slave=9\nanything = goes\n", &sources);
    assert_string_equal(lec_key_text(&room->devices[0].keys, "anything", ""), "goes");
    assert_string_equal(lec_key_text(&room->devices[0].keys, "slave", ""), "9");
    assert_string_equal(lec_key_text(&room->devices[0].points[0].keys, "register", ""), "1");
    lec_room_unref(&room);
}

static void a_line_map_moves_lines_and_adds_options(void **state)
{
    static const char map[] = "[line 1]\nline = tcp://10.0.0.1:4352\nat = tcp://127.0.0.1:40001\nnotify_port = 40999\n"
                              "[line 2]\nline = serial:///dev/ttyUSB0\nat = pty:///tmp/pts\n";
    (void)state;
    struct lec_sources sources = stage_sources();
    char path[32];
    int fd = stage_file(map, sizeof map - 1, path, sizeof path);
    sources.line_map = path;
    const struct lec_room *room = stage_room(HEAD TALKER SLAVE, &sources);
    const struct lec_line *tcp = &room->lines[0], *pty = &room->lines[1];
    assert_true(tcp->simulated && pty->simulated);
    assert_string_equal(tcp->name, "tcp://10.0.0.1:4352");
    assert_string_equal(tcp->host, "127.0.0.1");
    assert_int_equal(tcp->port, 40001);
    assert_int_equal(lec_key_int(&tcp->devices[0]->keys, "notify_port", 0), 40999);
    assert_string_equal(pty->name, "serial:///dev/ttyUSB0");
    assert_int_equal(pty->kind, LEC_LINE_PTY);
    assert_string_equal(pty->path, "/tmp/pts");
    assert_int_equal(pty->baud, 19200);
    lec_room_unref(&room);
    close(fd);
}

static void steps_carry_values_arguments_order_and_options(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_step *on = step_of(room, "lesson", 0), *source = step_of(room, "lesson", 1),
                          *name = step_of(room, "lesson", 2), *preset = step_of(room, "lesson", 3),
                          *level = step_of(room, "lesson", 4);
    assert_ptr_equal(on->point, lec_device_point(lec_room_device(room, "projector"), "power"));
    assert_string_equal(on->value.s, "on");
    assert_true(on->timeout_ns == 90 * LEC_SEC && on->retry == 1 && !on->optional);
    assert_int_equal(source->n_after, 1);
    assert_int_equal(source->after[0], 0);
    assert_string_equal(name->value.s, "Phòng 1, tầng 2; \"A\"");
    assert_true(name->n_after == 2 && name->delay_ns == 2 * LEC_SEC && name->optional);
    assert_null(preset->point);
    assert_string_equal(preset->action->name, "preset.recall");
    assert_true(preset->args[0].i == 3 && preset->args[1].f == 0.5);
    assert_string_equal(preset->args[2].s, "fast");
    assert_true(level->value.type == LEC_FLOAT && level->value.f == -2.5);
    assert_true(lec_room_scene(room, "lesson")->deadline_ns == 300 * LEC_SEC);
    lec_room_unref(&room);
}

/* Prints every scene of a room, for stage_room. */
static char *print_scenes(const struct lec_room *room, const char *head)
{
    struct lec_buf buf;
    lec_buf_init(&buf, 65536);
    lec_buf_puts(&buf, head);
    for (size_t i = 0; i < room->n_scenes; i++)
        assert_int_equal(lec_scene_print(&room->scenes[i], &buf), 0);
    char *text = strdup(buf.data);
    lec_buf_done(&buf);
    return text;
}

static void a_printed_scene_reads_back_the_same(void **state)
{
    static const char *const head = HEAD TALKER SLAVE;
    static const char scene[] = "[scene odd]\nlabel = Nhãn\nlabel.en = Label\ndeadline = 90s\n"
                                "step a = projector.name \"\\\\ , \\x3b # = \\\" x\", delay 1500ms, retry 3\n"
                                "step b = projector.name \"\", after a\n"
                                "step c = projector.preset.recall 1 0.1 slow, after a b, timeout 2min, optional\n"
                                "step d = meter.level 0.30000000000000004\n"
                                "step e = projector.picture_mute yes\n";
    (void)state;
    struct lec_sources sources = stage_sources();
    char *text;
    assert_true(asprintf(&text, "%s%s", head, scene) > 0);
    const struct lec_room *first = stage_room(text, &sources);
    char *printed = print_scenes(first, head);
    const struct lec_room *second = stage_room(printed, &sources);
    char *again = print_scenes(second, head);
    assert_string_equal(printed, again);
    assert_string_equal(step_of(second, "odd", 0)->value.s, "\\ , ; # = \" x");
    assert_true(step_of(second, "odd", 3)->value.f == 0.30000000000000004);
    for (size_t i = 0; i < 5; i++) {
        const struct lec_step *a = step_of(first, "odd", i), *b = step_of(second, "odd", i);
        assert_true(a->point ? lec_value_equal(&a->value, &b->value) : lec_value_equal(&a->args[1], &b->args[1]));
        assert_true(a->delay_ns == b->delay_ns && a->timeout_ns == b->timeout_ns && a->retry == b->retry);
        assert_true(a->optional == b->optional && a->n_after == b->n_after);
    }
    free(text);
    free(printed);
    free(again);
    lec_room_unref(&first);
    lec_room_unref(&second);
}

static void captured_scenes_follow_those_of_the_room(void **state)
{
    static const char captured[] =
        "[scene mine]\nstep a = projector.power off\n[scene wrong]\nstep a = nothing.power off\n";
    (void)state;
    struct lec_sources sources = stage_sources();
    char path[32];
    int fd = stage_file(captured, sizeof captured - 1, path, sizeof path);
    sources.captured = path;
    const struct lec_room *room = stage_room(HEAD TALKER "[scene lesson]\nstep a = projector.power on\n", &sources);
    assert_int_equal(room->n_scenes, 2);
    assert_string_equal(room->scenes[1].name, "mine");
    assert_int_equal(room->scenes[1].index, 1);
    assert_string_equal(room->scenes[1].file, path);
    lec_room_unref(&room);
    close(fd);
    sources.captured = "/nonexistent/scenes.ini";
    room = stage_room(HEAD TALKER, &sources);
    lec_room_unref(&room);
}

/* ---- Secrets ------------------------------------------------------------------------------------------------ */

/* Loads a room with a secrets file of that text and mode; gives what was told. */
static char *load_secrets(const char *text, mode_t mode, const struct lec_room **room)
{
    char path[] = "/tmp/lectern-secrets-XXXXXX", room_path[32];
    struct lec_sources sources = stage_sources();
    struct lec_report report;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    sources.secrets = path;
    fd = stage_file(HEAD TALKER SLAVE, strlen(HEAD TALKER SLAVE), room_path, sizeof room_path);
    lec_report_init(&report);
    *room = NULL;
    int rc = lec_room_load(room_path, &sources, room, &report);
    assert_int_equal(rc, report.errors > 0 ? LEC_E_CONFIG : 0);
    char *told = stage_print(&report);
    lec_report_done(&report);
    close(fd);
    unlink(path);
    return told;
}

static void a_secret_reaches_the_driver_from_a_private_file(void **state)
{
    (void)state;
    const struct lec_room *room;
    char *told = load_secrets("[projector]\npassword = hunter2\n", 0600, &room);
    assert_string_equal(told, "");
    assert_string_equal(lec_key_text(&room->devices[0].keys, "password", ""), "hunter2");
    lec_room_unref(&room);
    free(told);
}

static void a_file_of_secrets_that_others_can_read_is_refused(void **state)
{
    (void)state;
    const struct lec_room *room;
    char *told = load_secrets("[projector]\npassword = hunter2\n", 0640, &room);
    assert_null(room);
    assert_non_null(strstr(told, "others can read this file of secrets (mode 640), expected mode 600"));
    assert_null(strstr(told, "hunter2"));
    free(told);
}

static void the_folder_of_credentials_is_trusted_whatever_the_modes_in_it(void **state)
{
    (void)state;
    const struct lec_room *room;
    setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
    char *told = load_secrets("[projector]\npassword = hunter2\n", 0440, &room);
    assert_string_equal(told, "");
    assert_string_equal(lec_key_text(&room->devices[0].keys, "password", ""), "hunter2");
    lec_room_unref(&room);
    free(told);
    setenv("CREDENTIALS_DIRECTORY", "/tmpx", 1);
    told = load_secrets("[projector]\npassword = hunter2\n", 0440, &room);
    assert_null(room);
    free(told);
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void no_message_about_secrets_has_one_in_it(void **state)
{
    static const char text[] = "hunter2\n[projector]\npasswort = hunter2\nid = hunter2\npassword = hunter2\n"
                               "password = hunter2\nhunter2\n[projectr]\npassword = hunter2\n"
                               "[meter]\nslave = hunter2\npassword = \"hunter2\n";
    (void)state;
    const struct lec_room *room;
    char *told = load_secrets(text, 0600, &room);
    assert_null(room);
    assert_null(strstr(told, "hunter2"));
    assert_non_null(strstr(told, ":3: \"passwort\" is no secret of driver talk, expected: password (did you mean "));
    assert_non_null(strstr(told, ":4: id is not a secret, expected it in the room file"));
    assert_non_null(strstr(told, ":8: warning: the room has no device \"projectr\" (did you mean \"projector\"?)"));
    free(told);
}

static void a_secret_cut_by_a_comment_is_pointed_out(void **state)
{
    (void)state;
    const struct lec_room *room;
    char *told = load_secrets("[projector]\npassword = hunter2 ;3\n", 0600, &room);
    assert_non_null(strstr(told, ":2: warning: what follows \" ;\" is a comment"));
    assert_null(strstr(told, "hunter2"));
    lec_room_unref(&room);
    free(told);
}

/* ---- Reload ------------------------------------------------------------------------------------------------- */

static void labels_order_and_lines_do_not_make_a_device_another_one(void **state)
{
    (void)state;
    struct lec_sources sources = stage_sources();
    const struct lec_room *a = stage_room(HEAD TALKER SLAVE, &sources);
    const struct lec_room *b =
        stage_room(HEAD "; moved\n" SLAVE "label = Công tơ\n" TALKER "label.en = Projector\n", &sources);
    for (size_t i = 0; i < a->n_devices; i++) {
        const struct lec_device *other = lec_room_device(b, a->devices[i].name);
        assert_true(lec_device_same(&a->devices[i], other));
        assert_true(lec_line_same(a->devices[i].line, other->line));
    }
    lec_room_unref(&a);
    lec_room_unref(&b);
}

static void whatever_the_daemon_or_the_driver_reads_makes_it_another_one(void **state)
{
    static const char *const changed[] = {
        HEAD "[device projector]\nprofile = test/talker\nline = tcp://10.0.0.1\ntimeout = 3s\n",
        HEAD "[device projector]\nprofile = test/talker\nline = tcp://10.0.0.1\ngreeting = x\n",
        HEAD "[device projector]\nprofile = test/talker\nline = tcp://10.0.0.1?id=4\n",
        HEAD "[device projector]\nprofile = test/talker\nline = tcp://10.0.0.2\n",
        HEAD "[device projector]\nprofile = test/talker\nline = serial:///dev/ttyS0\n",
        HEAD "[device projector]\nprofile = test/other\nline = tcp://10.0.0.1:4352\n",
    };
    (void)state;
    struct lec_sources sources = stage_sources();
    const struct lec_room *a = stage_room(HEAD TALKER, &sources);
    for (size_t i = 0; i < ARRAY_LEN(changed); i++) {
        const struct lec_room *b = stage_room(changed[i], &sources);
        assert_false(lec_device_same(&a->devices[0], &b->devices[0]));
        assert_false(lec_line_same(&a->lines[0], &b->lines[0]));
        lec_room_unref(&b);
    }
    lec_room_unref(&a);
}

static void a_line_with_one_device_more_is_another_one(void **state)
{
    (void)state;
    struct lec_sources sources = stage_sources();
    const struct lec_room *a = stage_room(HEAD SLAVE, &sources);
    const struct lec_room *b = stage_room(
        HEAD SLAVE "[device second]\nprofile = test/slave\nline = serial:///dev/ttyUSB0?slave=4\n", &sources);
    assert_true(lec_device_same(&a->devices[0], &b->devices[0]));
    assert_false(lec_line_same(&a->lines[0], &b->lines[0]));
    lec_room_unref(&a);
    lec_room_unref(&b);
}

static void the_last_reference_frees_the_room(void **state)
{
    (void)state;
    const struct lec_room *room = good_room(), *second = lec_room_ref(room);
    lec_room_unref(&room);
    assert_string_equal(second->id, "phong-1");
    lec_room_unref(&second);
    lec_room_unref(&second); /* NULL is accepted */
}

static void the_kind_of_a_file_is_known_by_its_first_section(void **state)
{
    (void)state;
    (void)stage_sources();
    assert_int_equal(lec_file_kind("room/good.ini"), 'r');
    assert_int_equal(lec_file_kind("room/lines.ini"), 'r');
    assert_int_equal(lec_file_kind("profiles/devices/test/talker.ini"), 'p');
    assert_int_equal(lec_file_kind("profiles/classes/meter.ini"), 'c');
    assert_int_equal(lec_file_kind("room/empty.ini"), 0);
    assert_int_equal(lec_file_kind("room"), 0);
    assert_int_equal(lec_file_kind("nowhere.ini"), 0);
}

static const struct lec_alarm *alarm_of(const struct lec_room *room, const char *name)
{
    for (size_t i = 0; i < room->n_alarms; i++)
        if (strcmp(room->alarms[i].name, name) == 0)
            return &room->alarms[i];
    fail_msg("no alarm %s", name);
    return NULL;
}

static void alarms_arrive_with_what_they_watch_and_the_room_s_own_with_their_defaults(void **state)
{
    (void)state;
    struct lec_sources sources = stage_sources();
    const struct lec_room *room = NULL;
    assert_int_equal(lec_room_load("room/alarms-good.ini", &sources, &room, NULL), 0);
    const struct lec_alarm *a = alarm_of(room, "hot");
    assert_string_equal(a->point->name, "temperature");
    assert_true(a->has_above && a->above == 40 && a->has_below && a->below == 5.5 && a->hysteresis == 2);
    assert_true(a->delay_ns == 300 * LEC_SEC && a->severity == LEC_ERROR && !a->off && !a->has_value);
    assert_string_equal(a->label, "Nóng quá");
    assert_string_equal(a->remedy_en, "Open a window.");
    a = alarm_of(room, "running");
    assert_true(a->has_value && a->severity == LEC_WARNING && a->delay_ns == 0);
    assert_string_equal(a->value.s, "running");
    a = alarm_of(room, "lost");
    assert_true(!a->point && strcmp(a->device->name, "probe") == 0 && a->delay_ns == LEC_ALARM_AWAY_NS);
    a = alarm_of(room, "projector.away");
    assert_true(a->device && !a->point && a->severity == LEC_CRITICAL && a->delay_ns == LEC_ALARM_AWAY_NS);
    a = alarm_of(room, "projector.error.lamp");
    assert_true(a->point && a->severity == LEC_ERROR && a->delay_ns == 0);
    a = alarm_of(room, "room.journal");
    assert_true(!a->device && a->severity == LEC_ERROR);
    lec_room_unref(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_has_its_names_and_the_default_of_400_days),
        cmocka_unit_test(timing_comes_from_the_room_then_the_profile_then_the_default),
        cmocka_unit_test(a_point_takes_from_its_class_what_its_profile_does_not_say),
        cmocka_unit_test(a_condition_points_into_its_own_device),
        cmocka_unit_test(a_driver_finds_its_keys_with_defaults_marked_by_line_0),
        cmocka_unit_test(devices_with_the_same_address_share_a_line),
        cmocka_unit_test(every_form_of_address_has_its_canonical_name),
        cmocka_unit_test(without_schemas_every_key_is_kept_for_whoever_reads_it),
        cmocka_unit_test(a_line_map_moves_lines_and_adds_options),
        cmocka_unit_test(steps_carry_values_arguments_order_and_options),
        cmocka_unit_test(a_printed_scene_reads_back_the_same),
        cmocka_unit_test(captured_scenes_follow_those_of_the_room),
        cmocka_unit_test(a_secret_reaches_the_driver_from_a_private_file),
        cmocka_unit_test(a_file_of_secrets_that_others_can_read_is_refused),
        cmocka_unit_test(the_folder_of_credentials_is_trusted_whatever_the_modes_in_it),
        cmocka_unit_test(no_message_about_secrets_has_one_in_it),
        cmocka_unit_test(a_secret_cut_by_a_comment_is_pointed_out),
        cmocka_unit_test(labels_order_and_lines_do_not_make_a_device_another_one),
        cmocka_unit_test(whatever_the_daemon_or_the_driver_reads_makes_it_another_one),
        cmocka_unit_test(a_line_with_one_device_more_is_another_one),
        cmocka_unit_test(the_last_reference_frees_the_room),
        cmocka_unit_test(the_kind_of_a_file_is_known_by_its_first_section),
        cmocka_unit_test(alarms_arrive_with_what_they_watch_and_the_room_s_own_with_their_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
