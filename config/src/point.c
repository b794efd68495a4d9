#include "point.h"

#include <string.h>

#include "keys.h"
#include "lectern/clock.h"
#include "lectern/parse.h"
#include "tables.h"

/* A section of the profile with the one of its class behind it. */
struct merged {
    const struct lec_ini_section *section, *class_section;
    struct lec_keys own;
};

static struct merged merge(const struct lec_point_source *src, const struct lec_ini_section *s)
{
    struct merged m = {.section = s, .own = s->own};
    if (src->classes) {
        m.class_section = lec_ini_find(src->classes, s->kind, s->name);
        if (m.class_section)
            m.own = lec_keys_overlay(src->arena, m.class_section->own, s->own);
    }
    return m;
}

/* The key if the profile itself has it, not its class. */
static const struct lec_key *said(const struct merged *m, const char *name)
{
    return lec_key_find(&m->section->own, name);
}

/* The name of the class's section that `name` probably stands for: not described here itself, at most two letters
 * away, and not merely another number. */
static const char *class_name_meant(const struct lec_point_source *src, const char *kind, const char *name)
{
    static const char digits[] = "0123456789";
    for (size_t i = 0; src->classes && i < src->classes->n; i++) {
        const struct lec_ini_section *s = &src->classes->sections[i];
        if (strcmp(s->kind, kind) != 0 || lec_ini_find(src->ini, kind, s->name))
            continue;
        unsigned edits = lec_edits(name, s->name);
        if (edits > 2 || edits * 3 > strlen(name))
            continue;
        size_t at = 0;
        while (name[at] && name[at] == s->name[at])
            at++;
        bool numbered = name[at] && strchr(digits, name[at]) && (!s->name[at] || strchr("._0123456789", s->name[at]));
        if (!numbered)
            return s->name;
    }
    return NULL;
}

static struct lec_piece nearest_in_class(const struct lec_point_source *src, const char *kind, const char *name)
{
    const char *names[128];
    size_t n = 0;
    for (size_t i = 0; src->classes && i < src->classes->n && n < ARRAY_LEN(names); i++)
        if (strcmp(src->classes->sections[i].kind, kind) == 0)
            names[n++] = src->classes->sections[i].name;
    return lec_meant(name, names, n);
}

static bool check_name(const struct lec_point_source *src, const struct lec_ini_section *s)
{
    if (lec_is_point_name(s->name))
        return true;
    lec_diag_error(src->diag, src->ini->file, s->line,
                   "[%s %s]: expected a name of lower-case letters, digits and _ with dots between its parts, "
                   "each beginning with a letter, such as lamp.hours",
                   s->kind, s->name);
    return false;
}

/* ---- Points ------------------------------------------------------------------------------------------------- */

static enum lec_access access_of(const char *name)
{
    return strcmp(name, "read") == 0 ? LEC_READ : strcmp(name, "write") == 0 ? LEC_WRITE : LEC_BOTH;
}

static bool is_number(enum lec_type type)
{
    return type == LEC_INT || type == LEC_FLOAT;
}

/* Type and access: the class's, or the profile's own. */
static bool build_type(const struct lec_point_source *src, const struct merged *m, struct lec_point *p)
{
    const char *file = src->ini->file;
    const struct lec_key *type = lec_key_find(&m->own, "type"), *access = lec_key_find(&m->own, "access");
    if (!type || !access) {
        /* A wrong value has been told and is not among the checked keys. */
        bool no_type = !type && !lec_key_find(&m->section->keys, "type");
        bool no_access = !access && !lec_key_find(&m->section->keys, "access");
        if ((!no_type && !no_access) || src->class_broken)
            return false;
        const char *missing = !no_type ? "\"access\"" : !no_access ? "\"type\"" : "\"type\" and \"access\"";
        if (src->is_class || m->class_section)
            lec_diag_error(src->diag, file, m->section->line, "[point %s] has no %s", p->name, missing);
        else
            lec_diag_error(src->diag, file, m->section->line,
                           "class %s has no point %s%s; a point of the device's own needs %s", src->class_name, p->name,
                           nearest_in_class(src, "point", p->name).text, missing);
        return false;
    }
    p->type = lec_type_of(type->value);
    p->access = access_of(access->value);
    const struct lec_key *standard = m->class_section ? lec_key_find(&m->class_section->own, "type") : NULL;
    if (standard && strcmp(standard->value, type->value) != 0 &&
        !(is_number(p->type) && is_number(lec_type_of(standard->value)))) {
        lec_diag_error(src->diag, file, type->line,
                       "type: point %s is %s in every %s, expected no other type than that", p->name, standard->value,
                       src->class_name);
        return false;
    }
    const char *meant = m->class_section || src->is_class ? NULL : class_name_meant(src, "point", p->name);
    if (meant)
        lec_diag_warn(src->diag, file, m->section->line, "class %s has no point %s, but \"%s\"; is that the one meant?",
                      src->class_name, p->name, meant);
    return true;
}

static bool is_choice(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+/-") == strlen(text) &&
           strlen(text) <= LEC_NAME_MAX;
}

static bool has(const char *const list[], size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

static bool build_settable(const struct lec_point_source *src, const struct merged *m, struct lec_point *p)
{
    if (!(p->access & LEC_WRITE))
        return true;
    p->settable = p->choices;
    p->n_settable = p->n_choices;
    const struct lec_key *key = lec_key_find(&m->own, "settable");
    if (!key)
        return true;
    const char *const *list;
    size_t n;
    if (!lec_list_split(src->arena, src->diag, key, &list, &n))
        return false;
    const char **kept = lec_arena_array(src->arena, n, sizeof *kept);
    size_t n_kept = 0;
    for (size_t i = 0; kept && i < n; i++) {
        if (has(p->choices, p->n_choices, list[i])) {
            kept[n_kept++] = list[i];
        } else if (said(m, "settable")) {
            lec_diag_error(src->diag, key->file, key->line, "settable: %s is not one of the choices: %s%s",
                           lec_shown(list[i]).text, lec_listed(p->choices, p->n_choices).text,
                           lec_meant(list[i], p->choices, p->n_choices).text);
            return false;
        }
    }
    if (n_kept > 0) {
        p->settable = kept;
        p->n_settable = n_kept;
    }
    return true;
}

static bool build_choices(const struct lec_point_source *src, const struct merged *m, struct lec_point *p)
{
    if (p->type != LEC_ENUM) {
        for (size_t i = 0; i < 2; i++) {
            const char *name = i == 0 ? "choices" : "settable";
            if (said(m, name)) {
                lec_diag_error(src->diag, src->ini->file, said(m, name)->line,
                               "%s: only an enum has choices, and this is %s", name, lec_type_name(p->type));
                return false;
            }
        }
        return true;
    }
    const struct lec_key *key = lec_key_find(&m->own, "choices");
    if (!key) {
        if (!src->is_class && !lec_key_find(&m->section->keys, "choices")) {
            lec_diag_error(src->diag, src->ini->file, m->section->line,
                           "[point %s] has no \"choices\", expected those of this model, such as hdmi1, hdmi2",
                           p->name);
            return false;
        }
        return src->is_class;
    }
    if (!lec_list_split(src->arena, src->diag, key, &p->choices, &p->n_choices))
        return false;
    for (size_t i = 0; i < p->n_choices; i++) {
        if (!is_choice(p->choices[i])) {
            lec_diag_error(src->diag, key->file, key->line,
                           "choices: %s, expected one word of at most %d letters, digits and . _ + / -",
                           lec_shown(p->choices[i]).text, LEC_NAME_MAX);
            return false;
        }
    }
    return build_settable(src, m, p);
}

static bool build_range(const struct lec_point_source *src, const struct merged *m, struct lec_point *p)
{
    static const char *const names[] = {"min", "max", "step", "tolerance"};
    const char *file = src->ini->file;
    if (!is_number(p->type)) {
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            const struct lec_key *key = said(m, names[i]);
            if (key) {
                lec_diag_error(src->diag, file, key->line, "%s: only an int or a float has one, and this is %s",
                               names[i], lec_type_name(p->type));
                return false;
            }
        }
        return true;
    }
    const struct lec_key *min = lec_key_find(&m->own, "min"), *max = lec_key_find(&m->own, "max");
    p->min = lec_key_float(&m->own, "min", 0);
    p->max = lec_key_float(&m->own, "max", 0);
    p->step = lec_key_float(&m->own, "step", 0);
    p->has_range = min && max;
    if (!min != !max) {
        /* When the other one is there but wrong, that has been told. */
        if (!lec_key_find(&m->section->keys, min ? "max" : "min"))
            lec_diag_error(src->diag, min ? min->file : max->file, min ? min->line : max->line,
                           "%s without %s, expected both or none", min ? "min" : "max", min ? "max" : "min");
        return false;
    }
    if (p->has_range && p->min >= p->max) {
        lec_diag_error(src->diag, min->file, min->line, "min: %g is not less than max, which is %g", p->min, p->max);
        return false;
    }
    if (p->step < 0) {
        lec_diag_error(src->diag, file, m->section->line, "step: %g is less than 0", p->step);
        return false;
    }
    double usual = p->type == LEC_INT ? 0 : p->step > 0 ? p->step / 2 : 1e-6;
    p->tolerance = lec_key_float(&m->own, "tolerance", usual);
    if (p->tolerance < 0) {
        lec_diag_error(src->diag, file, m->section->line, "tolerance: %g is less than 0", p->tolerance);
        return false;
    }
    return true;
}

static void build_unit(const struct lec_point_source *src, const struct merged *m, struct lec_point *p)
{
    const struct lec_key *key = lec_key_find(&m->own, "unit");
    p->unit = key ? key->value : "";
    const struct lec_key *own = said(m, "unit");
    const char *meant;
    if (!own || !*own->value)
        return;
    if (!lec_unit_known(own->value, &meant)) {
        lec_diag_error(src->diag, own->file, own->line, "unit: %s is not a unit that is known, expected a UCUM code%s",
                       lec_shown(own->value).text, lec_meant(meant ? meant : "", &meant, 1).text);
        return;
    }
    const struct lec_key *standard = m->class_section ? lec_key_find(&m->class_section->own, "unit") : NULL;
    if (standard && strcmp(standard->value, own->value) != 0)
        lec_diag_warn(src->diag, own->file, own->line,
                      "unit: %s of every %s is in %s; in %s, scenes and reports cannot compare it", p->name,
                      src->class_name, standard->value, own->value);
}

static bool build_timing(const struct lec_point_source *src, const struct merged *m, struct lec_point *p)
{
    const struct lec_keys *own = &m->own;
    p->timeout_ns = lec_own_duration(lec_point_keys, own, "timeout");
    p->settle_ns = lec_own_duration(lec_point_keys, own, "settle");
    p->confirm_every_ns = lec_own_duration(lec_point_keys, own, "confirm every");
    p->usual_ns = lec_own_duration(lec_point_keys, own, "usual");
    p->limit_ns = lec_own_duration(lec_point_keys, own, "limit");
    p->lockout_ns = lec_own_duration(lec_point_keys, own, "lockout");
    p->undo = lec_own_bool(lec_point_keys, own, "undo");
    p->severity = lec_own_text(lec_point_keys, own, "severity");
    p->confirm = (p->access & LEC_READ) && strcmp(lec_own_text(lec_point_keys, own, "confirm"), "no") != 0;
    const char *period = lec_own_text(lec_point_keys, own, "period");
    bool unasked = p->stream && !lec_key_find(own, "period");
    if (!(p->access & LEC_READ) || unasked || strcmp(period, "never") == 0) {
        p->period_ns = LEC_NEVER;
    } else if (strcmp(period, "once") == 0) {
        p->period_ns = 0;
    } else if (lec_parse_duration(period, &p->period_ns) < 0 || p->period_ns <= 0) {
        const struct lec_key *key = lec_key_find(own, "period");
        lec_diag_error(src->diag, key->file, key->line,
                       "period: %s is not a duration, expected for example 5s, or \"once\" or \"never\"",
                       lec_shown(period).text);
        return false;
    }
    const struct lec_key *confirm = said(m, "confirm");
    if (confirm && strcmp(confirm->value, "read") == 0 && !(p->access & LEC_READ)) {
        lec_diag_error(src->diag, confirm->file, confirm->line, "confirm: this point cannot be read, expected no");
        return false;
    }
    const struct lec_key *usual = said(m, "usual");
    if (usual && p->usual_ns > p->limit_ns)
        lec_diag_warn(src->diag, usual->file, usual->line, "usual: %s is longer than the limit of %s", usual->value,
                      lec_own_text(lec_point_keys, own, "limit"));
    return true;
}

static bool build_point(const struct lec_point_source *src, const struct lec_ini_section *s, struct lec_point *p)
{
    struct merged m = merge(src, s);
    *p = (struct lec_point){.name = s->name, .file = src->ini->file, .line = s->line, .keys = s->rest};
    if (!check_name(src, s))
        return false;
    p->label = lec_own_text(lec_point_keys, &m.own, "label");
    p->label_en = lec_own_text(lec_point_keys, &m.own, "label.en");
    if (!build_type(src, &m, p))
        return false;
    build_unit(src, &m, p);
    bool good = build_choices(src, &m, p);
    good = build_range(src, &m, p) && good;
    good = lec_recording_build(src->arena, src->diag, &m.own, p) && good;
    return build_timing(src, &m, p) && good;
}

/* ---- When --------------------------------------------------------------------------------------------------- */

static struct lec_piece nearest_point(const struct lec_point *points, size_t n_points, const char *name)
{
    const char *names[128];
    size_t n = 0;
    for (size_t i = 0; i < n_points && n < ARRAY_LEN(names); i++)
        names[n++] = points[i].name;
    return lec_meant(name, names, n);
}

/* One value of a "when", as the daemon prints it. NULL when told, or when it does not apply. */
static const char *when_value(const struct lec_point_source *src, const struct lec_point *point, const char *text,
                              const struct lec_key *key, bool own)
{
    struct lec_value v;
    char printed[LEC_TEXT_MAX + 1];
    if (point->type == LEC_ENUM) {
        if (has(point->choices, point->n_choices, text) || (src->is_class && point->n_choices == 0))
            return text;
        if (own)
            lec_diag_error(src->diag, key->file, key->line, "when: %s is not a choice of %s: %s%s",
                           lec_shown(text).text, point->name, lec_listed(point->choices, point->n_choices).text,
                           lec_meant(text, point->choices, point->n_choices).text);
        return NULL;
    }
    if ((point->type == LEC_BOOL || point->type == LEC_INT) && lec_value_parse(text, point->type, &v, NULL) == 0)
        return lec_arena_str(src->arena, lec_value_print(&v, printed, sizeof printed));
    lec_diag_error(src->diag, key->file, key->line, "when: %s is not a value of %s, which is %s%s",
                   lec_shown(text).text, point->name, lec_type_name(point->type),
                   point->type == LEC_FLOAT || point->type == LEC_TEXT ? "; expected a point with fixed values" : "");
    return NULL;
}

/* Resolves "when = power = on, warming". What the class says and this model does not have is no condition. */
static void build_when(const struct lec_point_source *src, const struct merged *m, const char *self,
                       const struct lec_point *points, size_t n_points, struct lec_when *out)
{
    const struct lec_key *key = lec_key_find(&m->own, "when");
    bool own = said(m, "when") != NULL;
    if (!key || !*key->value)
        return;
    const char *equals = strchr(key->value, '=');
    if (!equals) {
        lec_diag_error(src->diag, key->file, key->line, "when: %s, expected POINT = VALUE, VALUE such as power = on",
                       lec_shown(key->value).text);
        return;
    }
    size_t len = (size_t)(equals - key->value);
    while (len > 0 && (key->value[len - 1] == ' ' || key->value[len - 1] == '\t'))
        len--;
    const char *name = lec_arena_copy(src->arena, key->value, len);
    const struct lec_point *point = NULL;
    for (size_t i = 0; i < n_points; i++)
        if (strcmp(points[i].name, name) == 0)
            point = &points[i];
    if (!point) {
        if (own && !lec_ini_find(src->ini, "point", name))
            lec_diag_error(src->diag, key->file, key->line, "when: this profile has no point %s%s",
                           lec_shown(name).text, nearest_point(points, n_points, name).text);
        return;
    }
    if (strcmp(name, self) == 0) {
        lec_diag_error(src->diag, key->file, key->line, "when: a point cannot wait for itself, expected another one");
        return;
    }
    if (!(point->access & LEC_READ)) { /* it would never be known to be met */
        if (own)
            lec_diag_error(src->diag, key->file, key->line,
                           "when: %s can only be written, expected a point that is read", point->name);
        return;
    }
    struct lec_key list = *key;
    list.value = equals + 1;
    const char *const *words;
    size_t n_words, n = 0;
    if (!lec_list_split(src->arena, src->diag, &list, &words, &n_words))
        return;
    const char **values = lec_arena_array(src->arena, n_words, sizeof *values);
    for (size_t i = 0; values && i < n_words; i++) {
        const char *value = when_value(src, point, words[i], key, own);
        if (value)
            values[n++] = value;
    }
    if (n > 0)
        *out = (struct lec_when){.point = point, .values = values, .n_values = n};
}

/* Points that wait for each other would never be asked. */
static void check_circles(const struct lec_point_source *src, const struct lec_point *points, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct lec_point *p = points[i].when.point;
        for (size_t steps = 0; p && steps < n; steps++) {
            if (p == &points[i]) {
                lec_diag_error(src->diag, points[i].file, points[i].line,
                               "[point %s] waits for a point that waits for it (\"when\"), so neither is ever asked",
                               points[i].name);
                return;
            }
            p = p->when.point;
        }
    }
}

static size_t count_kind(const struct lec_ini *ini, const char *kind)
{
    size_t n = 0;
    for (size_t i = 0; i < ini->n; i++)
        n += strcmp(ini->sections[i].kind, kind) == 0;
    return n;
}

void lec_points_build(const struct lec_point_source *src, struct lec_point **out, size_t *n_out)
{
    size_t n = 0, max = count_kind(src->ini, "point");
    struct lec_point *points = lec_arena_array(src->arena, max, sizeof *points);
    for (size_t i = 0; points && i < src->ini->n; i++) {
        const struct lec_ini_section *s = &src->ini->sections[i];
        if (strcmp(s->kind, "point") == 0 && build_point(src, s, &points[n]))
            n++;
    }
    for (size_t i = 0; i < n; i++) {
        struct merged m = merge(src, lec_ini_find(src->ini, "point", points[i].name));
        points[i].index = i;
        build_when(src, &m, points[i].name, points, n, &points[i].when);
    }
    check_circles(src, points, n);
    *out = points;
    *n_out = n;
}

/* ---- Actions ------------------------------------------------------------------------------------------------ */

#define ARGS_MAX 8

/* The range of an argument, "0..127". */
static bool parse_range(char *text, struct lec_arg *arg)
{
    char *dots = strstr(text, "..");
    if (!dots)
        return false;
    *dots = '\0';
    if (lec_parse_float(text, &arg->min) < 0 || lec_parse_float(dots + 2, &arg->max) < 0 || arg->min >= arg->max)
        return false;
    arg->has_range = true;
    return true;
}

/* One argument: NAME TYPE [RANGE or CHOICES]. `text` is taken apart. */
static bool parse_arg(const struct lec_point_source *src, const struct lec_key *key, char *text, struct lec_arg *arg)
{
    const char *whole = lec_arena_str(src->arena, text);
    char *words[4] = {NULL};
    size_t n = 0;
    for (char *word; n < ARRAY_LEN(words) && (word = strsep(&text, " \t")) != NULL;)
        if (*word)
            words[n++] = word;
    *arg = (struct lec_arg){.type = n >= 2 ? lec_type_of(words[1]) : LEC_NONE};
    if (n < 2 || n > 3 || arg->type == LEC_NONE || !lec_is_point_name(words[0])) {
        lec_diag_error(src->diag, key->file, key->line,
                       "args: %s, expected NAME TYPE and perhaps a range, such as preset int 0..127 or mode enum a|b",
                       lec_shown(whole).text);
        return false;
    }
    arg->name = lec_arena_str(src->arena, words[0]);
    const char *bad = NULL;
    if (arg->type == LEC_ENUM) {
        const char **choices = lec_arena_array(src->arena, LEC_LIST_MAX, sizeof *choices);
        char *rest = words[2];
        for (char *word; choices && (word = strsep(&rest, "|")) != NULL && arg->n_choices < LEC_LIST_MAX;) {
            if (!*word || !is_choice(word))
                bad = "one word each, such as a|b|c";
            choices[arg->n_choices++] = lec_arena_str(src->arena, word);
        }
        arg->choices = choices;
        if (arg->n_choices == 0)
            bad = "its choices behind it, such as a|b|c";
    } else if (n == 3 && !(is_number(arg->type) && parse_range(words[2], arg))) {
        bad = is_number(arg->type) ? "a range such as 0..127" : "nothing behind the type";
    }
    if (bad)
        lec_diag_error(src->diag, key->file, key->line, "args: %s, expected %s", lec_shown(whole).text, bad);
    return !bad;
}

static bool build_args(const struct lec_point_source *src, const struct merged *m, struct lec_action *act)
{
    const struct lec_key *key = lec_key_find(&m->own, "args");
    const char *const *list;
    size_t n;
    if (!key || !*key->value)
        return true;
    if (!lec_list_split(src->arena, src->diag, key, &list, &n))
        return false;
    if (n > ARGS_MAX) {
        lec_diag_error(src->diag, key->file, key->line, "args: %zu of them, at most %d can be given", n, ARGS_MAX);
        return false;
    }
    struct lec_arg *args = lec_arena_array(src->arena, n, sizeof *args);
    for (size_t i = 0; args && i < n; i++) {
        char text[256];
        if (!lec_copy_utf8(text, sizeof text, list[i], strlen(list[i]))) {
            lec_diag_error(src->diag, key->file, key->line, "args: %s is longer than %zu bytes",
                           lec_shown(list[i]).text, sizeof text - 1);
            return false;
        }
        if (!parse_arg(src, key, text, &args[i]))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(args[j].name, args[i].name) == 0) {
                lec_diag_error(src->diag, key->file, key->line, "args: two are called %s", args[i].name);
                return false;
            }
        }
    }
    act->args = args;
    act->n_args = args ? n : 0;
    return true;
}

void lec_actions_build(const struct lec_point_source *src, const struct lec_point *points, size_t n_points,
                       struct lec_action **out, size_t *n_out)
{
    size_t n = 0, max = count_kind(src->ini, "action");
    struct lec_action *actions = lec_arena_array(src->arena, max, sizeof *actions);
    for (size_t i = 0; actions && i < src->ini->n; i++) {
        const struct lec_ini_section *s = &src->ini->sections[i];
        if (strcmp(s->kind, "action") != 0 || !check_name(src, s))
            continue;
        struct merged m = merge(src, s);
        struct lec_action act = {.name = s->name, .index = n, .file = src->ini->file, .line = s->line, .keys = s->rest};
        act.label = lec_own_text(lec_action_keys, &m.own, "label");
        act.label_en = lec_own_text(lec_action_keys, &m.own, "label.en");
        act.urgent = lec_own_bool(lec_action_keys, &m.own, "urgent");
        act.timeout_ns = lec_own_duration(lec_action_keys, &m.own, "timeout");
        act.lockout_ns = lec_own_duration(lec_action_keys, &m.own, "lockout");
        const char *meant = m.class_section || src->is_class ? NULL : class_name_meant(src, "action", s->name);
        if (meant)
            lec_diag_warn(src->diag, src->ini->file, s->line,
                          "class %s has no action %s, but \"%s\"; is that the one meant?", src->class_name, s->name,
                          meant);
        build_when(src, &m, "", points, n_points, &act.when);
        if (act.urgent && act.when.point)
            lec_diag_error(src->diag, src->ini->file, s->line, "[action %s] is urgent, so it cannot have a \"when\"",
                           s->name);
        if (build_args(src, &m, &act))
            actions[n++] = act;
    }
    *out = actions;
    *n_out = n;
}
