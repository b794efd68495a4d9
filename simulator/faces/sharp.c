/* Sharp PN displays over TCP (with login if a password is set) and serial: "POWR   1\r". Source: av-protocols.md 3.12.
 * Traits: inputs (number:name list). Keys of the room: user, password. */
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

struct conversation {
    int lines; /* 0: the user's name is due, 1: the password, 2: logged in */
    char user[SIM_TEXT];
};

static void open(struct sim_conn *c)
{
    struct conversation *talk = c->face;
    struct sim_box *box = c->line->boxes;
    bool locked = !c->is_pty && *lec_key_text(&box->devices->desc->keys, "password", "");
    talk->lines = locked ? 0 : 2;
    if (locked)
        sim_answerf(c, box, "Login:");
}

static int scaled(int v)
{
    return (v * 31 + 50) / 100;
}

static int get(struct sim_device *d, const char *cmd, char out[SIM_TEXT])
{
    const struct sim_panel *p = sim_view(d);
    char buf[SIM_TEXT];
    if (strcmp(cmd, "POWR") == 0)
        (void)snprintf(out, SIM_TEXT, "%d", p->power == SIM_PANEL_ON);
    else if (strcmp(cmd, "INF1") == 0)
        (void)snprintf(out, SIM_TEXT, "%s", p->product);
    else if (p->power != SIM_PANEL_ON)
        return LEC_E_BUSY;
    else if (strcmp(cmd, "INPS") == 0)
        (void)snprintf(out, SIM_TEXT, "%s", sim_input_code(d, "inputs", p->input, buf));
    else if (strcmp(cmd, "MUTE") == 0)
        (void)snprintf(out, SIM_TEXT, "%d", p->audio_mute);
    else if (strcmp(cmd, "VOLM") == 0)
        (void)snprintf(out, SIM_TEXT, "%d", scaled(p->volume));
    else if (strcmp(cmd, "VLMP") == 0)
        (void)snprintf(out, SIM_TEXT, "%d", scaled(p->brightness));
    else
        return LEC_E_NOTSUP;
    return 0;
}

static int set(struct sim_device *d, const char *cmd, int64_t v)
{
    char code[SIM_TEXT];
    (void)snprintf(code, sizeof code, "%d", (int)v);
    if (strcmp(cmd, "POWR") == 0)
        return v > 1 ? LEC_E_RANGE : sim_set(d, "power", lec_enum(v ? "on" : "off"));
    if (strcmp(cmd, "INPS") == 0)
        return sim_set_input(d, code);
    if (strcmp(cmd, "MUTE") == 0)
        return v > 1 ? LEC_E_RANGE : sim_set(d, "audio_mute", lec_bool(v));
    if (strcmp(cmd, "VOLM") == 0)
        return v > 31 ? LEC_E_RANGE : sim_set(d, "volume", lec_int((v * 100 + 15) / 31));
    if (strcmp(cmd, "VLMP") == 0)
        return v > 31 ? LEC_E_RANGE : sim_set(d, "brightness", lec_int((v * 100 + 15) / 31));
    return LEC_E_NOTSUP;
}

static void login(struct sim_conn *c, struct sim_box *box, const char *text)
{
    struct conversation *talk = c->face;
    const struct lec_keys *keys = &box->devices->desc->keys;
    if (talk->lines++ == 0) {
        lec_copy_utf8(talk->user, sizeof talk->user, text, strlen(text));
        sim_answerf(c, box, "\r\nPassword:");
        return;
    }
    bool right = strcmp(text, lec_key_text(keys, "password", "")) == 0 &&
                 strcmp(talk->user, lec_key_text(keys, "user", talk->user)) == 0;
    sim_answerf(c, box, right ? "OK\r\n" : "Login incorrect\r\n");
    if (!right)
        sim_hang_up(c);
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    struct conversation *talk = c->face;
    char cmd[5], out[SIM_TEXT];
    int64_t v = 0;
    if (talk->lines < 2) {
        login(c, box, text);
        return;
    }
    bool whole = strlen(text) == 8;
    lec_copy_utf8(cmd, sizeof cmd, text, 4);
    bool query = whole && strcmp(text + 4, "????") == 0;
    const char *digits = whole ? text + 4 + strspn(text + 4, " ") : "";
    int rc = sim_mood(box, !query);
    if (rc == 0 && query)
        rc = get(box->devices, cmd, out);
    else if (rc == 0)
        rc = whole && lec_parse_int(digits, 0, 9999, &v) == 0 ? set(box->devices, cmd, v) : LEC_E_RANGE;
    bool slow = rc == 0 && !query && (strcmp(cmd, "POWR") == 0 || strcmp(cmd, "INPS") == 0);
    if (slow) { /* it takes its time, and says so */
        sim_answerf(c, box, "WAIT\r\n");
        sim_answer_later(c, box, "OK\r\n", 4, LEC_SEC);
    } else {
        sim_answerf(c, box, "%s\r\n", rc < 0 ? "ERR" : query ? out : "OK");
    }
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return sim_take_line(c, p, n, '\r', command);
}

const struct sim_face sim_face_sharp = {
    .name = "sharp", .conn_size = sizeof(struct conversation), .gap_ns = 100 * LEC_MS, .open = open, .input = input};
