/* VISCA over a serial line and raw over TCP. Source: av-protocols.md 5.1 and 5.2 (last paragraph).
 * Two sockets: a command is acknowledged at once and completed when the camera has done it.
 * Traits: boot. Not covered: VISCA over IP (UDP with headers), colour, exposure, menus. */
#include <stdlib.h>
#include <string.h>

#include "faces/faces.h"
#include "models/models.h"

#define SOCKETS 2
static const int64_t look_again_ns = 100 * LEC_MS;

struct socket_state {
    struct sim_box *box;
    struct sim_conn *conn; /* who asked; NULL: free */
    bool moves;            /* done when the camera stands still, else at `timer` */
    struct loop_timer timer;
};

struct camera_box {
    struct socket_state socket[SOCKETS];
};

static uint8_t sender(const struct sim_box *box)
{
    return (uint8_t)(0x80 | (box->address + 8) << 4);
}

static void say(struct sim_conn *c, struct sim_box *box, const uint8_t *data, size_t n)
{
    uint8_t out[18] = {sender(box)};
    memcpy(out + 1, data, n);
    out[n + 1] = 0xFF;
    sim_answer(c, box, out, n + 2);
}

static void error(struct sim_conn *c, struct sim_box *box, uint8_t socket, uint8_t code)
{
    uint8_t data[] = {(uint8_t)(0x60 | socket), code};
    say(c, box, data, sizeof data);
}

static void complete(void *ctx)
{
    struct socket_state *s = ctx;
    struct sim_box *box = s->box;
    struct camera_box *b = box->face;
    struct loop *l = box->sim->loop;
    const struct sim_camera *cam = sim_view(box->devices);
    if (s->moves && cam->moving) {
        loop_timer_set(l, &s->timer, loop_now(l) + look_again_ns);
        return;
    }
    uint8_t done = (uint8_t)(0x51 + (s - b->socket));
    say(s->conn, box, &done, 1);
    s->conn = NULL;
}

static int start(struct sim_box *box, struct lec_err *err)
{
    struct camera_box *b = box->face;
    (void)err;
    for (unsigned i = 0; i < SOCKETS; i++) {
        b->socket[i].box = box;
        b->socket[i].timer = (struct loop_timer){.due = complete, .ctx = &b->socket[i]};
    }
    return 0;
}

static void drop_sockets(struct sim_box *box, const struct sim_conn *c)
{
    struct camera_box *b = box->face;
    for (unsigned i = 0; i < SOCKETS; i++)
        if (!c || b->socket[i].conn == c) {
            loop_timer_clear(box->sim->loop, &b->socket[i].timer);
            b->socket[i].conn = NULL;
        }
}

static void stop(struct sim_box *box)
{
    drop_sockets(box, NULL);
}

static void closed(struct sim_conn *c)
{
    for (struct sim_box *box = c->line->boxes; box; box = box->next)
        drop_sockets(box, c);
}

/* ---- Commands: what follows "8x 01" --------------------------------------------------------------------------- */

static int from_nibbles(const uint8_t *p)
{
    return (int16_t)(uint16_t)((p[0] & 15) << 12 | (p[1] & 15) << 8 | (p[2] & 15) << 4 | (p[3] & 15));
}

static void to_nibbles(int v, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)((unsigned)v >> (12 - 4 * i) & 15);
}

static int zoom(struct sim_device *d, uint8_t how)
{
    double speed = how == 2 || how == 3 ? 0.5 : (1 + (how & 7)) / 8.0;
    switch (how >> 4 ? how >> 4 : how) {
    case 0:
        return sim_camera_zoom(d, 0);
    case 2:
        return sim_camera_zoom(d, speed);
    case 3:
        return sim_camera_zoom(d, -speed);
    default:
        return LEC_E_RANGE;
    }
}

static int drive(struct sim_device *d, const uint8_t *p)
{
    static const int sign[] = {0, -1, 1, 0};
    if (p[0] > 0x18 || p[1] > 0x18 || p[2] < 1 || p[2] > 3 || p[3] < 1 || p[3] > 3)
        return LEC_E_RANGE;
    /* Direction 1 is left and up, 2 right and down, 3 stop. */
    return sim_camera_drive(d, sign[p[2]] * p[0] / 24.0, -sign[p[3]] * p[1] / 23.0);
}

static int focus(struct sim_device *d, uint8_t how)
{
    const struct sim_camera *cam = sim_view(d);
    bool known = how == 2 || how == 3 || how == 0x10;
    return known ? sim_set(d, "focus.auto", lec_bool(how == 0x10 ? !cam->focus_auto : how == 2)) : LEC_E_RANGE;
}

/* Returns as sim_set; LEC_E_NOTSUP: a syntax error. */
static int command(struct sim_device *d, const uint8_t *p, size_t n, bool *moves)
{
    const struct sim_camera *cam = sim_view(d);
    unsigned what = n >= 2 ? (unsigned)p[0] << 8 | p[1] : 0;
    if (what == 0x0400 && n == 3 && (p[2] == 2 || p[2] == 3))
        return sim_set(d, "power", lec_enum(p[2] == 2 ? "on" : "off"));
    if (cam->power != SIM_ON)
        return LEC_E_BUSY;
    *moves = true;
    if (what == 0x0447 && n == 6)
        return sim_set(d, "zoom", lec_float(from_nibbles(p + 2)));
    if (what == 0x0602 && n == 12)
        return sim_camera_go(d, from_nibbles(p + 4), from_nibbles(p + 8), p[2] / 24.0);
    if (what == 0x0604 && n == 2)
        return sim_camera_go(d, 0, 0, 1);
    if (what == 0x043F && n == 5 && p[2] == 0 && p[3] == 2)
        return sim_camera_preset(d, p[4], false);
    *moves = false;
    if (what == 0x043F && n == 5 && p[2] == 0 && p[3] == 1)
        return sim_camera_preset(d, p[4], true);
    if (what == 0x043F && n == 5 && p[2] == 0 && p[3] == 0)
        return 0;
    if (what == 0x0407 && n == 3)
        return zoom(d, p[2]);
    if (what == 0x0438 && n == 3)
        return focus(d, p[2]);
    if (what == 0x0601 && n == 6)
        return drive(d, p + 2);
    if (what == 0x0605 && n == 2)
        return sim_camera_go(d, 0, 0, 1);
    return LEC_E_NOTSUP;
}

static void run_command(struct sim_conn *c, struct sim_box *box, const uint8_t *p, size_t n)
{
    struct camera_box *b = box->face;
    struct loop *l = box->sim->loop;
    unsigned z = 0;
    bool moves = false;
    if (n == 2 && p[0] == 0 && p[1] == 1) { /* clears the command buffers */
        static const uint8_t done = 0x50;
        drop_sockets(box, NULL);
        say(c, box, &done, 1);
        return;
    }
    while (z < SOCKETS && b->socket[z].conn)
        z++;
    int mood = sim_mood(box, true);
    int rc = z < SOCKETS && mood == 0 ? command(box->devices, p, n, &moves) : mood;
    if (z == SOCKETS || mood == LEC_E_BUSY) {
        error(c, box, 0, 0x03);
    } else if (rc == LEC_E_BUSY || rc == LEC_E_REFUSED) {
        error(c, box, (uint8_t)(z + 1), 0x41);
    } else if (rc < 0) {
        error(c, box, 0, 0x02);
    } else {
        uint8_t ack = (uint8_t)(0x41 + z);
        say(c, box, &ack, 1);
        b->socket[z].conn = c;
        b->socket[z].moves = moves;
        loop_timer_set(l, &b->socket[z].timer, loop_now(l) + 20 * LEC_MS);
    }
}

static void cancel(struct sim_conn *c, struct sim_box *box, uint8_t socket)
{
    struct camera_box *b = box->face;
    if (socket < 1 || socket > SOCKETS || !b->socket[socket - 1].conn) {
        error(c, box, socket, 0x05);
        return;
    }
    loop_timer_clear(box->sim->loop, &b->socket[socket - 1].timer);
    b->socket[socket - 1].conn = NULL;
    (void)sim_camera_drive(box->devices, 0, 0);
    (void)sim_camera_zoom(box->devices, 0);
    error(c, box, socket, 0x04);
}

/* ---- Inquiries: what follows "8x 09" -------------------------------------------------------------------------- */

static void inquiry(struct sim_conn *c, struct sim_box *box, const uint8_t *p, size_t n)
{
    const struct sim_camera *cam = sim_view(box->devices);
    unsigned what = n == 2 ? (unsigned)p[0] << 8 | p[1] : 0;
    uint8_t out[10] = {0x50};
    size_t len = 2;
    if (what == 0x0002) {
        static const uint8_t version[] = {0x50, 0x00, 0x01, 0x05, 0x19, 0x02, 0x01, SOCKETS};
        say(c, box, version, sizeof version);
        return;
    }
    if (sim_mood(box, false) != 0) {
        error(c, box, 0, 0x41);
        return;
    }
    if (what == 0x0400)
        out[1] = cam->power == SIM_ON ? 2 : 3;
    else if (cam->power != SIM_ON)
        len = 0;
    else if (what == 0x0438)
        out[1] = cam->focus_auto ? 2 : 3;
    else if (what == 0x0447) {
        to_nibbles((int)cam->zoom, out + 1);
        len = 5;
    } else if (what == 0x0612) {
        to_nibbles((int)cam->pan, out + 1);
        to_nibbles((int)cam->tilt, out + 5);
        len = 9;
    } else {
        error(c, box, 0, 0x02);
        return;
    }
    if (len == 0)
        error(c, box, 0, 0x41);
    else
        say(c, box, out, len);
}

static void broadcast(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *last = NULL;
    int cameras = 0;
    for (struct sim_box *box = c->line->boxes; box; box = box->next)
        if (sim_take(c, box, p, n)) {
            last = box;
            cameras++;
        }
    if (last && n == 4 && p[1] == 0x30) {
        uint8_t out[] = {0x88, 0x30, (uint8_t)(p[2] + cameras), 0xFF};
        sim_answer(c, last, out, sizeof out);
    } else if (last && n == 5 && p[1] == 0x01 && p[2] == 0x00 && p[3] == 0x01) {
        sim_answer(c, last, p, n);
    }
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    const uint8_t *end = memchr(p, 0xFF, n);
    if (!end)
        return n > 64 ? n : 0;
    size_t len = (size_t)(end - p) + 1;
    /* Noise before a packet: it begins with the last byte that has bit 7 set. */
    size_t skip = len - 1;
    while (skip > 0 && !(p[skip - 1] & 0x80))
        skip--;
    if (skip > 0)
        skip--;
    const uint8_t *packet = p + skip;
    size_t size = len - skip;
    if (packet[0] == 0x88) {
        broadcast(c, packet, size);
        return len;
    }
    struct sim_box *box = sim_box_at(c->line, packet[0] & 0x0F);
    if (!(packet[0] & 0x80) || packet[0] & 0x70 || !box || !sim_take(c, box, packet, size))
        return len;
    if (size < 3 || size > 16)
        error(c, box, 0, 0x01);
    else if ((packet[1] & 0xF0) == 0x20)
        cancel(c, box, packet[1] & 15);
    else if (packet[1] == 0x01)
        run_command(c, box, packet + 2, size - 3);
    else if (packet[1] == 0x09)
        inquiry(c, box, packet + 2, size - 3);
    else
        error(c, box, 0, 0x02);
    return len;
}

static void readdress(uint8_t *frame, size_t n)
{
    (void)n;
    frame[0] = (uint8_t)(frame[0] == 0xF0 ? 0x90 : frame[0] + 0x10);
}

const struct sim_face sim_face_visca = {
    .name = "visca",
    .box_size = sizeof(struct camera_box),
    .addressed = true,
    .start = start,
    .stop = stop,
    .close = closed,
    .input = input,
    .readdress = readdress,
};
