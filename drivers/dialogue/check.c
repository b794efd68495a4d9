#include "check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lectern/err.h"
#include "lectern/parse.h"

static const struct {
    const char *name;
    enum dlg_check_kind kind;
} kinds[] = {
    {"sum8", DLG_SUM8}, {"xor8", DLG_XOR8}, {"or8", DLG_OR8}, {"neg8", DLG_NEG8}, {"crc16", DLG_CRC16},
};

/* Cuts the next word off *text into word[size]; false at the end or when it is too long. */
static bool next_word(const char **text, char *word, size_t size)
{
    *text += strspn(*text, " ");
    size_t n = strcspn(*text, " ");
    if (n == 0 || n >= size)
        return false;
    memcpy(word, *text, n);
    word[n] = '\0';
    *text += n;
    return true;
}

const char *dlg_check_parse(const char *text, struct dlg_check *out)
{
    struct dlg_check c = {.kind = DLG_CHECK_NONE};
    char word[16];
    if (!next_word(&text, word, sizeof word))
        return "no checksum named; expected sum8, xor8, or8, neg8 or crc16";
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(word, kinds[i].name) == 0)
            c.kind = kinds[i].kind;
    if (c.kind == DLG_CHECK_NONE)
        return "unknown checksum; expected sum8, xor8, or8, neg8 or crc16";
    while (next_word(&text, word, sizeof word)) {
        int64_t n;
        if (strcmp(word, "big") == 0) {
            c.big = true;
        } else if (strcmp(word, "little") == 0) {
            c.big = false;
        } else if (strcmp(word, "whole") == 0) {
            c.whole = true;
        } else if (strcmp(word, "hex") == 0) {
            c.text = true;
        } else if (strcmp(word, "skip") == 0) {
            if (!next_word(&text, word, sizeof word) || lec_parse_int(word, 0, 64, &n) < 0)
                return "\"skip\" takes a number of bytes, 0 to 64";
            c.skip = (uint8_t)n;
        } else {
            return "a checksum may be followed by: skip N, big, little, whole, hex";
        }
    }
    if (text[strspn(text, " ")] != '\0')
        return "a checksum may be followed by: skip N, big, little, whole, hex";
    *out = c;
    return NULL;
}

static size_t binary_width(const struct dlg_check *check)
{
    return check->kind == DLG_CHECK_NONE ? 0 : check->kind == DLG_CRC16 ? 2 : 1;
}

size_t dlg_check_width(const struct dlg_check *check)
{
    return check->text ? 2 * binary_width(check) : binary_width(check);
}

static uint16_t step(enum dlg_check_kind kind, uint16_t sum, unsigned char byte)
{
    switch (kind) {
    case DLG_CHECK_NONE:
        return 0;
    case DLG_SUM8:
    case DLG_NEG8:
        return (uint8_t)(sum + byte);
    case DLG_XOR8:
        return sum ^ byte;
    case DLG_OR8:
        return sum | byte;
    case DLG_CRC16:
        sum ^= byte;
        for (int bit = 0; bit < 8; bit++)
            sum = (uint16_t)(sum & 1 ? sum >> 1 ^ 0xA001 : sum >> 1);
        return sum;
    }
    return 0;
}

static void compute(const struct dlg_check *check, const unsigned char *message, size_t n, size_t at,
                    unsigned char out[static 4])
{
    uint16_t sum = check->kind == DLG_CRC16 ? 0xFFFF : 0;
    size_t width = dlg_check_width(check), end = check->whole ? n : at;
    for (size_t i = check->skip; i < end; i++)
        sum = step(check->kind, sum, i >= at && i < at + width ? 0 : message[i]);
    if (check->kind == DLG_NEG8)
        sum = (uint8_t)(0 - sum);
    unsigned char bytes[2] = {(unsigned char)sum, 0};
    if (check->kind == DLG_CRC16) {
        bytes[check->big] = (unsigned char)sum;
        bytes[!check->big] = (unsigned char)(sum >> 8);
    }
    if (!check->text) {
        memcpy(out, bytes, sizeof bytes);
        return;
    }
    for (size_t i = 0; i < binary_width(check); i++) {
        char two[3];
        snprintf(two, sizeof two, "%02X", bytes[i]);
        memcpy(out + 2 * i, two, 2);
    }
}

void dlg_check_put(const struct dlg_check *check, unsigned char *message, size_t n, size_t at)
{
    unsigned char bytes[4] = {0};
    compute(check, message, n, at, bytes);
    memcpy(message + at, bytes, dlg_check_width(check));
}

bool dlg_check_good(const struct dlg_check *check, const unsigned char *message, size_t n, size_t at)
{
    unsigned char bytes[4] = {0};
    compute(check, message, n, at, bytes);
    if (check->text) /* devices differ in the case of their digits */
        return strncasecmp((const char *)message + at, (const char *)bytes, dlg_check_width(check)) == 0;
    return memcmp(message + at, bytes, dlg_check_width(check)) == 0;
}
