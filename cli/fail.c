#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define CALL_MS     5000
#define NOT_ALLOWED (-32008) /* for this role */

/* The exit code for an error object of the room: what was asked makes no sense here, or it was not done. */
static int exit_of_error(const json_t *error)
{
    switch (json_integer_value(json_object_get(error, "code"))) {
    case -32001:
    case -32005:
    case -32006:
    case -32601:
    case -32602:
        return EXIT_USAGE;
    case -32003:
        return EXIT_NO_ANSWER;
    case -32603:
        return EXIT_OURS;
    default:
        return EXIT_NOT_DONE;
    }
}

static int exit_of_code(int rc)
{
    switch (rc) {
    case LEC_E_LINK:
        return EXIT_UNREACHABLE;
    case LEC_E_TIMEOUT:
        return EXIT_NO_ANSWER;
    case LEC_E_CONFIG:
    case LEC_E_RANGE:
        return EXIT_USAGE;
    default:
        return EXIT_OURS;
    }
}

/* Errors say the exit code too, so that a log of --json is complete. */
static void print_json(json_t *error, int code)
{
    json_object_set_new(error, "exit", json_integer(code));
    json_t *doc = json_pack("{s:O}", "error", error);
    out_json(doc);
    json_decref(doc);
}

int cli_fail(const struct cli *cli, int code, const char *fmt, ...)
{
    va_list args;
    char *text;
    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    va_end(args);
    if (cli->json) {
        json_t *error = json_pack("{s:s}", "message", text ? text : "");
        print_json(error, code);
        json_decref(error);
    } else {
        out_err("lectern: %s\n", text ? text : "");
    }
    free(text);
    return code;
}

static void print_hints(const json_t *data)
{
    const char *nearest = text_of(data, "nearest");
    const char *remedy = lang_json(json_object_get(data, "remedy"));
    const char *verdict = text_of(data, "verdict");
    if (verdict[0] != '\0' && lang_is_vi())
        out_err("  %s\n", word_verdict(verdict));
    if (nearest[0] != '\0')
        out_err(T("  Có phải là \"%s\"?\n", "  Did you mean \"%s\"?\n"), nearest);
    if (remedy[0] != '\0')
        out_err(T("  Nên thử: %s\n", "  What to do: %s\n"), remedy);
    const json_t *mistakes = json_object_get(data, "mistakes");
    for (size_t i = 0; i < json_array_size(mistakes); i++) {
        const json_t *m = json_array_get(mistakes, i);
        out_err("%s:%d: %s\n", text_of(m, "file"), (int)int_of(m, "line", 0), text_of(m, "text"));
    }
}

int cli_fail_call(const struct cli *cli, int rc, json_t *error, const struct lec_err *err)
{
    if (!error)
        return cli_fail(cli, exit_of_code(rc), "%s", err->text);
    int code = exit_of_error(error);
    if (cli->json) {
        print_json(error, code);
    } else {
        if (int_of(error, "code", 0) == NOT_ALLOWED)
            out_err(T("lectern: bạn không có quyền làm việc này (%s)\n", "lectern: you may not do this (%s)\n"),
                    text_of(error, "message"));
        else
            out_err("lectern: %s\n", text_of(error, "message"));
        print_hints(json_object_get(error, "data"));
    }
    json_decref(error);
    return code;
}

int cli_patience(const struct cli *cli, int otherwise_ms)
{
    return cli->timeout_ms > 0 ? cli->timeout_ms : otherwise_ms;
}

int cli_call(struct cli *cli, const char *method, json_t *params, int timeout_ms, json_t **result)
{
    int code = cli_connect(cli);
    if (code != EXIT_OK) {
        json_decref(params);
        return code;
    }
    struct lec_err err;
    json_t *error;
    if (timeout_ms == 0)
        timeout_ms = cli_patience(cli, CALL_MS);
    int rc = lec_bus_call(cli->bus, method, params, timeout_ms, result, &error, &err);
    return rc < 0 ? cli_fail_call(cli, rc, error, &err) : EXIT_OK;
}
