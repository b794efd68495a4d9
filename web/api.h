/* JSON endpoints over HTTP: what sign_in.c builds on. An endpoint gets a call (one request, checked: its method, its Origin for a POST,
 * its type, at most API_BODY_MAX bytes of JSON) and answers it once, at once or later.
 *
 * Invariants
 *  - A call is answered exactly once, by whoever holds it; it lives until then, also when the browser has gone meanwhile.
 *  - An endpoint never blocks: what takes time goes through worker.h.
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_API_H
#define LECTERN_WEB_API_H

#include <stdbool.h>

#include <jansson.h>

#include "server.h"

#define API_BODY_MAX  4096
#define API_ENDPOINTS 32

struct api_call;

typedef void api_endpoint(struct api_call *call, void *arg);

/* `method`: "GET" or "POST"; `path`: the whole path, "/api/me". Both static. Only before the server runs. */
void api_register(struct server *server, const char *method, const char *path, api_endpoint *endpoint, void *arg);

struct server *api_server(const struct api_call *call);
/* The object that was posted; an empty object for a GET. Lent until the answer. */
const json_t *api_body(const struct api_call *call);
/* A parameter behind the path's "?", decoded; NULL when there is none. Lent until the answer. */
const char *api_query(const struct api_call *call, const char *name);
/* The browser's address, without port. Lent until the answer. */
const char *api_address(const struct api_call *call);
/* Whether the browser runs on this machine. */
bool api_local(const struct api_call *call);
/* The cookie's token; "" when there is none. Lent until the answer. */
const char *api_token(const struct api_call *call);

/* The answer sets the cookie: to a token that the browser keeps for so long, or with NULL so that the browser forgets it. */
void api_set_token(struct api_call *call, const char *token, int64_t max_age_s);
/* Answers; takes the reference to `body`. The call is gone then. */
void api_answer(struct api_call *call, int status, json_t *body);
/* Answers {"error":{"code":...,"vi":...,"en":...}}, with `more`'s members beside `code` when it is not NULL (taken). */
void api_refuse(struct api_call *call, int status, const char *code, const char *vi, const char *en, json_t *more);

/* ---- For http.c ---- */

struct exchange;
int api_open(struct server *server, struct lec_err *err);
void api_close(struct server *server);
bool api_exists(const struct server *server, const char *method, const char *path);
/* A GET: calls the endpoint, or answers that there is none. */
void api_begin(struct exchange *x, const char *method, const char *path);
/* A POST: keeps what the head said; then its body has come. */
void api_expect(struct exchange *x, const char *path);
void api_posted(struct exchange *x);
/* The browser has gone before the answer. */
void api_gone(struct api_call *call);

#endif
