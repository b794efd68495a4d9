#include "lectern/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lectern/parse.h"

const struct lec_key *lec_key_find(const struct lec_keys *keys, const char *name)
{
    for (size_t i = keys->n; i > 0; i--)
        if (strcmp(keys->at[i - 1].name, name) == 0)
            return &keys->at[i - 1];
    return NULL;
}

const char *lec_key_text(const struct lec_keys *keys, const char *name, const char *fallback)
{
    const struct lec_key *k = lec_key_find(keys, name);
    return k ? k->value : fallback;
}

int64_t lec_key_int(const struct lec_keys *keys, const char *name, int64_t fallback)
{
    const char *text = lec_key_text(keys, name, NULL);
    int64_t v = fallback;
    if (text)
        (void)lec_parse_int(text, INT64_MIN, INT64_MAX, &v);
    return v;
}

double lec_key_float(const struct lec_keys *keys, const char *name, double fallback)
{
    const char *text = lec_key_text(keys, name, NULL);
    double v = fallback;
    if (text)
        (void)lec_parse_float(text, &v);
    return v;
}

bool lec_key_bool(const struct lec_keys *keys, const char *name, bool fallback)
{
    const char *text = lec_key_text(keys, name, NULL);
    bool v = fallback;
    if (text)
        (void)lec_parse_bool(text, &v);
    return v;
}

int64_t lec_key_duration(const struct lec_keys *keys, const char *name, int64_t fallback_ns)
{
    const char *text = lec_key_text(keys, name, NULL);
    int64_t v = fallback_ns;
    if (text)
        (void)lec_parse_duration(text, &v);
    return v;
}

const struct lec_point *lec_device_point(const struct lec_device *dev, const char *name)
{
    for (size_t i = 0; i < dev->n_points; i++)
        if (strcmp(dev->points[i].name, name) == 0)
            return &dev->points[i];
    return NULL;
}

const struct lec_action *lec_device_action(const struct lec_device *dev, const char *name)
{
    for (size_t i = 0; i < dev->n_actions; i++)
        if (strcmp(dev->actions[i].name, name) == 0)
            return &dev->actions[i];
    return NULL;
}

const struct lec_device *lec_room_device(const struct lec_room *room, const char *name)
{
    for (size_t i = 0; i < room->n_devices; i++)
        if (strcmp(room->devices[i].name, name) == 0)
            return &room->devices[i];
    return NULL;
}

const struct lec_scene *lec_room_scene(const struct lec_room *room, const char *name)
{
    for (size_t i = 0; i < room->n_scenes; i++)
        if (strcmp(room->scenes[i].name, name) == 0)
            return &room->scenes[i];
    return NULL;
}

const struct lec_experiment *lec_room_experiment(const struct lec_room *room, const char *name)
{
    for (size_t i = 0; i < room->n_experiments; i++)
        if (strcmp(room->experiments[i].name, name) == 0)
            return &room->experiments[i];
    return NULL;
}

/* Refuses `v` unless it is one of the choices, naming them all. */
static int check_choice(const char *v, const char *const choices[], size_t n, struct lec_err *err)
{
    char list[160] = "";
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(choices[i], v) == 0)
            return 0;
        if (used < sizeof list) {
            int m = snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", choices[i]);
            used += m > 0 ? (size_t)m : 0;
        }
    }
    const char *near = lec_nearest(v, choices, n);
    if (near)
        return lec_fail(err, LEC_E_RANGE, "\"%s\" is not one of: %s (did you mean %s?)", v, list, near);
    return lec_fail(err, LEC_E_RANGE, "\"%s\" is not one of: %s", v, list);
}

static int check_number(const struct lec_value *v, double min, double max, double step, const char *unit,
                        struct lec_err *err)
{
    double f = v->type == LEC_INT ? (double)v->i : v->f;
    const char *space = *unit ? " " : "";
    if (!(f >= min && f <= max))
        return lec_fail(err, LEC_E_RANGE, "%g is outside %g..%g%s%s", f, min, max, space, unit);
    if (step > 0) {
        double steps = (f - min) / step;
        if (fabs(steps - nearbyint(steps)) > 1e-6)
            return lec_fail(err, LEC_E_RANGE, "%g is not in steps of %g from %g", f, step, min);
    }
    return 0;
}

bool lec_when_open(const struct lec_when *when, const struct lec_value *v)
{
    char text[LEC_TEXT_MAX + 1];
    lec_value_print(v, text, sizeof text);
    for (size_t i = 0; i < when->n_values; i++)
        if (strcmp(when->values[i], text) == 0)
            return true;
    return false;
}

int lec_point_check(const struct lec_point *point, const struct lec_value *v, struct lec_err *err)
{
    if (!(point->access & LEC_WRITE))
        return lec_fail(err, LEC_E_NOTSUP, "%s can only be read", point->name);
    bool number = point->type == LEC_FLOAT && v->type == LEC_INT;
    if (v->type != point->type && !number)
        return lec_fail(err, LEC_E_RANGE, "a %s was given, %s takes %s", lec_type_name(v->type), point->name,
                        lec_type_name(point->type));
    if (point->type == LEC_ENUM)
        return check_choice(v->s, point->settable, point->n_settable, err);
    if (point->has_range && (v->type == LEC_INT || v->type == LEC_FLOAT))
        return check_number(v, point->min, point->max, point->step, point->unit, err);
    if (v->type == LEC_FLOAT && !isfinite(v->f))
        return lec_fail(err, LEC_E_RANGE, "the number is not finite");
    if (v->type == LEC_TEXT && !lec_is_utf8(v->s, strlen(v->s)))
        return lec_fail(err, LEC_E_RANGE, "the text has control characters or is not UTF-8");
    return 0;
}

int lec_arg_check(const struct lec_arg *arg, const struct lec_value *v, struct lec_err *err)
{
    bool number = arg->type == LEC_FLOAT && v->type == LEC_INT;
    if (v->type != arg->type && !number)
        return lec_fail(err, LEC_E_RANGE, "%s: a %s was given, %s is wanted", arg->name, lec_type_name(v->type),
                        lec_type_name(arg->type));
    if (arg->type == LEC_ENUM)
        return check_choice(v->s, arg->choices, arg->n_choices, err);
    if (arg->has_range && (v->type == LEC_INT || v->type == LEC_FLOAT))
        return check_number(v, arg->min, arg->max, 0, "", err);
    if (v->type == LEC_TEXT && !lec_is_utf8(v->s, strlen(v->s)))
        return lec_fail(err, LEC_E_RANGE, "%s: the text has control characters or is not UTF-8", arg->name);
    return 0;
}

const char *lec_channel_kind_name(enum lec_channel_kind kind)
{
    switch (kind) {
    case LEC_CHANNEL_POINT:
        return "point";
    case LEC_CHANNEL_DERIVED:
        return "derived";
    case LEC_CHANNEL_MANUAL:
        return "manual";
    case LEC_CHANNEL_COUNT:
        return "count";
    }
    return "";
}
