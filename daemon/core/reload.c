/* A new configuration: what is the same stays as it is, a wrong one changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "lectern/log.h"

struct outcome {
    size_t kept, opened, closed;
    struct lec_buf names[3]; /* JSON lists without brackets */
};

static void note(struct outcome *o, int which, const char *name)
{
    size_t *counts[] = {&o->kept, &o->opened, &o->closed};
    (*counts[which])++;
    lec_json_next(&o->names[which]);
    if (o->names[which].len == 0)
        lec_buf_putc(&o->names[which], '[');
    lec_json_str(&o->names[which], name);
}

static const char *line_name(const struct lec_line *line, const struct lec_device *device)
{
    return line ? line->name : device->name;
}

/* The line under way that this one can be, unchanged. */
static struct line_state *same_line(struct core *core, const struct lec_line *line, const struct lec_device *device)
{
    for (size_t i = 0; i < core->n_lines; i++) {
        struct line_state *old = core->lines[i];
        if (!old || old->ending)
            continue;
        if (line ? old->desc && lec_line_same(old->desc, line) : !old->desc && lec_device_same(old->devices[0], device))
            return old;
    }
    return NULL;
}

/* The state of a device that stays on a line that stays moves over; operations on others end. */
static void move_states(struct core *core, struct device_state *old, size_t n_old, const bool kept[])
{
    for (size_t i = 0; i < n_old; i++) {
        struct device_state *from = &old[i];
        struct device_state *to = state_device(core, from->desc->name);
        if (to && from->line && kept[from->line->number]) {
            const struct lec_device *desc = to->desc;
            free(to->points); /* nothing has happened to them yet */
            *to = *from;
            to->desc = desc;
            from->points = NULL;
        } else {
            state_reset_told(core, to ? to : from, !to);
        }
        for (size_t p = 0; p < core->pending_used; p++)
            if (core->pending[p].kind != PENDING_FREE && core->pending[p].device == from)
                core->pending[p].device = to;
        changed_forget(from);
        free(from->points);
    }
    free(old);
}

static void apply(struct core *core, const struct lec_room *room, struct outcome *o, struct lec_err *err)
{
    bool *kept = calloc(core->n_lines + 1, sizeof *kept);
    size_t n_before = core->n_lines;
    if (!kept)
        return;
    for (size_t i = 0; i < room->n_lines; i++) {
        struct line_state *line = same_line(core, &room->lines[i], NULL);
        if (line)
            kept[line->number] = true;
    }
    for (size_t i = 0; i < room->n_devices; i++) {
        struct line_state *line = room->devices[i].line ? NULL : same_line(core, NULL, &room->devices[i]);
        if (line)
            kept[line->number] = true;
    }
    lec_scenes_hold(core->scenes); /* a step that follows one that ends here must not go to a line that ends too */
    for (size_t i = 0; i < core->n_devices; i++)
        if (core->devices[i].line && !kept[core->devices[i].line->number])
            pending_drop_device(core, &core->devices[i]);

    struct device_state *old = core->devices;
    size_t n_old = core->n_devices;
    const struct lec_room *old_room = core->room;
    core->room = room;
    access_forget();
    core->devices = NULL;
    core->n_devices = 0;
    core->lines_started = SIZE_MAX; /* reload starts what it needs */
    state_open(core);
    move_states(core, old, n_old, kept);
    calibrate_bind(core);

    for (size_t i = 0; i < n_before; i++) {
        struct line_state *line = core->lines[i];
        if (!line || line->ending)
            continue;
        note(o, kept[i] ? 0 : 2, line_name(line->desc, line->devices[0]));
        if (!kept[i])
            lines_end(core, line);
    }
    for (size_t i = 0; i < core->n_devices; i++) {
        const struct lec_device *d = core->devices[i].desc;
        const struct lec_device *one[] = {d};
        if (core->devices[i].line)
            continue; /* kept, or started with a device before it on the same line */
        struct line_state *line = d->line ? lines_start(core, d->line, d->line->devices, d->line->n_devices, err)
                                          : lines_start(core, NULL, one, 1, err);
        if (line)
            note(o, 1, line_name(d->line, d));
        else
            lec_log(LEC_LOG_ERROR, "reload: %s: %s", line_name(d->line, d), err->text);
    }
    lec_scenes_reload(core->scenes, room);
    record_reload(core);
    timetable_reload(core);
    alarms_reload(core);
    free(kept);
    lec_room_unref(&old_room);
}

static void journal_config(struct core *core, const struct request *r, const struct outcome *o,
                           const struct lec_report *report, bool taken)
{
    struct lec_buf b;
    lec_buf_init(&b, 16384);
    lec_buf_printf(&b, "{\"outcome\":\"%s\"", taken ? "taken" : "refused");
    if (taken)
        lec_buf_printf(&b, ",\"kept\":%zu,\"opened\":%zu,\"closed\":%zu", o->kept, o->opened, o->closed);
    for (size_t i = 0; !taken && i < report->n && i < 10; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s:%d: %s", report->at[i].file, report->at[i].line, report->at[i].text);
        lec_buf_puts(&b, i == 0 ? ",\"mistakes\":[" : ",");
        lec_json_str(&b, text);
    }
    if (!taken && report->n > 0)
        lec_buf_putc(&b, ']');
    lec_buf_putc(&b, '}');
    if (!b.failed)
        journal_add(core, "config", "", "", r ? r->principal : "", b.data);
    lec_buf_done(&b);
}

static void answer(struct core *core, const struct request *r, struct outcome *o)
{
    static const char *const keys[] = {"kept", "opened", "closed"};
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_putc(b, '{');
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        lec_json_key(b, keys[i]);
        lec_buf_puts(b, o->names[i].len > 0 ? o->names[i].data : "[");
        lec_buf_putc(b, ']');
    }
    lec_buf_putc(b, '}');
    reply_send(core, r);
}

void room_reload(struct core *core, struct request *r)
{
    if (r && !params_known(core, r, ""))
        return;
    struct lec_report report;
    struct lec_err err = {.text = ""};
    struct outcome o = {0};
    const struct lec_room *room = NULL;
    lec_report_init(&report);
    for (size_t i = 0; i < ARRAY_LEN(o.names); i++)
        lec_buf_init(&o.names[i], 65536);
    while (lines_start_next(core))
        continue;
    int rc = core_load(core, &room, &report);
    if (rc == 0 && (strcmp(room->id, core->room->id) != 0 || strcmp(room->site, core->room->site) != 0)) {
        rc = lec_report_add(&report, room->file, 0, "the room's id or site has changed: restart the daemon instead");
        lec_room_unref(&room);
    }
    if (rc == 0) {
        apply(core, room, &o, &err);
        lec_log(LEC_LOG_NOTICE, "room %s: reloaded: %zu lines kept, %zu opened, %zu closed", core->room->id, o.kept,
                o.opened, o.closed);
    } else {
        for (size_t i = 0; i < report.n; i++)
            lec_log(LEC_LOG_ERROR, "%s:%d: %s", report.at[i].file, report.at[i].line, report.at[i].text);
        lec_log(LEC_LOG_ERROR, "room %s: the new configuration is wrong, the old one is still in force",
                core->room->id);
    }
    journal_config(core, r, &o, &report, rc == 0);
    if (r && rc == 0) {
        answer(core, r, &o);
    } else if (r) {
        struct trouble t = {.code = -32011,
                            .reason = "the new configuration is wrong, the old one is still in force",
                            .mistakes = &report};
        reply_error(core, r, &t);
    }
    for (size_t i = 0; i < ARRAY_LEN(o.names); i++)
        lec_buf_done(&o.names[i]);
    lec_report_done(&report);
    scenes_tick(core);
}
