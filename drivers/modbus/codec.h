/* Where a value lies in a Modbus unit, and how its bits become a value and back.
 *
 * Invariants: everything here is filled by prepare (syntax.c, prepare.c) and constant afterwards; decoding neither
 * allocates nor fails, it gives a value or a reason why there is none.
 *
 * Threads: pure functions.
 * Source: MODBUS Application Protocol 1.1b3, 4.3 (tables) and 6; the orders and odd encodings from devices' manuals. */
#ifndef MODBUS_CODEC_H
#define MODBUS_CODEC_H

#include "lectern/model.h"

/* The four address spaces of a unit. */
enum mb_table { MB_COIL, MB_DISCRETE, MB_HOLDING, MB_INPUT };

/* What the bits of one or more registers mean. */
enum mb_form {
    MB_UNSIGNED,
    MB_SIGNED,    /* two's complement */
    MB_FLOAT,     /* IEEE 754 */
    MB_SIGN10000, /* 16 bits; from 10000 up it is minus what exceeds 10000 */
    MB_SIGNBIT,   /* highest bit is the sign, the others the magnitude */
    MB_TEXT,      /* two bytes a register */
};

#define MB_VALUE_BYTES 8
/* A text longer than a point can hold makes no sense. */
#define MB_TEXT_REGISTERS (LEC_TEXT_MAX / 2)

struct mb_place {
    enum mb_table table;
    uint16_t addr;  /* from 0, as on the wire */
    uint16_t count; /* registers; for coils and discrete inputs, bits */
    enum mb_form form;
    uint8_t bytes;                 /* of a number: 2, 4, 8; of a text: 0 */
    uint8_t order[MB_VALUE_BYTES]; /* order[i]: where on the wire the i-th most significant byte is; text: [0], [1] */
    uint8_t bit, bits;             /* a field of a 16-bit register: its lowest bit and its width; width 0: no field */
};

/* value = (raw * mul + add) / 10^decimals: exact where "times 0.1" is not. */
struct mb_scale {
    int64_t mul, add;
    uint8_t decimals;
};

struct mb_code {
    const char *name;
    uint64_t raw;
    bool any; /* "*": whatever has no name of its own; read only */
};

struct mb_codes {
    struct mb_code *at;
    size_t n;
};

/* A raw value that means "there is no value". */
struct mb_missing {
    uint64_t raw;
    const char *reason;
};

/* How writing is done. */
enum mb_with { MB_SINGLE, MB_MULTIPLE, MB_MASK };

struct mb_codec {
    enum lec_type type;
    bool readable, writable;
    struct mb_place read, write;
    enum mb_with with;
    bool invert; /* bool points: 0 is true */
    struct mb_scale scale;
    struct mb_codes codes;       /* bool and enum points */
    struct mb_codes write_codes; /* empty: the same as `codes` */
    struct mb_missing *missing;
    size_t n_missing;
};

/* Whether a table holds single bits. */
bool mb_is_bits(enum mb_table table);
/* "coil", "discrete", "holding", "input". Static. */
const char *mb_table_name(enum mb_table table);

/* The registers of `place` as one number, most significant byte first. regs: place->count. */
uint64_t mb_gather(const struct mb_place *place, const uint16_t *regs);
/* The inverse; a bit field changes only its own bits of regs[0]. */
void mb_spread(const struct mb_place *place, uint64_t raw, uint16_t *regs);

/* Registers (or bits, one a byte) into a value of the point's type. On success *out is set and true returned; else
 * `reason` says why there is no value ("no probe"). */
bool mb_decode(const struct mb_codec *codec, const uint16_t *regs, struct lec_value *out, char *reason, size_t size);
bool mb_decode_bits(const struct mb_codec *codec, const uint8_t *bits, struct lec_value *out, char *reason,
                    size_t size);

/* A value as the raw number to write (coils: 0 or 1). Returns 0, or LEC_E_RANGE when the place cannot hold it or the
 * choice has no code. Not for text. */
int mb_encode(const struct mb_codec *codec, const struct lec_value *value, uint64_t *raw, struct lec_err *err);
/* A text into registers, filled up with zeros. regs: codec->write.count. Returns 0 or LEC_E_RANGE. */
int mb_encode_text(const struct mb_codec *codec, const struct lec_value *value, uint16_t *regs, struct lec_err *err);

/* The double nearest to the shortest decimal number that names this float: 230.1f gives 230.1, not
 * 230.10000610351562, which is what a person with the meter in hand would call wrong. */
double mb_widen(float f);

#endif
