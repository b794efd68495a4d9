/* lectern get: values as they are known, or read now. */
#include <string.h>

#include "cli.h"

static bool is_good(const json_t *value)
{
    return strcmp(text_of(value, "quality"), "good") == 0;
}

static int read_one(struct cli *cli, const char *target, json_t *into)
{
    json_t *params = json_pack("{s:s}", "target", target), *result;
    if (cli_option(cli, "fresh"))
        json_object_set_new(params, "fresh", json_true());
    if (cli->timeout_ms > 0)
        json_object_set_new(params, "timeout_ms", json_integer(cli->timeout_ms));
    int wait_ms = cli->timeout_ms > 0 ? cli->timeout_ms + 1000 : cli_option(cli, "fresh") ? 30000 : 0;
    int code = cli_call(cli, "point.read", params, wait_ms, &result);
    if (code == EXIT_OK)
        json_array_append_new(into, result);
    return code;
}

/* All points of a device: from one snapshot, or one by one if they are to be asked for. */
static int read_device(struct cli *cli, const char *device, json_t *snapshot, json_t *into)
{
    const json_t *dev = json_object_get(json_object_get(snapshot, "devices"), device);
    if (!dev) {
        /* The room knows best what to say about a device that is not there. */
        json_t *result;
        int code = device_describe(cli, device, &result);
        if (code == EXIT_OK)
            json_decref(result);
        return code;
    }
    const char *name;
    json_t *value;
    json_t *points = json_object_get(dev, "points");
    json_object_foreach(points, name, value)
    {
        char target[160];
        snprintf(target, sizeof target, "%s.%s", device, name);
        if (cli_option(cli, "fresh")) {
            int code = read_one(cli, target, into);
            if (code == EXIT_NOT_DONE || code == EXIT_USAGE)
                continue; /* write-only, or not now: the others are still wanted */
            if (code != EXIT_OK)
                return code;
        } else {
            json_t *copy = json_copy(value);
            json_object_set_new(copy, "target", json_string(target));
            json_array_append_new(into, copy);
        }
    }
    return EXIT_OK;
}

static void print_bare(const json_t *value)
{
    char buf[WORD_SIZE];
    out("%s\n", word_value(json_object_get(value, "value"), buf, sizeof buf));
    if (!is_good(value)) {
        fflush(stdout);
        out_err("lectern: %s: %s: %s\n", text_of(value, "target"), word_quality(text_of(value, "quality")),
                text_of(value, "reason"));
    }
}

static void print_all(const json_t *values)
{
    struct table *t = table_new(5);
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *v = json_array_get(values, i);
        char buf[WORD_SIZE], wanted[WORD_SIZE], age[WORD_SIZE];
        bool good = is_good(v);
        int64_t age_ms = int_of(v, "age_ms", -1);
        const json_t *want = json_object_get(v, "wanted");
        table_cell(t, PLAIN, "%s", text_of(v, "target"));
        table_cell(t, good ? PLAIN : DIM, "%s",
                   word_measure(json_object_get(v, "value"), text_of(v, "unit"), buf, sizeof buf));
        table_cell(t, DIM, "%s", age_ms < 0 ? "" : word_span(age_ms, age, sizeof age));
        table_cell(t, good ? DIM : BAD, "%s%s", good ? "" : word_quality(text_of(v, "quality")),
                   json_is_true(json_object_get(v, "simulated")) ? T(" mô phỏng", " simulated") + good : "");
        if (want)
            table_cell(t, ACCENT, "→ %s", word_value(want, wanted, sizeof wanted));
        else
            table_cell(t, DIM, "%s", text_of(v, "reason"));
    }
    table_print(t, false);
}

int cmd_get(struct cli *cli)
{
    json_t *values = json_array(), *snapshot = NULL;
    int code = EXIT_OK;
    for (int i = 0; i < cli->argc && code == EXIT_OK; i++) {
        if (strchr(cli->argv[i], '.')) {
            code = read_one(cli, cli->argv[i], values);
            continue;
        }
        if (!snapshot)
            code = cli_call(cli, "state.snapshot", NULL, 0, &snapshot);
        if (code == EXIT_OK)
            code = read_device(cli, cli->argv[i], snapshot, values);
    }
    bool one = cli->argc == 1 && strchr(cli->argv[0], '.') && json_array_size(values) == 1;
    if (code == EXIT_OK && cli->json) {
        out_json(one ? json_array_get(values, 0) : values);
    } else if (code == EXIT_OK && one && !out_is_terminal()) {
        print_bare(json_array_get(values, 0));
    } else if (code == EXIT_OK) {
        print_all(values);
    }
    for (size_t i = 0; code == EXIT_OK && i < json_array_size(values); i++)
        if (!is_good(json_array_get(values, i)))
            code = EXIT_NOT_DONE;
    json_decref(values);
    json_decref(snapshot);
    return code;
}
