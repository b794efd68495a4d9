#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "client_queue.h"
#include "door.h"
#include "lectern/clock.h"
#include "lectern/log.h"
#include "lectern/member.h"
#include "lectern/parse.h"
#include "loop.h"
#include "simulator.h"

#define CHUNK       (16 * 1024) /* bytes of one frame: what libwebsockets may have to keep for a page that takes less */
#define WRITES_MAX  64          /* frames in one go, so that one page cannot hold the others up */
#define CLOSE_BY_US (3 * LWS_US_PER_SEC)
#define TIMER_US    (1 * LWS_US_PER_SEC)
#define TEXT_FIRST  1024

_Static_assert(MESSAGE_HEAD >= LWS_PRE, "a message has no room for a frame's head");

/* ---- Closing ---- */

static void on_timer(lws_sorted_usec_list_t *sul);

void client_close(struct client *c, int code, const char *reason)
{
    if (c->closing)
        return;
    c->closing = code;
    snprintf(c->closing_reason, sizeof c->closing_reason, "%s", reason);
    lec_log(LEC_LOG_INFO, "page of %s at %s: closed: %s", c->session.person.name, door_address(c->wsi), reason);
    lws_callback_on_writable(c->wsi);
    lws_sul_schedule(c->server->lws, 0, &c->timer, on_timer, CLOSE_BY_US);
}

void client_sign_out(struct client *c, const char *reason)
{
    struct lec_buf b;
    lec_buf_init(&b, 1024);
    lec_buf_puts(&b, "{\"method\":\"signed_out\",\"params\":{\"reason\":");
    lec_json_str(&b, reason);
    lec_buf_puts(&b, "}}");
    client_queue_clear(c); /* nothing else is for whoever sits there now */
    if (!b.failed)
        client_queue_text(c, &b, QUEUED_ANSWER);
    lec_buf_done(&b);
    client_close(c, 4401, "signed out");
}

/* ---- Pings: a page must answer within CLIENT_PONG_S once the ping has reached it. While what was sent before waits in the kernel the
 * page is slow, not gone; it has CLIENT_BLOCKED_S to take something. ---- */

static void on_timer(lws_sorted_usec_list_t *sul)
{
    struct client *c = loop_owner(sul, struct client, timer);
    int64_t now = lec_now();
    if (c->closing) {
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        return;
    }
    if (c->waits_for_room && !c->room->live)
        client_live(c);
    c->waits_for_room = false;
    size_t unsent = door_unsent(c->wsi);
    if (unsent == 0)
        c->progress_at = now;
    if (c->pong_awaited && now >= c->pong_by && unsent == 0) {
        client_close(c, 4408, "no answer to a ping");
        return;
    }
    if (now - c->progress_at > CLIENT_BLOCKED_S * LEC_SEC) {
        client_close(c, 4408, "takes nothing any more");
        return;
    }
    if (now >= c->ping_at && !c->pong_awaited) {
        c->ping_due = true;
        lws_callback_on_writable(c->wsi);
    }
    lws_sul_schedule(c->server->lws, 0, &c->timer, on_timer, TIMER_US);
}

/* ---- What the room tells ---- */

void client_live(struct client *c)
{
    c->live_due = true;
    c->hello_due = true; /* it goes out when the room describes itself */
    lws_callback_on_writable(c->wsi);
}

void client_described(struct client *c)
{
    if (c->hello_due)
        lws_callback_on_writable(c->wsi);
}

void client_published(struct client *c)
{
    if (!c->hello_due)
        lws_callback_on_writable(c->wsi);
}

static struct message *message_of(const struct lec_buf *b)
{
    return b->failed ? NULL : message_new(b->data, b->len, false);
}

/* Makes the message; when there is no memory it stays due. */
static struct message *make_live(struct client *c)
{
    struct lec_buf b;
    lec_buf_init(&b, 2048);
    lec_buf_puts(&b, "{\"method\":\"live\",\"params\":{\"live\":");
    lec_json_bool(&b, c->room->live);
    if (!c->room->live)
        lec_member_str(&b, "reason", c->room->reason);
    lec_buf_puts(&b, "}}");
    struct message *m = message_of(&b);
    c->live_due = !m;
    lec_buf_done(&b);
    return m;
}

/* Likewise; also NULL while the room has not described itself. */
static struct message *make_hello(struct client *c)
{
    const struct lec_person *person = &c->session.person;
    const json_t *described = room_describe(c->room, person->name, person->role);
    if (!described)
        return NULL;
    json_t *may = json_object_get(json_object_get(described, "you"), "may");
    may = simulator_allowed(described, person->role) ? simulator_may(may) : json_incref(may);
    json_t *hello =
        json_pack("{s:s,s:{s:{s:s,s:s,s:s,s:b,s:O?},s:O,s:s,s:I}}", "method", "hello", "params", "person", "name",
                  person->name, "label", person->label, "role", person->role, "kiosk", (int)c->session.kiosk, "may",
                  may, "room", described, "build", assets_build(c->server->assets), "now", (json_int_t)lec_wall_us());
    char *text = json_dumps(hello, JSON_COMPACT);
    struct message *m = text ? message_new(text, strlen(text), false) : NULL;
    if (m) {
        c->hello_due = false;
        c->seen = 0;
    }
    free(text);
    json_decref(may);
    json_decref(hello);
    return m;
}

/* ---- Writing ---- */

/* Takes the next message to be sent; false: nothing waits. */
static bool take_next(struct client *c)
{
    if (c->live_due && (c->sending = make_live(c)))
        return true;
    if (c->hello_due && c->room->live && (c->sending = make_hello(c)))
        return true;
    client_queue_tell_gaps(c);
    if (!c->delta && !c->hello_due && c->room->view && c->seen < c->room->published && c->state_turn)
        c->delta = room_delta(c->room, c->seen);
    if (c->delta && c->state_turn) {
        if (c->delta_at < c->delta->n) {
            c->sending = message_ref(c->delta->at[c->delta_at++]);
        }
        if (c->delta_at >= c->delta->n) {
            c->seen = c->delta->to;
            delta_unref(c->delta);
            c->delta = NULL;
            c->delta_at = 0;
            c->state_turn = c->queue_n == 0;
        }
        if (c->sending)
            return true;
    }
    c->state_turn = true;
    return client_queue_take(c);
}

/* Sends one frame. The message is shared, and the frame's head is written in front of what is sent: what stood there is put back. */
static int write_frame(struct client *c)
{
    struct message *m = c->sending;
    unsigned char *at = m->data + c->sent, saved[MESSAGE_HEAD];
    size_t n = m->size - c->sent < CHUNK ? m->size - c->sent : CHUNK;
    int how = c->sent > 0 ? LWS_WRITE_CONTINUATION : m->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    if (c->sent + n < m->size)
        how |= LWS_WRITE_NO_FIN;
    memcpy(saved, at - MESSAGE_HEAD, MESSAGE_HEAD);
    int wrote = lws_write(c->wsi, at, n, (enum lws_write_protocol)how);
    memcpy(at - MESSAGE_HEAD, saved, MESSAGE_HEAD);
    if (wrote < 0)
        return -1;
    c->sent += n;
    c->progress_at = lec_now();
    if (c->sent == m->size) {
        message_unref(m);
        c->sending = NULL;
        c->sent = 0;
        if (c->sending_heavy) {
            c->sending_heavy = false;
            client_heavy_done(c);
        }
    }
    return 0;
}

static int write_ping(struct client *c)
{
    unsigned char ping[LWS_PRE + 4] = {0}; /* libwebsockets does not tell of an empty pong */
    c->ping_due = false;
    c->pong_awaited = true;
    c->pong_by = lec_now() + CLIENT_PONG_S * LEC_SEC;
    return lws_write(c->wsi, ping + LWS_PRE, 4, LWS_WRITE_PING) < 0 ? -1 : 0;
}

static int on_writable(struct client *c)
{
    for (int i = 0; i < WRITES_MAX; i++) {
        if (c->ping_due)
            return write_ping(c) < 0 ? -1 : lws_callback_on_writable(c->wsi) < 0 ? -1 : 0;
        if (!c->sending && !(c->closing ? client_queue_take(c) : take_next(c))) {
            if (!c->closing)
                return 0;
            lws_close_reason(c->wsi, (enum lws_close_status)c->closing, (unsigned char *)c->closing_reason,
                             strlen(c->closing_reason));
            return -1;
        }
        if (write_frame(c) < 0)
            return -1;
        if (lws_send_pipe_choked(c->wsi))
            break;
    }
    lws_callback_on_writable(c->wsi);
    return 0;
}

/* ---- Reading ---- */

static int bad(struct client *c, int code, const char *reason)
{
    lec_log(LEC_LOG_INFO, "page of %s at %s: closed: %s", c->session.person.name, door_address(c->wsi), reason);
    lws_close_reason(c->wsi, (enum lws_close_status)code, (unsigned char *)(uintptr_t)reason, strlen(reason));
    return -1;
}

static int on_text(struct client *c, const char *in, size_t len)
{
    if (c->closing)
        return 0;
    if (lws_frame_is_binary(c->wsi))
        return bad(c, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "only text is taken");
    size_t left = lws_remaining_packet_payload(c->wsi); /* of this frame, as it says itself */
    bool frame_ends = left == 0;
    bool ends = lws_is_final_fragment(c->wsi) != 0;
    if (left > REQUEST_MAX || c->text_n + len + left > REQUEST_MAX)
        return bad(c, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "a message has at most 65,536 bytes");
    if (frame_ends && !ends && ++c->fragments > CLIENT_FRAGMENTS)
        return bad(c, LWS_CLOSE_STATUS_POLICY_VIOLATION, "a message comes in at most 256 frames");
    if (c->text_n + len > c->text_size) {
        size_t size = c->text_size ? c->text_size : TEXT_FIRST;
        while (size < c->text_n + len)
            size *= 2;
        char *bigger = realloc(c->text, size);
        if (!bigger)
            return bad(c, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "out of memory");
        c->text = bigger;
        c->text_size = size;
    }
    if (len > 0)
        memcpy(c->text + c->text_n, in, len);
    c->text_n += len;
    if (!ends)
        return 0;
    client_request(c, c->text, c->text_n);
    c->text_n = c->fragments = 0;
    if (c->text_size > 4 * TEXT_FIRST) { /* a large one is rare; its room is not kept */
        free(c->text);
        c->text = NULL;
        c->text_size = 0;
    }
    return 0;
}

/* ---- Coming and going ---- */

static int on_established(struct client **slot, struct lws *wsi)
{
    struct visitor *visitor = door_visitor(wsi);
    struct client *c = visitor && door_becomes_websocket(visitor) ? calloc(1, sizeof *c) : NULL;
    if (!c)
        return -1;
    int64_t now = lec_now();
    *slot = c;
    c->wsi = wsi;
    c->server = visitor->server;
    c->session = visitor->session;
    c->progress_at = now;
    c->ping_at = now + CLIENT_PING_S * LEC_SEC;
    c->state_turn = true;
    lws_sul_schedule(c->server->lws, 0, &c->timer, on_timer, TIMER_US);
    if (visitor->refused[0] != '\0') {
        client_sign_out(c, visitor->refused);
        return 0;
    }
    struct room *room;
    struct lec_err err = {.text = ""};
    int rc = room_get(c->server->rooms, visitor->room, &room, &err);
    if (rc == 0)
        rc = room_join(room, c, &err);
    if (rc < 0) {
        client_close(c, 4404, err.text);
        return 0;
    }
    lec_log(LEC_LOG_DEBUG, "page of %s at %s looks at %s", c->session.person.name, door_address(wsi), room->name);
    c->hello_due = true;
    if (room->live || room->lost) /* else it is being opened: the page need not hear of that, unless it takes long */
        client_live(c);
    else
        c->waits_for_room = true;
    return 0;
}

static void on_closed(struct client *c)
{
    lws_sul_cancel(&c->timer);
    client_calls_forget(c);
    if (c->room)
        room_leave(c->room, c);
    client_queue_clear(c);
    free(c->queue);
    message_unref(c->sending);
    delta_unref(c->delta);
    free(c->calls);
    free(c->text);
    free(c);
}

int client_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct client **slot = user;
    struct client *c = slot ? *slot : NULL;
    if (reason == LWS_CALLBACK_ESTABLISHED)
        return on_established(slot, wsi);
    if (!c)
        return door_callback(wsi, reason, user, in, len);
    if (reason == LWS_CALLBACK_SERVER_WRITEABLE)
        return on_writable(c);
    if (reason == LWS_CALLBACK_RECEIVE)
        return on_text(c, in, len);
    if (reason == LWS_CALLBACK_RECEIVE_PONG) {
        c->pong_awaited = false;
        c->progress_at = lec_now();
        c->ping_at = c->progress_at + CLIENT_PING_S * LEC_SEC;
        return 0;
    }
    if (reason == LWS_CALLBACK_CLOSED) {
        *slot = NULL;
        on_closed(c);
        return 0;
    }
    return door_callback(wsi, reason, user, in, len);
}
