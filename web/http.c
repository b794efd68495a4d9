#include "http.h"

#include <stdio.h>
#include <string.h>

#include "api.h"
#include "door.h"
#include "download.h"
#include "lectern/log.h"
#include "lectern/parse.h"
#include "wire.h"

#define VI_WRONG "Yêu cầu không hợp lệ."
#define EN_WRONG "The request is not valid."

/* The paths of the page itself: the browser's history is the page's own business. */
static bool is_page(const char *path)
{
    if (strcmp(path, "/") == 0 || strcmp(path, "/sign-in") == 0)
        return true;
    char room[64];
    if (strncmp(path, "/r/", 3) != 0)
        return false;
    size_t n = strcspn(path + 3, "/");
    if (n >= sizeof room)
        return false;
    memcpy(room, path + 3, n);
    room[n] = '\0';
    const char *rest = path + 3 + n;
    return wire_room_ok(room) && (rest[0] == '\0' || strcmp(rest, "/lab") == 0 || strcmp(rest, "/technician") == 0);
}

static void not_found(struct exchange *x)
{
    http_answer_error(x, 404, "no_file", "Không có trang này.", "There is no such page.");
}

static void answer_get(struct exchange *x, const char *path)
{
    if (strncmp(path, "/api/", 5) == 0) {
        api_begin(x, "GET", path);
        return;
    }
    if (strcmp(path, "/ws") == 0) {
        http_header(x, "Upgrade", "websocket");
        http_answer_error(x, 426, "websocket", "Địa chỉ này chỉ dành cho WebSocket.",
                          "This address is for WebSockets only.");
        return;
    }
    if (download_begin(x, path))
        return;
    bool page = is_page(path);
    if (page)
        assets_refresh(x->server->assets);
    const struct asset *asset = page ? assets_page(x->server->assets) : assets_find(x->server->assets, path);
    if (asset)
        http_answer_asset(x, asset);
    else if (page)
        http_answer_error(x, 503, "no_pages", "Chưa có trang web trên máy này.", "The pages are not on this computer.");
    else
        not_found(x);
}

/* A POST is refused when its body has come, so that the connection stays in step. */
static void refuse_later(struct exchange *x, int status, const char *code, const char *vi, const char *en)
{
    if (x->refused)
        return;
    x->refused = status;
    x->refused_code = code;
    x->refused_vi = vi;
    x->refused_en = en;
}

static void check_post(struct exchange *x)
{
    char origin[300], host[300], type[128];
    bool tls = x->server->setup.cert != NULL;
    bool fits = http_request_header(x->wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin) &&
                http_request_header(x->wsi, WSI_TOKEN_HOST, host, sizeof host);
    if (!fits || !wire_same_origin(origin, host, tls)) {
        lec_log(LEC_LOG_WARNING, "%s: a POST from another origin was refused", door_address(x->wsi));
        refuse_later(x, 403, "origin", "Yêu cầu đến từ trang khác nên bị từ chối.",
                     "The request came from another page.");
    }
    if (!http_request_header(x->wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, type, sizeof type) || !wire_is_json(type))
        refuse_later(x, 415, "type", VI_WRONG, "Content-Type must be application/json.");
}

/* Returns whether the request's frame can be trusted; else it was answered, and the connection ends with that. */
static bool check_frame(struct exchange *x, int method)
{
    char text[300], host[300];
    struct lws *wsi = x->wsi;
    x->close = true;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        http_answer_error(x, 411, "length", VI_WRONG, "A body needs Content-Length.");
        return false;
    }
    int64_t length = 0;
    if (!http_request_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) ||
        (text[0] != '\0' && lec_parse_int(text, 0, INT64_MAX, &length) < 0)) {
        http_answer_error(x, 400, "length", VI_WRONG, "Content-Length is no number.");
        return false;
    }
    if (length > API_BODY_MAX || (length > 0 && method != LWSHUMETH_POST)) {
        http_answer_error(x, 413, "length", "Yêu cầu quá dài.", "The request is too long.");
        return false;
    }
    x->to_come = (size_t)length;
    if (!http_request_header(wsi, WSI_TOKEN_HOST, text, sizeof text) || !wire_host(text, host, sizeof host) ||
        !server_host_ok(x->server, host)) {
        server_host_refused(x->server, door_address(wsi), text);
        http_answer_error(x, 421, "host", "Máy này không có tên như vậy.",
                          "This computer is not called so; see --host.");
        return false;
    }
    if (method != LWSHUMETH_GET && method != LWSHUMETH_HEAD && method != LWSHUMETH_POST) {
        http_header(x, "Allow", "GET, HEAD, POST");
        http_answer_error(x, 405, "method", VI_WRONG, "Only GET, HEAD and POST are taken.");
        return false;
    }
    x->close = false;
    return true;
}

static int on_request(struct exchange *x, struct lws *wsi)
{
    char path[HTTP_PATH_MAX];
    char *uri = NULL;
    int len = 0;
    int method = lws_http_get_uri_and_method(wsi, &uri, &len);
    if (x->begun)
        http_done(x);
    x->file = -1;
    struct visitor *visitor = door_visitor(wsi);
    if (!visitor)
        return -1;
    x->server = visitor->server;
    x->wsi = wsi;
    x->begun = true;
    x->head_only = method == LWSHUMETH_HEAD;
    lec_buf_init(&x->head, 2048);
    door_expect(wsi, DOOR_WAIT_S);
    if (method < 0 || len <= 0 || (size_t)len >= sizeof path) {
        x->close = true;
        http_answer_error(x, method < 0 ? 400 : 414, "path", VI_WRONG, EN_WRONG);
        return 0;
    }
    memcpy(path, uri, (size_t)len);
    path[len] = '\0';
    if (!check_frame(x, method))
        return 0;
    if (method != LWSHUMETH_POST) {
        answer_get(x, path);
        return 0;
    }
    check_post(x);
    if (!x->refused && !api_exists(x->server, "POST", path))
        refuse_later(x, 404, "no_method", VI_WRONG, "There is nothing to post to here.");
    if (x->to_come == 0) {
        x->close = true;
        http_answer_error(x, 400, "length", VI_WRONG, "A POST needs a JSON object.");
        return 0;
    }
    if (!x->refused)
        api_expect(x, path); /* what the head said is remembered now: it is gone when the body has come */
    lec_buf_init(&x->posted, API_BODY_MAX);
    door_expect(wsi, DOOR_BODY_S);
    return 0;
}

static int on_body(struct exchange *x, const void *in, size_t len)
{
    if (!x->begun)
        return -1;
    if (x->answering) /* refused already: what still comes is dropped until the answer is out and the connection ends */
        return 0;
    lec_buf_put(&x->posted, in, len);
    return x->posted.failed ? -1 : 0;
}

static int on_body_end(struct exchange *x)
{
    if (!x->begun)
        return -1;
    if (x->whole) /* something lies behind the body; libwebsockets 4.1 takes it for more of it, again and again */
        return -1;
    x->whole = true;
    if (x->answering)
        return 0;
    door_expect(x->wsi, DOOR_WAIT_S);
    if (x->refused)
        http_answer_error(x, x->refused, x->refused_code, x->refused_vi, x->refused_en);
    else
        api_posted(x);
    return 0;
}

/* ---- Upgrading to a WebSocket ---- */

static int refuse_upgrade(struct lws *wsi, int status, const char *phrase, const char *why)
{
    char text[LWS_PRE + 256];
    int n =
        snprintf(text + LWS_PRE, sizeof text - LWS_PRE,
                 "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
                 status, phrase);
    lec_log(LEC_LOG_WARNING, "%s: a WebSocket was refused: %s", door_address(wsi), why);
    lws_write(wsi, (unsigned char *)text + LWS_PRE, (size_t)n, LWS_WRITE_HTTP_HEADERS);
    return -1;
}

/* The value of room= behind the "?". */
static bool asked_room(struct lws *wsi, char *out, size_t size)
{
    char piece[128];
    for (int i = 0; lws_hdr_copy_fragment(wsi, piece, sizeof piece, WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
        if (strncmp(piece, "room=", 5) == 0 && wire_room_ok(piece + 5)) {
            snprintf(out, size, "%s", piece + 5);
            return true;
        }
    }
    return false;
}

static int on_upgrade(struct lws *wsi, const char *to)
{
    struct visitor *v = door_visitor(wsi);
    char origin[300], text[300], host[300], protocols[128];
    char *uri = NULL;
    int len = 0;
    if (!v)
        return -1;
    struct server *server = v->server;
    int method = lws_http_get_uri_and_method(wsi, &uri, &len);
    if (!to || strcmp(to, "websocket") != 0)
        return refuse_upgrade(wsi, 400, "Bad Request", "it is no WebSocket");
    if (method != LWSHUMETH_GET || len != 3 || memcmp(uri, "/ws", 3) != 0)
        return refuse_upgrade(wsi, 404, "Not Found", "another path than /ws");
    if (!http_request_header(wsi, WSI_TOKEN_HOST, text, sizeof text) || !wire_host(text, host, sizeof host) ||
        !server_host_ok(server, host)) {
        server_host_refused(server, v->address, text);
        return refuse_upgrade(wsi, 421, "Misdirected Request", "another host");
    }
    if (!http_request_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin) ||
        !wire_same_origin(origin, text, server->setup.cert != NULL))
        return refuse_upgrade(wsi, 403, "Forbidden", "another origin");
    if (!http_request_header(wsi, WSI_TOKEN_PROTOCOL, protocols, sizeof protocols) ||
        strcmp(protocols, "lectern.1") != 0)
        return refuse_upgrade(wsi, 400, "Bad Request", "it does not speak lectern.1");
    if (!http_request_header(wsi, WSI_TOKEN_VERSION, text, sizeof text) || strcmp(text, "13") != 0 ||
        !http_request_header(wsi, WSI_TOKEN_KEY, text, sizeof text) || strlen(text) != 24)
        return refuse_upgrade(wsi, 400, "Bad Request", "another version of WebSocket than 13, or no key");
    if (!asked_room(wsi, v->room, sizeof v->room))
        return refuse_upgrade(wsi, 400, "Bad Request", "no room");
    server_recognise(server, wsi, v);
    if (v->refused[0] == '\0' && v->session.kiosk && strcmp(v->session.room, v->room) != 0)
        return refuse_upgrade(wsi, 403, "Forbidden", "a room's panel asked for another room");
    door_expect(wsi, 0);
    return 0;
}

int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct exchange *x = user;
    if (reason == LWS_CALLBACK_HTTP_CONFIRM_UPGRADE)
        return on_upgrade(wsi, in);
    if (reason == LWS_CALLBACK_ESTABLISHED) /* a WebSocket must name its protocol */
        return -1;
    if (reason == LWS_CALLBACK_EVENT_WAIT_CANCELLED) {
        server_woken(lws_context_user(lws_get_context(wsi)));
        return 0;
    }
    if (x) {
        if (reason == LWS_CALLBACK_HTTP)
            return on_request(x, wsi);
        if (reason == LWS_CALLBACK_HTTP_BODY)
            return on_body(x, in, len);
        if (reason == LWS_CALLBACK_HTTP_BODY_COMPLETION)
            return on_body_end(x);
        if (reason == LWS_CALLBACK_HTTP_WRITEABLE)
            return http_answer_write(x);
        if ((reason == LWS_CALLBACK_CLOSED_HTTP || reason == LWS_CALLBACK_HTTP_DROP_PROTOCOL) && x->begun) {
            http_done(x);
            return 0;
        }
    }
    return door_callback(wsi, reason, user, in, len);
}
