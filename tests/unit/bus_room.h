/* A room for the tests of liblectern, in the test's own thread: the test takes each request and decides the answer, sends
 * events, loses some, and restarts the room. What cannot be done asserts. */
#ifndef LECTERN_TEST_BUS_ROOM_H
#define LECTERN_TEST_BUS_ROOM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/bus.h"
#include "lectern/clock.h"

struct bus_room {
    char folder[64];
    char command[96], event[96]; /* endpoints */
    void *zmq, *router, *pub;
    char boot[32];
    int starts;
    int64_t seq;
    json_t *prev, *last;    /* topic: seq; kind: seq */
    unsigned char peer[64]; /* who asked last */
    size_t peer_size;
    int subscriptions; /* seen by room_until_subscribed */
    int64_t clock_ns;  /* what liblectern takes the time to be, and the wall clock */
    int64_t wall_us;
};

#define ROOM_PATIENCE_MS 20000 /* until what was waited for counts as never coming */

/* Time goes on in room_turn and room_pass only, and in a turn for no longer than the turn: when the machine stands still, nobody
 * in the test grows impatient of it. room_true_time ends that, for what waits by itself. */
void room_turn(struct bus_room *room, struct lec_bus *bus, int ms); /* the bus does what comes or is due in `ms` */
void room_pass(struct bus_room *room, int64_t ms);                  /* so much time has passed */
void room_true_time(void);

/* Turns until the condition is true, or it was in vain. */
#define ROOM_UNTIL(room, bus, condition)                                                                               \
    for (int64_t end_ = (room)->clock_ns + ROOM_PATIENCE_MS * LEC_MS; !(condition) && (room)->clock_ns < end_;)        \
    room_turn(room, bus, 10)

void room_open(struct bus_room *room);
void room_close(struct bus_room *room);
/* The sockets go, and come back with a new boot (or the same, as after a broken connection). */
void room_stop(struct bus_room *room);
void room_start(struct bus_room *room, bool same_boot);

/* The next request, waiting for it; owned by the test. NULL after `timeout_ms`. */
json_t *room_next(struct bus_room *room, int timeout_ms);
/* Takes requests until one of this method comes; room.describe is answered on the way. Asserts when none comes. */
json_t *room_expect(struct bus_room *room, const char *method);
/* Answers; both take their second argument. */
void room_reply(struct bus_room *room, json_t *request, json_t *result);
void room_refuse(struct bus_room *room, json_t *request, int code, const char *message);
void room_send(struct bus_room *room, const void *data, size_t size);
/* What room.describe says. */
json_t *room_about(const struct bus_room *room);
const char *request_id(const json_t *request);

/* Sends an event with the next sequence number (takes `body`); or only counts it. */
void room_event(struct bus_room *room, const char *kind, const char *name, json_t *body);
void room_lose(struct bus_room *room, const char *kind, const char *name);
void room_sample(struct bus_room *room, const char *name, json_t *body, const void *samples, size_t size);
void room_heartbeat(struct bus_room *room);
void room_frames(struct bus_room *room, const void *const frames[], const size_t sizes[], size_t n);
/* Waits until a subscription to heartbeats comes. */
void room_until_subscribed(struct bus_room *room);

#endif
