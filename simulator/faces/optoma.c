/* Optoma projectors: "~XXccc v\r" over serial and TCP; answers P, F or Ok<value>, and INFO lines by themselves.
 * Source: av-protocols.md 4.2. Traits: inputs and outputs (code:name lists of command 12 and of query 121, which number
 * differently), telnet (yes: IAC before the first answer). */
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

static int set_switch(struct sim_device *d, const char *field, const char *v)
{
    bool on = strcmp(v, "1") == 0;
    return on || strcmp(v, "0") == 0 || strcmp(v, "2") == 0 ? sim_set(d, field, lec_bool(on)) : LEC_E_RANGE;
}

/* The answer in `out` for a query, "" for a command. */
static int run(struct sim_device *d, unsigned code, const char *v, char out[SIM_TEXT])
{
    const struct sim_projector *p = sim_view(d);
    char buf[SIM_TEXT];
    int64_t n;
    out[0] = '\0';
    switch (code) {
    case 0:
        if (strcmp(v, "1") != 0 && strcmp(v, "0") != 0 && strcmp(v, "2") != 0)
            return LEC_E_RANGE;
        return sim_set(d, "power", lec_enum(*v == '1' ? "on" : "off"));
    case 2:
        return set_switch(d, "picture_mute", v);
    case 3:
    case 80:
        return set_switch(d, "audio_mute", v);
    case 4:
        return set_switch(d, "freeze", v);
    case 12:
        return sim_set_input(d, v);
    case 81:
        return lec_parse_int(v, 0, 10, &n) == 0 ? sim_set(d, "volume", lec_int(n * 10)) : LEC_E_RANGE;
    case 108:
        (void)snprintf(out, SIM_TEXT, "%d", (int)p->lamp_hours);
        return 0;
    case 121:
        (void)snprintf(out, SIM_TEXT, "%s", sim_input_code(d, "outputs", p->power == SIM_ON ? p->input : "none", buf));
        return 0;
    case 122:
        (void)snprintf(out, SIM_TEXT, "%s", p->version);
        return 0;
    case 124:
        (void)snprintf(out, SIM_TEXT, "%d", p->power == SIM_ON || p->power == SIM_WARMING);
        return 0;
    case 151:
        (void)snprintf(out, SIM_TEXT, "%s", p->product);
        return 0;
    case 353:
        (void)snprintf(out, SIM_TEXT, "%s", p->serial);
        return 0;
    case 355:
        (void)snprintf(out, SIM_TEXT, "%d", p->picture_mute);
        return p->power == SIM_ON ? 0 : LEC_E_BUSY;
    case 356:
        (void)snprintf(out, SIM_TEXT, "%d", p->audio_mute);
        return p->power == SIM_ON ? 0 : LEC_E_BUSY;
    default:
        return LEC_E_NOTSUP;
    }
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    char out[SIM_TEXT], digits[4];
    int64_t id, code = 0;
    size_t n = strcspn(text, " ");
    if (text[0] != '~' || n < 4 || n > 6)
        return;
    lec_copy_utf8(digits, sizeof digits, text + 1, 2);
    if (lec_parse_int(digits, 0, 99, &id) < 0 || (id != 0 && id != box->address))
        return;
    lec_copy_utf8(digits, sizeof digits, text + 3, n - 3);
    bool understood = lec_parse_int(digits, 0, 999, &code) == 0 && text[n] == ' ';
    int rc = understood ? sim_mood(box, code < 100) : LEC_E_NOTSUP;
    if (rc == 0)
        rc = run(box->devices, (unsigned)code, text + n + 1, out);
    if (rc < 0)
        sim_answerf(c, box, "F\r");
    else if (*out)
        sim_answerf(c, box, "Ok%s\r", out);
    else
        sim_answerf(c, box, "P\r");
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return sim_take_line(c, p, n, '\r', command);
}

static void open(struct sim_conn *c)
{
    char buf[SIM_TEXT];
    static const uint8_t telnet[] = {0xFF, 0xFB, 0x03, 0xFF, 0xFB, 0x01, 0x00};
    if (!c->is_pty && sim_trait(c->line->boxes->devices, "telnet", buf))
        sim_answer(c, c->line->boxes, telnet, sizeof telnet);
}

/* It tells by itself what happens to it; that a fault is over it does not tell. */
static void changed(struct sim_device *d, const char *field)
{
    static const int power[] = {[SIM_OFF] = 0, [SIM_WARMING] = 1, [SIM_ON] = 24, [SIM_COOLING] = 2};
    static const struct {
        const char *field;
        int info;
    } faults[] = {{"error.lamp", 4}, {"error.fan", 6}, {"error.temperature", 7}, {"error.cover", 9}};
    const struct sim_projector *p = d->state;
    char line[16];
    int info = strcmp(field, "power") == 0 ? power[p->power] : -1;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        struct lec_value v;
        sim_field_get(sim_field(d->model, faults[i].field), p, &v);
        if (strcmp(field, faults[i].field) == 0 && strcmp(v.s, "ok") != 0)
            info = faults[i].info;
    }
    if (info >= 0)
        sim_tell(d->box, line, (size_t)snprintf(line, sizeof line, "INFO%d\r", info));
}

const struct sim_face sim_face_optoma = {
    .name = "optoma", .gap_ns = 200 * LEC_MS, .open = open, .input = input, .changed = changed};
