/* One box of the simulator with a connection whose other end is the test: bytes in, bytes out, a clock that the test
 * moves. */
#ifndef SIM_STAGE_H
#define SIM_STAGE_H

#include "cast.h"
#include "sim.h"

#define STAGE_DEVICES 4

struct sim_stage {
    struct sim sim;
    struct lec_room room;
    struct lec_line desc_line;
    struct lec_device desc[STAGE_DEVICES];
    struct sim_device devices[STAGE_DEVICES];
    struct sim_cast cast[STAGE_DEVICES];
    struct sim_line line;
    struct sim_conn *conn;
    int end;       /* the test's end of the connection */
    int64_t clock; /* monotonic ns, fake */
    struct lec_key keys[1];
};

/* The device `name` at `address` with this face, model and traits (and `map` for Modbus). `serial`: a tty, else TCP.
 * Devices added to the same address are one box if the face says so. */
void stage_open(struct sim_stage *s, bool serial);
struct sim_device *stage_add(struct sim_stage *s, const char *name, int address, const struct sim_face *face,
                             const struct sim_model *model, const struct sim_map *map, const char *traits);
/* Starts the boxes and connects. `password`: of the first device; NULL: none. */
void stage_connect(struct sim_stage *s, const char *password);
void stage_close(struct sim_stage *s);

/* Lets time pass; what is due happens at its time. */
void stage_pass(struct sim_stage *s, int64_t ns);
/* Sends, serves, and reads what came back at once into `out`; returns its length. */
size_t stage_ask(struct sim_stage *s, const void *data, size_t n, uint8_t *out, size_t size);
/* "01 04 00" to bytes and back; the answer must be exactly `want` ("" for none). */
void stage_hex(struct sim_stage *s, const char *request, const char *want);
/* The same for text. */
void stage_text(struct sim_stage *s, const char *request, const char *want);
/* A fault on the first device's box. */
void stage_fault(struct sim_stage *s, enum sim_fault_kind kind, int64_t ms, int64_t count);
/* The first device reports this constant. */
void stage_lie(struct sim_stage *s, const char *point, double value);

#endif
