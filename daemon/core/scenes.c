/* The scene engine's host: its operations go to the lines, its news to the bus, the journal and the disk. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/core.h"

static struct device_state *state_of(struct core *core, const struct lec_device *desc)
{
    return state_device(core, desc->name);
}

static uint64_t host_start(void *ctx, const struct lec_op_request *request, struct lec_err *err)
{
    struct core *core = ctx;
    const struct lec_device *desc = request->action ? request->action->device : request->point->device;
    struct device_state *d = state_of(core, desc);
    size_t item = request->action ? desc->n_points + request->action->index : request->point->index;
    struct pending *p = d ? pending_new(core, PENDING_SCENE, d, item) : NULL;
    if (!p) {
        lec_fail(err, LEC_E_NOMEM, "too many operations are under way in the room");
        return 0;
    }
    struct lec_request ask = {.ask = request->action ? LEC_ASK_INVOKE : LEC_ASK_SET,
                              .op = p->op,
                              .deadline = lec_now() + request->timeout_ns,
                              .check_first = request->check_first,
                              .tell_sent = true};
    ask.item = (uint32_t)(request->action ? request->action->index : request->point->index);
    ask.n_values = (uint32_t)(request->action ? request->action->n_args : 1);
    memcpy(ask.values, request->action ? request->args : request->value, ask.n_values * sizeof ask.values[0]);
    /* A scene that a person starts is called by its name, so that it is known what else it did. */
    if (strcmp(request->principal, "timetable") == 0)
        snprintf(p->principal, sizeof p->principal, "timetable");
    else
        snprintf(p->principal, sizeof p->principal, "scene:%s", request->scene);
    changed_begin(p, request->value);
    if (lines_ask(core, d, &ask) < 0) {
        pending_free(core, p);
        lec_fail(err, LEC_E_NOMEM, "the line takes no more operations");
        return 0;
    }
    if (request->point && !request->action)
        state_wanted(core, &d->desc->points[item], request->value, p->op);
    return p->op;
}

static void host_stop(void *ctx, uint64_t op, enum lec_verdict because)
{
    struct core *core = ctx;
    struct pending *p = pending_find(core, op);
    if (!p)
        return;
    struct lec_request ask = {.ask = LEC_ASK_STOP, .op = op, .because = (int)because};
    lines_ask(core, p->device, &ask);
}

static void host_read(void *ctx, uint64_t token, const struct lec_point *point, int64_t timeout_ns)
{
    struct core *core = ctx;
    struct device_state *d = state_of(core, point->device);
    struct pending *p = d ? pending_new(core, PENDING_PLAN, d, point->index) : NULL;
    struct lec_value none = {.type = LEC_NONE};
    if (!p) {
        lec_scenes_read_done(core->scenes, token, LEC_BAD, &none);
        return;
    }
    p->token = token;
    struct lec_request ask = {
        .ask = LEC_ASK_READ, .op = p->op, .item = (uint32_t)point->index, .deadline = lec_now() + timeout_ns};
    if (lines_ask(core, d, &ask) < 0) {
        pending_free(core, p);
        lec_scenes_read_done(core->scenes, token, LEC_BAD, &none);
    }
}

static enum lec_quality host_last(void *ctx, const struct lec_point *point, struct lec_value *out)
{
    struct device_state *d = state_of(ctx, point->device);
    *out = d ? d->points[point->index].value : (struct lec_value){.type = LEC_NONE};
    return d ? d->points[point->index].quality : LEC_BAD;
}

static void host_publish(void *ctx, const char *scene, const char *json)
{
    struct core *core = ctx;
    struct topic *topic = events_topic(core, EVENT_SCENE, scene);
    struct lec_buf *b = events_begin(core, topic);
    size_t n = strlen(json);
    if (!b || n < 2)
        return;
    lec_buf_putc(b, ',');
    lec_buf_put(b, json + 1, n - 2);
    events_end(core, topic, NULL, 0);
}

static void host_journal(void *ctx, const char *kind, const char *device, const char *name, const char *principal,
                         const char *data)
{
    journal_add(ctx, kind, device, name, principal, data);
}

static void host_keep(void *ctx, const char *key, const char *value)
{
    struct core *core = ctx;
    lec_store_put(core->store, key, value);
}

static bool host_hands_off(void *ctx, const char *run, const struct lec_point *point, const struct lec_value *wanted,
                           const char *by, char reason[LEC_ERR_TEXT])
{
    return timetable_hands_off(ctx, run, point, wanted, by, reason);
}

static void host_random(void *ctx, uint8_t out[8])
{
    (void)ctx;
    if (getrandom(out, 8, 0) != 8) {
        uint64_t now = (uint64_t)lec_now() ^ (uint64_t)lec_wall_us();
        memcpy(out, &now, 8);
    }
}

static void restore(void *ctx, const char *key, const char *value)
{
    struct core *core = ctx;
    lec_scenes_restore(core->scenes, key, value);
}

int scenes_open(struct core *core, struct lec_err *err)
{
    struct lec_scenes_host host = {.ctx = core,
                                   .start = host_start,
                                   .stop = host_stop,
                                   .read = host_read,
                                   .last = host_last,
                                   .publish = host_publish,
                                   .journal = host_journal,
                                   .keep = host_keep,
                                   .hands_off = host_hands_off,
                                   .random = host_random};
    core->scenes = lec_scenes_new(core->room, &host);
    if (!core->scenes)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    int rc = lec_store_each(core->store, "run/", restore, core, err); /* the other keys belong to others */
    if (rc == 0)
        rc = lec_store_each(core->store, "usual/", restore, core, err);
    if (rc < 0)
        return rc;
    lec_scenes_resume(core->scenes);
    scenes_tick(core);
    return 0;
}

void scenes_tick(struct core *core)
{
    core->scenes_at = lec_scenes_tick(core->scenes);
}
