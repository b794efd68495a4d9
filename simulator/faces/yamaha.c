/* Yamaha RCP over TCP. Source: av-protocols.md 6.4. St (or Mix) is the room's sound, InCh 0 the microphone.
 * Not covered: other parameters, devinfo beyond the product's name. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

static const struct {
    const char *address, *field;
    bool is_on; /* "On" is the opposite of muted */
} parameters[] = {
    {"MIXER:Current/St/Fader/Level 0 0", "level", false},
    {"MIXER:Current/St/Fader/On 0 0", "audio_mute", true},
    {"MIXER:Current/InCh/Fader/Level 0 0", "mic.level", false},
    {"MIXER:Current/InCh/Fader/On 0 0", "mic.mute", true},
};

/* "-1000 \"-10.00\"" or "1 \"ON\"" */
static void value_text(struct sim_device *d, size_t i, char out[SIM_TEXT])
{
    struct lec_value v;
    sim_field_get(sim_field(d->model, parameters[i].field), sim_view(d), &v);
    if (parameters[i].is_on)
        (void)snprintf(out, SIM_TEXT, "%d \"%s\"", !v.b, v.b ? "OFF" : "ON");
    else
        (void)snprintf(out, SIM_TEXT, "%d \"%.2f\"", (int)lround(v.f * 100), v.f);
}

static int set(struct sim_device *d, size_t i, int64_t v, bool *adjusted)
{
    if (parameters[i].is_on)
        return v == 0 || v == 1 ? sim_set(d, parameters[i].field, lec_bool(!v)) : LEC_E_RANGE;
    double level = (double)v / 100;
    *adjusted = level > 10 || level < -100;
    return sim_set(d, parameters[i].field, lec_float(fmin(fmax(level, -100), 10)));
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    struct sim_device *d = box->devices;
    char value[SIM_TEXT];
    int64_t v;
    bool get = strncmp(text, "get ", 4) == 0, sets = strncmp(text, "set ", 4) == 0;
    if (!*text) /* a heartbeat */
        return;
    if (sim_mood(box, !get) != 0) {
        sim_answerf(c, box, "ERROR %.16s InternalError\n", text);
        return;
    }
    for (size_t i = 0; (get || sets) && i < ARRAY_LEN(parameters); i++) {
        size_t n = strlen(parameters[i].address);
        if (strncmp(text + 4, parameters[i].address, n) != 0 || (text[4 + n] != '\0' && text[4 + n] != ' '))
            continue;
        bool adjusted = false;
        int rc = get ? 0 : lec_parse_int(text + 4 + n + (text[4 + n] == ' '), INT16_MIN, INT16_MAX, &v);
        if (rc == 0 && sets)
            rc = set(d, i, v, &adjusted);
        value_text(d, i, value);
        if (rc < 0)
            sim_answerf(c, box, "ERROR %.3s InvalidArgument\n", text);
        else
            sim_answerf(c, box, "OK%s %.3s %s %s\n", adjusted ? "M" : "", text, parameters[i].address, value);
        return;
    }
    bool recalled = strncmp(text, "ssrecall_ex MIXER:Lib/Scene ", 28) == 0 &&
                    lec_parse_int(text + 28, 0, 100, &v) == 0 && sim_set(d, "preset", lec_int(v)) == 0;
    if (recalled || strncmp(text, "scpmode keepalive ", 18) == 0)
        sim_answerf(c, box, "OK %s\n", text);
    else if (strcmp(text, "devinfo productname") == 0)
        sim_answerf(c, box, "OK devinfo productname \"TF1\"\n");
    else if (strcmp(text, "devstatus runmode") == 0)
        sim_answerf(c, box, "OK devstatus runmode \"normal\"\n");
    else
        sim_answerf(c, box, "ERROR %.40s UnknownCommand\n", text);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return sim_take_line(c, p, n, '\n', command);
}

static void changed(struct sim_device *d, const char *field)
{
    char value[SIM_TEXT], line[192];
    for (size_t i = 0; d->by != SIM_BY_WIRE && i < ARRAY_LEN(parameters); i++)
        if (strcmp(parameters[i].field, field) == 0) {
            value_text(d, i, value);
            int n = snprintf(line, sizeof line, "NOTIFY set %s %s\n", parameters[i].address, value);
            sim_tell(d->box, line, (size_t)n);
        }
}

const struct sim_face sim_face_yamaha = {.name = "yamaha", .input = input, .changed = changed};
