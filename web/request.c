#include "request.h"

#include <string.h>

#include "lectern/err.h"
#include "lectern/parse.h"

#define ANSWER_MS     30000
#define ANSWER_MS_MAX (15 * 60 * 1000)

static bool refuse(struct request *r, int code, const char *reason)
{
    r->code = code;
    r->reason = reason;
    return false;
}

/* Brackets that stand open at once, at most; jansson has a limit of its own, which is far higher. Strings are skipped. */
static size_t depth_of(const char *text, size_t n)
{
    size_t depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > deepest)
                deepest = depth;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}

static bool printable(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s <= 0x20 || *s == 0x7f)
            return false;
    return true;
}

static bool take_id(struct request *r, const json_t *id)
{
    size_t n = json_string_length(id);
    if (!json_is_string(id) || n < REQUEST_ID_MIN || n > REQUEST_ID_MAX || strlen(json_string_value(id)) != n ||
        !printable(json_string_value(id)))
        return false;
    memcpy(r->id, json_string_value(id), n + 1);
    return true;
}

static bool take_method(struct request *r, const json_t *method)
{
    size_t n = json_string_length(method);
    if (!json_is_string(method) || n == 0 || n > REQUEST_METHOD_MAX || strlen(json_string_value(method)) != n ||
        !printable(json_string_value(method)))
        return false;
    memcpy(r->method, json_string_value(method), n + 1);
    return true;
}

bool request_parse(const char *text, size_t n, struct request *out)
{
    *out = (struct request){0};
    if (n > REQUEST_MAX)
        return refuse(out, -32600, "a request has at most 65,536 bytes");
    if (depth_of(text, n) > REQUEST_DEPTH)
        return refuse(out, -32700, "nested more than 16 deep");
    json_error_t mistake;
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &mistake);
    if (!root)
        return refuse(out, -32700, "not JSON");
    bool ok = false;
    const char *key;
    json_t *value;
    const char *unknown = NULL;
    json_object_foreach(root, key, value)
    {
        (void)value;
        if (strcmp(key, "jsonrpc") != 0 && strcmp(key, "id") != 0 && strcmp(key, "method") != 0 &&
            strcmp(key, "params") != 0)
            unknown = strcmp(key, "as") == 0 ? "the gateway says for whom a request is, not the page"
                                             : "a member that a request does not have";
    }
    json_t *params = json_object_get(root, "params");
    const char *version = json_string_value(json_object_get(root, "jsonrpc"));
    if (!json_is_object(root))
        refuse(out, -32600, "a request is an object");
    else if (!take_id(out, json_object_get(root, "id")))
        refuse(out, -32600, "id must be a text of 16 to 64 characters");
    else if (!version || strcmp(version, "2.0") != 0)
        refuse(out, -32600, "jsonrpc must be \"2.0\"");
    else if (!take_method(out, json_object_get(root, "method")))
        refuse(out, -32600, "no method");
    else if (unknown)
        refuse(out, -32600, unknown);
    else if (params && !json_is_object(params))
        refuse(out, -32602, "params must be an object");
    else
        ok = true;
    if (ok)
        out->params = json_incref(params);
    json_decref(root);
    return ok;
}

void request_done(struct request *r)
{
    json_decref(r->params);
    r->params = NULL;
}

int request_timeout_ms(const struct request *r)
{
    /* What takes longer by its nature: a search asks a whole network, an export writes a file, an analysis computes. */
    static const struct {
        const char *method;
        int ms;
    } longer[] = {
        {"driver.search", 90000},  {"run.export", 11 * 60 * 1000}, {"run.analyze", 45000},
        {"action.invoke", 120000}, {"point.write", 120000},
    };
    int ms = ANSWER_MS;
    for (size_t i = 0; i < ARRAY_LEN(longer); i++)
        if (strcmp(r->method, longer[i].method) == 0)
            ms = longer[i].ms;
    const json_t *given = json_object_get(r->params, "timeout_ms");
    if (json_is_integer(given)) {
        json_int_t own = json_integer_value(given);
        if (own >= ms && own < ANSWER_MS_MAX)
            ms = (int)own + 5000; /* the room is to tell that it took too long, not we */
    }
    return ms < ANSWER_MS_MAX ? ms : ANSWER_MS_MAX;
}

static bool take_bool(struct request *r, const char *key, bool *out)
{
    const json_t *value = json_object_get(r->params, key);
    if (value && !json_is_boolean(value))
        return refuse(r, -32602, "journal, events and trace are true or false");
    *out = json_is_true(value);
    return true;
}

bool request_follow(struct request *r, struct follow *out)
{
    struct follow f = {0};
    if (!take_bool(r, "journal", &f.journal) || !take_bool(r, "events", &f.events) || !take_bool(r, "trace", &f.trace))
        return false;
    const json_t *runs = json_object_get(r->params, "runs");
    if (runs && (!json_is_array(runs) || json_array_size(runs) > REQUEST_RUNS))
        return refuse(r, -32602, "runs is a list of at most 4 runs");
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        size_t n = json_string_length(run);
        if (!json_is_string(run) || n == 0 || n >= sizeof f.runs[0] || strlen(json_string_value(run)) != n)
            return refuse(r, -32602, "a run is a text of at most 63 bytes");
        memcpy(f.runs[f.n_runs++], json_string_value(run), n + 1);
    }
    const char *key;
    json_t *value;
    json_object_foreach(r->params, key, value)
    {
        (void)value;
        if (strcmp(key, "journal") != 0 && strcmp(key, "events") != 0 && strcmp(key, "runs") != 0 &&
            strcmp(key, "trace") != 0)
            return refuse(r, -32602, "web.follow takes journal, events, runs and trace");
    }
    *out = f;
    return true;
}
