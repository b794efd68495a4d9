/* Modbus RTU (serial) and TCP with a framer of our own, so that several units share a line and every fault can be
 * played. Source: MODBUS Application Protocol 1.1b3 and Serial Line 1.02; limits in lab-protocols.md 1.1 to 1.3.
 * Not covered: FC 07, 11, 14, 15, 18, 2B; ASCII mode. */
#include <string.h>

#include "faces/faces.h"
#include "faces/modbus_unit.h"

static void put_crc(uint8_t *frame, size_t n)
{
    uint16_t crc = sim_crc16(frame, n - 2);
    frame[n - 2] = (uint8_t)crc;
    frame[n - 1] = (uint8_t)(crc >> 8);
}

static bool crc_ok(const uint8_t *frame, size_t n)
{
    return n >= 4 && sim_crc16(frame, n - 2) == (frame[n - 2] | frame[n - 1] << 8);
}

/* ---- RTU ------------------------------------------------------------------------------------------------------ */

#define RTU_MAX 256
#define MBAP    7

/* How long a request is, from its first bytes: 0 not known yet, -1 this function's length is not known. */
static int request_length(const uint8_t *p, size_t n)
{
    if (n < 2)
        return 0;
    switch (p[1]) {
    case 0x01:
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x05:
    case 0x06:
    case 0x08:
        return 8;
    case 0x0F:
    case 0x10:
        return n < 7 ? 0 : 9 + p[6];
    case 0x16:
        return 10;
    case 0x17:
        return n < 11 ? 0 : 13 + p[10];
    case 0x42:
        return 4;
    default:
        return -1;
    }
}

static void rtu_request(struct sim_conn *c, const uint8_t *frame, size_t n)
{
    uint8_t reply[RTU_MAX];
    for (struct sim_box *box = c->line->boxes; box; box = box->next) {
        bool broadcast = frame[0] == 0;
        if ((box->address != frame[0] && !broadcast) || !sim_take(c, box, frame, n))
            continue;
        size_t len = sim_modbus_answer(box, frame + 1, n - 3, reply + 1);
        if (len == 0 || broadcast)
            continue;
        reply[0] = frame[0];
        put_crc(reply, len + 3);
        sim_answer(c, box, reply, len + 3);
    }
}

static size_t rtu_input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    int len = request_length(p, n);
    if (len <= 0) /* the silence after it ends a frame of unknown length */
        return 0;
    if ((size_t)len > RTU_MAX)
        return 1;
    if ((size_t)len > n)
        return 0;
    if (!crc_ok(p, (size_t)len))
        return 1; /* noise: the frame may begin with the next byte */
    rtu_request(c, p, (size_t)len);
    return (size_t)len;
}

static void rtu_quiet(struct sim_conn *c)
{
    if (!c->is_pty)
        return;
    /* Noise before an unknown function code hides it: look for a frame that ends here. */
    for (size_t i = 0; i + 4 <= c->n_rx; i++)
        if (c->n_rx - i <= RTU_MAX && crc_ok(c->rx + i, c->n_rx - i)) {
            rtu_request(c, c->rx + i, c->n_rx - i);
            return;
        }
}

/* ---- TCP ------------------------------------------------------------------------------------------------------ */

static void tcp_reply(struct sim_conn *c, struct sim_box *box, const uint8_t *request, uint8_t *reply, size_t len)
{
    memcpy(reply, request, 4);
    reply[4] = (uint8_t)((len + 1) >> 8);
    reply[5] = (uint8_t)(len + 1);
    reply[6] = request[6];
    sim_answer(c, box, reply, MBAP + len);
}

static size_t tcp_input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    if (n < MBAP)
        return 0;
    size_t len = (size_t)(p[4] << 8 | p[5]);
    if (p[2] != 0 || p[3] != 0 || len < 2 || len > 254) {
        sim_hang_up(c); /* not Modbus: a gateway hangs up, since it cannot find the next frame */
        return n;
    }
    if (n < 6 + len)
        return 0;
    uint8_t reply[MBAP + RTU_MAX];
    struct sim_box *box = sim_box_at(c->line, p[6]);
    bool alone = c->line->boxes && !c->line->boxes->next;
    if (!box && alone && (p[6] == 0 || p[6] == 255))
        box = c->line->boxes;
    if (box && sim_take(c, box, p, 6 + len)) {
        size_t out = sim_modbus_answer(box, p + MBAP, len - 1, reply + MBAP);
        if (out > 0)
            tcp_reply(c, box, p, reply, out);
    } else if (!box && c->line->boxes && !c->line->boxes->broken) {
        reply[MBAP] = p[MBAP] | 0x80;
        reply[MBAP + 1] = 0x0B; /* the gateway knows no such unit */
        tcp_reply(c, c->line->boxes, p, reply, 2);
    }
    return 6 + len;
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return c->is_pty ? rtu_input(c, p, n) : tcp_input(c, p, n);
}

/* A TCP reply has no checksum: there the length field is made wrong, which is as bad. */
static void spoil(uint8_t *frame, size_t n)
{
    bool tcp = n > MBAP && frame[2] == 0 && frame[3] == 0 && (size_t)(frame[4] << 8 | frame[5]) + 6 == n;
    if (tcp)
        frame[5] ^= 0x40;
    else
        frame[n - 1] ^= 0x55;
}

static void readdress(uint8_t *frame, size_t n)
{
    bool tcp = n > MBAP && frame[2] == 0 && frame[3] == 0 && (size_t)(frame[4] << 8 | frame[5]) + 6 == n;
    if (tcp) {
        frame[6] = frame[6] == 247 ? 1 : (uint8_t)(frame[6] + 1);
    } else {
        frame[0] = frame[0] == 247 ? 1 : (uint8_t)(frame[0] + 1);
        put_crc(frame, n);
    }
}

const struct sim_face sim_face_modbus = {
    .name = "modbus",
    .box_size = sizeof(struct sim_modbus_unit),
    .quiet_ns = 50 * LEC_MS,
    .addressed = true,
    .start = sim_modbus_start,
    .input = input,
    .quiet = rtu_quiet,
    .spoil = spoil,
    .readdress = readdress,
};
