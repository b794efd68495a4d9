#include <math.h>

#include "models/models.h"

#define AT(member) offsetof(struct sim_mixer, member)
static const struct sim_field fields[] = {
    {"power", LEC_BOOL, AT(power), 0, 0, NULL},
    {"level", LEC_FLOAT, AT(level), -100, 12, NULL},
    {"mic.level", LEC_FLOAT, AT(mic_level), -100, 12, NULL},
    {"audio_mute", LEC_BOOL, AT(audio_mute), 0, 0, NULL},
    {"mic.mute", LEC_BOOL, AT(mic_mute), 0, 0, NULL},
    {"volume", LEC_INT, AT(volume), 0, 100, NULL},
    {"preset", LEC_INT, AT(preset), 0, 9999, NULL},
    {"input", LEC_TEXT, AT(input), 0, 0, NULL},
    {"name", LEC_TEXT, AT(name), 0, 0, NULL},
    {"maker", LEC_TEXT, AT(maker), 0, 0, NULL},
    {"model", LEC_TEXT, AT(product), 0, 0, NULL},
    {"serial", LEC_TEXT, AT(serial), 0, 0, NULL},
    {"version", LEC_TEXT, AT(version), 0, 0, NULL},
    {0},
};

static void start(struct sim_device *d)
{
    struct sim_mixer *m = d->state;
    m->power = true;
    m->level = sim_trait_number(d, "level", -20);
    m->mic_level = -10;
    m->volume = 50;
    m->audio_mute = true;
    sim_trait_text(d, "input", m->input, "1");
    sim_trait_text(d, "name", m->name, d->name);
    sim_trait_text(d, "maker", m->maker, d->desc->vendor);
    sim_trait_text(d, "product", m->product, d->desc->model);
    sim_trait_text(d, "serial", m->serial, "LSIM0003");
    sim_trait_text(d, "version", m->version, "4.11.0.2");
}

static int set(struct sim_device *d, const struct sim_field *f, const struct lec_value *v)
{
    struct sim_mixer *m = d->state;
    sim_field_put(f, m, v);
    if (f->offset == AT(preset)) { /* a preset is a whole setting of the mixer: number 1 speech, all others film */
        m->level = m->preset == 1 ? -15 : -6;
        m->audio_mute = m->mic_mute = false;
        sim_changed(d, "level");
        sim_changed(d, "audio_mute");
    }
    return 0;
}

static double watts(const struct sim_device *d)
{
    const struct sim_mixer *m = d->state;
    return m->audio_mute ? 18 : 18 + 60 * pow(10, m->level / 20);
}

const struct sim_model sim_model_mixer = {
    .name = "mixer",
    .size = sizeof(struct sim_mixer),
    .fields = fields,
    .start = start,
    .set = set,
    .watts = watts,
};
