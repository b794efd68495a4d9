/* lectern check: every mistake in files that people write, at once. Needs no room. */
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "cli.h"
#include "config.h"
#include "lectern/paths.h"
#include "loader/loader.h"

static int check_file(char *file, const struct lec_sources *sources, struct lec_report *report)
{
    const struct lec_room *room = NULL;
    int rc;
    if (calendar_is_one(file)) {
        calendar_check_file(file, report);
        return 0;
    }
    switch (lec_file_kind(file)) {
    case 'r':
        rc = lec_room_load(file, sources, &room, report);
        if (rc == 0)
            calendar_check_room(room, report);
        lec_room_unref(&room);
        return rc;
    case 'p':
        return lec_profile_check(file, sources, report);
    case 'c':
        return lec_class_check(file, sources, report);
    default:
        return lec_report_add(report, file, 0,
                              "not a room file, calendar, device profile or class, or it cannot be read");
    }
}

static void print_report(const struct cli *cli, const struct lec_report *report, json_t *into)
{
    for (size_t i = 0; i < report->n; i++) {
        const struct lec_mistake *m = &report->at[i];
        if (cli->json) {
            json_array_append_new(into, json_pack("{s:s, s:i, s:s, s:s}", "file", m->file, "line", m->line, "text",
                                                  m->text, "severity", m->warning ? "warning" : "error"));
            continue;
        }
        out("%s:", m->file);
        if (m->line > 0)
            out("%d:", m->line);
        if (m->warning)
            out_styled(WARN, T(" cảnh báo:", " warning:"));
        out(" %s\n", m->text);
    }
    if (report->dropped > 0 && !cli->json)
        out(T("và %zu lỗi nữa\n", "and %zu more\n"), report->dropped);
}

int cmd_check(struct cli *cli)
{
    char profiles[4096], drivers[4096];
    struct lec_err err;
    if (lec_path_profiles(profiles, sizeof profiles, &err) < 0 || lec_path_drivers(drivers, sizeof drivers, &err) < 0)
        return cli_fail(cli, EXIT_USAGE, "%s", err.text);
    struct lec_drivers *set = lec_drivers_new(drivers);
    if (!set)
        return cli_fail(cli, EXIT_OURS, T("hết bộ nhớ", "out of memory"));
    struct lec_sources sources = {
        .profiles = profiles, .secrets = cli_option(cli, "secrets"), .schema = lec_drivers_schema, .schema_ctx = set};
    json_t *all = json_array();
    int code = EXIT_OK;
    size_t errors = 0;
    for (int i = 0; i < cli->argc && code != EXIT_OURS; i++) {
        struct lec_report report;
        lec_report_init(&report);
        int rc = check_file(cli->argv[i], &sources, &report);
        lec_report_sort(&report);
        print_report(cli, &report, all);
        errors += report.errors;
        if (rc == LEC_E_NOMEM)
            code = cli_fail(cli, EXIT_OURS, T("hết bộ nhớ", "out of memory"));
        else if (rc < 0 || report.errors > 0)
            code = EXIT_NOT_DONE;
        else if (!cli->json)
            out("%s: %s\n", cli->argv[i], T("không có lỗi", "no mistakes"));
        lec_report_done(&report);
    }
    if (cli->json)
        out_json(all);
    else if (errors > 0)
        out(T("%zu lỗi\n", errors == 1 ? "%zu mistake\n" : "%zu mistakes\n"), errors);
    json_decref(all);
    lec_drivers_free(&set);
    return code;
}
