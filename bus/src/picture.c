#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/parse.h"

static void clear_point(struct seen_point *pt)
{
    free(pt->name);
    json_decref(pt->told);
}

static void clear_device(struct seen_device *dev)
{
    for (size_t i = 0; i < dev->n; i++)
        clear_point(&dev->points[i]);
    free(dev->points);
    free(dev->reason);
    json_decref(dev->remedy);
    free(dev->name);
}

static void clear_devices(struct picture *p)
{
    for (size_t i = 0; i < p->n; i++)
        clear_device(&p->devices[i]);
    free(p->devices);
    p->devices = NULL;
    p->n = p->size = p->n_points = 0;
}

const char *lec_text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

void lec_picture_clear(struct picture *p)
{
    clear_devices(p);
    for (size_t i = 0; i < p->n_runs; i++)
        json_decref(p->runs[i].json);
    p->n_runs = 0;
    lec_kept_clear(p);
}

static struct seen_device *find_device(const struct picture *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->devices[i].name, name) == 0)
            return &p->devices[i];
    return NULL;
}

const struct seen_device *lec_picture_device(const struct picture *p, const char *name)
{
    return find_device(p, name);
}

/* Room for one more in an array that doubles. */
static void *grow(void *at, size_t n, size_t *size, size_t item)
{
    if (n < *size)
        return at;
    size_t more = *size ? 2 * *size : 16;
    void *bigger = realloc(at, more * item);
    if (bigger)
        *size = more;
    return bigger;
}

static struct seen_device *add_device(struct picture *p, const char *name)
{
    if (p->n >= LEC_VIEW_DEVICES)
        return NULL;
    struct seen_device *bigger = grow(p->devices, p->n, &p->size, sizeof *bigger);
    if (!bigger)
        return NULL;
    p->devices = bigger;
    struct seen_device *dev = &p->devices[p->n];
    *dev = (struct seen_device){.name = strdup(name)};
    if (!dev->name)
        return NULL;
    p->n++;
    return dev;
}

static struct seen_point *add_point(struct picture *p, struct seen_device *dev, const char *name)
{
    for (size_t i = 0; i < dev->n; i++)
        if (strcmp(dev->points[i].name, name) == 0)
            return &dev->points[i];
    if (p->n_points >= LEC_VIEW_POINTS)
        return NULL;
    struct seen_point *bigger = grow(dev->points, dev->n, &dev->size, sizeof *bigger);
    if (!bigger)
        return NULL;
    dev->points = bigger;
    struct seen_point *pt = &dev->points[dev->n];
    *pt = (struct seen_point){.name = strdup(name)};
    if (!pt->name)
        return NULL;
    dev->n++;
    p->n_points++;
    return pt;
}

/* The room's clock may stand anywhere; only the difference of two of its times counts, and that is kept in bounds. */
static int64_t age_of(int64_t room_now, int64_t time)
{
    if (time <= 0)
        return -1;
    if (room_now <= time)
        return 0;
    return (room_now - time) / 1000;
}

static int set_point(struct picture *p, struct seen_device *dev, const char *name, json_t *told, int64_t room_now,
                     int64_t now)
{
    const char *quality = json_string_value(json_object_get(told, "quality"));
    if (!quality || (strcmp(quality, "good") != 0 && strcmp(quality, "stale") != 0 && strcmp(quality, "bad") != 0))
        return LEC_E_FRAME;
    struct seen_point *pt = add_point(p, dev, name);
    if (!pt)
        return LEC_E_NOMEM;
    json_decref(pt->told);
    pt->told = json_incref(told);
    pt->told_at = now;
    const json_t *age = json_object_get(told, "age_ms");
    pt->age_ms = json_is_integer(age) && json_integer_value(age) >= 0
                     ? json_integer_value(age)
                     : age_of(room_now, json_integer_value(json_object_get(told, "time")));
    const char *unit = json_string_value(json_object_get(told, "unit"));
    if (unit)
        lec_copy_utf8(pt->unit, sizeof pt->unit, unit, strlen(unit));
    return 0;
}

static int set_status(struct seen_device *dev, const json_t *body)
{
    const char *status = json_string_value(json_object_get(body, "status"));
    const char *reason = json_string_value(json_object_get(body, "reason"));
    if (!status)
        return LEC_E_FRAME;
    char *copy = reason ? strdup(reason) : NULL;
    if (reason && !copy)
        return LEC_E_NOMEM;
    lec_copy_utf8(dev->status, sizeof dev->status, status, strlen(status));
    free(dev->reason);
    dev->reason = copy;
    json_t *remedy = json_object_get(body, "remedy");
    json_decref(dev->remedy);
    dev->remedy = json_is_object(remedy) ? json_incref(remedy) : NULL;
    return 0;
}

static int fill_device(struct picture *p, const char *name, json_t *body, int64_t room_now, int64_t now)
{
    struct seen_device *dev = add_device(p, name);
    if (!dev)
        return LEC_E_NOMEM;
    int rc = set_status(dev, body);
    json_t *points = json_object_get(body, "points");
    if (rc == 0 && points && !json_is_object(points))
        rc = LEC_E_FRAME;
    const char *key;
    json_t *told;
    json_object_foreach(points, key, told)
    {
        if (rc == 0)
            rc = set_point(p, dev, key, told, room_now, now);
    }
    return rc;
}

static bool run_ended(const json_t *run)
{
    return strcmp(lec_text_of(run, "state"), "running") != 0;
}

int lec_picture_snapshot(struct picture *p, const json_t *snapshot, bool recordings, int64_t now)
{
    json_t *devices = json_object_get(snapshot, "devices");
    const json_t *runs = json_object_get(snapshot, "runs");
    int64_t room_now = json_integer_value(json_object_get(snapshot, "time"));
    if (!json_is_object(devices) || (runs && !json_is_array(runs)))
        return LEC_E_FRAME;
    int rc = lec_kept_check(snapshot);
    struct picture fresh = {0};
    const char *name;
    json_t *body;
    json_object_foreach(devices, name, body)
    {
        if (rc == 0)
            rc = fill_device(&fresh, name, body, room_now, now);
    }
    if (rc < 0) {
        clear_devices(&fresh);
        return rc;
    }
    clear_devices(p);
    p->devices = fresh.devices;
    p->n = fresh.n;
    p->size = fresh.size;
    p->n_points = fresh.n_points;
    for (size_t i = 0; i < p->n_runs; i++)
        p->runs[i].doubt = !run_ended(p->runs[i].json);
    for (size_t i = 0; i < json_array_size(runs); i++)
        lec_picture_run(p, json_array_get(runs, i));
    lec_kept_snapshot(p, snapshot, recordings);
    return 0;
}

int lec_picture_state(struct picture *p, const struct event *e, int64_t now,
                      void (*changed)(void *ctx, const char *device, const char *point), void *ctx)
{
    const char *name = json_string_value(json_object_get(e->body, "device"));
    json_t *points = json_object_get(e->body, "points");
    if (!name || (points && !json_is_object(points)))
        return LEC_E_FRAME;
    struct seen_device *dev = find_device(p, name);
    if (!dev)
        dev = add_device(p, name);
    if (!dev)
        return LEC_E_NOMEM;
    size_t at = (size_t)(dev - p->devices);
    if (json_object_get(e->body, "status")) {
        int rc = set_status(dev, e->body);
        if (rc < 0)
            return rc;
        changed(ctx, p->devices[at].name, NULL);
    }
    int rc = 0;
    const char *key;
    json_t *told;
    json_object_foreach(points, key, told)
    {
        int one = set_point(p, dev, key, told, e->time, now);
        if (one == 0)
            changed(ctx, dev->name, key);
        else
            rc = one;
    }
    return rc;
}

/* Replaces the members of `into` by those of `from`; steps are matched by name. */
static void merge_run(json_t *into, const json_t *from)
{
    json_t *old_steps = json_incref(json_object_get(into, "steps"));
    json_t *given = json_deep_copy(from);
    const json_t *new_steps = json_object_get(given, "steps");
    /* What is not said any more is not so any more: an ended run has no remaining time. */
    json_object_clear(into);
    json_object_update(into, given);
    if (json_is_array(old_steps) && json_array_size(old_steps) > 0) {
        for (size_t i = 0; i < json_array_size(new_steps); i++) {
            json_t *step = json_array_get(new_steps, i);
            size_t at = 0;
            while (at < json_array_size(old_steps) &&
                   strcmp(lec_text_of(json_array_get(old_steps, at), "name"), lec_text_of(step, "name")) != 0)
                at++;
            if (at < json_array_size(old_steps))
                json_array_set(old_steps, at, step);
            else if (at < 256) /* a scene has 64 steps at most */
                json_array_append(old_steps, step);
        }
        json_object_set(into, "steps", old_steps);
    }
    json_decref(old_steps);
    json_decref(given);
}

json_t *lec_picture_run(struct picture *p, const json_t *run)
{
    const char *id = lec_text_of(run, "run");
    if (id[0] == '\0' || lec_text_of(run, "state")[0] == '\0' || lec_text_of(run, "scene")[0] == '\0' ||
        !json_is_array(json_object_get(run, "steps")))
        return NULL;
    for (size_t i = 0; i < p->n_runs; i++) {
        if (strcmp(lec_text_of(p->runs[i].json, "run"), id) == 0) {
            merge_run(p->runs[i].json, run);
            p->runs[i].doubt = false;
            return p->runs[i].json;
        }
    }
    if (p->n_runs == LEC_VIEW_RUNS) {
        size_t drop = 0;
        while (drop + 1 < p->n_runs && !run_ended(p->runs[drop].json))
            drop++;
        json_decref(p->runs[drop].json);
        memmove(&p->runs[drop], &p->runs[drop + 1], (p->n_runs - drop - 1) * sizeof *p->runs);
        p->n_runs--;
    }
    json_t *copy = json_deep_copy(run);
    if (copy)
        p->runs[p->n_runs++] = (struct seen_run){.json = copy};
    return copy;
}

void lec_picture_run_lost(struct seen_run *run)
{
    json_object_set_new(run->json, "state", json_string("interrupted"));
    json_object_del(run->json, "remaining_ms");
    run->doubt = false;
}
