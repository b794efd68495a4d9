/* Conversations of Modbus tests, written as they stand in manuals:
 *
 *     play(&b, "> 01 04 00 00 00 02 71 CB",     the driver sends exactly this
 *              "< 01 04 04 43 66 19 9A 85 E4",  the unit answers this
 *              "> 01 03 00 00 00 01 +",         + stands for the checksum
 *              "wait 80",                       the unit says nothing for 80 ms
 *              "close", NULL);
 *
 * Threads: the test's; what is played lives until the next play. */
#ifndef LECTERN_TEST_MODBUS_WIRE_H
#define LECTERN_TEST_MODBUS_WIRE_H

#include "driver/bench.h"

#define RTU_LINE "modbus+rtu+pty:///dev/pts/99?baud=115200&slave=1"
#define TCP_LINE "modbus+tcp://127.0.0.1:502?slave=3"

#define WIRE_TURNS 64
#define WIRE_BYTES 300

/* Starts the conversation and opens the device. Aborts on a line that it does not understand. */
void wire_play(struct lec_bench *b, ...);

/* CRC-16 as the serial line has it, written anew here so that it shares no mistake with the driver or libmodbus. */
uint16_t wire_crc(const uint8_t *data, size_t n);

#endif
