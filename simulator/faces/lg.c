/* LG commercial displays over TCP and serial: "ka 01 01\r" answered by "a 01 OK01x". Source: av-protocols.md 3.10.
 * Traits: inputs (hex code:name list). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

static bool from_hex(const char *text, size_t n, int64_t *out)
{
    char hex[8];
    if (n == 0 || n > 4)
        return false;
    (void)snprintf(hex, sizeof hex, "0x%.*s", (int)n, text);
    return lec_parse_int(hex, 0, 0xFFFF, out) == 0;
}

/* The value now, or -1: no such command. */
static int get(struct sim_device *d, const char *cmd)
{
    const struct sim_panel *p = sim_view(d);
    const struct {
        const char *cmd;
        int value;
    } rows[] = {
        {"ka", p->power == SIM_PANEL_ON},
        {"xb", (int)sim_input_number(d, p->input)},
        {"kb", (int)sim_input_number(d, p->input)},
        {"kd", p->picture_mute},
        {"ke", !p->audio_mute},
        {"kf", p->volume},
        {"kg", p->contrast},
        {"kh", p->brightness},
        {"mg", p->brightness},
        {"km", p->lock},
        {"dn", (int)p->temperature},
        {"dl", (int)p->hours},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].cmd, cmd) == 0)
            return rows[i].value;
    return -1;
}

static int set(struct sim_device *d, const char *cmd, int v)
{
    if (strcmp(cmd, "ka") == 0)
        return v > 1 ? LEC_E_RANGE : sim_set(d, "power", lec_enum(v ? "on" : "off"));
    if (strcmp(cmd, "xb") == 0 || strcmp(cmd, "kb") == 0)
        return sim_set_input_number(d, (unsigned)v);
    if (strcmp(cmd, "kd") == 0)
        return v > 1 ? LEC_E_RANGE : sim_set(d, "picture_mute", lec_bool(v));
    if (strcmp(cmd, "ke") == 0) /* 00 is muted */
        return v > 1 ? LEC_E_RANGE : sim_set(d, "audio_mute", lec_bool(!v));
    if (strcmp(cmd, "km") == 0)
        return v > 1 ? LEC_E_RANGE : sim_set(d, "lock", lec_bool(v));
    if (strcmp(cmd, "kf") == 0)
        return sim_set(d, "volume", lec_int(v));
    if (strcmp(cmd, "kg") == 0)
        return sim_set(d, "contrast", lec_int(v));
    if (strcmp(cmd, "kh") == 0 || strcmp(cmd, "mg") == 0)
        return sim_set(d, "brightness", lec_int(v));
    return LEC_E_NOTSUP;
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    char cmd[3];
    int64_t id, data;
    size_t n = strlen(text);
    if (n < 8 || text[2] != ' ')
        return;
    char *gap = strchr(text + 3, ' ');
    if (!gap || !from_hex(text + 3, (size_t)(gap - text - 3), &id) || !from_hex(gap + 1, strlen(gap + 1), &data))
        return;
    if (id != 0 && id != box->address)
        return;
    (void)snprintf(cmd, sizeof cmd, "%c%c", tolower((unsigned char)text[0]), tolower((unsigned char)text[1]));
    bool query = data == 0xFF;
    int rc = sim_mood(box, !query), value = get(box->devices, cmd);
    if (rc == 0)
        rc = value < 0 ? LEC_E_NOTSUP : query ? 0 : set(box->devices, cmd, (int)data);
    if (id != 0)
        sim_answerf(c, box, "%c %02x %s%02Xx", cmd[1], (unsigned)id, rc == 0 ? "OK" : "NG",
                    rc == 0 && query ? (unsigned)value : (unsigned)data);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return sim_take_line(c, p, n, '\r', command);
}

const struct sim_face sim_face_lg = {.name = "lg", .gap_ns = 150 * LEC_MS, .input = input};
