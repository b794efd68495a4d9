/* lectern status: the room at a glance. */
#include <string.h>

#include "alarm.h"
#include "run_view.h"

#define VALUES_SHOWN 4

/* A fault that is not there says nothing. */
static bool worth_showing(const char *name, const json_t *value)
{
    const json_t *v = json_object_get(value, "value");
    return v && !json_is_null(v) && !(strncmp(name, "error.", 6) == 0 && !json_is_true(v));
}

static void print_values(struct table *t, json_t *points)
{
    char text[512] = "", one[WORD_SIZE], want[WORD_SIZE];
    const char *name;
    json_t *value;
    int n = 0;
    json_object_foreach(points, name, value)
    {
        if (!worth_showing(name, value) || n == VALUES_SHOWN)
            continue;
        n++;
        size_t at = strlen(text);
        const json_t *wanted = json_object_get(value, "wanted");
        bool good = strcmp(text_of(value, "quality"), "good") == 0;
        snprintf(text + at, sizeof text - at, "%s%s %s%s%s%s", at ? " · " : "", name,
                 word_measure(json_object_get(value, "value"), text_of(value, "unit"), one, sizeof one),
                 good ? "" : "?", wanted ? " → " : "", wanted ? word_value(wanted, want, sizeof want) : "");
    }
    table_cell(t, PLAIN, "%s", text);
}

static bool selected(const struct cli *cli, const char *device)
{
    for (int i = 0; i < cli->argc; i++)
        if (strcmp(cli->argv[i], device) == 0)
            return true;
    return cli->argc == 0;
}

static void print_faults(const struct cli *cli, const json_t *devices)
{
    for (size_t i = 0; i < json_array_size(devices); i++) {
        const json_t *d = json_array_get(devices, i);
        const char *remedy = lang_json(json_object_get(d, "remedy"));
        if (strcmp(text_of(d, "status"), "away") != 0 || !selected(cli, text_of(d, "name")))
            continue;
        out_styled(BAD, "\n%s: ",
                   lang_json(json_object_get(d, "label"))[0] ? lang_json(json_object_get(d, "label"))
                                                             : text_of(d, "name"));
        out("%s\n", text_of(d, "reason"));
        if (remedy[0] != '\0')
            out(T("  Nên thử: %s\n", "  What to do: %s\n"), remedy);
    }
}

static void print_status(const struct cli *cli, const json_t *room, const json_t *devices, const json_t *snapshot)
{
    size_t online = 0, n = json_array_size(devices);
    for (size_t i = 0; i < n; i++)
        online += strcmp(text_of(json_array_get(devices, i), "status"), "online") == 0;
    out_styled(BOLD, "%s", lang_json(json_object_get(room, "label")));
    out(" (%s/%s)", text_of(room, "site"), text_of(room, "room"));
    if (json_is_true(json_object_get(room, "simulated")))
        out_styled(WARN, "%s", T(" · mô phỏng", " · simulated"));
    out(" · ");
    out_styled(online == n ? GOOD : WARN, T("%zu/%zu thiết bị hoạt động", "%zu of %zu devices online"), online, n);
    out("\n\n");
    struct table *t = table_new(4);
    for (size_t i = 0; i < n; i++) {
        const json_t *d = json_array_get(devices, i);
        const char *name = text_of(d, "name"), *status = text_of(d, "status");
        if (!selected(cli, name))
            continue;
        table_cell(t, PLAIN, "%s", name);
        table_cell(t, DIM, "%s", lang_json(json_object_get(d, "label")));
        table_cell(t, style_status(status), "%s", word_status(status));
        print_values(t, json_object_get(json_object_get(json_object_get(snapshot, "devices"), name), "points"));
    }
    table_print(t, false);
    print_faults(cli, devices);
    char alarms[WORD_SIZE];
    if (cli->argc == 0 && alarm_summary(json_object_get(snapshot, "alarms"), alarms, sizeof alarms)[0] != '\0') {
        out_styled(WARN, "\n%s", alarms);
        out_styled(DIM, "%s\n", T("; xem: lectern alarm list", "; see: lectern alarm list"));
    }
    const json_t *runs = json_object_get(snapshot, "runs");
    for (size_t i = 0; cli->argc == 0 && i < json_array_size(runs); i++) {
        out("\n");
        run_print(json_array_get(runs, i), 0);
    }
}

int cmd_status(struct cli *cli)
{
    json_t *room = NULL, *list = NULL, *snapshot = NULL;
    int code = cli_call(cli, "room.describe", NULL, 0, &room);
    if (code == EXIT_OK)
        code = cli_call(cli, "device.list", NULL, 0, &list);
    if (code == EXIT_OK)
        code = cli_call(cli, "state.snapshot", NULL, 0, &snapshot);
    const json_t *devices = json_object_get(list, "devices");
    for (int i = 0; code == EXIT_OK && i < cli->argc; i++) {
        json_t *described;
        /* The room says best what is wrong with the name. */
        if (!row_named(devices, cli->argv[i]) && (code = device_describe(cli, cli->argv[i], &described)) == EXIT_OK)
            json_decref(described);
    }
    if (code == EXIT_OK && cli->json) {
        json_t *doc = json_pack("{s:O, s:O, s:O?}", "room", room, "devices", devices, "state", snapshot);
        out_json(doc);
        json_decref(doc);
    } else if (code == EXIT_OK) {
        print_status(cli, room, devices, snapshot);
    }
    json_decref(room);
    json_decref(list);
    json_decref(snapshot);
    return code;
}
