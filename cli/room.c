#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lectern/model.h"
#include "lectern/parse.h"

#define ROOMS 64

static void list_rooms(const struct lec_room_found *found, int n, char *buf, size_t size)
{
    buf[0] = '\0';
    for (int i = 0; i < n; i++) {
        size_t at = strlen(buf);
        snprintf(buf + at, size - at, "%s%.*s", i ? ", " : "", LEC_NAME_MAX, found[i].name);
    }
}

/* The room named, or the only one that runs. */
static int choose(struct cli *cli, bool quiet)
{
    struct lec_room_found found[ROOMS];
    char folder[256], names[ROOMS * sizeof found->name];
    struct lec_err err;
    const char *wanted = cli->room ? cli->room : getenv("LECTERN_ROOM");
    int n = lec_bus_rooms(found, ROOMS, folder, sizeof folder, &err);
    if (n < 0)
        return quiet ? EXIT_UNREACHABLE : cli_fail(cli, EXIT_UNREACHABLE, "%s", err.text);
    int running = 0, at = -1;
    for (int i = 0; i < n; i++) {
        running += found[i].state != LEC_ROOM_DEAD;
        if (wanted ? strcmp(found[i].name, wanted) == 0 : found[i].state != LEC_ROOM_DEAD)
            at = i;
    }
    list_rooms(found, n, names, sizeof names);
    if (quiet && (at < 0 || (!wanted && running > 1)))
        return EXIT_UNREACHABLE;
    if (!wanted && running == 0)
        return cli_fail(cli, EXIT_UNREACHABLE,
                        T("không có phòng nào đang chạy trong %s; hãy khởi động lecternd, hoặc đặt LECTERN_RUN",
                          "no room is running in %s; start lecternd, or set LECTERN_RUN"),
                        folder);
    if (!wanted && running > 1)
        return cli_fail(cli, EXIT_UNREACHABLE,
                        T("có nhiều phòng: %s; hãy chọn bằng --room hoặc LECTERN_ROOM",
                          "there are several rooms: %s; choose one with --room or LECTERN_ROOM"),
                        names);
    if (at < 0 && n > 0)
        return cli_fail(cli, EXIT_UNREACHABLE,
                        T("không có phòng \"%s\" trong %s; có: %s", "there is no room \"%s\" in %s; there are: %s"),
                        wanted, folder, names);
    if (at < 0)
        return cli_fail(cli, EXIT_UNREACHABLE, T("không có phòng \"%s\" trong %s", "there is no room \"%s\" in %s"),
                        wanted, folder);
    if (found[at].state == LEC_ROOM_DENIED)
        return quiet ? EXIT_UNREACHABLE
                     : cli_fail(cli, EXIT_UNREACHABLE,
                                T("không có quyền vào phòng \"%s\"; hãy xin vào nhóm lectern",
                                  "you may not connect to room \"%s\"; ask to be put into the group lectern"),
                                found[at].name);
    if (found[at].state == LEC_ROOM_DEAD)
        return quiet ? EXIT_UNREACHABLE
                     : cli_fail(cli, EXIT_UNREACHABLE,
                                T("phòng \"%s\" không chạy; xem: systemctl status lecternd@%s",
                                  "room \"%s\" is not running; see: systemctl status lecternd@%s"),
                                found[at].name, found[at].name);
    lec_copy_utf8(cli->room_name, sizeof cli->room_name, found[at].name, strlen(found[at].name));
    return EXIT_OK;
}

int cli_room(struct cli *cli)
{
    const char *wanted = cli->room ? cli->room : getenv("LECTERN_ROOM");
    if (!wanted || wanted[0] == '\0')
        return choose(cli, false);
    return lec_copy_utf8(cli->room_name, sizeof cli->room_name, wanted, strlen(wanted))
               ? EXIT_OK
               : cli_fail(cli, EXIT_USAGE, T("tên phòng quá dài", "the room's name is too long"));
}

static int connect_room(struct cli *cli, bool quiet)
{
    if (cli->bus)
        return EXIT_OK;
    int code = choose(cli, quiet);
    if (code != EXIT_OK)
        return code;
    struct lec_bus_options options = {.room = cli->room_name, .connect_ms = 1000};
    struct lec_err err;
    int rc = lec_bus_open(&options, &cli->bus, &err);
    if (rc < 0)
        return quiet ? EXIT_UNREACHABLE : cli_fail_call(cli, rc, NULL, &err);
    return EXIT_OK;
}

int cli_connect(struct cli *cli)
{
    return connect_room(cli, false);
}

bool cli_connect_quietly(struct cli *cli)
{
    return connect_room(cli, true) == EXIT_OK;
}
