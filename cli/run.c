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

/* How much of the room's budget is used: what is old and exported goes when it is. */
static void print_space(const json_t *result)
{
    int64_t bytes = int_of(result, "bytes", -1), budget = int_of(result, "budget", 0);
    if (bytes >= 0 && budget > 0)
        out_styled((double)bytes > 0.8 * (double)budget ? WARN : DIM,
                   T("đã dùng %lld,%d MB trong %lld MB\n", "%lld.%d MB used of %lld MB\n"),
                   (long long)(bytes / 1000000), (int)(bytes / 100000 % 10), (long long)(budget / 1000000));
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
        print_space(result);
    }
    json_decref(result);
    return EXIT_OK;
}

static void field(struct table *t, const char *key, const char *value)
{
    if (value[0] == '\0')
        return;
    table_cell(t, DIM, "  %s", key);
    table_cell(t, PLAIN, "%s", value);
}

static void print_fields(const json_t *run)
{
    const json_t *metadata = json_object_get(run, "metadata");
    const char *who = text_of(run, "operator"), *key;
    int64_t stop = int_of(run, "stop", 0), exported = int_of(run, "exported", 0), ms = int_of(run, "elapsed_ms", -1);
    char buf[WORD_SIZE];
    json_t *value;
    struct table *t = table_new(2);
    field(t, T("bắt đầu", "started"), word_time(int_of(run, "start", 0), buf, sizeof buf));
    field(t, T("kết thúc", "ended"), stop > 0 ? word_time(stop, buf, sizeof buf) : "");
    field(t, T("thời gian", "duration"), ms >= 0 ? word_span(ms, buf, sizeof buf) : "");
    field(t, T("người làm", "by"), who[0] ? who : text_of(run, "principal"));
    field(t, T("lý do", "reason"), recording_reason(json_object_get(json_object_get(run, "documents"), "stop")));
    snprintf(buf, sizeof buf, "%lld", (long long)int_of(run, "samples", 0));
    field(t, T("số mẫu", "samples"), buf);
    snprintf(buf, sizeof buf, "%lld", (long long)int_of(run, "lost", 0));
    field(t, T("mất", "lost"), buf);
    field(t, T("đã xuất", "exported"), exported > 0 ? word_time(exported, buf, sizeof buf) : T("chưa", "no"));
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value) field(t, key, word_value(value, buf, sizeof buf));
    table_print(t, false);
}

static void print_channels(const json_t *channels)
{
    static const struct text heads[] = {{"  KÊNH", "  CHANNEL"},       {"ĐƠN VỊ", "UNIT"},
                                        {"NGUỒN", "SOURCE"},           {"CẢM BIẾN", "SENSOR"},
                                        {"HIỆU CHUẨN", "CALIBRATION"}, {"SỐ MẪU", "SAMPLES"}};
    struct table *t = table_new(ARRAY_LEN(heads));
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        table_cell(t, BOLD, "%s", lang_text(heads[i]));
    for (size_t i = 0; i < json_array_size(channels); i++) {
        const json_t *c = json_array_get(channels, i), *calibration = json_object_get(c, "calibration");
        const char *serial = text_of(c, "serial"), *form = text_of(calibration, "form");
        table_cell(t, PLAIN, "  %s", text_of(c, "channel"));
        table_cell(t, PLAIN, "%s", word_unit(text_of(c, "unit")));
        table_cell(t, DIM, "%s", text_of(c, "source"));
        table_cell(t, DIM, "%s%s%s", text_of(c, "sensor"), serial[0] ? " " : "", serial);
        table_cell(t, DIM, "%s", strcmp(form, "none") == 0 ? "" : form);
        table_cell(t, PLAIN, "%lld", (long long)int_of(c, "samples", 0));
    }
    table_print(t, true);
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
    recording_print_heading(run);
    print_fields(run);
    print_channels(json_object_get(run, "channels"));
    const json_t *marks = json_object_get(run, "marks");
    for (size_t i = 0; i < json_array_size(marks); i++)
        recording_print_mark(json_array_get(marks, i));
    json_decref(run);
    return EXIT_OK;
}

int cmd_run_delete(struct cli *cli)
{
    bool force = cli_option(cli, "force") != NULL;
    json_t *deleted = json_array();
    int code = EXIT_OK;
    for (int i = 0; i < cli->argc && code == EXIT_OK; i++) {
        json_t *result;
        code = cli_call(cli, "run.delete", json_pack("{s:s, s:b}", "run", cli->argv[i], "force", force), 0, &result);
        if (code != EXIT_OK)
            break;
        json_array_append_new(deleted, json_string(cli->argv[i]));
        if (!cli->json)
            out(T("đã xóa %s\n", "deleted %s\n"), cli->argv[i]);
        json_decref(result);
    }
    if (cli->json && code == EXIT_OK)
        out_json(deleted);
    json_decref(deleted);
    return code;
}
