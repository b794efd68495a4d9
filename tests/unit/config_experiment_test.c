/* Experiments and calibrations: what stands in the files arrives in the model, and what comes over the bus is checked
 * before it gets into a file. That each mistake is told is shown by tests/data/config/room/experiments.ini. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_stage.h"
#include "lectern/buf.h"
#include "lectern/clock.h"
#include "lectern/parse.h"

#define HEAD  "[room]\nid = lab\nsite = school\n"
#define PROBE "[device probe-1]\nprofile = test/probe\n"
#define WATER "[experiment cooling]\nchannel water = probe-1.temperature\n"

static const struct lec_room *good_room(void)
{
    struct lec_sources sources = stage_sources();
    const struct lec_room *room = NULL;
    assert_int_equal(lec_room_load("room/experiments-good.ini", &sources, &room, NULL), 0);
    return room;
}

static const struct lec_room *room_of(const char *text)
{
    struct lec_sources sources = stage_sources();
    return stage_room(text, &sources);
}

static const struct lec_experiment *experiment(const struct lec_room *room, const char *name)
{
    const struct lec_experiment *x = lec_room_experiment(room, name);
    assert_non_null(x);
    assert_ptr_equal(x, &room->experiments[x->index]);
    return x;
}

static const struct lec_channel *channel(const struct lec_experiment *x, const char *name)
{
    for (size_t i = 0; i < x->n_channels; i++) {
        if (strcmp(x->channels[i].name, name) == 0) {
            assert_int_equal(x->channels[i].index, i);
            return &x->channels[i];
        }
    }
    fail_msg("no channel %s", name);
    return NULL;
}

static const struct lec_point *point(const struct lec_room *room, const char *device, const char *name)
{
    const struct lec_point *p = lec_device_point(lec_room_device(room, device), name);
    assert_non_null(p);
    return p;
}

#define KEYS(...)                                                                                                      \
    (&(const struct lec_keys){.at = (const struct lec_key[]){__VA_ARGS__},                                             \
                              .n = ARRAY_LEN(((const struct lec_key[]){__VA_ARGS__}))})

/* What lec_experiment_check tells; free() it. */
static char *told_of(const struct lec_room *room, const char *name, const struct lec_keys *keys, int expected)
{
    struct lec_report report;
    lec_report_init(&report);
    assert_int_equal(lec_experiment_check(room, name, keys, &report), expected);
    char *told = stage_print(&report);
    lec_report_done(&report);
    return told;
}

static void assert_refused(const struct lec_room *room, const char *name, const struct lec_keys *keys,
                           const char *wanted)
{
    char *told = told_of(room, name, keys, LEC_E_CONFIG);
    if (!strstr(told, wanted))
        fail_msg("expected \"%s\" among:\n%s", wanted, told);
    free(told);
}

/* ---- Channels ----------------------------------------------------------------------------------------------- */

static void a_channel_has_its_point_its_labels_and_its_rate(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_experiment *x = experiment(room, "cooling");
    assert_string_equal(x->label, "Làm nguội");
    assert_string_equal(x->label_en, "Cooling");
    assert_false(x->made);
    const struct lec_channel *water = channel(x, "water");
    assert_int_equal(water->kind, LEC_CHANNEL_POINT);
    assert_ptr_equal(water->point, point(room, "probe-1", "temperature"));
    assert_ptr_equal(water->device, lec_room_device(room, "probe-1"));
    assert_string_equal(water->label, "Nước, nóng");
    assert_string_equal(water->label_en, "Water");
    assert_int_equal(water->decimals, 2);
    assert_true(fabs(water->rate_hz - 1.0 / 30) < 1e-12);
    const struct lec_channel *volts = channel(x, "volts");
    assert_true(volts->rate_hz == 200); /* the experiment's */
    assert_int_equal(volts->decimals, -1);
    assert_string_equal(volts->unit, "");
    assert_true(fabs(channel(x, "on")->rate_hz - 2.0 / 60) < 1e-12);
    lec_room_unref(&room);
}

static void a_channel_without_any_rate_takes_what_the_device_delivers(void **state)
{
    (void)state;
    const struct lec_room *room = room_of(HEAD PROBE WATER);
    assert_true(channel(experiment(room, "cooling"), "water")->rate_hz == 0);
    lec_room_unref(&room);
}

static void a_derived_channel_is_compiled_over_the_channels_before_it(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_experiment *x = experiment(room, "cooling");
    const struct lec_channel *diff = channel(x, "diff"), *most = channel(x, "most");
    double window, in = 7, out = 0;
    assert_int_equal(diff->kind, LEC_CHANNEL_DERIVED);
    assert_string_equal(diff->formula, "derivative(water, 5)");
    assert_int_equal(lec_formula_operator(diff->compiled, &window), LEC_OP_DERIVATIVE);
    assert_true(window == 5);
    assert_true(diff->rate_hz == channel(x, "water")->rate_hz);
    assert_string_equal(most->formula, "max(volts, 1e5)"); /* its comma separates no option */
    assert_string_equal(most->unit, "V");
    size_t volts = channel(x, "volts")->index;
    assert_true(lec_formula_uses(most->compiled, volts));
    const double *columns[LEC_CHANNELS_MAX] = {NULL};
    columns[volts] = &in;
    lec_formula_eval(most->compiled, columns, &out, 1);
    assert_true(out == 1e5);
    lec_room_unref(&room);
}

static void channels_that_are_counted_or_typed_in_have_no_point(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_experiment *x = experiment(room, "cooling");
    const struct lec_channel *drops = channel(x, "drops"), *volume = channel(x, "volume");
    assert_int_equal(drops->kind, LEC_CHANNEL_COUNT);
    assert_ptr_equal(drops->device, lec_room_device(room, "probe-2"));
    assert_string_equal(drops->event, "drop");
    assert_int_equal(volume->kind, LEC_CHANNEL_MANUAL);
    assert_string_equal(volume->unit, "mL");
    assert_null(volume->point);
    assert_string_equal(channel(x, "mass")->unit, "g"); /* written without the comma */
    lec_room_unref(&room);
}

static void a_rate_just_as_fast_as_the_device_is_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {"500ms", "2Hz", "2/s", "120/min"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        char text[512];
        snprintf(text, sizeof text, HEAD PROBE WATER "rate = %s\n", good[i]);
        const struct lec_room *room = room_of(text);
        assert_true(fabs(channel(experiment(room, "cooling"), "water")->rate_hz - 2) < 1e-9);
        lec_room_unref(&room);
    }
}

static void a_rate_a_little_faster_than_the_device_is_refused(void **state)
{
    (void)state;
    const struct lec_room *room = room_of(HEAD PROBE);
    assert_refused(room, "new", KEYS({"channel water", "probe-1.temperature, rate 2.01Hz", NULL, 0}),
                   "rate: 2.01Hz is more than probe-1.temperature can do, at most 2Hz (one each 500ms)");
    lec_room_unref(&room);
}

static void a_derived_channel_is_as_fast_as_the_fastest_that_it_uses_if_all_are_known(void **state)
{
    (void)state;
    const struct lec_room *room =
        room_of(HEAD PROBE WATER "channel slow = probe-1.drops, rate 1Hz\nchannel fast = probe-1.level, rate 10Hz\n"
                                 "derive a = slow + fast\nderive b = water + fast\n");
    const struct lec_experiment *x = experiment(room, "cooling");
    assert_true(channel(x, "a")->rate_hz == 10);
    assert_true(channel(x, "b")->rate_hz == 0); /* nobody knows how fast the water comes */
    lec_room_unref(&room);
}

/* ---- Conditions --------------------------------------------------------------------------------------------- */

static void a_condition_on_a_channel_has_level_hold_and_hysteresis(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_experiment *x = experiment(room, "cooling");
    assert_int_equal(x->start.kind, LEC_COND_FALLS);
    assert_int_equal(x->start.channel, channel(x, "water")->index);
    assert_true(x->start.level == 60);
    assert_true(x->start.hysteresis == 0.5);
    assert_int_equal(x->start.hold_ns, 200 * LEC_MS);
    assert_string_equal(x->start.text, "water falls below 60, for 200ms, hysteresis 0.5");
    assert_int_equal(x->stop.kind, LEC_COND_ABOVE);
    assert_int_equal(x->stop.channel, channel(x, "drops")->index);
    assert_int_equal(x->pre_ns, 5 * LEC_SEC);
    assert_int_equal(x->duration_ns, 1200 * LEC_SEC);
    assert_int_equal(x->repeat, 3);
    assert_int_equal(x->pause_ns, 10 * LEC_SEC);
    assert_false(x->on_event);
    lec_room_unref(&room);
}

static void a_trigger_is_a_start_condition_with_what_was_before(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_experiment *x = experiment(room, "trigger");
    assert_int_equal(x->start.kind, LEC_COND_FALLS);
    assert_true(x->start.level == 60);
    assert_int_equal(x->pre_ns, 5 * LEC_SEC);
    assert_string_equal(x->start.text, "water > 60 falling, pre 5s");
    assert_int_equal(experiment(room, "above")->start.kind, LEC_COND_ABOVE);
    assert_int_equal(experiment(room, "above")->pre_ns, 0);
    lec_room_unref(&room);
}

static void every_form_of_a_channel_condition_is_its_own_kind(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum lec_condition_kind kind;
    } cases[] = {{"start = water rises above -1.5", LEC_COND_RISES}, {"start = water falls below -1.5", LEC_COND_FALLS},
                 {"start = water is above -1.5", LEC_COND_ABOVE},    {"start = water is below -1.5", LEC_COND_BELOW},
                 {"trigger = water > -1.5 rising", LEC_COND_RISES},  {"trigger = water < -1.5 rising", LEC_COND_RISES},
                 {"trigger = water < -1.5 falling", LEC_COND_FALLS}, {"trigger = water < -1.5", LEC_COND_BELOW}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[512];
        snprintf(text, sizeof text, HEAD PROBE WATER "%s\n", cases[i].text);
        const struct lec_room *room = room_of(text);
        const struct lec_experiment *x = experiment(room, "cooling");
        assert_int_equal(x->start.kind, cases[i].kind);
        assert_true(x->start.level == -1.5);
        assert_int_equal(x->stop.kind, LEC_COND_NONE);
        lec_room_unref(&room);
    }
}

static void conditions_of_time_points_and_events(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_experiment *drops = experiment(room, "drops"), *button = experiment(room, "button");
    assert_int_equal(drops->sample.kind, LEC_COND_EVENT);
    assert_ptr_equal(drops->sample.device, lec_room_device(room, "probe-2"));
    assert_string_equal(drops->sample.event, "drop");
    assert_true(drops->on_event);
    assert_int_equal(drops->stop.kind, LEC_COND_AFTER);
    assert_int_equal(drops->stop.time_ns, 7200 * LEC_SEC);
    assert_int_equal(button->sample.kind, LEC_COND_POINT);
    assert_ptr_equal(button->sample.point, point(room, "probe-2", "pressed"));
    assert_true(button->sample.value.b);
    assert_int_equal(button->sample.hold_ns, 20 * LEC_MS);
    assert_int_equal(button->start.kind, LEC_COND_AT);
    assert_int_equal(button->start.time_ns, (14 * 3600 + 5 * 60) * LEC_SEC);
    assert_int_equal(button->stop.kind, LEC_COND_POINT);
    assert_string_equal(button->stop.value.s, "idle");
    lec_room_unref(&room);
}

static void what_is_sampled_by_hand_has_no_condition(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    static const char *const names[] = {"burette", "typed"}; /* said so; only typed in */
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_true(experiment(room, names[i])->on_event);
        assert_int_equal(experiment(room, names[i])->sample.kind, LEC_COND_NONE);
    }
    lec_room_unref(&room);
}

static void what_is_asked_has_labels_choices_and_whether_it_must_be_answered(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_experiment *x = experiment(room, "cooling");
    assert_int_equal(x->n_fields, 3);
    assert_string_equal(x->fields[0].name, "operator");
    assert_true(x->fields[0].required);
    assert_string_equal(x->fields[0].label, "Ai làm?");
    assert_string_equal(x->fields[0].label_en, "Who?");
    assert_int_equal(x->fields[0].n_choices, 0);
    assert_false(x->fields[1].required);
    assert_int_equal(x->fields[1].n_choices, 2);
    assert_string_equal(x->fields[1].choices[0], "10A1");
    assert_string_equal(x->fields[1].choices[1], "10A2");
    assert_string_equal(x->fields[2].label, "Ghi chú"); /* usual fields have a name for people */
    assert_string_equal(x->fields[2].label_en, "Note");
    lec_room_unref(&room);
}

/* ---- Points, calibrations, budget --------------------------------------------------------------------------- */

static void a_point_says_how_it_is_recorded(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_point *volts = point(room, "probe-1", "voltage"), *level = point(room, "probe-1", "level");
    assert_true(volts->stream);
    assert_int_equal(volts->fastest_ns, 5 * LEC_MS);
    assert_int_equal(volts->slowest_ns, 65 * LEC_SEC);
    assert_true(volts->period_ns == LEC_NEVER); /* nobody asks for what comes by itself */
    assert_int_equal(volts->calibration->kind, LEC_CAL_LINEAR);
    assert_true(volts->calibration->scale == 0.001);
    assert_string_equal(volts->calibration->source, "profile");
    assert_false(level->stream);
    assert_int_equal(level->fastest_ns, 0);
    assert_null(level->calibration);
    lec_room_unref(&room);
}

static void a_calibration_of_the_room_is_for_one_device_only(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    const struct lec_calibration *c = point(room, "probe-1", "temperature")->calibration;
    double raw = 100, out;
    assert_string_equal(c->source, "room");
    assert_string_equal(c->by, "Nguyễn Văn An");
    assert_string_equal(c->note, "nước đá");
    assert_string_equal(c->unit, "K");
    assert_true(c->date_us == INT64_C(1793491200) * 1000000);
    lec_calibrate(c, &raw, &out, 1);
    assert_true(fabs(out - 100.1) < 1e-9);
    assert_null(point(room, "probe-2", "temperature")->calibration);
    lec_room_unref(&room);
}

static void a_new_calibration_or_experiment_leaves_the_device_as_it_is(void **state)
{
    (void)state;
    const struct lec_room *a = room_of(HEAD PROBE);
    const struct lec_room *b = room_of(HEAD PROBE "[calibration probe-1.voltage]\nform = linear 0 2\n" WATER);
    const struct lec_device *da = lec_room_device(a, "probe-1"), *db = lec_room_device(b, "probe-1");
    assert_true(lec_device_same(da, db));
    const struct lec_calibration *ca = point(a, "probe-1", "voltage")->calibration,
                                 *cb = point(b, "probe-1", "voltage")->calibration;
    assert_false(lec_calibration_same(ca, cb));
    struct lec_calibration other = *cb;
    other.c[1] = 2.001;
    assert_false(lec_calibration_same(&other, cb));
    assert_true(lec_calibration_same(cb, cb));
    lec_room_unref(&a);
    lec_room_unref(&b);
}

static void runs_have_two_gigabytes_unless_the_room_says_otherwise(void **state)
{
    (void)state;
    const struct lec_room *room = room_of(HEAD PROBE);
    assert_int_equal(room->runs_budget, INT64_C(2000000000));
    lec_room_unref(&room);
    room = good_room();
    assert_int_equal(room->runs_budget, 500000000);
    lec_room_unref(&room);
}

static void rates_and_sizes_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double hz;
        const char *printed;
    } good[] = {{"10Hz", 10, "10Hz"},     {"1kHz", 1000, "1000Hz"}, {"0.5Hz", 0.5, "2s"}, {"2/min", 1.0 / 30, "30s"},
                {"20s", 0.05, "20s"},     {"50ms", 20, "20Hz"},     {"5/s", 5, "5Hz"},    {"6/h", 1.0 / 600, "10min"},
                {"1MHz", 1e6, "1e+06Hz"}, {"0.3Hz", 0.3, "0.3Hz"}};
    static const char *const bad[] = {"",     "10",   "Hz", "0Hz", "-1Hz", "10 Hz",
                                      "10hz", "2MHz", "0s", "1/d", "/min", "nan"};
    static const char *const no_sizes[] = {"", "2", "GB", "2 GB", "-1GB", "2gb", "1e3MB", "10000TB", "1.2.3MB"};
    double hz = 7;
    int64_t size = 7;
    char printed[32];
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(lec_parse_rate(good[i].text, &hz), 0);
        assert_true(fabs(hz - good[i].hz) < 1e-9 * good[i].hz);
        assert_string_equal(lec_print_rate(hz, printed, sizeof printed), good[i].printed);
    }
    hz = 7;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(lec_parse_rate(bad[i], &hz), LEC_E_RANGE);
    assert_true(hz == 7);
    for (size_t i = 0; i < ARRAY_LEN(no_sizes); i++)
        assert_int_equal(lec_parse_size(no_sizes[i], &size), LEC_E_RANGE);
    assert_int_equal(size, 7);
    assert_int_equal(lec_parse_size("1.5MB", &size), 0);
    assert_int_equal(size, 1500000);
    assert_int_equal(lec_parse_size("2GiB", &size), 0);
    assert_int_equal(size, INT64_C(1) << 31);
}

/* ---- Made over the bus -------------------------------------------------------------------------------------- */

static void what_an_experiment_of_the_room_says_passes_the_check(void **state)
{
    (void)state;
    const struct lec_room *room = good_room();
    for (size_t i = 0; i < room->n_experiments; i++) {
        char *told = told_of(room, room->experiments[i].name, &room->experiments[i].keys, 0);
        assert_string_equal(told, "");
        free(told);
    }
    lec_room_unref(&room);
}

static void mistakes_of_a_made_experiment_are_all_told_before_it_is_written(void **state)
{
    (void)state;
    const struct lec_room *room = room_of(HEAD PROBE);
    char *told = told_of(room, "new",
                         KEYS({"channel water", "probe-1.temperatur", NULL, 0}, {"start", "watr is above 60", NULL, 0},
                              {"lable", "x", NULL, 0}),
                         LEC_E_CONFIG);
    assert_string_equal(
        told, "experiment new:2: channel water: device probe-1 (test/probe) has no point \"temperatur\" (did you mean "
              "\"temperature\"?)\n"
              "experiment new:3: start: this experiment has no channel \"watr\" (did you mean \"water\"?)\n"
              "experiment new:4: \"lable\" is not a key of [experiment new] (did you mean \"label\"?)\n");
    free(told);
    lec_room_unref(&room);
}

static void what_would_break_out_of_its_section_is_refused(void **state)
{
    (void)state;
    const struct lec_room *room = room_of(HEAD PROBE);
    const struct lec_key water = {"channel water", "probe-1.temperature", NULL, 0};
    assert_refused(room, "new", KEYS(water, {"label", "x\n[scene y]", NULL, 0}), "control characters");
    assert_refused(room, "new", KEYS(water, {"label\nrate", "x", NULL, 0}), "control characters");
    assert_refused(room, "new", KEYS(water, {"label", "x ; y", NULL, 0}), "it would read back as \"x\"");
    assert_refused(room, "new", KEYS(water, {"[scene x]", "y", NULL, 0}), "experiment new:");
    assert_refused(room, "new", KEYS(water, {"", "y", NULL, 0}), "experiment new:");
    assert_refused(room, "new", KEYS(water, {"label = x", "y", NULL, 0}), "experiment new:");
    assert_refused(room, "new", KEYS(water, {"# label", "y", NULL, 0}), "experiment new:");
    assert_refused(room, "new", KEYS(water, {"label", "\xff", NULL, 0}), "not UTF-8");
    assert_refused(room, "new", KEYS(water, water), "experiment new:3: \"channel water\" is there already, in line 2");
    assert_refused(room, "a]b", KEYS(water), "\"a]b\", expected a name");
    assert_refused(room, "", KEYS(water), "expected a name");
    assert_refused(room, "a-name-of-thirty-nine-letters-all-in-all", KEYS(water), "at most 38");
    assert_refused(room, "new", &(const struct lec_keys){0}, "has no channels");
    lec_room_unref(&room);
}

static void a_room_full_of_experiments_takes_no_more_but_lets_one_be_replaced(void **state)
{
    (void)state;
    struct lec_buf text;
    lec_buf_init(&text, 1 << 20);
    lec_buf_puts(&text, HEAD PROBE);
    for (int i = 0; i < 64; i++)
        lec_buf_printf(&text, "[experiment x%d]\nchannel water = probe-1.temperature\n", i);
    const struct lec_room *room = room_of(text.data);
    lec_buf_done(&text);
    const struct lec_keys *keys = KEYS({"channel water", "probe-1.temperature", NULL, 0});
    assert_refused(room, "new", keys, "64 experiments already");
    free(told_of(room, "x63", keys, 0));
    lec_room_unref(&room);
}

static void a_made_experiment_is_added_replaced_and_taken_out_of_its_file(void **state)
{
    (void)state;
    struct lec_sources sources = stage_sources();
    char path[] = "/tmp/lectern-made-XXXXXX", room_path[32];
    static const char room_text[] = HEAD PROBE;
    int fd = mkstemp(path), room_fd = stage_file(room_text, sizeof room_text - 1, room_path, sizeof room_path);
    static const char broken[] = "[experiment gone]\nchannel x = away.temperature\n";
    static const struct {
        const char *name, *point;
        size_t after; /* how many experiments there are then */
    } steps[] = {{"one", "probe-1.voltage", 1},
                 {"two", "probe-1.voltage", 2},
                 {"one", " probe-1.temperature ", 2}, /* replaced */
                 {"two", NULL, 1},
                 {"three", NULL, 1}}; /* was never there */
    assert_true(fd >= 0);
    assert_int_equal(write(fd, broken, sizeof broken - 1), sizeof broken - 1);
    sources.made = path;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct lec_buf text;
        struct lec_err err;
        lec_buf_init(&text, 1 << 20);
        const struct lec_keys *keys = steps[i].point ? KEYS({"channel water", steps[i].point, NULL, 0}) : NULL;
        assert_int_equal(lec_experiment_edit(path, steps[i].name, keys, &text, &err), 0);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, text.data, text.len, 0), text.len);
        assert_non_null(strstr(text.data, broken)); /* what does not fit today may fit tomorrow */
        lec_buf_done(&text);
        const struct lec_room *room = NULL;
        assert_int_equal(lec_room_load(room_path, &sources, &room, NULL), 0);
        assert_int_equal(room->n_experiments, steps[i].after);
        assert_true(experiment(room, "one")->made);
        assert_string_equal(experiment(room, "one")->channels[0].point->name, i < 2 ? "voltage" : "temperature");
        lec_room_unref(&room);
    }
    close(fd);
    close(room_fd);
    unlink(path);
}

static void a_file_of_made_experiments_that_is_not_there_yet_begins_with_a_comment(void **state)
{
    (void)state;
    struct lec_buf text;
    lec_buf_init(&text, 1 << 20);
    const struct lec_keys *keys = KEYS({"channel water", "probe-1.temperature", NULL, 0});
    assert_int_equal(lec_experiment_edit("/nonexistent/made.ini", "one", keys, &text, NULL), 0);
    assert_string_equal(text.data, "; Experiments made with experiment.create\n[experiment one]\n"
                                   "channel water = probe-1.temperature\n");
    lec_buf_done(&text);
}

static void a_file_of_made_experiments_never_becomes_too_large_to_be_read(void **state)
{
    (void)state;
    struct lec_buf text;
    char path[32];
    size_t len = 262000;
    char *old = malloc(len);
    assert_non_null(old);
    memset(old, '\n', len);
    int fd = stage_file(old, len, path, sizeof path);
    free(old);
    char label[200];
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    lec_buf_init(&text, 1 << 20);
    const struct lec_keys *keys = KEYS({"label", label, NULL, 0}, {"label.en", label, NULL, 0});
    assert_int_equal(lec_experiment_edit(path, "one", keys, &text, NULL), LEC_E_CONFIG);
    lec_buf_done(&text);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_has_its_point_its_labels_and_its_rate),
        cmocka_unit_test(a_channel_without_any_rate_takes_what_the_device_delivers),
        cmocka_unit_test(a_derived_channel_is_compiled_over_the_channels_before_it),
        cmocka_unit_test(channels_that_are_counted_or_typed_in_have_no_point),
        cmocka_unit_test(a_rate_just_as_fast_as_the_device_is_accepted),
        cmocka_unit_test(a_rate_a_little_faster_than_the_device_is_refused),
        cmocka_unit_test(a_derived_channel_is_as_fast_as_the_fastest_that_it_uses_if_all_are_known),
        cmocka_unit_test(a_condition_on_a_channel_has_level_hold_and_hysteresis),
        cmocka_unit_test(a_trigger_is_a_start_condition_with_what_was_before),
        cmocka_unit_test(every_form_of_a_channel_condition_is_its_own_kind),
        cmocka_unit_test(conditions_of_time_points_and_events),
        cmocka_unit_test(what_is_sampled_by_hand_has_no_condition),
        cmocka_unit_test(what_is_asked_has_labels_choices_and_whether_it_must_be_answered),
        cmocka_unit_test(a_point_says_how_it_is_recorded),
        cmocka_unit_test(a_calibration_of_the_room_is_for_one_device_only),
        cmocka_unit_test(a_new_calibration_or_experiment_leaves_the_device_as_it_is),
        cmocka_unit_test(runs_have_two_gigabytes_unless_the_room_says_otherwise),
        cmocka_unit_test(rates_and_sizes_are_read_strictly),
        cmocka_unit_test(what_an_experiment_of_the_room_says_passes_the_check),
        cmocka_unit_test(mistakes_of_a_made_experiment_are_all_told_before_it_is_written),
        cmocka_unit_test(what_would_break_out_of_its_section_is_refused),
        cmocka_unit_test(a_room_full_of_experiments_takes_no_more_but_lets_one_be_replaced),
        cmocka_unit_test(a_made_experiment_is_added_replaced_and_taken_out_of_its_file),
        cmocka_unit_test(a_file_of_made_experiments_that_is_not_there_yet_begins_with_a_comment),
        cmocka_unit_test(a_file_of_made_experiments_never_becomes_too_large_to_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
