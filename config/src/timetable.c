#include <string.h>

#include "keys.h"
#include "lectern/parse.h"
#include "room.h"
#include "tables.h"
#include "words.h"

/* A file named in a room file lies beside it, unless its whole path is given. */
static const char *beside_room(struct lec_room_work *w, const struct lec_key *key)
{
    const char *slash = strrchr(w->room->file, '/');
    if (*key->value == '/' || !slash)
        return key->value;
    return lec_arena_printf(w->load->arena, "%.*s/%s", (int)(slash - w->room->file), w->room->file, key->value);
}

static const struct lec_scene *find_scene(struct lec_room_work *w, const struct lec_key *key, const char *name)
{
    const struct lec_scene *scene = lec_room_scene(w->room, name);
    const char *names[LEC_ROOM_SCENES];
    size_t n = 0;
    for (; n < w->room->n_scenes && n < LEC_ROOM_SCENES; n++)
        names[n] = w->room->scenes[n].name;
    if (!scene)
        lec_diag_error(&w->load->diag, key->file, key->line, "%s: this room has no scene %s%s", key->name,
                       lec_shown(name).text, lec_meant(name, names, n).text);
    return scene;
}

/* "17:30" as ns since midnight; -1: something else. */
static int64_t parse_time(const char *text)
{
    size_t n = strlen(text);
    if (n != 5 || strspn(text, "0123456789:") != n || text[2] != ':' || text[0] == ':' || text[1] == ':' ||
        text[3] == ':' || text[4] == ':')
        return -1;
    int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    return hour < 24 && minute < 60 ? (hour * 60 + minute) * 60 * LEC_SEC : -1;
}

/* "17:30 end-of-day" */
static void read_closing(struct lec_room_work *w, const struct lec_key *key, struct lec_timetable *t)
{
    const char *rest = key->value;
    const char *time = lec_next_word(w->load->arena, &rest);
    const char *scene = lec_next_word(w->load->arena, &rest);
    t->closing_ns = time ? parse_time(time) : -1;
    if (t->closing_ns < 0 || !scene || lec_next_word(w->load->arena, &rest))
        lec_diag_error(&w->load->diag, key->file, key->line,
                       "closing: %s, expected a time of the day and a scene, such as 17:30 end-of-day",
                       lec_shown(key->value).text);
    else
        t->closing = find_scene(w, key, scene);
    t->has_closing = t->closing != NULL;
}

static void read_section(struct lec_room_work *w, struct lec_ini_section *s, struct lec_timetable *t)
{
    const struct {
        const char *name;
        const struct lec_scene **scene;
    } scenes[] = {{"start", &t->start}, {"end", &t->end}};
    const struct {
        const char *name;
        int64_t *ns;
    } times[] = {{"catch-up", &t->catch_up_ns},
                 {"break", &t->break_ns},
                 {"hands-off", &t->hands_off_ns},
                 {"warn", &t->warn_ns},
                 {"extend", &t->extend_ns}};
    const struct lec_key *file = lec_key_find(&s->own, "file"), *holidays = lec_key_find(&s->own, "holidays");
    const struct lec_key *closing = lec_key_find(&s->own, "closing");
    t->line = s->line;
    t->file = file ? beside_room(w, file) : "";
    t->holidays = holidays && *holidays->value ? beside_room(w, holidays) : NULL;
    for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
        const struct lec_key *key = lec_key_find(&s->own, scenes[i].name);
        if (key && strcmp(key->value, "none") != 0)
            *scenes[i].scene = find_scene(w, key, key->value);
    }
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        *times[i].ns = lec_own_duration(lec_timetable_keys, &s->own, times[i].name);
    if (closing)
        read_closing(w, closing, t);
}

void lec_timetable_build(struct lec_room_work *w)
{
    struct lec_diag *d = &w->load->diag;
    struct lec_timetable *t = NULL;
    for (size_t i = 0; i < w->ini->n; i++) {
        struct lec_ini_section *s = &w->ini->sections[i];
        if (strcmp(s->kind, "timetable") != 0)
            continue;
        lec_section_check(w->load->arena, d, w->ini->file, s, &(struct lec_section_rules){.own = lec_timetable_keys});
        if (*s->name)
            lec_diag_error(d, w->ini->file, s->line, "[timetable %s]: expected [timetable] without a name", s->name);
        t = t ? t : lec_arena_array(w->load->arena, 1, sizeof *t);
        if (!t)
            return;
        read_section(w, s, t);
    }
    w->room->timetable = t;
}
