#include <string.h>

#include "models/models.h"

static const char *const powers[] = {"off", "standby", "booting", "on", NULL};
static const char *const levels[] = {"ok", "warning", "error", NULL};

#define AT(member) offsetof(struct sim_panel, member)
static const struct sim_field fields[] = {
    {"power", LEC_ENUM, AT(power), 0, 0, powers},
    {"input", LEC_TEXT, AT(input), 0, 0, NULL},
    {"volume", LEC_INT, AT(volume), 0, 100, NULL},
    {"audio_mute", LEC_BOOL, AT(audio_mute), 0, 0, NULL},
    {"picture_mute", LEC_BOOL, AT(picture_mute), 0, 0, NULL},
    {"freeze", LEC_BOOL, AT(freeze), 0, 0, NULL},
    {"brightness", LEC_INT, AT(brightness), 0, 100, NULL},
    {"contrast", LEC_INT, AT(contrast), 0, 100, NULL},
    {"lock", LEC_BOOL, AT(lock), 0, 0, NULL},
    {"usage.hours", LEC_FLOAT, AT(hours), 0, 99999, NULL},
    {"temperature", LEC_FLOAT, AT(temperature), 0, 0, NULL},
    {"error.temperature", LEC_ENUM, AT(error_temperature), 0, 0, levels},
    {"error.fan", LEC_ENUM, AT(error_fan), 0, 0, levels},
    {"error.other", LEC_ENUM, AT(error_other), 0, 0, levels},
    {"name", LEC_TEXT, AT(name), 0, 0, NULL},
    {"maker", LEC_TEXT, AT(maker), 0, 0, NULL},
    {"model", LEC_TEXT, AT(product), 0, 0, NULL},
    {"serial", LEC_TEXT, AT(serial), 0, 0, NULL},
    {"version", LEC_TEXT, AT(version), 0, 0, NULL},
    {0},
};

static void start(struct sim_device *d)
{
    struct sim_panel *p = d->state;
    sim_trait_text(d, "input", p->input, "hdmi1");
    sim_trait_text(d, "name", p->name, d->name);
    sim_trait_text(d, "maker", p->maker, d->desc->vendor);
    sim_trait_text(d, "product", p->product, d->desc->model);
    sim_trait_text(d, "serial", p->serial, "LSIM0002");
    sim_trait_text(d, "version", p->version, "2.00");
    p->volume = 25;
    p->brightness = 80;
    p->contrast = 50;
    p->hours = sim_trait_number(d, "hours", 2890);
    p->temperature = 27;
}

static void advance(struct sim_device *d, int64_t now)
{
    struct sim_panel *p = d->state;
    double dt = (double)(now - p->seen) / 1e9;
    p->seen = now;
    if (p->power == SIM_PANEL_ON)
        p->hours += dt / 3600;
    /* Towards 41 degrees while on and 27 while off, within some ten minutes. */
    double goal = p->power == SIM_PANEL_ON ? 41 : 27;
    p->temperature += (goal - p->temperature) * (dt < 600 ? dt / 600 : 1);
    if (p->power == SIM_PANEL_BOOTING && now >= p->until) {
        p->power = SIM_PANEL_ON;
        sim_changed(d, "power");
    }
}

static int set_power(struct sim_device *d, struct sim_panel *p, const char *wanted)
{
    if (strcmp(wanted, "on") == 0) {
        if (p->power == SIM_PANEL_ON || p->power == SIM_PANEL_BOOTING)
            return 0;
        /* From standby the system is up already: only the picture comes on. */
        int64_t boot = sim_trait_duration(d, "boot", 8 * LEC_SEC);
        p->until = sim_model_now(d->sim) + (p->power == SIM_PANEL_STANDBY ? boot / 8 : boot);
        p->power = SIM_PANEL_BOOTING;
        sim_wake(d, p->until);
        return 0;
    }
    if (strcmp(wanted, "booting") == 0)
        return LEC_E_RANGE;
    p->power = strcmp(wanted, "off") == 0 ? SIM_PANEL_OFF : SIM_PANEL_STANDBY;
    p->freeze = p->picture_mute = false;
    return 0;
}

static int set(struct sim_device *d, const struct sim_field *f, const struct lec_value *v)
{
    struct sim_panel *p = d->state;
    if (f->offset == AT(power))
        return set_power(d, p, v->s);
    bool wants_picture = f->offset == AT(input) || f->offset == AT(volume) || f->offset == AT(audio_mute) ||
                         f->offset == AT(picture_mute) || f->offset == AT(freeze) || f->offset == AT(brightness) ||
                         f->offset == AT(contrast);
    if (wants_picture && p->power != SIM_PANEL_ON)
        return LEC_E_BUSY;
    sim_field_put(f, p, v);
    return 0;
}

static double watts(const struct sim_device *d)
{
    const struct sim_panel *p = d->state;
    if (p->power != SIM_PANEL_ON)
        return p->power == SIM_PANEL_BOOTING ? 120 : 0.5;
    return p->picture_mute ? 60 : 80 + p->brightness;
}

const struct sim_model sim_model_panel = {
    .name = "panel",
    .size = sizeof(struct sim_panel),
    .fields = fields,
    .start = start,
    .advance = advance,
    .set = set,
    .watts = watts,
};
