/* Atlas Scientific EZO-pH over a serial line. Source: lab-protocols.md 3.5. From the factory it sends a reading each
 * second until it is told not to. Not covered: sleep, baud, plock, I2C. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

static const int64_t reading_ns = 900 * LEC_MS, other_ns = 300 * LEC_MS, every_ns = LEC_SEC;

struct probe {
    struct sim_box *box;
    struct loop_timer timer;
    double compensation;
    int calibrated;
};

static void reading(struct sim_box *box, char *out, size_t size)
{
    const struct sim_sensor *s = sim_view(box->devices);
    (void)snprintf(out, size, "%.3f\r", s->ph);
}

static void tick(void *ctx)
{
    struct probe *p = ctx;
    struct loop *l = p->box->sim->loop;
    char text[32];
    reading(p->box, text, sizeof text);
    sim_tell(p->box, text, strlen(text));
    loop_timer_set_model(l, &p->timer, loop_model_now(l) + every_ns);
}

static int start(struct sim_box *box, struct lec_err *err)
{
    struct probe *p = box->face;
    (void)err;
    p->box = box;
    p->compensation = 25;
    p->timer = (struct loop_timer){.due = tick, .ctx = p, .model = true};
    loop_timer_set_model(box->sim->loop, &p->timer, loop_model_now(box->sim->loop) + every_ns);
    return 0;
}

static void stop(struct sim_box *box)
{
    struct probe *p = box->face;
    loop_timer_clear(box->sim->loop, &p->timer);
}

static void say(struct sim_conn *c, struct sim_box *box, const char *text, int64_t after)
{
    sim_answer_later(c, box, text, strlen(text), after);
}

static void continuous(struct probe *p, bool on)
{
    struct loop *l = p->box->sim->loop;
    loop_timer_clear(l, &p->timer);
    if (on)
        loop_timer_set_model(l, &p->timer, loop_model_now(l) + every_ns);
}

static bool calibrate(struct probe *p, const char *what)
{
    static const char *const words[] = {"clear", "mid,", "low,", "high,"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strncasecmp(what, words[i], strlen(words[i])) == 0) {
            p->calibrated = i == 0 ? 0 : p->calibrated < (int)i ? (int)i : p->calibrated;
            return true;
        }
    return false;
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    struct probe *p = box->face;
    char out[64] = "";
    double t;
    int64_t after = other_ns;
    bool good = true;
    if (sim_mood(box, true) != 0) {
        say(c, box, "*ER\r", after);
        return;
    }
    if (strcasecmp(text, "R") == 0) {
        reading(box, out, sizeof out);
        after = reading_ns;
    } else if (strcasecmp(text, "I") == 0) {
        (void)snprintf(out, sizeof out, "?I,pH,2.13\r");
    } else if (strcasecmp(text, "Status") == 0) {
        (void)snprintf(out, sizeof out, "?STATUS,P,5.038\r");
    } else if (strcasecmp(text, "Slope,?") == 0) {
        (void)snprintf(out, sizeof out, "?SLOPE,99.7,100.3,-0.89\r");
    } else if (strcasecmp(text, "C,?") == 0) {
        (void)snprintf(out, sizeof out, "?C,%d\r", p->timer.slot != 0);
    } else if (strcasecmp(text, "C,0") == 0 || strcasecmp(text, "C,1") == 0) {
        continuous(p, text[2] == '1');
    } else if (strcasecmp(text, "T,?") == 0) {
        (void)snprintf(out, sizeof out, "?T,%.1f\r", p->compensation);
    } else if (strncasecmp(text, "T,", 2) == 0) {
        good = lec_parse_float(text + 2, &t) == 0;
        p->compensation = good ? t : p->compensation;
    } else if (strcasecmp(text, "Cal,?") == 0) {
        (void)snprintf(out, sizeof out, "?CAL,%d\r", p->calibrated);
    } else if (strncasecmp(text, "Cal,", 4) == 0) {
        good = calibrate(p, text + 4);
        after = reading_ns;
    } else if (strcasecmp(text, "Find") != 0) {
        good = false;
    }
    if (*out)
        say(c, box, out, after);
    say(c, box, good ? "*OK\r" : "*ER\r", after);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return sim_take_line(c, p, n, '\r', command);
}

const struct sim_face sim_face_ezo = {
    .name = "ezo", .box_size = sizeof(struct probe), .start = start, .stop = stop, .input = input};
