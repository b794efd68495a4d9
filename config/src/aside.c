/* The files beside a room file: the line map of the simulator, and the secrets. */
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "room.h"

/* ---- Line map ----------------------------------------------------------------------------------------------- */

static const struct lec_option map_keys[] = {
    {"line", LEC_OPT_TEXT, 0, 0, NULL, NULL, true, "the line as it is called in the room"},
    {"at", LEC_OPT_TEXT, 0, 0, NULL, NULL, true, "where the simulator plays it"},
    {.name = NULL},
};

/* Where the simulator's USB devices are; not for the room, but for who starts it (lec_line_map_usb). */
static const struct lec_option usb_keys[] = {
    {"testbed", LEC_OPT_TEXT, 0, 0, NULL, NULL, true, "folder of umockdev's test bed"},
    {"preload", LEC_OPT_TEXT, 0, 0, NULL, NULL, true, "umockdev's library"},
    {.name = NULL},
};

/* Gives the section's further keys to the devices of the line whose drivers know them. */
static void give_options(struct lec_room_work *w, const struct lec_ini_section *s, const struct lec_line *line)
{
    for (size_t k = 0; k < s->rest.n; k++) {
        const struct lec_key *key = &s->rest.at[k];
        bool known = false;
        for (size_t i = 0; i < line->n_devices; i++) {
            struct lec_device_work *work = &w->work[line->devices[i]->index];
            const struct lec_schema *schema = work->profile ? work->profile->schema : NULL;
            const struct lec_option *row = schema ? lec_option_find(schema->device_options, key->name) : NULL;
            known = known || row || !schema;
            if (schema && !row)
                continue;
            if (!row || lec_option_check(&w->load->diag, row, key))
                work->map = lec_keys_overlay(w->load->arena, work->map, (struct lec_keys){.at = key, .n = 1});
        }
        if (!known)
            lec_diag_error(&w->load->diag, key->file, key->line, "%s is not an option of any driver on this line",
                           lec_shown(key->name).text);
    }
}

int lec_line_map_apply(struct lec_room_work *w, const char *file)
{
    struct lec_ini *ini;
    struct lec_diag *d = &w->load->diag;
    int rc = lec_ini_read(w->load->arena, d, file, 0, &ini);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < ini->n; i++) {
        if (strcmp(ini->sections[i].kind, "line") == 0)
            lec_section_check(w->load->arena, d, ini->file, &ini->sections[i],
                              &(struct lec_section_rules){.own = map_keys, .open = true});
        else if (strcmp(ini->sections[i].kind, "usb") == 0)
            lec_section_check(w->load->arena, d, ini->file, &ini->sections[i],
                              &(struct lec_section_rules){.own = usb_keys});
        else
            lec_diag_error(d, ini->file, ini->sections[i].line,
                           "[%s] is no section of a line map, expected [line N] or [usb]", ini->sections[i].kind);
    }
    for (size_t i = 0; i < w->room->n_lines; i++) {
        struct lec_line *line = &w->lines[i];
        const struct lec_ini_section *s = NULL;
        for (size_t k = 0; !s && k < ini->n; k++)
            if (strcmp(lec_key_text(&ini->sections[k].own, "line", ""), line->name) == 0)
                s = &ini->sections[k];
        if (!s) {
            const struct lec_key *key = w->work[line->devices[0]->index].line_key;
            lec_diag_error(d, key->file, key->line,
                           "line %s of device %s is not in the line map %s, so it is not simulated", line->name,
                           line->devices[0]->name, file);
            continue;
        }
        const struct lec_key *at = lec_key_find(&s->own, "at");
        struct lec_uri uri;
        if (!at || !lec_uri_parse(w->load->arena, d, at, at->value, 0, &uri))
            continue;
        line->kind = uri.kind;
        line->host = uri.host;
        line->port = uri.port;
        line->path = uri.path;
        line->simulated = true;
        give_options(w, s, line);
    }
    return 0;
}

int lec_line_map_usb(const char *file, char *testbed, size_t testbed_size, char *preload, size_t preload_size)
{
    struct lec_arena arena = {0};
    struct lec_diag diag = {0};
    struct lec_ini *ini;
    int rc = LEC_E_NOTSUP;
    if (lec_ini_read(&arena, &diag, file, 0, &ini) == 0) {
        const struct lec_ini_section *s = lec_ini_find(ini, "usb", "");
        const char *bed = s ? lec_key_text(&s->keys, "testbed", "") : "";
        const char *library = s ? lec_key_text(&s->keys, "preload", "") : "";
        if (*bed && *library && strlen(bed) < testbed_size && strlen(library) < preload_size) {
            memcpy(testbed, bed, strlen(bed) + 1);
            memcpy(preload, library, strlen(library) + 1);
            rc = 0;
        }
    }
    lec_arena_done(&arena);
    return rc;
}

/* ---- Secrets ------------------------------------------------------------------------------------------------ */

/* The device's secrets from its section. Nothing of a value may get into a message. */
static void take_secrets(struct lec_room_work *w, const struct lec_ini *ini, const struct lec_ini_section *s,
                         struct lec_device_work *work)
{
    struct lec_diag *d = &w->load->diag;
    const struct lec_schema *schema = work->profile ? work->profile->schema : NULL;
    if (!schema) {
        work->secrets = s->keys;
        return;
    }
    const char *names[32];
    size_t n_names = 0, n = 0;
    for (const struct lec_option *row = schema->device_options; row && row->name && n_names < ARRAY_LEN(names); row++)
        if (row->type == LEC_OPT_SECRET)
            names[n_names++] = row->name;
    struct lec_key *keys = lec_arena_array(w->load->arena, s->keys.n, sizeof *keys);
    for (size_t i = 0; keys && i < s->keys.n; i++) {
        const struct lec_key *key = &s->keys.at[i];
        const struct lec_option *row = lec_option_find(schema->device_options, key->name);
        if (!row)
            lec_diag_error(d, ini->file, key->line, "%s is no secret of driver %s, expected: %s%s",
                           lec_shown(key->name).text, schema->name, n_names ? lec_listed(names, n_names).text : "none",
                           lec_meant(key->name, names, n_names).text);
        else if (row->type != LEC_OPT_SECRET)
            lec_diag_error(d, ini->file, key->line, "%s is not a secret, expected it in the room file", key->name);
        else if (*key->value == '\0')
            lec_diag_error(d, ini->file, key->line, "%s is empty, expected the secret", key->name);
        else
            keys[n++] = *key;
    }
    work->secrets = (struct lec_keys){.at = keys, .n = n};
}

/* systemd hands a service its credentials in a folder that nobody else can look into. Their own mode differs between
 * its versions (an access list for the service's user looks like the right of a group). */
static bool is_credential(const char *file)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t n = folder ? strlen(folder) : 0;
    return n > 0 && strncmp(file, folder, n) == 0 && file[n] == '/';
}

int lec_secrets_read(struct lec_room_work *w, const char *file)
{
    struct lec_ini *ini;
    struct lec_diag *d = &w->load->diag;
    int rc = lec_ini_read(w->load->arena, d, file, is_credential(file) ? 0 : LEC_INI_PRIVATE, &ini);
    if (rc < 0)
        return rc;
    const char *names[LEC_ROOM_DEVICES];
    size_t n_names = 0;
    for (size_t i = 0; i < w->room->n_devices; i++)
        names[n_names++] = w->devices[i].name;
    for (size_t i = 0; i < ini->n; i++) {
        const struct lec_ini_section *s = &ini->sections[i];
        struct lec_device_work *work = NULL;
        for (size_t k = 0; k < w->room->n_devices; k++)
            if (*s->name == '\0' && strcmp(w->devices[k].name, s->kind) == 0)
                work = &w->work[k];
        if (work)
            take_secrets(w, ini, s, work);
        else
            lec_diag_warn(d, ini->file, s->line,
                          "the room has no device %s%s, so these secrets are not used; expected [DEVICE]",
                          lec_shown(s->kind).text, lec_meant(s->kind, names, n_names).text);
    }
    return 0;
}
