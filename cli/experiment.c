/* lectern experiment: list, stop, mark, sample. Starting and watching one is experiment_watch.c. */
#include <stdlib.h>
#include <string.h>

#include "lectern/parse.h"
#include "recording.h"

int cmd_experiment_list(struct cli *cli)
{
    json_t *result;
    int code = cli_call(cli, "experiment.list", NULL, 0, &result);
    if (code != EXIT_OK)
        return code;
    const json_t *list = json_object_get(result, "experiments");
    if (cli->json) {
        out_json(list);
        json_decref(result);
        return EXIT_OK;
    }
    struct table *t = table_new(5);
    table_cell(t, BOLD, "%s", T("THÍ NGHIỆM", "EXPERIMENT"));
    table_cell(t, BOLD, "%s", T("TÊN", "LABEL"));
    table_cell(t, BOLD, "%s", T("KÊNH", "CHANNELS"));
    table_cell(t, BOLD, "%s", T("THỜI GIAN", "DURATION"));
    table_cell(t, BOLD, "%s", "");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i), *channels = json_object_get(e, "channels");
        char names[WORD_SIZE] = "", span[WORD_SIZE];
        for (size_t k = 0; k < json_array_size(channels); k++) {
            size_t at = strlen(names);
            snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "",
                     text_of(json_array_get(channels, k), "channel"));
        }
        int64_t duration = int_of(e, "duration_ms", 0);
        table_cell(t, PLAIN, "%s", text_of(e, "experiment"));
        table_cell(t, PLAIN, "%s", lang_json(json_object_get(e, "label")));
        table_cell(t, DIM, "%s", names);
        table_cell(t, DIM, "%s",
                   duration > 0 ? word_span(duration, span, sizeof span) : T("đến khi dừng", "until stopped"));
        table_cell(t, ACCENT, "%s", text_of(e, "run"));
    }
    table_print(t, true);
    json_decref(result);
    return EXIT_OK;
}

int cmd_experiment_stop(struct cli *cli)
{
    json_t *run;
    int code = cli_call(cli, "experiment.stop", recording_named(cli->argc > 0 ? cli->argv[0] : NULL),
                        cli_patience(cli, 10000), &run);
    if (code != EXIT_OK)
        return code;
    if (cli->json)
        out_json(run);
    else
        recording_print(run, NULL, 0);
    json_decref(run);
    return EXIT_OK;
}

static int say_time(struct cli *cli, json_t *result, const char *what)
{
    if (cli->json)
        out_json(result);
    else
        out("%s %.3f s\n", what, recording_seconds(result, "t_ms"));
    json_decref(result);
    return EXIT_OK;
}

int cmd_experiment_mark(struct cli *cli)
{
    json_t *params = recording_named(cli->argc > 1 ? cli->argv[1] : NULL), *result;
    json_object_set_new(params, "text", json_string(cli->argv[0]));
    int code = cli_call(cli, "experiment.mark", params, 0, &result);
    return code == EXIT_OK ? say_time(cli, result, T("ghi chú tại", "marked at")) : code;
}

int cmd_experiment_sample(struct cli *cli)
{
    json_t *params = json_object(), *values = json_object(), *result;
    for (int i = 0; i < cli->argc; i++) {
        char *equals = strchr(cli->argv[i], '=');
        double value;
        if (!equals && i == 0) {
            json_object_update_new(params, recording_named(cli->argv[i]));
            continue;
        }
        if (!equals || equals == cli->argv[i] || lec_parse_float(equals + 1, &value) < 0) {
            json_decref(params);
            json_decref(values);
            return cli_fail(
                cli, EXIT_USAGE,
                T("\"%s\": phải có dạng kênh=số, như volume=12.5", "\"%s\": it must be channel=number, as volume=12.5"),
                cli->argv[i]);
        }
        json_object_setn_new(values, cli->argv[i], (size_t)(equals - cli->argv[i]), json_real(value));
    }
    json_object_set_new(params, "values", values);
    int code = cli_call(cli, "experiment.sample", params, 0, &result);
    return code == EXIT_OK ? say_time(cli, result, T("lấy mẫu tại", "sampled at")) : code;
}
