/* The room's present state as a scene: a step for each point that is good now, can be set to what it is, and may be
 * undone (what must never be put back by undo must not be put back by a capture either). */
#include "scene/internal.h"

#include <stdio.h>
#include <string.h>

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

/* Text that stands in a line of a room file as it is: a ';' would begin a comment, a ',' an option, and blanks at the
 * ends would be cut. */
static bool plain(const char *text, size_t max)
{
    size_t n = strlen(text);
    return n > 0 && n <= max && lec_is_utf8(text, n) && !strpbrk(text, ";\t\"\\") && text[0] != ' ' &&
           text[n - 1] != ' ' && text[0] != '[' && text[0] != '#';
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

static bool opens(const struct lec_when *when, const struct lec_value *v)
{
    char text[LEC_TEXT_MAX + 1];
    lec_value_print(v, text, sizeof text);
    for (size_t i = 0; i < when->n_values; i++)
        if (strcmp(when->values[i], text) == 0)
            return true;
    return false;
}

static bool wanted(struct lec_scenes *s, const struct lec_point *point, struct lec_value *now)
{
    if (!(point->access & LEC_READ) || !point->undo || !point->confirm ||
        s->host.last(s->host.ctx, point, now) != LEC_GOOD || lec_point_check(point, now, NULL) < 0)
        return false;
    return now->type != LEC_TEXT || (plain(now->s, LEC_TEXT_MAX) && !strchr(now->s, ','));
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
    /* What is set only while the gate is open, and the capture closes it (power off), is of no use in the scene. */
    for (size_t i = first; i < c->n;) {
        size_t gate = c->steps[i].after;
        if (gate == SIZE_MAX || opens(&c->steps[i].point->when, &c->steps[gate].value)) {
            i++;
            continue;
        }
        c->n--;
        memmove(&c->steps[i], &c->steps[i + 1], (c->n - i) * sizeof c->steps[0]);
        for (size_t k = first; k < c->n; k++)
            if (c->steps[k].after != SIZE_MAX && c->steps[k].after >= i)
                c->steps[k].after = c->steps[k].after == i ? SIZE_MAX : c->steps[k].after - 1;
    }
    return 0;
}

static void print(const struct capture *c, const char *name, const char *label, const char *label_en,
                  struct lec_buf *text)
{
    lec_buf_printf(text, "[scene %s]\n", name);
    if (label && *label)
        lec_buf_printf(text, "label = %s\n", label);
    if (label_en && *label_en)
        lec_buf_printf(text, "label.en = %s\n", label_en);
    for (size_t i = 0; i < c->n; i++) {
        const struct captured *step = &c->steps[i];
        char value[LEC_TEXT_MAX + 1];
        lec_buf_printf(text, "step %s = %s.%s %s", step->name, step->point->device->name, step->point->name,
                       lec_value_print(&step->value, value, sizeof value));
        if (step->after != SIZE_MAX)
            lec_buf_printf(text, ", after %s", c->steps[step->after].name);
        lec_buf_putc(text, '\n');
    }
}

int lec_scenes_capture(struct lec_scenes *s, const char *name, const char *label, const char *label_en,
                       const char *const devices[], size_t n_devices, struct lec_buf *text, size_t *steps,
                       struct lec_err *err)
{
    const struct lec_scene *scene = lec_room_scene(s->room, name);
    if (!is_name(name))
        return lec_fail(err, LEC_E_RANGE, "\"%.60s\" is not a name: small letters, digits and dashes, at most %d", name,
                        LEC_NAME_MAX);
    if (scene && strcmp(scene->file, s->room->file) == 0)
        return lec_fail(err, LEC_E_RANGE, "scene %s is in the room file, %s:%d; choose another name", name, scene->file,
                        scene->line);
    if ((label && *label && !plain(label, LABEL_MAX)) || (label_en && *label_en && !plain(label_en, LABEL_MAX)))
        return lec_fail(err, LEC_E_RANGE, "a label is one line of at most %d bytes without ; \" or \\", LABEL_MAX);
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
    print(&c, name, label, label_en, text);
    if (text->failed)
        return lec_fail(err, LEC_E_NOMEM, "the scene's text does not fit");
    *steps = c.n;
    return 0;
}
