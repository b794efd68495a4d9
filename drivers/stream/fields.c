#include "fields.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "lectern/driver.h"
#include "lectern/parse.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts spaces and one pair of quotes off both ends. */
static char *trim(char *text)
{
    size_t n = strlen(text);
    while (n > 0 && is_blank(text[n - 1]))
        text[--n] = '\0';
    while (is_blank(*text)) {
        text++;
        n--;
    }
    if (n >= 2 && text[0] == '"' && text[n - 1] == '"') {
        text[n - 1] = '\0';
        text++;
    }
    return text;
}

static bool put(struct fields *out, const char *key, const char *text)
{
    if (out->n == FIELDS_MAX)
        return false;
    out->at[out->n++] = (struct field){.key = key, .text = text};
    return true;
}

/* ---- NMEA --------------------------------------------------------------------------------------------------- */

/* "$body*hh": checks and takes away what is not body. False: the checksum is wrong, or not there and wanted. */
static bool unwrap(const struct form *form, char **line, size_t *n, const char **why)
{
    bool dollar = *n > 0 && **line == '$';
    char *body = *line + dollar;
    size_t len = *n - dollar;
    bool sealed =
        len >= 3 && body[len - 3] == '*' && lec_hex_digit(body[len - 2]) >= 0 && lec_hex_digit(body[len - 1]) >= 0;
    *why = "its checksum is missing";
    if (!sealed && form->checksum)
        return false;
    if (sealed && (dollar || form->checksum)) {
        int sum = 0, told = lec_hex_digit(body[len - 2]) * 16 + lec_hex_digit(body[len - 1]);
        len -= 3;
        for (size_t i = 0; i < len; i++)
            sum ^= (unsigned char)body[i];
        *why = "its checksum is wrong";
        if (sum != told)
            return false;
        body[len] = '\0';
    }
    *line = body;
    *n = len;
    return true;
}

/* ---- Columns and pairs -------------------------------------------------------------------------------------- */

static char separator_of(const struct form *form, const char *line)
{
    static const char candidates[] = ";\t, ";
    if (form->separator)
        return form->separator;
    for (const char *c = candidates; *c; c++)
        if (!(*c == ',' && form->decimal_comma) && strchr(line, *c))
            return *c;
    return form->decimal_comma ? ';' : ',';
}

static bool columns(const struct form *form, char *line, struct fields *out)
{
    char separator = separator_of(form, line);
    char *at = line;
    if (separator == ' ') /* any number of them is one */
        at = trim(at);
    for (;;) {
        char *end = strchr(at, separator);
        if (end)
            *end = '\0';
        if (!put(out, NULL, trim(at)))
            return false;
        if (!end)
            return true;
        at = end + 1;
        while (separator == ' ' && *at == ' ')
            at++;
    }
}

static bool ends_pair(const struct form *form, char c)
{
    return c == '\0' || c == ';' || is_blank(c) || (c == ',' && !form->decimal_comma);
}

/* "temp:23.5,hum=40", "temp: 23.5 hum: 40": false when anything is no pair. */
static bool pairs(const struct form *form, char *line, struct fields *out)
{
    char *at = line;
    for (;;) {
        while (*at == ',' || *at == ';' || is_blank(*at))
            at++;
        if (*at == '\0')
            return out->n > 0;
        char *key = at;
        at += strcspn(at, ":=,; \t");
        char *end = at;
        while (is_blank(*at))
            at++;
        if (end == key || (*at != ':' && *at != '='))
            return false;
        *at++ = '\0';
        *end = '\0';
        while (is_blank(*at))
            at++;
        char *text = at;
        while (!ends_pair(form, *at))
            at++;
        bool last = *at == '\0';
        *at = '\0';
        if (!put(out, key, trim(text)))
            return false;
        at += !last;
    }
}

/* The first field is "key:" or "key=", and the key is no number: 12:30:05 is a time. */
static bool looks_like_pairs(const char *line)
{
    size_t n = strcspn(line, ":=,;\t ");
    size_t gap = strspn(line + n, " ");
    return n > 0 && (line[n + gap] == ':' || line[n + gap] == '=') && !strchr("0123456789+-.", line[0]);
}

enum line_kind stream_fields(const struct form *form, char *line, size_t n, struct fields *out, const char **why)
{
    out->n = 0;
    while (n > 0 && (is_blank(line[n - 1]) || line[n - 1] == '\n'))
        n--;
    while (n > 0 && is_blank(*line)) {
        line++;
        n--;
    }
    line[n] = '\0';
    if (n == 0 || *line == '#')
        return LINE_NOTHING;
    *why = "it has bytes that are no text";
    if (memchr(line, '\0', n) || !lec_is_utf8(line, n))
        return LINE_BAD;
    if (!unwrap(form, &line, &n, why))
        return LINE_BAD;
    if (form->prefix) {
        size_t len = strlen(form->prefix);
        if (strncmp(line, form->prefix, len) != 0)
            return LINE_NOTHING;
        line += len;
        n -= len;
    }
    enum format format = form->format;
    if (format == FORMAT_AUTO)
        format = *line == '{' ? FORMAT_JSON : looks_like_pairs(line) ? FORMAT_PAIRS : FORMAT_CSV;
    bool good = false;
    switch (format) {
    case FORMAT_JSON:
        *why = "it is no JSON object";
        good = stream_json(line, n, out);
        break;
    case FORMAT_PAIRS:
        *why = "it is no list of key:value";
        good = pairs(form, line, out);
        break;
    case FORMAT_CSV:
    case FORMAT_AUTO:
        *why = "it has too many fields";
        good = columns(form, line, out);
        break;
    }
    return good ? LINE_FIELDS : LINE_BAD;
}

/* ---- Numbers ------------------------------------------------------------------------------------------------ */

bool stream_number(const struct form *form, const char *text, double *out)
{
    static const char *const none[] = {"nan", "+nan", "-nan", "inf", "+inf", "-inf", "infinity", "ovf", "null"};
    char number[48];
    if (*text == '\0') {
        *out = (double)NAN;
        return true;
    }
    size_t n = strlen(text);
    if (n >= sizeof number)
        return false;
    memcpy(number, text, n + 1);
    char *comma = form->decimal_comma ? strchr(number, ',') : NULL;
    if (comma && strchr(number, '.'))
        return false; /* 1.234,5: thousands are not guessed at */
    if (comma)
        *comma = '.';
    if (lec_parse_float(number, out) == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        if (strcasecmp(text, none[i]) == 0) {
            *out = (double)NAN;
            return true;
        }
    bool truth = strcasecmp(text, "true") == 0;
    if (!truth && strcasecmp(text, "false") != 0)
        return false;
    *out = truth;
    return true;
}
