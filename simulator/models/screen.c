#include <math.h>

#include "models/models.h"

static const char *const positions[] = {"up", "down", "moving", "stopped", NULL};

#define AT(member) offsetof(struct sim_screen, member)
static const struct sim_field fields[] = {
    {"position", LEC_ENUM, AT(position), 0, 0, positions},
    {"place", LEC_FLOAT, AT(place), 0, 1, NULL},
    {"motor_up", LEC_BOOL, AT(motor_up), 0, 0, NULL},
    {"motor_down", LEC_BOOL, AT(motor_down), 0, 0, NULL},
    {"at_up", LEC_BOOL, AT(at_up), 0, 0, NULL},
    {"at_down", LEC_BOOL, AT(at_down), 0, 0, NULL},
    {"jammed", LEC_BOOL, AT(jammed), 0, 0, NULL},
    {"jams", LEC_INT, AT(jams), 0, 0, NULL},
    {"reversals", LEC_INT, AT(reversals), 0, 0, NULL},
    {0},
};

static const double least_rest_s = 0.5;

static void look(struct sim_screen *s)
{
    s->at_up = s->place <= 0;
    s->at_down = s->place >= 1;
    bool moves = (s->direction > 0 && !s->at_down) || (s->direction < 0 && !s->at_up);
    s->position = moves        ? SIM_SCREEN_MOVING
                  : s->at_up   ? SIM_SCREEN_UP
                  : s->at_down ? SIM_SCREEN_DOWN
                               : SIM_SCREEN_STOPPED;
}

static void start(struct sim_device *d)
{
    struct sim_screen *s = d->state;
    s->place = sim_trait_number(d, "place", 0);
    s->stopped_at = INT64_MIN / 2;
    look(s);
}

static double travel(struct sim_device *d)
{
    return (double)sim_trait_duration(d, "travel", 18 * LEC_SEC);
}

static void advance(struct sim_device *d, int64_t now)
{
    struct sim_screen *s = d->state;
    int was = s->position;
    if (s->direction != 0) {
        double part = (double)(now - s->seen) / travel(d);
        double place = s->place + s->direction * part;
        /* The end switches cut the motor's current. What is left of rounding is as good as arrived. */
        s->place = place < 1e-9 ? 0 : place > 1 - 1e-9 ? 1 : place;
    }
    s->seen = now;
    look(s);
    if (s->position != was)
        sim_changed(d, "position");
}

/* The relays have changed: what does the motor do now? */
static void drive(struct sim_device *d, struct sim_screen *s)
{
    int64_t now = sim_model_now(d->sim);
    if (s->motor_up && s->motor_down) {
        if (!s->jammed)
            s->jams++;
        s->jammed = true;
    } else if (!s->motor_up && !s->motor_down) {
        s->jammed = false;
    }
    int direction = s->jammed ? 0 : s->motor_down - s->motor_up;
    if (direction == s->direction)
        return;
    if (s->direction != 0) {
        s->last_direction = s->direction;
        s->stopped_at = now;
    }
    double rest = (double)(now - s->stopped_at) / 1e9;
    if (direction != 0 && s->last_direction == -direction && rest < least_rest_s)
        s->reversals++;
    s->direction = direction;
    look(s);
    if (direction != 0)
        sim_wake(d, now + (int64_t)(travel(d) * (direction > 0 ? 1 - s->place : s->place)));
}

static int set(struct sim_device *d, const struct sim_field *f, const struct lec_value *v)
{
    struct sim_screen *s = d->state;
    if (f->offset == AT(position) || f->offset == AT(at_up) || f->offset == AT(at_down))
        return LEC_E_NOTSUP;
    sim_field_put(f, s, v);
    drive(d, s);
    look(s);
    return 0;
}

static double watts(const struct sim_device *d)
{
    const struct sim_screen *s = d->state;
    return s->position == SIM_SCREEN_MOVING ? 140 : 0;
}

const struct sim_model sim_model_screen = {
    .name = "screen",
    .size = sizeof(struct sim_screen),
    .fields = fields,
    .start = start,
    .advance = advance,
    .set = set,
    .watts = watts,
};
