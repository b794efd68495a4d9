/* Acer projectors over a serial line: remote-control keys as text. Source: av-protocols.md 4.7.
 * Everything that toggles toggles; traits: inputs (number:name list of "Src"). */
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "models/models.h"

static int key(struct sim_device *d, const char *code)
{
    const struct sim_projector *p = sim_view(d);
    static const struct {
        const char *code, *field;
    } toggles[] = {{"006", "audio_mute"}, {"007", "freeze"}, {"030", "picture_mute"}};
    if (strcmp(code, "001") == 0)
        return sim_set(d, "power", lec_enum("on"));
    if (strcmp(code, "002") == 0)
        return sim_set(d, "power", lec_enum("off"));
    if (p->power != SIM_ON)
        return LEC_E_BUSY;
    if (strcmp(code, "015") == 0 || strcmp(code, "050") == 0)
        return sim_set_input(d, code[1] == '1' ? "1" : "8");
    if (strcmp(code, "023") == 0 || strcmp(code, "024") == 0) {
        int to = p->volume + (code[2] == '3' ? 5 : -5);
        return sim_set(d, "volume", lec_int(to < 0 ? 0 : to > 100 ? 100 : to));
    }
    for (size_t i = 0; i < ARRAY_LEN(toggles); i++)
        if (strcmp(toggles[i].code, code) == 0) {
            struct lec_value now;
            sim_field_get(sim_field(d->model, toggles[i].field), p, &now);
            return sim_set(d, toggles[i].field, lec_bool(!now.b));
        }
    return LEC_E_NOTSUP;
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    struct sim_device *d = box->devices;
    const struct sim_projector *p = sim_view(d);
    char buf[SIM_TEXT];
    bool lit = p->power == SIM_ON || p->power == SIM_WARMING;
    bool sets = strncmp(text, "* 0 IR ", 7) == 0 || strcmp(text, "OKOKOKOKOK") == 0;
    if (sim_mood(box, sets) != 0) {
        sim_answerf(c, box, "*001\r");
        return;
    }
    if (strcmp(text, "* 0 IR 035") == 0)
        sim_answerf(c, box, "*000\rModel %s\r", p->product);
    else if (strcmp(text, "* 0 IR 037") == 0)
        sim_answerf(c, box, "*000\rName Acer\r");
    else if (sets)
        sim_answerf(c, box, key(d, text[0] == 'O' ? "001" : text + 7) == 0 ? "*000\r" : "*001\r");
    else if (strcmp(text, "* 0 Lamp ?") == 0)
        sim_answerf(c, box, "*000\r%s\r", lit ? "Lamp 1" : "LAMP 0");
    else if (strcmp(text, "* 0 Lamp") == 0)
        sim_answerf(c, box, "*000\r%04d\r", (int)p->lamp_hours);
    else if (strcmp(text, "* 0 Src ?") == 0 && p->power == SIM_ON)
        sim_answerf(c, box, "*000\rSrc %s\r", sim_input_code(d, "inputs", p->input, buf));
    else
        sim_answerf(c, box, "*001\r");
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return sim_take_line(c, p, n, '\r', command);
}

const struct sim_face sim_face_acer = {.name = "acer", .gap_ns = 400 * LEC_MS, .input = input};
