/* Boards that print a line for each sample. Source: lab-protocols.md 3.2 (forms, NMEA checksum) and 5 (a serial line at
 * memory speed). They sample by their own clock (trait drift, in ppm), which the simulator's speed does not change; the
 * experiments before them it does.
 *
 * A line "R100" sets the rate in Hz. Faults besides the usual: lost (a line is counted, but not sent), disconnect. A
 * board that is plugged in, or reset by hand, begins anew after 300 ms. Not covered: resets by DTR. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/member.h"
#include "lectern/parse.h"
#include "models/board.h"

#define BOOT_NS   (300 * LEC_MS)
#define LINES_MAX 512 /* printed in one go; a board that was kept from printing for longer is behind for longer */
#define TELL_MAX  1000

enum form { CSV, PAIRS, NAMES, JSON, NMEA };

/* From sample k on, this was its rate. */
struct epoch {
    uint64_t k;
    double at_ns, interval_ns;
};

struct printer {
    struct sim_box *box;
    struct loop_timer timer;
    enum form form;
    bool number, header;
    uint64_t k; /* the next sample */
    struct epoch epoch[SIM_BOARD_EPOCHS];
    size_t n_epochs;
};

struct text {
    char at[1024];
    size_t n;
};

static struct sim_board *board(const struct printer *p)
{
    return p->box->devices->state;
}

static void add(struct text *t, const char *fmt, ...) LEC_PRINTF(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(t->at + t->n, sizeof t->at - t->n, fmt, ap);
    va_end(ap);
    t->n += n > 0 && (size_t)n < sizeof t->at - t->n ? (size_t)n : 0;
}

/* ---- When ------------------------------------------------------------------------------------------------------ */

static double time_of(const struct printer *p, uint64_t k)
{
    const struct epoch *e = &p->epoch[p->n_epochs - 1];
    while (e > p->epoch && e->k > k)
        e--;
    return e->at_ns + ((double)k - (double)e->k) * e->interval_ns;
}

static double model_s(const struct printer *p, uint64_t k)
{
    struct loop *l = p->box->sim->loop;
    return ((double)loop_model_now(l) + (time_of(p, k) - (double)loop_now(l)) * loop_speed(l)) / 1e9;
}

/* The rate or the drift has changed: from the next sample on. */
static void new_epoch(struct printer *p, double at_ns)
{
    if (p->n_epochs == SIM_BOARD_EPOCHS)
        memmove(&p->epoch[0], &p->epoch[1], --p->n_epochs * sizeof p->epoch[0]);
    p->epoch[p->n_epochs++] =
        (struct epoch){.k = p->k, .at_ns = at_ns, .interval_ns = 1e9 / board(p)->rate / (1 + board(p)->drift / 1e6)};
}

static void schedule(struct printer *p)
{
    loop_timer_set(p->box->sim->loop, &p->timer, (int64_t)ceil(time_of(p, p->k)));
}

static void boot(struct printer *p)
{
    p->k = 0;
    p->n_epochs = 0;
    board(p)->rate = sim_trait_number(p->box->devices, "rate", board(p)->rate); /* what it was told is forgotten */
    board(p)->samples = board(p)->lost = 0;
    new_epoch(p, (double)(loop_now(p->box->sim->loop) + BOOT_NS));
    schedule(p);
}

/* ---- What ------------------------------------------------------------------------------------------------------ */

static void print_header(const struct printer *p, struct text *t)
{
    const struct sim_board *b = board(p);
    if (p->number)
        add(t, "n,");
    for (size_t i = 0; i < b->n_columns; i++)
        add(t, "%s%s", b->column[i].name, i + 1 < b->n_columns ? "," : "\r\n");
}

static void print_nmea(struct text *t, uint64_t k, double value)
{
    struct text body = {.n = 0};
    add(&body, "STEM,T,%" PRIu64 ",%.2f", k, value);
    add(t, "$%s*%02X\r\n", body.at, sim_xor8((const uint8_t *)body.at, body.n));
}

static void print_line(const struct printer *p, struct text *t, uint64_t k)
{
    const struct sim_board *b = board(p);
    double at = model_s(p, k);
    if (p->form == NMEA) {
        print_nmea(t, k, sim_board_value(b, &b->column[0], at, k));
        return;
    }
    if (p->number && p->form == CSV)
        add(t, "%" PRIu64 ",", k);
    if (p->number && p->form != CSV)
        add(t, p->form == JSON ? "{\"n\":%" PRIu64 "," : "n:%" PRIu64 ",", k);
    else if (p->form == JSON)
        add(t, "{");
    for (size_t i = 0; i < b->n_columns; i++) {
        const char *name = b->column[i].name, *end = i + 1 < b->n_columns ? "," : "";
        double v = sim_board_value(b, &b->column[i], at, k);
        switch (p->form) {
        case CSV:
            add(t, "%.3f%s", v, end);
            break;
        case PAIRS:
            add(t, "%s:%.3f%s", name, v, end);
            break;
        case NAMES: /* the last one ends below */
            add(t, "%s:%.3f%s", name, v, *end ? "\r\n" : "");
            break;
        case JSON:
            add(t, "\"%s\":%.3f%s", name, v, end);
            break;
        case NMEA:
            break;
        }
    }
    add(t, p->form == JSON ? "}\r\n" : "\r\n");
}

static void tick(void *ctx)
{
    struct printer *p = ctx;
    struct sim_box *box = p->box;
    struct loop *l = box->sim->loop;
    struct sim_board *b = board(p);
    if (sim_fault_use(&box->faults, SIM_DISCONNECT, loop_now(l), NULL)) {
        (void)sim_plug(box->line, false, NULL);
        return;
    }
    for (int i = 0; i < LINES_MAX && time_of(p, p->k) <= (double)loop_now(l); i++, p->k++) {
        struct text t = {.n = 0};
        if (p->k == 0 && p->header)
            print_header(p, &t);
        print_line(p, &t, p->k);
        b->samples++;
        if (sim_fault_use(&box->faults, SIM_LOST, loop_now(l), NULL))
            b->lost++;
        else
            sim_tell(box, t.at, t.n);
    }
    schedule(p);
}

/* ---- The face -------------------------------------------------------------------------------------------------- */

static bool says(const struct sim_device *d, const char *trait, const char *value)
{
    char buf[SIM_TEXT];
    const char *text = sim_trait(d, trait, buf);
    return text && strcmp(text, value) == 0;
}

static int start(struct sim_box *box, struct lec_err *err)
{
    static const char *const forms[] = {"csv", "pairs", "names", "json", "nmea"};
    struct printer *p = box->face;
    p->box = box;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (says(box->devices, "form", forms[i]))
            p->form = (enum form)i;
    p->number = says(box->devices, "number", "yes");
    p->header = says(box->devices, "header", "yes");
    p->timer = (struct loop_timer){.due = tick, .ctx = p};
    if (board(p)->n_columns == 0)
        return lec_fail(err, LEC_E_CONFIG, "a board without columns prints nothing");
    boot(p);
    return 0;
}

static void stop(struct sim_box *box)
{
    struct printer *p = box->face;
    loop_timer_clear(box->sim->loop, &p->timer);
}

static void plugged(struct sim_line *line)
{
    boot(line->boxes->face);
}

static void changed(struct sim_device *d, const char *field)
{
    struct printer *p = d->box->face;
    if (strcmp(field, "reset") == 0 && board(p)->reset) {
        board(p)->reset = false;
        boot(p);
    } else if (strcmp(field, "rate") == 0 || strcmp(field, "drift") == 0) {
        new_epoch(p, time_of(p, p->k));
        schedule(p);
    }
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    double rate;
    (void)c;
    if (text[0] == 'R' && lec_parse_float(text + 1, &rate) == 0 && sim_mood(box, true) == 0)
        (void)sim_set(box->devices, "rate", lec_float(rate));
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return sim_take_line(c, p, n, '\n', command);
}

/* The digits after the last asterisk. */
static void spoil(uint8_t *frame, size_t n)
{
    for (size_t i = n; i >= 2; i--)
        if (frame[i - 2] == '*') {
            frame[i - 1] = frame[i - 1] == '0' ? '1' : '0';
            return;
        }
}

static void samples(struct sim_box *box, uint64_t from, size_t n, struct lec_buf *out)
{
    const struct printer *p = box->face;
    const struct sim_board *b = board(p);
    int64_t wall_us = lec_wall_us(), now = lec_now();
    lec_member_int(out, "next", (int64_t)p->k);
    lec_json_key(out, "samples");
    lec_buf_putc(out, '[');
    for (uint64_t k = from; k < p->k && k - from < n && k - from < TELL_MAX; k++) {
        int64_t at = (int64_t)time_of(p, k);
        lec_json_next(out);
        lec_buf_puts(out, "{\"n\":");
        lec_json_int(out, (int64_t)k);
        lec_member_int(out, "time_ns", at);
        lec_member_int(out, "time_us", wall_us - (now - at) / 1000);
        for (size_t i = 0; i < b->n_columns; i++)
            lec_member_float(out, b->column[i].name, sim_board_value(b, &b->column[i], model_s(p, k), k));
        lec_buf_putc(out, '}');
    }
    lec_buf_putc(out, ']');
}

const struct sim_face sim_face_stream = {
    .name = "stream",
    .box_size = sizeof(struct printer),
    .start = start,
    .stop = stop,
    .input = input,
    .plugged = plugged,
    .changed = changed,
    .spoil = spoil,
    .samples = samples,
};
