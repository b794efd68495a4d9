#include "room.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "lectern/clock.h"
#include "lectern/parse.h"
#include "tables.h"

/* A loaded room with what it owns. The room comes first, so that a room leads to it. */
struct loaded {
    struct lec_room room;
    atomic_uint refs;
    struct lec_arena arena;
};

/* The room is constant for everybody but us. */
static struct loaded *loaded_of(const struct lec_room *room)
{
    union {
        const struct lec_room *room;
        struct loaded *loaded;
    } u = {.room = room};
    return u.loaded;
}

const struct lec_room *lec_room_ref(const struct lec_room *room)
{
    atomic_fetch_add_explicit(&loaded_of(room)->refs, 1, memory_order_relaxed);
    return room;
}

void lec_room_unref(const struct lec_room **room)
{
    if (!*room)
        return;
    struct loaded *l = loaded_of(*room);
    *room = NULL;
    if (atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
        return;
    lec_arena_done(&l->arena);
    free(l);
}

/* ---- [room] ------------------------------------------------------------------------------------------------- */

/* A duration that may also be in days: "400d". */
static int64_t parse_days(const char *text)
{
    size_t n = strlen(text);
    char digits[8];
    int64_t v;
    if (n >= 2 && n <= sizeof digits && text[n - 1] == 'd') {
        memcpy(digits, text, n - 1);
        digits[n - 1] = '\0';
        if (lec_parse_int(digits, 1, 3650, &v) == 0)
            return v * 24 * 3600 * LEC_SEC;
    }
    if (lec_parse_duration(text, &v) == 0 && v >= 24 * 3600 * LEC_SEC)
        return v;
    return -1;
}

static void read_head(struct lec_room_work *w)
{
    static const char *const names[] = {"id", "site"};
    struct lec_diag *d = &w->load->diag;
    struct lec_ini_section *s = lec_ini_find(w->ini, "room", "");
    struct lec_room *room = w->room;
    room->id = room->site = room->site_label = room->site_label_en = room->label = room->label_en = "";
    if (!s) {
        lec_diag_error(d, w->ini->file, 0, "no [room] section, expected one with id and site");
        return;
    }
    lec_section_check(w->load->arena, d, w->ini->file, s, &(struct lec_section_rules){.own = lec_room_keys});
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct lec_key *key = lec_key_find(&s->own, names[i]);
        if (key && *key->value && !lec_is_name(key->value))
            lec_diag_error(d, key->file, key->line,
                           "%s: %s, expected at most %d lower-case letters, digits and dashes, such as phong-201",
                           key->name, lec_shown(key->value).text, LEC_NAME_MAX);
    }
    room->id = lec_own_text(lec_room_keys, &s->own, "id");
    room->site = lec_own_text(lec_room_keys, &s->own, "site");
    room->site_label = lec_own_text(lec_room_keys, &s->own, "site.label");
    room->site_label_en = lec_own_text(lec_room_keys, &s->own, "site.label.en");
    room->label = lec_own_text(lec_room_keys, &s->own, "label");
    room->label_en = lec_own_text(lec_room_keys, &s->own, "label.en");
    const char *keep = lec_own_text(lec_room_keys, &s->own, "journal keep");
    room->journal_keep_ns = parse_days(keep);
    if (room->journal_keep_ns < 0)
        lec_diag_error(d, w->ini->file, lec_key_find(&s->own, "journal keep")->line,
                       "journal keep: %s, expected 1d to 3650d", lec_shown(keep).text);
    const char *budget = lec_own_text(lec_room_keys, &s->own, "runs.budget");
    if (lec_parse_size(budget, &room->runs_budget) < 0 || room->runs_budget < 10000000 ||
        room->runs_budget > INT64_C(100000000000000))
        lec_diag_error(d, w->ini->file, lec_key_find(&s->own, "runs.budget")->line,
                       "runs.budget: %s, expected 10MB to 100TB, such as 2GB or 500MB", lec_shown(budget).text);
}

static void check_sections(struct lec_room_work *w)
{
    static const char *const kinds[] = {"room",        "device",    "scene", "experiment",
                                        "calibration", "timetable", "alarm", "access"};
    static const char *const later[] = {"uplink"};
    for (size_t i = 0; i < w->ini->n; i++) {
        const struct lec_ini_section *s = &w->ini->sections[i];
        bool known = false;
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
            known = known || strcmp(s->kind, kinds[k]) == 0;
        for (size_t k = 0; k < ARRAY_LEN(later); k++) {
            if (strcmp(s->kind, later[k]) != 0)
                continue;
            known = true;
            lec_diag_error(&w->load->diag, w->ini->file, s->line,
                           "this version of Lectern does not know [%s] sections yet, take it out", s->kind);
        }
        if (strcmp(s->kind, "room") == 0 && *s->name)
            lec_diag_error(&w->load->diag, w->ini->file, s->line, "[room %s]: expected [room] without a name", s->name);
        if (!known)
            lec_diag_error(&w->load->diag, w->ini->file, s->line,
                           "[%s%s%s] is no section of a room file, which has: %s%s", s->kind, *s->name ? " " : "",
                           s->name, lec_listed(kinds, ARRAY_LEN(kinds)).text,
                           lec_meant(s->kind, kinds, ARRAY_LEN(kinds)).text);
    }
}

/* ---- [device NAME] ------------------------------------------------------------------------------------------ */

/* A pace key: the room's, else the profile's, else the default. */
static struct lec_keys pace_keys(struct lec_arena *a, const struct lec_ini_section *s, const struct lec_profile *p)
{
    struct lec_keys base = p ? p->line : (struct lec_keys){0};
    return s ? lec_keys_overlay(a, base, s->own) : base;
}

static void put_pace(struct lec_arena *a, struct lec_device *dev, const struct lec_ini_section *s,
                     const struct lec_profile *p)
{
    struct lec_keys keys = pace_keys(a, s, p);
    dev->timeout_ns = lec_own_duration(lec_profile_line_keys, &keys, "timeout");
    dev->gap_ns = lec_own_duration(lec_profile_line_keys, &keys, "gap");
    dev->retries = (unsigned)lec_own_int(lec_profile_line_keys, &keys, "retries");
    dev->idle_ns = lec_own_duration(lec_profile_line_keys, &keys, "idle");
    dev->away_period_ns = lec_own_duration(lec_profile_line_keys, &keys, "away");
}

/* Returns the device's points, to be changed. */
static struct lec_point *put_profile(struct lec_load *load, struct lec_device *dev, const struct lec_ini_section *s,
                                     const struct lec_profile *p)
{
    dev->class_name = p ? p->class_name : "";
    dev->profile = p ? p->name : "";
    dev->vendor = p ? p->vendor : "";
    dev->model = p ? p->model : "";
    dev->driver = p ? p->driver : "";
    put_pace(load->arena, dev, s, p);
    return p ? lec_device_points(load, dev, p) : NULL;
}

/* Returns false for lack of memory. */
static bool read_device(struct lec_room_work *w, struct lec_ini_section *s, struct lec_device *dev,
                        struct lec_device_work *work)
{
    struct lec_load *load = w->load;
    const struct lec_key *profile = lec_key_find(&s->keys, "profile"), *line = lec_key_find(&s->keys, "line");
    if (profile && *profile->value) {
        work->profile = lec_profile_get(load, profile);
        if (!work->profile)
            return false;
    }
    const struct lec_schema *schema = work->profile ? work->profile->schema : NULL;
    struct lec_section_rules rules = {.own = lec_room_device_keys,
                                      .driver = schema ? schema->device_options : NULL,
                                      .driver_name = schema ? schema->name : NULL,
                                      .open = !schema};
    lec_section_check(load->arena, &load->diag, w->ini->file, s, &rules);
    if (!lec_is_name(s->name))
        lec_diag_error(
            &load->diag, w->ini->file, s->line,
            "[device%s%s]: expected a name of lower-case letters, digits and dashes, such as [device projector]",
            *s->name ? " " : "", s->name);
    work->section = s;
    work->line_key = line;
    work->broken = !work->profile || !work->profile->ini || s->doubtful;
    dev->name = s->name;
    dev->room = w->room;
    dev->label = lec_own_text(lec_room_device_keys, &s->own, "label");
    dev->label_en = lec_own_text(lec_room_device_keys, &s->own, "label.en");
    dev->file = w->ini->file;
    dev->line_no = s->line;
    work->points = put_profile(load, dev, s, work->profile);
    return true;
}

static bool read_devices(struct lec_room_work *w)
{
    size_t n = 0, n_points = 0;
    for (size_t i = 0; i < w->ini->n; i++)
        n += strcmp(w->ini->sections[i].kind, "device") == 0;
    if (n == 0)
        lec_diag_error(&w->load->diag, w->ini->file, 0, "no [device NAME] section, expected at least one device");
    if (n > LEC_ROOM_DEVICES)
        n = LEC_ROOM_DEVICES;
    w->devices = lec_arena_array(w->load->arena, n, sizeof *w->devices);
    w->work = lec_arena_array(w->load->arena, n, sizeof *w->work);
    w->room->devices = w->devices;
    if (n > 0 && (!w->devices || !w->work))
        return false;
    for (size_t i = 0; i < w->ini->n; i++) {
        struct lec_ini_section *s = &w->ini->sections[i];
        if (strcmp(s->kind, "device") != 0)
            continue;
        size_t at = w->room->n_devices;
        if (at == n) {
            lec_diag_error(&w->load->diag, w->ini->file, s->line, "more than %d devices in a room", LEC_ROOM_DEVICES);
            break;
        }
        w->devices[at].index = at;
        w->room->n_devices++;
        if (!read_device(w, s, &w->devices[at], &w->work[at]))
            return false;
        n_points += w->devices[at].n_points;
        if (n_points > LEC_ROOM_POINTS) {
            lec_diag_error(&w->load->diag, w->ini->file, s->line, "more than %d points in a room", LEC_ROOM_POINTS);
            break;
        }
    }
    return true;
}

/* ---- The whole ---------------------------------------------------------------------------------------------- */

/* What was written over the bus and not by a person: what is wrong with it must not keep the room from loading. */
static int read_soft(struct lec_room_work *w, const char *file,
                     void (*build)(struct lec_room_work *w, const struct lec_ini *ini, bool soft))
{
    struct lec_diag *d = &w->load->diag;
    struct lec_ini *ini;
    size_t errors = d->errors;
    d->soft = true;
    int rc = lec_ini_read(w->load->arena, d, file, LEC_INI_OPTIONAL, &ini);
    if (rc == 0)
        build(w, ini, true);
    d->soft = false;
    d->errors = errors;
    return rc == LEC_E_NOMEM ? rc : 0;
}

static int build(struct lec_room_work *w)
{
    const struct lec_sources *src = w->load->src;
    read_head(w);
    check_sections(w);
    lec_access_build(w);
    if (!read_devices(w))
        return LEC_E_NOMEM;
    lec_calibrations_build(w);
    lec_lines_build(w);
    if (src->line_map && lec_line_map_apply(w, src->line_map) == LEC_E_NOMEM)
        return LEC_E_NOMEM;
    if (src->secrets && lec_secrets_read(w, src->secrets) == LEC_E_NOMEM)
        return LEC_E_NOMEM;
    for (size_t i = 0; i < w->room->n_devices; i++)
        lec_device_options(w->load, &w->devices[i], &w->work[i]);
    for (size_t i = 0; i < w->room->n_devices; i++)
        if (!lec_device_check(w->load, &w->devices[i], &w->work[i], true))
            return LEC_E_NOMEM;
    lec_scenes_build(w, w->ini, false);
    if (src->captured && read_soft(w, src->captured, lec_scenes_build) == LEC_E_NOMEM)
        return LEC_E_NOMEM;
    lec_timetable_build(w);
    lec_alarms_build(w);
    lec_experiments_build(w, w->ini, false);
    if (src->made && read_soft(w, src->made, lec_experiments_build) == LEC_E_NOMEM)
        return LEC_E_NOMEM;
    return 0;
}

int lec_room_load(const char *file, const struct lec_sources *sources, const struct lec_room **out,
                  struct lec_report *report)
{
    struct loaded *l = calloc(1, sizeof *l);
    if (!l)
        return LEC_E_NOMEM;
    atomic_init(&l->refs, 1);
    struct lec_load load = {.arena = &l->arena, .diag = {.report = report}, .src = sources};
    struct lec_room_work w = {.load = &load, .room = &l->room};
    struct lec_ini *ini = NULL;
    int rc = lec_ini_read(&l->arena, &load.diag, file, 0, &ini);
    if (rc == 0) {
        w.ini = ini;
        l->room.file = ini->file;
        rc = build(&w);
    }
    if (l->arena.failed)
        rc = LEC_E_NOMEM;
    else if (rc == 0 && load.diag.errors > 0)
        rc = LEC_E_CONFIG;
    if (report)
        lec_report_sort(report);
    const struct lec_room *room = &l->room;
    if (rc == 0)
        *out = room;
    else
        lec_room_unref(&room);
    return rc;
}

/* ---- One profile, one class --------------------------------------------------------------------------------- */

/* "epson/eb-l200f" of "profiles/devices/epson/eb-l200f.ini" when `folders` is 1; "projector" when it is 0. */
static const char *stem(struct lec_arena *a, const char *file, unsigned folders)
{
    const char *start = file + strlen(file);
    for (unsigned slashes = 0; start > file; start--)
        if (start[-1] == '/' && slashes++ == folders)
            break;
    size_t n = strlen(start);
    if (n > 4 && strcmp(start + n - 4, ".ini") == 0)
        n -= 4;
    return lec_arena_copy(a, start, n);
}

/* Lets the driver check a profile on a device that no room has. It has no line either: a driver that wants to know more of
 * it than NULL asks for what only a room can say. */
static bool check_with_driver(struct lec_load *load, struct lec_profile *p)
{
    struct lec_room room = {.id = "check",
                            .site = "check",
                            .site_label = "",
                            .site_label_en = "",
                            .label = "",
                            .label_en = "",
                            .file = p->ini->file};
    struct lec_device dev = {.name = "check", .room = &room, .label = "", .label_en = "", .file = p->ini->file};
    struct lec_device_work work = {.profile = p};
    (void)put_profile(load, &dev, NULL, p);
    lec_device_options(load, &dev, &work);
    return lec_device_check(load, &dev, &work, false);
}

static int end_check(struct lec_load *load, int rc)
{
    if (load->arena->failed)
        rc = LEC_E_NOMEM;
    else if (rc == 0 && load->diag.errors > 0)
        rc = LEC_E_CONFIG;
    if (load->diag.report)
        lec_report_sort(load->diag.report);
    lec_arena_done(load->arena);
    return rc;
}

int lec_profile_check(const char *file, const struct lec_sources *sources, struct lec_report *report)
{
    struct lec_arena arena = {0};
    struct lec_load load = {.arena = &arena, .diag = {.report = report}, .src = sources};
    struct lec_profile *p = lec_profile_read(&load, stem(&arena, file, 1), file);
    int rc = p ? 0 : LEC_E_NOMEM;
    if (p && p->ini && !check_with_driver(&load, p))
        rc = LEC_E_NOMEM;
    return end_check(&load, rc);
}

int lec_class_check(const char *file, const struct lec_sources *sources, struct lec_report *report)
{
    struct lec_arena arena = {0};
    struct lec_load load = {.arena = &arena, .diag = {.report = report}, .src = sources};
    struct lec_ini *ini;
    return end_check(&load, lec_class_read(&load, stem(&arena, file, 0), file, &ini));
}

char lec_file_kind(const char *file)
{
    struct lec_arena arena = {0};
    struct lec_diag diag = {0};
    struct lec_ini *ini;
    char kind = 0;
    if (lec_ini_read(&arena, &diag, file, 0, &ini) == 0) {
        for (size_t i = 0; kind == 0 && i < ini->n; i++) {
            const struct lec_ini_section *s = &ini->sections[i];
            if (strcmp(s->kind, "room") == 0 || strcmp(s->kind, "scene") == 0 || strcmp(s->kind, "experiment") == 0 ||
                strcmp(s->kind, "calibration") == 0)
                kind = 'r';
            else if (strcmp(s->kind, "class") == 0)
                kind = 'c';
            else if (strcmp(s->kind, "device") == 0)
                kind = *s->name ? 'r' : 'p';
        }
    }
    lec_arena_done(&arena);
    return kind;
}
