/* A board with sensors and a program that prints a line for each sample: what it measures, how often, by which clock.
 * All its experiments run side by side.
 *
 * Traits: form (csv, pairs, names, json, nmea), columns (name:quantity:experiment list; the experiment "wave" is a slow
 * sine around 50), rate (Hz), drift (ppm that its clock is ahead), bits (of its converter), number (yes: each line has
 * the sample's number), header (yes: the first line names the columns).
 *
 * Threads: the loop's. */
#ifndef SIM_MODEL_BOARD_H
#define SIM_MODEL_BOARD_H

#include "models/physics.h"
#include "sim.h"

#define SIM_BOARD_COLUMNS 8
#define SIM_BOARD_EPOCHS  16

struct sim_board_column {
    char name[24], quantity[24];
    bool wave;
    struct physics physics;
};

struct sim_board {
    double rate, drift, noise;
    bool start;        /* set by hand: the experiments begin anew */
    bool reset;        /* set by hand: the board begins anew, with number 0 */
    int samples, lost; /* taken since it began; of them counted, but not sent */
    unsigned bits;
    struct sim_board_column column[SIM_BOARD_COLUMNS];
    size_t n_columns;
};

extern const struct sim_model sim_model_board;

/* Sample `k` of a column, taken at model time t_s, as the board prints it. */
double sim_board_value(const struct sim_board *b, const struct sim_board_column *column, double t_s, uint64_t k);

#endif
