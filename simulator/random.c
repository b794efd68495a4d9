/* xoshiro256** and splitmix64 after their description by Blackman and Vigna (public domain algorithms). */
#include "random.h"

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

void sim_random_seed(struct sim_random *r, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++)
        r->s[i] = mix(seed += UINT64_C(0x9E3779B97F4A7C15));
}

uint64_t sim_random_next(struct sim_random *r)
{
    uint64_t *s = r->s;
    uint64_t out = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return out;
}

uint32_t sim_random_below(struct sim_random *r, uint32_t n)
{
    return (uint32_t)(((sim_random_next(r) >> 32) * n) >> 32);
}

double sim_noise(uint64_t seed, uint64_t index)
{
    /* The sum of twelve uniform numbers has deviation 1; two 64-bit words give eight bytes each, and four more. */
    double sum = 0;
    uint64_t x = mix(seed ^ mix(index + UINT64_C(0x9E3779B97F4A7C15)));
    for (unsigned i = 0; i < 12; i++) {
        if (i % 4 == 0)
            x = mix(x + UINT64_C(0x9E3779B97F4A7C15));
        sum += (double)((x >> (16 * (i % 4))) & 0xFFFF) / 65536.0;
    }
    return sum - 6;
}

uint64_t sim_seed_of(uint64_t seed, const char *name)
{
    uint64_t h = seed ^ UINT64_C(0xCBF29CE484222325);
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001B3);
    return mix(h);
}
