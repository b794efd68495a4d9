/* What a sensor's memory says, what a Go!Link knows of its own converter, and what both mean. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codec.h"
#include "lectern/err.h"

/* ---- Reading -------------------------------------------------------------------------------------------------- */

static double get_f32(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

/* Latin-1 (a degree sign is B0) up to a NUL, as UTF-8 without control characters and spaces at the end. False: there was a
 * control character. */
static bool get_text(const uint8_t *p, size_t n, char *out, size_t size)
{
    size_t len = 0;
    bool clean = true;
    for (size_t i = 0; i < n && p[i] != 0; i++) {
        if (p[i] < 0x20 || (p[i] >= 0x7F && p[i] < 0xA0)) {
            clean = false;
            continue;
        }
        if (len + 3 > size)
            break;
        if (p[i] >= 0x80)
            out[len++] = (char)(0xC0 | p[i] >> 6);
        out[len++] = (char)(p[i] >= 0x80 ? 0x80 | (p[i] & 0x3F) : p[i]);
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
    return clean;
}

static bool plausible(double v)
{
    return isfinite(v) && fabs(v) < 1e12;
}

enum go_checked go_memory_read(const uint8_t p[GO_MEMORY], struct go_memory *out)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < GO_MEMORY - 1; i++)
        sum ^= p[i];
    size_t page = p[69] <= 2 ? 70 + 19 * (size_t)p[69] : 70;
    *out = (struct go_memory){
        .number = p[1],
        .serial = (uint32_t)p[2] | (uint32_t)p[3] << 8 | (uint32_t)p[4] << 16,
        .least_s = get_f32(go_get_u32(p + 44)),
        .typical_s = get_f32(go_get_u32(p + 48)),
        .warm_s = p[54] | (unsigned)p[55] << 8,
        .input = p[57] == 2 ? GO_INPUT_10V : GO_INPUT_5V,
        .equation = p[58],
        .a = get_f32(go_get_u32(p + page)),
        .b = get_f32(go_get_u32(p + page + 4)),
        .c = get_f32(go_get_u32(p + page + 8)),
    };
    bool clean = get_text(p + 8, 20, out->name, sizeof out->name);
    clean = get_text(p + page + 12, 7, out->unit, sizeof out->unit) && clean;
    bool sane = clean && *out->name && p[69] <= 2 && out->equation >= 1 && out->equation <= 16 && plausible(out->a) &&
                plausible(out->b) && plausible(out->c);
    if (!(out->least_s > 0 && out->least_s < 1e6))
        out->least_s = 0;
    if (!(out->typical_s > 0 && out->typical_s < 1e6))
        out->typical_s = 0;
    /* A memory full of zeros has the right sum too. */
    if (!sane)
        return GO_MEMORY_BAD;
    return sum == p[GO_MEMORY - 1] ? GO_MEMORY_GOOD : GO_MEMORY_UNCHECKED;
}

void go_memory_of_temp(struct go_memory *out)
{
    *out = (struct go_memory){
        .number = 60,
        .name = "Go! Temp",
        .unit = "(C)",
        .equation = 1,
        .a = -256,
        .b = 102.4,
        .typical_s = 0.5,
        .input = GO_INPUT_5V,
    };
}

bool go_memory_default(unsigned number, struct go_memory *out)
{
    static const struct go_memory known[] = {
        {1, 0, "Thermocouple", "(C)", 1, -27.6, 552.6, 0, 0, 0.5, 0, GO_INPUT_5V},
        {2, 0, "Voltage +-10 V", "(V)", 1, 0, 1, 0, 0, 0.1, 0, GO_INPUT_10V},
        {3, 0, "Current +-10 A", "(A)", 1, 0, 1, 0, 0, 0, 0, GO_INPUT_10V},
        {8, 0, "Differential voltage", "(V)", 1, 6.25, -2.5, 0, 0, 0.1, 0, GO_INPUT_5V},
        {9, 0, "Current +-0.6 A", "(A)", 1, 0.625, -0.25, 0, 0, 0.1, 0, GO_INPUT_5V},
        {10, 0, "Stainless steel temperature", "(C)", 12, 1.02119e-3, 2.22468e-4, 1.33342e-7, 0, 0.5, 0, GO_INPUT_5V},
        {11, 0, "Voltage +-30 V", "(V)", 1, 0, 3, 0, 0, 0.1, 0, GO_INPUT_10V},
        {12, 0, "TI light", "", 1, 0.0006, 0.2, 0, 0, 0.05, 0, GO_INPUT_5V},
        {13, 0, "Heart rate", "(V)", 1, 0, 1, 0, 0, 0.02, 1, GO_INPUT_5V},
        {14, 0, "Voltage 0-5 V", "(V)", 1, 0, 1, 0, 0, 0.1, 0, GO_INPUT_5V},
        {15, 0, "EKG", "(mV)", 1, 0, 1, 0, 0, 0.01, 2, GO_INPUT_5V},
        {16, 0, "Extra long temperature", "(C)", 1, -53.073, 58.341, 0, 0, 0.5, 0, GO_INPUT_5V},
        {17, 0, "CO2", "(ppm)", 1, 0, 2000, 0, 0, 4, 90, GO_INPUT_5V},
        {18, 0, "O2", "(%)", 1, 0, 6.769, 0, 0, 1, 2, GO_INPUT_5V},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i].number == number) {
            *out = known[i];
            return true;
        }
    return false;
}

void go_flash_read(const uint8_t p[GO_FLASH], struct go_flash *out)
{
    /* version, signature, week, year, then big-endian: offsets of the +-10 V and the 0-5 V input, their slopes */
    *out = (struct go_flash){.slope = {1, 1, 1}};
    uint32_t slope[2];
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t *s = p + 8 + 4 * (size_t)i;
        slope[i] = (uint32_t)s[0] << 24 | (uint32_t)s[1] << 16 | (uint32_t)s[2] << 8 | s[3];
    }
    double high = get_f32(slope[0]), low = get_f32(slope[1]);
    /* A converter is never wrong by a tenth: such a correction would spoil good values. */
    if (p[1] != 0x9C || !(high > 0.9 && high < 1.1) || !(low > 0.9 && low < 1.1))
        return;
    out->valid = true;
    out->offset[GO_INPUT_10V] = (int16_t)(p[4] << 8 | p[5]);
    out->offset[GO_INPUT_5V] = (int16_t)(p[6] << 8 | p[7]);
    out->slope[GO_INPUT_10V] = high;
    out->slope[GO_INPUT_5V] = low;
}

int32_t go_flash_correct(const struct go_flash *f, enum go_input input, int32_t raw)
{
    return f->valid ? (int32_t)floor((raw + f->offset[input]) * f->slope[input] + 0.5) : raw;
}

/* ---- Meaning -------------------------------------------------------------------------------------------------- */

const char *go_unit(const char *written)
{
    static const struct {
        const char *written, *ucum;
    } units[] = {
        {"C", "Cel"},
        {"\xC2\xB0"
         "C",
         "Cel"},
        {"deg C", "Cel"},
        {"F", "[degF]"},
        {"K", "K"},
        {"V", "V"},
        {"mV", "mV"},
        {"A", "A"},
        {"mA", "mA"},
        {"kPa", "kPa"},
        {"atm", "atm"},
        {"mmHg", "mm[Hg]"},
        {"mm Hg", "mm[Hg]"},
        {"psi", "[psi]"},
        {"N", "N"},
        {"m", "m"},
        {"cm", "cm"},
        {"m/s", "m/s"},
        {"m/s/s", "m/s2"},
        {"m/s^2", "m/s2"},
        {"lux", "lx"},
        {"Lux", "lx"},
        {"%", "%"},
        {"ppm", "[ppm]"},
        {"ppt", "[ppth]"},
        {"pH", "[pH]"},
        {"mg/L", "mg/L"},
        {"mT", "mT"},
        {"NTU", "[NTU]"},
        {"uS/cm", "uS/cm"},
        {"\xC2\xB5S/cm", "uS/cm"},
        {"dB", "dB[SPL]"},
        {"W/m2", "W/m2"},
        {"mL", "mL"},
        {"s", "s"},
        {"Hz", "Hz"},
    };
    char bare[32];
    size_t n = strlen(written);
    const char *from = written;
    if (n >= 2 && from[0] == '(' && from[n - 1] == ')') {
        from++;
        n -= 2;
    }
    if (n >= sizeof bare)
        return "";
    memcpy(bare, from, n);
    bare[n] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcmp(units[i].written, bare) == 0)
            return units[i].ucum;
    return "";
}

int go_calibration(const struct go_memory *m, struct lec_calibration *out, struct lec_err *err)
{
    struct lec_calibration c = {.source = "sensor", .n = 2, .c = {m->a, m->b, m->c}};
    switch (m->equation) {
    case 1:
        c.kind = LEC_CAL_LINEAR;
        break;
    case 2:
        c.kind = LEC_CAL_POLYNOMIAL;
        c.n = 3;
        break;
    case 4:
        c.kind = LEC_CAL_EXPONENTIAL;
        break;
    case 12:
        c.kind = LEC_CAL_STEINHART_HART;
        c.n = 3;
        c.divider_ohm = 15000;
        c.divider_v = 5;
        break;
    default:
        return lec_fail(err, LEC_E_NOTSUP, "the sensor (%s) uses equation %u, which is not known here", m->name,
                        m->equation);
    }
    if (c.n == 2)
        c.c[2] = 0;
    c.scale = m->input == GO_INPUT_10V ? 10.0 / 32768 : 2.5 / 32768;
    c.offset = m->input == GO_INPUT_10V ? 0 : 2.5;
    snprintf(c.unit, sizeof c.unit, "%s", go_unit(m->unit));
    snprintf(c.note, sizeof c.note, "%s%s%s", m->name, *m->unit ? " " : "", m->unit);
    *out = c;
    return 0;
}
