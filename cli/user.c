/* lectern user: the people who may sign in at the gateway, and the panels that are paired with it. The file is opened directly: no daemon and no
 * gateway has to run, and who may open it is who may read and write it. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lectern/parse.h"
#include "user.h"

#define DEFAULT_FOLDER "/var/lib/lectern-web"

static void find_file(const struct cli *cli, char *file, size_t size)
{
    const char *given = cli_option(cli, "file"), *folder = getenv("LECTERN_WEB_STATE");
    if (given)
        snprintf(file, size, "%s", given);
    else
        snprintf(file, size, "%s/people.db", folder && folder[0] != '\0' ? folder : DEFAULT_FOLDER);
}

bool user_open_quietly(struct cli *cli, struct lec_people **out)
{
    char file[512];
    find_file(cli, file, sizeof file);
    return access(file, R_OK | W_OK) == 0 && lec_people_open(file, out, NULL) == 0;
}

int user_open(struct cli *cli, struct lec_people **out)
{
    char file[512];
    struct lec_err err;
    find_file(cli, file, sizeof file);
    int rc = lec_people_open(file, out, &err);
    if (rc == 0)
        return EXIT_OK;
    bool denied = access(file, F_OK) == 0 ? access(file, R_OK | W_OK) != 0 : errno == EACCES;
    return cli_fail(cli, rc == LEC_E_TIMEOUT ? EXIT_NO_ANSWER : EXIT_NOT_DONE, "%s%s", err.text,
                    denied ? T("; hãy dùng sudo", "; use sudo") : "");
}

/* What a call of people.h failed with. The sentences are English; what a PIN may be is said in both languages. */
static int fail_people(const struct cli *cli, int rc, const struct lec_err *err)
{
    int code = rc == LEC_E_RANGE     ? EXIT_USAGE
               : rc == LEC_E_TIMEOUT ? EXIT_NO_ANSWER
               : rc == LEC_E_NOMEM   ? EXIT_OURS
                                     : EXIT_NOT_DONE;
    if (rc == LEC_E_RANGE && lang_is_vi() && !cli->json)
        out_err(
            "lectern: tên: chữ, số, dấu cách và . - _ '; mã PIN: 4 đến 12 chữ số, không phải 1234, 0000, 1212; mật khẩu: "
            "từ 8 ký tự; facilities và admin phải có mật khẩu\n");
    return cli_fail(cli, code, "%s", err->text);
}

/* ---- user list ---- */

struct list {
    json_t *people, *panels;
};

static json_t *time_json(int64_t seconds)
{
    return seconds > 0 ? json_integer(seconds * 1000000) : json_null();
}

static void add_person(void *ctx, const struct lec_person *person)
{
    struct list *list = ctx;
    json_array_append_new(list->people,
                          json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:i}", "name", person->name, "label", person->label,
                                    "role", person->role, "disabled", (int)person->disabled, "made",
                                    time_json(person->made), "seen", time_json(person->seen), "sessions", 0));
}

static void add_session(void *ctx, const struct lec_session *session)
{
    struct list *list = ctx;
    if (session->panel[0] != '\0')
        json_array_append_new(list->panels,
                              json_pack("{s:s, s:s, s:s*, s:o, s:o}", "room", session->panel, "role",
                                        session->person.role, "person", session->kiosk ? NULL : session->person.name,
                                        "made", time_json(session->made), "seen", time_json(session->seen)));
    if (session->kiosk)
        return;
    for (size_t i = 0; i < json_array_size(list->people); i++) {
        json_t *row = json_array_get(list->people, i);
        if (strcmp(text_of(row, "name"), session->person.name) == 0)
            json_object_set_new(row, "sessions", json_integer(int_of(row, "sessions", 0) + 1));
    }
}

static const char *when(const json_t *row, const char *key, char *buf, size_t size)
{
    int64_t us = int_of(row, key, 0);
    return us > 0 ? word_time(us, buf, size) : T("chưa bao giờ", "never");
}

static void print_list(const struct list *list)
{
    char time[64];
    if (json_array_size(list->people) == 0) {
        out("%s\n", T("chưa có ai; thêm người: lectern user add TÊN --role teacher",
                      "there is nobody; add people: lectern user add NAME --role teacher"));
        return;
    }
    struct table *t = table_new(5);
    static const struct text heads[] = {{"TÊN", "NAME"},
                                        {"GỌI LÀ", "LABEL"},
                                        {"VAI TRÒ", "ROLE"},
                                        {"ĐANG MỞ", "SIGNED IN"},
                                        {"LẦN CUỐI", "LAST SIGN-IN"}};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        table_cell(t, DIM, "%s", lang_text(heads[i]));
    for (size_t i = 0; i < json_array_size(list->people); i++) {
        const json_t *row = json_array_get(list->people, i);
        bool disabled = json_is_true(json_object_get(row, "disabled"));
        table_cell(t, disabled ? DIM : BOLD, "%s", text_of(row, "name"));
        table_cell(t, PLAIN, "%s", text_of(row, "label"));
        table_cell(t, PLAIN, "%s", text_of(row, "role"));
        if (disabled)
            table_cell(t, WARN, "%s", T("đã khóa", "disabled"));
        else
            table_cell(t, PLAIN, "%d", (int)int_of(row, "sessions", 0));
        table_cell(t, DIM, "%s", when(row, "seen", time, sizeof time));
    }
    table_print(t, true);
}

static void print_panels(const struct list *list)
{
    char time[64];
    for (size_t i = 0; i < json_array_size(list->panels); i++) {
        const json_t *row = json_array_get(list->panels, i);
        out(T("bảng của phòng %s: %s, thấy lần cuối %s\n", "panel of room %s: %s, last seen %s\n"),
            text_of(row, "room"), text_of(row, "person")[0] != '\0' ? text_of(row, "person") : text_of(row, "role"),
            when(row, "seen", time, sizeof time));
    }
}

int cmd_user_list(struct cli *cli)
{
    struct lec_people *people;
    struct lec_err err;
    int code = user_open(cli, &people);
    if (code != EXIT_OK)
        return code;
    struct list list = {json_array(), json_array()};
    int rc = lec_people_each(people, add_person, &list, &err);
    if (rc == 0)
        rc = lec_session_each(people, add_session, &list, &err);
    if (rc < 0) {
        code = fail_people(cli, rc, &err);
    } else if (cli->json) {
        json_t *doc = json_pack("{s:O, s:O}", "people", list.people, "panels", list.panels);
        out_json(doc);
        json_decref(doc);
    } else {
        print_list(&list);
        print_panels(&list);
    }
    json_decref(list.people);
    json_decref(list.panels);
    lec_people_close(&people);
    return code;
}

/* ---- user add, change, remove, sign-out ---- */

/* One line, or {"user":NAME,"done":what}. */
static void say_done(const struct cli *cli, const char *name, const char *what, const char *vi, const char *en)
{
    if (cli->json) {
        json_t *doc = json_pack("{s:s, s:s}", "user", name, "done", what);
        out_json(doc);
        json_decref(doc);
    } else {
        out("%s: %s\n", name, T(vi, en));
    }
}

int cmd_user_add(struct cli *cli)
{
    char secret[LEC_SECRET_MAX + 1];
    struct lec_person person = {0};
    struct lec_people *people;
    struct lec_err err;
    const char *name = cli->argv[0], *role = cli_option(cli, "role"), *label = cli_option(cli, "label");
    if (!role)
        return cli_fail(cli, EXIT_USAGE,
                        T("thiếu --role: viewer, teacher, lab, facilities hoặc admin",
                          "--role is missing: viewer, teacher, lab, facilities or admin"));
    if (!lec_copy_utf8(person.name, sizeof person.name, name, strlen(name)) ||
        !lec_copy_utf8(person.role, sizeof person.role, role, strlen(role)) ||
        (label && !lec_copy_utf8(person.label, sizeof person.label, label, strlen(label))))
        return cli_fail(cli, EXIT_USAGE, T("tên, vai trò hoặc nhãn quá dài", "the name, role or label is too long"));
    int code = user_open(cli, &people);
    if (code != EXIT_OK)
        return code;
    code = secret_read(cli, secret);
    if (code == EXIT_OK) {
        int rc = lec_people_add(people, &person, secret, &err);
        if (rc < 0)
            code = fail_people(cli, rc, &err);
        else
            say_done(cli, name, "added", "đã thêm", "added");
    }
    sodium_memzero(secret, sizeof secret);
    lec_people_close(&people);
    return code;
}

int cmd_user_change(struct cli *cli)
{
    char secret[LEC_SECRET_MAX + 1] = "";
    struct lec_people *people;
    struct lec_err err;
    const char *name = cli->argv[0], *role = cli_option(cli, "role"), *label = cli_option(cli, "label");
    bool disable = cli_option(cli, "disable") != NULL, enable = cli_option(cli, "enable") != NULL;
    bool fresh = cli_option(cli, "secret") || cli_option(cli, "secret-stdin");
    if ((disable && enable) || (!role && !label && !disable && !enable && !fresh))
        return cli_fail(cli, EXIT_USAGE,
                        T("đổi gì? --role, --label, --secret, --disable hoặc --enable",
                          "what is to change? --role, --label, --secret, --disable or --enable"));
    int code = user_open(cli, &people);
    if (code != EXIT_OK)
        return code;
    if (!lec_people_known(people, name))
        code = cli_fail(cli, EXIT_USAGE, T("không có ai tên \"%s\"", "nobody has the name \"%s\""), name);
    else if (fresh)
        code = secret_read(cli, secret);
    if (code == EXIT_OK) {
        int rc = lec_people_change(people, name, label, role, secret, disable || enable ? &disable : NULL, &err);
        if (rc < 0)
            code = fail_people(cli, rc, &err);
        else
            say_done(cli, name, "changed", "đã đổi", "changed");
    }
    sodium_memzero(secret, sizeof secret);
    lec_people_close(&people);
    return code;
}

int cmd_user_remove(struct cli *cli)
{
    struct lec_people *people;
    struct lec_err err;
    int code = user_open(cli, &people);
    if (code != EXIT_OK)
        return code;
    const char *name = cli->argv[0];
    int rc = lec_people_known(people, name) ? lec_people_remove(people, name, &err) : 1;
    if (rc == 1)
        code = cli_fail(cli, EXIT_USAGE, T("không có ai tên \"%s\"", "nobody has the name \"%s\""), name);
    else if (rc < 0)
        code = fail_people(cli, rc, &err);
    else
        say_done(cli, name, "removed", "đã xóa", "removed");
    lec_people_close(&people);
    return code;
}

struct search {
    const char *name;
    bool found;
};

static void look_for(void *ctx, const struct lec_session *session)
{
    struct search *search = ctx;
    char kiosk[80];
    snprintf(kiosk, sizeof kiosk, "kiosk %s", session->panel);
    if (session->panel[0] != '\0' && strcmp(kiosk, search->name) == 0)
        search->found = true;
}

int cmd_user_sign_out(struct cli *cli)
{
    struct lec_people *people;
    struct lec_err err;
    int code = user_open(cli, &people);
    if (code != EXIT_OK)
        return code;
    struct search search = {cli->argv[0], lec_people_known(people, cli->argv[0])};
    int rc = search.found ? 0 : lec_session_each(people, look_for, &search, &err);
    if (rc == 0 && !search.found)
        code = cli_fail(cli, EXIT_USAGE,
                        T("không có ai tên \"%s\" (bảng của phòng: \"kiosk PHÒNG\")",
                          "nobody has the name \"%s\" (a room's panel: \"kiosk ROOM\")"),
                        search.name);
    else if (rc < 0 || (rc = lec_session_end_all(people, search.name, &err)) < 0)
        code = fail_people(cli, rc, &err);
    else
        say_done(cli, search.name, "signed-out", "đã đăng xuất ở mọi nơi", "signed out everywhere");
    lec_people_close(&people);
    return code;
}

/* ---- user pair ---- */

int cmd_user_pair(struct cli *cli)
{
    char code[9];
    struct lec_people *people;
    struct lec_err err;
    const char *role = cli_option(cli, "role") ? cli_option(cli, "role") : "teacher";
    int exit_code = cli_room(cli);
    if (exit_code == EXIT_OK)
        exit_code = user_open(cli, &people);
    if (exit_code != EXIT_OK)
        return exit_code;
    int rc = lec_code_new(people, cli->room_name, role, code, &err);
    if (rc < 0) {
        exit_code = fail_people(cli, rc, &err);
    } else if (cli->json) {
        json_t *doc = json_pack("{s:s, s:s, s:s, s:i}", "room", cli->room_name, "role", role, "code", code, "seconds",
                                LEC_CODE_S);
        out_json(doc);
        json_decref(doc);
    } else {
        out_styled(BOLD, "%.4s %s\n", code, code + 4);
        out(T("Trong %d phút, hãy nhập mã này trên bảng của phòng %s: mở trang, chọn \"Ghép bảng\". Mã dùng được một lần.\n",
              "Within %d minutes, enter this code at the panel of room %s: open the page, choose \"Pair this panel\". It works "
              "once.\n"),
            LEC_CODE_S / 60, cli->room_name);
    }
    sodium_memzero(code, sizeof code);
    lec_people_close(&people);
    return exit_code;
}
