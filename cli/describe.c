/* lectern devices, lectern describe: what the room has. */
#include <string.h>

#include "cli.h"

const json_t *row_named(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(text_of(json_array_get(list, i), "name"), name) == 0)
            return json_array_get(list, i);
    return NULL;
}

int device_describe(struct cli *cli, const char *device, json_t **result)
{
    return cli_call(cli, "device.describe", json_pack("{s:s}", "device", device), 0, result);
}

int cmd_devices(struct cli *cli)
{
    json_t *result;
    int code = cli_call(cli, "device.list", NULL, 0, &result);
    if (code != EXIT_OK)
        return code;
    const json_t *devices = json_object_get(result, "devices");
    if (cli->json) {
        out_json(devices);
    } else {
        struct table *t = table_new(6);
        table_cell(t, BOLD, "%s", T("THIẾT BỊ", "DEVICE"));
        table_cell(t, BOLD, "%s", T("TÊN", "LABEL"));
        table_cell(t, BOLD, "%s", T("TÌNH TRẠNG", "STATUS"));
        table_cell(t, BOLD, "%s", T("LỚP", "CLASS"));
        table_cell(t, BOLD, "%s", T("MẪU", "PROFILE"));
        table_cell(t, BOLD, "%s", T("ĐƯỜNG NỐI", "LINE"));
        for (size_t i = 0; i < json_array_size(devices); i++) {
            const json_t *d = json_array_get(devices, i);
            table_cell(t, PLAIN, "%s", text_of(d, "name"));
            table_cell(t, PLAIN, "%s", lang_json(json_object_get(d, "label")));
            table_cell(t, style_status(text_of(d, "status")), "%s", word_status(text_of(d, "status")));
            table_cell(t, PLAIN, "%s", text_of(d, "class"));
            table_cell(t, PLAIN, "%s", text_of(d, "profile"));
            table_cell(t, DIM, "%s%s", text_of(d, "line"),
                       json_is_true(json_object_get(d, "simulated")) ? T(" (mô phỏng)", " (simulated)") : "");
        }
        table_print(t, true);
    }
    json_decref(result);
    return EXIT_OK;
}

static void allowed_cell(struct table *t, const json_t *row)
{
    char text[512] = "", min[64], max[64];
    const json_t *choices = json_object_get(row, "settable");
    if (json_array_size(choices) == 0)
        choices = json_object_get(row, "choices");
    for (size_t i = 0; i < json_array_size(choices); i++) {
        size_t at = strlen(text);
        const char *choice = json_string_value(json_array_get(choices, i));
        snprintf(text + at, sizeof text - at, "%s%s", at ? " " : "", choice ? choice : "?");
    }
    if (json_object_get(row, "min") || json_object_get(row, "max"))
        snprintf(text, sizeof text, "%s … %s", word_value(json_object_get(row, "min"), min, sizeof min),
                 word_value(json_object_get(row, "max"), max, sizeof max));
    table_cell(t, PLAIN, "%s", text);
}

static void print_points(const json_t *points)
{
    struct table *t = table_new(6);
    table_cell(t, BOLD, "%s", T("ĐIỂM", "POINT"));
    table_cell(t, BOLD, "%s", T("TÊN", "LABEL"));
    table_cell(t, BOLD, "%s", T("KIỂU", "TYPE"));
    table_cell(t, BOLD, "%s", T("ĐƠN VỊ", "UNIT"));
    table_cell(t, BOLD, "%s", T("QUYỀN", "ACCESS"));
    table_cell(t, BOLD, "%s", T("GIÁ TRỊ ĐƯỢC", "ALLOWED"));
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *p = json_array_get(points, i);
        const char *access = text_of(p, "access");
        table_cell(t, PLAIN, "%s", text_of(p, "name"));
        table_cell(t, PLAIN, "%s", lang_json(json_object_get(p, "label")));
        table_cell(t, PLAIN, "%s", text_of(p, "type"));
        table_cell(t, PLAIN, "%s", text_of(p, "unit"));
        table_cell(t, PLAIN, "%s",
                   strcmp(access, "read") == 0    ? T("đọc", "read")
                   : strcmp(access, "write") == 0 ? T("ghi", "write")
                                                  : T("đọc, ghi", "read, write"));
        allowed_cell(t, p);
    }
    table_print(t, true);
}

static void print_actions(const json_t *actions)
{
    if (json_array_size(actions) == 0)
        return;
    out("\n");
    struct table *t = table_new(3);
    table_cell(t, BOLD, "%s", T("HÀNH ĐỘNG", "ACTION"));
    table_cell(t, BOLD, "%s", T("TÊN", "LABEL"));
    table_cell(t, BOLD, "%s", T("THAM SỐ", "ARGUMENTS"));
    for (size_t i = 0; i < json_array_size(actions); i++) {
        const json_t *a = json_array_get(actions, i), *args = json_object_get(a, "args");
        char text[256] = "";
        for (size_t k = 0; k < json_array_size(args); k++) {
            const json_t *arg = json_array_get(args, k);
            size_t at = strlen(text);
            snprintf(text + at, sizeof text - at, "%s%s=%s", at ? " " : "", text_of(arg, "name"), text_of(arg, "type"));
        }
        table_cell(t, PLAIN, "%s", text_of(a, "name"));
        table_cell(t, PLAIN, "%s", lang_json(json_object_get(a, "label")));
        table_cell(t, PLAIN, "%s", text);
    }
    table_print(t, true);
}

static int describe_room(struct cli *cli)
{
    json_t *room;
    int code = cli_call(cli, "room.describe", NULL, 0, &room);
    if (code != EXIT_OK)
        return code;
    if (cli->json) {
        out_json(room);
    } else {
        out_styled(BOLD, "%s", lang_json(json_object_get(room, "label")));
        out(" (%s/%s), lecternd %s%s\n", text_of(room, "site"), text_of(room, "room"), text_of(room, "version"),
            json_is_true(json_object_get(room, "simulated")) ? T(", mô phỏng", ", simulated") : "");
        const json_t *you = json_object_get(room, "you");
        if (you)
            out(T("bạn: %s, vai trò %s\n", "you: %s, role %s\n"), text_of(you, "principal"), text_of(you, "role"));
        static const char *const lists[] = {"devices", "scenes"};
        for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
            const json_t *names = json_object_get(room, lists[k]);
            out("%s:", k == 0 ? T("thiết bị", "devices") : T("kịch bản", "scenes"));
            for (size_t i = 0; i < json_array_size(names); i++)
                out(" %s",
                    json_string_value(json_array_get(names, i)) ? json_string_value(json_array_get(names, i)) : "?");
            out("\n");
        }
    }
    json_decref(room);
    return EXIT_OK;
}

int cmd_describe(struct cli *cli)
{
    if (cli->argc == 0)
        return describe_room(cli);
    bool wot = cli_option(cli, "wot") != NULL;
    json_t *d;
    int code = cli_call(cli, "device.describe",
                        json_pack("{s:s, s:s}", "device", cli->argv[0], "as", wot ? "wot" : "lectern"), 0, &d);
    if (code != EXIT_OK)
        return code;
    if (cli->json || wot) {
        out_json(d);
    } else {
        out_styled(BOLD, "%s", lang_json(json_object_get(d, "label")));
        out(" (%s): %s %s · %s · %s · ", text_of(d, "name"), text_of(d, "vendor"), text_of(d, "model"),
            text_of(d, "profile"), text_of(d, "line"));
        out_styled(style_status(text_of(d, "status")), "%s", word_status(text_of(d, "status")));
        out("%s%s\n\n", text_of(d, "reason")[0] ? ": " : "", text_of(d, "reason"));
        print_points(json_object_get(d, "points"));
        print_actions(json_object_get(d, "actions"));
    }
    json_decref(d);
    return EXIT_OK;
}
