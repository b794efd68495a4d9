/* One Modbus unit: registers bound to the fields of the devices that it is.
 *
 * Threads: the loop's. */
#ifndef SIM_MODBUS_UNIT_H
#define SIM_MODBUS_UNIT_H

#include "map.h"

/* What stands behind a cell of the map: a field of a device, or memory. */
struct sim_binding {
    struct sim_device *device;
    const struct sim_field *field; /* NULL: memory */
    uint16_t memory[2];
};

struct sim_modbus_unit {
    const struct sim_map *map;
    struct sim_binding bound[SIM_MAP_CELLS];
};

int sim_modbus_start(struct sim_box *box, struct lec_err *err);
/* Serves a request PDU of n bytes. out: room for 253 bytes. Returns the reply's length; 0: nothing is said. */
size_t sim_modbus_answer(struct sim_box *box, const uint8_t *pdu, size_t n, uint8_t *out);

#endif
