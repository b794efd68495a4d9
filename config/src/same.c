/* What a reload may leave as it is. */
#include <string.h>

#include "config.h"

static bool same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool same_list(const char *const a[], size_t n_a, const char *const b[], size_t n_b)
{
    if (n_a != n_b)
        return false;
    for (size_t i = 0; i < n_a; i++)
        if (!same_text(a[i], b[i]))
            return false;
    return true;
}

/* Written in another order they are the same, unless one hides the other, which config has sorted out. */
static bool same_keys(const struct lec_keys *a, const struct lec_keys *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const char *value = lec_key_text(b, a->at[i].name, NULL);
        if (!value || !same_text(a->at[i].value, value))
            return false;
    }
    return true;
}

static bool same_when(const struct lec_when *a, const struct lec_when *b)
{
    if (!a->point || !b->point)
        return a->point == b->point;
    return same_text(a->point->name, b->point->name) && same_list(a->values, a->n_values, b->values, b->n_values);
}

static bool same_point(const struct lec_point *a, const struct lec_point *b)
{
    return same_text(a->name, b->name) && a->type == b->type && a->access == b->access && same_text(a->unit, b->unit) &&
           a->has_range == b->has_range && a->min == b->min && a->max == b->max && a->step == b->step &&
           same_list(a->choices, a->n_choices, b->choices, b->n_choices) &&
           same_list(a->settable, a->n_settable, b->settable, b->n_settable) && a->tolerance == b->tolerance &&
           a->period_ns == b->period_ns && same_when(&a->when, &b->when) && a->timeout_ns == b->timeout_ns &&
           a->settle_ns == b->settle_ns && a->confirm_every_ns == b->confirm_every_ns && a->usual_ns == b->usual_ns &&
           a->limit_ns == b->limit_ns && a->lockout_ns == b->lockout_ns && a->confirm == b->confirm &&
           a->undo == b->undo && same_text(a->severity, b->severity) && a->stream == b->stream &&
           a->fastest_ns == b->fastest_ns && a->slowest_ns == b->slowest_ns && same_keys(&a->keys, &b->keys);
}

static bool same_arg(const struct lec_arg *a, const struct lec_arg *b)
{
    return same_text(a->name, b->name) && a->type == b->type && a->has_range == b->has_range && a->min == b->min &&
           a->max == b->max && same_list(a->choices, a->n_choices, b->choices, b->n_choices);
}

static bool same_action(const struct lec_action *a, const struct lec_action *b)
{
    if (!same_text(a->name, b->name) || a->n_args != b->n_args || a->urgent != b->urgent ||
        !same_when(&a->when, &b->when) || a->timeout_ns != b->timeout_ns || a->lockout_ns != b->lockout_ns ||
        !same_keys(&a->keys, &b->keys))
        return false;
    for (size_t i = 0; i < a->n_args; i++)
        if (!same_arg(&a->args[i], &b->args[i]))
            return false;
    return true;
}

/* The line as such, without its devices. */
static bool same_connection(const struct lec_line *a, const struct lec_line *b)
{
    if (!a || !b)
        return a == b;
    return same_text(a->name, b->name) && a->kind == b->kind && same_text(a->host, b->host) && a->port == b->port &&
           same_text(a->path, b->path) && a->baud == b->baud && a->bits == b->bits && a->parity == b->parity &&
           a->stop == b->stop && a->rtscts == b->rtscts && a->xonxoff == b->xonxoff && a->simulated == b->simulated;
}

bool lec_calibration_same(const struct lec_calibration *a, const struct lec_calibration *b)
{
    if (a->kind != b->kind || a->n != b->n || a->scale != b->scale || a->offset != b->offset ||
        a->divider_ohm != b->divider_ohm || a->divider_v != b->divider_v || a->date_us != b->date_us)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (a->c[i] != b->c[i])
            return false;
    return same_text(a->unit, b->unit) && same_text(a->source, b->source) && same_text(a->by, b->by) &&
           same_text(a->note, b->note);
}

/* Points, actions and sections must be the same in the same order: the daemon knows points by their number, and a
 * driver may try its sections from the top. */
bool lec_device_same(const struct lec_device *a, const struct lec_device *b)
{
    if (!same_text(a->name, b->name) || !same_text(a->class_name, b->class_name) ||
        !same_text(a->profile, b->profile) || !same_text(a->vendor, b->vendor) || !same_text(a->model, b->model) ||
        !same_text(a->driver, b->driver) || !same_connection(a->line, b->line) || !same_keys(&a->keys, &b->keys) ||
        a->timeout_ns != b->timeout_ns || a->gap_ns != b->gap_ns || a->retries != b->retries ||
        a->idle_ns != b->idle_ns || a->away_period_ns != b->away_period_ns || a->n_sections != b->n_sections ||
        a->n_points != b->n_points || a->n_actions != b->n_actions)
        return false;
    for (size_t i = 0; i < a->n_sections; i++)
        if (!same_text(a->sections[i].kind, b->sections[i].kind) ||
            !same_text(a->sections[i].name, b->sections[i].name) ||
            !same_keys(&a->sections[i].keys, &b->sections[i].keys))
            return false;
    for (size_t i = 0; i < a->n_points; i++)
        if (!same_point(&a->points[i], &b->points[i]))
            return false;
    for (size_t i = 0; i < a->n_actions; i++)
        if (!same_action(&a->actions[i], &b->actions[i]))
            return false;
    return true;
}

bool lec_line_same(const struct lec_line *a, const struct lec_line *b)
{
    if (!same_connection(a, b) || a->n_devices != b->n_devices)
        return false;
    for (size_t i = 0; i < a->n_devices; i++) {
        const struct lec_device *other = NULL;
        for (size_t k = 0; k < b->n_devices; k++)
            if (same_text(a->devices[i]->name, b->devices[k]->name))
                other = b->devices[k];
        if (!other || !lec_device_same(a->devices[i], other))
            return false;
    }
    return true;
}
