/* BenQ projectors: "\r*key=value#\r" over serial (echo and prompt) and TCP (neither). Source: av-protocols.md 4.1.
 * Traits: inputs (code:name list), quirk (bare: modelname without its key; space: LTIM with a space and no #). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

static int on_off(struct sim_device *d, const char *field, const char *v)
{
    bool on = strcasecmp(v, "on") == 0;
    return on || strcasecmp(v, "off") == 0 ? sim_set(d, field, lec_bool(on)) : LEC_E_RANGE;
}

static int volume(struct sim_device *d, const struct sim_projector *p, const char *v)
{
    int64_t to;
    if (strcmp(v, "+") == 0 || strcmp(v, "-") == 0)
        to = p->volume + (*v == '+' ? 5 : -5);
    else if (lec_parse_int(v, 0, 20, &to) == 0)
        to *= 5; /* 20 steps */
    else
        return LEC_E_RANGE;
    return sim_set(d, "volume", lec_int(to < 0 ? 0 : to > 100 ? 100 : to));
}

static int set(struct sim_device *d, const char *key, const char *v)
{
    const struct sim_projector *p = sim_view(d);
    if (strcasecmp(key, "pow") == 0) {
        bool on = strcasecmp(v, "on") == 0;
        if (p->power == SIM_WARMING || p->power == SIM_COOLING)
            return LEC_E_BUSY;
        return on || strcasecmp(v, "off") == 0 ? sim_set(d, "power", lec_enum(on ? "on" : "off")) : LEC_E_RANGE;
    }
    if (strcasecmp(key, "sour") == 0)
        return sim_set_input(d, v);
    if (strcasecmp(key, "mute") == 0)
        return on_off(d, "audio_mute", v);
    if (strcasecmp(key, "blank") == 0)
        return on_off(d, "picture_mute", v);
    if (strcasecmp(key, "freeze") == 0)
        return on_off(d, "freeze", v);
    return strcasecmp(key, "vol") == 0 ? volume(d, p, v) : LEC_E_NOTSUP;
}

static int get(struct sim_device *d, const char *key, char *out, size_t size)
{
    const struct sim_projector *p = sim_view(d);
    char buf[SIM_TEXT];
    const struct {
        const char *key;
        bool always;
        const char *text;
    } rows[] = {
        {"pow", true, p->power == SIM_ON || p->power == SIM_WARMING ? "ON" : "OFF"},
        {"sour", false, sim_input_code(d, "inputs", p->input, buf)},
        {"mute", false, p->audio_mute ? "ON" : "OFF"},
        {"blank", false, p->picture_mute ? "ON" : "OFF"},
        {"freeze", false, p->freeze ? "ON" : "OFF"},
        {"modelname", true, p->product},
        {"macaddr", true, "02:4C:00:00:00:01"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcasecmp(rows[i].key, key) == 0) {
            (void)snprintf(out, size, "%s", rows[i].text);
            for (char *c = out; *c; c++)
                *c = (char)toupper((unsigned char)*c);
            return rows[i].always || p->power == SIM_ON ? 0 : LEC_E_BUSY;
        }
    bool hours = strcasecmp(key, "ltim") == 0;
    (void)snprintf(out, size, "%d", hours ? (int)p->lamp_hours : p->volume / 5);
    return hours || strcasecmp(key, "vol") == 0 ? (hours || p->power == SIM_ON ? 0 : LEC_E_BUSY) : LEC_E_NOTSUP;
}

static void say(struct sim_conn *c, struct sim_box *box, const char *text)
{
    sim_answerf(c, box, "%s\r\n", text);
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    char value[SIM_TEXT], line[SIM_TEXT * 3], key[SIM_TEXT], quirk[SIM_TEXT];
    size_t n = strlen(text);
    char *equals = strchr(text, '=');
    if (!*text)
        return;
    if (text[0] != '*' || n < 5 || text[n - 1] != '#' || !equals) {
        say(c, box, "*Illegal format#");
        return;
    }
    text[n - 1] = *equals = '\0';
    lec_copy_utf8(key, sizeof key, text + 1, strlen(text + 1));
    bool query = strcmp(equals + 1, "?") == 0;
    int rc = sim_mood(box, !query);
    if (rc == 0)
        rc = query ? get(box->devices, key, value, sizeof value) : set(box->devices, key, equals + 1);
    if (rc == 0 && !query)
        (void)snprintf(value, sizeof value, "%.60s", equals + 1);
    for (char *p = key; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    for (char *p = value; rc == 0 && *p; p++)
        *p = (char)toupper((unsigned char)*p);
    bool odd = sim_trait(box->devices, "quirk", quirk) != NULL;
    if (rc == 0 && odd && strcmp(quirk, "bare") == 0 && strcmp(key, "MODELNAME") == 0)
        (void)snprintf(line, sizeof line, "%s", value);
    else if (rc == 0 && odd && strcmp(quirk, "space") == 0 && strcmp(key, "LTIM") == 0)
        (void)snprintf(line, sizeof line, "*LTIM= %s", value);
    else if (rc == 0)
        (void)snprintf(line, sizeof line, "*%s=%s#", key, value);
    else
        (void)snprintf(line, sizeof line, "*%s#",
                       rc == LEC_E_BUSY || rc == LEC_E_REFUSED ? "Block item"
                       : rc == LEC_E_RANGE                     ? "Illegal format"
                                                               : "Unsupported item");
    say(c, box, line);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *box = c->line->boxes;
    ptrdiff_t len = sim_line_length(p, n, '\r');
    if (len < 0 || !c->is_pty)
        return sim_take_line(c, p, n, '\r', command);
    /* Serial: what is typed comes back, and a prompt says that the next may come. */
    sim_answer(c, box, p, (size_t)len + 1);
    size_t used = sim_take_line(c, p, n, '\r', command);
    sim_answer(c, box, ">", 2);
    return used;
}

const struct sim_face sim_face_benq = {.name = "benq", .input = input};
