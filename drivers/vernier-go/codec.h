/* Go! packets, commands and memories as bytes: no USB and no device in here.
 *
 * Source: lab-protocols.md 2.1 (Vernier GoIO_SDK). All parsers take foreign bytes and check every bound.
 *
 * Threads: pure functions. */
#ifndef VERNIER_GO_CODEC_H
#define VERNIER_GO_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/calibration.h"

#define GO_VENDOR  0x08F7
#define GO_PACKET  8   /* bytes of every packet, in and out */
#define GO_MEMORY  128 /* bytes of a sensor's memory */
#define GO_FLASH   24  /* bytes of a Go!Link's own correction */
#define GO_SAMPLES 3   /* most in one packet */

enum go_kind { GO_TEMP, GO_LINK, GO_MOTION };

struct go_model {
    enum go_kind kind;
    uint16_t product;
    const char *word, *name; /* in a profile; for people */
    int64_t tick_ns;
    uint32_t ticks, ticks_min, ticks_max; /* between samples: by default, least, most */
};

/* The model of that word or product, or NULL. */
const struct go_model *go_model_named(const char *word);
const struct go_model *go_model_of(uint16_t product);

enum go_command {
    GO_GET_STATUS = 0x10,
    GO_READ_LOCAL = 0x17,
    GO_START = 0x18,
    GO_STOP = 0x19,
    GO_INIT = 0x1A,
    GO_SET_PERIOD = 0x1B,
    GO_SET_LED = 0x1D,
    GO_GET_SERIAL = 0x20,
    GO_READ_REMOTE = 0x27,
    GO_GET_SENSOR = 0x28,
    GO_SET_INPUT = 0x29,
};

enum go_status { GO_NOT_READY = 0x30, GO_NOT_SUPPORTED = 0x31, GO_BAD_PARAMETER = 0x36, GO_BLOCKED = 0x37 };

#define GO_LED_GREEN     0x80
#define GO_LED_ORANGE    0x00
#define GO_FLAG_OVERFLOW 0x40 /* of GET_STATUS */
#define GO_FLAG_BATTERY  0x0C /* Motion */

/* ---- Packets -------------------------------------------------------------------------------------------------- */

enum go_packet_kind { GO_NOISE, GO_MEASUREMENT, GO_REPLY, GO_NOTICE };

struct go_packet {
    enum go_packet_kind kind;
    uint8_t counter;             /* MEASUREMENT: rolls over */
    unsigned n;                  /* MEASUREMENT: samples; REPLY: bytes in data */
    int32_t sample[GO_SAMPLES];  /* counts of the converter; Motion: micrometres */
    bool first, last, bad, init; /* REPLY; bad: data is the command and a status code */
    uint8_t data[GO_PACKET - 1]; /* REPLY */
};

/* Takes a packet apart; what makes no sense becomes NOISE. Returns its kind. */
enum go_packet_kind go_packet_read(enum go_kind kind, const uint8_t *p, size_t n, struct go_packet *out);

/* A command with `n` parameters (at most 7), padded with zeros. */
void go_command_write(enum go_command command, const uint8_t *args, size_t n, uint8_t out[GO_PACKET]);
void go_put_u32(uint8_t *out, uint32_t v);
uint32_t go_get_u32(const uint8_t *p);

/* What a status code means, for people. */
const char *go_status_text(uint8_t status);

/* Puts the packets of one answer together. */
struct go_answer {
    uint8_t command;
    bool begun, done, init;
    bool bad; /* data[0] is the status code */
    size_t n;
    uint8_t data[GO_MEMORY]; /* without the command */
};
/* `command` has just been sent. */
void go_answer_begin(struct go_answer *a, enum go_command command);
/* A REPLY has come. False: it belongs to no answer, or to another one; it changes nothing. */
bool go_answer_take(struct go_answer *a, const struct go_packet *p);

/* ---- A sensor's memory ---------------------------------------------------------------------------------------- */

enum go_checked {
    GO_MEMORY_GOOD,
    GO_MEMORY_UNCHECKED, /* the checksum is wrong, but all of it makes sense: early sensors are so */
    GO_MEMORY_BAD,
};

enum go_input { GO_INPUT_10V = 1, GO_INPUT_5V = 2 }; /* as SET_ANALOG_CHANNEL counts them */

struct go_memory {
    unsigned number; /* of the sensor's type */
    uint32_t serial;
    char name[64], unit[32]; /* UTF-8; the unit as the sensor writes it: "(C)" */
    unsigned equation;
    double a, b, c;
    double least_s, typical_s; /* between samples; 0: not said */
    unsigned warm_s;
    enum go_input input;
};

enum go_checked go_memory_read(const uint8_t p[GO_MEMORY], struct go_memory *out);
/* What is known of a sensor without memory, by the number that its resistor gives. False: nothing. */
bool go_memory_default(unsigned number, struct go_memory *out);
/* What every Go!Temp has, should its memory be lost. */
void go_memory_of_temp(struct go_memory *out);

/* A Go!Link's own correction of its converter. */
struct go_flash {
    bool valid;
    int offset[3]; /* by enum go_input */
    double slope[3];
};
void go_flash_read(const uint8_t p[GO_FLASH], struct go_flash *out);
int32_t go_flash_correct(const struct go_flash *f, enum go_input input, int32_t raw);

/* From counts to what the sensor measures. Returns 0 or LEC_E_NOTSUP (the equation is none of 1, 2, 4, 12). */
int go_calibration(const struct go_memory *m, struct lec_calibration *out, struct lec_err *err);
/* UCUM of a unit as sensors write it, or "". */
const char *go_unit(const char *written);

#endif
