/* What a dialogue with the stage looks like in a test: bytes as hex or text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "unit/sim_stage.h"

static size_t from_hex(const char *text, uint8_t *out, size_t size)
{
    size_t n = 0;
    unsigned high = 16;
    for (; *text; text++) {
        static const char digits[] = "0123456789ABCDEF";
        const char *at = strchr(digits, *text);
        if (!at)
            continue;
        unsigned v = (unsigned)(at - digits);
        if (high == 16) {
            high = v;
        } else {
            assert_true(n < size);
            out[n++] = (uint8_t)(high << 4 | v);
            high = 16;
        }
    }
    return n;
}

static void print_hex(const uint8_t *p, size_t n, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && used + 4 < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%02X", i ? " " : "", p[i]);
}

void stage_hex(struct sim_stage *s, const char *request, const char *want)
{
    uint8_t in[300], out[600];
    char text[1900];
    size_t n = from_hex(request, in, sizeof in);
    n = stage_ask(s, in, n, out, sizeof out);
    print_hex(out, n, text, sizeof text);
    assert_string_equal(text, want);
}

void stage_text(struct sim_stage *s, const char *request, const char *want)
{
    uint8_t out[2048];
    size_t n = stage_ask(s, request, strlen(request), out, sizeof out - 1);
    out[n] = '\0';
    assert_string_equal((const char *)out, want);
}
