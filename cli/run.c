/* lectern run: list, show, delete. Exporting one is run_export.c. */
#include <string.h>

#include "lectern/parse.h"
#include "recording.h"

static void list_row(struct table *t, const json_t *run)
{
    char time[WORD_SIZE], span[WORD_SIZE];
    const char *label = lang_json(json_object_get(run, "label"));
    int64_t lost = int_of(run, "lost", 0), ms = int_of(run, "elapsed_ms", -1);
    table_cell(t, PLAIN, "%s", text_of(run, "run"));
    table_cell(t, PLAIN, "%s", label[0] ? label : text_of(run, "experiment"));
    table_cell(t, recording_style(run), "%s", recording_state(run));
    table_cell(t, DIM, "%s", word_time(int_of(run, "start", 0), time, sizeof time));
    table_cell(t, DIM, "%s", ms < 0 ? "" : word_span(ms, span, sizeof span));
    table_cell(t, PLAIN, "%lld", (long long)int_of(run, "samples", 0));
    table_cell(t, lost > 0 ? WARN : DIM, "%lld", (long long)lost);
    table_cell(t, DIM, "%s", int_of(run, "exported", 0) > 0 ? T("rồi", "yes") : T("chưa", "no"));
}

int cmd_run_list(struct cli *cli)
{
    int64_t limit = 20;
    const char *lines = cli_option(cli, "lines");
    if (lines && lec_parse_int(lines, 1, 1000, &limit) < 0)
        return cli_fail(
            cli, EXIT_USAGE,
            T("--lines: \"%s\" phải là số từ 1 đến 1000", "--lines: \"%s\" must be a number from 1 to 1000"), lines);
    json_t *result;
    int code = cli_call(cli, "run.list", json_pack("{s:I}", "limit", (json_int_t)limit), 0, &result);
    if (code != EXIT_OK)
        return code;
    const json_t *runs = json_object_get(result, "runs");
    if (cli->json) {
        out_json(result);
    } else if (json_array_size(runs) == 0) {
        out("%s\n", T("chưa có lần ghi nào", "nothing has been recorded yet"));
    } else {
        struct table *t = table_new(8);
        static const struct text heads[] = {
            {"LẦN GHI", "RUN"},        {"THÍ NGHIỆM", "EXPERIMENT"}, {"TRẠNG THÁI", "STATE"}, {"BẮT ĐẦU", "STARTED"},
            {"THỜI GIAN", "DURATION"}, {"SỐ MẪU", "SAMPLES"},        {"MẤT", "LOST"},         {"ĐÃ XUẤT", "EXPORTED"}};
        for (size_t i = 0; i < ARRAY_LEN(heads); i++)
            table_cell(t, BOLD, "%s", lang_text(heads[i]));
        for (size_t i = 0; i < json_array_size(runs); i++)
            list_row(t, json_array_get(runs, i));
        table_print(t, true);
    }
    json_decref(result);
    return EXIT_OK;
}

static void print_fields(const json_t *metadata)
{
    const char *key;
    const json_t *value;
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value)
    {
        char buf[WORD_SIZE];
        out_styled(DIM, "  %s: ", key);
        out("%s\n", word_value(value, buf, sizeof buf));
    }
}

int cmd_run_show(struct cli *cli)
{
    json_t *run;
    int code = cli_call(cli, "run.show", json_pack("{s:s}", "run", cli->argv[0]), 0, &run);
    if (code != EXIT_OK)
        return code;
    if (cli->json) {
        out_json(run);
        json_decref(run);
        return EXIT_OK;
    }
    char time[WORD_SIZE];
    recording_print(run, NULL, 0);
    out_styled(DIM, "%s", T("  bắt đầu: ", "  started: "));
    out("%s", word_time(int_of(run, "start", 0), time, sizeof time));
    out_styled(DIM, "%s", T("  bởi: ", "  by: "));
    out("%s\n", text_of(run, "operator")[0] ? text_of(run, "operator") : text_of(run, "principal"));
    print_fields(json_object_get(run, "metadata"));
    const json_t *marks = json_object_get(run, "marks");
    for (size_t i = 0; i < json_array_size(marks); i++)
        recording_print_mark(json_array_get(marks, i));
    json_decref(run);
    return EXIT_OK;
}

int cmd_run_delete(struct cli *cli)
{
    bool force = cli_option(cli, "force") != NULL;
    for (int i = 0; i < cli->argc; i++) {
        json_t *result;
        int code =
            cli_call(cli, "run.delete", json_pack("{s:s, s:b}", "run", cli->argv[i], "force", force), 0, &result);
        if (code != EXIT_OK)
            return code;
        if (!cli->json)
            out(T("đã xóa %s\n", "deleted %s\n"), cli->argv[i]);
        json_decref(result);
    }
    if (cli->json)
        out_json(NULL);
    return EXIT_OK;
}
