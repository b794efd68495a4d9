#include <stdio.h>
#include <string.h>

#include "pjlink.h"

#define LAMPS 8 /* that LAMP can tell of (4.1.9) */

/* What one reply says, by the parts that points take from it. */
struct said {
    struct lec_value value[9]; /* by part; type LEC_NONE: the reply does not have it */
    struct lec_value lit[9];   /* LAMP */
};

void pj_text(const char *in, char out[LEC_TEXT_MAX + 1])
{
    char clean[2 * PJ_LINE] = "";
    size_t n = 0;
    for (; *in && n < sizeof clean / 2 - 1; in++)
        if ((unsigned char)*in >= 0x20 && *in != 0x7f)
            clean[n++] = *in;
    if (!lec_is_utf8(clean, n)) {
        char latin[PJ_LINE];
        size_t len = n < sizeof latin ? n : sizeof latin;
        memcpy(latin, clean, len);
        n = 0;
        for (size_t i = 0; i < len; i++) {
            unsigned char c = (unsigned char)latin[i];
            if (c < 0x80) {
                clean[n++] = (char)c;
            } else if (c >= 0xa0) { /* 0x80 to 0x9f are control characters in Latin-1 */
                clean[n++] = (char)(0xc0 | c >> 6);
                clean[n++] = (char)(0x80 | (c & 0x3f));
            }
        }
    }
    lec_copy_utf8(out, LEC_TEXT_MAX + 1, clean, n);
}

static bool decode_power(const char *reply, struct said *said)
{
    static const char *const states[] = {"off", "on", "cooling", "warming"};
    if (reply[0] < '0' || reply[0] > '3' || reply[1])
        return false;
    said->value[0] = lec_enum(states[reply[0] - '0']);
    return true;
}

/* A code that the profile does not know is published as it is: the framework then says which one came. */
static const char *input_name(const struct pjlink *s, const char *code)
{
    for (size_t i = 0; i < s->n_codes; i++)
        if (strcmp(s->codes[i].code, code) == 0)
            return s->codes[i].name;
    return code;
}

static bool is_code(const char *text)
{
    bool second = (text[0] && text[1] >= '1' && text[1] <= '9') || (text[0] && text[1] >= 'A' && text[1] <= 'Z');
    return text[0] >= '1' && text[0] <= '6' && second;
}

static bool decode_input(struct pjlink *s, const char *reply, struct said *said)
{
    if (!is_code(reply) || reply[2])
        return false;
    memcpy(s->input, reply, 3);
    said->value[0] = lec_enum(input_name(s, reply));
    return true;
}

static bool decode_inputs(const struct pjlink *s, const char *reply, struct said *said)
{
    char text[LEC_TEXT_MAX + 1] = "";
    size_t len = 0;
    for (size_t n = 0; *reply && n < PJ_CODES; n++) {
        char code[3] = "";
        if (!is_code(reply) || (reply[2] && reply[2] != ' '))
            return false;
        memcpy(code, reply, 2);
        reply += 2;
        reply += strspn(reply, " ");
        int m = snprintf(text + len, sizeof text - len, "%s%s", n > 0 ? " " : "", input_name(s, code));
        if (m < 0 || (size_t)m >= sizeof text - len) {
            text[len] = '\0'; /* a list too long for a value ends with the last name that fits */
            break;
        }
        len += (size_t)m;
    }
    said->value[0] = lec_text(text);
    return true;
}

/* 10 and 20 should not be answered (4.1.5); where they are, they mean "not muted". */
static bool decode_mute(const char *reply, struct said *said)
{
    if (reply[0] < '1' || reply[0] > '3' || reply[1] < '0' || reply[1] > '1' || reply[2])
        return false;
    bool muted = reply[1] == '1';
    said->value[1] = lec_bool(muted && reply[0] != '2');
    said->value[2] = lec_bool(muted && reply[0] != '1');
    return true;
}

static bool decode_errors(const char *reply, struct said *said)
{
    static const char *const states[] = {"ok", "warning", "error"};
    if (strspn(reply, "012") != 6 || reply[6])
        return false;
    for (size_t i = 0; i < 6; i++)
        said->value[i] = lec_enum(states[reply[i] - '0']);
    return true;
}

static bool decode_number(const char **at, int64_t max, struct lec_value *out)
{
    char digits[8];
    int64_t number;
    size_t n = strspn(*at, "0123456789");
    if (n == 0 || n >= sizeof digits)
        return false;
    memcpy(digits, *at, n);
    digits[n] = '\0';
    if (lec_parse_int(digits, 0, max, &number) < 0)
        return false;
    *at += n;
    *out = lec_int(number);
    return true;
}

/* "hours on hours on ..."; some devices leave the last "on" away. */
static bool decode_lamps(const char *reply, struct said *said)
{
    for (size_t lamp = 1; lamp <= LAMPS; lamp++) {
        struct lec_value lit;
        if (!decode_number(&reply, 99999, &said->value[lamp]))
            return false;
        reply += strspn(reply, " ");
        if (!*reply)
            return true;
        if (!decode_number(&reply, 1, &lit) || (*reply && *reply != ' '))
            return false;
        said->lit[lamp] = lec_bool(lit.i == 1);
        reply += strspn(reply, " ");
        if (!*reply)
            return true;
    }
    return false;
}

static bool decode_count(const char *reply, int64_t max, struct said *said)
{
    return decode_number(&reply, max, &said->value[0]) && !*reply;
}

static bool decode_freeze(const char *reply, struct said *said)
{
    if ((reply[0] != '0' && reply[0] != '1') || reply[1])
        return false;
    said->value[0] = lec_bool(reply[0] == '1');
    return true;
}

/* "-": no signal, "*": a signal that the device does not know (4.2.6). */
static bool decode_signal(const char *reply, struct said *said)
{
    char text[LEC_TEXT_MAX + 1];
    pj_text(reply, text);
    said->value[0] = lec_text(strcmp(text, "-") == 0 ? "none" : strcmp(text, "*") == 0 ? "unknown" : text);
    return true;
}

static bool decode_text(const char *reply, struct said *said)
{
    char text[LEC_TEXT_MAX + 1];
    pj_text(reply, text);
    said->value[0] = lec_text(text);
    return true;
}

static bool decode(struct pjlink *s, enum pj_body body, const char *reply, struct said *said)
{
    switch (body) {
    case PJ_POWR:
        return decode_power(reply, said);
    case PJ_INPT:
        return decode_input(s, reply, said);
    case PJ_AVMT:
        return decode_mute(reply, said);
    case PJ_FREZ:
        return decode_freeze(reply, said);
    case PJ_ERST:
        return decode_errors(reply, said);
    case PJ_LAMP:
        return decode_lamps(reply, said);
    case PJ_FILT:
        return decode_count(reply, 99999, said);
    case PJ_CLSS:
        return decode_count(reply, 9, said);
    case PJ_INST:
        return decode_inputs(s, reply, said);
    case PJ_IRES:
        return decode_signal(reply, said);
    case PJ_RRES:
    case PJ_INNM:
    case PJ_NAME:
    case PJ_INF1:
    case PJ_INF2:
    case PJ_INFO:
    case PJ_SNUM:
    case PJ_SVER:
    case PJ_RLMP:
    case PJ_RFIL:
        return decode_text(reply, said);
    case PJ_SVOL:
    case PJ_MVOL:
    case PJ_BODIES:
        break;
    }
    return false;
}

int pj_publish(struct lec_dev *dev, enum pj_body body, const char *reply, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    struct said said = {0};
    char show[48];
    if (!decode(s, body, reply, &said))
        return lec_fail(err, LEC_E_FRAME, "%s: reply \"%s\" makes no sense", pj_name(body), pj_show(reply, show));
    for (size_t i = 0; i < dev->desc->n_points; i++) {
        const struct pj_item *item = &s->items[i];
        if (item->body != body)
            continue;
        const struct lec_value *value = item->lit ? &said.lit[item->part] : &said.value[item->part];
        if (value->type != LEC_NONE)
            lec_dev_publish(dev, &dev->desc->points[i], value);
        else if (s->due[i])
            lec_dev_drop(dev, &dev->desc->points[i], "the device has no such lamp, or does not tell");
    }
    return 0;
}
