/* Shure command strings over TCP: "< GET 01 AUDIO_MUTE >". Source: av-protocols.md 6.5. Channel 01 is the microphone.
 * Not covered: meters (SAMPLE), ALL queries. */
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

static void report(struct sim_conn *c, struct sim_box *box, const char *what)
{
    const struct sim_mixer *m = sim_view(box->devices);
    char line[96];
    int n;
    if (strcmp(what, "01 AUDIO_GAIN_HI_RES") == 0)
        n = snprintf(line, sizeof line, "< REP %s %04d >", what, (int)(m->mic_level * 10 + 1100.5));
    else if (strcmp(what, "PRESET") == 0)
        n = snprintf(line, sizeof line, "< REP PRESET %d >", m->preset);
    else
        n = snprintf(line, sizeof line, "< REP %s %s >", what,
                     (strcmp(what, "DEVICE_AUDIO_MUTE") == 0 ? m->audio_mute : m->mic_mute) ? "ON" : "OFF");
    if (c)
        sim_answer(c, box, line, (size_t)n);
    else
        sim_tell(box, line, (size_t)n);
}

static int set(struct sim_device *d, const char *what, const char *v)
{
    const struct sim_mixer *m = sim_view(d);
    const char *step = strchr(v, ' ');
    int64_t n;
    if (strcmp(what, "PRESET") == 0)
        return lec_parse_int(v, 1, 10, &n) == 0 ? sim_set(d, "preset", lec_int(n)) : LEC_E_RANGE;
    if (strcmp(what, "FLASH") == 0)
        return 0;
    if (strcmp(what, "01 AUDIO_GAIN_HI_RES") == 0) {
        bool inc = strncmp(v, "INC ", 4) == 0, dec = strncmp(v, "DEC ", 4) == 0;
        if (lec_parse_int(inc || dec ? step + 1 : v, 0, 1400, &n) < 0)
            return LEC_E_RANGE;
        double to = inc ? m->mic_level + (double)n / 10 : dec ? m->mic_level - (double)n / 10 : (double)(n - 1100) / 10;
        return sim_set(d, "mic.level", lec_float(to < -100 ? -100 : to > 12 ? 12 : to));
    }
    bool whole = strcmp(what, "DEVICE_AUDIO_MUTE") == 0;
    if (!whole && strcmp(what, "01 AUDIO_MUTE") != 0)
        return LEC_E_NOTSUP;
    bool toggle = strcmp(v, "TOGGLE") == 0, now = whole ? m->audio_mute : m->mic_mute;
    if (!toggle && strcmp(v, "ON") != 0 && strcmp(v, "OFF") != 0)
        return LEC_E_RANGE;
    return sim_set(d, whole ? "audio_mute" : "mic.mute", lec_bool(toggle ? !now : v[1] == 'N'));
}

static bool known(const char *what)
{
    return strcmp(what, "01 AUDIO_GAIN_HI_RES") == 0 || strcmp(what, "01 AUDIO_MUTE") == 0 ||
           strcmp(what, "DEVICE_AUDIO_MUTE") == 0 || strcmp(what, "PRESET") == 0;
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    bool get = strncmp(text, "GET ", 4) == 0, sets = strncmp(text, "SET ", 4) == 0;
    char *what = text + 4;
    int rc = get || sets ? sim_mood(box, sets) : LEC_E_NOTSUP;
    if (rc == 0 && get && known(what)) {
        report(c, box, what);
        return;
    }
    /* The value is what follows the parameter, which has a channel number before it or not. */
    size_t n = rc == 0 && sets ? strcspn(what, " ") : 0;
    if (n == 2)
        n += 1 + strcspn(what + 3, " ");
    if (rc == 0 && n > 0 && what[n] == ' ') {
        what[n] = '\0';
        rc = set(box->devices, what, what + n + 1);
    } else {
        rc = LEC_E_NOTSUP;
    }
    if (rc < 0)
        sim_answerf(c, box, "< REP ERR >");
    else if (known(what))
        report(c, box, what);
    else
        sim_answerf(c, box, "< REP %s ON >", what);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    char text[128];
    if (p[0] != '<')
        return 1;
    ptrdiff_t len = sim_line_length(p, n, '>');
    if (len < 0)
        return n > sizeof text ? n : 0;
    if (sim_take(c, c->line->boxes, p, (size_t)len + 1)) {
        (void)sim_line_text(p + 1, (size_t)len - 1, text, sizeof text);
        command(c, c->line->boxes, text);
    }
    return (size_t)len + 1;
}

static void changed(struct sim_device *d, const char *field)
{
    if (d->by == SIM_BY_WIRE)
        return;
    if (strcmp(field, "audio_mute") == 0)
        report(NULL, d->box, "DEVICE_AUDIO_MUTE");
    else if (strcmp(field, "mic.mute") == 0)
        report(NULL, d->box, "01 AUDIO_MUTE");
    else if (strcmp(field, "mic.level") == 0)
        report(NULL, d->box, "01 AUDIO_GAIN_HI_RES");
}

const struct sim_face sim_face_shure = {.name = "shure", .input = input, .changed = changed};
