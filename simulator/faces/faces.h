/* The protocols. Each face's file opens with its source and what it leaves out.
 *
 * Threads: the loop's. */
#ifndef SIM_FACES_H
#define SIM_FACES_H

#include "sim.h"

extern const struct sim_face sim_face_pjlink;
extern const struct sim_face sim_face_escvp21;
extern const struct sim_face sim_face_modbus;
extern const struct sim_face sim_face_smart;
extern const struct sim_face sim_face_mdc;
extern const struct sim_face sim_face_tesira;
extern const struct sim_face sim_face_visca;
extern const struct sim_face sim_face_lcus;

/* For text protocols: the length of the first line in n bytes without its terminator, or -1 if it is not whole yet. */
ptrdiff_t sim_line_length(const uint8_t *p, size_t n, char terminator);
/* Copies a line as text without leading and trailing spaces, CR, LF and NUL; returns `out`. */
const char *sim_line_text(const uint8_t *p, size_t n, char *out, size_t size);

#endif
