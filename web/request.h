/* What a page sends: one JSON-RPC request a message, checked before anything is done with it.
 *
 * Threads: any; no shared state. */
#ifndef LECTERN_WEB_REQUEST_H
#define LECTERN_WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define REQUEST_MAX        65536 /* bytes */
#define REQUEST_DEPTH      16    /* as the room has it */
#define REQUEST_ID_MIN     16
#define REQUEST_ID_MAX     64
#define REQUEST_METHOD_MAX 47
#define REQUEST_RUNS       4 /* that a page follows */

struct request {
    char id[REQUEST_ID_MAX + 1]; /* "" when it has none that is valid */
    char method[REQUEST_METHOD_MAX + 1];
    json_t *params; /* an object or NULL; owned */
    /* Of a refused one: */
    int code;           /* of JSON-RPC: -32700, -32600, -32602 */
    const char *reason; /* static, English */
};

/* Reads n bytes. Returns true, or false with code and reason. Either way request_done() is called at the end. */
bool request_parse(const char *text, size_t n, struct request *out);
void request_done(struct request *r);

/* How long the gateway waits for the room's answer: what the method may take and, when it names one, its own timeout_ms. */
int request_timeout_ms(const struct request *r);

/* What a page follows besides the state. */
struct follow {
    bool journal, events, trace;
    char runs[REQUEST_RUNS][64];
    size_t n_runs;
};

/* Reads the params of web.follow. Returns true, or false with code and reason in `r` and `out` untouched. */
bool request_follow(struct request *r, struct follow *out);

#endif
