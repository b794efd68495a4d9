/* Epson ESC/VP21 over a serial line, and ESC/VP.net over TCP (the same text after a binary handshake).
 * Source: ESC/VP21 Command User's Guide as in av-protocols.md 2.
 * Traits: inputs (code:name list), events (yes: IMEVENT lines). Key of the room: password (ESC/VP.net).
 * Not covered: KEY, MSEL, CMODE, ASPECT, UDP discovery. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

struct conversation {
    bool connected; /* ESC/VP.net: the handshake is done */
};

/* ---- Values --------------------------------------------------------------------------------------------------- */

struct request {
    struct sim_device *device;
    const struct sim_projector *p;
    const char *arg; /* NULL: a query */
    char out[128];
};

static int pwr(struct request *r)
{
    static const char *const codes[] = {[SIM_OFF] = "04", [SIM_WARMING] = "02", [SIM_ON] = "01", [SIM_COOLING] = "03"};
    if (!r->arg) {
        (void)snprintf(r->out, sizeof r->out, "PWR=%s", codes[r->p->power]);
        return 0;
    }
    if (strcmp(r->arg, "ON") != 0 && strcmp(r->arg, "OFF") != 0)
        return LEC_E_RANGE;
    return sim_set(r->device, "power", lec_enum(r->arg[1] == 'N' ? "on" : "off"));
}

static int source(struct request *r)
{
    char buf[SIM_TEXT];
    const char *list = sim_trait_list(r->device, "inputs");
    if (!r->arg) {
        const char *code = sim_code_of(list, r->p->input, buf);
        (void)snprintf(r->out, sizeof r->out, "SOURCE=%s", code ? code : "00");
        return 0;
    }
    const char *name = sim_name_of(list, r->arg, buf);
    return name ? sim_set(r->device, "input", lec_text(name)) : LEC_E_RANGE;
}

static int on_off(struct request *r, const char *word, const char *field, bool now)
{
    if (!r->arg) {
        (void)snprintf(r->out, sizeof r->out, "%s=%s", word, now ? "ON" : "OFF");
        return 0;
    }
    if (strcmp(r->arg, "ON") != 0 && strcmp(r->arg, "OFF") != 0)
        return LEC_E_RANGE;
    return sim_set(r->device, field, lec_bool(r->arg[1] == 'N'));
}

static int mute(struct request *r)
{
    /* A/V mute: picture and sound together. */
    int rc = on_off(r, "MUTE", "picture_mute", r->p->picture_mute);
    if (rc == 0 && r->arg)
        rc = sim_set(r->device, "audio_mute", lec_bool(r->arg[1] == 'N'));
    return rc;
}

static int freeze(struct request *r)
{
    return on_off(r, "FREEZE", "freeze", r->p->freeze);
}

/* The scale is 0 to 255; this model has 21 steps of it, as many real ones have. */
static int vol(struct request *r)
{
    int64_t v;
    if (!r->arg) {
        (void)snprintf(r->out, sizeof r->out, "VOL=%d", r->p->volume * 255 / 100);
        return 0;
    }
    if (strcmp(r->arg, "INC") == 0 || strcmp(r->arg, "DEC") == 0)
        v = r->p->volume + (r->arg[0] == 'I' ? 5 : -5);
    else if (lec_parse_int(r->arg, 0, 255, &v) == 0)
        v = (v * 20 + 127) / 255 * 5;
    else
        return LEC_E_RANGE;
    return sim_set(r->device, "volume", lec_int(v < 0 ? 0 : v > 100 ? 100 : v));
}

static int lamp(struct request *r)
{
    (void)snprintf(r->out, sizeof r->out, "LAMP=%d", (int)r->p->lamp_hours);
    return r->arg ? LEC_E_NOTSUP : 0;
}

static int ontime(struct request *r)
{
    (void)snprintf(r->out, sizeof r->out, "ONTIME=%d", (int)r->p->lamp_hours + 300);
    return r->arg ? LEC_E_NOTSUP : 0;
}

static int sno(struct request *r)
{
    (void)snprintf(r->out, sizeof r->out, "SNO=%s", r->p->serial);
    return r->arg ? LEC_E_NOTSUP : 0;
}

static int err(struct request *r)
{
    const struct sim_projector *p = r->p;
    const char *code = p->error_fan           ? "01"
                       : p->error_lamp        ? "06"
                       : p->error_temperature ? "04"
                       : p->error_cover       ? "07"
                       : p->error_filter      ? "0C"
                       : p->error_other       ? "0B"
                                              : "00";
    (void)snprintf(r->out, sizeof r->out, "ERR=%s", code);
    return r->arg ? LEC_E_NOTSUP : 0;
}

static int signal_now(struct request *r)
{
    (void)snprintf(r->out, sizeof r->out, "SIGNAL=%s", r->p->power == SIM_ON ? "01" : "00");
    return r->arg ? LEC_E_NOTSUP : 0;
}

static const struct {
    const char *word;
    bool always; /* also in standby; nearly everything else answers ERR unless the projector is on */
    int (*run)(struct request *r);
} commands[] = {
    {"PWR", true, pwr},        {"SNO", true, sno},
    {"ERR", true, err},        {"SOURCE", false, source},
    {"MUTE", false, mute},     {"VOL", false, vol},
    {"FREEZE", false, freeze}, {"LAMP", true, lamp},
    {"ONTIME", true, ontime},  {"SIGNAL", false, signal_now},
};

static int run(struct request *r, const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcasecmp(commands[i].word, word) == 0)
            return commands[i].always || r->p->power == SIM_ON ? commands[i].run(r) : LEC_E_BUSY;
    return LEC_E_NOTSUP;
}

/* ---- The dialogue --------------------------------------------------------------------------------------------- */

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    struct request r = {.device = box->devices, .p = sim_view(box->devices)};
    if (!*text) { /* a bare CR asks: are you there? */
        sim_answerf(c, box, ":");
        return;
    }
    size_t n = strcspn(text, " ?");
    bool query = text[n] == '?';
    if (!query && text[n]) {
        r.arg = text + n + 1 + strspn(text + n + 1, " ");
    } else if (!query) {
        r.arg = "";
    }
    text[n] = '\0';
    int rc = sim_mood(box, !query);
    if (rc == 0)
        rc = run(&r, text);
    if (rc < 0)
        sim_answerf(c, box, "ERR\r:");
    else if (query)
        sim_answerf(c, box, "%s\r:", r.out);
    else
        sim_answerf(c, box, ":");
}

static size_t text_input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *box = c->line->boxes;
    char text[128];
    ptrdiff_t len = sim_line_length(p, n, '\r');
    if (len < 0)
        return n > sizeof text ? n : 0;
    /* Nothing may be sent before the colon of the last command has come: it is lost. */
    bool early = c->sim->opt.pacing && c->tx;
    if (early)
        box->early++;
    if (!early && sim_take(c, box, p, (size_t)len + 1)) {
        (void)sim_line_text(p, (size_t)len, text, sizeof text);
        command(c, box, text);
    }
    return (size_t)len + 1;
}

/* ESC/VP.net: 16 bytes and 18 for each header, then the text. */
static size_t handshake(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct conversation *talk = c->face;
    struct sim_box *box = c->line->boxes;
    static const char magic[] = "ESC/VP.net";
    if (n < 16)
        return 0;
    size_t size = 16 + (size_t)p[15] * 18;
    if (memcmp(p, magic, 10) != 0) {
        sim_hang_up(c);
        return n;
    }
    if (n < size)
        return 0;
    if (!sim_take(c, box, p, size))
        return size;
    uint8_t reply[16] = {0};
    memcpy(reply, p, 12);
    const char *password = lec_key_text(&box->devices->desc->keys, "password", "");
    char given[17] = "";
    for (size_t i = 16; i < size; i += 18)
        if (p[i] == 0x01)
            memcpy(given, p + i + 2, 16);
    if (p[10] != 0x10)
        reply[14] = 0x55;
    else if (p[11] != 0x01 && p[11] != 0x03)
        reply[14] = 0x40;
    else if (*password && p[11] == 0x03 && strcmp(given, password) != 0)
        reply[14] = *given ? 0x43 : 0x41;
    else
        reply[14] = 0x20;
    sim_answer(c, box, reply, sizeof reply);
    talk->connected = reply[14] == 0x20 && p[11] == 0x03;
    if (reply[14] != 0x20)
        sim_hang_up(c);
    return size;
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct conversation *talk = c->face;
    return c->is_pty || talk->connected ? text_input(c, p, n) : handshake(c, p, n);
}

/* Newer models tell each change of state by themselves; the line has a colon of its own. */
static void changed(struct sim_device *d, const char *field)
{
    static const char *const states[] = {[SIM_OFF] = "01", [SIM_WARMING] = "02", [SIM_ON] = "03", [SIM_COOLING] = "04"};
    char buf[SIM_TEXT], text[64];
    const struct sim_projector *p = d->state;
    if (strcmp(field, "power") != 0 || !sim_trait(d, "events", buf))
        return;
    int n = snprintf(text, sizeof text, "IMEVENT=0001 %s 00000000 00000000 T1 F1\r:", states[p->power]);
    sim_tell(d->box, text, (size_t)n);
}

const struct sim_face sim_face_escvp21 = {
    .name = "escvp21",
    .conn_size = sizeof(struct conversation),
    .input = input,
    .changed = changed,
};
