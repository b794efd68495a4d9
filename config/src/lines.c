#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "lectern/parse.h"
#include "room.h"
#include "tables.h"

/* The settings of a serial port, which are those of the line and not of a device. */
static const char *const settings[] = {"baud", "bits", "parity", "stop", "flow"};
#define N_SETTINGS ARRAY_LEN(settings)

/* What has been said about each setting of a line, and NULL where nothing was. */
struct said {
    const struct lec_key *key[N_SETTINGS];
    const struct lec_device *device[N_SETTINGS];
};

static bool is_serial(enum lec_line_kind kind)
{
    return kind == LEC_LINE_SERIAL || kind == LEC_LINE_PTY;
}

static bool is_setting(const char *name)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (strcmp(settings[i], name) == 0)
            return true;
    return false;
}

static void tell_option(struct lec_diag *d, const struct lec_key *key, const struct lec_schema *schema)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < N_SETTINGS; i++)
        names[n++] = settings[i];
    for (const struct lec_option *row = schema->device_options; row && row->name && n < ARRAY_LEN(names); row++)
        names[n++] = row->name;
    lec_diag_error(d, key->file, key->line, "line: %s is neither a setting of a line nor an option of driver %s%s",
                   lec_shown(key->name).text, schema->name, lec_meant(key->name, names, n).text);
}

/* Takes "baud=9600&slave=3" apart into settings of the line and options of the driver. */
static void take_query(struct lec_room_work *w, struct lec_device_work *work, struct lec_keys *line)
{
    struct lec_diag *d = &w->load->diag;
    struct lec_arena *a = w->load->arena;
    const struct lec_schema *schema = work->profile ? work->profile->schema : NULL;
    size_t max = 1;
    for (const char *p = work->uri.query; *p; p++)
        max += *p == '&';
    struct lec_key *of_line = lec_arena_array(a, max, sizeof *of_line);
    struct lec_key *of_driver = lec_arena_array(a, max, sizeof *of_driver);
    if (!of_line || !of_driver)
        return;
    line->at = of_line;
    work->query.at = of_driver;
    for (const char *p = work->uri.query; *p;) {
        size_t len = strcspn(p, "&");
        size_t name = strcspn(p, "=&");
        struct lec_key key = {.file = work->line_key->file, .line = work->line_key->line};
        key.name = lec_arena_copy(a, p, name);
        key.value = name < len ? lec_arena_copy(a, p + name + 1, len - name - 1) : "";
        p += len + (p[len] == '&');
        if (name == 0 || name >= len) {
            lec_diag_error(d, key.file, key.line,
                           "line: expected NAME=VALUE between \"?\" and \"&\", such as ?baud=9600&slave=3");
            work->broken = true;
            continue;
        }
        if (lec_key_find(line, key.name) || lec_key_find(&work->query, key.name) ||
            lec_key_find(&work->section->rest, key.name)) {
            lec_diag_error(d, key.file, key.line, "line: %s is given twice for this device", lec_shown(key.name).text);
            continue;
        }
        if (is_setting(key.name)) {
            if (!is_serial(work->uri.kind))
                lec_diag_error(d, key.file, key.line, "line: %s is for serial lines only, and this is %s", key.name,
                               lec_line_kind_name(work->uri.kind));
            else if (lec_option_check(d, lec_option_find(lec_profile_line_keys, key.name), &key))
                of_line[line->n++] = key;
            continue;
        }
        const struct lec_option *row = schema ? lec_option_find(schema->device_options, key.name) : NULL;
        if (row ? lec_option_check(d, row, &key) : !schema) {
            of_driver[work->query.n++] = key;
            continue;
        }
        if (!row)
            tell_option(d, &key, schema);
        work->broken = true;
    }
}

/* "tcp, serial" from "tcp|serial". */
static struct lec_piece kinds_listed(const char *lines)
{
    struct lec_piece p;
    size_t n = 0;
    for (; *lines && n + 3 < sizeof p.text; lines++) {
        p.text[n++] = *lines == '|' ? ',' : *lines;
        if (*lines == '|')
            p.text[n++] = ' ';
    }
    p.text[n] = '\0';
    return p;
}

/* Reads the device's address and checks it against its driver. */
static void read_address(struct lec_room_work *w, struct lec_device *dev, struct lec_device_work *work)
{
    struct lec_diag *d = &w->load->diag;
    const struct lec_key *key = work->line_key;
    const struct lec_profile *p = work->profile;
    const struct lec_schema *schema = p ? p->schema : NULL;
    if (!key) {
        if (schema && *schema->lines && !lec_lines_have(schema->lines, LEC_LINE_NONE)) {
            lec_diag_error(d, dev->file, dev->line_no, "[device %s] has no \"line\", expected the address of a %s line",
                           dev->name, kinds_listed(schema->lines).text);
            work->broken = true;
        }
        return;
    }
    uint16_t port = p ? (uint16_t)lec_own_int(lec_profile_line_keys, &p->line, "port") : 0;
    /* Without its profile the port cannot be known: any will do, the room is not going to be used. */
    if (!p || !p->ini)
        port = 1;
    if (!lec_uri_parse(w->load->arena, d, key, key->value, port, &work->uri)) {
        work->broken = true;
        return;
    }
    work->has_uri = true;
    if (!schema)
        return;
    if (*work->uri.driver && strcmp(work->uri.driver, schema->name) != 0) {
        lec_diag_error(d, key->file, key->line,
                       "line: %s:// is for driver %s, and profile %s has driver %s; expected %s://", work->uri.scheme,
                       work->uri.driver, p->name, schema->name, lec_line_kind_name(work->uri.kind));
        work->broken = true;
    } else if (*schema->lines && !lec_lines_have(schema->lines, work->uri.kind)) {
        lec_diag_error(d, key->file, key->line, "line: driver %s of profile %s does not speak over %s, expected: %s",
                       schema->name, p->name, lec_line_kind_name(work->uri.kind), kinds_listed(schema->lines).text);
        work->broken = true;
    }
}

/* The setting as this device wants it: by its address, else by its profile, else NULL. */
static const struct lec_key *wanted(const struct lec_device_work *work, const struct lec_keys *line, const char *name)
{
    const struct lec_key *key = lec_key_find(line, name);
    return key || !work->profile ? key : lec_key_find(&work->profile->line, name);
}

static void add_settings(struct lec_room_work *w, const struct lec_device *dev, const struct lec_device_work *work,
                         const struct lec_keys *line, struct said *said)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct lec_key *key = wanted(work, line, settings[i]);
        if (!key)
            continue;
        if (!said->key[i]) {
            said->key[i] = key;
            said->device[i] = dev;
        } else if (strcmp(said->key[i]->value, key->value) != 0) {
            lec_diag_error(&w->load->diag, work->line_key->file, work->line_key->line,
                           "line: %s is %s for device %s, but %s for device %s on the same line (%s:%d)", settings[i],
                           key->value, dev->name, said->key[i]->value, said->device[i]->name, said->key[i]->file,
                           said->key[i]->line);
        }
    }
}

static const struct lec_schema *unsharing(const struct lec_device_work *work)
{
    const struct lec_schema *schema = work->profile ? work->profile->schema : NULL;
    return schema && !schema->shares_line ? schema : NULL;
}

/* Whether the device may use a line that another one uses already. */
static void check_sharing(struct lec_room_work *w, size_t first, size_t second)
{
    const struct lec_device_work *a = &w->work[first], *b = &w->work[second];
    const struct lec_schema *schema = unsharing(a) ? unsharing(a) : unsharing(b);
    if (schema)
        lec_diag_error(
            &w->load->diag, b->line_key->file, b->line_key->line,
            "line: %s is the line of device %s already (%s:%d), and driver %s does not share one; expected a "
            "line of its own for device %s",
            b->uri.name, w->devices[first].name, a->line_key->file, a->line_key->line, schema->name,
            w->devices[second].name);
}

static const char *setting(const struct said *said, size_t i)
{
    return said->key[i] ? said->key[i]->value : lec_option_find(lec_profile_line_keys, settings[i])->initial;
}

/* Settings that were checked, into the line. */
static void put_settings(struct lec_line *line, const struct said *said)
{
    int64_t baud = 0, bits = 0, stop = 0;
    if (!is_serial(line->kind))
        return;
    (void)lec_parse_int(setting(said, 0), 0, UINT32_MAX, &baud);
    (void)lec_parse_int(setting(said, 1), 5, 8, &bits);
    (void)lec_parse_int(setting(said, 3), 1, 2, &stop);
    line->baud = (uint32_t)baud;
    line->bits = (uint8_t)bits;
    line->stop = (uint8_t)stop;
    const char *parity = setting(said, 2);
    line->parity = strcmp(parity, "even") == 0 ? 'E' : strcmp(parity, "odd") == 0 ? 'O' : 'N';
    line->rtscts = strcmp(setting(said, 4), "rtscts") == 0;
    line->xonxoff = strcmp(setting(said, 4), "xonxoff") == 0;
}

void lec_lines_build(struct lec_room_work *w)
{
    struct lec_room *room = w->room;
    struct said *said = lec_arena_array(w->load->arena, LEC_ROOM_LINES, sizeof *said);
    size_t *first = lec_arena_array(w->load->arena, LEC_ROOM_LINES, sizeof *first);
    w->lines = lec_arena_array(w->load->arena, LEC_ROOM_LINES, sizeof *w->lines);
    room->lines = w->lines;
    if (!said || !first || !w->lines)
        return;
    for (size_t i = 0; i < room->n_devices; i++) {
        struct lec_device_work *work = &w->work[i];
        struct lec_keys of_line = {0};
        read_address(w, &w->devices[i], work);
        if (!work->has_uri)
            continue;
        take_query(w, work, &of_line);
        size_t at = 0;
        while (at < room->n_lines && strcmp(w->lines[at].name, work->uri.name) != 0)
            at++;
        if (at < room->n_lines) {
            check_sharing(w, first[at], i);
        } else if (at == LEC_ROOM_LINES) {
            lec_diag_error(&w->load->diag, work->line_key->file, work->line_key->line,
                           "line: more than %d lines in a room", LEC_ROOM_LINES);
            return;
        } else {
            first[at] = i;
            w->lines[at] = (struct lec_line){.name = work->uri.name,
                                             .kind = work->uri.kind,
                                             .host = work->uri.host,
                                             .port = work->uri.port,
                                             .path = work->uri.path,
                                             .index = at};
            room->n_lines++;
        }
        if (is_serial(work->uri.kind))
            add_settings(w, &w->devices[i], work, &of_line, &said[at]);
        w->devices[i].line = &w->lines[at];
        w->lines[at].n_devices++;
    }
    for (size_t i = 0; i < room->n_lines; i++) {
        struct lec_line *line = &w->lines[i];
        const struct lec_device **devices = lec_arena_array(w->load->arena, line->n_devices, sizeof(void *));
        size_t n = 0;
        for (size_t k = 0; devices && k < room->n_devices; k++)
            if (w->devices[k].line == line)
                devices[n++] = &w->devices[k];
        line->devices = devices;
        line->n_devices = n;
        put_settings(line, &said[i]);
    }
}
