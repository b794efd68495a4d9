/* liblectern: which rooms there are, and endpoints that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bus_room.h"
#include "lectern/bus.h"

static void endpoints_that_cannot_be_are_refused(void **state)
{
    struct lec_bus *bus = NULL;
    struct lec_err err;
    (void)state;
    static const struct lec_bus_options wrong[] = {
        {0}, {.command = "nonsense"}, {.command = "tcp://"}, {.room = ""}, {.room = "../x"}, {.room = ".x"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(lec_bus_open(&wrong[i], &bus, &err), LEC_E_CONFIG);
        assert_null(bus);
    }
    char run[128];
    memset(run, 'r', sizeof run - 1);
    run[0] = '/';
    run[sizeof run - 1] = '\0';
    setenv("LECTERN_RUN", run, 1);
    assert_int_equal(lec_bus_open(&(struct lec_bus_options){.room = "phong-1"}, &bus, &err), LEC_E_CONFIG);
    assert_non_null(strstr(err.text, "LECTERN_RUN"));
    unsetenv("LECTERN_RUN");
}

static void rooms_are_found_and_told_apart(void **state)
{
    struct bus_room room;
    struct lec_room_found found[8];
    char run[64] = "/tmp/lectern-test-XXXXXX", path[128], folder[256];
    (void)state;
    room_open(&room);
    assert_non_null(mkdtemp(run));
    setenv("LECTERN_RUN", run, 1);
    assert_int_equal(lec_bus_rooms(found, ARRAY_LEN(found), folder, sizeof folder, NULL), 0);
    assert_string_equal(folder, run);
    /* One that runs (a link to the fake room's folder), one left behind, one folder that is no room. */
    snprintf(path, sizeof path, "%s/phong-b", run);
    assert_int_equal(symlink(room.folder, path), 0);
    snprintf(path, sizeof path, "%s/none", run);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(lec_bus_rooms(found, ARRAY_LEN(found), NULL, 0, NULL), 1);
    assert_string_equal(found[0].name, "phong-b");
    assert_int_equal(found[0].state, LEC_ROOM_RUNNING);
    /* Its socket file stays when the room is killed: made here by a socket that is bound and closed. */
    struct bus_room dead;
    room_open(&dead);
    char keep[128];
    snprintf(path, sizeof path, "%s/command", dead.folder);
    snprintf(keep, sizeof keep, "%s/none/command", run);
    assert_int_equal(link(path, keep), 0);
    room_close(&dead);
    assert_int_equal(lec_bus_rooms(found, ARRAY_LEN(found), NULL, 0, NULL), 2);
    assert_string_equal(found[0].name, "none");
    assert_int_equal(found[0].state, LEC_ROOM_DEAD);
    assert_int_equal(lec_bus_rooms(found, 1, NULL, 0, NULL), 1);
    unlink(keep);
    snprintf(path, sizeof path, "%s/none", run);
    rmdir(path);
    snprintf(path, sizeof path, "%s/phong-b", run);
    unlink(path);
    rmdir(run);
    assert_int_equal(lec_bus_rooms(found, ARRAY_LEN(found), NULL, 0, NULL), 0);
    unsetenv("LECTERN_RUN");
    room_close(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_that_cannot_be_are_refused),
        cmocka_unit_test(rooms_are_found_and_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
