#include "client.h"

#include <dirent.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "lectern/parse.h"
#include "lectern/paths.h"

static const struct {
    const char *word, *method;
    const char *const args[3]; /* names of the parameters that come without "key=" */
    unsigned needed;
} commands[] = {
    {"describe", "sim.describe", {NULL}, 0},
    {"state", "sim.state", {"device"}, 0},
    {"fault", "sim.fault", {"device", "fault"}, 2},
    {"clear", "sim.clear", {"device", "fault"}, 0},
    {"remote", "sim.remote", {"device", "point", "value"}, 3},
    {"unplug", "sim.unplug", {"device"}, 1},
    {"plug", "sim.plug", {"device", "port"}, 1},
    {"samples", "sim.samples", {"device", "from", "n"}, 1},
    {"speed", "sim.speed", {"speed"}, 0},
};

static int find(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].word, word) == 0)
            return (int)i;
    return -1;
}

int sim_is_subcommand(const char *word)
{
    return find(word) >= 0;
}

/* The only room under <run> that has a simulator; NULL with a message if there are none or several. */
static const char *only_room(const char *run, char *buf, size_t size)
{
    DIR *dir = opendir(run);
    unsigned found = 0;
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/%s/simulator", run, e->d_name);
        if (e->d_name[0] != '.' && n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0) {
            found++;
            lec_copy_utf8(buf, size, e->d_name, strlen(e->d_name));
        }
    }
    if (dir)
        closedir(dir);
    if (found != 1)
        fprintf(stderr, "lectern-sim: %s simulator under %s; name a room with --room\n", found ? "more than one" : "no",
                run);
    return found == 1 ? buf : NULL;
}

static json_t *value_of(const char *text)
{
    bool b;
    int64_t i;
    double f;
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return lec_parse_bool(text, &b) == 0 ? json_boolean(b) : NULL;
    if (lec_parse_int(text, INT64_MIN, INT64_MAX, &i) == 0)
        return json_integer(i);
    if (lec_parse_float(text, &f) == 0)
        return json_real(f);
    return json_string(text);
}

/* Sends the request and prints the answer. Returns the exit code. */
static int ask(const char *endpoint, json_t *request)
{
    void *ctx = zmq_ctx_new(), *socket = ctx ? zmq_socket(ctx, ZMQ_REQ) : NULL;
    int code = 3, none = 0, patience = 5000;
    char *text = json_dumps(request, JSON_COMPACT);
    zmq_msg_t reply;
    zmq_msg_init(&reply);
    if (socket && text && zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none) == 0 &&
        zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience) == 0 && zmq_connect(socket, endpoint) == 0 &&
        zmq_send(socket, text, strlen(text), 0) >= 0 && zmq_msg_recv(&reply, socket, 0) >= 0) {
        json_t *answer = json_loadb(zmq_msg_data(&reply), zmq_msg_size(&reply), 0, NULL);
        json_t *result = json_object_get(answer, "result");
        const char *why = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
        code = result ? 0 : 1;
        if (result) {
            json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(8));
            putchar('\n');
        } else {
            fprintf(stderr, "lectern-sim: %s\n", why ? why : "the answer is not understood");
        }
        json_decref(answer);
    } else {
        fprintf(stderr, "lectern-sim: no answer at %s\n", endpoint);
    }
    zmq_msg_close(&reply);
    free(text);
    if (socket)
        zmq_close(socket);
    if (ctx)
        zmq_ctx_term(ctx);
    return code;
}

int sim_client(int argc, char **argv)
{
    int which = find(argv[1]);
    char run[80], name[64], endpoint[192];
    const char *room = NULL;
    struct lec_err err;
    json_t *params = json_object();
    unsigned n_args = 0;
    int code = 2;
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (strcmp(argv[i], "--room") == 0 && i + 1 < argc) {
            room = argv[++i];
        } else if (equals) {
            *equals = '\0';
            json_object_set_new(params, argv[i], value_of(equals + 1));
        } else if (n_args < 3 && commands[which].args[n_args]) {
            const char *key = commands[which].args[n_args++];
            bool plain = strcmp(key, "value") == 0 || strcmp(key, "speed") == 0;
            json_object_set_new(params, key, plain ? value_of(argv[i]) : json_string(argv[i]));
        } else {
            fprintf(stderr, "lectern-sim %s: \"%s\" is one too many\n", argv[1], argv[i]);
            goto out;
        }
    }
    if (n_args < commands[which].needed) {
        fprintf(stderr, "lectern-sim %s: %s is missing\n", argv[1], commands[which].args[n_args]);
        goto out;
    }
    code = 3;
    if (lec_path_run(run, sizeof run, &err) < 0) {
        fprintf(stderr, "lectern-sim: %s\n", err.text);
        goto out;
    }
    if (!room)
        room = only_room(run, name, sizeof name);
    if (!room)
        goto out;
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/%s/simulator", run, room);
    json_t *request =
        json_pack("{s:s,s:i,s:s,s:O}", "jsonrpc", "2.0", "id", 1, "method", commands[which].method, "params", params);
    code = ask(endpoint, request);
    json_decref(request);
out:
    json_decref(params);
    return code;
}
