#include "download.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "http.h"
#include "lectern/log.h"
#include "lectern/parse.h"
#include "room.h"
#include "wire.h"

#define FETCH_MS  15000
#define PIECE_MAX (1024 * 1024) /* bytes of a decoded piece; the room sends half as much */

struct download {
    struct exchange *x;
    struct room *room;
    struct lec_session session;
    char file[128];
    uint64_t call;
    int64_t offset;
    unsigned char *piece;
    size_t size, at;
    bool more, failed, begun;
};

static void fetch(struct download *d);

static void fail(struct download *d, int status, const char *code, const char *vi, const char *en)
{
    d->failed = true;
    if (!d->begun)
        http_answer_error(d->x, status, code, vi, en);
    else
        lws_callback_on_writable(d->x->wsi); /* to close it */
}

static bool take_piece(struct download *d, json_t *result)
{
    const json_t *data = json_object_get(result, "data");
    size_t length = json_string_length(data);
    if (!json_is_string(data) || length > PIECE_MAX / 3 * 4)
        return false;
    size_t room = length / 4 * 3 + 3;
    free(d->piece);
    d->piece = malloc(room);
    d->at = d->size = 0;
    d->more = json_is_true(json_object_get(result, "more"));
    return d->piece && sodium_base642bin(d->piece, room, json_string_value(data), length, "\r\n", &d->size, NULL,
                                         sodium_base64_VARIANT_ORIGINAL) == 0;
}

static void on_piece(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    struct download *d = arg;
    d->call = 0;
    if (rc < 0) {
        lec_log(LEC_LOG_INFO, "%s: %s of room %s: %s", door_address(d->x->wsi), d->file, d->room->name, err->text);
        bool gone = json_integer_value(json_object_get(error, "code")) == -32001;
        bool denied = json_integer_value(json_object_get(error, "code")) == -32008;
        if (denied)
            fail(d, 403, "role", "Bạn không có quyền tải tệp này.", "You may not fetch this file.");
        else if (gone)
            fail(d, 404, "no_file", "Tệp không còn nữa. Hãy xuất lại.",
                 "The file is no longer there. Export it again.");
        else
            fail(d, 502, "room", "Phòng không trả lời. Hãy thử lại.", "The room does not answer. Try again.");
        return;
    }
    if (!take_piece(d, result) || (d->size == 0 && d->more)) {
        fail(d, 502, "room", "Phòng trả lời sai. Hãy thử lại.", "The room's answer is wrong. Try again.");
        return;
    }
    d->offset += (int64_t)d->size;
    if (!d->begun) {
        d->begun = true;
        http_answer_pieces(d->x, "application/octet-stream");
    }
    lws_callback_on_writable(d->x->wsi);
}

static void fetch(struct download *d)
{
    struct lec_bus_as as = {.principal = d->session.person.name, .role = d->session.person.role};
    struct lec_err err = {.text = ""};
    json_t *params = json_pack("{s:s,s:I}", "file", d->file, "offset", (json_int_t)d->offset);
    door_expect(d->x->wsi, DOOR_WAIT_S);
    if (lec_bus_send_as(d->room->bus, &as, "run.fetch", params, FETCH_MS, on_piece, d, &d->call, &err) < 0)
        fail(d, 503, "busy", "Phòng đang bận. Hãy thử lại.", "The room is busy. Try again.");
}

static void name_file(struct exchange *x, const char *file)
{
    char piece[512], value[1024];
    const char *name = file;
    for (int i = 0; lws_hdr_copy_fragment(x->wsi, piece, sizeof piece, WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++)
        if (strncmp(piece, "name=", 5) == 0 && piece[5] != '\0' && lec_is_utf8(piece + 5, strlen(piece + 5)))
            name = piece + 5;
    wire_disposition(name, value, sizeof value);
    http_header(x, "Content-Disposition", value);
}

bool download_begin(struct exchange *x, const char *path)
{
    char room[64] = "", file[160] = "";
    const char *rest = strncmp(path, "/r/", 3) == 0 ? strchr(path + 3, '/') : NULL;
    if (!rest || strncmp(rest, "/file/", 6) != 0)
        return false;
    snprintf(room, sizeof room, "%.*s", (int)(rest - path - 3), path + 3);
    if ((size_t)(rest - path - 3) >= sizeof room || !wire_room_ok(room) ||
        (size_t)snprintf(file, sizeof file, "%s", rest + 6) >= sizeof file || !wire_file_ok(file)) {
        http_answer_error(x, 404, "no_file", "Không có tệp này.", "There is no such file.");
        return true;
    }
    struct visitor *visitor = door_visitor(x->wsi);
    server_recognise(x->server, x->wsi, visitor);
    if (visitor->refused[0] != '\0' || (visitor->session.kiosk && strcmp(visitor->session.room, room) != 0)) {
        http_answer_error(x, visitor->refused[0] ? 401 : 403, "session", "Hãy đăng nhập.", "Sign in first.");
        return true;
    }
    struct lec_err err = {.text = ""};
    struct download *d = calloc(1, sizeof *d);
    if (!d || x->head_only || room_get(x->server->rooms, room, &d->room, &err) < 0) {
        free(d);
        http_answer_error(x, x->head_only ? 405 : 404, "no_room", "Không có phòng này.", "There is no such room.");
        return true;
    }
    d->x = x;
    d->session = visitor->session;
    snprintf(d->file, sizeof d->file, "%s", file);
    x->download = d;
    d->room->n_downloads++;
    name_file(x, file);
    fetch(d);
    return true;
}

int download_take(struct download *d, char *out, size_t size, bool *last)
{
    if (d->failed)
        return -1;
    size_t n = d->size - d->at < size ? d->size - d->at : size;
    if (n > 0)
        memcpy(out, d->piece + d->at, n);
    d->at += n;
    if (d->at == d->size) {
        free(d->piece);
        d->piece = NULL;
        d->size = d->at = 0;
        *last = !d->more;
        if (d->more && d->call == 0)
            fetch(d);
    }
    return d->failed ? -1 : (int)n;
}

void download_free(struct download **download)
{
    struct download *d = *download;
    if (!d)
        return;
    *download = NULL;
    if (d->call)
        lec_bus_forget(d->room->bus, d->call);
    d->room->n_downloads--;
    free(d->piece);
    free(d);
}
