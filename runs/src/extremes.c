/* The least and the greatest of some samples. A file of its own, as release builds compile it with -ffinite-math-only and
 * -fno-signed-zeros (CMakeLists.txt): only then does gcc see a minimum in the comparisons and use vectors. So this code
 * must find NaN by its bits, and its caller must not use `low` and `high` when there is one. */
#include <string.h>

#include "sums.h"
#include "wide.h"

WIDE(bool, extremes, (const double *v, size_t n, double *out), (v, n, out))
{
    double low = v[0], high = v[0];
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t b;
        memcpy(&b, &v[i], 8);
        found |= UINT64_C(0x7FEFFFFFFFFFFFFF) - (b & (UINT64_MAX >> 1)); /* the top bit: not finite */
        low = v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
    }
    out[0] = low;
    out[1] = high;
    return found >> 63 == 0;
}

bool sums_extremes(const double *v, size_t n, double *low, double *high)
{
    double out[2];
    bool finite = extremes(v, n, out);
    *low = out[0];
    *high = out[1];
    return finite;
}
