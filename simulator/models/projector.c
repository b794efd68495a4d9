#include <string.h>

#include "models/models.h"

static const char *const powers[] = {"off", "warming", "on", "cooling", NULL};
static const char *const levels[] = {"ok", "warning", "error", NULL};

#define AT(member) offsetof(struct sim_projector, member)
static const struct sim_field fields[] = {
    {"power", LEC_ENUM, AT(power), 0, 0, powers},
    {"input", LEC_TEXT, AT(input), 0, 0, NULL},
    {"picture_mute", LEC_BOOL, AT(picture_mute), 0, 0, NULL},
    {"audio_mute", LEC_BOOL, AT(audio_mute), 0, 0, NULL},
    {"freeze", LEC_BOOL, AT(freeze), 0, 0, NULL},
    {"volume", LEC_INT, AT(volume), 0, 100, NULL},
    {"lamp.hours", LEC_FLOAT, AT(lamp_hours), 0, 99999, NULL},
    {"filter.hours", LEC_FLOAT, AT(filter_hours), 0, 99999, NULL},
    {"error.fan", LEC_ENUM, AT(error_fan), 0, 0, levels},
    {"error.lamp", LEC_ENUM, AT(error_lamp), 0, 0, levels},
    {"error.temperature", LEC_ENUM, AT(error_temperature), 0, 0, levels},
    {"error.cover", LEC_ENUM, AT(error_cover), 0, 0, levels},
    {"error.filter", LEC_ENUM, AT(error_filter), 0, 0, levels},
    {"error.other", LEC_ENUM, AT(error_other), 0, 0, levels},
    {"signal", LEC_TEXT, AT(signal), 0, 0, NULL},
    {"name", LEC_TEXT, AT(name), 0, 0, NULL},
    {"maker", LEC_TEXT, AT(maker), 0, 0, NULL},
    {"model", LEC_TEXT, AT(product), 0, 0, NULL},
    {"serial", LEC_TEXT, AT(serial), 0, 0, NULL},
    {"version", LEC_TEXT, AT(version), 0, 0, NULL},
    {0},
};

static void start(struct sim_device *d)
{
    struct sim_projector *p = d->state;
    sim_trait_text(d, "input", p->input, "hdmi1");
    sim_trait_text(d, "name", p->name, d->name);
    sim_trait_text(d, "maker", p->maker, d->desc->vendor);
    sim_trait_text(d, "product", p->product, d->desc->model);
    sim_trait_text(d, "serial", p->serial, "LSIM0001");
    sim_trait_text(d, "version", p->version, "1.00");
    sim_trait_text(d, "signal", p->signal, "1920x1080");
    p->lamp_hours = sim_trait_number(d, "hours", 1234);
    p->filter_hours = sim_trait_number(d, "filter", 56);
    p->volume = 30;
}

static void advance(struct sim_device *d, int64_t now)
{
    struct sim_projector *p = d->state;
    if (p->power == SIM_WARMING || p->power == SIM_ON) {
        double hours = (double)(now - p->seen) / 3.6e12;
        p->lamp_hours += hours;
        p->filter_hours += hours;
    }
    p->seen = now;
    if (p->power == SIM_WARMING && now >= p->until) {
        p->power = SIM_ON;
        sim_changed(d, "power");
    }
    if (p->power == SIM_COOLING && now >= p->until) {
        p->power = SIM_OFF;
        if (p->again) {
            p->again = false;
            p->power = SIM_WARMING;
            p->until = now + sim_trait_duration(d, "warm", 20 * LEC_SEC);
            sim_wake(d, p->until);
        }
        sim_changed(d, "power");
    }
}

static int set_power(struct sim_device *d, struct sim_projector *p, bool on)
{
    char how[SIM_TEXT];
    int64_t now = sim_model_now(d->sim);
    switch ((enum sim_projector_power)p->power) {
    case SIM_OFF:
        if (!on)
            return 0;
        p->power = SIM_WARMING;
        p->until = now + sim_trait_duration(d, "warm", 20 * LEC_SEC);
        break;
    case SIM_WARMING:
    case SIM_ON:
        if (on)
            return 0;
        p->power = SIM_COOLING;
        p->picture_mute = p->audio_mute = p->freeze = false;
        p->until = now + sim_trait_duration(d, "cool", 10 * LEC_SEC);
        break;
    case SIM_COOLING:
        if (!on) {
            p->again = false;
            return 0;
        }
        if (!sim_trait(d, "cool_on", how) || strcmp(how, "queue") != 0)
            return LEC_E_BUSY;
        p->again = true;
        return 0;
    }
    sim_wake(d, p->until);
    return 0;
}

static int set(struct sim_device *d, const struct sim_field *f, const struct lec_value *v)
{
    struct sim_projector *p = d->state;
    if (f->offset == AT(power)) {
        bool on = strcmp(v->s, "on") == 0;
        return on || strcmp(v->s, "off") == 0 ? set_power(d, p, on) : LEC_E_RANGE;
    }
    bool wants_light = f->offset == AT(input) || f->offset == AT(picture_mute) || f->offset == AT(audio_mute) ||
                       f->offset == AT(freeze) || f->offset == AT(volume);
    if (wants_light && p->power != SIM_ON)
        return LEC_E_BUSY;
    sim_field_put(f, p, v);
    return 0;
}

static double watts(const struct sim_device *d)
{
    static const double by_power[] = {[SIM_OFF] = 0.5, [SIM_WARMING] = 210, [SIM_ON] = 295, [SIM_COOLING] = 40};
    const struct sim_projector *p = d->state;
    return by_power[p->power];
}

const struct sim_model sim_model_projector = {
    .name = "projector",
    .size = sizeof(struct sim_projector),
    .fields = fields,
    .start = start,
    .advance = advance,
    .set = set,
    .watts = watts,
};
