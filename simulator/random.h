/* Random numbers that are the same for the same seed, on every machine.
 *
 * Threads: a generator belongs to its caller; sim_noise is a pure function. */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdint.h>

struct sim_random {
    uint64_t s[4];
};

void sim_random_seed(struct sim_random *r, uint64_t seed);
uint64_t sim_random_next(struct sim_random *r);
/* 0 .. n-1; n: at least 1. */
uint32_t sim_random_below(struct sim_random *r, uint32_t n);

/* About normally distributed with deviation 1, never beyond 6: always the same for the same seed and index, so that a
 * sensor's noise does not depend on how often it is asked. */
double sim_noise(uint64_t seed, uint64_t index);
/* A seed for the thing of that name. */
uint64_t sim_seed_of(uint64_t seed, const char *name);

#endif
