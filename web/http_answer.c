#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "door.h"
#include "download.h"
#include "http.h"
#include "lectern/log.h"
#include "lectern/member.h"
#include "wire.h"

#define HEAD_MAX 4096

/* What every answer bears: the pages may load nothing from elsewhere, be in nobody's frame, and tell nobody where they came from. */
static const char safety[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), bluetooth=()\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";
static const char only_tls[] = "Strict-Transport-Security: max-age=31536000\r\n";

static const char *phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {{200, "OK"},
                   {304, "Not Modified"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {409, "Conflict"},
                   {411, "Length Required"},
                   {413, "Content Too Large"},
                   {414, "URI Too Long"},
                   {415, "Unsupported Media Type"},
                   {421, "Misdirected Request"},
                   {426, "Upgrade Required"},
                   {429, "Too Many Requests"},
                   {500, "Internal Server Error"},
                   {502, "Bad Gateway"},
                   {503, "Service Unavailable"}};
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return status < 400 ? "OK" : "Error";
}

bool http_request_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
    out[0] = '\0';
    int n = lws_hdr_total_length(wsi, token);
    if (n == 0)
        return true;
    return n > 0 && (size_t)n < size && lws_hdr_copy(wsi, out, (int)size, token) >= 0;
}

void http_header(struct exchange *x, const char *name, const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return; /* no line of a header comes from outside */
    lec_buf_printf(&x->head, "%s: %s\r\n", name, value);
}

static void begin(struct exchange *x, int status)
{
    x->answering = true;
    x->status = status;
    lws_callback_on_writable(x->wsi);
    door_expect(x->wsi, DOOR_SEND_S);
}

void http_answer_json(struct exchange *x, int status, struct lec_buf *json)
{
    x->body = *json;
    *json = (struct lec_buf){0};
    x->size = x->body.len;
    http_header(x, "Content-Type", "application/json");
    http_header(x, "Cache-Control", "no-store");
    begin(x, x->body.failed ? 500 : status);
}

void http_answer_error(struct exchange *x, int status, const char *code, const char *vi, const char *en)
{
    struct lec_buf b;
    lec_buf_init(&b, 2048);
    lec_buf_puts(&b, "{\"error\":{\"code\":");
    lec_json_str(&b, code);
    lec_member_str(&b, "vi", vi);
    lec_member_str(&b, "en", en);
    lec_buf_puts(&b, "}}");
    http_answer_json(x, status, &b);
}

void http_answer_asset(struct exchange *x, const struct asset *asset)
{
    char accepts[256], seen[256], etag[128];
    http_request_header(x->wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, accepts, sizeof accepts);
    http_request_header(x->wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, seen, sizeof seen);
    const char *coding = asset->br && wire_accepts(accepts, "br")       ? "br"
                         : asset->gzip && wire_accepts(accepts, "gzip") ? "gz"
                                                                        : "";
    x->file = assets_file(x->server->assets, asset, coding, &x->size);
    if (x->file < 0 && coding[0]) {
        coding = "";
        x->file = assets_file(x->server->assets, asset, coding, &x->size);
    }
    if (x->file < 0) {
        lec_log(LEC_LOG_ERROR, "the manifest lists %s, which cannot be read", asset->file);
        http_answer_error(x, 404, "no_file", "Không có tệp này.", "There is no such file.");
        return;
    }
    snprintf(etag, sizeof etag, "\"%s%s%s\"", assets_build(x->server->assets), coding[0] ? "-" : "", coding);
    http_header(x, "Content-Type", asset->type);
    http_header(x, "Cache-Control", asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    http_header(x, "ETag", etag);
    if (asset->br || asset->gzip)
        http_header(x, "Vary", "Accept-Encoding");
    if (wire_matches(seen, etag)) {
        close(x->file);
        x->file = -1;
        x->size = 0;
        begin(x, 304);
        return;
    }
    if (coding[0])
        http_header(x, "Content-Encoding", coding[0] == 'b' ? "br" : "gzip");
    begin(x, 200);
}

void http_answer_pieces(struct exchange *x, const char *type)
{
    x->chunked = true;
    http_header(x, "Content-Type", type);
    http_header(x, "Cache-Control", "no-store");
    begin(x, 200);
}

/* Told so that nobody sends a request just when the connection is being closed. */
#define KEEP_ALIVE_S 15
_Static_assert(KEEP_ALIVE_S < DOOR_IDLE_S, "who keeps to it comes too late");

static int write_head(struct exchange *x)
{
    char keep_alive[40];
    snprintf(keep_alive, sizeof keep_alive, "Keep-Alive: timeout=%d\r\n", KEEP_ALIVE_S);
    char head[LWS_PRE + HEAD_MAX];
    char length[48] = "";
    if (x->chunked)
        snprintf(length, sizeof length, "Transfer-Encoding: chunked\r\n");
    else if (x->status != 304)
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", x->size);
    int n = snprintf(head + LWS_PRE, HEAD_MAX, "HTTP/1.1 %d %s\r\n%s%s%s%s%s\r\n", x->status, phrase(x->status), safety,
                     x->server->setup.cert ? only_tls : "", x->head.data ? x->head.data : "", length,
                     x->close ? "Connection: close\r\n" : keep_alive);
    if (n < 0 || n >= HEAD_MAX || x->head.failed)
        return -1;
    x->head_sent = true;
    return lws_write(x->wsi, (unsigned char *)head + LWS_PRE, (size_t)n, LWS_WRITE_HTTP_HEADERS) < 0 ? -1 : 0;
}

/* The answer has been sent: the connection waits for the next request. */
static int finish(struct exchange *x)
{
    bool ends = x->close;
    struct lws *wsi = x->wsi;
    struct server *server = x->server;
    http_done(x);
    x->server = server;
    x->wsi = wsi;
    door_expect_request(wsi);
    return ends || lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int write_part(struct exchange *x, const void *data, size_t n, bool last)
{
    unsigned char chunk[LWS_PRE + HTTP_CHUNK];
    memcpy(chunk + LWS_PRE, data, n);
    door_expect(x->wsi, DOOR_SEND_S);
    return lws_write(x->wsi, chunk + LWS_PRE, n, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0 ? -1 : 0;
}

static int write_sized(struct exchange *x)
{
    char part[HTTP_CHUNK];
    size_t n = x->size - x->at < HTTP_CHUNK ? x->size - x->at : HTTP_CHUNK;
    const void *from = x->body.data + (x->file >= 0 ? 0 : x->at);
    if (x->file >= 0) {
        ssize_t got = pread(x->file, part, n, (off_t)x->at);
        if (got <= 0)
            return -1; /* it became shorter: what was promised cannot be sent */
        n = (size_t)got;
        from = part;
    }
    x->at += n;
    if (write_part(x, from, n, x->at == x->size) < 0)
        return -1;
    if (x->at == x->size)
        return finish(x);
    lws_callback_on_writable(x->wsi);
    return 0;
}

/* A piece of a download, with the length that "chunked" wants in front of it. */
static int write_piece(struct exchange *x)
{
    char part[HTTP_CHUNK];
    size_t head = 16;
    bool last = false;
    int n = download_take(x->download, part + head, sizeof part - head - 8, &last);
    if (n < 0)
        return -1; /* without the last chunk, so that the browser knows that it is not whole */
    if (n == 0 && !last)
        return 0; /* the next piece is under way; download.c asks for the socket then */
    char length[20];
    int digits = n > 0 ? snprintf(length, sizeof length, "%x\r\n", (unsigned)n) : 0;
    char *from = part + head - digits;
    memcpy(from, length, (size_t)digits);
    size_t size = (size_t)digits + (size_t)n;
    if (n > 0) {
        memcpy(from + size, "\r\n", 2);
        size += 2;
    }
    if (last) {
        memcpy(from + size, "0\r\n\r\n", 5);
        size += 5;
    }
    if (write_part(x, from, size, last) < 0)
        return -1;
    if (last)
        return finish(x);
    lws_callback_on_writable(x->wsi);
    return 0;
}

int http_answer_write(struct exchange *x)
{
    if (!x->answering)
        return 0;
    if (!x->head_sent) {
        if (write_head(x) < 0)
            return -1;
        if (x->head_only || x->status == 304 || (!x->chunked && x->size == 0))
            return finish(x);
        lws_callback_on_writable(x->wsi);
        return 0;
    }
    return x->chunked ? write_piece(x) : write_sized(x);
}

void http_done(struct exchange *x)
{
    if (x->file >= 0 && x->begun)
        close(x->file);
    lec_buf_done(&x->head);
    lec_buf_done(&x->body);
    lec_buf_done(&x->posted);
    if (x->call)
        api_gone(x->call);
    download_free(&x->download);
    *x = (struct exchange){.file = -1};
}
