#include "simulator.h"

#include <stdlib.h>
#include <string.h>

#include "lectern/log.h"
#include "lectern/model.h"
#include "lectern/parse.h"
#include "lectern/paths.h"
#include "loop.h"

#define DETAILS_MAX 300 /* bytes of parameters that are noted */
#define REASON_MAX  300
#define NOTE_MS     5000

/* It speaks the room's protocol, so it is asked as a room is. */
struct simulator {
    struct lec_bus *bus;
    struct lws *wsi;
};

static const char *const methods[] = {"sim.describe", "sim.state", "sim.fault", "sim.clear", "sim.unplug", "sim.plug"};

bool simulator_method(const char *method)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (strcmp(methods[i], method) == 0)
            return true;
    return false;
}

bool simulator_allowed(const json_t *described, const char *role)
{
    return json_is_true(json_object_get(described, "simulated")) &&
           (strcmp(role, "facilities") == 0 || strcmp(role, "admin") == 0);
}

json_t *simulator_may(const json_t *may)
{
    json_t *all = may ? json_copy((json_t *)(uintptr_t)may) : json_array(); /* jansson's copy takes no const */
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        json_array_append_new(all, json_string(methods[i]));
    return all;
}

static void on_readable(void *arg)
{
    struct simulator *s = arg;
    lec_bus_dispatch(s->bus);
}

static int open_simulator(struct room *room, struct lec_err *err)
{
    char run[2048], endpoint[2200];
    int rc = lec_path_run(run, sizeof run, err);
    if (rc < 0)
        return rc;
    snprintf(endpoint, sizeof endpoint, "ipc://%s/%s/simulator", run, room->name);
    room->simulator = calloc(1, sizeof *room->simulator);
    if (!room->simulator)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    struct lec_bus_options options = {.command = endpoint};
    rc = lec_bus_open(&options, &room->simulator->bus, err);
    if (rc == 0)
        rc = loop_watch(room->server, lec_bus_fd(room->simulator->bus), on_readable, room->simulator,
                        &room->simulator->wsi, err);
    if (rc < 0)
        simulator_close(room);
    return rc;
}

int simulator_send(struct room *room, const char *method, json_t *params, int timeout_ms, lec_bus_answered *answered,
                   void *arg, uint64_t *call, struct lec_err *err)
{
    int rc = room->simulator ? 0 : open_simulator(room, err);
    if (rc < 0) {
        json_decref(params);
        return lec_because(err, "the simulator");
    }
    return lec_bus_send(room->simulator->bus, method, params, timeout_ms, answered, arg, call, err);
}

void simulator_noted(struct room *room, const char *person, const char *method, const json_t *params,
                     const char *reason)
{
    struct lec_err err = {.text = ""};
    if (strcmp(method, "sim.describe") == 0 || strcmp(method, "sim.state") == 0)
        return;
    char *details = json_object_size(params) > 0 ? json_dumps(params, JSON_COMPACT) : NULL;
    json_t *note = json_pack("{s:s,s:s}", "person", person, "method", method);
    json_t *device = json_object_get(params, "device");
    if (json_is_string(device) && json_string_length(device) <= LEC_NAME_MAX)
        json_object_set(note, "device", device);
    if (details && strlen(details) <= DETAILS_MAX)
        json_object_set_new(note, "details", json_string(details));
    if (reason) {
        char why[REASON_MAX + 1];
        (void)lec_copy_utf8(why, sizeof why, reason, strlen(reason));
        json_object_set_new(note, "reason", json_string(why));
    }
    if (!note || lec_bus_send(room->bus, "simulator.note", note, NOTE_MS, NULL, NULL, NULL, &err) < 0)
        lec_log(LEC_LOG_WARNING, "room %s: %s of %s could not be noted: %s", room->name, method, person, err.text);
    free(details);
}

void simulator_forget(struct room *room, uint64_t call)
{
    if (room->simulator)
        lec_bus_forget(room->simulator->bus, call);
}

void simulator_close(struct room *room)
{
    if (!room->simulator)
        return;
    loop_unwatch(&room->simulator->wsi);
    lec_bus_free(&room->simulator->bus);
    free(room->simulator);
    room->simulator = NULL;
}
