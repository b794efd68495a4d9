/* What the tests of views share: a bus and a view on a room of the test's own (bus_room.h), and what the view told. */
#ifndef LECTERN_TEST_BUS_VIEW_H
#define LECTERN_TEST_BUS_VIEW_H

#include "bus_room.h"
#include "lectern/bus.h"

struct fixture {
    struct bus_room room;
    struct lec_bus *bus;
    struct lec_view *view;
    int live, lost, points, devices, runs, events, gaps, samples, recordings, alarms, timetables;
    char last[160]; /* the last device, point, event, recording or alarm told */
    char gap[32];
    double first_sample;
    size_t n_samples;
    int64_t entries[64];
    int n_entries;
    json_t *run;
};

void open_view(struct fixture *f, unsigned follow, int64_t journal_after);
int setup(void **state);
int teardown(void **state);
void until(struct fixture *f, const int *times, int wanted);
json_t *asked(struct fixture *f, const char *method);
/* The room has said what it is, and is listened to. */
void introduce(struct fixture *f);
json_t *a_value(json_t *value, const char *quality, int64_t age_ms);
json_t *a_snapshot(const struct bus_room *room, const char *power);
json_t *a_change(const char *power);
void answer_snapshot(struct fixture *f, const char *power);
void go_live(struct fixture *f, const char *power);
const char *power_of(struct fixture *f);

#endif
