/* The simulator's loop, noise, maps, faults and models. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "faces/faces.h"
#include "map.h"
#include "models/models.h"
#include "unit/sim_stage.h"
#include "world.h"

/* ---- Loop ------------------------------------------------------------------------------------------------------ */

struct ticks {
    struct loop_timer timer;
    unsigned n;
    int order[8];
};

static struct ticks *seen;

static void tick(void *ctx)
{
    if (seen->n < ARRAY_LEN(seen->order))
        seen->order[seen->n] = *(const int *)ctx;
    seen->n++;
}

static void timers_come_in_their_order_and_only_once(void **state)
{
    struct ticks all = {0};
    static int names[] = {0, 1, 2, 3, 4};
    struct loop_timer t[5];
    (void)state;
    seen = &all;
    lec_clock_fake(LEC_SEC, 0);
    struct loop *l = loop_new();
    assert_non_null(l);
    static const int64_t at[] = {5, 1, 4, 2, 3};
    for (int i = 0; i < 5; i++) {
        t[i] = (struct loop_timer){.due = tick, .ctx = &names[i]};
        loop_timer_set(l, &t[i], LEC_SEC + at[i] * LEC_MS);
    }
    loop_timer_clear(l, &t[2]);
    loop_timer_set(l, &t[1], LEC_SEC + 6 * LEC_MS); /* moved to the end */
    lec_clock_fake(LEC_SEC + 10 * LEC_MS, 0);
    assert_int_equal(loop_round(l, 0, NULL), 0);
    assert_int_equal(loop_round(l, 0, NULL), 0);
    assert_int_equal(all.n, 4);
    static const int want[] = {3, 4, 0, 1};
    assert_memory_equal(all.order, want, sizeof want);
    loop_free(&l);
    lec_clock_fake(-1, 0);
}

static void a_model_timer_keeps_its_model_time_when_the_speed_changes(void **state)
{
    struct ticks all = {0};
    static int name = 7;
    (void)state;
    seen = &all;
    lec_clock_fake(LEC_SEC, 0);
    struct loop *l = loop_new();
    assert_non_null(l);
    struct loop_timer model = {.due = tick, .ctx = &name, .model = true}, wall = {.due = tick, .ctx = &name};
    loop_timer_set_model(l, &model, loop_model_now(l) + 100 * LEC_SEC);
    loop_timer_set(l, &wall, LEC_SEC + 100 * LEC_SEC);
    loop_set_speed(l, 50); /* 100 s of the model are 2 s now */
    lec_clock_fake(2 * LEC_SEC + 900 * LEC_MS, 0);
    assert_int_equal(loop_round(l, 0, NULL), 0);
    assert_int_equal(all.n, 0);
    lec_clock_fake(3 * LEC_SEC + 100 * LEC_MS, 0);
    assert_int_equal(loop_round(l, 0, NULL), 0);
    assert_int_equal(all.n, 1);
    assert_true(llabs(loop_model_now(l) - 105 * LEC_SEC) < LEC_MS);
    loop_timer_clear(l, &wall);
    loop_free(&l);
    lec_clock_fake(-1, 0);
}

/* ---- Noise ----------------------------------------------------------------------------------------------------- */

static void noise_has_the_stated_deviation_and_repeats(void **state)
{
    double sum = 0, squares = 0;
    enum { N = 20000 };
    (void)state;
    for (unsigned i = 0; i < N; i++) {
        double v = sim_noise(42, i);
        assert_true(v == sim_noise(42, i));
        assert_true(fabs(v) <= 6);
        sum += v;
        squares += v * v;
    }
    assert_true(fabs(sum / N) < 0.03);
    assert_true(fabs(sqrt(squares / N) - 1) < 0.03);
    assert_true(sim_noise(42, 1) != sim_noise(43, 1));
    assert_true(sim_seed_of(1, "air") != sim_seed_of(1, "airs"));
}

static void random_numbers_stay_below_their_limit(void **state)
{
    struct sim_random r;
    unsigned counts[10] = {0};
    (void)state;
    sim_random_seed(&r, 5);
    for (unsigned i = 0; i < 10000; i++)
        counts[sim_random_below(&r, 10)]++;
    for (unsigned i = 0; i < 10; i++)
        assert_true(counts[i] > 850 && counts[i] < 1150);
}

/* ---- Maps ------------------------------------------------------------------------------------------------------ */

/* Loads one map of that text and gives the sentence of its mistake, "" if it is right. */
static const char *mistake(const char *text, struct lec_err *err)
{
    char folder[] = "/tmp/lectern-maps-XXXXXX", path[64];
    struct sim_map *maps = NULL;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/x.ini", folder);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    int rc = sim_maps_load(folder, &maps, err);
    sim_maps_free(&maps);
    unlink(path);
    rmdir(folder);
    return rc < 0 ? err->text : "";
}

static void a_wrong_map_names_its_line(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"[map]\nplays = a/b as sensor\nfunctions = 03\n[holding]\n0 = u16 humidity\n", ""},
        {"[map]\nplays = a/b is sensor\n", "x.ini:2: plays: \"PROFILE as MODEL"},
        {"[map]\nplays = a/b as toaster\n", "x.ini:2: there is no model \"toaster\""},
        {"[map]\nfunctions = 03 XX\n", "x.ini:2: functions: \"03 XX\" does not fit"},
        {"[map]\nspeed = 3\n", "x.ini:2: [map] has no key \"speed\""},
        {"[toast]\n0 = u16 x\n", "x.ini:2: there is no section [toast]"},
        {"[holding]\nzero = u16 x\n", "x.ini:2: \"zero\" is not an address"},
        {"[holding]\n70000 = u16 x\n", "x.ini:2: \"70000\" is not an address"},
        {"[holding]\n0 = u17 x\n", "x.ini:2: \"u17\" is not a type of this table"},
        {"[coils]\n0 = u16 x\n", "x.ini:2: \"u16\" is not a type of this table"},
        {"[holding]\n0 = u16\n", "x.ini:2: a field or =NUMBER expected"},
        {"[holding]\n0 = u16 x loud\n", "x.ini:2: \"loud\" is not understood"},
        {"[holding]\n0 = f32 x\n1 = u16 y\n", "address 0x0001 is taken twice"},
    };
    struct lec_err err;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *said = mistake(cases[i].text, &err);
        if (*cases[i].says ? !strstr(said, cases[i].says) : *said != '\0')
            fail_msg("case %zu: \"%s\"", i, said);
    }
    struct sim_map *maps = NULL;
    assert_int_equal(sim_maps_load("/nowhere", &maps, &err), LEC_E_CONFIG);
}

static void every_shipped_map_has_fields_that_its_models_have(void **state)
{
    struct sim_map *maps;
    struct lec_err err;
    (void)state;
    assert_int_equal(sim_maps_load(LECTERN_SOURCE_DIR "/simulator/maps", &maps, &err), 0);
    for (const struct sim_map *m = maps; m; m = m->next) {
        assert_true(m->n_plays > 0 && m->functions != 0);
        for (size_t i = 0; i < m->n_cells; i++) {
            const struct sim_cell *c = &m->cell[i];
            bool found = c->constant;
            for (size_t p = 0; p < m->n_plays && !found; p++)
                found = (!*c->model || strcmp(c->model, m->cast[p].model->name) == 0) &&
                        sim_field(m->cast[p].model, c->field) != NULL;
            if (!found)
                fail_msg("%s: %s", m->name, c->field);
        }
    }
    sim_maps_free(&maps);
}

/* ---- Faults ---------------------------------------------------------------------------------------------------- */

static void faults_end_by_count_and_by_time(void **state)
{
    struct sim_faults f = {0};
    struct sim_fault silence = {.kind = SIM_SILENCE, .until = LEC_NEVER, .left = 2};
    struct sim_fault delay = {.kind = SIM_DELAY, .until = 100, .left = -1, .ms = 7}, got;
    (void)state;
    assert_int_equal(sim_fault_add(&f, &silence, NULL), 0);
    assert_int_equal(sim_fault_add(&f, &delay, NULL), 0);
    assert_true(sim_fault_use(&f, SIM_SILENCE, 0, NULL));
    assert_true(sim_fault_use(&f, SIM_SILENCE, 0, NULL));
    assert_false(sim_fault_use(&f, SIM_SILENCE, 0, NULL));
    assert_true(sim_fault_use(&f, SIM_DELAY, 99, &got));
    assert_int_equal(got.ms, 7);
    assert_null(sim_fault_peek(&f, SIM_DELAY, 100));
    assert_int_equal(f.n, 0);
    for (size_t i = 0; i < SIM_FAULTS_MAX; i++)
        assert_int_equal(sim_fault_add(&f, &silence, NULL), 0);
    assert_int_equal(sim_fault_add(&f, &silence, NULL), LEC_E_NOMEM);
    assert_int_equal(sim_fault_clear(&f, SIM_DELAY), 0);
    assert_int_equal(sim_fault_clear(&f, SIM_FAULTS), SIM_FAULTS_MAX);
}

static void every_fault_has_a_name_that_leads_back(void **state)
{
    (void)state;
    for (int i = 0; i < SIM_FAULTS; i++)
        assert_int_equal(sim_fault_kind(sim_fault_name((enum sim_fault_kind)i)), i);
    assert_int_equal(sim_fault_kind("hiccups"), -1);
}

/* ---- Models ---------------------------------------------------------------------------------------------------- */

static struct lec_value truth(struct sim_device *d, const char *field)
{
    struct lec_value v;
    assert_true(sim_truth(d, field, &v));
    return v;
}

static void a_projector_may_queue_a_start_while_it_cools(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, false);
    struct sim_device *d =
        stage_add(&s, "p", 1, &sim_face_pjlink, &sim_model_projector, NULL, "warm=20s cool=10s cool_on=queue");
    assert_int_equal(sim_set(d, "power", lec_enum("on")), 0);
    stage_pass(&s, 21 * LEC_SEC);
    assert_string_equal(truth(d, "power").s, "on");
    assert_int_equal(sim_set(d, "power", lec_enum("off")), 0);
    assert_int_equal(sim_set(d, "power", lec_enum("on")), 0);
    assert_string_equal(truth(d, "power").s, "cooling");
    stage_pass(&s, 11 * LEC_SEC);
    assert_string_equal(truth(d, "power").s, "warming");
    stage_pass(&s, 20 * LEC_SEC);
    assert_string_equal(truth(d, "power").s, "on");
    stage_close(&s);
}

static void a_screen_stops_where_it_is_let_go_and_counts_rough_handling(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, false);
    struct sim_device *d = stage_add(&s, "s", 1, &sim_face_screentech, &sim_model_screen, NULL, "travel=10s");
    assert_int_equal(sim_set(d, "motor_down", lec_bool(true)), 0);
    stage_pass(&s, 4 * LEC_SEC);
    assert_int_equal(sim_set(d, "motor_down", lec_bool(false)), 0);
    assert_string_equal(truth(d, "position").s, "stopped");
    assert_true(fabs(truth(d, "place").f - 0.4) < 0.01);
    assert_int_equal(sim_set(d, "motor_up", lec_bool(true)), 0); /* at once the other way */
    assert_int_equal(truth(d, "reversals").i, 1);
    stage_pass(&s, 5 * LEC_SEC);
    assert_string_equal(truth(d, "position").s, "up");
    assert_true(truth(d, "at_up").b);
    assert_int_equal(sim_set(d, "motor_up", lec_bool(false)), 0);
    stage_pass(&s, LEC_SEC);
    assert_int_equal(sim_set(d, "motor_down", lec_bool(true)), 0);
    assert_int_equal(truth(d, "reversals").i, 1); /* after a rest it is none */
    assert_int_equal(sim_set(d, "position", lec_enum("down")), LEC_E_NOTSUP);
    stage_close(&s);
}

static void a_camera_travels_to_its_preset(void **state)
{
    struct sim_stage s;
    (void)state;
    stage_open(&s, false);
    struct sim_device *d = stage_add(&s, "c", 1, &sim_face_visca, &sim_model_camera, NULL, "boot=1s");
    assert_int_equal(sim_camera_preset(d, 3, true), LEC_E_BUSY);
    assert_int_equal(sim_set(d, "power", lec_enum("on")), 0);
    stage_pass(&s, 2 * LEC_SEC);
    assert_int_equal(sim_camera_go(d, 1000, -300, 1), 0);
    stage_pass(&s, 3 * LEC_SEC);
    assert_int_equal(sim_camera_preset(d, 3, true), 0);
    assert_int_equal(sim_camera_go(d, 9999, 0, 1), 0); /* further than it can */
    stage_pass(&s, 3 * LEC_SEC);
    assert_true(truth(d, "pan").f == 2448);
    assert_int_equal(sim_camera_preset(d, 3, false), 0);
    assert_true(truth(d, "moving").b);
    stage_pass(&s, 3 * LEC_SEC);
    assert_true(truth(d, "pan").f == 1000 && truth(d, "tilt").f == -300 && !truth(d, "moving").b);
    assert_int_equal(sim_camera_preset(d, 128, false), LEC_E_RANGE);
    stage_close(&s);
}

static void the_air_of_the_room_follows_people_and_power(void **state)
{
    struct sim_stage s;
    struct lec_err err;
    (void)state;
    stage_open(&s, false);
    struct sim_device *p = stage_add(&s, "p", 1, &sim_face_pjlink, &sim_model_projector, NULL, "warm=1s");
    struct sim_device *m = stage_add(&s, "m", 1, &sim_face_pjlink, &sim_model_meter, NULL, "");
    struct sim_device *a = stage_add(&s, "a", 1, &sim_face_pjlink, &sim_model_sensor, NULL, "");
    double idle = truth(m, "power.active").f, cool = truth(a, "temperature").f, fresh = truth(a, "co2").f;
    assert_true(idle > 5 && idle < 30);
    assert_int_equal(sim_set(p, "power", lec_enum("on")), 0);
    assert_int_equal(sim_world_set(&s.sim, "people", 40, &err), 0);
    stage_pass(&s, 7200 * LEC_SEC);
    assert_true(truth(m, "power.active").f > idle + 250);
    assert_true(truth(a, "temperature").f > cool + 5);
    assert_true(truth(a, "co2").f > fresh + 1500);
    assert_true(truth(m, "energy.import").f > 1523.4 + 0.5);
    assert_int_equal(sim_world_set(&s.sim, "people", -1, &err), LEC_E_RANGE);
    assert_int_equal(sim_world_set(&s.sim, "dogs", 1, &err), LEC_E_NOTSUP);
    stage_close(&s);
}

static void a_hand_sets_what_a_wire_may_not_and_both_are_checked(void **state)
{
    struct sim_stage s;
    struct lec_err err;
    (void)state;
    stage_open(&s, false);
    struct sim_device *d = stage_add(&s, "p", 1, &sim_face_pjlink, &sim_model_projector, NULL, "");
    assert_int_equal(sim_set_by_hand(d, "error.lamp", lec_enum("error"), &err), 0);
    assert_int_equal(sim_set_by_hand(d, "error.lamp", lec_enum("broken"), &err), LEC_E_RANGE);
    assert_int_equal(sim_set_by_hand(d, "volume", lec_int(101), &err), LEC_E_RANGE);
    assert_int_equal(sim_set_by_hand(d, "power", lec_int(1), &err), LEC_E_RANGE);
    assert_int_equal(sim_set_by_hand(d, "wings", lec_bool(true), &err), LEC_E_NOTSUP);
    assert_string_equal(err.text, "p: a projector has no \"wings\"");
    assert_int_equal(sim_set(d, "input", lec_text("hdmi1")), LEC_E_BUSY); /* it is off */
    stage_close(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_in_their_order_and_only_once),
        cmocka_unit_test(a_model_timer_keeps_its_model_time_when_the_speed_changes),
        cmocka_unit_test(noise_has_the_stated_deviation_and_repeats),
        cmocka_unit_test(random_numbers_stay_below_their_limit),
        cmocka_unit_test(a_wrong_map_names_its_line),
        cmocka_unit_test(every_shipped_map_has_fields_that_its_models_have),
        cmocka_unit_test(faults_end_by_count_and_by_time),
        cmocka_unit_test(every_fault_has_a_name_that_leads_back),
        cmocka_unit_test(a_projector_may_queue_a_start_while_it_cools),
        cmocka_unit_test(a_screen_stops_where_it_is_let_go_and_counts_rough_handling),
        cmocka_unit_test(a_camera_travels_to_its_preset),
        cmocka_unit_test(the_air_of_the_room_follows_people_and_power),
        cmocka_unit_test(a_hand_sets_what_a_wire_may_not_and_both_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
