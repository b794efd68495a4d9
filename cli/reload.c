/* lectern reload: the room reads its file again. */
#include "cli.h"

static void print_names(const char *what, const json_t *names)
{
    if (json_array_size(names) == 0)
        return;
    out("%s:", what);
    for (size_t i = 0; i < json_array_size(names); i++)
        out(" %s", json_string_value(json_array_get(names, i)) ? json_string_value(json_array_get(names, i)) : "?");
    out("\n");
}

int cmd_reload(struct cli *cli)
{
    json_t *result;
    int code = cli_call(cli, "room.reload", NULL, cli_patience(cli, 15000), &result);
    if (code != EXIT_OK)
        return code;
    if (cli->json) {
        out_json(result);
    } else {
        out("%s\n", T("cấu hình mới đang có hiệu lực", "the new configuration is in force"));
        print_names(T("giữ nguyên", "kept"), json_object_get(result, "kept"));
        print_names(T("mở", "opened"), json_object_get(result, "opened"));
        print_names(T("đóng", "closed"), json_object_get(result, "closed"));
    }
    json_decref(result);
    return EXIT_OK;
}
