/* The alarm engine's host: it is told what points, devices and disks are like; its news go to the bus, the journal and the disk. */
#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "lectern/log.h"
#include "lectern/member.h"

static struct lec_moment moment(void)
{
    return (struct lec_moment){.now = lec_now(), .wall_us = lec_wall_us()};
}

/* ---- The host ----------------------------------------------------------------------------------------------- */

static void host_record(void *ctx, const char *device, const char *name, const char *principal, const char *data,
                        const struct lec_alarm_kept kept[], size_t n)
{
    struct core *core = ctx;
    struct lec_kept texts[LEC_ALARM_KEPT_MAX];
    for (size_t i = 0; i < n; i++)
        texts[i] = (struct lec_kept){kept[i].key, kept[i].value};
    if (!data) {
        for (size_t i = 0; i < n; i++)
            lec_store_put(core->store, kept[i].key, kept[i].value);
        return;
    }
    struct lec_entry entry = {.kind = "alarm", .device = device, .name = name, .principal = principal, .data = data};
    lec_store_append_with(core->store, &entry, texts, n);
}

static void host_publish(void *ctx, const char *name, const char *json)
{
    struct core *core = ctx;
    struct topic *topic = events_topic(core, EVENT_ALARM, name);
    struct lec_buf *b = events_begin(core, topic);
    if (!b)
        return;
    lec_buf_putc(b, ',');
    lec_buf_put(b, json + 1, strlen(json) - 2); /* its members, without the braces */
    events_end(core, topic, NULL, 0);
}

static bool host_remedy(void *ctx, const struct lec_device *device, const struct lec_point *point, int code,
                        const char **vi, const char **en)
{
    (void)ctx;
    return point ? remedy_for_point(point, vi, en) : remedy_for(device, code < 0 ? code : LEC_E_LINK, vi, en);
}

static void restore(void *ctx, const char *key, const char *value)
{
    struct core *core = ctx;
    lec_alarms_restore(core->alarms, key, value);
}

/* ---- What the engine is told -------------------------------------------------------------------------------- */

static void told(struct core *core)
{
    core->alarms_at = lec_alarms_due(core->alarms);
}

void alarms_point_told(struct core *core, const struct device_state *d, size_t point)
{
    const struct point_state *p = &d->points[point];
    if (!core->alarms || core->ending)
        return;
    lec_alarms_point(core->alarms, &d->desc->points[point], &p->value, p->quality, moment());
    told(core);
}

void alarms_device(struct core *core, const struct device_state *d)
{
    if (!core->alarms || core->ending) /* at the end all devices go */
        return;
    lec_alarms_device(core->alarms, d->desc, d->status == DEVICE_ONLINE, d->code, d->reason, moment());
    told(core);
}

bool alarms_help(struct core *core, const struct device_state *d, const char *text, const char *principal)
{
    bool raised = lec_alarms_help(core->alarms, d ? d->desc : NULL, text, principal, moment());
    told(core);
    return raised;
}

static void tell_room(struct core *core)
{
    struct lec_recorder_health h;
    lec_recorder_health(core->record->recorder, &h);
    struct lec_moment t = moment();
    lec_alarms_room(core->alarms, LEC_ALARM_DISK, h.full, h.full ? h.reason : "", t);
    lec_alarms_room(core->alarms, LEC_ALARM_JOURNAL, core->store_failing, core->store_trouble, t);
}

/* Everything, after the room was read: also marks the points that somebody looks at. */
static void tell_all(struct core *core)
{
    struct lec_moment t = moment();
    for (size_t i = 0; i < core->n_devices; i++) {
        struct device_state *d = &core->devices[i];
        lec_alarms_device(core->alarms, d->desc, d->status == DEVICE_ONLINE, d->code, d->reason, t);
        for (size_t p = 0; p < d->desc->n_points; p++) {
            struct point_state *s = &d->points[p];
            s->alarmed = lec_alarms_watches(core->alarms, &d->desc->points[p]);
            if (s->alarmed)
                lec_alarms_point(core->alarms, &d->desc->points[p], &s->value, s->quality, t);
        }
    }
    told(core);
}

void alarms_tick(struct core *core, bool second)
{
    if (second && !core->ending)
        tell_room(core);
    lec_alarms_tick(core->alarms, moment());
    told(core);
}

/* ---- Start, reload, stop ------------------------------------------------------------------------------------ */

int alarms_open(struct core *core, struct lec_err *err)
{
    struct lec_alarms_host host = {.ctx = core, .record = host_record, .publish = host_publish, .remedy = host_remedy};
    core->alarms = lec_alarms_new(core->room, &host);
    if (!core->alarms)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    int rc = lec_store_each(core->store, "alarm", restore, core, err);
    if (rc < 0)
        return rc;
    lec_alarms_resume(core->alarms, moment());
    tell_all(core);
    return 0;
}

void alarms_reload(struct core *core)
{
    if (!lec_alarms_reload(core->alarms, core->room, moment())) {
        for (size_t i = 0; i < core->n_devices; i++)
            for (size_t p = 0; p < core->devices[i].desc->n_points; p++)
                core->devices[i].points[p].alarmed = false;
        lec_log(LEC_LOG_ERROR, "out of memory: no alarms are watched until the room is loaded again");
        return;
    }
    tell_all(core);
}

void alarms_close(struct core *core)
{
    lec_alarms_free(&core->alarms);
}

/* ---- What others ask ---------------------------------------------------------------------------------------- */

void alarms_write_snapshot(struct core *core, struct lec_buf *b)
{
    lec_json_key(b, "alarms");
    lec_alarms_standing_json(core->alarms, b);
}

void alarms_health(struct core *core, struct lec_buf *b)
{
    struct lec_alarms_counts c = lec_alarms_count(core->alarms);
    lec_json_key(b, "alarms");
    lec_buf_printf(b, "{\"standing\":%zu,\"shelved\":%zu,\"rules\":%zu", c.standing, c.shelved, c.rules);
    if (c.worst)
        lec_member_str(b, "worst", c.worst);
    lec_buf_putc(b, '}');
}

uint64_t alarms_over(const struct core *core)
{
    return lec_alarms_count(core->alarms).over;
}
