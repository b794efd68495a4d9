#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "lectern/parse.h"

#define EVENTS_AT_ONCE 500            /* taken in one dispatch */
#define SNAPSHOT_PAUSE (250 * LEC_MS) /* between two snapshots, so that a slow reader does not ask all the time */

/* ---- Telling ---- */

void lec_view_tell(struct lec_view *v, struct lec_change change)
{
    v->callbacks++;
    if (v->options.changed)
        v->options.changed(v->options.arg, v, &change);
}

void lec_view_tell_gap(struct lec_view *v, enum event_kind kind)
{
    lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_GAP, .name = lec_event_kind_name(kind)});
}

void lec_view_lose(struct lec_view *v, const char *reason)
{
    v->phase = v->prefix[0] != '\0' ? PHASE_HEARTBEAT : PHASE_ROOM;
    lec_copy_utf8(v->reason, sizeof v->reason, reason, strlen(reason));
    if (v->told_lost)
        return;
    v->told_lost = true;
    lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_LOST, .reason = v->reason});
}

static void gap(struct lec_view *v)
{
    v->stats.gaps++;
    v->wanted = true;
}

/* News that nobody can tell again. How a recording stands now, the snapshot says. */
static void miss(struct lec_view *v, enum event_kind kind)
{
    v->stats.gaps++;
    lec_view_tell_gap(v, kind);
    if (kind == EVENT_RUN)
        v->wanted = true;
}

/* ---- Events ---- */

static void point_changed(void *ctx, const char *device, const char *point)
{
    lec_view_tell(ctx, (struct lec_change){
                           .kind = point ? LEC_CHANGE_POINT : LEC_CHANGE_DEVICE, .device = device, .name = point});
}

/* What is of the event and not of what it tells. */
static void strip(struct event *e)
{
    json_object_del(e->body, "seq");
    json_object_del(e->body, "prev");
    json_object_del(e->body, "before");
    json_object_del(e->body, "time");
}

static void apply_run(struct lec_view *v, struct event *e)
{
    strip(e);
    json_t *run = lec_picture_run(&v->picture, e->body);
    if (!run) {
        v->stats.garbage++;
        return;
    }
    lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_RUN,
                                         .name = json_string_value(json_object_get(run, "scene")),
                                         .body = run});
}

static void apply_alarm(struct lec_view *v, struct event *e)
{
    strip(e);
    if (lec_kept_alarm(&v->picture, e->body) < 0) {
        v->stats.garbage++;
        return;
    }
    lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_ALARM, .name = e->name, .body = e->body});
}

static void apply_timetable(struct lec_view *v, struct event *e)
{
    strip(e);
    lec_kept_timetable(&v->picture, e->body);
    lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_TIMETABLE, .body = e->body});
}

static void apply_recording(struct lec_view *v, struct event *e)
{
    strip(e);
    if (!lec_kept_recording(&v->picture, e->body)) {
        v->stats.garbage++;
        return;
    }
    lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_RECORDING, .name = e->name, .body = e->body});
}

static void take_entry(struct lec_view *v, const struct event *e)
{
    const json_t *number = json_object_get(e->body, "journal");
    if (!json_is_integer(number)) {
        v->stats.garbage++;
        return;
    }
    if (v->journal < 0 || json_integer_value(number) <= v->journal)
        return;
    if (json_integer_value(number) > v->journal + 1) {
        v->stats.gaps++;
        v->journal_behind = true;
        if (v->phase == PHASE_LIVE)
            lec_view_ask_journal(v);
        return;
    }
    v->journal = json_integer_value(number);
    lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_JOURNAL,
                                         .name = json_string_value(json_object_get(e->body, "kind")),
                                         .body = e->body});
}

static void hand_on(struct lec_view *v, const struct event *e)
{
    const char *device = json_string_value(json_object_get(e->body, "device"));
    const char *name = json_string_value(json_object_get(e->body, "event"));
    const char *point = json_string_value(json_object_get(e->body, device ? "point" : "channel"));
    if (e->kind == EVENT_EVENT)
        lec_view_tell(v,
                      (struct lec_change){.kind = LEC_CHANGE_EVENT, .device = device, .name = name, .body = e->body});
    else if (e->kind == EVENT_TRACE)
        lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_TRACE, .name = e->name, .body = e->body});
    else
        lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_SAMPLE,
                                             .device = device,
                                             .name = point,
                                             .body = e->body,
                                             .samples = e->samples,
                                             .n_samples = e->n_samples});
}

static void new_boot(struct lec_view *v, const char *boot, int64_t base)
{
    lec_copy_utf8(v->stream_boot, sizeof v->stream_boot, boot, strlen(boot));
    v->base_seq = base;
    for (int k = 0; k < EVENT_KINDS; k++)
        v->seen[k] = base;
}

/* The flag of a kind whose events are handed on and not kept; 0 for the others. */
static unsigned follow_of(enum event_kind kind)
{
    static const unsigned flags[EVENT_KINDS] = {[EVENT_EVENT] = LEC_FOLLOW_EVENT,
                                                [EVENT_SAMPLE] = LEC_FOLLOW_SAMPLE,
                                                [EVENT_TRACE] = LEC_FOLLOW_TRACE,
                                                [EVENT_RUN] = LEC_FOLLOW_RUN};
    return flags[kind];
}

/* What should have arrived of a kind and has not. */
static void check_last(struct lec_view *v, const json_t *last)
{
    for (int k = 0; k < EVENT_KINDS; k++) {
        const json_t *seq = json_object_get(last, lec_event_kind_name((enum event_kind)k));
        if (!json_is_integer(seq) || json_integer_value(seq) <= v->seen[k])
            continue;
        v->seen[k] = json_integer_value(seq);
        switch ((enum event_kind)k) {
        case EVENT_STATE:
        case EVENT_SCENE:
        case EVENT_ALARM:
        case EVENT_TIMETABLE:
            gap(v);
            break;
        case EVENT_JOURNAL:
            if (v->options.follow & LEC_FOLLOW_JOURNAL) {
                v->stats.gaps++;
                v->journal_behind = true;
            }
            break;
        case EVENT_EVENT:
        case EVENT_SAMPLE:
        case EVENT_TRACE:
        case EVENT_RUN:
            if (v->options.follow & follow_of((enum event_kind)k))
                miss(v, (enum event_kind)k);
            break;
        case EVENT_HEARTBEAT:
            break;
        }
    }
}

static void heartbeat(struct lec_view *v, const struct event *e)
{
    const char *boot = json_string_value(json_object_get(e->body, "boot"));
    const json_t *last = json_object_get(e->body, "last");
    if (!boot || strlen(boot) >= sizeof v->stream_boot || !json_is_object(last)) {
        v->stats.garbage++;
        return;
    }
    v->heard_at = lec_now();
    if (strcmp(boot, v->stream_boot) != 0) {
        bool first = v->stream_boot[0] == '\0';
        new_boot(v, boot, e->seq);
        v->stats.restarts += !first;
        v->journal_behind = (v->options.follow & LEC_FOLLOW_JOURNAL) != 0;
        v->wanted = true;
        for (int k = 0; !first && k < EVENT_KINDS; k++)
            if (v->options.follow & follow_of((enum event_kind)k))
                lec_view_tell_gap(v, (enum event_kind)k);
        return;
    }
    if (v->phase == PHASE_LIVE)
        check_last(v, last);
    if (v->journal_behind && v->phase == PHASE_LIVE && !v->wanted)
        lec_view_ask_journal(v);
}

/* Whether the event is new, and whether one of its kind before it is missing: we subscribe to whole kinds, and they come in
 * order. */
static bool follow_kind(struct lec_view *v, const struct event *e, bool *missed)
{
    int64_t floor = lec_event_in_snapshot(e->kind) ? v->snapshot_seq : v->base_seq;
    if (v->seen[e->kind] > floor)
        floor = v->seen[e->kind];
    *missed = e->before > floor;
    if (e->seq <= floor)
        return false;
    v->seen[e->kind] = e->seq;
    return true;
}

static void take_event(struct lec_view *v, struct event *e)
{
    if (e->kind == EVENT_HEARTBEAT) {
        heartbeat(v, e);
        return;
    }
    if (v->stream_boot[0] == '\0')
        return;
    bool state = lec_event_in_snapshot(e->kind);
    /* Before the snapshot, states are of no use: it has them. Those of another start than the snapshot's cannot be put
     * in order with it. */
    if (state && (v->phase != PHASE_LIVE || strcmp(v->stream_boot, v->boot) != 0))
        return;
    bool missed;
    int64_t seen = v->seen[e->kind];
    uint64_t garbage = v->stats.garbage;
    if (!follow_kind(v, e, &missed))
        return;
    v->stats.events++;
    if (missed && state)
        gap(v);
    else if (missed && e->kind != EVENT_JOURNAL)
        miss(v, e->kind);
    switch (e->kind) {
    case EVENT_STATE:
        if (lec_picture_state(&v->picture, e, lec_now(), point_changed, v) < 0)
            v->stats.garbage++;
        break;
    case EVENT_SCENE:
        apply_run(v, e);
        break;
    case EVENT_ALARM:
        apply_alarm(v, e);
        break;
    case EVENT_TIMETABLE:
        apply_timetable(v, e);
        break;
    case EVENT_RUN:
        apply_recording(v, e);
        break;
    case EVENT_JOURNAL:
        take_entry(v, e);
        break;
    case EVENT_EVENT:
    case EVENT_SAMPLE:
    case EVENT_TRACE:
        hand_on(v, e);
        break;
    case EVENT_HEARTBEAT: /* not one of these */
        break;
    }
    if (v->stats.garbage != garbage)
        v->seen[e->kind] = seen; /* what it should have told is missing, as the next one will show */
}

/* Takes one message off the socket. Returns false when there is none. */
static bool receive(struct lec_view *v)
{
    enum { FRAMES = 3 };
    zmq_msg_t frames[FRAMES], rest;
    const void *data[FRAMES];
    size_t sizes[FRAMES], n = 0;
    bool more = true;
    while (more && n < FRAMES) {
        zmq_msg_init(&frames[n]);
        if (zmq_msg_recv(&frames[n], v->events, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&frames[n]);
            break;
        }
        data[n] = zmq_msg_data(&frames[n]);
        sizes[n] = zmq_msg_size(&frames[n]);
        more = zmq_msg_more(&frames[n]);
        n++;
    }
    if (n == 0)
        return false;
    bool whole = !more;
    while (more) {
        zmq_msg_init(&rest);
        more = zmq_msg_recv(&rest, v->events, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&rest);
        zmq_msg_close(&rest);
    }
    struct event e;
    if (whole && lec_event_parse(v->prefix, data, sizes, n, &e) == 0) {
        take_event(v, &e);
        lec_event_done(&e);
    } else {
        v->stats.garbage++;
    }
    for (size_t i = 0; i < n; i++)
        zmq_msg_close(&frames[i]);
    return true;
}

/* ---- The loop ---- */

void *lec_view_socket(struct lec_view *v)
{
    return v->events;
}

static bool takes_events(const struct lec_view *v)
{
    return v->events && v->call == 0 && (v->phase == PHASE_HEARTBEAT || v->phase == PHASE_LIVE);
}

bool lec_view_waiting(const struct lec_view *v, bool can_read)
{
    return (takes_events(v) && can_read) || v->described != v->bus->described;
}

/* When to give up a socket on which no heartbeat comes. */
static int64_t silent_at(const struct lec_view *v)
{
    return (v->heard_at > v->opened_at ? v->heard_at : v->opened_at) + LEC_VIEW_SILENCE_MS * LEC_MS;
}

int64_t lec_view_tick(const struct lec_view *v)
{
    int64_t at = LEC_NEVER;
    if (v->phase == PHASE_HEARTBEAT)
        at = silent_at(v);
    if (v->phase == PHASE_LIVE)
        at = v->heard_at + LEC_VIEW_SILENCE_MS * LEC_MS;
    if (v->wanted && v->call == 0 && v->snapshot_at + SNAPSHOT_PAUSE < at)
        at = v->snapshot_at + SNAPSHOT_PAUSE;
    return at;
}

int lec_view_dispatch(struct lec_view *v)
{
    v->callbacks = 0;
    if (v->described != v->bus->described)
        lec_view_learn_room(v);
    for (int n = 0; n < EVENTS_AT_ONCE && takes_events(v) && receive(v); n++)
        ;
    int64_t now = lec_now();
    if (v->phase == PHASE_LIVE && now - v->heard_at >= LEC_VIEW_SILENCE_MS * LEC_MS) {
        char reason[128];
        snprintf(reason, sizeof reason, "no heartbeat from the room for %d s", LEC_VIEW_SILENCE_MS / 1000);
        lec_view_lose(v, reason);
    }
    if (v->phase == PHASE_HEARTBEAT && now >= silent_at(v))
        lec_view_reopen_events(v);
    if (v->phase == PHASE_HEARTBEAT && v->heard_at > 0 && now - v->heard_at < LEC_VIEW_SILENCE_MS * LEC_MS)
        v->wanted = true;
    if (v->wanted && v->call == 0 && v->phase != PHASE_ROOM && v->stream_boot[0] != '\0' &&
        now >= v->snapshot_at + SNAPSHOT_PAUSE)
        lec_view_ask_snapshot(v);
    return v->callbacks;
}

int lec_view_open(struct lec_bus *bus, const struct lec_view_options *options, struct lec_view **out,
                  struct lec_err *err)
{
    size_t slot = 0;
    while (slot < LEC_VIEWS && bus->views[slot])
        slot++;
    if (slot == LEC_VIEWS)
        return lec_fail(err, LEC_E_BUSY, "%d views are open already", LEC_VIEWS);
    if (bus->event_at[0] == '\0')
        return lec_fail(err, LEC_E_CONFIG, "%s: no event endpoint was given", bus->title);
    struct lec_view *v = calloc(1, sizeof *v);
    if (!v)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    v->bus = bus;
    v->options = *options;
    v->told_lost = true;
    v->journal = options->journal_after;
    v->snapshot_at = lec_now() - SNAPSHOT_PAUSE;
    v->journal_behind = (options->follow & LEC_FOLLOW_JOURNAL) != 0;
    lec_copy_utf8(v->reason, sizeof v->reason, "waiting for the room", strlen("waiting for the room"));
    int rc = lec_view_open_events(v, err);
    if (rc < 0) {
        lec_view_free(&v);
        return rc;
    }
    bus->views[slot] = v;
    if (!bus->dispatching)
        lec_bus_settle(bus);
    *out = v;
    return 0;
}

void lec_view_free(struct lec_view **view)
{
    struct lec_view *v = *view;
    if (!v)
        return;
    *view = NULL;
    for (size_t i = 0; i < LEC_VIEWS; i++)
        if (v->bus->views[i] == v)
            v->bus->views[i] = NULL;
    if (v->call)
        lec_bus_forget(v->bus, v->call);
    lec_view_close_events(v);
    lec_picture_clear(&v->picture);
    free(v);
}
