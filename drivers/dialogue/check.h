/* Checksums of messages.
 *
 * Threads: pure functions. */
#ifndef DIALOGUE_CHECK_H
#define DIALOGUE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dlg_check_kind {
    DLG_CHECK_NONE,
    DLG_SUM8, /* the sum's low byte */
    DLG_XOR8,
    DLG_OR8,
    DLG_NEG8,  /* what makes the sum's low byte zero */
    DLG_CRC16, /* CRC-16/MODBUS: polynomial A001 reflected, start FFFF */
};

struct dlg_check {
    enum dlg_check_kind kind;
    uint8_t skip; /* bytes at the start of the message that do not count */
    bool big;     /* CRC16: high byte first */
    bool whole;   /* over the whole message, its own place counted as zeros; else over what stands before it */
    bool text;    /* written as hexadecimal digits */
};

/* Reads "sum8", "xor8 skip 1", "crc16 big whole", "sum8 hex". Returns NULL, or what is wrong with it. */
const char *dlg_check_parse(const char *text, struct dlg_check *out);

/* Bytes that it takes in a message. */
size_t dlg_check_width(const struct dlg_check *check);

/* Writes the checksum of message[n] into its place at `at` (dlg_check_width bytes, inside the message). */
void dlg_check_put(const struct dlg_check *check, unsigned char *message, size_t n, size_t at);
/* Whether the checksum at `at` is right. */
bool dlg_check_good(const struct dlg_check *check, const unsigned char *message, size_t n, size_t at);

#endif
