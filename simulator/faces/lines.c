/* What protocols have in common: lines, inputs by code, checksums. */
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"

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

size_t sim_take_line(struct sim_conn *c, const uint8_t *p, size_t n, char terminator,
                     void (*serve)(struct sim_conn *c, struct sim_box *box, char *text))
{
    char text[256];
    ptrdiff_t len = sim_line_length(p, n, terminator);
    if (len < 0)
        return n > sizeof text ? n : 0;
    if (sim_take(c, c->line->boxes, p, (size_t)len + 1)) {
        (void)sim_line_text(p, (size_t)len, text, sizeof text);
        serve(c, c->line->boxes, text);
    }
    return (size_t)len + 1;
}

int sim_set_input(struct sim_device *d, const char *code)
{
    char buf[SIM_TEXT];
    const char *name = sim_name_of(sim_trait_list(d, "inputs"), code, buf);
    return name ? sim_set(d, "input", lec_text(name)) : LEC_E_RANGE;
}

const char *sim_input_code(const struct sim_device *d, const char *trait, const char *name, char buf[SIM_TEXT])
{
    const char *code = sim_code_of(sim_trait_list(d, trait), name, buf);
    return code ? code : "";
}

/* The first n characters as a hexadecimal number, or -1. */
static int64_t hex_number(const char *text, size_t n)
{
    char hex[12];
    int64_t v = -1;
    (void)snprintf(hex, sizeof hex, "0x%.*s", n < 8 ? (int)n : 8, text);
    (void)lec_parse_int(hex, 0, 65535, &v);
    return v;
}

int sim_set_input_number(struct sim_device *d, unsigned code)
{
    for (const char *p = sim_trait_list(d, "inputs"); p && *p && *p != ' ';) {
        size_t n = strcspn(p, ":, "), end = strcspn(p, ", ");
        if (p[n] == ':' && hex_number(p, n) == (int64_t)code) {
            char name[SIM_TEXT];
            lec_copy_utf8(name, sizeof name, p + n + 1, end - n - 1);
            return sim_set(d, "input", lec_text(name));
        }
        p += end + (p[end] == ',');
    }
    return LEC_E_RANGE;
}

unsigned sim_input_number(const struct sim_device *d, const char *name)
{
    char buf[SIM_TEXT];
    const char *code = sim_input_code(d, "inputs", name, buf);
    int64_t v = hex_number(code, strlen(code));
    return v < 0 ? 0 : (unsigned)v;
}

uint8_t sim_sum8(const uint8_t *p, size_t n)
{
    unsigned s = 0;
    for (size_t i = 0; i < n; i++)
        s += p[i];
    return (uint8_t)s;
}

uint8_t sim_xor8(const uint8_t *p, size_t n)
{
    uint8_t x = 0;
    for (size_t i = 0; i < n; i++)
        x ^= p[i];
    return x;
}

uint16_t sim_crc16(const uint8_t *p, size_t n)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (uint16_t)((crc >> 1) ^ 0xA001) : (uint16_t)(crc >> 1);
    }
    return crc;
}

void sim_spoil_last(uint8_t *frame, size_t n)
{
    frame[n - 1] ^= 0x55;
}
