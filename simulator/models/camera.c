#include <math.h>
#include <string.h>

#include "models/models.h"

static const char *const powers[] = {"off", "starting", "on", NULL};

#define AT(member) offsetof(struct sim_camera, member)
static const struct sim_field fields[] = {
    {"power", LEC_ENUM, AT(power), 0, 0, powers},
    {"zoom", LEC_FLOAT, AT(zoom), 0, 0x4000, NULL},
    {"pan", LEC_FLOAT, AT(pan), 0, 0, NULL},
    {"tilt", LEC_FLOAT, AT(tilt), 0, 0, NULL},
    {"focus.auto", LEC_BOOL, AT(focus_auto), 0, 0, NULL},
    {"preset", LEC_INT, AT(preset), 0, 0, NULL},
    {"moving", LEC_BOOL, AT(moving), 0, 0, NULL},
    {0},
};

/* Ends of the way, in the camera's own steps, and how fast it goes there at full speed. */
static const double pan_end = 2448, tilt_low = -432, tilt_high = 1296, zoom_end = 0x4000;
static const double full_speed = 1400, zoom_full_speed = 5000;

static void start(struct sim_device *d)
{
    struct sim_camera *c = d->state;
    c->focus_auto = true;
    c->preset = -1;
}

static double limit(double v, double low, double high)
{
    return fmin(fmax(v, low), high);
}

/* One axis: towards its goal at `speed`, or on and on with it while driven. */
static void move(double *at, double goal, double speed, bool driven, double dt)
{
    double way = goal - *at;
    if (driven)
        *at += speed * dt;
    else if (fabs(way) <= fabs(speed) * dt)
        *at = goal;
    else
        *at += (way > 0 ? 1 : -1) * fabs(speed) * dt;
}

static bool arrived(const struct sim_camera *c)
{
    return !c->driven && !c->zoom_driven && c->pan == c->pan_goal && c->tilt == c->tilt_goal && c->zoom == c->zoom_goal;
}

static void advance(struct sim_device *d, int64_t now)
{
    struct sim_camera *c = d->state;
    double dt = (double)(now - c->seen) / 1e9;
    c->seen = now;
    if (c->power == SIM_WARMING && now >= c->until) {
        c->power = SIM_ON;
        sim_changed(d, "power");
    }
    if (c->power == SIM_ON) {
        move(&c->pan, c->pan_goal, c->pan_speed, c->driven, dt);
        move(&c->tilt, c->tilt_goal, c->tilt_speed, c->driven, dt);
        move(&c->zoom, c->zoom_goal, c->zoom_speed, c->zoom_driven, dt);
        c->pan = limit(c->pan, -pan_end, pan_end);
        c->tilt = limit(c->tilt, tilt_low, tilt_high);
        c->zoom = limit(c->zoom, 0, zoom_end);
    }
    c->moving = c->power == SIM_ON && !arrived(c);
}

static int set(struct sim_device *d, const struct sim_field *f, const struct lec_value *v)
{
    struct sim_camera *c = d->state;
    if (f->offset == AT(power)) {
        bool on = strcmp(v->s, "on") == 0;
        if (on && c->power == SIM_OFF) {
            c->power = SIM_WARMING;
            c->until = sim_model_now(d->sim) + sim_trait_duration(d, "boot", 8 * LEC_SEC);
            sim_wake(d, c->until);
        } else if (!on) {
            c->power = SIM_OFF;
            c->driven = c->zoom_driven = false;
        }
        return 0;
    }
    if (c->power != SIM_ON)
        return LEC_E_BUSY;
    if (f->offset == AT(zoom)) {
        c->zoom_driven = false;
        c->zoom_goal = v->f;
        c->zoom_speed = zoom_full_speed;
        return 0;
    }
    if (f->offset == AT(focus_auto)) {
        c->focus_auto = v->b;
        return 0;
    }
    return LEC_E_NOTSUP;
}

/* The moves below follow a sim_set-like rule: nothing while not on. */
static struct sim_camera *ready(struct sim_device *d)
{
    (void)sim_view(d);
    struct sim_camera *c = d->state;
    return c->power == SIM_ON ? c : NULL;
}

int sim_camera_go(struct sim_device *d, double pan, double tilt, double speed)
{
    struct sim_camera *c = ready(d);
    if (!c)
        return LEC_E_BUSY;
    c->driven = false;
    c->pan_goal = limit(pan, -pan_end, pan_end);
    c->tilt_goal = limit(tilt, tilt_low, tilt_high);
    c->pan_speed = c->tilt_speed = full_speed * speed;
    return 0;
}

int sim_camera_drive(struct sim_device *d, double pan_speed, double tilt_speed)
{
    struct sim_camera *c = ready(d);
    if (!c)
        return LEC_E_BUSY;
    c->driven = pan_speed != 0 || tilt_speed != 0;
    c->pan_speed = full_speed * pan_speed;
    c->tilt_speed = full_speed * tilt_speed;
    c->pan_goal = c->pan;
    c->tilt_goal = c->tilt;
    return 0;
}

int sim_camera_zoom(struct sim_device *d, double zoom_speed)
{
    struct sim_camera *c = ready(d);
    if (!c)
        return LEC_E_BUSY;
    c->zoom_driven = zoom_speed != 0;
    c->zoom_speed = zoom_full_speed * zoom_speed;
    c->zoom_goal = c->zoom;
    return 0;
}

int sim_camera_preset(struct sim_device *d, unsigned preset, bool store)
{
    struct sim_camera *c = ready(d);
    if (!c)
        return LEC_E_BUSY;
    if (preset >= SIM_CAMERA_PRESETS)
        return LEC_E_RANGE;
    double *kept = c->kept[preset];
    if (store) {
        kept[0] = c->pan;
        kept[1] = c->tilt;
        kept[2] = c->zoom;
        return 0;
    }
    (void)sim_camera_go(d, kept[0], kept[1], 1);
    c->zoom_driven = false;
    c->zoom_goal = kept[2];
    c->zoom_speed = zoom_full_speed;
    c->preset = (int)preset;
    return 0;
}

static double watts(const struct sim_device *d)
{
    const struct sim_camera *c = d->state;
    return c->power == SIM_OFF ? 0.5 : 14;
}

const struct sim_model sim_model_camera = {
    .name = "camera",
    .size = sizeof(struct sim_camera),
    .fields = fields,
    .start = start,
    .advance = advance,
    .set = set,
    .watts = watts,
};
