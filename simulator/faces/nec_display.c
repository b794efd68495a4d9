/* NEC displays over TCP and serial: ASCII hex between SOH and a binary check byte. Source: av-protocols.md 3.11.
 * Traits: inputs (hex code:name list). Not covered: timers, temperature, Mitsubishi's longer gaps. */
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

enum { SOH = 1, STX = 2, ETX = 3, HEAD = 7, ALL = '*' };

static bool from_hex(const char *p, size_t n, unsigned *out)
{
    char hex[12];
    int64_t v;
    (void)snprintf(hex, sizeof hex, "0x%.*s", (int)n, p);
    if (strspn(hex + 2, "0123456789ABCDEF") != n || lec_parse_int(hex, 0, 0xFFFF, &v) < 0)
        return false;
    *out = (unsigned)v;
    return true;
}

/* `type` with a message between STX and ETX. */
static void reply(struct sim_conn *c, struct sim_box *box, char type, const char *message)
{
    char out[64];
    int n = snprintf(out, sizeof out, "%c00%c%c%02X%c%s%c", SOH, 'A' + box->address - 1, type,
                     (unsigned)strlen(message) + 2, STX, message, ETX);
    if (n < 0 || (size_t)n + 2 > sizeof out)
        return;
    out[n] = (char)sim_xor8((const uint8_t *)out + 1, (size_t)n - 1);
    out[n + 1] = '\r';
    sim_answer(c, box, out, (size_t)n + 2);
}

static int get(struct sim_device *d, unsigned opcode, unsigned *max)
{
    const struct sim_panel *p = sim_view(d);
    *max = 100;
    switch (opcode) {
    case 0x0060:
        *max = 0x82;
        return (int)sim_input_number(d, p->input);
    case 0x0062:
        return p->volume;
    case 0x008D:
        return p->audio_mute ? 1 : 2;
    case 0x0010:
        return p->brightness;
    case 0x0012:
        return p->contrast;
    case 0x10B6:
        return p->picture_mute ? 1 : 2;
    default:
        return -1;
    }
}

static int set(struct sim_device *d, unsigned opcode, unsigned v)
{
    switch (opcode) {
    case 0x0060:
        return sim_set_input_number(d, v);
    case 0x0062:
        return sim_set(d, "volume", lec_int(v));
    case 0x008D:
        return v <= 2 ? sim_set(d, "audio_mute", lec_bool(v == 1)) : LEC_E_RANGE;
    case 0x0010:
        return sim_set(d, "brightness", lec_int(v));
    case 0x0012:
        return sim_set(d, "contrast", lec_int(v));
    case 0x10B6:
        return v <= 2 ? sim_set(d, "picture_mute", lec_bool(v == 1)) : LEC_E_RANGE;
    default:
        return LEC_E_NOTSUP;
    }
}

static void parameter(struct sim_conn *c, struct sim_box *box, char type, const char *message)
{
    char out[24];
    unsigned opcode, v = 0, max;
    struct sim_device *d = box->devices;
    const struct sim_panel *p = sim_view(d);
    bool sets = type == 'E';
    if (!from_hex(message, 4, &opcode) || (sets && !from_hex(message + 4, 4, &v)))
        return;
    if (p->power == SIM_PANEL_BOOTING || sim_mood(box, sets) == LEC_E_BUSY) {
        reply(c, box, 'B', "BE"); /* wait, or not now */
        return;
    }
    int rc = sets ? set(d, opcode, v) : 0;
    if (rc == LEC_E_BUSY) {
        reply(c, box, 'B', "BE");
        return;
    }
    int now = get(d, opcode, &max);
    bool good = rc == 0 && now >= 0;
    (void)snprintf(out, sizeof out, "%s%04X%s%04X%04X", good ? "00" : "01", opcode & 0xFFFF, "00",
                   good ? max & 0xFFFF : 0, good ? (unsigned)now & 0xFFFF : 0);
    reply(c, box, sets ? 'F' : 'D', out);
}

static void command(struct sim_conn *c, struct sim_box *box, const char *message)
{
    struct sim_device *d = box->devices;
    const struct sim_panel *p = sim_view(d);
    char out[24] = "BE"; /* not now, or not known */
    bool sets = strncmp(message, "C203D6", 6) == 0;
    bool sets_well = strcmp(message, "C203D60001") == 0 || strcmp(message, "C203D60004") == 0;
    bool willing = sim_mood(box, sets) == 0;
    if (willing && strcmp(message, "01D6") == 0)
        (void)snprintf(out, sizeof out, "0200D60000040%03X", p->power == SIM_PANEL_ON ? 1U : 4U);
    else if (willing && sets_well && sim_set(d, "power", lec_enum(message[9] == '1' ? "on" : "off")) == 0)
        (void)snprintf(out, sizeof out, "00%.10s", message);
    else if (willing && strcmp(message, "0C") == 0)
        (void)snprintf(out, sizeof out, "000C");
    reply(c, box, 'B', out);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    char message[40];
    unsigned len;
    if (p[0] != SOH)
        return 1;
    if (n < HEAD)
        return 0;
    if (!from_hex((const char *)p + 5, 2, &len) || len < 4 || len > 32)
        return 1;
    size_t size = HEAD + len + 2;
    if (n < size)
        return 0;
    if (sim_xor8(p + 1, size - 3) != p[size - 2] || p[HEAD] != STX || p[size - 3] != ETX)
        return 1;
    lec_copy_utf8(message, sizeof message, (const char *)p + HEAD + 1, len - 2);
    for (struct sim_box *box = c->line->boxes; box; box = box->next) {
        bool mine = p[2] == 'A' + box->address - 1 || p[2] == ALL;
        if (!mine || !sim_take(c, box, p, size))
            continue;
        if (p[4] == 'A')
            command(c, box, message);
        else if ((p[4] == 'C' && len == 6) || (p[4] == 'E' && len == 10))
            parameter(c, box, (char)p[4], message);
    }
    return size;
}

static void spoil(uint8_t *frame, size_t n)
{
    if (n > 2)
        frame[n - 2] ^= 0x55;
}

const struct sim_face sim_face_nec_display = {
    .name = "nec-display", .quiet_ns = 500 * LEC_MS, .addressed = true, .input = input, .spoil = spoil};
