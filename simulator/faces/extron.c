/* Extron switchers, SIS over TCP and serial: commands without terminator, answers end CR LF. Source: av-protocols.md 6.1.
 * Traits: inputs (number:name list). Key of the room: password. Not covered: DMP groups, gain points, presets' content. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

enum { ESC = 0x1B };

struct conversation {
    bool asked_password; /* and not answered rightly yet */
    int verbose;
};

static void open(struct sim_conn *c)
{
    struct conversation *talk = c->face;
    struct sim_box *box = c->line->boxes;
    if (c->is_pty)
        return;
    sim_answerf(
        c, box,
        "\r\n(c) Copyright 2020, Extron Electronics, IN1608 xi, V1.06, 60-1238-01\r\nMon, 02 Mar 2026 07:01:02\r\n");
    talk->asked_password = *lec_key_text(&box->devices->desc->keys, "password", "") != '\0';
    if (talk->asked_password)
        sim_answerf(c, box, "\r\nPassword:");
}

static size_t password(struct sim_conn *c, struct sim_box *box, const uint8_t *p, size_t n)
{
    struct conversation *talk = c->face;
    char text[SIM_TEXT];
    ptrdiff_t len = sim_line_length(p, n, '\r');
    if (len < 0)
        return n > sizeof text ? n : 0;
    if (!sim_take(c, box, p, (size_t)len + 1))
        return (size_t)len + 1;
    (void)sim_line_text(p, (size_t)len, text, sizeof text);
    talk->asked_password = strcmp(text, lec_key_text(&box->devices->desc->keys, "password", "")) != 0;
    sim_answerf(c, box, talk->asked_password ? "\r\nPassword:" : "\r\nLogin Administrator\r\n");
    return (size_t)len + 1;
}

static void tell_volume(struct sim_conn *c, struct sim_box *box, bool tagged)
{
    const struct sim_mixer *m = sim_view(box->devices);
    sim_answerf(c, box, tagged ? "Vol%d\r\n" : "%d\r\n", m->volume);
}

static int set_input(struct sim_device *d, int number)
{
    char code[SIM_TEXT];
    (void)snprintf(code, sizeof code, "%d", number);
    return sim_set_input(d, code);
}

/* One command: digits and what they are for. `n` -1: no number was given. Returns an E number, 0: answered. */
static int serve(struct sim_conn *c, struct sim_box *box, int n, int out, char what)
{
    struct conversation *talk = c->face;
    struct sim_device *d = box->devices;
    const struct sim_mixer *m = sim_view(d);
    bool tag = talk->verbose >= 2;
    char buf[SIM_TEXT];
    if (sim_mood(box, n >= 0) != 0)
        return 22;
    switch (what) {
    case 'Q':
        sim_answerf(c, box, "1.06\r\n");
        return 0;
    case 'I':
        sim_answerf(c, box, "V08X01 A08X02\r\n");
        return 0;
    case 'V':
        if (n > 100 || (n >= 0 && sim_set(d, "volume", lec_int(n)) < 0))
            return 13;
        tell_volume(c, box, n >= 0 || tag);
        return 0;
    case 'Z':
        if (n > 1 || (n >= 0 && sim_set(d, "audio_mute", lec_bool(n)) < 0))
            return 13;
        m = sim_view(d);
        sim_answerf(c, box, n >= 0 || tag ? "Amt%d\r\n" : "%d\r\n", m->audio_mute);
        return 0;
    case 'B':
        if (n > 1)
            return 13;
        sim_answerf(c, box, "Vmt%d\r\n", n > 0);
        return 0;
    case '!':
        if (n >= 0 && set_input(d, n) < 0)
            return 1;
        m = sim_view(d);
        if (out > 0)
            sim_answerf(c, box, "Out%d In%s All\r\n", out, sim_input_code(d, "inputs", m->input, buf));
        else if (n >= 0 || tag)
            sim_answerf(c, box, "In%s All\r\n", sim_input_code(d, "inputs", m->input, buf));
        else
            sim_answerf(c, box, "%s\r\n", sim_input_code(d, "inputs", m->input, buf));
        return 0;
    case '.':
        if (n < 1 || n > 16 || sim_set(d, "preset", lec_int(n)) < 0)
            return 11;
        sim_answerf(c, box, "Rpr%02d\r\n", n);
        return 0;
    case ',':
        if (n < 1 || n > 16)
            return 11;
        sim_answerf(c, box, "Spr%02d\r\n", n);
        return 0;
    default:
        return 10;
    }
}

static size_t escape(struct sim_conn *c, struct sim_box *box, const uint8_t *p, size_t n)
{
    struct conversation *talk = c->face;
    size_t len = 1;
    while (len < n && p[len] != '\r' && p[len] != '|')
        len++;
    if (len == n)
        return n > 128 ? n : 0;
    if (sim_take(c, box, p, len + 1)) {
        if (len == 4 && p[1] >= '0' && p[1] <= '3' && p[2] == 'C' && p[3] == 'V') {
            talk->verbose = p[1] - '0';
            sim_answerf(c, box, "Vrb%d\r\n", talk->verbose);
        } else {
            sim_answerf(c, box, "E10\r\n");
        }
    }
    return len + 1;
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct conversation *talk = c->face;
    struct sim_box *box = c->line->boxes;
    const struct sim_mixer *m = sim_view(box->devices);
    int number = -1, out = 0;
    size_t i = 0;
    if (talk->asked_password)
        return password(c, box, p, n);
    if (p[0] == ESC)
        return escape(c, box, p, n);
    if (p[0] == '\r' || p[0] == '\n')
        return 1;
    if ((p[0] == '+' || p[0] == '-') && n < 2)
        return 0;
    if ((p[0] == '+' || p[0] == '-') && (p[1] == 'V' || p[1] == 'v')) {
        number = m->volume + (p[0] == '+' ? 1 : -1);
        number = number < 0 ? 0 : number > 100 ? 100 : number;
        i = 1;
    }
    for (; i < n && (isdigit(p[i]) || p[i] == '*'); i++) {
        if (p[i] == '*') {
            out = 1;
            continue;
        }
        if (out > 0)
            out = p[i] - '0';
        else
            number = (number < 0 ? 0 : number > 9999 ? number : number * 10) + p[i] - '0';
    }
    if (i == n)
        return n > 16 ? n : 0;
    if (sim_take(c, box, p, i + 1)) {
        int bad = serve(c, box, number, out, (char)toupper(p[i]));
        if (bad)
            sim_answerf(c, box, "E%02d\r\n", bad);
    }
    return i + 1;
}

/* Changes at the front panel are told to everyone. */
static void changed(struct sim_device *d, const char *field)
{
    char line[SIM_TEXT], buf[SIM_TEXT];
    const struct sim_mixer *m = d->state;
    int n = 0;
    if (d->by != SIM_BY_HAND)
        return;
    if (strcmp(field, "volume") == 0)
        n = snprintf(line, sizeof line, "Vol%d\r\n", m->volume);
    else if (strcmp(field, "audio_mute") == 0)
        n = snprintf(line, sizeof line, "Amt%d\r\n", m->audio_mute);
    else if (strcmp(field, "input") == 0)
        n = snprintf(line, sizeof line, "In%.20s All\r\n", sim_input_code(d, "inputs", m->input, buf));
    sim_tell(d->box, line, (size_t)n);
}

const struct sim_face sim_face_extron = {
    .name = "extron", .conn_size = sizeof(struct conversation), .open = open, .input = input, .changed = changed};
