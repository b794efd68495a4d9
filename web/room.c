#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "client.h"
#include "lectern/clock.h"
#include "lectern/log.h"
#include "lectern/parse.h"
#include "loop.h"
#include "simulator.h"
#include "wire.h"

#define DESCRIBE_MS  5000
#define LINGER_US    ((lws_usec_t)ROOM_LINGER_S * LWS_US_PER_SEC)
#define PUBLISH_NS   (ROOM_PUBLISH_MS * LEC_MS)
#define LABELS_LEARN 8 /* rooms that are opened at a time only to learn how they are called */

struct rooms {
    struct server *server;
    void *zmq; /* one context for all: its threads are few */
    struct room *at[ROOMS_MAX];
    struct {
        char name[48];
        json_t *label;
    } labels[ROOMS_MAX]; /* as they were described last */
};

static const char *const role_names[ROOM_ROLES] = {"viewer", "teacher", "lab", "facilities", "admin"};

/* ---- Opening and closing ---- */

int rooms_open(struct server *server, struct rooms **out, struct lec_err *err)
{
    struct rooms *rooms = calloc(1, sizeof *rooms);
    if (!rooms)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    rooms->server = server;
    rooms->zmq = zmq_ctx_new();
    if (!rooms->zmq) {
        free(rooms);
        return lec_fail(err, LEC_E_NOMEM, "no ZeroMQ context");
    }
    *out = rooms;
    return 0;
}

static void forget_described(struct room *room)
{
    for (int i = 0; i < ROOM_ROLES; i++) {
        if (room->roles[i].call)
            lec_bus_forget(room->bus, room->roles[i].call);
        json_decref(room->roles[i].described);
        room->roles[i].described = NULL;
        room->roles[i].call = 0;
    }
}

static void forget_deltas(struct room *room)
{
    for (int i = 0; i < ROOM_DELTAS; i++) {
        delta_unref(room->deltas[i]);
        room->deltas[i] = NULL;
    }
}

static void close_views(struct room *room)
{
    lec_view_free(&room->samples);
    lec_view_free(&room->view);
    room->live = room->lost = false;
    forget_deltas(room);
    state_done(&room->state);
}

static void free_room(struct room *room)
{
    for (int i = 0; i < ROOMS_MAX; i++)
        if (room->rooms->at[i] == room)
            room->rooms->at[i] = NULL;
    lws_sul_cancel(&room->publish);
    lws_sul_cancel(&room->linger);
    if (room->bus)
        forget_described(room);
    close_views(room);
    simulator_close(room);
    loop_unwatch(&room->wsi);
    lec_bus_free(&room->bus);
    free(room);
}

void rooms_close(struct rooms **rooms)
{
    struct rooms *r = *rooms;
    if (!r)
        return;
    *rooms = NULL;
    for (int i = 0; i < ROOMS_MAX; i++) {
        if (r->at[i])
            free_room(r->at[i]);
        json_decref(r->labels[i].label);
    }
    zmq_ctx_term(r->zmq);
    free(r);
}

void rooms_each(struct rooms *rooms, void (*each)(struct room *room, void *arg), void *arg)
{
    for (int i = 0; i < ROOMS_MAX; i++)
        if (rooms->at[i])
            each(rooms->at[i], arg);
}

static void on_linger(lws_sorted_usec_list_t *sul)
{
    struct room *room = loop_owner(sul, struct room, linger);
    if (room->n_clients > 0)
        return;
    if (room->n_downloads > 0) {
        lws_sul_schedule(room->server->lws, 0, &room->linger, on_linger, LINGER_US);
        return;
    }
    lec_log(LEC_LOG_DEBUG, "room %s: nobody looks at it any more", room->name);
    free_room(room);
}

static bool in_folder(const char *name)
{
    static struct lec_room_found found[LEC_BUS_ROOMS_MAX];
    int n = lec_bus_rooms(found, LEC_BUS_ROOMS_MAX, NULL, 0, NULL);
    for (int i = 0; i < n; i++)
        if (strcmp(found[i].name, name) == 0)
            return true;
    return false;
}

static void on_readable(void *arg);

static int open_room(struct rooms *rooms, const char *name, struct room **slot, struct lec_err *err)
{
    struct room *room = calloc(1, sizeof *room);
    if (!room)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    lec_copy_utf8(room->name, sizeof room->name, name, strlen(name));
    room->rooms = rooms;
    room->server = rooms->server;
    snprintf(room->reason, sizeof room->reason, "looking for the room");
    struct lec_bus_options options = {.room = room->name, .zmq = rooms->zmq};
    int rc = lec_bus_open(&options, &room->bus, err);
    if (rc == 0)
        rc = loop_watch(rooms->server, lec_bus_fd(room->bus), on_readable, room, &room->wsi, err);
    if (rc < 0) {
        free_room(room);
        return lec_because(err, "room %s", name);
    }
    *slot = room;
    lec_log(LEC_LOG_DEBUG, "room %s: opened", room->name);
    return 0;
}

int room_get(struct rooms *rooms, const char *name, struct room **out, struct lec_err *err)
{
    struct room **slot = NULL, **idle = NULL;
    int unknown = 0;
    for (int i = 0; i < ROOMS_MAX; i++) {
        struct room *room = rooms->at[i];
        if (!room) {
            slot = &rooms->at[i];
            continue;
        }
        if (strcmp(room->name, name) == 0) {
            lws_sul_schedule(rooms->server->lws, 0, &room->linger, on_linger, LINGER_US);
            *out = room;
            return 0;
        }
        if (room->n_clients == 0 && room->n_downloads == 0)
            idle = &rooms->at[i];
        if (!lec_bus_room(room->bus))
            unknown++;
    }
    if (!wire_room_ok(name))
        return lec_fail(err, LEC_E_RANGE, "no room can have this name");
    if (unknown >= ROOMS_UNKNOWN_MAX && !in_folder(name))
        return lec_fail(err, LEC_E_BUSY, "there is no room %s", name);
    if (!slot && idle) {
        free_room(*idle);
        slot = idle;
    }
    if (!slot)
        return lec_fail(err, LEC_E_BUSY, "%d rooms are in use already", ROOMS_MAX);
    int rc = open_room(rooms, name, slot, err);
    if (rc == 0) {
        lws_sul_schedule(rooms->server->lws, 0, &(*slot)->linger, on_linger, LINGER_US);
        *out = *slot;
    }
    return rc;
}

/* ---- Versions and pages ---- */

void delta_unref(struct delta *d)
{
    if (!d || --d->refs > 0)
        return;
    for (int i = 0; i < d->n; i++)
        message_unref(d->at[i]);
    free(d);
}

struct delta *room_delta(struct room *room, uint64_t from)
{
    int64_t now = lec_now();
    if (from < room->state.whole)
        from = 0;
    struct delta **slot = &room->deltas[0];
    for (int i = 0; i < ROOM_DELTAS; i++) {
        struct delta *d = room->deltas[i];
        if (d && (d->to != room->published || now - d->made_at >= PUBLISH_NS)) { /* its ages are old by now */
            delta_unref(d);
            room->deltas[i] = d = NULL;
        }
        if (d && d->from == from) {
            d->refs++;
            return d;
        }
        if (!d || (*slot && d->made_at < (*slot)->made_at))
            slot = &room->deltas[i];
    }
    struct delta *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    *d = (struct delta){.refs = 2, .from = from, .to = room->published, .made_at = now};
    /* What changed since it was published is in it too, and told again with the next version. */
    d->n = state_delta(&room->state, room->view, from, d->at);
    if (d->n < 0) {
        free(d);
        return NULL;
    }
    delta_unref(*slot);
    *slot = d;
    return d;
}

static void publish(struct room *room)
{
    if (!room->view || room->published == room->state.version)
        return;
    int64_t now = lec_now();
    room->published = room->state.version;
    /* The beat is kept when the loop was a little late, so that ten changes a second are ten messages. */
    room->publish_at = now - room->publish_at < PUBLISH_NS / 2 ? room->publish_at + PUBLISH_NS : now + PUBLISH_NS;
    for (struct client *c = room->clients; c; c = c->next)
        client_published(c);
}

static void on_publish(lws_sorted_usec_list_t *sul)
{
    publish(loop_owner(sul, struct room, publish));
}

/* The first change at once, the others when a tenth of a second has gone by. */
static void publish_soon(struct room *room)
{
    if (room->published == room->state.version)
        return;
    int64_t left = room->publish_at - lec_now();
    if (left <= 0)
        publish(room);
    else
        lws_sul_schedule(room->server->lws, 0, &room->publish, on_publish, left / 1000 + 1);
}

static void on_readable(void *arg)
{
    struct room *room = arg;
    lec_bus_dispatch(room->bus);
    publish_soon(room);
}

/* ---- What the view tells ---- */

static void remember_label(struct room *room)
{
    struct rooms *rooms = room->rooms;
    json_t *label = json_object_get(lec_bus_room(room->bus), "label");
    if (!json_is_object(label))
        return;
    int slot = -1;
    for (int i = 0; i < ROOMS_MAX; i++) {
        if (strcmp(rooms->labels[i].name, room->name) == 0) {
            slot = i;
            break;
        }
        if (slot < 0 && rooms->labels[i].name[0] == '\0')
            slot = i;
    }
    if (slot < 0)
        slot = 0;
    json_decref(rooms->labels[slot].label);
    memcpy(rooms->labels[slot].name, room->name, sizeof room->name);
    rooms->labels[slot].label = json_incref(label);
}

static void tell_live(struct room *room, bool live, const char *reason)
{
    room->live = live;
    room->lost = !live;
    lec_copy_utf8(room->reason, sizeof room->reason, reason ? reason : "", reason ? strlen(reason) : 0);
    forget_described(room);
    if (live)
        remember_label(room);
    lec_log(LEC_LOG_NOTICE, "room %s: %s%s", room->name, live ? "there" : "lost: ", room->reason);
    for (struct client *c = room->clients; c; c = c->next)
        client_live(c);
}

static void tell_event(struct room *room, const struct lec_change *change)
{
    struct message *shared = NULL;
    for (struct client *c = room->clients; c; c = c->next)
        client_event(c, change, &shared);
    message_unref(shared);
}

static void on_change(void *arg, struct lec_view *view, const struct lec_change *change)
{
    struct room *room = arg;
    switch (change->kind) {
    case LEC_CHANGE_LIVE:
    case LEC_CHANGE_DEVICE:
    case LEC_CHANGE_POINT:
    case LEC_CHANGE_RUN:
    case LEC_CHANGE_RECORDING:
    case LEC_CHANGE_ALARM:
    case LEC_CHANGE_TIMETABLE:
        if (state_changed(&room->state, view, change) < 0)
            lec_log(LEC_LOG_ERROR, "room %s: out of memory; pages may miss what changed", room->name);
        if (change->kind == LEC_CHANGE_LIVE && !room->live)
            tell_live(room, true, NULL);
        break;
    case LEC_CHANGE_LOST:
        tell_live(room, false, change->reason);
        break;
    case LEC_CHANGE_EVENT:
    case LEC_CHANGE_JOURNAL:
    case LEC_CHANGE_TRACE:
    case LEC_CHANGE_GAP:
        tell_event(room, change);
        break;
    case LEC_CHANGE_SAMPLE:
        break;
    }
}

/* The second view is there for samples alone. */
static void on_sample(void *arg, struct lec_view *view, const struct lec_change *change)
{
    (void)view;
    bool sample = change->kind == LEC_CHANGE_SAMPLE && !change->device;
    bool gap = change->kind == LEC_CHANGE_GAP && strcmp(change->name, "sample") == 0;
    if (sample || gap)
        tell_event(arg, change);
}

static int open_view(struct room *room, struct lec_err *err)
{
    if (room->view)
        return 0;
    struct lec_view_options options = {.follow =
                                           LEC_FOLLOW_EVENT | LEC_FOLLOW_JOURNAL | LEC_FOLLOW_RUN | LEC_FOLLOW_TRACE,
                                       .journal_after = -1,
                                       .changed = on_change,
                                       .arg = room};
    return lec_view_open(room->bus, &options, &room->view, err);
}

void room_follow_changed(struct room *room)
{
    bool wanted = false;
    for (const struct client *c = room->clients; c; c = c->next)
        wanted = wanted || c->follow.n_runs > 0;
    struct lec_err err = {.text = ""};
    struct lec_view_options options = {
        .follow = LEC_FOLLOW_SAMPLE, .journal_after = -1, .changed = on_sample, .arg = room};
    if (wanted && !room->samples && lec_view_open(room->bus, &options, &room->samples, &err) < 0)
        lec_log(LEC_LOG_ERROR, "room %s: samples cannot be followed: %s", room->name, err.text);
    else if (!wanted && room->samples)
        lec_view_free(&room->samples);
}

int room_join(struct room *room, struct client *client, struct lec_err *err)
{
    int rc = open_view(room, err);
    if (rc < 0)
        return rc;
    client->room = room;
    client->next = room->clients;
    client->prev = NULL;
    if (room->clients)
        room->clients->prev = client;
    room->clients = client;
    room->n_clients++;
    lws_sul_cancel(&room->linger);
    return 0;
}

void room_leave(struct room *room, struct client *client)
{
    if (client->prev)
        client->prev->next = client->next;
    else
        room->clients = client->next;
    if (client->next)
        client->next->prev = client->prev;
    client->prev = client->next = NULL;
    client->room = NULL;
    room->n_clients--;
    room_follow_changed(room);
    if (room->n_clients == 0 && !room->server->ended)
        lws_sul_schedule(room->server->lws, 0, &room->linger, on_linger, LINGER_US);
}

/* ---- Describing ---- */

static int role_of(const char *role)
{
    for (int i = 0; i < ROOM_ROLES; i++)
        if (strcmp(role, role_names[i]) == 0)
            return i;
    return 0;
}

/* What the room says to one role is the answer's own business: the slot is found by its call. */
static void on_described(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    (void)error;
    struct room *room = arg;
    const char *role = json_string_value(json_object_get(json_object_get(result, "you"), "role"));
    if (rc < 0) {
        lec_log(LEC_LOG_WARNING, "room %s: it does not describe itself: %s", room->name, err->text);
        for (int i = 0; i < ROOM_ROLES; i++)
            room->roles[i].call = 0; /* asked again by the next page that needs it */
        return;
    }
    for (int i = 0; i < ROOM_ROLES; i++) {
        if (room->roles[i].call == 0 || (role && strcmp(role, role_names[i]) != 0))
            continue;
        room->roles[i].call = 0;
        json_decref(room->roles[i].described);
        room->roles[i].described = json_incref(result);
    }
    for (struct client *c = room->clients; c; c = c->next)
        client_described(c);
}

const json_t *room_describe(struct room *room, const char *principal, const char *role)
{
    int i = role_of(role);
    if (room->roles[i].described || room->roles[i].call || !room->live)
        return room->roles[i].described;
    struct lec_bus_as as = {.principal = principal, .role = role_names[i]};
    struct lec_err err = {.text = ""};
    if (lec_bus_send_as(room->bus, &as, "room.describe", NULL, DESCRIBE_MS, on_described, room, &room->roles[i].call,
                        &err) < 0)
        lec_log(LEC_LOG_WARNING, "room %s: %s", room->name, err.text);
    return NULL;
}

/* ---- The list ---- */

static json_t *label_of(struct rooms *rooms, const char *name)
{
    for (int i = 0; i < ROOMS_MAX; i++)
        if (strcmp(rooms->labels[i].name, name) == 0)
            return rooms->labels[i].label;
    return NULL;
}

json_t *rooms_list(struct rooms *rooms, const char *only)
{
    static const char *const states[] = {
        [LEC_ROOM_RUNNING] = "running", [LEC_ROOM_DEAD] = "dead", [LEC_ROOM_DENIED] = "denied"};
    static struct lec_room_found found[LEC_BUS_ROOMS_MAX];
    json_t *list = json_array();
    int n = lec_bus_rooms(found, LEC_BUS_ROOMS_MAX, NULL, 0, NULL);
    for (int i = 0, learn = 0; i < n && list; i++) {
        if (only && strcmp(found[i].name, only) != 0)
            continue;
        json_t *label = label_of(rooms, found[i].name);
        struct room *room;
        if (!label && found[i].state == LEC_ROOM_RUNNING && learn++ < LABELS_LEARN)
            room_get(rooms, found[i].name, &room, NULL); /* it describes itself; the next list has its label */
        json_t *row =
            label ? json_pack("{s:s,s:O,s:s}", "room", found[i].name, "label", label, "state", states[found[i].state])
                  : json_pack("{s:s,s:{},s:s}", "room", found[i].name, "label", "state", states[found[i].state]);
        json_array_append_new(list, row);
    }
    return list;
}
