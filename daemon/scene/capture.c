/* The room's present state as a scene: a step for each point that is good now, can be set to what it is, and may be
 * undone (what must never be put back by undo must not be put back by a capture either). */
#include "scene/internal.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "lectern/parse.h"

#define LABEL_MAX 120 /* bytes of a label; inih's line has 1,000 */

struct captured {
    char name[LEC_NAME_MAX + 1];
    const struct lec_point *point;
    struct lec_value value;
    size_t after; /* the step that opens its gate; SIZE_MAX: none */
};

struct capture {
    struct captured steps[LEC_STEPS_MAX];
    size_t n;
};

static bool is_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && name[n] == '\0' && n <= LEC_NAME_MAX && name[0] >= 'a' && name[0] <= 'z';
}

/* A label stands in a line of a room file as it is: a ';' would begin a comment, and blanks at the ends would be cut. */
static bool is_label(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= LABEL_MAX && lec_is_utf8(text, n) && !strpbrk(text, ";\t") && text[0] != ' ' &&
           text[n - 1] != ' ';
}

/* "audio.level" of device "audio" becomes "audio-level", "audio-level-2" when that is taken. */
static void name_step(struct capture *c, struct captured *step, const struct lec_point *point)
{
    char base[2 * LEC_NAME_MAX + 2];
    snprintf(base, sizeof base, "%s-%s", point->device->name, point->name);
    for (char *p = base; *p; p++)
        if (*p == '.' || *p == '_')
            *p = '-';
    for (unsigned k = 1;; k++) {
        char tail[16] = "";
        if (k > 1)
            snprintf(tail, sizeof tail, "-%u", k);
        snprintf(step->name, sizeof step->name, "%.*s%s", (int)(LEC_NAME_MAX - strlen(tail)), base, tail);
        bool taken = false;
        for (size_t i = 0; i < c->n; i++)
            taken |= strcmp(c->steps[i].name, step->name) == 0;
        if (!taken)
            return;
    }
}

static bool wanted(struct lec_scenes *s, const struct lec_point *point, struct lec_value *now)
{
    return (point->access & LEC_READ) && point->undo && point->confirm &&
           s->host.last(s->host.ctx, point, now) == LEC_GOOD && lec_point_check(point, now, NULL) == 0;
}

/* What can be set only while a gate is open that the capture closes (the input of a projector that is off) would fail
 * each time: it is left out, and what waits for it. */
static void drop_behind_closed_gates(struct capture *c, size_t first)
{
    bool drop[LEC_STEPS_MAX] = {false};
    for (bool more = true; more;) {
        more = false;
        for (size_t i = first; i < c->n; i++) {
            size_t gate = c->steps[i].after;
            if (drop[i] || gate == SIZE_MAX ||
                (!drop[gate] && lec_when_open(&c->steps[i].point->when, &c->steps[gate].value)))
                continue;
            drop[i] = true;
            more = true;
        }
    }
    size_t moved_to[LEC_STEPS_MAX] = {0}, n = first;
    for (size_t i = first; i < c->n; i++) {
        moved_to[i] = n;
        if (!drop[i])
            c->steps[n++] = c->steps[i];
    }
    c->n = n;
    for (size_t i = first; i < n; i++)
        if (c->steps[i].after != SIZE_MAX)
            c->steps[i].after = moved_to[c->steps[i].after];
}

/* "power" may mean the whole device (all the lights of a board): set last or at the same time, it would undo the
 * others. */
static void put_power_first(struct capture *c, size_t first)
{
    size_t power = SIZE_MAX;
    for (size_t i = first; i < c->n; i++)
        if (strcmp(c->steps[i].point->name, "power") == 0)
            power = i;
    for (size_t i = first; power != SIZE_MAX && i < c->n; i++)
        if (i != power && c->steps[i].after == SIZE_MAX && c->steps[power].after != i)
            c->steps[i].after = power;
}

static int take_device(struct lec_scenes *s, struct capture *c, const struct lec_device *device, struct lec_err *err)
{
    size_t first = c->n;
    for (size_t i = 0; i < device->n_points; i++) {
        struct lec_value now;
        if (!wanted(s, &device->points[i], &now))
            continue;
        if (c->n == LEC_STEPS_MAX)
            return lec_fail(err, LEC_E_NOMEM, "more than %d points to capture; name fewer devices", LEC_STEPS_MAX);
        struct captured *step = &c->steps[c->n];
        name_step(c, step, &device->points[i]);
        step->point = &device->points[i];
        step->value = now;
        step->after = SIZE_MAX;
        c->n++;
    }
    for (size_t i = first; i < c->n; i++)
        for (size_t k = first; k < c->n; k++)
            if (c->steps[i].point->when.point == c->steps[k].point && i != k)
                c->steps[i].after = k;
    drop_behind_closed_gates(c, first);
    put_power_first(c, first);
    return 0;
}

static int print(const struct capture *c, const char *name, const char *label, const char *label_en,
                 struct lec_buf *text)
{
    struct lec_step steps[LEC_STEPS_MAX];
    for (size_t i = 0; i < c->n; i++)
        steps[i] = (struct lec_step){.name = c->steps[i].name,
                                     .index = i,
                                     .device = c->steps[i].point->device,
                                     .point = c->steps[i].point,
                                     .value = c->steps[i].value,
                                     .after = &c->steps[i].after,
                                     .n_after = c->steps[i].after != SIZE_MAX};
    struct lec_scene scene = {.name = name,
                              .label = label ? label : "",
                              .label_en = label_en ? label_en : "",
                              .deadline_ns = LEC_DEADLINE_DEFAULT_NS,
                              .steps = steps,
                              .n_steps = c->n};
    return lec_scene_print(&scene, text);
}

int lec_scenes_capture(struct lec_scenes *s, const char *name, const char *label, const char *label_en,
                       const char *const devices[], size_t n_devices, struct lec_buf *text, size_t *steps,
                       struct lec_err *err)
{
    const struct lec_scene *scene = lec_room_scene(s->room, name);
    if (!is_name(name))
        return lec_fail(err, LEC_E_RANGE, "\"%.60s\" is not a name: small letters, digits and dashes, at most %d", name,
                        LEC_NAME_MAX);
    if (scene)
        return lec_fail(err, LEC_E_RANGE, "scene %s is in %s already, line %d; choose another name", name, scene->file,
                        scene->line);
    if ((label && *label && !is_label(label)) || (label_en && *label_en && !is_label(label_en)))
        return lec_fail(err, LEC_E_RANGE, "a label is one line of at most %d bytes without semicolons", LABEL_MAX);
    struct capture c = {.n = 0};
    for (size_t i = 0; devices && i < n_devices; i++) {
        if (!lec_room_device(s->room, devices[i]))
            return lec_fail(err, LEC_E_CONFIG, "no device \"%.60s\"", devices[i]);
    }
    for (size_t d = 0; d < s->room->n_devices; d++) {
        const struct lec_device *device = &s->room->devices[d];
        bool named = !devices;
        for (size_t i = 0; devices && i < n_devices; i++)
            named |= strcmp(devices[i], device->name) == 0;
        int rc = named ? take_device(s, &c, device, err) : 0;
        if (rc < 0)
            return rc;
    }
    if (c.n == 0)
        return lec_fail(err, LEC_E_CONFIG, "nothing to capture: no point that can be set has a good value now");
    if (print(&c, name, label, label_en, text) < 0)
        return lec_fail(err, LEC_E_NOMEM, "the scene's text does not fit");
    *steps = c.n;
    return 0;
}
