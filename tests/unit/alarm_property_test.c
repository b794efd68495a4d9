/* Random values, restarts, kills, clocks that step, configurations that change, and people: each raise has exactly one clear, numbers
 * rise, nothing is raised twice or too often. Each seed is one story; LECTERN_SEED=N plays that one alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alarm_stage.h"
#include "lectern/parse.h"

#define SEEDS 80
#define DEEDS 150

static uint64_t seed_state;

static unsigned any(unsigned n)
{
    seed_state ^= seed_state << 13;
    seed_state ^= seed_state >> 7;
    seed_state ^= seed_state << 17;
    return (unsigned)((seed_state >> 11) % n);
}

/* A room in which anything may be different each time. */
static const struct lec_room *any_room(void)
{
    static const char *const targets[] = {"comfort.co2", "comfort.temperature"};
    struct lec_alarm s[6];
    size_t n = 0;
    if (any(4)) {
        s[n] = stage_alarm("co2-high", targets[any(5) == 0], (enum lec_severity)any(4));
        s[n].has_above = true;
        s[n].above = 1000 + 100 * any(3);
        s[n].hysteresis = 50 * any(3);
        s[n].delay_ns = any(3) * 30 * LEC_SEC;
        n++;
    }
    if (any(4)) {
        s[n] = stage_alarm("warm", "comfort.temperature", LEC_WARNING);
        s[n].has_above = s[n].has_below = true;
        s[n].above = 30;
        s[n].below = 15;
        s[n].hysteresis = any(2);
        n++;
    }
    if (any(2)) {
        s[n] = stage_alarm("boost", "comfort.mode", LEC_INFO);
        s[n].has_value = true;
        s[n].value = lec_enum("boost");
        s[n].delay_ns = any(2) * 10 * LEC_SEC;
        n++;
    }
    if (any(3) == 0) {
        s[n] = stage_alarm("dark", "lights", LEC_ERROR);
        n++;
    }
    if (any(3) == 0) {
        s[n] = stage_alarm("projector.error.lamp", "projector.error.lamp", (enum lec_severity)any(4));
        s[n].off = any(3) == 0;
        n++;
    }
    if (any(3) == 0) {
        s[n] = stage_alarm("projector.away", "projector", LEC_CRITICAL);
        s[n].delay_ns = any(3) * LEC_SEC;
        n++;
    }
    bool lights = any(5) != 0;
    for (size_t i = 0; i < n;) /* a section of a device that is not there would not have been read */
        if (strcmp(s[i].name, "dark") == 0 && !lights)
            s[i] = s[--n];
        else
            i++;
    return stage_room(s, n, lights);
}

static void any_person(struct stage *st)
{
    static const char *const names[] = {"co2-high", "warm",           "boost", "dark",        "projector.error.lamp",
                                        "help",     "projector.away", "none",  "room.journal"};
    const char *name = names[any(9)];
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, 65536);
    switch (any(4)) {
    case 0:
        lec_alarms_ack(st->alarms, name, any(3) ? 0 : 1 + any(20), "seen", "Lan", stage_moment(st), &json, &err);
        break;
    case 1:
        lec_alarms_shelve(st->alarms, name, 1000 * (60 + any(4000)), "known", "An", stage_moment(st), &json, &err);
        break;
    case 2:
        lec_alarms_unshelve(st->alarms, name, "An", stage_moment(st), &json, &err);
        break;
    default:
        lec_alarms_help(st->alarms, any(2) ? &st->room->devices[0] : NULL, any(2) ? "no picture" : "", "Lan",
                        stage_moment(st));
        break;
    }
    lec_buf_done(&json);
}

static void any_value(struct stage *st)
{
    static const char *const lamps[] = {"ok", "warning", "error"};
    enum lec_quality quality = any(4) ? LEC_GOOD : (enum lec_quality)any(2);
    switch (any(7)) {
    case 0:
        stage_point(st, "comfort.co2", lec_float(800 + 50 * any(10)), quality);
        break;
    case 1:
        stage_point(st, "comfort.temperature", lec_float(12 + any(22)), quality);
        break;
    case 2:
        stage_point(st, "comfort.mode", lec_enum(any(2) ? "boost" : "idle"), quality);
        break;
    case 3:
        stage_point(st, "projector.error.lamp", lec_enum(lamps[any(3)]), quality);
        break;
    case 4:
        stage_online(st, any(2) ? "projector" : "lights", any(2));
        break;
    case 5:
        stage_point(st, "projector.error.fan", lec_bool(any(2)), quality);
        break;
    default:
        lec_alarms_room(st->alarms, any(2) ? LEC_ALARM_DISK : LEC_ALARM_JOURNAL, any(2), "full", stage_moment(st));
        break;
    }
}

static void any_deed(struct stage *st)
{
    switch (any(24)) {
    case 0:
        stage_restart(st, any(3) ? NULL : any_room(), any(STAGE_UNDONE + 1), any(2) * any(4000) * LEC_SEC);
        break;
    case 1:
        stage_reload(st, any_room());
        break;
    case 2:
        st->wall_us += ((int64_t)any(2000) - 1000) * 3600 * 1000000;
        break;
    case 3:
    case 4:
        any_person(st);
        break;
    case 5:
    case 6:
    case 7:
    case 8:
        stage_pass(st, (any(2) ? 1 : 40) * (int64_t)any(10) * LEC_SEC);
        break;
    default:
        any_value(st);
        break;
    }
}

static void play(uint64_t seed, size_t *raises)
{
    struct stage st;
    seed_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    stage_open(&st, any_room());
    for (int i = 0; i < DEEDS; i++) {
        any_deed(&st);
        const char *wrong = stage_judge(&st);
        if (wrong)
            fail_msg("LECTERN_SEED=%llu, deed %d: %s", (unsigned long long)seed, i, wrong);
    }
    json_t *list = stage_list(&st, LEC_ALARMS_ENDED);
    assert_true(json_array_size(json_object_get(list, "ended")) <= LEC_ALARMS_ENDED);
    json_decref(list);
    size_t i;
    json_t *entry;
    json_array_foreach(st.journal, i, entry) *raises +=
        strcmp(json_string_value(json_object_get(json_object_get(entry, "data"), "what")), "raised") == 0;
    stage_close(&st);
}

static void whatever_happens_each_raise_has_exactly_one_clear(void **state)
{
    (void)state;
    const char *one = getenv("LECTERN_SEED");
    size_t raises = 0;
    int64_t seed;
    if (one && lec_parse_int(one, 0, INT64_MAX, &seed) == 0) {
        play((uint64_t)seed, &raises);
        return;
    }
    for (uint64_t s = 1; s <= SEEDS; s++)
        play(s, &raises);
    assert_true(raises > 10 * SEEDS); /* else the stories were dull */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_happens_each_raise_has_exactly_one_clear)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
