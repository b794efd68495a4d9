/* lectern lines, lectern driver: how the room talks to its devices. */
#include <string.h>

#include "cli.h"
#include "lines.h"

const char *line_trouble(const json_t *line)
{
    int64_t asked = int_of(line, "asked", 0), lost = int_of(line, "timed_out", 0), bad = int_of(line, "bad_frames", 0);
    if (asked < 20)
        return NULL;
    if (bad * 50 > asked)
        return T("nhiều gói hỏng: kiểm tra dây, điện trở cuối, nhiễu, tốc độ baud",
                 "many bad frames: check cable, termination, noise, baud rate");
    if (lost * 20 > asked)
        return T("nhiều lần không trả lời: kiểm tra nguồn, địa chỉ thiết bị, dây",
                 "many questions without an answer: check power, the device's address, cable");
    return NULL;
}

int cmd_lines(struct cli *cli)
{
    json_t *health;
    int code = cli_call(cli, "system.health", NULL, 0, &health);
    if (code != EXIT_OK)
        return code;
    const json_t *lines = json_object_get(health, "lines");
    if (cli->json) {
        out_json(lines);
    } else {
        static const char *const counters[] = {"asked", "answered", "timed_out", "bad_frames", "refused", "opens"};
        const char *const heads[] = {T("HỎI", "ASKED"), T("ĐÁP", "ANSWERED"),    T("KHÔNG ĐÁP", "TIMED OUT"),
                                     T("HỎNG", "BAD"),  T("TỪ CHỐI", "REFUSED"), T("LẦN MỞ", "OPENED")};
        struct table *t = table_new(3 + ARRAY_LEN(counters));
        table_cell(t, BOLD, "%s", T("ĐƯỜNG NỐI", "LINE"));
        table_cell(t, BOLD, "%s", T("TÌNH TRẠNG", "STATE"));
        for (size_t k = 0; k < ARRAY_LEN(heads); k++)
            table_cell(t, BOLD, "%s", heads[k]);
        table_cell(t, BOLD, "%s", "");
        for (size_t i = 0; i < json_array_size(lines); i++) {
            const json_t *l = json_array_get(lines, i);
            bool open = json_is_true(json_object_get(l, "open"));
            const char *trouble = line_trouble(l);
            table_cell(t, PLAIN, "%s", text_of(l, "line"));
            table_cell(t, open ? GOOD : DIM, "%s", open ? T("mở", "open") : T("đóng", "closed"));
            for (size_t k = 0; k < ARRAY_LEN(counters); k++)
                table_cell(t, PLAIN, "%lld", (long long)int_of(l, counters[k], 0));
            table_cell(t, WARN, "%s", trouble ? trouble : "");
        }
        table_print(t, true);
    }
    json_decref(health);
    return EXIT_OK;
}

int cmd_driver_list(struct cli *cli)
{
    json_t *result;
    int code = cli_call(cli, "driver.list", NULL, 0, &result);
    if (code != EXIT_OK)
        return code;
    const json_t *drivers = json_object_get(result, "drivers");
    if (cli->json) {
        out_json(drivers);
    } else {
        struct table *t = table_new(3);
        for (size_t i = 0; i < json_array_size(drivers); i++) {
            const json_t *d = json_array_get(drivers, i);
            table_cell(t, PLAIN, "%s", text_of(d, "name"));
            table_cell(t, DIM, "%s", text_of(d, "lines"));
            table_cell(t, PLAIN, "%s", text_of(d, "summary"));
        }
        table_print(t, false);
    }
    json_decref(result);
    return EXIT_OK;
}

int cmd_driver_search(struct cli *cli)
{
    json_t *params = json_pack("{s:s}", "driver", cli->argv[0]), *result;
    if (cli->argc > 1)
        json_object_set_new(params, "target", json_string(cli->argv[1]));
    if (out_is_terminal() && !cli->json)
        out_err("%s\n", T("đang tìm, có thể mất đến 15 giây…", "searching, this may take 15 seconds…"));
    int code = cli_call(cli, "driver.search", params, cli_patience(cli, 30000), &result);
    if (code != EXIT_OK)
        return code;
    const json_t *found = json_object_get(result, "found");
    if (cli->json) {
        out_json(found);
    } else if (json_array_size(found) == 0) {
        out("%s\n", T("không thấy thiết bị nào", "no device answered"));
    } else {
        struct table *t = table_new(3);
        for (size_t i = 0; i < json_array_size(found); i++) {
            const json_t *f = json_array_get(found, i);
            table_cell(t, PLAIN, "%s", text_of(f, "address"));
            table_cell(t, PLAIN, "%s", text_of(f, "id"));
            table_cell(t, DIM, "%s", text_of(f, "detail"));
        }
        table_print(t, false);
    }
    json_decref(result);
    return EXIT_OK;
}
