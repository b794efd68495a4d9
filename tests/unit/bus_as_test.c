/* liblectern: requests made for somebody else, under an id of the caller's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus_room.h"
#include "lectern/bus.h"

#define ID "0123456789abcdef-of-a-page"

struct fixture {
    struct bus_room room;
    struct lec_bus *bus;
    int answers, rc;
};

static void take(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    struct fixture *f = arg;
    (void)result;
    (void)error;
    (void)err;
    f->answers++;
    f->rc = rc;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    room_open(&f->room);
    struct lec_bus_options options = {.command = f->room.command, .connect_ms = 60000};
    assert_int_equal(lec_bus_open(&options, &f->bus, NULL), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lec_bus_free(&f->bus);
    room_close(&f->room);
    free(f);
    return 0;
}

static int send_as(struct fixture *f, const struct lec_bus_as *as, uint64_t *call, struct lec_err *err)
{
    return lec_bus_send_as(f->bus, as, "scene.start", json_pack("{s:s}", "scene", "lesson"), 60000, take, f, call, err);
}

/* What the room was asked. */
static json_t *asked(struct fixture *f)
{
    for (int64_t end = f->room.clock_ns + ROOM_PATIENCE_MS * LEC_MS; f->room.clock_ns < end;) {
        room_turn(&f->room, f->bus, 5);
        json_t *request = room_next(&f->room, 5);
        if (!request)
            continue;
        if (strcmp(json_string_value(json_object_get(request, "method")), "room.describe") != 0)
            return request;
        room_reply(&f->room, request, room_about(&f->room));
    }
    fail_msg("nothing was asked");
    return NULL;
}

static void answer(struct fixture *f, json_t *request, int wanted)
{
    room_reply(&f->room, request, json_object());
    ROOM_UNTIL(&f->room, f->bus, f->answers >= wanted);
    assert_int_equal(f->answers, wanted);
    assert_int_equal(f->rc, 0);
}

static void the_room_learns_for_whom_and_the_answer_comes_by_the_id_given(void **state)
{
    struct fixture *f = *state;
    struct lec_bus_as as = {.principal = "Cô Lan", .role = "teacher", .id = ID};
    assert_int_equal(send_as(f, &as, NULL, NULL), 0);
    json_t *request = asked(f);
    const json_t *who = json_object_get(request, "as");
    assert_string_equal(request_id(request), ID);
    assert_int_equal(json_object_size(who), 2);
    assert_string_equal(json_string_value(json_object_get(who, "principal")), "Cô Lan");
    assert_string_equal(json_string_value(json_object_get(who, "role")), "teacher");
    answer(f, request, 1);
}

static void without_a_principal_it_is_for_ourselves(void **state)
{
    struct fixture *f = *state;
    struct lec_bus_as as = {.id = ID};
    assert_int_equal(send_as(f, &as, NULL, NULL), 0);
    json_t *request = asked(f);
    assert_null(json_object_get(request, "as"));
    assert_string_equal(request_id(request), ID);
    answer(f, request, 1);
    struct lec_bus_as nobody = {0};
    assert_int_equal(send_as(f, &nobody, NULL, NULL), 0);
    request = asked(f);
    assert_int_equal(strlen(request_id(request)), 36);
    answer(f, request, 2);
}

static void an_id_under_way_is_busy_until_it_is_answered_or_forgotten(void **state)
{
    struct fixture *f = *state;
    struct lec_bus_as as = {.principal = "Lan", .role = "teacher", .id = ID};
    struct lec_err err;
    uint64_t call;
    assert_int_equal(send_as(f, &as, NULL, NULL), 0);
    assert_int_equal(send_as(f, &as, NULL, &err), LEC_E_BUSY);
    assert_non_null(strstr(err.text, ID));
    answer(f, asked(f), 1);
    assert_int_equal(send_as(f, &as, &call, NULL), 0);
    lec_bus_forget(f->bus, call);
    assert_int_equal(send_as(f, &as, NULL, NULL), 0);
    json_decref(asked(f));
    answer(f, asked(f), 2);
}

static void people_and_ids_that_cannot_be_are_refused_at_once(void **state)
{
    struct fixture *f = *state;
    char long_id[66], long_name[65];
    memset(long_id, 'x', 65);
    long_id[65] = '\0';
    memset(long_name, 'x', 64);
    long_name[64] = '\0';
    const struct lec_bus_as wrong[] = {
        {.principal = "", .role = "teacher"},
        {.principal = long_name, .role = "teacher"},
        {.principal = "L\nan", .role = "teacher"},
        {.principal = "Lan\x7f", .role = "teacher"},
        {.principal = "Lan", .role = NULL},
        {.principal = "Lan", .role = ""},
        {.principal = "Lan", .role = "gateway"},
        {.principal = "Lan", .role = "Admin"},
        {.principal = "Lan", .role = "teacher", .id = "fifteen-bytes.."},
        {.principal = "Lan", .role = "teacher", .id = long_id},
        {.principal = "Lan", .role = "teacher", .id = "0123456789abcdef\t"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct lec_err err = {.text = ""};
        assert_int_equal(send_as(f, &wrong[i], NULL, &err), LEC_E_RANGE);
        assert_string_not_equal(err.text, "");
    }
    const struct lec_bus_as not_text = {.principal = "\xff\xfe", .role = "teacher"};
    assert_true(send_as(f, &not_text, NULL, NULL) < 0);
    /* The longest that can be. */
    long_id[64] = long_name[63] = '\0';
    struct lec_bus_as longest = {.principal = long_name, .role = "admin", .id = long_id};
    assert_int_equal(send_as(f, &longest, NULL, NULL), 0);
    answer(f, asked(f), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_room_learns_for_whom_and_the_answer_comes_by_the_id_given),
        TEST(without_a_principal_it_is_for_ourselves),
        TEST(an_id_under_way_is_busy_until_it_is_answered_or_forgotten),
        TEST(people_and_ids_that_cannot_be_are_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
