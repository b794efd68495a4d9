/* The table of methods, and those about the room as a whole. */
#include "core/methods.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "core/descriptors.h"
#include "core/record.h"
#include "lectern/program.h"

/* ---- Room --------------------------------------------------------------------------------------------------- */

static bool simulated(const struct core *core)
{
    for (size_t i = 0; i < core->room->n_lines; i++)
        if (core->room->lines[i].simulated)
            return true;
    return false;
}

static void room_describe(struct core *core, struct request *r)
{
    if (!params_known(core, r, ""))
        return;
    const struct lec_room *room = core->room;
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_puts(b, "{\"site\":");
    lec_json_str(b, room->site);
    lec_member_words(b, "site_label", room->site_label, room->site_label_en, room->site);
    lec_member_str(b, "room", room->id);
    describe_label(b, room->label, room->label_en, room->id);
    lec_member_str(b, "boot", core->boot);
    lec_member_str(b, "version", lec_version());
    lec_member_bool(b, "simulated", simulated(core));
    lec_json_key(b, "devices");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < room->n_devices; i++) {
        lec_json_next(b);
        lec_json_str(b, room->devices[i].name);
    }
    lec_buf_putc(b, ']');
    lec_json_key(b, "scenes");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < room->n_scenes; i++) {
        lec_json_next(b);
        lec_json_str(b, room->scenes[i].name);
    }
    lec_buf_putc(b, ']');
    lec_json_key(b, "you");
    role_describe(b, r);
    lec_buf_putc(b, '}');
    reply_send(core, r);
}

static void state_snapshot(struct core *core, struct request *r)
{
    if (!params_known(core, r, ""))
        return;
    state_write_snapshot(core, reply_begin(core, r));
    reply_send(core, r);
}

static void device_list(struct core *core, struct request *r)
{
    if (!params_known(core, r, ""))
        return;
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_puts(b, "{\"devices\":[");
    for (size_t i = 0; i < core->n_devices; i++) {
        lec_json_next(b);
        describe_device(core, &core->devices[i], b, false);
    }
    lec_buf_puts(b, "]}");
    reply_send(core, r);
}

static void device_describe(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "device|as"))
        return;
    const char *name = param_text(core, r, "device", true, &ok);
    if (!ok)
        return;
    const char *as = param_text(core, r, "as", false, &ok);
    if (!ok)
        return;
    if (as && strcmp(as, "lectern") != 0 && strcmp(as, "wot") != 0) {
        reply_param(core, r, "as", "\"lectern\" or \"wot\" is wanted");
        return;
    }
    struct lec_err err;
    char nearest[64];
    const struct lec_point *none = NULL;
    struct device_state *d = state_device(core, name);
    if (!d) {
        (void)state_target(core, name, &none, NULL, &err, nearest);
        struct trouble t = {.code = -32001, .reason = err.text, .nearest = nearest};
        reply_error(core, r, &t);
        return;
    }
    struct lec_buf *b = reply_begin(core, r);
    if (as && strcmp(as, "wot") == 0)
        describe_thing(core, d, b);
    else
        describe_device(core, d, b, true);
    reply_send(core, r);
}

/* ---- Drivers, lines, health --------------------------------------------------------------------------------- */

static void write_options(struct lec_buf *b, const struct lec_option *options)
{
    static const char *const types[] = {"text", "bool", "int", "float", "duration", "choice", "bytes", "secret"};
    lec_buf_putc(b, '[');
    for (; options && options->name; options++) {
        lec_json_next(b);
        lec_buf_puts(b, "{\"name\":");
        lec_json_str(b, options->name);
        lec_member_str(b, "type", types[options->type]);
        if (options->initial && options->type != LEC_OPT_SECRET)
            lec_member_str(b, "default", options->initial);
        if (options->choices)
            lec_member_str(b, "choices", options->choices);
        lec_member_str(b, "help", options->help ? options->help : "");
        lec_buf_putc(b, '}');
    }
    lec_buf_putc(b, ']');
}

static void driver_list(struct core *core, struct request *r)
{
    if (!params_known(core, r, ""))
        return;
    char **names = lec_drivers_names(core->drivers);
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_puts(b, "{\"drivers\":[");
    for (char **name = names; name && *name; name++) {
        const struct lec_driver *driver = lec_drivers_get(core->drivers, *name, NULL);
        if (!driver)
            continue;
        lec_json_next(b);
        lec_buf_puts(b, "{\"name\":");
        lec_json_str(b, driver->schema.name);
        lec_member_str(b, "summary", driver->schema.summary);
        lec_member_str(b, "lines", driver->schema.lines);
        lec_member_bool(b, "searches", driver->search != NULL);
        lec_json_key(b, "options");
        write_options(b, driver->schema.device_options);
        lec_buf_putc(b, '}');
    }
    lec_buf_puts(b, "]}");
    lec_drivers_names_free(names);
    reply_send(core, r);
}

static void line_trace(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "line|on"))
        return;
    const char *name = param_text(core, r, "line", true, &ok);
    if (!ok)
        return;
    json_t *on = json_object_get(r->params, "on");
    if (on && !json_is_boolean(on)) {
        reply_param(core, r, "on", "true or false is wanted");
        return;
    }
    struct line_state *line = lines_find(core, name);
    if (!line) {
        struct trouble t = {.code = -32001, .reason = "no such line in this room; device.list names them"};
        reply_error(core, r, &t);
        return;
    }
    struct lec_request ask = {.ask = LEC_ASK_TRACE, .on = !on || json_is_true(on)};
    line->trace_until = ask.on ? lec_now() + 600 * LEC_SEC : 0;
    lec_line_ask(line->actor, &ask);
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_puts(b, "{\"line\":");
    lec_json_str(b, name);
    lec_member_bool(b, "on", ask.on);
    lec_buf_putc(b, '}');
    reply_send(core, r);
}

static void write_lines(struct core *core, struct lec_buf *b)
{
    lec_json_key(b, "lines");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < core->n_lines; i++) {
        const struct line_state *line = core->lines[i];
        if (!line)
            continue;
        const struct lec_counters *c = &line->counters;
        lec_json_next(b);
        lec_buf_puts(b, "{\"line\":");
        lec_json_str(b, line->desc ? line->desc->name : line->devices[0]->name);
        lec_json_key(b, "devices");
        lec_buf_putc(b, '[');
        for (size_t k = 0; k < line->n_devices; k++) {
            lec_json_next(b);
            lec_json_str(b, line->devices[k]->name);
        }
        lec_buf_putc(b, ']');
        lec_member_bool(b, "open", c->open);
        lec_member_int(b, "asked", (int64_t)c->asked);
        lec_member_int(b, "answered", (int64_t)c->answered);
        lec_member_int(b, "timed_out", (int64_t)c->timed_out);
        lec_member_int(b, "bad_frames", (int64_t)c->bad_frames);
        lec_member_int(b, "refused", (int64_t)c->refused);
        lec_member_int(b, "opens", (int64_t)c->opens);
        lec_member_int(b, "sent_bytes", (int64_t)c->sent_bytes);
        lec_member_int(b, "received_bytes", (int64_t)c->received_bytes);
        lec_buf_putc(b, '}');
    }
    lec_buf_putc(b, ']');
}

static void write_limits(struct core *core, struct lec_buf *b)
{
    const struct limits *l = &core->limits;
    lec_json_key(b, "limits");
    lec_buf_putc(b, '{');
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = {{"request_too_long", l->oversized},
                {"too_many_frames", l->frames},
                {"room_operations", l->pending},
                {"caller_operations", l->caller},
                {"not_a_request", l->bad_json},
                {"device_events", l->device_events},
                {"refusals", l->refusals},
                {"logins", l->logins},
                {"help_calls", l->helps},
                {"journal_lost", core->store_lost},
                {"connections", descriptors_refused()},
                {"recorder_overrun", core->record->overrun},
                {"alarms_standing", alarms_over(core)}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].n > 0)
            lec_member_int(b, rows[i].name, (int64_t)rows[i].n);
    lec_buf_putc(b, '}');
}

static void system_health(struct core *core, struct request *r)
{
    if (!params_known(core, r, ""))
        return;
    lec_store_counts(core->store, &core->store_waiting,
                     &core->store_lost); /* `trouble` told them as of its beginning */
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_putc(b, '{');
    lec_member_str(b, "version", lec_version());
    lec_member_str(b, "boot", core->boot);
    lec_member_int(b, "uptime_ms", (lec_now() - core->started_ns) / LEC_MS);
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        lec_member_int(b, "memory_kb", usage.ru_maxrss);
        lec_member_int(b, "cpu_ms",
                       (int64_t)((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                                 (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000));
    }
    lec_json_key(b, "journal");
    lec_buf_puts(b, "{\"ok\":");
    lec_json_bool(b, !core->store_failing);
    if (core->store_failing)
        lec_member_str(b, "reason", core->store_trouble);
    lec_member_int(b, "last", (int64_t)core->journal_last);
    lec_member_int(b, "waiting", (int64_t)core->store_waiting);
    lec_member_int(b, "lost", (int64_t)core->store_lost);
    struct statvfs disk;
    if (statvfs(core->setup.state_dir, &disk) == 0)
        lec_member_int(b, "free_bytes", (int64_t)(disk.f_bavail * disk.f_frsize));
    lec_buf_putc(b, '}');
    record_health(core, b);
    alarms_health(core, b);
    write_lines(core, b);
    lec_json_key(b, "bus");
    lec_buf_puts(b, "{\"requests\":");
    lec_json_int(b, (int64_t)core->n_requests);
    lec_member_int(b, "errors", (int64_t)core->n_errors);
    lec_member_int(b, "events", (int64_t)core->events.sent);
    lec_member_int(b, "subscriptions", (int64_t)core->events.subscriptions);
    lec_member_int(b, "operations", (int64_t)core->n_pending);
    lec_buf_putc(b, '}');
    write_limits(core, b);
    lec_buf_putc(b, '}');
    reply_send(core, r);
}

/* ---- The table ---------------------------------------------------------------------------------------------- */

/* Sorted by name. */
const struct method core_methods[] = {
    {"action.invoke", true, action_invoke},
    {"alarm.ack", true, alarm_ack},
    {"alarm.list", false, alarm_list},
    {"alarm.shelve", true, alarm_shelve},
    {"alarm.unshelve", true, alarm_unshelve},
    {"device.describe", false, device_describe},
    {"device.list", false, device_list},
    {"driver.list", false, driver_list},
    {"driver.search", false, driver_search},
    {"experiment.create", true, experiment_create},
    {"experiment.delete", true, experiment_delete},
    {"experiment.list", false, experiment_list},
    {"experiment.mark", true, experiment_mark},
    {"experiment.sample", true, experiment_sample},
    {"experiment.start", true, experiment_start},
    {"experiment.stop", true, experiment_stop},
    {"help.call", true, help_call},
    {"journal.read", false, journal_read},
    {"line.trace", false, line_trace},
    {"login.note", true, login_note},
    {"point.calibrate", true, point_calibrate},
    {"point.read", false, point_read},
    {"point.write", true, point_write},
    {"room.describe", false, room_describe},
    {"room.reload", true, room_reload},
    {"run.analyze", false, run_analyze},
    {"run.delete", true, run_delete},
    {"run.export", true, run_export},
    {"run.fetch", false, run_fetch},
    {"run.list", false, run_list},
    {"run.read", false, run_read},
    {"run.show", false, run_show},
    {"scene.cancel", true, scene_cancel},
    {"scene.capture", true, scene_capture},
    {"scene.list", false, scene_list},
    {"scene.plan", false, scene_plan},
    {"scene.run", false, scene_run},
    {"scene.start", true, scene_start},
    {"scene.undo", true, scene_undo},
    {"simulator.note", true, simulator_note},
    {"state.snapshot", false, state_snapshot},
    {"system.health", false, system_health},
    {"timetable.extend", true, timetable_extend},
    {"timetable.show", false, timetable_show},
    {"timetable.skip", true, timetable_skip},
    {NULL, false, NULL},
};

static int by_name(const void *name, const void *method)
{
    return strcmp(name, ((const struct method *)method)->name);
}

const struct method *method_find(const char *name)
{
    return bsearch(name, core_methods, ARRAY_LEN(core_methods) - 1, sizeof *core_methods, by_name);
}
