/* One request and its answer, through libmodbus on the line's own descriptor.
 *
 * Each call returns 0, or: LEC_E_TIMEOUT (no answer, or a gateway says that the unit does not answer), LEC_E_LINK,
 * LEC_E_FRAME (bad checksum, another unit, wrong length), LEC_E_BUSY (exceptions 4, 5, 6), LEC_E_NOTSUP (1, 2),
 * LEC_E_REFUSED (3, 7, 8 and unknown ones), LEC_E_CANCELLED. m->exception holds the exception's number, or 0.
 *
 * Late answers. An answer in RTU does not say what it answers, so one that comes after its time-out would be taken
 * for the answer to the next request of the same shape. After a time-out or a garbled answer on RTU:
 *  1. nothing is sent until the longest possible frame would be over, and what came is thrown away;
 *  2. the next request of this device is sent twice. The first answer, whichever request it belongs to, is not
 *     believed; then the line must stay silent for a whole time-out; only the second answer counts. A unit answers in
 *     order, so after that silence nothing old can be on its way.
 * Two reads that must agree would never agree on a meter whose voltage moves, and a request of another shape (another
 * function, another length) is just what cheap sensors ignore without a word, so neither is used. A unit that stays
 * silent costs one time-out a poll, not two: the first of the two requests is then the one that times out. A device that
 * shares its unit with another device of the line checks at once, because the other one cannot know.
 * On TCP each answer bears its request's number; after any doubt the connection is made anew.
 *
 * Blocking: a unit is waited for until the deadline of the exchange, at most 1 s (libmodbus cannot be interrupted, and
 * a stop must be honoured within a second), plus the time that the bytes need at the line's rate. */
#ifndef MODBUS_EXCHANGE_H
#define MODBUS_EXCHANGE_H

#include "device.h"

/* Gives libmodbus its context. Returns 0, LEC_E_NOMEM, LEC_E_CONFIG. */
int mb_context_open(struct modbus *m, struct lec_err *err);
void mb_context_close(struct modbus *m);

/* regs, bits: room for `count`; untouched on failure. A bit is 0 or 1 in a byte. */
int mb_read(struct lec_dev *dev, enum mb_table table, uint16_t addr, uint16_t count, uint16_t *regs, uint8_t *bits,
            struct lec_err *err);
int mb_write_coils(struct lec_dev *dev, uint16_t addr, uint16_t count, bool on, bool single, struct lec_err *err);
int mb_write_registers(struct lec_dev *dev, uint16_t addr, uint16_t count, const uint16_t *regs, bool single,
                       struct lec_err *err);
int mb_write_mask(struct lec_dev *dev, uint16_t addr, uint16_t and_mask, uint16_t or_mask, struct lec_err *err);
/* A request of the function code alone; the answer must be the same frame. RTU only. */
int mb_function(struct lec_dev *dev, uint8_t function, struct lec_err *err);

#endif
