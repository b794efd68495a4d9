/* Register maps of Modbus devices, as data: one INI file each in simulator/maps/, written from the fact sheet and never
 * from a profile, so that a profile's mistake is found. docs/simulator.md is their manual.
 *
 * Threads: loading is pure; maps are constant afterwards. */
#ifndef SIM_MAP_H
#define SIM_MAP_H

#include "cast.h"

enum sim_space { SIM_COILS, SIM_DISCRETE, SIM_INPUT, SIM_HOLDING, SIM_SPACES };
enum sim_cell_type { SIM_CELL_BIT, SIM_CELL_U16, SIM_CELL_S16, SIM_CELL_U32, SIM_CELL_S32, SIM_CELL_F32 };

#define SIM_MAP_CELLS 128
#define SIM_MAP_PLAYS 8

struct sim_cell {
    enum sim_space space;
    uint16_t addr;
    enum sim_cell_type type;
    uint8_t words;  /* registers it takes */
    bool low_first; /* 32 bit: the low word comes first */
    bool writable;
    bool constant; /* no field: memory that starts with `initial` */
    double initial;
    char model[16]; /* "" the first device of the box that has the field */
    char field[24];
    double scale;     /* raw = value / scale */
    bool has_missing; /* what the register says when there is no sensor */
    uint32_t missing;
};

struct sim_map {
    char name[48];
    struct sim_cell cell[SIM_MAP_CELLS]; /* by space, then address */
    size_t n_cells;
    uint32_t functions; /* bit n: function code n (0 to 31) */
    bool resets_energy; /* function code 42 */
    bool toggles;       /* FC05 with 5500 toggles */
    int32_t all_coils;  /* FC05 at this address is for all coils; -1: none */
    uint16_t max_read;
    int64_t pause_ns;
    char plays[SIM_MAP_PLAYS][2][48]; /* the text of each row of `cast`: profile, traits */
    struct sim_cast cast[SIM_MAP_PLAYS];
    size_t n_plays;
    struct sim_map *next;
};

/* All maps of a folder. A bad one ends it: LEC_E_CONFIG with file and line. *out is given. */
int sim_maps_load(const char *folder, struct sim_map **out, struct lec_err *err);
void sim_maps_free(struct sim_map **maps);
/* Where the maps of this installation lie: $LECTERN_MAPS, else <prefix>/share/lectern/maps. Returns 0 or LEC_E_CONFIG. */
int sim_maps_folder(char *buf, size_t size, struct lec_err *err);

#endif
