#include "models/board.h"

#include <math.h>
#include <string.h>

#include "lectern/parse.h"

#define AT(member) offsetof(struct sim_board, member)

static const struct sim_field fields[] = {
    {"rate", LEC_FLOAT, AT(rate), 0.01, 2000, NULL}, {"drift", LEC_FLOAT, AT(drift), -100000, 100000, NULL},
    {"noise", LEC_FLOAT, AT(noise), 0, 100, NULL},   {"start", LEC_BOOL, AT(start), 0, 0, NULL},
    {"reset", LEC_BOOL, AT(reset), 0, 0, NULL},      {"samples", LEC_INT, AT(samples), 0, 0, NULL},
    {"lost", LEC_INT, AT(lost), 0, 0, NULL},         {0},
};

/* The next part of "name:quantity:experiment,..." up to a colon, comma, space or the end. */
static const char *part(const char *at, char *out, size_t size)
{
    size_t n = strcspn(at, ":, ");
    lec_copy_utf8(out, size, at, n);
    return at[n] == ':' ? at + n + 1 : at + n;
}

static void read_columns(struct sim_device *d, struct sim_board *b)
{
    const char *at = sim_trait_list(d, "columns");
    while (at && *at && *at != ' ' && b->n_columns < SIM_BOARD_COLUMNS) {
        struct sim_board_column *c = &b->column[b->n_columns++];
        char experiment[24];
        at = part(at, c->name, sizeof c->name);
        at = part(at, c->quantity, sizeof c->quantity);
        at = part(at, experiment, sizeof experiment);
        at += *at == ',';
        c->wave = !physics_init(&c->physics, experiment, d->seed + b->n_columns);
    }
}

static void start(struct sim_device *d)
{
    struct sim_board *b = d->state;
    b->rate = sim_trait_number(d, "rate", 10);
    b->drift = sim_trait_number(d, "drift", 0);
    b->noise = 1;
    b->bits = (unsigned)sim_trait_number(d, "bits", 12);
    read_columns(d, b);
}

static int set(struct sim_device *d, const struct sim_field *f, const struct lec_value *v)
{
    struct sim_board *b = d->state;
    sim_field_put(f, b, v);
    for (size_t i = 0; i < b->n_columns; i++) {
        b->column[i].physics.noise = b->noise;
        if (b->start)
            physics_restart(&b->column[i].physics, (double)sim_model_now(d->sim) / 1e9);
    }
    b->start = false;
    return 0; /* reset is for the face */
}

double sim_board_value(const struct sim_board *b, const struct sim_board_column *column, double t_s, uint64_t k)
{
    double min, max, value;
    if (column->wave)
        value = 50 + 10 * sin(6.283185307179586 * fmod(t_s, 60) / 60);
    else
        value = physics_sample(&column->physics, column->quantity, t_s, k);
    if (b->bits > 0 && b->bits <= 24 && physics_range(column->quantity, &min, &max))
        value = physics_of_code(physics_code(value, min, max, b->bits), min, max, b->bits);
    return round(value * 1000) / 1000; /* three digits are printed */
}

const struct sim_model sim_model_board = {
    .name = "board", .size = sizeof(struct sim_board), .fields = fields, .start = start, .set = set};
