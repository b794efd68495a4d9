/* lectern set: a value for a point, and the truth about how that ended. lectern invoke: an action. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lectern/clock.h"
#include "lectern/parse.h"
#include "lectern/value.h"

#define WRITE_MS 120000 /* a projector's cool-down, with room to spare; the point's own limit ends it earlier */

static void list_names(const json_t *names, char *buf, size_t size)
{
    buf[0] = '\0';
    for (size_t i = 0; i < json_array_size(names); i++) {
        const json_t *n = json_array_get(names, i);
        size_t at = strlen(buf);
        snprintf(buf + at, size - at, "%s%s", at ? ", " : "",
                 json_is_string(n) ? json_string_value(n) : text_of(n, "name"));
    }
}

static const char *nearest_of(const json_t *names, const char *name)
{
    const char *list[256];
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(names) && n < ARRAY_LEN(list); i++) {
        const json_t *row = json_array_get(names, i);
        list[n++] = json_is_string(row) ? json_string_value(row) : text_of(row, "name");
    }
    return lec_nearest(name, list, n);
}

static int wrong_name(const struct cli *cli, const char *device, const char *name, const json_t *rows)
{
    char list[1024];
    const char *near = nearest_of(rows, name);
    if (near)
        return cli_fail(cli, EXIT_USAGE,
                        T("%s không có \"%s\"; có phải là \"%s.%s\"?", "%s has no \"%s\"; did you mean \"%s.%s\"?"),
                        device, name, device, near);
    list_names(rows, list, sizeof list);
    return cli_fail(cli, EXIT_USAGE, T("%s không có \"%s\"; có: %s", "%s has no \"%s\"; it has: %s"), device, name,
                    list);
}

static int wrong_choice(const struct cli *cli, const char *what, const char *text, const json_t *choices)
{
    char list[1024];
    const char *near = nearest_of(choices, text);
    list_names(choices, list, sizeof list);
    if (near)
        return cli_fail(cli, EXIT_USAGE,
                        T("%s: không có lựa chọn \"%s\"; có phải là \"%s\"? (%s)",
                          "%s: no choice \"%s\"; did you mean \"%s\"? (%s)"),
                        what, text, near, list);
    return cli_fail(cli, EXIT_USAGE,
                    T("%s: không có lựa chọn \"%s\"; phải là một trong: %s", "%s: no choice \"%s\"; it is one of: %s"),
                    what, text, list);
}

static int out_of_range(const struct cli *cli, const char *what, const char *text, const json_t *row)
{
    char min[64] = "–", max[64] = "–";
    word_value(json_object_get(row, "min"), min, sizeof min);
    word_value(json_object_get(row, "max"), max, sizeof max);
    return cli_fail(cli, EXIT_USAGE, T("%s: %s nằm ngoài khoảng %s đến %s", "%s: %s is outside %s to %s"), what, text,
                    min, max);
}

/* Reads `text` as the type that the row of a point or argument says. Returns EXIT_OK and the value, or EXIT_USAGE
 * after saying what was expected. */
static int parse_value(const struct cli *cli, const char *what, const json_t *row, const char *text, json_t **out_value)
{
    enum lec_type type = lec_type_of(text_of(row, "type"));
    const json_t *choices = json_object_get(row, "settable");
    if (json_array_size(choices) == 0)
        choices = json_object_get(row, "choices");
    struct lec_value v;
    if (type == LEC_ENUM && json_array_size(choices) > 0) {
        for (size_t i = 0; i < json_array_size(choices); i++) {
            if (strcmp(json_string_value(json_array_get(choices, i)) ? json_string_value(json_array_get(choices, i))
                                                                     : "",
                       text) == 0) {
                *out_value = json_string(text);
                return EXIT_OK;
            }
        }
        return wrong_choice(cli, what, text, choices);
    }
    if (type == LEC_NONE || lec_value_parse(text, type, &v, NULL) < 0) {
        static const struct text expected[] = {
            [LEC_NONE] = {"một kiểu mà chương trình này không biết", "of a type that this program does not know"},
            [LEC_BOOL] = {"true hoặc false (cũng: on, off, yes, no, 1, 0)",
                          "true or false (also: on, off, yes, no, 1, 0)"},
            [LEC_INT] = {"số nguyên", "a whole number"},
            [LEC_FLOAT] = {"số, với dấu chấm thập phân như 21.5", "a number, with a decimal point as in 21.5"},
            [LEC_ENUM] = {"một lựa chọn", "a choice"},
            [LEC_TEXT] = {"chữ", "text"},
        };
        return cli_fail(cli, EXIT_USAGE,
                        T("%s: \"%s\" không dùng được; phải là %s", "%s: \"%s\" will not do; it must be %s"), what,
                        text, lang_text(expected[type]));
    }
    double number = type == LEC_INT ? (double)v.i : type == LEC_FLOAT ? v.f : 0;
    const json_t *min = json_object_get(row, "min"), *max = json_object_get(row, "max");
    if ((type == LEC_INT || type == LEC_FLOAT) && ((json_is_number(min) && number < json_number_value(min)) ||
                                                   (json_is_number(max) && number > json_number_value(max))))
        return out_of_range(cli, what, text, row);
    switch (type) {
    case LEC_BOOL:
        *out_value = json_boolean(v.b);
        break;
    case LEC_INT:
        *out_value = json_integer(v.i);
        break;
    case LEC_FLOAT:
        *out_value = json_real(v.f);
        break;
    case LEC_NONE:
    case LEC_ENUM:
    case LEC_TEXT:
        *out_value = json_string(text);
        break;
    }
    return EXIT_OK;
}

/* Splits "device.name". Returns false when there is no dot. */
static bool split(const char *target, char *device, size_t size, const char **name)
{
    const char *dot = strchr(target, '.');
    if (!dot || dot == target || dot[1] == '\0')
        return false;
    *name = dot + 1;
    return lec_copy_utf8(device, size, target, (size_t)(dot - target));
}

static int bad_target(const struct cli *cli, const char *target)
{
    return cli_fail(
        cli, EXIT_USAGE,
        T("\"%s\" không phải là thiết-bị.tên, như projector.power", "\"%s\" is not device.name, as in projector.power"),
        target);
}

struct waiting {
    bool ended;
    int rc;
    json_t *result, *error;
    struct lec_err err;
};

static void answered(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    struct waiting *w = arg;
    w->ended = true;
    w->rc = rc;
    w->result = json_incref(result);
    w->error = json_incref(error);
    w->err = *err;
}

/* Waits with a line on the terminal that shows it is going on. */
static int call_visibly(struct cli *cli, const char *method, json_t *params, int timeout_ms, const char *what,
                        json_t **result)
{
    struct waiting w = {0};
    struct lec_err err;
    int rc = lec_bus_send(cli->bus, method, params, timeout_ms, answered, &w, NULL, &err);
    if (rc < 0)
        return cli_fail_call(cli, rc, NULL, &err);
    bool visible = out_is_terminal() && !cli->json;
    int64_t begin = lec_now(), shown = begin;
    while (!w.ended) {
        lec_bus_wait(cli->bus, 200);
        if (!visible || w.ended || lec_now() - shown < LEC_SEC)
            continue;
        shown = lec_now();
        char span[WORD_SIZE];
        printf("\r\033[K");
        out_styled(ACCENT, "%s … %s", what, word_span((shown - begin) / LEC_SEC * 1000, span, sizeof span));
        fflush(stdout);
    }
    if (visible && shown != begin)
        printf("\r\033[K");
    fflush(stdout);
    *result = w.result;
    return w.rc < 0 ? cli_fail_call(cli, w.rc, w.error, &w.err) : EXIT_OK;
}

static int say_end(const struct cli *cli, const json_t *result, const char *target)
{
    const char *verdict = text_of(result, "verdict");
    bool success =
        strcmp(verdict, "confirmed") == 0 || strcmp(verdict, "accepted") == 0 || strcmp(verdict, "already") == 0;
    if (cli->json) {
        out_json(result);
    } else {
        char value[WORD_SIZE], span[WORD_SIZE];
        int64_t ms = int_of(result, "ms", -1);
        out("%s", target);
        if (json_object_get(result, "value"))
            out(" = %s", word_value(json_object_get(result, "value"), value, sizeof value));
        out(": ");
        out_styled(style_verdict(verdict), "%s", word_verdict(verdict));
        if (ms >= 0)
            out_styled(DIM, " (%s)", word_span(ms, span, sizeof span));
        out("\n");
    }
    return success ? EXIT_OK : EXIT_NOT_DONE;
}

int cmd_set(struct cli *cli)
{
    const char *target = cli->argv[0], *text = cli->argv[1], *name;
    char device[64];
    json_t *described = NULL, *value = NULL, *result = NULL;
    if (!split(target, device, sizeof device, &name))
        return bad_target(cli, target);
    int code = device_describe(cli, device, &described);
    if (code != EXIT_OK)
        return code;
    const json_t *points = json_object_get(described, "points");
    const json_t *row = row_named(points, name);
    if (!row)
        code = wrong_name(cli, device, name, points);
    else if (strcmp(text_of(row, "access"), "read") == 0)
        code = cli_fail(cli, EXIT_USAGE, T("%s chỉ đọc được", "%s can only be read"), target);
    else
        code = parse_value(cli, target, row, text, &value);
    if (code == EXIT_OK) {
        bool wait = !cli_option(cli, "no-wait");
        json_t *params =
            json_pack("{s:s, s:o, s:s}", "target", target, "value", value, "until", wait ? "confirmed" : "accepted");
        if (cli->timeout_ms > 0)
            json_object_set_new(params, "timeout_ms", json_integer(cli->timeout_ms));
        char what[256];
        snprintf(what, sizeof what, "%s → %s", target, text);
        /* The room's own deadline comes first, and says more than ours. */
        code = call_visibly(cli, "point.write", params, cli->timeout_ms > 0 ? cli->timeout_ms + 2000 : WRITE_MS, what,
                            &result);
    }
    if (code == EXIT_OK)
        code = say_end(cli, result, target);
    json_decref(described);
    json_decref(result);
    return code;
}

static int parse_args(const struct cli *cli, const char *target, const json_t *action, json_t *args)
{
    const json_t *rows = json_object_get(action, "args");
    for (int i = 1; i < cli->argc; i++) {
        char name[64], what[256];
        const char *equals = strchr(cli->argv[i], '=');
        if (!equals || !lec_copy_utf8(name, sizeof name, cli->argv[i], (size_t)(equals - cli->argv[i])))
            return cli_fail(cli, EXIT_USAGE, T("\"%s\" phải có dạng tên=giá-trị", "\"%s\" must be name=value"),
                            cli->argv[i]);
        const json_t *row = row_named(rows, name);
        if (!row)
            return wrong_name(cli, target, name, rows);
        json_t *value = NULL;
        snprintf(what, sizeof what, "%s %s", target, name);
        int code = parse_value(cli, what, row, equals + 1, &value);
        if (code != EXIT_OK)
            return code;
        json_object_set_new(args, name, value);
    }
    return EXIT_OK;
}

int cmd_invoke(struct cli *cli)
{
    const char *target = cli->argv[0], *name;
    char device[64];
    json_t *described = NULL, *result = NULL;
    if (!split(target, device, sizeof device, &name))
        return bad_target(cli, target);
    int code = device_describe(cli, device, &described);
    if (code != EXIT_OK)
        return code;
    const json_t *actions = json_object_get(described, "actions");
    const json_t *action = row_named(actions, name);
    json_t *args = json_object();
    code = action ? parse_args(cli, target, action, args) : wrong_name(cli, device, name, actions);
    if (code == EXIT_OK) {
        json_t *params = json_pack("{s:s, s:O}", "target", target, "args", args);
        code = call_visibly(cli, "action.invoke", params, cli->timeout_ms > 0 ? cli->timeout_ms + 2000 : WRITE_MS,
                            target, &result);
    }
    if (code == EXIT_OK)
        code = say_end(cli, result, target);
    json_decref(args);
    json_decref(described);
    json_decref(result);
    return code;
}
