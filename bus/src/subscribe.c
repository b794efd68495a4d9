#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define EVENTS_QUEUED 4000 /* events that may wait in our socket; then the room drops ours, and we see a gap */

static bool subscribe(struct lec_view *v, enum event_kind kind)
{
    char prefix[sizeof v->prefix + 16];
    int n = snprintf(prefix, sizeof prefix, "%s%s/", v->prefix, lec_event_kind_name(kind));
    return zmq_setsockopt(v->events, ZMQ_SUBSCRIBE, prefix, (size_t)n) == 0;
}

void lec_view_close_events(struct lec_view *v)
{
    if (!v->events)
        return;
    lec_bus_unwatch(v->bus, v->events);
    zmq_close(v->events);
    v->events = NULL;
}

int lec_view_open_events(struct lec_view *v, struct lec_err *err)
{
    int queue = EVENTS_QUEUED, zero = 0, ivl = 20, ivl_max = 500;
    int64_t limit = LEC_BUS_MESSAGE_MAX;
    v->events = zmq_socket(v->bus->zmq, ZMQ_SUB);
    if (!v->events)
        return lec_fail(err, LEC_E_NOMEM, "%s: %s", v->bus->title, zmq_strerror(errno));
    zmq_setsockopt(v->events, ZMQ_RCVHWM, &queue, sizeof queue);
    zmq_setsockopt(v->events, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(v->events, ZMQ_RECONNECT_IVL, &ivl, sizeof ivl);
    zmq_setsockopt(v->events, ZMQ_RECONNECT_IVL_MAX, &ivl_max, sizeof ivl_max);
    zmq_setsockopt(v->events, ZMQ_MAXMSGSIZE, &limit, sizeof limit);
    if (strncmp(v->bus->event_at, "tcp:", 4) == 0) {
        int beat = 2000, silence = 6000;
        zmq_setsockopt(v->events, ZMQ_HEARTBEAT_IVL, &beat, sizeof beat);
        zmq_setsockopt(v->events, ZMQ_HEARTBEAT_TIMEOUT, &silence, sizeof silence);
    }
    v->opened_at = lec_now();
    if (zmq_connect(v->events, v->bus->event_at) < 0)
        return lec_fail(err, LEC_E_CONFIG, "%s: cannot connect to \"%s\": %s", v->bus->title, v->bus->event_at,
                        zmq_strerror(errno));
    if (!lec_bus_watch(v->bus, v->events))
        return lec_fail(err, LEC_E_NOMEM, "%s: no descriptors left", v->bus->title);
    return 0;
}

/* Heartbeats last: the first of them says that all is in force. */
static void subscribe_all(struct lec_view *v)
{
    static const struct {
        unsigned follow;
        enum event_kind kind;
    } kinds[] = {{LEC_FOLLOW_EVENT, EVENT_EVENT},
                 {LEC_FOLLOW_JOURNAL, EVENT_JOURNAL},
                 {LEC_FOLLOW_SAMPLE, EVENT_SAMPLE},
                 {LEC_FOLLOW_TRACE, EVENT_TRACE},
                 {LEC_FOLLOW_RUN, EVENT_RUN}};
    subscribe(v, EVENT_STATE);
    subscribe(v, EVENT_SCENE);
    subscribe(v, EVENT_ALARM);
    subscribe(v, EVENT_TIMETABLE);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (v->options.follow & kinds[i].follow)
            subscribe(v, kinds[i].kind);
    subscribe(v, EVENT_HEARTBEAT);
}

/* A socket that says nothing is made anew: libzmq gives up one that received too long a message, without a word. */
void lec_view_reopen_events(struct lec_view *v)
{
    struct lec_err err;
    lec_view_close_events(v);
    if (lec_view_open_events(v, &err) < 0) {
        lec_view_close_events(v);
        lec_view_lose(v, err.text);
        return;
    }
    subscribe_all(v);
}

/* Site and room are known, or have changed: subscribes, heartbeats last. */
void lec_view_learn_room(struct lec_view *v)
{
    const char *site = json_string_value(json_object_get(v->bus->room, "site"));
    const char *room = json_string_value(json_object_get(v->bus->room, "room"));
    char prefix[sizeof v->prefix];
    v->described = v->bus->described;
    if (!site || !room || site[0] == '\0' || room[0] == '\0' ||
        (size_t)snprintf(prefix, sizeof prefix, "%s/%s/", site, room) >= sizeof prefix) {
        v->stats.garbage++;
        return;
    }
    if (strcmp(prefix, v->prefix) == 0)
        return;
    bool known = v->prefix[0] != '\0';
    memcpy(v->prefix, prefix, sizeof prefix);
    v->phase = PHASE_HEARTBEAT;
    if (known)
        lec_view_reopen_events(v);
    else
        subscribe_all(v);
}
