#include "bus_view.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void changed(void *arg, struct lec_view *view, const struct lec_change *c)
{
    struct fixture *f = arg;
    (void)view;
    switch (c->kind) {
    case LEC_CHANGE_LIVE:
        f->live++;
        break;
    case LEC_CHANGE_LOST:
        assert_non_null(c->reason);
        f->lost++;
        break;
    case LEC_CHANGE_DEVICE:
        f->devices++;
        snprintf(f->last, sizeof f->last, "%s", c->device);
        break;
    case LEC_CHANGE_POINT:
        f->points++;
        snprintf(f->last, sizeof f->last, "%s.%s", c->device, c->name);
        break;
    case LEC_CHANGE_RUN:
        f->runs++;
        json_decref(f->run);
        f->run = json_deep_copy(c->body);
        break;
    case LEC_CHANGE_EVENT:
        f->events++;
        snprintf(f->last, sizeof f->last, "%s %s", c->device, c->name);
        break;
    case LEC_CHANGE_JOURNAL:
        assert_true(f->n_entries < 64);
        f->entries[f->n_entries++] = json_integer_value(json_object_get(c->body, "journal"));
        break;
    case LEC_CHANGE_SAMPLE:
        f->samples++;
        f->n_samples = c->n_samples;
        f->first_sample = c->n_samples ? c->samples[0] : (double)NAN;
        break;
    case LEC_CHANGE_RECORDING:
        f->recordings++;
        snprintf(f->last, sizeof f->last, "%s %s", c->name, json_string_value(json_object_get(c->body, "state")));
        break;
    case LEC_CHANGE_ALARM:
        f->alarms++;
        snprintf(f->last, sizeof f->last, "%s %s", c->name, json_string_value(json_object_get(c->body, "state")));
        break;
    case LEC_CHANGE_TIMETABLE:
        f->timetables++;
        break;
    case LEC_CHANGE_TRACE:
        break;
    case LEC_CHANGE_GAP:
        f->gaps++;
        snprintf(f->gap, sizeof f->gap, "%s", c->name);
        break;
    }
}

void open_view(struct fixture *f, unsigned follow, int64_t journal_after)
{
    struct lec_view_options options = {.follow = follow, .journal_after = journal_after, .changed = changed, .arg = f};
    assert_int_equal(lec_view_open(f->bus, &options, &f->view, NULL), 0);
}

int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    room_open(&f->room);
    struct lec_bus_options options = {.command = f->room.command, .event = f->room.event, .connect_ms = 60000};
    assert_int_equal(lec_bus_open(&options, &f->bus, NULL), 0);
    *state = f;
    return 0;
}

int teardown(void **state)
{
    struct fixture *f = *state;
    lec_view_free(&f->view);
    lec_bus_free(&f->bus);
    json_decref(f->run);
    room_close(&f->room);
    free(f);
    return 0;
}

void until(struct fixture *f, const int *times, int wanted)
{
    ROOM_UNTIL(&f->room, f->bus, *times >= wanted);
    assert_int_equal(*times, wanted);
}

/* Lets the bus do what is due, until it has asked `method`. */
json_t *asked(struct fixture *f, const char *method)
{
    for (int64_t end = f->room.clock_ns + ROOM_PATIENCE_MS * LEC_MS; f->room.clock_ns < end;) {
        room_turn(&f->room, f->bus, 5);
        json_t *request = room_next(&f->room, 5);
        if (!request)
            continue;
        const char *what = json_string_value(json_object_get(request, "method"));
        if (strcmp(what, method) == 0)
            return request;
        if (strcmp(what, "room.describe") != 0)
            fail_msg("%s was asked instead of %s", what, method);
        room_reply(&f->room, request, room_about(&f->room));
    }
    fail_msg("%s was not asked", method);
    return NULL;
}

json_t *a_value(json_t *value, const char *quality, int64_t age_ms)
{
    json_t *v = json_pack("{s:o, s:s, s:I}", "value", value, "quality", quality, "time", (json_int_t)1790000000000000);
    if (age_ms >= 0)
        json_object_set_new(v, "age_ms", json_integer(age_ms));
    return v;
}

json_t *a_snapshot(const struct bus_room *room, const char *power)
{
    return json_pack("{s:s, s:I, s:I, s:{s:{s:s, s:{s:o, s:o}}, s:{s:s, s:s, s:{}}}, s:[]}", "boot", room->boot, "seq",
                     (json_int_t)room->seq, "time", (json_int_t)1790000000000000, "devices", "projector", "status",
                     "online", "points", "power", a_value(json_string(power), "good", 400), "hours",
                     json_pack("{s:i, s:s, s:I, s:I, s:s}", "value", 12, "quality", "good", "time",
                               (json_int_t)1789999999000000, "age_ms", (json_int_t)1000, "unit", "h"),
                     "screen", "status", "away", "reason", "no reply", "points", "runs");
}

json_t *a_change(const char *power)
{
    return json_pack("{s:s, s:{s:o}}", "device", "projector", "points", "power",
                     a_value(json_string(power), "good", -1));
}

void answer_snapshot(struct fixture *f, const char *power)
{
    room_reply(&f->room, asked(f, "state.snapshot"), a_snapshot(&f->room, power));
}

void introduce(struct fixture *f)
{
    room_reply(&f->room, asked(f, "room.describe"), room_about(&f->room));
    ROOM_UNTIL(&f->room, f->bus, lec_bus_room(f->bus));
    assert_non_null(lec_bus_room(f->bus));
    room_until_subscribed(&f->room);
}

void go_live(struct fixture *f, const char *power)
{
    introduce(f);
    room_heartbeat(&f->room);
    answer_snapshot(f, power);
    until(f, &f->live, 1);
    assert_true(lec_view_live(f->view));
}

const char *power_of(struct fixture *f)
{
    struct lec_reading r;
    assert_true(lec_view_read(f->view, "projector.power", &r));
    return json_string_value(r.value);
}
