/* HTTP on one connection: which request it is, whether it may be made, and the sending of answers.
 *
 * Invariants
 *  - Every answer bears the headers that keep the pages safe (http_headers in http_answer.c).
 *  - At most one chunk of an answer is in memory, unless the answer is JSON, which is made whole.
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_HTTP_H
#define LECTERN_WEB_HTTP_H

#include <libwebsockets.h>

#include "assets.h"
#include "lectern/buf.h"
#include "server.h"

#define HTTP_PATH_MAX  1024
#define HTTP_QUERY_MAX 1024
#define HTTP_CHUNK     (16 * 1024)

struct api_call;
struct download;

/* One request, from its head to the end of its answer. */
struct exchange {
    struct server *server;
    struct lws *wsi;
    bool begun;     /* there is a request whose answer has not been sent whole */
    bool head_only; /* HEAD */
    bool close;     /* the connection ends with the answer */
    bool answering; /* the answer is known */
    bool head_sent;
    int status;
    struct lec_buf head; /* further headers, each with its line end */
    struct lec_buf body; /* of an answer in memory */
    int file;            /* else one from disk; -1: none */
    size_t size, at;
    bool chunked; /* of a download, whose length is not known before */
    struct lec_buf posted;
    size_t to_come; /* bytes of a posted body */
    bool whole;     /* it has come */
    int refused;    /* a POST that is refused once its body has come: the status; 0: not */
    const char *refused_code, *refused_vi, *refused_en;
    struct api_call *call;
    struct download *download;
};

/* The protocol "http". */
int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

/* ---- Answers (http_answer.c); each is the only one of its exchange ---- */

/* A further header of the answer. */
void http_header(struct exchange *x, const char *name, const char *value);
/* Takes over `json`. */
void http_answer_json(struct exchange *x, int status, struct lec_buf *json);
void http_answer_error(struct exchange *x, int status, const char *code, const char *vi, const char *en);
/* Sends a file of the pages. */
void http_answer_asset(struct exchange *x, const struct asset *asset);
/* Begins an answer in pieces; the exchange's download gives them. */
void http_answer_pieces(struct exchange *x, const char *type);
/* The socket takes more. Returns 0, or -1: close it. */
int http_answer_write(struct exchange *x);
/* Frees what the exchange holds. */
void http_done(struct exchange *x);

/* A header of the request; "" when it is missing. False: it does not fit. */
bool http_request_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size);

#endif
