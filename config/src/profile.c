#include "profile.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "keys.h"
#include "point.h"
#include "tables.h"

#define NAMES_MAX 512 /* files looked through for the one that was meant */

/* ---- Which files there are ---------------------------------------------------------------------------------- */

/* Adds the names of `folder`'s entries that end in `ending`, without it, with `prefix` in front. */
static void list_folder(struct lec_arena *a, const char *folder, const char *prefix, const char *ending,
                        const char *names[], size_t *n)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *entry; *n < NAMES_MAX && (entry = readdir(dir)) != NULL;) {
        size_t len = strlen(entry->d_name), tail = strlen(ending);
        if (entry->d_name[0] == '.' || len <= tail || strcmp(entry->d_name + len - tail, ending) != 0)
            continue;
        names[(*n)++] = lec_arena_printf(a, "%s%.*s", prefix, (int)(len - tail), entry->d_name);
    }
    (void)closedir(dir);
}

static struct lec_piece class_meant(struct lec_load *load, const char *name)
{
    struct lec_arena a = {0};
    const char *names[NAMES_MAX];
    size_t n = 0;
    list_folder(&a, lec_arena_printf(&a, "%s/classes", load->src->profiles), "", ".ini", names, &n);
    struct lec_piece p = lec_meant(name, names, n);
    lec_arena_done(&a);
    return p;
}

static struct lec_piece profile_meant(struct lec_load *load, const char *name)
{
    struct lec_arena a = {0};
    const char *vendors[NAMES_MAX], *names[NAMES_MAX];
    size_t n_vendors = 0, n = 0;
    const char *folder = lec_arena_printf(&a, "%s/devices", load->src->profiles);
    list_folder(&a, folder, "", "", vendors, &n_vendors);
    for (size_t i = 0; i < n_vendors; i++)
        list_folder(&a, lec_arena_printf(&a, "%s/%s", folder, vendors[i]), lec_arena_printf(&a, "%s/", vendors[i]),
                    ".ini", names, &n);
    struct lec_piece p = lec_meant(name, names, n);
    lec_arena_done(&a);
    return p;
}

/* ---- Classes ------------------------------------------------------------------------------------------------ */

/* Tells of sections that a file of this kind does not have. */
static void tell_section(struct lec_load *load, const char *file, const struct lec_ini_section *s,
                         const char *const kinds[], size_t n)
{
    lec_diag_error(&load->diag, file, s->line, "[%s%s%s] is no section of this kind of file, which has: %s%s", s->kind,
                   *s->name ? " " : "", s->name, lec_listed(kinds, n).text, lec_meant(s->kind, kinds, n).text);
}

/* A section of which there is one, without a name. */
static bool single(struct lec_load *load, const char *file, const struct lec_ini_section *s, const char *kind)
{
    if (strcmp(s->kind, kind) != 0)
        return false;
    if (*s->name)
        lec_diag_error(&load->diag, file, s->line, "[%s %s]: expected [%s] without a name", s->kind, s->name, s->kind);
    return true;
}

int lec_class_read(struct lec_load *load, const char *name, const char *file, struct lec_ini **out)
{
    static const char *const kinds[] = {"class", "point", "action"};
    struct lec_ini *ini;
    int rc = lec_ini_read(load->arena, &load->diag, file, 0, &ini);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < ini->n; i++) {
        struct lec_ini_section *s = &ini->sections[i];
        struct lec_section_rules rules = {0};
        if (single(load, file, s, "class"))
            rules.own = lec_class_keys;
        else if (strcmp(s->kind, "point") == 0)
            rules.own = lec_point_keys;
        else if (strcmp(s->kind, "action") == 0)
            rules.own = lec_action_keys;
        else
            tell_section(load, file, s, kinds, ARRAY_LEN(kinds));
        if (rules.own)
            lec_section_check(load->arena, &load->diag, ini->file, s, &rules);
    }
    const struct lec_ini_section *head = lec_ini_find(ini, "class", "");
    const struct lec_key *key = head ? lec_key_find(&head->own, "name") : NULL;
    if (!head)
        lec_diag_error(&load->diag, file, 0, "no [class] section, expected one with name and labels");
    else if (key && strcmp(key->value, name) != 0)
        lec_diag_error(&load->diag, file, key->line, "name: %s, expected %s, as the file is called",
                       lec_shown(key->value).text, name);
    struct lec_point_source src = {
        .arena = load->arena, .diag = &load->diag, .ini = ini, .class_name = name, .is_class = true};
    struct lec_point *points;
    struct lec_action *actions;
    size_t n_points, n_actions;
    lec_points_build(&src, &points, &n_points);
    lec_actions_build(&src, points, n_points, &actions, &n_actions);
    *out = ini;
    return 0;
}

static struct lec_class *class_get(struct lec_load *load, const struct lec_key *key)
{
    for (struct lec_class *c = load->classes; c; c = c->next)
        if (strcmp(c->name, key->value) == 0)
            return c;
    struct lec_class *c = lec_arena_array(load->arena, 1, sizeof *c);
    if (!c)
        return NULL;
    c->name = key->value;
    c->next = load->classes;
    load->classes = c;
    const char *file = lec_arena_printf(load->arena, "%s/classes/%s.ini", load->src->profiles, key->value);
    size_t errors = load->diag.errors;
    if (!lec_is_name(key->value) || access(file, F_OK) < 0) {
        lec_diag_error(&load->diag, key->file, key->line, "class: there is no class %s in %s/classes%s",
                       lec_shown(key->value).text, load->src->profiles, class_meant(load, key->value).text);
    } else if (lec_class_read(load, c->name, file, &c->ini) == LEC_E_NOMEM) {
        return NULL;
    }
    c->broken = load->diag.errors != errors;
    return c;
}

/* ---- Profiles ----------------------------------------------------------------------------------------------- */

static const struct lec_section_kind *driver_kind(const struct lec_schema *schema, const char *kind)
{
    for (const struct lec_section_kind *k = schema ? schema->section_kinds : NULL; k && k->kind; k++)
        if (strcmp(k->kind, kind) == 0)
            return k;
    return NULL;
}

/* The driver's schema, if somebody can tell it. */
static void find_schema(struct lec_load *load, struct lec_profile *p, const struct lec_key *key)
{
    struct lec_err err = {0};
    if (!load->src->schema)
        return;
    if (!lec_is_name(key->value)) {
        lec_diag_error(&load->diag, key->file, key->line, "driver: %s, expected a name such as pjlink",
                       lec_shown(key->value).text);
        return;
    }
    p->schema = load->src->schema(load->src->schema_ctx, key->value, &err);
    if (!p->schema)
        lec_diag_error(&load->diag, key->file, key->line, "%s", err.text);
}

static void check_sections(struct lec_load *load, struct lec_profile *p)
{
    const char *kinds[32] = {"device", "line", "driver", "point", "action"};
    size_t n = 5;
    const struct lec_schema *schema = p->schema;
    for (const struct lec_section_kind *k = schema ? schema->section_kinds : NULL; k && k->kind && n < 32; k++)
        kinds[n++] = k->kind;
    for (size_t i = 0; i < p->ini->n; i++) {
        struct lec_ini_section *s = &p->ini->sections[i];
        struct lec_section_rules rules = {.driver_name = schema ? schema->name : NULL, .open = !schema};
        const struct lec_section_kind *kind = driver_kind(schema, s->kind);
        if (strcmp(s->kind, "device") == 0)
            continue; /* checked before, because it names the driver */
        if (single(load, p->ini->file, s, "line")) {
            rules = (struct lec_section_rules){.own = lec_profile_line_keys};
        } else if (single(load, p->ini->file, s, "driver")) {
            rules.driver = schema ? schema->device_options : NULL;
        } else if (strcmp(s->kind, "point") == 0) {
            rules.own = lec_point_keys;
            rules.driver = schema ? schema->point_options : NULL;
            rules.defaults = true;
        } else if (strcmp(s->kind, "action") == 0) {
            rules.own = lec_action_keys;
            rules.driver = schema ? schema->action_options : NULL;
            rules.defaults = true;
        } else if (kind) {
            rules.driver = kind->options;
            rules.defaults = true;
        } else if (schema) {
            tell_section(load, p->ini->file, s, kinds, n);
            p->doubtful = true;
            continue;
        }
        lec_section_check(load->arena, &load->diag, p->ini->file, s, &rules);
        p->doubtful = p->doubtful || s->doubtful;
    }
}

/* The sections that are for the driver alone. */
static void take_sections(struct lec_load *load, struct lec_profile *p)
{
    static const char *const ours[] = {"device", "line", "driver", "point", "action"};
    p->sections = lec_arena_array(load->arena, p->ini->n, sizeof *p->sections);
    for (size_t i = 0; p->sections && i < p->ini->n; i++) {
        const struct lec_ini_section *s = &p->ini->sections[i];
        bool mine = p->schema && !driver_kind(p->schema, s->kind);
        for (size_t k = 0; k < ARRAY_LEN(ours); k++)
            mine = mine || strcmp(s->kind, ours[k]) == 0;
        if (!mine)
            p->sections[p->n_sections++] = (struct lec_section){
                .kind = s->kind, .name = s->name, .keys = s->rest, .file = p->ini->file, .line = s->line};
    }
}

static bool build_profile(struct lec_load *load, struct lec_profile *p)
{
    struct lec_ini *ini = p->ini;
    struct lec_ini_section *head = lec_ini_find(ini, "device", "");
    if (!head) {
        lec_diag_error(&load->diag, ini->file, 0, "no [device] section, expected one with class, driver and source");
        p->partial = p->doubtful = true;
        return true;
    }
    for (size_t i = 0; i < ini->n; i++)
        (void)single(load, ini->file, &ini->sections[i], "device");
    lec_section_check(load->arena, &load->diag, ini->file, head, &(struct lec_section_rules){.own = lec_profile_keys});
    p->class_name = lec_own_text(lec_profile_keys, &head->own, "class");
    p->driver = lec_own_text(lec_profile_keys, &head->own, "driver");
    p->vendor = lec_own_text(lec_profile_keys, &head->own, "vendor");
    p->model = lec_own_text(lec_profile_keys, &head->own, "model");
    if (*p->driver)
        find_schema(load, p, lec_key_find(&head->own, "driver"));
    check_sections(load, p);

    const struct lec_ini_section *line = lec_ini_find(ini, "line", ""), *options = lec_ini_find(ini, "driver", "");
    p->line = line ? line->own : (struct lec_keys){0};
    p->options = options ? options->rest : (struct lec_keys){0};
    take_sections(load, p);

    struct lec_class *c = *p->class_name ? class_get(load, lec_key_find(&head->own, "class")) : NULL;
    if (*p->class_name && !c)
        return false;
    if (!c || !c->ini) {
        p->partial = p->doubtful = true;
        return true;
    }
    struct lec_point_source src = {.arena = load->arena,
                                   .diag = &load->diag,
                                   .ini = ini,
                                   .classes = c->ini,
                                   .class_name = p->class_name,
                                   .class_broken = c->broken};
    size_t errors = load->diag.errors;
    lec_points_build(&src, &p->points, &p->n_points);
    lec_actions_build(&src, p->points, p->n_points, &p->actions, &p->n_actions);
    p->doubtful = p->doubtful || load->diag.errors != errors;
    bool any = false;
    for (size_t i = 0; i < ini->n; i++)
        any = any || strcmp(ini->sections[i].kind, "point") == 0 || strcmp(ini->sections[i].kind, "action") == 0;
    if (!any)
        lec_diag_error(&load->diag, ini->file, 0, "no [point] and no [action], so the device can do nothing");
    return true;
}

struct lec_profile *lec_profile_read(struct lec_load *load, const char *name, const char *file)
{
    struct lec_profile *p = lec_arena_array(load->arena, 1, sizeof *p);
    if (!p)
        return NULL;
    p->name = lec_arena_str(load->arena, name);
    p->class_name = p->driver = p->vendor = p->model = "";
    p->next = load->profiles;
    load->profiles = p;
    int rc = file ? lec_ini_read(load->arena, &load->diag, file, 0, &p->ini) : LEC_E_CONFIG;
    if (rc == LEC_E_NOMEM || (rc == 0 && !build_profile(load, p)))
        return NULL;
    return p;
}

static bool is_profile_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t vendor = strspn(name, allowed);
    if (vendor == 0 || name[0] == '.' || name[vendor] != '/')
        return false;
    const char *model = name + vendor + 1;
    size_t n = strspn(model, allowed);
    return n > 0 && model[0] != '.' && model[n] == '\0' && vendor + 1 + n <= 200;
}

struct lec_profile *lec_profile_get(struct lec_load *load, const struct lec_key *key)
{
    for (struct lec_profile *p = load->profiles; p; p = p->next)
        if (strcmp(p->name, key->value) == 0)
            return p;
    const char *file = NULL;
    if (is_profile_name(key->value)) {
        file = lec_arena_printf(load->arena, "%s/devices/%s.ini", load->src->profiles, key->value);
        if (access(file, F_OK) < 0)
            file = NULL;
    }
    if (!file)
        lec_diag_error(&load->diag, key->file, key->line, "profile: there is no %s in %s/devices%s",
                       lec_shown(key->value).text, load->src->profiles, profile_meant(load, key->value).text);
    return lec_profile_read(load, key->value, file);
}
