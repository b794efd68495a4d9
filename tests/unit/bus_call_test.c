/* liblectern: requests and their answers, kind and hostile ones. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "bus_room.h"
#include "lectern/bus.h"
#include "lectern/clock.h"

struct fixture {
    struct bus_room room;
    struct lec_bus *bus;
};

/* What came back of an asynchronous call. */
struct got {
    int times, rc;
    json_t *result, *error;
    struct lec_err err;
};

static void take(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    struct got *g = arg;
    g->times++;
    g->rc = rc;
    g->result = json_incref(result);
    g->error = json_incref(error);
    g->err = *err;
}

static void drop(struct got *g)
{
    json_decref(g->result);
    json_decref(g->error);
    *g = (struct got){0};
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    room_open(&f->room);
    struct lec_bus_options options = {.command = f->room.command, .event = f->room.event, .connect_ms = 60000};
    assert_int_equal(lec_bus_open(&options, &f->bus, NULL), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lec_bus_free(&f->bus);
    assert_null(f->bus);
    room_close(&f->room);
    free(f);
    return 0;
}

static void until(struct fixture *f, const int *times, int wanted)
{
    ROOM_UNTIL(&f->room, f->bus, *times >= wanted);
    assert_int_equal(*times, wanted);
}

static void until_connected(struct fixture *f, uint64_t times)
{
    struct lec_bus_stats stats = {0};
    ROOM_UNTIL(&f->room, f->bus, (lec_bus_get_stats(f->bus, &stats), stats.connects >= times));
    assert_int_equal(stats.connects, times);
}

static void until_lost(struct fixture *f)
{
    ROOM_UNTIL(&f->room, f->bus, !lec_bus_connected(f->bus));
    assert_false(lec_bus_connected(f->bus));
}

/* The bus has asked room.describe; answers it and lets the bus take it in. */
static void introduce(struct fixture *f)
{
    until_connected(f, 1);
    json_t *about = room_next(&f->room, ROOM_PATIENCE_MS);
    assert_string_equal(json_string_value(json_object_get(about, "method")), "room.describe");
    room_reply(&f->room, about, room_about(&f->room));
    ROOM_UNTIL(&f->room, f->bus, lec_bus_room(f->bus));
    assert_non_null(lec_bus_room(f->bus));
}

/* The next request, whatever it is. */
static json_t *asked(struct fixture *f)
{
    json_t *request = NULL;
    ROOM_UNTIL(&f->room, f->bus, (request = room_next(&f->room, 10)));
    assert_non_null(request);
    return request;
}

static void ask(struct fixture *f, const char *method, struct got *g)
{
    assert_int_equal(lec_bus_send(f->bus, method, json_pack("{s:s}", "target", "a.b"), 60000, take, g, NULL, NULL), 0);
}

static void the_result_comes_to_who_asked(void **state)
{
    struct fixture *f = *state;
    struct got a = {0}, b = {0};
    introduce(f);
    ask(f, "point.read", &a);
    ask(f, "device.list", &b);
    json_t *first = room_expect(&f->room, "point.read");
    assert_string_equal(json_string_value(json_object_get(json_object_get(first, "params"), "target")), "a.b");
    assert_int_equal(strlen(request_id(first)), 36);
    json_t *second = room_expect(&f->room, "device.list");
    /* Answers come in any order. */
    room_reply(&f->room, second, json_string("second"));
    until(f, &b.times, 1);
    assert_int_equal(a.times, 0);
    room_reply(&f->room, first, json_string("first"));
    until(f, &a.times, 1);
    assert_int_equal(a.rc, 0);
    assert_string_equal(json_string_value(a.result), "first");
    assert_string_equal(json_string_value(b.result), "second");
    drop(&a);
    drop(&b);
}

static void an_error_of_the_room_comes_with_its_code_and_object(void **state)
{
    static const struct {
        int said, rc;
    } cases[] = {{-32002, LEC_E_REFUSED}, {-32003, LEC_E_TIMEOUT},   {-32004, LEC_E_LINK},
                 {-32005, LEC_E_RANGE},   {-32001, LEC_E_RANGE},     {-32602, LEC_E_RANGE},
                 {-32006, LEC_E_NOTSUP},  {-32601, LEC_E_NOTSUP},    {-32007, LEC_E_BUSY},
                 {-32008, LEC_E_REFUSED}, {-32009, LEC_E_CANCELLED}, {-32010, LEC_E_CANCELLED},
                 {-32011, LEC_E_CONFIG},  {-32603, LEC_E_BUG},       {7, LEC_E_BUG}};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct got g = {0};
        ask(f, "point.write", &g);
        until_connected(f, 1);
        room_refuse(&f->room, room_expect(&f->room, "point.write"), cases[i].said, "projector: no");
        until(f, &g.times, 1);
        assert_int_equal(g.rc, cases[i].rc);
        assert_null(g.result);
        assert_string_equal(g.err.text, "projector: no");
        assert_int_equal(json_integer_value(json_object_get(g.error, "code")), cases[i].said);
        assert_string_equal(json_string_value(json_object_get(json_object_get(g.error, "data"), "reason")),
                            "projector: no");
        drop(&g);
    }
}

/* The answer is sent as it stands, with the request's id for @. */
static void answer_with(struct fixture *f, json_t *request, const char *text)
{
    char answer[512];
    const char *at = strchr(text, '@');
    if (at)
        snprintf(answer, sizeof answer, "%.*s%s%s", (int)(at - text), text, request_id(request), at + 1);
    else
        snprintf(answer, sizeof answer, "%s", text);
    room_send(&f->room, answer, strlen(answer));
}

static void hostile_answers_end_nothing_but_their_own_call(void **state)
{
    static const struct {
        const char *answer;
        int rc; /* 1: is no answer to anything, so the next one counts */
    } cases[] = {
        {"", 1},
        {"not json", 1},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"@\",\"result\":1", 1},
        {"[{\"jsonrpc\":\"2.0\",\"id\":\"@\",\"result\":1}]", 1},
        {"null", 1},
        {"\"@\"", 1},
        {"{}", 1},
        {"{\"jsonrpc\":\"2.0\",\"result\":1}", 1},
        {"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1}", 1},
        {"{\"jsonrpc\":\"2.0\",\"id\":[\"@\"],\"result\":1}", 1},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"00000000-0000-4000-8000-000000000000\",\"result\":1}", 1},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"@x\",\"result\":1}", 1},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"@\",\"id\":\"x\",\"result\":1}", 1},
        {"{\"jsonrpc\":\"1.0\",\"id\":\"@\",\"result\":1}", LEC_E_FRAME},
        {"{\"jsonrpc\":2.0,\"id\":\"@\",\"result\":1}", LEC_E_FRAME},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"@\"}", LEC_E_FRAME},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"@\",\"result\":1,\"error\":{\"code\":1,\"message\":\"x\"}}", LEC_E_FRAME},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"@\",\"error\":null}", LEC_E_FRAME},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"@\",\"error\":\"x\"}", LEC_E_FRAME},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"@\",\"error\":{\"code\":\"-32001\",\"message\":\"x\"}}", LEC_E_FRAME},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"@\",\"error\":{\"code\":-32001,\"message\":5}}", LEC_E_FRAME},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"@\",\"result\":null}", 0},
    };
    struct fixture *f = *state;
    introduce(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct got g = {0};
        ask(f, "point.read", &g);
        json_t *request = room_expect(&f->room, "point.read");
        answer_with(f, request, cases[i].answer);
        if (cases[i].rc == 1)
            room_reply(&f->room, request, json_string("true answer"));
        else
            json_decref(request);
        until(f, &g.times, 1);
        if (cases[i].rc == 1)
            assert_string_equal(json_string_value(g.result), "true answer");
        else
            assert_int_equal(g.rc, cases[i].rc);
        if (g.rc == LEC_E_FRAME)
            assert_non_null(strstr(g.err.text, "point.read"));
        drop(&g);
    }
    struct lec_bus_stats stats;
    lec_bus_get_stats(f->bus, &stats);
    assert_true(stats.garbage >= 15);
    assert_true(stats.unexpected >= 6);
}

static void an_answer_in_several_frames_is_no_answer(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    introduce(f);
    ask(f, "point.read", &g);
    json_t *request = room_expect(&f->room, "point.read");
    zmq_send(f->room.router, f->room.peer, f->room.peer_size, ZMQ_SNDMORE);
    zmq_send(f->room.router, "{}", 2, ZMQ_SNDMORE);
    zmq_send(f->room.router, "{}", 2, ZMQ_SNDMORE);
    zmq_send(f->room.router, "{}", 2, 0);
    room_reply(&f->room, request, json_true());
    until(f, &g.times, 1);
    assert_int_equal(g.rc, 0);
    drop(&g);
}

static void an_answer_that_is_too_long_ends_the_connection_and_the_request_is_repeated(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    introduce(f);
    ask(f, "point.read", &g);
    json_t *request = room_expect(&f->room, "point.read");
    char *huge = malloc(LEC_BUS_MESSAGE_MAX + 1);
    memset(huge, ' ', LEC_BUS_MESSAGE_MAX + 1);
    room_send(&f->room, huge, LEC_BUS_MESSAGE_MAX + 1);
    free(huge);
    until_connected(f, 2);
    json_t *again = room_expect(&f->room, "point.read");
    assert_string_equal(request_id(again), request_id(request));
    json_decref(request);
    room_reply(&f->room, again, json_true());
    until(f, &g.times, 1);
    assert_int_equal(g.rc, 0);
    drop(&g);
}

static void a_late_duplicate_is_counted_and_dropped(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    struct lec_bus_stats stats;
    introduce(f);
    ask(f, "point.read", &g);
    json_t *request = room_expect(&f->room, "point.read");
    room_reply(&f->room, json_incref(request), json_integer(1));
    until(f, &g.times, 1);
    room_reply(&f->room, request, json_integer(2));
    ROOM_UNTIL(&f->room, f->bus, (lec_bus_get_stats(f->bus, &stats), stats.unexpected == 1));
    assert_int_equal(stats.unexpected, 1);
    assert_int_equal(g.times, 1);
    assert_int_equal(json_integer_value(g.result), 1);
    drop(&g);
}

static void a_request_without_answer_is_sent_again_under_its_id(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    introduce(f);
    ask(f, "point.write", &g);
    json_t *first = room_expect(&f->room, "point.write");
    room_pass(&f->room, 1900);
    lec_bus_dispatch(f->bus);
    assert_null(room_next(&f->room, 50));
    room_pass(&f->room, 600);
    lec_bus_dispatch(f->bus);
    json_t *second = asked(f);
    assert_true(json_equal(first, second));
    /* Growing pauses: the next is 4 s later. */
    room_pass(&f->room, 3000);
    lec_bus_dispatch(f->bus);
    assert_null(room_next(&f->room, 50));
    room_pass(&f->room, 1100);
    lec_bus_dispatch(f->bus);
    json_t *third = asked(f);
    assert_true(json_equal(first, third));
    json_decref(first);
    json_decref(second);
    room_reply(&f->room, third, json_true());
    until(f, &g.times, 1);
    assert_int_equal(g.rc, 0);
    drop(&g);
}

static void what_only_reads_is_not_sent_twice_over_one_connection(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    introduce(f);
    ask(f, "driver.search", &g);
    json_t *first = room_expect(&f->room, "driver.search");
    room_pass(&f->room, 15000);
    lec_bus_dispatch(f->bus);
    assert_null(room_next(&f->room, 100));
    room_reply(&f->room, first, json_true());
    until(f, &g.times, 1);
    assert_int_equal(g.rc, 0);
    drop(&g);
}

static void a_call_ends_at_its_deadline(void **state)
{
    struct fixture *f = *state;
    json_t *result, *error;
    struct lec_err err;
    introduce(f);
    room_true_time();
    int64_t begin = lec_now(); /* nobody answers: without a deadline it would never come back */
    assert_int_equal(lec_bus_call(f->bus, "scene.start", NULL, 150, &result, &error, &err), LEC_E_TIMEOUT);
    assert_true(lec_now() - begin >= 140 * LEC_MS);
    assert_null(result);
    assert_null(error);
    assert_non_null(strstr(err.text, "scene.start"));
    assert_non_null(strstr(err.text, "not known"));
}

static void a_room_that_is_not_there_is_said_soon(void **state)
{
    struct fixture *f = *state;
    struct lec_err err;
    char nobody[96];
    lec_bus_free(&f->bus);
    /* Not where the room was: ZeroMQ closes it behind our back, and may still let somebody in. */
    snprintf(nobody, sizeof nobody, "ipc://%s/nobody", f->room.folder);
    struct lec_bus_options options = {.command = nobody, .connect_ms = 300};
    room_true_time();
    int64_t begin = lec_now(); /* the call itself would wait for an hour, and for another code */
    assert_int_equal(lec_bus_open(&options, &f->bus, NULL), 0);
    assert_int_equal(lec_bus_call(f->bus, "point.read", NULL, 3600000, NULL, NULL, &err), LEC_E_LINK);
    assert_true(lec_now() - begin >= 250 * LEC_MS);
    assert_non_null(strstr(err.text, "cannot be reached"));
}

static void after_a_broken_connection_the_same_start_is_asked_again(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    introduce(f);
    ask(f, "action.invoke", &g);
    json_t *first = room_expect(&f->room, "action.invoke");
    room_stop(&f->room);
    until_lost(f);
    room_start(&f->room, true);
    until_connected(f, 2);
    json_t *about = asked(f);
    assert_string_equal(json_string_value(json_object_get(about, "method")), "room.describe");
    /* Not before the room has said which start it is. */
    assert_null(room_next(&f->room, 100));
    room_reply(&f->room, about, room_about(&f->room));
    json_t *again = asked(f);
    assert_true(json_equal(first, again));
    json_decref(first);
    room_reply(&f->room, again, json_true());
    until(f, &g.times, 1);
    assert_int_equal(g.rc, 0);
    drop(&g);
}

static void nothing_is_done_twice_by_two_starts_of_a_room(void **state)
{
    struct fixture *f = *state;
    struct got change = {0}, look = {0};
    introduce(f);
    ask(f, "action.invoke", &change);
    ask(f, "point.read", &look);
    json_decref(room_expect(&f->room, "action.invoke"));
    json_decref(room_expect(&f->room, "point.read"));
    room_stop(&f->room);
    until_lost(f);
    room_start(&f->room, false);
    until_connected(f, 2);
    room_reply(&f->room, room_expect(&f->room, "point.read"), json_true());
    until(f, &look.times, 1);
    until(f, &change.times, 1);
    assert_int_equal(look.rc, 0);
    assert_int_equal(change.rc, LEC_E_LINK);
    assert_null(change.error);
    assert_non_null(strstr(change.err.text, "restarted"));
    assert_null(room_next(&f->room, 100));
    drop(&change);
    drop(&look);
}

static void a_change_of_unknown_start_is_not_repeated_either(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    until_connected(f, 1);
    ask(f, "action.invoke", &g);
    /* The room dies before it has said which start it was. */
    json_decref(asked(f));
    json_t *request = asked(f);
    assert_string_equal(json_string_value(json_object_get(request, "method")), "action.invoke");
    json_decref(request);
    room_stop(&f->room);
    until_lost(f);
    room_start(&f->room, true);
    until_connected(f, 2);
    room_reply(&f->room, asked(f), room_about(&f->room));
    until(f, &g.times, 1);
    assert_int_equal(g.rc, LEC_E_LINK);
    drop(&g);
}

static void a_room_that_does_not_introduce_itself_is_asked_again(void **state)
{
    struct fixture *f = *state;
    until_connected(f, 1);
    json_decref(asked(f));
    room_pass(&f->room, 2100);
    lec_bus_dispatch(f->bus);
    json_t *again = asked(f);
    /* One that says nonsense is not believed. */
    room_reply(&f->room, again, json_pack("{s:i}", "boot", 5));
    struct lec_bus_stats stats;
    ROOM_UNTIL(&f->room, f->bus, (lec_bus_get_stats(f->bus, &stats), stats.garbage > 0));
    assert_int_equal(stats.garbage, 1);
    assert_null(lec_bus_room(f->bus));
}

static void a_bus_takes_so_many_calls_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    struct lec_err err;
    uint64_t first = 0;
    for (int i = 0; i < LEC_BUS_CALLS; i++)
        assert_int_equal(lec_bus_send(f->bus, "point.read", NULL, 1000, take, &g, i == 0 ? &first : NULL, NULL), 0);
    assert_int_equal(lec_bus_send(f->bus, "point.read", json_object(), 1000, take, &g, NULL, &err), LEC_E_BUSY);
    assert_int_equal(lec_bus_call(f->bus, "point.read", NULL, 1000, NULL, NULL, &err), LEC_E_BUSY);
    lec_bus_forget(f->bus, first);
    lec_bus_forget(f->bus, 123456789);
    assert_int_equal(lec_bus_send(f->bus, "point.read", NULL, 1000, take, &g, NULL, NULL), 0);
    assert_int_equal(g.times, 0);
}

static void a_forgotten_call_is_not_answered(void **state)
{
    struct fixture *f = *state;
    struct got forgotten = {0}, other = {0};
    uint64_t call;
    introduce(f);
    assert_int_equal(lec_bus_send(f->bus, "point.read", NULL, 60000, take, &forgotten, &call, NULL), 0);
    ask(f, "device.list", &other);
    lec_bus_forget(f->bus, call);
    room_reply(&f->room, room_expect(&f->room, "point.read"), json_true());
    room_reply(&f->room, room_expect(&f->room, "device.list"), json_true());
    until(f, &other.times, 1);
    assert_int_equal(forgotten.times, 0);
    drop(&other);
}

static void requests_that_cannot_be_are_refused_at_once(void **state)
{
    struct fixture *f = *state;
    struct lec_err err;
    char *text = malloc(LEC_BUS_REQUEST_MAX + 1);
    memset(text, 'x', LEC_BUS_REQUEST_MAX);
    text[LEC_BUS_REQUEST_MAX] = '\0';
    assert_int_equal(lec_bus_call(f->bus, "a.b", json_pack("{s:s}", "t", text), 1000, NULL, NULL, &err), LEC_E_RANGE);
    free(text);
    assert_int_equal(lec_bus_call(f->bus, "a.b", json_array(), 1000, NULL, NULL, &err), LEC_E_RANGE);
    assert_int_equal(lec_bus_send(f->bus, "a.b", json_string("x"), 1000, NULL, NULL, NULL, &err), LEC_E_RANGE);
}

static void the_descriptor_stays_readable_while_an_answer_waits(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    introduce(f);
    ask(f, "point.read", &g);
    room_reply(&f->room, room_expect(&f->room, "point.read"), json_true());
    /* A blocking call takes the other's answer off the socket, and may not swallow it. On a slow machine it has not come yet. */
    room_true_time();
    struct pollfd fd = {.fd = lec_bus_fd(f->bus), .events = POLLIN};
    int64_t until = lec_now() + ROOM_PATIENCE_MS * LEC_MS;
    do
        assert_int_equal(lec_bus_call(f->bus, "device.list", NULL, 100, NULL, NULL, NULL), LEC_E_TIMEOUT);
    while (poll(&fd, 1, 0) == 0 && lec_now() < until);
    assert_int_equal(g.times, 0);
    assert_int_equal(poll(&fd, 1, 0), 1);
    assert_int_equal(lec_bus_dispatch(f->bus), 1);
    assert_int_equal(g.times, 1);
    assert_int_equal(poll(&fd, 1, 50), 0);
    drop(&g);
}

static void the_descriptor_wakes_for_a_deadline(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    introduce(f);
    room_true_time();
    assert_int_equal(lec_bus_send(f->bus, "point.read", NULL, 100, take, &g, NULL, NULL), 0);
    while (g.times == 0)
        lec_bus_wait(f->bus, -1); /* which would never end */
    assert_int_equal(g.rc, LEC_E_TIMEOUT);
    drop(&g);
}

static void call_again(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    struct fixture *f = ((void **)arg)[0];
    struct got *g = ((void **)arg)[1];
    (void)rc, (void)result, (void)error, (void)err;
    assert_int_equal(lec_bus_dispatch(f->bus), 0);
    ask(f, "device.list", g);
}

static void a_callback_may_ask_again(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    void *arg[] = {f, &g};
    introduce(f);
    assert_int_equal(lec_bus_send(f->bus, "point.read", NULL, 60000, call_again, arg, NULL, NULL), 0);
    room_reply(&f->room, room_expect(&f->room, "point.read"), json_true());
    room_reply(&f->room, asked(f), json_true());
    until(f, &g.times, 1);
    drop(&g);
}

static void a_bus_may_be_freed_with_calls_under_way(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    introduce(f);
    ask(f, "point.read", &g);
    room_reply(&f->room, room_expect(&f->room, "point.read"), json_true());
    ask(f, "point.read", &g);
    lec_bus_free(&f->bus);
    assert_null(f->bus);
    assert_int_equal(g.times, 0);
    lec_bus_free(&f->bus);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_result_comes_to_who_asked),
        TEST(an_error_of_the_room_comes_with_its_code_and_object),
        TEST(hostile_answers_end_nothing_but_their_own_call),
        TEST(an_answer_in_several_frames_is_no_answer),
        TEST(an_answer_that_is_too_long_ends_the_connection_and_the_request_is_repeated),
        TEST(a_late_duplicate_is_counted_and_dropped),
        TEST(a_request_without_answer_is_sent_again_under_its_id),
        TEST(what_only_reads_is_not_sent_twice_over_one_connection),
        TEST(a_call_ends_at_its_deadline),
        TEST(a_room_that_is_not_there_is_said_soon),
        TEST(after_a_broken_connection_the_same_start_is_asked_again),
        TEST(nothing_is_done_twice_by_two_starts_of_a_room),
        TEST(a_change_of_unknown_start_is_not_repeated_either),
        TEST(a_room_that_does_not_introduce_itself_is_asked_again),
        TEST(a_bus_takes_so_many_calls_and_no_more),
        TEST(a_forgotten_call_is_not_answered),
        TEST(requests_that_cannot_be_are_refused_at_once),
        TEST(the_descriptor_stays_readable_while_an_answer_waits),
        TEST(the_descriptor_wakes_for_a_deadline),
        TEST(a_callback_may_ask_again),
        TEST(a_bus_may_be_freed_with_calls_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
