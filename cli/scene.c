/* lectern scene: list, plan, cancel, capture, show. Starting and following one is scene_start.c. */
#include <string.h>

#include "run_view.h"

int cmd_scene_list(struct cli *cli)
{
    json_t *result;
    int code = cli_call(cli, "scene.list", NULL, 0, &result);
    if (code != EXIT_OK)
        return code;
    const json_t *scenes = json_object_get(result, "scenes");
    if (cli->json) {
        out_json(scenes);
    } else {
        struct table *t = table_new(5);
        table_cell(t, BOLD, "%s", T("CẢNH", "SCENE"));
        table_cell(t, BOLD, "%s", T("TÊN", "LABEL"));
        table_cell(t, BOLD, "%s", T("BƯỚC", "STEPS"));
        table_cell(t, BOLD, "%s", T("THƯỜNG MẤT", "USUALLY"));
        table_cell(t, BOLD, "%s", "");
        for (size_t i = 0; i < json_array_size(scenes); i++) {
            const json_t *s = json_array_get(scenes, i);
            char span[WORD_SIZE];
            int64_t usual = int_of(s, "usual_ms", -1);
            table_cell(t, PLAIN, "%s", text_of(s, "name"));
            table_cell(t, PLAIN, "%s", lang_json(json_object_get(s, "label")));
            table_cell(t, PLAIN, "%d", (int)int_of(s, "steps", 0));
            table_cell(t, DIM, "%s", usual < 0 ? "–" : word_span(usual, span, sizeof span));
            table_cell(t, ACCENT, "%s%s", text_of(s, "run")[0] ? word_verdict("running") : "",
                       json_is_true(json_object_get(s, "captured")) ? T(" (tự ghi)", " (captured)") : "");
        }
        table_print(t, true);
    }
    json_decref(result);
    return EXIT_OK;
}

static void print_plan(const json_t *plan)
{
    char span[WORD_SIZE], value[WORD_SIZE];
    const json_t *steps = json_object_get(plan, "steps");
    int64_t expected = int_of(plan, "expected_ms", -1);
    out_styled(BOLD, "%s", text_of(plan, "scene"));
    if (expected >= 0)
        out(T(": khoảng %s", ": about %s"), word_span(expected, span, sizeof span));
    out("\n");
    struct table *t = table_new(5);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *s = json_array_get(steps, i), *after = json_object_get(s, "after"),
                     *v = json_object_get(s, "value");
        const char *would = text_of(s, "would");
        int64_t usual = int_of(s, "usual_ms", -1);
        char behind[256] = "";
        for (size_t k = 0; k < json_array_size(after); k++) {
            size_t at = strlen(behind);
            const char *name = json_string_value(json_array_get(after, k));
            snprintf(behind + at, sizeof behind - at, "%s%s", at ? ", " : T("sau ", "after "), name ? name : "?");
        }
        table_cell(t, PLAIN, "  %s%s", text_of(s, "name"),
                   json_is_true(json_object_get(s, "optional")) ? T(" (không bắt buộc)", " (optional)") : "");
        table_cell(t, DIM, "%s%s%s", text_of(s, "target"), v ? " → " : "", v ? word_value(v, value, sizeof value) : "");
        table_cell(t, style_verdict(would), "%s", word_verdict(would));
        table_cell(t, DIM, "%s", usual < 0 ? "" : word_span(usual, span, sizeof span));
        table_cell(t, DIM, "%s", behind);
    }
    table_print(t, false);
}

int cmd_scene_plan(struct cli *cli)
{
    json_t *plan;
    int code = cli_call(cli, "scene.plan",
                        json_pack("{s:s, s:b}", "scene", cli->argv[0], "fresh", cli_option(cli, "known") == NULL),
                        cli_patience(cli, 10000), &plan);
    if (code != EXIT_OK)
        return code;
    if (cli->json)
        out_json(plan);
    else
        print_plan(plan);
    json_decref(plan);
    return EXIT_OK;
}

int cmd_scene_cancel(struct cli *cli)
{
    /* A run's id is what a scene's name cannot be: the room knows which; ask by name first. */
    json_t *list, *run;
    int code = cli_call(cli, "scene.list", NULL, 0, &list);
    if (code != EXIT_OK)
        return code;
    bool by_name =
        row_named(json_object_get(list, "scenes"), cli->argv[0]) != NULL || strcmp(cli->argv[0], "undo") == 0;
    json_decref(list);
    code = cli_call(cli, "scene.cancel", json_pack("{s:s}", by_name ? "scene" : "run", cli->argv[0]), 0, &run);
    if (code != EXIT_OK)
        return code;
    if (cli->json) {
        out_json(run);
    } else {
        const json_t *left = json_object_get(run, "unstoppable");
        run_print(run, 0);
        for (size_t i = 0; i < json_array_size(left); i++) {
            const json_t *s = json_array_get(left, i);
            out_styled(WARN, T("không dừng được %s: %s\n", "cannot be stopped: %s: %s\n"), text_of(s, "step"),
                       text_of(s, "reason"));
        }
    }
    json_decref(run);
    return EXIT_OK;
}

int cmd_scene_capture(struct cli *cli)
{
    json_t *params = json_pack("{s:s}", "scene", cli->argv[0]), *result;
    const char *vi = cli_option(cli, "label"), *en = cli_option(cli, "label-en");
    if (vi || en) {
        json_t *label = json_object();
        if (vi)
            json_object_set_new(label, "vi", json_string(vi));
        if (en)
            json_object_set_new(label, "en", json_string(en));
        json_object_set_new(params, "label", label);
    }
    if (cli->argc > 1) {
        json_t *devices = json_array();
        for (int i = 1; i < cli->argc; i++)
            json_array_append_new(devices, json_string(cli->argv[i]));
        json_object_set_new(params, "devices", devices);
    }
    int code = cli_call(cli, "scene.capture", params, 0, &result);
    if (code != EXIT_OK)
        return code;
    if (cli->json) {
        out_json(result);
    } else {
        const json_t *steps = json_object_get(result, "steps");
        int n = json_is_integer(steps) ? (int)json_integer_value(steps) : (int)json_array_size(steps);
        out(T("đã ghi kịch bản %s, %d bước\n\n%s", "kept as scene %s, %d steps\n\n%s"), text_of(result, "scene"), n,
            text_of(result, "text"));
    }
    json_decref(result);
    return EXIT_OK;
}

int cmd_scene_show(struct cli *cli)
{
    json_t *run;
    int code = cli_call(cli, "scene.run", json_pack("{s:s}", "run", cli->argv[0]), 0, &run);
    if (code != EXIT_OK)
        return code;
    if (cli->json)
        out_json(run);
    else
        run_print(run, 0);
    code = run_is_running(run) ? EXIT_OK : run_exit(run);
    json_decref(run);
    return code;
}
