/* Panasonic projectors: NTCONTROL over TCP, STX CMD ETX over a serial line. Source: av-protocols.md 4.4.
 * Traits: inputs (code:name list), single (yes: one command for each connection). Keys of the room: user, password. */
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

enum { STX = 2, ETX = 3 };

struct conversation {
    char random[9]; /* "" if the projector is open */
};

static void open(struct sim_conn *c)
{
    struct conversation *talk = c->face;
    struct sim_box *box = c->line->boxes;
    if (c->is_pty)
        return;
    if (!*lec_key_text(&box->devices->desc->keys, "password", "")) {
        sim_answerf(c, box, "NTCONTROL 0\r");
        return;
    }
    (void)snprintf(talk->random, sizeof talk->random, "%08x", (unsigned)sim_random_next(&c->sim->random));
    sim_answerf(c, box, "NTCONTROL 1 %s\r", talk->random);
}

static int set_switch(struct sim_device *d, const char *field, const char *v)
{
    return strcmp(v, "1") == 0 || strcmp(v, "0") == 0 ? sim_set(d, field, lec_bool(*v == '1')) : LEC_E_RANGE;
}

/* "PON", "IIS:HD1", "QPW": the answer in `out`. */
static int run(struct sim_device *d, const char *cmd, char out[SIM_TEXT])
{
    static const char *const lamp[] = {[SIM_OFF] = "0", [SIM_WARMING] = "1", [SIM_ON] = "2", [SIM_COOLING] = "3"};
    const struct sim_projector *p = sim_view(d);
    char buf[SIM_TEXT];
    int64_t n;
    bool lit = p->power == SIM_ON;
    (void)snprintf(out, SIM_TEXT, "%s", cmd);
    if (strcmp(cmd, "PON") == 0)
        return sim_set(d, "power", lec_enum("on"));
    if (strcmp(cmd, "POF") == 0)
        return sim_set(d, "power", lec_enum("off"));
    if (strncmp(cmd, "IIS:", 4) == 0)
        return sim_set_input(d, cmd + 4);
    if (strncmp(cmd, "OSH:", 4) == 0)
        return set_switch(d, "picture_mute", cmd + 4);
    if (strncmp(cmd, "OFZ:", 4) == 0)
        return set_switch(d, "freeze", cmd + 4);
    if (strncmp(cmd, "AVL:", 4) == 0) {
        if (strspn(cmd + 4, "0123456789") != 3 || lec_parse_int(cmd + 4, 0, 63, &n) < 0)
            return LEC_E_RANGE;
        return sim_set(d, "volume", lec_int((n * 100 + 31) / 63));
    }
    if (strcmp(cmd, "QPW") == 0)
        (void)snprintf(out, SIM_TEXT, "%s", p->power == SIM_ON || p->power == SIM_WARMING ? "001" : "000");
    else if (strcmp(cmd, "Q$S") == 0)
        (void)snprintf(out, SIM_TEXT, "%s", lamp[p->power]);
    else if (strcmp(cmd, "Q$L:1") == 0)
        (void)snprintf(out, SIM_TEXT, "%04d", (int)p->lamp_hours);
    else if (strcmp(cmd, "QST") == 0)
        (void)snprintf(out, SIM_TEXT, "%05d", (int)p->lamp_hours + 210);
    else if (strcmp(cmd, "QIN") == 0 && lit)
        (void)snprintf(out, SIM_TEXT, "%s", sim_input_code(d, "inputs", p->input, buf));
    else if (strcmp(cmd, "QSH") == 0 && lit)
        (void)snprintf(out, SIM_TEXT, "%d", p->picture_mute);
    else if (strcmp(cmd, "QFZ") == 0 && lit)
        (void)snprintf(out, SIM_TEXT, "%d", p->freeze);
    else if (strcmp(cmd, "QAV") == 0 && lit)
        (void)snprintf(out, SIM_TEXT, "%03d", p->volume * 63 / 100);
    else
        return cmd[0] == 'Q' && !lit ? LEC_E_BUSY : LEC_E_NOTSUP;
    return 0;
}

static const char *serve(struct sim_box *box, const char *cmd, char out[SIM_TEXT])
{
    int rc = sim_mood(box, cmd[0] != 'Q');
    if (rc == 0)
        rc = run(box->devices, cmd, out);
    if (rc == 0)
        return out;
    return rc == LEC_E_RANGE ? "ER402" : "ER401";
}

static void net_command(struct sim_conn *c, struct sim_box *box, char *text)
{
    struct conversation *talk = c->face;
    char out[SIM_TEXT], secret[160], digest[33];
    if (*talk->random) {
        int n = snprintf(secret, sizeof secret, "%s:%s:%s", lec_key_text(&box->devices->desc->keys, "user", "admin1"),
                         lec_key_text(&box->devices->desc->keys, "password", ""), talk->random);
        sim_md5_hex(secret, (size_t)n < sizeof secret ? (size_t)n : sizeof secret - 1, digest);
        if (strncmp(text, digest, 32) != 0) {
            sim_answerf(c, box, "ERRA\r");
            sim_hang_up(c);
            return;
        }
        text += 32;
    }
    if (strncmp(text, "00", 2) != 0)
        sim_answerf(c, box, "ERR1\r");
    else if (sim_fault_peek(&box->faults, SIM_BUSY, loop_now(c->sim->loop)) && sim_mood(box, true) == LEC_E_BUSY)
        sim_answerf(c, box, "ERR3\r");
    else
        sim_answerf(c, box, "00%s\r", serve(box, text + 2, out));
    if (sim_trait(box->devices, "single", secret))
        sim_hang_up(c);
}

static size_t serial_input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *box = c->line->boxes;
    char text[SIM_TEXT], out[SIM_TEXT], *cmd = text;
    if (p[0] != STX)
        return 1;
    ptrdiff_t len = sim_line_length(p, n, ETX);
    if (len < 0)
        return n > sizeof text ? 1 : 0;
    if (sim_take(c, box, p, (size_t)len + 1)) {
        lec_copy_utf8(text, sizeof text, (const char *)p + 1, (size_t)len - 1);
        if (strncmp(cmd, "AD", 2) == 0 && strlen(cmd) > 5 && cmd[4] == ';')
            cmd += 5;
        sim_answerf(c, box, "%c%s%c", STX, serve(box, cmd, out), ETX);
    }
    return (size_t)len + 1;
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return c->is_pty ? serial_input(c, p, n) : sim_take_line(c, p, n, '\r', net_command);
}

const struct sim_face sim_face_panasonic = {
    .name = "panasonic",
    .conn_size = sizeof(struct conversation),
    .gap_ns = 500 * LEC_MS,
    .idle_ns = 30 * LEC_SEC,
    .open = open,
    .input = input,
};
