#include "bus_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#define SITE "truong"
#define ROOM "phong-1"

/* ---- Time ---- */

void room_pass(struct bus_room *room, int64_t ms)
{
    room->clock_ns += ms * LEC_MS;
    lec_clock_fake(room->clock_ns, room->wall_us);
}

void room_true_time(void)
{
    lec_clock_fake(-1, 0);
}

static int64_t true_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / LEC_MS;
}

void room_turn(struct bus_room *room, struct lec_bus *bus, int ms)
{
    int64_t begun = true_ms();
    lec_bus_wait(bus, ms);
    int64_t took = true_ms() - begun;
    room_pass(room, took < ms ? took : ms);
}

/* ---- The sockets ---- */

static void *bind_socket(struct bus_room *room, int type, const char *at)
{
    int zero = 0, one = 1;
    void *socket = zmq_socket(room->zmq, type);
    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
    if (type == ZMQ_XPUB)
        zmq_setsockopt(socket, ZMQ_XPUB_VERBOSE, &one, sizeof one);
    if (type == ZMQ_ROUTER)
        zmq_setsockopt(socket, ZMQ_ROUTER_HANDOVER, &one, sizeof one);
    assert_int_equal(zmq_bind(socket, at), 0);
    return socket;
}

void room_start(struct bus_room *room, bool same_boot)
{
    room->zmq = zmq_ctx_new();
    room->router = bind_socket(room, ZMQ_ROUTER, room->command);
    room->pub = bind_socket(room, ZMQ_XPUB, room->event);
    room->subscriptions = 0;
    if (!same_boot) {
        snprintf(room->boot, sizeof room->boot, "boot-%d", ++room->starts);
        room->seq = 0;
        json_object_clear(room->prev);
        json_object_clear(room->last);
    }
}

/* ZeroMQ closes behind our back: only the end of the context says that nobody is let in any more, and that no late clean-up
 * takes the socket file of the next start away. */
void room_stop(struct bus_room *room)
{
    zmq_close(room->router);
    zmq_close(room->pub);
    zmq_ctx_term(room->zmq);
    room->zmq = room->router = room->pub = NULL;
}

void room_open(struct bus_room *room)
{
    *room = (struct bus_room){0};
    snprintf(room->folder, sizeof room->folder, "/tmp/lectern-test-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->command, sizeof room->command, "ipc://%s/command", room->folder);
    snprintf(room->event, sizeof room->event, "ipc://%s/event", room->folder);
    room->prev = json_object();
    room->last = json_object();
    room->clock_ns = lec_now();
    room->wall_us = 1790000000000000;
    room_pass(room, 0);
    room_start(room, false);
}

void room_close(struct bus_room *room)
{
    static const char *const files[] = {"command", "event"};
    if (room->router)
        room_stop(room);
    room_true_time();
    json_decref(room->prev);
    json_decref(room->last);
    for (size_t i = 0; i < 2; i++) {
        char path[96];
        snprintf(path, sizeof path, "%s/%s", room->folder, files[i]);
        unlink(path);
    }
    rmdir(room->folder);
}

json_t *room_next(struct bus_room *room, int timeout_ms)
{
    zmq_pollitem_t item = {.socket = room->router, .events = ZMQ_POLLIN};
    if (zmq_poll(&item, 1, timeout_ms) < 1)
        return NULL;
    int n = zmq_recv(room->router, room->peer, sizeof room->peer, 0);
    assert_true(n > 0);
    room->peer_size = (size_t)n;
    zmq_msg_t msg;
    zmq_msg_init(&msg);
    assert_true(zmq_msg_recv(&msg, room->router, 0) >= 0);
    json_t *request = json_loadb(zmq_msg_data(&msg), zmq_msg_size(&msg), 0, NULL);
    zmq_msg_close(&msg);
    assert_non_null(request);
    return request;
}

const char *request_id(const json_t *request)
{
    return json_string_value(json_object_get(request, "id"));
}

json_t *room_about(const struct bus_room *room)
{
    return json_pack("{s:s, s:s, s:s}", "site", SITE, "room", ROOM, "boot", room->boot);
}

json_t *room_expect(struct bus_room *room, const char *method)
{
    for (;;) {
        json_t *request = room_next(room, ROOM_PATIENCE_MS);
        if (!request)
            fail_msg("no %s was asked", method);
        const char *asked = json_string_value(json_object_get(request, "method"));
        if (strcmp(asked, method) == 0)
            return request;
        if (strcmp(asked, "room.describe") != 0)
            fail_msg("%s was asked instead of %s", asked, method);
        room_reply(room, request, room_about(room));
    }
}

void room_send(struct bus_room *room, const void *data, size_t size)
{
    zmq_send(room->router, room->peer, room->peer_size, ZMQ_SNDMORE);
    zmq_send(room->router, data, size, 0);
}

static void send_answer(struct bus_room *room, json_t *request, const char *key, json_t *body)
{
    json_t *answer = json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", json_object_get(request, "id"), key, body);
    char *text = json_dumps(answer, JSON_COMPACT);
    room_send(room, text, strlen(text));
    free(text);
    json_decref(answer);
    json_decref(request);
}

void room_reply(struct bus_room *room, json_t *request, json_t *result)
{
    send_answer(room, request, "result", result);
}

void room_refuse(struct bus_room *room, json_t *request, int code, const char *message)
{
    send_answer(room, request, "error",
                json_pack("{s:i, s:s, s:{s:s}}", "code", code, "message", message, "data", "reason", message));
}

/* ---- Events ---- */

static void topic_of(const char *kind, const char *name, char *topic, size_t size)
{
    snprintf(topic, size, SITE "/" ROOM "/%s/%s", kind, name);
}

static void number(struct bus_room *room, const char *kind, const char *topic, json_t *body)
{
    const json_t *prev = json_object_get(room->prev, topic);
    room->seq++;
    json_object_set_new(body, "seq", json_integer(room->seq));
    json_object_set_new(body, "prev", json_integer(json_integer_value(prev)));
    json_object_set_new(body, "before", json_integer(json_integer_value(json_object_get(room->last, kind))));
    json_object_set_new(body, "time", json_integer(1790000000000000 + room->seq));
    json_object_set_new(room->prev, topic, json_integer(room->seq));
    if (strcmp(kind, "heartbeat") != 0)
        json_object_set_new(room->last, kind, json_integer(room->seq));
}

void room_frames(struct bus_room *room, const void *const frames[], const size_t sizes[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        zmq_send(room->pub, frames[i], sizes[i], i + 1 < n ? ZMQ_SNDMORE : 0);
}

void room_sample(struct bus_room *room, const char *name, json_t *body, const void *samples, size_t size)
{
    char topic[128];
    topic_of("sample", name, topic, sizeof topic);
    number(room, "sample", topic, body);
    char *text = json_dumps(body, JSON_COMPACT);
    room_frames(room, (const void *[]){topic, text, samples}, (size_t[]){strlen(topic), strlen(text), size}, 3);
    free(text);
    json_decref(body);
}

void room_event(struct bus_room *room, const char *kind, const char *name, json_t *body)
{
    char topic[128];
    topic_of(kind, name, topic, sizeof topic);
    assert_non_null(body);
    number(room, kind, topic, body);
    char *text = json_dumps(body, JSON_COMPACT);
    room_frames(room, (const void *[]){topic, text}, (size_t[]){strlen(topic), strlen(text)}, 2);
    free(text);
    json_decref(body);
}

void room_lose(struct bus_room *room, const char *kind, const char *name)
{
    char topic[128];
    json_t *body = json_object();
    topic_of(kind, name, topic, sizeof topic);
    number(room, kind, topic, body);
    json_decref(body);
}

void room_heartbeat(struct bus_room *room)
{
    room_event(room, "heartbeat", "room", json_pack("{s:s, s:O}", "boot", room->boot, "last", room->last));
}

void room_until_subscribed(struct bus_room *room)
{
    for (;;) {
        char topic[128];
        zmq_pollitem_t item = {.socket = room->pub, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, ROOM_PATIENCE_MS) < 1)
            fail_msg("nobody subscribed to heartbeats");
        int n = zmq_recv(room->pub, topic, sizeof topic - 1, 0);
        assert_true(n > 0);
        topic[n] = '\0';
        room->subscriptions++;
        if (topic[0] == 1 && strstr(topic + 1, "/heartbeat/"))
            return;
    }
}
