/* Samsung MDC over TCP and serial. Source: av-protocols.md 3.9.
 * Traits: inputs (hex code:name list), network_standby (no: a true power-off takes the network along).
 * Not covered: TLS, timers, video wall. */
#include <string.h>

#include "faces/faces.h"
#include "models/models.h"

enum { ALL = 0xFE, HEAD = 4, NAK = 0x4E };

/* "AA FF id len status cmd data chk" */
static void reply(struct sim_conn *c, struct sim_box *box, char status, uint8_t cmd, const uint8_t *data, size_t n)
{
    uint8_t out[80] = {0xAA, 0xFF, (uint8_t)box->address, (uint8_t)(n + 2), (uint8_t)status, cmd};
    memcpy(out + 6, data, n);
    out[6 + n] = sim_sum8(out + 1, n + 5);
    sim_answer(c, box, out, n + 7);
}

static bool on(const struct sim_panel *p)
{
    return p->power == SIM_PANEL_ON;
}

/* Writes what the command reads; returns its length, 0: there is nothing to read. */
static size_t get(struct sim_device *d, uint8_t cmd, uint8_t out[64])
{
    const struct sim_panel *p = sim_view(d);
    const char *text = NULL;
    size_t n = 1;
    switch (cmd) {
    case 0x00:
        out[0] = on(p);
        out[1] = (uint8_t)p->volume;
        out[2] = p->audio_mute;
        out[3] = (uint8_t)sim_input_number(d, p->input);
        out[4] = 0x10;
        out[5] = out[6] = 0;
        n = 7;
        break;
    case 0x0D:
        memset(out, 0, 6);
        out[1] = p->error_temperature > 0;
        out[3] = 0;
        out[4] = (uint8_t)p->temperature;
        out[5] = p->error_fan > 0;
        n = 6;
        break;
    case 0x11:
        out[0] = on(p);
        break;
    case 0x12:
        out[0] = (uint8_t)p->volume;
        break;
    case 0x13:
        out[0] = p->audio_mute;
        break;
    case 0x14:
        out[0] = (uint8_t)sim_input_number(d, p->input);
        break;
    case 0x5D:
    case 0x5F:
        out[0] = p->lock;
        break;
    case 0xF9:
        out[0] = p->picture_mute;
        break;
    case 0xB5:
        out[0] = 1;
        break;
    case 0x0B:
        text = p->serial;
        break;
    case 0x0E:
        text = p->version;
        break;
    case 0x67:
        text = p->name;
        break;
    case 0x8A:
        text = p->product;
        break;
    default:
        return 0;
    }
    if (text) {
        n = strnlen(text, 32);
        memcpy(out, text, n);
    }
    return n;
}

static int set(struct sim_device *d, uint8_t cmd, const uint8_t *data, size_t n)
{
    if (n != 1)
        return LEC_E_RANGE;
    switch (cmd) {
    case 0x11:
        if (data[0] == 2 && sim_set(d, "power", lec_enum("off")) == 0)
            return sim_set(d, "power", lec_enum("on"));
        return data[0] > 1 ? LEC_E_RANGE : sim_set(d, "power", lec_enum(data[0] ? "on" : "off"));
    case 0x12:
        return sim_set(d, "volume", lec_int(data[0]));
    case 0x13:
        return data[0] > 1 ? LEC_E_RANGE : sim_set(d, "audio_mute", lec_bool(data[0]));
    case 0x14:
        return sim_set_input_number(d, data[0]);
    case 0x5D:
    case 0x5F:
        return sim_set(d, "lock", lec_bool(data[0]));
    case 0x62: {
        const struct sim_panel *p = sim_view(d);
        int to = p->volume + (data[0] == 0 ? 1 : -1);
        return sim_set(d, "volume", lec_int(to < 0 ? 0 : to > 100 ? 100 : to));
    }
    case 0xF9:
        return data[0] > 1 ? LEC_E_RANGE : sim_set(d, "picture_mute", lec_bool(data[0]));
    case 0xB5:
        return 0;
    default:
        return LEC_E_NOTSUP;
    }
}

static void command(struct sim_conn *c, struct sim_box *box, const uint8_t *frame, bool silent)
{
    struct sim_device *d = box->devices;
    uint8_t cmd = frame[1], data[64];
    size_t n = frame[3];
    int rc = sim_mood(box, n > 0);
    if (rc == 0 && n > 0)
        rc = set(d, cmd, frame + HEAD, n);
    size_t len = n > 0 && n <= sizeof data ? n : 0;
    if (rc == 0 && n > 0)
        memcpy(data, frame + HEAD, len);
    else if (rc == 0 && (len = get(d, cmd, data)) == 0)
        rc = LEC_E_NOTSUP;
    if (silent)
        return;
    if (rc == 0) {
        reply(c, box, 'A', cmd, data, len);
    } else {
        static const uint8_t why = 0xFF;
        reply(c, box, (char)NAK, cmd, &why, 1);
    }
    char buf[SIM_TEXT];
    const struct sim_panel *p = d->state;
    if (rc == 0 && cmd == 0x11 && n > 0 && p->power == SIM_PANEL_OFF && sim_trait(d, "network_standby", buf) &&
        strcmp(buf, "no") == 0 && !c->is_pty)
        sim_hang_up(c);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    if (p[0] != 0xAA)
        return 1;
    if (n < HEAD || n < (size_t)p[3] + HEAD + 1)
        return 0;
    size_t size = (size_t)p[3] + HEAD + 1;
    if (sim_sum8(p + 1, size - 2) != p[size - 1])
        return 1;
    for (struct sim_box *box = c->line->boxes; box; box = box->next)
        if ((box->address == p[2] || p[2] == ALL) && sim_take(c, box, p, size))
            command(c, box, p, p[2] == ALL);
    return size;
}

static void readdress(uint8_t *frame, size_t n)
{
    frame[2]++;
    frame[n - 1] = sim_sum8(frame + 1, n - 2);
}

const struct sim_face sim_face_mdc = {
    .name = "mdc",
    .quiet_ns = 500 * LEC_MS,
    .addressed = true,
    .input = input,
    .spoil = sim_spoil_last,
    .readdress = readdress,
};
