#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "http.h"
#include "lectern/log.h"
#include "lectern/people.h"
#include "wire.h"

#define QUERIES    8
#define ANSWER_MAX (1024 * 1024)

struct endpoint {
    const char *method, *path;
    api_endpoint *endpoint;
    void *arg;
};

struct api {
    struct endpoint at[API_ENDPOINTS];
    size_t n;
};

struct api_call {
    struct server *server;
    struct exchange *x; /* NULL: the browser has gone */
    const struct endpoint *endpoint;
    json_t *body;
    char *query[QUERIES]; /* "name=value" */
    size_t n_query;
    char address[48];
    bool local;
    char token[LEC_TOKEN_SIZE];
    char cookie[LEC_TOKEN_SIZE + 128];
};

int api_open(struct server *server, struct lec_err *err)
{
    server->api = calloc(1, sizeof *server->api);
    return server->api ? 0 : lec_fail(err, LEC_E_NOMEM, "out of memory");
}

void api_close(struct server *server)
{
    free(server->api);
    server->api = NULL;
}

void api_register(struct server *server, const char *method, const char *path, api_endpoint *endpoint, void *arg)
{
    struct api *api = server->api;
    if (api->n < API_ENDPOINTS)
        api->at[api->n++] = (struct endpoint){method, path, endpoint, arg};
}

static const struct endpoint *find(const struct server *server, const char *method, const char *path)
{
    const struct api *api = server->api;
    for (size_t i = 0; i < api->n; i++)
        if (strcmp(api->at[i].path, path) == 0 && strcmp(api->at[i].method, method) == 0)
            return &api->at[i];
    return NULL;
}

bool api_exists(const struct server *server, const char *method, const char *path)
{
    return find(server, method, path) != NULL;
}

struct server *api_server(const struct api_call *call)
{
    return call->server;
}

const json_t *api_body(const struct api_call *call)
{
    return call->body;
}

const char *api_query(const struct api_call *call, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < call->n_query; i++)
        if (strncmp(call->query[i], name, n) == 0 && call->query[i][n] == '=')
            return call->query[i] + n + 1;
    return NULL;
}

const char *api_address(const struct api_call *call)
{
    return call->address;
}

bool api_local(const struct api_call *call)
{
    return call->local;
}

const char *api_token(const struct api_call *call)
{
    return call->token;
}

void api_set_token(struct api_call *call, const char *token, int64_t max_age_s)
{
    snprintf(call->cookie, sizeof call->cookie, "lectern=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
             token ? token : "", token ? (long long)max_age_s : 0LL, call->server->setup.cert ? "; Secure" : "");
}

static void free_call(struct api_call *call)
{
    json_decref(call->body);
    for (size_t i = 0; i < call->n_query; i++)
        free(call->query[i]);
    explicit_bzero(call, sizeof *call);
    free(call);
}

void api_gone(struct api_call *call)
{
    call->x = NULL;
    if (!call->body) /* its endpoint was not called yet, nobody else holds it */
        free_call(call);
}

static int put_json(const char *data, size_t n, void *arg)
{
    struct lec_buf *b = arg;
    lec_buf_put(b, data, n);
    return b->failed ? -1 : 0;
}

void api_answer(struct api_call *call, int status, json_t *body)
{
    struct exchange *x = call->x;
    if (x) {
        struct lec_buf b;
        lec_buf_init(&b, ANSWER_MAX);
        if (!body || json_dump_callback(body, put_json, &b, JSON_COMPACT) < 0)
            lec_log(LEC_LOG_ERROR, "an answer to %s could not be made", call->endpoint->path);
        x->call = NULL;
        if (call->cookie[0] != '\0')
            http_header(x, "Set-Cookie", call->cookie);
        http_answer_json(x, status, &b);
    }
    json_decref(body);
    free_call(call);
}

void api_refuse(struct api_call *call, int status, const char *code, const char *vi, const char *en, json_t *more)
{
    json_t *error = more ? more : json_object();
    json_object_set_new(error, "code", json_string(code));
    json_object_set_new(error, "vi", json_string(vi));
    json_object_set_new(error, "en", json_string(en));
    api_answer(call, status, json_pack("{s:o}", "error", error));
}

/* ---- From http.c ---- */

static struct api_call *new_call(struct exchange *x, const struct endpoint *endpoint)
{
    struct visitor *visitor = door_visitor(x->wsi);
    struct api_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->server = x->server;
    call->x = x;
    call->endpoint = endpoint;
    snprintf(call->address, sizeof call->address, "%s", visitor->address);
    call->local = visitor->local;
    char text[HTTP_QUERY_MAX];
    if (http_request_header(x->wsi, WSI_TOKEN_HTTP_COOKIE, text, sizeof text) &&
        !wire_cookie(text, "lectern", call->token, sizeof call->token))
        call->token[0] = '\0';
    for (int i = 0;
         call->n_query < QUERIES && lws_hdr_copy_fragment(x->wsi, text, sizeof text, WSI_TOKEN_HTTP_URI_ARGS, i) > 0;
         i++) {
        char *copy = strdup(text);
        if (copy)
            call->query[call->n_query++] = copy;
    }
    explicit_bzero(text, sizeof text);
    x->call = call;
    return call;
}

void api_begin(struct exchange *x, const char *method, const char *path)
{
    const struct endpoint *endpoint = find(x->server, method, path);
    struct api_call *call = endpoint ? new_call(x, endpoint) : NULL;
    if (!call) {
        http_answer_error(x, endpoint ? 503 : 404, "no_method", "Không có chức năng này.", "There is no such method.");
        return;
    }
    call->body = json_object();
    endpoint->endpoint(call, endpoint->arg);
}

void api_expect(struct exchange *x, const char *path)
{
    new_call(x, find(x->server, "POST", path));
}

void api_posted(struct exchange *x)
{
    struct api_call *call = x->call;
    json_error_t mistake;
    json_t *body = json_loadb(x->posted.data, x->posted.len, JSON_REJECT_DUPLICATES, &mistake);
    if (x->posted.data)
        explicit_bzero(x->posted.data, x->posted.len); /* it may have a secret */
    if (!call || !json_is_object(body)) {
        json_decref(body);
        http_answer_error(x, call ? 400 : 503, "json", "Yêu cầu không hợp lệ.", "The body must be a JSON object.");
        return;
    }
    call->body = body;
    call->endpoint->endpoint(call, call->endpoint->arg);
}
