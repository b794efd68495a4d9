#include "server.h"

#include <errno.h>
#include <libwebsockets.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "api.h"
#include "assets.h"
#include "client.h"
#include "door.h"
#include "http.h"
#include "lectern/clock.h"
#include "lectern/log.h"
#include "lectern/people.h"
#include "loop.h"
#include "memory.h"
#include "room.h"
#include "sign_in.h"
#include "wire.h"
#include "worker.h"

#define END_NS         (300 * LEC_MS) /* for pages to take the last message */
#define NOTE_MS        5000
#define FIRST_QUIET_US LWS_US_PER_SEC
#define QUIET_US       (60 * LWS_US_PER_SEC)
#define SAY_AGAIN      (10 * LEC_SEC)
#define HEADER_BYTES   4096               /* of one request */
#define HEADERS_ATONCE SERVER_CONNECTIONS /* whose head is being read: a slow one keeps nobody else waiting */

struct life {
    struct server *server;
    int signals;
    struct lws *wsi;
    lws_sorted_usec_list_t watchdog, end, quiet;
    uint64_t visitors;    /* that had come when memory was given back last */
    uint64_t watchdog_us; /* 0: none is wanted */
    int64_t end_by;
    bool over;
};

/* ---- Names ---- */

bool server_host_ok(const struct server *server, const char *host)
{
    char own[128] = "";
    if (wire_is_address(host) || strcmp(host, "localhost") == 0)
        return true;
    for (int i = 0; i < server->setup.n_hosts; i++)
        if (strcasecmp(server->setup.hosts[i], host) == 0)
            return true;
    if (gethostname(own, sizeof own - 1) < 0 || own[0] == '\0')
        return false;
    size_t n = strcspn(own, ".");
    return strncasecmp(host, own, n) == 0 &&
           (host[n] == '\0' || strcasecmp(host + n, ".local") == 0 || strcasecmp(host, own) == 0);
}

void server_host_refused(struct server *server, const char *address, const char *host)
{
    int64_t now = lec_now();
    if (server->host_said_at != 0 && now - server->host_said_at < SAY_AGAIN)
        return;
    server->host_said_at = now;
    char clean[80];
    size_t n = 0;
    for (; host[n] != '\0' && n < sizeof clean - 1; n++)
        clean[n] = host[n] > 0x20 && host[n] < 0x7f ? host[n] : '?';
    clean[n] = '\0';
    lec_log(LEC_LOG_WARNING, "%s: asked for host \"%s\", which is none of ours; if it is, start with --host", address,
            clean);
}

/* ---- Sessions ---- */

void server_recognise(struct server *server, struct lws *wsi, struct visitor *v)
{
    char cookie[2048];
    struct lec_err err = {.text = ""};
    char token[LEC_TOKEN_SIZE] = "";
    snprintf(v->refused, sizeof v->refused, "none");
    if (!http_request_header(wsi, WSI_TOKEN_HTTP_COOKIE, cookie, sizeof cookie) ||
        !wire_cookie(cookie, "lectern", token, sizeof token))
        return;
    int rc = lec_session_find(server->people, token, &v->session, &err);
    if (rc == 0)
        v->refused[0] = '\0';
    else
        snprintf(v->refused, sizeof v->refused, "%s", rc == LEC_E_CANCELLED ? "stolen" : "expired");
    if (rc == LEC_E_CANCELLED)
        sign_in_stolen(server, &v->session, v->address);
    if (rc != 0 && rc != LEC_E_REFUSED)
        lec_log(LEC_LOG_WARNING, "%s: %s", v->address, err.text);
    explicit_bzero(cookie, sizeof cookie);
    explicit_bzero(token, sizeof token);
}

struct json_t *server_rooms(struct server *server, const char *only)
{
    return rooms_list(server->rooms, only);
}

static void note_room(struct room *room, void *arg)
{
    struct lec_err err = {.text = ""};
    if (lec_bus_send(room->bus, "login.note", json_incref(arg), NOTE_MS, NULL, NULL, NULL, &err) < 0)
        lec_log(LEC_LOG_WARNING, "room %s: a login could not be noted: %s", room->name, err.text);
}

void server_note(struct server *server, const char *room, const char *person, const char *what, const char *address,
                 const char *reason)
{
    json_t *note =
        json_pack("{s:s,s:s*,s:s*,s:s*}", "what", what, "person", person, "address", address, "reason", reason);
    struct room *one;
    struct lec_err err = {.text = ""};
    if (!note)
        return;
    if (!room)
        rooms_each(server->rooms, note_room, note);
    else if (room_get(server->rooms, room, &one, &err) == 0)
        note_room(one, note);
    json_decref(note);
}

/* ---- The loop's own ---- */

void server_woken(struct server *server)
{
    if (server->worker)
        worker_deliver(server->worker);
}

/* Ends the loop when all have gone, or have had time enough. */
static void on_end(lws_sorted_usec_list_t *sul)
{
    struct life *life = loop_owner(sul, struct life, end);
    struct server *server = life->server;
    life->over = door_count(server->door) == 0 || lec_now() >= life->end_by;
    if (life->over)
        lws_cancel_service(server->lws); /* else it waits for something to happen first */
    else
        lws_sul_schedule(server->lws, 0, sul, on_end, 10 * LWS_US_PER_MS);
}

static void each_ends(struct room *room, void *arg)
{
    (void)arg;
    lws_sul_cancel(&room->publish);
    lws_sul_cancel(&room->linger);
    for (struct client *c = room->clients; c; c = c->next)
        client_close(c, LWS_CLOSE_STATUS_GOINGAWAY, "the gateway ends");
}

static void begin_end(struct server *server)
{
    if (server->ended)
        return;
    server->ended = true;
    sd_notify(0, "STOPPING=1");
    rooms_each(server->rooms, each_ends, NULL);
    server->life->end_by = lec_now() + END_NS;
    lws_sul_schedule(server->lws, 0, &server->life->end, on_end, 10 * LWS_US_PER_MS);
}

/* Tried apart first: libwebsockets would leave a context half changed, and say nothing. */
static bool certificate_ok(const struct server_setup *setup)
{
    SSL_CTX *trial = SSL_CTX_new(TLS_server_method());
    bool ok = trial && SSL_CTX_use_certificate_chain_file(trial, setup->cert) == 1 &&
              SSL_CTX_use_PrivateKey_file(trial, setup->key, SSL_FILETYPE_PEM) == 1 &&
              SSL_CTX_check_private_key(trial) == 1;
    SSL_CTX_free(trial);
    ERR_clear_error();
    return ok;
}

static void reload(struct server *server)
{
    const struct server_setup *setup = &server->setup;
    lec_log(LEC_LOG_INFO, "reading certificate and pages anew");
    assets_refresh(server->assets);
    if (!setup->cert)
        return;
    if (!certificate_ok(setup) || lws_tls_cert_updated(server->lws, setup->cert, setup->key, NULL, 0, NULL, 0))
        lec_log(LEC_LOG_ERROR, "%s or %s could not be read as certificate and key; the old ones stay in use",
                setup->cert, setup->key);
}

static void on_signal(void *arg)
{
    struct server *server = arg;
    struct signalfd_siginfo info;
    while (read(server->life->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload(server);
        else
            begin_end(server);
    }
}

static void on_watchdog(lws_sorted_usec_list_t *sul)
{
    struct life *life = loop_owner(sul, struct life, watchdog);
    sd_notify(0, "WATCHDOG=1");
    lws_sul_schedule(life->server->lws, 0, sul, on_watchdog, (lws_usec_t)life->watchdog_us / 2);
}

/* Nobody is here: what those who were here, or the start, took is given back. */
static void on_quiet(lws_sorted_usec_list_t *sul)
{
    struct life *life = loop_owner(sul, struct life, quiet);
    struct server *server = life->server;
    if (door_count(server->door) == 0 && life->visitors != door_taken(server->door)) {
        memory_give_back();
        life->visitors = door_taken(server->door);
    }
    lws_sul_schedule(server->lws, 0, sul, on_quiet, QUIET_US);
}

static int open_life(struct server *server, struct lec_err *err)
{
    struct life *life = calloc(1, sizeof *life);
    if (!life)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    server->life = life;
    life->server = server;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    life->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (life->signals < 0)
        return lec_fail(err, LEC_E_NOMEM, "no descriptor for signals: %s", strerror(errno));
    if (sd_watchdog_enabled(0, &life->watchdog_us) > 0)
        lws_sul_schedule(server->lws, 0, &life->watchdog, on_watchdog, (lws_usec_t)life->watchdog_us / 2);
    else
        life->watchdog_us = 0;
    life->visitors = UINT64_MAX; /* nobody, and not given back yet */
    lws_sul_schedule(server->lws, 0, &life->quiet, on_quiet, FIRST_QUIET_US);
    return loop_watch(server, life->signals, on_signal, server, &life->wsi, err);
}

static void close_life(struct server *server)
{
    if (!server->life)
        return;
    if (server->life->signals > 0)
        close(server->life->signals);
    free(server->life);
    server->life = NULL;
}

/* ---- libwebsockets ---- */

static const struct lws_protocols protocols[] = {
    {.name = "http", .callback = http_callback, .per_session_data_size = sizeof(struct exchange)},
    {.name = "lectern.1",
     .callback = client_callback,
     .per_session_data_size = sizeof(struct client *),
     .rx_buffer_size = 4096},
    {.name = "watch", .callback = loop_callback},
    {0},
};

static void on_log(int level, const char *line)
{
    size_t n = strcspn(line, "\n");
    lec_log(level & LLL_ERR ? LEC_LOG_WARNING : LEC_LOG_DEBUG, "libwebsockets: %.*s", (int)n, line);
}

/* What libwebsockets allots for each descriptor that there may be is for a few thousand, not for the million that some systems allow. */
static void limit_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max < SERVER_DESCRIPTORS ? limit.rlim_max : SERVER_DESCRIPTORS;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_lws(struct server *server, struct lec_err *err)
{
    const struct server_setup *setup = &server->setup;
    lws_set_log_level(LLL_ERR | LLL_WARN, on_log);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8,
        .user = server,
        .max_http_header_data = HEADER_BYTES,
        .max_http_header_pool = HEADERS_ATONCE,
        .timeout_secs = DOOR_BODY_S,
        .keepalive_timeout = DOOR_IDLE_S + 5, /* door.c's deadlines come first */
        .vhost_name = "lectern",
        .alpn = "http/1.1",
    };
    if (setup->cert) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
        info.ssl_cert_filepath = setup->cert;
        info.ssl_private_key_filepath = setup->key;
        info.ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_RENEGOTIATION;
    }
    server->lws = lws_create_context(&info);
    if (server->lws)
        server->vhost = lws_create_vhost(server->lws, &info);
    if (!server->vhost)
        return lec_fail(err, LEC_E_CONFIG, setup->cert ? "%s or %s cannot be used as certificate and key" : "no loop",
                        setup->cert ? setup->cert : "", setup->cert ? setup->key : "");
    return 0;
}

/* ---- Opening and closing ---- */

static int open_people(struct server *server, struct lec_err *err)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/people.db", server->setup.state_dir) >= sizeof path)
        return lec_fail(err, LEC_E_CONFIG, "the path of the state folder is too long");
    return lec_people_open(path, &server->people, err);
}

int server_open(struct server *server, const struct server_setup *setup, struct lec_err *err)
{
    *server = (struct server){.setup = *setup};
    limit_descriptors();
    int rc = open_people(server, err);
    if (rc == 0)
        rc = assets_open(setup->pages, &server->assets, err);
    if (rc == 0)
        rc = open_lws(server, err);
    if (rc == 0)
        rc = open_life(server, err);
    if (rc == 0)
        rc = worker_open(server, &server->worker, err);
    if (rc == 0)
        rc = rooms_open(server, &server->rooms, err);
    if (rc == 0)
        rc = api_open(server, err);
    if (rc == 0)
        rc = sign_in_open(server, err);
    if (rc == 0)
        rc = door_open(server, &server->door, err);
    return rc;
}

void server_run(struct server *server)
{
    const struct server_setup *setup = &server->setup;
    bool v6 = strchr(setup->address, ':') != NULL;
    json_decref(server_rooms(server, NULL)); /* learns what the rooms are called */
    lec_log(LEC_LOG_INFO, "listening on %s://%s%s%s:%d", setup->cert ? "https" : "http", v6 ? "[" : "", setup->address,
            v6 ? "]" : "", setup->port);
    sd_notify(0, "READY=1");
    while (!server->life->over)
        lws_service(server->lws, 0);
}

void server_close(struct server *server)
{
    server->ended = true;
    if (server->worker)
        worker_close(&server->worker); /* its jobs answer calls, which connections hold */
    sign_in_close(server);             /* its timer is in the loop */
    if (server->lws)
        lws_context_destroy(server->lws); /* ends all connections, which leave their rooms */
    door_close(&server->door);
    rooms_close(&server->rooms);
    api_close(server);
    close_life(server);
    assets_close(&server->assets);
    lec_people_close(&server->people);
}
