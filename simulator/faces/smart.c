/* SMART Board text protocol over a serial line. Source: SMART RS-232 guides as in av-protocols.md 3.1.
 * Traits: inputs (code:name list), states (of powerstate that may be set), boot_text (yes: diagnostics at power-on).
 * Not covered: several displays on one line, brightness presets, OPS control. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

static const char boot_text[] =
    "\r\nU-Boot 2015.01 (SMART)\r\nDRAM:  3 GiB\r\nStarting kernel ...\r\n[    1.204] panel: >= rev C\r\n";

static const char *power_word(const struct sim_panel *p)
{
    /* While it boots it still calls itself ready, though the set command was answered "on". */
    return p->power == SIM_PANEL_ON ? "on" : p->power == SIM_PANEL_STANDBY ? "standby" : "ready";
}

static bool may_set_state(const struct sim_device *d, const char *state)
{
    char buf[SIM_TEXT];
    const char *list = sim_trait_list(d, "states");
    return sim_name_of(list ? list : "on,ready,standby", state, buf) != NULL;
}

static int set_power(struct sim_device *d, const char *v)
{
    if (!may_set_state(d, v))
        return LEC_E_RANGE;
    return sim_set(d, "power", lec_enum(strcmp(v, "ready") == 0 ? "off" : v));
}

/* "volume" with "+5", "-15" or "=30". */
static int set_volume(struct sim_device *d, const struct sim_panel *p, char sign, const char *v)
{
    int64_t n;
    if (lec_parse_int(v, 0, 100, &n) < 0)
        return LEC_E_RANGE;
    int64_t to = sign == '+' ? p->volume + n : sign == '-' ? p->volume - n : n;
    to = to < 0 ? 0 : to > 100 ? 100 : to;
    int rc = sim_set(d, "volume", lec_int(to));
    return rc == 0 ? sim_set(d, "audio_mute", lec_bool(to == 0)) : rc;
}

static int set_word(struct sim_device *d, const struct sim_panel *p, const char *name, char sign, const char *v)
{
    static const struct {
        const char *name, *field;
    } switches[] = {{"mute", "audio_mute"}, {"videofreeze", "freeze"}, {"screenshade", "picture_mute"}};
    char buf[SIM_TEXT];
    int64_t n;
    if (strcmp(name, "powerstate") == 0 && sign == '=')
        return set_power(d, v);
    if (strcmp(name, "volume") == 0)
        return set_volume(d, p, sign, v);
    if (strcmp(name, "brightness") == 0 && sign == '=' && lec_parse_int(v, 0, 100, &n) == 0)
        return sim_set(d, "brightness", lec_int(n));
    if (strcmp(name, "input") == 0 && sign == '=') {
        const char *input = sim_name_of(sim_trait_list(d, "inputs"), v, buf);
        return input ? sim_set(d, "input", lec_text(input)) : LEC_E_RANGE;
    }
    for (size_t i = 0; i < ARRAY_LEN(switches); i++)
        if (strcmp(name, switches[i].name) == 0 && sign == '=' && (strcmp(v, "on") == 0 || strcmp(v, "off") == 0))
            return sim_set(d, switches[i].field, lec_bool(v[1] == 'n'));
    return LEC_E_NOTSUP;
}

/* The value of `name` now; false if there is no such. */
static bool get_word(struct sim_device *d, const char *name, char *out, size_t size)
{
    const struct sim_panel *p = sim_view(d);
    char buf[SIM_TEXT];
    const char *code = sim_code_of(sim_trait_list(d, "inputs"), p->input, buf);
    const struct {
        const char *name, *text;
    } texts[] = {
        {"powerstate", power_word(p)},
        {"input", code ? code : "none"},
        {"mute", p->audio_mute ? "on" : "off"},
        {"videofreeze", p->freeze ? "on" : "off"},
        {"screenshade", p->picture_mute ? "on" : "off"},
        {"serialnum", p->serial},
        {"fwversion", p->version},
        {"modelnum", p->product},
        {"partnum", "1031-0001"},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (strcmp(texts[i].name, name) == 0)
            return lec_copy_utf8(out, size, texts[i].text, strlen(texts[i].text));
    bool volume = strcmp(name, "volume") == 0;
    if (!volume && strcmp(name, "brightness") != 0)
        return false;
    (void)snprintf(out, size, "%d", volume ? p->volume : p->brightness);
    return true;
}

/* Lower-case words parted by single spaces, none about the sign. */
static void tidy(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        bool space = *from == ' ' && (to == text || to[-1] == ' ' || strchr("=+-", to[-1]) || strchr(" =+-", from[1]));
        if (!space)
            *to++ = (char)(*from >= 'A' && *from <= 'Z' ? *from + 32 : *from);
    }
    *to = '\0';
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    struct sim_device *d = box->devices;
    const struct sim_panel *p = sim_view(d);
    char value[SIM_TEXT], name[32] = "";
    char said[128];
    (void)snprintf(said, sizeof said, "%s", text);
    tidy(text);
    if (!*text) {
        sim_answerf(c, box, "\r\n>");
        return;
    }
    bool set = strncmp(text, "set ", 4) == 0;
    bool get = strncmp(text, "get ", 4) == 0;
    char *word = text + 4;
    size_t n = set || get ? strcspn(word, "=+-") : 0;
    int rc = n > 0 && n < sizeof name ? sim_mood(box, set) : LEC_E_NOTSUP;
    if (rc == 0) {
        lec_copy_utf8(name, sizeof name, word, n);
        bool gated =
            strcmp(name, "powerstate") != 0 && strcmp(name, "serialnum") != 0 && strcmp(name, "fwversion") != 0;
        if (gated && p->power != SIM_PANEL_ON)
            rc = LEC_E_BUSY;
        else if (set)
            rc = word[n] ? set_word(d, p, name, word[n], word + n + 1) : LEC_E_NOTSUP;
    }
    if (rc == 0 && set && strcmp(name, "powerstate") == 0)
        (void)snprintf(value, sizeof value, "%.20s", word + n + 1); /* says what it was told, not what it is */
    else if (rc == 0 && !get_word(d, name, value, sizeof value))
        rc = LEC_E_NOTSUP;
    if (rc == 0)
        sim_answerf(c, box, "%s=%s\r\n>", name, value);
    else
        sim_answerf(c, box, "invalid cmd=%s\r\n>", said);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *box = c->line->boxes;
    char text[128];
    ptrdiff_t len = sim_line_length(p, n, '\r');
    if (len < 0)
        return n > sizeof text ? n : 0;
    /* A bare CR only asks for the prompt: the 300 ms are between commands. */
    (void)sim_line_text(p, (size_t)len, text, sizeof text);
    int64_t answered = box->answered;
    if (!*text)
        box->answered = 0;
    if (sim_take(c, box, p, (size_t)len + 1))
        command(c, box, text);
    if (!*text)
        box->answered = answered;
    return (size_t)len + 1;
}

static void changed(struct sim_device *d, const char *field)
{
    static const struct {
        const char *field, *name;
    } events[] = {{"power", "powerstate"}, {"input", "input"}, {"volume", "volume"}, {"audio_mute", "mute"}};
    char value[SIM_TEXT], line[128], buf[SIM_TEXT];
    const struct sim_panel *p = d->state;
    if (strcmp(field, "power") == 0 && p->power == SIM_PANEL_BOOTING && sim_trait(d, "boot_text", buf))
        sim_tell(d->box, boot_text, sizeof boot_text - 1);
    /* Only what was done at the panel itself (and its own waking up) is told unasked. */
    if (d->by == SIM_BY_WIRE)
        return;
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        if (strcmp(events[i].field, field) == 0 && get_word(d, events[i].name, value, sizeof value)) {
            int n = snprintf(line, sizeof line, "#%s=%s\r\n", events[i].name, value);
            sim_tell(d->box, line, (size_t)n);
        }
}

static void plugged(struct sim_line *line)
{
    sim_tell(line->boxes, boot_text, sizeof boot_text - 1);
    sim_tell(line->boxes, ">", 1);
}

const struct sim_face sim_face_smart = {
    .name = "smart",
    .gap_ns = 300 * LEC_MS,
    .input = input,
    .changed = changed,
    .plugged = plugged,
};
