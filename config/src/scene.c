#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "lectern/parse.h"
#include "room.h"
#include "tables.h"
#include "words.h"

#define PARTS_MAX 16 /* commas of a step; there are five options */

/* A step that is being read. */
struct step_work {
    const struct lec_key *key;
    const char *after; /* its "after" option, or NULL */
    char name[LEC_NAME_MAX + 1];
};

struct scene_work {
    struct lec_room_work *w;
    struct lec_diag *d;
    struct lec_arena *a;
    struct lec_finder find;
    struct lec_step *steps;
    struct step_work work[LEC_SCENE_STEPS];
    size_t n;
};

/* ---- Targets ------------------------------------------------------------------------------------------------ */

static bool parse_value(struct scene_work *sw, const char *text, enum lec_type type, struct lec_value *out,
                        struct lec_err *err)
{
    const char *plain = lec_unquote(sw->a, text);
    if (!plain) {
        lec_fail(err, LEC_E_RANGE, "something is wrong with the quotes or escapes in %s, expected \\\" \\\\ or \\xHH",
                 text);
        return false;
    }
    return lec_value_parse(plain, type, out, err) == 0;
}

/* "preset int 0..127, mode enum a|b", for messages. */
static struct lec_piece args_listed(const struct lec_action *act)
{
    struct lec_piece p = {""};
    size_t n = 0;
    for (size_t i = 0; i < act->n_args && n < sizeof p.text; i++) {
        int m = snprintf(p.text + n, sizeof p.text - n, "%s%s (%s)", i ? ", " : ": ", act->args[i].name,
                         lec_type_name(act->args[i].type));
        n += m > 0 ? (size_t)m : 0;
    }
    return p;
}

static void parse_action(struct scene_work *sw, size_t i, const struct lec_action *act, const char *rest)
{
    const struct lec_key *key = sw->work[i].key;
    struct lec_err err = {0};
    const char *words[16];
    size_t n = 0;
    for (const char *word; n < ARRAY_LEN(words) && (word = lec_next_word(sw->a, &rest)) != NULL;)
        words[n++] = word;
    if (n != act->n_args) {
        lec_diag_error(sw->d, key->file, key->line, "%s: %s.%s takes %zu argument%s%s, but %zu stand%s here", key->name,
                       act->device->name, act->name, act->n_args, act->n_args == 1 ? "" : "s", args_listed(act).text, n,
                       n == 1 ? "s" : "");
        return;
    }
    struct lec_value *args = lec_arena_array(sw->a, n, sizeof *args);
    for (size_t k = 0; args && k < n; k++) {
        if (!parse_value(sw, words[k], act->args[k].type, &args[k], &err)) {
            lec_diag_error(sw->d, key->file, key->line, "%s: argument %s: %s", key->name, act->args[k].name, err.text);
            return;
        }
        if (lec_arg_check(&act->args[k], &args[k], &err) < 0) {
            lec_diag_error(sw->d, key->file, key->line, "%s: argument %s: %s", key->name, act->args[k].name, err.text);
            return;
        }
    }
    sw->steps[i].action = act;
    sw->steps[i].args = args;
}

static void parse_point(struct scene_work *sw, size_t i, const struct lec_point *point, const char *rest)
{
    const struct lec_key *key = sw->work[i].key;
    struct lec_err err = {0};
    if (*rest == '\0') {
        lec_diag_error(sw->d, key->file, key->line, "%s: no value, expected the one that %s.%s shall have", key->name,
                       point->device->name, point->name);
        return;
    }
    if (!parse_value(sw, rest, point->type, &sw->steps[i].value, &err) ||
        lec_point_check(point, &sw->steps[i].value, &err) < 0) {
        lec_diag_error(sw->d, key->file, key->line, "%s: %s.%s: %s", key->name, point->device->name, point->name,
                       err.text);
        return;
    }
    sw->steps[i].point = point;
}

/* "projector.power on", "camera.preset.recall 3" */
static void parse_target(struct scene_work *sw, size_t i, const char *text)
{
    const struct lec_key *key = sw->work[i].key;
    const char *rest = text;
    const char *target = lec_next_word(sw->a, &rest);
    const char *name = "";
    const struct lec_device *dev =
        lec_find_device(&sw->find, key, target ? target : text, "DEVICE.POINT VALUE such as projector.power on", &name);
    rest += strspn(rest, " \t");
    if (!dev)
        return;
    sw->steps[i].device = dev;
    const struct lec_point *point = lec_device_point(dev, name);
    const struct lec_action *act = lec_device_action(dev, name);
    if (point)
        parse_point(sw, i, point, rest);
    else if (act)
        parse_action(sw, i, act, rest);
    else if (!lec_device_doubtful(&sw->find, dev, name))
        lec_diag_error(sw->d, key->file, key->line, "%s: device %s (%s) has no point or action %s%s", key->name,
                       dev->name, dev->profile, lec_shown(name).text, lec_point_meant(dev, name, true).text);
}

/* ---- Options ------------------------------------------------------------------------------------------------ */

/* One option behind a comma: "after projector-on", "optional". */
static void parse_option(struct scene_work *sw, size_t i, const char *text, unsigned *seen)
{
    const struct lec_key *key = sw->work[i].key;
    struct lec_step *step = &sw->steps[i];
    struct lec_key option;
    const struct lec_option *row = lec_part_option(sw->a, sw->d, lec_step_keys, "a step", key, text, seen, &option);
    if (!row)
        return;
    const struct lec_keys keys = {.at = &option, .n = 1};
    if (strcmp(row->name, "after") == 0)
        sw->work[i].after = option.value;
    else if (strcmp(row->name, "delay") == 0)
        step->delay_ns = lec_own_duration(lec_step_keys, &keys, "delay");
    else if (strcmp(row->name, "timeout") == 0)
        step->timeout_ns = lec_own_duration(lec_step_keys, &keys, "timeout");
    else if (strcmp(row->name, "retry") == 0)
        step->retry = (unsigned)lec_own_int(lec_step_keys, &keys, "retry");
    else
        step->optional = lec_own_bool(lec_step_keys, &keys, "optional");
}

static void parse_step(struct scene_work *sw, size_t i)
{
    const struct lec_key *key = sw->work[i].key;
    const char *parts[PARTS_MAX];
    size_t n = lec_parts(sw->a, sw->d, key, false, parts, ARRAY_LEN(parts));
    if (n == 0)
        return;
    if (*parts[0] == '\0') {
        lec_diag_error(sw->d, key->file, key->line,
                       "%s: no target, expected DEVICE.POINT VALUE such as projector.power on", key->name);
        return;
    }
    parse_target(sw, i, parts[0]);
    unsigned seen = 0;
    for (size_t k = 1; k < n; k++)
        parse_option(sw, i, parts[k], &seen);
}

/* ---- Order -------------------------------------------------------------------------------------------------- */

static size_t find_step(const struct scene_work *sw, const char *name)
{
    size_t i = 0;
    while (i < sw->n && strcmp(sw->work[i].name, name) != 0)
        i++;
    return i;
}

static void parse_after(struct scene_work *sw, size_t i)
{
    const struct lec_key *key = sw->work[i].key;
    const char *rest = sw->work[i].after;
    if (!rest)
        return;
    const char *names[LEC_SCENE_STEPS];
    for (size_t k = 0; k < sw->n; k++)
        names[k] = k == i ? NULL : sw->work[k].name;
    size_t *after = lec_arena_array(sw->a, sw->n, sizeof *after);
    size_t n = 0;
    for (const char *word; after && (word = lec_next_word(sw->a, &rest)) != NULL;) {
        size_t at = find_step(sw, word);
        bool twice = false;
        for (size_t k = 0; k < n; k++)
            twice = twice || after[k] == at;
        if (at == i)
            lec_diag_error(sw->d, key->file, key->line, "%s: a step cannot come after itself", key->name);
        else if (at == sw->n)
            lec_diag_error(sw->d, key->file, key->line, "%s: after: this scene has no step %s%s", key->name,
                           lec_shown(word).text, lec_meant(word, names, sw->n).text);
        else if (!twice)
            after[n++] = at;
    }
    sw->steps[i].after = n > 0 ? after : NULL;
    sw->steps[i].n_after = n;
}

/* Names the steps of a circle that step `i` is on. */
static void tell_circle(struct scene_work *sw, size_t i, const uint64_t before[])
{
    char list[200] = "";
    size_t used = 0;
    for (size_t k = 0; k < sw->n; k++) {
        if (!(before[i] >> k & 1) || !(before[k] >> i & 1))
            continue;
        int m = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", sw->work[k].name);
        if (m < 0 || (size_t)m >= sizeof list - used)
            break;
        used += (size_t)m;
    }
    lec_diag_error(sw->d, sw->work[i].key->file, sw->work[i].key->line,
                   "%s: these steps wait for each other, so none would ever begin: %s", sw->work[i].key->name, list);
}

static bool same_target(const struct lec_step *a, const struct lec_step *b)
{
    return a->point && a->point == b->point;
}

/* Circles, and two steps that set one point at the same time. */
static void check_order(struct scene_work *sw)
{
    uint64_t before[LEC_SCENE_STEPS] = {0}; /* bit k of before[i]: step k ends before step i begins */
    uint64_t told = 0;
    for (size_t i = 0; i < sw->n; i++)
        for (size_t k = 0; k < sw->steps[i].n_after; k++)
            before[i] |= UINT64_C(1) << sw->steps[i].after[k];
    for (size_t via = 0; via < sw->n; via++)
        for (size_t i = 0; i < sw->n; i++)
            if (before[i] >> via & 1)
                before[i] |= before[via];
    for (size_t i = 0; i < sw->n; i++) {
        if (!(before[i] >> i & 1) || (told >> i & 1))
            continue;
        tell_circle(sw, i, before);
        for (size_t k = 0; k < sw->n; k++)
            if ((before[i] >> k & 1) && (before[k] >> i & 1))
                told |= UINT64_C(1) << k;
    }
    for (size_t i = 1; i < sw->n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (!same_target(&sw->steps[i], &sw->steps[k]) || (before[i] >> k & 1) || (before[k] >> i & 1))
                continue;
            lec_diag_warn(sw->d, sw->work[i].key->file, sw->work[i].key->line,
                          "%s: step %s sets %s.%s at the same time, expected \"after\" in one of them",
                          sw->work[i].key->name, sw->work[k].name, sw->steps[i].device->name, sw->steps[i].point->name);
        }
    }
}

/* ---- Scenes ------------------------------------------------------------------------------------------------- */

/* Finds the steps among the section's keys. */
static void list_steps(struct scene_work *sw, const struct lec_ini_section *s)
{
    for (size_t i = 0; i < s->own.n; i++) {
        const struct lec_key *key = &s->own.at[i];
        if (strncmp(key->name, "step ", 5) != 0)
            continue;
        const char *name = key->name + 5;
        if (!lec_is_name(name)) {
            lec_diag_error(sw->d, key->file, key->line, "%s, expected a name of lower-case letters, digits and dashes",
                           lec_shown(key->name).text);
            continue;
        }
        if (sw->n == LEC_SCENE_STEPS) {
            lec_diag_error(sw->d, key->file, key->line, "more than %d steps in a scene", LEC_SCENE_STEPS);
            return;
        }
        sw->work[sw->n].key = key;
        (void)lec_copy_utf8(sw->work[sw->n].name, sizeof sw->work[sw->n].name, name, strlen(name));
        sw->n++;
    }
}

static void build_scene(struct lec_room_work *w, const struct lec_ini *ini, struct lec_ini_section *s,
                        struct lec_scene *scene)
{
    struct scene_work sw = {
        .w = w,
        .d = &w->load->diag,
        .a = w->load->arena,
        .find = {.arena = w->load->arena, .diag = &w->load->diag, .room = w->room, .work = w},
    };
    lec_section_check(sw.a, sw.d, ini->file, s, &(struct lec_section_rules){.own = lec_scene_keys});
    scene->label = lec_own_text(lec_scene_keys, &s->own, "label");
    scene->label_en = lec_own_text(lec_scene_keys, &s->own, "label.en");
    scene->deadline_ns = lec_own_duration(lec_scene_keys, &s->own, "deadline");
    size_t errors = sw.d->errors;
    list_steps(&sw, s);
    if (sw.n == 0) {
        if (sw.d->errors == errors)
            lec_diag_error(sw.d, ini->file, s->line, "[scene %s] has no steps, expected step NAME = TARGET VALUE",
                           s->name);
        return;
    }
    sw.steps = lec_arena_array(sw.a, sw.n, sizeof *sw.steps);
    if (!sw.steps)
        return;
    for (size_t i = 0; i < sw.n; i++) {
        sw.steps[i].name = lec_arena_str(sw.a, sw.work[i].name);
        sw.steps[i].index = i;
        sw.steps[i].line = sw.work[i].key->line;
        parse_step(&sw, i);
    }
    for (size_t i = 0; i < sw.n; i++)
        parse_after(&sw, i);
    check_order(&sw);
    for (size_t i = 0; i < sw.n; i++)
        if (sw.steps[i].timeout_ns > scene->deadline_ns)
            lec_diag_warn(sw.d, ini->file, sw.steps[i].line,
                          "step %s: its timeout is longer than the deadline of the whole scene (%s)", sw.work[i].name,
                          lec_own_text(lec_scene_keys, &s->own, "deadline"));
    scene->steps = sw.steps;
    scene->n_steps = sw.n;
}

void lec_scenes_build(struct lec_room_work *w, const struct lec_ini *ini, bool captured)
{
    struct lec_room *room = w->room;
    struct lec_diag *d = &w->load->diag;
    struct lec_scene *scenes = lec_arena_array(w->load->arena, LEC_ROOM_SCENES, sizeof *scenes);
    if (!scenes)
        return;
    if (room->n_scenes > 0)
        memcpy(scenes, room->scenes, room->n_scenes * sizeof *scenes);
    room->scenes = scenes;
    for (size_t i = 0; i < ini->n; i++) {
        struct lec_ini_section *s = &ini->sections[i];
        if (strcmp(s->kind, "scene") != 0) {
            if (captured)
                lec_diag_error(d, ini->file, s->line, "[%s] is no section of captured scenes, expected [scene NAME]",
                               s->kind);
            continue;
        }
        size_t errors = d->errors;
        const struct lec_scene *same = lec_room_scene(room, s->name);
        if (!lec_is_name(s->name))
            lec_diag_error(d, ini->file, s->line,
                           "[scene %s]: expected a name of lower-case letters, digits and dashes, such as lesson",
                           s->name);
        else if (same)
            lec_diag_error(d, ini->file, s->line, "[scene %s] is in %s already, in line %d; that one counts", s->name,
                           same->file, same->line);
        if (room->n_scenes == LEC_ROOM_SCENES) {
            lec_diag_error(d, ini->file, s->line, "more than %d scenes in a room", LEC_ROOM_SCENES);
            return;
        }
        struct lec_scene *scene = &scenes[room->n_scenes];
        *scene = (struct lec_scene){.name = s->name, .index = room->n_scenes, .file = ini->file, .line = s->line};
        build_scene(w, ini, s, scene);
        if (!captured || d->errors == errors)
            room->n_scenes++;
    }
}
