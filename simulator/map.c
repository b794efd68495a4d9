#include "map.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "lectern/paths.h"
#include "models/models.h"

static const struct sim_model *const models[] = {
    &sim_model_screen, &sim_model_lights, &sim_model_relays, &sim_model_sensor, &sim_model_meter, NULL,
};

struct reader {
    struct sim_map *map;
    struct lec_err *err;
};

/* Copies the next word of *p (words are parted by spaces); false at the end. */
static bool next_word(const char **p, char *out, size_t size)
{
    *p += strspn(*p, " \t");
    size_t n = strcspn(*p, " \t");
    if (n == 0)
        return false;
    bool whole = lec_copy_utf8(out, size, *p, n);
    *p += n;
    return whole;
}

static int read_plays(struct sim_map *m, const char *value, struct lec_err *err)
{
    /* "eastron/sdm120* as meter, other/x as sensor" */
    while (*value) {
        char part[96], profile[48], as[8], model[32];
        size_t n = strcspn(value, ",");
        lec_copy_utf8(part, sizeof part, value, n);
        value += n + (value[n] == ',');
        const char *p = part;
        if (!next_word(&p, profile, sizeof profile) || !next_word(&p, as, sizeof as) || strcmp(as, "as") != 0 ||
            !next_word(&p, model, sizeof model) || m->n_plays == SIM_MAP_PLAYS)
            return lec_fail(err, LEC_E_CONFIG, "plays: \"PROFILE as MODEL, ...\" expected, at most %d", SIM_MAP_PLAYS);
        const struct sim_model *found = NULL;
        for (size_t i = 0; models[i]; i++)
            if (strcmp(models[i]->name, model) == 0)
                found = models[i];
        if (!found)
            return lec_fail(err, LEC_E_CONFIG, "there is no model \"%s\"", model);
        struct sim_cast *c = &m->cast[m->n_plays];
        char *keep = m->plays[m->n_plays][0], *traits = m->plays[m->n_plays][1];
        lec_copy_utf8(keep, sizeof m->plays[0][0], profile, strlen(profile));
        if (!next_word(&p, traits, sizeof m->plays[0][1]))
            traits[0] = '\0';
        *c = (struct sim_cast){
            .profile = keep, .driver = "modbus", .face = &sim_face_modbus, .model = found, .traits = traits, .map = m};
        m->n_plays++;
    }
    return 0;
}

static int read_functions(struct sim_map *m, const char *value)
{
    char word[8];
    while (next_word(&value, word, sizeof word)) {
        char hex[12];
        int64_t fc;
        (void)snprintf(hex, sizeof hex, "0x%s", word);
        if (lec_parse_int(hex, 1, 0x42, &fc) < 0)
            return LEC_E_CONFIG;
        if (fc < 32)
            m->functions |= 1U << fc;
        else if (fc == 0x42)
            m->resets_energy = true;
    }
    return 0;
}

static int read_head(struct sim_map *m, const char *name, const char *value, struct lec_err *err)
{
    int64_t v;
    int rc = 0;
    if (strcmp(name, "plays") == 0)
        return read_plays(m, value, err);
    if (strcmp(name, "functions") == 0)
        rc = read_functions(m, value);
    else if (strcmp(name, "max read") == 0 && (rc = lec_parse_int(value, 1, 125, &v)) == 0)
        m->max_read = (uint16_t)v;
    else if (strcmp(name, "all coils") == 0 && (rc = lec_parse_int(value, 0, 65535, &v)) == 0)
        m->all_coils = (int32_t)v;
    else if (strcmp(name, "toggle") == 0)
        rc = lec_parse_bool(value, &m->toggles);
    else if (strcmp(name, "pause") == 0)
        rc = lec_parse_duration(value, &m->pause_ns);
    else if (strcmp(name, "source") != 0 && rc == 0)
        return lec_fail(err, LEC_E_CONFIG, "[map] has no key \"%s\"", name);
    return rc < 0 ? lec_fail(err, LEC_E_CONFIG, "%s: \"%s\" does not fit", name, value) : 0;
}

static const struct {
    const char *name;
    enum sim_cell_type type;
    uint8_t words;
    bool low_first;
} types[] = {
    {"bit", SIM_CELL_BIT, 1, false},    {"u16", SIM_CELL_U16, 1, false},    {"s16", SIM_CELL_S16, 1, false},
    {"u32", SIM_CELL_U32, 2, false},    {"s32", SIM_CELL_S32, 2, false},    {"f32", SIM_CELL_F32, 2, false},
    {"u32-low", SIM_CELL_U32, 2, true}, {"s32-low", SIM_CELL_S32, 2, true}, {"f32-low", SIM_CELL_F32, 2, true},
};

static int read_source(struct sim_cell *c, const char *word)
{
    if (word[0] == '=') {
        c->constant = true;
        int64_t hex;
        if (lec_parse_int(word + 1, 0, UINT32_MAX, &hex) == 0)
            c->initial = (double)hex;
        else if (lec_parse_float(word + 1, &c->initial) < 0)
            return LEC_E_CONFIG;
        return 0;
    }
    const char *slash = strchr(word, '/');
    if (slash)
        lec_copy_utf8(c->model, sizeof c->model, word, (size_t)(slash - word));
    const char *field = slash ? slash + 1 : word;
    return lec_copy_utf8(c->field, sizeof c->field, field, strlen(field)) ? 0 : LEC_E_CONFIG;
}

/* "f32 voltage", "s16 temperature x0.1 missing=0x7FFF", "u16 =1 write", "bit screen/motor_up write" */
static int read_cell(struct sim_map *m, enum sim_space space, const char *name, const char *value, struct lec_err *err)
{
    int64_t addr;
    char word[48];
    if (m->n_cells == SIM_MAP_CELLS)
        return lec_fail(err, LEC_E_CONFIG, "more than %d registers", SIM_MAP_CELLS);
    if (lec_parse_int(name, 0, 65535, &addr) < 0)
        return lec_fail(err, LEC_E_CONFIG, "\"%s\" is not an address", name);
    struct sim_cell *c = &m->cell[m->n_cells];
    *c = (struct sim_cell){.space = space, .addr = (uint16_t)addr, .scale = 1};
    bool bits = space == SIM_COILS || space == SIM_DISCRETE;
    const char *p = value;
    if (!next_word(&p, word, sizeof word))
        word[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(types[i].name, word) == 0 && (types[i].type == SIM_CELL_BIT) == bits) {
            c->type = types[i].type;
            c->words = types[i].words;
            c->low_first = types[i].low_first;
        }
    if (!c->words)
        return lec_fail(err, LEC_E_CONFIG, "\"%s\" is not a type of this table", word);
    if (!next_word(&p, word, sizeof word) || read_source(c, word) < 0)
        return lec_fail(err, LEC_E_CONFIG, "a field or =NUMBER expected after the type");
    while (next_word(&p, word, sizeof word)) {
        int64_t code;
        if (strcmp(word, "write") == 0) {
            c->writable = true;
        } else if (word[0] == 'x' && lec_parse_float(word + 1, &c->scale) == 0 && c->scale > 0) {
            continue;
        } else if (strncmp(word, "missing=", 8) == 0 && lec_parse_int(word + 8, 0, UINT32_MAX, &code) == 0) {
            c->has_missing = true;
            c->missing = (uint32_t)code;
        } else {
            return lec_fail(err, LEC_E_CONFIG, "\"%s\" is not understood", word);
        }
    }
    m->n_cells++;
    return 0;
}

static int pair(void *ctx, const char *section, const char *name, const char *value)
{
    static const char *const spaces[SIM_SPACES] = {"coils", "discrete", "input", "holding"};
    struct reader *r = ctx;
    if (strcmp(section, "map") == 0)
        return read_head(r->map, name, value, r->err) == 0;
    for (int i = 0; i < SIM_SPACES; i++)
        if (strcmp(section, spaces[i]) == 0)
            return read_cell(r->map, (enum sim_space)i, name, value, r->err) == 0;
    (void)lec_fail(r->err, LEC_E_CONFIG, "there is no section [%s]", section);
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct sim_cell *x = a, *y = b;
    if (x->space != y->space)
        return x->space < y->space ? -1 : 1;
    return (int)x->addr - (int)y->addr;
}

static int load(const char *folder, const char *file, struct sim_map **out, struct lec_err *err)
{
    char path[PATH_MAX];
    struct sim_map *m = calloc(1, sizeof *m);
    if (!m)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    lec_copy_utf8(m->name, sizeof m->name, file, strlen(file) - 4);
    m->all_coils = -1;
    m->max_read = 125;
    struct reader r = {m, err};
    int n = snprintf(path, sizeof path, "%s/%s", folder, file);
    int rc = n > 0 && (size_t)n < sizeof path ? ini_parse(path, pair, &r) : -1;
    if (rc == 0) {
        qsort(m->cell, m->n_cells, sizeof m->cell[0], by_place);
        for (size_t i = 1; i < m->n_cells && rc == 0; i++)
            if (m->cell[i].space == m->cell[i - 1].space &&
                m->cell[i].addr < m->cell[i - 1].addr + m->cell[i - 1].words)
                rc = lec_fail(err, LEC_E_CONFIG, "%s: address 0x%04x is taken twice", path, m->cell[i].addr);
    } else if (rc > 0) {
        rc = lec_because(err, "%s:%d", path, rc);
    } else {
        rc = lec_fail(err, LEC_E_CONFIG, "%s cannot be read", path);
    }
    if (rc < 0) {
        free(m);
        return LEC_E_CONFIG;
    }
    m->next = *out;
    *out = m;
    return 0;
}

int sim_maps_load(const char *folder, struct sim_map **out, struct lec_err *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return lec_fail(err, LEC_E_CONFIG, "%s: %s", folder, strerror(errno));
    struct sim_map *maps = NULL;
    int rc = 0;
    for (struct dirent *e; rc == 0 && (e = readdir(dir)) != NULL;) {
        size_t n = strlen(e->d_name);
        if (n > 4 && strcmp(e->d_name + n - 4, ".ini") == 0)
            rc = load(folder, e->d_name, &maps, err);
    }
    closedir(dir);
    if (rc < 0)
        sim_maps_free(&maps);
    else
        *out = maps;
    return rc;
}

void sim_maps_free(struct sim_map **maps)
{
    while (*maps) {
        struct sim_map *next = (*maps)->next;
        free(*maps);
        *maps = next;
    }
}

int sim_maps_folder(char *buf, size_t size, struct lec_err *err)
{
    char program[PATH_MAX];
    const char *set = getenv("LECTERN_MAPS");
    if (set) {
        if ((size_t)snprintf(buf, size, "%s", set) >= size)
            return lec_fail(err, LEC_E_CONFIG, "LECTERN_MAPS is too long");
        return 0;
    }
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n < 0)
        return lec_fail(err, LEC_E_CONFIG, "cannot tell where this program lies; set LECTERN_MAPS");
    program[n] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(program, '/');
        if (slash)
            *slash = '\0';
    }
    if ((size_t)snprintf(buf, size, "%s/share/lectern/maps", program) >= size)
        return lec_fail(err, LEC_E_CONFIG, "the path of the register maps is too long");
    return 0;
}
