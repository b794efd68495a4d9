#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "room.h"

struct lec_point *lec_device_points(struct lec_load *load, struct lec_device *dev, const struct lec_profile *p)
{
    struct lec_point *points = lec_arena_array(load->arena, p->n_points, sizeof *points);
    struct lec_action *actions = lec_arena_array(load->arena, p->n_actions, sizeof *actions);
    for (size_t i = 0; points && i < p->n_points; i++) {
        points[i] = p->points[i];
        points[i].device = dev;
        if (points[i].when.point)
            points[i].when.point = points + (p->points[i].when.point - p->points);
    }
    for (size_t i = 0; actions && i < p->n_actions; i++) {
        actions[i] = p->actions[i];
        actions[i].device = dev;
        if (actions[i].when.point)
            actions[i].when.point = points + (p->actions[i].when.point - p->points);
    }
    dev->points = points;
    dev->n_points = points ? p->n_points : 0;
    dev->actions = actions;
    dev->n_actions = actions ? p->n_actions : 0;
    dev->sections = p->sections;
    dev->n_sections = p->n_sections;
    return points;
}

/* Tells of the driver's options that are required and nowhere to be found. */
static bool tell_missing(struct lec_load *load, const struct lec_device *dev, const struct lec_option *table)
{
    bool missing = false;
    for (const struct lec_option *row = table; row && row->name; row++) {
        const struct lec_key *key = row->required ? lec_key_find(&dev->keys, row->name) : NULL;
        if (!row->required || (key && *key->value))
            continue;
        missing = true;
        lec_diag_error(&load->diag, dev->file, dev->line_no, "[device %s] has no \"%s\" (%s), expected it %s",
                       dev->name, row->name, row->help ? row->help : "for its driver",
                       row->type == LEC_OPT_SECRET ? "in the secrets file" : "here or in [driver] of its profile");
    }
    return missing;
}

static bool told_before(const struct lec_report *r, const struct lec_mistake *m)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->at[i].line == m->line && strcmp(r->at[i].file, m->file) == 0 && strcmp(r->at[i].text, m->text) == 0)
            return true;
    return false;
}

/* Lets the driver compile the profile, for the mistakes that it finds. Those in a profile come up for every device that uses it,
 * and are told once. */
static bool ask_driver(struct lec_load *load, const struct lec_device *dev, const struct lec_schema *schema)
{
    struct lec_report found;
    void *state = calloc(1, schema->state_size ? schema->state_size : 1);
    if (!state)
        return false;
    lec_report_init(&found);
    int rc = schema->prepare(dev, state, &found);
    if (schema->release)
        schema->release(state);
    free(state);
    for (size_t i = 0; i < found.n; i++) {
        const struct lec_mistake *m = &found.at[i];
        if (load->diag.report && told_before(load->diag.report, m))
            continue;
        if (m->warning)
            lec_diag_warn(&load->diag, m->file, m->line, "%s", m->text);
        else
            lec_diag_error(&load->diag, m->file, m->line, "%s", m->text);
    }
    if (rc < 0 && rc != LEC_E_NOMEM && found.errors == 0)
        lec_diag_error(&load->diag, dev->file, dev->line_no,
                       "device %s: driver %s does not accept its profile, and gives no reason", dev->name, dev->driver);
    lec_report_done(&found);
    return rc != LEC_E_NOMEM;
}

void lec_device_options(struct lec_load *load, struct lec_device *dev, const struct lec_device_work *work)
{
    const struct lec_profile *p = work->profile;
    if (!p)
        return;
    const struct lec_keys room = work->section ? work->section->rest : (struct lec_keys){0};
    const struct lec_keys parts[] = {room, work->query, work->map, work->secrets};
    dev->keys = p->options;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        dev->keys = lec_keys_overlay(load->arena, dev->keys, parts[i]);
    dev->keys = lec_keys_defaults(load->arena, dev->keys, p->schema ? p->schema->device_options : NULL,
                                  p->ini ? p->ini->file : p->name);
}

bool lec_device_check(struct lec_load *load, const struct lec_device *dev, const struct lec_device_work *work,
                      bool required)
{
    const struct lec_profile *p = work->profile;
    if (!p || !p->schema || work->broken || p->doubtful || load->arena->failed)
        return true;
    if (required && tell_missing(load, dev, p->schema->device_options))
        return true;
    return !p->schema->prepare || ask_driver(load, dev, p->schema);
}
