#include "view.h"

#include <string.h>

bool lec_view_live(const struct lec_view *v)
{
    return v->phase == PHASE_LIVE && !v->wanted && strcmp(v->stream_boot, v->boot) == 0;
}

const char *lec_view_reason(const struct lec_view *v)
{
    if (lec_view_live(v))
        return "";
    return v->reason[0] != '\0' ? v->reason : "catching up with the room";
}

size_t lec_view_devices(const struct lec_view *v)
{
    return v->picture.n;
}

bool lec_view_device(const struct lec_view *v, size_t i, struct lec_view_device *out)
{
    if (i >= v->picture.n)
        return false;
    const struct seen_device *dev = &v->picture.devices[i];
    bool there = !v->told_lost;
    *out = (struct lec_view_device){.name = dev->name,
                                    .status = there ? dev->status : "away",
                                    .reason = !there        ? v->reason
                                              : dev->reason ? dev->reason
                                                            : "",
                                    .remedy = there ? dev->remedy : NULL,
                                    .n_points = dev->n};
    return true;
}

static void read_point(const struct lec_view *v, const struct seen_device *dev, const struct seen_point *pt,
                       struct lec_reading *out)
{
    const char *reason = json_string_value(json_object_get(pt->told, "reason"));
    const char *quality = json_string_value(json_object_get(pt->told, "quality"));
    const char *by = json_string_value(json_object_get(pt->told, "by"));
    *out = (struct lec_reading){
        .device = dev->name,
        .point = pt->name,
        .value = json_object_get(pt->told, "value"),
        .wanted = json_object_get(pt->told, "wanted"),
        .quality = quality,
        .reason = reason ? reason : "",
        .unit = pt->unit,
        .time = json_integer_value(json_object_get(pt->told, "time")),
        .age_ms = pt->age_ms < 0 ? -1 : pt->age_ms + (lec_now() - pt->told_at) / LEC_MS,
        .simulated = json_is_true(json_object_get(pt->told, "simulated")),
        .by = by ? by : "",
        .by_time = json_integer_value(json_object_get(pt->told, "by_time")),
    };
    if (v->told_lost && strcmp(quality, "good") == 0) {
        out->quality = "stale";
        out->reason = v->reason;
    }
}

bool lec_view_point(const struct lec_view *v, size_t i, size_t j, struct lec_reading *out)
{
    if (i >= v->picture.n || j >= v->picture.devices[i].n)
        return false;
    read_point(v, &v->picture.devices[i], &v->picture.devices[i].points[j], out);
    return true;
}

bool lec_view_read(const struct lec_view *v, const char *target, struct lec_reading *out)
{
    const char *dot = strchr(target, '.');
    char name[NAME_MAX_BUS];
    if (!dot || (size_t)(dot - target) >= sizeof name)
        return false;
    memcpy(name, target, (size_t)(dot - target));
    name[dot - target] = '\0';
    const struct seen_device *dev = lec_picture_device(&v->picture, name);
    for (size_t j = 0; dev && j < dev->n; j++) {
        if (strcmp(dev->points[j].name, dot + 1) == 0) {
            read_point(v, dev, &dev->points[j], out);
            return true;
        }
    }
    return false;
}

size_t lec_view_runs(const struct lec_view *v)
{
    return v->picture.n_runs;
}

const json_t *lec_view_run(const struct lec_view *v, size_t i)
{
    return i < v->picture.n_runs ? v->picture.runs[i].json : NULL;
}

size_t lec_view_alarms(const struct lec_view *v)
{
    return json_array_size(v->picture.alarms);
}

const json_t *lec_view_alarm(const struct lec_view *v, size_t i)
{
    return json_array_get(v->picture.alarms, i);
}

size_t lec_view_recordings(const struct lec_view *v)
{
    return v->picture.n_recordings;
}

const json_t *lec_view_recording(const struct lec_view *v, size_t i)
{
    return i < v->picture.n_recordings ? v->picture.recordings[i].json : NULL;
}

const json_t *lec_view_timetable(const struct lec_view *v)
{
    return v->picture.timetable;
}

void lec_view_get_stats(const struct lec_view *v, struct lec_view_stats *out)
{
    *out = v->stats;
}
