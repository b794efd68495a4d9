#include "lectern/clock.h"

#include <limits.h>
#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t fake_ns = -1;
static _Atomic int64_t fake_wall_us;

int64_t lec_now(void)
{
    int64_t fake = atomic_load_explicit(&fake_ns, memory_order_relaxed);
    if (fake >= 0)
        return fake;
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * LEC_SEC + ts.tv_nsec;
}

int64_t lec_wall_us(void)
{
    if (atomic_load_explicit(&fake_ns, memory_order_relaxed) >= 0)
        return atomic_load(&fake_wall_us);
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int lec_ms_until(int64_t deadline)
{
    if (deadline == LEC_NEVER)
        return -1;
    int64_t left = deadline - lec_now();
    if (left <= 0)
        return 0;
    int64_t ms = (left + LEC_MS - 1) / LEC_MS;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

void lec_clock_fake(int64_t ns, int64_t wall_us)
{
    atomic_store(&fake_wall_us, wall_us);
    atomic_store(&fake_ns, ns);
}
