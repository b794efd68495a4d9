/* Sony projectors, ADCP over TCP. Source: av-protocols.md 4.5. Traits: inputs (code:name list). Key of the room:
 * password. Not covered: SDCP, SDAP. */
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

struct conversation {
    char random[9]; /* "" once the password was right, or when there is none */
};

static void open(struct sim_conn *c)
{
    struct conversation *talk = c->face;
    struct sim_box *box = c->line->boxes;
    if (!*lec_key_text(&box->devices->desc->keys, "password", "")) {
        sim_answerf(c, box, "NOKEY\r\n");
        return;
    }
    (void)snprintf(talk->random, sizeof talk->random, "%08x", (unsigned)sim_random_next(&c->sim->random));
    sim_answerf(c, box, "%s\r\n", talk->random);
}

static const char *query(struct sim_device *d, const char *word, char out[2 * SIM_TEXT])
{
    static const char *const powers[] = {
        [SIM_OFF] = "standby", [SIM_WARMING] = "startup", [SIM_ON] = "on", [SIM_COOLING] = "cooling1"};
    const struct sim_projector *p = sim_view(d);
    char buf[SIM_TEXT];
    bool lit = p->power == SIM_ON;
    const struct {
        const char *word;
        bool always;
        const char *text;
    } rows[] = {
        {"power_status", true, powers[p->power]},
        {"input", false, sim_input_code(d, "inputs", p->input, buf)},
        {"blank", false, p->picture_mute ? "on" : "off"},
        {"muting", false, p->audio_mute ? "on" : "off"},
        {"freeze", false, p->freeze ? "on" : "off"},
        {"modelname", true, p->product},
        {"serialnum", true, p->serial},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].word, word) == 0) {
            (void)snprintf(out, 2 * SIM_TEXT, "\"%s\"", rows[i].text);
            return rows[i].always || lit ? out : "err_inactive";
        }
    if (strcmp(word, "timer") == 0)
        (void)snprintf(out, 2 * SIM_TEXT, "[{\"light_src\":%d}]", (int)p->lamp_hours);
    else if (strcmp(word, "error") == 0)
        (void)snprintf(out, 2 * SIM_TEXT, "%s",
                       p->error_fan           ? "[\"err_fan\"]"
                       : p->error_lamp        ? "[\"err_lamp\"]"
                       : p->error_temperature ? "[\"err_temp\"]"
                       : p->error_cover       ? "[\"err_cover\"]"
                                              : "\"no_err\"");
    else
        return "err_cmd";
    return out;
}

static int set(struct sim_device *d, const char *word, char *v)
{
    size_t n = strlen(v);
    if (n < 2 || v[0] != '"' || v[n - 1] != '"')
        return LEC_E_RANGE;
    v[n - 1] = '\0';
    v++;
    bool on = strcmp(v, "on") == 0, off = strcmp(v, "off") == 0;
    if (strcmp(word, "input") == 0)
        return sim_set_input(d, v);
    if (strcmp(word, "power") == 0)
        return on || off ? sim_set(d, "power", lec_enum(v)) : LEC_E_RANGE;
    const char *field = strcmp(word, "blank") == 0    ? "picture_mute"
                        : strcmp(word, "muting") == 0 ? "audio_mute"
                        : strcmp(word, "freeze") == 0 ? "freeze"
                                                      : NULL;
    if (!field)
        return LEC_E_NOTSUP;
    return on || off ? sim_set(d, field, lec_bool(on)) : LEC_E_RANGE;
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    struct conversation *talk = c->face;
    char out[2 * SIM_TEXT], secret[160], digest[65];
    if (*talk->random) {
        int n = snprintf(secret, sizeof secret, "%s%s", talk->random,
                         lec_key_text(&box->devices->desc->keys, "password", ""));
        sim_sha256_hex(secret, (size_t)n < sizeof secret ? (size_t)n : sizeof secret - 1, digest);
        bool right = strcmp(text, digest) == 0;
        sim_answerf(c, box, "%s\r\n", right ? "ok" : "err_auth");
        talk->random[0] = '\0';
        if (!right)
            sim_hang_up(c);
        return;
    }
    char *value = text + strcspn(text, " ");
    if (*value)
        *value++ = '\0';
    bool asks = strcmp(value, "?") == 0;
    int rc = sim_mood(box, !asks);
    if (rc == 0 && !asks)
        rc = set(box->devices, text, value);
    const char *said = rc == LEC_E_BUSY     ? "err_inactive"
                       : rc == LEC_E_RANGE  ? "err_val"
                       : rc == LEC_E_NOTSUP ? "err_cmd"
                       : rc < 0             ? "err_internal1"
                       : asks               ? query(box->devices, text, out)
                                            : "ok";
    sim_answerf(c, box, "%s\r\n", said);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return sim_take_line(c, p, n, '\n', command);
}

const struct sim_face sim_face_adcp = {
    .name = "adcp", .conn_size = sizeof(struct conversation), .idle_ns = 60 * LEC_SEC, .open = open, .input = input};
