/* ViewSonic ViewBoard/CDE and BenQ boards: length-prefixed ASCII. Source: av-protocols.md 3.3.
 * Traits: inputs (three digits:name list), push (yes: changes at the panel are told). */
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

/* The three characters that answer `get`; false if there is no such. */
static bool get(struct sim_device *d, char what, char out[SIM_TEXT])
{
    const struct sim_panel *p = sim_view(d);
    char buf[SIM_TEXT];
    int v;
    switch (what) {
    case 'l':
        v = p->power == SIM_PANEL_ON;
        break;
    case 'j':
        /* The first digit says that there is a signal. */
        (void)snprintf(out, SIM_TEXT, "1%.2s", sim_input_code(d, "inputs", p->input, buf) + 1);
        return true;
    case 'a':
        v = p->contrast;
        break;
    case 'b':
        v = p->brightness;
        break;
    case 'f':
        v = p->volume;
        break;
    case 'g':
        v = p->audio_mute;
        break;
    case 'h':
        v = !p->picture_mute;
        break;
    case 'i':
        v = p->freeze;
        break;
    case 'z':
        v = 0;
        break;
    default:
        return false;
    }
    (void)snprintf(out, SIM_TEXT, "%03d", v);
    return true;
}

static int set(struct sim_device *d, char what, const char *digits)
{
    const struct sim_panel *p = sim_view(d);
    int64_t v;
    if (what == '"')
        return sim_set_input(d, digits);
    if (lec_parse_int(digits, 0, 999, &v) < 0)
        return LEC_E_RANGE;
    if (what == '5' && v >= 900)
        v = v == 900 ? (p->volume > 0 ? p->volume - 1 : 0) : (p->volume < 100 ? p->volume + 1 : 100);
    bool one_bit = strchr("!(*6 48>", what) != NULL;
    if (one_bit && v > 1)
        return LEC_E_RANGE;
    switch (what) {
    case '!':
        return sim_set(d, "power", lec_enum(v ? "on" : "off"));
    case '#':
        return sim_set(d, "contrast", lec_int(v));
    case '$':
        return sim_set(d, "brightness", lec_int(v));
    case '(':
        return sim_set(d, "picture_mute", lec_bool(!v));
    case '*':
        return sim_set(d, "freeze", lec_bool(v));
    case '5':
        return sim_set(d, "volume", lec_int(v));
    case '6':
        return sim_set(d, "audio_mute", lec_bool(v));
    case '4':
    case '8':
    case '>':
        return sim_set(d, "lock", lec_bool(v));
    default:
        return LEC_E_NOTSUP;
    }
}

static void command(struct sim_conn *c, struct sim_box *box, const char *frame)
{
    char out[SIM_TEXT], digits[4];
    lec_copy_utf8(digits, sizeof digits, frame + 5, 3);
    bool query = frame[3] == 'g';
    int rc = sim_mood(box, !query);
    if (rc == 0 && !query)
        rc = frame[3] == 's' ? set(box->devices, frame[4], digits) : LEC_E_NOTSUP;
    if (rc == 0 && query && get(box->devices, frame[4], out))
        sim_answerf(c, box, "8%02dr%c%s\r", box->address, frame[4], out);
    else
        sim_answerf(c, box, "4%02d%c\r", box->address, rc == 0 && !query ? '+' : '-');
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    char frame[9];
    if (p[0] != '8')
        return 1;
    if (n < 9)
        return 0;
    lec_copy_utf8(frame, sizeof frame, (const char *)p, 8);
    int id = (p[1] - '0') * 10 + p[2] - '0';
    if (p[8] != '\r')
        return 1;
    for (struct sim_box *box = c->line->boxes; box; box = box->next)
        if ((box->address == id || id == 99) && sim_take(c, box, p, 9) && strlen(frame) == 8)
            command(c, box, frame);
    return 9;
}

static void changed(struct sim_device *d, const char *field)
{
    static const struct {
        const char *field;
        char what;
    } pushed[] = {{"power", 'l'}, {"input", 'j'}, {"volume", 'f'}, {"audio_mute", 'g'}};
    char value[SIM_TEXT], frame[SIM_TEXT], buf[SIM_TEXT];
    for (size_t i = 0; d->by == SIM_BY_HAND && i < ARRAY_LEN(pushed); i++)
        if (strcmp(pushed[i].field, field) == 0 && sim_trait(d, "push", buf) && get(d, pushed[i].what, value)) {
            int n = snprintf(frame, sizeof frame, "8%02dr%c%.3s\r", d->box->address, pushed[i].what, value);
            sim_tell(d->box, frame, (size_t)n);
        }
}

const struct sim_face sim_face_viewboard = {
    .name = "viewboard", .quiet_ns = 500 * LEC_MS, .addressed = true, .input = input, .changed = changed};
