/* Forms: how one value stands in a message. "dec3" is three decimal digits, "u16le" two bytes with the low one first.
 * The same word both writes a value into a request and finds it in a reply.
 *
 * Threads: pure functions. */
#ifndef DIALOGUE_FORM_H
#define DIALOGUE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum dlg_form_kind {
    DLG_DEC,     /* decimal digits */
    DLG_HEX,     /* hexadecimal digits */
    DLG_NUMBER,  /* a decimal number that may have a point */
    DLG_BINARY,  /* 1 to 4 bytes */
    DLG_NIBBLES, /* the low half of each byte, high half zero, most significant first */
    DLG_TEXT,    /* any text, up to what follows it in the pattern */
    DLG_WORD,    /* text without white space */
    DLG_NULS,    /* text filled up with NULs */
};

struct dlg_form {
    enum dlg_form_kind kind;
    uint8_t width;    /* digits or bytes; 0: as many as there are */
    uint8_t decimals; /* NUMBER, when writing; 255: as few as needed */
    bool big, is_signed, lower, spaces;
};

/* A value as the wire has it, before codes and scale. */
struct dlg_raw {
    enum { DLG_RAW_INT, DLG_RAW_FLOAT, DLG_RAW_TEXT } kind;
    int64_t i;
    double f;
    const char *s; /* n bytes, not terminated */
    size_t n;
};

/* Reads a form's name. Returns false if there is none of that name. */
bool dlg_form_parse(const char *word, struct dlg_form *out);
/* The names that dlg_form_parse knows, for error messages. */
#define DLG_FORM_NAMES                                                                                                 \
    "dec, decN, padN, hex, hexN, lhexN, number, fixN, byte, sbyte, u16le, u16be, u24be, u32le, u32be, s16le, s16be, "  \
    "s32le, s32be, nibblesN, snibblesN, text, word, nulN"

/* Whether values of this form are numbers that people write in hexadecimal next to it. */
bool dlg_form_is_hex(const struct dlg_form *form);
bool dlg_form_is_text(const struct dlg_form *form);

/* Writes `raw` into out. Returns the number of bytes, or LEC_E_RANGE if it does not fit the form or the room. */
int dlg_form_put(const struct dlg_form *form, const struct dlg_raw *raw, unsigned char *out, size_t room);

/* How many of the n bytes at `data` are a value of this form, or -1 if none begins there. For TEXT always 0: the
 * pattern decides. */
ssize_t dlg_form_take(const struct dlg_form *form, const unsigned char *data, size_t n);

/* Reads the n bytes that dlg_form_take (or, for TEXT, the pattern) has found. `out` may point into them.
 * Returns 0, or LEC_E_RANGE for a number too large. */
int dlg_form_get(const struct dlg_form *form, const unsigned char *data, size_t n, struct dlg_raw *out);

#endif
