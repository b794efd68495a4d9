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
extern const struct sim_face sim_face_benq;
extern const struct sim_face sim_face_optoma;
extern const struct sim_face sim_face_panasonic;
extern const struct sim_face sim_face_adcp;
extern const struct sim_face sim_face_lg;
extern const struct sim_face sim_face_sharp;
extern const struct sim_face sim_face_extron;
extern const struct sim_face sim_face_shure;
extern const struct sim_face sim_face_yamaha;
extern const struct sim_face sim_face_acer;
extern const struct sim_face sim_face_viewboard;
extern const struct sim_face sim_face_screentech;
extern const struct sim_face sim_face_ezo;
extern const struct sim_face sim_face_nec_projector;
extern const struct sim_face sim_face_nec_display;
extern const struct sim_face sim_face_sony;
extern const struct sim_face sim_face_viewsonic;
extern const struct sim_face sim_face_hitachi;
extern const struct sim_face sim_face_sicp;
extern const struct sim_face sim_face_newline;
extern const struct sim_face sim_face_promethean;
extern const struct sim_face sim_face_kmtronic;
extern const struct sim_face sim_face_go;
extern const struct sim_face sim_face_stream;

/* For text protocols: the length of the first line in n bytes without its terminator, or -1 if it is not whole yet. */
ptrdiff_t sim_line_length(const uint8_t *p, size_t n, char terminator);
/* Copies a line as text without leading and trailing spaces, CR, LF and NUL; returns `out`. */
const char *sim_line_text(const uint8_t *p, size_t n, char *out, size_t size);

/* Takes one line for the line's only box and lets `serve` answer it (text as of sim_line_text, at most 255 bytes; it
 * may be written to). Returns what an input function returns. */
size_t sim_take_line(struct sim_conn *c, const uint8_t *p, size_t n, char terminator,
                     void (*serve)(struct sim_conn *c, struct sim_box *box, char *text));

/* Sets the input that has this code in the trait `inputs`; returns as sim_set, LEC_E_RANGE: there is none. */
int sim_set_input(struct sim_device *d, const char *code);
/* The code of the input `name` in the list of that trait, or "". */
const char *sim_input_code(const struct sim_device *d, const char *trait, const char *name, char buf[SIM_TEXT]);
/* The same for codes that are hexadecimal numbers. */
int sim_set_input_number(struct sim_device *d, unsigned code);
unsigned sim_input_number(const struct sim_device *d, const char *name);

/* Checksums over n bytes: the low byte of their sum; all of them xored. */
uint8_t sim_sum8(const uint8_t *p, size_t n);
uint8_t sim_xor8(const uint8_t *p, size_t n);
/* The CRC of Modbus RTU, which others took over. */
uint16_t sim_crc16(const uint8_t *p, size_t n);
/* For sim_face.spoil where the checksum is the last byte. */
void sim_spoil_last(uint8_t *frame, size_t n);

#endif
