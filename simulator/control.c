#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <zmq.h>

#include "cast.h"
#include "methods.h"

/* A request may be this long; an answer (all devices of a full room) that. */
#define REQUEST_MAX 65536
#define ANSWER_MAX  (4U << 20)
/* JSON nests this deep at most: ours needs three levels. */
#define PARTS_MAX 4

struct sim_control {
    struct sim *sim;
    void *ctx, *socket;
    struct loop_watch watch;
    struct loop_timer again;
    int lock;
    bool bound;
    char path[112];
    struct lec_buf out;
};

static void put_error(struct lec_buf *out, const char *id, int code, const char *text)
{
    lec_buf_clear(out);
    lec_buf_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,\"message\":", id, code);
    lec_json_str(out, text);
    lec_buf_puts(out, "}}");
}

static int rpc_code(int code)
{
    switch (code) {
    case LEC_E_RANGE:
        return -32602;
    case LEC_E_CONFIG:
        return -32001;
    case LEC_E_NOTSUP:
        return -32006;
    case LEC_E_BUSY:
    case LEC_E_REFUSED:
        return -32002;
    case LEC_E_NOMEM:
        return -32007;
    default:
        return -32603;
    }
}

void sim_control_serve(struct sim *s, const char *request, size_t n, struct lec_buf *out)
{
    json_error_t bad;
    char id[80] = "null";
    struct lec_err err = {0};
    lec_buf_clear(out);
    json_t *root = n <= REQUEST_MAX ? json_loadb(request, n, JSON_REJECT_DUPLICATES, &bad) : NULL;
    if (!root) {
        put_error(out, id, n > REQUEST_MAX ? -32600 : -32700, n > REQUEST_MAX ? "the request is too long" : bad.text);
        return;
    }
    json_t *given = json_object_get(root, "id"), *params = json_object_get(root, "params");
    const char *method = json_string_value(json_object_get(root, "method"));
    const char *version = json_string_value(json_object_get(root, "jsonrpc"));
    if (json_is_integer(given)) {
        (void)snprintf(id, sizeof id, "%lld", (long long)json_integer_value(given));
    } else if (json_is_string(given) && json_string_length(given) <= 64) {
        size_t used = json_dumpb(given, id, sizeof id - 1, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
        if (used >= sizeof id)
            used = (size_t)snprintf(id, sizeof id, "null");
        id[used] = '\0';
    }
    if (!method || !version || strcmp(version, "2.0") != 0 || strcmp(id, "null") == 0 ||
        (params && !json_is_object(params))) {
        put_error(out, id, -32600,
                  "not a request: jsonrpc \"2.0\", id, method and perhaps an object params are needed");
    } else {
        lec_buf_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":", id);
        bool known = true;
        int rc = sim_method(s, method, params, out, &known, &err);
        lec_buf_putc(out, '}');
        if (!known)
            put_error(out, id, -32601, "there is no such method");
        else if (rc < 0)
            put_error(out, id, rpc_code(rc), err.text);
        else if (out->failed)
            put_error(out, id, -32603, "the answer is too long");
    }
    json_decref(root);
}

/* One message of up to PARTS_MAX frames: identity, perhaps an empty frame, the request. False: none is waiting. */
static bool serve_one(struct sim_control *c)
{
    zmq_msg_t part[PARTS_MAX];
    size_t n = 0;
    bool more = true, dropped = false;
    while (more) {
        zmq_msg_t spare;
        zmq_msg_t *at = n < PARTS_MAX ? &part[n] : &spare;
        zmq_msg_init(at);
        if (zmq_msg_recv(at, c->socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(at);
            more = false;
            dropped = true;
            break;
        }
        more = zmq_msg_more(at);
        if (n < PARTS_MAX) {
            n++;
        } else {
            zmq_msg_close(&spare);
            dropped = true;
        }
    }
    bool got = n > 0;
    if (!dropped && n >= 2) {
        zmq_msg_t *request = &part[n - 1];
        sim_control_serve(c->sim, zmq_msg_data(request), zmq_msg_size(request), &c->out);
        for (size_t i = 0; i + 1 < n; i++)
            (void)zmq_msg_send(&part[i], c->socket, ZMQ_SNDMORE | ZMQ_DONTWAIT);
        (void)zmq_send(c->socket, c->out.data, c->out.len, ZMQ_DONTWAIT);
    }
    for (size_t i = 0; i < n; i++)
        zmq_msg_close(&part[i]);
    return got;
}

/* ZeroMQ's descriptor tells only of changes: everything must be taken, and looked at again after sending. */
static void drain(struct sim_control *c)
{
    for (unsigned served = 0; served < 100; served++) {
        int events = 0;
        size_t size = sizeof events;
        if (zmq_getsockopt(c->socket, ZMQ_EVENTS, &events, &size) < 0 || !(events & ZMQ_POLLIN))
            return;
        if (!serve_one(c))
            return;
    }
    loop_timer_set(c->sim->loop, &c->again, loop_now(c->sim->loop));
}

static void ready(void *ctx, uint32_t events)
{
    (void)events;
    drain(ctx);
}

static void again(void *ctx)
{
    drain(ctx);
}

int sim_control_open(struct sim *s, struct sim_control **out, struct lec_err *err)
{
    struct sim_control *c = calloc(1, sizeof *c);
    char name[128];
    if (!c)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    *c = (struct sim_control){.sim = s, .lock = -1, .watch.fd = -1};
    c->again = (struct loop_timer){.due = again, .ctx = c};
    lec_buf_init(&c->out, ANSWER_MAX);
    int rc;
    (void)snprintf(name, sizeof name, "%s/simulator.lock", s->folder);
    c->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (c->lock < 0 || flock(c->lock, LOCK_EX | LOCK_NB) < 0) {
        rc = lec_fail(err, LEC_E_CONFIG, "%s: %s", name,
                      errno == EWOULDBLOCK ? "another simulator plays this room" : strerror(errno));
        goto failed;
    }
    (void)snprintf(c->path, sizeof c->path, "%s/simulator", s->folder);
    (void)snprintf(name, sizeof name, "ipc://%s", c->path);
    c->ctx = zmq_ctx_new();
    c->socket = c->ctx ? zmq_socket(c->ctx, ZMQ_ROUTER) : NULL;
    int none = 0, fd = -1;
    int64_t longest = 1 << 20;
    size_t size = sizeof fd;
    if (!c->socket || zmq_setsockopt(c->socket, ZMQ_LINGER, &none, sizeof none) < 0 ||
        zmq_setsockopt(c->socket, ZMQ_MAXMSGSIZE, &longest, sizeof longest) < 0 || zmq_bind(c->socket, name) < 0 ||
        zmq_getsockopt(c->socket, ZMQ_FD, &fd, &size) < 0) {
        rc = lec_fail(err, LEC_E_CONFIG, "%s: %s", name, zmq_strerror(zmq_errno()));
        goto failed;
    }
    c->watch = (struct loop_watch){.fd = fd, .ready = ready, .ctx = c};
    rc = loop_watch(s->loop, &c->watch, false);
    if (rc < 0)
        goto failed;
    c->bound = true;
    *out = c;
    return 0;

failed:
    sim_control_close(&c);
    return rc;
}

void sim_control_close(struct sim_control **control)
{
    struct sim_control *c = *control;
    if (!c)
        return;
    loop_timer_clear(c->sim->loop, &c->again);
    loop_unwatch(c->sim->loop, &c->watch);
    if (c->socket)
        zmq_close(c->socket);
    if (c->ctx)
        zmq_ctx_term(c->ctx);
    if (c->bound) /* libzmq leaves it behind */
        (void)unlink(c->path);
    if (c->lock >= 0)
        close(c->lock);
    lec_buf_done(&c->out);
    free(c);
    *control = NULL;
}
