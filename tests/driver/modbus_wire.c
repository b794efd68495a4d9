#include "driver/modbus_wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/parse.h"

uint16_t wire_crc(const uint8_t *data, size_t n)
{
    uint16_t crc = 0xFFFF;
    while (n-- > 0) {
        crc = (uint16_t)(crc ^ *data++);
        for (int i = 8; i > 0; i--) {
            bool low = crc & 1;
            crc = (uint16_t)(crc >> 1);
            if (low)
                crc = (uint16_t)(crc ^ 0xA001);
        }
    }
    return crc;
}

static void bad(const char *text)
{
    fprintf(stderr, "modbus_wire: \"%s\" cannot be played\n", text);
    abort();
}

static size_t bytes_of(const char *text, uint8_t *out)
{
    size_t n = 0;
    for (const char *s = text; *s;) {
        char digits[5] = {'0', 'x', 0, 0, 0};
        int64_t v;
        s += strspn(s, " ");
        if (!*s)
            break;
        if (*s == '+' && n + 2 <= WIRE_BYTES) {
            uint16_t crc = wire_crc(out, n);
            out[n++] = (uint8_t)(crc & 0xFF);
            out[n++] = (uint8_t)(crc >> 8);
            s++;
            continue;
        }
        memcpy(digits + 2, s, strnlen(s, 2));
        if (n == WIRE_BYTES || lec_parse_int(digits, 0, 255, &v) < 0)
            bad(text);
        out[n++] = (uint8_t)v;
        s += 2;
    }
    return n;
}

void wire_play(struct lec_bench *b, ...)
{
    static struct lec_turn turns[WIRE_TURNS + 1];
    static uint8_t bytes[WIRE_TURNS][WIRE_BYTES];
    size_t n = 0;
    va_list ap;
    va_start(ap, b);
    lec_bench_finish(b); /* the turns before may still be in use */
    for (const char *text; (text = va_arg(ap, const char *)); n++) {
        if (n == WIRE_TURNS)
            bad(text);
        turns[n] = (struct lec_turn){0};
        int64_t ms;
        size_t len = text[0] == '>' || text[0] == '<' ? bytes_of(text + 1, bytes[n]) : 0;
        if (text[0] == '>')
            turns[n] = (struct lec_turn){.host = (const char *)bytes[n], .host_n = len};
        else if (text[0] == '<')
            turns[n] = (struct lec_turn){.device = (const char *)bytes[n], .device_n = len};
        else if (strncmp(text, "wait ", 5) == 0 && lec_parse_int(text + 5, 1, 5000, &ms) == 0)
            turns[n].pause_ms = (int)ms;
        else if (strcmp(text, "close") == 0)
            turns[n].close = true;
        else
            bad(text);
    }
    va_end(ap);
    turns[n] = (struct lec_turn){0};
    lec_bench_play(b, turns);
    if (lec_bench_open(b) < 0)
        bad(b->err.text);
}
