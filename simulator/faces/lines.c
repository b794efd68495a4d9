/* What text protocols have in common. */
#include <string.h>

#include "faces/faces.h"

ptrdiff_t sim_line_length(const uint8_t *p, size_t n, char terminator)
{
    const uint8_t *end = memchr(p, terminator, n);
    return end ? end - p : -1;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\r' || c == '\n' || c == '\0';
}

const char *sim_line_text(const uint8_t *p, size_t n, char *out, size_t size)
{
    while (n > 0 && is_blank(p[0])) {
        p++;
        n--;
    }
    while (n > 0 && is_blank(p[n - 1]))
        n--;
    size_t used = 0;
    for (size_t i = 0; i < n && used + 1 < size; i++)
        if (p[i] != '\0')
            out[used++] = (char)p[i];
    out[used] = '\0';
    return out;
}
